/* SPDX-License-Identifier: Apache-2.0 */
/* A stream_handler for services that take and give whole messages: admin surface, demo servers.
 *
 * Gathers the body up to a maximum, calls `answer` once, sends what it filled in, at once or when it is there.  Malformed heads, bodies past the maximum and
 * bodies that break are answered here, in API Management's shape of errors.  HEAD gets the head of the answer to GET.
 */
#ifndef SERVER_RESPONDER_H
#define SERVER_RESPONDER_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/reason.h"
#include "http/head.h"
#include "server/stream.h"

enum { RESPONDER_FIELDS_MAX = 16 };

struct gathering;

/* All of it lives until `answer` returns; where the answer was postponed, what it points to lives on until that ended, so that a copy
 * of the struct is as good as itself.
 */
struct request {
    const struct head *head;
    struct span path;  /* raw, begins with `/`; or `*` */
    struct span query; /* with its `?`; at NULL: none */
    struct span body;  /* whole */
    struct span peer;  /* address of the client; empty where it has none, as on a unix socket */
    bool is_unix;      /* the client is on a unix socket */
    bool is_tls;
    bool has_certificate; /* the client showed one, and it was verified */
    struct arena *arena;  /* for what the answer needs; lives until it was sent or kept */
    struct worker *worker;
    struct gathering *gathering; /* the responder's own */
};

struct reply {
    unsigned status;          /* 200 unless set */
    struct span content_type; /* empty: no field */
    struct field fields[RESPONDER_FIELDS_MAX];
    size_t count;
    struct buf body;  /* freed by the responder; broken (out of memory): 503 in place of the reply */
    bool wants_close; /* end the connection after this answer */
};

/* What a service hands to service_init as context, with responder_handler; never written by the handler, so workers may
 * share it.
 */
struct responder {
    void (*answer)(void *context, const struct request *request, struct reply *reply);
    /* Asked of a request with a body before any of that is kept, `body` being empty: false, and the reply refuses, where it is not to
     * be.  What it lets through is for `answer` to judge again.  NULL: every body is kept.
     */
    bool (*admits)(void *context, const struct request *request, struct reply *reply);
    /* Refuses a method that is for no path (CONNECT, TRACE): of the request nothing is there but the head's method and target, the
     * latter unread and perhaps empty.  NULL: refused here, without saying what is allowed.
     */
    void (*forbids)(void *context, const struct request *request, struct reply *reply);
    void *context;
    size_t body_bytes_max; /* past it: 413 */
};

extern const struct stream_handler responder_handler;

/* An answer that is owed. */
struct later;

/* Called inside `answer`, which then leaves its reply as it is: the answer is given by later_answer.  NULL where memory is out, or the
 * answer was postponed already: the reply is sent as ever then.
 *
 * Ended by exactly one of later_answer and `gone`, after which it is not to be touched.  `gone` tells that nobody waits any more: the
 * connection broke or was cut.  A client that merely ended its side is still answered, and the responder knows no time by which an
 * answer must be there: whoever postpones keeps a deadline.  The next request of the same HTTP/1 connection waits meanwhile; a service
 * that drains waits too.
 */
struct later *responder_postpone(const struct request *request, void (*gone)(void *context), void *context) MUST_CHECK;

/* Sends the answer; the reply's body is freed.  From any callback on the worker's thread. */
void later_answer(struct later *later, struct reply *reply);

/* Adds a field to the reply; name and value must live until `answer` returned and the reply is sent: constants, or memory of the
 * request's arena.  The value holds no CR, LF or NUL.  Past RESPONDER_FIELDS_MAX: asserted.
 */
void responder_add_field(struct reply *reply, const char *name, struct span value);

/* Makes the reply the refusal of that reason: its status, and its message as API Management spells errors. */
void responder_refuse(struct reply *reply, enum reason reason);

/* Whether the request's method is GET or HEAD; else the reply is 405 with Allow. */
bool responder_wants_get(const struct request *request, struct reply *reply);

#endif
