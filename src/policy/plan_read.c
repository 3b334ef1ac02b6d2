/* SPDX-License-Identifier: Apache-2.0 */
/* Policy documents read into a plan: a bare policy, or <policies> with its four sections as API Management stores it. */
#include "plan_int.h"

/* ---- a document ---- */

static void refuse_attributes(struct plan_reader *r, const struct node *element)
{
    for (const struct node *attribute = element->attributes; attribute != NULL; attribute = attribute->next)
        problem_key(r->problems, attribute, "attribute \"%s\" of <%.*s> is not supported", QUOTED(attribute->key),
                    SPAN_ARG(element->key));
}

static void begin_section(struct plan_reader *r, struct draft_document *document, enum plan_section section,
                          const struct node *node)
{
    r->section = section;
    r->fragment = &document->sections[section];
    r->fragment->node = node;
    r->fragment->end = &r->fragment->first;
}

static void read_section(struct plan_reader *r, struct draft_document *document, const struct node *element)
{
    static const char *const names[] = {"inbound", "backend", "outbound", "on-error"};
    _Static_assert(COUNT_OF(names) == SECTION_COUNT, "each section has its name");
    size_t section = 0;
    while (section < SECTION_COUNT && !xml_is(element, names[section]))
        section++;
    if (section == SECTION_COUNT) {
        xml_unknown(&r->rule, element, "section", names, SECTION_COUNT);
        return;
    }
    refuse_attributes(r, element);
    if (document->sections[section].node != NULL) {
        problem_error(r->problems, element, "<%s> is given twice", names[section]);
        return;
    }
    begin_section(r, document, (enum plan_section)section, element);
    plan_read_section(r, element);
}

/* As if it stood behind the <base/> of a document without other sections. */
static void read_bare(struct plan_reader *r, struct draft_document *document)
{
    begin_section(r, document, SECTION_INBOUND, document->root);
    r->fragment->has_base = true;
    plan_read_bare(r, document->root);
}

static void read_document(struct plan_reader *r, struct draft_document *document)
{
    const struct node *root = document->root;
    if (xml_is(root, "validate-jwt") || xml_is(root, "validate-azure-ad-token")) {
        read_bare(r, document);
    } else if (xml_is(root, "policies")) {
        refuse_attributes(r, root);
        for (const struct node *at = plan_element(r, root->children); at != NULL; at = plan_element(r, at->next))
            read_section(r, document, at);
    } else {
        problem_error(r->problems, root, "<validate-jwt> or <policies> is expected, found <%s>", QUOTED(root->key));
    }
}

/* ---- documents ---- */

static bool read_documents(struct plan_reader *r, const struct plan_document *documents, size_t count,
                           struct plan *plan)
{
    struct draft_document drafts[PLAN_DOCUMENTS_MAX] = {{.root = NULL}};
    unsigned errors = r->problems->errors;
    assert(count > 0);
    if (count > PLAN_DOCUMENTS_MAX)
        return problem_error(r->problems, documents[PLAN_DOCUMENTS_MAX].root, "more than %d policy documents",
                             PLAN_DOCUMENTS_MAX);
    for (size_t i = 0; i < count; i++) {
        drafts[i].root = documents[i].root;
        read_document(r, &drafts[i]);
    }
    /* What was not read is missing in the whole: what is said about that would be wrong. */
    if (r->problems->errors != errors || r->is_incomplete || !plan_join(r, drafts, count, plan))
        return false;
    plan_lint(r, plan);
    return r->problems->errors == errors;
}

bool plan_read_xml(struct plan *plan, const struct plan_document *documents, size_t count,
                   const struct rule_settings *settings, struct arena *arena, struct problems *problems)
{
    struct plan_reader r = {.settings = settings, .arena = arena, .problems = problems};
    r.rule = (struct rule_reader){.settings = settings, .arena = arena, .problems = problems, .is_xml = true};
    *plan = (struct plan){.steps = NULL};
    bool is_read = read_documents(&r, documents, count, plan);
    for (struct draft_rule *rule = r.rules; rule != NULL; rule = rule->next)
        rule_fini(&rule->rule);
    if (!is_read && plan->rules != NULL)
        plan_fini(plan);
    if (!is_read)
        *plan = (struct plan){.steps = NULL};
    return is_read;
}

bool plan_read_yaml(struct plan *plan, const struct node *map, const struct rule_settings *settings,
                    struct arena *arena, struct problems *problems)
{
    struct rule *rule = arena_zero(arena, sizeof *rule);
    struct plan_step *step = arena_zero(arena, sizeof *step);
    *plan = (struct plan){.steps = step, .count = 1, .rules = rule, .rule_count = 1, .always_validates = true};
    if (rule == NULL || step == NULL || !rule_read_yaml(rule, map, settings, arena, problems)) {
        *plan = (struct plan){.steps = NULL};
        return rule != NULL && step != NULL ? false : problem_error(problems, map, "out of memory");
    }
    plan->reads = rule_reads(rule, false);
    const struct node *id = node_member(map, "id");
    *step = (struct plan_step){.kind = PLAN_VALIDATE,
                               .source = "validate-jwt",
                               .id = id == NULL ? SPAN("") : id->text,
                               .path = "validate-jwt[1]",
                               .node = map};
    plan->end[SECTION_INBOUND] = 1;
    for (size_t i = SECTION_BACKEND; i < SECTION_COUNT; i++)
        plan->first[i] = plan->end[i] = 1;
    return true;
}

/* ---- a document of one rule ---- */

static bool is_one_rule(const struct plan *plan, struct problems *problems)
{
    for (size_t i = 0; i < plan->count; i++)
        if (plan->steps[i].kind != PLAN_VALIDATE || i > 0)
            return problem_error(problems, plan->steps[i].node, "only one validate-jwt is read here");
    return true;
}

bool rule_read_xml(struct rule *rule, const struct node *root, const struct rule_settings *settings,
                   struct arena *arena, struct problems *problems)
{
    struct plan plan;
    const struct plan_document document = {root};
    *rule = (struct rule){.source_name = {NULL, 0}};
    if (!plan_read_xml(&plan, &document, 1, settings, arena, problems))
        return false;
    bool is_one = is_one_rule(&plan, problems);
    if (is_one) {
        *rule = plan.rules[0];
        plan.rule_count = 0;
    }
    plan_fini(&plan);
    return is_one;
}
