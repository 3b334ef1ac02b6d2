/* SPDX-License-Identifier: Apache-2.0 */
/* Advice on audience and issuer: names that mean the same to people, but are compared to the letter. */
#include "report_advice_int.h"

/* ---- audience ---- */

static bool is_api_apart(struct span a, struct span b)
{
    struct span prefix = SPAN("api://");
    return (span_starts(a, prefix) && span_eq(span_from(a, prefix.len), b)) ||
           (span_starts(b, prefix) && span_eq(span_from(b, prefix.len), a));
}

/* Whether some audience of the token and some of the policy stand so to each other. */
static bool has_pair(const struct advising *a, bool (*is_pair)(struct span, struct span))
{
    struct claim_values aud = advising_values(a, SPAN("aud"), false);
    for (size_t i = 0; i < aud.count; i++)
        for (size_t k = 0; k < a->rule->audience_count; k++)
            if (is_pair(aud.texts[i], a->rule->audiences[k]))
                return true;
    return false;
}

static const char *slash_audience(const struct advising *a)
{
    return has_pair(a, advising_is_slash_apart)
               ? "the audiences differ by one slash at the end; they are compared to the letter"
               : NULL;
}

static const char *api_audience(const struct advising *a)
{
    return has_pair(a, is_api_apart) ? "GUID and api://GUID are different audiences: v2 tokens of Entra have the GUID, "
                                       "v1 tokens often the URI; "
                                       "list both where both are meant"
                                     : NULL;
}

static const char *case_audience(const struct advising *a)
{
    return has_pair(a, advising_is_case_apart)
               ? "the audiences differ in letter case only; they are compared to the letter"
               : NULL;
}

static bool is_graph(struct span a, struct span b)
{
    (void)b;
    return span_eq(a, SPAN("00000003-0000-0000-c000-000000000000")) ||
           span_starts(a, SPAN("https://graph.microsoft.com"));
}

static const char *graph_audience(const struct advising *a)
{
    return has_pair(a, is_graph)
               ? "the token is for Microsoft Graph: ask for a token for this API: its own scope, such as "
                 "api://APP-ID/NAME"
               : NULL;
}

/* A client is not its own audience at Keycloak: without a mapper there is `account`, for its roles there, or nothing. */
static const char *mapper_audience(const struct advising *a)
{
    struct claim_values aud = advising_values(a, SPAN("aud"), false);
    bool is_only_account = aud.count == 1 && span_eq(aud.texts[0], SPAN("account"));
    if (!advising_is_keycloak(a) || (aud.count > 0 && !is_only_account))
        return NULL;
    return "Keycloak puts no API into aud by itself: give the client (or a client scope of it) an Audience mapper for "
           "this "
           "API; or leave audiences out of the policy and demand azp or a role";
}

static const char *cognito_audience(const struct advising *a)
{
    if (advising_has(a, SPAN("aud")) || !advising_has(a, SPAN("token_use")))
        return NULL;
    return "access tokens of Cognito have no aud: leave audiences out and demand client_id under required-claims";
}

static const char *client_audience(const struct advising *a)
{
    static const struct span clients[] = {SPAN_INIT("azp"), SPAN_INIT("client_id"), SPAN_INIT("appid"),
                                          SPAN_INIT("cid")};
    struct claim_values aud = advising_values(a, SPAN("aud"), false);
    for (size_t i = 0; i < COUNT_OF(clients); i++) {
        struct span client = advising_text(a, clients[i]);
        if (client.len > 0 && aud.count == 1 && span_eq(aud.texts[0], client))
            return "the token's audience is the client itself: have the client ask for this API (audience, resource or "
                   "scope); ID tokens look like that too";
    }
    return NULL;
}

const char *report_advice_audience(const struct advising *a)
{
    static advisor *const advisors[] = {slash_audience,  api_audience,     case_audience,  graph_audience,
                                        mapper_audience, cognito_audience, client_audience};
    return advising_ask(a, advisors, COUNT_OF(advisors));
}

/* ---- issuer ---- */

/* The first issuer expected that stands so to the token's; `at` NULL: none. */
static struct span issuer_apart(const struct advising *a, bool (*is_pair)(struct span, struct span))
{
    struct span iss = advising_text(a, SPAN("iss"));
    struct span known;
    for (size_t i = 0; (known = advising_issuer(a, i)).at != NULL; i++)
        if (iss.at != NULL && is_pair(iss, known))
            return known;
    return (struct span){NULL, 0};
}

static bool is_newer_entra(struct span a, struct span b)
{
    return advising_is_older_entra(b, a);
}

