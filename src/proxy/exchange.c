/* SPDX-License-Identifier: Apache-2.0 */
/* One request as a table of steps: route, judge, perhaps wait for keys, forward and relay, or refuse. */
#include "exchange_int.h"

#include "proxy/resource.h"

static enum turn step_route(struct exchange *x);
static enum turn step_describe(struct exchange *x);
static enum turn step_judge(struct exchange *x);
static enum turn step_await_keys(struct exchange *x);
static enum turn step_forward(struct exchange *x);
static enum turn step_gather(struct exchange *x);
static enum turn step_await_connection(struct exchange *x);
static enum turn step_relay(struct exchange *x);
static enum turn step_tunnel(struct exchange *x);
static enum turn step_refuse(struct exchange *x);

static const struct {
    const char *name;
    enum turn (*run)(struct exchange *x);
} steps[] = {
    [STEP_ROUTE] = {"route", step_route},                /* -> JUDGE, FORWARD if public, DESCRIBE, REFUSE, ended */
    [STEP_DESCRIBE] = {"describe", step_describe},       /* resource metadata: -> ended, REFUSE 405 */
    [STEP_JUDGE] = {"judge", step_judge},                /* -> FORWARD, REFUSE, AWAIT_KEYS, ended */
    [STEP_AWAIT_KEYS] = {"await-keys", step_await_keys}, /* or a turn: -> JUDGE; bounded by keys.wait */
    [STEP_FORWARD] = {"forward", step_forward}, /* -> GATHER, REFUSE out of memory; ended where only asked about */
    [STEP_GATHER] = {"gather", step_gather},    /* batch: -> CONNECT */
    [STEP_CONNECT] = {"connect", step_connect}, /* -> RELAY, AWAIT_CONNECTION, REFUSE 502 */
    [STEP_AWAIT_CONNECTION] = {"await-connection", step_await_connection}, /* its turn: -> CONNECT; REFUSE 503 */
    [STEP_RELAY] = {"relay", step_relay},    /* the backend's answer, or its failure, ends it; -> TUNNEL */
    [STEP_TUNNEL] = {"tunnel", step_tunnel}, /* either side, or the clock, ends it */
    [STEP_REFUSE] = {"refuse", step_refuse}, /* -> ended */
};
_Static_assert(COUNT_OF(steps) == STEP_ENDED, "each step has its row");

enum turn exchange_enter(struct exchange *x, enum step step)
{
    x->step = step;
    return GO_ON;
}

void exchange_run(struct exchange *x)
{
    enum turn turn = GO_ON;
    while (turn == GO_ON)
        turn = steps[x->step].run(x);
}

enum turn exchange_refuse(struct exchange *x, enum reason reason)
{
    x->reason = reason;
    return exchange_enter(x, STEP_REFUSE);
}

/* A method in a field would go past a route that is for some methods only, and past policies that ask for the method: backends
 * take it for the request's own.
 */
static bool is_tunnelled(const struct exchange *x)
{
    const struct head *head = &x->stream->head;
    bool asks_method = x->route->methods != 0 || (x->route->plan.reads >> FACT_METHOD & 1u) != 0;
    for (size_t i = 0; asks_method && i < head->count; i++)
        if (head->fields[i].id == FIELD_OTHER && field_is_method(head->fields[i].name))
            return true;
    return false;
}

/* The request's route, or the one that it would have but for its method; false with `err` where it has none. */
static bool find_route(struct exchange *x, struct err *err)
{
    const struct site_route *near;
    struct stream *stream = x->stream;
    const struct site_route *route = route_find(x->site->site, &stream->head, &stream->arena, &near, err);
    x->route = route == NULL ? near : route;
    return route != NULL;
}

/* Answered without the backend: not a refusal, so nothing is told but the access line. */
static enum turn end_here(struct exchange *x)
{
    exchange_end(x, REASON_NONE);
    return ENDED;
}

/* Preflights carry no token, and ask for a method that is not their own; true: answered. */
static bool is_preflight_answered(struct exchange *x)
{
    x->route = cors_preflight_route(x);
    if (x->route == NULL)
        return false;
    x->answered_by = "cors";
    cors_answer_preflight(x);
    return true;
}

static enum turn enter_policies(struct exchange *x)
{
    if (!x->route->has_pipeline || pipeline_make(x))
        return exchange_enter(x, x->route->is_public ? STEP_FORWARD : STEP_JUDGE);
    fail(&x->err, REASON_OUT_OF_MEMORY, "no memory for the policies");
    return exchange_refuse(x, REASON_OUT_OF_MEMORY);
}

