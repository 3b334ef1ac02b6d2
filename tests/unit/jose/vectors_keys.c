/* SPDX-License-Identifier: Apache-2.0 */
/* Keys of vectors, made the way the product gets them: public ones as JWK Sets, secrets as bytes, private ones as PEM. */
#include "vectors.h"

#include "jose/b64url.h"
#include "outcome.h"
#include "signing.h"

#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include <stdarg.h>
#include <setjmp.h>
#include <cmocka.h>
#include <stdio.h>
#include <string.h>

enum { NUMBERS_MAX = 8, FIELD_BYTES_MAX = 66 };

/* --- to verify with --- */

static bool add_secret(struct keyset *set, const struct tape *tape, const struct tape_item *jwk)
{
    unsigned char *bytes;
    size_t len;
    struct err err;
    struct span alg_text = vectors_text(tape, jwk, "alg"), use = vectors_text(tape, jwk, "use");
    enum alg alg = alg_by_name(alg_text);
    if ((alg_text.at != NULL && alg == ALG_UNKNOWN) || (use.at != NULL && !span_eq(use, SPAN("sig"))))
        return true;
    if (!b64_decode_lenient(vectors_text(tape, jwk, "k"), &bytes, &len, &err))
        return true;
    struct key *key = key_from_secret(span_of(bytes, len), vectors_text(tape, jwk, "kid"), &err);
    free(bytes);
    if (key == NULL)
        return true;
    if (alg != ALG_UNKNOWN)
        key->algs.bits &= alg_set_of(alg).bits;
    assert_true(keyset_add(set, key, &err));
    return alg == ALG_UNKNOWN || len >= alg_info(alg)->signature_bytes;
}

struct keyset *vectors_public_set(struct span json)
{
    char *text = malloc(json.len + 32);
    assert_non_null(text);
    bool is_set = span_holds(json, SPAN("\"keys\""));
    sprintf(text, is_set ? "%.*s" : "{\"keys\":[%.*s]}", SPAN_ARG(json));
    struct keyset *set = keyset_of(text);
    free(text);
    return set;
}

struct keyset *vectors_key_set(const struct tape *tape, const struct tape_item *key, bool *is_long_enough)
{
    const struct tape_item *keys = vectors_member(tape, key, "keys");
    const struct tape_item *first = keys == NULL ? key : tape_first(tape, keys);
    bool has_public = false;
    *is_long_enough = true;
    for (const struct tape_item *at = first; at != NULL; at = keys == NULL ? NULL : tape_next(tape, keys, at))
        has_public = has_public || !span_eq(vectors_text(tape, at, "kty"), SPAN("oct"));
    if (has_public)
        return vectors_public_set(tape_span(tape, key));
    struct keyset *set = keyset_new(SPAN(""), 0);
    assert_non_null(set);
    for (const struct tape_item *at = first; at != NULL; at = keys == NULL ? NULL : tape_next(tape, keys, at))
        *is_long_enough = add_secret(set, tape, at) && *is_long_enough;
    return set;
}

static char *coordinate(const EVP_PKEY *pkey, const char *param, size_t bytes)
{
    unsigned char out[FIELD_BYTES_MAX];
    BIGNUM *number = NULL;
    assert_int_equal(EVP_PKEY_get_bn_param(pkey, param, &number), 1);
    assert_int_equal(BN_bn2binpad(number, out, (int)bytes), bytes);
    BN_free(number);
    return signer_base64url(span_of(out, bytes));
}

char *vectors_jwk_of_der(struct span der)
{
    const unsigned char *at = (const unsigned char *)der.at;
    EVP_PKEY *pkey = d2i_PUBKEY(NULL, &at, (long)der.len);
    assert_non_null(pkey);
    size_t bytes = (size_t)(EVP_PKEY_get_bits(pkey) + 7) / 8;
    char *x = coordinate(pkey, OSSL_PKEY_PARAM_EC_PUB_X, bytes), *y = coordinate(pkey, OSSL_PKEY_PARAM_EC_PUB_Y, bytes);
    char *jwk = malloc(512);
    assert_non_null(jwk);
    snprintf(jwk, 512, "{\"kty\":\"EC\",\"crv\":\"P-%d\",\"x\":\"%s\",\"y\":\"%s\"}", EVP_PKEY_get_bits(pkey), x, y);
    free(x);
    free(y);
    EVP_PKEY_free(pkey);
    return jwk;
}

/* --- to decrypt with --- */

static struct span decoded(struct arena *arena, const struct tape *tape, const struct tape_item *jwk, const char *name)
{
    struct span bytes = {NULL, 0};
    struct err err;
    struct span text = vectors_text(tape, jwk, name);
    assert_true(text.at != NULL && b64url_decode_arena(arena, text, &bytes, &err));
    return bytes;
}