static const char *older_issuer(const struct advising *a)
{
    return issuer_apart(a, advising_is_older_entra).at == NULL
               ? NULL
               : "a v1 token of Entra meets a v2 document: add this issuer to issuers, or set "
                 "accessTokenAcceptedVersion to 2 "
                 "in the API's registration";
}

static const char *newer_issuer(const struct advising *a)
{
    return issuer_apart(a, is_newer_entra).at == NULL
               ? NULL
               : "a v2 token of Entra meets a v1 document: use the document under /v2.0";
}

static const char *slash_issuer(const struct advising *a)
{
    return issuer_apart(a, advising_is_slash_apart).at == NULL
               ? NULL
               : "the issuers differ by one slash at the end; they are compared to the letter";
}

static const char *case_issuer(const struct advising *a)
{
    return issuer_apart(a, advising_is_case_apart).at == NULL
               ? NULL
               : "the issuers differ in letter case only; they are compared to the letter";
}

/* A slash at the end is what an assumption gets wrong most: Auth0 publishes one. */
static const char *assumed_slash_issuer(const struct advising *a)
{
    struct span known = issuer_apart(a, advising_is_slash_apart);
    if (!a->in->is_issuer_assumed || known.at == NULL)
        return NULL;
    for (size_t i = 0; i < a->rule->issuer_count; i++)
        if (span_eq(a->rule->issuers[i], known))
            return NULL;
    return advising_say(
        a,
        "the issuer %s was assumed from the configured URL, nobody was asked; the provider likely publishes "
        "it as the token says, %s the slash at its end: --issuer '%s' settles it (in a table of cases the "
        "key issuer)",
        SHOWN(known), span_ends(known, SPAN("/")) ? "without" : "with", SHOWN(advising_text(a, SPAN("iss"))));
}

/* Keys are bound to the document they came from: RFC 8725 3.8. */
static const char *other_issuer(const struct advising *a)
{
    const struct judgement *judgement = a->in->judgement;
    struct span iss = advising_text(a, SPAN("iss"));
    bool is_bound = judgement->key != NULL && judgement->trust < a->rule->provider_count;
    for (size_t i = 0; is_bound && i < a->rule->provider_count && i < advising_sets(a); i++) {
        const struct keyset *set = advising_set(a, i);
        if (i != judgement->trust && set != NULL && iss.len > 0 && span_eq(set->issuer, iss))
            return advising_say(
                a,
                "iss is another provider of this policy (%s), but a key of %s signed: a provider's keys "
                "speak for its own issuer only; ask who made this token",
                SHOWN(a->rule->providers[i].url), SHOWN(a->rule->providers[judgement->trust].url));
    }
    return NULL;
}

static const char *assumed_issuer(const struct advising *a)
{
    return a->in->is_issuer_assumed
               ? "the issuer was assumed from the configured URL, nobody was asked: give the true one "
                 "(--issuer), or leave --jwks out"
               : NULL;
}

/* A realm is called by the host name that the client used, unless a fixed one is configured. */
static bool is_same_realm(struct span a, struct span b)
{
    const char *at = memmem(a.at, a.len, "/realms/", 8);
    struct span realm = at == NULL ? (struct span){NULL, 0} : span_from(a, (size_t)(at - a.at));
    return realm.len > 0 && span_ends(b, realm);
}

static const char *realm_issuer(const struct advising *a)
{
    return issuer_apart(a, is_same_realm).at == NULL
               ? NULL
               : "the same realm under another address: Keycloak names itself as the client called it; give it a fixed "
                 "host name, or add this issuer to issuers";
}

static const char *adfs_issuer(const struct advising *a)
{
    bool is_adfs = span_ends(advising_text(a, SPAN("iss")), SPAN("/adfs/services/trust"));
    return is_adfs
               ? "AD FS names itself otherwise in access tokens than in its document (access_token_issuer): add this "
                 "issuer to issuers"
               : NULL;
}

static const char *template_issuer(const struct advising *a)
{
    struct span before, behind;
    for (size_t i = 0; advising_issuer(a, i).at != NULL; i++)
        if (rule_issuer_is_template(advising_issuer(a, i), &before, &behind) &&
            span_starts(advising_text(a, SPAN("iss")), before))
            return "iss has to name the tenant that tid names, a GUID, and the key has to be that tenant's";
    return NULL;
}

const char *report_advice_issuer(const struct advising *a)
{
    static advisor *const advisors[] = {older_issuer, newer_issuer,   other_issuer,   assumed_slash_issuer,
                                        slash_issuer, case_issuer,    assumed_issuer, realm_issuer,
                                        adfs_issuer,  template_issuer};
    return advising_ask(a, advisors, COUNT_OF(advisors));
}
