/* SPDX-License-Identifier: Apache-2.0 */
/* Documents joined by <base/>: what stands where, and that nothing of an outer document is lost without a word.
 *
 * Method: documents whose policies set variables; the names in the order of the plan's steps are compared.
 */
#include "plan_case.h"

#define SET(name) "<set-variable name='" name "' value=''/>"
#define IF(content) "<choose><when condition='@(context.Request.Method == \"A\")'>" content "</when></choose>"
#define IN(policies) "<policies><inbound>" policies "</inbound></policies>"

enum { TRACE_BYTES = 64 };

/* The steps of a section in short: V, W and J for rules, conditions and jumps, else the variable's name. */
static void trace_of(const struct plan *plan, enum plan_section section, struct buf *trace)
{
    for (size_t i = plan->first[section]; i < plan->end[section]; i++) {
        const struct plan_step *step = &plan->steps[i];
        switch (step->kind) {
        case PLAN_VALIDATE: buf_add_char(trace, 'V'); break;
        case PLAN_SET_VARIABLE: buf_add_span(trace, step->variable->name); break;
        case PLAN_WHEN: buf_printf(trace, "W%zu", step->when.otherwise - i); break;
        case PLAN_JUMP: buf_printf(trace, "J%zu", step->jump - i); break;
        case PLAN_CHECK_HEADER:
        case PLAN_IP_FILTER:
        case PLAN_CORS:
        case PLAN_SET_HEADER:
        case PLAN_SET_QUERY:
        case PLAN_REWRITE_URI:
        case PLAN_SET_BACKEND:
        case PLAN_RETURN:
        case PLAN_KIND_COUNT: buf_add_char(trace, '?'); break;
        }
    }
}

static void assert_trace(const struct plan *plan, enum plan_section section, const char *wanted)
{
    AUTO(buf) trace = {.bytes_max = TRACE_BYTES};
    trace_of(plan, section, &trace);
    assert_span(buf_span(&trace), wanted);
}

static const struct {
    const char *documents[3];
    const char *inbound, *backend, *outbound;
    unsigned warnings;
} join_cases[] = {
    {{IN(SET("a") "<base/>" VALIDATE)}, "aV", "", "", 0},
    {{IN(SET("a") VALIDATE), IN(SET("1") "<base/>" SET("2"))}, "1aV2", "", "", 0},
    {{IN(SET("a") "<base/>"), IN("<base/>" SET("1")), IN(SET("x") "<base/>" VALIDATE)}, "xa1V", "", "", 0},
    {{IN(VALIDATE), "<policies><backend>" SET("b") "</backend></policies>"}, "V", "b", "", 0},
    {{"<policies><inbound>" VALIDATE "</inbound><outbound>" SET("o") "</outbound></policies>",
      "<policies><inbound><base/></inbound><outbound>" SET("p") "<base/></outbound></policies>"},
     "V",
     "",
     "po",
     0},
    {{"<policies><inbound>" VALIDATE "</inbound><outbound>" SET("o") "</outbound></policies>",
      "<policies><inbound><base/></inbound><outbound>" SET("p") "</outbound></policies>"},
     "V",
     "",
     "p",
     0},
    {{IN(SET("a")), VALIDATE}, "aV", "", "", 0},
    {{VALIDATE, IN("<base/>" SET("1"))}, "V1", "", "", 0},
    {{"<policies><inbound>" SET("a") "</inbound><backend>" SET("b") "</backend></policies>", VALIDATE},
     "aV",
     "b",
     "",
     0},
    {{IN(SET("a")), IN(VALIDATE)}, "V", "", "", 1},
    {{IN(SET("a") VALIDATE), IN(VALIDATE), IN("<base/>" SET("1"))}, "V1", "", "", 1},
    {{IN(SET("a") VALIDATE), IN(VALIDATE), "<policies/>"}, "V", "", "", 1},
    {{IN("<base/>"), IN(VALIDATE)}, "V", "", "", 0},
    {{IN(IF(SET("a")) VALIDATE), IN(IF(SET("1")) "<base/>" IF(SET("2")))}, "W21W2aVW22", "", "", 0},
    {{IN(VALIDATE IF(SET("a") IF(SET("b")))), IN(IF(SET("1")) "<base/>" IF(SET("2") SET("3")))},
     "W21VW4aW2bW323",
     "",
     "",
     0},
    {{"<policies><inbound>" VALIDATE "</inbound><backend>" SET("b") "<forward-request/></backend></policies>",
      "<policies><backend>" SET("c") "<base/></backend></policies>"},
     "V",
     "cb",
     "",
     0},
};

