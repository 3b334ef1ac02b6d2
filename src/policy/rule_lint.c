/* SPDX-License-Identifier: Apache-2.0 */
/* Warnings about policies that load but cannot mean what they say (validate-jwt reference, 1, 2.2, 2.6). */
#include "rule_int.h"

/* Claims that hold one value in the tokens of the usual providers. */
static const char *const single_claims[] = {
    "appid", "appidacr",           "azp",   "azpacr", "client_id", "email", "idp", "idtyp",       "iss", "jti", "name",
    "oid",   "preferred_username", "scope", "scp",    "sub",       "tid",   "typ", "unique_name", "upn", "ver",
};

static bool is_single(struct span name)
{
    for (size_t i = 0; i < COUNT_OF(single_claims); i++)
        if (span_eq(name, span_str(single_claims[i])))
            return true;
    return false;
}

static void lint_values(struct problems *problems, const struct rule_claim *claim, const struct schema_texts *values)
{
    for (size_t i = 0; i < claim->count; i++)
        if (claim->values[i].len > 0 && (claim->values[i].at[0] == '{' || claim->values[i].at[0] == '['))
            problem_warning(problems, values->nodes[i],
                            "compared with the claim's JSON text, blanks and order included; "
                            "another spelling of the same value will not match");
}

static bool is_scopes(struct span name)
{
    return span_eq(name, SPAN("scp")) || span_eq(name, SPAN("scope"));
}

/* How many values are asked for, and how they meet a text that may hold many scopes. */
static void lint_scopes(struct problems *problems, const struct rule_claim *claim, const struct node *node,
                        bool is_secret)
{
    if (claim->separator.len > 0 || claim->count == 0)
        return;
    if (claim->match == MATCH_ANY && claim->count > 1)
        problem_warning(problems, node,
                        "claim \"%s\" holds all scopes in one text: tokens with more than one scope will fail; add "
                        "separator=\" \"",
                        QUOTED_UNLESS(is_secret, claim->name));
    else if (claim->count == 1)
        problem_note(problems, node,
                     "claim \"%s\" is compared as one text: a token passes with this one scope alone; separator=\" \" "
                     "finds it among others",
                     QUOTED_UNLESS(is_secret, claim->name));
}

static void lint_claim(const struct rule_reader *reader, const struct rule_claim *claim, const struct node *node)
{
    struct problems *problems = reader->problems;
    const struct node *name = rule_member(reader, node, "name");
    bool is_secret = name != NULL && name->is_secret;
    bool is_whole = claim->separator.len == 0;
    if (!claim->is_path && claim->match == MATCH_ALL && claim->count > 1 && is_whole && is_single(claim->name))
        problem_warning(problems, node,
                        "claim \"%s\" holds one value, and match=\"all\" asks for %zu: this never passes; use "
                        "match=\"any\"%s",
                        QUOTED_UNLESS(is_secret, claim->name), claim->count,
                        is_scopes(claim->name) ? ", or separator=\" \" where all are meant" : "");
    if (!claim->is_path && is_scopes(claim->name))
        lint_scopes(problems, claim, node, is_secret);
    bool is_nested =
        span_starts(claim->name, SPAN("realm_access.")) || span_starts(claim->name, SPAN("resource_access."));
    if (!claim->is_path && is_nested)
        problem_warning(problems, node,
                        "a dot is part of a claim's name; for nested claims use path, names separated by /");
}

static void lint_source(const struct rule_reader *reader, const struct rule_draft *draft, const struct rule *rule)
{
    const struct node *scheme = rule_member(reader, draft->node, "require_scheme");
    const struct node *header = rule_member(reader, draft->node, "header_name");
    bool may_be_authorization = rule->is_authorization || (header != NULL && rule_is_dynamic(reader, header));
    if (scheme != NULL && !may_be_authorization)
        problem_warning(reader->problems, scheme, "%s has no effect here: only the Authorization field has a scheme",
                        rule_spell(reader, "require_scheme"));
    const struct node *status = rule_member(reader, draft->node, "failed_validation_httpcode");
    if (status != NULL && rule->failed_status < 400)
        problem_warning(reader->problems, status,
                        "%s does not tell clients that they were refused; 400 to 599 is usual",
                        QUOTED_UNLESS(status->is_secret, status->text));
}

/* Whether a token could be signed with an algorithm that both the configuration and a key of the policy allow.  Providers
 * publish no shared secrets.
 */
