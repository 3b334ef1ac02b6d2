/* SPDX-License-Identifier: Apache-2.0 */
/* An HTTP server for tests, on the test's own event loop: every path has one scripted answer, good or bad in a known way.
 *
 * It stands on loopback at a free port.  A wrong call or a system that refuses ends the process: tests have nobody to tell.
 */
#ifndef SUPPORT_TINY_SERVER_H
#define SUPPORT_TINY_SERVER_H

#include "base/span.h"

struct event_base;
struct tiny_server;

struct tiny_reply {
    unsigned status;    /* 0: `body` is sent as it is, head and all */
    const char *fields; /* more header lines, each with its CRLF; NULL: none */
    struct span body;   /* borrowed for as long as the reply stands */
    const char *etag;   /* sent; and a request that names it gets 304 without body.  NULL: none */
    size_t close_after; /* close after so many bytes of the answer; 0: send all */
    size_t drip_bytes;  /* send only so many bytes at a time, one turn of the loop between; 0: all at once */
    bool is_hanging;    /* say nothing, but keep the connection */
    bool is_chunked;    /* no Content-Length, one chunk */
};

/* A server that answers 404 to everything; listens at once. */
struct tiny_server *tiny_server_new(struct event_base *base);
void tiny_server_free(struct tiny_server *server);

/* Closes listener and connections: connecting is refused.  The port stays reserved for tiny_server_up. */
void tiny_server_down(struct tiny_server *server);
void tiny_server_up(struct tiny_server *server);

/* "http://127.0.0.1:PORT" with `path` behind it; lives as long as the server or until the eighth next call. */
const char *tiny_url(struct tiny_server *server, const char *path);

/* What requests for `path` (a literal) get from now on. */
void tiny_answer(struct tiny_server *server, const char *path, struct tiny_reply reply);

/* Requests for `path` seen so far, and the last one as text, head and body; NULL: none. */
unsigned tiny_count(struct tiny_server *server, const char *path);
const char *tiny_request(struct tiny_server *server, const char *path);

/* Runs the loop until `is_done(context)`; ends the process when that takes longer than ten seconds. */
void tiny_run(struct event_base *base, bool (*is_done)(void *context), void *context);

#endif
