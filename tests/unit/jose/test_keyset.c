/* SPDX-License-Identifier: Apache-2.0 */
/* Which keys answer for a header (RFC 7515 4.1.4, 6), and what a broken document does to a set: attacks H10-H12, K8-K10. */
#include "jose/keyset.h"

#include "outcome.h"
#include "signing.h"

#include <openssl/evp.h>

#include <stdarg.h>
#include <setjmp.h>
#include <cmocka.h>
#include <stdio.h>
#include <string.h>

static struct signer *rsa, *other_rsa, *p256;
static char *rsa_jwk, *other_jwk, *p256_jwk;

static char *jwks_of(const char *keys)
{
    char *text = malloc(strlen(keys) + 20);
    assert_non_null(text);
    sprintf(text, "{\"keys\":[%s]}", keys);
    return text;
}

static struct keyset *set_of(const char *keys)
{
    char *text = jwks_of(keys);
    struct keyset *set = keyset_of(text);
    free(text);
    return set;
}

/* RFC 7517 5. */
static void one_bad_key_does_not_spoil_the_set(void **state)
{
    (void)state;
    static const char *const broken[] = {
        "1",
        "null",
        "[]",
        "\"x\"",
        "{}",
        "{\"kty\":1}",
        "{\"kty\":\"AKP\"}",
        "{\"kty\":\"RSA\",\"n\":\"!\",\"e\":\"AQAB\"}",
        "{\"kty\":\"oct\",\"k\":\"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\",\"kid\":\"secret\"}",
    };
    for (size_t i = 0; i < COUNT_OF(broken); i++) {
        char keys[2048];
        snprintf(keys, sizeof keys, "%s,%s", broken[i], rsa_jwk);
        struct keyset *set = set_of(keys);
        assert_int_equal(set->count, 1);
        assert_int_equal(set->skipped_count, 1);
        assert_true(strlen(set->skipped[0].why) > 0);
        keyset_release(set);
    }
}

static void the_kid_of_a_skipped_key_is_kept(void **state)
{
    (void)state;
    char keys[2048];
    snprintf(keys, sizeof keys, "{\"kty\":\"oct\",\"k\":\"AAAA\",\"kid\":\"secret\"},%s", rsa_jwk);
    struct keyset *set = set_of(keys);
    assert_true(span_eq(set->skipped[0].kid, SPAN("secret")));
    keyset_release(set);
}

/* The JWK of `named`, or with NULL its kty alone, beside the certificate of `certified`. */
static char *jwk_with_certificate(const struct signer *named, const struct signer *certified)
{
    size_t len;
    char member[4096] = "\"x5c\":[\"";
    unsigned char *der = signer_certificate(certified, &len);
    size_t used = strlen(member);
    assert_true(used + len * 2 < sizeof member);
    used += (size_t)EVP_EncodeBlock((unsigned char *)member + used, der, (int)len);
    strcpy(member + used, "\"]");
    free(der);
    if (named != NULL)
        return signer_jwk(named, member);
    char *jwk = malloc(sizeof member + 64);
    assert_non_null(jwk);
    sprintf(jwk, "{\"kty\":\"RSA\",\"kid\":\"alone\",%s}", member);
    return jwk;
}

/* RFC 7517 4.7: the key in the certificate is the one beside it, or the only one. */
static void a_key_whose_certificate_holds_another_is_skipped(void **state)
{
    (void)state;
    char keys[16384];
    char *agreeing = jwk_with_certificate(rsa, rsa), *alone = jwk_with_certificate(NULL, rsa);
    char *disagreeing = jwk_with_certificate(other_rsa, rsa), *of_other_kind = jwk_with_certificate(p256, rsa);
    snprintf(keys, sizeof keys, "%s,%s,%s,%s", disagreeing, agreeing, of_other_kind, alone);
    struct keyset *set = set_of(keys);
    assert_int_equal(set->count, 2);
    assert_string_equal(set->keys[0]->thumbprint, set->keys[1]->thumbprint);
    assert_true(span_eq(set->keys[1]->kid, SPAN("alone")));
    assert_int_equal(set->skipped_count, 2);
    for (size_t i = 0; i < set->skipped_count; i++)
        assert_non_null(strstr(set->skipped[i].why, "x5c names another key"));
    keyset_release(set);
    char *const texts[] = {agreeing, alone, disagreeing, of_other_kind};
    for (size_t i = 0; i < COUNT_OF(texts); i++)
        free(texts[i]);
}

