/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes as policy documents, one, or two joined by <base/>: a NUL byte parts them.
 *
 * Property: either a plan that holds to its own bounds, whose jumps go forward, or problems, at least one of them an error;
 * never both, never neither.
 */
#include "policy/plan.h"

static void require(bool is_true)
{
    if (!is_true)
        abort();
}

static void require_rule(const struct rule *rule)
{
    require(rule->source == TOKEN_FROM_VALUE ? rule->token_value != NULL : rule->source_name.len > 0);
    require(rule->failed_status >= 200 && rule->failed_status <= 599);
    require(rule->clock_skew_s >= 0 && rule->max_age_s >= 0);
    require(rule->provider_count <= RULE_PROVIDERS_MAX && rule->claim_count <= RULE_CLAIMS_MAX);
    for (size_t i = 0; i < rule->audience_count; i++)
        require(rule->audiences[i].len > 0);
    for (size_t i = 0; i < rule->issuer_count; i++)
        require(rule->issuers[i].len > 0);
    for (size_t i = 0; i < rule->claim_count; i++)
        require(rule->claims[i].name.len > 0);
}

static void require_assignment(const struct plan_assignment *assignment)
{
    bool is_delete = assignment->action == EXISTS_DELETE || assignment->action_text.expression != NULL;
    require(assignment->name.expression != NULL || assignment->name.literal.len > 0);
    require(assignment->count > 0 || is_delete);
}

static void require_step(const struct plan *plan, const struct plan_step *step, size_t at, size_t end)
{
    require(step->source != NULL && step->path != NULL && step->node != NULL);
    switch (step->kind) {
    case PLAN_VALIDATE: require(step->rule < plan->rule_count && at < plan->end[SECTION_INBOUND]); break;
    case PLAN_CHECK_HEADER:
        require(step->check_header->status.expression != NULL || step->check_header->status.literal.len == 3);
        break;
    case PLAN_IP_FILTER: require(step->ip_filter->count > 0); break;
    case PLAN_CORS:
        require(step->cors == plan->cors && (!step->cors->takes_any_origin || !step->cors->allows_credentials));
        break;
    case PLAN_SET_HEADER:
    case PLAN_SET_QUERY: require_assignment(step->assignment); break;
    case PLAN_SET_VARIABLE: require(step->variable->name.len > 0); break;
    case PLAN_REWRITE_URI:
        require(step->rewrite->target.expression != NULL || step->rewrite->target.literal.at[0] == '/');
        break;
    case PLAN_SET_BACKEND:
        require((step->backend->base_url.len > 0) !=
                (step->backend->id.expression != NULL || step->backend->id.literal.len > 0));
        break;
    case PLAN_RETURN: require(step->answer->headers != NULL || step->answer->header_count == 0); break;
    case PLAN_WHEN: require(step->when.otherwise > at && step->when.otherwise <= end); break;
    case PLAN_JUMP: require(step->jump > at && step->jump <= end); break;
    case PLAN_KIND_COUNT: require(false);
    }
}

static void require_bounds(const struct plan *plan)
{
    require(plan->count <= PLAN_STEPS_MAX && plan->rule_count >= 1 && plan->rule_count <= PLAN_RULES_MAX);
    for (size_t s = 0, at = 0; s < SECTION_COUNT; s++) {
        require(plan->first[s] == at && plan->end[s] >= at && plan->end[s] <= plan->count);
        for (; at < plan->end[s]; at++)
            require_step(plan, &plan->steps[at], at, plan->end[s]);
    }
    for (size_t i = 0; i < plan->rule_count; i++)
        require_rule(&plan->rules[i]);
}

/* A secret value is in no message, unless the document holds the word itself. */
#define WORD "hunter2"
static void require_quiet(const struct problems *problems, struct span document)
{
    for (const struct problem *p = problems->first; p != NULL; p = p->next)
        require(strstr(p->text, WORD) == NULL || span_holds(document, SPAN(WORD)));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct span names[] = {SPAN_INIT("hs-key"), SPAN_INIT("tid"), SPAN_INIT("s")};
    static const struct span values[] = {SPAN_INIT("MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY="),
                                         SPAN_INIT("{{tid}}"), SPAN_INIT(WORD)};
    static const bool secrets[] = {false, false, true};
    static const struct rule_certificate certificate = {SPAN_INIT("c"), SPAN_INIT("no certificate")};
    const struct rule_settings settings = {.named_names = names,
                                           .named_values = values,
                                           .named_secrets = secrets,
                                           .named_count = COUNT_OF(names),
                                           .certificates = &certificate,
                                           .certificate_count = 1,
                                           .now_s = 1795219200};
    AUTO(arena) arena = {0};
    AUTO(problems) problems;
    struct plan plan;
    struct plan_document documents[2];
    struct span rest = span_of(data, size), text;
    size_t count = 0;
    problems_init(&problems);
    while (count < COUNT_OF(documents) && span_split(&rest, '\0', &text)) {
        documents[count].root = node_read_xml(&arena, count == 0 ? "1.xml" : "2.xml", text, &problems);
        if (documents[count++].root == NULL) {
            require(problems.errors > 0);
            return 0;
        }
    }
    if (count == 0)
        return 0;
    bool is_read = plan_read_xml(&plan, documents, count, &settings, &arena, &problems);
    require(is_read == (problems.errors == 0));
    require_quiet(&problems, span_of(data, size));
    if (is_read)
        require_bounds(&plan);
    plan_fini(&plan);
    return 0;
}
