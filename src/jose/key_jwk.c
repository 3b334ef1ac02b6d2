/* SPDX-License-Identifier: Apache-2.0 */
/* Keys out of JWKs (RFC 7517 4).  Every member that is there must agree: a key says what it is for, and is used for nothing
 * else.
 */
#include "key_int.h"

#include "jose/b64url.h"

#include <string.h>

/* Room for a number with some zero bytes in front, which are foreign to RFC 7518 6.3.1.1 but harmless. */
enum { NUMBER_BYTES_MAX = KEY_RSA_BYTES_MAX + 8, NUMBER_CHARS_MAX = (NUMBER_BYTES_MAX * 4 + 2) / 3 };

struct number {
    unsigned char bytes[NUMBER_CHARS_MAX / 4 * 3 + 3];
    struct span span;
};

static bool has_member(const struct jsonval *jwk, const char *name)
{
    return jsonval_member(jwk, name) != NULL;
}

/* A member that may be missing, but must be a text where it stands. */
static bool read_text(const struct jsonval *jwk, const char *name, struct span *text, struct err *err)
{
    const struct jsonval *value = jsonval_member(jwk, name);
    *text = jsonval_text(value);
    if (value != NULL && !jsonval_is_string(value))
        return fail(err, REASON_KEY_UNUSABLE, "%s is no string", name);
    return true;
}

static bool read_number(const struct jsonval *jwk, const char *name, struct number *number, struct err *err)
{
    struct span text;
    if (!read_text(jwk, name, &text, err))
        return false;
    if (text.at == NULL)
        return fail(err, REASON_KEY_UNUSABLE, "%s is missing", name);
    if (text.len > NUMBER_CHARS_MAX)
        return fail(err, REASON_KEY_UNUSABLE, "%s has more than %d bits", name, KEY_RSA_BITS_MAX);
    size_t len;
    if (!b64url_decode(text, number->bytes, &len, err))
        return key_unusable(err, name);
    number->span = span_of(number->bytes, len);
    return true;
}

static bool read_rsa(struct material *m, const struct jsonval *jwk, struct err *err)
{
    struct number n, e;
    return read_number(jwk, "n", &n, err) && read_number(jwk, "e", &e, err) && key_material_rsa(m, n.span, e.span, err);
}

static bool read_ec(struct material *m, const struct jsonval *jwk, struct err *err)
{
    struct number x, y;
    struct span crv;
    return read_text(jwk, "crv", &crv, err) && read_number(jwk, "x", &x, err) && read_number(jwk, "y", &y, err) &&
           key_material_ec(m, crv, x.span, y.span, err);
}

static bool read_okp(struct material *m, const struct jsonval *jwk, struct err *err)
{
    struct number x;
    struct span crv;
    return read_text(jwk, "crv", &crv, err) && read_number(jwk, "x", &x, err) && key_material_okp(m, crv, x.span, err);
}

static bool read_family(const struct jsonval *jwk, enum key_family *family, struct err *err)
{
    struct span kty;
    if (!read_text(jwk, "kty", &kty, err))
        return false;
    if (span_eq(kty, SPAN("oct")))
        return fail(err, REASON_KEY_UNUSABLE, "kty oct: a published secret is none");
    if (span_eq(kty, SPAN("RSA")))
        *family = KEY_RSA;
    else if (span_eq(kty, SPAN("EC")))
        *family = KEY_EC;
    else if (span_eq(kty, SPAN("OKP")))
        *family = KEY_OKP;
    else
        return fail(err, REASON_KEY_UNUSABLE, "kty %s; RSA, EC, OKP are known", QUOTED(kty));
    return true;
}

/* RFC 7517 4.2, RFC 7517 4.3: a key for encryption must not verify. */
static bool check_purpose(const struct jsonval *jwk, struct err *err)
{
    struct span use;
    if (!read_text(jwk, "use", &use, err))
        return false;
    if (use.at != NULL && !span_eq(use, SPAN("sig")))
        return fail(err, REASON_KEY_UNUSABLE, "use is %s, not sig", QUOTED(use));
    const struct jsonval *ops = jsonval_member(jwk, "key_ops");
    bool can_verify = ops == NULL;
    for (size_t i = 0; i < jsonval_count(ops); i++)
        can_verify = can_verify || span_eq(jsonval_text(jsonval_element(ops, i)), SPAN("verify"));
    return can_verify || fail(err, REASON_KEY_UNUSABLE, "key_ops lacks verify");
}

