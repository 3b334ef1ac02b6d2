/* SPDX-License-Identifier: Apache-2.0 */
/* Tokens bound to a key (RFC 7800): who sends one has to show that he holds the key.
 *
 * A bound token that is taken like any other one is a bearer token again, for everybody who gets hold of it: so what can't be
 * checked here is refused unless the route says otherwise, and what can be checked, is.
 */
#include "judge_int.h"

#include "jose/b64url.h"

static bool refuse_cnf(struct judging *j, enum dpop_error error, struct span expected, struct span found)
{
    if (j->reason == REASON_NONE)
        j->out->dpop = error;
    struct check *check = judge_note(j, CHECK_CLAIM, VERDICT_FAIL, REASON_JWT_INVALID);
    if (check != NULL) {
        check->claim = SPAN("cnf");
        check->expected = expected;
        check->found = found;
    }
    return false;
}

static bool note_cnf(struct judging *j, enum check_verdict verdict, struct span expected, struct span found)
{
    struct check *check = judge_note(j, CHECK_CLAIM, verdict, REASON_NONE);
    if (check != NULL) {
        check->claim = SPAN("cnf");
        check->expected = expected;
        check->found = found;
    }
    return true;
}

bool judge_takes_dpop(const struct rule *rule)
{
    return rule->is_authorization && (rule->scheme.len == 0 || span_eq_nocase(rule->scheme, SPAN("Bearer")) ||
                                      span_eq_nocase(rule->scheme, SPAN("DPoP")));
}

static const struct span jkt_name = SPAN_INIT("jkt");
static const struct span x5t_name = SPAN_INIT("x5t#S256");

/* Whether there is a check for that member: a certificate's thumbprint, and a key's where the rule takes the scheme DPoP. */
static bool is_checked(const struct judging *j, struct span name)
{
    return span_eq(name, x5t_name) || (span_eq(name, jkt_name) && judge_takes_dpop(j->rule));
}

/* What of cnf nobody here can check, by name; at NULL: nothing. */
static struct span find_unknown(const struct judging *j, const struct tape_item *cnf)
{
    const struct tape *tape = &j->claims->tape;
    const struct tape_item *name = tape_first(tape, cnf);
    if (tape_kind_of(cnf) != TAPE_OBJECT)
        return SPAN("no object");
    if (name == NULL)
        return SPAN("an empty one");
    for (; name != NULL; name = tape_next(tape, cnf, tape_next(tape, cnf, name)))
        if (!is_checked(j, tape_span(tape, name)))
            return tape_span(tape, name);
    return (struct span){NULL, 0};
}

/* The credential as it was sent: an encrypted token is hashed as such (RFC 9449 4.3). */
static bool check_proof(struct judging *j, struct span jkt)
{
    struct dpop_binding binding = {.jkt = jkt, .algs = j->rule->algs, .now_s = j->in->now_s, .limits = j->in->limits};
    struct dpop_fault fault;
    struct err err;
    if (!judge_extract(j->rule, j->in->credential, j->in->is_repeated, &binding.token, &err))
        return refuse_cnf(j, DPOP_INVALID_TOKEN, SPAN("one token"), SPAN("none"));
    if (dpop_check(j->in->request, &binding, j->in->arena, &j->out->proof, &fault)) {
        j->out->has_proof = true;
        return note_cnf(j, VERDICT_PASS, SPAN("a proof by the key of cnf.jkt"), jkt);
    }
    j->is_out_of_memory = j->is_out_of_memory || fault.is_out_of_memory;
    return refuse_cnf(j, fault.error, span_str(fault.expected), fault.found);
}

