/* SPDX-License-Identifier: Apache-2.0 */
/* Goal: views are compared, cut and split as their header says, the empty ones too.  Method: tables of cases. */
#include "unit.h"

static void spans_are_equal_as_byte_strings(void **state)
{
    static const struct {
        struct span a, b;
        bool is_equal, is_equal_nocase;
    } cases[] = {
        {SPAN_INIT(""), {NULL, 0}, true, true},
        {SPAN_INIT("abc"), SPAN_INIT("abc"), true, true},
        {SPAN_INIT("abc"), SPAN_INIT("aBc"), false, true},
        {SPAN_INIT("abc"), SPAN_INIT("abd"), false, false},
        {SPAN_INIT("abc"), SPAN_INIT("ab"), false, false},
        {SPAN_INIT("a\0b"), SPAN_INIT("a\0c"), false, false},
        {SPAN_INIT("@"), SPAN_INIT("`"), false, false},
        {SPAN_INIT("\xc3\x84"), SPAN_INIT("\xc3\xa4"), false, false},
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        assert_int_equal(span_eq(cases[i].a, cases[i].b), cases[i].is_equal);
        assert_int_equal(span_eq_nocase(cases[i].a, cases[i].b), cases[i].is_equal_nocase);
    }
}

static void span_starts_ends_and_holds(void **state)
{
    (void)state;
    assert_true(span_starts(SPAN("abc"), SPAN("ab")));
    assert_false(span_starts(SPAN("abc"), SPAN("b")));
    assert_false(span_starts(SPAN("ab"), SPAN("abc")));
    assert_true(span_starts(SPAN("ab"), SPAN("")));
    assert_true(span_ends(SPAN("abc"), SPAN("bc")));
    assert_false(span_ends(SPAN("abc"), SPAN("ab")));
    assert_true(span_holds(SPAN("abc"), SPAN("b")));
    assert_true(span_holds(span_of(NULL, 0), SPAN("")));
    assert_false(span_holds(SPAN("abc"), SPAN("ac")));
}

static void span_is_cut_within_its_bytes(void **state)
{
    (void)state;
    assert_span(span_from(SPAN("abc"), 1), "bc");
    assert_span(span_from(SPAN("abc"), 3), "");
    assert_span(span_from(SPAN("abc"), 4), "");
    assert_span(span_from(span_of(NULL, 0), 1), "");
    assert_span(span_cut(SPAN("abc"), 2), "ab");
    assert_span(span_cut(SPAN("abc"), 4), "abc");
    assert_null(span_chr(span_of(NULL, 0), 'a'));
}

static void trim_takes_blanks_and_tabs_only(void **state)
{
    (void)state;
    assert_span(span_trim(SPAN(" \ta b\t ")), "a b");
    assert_span(span_trim(SPAN("\na\n")), "\na\n");
    assert_span(span_trim(SPAN("  ")), "");
}

static void split_gives_empty_pieces_too(void **state)
{
    static const char *const wanted[] = {"a", "", "b", ""};
    struct span rest = SPAN("a,,b,");
    struct span piece;
    size_t count = 0;
    (void)state;
    while (span_split(&rest, ',', &piece)) {
        assert_true(count < COUNT_OF(wanted));
        assert_span(piece, wanted[count++]);
    }
    assert_int_equal(count, COUNT_OF(wanted));
    rest = span_of(NULL, 0);
    assert_false(span_split(&rest, ',', &piece));
}

static void number_is_digits_up_to_the_maximum(void **state)
{
    static const struct {
        const char *text;
        uint64_t max;
        bool is_good;
        uint64_t value;
    } cases[] = {
        {"0", 10, true, 0},
        {"10", 10, true, 10},
        {"11", 10, false, 0},
        {"", 10, false, 0},
        {"+1", 10, false, 0},
        {" 1", 10, false, 0},
        {"1a", 10, false, 0},
        {"007", 10, true, 7},
        {"5", 4, false, 0},
        {"1", 0, false, 0},
        {"0", 0, true, 0},
        {"100", 99, false, 0},
        {"18446744073709551615", UINT64_MAX, true, UINT64_MAX},
        {"18446744073709551616", UINT64_MAX, false, 0},
        {"99999999999999999999", UINT64_MAX, false, 0},
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        uint64_t value = 0;
        assert_int_equal(span_u64(span_str(cases[i].text), cases[i].max, &value), cases[i].is_good);
        assert_true(value == cases[i].value);
    }
}

