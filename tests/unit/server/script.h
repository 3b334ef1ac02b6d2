/* SPDX-License-Identifier: Apache-2.0 */
/* A handler that does what the path says, and counts what it was told:
 *
 *   /echo  answers "METHOD BODY" when the request is whole      /now   answers when the head is there, body unread
 *   /big   BIG_BYTES in pieces, as the client takes them        /bulk  BULK_BYTES in one piece
 *   /half  a head and a piece of more, then finishes            /wait  nothing, until script_release
 *   /open  a head and a piece of more, and then nothing         /all   BULK_BYTES, with no length told
 */
#ifndef UNIT_SERVER_SCRIPT_H
#define UNIT_SERVER_SCRIPT_H

#include "loop.h"

enum { BIG_BYTES = 16 << 20, BULK_BYTES = 65536, PIECE_BYTES = 65536 };

struct script {
    int begun, refused, broken, gone, drained, full;
    enum reason why;        /* of the last refused, broken or gone */
    struct stream *waiting; /* of /wait */
    struct stream *big;
    size_t big_left;
    size_t pending_max; /* most output ever pending after a piece of /big */
    struct buf body;    /* of /echo */
    int emptied;
};

static struct script script;
static char bulk[BULK_BYTES];

static inline void script_reset(void)
{
    buf_fini(&script.body);
    script = (struct script){0};
    memset(bulk, 'b', sizeof bulk);
}

static inline void script_answer(struct stream *stream, unsigned status, struct span body)
{
    struct answer answer = {.status = status, .body = BODY_SIZED, .body_bytes = body.len};
    stream_answer(stream, &answer, body, true);
    stream_finish(stream);
}

static inline void script_big(struct stream *stream)
{
    enum flow flow = FLOW_OPEN;
    while (flow == FLOW_OPEN && script.big_left > 0) {
        script.big_left -= PIECE_BYTES;
        flow = stream_piece(stream, span_of(bulk, PIECE_BYTES), script.big_left == 0);
        if (stream_pending(stream) > script.pending_max)
            script.pending_max = stream_pending(stream);
        script.full += flow == FLOW_FULL;
    }
    if (script.big_left == 0 || flow == FLOW_GONE) {
        script.big = NULL;
        stream_finish(stream);
    }
}

static inline void script_half(struct stream *stream)
{
    struct answer answer = {.status = 200, .body = BODY_STREAM};
    stream_answer(stream, &answer, SPAN("half"), false);
    stream_finish(stream);
}

static inline void script_begin_open(struct stream *stream)
{
    struct answer answer = {.status = 200, .body = BODY_STREAM};
    script.waiting = stream;
    stream_answer(stream, &answer, SPAN("begin"), false);
}

static inline void script_all(struct stream *stream)
{
    struct answer answer = {.status = 200, .body = BODY_STREAM};
    stream_answer(stream, &answer, span_of(bulk, sizeof bulk), true);
    stream_finish(stream);
}

static inline void script_path(struct stream *stream)
{
    struct span path = stream->head.path;
    struct answer big = {.status = 200, .body = BODY_SIZED, .body_bytes = BIG_BYTES};
    if (span_eq(path, SPAN("/now"))) {
        script_answer(stream, 200, SPAN("now"));
    } else if (span_eq(path, SPAN("/bulk"))) {
        script_answer(stream, 200, span_of(bulk, sizeof bulk));
    } else if (span_eq(path, SPAN("/half"))) {
        script_half(stream);
    } else if (span_eq(path, SPAN("/open"))) {
        script_begin_open(stream);
    } else if (span_eq(path, SPAN("/all"))) {
        script_all(stream);
    } else if (span_eq(path, SPAN("/wait"))) {
        script.waiting = stream;
    } else if (span_eq(path, SPAN("/big"))) {
        script.big = stream;
        script.big_left = BIG_BYTES;
        stream_answer(stream, &big, SPAN(""), false);
        script_big(stream);
    } else {
        buf_clear(&script.body);
        stream_want_body(stream, true);
    }
}

static inline void script_begin(void *context, struct stream *stream, const struct err *err)
{
    (void)context;
    script.begun++;
    if (err == NULL) {
        script_path(stream);
        return;
    }
    script.refused++;
    script.why = err->reason;
    script_answer(stream, reason_info(err->reason)->status, SPAN("refused"));
}

static inline void script_body(struct stream *stream, struct span piece)
{
    (void)stream;
    buf_add_span(&script.body, piece);
}

static inline void script_batch(struct stream *stream, bool is_whole)
{
    AUTO(buf) text = {0};
    if (!is_whole || stream == script.waiting || stream == script.big)
        return;
    buf_printf(&text, "%s [%.*s]", method_name(stream->head.method), SPAN_ARG(buf_span(&script.body)));
    script_answer(stream, 200, buf_span(&text));
}

static inline void script_drained(struct stream *stream)
{
    script.drained++;
    script_big(stream);
}

static inline void script_broken(struct stream *stream, const struct err *err)
{
    script.broken++;
    script.why = err->reason;
    script_answer(stream, reason_info(err->reason)->status, SPAN("broken"));
}

static inline void script_gone(struct stream *stream, enum reason why)
{
    script.gone++;
    script.why = why;
    script.waiting = stream == script.waiting ? NULL : script.waiting;
    stream_finish(stream);
}

static const struct stream_handler script_handler = {script_begin,   script_body,   script_batch,
                                                     script_drained, script_broken, script_gone};

static inline void script_release(void)
{
    struct stream *stream = script.waiting;
    script.waiting = NULL;
    script_answer(stream, 200, SPAN("waited"));
}

static inline void script_emptied(void *context)
{
    (void)context;
    script.emptied++;
}

static inline void script_open(struct loop *loop, const struct service_settings *settings)
{
    script_reset();
    loop_open(loop, &script_handler, NULL, settings);
}

static inline void script_close(struct loop *loop)
{
    loop_close(loop);
    script_reset();
}

#endif
