/* SPDX-License-Identifier: Apache-2.0 */
/* Operators: what types they take and what they do.
 *
 * Stricter than C# in two places: values of two kinds are never compared, so that a text "5" is not quietly another thing than
 * the number; and an order with null is a failure, not false.
 */
#include "expression_int.h"

/* --- types --- */

static bool is_one_of(enum expression_type type, enum expression_type one, enum expression_type other)
{
    return type == one || type == other;
}

static bool can_be_null(enum expression_type type)
{
    return type != TYPE_BOOL && type != TYPE_INT;
}

enum expression_type expression_type_join(enum expression_type one, enum expression_type other)
{
    one = expression_type_plain(one);
    other = expression_type_plain(other);
    if (one == other)
        return one;
    if (one == TYPE_ANY || other == TYPE_ANY)
        return TYPE_ANY;
    if (one == TYPE_NULL && can_be_null(other))
        return other;
    return other == TYPE_NULL && can_be_null(one) ? one : TYPE_COUNT;
}

/* Lists, tokens and certificates are compared with null only: what makes two of them equal is nothing that a policy should rest on. */
static enum expression_type equality_type(enum expression_type left, enum expression_type right)
{
    bool has_null = left == TYPE_NULL || right == TYPE_NULL;
    if (has_null || left == TYPE_ANY || right == TYPE_ANY)
        return TYPE_BOOL;
    bool is_plain = left != TYPE_TEXTS && left != TYPE_TOKEN && left != TYPE_CERTIFICATE;
    return left == right && is_plain ? TYPE_BOOL : TYPE_COUNT;
}

static enum expression_type sum_type(enum expression_type left, enum expression_type right)
{
    if (left == TYPE_TEXTS || right == TYPE_TEXTS || left == TYPE_CERTIFICATE || right == TYPE_CERTIFICATE)
        return TYPE_COUNT;
    if (left == TYPE_TEXT || right == TYPE_TEXT)
        return TYPE_TEXT;
    if (left == TYPE_INT && right == TYPE_INT)
        return TYPE_INT;
    bool may_be = left == TYPE_ANY || right == TYPE_ANY;
    return may_be ? TYPE_ANY : TYPE_COUNT;
}

static enum expression_type order_type(enum expression_type left, enum expression_type right)
{
    bool is_int = is_one_of(left, TYPE_INT, TYPE_ANY) && is_one_of(right, TYPE_INT, TYPE_ANY);
    bool is_time = is_one_of(left, TYPE_TIME, TYPE_ANY) && is_one_of(right, TYPE_TIME, TYPE_ANY);
    return is_int || is_time ? TYPE_BOOL : TYPE_COUNT;
}

/* --- at work --- */

static bool run_equal(struct expression_call *call)
{
    const struct value *a = &call->at[0];
    const struct value *b = &call->at[1];
    bool is_equal = a->kind == b->kind;
    if (!is_equal && a->kind != VALUE_NULL && b->kind != VALUE_NULL)
        return expression_fail(call, "two values of different types");
    switch (a->kind) {
    case VALUE_NULL: break;
    case VALUE_BOOL: is_equal = is_equal && a->boolean == b->boolean; break;
    case VALUE_INT:
    case VALUE_TIME: is_equal = is_equal && a->integer == b->integer; break;
    case VALUE_TEXT: is_equal = is_equal && span_eq(a->text, b->text); break;
    case VALUE_TEXTS:
    case VALUE_TOKEN:
    case VALUE_CERTIFICATE:
        if (is_equal)
            return expression_fail(call, "a list, a Jwt and a certificate are only compared with null");
        break;
    }
    return expression_give_bool(call, is_equal == (call->op->member->which == 0));
}

enum order { ORDER_LESS, ORDER_AT_MOST, ORDER_GREATER, ORDER_AT_LEAST };

static bool run_order(struct expression_call *call)
{
    const struct value *a = &call->at[0];
    const struct value *b = &call->at[1];
    if (a->kind != b->kind || (a->kind != VALUE_INT && a->kind != VALUE_TIME))
        return expression_fail(call, "two ints or two times are needed");
    switch ((enum order)call->op->member->which) {
    case ORDER_LESS: return expression_give_bool(call, a->integer < b->integer);
    case ORDER_AT_MOST: return expression_give_bool(call, a->integer <= b->integer);
    case ORDER_GREATER: return expression_give_bool(call, a->integer > b->integer);
    case ORDER_AT_LEAST: break;
    }
    return expression_give_bool(call, a->integer >= b->integer);
}

