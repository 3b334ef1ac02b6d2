/* SPDX-License-Identifier: Apache-2.0 */
/* A worker's side of the backends: pools, whose turn it is, who waits for a free connection. */
#include "gate_int.h"

size_t gate_share(const struct gate *gate, size_t all)
{
    size_t workers = gate->gateway->gate_count;
    return all / workers + (gate->worker->index < all % workers ? 1 : 0);
}

static void begin_pending(struct gate_backend *own)
{
    struct gate *gate = own->at->gate;
    struct metrics *metrics = gate->gateway->metrics;
    const struct backend_settings *settings = own->backend->settings;
    const struct span full[] = {settings->name, SPAN("full")};
    const struct span late[] = {settings->name, SPAN("late")};
    const struct pending_options options = {.waiters_max = gate_share(gate, (size_t)settings->pending),
                                            .wait_ms = settings->timeouts.pending_ms,
                                            .waiting = metric_series(metrics, FIGURE_BACKEND_PENDING, full, 1),
                                            .full = metric_series(metrics, FIGURE_BACKEND_PENDING_REFUSED, full, 2),
                                            .late = metric_series(metrics, FIGURE_BACKEND_PENDING_REFUSED, late, 2)};
    pending_init(&own->pending, gate->worker, &options);
    own->is_limited = true;
}

static bool begin_balance(struct gate_backend *own)
{
    size_t count = own->backend->server_count;
    if (count == 1)
        return true;
    own->balance = calloc(count, sizeof *own->balance);
    for (size_t i = 0; own->balance != NULL && i < count; i++)
        own->balance[i].weight = own->backend->servers[i].weight;
    return own->balance != NULL;
}

bool gate_backends_make(struct gate_site *at)
{
    const struct site *site = at->site;
    at->backends = calloc(site->backend_count + 1, sizeof *at->backends);
    for (size_t i = 0; at->backends != NULL && i < site->backend_count; i++) {
        struct gate_backend *own = &at->backends[i];
        own->at = at;
        own->backend = &site->backends[i];
        if (!begin_balance(own))
            return false;
        if (own->backend->settings->connections > 0)
            begin_pending(own);
    }
    return at->backends != NULL;
}

void gate_backends_free(struct gate_site *at)
{
    for (size_t i = 0; at->backends != NULL && i < at->site->backend_count; i++) {
        struct gate_backend *own = &at->backends[i];
        for (size_t j = 0; own->pools != NULL && j < own->backend->server_count; j++)
            if (own->pools[j] != NULL)
                pool_retire(own->pools[j]);
        if (own->is_limited)
            pending_fini(&own->pending);
        free(own->pools);
        free(own->balance);
    }
    free(at->backends);
    at->backends = NULL;
}

static struct pool *make_pool(struct gate_backend *own, size_t server)
{
    struct gate *gate = own->at->gate;
    struct metrics *metrics = gate->gateway->metrics;
    const struct site_backend *backend = own->backend;
    const struct span ok[] = {backend->name, SPAN("ok")};
    const struct span failed[] = {backend->name, SPAN("failed")};
    const struct span connect[] = {backend->name, SPAN("connect")};
    const struct span response[] = {backend->name, SPAN("response")};
    const struct span idle[] = {backend->name, SPAN("idle")};
    struct pool_options options = {.idle = metric_series(metrics, FIGURE_POOL_IDLE, &backend->name, 1),
                                   .busy = metric_series(metrics, FIGURE_POOL_BUSY, &backend->name, 1),
                                   .connected = metric_series(metrics, FIGURE_BACKEND_CONNECTS, ok, 2),
                                   .failed = metric_series(metrics, FIGURE_BACKEND_CONNECTS, failed, 2),
                                   .late_connects = metric_series(metrics, FIGURE_BACKEND_TIMEOUTS, connect, 2),
                                   .late_answers = metric_series(metrics, FIGURE_BACKEND_TIMEOUTS, response, 2),
                                   .late_bodies = metric_series(metrics, FIGURE_BACKEND_TIMEOUTS, idle, 2)};
    if (own->is_limited) {
        size_t share = gate_share(gate, (size_t)backend->settings->connections);
        options.connections_max = share > 0 ? share : 1;
        options.pending = &own->pending;
    }
    return pool_new(gate->worker, own->at->site, backend, &backend->servers[server], &options);
}

struct pool *gate_pool(struct gate_site *at, const struct site_backend *backend, size_t server)
{
    struct gate_backend *own = &at->backends[backend->index];
    if (own->pools == NULL && (own->pools = calloc(backend->server_count, sizeof(struct pool *))) == NULL)
        return NULL;
    if (own->pools[server] == NULL)
        own->pools[server] = make_pool(own, server);
    return own->pools[server];
}

/* ---- choosing ---- */

/* Those of `among` that neither failed requests nor their health checks. */
static uint64_t available(const struct gate_backend *own, uint64_t among)
{
    uint64_t good = 0;
    int64_t now_ms = worker_now(own->at->gate->worker)->mono_ms;
    for (size_t i = 0; i < own->backend->server_count; i++)
        if ((among >> i & 1) != 0 && server_is_available(own->backend->servers[i].shared, now_ms))
            good |= UINT64_C(1) << i;
    return good;
}

/* Those of `among` with a connection left. */
static uint64_t with_room(const struct gate_backend *own, uint64_t among)
{
    uint64_t good = 0;
    for (size_t i = 0; i < own->backend->server_count; i++)
        if ((among >> i & 1) != 0 && (own->pools == NULL || own->pools[i] == NULL || pool_has_room(own->pools[i])))
            good |= UINT64_C(1) << i;
    return good;
}

static void count_busy(struct gate_backend *own)
{
    for (size_t i = 0; i < own->backend->server_count; i++)
        own->balance[i].busy = own->pools == NULL || own->pools[i] == NULL ? 0 : pool_busy(own->pools[i]);
}

size_t gate_choose(struct gate_site *at, const struct site_backend *backend, uint64_t tried)
{
    struct gate_backend *own = &at->backends[backend->index];
    size_t count = backend->server_count;
    uint64_t left = balance_all(count) & ~tried;
    if (left == 0 || count == 1)
        return left == 0 ? count : 0;
    uint64_t good = available(own, left);
    uint64_t free;
    if (good == 0 && tried == 0)
        metric_add(backend->panics, at->gate->worker->index, 1);
    if (good == 0)
        good = left;
    if (own->is_limited && (free = with_room(own, good)) != 0)
        good = free;
    if (backend->settings->balance == BALANCE_ROUND_ROBIN)
        return balance_in_turn(own->balance, count, good);
    count_busy(own);
    return balance_least(own->balance, count, good);
}

bool gate_has_room(struct gate_site *at, const struct site_backend *backend, uint64_t tried)
{
    const struct gate_backend *own = &at->backends[backend->index];
    uint64_t left = balance_all(backend->server_count) & ~tried;
    uint64_t good = backend->server_count == 1 ? left : available(own, left);
    return with_room(own, good == 0 ? left : good) != 0;
}
