/* SPDX-License-Identifier: Apache-2.0 */
/* How many tokens of each client address were refused of late: buckets that fill with refusals and leak so many a minute.
 *
 * One table of fixed size for all threads, in parts with a lock each.  Where it is full, the emptiest bucket makes room: who is
 * past the limit stays in, and nobody is ever refused for what others did.
 */
#ifndef PROXY_REFUSALS_H
#define PROXY_REFUSALS_H

#include "server/clients.h"

struct refusals;

/* An empty table.  NULL: out of memory. */
struct refusals *refusals_new(void) MUST_CHECK;
/* NULL is let through. */
void refusals_free(struct refusals *refusals);
AUTO_FREE(refusals)

/* One more token of that address was refused; `a_minute` leak out of its bucket, which holds as many. */
void refusals_count(struct refusals *refusals, const struct client_key *key, int64_t a_minute, int64_t now_ms);

/* After how many milliseconds the bucket of that address has room for one more; 0: it has. */
int64_t refusals_wait_ms(struct refusals *refusals, const struct client_key *key, int64_t a_minute, int64_t now_ms);

/* How many addresses have a bucket; some may have run empty since. */
size_t refusals_addresses(const struct refusals *refusals);

#endif
