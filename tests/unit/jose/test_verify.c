/* SPDX-License-Identifier: Apache-2.0 */
/* Signatures: published examples, own ones of every algorithm, and each way to spoil one (attacks S1-S10, C7, C13). */
#include "jose/verify.h"

#include "outcome.h"
#include "signing.h"

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/evp.h>

#include <stdarg.h>
#include <setjmp.h>
#include <cmocka.h>
#include <stdio.h>
#include <string.h>

static const struct span message = SPAN_INIT("eyJhbGciOiJ4In0.e30");

/* --- published examples --- */

static void rfc_7515_a_1_verifies(void **state)
{
    (void)state;
    static const unsigned char secret[64] = {
        3,   35, 53,  75, 43,  15,  165, 188, 131, 126, 6,   101, 119, 123, 166, 143, 90,  179, 40,  230, 240, 84,
        201, 40, 169, 15, 132, 178, 210, 80,  46,  191, 211, 251, 90,  146, 210, 6,   71,  239, 150, 138, 180, 195,
        119, 98, 61,  34, 61,  46,  33,  114, 5,   46,  79,  8,   192, 205, 154, 245, 103, 208, 128, 163};
    struct err err;
    struct keyset *set = keyset_new(SPAN(""), 0);
    struct key *key = key_from_secret(span_of(secret, sizeof secret), SPAN(""), &err);
    assert_true(keyset_add(set, key, &err));
    struct span token =
        SPAN("eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9."
             "eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ."
             "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk");
    assert_int_equal(outcome_of(set, token, true), ACCEPTED);
    assert_int_equal(outcome_of(set, span_cut(token, token.len - 1), true), BAD_FORM);
    keyset_release(set);
}

/* RFC 7515 A.2, A.3, A.4 and RFC 8037 A.4. */
static const struct {
    const char *jwk, *token;
    bool is_json;
} examples[] = {
    {"{\"kty\":\"RSA\",\"n\":\"ofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd_wWJcyQoTbji9k0l8W26mPddxHmfHQp-Vaw-"
     "4qPCJrcS2mJPMEzP1Pt0Bm"
     "4d4QlL-yRT-SFd2lZS-pCgNMsD1W_YpRPEwOWvG6b32690r2jZ47soMZo9wGzjb_7OMg0LOL-bSf63kpaSHSXndS5z5rexMdbBYUsLA9e-"
     "KXBdQOS-U"
     "To7WTBEMa2R2CapHg665xsmtdVMTBQY4uDZlxvb3qCo5ZwKh9kG4LT6_I5IhlJH7aGhyxXFvUK-DWNmoudF8NAco9_"
     "h9iaGNj8q2ethFkMLs91kzk2PAc"
     "DTW9gb54h4FRWyuXpoQ\",\"e\":\"AQAB\"}",
     "eyJhbGciOiJSUzI1NiJ9."
     "eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ."
     "cC4hiUPoj9Eetdgtv3hF80EGrhuB__dzERat0XF9g2VtQgr9PJbu3XOiZj5RZmh7AAuHIm4Bh-0Qc_lF5YKt_"
     "O8W2Fp5jujGbds9uJdbF9CUAr7t1dnZc"
     "AcQjbKBYNX4BAynRFdiuB--f_nZLgrnbyTyWzO75vRK5h6xBArLIARNPvkSjtQBMHlb1L07Qe7K0GarZRmB_eSN9383LcOLn6_dO--"
     "xi12jzDwusC-eOk"
     "HWEsqtFZESc6BfI7noOPqvhJ1phCnvWh6IeYI2w9QOYEUipUTI8np6LbgGY9Fs98rqVt5AXLIhWkWywlVmtVrBp0igcN_IoypGlUPQGe77Rw",
     true},
    {"{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU\",\"y\":\"x_FEzRu9m36HLN_"
     "tue659L"
     "NpXW6pCyStikYjKIWI5a0\"}",
     "eyJhbGciOiJFUzI1NiJ9."
     "eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ."
     "DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q",
     true},
    {"{\"kty\":\"EC\",\"crv\":\"P-521\",\"x\":\"AekpBQ8ST8a8VcfVOTNl353vSrDCLLJXmPk06wTjxrrjcBpXp5EOnYG_"
     "NjFZ6OvLFV1jSfS9tsz4"
     "qUxcWceqwQGk\",\"y\":\"ADSmRA43Z1DSNx_RvcLI87cdL07l6jQyyBXMoxVg_l2Th-"
     "x3S1WDhjDly79ajL4Kkd0AZMaZmh9ubmf63e3kyMj2\"}",
     "eyJhbGciOiJFUzUxMiJ9.UGF5bG9hZA.AdwMgeerwtHoh-l192l60hp9wAHZFVJbLfD_UxMi70cwnZOYaRI1bKPWROc-mZZqwqT2SI-"
     "KGDKB34XO0aw_7"
     "XdtAG8GaSwFKdCAPZgoXD2YBJZCPEX3xKpRwcdOO8KpEHwJjyqOgzDO7iKvU8vcnwNrmxYbSW9ERBXukOXolLzeO_Jn",
     false},
    {"{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":\"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo\"}",
     "eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc."
     "hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg",
     false},
};

