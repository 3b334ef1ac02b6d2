/* SPDX-License-Identifier: Apache-2.0 */
/* Claims out of a tape.  Texts point into the tape; only numbers that are not whole are written anew. */
#include "jose/claims.h"

#include "jose/b64url.h"

#include <stdio.h>
#include <string.h>

static struct claim_time read_time(const struct tape *tape, struct span name)
{
    struct claim_time claim = {CLAIM_ABSENT, 0};
    const struct tape_item *item = tape_member(tape, NULL, name);
    if (item != NULL)
        claim.state = tape_whole(tape, item, &claim.at_s) ? CLAIM_PRESENT : CLAIM_MALFORMED;
    return claim;
}

static struct claim_text read_text(const struct tape *tape, struct span name)
{
    struct claim_text claim = {CLAIM_ABSENT, {NULL, 0}};
    const struct tape_item *item = tape_member(tape, NULL, name);
    if (item == NULL)
        return claim;
    claim.state = tape_kind_of(item) == TAPE_STRING ? CLAIM_PRESENT : CLAIM_MALFORMED;
    if (claim.state == CLAIM_PRESENT)
        claim.text = tape_span(tape, item);
    return claim;
}

bool claims_read_json(struct claims *claims, struct arena *arena, struct span json, unsigned depth_max, struct err *err)
{
    struct tape tape;
    if (!tape_read(&tape, arena, json, depth_max, err))
        return err_prefix(err, "payload");
    if (tape_kind_of(tape.items) != TAPE_OBJECT)
        return fail(err, REASON_JWT_INVALID, "payload is no JSON object");
    *claims = (struct claims){
        .tape = tape,
        .exp = read_time(&tape, SPAN("exp")),
        .nbf = read_time(&tape, SPAN("nbf")),
        .iat = read_time(&tape, SPAN("iat")),
        .iss = read_text(&tape, SPAN("iss")),
        .sub = read_text(&tape, SPAN("sub")),
        .tid = read_text(&tape, SPAN("tid")),
        .jti = read_text(&tape, SPAN("jti")),
    };
    return true;
}

bool claims_read(struct claims *claims, struct arena *arena, struct span payload_text, unsigned depth_max,
                 struct err *err)
{
    struct span json;
    if (!b64url_decode_arena(arena, payload_text, &json, err))
        return err_prefix(err, "payload");
    return claims_read_json(claims, arena, json, depth_max, err);
}

size_t claims_bytes(const struct claims *claims)
{
    return tape_bytes(&claims->tape);
}

static void move_text(struct claim_text *claim, const struct tape *from, const struct tape *to)
{
    if (claim->state == CLAIM_PRESENT)
        claim->text.at = to->text + (claim->text.at - from->text);
}

void claims_copy(const struct claims *claims, void *memory, struct claims *copy)
{
    struct claims made = *claims;
    tape_copy(&claims->tape, memory, &made.tape);
    move_text(&made.iss, &claims->tape, &made.tape);
    move_text(&made.sub, &claims->tape, &made.tape);
    move_text(&made.tid, &claims->tape, &made.tape);
    move_text(&made.jti, &claims->tape, &made.tape);
    *copy = made;
}

/* --- any claim as texts --- */

static bool is_integral(struct span number)
{
    for (size_t i = 0; i < number.len; i++)
        if (number.at[i] == '.' || number.at[i] == 'e' || number.at[i] == 'E')
            return false;
    return true;
}

enum { NUMBER_DIGITS_MAX = 17, NUMBER_BYTES = 48 };

/* The shortest decimal form that reads back as the same double, with `.0` behind one that looks whole, so that 1.0 is not 1;
 * an exponent is written below 10^-4 and from 10^17 on.
 */
static size_t write_double(double value, char out[NUMBER_BYTES])
{
    int len = 0;
    for (int precision = 1; precision <= NUMBER_DIGITS_MAX; precision++) {
        len = snprintf(out, NUMBER_BYTES, "%.*g", precision, value);
        if (strtod(out, NULL) == value)
            break;
    }
    const char *exponent = strchr(out, 'e');
    if (exponent != NULL && exponent[1] == '+' && strtol(exponent + 1, NULL, 10) < NUMBER_DIGITS_MAX)
        len = snprintf(out, NUMBER_BYTES, "%.0f", value);
    if (strpbrk(out, ".e") == NULL)
        len += snprintf(out + len, NUMBER_BYTES - (size_t)len, ".0");
    return (size_t)len;
}

/* The text of a number with point or exponent; what no double can hold stays as written. */
static bool number_text(struct arena *arena, struct span number, struct span *text)
{
    const double finite_max = 1.7976931348623157e308;
    struct span digits = arena_copy(arena, number);
    char *out = arena_take(arena, NUMBER_BYTES);
    if (digits.at == NULL || out == NULL)
        return false;
    double value = strtod(digits.at, NULL);
    bool is_finite = value >= -finite_max && value <= finite_max;
    *text = is_finite ? span_of(out, write_double(value, out)) : digits;
    return true;
}

/* The text of one value; null has none. */
static bool value_text(const struct tape *tape, struct arena *arena, const struct tape_item *item, struct span *text)
{
    *text = tape_span(tape, item);
    switch (tape_kind_of(item)) {
    case TAPE_NUMBER: return is_integral(*text) || number_text(arena, *text, text);
    case TAPE_NULL:
    case TAPE_FALSE:
    case TAPE_TRUE:
    case TAPE_STRING:
    case TAPE_ARRAY:
    case TAPE_OBJECT: break;
    }
    return true;
}

static const struct tape_item *find(const struct tape *tape, struct span name, bool is_path)
{
    const struct tape_item *item = NULL;
    struct span step;
    if (!is_path)
        return tape_member(tape, NULL, name);
    while (span_split(&name, '/', &step)) {
        item = tape_member(tape, item, step);
        if (item == NULL)
            return NULL;
    }
    return item;
}

/* A null has no text; any other element has one. */
static bool add_text(const struct tape *tape, struct arena *arena, const struct tape_item *item, struct span *texts,
                     struct claim_values *values)
{
    values->has_only_strings = values->has_only_strings && tape_kind_of(item) == TAPE_STRING;
    return tape_kind_of(item) == TAPE_NULL || value_text(tape, arena, item, &texts[values->count++]);
}

bool claims_values(const struct claims *claims, struct arena *arena, struct span name, bool is_path,
                   struct claim_values *values, struct err *err)
{
    const struct tape *tape = &claims->tape;
    const struct tape_item *item = find(tape, name, is_path);
    *values = (struct claim_values){.has_only_strings = true};
    if (item == NULL || tape_kind_of(item) == TAPE_NULL)
        return true;
    values->is_present = true;
    values->is_array = tape_kind_of(item) == TAPE_ARRAY;
    size_t count = 1;
    if (values->is_array) {
        count = 0;
        for (const struct tape_item *at = tape_first(tape, item); at != NULL; at = tape_next(tape, item, at))
            count++;
    }
    struct span *texts = arena_take(arena, count * sizeof *texts);
    bool is_read = texts != NULL;
    values->texts = texts;
    if (is_read && !values->is_array)
        is_read = add_text(tape, arena, item, texts, values);
    if (is_read && values->is_array)
        for (const struct tape_item *at = tape_first(tape, item); is_read && at != NULL; at = tape_next(tape, item, at))
            is_read = add_text(tape, arena, at, texts, values);
    return is_read || fail(err, REASON_OUT_OF_MEMORY, "no memory for a claim's values");
}
