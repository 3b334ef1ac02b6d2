/* SPDX-License-Identifier: Apache-2.0 */
/* Base64url has one spelling for one byte string, and everything else is refused (RFC 7515 2, RFC 4648 5). */
#include "jose/b64url.h"

#include <stdarg.h>
#include <setjmp.h>
#include <cmocka.h>
#include <stdio.h>

static const struct {
    struct span bytes;
    const char *text;
} pairs[] = {
    {SPAN_INIT(""), ""},
    {SPAN_INIT("f"), "Zg"},
    {SPAN_INIT("fo"), "Zm8"},
    {SPAN_INIT("foo"), "Zm9v"},
    {SPAN_INIT("foob"), "Zm9vYg"},
    {SPAN_INIT("fooba"), "Zm9vYmE"},
    {SPAN_INIT("foobar"), "Zm9vYmFy"},
    {SPAN_INIT("\xfb\xff\xfe"), "-__-"},
    {SPAN_INIT("\x03\xec\xff\xe0\xc1"), "A-z_4ME"}, /* RFC 7515 C */
    {SPAN_INIT("\0\0"), "AAA"},
};

static void encoding_and_decoding_are_inverse(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(pairs); i++) {
        struct err err;
        unsigned char out[32];
        char text[32];
        size_t len;
        assert_true(b64url_decode(span_str(pairs[i].text), out, &len, &err));
        assert_true(span_eq(span_of(out, len), pairs[i].bytes));
        assert_int_equal(b64url_encode(pairs[i].bytes.at, pairs[i].bytes.len, text), strlen(pairs[i].text));
        assert_string_equal(text, pairs[i].text);
        assert_int_equal(b64url_chars(pairs[i].bytes.len), strlen(pairs[i].text));
    }
}

static void every_byte_survives_the_round(void **state)
{
    (void)state;
    unsigned char bytes[256], out[400];
    char text[400];
    for (unsigned i = 0; i < sizeof bytes; i++)
        bytes[i] = (unsigned char)i;
    for (size_t count = 0; count <= sizeof bytes; count++) {
        size_t len, chars = b64url_encode(bytes, count, text);
        struct err err;
        assert_true(b64url_decode(span_of(text, chars), out, &len, &err));
        assert_true(span_eq(span_of(out, len), span_of(bytes, count)));
    }
}

/* Attacks E3-E7: each beside a spelling that passes. */
static const struct {
    const char *good;
    struct span bad;
    const char *text;
} refusals[] = {
    {"Zg", SPAN_INIT("Zg=="), "character 3"},
    {"Zm8", SPAN_INIT("Zm8="), "character 4"},
    {"Zm9v", SPAN_INIT("Zm9v="), "character 5"},
    {"-__-", SPAN_INIT("+__-"), "character 1"},
    {"-__-", SPAN_INIT("-_/-"), "character 3"},
    {"Zm9vYmFy", SPAN_INIT("Zm9v Ym8"), "character 5"},
    {"Zm9vYmFy", SPAN_INIT("Zm9vYmFy\n"), "character 9"},
    {"Zm9vYmFy", SPAN_INIT("Zm9vYmF\0"), "character 8"},
    {"Zm9vYmFy", SPAN_INIT("Zm9v%2E"), "character 5"},
    {"Zm9vYmFy", SPAN_INIT("Zm9vYm\xc3\xa4"), "character 7"},
    {"Zg", SPAN_INIT("Zh"), "unused bits of character 2"},
    {"Zm8", SPAN_INIT("Zm9"), "unused bits of character 3"},
    {"Zm9vYg", SPAN_INIT("Zm9vYh"), "unused bits of character 6"},
    {"Zm9v", SPAN_INIT("Zm9vY"), "5 characters cannot be whole bytes"},
    {"Zg", SPAN_INIT("Z"), "1 characters cannot be whole bytes"},
};

static void any_other_spelling_is_refused(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(refusals); i++) {
        unsigned char out[32];
        size_t len;
        struct err err;
        assert_true(b64url_decode(span_str(refusals[i].good), out, &len, &err));
        assert_true(b64url_check(span_str(refusals[i].good), &err));
        assert_false(b64url_decode(refusals[i].bad, out, &len, &err));
        assert_int_equal(err.reason, REASON_JWT_INVALID);
        assert_non_null(strstr(err.text, refusals[i].text));
        assert_false(b64url_check(refusals[i].bad, &err));
        assert_non_null(strstr(err.text, refusals[i].text));
    }
}

static void of_each_two_bytes_one_last_character_in_four_is_taken(void **state)
{
    (void)state;
    unsigned taken = 0;
    for (int c = 0; c < 256; c++) {
        char text[3] = {'A', 'A', (char)c};
        unsigned char out[8];
        size_t len;
        struct err err;
        taken += b64url_decode(span_of(text, sizeof text), out, &len, &err);
    }
    assert_int_equal(taken, 16);
}

