/* SPDX-License-Identifier: Apache-2.0 */
/* Routes and backends from the settings, with everything that can be wrong about them. */
#include "site_int.h"

#include "proxy/route.h"

/* unix:PATH.  Where a name is needed, as in Host, it is localhost. */
static bool read_unix(struct site_build *build, const struct node *at, struct site_server *server)
{
    struct err err;
    struct address address;
    struct span path = span_from(server->url, SPAN("unix:").len);
    server->path = arena_copy(&build->site->arena, path).at;
    if (server->path == NULL)
        return false;
    if (path.len == 0 || path.at[0] != '/' || !address_from_path(server->path, &address))
        return problem_error(
            build->problems, at,
            "a unix socket is unix: and its absolute path, of %zu bytes at most, as in unix:/run/app.sock",
            sizeof address.at.un.sun_path - 1);
    return uri_read(SPAN("http://localhost"), &server->uri, &err) || problem_error(build->problems, at, "%s", err.text);
}

/* A backend's server: only scheme, host and port, since the path is the route's matter. */
static bool build_server(struct site_build *build, const struct backend_settings *settings,
                         const struct server_settings *from, struct site_server *server)
{
    struct err err;
    struct arena *arena = &build->site->arena;
    server->url = from->url;
    if (from->node == NULL || !site_has(from->url))
        return false;
    const struct node *at = site_place(from->node, "url");
    server->weight = (unsigned)from->weight;
    bool is_unix = span_starts(from->url, SPAN("unix:"));
    if (is_unix && !read_unix(build, at, server))
        return false;
    if (!is_unix && !uri_read(from->url, &server->uri, &err))
        return problem_error(build->problems, at, "%s", err.text);
    if (server->uri.path.len > 1 || server->uri.query.at != NULL)
        return problem_error(build->problems, at,
                             "a server's URL ends behind its port; a path is put before with the route's rewrite");
    server->host = arena_copy(arena, server->uri.host).at;
    const struct backend_tls_settings *tls = &settings->tls;
    const char *key =
        arena_printf(arena, "%.*s|%.*s|%.*s|%d|%.*s|%.*s", SPAN_ARG(settings->name), SPAN_ARG(from->url),
                     SPAN_ARG(tls->ca), tls->verify, SPAN_ARG(tls->server_name), SPAN_ARG(tls->client_certificate));
    server->key = span_str(key);
    return server->host != NULL && key != NULL;
}

static bool read_host_header(struct site_build *build, const struct backend_settings *settings,
                             struct site_backend *backend)
{
    if (span_eq(settings->host_header, SPAN("backend"))) {
        backend->host_header = HOST_OF_BACKEND;
        return true;
    }
    if (span_eq(settings->host_header, SPAN("client"))) {
        backend->host_header = HOST_OF_CLIENT;
        return true;
    }
    backend->host_header = HOST_FIXED;
    backend->host_fixed = settings->host_header;
    return !site_has(settings->host_header) || uri_is_authority(settings->host_header) ||
           problem_error(build->problems, site_place(settings->node, "host_header"),
                         "\"host_header\" is backend, client, or a host name");
}

static void warn_idle_limit(struct site_build *build, const struct node *map, const char *key)
{
    if (node_member(map, key) != NULL)
        problem_warning(build->problems, node_member(map, key), "\"%s\" has no effect: \"connections\" are not limited",
                        key);
}

/* Who waits, waits for one of a limited number of connections. */
static void warn_unlimited(struct site_build *build, const struct backend_settings *settings)
{
    if (settings->connections > 0)
        return;
    warn_idle_limit(build, settings->node, "pending");
    const struct node *timeouts = node_member(settings->node, "timeouts");
    if (timeouts != NULL && timeouts->kind == NODE_MAP)
        warn_idle_limit(build, timeouts, "pending");
}

/* It goes into a request line as it stands. */
static bool check_health(struct site_build *build, const struct backend_settings *settings)
{
    struct span path = settings->health.path;
    bool is_good = !site_has(path) || (path.len > 0 && path.at[0] == '/');
    for (size_t i = 0; is_good && i < path.len; i++)
        is_good = path.at[i] > ' ' && path.at[i] < 0x7f && path.at[i] != '#';
    return is_good || problem_error(build->problems, site_place(settings->health.node, "path"),
                                    "a path, perhaps with a query, that begins with / and is printable ASCII");
}

/* What is neither true nor false is an error of its own. */
static bool is_unchecked(const struct backend_settings *settings)
{
    const struct node *verify = settings->tls.node == NULL ? NULL : node_member(settings->tls.node, "verify");
    return verify != NULL && span_eq_nocase(verify->text, SPAN("false"));
}

