/* SPDX-License-Identifier: Apache-2.0 */
/* A key that signs: made fresh, or read from a PEM file or a private JWK Set; written in these forms too.
 *
 * For demos and tests only: the gateway holds none of this.
 */
#ifndef DEV_SECRET_KEY_H
#define DEV_SECRET_KEY_H

#include "base/buf.h"
#include "base/err.h"
#include "jose/alg.h"

struct evp_pkey_st;

enum { SECRET_KEY_KID_BYTES_MAX = 255, SECRET_KEY_SIGNATURE_BYTES_MAX = 1024 };

struct secret_key {
    enum alg alg;
    char kid[SECRET_KEY_KID_BYTES_MAX + 1]; /* empty: none */
    struct evp_pkey_st *pkey;               /* NULL for HS* */
    unsigned char *secret;                  /* of HS*; else NULL */
    size_t secret_len;
};

/* A fresh key: RSA of 2048 bits, the curve of the algorithm (Ed25519 for EdDSA), or as many random bytes as the digest has.  `kid` may be
 * NULL.  Reasons USAGE, SYSTEM.
 */
struct secret_key *secret_key_make(enum alg alg, const char *kid, struct err *err) MUST_CHECK;

/* A key from PEM (private), a private JWK Set, or one private JWK.  `kid` chooses among several and names a key that has none;
 * NULL: the first.  `alg` ALG_UNKNOWN: as the JWK says, else the first that fits the key.  Refused with KEY_UNUSABLE, also
 * when `alg` does not fit.
 */
struct secret_key *secret_key_read(struct span bytes, enum alg alg, const char *kid, struct err *err) MUST_CHECK;

/* Overwrites and frees; NULL is let through. */
void secret_key_free(struct secret_key *key);
AUTO_FREE(secret_key)

/* The JWK, public or private.  A secret has no public JWK: false. */
bool secret_key_write_jwk(const struct secret_key *key, bool is_private, struct buf *out);

/* The public JWK under other names than the key's own. */
struct secret_key_labels {
    const char *use;
    const char *alg; /* NULL: none is named */
    struct span kid;
    struct span x5t;    /* empty: none */
    struct span issuer; /* Entra's member of that name; empty: none */
};
/* Appends it; false for a secret. */
bool secret_key_write_labelled(const struct secret_key *key, const struct secret_key_labels *labels, struct buf *out);

/* The JWK Set of `count` keys; secrets are left out of a public one. */
bool secret_key_write_set(const struct secret_key *const *keys, size_t count, bool is_private, struct buf *out);

/* PEM: PKCS #8, or SubjectPublicKeyInfo.  False for a secret. */
bool secret_key_write_pem(const struct secret_key *key, bool is_private, struct buf *out);

/* The raw signature of a JWS over `input` (RFC 7518 3.2-3.5, RFC 8037 3.1), in plain OpenSSL calls, none of them shared with the
 * code that verifies.
 */
bool secret_key_sign(const struct secret_key *key, struct span input, unsigned char out[SECRET_KEY_SIGNATURE_BYTES_MAX],
                     size_t *len, struct err *err) MUST_CHECK;

#endif
