/* SPDX-License-Identifier: Apache-2.0 */
/* Proxies before the gateway (`trusted_proxies`): whose word on where a request comes from is taken.
 *
 * Anybody can write X-Forwarded-For.  It is read only where the peer of the connection is on the list, from its right end on, and
 * only as far as the addresses there are on the list too: what stands further left was written by nobody who is trusted.
 */
#ifndef PROXY_TRUSTED_H
#define PROXY_TRUSTED_H

#include "http/head.h"
#include "policy/plan.h"
#include "proxy/settings.h"

enum { TRUSTED_HOPS_MAX = 32 }; /* addresses of trusted proxies in one X-Forwarded-For */

struct trusted {
    const struct plan_range *ranges;
    size_t count;
    bool takes_unix; /* peers on unix sockets */
};

/* Reads addresses, networks (10.0.0.0/8) and `unix:`.  False after problems, or without memory. */
bool trusted_read(struct trusted *trusted, const struct schema_texts *texts, struct arena *arena,
                  struct problems *problems) MUST_CHECK;

/* Whether somebody is on the list at all. */
static inline bool trusted_is_empty(const struct trusted *trusted)
{
    return trusted->count == 0 && !trusted->takes_unix;
}

/* Whether the address is on the list; an empty one never is. */
bool trusted_has(const struct trusted *trusted, struct span address);
/* The same of the peer of a connection: one on a unix socket has no address, but not all that have none are on one. */
static inline bool trusted_has_peer(const struct trusted *trusted, struct span address, bool is_unix)
{
    return is_unix ? trusted->takes_unix : trusted_has(trusted, address);
}

/* The client's address by the X-Forwarded-For of a trusted `peer`: the rightmost one that is not on the list, the leftmost where
 * all are; `peer` where there is none, then `*is_told` is false.  "unknown" where something else than an address stands there, or
 * more than TRUSTED_HOPS_MAX trusted ones: no list of addresses holds that.  Points into `head` and `peer`.
 */
struct span trusted_client(const struct trusted *trusted, const struct head *head, struct span peer, bool *is_told);

/* The scheme that X-Forwarded-Proto tells; false where it is not there once, or is neither http nor https. */
bool trusted_scheme(const struct head *head, bool *is_https);

/* The value of the one field of that id where a trusted peer's may go on: X-Forwarded-Host and -Port.  At NULL: there is none, or
 * it is malformed.
 */
struct span trusted_value(const struct head *head, enum field_id id);

/* Whether Forwarded is a list that another element can be put behind (RFC 7239 4): all texts in it end. */
bool trusted_is_forwarded(struct span value);

#endif
