/* SPDX-License-Identifier: Apache-2.0 */
/* Byte by byte: texts here are short. */
#include "dev/odata_text.h"

enum { LATIN1_LEAD = 0xc3, TO_SMALL = 0x20 };

static int hex_value(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c |= TO_SMALL;
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Bytes that a sequence with this first byte has; 0: none begins so. */
static size_t sequence_bytes(unsigned char lead)
{
    if (lead < 0x80)
        return lead != 0;
    if (lead >= 0xc2 && lead <= 0xdf)
        return 2;
    if ((lead & 0xf0) == 0xe0)
        return 3;
    return lead >= 0xf0 && lead <= 0xf4 ? 4 : 0;
}

/* RFC 3629 4: what a second byte may be where more than its form counts (no detours, surrogates, or beyond U+10FFFF). */
static bool is_second(unsigned char lead, unsigned char second)
{
    switch (lead) {
    case 0xe0: return second >= 0xa0;
    case 0xed: return second <= 0x9f;
    case 0xf0: return second >= 0x90;
    case 0xf4: return second <= 0x8f;
    default: return true;
    }
}

static size_t take_sequence(struct span text)
{
    size_t len = sequence_bytes((unsigned char)text.at[0]);
    if (len > text.len)
        return 0;
    for (size_t i = 1; i < len; i++)
        if (((unsigned char)text.at[i] & 0xc0) != 0x80)
            return 0;
    return len < 2 || is_second((unsigned char)text.at[0], (unsigned char)text.at[1]) ? len : 0;
}

bool odata_text_is_utf8(struct span text)
{
    while (text.len > 0) {
        size_t len = take_sequence(text);
        if (len == 0)
            return false;
        text = span_from(text, len);
    }
    return true;
}

bool odata_text_decode(struct arena *arena, struct span raw, struct span *text, struct odata_failure *failure)
{
    char *to = arena_take(arena, raw.len + 1);
    size_t len = 0;
    if (to == NULL)
        return odata_fail_memory(failure);
    for (size_t i = 0; i < raw.len; i++) {
        bool has_digits = raw.at[i] == '%' && raw.len - i > 2;
        int high = has_digits ? hex_value(raw.at[i + 1]) : -1;
        int low = has_digits ? hex_value(raw.at[i + 2]) : -1;
        if (raw.at[i] == '%' && (high < 0 || low < 0))
            return odata_fail(failure, ODATA_BAD_REQUEST, "a percent-encoding is malformed in \"%s\"", QUOTED(raw));
        to[len++] = high < 0 ? raw.at[i] : (char)(high * 16 + low);
        i += high < 0 ? 0 : 2;
    }
    *text = span_of(to, len);
    return odata_text_is_utf8(*text) ||
           odata_fail(failure, ODATA_BAD_REQUEST, "\"%s\" is no UTF-8 when decoded", QUOTED(raw));
}

static bool is_unreserved(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '.' ||
           c == '_' || c == '~';
}

void odata_text_encode(struct buf *out, struct span text)
{
    for (size_t i = 0; i < text.len; i++) {
        if (is_unreserved(text.at[i]))
            buf_add_char(out, text.at[i]);
        else
            buf_printf(out, "%%%02X", (unsigned char)text.at[i]);
    }
}

/* Letters of the other case differ by one bit: in ASCII, and in the second byte of Latin-1's (but for the signs for times and
 * divided, and the two small letters whose capitals are elsewhere).
 */
static struct span change_case(struct arena *arena, struct span text, bool to_small)
{
    struct span copy = arena_copy(arena, text);
    char *at = (char *)(uintptr_t)copy.at;
    unsigned char before = 0;
    for (size_t i = 0; i < copy.len && at != NULL; i++) {
        unsigned char c = (unsigned char)at[i], plain = c & (unsigned char)~TO_SMALL;
        bool is_letter = before == LATIN1_LEAD ? plain >= 0x80 && plain <= 0x9e && plain != 0x97
                                               : plain >= 'A' && plain <= 'Z' && c < 0x80;
        if (is_letter)
            at[i] = (char)(to_small ? plain | TO_SMALL : plain);
        before = c;
    }
    return copy;
}

struct span odata_text_lower(struct arena *arena, struct span text)
{
    return change_case(arena, text, true);
}

struct span odata_text_upper(struct arena *arena, struct span text)
{
    return change_case(arena, text, false);
}

size_t odata_text_length(struct span text)
{
    size_t count = 0;
    for (size_t i = 0; i < text.len; i++)
        count += ((unsigned char)text.at[i] & 0xc0) != 0x80;
    return count;
}

bool odata_text_is_name(char c, bool is_first)
{
    bool is_letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
    return is_letter || (!is_first && c >= '0' && c <= '9');
}

struct span odata_text_take_name(struct span *rest)
{
    size_t len = 0;
    while (len < rest->len && odata_text_is_name(rest->at[len], len == 0))
        len++;
    struct span name = span_cut(*rest, len);
    *rest = span_from(*rest, len);
    return name;
}
