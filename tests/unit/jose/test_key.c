/* SPDX-License-Identifier: Apache-2.0 */
/* Which keys are taken, and which are refused with a reason: attacks K1-K8, C5, C11 beside keys that pass. */
#include "jose/key.h"

#include "outcome.h"
#include "signing.h"

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/pkcs12.h>
#include <openssl/x509.h>

#include <stdarg.h>
#include <setjmp.h>
#include <cmocka.h>
#include <stdio.h>
#include <string.h>

/* A 2048-bit modulus of RFC 7515 A.2, and one curve point each (RFC 7515 A.3, RFC 7520 3.1, RFC 8037 A.2). */
#define N                                                                                                            \
    "ofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd_wWJcyQoTbji9k0l8W26mPddxHmfHQp-Vaw-4qPCJrcS2mJPMEzP1Pt0Bm4d4QlL-yRT-SFd2lZS-" \
    "pCgNMsD1W_YpRPEwOWvG6b32690r2jZ47soMZo9wGzjb_7OMg0LOL-bSf63kpaSHSXndS5z5rexMdbBYUsLA9e-"                        \
    "KXBdQOS-UTo7WTBEMa2R2CapHg665xsmtdVMTBQY4uDZlxvb3qCo5ZwKh9kG4LT6_"                                              \
    "I5IhlJH7aGhyxXFvUK-DWNmoudF8NAco9_h9iaGNj8q2ethFkMLs91kzk2PAcDTW9gb54h4FRWyuXpoQ"
#define P256_X "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU"
#define P256_Y "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"
#define ED_X "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"
#define RSA_KEY "\"kty\":\"RSA\",\"n\":\"" N "\",\"e\":\"AQAB\""
#define EC_KEY "\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"" P256_X "\",\"y\":\"" P256_Y "\""
#define ED_KEY "\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":\"" ED_X "\""

static struct key *must_take(const char *jwk)
{
    struct err err = {0};
    struct key *key = key_of(jwk, &err);
    if (key == NULL)
        fail_msg("%s: %s", jwk, err.text);
    return key;
}

static void must_refuse(const char *jwk, const char *text)
{
    struct err err = {0};
    AUTO_PTR(key) key = key_of(jwk, &err);
    if (key != NULL || strstr(err.text, text) == NULL)
        fail_msg("%s: %s, not %s", jwk, key != NULL ? "taken" : err.text, text);
    assert_int_equal(err.reason, REASON_KEY_UNUSABLE);
}

/* RFC 7638 3.1: the example and its thumbprint. */
static void the_thumbprint_is_that_of_rfc_7638_3_1(void **state)
{
    (void)state;
    AUTO_PTR(key)
    key = must_take("{\"kty\":\"RSA\",\"n\":"
                    "\"0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_"
                    "BJECPebWKRXjBZCiFV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_"
                    "FDW2QvzqY368QQMicAtaSqzs8K"
                    "JZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-"
                    "G_xBniIqbw0Ls1jF4"
                    "4-csFCur-kEgU8awapJzKnqDKgw\",\"e\":\"AQAB\",\"alg\":\"RS256\",\"kid\":\"2011-04-29\"}");
    assert_string_equal(key->thumbprint, "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs");
    assert_true(span_eq(key->kid, SPAN("2011-04-29")));
    assert_int_equal(key->bits, 2048);
}

/* RFC 8037 A.3. */
static void the_thumbprint_is_that_of_rfc_8037_a_3(void **state)
{
    (void)state;
    AUTO_PTR(key) key = must_take("{" ED_KEY "}");
    assert_string_equal(key->thumbprint, "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k");
}

static void a_key_without_alg_serves_its_family_and_curve(void **state)
{
    (void)state;
    AUTO_PTR(key) rsa = must_take("{" RSA_KEY "}");
    AUTO_PTR(key) ec = must_take("{" EC_KEY "}");
    AUTO_PTR(key) ed = must_take("{" ED_KEY "}");
    unsigned rsa_bits = 0;
    for (unsigned alg = ALG_RS256; alg <= ALG_PS512; alg++)
        rsa_bits |= alg_set_of((enum alg)alg).bits;
    assert_int_equal(rsa->algs.bits, rsa_bits);
    assert_int_equal(ec->algs.bits, alg_set_of(ALG_ES256).bits);
    assert_int_equal(ed->algs.bits, alg_set_of(ALG_EDDSA).bits | alg_set_of(ALG_ED25519).bits);
    assert_false(rsa->is_x509 || ec->is_x509 || ed->is_x509);
}

