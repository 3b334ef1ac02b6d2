/* SPDX-License-Identifier: Apache-2.0 */
/* A rule for one request: every expression in it evaluated, and held to what a literal in its place is held to.
 *
 * What gives nothing, an empty text or a value of another kind refuses the request: an audience or claim that came out empty
 * must not be compared with anything.
 */
#include "rule_int.h"

struct evaluation {
    const struct rule *rule;
    const struct expression_context *context;
    struct rule *out;
    struct err *err;
    /* The lists of `out` once they are copies. */
    struct span *audiences, *issuers;
    struct rule_claim *claims;
    struct span **values; /* of each of the claims; NULL: not copied yet */
};

static const char *place_name(enum rule_place place)
{
    switch (place) {
    case PLACE_HEADER: return "header-name";
    case PLACE_QUERY: return "query-parameter-name";
    case PLACE_STATUS: return "failed-validation-httpcode";
    case PLACE_MESSAGE: return "failed-validation-error-message";
    case PLACE_EXPIRATION: return "require-expiration-time";
    case PLACE_SIGNED: return "require-signed-tokens";
    case PLACE_SCHEME: return "require-scheme";
    case PLACE_SKEW: return "clock-skew";
    case PLACE_AUDIENCE: return "audience";
    case PLACE_ISSUER: return "issuer";
    case PLACE_CLAIM: return "value of a required claim";
    case PLACE_COUNT: break;
    }
    return "?";
}

static bool misfit(struct evaluation *e, const char *expected)
{
    return fail(e->err, REASON_EXPRESSION_FAILED, "%s is expected, and the expression gives something else", expected);
}

static bool no_memory(struct evaluation *e)
{
    return fail(e->err, REASON_OUT_OF_MEMORY, "no memory for the policy's values");
}

static bool text_now(struct evaluation *e, const struct value *value, struct span *text)
{
    if (value->kind == VALUE_NULL)
        return fail(e->err, REASON_EXPRESSION_FAILED, "the expression gives null");
    if (!value_text(value, e->context->arena, text, e->err))
        return false;
    return text->len > 0 || fail(e->err, REASON_EXPRESSION_FAILED, "the expression gives an empty text");
}

static bool token_text_now(struct evaluation *e, const struct value *value, struct span *text)
{
    return text_now(e, value, text) && (rule_is_token_text(*text) || misfit(e, "a word of letters, digits and -._"));
}

static bool bool_now(struct evaluation *e, const struct value *value, bool *is_true)
{
    bool is_text = value->kind == VALUE_TEXT;
    if (value->kind == VALUE_BOOL) {
        *is_true = value->boolean;
        return true;
    }
    *is_true = is_text && span_eq_nocase(value->text, SPAN("true"));
    return *is_true || (is_text && span_eq_nocase(value->text, SPAN("false"))) || misfit(e, "true or false");
}

static bool number_now(struct evaluation *e, const struct value *value, uint64_t max, uint64_t *number)
{
    if (value->kind == VALUE_INT && value->integer >= 0 && (uint64_t)value->integer <= max) {
        *number = (uint64_t)value->integer;
        return true;
    }
    return (value->kind == VALUE_TEXT && span_u64(value->text, max, number)) ||
           misfit(e, "a whole number in its range");
}

static bool status_now(struct evaluation *e, const struct value *value)
{
    uint64_t status = 0;
    if (!number_now(e, value, 599, &status))
        return false;
    if (!rule_is_status(status))
        return misfit(e, "a status from 200 to 599 that has a body");
    e->out->failed_status = (unsigned)status;
    return true;
}

static bool skew_now(struct evaluation *e, const struct value *value)
{
    uint64_t skew_s = 0;
    if (!number_now(e, value, INT32_MAX, &skew_s))
        return false;
    e->out->clock_skew_s = (int64_t)skew_s;
    return true;
}

/* A copy of `texts` that may be changed; `*copy` is kept for the next one. */
static struct span *own_texts(struct evaluation *e, const struct span *texts, size_t count, struct span **copy)
{
    if (*copy == NULL && (*copy = arena_take(e->context->arena, count * sizeof **copy)) != NULL)
        memcpy(*copy, texts, count * sizeof **copy);
    return *copy;
}

