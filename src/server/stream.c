/* SPDX-License-Identifier: Apache-2.0 */
/* Answers written to a client connection in HTTP/1.x: head, framing and body gathered into one write.
 *
 * What the socket does not take is kept in the connection's buffer; whoever sends is told when that holds enough.
 */
#include "server/stream.h"

#include "conn_int.h"

#include <stdio.h>
#include <time.h>

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
        deadline_start(conn->service->worker, &conn->service->idle_class, &conn->deadline);
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

static struct span date_text(struct service *service)
{
    int64_t wall_s = worker_now(service->worker)->wall_s;
    if (service->date_s != wall_s) {
        time_t at = (time_t)wall_s;
        struct tm parts;
        gmtime_r(&at, &parts);
        strftime(service->date, sizeof service->date, "%a, %d %b %Y %H:%M:%S GMT", &parts);
        service->date_s = wall_s;
    }
    return span_str(service->date);
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
        h1_write_field(pen, SPAN("Date"), date_text(conn->service));
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

enum flow stream_answer(struct stream *stream, const struct answer *answer, struct span piece, bool is_last)
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

enum flow stream_piece(struct stream *stream, struct span piece, bool is_last)
{
    assert(stream->has_answer && !stream->is_answer_whole);
    if (piece.len == 0 && !is_last)
        return stream_pending(stream) < service_high_bytes(stream->conn->service) ? FLOW_OPEN : FLOW_FULL;
    return send_body(stream, SPAN(""), piece, is_last);
}

enum flow stream_interim(struct stream *stream, unsigned status, const struct field *fields, size_t count)
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

void conn_continue(struct conn *conn)
{
    if (conn->state != CONN_BODY || conn->has_continued || !conn->stream->wants_body || buf_len(&conn->in) > 0)
        return;
    conn->has_continued = true;
    stream_interim(conn->stream, 100, NULL, 0);
}

void stream_want_body(struct stream *stream, bool wants)
{
    struct conn *conn = stream->conn;
    if (stream->wants_body == wants || conn->state != CONN_BODY)
        return;
    stream->wants_body = wants;
    if (!conn->is_stepping) {
        conn_continue(conn);
        if (wants && buf_len(&conn->in) > 0)
            worker_defer(stream->worker, &conn->task);
        conn_watch(conn);
    }
    if (wants)
        deadline_start(stream->worker, &conn->service->idle_class, &conn->deadline);
    else if (buf_len(&conn->out) == 0)
        deadline_cancel(&conn->deadline);
}

size_t stream_pending(const struct stream *stream)
{
    return buf_len(&stream->conn->out);
}

static void free_stream(struct grave *grave)
{
    struct stream *stream = CONTAINER_OF(grave, stream, grave);
    struct arena arena = stream->arena; /* the stream lies in its own arena */
    arena_fini(&arena);
}

struct stream *stream_make(struct conn *conn)
{
    struct worker *worker = conn->service->worker;
    struct arena arena = {.pool = &worker->blocks};
    struct stream *stream = arena_zero(&arena, sizeof *stream);
    if (stream == NULL)
        return NULL;
    stream->arena = arena;
    stream->worker = worker;
    stream->conn = conn;
    stream->peer = span_of(conn->peer, conn->peer_len);
    stream->begun_us = worker_now(worker)->mono_us;
    stream->is_tls = conn->transport.tls != NULL;
    stream->grave.bury = free_stream;
    return stream;
}

void stream_bury(struct stream *stream)
{
    worker_bury(stream->worker, &stream->grave);
}

void stream_finish(struct stream *stream)
{
    struct conn *conn = stream->conn;
    assert(conn->stream == stream);
    stream_bury(stream);
    conn_stream_finished(conn, stream);
}