static void a_document_stands_in_the_place_of_base(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(join_cases); i++) {
        size_t count = 0;
        struct plan_loaded loaded;
        while (count < 3 && join_cases[i].documents[count] != NULL)
            count++;
        plan_load(&loaded, join_cases[i].documents, count);
        assert_true(loaded.is_read);
        assert_trace(&loaded.plan, SECTION_INBOUND, join_cases[i].inbound);
        assert_trace(&loaded.plan, SECTION_BACKEND, join_cases[i].backend);
        assert_trace(&loaded.plan, SECTION_OUTBOUND, join_cases[i].outbound);
        assert_int_equal(loaded.problems.warnings, join_cases[i].warnings);
        assert_int_equal(loaded.plan.rule_count, 1);
        plan_unload(&loaded);
    }
}

static void rules_are_numbered_in_the_order_of_the_plan(void **state)
{
    (void)state;
    static const char *const documents[] = {
        IN("<validate-jwt header-name='outer'>" KEYS_XML "</validate-jwt>"),
        IN("<validate-jwt header-name='first'>" KEYS_XML "</validate-jwt><base/><validate-azure-ad-token "
           "header-name='last' tenant-id='contoso.example'><audiences><audience>a</audience></audiences>"
           "</validate-azure-ad-token>")};
    struct plan_loaded loaded;
    plan_load(&loaded, documents, 2);
    assert_true(loaded.is_read);
    assert_int_equal(loaded.plan.rule_count, 3);
    for (size_t i = 0; i < 3; i++)
        assert_int_equal(loaded.plan.steps[i].rule, i);
    assert_span(loaded.plan.rules[0].source_name, "first");
    assert_span(loaded.plan.rules[1].source_name, "outer");
    assert_span(loaded.plan.rules[2].source_name, "last");
    assert_string_equal(loaded.plan.rules[1].source_policy, "validate-jwt");
    assert_string_equal(loaded.plan.rules[2].source_policy, "validate-azure-ad-token");
    assert_string_equal(loaded.plan.steps[2].source, "validate-azure-ad-token");
    assert_string_equal(loaded.plan.steps[1].node->file, "1.xml");
    assert_string_equal(loaded.plan.steps[2].node->file, "2.xml");
    plan_unload(&loaded);
}

