/* SPDX-License-Identifier: Apache-2.0 */
/* Claims judged as if a key had signed them: for tables of cases, which say what a policy makes of claims without anybody's private
 * key.  Only what comes before the claims is left out; nothing of a request leads here.
 */
#include "judge_int.h"

bool judge_assume(struct judging *j)
{
    static const struct token none; /* no header says anything: neither alg nor typ */
    j->token = &none;
    j->claims = j->in->assumed;
    j->out->unverified = j->claims;
    judge_note(j, CHECK_TOKEN, VERDICT_SKIP, REASON_NONE);
    judge_note(j, CHECK_HEADER, VERDICT_SKIP, REASON_NONE);
    return true;
}

/* A key of the set that the rule's algorithms leave something to do; one that may vouch for the issuer is the better one. */
static const struct key *choose(const struct judging *j, const struct keyset *set)
{
    const struct key *chosen = NULL;
    for (size_t i = 0; i < set->count; i++) {
        const struct key *key = set->keys[i];
        if ((key->algs.bits & j->rule->algs.bits) == 0)
            continue;
        if (judge_may_vouch(j, j->in->assumed_trust, key))
            return key;
        chosen = chosen == NULL ? key : chosen;
    }
    return chosen;
}

static bool refuse_key(struct judging *j, enum reason reason)
{
    struct check *check = judge_note(j, CHECK_KEY, VERDICT_FAIL, reason);
    if (check != NULL) {
        check->expected = SPAN("a key that may serve an algorithm of the policy");
        check->found =
            reason == REASON_KEY_NOT_FOUND ? SPAN("none in the key set") : SPAN("no key set of the provider");
    }
    judge_note(j, CHECK_SIGNATURE, VERDICT_SKIP, REASON_NONE);
    return false;
}

bool judge_assume_key(struct judging *j)
{
    /* A rule that takes unsigned tokens may have no set at all: nobody needs to have signed then. */
    bool has_set = j->in->assumed_trust < j->set_count;
    const struct keyset *set = has_set ? j->sets[j->in->assumed_trust] : NULL;
    assert(has_set || j->set_count == 0);
    if (has_set && set == NULL)
        return refuse_key(j, REASON_OPENID_CONFIG_UNAVAILABLE);
    const struct key *key = has_set ? choose(j, set) : NULL;
    if (key == NULL && has_set && set->count > 0)
        return refuse_key(j, REASON_KEY_NOT_FOUND);
    j->out->key = key;
    j->out->trust = j->in->assumed_trust;
    j->out->claims = j->claims;
    struct check *check = judge_note(j, CHECK_KEY, key == NULL ? VERDICT_SKIP : VERDICT_PASS, REASON_NONE);
    if (check != NULL && key != NULL) {
        check->expected = SPAN("assumed: a key of the set");
        check->found = key->kid.len > 0 ? key->kid : SPAN("no kid");
    }
    judge_note(j, CHECK_SIGNATURE, VERDICT_SKIP, REASON_NONE);
    return true;
}
