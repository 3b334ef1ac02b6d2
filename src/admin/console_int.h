/* SPDX-License-Identifier: Apache-2.0 */
/* What the token console keeps on the control thread between requests, and requests whose answer waits for others. */
#ifndef ADMIN_CONSOLE_INT_H
#define ADMIN_CONSOLE_INT_H

#include "admin/logins.h"
#include "admin/tickets.h"
#include "admin_int.h"
#include "base/list.h"
#include "oidc/call.h"
#include "server/worker.h"

enum { CONSOLE_MAGIC = 0x636f6e73, ERRAND_MAGIC = 0x65727261, ERRANDS_MAX = 32 };

struct console {
    uint32_t magic;
    struct worker *worker; /* of the control thread */
    struct fetcher *fetcher;
    struct logins *logins;
    struct tickets tickets;
    struct deadline_class sweep_class;
    struct deadline sweep; /* wipes tickets that nobody came for */
    struct list errands;   /* under way */
    size_t errand_count;
};

/* The surface's, made at its first use; NULL, and the reply refuses: no memory. */
struct console *console_of(const struct admin_call *call, struct reply *reply);

/* A request that waits for somebody else's answer.  In memory of its request, as all that belongs to it should be. */
struct errand {
    uint32_t magic;
    struct list link;
    struct console *console;
    struct admin_call call; /* with a request and a site of its own */
    struct request request;
    struct later *later;
    struct fetch *fetch;            /* NULL: none is under way */
    void *context;                  /* of whoever began it */
    void (*dropped)(void *context); /* may be NULL: called where nobody waits any more, before the memory goes */
};

/* Begins one, postponing the answer.  NULL, and the reply refuses: too many are under way, or no memory. */
struct errand *errand_begin(const struct admin_call *call, struct reply *reply);
/* Gives the answer, and ends the errand: neither it nor its request is to be touched again. */
void errand_answer(struct errand *errand, struct reply *reply);
/* The same with {"error":text}. */
void errand_refuse(struct errand *errand, unsigned status, const char *format, ...) PRINTF_LIKE(3, 4);

/* How that provider is reached, for documents and calls; borrows from the errand's site. */
struct fetch_options errand_fetch_options(const struct errand *errand, struct span provider, const char *url);

/* The providers that somebody may be signed in at, each once: discovery URLs in memory of the arena.  The configured one alone, else all
 * that routes name.  NULL: no memory.
 */
const struct span *console_providers(const struct site *site, struct arena *arena, size_t *count);

#endif