/* Where a found route leads a request that is for its backend. */
static enum turn enter_route(struct exchange *x)
{
    x->target = x->route->backend;
    if (x->route->cors != NULL && cors_meet(x)) {
        x->answered_by = "cors";
        return end_here(x);
    }
    return enter_policies(x);
}

static enum turn step_route(struct exchange *x)
{
    struct stream *stream = x->stream;
    x->resource = resource_find(x->site->site, &stream->head);
    if (x->resource != NULL) {
        x->route = x->resource->route;
        return exchange_enter(x, STEP_DESCRIBE);
    }
    if (x->site->site->has_forward_auth && forward_auth_meet(x)) {
        x->target = x->route->backend;
        return enter_policies(x);
    }
    if (is_preflight_answered(x))
        return end_here(x);
    if (!find_route(x, &x->err))
        return exchange_refuse(x, x->err.reason);
    if (is_tunnelled(x)) {
        fail(&x->err, REASON_BAD_REQUEST,
             "a field gives another method, and the route or its policy asks for the method");
        return exchange_refuse(x, REASON_BAD_REQUEST);
    }
    return enter_route(x);
}

/* Asks the providers that could help; whether any fetch is or will be under way.  Asked again after each fetch: one that was
 * under way before the key was published does not have it, and then the cooldown may still be free.
 */
static bool want_keys(struct exchange *x)
{
    bool is_fetching = false;
    int64_t now_ms = worker_now(x->gate->worker)->mono_ms;
    for (size_t i = 0; i < x->rule->rule->provider_count; i++) {
        if ((x->judgement.refetch >> i & 1u) == 0)
            continue;
        is_fetching = issuer_want(x->rule->issuers[i], now_ms) || is_fetching;
    }
    return is_fetching;
}

static bool may_park(struct exchange *x)
{
    if (x->gate->parked_count < gate_share(x->gate, gateway_parked(x->gate->gateway, x->site->site)))
        return true;
    metric_add(x->gate->figures.parked_refused, x->gate->worker->index, 1);
    return false;
}

/* Why there is nothing to wait for; NULL: there is. */
static const char *reason_not_to_wait(struct exchange *x)
{
    if (x->has_waited)
        return "waited";
    if (!want_keys(x))
        return "cooldown";
    return may_park(x) ? NULL : "parked-full";
}

static void park(struct exchange *x)
{
    list_append(&x->gate->parked, &x->parked);
    x->gate->parked_count++;
    metric_move(x->gate->figures.parked, x->gate->worker->index, 1);
    if (x->deadline.at_ms == 0)
        deadline_start(x->gate->worker, &x->gate->wait_class, &x->deadline);
}

/* Whether newer keys could change the judgement. */
static bool is_wanting_keys(const struct exchange *x)
{
    return !list_is_linked(&x->unverified) && !x->judgement.has_passed && x->judgement.refetch != 0;
}

/* Judged, and then found that no fetch is under way: one may have ended between these two looks.  Its keys are published before
 * it counts as ended, so they are seen by now, and it is judged by them.  `*waits`: a fetch is under way.
 */
static void judge_by_newest(struct exchange *x, bool *waits)
{
    do {
        exchange_judge(x);
        x->keys_note = is_wanting_keys(x) ? reason_not_to_wait(x) : NULL;
        *waits = is_wanting_keys(x) && x->keys_note == NULL;
    } while (is_wanting_keys(x) && !*waits && gate_has_newer_keys(x->site, x->rule));
}

enum trial exchange_try(struct exchange *x, const struct site_rule *rule, const struct rule *now)
{
    bool waits;
    x->rule = rule;
    x->rule_now = now;
    judge_by_newest(x, &waits);
    if (list_is_linked(&x->unverified))
        return TRIAL_PARKED;
    if (x->judgement.has_passed)
        return TRIAL_PASSED;
    if (waits) {
        park(x);
        return TRIAL_PARKED;
    }
    exchange_count_refusal(x);
    if (x->counted == REASON_NONE)
        x->counted = x->judgement.reason;
    if (x->route->mode == MODE_REPORT_ONLY && reason_is_verdict(x->judgement.reason)) {
        exchange_let_pass(x);
        return TRIAL_LET_PASS;
    }
    return TRIAL_REFUSED;
}