static void published_examples_verify_and_no_byte_of_them_may_change(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(examples); i++) {
        char jwks[2048];
        snprintf(jwks, sizeof jwks, "{\"keys\":[%s]}", examples[i].jwk);
        struct keyset *set = keyset_of(jwks);
        char *token = strdup(examples[i].token);
        assert_int_equal(outcome_of(set, span_str(token), examples[i].is_json), ACCEPTED);
        char *changed = strchr(token, '.') + 3;
        *changed = *changed == 'A' ? 'B' : 'A';
        assert_int_equal(outcome_of(set, span_str(token), false), BAD_SIGNATURE);
        free(token);
        keyset_release(set);
    }
}

/* --- own signatures --- */

static struct signer *signers[7];
static struct keyset *set; /* the keys of the signers, in their order */
static struct verifier *verifier;

static bool checks(const struct key *key, enum alg alg, struct span signature)
{
    struct err err = {0};
    bool is_good = verifier_check(verifier, key, alg, message, signature, &err);
    assert_true(is_good || err.reason == REASON_SIGNATURE_INVALID);
    assert_int_equal(ERR_peek_error(), 0);
    return is_good;
}

static void each_algorithm_verifies_again_and_again_also_after_failures(void **state)
{
    (void)state;
    for (unsigned a = ALG_UNKNOWN + 1; a < ALG_COUNT; a++)
        for (size_t k = 0; k < set->count; k++) {
            enum alg alg = (enum alg)a;
            const struct key *key = set->keys[k];
            unsigned char signature[SIGNER_BYTES_MAX] = {0};
            if (!alg_set_has(key->algs, alg)) {
                assert_false(checks(key, alg, span_of(signature, 64)));
                continue;
            }
            for (int round = 0; round < 3; round++) {
                size_t len = signer_sign(signers[k], alg, message, signature);
                assert_true(checks(key, alg, span_of(signature, len)));
                signature[len / 3] ^= 1;
                assert_false(checks(key, alg, span_of(signature, len)));
                signature[len / 3] ^= 1;
                assert_true(checks(key, alg, span_of(signature, len)));
                assert_false(checks(key, alg, span_of(signature, len - 1)));
                signature[len] = 0;
                assert_false(checks(key, alg, span_of(signature, len + 1)));
                assert_false(checks(key, alg, (struct span){NULL, 0}));
            }
        }
}

static void each_bit_of_a_signature_counts(void **state)
{
    (void)state;
    static const enum alg algs[] = {ALG_ES256, ALG_EDDSA, ALG_HS512, ALG_ED25519, ALG_ED448};
    static const size_t keys[] = {1, 4, 5, 4, 6};
    for (size_t i = 0; i < COUNT_OF(algs); i++) {
        unsigned char signature[SIGNER_BYTES_MAX];
        size_t len = signer_sign(signers[keys[i]], algs[i], message, signature);
        for (size_t bit = 0; bit < len * 8; bit++) {
            signature[bit / 8] ^= (unsigned char)(1u << bit % 8);
            assert_false(checks(set->keys[keys[i]], algs[i], span_of(signature, len)));
            signature[bit / 8] ^= (unsigned char)(1u << bit % 8);
        }
        assert_true(checks(set->keys[keys[i]], algs[i], span_of(signature, len)));
    }
}

/* Attacks C7, C8: a signature made by one algorithm is none of another, and RSA keys serve six. */
static void a_signature_fits_its_own_algorithm_alone(void **state)
{
    (void)state;
    for (unsigned made = ALG_RS256; made <= ALG_PS512; made++) {
        unsigned char signature[SIGNER_BYTES_MAX];
        size_t len = signer_sign(signers[0], (enum alg)made, message, signature);
        for (unsigned asked = ALG_RS256; asked <= ALG_PS512; asked++)
            assert_int_equal(checks(set->keys[0], (enum alg)asked, span_of(signature, len)), made == asked);
    }
}

