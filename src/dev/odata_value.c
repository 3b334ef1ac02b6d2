/* SPDX-License-Identifier: Apache-2.0 */
/* Numbers are doubles; they are written as short as they can be read back. */
#include "dev/odata_value.h"

#include "base/ascii.h"
#include "dev/odata_text.h"

#include <math.h>
#include <stdio.h>

enum { NUMBER_CHARS_MAX = 63 };

int odata_value_compare(const struct odata_value *a, const struct odata_value *b)
{
    if (a->type != b->type)
        return (a->type > b->type) - (a->type < b->type);
    switch (a->type) {
    case ODATA_NULL: return 0;
    case ODATA_TRUTH: return a->truth - b->truth;
    case ODATA_NUMBER: return (a->number > b->number) - (a->number < b->number);
    case ODATA_TEXT: break;
    }
    size_t shared = a->text.len < b->text.len ? a->text.len : b->text.len;
    int order = shared == 0 ? 0 : memcmp(a->text.at, b->text.at, shared);
    return order != 0 ? order : (a->text.len > b->text.len) - (a->text.len < b->text.len);
}

/* --- reading --- */

static size_t digits(struct span text)
{
    size_t len = 0;
    while (len < text.len && ascii_is_digit(text.at[len]))
        len++;
    return len;
}

/* Characters of the number at the front of `text`: -?digits(.digits)?(e[+-]?digits)?; 0 when there is none. */
static size_t number_chars(struct span text)
{
    size_t len = text.len > 0 && text.at[0] == '-';
    size_t whole = digits(span_from(text, len));
    len += whole;
    if (whole == 0)
        return 0;
    if (len < text.len && text.at[len] == '.') {
        size_t fraction = digits(span_from(text, len + 1));
        if (fraction == 0)
            return 0;
        len += 1 + fraction;
    }
    if (len < text.len && (text.at[len] | 0x20) == 'e') {
        size_t sign = len + 1 < text.len && (text.at[len + 1] == '+' || text.at[len + 1] == '-');
        size_t exponent = digits(span_from(text, len + 1 + sign));
        if (exponent == 0)
            return 0;
        len += 1 + sign + exponent;
    }
    return len;
}

bool odata_number_read(struct span text, double *number)
{
    char copy[NUMBER_CHARS_MAX + 1];
    if (text.len == 0 || text.len > NUMBER_CHARS_MAX || number_chars(text) != text.len)
        return false;
    memcpy(copy, text.at, text.len);
    copy[text.len] = '\0';
    *number = strtod(copy, NULL);
    return isfinite(*number);
}

/* The text behind the first quote, whose quotes stand doubled, up to the one that ends it. */
static bool read_text(struct arena *arena, struct span *rest, struct span *text, struct odata_failure *failure)
{
    char *to = arena_take(arena, rest->len);
    size_t len = 0;
    if (to == NULL)
        return odata_fail_memory(failure);
    for (size_t i = 1; i < rest->len; i++) {
        if (rest->at[i] == '\'') {
            bool is_doubled = i + 1 < rest->len && rest->at[i + 1] == '\'';
            if (!is_doubled) {
                *rest = span_from(*rest, i + 1);
                *text = span_of(to, len);
                return true;
            }
            i++;
        }
        to[len++] = rest->at[i];
    }
    return odata_fail(failure, ODATA_BAD_REQUEST, "a text lacks its final quote: %s", QUOTED(*rest));
}

static bool read_word(struct span word, struct odata_value *value)
{
    bool is_true = span_eq(word, SPAN("true")), is_false = span_eq(word, SPAN("false"));
    *value = (struct odata_value){.type = is_true || is_false ? ODATA_TRUTH : ODATA_NULL, .truth = is_true};
    return is_true || is_false || span_eq(word, SPAN("null"));
}

bool odata_literal_read(struct arena *arena, struct span *rest, struct odata_value *value,
                        struct odata_failure *failure)
{
    struct span whole = *rest;
    if (rest->len > 0 && rest->at[0] == '\'') {
        *value = (struct odata_value){.type = ODATA_TEXT};
        return read_text(arena, rest, &value->text, failure);
    }
    struct span word = odata_text_take_name(rest);
    if (word.len > 0 && read_word(word, value))
        return true;
    *rest = whole;
    size_t len = word.len > 0 ? 0 : number_chars(whole);
    *value = (struct odata_value){.type = ODATA_NUMBER};
    bool is_number = len > 0 && (len == whole.len || !ascii_is_name(whole.at[len], false));
    if (!is_number || !odata_number_read(span_cut(whole, len), &value->number))
        return odata_fail(failure, ODATA_BAD_REQUEST, "expected a literal, found \"%s\"", QUOTED(whole));
    *rest = span_from(whole, len);
    return true;
}

/* --- writing --- */

static void put_number(struct buf *out, double number)
{
    char text[32];
    double again = 0;
    for (int precision = 15; precision <= 17; precision++) {
        snprintf(text, sizeof text, "%.*g", precision, number);
        again = strtod(text, NULL);
        if (!(again < number) && !(again > number))
            break;
    }
    buf_add_str(out, text);
}

void odata_value_put_json(struct buf *out, const struct odata_value *value)
{
    switch (value->type) {
    case ODATA_NULL: buf_add_str(out, "null"); break;
    case ODATA_NUMBER: put_number(out, value->number); break;
    case ODATA_TRUTH: buf_add_str(out, value->truth ? "true" : "false"); break;
    case ODATA_TEXT: buf_add_json_text(out, value->text); break;
    }
}

void odata_value_put_literal(struct buf *out, const struct odata_value *value)
{
    if (value->type != ODATA_TEXT) {
        odata_value_put_json(out, value);
        return;
    }
    struct span rest = value->text;
    const char *quote;
    buf_add_char(out, '\'');
    while ((quote = span_chr(rest, '\'')) != NULL) {
        odata_text_encode(out, span_cut(rest, (size_t)(quote - rest.at)));
        buf_add_str(out, "%27%27");
        rest = span_from(rest, (size_t)(quote - rest.at) + 1);
    }
    odata_text_encode(out, rest);
    buf_add_char(out, '\'');
}

void odata_value_put_bare(struct buf *out, const struct odata_value *value)
{
    if (value->type == ODATA_TEXT)
        buf_add_span(out, value->text);
    else
        odata_value_put_json(out, value);
}