static bool audience_now(struct evaluation *e, const struct rule_dynamic *dynamic, const struct value *value)
{
    struct span *texts = own_texts(e, e->rule->audiences, e->rule->audience_count, &e->audiences);
    if (texts == NULL)
        return no_memory(e);
    e->out->audiences = texts;
    return text_now(e, value, &texts[dynamic->at]);
}

/* {tenantid} stands for every tenant where the policy's author wrote it; nothing that a request says may. */
static bool issuer_now(struct evaluation *e, const struct rule_dynamic *dynamic, const struct value *value)
{
    struct span before, behind;
    struct span *texts = own_texts(e, e->rule->issuers, e->rule->issuer_count, &e->issuers);
    if (texts == NULL)
        return no_memory(e);
    e->out->issuers = texts;
    return text_now(e, value, &texts[dynamic->at]) && (!rule_issuer_is_template(texts[dynamic->at], &before, &behind) ||
                                                       misfit(e, "an issuer without {tenantid}"));
}

static bool own_claims(struct evaluation *e)
{
    size_t count = e->rule->claim_count;
    if (e->claims != NULL)
        return true;
    e->values = arena_zero(e->context->arena, count * sizeof *e->values);
    e->claims = arena_take(e->context->arena, count * sizeof *e->claims);
    if (e->claims == NULL || e->values == NULL)
        return false;
    memcpy(e->claims, e->rule->claims, count * sizeof *e->claims);
    e->out->claims = e->claims;
    return true;
}

static bool claim_now(struct evaluation *e, const struct rule_dynamic *dynamic, const struct value *value)
{
    const struct rule_claim *from = &e->rule->claims[dynamic->at];
    struct span *values = own_claims(e) ? own_texts(e, from->values, from->count, &e->values[dynamic->at]) : NULL;
    if (values == NULL)
        return no_memory(e);
    e->claims[dynamic->at].values = values;
    return text_now(e, value, &values[dynamic->value]);
}

static bool put_value(struct evaluation *e, const struct rule_dynamic *dynamic, const struct value *value)
{
    struct rule *out = e->out;
    switch (dynamic->place) {
    case PLACE_HEADER: return token_text_now(e, value, &out->source_name);
    case PLACE_QUERY: return text_now(e, value, &out->source_name);
    case PLACE_STATUS: return status_now(e, value);
    case PLACE_MESSAGE: return text_now(e, value, &out->failed_message);
    case PLACE_EXPIRATION: return bool_now(e, value, &out->requires_expiration);
    case PLACE_SIGNED: return bool_now(e, value, &out->requires_signature);
    case PLACE_SCHEME: return token_text_now(e, value, &out->scheme);
    case PLACE_SKEW: return skew_now(e, value);
    case PLACE_AUDIENCE: return audience_now(e, dynamic, value);
    case PLACE_ISSUER: return issuer_now(e, dynamic, value);
    case PLACE_CLAIM: return claim_now(e, dynamic, value);
    case PLACE_COUNT: break;
    }
    return fail(e->err, REASON_EXPRESSION_FAILED, "an expression in no known place");
}

bool rule_evaluate(const struct rule *rule, const struct expression_context *context, struct rule *evaluated,
                   struct err *err)
{
    struct evaluation e = {.rule = rule, .context = context, .out = evaluated, .err = err};
    *evaluated = *rule;
    for (size_t i = 0; i < rule->dynamic_count; i++) {
        struct value value;
        const struct rule_dynamic *dynamic = &rule->dynamics[i];
        if (!expression_evaluate(dynamic->expression, context, &value, err) || !put_value(&e, dynamic, &value))
            return err_prefix(err, "%s of %s", place_name(dynamic->place), rule->source_policy);
    }
    evaluated->requires_signature = evaluated->requires_signature || rule->takes_signed_only;
    evaluated->is_authorization =
        rule->source == TOKEN_FROM_HEADER && span_eq_nocase(evaluated->source_name, SPAN("Authorization"));
    if (!evaluated->is_authorization)
        evaluated->scheme = (struct span){NULL, 0};
    evaluated->dynamics = NULL;
    evaluated->dynamic_count = 0;
    return true;
}
