/* SPDX-License-Identifier: Apache-2.0 */
/* Rules for public keys.  OpenSSL refuses points off their curve; it takes RSA moduli that are even or tiny, exponent 1, and
 * Edwards points of small order, under which anybody can sign: these are refused here.
 */
#include "key_int.h"

#include "base/buf.h"
#include "jose/b64url.h"

#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>

#include <string.h>

enum { RSA_EXPONENT_BYTES_MAX = 4, ED25519_BYTES = 32, ED448_BYTES = 57 };

static const struct curve {
    const char *crv;
    unsigned bits;
    size_t bytes;
} curves[] = {{"P-256", 256, 32}, {"P-384", 384, 48}, {"P-521", 521, KEY_FIELD_BYTES_MAX}};

/* y of the eight points of small order on edwards25519, and y + p where that fits; the top bit is the sign of x and not
 * looked at.
 */
static const unsigned char small_orders_25519[][ED25519_BYTES] = {
    {0},
    {1},
    {0x26, 0xe8, 0x95, 0x8f, 0xc2, 0xb2, 0x27, 0xb0, 0x45, 0xc3, 0xf4, 0x89, 0xf2, 0xef, 0x98, 0xf0,
     0xd5, 0xdf, 0xac, 0x05, 0xd3, 0xc6, 0x33, 0x39, 0xb1, 0x38, 0x02, 0x88, 0x6d, 0x53, 0xfc, 0x05},
    {0xc7, 0x17, 0x6a, 0x70, 0x3d, 0x4d, 0xd8, 0x4f, 0xba, 0x3c, 0x0b, 0x76, 0x0d, 0x10, 0x67, 0x0f,
     0x2a, 0x20, 0x53, 0xfa, 0x2c, 0x39, 0xcc, 0xc6, 0x4e, 0xc7, 0xfd, 0x77, 0x92, 0xac, 0x03, 0x7a},
    {0xec, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
     0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f},
    {0xed, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
     0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f},
    {0xee, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
     0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f},
};

/* The same on edwards448, whose p is 2^448 - 2^224 - 1: y of the four points is 0, 1 and p - 1. */
static const unsigned char small_orders_448[][ED448_BYTES] = {
    {0},
    {1},
    {0xfe, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
     0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xfe, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
     0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x00},
    {0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
     0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xfe, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
     0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x00},
    {0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
     0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
     0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x00},
};

static const struct edwards {
    const char *crv;
    unsigned bits;
    size_t bytes;
    const unsigned char *small_orders; /* `count` of them, `bytes` each */
    size_t count;
} edwards[] = {
    {"Ed25519", 255, ED25519_BYTES, small_orders_25519[0], COUNT_OF(small_orders_25519)},
    {"Ed448", 448, ED448_BYTES, small_orders_448[0], COUNT_OF(small_orders_448)},
};

static struct span without_zeros(struct span number)
{
    while (number.len > 0 && number.at[0] == '\0')
        number = span_from(number, 1);
    return number;
}

static bool is_odd(struct span number)
{
    return number.len > 0 && ((unsigned char)number.at[number.len - 1] & 1) != 0;
}

static unsigned bit_length(struct span number)
{
    unsigned bits = 0;
    for (unsigned top = number.len == 0 ? 0 : (unsigned char)number.at[0]; top != 0; top >>= 1)
        bits++;
    return number.len == 0 ? 0 : bits + (unsigned)(number.len - 1) * 8;
}

static void set_numbers(struct material *m, struct span first, struct span second)
{
    memcpy(m->first, first.at, first.len);
    m->first_len = first.len;
    if (second.len > 0)
        memcpy(m->second, second.at, second.len);
    m->second_len = second.len;
}

bool key_material_rsa(struct material *m, struct span n, struct span e, struct err *err)
{
    n = without_zeros(n);
    e = without_zeros(e);
    if (n.len > KEY_RSA_BYTES_MAX)
        return fail(err, REASON_KEY_UNUSABLE, "RSA modulus of more than %d bits", KEY_RSA_BITS_MAX);
    unsigned bits = bit_length(n);
    if (bits < KEY_RSA_BITS_MIN)
        return fail(err, REASON_KEY_UNUSABLE, "RSA modulus of %u bits; at least %d are needed", bits, KEY_RSA_BITS_MIN);
    if (!is_odd(n))
        return fail(err, REASON_KEY_UNUSABLE, "RSA modulus is even");
    if (e.len > RSA_EXPONENT_BYTES_MAX)
        return fail(err, REASON_KEY_UNUSABLE, "RSA exponent above 2^32");
    if (!is_odd(e) || bit_length(e) < 2)
        return fail(err, REASON_KEY_UNUSABLE, "RSA exponent is even or below 3");
    *m = (struct material){.family = KEY_RSA, .bits = bits};
    set_numbers(m, n, e);
    return true;
}

