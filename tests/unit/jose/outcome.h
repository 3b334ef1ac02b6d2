/* SPDX-License-Identifier: Apache-2.0 */
/* One token against key sets by the calls a judge makes, in its order; lifetime and claims' truth are not looked at. */
#ifndef UNIT_JOSE_OUTCOME_H
#define UNIT_JOSE_OUTCOME_H

#include "jose/keyset.h"

enum outcome { ACCEPTED, BAD_FORM, UNSIGNED, NO_KEY, BAD_SIGNATURE, BAD_PAYLOAD };

/* What becomes of `token`.  With `is_payload_read` the payload must be a JSON object. */
enum outcome outcome_of(struct keyset *set, struct span token, bool is_payload_read);

/* The name, for messages. */
const char *outcome_name(enum outcome outcome);

/* A set of the usable keys of this JWK Set; without any when the document is refused. */
struct keyset *keyset_of(const char *jwks);

/* The key of one JWK, or NULL with the err filled. */
struct key *key_of(const char *jwk, struct err *err);

#endif