static enum turn step_judge(struct exchange *x)
{
    const struct site_rule *rule = &x->route->rules[0];
    if (x->pipeline != NULL)
        return pipeline_inbound(x);
    switch (exchange_try(x, rule, rule->rule)) {
    case TRIAL_PASSED: exchange_detach(x); break;
    case TRIAL_LET_PASS: break;
    case TRIAL_REFUSED: return exchange_refuse(x, x->judgement.reason);
    case TRIAL_PARKED: return exchange_enter(x, STEP_AWAIT_KEYS);
    }
    return exchange_enter(x, STEP_FORWARD);
}

static enum turn step_await_keys(struct exchange *x)
{
    (void)x;
    return WAIT;
}

static void unpark(struct exchange *x)
{
    if (!list_is_linked(&x->parked))
        return;
    list_remove(&x->parked);
    x->gate->parked_count--;
    metric_move(x->gate->figures.parked, x->gate->worker->index, -1);
}

static void judge_again(struct exchange *x)
{
    unpark(x);
    exchange_enter(x, STEP_JUDGE);
    exchange_run(x);
}

static void on_wait_over(struct deadline *deadline)
{
    struct exchange *x = CONTAINER_OF(deadline, exchange, deadline);
    x->has_waited = true;
    metric_add(x->gate->figures.parked_late, x->gate->worker->index, 1);
    if (!list_is_linked(&x->unverified)) /* its keys came, and its turn to be judged comes anyway */
        judge_again(x);
}

/* A signature takes longer than a whole request with a remembered token.  A turn of the loop verifies so many; further ones wait in
 * a line, so many each turn: a flood of tokens that must be verified holds up others that must be, not those that are known.
 */
enum { VERIFIED_A_TURN = 8 };

static void leave_line(struct exchange *x)
{
    if (!list_is_linked(&x->unverified))
        return;
    list_remove(&x->unverified);
    metric_move(x->gate->figures.unverified, x->gate->worker->index, -1);
}

bool exchange_must_queue(struct exchange *x)
{
    struct gate *gate = x->gate;
    if (x->has_turn) {
        x->has_turn = false; /* for one */
        return false;
    }
    if (gate->verified_turn != gate->worker->turns) {
        gate->verified_turn = gate->worker->turns;
        gate->verified_now = 0;
    }
    if (list_is_empty(&gate->unverified) && gate->verified_now++ < VERIFIED_A_TURN)
        return false;
    list_append(&gate->unverified, &x->unverified);
    metric_move(gate->figures.unverified, gate->worker->index, 1);
    worker_defer_next(gate->worker, &gate->verify_task);
    return true;
}

void exchange_verify_next(struct task *task)
{
    struct gate *gate = CONTAINER_OF(task, gate, verify_task);
    struct list *first;
    for (int i = 0; i < VERIFIED_A_TURN && (first = list_first(&gate->unverified)) != NULL; i++) {
        struct exchange *x = CONTAINER_OF(first, exchange, unverified);
        leave_line(x);
        x->has_turn = true;
        judge_again(x);
    }
    if (!list_is_empty(&gate->unverified))
        worker_defer_next(gate->worker, task);
}

void exchange_wake_parked(struct gate *gate)
{
    struct list waiting;
    list_init(&waiting);
    /* Those who park again while this runs wait for the next fetch. */
    struct list *first;
    while ((first = list_first(&gate->parked)) != NULL) {
        list_remove(first);
        list_append(&waiting, first);
    }
    while ((first = list_first(&waiting)) != NULL)
        judge_again(CONTAINER_OF(first, exchange, parked));
}

static enum turn step_forward(struct exchange *x)
{
    deadline_cancel(&x->deadline);
    if (x->is_asked)
        return forward_auth_answer(x);
    if (x->route->websocket.is_on && !tunnel_meet(x))
        return exchange_refuse(x, REASON_BAD_REQUEST);
    x->server = x->target->server_count == 1 ? 0 : gate_choose(x->site, x->target, 0);
    if (!forward_head(x)) {
        fail(&x->err, REASON_OUT_OF_MEMORY, "no memory for the request");
        return exchange_refuse(x, REASON_OUT_OF_MEMORY);
    }
    stream_want_body(x->stream, true);
    return exchange_enter(x, STEP_GATHER);
}

static enum turn step_gather(struct exchange *x)
{
    return x->has_batch ? exchange_enter(x, STEP_CONNECT) : WAIT;
}

static enum turn step_await_connection(struct exchange *x)
{
    (void)x;
    return WAIT;
}

static enum turn step_relay(struct exchange *x)
{
    (void)x;
    return WAIT;
}

static enum turn step_tunnel(struct exchange *x)
{
    (void)x;
    return WAIT;
}

