/* SPDX-License-Identifier: Apache-2.0 */
/* What a client is told: status, challenge and body, in the error shape of the route.
 *
 * Only the message given here goes out; what exactly failed stays in the log.
 */
#ifndef HTTP_REFUSAL_H
#define HTTP_REFUSAL_H

#include "base/buf.h"
#include "base/reason.h"
#include "base/span.h"

/* Which schemes the challenge offers: with both, the error is about the one that was used, Bearer (RFC 9449 7.1, 7.2). */
enum challenge { CHALLENGE_BEARER, CHALLENGE_DPOP, CHALLENGE_BOTH };

enum error_shape { SHAPE_APIM, SHAPE_PROBLEM, SHAPE_ODATA };

struct refusal {
    unsigned status;
    enum error_shape shape;
    struct span message;
    struct span realm;    /* at NULL: no challenge */
    struct span error;    /* invalid_token, insufficient_scope; empty: none (RFC 6750 3.1: nothing was sent) */
    struct span metadata; /* URL of the resource's metadata (RFC 9728 5.1); empty: none */
    enum challenge challenge;
    struct span algs;        /* for DPoP: algorithms of proofs, with blanks between */
    struct span description; /* public name of the reason where it is exposed; else empty */
};

/* Content-Type and body. */
struct span refusal_type(const struct refusal *refusal);
/* Appends the body; false when out of memory. */
bool refusal_body(const struct refusal *refusal, struct buf *out);

/* The value of WWW-Authenticate: `Bearer realm="R"`, with error, error_description and resource_metadata; characters that
 * RFC 6750 3 does not allow in them are left out, quotes and backslashes in the realm escaped.
 */
bool refusal_challenge(const struct refusal *refusal, struct buf *out);

/* The same for the scheme DPoP, a value of its own: `DPoP realm="R"`, with error (but where both schemes are offered),
 * error_description, algs and resource_metadata.
 */
bool refusal_challenge_dpop(const struct refusal *refusal, struct buf *out);

#endif
