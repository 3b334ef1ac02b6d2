/* SPDX-License-Identifier: Apache-2.0 */
/* The grammar: where a value must come and what may stand behind one.
 *
 * Two states without recursion; depth is bounded by the stack of frames.  Each error names the token that it begins at, and what
 * to write instead where C# has something that is not supported here.
 */
#include "expression_read_int.h"

static bool next(struct reader *r)
{
    r->token = expression_lex(r->text, r->token.at + r->token.source.len);
    if (r->token.kind == LEX_BAD)
        return reader_refuse(r, r->token.at, "\"%s\": %s", QUOTED_UNLESS(r->is_secret, r->token.source),
                             r->token.problem);
    return true;
}

static bool is_sign(const struct expression_token *token, const char *sign)
{
    return token->kind == LEX_SIGN && span_eq(token->source, span_str(sign));
}

/* The token behind `token`. */
static struct expression_token peek(const struct reader *r, const struct expression_token *token)
{
    return expression_lex(r->text, token->at + token->source.len);
}

/* --- what cannot stand there --- */

static const struct {
    const char *sign;
    const char *hint;
} sign_hints[] = {
    {"=>", "functions over lists are not supported; use .Contains, .FirstOrDefault(), [i] or string.Join"},
    {"=", "nothing is assigned in an expression; == compares"},
    {"+=", "nothing is assigned in an expression"},
    {"-=", "nothing is assigned in an expression"},
    {"\?\?=", "nothing is assigned in an expression"},
    {"++", "nothing is assigned in an expression"},
    {"--", "nothing is assigned in an expression"},
    {"?.", "write x.Member; where x may be null, x == null ? null : x.Member"},
    {";", "statements are not supported; write one expression @(...)"},
    {"{", "statements and objects are not supported; write one expression @(...)"},
    {"&", "&& is the operator of conditions"},
    {"|", "|| is the operator of conditions"},
    {"*", "ints are only added, subtracted and compared"},
    {"/", "ints are only added, subtracted and compared"},
    {"%", "ints are only added, subtracted and compared"},
    {"$", "texts with values in them are not supported; join with +"},
};

static bool refuse_token(struct reader *r, const char *expected)
{
    const char *hint = "";
    if (r->token.kind == LEX_END)
        return reader_refuse(r, r->token.at, "expected %s, found the end: `)` is missing", expected);
    if (r->token.kind == LEX_TEXT)
        return reader_refuse(r, r->token.at, "expected %s, found a text", expected);
    for (size_t i = 0; i < COUNT_OF(sign_hints); i++)
        if (is_sign(&r->token, sign_hints[i].sign))
            hint = sign_hints[i].hint;
    if (r->token.kind == LEX_WORD && (span_eq(r->token.source, SPAN("as")) || span_eq(r->token.source, SPAN("is"))))
        hint = "types are only told by casts: (string)x, (int)x, (bool)x, (Jwt)x";
    return reader_refuse(r, r->token.at, "expected %s, found \"%s\"%s%s", expected,
                         QUOTED_UNLESS(r->is_secret, r->token.source), *hint == '\0' ? "" : "; ", hint);
}

/* What the token was likely meant to be, which is near to what it is. */
static void find_hint(const struct reader *r, enum expression_type type, char *hint, size_t size)
{
    hint[0] = '\0';
    if (!r->is_secret)
        expression_hint(type, r->token.source, hint, size);
}

static bool refuse_word(struct reader *r)
{
    char hint[ERR_TEXT_BYTES / 2];
    struct expression_token behind = peek(r, &r->token);
    if (is_sign(&behind, "=>")) {
        r->token = behind;
        return refuse_token(r, "a value");
    }
    find_hint(r, TYPE_COUNT, hint, sizeof hint);
    return reader_refuse(r, r->token.at, "\"%s\" is not known%s",
                         QUOTED_UNLESS(r->is_secret, span_cut(r->token.source, 64)), hint);
}

static bool refuse_member(struct reader *r, enum expression_type type)
{
    char hint[ERR_TEXT_BYTES / 2];
    find_hint(r, type, hint, sizeof hint);
    if (type == TYPE_ANY && !r->is_secret && expression_member_find(TYPE_TOKEN, r->token.source, false) != NULL)
        return reader_refuse(r, r->token.at, "a variable has no member \"%s\"; cast it first: ((Jwt)x).%.*s",
                             QUOTED_UNLESS(r->is_secret, r->token.source), SPAN_ARG(r->token.source));
    if (type == TYPE_ANY && !r->is_secret && expression_member_find(TYPE_TEXT, r->token.source, false) != NULL)
        return reader_refuse(r, r->token.at, "a variable has no member \"%s\"; cast it first: ((string)x).%.*s",
                             QUOTED_UNLESS(r->is_secret, r->token.source), SPAN_ARG(r->token.source));
    return reader_refuse(r, r->token.at, "%s has no member \"%s\"%s", expression_type_name(type),
                         QUOTED_UNLESS(r->is_secret, span_cut(r->token.source, 64)), hint);
}

