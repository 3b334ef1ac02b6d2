/* SPDX-License-Identifier: Apache-2.0 */
/* The request that commands without one tell expressions of, by a URL that is given; else a route says what it is like
 * (proxy/route.h).
 */
#ifndef CLI_REQUEST_H
#define CLI_REQUEST_H

#include "policy/explain.h"

/* A GET of `url`, absolute, http or https.  Spans point into it and into memory of the arena.  False with BAD_REQUEST: it is none,
 * or its query is badly encoded; OUT_OF_MEMORY.
 */
bool request_of_url(struct arena *arena, struct span url, struct explain_request *request, struct err *err) MUST_CHECK;

#endif
