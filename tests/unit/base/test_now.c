/* SPDX-License-Identifier: Apache-2.0 */
/* Moments as people write them (RFC 3339 5.6), and as we spell them. */
#include "base/now.h"
#include "unit.h"

static void a_moment_is_read_as_rfc_3339_or_in_seconds(void **state)
{
    static const struct {
        const char *text;
        int64_t wall_s;
    } cases[] = {
        {"0", 0},
        {"1795219200", 1795219200},
        {"253402300799", 253402300799},
        {"1970-01-01T00:00:00Z", 0},
        {"2026-11-21T00:00:00Z", 1795219200},
        {"2026-11-21t00:00:00z", 1795219200},
        {"2026-11-21 00:00:00Z", 1795219200},
        {"2026-11-21T00:00:00.999Z", 1795219200},
        {"2026-11-21T01:30:00+01:30", 1795219200},
        {"2026-11-20T22:00:00-02:00", 1795219200},
        {"2026-11-21T00:00:00-00:00", 1795219200},
        {"2028-02-29T00:00:00Z", 1835395200},
        {"2016-12-31T23:59:60Z", 1483228800},
        {"9999-12-31T23:59:59Z", 253402300799},
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct err err;
        int64_t wall_s = -1;
        if (!now_from_text(span_str(cases[i].text), &wall_s, &err) || wall_s != cases[i].wall_s)
            print_error("%s\n", cases[i].text);
        assert_int_equal(wall_s, cases[i].wall_s);
    }
}

static void what_is_no_moment_is_refused(void **state)
{
    static const char *const cases[] = {
        "",
        "-1",
        "+1",
        "1.5",
        "253402300800",
        "99999999999999999999",
        "now",
        "2026-11-21",
        "2026-11-21T00:00:00",
        "2026-11-21T00:00Z",
        "2026-11-21T24:00:00Z",
        "2026-11-21T00:60:00Z",
        "2026-11-21T00:00:61Z",
        "2026-11-21T00:00:00.Z",
        "2026-11-21T00:00:00ZZ",
        "2026-11-21T00:00:00+0100",
        "2026-11-21T00:00:00+24:00",
        "2026-13-01T00:00:00Z",
        "2026-00-01T00:00:00Z",
        "2026-02-29T00:00:00Z",
        "2026-04-31T00:00:00Z",
        "2026-04-00T00:00:00Z",
        "26-11-21T00:00:00Z",
        "1969-12-31T23:59:59Z",
        "9999-12-31T23:59:59-00:01",
        " 2026-11-21T00:00:00Z",
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct err err = {.reason = REASON_NONE};
        int64_t wall_s;
        if (now_from_text(span_str(cases[i]), &wall_s, &err))
            print_error("%s\n", cases[i]);
        assert_int_equal(err.reason, REASON_CONFIG);
    }
}

static void whole_seconds_of_any_size_are_spelled(void **state)
{
    char text[NOW_TEXT_BYTES];
    (void)state;
    now_second_text(1795219200, text);
    assert_string_equal(text, "2026-11-21T00:00:00Z");
    now_second_text(0, text);
    assert_string_equal(text, "1970-01-01T00:00:00Z");
    now_second_text(INT64_C(9007199254740992), text);
    assert_string_equal(text, "285428751-11-12T07:36:32Z");
    now_second_text(INT64_C(-9007199254740992), text);
    assert_true(strlen(text) < NOW_TEXT_BYTES);
    now_second_text(INT64_MAX, text);
    assert_string_equal(text, "9223372036854775807");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_moment_is_read_as_rfc_3339_or_in_seconds),
        cmocka_unit_test(what_is_no_moment_is_refused),
        cmocka_unit_test(whole_seconds_of_any_size_are_spelled),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
