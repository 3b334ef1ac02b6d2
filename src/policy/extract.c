/* SPDX-License-Identifier: Apache-2.0 */
/* The token in a credential: the scheme taken off, lists and foreign schemes refused.
 *
 * Two tokens in one field are never settled by "the first one wins": gateway and backend could choose differently.
 */
#include "judge_int.h"

static bool is_absent(struct err *err, const char *found)
{
    return fail(err, REASON_TOKEN_NOT_PRESENT, "%s", found);
}

/* Whether `credential` begins with `scheme` and a blank; the rest goes to `*rest` (RFC 9110 11.1: letter case is not counted). */
static bool takes_scheme(struct span credential, struct span scheme, struct span *rest)
{
    if (credential.len <= scheme.len || credential.at[scheme.len] != ' ' ||
        !span_eq_nocase(span_cut(credential, scheme.len), scheme))
        return false;
    *rest = span_from(credential, scheme.len);
    while (rest->len > 0 && rest->at[0] == ' ')
        *rest = span_from(*rest, 1);
    return true;
}

bool judge_is_dpop(const struct rule *rule, struct span credential)
{
    struct span rest;
    return judge_takes_dpop(rule) && takes_scheme(credential, SPAN("DPoP"), &rest);
}

static bool extract_authorization(const struct rule *rule, struct span credential, struct span *token, struct err *err)
{
    struct span scheme = rule->scheme.len > 0 ? rule->scheme : SPAN("Bearer");
    if (judge_is_dpop(rule, credential))
        scheme = SPAN("DPoP");              /* RFC 9449 7.1: beside Bearer */
    if (span_eq_nocase(credential, scheme)) /* what an empty variable of a script leaves */
        return is_absent(err, "no token behind the scheme");
    if (!takes_scheme(credential, scheme, token))
        return is_absent(err, "the credential has another scheme or none");
    return token->len > 0 || is_absent(err, "no token behind the scheme");
}

static bool extract_raw(struct span credential, struct span *token, struct err *err)
{
    struct span rest;
    if (credential.len == 0)
        return is_absent(err, "the value is empty");
    if (takes_scheme(credential, SPAN("Bearer"), &rest))
        return fail(err, REASON_JWT_INVALID,
                    "the token has a scheme before it: remove the `Bearer ` prefix, which belongs into "
                    "Authorization only");
    *token = credential;
    return true;
}

bool judge_extract_any(const struct rule *rule, struct span credential, bool is_repeated, struct span *token,
                       struct err *err)
{
    if (credential.at == NULL)
        return is_absent(err, "nothing stands there");
    if (is_repeated)
        return fail(err, REASON_JWT_INVALID, "the credential is there more than once");
    return rule->is_authorization ? extract_authorization(rule, credential, token, err)
                                  : extract_raw(credential, token, err);
}

bool judge_refuse_list(struct span token, struct err *err)
{
    return (span_chr(token, ',') == NULL && span_chr(token, ' ') == NULL && span_chr(token, '\t') == NULL) ||
           fail(err, REASON_JWT_INVALID, "a comma or blank within the credential: one token is expected, not a list");
}

bool judge_extract(const struct rule *rule, struct span credential, bool is_repeated, struct span *token,
                   struct err *err)
{
    return judge_extract_any(rule, credential, is_repeated, token, err) && judge_refuse_list(*token, err);
}