static bool build_backend(struct site_build *build, struct backend_settings *settings, struct site_backend *backend)
{
    const struct server_settings *from = settings->servers.at;
    bool is_ok = true;
    bool has_https = false;
    backend->name = settings->name;
    backend->settings = settings;
    backend->timeouts = settings->timeouts;
    backend->servers = arena_zero(&build->site->arena, settings->servers.count * sizeof *backend->servers);
    if (backend->servers == NULL)
        return false;
    if (settings->servers.count == 0)
        return site_has_list(settings->node, "servers") &&
               problem_error(build->problems, settings->node, "backend \"%s\" has no server", QUOTED(settings->name));
    if (settings->servers.count > BALANCE_SERVERS_MAX)
        return problem_error(build->problems, site_place(settings->node, "servers"),
                             "backend \"%s\" has more than %d servers", QUOTED(settings->name), BALANCE_SERVERS_MAX);
    is_ok = check_health(build, settings);
    warn_unlimited(build, settings);
    for (size_t i = 0; i < settings->servers.count; i++) {
        is_ok = build_server(build, settings, &from[i], &backend->servers[i]) && is_ok;
        has_https = has_https || backend->servers[i].uri.is_https;
    }
    backend->server_count = settings->servers.count;
    is_ok = read_host_header(build, settings, backend) && is_ok;
    if (has_https || settings->tls.node != NULL)
        is_ok = site_build_backend_tls(build, settings, backend) && is_ok;
    if (is_ok && !has_https && settings->tls.node != NULL)
        problem_warning(build->problems, settings->tls.node,
                        "\"tls\" has no effect: no server of the backend is https");
    if (has_https && is_unchecked(settings))
        problem_warning(build->problems, node_member(settings->tls.node, "verify"),
                        "the certificates of backend \"%s\" are not checked: anybody on the way can be it",
                        QUOTED(settings->name));
    return is_ok;
}

bool site_build_backends(struct site_build *build)
{
    struct site *site = build->site;
    struct backend_settings *settings = site->settings.backends.at;
    bool is_ok = true;
    site->backends = arena_zero(&site->arena, site->settings.backends.count * sizeof *site->backends);
    if (site->backends == NULL)
        return false;
    for (size_t i = 0; i < site->settings.backends.count; i++) {
        site->backends[i].index = i;
        is_ok = settings[i].node != NULL && build_backend(build, &settings[i], &site->backends[i]) && is_ok;
        site->backend_count = i + 1;
    }
    return is_ok;
}

struct site_backend *site_find_backend(struct site_build *build, struct span name, const struct node *node)
{
    struct site *site = build->site;
    const char *names[64];
    size_t count = 0;
    for (size_t i = 0; i < site->backend_count; i++) {
        if (span_eq(site->backends[i].name, name))
            return &site->backends[i];
        if (count < COUNT_OF(names) && (names[count] = arena_copy(&site->arena, site->backends[i].name).at) != NULL)
            count++;
    }
    const char *near = node->is_secret ? NULL : schema_nearest(name, names, count);
    if (near != NULL)
        problem_error(build->problems, node, "there is no backend \"%s\"; did you mean \"%s\"?", QUOTED(name), near);
    else
        problem_error(build->problems, node, "there is no backend \"%s\"", QUOTED_UNLESS(node->is_secret, name));
    return NULL;
}

static bool find_backend(struct site_build *build, const struct route_settings *settings, struct site_route *route)
{
    if (!site_has(settings->backend))
        return false;
    route->backend = site_find_backend(build, settings->backend, node_member(settings->node, "backend"));
    return route->backend != NULL;
}

/* An empty list would read as "any", which nobody means who writes one. */
static bool is_empty_list(const struct node *map, const char *key)
{
    const struct node *list = node_member(map, key);
    return list != NULL && list->kind == NODE_LIST && list->children == NULL;
}

/* "*.Example.com" as ".example.com", "Example.com" as "example.com". */
static bool read_host(struct site_build *build, struct span text, const struct node *node, struct span *host)
{
    if (!site_is_quoted(build->problems, node, "host"))
        return false;
    struct span name = span_starts(text, SPAN("*.")) ? span_from(text, 2) : text;
    bool is_name = uri_is_authority(name) && uri_host(name).len == name.len && span_chr(name, '*') == NULL;
    if (!is_name)
        return problem_error(build->problems, node,
                             "\"%s\" is no host; write a name such as api.example.com or *.example.com", QUOTED(text));
    struct span copy = arena_lower(&build->site->arena, name.len < text.len ? span_from(text, 1) : text);
    if (copy.at == NULL)
        return false;
    if (copy.len > 1 && copy.at[copy.len - 1] == '.')
        copy.len--; /* as requests are looked up */
    *host = copy;
    return true;
}

