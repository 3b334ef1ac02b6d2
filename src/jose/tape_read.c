/* SPDX-License-Identifier: Apache-2.0 */
/* The reader is a loop over what may come next; it never calls itself.
 *
 * An item of an open container keeps its parent in `next` until it is closed, so that the stack lives in the tape and its
 * depth is bounded by the limit alone.  Duplicate names are looked for when an object closes, after unescaping: in small
 * objects by a filter of 64 bits and then in pairs, in large ones by sorting, so that no object costs a square.
 */
#include "jose/tape.h"

#include "text_int.h"

#include <stdlib.h>
#include <string.h>

enum {
    PAIRS_MAX = 24,          /* members of an object compared in pairs */
    TEXT_BYTES_MAX = 1 << 30 /* offsets of text and unescaped strings fit 32 bits */
};

#define INDEX_MASK ((1u << TAPE_INDEX_BITS) - 1)
#define KIND_MASK ((1u << TAPE_KIND_BITS) - 1)
#define NONE INDEX_MASK /* index of no item */

enum state { VALUE, FIRST_VALUE, NAME, FIRST_NAME, AFTER_VALUE, DONE };

struct reader {
    struct tape *tape;
    struct arena *arena;
    struct err *err;
    const unsigned char *begin, *at, *end; /* of the text in the tape */
    size_t json_len;
    uint32_t capacity;
    uint32_t open; /* innermost container still open, or NONE */
    unsigned depth, depth_max;
};

static bool refuse(const struct reader *r, const unsigned char *at, const char *what)
{
    return fail(r->err, REASON_JWT_INVALID, "JSON at byte %zu: %s", (size_t)(at - r->begin), what);
}

static bool out_of_memory(const struct reader *r)
{
    return fail(r->err, REASON_OUT_OF_MEMORY, "no memory to read %zu bytes of JSON", r->json_len);
}

/* --- items --- */

static bool grow(struct reader *r)
{
    uint32_t capacity = r->capacity * 2;
    struct tape_item *items = capacity < NONE ? arena_take(r->arena, capacity * sizeof *items) : NULL;
    if (items == NULL)
        return out_of_memory(r);
    memcpy(items, r->tape->items, r->tape->count * sizeof *items);
    r->tape->items = items;
    r->capacity = capacity;
    return true;
}

static inline bool push(struct reader *r, enum tape_kind kind, size_t at, size_t len)
{
    struct tape *tape = r->tape;
    if (tape->count == r->capacity && !grow(r))
        return false;
    uint32_t index = tape->count++;
    tape->items[index] = (struct tape_item){(uint32_t)at, (uint32_t)len, (index + 1) & INDEX_MASK, kind & KIND_MASK};
    return true;
}

static inline size_t offset(const struct reader *r, const unsigned char *at)
{
    return (size_t)(at - r->begin);
}

/* --- strings --- */

/* The character behind `\u` at r->at, a pair of surrogates taken together; a lone one is refused. */
static bool read_unicode(struct reader *r, uint32_t *c)
{
    const unsigned char *start = r->at;
    uint32_t low;
    if (!text_hex4(r->at, r->end, c))
        return refuse(r, start, "\\u needs four hexadecimal digits");
    r->at += 4;
    if (*c < 0xd800 || *c > 0xdfff)
        return true;
    if (*c > 0xdbff || r->end - r->at < 6 || r->at[0] != '\\' || r->at[1] != 'u' ||
        !text_hex4(r->at + 2, r->end, &low) || low < 0xdc00 || low > 0xdfff)
        return refuse(r, start, "lone surrogate");
    *c = 0x10000 + ((*c & 0x3ff) << 10) + (low & 0x3ff);
    r->at += 6;
    return true;
}

