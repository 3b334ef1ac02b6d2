/* SPDX-License-Identifier: Apache-2.0 */
/* HTTP/2 on a client connection: many requests at the same time, each a stream in a lane of its own.
 *
 * What comes in is read to its end in the turn that read it.  What goes out is gathered at the end of a turn: heads, control frames,
 * and of each body as much as windows allow, by turns; while the socket takes no more, bodies wait in their lanes.
 *
 * A connection holds at most 4 buffers of bodies that are not wanted yet and as many on the way (limits.body_buffer halved is a
 * window), of answers 4 such halves and 16 KiB a stream, beside a head for each stream.
 */
#include "conn_h2_int.h"

enum { GATHER_BYTES = 65536, RECORD_BYTES = 16384, WINDOW_BYTES_MIN = 65535, WINDOW_BYTES_MAX = 1 << 24 };

static const struct conn_protocol conn_h2_protocol;

static void count_moved(const struct conn *conn, struct metric_series *series, int64_t amount)
{
    if (series != NULL)
        metric_move(series, conn->service->worker->index, amount);
}

static bool is_over(const struct conn *conn)
{
    return conn->h2->is_ending || conn->state >= CONN_FLUSH;
}

void conn_h2_send_soon(struct conn *conn)
{
    if (!is_over(conn))
        worker_defer(conn_worker(conn), &conn->h2->task);
}

/* TLS takes a record at a time; what goes beyond would be copied once more. */
static bool send_gathered(struct conn *conn, struct span bytes)
{
    size_t most = conn->transport.tls == NULL ? GATHER_BYTES * 2 : RECORD_BYTES;
    while (bytes.len > 0) {
        struct span part = span_cut(bytes, most);
        struct iovec piece = {(void *)(uintptr_t)part.at, part.len};
        if (!conn_send(conn, &piece, 1))
            return false;
        bytes = span_from(bytes, part.len);
    }
    return true;
}

/* One write's worth; `*sent` 0: there is nothing. */
static bool send_some(struct conn *conn, size_t *sent)
{
    struct buf *pen = &conn->service->pen;
    struct span frame;
    buf_clear(pen);
    while (buf_len(pen) < GATHER_BYTES && (frame = h2_write(conn->h2->codec)).len > 0)
        buf_add_span(pen, frame);
    *sent = buf_len(pen);
    return !pen->is_broken && send_gathered(conn, buf_span(pen));
}

static bool send_all(struct conn *conn)
{
    size_t sent = 1;
    bool is_ok = true;
    while (is_ok && sent > 0 && buf_len(&conn->out) == 0)
        is_ok = send_some(conn, &sent);
    return is_ok;
}

static void lose_all(struct conn *conn, enum reason why)
{
    struct list *first;
    while ((first = list_first(&conn->h2->lanes)) != NULL)
        lane_lose(CONTAINER_OF(first, lane, link), why);
}

static void stop_waiting(struct conn *conn)
{
    deadline_cancel(&conn->h2->notice);
    deadline_cancel(&conn->deadline);
    list_remove(&conn->h2->task.link);
}

/* Sends the last words and ends; streams that are left are lost. */
static void end(struct conn *conn, enum h2_ending ending, enum reason why)
{
    size_t sent;
    if (is_over(conn))
        return;
    conn->h2->is_ending = true;
    conn_count(conn, conn->service->metrics.h2_endings[ending]);
    lose_all(conn, why);
    stop_waiting(conn);
    if (send_some(conn, &sent))
        conn_end(conn);
    else
        conn_close(conn, REASON_CLIENT_GONE);
}

static void end_faulty(struct conn *conn)
{
    enum h2_code code = h2_error(conn->h2->codec);
    bool is_flood = code == H2_ENHANCE_YOUR_CALM;
    if (service_may_tell(conn->service))
        LOG_EVENT(LOG_INFO, "http2-refused", LOG_TEXT("client", span_of(conn->peer, conn->peer_len)),
                  LOG_STR("code", h2_code_name(code)), LOG_STR("error", h2_error_text(conn->h2->codec)));
    end(conn, is_flood ? H2_ENDED_FLOOD : H2_ENDED_PROTOCOL, REASON_BAD_REQUEST);
}

/* Time for a head runs from its begin on, and each has its own: a busy client's reads may end within one again and again.  Time without
 * a request runs from the last one's end.
 */