/* --- where a value must come --- */

static bool read_int(struct reader *r)
{
    uint64_t number;
    if (!span_u64(r->token.source, INT32_MAX, &number))
        return reader_refuse(r, r->token.at, "an int is at most %d", INT32_MAX);
    return reader_literal(r, TYPE_INT, (struct value){.kind = VALUE_INT, .integer = (int64_t)number}, r->token.at);
}

static bool read_text(struct reader *r)
{
    struct value value = {.kind = VALUE_TEXT};
    if (!expression_lex_text(&r->token, r->arena, &value.text, r->offset, r->err))
        return false;
    return reader_literal(r, r->token.kind == LEX_CHAR ? TYPE_CHAR : TYPE_TEXT, value, r->token.at);
}

static bool read_word(struct reader *r)
{
    struct span word = r->token.source;
    bool is_true = span_eq(word, SPAN("true"));
    if (is_true || span_eq(word, SPAN("false")))
        return reader_literal(r, TYPE_BOOL, (struct value){.kind = VALUE_BOOL, .boolean = is_true}, r->token.at);
    if (span_eq(word, SPAN("null")))
        return reader_literal(r, TYPE_NULL, (struct value){.kind = VALUE_NULL}, r->token.at);
    enum expression_type type = expression_word_type(word);
    return type == TYPE_COUNT ? refuse_word(r) : reader_push(r, type, r->token.at);
}

/* `(string)` is a cast, all else behind `(` a value of its own. */
static bool read_paren(struct reader *r)
{
    struct frame frame = {.kind = FRAME_PAREN, .at = r->token.at};
    struct expression_token word = peek(r, &r->token);
    struct expression_token closing = peek(r, &word);
    frame.type = word.kind == LEX_WORD && is_sign(&closing, ")") ? expression_cast_type(word.source) : TYPE_COUNT;
    if (frame.type != TYPE_COUNT) {
        frame.kind = FRAME_CAST;
        frame.strength = STRENGTH_UNARY;
        r->token = closing;
    }
    return reader_open(r, &frame);
}

static bool read_unary(struct reader *r)
{
    struct frame frame = {.kind = FRAME_UNARY, .strength = STRENGTH_UNARY, .at = r->token.at};
    frame.member = expression_operator(r->token.source, true);
    return frame.member == NULL ? refuse_token(r, "a value") : reader_open(r, &frame);
}

/* `*is_value`: it was a whole one. */
static bool read_operand(struct reader *r, bool *is_value)
{
    *is_value = true;
    switch (r->token.kind) {
    case LEX_INT: return read_int(r);
    case LEX_TEXT:
    case LEX_CHAR: return read_text(r);
    case LEX_WORD: return read_word(r);
    case LEX_SIGN: break;
    case LEX_END:
    case LEX_BAD: return refuse_token(r, "a value");
    }
    *is_value = false;
    return is_sign(&r->token, "(") ? read_paren(r) : read_unary(r);
}

/* --- behind a value --- */

/* Behind GetValueOrDefault: <T>, up to its `>`. */
static bool read_type_argument(struct reader *r, struct frame *frame)
{
    if (frame->member->run != expression_host_variable_or)
        return reader_refuse(r, r->token.at, "%s takes no type in <>", frame->member->name);
    if (!next(r))
        return false;
    frame->type = expression_cast_type(r->token.source);
    if (frame->type == TYPE_COUNT)
        return refuse_token(r, "string, int, bool or Jwt");
    if (!next(r))
        return false;
    return is_sign(&r->token, ">") ? next(r) : refuse_token(r, "`>`");
}

/* A method's name is the token: its arguments begin, or, where there are none, it is called. */
static bool read_method(struct reader *r, const struct expression_member *member, bool *is_value)
{
    struct frame frame = {.kind = FRAME_CALL, .at = r->token.at, .member = member, .type = TYPE_COUNT};
    if (!next(r) || (is_sign(&r->token, "<") && !read_type_argument(r, &frame)))
        return false;
    if (!is_sign(&r->token, "("))
        return reader_refuse(r, frame.at, "%s is a method; write %s(%s)", member->name, member->name,
                             member->least == 0 ? "" : "...");
    struct expression_token closing = peek(r, &r->token);
    if (is_sign(&closing, ")")) {
        r->token = closing;
        return reader_call(r, &frame);
    }
    *is_value = false;
    return reader_open(r, &frame);
}

