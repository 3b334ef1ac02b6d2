/* SPDX-License-Identifier: Apache-2.0 */
/* The members of a JSON object under construction: names in the order first set, values as JSON text, kept byte for byte.
 *
 * No JSON library: a token made for a test must carry 1e3 as 1e3.
 */
#ifndef DEV_MEMBERS_H
#define DEV_MEMBERS_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"

enum { MEMBERS_MAX = 128, MEMBERS_DEPTH_MAX = 64 };

struct member {
    struct span name; /* unescaped */
    struct span json;
};

/* A zeroed struct with `arena` set is empty. */
struct members {
    struct arena *arena; /* names and values are copied into it */
    struct member at[MEMBERS_MAX];
    size_t count;
};

/* Sets or replaces; `json` is checked to be one JSON value.  Reason USAGE, which says how texts are written; OUT_OF_MEMORY. */
bool members_set(struct members *members, struct span name, struct span json, struct err *err) MUST_CHECK;
/* The same from `NAME=JSON`. */
bool members_set_pair(struct members *members, const char *pair, struct err *err) MUST_CHECK;
/* The same for a text, and for a whole number. */
bool members_set_text(struct members *members, const char *name, struct span text, struct err *err) MUST_CHECK;
/* Sets a member to a whole number. */
bool members_set_number(struct members *members, const char *name, int64_t number, struct err *err) MUST_CHECK;

/* The JSON of a member; at NULL when there is none. */
struct span members_find(const struct members *members, struct span name);
/* Takes a member out, if there is one. */
void members_remove(struct members *members, struct span name);

/* Writes the object. */
bool members_write(const struct members *members, struct buf *out);

#endif