static void alg_narrows_to_itself(void **state)
{
    (void)state;
    AUTO_PTR(key) ps = must_take("{" RSA_KEY ",\"alg\":\"PS384\",\"use\":\"sig\",\"key_ops\":[\"sign\",\"verify\"]}");
    assert_int_equal(ps->algs.bits, alg_set_of(ALG_PS384).bits);
    AUTO_PTR(key) es = must_take("{" EC_KEY ",\"alg\":\"ES256\"}");
    assert_int_equal(es->algs.bits, alg_set_of(ALG_ES256).bits);
    AUTO_PTR(key) any = must_take("{" ED_KEY ",\"alg\":\"EdDSA\"}");
    assert_int_equal(any->algs.bits, alg_set_of(ALG_EDDSA).bits);
    AUTO_PTR(key) named = must_take("{" ED_KEY ",\"alg\":\"Ed25519\"}");
    assert_int_equal(named->algs.bits, alg_set_of(ALG_ED25519).bits);
    must_refuse("{" ED_KEY ",\"alg\":\"Ed448\"}", "alg Ed448");
}

static void texts_are_taken_over(void **state)
{
    (void)state;
    AUTO_PTR(key)
    key = must_take("{" RSA_KEY
                    ",\"kid\":\"k\\u0000\",\"x5t\":\"t\",\"issuer\":\"https://i/{tenantid}\",\"foreign\":[1]}");
    assert_true(span_eq(key->kid, SPAN("k\0")));
    assert_true(span_eq(key->x5t, SPAN("t")));
    assert_true(span_eq(key->issuer, SPAN("https://i/{tenantid}")));
    assert_int_equal(key->not_after_s, 0);
}

