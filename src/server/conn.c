/* SPDX-License-Identifier: Apache-2.0 */
/* A client connection: bytes in, streams begun and fed, one way to end.
 *
 * Input lies in the worker's scratch when it is handled in the turn that read it, and moves to a buffer of the connection's own
 * only when something must wait; so an idle connection holds no buffer.
 */
#include "conn_int.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>

enum { READ_MORE_BYTES = 16384 };
enum turn { GO_ON, WAIT, ENDED };

static struct worker *worker_of(const struct conn *conn)
{
    return conn->service->worker;
}

/* Earlier answers are not taken by the client: no further request begins until they are, or a client that asks on and on
 * without reading would fill the memory.
 */
static bool is_choked(const struct conn *conn)
{
    return buf_len(&conn->out) > service_low_bytes(conn->service);
}

static bool wants_input(const struct conn *conn)
{
    switch (conn->state) {
    case CONN_IDLE:
    case CONN_HEAD: return !is_choked(conn) && !list_is_linked(&conn->task.link); /* what came before goes first */
    case CONN_LINGER: return true;
    case CONN_BODY: return conn->stream->wants_body;
    case CONN_ANSWER: return buf_len(&conn->in) == 0; /* one read ahead of a pipelining client, no more */
    case CONN_FLUSH:
    case CONN_CLOSED: return false;
    }
    return false;
}

void conn_watch(struct conn *conn)
{
    if (conn->state == CONN_CLOSED)
        return;
    worker_watch(&conn->read_event, &conn->is_reading, !conn->has_end && wants_input(conn));
    worker_watch(&conn->write_event, &conn->is_writing, buf_len(&conn->out) > 0);
}

static void conn_bury(struct grave *grave)
{
    struct conn *conn = CONTAINER_OF(grave, conn, grave);
    buf_fini(&conn->in);
    buf_fini(&conn->out);
    conn->magic = 0;
    free(conn);
}

static void count_open(struct service *service, int64_t amount)
{
    if (service->metrics.connections != NULL)
        metric_move(service->metrics.connections, service->worker->index, amount);
}

void conn_close(struct conn *conn, enum reason why)
{
    if (conn->state == CONN_CLOSED)
        return;
    conn->state = CONN_CLOSED;
    deadline_cancel(&conn->deadline);
    list_remove(&conn->task.link);
    list_remove(&conn->link);
    worker_watch(&conn->read_event, &conn->is_reading, false);
    worker_watch(&conn->write_event, &conn->is_writing, false);
    if (conn->stream != NULL)
        conn->service->handler->gone(conn->stream, why);
    assert(conn->stream == NULL);
    transport_close(&conn->transport);
    conn->service->count--;
    count_open(conn->service, -1);
    worker_bury(worker_of(conn), &conn->grave);
    service_emptied(conn->service);
}

/* Reset instead of an end: what was sent must not look complete. */
static void conn_abort(struct conn *conn)
{
    const struct linger now = {.l_onoff = 1, .l_linger = 0};
    setsockopt(conn->transport.fd, SOL_SOCKET, SO_LINGER, &now, sizeof now);
    conn_close(conn, REASON_CLIENT_GONE);
}

static void start_deadline(struct conn *conn, struct deadline_class *class)
{
    deadline_start(worker_of(conn), class, &conn->deadline);
}

/* Time runs while the client is to do something: send a body that is wanted, take what is pending.  The time for a head goes on
 * whatever else does.
 */
static void restart_deadline(struct conn *conn)
{
    if (conn->state == CONN_HEAD)
        return;
    bool awaits_body = conn->state == CONN_BODY && conn->stream->wants_body;
    if (buf_len(&conn->out) > 0 || conn->state == CONN_IDLE || awaits_body)
        start_deadline(conn, &conn->service->idle_class);
    else
        deadline_cancel(&conn->deadline);
}

static void linger(struct conn *conn)
{
    conn->state = CONN_LINGER;
    if (conn->has_end) {
        conn_close(conn, REASON_NONE);
        return;
    }
    transport_end_writing(&conn->transport);
    start_deadline(conn, &conn->service->linger_class);
    buf_fini(&conn->in);
    conn_watch(conn);
}

static void end_after_answer(struct conn *conn)
{
    if (buf_len(&conn->out) == 0) {
        linger(conn);
        return;
    }
    conn->state = CONN_FLUSH;
    start_deadline(conn, &conn->service->idle_class);
    conn_watch(conn);
}

