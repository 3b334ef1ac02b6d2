/* SPDX-License-Identifier: Apache-2.0 */
/* What the steps of opening an encrypted token share: the tables of algorithms, one key, one token taken apart. */
#ifndef JOSE_DECRYPT_INT_H
#define JOSE_DECRYPT_INT_H

#include "jose/decrypt.h"

#include <openssl/evp.h>

enum {
    DECRYPT_SECRET_BYTES_MAX = 64, /* of A256CBC-HS512 */
    DECRYPT_WRAPPING_BYTES_MAX = 32,
    DECRYPT_GCM_IV_BYTES = 12, /* RFC 7518 4.7.1.1, 5.3 */
    DECRYPT_GCM_TAG_BYTES = 16,
    DECRYPT_WRAP_EXTRA_BYTES = 8 /* RFC 3394 2.2.1: the check value */
};

enum decrypt_way { DECRYPT_DIRECT, DECRYPT_WRAP, DECRYPT_GCM_WRAP, DECRYPT_OAEP, DECRYPT_AGREE, DECRYPT_AGREE_WRAP };

/* A row of RFC 7518 4.1. */
struct decrypt_alg {
    const char *name;
    enum decrypt_way way;
    size_t key_bytes;   /* of the key that wraps; 0: there is none */
    const char *cipher; /* that unwraps, by OpenSSL's name */
    const char *digest; /* of OAEP and of its mask */
};

/* A row of RFC 7518 5.1. */
struct decrypt_enc {
    const char *name;
    size_t key_bytes, iv_bytes, tag_bytes;
    const char *cipher;
    const char *digest; /* NULL: GCM */
};

/* The row of that exact name, letter case counted; NULL for anything else. */
const struct decrypt_alg *decrypt_alg_by_name(struct span name);
const struct decrypt_enc *decrypt_enc_by_name(struct span name);

enum decrypt_kind { DECRYPT_SECRET, DECRYPT_RSA, DECRYPT_EC };

struct decrypt_key {
    enum decrypt_kind kind;
    unsigned char secret[DECRYPT_SECRET_BYTES_MAX];
    size_t secret_len;
    EVP_PKEY *pkey;  /* private; NULL for a secret */
    struct span crv; /* of DECRYPT_EC, a constant: that of the epk it can agree with */
};

struct decrypt_keys {
    struct decrypt_key keys[DECRYPT_KEYS_MAX];
    size_t count;
};

/* A token taken apart; bytes decoded, lengths right, nothing of it trusted. */
struct envelope {
    const struct decrypt_alg *alg;
    const struct decrypt_enc *enc;
    struct span authenticated; /* the first part as sent (RFC 7516 5.1 14) */
    struct span wrapped;       /* the encrypted key */
    struct span iv, text, tag;
    struct span wrap_iv, wrap_tag; /* of A*GCMKW (RFC 7518 4.7.1) */
    struct span crv;               /* of epk */
    struct span info;              /* what the agreed key is derived for (RFC 7518 4.6.2) */
    EVP_PKEY *epk;
};

/* As OpenSSL wants bytes. */
static inline const unsigned char *decrypt_bytes(struct span s)
{
    return (const unsigned char *)s.at;
}

/* decrypt_agree.c: reads epk, apu and apv, and makes info; the point is on its curve then. */
bool decrypt_read_agreement(struct envelope *e, struct arena *arena, const struct tape *header,
                            struct err *err) MUST_CHECK;

/* Derives `len` bytes from the key and epk; false when there is no agreement. */
bool decrypt_agree(const struct decrypt_key *key, const struct envelope *e, unsigned char *out, size_t len) MUST_CHECK;

/* decrypt_unwrap.c: the content's key, enc->key_bytes of it, by a key that fits. */
bool decrypt_unwrap(const struct decrypt_key *key, const struct envelope *e, unsigned char *content_key) MUST_CHECK;

/* Bytes sealed by AES-GCM. */
struct decrypt_sealed {
    struct span iv, authenticated, text, tag;
};

/* decrypt_content.c: opens it into `out`, text.len bytes; on false nothing is left there. */
bool decrypt_gcm(const char *cipher, const unsigned char *key, const struct decrypt_sealed *sealed,
                 unsigned char *out) MUST_CHECK;

/* The clear text by the content's key into `out`, which has room for text.len + 1; on false nothing is left there. */
bool decrypt_content(const struct envelope *e, const unsigned char *content_key, unsigned char *out,
                     size_t *len) MUST_CHECK;

#endif
