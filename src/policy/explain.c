/* SPDX-License-Identifier: Apache-2.0 */
/* Judging for people: what was pasted becomes a credential, the request is made up from the route, libjwt is asked too. */
#include "policy/explain.h"

#include "base/now.h"
#include "policy/expression.h"
#include "report_shown.h"

#include <stdarg.h>
#include <stdio.h>

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

/* ---- the request that expressions see ---- */

static struct value text_value(struct span text)
{
    return text.at == NULL ? (struct value){.kind = VALUE_NULL} : (struct value){.kind = VALUE_TEXT, .text = text};
}

static struct value fact_of(void *of, enum fact fact)
{
    const struct explain_input *input = of;
    switch (fact) {
    case FACT_METHOD: return text_value(SPAN("GET"));
    case FACT_URL_SCHEME:
    case FACT_ORIGINAL_SCHEME: return text_value(SPAN("https"));
    case FACT_URL_HOST:
    case FACT_ORIGINAL_HOST: return text_value(input->host);
    case FACT_URL_PORT:
    case FACT_ORIGINAL_PORT: return (struct value){.kind = VALUE_INT, .integer = 443};
    case FACT_URL_PATH:
    case FACT_ORIGINAL_PATH: return text_value(input->path);
    case FACT_URL_QUERY:
    case FACT_ORIGINAL_QUERY: return text_value(SPAN(""));
    case FACT_REQUEST_ID: return text_value(SPAN("explain"));
    case FACT_IP_ADDRESS:
    case FACT_STATUS_CODE:
    case FACT_STATUS_REASON:
    case FACT_ERROR_SOURCE:
    case FACT_ERROR_REASON:
    case FACT_ERROR_MESSAGE:
    case FACT_ERROR_SCOPE:
    case FACT_ERROR_SECTION:
    case FACT_ERROR_PATH:
    case FACT_ERROR_POLICY_ID:
    case FACT_COUNT: break;
    }
    return text_value((struct span){NULL, 0});
}

static bool no_header(void *of, enum message message, struct span name, struct span *joined)
{
    (void)of, (void)message, (void)name, (void)joined;
    return false;
}

static bool no_query(void *of, bool is_original, struct span name, struct span *joined)
{
    (void)of, (void)is_original, (void)name, (void)joined;
    return false;
}

/* Nothing is sent: a GUID that is the same each time will do. */
static void no_random(void *of, unsigned char out[16])
{
    (void)of;
    memset(out, 0, 16);
}

bool explain_evaluate(const struct explain_input *input, const struct rule *from, struct rule *rule, struct err *err)
{
    static const struct expression_host host = {fact_of, no_header, no_query, no_random};
    static const struct variables none;
    const struct expression_context context = {.host = &host,
                                               .of = (void *)(uintptr_t)input,
                                               .variables = &none,
                                               .now_ms = input->at_s * 1000,
                                               .arena = input->arena};
    *rule = *from;
    return from->dynamic_count == 0 || rule_evaluate(from, &context, rule, err);
}

/* ---- notes ---- */

PRINTF_LIKE(3, 4)
static void note(struct explained *one, struct arena *arena, const char *format, ...)
{
    char line[1024];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(line, sizeof line, format, arguments);
    va_end(arguments);
    struct span kept = arena_copy(arena, span_str(line));
    if (one->report.note_count < EXPLAIN_NOTES_MAX && kept.at != NULL)
        one->notes[one->report.note_count++] = kept;
}

static void note_scheme(const struct explain_input *input, struct explained *one)
{
    bool had_scheme;
    bool is_query = one->rule.source == TOKEN_FROM_QUERY;
    explain_token(input->pasted, &had_scheme);
    if (!had_scheme || one->rule.is_authorization)
        return;
    if (one->rule.source_name.len > 0)
        note(one, input->arena,
             "the scheme before the token was taken off before judging: in the %s %s the token must stand alone; with "
             "`Bearer ` before it, it is refused there",
             is_query ? "query parameter" : "header", SHOWN(one->rule.source_name));
    else
        note(one, input->arena,
             "the scheme before the token was taken off before judging: what the policy's token-value gives must not "
             "have "
             "`Bearer ` before it");
}

static void note_assumed(const struct explain_input *input, const struct explain_rule *with, struct explained *one)
{
    for (size_t i = 0; with->is_issuer_assumed && i < one->rule.provider_count; i++) {
        const struct verifier *verifier = with->trusts[i].verifier;
        if (verifier != NULL)
            note(one, input->arena, "the issuer %s is assumed from the configured URL, nobody was asked",
                 SHOWN(verifier_keys(verifier)->issuer));
    }
}

/* RFC 5280 4.1.2.5 ends a certificate, not what it holds: the key verifies on, and somebody ought to know. */
static void note_certificate(const struct explain_input *input, struct explained *one)
{
    const struct key *key = one->judgement.key;
    char end[NOW_TEXT_BYTES];
    if (key == NULL || key->not_after_s == 0 || key->not_after_s > input->at_s)
        return;
    now_second_text(key->not_after_s, end);
    note(one, input->arena,
         "the certificate of the key %s ended on %s; its key verifies all the same, but it is time for a new one",
         SHOWN(key->kid), end);
}

static void note_request(const struct explain_input *input, const struct explain_rule *with, struct explained *one)
{
    if (with->rule->dynamic_count > 0)
        note(one, input->arena, "expressions of the policy were evaluated for GET https://%s%s without header fields",
             input->host.at == NULL ? "(unknown host)" : SHOWN(input->host), SHOWN(input->path));
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

static bool judge_one(const struct explain_input *input, const struct explain_rule *with, struct explained *one,
                      struct err *err)
{
    bool had_scheme;
    struct span token = explain_token(input->pasted, &had_scheme);
    if (!explain_evaluate(input, with->rule, &one->rule, err))
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
    one->report = (struct report_input){.judgement = &one->judgement,
                                        .rule = &one->rule,
                                        .route = input->route,
                                        .at_s = input->at_s,
                                        .arena = input->arena,
                                        .pasted = token,
                                        .trusts = with->trusts,
                                        .troubles = with->troubles,
                                        .is_issuer_assumed = with->is_issuer_assumed,
                                        .notes = one->notes};
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

bool explain_judge(const struct explain_input *input, struct explanation *explanation, struct err *err)
{
    *explanation = (struct explanation){.each = arena_zero(input->arena, input->rule_count * sizeof(struct explained))};
    if (explanation->each == NULL)
        return fail(err, REASON_OUT_OF_MEMORY, "no memory for the judgements");
    for (size_t i = 0; i < input->rule_count; i++) {
        struct explained *one = &explanation->each[i];
        const struct explain_rule *with = &input->rules[i];
        if (!judge_one(input, with, one, err))
            return false;
        one->report.clock_ahead_s = clock_of(with, one);
        ask_second(with->trusts, one);
        note_scheme(input, one);
        note_assumed(input, with, one);
        note_certificate(input, one);
        note_request(input, with, one);
        explanation->count++;
        if (explanation->decisive == NULL || explanation->decisive->judgement.has_passed)
            explanation->decisive = one;
    }
    return true;
}

/* ---- rendering ---- */

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
            buf_printf(out, "\npolicy %zu of %zu: %s\n", i + 1, explanation->count,
                       one.rule->source_policy == NULL ? "validate-jwt" : one.rule->source_policy);
        report_text(&one, out);
    }
    return !out->is_broken;
}

bool explain_json(const struct explanation *explanation, struct buf *out)
{
    return report_json(&explanation->decisive->report, out);
}