static bool judge_jkt(struct judging *j, const struct tape_item *jkt)
{
    struct span text = tape_span(&j->claims->tape, jkt);
    if (tape_kind_of(jkt) != TAPE_STRING)
        return refuse_cnf(j, DPOP_INVALID_TOKEN, SPAN("jkt: the thumbprint of a key"), SPAN("no text"));
    if (j->in->request == NULL)
        return note_cnf(j, VERDICT_SKIP, SPAN("a proof by the key of cnf.jkt"), SPAN("no request here to look at"));
    if (!j->out->is_dpop)
        return refuse_cnf(j, DPOP_INVALID_TOKEN, SPAN("scheme DPoP, with a proof by the key of cnf.jkt"),
                          SPAN("scheme Bearer"));
    return check_proof(j, text);
}

static bool compare_certificate(struct judging *j, struct span thumbprint)
{
    char text[DIGEST_TEXT_BYTES];
    size_t len = b64url_encode(j->in->certificate.at, j->in->certificate.len, text);
    if (digest_eq(span_of(text, len), thumbprint))
        return note_cnf(j, VERDICT_PASS, SPAN("the certificate of cnf.x5t#S256"), thumbprint);
    return refuse_cnf(j, DPOP_NO_ERROR, SPAN("the certificate of cnf.x5t#S256"),
                      arena_copy(j->in->arena, span_str(text)));
}

/* RFC 8705 3: the certificate that the client proved to have is the token's. */
static bool judge_certificate(struct judging *j, const struct tape_item *x5t)
{
    bool is_shown = j->in->certificate.at != NULL;
    if (tape_kind_of(x5t) != TAPE_STRING)
        return refuse_cnf(j, DPOP_NO_ERROR, SPAN("x5t#S256: the thumbprint of a certificate"), SPAN("no text"));
    if (j->in->request == NULL)
        return note_cnf(j, VERDICT_SKIP, SPAN("the certificate of cnf.x5t#S256"), SPAN("no request here to look at"));
    if (is_shown)
        return compare_certificate(j, tape_span(&j->claims->tape, x5t));
    if (j->in->cnf == CNF_IGNORE)
        return note_cnf(j, VERDICT_SKIP, SPAN("not looked at: the route says so (cnf: ignore)"), x5t_name);
    return refuse_cnf(j, DPOP_NO_ERROR, SPAN("the certificate of cnf.x5t#S256"), SPAN("no certificate"));
}

/* null is as if the claim were absent, as with every other claim. */
static const struct tape_item *find_cnf(const struct tape *tape)
{
    const struct tape_item *cnf = tape_member(tape, NULL, SPAN("cnf"));
    return cnf == NULL || tape_kind_of(cnf) == TAPE_NULL ? NULL : cnf;
}

bool judge_cnf(struct judging *j)
{
    const struct tape *tape = &j->claims->tape;
    const struct tape_item *cnf = find_cnf(tape);
    const struct tape_item *jkt = cnf == NULL ? NULL : tape_member(tape, cnf, jkt_name);
    const struct tape_item *x5t = cnf == NULL ? NULL : tape_member(tape, cnf, x5t_name);
    struct span unknown = cnf == NULL ? (struct span){NULL, 0} : find_unknown(j, cnf);
    if (j->in->cnf == CNF_REFUSE && unknown.at != NULL)
        return refuse_cnf(j, DPOP_INVALID_TOKEN,
                          judge_takes_dpop(j->rule) ? SPAN("a key that can be checked here: jkt or x5t#S256")
                                                    : SPAN("a key that can be checked here: x5t#S256"),
                          unknown);
    bool is_held = true;
    if (jkt != NULL && judge_takes_dpop(j->rule))
        is_held = judge_jkt(j, jkt);
    else if (j->out->is_dpop) /* RFC 9449 7.1: the scheme is for tokens that are bound to a key */
        is_held = refuse_cnf(j, DPOP_INVALID_TOKEN, SPAN("cnf.jkt, as scheme DPoP says"), SPAN("a token without it"));
    if (x5t != NULL && (is_held || j->in->wants_every_check))
        is_held = judge_certificate(j, x5t) && is_held;
    if (is_held && unknown.at != NULL)
        note_cnf(j, VERDICT_SKIP, SPAN("not looked at: the route says so (cnf: ignore)"), unknown);
    return is_held;
}
