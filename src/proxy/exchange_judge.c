/* SPDX-License-Identifier: Apache-2.0 */
/* One request judged: the credential found, remembered signatures used and kept, identity headers read; and what outlives it where
 * a refused request is let pass.
 */
#include "exchange_int.h"

#include "proxy/identity.h"

static void find_in_query(struct exchange *x, struct span query, struct judge_input *input)
{
    size_t count = 0;
    struct err err;
    if (query.at != NULL &&
        !uri_query(&x->stream->arena, query, x->rule_now->source_name, &input->credential, &count, &err))
        input->is_repeated = true; /* badly encoded: refused as ambiguous */
    input->is_repeated = input->is_repeated || count > 1;
}

/* What stood in the place that the rule names. */
static void find_credential(struct exchange *x, struct judge_input *input)
{
    const struct rule *rule = x->rule_now;
    const struct head *head = &x->stream->head;
    if (rule->source == TOKEN_FROM_QUERY) {
        find_in_query(x, pipeline_query(x), input);
        return;
    }
    if (x->pipeline != NULL) {
        pipeline_credential(x, &input->credential, &input->is_repeated);
        return;
    }
    const struct field *field =
        rule->is_authorization ? head_field(head, FIELD_AUTHORIZATION) : head_find(head, rule->source_name, NULL);
    if (field == NULL)
        return;
    input->credential = field->value;
    input->is_repeated = rule->is_authorization ? head_field_count(head, FIELD_AUTHORIZATION) > 1
                                                : head_find(head, rule->source_name, field) != NULL;
}

static void show_cache(struct gate *gate)
{
    size_t count = verified_count(gate->verified);
    size_t bytes = verified_bytes(gate->verified);
    metric_move(gate->figures.cache_entries, gate->worker->index, (int64_t)count - (int64_t)gate->cache_count);
    metric_move(gate->figures.cache_bytes, gate->worker->index, (int64_t)bytes - (int64_t)gate->cache_bytes);
    gate->cache_count = count;
    gate->cache_bytes = bytes;
}

/* Keeps what was verified just now; an entry whose key moved to a newer set, or that another key answers for now, moves with it.
 * One whose key is gone goes when the exchange ends: until then the judgement points into it.  What was encrypted is not kept: it
 * would be found under what was inside, which nobody sent.
 */
static void remember(struct exchange *x, const struct trust *trusts, struct span raw,
                     const struct verified_entry *entry)
{
    struct gate *gate = x->gate;
    const struct judgement *judgement = &x->judgement;
    if (entry != NULL && judgement->key == NULL)
        x->forgotten = raw;
    if (!judgement->has_passed || judgement->key == NULL || judgement->was_encrypted)
        return;
    struct keyset *keys = (struct keyset *)(uintptr_t)verifier_keys(trusts[judgement->trust].verifier);
    if (entry == NULL)
        verified_add(gate->verified, judgement->token, judgement->claims, judgement->key, keys,
                     worker_now(gate->worker)->wall_s);
    else if (entry->keys != keys || entry->key != judgement->key)
        verified_rebind(gate->verified, entry, judgement->key, keys);
    else
        return; /* as nearly always: nothing has changed */
    show_cache(gate);
}

void exchange_forget(struct exchange *x)
{
    if (x->forgotten.at == NULL)
        return;
    verified_drop(x->gate->verified, x->forgotten);
    show_cache(x->gate);
}

/* Looks the token up before it is judged; the entry's key is judged like any other. */
static const struct verified_entry *recall(struct exchange *x, struct judge_input *input, struct remembered *remembered,
                                           struct span *raw)
{
    struct gate *gate = x->gate;
    struct err err;
    if (gate->verified == NULL || input->credential.at == NULL ||
        !judge_extract_any(input->rule, input->credential, input->is_repeated, raw, &err))
        return NULL;
    const struct verified_entry *entry = verified_find(gate->verified, *raw, input->now_s);
    struct token *token = entry == NULL ? NULL : arena_take(input->arena, sizeof *token);
    if (entry != NULL || !x->has_turn) /* a miss was counted before it waited */
        metric_add(entry != NULL ? gate->figures.cache_hits : gate->figures.cache_misses, gate->worker->index, 1);
    if (entry == NULL) {
        show_cache(gate); /* what was found at its end is gone */
        return NULL;
    }
    if (token == NULL)
        return NULL;
    *token = verified_token(entry, *raw);
    *remembered = (struct remembered){.token = token, .claims = &entry->claims, .key = entry->key};
    input->remembered = remembered;
    return entry;
}

static void refuse_passed(struct exchange *x, enum reason reason, unsigned status)
{
    x->judgement.has_passed = false;
    x->judgement.reason = reason;
    x->judgement.status = status;
}

void exchange_overrule(struct exchange *x, const struct check *failed)
{
    struct judgement *judgement = &x->judgement;
    refuse_passed(x, failed->reason, x->rule_now->failed_status);
    struct check *check = arena_take(&x->stream->arena, sizeof *check);
    if (check == NULL)
        return;
    *check = *failed;
    check->name = CHECK_CLAIM;
    check->verdict = VERDICT_FAIL;
    judgement->checks = check;
    judgement->check_count = 1;
    judgement->failed = check;
}

