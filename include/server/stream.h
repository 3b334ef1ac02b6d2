/* SPDX-License-Identifier: Apache-2.0 */
/* One request and its answer on a client connection, whatever the HTTP version: what those who answer requests see.
 *
 * A stream is born when a request's head is whole, and belongs to its connection; the handler that was told of it must call
 * stream_finish() exactly once, after which the stream is not to be touched.  Its head and all that is taken from its arena
 * live until the end of that turn.
 */
#ifndef SERVER_STREAM_H
#define SERVER_STREAM_H

#include "base/arena.h"
#include "base/err.h"
#include "http/head.h"
#include "server/certificate.h"
#include "server/worker.h"

struct conn;
struct stream;

/* Who answers requests.  None of these is called from inside a stream_ function; each may call any of them. */
struct stream_handler {
    /* A head is there.  `err` is NULL, or says why the head is refused (what could be read of it stands in the head). */
    void (*begin)(void *context, struct stream *stream, const struct err *err);
    /* A piece of the request's body, borrowed; comes only after stream_want_body(true).  What is given must be taken. */
    void (*body)(struct stream *stream, struct span piece);
    /* All that was read at once has been handed over; `is_whole`: the request is complete.  Called after begin and body. */
    void (*batch)(struct stream *stream, bool is_whole);
    /* Pending output fell under the low mark after FLOW_FULL. */
    void (*drained)(struct stream *stream);
    /* The request's body is malformed, too large or too slow: answer if no answer began, then finish. */
    void (*broken)(struct stream *stream, const struct err *err);
    /* The client is gone: finish. */
    void (*gone)(struct stream *stream, enum reason why);
};

struct stream {
    struct worker *worker;
    struct conn *conn;
    struct arena arena;
    struct head head;
    void *user;       /* the handler's own; NULL at begin */
    struct span peer; /* address of the client, without port; empty where it has none, or a PROXY header tells none */
    bool is_unix;     /* the peer is on a unix socket, and no PROXY header speaks of another */
    bool is_tls;
    const struct client_certificate
        *certificate; /* of the client, verified; NULL: none.  Lives as long as the stream */
    bool is_request_whole;
    bool wants_body;
    bool has_answer; /* an answer began */
    bool is_answer_whole;
    unsigned status;     /* of the answer, 0: none yet */
    uint64_t sent_bytes; /* body bytes of the answer */
    uint64_t body_bytes; /* body bytes of the request so far */
    int64_t begun_us;    /* mono_us when the head was whole */
    bool is_chunked_out; /* for the connection: the answer's body goes out in chunks */
    struct grave grave;  /* for the connection */
};

struct answer {
    unsigned status;
    struct span phrase;         /* empty: that of RFC 9110 */
    const struct field *fields; /* those with is_hop, and Content-Length, are left out; values hold no CR, LF, NUL */
    size_t count;
    enum body_kind body;
    uint64_t body_bytes; /* BODY_SIZED; or with has_stated_bytes what HEAD and 304 state */
    bool has_stated_bytes;
    bool wants_close; /* end the connection after this answer */
};

enum flow {
    FLOW_OPEN, /* send more */
    FLOW_FULL, /* wait for `drained` */
    FLOW_GONE  /* the client is gone: finish */
};

/* Sends the head of the answer with the first piece of its body, in one write where the socket takes it; the piece is borrowed
 * for the call.  is_last: the answer is whole with it.
 */
enum flow stream_answer(struct stream *stream, const struct answer *answer, struct span piece, bool is_last);
/* Sends a further piece; may be empty with is_last. */
enum flow stream_piece(struct stream *stream, struct span piece, bool is_last);
/* Answers 101 to a request with Upgrade (head.is_upgrade, HTTP/1.1, no body) and makes the stream raw bytes both ways, in the protocol
 * that the request asked for.  From then on `body` gives what the client sends, as it comes, when stream_want_body(true) was said;
 * `batch` comes only once, at the client's end; stream_piece sends as it is, and with is_last ends our side.  Fields with is_hop and
 * Content-Length are left out.
 */
enum flow stream_upgrade(struct stream *stream, const struct field *fields, size_t count);
/* Sends an interim answer (1xx); left out for HTTP/1.0. */
enum flow stream_interim(struct stream *stream, unsigned status, const struct field *fields, size_t count);

/* Whether body pieces shall come; the first `true` sends 100 Continue to a client that waits for it.  Bytes that lie there come
 * at the end of this turn, not from inside this call.
 */
void stream_want_body(struct stream *stream, bool wants);

/* Pending output bytes. */
size_t stream_pending(const struct stream *stream);

/* The handler is done.  An answer that is not whole breaks the connection: its message must not look complete. */
void stream_finish(struct stream *stream);

#endif
