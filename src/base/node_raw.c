/* SPDX-License-Identifier: Apache-2.0 */
/* The raw form: C# just well enough to find an expression's end, XML just well enough to find its beginning. */
#include "node_raw_int.h"

enum { MODES_MAX = 32 };

/* What the C# source is at one point: code within brackets, or a string; interpolated strings hold code again. */
struct code_mode {
    bool is_string;
    bool is_verbatim;     /* @"...": only "" is special */
    bool is_interpolated; /* $"...": {...} is code */
    unsigned brackets;    /* of code: open ones */
};

struct code_reader {
    struct span source;
    size_t at;
    struct code_mode modes[MODES_MAX];
    size_t depth;
};

static char code_char(const struct code_reader *c, size_t ahead)
{
    return c->at + ahead < c->source.len ? c->source.at[c->at + ahead] : '\0';
}

static bool mode_push(struct code_reader *c, struct code_mode mode)
{
    if (c->depth == MODES_MAX)
        return false;
    c->modes[c->depth++] = mode;
    return true;
}

/* A string begins: what stands before its quote tells which kind. */
static bool string_begin(struct code_reader *c)
{
    char last = c->source.at[c->at - 1];
    char before = c->source.at[c->at - 2];
    struct code_mode mode = {.is_string = true};
    mode.is_verbatim = last == '@' || (last == '$' && before == '@');
    mode.is_interpolated = last == '$' || (last == '@' && before == '$');
    c->at++;
    return mode_push(c, mode);
}

/* 'a', '\'', '\u0041': to its end on the same line. */
static bool char_pass(struct code_reader *c)
{
    c->at++;
    while (code_char(c, 0) != '\'') {
        if (c->at >= c->source.len || code_char(c, 0) == '\n')
            return false;
        c->at += code_char(c, 0) == '\\' ? 2 : 1;
    }
    c->at++;
    return true;
}

static bool comment_pass(struct code_reader *c)
{
    struct span rest = span_from(c->source, c->at + 2);
    const char *end = code_char(c, 1) == '/' ? span_chr(rest, '\n') : memmem(rest.at, rest.len, "*/", 2);
    if (end == NULL)
        return false;
    c->at = (size_t)(end - c->source.at) + (code_char(c, 1) == '/' ? 1 : 2);
    return true;
}

static bool code_pass(struct code_reader *c, struct code_mode *mode)
{
    switch (code_char(c, 0)) {
    case '(':
    case '[':
    case '{': mode->brackets++; break;
    case ')':
    case ']':
    case '}':
        if (--mode->brackets == 0)
            c->depth--;
        break;
    case '"': return string_begin(c);
    case '\'': return char_pass(c);
    case '/':
        if (code_char(c, 1) == '/' || code_char(c, 1) == '*')
            return comment_pass(c);
        break;
    default: break;
    }
    c->at++;
    return true;
}

static bool string_pass(struct code_reader *c, const struct code_mode *mode)
{
    char now = code_char(c, 0);
    char next = code_char(c, 1);
    if (now == '"' && !(mode->is_verbatim && next == '"')) {
        c->depth--;
        c->at++;
        return true;
    }
    if (now == '\n' && !mode->is_verbatim)
        return false;
    if (now == '{' && mode->is_interpolated && next != '{') {
        c->at++;
        return mode_push(c, (struct code_mode){.brackets = 1});
    }
    bool is_pair = now == '"' || (now == '\\' && !mode->is_verbatim) || (now == '{' && mode->is_interpolated);
    c->at += is_pair ? 2 : 1;
    return true;
}

size_t node_raw_expression_length(struct span source)
{
    struct code_reader c = {.source = source, .at = 1, .depth = 1};
    while (c.depth > 0) {
        struct code_mode *mode = &c.modes[c.depth - 1];
        if (c.at >= source.len || !(mode->is_string ? string_pass(&c, mode) : code_pass(&c, mode)))
            return 0;
    }
    return c.at;
}

static bool is_expression(struct span s)
{
    return s.len >= 2 && s.at[0] == '@' && (s.at[1] == '(' || s.at[1] == '{');
}

static struct span space_skip(struct span s)
{
    while (s.len > 0 && is_xml_space(s.at[0]))
        s = span_from(s, 1);
    return s;
}

/* The way through the file. */
struct raw_scan {
    struct raw_text *raw;
    struct span rest;
    bool is_value; /* text would begin here: only white space since the last tag */
};

static void scan_end(struct raw_scan *s)
{
    s->rest = span_from(s->rest, s->rest.len);
}

