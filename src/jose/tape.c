/* SPDX-License-Identifier: Apache-2.0 */
/* What was read: copies, look-ups, numbers.  The reader is in tape_read.c. */
#include "jose/tape.h"

#include <string.h>

size_t tape_bytes(const struct tape *tape)
{
    return tape->count * sizeof *tape->items + tape->text_len;
}

void tape_copy(const struct tape *tape, void *memory, struct tape *copy)
{
    size_t items_bytes = tape->count * sizeof *tape->items;
    struct tape made = {.items = memory, .count = tape->count, .text_len = tape->text_len};
    made.text = (char *)memory + items_bytes;
    memcpy(made.items, tape->items, items_bytes);
    memcpy(made.text, tape->text, tape->text_len);
    *copy = made;
}

const struct tape_item *tape_member(const struct tape *tape, const struct tape_item *object, struct span name)
{
    if (object == NULL)
        object = tape->items;
    if (tape_kind_of(object) != TAPE_OBJECT)
        return NULL;
    const struct tape_item *end = tape->items + object->next;
    /* Most names of claims have three letters: the first one spares nearly every call to compare them. */
    char first = name.len > 0 ? name.at[0] : '\0';
    for (const struct tape_item *at = object + 1; at < end; at = tape->items + at[1].next)
        if (at->len == name.len && (name.len == 0 || tape->text[at->at] == first) && span_eq(tape_span(tape, at), name))
            return at + 1;
    return NULL;
}

struct span tape_text(const struct tape *tape, const struct tape_item *object, struct span name)
{
    const struct tape_item *item = tape_member(tape, object, name);
    return item != NULL && tape_kind_of(item) == TAPE_STRING ? tape_span(tape, item) : (struct span){NULL, 0};
}

const struct tape_item *tape_first(const struct tape *tape, const struct tape_item *container)
{
    bool is_container = tape_kind_of(container) == TAPE_ARRAY || tape_kind_of(container) == TAPE_OBJECT;
    const struct tape_item *first = container + 1;
    return is_container && first < tape->items + container->next ? first : NULL;
}

const struct tape_item *tape_next(const struct tape *tape, const struct tape_item *container,
                                  const struct tape_item *last)
{
    return last->next < container->next ? tape->items + last->next : NULL;
}

/* The power of ten behind a number's `e`, cut to +-2^20: no text is long enough for more to matter. */
static long exponent_of(struct span digits)
{
    bool is_negative = digits.len > 0 && digits.at[0] == '-';
    long value = 0;
    for (size_t i = 0; i < digits.len && value < (1L << 40); i++)
        if (digits.at[i] >= '0')
            value = value * 10 + (digits.at[i] - '0');
    return is_negative ? -value : value;
}

bool tape_whole(const struct tape *tape, const struct tape_item *item, int64_t *value)
{
    const int64_t limit = INT64_C(1) << 53;
    if (tape_kind_of(item) != TAPE_NUMBER)
        return false;
    struct span text = tape_span(tape, item);
    bool is_negative = text.at[0] == '-';
    size_t mantissa = is_negative, e = mantissa, point;
    while (e < text.len && text.at[e] != 'e' && text.at[e] != 'E')
        e++;
    const char *dot = span_chr(span_cut(text, e), '.');
    point = dot == NULL ? e : (size_t)(dot - text.at);
    long whole = (long)(point - mantissa) + (e < text.len ? exponent_of(span_from(text, e + 1)) : 0);
    int64_t sum = 0;
    for (size_t at = mantissa; whole > 0; at++) {
        if (at == point)
            continue;
        if (at >= e && sum == 0)
            break;
        sum = sum * 10 + (at < e ? text.at[at] - '0' : 0);
        if (sum > limit)
            return false;
        whole--;
    }
    *value = is_negative ? -sum : sum;
    return true;
}