/* The headers of a token that passed; without memory for them it does not.  Nor does one with a claim that cannot be written as a
 * header: the backend would not get to see it.
 */
static void read_identity(struct exchange *x)
{
    const struct identity_header *bad;
    if (!x->judgement.has_passed || x->route->identity_count == 0)
        return;
    x->identity = identity_values(x->route, x->judgement.claims, &x->stream->arena, &bad);
    if (x->identity != NULL)
        return;
    if (bad == NULL) {
        refuse_passed(x, REASON_OUT_OF_MEMORY, 503);
        return;
    }
    exchange_overrule(x, &(struct check){.reason = REASON_CLAIM_VALUE_NOT_ALLOWED,
                                         .claim = bad->claim,
                                         .expected = SPAN("a text without control characters, for a header")});
}

void exchange_detach(struct exchange *x)
{
    struct judgement *judgement = &x->judgement;
    judgement->token = NULL;
    judgement->claims = judgement->unverified = NULL;
    judgement->key = NULL;
    judgement->checks = NULL;
    judgement->check_count = 0;
    judgement->failed = NULL;
    judgement->revoked = NULL;
}

/* Until when the token is good; of several the first that expires counts (RFC 7519 4.1.4). */
static void note_end(struct exchange *x)
{
    const struct judgement *judgement = &x->judgement;
    if (!judgement->has_passed || judgement->claims == NULL || judgement->claims->exp.state != CLAIM_PRESENT)
        return;
    int64_t end_s = judgement->claims->exp.at_s + x->rule_now->clock_skew_s;
    if (x->token_ends_s == 0 || end_s < x->token_ends_s)
        x->token_ends_s = end_s;
}

void exchange_judge(struct exchange *x)
{
    struct trust trusts[RULE_PROVIDERS_MAX + 1];
    struct remembered remembered;
    struct dpop_request request;
    struct span raw = {NULL, 0};
    struct judge_input input = {.rule = x->rule_now,
                                .trusts = trusts,
                                .now_s = worker_now(x->gate->worker)->wall_s,
                                .limits = x->site->site->token_limits,
                                .arena = &x->stream->arena};
    find_credential(x, &input);
    gate_trusts(x->site, x->rule, trusts);
    exchange_show(x, &input, &request);
    const struct verified_entry *entry = recall(x, &input, &remembered, &raw);
    bool is_barred = entry == NULL && input.credential.at != NULL && exchange_is_barred(x);
    if (entry == NULL && raw.at != NULL && !is_barred && exchange_must_queue(x))
        return;
    x->was_judged = true;
    if (is_barred) {
        x->judgement = (struct judgement){.reason = REASON_TOO_MANY_REFUSALS, .status = 429, .has_token = true};
        return;
    }
    judge(&input, &x->judgement);
    x->is_token_too_long = raw.len > input.limits.token_bytes_max;
    if (x->gate->verified != NULL && raw.at != NULL)
        remember(x, trusts, raw, entry);
    exchange_bind(x, &input);
    if (x->route->websocket.ends_with_token)
        note_end(x);
    read_identity(x);
}

/* Several in one field, as a list: the judge found none of them right, and who reads on may take any. */
static bool is_list(const struct rule *rule, struct span credential)
{
    struct span scheme = rule->scheme.len > 0 ? rule->scheme : SPAN("Bearer");
    return span_chr(credential, ',') != NULL && (!rule->is_authorization || judge_is_dpop(rule, credential) ||
                                                 span_eq_nocase(span_cut(credential, scheme.len), scheme));
}

/* Whether there is more than one, so that none was judged.  A token that passed was alone: only who is let pass is asked about. */
static bool is_ambiguous(struct exchange *x)
{
    const struct rule *rule = x->rule_now;
    struct judge_input input = {.rule = rule};
    find_credential(x, &input);
    return input.is_repeated || is_list(rule, input.credential);
}

/* Keeps what is told of the first refusal that was let pass. */
static void keep_refusal(struct exchange *x, size_t (*tell)(struct exchange *x, struct log_field *out))
{
    struct arena *arena = &x->stream->arena;
    if (x->was_let_pass)
        return;
    x->was_let_pass = true;
    x->refusal = arena_zero(arena, REFUSAL_FIELDS_MAX * sizeof *x->refusal);
    x->refusal_count = x->refusal == NULL ? 0 : tell(x, x->refusal);
    for (size_t i = 0; i < x->refusal_count; i++)
        if (x->refusal[i].kind == LOG_VALUE_TEXT)
            x->refusal[i].text = arena_copy(arena, x->refusal[i].text);
}

void exchange_let_pass(struct exchange *x)
{
    x->is_credential_repeated = x->is_credential_repeated || is_ambiguous(x);
    keep_refusal(x, account_refusal);
    exchange_detach(x);
}

static size_t tell_policy(struct exchange *x, struct log_field *out)
{
    struct span text = arena_copy(&x->stream->arena, span_str(x->err.text));
    out[0] = LOG_STR("reason", reason_name(x->err.reason));
    out[1] = LOG_TEXT("error", text);
    return 2;
}

void exchange_report(struct exchange *x)
{
    if (x->counted == REASON_NONE)
        x->counted = x->err.reason;
    keep_refusal(x, tell_policy);
}
