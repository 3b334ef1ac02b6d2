/* SPDX-License-Identifier: Apache-2.0 */
/* Heads and chunk framing as bytes.  What goes out is written afresh from parts that were checked: a line break in one
 * of them would be a hole in a check, so it stops the process.
 */
#include "h1_int.h"

static bool breaks_lines(struct span s)
{
    if (s.len == 0)
        return false;
    const char *end = s.at + s.len;
    for (const char *at = h1_find_control(s.at, end); at < end; at = h1_find_control(at + 1, end))
        if (*at == '\r' || *at == '\n' || *at == '\0')
            return true;
    return false;
}

/* Appends to a buf in which room was made. */
static void put(struct buf *out, struct span s)
{
    if (s.len > 0)
        memcpy(out->at + out->end, s.at, s.len);
    out->end += s.len;
}

bool h1_write_request_line(struct buf *out, struct span method, struct span prefix, struct span target)
{
    struct span version = SPAN(" HTTP/1.1\r\n");
    assert(!breaks_lines(method) && !breaks_lines(prefix) && !breaks_lines(target));
    if (!buf_reserve(out, method.len + 1 + prefix.len + target.len + version.len))
        return false;
    put(out, method);
    put(out, SPAN(" "));
    put(out, prefix);
    put(out, target);
    put(out, version);
    return true;
}

bool h1_write_status_line(struct buf *out, unsigned status, struct span phrase)
{
    assert(status >= 100 && status <= 999);
    char digits[4] = {(char)('0' + status / 100), (char)('0' + status / 10 % 10), (char)('0' + status % 10), ' '};
    struct span version = SPAN("HTTP/1.1 ");
    if (phrase.len == 0)
        phrase = span_str(status_phrase(status));
    if (!buf_reserve(out, version.len + sizeof digits + phrase.len + 2))
        return false;
    put(out, version);
    put(out, span_of(digits, sizeof digits));
    put(out, phrase);
    put(out, SPAN("\r\n"));
    return true;
}

bool h1_write_field(struct buf *out, struct span name, struct span value)
{
    assert(name.len > 0 && !breaks_lines(name) && !breaks_lines(value));
    if (!buf_reserve(out, name.len + value.len + 4))
        return false;
    put(out, name);
    put(out, SPAN(": "));
    put(out, value);
    put(out, SPAN("\r\n"));
    return true;
}

bool h1_write_end(struct buf *out)
{
    return buf_add_span(out, SPAN("\r\n"));
}

size_t h1_chunk_line(char out[H1_CHUNK_LINE_BYTES], uint64_t bytes, bool is_first)
{
    assert(bytes > 0);
    size_t len = 0, digits = 1;
    while (digits < 16 && bytes >> (4 * digits) != 0)
        digits++;
    if (!is_first) {
        out[len++] = '\r';
        out[len++] = '\n';
    }
    while (digits > 0)
        out[len++] = "0123456789abcdef"[bytes >> (4 * --digits) & 15];
    out[len++] = '\r';
    out[len++] = '\n';
    return len;
}

struct span h1_chunk_end(bool is_first)
{
    return is_first ? SPAN("0\r\n\r\n") : SPAN("\r\n0\r\n\r\n");
}
