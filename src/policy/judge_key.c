/* SPDX-License-Identifier: Apache-2.0 */
/* Which key, and whether it signed.
 *
 * A remembered signature counts only where its key is among those this rule would try now: a verdict never depends on what
 * was judged before, and a withdrawn key ends with the fetch that no longer lists it.
 */
#include "judge_int.h"

#include <inttypes.h>

/* Outcome of the search for a key. */
struct search {
    struct keyset_candidate candidates[KEYSET_TRIES_MAX];
    size_t count;
    enum keyset_match match;
    const struct keyset_candidate *found; /* the one that verified */
};

static bool is_asymmetric(enum alg alg)
{
    return alg != ALG_UNKNOWN && alg_info(alg)->family != KEY_OCT;
}

static bool is_same_key(const struct key *a, const struct key *b)
{
    return a == b || (a->family == b->family && strcmp(a->thumbprint, b->thumbprint) == 0 && span_eq(a->kid, b->kid));
}

static const struct keyset_candidate *find_remembered(const struct search *search, const struct key *key)
{
    for (size_t i = 0; i < search->count; i++)
        if (is_same_key(search->candidates[i].key, key))
            return &search->candidates[i];
    return NULL;
}

static void try_candidates(struct judging *j, struct search *search)
{
    const struct token *token = j->token;
    for (size_t i = 0; i < search->count && search->found == NULL; i++) {
        const struct keyset_candidate *candidate = &search->candidates[i];
        struct err err = {.reason = REASON_NONE};
        if (verifier_check(j->in->trusts[candidate->set].verifier, candidate->key, token->alg, token->signing_input,
                           token->signature, &err))
            search->found = candidate;
        else if (err.reason == REASON_OUT_OF_MEMORY)
            j->is_out_of_memory = true;
    }
}

static void find_key(struct judging *j, struct search *search)
{
    search->count = keyset_candidates(j->sets, j->set_count, j->token, search->candidates, &search->match);
    if (j->remembered != NULL)
        search->found = find_remembered(search, j->remembered->key);
    if (search->found != NULL)
        j->out->was_remembered = true;
    else
        try_candidates(j, search);
}

/* No key may stay unknown where a provider that could publish it has no keys: that is no verdict on the token. */
static enum reason reason_without_key(const struct judging *j, const struct search *search)
{
    if (search->match == KEYSET_NAMED || search->match == KEYSET_UNFIT)
        return REASON_SIGNATURE_INVALID;
    bool may_be_published = is_asymmetric(j->token->alg) && alg_set_has(j->rule->algs, j->token->alg);
    return j->has_provider_failed && may_be_published ? REASON_OPENID_CONFIG_UNAVAILABLE : REASON_KEY_NOT_FOUND;
}

/* Unverified claims decide here, and only here, whether asking the providers again could help: an expired or foreign token
 * must not cause a fetch.  A shared secret is never published (RFC 7518 3.2 needs it secret).
 */
static void plan_refetch(struct judging *j, enum reason reason)
{
    bool is_due = reason == REASON_KEY_NOT_FOUND || reason == REASON_OPENID_CONFIG_UNAVAILABLE;
    if (!is_due || !is_asymmetric(j->token->alg) || !alg_set_has(j->rule->algs, j->token->alg))
        return;
    if (!judge_is_timely(j) || !judge_is_for_audience(j))
        return;
    for (size_t i = 0; i < j->rule->provider_count; i++)
        if (judge_may_be_issued_by(j, i))
            j->out->refetch |= UINT64_C(1) << i;
}

static size_t count_keys(const struct judging *j)
{
    size_t count = 0;
    for (size_t i = 0; i < j->set_count; i++)
        count += j->sets[i] == NULL ? 0 : j->sets[i]->count;
    return count;
}

static struct span name_of(const struct key *key)
{
    return key->kid.len > 0 ? key->kid : span_str(key->thumbprint);
}

static void describe_key(struct judging *j, const struct search *search, struct check *check)
{
    if (check == NULL)
        return;
    const char *alg = j->token->alg == ALG_UNKNOWN ? "this algorithm" : alg_info(j->token->alg)->name;
    check->found = j->token->kid.len > 0 ? j->token->kid : j->token->x5t.len > 0 ? j->token->x5t : SPAN("no kid");
    if (search->match == KEYSET_UNKNOWN_KID && search->found != NULL)
        check->found = judge_text(j, "%.*s, which is no key's kid; every fitting key was tried, %.*s verified",
                                  SPAN_ARG(check->found), SPAN_ARG(name_of(search->found->key)));
    if (search->match == KEYSET_UNFIT)
        check->expected = judge_text(j, "a key that may serve %s; the one of this kid may not", alg);
    else if (j->has_provider_failed && search->found == NULL)
        check->expected = judge_text(j, "the kid of a key for %s; a provider's keys are not available", alg);
    else
        check->expected = judge_text(j, "the kid of a key for %s, among %zu", alg, count_keys(j));
}

static void describe_signature(struct judging *j, const struct search *search, struct check *check)
{
    if (check == NULL)
        return;
    const struct key *key = search->found != NULL ? search->found->key
                            : search->count > 0   ? search->candidates[0].key
                                                  : NULL;
    if (key != NULL)
        check->expected =
            judge_text(j, "a signature made by the key %.*s (thumbprint %s)", SPAN_ARG(key->kid), key->thumbprint);
    if (search->found != NULL)
        check->found = SPAN("that signature");
    else if (search->count > 0)
        check->found = SPAN("another signature");
}

static bool skip_key(struct judging *j)
{
    judge_note(j, CHECK_KEY, VERDICT_SKIP, REASON_NONE);
    judge_note(j, CHECK_SIGNATURE, VERDICT_SKIP, REASON_NONE);
    return true;
}

static bool accept_key(struct judging *j, const struct search *search)
{
    j->out->key = search->found->key;
    j->out->trust = search->found->set;
    j->out->claims = j->claims;
    describe_key(j, search, judge_note(j, CHECK_KEY, VERDICT_PASS, REASON_NONE));
    describe_signature(j, search, judge_note(j, CHECK_SIGNATURE, VERDICT_PASS, REASON_NONE));
    return true;
}

bool judge_key(struct judging *j)
{
    if (j->in->assumed != NULL)
        return judge_assume_key(j);
    if (j->token->is_unsigned || j->token->alg == ALG_UNKNOWN)
        return skip_key(j);
    struct search search; /* find_key sets the rest; clearing its candidates for each judgement would cost */
    search.found = NULL;
    find_key(j, &search);
    if (j->is_out_of_memory)
        return false;
    if (search.found != NULL)
        return accept_key(j, &search);
    enum reason reason = reason_without_key(j, &search);
    bool is_key_known = search.match == KEYSET_NAMED;
    plan_refetch(j, reason);
    describe_key(j, &search, judge_note(j, CHECK_KEY, is_key_known ? VERDICT_PASS : VERDICT_FAIL, reason));
    struct check *signature = judge_note(j, CHECK_SIGNATURE, is_key_known ? VERDICT_FAIL : VERDICT_SKIP, reason);
    describe_signature(j, &search, signature);
    return false;
}