static void dup_is_a_string(void **state)
{
    char *copy = span_dup(SPAN("a\0b"));
    char *empty = span_dup(span_of(NULL, 0));
    (void)state;
    assert_memory_equal(copy, "a\0b", 4);
    assert_string_equal(empty, "");
    free(copy);
    free(empty);
}

static void a_guid_has_its_digits_and_dashes_in_their_places(void **state)
{
    (void)state;
    assert_true(span_is_guid(SPAN("3f9a2c41-6d0b-4b8e-9C57-1A2e5d7f8b60")));
    assert_false(span_is_guid(SPAN("3f9a2c41-6d0b-4b8e-9c57-1a2e5d7f8b6")));
    assert_false(span_is_guid(SPAN("3f9a2c41-6d0b-4b8e-9c57-1a2e5d7f8b600")));
    assert_false(span_is_guid(SPAN("3f9a2c41-6d0b-4b8e-9c57-1a2e5d7f8b6g")));
    assert_false(span_is_guid(SPAN("3f9a2c4-16d0b-4b8e-9c57-1a2e5d7f8b60")));
    assert_false(span_is_guid(SPAN("")));
}

static void printable_is_from_blank_to_tilde(void **state)
{
    (void)state;
    assert_true(span_is_printable(SPAN(" a~")));
    assert_true(span_is_printable(SPAN("")));
    assert_false(span_is_printable(SPAN("a\x1f")));
    assert_false(span_is_printable(SPAN("a\x7f")));
    assert_false(span_is_printable(SPAN("\xc3\xa9")));
}

/* RFC 3629 4 */
static void utf8_has_one_form_for_each_character(void **state)
{
    static const struct {
        struct span text;
        size_t bytes;
    } cases[] = {
        {SPAN_INIT("a\xc3"), 1},
        {SPAN_INIT("\0"), 1},
        {SPAN_INIT("\xc2\x80"), 2},
        {SPAN_INIT("\xc1\xbf"), 0},
        {SPAN_INIT("\xc3"), 0},
        {SPAN_INIT("\x80"), 0},
        {SPAN_INIT("\xe0\xa0\x80"), 3},
        {SPAN_INIT("\xe0\x9f\xbf"), 0},
        {SPAN_INIT("\xed\x9f\xbf"), 3},
        {SPAN_INIT("\xed\xa0\x80"), 0},
        {SPAN_INIT("\xe2\x82"), 0},
        {SPAN_INIT("\xf0\x90\x80\x80"), 4},
        {SPAN_INIT("\xf0\x8f\xbf\xbf"), 0},
        {SPAN_INIT("\xf4\x8f\xbf\xbf"), 4},
        {SPAN_INIT("\xf4\x90\x80\x80"), 0},
        {SPAN_INIT("\xf5\x80\x80\x80"), 0},
        {SPAN_INIT("\xf0\x90\x80\x41"), 0},
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++)
        if (span_utf8(cases[i].text) != cases[i].bytes)
            fail_msg("case %zu: %zu", i, span_utf8(cases[i].text));
}

static void plain_bytes_end_at_the_first_that_quotes_do_not_hold(void **state)
{
    static const struct {
        struct span text;
        size_t len;
    } cases[] = {
        {SPAN_INIT(""), 0},     {SPAN_INIT("a b~"), 4},   {SPAN_INIT("a\"b"), 1},     {SPAN_INIT("\\"), 0},
        {SPAN_INIT("a\nb"), 1}, {SPAN_INIT("ab\x7f"), 2}, {SPAN_INIT("\xc3\xa4"), 0}, {SPAN_INIT("a\0b"), 1},
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++)
        assert_int_equal(span_plain(cases[i].text), cases[i].len);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(spans_are_equal_as_byte_strings),
        cmocka_unit_test(span_starts_ends_and_holds),
        cmocka_unit_test(span_is_cut_within_its_bytes),
        cmocka_unit_test(trim_takes_blanks_and_tabs_only),
        cmocka_unit_test(split_gives_empty_pieces_too),
        cmocka_unit_test(number_is_digits_up_to_the_maximum),
        cmocka_unit_test(dup_is_a_string),
        cmocka_unit_test(a_guid_has_its_digits_and_dashes_in_their_places),
        cmocka_unit_test(printable_is_from_blank_to_tilde),
        cmocka_unit_test(utf8_has_one_form_for_each_character),
        cmocka_unit_test(plain_bytes_end_at_the_first_that_quotes_do_not_hold),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
