/* SPDX-License-Identifier: Apache-2.0 */
/* One request of an HTTP/2 connection: its body on the way to the handler, its time, its end.
 *
 * A client may send so much of each body unasked as its window says; that much is kept until the handler wants it.  The window of the
 * stream is given back when the handler took the bytes, so the pace of a backend is that of its client.  The window of the connection
 * is given back at once, so that one body that stands still does not hold up the others, until held_bytes_max of all of them are kept.
 */
#include "conn_h2_int.h"

enum { HELD_STREAMS = 4, HAND_OVER_BYTES = 16384, SMALL_BYTES = 1024 };

void lane_touch(struct lane *lane)
{
    if (!list_is_linked(&lane->touched))
        list_append(&lane->stream.conn->h2->touched, &lane->touched);
}

/* A body of a stated length must not end for the backend before it did for us: what DATA frames come behind it decides whether the
 * request was malformed (RFC 9113 8.1.1).
 */
static bool is_end_unsure(const struct lane *lane, size_t bytes)
{
    const struct head *head = &lane->stream.head;
    return head->body == BODY_SIZED && !lane->has_all_in && lane->stream.body_bytes + bytes >= head->body_bytes;
}

static void run_pace(struct pace *pace, bool runs, int64_t now_ms)
{
    if (runs)
        pace_start(pace, now_ms);
    else
        pace_stop(pace, now_ms);
}

void lane_watch(struct lane *lane)
{
    bool has_none = buf_len(&lane->in) == 0 || is_end_unsure(lane, buf_len(&lane->in));
    bool is_wanted = lane->stream.wants_body || lane->is_unborn;
    bool awaits_body = !lane->is_finished && is_wanted && !lane->has_all_in && has_none;
    bool awaits_window = buf_len(&lane->out) > 0 && !lane->is_closed;
    run_pace(&lane->body_pace, awaits_body, lane_now_ms(lane));
    run_pace(&lane->out_pace, awaits_window, lane_now_ms(lane));
    if (!awaits_body && !awaits_window)
        deadline_cancel(&lane->deadline);
    else if (!list_is_linked(&lane->deadline.link))
        deadline_start(lane->stream.worker, &lane->stream.conn->service->pace_class, &lane->deadline);
}

/* Bytes of the body that were kept are not any more. */
static void release_held(struct lane *lane, size_t bytes)
{
    struct conn_h2 *h2 = lane->stream.conn->h2;
    size_t owed = bytes < h2->owed_bytes ? bytes : h2->owed_bytes;
    h2->held_bytes -= bytes;
    h2->owed_bytes -= owed;
    h2_give_all(h2->codec, owed);
}

void lane_bury(struct lane *lane)
{
    struct conn *conn = lane->stream.conn;
    struct conn_h2 *h2 = conn->h2;
    h2_attach(h2->codec, lane->id, NULL);
    release_held(lane, buf_len(&lane->in));
    h2->pending_bytes -= buf_len(&lane->out);
    h2->lane_count--;
    if (conn->service->metrics.h2_streams != NULL)
        metric_move(conn->service->metrics.h2_streams, conn->service->worker->index, -1);
    list_remove(&lane->link);
    list_remove(&lane->touched);
    deadline_cancel(&lane->deadline);
    buf_fini(&lane->in);
    buf_fini(&lane->out);
    stream_bury(&lane->stream);
    conn_h2_send_soon(conn);
}

void lane_lose(struct lane *lane, enum reason why)
{
    lane->is_closed = true;
    if (!lane->is_finished && !lane->is_unborn)
        lane->stream.conn->service->handler->gone(&lane->stream, why);
    else
        lane_bury(lane);
}

static void give_birth(struct lane *lane, const struct err *err)
{
    struct service *service = lane->stream.conn->service;
    lane->is_unborn = false;
    lane->needs_batch = err == NULL;
    lane->stream.is_request_whole = lane->has_all_in;
    lane_touch(lane);
    service->handler->begin(service->context, &lane->stream, err);
}

void lane_begin(struct lane *lane, const struct err *err)
{
    lane->is_unborn = err == NULL && is_end_unsure(lane, 0);
    if (lane->is_unborn)
        lane_watch(lane);
    else
        give_birth(lane, err);
}

