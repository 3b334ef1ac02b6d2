/* SPDX-License-Identifier: Apache-2.0 */
/* <choose> as conditions and jumps: whatever nests how, a request meets the policies that its conditions say, in order.
 *
 * Method: an interpreter of few lines runs plans for requests of different methods, and notes the names of the variables that
 * are set on the way.  A jump that misses its mark by one would pass over a policy.
 */
#include "plan_case.h"

#define SET(name) "<set-variable name='" name "' value=''/>"
#define WHEN(method, content) "<when condition='@(context.Request.Method == \"" method "\")'>" content "</when>"
#define CHOOSE(content) "<choose>" content "</choose>"
#define OTHERWISE(content) "<otherwise>" content "</otherwise>"

enum { TRACE_BYTES = 64, RUN_STEPS_MAX = PLAN_STEPS_MAX + 1 };

static bool holds(const struct plan_text *condition, const struct expression_context *context)
{
    struct err err;
    struct value value;
    if (condition->expression == NULL)
        return span_eq(condition->literal, SPAN("true"));
    assert_true(expression_evaluate(condition->expression, context, &value, &err));
    assert_int_equal(value.kind, VALUE_BOOL);
    return value.boolean;
}

/* The step behind `at`; what is met is added to `trace`: V validated, R answered, else the variable's name. */
static size_t run_step(const struct plan *plan, size_t at, const struct expression_context *context, struct buf *trace)
{
    const struct plan_step *step = &plan->steps[at];
    switch (step->kind) {
    case PLAN_WHEN: return holds(&step->when.condition, context) ? at + 1 : step->when.otherwise;
    case PLAN_JUMP: return step->jump;
    case PLAN_SET_VARIABLE: buf_add_span(trace, step->variable->name); return at + 1;
    case PLAN_VALIDATE: buf_add_char(trace, 'V'); return at + 1;
    case PLAN_RETURN: buf_add_char(trace, 'R'); return SIZE_MAX;
    case PLAN_CHECK_HEADER:
    case PLAN_IP_FILTER:
    case PLAN_CORS:
    case PLAN_SET_HEADER:
    case PLAN_SET_QUERY:
    case PLAN_REWRITE_URI:
    case PLAN_SET_BACKEND:
    case PLAN_KIND_COUNT: break;
    }
    return at + 1;
}

static void assert_trace(const struct plan *plan, enum plan_section section, const char *method, const char *wanted)
{
    struct plan_request request = {.method = method};
    struct expression_context context = plan_request_context(&request);
    AUTO(buf) trace = {.bytes_max = TRACE_BYTES};
    size_t steps = 0;
    for (size_t at = plan->first[section]; at < plan->end[section]; steps++) {
        size_t next = run_step(plan, at, &context, &trace);
        assert_true(next > at);
        at = next;
    }
    assert_true(steps <= RUN_STEPS_MAX);
    if (!span_eq(buf_span(&trace), span_str(wanted)))
        print_error("%s: \"%.*s\", wanted \"%s\"\n", method, SPAN_ARG(buf_span(&trace)), wanted);
    assert_true(span_eq(buf_span(&trace), span_str(wanted)));
    plan_request_fini(&request);
}

