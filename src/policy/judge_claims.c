/* SPDX-License-Identifier: Apache-2.0 */
/* What a token says of itself: lifetime, audience, kind, age, required claims.
 *
 * Texts are compared as whole byte strings.  A claim of the wrong type is a failed claim, never an absent one.
 */
#include "judge_int.h"

#include <inttypes.h>

/* ---- lifetime ---- */

static enum reason nbf_reason(const struct judging *j)
{
    const struct claim_time *nbf = &j->claims->nbf;
    const struct claim_time *exp = &j->claims->exp;
    if (nbf->state == CLAIM_ABSENT)
        return REASON_NONE;
    bool is_after_exp = exp->state == CLAIM_PRESENT && nbf->at_s > exp->at_s;
    bool is_good = nbf->state == CLAIM_PRESENT && !is_after_exp && nbf->at_s <= j->in->now_s + j->rule->clock_skew_s;
    return is_good ? REASON_NONE : REASON_JWT_INVALID;
}

/* RFC 7519 4.1.4: on or after exp the token is expired. */
static enum reason exp_reason(const struct judging *j)
{
    const struct claim_time *exp = &j->claims->exp;
    switch (exp->state) {
    case CLAIM_ABSENT: return j->rule->requires_expiration ? REASON_JWT_INVALID : REASON_NONE;
    case CLAIM_MALFORMED: return REASON_JWT_INVALID;
    case CLAIM_PRESENT: return exp->at_s <= j->in->now_s - j->rule->clock_skew_s ? REASON_TOKEN_EXPIRED : REASON_NONE;
    }
    return REASON_JWT_INVALID;
}

bool judge_is_timely(const struct judging *j)
{
    return nbf_reason(j) == REASON_NONE && exp_reason(j) == REASON_NONE;
}

static struct span time_text(struct judging *j, const struct claim_time *time, const char *name)
{
    switch (time->state) {
    case CLAIM_ABSENT: return judge_text(j, "no %s", name);
    case CLAIM_MALFORMED: return judge_text(j, "%s is no number of seconds", name);
    case CLAIM_PRESENT: return judge_text(j, "%" PRId64, time->at_s);
    }
    return SPAN("");
}

static enum check_verdict time_verdict(const struct claim_time *time, enum reason reason)
{
    return time->state == CLAIM_ABSENT && reason == REASON_NONE ? VERDICT_SKIP : verdict_of(reason);
}

bool judge_nbf(struct judging *j)
{
    enum reason reason = nbf_reason(j);
    struct check *check = judge_note(j, CHECK_NBF, time_verdict(&j->claims->nbf, reason), reason);
    if (check == NULL)
        return reason == REASON_NONE;
    int64_t latest_s = j->in->now_s + j->rule->clock_skew_s;
    if (j->claims->exp.state == CLAIM_PRESENT && j->claims->exp.at_s < latest_s)
        check->expected = judge_text(j, "at most %" PRId64 ", the token's exp", j->claims->exp.at_s);
    else
        check->expected = judge_text(j, "at most %" PRId64, latest_s);
    check->found = time_text(j, &j->claims->nbf, "nbf");
    return reason == REASON_NONE;
}

bool judge_exp(struct judging *j)
{
    enum reason reason = exp_reason(j);
    struct check *check = judge_note(j, CHECK_EXP, time_verdict(&j->claims->exp, reason), reason);
    if (check == NULL)
        return reason == REASON_NONE;
    check->expected = judge_text(j, "more than %" PRId64, j->in->now_s - j->rule->clock_skew_s);
    check->found = time_text(j, &j->claims->exp, "exp");
    return reason == REASON_NONE;
}

/* ---- audience ---- */

static bool is_audience(const struct judging *j, struct span text)
{
    for (size_t i = 0; i < j->rule->audience_count; i++)
        if (span_eq(j->rule->audiences[i], text))
            return true;
    return false;
}

/* An array with anything but texts in it is not looked into further: whoever reads it differently must not find more. */
static bool holds_audience(const struct judging *j, const struct tape_item *aud)
{
    const struct tape *tape = &j->claims->tape;
    bool is_found = false;
    if (aud == NULL)
        return false;
    if (tape_kind_of(aud) == TAPE_STRING)
        return is_audience(j, tape_span(tape, aud));
    if (tape_kind_of(aud) != TAPE_ARRAY)
        return false;
    for (const struct tape_item *item = tape_first(tape, aud); item != NULL; item = tape_next(tape, aud, item)) {
        if (tape_kind_of(item) != TAPE_STRING)
            return false;
        is_found = is_found || is_audience(j, tape_span(tape, item));
    }
    return is_found;
}