static const struct {
    const char *good, *bad, *text;
} members[] = {
    {RSA_KEY ",\"use\":\"sig\"", RSA_KEY ",\"use\":\"enc\"", "use is enc"},
    {RSA_KEY, RSA_KEY ",\"use\":\"\"", "use is "},
    {RSA_KEY, RSA_KEY ",\"use\":[\"sig\"]", "use is no string"},
    {RSA_KEY ",\"key_ops\":[\"verify\"]", RSA_KEY ",\"key_ops\":[\"encrypt\"]", "lacks verify"},
    {RSA_KEY ",\"key_ops\":[\"x\",\"verify\"]", RSA_KEY ",\"key_ops\":[]", "lacks verify"},
    {RSA_KEY, RSA_KEY ",\"key_ops\":\"verify\"", "lacks verify"},
    {RSA_KEY ",\"alg\":\"RS512\"", RSA_KEY ",\"alg\":\"RSA-OAEP\"", "alg RSA-OAEP"},
    {RSA_KEY ",\"alg\":\"RS256\"", RSA_KEY ",\"alg\":\"rs256\"", "alg rs256"},
    {RSA_KEY ",\"alg\":\"RS256\"", RSA_KEY ",\"alg\":\"ES256\"", "alg ES256"},
    {RSA_KEY ",\"alg\":\"RS256\"", RSA_KEY ",\"alg\":\"HS256\"", "alg HS256"},
    {RSA_KEY, RSA_KEY ",\"alg\":null", "alg is no string"},
    {EC_KEY ",\"alg\":\"ES256\"", EC_KEY ",\"alg\":\"ES384\"", "alg ES384"},
    {EC_KEY ",\"alg\":\"ES256\"", EC_KEY ",\"alg\":\"ES256K\"", "alg ES256K"},
    {ED_KEY ",\"alg\":\"EdDSA\"", ED_KEY ",\"alg\":\"ES256\"", "alg ES256"},
    {RSA_KEY ",\"kid\":\"7\"", RSA_KEY ",\"kid\":7", "kid is no string"},
    {RSA_KEY ",\"x5t\":\"7\"", RSA_KEY ",\"x5t\":7", "x5t is no string"},
    {RSA_KEY ",\"issuer\":\"7\"", RSA_KEY ",\"issuer\":[]", "issuer is no string"},
    {RSA_KEY, "\"n\":\"" N "\",\"e\":\"AQAB\"", "kty"},
    {RSA_KEY, "\"kty\":\"rsa\",\"n\":\"" N "\",\"e\":\"AQAB\"", "kty rsa"},
    {RSA_KEY, "\"kty\":1", "kty is no string"},
    {RSA_KEY, "\"kty\":\"AKP\",\"pub\":\"AA\"", "kty AKP"},
    {RSA_KEY, "\"kty\":\"oct\",\"k\":\"hJtXIZ2uSN5kbQfbtTNWbpdmhkV8FJG-Onbc6mxCcYg\",\"alg\":\"HS256\"", "kty oct"},
    {RSA_KEY, "\"kty\":\"RSA\",\"e\":\"AQAB\"", "n is missing"},
    {RSA_KEY, "\"kty\":\"RSA\",\"n\":\"" N "\"", "e is missing"},
    {RSA_KEY, "\"kty\":\"RSA\",\"n\":\"" N "\",\"e\":65537", "e is no string"},
    {RSA_KEY, "\"kty\":\"RSA\",\"n\":\"" N "=\",\"e\":\"AQAB\"", "n: base64url"},
    {RSA_KEY, "\"kty\":\"RSA\",\"n\":\"" N "\",\"e\":\"AQ+B\"", "e: base64url"},
    {"\"kty\":\"RSA\",\"n\":\"" N "\",\"e\":\"Aw\"", "\"kty\":\"RSA\",\"n\":\"" N "\",\"e\":\"AQ\"", "below 3"},
    {"\"kty\":\"RSA\",\"n\":\"" N "\",\"e\":\"BQ\"", "\"kty\":\"RSA\",\"n\":\"" N "\",\"e\":\"BA\"", "even"},
    {RSA_KEY, "\"kty\":\"RSA\",\"n\":\"" N "\",\"e\":\"\"", "even or below 3"},
    {RSA_KEY, "\"kty\":\"RSA\",\"n\":\"" N "\",\"e\":\"AAAA\"", "even or below 3"},
    {"\"kty\":\"RSA\",\"n\":\"" N "\",\"e\":\"AAEAAQ\"", "\"kty\":\"RSA\",\"n\":\"" N "\",\"e\":\"AQABAAE\"",
     "above 2^32"},
    {"\"kty\":\"RSA\",\"n\":\"" N "\",\"e\":\"_____w\"", "\"kty\":\"RSA\",\"n\":\"" N "\",\"e\":\"AQAAAAE\"",
     "above 2^32"},
    {EC_KEY, "\"kty\":\"EC\",\"crv\":\"P-384\",\"x\":\"" P256_X "\",\"y\":\"" P256_Y "\"", "coordinates of 32 and 32"},
    {EC_KEY, "\"kty\":\"EC\",\"crv\":\"secp256k1\",\"x\":\"" P256_X "\",\"y\":\"" P256_Y "\"", "curve secp256k1"},
    {EC_KEY, "\"kty\":\"EC\",\"crv\":\"prime256v1\",\"x\":\"" P256_X "\",\"y\":\"" P256_Y "\"", "curve prime256v1"},
    {EC_KEY, "\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"" P256_X "\"", "y is missing"},
    {EC_KEY, "\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"" P256_X "\",\"y\":\"" P256_X "\"", "not on its curve"},
    {EC_KEY,
     "\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\",\"y\":"
     "\"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\"",
     "not on its curve"},
    {EC_KEY,
     "\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"AH_NzidwxdsXUGDy-5v20t7WAczNXvp7xO6z248e9FUR\",\"y\":\"" P256_Y "\"",
     "coordinates of 33"},
    {EC_KEY, "\"kty\":\"EC\",\"x\":\"" P256_X "\",\"y\":\"" P256_Y "\"", "curve "},
    {ED_KEY, "\"kty\":\"OKP\",\"crv\":\"X25519\",\"x\":\"" ED_X "\"", "curve X25519"},
    {ED_KEY, "\"kty\":\"OKP\",\"crv\":\"Ed448\",\"x\":\"" ED_X "\"", "Ed448 key of 32 bytes"},
    {ED_KEY, "\"kty\":\"OKP\",\"crv\":\"X25519\",\"x\":\"" ED_X "\"", "curve X25519"},
    {ED_KEY, "\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":\"AA\"", "of 1 bytes"},
    {RSA_KEY, RSA_KEY ",\"x5c\":[]", "x5c is no array of strings"},
    {RSA_KEY, RSA_KEY ",\"x5c\":\"AA\"", "x5c is no array of strings"},
    {RSA_KEY, RSA_KEY ",\"x5c\":[\"AA==\"]", "x5c holds no certificate"},
    {RSA_KEY, RSA_KEY ",\"x5c\":[\"A\"]", "x5c: base64"},
};

