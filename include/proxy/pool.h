/* SPDX-License-Identifier: Apache-2.0 */
/* Connections of one worker to one server of a backend: leased to an exchange, idle otherwise.
 *
 * An idle connection is watched: bytes nobody asked for, or its end, close it.  A connection is used again only after a whole
 * answer to a whole request, nothing left over, and no wish of the server to close.
 */
#ifndef PROXY_POOL_H
#define PROXY_POOL_H

#include "proxy/backend.h"
#include "proxy/site.h"

enum { POOL_IDLE_MAX = 128 }; /* idle connections kept for one server by one worker */

struct pool;

struct pool_figures {
    struct metric_series *idle, *busy, *connected, *failed;
};

/* A pool for `server`; `site` is held while the pool lives.  NULL: out of memory. */
struct pool *pool_new(struct worker *worker, struct site *site, const struct site_backend *backend,
                      const struct site_server *server, const struct pool_figures *figures) MUST_CHECK;

/* No more leases will be asked for: idle connections are closed, the pool goes when the last lease ends. */
void pool_retire(struct pool *pool);

/* A connection for `user`: an idle one (then *is_reused and it may be sent to at once), else a new one that will tell
 * `ready`.  `wants_fresh`: never an idle one.  NULL with BACKEND_UNREACHABLE when no connection can even be begun.
 */
struct backend *pool_lease(struct pool *pool, const struct backend_user *vtable, void *user, bool wants_fresh,
                           bool *is_reused, struct err *err) MUST_CHECK;

#endif
