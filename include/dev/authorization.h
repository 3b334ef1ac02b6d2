/* SPDX-License-Identifier: Apache-2.0 */
/* An authorization request of a client that wants a code (RFC 6749 4.1.1, RFC 7636 4.3, OpenID Connect Core 3.1.2.1), read from a
 * query or a form; and whether it may be answered by a redirect.
 */
#ifndef DEV_AUTHORIZATION_H
#define DEV_AUTHORIZATION_H

#include "dev/provider.h"

/* What was sent, decoded; at NULL: not sent.  All is printable ASCII. */
struct authorization {
    struct span response_type, response_mode, client_id, redirect_uri, scope, state, nonce;
    struct span code_challenge, code_challenge_method, prompt, login_hint, request, request_uri;
    struct span username, password, cancel; /* of the sign-in page's own form */
    const struct provider_client *client;   /* the one of client_id */
};

/* Why it gets no code. */
struct authorization_fault {
    const char *error;       /* RFC 6749 4.1.2.1; NULL: nothing is wrong */
    const char *description; /* for whoever made the client */
    bool is_for_client;      /* may go to redirect_uri; else only the user is told: who sent this is not known */
};

/* Reads `form` (query with or without `?`, or body; `+` is a blank) into memory of the arena, and judges it.  Client and
 * redirect_uri are looked at before all else, since a redirect to anywhere would hand out codes (RFC 6749 10.15).
 */
struct authorization_fault authorization_read(struct authorization *authorization, struct arena *arena,
                                              struct span form);

/* Whether the blank-separated `words` hold `wanted`. */
bool authorization_holds(struct span words, const char *wanted);

/* Whether codes may go there: http, a loopback host, any port, the path /callback, no more (RFC 8252 7.3). */
bool authorization_is_redirect(struct span url);

/* scheme://host[:port] of such a URL. */
struct span authorization_origin(struct span redirect_uri);

/* Whether S256 of `verifier` is `challenge`; a verifier that RFC 7636 4.1 does not allow never is. */
bool authorization_is_verifier(struct span verifier, struct span challenge);

/* The value of a parameter of a form, in memory of the arena; `value` stays as it is when there is none.  Returns NULL, or what
 * is wrong with the form.
 */
const char *authorization_parameter(struct arena *arena, struct span form, const char *name, struct span *value);

#endif