static const struct {
    const char *policies;
    struct {
        const char *method, *trace;
    } runs[4];
} flow_cases[] = {
    {SET("a") CHOOSE(WHEN("A", SET("b"))) SET("c"), {{"A", "abcV"}, {"B", "acV"}}},
    {CHOOSE(WHEN("A", SET("a")) WHEN("B", SET("b"))) SET("c"), {{"A", "acV"}, {"B", "bcV"}, {"C", "cV"}}},
    {CHOOSE(WHEN("A", SET("a")) WHEN("B", SET("b")) OTHERWISE(SET("o"))), {{"A", "aV"}, {"B", "bV"}, {"C", "oV"}}},
    {CHOOSE(WHEN("A", SET("1")) WHEN("A", SET("2"))), {{"A", "1V"}}},
    {CHOOSE(WHEN("A", "") WHEN("B", SET("b")) OTHERWISE("")) SET("c"), {{"A", "cV"}, {"B", "bcV"}, {"C", "cV"}}},
    {CHOOSE(WHEN("A", SET("a") CHOOSE(WHEN("A", SET("i")) OTHERWISE(SET("j"))) SET("b"))
                OTHERWISE(CHOOSE(WHEN("B", SET("k"))) SET("o"))),
     {{"A", "aibV"}, {"B", "koV"}, {"C", "oV"}}},
    {CHOOSE(WHEN("A", CHOOSE(WHEN("A", CHOOSE(WHEN("A", SET("x")) OTHERWISE(SET("y")))) OTHERWISE(SET("z"))))),
     {{"A", "xV"}, {"B", "V"}}},
    {CHOOSE(WHEN("A", SET("a"))) CHOOSE(WHEN("A", SET("b")) OTHERWISE(SET("c"))), {{"A", "abV"}, {"B", "cV"}}},
    {CHOOSE("<when condition='true'>" SET("t") "</when>" OTHERWISE(SET("o"))), {{"A", "tV"}}},
    {CHOOSE("<when condition='False'>" SET("t") "</when>" OTHERWISE(SET("o"))), {{"A", "oV"}}},
    {CHOOSE("<when condition='@(1 == 2)'>" SET("t") "</when>" OTHERWISE(SET("o"))), {{"A", "oV"}}},
    {VALIDATE CHOOSE(WHEN("A", SET("a") "<return-response/>") OTHERWISE(SET("o"))), {{"A", "VaR"}, {"B", "VoV"}}},
};

static void a_request_meets_the_policies_of_its_branch(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(flow_cases); i++) {
        AUTO(buf) document = {.bytes_max = NODE_BYTES_MAX};
        buf_printf(&document, "<policies><inbound>%s" VALIDATE "</inbound><outbound>%s</outbound></policies>%c",
                   flow_cases[i].policies,
                   strstr(flow_cases[i].policies, "<validate") == NULL ? flow_cases[i].policies : "", '\0');
        struct plan_loaded loaded;
        plan_load_good(&loaded, buf_span(&document).at);
        for (size_t r = 0; r < COUNT_OF(flow_cases[i].runs) && flow_cases[i].runs[r].method != NULL; r++) {
            const char *trace = flow_cases[i].runs[r].trace;
            char outbound[TRACE_BYTES];
            assert_trace(&loaded.plan, SECTION_INBOUND, flow_cases[i].runs[r].method, trace);
            snprintf(outbound, sizeof outbound, "%.*s", (int)strcspn(trace, "V"), trace);
            if (loaded.plan.first[SECTION_OUTBOUND] < loaded.plan.end[SECTION_OUTBOUND])
                assert_trace(&loaded.plan, SECTION_OUTBOUND, flow_cases[i].runs[r].method, outbound);
        }
        plan_unload(&loaded);
    }
}

static void steps_know_where_they_stand(void **state)
{
    (void)state;
    static const struct {
        enum plan_kind kind;
        const char *source, *path, *id;
    } wanted[] = {
        {PLAN_SET_VARIABLE, "set-variable", "set-variable[1]", ""},
        {PLAN_WHEN, "choose", "choose[1]/when[1]", "c"},
        {PLAN_JUMP, "choose", "choose[1]/when[1]", "c"},
        {PLAN_WHEN, "choose", "choose[1]/when[2]", "c"},
        {PLAN_SET_VARIABLE, "set-variable", "choose[1]/when[2]/set-variable[1]", ""},
        {PLAN_SET_VARIABLE, "set-variable", "choose[1]/when[2]/set-variable[2]", "v"},
        {PLAN_JUMP, "choose", "choose[1]/when[2]", "c"},
        {PLAN_WHEN, "choose", "choose[1]/otherwise[1]/choose[1]/when[1]", ""},
        {PLAN_VALIDATE, "validate-jwt", "validate-jwt[1]", ""},
    };
    struct plan_loaded loaded;
    plan_load_good(&loaded, INBOUND(SET("a") "<choose id='c'>" WHEN("A", "")
                                        WHEN("B", SET("b") "<set-variable id='v' name='c' value=''/>")
                                            OTHERWISE(CHOOSE(WHEN("C", ""))) "</choose>"));
    assert_int_equal(loaded.plan.count, COUNT_OF(wanted));
    for (size_t i = 0; i < COUNT_OF(wanted); i++) {
        const struct plan_step *step = &loaded.plan.steps[i];
        assert_int_equal(step->kind, wanted[i].kind);
        assert_string_equal(step->source, wanted[i].source);
        assert_string_equal(step->path, wanted[i].path);
        assert_span(step->id, wanted[i].id);
        assert_true(step->node != NULL && step->node->line == 2);
    }
    plan_unload(&loaded);
}

