/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes as the configuration file, all files it names being absent.
 *
 * Property: either a site that holds to its own bounds, or problems, at least one of them an error; never both, never neither.
 * What it says of identity headers and resources holds together.  And a site can be asked: any path and host of the input chooses
 * a route that matches, or is refused with a reason.
 */
#include "proxy/identity.h"
#include "proxy/resource.h"
#include "proxy/route.h"

#include <errno.h>
#include <stdarg.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int __wrap_open(const char *path, int flags, ...);

/* What an input names must not be opened: it could be a device, or never end. */
int __wrap_open(const char *path, int flags, ...)
{
    (void)path;
    (void)flags;
    errno = ENOENT;
    return -1;
}

static void require(bool is_true)
{
    if (!is_true)
        abort();
}

static void require_route(const struct site_route *route)
{
    require(route->name.len > 0 && route->path.len > 0 && route->path.at[0] == '/');
    require(route->backend != NULL && route->backend->server_count > 0);
    require(!route->has_rewrite || span_ends(route->rewrite, SPAN("/")) == span_ends(route->path, SPAN("/")));
    require(route->is_public == (route->plan.rule_count == 0));
    for (size_t i = 0; i < route->plan.rule_count; i++)
        require(route->rules[i].rule == &route->plan.rules[i] && route->rules[i].route == route);
    require(!route->is_public || route->identity_count == 0);
    require(route->resource == NULL || route->resource->route == route);
}

static void require_resource(const struct site *site, const struct site_resource *resource)
{
    const struct head head = {.method = METHOD_GET, .authority = resource->host, .path = resource->path};
    const struct site_resource *found = resource_find(site, &head);
    require(span_ends(resource->url, resource->path) && span_starts(resource->path, SPAN("/.well-known/")));
    require(found == NULL || span_eq(found->path, resource->path));
}

static void ask(const struct site *site, struct span host, struct span path)
{
    AUTO(arena) arena = {0};
    struct err err = {.reason = REASON_NONE};
    const struct site_route *near;
    const struct head head = {.method = METHOD_GET, .authority = host, .path = path};
    const struct site_route *route = route_find(site, &head, &arena, &near, &err);
    require((route == NULL) == (err.reason != REASON_NONE));
    require(route == NULL || span_starts(path, route->path));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    AUTO(problems) problems;
    problems_init(&problems);
    struct site *site = site_read("gateway.yaml", span_of(data, size), 1795219200, &problems);
    require((site == NULL) == (problems.errors > 0) && (problems.errors == 0 || problems.first != NULL));
    if (site == NULL)
        return 0;
    require(site->settings.listeners.count > 0 && site_workers(site) >= 1);
    for (size_t i = 0; i < site->route_count; i++)
        require_route(&site->routes[i]);
    for (size_t i = 0; i < site->identity_count; i++)
        require(identity_is_name(site, site->identity_names[i]));
    for (size_t i = 0; i < site->resource_count; i++)
        require_resource(site, &site->resources[i]);
    for (size_t i = 0; i < site->entry_count; i++)
        ask(site, site->entries[i].host, site->entries[i].route->path);
    ask(site, SPAN("a.b.example.com."), SPAN("/a//b/%2fc;d"));
    site_release(site);
    return 0;
}
