/* SPDX-License-Identifier: Apache-2.0 */
/* Private keys as JWKs (RFC 7517, RFC 7518 6, RFC 8037 2), by tables of member names and OpenSSL's names for the same. */
#include "secret_key_int.h"

#include "jose/b64url.h"
#include "jose/jsondoc.h"

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>

#include <string.h>

enum { NUMBER_BYTES_MAX = 2048, DEPTH_MAX = 16, RAW_BYTES_MAX = 57, POINT_BYTES_MAX = 2 * 66 + 1 };

struct number_row {
    const char *member;
    const char *param;
    bool is_private;
};

static const struct number_row rsa_rows[] = {
    {"n", OSSL_PKEY_PARAM_RSA_N, false},         {"e", OSSL_PKEY_PARAM_RSA_E, false},
    {"d", OSSL_PKEY_PARAM_RSA_D, true},          {"p", OSSL_PKEY_PARAM_RSA_FACTOR1, true},
    {"q", OSSL_PKEY_PARAM_RSA_FACTOR2, true},    {"dp", OSSL_PKEY_PARAM_RSA_EXPONENT1, true},
    {"dq", OSSL_PKEY_PARAM_RSA_EXPONENT2, true}, {"qi", OSSL_PKEY_PARAM_RSA_COEFFICIENT1, true},
};
static const struct number_row ec_rows[] = {
    {"x", OSSL_PKEY_PARAM_EC_PUB_X, false},
    {"y", OSSL_PKEY_PARAM_EC_PUB_Y, false},
    {"d", OSSL_PKEY_PARAM_PRIV_KEY, true},
};

/* --- writing --- */

static void put_bytes(struct buf *out, const char *member, const unsigned char *bytes, size_t len)
{
    char text[NUMBER_BYTES_MAX * 2];
    b64url_encode(bytes, len, text);
    buf_printf(out, ",\"%s\":\"%s\"", member, text);
    OPENSSL_cleanse(text, sizeof text);
}

/* `bytes_min`: zero bytes in front up to that length, for curves (RFC 7518 6.2.1.2). */
static bool put_number(struct buf *out, const struct secret_key *key, const struct number_row *row, int bytes_min)
{
    unsigned char bytes[NUMBER_BYTES_MAX];
    BIGNUM *number = NULL;
    if (EVP_PKEY_get_bn_param(key->pkey, row->param, &number) != 1)
        return false;
    int len = BN_num_bytes(number) > bytes_min ? BN_num_bytes(number) : bytes_min;
    bool is_written = len <= NUMBER_BYTES_MAX && BN_bn2binpad(number, bytes, len) == len;
    if (is_written)
        put_bytes(out, row->member, bytes, (size_t)len);
    BN_clear_free(number);
    OPENSSL_cleanse(bytes, sizeof bytes);
    return is_written;
}

static bool put_numbers(struct buf *out, const struct secret_key *key, const struct number_row *rows, size_t count,
                        int bytes_min, bool is_private)
{
    for (size_t i = 0; i < count; i++)
        if ((is_private || !rows[i].is_private) && !put_number(out, key, &rows[i], bytes_min))
            return false;
    return true;
}

static bool put_raw(struct buf *out, const struct secret_key *key, bool is_private)
{
    unsigned char bytes[RAW_BYTES_MAX];
    size_t len = sizeof bytes;
    if (EVP_PKEY_get_raw_public_key(key->pkey, bytes, &len) != 1)
        return false;
    put_bytes(out, "x", bytes, len);
    if (!is_private)
        return true;
    len = sizeof bytes;
    if (EVP_PKEY_get_raw_private_key(key->pkey, bytes, &len) != 1)
        return false;
    put_bytes(out, "d", bytes, len);
    OPENSSL_cleanse(bytes, sizeof bytes);
    return true;
}

static bool put_material(struct buf *out, const struct secret_key *key, bool is_private)
{
    const struct alg_info *info = alg_info(key->alg);
    switch (info->family) {
    case KEY_RSA:
        buf_add_str(out, ",\"kty\":\"RSA\"");
        return put_numbers(out, key, rsa_rows, COUNT_OF(rsa_rows), 0, is_private);
    case KEY_EC:
        buf_printf(out, ",\"kty\":\"EC\",\"crv\":\"%s\"", info->curve);
        return put_numbers(out, key, ec_rows, COUNT_OF(ec_rows), (int)info->signature_bytes / 2, is_private);
    case KEY_OKP:
        buf_printf(out, ",\"kty\":\"OKP\",\"crv\":\"%s\"",
                   EVP_PKEY_is_a(key->pkey, "ED448") == 1 ? "Ed448" : "Ed25519");
        return put_raw(out, key, is_private);
    case KEY_OCT:
        buf_add_str(out, ",\"kty\":\"oct\"");
        put_bytes(out, "k", key->secret, key->secret_len);
        return is_private;
    }
    return false;
}