static bool read_member(struct reader *r, bool *is_value)
{
    if (!reader_listen(r) || !next(r))
        return false;
    if (r->token.kind != LEX_WORD)
        return refuse_token(r, "a member's name");
    enum expression_type type = r->operands[r->height - 1].type;
    const struct expression_member *member = expression_member_find(type, r->token.source, false);
    if (member == NULL)
        return refuse_member(r, type);
    if (member->kind == MEMBER_METHOD)
        return read_method(r, member, is_value);
    struct expression_token behind = peek(r, &r->token);
    if (is_sign(&behind, "("))
        return reader_refuse(r, r->token.at, "%s is no method; write it without ()", member->name);
    return reader_property(r, member);
}

static bool read_index(struct reader *r)
{
    if (!reader_listen(r))
        return false;
    enum expression_type type = r->operands[r->height - 1].type;
    struct frame frame = {.kind = FRAME_INDEX, .at = r->token.at, .type = TYPE_COUNT};
    frame.member = expression_member_find(type, SPAN(""), true);
    if (frame.member != NULL)
        return reader_open(r, &frame);
    return reader_refuse(r, r->token.at, "%s has no elements%s", expression_type_name(type),
                         type == TYPE_TEXT ? "; use .Substring" : "");
}

/* `)` and `]` end an argument or a parenthesis, whose frame must be of that kind. */
static bool read_closing(struct reader *r)
{
    bool is_paren = is_sign(&r->token, ")");
    if (!reader_unwind(r, STRENGTH_CONDITIONAL))
        return false;
    struct frame frame = r->frames[r->depth - 1];
    bool fits = is_paren ? frame.kind == FRAME_PAREN || frame.kind == FRAME_CALL : frame.kind == FRAME_INDEX;
    if (!fits)
        return refuse_token(r, frame.kind == FRAME_THEN ? "`:`" : is_paren ? "`]`" : "`)`");
    r->depth--;
    if (frame.kind == FRAME_PAREN)
        return true;
    return reader_argument(r, &frame) && reader_call(r, &frame);
}

static bool read_comma(struct reader *r)
{
    if (!reader_unwind(r, STRENGTH_CONDITIONAL))
        return false;
    struct frame *frame = r->depth == 0 ? NULL : &r->frames[r->depth - 1];
    if (frame == NULL || frame->kind != FRAME_CALL)
        return refuse_token(r, "an operator or `)`");
    return reader_argument(r, frame);
}

static bool read_colon(struct reader *r)
{
    if (!reader_unwind(r, STRENGTH_CONDITIONAL))
        return false;
    if (r->depth == 0 || r->frames[r->depth - 1].kind != FRAME_THEN)
        return refuse_token(r, "an operator or `)`");
    return reader_else(r);
}

/* Operators whose right side is not always evaluated.  `binds`: what binds as strongly on the left is done first. */
static const struct {
    const char *sign;
    enum frame_kind kind;
    enum strength strength, binds;
} jumping[] = {
    {"&&", FRAME_AND, STRENGTH_AND, STRENGTH_AND},
    {"||", FRAME_OR, STRENGTH_OR, STRENGTH_OR},
    {"\?\?", FRAME_COALESCE, STRENGTH_COALESCE, STRENGTH_OR},
    {"?", FRAME_THEN, STRENGTH_CONDITIONAL, STRENGTH_COALESCE},
};

/* What is no value, as context.LastError, is always there, and cannot be compared with null. */
static bool refuse_null_step(struct reader *r)
{
    enum expression_type type = r->operands[r->height - 1].type;
    struct expression_token member = peek(r, &r->token);
    if (expression_type_is_value(type) || member.kind != LEX_WORD || r->is_secret)
        return refuse_token(r, "an operator or `)`");
    return reader_refuse(r, r->token.at, "\"?.\": write %s.%s; %s is never null here", expression_type_name(type),
                         QUOTED(span_cut(member.source, 64)), expression_type_name(type));
}

static enum strength strength_of(const struct expression_member *sign)
{
    if (sign->name[0] == '+' || sign->name[0] == '-')
        return STRENGTH_SUM;
    return sign->name[0] == '<' || sign->name[0] == '>' ? STRENGTH_ORDER : STRENGTH_EQUALITY;
}

