/* SPDX-License-Identifier: Apache-2.0 */
/* Fresh keys, signatures, key sets and tokens for tests.  What cannot work in a test that is right ends the program.
 *
 * Texts that come back are for free(), with a final NUL.
 */
#ifndef SUPPORT_SIGNING_H
#define SUPPORT_SIGNING_H

#include "base/span.h"
#include "jose/alg.h"

#include <openssl/types.h>

enum signer_kind { SIGNER_RSA2048, SIGNER_P256, SIGNER_P384, SIGNER_P521, SIGNER_ED25519, SIGNER_SECRET, SIGNER_ED448 };

enum { SIGNER_BYTES_MAX = 1024, SIGNER_SECRET_BYTES = 64 };

struct signer {
    enum signer_kind kind;
    char kid[64];       /* empty: none */
    EVP_PKEY *pkey;     /* NULL for a secret */
    struct span secret; /* for SIGNER_SECRET */
    int pss_salt_bytes; /* -1, the preset: as many as the digest has */
};

/* A new key; a secret has SIGNER_SECRET_BYTES random bytes.  `kid` may be NULL. */
struct signer *signer_new(enum signer_kind kind, const char *kid);
/* A secret of these bytes, however weak. */
struct signer *signer_from_secret(struct span secret, const char *kid);
void signer_free(struct signer *signer);

/* The algorithm that comes first for such keys: RS256, ES256, ES384, ES512, EdDSA, HS512, Ed448. */
enum alg signer_alg(const struct signer *signer);

/* The raw signature as a JWS has it (ECDSA: r then s); returns its length.  `alg` need not be the one a header names. */
size_t signer_sign(const struct signer *signer, enum alg alg, struct span input, unsigned char out[SIGNER_BYTES_MAX]);

/* The public JWK as JSON; of a secret the `oct` JWK.  `members`: further ones, as `"use":"sig","alg":"RS256"`, or NULL; kid is
 * there already.
 */
char *signer_jwk(const struct signer *signer, const char *members);

/* A JWK Set of the `count` keys. */
char *signer_jwks(const struct signer *const *signers, size_t count);

/* A compact token over any bytes.  `header` NULL: {"alg":...,"kid":...,"typ":"JWT"} */
char *signer_token(const struct signer *signer, enum alg alg, const char *header, struct span payload);

/* The same, header and payload already in base64url or whatever else stands before the signature. */
char *signer_token_over(const struct signer *signer, enum alg alg, struct span signing_input);

/* Three parts encoded and joined. */
char *signer_join(struct span header, struct span payload, struct span signature);

/* Base64url of any bytes. */
char *signer_base64url(struct span bytes);

/* A self-signed certificate over the key, valid 2000 to 2049, in DER; `*len` gets its length. */
unsigned char *signer_certificate(const struct signer *signer, size_t *len);

/* The public key as PEM (SPKI). */
char *signer_public_pem(const struct signer *signer);

#endif
