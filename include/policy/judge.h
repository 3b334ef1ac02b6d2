/* SPDX-License-Identifier: Apache-2.0 */
/* judge(): token + rule + keys + now -> judgement.  The only place where a token is found right or wrong.
 *
 * A pure function of plain values: no clock, no network, nothing kept.  serve, explain and all others call it and only render
 * the judgement differently.  A judgement starts refused and is set to passed in one place.
 */
#ifndef POLICY_JUDGE_H
#define POLICY_JUDGE_H

#include "base/arena.h"
#include "base/reason.h"
#include "jose/claims.h"
#include "jose/token.h"
#include "jose/verify.h"
#include "policy/dpop.h"
#include "policy/revocation.h"
#include "policy/rule.h"

/* What one source of keys can vouch for at this moment. */
struct trust {
    struct verifier *verifier; /* NULL: no usable keys now */
    /* Issuer and keys are those of verifier_keys(verifier). */
};

enum check_name {
    CHECK_TOKEN,
    CHECK_HEADER,
    CHECK_ALG,
    CHECK_KEY,
    CHECK_SIGNATURE,
    CHECK_NBF,
    CHECK_EXP,
    CHECK_AUDIENCE,
    CHECK_ISSUER,
    CHECK_CLAIM, /* one for each required claim, named claim:NAME; our `typ` and `max_age` are claim:typ and claim:iat */
    CHECK_COUNT
};

/* What becomes of tokens whose cnf names a key that can't be checked (RFC 7800 3.1). */
enum cnf_mode { CNF_REFUSE, CNF_IGNORE };

enum check_verdict { VERDICT_SKIP, VERDICT_PASS, VERDICT_FAIL };

struct check {
    enum check_name name;
    enum check_verdict verdict;
    enum reason reason;   /* of a failure */
    struct span claim;    /* name, for CHECK_CLAIM */
    struct span expected; /* printable text; empty when there is nothing to say */
    struct span found;    /* foreign bytes, to be quoted by whom prints them; never the token itself */
};

struct judge_input {
    const struct rule *rule;
    const struct trust
        *trusts;   /* one for each rule->providers, in order; then one for rule->inline_keys if there are any */
    int64_t now_s; /* wall clock */
    struct token_limits limits;
    struct arena *arena;                 /* scratch; what the judgement points to lives here */
    struct span credential;              /* what stood in the source, scheme and all; at NULL: nothing */
    bool is_repeated;                    /* the source was there more than once: JWT_INVALID */
    const struct remembered *remembered; /* a signature checked before, or NULL */
    bool wants_every_check;              /* explain: go on after a failure, fill expected and found of all checks */
    enum cnf_mode cnf;
    const struct dpop_request *request; /* NULL: there is none, so that a proof (RFC 9449) is skipped, not asked for */
    struct span
        certificate; /* SHA-256 of what the client proved to be its certificate, as bytes; at NULL: none.  Beside request */
    const struct revocation *revocation; /* NULL: nothing is revoked */

    /* Not NULL: claims that nobody signed are judged as if a key of trusts[assumed_trust] had; credential, is_repeated and
     * remembered do not count.  What comes before the claims is skipped, and a key of that set is taken for the signer, one that may
     * vouch for the claims' iss where there is one; a set without keys is taken as it is.  From nbf on all checks are real.
     * For tables of cases only: whoever serves requests leaves it NULL, which a check of the sources holds them to.
     */
    const struct claims *assumed;
    size_t assumed_trust;
};

/* A signature that was verified before: what a cache of verified signatures hands in.  Lifetime and policy are judged anew. */
struct remembered {
    const struct token *token;
    const struct claims *claims;
    const struct key *key; /* lives in some key set; counts only where this rule would try it now */
};

enum { JUDGE_CHECKS_MAX = 80 };

struct judgement {
    bool has_passed;
    enum reason reason;      /* NONE only when passed */
    unsigned status;         /* rule's status; 503 for OPENID_CONFIG_UNAVAILABLE; 200 when passed */
    bool has_token;          /* a credential was given: error="invalid_token" belongs into the challenge */
    bool only_claims_failed; /* every check but required claims held: insufficient_scope */
    struct check *checks;    /* in order; without wants_every_check only the first failure, or none */
    size_t check_count;
    const struct check *failed;  /* first failure, or NULL */
    const struct token *token;   /* what was read of it, or NULL; of an encrypted one what was inside */
    bool was_encrypted;          /* and opened: token->raw is then not what was sent */
    const struct claims *claims; /* verified when has_passed or when the signature check passed; else NULL */
    const struct claims
        *unverified;       /* what the payload says, true or not: for showing only; NULL when it can't be read */
    const struct key *key; /* the key that verified, or NULL */
    size_t trust;          /* index into trusts of that key's set */
    bool was_remembered;
    bool is_dpop;         /* the credential came with the scheme DPoP */
    enum dpop_error dpop; /* of the first failure, where it is about the sender's key */
    bool has_proof;       /* a proof was asked for and is good: `proof` is to be remembered before it counts */
    struct dpop_proof proof;
    const struct revoked *revoked; /* the entry that the token is refused for, or NULL; lives in in->revocation */
    /* A refetch of keys may help: the token is plausible (iss, exp, aud by its unverified claims) and its key is unknown or a
     * provider has no keys.  Bit i: trusts[i].
     */
    uint64_t refetch;
};

/* Order: size, parts, header, algorithm, key, signature, then lifetime, audience, issuer, revocation, the sender's key, claims; first
 * failure decides.  Failures of revocation and of the sender's key (claim:cnf) are JWT_INVALID.
 * No key answered and a provider of the rule has no keys: OPENID_CONFIG_UNAVAILABLE.  Out of memory: refused, OUT_OF_MEMORY,
 * status 503.  A key of provider i allows the issuer of provider i and rule->issuers only (keys bound to their document);
 * {tenantid} of a discovered issuer stands for the token's tid, a GUID; a key's own issuer must fit as well.
 */
void judge(const struct judge_input *input, struct judgement *judgement);

/* The name of a check as data: "exp", "claim:groups".  From `arena` for claims. */
const char *check_name_text(const struct check *check, struct arena *arena);

/* The token in a credential by the rule: scheme taken off.  False with TOKEN_NOT_PRESENT or JWT_INVALID. */
bool judge_extract(const struct rule *rule, struct span credential, bool is_repeated, struct span *token,
                   struct err *err) MUST_CHECK;

/* The same without looking for separators, for who looks the token up among known ones: these hold none.  What was not found there
 * is for judge_extract, or judge(), to refuse.
 */
bool judge_extract_any(const struct rule *rule, struct span credential, bool is_repeated, struct span *token,
                       struct err *err) MUST_CHECK;

/* Whether a token may come with the scheme DPoP (RFC 9449 7.1): where Authorization is read and the scheme is Bearer or DPoP. */
bool judge_takes_dpop(const struct rule *rule);

/* Whether the credential does come so; false where the rule does not take that scheme. */
bool judge_is_dpop(const struct rule *rule, struct span credential);

#endif