static void await_next_request(struct conn *conn)
{
    conn->state = CONN_IDLE;
    h1_next(&conn->h1);
    start_deadline(conn, &conn->service->idle_class);
    if (buf_len(&conn->in) > 0 && !conn->is_stepping)
        worker_defer(worker_of(conn), &conn->task);
    else if (conn->has_end && !conn->is_stepping)
        end_after_answer(conn);
    conn_watch(conn);
}

void conn_stream_finished(struct conn *conn, struct stream *stream)
{
    bool is_answered = stream->is_answer_whole && !conn->is_broken;
    conn->stream = NULL;
    conn->is_full = false;
    if (conn->state == CONN_CLOSED)
        return;
    if (!is_answered)
        conn_abort(conn);
    else if (conn->wants_close || !stream->is_request_whole || conn->service->is_draining)
        end_after_answer(conn);
    else
        await_next_request(conn);
}

/* A stream for a head that is refused: it is answered, then the connection ends. */
static enum turn begin_refused(struct conn *conn, struct stream *stream, struct span *rest, const struct err *err)
{
    if (stream == NULL && (stream = stream_make(conn)) == NULL) {
        conn_close(conn, REASON_OUT_OF_MEMORY);
        return ENDED;
    }
    *rest = span_from(*rest, rest->len);
    conn->stream = stream;
    conn->state = CONN_ANSWER;
    conn->wants_close = true;
    restart_deadline(conn);
    conn->service->handler->begin(conn->service->context, stream, err);
    return conn->state == CONN_CLOSED ? ENDED : GO_ON;
}

static enum turn begin_stream(struct conn *conn, struct span head_bytes, struct span *rest)
{
    struct err err = {0};
    struct stream *stream = stream_make(conn);
    struct span bytes = stream == NULL ? (struct span){NULL, 0} : arena_copy(&stream->arena, head_bytes);
    if (bytes.at == NULL) {
        if (stream != NULL)
            stream_bury(stream);
        conn_close(conn, REASON_OUT_OF_MEMORY);
        return ENDED;
    }
    if (!h1_read_request(&conn->h1, bytes, &stream->arena, &stream->head, &err))
        return begin_refused(conn, stream, rest, &err);
    struct head *head = &stream->head;
    stream->is_request_whole = head->body == BODY_NONE || (head->body == BODY_SIZED && head->body_bytes == 0);
    conn->stream = stream;
    conn->state = stream->is_request_whole ? CONN_ANSWER : CONN_BODY;
    restart_deadline(conn);
    conn->wants_close = head->wants_close || conn->service->is_draining;
    conn->has_continued = !head->expects_continue || stream->is_request_whole;
    conn->needs_batch = true;
    conn->service->handler->begin(conn->service->context, stream, NULL);
    return conn->state == CONN_CLOSED ? ENDED : GO_ON;
}

static enum turn step_head(struct conn *conn, struct span *rest)
{
    struct err err = {0};
    size_t skip = 0;
    size_t len = 0;
    if (rest->len == 0 || is_choked(conn))
        return WAIT;
    switch (h1_find_head(&conn->h1, *rest, &skip, &len, &err)) {
    case H1_PARTIAL:
        if (conn->state == CONN_IDLE) {
            conn->state = CONN_HEAD;
            start_deadline(conn, &conn->service->head_class);
        }
        return WAIT;
    case H1_BAD: return begin_refused(conn, NULL, rest, &err);
    case H1_WHOLE: break;
    }
    struct span head_bytes = span_of(rest->at + skip, len);
    *rest = span_from(*rest, skip + len);
    return begin_stream(conn, head_bytes, rest);
}

static enum turn break_body(struct conn *conn, struct span *rest, const struct err *err)
{
    *rest = span_from(*rest, rest->len);
    conn->wants_close = true;
    conn->state = CONN_ANSWER;
    deadline_cancel(&conn->deadline);
    conn->service->handler->broken(conn->stream, err);
    return conn->state == CONN_CLOSED ? ENDED : GO_ON;
}

static enum turn step_body(struct conn *conn, struct span *rest)
{
    struct err err = {0};
    struct span piece = {NULL, 0};
    struct stream *stream = conn->stream;
    if (!stream->wants_body)
        return WAIT;
    conn->needs_batch = true;
    switch (h1_read_body(&conn->h1, rest, &piece, &err)) {
    case H1_MORE: return WAIT;
    case H1_PIECE:
        conn->has_continued = true;
        stream->body_bytes += piece.len;
        conn->service->handler->body(stream, piece);
        return conn->state == CONN_CLOSED ? ENDED : GO_ON;
    case H1_END:
        stream->is_request_whole = true;
        conn->state = CONN_ANSWER;
        restart_deadline(conn);
        return GO_ON;
    case H1_BROKEN: break;
    }
    return break_body(conn, rest, &err);
}

