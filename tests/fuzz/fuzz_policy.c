/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes as policy XML.
 *
 * Property: either a rule that holds to its own bounds, or problems, at least one of them an error; never both, never neither.
 */
#include "policy/rule.h"

static void require(bool is_true)
{
    if (!is_true)
        abort();
}

static void require_bounds(const struct rule *rule)
{
    require(rule->source_name.len > 0);
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

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct span names[] = {SPAN_INIT("hs-key"), SPAN_INIT("tid")};
    static const struct span values[] = {SPAN_INIT("MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY="),
                                         SPAN_INIT("{{tid}}")};
    static const struct rule_certificate certificate = {SPAN_INIT("c"), SPAN_INIT("no certificate")};
    const struct rule_settings settings = {.named_names = names,
                                           .named_values = values,
                                           .named_count = COUNT_OF(names),
                                           .certificates = &certificate,
                                           .certificate_count = 1,
                                           .now_s = 1795219200};
    AUTO(arena) arena = {0};
    AUTO(problems) problems;
    struct rule rule;
    problems_init(&problems);
    const struct node *root = node_read_xml(&arena, "policy.xml", span_of(data, size), &problems);
    if (root == NULL) {
        require(problems.errors > 0);
        return 0;
    }
    bool is_read = rule_read_xml(&rule, root, &settings, &arena, &problems);
    require(is_read == (problems.errors == 0));
    if (is_read)
        require_bounds(&rule);
    rule_fini(&rule);
    return 0;
}
