/* SPDX-License-Identifier: Apache-2.0 */
/* Bodies of requests: one JSON object each, of known members only. */
#ifndef ADMIN_INPUT_INT_H
#define ADMIN_INPUT_INT_H

#include "jose/tape.h"

/* Kinds of values that a member may have. */
enum { INPUT_TEXT = 1U << TAPE_STRING, INPUT_NUMBER = 1U << TAPE_NUMBER, INPUT_LIST = 1U << TAPE_ARRAY };

struct input_member {
    const char *name;
    unsigned kinds;
    bool is_required;
    const struct tape_item *item; /* found; NULL: it is not there, or null */
};

/* Reads `body` into memory of the arena; `members` are looked for.  False with BAD_REQUEST and what would be right: it is no strict JSON,
 * no object, has a member that is not listed or of another kind, or lacks one that is required; OUT_OF_MEMORY.
 */
bool input_read(struct tape *tape, struct arena *arena, struct span body, struct input_member *members, size_t count,
                struct err *err) MUST_CHECK;

/* The member's text; at NULL where it is not there. */
struct span input_text(const struct tape *tape, const struct input_member *member);

#endif
