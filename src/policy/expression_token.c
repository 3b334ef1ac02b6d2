/* SPDX-License-Identifier: Apache-2.0 */
/* Members of a Jwt: what its header and claims say.  A claim of the wrong type is a failure, not an absent one. */
#include "expression_int.h"

static const struct value_token *token_of(const struct expression_call *call)
{
    if (call->at[0].kind == VALUE_TOKEN)
        return call->at[0].token;
    expression_fail(call, "null, where a Jwt is needed");
    return NULL;
}

static bool give_claim_text(struct expression_call *call, const struct claim_text *claim)
{
    switch (claim->state) {
    case CLAIM_ABSENT: return expression_give_null(call);
    case CLAIM_PRESENT: return expression_give_text(call, claim->text);
    case CLAIM_MALFORMED: break;
    }
    return expression_fail(call, "the claim is no text");
}

static bool give_header_text(struct expression_call *call, struct span text)
{
    return text.len == 0 ? expression_give_null(call) : expression_give_text(call, text);
}

bool expression_token_text(struct expression_call *call)
{
    const struct value_token *jwt = token_of(call);
    if (jwt == NULL)
        return false;
    switch ((enum expression_token_part)call->op->member->which) {
    case PART_SUBJECT: return give_claim_text(call, &jwt->claims->sub);
    case PART_ISSUER: return give_claim_text(call, &jwt->claims->iss);
    case PART_ID: return give_claim_text(call, &jwt->claims->jti);
    case PART_ALGORITHM: return give_header_text(call, jwt->token->alg_text);
    case PART_TYPE: return give_header_text(call, jwt->token->typ);
    case PART_EXPIRATION:
    case PART_NOT_BEFORE:
    case PART_ISSUED_AT: break;
    }
    return false;
}

static const struct claim_time *time_part(const struct claims *claims, enum expression_token_part part)
{
    if (part == PART_EXPIRATION)
        return &claims->exp;
    return part == PART_NOT_BEFORE ? &claims->nbf : &claims->iat;
}

bool expression_token_time(struct expression_call *call)
{
    const struct value_token *jwt = token_of(call);
    if (jwt == NULL)
        return false;
    const struct claim_time *time = time_part(jwt->claims, (enum expression_token_part)call->op->member->which);
    if (time->state == CLAIM_MALFORMED)
        return expression_fail(call, "the claim is no time");
    if (time->state == CLAIM_ABSENT)
        return expression_give_null(call);
    call->at[0] = (struct value){.kind = VALUE_TIME, .integer = time->at_s * 1000};
    return true;
}

static bool read_claim(struct expression_call *call, struct span name, struct claim_values *values)
{
    const struct value_token *jwt = token_of(call);
    if (jwt == NULL || !claims_values(jwt->claims, call->run->context->arena, name, false, values, call->err))
        return false;
    if (values->count * sizeof *values->texts > EXPRESSION_WORK_MAX - call->run->work)
        return expression_fail(call, "the evaluation makes too many bytes");
    call->run->work += values->count * sizeof *values->texts;
    return true;
}

static bool give_list(struct expression_call *call, const struct claim_values *values)
{
    call->at[0] = (struct value){.kind = VALUE_TEXTS, .texts = {values->texts, values->count}};
    return true;
}

bool expression_token_audiences(struct expression_call *call)
{
    struct claim_values values;
    return read_claim(call, SPAN("aud"), &values) && give_list(call, &values);
}

bool expression_token_claim(struct expression_call *call)
{
    struct span name;
    struct claim_values values;
    if (!expression_text_at(call, 1, &name) || !read_claim(call, name, &values))
        return false;
    return values.is_present ? give_list(call, &values) : expression_fail(call, "the token has no such claim");
}

bool expression_token_claim_or(struct expression_call *call)
{
    struct span name;
    struct claim_values values;
    if (!expression_text_at(call, 1, &name) || !read_claim(call, name, &values))
        return false;
    if (values.is_present)
        return expression_give_joined(call, SPAN(","), values.texts, values.count);
    call->at[0] = call->op->count > 2 ? call->at[2] : (struct value){.kind = VALUE_NULL};
    return true;
}

bool expression_token_claim_has(struct expression_call *call)
{
    struct span name;
    struct claim_values values;
    return expression_text_at(call, 1, &name) && read_claim(call, name, &values) &&
           expression_give_bool(call, values.is_present);
}
