/* SPDX-License-Identifier: Apache-2.0 */
/* Both directions between client and backend, streamed and bounded.
 *
 * The request is kept while it might be sent again: until the first byte of the answer, and only when all of it is there.
 */
#include "exchange_int.h"

/* RFC 9110 9.2.2; POST and PATCH may have had their effect. */
static bool is_idempotent(enum method method)
{
    switch (method) {
    case METHOD_GET:
    case METHOD_HEAD:
    case METHOD_PUT:
    case METHOD_DELETE:
    case METHOD_OPTIONS: return true;
    case METHOD_UNKNOWN:
    case METHOD_POST:
    case METHOD_PATCH:
    case METHOD_CONNECT:
    case METHOD_TRACE:
    case METHOD_COUNT: break;
    }
    return false;
}

static size_t body_buffer(const struct exchange *x)
{
    return x->site->site->settings.limits.body_buffer;
}

/* The end of a chunked body for the backend. */
static struct span body_end(const struct exchange *x)
{
    if (x->stream->head.body != BODY_STREAM)
        return (struct span){NULL, 0};
    return h1_chunk_end(!x->is_first_chunk_out);
}

/* Writes a piece as the backend gets it: with its chunk line where the length is not known. */
static int frame_piece(struct exchange *x, struct span piece, char line[H1_CHUNK_LINE_BYTES], struct iovec pieces[2])
{
    int count = 0;
    if (x->stream->head.body == BODY_STREAM) {
        pieces[count++] = (struct iovec){line, h1_chunk_line(line, piece.len, !x->is_first_chunk_out)};
        x->is_first_chunk_out = true;
    }
    pieces[count++] = (struct iovec){(void *)(uintptr_t)piece.at, piece.len};
    return count;
}

static void pause_body(struct exchange *x, bool pauses)
{
    if (pauses && !x->is_body_paused)
        metric_add(x->gate->figures.request_pauses, x->gate->worker->index, 1);
    x->is_body_paused = pauses;
    stream_want_body(x->stream, !pauses);
}

/* No memory for what does not go at once. */
static void send_failed(struct exchange *x)
{
    struct backend *backend = x->backend;
    struct err err;
    x->backend = NULL;
    backend_drop(backend);
    fail(&err, REASON_OUT_OF_MEMORY, "no memory for the request");
    exchange_disconnected(x, &err, false);
}

static void send_pieces(struct exchange *x, const struct iovec *pieces, int count)
{
    switch (backend_send(x->backend, pieces, count)) {
    case FLOW_OPEN: return;
    case FLOW_FULL: pause_body(x, true); return;
    case FLOW_GONE: send_failed(x); return;
    }
}

static void finish_request(struct exchange *x)
{
    struct span end = x->is_replayable ? (struct span){NULL, 0} : body_end(x);
    if (end.len > 0) {
        struct iovec piece = {(void *)(uintptr_t)end.at, end.len};
        send_pieces(x, &piece, 1);
    }
    if (x->backend == NULL || x->step != STEP_RELAY)
        return;
    x->is_request_sent = true;
    x->sent_us = worker_now(x->gate->worker)->mono_us;
    backend_request_done(x->backend, x->stream->head.method == METHOD_HEAD);
}

void relay_gathered(struct exchange *x)
{
    struct span gathered = buf_span(&x->request);
    bool is_whole = x->stream->is_request_whole;
    if (is_whole && !x->is_replayable) {
        /* All of it is here: the end of the body goes with it, and it can be sent again as it stands. */
        if (!buf_add_span(&x->request, body_end(x))) {
            send_failed(x);
            return;
        }
        x->is_replayable = is_idempotent(x->stream->head.method) && !x->is_handshake;
        gathered = buf_span(&x->request);
    }
    x->has_sent = true;
    struct iovec piece = {(void *)(uintptr_t)gathered.at, gathered.len};
    enum flow flow = backend_send(x->backend, &piece, 1);
    if (flow == FLOW_GONE) {
        send_failed(x);
        return;
    }
    if (flow == FLOW_FULL)
        pause_body(x, true);
    if (is_whole) {
        x->is_request_sent = true;
        x->sent_us = worker_now(x->gate->worker)->mono_us;
        backend_request_done(x->backend, x->stream->head.method == METHOD_HEAD);
    } else if (x->is_body_paused && flow == FLOW_OPEN) {
        pause_body(x, false);
    }
    if (!x->is_replayable)
        buf_fini(&x->request);
}

static void on_ready(void *user)
{
    struct exchange *x = CHECKED(user, exchange, EXCHANGE_MAGIC);
    relay_gathered(x);
}

void relay_body(struct exchange *x, struct span piece)
{
    char line[H1_CHUNK_LINE_BYTES];
    struct iovec pieces[2];
    if (x->step == STEP_TUNNEL) {
        tunnel_take_client(x, piece);
        return;
    }
    metric_add(x->gate->figures.received, x->gate->worker->index, piece.len);
    if (x->step != STEP_GATHER && x->step != STEP_RELAY && x->step != STEP_AWAIT_CONNECTION)
        return;
    bool is_connected = x->step == STEP_RELAY && x->backend != NULL && buf_len(&x->request) == 0;
    int count = frame_piece(x, piece, line, pieces);
    if (is_connected) {
        send_pieces(x, pieces, count);
        return;
    }
    for (int i = 0; i < count; i++)
        buf_add(&x->request, pieces[i].iov_base, pieces[i].iov_len);
    if (x->request.is_broken) {
        exchange_refuse_memory(x);
        exchange_run(x);
    } else if (buf_len(&x->request) > body_buffer(x)) {
        pause_body(x, true);
    }
}

