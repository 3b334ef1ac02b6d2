/* SPDX-License-Identifier: Apache-2.0 */
/* Refusals: status, challenge and body out of the judgement, by the shape of the route. */
#include "exchange_int.h"

enum { REPLY_FIELDS_MAX = 10 };

struct reply {
    struct field fields[REPLY_FIELDS_MAX];
    size_t count;
};

static void add_field(struct reply *reply, struct span name, struct span value)
{
    assert(reply->count < REPLY_FIELDS_MAX);
    reply->fields[reply->count++] = (struct field){.name = name, .value = value};
}

/* Whether the token is what the request is refused for. */
static bool is_verdict(const struct exchange *x)
{
    return x->was_judged && reason_is_verdict(x->reason);
}

/* RFC 6750 3.1: the token is good, but not for this. */
static bool lacks_scope(const struct exchange *x)
{
    return x->route->tells_scope && x->judgement.only_claims_failed;
}

static unsigned own_status(const struct exchange *x)
{
    if (x->policy_status != 0)
        return x->policy_status;
    if (!is_verdict(x))
        return reason_info(x->reason)->status;
    return lacks_scope(x) ? 403 : x->judgement.status;
}

static unsigned status_of(const struct exchange *x)
{
    return x->is_asked ? forward_auth_status(own_status(x)) : own_status(x);
}

/* The policy's message, else the reason's own. */
static struct span message_of(const struct exchange *x)
{
    if (x->policy_status != 0 && x->policy_message.len > 0)
        return x->policy_message;
    if (is_verdict(x) && x->rule_now->failed_message.len > 0)
        return x->rule_now->failed_message;
    return span_str(reason_info(x->reason)->message);
}

/* The scheme that was used; both where a bound token came as Bearer; Bearer alone where nobody spoke of DPoP. */
static enum challenge challenge_of(const struct exchange *x)
{
    bool asks_dpop = judge_takes_dpop(x->rule_now) && span_eq_nocase(x->rule_now->scheme, SPAN("DPoP"));
    if (x->judgement.is_dpop || asks_dpop)
        return CHALLENGE_DPOP;
    bool is_downgrade = x->judgement.dpop != DPOP_NO_ERROR && judge_takes_dpop(x->rule_now);
    return is_downgrade ? CHALLENGE_BOTH : CHALLENGE_BEARER;
}

static struct span error_of(const struct exchange *x)
{
    if (lacks_scope(x))
        return SPAN("insufficient_scope");
    if (x->judgement.dpop != DPOP_NO_ERROR)
        return span_str(dpop_error_name(x->judgement.dpop));
    return SPAN("invalid_token");
}

static struct refusal refusal_of(const struct exchange *x)
{
    struct refusal refusal = {.status = status_of(x), .shape = SHAPE_APIM, .message = message_of(x)};
    if (x->route != NULL)
        refusal.shape = x->route->shape;
    if (x->route != NULL && x->route->expose_reason)
        refusal.description = span_str(reason_name(x->reason));
    if (!is_verdict(x))
        return refusal;
    if (x->reason != REASON_OPENID_CONFIG_UNAVAILABLE) {
        refusal.realm = x->route->realm;
        if (x->judgement.has_token)
            refusal.error = error_of(x);
        refusal.challenge = challenge_of(x);
        if (x->route->resource != NULL)
            refusal.metadata = x->route->resource->url;
    }
    return refusal;
}

/* The worker's pen, empty: what is written with it is kept by `keep`, before anything else is. */
static struct buf *take_pen(struct exchange *x)
{
    buf_clear(&x->gate->pen);
    return &x->gate->pen;
}

/* A copy in the arena; at NULL: no memory. */
static struct span keep(struct exchange *x, const struct buf *text)
{
    return text->is_broken ? (struct span){NULL, 0} : arena_copy(&x->stream->arena, buf_span(text));
}

/* The challenge of one scheme, in the arena; at NULL: no memory. */
static struct span challenge_text(struct exchange *x, struct refusal refusal, bool is_dpop)
{
    struct buf *pen = take_pen(x);
    if (is_dpop) {
        dpop_add_algs(x->rule_now->algs, pen);
        refusal.algs = keep(x, pen);
        pen = take_pen(x);
    }
    bool is_whole = is_dpop ? refusal_challenge_dpop(&refusal, pen) : refusal_challenge(&refusal, pen);
    return is_whole ? keep(x, pen) : (struct span){NULL, 0};
}

struct span refuse_challenge(struct exchange *x)
{
    struct refusal refusal = refusal_of(x);
    if (refusal.realm.at == NULL) /* the gateway itself would not have asked for a token */
        refusal = (struct refusal){.realm = x->route->realm};
    return challenge_text(x, refusal, refusal.challenge == CHALLENGE_DPOP);
}

