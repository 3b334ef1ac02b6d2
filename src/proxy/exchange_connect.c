/* SPDX-License-Identifier: Apache-2.0 */
/* Getting a connection to some server of the backend: waiting for one, going on to another server, sending again what is
 * safe.
 */
#include "exchange_int.h"

void exchange_refuse_memory(struct exchange *x)
{
    fail(&x->err, REASON_OUT_OF_MEMORY, "no memory for the request");
    exchange_refuse(x, REASON_OUT_OF_MEMORY);
}

static enum turn refuse_unreachable(struct exchange *x, const struct err *err)
{
    x->err = *err;
    return exchange_refuse(x, err->reason);
}

/* On to this server.  Host may be the server's own, so the head is written anew. */
static void go_to_server(struct exchange *x, size_t server)
{
    x->server = server;
    if (forward_head(x))
        exchange_enter(x, STEP_CONNECT);
    else
        exchange_refuse_memory(x);
}

/* Another server than those tried so far; false: there is none. */
static bool try_next_server(struct exchange *x)
{
    x->tried |= UINT64_C(1) << x->server;
    size_t server = gate_choose(x->site, x->target, x->tried);
    if (server == x->target->server_count)
        return false;
    x->retries++;
    x->is_request_sent = x->has_sent = false;
    metric_add(x->target->retries, x->gate->worker->index, 1);
    go_to_server(x, server);
    return true;
}

/* What speaks against the server itself, where there are others to take its place. */
static void note_server_failure(struct exchange *x, const struct err *err)
{
    bool is_its_fault = err->reason == REASON_BACKEND_UNREACHABLE || err->reason == REASON_BACKEND_BROKEN ||
                        err->reason == REASON_BACKEND_TIMEOUT;
    if (x->target->server_count == 1 || !is_its_fault)
        return;
    struct worker *worker = x->gate->worker;
    server_failed(x->target->servers[x->server].shared, &x->target->settings->ejection,
                  (struct server_moment){worker_now(worker)->mono_ms, worker->index}, err->text);
}

/* ---- waiting for a free connection ---- */

/* In the exchange's arena. */
struct place {
    struct waiter waiter;
    struct exchange *x;
};

static struct exchange *exchange_of(struct waiter *waiter)
{
    return CHECKED(CONTAINER_OF(waiter, place, waiter)->x, exchange, EXCHANGE_MAGIC);
}

static bool has_room(struct waiter *waiter)
{
    const struct exchange *x = exchange_of(waiter);
    return gate_has_room(x->site, x->target, x->tried);
}

/* It may be another server by now that has room. */
static void on_granted(struct waiter *waiter)
{
    struct exchange *x = exchange_of(waiter);
    size_t server = gate_choose(x->site, x->target, x->tried);
    x->was_granted = true;
    if (server == x->server || server == x->target->server_count)
        exchange_enter(x, STEP_CONNECT);
    else
        go_to_server(x, server);
    exchange_run(x);
}

static void on_expired(struct waiter *waiter)
{
    struct exchange *x = exchange_of(waiter);
    fail(&x->err, REASON_BACKEND_BUSY, "no connection came free within timeouts.pending");
    exchange_refuse(x, REASON_BACKEND_BUSY);
    exchange_run(x);
}

/* Those who wait already come first. */
static bool must_wait(struct exchange *x, const struct pool *pool)
{
    const struct gate_backend *own = &x->site->backends[x->target->index];
    if (!own->is_limited)
        return false;
    bool was_granted = x->was_granted;
    x->was_granted = false;
    return !pool_has_room(pool) || (own->pending.count > 0 && !was_granted);
}

static enum turn wait_for_connection(struct exchange *x)
{
    struct place *place = arena_zero(&x->stream->arena, sizeof *place);
    if (place == NULL) {
        exchange_refuse_memory(x);
        return GO_ON;
    }
    place->x = x;
    place->waiter.has_room = has_room;
    place->waiter.granted = on_granted;
    place->waiter.expired = on_expired;
    if (!pending_join(&x->site->backends[x->target->index].pending, &place->waiter)) {
        fail(&x->err, REASON_BACKEND_BUSY, "all connections are in use, and as many requests wait as may");
        return exchange_refuse(x, REASON_BACKEND_BUSY);
    }
    x->waiter = &place->waiter;
    exchange_enter(x, STEP_AWAIT_CONNECTION);
    return WAIT;
}

/* ---- connecting ---- */

enum turn step_connect(struct exchange *x)
{
    const struct site_backend *backend = x->target;
    struct err err;
    fail(&err, REASON_OUT_OF_MEMORY, "no memory for a backend connection");
    struct pool *pool = gate_pool(x->site, backend, x->server);
    if (pool != NULL && must_wait(x, pool))
        return wait_for_connection(x);
    if (pool != NULL)
        x->backend = pool_lease(pool, &relay_user, x, x->wants_fresh, &x->is_reused, &err);
    if (x->backend == NULL) {
        note_server_failure(x, &err);
        return try_next_server(x) ? GO_ON : refuse_unreachable(x, &err);
    }
    backend_begin(x->backend, x->stream->head.method == METHOD_HEAD, &x->stream->arena);
    if (x->is_handshake)
        backend_await_switch(x->backend);
    exchange_enter(x, STEP_RELAY);
    if (x->is_reused)
        relay_gathered(x);
    return WAIT;
}

void exchange_server_worked(struct exchange *x)
{
    struct server *server = x->target->servers[x->server].shared;
    if (server_has_failed(server))
        server_worked(server);
}

/* A reused connection may have died before the request came. */
static bool may_resend(const struct exchange *x, bool is_unanswered)
{
    return is_unanswered && x->is_reused && x->is_replayable && !x->was_resent && !x->stream->has_answer;
}

static void resend(struct exchange *x)
{
    struct metrics *metrics = x->gate->gateway->metrics;
    x->was_resent = true;
    x->wants_fresh = true;
    x->is_request_sent = false;
    x->has_sent = false;
    metric_add(metric_series(metrics, FIGURE_BACKEND_RESENDS, &x->target->name, 1), x->gate->worker->index, 1);
    exchange_enter(x, STEP_CONNECT);
    exchange_run(x);
}

/* A server that cannot be connected to, in time or at all, has seen nothing: any other may be asked, whatever the method.  One that
 * broke off unanswered may have acted on the request: another is asked only where that makes no difference (RFC 9110 9.2.2), and
 * not often.
 */
static bool may_go_elsewhere(struct exchange *x, const struct err *err, bool is_unanswered)
{
    bool was_unreachable = err->reason == REASON_BACKEND_UNREACHABLE || err->reason == REASON_BACKEND_TIMEOUT;
    if (was_unreachable && !x->has_sent)
        return true;
    return is_unanswered && x->is_replayable && x->repeats < x->target->settings->retries && ++x->repeats > 0;
}

void exchange_disconnected(void *user, const struct err *err, bool is_unanswered)
{
    struct exchange *x = CHECKED(user, exchange, EXCHANGE_MAGIC);
    x->backend = NULL;
    if (may_resend(x, is_unanswered)) {
        resend(x);
        return;
    }
    x->err = *err;
    if (x->step == STEP_RELAY && !(is_unanswered && x->is_reused))
        note_server_failure(x, err);
    if (x->stream->has_answer) {
        x->reason = err->reason;
        exchange_end(x, err->reason);
        return;
    }
    if (!may_go_elsewhere(x, err, is_unanswered) || !try_next_server(x))
        exchange_refuse(x, err->reason);
    exchange_run(x);
}
