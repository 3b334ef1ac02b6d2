/* SPDX-License-Identifier: Apache-2.0 */
/* Which connections to a server are idle, how many are in use, and when the pool itself may go. */
#include "proxy/pool.h"

#include "backend_int.h"

static void move_gauge(struct pool *pool, struct metric_series *series, int64_t amount)
{
    metric_move(series, pool->worker->index, amount);
}

static void count_idle(struct pool *pool, int amount)
{
    pool->idle_count = (size_t)((int64_t)pool->idle_count + amount);
    move_gauge(pool, pool->options.idle, amount);
}

void pool_count_busy(struct pool *pool, int amount)
{
    pool->busy_count = (size_t)((int64_t)pool->busy_count + amount);
    if (amount < 0 && pool->options.pending != NULL)
        pending_stir(pool->options.pending);
    move_gauge(pool, pool->options.busy, amount);
}

void pool_count_connect(struct pool *pool, bool is_ok)
{
    metric_add(is_ok ? pool->options.connected : pool->options.failed, pool->worker->index, 1);
}

void pool_count(struct pool *pool, struct metric_series *series)
{
    metric_add(series, pool->worker->index, 1);
}

static void pool_bury(struct grave *grave)
{
    struct pool *pool = CONTAINER_OF(grave, pool, grave);
    deadline_class_fini(&pool->connect_class);
    deadline_class_fini(&pool->stagger_class);
    deadline_class_fini(&pool->response_class);
    deadline_class_fini(&pool->idle_class);
    tls_session_fini(&pool->session);
    addresses_release(pool->addresses);
    site_release(pool->site);
    free(pool);
}

static void end_when_empty(struct pool *pool)
{
    if (pool->is_retired && pool->idle_count == 0 && pool->busy_count == 0)
        worker_bury(pool->worker, &pool->grave);
}

enum { ANSWER_HEAD_BYTES = 65536, ANSWER_FIELDS = 256 };

static size_t larger(size_t a, size_t b)
{
    return a > b ? a : b;
}

/* What requests are held to is narrowed for clients' sake; a backend may answer with heads up to the defaults all the same. */
static struct h1_limits answer_limits(const struct h1_limits *requests)
{
    struct h1_limits limits = *requests;
    limits.head_bytes_max = larger(limits.head_bytes_max, ANSWER_HEAD_BYTES);
    limits.field_bytes_max = larger(limits.field_bytes_max, ANSWER_HEAD_BYTES);
    limits.fields_max = larger(limits.fields_max, ANSWER_FIELDS);
    return limits;
}

struct pool *pool_new(struct worker *worker, struct site *site, const struct site_backend *backend,
                      const struct site_server *server, const struct pool_options *options)
{
    struct pool *pool = calloc(1, sizeof *pool);
    if (pool == NULL)
        return NULL;
    pool->worker = worker;
    pool->site = site_take(site);
    pool->backend = backend;
    pool->server = server;
    pool->options = *options;
    pool->where = name_addresses(server->shared->name);
    pool->limits = answer_limits(&site->limits);
    pool->high_bytes = (size_t)site->settings.limits.body_buffer / 2;
    pool->limits.body_bytes_max = 0; /* that is for requests */
    pool->grave.bury = pool_bury;
    list_init(&pool->idle);
    deadline_class_init(worker, &pool->connect_class, backend->timeouts.connect_ms);
    deadline_class_init(worker, &pool->stagger_class, STAGGER_MS);
    deadline_class_init(worker, &pool->response_class, backend->timeouts.response_ms);
    deadline_class_init(worker, &pool->idle_class, backend->timeouts.idle_ms);
    return pool;
}

void pool_retire(struct pool *pool)
{
    if (pool->is_retired)
        return;
    pool->is_retired = true;
    pool->options.pending = NULL;
    LIST_EACH(&pool->idle, link)
    backend_close(CONTAINER_OF(link, backend, link));
    if (!list_is_linked(&pool->grave.link))
        end_when_empty(pool);
}

size_t pool_busy(const struct pool *pool)
{
    return pool->busy_count;
}

bool pool_has_room(const struct pool *pool)
{
    return pool->options.connections_max == 0 || pool->busy_count < pool->options.connections_max;
}

/* Whether it leads to an address that is still the server's. */
static bool is_placed(const struct pool *pool, struct backend *backend)
{
    if (backend->addresses_number == pool->addresses_number)
        return true;
    backend->addresses_number = pool->addresses_number;
    return addresses_hold(pool->addresses, &backend->address);
}

static void take_addresses(struct pool *pool, uint64_t number)
{
    addresses_release(pool->addresses);
    pool->addresses = snapshot_take(pool->where);
    pool->addresses_number = number;
    LIST_EACH(&pool->idle, link)
    {
        struct backend *backend = CONTAINER_OF(link, backend, link);
        if (!is_placed(pool, backend))
            backend_close(backend);
    }
}

void pool_look(struct pool *pool)
{
    uint64_t number = snapshot_number(pool->where);
    if (number != pool->addresses_number)
        take_addresses(pool, number);
}

bool pool_keep(struct pool *pool, struct backend *backend)
{
    if (pool->is_retired || pool->options.is_single_use || pool->idle_count >= POOL_IDLE_MAX ||
        !is_placed(pool, backend))
        return false;
    backend->state = BACKEND_IDLE;
    pool_count_busy(pool, -1);
    list_prepend(&pool->idle, &backend->link);
    count_idle(pool, 1);
    deadline_start(pool->worker, &pool->idle_class, &backend->deadline);
    return true;
}

void pool_forget(struct pool *pool, struct backend *backend)
{
    if (backend->state == BACKEND_IDLE) {
        list_remove(&backend->link);
        count_idle(pool, -1);
    } else {
        pool_count_busy(pool, -1);
    }
    backend->state = BACKEND_CLOSED;
    end_when_empty(pool);
}

static struct backend *take_idle(struct pool *pool)
{
    struct list *first = list_first(&pool->idle);
    if (first == NULL)
        return NULL;
    struct backend *backend = CONTAINER_OF(first, backend, link);
    list_remove(first);
    count_idle(pool, -1);
    pool_count_busy(pool, 1);
    deadline_cancel(&backend->deadline);
    backend->state = BACKEND_LEASED;
    backend->is_reused = true;
    return backend;
}

/* An idle connection that is not wanted gives its place to a new one. */
static void make_room(struct pool *pool)
{
    struct list *last = list_last(&pool->idle);
    if (pool->options.connections_max > 0 && last != NULL &&
        pool->busy_count + pool->idle_count >= pool->options.connections_max)
        backend_close(CONTAINER_OF(last, backend, link));
}

struct backend *pool_lease(struct pool *pool, const struct backend_user *vtable, void *user, bool wants_fresh,
                           bool *is_reused, struct err *err)
{
    pool_look(pool);
    struct backend *backend = wants_fresh ? NULL : take_idle(pool);
    *is_reused = backend != NULL;
    if (backend == NULL) {
        make_room(pool);
        backend = backend_open(pool, err);
    }
    if (backend == NULL)
        return NULL;
    backend->vtable = vtable;
    backend->user = user;
    backend->has_bytes = backend->has_head = backend->is_request_done = backend->is_paused = backend->had_full = false;
    backend->wants_close = false;
    backend->interims = 0;
    return backend;
}
