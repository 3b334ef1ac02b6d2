/* SPDX-License-Identifier: Apache-2.0 */
/* Signatures already verified: what one worker remembers of tokens it has checked.
 *
 * Positive only: a refused token is never kept.  A hit spares the signature and the reading of the claims; lifetime, policy and
 * whether the key still stands are judged anew on every hit.  Found by a keyed hash of the signature's tail, made sure by
 * comparing the whole token: what is kept are its parts decoded, and each must spell what was sent to the character.  Belongs to
 * one thread.  Entries lie in a region of fixed size that is left out of core dumps; they are overwritten when they go.
 */
#ifndef OIDC_VERIFIED_H
#define OIDC_VERIFIED_H

#include "jose/claims.h"
#include "jose/keyset.h"
#include "jose/token.h"

struct verified;

/* What is remembered of a token: its parts decoded, not its text.  All spans point into the entry; raw, signing_input and
 * payload_text of `token` are empty, see verified_token.
 */
struct verified_entry {
    struct token token;
    struct claims claims;
    const struct key *key; /* the key that verified, inside `keys` */
    struct keyset *keys;   /* the entry holds a reference */
};

enum {
    VERIFIED_SLOTS = 32768,        /* three for each of 10,000 tokens: a random victim then misses 0.1 % */
    VERIFIED_BYTES_MAX = 40 << 20, /* entries of one worker */
    VERIFIED_NO_EXP_TTL_S = 300    /* for tokens without exp */
};

/* `slots` a power of two, 8 at least; `bytes_max` 512 at least.  NULL: out of memory. */
struct verified *verified_new(size_t slots, size_t bytes_max) MUST_CHECK;
/* Forgets all, overwriting it; NULL is let through. */
void verified_free(struct verified *verified);
AUTO_FREE(verified)

/* What is known of this very token, or NULL; valid until the next call that is not a find.  Entries at or past their exp (or
 * without a readable exp past VERIFIED_NO_EXP_TTL_S) are dropped and not found.
 */
const struct verified_entry *verified_find(struct verified *verified, struct span raw, int64_t now_s);

/* The token as token_read left it, found by the text `raw`: its spans point into `raw` and the entry. */
struct token verified_token(const struct verified_entry *entry, struct span raw);

/* Remembers a token whose signature was just verified by `key` of `keys`; copies all it needs.  `token` and `claims` are as
 * token_read and claims_read left them.  Full: another entry of the same slots goes, and those (512 at most) in whose place the
 * new one is put.  A token already at its exp, or too large for a block of the region (256 KiB with its claims), is not
 * remembered.
 */
void verified_add(struct verified *verified, const struct token *token, const struct claims *claims,
                  const struct key *key, struct keyset *keys, int64_t now_s);

/* Binds the entry to the same key (equal thumbprint) of a newer set, so that the old set can go. */
void verified_rebind(struct verified *verified, const struct verified_entry *entry, const struct key *key,
                     struct keyset *keys);

/* What was verified by keys of `old` is bound to the same keys of `next` (NULL: there are none any more); what the next set has no
 * key for is forgotten.  Afterwards nothing here holds `old`.  Looks at every entry: for when a provider publishes another set.
 */
void verified_follow(struct verified *verified, const struct keyset *old, struct keyset *next);

/* Forgets the token, if known: its key is gone. */
void verified_drop(struct verified *verified, struct span raw);

/* Entries kept, bytes they take: never more than bytes_max. */
size_t verified_count(const struct verified *verified);
/* Bytes that the entries take. */
size_t verified_bytes(const struct verified *verified);

#endif
