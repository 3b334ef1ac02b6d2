/* SPDX-License-Identifier: Apache-2.0 */
/* A probe for each server that is asked: a timer that begins a check, and bounds it while it lasts. */
#include "proxy/prober.h"

#include "base/log.h"
#include "http/h1.h"
#include "proxy/figures.h"
#include "proxy/pool.h"

#include <event2/event.h>

#include <stdio.h>

enum { PROBE_MAGIC = 0x70726f62, SWEEP_S = 1 };

struct prober {
    struct worker *control;
    struct metrics *metrics;
    struct site *site; /* NULL: none */
    struct list probes;
    struct event *sweep;
};

struct probe {
    uint32_t magic;
    struct list link;
    struct prober *prober;
    const struct site_backend *backend;
    const struct site_server *server;
    struct pool *pool;          /* made at the first check */
    struct backend *connection; /* while a check lasts */
    struct arena arena;         /* for its answer */
    struct event *timer;
    int64_t passed, failed; /* checks in a row */
    struct metric_series *passes, *failures;
};

static const struct backend_user probe_user;

static void arm(struct probe *probe, int64_t ms)
{
    const struct timeval after = {.tv_sec = ms / 1000, .tv_usec = ms % 1000 * 1000};
    event_add(probe->timer, &after);
}

/* So that all workers' and all gateways' checks do not come at once: a tenth more or less. */
static int64_t jittered(struct probe *probe, int64_t ms)
{
    int64_t tenth = ms / 10;
    return ms - tenth + (int64_t)(worker_random(probe->prober->control) % (uint64_t)(2 * tenth + 1));
}

static void drop(struct probe *probe)
{
    struct backend *connection = probe->connection;
    probe->connection = NULL;
    if (connection != NULL)
        backend_drop(connection);
}

/* ---- what became of a check ---- */

static void count(struct probe *probe, bool has_passed)
{
    probe->passed = has_passed ? probe->passed + 1 : 0;
    probe->failed = has_passed ? 0 : probe->failed + 1;
    metric_add(has_passed ? probe->passes : probe->failures, probe->prober->control->index, 1);
}

static void conclude(struct probe *probe, const struct err *err)
{
    const struct health_settings *settings = &probe->backend->settings->health;
    count(probe, err == NULL);
    if (probe->passed >= settings->healthy)
        server_set_health(probe->server->shared, true, NULL);
    if (probe->failed >= settings->unhealthy)
        server_set_health(probe->server->shared, false, err->text);
    arena_fini(&probe->arena);
    probe->arena = (struct arena){0};
    arm(probe, jittered(probe, settings->interval_ms));
}

static void fail_check(struct probe *probe, const char *text)
{
    struct err err;
    fail(&err, REASON_BACKEND_BROKEN, "%s", text);
    conclude(probe, &err);
}

/* ---- one check ---- */

static struct span host_of(const struct probe *probe)
{
    return probe->backend->host_header == HOST_FIXED ? probe->backend->host_fixed : probe->server->uri.authority;
}

static void on_ready(void *user)
{
    struct probe *probe = CHECKED(user, probe, PROBE_MAGIC);
    AUTO(buf) request = {0};
    struct span none = {NULL, 0};
    h1_write_request_line(&request, SPAN("GET"), none, probe->backend->settings->health.path);
    h1_write_field(&request, SPAN("Host"), host_of(probe));
    h1_write_field(&request, SPAN("User-Agent"), SPAN("jwtgate"));
    h1_write_field(&request, SPAN("Accept"), SPAN("*/*"));
    h1_write_field(&request, SPAN("Connection"), SPAN("close"));
    h1_write_end(&request);
    const struct iovec piece = {request.at, buf_len(&request)};
    if (request.is_broken || backend_send(probe->connection, &piece, 1) == FLOW_GONE) {
        drop(probe);
        fail_check(probe, "no memory for the check");
        return;
    }
    backend_request_done(probe->connection, false);
}

static void on_interim(void *user, const struct head *head)
{
    (void)user;
    (void)head;
}

static void on_answer(void *user, const struct head *head, struct span piece, bool is_last)
{
    struct probe *probe = CHECKED(user, probe, PROBE_MAGIC);
    char text[32];
    (void)piece;
    unsigned status = head->status;
    if (is_last)
        probe->connection = NULL;
    drop(probe);
    snprintf(text, sizeof text, "answered %u", status);
    if (status >= 200 && status < 300)
        conclude(probe, NULL);
    else
        fail_check(probe, text);
}

/* The answer's head decided, and nothing of it is read after that. */
static void on_piece(void *user, struct span piece, bool is_last)
{
    (void)user;
    (void)piece;
    (void)is_last;
}

static void on_drained(void *user)
{
    (void)user;
}

static void on_failed(void *user, const struct err *err, bool is_unanswered)
{
    struct probe *probe = CHECKED(user, probe, PROBE_MAGIC);
    (void)is_unanswered;
    probe->connection = NULL;
    conclude(probe, err);
}

static const struct backend_user probe_user = {.ready = on_ready,
                                               .interim = on_interim,
                                               .answer = on_answer,
                                               .piece = on_piece,
                                               .drained = on_drained,
                                               .failed = on_failed};

