/* SPDX-License-Identifier: Apache-2.0 */
/* JSON of tokens: RFC 8259 to the letter, its numbers (RFC 8259 6), UTF-8 (RFC 3629 4), and the refusals besides (attacks
 * E9-E17), each next to what passes.
 */
#include "jose/tape.h"

#include <stdarg.h>
#include <setjmp.h>
#include <cmocka.h>
#include <stdio.h>

enum { DEPTH = 8 };

static bool reads(struct span json, struct err *err)
{
    AUTO(arena) arena = {0};
    struct tape tape;
    return tape_read(&tape, &arena, json, DEPTH, err);
}

static const struct span accepted[] = {
    SPAN_INIT("null"),
    SPAN_INIT(" true "),
    SPAN_INIT("false"),
    SPAN_INIT("\"\""),
    SPAN_INIT("0"),
    SPAN_INIT("-0"),
    SPAN_INIT("10"),
    SPAN_INIT("0.10"),
    SPAN_INIT("1e5"),
    SPAN_INIT("1E+05"),
    SPAN_INIT("-1.5e-5"),
    SPAN_INIT("1e400"),
    SPAN_INIT("{}"),
    SPAN_INIT("[]"),
    SPAN_INIT("[[],{},[1,[2]]]"),
    SPAN_INIT("\t\r\n {\"a\" : [ 1 , 2 ] , \"b\" : { } } \n"),
    SPAN_INIT("{\"a\":{\"a\":1},\"A\":1,\"\":0}"),
    SPAN_INIT("\"\\\"\\\\\\/\\b\\f\\n\\r\\t\\u00e9\""),
    SPAN_INIT("\"\\ud83d\\ude00\""),
    SPAN_INIT("\"\\u0000\""),
    SPAN_INIT("\"\x7f\""),
    SPAN_INIT(
        "\"\xc2\x80 \xdf\xbf \xe0\xa0\x80 \xed\x9f\xbf \xee\x80\x80 \xef\xbf\xbf \xf0\x90\x80\x80 \xf4\x8f\xbf\xbf\""),
};

static void what_rfc_8259_allows_is_read(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(accepted); i++) {
        struct err err = {0};
        if (!reads(accepted[i], &err))
            fail_msg("%.*s: %s", SPAN_ARG(accepted[i]), err.text);
    }
}

