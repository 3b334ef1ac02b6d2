/* SPDX-License-Identifier: Apache-2.0 */
/* Judgements rendered. */
#include "report_int.h"

#include <inttypes.h>

const char *report_verdict(const struct judgement *judgement)
{
    if (judgement->has_passed)
        return "pass";
    bool is_unknown = judgement->reason == REASON_OPENID_CONFIG_UNAVAILABLE ||
                      judgement->reason == REASON_OUT_OF_MEMORY || judgement->reason == REASON_EXPRESSION_FAILED;
    return is_unknown ? "unknown" : "refuse";
}

unsigned report_status(const struct report_input *input)
{
    return input->tells_scope && input->judgement->only_claims_failed ? 403 : input->judgement->status;
}

const char *report_check_verdict(enum check_verdict verdict)
{
    switch (verdict) {
    case VERDICT_SKIP: return "skip";
    case VERDICT_PASS: return "pass";
    case VERDICT_FAIL: return "fail";
    }
    return "";
}

const char *report_opinion(const struct report_input *input)
{
    switch (input->opinion->opinion) {
    case OPINION_NONE: return "cannot say";
    case OPINION_GOOD: return input->judgement->key != NULL ? "agrees" : "disagrees";
    case OPINION_BAD: return input->judgement->key == NULL ? "agrees" : "disagrees";
    }
    return "";
}

struct span report_key_source(const struct report_input *input)
{
    size_t trust = input->judgement->trust;
    if (trust >= input->rule->provider_count)
        return (struct span){NULL, 0};
    return input->urls != NULL ? input->urls[trust] : input->rule->providers[trust].url;
}

/* ---- JSON ---- */

/* `"name":"text"`, or null where there is no text. */
static void json_text(struct buf *out, const char *name, struct span text)
{
    buf_printf(out, "\"%s\":", name);
    if (text.at == NULL)
        buf_add_str(out, "null");
    else
        buf_add_json_text(out, text);
}

/* A tape that was read holds strict JSON: it is put in as it stands. */
static void json_tape(struct buf *out, const char *name, const struct tape *tape)
{
    buf_printf(out, "\"%s\":", name);
    if (tape == NULL || tape->count == 0)
        buf_add_str(out, "null");
    else
        buf_add_span(out, tape_span(tape, &tape->items[0]));
}

/* What is known of the encryption by its header. */
static void json_outer(const struct tape *outer, struct buf *out)
{
    static const char *const names[] = {"alg", "enc", "kid"};
    buf_add_str(out, ",\"encrypted\":true,\"outer\":");
    for (size_t i = 0; outer != NULL && i < COUNT_OF(names); i++) {
        buf_add_char(out, i == 0 ? '{' : ',');
        json_text(out, names[i], tape_text(outer, NULL, span_str(names[i])));
    }
    buf_add_str(out, outer == NULL ? "null" : "}");
}

static void json_token(const struct report_input *input, struct buf *out)
{
    const struct judgement *judgement = input->judgement;
    buf_add_str(out, "\"token\":{");
    json_tape(out, "header", judgement->token == NULL ? NULL : &judgement->token->header);
    buf_add_char(out, ',');
    json_tape(out, "claims", judgement->unverified == NULL ? NULL : &judgement->unverified->tape);
    if (input->is_encrypted)
        json_outer(input->outer, out);
    buf_add_char(out, '}');
}

static void json_check(const struct report_input *input, const struct check *check, struct buf *out)
{
    buf_add_char(out, '{');
    json_text(out, "name", span_str(check_name_text(check, input->arena)));
    buf_add_char(out, ',');
    json_text(out, "verdict", span_str(report_check_verdict(check->verdict)));
    buf_add_char(out, ',');
    json_text(out, "expected", check->expected);
    buf_add_char(out, ',');
    json_text(out, "found", check->found);
    buf_add_char(out, ',');
    json_text(out, "advice", span_str(report_advice(input, check)));
    buf_add_char(out, '}');
}

/* The key that verified; where its set came from is null for keys that the policy holds itself. */
static void json_key(const struct report_input *input, struct buf *out)
{
    const struct key *key = input->judgement->key;
    buf_add_str(out, ",\"key\":");
    if (key == NULL) {
        buf_add_str(out, "null");
        return;
    }
    buf_add_char(out, '{');
    json_text(out, "kid", key->kid);
    buf_add_char(out, ',');
    json_text(out, "alg", input->judgement->token->alg_text);
    buf_add_char(out, ',');
    json_text(out, "thumbprint", span_str(key->thumbprint));
    buf_add_char(out, ',');
    json_text(out, "provider", report_key_source(input));
    buf_add_char(out, '}');
}

static void json_opinion(const struct report_input *input, struct buf *out)
{
    buf_add_str(out, ",\"second_opinion\":{\"by\":\"libjwt\",");
    json_text(out, "verdict", span_str(report_opinion(input)));
    buf_add_char(out, ',');
    json_text(out, "text", span_str(input->opinion->text));
    buf_add_char(out, '}');
}

static void json_notes(const struct report_input *input, struct buf *out)
{
    buf_add_str(out, ",\"notes\":[");
    for (size_t i = 0; i < input->note_count; i++) {
        if (i > 0)
            buf_add_char(out, ',');
        buf_add_json_text(out, input->notes[i]);
    }
    buf_add_char(out, ']');
}

bool report_json(const struct report_input *input, struct buf *out)
{
    const struct judgement *judgement = input->judgement;
    buf_add_str(out, "{\"schema\":1,");
    json_text(out, "route", input->route);
    buf_add_char(out, ',');
    json_text(out, "verdict", span_str(report_verdict(judgement)));
    buf_add_char(out, ',');
    json_text(out, "reason", judgement->has_passed ? (struct span){NULL, 0} : span_str(reason_name(judgement->reason)));
    buf_printf(out, ",\"status\":%u,\"at\":%" PRId64 ",", report_status(input), input->at_s);
    json_token(input, out);
    buf_add_str(out, ",\"checks\":[");
    for (size_t i = 0; i < judgement->check_count; i++) {
        if (i > 0)
            buf_add_char(out, ',');
        json_check(input, &judgement->checks[i], out);
    }
    buf_add_char(out, ']');
    json_key(input, out);
    if (input->opinion != NULL)
        json_opinion(input, out);
    json_notes(input, out);
    buf_add_char(out, '}');
    return !out->is_broken;
}

/* ---- log ---- */

/* A user's own name (`sub`) stands in no log: its hash does, enough to tell two apart. */
static struct span found_for_log(const struct check *failed, struct arena *arena)
{
    char hash[TOKEN_SHORT_HASH_BYTES];
    if (failed->name != CHECK_CLAIM || failed->found.len == 0 || !span_eq(failed->claim, SPAN("sub")))
        return failed->found;
    token_short_hash(failed->found, hash);
    return arena_copy(arena, span_str(hash));
}

size_t report_fields(const struct judgement *judgement, struct arena *arena, struct log_field out[REPORT_FIELDS_MAX])
{
    if (judgement->has_passed)
        return 0;
    out[0] = LOG_STR("reason", reason_name(judgement->reason));
    if (judgement->failed == NULL)
        return 1;
    out[1] = LOG_STR("check", check_name_text(judgement->failed, arena));
    out[2] = LOG_TEXT("expected", judgement->failed->expected);
    out[3] = LOG_TEXT("found", found_for_log(judgement->failed, arena));
    return 4;
}