static struct pool *make_pool(struct probe *probe)
{
    struct metrics *metrics = probe->prober->metrics;
    const struct span check[] = {probe->backend->name, SPAN("check")};
    struct metric_series *made = metric_series(metrics, FIGURE_BACKEND_CONNECTS, check, 2);
    struct metric_series *late = metric_series(metrics, FIGURE_BACKEND_TIMEOUTS, check, 2);
    const struct pool_options options = {.idle = metric_series(metrics, FIGURE_POOL_IDLE, check, 1),
                                         .busy = metric_series(metrics, FIGURE_POOL_BUSY, check, 1),
                                         .connected = made,
                                         .failed = made,
                                         .late_connects = late,
                                         .late_answers = late,
                                         .late_bodies = late,
                                         .is_single_use = true};
    return pool_new(probe->prober->control, probe->prober->site, probe->backend, probe->server, &options);
}

static void begin(struct probe *probe)
{
    struct err err;
    bool is_reused;
    fail(&err, REASON_OUT_OF_MEMORY, "no memory for the check");
    if (probe->pool == NULL)
        probe->pool = make_pool(probe);
    if (probe->pool != NULL)
        probe->connection = pool_lease(probe->pool, &probe_user, probe, true, &is_reused, &err);
    if (probe->connection == NULL) {
        conclude(probe, &err);
        return;
    }
    backend_begin(probe->connection, false, &probe->arena);
    arm(probe, probe->backend->settings->health.timeout_ms);
}

static void on_timer(evutil_socket_t fd, short what, void *context)
{
    struct probe *probe = CHECKED(context, probe, PROBE_MAGIC);
    (void)fd;
    (void)what;
    if (probe->connection == NULL) {
        begin(probe);
        return;
    }
    drop(probe);
    fail_check(probe, "no answer within health.timeout");
}

/* ---- all of them ---- */

static void probe_free(struct probe *probe)
{
    list_remove(&probe->link);
    drop(probe);
    if (probe->pool != NULL)
        pool_retire(probe->pool);
    if (probe->timer != NULL)
        event_free(probe->timer);
    arena_fini(&probe->arena);
    probe->magic = 0;
    free(probe);
}

static void add_probe(struct prober *prober, const struct site_backend *backend, const struct site_server *server)
{
    const struct span pass[] = {backend->name, server->url, SPAN("passed")};
    const struct span failed[] = {backend->name, server->url, SPAN("failed")};
    struct probe *probe = calloc(1, sizeof *probe);
    struct event *timer = probe == NULL ? NULL : event_new(prober->control->base, -1, 0, on_timer, probe);
    if (timer == NULL) {
        free(probe);
        LOG_EVENT(LOG_ERROR, "server-unchecked", LOG_TEXT("backend", backend->name), LOG_TEXT("server", server->url),
                  LOG_STR("error", "no memory for health checks"));
        return;
    }
    *probe = (struct probe){.magic = PROBE_MAGIC,
                            .prober = prober,
                            .backend = backend,
                            .server = server,
                            .timer = timer,
                            .passes = metric_series(prober->metrics, FIGURE_BACKEND_CHECKS, pass, 3),
                            .failures = metric_series(prober->metrics, FIGURE_BACKEND_CHECKS, failed, 3)};
    list_append(&prober->probes, &probe->link);
    /* The first one comes soon, but not all at once. */
    arm(probe, (int64_t)(worker_random(prober->control) % (uint64_t)(backend->settings->health.interval_ms / 10 + 1)));
}

/* Servers return from an ejection by being looked at: also where no request does. */
static void on_sweep(evutil_socket_t fd, short what, void *context)
{
    const struct prober *prober = context;
    int64_t now_ms = worker_now(prober->control)->mono_ms;
    (void)fd;
    (void)what;
    for (size_t i = 0; prober->site != NULL && i < prober->site->backend_count; i++)
        for (size_t j = 0; j < prober->site->backends[i].server_count; j++)
            (void)server_is_available(prober->site->backends[i].servers[j].shared, now_ms);
}

struct prober *prober_new(struct worker *control, struct metrics *metrics, struct err *err)
{
    static const struct timeval each = {.tv_sec = SWEEP_S};
    struct prober *prober = calloc(1, sizeof *prober);
    if (prober != NULL) {
        *prober = (struct prober){.control = control, .metrics = metrics};
        list_init(&prober->probes);
        prober->sweep = event_new(control->base, -1, EV_PERSIST, on_sweep, prober);
        if (prober->sweep != NULL && event_add(prober->sweep, &each) == 0)
            return prober;
    }
    prober_free(prober);
    fail(err, REASON_OUT_OF_MEMORY, "no memory for health checks");
    return NULL;
}

void prober_stop(struct prober *prober)
{
    LIST_EACH(&prober->probes, link)
    probe_free(CONTAINER_OF(link, probe, link));
    site_release(prober->site);
    prober->site = NULL;
}

void prober_use(struct prober *prober, struct site *site)
{
    prober_stop(prober);
    prober->site = site_take(site);
    for (size_t i = 0; i < site->backend_count; i++) {
        const struct site_backend *backend = &site->backends[i];
        for (size_t j = 0; j < backend->server_count; j++) {
            if (backend->settings->health.path.at != NULL)
                add_probe(prober, backend, &backend->servers[j]);
            else
                server_set_health(backend->servers[j].shared, true, NULL);
        }
    }
}

void prober_free(struct prober *prober)
{
    if (prober == NULL)
        return;
    prober_stop(prober);
    if (prober->sweep != NULL)
        event_free(prober->sweep);
    free(prober);
}
