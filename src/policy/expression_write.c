/* SPDX-License-Identifier: Apache-2.0 */
/* Writing the program: each operator, call and result with the types that it takes; what is certain to fail is refused here. */
#include "expression_read_int.h"

#include <stdarg.h>
#include <stdio.h>

bool reader_refuse(struct reader *r, size_t at, const char *format, ...)
{
    char text[ERR_TEXT_BYTES];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    *r->offset = at;
    return fail(r->err, REASON_CONFIG, "%s", text);
}

/* --- operations and operands --- */

size_t reader_op_count(const struct reader *r)
{
    return buf_len(&r->ops) / sizeof(struct expression_op);
}

static struct expression_op *op_at(struct reader *r, size_t index)
{
    return &((struct expression_op *)(void *)r->ops.at)[index];
}

static void jump_here(struct reader *r, size_t from)
{
    r->joined = reader_op_count(r);
    op_at(r, from)->jump = r->joined;
}

static bool emit(struct reader *r, const struct expression_op *op)
{
    return buf_add(&r->ops, op, sizeof *op) || fail(r->err, REASON_OUT_OF_MEMORY, "no memory for an expression");
}

/* An operation on the value that the last one left, whose name it bears. */
static bool emit_behind(struct reader *r, enum expression_op_kind kind, enum expression_type wanted)
{
    const struct expression_op *last = op_at(r, reader_op_count(r) - 1);
    struct expression_op op = {.kind = kind, .wanted = wanted};
    if (last->kind == OP_CALL && r->joined != reader_op_count(r)) {
        op.member = last->member;
        op.key = last->key;
    }
    return emit(r, &op);
}

bool reader_push(struct reader *r, enum expression_type type, size_t at)
{
    if (r->height == EXPRESSION_HEIGHT_MAX)
        return reader_refuse(r, at, "more than %d values at once", EXPRESSION_HEIGHT_MAX);
    r->operands[r->height++] = (struct operand){.type = type, .at = at};
    return true;
}

bool reader_literal(struct reader *r, enum expression_type type, struct value value, size_t at)
{
    struct expression_op op = {.kind = OP_PUSH, .literal = value};
    if (!reader_push(r, type, at) || !emit(r, &op))
        return false;
    if (value.kind == VALUE_TEXT)
        r->operands[r->height - 1].text = value.text;
    return true;
}

static bool must_be_value(struct reader *r, const struct operand *operand)
{
    if (expression_type_is_value(operand->type))
        return true;
    if (operand->type == TYPE_CHAR)
        return reader_refuse(r, operand->at,
                             "'...' is only understood as the argument of a text's method; write \"...\"");
    return reader_refuse(r, operand->at, "%s is no value; name one of its members",
                         expression_type_name(operand->type));
}

/* Takes a value off; false: the operand is none. */
static bool pop(struct reader *r, struct operand *operand)
{
    *operand = r->operands[--r->height];
    return must_be_value(r, operand);
}

/* --- operators --- */

bool reader_open(struct reader *r, const struct frame *frame)
{
    if (r->depth == EXPRESSION_DEPTH_MAX)
        return reader_refuse(r, frame->at, "nested deeper than %d", EXPRESSION_DEPTH_MAX);
    r->frames[r->depth++] = *frame;
    return true;
}

static bool close_operator(struct reader *r, const struct frame *frame)
{
    struct operand right;
    struct operand left;
    bool is_unary = frame->kind == FRAME_UNARY;
    if (!pop(r, &right))
        return false;
    left = right;
    if (!is_unary && !pop(r, &left))
        return false;
    enum expression_type type = expression_operator_type(frame->member, left.type, right.type);
    if (type == TYPE_COUNT)
        return reader_refuse(r, frame->at, "%s does not take %s%s%s", frame->member->name,
                             expression_type_name(left.type), is_unary ? "" : " and ",
                             is_unary ? "" : expression_type_name(right.type));
    struct expression_op op = {.kind = OP_CALL, .count = is_unary ? 1 : 2, .member = frame->member, .wanted = type};
    return emit(r, &op) && reader_push(r, type, left.at);
}

/* What turns a value into the one that somebody tried to cast it to. */
static const char *cast_advice(enum expression_type wanted)
{
    if (wanted == TYPE_TEXT)
        return "; use .ToString()";
    return wanted == TYPE_INT ? "; use int.Parse" : wanted == TYPE_BOOL ? "; use bool.Parse" : "";
}

static bool close_cast(struct reader *r, const struct frame *frame)
{
    struct operand operand;
    if (!pop(r, &operand))
        return false;
    enum expression_type found = expression_type_plain(operand.type);
    bool can_be_null = frame->type == TYPE_TEXT || frame->type == TYPE_TOKEN;
    if (found == TYPE_ANY && !emit_behind(r, OP_CAST, frame->type))
        return false;
    if (found != TYPE_ANY && found != frame->type && !(found == TYPE_NULL && can_be_null))
        return reader_refuse(r, frame->at, "a cast does not make %s of %s%s", expression_type_name(frame->type),
                             expression_type_name(found), cast_advice(frame->type));
    return reader_push(r, frame->type, operand.at);
}

