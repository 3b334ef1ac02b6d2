/* SPDX-License-Identifier: Apache-2.0 */
/* The cycle of one provider: discovery document, key set, publish, wait; again after the refresh time, or sooner after failures.
 *
 *   idle --timer, claim--> discovery --200, 304--> keys --200, 304--> idle (refresh)
 *                               \--failed--\         \--failed-----> idle (back-off)
 *
 * Nothing of a cycle is kept before its end: the issuer's name and its keys are replaced together or not at all.  What is had
 * between the cycles is in issuer_keys.c.
 */
#include "issuer_int.h"

#include "base/log.h"
#include "base/now.h"
#include "oidc/discovery.h"

#include <event2/event.h>

#include <sys/random.h>

enum {
    MAX_AGE_MS_MIN = 5 * 60 * 1000, /* a shorter max-age is taken for this: providers say no-cache out of habit */
    BACKOFF_MS_MIN = 1000,
    BACKOFF_MS_MAX = 5 * 60 * 1000,
    BACKOFF_BARE_MS_MAX = 30 * 1000 /* where no token can be judged until the provider answers */
};

static int64_t least(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

/* Timing. */

/* Within 10 % of `ms`, so that gateways started together do not ask together. */
static int64_t jittered(int64_t ms)
{
    uint64_t random = 0;
    if (getrandom(&random, sizeof random, GRND_NONBLOCK) != sizeof random)
        return ms;
    return ms - ms / 10 + (int64_t)(random % ((uint64_t)ms / 5 + 1));
}

/* Keys are confirmed at least twice in the time they may serve. */
int64_t issuer_refresh_ms(const struct issuer_timing *timing, int64_t max_age_s)
{
    int64_t delay = least(timing->refresh_ms, timing->max_stale_ms / 2);
    if (max_age_s < 0)
        return delay;
    int64_t max_age_ms = max_age_s * 1000;
    return least(delay, max_age_ms < MAX_AGE_MS_MIN ? MAX_AGE_MS_MIN : max_age_ms);
}

static int64_t refresh_delay(const struct issuer *issuer)
{
    return issuer_refresh_ms(&issuer->issuers->settings.timing, issuer->current.max_age_s);
}

static int64_t backoff_delay(const struct issuer *issuer)
{
    int64_t most = least(BACKOFF_MS_MAX, issuer->issuers->settings.timing.refresh_ms);
    int64_t delay = BACKOFF_MS_MIN;
    if (!issuer->has_keys)
        most = least(most, BACKOFF_BARE_MS_MAX);
    for (unsigned i = 1; i < issuer->failures && delay < most; i++)
        delay *= 2;
    return least(delay, most);
}

/* `delay_ms` after the monotonic moment `from_ms`; at once where that is past. */
static int64_t timer_set(struct event *timer, int64_t from_ms, int64_t delay_ms)
{
    int64_t left_ms = from_ms + delay_ms - now_read().mono_ms;
    if (left_ms < 0)
        left_ms = 0;
    struct timeval left = {left_ms / 1000, left_ms % 1000 * 1000};
    event_add(timer, &left);
    return left_ms;
}

static void state_wait(struct issuer *issuer, int64_t refresh_at_s)
{
    pthread_mutex_lock(&issuer->lock);
    issuer->state.refresh_at_s = refresh_at_s;
    pthread_mutex_unlock(&issuer->lock);
}

void issuer_cycle_schedule(struct issuer *issuer)
{
    bool is_fresh = issuer->has_keys && issuer->failures == 0;
    if (issuer->has_keys)
        timer_set(issuer->stale, issuer->fetched_ms, issuer->issuers->settings.timing.max_stale_ms);
    if (issuer->phase != ISSUER_IDLE || issuer->concluded_ms == 0)
        return;
    int64_t delay_ms = jittered(is_fresh ? refresh_delay(issuer) : backoff_delay(issuer));
    int64_t left_ms = timer_set(issuer->timer, issuer->concluded_ms, delay_ms);
    state_wait(issuer, now_read().wall_s + left_ms / 1000);
}

void issuer_count_age(struct issuer *issuer)
{
    if (issuer->series.age != NULL)
        metric_set(issuer->series.age, issuer->has_keys ? (now_read().mono_ms - issuer->fetched_ms) / 1000 : -1);
}

/* Ends of a cycle. */

enum outcome { OUTCOME_OK, OUTCOME_ERROR, OUTCOME_UNCHANGED };

static void outcome_count(struct issuer *issuer, enum outcome outcome)
{
    struct metric_series *series = NULL;
    switch (outcome) {
    case OUTCOME_OK: series = issuer->series.ok; break;
    case OUTCOME_ERROR: series = issuer->series.error; break;
    case OUTCOME_UNCHANGED: series = issuer->series.unchanged; break;
    }
    if (series == NULL)
        return;
    metric_add(series, issuer->issuers->settings.metrics.shard, 1);
    metric_set(issuer->series.failing, outcome == OUTCOME_ERROR);
}

/* The owner is told last, when all else is as it will stay. */
static void cycle_conclude(struct issuer *issuer, enum outcome outcome)
{
    struct issuers *issuers = issuer->issuers;
    issuer->phase = ISSUER_IDLE;
    issuer->concluded_ms = now_read().mono_ms;
    issuer_documents_fini(&issuer->next);
    atomic_fetch_and(&issuer->slot, ~(int64_t)1);
    outcome_count(issuer, outcome);
    issuer_count_age(issuer);
    issuer_cycle_schedule(issuer);
    if (issuers->settings.concluded != NULL)
        issuers->settings.concluded(issuers->settings.context, issuer);
}

static void cycle_fail(struct issuer *issuer, const struct err *err)
{
    issuer->failures++;
    issuer_fail(issuer, err);
    LOG_EVENT(issuer->has_keys ? LOG_WARNING : LOG_ERROR, "keys-failed", LOG_STR("url", issuer->url),
              LOG_STR("error", err->text));
    cycle_conclude(issuer, OUTCOME_ERROR);
}

/* The keys are those of now, whether new or confirmed. */
static void cycle_succeed(struct issuer *issuer, enum outcome outcome)
{
    struct now now = now_read();
    issuer->failures = 0;
    issuer->is_trust_unproven = false;
    issuer_keys_had(issuer, now.wall_s, now.mono_ms);
    pthread_mutex_lock(&issuer->lock);
    issuer->state.is_failing = false;
    issuer->state.last_error[0] = '\0';
    pthread_mutex_unlock(&issuer->lock);
    issuer_keys_save(issuer, outcome == OUTCOME_OK);
    cycle_conclude(issuer, outcome);
}

static void on_stale(evutil_socket_t fd, short what, void *arg)
{
    struct issuer *issuer = CHECKED(arg, issuer, ISSUER_MAGIC);
    (void)fd;
    (void)what;
    issuer_keys_drop(issuer);
    LOG_EVENT(LOG_ERROR, "keys-expired", LOG_STR("url", issuer->url));
    issuer_cycle_schedule(issuer);
}

/* Steps. */

static bool cycle_fetch(struct issuer *issuer, const char *url, const char *etag, fetch_done *done, struct err *err)
{
    const struct issuers_settings *settings = &issuer->issuers->settings;
    struct fetch_options options = {.url = url,
                                    .allow_http = settings->allow_http,
                                    .bytes_max = settings->document_bytes_max,
                                    .timeout_ms = settings->timing.timeout_ms,
                                    .ca_file = issuer->ca_file,
                                    .proxy = issuer->proxy,
                                    .client_certificate = issuer->client_certificate,
                                    .client_key = issuer->client_key,
                                    .if_none_match = etag};
    issuer->fetch = fetch_start(issuer->issuers->fetcher, &options, done, issuer, err);
    return issuer->fetch != NULL;
}

/* Whether the discovery document of this cycle leads to the keys we have. */
static bool leads_to_current(const struct issuer *issuer)
{
    return issuer->has_keys && issuer_is_same(issuer->next.issuer, issuer->current.issuer) &&
           issuer_is_same(issuer->next.jwks_uri, issuer->current.jwks_uri);
}

/* Fills `next` from the answer, or from what we have where it says that nothing changed. */
static bool discovery_take(struct issuer *issuer, const struct fetch_answer *answer, struct err *err)
{
    AUTO(arena) arena = {0};
    struct discovery found = {span_str(issuer->current.issuer), span_str(issuer->current.jwks_uri)};
    struct span etag = answer->is_unchanged ? span_str(issuer->current.discovery_etag) : answer->etag;
    bool allow_http = issuer->issuers->settings.allow_http;
    if (!answer->is_unchanged && !discovery_read(&found, &arena, answer->body, allow_http, err))
        return false;
    if (found.jwks_uri.len == 0)
        return fail(err, REASON_FETCH_FAILED, "answered 304, but the keys have expired here meanwhile");
    return issuer_judge(issuer, &found, err) && issuer_documents_set(&issuer->next.issuer, found.issuer, err) &&
           issuer_documents_set(&issuer->next.jwks_uri, found.jwks_uri, err) &&
           issuer_documents_set(&issuer->next.discovery_etag, etag, err);
}

/* A key set we have not: built whole, then published. */
static bool keys_take(struct issuer *issuer, const struct fetch_answer *answer, struct err *err)
{
    struct keyset *set = issuer_keys_build(span_str(issuer->next.issuer), answer->body, now_read().wall_s, err);
    if (set == NULL)
        return false;
    char *bytes = span_dup(answer->body);
    issuer->next.keys = span_of(bytes, bytes == NULL ? 0 : answer->body.len);
    issuer->next.max_age_s = answer->max_age_s;
    if (bytes == NULL || !issuer_documents_set(&issuer->next.keys_etag, answer->etag, err)) {
        keyset_release(set);
        return fail(err, REASON_OUT_OF_MEMORY, "no memory for the documents");
    }
    issuer_keys_publish(issuer, set);
    return true;
}

/* The keys we have were confirmed, by 304 or by the same bytes: no new set, so that what was verified by them stays known.  Out
 * of memory costs only the condition of the next fetch.
 */
static void keys_confirm(struct issuer *issuer, const struct fetch_answer *answer)
{
    if (answer->max_age_s >= 0 || !answer->is_unchanged)
        issuer->current.max_age_s = answer->max_age_s;
    if (answer->etag.len > 0 && !issuer_documents_set(&issuer->current.keys_etag, answer->etag, NULL))
        issuer->current.keys_etag = NULL;
    char *old_etag = issuer->current.discovery_etag;
    issuer->current.discovery_etag = STEAL(issuer->next.discovery_etag);
    free(old_etag);
    LOG_EVENT(issuer->failures > 0 ? LOG_INFO : LOG_DEBUG, "keys-confirmed", LOG_STR("url", issuer->url));
}

static bool keys_judge(struct issuer *issuer, const struct fetch_answer *answer, struct err *err)
{
    if (!answer->is_ok)
        return false;
    if (answer->is_unchanged)
        return fail(err, REASON_FETCH_FAILED, "answered 304, but the keys have expired here meanwhile");
    return keys_take(issuer, answer, err);
}

/* Keys that came under other authorities than those of now do not outlive the proof that these do not trust the provider. */
static void trust_note(struct issuer *issuer, const struct fetch_answer *answer, const struct err *err)
{
    if (answer->is_untrusted && issuer->is_trust_unproven && issuer->has_keys)
        issuer_keys_refuse(issuer, err);
}

static void on_keys(void *context, const struct fetch_answer *answer)
{
    struct issuer *issuer = CHECKED(context, issuer, ISSUER_MAGIC);
    struct err err = answer->err;
    issuer->fetch = NULL;
    issuer_clock_note(issuer, answer);
    if (answer->is_ok && leads_to_current(issuer) &&
        (answer->is_unchanged || span_eq(answer->body, issuer->current.keys))) {
        keys_confirm(issuer, answer);
        cycle_succeed(issuer, OUTCOME_UNCHANGED);
        return;
    }
    if (keys_judge(issuer, answer, &err)) {
        cycle_succeed(issuer, OUTCOME_OK);
        return;
    }
    err_prefix(&err, "key set %s", QUOTED(span_str(issuer->next.jwks_uri)));
    trust_note(issuer, answer, &err);
    cycle_fail(issuer, &err);
}

static void on_discovery(void *context, const struct fetch_answer *answer)
{
    struct issuer *issuer = CHECKED(context, issuer, ISSUER_MAGIC);
    struct err err = answer->err;
    issuer->fetch = NULL;
    issuer_clock_note(issuer, answer);
    if (!answer->is_ok || !discovery_take(issuer, answer, &err)) {
        err_prefix(&err, "discovery document");
        trust_note(issuer, answer, &err);
        cycle_fail(issuer, &err);
        return;
    }
    issuer->phase = ISSUER_KEYS;
    const char *etag = leads_to_current(issuer) ? issuer->current.keys_etag : NULL;
    if (!cycle_fetch(issuer, issuer->next.jwks_uri, etag, on_keys, &err)) {
        err_prefix(&err, "key set %s", QUOTED(span_str(issuer->next.jwks_uri)));
        cycle_fail(issuer, &err);
    }
}

void issuer_cycle_begin(struct issuer *issuer)
{
    struct err err = {0};
    atomic_store(&issuer->is_wanted, false); /* what begins now serves every claim made before */
    if (issuer->phase != ISSUER_IDLE)
        return;
    event_del(issuer->timer);
    atomic_fetch_or(&issuer->slot, 1);
    issuer->phase = ISSUER_DISCOVERY;
    issuer->is_clock_noted = false;
    state_wait(issuer, 0);
    if (!cycle_fetch(issuer, issuer->url, issuer->current.discovery_etag, on_discovery, &err)) {
        err_prefix(&err, "discovery document");
        cycle_fail(issuer, &err);
    }
}

/* The slot stays claimed throughout, so that who waits for keys goes on waiting; nobody is told of the cycle that was. */
void issuer_cycle_restart(struct issuer *issuer)
{
    fetch_cancel(STEAL(issuer->fetch));
    issuer_documents_fini(&issuer->next);
    atomic_fetch_or(&issuer->slot, 1);
    issuer->phase = ISSUER_IDLE;
    state_wait(issuer, 0);
    timer_set(issuer->timer, 0, 0);
}

static void on_timer(evutil_socket_t fd, short what, void *arg)
{
    (void)fd;
    (void)what;
    issuer_cycle_begin(CHECKED(arg, issuer, ISSUER_MAGIC));
}

bool issuer_cycle_init(struct issuer *issuer)
{
    issuer->current.max_age_s = issuer->next.max_age_s = -1;
    issuer->fetched_ms = now_read().mono_ms;
    issuer->timer = evtimer_new(issuer->issuers->base, on_timer, issuer);
    issuer->stale = evtimer_new(issuer->issuers->base, on_stale, issuer);
    if (issuer->timer == NULL || issuer->stale == NULL)
        return false;
    atomic_fetch_or(&issuer->slot, 1);
    timer_set(issuer->timer, 0, 0);
    return true;
}

void issuer_cycle_fini(struct issuer *issuer)
{
    fetch_cancel(STEAL(issuer->fetch));
    if (issuer->timer != NULL)
        event_free(STEAL(issuer->timer));
    if (issuer->stale != NULL)
        event_free(STEAL(issuer->stale));
    issuer_documents_fini(&issuer->current);
    issuer_documents_fini(&issuer->next);
    issuer->phase = ISSUER_IDLE;
    atomic_fetch_and(&issuer->slot, ~(int64_t)1);
}
