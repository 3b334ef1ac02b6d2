/* SPDX-License-Identifier: Apache-2.0 */
/* GET /status: what the gateway is made of and how each part fares.  Nothing in it is secret: of keys that are shared secrets there is
 * nothing at all, since the rules keep them to themselves.
 */
#include "status_int.h"

#include "proxy/names.h"
#include "server/tls_server.h"

/* ---- routes ---- */

static void say_hosts(struct buf *out, const struct site_route *route)
{
    say_open(out, "hosts", '[');
    for (size_t i = 0; i < route->host_count; i++) {
        AUTO(buf) host = {0};
        buf_add_str(&host, span_starts(route->hosts[i], SPAN(".")) ? "*" : "");
        buf_add_span(&host, route->hosts[i]);
        say_text(out, NULL, buf_span(&host));
    }
    say_close(out, ']');
}

static void say_methods(struct buf *out, const struct site_route *route)
{
    say_open(out, "methods", '[');
    for (enum method method = METHOD_GET; method < METHOD_COUNT; method++)
        if ((route->methods & (1U << method)) != 0)
            say_text(out, NULL, span_str(method_name(method)));
    say_close(out, ']');
}

/* Whether that issuer of the route's rule was told of already. */
static bool was_said(const struct site_route *route, size_t rule, size_t provider)
{
    const struct issuer *issuer = route->rules[rule].issuers[provider];
    for (size_t i = 0; i <= rule; i++) {
        size_t count = i == rule ? provider : route->plan.rules[i].provider_count;
        for (size_t j = 0; j < count; j++)
            if (route->rules[i].issuers[j] == issuer)
                return true;
    }
    return false;
}

/* By the URLs that they have everywhere else, however policies spell them. */
static void say_providers(struct buf *out, const struct site_route *route)
{
    say_open(out, "providers", '[');
    for (size_t i = 0; i < route->plan.rule_count; i++)
        for (size_t j = 0; j < route->plan.rules[i].provider_count; j++)
            if (!was_said(route, i, j))
                say_text(out, NULL, issuer_url(route->rules[i].issuers[j]));
    say_close(out, ']');
}

static const char *shape_name(enum error_shape shape)
{
    switch (shape) {
    case SHAPE_APIM: return "apim";
    case SHAPE_PROBLEM: return "problem+json";
    case SHAPE_ODATA: return "odata";
    }
    return "";
}

static void say_route(struct buf *out, const struct site_route *route)
{
    say_open(out, NULL, '{');
    say_text(out, "name", route->name);
    say_hosts(out, route);
    say_text(out, "path", route->path);
    say_methods(out, route);
    say_text(out, "backend", route->backend == NULL ? (struct span){NULL, 0} : route->backend->name);
    say_text(out, "mode", route->mode == MODE_ENFORCE ? SPAN("enforce") : SPAN("report-only"));
    say_bool(out, "is_public", route->is_public);
    say_text(out, "errors", span_str(shape_name(route->shape)));
    say_providers(out, route);
    say_close(out, '}');
}

/* ---- backends ---- */

static void say_server(struct buf *out, const struct site_server *site_server, int64_t now_ms)
{
    struct server *server = site_server->shared;
    bool is_healthy = !atomic_load_explicit(&server->is_unhealthy, memory_order_relaxed);
    int64_t until_ms = atomic_load_explicit(&server->ejected_until, memory_order_relaxed);
    say_open(out, NULL, '{');
    say_text(out, "url", site_server->url);
    say_number(out, "weight", site_server->weight);
    say_bool(out, "healthy", is_healthy);
    say_bool(out, "ejected", until_ms > now_ms);
    say_close(out, '}');
}

static void say_backend(struct buf *out, const struct site_backend *backend, struct metrics *metrics, int64_t now_ms)
{
    say_open(out, NULL, '{');
    say_text(out, "name", backend->name);
    say_open(out, "servers", '[');
    for (size_t i = 0; i < backend->server_count; i++)
        say_server(out, &backend->servers[i], now_ms);
    say_close(out, ']');
    say_open(out, "connections", '{');
    say_number(out, "idle", metric_value(metric_series(metrics, FIGURE_POOL_IDLE, &backend->name, 1)));
    say_number(out, "busy", metric_value(metric_series(metrics, FIGURE_POOL_BUSY, &backend->name, 1)));
    say_close(out, '}');
    say_close(out, '}');
}

/* ---- listeners ---- */