static void decoded_bytes_in_an_arena_end_in_a_nul(void **state)
{
    (void)state;
    AUTO(arena) arena = {0};
    struct err err;
    struct span bytes;
    assert_true(b64url_decode_arena(&arena, SPAN("Zm9v"), &bytes, &err));
    assert_true(span_eq(bytes, SPAN("foo")));
    assert_int_equal(bytes.at[bytes.len], '\0');
    assert_false(b64url_decode_arena(&arena, SPAN("Zm9v."), &bytes, &err));
}

static void lenient_decoding_takes_both_alphabets_padding_and_white_space(void **state)
{
    (void)state;
    static const char *const same[] = {"-__-Zg", "+//+Zg==", "+//+\r\n Zg==\n", "-__-Zg=="};
    for (size_t i = 0; i < COUNT_OF(same); i++) {
        unsigned char *bytes;
        size_t len;
        struct err err;
        assert_true(b64_decode_lenient(span_str(same[i]), &bytes, &len, &err));
        assert_true(span_eq(span_of(bytes, len), SPAN("\xfb\xff\xfe\x66")));
        free(bytes);
    }
}

static void lenient_decoding_is_strict_in_all_else(void **state)
{
    (void)state;
    static const char *const bad[] = {"Zg=", "Zg===", "Zg==Zg==", "=Zg=", "Zm9v====", "Zh==", "Zm9vY", "Z!==", "Zm9v="};
    for (size_t i = 0; i < COUNT_OF(bad); i++) {
        unsigned char *bytes = NULL;
        size_t len;
        struct err err;
        assert_false(b64_decode_lenient(span_str(bad[i]), &bytes, &len, &err));
        assert_null(bytes);
    }
}

static void a_text_is_of_the_bytes_that_it_encodes_and_of_no_others(void **state)
{
    enum { BYTES = 300 };
    unsigned char bytes[BYTES];
    char text[BYTES * 2];
    (void)state;
    for (size_t i = 0; i < BYTES; i++)
        bytes[i] = (unsigned char)(i * 167 + i / 7);
    for (size_t len = 0; len <= BYTES; len++) {
        struct span of = span_of((const char *)bytes, len);
        size_t chars = b64url_encode(bytes, len, text);
        assert_true(b64url_is_of(span_of(text, chars), of));
        assert_false(b64url_is_of(span_of(text, chars + 1), of));
        if (len == 0)
            continue;
        assert_false(b64url_is_of(span_of(text, chars - 1), of));
        size_t at = len * 31 % chars;
        for (unsigned bit = 0; bit < 8; bit++) {
            text[at] = (char)(text[at] ^ 1 << bit);
            assert_false(b64url_is_of(span_of(text, chars), of));
            text[at] = (char)(text[at] ^ 1 << bit);
        }
    }
}

/* Each place of a block and each value: the vector code is the encoder. */
static void each_byte_in_each_place_is_written_as_by_the_encoder(void **state)
{
    enum { BYTES = 28 };
    unsigned char bytes[BYTES] = {0};
    char text[BYTES * 2];
    (void)state;
    for (size_t at = 0; at < BYTES; at++)
        for (unsigned value = 0; value < 256; value++) {
            bytes[at] = (unsigned char)value;
            size_t chars = b64url_encode(bytes, BYTES, text);
            assert_true(b64url_is_of(span_of(text, chars), span_of((const char *)bytes, BYTES)));
            bytes[at] ^= 1;
            assert_false(b64url_is_of(span_of(text, chars), span_of((const char *)bytes, BYTES)));
            bytes[at] = (unsigned char)(at * 83);
        }
}

/* RFC 4648 10, and the two characters in which the alphabets differ. */
static void the_standard_alphabet_is_written_with_its_padding(void **state)
{
    static const struct {
        const char *bytes, *text;
    } cases[] = {
        {"", ""}, {"f", "Zg=="}, {"fo", "Zm8="}, {"foo", "Zm9v"}, {"foob", "Zm9vYg=="}, {"\xfb\xff\xbe", "+/++"},
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        char text[16];
        size_t len = strlen(cases[i].bytes);
        assert_int_equal(b64url_encode_standard(cases[i].bytes, len, text), b64url_standard_chars(len));
        assert_string_equal(text, cases[i].text);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_standard_alphabet_is_written_with_its_padding),
        cmocka_unit_test(encoding_and_decoding_are_inverse),
        cmocka_unit_test(every_byte_survives_the_round),
        cmocka_unit_test(any_other_spelling_is_refused),
        cmocka_unit_test(of_each_two_bytes_one_last_character_in_four_is_taken),
        cmocka_unit_test(decoded_bytes_in_an_arena_end_in_a_nul),
        cmocka_unit_test(lenient_decoding_takes_both_alphabets_padding_and_white_space),
        cmocka_unit_test(lenient_decoding_is_strict_in_all_else),
        cmocka_unit_test(a_text_is_of_the_bytes_that_it_encodes_and_of_no_others),
        cmocka_unit_test(each_byte_in_each_place_is_written_as_by_the_encoder),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