static enum turn step_describe(struct exchange *x)
{
    enum method method = x->stream->head.method;
    if (method != METHOD_GET && method != METHOD_HEAD) {
        fail(&x->err, REASON_METHOD_NOT_ALLOWED, "metadata is read by GET");
        return exchange_refuse(x, REASON_METHOD_NOT_ALLOWED);
    }
    refuse_describe(x);
    exchange_end(x, REASON_NONE);
    return ENDED;
}

static enum turn step_refuse(struct exchange *x)
{
    refuse_send(x);
    exchange_end(x, x->reason);
    return ENDED;
}

void exchange_end(struct exchange *x, enum reason why)
{
    if (x->step == STEP_ENDED)
        return;
    exchange_enter(x, STEP_ENDED);
    leave_line(x);
    unpark(x);
    deadline_cancel(&x->deadline);
    if (x->waiter != NULL)
        pending_leave(x->waiter);
    if (x->backend != NULL) {
        struct backend *backend = x->backend;
        x->backend = NULL;
        backend_drop(backend);
    }
    if (x->tunnel != NULL)
        tunnel_fini(x, why);
    account_end(x, why);
    exchange_forget(x);
    buf_fini(&x->request);
    gate_site_release(x->site);
    x->magic = 0;
    stream_finish(x->stream);
}

static struct exchange *exchange_of(struct stream *stream)
{
    return CHECKED(stream->user, exchange, EXCHANGE_MAGIC);
}

/* A head that is right but for what the gateway is willing to do: told in the shape of its route, if it has one. */
static void find_shape(struct exchange *x)
{
    struct err ignored;
    if (x->err.reason == REASON_BODY_TOO_LARGE || x->err.reason == REASON_EXPECTATION_FAILED)
        (void)find_route(x, &ignored);
}

/* Where the request comes from: the peer's word counts where it is a trusted proxy. */
static void meet_peer(struct exchange *x)
{
    const struct trusted *trusted = &x->site->site->trusted;
    const struct stream *stream = x->stream;
    bool is_https;
    x->client = stream->peer;
    x->is_https = stream->is_tls;
    if (trusted_is_empty(trusted) || !trusted_has_peer(trusted, stream->peer, stream->is_unix))
        return;
    x->is_peer_trusted = true;
    x->client = trusted_client(trusted, &stream->head, stream->peer, &x->is_client_told);
    if (trusted_scheme(&stream->head, &is_https))
        x->is_https = is_https;
}

static void on_begin(void *context, struct stream *stream, const struct err *err)
{
    struct gate *gate = context;
    struct exchange *x = arena_zero(&stream->arena, sizeof *x);
    if (x == NULL) {
        stream_finish(stream);
        return;
    }
    gate_refresh(gate);
    x->magic = EXCHANGE_MAGIC;
    x->gate = gate;
    x->stream = stream;
    x->site = gate_site_take(gate);
    x->deadline.run = on_wait_over;
    stream->user = x;
    meet_peer(x);
    forward_meet_trace(x);
    if (err != NULL) {
        x->err = *err;
        find_shape(x);
        exchange_refuse(x, err->reason);
    }
    exchange_run(x);
}

static void on_body(struct stream *stream, struct span piece)
{
    relay_body(exchange_of(stream), piece);
}

static void on_batch(struct stream *stream, bool is_whole)
{
    struct exchange *x = exchange_of(stream);
    (void)is_whole;
    x->has_batch = true;
    if (x->step == STEP_GATHER)
        exchange_run(x);
    else if (x->step == STEP_RELAY)
        relay_batch(x);
    else if (x->step == STEP_TUNNEL)
        tunnel_client_ended(x);
}

static void on_drained(struct stream *stream)
{
    relay_drained(exchange_of(stream));
}

static void on_broken(struct stream *stream, const struct err *err)
{
    struct exchange *x = exchange_of(stream);
    x->err = *err;
    if (stream->has_answer) {
        x->reason = err->reason;
        exchange_end(x, err->reason);
        return;
    }
    exchange_refuse(x, err->reason);
    exchange_run(x);
}

static void on_gone(struct stream *stream, enum reason why)
{
    exchange_end(exchange_of(stream), why);
}

const struct stream_handler *exchange_handler(void)
{
    static const struct stream_handler handler = {.begin = on_begin,
                                                  .body = on_body,
                                                  .batch = on_batch,
                                                  .drained = on_drained,
                                                  .broken = on_broken,
                                                  .gone = on_gone};
    return &handler;
}
