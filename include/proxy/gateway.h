/* SPDX-License-Identifier: Apache-2.0 */
/* What the threads of the gateway share, and what each worker keeps for itself.
 *
 * Shared: the newest site (a snapshot), the issuers, the metrics.  A worker's gate takes up a new site at the next request; what
 * is under way goes on with the old one.
 */
#ifndef PROXY_GATEWAY_H
#define PROXY_GATEWAY_H

#include "base/map.h"
#include "base/snapshot.h"
#include "oidc/verified.h"
#include "policy/judge.h"
#include "proxy/binding.h"
#include "proxy/figures.h"
#include "proxy/pending.h"
#include "proxy/pool.h"
#include "proxy/refusals.h"
#include "proxy/site.h"
#include "server/clients.h"
#include "server/service.h"

struct gate;

struct gateway {
    struct snapshot site; /* struct site */
    struct metrics *metrics;
    struct issuers *issuers;
    struct servers *servers;
    struct binding *binding; /* NULL: nothing is revoked, and no proof is taken */
    struct gate *gates;      /* one for each worker */
    unsigned gate_count;
    struct clients *clients;   /* of the gates' services; NULL: limits.client_connections is not kept */
    struct refusals *refusals; /* NULL: limits.client_refusals is not kept */
    /* That descriptors suffice for, whatever limits.connections says; 0: any number.  A reload writes it while workers read. */
    _Atomic(size_t) connections_max;
};

/* One issuer as a worker sees it. */
struct gate_issuer {
    struct issuer *issuer; /* borrowed from the site */
    uint64_t number;       /* of the snapshot seen last */
    struct verifier *verifier;
};

/* A backend as a worker sees it. */
struct gate_backend {
    struct gate_site *at;
    const struct site_backend *backend;
    struct pool **pools;            /* by server; NULL, or a NULL within, before first use */
    struct balance_server *balance; /* by server; NULL where there is one */
    bool is_limited;                /* the backend limits connections */
    struct pending pending;         /* with is_limited */
};

/* A site as a worker uses it: with verifiers and pools of its own.  Counted by the exchanges under way. */
struct gate_site {
    unsigned references;
    struct grave grave;
    struct gate *gate;
    struct site *site;
    struct gate_issuer **issuers; /* rule after rule, its providers */
    size_t *first_issuer;         /* by rule: where its providers begin in `issuers` */
    struct gate_issuer *known;    /* each issuer once */
    size_t known_count;
    struct verifier **inline_keys; /* by rule; NULL: none */
    struct gate_backend *backends;
};

/* Series that every exchange of a worker counts into. */
struct gate_figures {
    struct metric_series *cache_hits, *cache_misses, *cache_entries, *cache_bytes, *parked, *parked_refused,
        *parked_late, *unverified, *sent, *received, *request_pauses, *answer_pauses;
};

struct gate {
    struct gateway *gateway;
    struct worker *worker;
    struct service service;
    struct gate_site *current;
    uint64_t site_number;
    struct verified *verified;       /* NULL: no memory, every signature is checked */
    size_t cache_count, cache_bytes; /* of verified, as last shown */
    struct list parked;              /* exchanges waiting for keys */
    size_t parked_count;
    struct deadline_class wait_class;
    struct list unverified; /* exchanges that wait for a turn in which their token is verified */
    unsigned verified_now;  /* tokens verified without waiting in the turn `verified_turn` */
    uint64_t verified_turn;
    struct task verify_task; /* serves `unverified` */
    struct revocations_view revocations;
    struct gate_figures figures;
    struct buf pen; /* texts being written, within one call */
};

/* Readies a worker's gate with the current site.  Main thread, before workers run. */
bool gate_init(struct gate *gate, struct gateway *gateway, struct worker *worker, struct err *err) MUST_CHECK;
/* Releases all.  No connection may be left. */
void gate_fini(struct gate *gate);

/* The client connections that all workers together take under `site`. */
size_t gateway_connections(const struct gateway *gateway, const struct site *site);

/* The requests that may wait for keys in all workers together under `site`: one in each at least, unless none may. */
size_t gateway_parked(const struct gateway *gateway, const struct site *site);

/* What of a number for the process is this worker's: the first workers take what does not divide. */
size_t gate_share(const struct gate *gate, size_t all);

/* Takes up a site published since, if there is one. */
void gate_refresh(struct gate *gate);

/* The site to use for a new exchange, with a reference; gate_site_release gives it back. */
struct gate_site *gate_site_take(struct gate *gate);
/* Gives a reference back; NULL is let through.  Its memory goes at the end of the turn: queues and deadlines of it may be at work. */
void gate_site_release(struct gate_site *site);

/* The pool of a backend's server; NULL: out of memory. */
struct pool *gate_pool(struct gate_site *site, const struct site_backend *backend, size_t server);

/* The server that a request goes to, of all but those in the set `tried`: in turn or the least busy, of those that are neither
 * ejected nor unhealthy, and of these those that have a free connection.  Where none is left of them, what is left is taken
 * nonetheless: a backend of which nothing is known to work is still asked.  The number of servers: all were tried.
 */
size_t gate_choose(struct gate_site *site, const struct site_backend *backend, uint64_t tried);

/* Whether the server that gate_choose would choose has a free connection. */
bool gate_has_room(struct gate_site *site, const struct site_backend *backend, uint64_t tried);

/* Fills the trusts of a rule for judge(): RULE_PROVIDERS_MAX + 1 at most.  Returns how many. */
size_t gate_trusts(struct gate_site *site, const struct site_rule *rule, struct trust trusts[RULE_PROVIDERS_MAX + 1]);

/* Whether a provider of the rule published other keys since gate_trusts was called for it. */
bool gate_has_newer_keys(const struct gate_site *site, const struct site_rule *rule);

/* Logs `any-tenant`, once for each route of the current site, where a document tells that its issuer is a template and the policy
 * holds tokens to no tenant and no audience: everybody's pass.  Control thread; after publishing a site, and by the next.
 */
void gateway_warn(struct gateway *gateway);

/* Tells all workers that a fetch of keys ended (control thread). */
void gateway_keys_concluded(void *gateway, struct issuer *issuer);

/* The handler of client requests; its context is the gate. */
const struct stream_handler *exchange_handler(void);
/* Exchanges that wait for keys look again. */
void exchange_wake_parked(struct gate *gate);
/* Serves those of gate->unverified whose turn it is. */
void exchange_verify_next(struct task *task);

#endif