static const struct {
    const char *documents[2];
    enum problem_kind kind;
    const char *file;
    unsigned line, column;
    const char *text;
} problem_cases[] = {
    {{IN("\n<base/>\n<base/>" VALIDATE), IN("<base/>")}, PROBLEM_ERROR, "1.xml", 3, 1, "a second <base/>"},
    {{IN(VALIDATE), IN("<base/>\n<base/>")}, PROBLEM_ERROR, "2.xml", 2, 1, "a second <base/>"},
    {{IN(SET("a")), "<policies>\n<inbound>" VALIDATE "</inbound></policies>"},
     PROBLEM_WARNING,
     "2.xml",
     2,
     1,
     "the policies of \"1.xml\" are not applied"},
    {{IN("\n<rate-limit/>"), IN(VALIDATE)}, PROBLEM_ERROR, "1.xml", 2, 1, "\"rate-limit\" is not supported"},
    {{IN("<base/>"), IN("<base/>")}, PROBLEM_ERROR, "2.xml", 1, 1, "no validate-jwt in <inbound>"},
    {{IN(VALIDATE), IN("\n" SET("a"))}, PROBLEM_ERROR, "2.xml", 1, 1, "no validate-jwt in <inbound>"},
    {{"<policies><inbound>" VALIDATE "</inbound><backend><forward-request/></backend></policies>",
      "<policies><backend><base/>\n" SET("a") "</backend></policies>"},
     PROBLEM_ERROR,
     "2.xml",
     2,
     1,
     "behind <forward-request>"},
    {{IN("<cors><allowed-origins><origin>*</origin></allowed-origins><allowed-headers/></cors>"),
      IN("<base/>\n<cors><allowed-origins><origin>*</origin></allowed-origins><allowed-headers/></cors>" VALIDATE)},
     PROBLEM_ERROR,
     "2.xml",
     2,
     1,
     "a second <cors>"},
    {{IN(VALIDATE), "<policy/>"}, PROBLEM_ERROR, "2.xml", 1, 1, "<validate-jwt> or <policies>"},
    {{IN(VALIDATE), IN("<base a='b'/>")}, PROBLEM_ERROR, "2.xml", 1, 26, "unknown attribute"},
    {{IN(VALIDATE), IN("<base>" SET("a") "</base>")}, PROBLEM_ERROR, "2.xml", 1, 26, "expected to be empty"},
};

static void problems_name_the_document(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(problem_cases); i++) {
        struct plan_loaded loaded;
        plan_load(&loaded, problem_cases[i].documents, 2);
        assert_true(plan_has_problem(&loaded, problem_cases[i].kind, problem_cases[i].file, problem_cases[i].line,
                                     problem_cases[i].column, problem_cases[i].text));
        assert_int_equal(loaded.problems.errors, problem_cases[i].kind == PROBLEM_ERROR ? 1 : 0);
        plan_unload(&loaded);
    }
}

static void at_most_8_documents_are_joined(void **state)
{
    (void)state;
    const char *documents[PLAN_DOCUMENTS_MAX + 1] = {IN(VALIDATE)};
    for (size_t i = 1; i < COUNT_OF(documents); i++)
        documents[i] = IN("<base/>");
    for (size_t extra = 0; extra < 2; extra++) {
        struct plan_loaded loaded;
        plan_load(&loaded, documents, PLAN_DOCUMENTS_MAX + extra);
        assert_int_equal(loaded.is_read, extra == 0);
        plan_unload(&loaded);
    }
}

static void a_rule_in_yaml_is_a_plan_of_one_step(void **state)
{
    (void)state;
    AUTO(arena) arena = {0};
    AUTO(problems) problems;
    struct plan plan;
    struct rule_settings settings = rule_case_settings();
    problems_init(&problems);
    const struct node *map =
        node_read_yaml(&arena, "a.yaml", span_str("issuer_signing_keys: [ { base64: " SECRET " } ]"), &problems);
    assert_true(plan_read_yaml(&plan, map, &settings, &arena, &problems));
    assert_trace(&plan, SECTION_INBOUND, "V");
    assert_trace(&plan, SECTION_ON_ERROR, "");
    assert_true(plan.always_validates);
    assert_null(plan.cors);
    assert_int_equal(plan.rules[0].inline_keys->count, 1);
    plan_fini(&plan);
    map = node_read_yaml(&arena, "a.yaml", span_str("audience: x"), &problems);
    assert_false(plan_read_yaml(&plan, map, &settings, &arena, &problems));
    plan_fini(&plan);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_document_stands_in_the_place_of_base),
        cmocka_unit_test(rules_are_numbered_in_the_order_of_the_plan),
        cmocka_unit_test(problems_name_the_document),
        cmocka_unit_test(at_most_8_documents_are_joined),
        cmocka_unit_test(a_rule_in_yaml_is_a_plan_of_one_step),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
