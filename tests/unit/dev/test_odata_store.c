/* SPDX-License-Identifier: Apache-2.0 */
/* Goal: what a change set did is kept or taken back whole, media and places too; limits hold; fields of OData are read.  Method: a
 * store changed under way; headers as tables.
 */
#include "dev/odata_header.h"
#include "dev/odata_store.h"
#include "odata_read.h"

static struct odata_store *new_store(void)
{
    struct err err = {0};
    struct odata_store *store = odata_store_new(&err);
    assert_non_null(store);
    return store;
}

static const struct odata_entity *put(struct odata_store *store, const char *key, double amount)
{
    struct odata_failure failure = {.allow = NULL};
    struct odata_value values[ODATA_PROPERTIES_MAX] = {
        {.type = ODATA_TEXT, .text = span_str(key)},
        [2] = {.type = ODATA_NUMBER, .number = amount},
        [4] = {.type = ODATA_TRUTH},
    };
    const struct odata_entity *entity = odata_store_put(store, ORDERS, values, &failure);
    assert_case(entity != NULL || failure.error == ODATA_FULL, key, &failure);
    return entity;
}

static const struct odata_entity *find(const struct odata_store *store, const char *key)
{
    const struct odata_value value = {.type = ODATA_TEXT, .text = span_str(key)};
    return odata_store_find(store, ORDERS, &value);
}

static void each_change_gives_another_version_in_the_same_place(void **state)
{
    AUTO_PTR(odata_store) store = new_store();
    char before[ODATA_ETAG_BYTES];
    (void)state;
    size_t count = odata_store_count(store);
    snprintf(before, sizeof before, "%s", put(store, "new", 1)->etag);
    const struct odata_entity *entity = put(store, "new", 2);
    assert_string_not_equal(entity->etag, before);
    assert_ptr_equal(odata_store_at(store, count), entity);
    assert_int_equal(odata_store_count(store), count + 1);
    odata_store_remove(store, entity);
    assert_null(find(store, "new"));
    assert_int_equal(odata_store_count(store), count);
}

static void a_change_set_is_taken_back_whole(void **state)
{
    AUTO_PTR(odata_store) store = new_store();
    struct odata_failure failure;
    (void)state;
    for (int keeps = 0; keeps <= 1; keeps++) {
        put(store, "kept", 1);
        size_t count = odata_store_count(store);
        assert_non_null(odata_store_put_media(store, find(store, "kept"), SPAN("a/b"), SPAN("before"), &failure));
        odata_store_begin(store);
        put(store, "kept", 2);
        put(store, "fresh", 3);
        assert_non_null(odata_store_put_media(store, find(store, "kept"), SPAN("a/b"), SPAN("behind"), &failure));
        odata_store_remove(store, find(store, "A/B"));
        odata_store_end(store, keeps != 0);
        assert_int_equal(odata_store_count(store), count);
        assert_true((find(store, "fresh") != NULL) == (keeps != 0));
        assert_true((find(store, "A/B") == NULL) == (keeps != 0));
        assert_span(find(store, "kept")->media->bytes, keeps ? "behind" : "before");
        assert_true((find(store, "kept")->values[2].number > 1.5) == (keeps != 0));
    }
}

static void an_entity_counts_as_modified_once_also_over_a_change_taken_back(void **state)
{
    AUTO_PTR(odata_store) store = new_store();
    (void)state;
    for (int round = 0; round < 2; round++) {
        odata_store_begin(store);
        put(store, "A/B", round);
        assert_true(odata_store_is_modified(store, find(store, "A/B")));
        odata_store_end(store, false);
        assert_true(odata_store_is_modified(store, find(store, "A'B")));
        assert_false(odata_store_is_modified(store, find(store, "A/B")));
        assert_false(odata_store_is_modified(store, find(store, "A'B")));
    }
}

