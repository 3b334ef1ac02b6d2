/* SPDX-License-Identifier: Apache-2.0 */
/* Operator precedence by a stack of operators (Dijkstra's shunting yard), output in postfix order; then run on a stack of values.
 *
 * Each item knows how many values it takes.  While reading, a stack of types stands for that of the values: what would fail when
 * run fails when read.
 */
#include "odata_filter_int.h"

#include "dev/odata_text.h"

/* Names, how strongly they bind, and what they take and give; ODATA_NULL as a type: any. */
const struct odata_operator odata_operators[ODATA_OPERATOR_COUNT] = {
    [ODATA_OR] = {"or", 1, 2, ODATA_TRUTH, ODATA_TRUTH, false},
    [ODATA_AND] = {"and", 2, 2, ODATA_TRUTH, ODATA_TRUTH, false},
    [ODATA_EQ] = {"eq", 3, 2, ODATA_NULL, ODATA_TRUTH, false},
    [ODATA_NE] = {"ne", 3, 2, ODATA_NULL, ODATA_TRUTH, false},
    [ODATA_GT] = {"gt", 4, 2, ODATA_NULL, ODATA_TRUTH, false},
    [ODATA_GE] = {"ge", 4, 2, ODATA_NULL, ODATA_TRUTH, false},
    [ODATA_LT] = {"lt", 4, 2, ODATA_NULL, ODATA_TRUTH, false},
    [ODATA_LE] = {"le", 4, 2, ODATA_NULL, ODATA_TRUTH, false},
    [ODATA_NOT] = {"not", 5, 1, ODATA_TRUTH, ODATA_TRUTH, false},
    [ODATA_CONTAINS] = {"contains", 0, 2, ODATA_TEXT, ODATA_TRUTH, true},
    [ODATA_STARTSWITH] = {"startswith", 0, 2, ODATA_TEXT, ODATA_TRUTH, true},
    [ODATA_ENDSWITH] = {"endswith", 0, 2, ODATA_TEXT, ODATA_TRUTH, true},
    [ODATA_TOLOWER] = {"tolower", 0, 1, ODATA_TEXT, ODATA_TEXT, true},
    [ODATA_TOUPPER] = {"toupper", 0, 1, ODATA_TEXT, ODATA_TEXT, true},
    [ODATA_LENGTH] = {"length", 0, 1, ODATA_TEXT, ODATA_NUMBER, true},
    [ODATA_PAREN] = {"(", 0, 0, ODATA_NULL, ODATA_NULL, false},
};

struct reading {
    struct odata_filter *filter;
    struct arena *arena;
    const struct odata_set *set;
    struct span rest;
    struct odata_failure *failure;
    enum odata_operator_id operators[ODATA_FILTER_DEPTH_MAX];
    unsigned arguments[ODATA_FILTER_DEPTH_MAX]; /* of a function's parenthesis, those that are whole */
    size_t depth;
    enum odata_type types[ODATA_FILTER_DEPTH_MAX * 2];
    size_t height;
};

static bool refuse(struct reading *r, const char *why)
{
    return odata_fail(r->failure, ODATA_BAD_REQUEST, "$filter: %s at \"%s\"", why, QUOTED(r->rest));
}

static void skip_blanks(struct reading *r)
{
    while (r->rest.len > 0 && (r->rest.at[0] == ' ' || r->rest.at[0] == '\t'))
        r->rest = span_from(r->rest, 1);
}

/* --- writing the program --- */

static bool put_item(struct reading *r, const struct odata_filter_item *item, enum odata_type type)
{
    if (r->filter->count == ODATA_FILTER_ITEMS_MAX || r->height == COUNT_OF(r->types))
        return refuse(r, "too much to evaluate");
    r->filter->items[r->filter->count++] = *item;
    r->types[r->height++] = type;
    return true;
}

/* Both sides of a comparison are of one type, or null. */
static bool takes(enum odata_type wanted, enum odata_type first, enum odata_type found)
{
    enum odata_type other = wanted == ODATA_NULL ? first : wanted;
    return found == ODATA_NULL || other == ODATA_NULL || found == other;
}

static bool put_operator(struct reading *r, enum odata_operator_id id)
{
    const struct odata_operator *row = &odata_operators[id];
    if (r->height < row->arity)
        return refuse(r, "a value is missing");
    r->height -= row->arity;
    for (size_t i = 0; i < row->arity; i++)
        if (!takes(row->takes, r->types[r->height], r->types[r->height + i]))
            return odata_fail(r->failure, ODATA_BAD_REQUEST, "$filter: %s does not take values of these types",
                              row->name);
    const struct odata_filter_item item = {.does = id, .property = ODATA_NO_PROPERTY};
    return put_item(r, &item, row->gives);
}

static bool push(struct reading *r, enum odata_operator_id id)
{
    if (r->depth == ODATA_FILTER_DEPTH_MAX)
        return refuse(r, "nested too deep");
    r->operators[r->depth] = id;
    r->arguments[r->depth++] = 0;
    return true;
}

static bool is_opening(enum odata_operator_id id)
{
    return id == ODATA_PAREN || odata_operators[id].is_function;
}

/* Writes what binds at least as strongly as `strength`, down to the innermost parenthesis. */
static bool unwind(struct reading *r, unsigned strength)
{
    while (r->depth > 0 && !is_opening(r->operators[r->depth - 1]) &&
           odata_operators[r->operators[r->depth - 1]].strength >= strength)
        if (!put_operator(r, r->operators[--r->depth]))
            return false;
    return true;
}

