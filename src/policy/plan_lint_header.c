/* SPDX-License-Identifier: Apache-2.0 */
/* Headers that tell the backend who calls, but are set in a branch only: elsewhere the client's own goes on under that name. */
#include "plan_int.h"

/* Where a backend gets its request. */
static size_t request_end(const struct plan *plan)
{
    return plan->end[SECTION_BACKEND];
}

/* Where the branches end that are open behind `step`; jumps go forward. */
static size_t branches_end(const struct plan_step *step, size_t end)
{
    size_t to = step->kind == PLAN_WHEN ? step->when.otherwise : step->kind == PLAN_JUMP ? step->jump : 0;
    return to > end ? to : end;
}

static bool names_field(const struct plan_step *step, struct span name)
{
    return step->kind == PLAN_SET_HEADER && step->assignment->name.expression == NULL &&
           span_eq_nocase(step->assignment->name.literal, name);
}

/* Whether a step outside of branches takes out what the client sent under that name. */
static bool is_always_replaced(const struct plan *plan, struct span name)
{
    size_t branches = 0;
    for (size_t i = 0; i < request_end(plan); i++) {
        const struct plan_step *step = &plan->steps[i];
        branches = branches_end(step, branches);
        if (i < branches || !names_field(step, name) || step->assignment->action_text.expression != NULL)
            continue;
        if (step->assignment->action == EXISTS_OVERRIDE || step->assignment->action == EXISTS_DELETE)
            return true;
    }
    return false;
}

struct search {
    const struct plan *plan;
    bool is_found;
};

static void compare_name(void *of, struct span name)
{
    struct search *search = of;
    for (size_t i = 0; i < search->plan->rule_count; i++)
        if (name.len > 0 && span_eq(search->plan->rules[i].output_variable, name))
            search->is_found = true;
}

/* Whether a value of it is made of a token that a policy found right. */
static bool tells_token(const struct plan *plan, const struct plan_assignment *assignment)
{
    struct search search = {.plan = plan};
    for (size_t i = 0; i < assignment->count; i++)
        if (assignment->values[i].expression != NULL)
            expression_each_variable(assignment->values[i].expression, compare_name, &search);
    return search.is_found;
}

void plan_lint_headers(struct plan_reader *r, const struct plan *plan)
{
    size_t branches = 0;
    for (size_t i = 0; i < request_end(plan); i++) {
        const struct plan_step *step = &plan->steps[i];
        branches = branches_end(step, branches);
        bool is_branched = i < branches && step->kind == PLAN_SET_HEADER && step->assignment->name.expression == NULL;
        if (!is_branched || !tells_token(plan, step->assignment) ||
            is_always_replaced(plan, step->assignment->name.literal))
            continue;
        problem_note(r->problems, step->node,
                     "the header is set in this branch only: in others, and on other routes to the same backend, a "
                     "client can send it; delete it before <choose>, or use claims_to_headers");
        return;
    }
}
