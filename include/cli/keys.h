/* SPDX-License-Identifier: Apache-2.0 */
/* Key sets for commands that judge without a gateway running: fetched once from each provider, or out of a file in place of all.
 *
 * What is had is kept for the whole run of the command.  One thread.
 */
#ifndef CLI_KEYS_H
#define CLI_KEYS_H

#include "policy/judge.h"
#include "proxy/site.h"

struct keys;

/* None yet.  `site` says how providers are reached; it is borrowed and may be NULL: the defaults.  NULL: out of memory. */
struct keys *keys_new(const struct site *site) MUST_CHECK;
/* Frees all of them, with what keys_trusts gave; NULL is let through. */
void keys_free(struct keys *keys);
AUTO_FREE(keys)

/* Makes the keys of `rule`'s providers wanted: the next keys_fetch brings them, each provider's once.  False: out of memory. */
bool keys_want(struct keys *keys, const struct rule *rule, struct err *err) MUST_CHECK;

/* Fetches all that is wanted and not had, all providers at the same time.  A provider that fails is no error here: its trust then
 * has no keys, and `complain` (may be NULL) is told why.  False: nothing could be fetched at all.
 */
bool keys_fetch(struct keys *keys, void (*complain)(void *of, const char *url, const struct err *why), void *of,
                struct err *err) MUST_CHECK;

/* A JWK Set in place of all key sets of a rule. */
struct keys_given {
    struct span jwks;   /* the document's bytes; at NULL: a set without keys, for claims that are judged as if signed */
    struct span issuer; /* at NULL: for each provider the one that its URL stands for, which is an assumption */
    bool
        takes_unusable; /* a set of which no key can be used is no failure: its trust has no keys, and keys_troubles() says why */
};

/* What `rule` trusts: `trusts` has RULE_PROVIDERS_MAX + 1 places and is filled as struct judge_input wants it.  With `given` (may
 * be NULL) no provider is asked and inline keys do not count; without, providers count as they were fetched.  The verifiers
 * belong to `keys`.  Reason DOCUMENT_INVALID where the given document holds no usable key; OUT_OF_MEMORY.
 */
bool keys_trusts(struct keys *keys, const struct rule *rule, const struct keys_given *given, struct trust *trusts,
                 struct err *err) MUST_CHECK;

/* Why the trusts that keys_trusts() left without keys have none: the text of the fetch, or of the keys that cannot be used, by
 * trust; NULL where there are keys, or nothing is known.  `troubles` has RULE_PROVIDERS_MAX + 1 places; the texts are `keys`' own.
 */
void keys_troubles(struct keys *keys, const struct rule *rule, const struct keys_given *given, const char **troubles);

/* How far the clocks of `rule`'s providers are surely ahead of ours, as they were fetched; 0 where not known. */
void keys_clocks(const struct keys *keys, const struct rule *rule, int64_t ahead_s[RULE_PROVIDERS_MAX]);

#endif