static void say_certificates(struct buf *out, const struct admin_listener *listener)
{
    say_open(out, "certificates", '[');
    for (size_t i = 0; listener->tls != NULL && i < tls_server_count(listener->tls); i++) {
        say_open(out, NULL, '{');
        say_text(out, "file", listener_tls_certificate(listener->tls_settings, i));
        say_moment(out, "ends", tls_server_end_s(listener->tls, i));
        say_close(out, '}');
    }
    say_close(out, ']');
}

static void say_listeners(struct buf *out, const struct admin *admin)
{
    struct admin_listener listener;
    char address[BIND_TEXT_BYTES];
    say_open(out, "listeners", '[');
    for (size_t i = 0; admin->hooks.listener(admin->hooks.context, i, &listener); i++) {
        bind_address_text(&listener.address, address);
        say_open(out, NULL, '{');
        say_text(out, "name", listener.name == NULL ? SPAN("clients") : span_str(listener.name));
        say_text(out, "address", span_str(address));
        say_bool(out, "tls", listener.tls != NULL);
        say_certificates(out, &listener);
        say_close(out, '}');
    }
    say_close(out, ']');
}

/* ---- limits ---- */

/* What is counted beside its limit; the others are of one request, or are told by the site. */
static void say_limits(struct buf *out, const struct site *site, struct gateway *gateway)
{
    const struct {
        const char *name;
        int64_t limit;
        enum figure used;
    } rows[] = {
        {"connections", (int64_t)gateway_connections(gateway, site), FIGURE_CONNECTIONS},
        {"parked", (int64_t)gateway_parked(gateway, site), FIGURE_PARKED},
        {"dpop_replays", site->settings.dpop.replays, FIGURE_REPLAYS_ENTRIES},
        {"token_cache_bytes", (int64_t)VERIFIED_BYTES_MAX * gateway->gate_count, FIGURE_CACHE_BYTES},
        {"token_cache_entries", (int64_t)VERIFIED_SLOTS * gateway->gate_count, FIGURE_CACHE_ENTRIES},
        {"metric_series", METRIC_SERIES_MAX, FIGURE_SERIES},
    };
    say_open(out, "limits", '[');
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        say_open(out, NULL, '{');
        say_text(out, "name", span_str(rows[i].name));
        say_number(out, "limit", rows[i].limit);
        say_number(out, "used", metric_value(metric_series(gateway->metrics, rows[i].used, NULL, 0)));
        say_close(out, '}');
    }
    say_close(out, ']');
}

static void say_reloads(struct buf *out, const struct admin_reloads *reloads)
{
    const char *result = reloads->last_s == 0 ? NULL : reloads->is_last_ok ? "ok" : "failed";
    say_open(out, "reloads", '{');
    say_number(out, "ok", (int64_t)reloads->ok);
    say_number(out, "failed", (int64_t)reloads->failed);
    say_moment(out, "last_at", reloads->last_s);
    say_text(out, "last_result", span_str(result));
    say_close(out, '}');
}

static void say_process(struct buf *out, const struct admin *admin, const struct now *now)
{
    say_text(out, "version", span_str(JWTGATE_VERSION));
    say_moment(out, "now", now->wall_s);
    say_moment(out, "started_at", admin->started_s);
    say_number(out, "uptime_s", now->mono_ms / 1000 - admin->started_mono_ms / 1000);
    say_number(out, "workers", admin->gateway->gate_count);
    say_bool(out, "draining", admin->is_draining);
    say_text(out, "log_level", span_str(log_level_name(log_level())));
}

void status_answer(const struct admin_call *call, struct reply *reply)
{
    const struct now *now = worker_now(call->request->worker);
    struct gateway *gateway = call->admin->gateway;
    const struct site *site = call->site;
    struct buf *out = &reply->body;
    vitals_show(gateway, call->admin->is_draining);
    admin_say_json(reply);
    say_open(out, NULL, '{');
    say_process(out, call->admin, now);
    say_open(out, "routes", '[');
    for (size_t i = 0; i < site->route_count; i++)
        say_route(out, &site->routes[i]);
    say_close(out, ']');
    status_say_issuers(out, site);
    say_open(out, "backends", '[');
    for (size_t i = 0; i < site->backend_count; i++)
        say_backend(out, &site->backends[i], gateway->metrics, now->mono_ms);
    say_close(out, ']');
    say_listeners(out, call->admin);
    say_limits(out, site, gateway);
    say_reloads(out, &call->admin->reloads);
    say_close(out, '}');
    buf_add_char(out, '\n');
}