static const struct {
    struct span json;
    const char *text;
} refused[] = {
    {SPAN_INIT(""), "ends too early"},
    {SPAN_INIT("  "), "ends too early"},
    {SPAN_INIT("{\"a\":1}x"), "byte 7: bytes behind"},
    {SPAN_INIT("{}{}"), "byte 2: bytes behind"},
    {SPAN_INIT("{}\0"), "bytes behind"},
    {SPAN_INIT("1 2"), "bytes behind"},
    {SPAN_INIT("{\"a\":1"), "ends too early"},
    {SPAN_INIT("[1"), "ends too early"},
    {SPAN_INIT("{\"a\":"), "ends too early"},
    {SPAN_INIT("{\"a\""), "a colon"},
    {SPAN_INIT("[1,]"), "not a JSON value"},
    {SPAN_INIT("{\"a\":1,}"), "name in quotes"},
    {SPAN_INIT("{,}"), "name in quotes"},
    {SPAN_INIT("[,]"), "not a JSON value"},
    {SPAN_INIT("[1 2]"), "a comma or ]"},
    {SPAN_INIT("{\"a\":1 \"b\":2}"), "a comma or }"},
    {SPAN_INIT("[1}"), "a comma or ]"},
    {SPAN_INIT("{\"a\":1]"), "a comma or }"},
    {SPAN_INIT("{a:1}"), "name in quotes"},
    {SPAN_INIT("{1:1}"), "name in quotes"},
    {SPAN_INIT("{'a':1}"), "name in quotes"},
    {SPAN_INIT("{\"a\" 1}"), "a colon"},
    {SPAN_INIT("]"), "not a JSON value"},
    {SPAN_INIT("/* */ {}"), "not a JSON value"},
    {SPAN_INIT("{} // x"), "bytes behind"},
    {SPAN_INIT("nul"), "not a JSON value"},
    {SPAN_INIT("True"), "not a JSON value"},
    {SPAN_INIT("NaN"), "not a JSON value"},
    {SPAN_INIT("Infinity"), "not a JSON value"},
    {SPAN_INIT("-Infinity"), "not a JSON value"},
    {SPAN_INIT("010"), "not a JSON value"},
    {SPAN_INIT("-01"), "not a JSON value"},
    {SPAN_INIT("0x10"), "bytes behind"},
    {SPAN_INIT("+1"), "not a JSON value"},
    {SPAN_INIT("-"), "not a JSON value"},
    {SPAN_INIT(".5"), "not a JSON value"},
    {SPAN_INIT("1."), "a point needs digits"},
    {SPAN_INIT("1.e5"), "a point needs digits"},
    {SPAN_INIT("1e"), "an exponent needs digits"},
    {SPAN_INIT("1e+"), "an exponent needs digits"},
    {SPAN_INIT("1_000"), "bytes behind"},
    {SPAN_INIT("\""), "string without an end"},
    {SPAN_INIT("\"a"), "string without an end"},
    {SPAN_INIT("\"\\"), "string without an end"},
    {SPAN_INIT("\"\\\""), "string without an end"},
    {SPAN_INIT("\"\n\""), "control character"},
    {SPAN_INIT("\"a\\n\x01\""), "control character"},
    {SPAN_INIT("\"\0\""), "control character"},
    {SPAN_INIT("\"\\x41\""), "unknown escape"},
    {SPAN_INIT("\"\\'\""), "unknown escape"},
    {SPAN_INIT("\"\\\0\""), "unknown escape"},
    {SPAN_INIT("\"\\u12\""), "four hexadecimal"},
    {SPAN_INIT("\"\\u12g4\""), "four hexadecimal"},
    {SPAN_INIT("\"\\ud800\""), "lone surrogate"},
    {SPAN_INIT("\"\\udc00\""), "lone surrogate"},
    {SPAN_INIT("\"\\ud800\\u0041\""), "lone surrogate"},
    {SPAN_INIT("\"\\ud800\\ud800\""), "lone surrogate"},
    {SPAN_INIT("\"\\ude00\\ud83d\""), "lone surrogate"},
    {SPAN_INIT("{\"\\ud800\":1}"), "lone surrogate"},
    {SPAN_INIT("\xef\xbb\xbf{}"), "not a JSON value"},
    {SPAN_INIT("\xff\xfe{\0}\0"), "not a JSON value"},
    {SPAN_INIT("{\0\"\0a\0\""), "name in quotes"},
    {SPAN_INIT("\"\x80\""), "not UTF-8"},
    {SPAN_INIT("\"\xc3\""), "not UTF-8"},
    {SPAN_INIT("\"\xc3"), "not UTF-8"},
    {SPAN_INIT("\"\xc0\xaf\""), "not UTF-8"},
    {SPAN_INIT("\"\xc1\xbf\""), "not UTF-8"},
    {SPAN_INIT("\"\xe0\x9f\xbf\""), "not UTF-8"},
    {SPAN_INIT("\"\xed\xa0\x80\""), "not UTF-8"},
    {SPAN_INIT("\"\xf0\x8f\xbf\xbf\""), "not UTF-8"},
    {SPAN_INIT("\"\xf4\x90\x80\x80\""), "not UTF-8"},
    {SPAN_INIT("\"\xf5\x80\x80\x80\""), "not UTF-8"},
    {SPAN_INIT("\"\xe2\x82\""), "not UTF-8"},
    {SPAN_INIT("\"abcdefgh\xff\""), "not UTF-8"},
};

static void all_else_is_refused_with_its_place(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(refused); i++) {
        struct err err = {0};
        if (reads(refused[i].json, &err) || strstr(err.text, refused[i].text) == NULL)
            fail_msg("%.*s: %s, not %s", SPAN_ARG(refused[i].json), err.text, refused[i].text);
        assert_int_equal(err.reason, REASON_JWT_INVALID);
    }
}

static void special_bytes_are_seen_at_every_place_of_a_word(void **state)
{
    (void)state;
    for (size_t at = 0; at < 24; at++)
        for (int c = 0; c < 256; c++) {
            char json[26];
            memset(json, 'x', sizeof json);
            json[0] = json[sizeof json - 1] = '"';
            json[1 + at] = (char)c;
            struct err err;
            bool is_plain = c >= 0x20 && c < 0x80 && c != '"' && c != '\\';
            assert_int_equal(reads(span_of(json, sizeof json), &err), is_plain);
        }
}

