/* SPDX-License-Identifier: Apache-2.0 */
/* What a configuration says without effect, or with another than its words have.  Nothing here is wrong enough to refuse it. */
#include "site_int.h"

static void lint_listener(const struct site_build *build, const struct listener_settings *listener)
{
    const struct node *http2 = node_member(listener->node, "http2");
    if (http2 != NULL && listener->tls.node == NULL && listener->http2 == HTTP2_ALPN)
        problem_warning(build->problems, http2,
                        "\"http2\" has no effect: alpn is settled in TLS, which this listener has not; "
                        "prior-knowledge is for plain ones");
}

/* Each worker takes its share of the connections, rounded up. */
static void lint_connections(const struct site_build *build)
{
    const struct settings *settings = &build->site->settings;
    const struct node *limits = node_member(settings->node, "limits");
    const struct node *connections = limits == NULL ? NULL : node_member(limits, "connections");
    unsigned workers = site_workers(build->site);
    if (connections != NULL && settings->limits.connections < (int64_t)workers)
        problem_warning(build->problems, connections,
                        "\"connections\" is less than the %u workers: each of them takes one at least", workers);
}

/* Nothing but a network of all addresses has a prefix of 0. */
static void lint_trusted(const struct site_build *build)
{
    const struct schema_texts *trusted = &build->site->settings.trusted_proxies;
    for (size_t i = 0; i < trusted->count; i++)
        if (span_ends(trusted->at[i], SPAN("/0")))
            problem_warning(build->problems, trusted->nodes[i],
                            "\"%s\" trusts everybody: each client may say which address, scheme and host it has",
                            QUOTED(trusted->at[i]));
}

/* ---- backends ---- */

static bool is_same_server(const struct site_server *a, const struct site_server *b)
{
    if (a->path != NULL || b->path != NULL)
        return a->path != NULL && b->path != NULL && strcmp(a->path, b->path) == 0;
    return a->uri.is_https == b->uri.is_https && a->uri.port == b->uri.port && span_eq_nocase(a->uri.host, b->uri.host);
}

static void lint_servers(const struct site_build *build, const struct site_backend *backend)
{
    const struct server_settings *settings = backend->settings->servers.at;
    for (size_t i = 1; i < backend->server_count; i++) {
        size_t first = 0;
        while (first < i && !is_same_server(&backend->servers[first], &backend->servers[i]))
            first++;
        if (first < i)
            problem_warning(build->problems, settings[i].node,
                            "\"%s\" is the same server as \"%s\" before it: a larger share is told by \"weight\"",
                            QUOTED(settings[i].url), QUOTED(settings[first].url));
    }
}

static void lint_backend(const struct site_build *build, const struct site_backend *backend)
{
    const struct node *ejection = node_member(backend->settings->node, "ejection");
    lint_servers(build, backend);
    if (ejection != NULL && backend->server_count == 1 && backend->settings->ejection.failures > 0)
        problem_warning(build->problems, ejection,
                        "\"ejection\" has no effect: the backend's only server is never left out");
}

/* ---- routes ---- */

/* A handshake over HTTP/1.1 is a GET (RFC 6455 4.1). */
static void lint_websocket(const struct site_build *build, const struct site_route *route)
{
    const struct route_settings *settings =
        (const struct route_settings *)build->site->settings.routes.at + route->index;
    const struct node *node = node_member(settings->node, "websocket");
    if (node == NULL || !route->websocket.is_on)
        return;
    if (route->methods != 0 && (route->methods & 1u << METHOD_GET) == 0)
        problem_warning(build->problems, node,
                        "\"websocket\" has no effect: a handshake is a GET, which \"methods\" does not list");
    if (route->websocket.ends_with_token && site_is_public(settings))
        problem_warning(build->problems, site_place(node, "ends_with_token"),
                        "\"ends_with_token\" has no effect: the route is public, no token opens the connection");
}

void site_lint(const struct site_build *build)
{
    const struct site *site = build->site;
    const struct listener_settings *listeners = site->settings.listeners.at;
    for (size_t i = 0; i < site->settings.listeners.count; i++)
        lint_listener(build, &listeners[i]);
    lint_connections(build);
    lint_trusted(build);
    for (size_t i = 0; i < site->backend_count; i++)
        lint_backend(build, &site->backends[i]);
    for (size_t i = 0; i < site->route_count; i++)
        lint_websocket(build, &site->routes[i]);
}
