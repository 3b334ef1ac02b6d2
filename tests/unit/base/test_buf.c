/* SPDX-License-Identifier: Apache-2.0 */
/* Goal: appended bytes come out as put in, never more than the maximum, and a failed append changes nothing.  Method: small
 * cases; then each allocation failing.
 */
#include "unit.h"

#include "alloc_fail.h"
#include "base/buf.h"

static void appends_stand_one_behind_the_other(void **state)
{
    AUTO(buf) b = {0};
    (void)state;
    assert_span(buf_span(&b), "");
    assert_true(buf_add(&b, "ab", 2) && buf_add_span(&b, SPAN("c")) && buf_add_str(&b, "d") && buf_add_char(&b, 'e'));
    assert_true(buf_add_u64(&b, 0) && buf_add_u64(&b, UINT64_MAX) && buf_printf(&b, "[%d]", 7));
    assert_span(buf_span(&b), "abcde018446744073709551615[7]");
    assert_true(buf_add(&b, NULL, 0));
    buf_take(&b, 5);
    assert_span(buf_span(&b), "018446744073709551615[7]");
    buf_take(&b, 1000);
    assert_int_equal(buf_len(&b), 0);
}

static void append_up_to_the_maximum_passes_and_one_byte_more_fails(void **state)
{
    AUTO(buf) b = {.bytes_max = 4};
    (void)state;
    assert_true(buf_add_str(&b, "abcd"));
    assert_false(b.is_broken);
    assert_false(buf_add_char(&b, 'e'));
    assert_true(b.is_broken);
    assert_span(buf_span(&b), "abcd");
    buf_clear(&b);
    assert_true(buf_add_str(&b, "efgh"));
    assert_false(buf_add_str(&b, "i"));
    buf_fini(&b);
    assert_int_equal(b.bytes_max, 4);
}

static void bytes_survive_growing_and_taking(void **state)
{
    AUTO(buf) b = {0};
    unsigned taken = 0;
    (void)state;
    for (unsigned i = 0; i < 5000; i++) {
        assert_true(buf_add_char(&b, (char)('a' + i % 26)));
        if (i % 3 != 2)
            continue;
        assert_int_equal(buf_span(&b).at[0], 'a' + taken % 26);
        buf_take(&b, 2);
        taken += 2;
    }
    assert_int_equal(buf_len(&b), 5000 - taken);
    for (size_t i = 0; i < buf_len(&b); i++)
        assert_int_equal(buf_span(&b).at[i], 'a' + (taken + i) % 26);
}

static void json_text_is_valid_whatever_the_bytes(void **state)
{
    static const struct {
        struct span bytes;
        const char *json;
    } cases[] = {
        {SPAN_INIT("a\"b\\c"), "a\\\"b\\\\c"},
        {SPAN_INIT("\n\t\0\x7f"), "\\n\\u0009\\u0000\\u007f"},
        {SPAN_INIT("\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80"), "\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80"},
        {SPAN_INIT("\xff\xc3"), "\xef\xbf\xbd\xef\xbf\xbd"},
        {SPAN_INIT("\xc0\xaf"), "\xef\xbf\xbd\xef\xbf\xbd"},                                 /* overlong */
        {SPAN_INIT("\xed\xa0\x80"), "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd"},                 /* surrogate */
        {SPAN_INIT("\xf4\x90\x80\x80"), "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd"}, /* past U+10FFFF */
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        AUTO(buf) b = {0};
        assert_true(buf_add_json(&b, cases[i].bytes));
        assert_span(buf_span(&b), cases[i].json);
    }
}

static bool append_much(void *arg)
{
    AUTO(buf) b = {0};
    (void)arg;
    for (unsigned i = 0; i < 1000; i++)
        buf_printf(&b, "%03u ", i);
    assert_int_equal(b.is_broken, buf_len(&b) != 4000);
    return !b.is_broken;
}

static void append_without_memory_breaks_the_buf(void **state)
{
    (void)state;
    assert_true(alloc_fail_each(append_much, NULL, false) >= 4);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(appends_stand_one_behind_the_other),
        cmocka_unit_test(append_up_to_the_maximum_passes_and_one_byte_more_fails),
        cmocka_unit_test(bytes_survive_growing_and_taking),
        cmocka_unit_test(json_text_is_valid_whatever_the_bytes),
        cmocka_unit_test(append_without_memory_breaks_the_buf),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
