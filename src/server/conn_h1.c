/* SPDX-License-Identifier: Apache-2.0 */
/* HTTP/1 on a client connection: one request after the other, each a stream; the next begins when the answer is whole.
 *
 * Input lies in the worker's scratch when it is handled in the turn that read it, and moves to a buffer of the connection's own
 * only when something must wait; so an idle connection holds no buffer.
 */
#include "conn_h1_int.h"

enum turn { GO_ON, WAIT, ENDED };

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
    case CONN_BODY:
    case CONN_TUNNEL: return conn->stream->wants_body;
    case CONN_ANSWER: return buf_len(&conn->in) == 0; /* one read ahead of a pipelining client, no more */
    case CONN_LINGER:
    case CONN_OPENING:
    case CONN_FLUSH:
    case CONN_CLOSED: return false;
    }
    return false;
}

static size_t read_bytes_max(const struct conn *conn)
{
    bool is_body = conn->state == CONN_BODY || conn->state == CONN_TUNNEL;
    return is_body ? service_high_bytes(conn->service) : SIZE_MAX;
}

/* A body that is wanted is waited for; time in which it is held back is not the client's. */
void conn_h1_pace_body(struct conn *conn)
{
    int64_t now_ms = worker_now(conn_worker(conn))->mono_ms;
    if (conn->state == CONN_BODY && conn->stream->wants_body) {
        pace_start(&conn->body_pace, now_ms);
        conn_start_deadline(conn, &conn->service->pace_class);
    } else {
        pace_stop(&conn->body_pace, now_ms);
        deadline_cancel(&conn->deadline);
    }
}

static void await_next_request(struct conn *conn)
{
    conn->state = CONN_IDLE;
    h1_next(&conn->h1);
    conn_start_deadline(conn, &conn->service->idle_class);
    if (buf_len(&conn->in) > 0 && !conn->is_stepping)
        worker_defer(conn_worker(conn), &conn->task);
    else if (conn->has_end && !conn->is_stepping)
        conn_end(conn);
    conn_watch(conn);
}

void conn_h1_finished(struct conn *conn, struct stream *stream)
{
    bool is_answered = stream->is_answer_whole && !conn->is_broken;
    conn->stream = NULL;
    conn->is_full = false;
    if (conn->state == CONN_CLOSED)
        return;
    if (!is_answered)
        conn_abort(conn);
    else if (conn->wants_close || !stream->is_request_whole || conn->service->is_draining)
        conn_end(conn);
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
    deadline_cancel(&conn->deadline);
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
    deadline_cancel(&conn->deadline);
    conn->body_pace = (struct pace){0};
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
            conn_start_deadline(conn, &conn->service->head_class);
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
        conn->body_pace.bytes += piece.len;
        conn->service->handler->body(stream, piece);
        return conn->state == CONN_CLOSED ? ENDED : GO_ON;
    case H1_END:
        stream->is_request_whole = true;
        conn->state = CONN_ANSWER;
        deadline_cancel(&conn->deadline);
        return GO_ON;
    case H1_BROKEN: break;
    }
    return break_body(conn, rest, &err);
}

/* Raw bytes, as they are; what comes while they are not wanted waits. */
static enum turn step_tunnel(struct conn *conn, struct span *rest)
{
    struct span piece = *rest;
    if (!conn->stream->wants_body || rest->len == 0)
        return WAIT;
    *rest = span_from(*rest, rest->len);
    conn->stream->body_bytes += piece.len;
    conn->service->handler->body(conn->stream, piece);
    return conn->state == CONN_CLOSED ? ENDED : GO_ON;
}

static enum turn step(struct conn *conn, struct span *rest)
{
    switch (conn->state) {
    case CONN_IDLE:
    case CONN_HEAD: return step_head(conn, rest);
    case CONN_BODY: return step_body(conn, rest);
    case CONN_TUNNEL: return step_tunnel(conn, rest);
    case CONN_ANSWER: return WAIT;
    case CONN_FLUSH:
    case CONN_LINGER: *rest = span_from(*rest, rest->len); return WAIT;
    case CONN_OPENING:
    case CONN_CLOSED: return ENDED;
    }
    return ENDED;
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
    if (!conn_keep(conn, rest, is_scratch)) {
        conn_close(conn, REASON_OUT_OF_MEMORY);
        return;
    }
    hand_over_batch(conn);
    conn_h1_continue(conn);
    conn_watch(conn);
}

static void run_task(struct task *task)
{
    struct conn *conn = CONTAINER_OF(task, conn, task);
    feed(conn, buf_span(&conn->in), false);
    if (conn->state == CONN_IDLE && conn->has_end)
        conn_end(conn);
}

/* Nothing more comes from the client; what goes to it goes on. */
static void end_input(struct conn *conn)
{
    if (buf_len(&conn->in) > 0)
        feed(conn, buf_span(&conn->in), false);
    if (conn->state != CONN_TUNNEL)
        return;
    conn->stream->is_request_whole = true;
    conn->service->handler->batch(conn->stream, true);
    conn_watch(conn);
}

