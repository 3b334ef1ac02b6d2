/* SPDX-License-Identifier: Apache-2.0 */
/* Times as values: read once at an edge, then handed down, so that all below can be tested with a time of one's own. */
#ifndef BASE_NOW_H
#define BASE_NOW_H

#include "base/base.h"

struct now {
    int64_t wall_s;  /* seconds since 1970 (CLOCK_REALTIME): lifetimes of tokens */
    int64_t wall_us; /* the same moment in microseconds since 1970: logs */
    int64_t mono_ms; /* milliseconds of CLOCK_MONOTONIC: deadlines */
    int64_t mono_us; /* the same moment in microseconds: durations */
};

/* Reads both clocks. */
struct now now_read(void);

/* RFC 3339 in UTC with milliseconds, "2026-01-31T08:00:00.000Z", into `out` of at least NOW_TEXT_BYTES. */
enum { NOW_TEXT_BYTES = 32 };
/* Spells `wall_us` into `out`. */
void now_text(int64_t wall_us, char out[NOW_TEXT_BYTES]);

#endif
