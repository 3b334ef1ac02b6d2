/* SPDX-License-Identifier: Apache-2.0 */
/* Tickets: a text that stands for tokens for a moment, so that these reach the console's page without passing through an address, a
 * history or another window.
 */
#ifndef ADMIN_TICKETS_H
#define ADMIN_TICKETS_H

#include "base/buf.h"
#include "jose/secret.h"

enum { TICKETS_MAX = 16, TICKETS_AGE_MS = 60000 };

struct ticket {
    char text[SECRET_TEXT_BYTES];
    struct buf content;
    int64_t made_ms;
};

/* A zeroed struct is an empty table. */
struct tickets {
    struct ticket at[TICKETS_MAX];
    size_t count;
};

/* Makes a ticket for `content`, which it copies; the oldest goes where there is no room.  The text is valid until the table is used
 * again.  NULL: no memory, or no random bytes.
 */
const char *tickets_make(struct tickets *tickets, struct span content, int64_t mono_ms, struct err *err) MUST_CHECK;

/* Moves what the ticket stands for to the end of `content`; the ticket is gone.  False with BAD_REQUEST: there is none, or it is older
 * than TICKETS_AGE_MS; OUT_OF_MEMORY.
 */
bool tickets_take(struct tickets *tickets, struct span text, int64_t mono_ms, struct buf *content,
                  struct err *err) MUST_CHECK;

/* Wipes those that are too old. */
void tickets_expire(struct tickets *tickets, int64_t mono_ms);

/* Wipes and frees all. */
void tickets_fini(struct tickets *tickets);
AUTO_FINI(tickets)

#endif
