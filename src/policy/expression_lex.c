/* SPDX-License-Identifier: Apache-2.0 */
/* The tokens of C#, as many as expressions need, and what its literals of text and character say. */
#include "expression_int.h"

#include "base/ascii.h"

/* Longer signs stand before those that they begin with. */
static const char *const signs[] = {"\?\?=", "=>", "==", "!=", "<=", ">=", "&&", "||", "\?\?", "?.", "++",
                                    "--",    "+=", "-=", "<<", "(",  ")",  "[",  "]",  "{",    "}",  ".",
                                    ",",     "?",  ":",  "!",  "<",  ">",  "+",  "-",  "*",    "/",  "%",
                                    "&",     "|",  "^",  "~",  "=",  ";",  "@",  "$",  "#"};

static char char_at(struct span text, size_t at)
{
    return at < text.len ? text.at[at] : '\0';
}

/* Where the comment at `at` ends; a comment without end goes to the end of the text. */
static size_t comment_end(struct span text, size_t at)
{
    bool is_line = text.at[at + 1] == '/';
    for (at += 2; at < text.len; at++) {
        if (is_line && text.at[at] == '\n')
            return at + 1;
        if (!is_line && text.at[at] == '*' && char_at(text, at + 1) == '/')
            return at + 2;
    }
    return at;
}

static size_t blanks_end(struct span text, size_t at)
{
    for (;;) {
        bool is_comment = char_at(text, at) == '/' && (char_at(text, at + 1) == '/' || char_at(text, at + 1) == '*');
        if (is_comment)
            at = comment_end(text, at);
        else if (at < text.len && expression_is_blank(text.at[at]))
            at++;
        else
            return at;
    }
}

static struct expression_token token_of(struct span text, size_t at, size_t end, enum expression_token_kind kind)
{
    return (struct expression_token){.kind = kind, .at = at, .source = span_of(text.at + at, end - at)};
}

static struct expression_token token_bad(struct span text, size_t at, size_t end, const char *problem)
{
    struct expression_token token = token_of(text, at, end, LEX_BAD);
    token.problem = problem;
    return token;
}

static struct expression_token lex_word(struct span text, size_t at)
{
    size_t end = at + 1;
    while (ascii_is_name(char_at(text, end), false))
        end++;
    return token_of(text, at, end, LEX_WORD);
}

static struct expression_token lex_number(struct span text, size_t at)
{
    size_t end = at + 1;
    while (ascii_is_digit(char_at(text, end)))
        end++;
    bool is_fraction = char_at(text, end) == '.' && ascii_is_digit(char_at(text, end + 1));
    if (is_fraction || ascii_is_name(char_at(text, end), false))
        return token_bad(text, at, end + 1, "numbers are whole and decimal, without a suffix");
    return token_of(text, at, end, LEX_INT);
}

/* "..." and '...': to the quote that is not escaped, on the same line. */
static struct expression_token lex_quoted(struct span text, size_t at)
{
    char quote = text.at[at];
    size_t end = at + 1;
    while (end < text.len && text.at[end] != quote && text.at[end] != '\n' && text.at[end] != '\r')
        end += text.at[end] == '\\' ? 2 : 1;
    if (char_at(text, end) != quote)
        return token_bad(text, at, at + 1, "it has no end on this line");
    return token_of(text, at, end + 1, quote == '"' ? LEX_TEXT : LEX_CHAR);
}

/* @"...": to the quote that is not doubled. */
static struct expression_token lex_verbatim(struct span text, size_t at)
{
    for (size_t end = at + 2; end < text.len; end++) {
        if (text.at[end] != '"')
            continue;
        if (char_at(text, end + 1) != '"')
            return token_of(text, at, end + 1, LEX_TEXT);
        end++;
    }
    return token_bad(text, at, at + 2, "it has no end");
}

static struct expression_token lex_sign(struct span text, size_t at)
{
    for (size_t i = 0; i < COUNT_OF(signs); i++) {
        struct span sign = span_str(signs[i]);
        if (span_starts(span_from(text, at), sign))
            return token_of(text, at, at + sign.len, LEX_SIGN);
    }
    size_t len = span_utf8(span_from(text, at));
    return token_bad(text, at, at + (len == 0 ? 1 : len), "it begins nothing that is known here");
}

