/* SPDX-License-Identifier: Apache-2.0 */
/* A client connection, for the files of this folder. */
#ifndef SERVER_CONN_INT_H
#define SERVER_CONN_INT_H

#include "http/h1.h"
#include "server/service.h"
#include "server/transport.h"

#include <event2/event.h>
#include <event2/event_struct.h>

enum { CONN_MAGIC = 0x4c0117ec, PEER_BYTES = 46 };

enum conn_state {
    CONN_IDLE,   /* no byte of a request yet */
    CONN_HEAD,   /* part of a head is there */
    CONN_BODY,   /* a stream is under way, its request not whole */
    CONN_ANSWER, /* a stream is under way, its request whole or given up */
    CONN_FLUSH,  /* the last answer is being sent, then the end */
    CONN_LINGER, /* our side ended; what comes in is dropped, so that a reset does not overtake the answer */
    CONN_CLOSED
};

struct conn {
    uint32_t magic;
    enum conn_state state;
    struct service *service;
    struct list link;
    struct transport transport;
    struct event read_event, write_event;
    bool is_reading, is_writing; /* events added */
    bool wants_close;            /* no further request after this one */
    bool has_end;                /* the client ended its side */
    bool is_broken;              /* a write failed */
    bool is_stepping;            /* conn_feed is on the stack */
    bool is_full;                /* FLOW_FULL was told, drained is owed */
    bool needs_batch;
    bool has_continued; /* 100 Continue was sent or is not needed */
    struct h1 h1;
    struct buf in, out;
    struct stream *stream;
    struct deadline deadline;
    struct task task;
    struct grave grave;
    unsigned char peer_len;
    char peer[PEER_BYTES];
};

/* Closes at once, with the stream's `gone` if there is one; harmless twice. */
void conn_close(struct conn *conn, enum reason why);

/* Ends the connection when it is idle, else after its answer. */
void conn_drain(struct conn *conn);

/* Goes on after a stream has finished. */
void conn_stream_finished(struct conn *conn, struct stream *stream);

/* Looks at what is wanted now and watches the socket for it. */
void conn_watch(struct conn *conn);

/* Writes what it can and keeps the rest; false when the connection is broken. */
bool conn_send(struct conn *conn, struct iovec *pieces, int count);

/* A stream in an arena of its own; NULL when out of memory. */
struct stream *stream_make(struct conn *conn);
/* Frees it at the end of this turn. */
void stream_bury(struct stream *stream);

/* Sends 100 Continue when the client waits for it and the body is wanted. */
void conn_continue(struct conn *conn);

/* Calls `emptied` of a draining service without connections. */
void service_emptied(struct service *service);

#endif