static bool must_be_bool(struct reader *r, const struct operand *operand, const char *where)
{
    if (operand->type == TYPE_BOOL || operand->type == TYPE_ANY)
        return true;
    return reader_refuse(r, operand->at, "%s takes a bool, not %s", where, expression_type_name(operand->type));
}

/* The right side of && and ||: the left one decided nothing. */
static bool close_logic(struct reader *r, const struct frame *frame)
{
    struct operand right;
    if (!pop(r, &right) || !must_be_bool(r, &right, frame->kind == FRAME_AND ? "&&" : "||"))
        return false;
    if (right.type == TYPE_ANY && !emit_behind(r, OP_CAST, TYPE_BOOL))
        return false;
    jump_here(r, frame->jump);
    return reader_push(r, TYPE_BOOL, right.at);
}

/* The right side of ?? and the second result of ?:. */
static bool close_choice(struct reader *r, const struct frame *frame)
{
    struct operand right;
    if (!pop(r, &right))
        return false;
    enum expression_type type = expression_type_join(frame->type, right.type);
    if (type == TYPE_COUNT)
        return reader_refuse(r, frame->at, "%s gives either %s or %s", frame->kind == FRAME_ELSE ? "?:" : "\?\?",
                             expression_type_name(frame->type), expression_type_name(right.type));
    jump_here(r, frame->jump);
    return reader_push(r, type, right.at);
}

static bool close_frame(struct reader *r, const struct frame *frame)
{
    switch (frame->kind) {
    case FRAME_BINARY:
    case FRAME_UNARY: return close_operator(r, frame);
    case FRAME_CAST: return close_cast(r, frame);
    case FRAME_AND:
    case FRAME_OR: return close_logic(r, frame);
    case FRAME_COALESCE:
    case FRAME_ELSE: return close_choice(r, frame);
    case FRAME_PAREN:
    case FRAME_CALL:
    case FRAME_INDEX:
    case FRAME_THEN: break;
    }
    return false; /* a bracket: it is closed by its sign, never from here */
}

bool reader_unwind(struct reader *r, enum strength strength)
{
    while (r->depth > 0 && r->frames[r->depth - 1].kind < FRAME_PAREN && r->frames[r->depth - 1].strength >= strength)
        if (!close_frame(r, &r->frames[--r->depth]))
            return false;
    return true;
}

bool reader_left(struct reader *r, struct frame *frame)
{
    struct operand left;
    struct expression_op op = {.kind = OP_COALESCE};
    if (!pop(r, &left))
        return false;
    frame->type = expression_type_plain(left.type);
    frame->jump = reader_op_count(r);
    if (frame->kind == FRAME_COALESCE) {
        if (left.type == TYPE_BOOL || left.type == TYPE_INT)
            return reader_refuse(r, frame->at, "\?\? does not take %s: it is never null",
                                 expression_type_name(left.type));
        return emit(r, &op);
    }
    op.kind = frame->kind == FRAME_AND ? OP_AND : frame->kind == FRAME_OR ? OP_OR : OP_JUMP_FALSE;
    const char *where = frame->kind == FRAME_AND ? "&&" : frame->kind == FRAME_OR ? "||" : "?:";
    return must_be_bool(r, &left, where) && emit(r, &op);
}

bool reader_else(struct reader *r)
{
    struct frame *frame = &r->frames[r->depth - 1];
    struct operand first;
    struct expression_op op = {.kind = OP_JUMP};
    if (!pop(r, &first) || !emit(r, &op))
        return false;
    jump_here(r, frame->jump);
    frame->kind = FRAME_ELSE;
    frame->strength = STRENGTH_CONDITIONAL;
    frame->type = expression_type_plain(first.type);
    frame->jump = reader_op_count(r) - 1;
    return true;
}

/* --- members --- */

bool reader_listen(struct reader *r)
{
    struct operand *top = &r->operands[r->height - 1];
    if (top->type != TYPE_LINES)
        return true;
    top->type = TYPE_TEXTS;
    return emit_behind(r, OP_LIST, TYPE_TEXTS);
}

bool reader_property(struct reader *r, const struct expression_member *member)
{
    struct operand *top = &r->operands[r->height - 1];
    struct expression_op op = {.kind = OP_CALL, .count = expression_type_is_there(top->type), .member = member};
    top->type = member->gives;
    top->text = (struct span){NULL, 0};
    return member->run == NULL || emit(r, &op);
}

