/* SPDX-License-Identifier: Apache-2.0 */
/* return-response: an answer of the policy's own; status, header fields, body, in this order. */
#include "plan_int.h"

/* The children in their order. */
enum part { PART_STATUS, PART_HEADER, PART_BODY, PART_COUNT };
static const char *const part_names[] = {"set-status", "set-header", "set-body"};
_Static_assert(COUNT_OF(part_names) == PART_COUNT, "each part has its name");

struct answer_reader {
    struct plan_reader *r;
    struct plan_answer *to;
    struct plan_assignment *headers;
    enum part furthest;
    const struct node *seen[PART_COUNT];
};

static bool read_status(struct answer_reader *a, const struct node *element)
{
    static const struct plan_attribute attributes[] = {{"code", true, true}, {"reason", false, true}};
    static const struct plan_shape shape = {"set-status", attributes, COUNT_OF(attributes), true};
    const struct node *found[PLAN_ATTRIBUTES_MAX];
    if (!plan_attributes(a->r, &shape, element, found) || !plan_is_empty(a->r, element))
        return false;
    bool is_good = plan_text(a->r, found[0], &a->to->status) && plan_check_status(a->r, found[0], &a->to->status);
    if (!plan_text(a->r, found[1], &a->to->phrase))
        return false;
    const struct node *at = found[1] != NULL ? found[1] : element;
    struct span phrase = a->to->phrase.literal;
    return plan_check_field(a->r, at, phrase) &&
           (span_is_printable(phrase) ||
            problem_error(a->r->problems, at, "\"reason\": letters, digits and signs of ASCII are expected")) &&
           is_good;
}

static bool read_body(struct answer_reader *a, const struct node *element)
{
    static const struct plan_shape shape = {"set-body", NULL, 0, true};
    const struct node *found[PLAN_ATTRIBUTES_MAX];
    const struct node *content;
    bool is_good = true;
    for (const struct node *at = element->attributes; at != NULL; at = at->next)
        if (span_eq(at->key, SPAN("template")))
            return problem_key(a->r->problems, at, "\"template\" is not supported: a body is a text or an expression");
    is_good = plan_attributes(a->r, &shape, element, found);
    for (const struct node *child = element->children; child != NULL; child = child->next)
        if (child->kind == NODE_ELEMENT)
            return problem_error(a->r->problems, child,
                                 "a body is a text: put it into <![CDATA[...]]>, or write &lt; for <");
    if (!plan_content(a->r, element, &content) || !plan_text(a->r, content, &a->to->body))
        return false;
    a->to->has_body = true;
    return is_good;
}

static bool read_header(struct answer_reader *a, const struct node *element)
{
    return plan_read_assignment(a->r, element, &a->headers[a->to->header_count++], true);
}

static bool read_part(struct answer_reader *a, const struct node *element)
{
    size_t part = 0;
    while (part < PART_COUNT && !xml_is(element, part_names[part]))
        part++;
    if (part == PART_COUNT)
        return xml_unknown(&a->r->rule, element, "element in <return-response>", part_names, PART_COUNT);
    if (part < (size_t)a->furthest)
        return problem_error(a->r->problems, element,
                             "<%s> stands behind <%s>: the order is set-status, set-header, "
                             "set-body",
                             part_names[part], part_names[a->furthest]);
    if (part != PART_HEADER && a->seen[part] != NULL)
        return problem_error(a->r->problems, element, "<%s> is given twice", part_names[part]);
    a->furthest = (enum part)part;
    a->seen[part] = element;
    switch (a->furthest) {
    case PART_STATUS: return read_status(a, element);
    case PART_HEADER: return read_header(a, element);
    case PART_BODY: return read_body(a, element);
    case PART_COUNT: break;
    }
    return false;
}

static bool refuse_variable(struct plan_reader *r, const struct node *element)
{
    const struct node *variable = node_member(element, "response-variable-name");
    return variable == NULL ||
           problem_key(r->problems, variable,
                       "\"response-variable-name\" is not supported: nothing here puts a response into a variable; use "
                       "<set-status>, <set-header> and <set-body>");
}

/* RFC 9110 15.3.5, 15.3.6, 15.4.5: these answers end with their head. */
static bool check_body(struct answer_reader *a)
{
    uint64_t status = 200;
    const struct plan_text *text = &a->to->status;
    bool is_known = text->expression == NULL && text->literal.len > 0 && span_u64(text->literal, 599, &status);
    return !is_known || !a->to->has_body || rule_is_status(status) ||
           problem_error(a->r->problems, a->seen[PART_BODY], "an answer of status %s has no body",
                         QUOTED_UNLESS(node_member(a->seen[PART_STATUS], "code")->is_secret, text->literal));
}

bool plan_read_return(struct plan_reader *r, const struct node *element, struct draft_step *draft)
{
    static const struct plan_shape shape = {"return-response", NULL, 0, true};
    const struct node *found[PLAN_ATTRIBUTES_MAX];
    struct plan_answer *to = plan_take(r, element, sizeof *to);
    struct answer_reader a = {.r = r, .to = to};
    draft->step.answer = to;
    a.headers = plan_take(r, element, node_count(element) * sizeof *a.headers);
    if (to == NULL || a.headers == NULL || !refuse_variable(r, element))
        return false;
    bool is_good = plan_attributes(r, &shape, element, found);
    to->headers = a.headers;
    to->status.literal = to->phrase.literal = to->body.literal = SPAN("");
    for (const struct node *child = plan_element(r, element->children); child != NULL;
         child = plan_element(r, child->next))
        is_good = read_part(&a, child) && is_good;
    return is_good && check_body(&a);
}
