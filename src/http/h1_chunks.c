/* SPDX-License-Identifier: Apache-2.0 */
/* What stands between the data of chunks: sizes, extensions, trailers (RFC 9112 7.1).
 *
 * One byte leads from one place to the next or is refused, so the verdict does not depend on how the bytes were cut.
 * Lines end in CRLF alone, a size is hex digits alone, extensions and trailers are bounded, held to their alphabet and
 * dropped.
 */
#include "h1_int.h"

#include "base/ascii.h"

enum place {
    SIZE_BEGIN, /* no digit yet */
    SIZE,
    EXTENSION,
    QUOTED,
    ESCAPED, /* behind a backslash in QUOTED */
    SIZE_LF,
    DATA, /* its bytes are counted by the caller; then CR */
    DATA_LF,
    TRAILER_BEGIN, /* of a line; an empty one ends the message */
    TRAILER_NAME,
    TRAILER_VALUE,
    TRAILER_LF,
    LAST_LF,
    END,
    NOWHERE /* the byte must not stand there */
};

static enum place expect(char c, char expected, enum place next)
{
    return c == expected ? next : NOWHERE;
}

static enum place after_size(char c)
{
    if (c == '\r')
        return SIZE_LF;
    return c == ';' ? EXTENSION : ascii_is_hex(c) ? SIZE : NOWHERE;
}

static enum place after_extension(char c)
{
    if (c == '\r')
        return SIZE_LF;
    if (c == '"')
        return QUOTED;
    return c == ';' || c == '=' || c == ' ' || c == '\t' || h1_is_token_char(c) ? EXTENSION : NOWHERE;
}

static enum place after_quoted(char c)
{
    if (c == '"')
        return EXTENSION;
    if (c == '\\')
        return ESCAPED;
    return c == '\t' || !h1_is_control(c) ? QUOTED : NOWHERE;
}

static enum place after_trailer_value(char c)
{
    if (c == '\r')
        return TRAILER_LF;
    return c == '\t' || !h1_is_control(c) ? TRAILER_VALUE : NOWHERE;
}

/* Where the byte `c` leads from `place`.  Behind SIZE_LF it depends on the size. */
static enum place place_after(enum place place, char c)
{
    switch (place) {
    case SIZE_BEGIN: return ascii_is_hex(c) ? SIZE : NOWHERE;
    case SIZE: return after_size(c);
    case EXTENSION: return after_extension(c);
    case QUOTED: return after_quoted(c);
    case ESCAPED: return c == '\t' || !h1_is_control(c) ? QUOTED : NOWHERE;
    case SIZE_LF: return expect(c, '\n', TRAILER_BEGIN);
    case DATA: return expect(c, '\r', DATA_LF);
    case DATA_LF: return expect(c, '\n', SIZE_BEGIN);
    case TRAILER_BEGIN: return c == '\r' ? LAST_LF : h1_is_token_char(c) ? TRAILER_NAME : NOWHERE;
    case TRAILER_NAME: return c == ':' ? TRAILER_VALUE : h1_is_token_char(c) ? TRAILER_NAME : NOWHERE;
    case TRAILER_VALUE: return after_trailer_value(c);
    case TRAILER_LF: return expect(c, '\n', TRAILER_BEGIN);
    case LAST_LF: return expect(c, '\n', END);
    case END:
    case NOWHERE: break;
    }
    return NOWHERE;
}

/* The size is compared before it is added up: a size past all types is refused like one past the limit. */
static bool add_digit(struct h1 *h, char c, struct err *err)
{
    uint64_t max = h1_body_allowed(h) < INT64_MAX ? h1_body_allowed(h) : INT64_MAX;
    uint64_t digit = ascii_hex(c);
    if (digit > max || h->body_left > (max - digit) >> 4)
        return h1_refuse_body(h, err);
    h->body_left = h->body_left << 4 | digit;
    return true;
}

static bool count_byte(struct h1 *h, enum place place, struct err *err)
{
    bool is_line_begin = place == SIZE_BEGIN || place == DATA || place == TRAILER_BEGIN;
    h->line_bytes = is_line_begin ? 0 : h->line_bytes + 1;
    if (h->line_bytes > H1_LINE_BYTES_MAX)
        return fail(err, h1_fault(h->role), "a chunk line or trailer of more than %d bytes", H1_LINE_BYTES_MAX);
    h->trailer_bytes += place >= TRAILER_BEGIN;
    return h->trailer_bytes <= h->limits->head_bytes_max ||
           fail(err, h1_fault(h->role), "trailers of more than %zu bytes", h->limits->head_bytes_max);
}

static bool read_byte(struct h1 *h, char c, struct err *err)
{
    enum place before = (enum place)h->place, place = place_after(before, c);
    if (place == NOWHERE)
        return fail(err, h1_fault(h->role), "byte 0x%02x where it must not stand between chunks", (unsigned char)c);
    if (place == SIZE && !add_digit(h, c, err))
        return false;
    if (before == SIZE_LF && h->body_left > 0)
        place = DATA;
    h->place = (int)place;
    h->is_done = place == END;
    return count_byte(h, place, err);
}

bool h1_in_chunk(const struct h1 *h)
{
    return h->place == DATA && h->body_left > 0;
}

bool h1_read_chunking(struct h1 *h, struct span *in, struct err *err)
{
    while (in->len > 0 && !h->is_done) {
        if (!read_byte(h, in->at[0], err))
            return false;
        *in = span_from(*in, 1);
        if (h->place == DATA)
            return true;
    }
    return true;
}