bool key_material_ec(struct material *m, struct span crv, struct span x, struct span y, struct err *err)
{
    const struct curve *curve = NULL;
    for (size_t i = 0; i < COUNT_OF(curves); i++)
        if (span_eq(crv, span_str(curves[i].crv)))
            curve = &curves[i];
    if (curve == NULL)
        return fail(err, REASON_KEY_UNUSABLE, "curve %s; P-256, P-384, P-521 are known", QUOTED(crv));
    if (x.len != curve->bytes || y.len != curve->bytes)
        return fail(err, REASON_KEY_UNUSABLE, "coordinates of %zu and %zu bytes; %s has %zu", x.len, y.len, curve->crv,
                    curve->bytes);
    *m = (struct material){.family = KEY_EC, .crv = curve->crv, .bits = curve->bits};
    set_numbers(m, x, y);
    return true;
}

static bool is_of_small_order(const struct edwards *curve, struct span point)
{
    unsigned char y[ED448_BYTES];
    memcpy(y, point.at, curve->bytes);
    y[curve->bytes - 1] &= 0x7f;
    for (size_t i = 0; i < curve->count; i++)
        if (memcmp(y, curve->small_orders + i * curve->bytes, curve->bytes) == 0)
            return true;
    return false;
}

bool key_material_okp(struct material *m, struct span crv, struct span x, struct err *err)
{
    const struct edwards *curve = NULL;
    for (size_t i = 0; i < COUNT_OF(edwards); i++)
        if (span_eq(crv, span_str(edwards[i].crv)))
            curve = &edwards[i];
    if (curve == NULL)
        return fail(err, REASON_KEY_UNUSABLE, "curve %s; of OKP keys Ed25519 and Ed448 are known", QUOTED(crv));
    if (x.len != curve->bytes)
        return fail(err, REASON_KEY_UNUSABLE, "%s key of %zu bytes; %zu are needed", curve->crv, x.len, curve->bytes);
    if (is_of_small_order(curve, x))
        return fail(err, REASON_KEY_UNUSABLE, "%s key of small order", curve->crv);
    *m = (struct material){.family = KEY_OKP, .crv = curve->crv, .bits = curve->bits};
    set_numbers(m, x, (struct span){NULL, 0});
    return true;
}

bool key_material_eq(const struct material *a, const struct material *b)
{
    return a->family == b->family && span_eq(span_str(a->crv), span_str(b->crv)) &&
           span_eq(span_of(a->first, a->first_len), span_of(b->first, b->first_len)) &&
           span_eq(span_of(a->second, a->second_len), span_of(b->second, b->second_len));
}

/* --- into OpenSSL's form --- */

static bool build_rsa(const struct material *m, OSSL_PARAM_BLD *build, BIGNUM *numbers[2])
{
    numbers[0] = BN_bin2bn(m->first, (int)m->first_len, NULL);
    numbers[1] = BN_bin2bn(m->second, (int)m->second_len, NULL);
    return numbers[0] != NULL && numbers[1] != NULL &&
           OSSL_PARAM_BLD_push_BN(build, OSSL_PKEY_PARAM_RSA_N, numbers[0]) == 1 &&
           OSSL_PARAM_BLD_push_BN(build, OSSL_PKEY_PARAM_RSA_E, numbers[1]) == 1;
}

/* The point in SEC 1's uncompressed form: the only one that cannot spell the point at infinity. */
static bool build_ec(const struct material *m, OSSL_PARAM_BLD *build, unsigned char point[1 + 2 * KEY_FIELD_BYTES_MAX])
{
    point[0] = 0x04;
    memcpy(point + 1, m->first, m->first_len);
    memcpy(point + 1 + m->first_len, m->second, m->second_len);
    return OSSL_PARAM_BLD_push_utf8_string(build, OSSL_PKEY_PARAM_GROUP_NAME, m->crv, 0) == 1 &&
           OSSL_PARAM_BLD_push_octet_string(build, OSSL_PKEY_PARAM_PUB_KEY, point, 1 + m->first_len + m->second_len) ==
               1;
}

