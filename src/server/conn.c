/* SPDX-License-Identifier: Apache-2.0 */
/* A client connection, whatever it speaks: accepted, read, written, ended in one way. */
#include "conn_int.h"

#include "base/log.h"

#include <netinet/in.h>
#include <netinet/tcp.h>

enum { READ_MORE_BYTES = 16384 };

static bool wants_input(const struct conn *conn)
{
    switch (conn->state) {
    case CONN_LINGER: return true;
    case CONN_OPENING: return conn_open_wants_input(conn);
    case CONN_FLUSH:
    case CONN_CLOSED: return false;
    case CONN_IDLE:
    case CONN_HEAD:
    case CONN_BODY:
    case CONN_ANSWER:
    case CONN_TUNNEL: break;
    }
    return conn->protocol->wants_input(conn);
}

static bool wants_output(const struct conn *conn)
{
    return buf_len(&conn->out) > 0 || conn->is_read_blocked || conn->state == CONN_FLUSH ||
           (conn->state == CONN_TUNNEL && conn->owes_end) ||
           (conn->state == CONN_OPENING && conn_open_wants_output(conn));
}

void conn_watch(struct conn *conn)
{
    if (conn->state == CONN_CLOSED)
        return;
    bool was_reading = conn->is_reading;
    worker_watch(&conn->read_event, &conn->is_reading, !conn->has_end && !conn->is_read_blocked && wants_input(conn));
    worker_watch(&conn->write_event, &conn->is_writing, wants_output(conn));
    if (conn->is_reading && !was_reading && transport_pending(&conn->transport))
        worker_again(conn_worker(conn), &conn->read_event); /* what TLS holds already no socket tells of */
}