/* RFC 7517 4.2, RFC 7517 4.3, RFC 7517 4.4; leading zeros of an exponent are harmless, though foreign to RFC 7518 6.3.1.1. */
static void members_that_do_not_fit_make_a_key_unusable(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(members); i++) {
        char good[2048], bad[2048];
        snprintf(good, sizeof good, "{%s}", members[i].good);
        snprintf(bad, sizeof bad, "{%s}", members[i].bad);
        AUTO_PTR(key) key = must_take(good);
        assert_int_not_equal(key->algs.bits, 0);
        must_refuse(bad, members[i].text);
    }
}

static struct span filled(unsigned char *out, size_t bytes, unsigned char first, unsigned char last)
{
    memset(out, 0xa5, bytes);
    out[0] = first;
    out[bytes - 1] = last;
    return span_of(out, bytes);
}

/* RFC 7518 3.3; attacks K3-K5: the modulus. */
static void an_rsa_modulus_has_2048_to_8192_bits_and_is_odd(void **state)
{
    (void)state;
    static const struct {
        size_t bytes;
        unsigned char first, last;
        bool is_taken;
    } cases[] = {
        {256, 0x80, 1, true},  {256, 0x7f, 1, false},  {255, 0xff, 1, false}, {256, 0x80, 2, false},
        {257, 0x01, 1, true},  {257, 0x00, 1, true},   {1024, 0x80, 1, true}, {1025, 0x01, 1, false},
        {1025, 0x00, 1, true}, {2048, 0x80, 1, false}, {128, 0x80, 1, false}, {4, 0x80, 1, false},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        unsigned char n[2048];
        struct err err = {0};
        struct span modulus = filled(n, cases[i].bytes, cases[i].first, cases[i].last);
        if (cases[i].first == 0)
            n[1] = 0x80;
        AUTO_PTR(key) key = key_from_rsa(modulus, SPAN("\x01\x00\x01"), SPAN("k"), &err);
        if ((key != NULL) != cases[i].is_taken)
            fail_msg("%zu: %s", i, err.text);
    }
    struct err err;
    assert_null(key_from_rsa((struct span){NULL, 0}, SPAN("\x03"), SPAN("k"), &err));
    assert_null(key_from_rsa(SPAN("\0\0"), SPAN("\x03"), SPAN("k"), &err));
}

/* Attack K7: under a point of small order one signature fits every message. */
static void ed25519_points_of_small_order_are_refused(void **state)
{
    (void)state;
    static const unsigned char order_8[2][32] = {
        {0x26, 0xe8, 0x95, 0x8f, 0xc2, 0xb2, 0x27, 0xb0, 0x45, 0xc3, 0xf4, 0x89, 0xf2, 0xef, 0x98, 0xf0,
         0xd5, 0xdf, 0xac, 0x05, 0xd3, 0xc6, 0x33, 0x39, 0xb1, 0x38, 0x02, 0x88, 0x6d, 0x53, 0xfc, 0x05},
        {0xc7, 0x17, 0x6a, 0x70, 0x3d, 0x4d, 0xd8, 0x4f, 0xba, 0x3c, 0x0b, 0x76, 0x0d, 0x10, 0x67, 0x0f,
         0x2a, 0x20, 0x53, 0xfa, 0x2c, 0x39, 0xcc, 0xc6, 0x4e, 0xc7, 0xfd, 0x77, 0x92, 0xac, 0x03, 0x7a}};
    unsigned char points[7][32] = {{0}, {1}};
    memcpy(points[2], order_8, sizeof order_8);
    for (size_t i = 4; i < 7; i++) {
        memset(points[i], 0xff, 32);
        points[i][0] = (unsigned char)(0xec + i - 4);
        points[i][31] = 0x7f;
    }
    for (size_t i = 0; i < 14; i++) {
        unsigned char point[32];
        memcpy(point, points[i / 2], sizeof point);
        point[31] |= i % 2 == 0 ? 0 : 0x80;
        char jwk[200], *x = signer_base64url(span_of(point, sizeof point));
        snprintf(jwk, sizeof jwk, "{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":\"%s\"}", x);
        free(x);
        must_refuse(jwk, "small order");
    }
}

