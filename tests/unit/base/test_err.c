/* SPDX-License-Identifier: Apache-2.0 */
/* Goal: an error says its sentence within its bounds, and foreign bytes cannot write into a log what they like.  Attack: a
 * line feed in a value, to forge a second log line.
 */
#include "unit.h"

#include "base/err.h"

static void fail_fills_reason_and_text_and_is_false(void **state)
{
    struct err err;
    (void)state;
    assert_false((fail)(&err, REASON_CONFIG, "%d of %s", 3, "four"));
    assert_int_equal(err.reason, REASON_CONFIG);
    assert_string_equal(err.text, "3 of four");
    assert_false((fail)(NULL, REASON_CONFIG, "nobody asks"));
}

static void prefix_stands_before_the_text(void **state)
{
    struct err err = {REASON_CONFIG, "cause"};
    (void)state;
    assert_false(err_prefix(&err, "%s %d", "line", 4));
    assert_string_equal(err.text, "line 4: cause");
    assert_int_equal(err.reason, REASON_CONFIG);
    assert_false(err_prefix(NULL, "x"));
}

static void long_texts_are_cut(void **state)
{
    struct err err;
    char longer[2 * ERR_TEXT_BYTES];
    (void)state;
    memset(longer, 'a', sizeof longer - 1);
    longer[sizeof longer - 1] = '\0';
    assert_false((fail)(&err, REASON_CONFIG, "%s", longer));
    assert_int_equal(strlen(err.text), ERR_TEXT_BYTES - 1);
    assert_false(err_prefix(&err, "%s", longer));
    assert_int_equal(strlen(err.text), ERR_TEXT_BYTES - 1);
}

static void foreign_bytes_are_escaped(void **state)
{
    (void)state;
    assert_string_equal(QUOTED(SPAN("plain text")), "plain text");
    assert_string_equal(QUOTED(SPAN("a\nb\"c\\d\x7f\xc3")), "a\\x0ab\\x22c\\x5cd\\x7f\\xc3");
    assert_string_equal(QUOTED(span_of(NULL, 0)), "");
    assert_string_equal(QUOTED(SPAN("a\0b")), "a\\x00b");
}

static void quoted_text_of_200_bytes_is_whole_and_longer_is_cut(void **state)
{
    char bytes[201];
    (void)state;
    memset(bytes, 'a', sizeof bytes);
    assert_int_equal(strlen(QUOTED(span_of(bytes, 200))), 200);
    const char *cut = QUOTED(span_of(bytes, 201));
    assert_int_equal(strlen(cut), 203);
    assert_string_equal(cut + 200, "...");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fail_fills_reason_and_text_and_is_false),
        cmocka_unit_test(prefix_stands_before_the_text),
        cmocka_unit_test(long_texts_are_cut),
        cmocka_unit_test(foreign_bytes_are_escaped),
        cmocka_unit_test(quoted_text_of_200_bytes_is_whole_and_longer_is_cut),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
