/* SPDX-License-Identifier: Apache-2.0 */
/* WebSocket connections: a handshake that was judged like any request, then bytes both ways until either side, or the clock, ends it.
 *
 * What is sent here is never sent again, to this server or another.  Nothing of the bytes is looked at but where the backend's frames
 * begin, so that a close frame of ours never lands inside of one.
 */
#include "exchange_int.h"

#include "proxy/websocket.h"

#include <event2/event.h>
#include <event2/event_struct.h>

enum {
    TUNNEL_MAGIC = 0x7a11e100,
    HALF_MS = 60000, /* how long one side may go on in silence when the other has ended */
    LOOK_MS = 60000, /* the wall clock may be set: how often it is looked at again */
    LAST_MS = 100    /* both sides ended, and the backend has not taken all */
};

struct tunnel {
    uint32_t magic;
    struct exchange *x;
    struct event timer;
    int64_t moved_ms;               /* when a byte came last, from either side */
    struct websocket_frames frames; /* of the backend */
    bool has_client_ended, has_backend_ended;
    uint64_t received; /* from the client */
    struct metric_series *open, *from_client, *from_backend;
};

bool tunnel_meet(struct exchange *x)
{
    const struct head *head = &x->stream->head;
    if (!websocket_is_asked(head))
        return true;
    if (!websocket_check_request(head, &x->websocket_key, &x->err))
        return false;
    x->is_handshake = true;
    x->wants_fresh = true; /* it cannot be sent again where a kept connection proves dead */
    return true;
}

static unsigned shard_of(const struct exchange *x)
{
    return x->gate->worker->index;
}

static int64_t now_ms(const struct exchange *x)
{
    return worker_now(x->gate->worker)->mono_ms;
}

