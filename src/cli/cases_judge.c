/* SPDX-License-Identifier: Apache-2.0 */
/* A case judged on its route, as the gateway would judge a request that carries its token. */
#include "cli/cases.h"

#include "base/now.h"
#include "cli/request.h"
#include "proxy/route.h"

bool cases_holds(const struct case_row *row, const struct case_outcome *outcome)
{
    bool is_pass = strcmp(outcome->verdict, "pass") == 0;
    bool is_named = row->reason.at != NULL && span_eq(row->reason, span_str(reason_name(outcome->reason)));
    if ((row->expect == EXPECT_PASS) != is_pass || (row->reason.at != NULL && !is_named))
        return false;
    if (strcmp(outcome->verdict, "unknown") == 0 && !is_named)
        return false;
    return row->status == 0 || (unsigned)row->status == outcome->status;
}

/* What the case brings in place of the providers' keys; false: nothing.  Claims whose issuer is said need no keys. */
static bool takes_given(const struct case_row *row, struct keys_given *given)
{
    *given = (struct keys_given){.jwks = row->jwks_bytes, .issuer = row->issuer};
    return row->jwks_bytes.at != NULL || (row->claims != NULL && row->issuer.at != NULL);
}

bool cases_want(const struct case_row *row, const struct site_route *route, struct keys *keys, struct err *err)
{
    struct keys_given given;
    if (takes_given(row, &given))
        return true;
    for (size_t i = 0; i < route->plan.rule_count; i++)
        if (!keys_want(keys, &route->plan.rules[i], err))
            return false;
    return true;
}

/* The token as a request brings it to where the rule looks. */
static struct span credential_of(const struct rule *rule, struct span token, struct arena *arena)
{
    struct span scheme = rule->scheme.len > 0 ? rule->scheme : SPAN("Bearer");
    if (token.len == 0 || !rule->is_authorization)
        return token.len == 0 ? (struct span){NULL, 0} : token;
    return span_str(arena_printf(arena, "%.*s %.*s", SPAN_ARG(scheme), SPAN_ARG(token)));
}

/* Whether the claims are from that issuer, a placeholder for the tenant left open: judge() looks closer. */
static bool may_be_from(const struct claims *claims, struct span issuer)
{
    struct span before, behind;
    if (claims->iss.state != CLAIM_PRESENT)
        return false;
    if (!rule_issuer_is_template(issuer, &before, &behind))
        return span_eq(claims->iss.text, issuer);
    return span_starts(claims->iss.text, before) && span_ends(claims->iss.text, behind);
}

/* The provider that the claims are from, else the first. */
static size_t signer_of(const struct claims *claims, const struct rule *rule, const struct trust *trusts)
{
    for (size_t i = 0; i < rule->provider_count; i++)
        if (trusts[i].verifier != NULL && may_be_from(claims, verifier_keys(trusts[i].verifier)->issuer))
            return i;
    return 0;
}

struct hearing {
    const struct case_row *row;
    const struct site_route *route;
    const struct site *site;
    struct keys *keys;
    struct arena *arena;
    int64_t at_s;
    struct case_outcome *outcome;
};

static bool note_outcome(const struct hearing *h, const struct judge_input *input, const struct judgement *judgement)
{
    struct case_outcome *out = h->outcome;
    struct keys_given given;
    const struct report_input report = {.judgement = judgement,
                                        .rule = input->rule,
                                        .route = h->route->name,
                                        .tells_scope = h->route->tells_scope,
                                        .at_s = h->at_s,
                                        .arena = h->arena,
                                        .pasted = h->row->credential,
                                        .trusts = input->trusts,
                                        .is_issuer_assumed = takes_given(h->row, &given) && given.issuer.at == NULL};
    out->verdict = report_verdict(judgement);
    out->reason = judgement->has_passed ? REASON_NONE : judgement->reason;
    out->status = report_status(&report);
    out->failed = judgement->failed;
    out->advice = judgement->failed == NULL ? "" : report_advice(&report, judgement->failed);
    return true;
}

