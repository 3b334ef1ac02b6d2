/* SPDX-License-Identifier: Apache-2.0 */
/* The request that commands without one tell expressions of: by a URL that is given, or by what a route says. */
#ifndef CLI_REQUEST_H
#define CLI_REQUEST_H

#include "policy/explain.h"
#include "proxy/site.h"

/* A GET of `url`, absolute, http or https.  Spans point into it and into memory of the arena.  False with BAD_REQUEST: it is none,
 * or its query is badly encoded; OUT_OF_MEMORY.
 */
bool request_of_url(struct arena *arena, struct span url, struct explain_request *request, struct err *err) MUST_CHECK;

/* A GET by https of the route's first host and its path; a host that stands for several is not known. */
struct explain_request request_of_route(const struct site_route *route);

#endif
