/* SPDX-License-Identifier: Apache-2.0 */
/* Keys that came together, and which of them may answer for a token's header.
 *
 * Immutable once made and shared between threads by reference counting.
 */
#ifndef JOSE_KEYSET_H
#define JOSE_KEYSET_H

#include "base/err.h"
#include "base/span.h"
#include "jose/key.h"
#include "jose/token.h"

enum {
    KEYSET_KEYS_MAX = 1000, /* usable keys kept of one document; Entra guidance asks for room up to 1000 */
    KEYSET_TRIES_MAX = 16   /* keys tried for a token that names none */
};

/* A key of the document that is not used, and why. */
struct keyset_skipped {
    struct span kid; /* empty: none */
    char *why;
};

struct keyset {
    uint64_t id;        /* differs for every set made in this process; 0 is never used */
    struct span issuer; /* the discovery document's issuer; empty for inline keys; may hold {tenantid} */
    int64_t fetched_at_s;
    struct key **keys;
    size_t count;
    struct keyset_skipped *skipped;
    size_t skipped_count;
    _Atomic(unsigned) references;
};

/* An empty set with one reference; `issuer` is copied.  NULL when out of memory. */
struct keyset *keyset_new(struct span issuer, int64_t fetched_at_s) MUST_CHECK;

/* Gives `key` to a set that is not shared yet; on false (out of memory, KEYSET_KEYS_MAX) the caller keeps it. */
bool keyset_add(struct keyset *set, struct key *key, struct err *err) MUST_CHECK;

/* Every usable key of a JWK Set document (RFC 7517 5) into a set that is not shared yet; unusable ones into `skipped`, so
 * that one bad key never spoils the set.  False with DOCUMENT_INVALID when `keys` is missing, no array or holds no usable
 * key: good keys must never be replaced by none.
 */
bool keyset_add_jwks(struct keyset *set, const struct jsonval *document, struct err *err) MUST_CHECK;

/* One more reference; returns `set`. */
struct keyset *keyset_take(struct keyset *set);
/* One reference less; the last one frees. */
void keyset_release(struct keyset *set);

/* How candidates were found. */
enum keyset_match {
    KEYSET_NO_KID,      /* the token names no key: all fitting ones */
    KEYSET_UNKNOWN_KID, /* the named key is in no set: all fitting ones */
    KEYSET_NAMED,       /* the named key or keys, and only they */
    KEYSET_UNFIT        /* the named key is there but may not serve this alg: no candidates */
};

struct keyset_candidate {
    const struct key *key;
    size_t set; /* index into `sets` */
};

/* The keys that may verify a token with this header, best first, KEYSET_TRIES_MAX at most (RFC 7515 4.1.4, 6): those whose
 * kid equals the token's, else whose x5t does; without a match every key whose algs hold the token's alg.  Sets are looked
 * through in order; NULL entries are passed over.  Keys inside the token are never used (RFC 8725 3.10).
 */
size_t keyset_candidates(const struct keyset *const *sets, size_t count, const struct token *token,
                         struct keyset_candidate out[KEYSET_TRIES_MAX], enum keyset_match *match);

/* The very key (same thumbprint and kid, usable for `alg`) as `set` holds it, borrowed from the set; NULL: it does not. */
const struct key *keyset_same(const struct keyset *set, const struct key *key, enum alg alg);

#endif
