/* SPDX-License-Identifier: Apache-2.0 */
/* The list of revoked tokens that is in force: read again when its file changes, published to all workers.
 *
 * A file that can't be read, or is wrong, changes nothing: the last good list goes on, an error event and a metric tell of it.
 */
#ifndef PROXY_REVOCATIONS_H
#define PROXY_REVOCATIONS_H

#include "base/metric.h"
#include "policy/revocation.h"

struct event_base;

enum { REVOCATIONS_LOOK_MS = 1000 }; /* how often the file is looked at */

struct revocations;

/* Without a list; looks after its file on the loop of `base`, whose thread counts on metric shard `shard`. */
struct revocations *revocations_new(struct event_base *base, struct metrics *metrics, unsigned shard,
                                    struct err *err) MUST_CHECK;
/* No view may be left; NULL is let through. */
void revocations_free(struct revocations *revocations);

/* From now on this list (borrowed; NULL: none), whose file is watched.  The thread of the loop.  False: no memory, and nothing
 * changed.
 */
bool revocations_use(struct revocations *revocations, struct revocation *list, struct err *err) MUST_CHECK;

/* One thread's view of it.  A zeroed struct is ready; revocations_unsee() ends it. */
struct revocations_view {
    struct revocation *list;
    uint64_t number;
};

/* The newest list, or NULL; valid until the view is used again.  NULL for `revocations`: there is none. */
const struct revocation *revocations_see(struct revocations *revocations, struct revocations_view *view);
/* Releases what is seen. */
void revocations_unsee(struct revocations_view *view);

#endif
