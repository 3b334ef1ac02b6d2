/* SPDX-License-Identifier: Apache-2.0 */
/* Providers asked once, now: for commands that judge or look without a gateway running.
 *
 * The way is that of the gateway: the same fetches, the same reading, the same checks.  What differs is that nothing is kept
 * fresh afterwards, and that what was seen on the way is told.
 */
#ifndef OIDC_PROBE_H
#define OIDC_PROBE_H

#include "base/arena.h"
#include "oidc/discovery.h"
#include "oidc/fetch.h"
#include "oidc/issuer.h"

/* One document as it was fetched. */
struct probe_document {
    const char *url;          /* NULL: it was not come to */
    bool is_ok;               /* it came; what it says is another matter */
    struct err err;           /* where not */
    struct span body;         /* empty where not */
    int64_t took_ms;          /* from the request to the end of the answer */
    int64_t max_age_s, age_s; /* Cache-Control, Age; -1: not stated */
    int64_t date_s;           /* of Date; 0: none, or the answer is out of a cache */
    int64_t ahead_s; /* by how much the provider's clock is surely ahead of ours, behind negative; 0 where not known */
    const struct fetch_certificate *certificates; /* of the server, its own first; none where the connection was had */
    size_t certificate_count;
};

struct probe {
    /* Set by the caller, all else zeroed. */
    const char *url;                 /* the discovery URL */
    struct issuer_provider provider; /* how it is reached, and what it is held to */

    /* Found.  Texts live as long as the arena given. */
    struct probe_document discovery_document, keys_document;
    struct discovery discovery; /* empty texts: it was not read */
    struct keyset *keys;        /* one reference; NULL: no usable keys */
    struct err err;             /* where there are none: what stopped it, as the gateway would log it */
};

/* Asks all of them at the same time and waits until each has answered or failed: two fetches, so at most twice the timeout.  Of
 * the settings timeout, document_bytes_max and allow_http count.  False only where nothing could be asked at all; a provider
 * that fails is told in its probe.  fetch_global_init() must have run.
 */
bool probes_run(struct probe *probes, size_t count, const struct issuers_settings *settings, struct arena *arena,
                struct err *err) MUST_CHECK;

/* Releases the key sets. */
void probes_fini(struct probe *probes, size_t count);

#endif
