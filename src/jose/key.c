/* SPDX-License-Identifier: Apache-2.0 */
/* Making and freeing keys; secrets. */
#include "key_int.h"

#include "base/siphash.h"
#include "jose/b64url.h"

#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pkcs12.h>

#include <string.h>

static struct alg_set algs_of(enum key_family family, const char *crv)
{
    struct alg_set set = {0};
    for (unsigned i = ALG_UNKNOWN + 1; i < ALG_COUNT; i++) {
        const struct alg_info *info = alg_info((enum alg)i);
        bool is_on_curve = info->curve == NULL || span_eq(span_str(info->curve), span_str(crv));
        if (info->family == family && is_on_curve)
            set.bits |= alg_set_of((enum alg)i).bits;
    }
    return set;
}

static struct key *key_new(enum key_family family, const char *crv, unsigned bits, struct err *err)
{
    struct key *key = calloc(1, sizeof *key);
    if (key == NULL) {
        fail(err, REASON_OUT_OF_MEMORY, "no memory for a key");
        return NULL;
    }
    key->family = family;
    key->algs = algs_of(family, crv);
    key->bits = bits;
    return key;
}

struct key *key_from_material(const struct material *m, struct err *err)
{
    AUTO_PTR(key) key = key_new(m->family, m->crv, m->bits, err);
    if (key == NULL || !key_material_thumbprint(m, key->thumbprint, err))
        return NULL;
    key->pkey = key_material_pkey(m, err);
    return key->pkey == NULL ? NULL : STEAL(key);
}

bool key_set_text(struct span *text, struct span value, struct err *err)
{
    if (value.len == 0)
        return true;
    char *copy = span_dup(value);
    if (copy == NULL)
        return fail(err, REASON_OUT_OF_MEMORY, "no memory for a key's name");
    *text = span_of(copy, value.len);
    return true;
}

bool key_unusable(struct err *err, const char *what)
{
    if (err != NULL && err->reason != REASON_OUT_OF_MEMORY)
        err->reason = REASON_KEY_UNUSABLE;
    return err_prefix(err, "%s", what);
}

struct key *key_from_rsa(struct span n, struct span e, struct span kid, struct err *err)
{
    struct material m;
    if (!key_material_rsa(&m, n, e, err))
        return NULL;
    AUTO_PTR(key) key = key_from_material(&m, err);
    if (key == NULL || !key_set_text(&key->kid, kid, err))
        return NULL;
    return STEAL(key);
}

/* --- secrets --- */

/* Whether the bytes begin as DER of a public key does: SPKI or PKCS#1. */
static bool is_der_key(struct span bytes)
{
    const unsigned char *at = (const unsigned char *)bytes.at;
    EVP_PKEY *key = d2i_PUBKEY(NULL, &at, (long)bytes.len);
    if (key == NULL) {
        at = (const unsigned char *)bytes.at;
        key = d2i_PublicKey(EVP_PKEY_RSA, NULL, &at, (long)bytes.len);
    }
    EVP_PKEY_free(key);
    return key != NULL;
}

static bool is_der_certificate(struct span bytes)
{
    const unsigned char *at = (const unsigned char *)bytes.at;
    X509 *certificate = d2i_X509(NULL, &at, (long)bytes.len);
    X509_free(certificate);
    return certificate != NULL;
}

static bool is_pfx(struct span bytes)
{
    const unsigned char *at = (const unsigned char *)bytes.at;
    PKCS12 *pfx = d2i_PKCS12(NULL, &at, (long)bytes.len);
    PKCS12_free(pfx);
    return pfx != NULL;
}

/* A public key taken for a secret is known to every attacker: the classic confusion of RS256 with HS256. */
static bool is_public_key(struct span bytes)
{
    bool is_der = bytes.at[0] == 0x30;
    bool is_public = span_holds(bytes, SPAN("-----BEGIN ")) || span_holds(bytes, SPAN("\"kty\"")) ||
                     (is_der && (is_der_certificate(bytes) || is_der_key(bytes) || is_pfx(bytes)));
    ERR_clear_error();
    return is_public;
}

/* Tells secrets apart within this process and nothing more: keyed, so that who reads it in a log cannot try out weak secrets
 * against it.
 */
static bool secret_thumbprint(struct span secret, char *out, struct err *err)
{
    unsigned char hash[KEY_SHA256_BYTES];
    if (EVP_Q_mac(NULL, "HMAC", NULL, "SHA256", NULL, siphash_process_key(), 16, (const unsigned char *)secret.at,
                  secret.len, hash, sizeof hash, NULL) == NULL)
        return fail(err, REASON_OUT_OF_MEMORY, "no memory to hash a secret");
    b64url_encode(hash, sizeof hash, out);
    return true;
}

struct key *key_from_secret(struct span bytes, struct span kid, struct err *err)
{
    if (bytes.len < KEY_SECRET_BYTES_MIN) {
        fail(err, REASON_KEY_UNUSABLE, "secret of %zu bytes; at least %d are needed", bytes.len, KEY_SECRET_BYTES_MIN);
        return NULL;
    }
    if (bytes.len > INT32_MAX / 8) {
        fail(err, REASON_KEY_UNUSABLE, "secret of %zu bytes", bytes.len);
        return NULL;
    }
    if (is_public_key(bytes)) {
        fail(err, REASON_KEY_UNUSABLE, "a certificate or public key is no secret: use certificate-id or n/e");
        return NULL;
    }
    AUTO_PTR(key) key = key_new(KEY_OCT, NULL, (unsigned)bytes.len * 8, err);
    if (key == NULL || !key_set_text(&key->kid, kid, err) || !secret_thumbprint(bytes, key->thumbprint, err))
        return NULL;
    key->secret = malloc(bytes.len);
    if (key->secret == NULL) {
        fail(err, REASON_OUT_OF_MEMORY, "no memory for a secret");
        return NULL;
    }
    memcpy(key->secret, bytes.at, bytes.len);
    key->secret_len = bytes.len;
    return STEAL(key);
}

void key_free(struct key *key)
{
    if (key == NULL)
        return;
    if (key->secret != NULL)
        OPENSSL_cleanse(key->secret, key->secret_len);
    free(key->secret);
    EVP_PKEY_free(key->pkey);
    free((void *)key->kid.at);
    free((void *)key->x5t.at);
    free((void *)key->issuer.at);
    free(key);
}
