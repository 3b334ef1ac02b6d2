/* SPDX-License-Identifier: Apache-2.0 */
/* Goal: every hostile or honest request of tests/vectors/http gets an answer that the file calls right, already from
 * the codec, however its bytes are cut.  Method: the raw bytes go through the reader whole, byte for byte and in random
 * portions. Verdicts on credentials are not the codec's: a request refused for its token alone must be read here.
 */
#include "reading.h"
#include "unit.h"

#include <jansson.h>

#include <dirent.h>

static int sextet(char c)
{
    const char *alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    const char *at = c == '\0' ? NULL : strchr(alphabet, c);
    return at == NULL ? -1 : (int)(at - alphabet);
}

static void add_decoded(struct buf *out, const char *base64)
{
    unsigned bits = 0, count = 0;
    for (; sextet(*base64) >= 0; base64++) {
        bits = bits << 6 | (unsigned)sextet(*base64);
        count += 6;
        if (count >= 8) {
            count -= 8;
            assert_true(buf_add_char(out, (char)(bits >> count & 0xff)));
        }
    }
}

static const struct {
    const char *name, *value;
} placeholders[] = {
    {"{{HOST}}", "gw.example:8080"},
    {"{{PATH}}", "/api"},
    {"{{TOKEN}}", "eyJh.eyJz.c2ln"},
    {"{{AUTH}}", "Authorization: Bearer eyJh.eyJz.c2ln"},
};

static void add_filled(struct buf *out, struct span raw)
{
    while (raw.len > 0) {
        size_t i = 0;
        while (i < COUNT_OF(placeholders) && !span_starts(raw, span_str(placeholders[i].name)))
            i++;
        if (i < COUNT_OF(placeholders))
            assert_true(buf_add_str(out, placeholders[i].value));
        else
            assert_true(buf_add_char(out, raw.at[0]));
        raw = span_from(raw, i < COUNT_OF(placeholders) ? strlen(placeholders[i].name) : 1);
    }
}

static const char *text_of(const json_t *test, const char *key)
{
    const char *text = json_string_value(json_object_get(test, key));
    return text == NULL ? "" : text;
}

static bool allows(const json_t *test, const char *outcome)
{
    size_t i;
    json_t *item;
    if (strcmp(text_of(test, "expect"), outcome) == 0)
        return true;
    json_array_foreach(json_object_get(test, "allow"), i,
                       item) if (strcmp(json_string_value(item), outcome) == 0) return true;
    return false;
}

/* Whether a refusal with `status` fits; no list: any of the 400 class, 501, 505. */
static bool status_fits(const json_t *test, unsigned status)
{
    json_t *list = json_object_get(test, "status"), *item;
    size_t i;
    if (list == NULL)
        return (status >= 400 && status < 500) || status == 501 || status == 505;
    json_array_foreach(list, i, item) if (json_integer_value(item) == (json_int_t)status) return true;
    return false;
}

/* Whether 401 is among the answers: then the policy refuses what the codec reads. */
static bool is_policys(const json_t *test)
{
    return json_object_get(test, "status") != NULL && status_fits(test, 401);
}

static bool is_right(const json_t *test, const struct reading *r)
{
    if (r->messages == 2)
        return allows(test, "forward-two") || strcmp(text_of(test, "name"), "pipe-second-noauth") == 0;
    if (r->messages == 1) {
        bool is_then = strcmp(text_of(test, "then"), "reject") == 0;
        bool is_rest_right = r->outcome == ACCEPTED || is_then;
        return (allows(test, "forward-one") || is_policys(test)) && is_rest_right;
    }
    return r->outcome == REFUSED ? allows(test, "reject") && status_fits(test, reason_info(r->err.reason)->status)
                                 : allows(test, "hang");
}

static void check_body(const json_t *test, const struct reading *r)
{
    AUTO(buf) expected = {0};
    if (json_object_get(test, "body") == NULL || r->messages != 1)
        return;
    add_decoded(&expected, text_of(test, "body"));
    assert_true(span_eq(buf_span(&expected), buf_span(&r->body)));
}

static void check_hops(const json_t *test, const struct head *head)
{
    size_t i;
    json_t *item;
    json_array_foreach(json_object_get(test, "absent_headers"), i, item)
    {
        const struct field *field = head_find(head, span_str(json_string_value(item)), NULL);
        assert_true(field == NULL || field->is_hop);
    }
}

static void check_case(const json_t *test)
{
    AUTO(buf) raw = {0};
    AUTO(buf) bytes = {0};
    AUTO(reading) whole = {0};
    add_decoded(&raw, text_of(test, "raw"));
    add_filled(&bytes, buf_span(&raw));
    reading_run(&whole, H1_REQUESTS, &usual_limits, buf_span(&bytes), 0, 9);
    if (!is_right(test, &whole))
        fail_msg("%s: outcome %d after %zu messages, %s: %s", text_of(test, "name"), whole.outcome, whole.messages,
                 reason_name(whole.err.reason), whole.err.text);
    check_body(test, &whole);
    if (whole.messages == 1)
        check_hops(test, &whole.head);
    for (unsigned seed = 1; seed < 8; seed++) {
        AUTO(reading) cut = {0};
        reading_run(&cut, H1_REQUESTS, &usual_limits, buf_span(&bytes), seed, 9);
        if (cut.outcome != whole.outcome || cut.messages != whole.messages || cut.err.reason != whole.err.reason)
            fail_msg("%s: seed %u gives outcome %d after %zu messages, %s: %s", text_of(test, "name"), seed,
                     cut.outcome, cut.messages, reason_name(cut.err.reason), cut.err.text);
        assert_true(span_eq(buf_span(&cut.body), buf_span(&whole.body)));
    }
}

static size_t check_file(const char *path)
{
    json_error_t error;
    json_t *file = json_load_file(path, 0, &error), *test;
    size_t i;
    assert_non_null(file);
    json_array_foreach(json_object_get(file, "cases"), i, test) check_case(test);
    json_decref(file);
    return i;
}

static void every_published_case_is_answered_rightly_however_it_is_cut(void **state)
{
    (void)state;
    size_t cases = 0;
    DIR *dir = opendir(JWTGATE_SOURCE_DIR "/tests/vectors/http");
    assert_non_null(dir);
    for (struct dirent *entry = readdir(dir); entry != NULL; entry = readdir(dir)) {
        char path[1024];
        if (!span_ends(span_str(entry->d_name), SPAN(".json")))
            continue;
        snprintf(path, sizeof path, "%s/tests/vectors/http/%s", JWTGATE_SOURCE_DIR, entry->d_name);
        cases += check_file(path);
    }
    closedir(dir);
    assert_true(cases > 100);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_published_case_is_answered_rightly_however_it_is_cut),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
