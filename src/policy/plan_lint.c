/* SPDX-License-Identifier: Apache-2.0 */
/* What can be said of a whole plan only: whether each request is judged, what its expressions read, answers that hide others.
 */
#include "plan_int.h"

#include "base/buf.h"

/* ---- whether every request is judged ---- */

enum { PLACES_MAX = PLAN_STEPS_MAX + 1 };

/* Marks where a request may go from a step without having been judged. */
static void mark_next(const struct plan_step *step, size_t at, bool *is_open)
{
    bool is_always = step->kind == PLAN_WHEN && span_eq(step->when.condition.literal, SPAN("true"));
    bool is_never = step->kind == PLAN_WHEN && span_eq(step->when.condition.literal, SPAN("false"));
    switch (step->kind) {
    case PLAN_VALIDATE:
    case PLAN_RETURN: return;
    case PLAN_JUMP: is_open[step->jump] = true; return;
    case PLAN_WHEN:
        is_open[at + 1] = is_open[at + 1] || !is_never;
        is_open[step->when.otherwise] = is_open[step->when.otherwise] || !is_always;
        return;
    case PLAN_CHECK_HEADER:
    case PLAN_IP_FILTER:
    case PLAN_CORS:
    case PLAN_SET_HEADER:
    case PLAN_SET_QUERY:
    case PLAN_SET_VARIABLE:
    case PLAN_REWRITE_URI:
    case PLAN_SET_BACKEND:
    case PLAN_KIND_COUNT: break;
    }
    is_open[at + 1] = true;
}

static const struct plan_step *first_validate(const struct plan *plan)
{
    const struct plan_step *step = plan->steps;
    while (step->kind != PLAN_VALIDATE)
        step++;
    return step;
}

/* Jumps go forward, so one pass finds every way through the section. */
static void lint_judging(struct plan_reader *r, struct plan *plan)
{
    bool is_open[PLACES_MAX] = {[0] = true};
    size_t end = plan->end[SECTION_INBOUND];
    const struct plan_step *answer = NULL;
    for (size_t i = 0; i < end; i++) {
        if (!is_open[i])
            continue;
        if (plan->steps[i].kind == PLAN_RETURN && answer == NULL)
            answer = &plan->steps[i];
        mark_next(&plan->steps[i], i, is_open);
    }
    plan->always_validates = !is_open[end] && answer == NULL;
    if (is_open[end])
        problem_warning(r->problems, first_validate(plan)->node,
                        "not every request is judged: some get through <inbound> without a token being validated");
    if (answer != NULL)
        problem_warning(r->problems, answer->node, "this answers requests before a token was validated");
}

/* ---- what expressions read ---- */

struct names {
    struct plan_reader *r;
    struct buf set;               /* of struct span */
    const struct plan_step *step; /* that reads */
    struct span warned;           /* of this step, last */
    unsigned reads;               /* what all expressions look at */
};

static void add_name(struct names *names, struct span name)
{
    if (name.len > 0)
        buf_add(&names->set, &name, sizeof name);
}

static bool is_set(const struct names *names, struct span name)
{
    struct span set = buf_span(&names->set);
    for (struct span known; set.len > 0; set = span_from(set, sizeof known)) {
        memcpy(&known, set.at, sizeof known);
        if (span_eq(known, name))
            return true;
    }
    return false;
}

static void check_name(void *of, struct span name)
{
    struct names *names = of;
    if (is_set(names, name) || span_eq(names->warned, name))
        return;
    names->warned = name;
    problem_warning(names->r->problems, names->step->node, "variable \"%s\" is read here, and nothing before sets it",
                    QUOTED(name));
}

static void check_text(struct names *names, const struct plan_text *text)
{
    if (text->expression == NULL)
        return;
    names->reads |= expression_reads(text->expression);
    expression_each_variable(text->expression, check_name, names);
}

static void check_texts(struct names *names, const struct plan_text *texts, size_t count)
{
    for (size_t i = 0; i < count; i++)
        check_text(names, &texts[i]);
}

static void check_assignment(struct names *names, const struct plan_assignment *assignment)
{
    check_text(names, &assignment->name);
    check_text(names, &assignment->action_text);
    check_texts(names, assignment->values, assignment->count);
}

static void check_header(struct names *names, const struct plan_check_header *check)
{
    check_text(names, &check->name);
    check_text(names, &check->status);
    check_text(names, &check->message);
    check_text(names, &check->ignores_case_text);
    check_texts(names, check->values, check->count);
}

static void check_answer(struct names *names, const struct plan_answer *answer)
{
    check_text(names, &answer->status);
    check_text(names, &answer->phrase);
    check_text(names, &answer->body);
    for (size_t i = 0; i < answer->header_count; i++)
        check_assignment(names, &answer->headers[i]);
}

static void check_rule(struct names *names, const struct rule *rule)
{
    if (rule->token_value != NULL)
        expression_each_variable(rule->token_value, check_name, names);
    for (size_t i = 0; i < rule->dynamic_count; i++)
        expression_each_variable(rule->dynamics[i].expression, check_name, names);
    add_name(names, rule->output_variable);
    names->reads |= rule_reads(rule, false);
}

static void check_step(struct names *names, const struct plan *plan)
{
    const struct plan_step *step = names->step;
    switch (step->kind) {
    case PLAN_VALIDATE: check_rule(names, &plan->rules[step->rule]); return;
    case PLAN_CHECK_HEADER: check_header(names, step->check_header); return;
    case PLAN_SET_HEADER:
    case PLAN_SET_QUERY: check_assignment(names, step->assignment); return;
    case PLAN_SET_VARIABLE:
        check_text(names, &step->variable->value);
        add_name(names, step->variable->name);
        return;
    case PLAN_REWRITE_URI: check_text(names, &step->rewrite->target); return;
    case PLAN_SET_BACKEND: check_text(names, &step->backend->id); return;
    case PLAN_RETURN: check_answer(names, step->answer); return;
    case PLAN_WHEN: check_text(names, &step->when.condition); return;
    case PLAN_IP_FILTER:
    case PLAN_CORS:
    case PLAN_JUMP:
    case PLAN_KIND_COUNT: return;
    }
}

static void lint_expressions(struct plan_reader *r, struct plan *plan)
{
    struct names names = {.r = r};
    for (size_t i = 0; i < plan->count; i++) {
        names.step = &plan->steps[i];
        names.warned = (struct span){NULL, 0};
        check_step(&names, plan);
    }
    plan->reads = names.reads;
    buf_fini(&names.set);
}

/* ---- answers on errors ---- */

static bool has_message(const struct plan *plan)
{
    for (size_t i = 0; i < plan->rule_count; i++)
        if (plan->rules[i].failed_message.len > 0)
            return true;
    return false;
}

static void lint_on_error(struct plan_reader *r, const struct plan *plan)
{
    for (size_t i = plan->first[SECTION_ON_ERROR]; i < plan->end[SECTION_ON_ERROR]; i++)
        if (plan->steps[i].kind == PLAN_RETURN && has_message(plan)) {
            problem_note(r->problems, plan->steps[i].node,
                         "this answer takes the place of refusals: failed-validation-error-message is not seen then");
            return;
        }
}

void plan_lint(struct plan_reader *r, struct plan *plan)
{
    lint_judging(r, plan);
    lint_expressions(r, plan);
    lint_on_error(r, plan);
    plan_lint_headers(r, plan);
}
