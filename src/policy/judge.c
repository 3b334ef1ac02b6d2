/* SPDX-License-Identifier: Apache-2.0 */
/* The order of checks, and the one place where a judgement is set to passed. */
#include "judge_int.h"

#include "base/ascii.h"
#include "base/buf.h"

#include <stdarg.h>
#include <stdio.h>

_Static_assert(CHECK_COUNT - 1 + RULE_CLAIMS_MAX + 6 <= JUDGE_CHECKS_MAX,
               "each check has its place: typ, max_age, revocation and three of cnf beside");

enum { TEXT_BYTES_MAX = 4096 };

/* ---- notes and texts ---- */

/* Room for one more check; NULL when there is no memory. */
static struct check *check_room(struct judging *j)
{
    struct judgement *out = j->out;
    if (out->checks == NULL)
        out->checks = arena_take(j->in->arena, (j->in->wants_every_check ? JUDGE_CHECKS_MAX : 1) * sizeof *out->checks);
    if (out->checks == NULL) {
        j->is_out_of_memory = true;
        return NULL;
    }
    assert(out->check_count < (j->in->wants_every_check ? JUDGE_CHECKS_MAX : 1));
    return &out->checks[out->check_count++];
}

struct check *judge_note_told(struct judging *j, enum check_name name, enum check_verdict verdict, enum reason reason)
{
    bool is_first = verdict == VERDICT_FAIL && j->reason == REASON_NONE;
    if (is_first)
        j->reason = reason;
    if (!is_first && !j->in->wants_every_check)
        return NULL;
    struct check *check = check_room(j);
    if (check == NULL)
        return NULL;
    *check = (struct check){.name = name, .verdict = verdict, .reason = verdict == VERDICT_FAIL ? reason : REASON_NONE};
    if (is_first)
        j->out->failed = check;
    return check;
}

struct span judge_text(struct judging *j, const char *format, ...)
{
    char text[TEXT_BYTES_MAX];
    va_list arguments;
    va_start(arguments, format);
    int len = vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    size_t used = len < 0 ? 0 : (size_t)len < sizeof text ? (size_t)len : sizeof text - 1;
    return arena_copy(j->in->arena, span_of(text, used));
}

struct span judge_joined(struct judging *j, const char *lead, const struct span *texts, size_t count)
{
    AUTO(buf) joined = {.bytes_max = TEXT_BYTES_MAX};
    buf_add_str(&joined, lead);
    for (size_t i = 0; i < count && !joined.is_broken; i++) {
        if (i > 0)
            buf_add_str(&joined, ", ");
        buf_add_span(&joined, texts[i]);
    }
    return arena_copy(j->in->arena, buf_span(&joined));
}

/* ---- reading ---- */

/* Whether the parts look right, so that what is wrong is the header.  Asked only after a failure. */
static bool has_shape(struct span text, const struct token_limits *limits)
{
    struct span piece;
    size_t count = 0;
    if (text.len > limits->token_bytes_max)
        return false;
    for (; span_split(&text, '.', &piece); count++) {
        if (piece.len % 4 == 1)
            return false;
        for (size_t i = 0; i < piece.len; i++) {
            char c = piece.at[i];
            if (!ascii_is_letter(c) && !ascii_is_digit(c) && c != '-' && c != '_')
                return false;
        }
    }
    return count == 3;
}

static struct span expected_credential(struct judging *j)
{
    const struct rule *rule = j->rule;
    struct span scheme = rule->scheme.len > 0 ? rule->scheme : SPAN("Bearer");
    if (rule->is_authorization && span_eq(scheme, SPAN("Bearer")) && span_eq(rule->source_name, SPAN("Authorization")))
        return SPAN("header Authorization: Bearer TOKEN"); /* so it is nearly always */
    if (rule->is_authorization)
        return judge_text(j, "header %.*s: %.*s TOKEN", SPAN_ARG(rule->source_name), SPAN_ARG(scheme));
    return judge_text(j, "%s %.*s", rule->source == TOKEN_FROM_QUERY ? "query parameter" : "header",
                      SPAN_ARG(rule->source_name));
}

