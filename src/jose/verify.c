/* SPDX-License-Identifier: Apache-2.0 */
/* Signatures under prepared contexts.
 *
 * A context is made at the first use of a key with an algorithm and then kept: fetching and initialising cost as much as a
 * fifth of an RSA verification.  Each works on a copy of the key, so that threads share neither reference counts nor the
 * locks inside of OpenSSL's keys.
 */
#include "jose/verify.h"

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/params.h>
#include <openssl/rsa.h>

#include <string.h>

enum {
    HASH_BYTES_MAX = 64,
    FIELD_BYTES_MAX = 66, /* of P-521 */
    ED25519_BITS = 255,
    ECDSA_DER_BYTES_MAX = 3 + 2 * (3 + FIELD_BYTES_MAX) /* SEQUENCE of two INTEGERs */
};

/* What one key and one algorithm need. */
struct prepared {
    struct prepared *next;
    enum alg alg;
    EVP_PKEY *pkey;     /* copy of the key; NULL for secrets */
    EVP_PKEY_CTX *pctx; /* RSA, EC: ready for EVP_PKEY_verify */
    EVP_MD_CTX *md;     /* hashing for RSA and EC; one-shot verification for OKP */
    EVP_MAC_CTX *mac;   /* secrets: keyed */
};

struct verifier {
    struct keyset *set;
    struct prepared **prepared; /* a chain for each key of the set */
};

struct verifier *verifier_new(struct keyset *set)
{
    struct verifier *verifier = calloc(1, sizeof *verifier);
    struct prepared **prepared = calloc(set->count + 1, sizeof *prepared);
    if (verifier == NULL || prepared == NULL) {
        free(verifier);
        free(prepared);
        return NULL;
    }
    verifier->prepared = prepared;
    verifier->set = keyset_take(set);
    return verifier;
}

static void prepared_free(struct prepared *p)
{
    if (p == NULL)
        return;
    EVP_PKEY_CTX_free(p->pctx);
    EVP_MD_CTX_free(p->md);
    EVP_MAC_CTX_free(p->mac);
    EVP_PKEY_free(p->pkey);
    free(p);
}

void verifier_free(struct verifier *verifier)
{
    if (verifier == NULL)
        return;
    for (size_t i = 0; i < verifier->set->count; i++)
        while (verifier->prepared[i] != NULL) {
            struct prepared *p = verifier->prepared[i];
            verifier->prepared[i] = p->next;
            prepared_free(p);
        }
    free(verifier->prepared);
    keyset_release(verifier->set);
    free(verifier);
}

const struct keyset *verifier_keys(const struct verifier *verifier)
{
    return verifier->set;
}

/* --- preparing --- */

/* RFC 7518 3.5: the salt is as long as the digest, and MGF1 uses the same digest. */
static bool prepare_pss(EVP_PKEY_CTX *ctx, const EVP_MD *md)
{
    return EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_PKCS1_PSS_PADDING) == 1 &&
           EVP_PKEY_CTX_set_rsa_mgf1_md(ctx, md) == 1 &&
           EVP_PKEY_CTX_set_rsa_pss_saltlen(ctx, EVP_MD_get_size(md)) == 1;
}

static bool prepare_pctx(struct prepared *p, const struct alg_info *info, const EVP_MD *md)
{
    p->pctx = EVP_PKEY_CTX_new_from_pkey(NULL, p->pkey, NULL);
    if (p->pctx == NULL || EVP_PKEY_verify_init(p->pctx) != 1)
        return false;
    if (info->is_pss && !prepare_pss(p->pctx, md))
        return false;
    if (info->family == KEY_RSA && !info->is_pss && EVP_PKEY_CTX_set_rsa_padding(p->pctx, RSA_PKCS1_PADDING) != 1)
        return false;
    return EVP_PKEY_CTX_set_signature_md(p->pctx, md) == 1;
}

static bool prepare_public(struct prepared *p, const struct alg_info *info, const struct key *key)
{
    p->pkey = EVP_PKEY_dup(key->pkey);
    p->md = EVP_MD_CTX_new();
    if (p->pkey == NULL || p->md == NULL)
        return false;
    if (info->digest == NULL)
        return true;
    EVP_MD *md = EVP_MD_fetch(NULL, info->digest, NULL);
    bool is_ready = md != NULL && EVP_DigestInit_ex2(p->md, md, NULL) == 1 && prepare_pctx(p, info, md);
    EVP_MD_free(md);
    return is_ready;
}

static bool prepare_mac(struct prepared *p, const struct alg_info *info, const struct key *key)
{
    EVP_MAC *mac = EVP_MAC_fetch(NULL, "HMAC", NULL);
    char digest[16];
    strcpy(digest, info->digest);
    OSSL_PARAM params[] = {OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, digest, 0),
                           OSSL_PARAM_construct_end()};
    p->mac = mac == NULL ? NULL : EVP_MAC_CTX_new(mac);
    EVP_MAC_free(mac);
    return p->mac != NULL && EVP_MAC_init(p->mac, key->secret, key->secret_len, params) == 1;
}

static struct prepared *prepare(const struct key *key, enum alg alg)
{
    const struct alg_info *info = alg_info(alg);
    struct prepared *p = calloc(1, sizeof *p);
    if (p == NULL)
        return NULL;
    p->alg = alg;
    if (info->family == KEY_OCT ? prepare_mac(p, info, key) : prepare_public(p, info, key))
        return p;
    prepared_free(p);
    return NULL;
}

