/* SPDX-License-Identifier: Apache-2.0 */
/* Written once, when the site is built; answering is a copy. */
#include "proxy/resource.h"

#include "base/buf.h"
#include "proxy/route.h"
#include "site_int.h"

static const struct span well_known = SPAN_INIT("/.well-known/oauth-protected-resource");

/* Whether the request is for the resource's host and port; without one it is for the port of the resource's scheme. */
static bool is_at(const struct site_resource *resource, struct span authority)
{
    struct span port = span_from(authority, uri_host(authority).len);
    uint64_t number = resource->is_https ? 443 : 80;
    if (port.len > 0 && !span_u64(span_from(port, 1), UINT16_MAX, &number))
        return false;
    return number == resource->port && span_eq_nocase(route_host(authority), resource->host);
}

const struct site_resource *resource_find(const struct site *site, const struct head *head)
{
    const struct site_resource *any = NULL;
    if (site->resource_count == 0 || !span_starts(head->path, well_known))
        return NULL;
    for (size_t i = 0; i < site->resource_count; i++) {
        const struct site_resource *resource = &site->resources[i];
        if (!span_eq(head->path, resource->path))
            continue;
        if (is_at(resource, head->authority))
            return resource;
        if (any == NULL && resource->route->host_count == 0)
            any = resource;
    }
    return any;
}

static void add_text(struct buf *out, const char *name, struct span value)
{
    if (value.at == NULL)
        return;
    buf_printf(out, ",\"%s\":", name);
    buf_add_json_text(out, value);
}

static void add_list(struct buf *out, const char *name, const struct schema_texts *texts)
{
    if (texts->count == 0)
        return;
    buf_printf(out, ",\"%s\":[", name);
    for (size_t i = 0; i < texts->count; i++) {
        buf_add_str(out, i == 0 ? "" : ",");
        buf_add_json_text(out, texts->at[i]);
    }
    buf_add_char(out, ']');
}

/* RFC 9728 2: told where the policy takes nothing else, so that clients ask for bound tokens at once. */
static void add_dpop(struct buf *out, const struct rule *rule)
{
    AUTO(buf) names = {0};
    if (!judge_takes_dpop(rule) || !span_eq_nocase(rule->scheme, SPAN("DPoP")))
        return;
    dpop_add_algs(rule->algs, &names);
    struct span rest = buf_span(&names);
    struct span name;
    buf_add_str(out, ",\"dpop_bound_access_tokens_required\":true,\"dpop_signing_alg_values_supported\":[");
    for (bool is_first = true; span_split(&rest, ' ', &name); is_first = false) {
        buf_add_str(out, is_first ? "" : ",");
        buf_add_json_text(out, name);
    }
    buf_add_char(out, ']');
}

/* RFC 9728 2; how a token is sent is the policy's to say, and a header of one's own has no word there. */
static struct span write_body(struct arena *arena, const struct resource_settings *settings,
                              const struct site_route *route)
{
    AUTO(buf) out = {0};
    buf_add_str(&out, "{\"resource\":");
    buf_add_json_text(&out, settings->resource);
    add_list(&out, "authorization_servers", &settings->authorization_servers);
    add_list(&out, "scopes_supported", &settings->scopes);
    const struct rule *rule = route->plan.rule_count == 0 ? NULL : &route->plan.rules[0];
    if (rule != NULL && rule->source == TOKEN_FROM_QUERY)
        buf_add_str(&out, ",\"bearer_methods_supported\":[\"query\"]");
    else if (rule != NULL && rule->is_authorization)
        buf_add_str(&out, ",\"bearer_methods_supported\":[\"header\"]");
    if (rule != NULL)
        add_dpop(&out, rule);
    add_text(&out, "resource_name", settings->name);
    add_text(&out, "resource_documentation", settings->documentation);
    buf_add_char(&out, '}');
    return out.is_broken ? (struct span){NULL, 0} : arena_copy(arena, buf_span(&out));
}

/* RFC 9728 3.1: the well-known part stands between host and path, a slash that ends the host's part goes. */
static bool place(struct arena *arena, const struct uri *uri, struct site_resource *resource)
{
    struct span path = span_eq(uri->path, SPAN("/")) ? (struct span){NULL, 0} : uri->path;
    const char *whole = arena_printf(arena, "%s%.*s%.*s%.*s", uri->is_https ? "https://" : "http://",
                                     SPAN_ARG(uri->authority), SPAN_ARG(well_known), SPAN_ARG(path));
    if (whole == NULL)
        return false;
    resource->url = span_str(whole);
    resource->host = route_host(uri->authority);
    resource->port = uri->port;
    resource->is_https = uri->is_https;
    resource->path = span_from(resource->url, resource->url.len - well_known.len - path.len);
    return true;
}

static bool check_servers(struct site_build *build, const struct schema_texts *servers)
{
    bool is_ok = true;
    for (size_t i = 0; i < servers->count; i++) {
        struct uri uri;
        struct err err;
        if (!uri_read(servers->at[i], &uri, &err))
            is_ok = problem_error(build->problems, servers->nodes[i],
                                  "an authorization server is named by its issuer: %s", err.text);
    }
    return is_ok;
}

static bool is_known(const struct site *site, const struct site_resource *resource)
{
    for (size_t i = 0; i < site->resource_count; i++) {
        const struct site_resource *known = &site->resources[i];
        if (span_eq(known->path, resource->path) && known->port == resource->port &&
            span_eq_nocase(known->host, resource->host))
            return true;
    }
    return false;
}

/* RFC 9728 1.2: an https URL without fragment.  Plain http is taken for loopback, as everywhere; a query would have no place. */
static bool check_identifier(struct site_build *build, const struct resource_settings *settings, struct uri *uri)
{
    struct err err;
    const struct node *node = site_place(settings->node, "resource");
    if (!uri_read(settings->resource, uri, &err))
        return problem_error(build->problems, node, "%s", err.text);
    if (!uri_check_path(uri->path, &err))
        return problem_error(build->problems, node, "%s", err.text);
    if (!uri->is_https && !uri_is_loopback(uri->host))
        return problem_error(build->problems, node, "a resource is an https URL");
    return uri->query.at == NULL || problem_error(build->problems, node, "a resource has no query here");
}

bool site_build_resource(struct site_build *build, const struct route_settings *settings, struct site_route *route)
{
    const struct resource_settings *from = &settings->resource_metadata;
    struct site *site = build->site;
    struct uri uri;
    if (from->node == NULL)
        return true;
    if (!check_servers(build, &from->authorization_servers) || !site_has(from->resource) ||
        !check_identifier(build, from, &uri))
        return false;
    struct site_resource *resource = &site->resources[site->resource_count];
    resource->route = route;
    resource->body = write_body(&site->arena, from, route);
    if (resource->body.at == NULL || !place(&site->arena, &uri, resource))
        return false;
    if (is_known(site, resource))
        return problem_error(build->problems, site_place(from->node, "resource"),
                             "another route has the metadata of this resource");
    site->resource_count++;
    route->resource = resource;
    return true;
}
