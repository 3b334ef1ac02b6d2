/* SPDX-License-Identifier: Apache-2.0 */
/* validate-jwt and validate-azure-ad-token as steps; the rules they hold belong to the reader until a plan takes them. */
#include "plan_int.h"

static bool read_rule(struct plan_reader *r, const struct node *element, struct rule *rule)
{
    bool is_azure = xml_is(element, "validate-azure-ad-token");
    struct node *map = xml_policy_map(&r->rule, element);
    if (map == NULL)
        return false;
    bool is_good = !is_azure || rule_azure_map(&r->rule, map);
    is_good = rule_read_map(&r->rule, map, rule) && is_good;
    rule->source_policy = is_azure ? "validate-azure-ad-token" : "validate-jwt";
    return is_good && rule_is_clean(&r->rule);
}

bool plan_read_validate(struct plan_reader *r, const struct node *element, struct draft_step *draft)
{
    struct draft_rule *rule = plan_take(r, element, sizeof *rule);
    if (rule == NULL)
        return false;
    rule->next = r->rules;
    r->rules = rule;
    draft->rule = rule;
    r->rule.errors = r->problems->errors;
    r->rule.dynamics = NULL;
    r->rule.caller = NULL;
    return read_rule(r, element, &rule->rule);
}
