/* SPDX-License-Identifier: Apache-2.0 */
/* Advice: what the files that know common mistakes share.
 *
 * An advisor looks for one mistake and returns what to do about it, or NULL when it is not that.  Those of a check are asked in
 * order; the first that knows is heard.
 */
#ifndef POLICY_REPORT_ADVICE_INT_H
#define POLICY_REPORT_ADVICE_INT_H

#include "policy/report.h"
#include "report_shown.h"

struct advising {
    const struct report_input *in;
    const struct check *check;
    const struct token *token;   /* NULL: it could not be read */
    const struct claims *claims; /* as the payload says, true or not; NULL: it could not be read */
    const struct rule *rule;
};

typedef const char *advisor(const struct advising *a);

/* The first that knows; NULL: none. */
const char *advising_ask(const struct advising *a, advisor *const *advisors, size_t count);

/* Advice of the kinds of checks; NULL: nothing particular is known. */
advisor report_advice_token;
advisor report_advice_key;
advisor report_advice_signature;
advisor report_advice_time;
advisor report_advice_audience;
advisor report_advice_issuer;
advisor report_advice_claim;
advisor report_advice_bound;

/* A formatted advice; NULL: no memory. */
const char *advising_say(const struct advising *a, const char *format, ...) PRINTF_LIKE(2, 3);

/* The claim of that name as a text; `at` NULL: absent or no text. */
struct span advising_text(const struct advising *a, struct span name);
/* Whether the claim stands in the token. */
bool advising_has(const struct advising *a, struct span name);
/* The claim as a list of texts; none where it is absent. */
struct claim_values advising_values(const struct advising *a, struct span name, bool is_path);

/* Whether the token looks as Keycloak's do. */
bool advising_is_keycloak(const struct advising *a);

/* The keys of trusts[i]; NULL: none, or not known.  advising_sets() is how many there are. */
const struct keyset *advising_set(const struct advising *a, size_t i);
size_t advising_sets(const struct advising *a);

/* The i-th issuer that would have done: those of the sets, then those that the policy lists; `at` NULL: no more. */
struct span advising_issuer(const struct advising *a, size_t i);

/* Whether two issuers are v1 and v2 of one tenant of Entra, `a` being v1. */
bool advising_is_older_entra(struct span a, struct span b);

/* Whether two texts are the same but for one slash at an end. */
bool advising_is_slash_apart(struct span a, struct span b);
/* Whether they are the same but for letter case. */
bool advising_is_case_apart(struct span a, struct span b);

#endif
