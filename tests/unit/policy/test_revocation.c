/* SPDX-License-Identifier: Apache-2.0 */
/* The attack: a token that was revoked goes on passing, because its claims are spelled otherwise, its header leaves out the kid, or
 * the list was read wrongly.
 *
 * Goal: an entry means exactly the tokens that all of its members fit, and how long the list is costs nothing.  Method: tables; the
 * cost is counted in entries compared.
 */
#include "policy/revocation.h"

#include "base/buf.h"
#include "nodes.h"
#include "unit.h"

/* ---- reading ---- */

static const struct {
    const char *text;
    size_t count;
    const char *problems; /* NULL: none; "": some, told by those beneath */
} files[] = {
    {"revoked: []", 0, NULL},
    {"revoked:", 0, NULL},
    {"revoked: [{jti: a}, {sub: b}, {kid: c}, {iss: d}, {issued_before: 2026-01-31T08:00:00Z}]", 5, NULL},
    {"{\"revoked\": [{\"jti\": \"a\", \"iss\": \"b\", \"issued_before\": 1795219200}]}", 1, NULL},
    {"revoked: [{jti: 17}]", 1, NULL},
    {"", 0, "1:1 error: the document is empty"},
    {"[]", 0, "1:1 error: the file is a map with a list \"revoked\""},
    {"{}", 0, "1:1 error: key \"revoked\" is required"},
    {"revoked: [{}]", 0,
     "1:11 error: an entry that says nothing would mean every token; give jti, sub, kid, iss or issued_before"},
    {"revoked: [{jti: \"\"}]", 0, "1:17 error: \"jti\" is empty"},
    {"revoked: [{jti: a}, {sub: \"\"}]", 0, "1:27 error: \"sub\" is empty"},
    {"revoked: [{jit: a}]", 0, ""},
    {"revoked: [{issued_before: yesterday}]", 0, ""},
    {"revoked: [{issued_before: 2026-02-30T00:00:00Z}]", 0, ""},
    {"revoked: [{jti: [a]}]", 0, ""},
    {"revoked: [a]", 0, ""},
    {"revoked: {jti: a}", 0, ""},
    {"revoked: [{jti: a}", 0, ""},
};

static void list_is_read_whole_or_not_at_all(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(files); i++) {
        struct document d;
        document_init(&d);
        struct revocation *list = revocation_read("r.yaml", span_str(files[i].text), &d.problems);
        bool wants_list = files[i].problems == NULL;
        if ((list != NULL) != wants_list)
            print_error("%s: %s\n", files[i].text, problems_text(&d));
        assert_int_equal(list != NULL, wants_list);
        assert_int_equal(d.problems.errors > 0, !wants_list);
        if (files[i].problems != NULL && files[i].problems[0] != '\0')
            assert_string_equal(problems_text(&d), files[i].problems);
        if (list != NULL)
            assert_int_equal(revocation_count(list), files[i].count);
        revocation_release(list);
        document_fini(&d);
    }
}

/* ---- looking up ---- */

static struct revocation *list_of(const char *entries)
{
    AUTO(problems) problems;
    AUTO(buf) text = {0};
    problems_init(&problems);
    buf_printf(&text, "revoked:\n%s", entries);
    struct revocation *list = revocation_read("r.yaml", buf_span(&text), &problems);
    if (list == NULL)
        print_error("%s\n", problems.first->text);
    assert_non_null(list);
    return list;
}

/* The line of the entry that means the token; 0: none. */
static unsigned line_of(const struct revocation *list, const char *claims, const char *kid, const char *key_kid,
                        size_t *looked_at)
{
    AUTO(arena) arena = {0};
    struct claims read;
    struct err err;
    assert_true(claims_read_json(&read, &arena, span_str(claims), 16, &err));
    const struct revocation_query query = {&read, span_str(kid), span_str(key_kid)};
    const struct revoked *entry = revocation_find(list, &query, looked_at);
    return entry == NULL ? 0 : entry->line;
}

