/* SPDX-License-Identifier: Apache-2.0 */
/* What a request shows beside its token, for the judge; and what follows from it: a proof is used once, a nonce is handed out, a
 * revoked token is told of.
 */
#include "exchange_int.h"

#include "proxy/binding.h"

static const struct span proof_field = SPAN_INIT("DPoP");

static bool is_https(const struct exchange *x)
{
    switch ((enum dpop_scheme)x->site->site->settings.dpop.scheme) {
    case DPOP_SCHEME_AUTO: return x->is_https;
    case DPOP_SCHEME_HTTP: return false;
    case DPOP_SCHEME_HTTPS: return true;
    }
    return true;
}

static int64_t window_s(const struct exchange *x)
{
    return x->site->site->settings.dpop.window_ms / 1000;
}

/* The nonces of now; none without memory, so that every proof lacks one. */
static void take_nonces(struct exchange *x, struct dpop_request *request, int64_t now_s)
{
    const struct binding *binding = x->gate->gateway->binding;
    struct err err;
    if (binding == NULL)
        return;
    for (unsigned age = 0; age < DPOP_NONCES; age++) {
        char *nonce = arena_take(&x->stream->arena, DPOP_NONCE_BYTES);
        if (nonce != NULL &&
            dpop_nonce(span_of(binding->nonce_key, sizeof binding->nonce_key), now_s, window_s(x), age, nonce, &err))
            request->nonces[age] = span_str(nonce);
    }
}

void exchange_show(struct exchange *x, struct judge_input *input, struct dpop_request *request)
{
    const struct head *head = &x->stream->head;
    *request = (struct dpop_request){.method = head->method_text,
                                     .is_https = is_https(x),
                                     .authority = head->authority,
                                     .path = head->path,
                                     .window_s = window_s(x),
                                     .wants_nonce = x->site->site->settings.dpop.nonce};
    input->cnf = x->route->cnf;
    input->request = request;
    if (x->is_asked)
        forward_auth_describe(x, request);
    else if (x->stream->certificate != NULL)
        input->certificate = span_of(x->stream->certificate->sha256, sizeof x->stream->certificate->sha256);
    if (x->gate->gateway->binding != NULL)
        input->revocation = revocations_see(x->gate->gateway->binding->revocations, &x->gate->revocations);
    if (!judge_is_dpop(input->rule, input->credential))
        return;
    for (const struct field *at = NULL; (at = head_find(head, proof_field, at)) != NULL; request->proof_count++)
        request->proof = at->value;
    if (request->wants_nonce)
        take_nonces(x, request, input->now_s);
}

/* ---- what follows ---- */

static void tell_revoked(struct exchange *x, const struct revocation *list)
{
    const struct judgement *judgement = &x->judgement;
    const struct claims *claims = judgement->unverified;
    bool has_kid = judgement->token->kid.len > 0;
    struct span kid = has_kid ? judgement->token->kid : judgement->key != NULL ? judgement->key->kid : SPAN("");
    metric_add(x->gate->gateway->binding->hits, x->gate->worker->index, 1);
    LOG_EVENT(LOG_WARNING, "revoked", LOG_TEXT("route", x->route->name),
              LOG_STR("mode", x->route->mode == MODE_REPORT_ONLY ? "report-only" : NULL), LOG_TEXT("kid", kid),
              LOG_TEXT("iss", claims->iss.state == CLAIM_PRESENT ? claims->iss.text : SPAN("")),
              LOG_STR("sub_hash", account_hash(x, &claims->sub)), LOG_STR("jti_hash", account_hash(x, &claims->jti)),
              LOG_STR("file", revocation_file(list)), LOG_NUM("line", judgement->revoked->line),
              LOG_TEXT("client", exchange_client(x)));
}

static void refuse_proof(struct exchange *x, struct span expected, struct span found)
{
    x->judgement.dpop = DPOP_INVALID_PROOF;
    exchange_overrule(
        x, &(struct check){.reason = REASON_JWT_INVALID, .claim = SPAN("cnf"), .expected = expected, .found = found});
}

/* A request whose policy judges its token twice comes with one proof all the same. */
static void use_proof(struct exchange *x, int64_t now_s)
{
    struct binding *binding = x->gate->gateway->binding;
    const struct dpop_proof *proof = &x->judgement.proof;
    unsigned shard = x->gate->worker->index;
    if (x->has_used_proof && memcmp(x->used_proof, proof->name, sizeof x->used_proof) == 0)
        return;
    enum replay_verdict verdict =
        replay_note(binding == NULL ? NULL : binding->replay, proof->name, proof->iat_s + window_s(x), now_s);
    if (binding != NULL)
        metric_set(binding->entries, (int64_t)replay_count(binding->replay));
    switch (verdict) {
    case REPLAY_FRESH:
        x->has_used_proof = true;
        memcpy(x->used_proof, proof->name, sizeof x->used_proof);
        break;
    case REPLAY_SEEN:
        metric_add(binding->seen, shard, 1);
        refuse_proof(x, SPAN("a proof that was not used before"), SPAN("a used one"));
        break;
    case REPLAY_FULL:
        if (binding != NULL)
            metric_add(binding->full, shard, 1);
        refuse_proof(x, SPAN("room to remember the proof (dpop.replays)"), SPAN("none left"));
        break;
    }
}

void exchange_bind(struct exchange *x, const struct judge_input *input)
{
    struct judgement *judgement = &x->judgement;
    if (judgement->revoked != NULL)
        tell_revoked(x, input->revocation);
    if (judgement->dpop == DPOP_USE_NONCE || (judgement->has_proof && judgement->proof.is_nonce_old))
        x->nonce = input->request->nonces[0];
    if (judgement->dpop == DPOP_USE_NONCE)
        judgement->status = 401; /* RFC 9449 9: else clients would not try again */
    if (judgement->has_passed && judgement->has_proof)
        use_proof(x, input->now_s);
}

bool exchange_add_nonce(struct exchange *x, const struct field **fields, size_t *count)
{
    static const struct span name = SPAN_INIT("DPoP-Nonce");
    size_t used = 0;
    if (x->nonce.len == 0)
        return true;
    struct field *out = arena_take(&x->stream->arena, (*count + 1) * sizeof *out);
    if (out == NULL)
        return false;
    for (size_t i = 0; i < *count; i++)
        if (!span_eq_nocase((*fields)[i].name, name))
            out[used++] = (*fields)[i];
    out[used++] = (struct field){.name = name, .value = x->nonce};
    *fields = out;
    *count = used;
    return true;
}

bool exchange_is_proof(struct span field_name)
{
    return field_is_spelled(field_name, proof_field);
}
