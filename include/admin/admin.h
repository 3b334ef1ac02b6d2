/* SPDX-License-Identifier: Apache-2.0 */
/* What the admin listener answers: a table of paths, each with its methods, whom it is for, and the function that answers.
 *
 * All of it runs on the control thread, so nothing may block: what asks others is answered later (server/responder.h).  A listener is
 * a door: the whole surface, or probes alone.  Knows nothing of the command line: what only a whole process can do are hooks.
 */
#ifndef ADMIN_ADMIN_H
#define ADMIN_ADMIN_H

#include "proxy/gateway.h"
#include "server/bind_address.h"
#include "server/responder.h"

struct admin;
struct console;
struct tls_server;

/* Whom a path is for. */
enum admin_access {
    ADMIN_OPEN,     /* anybody who may speak to the listener: pages of a browser, which has no credentials yet */
    ADMIN_PROBE,    /* as PROTECTED; anybody on the listener for probes */
    ADMIN_PROTECTED /* who shows the credentials that the configuration asks for */
};

/* A request that may be answered. */
struct admin_call {
    struct admin *admin;
    const struct request *request; /* a copy lasts as long as server/responder.h says */
    struct site *site;             /* as it is now; held for the time of the call, site_take for longer */
    bool is_trusted; /* the credentials were shown, or none are asked for: always true but for ADMIN_OPEN */
};

struct admin_row {
    const char *path; /* exact; one that ends in `/` and is longer stands for all below it */
    unsigned methods; /* bits 1 << enum method; HEAD comes with GET */
    enum admin_access access;
    /* Fills the reply, or postpones it. */
    void (*answer)(const struct admin_call *call, struct reply *reply);
};

/* A listener as it is open now. */
struct admin_listener {
    const char *name;                             /* admin, health; NULL: it is for clients */
    struct bind_address address;                  /* with the port that was taken */
    const struct listener_settings *tls_settings; /* of site_tls_settings, borrowed for the call */
    const struct tls_server *tls;                 /* that new connections get, borrowed for the call; NULL: plain */
    bool has_proxy_header;                        /* connections begin with a PROXY protocol header */
};

/* What became of a reload. */
enum admin_reload_end {
    ADMIN_RELOADED,
    ADMIN_RELOAD_REFUSED, /* nothing changed */
    ADMIN_RELOAD_DRAINING /* nor was anything looked at */
};
struct admin_reload {
    struct problems problems; /* of the configuration; its owner's to problems_init and free */
    struct err err;           /* what the system refused; reason NONE: nothing */
    struct buf changes;       /* as a JSON list of texts */
};

/* Reloads so far. */
struct admin_reloads {
    uint64_t ok, failed;
    int64_t last_s; /* wall time; 0: none */
    bool is_last_ok;
};

/* What a whole process can do. */
struct admin_hooks {
    void *context;
    /* The listener of that index, those for clients first; false past the last. */
    bool (*listener)(void *context, size_t index, struct admin_listener *listener);
    /* Reads the configuration again.  Takes up what it says before it returns. */
    enum admin_reload_end (*reload)(void *context, struct admin_reload *reload);
};

/* A listener of the admin surface: the context of its responder. */
struct admin_door {
    struct admin *admin;
    bool is_for_probes; /* only paths of ADMIN_PROBE, and no credentials */
    struct bind_address address;
    struct responder responder; /* what service_init is given, with responder_handler */
};

struct admin {
    struct gateway *gateway;
    struct admin_hooks hooks;
    bool is_draining;        /* readiness fails from then on */
    struct console *console; /* what the token console keeps; NULL: nothing yet */
    struct admin_door main, health;
    int64_t started_s, started_mono_ms;
    struct admin_reloads reloads;
    struct refusals *wrong; /* tokens of each client address; NULL: no memory, guesses are not slowed */
    int64_t told_ms;        /* when a refusal was logged last */
};

enum { ADMIN_BODY_BYTES_MAX = 262144 };

/* Readies both doors, without addresses; `gateway` and what the hooks lead to outlive it. */
void admin_init(struct admin *admin, struct gateway *gateway, const struct admin_hooks *hooks);
/* Services of its doors must have ended. */
void admin_fini(struct admin *admin);

/* The row that answers a path for that method: NULL where there is none, `*methods` then being those that the path has, 0: no such
 * path.  A path that has rows of its own is none of the folder whose row stands behind them.
 */
const struct admin_row *admin_find(const struct admin_row *rows, size_t count, struct span path, enum method method,
                                   unsigned *methods);

/* The fields that every answer of the surface has: what an answer function is handed has them, a reply made for later_answer has not. */
void admin_dress(struct reply *reply);
/* Those and what JSON, which nobody may store, has. */
void admin_say_json(struct reply *reply);

/* Makes the reply {"error":text} with that status; what it said before is dropped. */
void admin_refuse(struct reply *reply, unsigned status, const char *format, ...) PRINTF_LIKE(3, 4);

#endif
