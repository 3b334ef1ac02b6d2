/* SPDX-License-Identifier: Apache-2.0 */
/* The numbers of a public key, whatever they came from: the rules for them stand in one place. */
#ifndef JOSE_KEY_INT_H
#define JOSE_KEY_INT_H

#include "jose/key.h"

#include <openssl/x509.h>

enum {
    KEY_RSA_BYTES_MAX = KEY_RSA_BITS_MAX / 8,
    KEY_FIELD_BYTES_MAX = 66, /* of P-521 */
    KEY_SHA256_BYTES = 32
};

struct material {
    enum key_family family; /* KEY_RSA, KEY_EC, KEY_OKP */
    const char *crv;        /* as in a JWK; NULL for RSA */
    unsigned bits;
    unsigned char first[KEY_RSA_BYTES_MAX]; /* n, or x */
    size_t first_len;
    unsigned char second[KEY_FIELD_BYTES_MAX]; /* e, or y; empty for OKP */
    size_t second_len;
};

/* Fill `m`, or refuse with KEY_UNUSABLE by the rules of key_from_jwk.  Integers are big-endian, leading zeros allowed;
 * coordinates have their exact length; `crv` is that of a JWK.
 */
bool key_material_rsa(struct material *m, struct span n, struct span e, struct err *err) MUST_CHECK;
/* An EC public key from affine coordinates. */
bool key_material_ec(struct material *m, struct span crv, struct span x, struct span y, struct err *err) MUST_CHECK;
/* An Ed25519 or Ed448 public key from its 32 or 57 bytes. */
bool key_material_okp(struct material *m, struct span crv, struct span x, struct err *err) MUST_CHECK;

/* The same out of a certificate's public key. */
bool key_material_x509(struct material *m, X509 *certificate, struct err *err) MUST_CHECK;

/* Whether both are one key. */
bool key_material_eq(const struct material *a, const struct material *b);

/* OpenSSL's key, to be freed; off-curve points are refused here. */
EVP_PKEY *key_material_pkey(const struct material *m, struct err *err) MUST_CHECK;

/* RFC 7638 3.1: base64url of the hash over the required members. */
bool key_material_thumbprint(const struct material *m, char out[KEY_THUMBPRINT_BYTES], struct err *err) MUST_CHECK;

/* A whole key with every algorithm of its family and curve. */
struct key *key_from_material(const struct material *m, struct err *err) MUST_CHECK;

/* Sets a text of `key` to a copy; an empty one takes no memory. */
bool key_set_text(struct span *text, struct span value, struct err *err) MUST_CHECK;

/* A certificate in DER, all of it; NULL when it is none. */
X509 *key_x509_from_der(struct span der) MUST_CHECK;

/* The crv of a key on P-256, P-384 or P-521; `at` NULL for any other. */
struct span key_x509_curve(const EVP_PKEY *pkey);

/* OpenSSL asks it for the password of an encrypted PEM block: there is none, and no terminal to ask at. */
int key_no_password(char *out, int size, int is_writing, void *context);

/* Takes over what the certificate says beside its key: end, and x5t unless one was set. */
bool key_set_certificate(struct key *key, X509 *certificate, struct err *err) MUST_CHECK;

/* A message about a failure below becomes one about the key's member or part `what`. */
bool key_unusable(struct err *err, const char *what);

#endif
