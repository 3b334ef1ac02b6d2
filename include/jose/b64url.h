/* SPDX-License-Identifier: Apache-2.0 */
/* Base64url without padding, read strictly (RFC 4648 5, RFC 7515 2), and the standard alphabet where a document uses it.
 *
 * Strict: only the alphabet's characters, no padding, no white space, no length of 4n+1, unused low bits zero.  So one
 * byte string has one spelling and a token cannot be written in two ways.
 */
#ifndef JOSE_B64URL_H
#define JOSE_B64URL_H

#include "base/arena.h"
#include "base/err.h"
#include "base/span.h"

/* Bytes that `chars` characters decode to, at most. */
static inline size_t b64url_bytes(size_t chars)
{
    return chars / 4 * 3 + 3;
}

/* Decodes into `out`, which holds b64url_bytes(text.len); true and the count in `*len`, or false (the err says at which
 * character, never which bytes).  Reason JWT_INVALID.
 */
bool b64url_decode(struct span text, unsigned char *out, size_t *len, struct err *err) MUST_CHECK;

/* The same into memory of the arena; `*bytes` has a NUL behind its end that is not counted. */
bool b64url_decode_arena(struct arena *arena, struct span text, struct span *bytes, struct err *err) MUST_CHECK;

/* Whether b64url_decode would take the text, without decoding it; the same err. */
bool b64url_check(struct span text, struct err *err) MUST_CHECK;

/* Either alphabet, padding optional, for keys in policies and certificates in x5c (RFC 7517 4.7): white space is skipped,
 * all else as strict as above.  Into malloc'ed memory that the caller frees.
 */
bool b64_decode_lenient(struct span text, unsigned char **bytes, size_t *len, struct err *err) MUST_CHECK;

/* Characters that `bytes` bytes encode to, without a final NUL. */
static inline size_t b64url_chars(size_t bytes)
{
    return (bytes * 4 + 2) / 3;
}

/* Encodes into `out`, which holds b64url_chars(len) + 1; writes a final NUL; returns the count without it. */
size_t b64url_encode(const void *bytes, size_t len, char *out);

/* Characters of the standard alphabet with its padding (RFC 4648 4), without a final NUL; for who writes to others. */
static inline size_t b64url_standard_chars(size_t bytes)
{
    return (bytes + 2) / 3 * 4;
}

/* Encodes so into `out`, which holds b64url_standard_chars(len) + 1; writes a final NUL; returns the count without it. */
size_t b64url_encode_standard(const void *bytes, size_t len, char *out);

/* Whether `text` is the base64url of `bytes`, to the character. */
bool b64url_is_of(struct span text, struct span bytes);

#endif