/* --- reading --- */

static bool find_operator(struct span word, bool is_function, enum odata_operator_id *id)
{
    for (enum odata_operator_id each = 0; each < ODATA_PAREN; each++) {
        if (odata_operators[each].is_function != is_function || !span_eq(word, span_str(odata_operators[each].name)))
            continue;
        *id = each;
        return true;
    }
    return false;
}

static bool read_function(struct reading *r, struct span name)
{
    enum odata_operator_id id;
    if (!find_operator(name, true, &id))
        return odata_fail(r->failure, ODATA_NOT_IMPLEMENTED, "$filter: the function \"%s\" is not implemented",
                          QUOTED(name));
    r->rest = span_from(r->rest, 1);
    return push(r, id);
}

static bool read_property(struct reading *r, struct span name)
{
    struct odata_filter_item item = {.does = ODATA_PAREN, .property = odata_model_property(r->set, name)};
    if (item.property == ODATA_NO_PROPERTY)
        return odata_fail(r->failure, ODATA_BAD_REQUEST, "$filter: %s has no property \"%s\"", r->set->type,
                          QUOTED(name));
    return put_item(r, &item, r->set->properties[item.property].type);
}

static bool read_literal(struct reading *r)
{
    struct odata_filter_item item = {.does = ODATA_PAREN, .property = ODATA_NO_PROPERTY};
    return odata_literal_read(r->arena, &r->rest, &item.literal, r->failure) && put_item(r, &item, item.literal.type);
}

static bool is_literal_word(struct span word)
{
    return span_eq(word, SPAN("true")) || span_eq(word, SPAN("false")) || span_eq(word, SPAN("null"));
}

/* Where a value must come: a parenthesis, `not`, a function, a property or a literal.  `*is_value`: it was a whole one. */
static bool read_operand(struct reading *r, bool *is_value)
{
    struct span before = r->rest;
    *is_value = false;
    if (r->rest.len > 0 && r->rest.at[0] == '(') {
        r->rest = span_from(r->rest, 1);
        return push(r, ODATA_PAREN);
    }
    struct span word = odata_text_take_name(&r->rest);
    if (r->rest.len > 0 && r->rest.at[0] == '/')
        return odata_fail(r->failure, ODATA_NOT_IMPLEMENTED, "$filter: paths of properties are not implemented");
    if (span_eq(word, SPAN("not")))
        return push(r, ODATA_NOT);
    if (word.len > 0 && r->rest.len > 0 && r->rest.at[0] == '(')
        return read_function(r, word);
    *is_value = true;
    if (word.len > 0 && !is_literal_word(word))
        return read_property(r, word);
    r->rest = before;
    return read_literal(r);
}

/* The end of a parenthesis or of a function's arguments. */
static bool read_closing(struct reading *r)
{
    if (!unwind(r, 0) || r->depth == 0)
        return r->depth > 0 ? false : refuse(r, "`)` without `(`");
    enum odata_operator_id opening = r->operators[--r->depth];
    r->rest = span_from(r->rest, 1);
    if (opening == ODATA_PAREN)
        return true;
    if (r->arguments[r->depth] + 1 != odata_operators[opening].arity)
        return refuse(r, "another number of arguments is needed");
    return put_operator(r, opening);
}

static bool read_comma(struct reading *r)
{
    if (!unwind(r, 0))
        return false;
    if (r->depth == 0 || r->operators[r->depth - 1] == ODATA_PAREN)
        return refuse(r, "a comma outside of a function");
    r->arguments[r->depth - 1]++;
    r->rest = span_from(r->rest, 1);
    return true;
}

/* What may stand behind a value. `*is_value`: it still ends in one. */
static bool read_behind(struct reading *r, bool *is_value)
{
    enum odata_operator_id id;
    if (r->rest.at[0] == ')')
        return read_closing(r);
    *is_value = false;
    if (r->rest.at[0] == ',')
        return read_comma(r);
    struct span before = r->rest;
    struct span word = odata_text_take_name(&r->rest);
    if (!find_operator(word, false, &id) || id == ODATA_NOT) {
        r->rest = before;
        return word.len == 0 ? refuse(r, "expected an operator")
                             : odata_fail(r->failure, ODATA_NOT_IMPLEMENTED,
                                          "$filter: the operator \"%s\" is not implemented", QUOTED(word));
    }
    return unwind(r, odata_operators[id].strength) && push(r, id);
}

static bool read_all(struct reading *r)
{
    bool is_value = false;
    for (skip_blanks(r); r->rest.len > 0; skip_blanks(r))
        if (!(is_value ? read_behind(r, &is_value) : read_operand(r, &is_value)))
            return false;
    if (!is_value)
        return refuse(r, "a value is missing");
    if (!unwind(r, 0))
        return false;
    if (r->depth > 0)
        return refuse(r, "`)` is missing");
    return r->types[0] == ODATA_TRUTH || refuse(r, "it is no condition");
}

const struct odata_filter *odata_filter_read(struct arena *arena, const struct odata_set *set, struct span text,
                                             struct odata_failure *failure)
{
    struct odata_filter *filter = arena_take(arena, sizeof *filter);
    struct reading *r = arena_zero(arena, sizeof *r);
    if (filter == NULL || r == NULL) {
        odata_fail_memory(failure);
        return NULL;
    }
    filter->count = 0;
    r->filter = filter;
    r->arena = arena;
    r->set = set;
    r->rest = text;
    r->failure = failure;
    return read_all(r) ? filter : NULL;
}
