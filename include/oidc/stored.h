/* SPDX-License-Identifier: Apache-2.0 */
/* What is kept of a provider between two lives of the process, as a text: whose keys they are, when they were last confirmed, and
 * the keys themselves.
 *
 * The text is a discovery document and a JWK Set in one, so that both are read again by the readers that read them first.  It
 * is foreign to who reads it: a file may hold anything.
 */
#ifndef OIDC_STORED_H
#define OIDC_STORED_H

#include "base/buf.h"
#include "oidc/discovery.h"

struct stored {
    struct span url;            /* the discovery URL */
    struct discovery discovery; /* what it said */
    struct span ca;             /* file of the authorities it was trusted by; empty: the system's */
    int64_t fetched_at_s;       /* wall clock: when the keys were last confirmed */
};

enum { STORED_HEAD_BYTES_MAX = 64 << 10 }; /* of all but the keys */

/* Reads a text; the keys in it are read by keyset_add_jwks from the same text.  Its jwks_uri is held to the same as that of a
 * discovery document.  Texts are copied into `arena`.  Reason DOCUMENT_INVALID.
 */
bool stored_read(struct stored *stored, struct arena *arena, struct span text, bool allow_http,
                 struct err *err) MUST_CHECK;

/* Appends the text.  `keys` is the JWK Set as it was fetched: what is usable of it is kept, and of that the public members
 * only; a private key that a careless provider published is not written down.  False when nothing is usable, out of memory, or
 * past the maximum of `out`.
 */
bool stored_write(struct buf *out, const struct stored *stored, struct span keys, struct err *err) MUST_CHECK;

#endif