static void watch_time(struct conn *conn)
{
    struct conn_h2 *h2 = conn->h2;
    enum h2_timing timing = h2->lane_count == 0 ? H2_AWAITS_REQUEST : H2_AWAITS_NOTHING;
    if (h2_awaits_head(h2->codec))
        timing = H2_AWAITS_HEAD;
    conn->state = h2->lane_count == 0 ? CONN_IDLE : CONN_ANSWER;
    if (timing == h2->timing && (timing != H2_AWAITS_HEAD || h2->timed_block == h2_blocks(h2->codec)))
        return;
    h2->timing = timing;
    h2->timed_block = h2_blocks(h2->codec);
    if (timing == H2_AWAITS_NOTHING)
        deadline_cancel(&conn->deadline);
    else
        conn_start_deadline(conn, timing == H2_AWAITS_HEAD ? &conn->service->head_class : &conn->service->idle_class);
}

static void tell_last(struct conn *conn)
{
    struct conn_h2 *h2 = conn->h2;
    deadline_cancel(&h2->notice);
    h2->is_last_told = true;
    h2_goaway(h2->codec, H2_NO_ERROR);
    conn_h2_send_soon(conn);
}

/* Does what follows from what was read or sent. */
static void settle(struct conn *conn)
{
    struct conn_h2 *h2 = conn->h2;
    struct list *first;
    while ((first = list_first(&h2->touched)) != NULL)
        lane_settle(CONTAINER_OF(first, lane, touched));
    if (h2->is_noticed && !h2->is_last_told && h2_is_noticed(h2->codec))
        tell_last(conn);
    watch_time(conn);
}

/* Streams that were reset are over before the next frame is looked at: a client must not have more of them than it may. */
static void settle_closed(struct conn_h2 *h2)
{
    struct list *first;
    while ((first = list_first(&h2->touched)) != NULL && CONTAINER_OF(first, lane, touched)->is_closed)
        lane_settle(CONTAINER_OF(first, lane, touched));
}

static void run_task(struct task *task)
{
    struct conn_h2 *h2 = CONTAINER_OF(task, conn_h2, task);
    struct conn *conn = h2->conn;
    if (is_over(conn))
        return;
    if (!send_all(conn)) {
        conn_close(conn, REASON_CLIENT_GONE);
        return;
    }
    settle(conn);
    if (h2_error(h2->codec) != H2_NO_ERROR)
        end_faulty(conn);
    else if (h2->lane_count == 0 && (h2->is_last_told || h2_is_done(h2->codec)))
        end(conn, h2->is_last_told ? H2_ENDED_DRAIN : H2_ENDED_BY_CLIENT, REASON_NONE);
    conn_watch(conn);
}

static void on_notice_deadline(struct deadline *deadline)
{
    struct conn_h2 *h2 = CONTAINER_OF(deadline, conn_h2, notice);
    if (!h2->is_last_told)
        tell_last(h2->conn);
}

/* RFC 9113 6.8: streams that the client opens before it knows are still served. */
static void notice(struct conn *conn)
{
    struct conn_h2 *h2 = conn->h2;
    if (h2->is_noticed)
        return;
    h2->is_noticed = true;
    h2_notice(h2->codec);
    deadline_start(conn_worker(conn), &conn->service->linger_class, &h2->notice);
    conn_h2_send_soon(conn);
}

static void begin_stream(struct conn *conn, const struct h2_event *event)
{
    struct err err = {0};
    struct service *service = conn->service;
    struct lane *lane = lane_make(conn, event->id);
    if (lane == NULL) {
        h2_reset(conn->h2->codec, event->id, H2_REFUSED_STREAM);
        return;
    }
    struct stream *stream = &lane->stream;
    bool is_right = h2_take_head(conn->h2->codec, &stream->arena, &stream->head, &err);
    count_moved(conn, service->metrics.h2_streams, 1);
    lane->has_all_in = event->is_end;
    lane->has_continued = !stream->head.expects_continue || event->is_end;
    if (service->is_draining)
        notice(conn);
    lane_begin(lane, is_right ? NULL : &err);
}

static void break_stream(struct lane *lane, const struct err *err)
{
    lane->has_all_in = true;
    if (!lane->is_finished && !lane->is_unborn)
        lane_break(lane, err);
}

/* False: nothing more is read. */
static bool act(struct conn *conn, enum h2_step step, const struct h2_event *event, const struct err *err)
{
    switch (step) {
    case H2_HEAD: begin_stream(conn, event); return true;
    case H2_PIECE: lane_take(event->user, event->piece, event->is_end); return true;
    case H2_BAD: break_stream(event->user, err); return true;
    case H2_MORE:
    case H2_OVER: break;
    }
    return false;
}