static bool read_hosts(struct site_build *build, const struct route_settings *settings, struct site_route *route)
{
    struct span *hosts = arena_zero(&build->site->arena, settings->hosts.count * sizeof *hosts);
    bool is_ok = hosts != NULL;
    if (is_empty_list(settings->node, "host"))
        return problem_error(build->problems, site_place(settings->node, "host"),
                             "\"host\" names no host; leave the key out for any host");
    for (size_t i = 0; is_ok && i < settings->hosts.count; i++)
        is_ok = read_host(build, settings->hosts.at[i], settings->hosts.nodes[i], &hosts[i]) && is_ok;
    route->hosts = hosts;
    route->host_count = settings->hosts.count;
    return is_ok;
}

static bool read_methods(struct site_build *build, const struct route_settings *settings, struct site_route *route)
{
    bool is_ok = true;
    if (is_empty_list(settings->node, "methods"))
        return problem_error(build->problems, site_place(settings->node, "methods"),
                             "\"methods\" names no method; leave the key out for all methods");
    for (size_t i = 0; i < settings->methods.count; i++) {
        enum method method = method_of(settings->methods.at[i]);
        if (method == METHOD_UNKNOWN || method == METHOD_CONNECT || method == METHOD_TRACE) {
            is_ok = problem_error(build->problems, settings->methods.nodes[i],
                                  "\"%s\" is no method to route; one of GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS",
                                  QUOTED(settings->methods.at[i]));
            continue;
        }
        route->methods |= 1u << method;
    }
    return is_ok;
}

/* A path as routes have it: absolute, raw, without query. */
static bool check_path(struct site_build *build, const struct route_settings *settings, const char *key,
                       struct span path)
{
    struct err err;
    const struct node *node = site_place(settings->node, key);
    if (path.len == 0 || path.at[0] != '/')
        return problem_error(build->problems, node, "\"%s\" begins with /", key);
    for (size_t i = 0; i < path.len; i++)
        if (path.at[i] <= ' ' || path.at[i] >= 0x7f || strchr("?#\\<>\"", path.at[i]) != NULL)
            return problem_error(build->problems, node, "\"%s\" holds a character that no path has; percent-encode it",
                                 key);
    return uri_check_path(path, &err) || problem_error(build->problems, node, "%s", err.text);
}

static bool read_paths(struct site_build *build, const struct route_settings *settings, struct site_route *route)
{
    route->path = settings->path;
    route->lax_path = settings->path.at == NULL ? settings->path : uri_lax_path(&build->site->arena, settings->path);
    route->rewrite = settings->rewrite;
    route->has_rewrite = settings->rewrite.at != NULL;
    if (settings->path.at == NULL || !check_path(build, settings, "path", settings->path))
        return false;
    if (span_starts(settings->path, SPAN("/_jwtgate")) && (settings->path.len == 9 || settings->path.at[9] == '/'))
        return problem_error(build->problems, node_member(settings->node, "path"), "/_jwtgate/ is reserved");
    if (!route->has_rewrite)
        return true;
    if (!check_path(build, settings, "rewrite", settings->rewrite))
        return false;
    return span_ends(route->path, SPAN("/")) == span_ends(route->rewrite, SPAN("/")) ||
           problem_error(build->problems, node_member(settings->node, "rewrite"),
                         "\"path\" and \"rewrite\" both end in /, or neither does");
}

/* It stands in a quoted text of a field: nothing of it is left out there, so nothing else is taken here. */
static bool read_realm(struct site_build *build, const struct route_settings *settings, struct site_route *route)
{
    bool has_realm = site_has(settings->realm);
    const struct node *node = site_place(settings->node, has_realm ? "realm" : "name");
    route->realm = has_realm ? settings->realm : settings->name;
    if (has_realm && settings->realm.len == 0)
        return problem_error(build->problems, node, "\"realm\" is empty; leave it out for the route's name");
    return span_is_printable(route->realm) ||
           problem_error(build->problems, node, "a realm is printable ASCII%s",
                         has_realm ? "" : ", and without \"realm\" the name is the route's");
}