static const struct rule_case choose_cases[] = {
    {"a choice has a condition", INBOUND("<choose/>"), 2, 1, "needs a <when>", INBOUND(CHOOSE(WHEN("A", ""))), 0},
    {"otherwise stands behind a condition", INBOUND(CHOOSE("<otherwise/>" WHEN("A", ""))), 2, 9, "behind a <when>",
     INBOUND(CHOOSE(WHEN("A", "") "<otherwise/>")), 0},
    {"otherwise is the last", INBOUND(CHOOSE(WHEN("A", "") "<otherwise/>" WHEN("B", ""))), 2, 79,
     "stands behind <otherwise>", INBOUND(CHOOSE(WHEN("A", "") WHEN("B", "") "<otherwise/>")), 0},
    {"otherwise is given once", INBOUND(CHOOSE(WHEN("A", "") "<otherwise/><otherwise/>")), 2, 79,
     "stands behind <otherwise>", INBOUND(CHOOSE(WHEN("A", "") "<otherwise/>")), 0},
    {"otherwise has no condition", INBOUND(CHOOSE(WHEN("A", "") "<otherwise condition='true'/>")), 2, 78,
     "unknown attribute", INBOUND(CHOOSE(WHEN("A", "") "<otherwise/>")), 0},
    {"a condition is given", INBOUND(CHOOSE("<when/>")), 2, 9, "needs the attribute \"condition\"",
     INBOUND(CHOOSE("<when condition='true'/>")), 0},
    {"a condition is true or false", INBOUND(CHOOSE("<when condition='1'/>")), 2, 25, "true or false",
     INBOUND(CHOOSE("<when condition='True'/>")), 0},
    {"a constant condition is true or false", INBOUND(CHOOSE("<when condition='@(\"true\")'/>")), 2, 26,
     "true or false", INBOUND(CHOOSE("<when condition='@(\"true\" == \"true\")'/>")), 0},
    {"an unescaped condition is read, and told at its place",
     INBOUND(CHOOSE("<when condition=\"@(context.Request.Method == \"A\" && 1 < nope)\"/>")), 2, 65, "nope",
     INBOUND(CHOOSE("<when condition=\"@(context.Request.Method == \"A\" && 1 < 2)\"/>")), 0},
    {"other elements are refused", INBOUND(CHOOSE("<if condition='true'/><when condition='true'/>")), 2, 9,
     "unknown element in <choose>", INBOUND(CHOOSE("<when condition='true'/>")), 0},
    {"a policy within is held to its section", OUTBOUND(CHOOSE(WHEN("A", "\n<rewrite-uri template='/'/>"))), 3, 1,
     "belongs into <inbound>", OUTBOUND(CHOOSE(WHEN("A", "\n"))), 0},
    {"base is no choice", INBOUND(CHOOSE(WHEN("A", "\n<base/>"))), 3, 1, "directly in <inbound>", INBOUND("\n<base/>"),
     0},
    {"a policy within is checked", INBOUND(CHOOSE(WHEN("A", "\n<set-header name='X'/>"))), 3, 1, "needs a <value>",
     INBOUND(CHOOSE(WHEN("A", "\n<set-header name='X' exists-action='delete'/>"))), 0},
    {"named values are put in within", INBOUND(CHOOSE(WHEN("A", "\n<set-variable name='{{nope}}' value=''/>"))), 3, 20,
     "\"nope\"", INBOUND(CHOOSE(WHEN("A", "\n<set-variable name='{{tid}}' value=''/>"))), 0},
};

static void choices_are_checked(void **state)
{
    (void)state;
    plan_cases_run(choose_cases, COUNT_OF(choose_cases));
}