static void duplicate_names_are_refused_at_any_level_and_spelling(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "{\"a\":1,\"a\":2}",     "{\"a\":1,\"b\":2,\"a\":1}",        "{\"x\":{\"a\":1,\"a\":2}}",
        "[[{\"a\":1,\"a\":2}]]", "{\"iss\":1,\"\\u0069ss\":2}",      "{\"\\u0061\":1,\"\\u0061\":2}",
        "{\"\":1,\"\":2}",       "{\"a\":{},\"b\":[1,{}],\"a\":[]}", "{\"\xc3\xa4\":1,\"\\u00e4\":2}",
        "{\"a/\":1,\"a\\/\":2}",
    };
    static const char *const good[] = {
        "{\"a\":1,\"b\":2}",       "{\"a\":1,\"b\":2,\"c\":1}",   "{\"x\":{\"a\":1,\"b\":2}}",
        "[[{\"a\":1},{\"a\":2}]]", "{\"iss\":1,\"\\u0069sS\":2}", "{\"\\u0061\":1,\"\\u0062\":2}",
        "{\"\":1,\" \":2}",        "{\"a\":{\"a\":{\"a\":1}}}",   "{\"\xc3\xa4\":1,\"a\\u0308\":2}",
        "{\"a/\":1,\"a\\\\/\":2}",
    };
    for (size_t i = 0; i < COUNT_OF(bad); i++) {
        struct err err = {0};
        if (reads(span_str(bad[i]), &err) || strstr(err.text, "stands twice") == NULL)
            fail_msg("%s: %s", bad[i], err.text);
        assert_true(reads(span_str(good[i]), &err));
    }
}

/* One object of `members`, the last of which has the name of the member `twin` (none: its own). */
static struct span wide_object(struct arena *arena, unsigned members, unsigned twin)
{
    char *text = arena_take(arena, members * 16 + 3), *at = text;
    assert_non_null(text);
    *at++ = '{';
    for (unsigned i = 0; i < members; i++)
        at += sprintf(at, "%s\"n%u\":1", i == 0 ? "" : ",", i + 1 == members ? twin : i);
    *at++ = '}';
    return span_of(text, (size_t)(at - text));
}

static void wide_objects_are_searched_to_the_last_name(void **state)
{
    (void)state;
    static const unsigned widths[] = {2, 3, 16, 23, 24, 25, 26, 100, 5000};
    for (size_t i = 0; i < COUNT_OF(widths); i++) {
        AUTO(arena) arena = {0};
        struct err err;
        unsigned last = widths[i] - 1;
        assert_true(reads(wide_object(&arena, widths[i], last), &err));
        assert_false(reads(wide_object(&arena, widths[i], 0), &err));
        assert_false(reads(wide_object(&arena, widths[i], last / 2), &err));
        assert_false(reads(wide_object(&arena, widths[i], last - 1), &err));
    }
}

static void brackets_nest_to_the_limit_and_not_beyond(void **state)
{
    (void)state;
    for (unsigned depth = 1; depth < 40; depth++) {
        char json[100];
        for (unsigned i = 0; i < depth; i++) {
            json[i] = '[';
            json[2 * depth - 1 - i] = ']';
        }
        struct err err = {0};
        assert_int_equal(reads(span_of(json, 2 * depth), &err), depth <= DEPTH);
        assert_true(depth <= DEPTH || strstr(err.text, "more than 8 brackets deep") != NULL);
    }
    struct err err;
    AUTO(arena) arena = {0};
    struct tape tape;
    assert_true(tape_read(&tape, &arena, SPAN("{\"a\":1}"), 1, &err));
    assert_false(tape_read(&tape, &arena, SPAN("{\"a\":[]}"), 1, &err));
}

static void a_hundred_thousand_open_brackets_cost_little(void **state)
{
    (void)state;
    static char json[100000];
    memset(json, '[', sizeof json);
    AUTO(arena) arena = {0};
    struct tape tape;
    struct err err;
    assert_false(tape_read(&tape, &arena, span_of(json, sizeof json), 32, &err));
    assert_false(tape_read(&tape, &arena, span_of(json, sizeof json), 1000000, &err));
    assert_non_null(strstr(err.text, "ends too early"));
}