/* More of the request was handed over, perhaps its end. */
void relay_batch(struct exchange *x)
{
    bool is_connected = x->backend != NULL && buf_len(&x->request) == 0;
    if (is_connected && x->stream->is_request_whole && !x->is_request_sent)
        finish_request(x);
}

void relay_drained(struct exchange *x)
{
    if (x->backend != NULL)
        backend_want(x->backend, true);
}

static void on_drained(void *user)
{
    struct exchange *x = CHECKED(user, exchange, EXCHANGE_MAGIC);
    if (x->is_body_paused)
        pause_body(x, false);
}

static void on_interim(void *user, const struct head *head)
{
    struct exchange *x = CHECKED(user, exchange, EXCHANGE_MAGIC);
    if (stream_interim(x->stream, head->status, head->fields, head->count) == FLOW_GONE)
        exchange_end(x, REASON_CLIENT_GONE);
}

/* What the client's side says to a piece handed to it. */
static void after_sending(struct exchange *x, enum flow flow, bool is_last)
{
    if (is_last || flow == FLOW_GONE) {
        exchange_end(x, flow == FLOW_GONE ? REASON_CLIENT_GONE : REASON_NONE);
        return;
    }
    if (flow != FLOW_FULL)
        return;
    metric_add(x->gate->figures.answer_pauses, x->gate->worker->index, 1);
    backend_want(x->backend, false);
}

/* Where there is no body, only answers to HEAD and 304 say how long it would be; in 204 a length misleads (RFC 9110 8.6). */
static bool may_state_bytes(const struct exchange *x, unsigned status)
{
    return status != 204 && (x->stream->head.method == METHOD_HEAD || status == 304);
}

/* The backend's answer is not wanted any more; `is_last`: its lease is over already. */
static void drop_backend(struct exchange *x, bool is_last)
{
    struct backend *backend = x->backend;
    x->backend = NULL;
    if (!is_last && backend != NULL)
        backend_drop(backend);
}

/* The outbound section over the answer; true: it ended the exchange, with an answer of its own or a failure. */
static bool is_answered_by_policy(struct exchange *x, const struct head *head, bool is_last)
{
    if (x->pipeline == NULL)
        return false;
    bool is_done = pipeline_outbound(x, head);
    if (is_done && !pipeline_has_own(x))
        return false;
    drop_backend(x, is_last);
    if (is_done) {
        pipeline_send_own(x, false);
        exchange_end(x, REASON_NONE);
        return true;
    }
    exchange_refuse(x, x->err.reason);
    exchange_run(x);
    return true;
}

static void note_answer(struct exchange *x)
{
    if (x->target->server_count > 1)
        exchange_server_worked(x);
    x->is_replayable = false;
    if (buf_len(&x->request) > 0)
        buf_fini(&x->request);
    x->answered_us = worker_now(x->gate->worker)->mono_us;
    if (x->sent_us != 0) /* an early answer tells nothing of how long the server takes */
        metric_observe(x->target->duration, x->gate->worker->index, x->answered_us - x->sent_us);
}

static void on_answer(void *user, const struct head *head, struct span piece, bool is_last)
{
    struct exchange *x = CHECKED(user, exchange, EXCHANGE_MAGIC);
    struct answer answer = {.status = head->status,
                            .phrase = head->phrase,
                            .fields = head->fields,
                            .count = head->count,
                            .body = head->body,
                            .body_bytes = head->body_bytes,
                            .has_stated_bytes = head->has_stated_bytes && may_state_bytes(x, head->status)};
    if (is_last)
        x->backend = NULL; /* the lease is over */
    note_answer(x);
    if (is_answered_by_policy(x, head, is_last))
        return;
    if (!pipeline_answer_fields(x, &answer.fields, &answer.count) ||
        !exchange_add_nonce(x, &answer.fields, &answer.count)) {
        drop_backend(x, is_last);
        exchange_end(x, REASON_OUT_OF_MEMORY);
        return;
    }
    after_sending(x, stream_answer(x->stream, &answer, piece, is_last), is_last);
}

static void on_piece(void *user, struct span piece, bool is_last)
{
    struct exchange *x = CHECKED(user, exchange, EXCHANGE_MAGIC);
    if (x->step == STEP_TUNNEL) {
        tunnel_take_backend(x, piece);
        return;
    }
    if (is_last)
        x->backend = NULL;
    after_sending(x, stream_piece(x->stream, piece, is_last), is_last);
}

/* The backend agrees to the tunnel: an answer like any other to the policies behind it. */
static void on_switched(void *user, const struct head *head)
{
    struct exchange *x = CHECKED(user, exchange, EXCHANGE_MAGIC);
    note_answer(x);
    if (is_answered_by_policy(x, head, false) || tunnel_begin(x, head))
        return;
    drop_backend(x, false);
    exchange_refuse(x, x->err.reason);
    exchange_run(x);
}

static void on_ended(void *user)
{
    tunnel_backend_ended(CHECKED(user, exchange, EXCHANGE_MAGIC));
}

const struct backend_user relay_user = {.ready = on_ready,
                                        .interim = on_interim,
                                        .answer = on_answer,
                                        .piece = on_piece,
                                        .switched = on_switched,
                                        .ended = on_ended,
                                        .drained = on_drained,
                                        .failed = exchange_disconnected};
