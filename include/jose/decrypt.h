/* SPDX-License-Identifier: Apache-2.0 */
/* Compact encrypted tokens (RFC 7516 7.1) opened with keys of the configuration; what they hold is for others to judge.
 *
 * alg: dir, A128KW, A192KW, A256KW, A128GCMKW, A192GCMKW, A256GCMKW, RSA-OAEP, RSA-OAEP-256, ECDH-ES, ECDH-ES+A128KW,
 * ECDH-ES+A192KW, ECDH-ES+A256KW (P-256, P-384, P-521, X25519, X448).  enc: A128GCM, A192GCM, A256GCM, A128CBC-HS256,
 * A192CBC-HS384, A256CBC-HS512.  Never RSA1_5 (its padding is an oracle), PBES2 (the sender chooses how long it takes) or zip
 * (how large it grows).
 */
#ifndef JOSE_DECRYPT_H
#define JOSE_DECRYPT_H

#include "base/arena.h"
#include "base/err.h"
#include "base/span.h"
#include "jose/tape.h"

enum { DECRYPT_KEYS_MAX = 16 };

/* Secrets and private keys; filled once, then never written again, so that threads may share it. */
struct decrypt_keys;

/* An empty set; NULL when out of memory. */
struct decrypt_keys *decrypt_keys_new(void) MUST_CHECK;
/* Overwrites and frees; NULL is let through. */
void decrypt_keys_free(struct decrypt_keys *keys);
AUTO_FREE(decrypt_keys)

/* How many keys there are. */
size_t decrypt_keys_count(const struct decrypt_keys *keys);

/* Adds a secret of 16, 24, 32, 48 or 64 bytes.  It serves dir where enc's key has that length, and A*KW and A*GCMKW of that
 * length.  Refused with KEY_UNUSABLE, also past DECRYPT_KEYS_MAX.
 */
bool decrypt_keys_add_secret(struct decrypt_keys *keys, struct span bytes, struct err *err) MUST_CHECK;

/* Adds the private key of a PEM file, or of a PFX without password: RSA of 2048 to 8192 bits serves RSA-OAEP and
 * RSA-OAEP-256, a key on P-256, P-384, P-521, X25519 or X448 serves ECDH-ES.  Refused with KEY_UNUSABLE: no private key or one
 * with a password, any other key, a certificate beside it that is not its own; also past DECRYPT_KEYS_MAX.
 */
bool decrypt_keys_add_private(struct decrypt_keys *keys, struct span file, struct err *err) MUST_CHECK;

/* A token that was opened. */
struct decrypted {
    struct span content; /* the clear text, any bytes */
    struct tape header;  /* of the encryption: authentic, but anybody may have written it who has the public key */
    struct span alg_text;
    struct span typ;
    struct span cty; /* empty: none, or empty */
};

/* Opens a token of five parts with the first of the keys that fits and works.  Memory from `arena`.
 *
 * Refused with JWT_INVALID: a shape, header, length or point that is wrong, an alg or enc not named above, `zip`, `crit`,
 * no key that fits.  Where a key fits, nothing says why it did not open the token: a key that cannot be unwrapped is replaced
 * by a random one (RFC 7516 11.5), and what fails then is the tag.  No clear text is left behind by a failure, and
 * OpenSSL's error queue is empty.  OUT_OF_MEMORY.
 */
bool decrypt_token(struct decrypted *out, struct arena *arena, struct span text, const struct decrypt_keys *keys,
                   unsigned depth_max, struct err *err) MUST_CHECK;

#endif
