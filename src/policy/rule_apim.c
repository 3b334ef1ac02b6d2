/* SPDX-License-Identifier: Apache-2.0 */
/* The document around a policy: a bare <validate-jwt>, or <policies> with its four sections as API Management stores it.
 *
 * Only what is understood is taken.  A policy that would have to act and cannot (set-header, choose, check-header ...) is an
 * error by name: passing over it might open a door.
 */
#include "rule_xml.h"

#include "policy/plan.h"

/* Names of API Management's policies that are not built, so that a typing mistake is told from a missing feature. */
static const char *const known_policies[] = {
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
    "check-header",
    "choose",
    "cors",
    "cosmosdb-data-source",
    "cross-domain",
    "emit-metric",
    "find-and-replace",
    "forward-request",
    "get-authorization-context",
    "http-data-source",
    "include-fragment",
    "invoke-dapr-binding",
    "ip-filter",
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
    "return-response",
    "rewrite-uri",
    "send-one-way-request",
    "send-request",
    "send-service-bus-message",
    "set-backend-service",
    "set-body",
    "set-header",
    "set-method",
    "set-query-parameter",
    "set-status",
    "set-variable",
    "sql-data-source",
    "trace",
    "validate-azure-ad-token",
    "validate-client-certificate",
    "validate-content",
    "validate-graphql-request",
    "validate-headers",
    "validate-jwt",
    "validate-odata-request",
    "validate-parameters",
    "validate-status-code",
    "wait",
    "xml-to-json",
    "xsl-transform",
};

static const char *const section_names[] = {"inbound", "backend", "outbound", "on-error"};
_Static_assert(COUNT_OF(section_names) == SECTION_COUNT, "each section has its name");

static bool is_known_policy(const struct node *element)
{
    for (size_t i = 0; i < COUNT_OF(known_policies); i++)
        if (xml_is(element, known_policies[i]))
            return true;
    return false;
}

static void refuse_policy(struct rule_reader *reader, const struct node *element, enum plan_section section)
{
    if (xml_is(element, "validate-jwt"))
        problem_error(reader->problems, element, "policy \"validate-jwt\" belongs into <inbound>, not <%s>",
                      section_names[section]);
    else if (is_known_policy(element))
        problem_error(reader->problems, element, "policy \"%.*s\" is not supported yet", SPAN_ARG(element->key));
    else
        xml_unknown(reader, element, "policy", known_policies, COUNT_OF(known_policies));
}

static void refuse_attributes(struct rule_reader *reader, const struct node *element)
{
    for (const struct node *attribute = element->attributes; attribute != NULL; attribute = attribute->next)
        problem_key(reader->problems, attribute, "attribute \"%s\" of <%.*s> is not supported", QUOTED(attribute->key),
                    SPAN_ARG(element->key));
}

/* Whether the element is understood and does nothing here. */
static bool is_idle(struct rule_reader *reader, const struct node *element, enum plan_section section)
{
    bool is_forward = section == SECTION_BACKEND && xml_is(element, "forward-request");
    if (!is_forward && !xml_is(element, "base"))
        return false;
    refuse_attributes(reader, element);
    for (const struct node *child = element->children; child != NULL; child = child->next)
        problem_error(reader->problems, child, "<%.*s> is expected to be empty", SPAN_ARG(element->key));
    return true;
}

/* The <validate-jwt> among the children of a section, into `*policy`. */
static void read_section(struct rule_reader *reader, const struct node *element, enum plan_section section,
                         const struct node **policy)
{
    refuse_attributes(reader, element);
    for (const struct node *child = element->children; child != NULL; child = child->next) {
        bool is_policy = section == SECTION_INBOUND && xml_is(child, "validate-jwt");
        if (child->kind != NODE_ELEMENT)
            problem_warning(reader->problems, child, "text in <%s> has no meaning", section_names[section]);
        else if (is_policy && *policy != NULL)
            problem_error(reader->problems, child, "a second validate-jwt in one document is not supported yet");
        else if (is_policy)
            *policy = child;
        else if (!is_idle(reader, child, section))
            refuse_policy(reader, child, section);
    }
}

static enum plan_section find_section(const struct node *element)
{
    size_t i = 0;
    while (i < SECTION_COUNT && !xml_is(element, section_names[i]))
        i++;
    return (enum plan_section)i;
}

/* The one <validate-jwt> of a <policies> document, or NULL with problems. */
static const struct node *find_policy(struct rule_reader *reader, const struct node *root)
{
    const struct node *policy = NULL;
    bool is_seen[SECTION_COUNT] = {false};
    unsigned errors = reader->problems->errors;
    refuse_attributes(reader, root);
    for (const struct node *child = root->children; child != NULL; child = child->next) {
        enum plan_section section = find_section(child);
        if (section == SECTION_COUNT && child->kind == NODE_ELEMENT) {
            xml_unknown(reader, child, "section", section_names, SECTION_COUNT);
        } else if (section == SECTION_COUNT) {
            problem_warning(reader->problems, child, "text in <policies> has no meaning");
        } else if (is_seen[section]) {
            problem_error(reader->problems, child, "<%s> is given twice", section_names[section]);
        } else {
            is_seen[section] = true;
            read_section(reader, child, section, &policy);
        }
    }
    if (policy == NULL && reader->problems->errors == errors)
        problem_error(reader->problems, root, "no validate-jwt in <inbound>; for a public route write `policy: none`");
    return policy;
}

bool rule_read_xml(struct rule *rule, const struct node *root, const struct rule_settings *settings,
                   struct arena *arena, struct problems *problems)
{
    struct rule_reader reader = {
        .settings = settings, .arena = arena, .problems = problems, .is_xml = true, .errors = problems->errors};
    const struct node *policy = NULL;
    *rule = (struct rule){0};
    if (xml_is(root, "validate-jwt"))
        policy = root;
    else if (xml_is(root, "policies"))
        policy = find_policy(&reader, root);
    else
        problem_error(problems, root, "<validate-jwt> or <policies> is expected, found <%s>", QUOTED(root->key));
    if (policy == NULL)
        return false;
    const struct node *resolved = rule_resolve(&reader, policy);
    const struct node *map = resolved == NULL ? NULL : xml_policy_map(&reader, resolved);
    if (map == NULL)
        return problem_error(problems, policy, "out of memory");
    bool is_read = rule_read_map(&reader, map, rule);
    if (is_read && rule_is_clean(&reader))
        return true;
    rule_fini(rule);
    return false;
}