static bool refuse_token(struct judging *j, enum check_name name, const struct err *err)
{
    if (err->reason == REASON_OUT_OF_MEMORY) {
        j->is_out_of_memory = true;
        return false;
    }
    if (name == CHECK_HEADER)
        judge_note(j, CHECK_TOKEN, VERDICT_PASS, REASON_NONE);
    struct check *check = judge_note(j, name, VERDICT_FAIL, err->reason);
    if (check == NULL)
        return false;
    if (err->reason == REASON_TOKEN_NOT_PRESENT)
        check->expected = expected_credential(j);
    else
        check->expected = name == CHECK_HEADER ? SPAN("a header of a signed token") : SPAN("one compact signed token");
    check->found = arena_copy(j->in->arena, span_str(err->text));
    return false;
}

static bool read_signed(struct judging *j, const struct token *token, struct claims *claims, struct err *err)
{
    j->out->token = token;
    return claims_read(claims, j->in->arena, token->payload_text, j->in->limits.json_depth_max, err);
}

/* Header and payload of a token that was not seen before. */
static bool read_fresh(struct judging *j, struct span text, struct err *err, enum check_name *name)
{
    struct token *token = arena_take(j->in->arena, sizeof *token);
    struct claims *claims = arena_take(j->in->arena, sizeof *claims);
    *name = CHECK_TOKEN;
    if (token == NULL || claims == NULL)
        return fail(err, REASON_OUT_OF_MEMORY, "no memory for the token");
    if (!token_read(token, j->in->arena, text, &j->in->limits, err)) {
        *name = has_shape(text, &j->in->limits) ? CHECK_HEADER : CHECK_TOKEN;
        return false;
    }
    if (token->is_encrypted ? !judge_decrypt(j, token, claims, err) : !read_signed(j, token, claims, err))
        return false;
    j->out->token = token;
    j->token = token;
    j->claims = claims;
    return true;
}

/* The payload is read before the signature is checked: a token whose parts are malformed is told so whoever signed it, and
 * its claims then say whether a refetch is due.  Nothing passes on unverified claims.
 */
static bool read_token(struct judging *j)
{
    struct span text;
    struct err err = {.reason = REASON_NONE};
    enum check_name name = CHECK_TOKEN;
    const struct remembered *remembered = j->in->remembered;
    if (j->in->assumed != NULL)
        return judge_assume(j);
    if (!judge_extract_any(j->rule, j->in->credential, j->in->is_repeated, &text, &err))
        return refuse_token(j, CHECK_TOKEN, &err);
    if (remembered != NULL && text.len <= j->in->limits.token_bytes_max && span_eq(remembered->token->raw, text)) {
        j->remembered = remembered;
        j->token = j->out->token = remembered->token;
        j->claims = remembered->claims;
    } else if (!judge_refuse_list(text, &err) || !read_fresh(j, text, &err, &name)) {
        return refuse_token(j, name, &err);
    }
    j->out->unverified = j->claims;
    judge_note(j, CHECK_TOKEN, VERDICT_PASS, REASON_NONE);
    judge_note(j, CHECK_HEADER, VERDICT_PASS, REASON_NONE);
    return true;
}

/* ---- the order ---- */

bool judge_alg(struct judging *j)
{
    const struct token *token = j->token;
    if (j->in->assumed != NULL) {
        judge_note(j, CHECK_ALG, VERDICT_SKIP, REASON_NONE);
        return true;
    }
    bool is_allowed = token->is_unsigned ? !j->rule->requires_signature : alg_set_has(j->rule->algs, token->alg);
    enum reason reason = is_allowed ? REASON_NONE : REASON_JWT_INVALID;
    struct check *check = judge_note(j, CHECK_ALG, verdict_of(reason), reason);
    if (check == NULL)
        return is_allowed;
    struct span names[ALG_COUNT];
    size_t count = 0;
    for (int alg = ALG_UNKNOWN + 1; alg < ALG_COUNT; alg++)
        if (alg_set_has(j->rule->algs, (enum alg)alg))
            names[count++] = span_str(alg_info((enum alg)alg)->name);
    check->expected = judge_joined(j, j->rule->requires_signature ? "one of " : "none, or one of ", names, count);
    check->found = token->alg_text;
    return is_allowed;
}

