/* SPDX-License-Identifier: Apache-2.0 */
/* What was used once and must not be used again while it would still be taken: names of 32 bytes, each until a time.
 *
 * One table for all threads, in parts with a lock each, so that they seldom meet.  It never forgets a name before its time: when it
 * is full, what is new is refused.
 */
#ifndef PROXY_REPLAY_H
#define PROXY_REPLAY_H

#include "base/base.h"

enum { REPLAY_NAME_BYTES = 32 };

struct replay;

enum replay_verdict {
    REPLAY_FRESH, /* never seen; remembered from now on */
    REPLAY_SEEN,
    REPLAY_FULL /* no room, or no memory: not remembered */
};

/* A table for `entries_max` names.  NULL: out of memory. */
struct replay *replay_new(size_t entries_max) MUST_CHECK;
/* No thread may use it any more; NULL is let through. */
void replay_free(struct replay *replay);
AUTO_FREE(replay)

/* Another maximum from now on; what is remembered stays. */
void replay_limit(struct replay *replay, size_t entries_max);

/* Looks the name up and remembers it, in one step: of all threads that come with the same name, one finds it fresh.  It is kept
 * as long as now_s <= until_s.  NULL for `replay`: full.
 */
enum replay_verdict replay_note(struct replay *replay, const unsigned char name[REPLAY_NAME_BYTES], int64_t until_s,
                                int64_t now_s);

/* Drops all whose time is over. */
void replay_sweep(struct replay *replay, int64_t now_s);

/* How many are remembered; some of them may be over. */
size_t replay_count(const struct replay *replay);

#endif