bool judge_is_for_audience(const struct judging *j)
{
    return j->rule->audience_count == 0 || holds_audience(j, tape_member(&j->claims->tape, NULL, SPAN("aud")));
}

bool judge_audience(struct judging *j)
{
    bool is_good = judge_is_for_audience(j);
    bool is_skipped = j->rule->audience_count == 0;
    struct check *check = judge_note(j, CHECK_AUDIENCE,
                                     is_skipped ? VERDICT_SKIP
                                     : is_good  ? VERDICT_PASS
                                                : VERDICT_FAIL,
                                     REASON_AUDIENCE_NOT_ALLOWED);
    if (check == NULL)
        return is_good;
    const struct tape_item *aud = tape_member(&j->claims->tape, NULL, SPAN("aud"));
    if (!is_skipped)
        check->expected =
            judge_joined(j, j->rule->audience_count > 1 ? "one of " : "", j->rule->audiences, j->rule->audience_count);
    check->found = aud == NULL ? SPAN("no aud") : tape_span(&j->claims->tape, aud);
    return is_good;
}

/* ---- kind and age: ours ---- */

/* `at+jwt` and `application/at+jwt` are one type (RFC 7515 4.1.9). */
static struct span short_type(struct span typ)
{
    struct span prefix = SPAN("application/");
    return span_eq_nocase(span_cut(typ, prefix.len), prefix) ? span_from(typ, prefix.len) : typ;
}

bool judge_typ(struct judging *j)
{
    if (j->rule->typ.len == 0)
        return true;
    const struct tape_item *item = tape_member(&j->claims->tape, NULL, SPAN("typ"));
    bool has_text = item != NULL && tape_kind_of(item) == TAPE_STRING;
    struct span claim = has_text ? tape_span(&j->claims->tape, item) : (struct span){NULL, 0};
    bool has_header = j->token->typ.len > 0;
    bool is_good = (has_header && span_eq_nocase(short_type(j->token->typ), short_type(j->rule->typ))) ||
                   span_eq(claim, j->rule->typ);
    enum reason reason = has_header || item != NULL ? REASON_CLAIM_VALUE_NOT_ALLOWED : REASON_CLAIM_NOT_FOUND;
    struct check *check = judge_note(j, CHECK_CLAIM, is_good ? VERDICT_PASS : VERDICT_FAIL, reason);
    if (check == NULL)
        return is_good;
    const struct span found[] = {has_header ? j->token->typ : SPAN("none"), has_text ? claim : SPAN("none")};
    check->claim = SPAN("typ");
    check->expected = j->rule->typ;
    check->found = judge_joined(j, "header, payload: ", found, COUNT_OF(found));
    return is_good;
}

/* An iat of the future would stretch the age, so it is held to the clock as well. */
static enum reason age_reason(const struct judging *j)
{
    const struct claim_time *iat = &j->claims->iat;
    int64_t skew_s = j->rule->clock_skew_s;
    switch (iat->state) {
    case CLAIM_ABSENT: return REASON_CLAIM_NOT_FOUND;
    case CLAIM_MALFORMED: return REASON_JWT_INVALID;
    case CLAIM_PRESENT: break;
    }
    int64_t age_s = j->in->now_s - iat->at_s;
    return age_s <= j->rule->max_age_s + skew_s && age_s >= -skew_s ? REASON_NONE : REASON_CLAIM_VALUE_NOT_ALLOWED;
}

bool judge_age(struct judging *j)
{
    if (j->rule->max_age_s == 0)
        return true;
    enum reason reason = age_reason(j);
    struct check *check = judge_note(j, CHECK_CLAIM, verdict_of(reason), reason);
    if (check == NULL)
        return reason == REASON_NONE;
    check->claim = SPAN("iat");
    check->expected =
        judge_text(j, "from %" PRId64 " to %" PRId64, j->in->now_s - j->rule->max_age_s - j->rule->clock_skew_s,
                   j->in->now_s + j->rule->clock_skew_s);
    check->found = time_text(j, &j->claims->iat, "iat");
    return reason == REASON_NONE;
}

/* ---- required claims ---- */

/* The next piece of `rest` before `separator`; false at the end. */
static bool take_piece(struct span *rest, struct span separator, struct span *piece)
{
    if (rest->at == NULL)
        return false;
    const char *found = rest->len == 0 ? NULL : memmem(rest->at, rest->len, separator.at, separator.len);
    *piece = found == NULL ? *rest : span_cut(*rest, (size_t)(found - rest->at));
    *rest = found == NULL ? span_of(NULL, 0) : span_from(*rest, piece->len + separator.len);
    return true;
}

