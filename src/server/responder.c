/* SPDX-License-Identifier: Apache-2.0 */
/* Whole requests in, whole answers out, at once or later.  The body lies in a buffer of its own, freed before the stream finishes; all else is in
 * the stream's arena.
 */
#include "server/responder.h"

#include "http/refusal.h"

/* An answer that is given later. */
struct later {
    struct stream *stream;
    void (*gone)(void *context);
    void *context;
    bool is_owed;
};

/* A request under way, in its stream's arena. */
struct gathering {
    const struct responder *responder;
    struct buf body;
    struct reply *reply; /* while `answer` runs */
    struct later later;
};

void responder_add_field(struct reply *reply, const char *name, struct span value)
{
    assert(reply->count < RESPONDER_FIELDS_MAX);
    reply->fields[reply->count++] = (struct field){span_str(name), value, field_id_of(span_str(name)), false};
}

void responder_refuse(struct reply *reply, enum reason reason)
{
    const struct reason_info *info = reason_info(reason);
    struct refusal refusal = {.status = info->status, .shape = SHAPE_APIM, .message = span_str(info->message)};
    reply->status = info->status;
    reply->content_type = refusal_type(&refusal);
    buf_clear(&reply->body);
    refusal_body(&refusal, &reply->body);
}

bool responder_wants_get(const struct request *request, struct reply *reply)
{
    if (request->head->method == METHOD_GET || request->head->method == METHOD_HEAD)
        return true;
    responder_refuse(reply, REASON_METHOD_NOT_ALLOWED);
    responder_add_field(reply, "Allow", SPAN("GET, HEAD"));
    return false;
}

static void add_type(struct reply *reply)
{
    if (reply->content_type.len > 0)
        responder_add_field(reply, "Content-Type", reply->content_type);
}

/* RFC 9110 9.3.2, 15.4.5: HEAD and 304 state the length of a body that they do not have; 204 has none to state. */
static void send_reply(struct stream *stream, struct reply *reply)
{
    bool is_head = stream->head.method == METHOD_HEAD;
    bool has_body = !is_head && reply->status != 204 && reply->status != 304;
    struct span body = buf_span(&reply->body);
    add_type(reply);
    struct answer answer = {
        .status = reply->status,
        .fields = reply->fields,
        .count = reply->count,
        .body = has_body ? BODY_SIZED : BODY_NONE,
        .body_bytes = body.len,
        .has_stated_bytes = is_head,
        .wants_close = reply->wants_close,
    };
    /* Whether the client is gone already is seen by stream_finish. */
    stream_answer(stream, &answer, has_body ? body : SPAN(""), true);
}

static void let_go(struct stream *stream)
{
    struct gathering *gathering = stream->user;
    if (gathering != NULL)
        buf_fini(&gathering->body);
    stream_finish(stream);
}

static void send_and_finish(struct stream *stream, struct reply *reply)
{
    if (reply->body.is_broken) {
        buf_fini(&reply->body);
        reply->body = (struct buf){0};
        reply->count = 0;
        responder_refuse(reply, REASON_OUT_OF_MEMORY);
    }
    send_reply(stream, reply);
    buf_fini(&reply->body);
    let_go(stream);
}

/* The connection ends with it: what may still come of this request is not to be taken for the next one. */
static void refuse(struct stream *stream, enum reason reason)
{
    struct reply reply = {.wants_close = true};
    responder_refuse(&reply, reason);
    send_and_finish(stream, &reply);
}

static struct request request_of(struct stream *stream)
{
    struct gathering *gathering = stream->user;
    return (struct request){.head = &stream->head,
                            .path = stream->head.path,
                            .query = stream->head.query,
                            .body = gathering == NULL ? SPAN("") : buf_span(&gathering->body),
                            .peer = stream->peer,
                            .is_unix = stream->is_unix,
                            .is_tls = stream->is_tls,
                            .has_certificate = stream->certificate != NULL,
                            .arena = &stream->arena,
                            .worker = stream->worker,
                            .gathering = gathering};
}