static enum turn step(struct conn *conn, struct span *rest)
{
    switch (conn->state) {
    case CONN_IDLE:
    case CONN_HEAD: return step_head(conn, rest);
    case CONN_BODY: return step_body(conn, rest);
    case CONN_ANSWER: return WAIT;
    case CONN_FLUSH:
    case CONN_LINGER: *rest = span_from(*rest, rest->len); return WAIT;
    case CONN_CLOSED: return ENDED;
    }
    return ENDED;
}

/* Keeps what could not be handled yet. */
static bool keep(struct conn *conn, struct span rest, bool is_scratch)
{
    if (!is_scratch)
        buf_take(&conn->in, buf_len(&conn->in) - rest.len);
    else if (rest.len > 0 && !buf_add_span(&conn->in, rest))
        return false;
    if (buf_len(&conn->in) == 0)
        buf_fini(&conn->in);
    return true;
}

static void hand_over_batch(struct conn *conn)
{
    struct stream *stream = conn->stream;
    if (conn->needs_batch && stream != NULL) {
        conn->needs_batch = false;
        conn->service->handler->batch(stream, stream->is_request_whole);
    }
}

static void feed(struct conn *conn, struct span bytes, bool is_scratch)
{
    struct span rest = bytes;
    enum turn turn;
    conn->is_stepping = true;
    do {
        turn = step(conn, &rest);
    } while (turn == GO_ON);
    conn->is_stepping = false;
    if (turn == ENDED)
        return;
    if (!keep(conn, rest, is_scratch)) {
        conn_close(conn, REASON_OUT_OF_MEMORY);
        return;
    }
    hand_over_batch(conn);
    conn_continue(conn);
    conn_watch(conn);
}

static void run_task(struct task *task)
{
    struct conn *conn = CONTAINER_OF(task, conn, task);
    feed(conn, buf_span(&conn->in), false);
    if (conn->state == CONN_IDLE && conn->has_end)
        end_after_answer(conn);
}

/* The client ended its side: a whole request is still answered, half of one is not. */
static void on_end(struct conn *conn)
{
    conn->has_end = true;
    conn->wants_close = true;
    switch (conn->state) {
    case CONN_ANSWER:
    case CONN_FLUSH: conn_watch(conn); return;
    case CONN_IDLE:
    case CONN_HEAD:
        if (buf_len(&conn->out) > 0) {
            end_after_answer(conn);
            return;
        }
        conn_close(conn, REASON_CLIENT_GONE);
        return;
    case CONN_BODY:
    case CONN_LINGER: conn_close(conn, REASON_CLIENT_GONE); return;
    case CONN_CLOSED: return;
    }
}

static void on_bytes(struct conn *conn, size_t got, bool is_scratch)
{
    if (!is_scratch)
        conn->in.end += got;
    if (conn->state == CONN_BODY)
        start_deadline(conn, &conn->service->idle_class);
    feed(conn, is_scratch ? span_of(worker_of(conn)->scratch, got) : buf_span(&conn->in), is_scratch);
    if (conn->state != CONN_CLOSED && conn->is_reading && transport_pending(&conn->transport))
        event_active(&conn->read_event, EV_READ, 0);
}

/* One read, into the worker's scratch or behind what waits already. */
static void read_some(struct conn *conn, bool is_scratch)
{
    size_t got = 0;
    if (!is_scratch && !buf_reserve(&conn->in, READ_MORE_BYTES)) {
        conn_close(conn, REASON_OUT_OF_MEMORY);
        return;
    }
    char *at = is_scratch ? worker_of(conn)->scratch : conn->in.at + conn->in.end;
    size_t size = is_scratch ? WORKER_SCRATCH_BYTES : conn->in.size - conn->in.end;
    if (conn->state == CONN_BODY && size > service_high_bytes(conn->service))
        size = service_high_bytes(conn->service);
    switch (transport_read(&conn->transport, at, size, &got)) {
    case IO_OK: on_bytes(conn, got, is_scratch); return;
    case IO_END: on_end(conn); return;
    case IO_FAILED: conn_close(conn, REASON_CLIENT_GONE); return;
    case IO_WANT_READ:
    case IO_WANT_WRITE: return;
    }
}

static void on_readable(evutil_socket_t fd, short what, void *context)
{
    struct conn *conn = CHECKED(context, conn, CONN_MAGIC);
    (void)fd;
    (void)what;
    read_some(conn, buf_len(&conn->in) == 0);
}

/* A request that lies in the socket already was sent to an open connection: it is read and answered first.  Not into scratch,
 * which whoever drains may be using.
 */
