/* SPDX-License-Identifier: Apache-2.0 */
/* Protected resource metadata (RFC 9728): served where its identifier says, and named in challenges. */
#ifndef PROXY_RESOURCE_H
#define PROXY_RESOURCE_H

#include "http/head.h"
#include "proxy/site.h"

/* The resource whose metadata the request asks for: of equal path that of the same host and port, else one whose route is for any
 * host; NULL: none, and the request is routed like any other.
 */
const struct site_resource *resource_find(const struct site *site, const struct head *head);

#endif
