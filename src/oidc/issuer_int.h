/* SPDX-License-Identifier: Apache-2.0 */
/* What issuer.c (registry, references, asking), issuer_cycle.c (fetching, timing), issuer_keys.c (documents, key sets, store) and
 * issuer_clock.c share.
 */
#ifndef OIDC_ISSUER_INT_H
#define OIDC_ISSUER_INT_H

#include "base/list.h"
#include "oidc/discovery.h"
#include "oidc/fetch.h"
#include "oidc/issuer.h"

#include <limits.h>
#include <stdatomic.h>

struct event;

enum { ISSUER_MAGIC = 0x69737372, ISSUERS_MAGIC = 0x69737373 };

struct issuers {
    uint32_t magic;
    struct event_base *base;
    struct issuers_settings settings; /* its `store` is NULL, see below */
    char store[PATH_MAX];             /* directory of the store; empty: none */
    struct fetcher *fetcher;
    struct list all;
    int wake_fd;
    struct event *wake;           /* wake_fd can be read */
    struct event *tick;           /* ages are counted on */
    _Atomic(int64_t) cooldown_ms; /* what workers read of the settings */
};

enum issuer_phase { ISSUER_IDLE, ISSUER_DISCOVERY, ISSUER_KEYS };

/* The two documents as last read: what a conditional fetch and a comparison need.  All allocated, NULL where there is none. */
struct issuer_documents {
    char *issuer;
    char *jwks_uri;
    char *discovery_etag;
    char *keys_etag;
    struct span keys;  /* the key set's bytes; none of a set out of the store */
    int64_t max_age_s; /* of the key set; -1: not stated */
};

struct issuer_series {
    struct metric_series *age, *failing, *ok, *error, *unchanged; /* all NULL: nothing is counted */
    struct metric_series *clock;                                  /* NULL: nothing is known yet */
};

struct issuer {
    uint32_t magic;
    _Atomic(unsigned) references; /* one is the registry's */
    struct issuers *issuers;      /* NULL once the registry is gone */
    struct list link;
    char *url;
    struct snapshot keys;

    /* Bit 0: a fetch is under way or claimed.  Above: the monotonic millisecond from which the slot for a forced one is free.
     * One word, so that a claim is one compare-exchange. */
    _Atomic(int64_t) slot;
    _Atomic(bool) is_wanted; /* a claim the control thread has not seen yet */

    pthread_mutex_t lock; /* of `state` */
    struct issuer_state state;

    /* All below: control thread only. */
    enum issuer_phase phase;
    struct fetch *fetch;
    struct event *timer; /* the next cycle */
    struct event *stale; /* the end of the keys */
    bool has_keys;
    unsigned failures;    /* cycles failed in a row */
    int64_t concluded_ms; /* monotonic: end of the last cycle; 0: none ended yet */
    int64_t fetched_ms;   /* monotonic: last success, at first when it was made; before the start for stored keys */
    int64_t saved_ms;     /* monotonic: when the keys were last put into the store, well or not */
    struct issuer_documents current, next;
    struct issuer_series series;
    char *ca_file, *proxy, *client_certificate, *client_key;
    bool is_name_checked, is_host_checked;
    bool is_trust_unproven; /* the keys came under other authorities than `ca_file` */
    bool is_clock_noted;    /* in this cycle */
    bool is_clock_off;      /* and that was told */
};

/* Makes the timers and lets the first cycle begin at the loop's next turn.  False: out of memory. */
bool issuer_cycle_init(struct issuer *issuer) MUST_CHECK;
/* Cancels what is under way; no callback comes after this.  Harmless twice. */
void issuer_cycle_fini(struct issuer *issuer);

/* Begins a cycle now, unless one is under way; from the loop only, since it may end at once. */
void issuer_cycle_begin(struct issuer *issuer);

/* Begins a cycle at the loop's next turn, in place of one under way; waiting for keys goes on. */
void issuer_cycle_restart(struct issuer *issuer);

/* Sets the timers anew, after the timing has changed. */
void issuer_cycle_schedule(struct issuer *issuer);

/* Sets the gauge of the age. */
void issuer_count_age(struct issuer *issuer);

/* Whether both are NULL, or the same text. */
static inline bool issuer_is_same(const char *a, const char *b)
{
    return a == b || (a != NULL && b != NULL && strcmp(a, b) == 0);
}

/* Frees the texts. */
void issuer_documents_fini(struct issuer_documents *documents);
/* Puts a copy of `text` (empty: NULL) in place of `*to`. */
bool issuer_documents_set(char **to, struct span text, struct err *err) MUST_CHECK;

/* The checks that its provider is configured for. */
bool issuer_judge(const struct issuer *issuer, const struct discovery *discovery, struct err *err) MUST_CHECK;
/* Notes the error in its state. */
void issuer_fail(struct issuer *issuer, const struct err *err);

/* A key set of the issuer `name` out of a JWK Set document; one reference.  NULL: err says why. */
struct keyset *issuer_keys_build(struct span name, struct span text, int64_t fetched_at_s, struct err *err) MUST_CHECK;
/* Publishes `set`, taking over its reference; the documents of the cycle are from here on those that are had. */
void issuer_keys_publish(struct issuer *issuer, struct keyset *set);
/* There are keys, last confirmed then. */
void issuer_keys_had(struct issuer *issuer, int64_t fetched_at_s, int64_t fetched_ms);
/* From here on there are none. */
void issuer_keys_drop(struct issuer *issuer);
/* The same, because of `err`. */
void issuer_keys_refuse(struct issuer *issuer, const struct err *err);
/* Whether the documents that are had pass the settings of now; where not, the keys are dropped. */
bool issuer_keys_stand(struct issuer *issuer) MUST_CHECK;
/* Puts the keys into the store, where there is one: new ones always, confirmed ones when the last time is long enough ago. */
void issuer_keys_save(struct issuer *issuer, bool is_replaced);

/* By how much the clock of who answered is surely ahead of ours, behind negative; 0 where they may agree. */
int64_t issuer_clock_ahead(const struct fetch_answer *answer);

/* Compares the clocks by an answer; the first of a cycle that has a date counts. */
void issuer_clock_note(struct issuer *issuer, const struct fetch_answer *answer);

#endif
