/* SPDX-License-Identifier: Apache-2.0 */
/* Judging for people: what was pasted becomes a credential, the request is made up, libjwt is asked too. */
#include "explain_int.h"

#include "jose/b64url.h"

/* ---- what was pasted ---- */

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static struct span strip(struct span text)
{
    while (text.len > 0 && is_blank(text.at[0]))
        text = span_from(text, 1);
    while (text.len > 0 && is_blank(text.at[text.len - 1]))
        text.len--;
    return text;
}

struct span explain_token(struct span pasted, bool *had_scheme)
{
    static const struct span schemes[] = {SPAN_INIT("Bearer"), SPAN_INIT("DPoP")};
    struct span token = strip(pasted);
    *had_scheme = false;
    for (size_t i = 0; i < COUNT_OF(schemes) && !*had_scheme; i++) {
        struct span rest = span_from(token, schemes[i].len);
        *had_scheme =
            span_eq_nocase(span_cut(token, schemes[i].len), schemes[i]) && (rest.len == 0 || is_blank(rest.at[0]));
        if (*had_scheme)
            token = strip(rest);
    }
    return token;
}

/* The credential as the rule wants it; `at` NULL: out of memory. */
static struct span credential_of(const struct rule *rule, struct span token, struct arena *arena)
{
    struct span scheme = rule->scheme.len > 0 ? rule->scheme : SPAN("Bearer");
    AUTO(buf) credential = {0};
    if (!rule->is_authorization)
        return token;
    buf_add_span(&credential, scheme);
    buf_add_char(&credential, ' ');
    buf_add_span(&credential, token);
    return credential.is_broken ? (struct span){NULL, 0} : arena_copy(arena, buf_span(&credential));
}

/* ---- judging ---- */

/* The keys that may have signed: the one that did, else those that were tried. */
static size_t find_signers(const struct explained *one, const struct trust *trusts,
                           struct keyset_candidate out[KEYSET_TRIES_MAX])
{
    const struct keyset *sets[RULE_PROVIDERS_MAX + 1];
    size_t count = one->rule.provider_count + (one->rule.inline_keys != NULL);
    enum keyset_match match;
    if (one->judgement.key != NULL) {
        out[0] = (struct keyset_candidate){one->judgement.key, one->judgement.trust};
        return 1;
    }
    for (size_t i = 0; i < count; i++)
        sets[i] = trusts[i].verifier == NULL ? NULL : verifier_keys(trusts[i].verifier);
    return keyset_candidates(sets, count, one->judgement.token, out, &match);
}

/* libjwt's opinion under any of these keys; left out where there is no key to ask about. */
static void ask_second(const struct trust *trusts, struct explained *one)
{
    struct keyset_candidate signers[KEYSET_TRIES_MAX];
    const struct token *token = one->judgement.token;
    if (token == NULL || token->is_encrypted || token->is_unsigned || token->alg == ALG_UNKNOWN)
        return;
    size_t count = find_signers(one, trusts, signers);
    for (size_t i = 0; i < count && one->opinion.opinion != OPINION_GOOD; i++) {
        second_opinion_ask(token, signers[i].key, &one->opinion);
        one->report.opinion = &one->opinion;
    }
}

/* The header of the encryption, which is not encrypted (RFC 7516 3); whether the token has five parts as such ones do. */
static bool read_outer(const struct explain_input *input, struct span token, struct tape *outer)
{
    struct span rest = token;
    struct span piece, header, json;
    struct err err;
    size_t count = 0;
    for (; span_split(&rest, '.', &piece) && count <= 5; count++)
        if (count == 0)
            header = piece;
    if (count != 5)
        return false;
    if (header.len > input->limits.token_bytes_max || !b64url_decode_arena(input->arena, header, &json, &err) ||
        !tape_read(outer, input->arena, json, input->limits.json_depth_max, &err))
        outer->count = 0;
    return true;
}

static void report_on(const struct explain_input *input, struct explained *one, struct span token)
{
    const struct explain_rule *with = one->with;
    one->report = (struct report_input){.judgement = &one->judgement,
                                        .rule = &one->rule,
                                        .route = input->route,
                                        .tells_scope = input->tells_scope,
                                        .at_s = input->at_s,
                                        .arena = input->arena,
                                        .pasted = token,
                                        .trusts = with->trusts,
                                        .urls = with->urls,
                                        .troubles = with->troubles,
                                        .is_issuer_assumed = with->is_issuer_assumed,
                                        .notes = one->notes};
    one->report.is_encrypted = read_outer(input, token, &one->outer);
    one->report.outer = one->outer.count > 0 ? &one->outer : NULL;
}

