/* SPDX-License-Identifier: Apache-2.0 */
/* What issuer.c (registry, references, asking) and issuer_cycle.c (fetching, publishing, timing) share. */
#ifndef OIDC_ISSUER_INT_H
#define OIDC_ISSUER_INT_H

#include "base/list.h"
#include "oidc/fetch.h"
#include "oidc/issuer.h"

#include <stdatomic.h>

struct event;

enum { ISSUER_MAGIC = 0x69737372, ISSUERS_MAGIC = 0x69737373 };

struct issuers {
    uint32_t magic;
    struct event_base *base;
    struct issuers_settings settings;
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
    struct span keys;  /* the key set's bytes */
    int64_t max_age_s; /* of the key set; -1: not stated */
};

struct issuer_series {
    struct metric_series *age, *ok, *error, *unchanged; /* all NULL: nothing is counted */
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
    int64_t fetched_ms;   /* monotonic: last success, at first when it was made */
    struct issuer_documents current, next;
    struct issuer_series series;
    char *ca_file, *proxy, *client_certificate, *client_key;
    bool is_name_checked, is_host_checked;
};

/* Makes the timers and lets the first cycle begin at the loop's next turn.  False: out of memory. */
bool issuer_cycle_init(struct issuer *issuer) MUST_CHECK;
/* Cancels what is under way; no callback comes after this.  Harmless twice. */
void issuer_cycle_fini(struct issuer *issuer);

/* Begins a cycle now, unless one is under way; from the loop only, since it may end at once. */
void issuer_cycle_begin(struct issuer *issuer);

/* Sets the timers anew, after the timing has changed. */
void issuer_cycle_schedule(struct issuer *issuer);

/* Sets the gauge of the age. */
void issuer_count_age(struct issuer *issuer);

#endif
