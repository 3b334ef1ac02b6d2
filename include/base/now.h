/* SPDX-License-Identifier: Apache-2.0 */
/* Times as values: read once at an edge, then handed down, so that all below can be tested with a time of one's own. */
#ifndef BASE_NOW_H
#define BASE_NOW_H

#include "base/err.h"
#include "base/span.h"

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

/* The same of whole seconds, "2026-01-31T08:00:00Z"; of any number that a token may hold, years beyond 9999 included. */
void now_second_text(int64_t wall_s, char out[NOW_TEXT_BYTES]);

/* A moment as people give it: seconds since 1970 in digits, or RFC 3339 5.6 (a blank for the T is taken, fractions are cut; a
 * second 60 is the first of the next minute).  Years 1970 to 9999.  False with CONFIG and what would be right.
 */
bool now_from_text(struct span text, int64_t *wall_s, struct err *err) MUST_CHECK;

#endif
