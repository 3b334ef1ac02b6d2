/* SPDX-License-Identifier: Apache-2.0 */
/* Members of texts and of `string`, `int`, `bool`.
 *
 * Comparison is by bytes (ordinal), also where C# would ask the culture.  Letter case and blanks are those of ASCII: other bytes
 * stay as they are.  Lengths and indices count as in C#, in units of UTF-16; a byte that is no UTF-8 counts as one.
 */
#include "expression_int.h"

#include "base/ascii.h"

bool expression_text_to_string(struct expression_call *call)
{
    struct span text;
    if (call->at[0].kind == VALUE_NULL)
        return expression_fail(call, "null has no ToString()");
    return expression_print_at(call, 0, &text) && expression_give_text(call, text);
}

/* --- letters and blanks --- */

static char upper(char c)
{
    return c >= 'a' && c <= 'z' ? (char)(c & ~0x20) : c;
}

static bool give_mapped(struct expression_call *call, char (*map)(char))
{
    struct span text;
    if (!expression_text_at(call, 0, &text))
        return false;
    char *made = expression_take(call, text.len);
    for (size_t i = 0; made != NULL && i < text.len; i++)
        made[i] = map(text.at[i]);
    return made != NULL && expression_give_text(call, span_of(made, text.len));
}

bool expression_text_lower(struct expression_call *call)
{
    return give_mapped(call, ascii_lower);
}

bool expression_text_upper(struct expression_call *call)
{
    return give_mapped(call, upper);
}

static struct span trim(struct span text)
{
    while (text.len > 0 && expression_is_blank(text.at[0]))
        text = span_from(text, 1);
    while (text.len > 0 && expression_is_blank(text.at[text.len - 1]))
        text.len--;
    return text;
}

bool expression_text_trim(struct expression_call *call)
{
    struct span text;
    return expression_text_at(call, 0, &text) && expression_give_text(call, trim(text));
}

bool expression_text_is_empty(struct expression_call *call)
{
    struct span text;
    if (call->at[0].kind == VALUE_NULL)
        return expression_give_bool(call, true);
    if (!expression_text_at(call, 0, &text))
        return false;
    return expression_give_bool(call, (call->op->member->which == 1 ? trim(text) : text).len == 0);
}

/* --- two texts --- */

static bool two_texts(struct expression_call *call, struct span texts[2])
{
    return expression_text_at(call, 0, &texts[0]) && expression_text_at(call, 1, &texts[1]);
}

bool expression_text_starts(struct expression_call *call)
{
    struct span texts[2];
    return two_texts(call, texts) && expression_give_bool(call, span_starts(texts[0], texts[1]));
}

bool expression_text_ends(struct expression_call *call)
{
    struct span texts[2];
    return two_texts(call, texts) && expression_give_bool(call, span_ends(texts[0], texts[1]));
}

bool expression_text_contains(struct expression_call *call)
{
    struct span texts[2];
    return two_texts(call, texts) && expression_give_bool(call, span_holds(texts[0], texts[1]));
}

bool expression_text_equals(struct expression_call *call)
{
    struct span texts[2];
    if (call->at[1].kind == VALUE_NULL && call->at[0].kind == VALUE_TEXT)
        return expression_give_bool(call, false);
    return two_texts(call, texts) && expression_give_bool(call, span_eq(texts[0], texts[1]));
}

/* Where `needle`, not empty, begins in `text`; NULL: nowhere. */
static const char *find(struct span text, struct span needle)
{
    return text.len == 0 ? NULL : memmem(text.at, text.len, needle.at, needle.len);
}

/* How often `needle`, not empty, stands in `text`, none within another. */
static size_t count_of(struct span text, struct span needle)
{
    size_t count = 0;
    for (const char *at = find(text, needle); at != NULL; at = find(text, needle)) {
        text = span_from(text, (size_t)(at - text.at) + needle.len);
        count++;
    }
    return count;
}

/* The pieces of `text` between separators, one more than there are separators; an empty separator is nowhere. */
static bool pieces_of(struct expression_call *call, struct span text, struct span separator, struct span **pieces,
                      size_t *count)
{
    *count = separator.len == 0 ? 1 : count_of(text, separator) + 1;
    *pieces = expression_take(call, *count * sizeof **pieces);
    if (*pieces == NULL)
        return false;
    for (size_t i = 0; i + 1 < *count; i++) {
        size_t len = (size_t)(find(text, separator) - text.at);
        (*pieces)[i] = span_cut(text, len);
        text = span_from(text, len + separator.len);
    }
    (*pieces)[*count - 1] = text;
    return true;
}

