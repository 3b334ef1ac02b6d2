/* SPDX-License-Identifier: Apache-2.0 */
/* set-header, set-query-parameter and check-header.
 *
 * What is literal is checked here; names, actions and values that are expressions are held to the same by whoever runs the
 * plan.
 */
#include "plan_int.h"

/* RFC 9110 7.6.1, RFC 9112 6.  API Management refuses the first four. */
bool plan_field_is_fixed(struct span name, bool is_answer)
{
    static const struct span names[] = {SPAN_INIT("Connection"),
                                        SPAN_INIT("Content-Length"),
                                        SPAN_INIT("Keep-Alive"),
                                        SPAN_INIT("Transfer-Encoding"),
                                        SPAN_INIT("Expect"),
                                        SPAN_INIT("HTTP2-Settings"),
                                        SPAN_INIT("Proxy-Authenticate"),
                                        SPAN_INIT("Proxy-Authorization"),
                                        SPAN_INIT("Proxy-Connection"),
                                        SPAN_INIT("TE"),
                                        SPAN_INIT("Trailer"),
                                        SPAN_INIT("Upgrade")};
    for (size_t i = 0; i < COUNT_OF(names); i++)
        if (span_eq_nocase(name, names[i]))
            return true;
    return !is_answer && span_eq_nocase(name, SPAN("Via"));
}

static bool check_name(struct plan_reader *r, const struct node *node, const struct plan_text *name)
{
    if (name->expression != NULL)
        return true;
    return rule_is_token_text(name->literal) ||
           problem_error(r->problems, node, "\"%.*s\": a header's name is letters, digits and -._, found \"%s\"",
                         SPAN_ARG(node->key), QUOTED_UNLESS(node->is_secret, name->literal));
}

bool plan_action_named(struct span name, enum exists_action *action)
{
    static const char *const names[] = {"override", "skip", "append", "delete"};
    for (size_t i = 0; i < COUNT_OF(names); i++)
        if (span_eq(name, span_str(names[i]))) {
            *action = (enum exists_action)i;
            return true;
        }
    return false;
}

static bool read_action(struct plan_reader *r, const struct node *node, struct plan_assignment *to)
{
    if (node == NULL)
        return true;
    if (!plan_text(r, node, &to->action_text))
        return false;
    if (to->action_text.expression != NULL)
        return true;
    return plan_action_named(to->action_text.literal, &to->action) ||
           problem_error(r->problems, node,
                         "\"exists-action\": one of override, skip, append, delete is expected, found \"%s\"",
                         QUOTED_UNLESS(node->is_secret, to->action_text.literal));
}

static bool check_values(struct plan_reader *r, const struct node *element, const struct plan_assignment *to)
{
    bool is_delete = to->action == EXISTS_DELETE && to->action_text.expression == NULL;
    if (to->count == 0 && !is_delete && to->action_text.expression == NULL)
        return problem_error(r->problems, element, "<%.*s> needs a <value>; exists-action=\"delete\" needs none",
                             SPAN_ARG(element->key));
    if (to->count > 0 && is_delete)
        problem_warning(r->problems, element, "exists-action=\"delete\": the values have no effect");
    return true;
}

static bool read_assigned(struct plan_reader *r, const struct node *element, struct plan_assignment *to)
{
    static const struct plan_attribute attributes[] = {{"name", true, true}, {"exists-action", false, true}};
    const struct plan_shape shape = {xml_is(element, "set-header") ? "set-header" : "set-query-parameter", attributes,
                                     COUNT_OF(attributes), true};
    const struct node *found[PLAN_ATTRIBUTES_MAX];
    bool is_good = plan_attributes(r, &shape, element, found);
    is_good = plan_values(r, element, "value", &to->values, &to->count) && is_good;
    return is_good && plan_text(r, found[0], &to->name) && read_action(r, found[1], to) && check_values(r, element, to);
}

static bool check_header_values(struct plan_reader *r, const struct node *element, const struct plan_assignment *to)
{
    size_t i = 0;
    bool is_good = true;
    for (const struct node *child = element->children; child != NULL; child = child->next)
        if (child->kind == NODE_ELEMENT && i < to->count)
            is_good = plan_check_field(r, child, to->values[i++].literal) && is_good;
    return is_good;
}

