/* SPDX-License-Identifier: Apache-2.0 */
/* A request that the console wants sent through the gateway, read and held to what may be sent; and the answer as JSON.  Pure.
 *
 * What decides where a message ends, or by which way it goes on, is not the sender's to say: hop-by-hop fields (RFC 9110 7.6.1), lengths
 * and Host are refused as fields, and so is whatever would be a second line.
 */
#ifndef ADMIN_SENDING_H
#define ADMIN_SENDING_H

#include "base/arena.h"
#include "base/buf.h"
#include "oidc/call.h"

enum {
    SENDING_FIELDS_MAX = 64,
    SENDING_HEAD_BYTES_MAX = 32768, /* of target and fields together */
    SENDING_BODY_BYTES_MAX = 1 << 20,
    SENDING_ANSWER_BYTES_MAX = 1 << 20
};

struct sending {
    struct span listener; /* its address; at NULL: the first */
    const char *method, *target;
    struct span host; /* at NULL: the listener's own address */
    struct call_field fields[SENDING_FIELDS_MAX + 2];
    size_t count;
    struct span body; /* at NULL: none */
};

/* Reads what was posted into memory of the arena; a token becomes `Authorization: Bearer`.  False with BAD_REQUEST and what would be
 * right; OUT_OF_MEMORY.
 */
bool sending_read(struct sending *sending, struct arena *arena, struct span body, struct err *err) MUST_CHECK;

/* The answer as an object; a body that is no UTF-8 in Base64.  A character that was cut in two at the end of a cut body is left out. */
void sending_put_answer(struct buf *out, const struct call_answer *answer);

#endif