/* ---- whether every request is judged ---- */

#define BARE(policies) "<policies><inbound>\n" policies "</inbound></policies>"

static const struct {
    const char *document;
    bool always_validates;
    const char *warning;
} judging_cases[] = {
    {BARE(VALIDATE), true, NULL},
    {BARE(VALIDATE "<return-response/>"), true, NULL},
    {BARE(CHOOSE(WHEN("A", VALIDATE))), false, "not every request is judged"},
    {BARE(CHOOSE(WHEN("A", VALIDATE) OTHERWISE(VALIDATE))), true, NULL},
    {BARE(CHOOSE(WHEN("A", VALIDATE) OTHERWISE(""))), false, "not every request is judged"},
    {BARE(CHOOSE("<when condition='true'>" VALIDATE "</when>")), true, NULL},
    {BARE(CHOOSE("<when condition='false'>" VALIDATE "</when>")), false, "not every request is judged"},
    {BARE(CHOOSE(WHEN("A", "<return-response/>")) VALIDATE), false, "before a token was validated"},
    {BARE("<return-response/>" VALIDATE), false, "before a token was validated"},
    {BARE(VALIDATE CHOOSE(WHEN("A", "<return-response/>"))), true, NULL},
    {BARE(CHOOSE(WHEN("A", SET("a"))) VALIDATE), true, NULL},
};

static void a_way_past_every_validation_is_warned_of(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(judging_cases); i++) {
        struct plan_loaded loaded;
        plan_load_good(&loaded, judging_cases[i].document);
        assert_int_equal(loaded.plan.always_validates, judging_cases[i].always_validates);
        assert_int_equal(loaded.problems.warnings, judging_cases[i].warning != NULL);
        if (judging_cases[i].warning != NULL)
            assert_non_null(strstr(loaded.problems.first->text, judging_cases[i].warning));
        plan_unload(&loaded);
    }
}

/* ---- variables ---- */

#define READ(name) "<set-header name='X'><value>@((string)context.Variables[\"" name "\"])</value></set-header>"

static const struct rule_case variable_cases[] = {
    {"a variable that nothing sets is warned of", INBOUND(READ("a")), 2, 1, "variable \"a\"",
     INBOUND(SET("a") READ("a")), PROBLEM_WARNING},
    {"one that is set later is warned of", INBOUND(READ("a") SET("a")), 2, 1, "variable \"a\"",
     INBOUND(SET("a") READ("a")), PROBLEM_WARNING},
    {"letter case counts", INBOUND(SET("A") "\n" READ("a")), 3, 1, "variable \"a\"", INBOUND(SET("a") "\n" READ("a")),
     PROBLEM_WARNING},
    {"a condition reads too", INBOUND(CHOOSE("<when condition='@((bool)context.Variables[\"a\"])'/>")), 2, 9,
     "variable \"a\"",
     INBOUND(
         "<set-variable name='a' value='@(true)'/>" CHOOSE("<when condition='@((bool)context.Variables[\"a\"])'/>")),
     PROBLEM_WARNING},
    {"an outbound policy sees what inbound set", OUTBOUND("\n" READ("a")), 3, 1, "variable \"a\"",
     DOCUMENT(SET("a"), "<outbound>\n" READ("a") "</outbound>"), PROBLEM_WARNING},
    {"a validated token is a variable",
     BARE(VALIDATE "\n<set-header name='X'><value>@(((Jwt)context.Variables[\"j\"]).Subject)</value></set-header>"), 3,
     1, "variable \"j\"",
     BARE("<validate-jwt header-name='a' output-token-variable-name='j'>" KEYS_XML "</validate-jwt>"
          "\n<set-header name='X'><value>@(((Jwt)context.Variables[\"j\"]).Subject)</value></set-header>"),
     PROBLEM_WARNING},
    {"an answer on errors hides the message",
     "<policies><inbound><validate-jwt header-name='a' failed-validation-error-message='m'>" KEYS_XML
     "</validate-jwt></inbound><on-error>\n<return-response/></on-error></policies>",
     2, 1, "is not seen",
     "<policies><inbound><validate-jwt header-name='a'>" KEYS_XML
     "</validate-jwt></inbound><on-error>\n<return-response/></on-error></policies>",
     PROBLEM_NOTE},
};

