/* SPDX-License-Identifier: Apache-2.0 */
/* Streams: their memory, and the way from who answers to the protocol of the connection. */
#include "server/stream.h"

#include "conn_int.h"

#include <time.h>

struct span stream_date(struct service *service)
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

enum flow stream_answer(struct stream *stream, const struct answer *answer, struct span piece, bool is_last)
{
    return stream->conn->protocol->answer(stream, answer, piece, is_last);
}

enum flow stream_piece(struct stream *stream, struct span piece, bool is_last)
{
    return stream->conn->protocol->piece(stream, piece, is_last);
}

enum flow stream_upgrade(struct stream *stream, const struct field *fields, size_t count)
{
    return stream->conn->protocol->upgrade(stream, fields, count);
}

enum flow stream_interim(struct stream *stream, unsigned status, const struct field *fields, size_t count)
{
    return stream->conn->protocol->interim(stream, status, fields, count);
}

void stream_want_body(struct stream *stream, bool wants)
{
    stream->conn->protocol->want_body(stream, wants);
}

size_t stream_pending(const struct stream *stream)
{
    return stream->conn->protocol->pending(stream);
}

static void free_stream(struct grave *grave)
{
    struct stream *stream = CONTAINER_OF(grave, stream, grave);
    struct arena arena = stream->arena; /* the stream lies in its own arena */
    arena_fini(&arena);
}

struct stream *stream_make(struct conn *conn)
{
    return stream_make_sized(conn, sizeof(struct stream));
}

struct stream *stream_make_sized(struct conn *conn, size_t bytes)
{
    struct worker *worker = conn->service->worker;
    struct arena arena = {.pool = &worker->blocks};
    struct stream *stream = arena_zero(&arena, bytes);
    if (stream == NULL)
        return NULL;
    stream->arena = arena;
    stream->worker = worker;
    stream->conn = conn;
    stream->peer = span_of(conn->peer, conn->peer_len);
    stream->begun_us = worker_now(worker)->mono_us;
    stream->is_unix = conn->is_unix;
    stream->is_tls = conn->transport.tls != NULL;
    stream->certificate = conn->certificate;
    stream->grave.bury = free_stream;
    return stream;
}

void stream_bury(struct stream *stream)
{
    worker_bury(stream->worker, &stream->grave);
}

void stream_finish(struct stream *stream)
{
    stream->conn->protocol->finish(stream);
}