static EVP_PKEY *pkey_from_params(const char *type, OSSL_PARAM *params)
{
    EVP_PKEY *pkey = NULL;
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, type, NULL);
    if (ctx != NULL && EVP_PKEY_fromdata_init(ctx) == 1)
        EVP_PKEY_fromdata(ctx, &pkey, EVP_PKEY_PUBLIC_KEY, params);
    EVP_PKEY_CTX_free(ctx);
    return pkey;
}

/* OpenSSL's names of the Edwards curves are those of JWKs, and letter case does not count there. */
static const char *type_name(const struct material *m)
{
    return m->family == KEY_RSA ? "RSA" : m->family == KEY_EC ? "EC" : m->crv;
}

/* NULL also when the numbers are no key. */
static EVP_PKEY *build_pkey(const struct material *m)
{
    BIGNUM *numbers[2] = {NULL, NULL};
    unsigned char point[1 + 2 * KEY_FIELD_BYTES_MAX];
    OSSL_PARAM_BLD *build = OSSL_PARAM_BLD_new();
    bool is_built = build != NULL;
    if (is_built && m->family == KEY_RSA)
        is_built = build_rsa(m, build, numbers);
    else if (is_built && m->family == KEY_EC)
        is_built = build_ec(m, build, point);
    else if (is_built)
        is_built = OSSL_PARAM_BLD_push_octet_string(build, OSSL_PKEY_PARAM_PUB_KEY, m->first, m->first_len) == 1;
    OSSL_PARAM *params = is_built ? OSSL_PARAM_BLD_to_param(build) : NULL;
    EVP_PKEY *pkey = params == NULL ? NULL : pkey_from_params(type_name(m), params);
    OSSL_PARAM_free(params);
    OSSL_PARAM_BLD_free(build);
    BN_free(numbers[0]);
    BN_free(numbers[1]);
    return pkey;
}

/* Whether the point is of its curve's group; RSA keys have been looked at, and OpenSSL's check of them takes milliseconds. */
static bool point_is_valid(EVP_PKEY *pkey)
{
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_pkey(NULL, pkey, NULL);
    bool is_valid = ctx != NULL && EVP_PKEY_public_check(ctx) == 1;
    EVP_PKEY_CTX_free(ctx);
    return is_valid;
}

EVP_PKEY *key_material_pkey(const struct material *m, struct err *err)
{
    EVP_PKEY *pkey = build_pkey(m);
    if (pkey != NULL && m->family == KEY_EC && !point_is_valid(pkey)) {
        EVP_PKEY_free(pkey);
        pkey = NULL;
    }
    ERR_clear_error();
    if (pkey == NULL)
        fail(err, REASON_KEY_UNUSABLE,
             m->family == KEY_EC ? "the point is not on its curve" : "OpenSSL refuses the key");
    return pkey;
}

/* --- thumbprint --- */

static void add_member(struct buf *b, const char *name, const unsigned char *bytes, size_t len)
{
    char chars[(KEY_RSA_BYTES_MAX * 4 + 2) / 3 + 1];
    b64url_encode(bytes, len, chars);
    buf_printf(b, "\"%s\":\"%s\"", name, chars);
}

static void add_members(const struct material *m, struct buf *b)
{
    buf_add_char(b, '{');
    if (m->family == KEY_RSA) {
        add_member(b, "e", m->second, m->second_len);
        buf_add_str(b, ",\"kty\":\"RSA\",");
        add_member(b, "n", m->first, m->first_len);
    } else {
        buf_printf(b, "\"crv\":\"%s\",\"kty\":\"%s\",", m->crv, m->family == KEY_EC ? "EC" : "OKP");
        add_member(b, "x", m->first, m->first_len);
        if (m->family == KEY_EC) {
            buf_add_char(b, ',');
            add_member(b, "y", m->second, m->second_len);
        }
    }
    buf_add_char(b, '}');
}

bool key_material_thumbprint(const struct material *m, char out[KEY_THUMBPRINT_BYTES], struct err *err)
{
    AUTO(buf) b = {0};
    unsigned char hash[KEY_SHA256_BYTES];
    add_members(m, &b);
    if (b.is_broken || EVP_Q_digest(NULL, "SHA256", NULL, b.at, buf_len(&b), hash, NULL) != 1)
        return fail(err, REASON_OUT_OF_MEMORY, "no memory for a key's thumbprint");
    b64url_encode(hash, sizeof hash, out);
    return true;
}
