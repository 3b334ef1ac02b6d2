/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of the HTTP/1.x codec share: looking over bytes, and the demands on a head that llhttp does not make.
 */
#ifndef HTTP_H1_INT_H
#define HTTP_H1_INT_H

#include "http/h1.h"

enum { H1_LINE_BYTES_MAX = 1024 }; /* of a chunk line, and of a line of trailers */

/* The reason for what is malformed, and for what is too large: a client's fault or a backend's. */
static inline enum reason h1_fault(enum h1_role role)
{
    return role == H1_ANSWERS ? REASON_BACKEND_BROKEN : REASON_BAD_REQUEST;
}

static inline enum reason h1_excess(enum h1_role role, enum reason reason)
{
    return role == H1_ANSWERS ? REASON_BACKEND_BROKEN : reason;
}

/* The first control character (HTAB and DEL among them), or `end`. */
const char *h1_find_control(const char *at, const char *end);

/* Whether `c` may stand in a token (RFC 9110 5.6.2). */
bool h1_is_token_char(char c);

static inline bool h1_is_control(char c)
{
    return (unsigned char)c < 0x20 || c == 0x7f;
}

/* How many more bytes of body are allowed, and the refusal of more. */
uint64_t h1_body_allowed(const struct h1 *h);
/* Says that the body passed its limit; returns false. */
bool h1_refuse_body(const struct h1 *h, struct err *err);

/* Whether body_left bytes of a chunk's data come next: more than none. */
bool h1_in_chunk(const struct h1 *h);
/* Consumes chunk lines and trailers from the front of `in`, up to data of a chunk, the end (is_done), or the end of
 * `in`.
 */
bool h1_read_chunking(struct h1 *h, struct span *in, struct err *err) MUST_CHECK;

/* Reads the start line of a whole head: method, target and version (RFC 9112 3), or version and status (RFC 9112 4). */
bool h1_read_request_line(struct span bytes, struct head *head, struct err *err) MUST_CHECK;
/* Reads the status line; false when it is none. */
bool h1_read_status_line(struct span bytes, struct head *head, struct err *err) MUST_CHECK;

/* Finishes a head whose fields have names and raw values: ids, trimmed values, framing, hop-by-hop marks; for requests
 * Host, target and expectations too.  `to_head`: an answer to HEAD.
 */
bool h1_rule_request(struct head *head, const struct h1_limits *limits, struct err *err) MUST_CHECK;
/* What an answer's fields say of its body. */
bool h1_rule_answer(struct head *head, const struct h1_limits *limits, bool to_head, struct err *err) MUST_CHECK;

/* Rules that HTTP/2 has too.  The method that method_text names: known, and one to forward. */
bool h1_rule_method(struct head *head, struct err *err) MUST_CHECK;
/* A body's length: digits only, said once; nothing changes where there is none. */
bool h1_rule_length(struct head *head, struct err *err) MUST_CHECK;
/* RFC 9110 10.1.1 */
bool h1_rule_expectations(struct head *head, struct err *err) MUST_CHECK;
/* Whether a stated length is within the limit. */
bool h1_rule_body_size(const struct head *head, const struct h1_limits *limits, struct err *err) MUST_CHECK;

#endif