static bool (*const steps[])(struct judging *) = {
    judge_alg,     judge_key, judge_nbf, judge_exp, judge_audience, judge_issuer,
    judge_revoked, judge_typ, judge_age, judge_cnf, judge_required,
};

static void skip_rest(struct judging *j)
{
    static const enum check_name rest[] = {CHECK_HEADER, CHECK_ALG, CHECK_KEY,      CHECK_SIGNATURE,
                                           CHECK_NBF,    CHECK_EXP, CHECK_AUDIENCE, CHECK_ISSUER};
    bool has_header = j->out->failed != NULL && j->out->failed->name == CHECK_HEADER;
    for (size_t i = has_header ? 1 : 0; i < COUNT_OF(rest) && !j->is_out_of_memory; i++)
        judge_note(j, rest[i], VERDICT_SKIP, REASON_NONE);
    for (size_t i = 0; i < j->rule->claim_count; i++) {
        struct check *check = judge_note(j, CHECK_CLAIM, VERDICT_SKIP, REASON_NONE);
        if (check != NULL)
            check->claim = j->rule->claims[i].name;
    }
}

/* Whether every step was taken; all of them are when every check is wanted, whatever the first failure. */
static bool take_steps(struct judging *j)
{
    if (!read_token(j)) {
        skip_rest(j);
        return false;
    }
    for (size_t i = 0; i < COUNT_OF(steps); i++)
        if ((!steps[i](j) && !j->in->wants_every_check) || j->is_out_of_memory)
            return false;
    return true;
}

static void take_sets(struct judging *j)
{
    j->set_count = j->rule->provider_count + (j->rule->inline_keys != NULL);
    for (size_t i = 0; i < j->set_count; i++) {
        const struct trust *trust = &j->in->trusts[i];
        j->sets[i] = trust->verifier == NULL ? NULL : verifier_keys(trust->verifier);
        j->has_provider_failed = j->has_provider_failed || trust->verifier == NULL;
    }
}

void judge(const struct judge_input *input, struct judgement *judgement)
{
    *judgement = (struct judgement){.reason = REASON_JWT_INVALID, .status = input->rule->failed_status};
    const struct keyset *sets[RULE_PROVIDERS_MAX + 1]; /* beside j: clearing it for each judgement would cost */
    struct judging j = {.in = input, .rule = input->rule, .out = judgement, .sets = sets};
    judgement->is_dpop = judge_is_dpop(j.rule, input->credential);
    take_sets(&j);
    bool is_finished = take_steps(&j);
    judgement->reason = j.is_out_of_memory ? REASON_OUT_OF_MEMORY : j.reason;
    assert(is_finished || judgement->reason != REASON_NONE);
    judgement->has_token = judgement->reason != REASON_TOKEN_NOT_PRESENT;
    if (is_finished && judgement->reason == REASON_NONE) {
        judgement->has_passed = true;
        judgement->status = 200;
        judgement->claims = j.claims;
        return;
    }
    judgement->only_claims_failed = j.has_required_failed;
    if (judgement->reason == REASON_OPENID_CONFIG_UNAVAILABLE || judgement->reason == REASON_OUT_OF_MEMORY)
        judgement->status = 503;
}

const char *check_name_text(const struct check *check, struct arena *arena)
{
    static const char *const names[] = {"token", "header", "alg",      "key",    "signature",
                                        "nbf",   "exp",    "audience", "issuer", "claim"};
    _Static_assert(COUNT_OF(names) == CHECK_COUNT, "each check has its name");
    if (check->name != CHECK_CLAIM)
        return names[check->name];
    const char *name = arena_printf(arena, "claim:%.*s", SPAN_ARG(check->claim));
    return name == NULL ? "claim" : name;
}
