/* SPDX-License-Identifier: Apache-2.0 */
/* Typed reading of a payload (RFC 7519 4): what decides, and any claim as the list of texts that policies compare.
 *
 * A claim of the wrong type is a failed claim, not an absent one.
 */
#ifndef JOSE_CLAIMS_H
#define JOSE_CLAIMS_H

#include "base/arena.h"
#include "base/err.h"
#include "jose/tape.h"

enum claim_state { CLAIM_ABSENT, CLAIM_PRESENT, CLAIM_MALFORMED };

struct claim_time {
    enum claim_state state;
    int64_t at_s; /* seconds since 1970, cut to whole ones; within +-2^53 */
};

struct claim_text {
    enum claim_state state;
    struct span text;
};

struct claims {
    struct tape tape;
    struct claim_time exp, nbf, iat;
    struct claim_text iss, sub, tid, jti;
};

/* Decodes and reads the payload of a token: strict base64url, strict JSON object.  Says nothing about their truth.
 * Reason JWT_INVALID.  Memory from `arena`.
 */
bool claims_read(struct claims *claims, struct arena *arena, struct span payload_text, unsigned depth_max,
                 struct err *err) MUST_CHECK;

/* The same from JSON text already decoded. */
bool claims_read_json(struct claims *claims, struct arena *arena, struct span json, unsigned depth_max,
                      struct err *err) MUST_CHECK;

/* Memory for a copy, and the copy (as tape_copy): how a cache keeps claims. */
size_t claims_bytes(const struct claims *claims);
/* Copies into `memory`, which is aligned and claims_bytes() long. */
void claims_copy(const struct claims *claims, void *memory, struct claims *copy);

/* One text of a claim's list, see claim_texts. */
struct claim_values {
    const struct span *texts;
    size_t count;
    bool is_present; /* the claim stands in the token and is not null */
    bool is_array;
    bool has_only_strings;
};

/* The claim `name` at the top level (or, with `path`, nested: names separated by `/`) as texts, by the rules of
 * API Management: string as is; integer digits as written; other numbers in shortest round-trip form; true, false; null:
 * absent; array: one text an element by the same rules; object: its JSON text.  Memory from `arena`; false when it is out.
 */
bool claims_values(const struct claims *claims, struct arena *arena, struct span name, bool is_path,
                   struct claim_values *values, struct err *err) MUST_CHECK;

#endif