/* One escape at r->at, behind its backslash, written to `*to`. */
static bool read_escape(struct reader *r, char **to)
{
    static const char names[] = "\"\\/bfnrt", meant[] = "\"\\/\b\f\n\r\t";
    if (r->at == r->end)
        return refuse(r, r->at, "string without an end");
    char c = (char)*r->at++;
    if (c == 'u') {
        uint32_t character;
        if (!read_unicode(r, &character))
            return false;
        *to = span_utf8_put(*to, character);
        return true;
    }
    const char *found = c == '\0' ? NULL : strchr(names, c);
    if (found == NULL)
        return refuse(r, r->at - 1, "unknown escape");
    *(*to)++ = meant[found - names];
    return true;
}

/* Takes over plain bytes and UTF-8 sequences at r->at up to the next quote, escape or fault; copies them when `*to` is set.
 */
static bool read_run(struct reader *r, char **to)
{
    const unsigned char *start = r->at, *at = r->at;
    for (;;) {
        at = text_skip_plain(at, r->end);
        if (at == r->end || class_of(*at) != MULTIBYTE)
            break;
        size_t len = span_utf8(span_of(at, (size_t)(r->end - at)));
        if (len == 0)
            return refuse(r, at, "not UTF-8");
        at += len;
    }
    if (*to != NULL) {
        memcpy(*to, start, (size_t)(at - start));
        *to += at - start;
    }
    r->at = at;
    return true;
}

/* The rest of a string that has an escape at r->at: unescaped behind the text.  `start` is its first byte. */
static bool read_escaped(struct reader *r, const unsigned char *start)
{
    struct tape *tape = r->tape;
    char *out = tape->text + tape->text_len, *to = out;
    memcpy(to, start, (size_t)(r->at - start));
    to += r->at - start;
    while (r->at < r->end && *r->at == '\\') {
        r->at++;
        if (!read_escape(r, &to) || !read_run(r, &to))
            return false;
    }
    size_t at = tape->text_len, len = (size_t)(to - out);
    tape->text_len += len;
    return push(r, TAPE_STRING, at, len);
}

/* A string, r->at being behind its opening quote. */
static bool read_string(struct reader *r)
{
    const unsigned char *start = r->at;
    char *nowhere = NULL;
    if (!read_run(r, &nowhere))
        return false;
    bool is_pushed = r->at < r->end && *r->at == '\\' ? read_escaped(r, start)
                                                      : push(r, TAPE_STRING, offset(r, start), (size_t)(r->at - start));
    if (!is_pushed)
        return false;
    if (r->at == r->end)
        return refuse(r, r->at, "string without an end");
    if (*r->at != '"')
        return refuse(r, r->at, "control character in a string");
    r->at++;
    return true;
}

/* --- numbers and words --- */

static const unsigned char *skip_digits(const unsigned char *at, const unsigned char *end)
{
    while (at < end && *at >= '0' && *at <= '9')
        at++;
    return at;
}

/* RFC 8259 6: no leading zero or plus, digits on both sides of a point. */
static bool read_number(struct reader *r)
{
    const unsigned char *start = r->at, *at = start + (*start == '-'), *digits = at;
    at = skip_digits(digits, r->end);
    if (at == digits || (*digits == '0' && at - digits > 1))
        return refuse(r, start, "not a JSON value");
    if (at < r->end && *at == '.') {
        digits = at + 1;
        at = skip_digits(digits, r->end);
        if (at == digits)
            return refuse(r, at, "a point needs digits behind it");
    }
    if (at < r->end && (*at == 'e' || *at == 'E')) {
        digits = at + 1;
        if (digits < r->end && (*digits == '+' || *digits == '-'))
            digits++;
        at = skip_digits(digits, r->end);
        if (at == digits)
            return refuse(r, at, "an exponent needs digits");
    }
    r->at = at;
    return push(r, TAPE_NUMBER, offset(r, start), (size_t)(at - start));
}

