/* SPDX-License-Identifier: Apache-2.0 */
/* Servers under one lock, and the small machine of ejection. */
#include "proxy/servers.h"

#include "base/list.h"
#include "base/log.h"
#include "proxy/figures.h"

struct servers {
    pthread_mutex_t lock;
    struct list all;
    struct names *names;
    struct metrics *metrics;
};

/* A server with what only this file needs. */
struct kept {
    struct server server;
    struct list link;
    struct servers *servers;
    unsigned references; /* under the lock */
    char *key, *backend, *url;
    struct metric_series *ejected, *ejections, *healthy;
};

static struct kept *kept_of(struct server *server)
{
    return CONTAINER_OF(server, kept, server);
}

struct servers *servers_new(struct names *names, struct metrics *metrics, struct err *err)
{
    struct servers *servers = calloc(1, sizeof *servers);
    if (servers == NULL) {
        fail(err, REASON_OUT_OF_MEMORY, "no memory for the servers");
        return NULL;
    }
    pthread_mutex_init(&servers->lock, NULL);
    list_init(&servers->all);
    servers->names = names;
    servers->metrics = metrics;
    return servers;
}

void servers_free(struct servers *servers)
{
    if (servers == NULL)
        return;
    assert(list_is_empty(&servers->all));
    pthread_mutex_destroy(&servers->lock);
    free(servers);
}

struct names *servers_names(struct servers *servers)
{
    return servers->names;
}

static void kept_free(struct kept *kept)
{
    name_release(kept->server.name);
    free(kept->key);
    free(kept->backend);
    free(kept->url);
    free(kept);
}

static bool copy_texts(struct kept *kept, const struct server_options *options)
{
    kept->key = span_dup(options->key);
    kept->backend = span_dup(options->backend);
    kept->url = span_dup(options->url);
    if (kept->key == NULL || kept->backend == NULL || kept->url == NULL)
        return false;
    kept->server.backend = span_str(kept->backend);
    kept->server.url = span_str(kept->url);
    return true;
}

static void make_series(struct kept *kept)
{
    struct metrics *metrics = kept->servers->metrics;
    const struct span labels[] = {kept->server.backend, kept->server.url};
    kept->ejected = metric_series(metrics, FIGURE_BACKEND_EJECTED, labels, 2);
    kept->ejections = metric_series(metrics, FIGURE_BACKEND_EJECTIONS, labels, 2);
    kept->healthy = metric_series(metrics, FIGURE_BACKEND_HEALTHY, labels, 2);
    metric_set(kept->ejected, 0);
    metric_set(kept->healthy, 1);
}

static struct kept *make(struct servers *servers, const struct server_options *options, struct err *err)
{
    struct kept *kept = calloc(1, sizeof *kept);
    if (kept == NULL || !copy_texts(kept, options)) {
        if (kept != NULL)
            kept_free(kept);
        fail(err, REASON_OUT_OF_MEMORY, "no memory for a server");
        return NULL;
    }
    kept->servers = servers;
    kept->server.name = names_take(servers->names, &options->name, err);
    if (kept->server.name == NULL) {
        kept_free(kept);
        return NULL;
    }
    make_series(kept);
    return kept;
}

static struct kept *find(struct servers *servers, struct span key)
{
    LIST_EACH(&servers->all, link)
    {
        struct kept *kept = CONTAINER_OF(link, kept, link);
        if (span_eq(span_str(kept->key), key))
            return kept;
    }
    return NULL;
}

/* Its name is taken once more, for the interval that counts from now on; one reference of it is enough. */
static bool renew(struct kept *kept, const struct server_options *options, struct err *err)
{
    struct name *name = names_take(kept->servers->names, &options->name, err);
    name_release(name);
    return name != NULL;
}

struct server *servers_take(struct servers *servers, const struct server_options *options, struct err *err)
{
    pthread_mutex_lock(&servers->lock);
    struct kept *kept = find(servers, options->key);
    if (kept != NULL) {
        if (!renew(kept, options, err))
            kept = NULL;
    } else if ((kept = make(servers, options, err)) != NULL) {
        list_append(&servers->all, &kept->link);
    }
    if (kept != NULL)
        kept->references++;
    pthread_mutex_unlock(&servers->lock);
    return kept == NULL ? NULL : &kept->server;
}

