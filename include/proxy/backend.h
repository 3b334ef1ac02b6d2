/* SPDX-License-Identifier: Apache-2.0 */
/* Connections to one server of a backend, of one worker: leased to an exchange, idle in the pool otherwise.
 *
 * An idle connection is watched: bytes nobody asked for, or its end, close it.  A connection is used again only after a whole
 * answer to a whole request, nothing left over, and no wish of the server to close.
 */
#ifndef PROXY_BACKEND_H
#define PROXY_BACKEND_H

#include "http/h1.h"
#include "proxy/site.h"
#include "server/stream.h"
#include "server/worker.h"

enum { POOL_IDLE_MAX = 128 }; /* idle connections kept for one server by one worker */

struct pool;    /* connections of one worker to one server */
struct backend; /* one of them */

/* Who leases.  Called from the loop, never from inside a backend_ or pool_ call. */
struct backend_user {
    /* Connected, handshake done: send. */
    void (*ready)(void *user);
    /* An interim answer (1xx). */
    void (*interim)(void *user, const struct head *head);
    /* The answer's head with the first piece of its body; spans are borrowed for the call.  is_last: whole with it, and the lease
     * is over: the connection is not to be touched any more.
     */
    void (*answer)(void *user, const struct head *head, struct span piece, bool is_last);
    void (*piece)(void *user, struct span piece, bool is_last);
    /* What was kept for sending is sent. */
    void (*drained)(void *user);
    /* The connection is gone and with it the lease.  is_stale: it was a reused one that died before any byte of an answer. */
    void (*failed)(void *user, const struct err *err, bool is_stale);
};

struct pool_figures {
    struct metric_series *idle, *busy, *connected, *failed;
};

/* A pool for `server`; `site` is held while the pool lives.  NULL: out of memory. */
struct pool *pool_new(struct worker *worker, struct site *site, const struct site_backend *backend, const struct site_server *server,
                      const struct pool_figures *figures) MUST_CHECK;
/* No more leases will be asked for: idle connections are closed, the pool goes when the last lease ends. */
void pool_retire(struct pool *pool);

/* A connection for `user`: an idle one (then *is_reused and it may be sent to at once), else a new one that will tell `ready`.
 * `wants_fresh`: never an idle one.  NULL with BACKEND_UNREACHABLE when no connection can even be begun.
 */
struct backend *pool_lease(struct pool *pool, const struct backend_user *vtable, void *user, bool wants_fresh, bool *is_reused,
                           struct err *err) MUST_CHECK;

/* Sends pieces, keeps what does not go at once; FLOW_GONE: broken, `failed` will not be called, end the lease by backend_drop. */
enum flow backend_send(struct backend *backend, const struct iovec *pieces, int count);
/* The request is whole with what was handed to backend_send: from now on the answer is awaited.  to_head: it was HEAD. */
void backend_request_done(struct backend *backend, bool to_head);
/* The answer's method, before the request is whole (early answers). */
void backend_begin(struct backend *backend, bool to_head, struct arena *arena);
/* Whether the answer shall be read on; false holds it back. */
void backend_want(struct backend *backend, bool wants);
/* Ends the lease and closes the connection; no callback comes after this. */
void backend_drop(struct backend *backend);

#endif