static void conn_bury(struct grave *grave)
{
    struct conn *conn = CONTAINER_OF(grave, conn, grave);
    if (conn->protocol != NULL && conn->protocol->fini != NULL)
        conn->protocol->fini(conn);
    conn_open_free(conn);
    free(conn->certificate);
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

/* Whether the client could take what it got of an answer for all of it: some end where the connection does (RFC 9112 6.3).  In HTTP/2
 * a frame tells of the end.
 */
static bool is_cut(const struct conn *conn)
{
    const struct stream *stream = conn->stream;
    bool is_begun = stream != NULL && stream->has_answer && !stream->is_answer_whole;
    return is_begun || (conn->protocol == &conn_h1_protocol && buf_len(&conn->out) > 0);
}

void conn_close(struct conn *conn, enum reason why)
{
    if (conn->state == CONN_CLOSED)
        return;
    bool is_orderly = (conn->state == CONN_IDLE || conn->state == CONN_LINGER) && buf_len(&conn->out) == 0;
    if (is_cut(conn))
        transport_reset(&conn->transport);
    else if (!is_orderly)
        transport_hush(&conn->transport);
    conn->state = CONN_CLOSED;
    deadline_cancel(&conn->deadline);
    deadline_cancel(&conn->out_deadline);
    list_remove(&conn->link);
    worker_watch(&conn->read_event, &conn->is_reading, false);
    worker_watch(&conn->write_event, &conn->is_writing, false);
    if (conn->protocol != NULL)
        conn->protocol->gone(conn, why);
    transport_close(&conn->transport);
    conn_leave(conn);
    conn->service->count--;
    count_open(conn->service, -1);
    worker_bury(conn_worker(conn), &conn->grave);
    service_emptied(conn->service);
}

void conn_abort(struct conn *conn)
{
    transport_reset(&conn->transport);
    conn_close(conn, REASON_CLIENT_GONE);
}

void conn_start_deadline(struct conn *conn, struct deadline_class *class)
{
    deadline_start(conn_worker(conn), class, &conn->deadline);
}

static void linger(struct conn *conn)
{
    if (transport_end_writing(&conn->transport) == IO_WANT_WRITE) {
        conn->state = CONN_FLUSH;
        conn_start_deadline(conn, &conn->service->idle_class);
        conn_watch(conn);
        return;
    }
    conn->state = CONN_LINGER;
    if (conn->has_end) {
        conn_close(conn, REASON_NONE);
        return;
    }
    conn_start_deadline(conn, &conn->service->linger_class);
    buf_fini(&conn->in);
    conn_watch(conn);
}

void conn_end(struct conn *conn)
{
    if (buf_len(&conn->out) == 0) {
        linger(conn);
        return;
    }
    conn->state = CONN_FLUSH;
    deadline_cancel(&conn->deadline); /* that of the output runs */
    conn_watch(conn);
}

void conn_end_writing(struct conn *conn)
{
    conn->owes_end = transport_end_writing(&conn->transport) == IO_WANT_WRITE;
    conn_watch(conn);
}

struct pace_limits conn_pace_limits(const struct conn *conn)
{
    const struct service_settings *settings = &conn->service->settings;
    return (struct pace_limits){settings->body_ms, settings->body_rate, settings->idle_ms};
}

void conn_count(const struct conn *conn, struct metric_series *series)
{
    if (series != NULL)
        metric_add(series, conn_worker(conn)->index, 1);
}

/* From here on it is the client's turn to take what is pending. */
static void start_output(struct conn *conn)
{
    conn->out_pace = (struct pace){0};
    pace_start(&conn->out_pace, worker_now(conn_worker(conn))->mono_ms);
    deadline_start(conn_worker(conn), &conn->service->pace_class, &conn->out_deadline);
}

static void on_output_deadline(struct deadline *deadline)
{
    struct conn *conn = CONTAINER_OF(deadline, conn, out_deadline);
    const struct pace_limits limits = conn_pace_limits(conn);
    if (!pace_is_over(&conn->out_pace, &limits, worker_now(conn_worker(conn))->mono_ms)) {
        deadline_start(conn_worker(conn), &conn->service->pace_class, &conn->out_deadline);
        return;
    }
    conn_count(conn, conn->service->metrics.late_answers);
    conn_close(conn, REASON_CLIENT_TIMEOUT);
}

/* Pending output as far as the client takes it now; false: the connection is broken. */
static bool flush_output(struct conn *conn)
{
    size_t before = buf_len(&conn->out);
    bool is_ok = transport_flush(&conn->transport, &conn->out);
    size_t taken = before - buf_len(&conn->out);
    if (taken > 0)
        pace_move(&conn->out_pace, worker_now(conn_worker(conn))->mono_ms, taken);
    if (buf_len(&conn->out) == 0)
        deadline_cancel(&conn->out_deadline);
    return is_ok;
}

/* Moves the pieces on by what was written. */
static void advance(struct iovec *pieces, int count, size_t done)
{
    for (int i = 0; i < count && done > 0; i++) {
        size_t part = done < pieces[i].iov_len ? done : pieces[i].iov_len;
        pieces[i].iov_base = (char *)pieces[i].iov_base + part;
        pieces[i].iov_len -= part;
        done -= part;
    }
}

static bool keep_rest(struct conn *conn, const struct iovec *pieces, int count)
{
    bool was_empty = buf_len(&conn->out) == 0;
    for (int i = 0; i < count; i++)
        if (!buf_add(&conn->out, pieces[i].iov_base, pieces[i].iov_len))
            return false;
    if (was_empty && buf_len(&conn->out) > 0) {
        start_output(conn);
        conn_watch(conn);
    }
    return true;
}

bool conn_send(struct conn *conn, struct iovec *pieces, int count)
{
    size_t total = 0;
    size_t done = 0;
    for (int i = 0; i < count; i++)
        total += pieces[i].iov_len;
    if (total > 0 && buf_len(&conn->out) == 0) {
        enum io io = transport_write(&conn->transport, pieces, count, &done);
        if (io == IO_FAILED || io == IO_END)
            return false;
    }
    if (done == total)
        return true;
    advance(pieces, count, done);
    return keep_rest(conn, pieces, count);
}

bool conn_keep(struct conn *conn, struct span rest, bool is_scratch)
{
    if (!is_scratch)
        buf_take(&conn->in, buf_len(&conn->in) - rest.len);
    else if (rest.len > 0 && !buf_add_span(&conn->in, rest))
        return false;
    if (buf_len(&conn->in) == 0)
        buf_fini(&conn->in);
    return true;
}

static void on_end(struct conn *conn)
{
    conn->has_end = true;
    conn->wants_close = true;
    switch (conn->state) {
    case CONN_FLUSH: conn_watch(conn); return;
    case CONN_OPENING:
    case CONN_LINGER: conn_close(conn, REASON_CLIENT_GONE); return;
    case CONN_CLOSED: return;
    case CONN_IDLE:
    case CONN_HEAD:
    case CONN_BODY:
    case CONN_ANSWER:
    case CONN_TUNNEL: break;
    }
    conn->protocol->ended(conn);
}

static void on_bytes(struct conn *conn, size_t got, bool is_scratch)
{
    if (conn->state == CONN_LINGER)
        return;
    if (!is_scratch)
        conn->in.end += got;
    conn->protocol->bytes(conn, is_scratch ? span_of(conn_worker(conn)->scratch, got) : buf_span(&conn->in),
                          is_scratch);
    if (conn->state != CONN_CLOSED && conn->is_reading && transport_pending(&conn->transport))
        worker_again(conn_worker(conn), &conn->read_event);
}

static void on_broken(struct conn *conn)
{
    if (transport_is_flooded(&conn->transport)) {
        conn_count(conn, conn->service->metrics.tls_floods);
        if (service_may_tell(conn->service))
            LOG_EVENT(LOG_WARNING, "tls-flood", LOG_TEXT("client", span_of(conn->peer, conn->peer_len)));
    }
    conn_close(conn, REASON_CLIENT_GONE);
}

void conn_read(struct conn *conn, bool is_scratch)
{
    size_t got = 0;
    if (!is_scratch && !buf_reserve(&conn->in, READ_MORE_BYTES)) {
        conn_close(conn, REASON_OUT_OF_MEMORY);
        return;
    }
    char *at = is_scratch ? conn_worker(conn)->scratch : conn->in.at + conn->in.end;
    size_t size = is_scratch ? WORKER_SCRATCH_BYTES : conn->in.size - conn->in.end;
    size_t most = conn->state == CONN_LINGER ? size : conn->protocol->read_bytes_max(conn);
    switch (transport_read(&conn->transport, at, size < most ? size : most, &got)) {
    case IO_OK: on_bytes(conn, got, is_scratch); return;
    case IO_END: on_end(conn); return;
    case IO_FAILED: on_broken(conn); return;
    case IO_WANT_READ: return;
    case IO_WANT_WRITE:
        conn->is_read_blocked = true;
        conn_watch(conn);
        return;
    }
}

static void on_readable(evutil_socket_t fd, short what, void *context)
{
    struct conn *conn = CHECKED(context, conn, CONN_MAGIC);
    (void)fd;
    (void)what;
    if (conn->state == CONN_OPENING)
        conn_open(conn);
    else
        conn_read(conn, buf_len(&conn->in) == 0);
}

void conn_drain(struct conn *conn)
{
    if (conn->state == CONN_OPENING)
        conn->wants_close = true;
    else if (conn->state < CONN_FLUSH)
        conn->protocol->drain(conn);
}

static void on_writable(evutil_socket_t fd, short what, void *context)
{
    struct conn *conn = CHECKED(context, conn, CONN_MAGIC);
    (void)fd;
    (void)what;
    if (conn->state == CONN_OPENING) {
        conn_open(conn);
        return;
    }
    conn->is_read_blocked = false;
    if (conn->state == CONN_LINGER) {
        conn_watch(conn);
        return;
    }
    if (!flush_output(conn)) {
        conn_close(conn, REASON_CLIENT_GONE);
        return;
    }
    if (conn->state != CONN_FLUSH)
        conn->protocol->flushed(conn);
    else if (buf_len(&conn->out) == 0)
        linger(conn);
    conn_watch(conn);
}

static void on_deadline(struct deadline *deadline)
{
    struct conn *conn = CONTAINER_OF(deadline, conn, deadline);
    switch (conn->state) {
    case CONN_OPENING: conn_open_expired(conn); return;
    case CONN_FLUSH:
    case CONN_LINGER: conn_close(conn, REASON_CLIENT_TIMEOUT); return;
    case CONN_CLOSED: return;
    case CONN_IDLE:
    case CONN_HEAD:
    case CONN_BODY:
    case CONN_ANSWER:
    case CONN_TUNNEL: break;
    }
    conn->protocol->expired(conn);
}

static void count(struct service *service, struct metric_series *series)
{
    if (series != NULL)
        metric_add(series, service->worker->index, 1);
}

void service_accept(struct service *service, int fd, const struct sockaddr *peer, const struct entrance *entrance)
{
    const int on = 1;
    struct conn *conn = service->count < service->settings.connections_max ? calloc(1, sizeof *conn) : NULL;
    if (conn == NULL) {
        struct transport transport = {.fd = fd};
        count(service, service->metrics.refused);
        transport_close(&transport);
        return;
    }
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    conn->magic = CONN_MAGIC;
    conn->service = service;
    conn->transport.fd = fd;
    conn->deadline.run = on_deadline;
    conn->out_deadline.run = on_output_deadline;
    conn->grave.bury = conn_bury;
    conn_set_peer(conn, peer);
    event_assign(&conn->read_event, service->worker->base, fd, EV_READ | EV_PERSIST, on_readable, conn);
    event_assign(&conn->write_event, service->worker->base, fd, EV_WRITE | EV_PERSIST, on_writable, conn);
    list_append(&service->conns, &conn->link);
    service->count++;
    count(service, service->metrics.accepted);
    count_open(service, 1);
    conn_start_deadline(conn, &service->head_class);
    bool has_header = entrance != NULL && entrance->has_proxy_header; /* which tells the client's address */
    if (!has_header && !conn_admit(conn))
        conn_close(conn, REASON_CLIENT_GONE);
    else if (!conn_open_begin(conn, entrance))
        conn_close(conn, REASON_OUT_OF_MEMORY);
    conn_watch(conn);
}