/* A whole request is still answered, half of one is not. */
static void on_end(struct conn *conn)
{
    switch (conn->state) {
    case CONN_ANSWER: conn_watch(conn); return;
    case CONN_TUNNEL: end_input(conn); return;
    case CONN_IDLE:
    case CONN_HEAD:
        if (buf_len(&conn->out) > 0) {
            conn_end(conn);
            return;
        }
        conn_close(conn, REASON_CLIENT_GONE);
        return;
    case CONN_BODY: conn_close(conn, REASON_CLIENT_GONE); return;
    case CONN_OPENING:
    case CONN_FLUSH:
    case CONN_LINGER:
    case CONN_CLOSED: return;
    }
}

static void on_bytes(struct conn *conn, struct span bytes, bool is_scratch)
{
    if (conn->state == CONN_BODY)
        conn->body_pace.moved_ms = worker_now(conn_worker(conn))->mono_ms;
    feed(conn, bytes, is_scratch);
}

/* A request that lies in the socket already was sent to an open connection: it is read and answered first.  Not into scratch,
 * which whoever drains may be using.
 */
static void drain(struct conn *conn)
{
    conn->wants_close = true;
    if (conn->state == CONN_IDLE && conn->is_reading && !conn->is_stepping)
        conn_read(conn, false);
    if (conn->state != CONN_IDLE || buf_len(&conn->in) > 0)
        return;
    if (buf_len(&conn->out) > 0)
        conn_end(conn);
    else
        conn_close(conn, REASON_DRAIN);
}

static void on_flushed(struct conn *conn)
{
    bool is_empty = buf_len(&conn->out) == 0;
    if (is_empty && conn->state == CONN_TUNNEL && conn->stream->is_answer_whole)
        conn_end_writing(conn);
    if (is_empty && conn->state == CONN_IDLE)
        conn_start_deadline(conn, &conn->service->idle_class);
    if (conn->is_full && conn->stream != NULL && buf_len(&conn->out) <= service_low_bytes(conn->service)) {
        conn->is_full = false;
        conn->service->handler->drained(conn->stream);
    }
    if (conn->state == CONN_IDLE && buf_len(&conn->in) > 0 && !is_choked(conn))
        worker_defer(conn_worker(conn), &conn->task);
}

/* Half a head came in time: 408, so that the client knows why. */
static void head_too_slow(struct conn *conn)
{
    struct err err = {0};
    struct span rest = {NULL, 0};
    fail(&err, REASON_REQUEST_TIMEOUT, "no whole head within %lld ms", (long long)conn->service->settings.head_ms);
    conn_count(conn, conn->service->metrics.late_heads);
    begin_refused(conn, NULL, &rest, &err);
    conn_watch(conn);
}

static void body_too_slow(struct conn *conn, int64_t now_ms)
{
    struct err err = {0};
    struct span rest = {NULL, 0};
    const struct pace *pace = &conn->body_pace;
    fail(&err, REASON_REQUEST_TIMEOUT, "%llu bytes of the body in %lld ms, the last %lld ms ago",
         (unsigned long long)pace->bytes, (long long)pace_waited_ms(pace, now_ms),
         (long long)(now_ms - pace->moved_ms));
    conn_count(conn, conn->service->metrics.late_bodies);
    break_body(conn, &rest, &err);
    conn_watch(conn);
}

static void look_at_pace(struct conn *conn)
{
    int64_t now_ms = worker_now(conn_worker(conn))->mono_ms;
    const struct pace_limits limits = conn_pace_limits(conn);
    if (pace_is_over(&conn->body_pace, &limits, now_ms))
        body_too_slow(conn, now_ms);
    else
        conn_start_deadline(conn, &conn->service->pace_class);
}

static void on_expired(struct conn *conn)
{
    switch (conn->state) {
    case CONN_IDLE:
        if (buf_len(&conn->out) == 0)
            conn_close(conn, REASON_IDLE);
        return; /* else it is not idle yet */
    case CONN_HEAD: head_too_slow(conn); return;
    case CONN_BODY: look_at_pace(conn); return;
    case CONN_ANSWER:
    case CONN_TUNNEL:
    case CONN_OPENING:
    case CONN_FLUSH:
    case CONN_LINGER:
    case CONN_CLOSED: return;
    }
}

static void on_gone(struct conn *conn, enum reason why)
{
    list_remove(&conn->task.link);
    if (conn->stream != NULL)
        conn->service->handler->gone(conn->stream, why);
    assert(conn->stream == NULL);
}

void conn_h1_start(struct conn *conn)
{
    conn->protocol = &conn_h1_protocol;
    conn->state = CONN_IDLE;
    conn->task.run = run_task;
    h1_init(&conn->h1, H1_REQUESTS, &conn->service->settings.limits);
}

const struct conn_protocol conn_h1_protocol = {.wants_input = wants_input,
                                               .read_bytes_max = read_bytes_max,
                                               .bytes = on_bytes,
                                               .ended = on_end,
                                               .expired = on_expired,
                                               .flushed = on_flushed,
                                               .drain = drain,
                                               .gone = on_gone,
                                               .answer = conn_h1_answer,
                                               .piece = conn_h1_piece,
                                               .upgrade = conn_h1_upgrade,
                                               .interim = conn_h1_interim,
                                               .want_body = conn_h1_want_body,
                                               .pending = conn_h1_pending,
                                               .finish = conn_h1_finish};
