/* SPDX-License-Identifier: Apache-2.0 */
/* Claims: every member of a payload can be asked for as texts; a copy says the same as its original. */
#include "jose/claims.h"

#include <string.h>

enum { DEPTH = 16 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void need(bool is_true)
{
    if (!is_true)
        abort();
}

static bool text_eq(struct claim_text a, struct claim_text b)
{
    return a.state == b.state && span_eq(a.text, b.text);
}

static void check_values(const struct claims *claims, struct arena *arena, struct span name, bool is_path)
{
    struct claim_values values;
    struct err err;
    need(claims_values(claims, arena, name, is_path, &values, &err));
    need(values.is_present || values.count == 0);
    need(values.is_array || values.count <= 1);
    size_t bytes = 0;
    for (size_t i = 0; i < values.count; i++)
        for (size_t k = 0; k < values.texts[i].len; k++)
            bytes += values.texts[i].at[k] != '\0';
    need(bytes <= claims->tape.text_len + 64 * values.count);
}

static void check_members(const struct claims *claims, struct arena *arena)
{
    const struct tape *tape = &claims->tape;
    const struct tape_item *at = tape_first(tape, tape->items);
    for (size_t n = 0; at != NULL && n < 64; n++, at = tape_next(tape, tape->items, at)) {
        if (tape_kind_of(at) != TAPE_STRING)
            continue;
        check_values(claims, arena, tape_span(tape, at), false);
        check_values(claims, arena, tape_span(tape, at), true);
    }
    check_values(claims, arena, SPAN("a/b"), true);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    AUTO(arena) arena = {0};
    struct claims claims, copy;
    struct err err;
    if (!claims_read_json(&claims, &arena, span_of(data, size), DEPTH, &err)) {
        need(err.reason == REASON_JWT_INVALID);
        return 0;
    }
    void *memory = malloc(claims_bytes(&claims));
    need(memory != NULL);
    claims_copy(&claims, memory, &copy);
    need(text_eq(claims.iss, copy.iss) && text_eq(claims.sub, copy.sub) && text_eq(claims.tid, copy.tid) &&
         text_eq(claims.jti, copy.jti) && claims.exp.at_s == copy.exp.at_s && claims.exp.state == copy.exp.state);
    check_members(&copy, &arena);
    free(memory);
    return 0;
}
