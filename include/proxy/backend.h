/* SPDX-License-Identifier: Apache-2.0 */
/* A connection to a backend's server while it is leased: one request out, one answer back.
 *
 * Leases come from a pool (proxy/pool.h) and end with the whole answer, with `failed`, or with backend_drop.
 */
#ifndef PROXY_BACKEND_H
#define PROXY_BACKEND_H

#include "base/arena.h"
#include "http/head.h"
#include "server/stream.h"

#include <sys/uio.h>

struct backend;

/* Who leases.  Called from the loop, never from inside a backend_ or pool_ call. */
struct backend_user {
    /* Connected, handshake done: send. */
    void (*ready)(void *user);
    /* An interim answer (1xx). */
    void (*interim)(void *user, const struct head *head);
    /* The answer's head with the first piece of its body; spans are borrowed for the call.  is_last: whole with it, and the
     * lease is over: the connection is not to be touched any more.
     */
    void (*answer)(void *user, const struct head *head, struct span piece, bool is_last);
    void (*piece)(void *user, struct span piece, bool is_last);
    /* The server switched protocols (101) after backend_await_switch: from now on backend_send sends as it is, and `piece` gives what
     * comes as it comes, never with is_last.  The lease ends by `failed` or backend_drop only.
     */
    void (*switched)(void *user, const struct head *head);
    /* Switched, and the server ended its side: no `piece` comes any more, sending goes on. */
    void (*ended)(void *user);
    /* What was kept for sending is sent. */
    void (*drained)(void *user);
    /* The connection is gone and with it the lease.  is_unanswered: the server ended it before any byte of an answer; never after a
     * timeout, and never where it was not made at all.
     */
    void (*failed)(void *user, const struct err *err, bool is_unanswered);
};

/* The answer's method, before the request is whole (early answers); its head lives in `arena`. */
void backend_begin(struct backend *backend, bool to_head, struct arena *arena);
/* Sends pieces, keeps what does not go at once.  A server that takes no more may still have answered: the pieces are then dropped
 * in silence, and `answer` or `failed` comes.  FLOW_GONE: out of memory, `failed` will not be called, end the lease by
 * backend_drop.
 */
enum flow backend_send(struct backend *backend, const struct iovec *pieces, int count);
/* The request is whole with what was handed to backend_send: from now on the answer is awaited.  to_head: it was HEAD. */
void backend_request_done(struct backend *backend, bool to_head);
/* The request asks for another protocol: a 101 to it ends in `switched`.  Before the request is whole; for this lease. */
void backend_await_switch(struct backend *backend);
/* Switched: ends our side when all is sent. */
void backend_end_writing(struct backend *backend);
/* Bytes kept for sending. */
size_t backend_pending(const struct backend *backend);
/* Whether the answer shall be read on; false holds it back. */
void backend_want(struct backend *backend, bool wants);
/* Ends the lease and closes the connection; no callback comes after this. */
void backend_drop(struct backend *backend);

#endif
