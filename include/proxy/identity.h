/* SPDX-License-Identifier: Apache-2.0 */
/* Identity headers: what of a judged token backends are told in header fields (`claims_to_headers`).
 *
 * Backends believe these headers, so nobody else may send them: their names are taken out of every request on every route, in
 * every spelling, and only a token that truly passed sets them.
 */
#ifndef PROXY_IDENTITY_H
#define PROXY_IDENTITY_H

#include "jose/claims.h"
#include "proxy/site.h"

/* Whether `name` is an identity header of any route of the site, to some reader, see field_is_spelled. */
bool identity_is_name(const struct site *site, struct span name);

/* The values for a route's identity headers, in their order; at NULL where the claim is absent, null or an empty list.  A list is
 * joined by commas.  Percent-encoded are bytes that are not printable ASCII, commas within items, blanks at both ends of an item,
 * and a `%` that would otherwise read as an encoding; so decoding gives back the very text.
 *
 * NULL: a claim holds control bytes, then `*bad` is its header; or out of memory, then `*bad` is NULL.  Memory from `arena`,
 * nothing points into the claims.
 */
const struct span *identity_values(const struct site_route *route, const struct claims *claims, struct arena *arena,
                                   const struct identity_header **bad) MUST_CHECK;

#endif
