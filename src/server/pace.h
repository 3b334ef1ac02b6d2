/* SPDX-License-Identifier: Apache-2.0 */
/* How long a client has been waited for: so much time at first, and a second more for each `rate` bytes that moved.
 *
 * Only time in which it is the client's turn counts.  A limit between two bytes alone would let one byte at a time hold a request, a
 * connection to a backend and their memory for as long as the client likes.
 */
#ifndef SERVER_PACE_H
#define SERVER_PACE_H

#include "base/base.h"

#include <stdint.h>

struct pace {
    int64_t waited_ms; /* before since_ms */
    int64_t since_ms;  /* since when it is the client's turn; 0: it is not */
    int64_t moved_ms;  /* when bytes moved last */
    uint64_t bytes;    /* that moved */
};

struct pace_limits {
    int64_t first_ms; /* granted without a byte; 0: as long as bytes move at all */
    uint64_t rate;    /* bytes that earn one second more; 0: as first_ms */
    int64_t still_ms; /* without a byte */
};

/* It is the client's turn, from now on or already. */
static inline void pace_start(struct pace *pace, int64_t now_ms)
{
    if (pace->since_ms == 0)
        pace->since_ms = pace->moved_ms = now_ms;
}

/* It is not any more. */
static inline void pace_stop(struct pace *pace, int64_t now_ms)
{
    if (pace->since_ms != 0)
        pace->waited_ms += now_ms - pace->since_ms;
    pace->since_ms = 0;
}

static inline void pace_move(struct pace *pace, int64_t now_ms, uint64_t bytes)
{
    pace->moved_ms = now_ms;
    pace->bytes += bytes;
}

/* How long it took so far, and how long it may. */
static inline int64_t pace_waited_ms(const struct pace *pace, int64_t now_ms)
{
    return pace->waited_ms + (pace->since_ms == 0 ? 0 : now_ms - pace->since_ms);
}
static inline int64_t pace_granted_ms(const struct pace *pace, const struct pace_limits *limits)
{
    uint64_t seconds = limits->rate == 0 ? 0 : pace->bytes / limits->rate;
    return limits->first_ms == 0 || limits->rate == 0 || seconds > INT32_MAX
               ? INT64_MAX
               : limits->first_ms + (int64_t)seconds * 1000;
}

/* Whether the client is too slow. */
static inline bool pace_is_over(const struct pace *pace, const struct pace_limits *limits, int64_t now_ms)
{
    if (pace->since_ms == 0)
        return false;
    return now_ms - pace->moved_ms >= limits->still_ms || pace_waited_ms(pace, now_ms) >= pace_granted_ms(pace, limits);
}

#endif