static size_t key_index(const struct verifier *verifier, const struct key *key)
{
    size_t i = 0;
    while (i < verifier->set->count && verifier->set->keys[i] != key)
        i++;
    assert(i < verifier->set->count);
    return i;
}

/* The context of `key` with `alg`, made when it is missing; NULL when it cannot be made. */
static struct prepared *prepared_for(struct verifier *verifier, const struct key *key, enum alg alg)
{
    struct prepared **chain = &verifier->prepared[key_index(verifier, key)];
    for (struct prepared *p = *chain; p != NULL; p = p->next)
        if (p->alg == alg)
            return p;
    struct prepared *made = prepare(key, alg);
    if (made == NULL)
        return NULL;
    made->next = *chain;
    *chain = made;
    return made;
}

/* --- checking --- */

/* Appends a big-endian number as DER INTEGER: without zeros in front, but one where the top bit would say negative. */
static unsigned char *put_integer(unsigned char *to, const unsigned char *number, size_t len)
{
    while (len > 1 && number[0] == 0) {
        number++;
        len--;
    }
    bool needs_zero = (number[0] & 0x80) != 0;
    *to++ = 0x02;
    *to++ = (unsigned char)(len + needs_zero);
    if (needs_zero)
        *to++ = 0x00;
    memcpy(to, number, len);
    return to + len;
}

/* r then s of equal length (RFC 7518 3.4) as OpenSSL wants them. */
static size_t ecdsa_to_der(struct span signature, unsigned char der[ECDSA_DER_BYTES_MAX])
{
    const unsigned char *r = (const unsigned char *)signature.at;
    size_t half = signature.len / 2, head = 0;
    unsigned char body[ECDSA_DER_BYTES_MAX];
    size_t len = (size_t)(put_integer(put_integer(body, r, half), r + half, half) - body);
    der[head++] = 0x30;
    if (len >= 0x80)
        der[head++] = 0x81;
    der[head++] = (unsigned char)len;
    memcpy(der + head, body, len);
    return head + len;
}

static bool check_hashed(struct prepared *p, const struct alg_info *info, struct span input, struct span signature)
{
    unsigned char hash[HASH_BYTES_MAX], der[ECDSA_DER_BYTES_MAX];
    unsigned hash_len = 0;
    if (EVP_DigestInit_ex2(p->md, NULL, NULL) != 1 || EVP_DigestUpdate(p->md, input.at, input.len) != 1 ||
        EVP_DigestFinal_ex(p->md, hash, &hash_len) != 1)
        return false;
    if (info->family == KEY_EC)
        signature = span_of(der, ecdsa_to_der(signature, der));
    return EVP_PKEY_verify(p->pctx, (const unsigned char *)signature.at, signature.len, hash, hash_len) == 1;
}

static bool check_eddsa(struct prepared *p, struct span input, struct span signature)
{
    return EVP_DigestVerifyInit_ex(p->md, NULL, NULL, NULL, NULL, p->pkey, NULL) == 1 &&
           EVP_DigestVerify(p->md, (const unsigned char *)signature.at, signature.len, (const unsigned char *)input.at,
                            input.len) == 1;
}

static bool check_mac(struct prepared *p, struct span input, struct span signature)
{
    unsigned char mac[HASH_BYTES_MAX];
    size_t len = 0;
    return EVP_MAC_init(p->mac, NULL, 0, NULL) == 1 &&
           EVP_MAC_update(p->mac, (const unsigned char *)input.at, input.len) == 1 &&
           EVP_MAC_final(p->mac, mac, &len, sizeof mac) == 1 && len == signature.len &&
           CRYPTO_memcmp(mac, signature.at, len) == 0;
}

static bool check(struct prepared *p, const struct alg_info *info, struct span input, struct span signature)
{
    switch (info->family) {
    case KEY_RSA:
    case KEY_EC: return check_hashed(p, info, input, signature);
    case KEY_OKP: return check_eddsa(p, input, signature);
    case KEY_OCT: return check_mac(p, input, signature);
    }
    return false;
}

/* The one length a signature of `alg` under `key` can have; EdDSA has that of the key's curve. */
static size_t signature_bytes(const struct key *key, const struct alg_info *info)
{
    if (info->family == KEY_OKP)
        return alg_info(key->bits > ED25519_BITS ? ALG_ED448 : ALG_ED25519)->signature_bytes;
    return info->family == KEY_RSA ? (key->bits + 7) / 8 : info->signature_bytes;
}

bool verifier_check(struct verifier *verifier, const struct key *key, enum alg alg, struct span input,
                    struct span signature, struct err *err)
{
    if (!alg_set_has(key->algs, alg))
        return fail(err, REASON_SIGNATURE_INVALID, "the key may not serve this algorithm");
    const struct alg_info *info = alg_info(alg);
    size_t bytes = signature_bytes(key, info);
    if (signature.len != bytes)
        return fail(err, REASON_SIGNATURE_INVALID, "signature of %zu bytes; %s under this key has %zu", signature.len,
                    info->name, bytes);
    struct prepared *p = prepared_for(verifier, key, alg);
    bool is_good = p != NULL && check(p, info, input, signature);
    if (is_good)
        return true;
    ERR_clear_error();
    if (p == NULL)
        return fail(err, REASON_OUT_OF_MEMORY, "no memory to verify signatures by %s", info->name);
    return fail(err, REASON_SIGNATURE_INVALID, "the signature is not that of this key");
}
