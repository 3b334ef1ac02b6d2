/* SPDX-License-Identifier: Apache-2.0 */
/* What the steps of judge() share: the state of one judgement in the making. */
#ifndef POLICY_JUDGE_INT_H
#define POLICY_JUDGE_INT_H

#include "policy/judge.h"

struct judging {
    const struct judge_input *in;
    const struct rule *rule;
    struct judgement *out;
    const struct token *token;
    const struct claims *claims;         /* read, but unverified until out->claims is set */
    const struct remembered *remembered; /* NULL when it is not of this very token */
    const struct keyset **sets;          /* of in->trusts; NULL: no keys now */
    size_t set_count;
    enum reason reason; /* of the first failure */
    bool is_out_of_memory;
    bool has_required_failed; /* the first failure is a required claim of the policy */
    bool has_provider_failed; /* a provider has no usable keys */
};

/* The part of judge_note() for a failure, or where every check is told of. */
struct check *judge_note_told(struct judging *j, enum check_name name, enum check_verdict verdict, enum reason reason);

/* Notes the outcome of a check.  Returns it to be filled with texts, or NULL when nobody wants them: so texts are made for
 * failures and explain only.
 */
static inline struct check *judge_note(struct judging *j, enum check_name name, enum check_verdict verdict,
                                       enum reason reason)
{
    bool is_told = verdict == VERDICT_FAIL || j->in->wants_every_check;
    return is_told ? judge_note_told(j, name, verdict, reason) : NULL;
}

/* PASS when reason is NONE, else FAIL. */
static inline enum check_verdict verdict_of(enum reason reason)
{
    return reason == REASON_NONE ? VERDICT_PASS : VERDICT_FAIL;
}

/* Texts from the judgement's arena; empty when it is out of memory. */
struct span judge_text(struct judging *j, const char *format, ...) PRINTF_LIKE(2, 3);
/* `lead`, then the texts with ", " between. */
struct span judge_joined(struct judging *j, const char *lead, const struct span *texts, size_t count);

/* The other half of judge_extract(): whether it is one token, not several words or a list; JWT_INVALID. */
bool judge_refuse_list(struct span token, struct err *err) MUST_CHECK;

/* In place of reading a token and of finding its key, where claims are assumed: judge_assumed.c. */
bool judge_assume(struct judging *j);
bool judge_assume_key(struct judging *j);
/* Whether `key` of trusts[i] may sign for the issuer of these claims. */
bool judge_may_vouch(const struct judging *j, size_t i, const struct key *key);

/* judge_decrypt.c: opens the encrypted token in token->raw; token and claims are then those of what is inside. */
bool judge_decrypt(struct judging *j, struct token *token, struct claims *claims, struct err *err) MUST_CHECK;

/* The steps, in order; each notes its checks and says whether they held. */
bool judge_alg(struct judging *j);
/* Whether some key that may answer signed the token; plans a refetch where none is known. */
bool judge_key(struct judging *j); /* judge_key.c: key and signature */
bool judge_nbf(struct judging *j); /* judge_claims.c */
bool judge_exp(struct judging *j);
/* Whether the token is for one of the rule's audiences. */
bool judge_audience(struct judging *j);
/* Whether the issuer is one that the key may sign for. */
bool judge_issuer(struct judging *j); /* judge_issuer.c */
bool judge_typ(struct judging *j);
/* Whether the token is young enough for the rule's max_age. */
bool judge_age(struct judging *j);
/* Whether all required claims hold. */
bool judge_required(struct judging *j);
/* Whether the operator has not revoked it. */
bool judge_revoked(struct judging *j); /* judge_revoked.c */
/* Whether the sender holds the key that the token is bound to, if it is. */
bool judge_cnf(struct judging *j); /* judge_cnf.c */
/* Whether the token's claim holds one wanted value, by the rule's separator. */
bool judge_holds_value(const struct rule_claim *claim, const struct claim_values *values, struct span wanted);

/* The same questions asked of unverified claims, to see whether a refetch of keys is due. */
bool judge_is_timely(const struct judging *j);
/* The audience alone, without a note: for plans of a refetch. */
bool judge_is_for_audience(const struct judging *j);
/* Whether the token's iss may come with a key of trusts[i]; taken as yes while that provider's issuer is not known. */
bool judge_may_be_issued_by(const struct judging *j, size_t i);

#endif
