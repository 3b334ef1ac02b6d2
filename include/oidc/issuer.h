/* SPDX-License-Identifier: Apache-2.0 */
/* One provider: its discovery document and key set, kept fresh; fresh, stale or failing.
 *
 * Lives on the control thread; workers read its published key set and may ask for a refetch.  A failed, empty or unreadable
 * fetch never replaces good keys; good keys serve until max_stale after they were fetched, then there are none.  A key that the
 * first successful fetch no longer lists is gone with it.
 */
#ifndef OIDC_ISSUER_H
#define OIDC_ISSUER_H

#include "base/err.h"
#include "base/metric.h"
#include "base/snapshot.h"
#include "base/span.h"
#include "jose/keyset.h"

struct event_base;
struct issuers; /* all providers of the process, one for each discovery URL */
struct issuer;

/* The section `keys` of the configuration, in milliseconds. */
struct issuer_timing {
    int64_t refresh_ms;   /* how often keys are fetched without being asked for; jittered by 10 %; a shorter max-age is
                             honoured down to 5 min */
    int64_t cooldown_ms;  /* least time between two fetches that tokens caused */
    int64_t max_stale_ms; /* how long the last good keys serve after they were fetched */
    int64_t timeout_ms;   /* of one fetch */
};

/* When keys whose answer states that max-age (-1: none) are fetched again, but for the jitter. */
int64_t issuer_refresh_ms(const struct issuer_timing *timing, int64_t max_age_s);

/* Families of the metrics table that issuers count into: age gauge {issuer}, refresh counter {issuer,result}, gauge of the clocks'
 * difference {issuer}, gauge of whether the last fetch failed {issuer}.
 */
struct issuer_metrics {
    struct metrics *metrics;
    size_t age_family, refresh_family, clock_family, failing_family;
    unsigned shard;
};

struct issuers_settings {
    struct issuer_timing timing;
    size_t document_bytes_max;
    bool allow_http;
    const char *store; /* directory that keeps the last good keys, see oidc/store.h; copied; NULL: none */
    /* Called on the control thread after each fetch cycle ended, well or not; NULL: nobody. */
    void (*concluded)(void *context, struct issuer *issuer); /* may take and release issuers, not free the registry */
    void *context;
    struct issuer_metrics metrics; /* metrics NULL: nothing is counted */
};

/* The registry on `base`, the control thread's loop.  NULL: err says why. */
struct issuers *issuers_new(struct event_base *base, const struct issuers_settings *settings,
                            struct err *err) MUST_CHECK;
/* Cancels all fetches and timers and releases the registry's own hold on the issuers.  Control thread, workers ended. */
void issuers_free(struct issuers *issuers);

/* New settings for all issuers, at a reload; callback and metrics stay as they are.  Keys that they refuse are dropped and fetched
 * anew; a new store gets the keys there are.  Control thread.
 */
void issuers_configure(struct issuers *issuers, const struct issuers_settings *settings);

/* The issuer of that URL, made and its first fetch started when it is new; one reference for the caller.  Two URLs that lead to
 * the same discovery URL are one issuer.  Control thread.  NULL: out of memory.
 */
struct issuer *issuers_take(struct issuers *issuers, struct span url, struct err *err) MUST_CHECK;

/* What a provider needs beside its URL: the section `providers`.  Texts may be NULL. */
struct issuer_provider {
    const char *ca_file;                         /* the only authorities trusted for it; NULL: the system's */
    const char *proxy;                           /* NULL: none */
    const char *client_certificate, *client_key; /* NULL: none */
    bool is_name_checked; /* validate_issuer_name: the document's issuer is the authority of the URL */
    bool is_host_checked; /* validate_endpoints: jwks_uri is on the host of the URL */
};

/* Copies them; they hold from its next fetch on: called right after issuers_take, from the first.  Where they differ from those
 * before, that fetch begins at once, and keys whose documents they refuse are dropped at once; keys that came under other
 * authorities serve until the provider proves untrusted under the new ones.  The same settings again do nothing.  Control
 * thread.  False: out of memory, nothing changed.
 */
bool issuer_provide(struct issuer *issuer, const struct issuer_provider *provider, struct err *err) MUST_CHECK;

/* Publishes the keys that the store holds of it, where it has none: judged as if they had just been fetched, and as old as they
 * are.  To be called after issuer_provide.  Control thread; reads a file.
 */
void issuer_restore(struct issuer *issuer);

/* One reference more, less; from any thread.  An issuer nobody holds is removed at the control thread's next turn. */
struct issuer *issuer_take(struct issuer *issuer);
/* One reference less; NULL is let through. */
void issuer_release(struct issuer *issuer);

/* The discovery URL; lives as long as the issuer. */
struct span issuer_url(const struct issuer *issuer);

/* Where its key sets are published: struct keyset objects, nothing while there are no usable keys. */
struct snapshot *issuer_keys(struct issuer *issuer);

/* From any thread: a token was seen whose key is missing.  Claims the cooldown's slot before anything is fetched and wakes the
 * control thread.  True when a fetch is or will be under way, so that waiting makes sense; false while the cooldown lasts.
 */
bool issuer_want(struct issuer *issuer, int64_t mono_ms);

/* From any thread: whether a fetch is under way now. */
bool issuer_is_fetching(const struct issuer *issuer);

/* What is known of it, for status and readiness; copies, from any thread. */
struct issuer_state {
    bool has_keys;
    int64_t fetched_at_s; /* when the current keys were last confirmed; 0: none */
    int64_t refresh_at_s; /* when the next fetch is due; 0: one is under way */
    bool is_clock_known;
    int64_t
        clock_ahead_s; /* how far the provider's clock is surely ahead of ours, behind negative; 0 too when not known */
    size_t keys;
    bool is_failing; /* the last fetch failed */
    char last_error[ERR_TEXT_BYTES];
};
/* Copies what is known of `issuer`. */
void issuer_describe(struct issuer *issuer, struct issuer_state *state);

#endif
