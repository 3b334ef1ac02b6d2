/* SPDX-License-Identifier: Apache-2.0 */
/* The provider's clock beside ours.  Tokens are dated by the one and judged by the other, and policies allow no difference unless
 * they say so: fresh tokens then come from the future, or expired ones pass.
 */
#include "issuer_int.h"

#include "base/log.h"

/* No less, since clocks kept by NTP differ by milliseconds and a Date is right to a second: what is told is a clock that nobody
 * keeps.  No more, since fresh tokens are being refused by then (clock-skew is 0 by default).
 */
enum { CLOCK_AHEAD_S_MAX = 10, MICROSECONDS = 1000 * 1000 };

/* By how much at least: the answer was dated somewhere between its request and its head, in the second that Date names.  0 where
 * the clocks may agree.
 */
int64_t issuer_clock_ahead(const struct fetch_answer *answer)
{
    int64_t date_us = answer->date_s * MICROSECONDS;
    if (answer->date_s == 0)
        return 0;
    if (date_us > answer->head_us)
        return (date_us - answer->head_us) / MICROSECONDS;
    if (date_us + MICROSECONDS < answer->begun_us)
        return (date_us + MICROSECONDS - answer->begun_us) / MICROSECONDS;
    return 0;
}

static void ahead_show(struct issuer *issuer, int64_t ahead_s)
{
    const struct issuer_metrics *metrics = &issuer->issuers->settings.metrics;
    struct span url = span_str(issuer->url);
    if (metrics->metrics != NULL && issuer->series.clock == NULL)
        issuer->series.clock = metric_series(metrics->metrics, metrics->clock_family, &url, 1);
    if (issuer->series.clock != NULL)
        metric_set(issuer->series.clock, ahead_s);
    pthread_mutex_lock(&issuer->lock);
    issuer->state.is_clock_known = true;
    issuer->state.clock_ahead_s = ahead_s;
    pthread_mutex_unlock(&issuer->lock);
}

void issuer_clock_note(struct issuer *issuer, const struct fetch_answer *answer)
{
    if (answer->date_s == 0 || issuer->is_clock_noted)
        return;
    int64_t ahead_s = issuer_clock_ahead(answer);
    bool is_off = ahead_s > CLOCK_AHEAD_S_MAX || ahead_s < -CLOCK_AHEAD_S_MAX;
    issuer->is_clock_noted = true;
    ahead_show(issuer, ahead_s);
    if (is_off && !issuer->is_clock_off)
        LOG_EVENT(LOG_WARNING, "clock-differs", LOG_STR("url", issuer->url), LOG_NUM("ahead_s", ahead_s));
    if (!is_off && issuer->is_clock_off)
        LOG_EVENT(LOG_INFO, "clock-agrees", LOG_STR("url", issuer->url), LOG_NUM("ahead_s", ahead_s));
    issuer->is_clock_off = is_off;
}