void lane_break(struct lane *lane, const struct err *err)
{
    lane->stream.wants_body = false;
    lane_watch(lane);
    lane->stream.conn->service->handler->broken(&lane->stream, err);
}

/* Whoever is waited for too long: a reader ends the stream, a writer is told why. */
static void on_deadline(struct deadline *deadline)
{
    struct lane *lane = CONTAINER_OF(deadline, lane, deadline);
    struct conn *conn = lane->stream.conn;
    const struct pace_limits limits = conn_pace_limits(conn);
    struct err err;
    if (pace_is_over(&lane->out_pace, &limits, lane_now_ms(lane))) {
        conn_count(conn, conn->service->metrics.late_answers);
        h2_reset(conn->h2->codec, lane->id, H2_CANCEL);
        lane_lose(lane, REASON_CLIENT_TIMEOUT);
    } else if (pace_is_over(&lane->body_pace, &limits, lane_now_ms(lane))) {
        conn_count(conn, conn->service->metrics.late_bodies);
        fail(&err, REASON_REQUEST_TIMEOUT, "the body came too slowly");
        if (lane->is_unborn)
            give_birth(lane, &err);
        else
            lane_break(lane, &err);
    } else {
        lane_watch(lane);
    }
    conn_h2_send_soon(conn);
}

struct lane *lane_make(struct conn *conn, int32_t id)
{
    struct stream *stream = stream_make_sized(conn, sizeof(struct lane));
    if (stream == NULL)
        return NULL;
    struct lane *lane = lane_of(stream);
    lane->id = id;
    lane->deadline.run = on_deadline;
    list_append(&conn->h2->lanes, &lane->link);
    conn->h2->lane_count++;
    h2_attach(conn->h2->codec, id, lane);
    return lane;
}

/* One piece for the handler, which takes it; the client may send as much again. */
static void give_piece(struct lane *lane, struct span piece)
{
    struct conn *conn = lane->stream.conn;
    lane->needs_batch = true;
    lane->stream.body_bytes += piece.len;
    h2_give(conn->h2->codec, lane->id, piece.len);
    conn->service->handler->body(&lane->stream, piece);
}

static bool keep_piece(struct lane *lane, struct span piece)
{
    struct conn_h2 *h2 = lane->stream.conn->h2;
    if (!buf_add_span(&lane->in, piece))
        return false;
    h2->held_bytes += piece.len;
    if (h2->held_bytes <= HELD_STREAMS * service_high_bytes(lane->stream.conn->service))
        h2_give_all(h2->codec, piece.len);
    else
        h2->owed_bytes += piece.len;
    return true;
}

static bool is_too_large(const struct lane *lane, size_t more)
{
    uint64_t max = lane->stream.conn->service->settings.limits.body_bytes_max;
    return max > 0 && lane->stream.body_bytes + buf_len(&lane->in) + more > max;
}

static void take_piece(struct lane *lane, struct span piece)
{
    struct err err;
    struct conn_h2 *h2 = lane->stream.conn->h2;
    if (lane->is_finished || is_too_large(lane, piece.len)) {
        h2_give_all(h2->codec, piece.len);
        fail(&err, REASON_BODY_TOO_LARGE, "a body of more bytes than limits.body");
        if (!lane->is_finished)
            lane_break(lane, &err);
        return;
    }
    bool is_small = piece.len < SMALL_BYTES; /* many such go on as one, at the end of what was read */
    if (lane->stream.wants_body && buf_len(&lane->in) == 0 && !is_small && !is_end_unsure(lane, piece.len)) {
        h2_give_all(h2->codec, piece.len);
        give_piece(lane, piece);
    } else if (!keep_piece(lane, piece)) {
        h2_give_all(h2->codec, piece.len);
        fail(&err, REASON_OUT_OF_MEMORY, "no memory for a body");
        lane_break(lane, &err);
    }
}

