/* SPDX-License-Identifier: Apache-2.0 */
/* What should be known to read a judgement that was made without a request. */
#include "explain_int.h"

#include "base/now.h"
#include "report_shown.h"

#include <stdarg.h>
#include <stdio.h>

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

static void note_assumed(const struct explain_input *input, struct explained *one)
{
    const struct explain_rule *with = one->with;
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

static void note_encrypted(const struct explain_input *input, struct explained *one)
{
    static const char *const names[] = {"alg", "enc", "kid"};
    AUTO(buf) outer = {0};
    if (!one->report.is_encrypted)
        return;
    for (size_t i = 0; one->report.outer != NULL && i < COUNT_OF(names); i++) {
        const struct tape_item *item = tape_member(&one->outer, NULL, span_str(names[i]));
        if (item != NULL)
            buf_printf(&outer, "%s%s %s", buf_len(&outer) == 0 ? ": " : ", ", names[i],
                       SHOWN(tape_span(&one->outer, item)));
    }
    note(one, input->arena, "the token came encrypted (JWE%.*s) and %s", SPAN_ARG(buf_span(&outer)),
         one->judgement.was_encrypted ? "was opened; checks, header and claims are those of the token inside"
                                      : "was not opened; nothing can be said of what is inside");
}

/* RFC 9449 7.1: a bound token is none for who only has it. */
static void note_bound(const struct explain_input *input, struct explained *one)
{
    const struct tape *tape = one->judgement.unverified == NULL ? NULL : &one->judgement.unverified->tape;
    const struct tape_item *cnf = tape == NULL ? NULL : tape_member(tape, NULL, SPAN("cnf"));
    if (cnf != NULL && tape_member(tape, cnf, SPAN("jkt")) != NULL && judge_takes_dpop(&one->rule))
        note(
            one, input->arena,
            "the token is bound to a key of its client (cnf.jkt): sent as Bearer it is refused; only requests with the "
            "scheme DPoP and a proof by that key can pass");
    if (cnf != NULL && tape_member(tape, cnf, SPAN("x5t#S256")) != NULL)
        note(
            one, input->arena,
            "the token is bound to a certificate of its client (cnf.x5t#S256): only requests of a client that connects "
            "with it can pass");
}

static const char *url_text(const struct explain_input *input)
{
    const struct explain_request *request = &input->request;
    const char *host = request->host.at == NULL ? "(unknown host)" : SHOWN(request->host);
    const char *scheme = request->is_plain ? "http" : "https";
    const char *port = request->port == 0 ? "" : arena_printf(input->arena, ":%u", request->port);
    return arena_printf(input->arena, "%s://%s%s%s%s", scheme, host, port == NULL ? "" : port, SHOWN(request->path),
                        SHOWN(request->query));
}

static void note_request(const struct explain_input *input, struct explained *one)
{
    if (one->with->rule->dynamic_count == 0)
        return;
    const char *url = url_text(input);
    note(one, input->arena, "expressions of the policy were evaluated for GET %s without header fields",
         url == NULL ? "" : url);
    for (size_t i = 0; i < one->unknown_count; i++)
        note(one, input->arena, "an expression could not be evaluated: %.*s; what depends on it is skipped%s",
             SPAN_ARG(one->unknown[i].why),
             input->request.is_given ? "" : "; --url gives expressions the request's URL");
}

/* Without a request nobody knows which branch is taken. */
static void note_branches(const struct explain_input *input, const struct explanation *explanation,
                          struct explained *one)
{
    size_t alternatives = 0;
    size_t passing = 0;
    for (size_t i = 0; i < explanation->count; i++) {
        alternatives += explanation->each[i].with->is_alternative;
        passing += explanation->each[i].with->is_alternative && explanation->each[i].judgement.has_passed;
    }
    if (one != explanation->decisive || alternatives == 0)
        return;
    if (explanation->count == 1)
        note(one, input->arena, "the policy stands in a branch, at %s: only requests that get there are judged by it",
             one->with->place == NULL ? "choose" : one->with->place);
    else
        note(one, input->arena,
             "policies within choose are alternatives, the request decides which of them judge: of %zu, %zu %s this "
             "token; "
             "this is told of policy %zu%s%s",
             alternatives, passing, passing == 1 ? "takes" : "take", (size_t)(one - explanation->each) + 1,
             one->with->place == NULL ? "" : ", at ", one->with->place == NULL ? "" : one->with->place);
}

/* What there may be many of comes last: beyond EXPLAIN_NOTES_MAX nothing is kept. */
void explain_note(const struct explain_input *input, const struct explanation *explanation, struct explained *one)
{
    note_branches(input, explanation, one);
    note_scheme(input, one);
    note_encrypted(input, one);
    note_bound(input, one);
    note_certificate(input, one);
    note_request(input, one);
    note_assumed(input, one);
}
