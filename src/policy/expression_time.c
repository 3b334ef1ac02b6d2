/* SPDX-License-Identifier: Apache-2.0 */
/* Moments spelled as DateTime.ToString() spells them in the invariant culture, in UTC. */
#include "expression_int.h"

#include <stdio.h>
#include <time.h>

enum format { FORMAT_PLAIN, FORMAT_ROUND_TRIP, FORMAT_SECONDS, FORMAT_SORTABLE, FORMAT_HTTP, FORMAT_COUNT };

static const struct {
    const char *name;
    enum format format;
} formats[] = {
    {"", FORMAT_PLAIN},       {"o", FORMAT_ROUND_TRIP},
    {"O", FORMAT_ROUND_TRIP}, {"yyyy-MM-ddTHH:mm:ssZ", FORMAT_SECONDS},
    {"s", FORMAT_SORTABLE},   {"r", FORMAT_HTTP},
    {"R", FORMAT_HTTP},
};

/* 0001-01-01 and the last second of 9999. */
static const int64_t second_min = -62135596800;
static const int64_t second_max = 253402300799;

static enum format format_find(struct span name)
{
    for (size_t i = 0; i < COUNT_OF(formats); i++)
        if (span_eq(name, span_str(formats[i].name)))
            return formats[i].format;
    return FORMAT_COUNT;
}

bool expression_time_format_is(struct span format)
{
    return format_find(format) != FORMAT_COUNT;
}

/* Names of days and months do not follow the locale. */
static void put_http(const struct tm *at, char out[EXPRESSION_TIME_BYTES])
{
    static const char days[][4] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
    static const char months[][4] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                     "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    snprintf(out, EXPRESSION_TIME_BYTES, "%s, %02d %s %04d %02d:%02d:%02d GMT", days[at->tm_wday], at->tm_mday,
             months[at->tm_mon], at->tm_year + 1900, at->tm_hour, at->tm_min, at->tm_sec);
}

static void put_sortable(const struct tm *at, const char *end, char out[EXPRESSION_TIME_BYTES])
{
    snprintf(out, EXPRESSION_TIME_BYTES, "%04d-%02d-%02dT%02d:%02d:%02d%s", at->tm_year + 1900, at->tm_mon + 1,
             at->tm_mday, at->tm_hour, at->tm_min, at->tm_sec, end);
}

static void put_plain(const struct tm *at, char out[EXPRESSION_TIME_BYTES])
{
    snprintf(out, EXPRESSION_TIME_BYTES, "%02d/%02d/%04d %02d:%02d:%02d", at->tm_mon + 1, at->tm_mday,
             at->tm_year + 1900, at->tm_hour, at->tm_min, at->tm_sec);
}

bool expression_time_spell(int64_t ms, struct span format, char out[EXPRESSION_TIME_BYTES])
{
    char fraction[16];
    struct tm at;
    if (ms < second_min * 1000 || ms > second_max * 1000 + 999)
        return false;
    int64_t rest = (ms % 1000 + 1000) % 1000;
    time_t seconds = (time_t)((ms - rest) / 1000);
    if (gmtime_r(&seconds, &at) == NULL)
        return false;
    snprintf(fraction, sizeof fraction, ".%03d0000Z", (int)rest);
    switch (format_find(format)) {
    case FORMAT_PLAIN: put_plain(&at, out); return true;
    case FORMAT_ROUND_TRIP: put_sortable(&at, fraction, out); return true;
    case FORMAT_SECONDS: put_sortable(&at, "Z", out); return true;
    case FORMAT_SORTABLE: put_sortable(&at, "", out); return true;
    case FORMAT_HTTP: put_http(&at, out); return true;
    case FORMAT_COUNT: break;
    }
    return false;
}

bool expression_time_to_string(struct expression_call *call)
{
    struct span format = SPAN("");
    char spelled[EXPRESSION_TIME_BYTES];
    if (call->at[0].kind != VALUE_TIME)
        return expression_fail(call, "null, where a time is needed");
    if (call->op->count > 1 && !expression_text_at(call, 1, &format))
        return false;
    if (!expression_time_spell(call->at[0].integer, format, spelled))
        return expression_fail(call, "a time outside of the years 1 to 9999 has no text");
    struct span made = span_str(spelled);
    return expression_give_joined(call, SPAN(""), &made, 1);
}