static bool build_route(struct site_build *build, const struct route_settings *settings, struct site_route *route)
{
    route->name = settings->name;
    route->node = settings->node;
    route->expose_reason = settings->expose_reason;
    route->forward_token = settings->forward_token;
    route->shape = (enum error_shape)settings->errors;
    route->mode = (enum route_mode)settings->mode;
    route->tells_scope = settings->insufficient_scope != 0;
    route->cnf = (enum cnf_mode)settings->cnf;
    route->websocket = settings->websocket;
    route->websocket.is_on = settings->websocket.is_on || settings->websocket.node != NULL;
    route->websocket.ends_with_token = route->websocket.is_on && settings->websocket.ends_with_token;
    bool is_ok = !site_has(settings->name) || settings->name.len > 0 ||
                 problem_error(build->problems, site_place(settings->node, "name"), "a route's name is not empty");
    is_ok = read_realm(build, settings, route) && is_ok;
    is_ok = read_hosts(build, settings, route) && is_ok;
    is_ok = read_methods(build, settings, route) && is_ok;
    is_ok = read_paths(build, settings, route) && is_ok;
    is_ok = find_backend(build, settings, route) && is_ok;
    is_ok = site_build_policy(build, settings, route) && is_ok;
    is_ok = site_build_forward_auth(build, settings, route) && is_ok;
    is_ok = site_build_identity(build, settings, route) && is_ok;
    return site_build_resource(build, settings, route) && is_ok;
}

static bool check_pair(struct site_build *build, const struct site_route *a, const struct site_route *b)
{
    bool is_ok = true;
    if (a->name.len > 0 && span_eq(a->name, b->name))
        is_ok = problem_error(build->problems, node_member(b->node, "name"), "another route has the name \"%s\"",
                              QUOTED(b->name));
    if (a->path.len > 0 && route_is_same(a, b))
        is_ok = problem_error(
            build->problems, node_member(b->node, "path"),
            "route \"%s\" takes the same host, path and method already: it would always be chosen before this one",
            QUOTED(a->name));
    return is_ok;
}

static bool check_pairs(struct site_build *build)
{
    struct site *site = build->site;
    bool is_ok = true;
    for (size_t i = 0; i < site->route_count; i++)
        for (size_t j = i + 1; j < site->route_count; j++)
            is_ok = check_pair(build, &site->routes[i], &site->routes[j]) && is_ok;
    return is_ok;
}

static bool make_entries(struct site *site)
{
    size_t count = 0;
    for (size_t i = 0; i < site->route_count; i++)
        count += site->routes[i].host_count == 0 ? 1 : site->routes[i].host_count;
    site->entries = arena_zero(&site->arena, count * sizeof *site->entries);
    if (site->entries == NULL)
        return false;
    for (size_t i = 0; i < site->route_count; i++) {
        const struct site_route *route = &site->routes[i];
        for (size_t j = 0; j < (route->host_count == 0 ? 1 : route->host_count); j++)
            site->entries[site->entry_count++] =
                (struct site_entry){route->host_count == 0 ? (struct span){NULL, 0} : route->hosts[j], route};
    }
    route_sort(site->entries, site->entry_count);
    return true;
}

/* The rules of all routes in one row: what each needs at run time is kept by its place there. */
static bool gather_rules(struct site *site)
{
    size_t count = 0;
    for (size_t i = 0; i < site->route_count; i++)
        count += site->routes[i].plan.rule_count;
    site->rules = arena_zero(&site->arena, count * sizeof *site->rules);
    if (site->rules == NULL)
        return false;
    for (size_t i = 0; i < site->route_count; i++) {
        struct site_route *route = &site->routes[i];
        route->rules = site->rules + site->rule_count;
        for (size_t j = 0; j < route->plan.rule_count; j++, site->rule_count++)
            site->rules[site->rule_count] =
                (struct site_rule){.rule = &route->plan.rules[j], .route = route, .index = site->rule_count};
    }
    return true;
}

bool site_build_routes(struct site_build *build)
{
    struct site *site = build->site;
    const struct route_settings *settings = site->settings.routes.at;
    bool is_ok = true;
    if (site->settings.routes.count == 0)
        return site_has_list(site->settings.node, "routes") &&
               problem_error(build->problems, site_place(site->settings.node, "routes"),
                             "at least one route is needed");
    site->routes = arena_zero(&site->arena, site->settings.routes.count * sizeof *site->routes);
    site->resources = arena_zero(&site->arena, site->settings.routes.count * sizeof *site->resources);
    if (site->routes == NULL || site->resources == NULL)
        return false;
    for (size_t i = 0; i < site->settings.routes.count; i++) {
        site->routes[i].index = i;
        is_ok = settings[i].node != NULL && build_route(build, &settings[i], &site->routes[i]) && is_ok;
        site->route_count = i + 1;
    }
    is_ok = check_pairs(build) && is_ok;
    is_ok = gather_rules(site) && is_ok;
    is_ok = site_gather_identity(build) && is_ok;
    return is_ok && make_entries(site);
}
