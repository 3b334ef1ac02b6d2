/* SPDX-License-Identifier: Apache-2.0 */
/* Logins under way: begun by the console, waiting for the provider to send the browser back.
 *
 * A table of fixed size on the control thread; when it is full the oldest goes, so that whoever begins logins for fun shuts nobody out
 * for longer than it takes to begin again.
 */
#ifndef ADMIN_LOGINS_H
#define ADMIN_LOGINS_H

#include "base/arena.h"
#include "jose/secret.h"

enum { LOGINS_MAX = 64, LOGINS_AGE_MS = 600000 };

/* What must still be true when the browser comes back. */
struct login_terms {
    struct span provider;       /* its discovery URL */
    struct span issuer;         /* of its document */
    struct span token_endpoint; /* with a NUL behind, as copied */
    struct span client_id;
    struct span redirect_uri;
    bool promises_iss; /* RFC 9207 3 */
    bool posts_secret; /* client_secret_post, else basic */
};

struct login {
    char state[SECRET_TEXT_BYTES];    /* names it towards the provider; RFC 6749 10.12 */
    char browser[SECRET_TEXT_BYTES];  /* the cookie of the browser that began it */
    char nonce[SECRET_TEXT_BYTES];    /* comes back in the ID token */
    char verifier[SECRET_TEXT_BYTES]; /* of PKCE, RFC 7636 4.1 */
    struct login_terms terms;         /* copied */
    int64_t begun_ms;
    struct arena arena;
};

struct logins;

/* An empty table; NULL: no memory. */
struct logins *logins_new(void) MUST_CHECK;
/* Frees it with all that is in it; NULL is let through. */
void logins_free(struct logins *logins);
AUTO_FREE(logins)

/* Begins one; it is valid until the table is used again.  NULL: no memory, or no random bytes. */
const struct login *logins_begin(struct logins *logins, const struct login_terms *terms, int64_t mono_ms,
                                 struct err *err) MUST_CHECK;

/* Takes the login of that state out of the table, once and for all, whatever is found then: the caller frees it.  NULL with BAD_REQUEST:
 * there is none, it is older than LOGINS_AGE_MS, or `browser` is not the one that began it.
 */
struct login *logins_take(struct logins *logins, struct span state, struct span browser, int64_t mono_ms,
                          struct err *err) MUST_CHECK;

/* How many there are. */
size_t logins_count(const struct logins *logins);

/* Wipes and frees one; NULL is let through. */
void login_free(struct login *login);
AUTO_FREE(login)

/* The code challenge of its verifier: S256 (RFC 7636 4.2). */
bool login_challenge(const char *verifier, char out[SECRET_TEXT_BYTES], struct err *err) MUST_CHECK;

#endif
