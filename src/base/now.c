/* SPDX-License-Identifier: Apache-2.0 */
/* The two clocks, and the spelling of a moment. */
#include "base/now.h"

#include <stdio.h>
#include <time.h>

static int64_t microseconds(clockid_t clock)
{
    struct timespec at = {0, 0};
    clock_gettime(clock, &at);
    return (int64_t)at.tv_sec * 1000000 + at.tv_nsec / 1000;
}

struct now now_read(void)
{
    int64_t wall_us = microseconds(CLOCK_REALTIME);
    int64_t mono_us = microseconds(CLOCK_MONOTONIC);
    return (struct now){wall_us / 1000000, wall_us, mono_us / 1000, mono_us};
}

void now_text(int64_t wall_us, char out[NOW_TEXT_BYTES])
{
    time_t seconds = (time_t)(wall_us / 1000000);
    struct tm parts;
    gmtime_r(&seconds, &parts);
    size_t used = strftime(out, NOW_TEXT_BYTES, "%Y-%m-%dT%H:%M:%S", &parts);
    snprintf(out + used, NOW_TEXT_BYTES - used, ".%03dZ", (int)(wall_us / 1000 % 1000));
}