static const struct {
    const char *entry, *claims, *kid, *key_kid;
    bool is_meant;
} tokens[] = {
    {"- jti: a", "{\"jti\":\"a\"}", "", "", true},
    {"- jti: a", "{\"jti\":\"A\"}", "", "", false},
    {"- jti: a", "{\"jti\":\"ab\"}", "", "", false},
    {"- jti: a", "{\"jti\":\"\\u0061\"}", "", "", true},
    {"- jti: a", "{\"sub\":\"a\"}", "", "", false},
    {"- jti: a", "{}", "", "", false},
    {"- jti: 17", "{\"jti\":17}", "", "", true},
    {"- jti: 17", "{\"jti\":\"17\"}", "", "", true},
    {"- jti: 17", "{\"jti\":18}", "", "", false},
    {"- jti: a", "{\"jti\":[\"a\"]}", "", "", false},

    {"- sub: s", "{\"sub\":\"s\"}", "", "", true},
    {"- sub: s", "{\"sub\":\"t\"}", "", "", false},
    {"- sub: s", "{\"sub\":\"s \"}", "", "", false},

    {"- kid: k", "{}", "k", "k", true},
    {"- kid: k", "{}", "", "k", true}, /* the header names no key, but this one verified */
    {"- kid: k", "{}", "k", "", true},
    {"- kid: k", "{}", "l", "l", false},
    {"- kid: k", "{}", "", "", false},

    {"- iss: i", "{\"iss\":\"i\"}", "", "", true},
    {"- iss: i", "{\"iss\":\"i/\"}", "", "", false},

    {"- issued_before: 100", "{\"iat\":99}", "", "", true},
    {"- issued_before: 100", "{\"iat\":99.9}", "", "", true},
    {"- issued_before: 100", "{\"iat\":100}", "", "", false},
    {"- issued_before: 100", "{}", "", "", true},
    {"- issued_before: 100", "{\"iat\":\"200\"}", "", "", true}, /* no readable time: taken as before */
    {"- issued_before: 1970-01-01T00:01:40Z", "{\"iat\":99}", "", "", true},
    {"- issued_before: 1970-01-01T00:01:40Z", "{\"iat\":100}", "", "", false},

    /* all members of an entry have to fit */
    {"- {jti: a, iss: i}", "{\"jti\":\"a\",\"iss\":\"i\"}", "", "", true},
    {"- {jti: a, iss: i}", "{\"jti\":\"a\",\"iss\":\"j\"}", "", "", false},
    {"- {jti: a, iss: i}", "{\"jti\":\"a\"}", "", "", false},
    {"- {jti: a, iss: i}", "{\"jti\":\"b\",\"iss\":\"i\"}", "", "", false},
    {"- {sub: s, issued_before: 100}", "{\"sub\":\"s\",\"iat\":99}", "", "", true},
    {"- {sub: s, issued_before: 100}", "{\"sub\":\"s\",\"iat\":100}", "", "", false},
    {"- {sub: s, issued_before: 100}", "{\"sub\":\"s\"}", "", "", true},
    {"- {sub: s, issued_before: 100}", "{\"sub\":\"t\",\"iat\":99}", "", "", false},
    {"- {sub: s, kid: k}", "{\"sub\":\"s\"}", "l", "k", true},
    {"- {sub: s, kid: k}", "{\"sub\":\"s\"}", "l", "l", false},
    {"- {iss: i, issued_before: 100}", "{\"iss\":\"i\",\"iat\":99}", "", "", true},
    {"- {iss: i, issued_before: 100}", "{\"iss\":\"i\",\"iat\":100}", "", "", false},
    {"- {jti: a, sub: s, kid: k, iss: i, issued_before: 100}", "{\"jti\":\"a\",\"sub\":\"s\",\"iss\":\"i\",\"iat\":99}",
     "k", "k", true},
    {"- {jti: a, sub: s, kid: k, iss: i, issued_before: 100}", "{\"jti\":\"a\",\"sub\":\"s\",\"iss\":\"i\",\"iat\":99}",
     "k2", "k2", false},
};

