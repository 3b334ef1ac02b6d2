/* SPDX-License-Identifier: Apache-2.0 */
/* Header fields and queries as policies change them: a list of fields that began as a message's own, and a query written anew
 * but for the parameters that nobody touched.
 */
#ifndef PROXY_EDIT_H
#define PROXY_EDIT_H

#include "base/arena.h"
#include "http/head.h"
#include "policy/plan.h"

/* A field that stands in the list. */
struct edit_field {
    struct field field;
    bool is_ours; /* set by a policy: it goes on whatever is withheld of a client's own fields */
};

struct edit_fields {
    struct edit_field *at;
    size_t count, room;
};

/* What is to be done to one name. */
struct edit {
    struct span name;
    enum exists_action action;
    const struct span *values;
    size_t count;
};

/* The list of a message's fields, spans borrowed.  False: no memory. */
bool edit_begin(struct edit_fields *fields, struct arena *arena, const struct field *from, size_t count) MUST_CHECK;

/* Sets, adds or deletes a field.  Several values become one list, joined by ", ", but where each has a line of its own
 * (Set-Cookie, WWW-Authenticate and their like).  With `is_lax` what some reader takes for the same name (field_is_spelled) goes
 * too: a client's X_User must not stand beside a policy's X-User; it is a request's field then, else an answer's.  False with
 * EXPRESSION_FAILED: a name that is no token or that policies may not change (plan_field_is_fixed), a value with control
 * characters, a Host that is no host[:port]; or OUT_OF_MEMORY.
 */
bool edit_header(struct edit_fields *fields, struct arena *arena, const struct edit *edit, bool is_lax,
                 struct err *err) MUST_CHECK;

/* The first field of that name, letter case ignored, behind `last` (NULL: from the start); NULL: none. */
const struct edit_field *edit_find(const struct edit_fields *fields, struct span name, const struct edit_field *last);

/* All values of that name, joined by ", "; `*joined` at NULL: none.  False: no memory. */
bool edit_joined(const struct edit_fields *fields, struct span name, struct arena *arena,
                 struct span *joined) MUST_CHECK;

/* Sets, adds or deletes a parameter of `query` (with its `?`, or at NULL), names compared after decoding; what is added is
 * percent-encoded.  The new query, with `?` or at NULL, goes to `*out`.  False with OUT_OF_MEMORY, or EXPRESSION_FAILED for an
 * empty name.
 */
bool edit_query(struct arena *arena, struct span query, const struct edit *edit, struct span *out,
                struct err *err) MUST_CHECK;

#endif
