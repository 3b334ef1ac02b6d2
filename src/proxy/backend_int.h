/* SPDX-License-Identifier: Apache-2.0 */
/* Backend connections and their pools, for the files of this folder. */
#ifndef PROXY_BACKEND_INT_H
#define PROXY_BACKEND_INT_H

#include "http/h1.h"
#include "proxy/backend.h"
#include "proxy/pool.h"

#include <event2/event.h>
#include <event2/event_struct.h>

enum {
    BACKEND_MAGIC = 0x2bac4e2d,
    INTERIMS_MAX = 16,
    STAGGER_MS = 250 /* RFC 8305 5: how long an attempt is alone before the next address is tried beside it */
};

enum backend_state {
    BACKEND_CONNECTING,
    BACKEND_SHAKING, /* TLS handshake */
    BACKEND_IDLE,    /* in the pool */
    BACKEND_LEASED,
    BACKEND_CLOSED
};

struct pool {
    struct worker *worker;
    struct site *site;
    const struct site_backend *backend;
    const struct site_server *server;
    struct pool_options options;
    struct list idle; /* most recently used first */
    size_t idle_count, busy_count;
    struct snapshot *where;      /* the server's addresses */
    struct addresses *addresses; /* of them those seen last; NULL: never resolved */
    uint64_t addresses_number;
    size_t turn;                /* of the address that is tried first */
    int family;                 /* that connected last: preferred */
    struct tls_session session; /* the newest, for all its connections */
    bool is_retired;
    struct h1_limits limits;
    size_t high_bytes; /* half of limits.body_buffer: what stops a source, and one read at most */
    struct deadline_class connect_class, stagger_class, response_class, idle_class;
    struct grave grave;
};

struct backend {
    uint32_t magic;
    enum backend_state state;
    struct pool *pool;
    struct list link; /* in the pool's idle list */
    const struct backend_user *vtable;
    void *user;
    struct arena *arena; /* the user's, for the answer's head */
    struct transport transport;
    struct event read_event, write_event;
    bool is_reading, is_writing;
    bool is_read_blocked;      /* TLS has to write before it reads on */
    bool is_reused, has_bytes; /* some byte of the answer came */
    bool is_request_done, to_head, is_paused, has_head, wants_close;
    bool had_full;
    bool is_deaf;            /* writing failed; what the server said before that is still read */
    bool wants_switch;       /* the request asks for another protocol: a 101 is an answer to it */
    bool is_raw;             /* switched: bytes both ways */
    bool has_end, is_ending; /* of a raw one: the server ended its side; ours ends when all is sent */
    unsigned interims;
    struct connecting *connecting; /* the attempts, until one succeeds */
    struct address address;        /* connected to */
    uint64_t addresses_number;     /* of the pool's, when the address was one of them */
    struct h1 h1;
    struct buf in, out;
    struct deadline deadline;
    struct task task;
    struct grave grave;
};

/* ---- the pool, for its connections ---- */

/* A connection in use came to be, or is no more. */
void pool_count_busy(struct pool *pool, int amount);
/* The server's addresses as they are now known; idle connections to those that left are closed. */
void pool_look(struct pool *pool);
/* Connecting succeeded or failed. */
void pool_count_connect(struct pool *pool, bool is_ok);
/* Counts one in a series of the pool's options. */
void pool_count(struct pool *pool, struct metric_series *series);
/* Takes in a connection in use whose answer is whole; false when it has no place for it. */
bool pool_keep(struct pool *pool, struct backend *backend);
/* A connection, idle or in use, is gone. */
void pool_forget(struct pool *pool, struct backend *backend);

/* ---- a connection, for the pool ---- */

/* Begins to connect; NULL with BACKEND_UNREACHABLE. */
struct backend *backend_open(struct pool *pool, struct err *err);
/* The one way to end a connection; the user is not told. */
void backend_close(struct backend *backend);

/* ---- between connecting and what comes after ---- */

/* What the socket says during the handshake; or the deadline of a connection being made. */
void backend_shake_hands(struct backend *backend);
void backend_connect_over(struct backend *backend);
/* Ends the attempts, if some are under way. */
void backend_connect_cancel(struct backend *backend);
/* Readies a zeroed one; gives one that is being made another socket. */
void backend_init(struct backend *backend, struct pool *pool);
void backend_set_socket(struct backend *backend, int fd);
void backend_watch_read(struct backend *backend, bool wants);
void backend_watch_write(struct backend *backend, bool wants);
/* Tells the user, if there is one, and closes: not for a server that just went away, since that may be stale. */
void backend_fail(struct backend *backend, const struct err *err);

#endif
