/* SPDX-License-Identifier: Apache-2.0 */
/* One key that may verify signatures: public (RSA, EC, OKP) or a shared secret of the configuration.
 *
 * A key is made once, is never written again, belongs to one family and knows the algorithms it may serve.
 */
#ifndef JOSE_KEY_H
#define JOSE_KEY_H

#include "base/err.h"
#include "base/span.h"
#include "jose/alg.h"
#include "jose/jsondoc.h"

enum {
    KEY_RSA_BITS_MIN = 2048, /* RFC 7518 3.3 */
    KEY_RSA_BITS_MAX = 8192,
    KEY_SECRET_BYTES_MIN = 16,
    KEY_THUMBPRINT_BYTES = 44 /* base64url of SHA-256, with the final NUL */
};

struct evp_pkey_st;

struct key {
    enum key_family family;
    struct alg_set algs;                   /* what it may verify: family, curve, `alg` and `key_ops` taken together */
    struct span kid;                       /* JWK kid or policy id; empty: none */
    struct span x5t;                       /* base64url SHA-1 of the certificate, as written or computed; empty: none */
    struct span issuer;                    /* Entra's member `issuer`, maybe with {tenantid}; empty: none */
    bool is_x509;                          /* from a certificate: kid compared without letter case */
    int64_t not_after_s;                   /* end of the certificate, wall clock; 0: unknown */
    unsigned bits;                         /* size of modulus, field or secret */
    char thumbprint[KEY_THUMBPRINT_BYTES]; /* RFC 7638; for a secret a hash keyed by this process, fit to print */
    struct evp_pkey_st *pkey;              /* public key; NULL for a secret */
    unsigned char *secret;                 /* for KEY_OCT, else NULL; never printed */
    size_t secret_len;
};

/* A public key from an element of a JWK Set (RFC 7517 4).  Refused with KEY_UNUSABLE and why: other kty than RSA, EC, OKP
 * (`oct` too: a published secret is none), use other than sig, key_ops without verify, an alg that does not fit, RSA out of
 * 2048-8192 bits or even or with an exponent even, below 3 or above 2^32, EC points off their curve or of wrong length,
 * OKP other than Ed25519 and Ed448 or of small order, x5c that names another key.  n/e and x/y go before x5c; x5c alone is taken.
 * The caller frees it.
 */
struct key *key_from_jwk(const struct jsonval *jwk, struct err *err) MUST_CHECK;

/* An RSA key from modulus and exponent, big-endian; the rules as above.  kid may be empty. */
struct key *key_from_rsa(struct span n, struct span e, struct span kid, struct err *err) MUST_CHECK;

/* The public key of a certificate (PEM, DER, or PFX without password).  kid may be empty. */
struct key *key_from_certificate(struct span bytes, struct span kid, struct err *err) MUST_CHECK;

/* A shared secret.  Refused below 16 bytes, and when the bytes are a certificate or public key in disguise (PEM or DER):
 * "use certificate-id or n/e".  kid may be empty.
 */
struct key *key_from_secret(struct span bytes, struct span kid, struct err *err) MUST_CHECK;

/* Frees; secrets are overwritten.  NULL is let through. */
void key_free(struct key *key);
AUTO_FREE(key)

#endif