static bool refuse_fixed(struct plan_reader *r, const struct node *node, struct span name)
{
    if (span_eq_nocase(name, SPAN("Via")))
        return problem_error(r->problems, node,
                             "\"Via\" of a request is written by the gateway; policies change that of answers only");
    return problem_error(r->problems, node,
                         "\"%s\" belongs to one connection or frames the message: no policy changes it",
                         QUOTED_UNLESS(node->is_secret, name));
}

bool plan_read_assignment(struct plan_reader *r, const struct node *element, struct plan_assignment *to, bool is_answer)
{
    if (!read_assigned(r, element, to))
        return false;
    const struct node *name = node_member(element, "name");
    bool is_delete = to->action == EXISTS_DELETE && to->action_text.expression == NULL;
    if (!check_name(r, name, &to->name) || !check_header_values(r, element, to))
        return false;
    if (to->name.expression == NULL && plan_field_is_fixed(to->name.literal, is_answer))
        return refuse_fixed(r, name, to->name.literal);
    if (is_answer && is_delete && span_eq_nocase(to->name.literal, SPAN("Server")))
        return problem_error(r->problems, name, "\"Server\" cannot be removed, in API Management either");
    return true;
}

bool plan_read_set_header(struct plan_reader *r, const struct node *element, struct draft_step *draft)
{
    struct plan_assignment *assignment = plan_take(r, element, sizeof *assignment);
    bool is_answer = r->section == SECTION_OUTBOUND || r->section == SECTION_ON_ERROR;
    draft->step.assignment = assignment;
    return assignment != NULL && plan_read_assignment(r, element, assignment, is_answer);
}

bool plan_read_set_query(struct plan_reader *r, const struct node *element, struct draft_step *draft)
{
    struct plan_assignment *assignment = plan_take(r, element, sizeof *assignment);
    draft->step.assignment = assignment;
    if (assignment == NULL || !read_assigned(r, element, assignment))
        return false;
    return assignment->name.expression != NULL || assignment->name.literal.len > 0 ||
           problem_error(r->problems, node_member(element, "name"), "\"name\" is empty");
}

/* ---- check-header ---- */

static bool read_ignores_case(struct plan_reader *r, const struct node *node, struct plan_check_header *to)
{
    if (!plan_text(r, node, &to->ignores_case_text))
        return false;
    if (to->ignores_case_text.expression != NULL)
        return true;
    to->ignores_case = span_eq_nocase(to->ignores_case_text.literal, SPAN("true"));
    return to->ignores_case || span_eq_nocase(to->ignores_case_text.literal, SPAN("false")) ||
           problem_error(r->problems, node, "\"ignore-case\": true or false is expected, found \"%s\"",
                         QUOTED_UNLESS(node->is_secret, to->ignores_case_text.literal));
}

static bool check_failed_status(struct plan_reader *r, const struct node *node, const struct plan_text *status)
{
    uint64_t number = 0;
    if (status->expression != NULL || !plan_check_status(r, node, status))
        return status->expression != NULL;
    return (span_u64(status->literal, 599, &number) && rule_is_status(number)) ||
           problem_error(r->problems, node, "\"%.*s\": %s has no body; 400 to 599 is usual", SPAN_ARG(node->key),
                         QUOTED_UNLESS(node->is_secret, status->literal));
}

bool plan_read_check_header(struct plan_reader *r, const struct node *element, struct draft_step *draft)
{
    static const struct plan_attribute attributes[] = {{"name", true, true},
                                                       {"failed-check-httpcode", true, true},
                                                       {"failed-check-error-message", true, true},
                                                       {"ignore-case", true, true}};
    static const struct plan_shape shape = {"check-header", attributes, COUNT_OF(attributes), true};
    const struct node *found[PLAN_ATTRIBUTES_MAX];
    struct plan_check_header *to = plan_take(r, element, sizeof *to);
    draft->step.check_header = to;
    if (to == NULL)
        return false;
    bool is_good = plan_attributes(r, &shape, element, found);
    is_good = plan_values(r, element, "value", &to->values, &to->count) && is_good;
    if (!is_good)
        return false;
    is_good = plan_text(r, found[0], &to->name) && check_name(r, found[0], &to->name);
    is_good = plan_text(r, found[1], &to->status) && check_failed_status(r, found[1], &to->status) && is_good;
    is_good = plan_text(r, found[2], &to->message) && is_good;
    return read_ignores_case(r, found[3], to) && is_good;
}
