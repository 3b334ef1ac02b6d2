/* SPDX-License-Identifier: Apache-2.0 */
/* What others may read in a path or query: dot segments however they are written, the path of a lax reader, parameters.
 */
#include "http/uri.h"

#include "base/ascii.h"

/* The character at `*i` of `s`, percent-decoded; moves `*i` past it.  A `%` that begins no encoding stands for itself,
 * and `*is_right` becomes false.
 */
static char take_char(struct span s, size_t *i, bool *is_right)
{
    char c = s.at[(*i)++];
    if (c != '%')
        return c;
    if (s.len - *i < 2 || !ascii_is_hex(s.at[*i]) || !ascii_is_hex(s.at[*i + 1])) {
        *is_right = false;
        return c;
    }
    c = (char)(ascii_hex(s.at[*i]) << 4 | ascii_hex(s.at[*i + 1]));
    *i += 2;
    return c;
}

/* Counts the dots of segments that hold nothing else. */
struct dots {
    unsigned count;
    bool has_other, is_cut;
};

/* Takes one decoded character; false when it ends a segment `.` or `..`. */
static bool dots_fit(struct dots *dots, char c)
{
    if (c == '/' || c == '\\') {
        bool is_dots = !dots->has_other && (dots->count == 1 || dots->count == 2);
        *dots = (struct dots){0};
        return !is_dots;
    }
    dots->is_cut |= c == ';';
    dots->has_other |= !dots->is_cut && c != '.';
    dots->count += !dots->is_cut && c == '.';
    return true;
}

bool uri_check_path(struct span path, struct err *err)
{
    struct dots dots = {0};
    bool is_right = true;
    for (size_t i = 0; i < path.len;) {
        char c = take_char(path, &i, &is_right);
        if (c == '\0')
            return fail(err, REASON_BAD_REQUEST, "a NUL in the path");
        if (!dots_fit(&dots, c))
            return fail(err, REASON_BAD_REQUEST, "a dot segment in the path");
    }
    return dots_fit(&dots, '/') || fail(err, REASON_BAD_REQUEST, "a dot segment in the path");
}

static bool is_plain_path(struct span path)
{
    for (size_t i = 0; i < path.len; i++)
        if (path.at[i] == '%' || path.at[i] == '\\' || path.at[i] == ';' ||
            (i > 0 && path.at[i] == '/' && path.at[i - 1] == '/'))
            return false;
    return true;
}

struct span uri_lax_path(struct arena *arena, struct span path)
{
    if (is_plain_path(path))
        return path;
    char *out = arena_take(arena, path.len);
    bool is_cut = false, is_right = true;
    size_t len = 0;
    if (out == NULL)
        return (struct span){NULL, 0};
    for (size_t i = 0; i < path.len;) {
        char c = take_char(path, &i, &is_right);
        if (c == '\\')
            c = '/';
        is_cut = c != '/' && (is_cut || c == ';');
        if (!is_cut && !(c == '/' && len > 0 && out[len - 1] == '/'))
            out[len++] = c;
    }
    return span_of(out, len);
}

/* Whether the encoded `text` is `plain` after decoding. */
static bool decodes_to(struct span text, struct span plain, bool *is_right)
{
    size_t i = 0, matched = 0;
    bool is_same = true;
    while (i < text.len) {
        char c = take_char(text, &i, is_right);
        is_same = is_same && matched < plain.len && plain.at[matched] == c;
        matched++;
    }
    return is_same && matched == plain.len;
}

bool uri_decode(struct arena *arena, struct span text, struct span *value, struct err *err)
{
    bool is_right = true;
    size_t len = 0;
    char *out = arena_take(arena, text.len);
    if (out == NULL)
        return fail(err, REASON_OUT_OF_MEMORY, "no memory for what is percent-encoded");
    for (size_t i = 0; i < text.len;)
        out[len++] = take_char(text, &i, &is_right);
    *value = span_of(out, len);
    return is_right || fail(err, REASON_BAD_REQUEST, "%% without two hex digits");
}

bool uri_query(struct arena *arena, struct span query, struct span name, struct span *value, size_t *count,
               struct err *err)
{
    struct span rest = span_starts(query, SPAN("?")) ? span_from(query, 1) : query;
    struct span parameter, first = {NULL, 0};
    bool is_right = true;
    *value = (struct span){NULL, 0};
    *count = 0;
    while (span_split(&rest, '&', &parameter)) {
        const char *equals = span_chr(parameter, '=');
        size_t len = equals == NULL ? parameter.len : (size_t)(equals - parameter.at);
        if (parameter.len > 0 && decodes_to(span_cut(parameter, len), name, &is_right) && (*count)++ == 0)
            first = span_from(parameter, len + 1);
    }
    if (!is_right)
        return fail(err, REASON_BAD_REQUEST, "%% without two hex digits in the query");
    return *count == 0 || uri_decode(arena, first, value, err);
}
