/* SPDX-License-Identifier: Apache-2.0 */
/* A compact JWS taken apart (RFC 7515 3.1): nothing in it is trusted yet.
 *
 * jku, jwk, x5u and x5c of the header are never looked at (RFC 8725 3.10).
 */
#ifndef JOSE_TOKEN_H
#define JOSE_TOKEN_H

#include "base/arena.h"
#include "base/err.h"
#include "base/span.h"
#include "jose/alg.h"
#include "jose/tape.h"

struct token {
    struct span raw;           /* the whole token, borrowed */
    struct span signing_input; /* header and payload with the dot between, borrowed */
    struct span payload_text;  /* base64url of the payload, borrowed */
    struct span signature;     /* raw bytes; empty in an unsigned token */
    struct tape header;
    struct span alg_text; /* header alg as sent */
    enum alg alg;         /* ALG_UNKNOWN when not one of ours */
    bool is_unsigned;     /* alg is exactly "none" and the third part is empty */
    bool is_encrypted;    /* five parts: a JWE; nothing but raw is set */
    struct span kid;      /* empty: none, or empty */
    struct span x5t;
    struct span typ;
};

struct token_limits {
    size_t token_bytes_max;
    unsigned json_depth_max;
};

/* Size, parts, base64url and header.  Scratch memory comes from `arena`, which must live as long as `token`.
 * Refused with JWT_INVALID: too long, other than 3 or 5 parts, bad base64url in any part, a header that is no strict JSON
 * object, alg missing or no string, kid, x5t or typ no string, `crit` or `b64` present (RFC 7515 4.1.11: no extension is
 * understood), the signature of `none` not empty, or empty with another alg.  The payload is not decoded yet.
 * A JWE is not refused here: is_encrypted is set.
 */
bool token_read(struct token *token, struct arena *arena, struct span text, const struct token_limits *limits,
                struct err *err) MUST_CHECK;

enum { TOKEN_SHORT_HASH_BYTES = 13 };

/* A short name for logs: the first 12 characters of the base64url SHA-256 of the token, with a final NUL. */
void token_short_hash(struct span raw, char out[TOKEN_SHORT_HASH_BYTES]);

#endif