/* Moves behind the next `end`, or to the end of the file. */
static void scan_behind(struct raw_scan *s, struct span end)
{
    const char *found = s->rest.len == 0 ? NULL : memmem(s->rest.at, s->rest.len, end.at, end.len);
    if (found == NULL)
        scan_end(s);
    else
        s->rest = span_from(s->rest, (size_t)(found - s->rest.at) + end.len);
}

/* The character that a reference at the start of `s` stands for, as far as C# rules care (`x` for others); 0 when there is
 * no reference.
 */
static char reference_char(struct span s, size_t *len)
{
    static const struct {
        struct span text;
        char c;
    } named[] = {{SPAN_INIT("&quot;"), '"'}, {SPAN_INIT("&apos;"), '\''}, {SPAN_INIT("&lt;"), '<'},
                 {SPAN_INIT("&gt;"), '>'},   {SPAN_INIT("&amp;"), '&'},   {SPAN_INIT("&#34;"), '"'},
                 {SPAN_INIT("&#x22;"), '"'}, {SPAN_INIT("&#39;"), '\''},  {SPAN_INIT("&#x27;"), '\''},
                 {SPAN_INIT("&#10;"), '\n'}, {SPAN_INIT("&#xA;"), '\n'},  {SPAN_INIT("&#xa;"), '\n'}};
    for (size_t i = 0; i < COUNT_OF(named); i++) {
        *len = named[i].text.len;
        if (span_starts(s, named[i].text))
            return named[i].c;
    }
    const char *end = span_chr(span_cut(s, 12), ';');
    *len = end == NULL ? 0 : (size_t)(end - s.at) + 1;
    return end != NULL && span_starts(s, SPAN("&#")) ? 'x' : '\0';
}

/* `value` as an XML reader would hand it out; false when it is not XML. */
static bool value_decode(struct span value, struct buf *out)
{
    while (value.len > 0) {
        char c = value.at[0];
        size_t len = 1;
        if (c == '&')
            c = reference_char(value, &len);
        if (c == '\0' || (c == '<' && len == 1))
            return false;
        buf_add_char(out, c);
        value = span_from(value, len);
    }
    return true;
}

/* Whether the value, read as XML, is a complete expression: then it is not raw.  Without memory the whole scan fails. */
static bool is_complete_xml(struct raw_scan *s, struct span value)
{
    AUTO(buf) decoded = {0};
    bool is_xml = value_decode(value, &decoded);
    if (decoded.is_broken)
        s->raw->ranges.is_broken = true;
    return is_xml && node_raw_expression_length(buf_span(&decoded)) > 0;
}

/* The reference that a byte of a raw expression becomes; NULL: it stays. */
static const char *byte_escape(char c, char quote)
{
    switch (c) {
    case '&': return "&amp;";
    case '<': return "&lt;";
    case '>': return "&gt;";
    case '"': return quote == '"' ? "&quot;" : NULL;
    case '\'': return quote == '\'' ? "&apos;" : NULL;
    case '\n': return quote != 0 ? "&#10;" : NULL; /* else it ends no `//` comment: XML makes it a space */
    default: return NULL;
    }
}

/* The expression at the start of the rest, as attribute within `quote` or as text (0).  One without end leaves all behind
 * it as it is: what follows cannot be told apart any more.
 */
static void expression_take(struct raw_scan *s, char quote)
{
    const char *delimiter = span_chr(s->rest, quote == 0 ? '<' : quote);
    if (delimiter != NULL && is_complete_xml(s, span_of(s->rest.at, (size_t)(delimiter - s->rest.at))))
        return;
    size_t len = node_raw_expression_length(s->rest);
    struct span behind = space_skip(span_from(s->rest, len));
    size_t begin = (size_t)(s->rest.at - s->raw->file.at);
    if (len == 0 || behind.len == 0 || behind.at[0] != (quote == 0 ? '<' : quote)) {
        s->raw->open = node_place_of_byte(s->raw->file, begin);
        scan_end(s);
        return;
    }
    struct raw_range range = {begin, begin + len, quote};
    buf_add(&s->raw->ranges, &range, sizeof range);
    s->rest = span_from(s->rest, len);
}

static void attribute_pass(struct raw_scan *s)
{
    char quote = s->rest.at[0];
    s->rest = span_from(s->rest, 1);
    struct span value = space_skip(s->rest);
    if (is_expression(value)) {
        s->rest = value;
        expression_take(s, quote);
    }
    scan_behind(s, span_of(&quote, 1));
}