/* y is 0, 1, p - 1, p or p + 1; with either sign of x.  RFC 8032 5.2: p is 2^448 - 2^224 - 1. */
static void ed448_points_of_small_order_are_refused(void **state)
{
    (void)state;
    unsigned char points[5][57] = {{0}, {1}};
    for (size_t i = 2; i < 5; i++) {
        memset(points[i], 0xff, 56);
        points[i][0] = (unsigned char)(0xfe + i - 2);
        points[i][28] = 0xfe;
    }
    memset(points[4], 0, 28);
    points[4][28] = 0xff;
    for (size_t i = 0; i < 10; i++) {
        unsigned char point[57];
        memcpy(point, points[i / 2], sizeof point);
        point[56] |= i % 2 == 0 ? 0 : 0x80;
        char jwk[200], *x = signer_base64url(span_of(point, sizeof point));
        snprintf(jwk, sizeof jwk, "{\"kty\":\"OKP\",\"crv\":\"Ed448\",\"x\":\"%s\"}", x);
        free(x);
        must_refuse(jwk, "Ed448 key of small order");
    }
}

/* --- certificates --- */

static struct signer *rsa, *other_rsa, *p256, *ed25519, *ed448;

static void an_ed448_key_serves_its_own_names_alone(void **state)
{
    (void)state;
    char *jwk = signer_jwk(ed448, NULL), *other = signer_jwk(ed448, "\"alg\":\"Ed25519\"");
    AUTO_PTR(key) key = must_take(jwk);
    assert_int_equal(key->algs.bits, alg_set_of(ALG_EDDSA).bits | alg_set_of(ALG_ED448).bits);
    assert_int_equal(key->bits, 448);
    must_refuse(other, "alg Ed25519");
    free(jwk);
    free(other);
}

static char *base64_of(const unsigned char *bytes, size_t len)
{
    char *text = malloc(len * 2 + 8);
    assert_non_null(text);
    EVP_EncodeBlock((unsigned char *)text, bytes, (int)len);
    return text;
}

/* The JWK of `named` (NULL: none of its numbers, kty `kty`) with the certificate of `certified`. */
static struct key *key_with_x5c(const struct signer *named, const char *kty, const struct signer *certified,
                                struct err *err)
{
    size_t len;
    unsigned char *der = signer_certificate(certified, &len);
    char *x5c = base64_of(der, len), *member = malloc(len * 2 + 100);
    assert_non_null(member);
    sprintf(member, "\"x5c\":[\"%s\"]", x5c);
    char *jwk = named == NULL ? malloc(len * 2 + 200) : signer_jwk(named, member);
    assert_non_null(jwk);
    if (named == NULL)
        sprintf(jwk, "{\"kty\":\"%s\",\"kid\":\"Alone\",%s}", kty, member);
    struct key *key = key_of(jwk, err);
    free(der);
    free(x5c);
    free(member);
    free(jwk);
    return key;
}

/* RFC 7517 4.7. */
static void x5c_must_hold_the_same_key_or_stand_alone(void **state)
{
    (void)state;
    const struct signer *signers[] = {rsa, p256, ed25519, ed448};
    const char *const ktys[] = {"RSA", "EC", "OKP", "OKP"};
    for (size_t i = 0; i < COUNT_OF(signers); i++) {
        struct err err = {0};
        AUTO_PTR(key) both = key_with_x5c(signers[i], NULL, signers[i], &err);
        assert_non_null(both);
        assert_false(both->is_x509);
        assert_int_equal(both->x5t.len, 27);
        assert_int_equal(both->not_after_s, 2524607999);
        AUTO_PTR(key) alone = key_with_x5c(NULL, ktys[i], signers[i], &err);
        assert_non_null(alone);
        assert_true(alone->is_x509);
        assert_string_equal(alone->thumbprint, both->thumbprint);
        assert_null(key_with_x5c(NULL, i == 0 ? "EC" : "RSA", signers[i], &err));
        assert_null(key_with_x5c(signers[i], NULL, other_rsa, &err));
        assert_non_null(strstr(err.text, "x5c names another key"));
    }
}

