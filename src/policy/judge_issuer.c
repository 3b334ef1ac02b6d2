/* SPDX-License-Identifier: Apache-2.0 */
/* Who may have issued a token: the issuer bound to the key that signed it, and those the policy lists.
 *
 * Keys are bound to the document they came from: a key of provider A vouches for A's issuer and the policy's own list, never
 * for B's, or whoever holds one provider's key could speak for all (RFC 8725 3.8).  {tenantid} stands for the token's tid,
 * which must be a GUID, so that it cannot bring slashes or hosts of its own.
 */
#include "judge_int.h"

/* Whether the token's iss is that issuer to the letter, the placeholder replaced. */
static bool is_issuer(const struct claims *claims, struct span issuer)
{
    struct span iss = claims->iss.text, before = {NULL, 0}, behind = {NULL, 0};
    if (!rule_issuer_is_template(issuer, &before, &behind))
        return issuer.len > 0 && span_eq(iss, issuer);
    struct span tid = claims->tid.state == CLAIM_PRESENT ? claims->tid.text : (struct span){NULL, 0};
    return span_is_guid(tid) && iss.len == before.len + tid.len + behind.len && span_starts(iss, before) &&
           span_starts(span_from(iss, before.len), tid) && span_ends(iss, behind);
}

/* Whether `segment` is a whole segment of the URL's path. */
static bool has_segment(struct span url, struct span segment)
{
    struct span piece;
    while (span_split(&url, '/', &piece))
        if (span_eq(piece, segment))
            return true;
    return false;
}

/* Whether the key belongs to the token's tenant although its issuer is of another generation: a v2 key may sign for a v1
 * issuer that the policy lists, but one tenant's key never for another tenant.
 */
static bool is_of_tenant(const struct claims *claims, struct span key_issuer)
{
    struct span tid = claims->tid.text;
    struct span before, behind;
    bool is_template = rule_issuer_is_template(key_issuer, &before, &behind);
    return claims->tid.state == CLAIM_PRESENT && span_is_guid(tid) && has_segment(claims->iss.text, tid) &&
           (is_template || has_segment(key_issuer, tid));
}

static bool is_listed(const struct judging *j)
{
    for (size_t i = 0; i < j->rule->issuer_count; i++)
        if (is_issuer(j->claims, j->rule->issuers[i]))
            return true;
    return false;
}

static bool is_any_discovered(const struct judging *j)
{
    for (size_t i = 0; i < j->rule->provider_count; i++)
        if (j->sets[i] != NULL && is_issuer(j->claims, j->sets[i]->issuer))
            return true;
    return false;
}

/* Whether `key`, held by trusts[i], may sign for the token's issuer.  Keys written in the policy have no document: they speak
 * for whatever issuer the policy takes.
 */
static bool is_vouched(const struct judging *j, size_t i, const struct key *key)
{
    bool is_inline = i == j->rule->provider_count;
    bool is_own = is_inline ? is_any_discovered(j) : is_issuer(j->claims, j->sets[i]->issuer);
    if (!is_own && !is_listed(j))
        return false;
    return key->issuer.len == 0 || is_issuer(j->claims, key->issuer) ||
           (!is_own && is_of_tenant(j->claims, key->issuer));
}

bool judge_may_vouch(const struct judging *j, size_t i, const struct key *key)
{
    return is_vouched(j, i, key);
}

/* Several documents may list one key (each tenant's of one service does): any that holds the key may vouch. */
static bool is_vouched_elsewhere(const struct judging *j)
{
    const struct key *signer = j->out->key;
    for (size_t i = 0; i < j->set_count; i++)
        for (size_t k = 0; j->sets[i] != NULL && k < j->sets[i]->count; k++) {
            const struct key *key = j->sets[i]->keys[k];
            if (key->family == signer->family && strcmp(key->thumbprint, signer->thumbprint) == 0 &&
                alg_set_has(key->algs, j->token->alg) && is_vouched(j, i, key))
                return true;
        }
    return false;
}

static bool is_issuer_checked(const struct judging *j)
{
    return j->rule->issuer_count > 0 || j->rule->provider_count > 0;
}

static enum reason issuer_reason(const struct judging *j)
{
    const struct key *key = j->out->key;
    if (j->claims->iss.state == CLAIM_MALFORMED)
        return REASON_JWT_INVALID;
    if (!is_issuer_checked(j))
        return REASON_NONE;
    if (j->claims->iss.state == CLAIM_ABSENT)
        return REASON_ISSUER_NOT_ALLOWED;
    if (key == NULL ? is_listed(j) || is_any_discovered(j)
                    : is_vouched(j, j->out->trust, key) || is_vouched_elsewhere(j))
        return REASON_NONE;
    bool is_bound = key != NULL && j->out->trust < j->rule->provider_count;
    return j->has_provider_failed && !is_bound ? REASON_OPENID_CONFIG_UNAVAILABLE : REASON_ISSUER_NOT_ALLOWED;
}

static void add_issuer(struct span *names, size_t *count, struct span name)
{
    for (size_t i = 0; i < *count; i++)
        if (span_eq(names[i], name))
            return;
    names[(*count)++] = name;
}

/* The issuers that would have done, each once, for messages; `at` NULL: none is known. */
static struct span expected_issuers(struct judging *j)
{
    bool is_bound = j->out->key != NULL && j->out->trust < j->rule->provider_count;
    size_t count = 0;
    struct span *names = arena_take(j->in->arena, (j->rule->issuer_count + j->rule->provider_count) * sizeof *names);
    if (names == NULL)
        return (struct span){NULL, 0};
    for (size_t i = 0; i < j->rule->provider_count; i++)
        if (j->sets[i] != NULL && (!is_bound || i == j->out->trust))
            add_issuer(names, &count, j->sets[i]->issuer);
    for (size_t i = 0; i < j->rule->issuer_count; i++)
        add_issuer(names, &count, j->rule->issuers[i]);
    return count == 0 ? (struct span){NULL, 0} : judge_joined(j, count > 1 ? "one of " : "", names, count);
}

bool judge_issuer(struct judging *j)
{
    enum reason reason = issuer_reason(j);
    /* Where no provider's issuer is known there is nothing to compare; that is a verdict only where none came before. */
    bool is_open = reason == REASON_OPENID_CONFIG_UNAVAILABLE && j->reason != REASON_NONE;
    bool is_skipped = (reason == REASON_NONE && !is_issuer_checked(j)) || is_open;
    struct check *check = judge_note(j, CHECK_ISSUER, is_skipped ? VERDICT_SKIP : verdict_of(reason), reason);
    if (check == NULL)
        return reason == REASON_NONE;
    check->expected = is_skipped ? (struct span){NULL, 0} : expected_issuers(j);
    if (j->claims->iss.state == CLAIM_PRESENT)
        check->found = j->claims->iss.text;
    else
        check->found = j->claims->iss.state == CLAIM_ABSENT ? SPAN("no iss") : SPAN("iss is no text");
    return reason == REASON_NONE;
}

bool judge_may_be_issued_by(const struct judging *j, size_t i)
{
    if (j->claims->iss.state != CLAIM_PRESENT)
        return false;
    return j->sets[i] == NULL || is_issuer(j->claims, j->sets[i]->issuer) || is_listed(j);
}
