/* SPDX-License-Identifier: Apache-2.0 */
/* JSON being written: commas are put where they belong, by what stands before.
 *
 * `key` is the member's name; NULL within a list.
 */
#ifndef ADMIN_SAY_INT_H
#define ADMIN_SAY_INT_H

#include "base/buf.h"

/* Opens an object or a list by `{` or `[`; closes by `}` or `]`. */
void say_open(struct buf *out, const char *key, char bracket);
void say_close(struct buf *out, char bracket);

/* One value.  A text at NULL is null; a moment is RFC 3339 in seconds, 0 is null. */
void say_text(struct buf *out, const char *key, struct span value);
void say_number(struct buf *out, const char *key, int64_t value);
void say_bool(struct buf *out, const char *key, bool value);
void say_null(struct buf *out, const char *key);
void say_moment(struct buf *out, const char *key, int64_t wall_s);
/* A value that is JSON already. */
void say_raw(struct buf *out, const char *key, struct span json);

#endif
