/* SPDX-License-Identifier: Apache-2.0 */
/* Growing bytes.  Growth doubles, so that appending n bytes costs O(n) in all. */
#include "base/buf.h"

#include <stdarg.h>
#include <stdio.h>

enum { BUF_BYTES_MIN = 256 };

static bool broken(struct buf *b)
{
    b->is_broken = true;
    return false;
}

bool buf_reserve(struct buf *b, size_t bytes)
{
    size_t len = b->end - b->begin;
    if (b->is_broken || bytes > SIZE_MAX / 4 || (b->bytes_max != 0 && len + bytes > b->bytes_max))
        return broken(b);
    if (b->size - b->end >= bytes)
        return true;
    if (b->begin > 0 && b->size - len >= bytes && b->begin >= len) {
        memcpy(b->at, b->at + b->begin, len);
        b->begin = 0;
        b->end = len;
        return true;
    }
    size_t size = b->size * 2 > BUF_BYTES_MIN ? b->size * 2 : BUF_BYTES_MIN;
    while (size < len + bytes)
        size *= 2;
    char *at = malloc(size);
    if (at == NULL)
        return broken(b);
    if (len > 0)
        memcpy(at, b->at + b->begin, len);
    free(b->at);
    b->at = at;
    b->begin = 0;
    b->end = len;
    b->size = size;
    return true;
}

bool buf_add(struct buf *b, const void *bytes, size_t len)
{
    if (len == 0)
        return !b->is_broken;
    if (!buf_reserve(b, len))
        return false;
    memcpy(b->at + b->end, bytes, len);
    b->end += len;
    return true;
}

bool buf_add_span(struct buf *b, struct span s)
{
    return buf_add(b, s.at, s.len);
}

bool buf_add_str(struct buf *b, const char *text)
{
    return buf_add(b, text, strlen(text));
}

bool buf_add_char(struct buf *b, char c)
{
    return buf_add(b, &c, 1);
}

bool buf_add_u64(struct buf *b, uint64_t value)
{
    char digits[20];
    size_t at = sizeof digits;
    do {
        digits[--at] = (char)('0' + value % 10);
        value /= 10;
    } while (value > 0);
    return buf_add(b, digits + at, sizeof digits - at);
}

bool buf_printf(struct buf *b, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    va_list again;
    va_copy(again, arguments);
    int need = vsnprintf(NULL, 0, format, arguments);
    va_end(arguments);
    bool is_ok = need >= 0 && buf_reserve(b, (size_t)need + 1);
    if (is_ok) {
        vsnprintf(b->at + b->end, (size_t)need + 1, format, again);
        b->end += (size_t)need;
    } else {
        b->is_broken = true;
    }
    va_end(again);
    return is_ok;
}

bool buf_add_json(struct buf *b, struct span s)
{
    for (;;) {
        size_t plain = span_plain(s);
        buf_add(b, s.at, plain);
        s = span_from(s, plain);
        if (s.len == 0)
            return !b->is_broken;
        unsigned char c = (unsigned char)s.at[0];
        size_t len = span_utf8(s);
        if (c == '"' || c == '\\')
            buf_printf(b, "\\%c", c);
        else if (c == '\n')
            buf_add_str(b, "\\n");
        else if (c < 0x20 || c == 0x7f)
            buf_printf(b, "\\u%04x", c);
        else if (len == 0)
            buf_add_str(b, "\xef\xbf\xbd");
        else
            buf_add(b, s.at, len);
        s = span_from(s, len == 0 ? 1 : len);
    }
}

bool buf_add_json_text(struct buf *b, struct span s)
{
    buf_add_char(b, '"');
    buf_add_json(b, s);
    return buf_add_char(b, '"') && !b->is_broken;
}

bool buf_add_html(struct buf *b, struct span s)
{
    for (size_t i = 0; i < s.len; i++) {
        char c = s.at[i];
        if (c == '<' || c == '>' || c == '&' || c == '"' || c == '\'')
            buf_printf(b, "&#%d;", c);
        else
            buf_add_char(b, c);
    }
    return !b->is_broken;
}

void buf_take(struct buf *b, size_t len)
{
    b->begin += len < b->end - b->begin ? len : b->end - b->begin;
    if (b->begin == b->end)
        b->begin = b->end = 0;
}

void buf_clear(struct buf *b)
{
    b->begin = b->end = 0;
    b->is_broken = false;
}

void buf_fini(struct buf *b)
{
    free(b->at);
    *b = (struct buf){.bytes_max = b->bytes_max};
}