/* Claims that no token could have, and expressions that ask for more of a request than there is, are told with the case. */
static bool note_trouble(const struct hearing *h, const char *verdict, unsigned status, const struct err *err)
{
    struct case_outcome *out = h->outcome;
    bool needs_url = err->reason == REASON_EXPRESSION_FAILED && !h->row->request.is_given;
    const char *text = arena_printf(h->arena, "%s%s", err->text,
                                    needs_url ? "; the key url of a case gives expressions the request's URL" : "");
    out->verdict = verdict;
    out->reason = err->reason;
    out->status = status;
    out->failed = NULL;
    out->advice = text == NULL ? "" : text;
    return true;
}

static bool evaluate(const struct hearing *h, const struct rule *from, struct rule *rule, struct err *err)
{
    const struct explain_input input = {.request = h->row->request.is_given ? h->row->request
                                                                            : route_explain_request(h->route),
                                        .at_s = h->at_s,
                                        .arena = h->arena};
    return explain_evaluate(&input, from, rule, err);
}

/* Whether the token or the claims could be put to the judge. */
static bool present(const struct hearing *h, struct judge_input *input, struct claims *claims, struct err *err)
{
    if (h->row->claims == NULL) {
        input->credential = credential_of(input->rule, h->row->credential, h->arena);
        return true;
    }
    if (!claims_read_json(claims, h->arena, h->row->claims_json, input->limits.json_depth_max, err))
        return err_prefix(err, "claims");
    input->assumed = claims;
    input->assumed_trust = signer_of(claims, input->rule, input->trusts);
    return true;
}

/* By one rule; whether it could be judged. */
static bool hear(const struct hearing *h, const struct rule *from, struct err *err)
{
    struct trust trusts[RULE_PROVIDERS_MAX + 1];
    struct keys_given given;
    struct claims claims;
    struct judgement judgement;
    struct rule rule;
    if (!keys_trusts(h->keys, from, takes_given(h->row, &given) ? &given : NULL, trusts, err))
        return false;
    if (!evaluate(h, from, &rule, err))
        return note_trouble(h, "unknown", reason_info(err->reason)->status, err);
    struct judge_input input = {.rule = &rule,
                                .trusts = trusts,
                                .now_s = h->at_s,
                                .limits = h->site->token_limits,
                                .arena = h->arena,
                                .wants_every_check = true,
                                .cnf = h->route->cnf,
                                .revocation = h->site->revocation};
    if (!present(h, &input, &claims, err))
        return note_trouble(h, "refuse", rule.failed_status, err);
    judge(&input, &judgement);
    return note_outcome(h, &input, &judgement);
}

static void vote_on(const struct case_outcome *outcome, struct explain_vote *vote)
{
    vote->has_passed = outcome->reason == REASON_NONE;
    vote->is_unknown = strcmp(outcome->verdict, "unknown") == 0;
}

bool cases_judge(const struct case_row *row, const struct site_route *route, const struct site *site, struct keys *keys,
                 struct arena *arena, struct case_outcome *outcome, struct err *err)
{
    struct case_outcome outcomes[PLAN_RULES_MAX];
    struct explain_vote votes[PLAN_RULES_MAX];
    struct hearing h = {.row = row,
                        .route = route,
                        .site = site,
                        .keys = keys,
                        .arena = arena,
                        .at_s = row->has_at ? row->at_s : now_read().wall_s};
    size_t count = route->plan.rule_count;
    *outcome = (struct case_outcome){.verdict = "pass", .status = 200, .advice = ""};
    assert(count <= PLAN_RULES_MAX);
    for (size_t i = 0; i < count; i++) {
        outcomes[i] = *outcome;
        outcomes[i].rule = i;
        outcomes[i].rule_count = count;
        h.outcome = &outcomes[i];
        explain_place(&route->plan, i, &votes[i].is_alternative);
        if (!hear(&h, &route->plan.rules[i], err))
            return false;
        vote_on(&outcomes[i], &votes[i]);
    }
    if (count > 0)
        *outcome = outcomes[explain_decide(votes, count)];
    outcome->holds = cases_holds(row, outcome);
    return true;
}