static bool read_word(struct reader *r, struct span word, enum tape_kind kind)
{
    if ((size_t)(r->end - r->at) < word.len || memcmp(r->at, word.at, word.len) != 0)
        return refuse(r, r->at, "not a JSON value");
    size_t at = offset(r, r->at);
    r->at += word.len;
    return push(r, kind, at, word.len);
}

/* --- duplicate names --- */

static bool refuse_duplicate(struct reader *r, struct span name)
{
    return fail(r->err, REASON_JWT_INVALID, "JSON: member %s stands twice in one object", QUOTED(name));
}

static int compare_names(const void *a, const void *b)
{
    const struct span *x = a, *y = b;
    if (x->len != y->len)
        return x->len < y->len ? -1 : 1;
    return x->len == 0 ? 0 : memcmp(x->at, y->at, x->len);
}

static bool names_differ_sorted(struct reader *r, uint32_t object, uint32_t end, size_t count)
{
    struct span *names = arena_take(r->arena, count * sizeof *names);
    if (names == NULL)
        return out_of_memory(r);
    const struct tape_item *items = r->tape->items;
    size_t n = 0;
    for (uint32_t i = object + 1; i < end; i = items[i + 1].next)
        names[n++] = tape_span(r->tape, &items[i]);
    qsort(names, count, sizeof *names, compare_names);
    for (size_t i = 1; i < count; i++)
        if (span_eq(names[i - 1], names[i]))
            return refuse_duplicate(r, names[i]);
    return true;
}

/* Whether a name before `last` equals it. */
static bool name_is_repeated(const struct tape *tape, uint32_t object, uint32_t last)
{
    struct span name = tape_span(tape, &tape->items[last]);
    for (uint32_t i = object + 1; i < last; i = tape->items[i + 1].next)
        if (span_eq(tape_span(tape, &tape->items[i]), name))
            return true;
    return false;
}

/* A bit of 64 that equal names share and different names seldom do. */
static uint64_t name_bit(struct span name)
{
    if (name.len == 0)
        return 1;
    unsigned first = (unsigned char)name.at[0], middle = (unsigned char)name.at[name.len / 2];
    unsigned last = (unsigned char)name.at[name.len - 1];
    return UINT64_C(1) << ((first * 7 + middle * 29 + last * 13 + (unsigned)name.len * 11) & 63);
}

static bool names_differ(struct reader *r, uint32_t object)
{
    const struct tape *tape = r->tape;
    uint32_t end = tape->count;
    uint64_t seen = 0;
    size_t count = 0;
    for (uint32_t i = object + 1; i < end; i = tape->items[i + 1].next) {
        if (++count > PAIRS_MAX)
            continue;
        struct span name = tape_span(tape, &tape->items[i]);
        uint64_t bit = name_bit(name);
        if ((seen & bit) != 0 && name_is_repeated(tape, object, i))
            return refuse_duplicate(r, name);
        seen |= bit;
    }
    return count <= PAIRS_MAX || names_differ_sorted(r, object, end, count);
}

/* --- structure --- */

static bool open_container(struct reader *r, enum tape_kind kind)
{
    if (++r->depth > r->depth_max)
        return fail(r->err, REASON_JWT_INVALID, "JSON at byte %zu: more than %u brackets deep", offset(r, r->at),
                    r->depth_max);
    uint32_t index = r->tape->count;
    if (!push(r, kind, offset(r, r->at), 0))
        return false;
    r->tape->items[index].next = r->open & INDEX_MASK;
    r->open = index;
    r->at++;
    return true;
}

static bool close_container(struct reader *r)
{
    uint32_t index = r->open;
    struct tape_item *item = &r->tape->items[index];
    r->at++;
    r->open = item->next;
    r->depth--;
    item->next = r->tape->count & INDEX_MASK;
    item->len = (uint32_t)(offset(r, r->at) - item->at);
    return item->kind != TAPE_OBJECT || names_differ(r, index);
}

static inline void skip_space(struct reader *r)
{
    while (r->at < r->end && (*r->at == ' ' || *r->at == '\n' || *r->at == '\t' || *r->at == '\r'))
        r->at++;
}

