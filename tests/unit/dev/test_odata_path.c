/* SPDX-License-Identifier: Apache-2.0 */
/* Goal: a path is split before it is decoded, keys are read in both forms, and what names nothing is told from what is malformed.
 * Method: paths and what they address as tables; keys written and read again.
 */
#include "dev/odata_text.h"
#include "odata_read.h"

struct path_case {
    const char *raw;
    enum odata_place place;
    const char *key;
};

static const struct path_case good[] = {
    {"", ODATA_AT_SERVICE, NULL},
    {"/", ODATA_AT_SERVICE, NULL},
    {"/$metadata", ODATA_AT_METADATA, NULL},
    {"/%24metadata", ODATA_AT_METADATA, NULL},
    {"/$batch", ODATA_AT_BATCH, NULL},
    {"/CustomerOrderSet", ODATA_AT_SET, NULL},
    {"/CustomerOrderSet/$count", ODATA_AT_SET_COUNT, NULL},
    {"/CustomerOrderSet('A')", ODATA_AT_ENTITY, "A"},
    {"/CustomerOrderSet('')", ODATA_AT_ENTITY, ""},
    {"/CustomerOrderSet('A%2FB')", ODATA_AT_ENTITY, "A/B"},
    {"/CustomerOrderSet('A%252FB')", ODATA_AT_ENTITY, "A%2FB"},
    {"/CustomerOrderSet%28%27A%27%27%27%29", ODATA_AT_ENTITY, "A'"},
    {"/CustomerOrderSet(OrderNo='A''B')", ODATA_AT_ENTITY, "A'B"},
    {"/CustomerOrderSet(OrderNo='a=b,c)(')", ODATA_AT_ENTITY, "a=b,c)("},
    {"/CustomerOrderSet('true')", ODATA_AT_ENTITY, "true"},
    {"/CustomerOrderSet('%E2%82%AC')", ODATA_AT_ENTITY, "\xe2\x82\xac"},
    {"/CustomerOrderSet('A')/Note", ODATA_AT_PROPERTY, "A"},
    {"/CustomerOrderSet('A')/Note/$value", ODATA_AT_VALUE, "A"},
    {"/CustomerOrderSet('A')/Attachment", ODATA_AT_MEDIA, "A"},
    {"/CustomerOrderSet('A')/CustomerOrderLineArray", ODATA_AT_LINES, "A"},
    {"/CustomerOrderSet('A')/CustomerOrderLineArray/$count", ODATA_AT_LINES_COUNT, "A"},
    {"/CustomerOrderSet('A')/IfsApp.CustomerOrders.CustomerOrder_Confirm", ODATA_AT_ACTION, "A"},
    {"/CustomerOrderLineSet(LineNo=-2,OrderNo='A')", ODATA_AT_ENTITY, "A"},
};

static const struct {
    const char *raw;
    enum odata_error error;
} bad[] = {
    {"x", ODATA_NOT_FOUND},
    {"//", ODATA_NOT_FOUND},
    {"/customerorderset", ODATA_NOT_FOUND},
    {"/CustomerOrderSet/", ODATA_NOT_FOUND},
    {"//CustomerOrderSet", ODATA_NOT_FOUND},
    {"/CustomerOrderSet/x", ODATA_NOT_FOUND},
    {"/CustomerOrderSet/$count/x", ODATA_NOT_FOUND},
    {"/CustomerOrderSet.x", ODATA_NOT_FOUND},
    {"/$metadata/x", ODATA_NOT_FOUND},
    {"/$other", ODATA_NOT_FOUND},
    {"/CustomerOrderSet('A')/Nothing", ODATA_NOT_FOUND},
    {"/CustomerOrderSet('A')/Note/x", ODATA_NOT_FOUND},
    {"/CustomerOrderSet('A')/Attachment/$value", ODATA_NOT_FOUND},
    {"/CustomerOrderSet('A')/CustomerOrder_Confirm", ODATA_NOT_FOUND},
    {"/CustomerOrderSet('A')/Note/$value/x", ODATA_NOT_FOUND},
    {"/CustomerOrderSet('A/B')", ODATA_BAD_REQUEST},
    {"/CustomerOrderSet('A'B')", ODATA_BAD_REQUEST},
    {"/CustomerOrderSet('A'", ODATA_BAD_REQUEST},
    {"/CustomerOrderSet('A')x", ODATA_BAD_REQUEST},
    {"/CustomerOrderSet()", ODATA_BAD_REQUEST},
    {"/CustomerOrderSet(1)", ODATA_BAD_REQUEST},
    {"/CustomerOrderSet(null)", ODATA_BAD_REQUEST},
    {"/CustomerOrderSet(OrderNo=1)", ODATA_BAD_REQUEST},
    {"/CustomerOrderSet(Note='A')", ODATA_BAD_REQUEST},
    {"/CustomerOrderSet(OrderNo='A',OrderNo='A')", ODATA_BAD_REQUEST},
    {"/CustomerOrderSet('%C3')", ODATA_BAD_REQUEST},
    {"/CustomerOrderSet('%00')", ODATA_BAD_REQUEST},
    {"/CustomerOrderSet('%ED%A0%80')", ODATA_BAD_REQUEST},
    {"/CustomerOrderSet('%zz')", ODATA_BAD_REQUEST},
    {"/CustomerOrderSet('%4')", ODATA_BAD_REQUEST},
    {"/CustomerOrderLineSet(OrderNo='A')", ODATA_BAD_REQUEST},
    {"/CustomerOrderLineSet(OrderNo='A',OrderNo='B')", ODATA_BAD_REQUEST},
    {"/CustomerOrderLineSet(OrderNo='A',LineNo=1.5)", ODATA_BAD_REQUEST},
    {"/CustomerOrderLineSet(OrderNo='A',LineNo=2147483648)", ODATA_BAD_REQUEST},
    {"/CustomerOrderLineSet('A')", ODATA_BAD_REQUEST},
};

