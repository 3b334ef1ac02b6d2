/* SPDX-License-Identifier: Apache-2.0 */
/* HTTP/1.x: bytes to heads and pieces of body, and heads to bytes (RFC 9112).
 *
 * A reader is one side of one connection.  It never keeps bytes: the caller holds them until they are consumed.  A head
 * is read only when it lies there whole and contiguous; it was looked over before llhttp sees it (every LF after a CR,
 * every CR before a LF, no folds, no NUL), since llhttp forgives what a gateway must not.  llhttp runs strict; its
 * callbacks only note.  Bodies are read without it: its versions differ in chunk extensions and trailers.
 */
#ifndef HTTP_H1_H
#define HTTP_H1_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "http/head.h"

struct h1_limits {
    size_t head_bytes_max;   /* start line and fields with the empty line; HEAD_TOO_LARGE */
    size_t field_bytes_max;  /* one field line; HEAD_TOO_LARGE */
    size_t fields_max;       /* HEAD_TOO_LARGE */
    size_t target_bytes_max; /* TARGET_TOO_LONG, looked at before the head's size */
    uint64_t body_bytes_max; /* 0: none; BODY_TOO_LARGE */
};

enum h1_role { H1_REQUESTS, H1_ANSWERS };

struct h1 {
    const struct h1_limits *limits; /* borrowed */
    enum h1_role role;
    /* the head that is being looked over */
    size_t looked_over; /* bytes of it */
    size_t line_at;     /* where the line under the eye begins */
    size_t lines;       /* whole lines before that: start line and fields */
    size_t longest_at;  /* where the longest field line begins, and its bytes with CRLF; 0: none yet */
    size_t longest_bytes;
    bool has_loose_end; /* some field line ends with white space */
    /* the body */
    enum body_kind body;
    uint64_t body_seen;   /* bytes given out */
    uint64_t body_left;   /* of BODY_SIZED, or of the chunk */
    int place;            /* between the chunks of BODY_STREAM */
    size_t line_bytes;    /* of the chunk line or line of trailers */
    size_t trailer_bytes; /* of all trailers */
    bool is_done;         /* the message ended */
};

/* Readies `h` for its first message.  `limits` must outlive it. */
void h1_init(struct h1 *h, enum h1_role role, const struct h1_limits *limits);

/* Readies `h` for the next message on the same connection. */
void h1_next(struct h1 *h);

enum h1_find { H1_PARTIAL, H1_WHOLE, H1_BAD };

/* Looks for the end of a head at the start of `bytes`; goes on where the last call stopped, so that slow bytes cost
 * once.  One empty line before a request is passed over: its two bytes are counted in `*skip`.  H1_WHOLE: `*len` bytes
 * from `*skip` on are the head; only then are the two set.  H1_BAD: refused, also when a limit is passed before the end
 * is there, at the same byte however the bytes were cut; reasons BAD_REQUEST, TARGET_TOO_LONG, HEAD_TOO_LARGE, of
 * answers BACKEND_BROKEN alone.
 */
enum h1_find h1_find_head(struct h1 *h, struct span bytes, size_t *skip, size_t *len, struct err *err) MUST_CHECK;

/* Reads a request's head found by h1_find_head; the fields array comes from `arena`, spans point into `bytes`.  Refused
 * with the reasons BAD_REQUEST, VERSION_UNSUPPORTED (505), METHOD_UNKNOWN (501),
 * METHOD_NOT_ALLOWED (CONNECT, TRACE), CODING_UNKNOWN (501), HEAD_TOO_LARGE, TARGET_TOO_LONG, BODY_TOO_LARGE,
 * EXPECTATION_FAILED, OUT_OF_MEMORY.  Demands: one Host in HTTP/1.1 (RFC 9112 3.2); Content-Length once, digits only;
 * Transfer-Encoding once, exactly `chunked`, without Content-Length, in HTTP/1.1 (RFC 9112 6.1); no Upgrade with a
 * body; Content-Length or Transfer-Encoding not twice.  head_mark_hops and uri_read_target are done.
 */
bool h1_read_request(struct h1 *h, struct span bytes, struct arena *arena, struct head *head,
                     struct err *err) MUST_CHECK;

/* Reads an answer's head.  `to_head`: it answers HEAD and has no body.  Statuses 100-599 only; 1xx, 204 and 304 have no
 * body (RFC 9112 6.3).  Reasons BACKEND_BROKEN, OUT_OF_MEMORY.
 */
bool h1_read_answer(struct h1 *h, struct span bytes, bool to_head, struct arena *arena, struct head *head,
                    struct err *err) MUST_CHECK;

enum h1_step {
    H1_MORE,  /* all of `in` is consumed, the message goes on */
    H1_PIECE, /* `*piece` is body, borrowed from `in` */
    H1_END,   /* the message is whole; bytes left in `in` belong to the next */
    H1_BROKEN /* `err` says why; BAD_REQUEST, BODY_TOO_LARGE, or BACKEND_BROKEN */
};

/* Consumes from the front of `in` until one of the above.  Call again while H1_PIECE.  Trailers are checked and
 * dropped; chunk extensions, chunk lines and trailers have a bound of their own (1 KiB a line, limits->head_bytes_max
 * in all).
 */
enum h1_step h1_read_body(struct h1 *h, struct span *in, struct span *piece, struct err *err) MUST_CHECK;

/* The connection ended: true when that ends the message rightly (BODY_UNTIL_CLOSE). */
bool h1_read_eof(struct h1 *h);

/* Whether `s` is a token (RFC 9110 5.6.2), as names of fields and methods are. */
bool h1_is_token(struct span s);

/* Writes start lines, fields, the empty line and chunk framing.  Values must hold no CR, LF or NUL: asserted. */
bool h1_write_request_line(struct buf *out, struct span method, struct span prefix, struct span target);
/* The status line with `phrase`, or where that is empty the phrase of RFC 9110. */
bool h1_write_status_line(struct buf *out, unsigned status, struct span phrase);
/* One field line. */
bool h1_write_field(struct buf *out, struct span name, struct span value);
/* The empty line behind the fields. */
bool h1_write_end(struct buf *out);

enum { H1_CHUNK_LINE_BYTES = 24 };
/* The line before `bytes` (> 0) bytes of chunk data; returns its length.  `is_first` leaves out the CRLF that ends the
 * chunk before.
 */
size_t h1_chunk_line(char out[H1_CHUNK_LINE_BYTES], uint64_t bytes, bool is_first);
/* What ends a chunked body: with the CRLF of the last chunk unless there was none. */
struct span h1_chunk_end(bool is_first);

#endif
