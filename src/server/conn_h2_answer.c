/* SPDX-License-Identifier: Apache-2.0 */
/* Answers on the streams of an HTTP/2 connection: their bodies wait in the lane until window and turn have come.
 *
 * How much may wait is bounded for each stream as in HTTP/1; when all streams of a connection together hold a lot, each may hold only
 * a little.
 */
#include "conn_h2_int.h"

enum { SHARE_BYTES = 16384, PENDING_STREAMS = 4 };

size_t lane_pending(const struct stream *stream)
{
    return buf_len(&lane_of(stream)->out);
}

static bool is_unreachable(const struct lane *lane)
{
    const struct conn *conn = lane->stream.conn;
    return lane->is_closed || conn->is_broken || conn->h2->is_ending || conn->state >= CONN_FLUSH;
}

static enum flow flow_of(struct lane *lane)
{
    const struct service *service = lane->stream.conn->service;
    size_t high = service_high_bytes(service);
    bool is_crowded = lane->stream.conn->h2->pending_bytes >= PENDING_STREAMS * high;
    if (buf_len(&lane->out) < (is_crowded && high > SHARE_BYTES ? SHARE_BYTES : high))
        return FLOW_OPEN;
    lane->is_full = true;
    return FLOW_FULL;
}

static enum flow send_body(struct lane *lane, struct span piece, bool is_last)
{
    struct conn *conn = lane->stream.conn;
    if (!buf_add_span(&lane->out, piece)) {
        lane->stream.is_answer_whole = false;
        return FLOW_GONE;
    }
    conn->h2->pending_bytes += piece.len;
    lane->stream.sent_bytes += piece.len;
    lane->stream.is_answer_whole = lane->has_all_out = is_last;
    h2_resume(conn->h2->codec, lane->id);
    lane_watch(lane);
    conn_h2_send_soon(conn);
    return flow_of(lane);
}

enum flow lane_answer(struct stream *stream, const struct answer *answer, struct span piece, bool is_last)
{
    struct lane *lane = lane_of(stream);
    bool has_length = answer->has_stated_bytes || answer->body == BODY_SIZED;
    const struct h2_answer head = {.status = answer->status,
                                   .fields = answer->fields,
                                   .count = answer->count,
                                   .date = stream_date(stream->conn->service),
                                   .length = has_length ? &answer->body_bytes : NULL,
                                   .has_body = !is_last || piece.len > 0};
    assert(!stream->has_answer);
    stream->has_answer = true;
    stream->status = answer->status;
    if (is_unreachable(lane) || !h2_answer(stream->conn->h2->codec, lane->id, &head))
        return FLOW_GONE;
    return send_body(lane, piece, is_last);
}

enum flow lane_piece(struct stream *stream, struct span piece, bool is_last)
{
    struct lane *lane = lane_of(stream);
    assert(stream->has_answer && !stream->is_answer_whole);
    if (is_unreachable(lane))
        return FLOW_GONE;
    if (piece.len == 0 && !is_last)
        return flow_of(lane);
    return send_body(lane, piece, is_last);
}

enum flow lane_interim(struct stream *stream, unsigned status, const struct field *fields, size_t count)
{
    struct lane *lane = lane_of(stream);
    const struct h2_answer head = {.status = status, .fields = fields, .count = count, .is_interim = true};
    if (is_unreachable(lane))
        return FLOW_GONE;
    if (stream->has_answer || status == 101) /* RFC 9113 8.6: there is no such thing here */
        return FLOW_OPEN;
    if (!h2_answer(stream->conn->h2->codec, lane->id, &head))
        return FLOW_GONE;
    conn_h2_send_soon(stream->conn);
    return flow_of(lane);
}

void lane_want_body(struct stream *stream, bool wants)
{
    struct lane *lane = lane_of(stream);
    if (stream->wants_body == wants || lane->is_finished || stream->is_request_whole)
        return;
    stream->wants_body = wants;
    if (wants && !lane->has_continued) {
        lane->has_continued = true;
        lane_interim(stream, 100, NULL, 0);
    }
    if (wants && (buf_len(&lane->in) > 0 || lane->has_all_in)) {
        lane_touch(lane);
        conn_h2_send_soon(stream->conn);
    }
    lane_watch(lane);
}

/* An answer that is not whole must not look complete: RST_STREAM in place of END_STREAM. */
void lane_finish(struct stream *stream)
{
    struct lane *lane = lane_of(stream);
    struct conn *conn = stream->conn;
    assert(!lane->is_finished);
    lane->is_finished = true;
    stream->wants_body = false;
    if (!stream->is_answer_whole && !is_unreachable(lane))
        h2_reset(conn->h2->codec, lane->id, H2_INTERNAL_ERROR);
    if (!stream->is_answer_whole || is_unreachable(lane)) {
        lane_bury(lane);
        return;
    }
    lane_watch(lane);
    lane_touch(lane);
    conn_h2_send_soon(conn);
}