/* Bad requests and broken limits: where the next message would begin is not known, or not worth finding out. */
static const bool ends_connection[REASON_COUNT] = {
    [REASON_BAD_REQUEST] = true,     [REASON_REQUEST_TIMEOUT] = true,    [REASON_BODY_TOO_LARGE] = true,
    [REASON_TARGET_TOO_LONG] = true, [REASON_EXPECTATION_FAILED] = true, [REASON_HEAD_TOO_LARGE] = true,
    [REASON_METHOD_UNKNOWN] = true,  [REASON_CODING_UNKNOWN] = true,     [REASON_VERSION_UNSUPPORTED] = true,
};

static struct answer answer_of(unsigned status, const struct reply *reply, struct span body, bool wants_close)
{
    return (struct answer){.status = status,
                           .fields = reply->fields,
                           .count = reply->count,
                           .body = BODY_SIZED,
                           .body_bytes = body.len,
                           .wants_close = wants_close};
}

/* The whole answer, or for HEAD its head. */
static void send_whole(struct exchange *x, const struct answer *answer, struct span body)
{
    bool is_head = x->stream->head.method == METHOD_HEAD;
    stream_answer(x->stream, answer, is_head ? (struct span){NULL, 0} : body, true);
}

/* A refusal, as on-error and cors leave it. */
static void send_refusal(struct exchange *x, struct answer *answer, struct span message, struct span body)
{
    pipeline_on_error(x, answer, message);
    if (pipeline_has_own(x)) {
        pipeline_send_own(x, answer->wants_close);
        return;
    }
    const struct field *fields = answer->fields;
    size_t count = answer->count;
    if (pipeline_answer_fields(x, &fields, &count)) {
        answer->fields = fields;
        answer->count = count;
    }
    send_whole(x, answer, body);
}

void refuse_describe(struct exchange *x)
{
    struct reply reply = {.count = 0};
    add_field(&reply, SPAN("Content-Type"), SPAN("application/json"));
    const struct answer answer = answer_of(200, &reply, x->resource->body, false);
    send_whole(x, &answer, x->resource->body);
}

/* As bits; 0: all that there are, since a method that no route may have is refused before one is looked for. */
static unsigned allowed_methods(const struct exchange *x)
{
    if (x->resource != NULL)
        return 1u << METHOD_GET | 1u << METHOD_HEAD;
    return x->route == NULL ? 0 : route_methods(x->site->site, &x->stream->head);
}

/* RFC 9110 15.5.6; in the arena. */
static struct span allow_text(struct exchange *x)
{
    struct buf *out = take_pen(x);
    unsigned methods = allowed_methods(x);
    for (int method = METHOD_GET; method <= METHOD_OPTIONS; method++) {
        if (methods != 0 && (methods >> method & 1u) == 0)
            continue;
        buf_add_str(out, buf_len(out) == 0 ? "" : ", ");
        buf_add_str(out, method_name((enum method)method));
    }
    return keep(x, out);
}

/* A field for each scheme that is offered. */
static void add_challenges(struct exchange *x, const struct refusal *refusal, struct reply *reply)
{
    if (refusal->realm.at == NULL)
        return;
    if (refusal->challenge != CHALLENGE_DPOP)
        add_field(reply, SPAN("WWW-Authenticate"), challenge_text(x, *refusal, false));
    if (refusal->challenge != CHALLENGE_BEARER)
        add_field(reply, SPAN("WWW-Authenticate"), challenge_text(x, *refusal, true));
    if (x->nonce.len > 0)
        add_field(reply, SPAN("DPoP-Nonce"), x->nonce);
}

/* RFC 9110 10.2.3 */
static struct span seconds_text(struct exchange *x, unsigned seconds)
{
    const char *text = arena_printf(&x->stream->arena, "%u", seconds);
    return text == NULL ? SPAN("60") : span_str(text);
}

void refuse_send(struct exchange *x)
{
    struct refusal refusal = refusal_of(x);
    struct reply reply = {.count = 0};
    struct buf *pen = take_pen(x);
    struct span body = refusal_body(&refusal, pen) ? keep(x, pen) : (struct span){NULL, 0};
    add_field(&reply, SPAN("Content-Type"), refusal_type(&refusal));
    add_challenges(x, &refusal, &reply);
    if (x->reason == REASON_OPENID_CONFIG_UNAVAILABLE || x->reason == REASON_BACKEND_BUSY)
        add_field(&reply, SPAN("Retry-After"), SPAN("5"));
    if (x->reason == REASON_TOO_MANY_REFUSALS)
        add_field(&reply, SPAN("Retry-After"), seconds_text(x, x->retry_after_s));
    if (x->reason == REASON_METHOD_NOT_ALLOWED)
        add_field(&reply, SPAN("Allow"), allow_text(x));
    if (refusal.shape == SHAPE_ODATA)
        add_field(&reply, SPAN("OData-Version"), SPAN("4.0"));
    if (x->is_asked)
        reply.fields[reply.count++] = forward_auth_no_store();
    bool wants_close = ends_connection[x->reason] || x->is_token_too_long || body.at == NULL;
    struct answer answer = answer_of(refusal.status, &reply, body, wants_close);
    send_refusal(x, &answer, refusal.message, body);
}