/* Another one may have taken its place under the same labels: with other settings of TLS, say. */
static void forget_series(const struct kept *gone)
{
    LIST_EACH(&gone->servers->all, link)
    {
        const struct kept *kept = CONTAINER_OF(link, kept, link);
        if (kept->ejected == gone->ejected)
            return;
    }
    metric_unset(gone->ejected);
    metric_unset(gone->healthy);
}

void server_release(struct server *server)
{
    if (server == NULL)
        return;
    struct kept *kept = kept_of(server);
    pthread_mutex_t *lock = &kept->servers->lock;
    pthread_mutex_lock(lock);
    bool is_last = --kept->references == 0;
    if (is_last) {
        list_remove(&kept->link);
        forget_series(kept);
        kept_free(kept);
    }
    pthread_mutex_unlock(lock);
}

/* ---- ejection ---- */

/* The one of all threads whose exchange succeeds tells of it. */
static bool end_ejection(struct server *server, int64_t until_ms)
{
    struct kept *kept = kept_of(server);
    if (until_ms == 0 || !atomic_compare_exchange_strong(&server->ejected_until, &until_ms, 0))
        return false;
    metric_set(kept->ejected, 0);
    LOG_EVENT(LOG_NOTICE, "server-returned", LOG_TEXT("backend", server->backend), LOG_TEXT("server", server->url));
    return true;
}

bool server_is_available(struct server *server, int64_t now_ms)
{
    int64_t until_ms = atomic_load_explicit(&server->ejected_until, memory_order_relaxed);
    if (until_ms != 0) {
        if (now_ms < until_ms)
            return false;
        end_ejection(server, until_ms);
    }
    return !atomic_load_explicit(&server->is_unhealthy, memory_order_relaxed);
}

static int64_t ejection_ms(const struct ejection_settings *ejection, unsigned ejections)
{
    int64_t most_ms = ejection->for_ms > EJECTION_MS_MAX ? ejection->for_ms : EJECTION_MS_MAX;
    int64_t for_ms = ejection->for_ms;
    for (unsigned i = 0; i < ejections && for_ms < most_ms; i++)
        for_ms *= 2;
    return for_ms < most_ms ? for_ms : most_ms;
}

static void eject(struct server *server, int64_t for_ms, struct server_moment at, const char *why)
{
    struct kept *kept = kept_of(server);
    int64_t none = 0;
    if (!atomic_compare_exchange_strong(&server->ejected_until, &none, at.now_ms + for_ms))
        return; /* another worker did, or it is tried although it is ejected */
    atomic_fetch_add(&server->ejections, 1);
    metric_set(kept->ejected, 1);
    metric_add(kept->ejections, at.shard, 1);
    LOG_EVENT(LOG_WARNING, "server-ejected", LOG_TEXT("backend", server->backend), LOG_TEXT("server", server->url),
              LOG_NUM("for_ms", for_ms), LOG_STR("error", why));
}

void server_failed(struct server *server, const struct ejection_settings *ejection, struct server_moment at,
                   const char *why)
{
    if (ejection->failures == 0)
        return;
    unsigned ejections = atomic_load(&server->ejections);
    unsigned failures = atomic_fetch_add(&server->failures, 1) + 1;
    if (ejections > 0 || failures >= (unsigned)ejection->failures)
        eject(server, ejection_ms(ejection, ejections), at, why);
}

void server_worked(struct server *server)
{
    atomic_store(&server->failures, 0);
    atomic_store(&server->ejections, 0);
    end_ejection(server, atomic_load(&server->ejected_until));
}

/* ---- health ---- */

void server_set_health(struct server *server, bool is_healthy, const char *why)
{
    struct kept *kept = kept_of(server);
    if (atomic_exchange(&server->is_unhealthy, !is_healthy) == !is_healthy)
        return;
    metric_set(kept->healthy, is_healthy);
    if (is_healthy)
        LOG_EVENT(LOG_NOTICE, "server-healthy", LOG_TEXT("backend", server->backend), LOG_TEXT("server", server->url));
    else
        LOG_EVENT(LOG_WARNING, "server-unhealthy", LOG_TEXT("backend", server->backend),
                  LOG_TEXT("server", server->url), LOG_STR("error", why));
}
