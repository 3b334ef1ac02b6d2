/* SPDX-License-Identifier: Apache-2.0 */
/* The discovery document (OpenID Connect Discovery 1.0 4.2): `issuer` and `jwks_uri` are what judging needs of it; who signs people in
 * needs the endpoints too.
 */
#ifndef OIDC_DISCOVERY_H
#define OIDC_DISCOVERY_H

#include "base/arena.h"
#include "base/err.h"
#include "base/span.h"

enum { DISCOVERY_URL_BYTES_MAX = 2048, DISCOVERY_DEPTH_MAX = 32 /* of a provider's documents */ };

struct discovery {
    struct span issuer;   /* not compared with the URL: Entra and AD FS differ */
    struct span jwks_uri; /* absolute; https, loopback http, or any http where allow_http */
};

/* Reads a document; texts are copied into `arena`, jwks_uri with a NUL behind it.  Reason DOCUMENT_INVALID. */
bool discovery_read(struct discovery *discovery, struct arena *arena, struct span text, bool allow_http,
                    struct err *err) MUST_CHECK;

/* What a client that signs people in must know (RFC 8414 2).  Texts as in struct discovery. */
struct discovery_sign_in {
    struct span issuer;
    struct span authorization_endpoint; /* URLs as jwks_uri is; a query is kept */
    struct span token_endpoint;
    bool promises_iss;       /* answers name their issuer (RFC 9207 3) */
    bool takes_basic;        /* client_secret_basic, which is the default where the document names no method */
    bool takes_post;         /* client_secret_post */
    bool refuses_challenges; /* it names methods of PKCE, and S256 is not among them */
};

/* Reads a document for signing in; each endpoint may be fetched as discovery_url_check() says.  Reason DOCUMENT_INVALID. */
bool discovery_read_sign_in(struct discovery_sign_in *found, struct arena *arena, struct span text, bool allow_http,
                            struct err *err) MUST_CHECK;

/* The URL to fetch for what a policy names: a discovery URL as it is (query kept); to an authority, with or without a slash at
 * its end, `/.well-known/openid-configuration` is added before any query.  A discovery URL is one whose path has a segment
 * `.well-known` or ends in `openid-configuration` or `.json`.  NULL when out of memory; with a NUL behind it.
 */
char *discovery_url(struct arena *arena, struct span configured) MUST_CHECK;

/* The authority that a discovery URL belongs to, which is its provider's issuer where the standard is followed (OpenID Connect
 * Discovery 1.0 4.1): without query and without the well-known path.  Part of `url`.
 */
struct span discovery_authority(struct span url);

/* Whether keys may be fetched from `url`: absolute, printable ASCII, with a host, without user name or fragment, and https;
 * http where the host is loopback (`localhost`, 127.0.0.0/8, `[::1]`, as written: no name is resolved) or allow_http is set.
 * Reason DOCUMENT_INVALID.
 */
bool discovery_url_check(struct span url, bool allow_http, struct err *err) MUST_CHECK;

/* Whether `proxy` is http://HOST:PORT, and `url`, a checked one, may be fetched through it: plain http to loopback is not sent off
 * to a proxy elsewhere unless allow_http is set.  The text shows nothing of `proxy`.  Reason DOCUMENT_INVALID.
 */
bool discovery_proxy_check(struct span url, struct span proxy, bool allow_http, struct err *err) MUST_CHECK;

/* The checks a provider may be configured for; both assume checked URLs.  Reason DOCUMENT_INVALID.
 *
 * The document's issuer equals the authority that `url`, the discovery URL, belongs to (OpenID Connect Discovery 1.0 4.3).
 */
bool discovery_issuer_check(const struct discovery *discovery, struct span url, struct err *err) MUST_CHECK;
/* jwks_uri, the one endpoint of the document that judging uses, has the scheme, host and port of `url`; 443 and 80 need not be
 * written.
 */
bool discovery_hosts_check(const struct discovery *discovery, struct span url, struct err *err) MUST_CHECK;
/* Both for who signs in: the issuer as above, and the host of either endpoint. */
bool discovery_sign_in_issuer_check(const struct discovery_sign_in *found, struct span url, struct err *err) MUST_CHECK;
/* The hosts of both endpoints, as jwks_uri's above. */
bool discovery_sign_in_hosts_check(const struct discovery_sign_in *found, struct span url, struct err *err) MUST_CHECK;

#endif