static int64_t smaller(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

static int64_t idle_left_ms(const struct tunnel *tunnel)
{
    const struct exchange *x = tunnel->x;
    bool is_half = tunnel->has_client_ended || tunnel->has_backend_ended;
    int64_t idle_ms = x->route->websocket.idle_ms;
    return tunnel->moved_ms + (is_half ? smaller(idle_ms, HALF_MS) : idle_ms) - now_ms(x);
}

static int64_t token_left_ms(const struct exchange *x)
{
    if (x->token_ends_s == 0)
        return INT64_MAX;
    int64_t left_s = x->token_ends_s - worker_now(x->gate->worker)->wall_s;
    return left_s > LOOK_MS / 1000 ? LOOK_MS : left_s * 1000;
}

static bool is_over(const struct tunnel *tunnel)
{
    return tunnel->has_client_ended && tunnel->has_backend_ended;
}

static void arm(struct tunnel *tunnel)
{
    int64_t left_ms = is_over(tunnel) ? LAST_MS : smaller(idle_left_ms(tunnel), token_left_ms(tunnel->x));
    if (left_ms < 1)
        left_ms = 1;
    const struct timeval after = {.tv_sec = left_ms / 1000, .tv_usec = (suseconds_t)(left_ms % 1000 * 1000)};
    event_add(&tunnel->timer, &after);
}

/* Tells the client where a frame may stand; within one the connection is broken instead.  The backend sees its end. */
static void end_with(struct exchange *x, unsigned status, enum reason why)
{
    char frame[WEBSOCKET_CLOSE_BYTES];
    websocket_close_frame(status, frame);
    if (!x->tunnel->has_backend_ended && websocket_frames_may_close(&x->tunnel->frames))
        stream_piece(x->stream, span_of(frame, sizeof frame), true);
    exchange_end(x, why);
}

static void on_timer(evutil_socket_t fd, short what, void *context)
{
    struct tunnel *tunnel = CHECKED(context, tunnel, TUNNEL_MAGIC);
    struct exchange *x = tunnel->x;
    (void)fd;
    (void)what;
    if (token_left_ms(x) <= 0)
        end_with(x, WEBSOCKET_POLICY_VIOLATION, REASON_TOKEN_EXPIRED);
    else if (idle_left_ms(tunnel) <= 0)
        end_with(x, WEBSOCKET_GOING_AWAY, REASON_IDLE);
    else if (is_over(tunnel) && backend_pending(x->backend) == 0)
        exchange_end(x, REASON_NONE);
    else
        arm(tunnel);
}

static struct metric_series *bytes_series(struct exchange *x, struct span from)
{
    const struct span labels[] = {x->route->name, from};
    return metric_series(x->gate->gateway->metrics, FIGURE_TUNNEL_BYTES, labels, 2);
}

static struct tunnel *make(struct exchange *x)
{
    struct tunnel *tunnel = arena_zero(&x->stream->arena, sizeof *tunnel);
    if (tunnel == NULL) {
        fail(&x->err, REASON_OUT_OF_MEMORY, "no memory for a tunnel");
        return NULL;
    }
    tunnel->magic = TUNNEL_MAGIC;
    tunnel->x = x;
    tunnel->moved_ms = now_ms(x);
    tunnel->open = metric_series(x->gate->gateway->metrics, FIGURE_TUNNELS, &x->route->name, 1);
    tunnel->from_client = bytes_series(x, SPAN("client"));
    tunnel->from_backend = bytes_series(x, SPAN("backend"));
    evtimer_assign(&tunnel->timer, x->gate->worker->base, on_timer, tunnel);
    return tunnel;
}

/* From here on the exchange is the tunnel's. */
static void open_both(struct exchange *x, struct tunnel *tunnel, const struct field *fields, size_t count)
{
    const struct worker *worker = x->gate->worker;
    x->tunnel = tunnel;
    exchange_enter(x, STEP_TUNNEL);
    metric_move(tunnel->open, worker->index, 1);
    metric_observe(x->route->figures->duration, worker->index, x->answered_us - x->stream->begun_us);
    switch (stream_upgrade(x->stream, fields, count)) {
    case FLOW_GONE: exchange_end(x, REASON_CLIENT_GONE); return;
    case FLOW_FULL: backend_want(x->backend, false); break;
    case FLOW_OPEN: break;
    }
    arm(tunnel);
    stream_want_body(x->stream, true);
}

bool tunnel_begin(struct exchange *x, const struct head *head)
{
    const struct field *fields = head->fields;
    size_t count = head->count;
    if (!websocket_check_answer(head, x->websocket_key, &x->err))
        return false;
    if (!pipeline_answer_fields(x, &fields, &count) || !exchange_add_nonce(x, &fields, &count))
        return fail(&x->err, REASON_OUT_OF_MEMORY, "no memory for the answer");
    struct tunnel *tunnel = make(x);
    if (tunnel == NULL)
        return false;
    open_both(x, tunnel, fields, count);
    return true;
}

void tunnel_take_client(struct exchange *x, struct span piece)
{
    struct tunnel *tunnel = x->tunnel;
    struct iovec bytes = {(void *)(uintptr_t)piece.at, piece.len};
    tunnel->moved_ms = now_ms(x);
    tunnel->received += piece.len;
    metric_add(tunnel->from_client, shard_of(x), piece.len);
    switch (backend_send(x->backend, &bytes, 1)) {
    case FLOW_OPEN: return;
    case FLOW_FULL:
        x->is_body_paused = true;
        stream_want_body(x->stream, false);
        return;
    case FLOW_GONE: exchange_end(x, REASON_OUT_OF_MEMORY); return;
    }
}

void tunnel_take_backend(struct exchange *x, struct span piece)
{
    struct tunnel *tunnel = x->tunnel;
    tunnel->moved_ms = now_ms(x);
    websocket_frames_pass(&tunnel->frames, piece);
    metric_add(tunnel->from_backend, shard_of(x), piece.len);
    switch (stream_piece(x->stream, piece, false)) {
    case FLOW_OPEN: return;
    case FLOW_FULL: backend_want(x->backend, false); return;
    case FLOW_GONE: exchange_end(x, REASON_CLIENT_GONE); return;
    }
}

/* One side has ended: the other may go on, but not for long in silence. */
static void go_on(struct exchange *x)
{
    struct tunnel *tunnel = x->tunnel;
    tunnel->moved_ms = now_ms(x);
    if (is_over(tunnel) && backend_pending(x->backend) == 0)
        exchange_end(x, REASON_NONE);
    else
        arm(tunnel);
}

void tunnel_client_ended(struct exchange *x)
{
    x->tunnel->has_client_ended = true;
    backend_end_writing(x->backend);
    go_on(x);
}

void tunnel_backend_ended(struct exchange *x)
{
    x->tunnel->has_backend_ended = true;
    if (stream_piece(x->stream, SPAN(""), true) == FLOW_GONE)
        exchange_end(x, REASON_CLIENT_GONE);
    else
        go_on(x);
}

uint64_t tunnel_received(const struct exchange *x)
{
    return x->tunnel->received;
}

void tunnel_fini(struct exchange *x, enum reason why)
{
    struct tunnel *tunnel = x->tunnel;
    const struct span labels[] = {x->route->name, span_str(reason_name(why))};
    event_del(&tunnel->timer);
    metric_move(tunnel->open, shard_of(x), -1);
    metric_add(metric_series(x->gate->gateway->metrics, FIGURE_TUNNEL_ENDS, labels, 2), shard_of(x), 1);
    tunnel->magic = 0;
}
