/* SPDX-License-Identifier: Apache-2.0 */
/* One signature under one key, with OpenSSL contexts prepared once per key and thread.
 *
 * A verifier belongs to one thread.  The OpenSSL error queue is empty when a call returns, whatever the verdict: what a
 * failed check leaves there would be taken for an error of somebody else's TLS connection.
 */
#ifndef JOSE_VERIFY_H
#define JOSE_VERIFY_H

#include "jose/keyset.h"

struct verifier;

/* Contexts for the keys of `set`, made at their first use; holds a reference to `set`.  NULL when out of memory. */
struct verifier *verifier_new(struct keyset *set) MUST_CHECK;
/* Frees the contexts and releases the set; NULL is let through. */
void verifier_free(struct verifier *verifier);
AUTO_FREE(verifier)

/* The set given to verifier_new. */
const struct keyset *verifier_keys(const struct verifier *verifier);

/* Whether `signature` is that of `input` by `alg` under `key`, which must be one of the set's.  Checked first: the key may
 * serve alg, and the signature has exactly the length alg and key demand (RFC 7518 3.3-3.5; RFC 8037 3.1).  PSS with a salt
 * as long as the digest; ECDSA as r then s, both in 1..n-1; HMAC compared in constant time.  Reason SIGNATURE_INVALID;
 * OUT_OF_MEMORY when a context can't be made.
 */
bool verifier_check(struct verifier *verifier, const struct key *key, enum alg alg, struct span input,
                    struct span signature, struct err *err) MUST_CHECK;

#endif
