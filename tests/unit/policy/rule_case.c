/* SPDX-License-Identifier: Apache-2.0 */
/* Loading of policies for tests, and the table runner. */
#include "rule_case.h"

struct rule_settings rule_case_settings(void)
{
    static const struct span names[] = {SPAN_INIT("tid"), SPAN_INIT("key"), SPAN_INIT("status"), SPAN_INIT("nested"),
                                        SPAN_INIT("expression")};
    static const struct span values[] = {SPAN_INIT("11111111-2222-3333-4444-555555555555"), SPAN_INIT(SECRET),
                                         SPAN_INIT("403"), SPAN_INIT("{{tid}}"),
                                         SPAN_INIT("@(context.Request.Method)")};
    return (struct rule_settings){
        .named_names = names, .named_values = values, .named_count = COUNT_OF(names), .now_s = 1795219200};
}

void rule_load(struct rule_loaded *loaded, const char *document, bool is_xml, const struct rule_settings *settings)
{
    *loaded = (struct rule_loaded){.is_read = false};
    problems_init(&loaded->problems);
    struct span text = span_str(document);
    const struct node *root = is_xml ? node_read_xml(&loaded->arena, "policy.xml", text, &loaded->problems)
                                     : node_read_yaml(&loaded->arena, "gateway.yaml", text, &loaded->problems);
    if (root == NULL)
        return;
    loaded->is_read = is_xml ? rule_read_xml(&loaded->rule, root, settings, &loaded->arena, &loaded->problems)
                             : rule_read_yaml(&loaded->rule, root, settings, &loaded->arena, &loaded->problems);
    assert_true(!loaded->is_read || loaded->problems.errors == 0);
}

void rule_unload(struct rule_loaded *loaded)
{
    rule_fini(&loaded->rule);
    problems_fini(&loaded->problems);
    arena_fini(&loaded->arena);
}

static void print_problems(const char *name, const char *document, const struct problems *problems)
{
    print_error("%s: %s\n", name, document);
    for (const struct problem *p = problems->first; p != NULL; p = p->next)
        print_error("  %u:%u: %s: %s\n", p->line, p->column,
                    p->kind == PROBLEM_ERROR     ? "error"
                    : p->kind == PROBLEM_WARNING ? "warning"
                                                 : "note",
                    p->text);
}

static bool has_problem(const struct problems *problems, const struct rule_case *c, bool is_placed)
{
    for (const struct problem *p = problems->first; p != NULL; p = p->next)
        if (p->kind == c->kind && strstr(p->text, c->text) != NULL &&
            (!is_placed || (p->line == c->line && p->column == c->column)))
            return true;
    return false;
}

static bool bad_is_told(const struct rule_case *c, bool is_xml)
{
    struct rule_settings settings = rule_case_settings();
    struct rule_loaded loaded;
    rule_load(&loaded, c->document, is_xml, &settings);
    unsigned errors = c->kind == PROBLEM_ERROR ? 1 : 0;
    bool is_good = has_problem(&loaded.problems, c, true) && loaded.problems.errors == errors;
    if (!is_good)
        print_problems(c->name, c->document, &loaded.problems);
    rule_unload(&loaded);
    return is_good;
}

static bool good_is_read(const struct rule_case *c, bool is_xml)
{
    struct rule_settings settings = rule_case_settings();
    struct rule_loaded loaded;
    rule_load(&loaded, c->good, is_xml, &settings);
    bool is_good = loaded.is_read && !has_problem(&loaded.problems, c, false);
    if (!is_good)
        print_problems(c->name, c->good, &loaded.problems);
    rule_unload(&loaded);
    return is_good;
}

void rule_cases_run(const struct rule_case *cases, size_t count, bool is_xml)
{
    size_t bad = 0;
    for (size_t i = 0; i < count; i++)
        bad += !bad_is_told(&cases[i], is_xml) || !good_is_read(&cases[i], is_xml);
    assert_int_equal(bad, 0);
}

void rule_load_good(struct rule_loaded *loaded, const char *document, bool is_xml)
{
    struct rule_settings settings = rule_case_settings();
    rule_load(loaded, document, is_xml, &settings);
    if (!loaded->is_read)
        print_problems("must load", document, &loaded->problems);
    assert_true(loaded->is_read);
}
