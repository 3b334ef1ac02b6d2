/* SPDX-License-Identifier: Apache-2.0 */
/* The look-over: finds the end of a head and refuses what two readers could see in two ways.
 *
 * Lines end in CRLF and nothing else; no control character but HTAB; no line begins with white space (RFC 9112 2.2,
 * 5.2). Every size has a limit that holds while bytes are still arriving.  One pass, in which every limit is met at the
 * same byte however the bytes were cut: so the verdict does not depend on the cut, and slow bytes cost once.
 */
#include "h1_int.h"

#include "base/ascii.h"

enum { BLOCK_BYTES = 64, METHOD_BYTES_MAX = 64, VERSION_BYTES_MAX = 16 };

/* In each byte of the result that stands for a control character of the eight bytes at `at` the highest bit is set.  A
 * borrow may set it in bytes of higher value too, never in lower ones.
 */
static inline uint64_t word_controls(const unsigned char *at)
{
    const uint64_t ones = UINT64_C(0x0101010101010101), highs = ones << 7;
    uint64_t word;
    memcpy(&word, at, sizeof word);
    uint64_t without_del = word ^ ones * 0x7f;
    return (((word - ones * 0x20) & ~word) | ((without_del - ones) & ~without_del)) & highs;
}

/* Written so that compilers turn it into a few vector instructions. */
static bool block_has_control(const unsigned char *at)
{
    uint64_t found = 0;
    for (size_t i = 0; i < BLOCK_BYTES; i += sizeof found)
        found |= word_controls(at + i);
    return found != 0;
}

const char *h1_find_control(const char *at, const char *end)
{
    const unsigned char *p = (const unsigned char *)at, *stop = (const unsigned char *)end;
    while (stop - p >= BLOCK_BYTES && !block_has_control(p))
        p += BLOCK_BYTES;
    while (stop - p >= (ptrdiff_t)sizeof(uint64_t)) {
        uint64_t controls = word_controls(p);
        if (controls != 0 && __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__)
            return (const char *)p + __builtin_ctzll(controls) / 8;
        if (controls != 0)
            break;
        p += sizeof(uint64_t);
    }
    while (p < stop && !h1_is_control((char)*p))
        p++;
    return (const char *)p;
}

bool h1_is_token_char(char c)
{
    return ascii_is_digit(c) || ascii_is_letter(c) || (c != '\0' && strchr("!#$%&'*+-.^_`|~", c) != NULL);
}

bool h1_is_token(struct span s)
{
    for (size_t i = 0; i < s.len; i++)
        if (!h1_is_token_char(s.at[i]))
            return false;
    return s.len > 0;
}

/* A request line has limits of its own, so that a long target is called that, however small heads must be. */
static bool request_line_fits(const struct h1 *h, struct span line, struct err *err)
{
    size_t target_bytes_max = h->limits->target_bytes_max;
    const char *blank = span_chr(span_cut(line, METHOD_BYTES_MAX + 1), ' ');
    if (blank == NULL)
        return line.len <= METHOD_BYTES_MAX ||
               fail(err, REASON_BAD_REQUEST, "no method within %d bytes", METHOD_BYTES_MAX);
    struct span rest = span_from(line, (size_t)(blank - line.at) + 1);
    if (rest.len <= target_bytes_max)
        return true;
    const char *second = span_chr(span_cut(rest, target_bytes_max + 1), ' ');
    if (second == NULL)
        return fail(err, REASON_TARGET_TOO_LONG, "a target of more than %zu bytes", target_bytes_max);
    return rest.len - (size_t)(second - rest.at) <= VERSION_BYTES_MAX ||
           fail(err, REASON_BAD_REQUEST, "more than a version behind the target");
}

static bool head_fits(const struct h1 *h, size_t bytes, struct err *err)
{
    return bytes <= h->limits->head_bytes_max || fail(err, h1_excess(h->role, REASON_HEAD_TOO_LARGE),
                                                      "a head of more than %zu bytes", h->limits->head_bytes_max);
}

/* `head` is what arrived before some byte that is looked at next: is the line that it ends with fit to go on? */
static bool line_fits(const struct h1 *h, struct span head, struct err *err)
{
    struct span line = span_from(head, h->line_at);
    if (line.len > 0 && (line.at[0] == ' ' || line.at[0] == '\t'))
        return fail(err, h1_fault(h->role), "a line begins with white space");
    if (h->lines == 0 && h->role == H1_REQUESTS)
        return request_line_fits(h, line, err);
    if (line.len > h->limits->field_bytes_max)
        return fail(err, h1_excess(h->role, REASON_HEAD_TOO_LARGE), "a line of more than %zu bytes",
                    h->limits->field_bytes_max);
    return head_fits(h, head.len, err);
}

/* `head` ends with the CRLF of a line. */
static bool end_line(struct h1 *h, struct span head, struct err *err)
{
    if (!head_fits(h, head.len, err))
        return false;
    if (h->lines > h->limits->fields_max)
        return fail(err, h1_excess(h->role, REASON_HEAD_TOO_LARGE), "more than %zu fields", h->limits->fields_max);
    if (h->lines > 0 && head.len - h->line_at > h->longest_bytes) {
        h->longest_at = h->line_at;
        h->longest_bytes = head.len - h->line_at;
    }
    char last = head.at[head.len - 3];
    h->has_loose_end |= h->lines > 0 && (last == ' ' || last == '\t');
    h->lines++;
    h->line_at = head.len;
    return true;
}

static enum h1_find verdict(bool is_right)
{
    return is_right ? H1_WHOLE : H1_BAD;
}

/* Looks at the CR at `cr`, and for LF behind it. */
static enum h1_find end_of_line(struct h1 *h, struct span head, size_t cr, struct err *err)
{
    if (cr + 1 == head.len)
        return H1_PARTIAL;
    if (head.at[cr + 1] != '\n')
        return verdict(fail(err, h1_fault(h->role), "CR without LF"));
    if (cr > h->line_at)
        return verdict(end_line(h, span_cut(head, cr + 2), err));
    if (h->lines == 0)
        return verdict(fail(err, h1_fault(h->role), "an empty line in place of a start line"));
    return verdict(head_fits(h, cr + 2, err));
}

static enum h1_find find_end(struct h1 *h, struct span head, size_t *len, struct err *err)
{
    size_t at = h->looked_over;
    for (;;) {
        size_t stop = (size_t)(h1_find_control(head.at + at, head.at + head.len) - head.at);
        h->looked_over = stop;
        if (!line_fits(h, span_cut(head, stop), err))
            return H1_BAD;
        if (stop == head.len)
            return H1_PARTIAL;
        at = stop + 1;
        if (head.at[stop] == '\t')
            continue;
        if (head.at[stop] != '\r')
            return verdict(fail(err, h1_fault(h->role), "control character 0x%02x", (unsigned char)head.at[stop]));
        bool is_empty = stop == h->line_at;
        enum h1_find found = end_of_line(h, head, stop, err);
        if (found != H1_WHOLE || is_empty) {
            *len = stop + 2;
            return found;
        }
        at = stop + 2;
    }
}

enum h1_find h1_find_head(struct h1 *h, struct span bytes, size_t *skip, size_t *len, struct err *err)
{
    /* One empty line is an old client's, after the body of its last request (RFC 9112 2.2). */
    size_t empty = h->role == H1_REQUESTS && span_starts(bytes, SPAN("\r\n")) ? 2 : 0;
    enum h1_find found = bytes.len == empty ? H1_PARTIAL : find_end(h, span_from(bytes, empty), len, err);
    *skip = found == H1_WHOLE ? empty : 0;
    return found;
}
