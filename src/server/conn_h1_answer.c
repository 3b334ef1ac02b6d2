/* SPDX-License-Identifier: Apache-2.0 */
/* Answers written to a client connection in HTTP/1.x: head, framing and body gathered into one write.
 *
 * What the socket does not take is kept in the connection's buffer; whoever sends is told when that holds enough.
 */
#include "conn_h1_int.h"

size_t conn_h1_pending(const struct stream *stream)
{
    return buf_len(&stream->conn->out);
}

static void put_number_field(struct buf *pen, const char *name, uint64_t number)
{
    buf_add_str(pen, name);
    buf_add_u64(pen, number);
    buf_add(pen, "\r\n", 2);
}

static void put_framing(struct buf *pen, const struct stream *stream, const struct answer *answer)
{
    if (answer->has_stated_bytes || answer->body == BODY_SIZED)
        put_number_field(pen, "Content-Length: ", answer->body_bytes);
    else if (stream->is_chunked_out)
        buf_add_str(pen, "Transfer-Encoding: chunked\r\n");
}

/* Fields that go on as they are; whether Date was among them. */
static bool put_fields(struct buf *pen, const struct field *fields, size_t count)
{
    bool has_date = false;
    for (size_t i = 0; i < count; i++) {
        if (fields[i].is_hop || fields[i].id == FIELD_CONTENT_LENGTH)
            continue;
        has_date = has_date || fields[i].id == FIELD_DATE;
        h1_write_field(pen, fields[i].name, fields[i].value);
    }
    return has_date;
}

/* Whether the body's end must be told by other means than its length. */
static bool is_open_ended(const struct answer *answer)
{
    return answer->body != BODY_NONE && answer->body != BODY_SIZED;
}

static void put_head(struct stream *stream, const struct answer *answer)
{
    struct conn *conn = stream->conn;
    struct buf *pen = &conn->service->pen;
    buf_clear(pen);
    h1_write_status_line(pen, answer->status, answer->phrase);
    if (!put_fields(pen, answer->fields, answer->count)) /* RFC 9110 6.6.1 */
        h1_write_field(pen, SPAN("Date"), stream_date(conn->service));
    put_framing(pen, stream, answer);
    if (conn->wants_close)
        buf_add_str(pen, "Connection: close\r\n");
    else if (stream->head.is_http10)
        buf_add_str(pen, "Connection: keep-alive\r\n");
    h1_write_end(pen);
}

static struct iovec iovec_of(struct span span)
{
    return (struct iovec){(void *)(uintptr_t)span.at, span.len};
}

static enum flow send_pieces(struct stream *stream, struct iovec *pieces, int count, bool is_last)
{
    struct conn *conn = stream->conn;
    if (conn->is_broken || !conn_send(conn, pieces, count)) {
        conn->is_broken = true;
        return FLOW_GONE;
    }
    stream->is_answer_whole = is_last;
    if (buf_len(&conn->out) < service_high_bytes(conn->service))
        return FLOW_OPEN;
    conn->is_full = true;
    return FLOW_FULL;
}

/* `before` is the head or empty. */
static enum flow send_body(struct stream *stream, struct span before, struct span piece, bool is_last)
{
    char line[H1_CHUNK_LINE_BYTES];
    struct iovec pieces[4];
    int count = 0;
    pieces[count++] = iovec_of(before);
    if (piece.len > 0 && stream->is_chunked_out)
        pieces[count++] = (struct iovec){line, h1_chunk_line(line, piece.len, stream->sent_bytes == 0)};
    if (piece.len > 0)
        pieces[count++] = iovec_of(piece);
    stream->sent_bytes += piece.len;
    if (is_last && stream->is_chunked_out)
        pieces[count++] = iovec_of(h1_chunk_end(stream->sent_bytes == 0));
    return send_pieces(stream, pieces, count, is_last);
}

