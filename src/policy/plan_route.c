/* SPDX-License-Identifier: Apache-2.0 */
/* set-variable, set-backend-service and rewrite-uri: what a request carries, and where it goes. */
#include "plan_int.h"

#include "base/ascii.h"

/* The value's kind is kept: an expression, even a constant one, stays an expression. */
static bool read_variable_value(struct plan_reader *r, const struct node *node, struct plan_text *value)
{
    if (rule_is_bad(&r->rule, node))
        return false;
    if (rule_holds_expression(node->text))
        return rule_read_expression(&r->rule, node, &value->expression);
    value->literal = node->text;
    return true;
}

bool plan_read_set_variable(struct plan_reader *r, const struct node *element, struct draft_step *draft)
{
    static const struct plan_attribute attributes[] = {{"name", true, false}, {"value", true, true}};
    static const struct plan_shape shape = {"set-variable", attributes, COUNT_OF(attributes), true};
    const struct node *found[PLAN_ATTRIBUTES_MAX];
    struct plan_variable *to = plan_take(r, element, sizeof *to);
    draft->step.variable = to;
    if (to == NULL || !plan_attributes(r, &shape, element, found) || !plan_is_empty(r, element))
        return false;
    to->name = found[0]->text;
    if (to->name.len == 0)
        return problem_error(r->problems, found[0], "\"name\" is empty");
    return read_variable_value(r, found[1], &to->value);
}

/* ---- set-backend-service ---- */

static bool check_base_url(struct plan_reader *r, const struct node *node)
{
    struct err err;
    if (rule_is_bad(&r->rule, node))
        return false;
    if (rule_holds_expression(node->text))
        return problem_error(r->problems, node,
                             "\"base-url\" takes no expression: made of a request it would let its sender choose where "
                             "it goes; use backend-id, which names one of the configured backends");
    if (!rule_check_url(node->text, true, &err))
        return problem_error(r->problems, node, "base-url: %s", err.text);
    return span_chr(node->text, '?') == NULL ||
           problem_error(r->problems, node, "base-url: a query has no place there");
}

static bool refuse_fabric(struct plan_reader *r, const struct node *element)
{
    bool is_good = true;
    for (const struct node *attribute = element->attributes; attribute != NULL; attribute = attribute->next)
        if (span_starts(attribute->key, SPAN("sf-")))
            is_good =
                problem_key(r->problems, attribute, "\"%s\" is of Service Fabric and not supported; use backend-id",
                            QUOTED(attribute->key));
    return is_good;
}

bool plan_read_set_backend(struct plan_reader *r, const struct node *element, struct draft_step *draft)
{
    static const struct plan_attribute attributes[] = {{"backend-id", false, true}, {"base-url", false, true}};
    static const struct plan_shape shape = {"set-backend-service", attributes, COUNT_OF(attributes), true};
    const struct node *found[PLAN_ATTRIBUTES_MAX];
    struct plan_backend *to = plan_take(r, element, sizeof *to);
    draft->step.backend = to;
    if (to == NULL || !refuse_fabric(r, element) || !plan_attributes(r, &shape, element, found) ||
        !plan_is_empty(r, element))
        return false;
    if ((found[0] == NULL) == (found[1] == NULL))
        return problem_error(r->problems, element, "exactly one of backend-id and base-url says where requests go");
    if (found[1] != NULL) {
        to->id.literal = SPAN("");
        to->base_url = found[1]->text;
        return check_base_url(r, found[1]);
    }
    if (!plan_text(r, found[0], &to->id))
        return false;
    return to->id.expression != NULL || to->id.literal.len > 0 ||
           problem_error(r->problems, found[0], "\"backend-id\" is empty");
}

/* ---- rewrite-uri ---- */

/* What a request's own path would be refused for: a target that the backend could take for another one. */
static bool has_dot_segment(struct span target)
{
    struct span path, piece;
    if (!span_split(&target, '?', &path))
        return false;
    while (span_split(&path, '/', &piece))
        if (span_eq(piece, SPAN(".")) || span_eq(piece, SPAN("..")))
            return true;
    return false;
}

/* RFC 3986 2.1: `%` and two hexadecimal digits. */
static bool is_encoded(struct span rest)
{
    return rest.len >= 3 && ascii_is_hex(rest.at[1]) && ascii_is_hex(rest.at[2]);
}

static bool check_template(struct plan_reader *r, const struct node *node, struct span target)
{
    if (target.len == 0 || target.at[0] != '/')
        return problem_error(r->problems, node, "\"template\": a path that begins with / is expected, found \"%s\"",
                             QUOTED_UNLESS(node->is_secret, target));
    for (size_t i = 0; i < target.len; i++) {
        unsigned char c = (unsigned char)target.at[i];
        if (c == '{' || c == '}')
            return problem_error(
                r->problems, node,
                "\"template\": there are no URL template parameters here; write the path, or make it by "
                "an expression, as in @(\"/v2\" + context.Request.Url.Path), or set-query-parameter");
        if (c <= 0x20 || c >= 0x7f || strchr("\"<>\\^`|#", c) != NULL)
            return problem_error(r->problems, node,
                                 "\"template\": it holds a character that must be percent-encoded, or #");
        if (c == '%' && !is_encoded(span_from(target, i)))
            return problem_error(
                r->problems, node,
                "\"template\": a percent sign is followed by two hexadecimal digits; itself it is written %%25");
    }
    return !has_dot_segment(target) ||
           problem_error(r->problems, node, "\"template\": `.` and `..` are no segments of a target");
}

bool plan_read_rewrite(struct plan_reader *r, const struct node *element, struct draft_step *draft)
{
    static const struct plan_attribute attributes[] = {{"template", true, true},
                                                       {"copy-unmatched-params", false, false}};
    static const struct plan_shape shape = {"rewrite-uri", attributes, COUNT_OF(attributes), true};
    const struct node *found[PLAN_ATTRIBUTES_MAX];
    struct plan_rewrite *to = plan_take(r, element, sizeof *to);
    draft->step.rewrite = to;
    if (to == NULL || !plan_attributes(r, &shape, element, found) || !plan_is_empty(r, element))
        return false;
    to->copies_unmatched = true;
    bool is_good = plan_bool(r, found[1], &to->copies_unmatched);
    if (!plan_text(r, found[0], &to->target))
        return false;
    return (to->target.expression != NULL || check_template(r, found[0], to->target.literal)) && is_good;
}
