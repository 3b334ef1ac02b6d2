/* SPDX-License-Identifier: Apache-2.0 */
/* Signature algorithms of RFC 7518 3, RFC 8037 and RFC 9864, and what each demands of key and signature.
 *
 * A name is what the token's alg says, to the letter: EdDSA stands for either Edwards curve, which the key decides, and is
 * another algorithm than Ed25519 and Ed448, which name theirs (RFC 9864 2.2).
 * `none` is no algorithm here: a policy that admits unsigned tokens looks at token.is_unsigned.
 */
#ifndef JOSE_ALG_H
#define JOSE_ALG_H

#include "base/span.h"

enum alg {
    ALG_UNKNOWN,
    ALG_HS256,
    ALG_HS384,
    ALG_HS512,
    ALG_RS256,
    ALG_RS384,
    ALG_RS512,
    ALG_PS256,
    ALG_PS384,
    ALG_PS512,
    ALG_ES256,
    ALG_ES384,
    ALG_ES512,
    ALG_EDDSA,   /* Ed25519 or Ed448, by the key */
    ALG_ED25519, /* the same signatures, the curve named */
    ALG_ED448,
    ALG_COUNT
};

/* One key, one family: this is what ends the confusion of algorithms (RFC 8725 3.1). */
enum key_family { KEY_RSA, KEY_EC, KEY_OKP, KEY_OCT };
/* As a JWK's kty spells it (RFC 7518 6.1). */
const char *key_family_name(enum key_family family);

/* A set of algorithms, one bit each. */
struct alg_set {
    uint32_t bits;
};

struct alg_info {
    const char *name;       /* as in the header's alg */
    enum key_family family; /* the only family that may carry it */
    const char *digest;     /* OpenSSL's name of the digest; NULL for the Edwards curves */
    const char *curve;      /* that of a JWK's crv, for ES*, Ed25519, Ed448; NULL: any curve of the family */
    size_t signature_bytes; /* exact length for ES* (r then s), HS*, Ed25519, Ed448; 0 for RSA and EdDSA: by the key */
    bool is_pss;
};

/* The row of `alg`; `alg` must not be ALG_UNKNOWN. */
const struct alg_info *alg_info(enum alg alg);

/* The algorithm of that exact name, letter case counted; ALG_UNKNOWN for anything else, `none` included. */
enum alg alg_by_name(struct span name);

static inline struct alg_set alg_set_of(enum alg alg)
{
    return (struct alg_set){1u << alg};
}
static inline bool alg_set_has(struct alg_set set, enum alg alg)
{
    return alg != ALG_UNKNOWN && (set.bits >> alg & 1u) != 0;
}

/* Every algorithm known here. */
struct alg_set alg_set_all(void);

#endif