static void a_document_without_a_usable_key_is_refused(void **state)
{
    (void)state;
    static const struct {
        const char *json, *text;
    } documents[] = {
        {"{}", "without an array"},
        {"{\"keys\":{}}", "without an array"},
        {"{\"keys\":\"\"}", "without an array"},
        {"{\"Keys\":[]}", "without an array"},
        {"{\"keys\":[]}", "without keys"},
        {"{\"keys\":[{\"kty\":\"oct\",\"k\":\"AAAA\"},1]}", "none of 2 keys is usable; the first: kty oct"},
    };
    for (size_t i = 0; i < COUNT_OF(documents); i++) {
        struct err err = {0};
        AUTO_PTR(jsondoc) doc = jsondoc_read(span_str(documents[i].json), 8, &err);
        struct keyset *set = keyset_new(SPAN(""), 0);
        assert_false(keyset_add_jwks(set, jsondoc_root(doc), &err));
        assert_int_equal(err.reason, REASON_DOCUMENT_INVALID);
        assert_non_null(strstr(err.text, documents[i].text));
        keyset_release(set);
    }
}

static void a_set_holds_a_thousand_keys_and_no_more(void **state)
{
    (void)state;
    struct err err;
    size_t each = strlen(p256_jwk) + 1;
    char *keys = malloc(each * (KEYSET_KEYS_MAX + 5) + 1), *at = keys;
    for (size_t i = 0; i < KEYSET_KEYS_MAX + 5; i++)
        at += sprintf(at, "%s%s", i == 0 ? "" : ",", p256_jwk);
    struct keyset *set = set_of(keys);
    free(keys);
    assert_int_equal(set->count, KEYSET_KEYS_MAX);
    AUTO_PTR(key) key = key_of(p256_jwk, &err);
    assert_false(keyset_add(set, key, &err));
    keyset_release(set);
}

static void sets_differ_by_id_and_live_as_long_as_somebody_holds_them(void **state)
{
    (void)state;
    struct keyset *a = keyset_new(SPAN("https://a"), 7), *b = keyset_new(SPAN("https://a"), 7);
    assert_true(a->id != 0 && b->id != 0 && a->id != b->id);
    assert_true(span_eq(a->issuer, SPAN("https://a")));
    assert_int_equal(a->fetched_at_s, 7);
    assert_ptr_equal(keyset_take(a), a);
    keyset_release(a);
    assert_true(span_eq(a->issuer, SPAN("https://a")));
    keyset_release(a);
    keyset_release(b);
    keyset_release(NULL);
}

/* --- candidates --- */

/* Keys, header, and the match; `found` has the place of each candidate, as digits. */
static const struct {
    const char *kid, *x5t;
    enum alg alg;
    enum keyset_match match;
    const char *found;
} cases[] = {
    {"rsa", "", ALG_RS256, KEYSET_NAMED, "0"},
    {"rsa", "", ALG_PS512, KEYSET_NAMED, "0"},
    {"p256", "", ALG_ES256, KEYSET_NAMED, "2"},
    {"rsa", "", ALG_ES256, KEYSET_UNFIT, ""},
    {"p256", "", ALG_RS256, KEYSET_UNFIT, ""},
    {"p256", "", ALG_ES384, KEYSET_UNFIT, ""},
    {"rsa", "", ALG_HS256, KEYSET_UNFIT, ""},
    {"rsa", "", ALG_UNKNOWN, KEYSET_UNFIT, ""},
    {"", "", ALG_RS256, KEYSET_NO_KID, "01"},
    {"", "", ALG_RS512, KEYSET_NO_KID, "0"},
    {"", "", ALG_ES256, KEYSET_NO_KID, "2"},
    {"", "", ALG_EDDSA, KEYSET_NO_KID, ""},
    {"", "", ALG_UNKNOWN, KEYSET_NO_KID, ""},
    {"RSA", "", ALG_RS256, KEYSET_UNKNOWN_KID, "01"},
    {"rsa ", "", ALG_RS256, KEYSET_UNKNOWN_KID, "01"},
    {"rs", "", ALG_RS256, KEYSET_UNKNOWN_KID, "01"},
    {"*", "", ALG_ES256, KEYSET_UNKNOWN_KID, "2"},
    {"other", "thumb", ALG_RS256, KEYSET_NAMED, "1"},
    {"unknown", "thumb", ALG_RS256, KEYSET_NAMED, "1"},
    {"", "thumb", ALG_RS256, KEYSET_NAMED, "1"},
    {"", "thumb", ALG_RS384, KEYSET_UNFIT, ""},
    {"", "Thumb", ALG_RS256, KEYSET_UNKNOWN_KID, "01"},
    {"rsa", "thumb", ALG_RS256, KEYSET_NAMED, "0"},
};

