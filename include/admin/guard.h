/* SPDX-License-Identifier: Apache-2.0 */
/* Who may speak to the admin surface: pure functions of a request's head and of what the configuration says.
 *
 * Against pages in the operator's own browser, which can send requests anywhere: a Host that is known (or a name that the page's owner
 * points here would make it ours), the same Origin, and on POST a content type that no form can send.
 */
#ifndef ADMIN_GUARD_H
#define ADMIN_GUARD_H

#include "http/head.h"
#include "proxy/settings.h"
#include "server/bind_address.h"

/* What a listener of the admin surface is held to. */
struct guard {
    const struct bind_address *address; /* with the port that was taken */
    const struct schema_texts *hosts;   /* admin.hosts */
    struct span token;                  /* admin.token; at NULL: none */
    bool is_unix;                       /* the request came by a unix socket */
    bool is_tls;                        /* the request came by TLS */
};

/* Whether the request's authority names this listener: loopback names and addresses, or the bound address, any address where all are
 * bound, each with the listener's port or none; what admin.hosts has, there without port with any.  On a unix socket everything does.
 */
bool guard_knows_host(const struct guard *guard, struct span authority);

enum guard_verdict {
    GUARD_PASS,
    GUARD_ORIGIN, /* sent by a page of another origin: 403 */
    GUARD_TYPE    /* a POST that is not application/json: 415 */
};

/* Judges Origin and, on POST, Sec-Fetch-Site and Content-Type. */
enum guard_verdict guard_judge(const struct guard *guard, const struct head *head);

enum guard_credential { GUARD_NONE_SHOWN, GUARD_WRONG, GUARD_RIGHT };

/* What `Authorization: Bearer` shows of the token, which there must be; in a time that does not tell how much of it was right. */
enum guard_credential guard_credential(const struct guard *guard, const struct head *head);

#endif
