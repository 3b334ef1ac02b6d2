/* SPDX-License-Identifier: Apache-2.0 */
/* Times in words. */
#include "report_time.h"

#include <inttypes.h>
#include <stdio.h>

void report_time_length(int64_t seconds, char out[REPORT_LENGTH_BYTES])
{
    static const struct {
        int64_t seconds;
        const char *name;
    } units[] = {{86400, "d"}, {3600, "h"}, {60, "min"}, {1, "s"}};
    uint64_t rest = seconds < 0 ? 0 - (uint64_t)seconds : (uint64_t)seconds;
    size_t i = 0;
    while (i + 1 < COUNT_OF(units) && rest < (uint64_t)units[i].seconds)
        i++;
    uint64_t unit = (uint64_t)units[i].seconds;
    int used = snprintf(out, REPORT_LENGTH_BYTES, "%" PRIu64 " %s", rest / unit, units[i].name);
    if (i + 1 == COUNT_OF(units) || used < 0)
        return;
    uint64_t smaller = rest % unit / (uint64_t)units[i + 1].seconds;
    if (smaller > 0)
        snprintf(out + used, REPORT_LENGTH_BYTES - (size_t)used, " %" PRIu64 " %s", smaller, units[i + 1].name);
}

/* At the very second of exp a token has expired, at that of nbf it is valid (RFC 7519 4.1.4, 4.1.5). */
void report_time_words(struct span name, int64_t at_s, int64_t now_s, char out[REPORT_TIME_BYTES])
{
    char length[REPORT_LENGTH_BYTES];
    report_time_length((int64_t)((uint64_t)at_s - (uint64_t)now_s), length);
    out[0] = '\0';
    if (span_eq(name, SPAN("exp")) && at_s <= now_s)
        snprintf(out, REPORT_TIME_BYTES, "expired %s ago", length);
    else if (span_eq(name, SPAN("exp")))
        snprintf(out, REPORT_TIME_BYTES, "valid for another %s", length);
    else if (span_eq(name, SPAN("nbf")) && at_s > now_s)
        snprintf(out, REPORT_TIME_BYTES, "not valid before %s from now", length);
    else if (span_eq(name, SPAN("nbf")))
        snprintf(out, REPORT_TIME_BYTES, "valid since %s", length);
    else if (span_eq(name, SPAN("iat")) || span_eq(name, SPAN("auth_time")))
        snprintf(out, REPORT_TIME_BYTES, at_s > now_s ? "%s from now" : "%s ago", length);
}