#define OUTPUT "<validate-jwt header-name='a' output-token-variable-name='j'>" KEYS_XML "</validate-jwt>"
#define USER(name) \
    "\n<set-header name='" name "'><value>@(((Jwt)context.Variables[\"j\"]).Subject)</value></set-header>"
#define LITERAL(name) "\n<set-header name='" name "'><value>none</value></set-header>"

static const struct rule_case branch_cases[] = {
    {"a header made of a token in a branch only can be sent elsewhere", BARE(OUTPUT CHOOSE(WHEN("A", USER("X")))), 3, 1,
     "set in this branch only", BARE(OUTPUT USER("X")), PROBLEM_NOTE},
    {"as can one in a branch for all others", BARE(OUTPUT CHOOSE(WHEN("A", "") OTHERWISE(USER("X")))), 3, 1,
     "set in this branch only", BARE(OUTPUT CHOOSE(WHEN("A", "") OTHERWISE(LITERAL("X")))), PROBLEM_NOTE},
    {"unless it is taken out before", BARE(OUTPUT LITERAL("Y") CHOOSE(WHEN("A", USER("X")))), 4, 1,
     "set in this branch only",
     BARE(OUTPUT "\n<set-header name='x' exists-action='delete'/>" CHOOSE(WHEN("A", USER("X")))), PROBLEM_NOTE},
    {"or replaced behind, in backend too", BARE(OUTPUT CHOOSE(WHEN("A", USER("X")) WHEN("B", LITERAL("X")))), 3, 1,
     "set in this branch only",
     "<policies><inbound>" OUTPUT CHOOSE(WHEN("A", USER("X"))) "</inbound><backend>" LITERAL(
         "X") "</backend></policies>",
     PROBLEM_NOTE},
};

static void headers_that_a_client_can_send_elsewhere_are_noted(void **state)
{
    (void)state;
    plan_cases_run(branch_cases, COUNT_OF(branch_cases));
}

static void variables_that_nothing_sets_are_warned_of(void **state)
{
    (void)state;
    plan_cases_run(variable_cases, COUNT_OF(variable_cases));
}

static void a_plan_has_at_most_1000_steps(void **state)
{
    (void)state;
    for (size_t extra = 0; extra < 2; extra++) {
        AUTO(buf) document = {.bytes_max = NODE_BYTES_MAX};
        buf_add_str(&document, "<policies><inbound>" VALIDATE);
        for (size_t i = 1; i < PLAN_STEPS_MAX + extra; i++)
            buf_add_str(&document, SET("a"));
        buf_printf(&document, "</inbound></policies>%c", '\0');
        const char *text = buf_span(&document).at;
        struct plan_loaded loaded;
        plan_load(&loaded, &text, 1);
        assert_int_equal(loaded.is_read, extra == 0);
        plan_unload(&loaded);
    }
}

static void a_plan_has_at_most_32_rules(void **state)
{
    (void)state;
    for (size_t extra = 0; extra < 2; extra++) {
        AUTO(buf) document = {.bytes_max = NODE_BYTES_MAX};
        buf_add_str(&document, "<policies><inbound>");
        for (size_t i = 0; i < PLAN_RULES_MAX + extra; i++)
            buf_add_str(&document, VALIDATE);
        buf_printf(&document, "</inbound></policies>%c", '\0');
        const char *text = buf_span(&document).at;
        struct plan_loaded loaded;
        plan_load(&loaded, &text, 1);
        assert_int_equal(loaded.is_read, extra == 0);
        plan_unload(&loaded);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_request_meets_the_policies_of_its_branch),
        cmocka_unit_test(steps_know_where_they_stand),
        cmocka_unit_test(choices_are_checked),
        cmocka_unit_test(a_way_past_every_validation_is_warned_of),
        cmocka_unit_test(variables_that_nothing_sets_are_warned_of),
        cmocka_unit_test(headers_that_a_client_can_send_elsewhere_are_noted),
        cmocka_unit_test(a_plan_has_at_most_1000_steps),
        cmocka_unit_test(a_plan_has_at_most_32_rules),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
