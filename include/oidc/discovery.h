/* SPDX-License-Identifier: Apache-2.0 */
/* The discovery document (OpenID Connect Discovery 1.0 4.2): only `issuer` and `jwks_uri` are needed of it. */
#ifndef OIDC_DISCOVERY_H
#define OIDC_DISCOVERY_H

#include "base/arena.h"
#include "base/err.h"
#include "base/span.h"

struct discovery {
    struct span issuer;   /* not compared with the URL: Entra and AD FS differ */
    struct span jwks_uri; /* absolute; https, loopback http, or any http where allow_http */
};

/* Reads a document; texts are copied into `arena`, jwks_uri with a NUL behind it.  Reason DOCUMENT_INVALID. */
bool discovery_read(struct discovery *discovery, struct arena *arena, struct span text, bool allow_http, struct err *err)
    MUST_CHECK;

/* The URL to fetch for what a policy names: a discovery URL as it is (query kept); to an authority, with or without a slash at
 * its end, `/.well-known/openid-configuration` is added before any query.  NULL when out of memory; with a NUL behind it.
 */
char *discovery_url(struct arena *arena, struct span configured) MUST_CHECK;

#endif