static bool is_taken(enum expression_type wanted, enum expression_type found)
{
    if (wanted == TYPE_ANY)
        return expression_type_is_value(found) && found != TYPE_TEXTS && found != TYPE_CERTIFICATE;
    bool is_text = wanted == TYPE_TEXT || wanted == TYPE_CHAR;
    if (is_text && (found == TYPE_LINES || found == TYPE_NULL))
        return true;
    if (wanted == TYPE_CHAR && found == TYPE_TEXT)
        return true;
    return found == wanted || found == TYPE_ANY;
}

/* The default of a variable is of the type that was asked for; without one, it tells the type. */
static bool take_default(struct reader *r, struct frame *frame, const struct operand *operand)
{
    enum expression_type type = expression_type_plain(operand->type);
    bool is_known = type == TYPE_TEXT || type == TYPE_BOOL || type == TYPE_INT || type == TYPE_TOKEN;
    if (frame->type == TYPE_COUNT && is_known)
        frame->type = type;
    if (frame->type == TYPE_COUNT || type == TYPE_ANY || expression_type_join(type, frame->type) == frame->type)
        return true;
    return reader_refuse(r, operand->at, "the default is %s, not %s", expression_type_name(type),
                         expression_type_name(frame->type));
}

static bool is_variable_or(const struct frame *frame)
{
    return frame->member->run == expression_host_variable_or;
}

/* What is wrong with an argument beyond its type. */
static bool check_argument(struct reader *r, struct frame *frame, const struct operand *operand)
{
    if (is_variable_or(frame) && frame->arguments == 1)
        return take_default(r, frame, operand);
    bool is_format = frame->member->run == expression_time_to_string;
    if (is_format && (operand->text.at == NULL || !expression_time_format_is(operand->text)))
        return reader_refuse(
            r, operand->at,
            "times are formatted by \"o\", \"s\", \"r\" or \"yyyy-MM-ddTHH:mm:ssZ\", written as a literal");
    return true;
}

/* Whether the first argument is a name, which messages may show; other literals may be secrets. */
static bool names_entry(const struct reader *r, enum expression_type of)
{
    if (r->is_secret)
        return false;
    return of == TYPE_CLAIMS || of == TYPE_VARIABLES || of == TYPE_REQUEST_HEADERS || of == TYPE_RESPONSE_HEADERS ||
           of == TYPE_QUERY || of == TYPE_ORIGINAL_QUERY;
}

bool reader_argument(struct reader *r, struct frame *frame)
{
    const struct expression_member *member = frame->member;
    struct operand *operand = &r->operands[r->height - 1];
    enum expression_type wanted = member->takes[frame->arguments == 0 ? 0 : 1];
    const char *name = member->kind == MEMBER_INDEX ? "[]" : member->name;
    if (frame->arguments == member->most)
        return reader_refuse(r, operand->at, "%s takes at most %u argument%s", name, member->most,
                             PLURAL(member->most));
    if (wanted == TYPE_TEXTS && !reader_listen(r))
        return false;
    if (operand->type != TYPE_CHAR && !must_be_value(r, operand))
        return false;
    if (!is_taken(wanted, operand->type))
        return reader_refuse(r, operand->at, "%s takes %s here, not %s", name,
                             wanted == TYPE_ANY ? "a single value"
                                                : expression_type_name(wanted == TYPE_CHAR ? TYPE_TEXT : wanted),
                             expression_type_name(operand->type));
    if (!check_argument(r, frame, operand))
        return false;
    if (frame->arguments++ == 0 && names_entry(r, member->of))
        frame->key = operand->text;
    return true;
}

/* default(T): of types without null, what .GetValueOrDefault<T>("v") gives where there is no such variable. */
static bool add_default(struct reader *r, struct frame *frame)
{
    const struct value zero = {.kind = VALUE_INT};
    const struct value no = {.kind = VALUE_BOOL};
    if (!is_variable_or(frame) || frame->arguments != 1 || (frame->type != TYPE_INT && frame->type != TYPE_BOOL))
        return true;
    frame->arguments++;
    return reader_literal(r, frame->type, frame->type == TYPE_INT ? zero : no, frame->at);
}

bool reader_call(struct reader *r, struct frame *frame)
{
    const struct expression_member *member = frame->member;
    if (frame->arguments < member->least)
        return reader_refuse(r, frame->at, "%s takes %s%u argument%s", member->name,
                             member->least < member->most ? "at least " : "", member->least, PLURAL(member->least));
    if (!add_default(r, frame))
        return false;
    r->height -= frame->arguments;
    struct operand *of = &r->operands[r->height - 1];
    struct expression_op op = {.kind = OP_CALL, .member = member, .key = frame->key};
    op.count = frame->arguments + (expression_type_is_there(of->type) ? 1 : 0);
    *of = (struct operand){.type = member->gives, .at = of->at};
    if (!emit(r, &op))
        return false;
    if (!is_variable_or(frame) || frame->type == TYPE_COUNT)
        return true;
    of->type = frame->type;
    return emit_behind(r, OP_CAST, frame->type);
}

bool reader_result(struct reader *r)
{
    struct operand result;
    return pop(r, &result);
}