/* Attack C13: RFC 7518 3.5 fixes the salt's length. */
static void a_pss_salt_is_as_long_as_the_digest(void **state)
{
    (void)state;
    static const int salts[] = {0, 20, 31, 32, 33, 64};
    for (size_t i = 0; i < COUNT_OF(salts); i++) {
        unsigned char signature[SIGNER_BYTES_MAX];
        signers[0]->pss_salt_bytes = salts[i];
        size_t len = signer_sign(signers[0], ALG_PS256, message, signature);
        assert_int_equal(checks(set->keys[0], ALG_PS256, span_of(signature, len)), salts[i] == 32);
    }
    signers[0]->pss_salt_bytes = -1;
}

static void add_to_half(unsigned char *number, size_t len, const unsigned char *add)
{
    unsigned carry = 0;
    for (size_t i = len; i-- > 0;) {
        carry += (unsigned)number[i] + add[i];
        number[i] = (unsigned char)carry;
        carry >>= 8;
    }
}

/* Attacks S3, S4: r and s lie in 1..n-1. */
static void degenerate_ecdsa_values_are_refused(void **state)
{
    (void)state;
    static const unsigned char n[32] = {0xff, 0xff, 0xff, 0xff, 0x00, 0x00, 0x00, 0x00, 0xff, 0xff, 0xff,
                                        0xff, 0xff, 0xff, 0xff, 0xff, 0xbc, 0xe6, 0xfa, 0xad, 0xa7, 0x17,
                                        0x9e, 0x84, 0xf3, 0xb9, 0xca, 0xc2, 0xfc, 0x63, 0x25, 0x51};
    unsigned char good[SIGNER_BYTES_MAX], zero[32] = {0}, one[32] = {0}, above[32], ones[32];
    one[31] = 1;
    memset(ones, 0xff, sizeof ones);
    memcpy(above, n, sizeof above);
    above[31]++;
    const unsigned char *const values[] = {zero, one, n, above, ones};
    size_t len = signer_sign(signers[1], ALG_ES256, message, good);
    assert_true(checks(set->keys[1], ALG_ES256, span_of(good, len)));
    for (size_t i = 0; i < COUNT_OF(values); i++)
        for (size_t k = 0; k <= COUNT_OF(values); k++) {
            unsigned char bad[64];
            memcpy(bad, good, sizeof bad);
            memcpy(bad, values[i], 32);
            if (k < COUNT_OF(values))
                memcpy(bad + 32, values[k], 32);
            assert_false(checks(set->keys[1], ALG_ES256, span_of(bad, sizeof bad)));
            memcpy(bad, good, 32);
            assert_false(k < COUNT_OF(values) && checks(set->keys[1], ALG_ES256, span_of(bad, sizeof bad)));
        }
}

/* RFC 7518 3.4; attacks S5, S6. */
static void ecdsa_in_other_lengths_and_der_is_refused(void **state)
{
    (void)state;
    unsigned char der[SIGNER_BYTES_MAX], good[SIGNER_BYTES_MAX], wide[66] = {0};
    size_t len = sizeof der;
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    assert_true(EVP_DigestSignInit_ex(ctx, NULL, "SHA256", NULL, NULL, signers[1]->pkey, NULL) == 1);
    assert_true(EVP_DigestSign(ctx, der, &len, (const unsigned char *)message.at, message.len) == 1);
    EVP_MD_CTX_free(ctx);
    assert_false(checks(set->keys[1], ALG_ES256, span_of(der, len)));
    signer_sign(signers[1], ALG_ES256, message, good);
    memcpy(wide + 1, good, 32);
    memcpy(wide + 34, good + 32, 32);
    assert_false(checks(set->keys[1], ALG_ES256, span_of(wide, sizeof wide)));
    assert_true(checks(set->keys[1], ALG_ES256, span_of(good, 64)));
}

