/* SPDX-License-Identifier: Apache-2.0 */
/* The messages of signing in by authorization code with PKCE (RFC 6749 4.1, RFC 7636, OpenID Connect Core 1.0 3.1): written and read, pure.
 *
 * Who sends them, and what becomes of the tokens, is login.c's and callback.c's matter.
 */
#ifndef ADMIN_SIGN_IN_H
#define ADMIN_SIGN_IN_H

#include "admin/logins.h"
#include "base/buf.h"
#include "proxy/settings.h"

/* Appends `text` as application/x-www-form-urlencoded has it: all but letters, digits and `-._~` encoded. */
void sign_in_put_form(struct buf *out, struct span text);

/* The address that the browser is sent to: the endpoint with our parameters behind those that it has.  False: no memory. */
bool sign_in_put_location(struct buf *out, struct span endpoint, const struct login *login,
                          const struct console_settings *settings, struct err *err) MUST_CHECK;

/* What the browser came back with.  Texts at NULL: not there. */
struct sign_in_return {
    struct span code, state, iss, error, error_description;
};

/* Reads the query (with its `?`; at NULL: none) into memory of the arena.  False with BAD_REQUEST: it is badly encoded, names one of
 * these twice (RFC 6749 3.1), or has neither a state, nor one of code and error; OUT_OF_MEMORY.
 */
bool sign_in_read_return(struct sign_in_return *found, struct arena *arena, struct span query,
                         struct err *err) MUST_CHECK;

/* Whether the answer may be of the issuer that was asked (RFC 9207 2.4): it names it, or names none where none is promised. */
bool sign_in_iss_check(const struct login_terms *terms, struct span iss, struct err *err) MUST_CHECK;

/* The form that exchanges the code; the secret is in it only where terms->posts_secret.  False: no memory. */
bool sign_in_put_exchange(struct buf *out, const struct login *login, struct span code, struct span secret,
                          struct err *err) MUST_CHECK;
/* `Basic ...` of client and secret, each encoded as a form has them (RFC 6749 2.3.1).  False: no memory. */
bool sign_in_put_basic(struct buf *out, struct span client_id, struct span secret, struct err *err) MUST_CHECK;

/* What the token endpoint gave.  A refresh token is not even read. */
struct sign_in_tokens {
    struct span access_token;
    struct span id_token, scope; /* at NULL: none */
    int64_t expires_in_s;        /* -1: not stated */
};

/* Reads the answer into memory of the arena.  False with FETCH_FAILED: the provider refuses (its `error` and description are in the
 * text), or what it says is no token response (RFC 6749 5.1); OUT_OF_MEMORY.
 */
bool sign_in_read_tokens(struct sign_in_tokens *tokens, struct arena *arena, unsigned status, struct span body,
                         struct err *err) MUST_CHECK;

#endif