void conn_drain(struct conn *conn)
{
    conn->wants_close = true;
    if (conn->state == CONN_IDLE && conn->is_reading && !conn->is_stepping)
        read_some(conn, false);
    if (conn->state != CONN_IDLE || buf_len(&conn->in) > 0)
        return;
    if (buf_len(&conn->out) > 0)
        end_after_answer(conn);
    else
        conn_close(conn, REASON_DRAIN);
}

static void on_writable(evutil_socket_t fd, short what, void *context)
{
    struct conn *conn = CHECKED(context, conn, CONN_MAGIC);
    (void)fd;
    (void)what;
    if (!transport_flush(&conn->transport, &conn->out)) {
        conn_close(conn, REASON_CLIENT_GONE);
        return;
    }
    restart_deadline(conn);
    if (conn->state == CONN_FLUSH && buf_len(&conn->out) == 0)
        linger(conn);
    if (conn->state == CONN_CLOSED)
        return;
    if (conn->is_full && conn->stream != NULL && buf_len(&conn->out) <= service_low_bytes(conn->service)) {
        conn->is_full = false;
        conn->service->handler->drained(conn->stream);
    }
    if (conn->state == CONN_IDLE && buf_len(&conn->in) > 0 && !is_choked(conn))
        worker_defer(worker_of(conn), &conn->task);
    conn_watch(conn);
}

/* Half a head came in time: 408, so that the client knows why. */
static void head_too_slow(struct conn *conn)
{
    struct err err = {0};
    struct span rest = {NULL, 0};
    fail(&err, REASON_REQUEST_TIMEOUT, "no whole head within %lld ms", (long long)conn->service->settings.head_ms);
    begin_refused(conn, NULL, &rest, &err);
    conn_watch(conn);
}

static void body_too_slow(struct conn *conn)
{
    struct err err = {0};
    struct span rest = {NULL, 0};
    fail(&err, REASON_REQUEST_TIMEOUT, "no byte of the body within %lld ms",
         (long long)conn->service->settings.idle_ms);
    break_body(conn, &rest, &err);
    conn_watch(conn);
}

static void on_deadline(struct deadline *deadline)
{
    struct conn *conn = CONTAINER_OF(deadline, conn, deadline);
    switch (conn->state) {
    case CONN_IDLE: conn_close(conn, REASON_IDLE); return;
    case CONN_HEAD: head_too_slow(conn); return;
    case CONN_BODY:
        if (buf_len(&conn->out) == 0) {
            body_too_slow(conn);
            return;
        }
        conn_close(conn, REASON_CLIENT_TIMEOUT);
        return;
    case CONN_ANSWER:
    case CONN_FLUSH:
    case CONN_LINGER: conn_close(conn, REASON_CLIENT_TIMEOUT); return;
    case CONN_CLOSED: return;
    }
}

static void note_peer(struct conn *conn, const struct sockaddr *peer)
{
    const void *at = peer->sa_family == AF_INET6
                         ? (const void *)&((const struct sockaddr_in6 *)(const void *)peer)->sin6_addr
                         : (const void *)&((const struct sockaddr_in *)(const void *)peer)->sin_addr;
    if (inet_ntop(peer->sa_family, at, conn->peer, sizeof conn->peer) != NULL)
        conn->peer_len = (unsigned char)strlen(conn->peer);
}

static void count(struct service *service, struct metric_series *series)
{
    if (series != NULL)
        metric_add(series, service->worker->index, 1);
}

void service_accept(struct service *service, int fd, const struct sockaddr *peer)
{
    const int on = 1;
    struct conn *conn = service->count < service->settings.connections_max ? calloc(1, sizeof *conn) : NULL;
    if (conn == NULL) {
        struct transport transport = {fd, NULL};
        count(service, service->metrics.refused);
        transport_close(&transport);
        return;
    }
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    conn->magic = CONN_MAGIC;
    conn->service = service;
    conn->transport.fd = fd;
    conn->deadline.run = on_deadline;
    conn->task.run = run_task;
    conn->grave.bury = conn_bury;
    note_peer(conn, peer);
    h1_init(&conn->h1, H1_REQUESTS, &service->settings.limits);
    event_assign(&conn->read_event, service->worker->base, fd, EV_READ | EV_PERSIST, on_readable, conn);
    event_assign(&conn->write_event, service->worker->base, fd, EV_WRITE | EV_PERSIST, on_writable, conn);
    list_append(&service->conns, &conn->link);
    service->count++;
    count(service, service->metrics.accepted);
    count_open(service, 1);
    start_deadline(conn, &service->head_class);
    conn_watch(conn);
}