static void members_and_elements_come_in_order(void **state)
{
    (void)state;
    AUTO(arena) arena = {0};
    struct tape tape;
    struct err err;
    struct span json = SPAN("{\"a\":[1,\"x\\u0041\",{}],\"\\u0062\":{\"c\":null},\"d\":-1.5}");
    assert_true(tape_read(&tape, &arena, json, DEPTH, &err));
    const struct tape_item *a = tape_member(&tape, NULL, SPAN("a"));
    const struct tape_item *one = tape_first(&tape, a), *two = tape_next(&tape, a, one),
                           *three = tape_next(&tape, a, two);
    assert_true(span_eq(tape_span(&tape, a), SPAN("[1,\"x\\u0041\",{}]")));
    assert_true(span_eq(tape_span(&tape, one), SPAN("1")));
    assert_true(span_eq(tape_span(&tape, two), SPAN("xA")));
    assert_int_equal(tape_kind_of(three), TAPE_OBJECT);
    assert_null(tape_first(&tape, three));
    assert_null(tape_next(&tape, a, three));
    const struct tape_item *b = tape_member(&tape, NULL, SPAN("b"));
    assert_int_equal(tape_kind_of(tape_member(&tape, b, SPAN("c"))), TAPE_NULL);
    assert_null(tape_member(&tape, NULL, SPAN("c")));
    assert_null(tape_member(&tape, a, SPAN("1")));
    assert_true(span_eq(tape_span(&tape, tape_member(&tape, NULL, SPAN("d"))), SPAN("-1.5")));
    const struct tape_item *name = tape_first(&tape, tape.items);
    assert_true(span_eq(tape_span(&tape, name), SPAN("a")));
    assert_ptr_equal(tape_next(&tape, tape.items, name), a);
    assert_null(tape_first(&tape, one));
}

static void a_member_is_a_text_only_where_it_is_a_string(void **state)
{
    (void)state;
    AUTO(arena) arena = {0};
    struct tape tape;
    struct err err;
    assert_true(
        tape_read(&tape, &arena, SPAN("{\"a\":\"\\u0041\",\"b\":1,\"c\":null,\"d\":{\"e\":\"\"}}"), DEPTH, &err));
    const struct tape_item *d = tape_member(&tape, NULL, SPAN("d"));
    assert_true(span_eq(tape_text(&tape, NULL, SPAN("a")), SPAN("A")));
    assert_null(tape_text(&tape, NULL, SPAN("b")).at);
    assert_null(tape_text(&tape, NULL, SPAN("c")).at);
    assert_null(tape_text(&tape, NULL, SPAN("e")).at);
    assert_non_null(tape_text(&tape, d, SPAN("e")).at);
    assert_int_equal(tape_text(&tape, d, SPAN("e")).len, 0);
}

static void strings_are_unescaped(void **state)
{
    (void)state;
    AUTO(arena) arena = {0};
    struct tape tape;
    struct err err;
    struct span json =
        SPAN("\"\\\"\\\\\\/\\b\\f\\n\\r\\t\\u0000\\u007f\\u0080\\u07ff\\u0800\\uFFFF\\ud83d\\ude00 \xc3\xa4\"");
    struct span want = SPAN("\"\\/\b\f\n\r\t\0\x7f\xc2\x80\xdf\xbf\xe0\xa0\x80\xef\xbf\xbf\xf0\x9f\x98\x80 \xc3\xa4");
    assert_true(tape_read(&tape, &arena, json, DEPTH, &err));
    assert_true(span_eq(tape_span(&tape, tape.items), want));
}

static void a_copy_stands_without_its_original(void **state)
{
    (void)state;
    struct tape copy;
    void *memory;
    {
        AUTO(arena) arena = {0};
        struct tape tape;
        struct err err;
        assert_true(tape_read(&tape, &arena, SPAN("{\"a\":[1,\"x\\u0041\"],\"b\":2}"), DEPTH, &err));
        memory = malloc(tape_bytes(&tape));
        assert_non_null(memory);
        tape_copy(&tape, memory, &copy);
        memset(tape.text, 0, tape.text_len);
    }
    const struct tape_item *a = tape_member(&copy, NULL, SPAN("a"));
    assert_true(span_eq(tape_span(&copy, tape_next(&copy, a, tape_first(&copy, a))), SPAN("xA")));
    free(memory);
}

