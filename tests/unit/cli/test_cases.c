/* SPDX-License-Identifier: Apache-2.0 */
/* Goal: a table of cases is read as it stands: claims as JSON of the same types, gaps filled by defaults, files beside it; and what
 * holds is what was expected.  Method: tables as texts, with the examples' folder as the place of files.
 */
#include "cli/cases.h"
#include "nodes.h"
#include "unit.h"

#define FILE_NAME JWTGATE_SOURCE_DIR "/conf/tests/table.yaml"

static bool read_text(struct document *d, struct case_table *table, const char *text)
{
    document_init(d);
    return cases_read(table, FILE_NAME, span_str(text), &d->arena, &d->problems);
}

static void claims_are_json_of_the_same_types(void **state)
{
    static const struct {
        const char *yaml, *json;
    } cases[] = {
        {"{}", "{}"},
        {"{ a: 1, b: -1.50, c: 1e400, d: 0 }", "{\"a\":1,\"b\":-1.50,\"c\":1e400,\"d\":0}"},
        {"{ a: true, b: false, c: null, d: ~ }", "{\"a\":true,\"b\":false,\"c\":null,\"d\":null}"},
        {"{ a: \"1\", b: \"true\", c: yes, d: 2026-01-31 }",
         "{\"a\":\"1\",\"b\":\"true\",\"c\":\"yes\",\"d\":\"2026-01-31\"}"},
        {"{ a: [], b: {}, c: [1, [2, []], { d: [3] }] }", "{\"a\":[],\"b\":{},\"c\":[1,[2,[]],{\"d\":[3]}]}"},
        {"{ \"a\\\"b\": \"\\u0001\\\\\" }", "{\"a\\\"b\":\"\\u0001\\\\\"}"},
        {"{ 1: a }", "{\"1\":\"a\"}"},
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct document d;
        struct case_table table;
        char text[512];
        snprintf(text, sizeof text, "cases: [ { name: n, route: r, expect: pass, claims: %s } ]", cases[i].yaml);
        bool is_read = read_text(&d, &table, text);
        if (!is_read)
            print_message("%s\n", problems_text(&d));
        assert_true(is_read);
        assert_span(table.rows[0].claims_json, cases[i].json);
        document_fini(&d);
    }
}

static void numbers_that_json_lacks_are_errors_where_they_stand(void **state)
{
    static const char *const numbers[] = {"0x1f", "0o7", ".inf", "-.inf", ".nan", "+1", "1.", ".5", "007", "1.e5"};
    (void)state;
    for (size_t i = 0; i < COUNT_OF(numbers); i++) {
        struct document d;
        struct case_table table;
        char text[512];
        snprintf(text, sizeof text, "cases: [ { name: n, route: r, expect: pass, claims: { a: %s } } ]", numbers[i]);
        assert_false(read_text(&d, &table, text));
        assert_true(strncmp(problems_text(&d), "1:58 error: a claim's number", 28) == 0);
        document_fini(&d);
    }
}

static void defaults_fill_what_a_case_leaves_out(void **state)
{
    struct document d;
    struct case_table table;
    (void)state;
    assert_true(
        read_text(&d, &table,
                  "defaults: { route: r, issuer: i, at: 7, jwks: keys.json }\n"
                  "cases:\n"
                  "- { name: a, expect: pass, token: \" Bearer  t\\n\" }\n"
                  "- { name: b, expect: refuse, token: \"\", route: s, issuer: \"\", at: \"1970-01-01T00:00:09Z\" }\n"
                  "- { name: c, expect: refuse, token: t2, status: 403, reason: TokenExpired, jwks: ./keys.json }\n"));
    assert_int_equal(table.count, 3);
    const struct case_row *rows = table.rows;
    assert_span(rows[0].route, "r");
    assert_span(rows[0].issuer, "i");
    assert_span(rows[0].credential, "t");
    assert_true(rows[0].has_at);
    assert_int_equal(rows[0].at_s, 7);
    assert_non_null(rows[0].jwks_bytes.at);
    assert_span(rows[1].route, "s");
    assert_span(rows[1].issuer, "");
    assert_int_equal(rows[1].at_s, 9);
    assert_int_equal(rows[1].credential.len, 0);
    assert_ptr_equal(rows[1].jwks_bytes.at, rows[0].jwks_bytes.at);
    assert_span(rows[2].credential, "t2");
    assert_int_equal(rows[2].status, 403);
    assert_int_equal(rows[2].jwks_bytes.len, rows[0].jwks_bytes.len);
    document_fini(&d);
}

static void all_problems_come_in_one_run(void **state)
{
    struct document d;
    struct case_table table;
    (void)state;
    assert_false(read_text(&d, &table,
                           "cases:\n"
                           "- { name: a, expect: pass, token: t }\n"
                           "- { name: b, route: r, expect: pass }\n"
                           "- { name: c, route: r, expect: pass, token: t, jwks: none.json }\n"
                           "- { name: d, route: r, expect: pass, token: t, jwks: none.json, at: soon }\n"));
    const char *text = problems_text(&d);
    assert_non_null(strstr(text, "2:3 error: \"route\" is missing"));
    assert_non_null(strstr(text, "3:3 error: a case has one of"));
    assert_non_null(strstr(text, "4:54 error: jwks: "));
    assert_non_null(strstr(text, "5:69 error: at: "));
    assert_int_equal(d.problems.errors, 4);
    document_fini(&d);
}

