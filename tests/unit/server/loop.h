/* SPDX-License-Identifier: Apache-2.0 */
/* A real worker and service on the test's own thread, with clients on loopback sockets that the test drives by hand. */
#ifndef UNIT_SERVER_LOOP_H
#define UNIT_SERVER_LOOP_H

#include "base/buf.h"
#include "base/now.h"
#include "server/service.h"
#include "unit.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

enum { PATIENCE_MS = 20000 };

struct loop {
    struct worker worker;
    struct service service;
    int listening;
};

static inline struct service_settings loop_settings(void)
{
    return (struct service_settings){
        .limits = {.head_bytes_max = 4096,
                   .field_bytes_max = 2048,
                   .fields_max = 32,
                   .target_bytes_max = 1024,
                   .body_bytes_max = 0},
        .connections_max = 8,
        .head_ms = 10000,
        .idle_ms = 10000,
    };
}

static inline int loop_listen(void)
{
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_true(fd >= 0 && bind(fd, (struct sockaddr *)&at, sizeof at) == 0 && listen(fd, 8) == 0);
    return fd;
}

static inline void loop_open(struct loop *loop, const struct stream_handler *handler, void *context,
                             const struct service_settings *settings)
{
    struct err err = {0};
    *loop = (struct loop){.listening = loop_listen()};
    if (!worker_init(&loop->worker, 0, &err))
        fail_msg("%s", err.text);
    service_init(&loop->service, &loop->worker, handler, context, settings);
}

static inline void loop_stop(struct letter *letter, void *context)
{
    (void)letter;
    worker_stop(context);
}

/* One turn, without waiting. */
static inline void loop_turn(struct loop *loop)
{
    struct letter letter = {.run = loop_stop, .context = &loop->worker};
    worker_post(&loop->worker, &letter);
    worker_run(&loop->worker);
    loop->worker.is_stopping = false;
}

static inline void loop_close(struct loop *loop)
{
    service_cut(&loop->service);
    loop_turn(loop);
    service_fini(&loop->service);
    worker_fini(&loop->worker);
    close(loop->listening);
}

/* A client connected to the service. `receive_bytes`: size of its receive buffer, 0: the system's. */
static inline int loop_connect_with(struct loop *loop, int receive_bytes)
{
    struct sockaddr_in at;
    socklen_t len = sizeof at;
    int client = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (receive_bytes > 0)
        setsockopt(client, SOL_SOCKET, SO_RCVBUF, &receive_bytes, sizeof receive_bytes);
    assert_int_equal(getsockname(loop->listening, (struct sockaddr *)&at, &len), 0);
    assert_int_equal(connect(client, (struct sockaddr *)&at, len), 0);
    fcntl(client, F_SETFL, O_NONBLOCK);
    int fd = accept4(loop->listening, (struct sockaddr *)&at, &len, SOCK_NONBLOCK | SOCK_CLOEXEC);
    assert_true(fd >= 0);
    if (receive_bytes > 0)
        setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &receive_bytes, sizeof receive_bytes);
    service_accept(&loop->service, fd, (struct sockaddr *)&at, NULL);
    return client;
}

static inline int loop_connect(struct loop *loop)
{
    return loop_connect_with(loop, 0);
}

/* Sends all, with turns in between where the socket is full. */
static inline void loop_send(struct loop *loop, int client, struct span text)
{
    while (text.len > 0) {
        ssize_t sent = send(client, text.at, text.len, MSG_NOSIGNAL);
        if (sent < 0 && errno != EAGAIN)
            fail_msg("send: %s", strerror(errno));
        text = span_from(text, sent < 0 ? 0 : (size_t)sent);
        loop_turn(loop);
    }
}

static inline void loop_send_str(struct loop *loop, int client, const char *text)
{
    loop_send(loop, client, span_str(text));
}

enum heard { HEARD_BYTES, HEARD_NOTHING, HEARD_END, HEARD_RESET };

/* What has come to the client by now, at most `max` bytes of it. */
static inline enum heard loop_hear(int client, struct buf *got, size_t max)
{
    char bytes[65536];
    ssize_t count = recv(client, bytes, max < sizeof bytes ? max : sizeof bytes, 0);
    if (count < 0)
        return errno == EAGAIN ? HEARD_NOTHING : HEARD_RESET;
    buf_add(got, bytes, (size_t)count);
    return count == 0 ? HEARD_END : HEARD_BYTES;
}

/* Turns until the client has heard `wanted`; or, with NULL, until the connection ended. */
static inline enum heard loop_await(struct loop *loop, int client, struct buf *got, const char *wanted)
{
    int64_t until_ms = now_read().mono_ms + PATIENCE_MS;
    while (now_read().mono_ms < until_ms) {
        loop_turn(loop);
        enum heard heard = loop_hear(client, got, SIZE_MAX);
        if (wanted != NULL && span_holds(buf_span(got), span_str(wanted)))
            return HEARD_BYTES;
        if (heard == HEARD_END || heard == HEARD_RESET)
            return heard;
        if (heard == HEARD_NOTHING)
            usleep(200);
    }
    fail_msg("waited in vain for %s; heard \"%.*s\"", wanted == NULL ? "the end" : wanted,
             SPAN_ARG(span_cut(buf_span(got), 2000)));
    return HEARD_NOTHING;
}

/* How often `part` stands in what was heard. */
static inline size_t loop_count(const struct buf *got, const char *part)
{
    struct span rest = buf_span(got);
    size_t count = 0;
    size_t len = strlen(part);
    while (rest.len >= len) {
        const char *found = memmem(rest.at, rest.len, part, len);
        if (found == NULL)
            return count;
        rest = span_from(rest, (size_t)(found - rest.at) + len);
        count++;
    }
    return count;
}

/* Some turns in which nothing is awaited: for what must not happen. */
static inline void loop_idle(struct loop *loop, int turns)
{
    for (int i = 0; i < turns; i++)
        loop_turn(loop);
}

#endif
