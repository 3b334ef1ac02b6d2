/* SPDX-License-Identifier: Apache-2.0 */
/* Documents: bounded in depth, without duplicates, an object at the top. */
#include "jose/jsondoc.h"

#include <stdarg.h>
#include <setjmp.h>
#include <cmocka.h>
#include <string.h>

enum { DEPTH = 4 };

static void members_and_elements_are_found(void **state)
{
    (void)state;
    struct err err;
    AUTO_PTR(jsondoc) doc = jsondoc_read(SPAN("{\"a\":[\"x\\u0000y\",2,{\"b\":true}],\"c\":\"\"}"), DEPTH, &err);
    assert_non_null(doc);
    const struct jsonval *a = jsonval_member(jsondoc_root(doc), "a");
    assert_true(jsonval_is_array(a));
    assert_int_equal(jsonval_count(a), 3);
    assert_true(span_eq(jsonval_text(jsonval_element(a, 0)), SPAN("x\0y")));
    assert_null(jsonval_text(jsonval_element(a, 1)).at);
    assert_true(jsonval_is_object(jsonval_element(a, 2)));
    assert_null(jsonval_element(a, 3));
    assert_null(jsonval_member(a, "b"));
    assert_non_null(jsonval_text(jsonval_member(jsondoc_root(doc), "c")).at);
    assert_null(jsonval_member(jsondoc_root(doc), "d"));
}

static void nothing_is_asked_of_nothing(void **state)
{
    (void)state;
    assert_null(jsonval_member(NULL, "a"));
    assert_null(jsonval_element(NULL, 0));
    assert_int_equal(jsonval_count(NULL), 0);
    assert_null(jsonval_text(NULL).at);
    assert_false(jsonval_is_object(NULL) || jsonval_is_array(NULL) || jsonval_is_string(NULL));
}

static const struct {
    struct span good, bad;
    const char *text;
} cases[] = {
    {SPAN_INIT("{\"a\":1}"), SPAN_INIT("{\"a\":1"), "line 1, column"},
    {SPAN_INIT("{\"a\":1,\n\"b\":1}"), SPAN_INIT("{\"a\":1,\n\"a\":1}"), "line 2, column"},
    {SPAN_INIT("{}"), SPAN_INIT("[]"), "no object"},
    {SPAN_INIT("{}\n"), SPAN_INIT("{}{}"), "line 1"},
    {SPAN_INIT("{\"a\":1}"), SPAN_INIT("<html>"), "line 1"},
    {SPAN_INIT("{\"a\":1}"), SPAN_INIT(""), "line 1"},
    {SPAN_INIT("{\"a\":\"\xc3\xa4\"}"), SPAN_INIT("{\"a\":\"\xc3\"}"), "line 1"},
    {SPAN_INIT("{\"a\":[[[]]]}"), SPAN_INIT("{\"a\":[[[[]]]]}"), "more than 4 brackets deep"},
    {SPAN_INIT("{\"a\":\"[[[[[[\\\"[[[\"}"), SPAN_INIT("{\"a\":\"\\\\\",\"b\":[[[[[["), "more than 4 brackets deep"},
    {SPAN_INIT("{\"a\":123456789012345678901234567890}"), SPAN_INIT("{\"a\":0123}"), "line 1"},
};

static void what_is_no_bounded_object_is_refused(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct err err = {0};
        AUTO_PTR(jsondoc) good = jsondoc_read(cases[i].good, DEPTH, &err);
        assert_non_null(good);
        assert_null(jsondoc_read(cases[i].bad, DEPTH, &err));
        assert_int_equal(err.reason, REASON_DOCUMENT_INVALID);
        assert_non_null(strstr(err.text, cases[i].text));
    }
}

static void a_million_brackets_do_not_reach_the_recursive_reader(void **state)
{
    (void)state;
    static char text[1 << 20];
    memset(text, '[', sizeof text);
    struct err err;
    assert_null(jsondoc_read(span_of(text, sizeof text), 32, &err));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(members_and_elements_are_found),
        cmocka_unit_test(nothing_is_asked_of_nothing),
        cmocka_unit_test(what_is_no_bounded_object_is_refused),
        cmocka_unit_test(a_million_brackets_do_not_reach_the_recursive_reader),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