bool expression_text_split(struct expression_call *call)
{
    struct span texts[2];
    struct span *pieces;
    size_t count;
    if (!two_texts(call, texts) || !pieces_of(call, texts[0], texts[1], &pieces, &count))
        return false;
    call->at[0] = (struct value){.kind = VALUE_TEXTS, .texts = {pieces, count}};
    return true;
}

bool expression_text_replace(struct expression_call *call)
{
    struct span texts[2];
    struct span by = SPAN("");
    struct span *pieces;
    size_t count;
    if (!two_texts(call, texts) || (call->at[2].kind != VALUE_NULL && !expression_text_at(call, 2, &by)))
        return false;
    if (texts[1].len == 0)
        return expression_fail(call, "an empty text cannot be replaced");
    return pieces_of(call, texts[0], texts[1], &pieces, &count) && expression_give_joined(call, by, pieces, count);
}

/* --- lengths --- */

/* Bytes of the character that `text`, not empty, begins with, and how many units of UTF-16 it is. */
static size_t character(struct span text, size_t *units)
{
    size_t len = span_utf8(text);
    *units = len == 4 ? 2 : 1;
    return len == 0 ? 1 : len;
}

bool expression_text_length(struct expression_call *call)
{
    struct span text;
    size_t units;
    int64_t length = 0;
    if (!expression_text_at(call, 0, &text))
        return false;
    for (; text.len > 0; length += (int64_t)units)
        text = span_from(text, character(text, &units));
    return expression_give_int(call, length);
}

/* The bytes of the first `count` units of `text`; false when there are fewer, or the last would be half a character. */
static bool units_bytes(struct span text, int64_t count, size_t *bytes)
{
    size_t units;
    *bytes = 0;
    while (count > 0 && *bytes < text.len) {
        *bytes += character(span_from(text, *bytes), &units);
        count -= (int64_t)units;
    }
    return count == 0;
}

bool expression_text_substring(struct expression_call *call)
{
    struct span text;
    int64_t counts[2] = {0, 0};
    size_t bytes;
    if (!expression_text_at(call, 0, &text) || !expression_int_at(call, 1, &counts[0]))
        return false;
    if (call->op->count > 2 && !expression_int_at(call, 2, &counts[1]))
        return false;
    if (!units_bytes(text, counts[0], &bytes))
        return expression_fail(call, "the text is shorter");
    text = span_from(text, bytes);
    if (call->op->count > 2 && !units_bytes(text, counts[1], &text.len))
        return expression_fail(call, "the text is shorter");
    return expression_give_text(call, text);
}

/* --- of string, int and bool --- */

bool expression_text_empty(struct expression_call *call)
{
    return expression_give_text(call, SPAN(""));
}

bool expression_text_join(struct expression_call *call)
{
    struct span separator = SPAN("");
    if (call->at[0].kind != VALUE_NULL && !expression_text_at(call, 0, &separator))
        return false;
    if (call->at[1].kind != VALUE_TEXTS)
        return expression_fail(call, "a list is needed");
    return expression_give_joined(call, separator, call->at[1].texts.at, call->at[1].texts.count);
}

bool expression_text_concat(struct expression_call *call)
{
    struct span texts[EXPRESSION_ARGUMENTS_MAX];
    for (size_t i = 0; i < call->op->count; i++)
        if (!expression_print_at(call, i, &texts[i]))
            return false;
    return expression_give_joined(call, SPAN(""), texts, call->op->count);
}

bool expression_text_parse_int(struct expression_call *call)
{
    struct span text;
    uint64_t digits;
    if (!expression_text_at(call, 0, &text))
        return false;
    text = trim(text);
    bool is_negative = text.len > 0 && text.at[0] == '-';
    if (text.len > 0 && (is_negative || text.at[0] == '+'))
        text = span_from(text, 1);
    if (!span_u64(text, (uint64_t)INT32_MAX + 1, &digits))
        return expression_fail(call, "the text is no int");
    return expression_give_int(call, is_negative ? -(int64_t)digits : (int64_t)digits);
}

bool expression_text_parse_bool(struct expression_call *call)
{
    struct span text;
    if (!expression_text_at(call, 0, &text))
        return false;
    text = trim(text);
    bool is_true = span_eq_nocase(text, SPAN("true"));
    return is_true || span_eq_nocase(text, SPAN("false")) ? expression_give_bool(call, is_true)
                                                          : expression_fail(call, "the text is no bool");
}
