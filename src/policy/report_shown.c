/* SPDX-License-Identifier: Apache-2.0 */
/* Foreign text made fit for people's eyes. */
#include "report_shown.h"

#include <stdio.h>

enum { SHOWN_BYTES_MAX = 200, ESCAPE_BYTES = 12 };

_Static_assert(SHOWN_BYTES_MAX + sizeof "..." <= REPORT_SHOWN_BYTES, "what is cut has room for its dots");

static uint32_t character_of(struct span s, size_t len)
{
    static const unsigned char masks[] = {0, 0x7f, 0x1f, 0x0f, 0x07};
    uint32_t c = (unsigned char)s.at[0] & masks[len];
    for (size_t i = 1; i < len; i++)
        c = c << 6 | ((unsigned char)s.at[i] & 0x3f);
    return c;
}

/* Controls (C0, DEL, C1), format characters without a shape of their own, such as those of UAX 9 that turn the direction, line
 * and paragraph separators, tags, variation selectors, private and unassigned ones at the ends of planes.
 */
static bool is_seen(uint32_t c)
{
    static const struct {
        uint32_t first, last;
    } hidden[] = {{0x00, 0x1f},     {0x7f, 0x9f},     {0xad, 0xad},       {0x34f, 0x34f},   {0x600, 0x605},
                  {0x61c, 0x61c},   {0x6dd, 0x6dd},   {0x70f, 0x70f},     {0x115f, 0x1160}, {0x17b4, 0x17b5},
                  {0x180b, 0x180f}, {0x200b, 0x200f}, {0x2028, 0x202e},   {0x2060, 0x206f}, {0x3164, 0x3164},
                  {0xe000, 0xf8ff}, {0xfdd0, 0xfdef}, {0xfe00, 0xfe0f},   {0xfeff, 0xfeff}, {0xffa0, 0xffa0},
                  {0xfff0, 0xfffb}, {0xfffe, 0xffff}, {0xe0000, 0x10ffff}};
    for (size_t i = 0; i < COUNT_OF(hidden); i++)
        if (c >= hidden[i].first && c <= hidden[i].last)
            return false;
    return true;
}

/* The next character of `rest` as it is shown; how many bytes of `rest` that were. */
static size_t show_one(struct span rest, char out[ESCAPE_BYTES])
{
    size_t len = span_utf8(rest);
    uint32_t c = len == 0 ? (unsigned char)rest.at[0] : character_of(rest, len);
    if (len > 0 && is_seen(c))
        snprintf(out, ESCAPE_BYTES, "%.*s", (int)len, rest.at);
    else
        snprintf(out, ESCAPE_BYTES, len > 1 ? "\\u%04x" : "\\x%02x", (unsigned)c);
    return len == 0 ? 1 : len;
}

const char *report_shown(char out[REPORT_SHOWN_BYTES], struct span bytes, size_t *columns)
{
    size_t used = 0;
    size_t shown = 0;
    while (bytes.len > 0) {
        char one[ESCAPE_BYTES];
        size_t taken = show_one(bytes, one);
        size_t len = strlen(one);
        if (used + len > SHOWN_BYTES_MAX)
            break;
        memcpy(out + used, one, len);
        used += len;
        shown += one[0] == '\\' ? len : 1;
        bytes = span_from(bytes, taken);
    }
    memcpy(out + used, bytes.len > 0 ? "..." : "", bytes.len > 0 ? sizeof "..." : 1);
    if (columns != NULL)
        *columns = shown;
    return out;
}
