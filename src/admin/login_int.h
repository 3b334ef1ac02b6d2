/* SPDX-License-Identifier: Apache-2.0 */
/* What the two halves of a sign-in share. */
#ifndef ADMIN_LOGIN_INT_H
#define ADMIN_LOGIN_INT_H

#include "admin/sign_in.h"
#include "proxy/gateway.h"

/* Names the browser that began a login.  Not __Host-: such a cookie would go to every path (RFC 6265bis 4.1.3.2). */
#define LOGIN_COOKIE "jwtgate_login"

/* Whether somebody may be signed in there, as the site is configured. */
bool login_is_provider(const struct site *site, struct arena *arena, struct span url);

/* What an ID token was found to be. */
struct id_token_found {
    struct span sub;  /* at NULL: it names none */
    const char *note; /* what could not be checked of it; NULL: it was checked whole */
};

/* Judges the ID token of a login (OpenID Connect Core 1.0 3.1.3.7): signed by a key of its provider, for this client, by this issuer, in
 * time, with the login's nonce.  Where the gateway has no keys of that provider, or not this one, its signature is not checked, which
 * is noted: it came from the token endpoint itself (3.1.3.7, item 6).  Memory from `arena`.  False with JWT_INVALID and the like.
 */
bool id_token_judge(const struct site *site, const struct login *login, struct span id_token, struct arena *arena,
                    struct id_token_found *found, struct err *err) MUST_CHECK;

#endif
