/* SPDX-License-Identifier: Apache-2.0 */
/* The policies that are built: where each may stand, and who reads it.  All others of API Management are refused by name, so
 * that a typing mistake is told from a missing feature: passing over a policy might open a door.
 */
#include "plan_int.h"

/* Policies of API Management that are not built. */
static const char *const missing[] = {
    "authentication-basic",
    "authentication-certificate",
    "authentication-managed-identity",
    "azure-openai-emit-token-metric",
    "azure-openai-semantic-cache-lookup",
    "azure-openai-semantic-cache-store",
    "azure-openai-token-limit",
    "cache-lookup",
    "cache-lookup-value",
    "cache-remove-value",
    "cache-store",
    "cache-store-value",
    "cosmosdb-data-source",
    "cross-domain",
    "emit-metric",
    "find-and-replace",
    "get-authorization-context",
    "http-data-source",
    "include-fragment",
    "invoke-dapr-binding",
    "json-to-xml",
    "jsonp",
    "limit-concurrency",
    "llm-content-safety",
    "llm-emit-token-metric",
    "llm-semantic-cache-lookup",
    "llm-semantic-cache-store",
    "llm-token-limit",
    "log-to-eventhub",
    "mock-response",
    "proxy",
    "publish-event",
    "publish-to-dapr",
    "quota",
    "quota-by-key",
    "rate-limit",
    "rate-limit-by-key",
    "redirect-content-urls",
    "retry",
    "send-one-way-request",
    "send-request",
    "send-service-bus-message",
    "set-body",
    "set-method",
    "set-status",
    "sql-data-source",
    "trace",
    "validate-client-certificate",
    "validate-content",
    "validate-graphql-request",
    "validate-headers",
    "validate-odata-request",
    "validate-parameters",
    "validate-status-code",
    "wait",
    "xml-to-json",
    "xsl-transform",
};

enum {
    IN = 1 << SECTION_INBOUND,
    BACK = 1 << SECTION_BACKEND,
    OUT = 1 << SECTION_OUTBOUND,
    ERROR = 1 << SECTION_ON_ERROR,
};

static const struct policy {
    const char *name;
    unsigned sections;
    enum plan_kind kind;
    bool is_top_only; /* not within <choose> */
    bool (*read)(struct plan_reader *r, const struct node *element,
                 struct draft_step *draft); /* NULL: choose.c's own */
} policies[] = {
    {"base", IN | BACK | OUT | ERROR, PLAN_KIND_COUNT, true, NULL},
    {"check-header", IN, PLAN_CHECK_HEADER, false, plan_read_check_header},
    {"choose", IN | BACK | OUT | ERROR, PLAN_WHEN, false, NULL},
    {"cors", IN, PLAN_CORS, true, plan_read_cors_xml},
    {"forward-request", BACK, PLAN_KIND_COUNT, true, NULL},
    {"ip-filter", IN, PLAN_IP_FILTER, false, plan_read_ip_filter},
    {"return-response", IN | BACK | OUT | ERROR, PLAN_RETURN, false, plan_read_return},
    {"rewrite-uri", IN, PLAN_REWRITE_URI, false, plan_read_rewrite},
    {"set-backend-service", IN | BACK, PLAN_SET_BACKEND, false, plan_read_set_backend},
    {"set-header", IN | BACK | OUT | ERROR, PLAN_SET_HEADER, false, plan_read_set_header},
    {"set-query-parameter", IN | BACK, PLAN_SET_QUERY, false, plan_read_set_query},
    {"set-variable", IN | BACK | OUT | ERROR, PLAN_SET_VARIABLE, false, plan_read_set_variable},
    {"validate-azure-ad-token", IN, PLAN_VALIDATE, false, plan_read_validate},
    {"validate-jwt", IN, PLAN_VALIDATE, false, plan_read_validate},
};

static const struct policy *find_policy(const struct node *element)
{
    for (size_t i = 0; i < COUNT_OF(policies); i++)
        if (xml_is(element, policies[i].name))
            return &policies[i];
    return NULL;
}

static bool refuse_unknown(struct plan_reader *r, const struct node *element)
{
    const char *known[COUNT_OF(policies) + COUNT_OF(missing)];
    size_t count = 0;
    for (size_t i = 0; i < COUNT_OF(policies); i++)
        known[count++] = policies[i].name;
    for (size_t i = 0; i < COUNT_OF(missing); i++) {
        if (xml_is(element, missing[i]))
            return problem_error(r->problems, element, "policy \"%s\" is not supported", missing[i]);
        known[count++] = missing[i];
    }
    return xml_unknown(&r->rule, element, "policy", known, count);
}

static bool refuse_section(struct plan_reader *r, const struct node *element, const struct policy *policy)
{
    static const char *const places[] = {
        [IN] = "<inbound>", [BACK] = "<backend>", [IN | BACK] = "<inbound> or <backend>"};
    return problem_error(r->problems, element, "policy \"%s\" belongs into %s, not <%s>", policy->name,
                         places[policy->sections], plan_section_name(r->section));
}

bool plan_may_stand(struct plan_reader *r, const struct node *element, bool is_top)
{
    const struct policy *policy = find_policy(element);
    if (policy == NULL)
        return refuse_unknown(r, element);
    if ((policy->sections & (1u << r->section)) == 0)
        return refuse_section(r, element, policy);
    return is_top || !policy->is_top_only ||
           problem_error(r->problems, element, "<%s> stands directly in <%s>, not within <choose>", policy->name,
                         plan_section_name(r->section));
}

bool plan_read_policy(struct plan_reader *r, const struct node *element, struct draft_step *draft)
{
    const struct policy *policy = find_policy(element);
    const struct node *id = node_member(element, "id");
    draft->step.kind = policy->kind;
    draft->step.source = policy->name;
    draft->step.node = element;
    draft->step.id = id == NULL ? SPAN("") : id->text;
    return policy->read(r, element, draft);
}
