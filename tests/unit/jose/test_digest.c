/* SPDX-License-Identifier: Apache-2.0 */
/* Goal: digests are the published ones.  Method: FIPS 180 and RFC 4231 examples. */
#include "jose/digest.h"
#include "unit.h"

static void sha256_is_that_of_the_published_examples(void **state)
{
    static const struct {
        const char *text, *digest;
    } cases[] = {{"", "47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU"},
                 {"abc", "ungWv48Bz-pBQUDeXa4iI7ADYaOWF3qctBD_YfIAFa0"}};
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct err err;
        char text[DIGEST_TEXT_BYTES];
        assert_true(digest_text(span_str(cases[i].text), text, &err));
        assert_string_equal(text, cases[i].digest);
    }
}

/* RFC 4231 4.3 */
static void hmac_is_that_of_the_published_example(void **state)
{
    static const unsigned char mac[DIGEST_BYTES] = {0x5b, 0xdc, 0xc1, 0x46, 0xbf, 0x60, 0x75, 0x4e, 0x6a, 0x04, 0x24,
                                                    0x26, 0x08, 0x95, 0x75, 0xc7, 0x5a, 0x00, 0x3f, 0x08, 0x9d, 0x27,
                                                    0x39, 0x83, 0x9d, 0xec, 0x58, 0xb9, 0x64, 0xec, 0x38, 0x43};
    struct err err;
    unsigned char out[DIGEST_BYTES];
    (void)state;
    assert_true(digest_mac(SPAN("Jefe"), SPAN("what do ya want for nothing?"), out, &err));
    assert_memory_equal(out, mac, sizeof mac);
}

static void texts_are_equal_as_whole_byte_strings(void **state)
{
    (void)state;
    assert_true(digest_eq(SPAN("abc"), SPAN("abc")));
    assert_true(digest_eq(SPAN(""), span_of(NULL, 0)));
    assert_false(digest_eq(SPAN("abc"), SPAN("abd")));
    assert_false(digest_eq(SPAN("abc"), SPAN("ab")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sha256_is_that_of_the_published_examples),
        cmocka_unit_test(hmac_is_that_of_the_published_example),
        cmocka_unit_test(texts_are_equal_as_whole_byte_strings),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
