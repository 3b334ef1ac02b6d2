/* SPDX-License-Identifier: Apache-2.0 */
/* HTTP/2 on a client connection, for the files conn_h2*.c. */
#ifndef SERVER_CONN_H2_INT_H
#define SERVER_CONN_H2_INT_H

#include "conn_int.h"
#include "http/h2.h"

/* A stream with what HTTP/2 keeps for it.  It lives until the handler has finished and nothing of it is left to be sent. */
struct lane {
    struct stream stream; /* the first, so that one is the other */
    struct list link;     /* in conn_h2.lanes */
    struct list touched;  /* in conn_h2.touched: settle() has something to do */
    struct deadline deadline;
    struct pace body_pace, out_pace; /* waiting for the client to send; to open its window */
    int32_t id;
    uint32_t closed_code;
    struct buf in;      /* body that came unasked: window_bytes at most */
    struct buf out;     /* body of the answer that waits for its turn, or for the window */
    bool has_all_in;    /* END_STREAM came */
    bool has_all_out;   /* `out` holds the answer's end */
    bool is_end_sent;   /* END_STREAM went */
    bool is_closed;     /* in both directions, or reset */
    bool is_by_client;  /* the client reset it */
    bool is_unborn;     /* the handler does not know of it yet */
    bool is_finished;   /* the handler is done */
    bool is_full;       /* FLOW_FULL was told, drained is owed */
    bool needs_batch;   /* pieces were handed over, or the end of the request */
    bool has_continued; /* 100 Continue was sent or is not needed */
};

/* What the connection's deadline is about. */
enum h2_timing { H2_AWAITS_HEAD, H2_AWAITS_REQUEST, H2_AWAITS_NOTHING };

struct conn_h2 {
    struct conn *conn;
    struct h2 *codec;
    struct list lanes, touched;
    size_t lane_count;
    size_t held_bytes;    /* in all `in` */
    size_t owed_bytes;    /* of them, what the connection's window was not given back for */
    size_t pending_bytes; /* in all `out` */
    enum h2_timing timing;
    unsigned timed_block; /* with H2_AWAITS_HEAD: which one */
    struct task task;
    struct deadline notice;        /* how long the answer to our PING is waited for */
    bool is_noticed, is_last_told; /* first and second GOAWAY */
    bool is_ending;                /* the connection is over for reasons of the protocol */
};

static inline struct lane *lane_of(const struct stream *stream)
{
    return CONTAINER_OF(stream, lane, stream);
}
static inline int64_t lane_now_ms(const struct lane *lane)
{
    return worker_now(lane->stream.worker)->mono_ms;
}

/* ---- conn_h2.c ---- */

/* Sends at the end of this turn what is to be sent. */
void conn_h2_send_soon(struct conn *conn);

/* ---- conn_h2_lane.c ---- */

/* NULL: out of memory. */
struct lane *lane_make(struct conn *conn, int32_t id);
/* settle() shall look at it. */
void lane_touch(struct lane *lane);
/* Looks whose turn it is, and runs the time of the client's. */
void lane_watch(struct lane *lane);
/* Its head is there; `err` is NULL, or says why it is refused.  The handler is told at once, but of a body of no bytes only when it has
 * ended so.
 */
void lane_begin(struct lane *lane, const struct err *err);
/* Takes a piece of the request's body: hands it over, or keeps it until it is wanted. */
void lane_take(struct lane *lane, struct span piece, bool is_end);
/* Hands over what was kept, as far as it is wanted, then the batch. */
void lane_hand_over(struct lane *lane);
/* The body cannot be used: tells the handler, which answers if it can. */
void lane_break(struct lane *lane, const struct err *err);
/* The client has no use for it any more: tells the handler, which finishes. */
void lane_lose(struct lane *lane, enum reason why);
/* Frees it at the end of this turn. */
void lane_bury(struct lane *lane);
/* Does what is due: end of the lane, bytes that are wanted now, `drained`. */
void lane_settle(struct lane *lane);

extern const struct h2_hooks lane_hooks;

/* ---- conn_h2_answer.c: what stream.h promises ---- */

enum flow lane_answer(struct stream *stream, const struct answer *answer, struct span piece, bool is_last);
enum flow lane_piece(struct stream *stream, struct span piece, bool is_last);
enum flow lane_interim(struct stream *stream, unsigned status, const struct field *fields, size_t count);
void lane_want_body(struct stream *stream, bool wants);
size_t lane_pending(const struct stream *stream);
void lane_finish(struct stream *stream);

#endif
