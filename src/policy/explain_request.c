/* SPDX-License-Identifier: Apache-2.0 */
/* The request that expressions are told of where there is none, and what becomes of a judgement when they ask for more. */
#include "explain_int.h"

#include "policy/expression.h"
#include "rule_int.h"

/* What the expression asks for, in its arena. */
struct asked {
    const struct explain_request *request;
    struct arena *arena;
};

static struct value text_value(struct span text)
{
    return text.at == NULL ? (struct value){.kind = VALUE_NULL} : (struct value){.kind = VALUE_TEXT, .text = text};
}

static struct value port_value(const struct explain_request *request)
{
    unsigned port = request->port != 0 ? request->port : request->is_plain ? 80 : 443;
    return (struct value){.kind = VALUE_INT, .integer = port};
}

static struct value fact_of(void *of, enum fact fact)
{
    const struct explain_request *request = ((const struct asked *)of)->request;
    switch (fact) {
    case FACT_METHOD: return text_value(SPAN("GET"));
    case FACT_URL_SCHEME:
    case FACT_ORIGINAL_SCHEME: return text_value(request->is_plain ? SPAN("http") : SPAN("https"));
    case FACT_URL_HOST:
    case FACT_ORIGINAL_HOST: return text_value(request->host);
    case FACT_URL_PORT:
    case FACT_ORIGINAL_PORT: return port_value(request);
    case FACT_URL_PATH:
    case FACT_ORIGINAL_PATH: return text_value(request->path);
    case FACT_URL_QUERY:
    case FACT_ORIGINAL_QUERY: return text_value(request->query.at == NULL ? SPAN("") : request->query);
    case FACT_REQUEST_ID: return text_value(SPAN("explain"));
    case FACT_IP_ADDRESS:
    case FACT_CERTIFICATE:
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

/* All values of the name, joined by commas as API Management's lists print. */
static bool read_query(void *of, bool is_original, struct span name, struct span *joined)
{
    const struct asked *asked = of;
    AUTO(buf) all = {0};
    size_t count = 0;
    (void)is_original;
    for (size_t i = 0; i < asked->request->parameter_count; i++) {
        const struct explain_parameter *parameter = &asked->request->parameters[i];
        if (!span_eq(parameter->name, name))
            continue;
        if (count++ > 0)
            buf_add_char(&all, ',');
        buf_add_span(&all, parameter->value);
    }
    *joined = all.is_broken ? (struct span){NULL, 0} : arena_copy(asked->arena, buf_span(&all));
    return count > 0 && joined->at != NULL;
}

/* Nothing is sent: a GUID that is the same each time will do. */
static void no_random(void *of, unsigned char out[16])
{
    (void)of;
    memset(out, 0, 16);
}

static bool evaluate(const struct explain_input *input, const struct rule *from, struct rule *rule, struct err *err)
{
    static const struct expression_host host = {fact_of, no_header, read_query, no_random};
    static const struct variables none;
    struct asked asked = {&input->request, input->arena};
    const struct expression_context context = {
        .host = &host, .of = &asked, .variables = &none, .now_ms = input->at_s * 1000, .arena = input->arena};
    return rule_evaluate(from, &context, rule, err);
}

bool explain_evaluate(const struct explain_input *input, const struct rule *from, struct rule *rule, struct err *err)
{
    *rule = *from;
    return from->dynamic_count == 0 || evaluate(input, from, rule, err);
}

/* ---- what is not known ---- */

/* One expression by itself, put into `rule`, which holds those before it. */
static bool evaluate_one(const struct explain_input *input, const struct rule_dynamic *dynamic, struct rule *rule,
                         struct err *err)
{
    struct rule with = *rule;
    struct rule evaluated;
    with.dynamics = dynamic;
    with.dynamic_count = 1;
    if (!evaluate(input, &with, &evaluated, err))
        return false;
    /* Whether a scheme counts is only known once the header's name is. */
    if (dynamic->place != PLACE_SCHEME)
        evaluated.scheme = rule->scheme;
    *rule = evaluated;
    return true;
}

bool explain_evaluate_known(const struct explain_input *input, const struct rule *from, struct explained *one,
                            struct err *err)
{
    if (explain_evaluate(input, from, &one->rule, err))
        return true;
    one->unknown = arena_zero(input->arena, from->dynamic_count * sizeof *one->unknown);
    if (err->reason == REASON_OUT_OF_MEMORY || one->unknown == NULL)
        return fail(err, REASON_OUT_OF_MEMORY, "no memory for the policy's values");
    one->rule = *from;
    for (size_t i = 0; i < from->dynamic_count; i++) {
        if (evaluate_one(input, &from->dynamics[i], &one->rule, err))
            continue;
        const char *why = arena_printf(input->arena, "%s", err->text);
        if (err->reason == REASON_OUT_OF_MEMORY || why == NULL)
            return fail(err, REASON_OUT_OF_MEMORY, "no memory for the policy's values");
        one->unknown[one->unknown_count++] = (struct explain_unknown){&from->dynamics[i], span_str(why)};
    }
    one->rule.dynamics = NULL;
    one->rule.dynamic_count = 0;
    if (!one->rule.is_authorization)
        one->rule.scheme = (struct span){NULL, 0};
    return true;
}

static bool is_claim_of(const struct rule_claim *claim, const struct check *check)
{
    return check->name == CHECK_CLAIM && check->reason == REASON_CLAIM_VALUE_NOT_ALLOWED &&
           (span_eq(claim->name, check->claim) ||
            (claim->other_name.len > 0 && span_eq(claim->other_name, check->claim)));
}

/* Whether the check may have failed for want of this value: what stands in its place is nothing that a token holds, or the
 * stricter of two.
 */
static bool depends_on(const struct check *check, const struct rule_dynamic *dynamic, const struct rule *rule)
{
    switch (dynamic->place) {
    case PLACE_HEADER:
    case PLACE_QUERY:
    case PLACE_STATUS:
    case PLACE_MESSAGE:
    case PLACE_SCHEME: return false;
    case PLACE_EXPIRATION: return check->name == CHECK_EXP && check->reason == REASON_JWT_INVALID;
    case PLACE_SIGNED: return check->name == CHECK_ALG;
    case PLACE_SKEW:
        return check->name == CHECK_EXP || check->name == CHECK_NBF ||
               (check->name == CHECK_CLAIM && rule->max_age_s > 0 && span_eq(check->claim, SPAN("iat")));
    case PLACE_AUDIENCE: return check->name == CHECK_AUDIENCE;
    case PLACE_ISSUER: return check->name == CHECK_ISSUER;
    case PLACE_CLAIM: return is_claim_of(&rule->claims[dynamic->at], check);
    case PLACE_COUNT: break;
    }
    return false;
}

static void open_check(struct explained *one, struct check *check)
{
    for (size_t i = 0; i < one->unknown_count && check->verdict == VERDICT_FAIL; i++) {
        if (!depends_on(check, one->unknown[i].dynamic, &one->rule))
            continue;
        check->verdict = VERDICT_SKIP;
        check->reason = REASON_NONE;
        check->found = one->unknown[i].why;
    }
}

void explain_leave_open(struct explained *one)
{
    struct judgement *judgement = &one->judgement;
    if (one->unknown_count == 0 || judgement->reason == REASON_OUT_OF_MEMORY)
        return;
    judgement->has_passed = judgement->only_claims_failed = false;
    judgement->failed = NULL;
    for (size_t i = 0; i < judgement->check_count; i++) {
        open_check(one, &judgement->checks[i]);
        if (judgement->failed == NULL && judgement->checks[i].verdict == VERDICT_FAIL)
            judgement->failed = &judgement->checks[i];
    }
    judgement->reason = judgement->failed != NULL ? judgement->failed->reason : REASON_EXPRESSION_FAILED;
    bool is_own = judgement->failed != NULL && judgement->reason != REASON_OPENID_CONFIG_UNAVAILABLE;
    judgement->status = is_own ? one->rule.failed_status : reason_info(judgement->reason)->status;
}