static bool has_algorithm(const struct rule *rule)
{
    struct alg_set set = {0};
    for (enum alg alg = ALG_UNKNOWN + 1; rule->provider_count > 0 && alg < ALG_COUNT; alg++)
        if (alg_info(alg)->family != KEY_OCT)
            set.bits |= alg_set_of(alg).bits;
    for (size_t i = 0; rule->inline_keys != NULL && i < rule->inline_keys->count; i++)
        set.bits |= rule->inline_keys->keys[i]->algs.bits;
    return (set.bits & rule->algs.bits) != 0;
}

/* The segment of the URL's path by which Entra means every tenant; empty when there is none.  Any host: national clouds and
 * mirrors have their own.  `consumers` is not among them: its document has one issuer, that of the tenant of personal accounts.
 */
static struct span tenantless_segment(struct span url)
{
    static const struct span words[] = {SPAN_INIT("common"), SPAN_INIT("organizations")};
    const char *colon = span_chr(url, ':');
    struct span path, piece;
    if (colon == NULL || !span_split(&url, '?', &path))
        return SPAN("");
    path = span_from(path, (size_t)(colon - path.at) + strlen("://"));
    for (bool is_host = true; span_split(&path, '/', &piece); is_host = false)
        for (size_t i = 0; i < COUNT_OF(words); i++)
            if (!is_host && span_eq_nocase(piece, words[i]))
                return words[i];
    return SPAN("");
}

static bool warn_of_tenants(const struct rule_reader *reader, const struct node *node, const char *what)
{
    problem_warning(reader->problems, node,
                    "%s stands for every tenant, and nothing here narrows it: tokens of any tenant pass, for whatever "
                    "API they were made; add %s, or a required claim tid, aud or iss with the values that may pass",
                    what, rule_spell(reader, "audiences"));
    return true;
}

/* Whether a warning was given. */
static bool lint_tenants(const struct rule_reader *reader, const struct rule_draft *draft, const struct rule *rule)
{
    bool is_warned = false;
    struct span before, behind;
    if (!rule_takes_any_tenant(rule))
        return false;
    for (size_t i = 0; i < rule->provider_count; i++) {
        const struct node *node = rule->providers[i].node;
        const struct node *url = node->kind == NODE_MAP ? rule_member(reader, node, "url") : node;
        struct span segment = tenantless_segment(rule->providers[i].url);
        is_warned = (segment.len > 0 && warn_of_tenants(reader, url, segment.at)) || is_warned;
    }
    for (size_t i = 0; i < rule->issuer_count; i++)
        if (rule_issuer_is_template(rule->issuers[i], &before, &behind))
            is_warned = warn_of_tenants(reader, draft->issuers.nodes[i], "{tenantid}");
    return is_warned;
}

static void lint_trust(const struct rule_reader *reader, const struct rule_draft *draft, const struct rule *rule)
{
    bool has_keys = rule->provider_count > 0 || rule->inline_keys != NULL;
    if (!has_keys && rule->requires_signature)
        problem_warning(reader->problems, draft->node, "this policy can accept no token: it has neither %s nor %s",
                        rule_spell(reader, "openid_config"), rule_spell(reader, "issuer_signing_keys"));
    if (has_keys && rule->requires_signature && !has_algorithm(rule))
        problem_warning(
            reader->problems, draft->node,
            "this policy can accept no token: \"algorithms\" of the configuration leaves none that its keys "
            "could have");
    if (!rule->requires_signature)
        problem_warning(reader->problems, draft->node, "unsigned tokens are accepted: anybody can write one");
    else if (rule_may_take_unsigned(rule))
        problem_warning(reader->problems, draft->node,
                        "an expression may accept unsigned tokens: anybody can write one");
    if (lint_tenants(reader, draft, rule))
        return;
    if (rule->provider_count > 0 && rule->audience_count == 0 && rule->claim_count == 0)
        problem_note(reader->problems, draft->node,
                     "neither audiences nor claims are checked: any token of the provider "
                     "passes, for whatever API it was made");
}

void rule_lint(const struct rule_reader *reader, const struct rule_draft *draft, const struct rule *rule)
{
    const struct draft_claim *claims = draft->required_claims.at;
    lint_source(reader, draft, rule);
    lint_trust(reader, draft, rule);
    for (size_t i = 0; i < draft->required_claims.count; i++) {
        lint_claim(reader, &rule->claims[i], draft->required_claims.nodes[i]);
        lint_values(reader->problems, &rule->claims[i], &claims[i].values);
    }
}
