/* SPDX-License-Identifier: Apache-2.0 */
/* Times in words: how long until, how long since. */
#ifndef POLICY_REPORT_TIME_H
#define POLICY_REPORT_TIME_H

#include "base/span.h"

enum { REPORT_LENGTH_BYTES = 48, REPORT_TIME_BYTES = 96 };

/* A span of time in its two largest units, "3 min 12 s"; of its sign nothing is said. */
void report_time_length(int64_t seconds, char out[REPORT_LENGTH_BYTES]);

/* What the time claim `name` of the value `at_s` says at `now_s`: "expired 3 min 12 s ago", "not valid before 2 min from now".  Empty
 * for claims that are no times.
 */
void report_time_words(struct span name, int64_t at_s, int64_t now_s, char out[REPORT_TIME_BYTES]);

#endif
