/* SPDX-License-Identifier: Apache-2.0 */
/* Advice by the token at hand: the mistakes that most reports of refused tokens come down to. */
#include "policy/report.h"

static bool differs_by_slash(struct span a, struct span b)
{
    struct span longer = a.len > b.len ? a : b;
    struct span shorter = a.len > b.len ? b : a;
    return longer.len == shorter.len + 1 && longer.at[longer.len - 1] == '/' && span_starts(longer, shorter);
}

static bool differs_by_api(struct span a, struct span b)
{
    struct span prefix = SPAN("api://");
    return (span_starts(a, prefix) && span_eq(span_from(a, prefix.len), b)) ||
           (span_starts(b, prefix) && span_eq(span_from(b, prefix.len), a));
}

static const char *audience_advice(const struct check *check, const struct rule *rule)
{
    for (size_t i = 0; i < rule->audience_count; i++) {
        if (differs_by_slash(check->found, rule->audiences[i]))
            return "the audiences differ by one slash at the end; they are compared to the letter";
        if (differs_by_api(check->found, rule->audiences[i]))
            return "GUID and api://GUID are different audiences: v2 tokens of Entra have the GUID, v1 tokens often the "
                   "URI; "
                   "list both where both are meant";
    }
    return NULL;
}

static const char *issuer_advice(const struct check *check)
{
    struct span v1 = SPAN("https://sts.windows.net/");
    struct span v2 = SPAN("https://login.microsoftonline.com/");
    if (differs_by_slash(check->found, check->expected))
        return "the issuers differ by one slash at the end; they are compared to the letter";
    if (span_starts(check->found, v1) && span_starts(check->expected, v2))
        return "a v1 token of Entra meets a v2 document: add this issuer to issuers, or set accessTokenAcceptedVersion "
               "to 2 in "
               "the API's registration";
    if (span_starts(check->found, v2) && span_starts(check->expected, v1))
        return "a v2 token of Entra meets a v1 document: use the document under /v2.0";
    return NULL;
}

/* Tokens of Microsoft Graph are signed over another header than they carry and can't be verified by anybody else. */
static const char *signature_advice(const struct judgement *judgement)
{
    if (judgement->token == NULL || tape_member(&judgement->token->header, NULL, SPAN("nonce")) == NULL)
        return NULL;
    return "the token is for Microsoft Graph (nonce in its header) and can't be verified; ask for a token for this API";
}

const char *report_advice(const struct check *check, const struct judgement *judgement, const struct rule *rule)
{
    const char *advice = NULL;
    if (check->verdict != VERDICT_FAIL)
        return "";
    if (check->name == CHECK_AUDIENCE)
        advice = audience_advice(check, rule);
    else if (check->name == CHECK_ISSUER)
        advice = issuer_advice(check);
    else if (check->name == CHECK_SIGNATURE)
        advice = signature_advice(judgement);
    return advice != NULL ? advice : reason_info(check->reason)->advice;
}