static void the_store_and_its_media_have_limits(void **state)
{
    AUTO_PTR(odata_store) store = new_store();
    AUTO(buf) big = {0};
    struct odata_failure failure;
    char key[16];
    (void)state;
    assert_true(buf_reserve(&big, ODATA_MEDIA_BYTES_MAX + 1));
    memset(big.at, 'x', ODATA_MEDIA_BYTES_MAX + 1);
    struct span fits = span_of(big.at, ODATA_MEDIA_BYTES_MAX);
    assert_null(odata_store_put_media(store, find(store, "A/B"), SPAN("a"), span_of(big.at, ODATA_MEDIA_BYTES_MAX + 1),
                                      &failure));
    assert_int_equal(failure.error, ODATA_TOO_LARGE);
    for (int i = 0; i < ODATA_MEDIA_TOTAL_MAX / ODATA_MEDIA_BYTES_MAX; i++) {
        snprintf(key, sizeof key, "M%d", i);
        assert_non_null(odata_store_put_media(store, put(store, key, 0), SPAN("a"), fits, &failure));
    }
    assert_null(odata_store_put_media(store, find(store, "A/B"), SPAN("a"), SPAN("x"), &failure));
    assert_int_equal(failure.error, ODATA_FULL);
    odata_store_remove(store, find(store, "M0"));
    assert_non_null(odata_store_put_media(store, find(store, "A/B"), SPAN("a"), SPAN("x"), &failure));
    for (int i = 0; odata_store_count(store) < ODATA_ENTITIES_MAX; i++) {
        snprintf(key, sizeof key, "E%d", i);
        put(store, key, 0);
    }
    assert_null(put(store, "more", 0));
    assert_non_null(put(store, "A/B", 7));
}

/* --- fields --- */

static struct head head_of(struct field *field, const char *name, const char *value)
{
    *field = (struct field){span_str(name), span_str(value), field_id_of(span_str(name)), false};
    return (struct head){.fields = field, .count = 1};
}

static const struct {
    const char *prefer, *name, *value; /* value NULL: not preferred */
} preferences[] = {
    {"return=minimal", "return", "minimal"},
    {"respond-async , Return = \"representation\" ; foo=bar", "return", "representation"},
    {"odata.maxpagesize=10,odata.continue-on-error", "odata.maxpagesize", "10"},
    {"odata.maxpagesize=10,odata.continue-on-error", "odata.continue-on-error", ""},
    {"odata.maxpagesize=10", "maxpagesize", NULL},
    {"", "return", NULL},
};

static void preferences_are_found_in_lists(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(preferences); i++) {
        struct field field;
        struct head head = head_of(&field, "Prefer", preferences[i].prefer);
        struct span value = {NULL, 0};
        assert_int_equal(odata_header_prefers(&head, preferences[i].name, &value), preferences[i].value != NULL);
        if (preferences[i].value != NULL)
            assert_span(value, preferences[i].value);
    }
}

static const struct {
    const char *accept;
    bool is_accepted;
    const char *parameters;
} accepts[] = {
    {"application/json", true, ""},
    {"*/*", true, ""},
    {"text/html, application/*;q=0.1", true, ""},
    {"text/html, Application/JSON;odata.metadata=none, */*", true, "odata.metadata=none"},
    {"application/json;q=0", false, ""},
    {"application/json;q=0.0, text/html", false, ""},
    {"text/html", false, ""},
    {"application/jsonx, */json", false, ""},
};

static void accept_names_types_and_ranges(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(accepts); i++) {
        struct field field;
        struct head head = head_of(&field, "Accept", accepts[i].accept);
        struct span parameters;
        if (odata_header_accepts(&head, "application/json", &parameters) != accepts[i].is_accepted)
            fail_msg("%s", accepts[i].accept);
        assert_span(parameters, accepts[i].parameters);
    }
}

static void if_match_is_a_list_of_tags_or_a_star(void **state)
{
    const struct span tag = SPAN("W/\"a==\"");
    (void)state;
    assert_true(odata_header_matches(SPAN("W/\"a==\""), tag));
    assert_true(odata_header_matches(SPAN("\"a==\""), tag));
    assert_true(odata_header_matches(SPAN("W/\"b\" , W/\"a==\""), tag));
    assert_true(odata_header_matches(SPAN("*"), tag));
    assert_false(odata_header_matches(SPAN("W/\"a=\""), tag));
    assert_false(odata_header_matches(SPAN("W/a=="), tag));
    assert_false(odata_header_matches(SPAN(""), tag));
}

static void cookies_keep_braces(void **state)
{
    struct field field;
    struct head head = head_of(&field, "Cookie", "a=b; XSRF-TOKEN={1-2}; c=d");
    (void)state;
    assert_span(odata_header_cookie(&head, "XSRF-TOKEN"), "{1-2}");
    assert_null(odata_header_cookie(&head, "TOKEN").at);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_change_gives_another_version_in_the_same_place),
        cmocka_unit_test(a_change_set_is_taken_back_whole),
        cmocka_unit_test(an_entity_counts_as_modified_once_also_over_a_change_taken_back),
        cmocka_unit_test(the_store_and_its_media_have_limits),
        cmocka_unit_test(preferences_are_found_in_lists),
        cmocka_unit_test(accept_names_types_and_ranges),
        cmocka_unit_test(if_match_is_a_list_of_tags_or_a_star),
        cmocka_unit_test(cookies_keep_braces),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