static bool has_body(const struct head *head)
{
    return head->body != BODY_NONE && (head->body != BODY_SIZED || head->body_bytes > 0);
}

/* Whether the body may come; else the request is answered. */
static bool is_admitted(const struct responder *responder, struct stream *stream)
{
    const struct request request = request_of(stream);
    struct reply reply = {.status = 200};
    if (responder->admits == NULL || !has_body(request.head) || responder->admits(responder->context, &request, &reply))
        return true;
    reply.wants_close = true;
    send_and_finish(stream, &reply);
    return false;
}

static void forbid(const struct responder *responder, struct stream *stream)
{
    const struct request request = request_of(stream);
    struct reply reply = {.wants_close = true};
    responder->forbids(responder->context, &request, &reply);
    send_and_finish(stream, &reply);
}

static void on_begin(void *context, struct stream *stream, const struct err *err)
{
    const struct responder *responder = context;
    if (err != NULL && err->reason == REASON_METHOD_NOT_ALLOWED && responder->forbids != NULL) {
        forbid(responder, stream);
        return;
    }
    if (err != NULL) {
        refuse(stream, err->reason);
        return;
    }
    if (stream->head.body == BODY_SIZED && stream->head.body_bytes > responder->body_bytes_max) {
        refuse(stream, REASON_BODY_TOO_LARGE);
        return;
    }
    struct gathering *gathering = arena_zero(&stream->arena, sizeof *gathering);
    if (gathering == NULL) {
        refuse(stream, REASON_OUT_OF_MEMORY);
        return;
    }
    gathering->responder = responder;
    gathering->later.stream = stream;
    stream->user = gathering;
    if (is_admitted(responder, stream))
        stream_want_body(stream, true);
}

static void on_body(struct stream *stream, struct span piece)
{
    struct gathering *gathering = stream->user;
    if (piece.len > gathering->responder->body_bytes_max - buf_len(&gathering->body))
        refuse(stream, REASON_BODY_TOO_LARGE);
    else if (!buf_add_span(&gathering->body, piece))
        refuse(stream, REASON_OUT_OF_MEMORY);
}

struct later *responder_postpone(const struct request *request, void (*gone)(void *context), void *context)
{
    struct later *later = &request->gathering->later;
    if (later->gone != NULL)
        return NULL;
    later->gone = gone;
    later->context = context;
    later->is_owed = true;
    return later;
}

/* One that is there before `answer` returned is sent by whoever called that. */
void later_answer(struct later *later, struct reply *reply)
{
    struct gathering *gathering = later->stream->user;
    assert(later->is_owed);
    later->is_owed = false;
    if (gathering->reply != NULL)
        *gathering->reply = *reply;
    else
        send_and_finish(later->stream, reply);
}

/* Whoever owes an answer need not give it any more. */
static void release_owing(struct gathering *gathering)
{
    if (gathering == NULL || !gathering->later.is_owed)
        return;
    gathering->later.is_owed = false;
    gathering->later.gone(gathering->later.context);
}

static void on_batch(struct stream *stream, bool is_whole)
{
    struct gathering *gathering = stream->user;
    if (!is_whole || gathering->later.is_owed)
        return;
    const struct request request = request_of(stream);
    struct reply reply = {.status = 200};
    gathering->reply = &reply;
    gathering->responder->answer(gathering->responder->context, &request, &reply);
    gathering->reply = NULL;
    if (!gathering->later.is_owed)
        send_and_finish(stream, &reply);
}

/* Never owed: an answer is sent whole in one go and the stream finished with it. */
static void on_drained(struct stream *stream)
{
    (void)stream;
}

static void on_broken(struct stream *stream, const struct err *err)
{
    release_owing(stream->user);
    refuse(stream, err->reason);
}

static void on_gone(struct stream *stream, enum reason why)
{
    (void)why;
    release_owing(stream->user);
    let_go(stream);
}

const struct stream_handler responder_handler = {
    .begin = on_begin,
    .body = on_body,
    .batch = on_batch,
    .drained = on_drained,
    .broken = on_broken,
    .gone = on_gone,
};