static void on_bytes(struct conn *conn, struct span bytes, bool is_scratch)
{
    struct conn_h2 *h2 = conn->h2;
    struct span rest = bytes;
    struct h2_event event;
    struct err err;
    int64_t now_ms = worker_now(conn_worker(conn))->mono_ms;
    uint64_t refused = h2_refused(h2->codec);
    while (act(conn, h2_read(h2->codec, now_ms, &rest, &event, &err), &event, &err))
        settle_closed(h2);
    settle_closed(h2);
    if (conn->service->metrics.h2_refused != NULL)
        metric_add(conn->service->metrics.h2_refused, conn_worker(conn)->index, h2_refused(h2->codec) - refused);
    if (!conn_keep(conn, span_from(bytes, bytes.len), is_scratch)) {
        conn_close(conn, REASON_OUT_OF_MEMORY);
        return;
    }
    settle(conn);
    conn_h2_send_soon(conn);
    conn_watch(conn);
}

static bool wants_input(const struct conn *conn)
{
    return !is_over(conn);
}

static size_t read_bytes_max(const struct conn *conn)
{
    (void)conn;
    return SIZE_MAX;
}

/* A client of HTTP/2 says by GOAWAY that it asks no more, and reads on: one that ends its side does neither, and cannot open windows. */
static void on_ended(struct conn *conn)
{
    conn_count(conn, conn->service->metrics.h2_endings[H2_ENDED_BY_CLIENT]);
    conn_close(conn, REASON_CLIENT_GONE);
}

static void on_expired(struct conn *conn)
{
    bool is_head = conn->h2->timing == H2_AWAITS_HEAD;
    if (is_head)
        conn_count(conn, conn->service->metrics.late_heads);
    h2_goaway(conn->h2->codec, H2_NO_ERROR);
    end(conn, is_head ? H2_ENDED_LATE : H2_ENDED_IDLE, REASON_CLIENT_TIMEOUT);
}

static void on_flushed(struct conn *conn)
{
    conn_h2_send_soon(conn);
}

/* What lies in the socket already was sent to an open connection. */
static void drain(struct conn *conn)
{
    conn->wants_close = true;
    if (conn->h2->lane_count == 0 && conn->is_reading)
        conn_read(conn, false);
    if (is_over(conn))
        return;
    if (conn->h2->lane_count > 0 || h2_awaits_head(conn->h2->codec)) {
        notice(conn);
        return;
    }
    h2_goaway(conn->h2->codec, H2_NO_ERROR);
    end(conn, H2_ENDED_DRAIN, REASON_DRAIN);
}

static void on_gone(struct conn *conn, enum reason why)
{
    conn->h2->is_ending = true;
    lose_all(conn, why);
    stop_waiting(conn);
    count_moved(conn, conn->service->metrics.h2_connections, -1);
}

static void fini(struct conn *conn)
{
    h2_free(conn->h2->codec);
    free(conn->h2);
}

static struct h2 *make_codec(const struct service *service)
{
    uint32_t streams = service->settings.streams_max;
    size_t window = service_high_bytes(service);
    window = window < WINDOW_BYTES_MIN ? WINDOW_BYTES_MIN : window;
    window = window > WINDOW_BYTES_MAX ? WINDOW_BYTES_MAX : window;
    const struct h2_settings settings = {.limits = &service->settings.limits,
                                         .streams_max = streams == 0 ? SERVICE_STREAMS : streams,
                                         .window_bytes = (uint32_t)window,
                                         .connection_bytes = (uint32_t)(4 * window)};
    return h2_new(&settings, &lane_hooks);
}

bool conn_h2_start(struct conn *conn)
{
    struct conn_h2 *h2 = calloc(1, sizeof *h2);
    if (h2 == NULL)
        return false;
    h2->codec = make_codec(conn->service);
    if (h2->codec == NULL) {
        free(h2);
        return false;
    }
    h2->conn = conn;
    h2->task.run = run_task;
    h2->notice.run = on_notice_deadline;
    h2->timing = H2_AWAITS_HEAD; /* the preface, which time runs for already */
    list_init(&h2->lanes);
    list_init(&h2->touched);
    conn->h2 = h2;
    conn->protocol = &conn_h2_protocol;
    conn->state = CONN_IDLE;
    count_moved(conn, conn->service->metrics.h2_connections, 1);
    conn_h2_send_soon(conn);
    if (conn->service->is_draining) /* it was opening when that began */
        notice(conn);
    return true;
}

static const struct conn_protocol conn_h2_protocol = {.wants_input = wants_input,
                                                      .read_bytes_max = read_bytes_max,
                                                      .bytes = on_bytes,
                                                      .ended = on_ended,
                                                      .expired = on_expired,
                                                      .flushed = on_flushed,
                                                      .drain = drain,
                                                      .gone = on_gone,
                                                      .fini = fini,
                                                      .answer = lane_answer,
                                                      .piece = lane_piece,
                                                      .interim = lane_interim,
                                                      .want_body = lane_want_body,
                                                      .pending = lane_pending,
                                                      .finish = lane_finish};