static void tag_pass(struct raw_scan *s)
{
    while (s->rest.len > 0 && s->rest.at[0] != '>') {
        if (s->rest.at[0] == '"' || s->rest.at[0] == '\'')
            attribute_pass(s);
        else
            s->rest = span_from(s->rest, 1);
    }
    s->rest = span_from(s->rest, 1);
    s->is_value = true;
}

static void markup_pass(struct raw_scan *s)
{
    if (span_starts(s->rest, SPAN("<!--"))) {
        s->rest = span_from(s->rest, 4);
        scan_behind(s, SPAN("-->"));
    } else if (span_starts(s->rest, SPAN("<![CDATA["))) {
        scan_behind(s, SPAN("]]>"));
        s->is_value = false;
    } else if (span_starts(s->rest, SPAN("<?"))) {
        scan_behind(s, SPAN("?>"));
    } else if (span_starts(s->rest, SPAN("<!"))) {
        scan_end(s); /* a DOCTYPE: refused in any case */
    } else {
        tag_pass(s);
    }
}

static void file_scan(struct raw_scan *s)
{
    while (s->rest.len > 0) {
        if (s->rest.at[0] == '<') {
            markup_pass(s);
        } else if (s->is_value && is_expression(s->rest)) {
            expression_take(s, 0);
            s->is_value = false;
        } else {
            s->is_value = s->is_value && is_xml_space(s->rest.at[0]);
            s->rest = span_from(s->rest, 1);
        }
    }
}

static const struct raw_range *range_at(const struct raw_text *raw, size_t index)
{
    struct span ranges = buf_span(&raw->ranges);
    return index < ranges.len / sizeof(struct raw_range) ? (const struct raw_range *)(const void *)ranges.at + index
                                                         : NULL;
}

static void range_escape(struct raw_text *raw, const struct raw_range *range)
{
    for (size_t at = range->begin; at < range->end; at++) {
        const char *escape = byte_escape(raw->file.at[at], range->quote);
        if (escape != NULL)
            buf_add_str(&raw->xml, escape);
        else
            buf_add_char(&raw->xml, raw->file.at[at]);
    }
}

bool node_raw_init(struct raw_text *raw, struct span file)
{
    *raw = (struct raw_text){.file = file};
    struct raw_scan scan = {.raw = raw, .rest = file};
    file_scan(&scan);
    size_t done = 0;
    const struct raw_range *range;
    for (size_t i = 0; (range = range_at(raw, i)) != NULL; i++) {
        buf_add(&raw->xml, file.at + done, range->begin - done);
        range_escape(raw, range);
        done = range->end;
    }
    if (done > 0)
        buf_add(&raw->xml, file.at + done, file.len - done);
    return !raw->ranges.is_broken && !raw->xml.is_broken;
}

void node_raw_fini(struct raw_text *raw)
{
    buf_fini(&raw->ranges);
    buf_fini(&raw->xml);
}

struct span node_raw_xml(const struct raw_text *raw)
{
    return buf_len(&raw->ranges) == 0 ? raw->file : buf_span(&raw->xml);
}

/* How many bytes of XML the next byte of the file became. */
static size_t cursor_width(const struct raw_text *raw, struct raw_cursor *cursor)
{
    const struct raw_range *range = range_at(raw, cursor->range);
    if (range != NULL && cursor->file == range->end)
        range = range_at(raw, ++cursor->range);
    if (range == NULL || cursor->file < range->begin)
        return 1;
    const char *escape = byte_escape(raw->file.at[cursor->file], range->quote);
    return escape == NULL ? 1 : strlen(escape);
}

struct place node_raw_place(const struct raw_text *raw, struct raw_cursor *cursor, size_t xml_byte)
{
    if (cursor->at.line == 0 || xml_byte < cursor->xml) {
        size_t mark = span_starts(raw->file, SPAN("\xef\xbb\xbf")) ? 3 : 0;
        *cursor = (struct raw_cursor){.file = mark, .xml = mark, .at = {1, 1}};
    }
    while (cursor->file < raw->file.len) {
        size_t width = cursor_width(raw, cursor);
        if (cursor->xml + width > xml_byte)
            break;
        char next = cursor->file + 1 < raw->file.len ? raw->file.at[cursor->file + 1] : '\0';
        node_place_pass(&cursor->at, raw->file.at[cursor->file], next);
        cursor->file++;
        cursor->xml += width;
    }
    return cursor->at;
}
