/* SPDX-License-Identifier: Apache-2.0 */
/* A client connection, for the files of this folder.
 *
 * conn.c has what all connections have in common: socket, pending output, deadlines, the end.  conn_open.c brings a new one to the
 * first byte of its protocol.  What then happens to the bytes is the affair of a protocol: conn_h1.c.
 */
#ifndef SERVER_CONN_INT_H
#define SERVER_CONN_INT_H

#include "http/h1.h"
#include "pace.h"
#include "server/service.h"
#include "server/transport.h"

#include <event2/event.h>
#include <event2/event_struct.h>

enum { CONN_MAGIC = 0x4c0117ec, PEER_BYTES = 46 };

enum conn_state {
    CONN_OPENING, /* before the first byte of a protocol */
    CONN_IDLE,    /* no byte of a request yet */
    CONN_HEAD,    /* part of a head is there */
    CONN_BODY,    /* a stream is under way, its request not whole */
    CONN_ANSWER,  /* a stream is under way, its request whole or given up */
    CONN_TUNNEL,  /* the stream is raw bytes, both ways */
    CONN_FLUSH,   /* the last answer is being sent, then the end */
    CONN_LINGER,  /* our side ended; what comes in is dropped, so that a reset does not overtake the answer */
    CONN_CLOSED
};

struct conn;

/* What a protocol does.  None of it is called in the states OPENING, FLUSH, LINGER and CLOSED but `gone` and `fini`. */
struct conn_protocol {
    /* Whether more shall be read now; how many bytes at most with one read. */
    bool (*wants_input)(const struct conn *conn);
    size_t (*read_bytes_max)(const struct conn *conn);
    /* All bytes that wait.  is_scratch: they lie in the worker's scratch, else in conn->in; what stays is kept by conn_keep. */
    void (*bytes)(struct conn *conn, struct span bytes, bool is_scratch);
    /* The client ended its side. */
    void (*ended)(struct conn *conn);
    /* conn->deadline is over. */
    void (*expired)(struct conn *conn);
    /* Pending output went, all of it or some. */
    void (*flushed)(struct conn *conn);
    /* Is to end when it is idle, else after what is under way. */
    void (*drain)(struct conn *conn);
    /* The connection is closed: tells the streams. */
    void (*gone)(struct conn *conn, enum reason why);
    /* Frees what the protocol holds, at the end of the turn; NULL: nothing. */
    void (*fini)(struct conn *conn);
    /* What stream.h promises. */
    enum flow (*answer)(struct stream *stream, const struct answer *answer, struct span piece, bool is_last);
    enum flow (*piece)(struct stream *stream, struct span piece, bool is_last);
    enum flow (*upgrade)(struct stream *stream, const struct field *fields, size_t count); /* NULL: never asked for */
    enum flow (*interim)(struct stream *stream, unsigned status, const struct field *fields, size_t count);
    void (*want_body)(struct stream *stream, bool wants);
    size_t (*pending)(const struct stream *stream);
    void (*finish)(struct stream *stream);
};

extern const struct conn_protocol conn_h1_protocol;

struct conn {
    uint32_t magic;
    enum conn_state state;
    const struct conn_protocol *protocol; /* NULL while opening */
    struct opening *opening;              /* NULL: open */
    struct service *service;
    struct list link;
    struct transport transport;
    struct event read_event, write_event;
    bool is_reading, is_writing; /* events added */
    bool wants_close;            /* no further request after this one */
    bool has_end;                /* the client ended its side */
    bool is_broken;              /* a write failed */
    bool owes_end;               /* of a tunnel: our side is to end when the socket is writable */
    bool is_read_blocked;        /* TLS has to write before it reads on */
    struct buf in, out;
    struct deadline deadline;
    struct deadline out_deadline; /* runs while output is pending */
    struct pace out_pace;         /* since output is pending */
    struct grave grave;
    struct client_certificate *certificate; /* NULL: it showed none */
    struct client *client;                  /* where the connection counts for its address; NULL: it does not */
    bool is_unix;                           /* the peer is on a unix socket, and no PROXY header speaks of another */
    unsigned char peer_len;
    char peer[PEER_BYTES];
    /* HTTP/1 */
    bool is_stepping; /* feed is on the stack */
    bool is_full;     /* FLOW_FULL was told, drained is owed */
    bool needs_batch;
    bool has_continued; /* 100 Continue was sent or is not needed */
    struct pace body_pace;
    struct h1 h1;
    struct stream *stream;
    struct task task;
    struct conn_h2 *h2; /* HTTP/2; NULL: it is not */
};