void lane_take(struct lane *lane, struct span piece, bool is_end)
{
    lane->has_all_in |= is_end;
    lane->has_continued |= piece.len > 0;
    pace_move(&lane->body_pace, lane_now_ms(lane), piece.len);
    if (piece.len > 0)
        take_piece(lane, piece);
    lane->needs_batch |= is_end;
    lane_touch(lane);
    if (is_end && lane->is_unborn)
        give_birth(lane, NULL);
}

/* Any call of the handler may be its last, and let go of the lane: so what is handed over does not lie in it meanwhile. */
static void give_kept(struct lane *lane)
{
    AUTO(buf) kept = lane->in;
    size_t before = buf_len(&kept);
    lane->in = (struct buf){0};
    while (!lane->is_finished && lane->stream.wants_body && buf_len(&kept) > 0) {
        struct span piece = span_cut(buf_span(&kept), HAND_OVER_BYTES);
        if (is_end_unsure(lane, piece.len))
            break;
        give_piece(lane, piece);
        buf_take(&kept, piece.len);
    }
    if (lane->is_finished)
        buf_clear(&kept);
    release_held(lane, before - buf_len(&kept));
    if (buf_len(&kept) > 0) {
        lane->in = kept;
        kept = (struct buf){0};
    }
}

void lane_hand_over(struct lane *lane)
{
    if (lane->stream.wants_body && buf_len(&lane->in) > 0)
        give_kept(lane);
    if (lane->is_finished || !lane->needs_batch)
        return;
    lane->needs_batch = false;
    lane->stream.is_request_whole = lane->has_all_in && buf_len(&lane->in) == 0;
    lane->stream.conn->service->handler->batch(&lane->stream, lane->stream.is_request_whole);
}

/* Where the answer is whole but the request is not, the client is told that it need not go on (RFC 9113 8.1). */
static bool settle_end(struct lane *lane)
{
    struct conn_h2 *h2 = lane->stream.conn->h2;
    if (lane->is_closed && !lane->is_finished) {
        lane_lose(lane, lane->is_by_client ? REASON_CLIENT_GONE : REASON_BAD_REQUEST);
        return true;
    }
    if (!lane->is_finished || (!lane->is_closed && !lane->is_end_sent))
        return lane->is_finished;
    if (!lane->is_closed && !lane->has_all_in)
        h2_reset(h2->codec, lane->id, H2_NO_ERROR);
    lane_bury(lane);
    return true;
}

void lane_settle(struct lane *lane)
{
    struct service *service = lane->stream.conn->service;
    list_remove(&lane->touched);
    if (settle_end(lane))
        return;
    lane_hand_over(lane);
    if (!lane->is_finished && lane->is_full && buf_len(&lane->out) <= service_low_bytes(service)) {
        lane->is_full = false;
        service->handler->drained(&lane->stream);
    }
    if (!lane->is_finished)
        lane_watch(lane);
}

static size_t on_pull(void *user, char *at, size_t size, bool *is_last)
{
    struct lane *lane = user;
    struct span waiting = span_cut(buf_span(&lane->out), size);
    if (waiting.len > 0)
        memcpy(at, waiting.at, waiting.len);
    buf_take(&lane->out, waiting.len);
    if (buf_len(&lane->out) == 0)
        buf_fini(&lane->out);
    lane->stream.conn->h2->pending_bytes -= waiting.len;
    pace_move(&lane->out_pace, lane_now_ms(lane), waiting.len);
    *is_last = lane->has_all_out && buf_len(&lane->out) == 0;
    lane_watch(lane);
    if (lane->is_full)
        lane_touch(lane);
    return waiting.len;
}

static void on_ended(void *user)
{
    struct lane *lane = user;
    lane->is_end_sent = true;
    lane_touch(lane);
}

static void on_closed(void *user, uint32_t code, bool is_by_client)
{
    struct lane *lane = user;
    lane->is_closed = true;
    lane->closed_code = code;
    lane->is_by_client = is_by_client;
    list_remove(&lane->touched);
    list_prepend(&lane->stream.conn->h2->touched, &lane->touched); /* so that conn_h2 sees it before the next frame */
}

const struct h2_hooks lane_hooks = {.pull = on_pull, .ended = on_ended, .closed = on_closed};
