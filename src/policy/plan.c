/* SPDX-License-Identifier: Apache-2.0 */
/* A plan once it is made: names of its sections, operands for one request, its end. */
#include "policy/plan.h"

const char *plan_section_name(enum plan_section section)
{
    static const char *const names[] = {"inbound", "backend", "outbound", "on-error"};
    _Static_assert(COUNT_OF(names) == SECTION_COUNT, "each section has its name");
    return names[section];
}

void plan_fini(struct plan *plan)
{
    for (size_t i = 0; i < plan->rule_count; i++)
        rule_fini(&plan->rules[i]);
    *plan = (struct plan){.steps = NULL};
}

bool plan_text_now(const struct plan_text *text, const struct expression_context *context, struct span *value,
                   struct err *err)
{
    struct value result;
    *value = text->literal;
    return text->expression == NULL || (expression_evaluate(text->expression, context, &result, err) &&
                                        value_text(&result, context->arena, value, err));
}