struct expression_token expression_lex(struct span text, size_t at)
{
    at = blanks_end(text, at);
    if (at >= text.len)
        return token_of(text, text.len, text.len, LEX_END);
    char c = text.at[at];
    char next = char_at(text, at + 1);
    if (ascii_is_name(c, true))
        return lex_word(text, at);
    if (ascii_is_digit(c))
        return lex_number(text, at);
    if (c == '"' || c == '\'')
        return lex_quoted(text, at);
    if (c == '@' && next == '"')
        return lex_verbatim(text, at);
    if (c == '$' && (next == '"' || next == '@'))
        return token_bad(text, at, at + 2, "texts with values in them are not supported; join with +");
    return lex_sign(text, at);
}

/* --- what literals say --- */

/* The inside of a literal while it is decoded. */
struct decoding {
    struct span rest;
    char *to;
    const char *problem;
};

static bool take_hex(struct decoding *d, size_t least, size_t most, uint32_t *value)
{
    size_t count = 0;
    *value = 0;
    for (; count < most && count < d->rest.len && ascii_is_hex(d->rest.at[count]); count++)
        *value = *value << 4 | ascii_hex(d->rest.at[count]);
    d->rest = span_from(d->rest, count);
    d->problem = "hexadecimal digits are missing";
    return count >= least;
}

/* The code behind \u, \U or \x. */
static bool take_code(struct decoding *d, uint32_t *code)
{
    char letter = d->rest.len == 0 ? '\0' : d->rest.at[0];
    d->rest = span_from(d->rest, 1);
    switch (letter) {
    case 'u': return take_hex(d, 4, 4, code);
    case 'U': return take_hex(d, 8, 8, code);
    case 'x': return take_hex(d, 1, 4, code);
    default: d->problem = "no such escape"; return false;
    }
}

/* A high surrogate waits for the low one, which C# writes as an escape of its own. */
static bool take_character(struct decoding *d)
{
    uint32_t code;
    uint32_t low;
    if (!take_code(d, &code))
        return false;
    if (code >= 0xd800 && code < 0xdc00 && d->rest.len > 0 && d->rest.at[0] == '\\') {
        d->rest = span_from(d->rest, 1);
        if (!take_code(d, &low))
            return false;
        code = low >= 0xdc00 && low < 0xe000 ? 0x10000 + ((code - 0xd800) << 10) + (low - 0xdc00) : 0xd800;
    }
    d->problem = "no character has this code";
    if (code > 0x10ffff || (code >= 0xd800 && code < 0xe000))
        return false;
    d->to = span_utf8_put(d->to, code);
    return true;
}

/* Behind a backslash. */
static bool take_escape(struct decoding *d)
{
    static const char letters[] = "'\"\\0abfnrtv";
    static const char bytes[] = "'\"\\\0\a\b\f\n\r\t\v";
    const char *found = d->rest.len == 0 || d->rest.at[0] == '\0' ? NULL : strchr(letters, d->rest.at[0]);
    if (found == NULL)
        return take_character(d);
    *d->to++ = bytes[found - letters];
    d->rest = span_from(d->rest, 1);
    return true;
}

/* An escape never says more bytes than it takes. */
static bool decode(struct decoding *d, bool is_verbatim, struct span *bad)
{
    while (d->rest.len > 0) {
        *bad = d->rest;
        char c = d->rest.at[0];
        d->rest = span_from(d->rest, is_verbatim && c == '"' ? 2 : 1);
        if (c != '\\' || is_verbatim)
            *d->to++ = c;
        else if (!take_escape(d))
            return false;
    }
    return true;
}

bool expression_lex_text(const struct expression_token *token, struct arena *arena, struct span *text, size_t *offset,
                         struct err *err)
{
    bool is_verbatim = token->source.at[0] == '@';
    size_t opening = is_verbatim ? 2 : 1;
    struct span inside = span_of(token->source.at + opening, token->source.len - opening - 1);
    char *begin = arena_take(arena, inside.len + 1);
    struct decoding d = {.rest = inside, .to = begin};
    struct span bad = inside;
    if (begin == NULL)
        return fail(err, REASON_OUT_OF_MEMORY, "no memory for an expression");
    if (!decode(&d, is_verbatim, &bad)) {
        *offset = token->at + (size_t)(bad.at - token->source.at);
        return fail(err, REASON_CONFIG, "\\ in a text: %s", d.problem);
    }
    *text = span_of(begin, (size_t)(d.to - begin));
    /* A char is one unit of UTF-16. */
    if (token->kind == LEX_CHAR && (text->len == 0 || text->len > 3 || span_utf8(*text) != text->len)) {
        *offset = token->at;
        return fail(err, REASON_CONFIG, "'...' holds one character; a text stands in \"...\"");
    }
    return true;
}