static void each_path_addresses_what_it_should(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(good); i++) {
        AUTO(arena) arena = {0};
        struct odata_failure failure = {.allow = NULL};
        struct odata_path path;
        bool is_read = odata_path_read(&path, &arena, span_str(good[i].raw), &failure);
        assert_case(is_read && path.place == good[i].place, good[i].raw, &failure);
        if (good[i].key != NULL)
            assert_span(path.key[0].text, good[i].key);
    }
}

static void what_names_nothing_is_not_found_and_what_is_malformed_is_told(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(bad); i++) {
        AUTO(arena) arena = {0};
        struct odata_failure failure = {.allow = NULL};
        struct odata_path path;
        bool is_read = odata_path_read(&path, &arena, span_str(bad[i].raw), &failure);
        assert_case(!is_read && failure.error == bad[i].error, bad[i].raw, &failure);
    }
}

static void a_key_written_as_a_literal_is_read_as_itself(void **state)
{
    static const char *const keys[] = {
        "", "A/B", "%2F", "it''s", "'", "a b+c", "(1),=", "\xc3\x85", "\xf0\x9f\x98\x80", "..", "?#&"};
    (void)state;
    for (size_t i = 0; i < COUNT_OF(keys); i++) {
        AUTO(arena) arena = {0};
        AUTO(buf) raw = {0};
        struct odata_failure failure = {.allow = NULL};
        struct odata_path path;
        const struct odata_value value = {.type = ODATA_TEXT, .text = span_str(keys[i])};
        buf_add_str(&raw, "/CustomerOrderSet(");
        odata_value_put_literal(&raw, &value);
        buf_add_char(&raw, ')');
        assert_case(odata_path_read(&path, &arena, buf_span(&raw), &failure), keys[i], &failure);
        assert_span(path.key[0].text, keys[i]);
    }
}

static void letters_of_latin_1_have_two_cases_and_signs_have_none(void **state)
{
    AUTO(arena) arena = {0};
    (void)state;
    assert_span(odata_text_lower(&arena, SPAN("AZ@[\xc3\x80\xc3\x9e\xc3\x97\xc3\x9f\xe2\x82\xac")),
                "az@[\xc3\xa0\xc3\xbe\xc3\x97\xc3\x9f\xe2\x82\xac");
    assert_span(odata_text_upper(&arena, SPAN("az`{\xc3\xa0\xc3\xbe\xc3\xb7\xc3\xbf")),
                "AZ`{\xc3\x80\xc3\x9e\xc3\xb7\xc3\xbf");
    assert_int_equal(odata_text_length(SPAN("a\xc3\xa0\xe2\x82\xac")), 3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_path_addresses_what_it_should),
        cmocka_unit_test(what_names_nothing_is_not_found_and_what_is_malformed_is_told),
        cmocka_unit_test(a_key_written_as_a_literal_is_read_as_itself),
        cmocka_unit_test(letters_of_latin_1_have_two_cases_and_signs_have_none),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
