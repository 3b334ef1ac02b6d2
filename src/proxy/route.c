/* SPDX-License-Identifier: Apache-2.0 */
/* Routing on the raw path.  The list is sorted once, so the first entry that matches is the most specific. */
#include "proxy/route.h"

#include "http/uri.h"

static bool path_matches(struct span prefix, struct span path)
{
    if (!span_starts(path, prefix))
        return false;
    return prefix.at[prefix.len - 1] == '/' || path.len == prefix.len || path.at[prefix.len] == '/';
}

/* `pattern` is lower case; ".example.com" stands for one with a star. */
static bool host_matches(struct span pattern, struct span host)
{
    if (pattern.at[0] != '.')
        return span_eq_nocase(pattern, host);
    return host.len > pattern.len && span_eq_nocase(pattern, span_from(host, host.len - pattern.len));
}

/* What is looked for: host, path, and which spelling of paths counts. */
struct place {
    struct span host;
    struct span path;
    bool is_lax;
};

static bool matches(const struct site_entry *entry, const struct place *place)
{
    struct span host = place->host;
    return path_matches(place->is_lax ? entry->route->lax_path : entry->route->path, place->path) &&
           (entry->host.len == 0 || host_matches(entry->host, host));
}

static bool allows(const struct site_route *route, enum method method)
{
    return route->methods == 0 || (route->methods >> method & 1u) != 0;
}

static bool is_same_place(const struct site_entry *a, const struct site_entry *b)
{
    return span_eq(a->host, b->host) && span_eq(a->route->path, b->route->path);
}

/* The first that matches; where it is not for this method, one of the same host and path that is. */
static const struct site_route *find(const struct site *site, const struct place *place, enum method method,
                                     const struct site_route **near)
{
    const struct site_entry *first = NULL;
    *near = NULL;
    for (size_t i = 0; i < site->entry_count; i++) {
        const struct site_entry *entry = &site->entries[i];
        if (first != NULL ? !is_same_place(entry, first) : !matches(entry, place))
            continue;
        if (allows(entry->route, method))
            return entry->route;
        if (first == NULL) {
            first = entry;
            *near = entry->route;
        }
    }
    return NULL;
}

struct span route_host(struct span authority)
{
    struct span host = uri_host(authority);
    return host.len > 1 && host.at[host.len - 1] == '.' ? span_cut(host, host.len - 1) : host;
}

unsigned route_methods(const struct site *site, const struct head *head)
{
    const struct place place = {.host = route_host(head->authority), .path = head->path};
    const struct site_entry *first = NULL;
    unsigned methods = 0;
    for (size_t i = 0; i < site->entry_count; i++) {
        const struct site_entry *entry = &site->entries[i];
        if (first == NULL && matches(entry, &place))
            first = entry;
        if (first != NULL && is_same_place(entry, first))
            methods |= entry->route->methods;
    }
    return methods;
}

static bool is_reserved(struct span path)
{
    return span_starts(path, SPAN("/_jwtgate/")) || span_eq(path, SPAN("/_jwtgate"));
}

static bool needs_second_look(struct span path)
{
    for (size_t i = 0; i < path.len; i++) {
        char c = path.at[i];
        if (c == '%' || c == ';' || c == '\\' || (c == '/' && i + 1 < path.len && path.at[i + 1] == '/'))
            return true;
    }
    return false;
}

const struct site_route *route_find(const struct site *site, const struct head *head, struct arena *arena,
                                    const struct site_route **near, struct err *err)
{
    struct place place = {.host = route_host(head->authority), .path = head->path};
    *near = NULL;
    if (!uri_check_path(head->path, err))
        return NULL;
    const struct site_route *route = is_reserved(head->path) ? NULL : find(site, &place, head->method, near);
    if (needs_second_look(head->path)) {
        const struct site_route *lax_near;
        place = (struct place){.host = place.host, .path = uri_lax_path(arena, head->path), .is_lax = true};
        if (place.path.at == NULL) {
            fail(err, REASON_OUT_OF_MEMORY, "no memory for the path");
            return NULL;
        }
        if (is_reserved(place.path) || find(site, &place, head->method, &lax_near) != route) {
            fail(err, REASON_BAD_REQUEST, "the path chooses another route when decoded");
            return NULL;
        }
    }
    if (route == NULL && *near == NULL)
        fail(err, REASON_NO_ROUTE, "no route for this host and path");
    else if (route == NULL)
        fail(err, REASON_METHOD_NOT_ALLOWED, "the routes of this host and path are for other methods");
    return route;
}

/* Exact hosts before wildcards, longer wildcards before shorter, any host last. */
static size_t host_rank(struct span host)
{
    if (host.len == 0)
        return 0;
    return host.at[0] == '.' ? host.len : SIZE_MAX;
}

static bool stands_before(const struct site_entry *a, const struct site_entry *b)
{
    size_t rank_a = host_rank(a->host);
    size_t rank_b = host_rank(b->host);
    if (rank_a != rank_b)
        return rank_a > rank_b;
    return a->route->path.len > b->route->path.len;
}

void route_sort(struct site_entry *entries, size_t count)
{
    for (size_t i = 1; i < count; i++) {
        struct site_entry moving = entries[i];
        size_t at = i;
        for (; at > 0 && stands_before(&moving, &entries[at - 1]); at--)
            entries[at] = entries[at - 1];
        entries[at] = moving;
    }
}

static bool same_hosts(const struct site_route *a, const struct site_route *b)
{
    if (a->host_count == 0 || b->host_count == 0)
        return a->host_count == b->host_count;
    for (size_t i = 0; i < a->host_count; i++)
        for (size_t j = 0; j < b->host_count; j++)
            if (span_eq(a->hosts[i], b->hosts[j]))
                return true;
    return false;
}

bool route_is_same(const struct site_route *a, const struct site_route *b)
{
    bool same_methods = a->methods == 0 || b->methods == 0 || (a->methods & b->methods) != 0;
    return same_methods && span_eq(a->path, b->path) && same_hosts(a, b);
}

struct explain_request route_explain_request(const struct site_route *route)
{
    struct explain_request request = {.path = route->path};
    if (route->host_count > 0 && !span_starts(route->hosts[0], SPAN(".")))
        request.host = route->hosts[0];
    return request;
}