static void put_label(struct buf *out, const char *member, struct span value)
{
    if (value.len == 0)
        return;
    buf_printf(out, ",\"%s\":", member);
    buf_add_json_text(out, value);
}

static bool put_jwk(const struct secret_key *key, const struct secret_key_labels *labels, bool is_private,
                    struct buf *out)
{
    if (key->secret != NULL && !is_private)
        return false;
    buf_printf(out, "{\"use\":\"%s\"", labels->use);
    put_label(out, "alg", span_str(labels->alg));
    put_label(out, "kid", labels->kid);
    put_label(out, "x5t", labels->x5t);
    put_label(out, "issuer", labels->issuer);
    return put_material(out, key, is_private) && buf_add_char(out, '}') && !out->is_broken;
}

bool secret_key_write_labelled(const struct secret_key *key, const struct secret_key_labels *labels, struct buf *out)
{
    return put_jwk(key, labels, false, out);
}

bool secret_key_write_jwk(const struct secret_key *key, bool is_private, struct buf *out)
{
    const struct secret_key_labels labels = {.use = "sig", .alg = alg_info(key->alg)->name, .kid = span_str(key->kid)};
    return put_jwk(key, &labels, is_private, out);
}

bool secret_key_write_set(const struct secret_key *const *keys, size_t count, bool is_private, struct buf *out)
{
    bool is_first = true;
    buf_add_str(out, "{\"keys\":[");
    for (size_t i = 0; i < count; i++) {
        if (keys[i]->secret != NULL && !is_private)
            continue;
        if (!is_first)
            buf_add_char(out, ',');
        is_first = false;
        if (!secret_key_write_jwk(keys[i], is_private, out))
            return false;
    }
    return buf_add_str(out, "]}") && !out->is_broken;
}

/* --- reading --- */

struct bytes {
    unsigned char at[NUMBER_BYTES_MAX];
    size_t len;
};

static bool read_bytes(const struct jsonval *jwk, const char *member, struct bytes *bytes, struct err *err)
{
    struct span text = jsonval_text(jsonval_member(jwk, member));
    if (text.at == NULL)
        return fail(err, REASON_KEY_UNUSABLE, "the JWK lacks \"%s\"", member);
    if (b64url_bytes(text.len) > sizeof bytes->at)
        return fail(err, REASON_KEY_UNUSABLE, "\"%s\" is too long", member);
    if (b64url_decode(text, bytes->at, &bytes->len, err))
        return true;
    err_prefix(err, "\"%s\"", member);
    return false;
}

static EVP_PKEY *pkey_of(const char *type, OSSL_PARAM_BLD *build)
{
    EVP_PKEY *pkey = NULL;
    OSSL_PARAM *params = OSSL_PARAM_BLD_to_param(build);
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, type, NULL);
    if (params == NULL || ctx == NULL || EVP_PKEY_fromdata_init(ctx) != 1 ||
        EVP_PKEY_fromdata(ctx, &pkey, EVP_PKEY_KEYPAIR, params) != 1)
        pkey = NULL;
    EVP_PKEY_CTX_free(ctx);
    OSSL_PARAM_free(params);
    return pkey;
}

enum { NUMBERS_MAX = 8 };

/* The builder borrows the numbers until the key is made. */
struct making {
    OSSL_PARAM_BLD *build;
    BIGNUM *numbers[NUMBERS_MAX];
    size_t count;
};

static bool add_number(struct making *making, const char *param, const struct bytes *bytes)
{
    BIGNUM *number = BN_bin2bn(bytes->at, (int)bytes->len, NULL);
    if (number == NULL)
        return false;
    making->numbers[making->count++] = number;
    return OSSL_PARAM_BLD_push_BN(making->build, param, number) == 1;
}

static bool add_rsa(struct making *making, const struct jsonval *jwk, struct err *err)
{
    for (size_t i = 0; i < COUNT_OF(rsa_rows); i++) {
        struct bytes bytes;
        if (!read_bytes(jwk, rsa_rows[i].member, &bytes, err) || !add_number(making, rsa_rows[i].param, &bytes))
            return false;
    }
    return true;
}

static bool add_ec(struct making *making, const struct jsonval *jwk, unsigned char point[POINT_BYTES_MAX],
                   struct err *err)
{
    struct bytes x, y, d;
    struct span crv = jsonval_text(jsonval_member(jwk, "crv"));
    if (!read_bytes(jwk, "x", &x, err) || !read_bytes(jwk, "y", &y, err) || !read_bytes(jwk, "d", &d, err))
        return false;
    for (enum alg alg = ALG_ES256; alg <= ALG_ES512; alg++) {
        const struct alg_info *info = alg_info(alg);
        size_t half = info->signature_bytes / 2;
        if (!span_eq(crv, span_str(info->curve)) || x.len != half || y.len != half)
            continue;
        point[0] = POINT_CONVERSION_UNCOMPRESSED;
        memcpy(point + 1, x.at, half);
        memcpy(point + 1 + half, y.at, half);
        return OSSL_PARAM_BLD_push_utf8_string(making->build, OSSL_PKEY_PARAM_GROUP_NAME, info->curve, 0) == 1 &&
               OSSL_PARAM_BLD_push_octet_string(making->build, OSSL_PKEY_PARAM_PUB_KEY, point, 2 * half + 1) == 1 &&
               add_number(making, OSSL_PKEY_PARAM_PRIV_KEY, &d);
    }
    return fail(err, REASON_KEY_UNUSABLE, "crv is none of P-256, P-384, P-521, or x and y have another length");
}

