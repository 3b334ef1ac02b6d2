/* SPDX-License-Identifier: Apache-2.0 */
/* A tape's copy reads as its original; objects that are taken are taken by jansson too, an independent reader. */
#include "jose/jsondoc.h"
#include "jose/tape.h"

#include <string.h>

enum { DEPTH = 16, NUMBER_BYTES_MAX = 100 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void need(bool is_true)
{
    if (!is_true)
        abort();
}

/* Whether jansson has no reason of its own to refuse: numbers beyond doubles, NUL in names. */
static bool jansson_agrees(const struct tape *tape)
{
    for (uint32_t i = 0; i < tape->count; i++) {
        const struct tape_item *item = &tape->items[i];
        struct span text = tape_span(tape, item);
        bool is_number = tape_kind_of(item) == TAPE_NUMBER;
        if (is_number && (text.len > NUMBER_BYTES_MAX || span_chr(text, 'e') != NULL || span_chr(text, 'E') != NULL))
            return false;
        if (tape_kind_of(item) == TAPE_STRING && span_chr(text, '\0') != NULL)
            return false;
    }
    return true;
}

static void check_copy(const struct tape *tape)
{
    struct tape copy;
    void *memory = malloc(tape_bytes(tape));
    need(memory != NULL);
    tape_copy(tape, memory, &copy);
    need(copy.count == tape->count);
    for (uint32_t i = 0; i < tape->count; i++) {
        const struct tape_item *a = &tape->items[i], *b = &copy.items[i];
        need(a->kind == b->kind && a->next == b->next && span_eq(tape_span(tape, a), tape_span(&copy, b)));
    }
    free(memory);
}

/* Items nest: each ends where the next begins, at or before the end of what holds it; each name finds its own value. */
static void check_walk(const struct tape *tape)
{
    need(tape->items[0].next == tape->count);
    for (uint32_t i = 0; i < tape->count; i++) {
        const struct tape_item *item = &tape->items[i], *at = tape_first(tape, item);
        bool is_object = tape_kind_of(item) == TAPE_OBJECT;
        int64_t whole;
        need(item->next > i && item->next <= tape->count);
        need(!tape_whole(tape, item, &whole) || (whole <= INT64_C(1) << 53 && whole >= -(INT64_C(1) << 53)));
        for (size_t n = 0; at != NULL; n++, at = tape_next(tape, item, at)) {
            need(at->next <= item->next);
            if (is_object && n % 2 == 0 && n < 40)
                need(tape_member(tape, item, tape_span(tape, at)) == at + 1);
        }
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    AUTO(arena) arena = {0};
    struct tape tape;
    struct err err;
    struct span json = span_of(data, size);
    if (!tape_read(&tape, &arena, json, DEPTH, &err)) {
        need(err.reason == REASON_JWT_INVALID);
        return 0;
    }
    check_walk(&tape);
    check_copy(&tape);
    if (tape_kind_of(tape.items) == TAPE_OBJECT && jansson_agrees(&tape)) {
        AUTO_PTR(jsondoc) doc = jsondoc_read(json, DEPTH, &err);
        need(doc != NULL);
    }
    return 0;
}