static X509 *certificate_of(const struct signer *signer, unsigned char **der, size_t *len)
{
    *der = signer_certificate(signer, len);
    const unsigned char *at = *der;
    return d2i_X509(NULL, &at, (long)*len);
}

static struct span bio_bytes(BIO *bio)
{
    char *at;
    long len = BIO_get_mem_data(bio, &at);
    return span_of(at, (size_t)len);
}

static void a_certificate_is_read_from_pem_der_and_pfx(void **state)
{
    (void)state;
    unsigned char *der;
    size_t len;
    struct err err;
    X509 *certificate = certificate_of(rsa, &der, &len);
    BIO *pem = BIO_new(BIO_s_mem()), *pfx_bytes = BIO_new(BIO_s_mem()), *bare_pfx = BIO_new(BIO_s_mem());
    PKCS12 *pfx = PKCS12_create("", "name", rsa->pkey, certificate, NULL, 0, 0, 0, 0, 0);
    PKCS12 *bare = PKCS12_create("", NULL, NULL, certificate, NULL, 0, 0, 0, 0, 0);
    assert_true(PEM_write_bio_PrivateKey(pem, rsa->pkey, NULL, NULL, 0, NULL, NULL) == 1);
    assert_true(PEM_write_bio_X509(pem, certificate) == 1 && i2d_PKCS12_bio(pfx_bytes, pfx) == 1);
    assert_true(i2d_PKCS12_bio(bare_pfx, bare) == 1);
    const struct span files[] = {span_of(der, len), bio_bytes(pem), bio_bytes(pfx_bytes), bio_bytes(bare_pfx)};
    char *jwk = signer_jwk(rsa, NULL);
    AUTO_PTR(key) same = key_of(jwk, &err);
    for (size_t i = 0; i < COUNT_OF(files); i++) {
        AUTO_PTR(key) key = key_from_certificate(files[i], SPAN("id"), &err);
        if (key == NULL)
            fail_msg("%zu: %s", i, err.text);
        assert_string_equal(key->thumbprint, same->thumbprint);
        assert_true(key->is_x509 && span_eq(key->kid, SPAN("id")));
        assert_int_equal(key->x5t.len, 27);
        assert_null(key_from_certificate(span_cut(files[i], files[i].len / 2), SPAN("id"), &err));
        assert_int_equal(err.reason, REASON_KEY_UNUSABLE);
    }
    free(jwk);
    free(der);
    PKCS12_free(pfx);
    PKCS12_free(bare);
    X509_free(certificate);
    BIO_free(pem);
    BIO_free(pfx_bytes);
    BIO_free(bare_pfx);
}

static void a_pfx_with_a_password_or_a_bare_key_is_no_certificate(void **state)
{
    (void)state;
    unsigned char *der;
    size_t len;
    struct err err;
    X509 *certificate = certificate_of(rsa, &der, &len);
    PKCS12 *pfx = PKCS12_create("secret", "name", rsa->pkey, certificate, NULL, 0, 0, 0, 0, 0);
    BIO *bio = BIO_new(BIO_s_mem());
    assert_true(i2d_PKCS12_bio(bio, pfx) == 1);
    assert_null(key_from_certificate(bio_bytes(bio), SPAN(""), &err));
    assert_non_null(strstr(err.text, "PFX without a password"));
    char *pem = signer_public_pem(rsa);
    assert_null(key_from_certificate(span_str(pem), SPAN(""), &err));
    assert_null(key_from_certificate(SPAN(""), SPAN(""), &err));
    free(pem);
    free(der);
    PKCS12_free(pfx);
    X509_free(certificate);
    BIO_free(bio);
}

/* --- secrets --- */