/* ---- for all ---- */

static inline struct worker *conn_worker(const struct conn *conn)
{
    return conn->service->worker;
}

/* Closes at once, with the streams' `gone`; harmless twice. */
void conn_close(struct conn *conn, enum reason why);
/* Closes by a reset: what was sent must not look complete. */
void conn_abort(struct conn *conn);
/* Sends what is pending, then ends our side, waits a little for the client's and closes. */
void conn_end(struct conn *conn);
/* Ends our side; what the client sends still comes in. */
void conn_end_writing(struct conn *conn);
/* Ends the connection when it is idle, else after what is under way. */
void conn_drain(struct conn *conn);
/* Looks at what is wanted now and watches the socket for it. */
void conn_watch(struct conn *conn);
/* One read: into the worker's scratch, or behind what waits already. */
void conn_read(struct conn *conn, bool is_scratch);
/* Writes what it can and keeps the rest; false when the connection is broken. */
bool conn_send(struct conn *conn, struct iovec *pieces, int count);
/* Keeps what of `bytes` could not be handled yet: `rest`, its end.  False: no memory. */
bool conn_keep(struct conn *conn, struct span rest, bool is_scratch) MUST_CHECK;
/* Starts conn->deadline anew. */
void conn_start_deadline(struct conn *conn, struct deadline_class *class);
/* How slow a client may be. */
struct pace_limits conn_pace_limits(const struct conn *conn);
/* Counts one more; NULL: nowhere. */
void conn_count(const struct conn *conn, struct metric_series *series);

/* ---- opening ---- */

/* What is kept while a connection opens. */
struct opening;
/* Begins a connection: where the entrance asks for nothing first, the protocol has it at once.  False: no memory. */
bool conn_open_begin(struct conn *conn, const struct entrance *entrance) MUST_CHECK;
/* Goes on with opening when the socket is ready. */
void conn_open(struct conn *conn);
/* Opening took too long. */
void conn_open_expired(struct conn *conn);
/* What opening waits for. */
bool conn_open_wants_input(const struct conn *conn);
bool conn_open_wants_output(const struct conn *conn);
/* Frees what was kept; NULL is let through. */
void conn_open_free(struct conn *conn);
/* Begins HTTP/1. */
void conn_h1_start(struct conn *conn);
/* Begins HTTP/2.  False: no memory. */
bool conn_h2_start(struct conn *conn) MUST_CHECK;
/* Begins the one or the other, by the first bytes. */
void conn_preface_start(struct conn *conn);

/* ---- the client ---- */

/* Who is at the other end; a unix socket has no address. */
struct sockaddr;
void conn_set_peer(struct conn *conn, const struct sockaddr *peer);
/* Counts the connection for its client's address, where that is limited; false: there are too many. */
bool conn_admit(struct conn *conn) MUST_CHECK;
/* Counts it no longer; harmless twice. */
void conn_leave(struct conn *conn);
/* Reads the PROXY header, and admits the client that it names.  Not a byte more is read: TLS takes its own from the socket. */
enum io conn_proxy_read(struct conn *conn);
/* Tells and counts that there was no right one. */
void conn_proxy_refuse(struct conn *conn, const char *why);

/* ---- streams ---- */

/* A stream in an arena of its own; NULL when out of memory. */
struct stream *stream_make(struct conn *conn);
/* The same as the first member of something larger. */
struct stream *stream_make_sized(struct conn *conn, size_t bytes);
/* Frees it at the end of this turn. */
void stream_bury(struct stream *stream);
/* Now, as the Date field has it. */
struct span stream_date(struct service *service);

/* Calls `emptied` of a draining service without connections. */
void service_emptied(struct service *service);

#endif