static bool run_sum(struct expression_call *call)
{
    bool is_text = call->at[0].kind == VALUE_TEXT || call->at[1].kind == VALUE_TEXT;
    int64_t sum;
    if (call->at[0].kind == VALUE_INT && call->at[1].kind == VALUE_INT)
        return __builtin_add_overflow(call->at[0].integer, call->at[1].integer, &sum)
                   ? expression_fail(call, "more than an int holds")
                   : expression_give_int(call, sum);
    bool may_be_text = call->at[0].kind == VALUE_NULL || call->at[1].kind == VALUE_NULL;
    bool is_known_text = call->op->wanted == TYPE_TEXT;
    if (!is_text && !(is_known_text && may_be_text))
        return expression_fail(call, "two ints, or a text and something else, are needed");
    struct span texts[2];
    return expression_print_at(call, 0, &texts[0]) && expression_print_at(call, 1, &texts[1]) &&
           expression_give_joined(call, SPAN(""), texts, 2);
}

static bool run_difference(struct expression_call *call)
{
    int64_t a;
    int64_t b;
    int64_t difference;
    if (!expression_int_at(call, 0, &a) || !expression_int_at(call, 1, &b))
        return false;
    return __builtin_sub_overflow(a, b, &difference) ? expression_fail(call, "more than an int holds")
                                                     : expression_give_int(call, difference);
}

static bool run_negative(struct expression_call *call)
{
    int64_t a;
    if (!expression_int_at(call, 0, &a))
        return false;
    return a == INT64_MIN ? expression_fail(call, "more than an int holds") : expression_give_int(call, -a);
}

static bool run_not(struct expression_call *call)
{
    if (call->at[0].kind != VALUE_BOOL)
        return expression_fail(call, "a bool is needed");
    return expression_give_bool(call, !call->at[0].boolean);
}

/* --- the table --- */

#define OPERATOR(sign, arity, type, function, detail)                                                                \
    {                                                                                                                \
        .of = TYPE_ANY, .kind = MEMBER_OPERATOR, .name = (sign), .least = (arity), .most = (arity), .gives = (type), \
        .takes = {(type), (type)}, .run = (function), .which = (detail), .is_constant = true                         \
    }

static const struct expression_member operators[] = {
    OPERATOR("==", 2, TYPE_BOOL, run_equal, 0),
    OPERATOR("!=", 2, TYPE_BOOL, run_equal, 1),
    OPERATOR("<", 2, TYPE_BOOL, run_order, ORDER_LESS),
    OPERATOR("<=", 2, TYPE_BOOL, run_order, ORDER_AT_MOST),
    OPERATOR(">", 2, TYPE_BOOL, run_order, ORDER_GREATER),
    OPERATOR(">=", 2, TYPE_BOOL, run_order, ORDER_AT_LEAST),
    OPERATOR("+", 2, TYPE_ANY, run_sum, 0),
    OPERATOR("-", 2, TYPE_INT, run_difference, 0),
    OPERATOR("-", 1, TYPE_INT, run_negative, 0),
    OPERATOR("!", 1, TYPE_BOOL, run_not, 0),
};

const struct expression_member *expression_operator(struct span sign, bool is_unary)
{
    for (size_t i = 0; i < COUNT_OF(operators); i++)
        if (operators[i].least == (is_unary ? 1u : 2u) && span_eq(sign, span_str(operators[i].name)))
            return &operators[i];
    return NULL;
}

enum expression_type expression_operator_type(const struct expression_member *sign, enum expression_type left,
                                              enum expression_type right)
{
    left = expression_type_plain(left);
    right = expression_type_plain(right);
    if (sign->run == run_equal)
        return equality_type(left, right);
    if (sign->run == run_order)
        return order_type(left, right);
    if (sign->run == run_sum)
        return sum_type(left, right);
    bool takes_left = is_one_of(left, sign->gives, TYPE_ANY);
    return takes_left && is_one_of(right, sign->gives, TYPE_ANY) ? sign->gives : TYPE_COUNT;
}