static bool read_value(struct reader *r, enum state *state)
{
    *state = AFTER_VALUE;
    switch (*r->at) {
    case '{': *state = FIRST_NAME; return open_container(r, TAPE_OBJECT);
    case '[': *state = FIRST_VALUE; return open_container(r, TAPE_ARRAY);
    case '"': r->at++; return read_string(r);
    case 't': return read_word(r, SPAN("true"), TAPE_TRUE);
    case 'f': return read_word(r, SPAN("false"), TAPE_FALSE);
    case 'n': return read_word(r, SPAN("null"), TAPE_NULL);
    }
    return read_number(r);
}

static bool read_name(struct reader *r, enum state *state)
{
    if (*r->at != '"')
        return refuse(r, r->at, "a member's name in quotes is expected");
    r->at++;
    if (!read_string(r))
        return false;
    skip_space(r);
    if (r->at == r->end || *r->at != ':')
        return refuse(r, r->at, "a colon is expected");
    r->at++;
    *state = VALUE;
    return true;
}

static bool read_separator(struct reader *r, enum state *state)
{
    bool is_object = r->tape->items[r->open].kind == TAPE_OBJECT;
    if (*r->at == ',') {
        r->at++;
        *state = is_object ? NAME : VALUE;
        return true;
    }
    if (*r->at != (is_object ? '}' : ']'))
        return refuse(r, r->at, is_object ? "a comma or } is expected" : "a comma or ] is expected");
    return close_container(r);
}

/* What stands at r->at, blanks passed over. */
static bool read_step(struct reader *r, enum state *state)
{
    switch (*state) {
    case FIRST_VALUE:
    case FIRST_NAME:
        if (*r->at == (*state == FIRST_NAME ? '}' : ']')) {
            *state = AFTER_VALUE;
            return close_container(r);
        }
        return *state == FIRST_NAME ? read_name(r, state) : read_value(r, state);
    case VALUE: return read_value(r, state);
    case NAME: return read_name(r, state);
    case AFTER_VALUE: return read_separator(r, state);
    case DONE: break;
    }
    return refuse(r, r->at, "bytes behind the value");
}

static bool read_all(struct reader *r)
{
    enum state state = VALUE;
    for (;;) {
        if (state == AFTER_VALUE && r->open == NONE)
            state = DONE;
        skip_space(r);
        if (r->at == r->end)
            return state == DONE || refuse(r, r->at, "the text ends too early");
        if (!read_step(r, &state))
            return false;
    }
}

/* Takes memory for the text, with room behind it for unescaped strings when there are escapes: never longer than it. */
static bool take_memory(struct reader *r, struct span json)
{
    struct tape *tape = r->tape;
    size_t extra = json.len > 0 && memchr(json.at, '\\', json.len) != NULL ? json.len : 0;
    r->capacity = (uint32_t)(json.len / 16 + 8);
    tape->text = arena_take(r->arena, json.len + extra);
    tape->items = arena_take(r->arena, r->capacity * sizeof *tape->items);
    if (tape->text == NULL || tape->items == NULL)
        return out_of_memory(r);
    if (json.len > 0)
        memcpy(tape->text, json.at, json.len);
    tape->text_len = json.len;
    return true;
}

bool tape_read(struct tape *tape, struct arena *arena, struct span json, unsigned depth_max, struct err *err)
{
    struct reader r = {.tape = tape, .arena = arena, .err = err, .json_len = json.len, .open = NONE};
    *tape = (struct tape){0};
    if (json.len > TEXT_BYTES_MAX)
        return fail(err, REASON_JWT_INVALID, "JSON of %zu bytes", json.len);
    if (!take_memory(&r, json))
        return false;
    r.depth_max = depth_max;
    r.begin = r.at = (const unsigned char *)tape->text;
    r.end = r.begin + json.len;
    return read_all(&r);
}
