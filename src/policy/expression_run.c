/* SPDX-License-Identifier: Apache-2.0 */
/* Evaluating: the program run on a stack of values.
 *
 * Jumps only go forward, so a run ends after as many steps as the program has.  Types are looked at again although they were
 * checked when the text was read: a variable may hold anything, and any text may be null.
 */
#include "expression_int.h"

#include <stdio.h>

/* --- for functions of operators and members --- */

/* The part of an expression that is at work, as its author wrote it: `context.Variables["v"]`, `ToLower()`, `==`. */
static void part_name(const struct expression_op *op, char *out, size_t size)
{
    const struct expression_member *member = op->member;
    bool has_value = expression_type_is_there(member->of);
    const char *of = has_value && member->of != TYPE_CLAIMS ? "" : expression_type_name(member->of);
    const char *dot = *of == '\0' ? "" : ".";
    char key[QUOTED_BYTES + 2] = "";
    if (op->key.at != NULL)
        snprintf(key, sizeof key, "\"%s\"", QUOTED(span_cut(op->key, 100)));
    switch (member->kind) {
    case MEMBER_INDEX: snprintf(out, size, "%s[%s]", of, key); break;
    case MEMBER_METHOD: snprintf(out, size, "%s%s%s(%s)", of, dot, member->name, key); break;
    case MEMBER_PROPERTY: snprintf(out, size, "%s%s%s", of, dot, member->name); break;
    case MEMBER_OPERATOR: snprintf(out, size, "%s", member->name); break;
    }
}

bool expression_fail(const struct expression_call *call, const char *why)
{
    char part[QUOTED_BYTES + 64];
    part_name(call->op, part, sizeof part);
    return fail(call->err, REASON_EXPRESSION_FAILED, "%s: %s", part, why);
}

void *expression_take(struct expression_call *call, size_t bytes)
{
    struct expression_run *run = call->run;
    if (bytes > EXPRESSION_WORK_MAX - run->work) {
        expression_fail(call, "the evaluation makes too many bytes");
        return NULL;
    }
    run->work += bytes;
    void *at = arena_take(run->context->arena, bytes);
    if (at == NULL)
        fail(call->err, REASON_OUT_OF_MEMORY, "no memory to evaluate an expression");
    return at;
}

bool expression_text_at(struct expression_call *call, size_t index, struct span *text)
{
    const struct value *value = &call->at[index];
    if (value->kind == VALUE_TEXT) {
        *text = value->text;
        return true;
    }
    return expression_fail(call, value->kind == VALUE_NULL ? "null, where a text is needed" : "a text is needed");
}

bool expression_int_at(struct expression_call *call, size_t index, int64_t *integer)
{
    if (call->at[index].kind != VALUE_INT)
        return expression_fail(call, "an int is needed");
    *integer = call->at[index].integer;
    return true;
}

bool expression_print_at(struct expression_call *call, size_t index, struct span *text)
{
    const struct value *value = &call->at[index];
    struct err err;
    if (value_text(value, call->run->context->arena, text, &err))
        return true;
    if (err.reason == REASON_EXPRESSION_FAILED)
        return expression_fail(call, err.text);
    return fail(call->err, err.reason, "%s", err.text);
}

bool expression_give_text(struct expression_call *call, struct span text)
{
    if (text.len > EXPRESSION_RESULT_MAX)
        return expression_fail(call, "its text is too long");
    call->at[0] = (struct value){.kind = VALUE_TEXT, .text = text};
    return true;
}

bool expression_give_bool(struct expression_call *call, bool is_true)
{
    call->at[0] = (struct value){.kind = VALUE_BOOL, .boolean = is_true};
    return true;
}

bool expression_give_int(struct expression_call *call, int64_t integer)
{
    if (integer < INT32_MIN || integer > INT32_MAX)
        return expression_fail(call, "more than an int holds");
    call->at[0] = (struct value){.kind = VALUE_INT, .integer = integer};
    return true;
}

bool expression_give_null(struct expression_call *call)
{
    call->at[0] = (struct value){.kind = VALUE_NULL};
    return true;
}

bool expression_give_joined(struct expression_call *call, struct span separator, const struct span *texts, size_t count)
{
    size_t len = 0;
    for (size_t i = 0; i < count && len <= EXPRESSION_RESULT_MAX; i++)
        len += texts[i].len + (i > 0 ? separator.len : 0);
    if (len > EXPRESSION_RESULT_MAX)
        return expression_fail(call, "its text is too long");
    char *begin = expression_take(call, len);
    char *to = begin;
    for (size_t i = 0; begin != NULL && i < count; i++) {
        const struct span pieces[] = {i > 0 ? separator : SPAN(""), texts[i]};
        for (size_t j = 0; j < COUNT_OF(pieces); j++) {
            if (pieces[j].len > 0)
                memcpy(to, pieces[j].at, pieces[j].len);
            to += pieces[j].len;
        }
    }
    return begin != NULL && expression_give_text(call, span_of(begin, len));
}

/* --- steps --- */