static bool judge_one(const struct explain_input *input, struct explained *one, struct err *err)
{
    bool had_scheme;
    const struct explain_rule *with = one->with;
    struct span token = explain_token(input->pasted, &had_scheme);
    if (!explain_evaluate_known(input, with->rule, one, err))
        return false;
    const struct judge_input judging = {.rule = &one->rule,
                                        .trusts = with->trusts,
                                        .now_s = input->at_s,
                                        .limits = input->limits,
                                        .arena = input->arena,
                                        .credential = credential_of(&one->rule, token, input->arena),
                                        .wants_every_check = true,
                                        .cnf = input->cnf,
                                        .revocation = input->revocation};
    if (judging.credential.at == NULL)
        return fail(err, REASON_OUT_OF_MEMORY, "no memory for the token");
    judge(&judging, &one->judgement);
    explain_leave_open(one);
    report_on(input, one, token);
    return true;
}

/* Of the key that verified, or of the only provider. */
static int64_t clock_of(const struct explain_rule *with, const struct explained *one)
{
    size_t trust = one->judgement.key != NULL ? one->judgement.trust : 0;
    bool is_known = with->clocks_ahead_s != NULL && trust < one->rule.provider_count &&
                    (one->judgement.key != NULL || one->rule.provider_count == 1);
    return is_known ? with->clocks_ahead_s[trust] : 0;
}

/* ---- several rules ---- */

size_t explain_decide(const struct explain_vote *votes, size_t count)
{
    size_t last = count;    /* that stands in no branch; all of them passed */
    size_t passing = count; /* first of a branch that passes */
    size_t open = count;    /* last of a branch without a verdict */
    for (size_t i = 0; i < count; i++) {
        if (!votes[i].is_alternative && !votes[i].has_passed)
            return i;
        if (!votes[i].is_alternative)
            last = i;
        else if (votes[i].has_passed)
            passing = passing < count ? passing : i;
        else if (votes[i].is_unknown)
            open = i;
    }
    if (passing < count)
        return passing;
    return last < count ? last : open < count ? open : count - 1;
}

const char *explain_place(const struct plan *plan, size_t rule, bool *is_alternative)
{
    *is_alternative = false;
    for (size_t i = 0; i < plan->count; i++) {
        const struct plan_step *step = &plan->steps[i];
        if (step->kind != PLAN_VALIDATE || step->rule != rule)
            continue;
        *is_alternative = step->path != NULL && strchr(step->path, '/') != NULL;
        return step->path;
    }
    return NULL;
}

static bool decide(struct explanation *explanation, struct arena *arena)
{
    struct explain_vote *votes = arena_zero(arena, explanation->count * sizeof *votes);
    for (size_t i = 0; votes != NULL && i < explanation->count; i++) {
        const struct explained *one = &explanation->each[i];
        votes[i].is_alternative = one->with->is_alternative;
        votes[i].has_passed = one->judgement.has_passed;
        votes[i].is_unknown = strcmp(report_verdict(&one->judgement), "unknown") == 0;
    }
    if (votes != NULL)
        explanation->decisive = &explanation->each[explain_decide(votes, explanation->count)];
    return votes != NULL;
}

bool explain_judge(const struct explain_input *input, struct explanation *explanation, struct err *err)
{
    *explanation = (struct explanation){.each = arena_zero(input->arena, input->rule_count * sizeof(struct explained))};
    if (explanation->each == NULL)
        return fail(err, REASON_OUT_OF_MEMORY, "no memory for the judgements");
    for (size_t i = 0; i < input->rule_count; i++) {
        struct explained *one = &explanation->each[i];
        one->with = &input->rules[i];
        if (!judge_one(input, one, err))
            return false;
        one->report.clock_ahead_s = clock_of(one->with, one);
        if (!input->is_brief)
            ask_second(one->with->trusts, one);
        explanation->count++;
    }
    if (!decide(explanation, input->arena))
        return fail(err, REASON_OUT_OF_MEMORY, "no memory for the judgements");
    for (size_t i = 0; i < explanation->count; i++)
        explain_note(input, explanation, &explanation->each[i]);
    return true;
}

/* ---- rendering ---- */

static void put_title(const struct explanation *explanation, size_t i, struct buf *out)
{
    const struct explained *one = &explanation->each[i];
    const char *name = one->rule.source_policy == NULL ? "validate-jwt" : one->rule.source_policy;
    buf_printf(out, "\npolicy %zu of %zu%s %s\n", i + 1, explanation->count, one->with->place == NULL ? ":" : ", at",
               one->with->place == NULL ? name : one->with->place);
}

bool explain_text(const struct explanation *explanation, bool has_colour, struct buf *out)
{
    if (explanation->count > 1) {
        struct report_input decisive = explanation->decisive->report;
        decisive.has_colour = has_colour;
        report_summary(&decisive, out);
    }
    for (size_t i = 0; i < explanation->count; i++) {
        struct report_input one = explanation->each[i].report;
        one.has_colour = has_colour;
        one.omits_token = i + 1 < explanation->count;
        if (explanation->count > 1)
            put_title(explanation, i, out);
        report_text(&one, out);
    }
    return !out->is_broken;
}

bool explain_json(const struct explanation *explanation, struct buf *out)
{
    return report_json(&explanation->decisive->report, out);
}
