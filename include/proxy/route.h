/* SPDX-License-Identifier: Apache-2.0 */
/* Which route a request takes: most specific host, then longest path; that choice is final. */
#ifndef PROXY_ROUTE_H
#define PROXY_ROUTE_H

#include "http/head.h"
#include "policy/explain.h"
#include "proxy/site.h"

/* The route for host (without port and final dot) and raw path, and of routes with equal host and path that for the method; NULL with NO_ROUTE,
 * METHOD_NOT_ALLOWED (then `*near` is a route that matches but for its method), or BAD_REQUEST when the raw and the lax path
 * would choose differently.  `arena` is scratch.
 */
const struct site_route *route_find(const struct site *site, const struct head *head, struct arena *arena,
                                    const struct site_route **near, struct err *err);

/* What a 405 names: the methods, as bits 1 << enum method, of all routes of the host and path that a request without a route for
 * its method chose; 0 where there is none.
 */
unsigned route_methods(const struct site *site, const struct head *head);

/* The host that is looked for: without port, and without the dot of `api.example.com.`, the same name written from the root
 * (RFC 1034 3.1).
 */
struct span route_host(struct span authority);

/* The request that who judges without one tells expressions of: a GET by https of the route's first host and its path; a host that
 * stands for several is not known.
 */
struct explain_request route_explain_request(const struct site_route *route);

/* Puts entries into the order that route_find relies on. */
void route_sort(struct site_entry *entries, size_t count);

/* Whether two routes match the same hosts, paths and some same method: the second could never be chosen. */
bool route_is_same(const struct site_route *a, const struct site_route *b);

#endif
