/* SPDX-License-Identifier: Apache-2.0 */
/* Policy documents read into a plan. */
#include "policy/plan.h"

static bool plan_of_rule(struct plan *plan, const struct node *node, struct arena *arena, struct problems *problems)
{
    struct plan_step *step = arena_zero(arena, sizeof *step);
    if (step == NULL)
        return problem_error(problems, node, "out of memory");
    *step = (struct plan_step){.kind = PLAN_VALIDATE, .source = "validate-jwt", .path = "validate-jwt[1]", .node = node};
    plan->steps = step;
    plan->count = 1;
    plan->end[SECTION_INBOUND] = 1;
    for (size_t i = SECTION_BACKEND; i < SECTION_COUNT; i++)
        plan->first[i] = plan->end[i] = 1;
    plan->always_validates = true;
    return true;
}

/* Room for one rule. */
static bool rule_room(struct plan *plan, const struct node *node, struct arena *arena, struct problems *problems)
{
    *plan = (struct plan){.rules = arena_zero(arena, sizeof *plan->rules)};
    return plan->rules != NULL || problem_error(problems, node, "out of memory");
}

bool plan_read_xml(struct plan *plan, const struct plan_document *documents, size_t count,
                   const struct rule_settings *settings, struct arena *arena, struct problems *problems)
{
    const struct node *root = documents[count - 1].root;
    if (!rule_room(plan, root, arena, problems) || !rule_read_xml(plan->rules, root, settings, arena, problems))
        return false;
    plan->rule_count = 1;
    if (plan_of_rule(plan, root, arena, problems))
        return true;
    plan_fini(plan);
    return false;
}

bool plan_read_yaml(struct plan *plan, const struct node *map, const struct rule_settings *settings,
                    struct arena *arena, struct problems *problems)
{
    if (!rule_room(plan, map, arena, problems) || !rule_read_yaml(plan->rules, map, settings, arena, problems))
        return false;
    plan->rule_count = 1;
    if (plan_of_rule(plan, map, arena, problems))
        return true;
    plan_fini(plan);
    return false;
}