static void entry_means_tokens_that_all_of_it_fits(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(tokens); i++) {
        struct revocation *list = list_of(tokens[i].entry);
        unsigned line = line_of(list, tokens[i].claims, tokens[i].kid, tokens[i].key_kid, NULL);
        if ((line != 0) != tokens[i].is_meant)
            print_error("%s for %s by %s\n", tokens[i].entry, tokens[i].claims, tokens[i].key_kid);
        assert_int_equal(line, tokens[i].is_meant ? 2 : 0);
        revocation_release(list);
    }
}

static void every_entry_counts_whatever_else_there_is(void **state)
{
    struct revocation *list = list_of("- {sub: s, iss: i}\n- {sub: s, iss: j}\n- jti: a\n- kid: k\n- iss: z\n"
                                      "- issued_before: 50\n- issued_before: 100\n- issued_before: 70\n");
    (void)state;
    assert_int_equal(line_of(list, "{\"sub\":\"s\",\"iss\":\"i\",\"iat\":100}", "", "", NULL), 2);
    assert_int_equal(line_of(list, "{\"sub\":\"s\",\"iss\":\"j\",\"iat\":100}", "", "", NULL), 3);
    assert_int_equal(line_of(list, "{\"sub\":\"s\",\"iss\":\"k\",\"iat\":100}", "", "", NULL), 0);
    assert_int_equal(line_of(list, "{\"sub\":\"s\",\"jti\":\"a\",\"iat\":100}", "", "", NULL), 4);
    assert_int_equal(line_of(list, "{\"sub\":\"s\",\"jti\":\"b\",\"iat\":100}", "x", "k", NULL), 5);
    assert_int_equal(line_of(list, "{\"iss\":\"z\",\"iat\":100}", "", "", NULL), 6);
    assert_int_equal(line_of(list, "{\"iat\":99}", "", "", NULL), 8);
    revocation_release(list);
}

enum { MANY = 100000 };

static void long_lists_cost_no_more_than_short_ones(void **state)
{
    AUTO(buf) text = {0};
    size_t looked_at = 0;
    (void)state;
    for (int i = 0; i < MANY / 4; i++)
        buf_printf(&text, "- jti: j%d\n- {sub: s%d, iss: i}\n- {kid: k%d, issued_before: 100}\n- {jti: x%d, iss: i}\n",
                   i, i, i, i);
    buf_add_str(&text, "- issued_before: 10\n");
    buf_add_char(&text, '\0');
    struct revocation *list = list_of(buf_span(&text).at);
    assert_int_equal(revocation_count(list), MANY + 1);
    assert_int_equal(line_of(list, "{\"jti\":\"j7\",\"iat\":100}", "", "", &looked_at), 2 + 4 * 7);
    assert_in_range(looked_at, 1, 2);
    assert_int_equal(line_of(list, "{\"sub\":\"s24999\",\"iss\":\"i\",\"iat\":100}", "", "", &looked_at), MANY - 1);
    assert_in_range(looked_at, 1, 2);
    assert_int_equal(
        line_of(list, "{\"sub\":\"s5\",\"jti\":\"x9\",\"iss\":\"other\",\"iat\":100}", "k3", "k4", &looked_at), 0);
    assert_in_range(looked_at, 0, 5);
    revocation_release(list);
}

static void list_knows_the_bytes_it_was_read_from(void **state)
{
    struct revocation *list = list_of("- jti: a");
    (void)state;
    assert_true(revocation_is_of(list, SPAN("revoked:\n- jti: a")));
    assert_false(revocation_is_of(list, SPAN("revoked:\n- jti: b")));
    assert_false(revocation_is_of(list, SPAN("revoked:\n- jti: a\n")));
    revocation_release(revocation_take(list));
    revocation_release(list);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(list_is_read_whole_or_not_at_all),
        cmocka_unit_test(entry_means_tokens_that_all_of_it_fits),
        cmocka_unit_test(every_entry_counts_whatever_else_there_is),
        cmocka_unit_test(long_lists_cost_no_more_than_short_ones),
        cmocka_unit_test(list_knows_the_bytes_it_was_read_from),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