static struct keyset *three_keys(void)
{
    char keys[4096];
    snprintf(keys, sizeof keys, "%s,%s,%s", rsa_jwk, other_jwk, p256_jwk);
    return set_of(keys);
}

static size_t place_of(const struct keyset *set, const struct key *key)
{
    size_t i = 0;
    while (set->keys[i] != key)
        i++;
    return i;
}

static void a_named_key_answers_alone_else_every_fitting_one(void **state)
{
    (void)state;
    struct keyset *set = three_keys();
    assert_int_equal(set->count, 3);
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct token token = {.alg = cases[i].alg, .kid = span_str(cases[i].kid), .x5t = span_str(cases[i].x5t)};
        struct keyset_candidate out[KEYSET_TRIES_MAX];
        enum keyset_match match;
        const struct keyset *sets[] = {set};
        char found[KEYSET_TRIES_MAX + 1] = "";
        size_t count = keyset_candidates(sets, 1, &token, out, &match);
        for (size_t k = 0; k < count; k++)
            found[k] = (char)('0' + place_of(set, out[k].key));
        if (match != cases[i].match || strcmp(found, cases[i].found) != 0)
            fail_msg("%zu: match %d, found %s", i, (int)match, found);
    }
    keyset_release(set);
}

/* Attack K9: two keys with one kid. */
static void of_keys_with_one_kid_those_that_fit_answer(void **state)
{
    (void)state;
    char keys[4096], *twin = strdup(p256_jwk);
    char *kid = strstr(twin, "\"kid\":\"p256\"");
    memcpy(kid, "\"kid\":\"rsa\" ", 12);
    snprintf(keys, sizeof keys, "%s,%s,%s", twin, rsa_jwk, rsa_jwk);
    struct keyset *set = set_of(keys);
    const struct keyset *sets[] = {set};
    struct keyset_candidate out[KEYSET_TRIES_MAX];
    enum keyset_match match;
    struct token token = {.alg = ALG_RS256, .kid = SPAN("rsa")};
    assert_int_equal(keyset_candidates(sets, 1, &token, out, &match), 2);
    assert_int_equal(match, KEYSET_NAMED);
    assert_ptr_equal(out[0].key, set->keys[1]);
    free(twin);
    keyset_release(set);
}

static void sets_are_looked_through_in_order_and_holes_passed_over(void **state)
{
    (void)state;
    struct keyset *first = set_of(p256_jwk), *second = set_of(rsa_jwk), *third = three_keys();
    const struct keyset *sets[] = {NULL, first, second, NULL, third};
    struct keyset_candidate out[KEYSET_TRIES_MAX];
    enum keyset_match match;
    struct token token = {.alg = ALG_RS256, .kid = SPAN("rsa")};
    assert_int_equal(keyset_candidates(sets, COUNT_OF(sets), &token, out, &match), 2);
    assert_int_equal(out[0].set, 2);
    assert_int_equal(out[1].set, 4);
    assert_int_equal(keyset_candidates(sets, 1, &token, out, &match), 0);
    assert_int_equal(match, KEYSET_UNKNOWN_KID);
    keyset_release(first);
    keyset_release(second);
    keyset_release(third);
}

static void the_same_key_is_found_in_another_set_for_its_algorithms(void **state)
{
    (void)state;
    struct keyset *set = set_of(rsa_jwk), *wider = three_keys();
    assert_ptr_equal(keyset_same(set, wider->keys[0], ALG_RS256), set->keys[0]);
    assert_null(keyset_same(set, wider->keys[0], ALG_ES256));
    assert_null(keyset_same(set, wider->keys[1], ALG_RS256));
    assert_ptr_equal(keyset_same(wider, wider->keys[1], ALG_RS256), wider->keys[1]);
    keyset_release(set);
    keyset_release(wider);
}

