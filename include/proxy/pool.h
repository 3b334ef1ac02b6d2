/* SPDX-License-Identifier: Apache-2.0 */
/* Connections of one worker to one server of a backend: leased to an exchange, idle otherwise.
 *
 * An idle connection is watched: bytes nobody asked for, or its end, close it.  A connection is used again only after a whole
 * answer to a whole request, nothing left over, and no wish of the server to close; and only while its address is still one of the
 * server's.
 */
#ifndef PROXY_POOL_H
#define PROXY_POOL_H

#include "proxy/backend.h"
#include "proxy/pending.h"
#include "proxy/site.h"

enum { POOL_IDLE_MAX = 128 }; /* idle connections kept for one server by one worker */

struct pool;

struct pool_options {
    struct metric_series *idle, *busy, *connected, *failed;
    struct metric_series *late_connects, *late_answers, *late_bodies; /* too slow by timeouts.connect, response, idle */
    size_t connections_max;                                           /* 0: as many as are asked for */
    bool is_single_use;                                               /* nothing is kept for a further request */
    struct pending *pending; /* told when a connection came free; NULL: nobody is */
};

/* A pool for `server`; `site` is held while the pool lives.  NULL: out of memory. */
struct pool *pool_new(struct worker *worker, struct site *site, const struct site_backend *backend,
                      const struct site_server *server, const struct pool_options *options) MUST_CHECK;

/* Connections in use or being made. */
size_t pool_busy(const struct pool *pool);
/* Whether fewer are in use than may be. */
bool pool_has_room(const struct pool *pool);

/* No more leases will be asked for: idle connections are closed, the pool goes when the last lease ends. */
void pool_retire(struct pool *pool);

/* A connection for `user`: an idle one (then *is_reused and it may be sent to at once), else a new one that will tell
 * `ready`.  `wants_fresh`: never an idle one.  Not to be asked for where there is no room.  NULL with BACKEND_UNREACHABLE when no connection can even be begun.
 */
struct backend *pool_lease(struct pool *pool, const struct backend_user *vtable, void *user, bool wants_fresh,
                           bool *is_reused, struct err *err) MUST_CHECK;

#endif