static bool read_operator(struct reader *r)
{
    struct frame frame = {.kind = FRAME_BINARY, .at = r->token.at};
    if (is_sign(&r->token, "?."))
        return refuse_null_step(r);
    for (size_t i = 0; i < COUNT_OF(jumping); i++) {
        if (!is_sign(&r->token, jumping[i].sign))
            continue;
        frame.kind = jumping[i].kind;
        frame.strength = jumping[i].strength;
        return reader_unwind(r, jumping[i].binds) && reader_left(r, &frame) && reader_open(r, &frame);
    }
    frame.member = r->token.kind == LEX_SIGN ? expression_operator(r->token.source, false) : NULL;
    if (frame.member == NULL)
        return refuse_token(r, "an operator or `)`");
    frame.strength = strength_of(frame.member);
    return reader_unwind(r, frame.strength) && reader_open(r, &frame);
}

/* `*is_value`: it still ends in a value. */
static bool read_behind(struct reader *r, bool *is_value)
{
    if (is_sign(&r->token, "."))
        return read_member(r, is_value);
    if (is_sign(&r->token, ")") || is_sign(&r->token, "]"))
        return read_closing(r);
    *is_value = false;
    if (is_sign(&r->token, "["))
        return read_index(r);
    if (is_sign(&r->token, ","))
        return read_comma(r);
    return is_sign(&r->token, ":") ? read_colon(r) : read_operator(r);
}

/* --- the whole --- */

/* The frame at the bottom is the parenthesis of @(...): when it is closed, the expression is read. */
static bool read_all(struct reader *r)
{
    bool is_value = false;
    while (r->depth > 0) {
        if (!next(r))
            return false;
        bool is_read = is_value ? read_behind(r, &is_value) : read_operand(r, &is_value);
        if (!is_read)
            return false;
    }
    if (!reader_result(r) || !next(r))
        return false;
    return r->token.kind == LEX_END || refuse_token(r, "the end behind the closing `)`");
}

static struct span blanks_cut(struct span text)
{
    while (text.len > 0 && strchr(" \t\r\n", text.at[0]) != NULL && text.at[0] != '\0')
        text = span_from(text, 1);
    return text;
}

bool expression_is(struct span text)
{
    text = blanks_cut(text);
    return span_starts(text, SPAN("@(")) || span_starts(text, SPAN("@{"));
}

static bool is_constant(const struct expression *expression)
{
    for (size_t i = 0; i < expression->count; i++)
        if (expression->ops[i].kind == OP_CALL && !expression->ops[i].member->is_constant)
            return false;
    return true;
}

/* What always gives the same is evaluated now: what always fails is an error of the policy. */
static bool finish(struct reader *r, struct expression *made)
{
    const struct expression_context context = {.arena = r->arena};
    struct err why;
    struct span ops = arena_copy(r->arena, buf_span(&r->ops));
    if (ops.at == NULL)
        return fail(r->err, REASON_OUT_OF_MEMORY, "no memory for an expression");
    made->ops = (const struct expression_op *)(const void *)ops.at;
    made->count = reader_op_count(r);
    made->is_constant = is_constant(made);
    if (!made->is_constant || expression_evaluate(made, &context, &made->value, &why))
        return true;
    if (why.reason != REASON_EXPRESSION_FAILED)
        return fail(r->err, why.reason, "%s", why.text);
    return reader_refuse(r, 0, "it always fails: %s", why.text);
}

static bool read_expression(struct reader *r, struct span text, struct expression *made)
{
    size_t begin = text.len - blanks_cut(text).len;
    struct frame whole = {.kind = FRAME_PAREN, .at = begin + 1, .type = TYPE_COUNT};
    if (text.len > EXPRESSION_BYTES_MAX)
        return reader_refuse(r, EXPRESSION_BYTES_MAX, "%zu bytes; an expression has at most %d", text.len,
                             EXPRESSION_BYTES_MAX);
    if (span_starts(span_from(text, begin), SPAN("@{")))
        return reader_refuse(r, begin, "\"@{\": statements are not supported; write one expression @(...)");
    if (!expression_is(text))
        return reader_refuse(r, begin, "an expression is written @(...)");
    r->token = (struct expression_token){.at = begin, .source = span_cut(span_from(text, begin), 2)};
    return reader_open(r, &whole) && read_all(r) && finish(r, made);
}

bool expression_read(const struct expression_source *source, struct arena *arena, const struct expression **expression,
                     size_t *offset, struct err *err)
{
    struct expression *made = arena_zero(arena, sizeof *made);
    struct reader *r = calloc(1, sizeof *r);
    *offset = 0;
    bool is_read = made != NULL && r != NULL;
    if (!is_read)
        fail(err, REASON_OUT_OF_MEMORY, "no memory for an expression");
    if (is_read) {
        r->text = source->text;
        r->is_secret = source->is_secret;
        r->arena = arena;
        r->offset = offset;
        r->err = err;
        is_read = read_expression(r, source->text, made);
        buf_fini(&r->ops);
    }
    free(r);
    *expression = is_read ? made : NULL;
    return is_read;
}
