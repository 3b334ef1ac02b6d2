/* SPDX-License-Identifier: Apache-2.0 */
/* The two clocks, and the spelling of a moment. */
#include "base/now.h"

#include "base/ascii.h"

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

void now_second_text(int64_t wall_s, char out[NOW_TEXT_BYTES])
{
    time_t seconds = (time_t)wall_s;
    struct tm parts;
    if (gmtime_r(&seconds, &parts) == NULL || strftime(out, NOW_TEXT_BYTES, "%Y-%m-%dT%H:%M:%SZ", &parts) == 0)
        snprintf(out, NOW_TEXT_BYTES, "%lld", (long long)wall_s);
}

/* --- reading --- */

#define SECOND_MAX INT64_C(253402300799) /* 9999-12-31T23:59:59Z */

/* Takes exactly `count` digits off `rest`; false also where the number lies outside. */
static bool take_number(struct span *rest, size_t count, unsigned max, unsigned *value)
{
    *value = 0;
    if (rest->len < count)
        return false;
    for (size_t i = 0; i < count; i++) {
        if (!ascii_is_digit(rest->at[i]))
            return false;
        *value = *value * 10 + (unsigned)(rest->at[i] - '0');
    }
    *rest = span_from(*rest, count);
    return *value <= max;
}

static bool take_mark(struct span *rest, char a, char b)
{
    if (rest->len == 0 || (rest->at[0] != a && rest->at[0] != b))
        return false;
    *rest = span_from(*rest, 1);
    return true;
}

static bool take_date(struct span *rest, struct tm *parts)
{
    unsigned year, month, day;
    bool is_taken = take_number(rest, 4, 9999, &year) && take_mark(rest, '-', '-') &&
                    take_number(rest, 2, 12, &month) && take_mark(rest, '-', '-') && take_number(rest, 2, 31, &day);
    if (!is_taken || month == 0 || day == 0)
        return false;
    parts->tm_year = (int)year - 1900;
    parts->tm_mon = (int)month - 1;
    parts->tm_mday = (int)day;
    return true;
}

/* The fraction is passed over: tokens are judged by whole seconds. */
static bool take_fraction(struct span *rest)
{
    size_t digits = 0;
    if (!take_mark(rest, '.', '.'))
        return true;
    while (digits < rest->len && ascii_is_digit(rest->at[digits]))
        digits++;
    *rest = span_from(*rest, digits);
    return digits > 0;
}

static bool take_time(struct span *rest, struct tm *parts)
{
    unsigned hour, minute, second;
    bool is_taken = take_mark(rest, 'T', 't') || take_mark(rest, ' ', ' ');
    is_taken = is_taken && take_number(rest, 2, 23, &hour) && take_mark(rest, ':', ':') &&
               take_number(rest, 2, 59, &minute) && take_mark(rest, ':', ':') && take_number(rest, 2, 60, &second);
    if (!is_taken)
        return false;
    parts->tm_hour = (int)hour;
    parts->tm_min = (int)minute;
    parts->tm_sec = (int)second;
    return take_fraction(rest);
}

static bool take_offset(struct span *rest, int64_t *offset_s)
{
    unsigned hours, minutes;
    *offset_s = 0;
    if (take_mark(rest, 'Z', 'z'))
        return true;
    bool is_west = rest->len > 0 && rest->at[0] == '-';
    if (!take_mark(rest, '+', '-') || !take_number(rest, 2, 23, &hours) || !take_mark(rest, ':', ':') ||
        !take_number(rest, 2, 59, &minutes))
        return false;
    *offset_s = (int64_t)(hours * 60 + minutes) * 60 * (is_west ? -1 : 1);
    return true;
}

/* Days that a month does not have would count as days of the next one. */
static bool is_day_of_month(const struct tm *parts)
{
    struct tm same = *parts;
    time_t at = timegm(&same);
    return gmtime_r(&at, &same) != NULL && same.tm_mday == parts->tm_mday;
}

static bool take_moment(struct span text, int64_t *wall_s)
{
    struct tm parts = {0};
    int64_t offset_s;
    if (!take_date(&text, &parts) || !is_day_of_month(&parts) || !take_time(&text, &parts) ||
        !take_offset(&text, &offset_s) || text.len > 0)
        return false;
    *wall_s = (int64_t)timegm(&parts) - offset_s;
    return *wall_s >= 0 && *wall_s <= SECOND_MAX;
}

bool now_from_text(struct span text, int64_t *wall_s, struct err *err)
{
    uint64_t seconds;
    if (span_u64(text, (uint64_t)SECOND_MAX, &seconds)) {
        *wall_s = (int64_t)seconds;
        return true;
    }
    return take_moment(text, wall_s) || fail(err, REASON_CONFIG,
                                             "\"%s\" is no time; write it as 2026-11-21T16:00:00Z, "
                                             "2026-11-21T17:00:00+01:00 or in seconds since 1970",
                                             QUOTED(text));
}