/* RFC 7519 2: a date may have a fraction.  Attacks T4-T7: one that wraps would never expire. */
static const struct {
    const char *json;
    bool is_whole;
    int64_t value;
} numbers[] = {
    {"0", true, 0},
    {"-0", true, 0},
    {"1700000000", true, 1700000000},
    {"-1", true, -1},
    {"1700000000.5", true, 1700000000},
    {"1700000000.99999999999999999999", true, 1700000000},
    {"-1.9", true, -1},
    {"0.9", true, 0},
    {"-0.0001", true, 0},
    {"1.7e9", true, 1700000000},
    {"1.7E+9", true, 1700000000},
    {"17000000000e-1", true, 1700000000},
    {"1700000000000000000000e-12", true, 1700000000},
    {"0.0000000017e18", true, 1700000000},
    {"0e999999999999999999999", true, 0},
    {"0.0e5", true, 0},
    {"1e-999999999999999999999", true, 0},
    {"9007199254740992", true, INT64_C(9007199254740992)},
    {"9007199254740993", false, 0},
    {"-9007199254740992", true, -INT64_C(9007199254740992)},
    {"-9007199254740993", false, 0},
    {"9007199254740992.9", true, INT64_C(9007199254740992)},
    {"18446744073709551616", false, 0},
    {"18446744075409551616", false, 0},
    {"1e15", true, INT64_C(1000000000000000)},
    {"1e16", false, 0},
    {"1e400", false, 0},
    {"-1e400", false, 0},
    {"1e999999999999999999999", false, 0},
    {"\"1700000000\"", false, 0},
    {"true", false, 0},
    {"null", false, 0},
    {"[1]", false, 0},
    {"{}", false, 0},
};

static void whole_numbers_are_cut_and_never_wrap(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(numbers); i++) {
        AUTO(arena) arena = {0};
        struct tape tape;
        struct err err;
        int64_t value = 0;
        assert_true(tape_read(&tape, &arena, span_str(numbers[i].json), DEPTH, &err));
        bool is_whole = tape_whole(&tape, tape.items, &value);
        if (is_whole != numbers[i].is_whole || value != numbers[i].value)
            fail_msg("%s: %d %lld", numbers[i].json, is_whole, (long long)value);
    }
}

/* Attack E17: the cost of long numbers and of many items stays in proportion. */
static void memory_is_in_proportion_to_the_text(void **state)
{
    (void)state;
    enum { BYTES = 16384 };
    static char json[BYTES];
    for (size_t i = 0; i < BYTES; i++)
        json[i] = i % 2 == 0 ? '1' : ',';
    json[0] = '[';
    json[1] = '1';
    json[BYTES - 1] = ']';
    json[BYTES - 2] = '1';
    for (size_t i = 2; i < BYTES - 2; i++)
        json[i] = i % 2 == 0 ? ',' : '1';
    json[BYTES - 2] = ' ';
    AUTO(arena) arena = {0};
    struct tape tape;
    struct err err = {0};
    assert_true(tape_read(&tape, &arena, span_of(json, BYTES), DEPTH, &err));
    assert_int_equal(tape.count, 1 + (BYTES - 2) / 2);
    assert_true(arena.bytes < 64 * BYTES);
    memset(json, '9', BYTES);
    assert_true(tape_read(&tape, &arena, span_of(json, BYTES), DEPTH, &err));
    int64_t value;
    assert_false(tape_whole(&tape, tape.items, &value));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_rfc_8259_allows_is_read),
        cmocka_unit_test(all_else_is_refused_with_its_place),
        cmocka_unit_test(special_bytes_are_seen_at_every_place_of_a_word),
        cmocka_unit_test(duplicate_names_are_refused_at_any_level_and_spelling),
        cmocka_unit_test(wide_objects_are_searched_to_the_last_name),
        cmocka_unit_test(brackets_nest_to_the_limit_and_not_beyond),
        cmocka_unit_test(a_hundred_thousand_open_brackets_cost_little),
        cmocka_unit_test(members_and_elements_come_in_order),
        cmocka_unit_test(a_member_is_a_text_only_where_it_is_a_string),
        cmocka_unit_test(strings_are_unescaped),
        cmocka_unit_test(a_copy_stands_without_its_original),
        cmocka_unit_test(whole_numbers_are_cut_and_never_wrap),
        cmocka_unit_test(memory_is_in_proportion_to_the_text),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