enum flow conn_h1_answer(struct stream *stream, const struct answer *answer, struct span piece, bool is_last)
{
    struct conn *conn = stream->conn;
    assert(!stream->has_answer);
    stream->has_answer = true;
    stream->status = answer->status;
    stream->is_chunked_out = is_open_ended(answer) && !stream->head.is_http10;
    bool ends_by_close = is_open_ended(answer) && !stream->is_chunked_out;
    if (answer->wants_close || !stream->is_request_whole || conn->service->is_draining || ends_by_close)
        conn->wants_close = true;
    put_head(stream, answer);
    if (conn->service->pen.is_broken) {
        conn->is_broken = true;
        return FLOW_GONE;
    }
    return send_body(stream, buf_span(&conn->service->pen), piece, is_last);
}

enum flow conn_h1_piece(struct stream *stream, struct span piece, bool is_last)
{
    assert(stream->has_answer && !stream->is_answer_whole);
    if (piece.len == 0 && !is_last)
        return conn_h1_pending(stream) < service_high_bytes(stream->conn->service) ? FLOW_OPEN : FLOW_FULL;
    enum flow flow = send_body(stream, SPAN(""), piece, is_last);
    if (is_last && stream->conn->state == CONN_TUNNEL && conn_h1_pending(stream) == 0)
        conn_end_writing(stream->conn);
    return flow;
}

/* The protocol is the one that the client asked for: whoever calls has looked. */
enum flow conn_h1_upgrade(struct stream *stream, const struct field *fields, size_t count)
{
    struct conn *conn = stream->conn;
    struct buf *pen = &conn->service->pen;
    assert(!stream->has_answer && conn->state == CONN_ANSWER && stream->head.is_upgrade);
    stream->has_answer = true;
    stream->status = 101;
    stream->is_request_whole = false;
    conn->wants_close = true;
    conn->state = CONN_TUNNEL;
    buf_clear(pen);
    h1_write_status_line(pen, 101, (struct span){NULL, 0});
    put_fields(pen, fields, count);
    h1_write_field(pen, SPAN("Connection"), SPAN("Upgrade"));
    h1_write_field(pen, SPAN("Upgrade"), head_field(&stream->head, FIELD_UPGRADE)->value);
    h1_write_end(pen);
    conn->is_broken = conn->is_broken || pen->is_broken;
    struct iovec piece = iovec_of(buf_span(pen));
    return send_pieces(stream, &piece, 1, false);
}

enum flow conn_h1_interim(struct stream *stream, unsigned status, const struct field *fields, size_t count)
{
    struct conn *conn = stream->conn;
    struct buf *pen = &conn->service->pen;
    if (stream->head.is_http10 || stream->has_answer)
        return FLOW_OPEN;
    buf_clear(pen);
    h1_write_status_line(pen, status, (struct span){NULL, 0});
    put_fields(pen, fields, count);
    h1_write_end(pen);
    if (pen->is_broken)
        return FLOW_OPEN; /* no memory: half of it would spoil what comes behind */
    struct iovec piece = iovec_of(buf_span(pen));
    return send_pieces(stream, &piece, 1, false);
}

void conn_h1_continue(struct conn *conn)
{
    if (conn->state != CONN_BODY || conn->has_continued || !conn->stream->wants_body || buf_len(&conn->in) > 0)
        return;
    conn->has_continued = true;
    conn_h1_interim(conn->stream, 100, NULL, 0);
}

void conn_h1_want_body(struct stream *stream, bool wants)
{
    struct conn *conn = stream->conn;
    if (stream->wants_body == wants || (conn->state != CONN_BODY && conn->state != CONN_TUNNEL))
        return;
    stream->wants_body = wants;
    if (!conn->is_stepping) {
        conn_h1_continue(conn);
        if (wants && buf_len(&conn->in) > 0)
            worker_defer(stream->worker, &conn->task);
        conn_watch(conn);
    }
    conn_h1_pace_body(conn);
}

void conn_h1_finish(struct stream *stream)
{
    struct conn *conn = stream->conn;
    assert(conn->stream == stream);
    stream_bury(stream);
    conn_h1_finished(conn, stream);
}
