/* SPDX-License-Identifier: Apache-2.0 */
/* Reading a policy's element: its attributes by a table, its texts, and what is said about those that do not fit. */
#include "plan_int.h"

#include "base/ascii.h"

void *plan_take(struct plan_reader *r, const struct node *node, size_t size)
{
    void *memory = arena_zero(r->arena, size);
    if (memory == NULL)
        problem_error(r->problems, node, "out of memory");
    return memory;
}

/* ---- attributes ---- */

static bool refuse_attribute(struct plan_reader *r, const struct plan_shape *shape, const struct node *attribute)
{
    const char *known[PLAN_ATTRIBUTES_MAX + 1];
    size_t count = 0;
    for (; count < shape->count; count++)
        known[count] = shape->attributes[count].name;
    if (shape->is_policy)
        known[count++] = "id";
    char what[64];
    snprintf(what, sizeof what, "attribute of <%s>", shape->name);
    return xml_unknown(&r->rule, attribute, what, known, count);
}

/* Index of a known attribute, the shape's count for id, or SIZE_MAX. */
static size_t find_attribute(const struct plan_shape *shape, const struct node *attribute)
{
    if (attribute->space.len > 0)
        return SIZE_MAX;
    for (size_t i = 0; i < shape->count; i++)
        if (span_eq(attribute->key, span_str(shape->attributes[i].name)))
            return i;
    return shape->is_policy && span_eq(attribute->key, SPAN("id")) ? shape->count : SIZE_MAX;
}

static bool take_attribute(struct plan_reader *r, const struct plan_shape *shape, const struct node *attribute,
                           const struct node *found[])
{
    size_t at = find_attribute(shape, attribute);
    if (at == SIZE_MAX)
        return refuse_attribute(r, shape, attribute);
    bool takes_expression = at < shape->count && shape->attributes[at].takes_expression;
    if (at < shape->count)
        found[at] = attribute;
    if (rule_is_bad(&r->rule, attribute))
        return false;
    return takes_expression || !rule_holds_expression(attribute->text) ||
           problem_error(r->problems, attribute,
                         "\"%.*s\" takes no expression: write the value, or a named value, {{name}}",
                         SPAN_ARG(attribute->key));
}

bool plan_attributes(struct plan_reader *r, const struct plan_shape *shape, const struct node *element,
                     const struct node *found[PLAN_ATTRIBUTES_MAX])
{
    bool is_good = true;
    assert(shape->count <= PLAN_ATTRIBUTES_MAX);
    for (size_t i = 0; i < PLAN_ATTRIBUTES_MAX; i++)
        found[i] = NULL;
    for (const struct node *attribute = element->attributes; attribute != NULL; attribute = attribute->next)
        is_good = take_attribute(r, shape, attribute, found) && is_good;
    for (size_t i = 0; i < shape->count; i++)
        if (shape->attributes[i].is_required && found[i] == NULL)
            is_good = problem_error(r->problems, element, "<%s> needs the attribute \"%s\"", shape->name,
                                    shape->attributes[i].name);
    return is_good;
}

/* ---- content ---- */

const struct node *plan_element(struct plan_reader *r, const struct node *child)
{
    for (; child != NULL && child->kind != NODE_ELEMENT; child = child->next)
        problem_warning(r->problems, child, "text between the elements of <%.*s> has no meaning",
                        SPAN_ARG(child->parent->key));
    return child;
}

bool plan_unknown(struct plan_reader *r, const struct node *element, const char *known)
{
    char what[QUOTED_BYTES + 32];
    snprintf(what, sizeof what, "element in <%s>", QUOTED(element->parent->key));
    return xml_unknown(&r->rule, element, what, &known, known == NULL ? 0 : 1);
}

bool plan_is_empty(struct plan_reader *r, const struct node *element)
{
    return element->children == NULL ||
           problem_error(r->problems, element->children, "<%.*s> is expected to be empty", SPAN_ARG(element->key));
}

bool plan_content(struct plan_reader *r, const struct node *element, const struct node **content)
{
    bool is_good = true;
    *content = NULL;
    for (const struct node *child = element->children; child != NULL; child = child->next) {
        if (child->kind == NODE_ELEMENT)
            is_good = plan_unknown(r, child, NULL);
        else
            *content = child;
    }
    return is_good;
}

static bool fold(struct plan_reader *r, const struct node *node, const struct value *value, struct plan_text *text)
{
    struct err err;
    *text = (struct plan_text){.literal = SPAN("")};
    return value_text(value, r->arena, &text->literal, &err) || problem_error(r->problems, node, "%s", err.text);
}

bool plan_text(struct plan_reader *r, const struct node *node, struct plan_text *text)
{
    struct value value;
    *text = (struct plan_text){.literal = node == NULL ? SPAN("") : node->text};
    if (node == NULL)
        return true;
    if (rule_is_bad(&r->rule, node))
        return false;
    if (!rule_holds_expression(node->text))
        return true;
    *text = (struct plan_text){.expression = NULL};
    if (!rule_read_expression(&r->rule, node, &text->expression))
        return false;
    return !expression_is_constant(text->expression, r->arena, &value) || fold(r, node, &value, text);
}

static bool read_value(struct plan_reader *r, const struct node *element, const char *name, struct plan_text *value)
{
    const struct plan_shape shape = {name, NULL, 0, false};
    const struct node *none[PLAN_ATTRIBUTES_MAX];
    const struct node *content;
    if (!xml_is(element, name))
        return plan_unknown(r, element, name);
    return plan_attributes(r, &shape, element, none) && plan_content(r, element, &content) &&
           plan_text(r, content, value);
}

bool plan_values(struct plan_reader *r, const struct node *element, const char *name, const struct plan_text **values,
                 size_t *count)
{
    struct plan_text *texts = plan_take(r, element, node_count(element) * sizeof *texts);
    bool is_good = texts != NULL;
    *count = 0;
    *values = texts;
    if (texts == NULL)
        return false;
    for (const struct node *child = plan_element(r, element->children); child != NULL;
         child = plan_element(r, child->next))
        is_good = read_value(r, child, name, &texts[(*count)++]) && is_good;
    return is_good;
}

/* ---- literals ---- */

bool plan_bool(struct plan_reader *r, const struct node *node, bool *is_true)
{
    if (node == NULL)
        return true;
    *is_true = span_eq(node->text, SPAN("true")) || span_eq(node->text, SPAN("True"));
    return *is_true || span_eq(node->text, SPAN("false")) || span_eq(node->text, SPAN("False")) ||
           problem_error(r->problems, node, "\"%.*s\": true or false is expected, found \"%s\"", SPAN_ARG(node->key),
                         QUOTED_UNLESS(node->is_secret, node->text));
}

bool plan_check_field(struct plan_reader *r, const struct node *node, struct span value)
{
    for (size_t i = 0; i < value.len; i++) {
        unsigned char c = (unsigned char)value.at[i];
        if ((c < 0x20 && c != '\t') || c == 0x7f)
            return problem_error(r->problems, node,
                                 "a line end or control character in a header field: it would begin another one");
    }
    return true;
}

bool plan_check_status(struct plan_reader *r, const struct node *node, const struct plan_text *status)
{
    uint64_t number = 0;
    if (node == NULL || status->expression != NULL)
        return true;
    return (span_u64(status->literal, 599, &number) && number >= 200) ||
           problem_error(r->problems, node, "\"%.*s\": a status from 200 to 599 is expected, found \"%s\"",
                         SPAN_ARG(node->key), QUOTED_UNLESS(node->is_secret, status->literal));
}
