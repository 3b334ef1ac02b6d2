/* SPDX-License-Identifier: Apache-2.0 */
/* What all workers know of a backend's server: where it is, and whether it works.
 *
 * A server is counted and kept by backend, URL and TLS settings, so that a reload that changes none of them forgets nothing.  It is
 * left out for two reasons, either of which suffices: it failed requests (ejected, for a time) or its health checks (unhealthy,
 * until they pass).  Its state is a few atomics: workers read them where a backend has several servers, and write them where a
 * request failed.
 */
#ifndef PROXY_SERVERS_H
#define PROXY_SERVERS_H

#include "base/err.h"
#include "base/metric.h"
#include "proxy/names.h"
#include "proxy/settings.h"

struct servers; /* all of a process */

enum { EJECTION_MS_MAX = 300000 }; /* doubled up to here, or to ejection.for where that is longer */

struct server {
    struct name *name;              /* where it is */
    struct span backend, url;       /* for logs and metrics */
    _Atomic(int64_t) ejected_until; /* mono_ms; 0: not ejected */
    _Atomic(unsigned) failures;     /* requests in a row */
    _Atomic(unsigned) ejections;    /* in a row, without a request that went well */
    _Atomic(bool) is_unhealthy;
};

/* When and on which metric shard something happened. */
struct server_moment {
    int64_t now_ms; /* monotonic */
    unsigned shard;
};

/* `names` is borrowed.  NULL: out of memory. */
struct servers *servers_new(struct names *names, struct metrics *metrics, struct err *err) MUST_CHECK;
/* No server may be held any more; NULL is let through. */
void servers_free(struct servers *servers);
/* The names that it was made with. */
struct names *servers_names(struct servers *servers);

struct server_options {
    struct span key; /* what makes it another one */
    struct span backend, url;
    struct name_options name;
};

/* The server of that key, with a reference of the caller's own.  NULL: err says why. */
struct server *servers_take(struct servers *servers, const struct server_options *options, struct err *err) MUST_CHECK;
/* One reference less, on any thread; NULL is let through. */
void server_release(struct server *server);

/* Whether requests should go to it.  One whose ejection is over returns by this. */
bool server_is_available(struct server *server, int64_t now_ms);

/* A request failed for the server's fault: after ejection.failures in a row it is ejected; one that was, at the first.  `why` goes
 * into the log.
 */
void server_failed(struct server *server, const struct ejection_settings *ejection, struct server_moment at,
                   const char *why);

/* A request was answered.  Called for each: it costs two loads. */
static inline bool server_has_failed(struct server *server)
{
    return atomic_load_explicit(&server->failures, memory_order_relaxed) != 0 ||
           atomic_load_explicit(&server->ejections, memory_order_relaxed) != 0;
}
/* For a server that has: all is forgiven; one that was ejected returns at once. */
void server_worked(struct server *server);

/* What became of health checks: it is unhealthy, or healthy again, from now on; nothing happens where it was so. */
void server_set_health(struct server *server, bool is_healthy, const char *why);

#endif