static EVP_PKEY *read_numbers(const struct jsonval *jwk, bool is_rsa, struct err *err)
{
    unsigned char point[POINT_BYTES_MAX];
    struct making making = {.build = OSSL_PARAM_BLD_new()};
    bool is_read = making.build != NULL && (is_rsa ? add_rsa(&making, jwk, err) : add_ec(&making, jwk, point, err));
    EVP_PKEY *pkey = is_read ? pkey_of(is_rsa ? "RSA" : "EC", making.build) : NULL;
    for (size_t i = 0; i < making.count; i++)
        BN_clear_free(making.numbers[i]);
    OSSL_PARAM_BLD_free(making.build);
    return pkey;
}

static bool read_secret(struct secret_key *key, const struct jsonval *jwk, struct err *err)
{
    struct bytes k;
    if (!read_bytes(jwk, "k", &k, err))
        return false;
    key->secret = malloc(k.len + 1);
    if (key->secret == NULL)
        return fail(err, REASON_OUT_OF_MEMORY, "no memory for a key");
    memcpy(key->secret, k.at, k.len);
    key->secret_len = k.len;
    return true;
}

static bool read_okp(struct secret_key *key, const struct jsonval *jwk, struct err *err)
{
    struct bytes d;
    struct span crv = jsonval_text(jsonval_member(jwk, "crv"));
    bool is_448 = span_eq(crv, SPAN("Ed448"));
    if (!is_448 && !span_eq(crv, SPAN("Ed25519")))
        return fail(err, REASON_KEY_UNUSABLE, "crv is neither Ed25519 nor Ed448");
    if (!read_bytes(jwk, "d", &d, err))
        return false;
    key->pkey = EVP_PKEY_new_raw_private_key(is_448 ? EVP_PKEY_ED448 : EVP_PKEY_ED25519, NULL, d.at, d.len);
    return key->pkey != NULL;
}

static bool read_material(struct secret_key *key, const struct jsonval *jwk, struct err *err)
{
    struct span kty = jsonval_text(jsonval_member(jwk, "kty"));
    if (span_eq(kty, SPAN("oct")))
        return read_secret(key, jwk, err);
    if (span_eq(kty, SPAN("OKP")))
        return read_okp(key, jwk, err);
    if (!span_eq(kty, SPAN("RSA")) && !span_eq(kty, SPAN("EC")))
        return fail(err, REASON_KEY_UNUSABLE, "kty is none of RSA, EC, OKP, oct");
    key->pkey = read_numbers(jwk, span_eq(kty, SPAN("RSA")), err);
    return key->pkey != NULL;
}

/* The JWK itself, or the one of the set that `kid` names. */
static const struct jsonval *choose(const struct jsonval *root, const char *kid)
{
    const struct jsonval *keys = jsonval_member(root, "keys");
    if (keys == NULL)
        return root;
    for (size_t i = 0; i < jsonval_count(keys); i++) {
        const struct jsonval *jwk = jsonval_element(keys, i);
        if (kid == NULL || span_eq(jsonval_text(jsonval_member(jwk, "kid")), span_str(kid)))
            return jwk;
    }
    return NULL;
}

struct secret_key *secret_key_read_jwk(struct span bytes, enum alg alg, const char *kid, struct err *err)
{
    AUTO_PTR(jsondoc) doc = jsondoc_read(bytes, DEPTH_MAX, err);
    if (doc == NULL)
        return NULL;
    const struct jsonval *jwk = choose(jsondoc_root(doc), kid);
    if (jwk == NULL) {
        fail(err, REASON_KEY_UNUSABLE, "no key of the set has the kid \"%s\"",
             kid == NULL ? "" : QUOTED(span_str(kid)));
        return NULL;
    }
    struct span own = jsonval_text(jsonval_member(jwk, "kid"));
    AUTO_PTR(secret_key)
    key =
        secret_key_empty(alg_by_name(jsonval_text(jsonval_member(jwk, "alg"))), kid == NULL ? own : span_str(kid), err);
    if (key == NULL)
        return NULL;
    fail(err, REASON_KEY_UNUSABLE, "the numbers of the JWK are no private key");
    return read_material(key, jwk, err) && secret_key_settle_alg(key, alg, err) ? STEAL(key) : NULL;
}
