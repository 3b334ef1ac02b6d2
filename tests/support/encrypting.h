/* SPDX-License-Identifier: Apache-2.0 */
/* Keys that encrypted tokens of tests are for, and tokens encrypted to one of them.  None of them guards anything.
 *
 * The tokens in tests/fuzz/corpus/decrypt were made for these keys by another library.
 */
#ifndef SUPPORT_ENCRYPTING_H
#define SUPPORT_ENCRYPTING_H

#include "base/span.h"
#include "jose/decrypt.h"

enum encrypting_key {
    ENCRYPTING_RSA,  /* that of RFC 7516 A.1.3 */
    ENCRYPTING_P256, /* Bob's of RFC 7518 C */
    ENCRYPTING_P384, /* that of RFC 7520 5.4.1 */
    ENCRYPTING_P521,
    ENCRYPTING_X25519,
    ENCRYPTING_X448,
    ENCRYPTING_COUNT
};

/* The private key as PEM. */
struct span encrypting_pem(enum encrypting_key key);

enum { ENCRYPTING_SECRET_BYTES_MAX = 64 };

/* A secret of 16, 24, 32, 48 or 64 bytes; that of 16 is the key of RFC 7516 A.3.3.  Returns `bytes` bytes of `out`. */
struct span encrypting_secret(unsigned char out[ENCRYPTING_SECRET_BYTES_MAX], size_t bytes);

/* All of these keys, the secrets first, from the shortest on. */
struct decrypt_keys *encrypting_keys(void);

/* A token with this header over `clear`, made as `dir` with A128GCM is, by `secret` of 16 bytes, whatever the header says.  For
 * free(), with a final NUL.
 */
char *encrypting_token(const char *header, struct span clear, struct span secret);

/* The same by the secret of 16 bytes above. */
char *encrypting_token_16(const char *header, struct span clear);

#endif