static void what_holds_is_what_was_expected(void **state)
{
    static const struct {
        int expect;
        const char *reason;
        int64_t status;
        struct case_outcome outcome;
        bool holds;
    } cases[] = {
        {EXPECT_PASS, NULL, 0, {.verdict = "pass", .status = 200}, true},
        {EXPECT_PASS, NULL, 200, {.verdict = "pass", .status = 200}, true},
        {EXPECT_PASS, NULL, 204, {.verdict = "pass", .status = 200}, false},
        {EXPECT_REFUSE, NULL, 0, {.verdict = "pass", .status = 200}, false},
        {EXPECT_REFUSE, NULL, 0, {.verdict = "refuse", .reason = REASON_TOKEN_EXPIRED, .status = 401}, true},
        {EXPECT_REFUSE,
         "TokenExpired",
         401,
         {.verdict = "refuse", .reason = REASON_TOKEN_EXPIRED, .status = 401},
         true},
        {EXPECT_REFUSE, "JwtInvalid", 0, {.verdict = "refuse", .reason = REASON_TOKEN_EXPIRED, .status = 401}, false},
        {EXPECT_REFUSE, NULL, 403, {.verdict = "refuse", .reason = REASON_TOKEN_EXPIRED, .status = 401}, false},
        {EXPECT_PASS, NULL, 0, {.verdict = "refuse", .reason = REASON_TOKEN_EXPIRED, .status = 401}, false},
        {EXPECT_PASS,
         NULL,
         0,
         {.verdict = "unknown", .reason = REASON_OPENID_CONFIG_UNAVAILABLE, .status = 503},
         false},
        {EXPECT_REFUSE,
         NULL,
         0,
         {.verdict = "unknown", .reason = REASON_OPENID_CONFIG_UNAVAILABLE, .status = 503},
         false},
        {EXPECT_REFUSE,
         NULL,
         503,
         {.verdict = "unknown", .reason = REASON_OPENID_CONFIG_UNAVAILABLE, .status = 503},
         false},
        {EXPECT_REFUSE,
         "OpenIdConfigUnavailable",
         0,
         {.verdict = "unknown", .reason = REASON_OPENID_CONFIG_UNAVAILABLE, .status = 503},
         true},
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        const struct case_row row = {
            .expect = cases[i].expect, .reason = span_str(cases[i].reason), .status = cases[i].status};
        assert_int_equal(cases_holds(&row, &cases[i].outcome), cases[i].holds);
    }
}

static void a_name_cannot_become_a_directive_or_a_line(void **state)
{
    static const struct node node = {.file = "t.yaml", .line = 3, .column = 5};
    const struct case_row row = {.name = SPAN("a # skip \\ \n1..0"), .route = SPAN("r"), .node = &node};
    const struct case_outcome good = {.holds = true, .verdict = "pass"};
    AUTO(buf) out = {0};
    (void)state;
    cases_tap_plan(&out, 1);
    cases_tap_line(&out, 1, &row, &good);
    assert_span(buf_span(&out), "TAP version 14\n1..1\nok 1 - a \\# skip \\\\  1..0\n");
}

static void a_diagnostic_quotes_what_is_foreign(void **state)
{
    static const struct node node = {.file = "t.yaml", .line = 3, .column = 5};
    const struct case_row row = {.name = SPAN("n"), .route = SPAN("r"), .node = &node, .expect = EXPECT_PASS};
    const struct check check = {
        .name = CHECK_AUDIENCE, .verdict = VERDICT_FAIL, .expected = SPAN("api"), .found = SPAN("\"\n  ...\n\x1b")};
    const struct case_outcome bad = {.verdict = "refuse",
                                     .reason = REASON_AUDIENCE_NOT_ALLOWED,
                                     .status = 401,
                                     .rule = 1,
                                     .rule_count = 2,
                                     .failed = &check,
                                     .advice = "do"};
    AUTO(buf) out = {0};
    (void)state;
    cases_tap_line(&out, 2, &row, &bad);
    assert_span(buf_span(&out), "not ok 2 - n\n"
                                "  ---\n"
                                "  at: \"t.yaml:3:5\"\n"
                                "  route: \"r\"\n"
                                "  expected:\n"
                                "    verdict: pass\n"
                                "  found:\n"
                                "    verdict: refuse\n"
                                "    reason: \"TokenAudienceNotAllowed\"\n"
                                "    status: 401\n"
                                "    rule: 2\n"
                                "  failed:\n"
                                "    check: \"audience\"\n"
                                "    expected: \"api\"\n"
                                "    found: \"\\\"\\n  ...\\n\\u001b\"\n"
                                "  advice: \"do\"\n"
                                "  ...\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(claims_are_json_of_the_same_types),
        cmocka_unit_test(numbers_that_json_lacks_are_errors_where_they_stand),
        cmocka_unit_test(defaults_fill_what_a_case_leaves_out),
        cmocka_unit_test(all_problems_come_in_one_run),
        cmocka_unit_test(what_holds_is_what_was_expected),
        cmocka_unit_test(a_name_cannot_become_a_directive_or_a_line),
        cmocka_unit_test(a_diagnostic_quotes_what_is_foreign),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
