/* SPDX-License-Identifier: Apache-2.0 */
/* The program of a filter, run.  Types were checked when it was read; null stands for unknown. */
#include "odata_filter_int.h"

#include "dev/odata_text.h"

static struct odata_value truth(bool is_true)
{
    return (struct odata_value){.type = ODATA_TRUTH, .truth = is_true};
}

/* OData URL Conventions 5.1.1.1.7, 5.1.1.1.8: one side may decide alone. */
static struct odata_value join(const struct odata_value *a, const struct odata_value *b, bool decides)
{
    if ((a->type == ODATA_TRUTH && a->truth == decides) || (b->type == ODATA_TRUTH && b->truth == decides))
        return truth(decides);
    return a->type == ODATA_NULL || b->type == ODATA_NULL ? (struct odata_value){.type = ODATA_NULL} : truth(!decides);
}

/* null equals null and nothing else; it is neither greater nor less (5.1.1.1.1 to 5.1.1.1.6). */
static struct odata_value compare(enum odata_operator_id id, const struct odata_value *a, const struct odata_value *b)
{
    int order = odata_value_compare(a, b);
    bool has_order = a->type != ODATA_NULL && b->type != ODATA_NULL;
    switch (id) {
    case ODATA_EQ: return truth(order == 0);
    case ODATA_NE: return truth(order != 0);
    case ODATA_GT: return truth(has_order && order > 0);
    case ODATA_GE: return truth(has_order && order >= 0);
    case ODATA_LT: return truth(has_order && order < 0);
    default: return truth(has_order && order <= 0);
    }
}

static struct odata_value of_text(struct span text)
{
    bool is_there = text.at != NULL;
    return (struct odata_value){.type = is_there ? ODATA_TEXT : ODATA_NULL, .text = text};
}

static struct odata_value call(enum odata_operator_id id, struct arena *arena, const struct odata_value *a,
                               const struct odata_value *b)
{
    if (a->type == ODATA_NULL || b->type == ODATA_NULL)
        return (struct odata_value){.type = ODATA_NULL};
    switch (id) {
    case ODATA_CONTAINS: return truth(span_holds(a->text, b->text));
    case ODATA_STARTSWITH: return truth(span_starts(a->text, b->text));
    case ODATA_ENDSWITH: return truth(span_ends(a->text, b->text));
    case ODATA_TOLOWER: return a->text.len == 0 ? *a : of_text(odata_text_lower(arena, a->text));
    case ODATA_TOUPPER: return a->text.len == 0 ? *a : of_text(odata_text_upper(arena, a->text));
    default: return (struct odata_value){.type = ODATA_NUMBER, .number = (double)odata_text_length(a->text)};
    }
}

static struct odata_value run(enum odata_operator_id id, struct arena *arena, const struct odata_value *a,
                              const struct odata_value *b)
{
    if (odata_operators[id].is_function)
        return call(id, arena, a, b);
    if (id == ODATA_NOT)
        return a->type == ODATA_NULL ? *a : truth(!a->truth);
    if (id == ODATA_AND || id == ODATA_OR)
        return join(a, b, id == ODATA_OR);
    return compare(id, a, b);
}

bool odata_filter_passes(const struct odata_filter *filter, const struct odata_value *values)
{
    struct odata_value stack[ODATA_FILTER_DEPTH_MAX * 2];
    AUTO(arena) arena = {0};
    size_t height = 0;
    for (size_t i = 0; i < filter->count; i++) {
        const struct odata_filter_item *item = &filter->items[i];
        if (item->does == ODATA_PAREN) {
            stack[height++] = item->property == ODATA_NO_PROPERTY ? item->literal : values[item->property];
            continue;
        }
        height -= odata_operators[item->does].arity;
        size_t last = height + odata_operators[item->does].arity - 1;
        stack[height] = run(item->does, &arena, &stack[height], &stack[last]);
        height++;
    }
    return stack[0].type == ODATA_TRUTH && stack[0].truth;
}
