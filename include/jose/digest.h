/* SPDX-License-Identifier: Apache-2.0 */
/* SHA-256 of some bytes, bare or keyed; SHA-1 where a standard asks for it. */
#ifndef JOSE_DIGEST_H
#define JOSE_DIGEST_H

#include "base/err.h"
#include "base/span.h"

enum {
    DIGEST_BYTES = 32,
    DIGEST_SHA1_BYTES = 20,
    DIGEST_TEXT_BYTES = 44 /* base64url, with the final NUL */
};

/* SHA-256 (FIPS 180-4).  Fails with OUT_OF_MEMORY only. */
bool digest_sha256(struct span bytes, unsigned char out[DIGEST_BYTES], struct err *err) MUST_CHECK;

/* SHA-1, which proves nothing about who made the bytes: for handshakes that ask for it by name.  Fails with OUT_OF_MEMORY only. */
bool digest_sha1(struct span bytes, unsigned char out[DIGEST_SHA1_BYTES], struct err *err) MUST_CHECK;

/* SHA-256 as text: base64url, 43 characters and a final NUL. */
bool digest_text(struct span bytes, char out[DIGEST_TEXT_BYTES], struct err *err) MUST_CHECK;

/* HMAC (RFC 2104) with SHA-256. */
bool digest_mac(struct span key, struct span bytes, unsigned char out[DIGEST_BYTES], struct err *err) MUST_CHECK;

/* Whether both texts are the same, in a time that does not tell where they differ. */
bool digest_eq(struct span a, struct span b);

#endif
