/* SPDX-License-Identifier: Apache-2.0 */
/* The server's side of an HTTP/2 connection: bytes in, events out; answers in, bytes out (RFC 9113, RFC 7541).
 *
 * Knows no sockets and reads no clock.  Frames are looked over before nghttp2 sees them (what a client may do too often is counted
 * there), and heads are judged after it by the rules that HTTP/1 has too: a struct head means the same whatever it came in.  At most
 * one frame is handed to nghttp2 between two events, so an event is answered before the next one is read.
 */
#ifndef HTTP_H2_H
#define HTTP_H2_H

#include "base/arena.h"
#include "base/err.h"
#include "http/h1.h"
#include "http/head.h"

enum { H2_PREFACE_BYTES = 24 };
/* What every client begins with (RFC 9113 3.4). */
extern const char h2_preface[H2_PREFACE_BYTES + 1];

/* RFC 9113 7 */
enum h2_code {
    H2_NO_ERROR = 0x0,
    H2_PROTOCOL_ERROR = 0x1,
    H2_INTERNAL_ERROR = 0x2,
    H2_FLOW_CONTROL_ERROR = 0x3,
    H2_STREAM_CLOSED = 0x5,
    H2_FRAME_SIZE_ERROR = 0x6,
    H2_REFUSED_STREAM = 0x7,
    H2_CANCEL = 0x8,
    H2_COMPRESSION_ERROR = 0x9,
    H2_ENHANCE_YOUR_CALM = 0xb
};

struct h2_settings {
    const struct h1_limits
        *limits;               /* borrowed; of heads.  head_bytes_max counts names, values and 32 bytes a field here, as
                                       SETTINGS_MAX_HEADER_LIST_SIZE does (RFC 9113 6.5.2), which announces it */
    uint32_t streams_max;      /* at the same time */
    uint32_t window_bytes;     /* of one request's body that may come unasked */
    uint32_t connection_bytes; /* of all of them; at least 65535 */
};

/* Called from inside h2_read and h2_write: they only note, and call no function of this header.  `user` is what h2_attach gave;
 * there is no call for streams without one.
 */
struct h2_hooks {
    /* Up to `size` bytes of the answer's body; 0 without *is_last: nothing for now, see h2_resume. */
    size_t (*pull)(void *user, char *at, size_t size, bool *is_last);
    /* The answer went out whole. */
    void (*ended)(void *user);
    /* The stream is over, `user` forgotten: it ended on both sides (NO_ERROR), the client reset it, or we did. */
    void (*closed)(void *user, uint32_t code, bool is_by_client);
};

enum h2_step {
    H2_MORE,  /* all of `in` is consumed */
    H2_HEAD,  /* a request's head: h2_take_head, then h2_attach or h2_reset */
    H2_PIECE, /* of a body, perhaps empty with is_end */
    H2_BAD,   /* the stream's body or trailers passed a limit: `err` */
    H2_OVER   /* the connection is: `err`, send what h2_write has and close; nothing more is read */
};

struct h2_event {
    int32_t id;        /* of the stream */
    void *user;        /* of PIECE and BAD */
    struct span piece; /* borrowed from `in` */
    bool is_end;       /* the request is whole with it */
};

/* NULL: out of memory.  Begins with our SETTINGS. */
struct h2;
struct h2 *h2_new(const struct h2_settings *settings, const struct h2_hooks *hooks) MUST_CHECK;
/* NULL is let through; no hook is called. */
void h2_free(struct h2 *h);
AUTO_FREE(h2)

/* Consumes from the front of `in` up to an event.  Call again until H2_MORE. */
enum h2_step h2_read(struct h2 *h, int64_t now_ms, struct span *in, struct h2_event *event, struct err *err) MUST_CHECK;

/* The head of the last H2_HEAD, its bytes and fields taken from `arena`.  Refused with the reasons of h1_read_request (but
 * VERSION_UNSUPPORTED and CODING_UNKNOWN); what could be read of it stands in `head`.  What is malformed in the sense of RFC 9113
 * 8.1.1 never gets here: its stream is reset.  A Host field stands in `fields` also where there was only :authority; several Cookie
 * fields are one (RFC 9113 8.2.3).
 */
bool h2_take_head(struct h2 *h, struct arena *arena, struct head *head, struct err *err) MUST_CHECK;

/* Names the stream of an event for hooks and later events; NULL: it is nobody's any more. */
void h2_attach(struct h2 *h, int32_t id, void *user);

/* `bytes` of the body were taken: the client may send as many more on that stream; on the connection. */
void h2_give(struct h2 *h, int32_t id, size_t bytes);
void h2_give_all(struct h2 *h, size_t bytes);

/* An answer's head; the body, if there is one, comes by the hook `pull`.  Fields with is_hop and Content-Length are left out;
 * values hold no CR, LF or NUL.  False: out of memory, the stream is to be reset.
 */
struct h2_answer {
    unsigned status;
    const struct field *fields;
    size_t count;
    struct span date;          /* for when no Date is among the fields; empty: none */
    const uint64_t *length;    /* content-length; NULL: none */
    bool is_interim, has_body; /* 1xx; a body follows, else the answer ends here */
};
bool h2_answer(struct h2 *h, int32_t id, const struct h2_answer *answer) MUST_CHECK;
/* `pull` has bytes again. */
void h2_resume(struct h2 *h, int32_t id);
/* Ends a stream at once, before what was not sent of it. */
void h2_reset(struct h2 *h, int32_t id, enum h2_code code);

/* The next bytes to send, valid until the next call of this module; empty: none for now. */
struct span h2_write(struct h2 *h);

/* First step of an orderly end (RFC 9113 6.8): the client is told to open no more streams, and a PING finds out when it knows. */
void h2_notice(struct h2 *h);
/* That PING was answered. */
bool h2_is_noticed(const struct h2 *h);
/* Second step, or the only one: GOAWAY naming the last stream that is served.  With another code than NO_ERROR as H2_OVER. */
void h2_goaway(struct h2 *h, enum h2_code code);
/* The code of a GOAWAY that ended the connection; NO_ERROR: there was none yet. */
enum h2_code h2_error(const struct h2 *h);
/* What was wrong last, for logs; "": nothing. */
const char *h2_error_text(const struct h2 *h);
/* The name of a code in RFC 9113 7. */
const char *h2_code_name(uint32_t code);

/* Whether the client owes bytes of a head: the preface, or a header block that began. */
bool h2_awaits_head(const struct h2 *h);
/* Which of them that is: counts the header blocks that began. */
unsigned h2_blocks(const struct h2 *h);
/* How many requests were refused because streams_max of others were under way. */
uint64_t h2_refused(const struct h2 *h);
/* Whether nothing is to be read or written any more: the client said that it ends, and all streams are over. */
bool h2_is_done(const struct h2 *h);

#endif
