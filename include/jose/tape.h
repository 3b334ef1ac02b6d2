/* SPDX-License-Identifier: Apache-2.0 */
/* A strict small reader for the JSON of tokens: one pass, one flat array of items, no tree.
 *
 * Takes RFC 8259 in UTF-8 to the letter, and refuses besides: a byte order mark, duplicate member names at any level (also
 * when one is spelled with \u escapes), lone surrogates, nesting beyond the limit, bytes behind the value.
 * Offsets, not pointers: a tape can be copied with its text into another place of memory and stays true.
 */
#ifndef JOSE_TAPE_H
#define JOSE_TAPE_H

#include "base/arena.h"
#include "base/err.h"
#include "base/span.h"

enum tape_kind { TAPE_NULL, TAPE_FALSE, TAPE_TRUE, TAPE_NUMBER, TAPE_STRING, TAPE_ARRAY, TAPE_OBJECT };

/* An item takes three words: tokens are remembered by the ten thousand. */
enum { TAPE_KIND_BITS = 3, TAPE_INDEX_BITS = 29 };

/* One value.  An object's members follow it as name (a string), value, name, value ...; an array's elements follow it. */
struct tape_item {
    uint32_t at;  /* offset into tape.text: of the unescaped string, the number's first digit or sign, the bracket */
    uint32_t len; /* bytes; of an array or object from bracket to bracket, as written */
    uint32_t next : TAPE_INDEX_BITS; /* index of the item behind this one and all it holds */
    uint32_t kind : TAPE_KIND_BITS;  /* enum tape_kind */
};

struct tape {
    char *text;              /* the JSON text, and behind it the strings that had escapes, unescaped */
    size_t text_len;         /* bytes of both */
    struct tape_item *items; /* items[0] is the value itself */
    uint32_t count;
};

/* Reads `json` (not changed, not kept) into memory of `arena`.  Reason JWT_INVALID with the place in bytes; OUT_OF_MEMORY.
 * depth_max counts brackets: 1 allows {} without an array or object in it.
 */
bool tape_read(struct tape *tape, struct arena *arena, struct span json, unsigned depth_max,
               struct err *err) MUST_CHECK;

/* Bytes that a copy made by tape_copy needs. */
size_t tape_bytes(const struct tape *tape);

/* Copies text and items into `memory` (aligned for any type, tape_bytes() long); `*copy` then stands on it. */
void tape_copy(const struct tape *tape, void *memory, struct tape *copy);

static inline enum tape_kind tape_kind_of(const struct tape_item *item)
{
    return (enum tape_kind)item->kind;
}

/* The bytes of a string (unescaped), number, array or object. */
static inline struct span tape_span(const struct tape *tape, const struct tape_item *item)
{
    return span_of(tape->text + item->at, item->len);
}

/* The value of the member `name` of `object` (NULL: the tape's own value); NULL when it is no object or has none. */
const struct tape_item *tape_member(const struct tape *tape, const struct tape_item *object, struct span name);

/* The same where that value is a string: its bytes; at NULL: there is none, or it is something else. */
struct span tape_text(const struct tape *tape, const struct tape_item *object, struct span name);

/* The first element or member name inside `container`, the one behind `last`, or NULL.  In objects names and values come
 * in turn.
 */
const struct tape_item *tape_first(const struct tape *tape, const struct tape_item *container);
/* The item behind `last` in `container`, or NULL. */
const struct tape_item *tape_next(const struct tape *tape, const struct tape_item *container,
                                  const struct tape_item *last);

/* A number cut to a whole one (RFC 7519 2, NumericDate may have a fraction).  False when the item is no number or lies
 * outside +-2^53, 1e400 included.
 */
bool tape_whole(const struct tape *tape, const struct tape_item *item, int64_t *value) MUST_CHECK;

#endif
