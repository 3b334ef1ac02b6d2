/* SPDX-License-Identifier: Apache-2.0 */
/* Byte by byte: texts here are short. */
#include "dev/odata_text.h"

#include "base/ascii.h"
#include "http/uri.h"

enum { LATIN1_LEAD = 0xc3, TO_SMALL = 0x20 };

bool odata_text_is_utf8(struct span text)
{
    while (text.len > 0) {
        size_t len = text.at[0] == '\0' ? 0 : span_utf8(text);
        if (len == 0)
            return false;
        text = span_from(text, len);
    }
    return true;
}

bool odata_text_decode(struct arena *arena, struct span raw, struct span *text, struct odata_failure *failure)
{
    struct err err;
    if (!uri_decode(arena, raw, text, &err))
        return err.reason == REASON_OUT_OF_MEMORY
                   ? odata_fail_memory(failure)
                   : odata_fail(failure, ODATA_BAD_REQUEST, "a percent-encoding is malformed in \"%s\"", QUOTED(raw));
    return odata_text_is_utf8(*text) ||
           odata_fail(failure, ODATA_BAD_REQUEST, "\"%s\" is no UTF-8 when decoded", QUOTED(raw));
}

static bool is_unreserved(char c)
{
    return ascii_is_letter(c) || ascii_is_digit(c) || c == '-' || c == '.' || c == '_' || c == '~';
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

struct span odata_text_take_name(struct span *rest)
{
    size_t len = 0;
    while (len < rest->len && ascii_is_name(rest->at[len], len == 0))
        len++;
    struct span name = span_cut(*rest, len);
    *rest = span_from(*rest, len);
    return name;
}