/* Whether one text of the claim holds `wanted`; pieces that are empty are none, but an empty text is itself. */
static bool text_holds(struct span text, struct span separator, struct span wanted)
{
    if (separator.len == 0 || wanted.len == 0)
        return span_eq(text, wanted);
    struct span piece;
    while (take_piece(&text, separator, &piece))
        if (span_eq(piece, wanted))
            return true;
    return false;
}

bool judge_holds_value(const struct rule_claim *claim, const struct claim_values *values, struct span wanted)
{
    struct span separator = values->has_only_strings ? claim->separator : (struct span){NULL, 0};
    for (size_t i = 0; i < values->count; i++)
        if (text_holds(values->texts[i], separator, wanted))
            return true;
    return false;
}

static bool values_match(const struct rule_claim *claim, const struct claim_values *values)
{
    bool is_any = claim->match == MATCH_ANY;
    for (size_t i = 0; i < claim->count; i++)
        if (judge_holds_value(claim, values, claim->values[i]) == is_any)
            return is_any;
    return !is_any;
}

static enum reason claim_reason(const struct rule_claim *claim, const struct claim_values *values)
{
    bool has_value = values->is_present && (values->count > 0 || claim->count > 0);
    if (!has_value)
        return REASON_CLAIM_NOT_FOUND;
    return claim->count == 0 || values_match(claim, values) ? REASON_NONE : REASON_CLAIM_VALUE_NOT_ALLOWED;
}

/* One of the claim's two names; `values` are those of the token. */
static bool judge_named(struct judging *j, const struct rule_claim *claim, struct span name,
                        const struct claim_values *values)
{
    enum reason reason = claim_reason(claim, values);
    j->has_required_failed = j->has_required_failed || (j->reason == REASON_NONE && reason != REASON_NONE);
    struct check *check = judge_note(j, CHECK_CLAIM, verdict_of(reason), reason);
    if (check == NULL)
        return reason == REASON_NONE;
    const char *lead = claim->count < 2 ? "" : claim->match == MATCH_ANY ? "any of " : "all of ";
    check->claim = name;
    check->expected = claim->count == 0 ? SPAN("any value") : judge_joined(j, lead, claim->values, claim->count);
    check->found = values->is_present ? judge_joined(j, "", values->texts, values->count) : SPAN("no such claim");
    return reason == REASON_NONE;
}

static bool values_of(struct judging *j, const struct rule_claim *claim, struct span name, struct claim_values *values)
{
    struct err err;
    *values = (struct claim_values){.is_present = false};
    if (claims_values(j->claims, j->in->arena, name, claim->is_path, values, &err))
        return true;
    j->is_out_of_memory = true;
    return false;
}

/* Whether the token says that it is one of Entra's of version 2, which use the other name. */
static bool is_of_version_2(const struct judging *j)
{
    const struct tape *tape = &j->claims->tape;
    const struct tape_item *ver = tape_member(tape, NULL, SPAN("ver"));
    if (ver != NULL && tape_kind_of(ver) == TAPE_STRING)
        return span_eq(tape_span(tape, ver), SPAN("2.0"));
    return span_ends(j->claims->iss.text, SPAN("/v2.0"));
}

/* One check: of the claim's other name where that is there, unless the first is there as well and does not hold.  Where neither
 * is, of the name that such tokens have.
 */
static bool judge_one(struct judging *j, const struct rule_claim *claim)
{
    struct claim_values values, others = {.is_present = false};
    if (!values_of(j, claim, claim->name, &values))
        return false;
    if (claim->other_name.len > 0 && !values_of(j, claim, claim->other_name, &others))
        return false;
    bool is_wrong = values.is_present && claim_reason(claim, &values) != REASON_NONE;
    bool is_other = others.is_present || (!values.is_present && claim->other_name.len > 0 && is_of_version_2(j));
    return is_other && !is_wrong ? judge_named(j, claim, claim->other_name, &others)
                                 : judge_named(j, claim, claim->name, &values);
}

bool judge_required(struct judging *j)
{
    bool is_good = true;
    for (size_t i = 0; i < j->rule->claim_count; i++) {
        is_good = judge_one(j, &j->rule->claims[i]) && is_good;
        if (j->is_out_of_memory || (!is_good && !j->in->wants_every_check))
            return false;
    }
    return is_good;
}
