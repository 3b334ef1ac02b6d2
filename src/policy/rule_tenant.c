/* SPDX-License-Identifier: Apache-2.0 */
/* Issuers that stand for every tenant of a service, and whether a policy narrows them.
 *
 * Entra publishes `https://login.microsoftonline.com/{tenantid}/v2.0` as the issuer of its documents for `common` and
 * `organizations`: each token is held to its own tid then, and anybody can have a tenant.
 */
#include "policy/rule.h"

static const struct span placeholder = SPAN_INIT("{tenantid}");

static const struct entra_cloud clouds[] = {
    {SPAN_INIT("login.microsoftonline.com"), SPAN_INIT("sts.windows.net")},
    {SPAN_INIT("login.microsoftonline.us"), SPAN_INIT("sts.windows.net")},
    {SPAN_INIT("login.partner.microsoftonline.cn"), SPAN_INIT("sts.chinacloudapi.cn")},
    {SPAN_INIT("login.chinacloudapi.cn"), SPAN_INIT("sts.chinacloudapi.cn")},
};

const struct entra_cloud *rule_entra_cloud(struct span host)
{
    for (size_t i = 0; i < COUNT_OF(clouds); i++)
        if (span_eq_nocase(host, clouds[i].host))
            return &clouds[i];
    return NULL;
}

bool rule_issuer_is_template(struct span issuer, struct span *before, struct span *behind)
{
    for (const char *brace = span_chr(issuer, '{'); brace != NULL;) {
        size_t at = (size_t)(brace - issuer.at);
        struct span rest = span_from(issuer, at);
        if (span_eq_nocase(span_cut(rest, placeholder.len), placeholder)) {
            *before = span_cut(issuer, at);
            *behind = span_from(rest, placeholder.len);
            return true;
        }
        brace = span_chr(span_from(rest, 1), '{');
    }
    return false;
}

/* What a token of a foreign tenant cannot show.  A path of one name is that claim too. */
static bool is_narrowing(const struct rule_claim *claim)
{
    bool is_named =
        span_eq(claim->name, SPAN("tid")) || span_eq(claim->name, SPAN("aud")) || span_eq(claim->name, SPAN("iss"));
    return is_named && claim->count > 0;
}

bool rule_takes_any_tenant(const struct rule *rule)
{
    for (size_t i = 0; i < rule->claim_count; i++)
        if (is_narrowing(&rule->claims[i]))
            return false;
    return rule->audience_count == 0;
}