static void a_key_is_the_same_only_under_its_kid(void **state)
{
    (void)state;
    struct err err;
    struct keyset *set = set_of(rsa_jwk);
    char *renamed_jwk = strdup(rsa_jwk);
    memcpy(strstr(renamed_jwk, "\"kid\":\"rsa\""), "\"kid\":\"rsb\"", 11);
    AUTO_PTR(key) renamed = key_of(renamed_jwk, &err);
    assert_ptr_equal(keyset_same(set, set->keys[0], ALG_RS256), set->keys[0]);
    assert_string_equal(renamed->thumbprint, set->keys[0]->thumbprint);
    assert_null(keyset_same(set, renamed, ALG_RS256));
    free(renamed_jwk);
    keyset_release(set);
}

static void only_16_keys_are_tried(void **state)
{
    (void)state;
    char keys[16384] = "";
    for (size_t i = 0; i < KEYSET_TRIES_MAX + 4; i++) {
        strcat(keys, i == 0 ? "" : ",");
        strcat(keys, p256_jwk);
    }
    struct keyset *set = set_of(keys);
    const struct keyset *sets[] = {set, set};
    struct keyset_candidate out[KEYSET_TRIES_MAX];
    enum keyset_match match;
    struct token token = {.alg = ALG_ES256};
    assert_int_equal(keyset_candidates(sets, 2, &token, out, &match), KEYSET_TRIES_MAX);
    keyset_release(set);
}

static void kids_of_certificates_are_compared_without_letter_case(void **state)
{
    (void)state;
    size_t len;
    struct err err;
    unsigned char *der = signer_certificate(rsa, &len);
    struct keyset *set = keyset_new(SPAN(""), 0);
    struct key *key = key_from_certificate(span_of(der, len), SPAN("AbC"), &err);
    assert_true(keyset_add(set, key, &err));
    const struct keyset *sets[] = {set};
    struct keyset_candidate out[KEYSET_TRIES_MAX];
    enum keyset_match match;
    struct token token = {.alg = ALG_RS256, .kid = SPAN("aBc")};
    assert_int_equal(keyset_candidates(sets, 1, &token, out, &match), 1);
    assert_int_equal(match, KEYSET_NAMED);
    struct token by_hash = {.alg = ALG_RS256, .kid = SPAN("x"), .x5t = key->x5t};
    assert_int_equal(keyset_candidates(sets, 1, &by_hash, out, &match), 1);
    assert_int_equal(match, KEYSET_NAMED);
    free(der);
    keyset_release(set);
}

static int make_keys(void **state)
{
    (void)state;
    rsa = signer_new(SIGNER_RSA2048, "rsa");
    other_rsa = signer_new(SIGNER_RSA2048, "other");
    p256 = signer_new(SIGNER_P256, "p256");
    rsa_jwk = signer_jwk(rsa, NULL);
    other_jwk = signer_jwk(other_rsa, "\"x5t\":\"thumb\",\"alg\":\"RS256\"");
    p256_jwk = signer_jwk(p256, "\"use\":\"sig\"");
    return 0;
}

static int free_keys(void **state)
{
    (void)state;
    signer_free(rsa);
    signer_free(other_rsa);
    signer_free(p256);
    free(rsa_jwk);
    free(other_jwk);
    free(p256_jwk);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_bad_key_does_not_spoil_the_set),
        cmocka_unit_test(the_kid_of_a_skipped_key_is_kept),
        cmocka_unit_test(a_key_whose_certificate_holds_another_is_skipped),
        cmocka_unit_test(a_document_without_a_usable_key_is_refused),
        cmocka_unit_test(a_set_holds_a_thousand_keys_and_no_more),
        cmocka_unit_test(sets_differ_by_id_and_live_as_long_as_somebody_holds_them),
        cmocka_unit_test(a_named_key_answers_alone_else_every_fitting_one),
        cmocka_unit_test(of_keys_with_one_kid_those_that_fit_answer),
        cmocka_unit_test(sets_are_looked_through_in_order_and_holes_passed_over),
        cmocka_unit_test(the_same_key_is_found_in_another_set_for_its_algorithms),
        cmocka_unit_test(a_key_is_the_same_only_under_its_kid),
        cmocka_unit_test(only_16_keys_are_tried),
        cmocka_unit_test(kids_of_certificates_are_compared_without_letter_case),
    };
    return cmocka_run_group_tests(tests, make_keys, free_keys);
}
