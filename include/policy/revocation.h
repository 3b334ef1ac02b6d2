/* SPDX-License-Identifier: Apache-2.0 */
/* Tokens that are not to pass although their signature and lifetime are good: a list that the operator keeps.
 *
 * Immutable once made and shared between threads by reference counting.  A token is looked up by what it says and by the key that
 * verified it; how long the list is makes no difference.
 */
#ifndef POLICY_REVOCATION_H
#define POLICY_REVOCATION_H

#include "base/schema.h"
#include "jose/claims.h"
#include "jose/digest.h"

enum { REVOCATION_BYTES_MAX = 64 << 20, REVOCATION_NODES_MAX = 2000000 };

/* One entry: a token is meant when all of it holds. */
struct revoked {
    struct span jti, sub, kid, iss; /* at NULL: not asked for */
    bool has_issued_before;
    int64_t issued_before_s;    /* wall clock; a token without a readable iat counts as issued before */
    unsigned line;              /* in the file */
    const struct revoked *next; /* one that is looked up by the same name */
};

struct revocation;

/* Reads the list out of YAML (JSON, being YAML, too): `revoked: [ { jti, sub, kid, iss, issued_before } ]`.  NULL after errors; an
 * entry that says nothing is one, for it would mean every token.  One reference.
 */
struct revocation *revocation_read(const char *file, struct span text, struct problems *problems) MUST_CHECK;

/* One reference more; returns `list`. */
struct revocation *revocation_take(struct revocation *list);
/* One reference less; the last one frees.  NULL is let through. */
void revocation_release(struct revocation *list);

/* The table of the file, for the reference. */
const struct schema *revocation_schema(void);

/* How many entries there are. */
size_t revocation_count(const struct revocation *list);

/* The file's name as given. */
const char *revocation_file(const struct revocation *list);

/* Whether the list was read from these very bytes; false without memory to tell. */
bool revocation_is_of(const struct revocation *list, struct span text);

/* What is asked about: a token's claims, the kid of its header, and the kid of the key that verified it, which counts as well: a
 * header may leave it out.
 */
struct revocation_query {
    const struct claims *claims;
    struct span kid, key_kid;
};

/* The entry that means the token, or NULL.  `*looked_at` (which may be NULL) is how many entries were compared. */
const struct revoked *revocation_find(const struct revocation *list, const struct revocation_query *query,
                                      size_t *looked_at);

#endif
