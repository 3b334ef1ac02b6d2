/* SPDX-License-Identifier: Apache-2.0 */
/* Routes and backends from the settings, with everything that can be wrong about them. */
#include "site_int.h"

#include "proxy/route.h"

#include <ctype.h>

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
    if (!uri_read(from->url, &server->uri, &err))
        return problem_error(build->problems, at, "%s", err.text);
    if (server->uri.path.len > 1 || server->uri.query.at != NULL)
        return problem_error(build->problems, at,
                             "a server's URL ends behind its port; a path is put before with the route's rewrite");
    server->host = arena_copy(arena, server->uri.host).at;
    const char *key =
        arena_printf(arena, "%.*s|%.*s|%d", SPAN_ARG(from->url), SPAN_ARG(settings->tls.ca), settings->tls.verify);
    server->key = span_str(key);
    return server->host != NULL && key != NULL;
}

static bool build_tls(struct site_build *build, const struct backend_settings *settings, struct site_backend *backend)
{
    struct err err;
    const char *ca = NULL;
    if (settings->tls.ca.len > 0 &&
        (ca = node_resolve_path(&build->site->arena, build->file, settings->tls.ca)) == NULL)
        return false;
    const struct tls_client_options options = {.ca_file = ca, .verify = settings->tls.verify};
    backend->tls = tls_client_new(&options, &err);
    if (backend->tls == NULL)
        return problem_error(build->problems,
                             site_place(settings->tls.node == NULL ? settings->node : settings->tls.node, "ca"), "%s",
                             err.text);
    if (settings->tls.node != NULL && !settings->tls.verify)
        problem_warning(build->problems, site_place(settings->tls.node, "verify"),
                        "the certificates of backend \"%s\" are not checked: anybody on the way can be it",
                        QUOTED(settings->name));
    return true;
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

static bool build_backend(struct site_build *build, const struct backend_settings *settings,
                          struct site_backend *backend)
{
    const struct server_settings *from = settings->servers.at;
    bool is_ok = true;
    bool has_https = false;
    backend->name = settings->name;
    backend->timeouts = settings->timeouts;
    backend->servers = arena_zero(&build->site->arena, settings->servers.count * sizeof *backend->servers);
    if (backend->servers == NULL)
        return false;
    if (settings->servers.count == 0)
        return site_has_list(settings->node, "servers") &&
               problem_error(build->problems, settings->node, "backend \"%s\" has no server", QUOTED(settings->name));
    for (size_t i = 0; i < settings->servers.count; i++) {
        is_ok = build_server(build, settings, &from[i], &backend->servers[i]) && is_ok;
        has_https = has_https || backend->servers[i].uri.is_https;
    }
    backend->server_count = settings->servers.count;
    is_ok = read_host_header(build, settings, backend) && is_ok;
    if (has_https)
        return build_tls(build, settings, backend) && is_ok;
    if (settings->tls.node != NULL)
        problem_warning(build->problems, settings->tls.node,
                        "\"tls\" has no effect: no server of the backend is https");
    return is_ok;
}

bool site_build_backends(struct site_build *build)
{
    struct site *site = build->site;
    const struct backend_settings *settings = site->settings.backends.at;
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

static bool find_backend(struct site_build *build, const struct route_settings *settings, struct site_route *route)
{
    struct site *site = build->site;
    const char *names[64];
    size_t count = 0;
    for (size_t i = 0; i < site->backend_count; i++) {
        if (span_eq(site->backends[i].name, settings->backend)) {
            route->backend = &site->backends[i];
            return true;
        }
        if (count < COUNT_OF(names) && (names[count] = arena_copy(&site->arena, site->backends[i].name).at) != NULL)
            count++;
    }
    if (!site_has(settings->backend))
        return false;
    const struct node *node = node_member(settings->node, "backend");
    const char *near = schema_nearest(settings->backend, names, count);
    if (near != NULL)
        return problem_error(build->problems, node, "there is no backend \"%s\"; did you mean \"%s\"?",
                             QUOTED(settings->backend), near);
    return problem_error(build->problems, node, "there is no backend \"%s\"", QUOTED(settings->backend));
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
    struct span name = span_starts(text, SPAN("*.")) ? span_from(text, 2) : text;
    bool is_name = uri_is_authority(name) && uri_host(name).len == name.len && span_chr(name, '*') == NULL;
    if (!is_name)
        return problem_error(build->problems, node,
                             "\"%s\" is no host; write a name such as api.example.com or *.example.com", QUOTED(text));
    struct span copy = arena_copy(&build->site->arena, name.len < text.len ? span_from(text, 1) : text);
    if (copy.at == NULL)
        return false;
    if (copy.len > 1 && copy.at[copy.len - 1] == '.')
        copy.len--; /* as requests are looked up */
    for (size_t i = 0; i < copy.len; i++)
        ((char *)(uintptr_t)copy.at)[i] = (char)tolower((unsigned char)copy.at[i]);
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

/* Whether a route before this one has read the file, and told what is wrong with it. */
static bool is_policy_known(const struct site_build *build, const struct site_route *route, struct span file)
{
    const struct route_settings *settings = build->site->settings.routes.at;
    for (size_t i = 0; i < route->index; i++)
        if (settings[i].policy != NULL && settings[i].policy->kind == NODE_TEXT && settings[i].validate_jwt == NULL &&
            span_eq(settings[i].policy->text, file))
            return true;
    return false;
}

/* A word that names no file was likely meant to switch the policy off. */
static const char *policy_hint(struct span file)
{
    bool is_word = span_chr(file, '.') == NULL && span_chr(file, '/') == NULL;
    return is_word ? "; for a public route write \"policy: none\"" : "";
}

static bool read_policy_file(struct site_build *build, struct site_route *route, const struct node *node)
{
    struct err err;
    struct span bytes;
    struct arena *arena = &build->site->arena;
    char *path = node_resolve_path(arena, build->file, node->text);
    if (path == NULL || !node_read_file(arena, path, NODE_BYTES_MAX, &bytes, &err))
        return problem_error(build->problems, node, "%s%s", path == NULL ? "out of memory" : err.text,
                             path == NULL ? "" : policy_hint(node->text));
    AUTO(problems) again;
    problems_init(&again);
    struct problems *problems = is_policy_known(build, route, node->text) ? &again : build->problems;
    const struct node *root = node_read_xml(arena, path, bytes, problems);
    return root != NULL && rule_read_xml(&route->rule, root, &build->rules, arena, problems);
}

/* `algorithms` names those that may sign; `none` is none of them, whatever the policy says. */
static void narrow_unsigned(struct site_build *build, struct rule *rule, const struct node *node)
{
    if (rule->requires_signature || node_member(build->site->settings.node, "algorithms") == NULL)
        return;
    rule->requires_signature = true;
    problem_warning(build->problems, node,
                    "unsigned tokens are refused all the same: \"algorithms\" leaves signed ones only");
}

/* What is said about refusals means nothing where there are none. */
static void warn_public(struct site_build *build, const struct route_settings *settings)
{
    static const char *const keys[] = {"mode", "insufficient_scope", "expose_reason", "forward_token", "realm"};
    for (size_t i = 0; i < COUNT_OF(keys); i++)
        if (node_member(settings->node, keys[i]) != NULL)
            problem_warning(build->problems, node_member(settings->node, keys[i]),
                            "\"%s\" has no effect: the route is public", keys[i]);
}

static bool read_policy(struct site_build *build, const struct route_settings *settings, struct site_route *route)
{
    const struct node *policy = settings->policy;
    const struct node *yaml = settings->validate_jwt;
    if (policy != NULL && yaml != NULL)
        return problem_key(build->problems, yaml, "a route has \"policy\" or \"validate_jwt\", not both");
    if (policy == NULL && yaml == NULL)
        return problem_error(build->problems, settings->node,
                             "route \"%s\" has no policy: give \"policy\" or \"validate_jwt\"; \"policy: none\" makes "
                             "it public on purpose",
                             QUOTED(settings->name));
    if (policy != NULL && policy->kind == NODE_LIST)
        return problem_error(build->problems, policy, "a list of policies is not supported yet; name one file");
    if (policy != NULL && policy->kind != NODE_TEXT)
        return problem_error(build->problems, policy,
                             "\"policy\" is a file name; for a public route write \"policy: none\"");
    if (site_is_public(settings)) {
        problem_note(build->problems, policy, "route \"%s\" is public: no token is asked for", QUOTED(settings->name));
        warn_public(build, settings);
        return true;
    }
    bool is_ok = policy != NULL
                     ? read_policy_file(build, route, policy)
                     : rule_read_yaml(&route->rule, yaml, &build->rules, &build->site->arena, build->problems);
    route->is_public = !is_ok;
    if (is_ok)
        narrow_unsigned(build, &route->rule, policy != NULL ? policy : yaml);
    if (settings->mode == MODE_REPORT_ONLY)
        problem_note(build->problems, node_member(settings->node, "mode"),
                     "route \"%s\" is report-only: what its policy refuses passes all the same",
                     QUOTED(settings->name));
    return is_ok;
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
    bool is_ok = !site_has(settings->name) || settings->name.len > 0 ||
                 problem_error(build->problems, site_place(settings->node, "name"), "a route's name is not empty");
    is_ok = read_realm(build, settings, route) && is_ok;
    is_ok = read_hosts(build, settings, route) && is_ok;
    is_ok = read_methods(build, settings, route) && is_ok;
    is_ok = read_paths(build, settings, route) && is_ok;
    is_ok = find_backend(build, settings, route) && is_ok;
    is_ok = read_policy(build, settings, route) && is_ok;
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
        site->routes[i].is_public = true; /* until a rule stands: route_release must not end what never began */
        is_ok = settings[i].node != NULL && build_route(build, &settings[i], &site->routes[i]) && is_ok;
        site->route_count = i + 1;
    }
    is_ok = check_pairs(build) && is_ok;
    is_ok = site_gather_identity(build) && is_ok;
    return is_ok && make_entries(site);
}