struct machine {
    struct expression_run run;
    struct value stack[EXPRESSION_HEIGHT_MAX];
    size_t height;
    struct err *err;
};

static bool is_cast_right(enum value_kind kind, enum expression_type wanted)
{
    bool is_null = kind == VALUE_NULL;
    if (wanted == TYPE_TEXT)
        return is_null || kind == VALUE_TEXT;
    if (wanted == TYPE_TOKEN)
        return is_null || kind == VALUE_TOKEN;
    return (wanted == TYPE_BOOL && kind == VALUE_BOOL) || (wanted == TYPE_INT && kind == VALUE_INT);
}

static bool step_cast(struct machine *m, const struct expression_op *op)
{
    char why[64];
    if (is_cast_right(m->stack[m->height - 1].kind, op->wanted))
        return true;
    struct expression_call call = {&m->run, op, &m->stack[m->height - 1], m->err};
    snprintf(why, sizeof why, "it is not %s", expression_type_name(op->wanted));
    return op->member != NULL ? expression_fail(&call, why)
                              : fail(m->err, REASON_EXPRESSION_FAILED, "a value: %s", why);
}

static bool step_list(struct machine *m, const struct expression_op *op)
{
    struct value *top = &m->stack[m->height - 1];
    struct expression_call call = {&m->run, op, top, m->err};
    if (top->kind != VALUE_TEXT)
        return expression_fail(&call, "null, where a list is needed");
    struct span *text = expression_take(&call, sizeof *text);
    if (text == NULL)
        return false;
    *text = top->text;
    *top = (struct value){.kind = VALUE_TEXTS, .texts = {text, 1}};
    return true;
}

static bool step_call(struct machine *m, const struct expression_op *op)
{
    m->height -= op->count;
    struct expression_call call = {&m->run, op, &m->stack[m->height++], m->err};
    return op->member->run(&call);
}

/* `*jumps`: the next step is that at op->jump. */
static bool step_condition(struct machine *m, const struct expression_op *op, bool *jumps)
{
    const struct value *top = &m->stack[m->height - 1];
    if (top->kind != VALUE_BOOL)
        return fail(m->err, REASON_EXPRESSION_FAILED, "%s: a bool is needed",
                    op->kind == OP_AND  ? "&&"
                    : op->kind == OP_OR ? "||"
                                        : "?:");
    *jumps = op->kind == OP_OR ? top->boolean : !top->boolean;
    if (op->kind == OP_JUMP_FALSE || !*jumps)
        m->height--;
    return true;
}

static bool step(struct machine *m, const struct expression_op *op, bool *jumps)
{
    *jumps = false;
    switch (op->kind) {
    case OP_PUSH: m->stack[m->height++] = op->literal; return true;
    case OP_CALL: return step_call(m, op);
    case OP_CAST: return step_cast(m, op);
    case OP_LIST: return step_list(m, op);
    case OP_JUMP: *jumps = true; return true;
    case OP_JUMP_FALSE:
    case OP_AND:
    case OP_OR: return step_condition(m, op, jumps);
    case OP_COALESCE: break;
    }
    *jumps = m->stack[m->height - 1].kind != VALUE_NULL;
    m->height -= *jumps ? 0 : 1;
    return true;
}

bool expression_evaluate(const struct expression *expression, const struct expression_context *context,
                         struct value *value, struct err *err)
{
    struct machine m;
    m.run = (struct expression_run){.context = context};
    m.height = 0;
    m.err = err;
    bool jumps = false;
    for (size_t at = 0; at < expression->count; at = jumps ? expression->ops[at].jump : at + 1)
        if (!step(&m, &expression->ops[at], &jumps))
            return false;
    assert(m.height == 1);
    *value = m.stack[0];
    return true;
}

bool expression_is_constant(const struct expression *expression, struct arena *arena, struct value *value)
{
    (void)arena; /* it was evaluated when it was read, in the memory it stands in */
    if (expression->is_constant)
        *value = expression->value;
    return expression->is_constant;
}

void expression_each_variable(const struct expression *expression, void (*visit)(void *of, struct span name), void *of)
{
    for (size_t i = 0; i < expression->count; i++) {
        const struct expression_op *op = &expression->ops[i];
        if (op->kind == OP_CALL && op->member->of == TYPE_VARIABLES && op->key.at != NULL)
            visit(of, op->key);
    }
}

/* Of what one step calls. */
static unsigned reads_of(const struct expression_member *member)
{
    if (member->run == expression_host_fact)
        return 1u << member->which;
    if (member->of == TYPE_REQUEST_HEADERS)
        return EXPRESSION_READS_FIELDS;
    return member->of == TYPE_QUERY || member->of == TYPE_ORIGINAL_QUERY ? EXPRESSION_READS_QUERY : 0;
}

unsigned expression_reads(const struct expression *expression)
{
    unsigned reads = 0;
    for (size_t i = 0; i < expression->count; i++)
        if (expression->ops[i].kind == OP_CALL)
            reads |= reads_of(expression->ops[i].member);
    return reads;
}