/* RFC 7517 4.4: with an alg the key serves that one alone, which must be of its family and curve. */
static bool narrow_algs(struct key *key, const struct jsonval *jwk, struct err *err)
{
    struct span name;
    if (!read_text(jwk, "alg", &name, err))
        return false;
    if (name.at == NULL)
        return true;
    enum alg alg = alg_by_name(name);
    if (!alg_set_has(key->algs, alg))
        return fail(err, REASON_KEY_UNUSABLE, "alg %s is no signature algorithm for this key", QUOTED(name));
    key->algs = alg_set_of(alg);
    return true;
}

/* The first certificate of x5c, which holds the key (RFC 7517 4.7); NULL without x5c. */
static bool read_leaf(const struct jsonval *jwk, X509 **leaf, struct err *err)
{
    const struct jsonval *x5c = jsonval_member(jwk, "x5c");
    *leaf = NULL;
    if (x5c == NULL)
        return true;
    struct span text = jsonval_text(jsonval_element(x5c, 0));
    if (text.at == NULL)
        return fail(err, REASON_KEY_UNUSABLE, "x5c is no array of strings");
    unsigned char *der;
    size_t len;
    if (!b64_decode_lenient(text, &der, &len, err))
        return key_unusable(err, "x5c");
    *leaf = key_x509_from_der(span_of(der, len));
    free(der);
    return *leaf != NULL || fail(err, REASON_KEY_UNUSABLE, "x5c holds no certificate");
}

static bool read_members(struct material *m, const struct jsonval *jwk, enum key_family family, struct err *err)
{
    switch (family) {
    case KEY_RSA: return read_rsa(m, jwk, err);
    case KEY_EC: return read_ec(m, jwk, err);
    case KEY_OKP: return read_okp(m, jwk, err);
    case KEY_OCT: break;
    }
    return fail(err, REASON_KEY_UNUSABLE, "kty oct");
}

/* The numbers of the members n/e or x/y; those of the certificate where there are none.  Where both stand they are one key. */
static bool read_material(struct material *m, const struct jsonval *jwk, X509 *leaf, struct err *err)
{
    enum key_family family;
    struct material named;
    if (!read_family(jwk, &family, err))
        return false;
    bool has_numbers = has_member(jwk, "n") || has_member(jwk, "e") || has_member(jwk, "x") || has_member(jwk, "y");
    if (has_numbers || leaf == NULL) {
        if (!read_members(m, jwk, family, err))
            return false;
        if (leaf == NULL)
            return true;
    }
    if (!key_material_x509(&named, leaf, err))
        return key_unusable(err, "x5c");
    if (named.family != family || (has_numbers && !key_material_eq(m, &named)))
        return fail(err, REASON_KEY_UNUSABLE, "x5c names another key");
    struct span crv = jsonval_text(jsonval_member(jwk, "crv"));
    if (crv.at != NULL && !span_eq(crv, span_str(named.crv)))
        return fail(err, REASON_KEY_UNUSABLE, "x5c names a key of another curve");
    *m = named;
    return true;
}

static bool set_texts(struct key *key, const struct jsonval *jwk, struct err *err)
{
    struct span kid, x5t, issuer;
    return read_text(jwk, "kid", &kid, err) && read_text(jwk, "x5t", &x5t, err) &&
           read_text(jwk, "issuer", &issuer, err) && key_set_text(&key->kid, kid, err) &&
           key_set_text(&key->x5t, x5t, err) && key_set_text(&key->issuer, issuer, err);
}

static struct key *read_key(const struct jsonval *jwk, X509 *leaf, struct err *err)
{
    struct material m;
    if (!read_material(&m, jwk, leaf, err))
        return NULL;
    AUTO_PTR(key) key = key_from_material(&m, err);
    if (key == NULL || !set_texts(key, jwk, err) || !narrow_algs(key, jwk, err))
        return NULL;
    bool is_alone = leaf != NULL && !has_member(jwk, "n") && !has_member(jwk, "x");
    if (leaf != NULL && !key_set_certificate(key, leaf, err))
        return NULL;
    key->is_x509 = is_alone;
    return STEAL(key);
}

struct key *key_from_jwk(const struct jsonval *jwk, struct err *err)
{
    X509 *leaf;
    enum key_family family;
    if (!jsonval_is_object(jwk)) {
        fail(err, REASON_KEY_UNUSABLE, "not an object");
        return NULL;
    }
    if (!read_family(jwk, &family, err) || !check_purpose(jwk, err) || !read_leaf(jwk, &leaf, err))
        return NULL;
    struct key *key = read_key(jwk, leaf, err);
    X509_free(leaf);
    return key;
}