/* Attack S7: signature + n is the same number to RSA, if the range is not looked at. */
static void an_rsa_signature_is_below_the_modulus(void **state)
{
    (void)state;
    unsigned char signature[SIGNER_BYTES_MAX] = {0}, shifted[1 + SIGNER_BYTES_MAX] = {0};
    BIGNUM *n = NULL, *s;
    int fitting = 0;
    assert_true(EVP_PKEY_get_bn_param(signers[0]->pkey, OSSL_PKEY_PARAM_RSA_N, &n) == 1);
    for (unsigned i = 0; i < 64 && fitting == 0; i++) {
        char text[16];
        struct err err;
        struct span input = span_of(text, (size_t)snprintf(text, sizeof text, "%u", i));
        size_t len = signer_sign(signers[0], ALG_RS256, input, signature);
        assert_true(verifier_check(verifier, set->keys[0], ALG_RS256, input, span_of(signature, len), &err));
        s = BN_bin2bn(signature, (int)len, NULL);
        assert_true(BN_add(s, s, n) == 1);
        if (BN_num_bytes(s) == 256) {
            assert_int_equal(BN_bn2bin(s, shifted), 256);
            assert_false(verifier_check(verifier, set->keys[0], ALG_RS256, input, span_of(shifted, 256), &err));
            fitting++;
        }
        BN_free(s);
    }
    memset(shifted, 0, sizeof shifted);
    signer_sign(signers[0], ALG_RS256, message, shifted + 1);
    assert_true(checks(set->keys[0], ALG_RS256, span_of(shifted + 1, 256)));
    assert_false(checks(set->keys[0], ALG_RS256, span_of(shifted, 257)));
    BN_free(n);
}

/* Attack S9, S10: S + L, and the signature of zeros. */
static void ed25519_signatures_are_not_malleable(void **state)
{
    (void)state;
    static const unsigned char order_backwards[32] = {0x10, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
                                                      0x00, 0x00, 0x00, 0x00, 0x00, 0x14, 0xde, 0xf9, 0xde, 0xa2, 0xf7,
                                                      0x9c, 0xd6, 0x58, 0x12, 0x63, 0x1a, 0x5c, 0xf5, 0xd3, 0xed};
    unsigned char signature[SIGNER_BYTES_MAX], s[32], zeros[64] = {0};
    signer_sign(signers[4], ALG_EDDSA, message, signature);
    assert_true(checks(set->keys[4], ALG_EDDSA, span_of(signature, 64)));
    for (size_t i = 0; i < 32; i++)
        s[i] = signature[63 - i];
    add_to_half(s, sizeof s, order_backwards);
    for (size_t i = 0; i < 32; i++)
        signature[63 - i] = s[i];
    assert_false(checks(set->keys[4], ALG_EDDSA, span_of(signature, 64)));
    assert_false(checks(set->keys[4], ALG_EDDSA, span_of(zeros, 64)));
}

static void two_verifiers_of_one_set_do_not_disturb_each_other(void **state)
{
    (void)state;
    AUTO_PTR(verifier) second = verifier_new(set);
    unsigned char signature[SIGNER_BYTES_MAX];
    size_t len = signer_sign(signers[0], ALG_RS256, message, signature);
    struct err err;
    for (int i = 0; i < 4; i++) {
        struct verifier *used = i % 2 == 0 ? second : verifier;
        assert_true(verifier_check(used, set->keys[0], ALG_RS256, message, span_of(signature, len), &err));
    }
    assert_ptr_equal(verifier_keys(second), set);
}

static int make_keys(void **state)
{
    (void)state;
    struct err err;
    char kid[2] = "0";
    for (unsigned i = 0; i < COUNT_OF(signers); i++, kid[0]++)
        signers[i] = signer_new((enum signer_kind)i, kid);
    char *jwks = signer_jwks((const struct signer *const *)signers, 5);
    set = keyset_of(jwks);
    free(jwks);
    struct key *secret = key_from_secret(signers[5]->secret, SPAN("5"), &err);
    char *last = signer_jwk(signers[6], NULL);
    struct key *ed448 = key_of(last, &err);
    free(last);
    if (secret == NULL || ed448 == NULL || !keyset_add(set, secret, &err) || !keyset_add(set, ed448, &err))
        return -1;
    verifier = verifier_new(set);
    return set->count == COUNT_OF(signers) ? 0 : -1;
}

static int free_keys(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(signers); i++)
        signer_free(signers[i]);
    verifier_free(verifier);
    keyset_release(set);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rfc_7515_a_1_verifies),
        cmocka_unit_test(published_examples_verify_and_no_byte_of_them_may_change),
        cmocka_unit_test(each_algorithm_verifies_again_and_again_also_after_failures),
        cmocka_unit_test(each_bit_of_a_signature_counts),
        cmocka_unit_test(a_signature_fits_its_own_algorithm_alone),
        cmocka_unit_test(a_pss_salt_is_as_long_as_the_digest),
        cmocka_unit_test(degenerate_ecdsa_values_are_refused),
        cmocka_unit_test(ecdsa_in_other_lengths_and_der_is_refused),
        cmocka_unit_test(an_rsa_signature_is_below_the_modulus),
        cmocka_unit_test(ed25519_signatures_are_not_malleable),
        cmocka_unit_test(two_verifiers_of_one_set_do_not_disturb_each_other),
    };
    return cmocka_run_group_tests(tests, make_keys, free_keys);
}