static void a_secret_has_16_bytes_at_least(void **state)
{
    (void)state;
    struct err err;
    AUTO_PTR(key) key = key_from_secret(SPAN("0123456789abcdef"), SPAN("s"), &err);
    assert_non_null(key);
    assert_int_equal(key->family, KEY_OCT);
    assert_int_equal(key->bits, 128);
    assert_null(key->pkey);
    assert_int_equal(key->algs.bits,
                     alg_set_of(ALG_HS256).bits | alg_set_of(ALG_HS384).bits | alg_set_of(ALG_HS512).bits);
    assert_int_equal(strlen(key->thumbprint), KEY_THUMBPRINT_BYTES - 1);
    assert_null(key_from_secret(SPAN("0123456789abcde"), SPAN("s"), &err));
    assert_int_equal(err.reason, REASON_KEY_UNUSABLE);
    assert_null(key_from_secret((struct span){NULL, 0}, SPAN("s"), &err));
}

static void refuse_secret(struct span bytes)
{
    struct err err = {0};
    assert_null(key_from_secret(bytes, SPAN(""), &err));
    assert_non_null(strstr(err.text, "use certificate-id or n/e"));
    /* A byte changed in front makes it any other secret. */
    char *changed = span_dup(bytes);
    changed[0] ^= 0x55;
    if (bytes.at[0] == 0x30) {
        AUTO_PTR(key) key = key_from_secret(span_of(changed, bytes.len), SPAN(""), &err);
        assert_non_null(key);
    }
    free(changed);
}

/* Attacks C1-C3: what everybody knows is no secret. */
static void a_public_key_in_any_clothes_is_no_secret(void **state)
{
    (void)state;
    const struct signer *signers[] = {rsa, p256, ed25519};
    for (size_t i = 0; i < COUNT_OF(signers); i++) {
        size_t len;
        unsigned char *der = signer_certificate(signers[i], &len), *spki = NULL;
        char *pem = signer_public_pem(signers[i]), *jwk = signer_jwk(signers[i], NULL), spaced[2048];
        int spki_len = i2d_PUBKEY(signers[i]->pkey, &spki);
        snprintf(spaced, sizeof spaced, "\n  %s", pem);
        refuse_secret(span_of(der, len));
        refuse_secret(span_of(spki, (size_t)spki_len));
        refuse_secret(span_str(pem));
        refuse_secret(span_cut(span_str(pem), strlen(pem) - 1));
        refuse_secret(span_str(spaced));
        refuse_secret(span_str(jwk));
        free(der);
        free(pem);
        free(jwk);
        OPENSSL_free(spki);
    }
    unsigned char *pkcs1 = NULL;
    int len = i2d_PublicKey(rsa->pkey, &pkcs1);
    refuse_secret(span_of(pkcs1, (size_t)len));
    OPENSSL_free(pkcs1);
}

static int make_signers(void **state)
{
    (void)state;
    rsa = signer_new(SIGNER_RSA2048, "rsa");
    other_rsa = signer_new(SIGNER_RSA2048, "rsa");
    p256 = signer_new(SIGNER_P256, "p256");
    ed25519 = signer_new(SIGNER_ED25519, "ed25519");
    ed448 = signer_new(SIGNER_ED448, "ed448");
    return 0;
}

static int free_signers(void **state)
{
    (void)state;
    signer_free(rsa);
    signer_free(other_rsa);
    signer_free(p256);
    signer_free(ed25519);
    signer_free(ed448);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_thumbprint_is_that_of_rfc_7638_3_1),
        cmocka_unit_test(the_thumbprint_is_that_of_rfc_8037_a_3),
        cmocka_unit_test(a_key_without_alg_serves_its_family_and_curve),
        cmocka_unit_test(alg_narrows_to_itself),
        cmocka_unit_test(texts_are_taken_over),
        cmocka_unit_test(members_that_do_not_fit_make_a_key_unusable),
        cmocka_unit_test(an_rsa_modulus_has_2048_to_8192_bits_and_is_odd),
        cmocka_unit_test(ed25519_points_of_small_order_are_refused),
        cmocka_unit_test(ed448_points_of_small_order_are_refused),
        cmocka_unit_test(an_ed448_key_serves_its_own_names_alone),
        cmocka_unit_test(x5c_must_hold_the_same_key_or_stand_alone),
        cmocka_unit_test(a_certificate_is_read_from_pem_der_and_pfx),
        cmocka_unit_test(a_pfx_with_a_password_or_a_bare_key_is_no_certificate),
        cmocka_unit_test(a_secret_has_16_bytes_at_least),
        cmocka_unit_test(a_public_key_in_any_clothes_is_no_secret),
    };
    return cmocka_run_group_tests(tests, make_signers, free_signers);
}