static EVP_PKEY *pkey_of(const char *type, OSSL_PARAM_BLD *build)
{
    EVP_PKEY *pkey = NULL;
    OSSL_PARAM *params = OSSL_PARAM_BLD_to_param(build);
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, type, NULL);
    assert_int_equal(EVP_PKEY_fromdata_init(ctx), 1);
    assert_int_equal(EVP_PKEY_fromdata(ctx, &pkey, EVP_PKEY_KEYPAIR, params), 1);
    EVP_PKEY_CTX_free(ctx);
    OSSL_PARAM_free(params);
    return pkey;
}

static EVP_PKEY *rsa_of(struct arena *arena, const struct tape *tape, const struct tape_item *jwk)
{
    static const char *const rows[NUMBERS_MAX][2] = {
        {"n", OSSL_PKEY_PARAM_RSA_N},          {"e", OSSL_PKEY_PARAM_RSA_E},
        {"d", OSSL_PKEY_PARAM_RSA_D},          {"p", OSSL_PKEY_PARAM_RSA_FACTOR1},
        {"q", OSSL_PKEY_PARAM_RSA_FACTOR2},    {"dp", OSSL_PKEY_PARAM_RSA_EXPONENT1},
        {"dq", OSSL_PKEY_PARAM_RSA_EXPONENT2}, {"qi", OSSL_PKEY_PARAM_RSA_COEFFICIENT1}};
    OSSL_PARAM_BLD *build = OSSL_PARAM_BLD_new();
    BIGNUM *numbers[NUMBERS_MAX];
    for (size_t i = 0; i < NUMBERS_MAX; i++) {
        struct span bytes = decoded(arena, tape, jwk, rows[i][0]);
        numbers[i] = BN_bin2bn((const unsigned char *)bytes.at, (int)bytes.len, NULL);
        assert_int_equal(OSSL_PARAM_BLD_push_BN(build, rows[i][1], numbers[i]), 1);
    }
    EVP_PKEY *pkey = pkey_of("RSA", build);
    OSSL_PARAM_BLD_free(build);
    for (size_t i = 0; i < NUMBERS_MAX; i++)
        BN_free(numbers[i]);
    return pkey;
}

static EVP_PKEY *ec_of(struct arena *arena, const struct tape *tape, const struct tape_item *jwk)
{
    unsigned char point[1 + 2 * FIELD_BYTES_MAX] = {4};
    char crv[16];
    struct span x = decoded(arena, tape, jwk, "x"), y = decoded(arena, tape, jwk, "y");
    struct span d = decoded(arena, tape, jwk, "d");
    memcpy(point + 1, x.at, x.len);
    memcpy(point + 1 + x.len, y.at, y.len);
    snprintf(crv, sizeof crv, "%.*s", SPAN_ARG(vectors_text(tape, jwk, "crv")));
    BIGNUM *number = BN_bin2bn((const unsigned char *)d.at, (int)d.len, NULL);
    OSSL_PARAM_BLD *build = OSSL_PARAM_BLD_new();
    assert_int_equal(OSSL_PARAM_BLD_push_utf8_string(build, OSSL_PKEY_PARAM_GROUP_NAME, crv, 0), 1);
    assert_int_equal(OSSL_PARAM_BLD_push_octet_string(build, OSSL_PKEY_PARAM_PUB_KEY, point, 1 + x.len + y.len), 1);
    assert_int_equal(OSSL_PARAM_BLD_push_BN(build, OSSL_PKEY_PARAM_PRIV_KEY, number), 1);
    EVP_PKEY *pkey = pkey_of("EC", build);
    OSSL_PARAM_BLD_free(build);
    BN_free(number);
    return pkey;
}

static void add_private(struct decrypt_keys *keys, EVP_PKEY *pkey)
{
    struct err err;
    BIO *bio = BIO_new(BIO_s_mem());
    char *at = NULL;
    assert_int_equal(PEM_write_bio_PrivateKey(bio, pkey, NULL, NULL, 0, NULL, NULL), 1);
    long len = BIO_get_mem_data(bio, &at);
    if (!decrypt_keys_add_private(keys, span_of(at, (size_t)len), &err))
        fail_msg("%s", err.text);
    BIO_free(bio);
    EVP_PKEY_free(pkey);
}

struct decrypt_keys *vectors_decrypt_keys(const struct tape *tape, const struct tape_item *jwk)
{
    AUTO(arena) arena = {0};
    struct err err;
    struct decrypt_keys *keys = decrypt_keys_new();
    struct span kty = vectors_text(tape, jwk, "kty");
    assert_non_null(keys);
    if (span_eq(kty, SPAN("RSA")))
        add_private(keys, rsa_of(&arena, tape, jwk));
    else if (span_eq(kty, SPAN("EC")))
        add_private(keys, ec_of(&arena, tape, jwk));
    else
        assert_true(decrypt_keys_add_secret(keys, decoded(&arena, tape, jwk, "k"), &err));
    return keys;
}
