/* SPDX-License-Identifier: Apache-2.0 */
/* cors, of policy documents and of routes in YAML: an origin that is read too widely hands a user's answers to any page.
 *
 * Method: tables of documents, each beside a neighbour that differs in the tested point alone and loads.
 */
#include "plan_case.h"

#define CORS(attributes, content) INBOUND("<cors " attributes ">" content HEADERS "</cors>")
#define ORIGINS(origin) "<allowed-origins><origin>" origin "</origin></allowed-origins>"
#define HEADERS "<allowed-headers><header>*</header></allowed-headers>"
#define CORS_GOOD CORS("allow-credentials='true'", ORIGINS("https://a.example"))

static const struct rule_case cors_cases[] = {
    {"origins are required", CORS("", ""), 2, 1, "needs <allowed-origins>", CORS_GOOD, 0},
    {"an origin is named", CORS("", "<allowed-origins/>"), 2, 1, "no allowed origin", CORS_GOOD, 0},
    {"headers are required", INBOUND("<cors>" ORIGINS("*") "</cors>"), 2, 1, "needs <allowed-headers>",
     INBOUND("<cors>" ORIGINS("*") "<allowed-headers/></cors>"), 0},
    {"any origin is not for credentials", CORS("allow-credentials='true'", ORIGINS("*")), 2, 57, "every page",
     CORS("allow-credentials='false'", ORIGINS("*")), 0},
    {"an origin has no path", CORS("", ORIGINS("https://a.example/b")), 2, 33, "without a path",
     CORS("", ORIGINS("https://a.example/")), 0},
    {"an origin has no second slash", CORS("", ORIGINS("https://a.example//")), 2, 33, "without a path",
     CORS("", ORIGINS("https://a.example/")), 0},
    {"a scheme with a slash is no origin", CORS("", ORIGINS("https:///")), 2, 33, "without a path",
     CORS("", ORIGINS("https://a/")), 0},
    {"a slash at the end is told", CORS("", ORIGINS("https://a.example/")), 2, 33, "without the slash",
     CORS("", ORIGINS("https://a.example")), PROBLEM_WARNING},
    {"an origin ends with its port", CORS("", ORIGINS("https://a.example:/")), 2, 33, "without a path",
     CORS("", ORIGINS("https://a.example:8443")), 0},
    {"an origin has a scheme", CORS("", ORIGINS("a.example")), 2, 33, "scheme://host", CORS_GOOD, 0},
    {"an origin holds no wildcard", CORS("", ORIGINS("https://*.example")), 2, 33, "scheme://host", CORS_GOOD, 0},
    {"an origin has no user", CORS("", ORIGINS("https://u@a.example")), 2, 33, "scheme://host", CORS_GOOD, 0},
    {"a port is a number", CORS("", ORIGINS("https://a:b")), 2, 33, "scheme://host",
     CORS("", ORIGINS("https://[::1]:8")), 0},
    {"null is no origin", CORS("", ORIGINS("null")), 2, 33, "sandboxed", CORS_GOOD, 0},
    {"an origin is no expression", CORS("", ORIGINS("@(context.Request.Method)")), 2, 33, "takes no expression",
     CORS_GOOD, 0},
    {"an empty origin is refused", CORS("", ORIGINS("")), 2, 25, "<origin> is empty", CORS_GOOD, 0},
    {"a method is one word", CORS("", ORIGINS("*") "<allowed-methods><method>GET POST</method></allowed-methods>"), 2,
     86, "a name or *",
     CORS("", ORIGINS("*") "<allowed-methods><method>GET</method><method>*</method></allowed-methods>"), 0},
    {"a header that is read is named", CORS("", ORIGINS("*") "<expose-headers><header>X A</header></expose-headers>"),
     2, 85, "a name or *", CORS("", ORIGINS("*") "<expose-headers><header>*</header></expose-headers>"), 0},
    {"an age is in seconds",
     CORS("", ORIGINS("*") "<allowed-methods preflight-result-max-age='5m'><method>*</method></allowed-methods>"), 2,
     103, "seconds",
     CORS("", ORIGINS("*") "<allowed-methods preflight-result-max-age='300'><method>*</method></allowed-methods>"), 0},
    {"containers are given once", CORS("", ORIGINS("https://a") ORIGINS("https://b")), 2, 69, "given twice",
     CORS("", ORIGINS("https://a")), 0},
    {"other elements are refused", CORS("", ORIGINS("*") "<allow-methods/>"), 2, 61, "did you mean \"allowed-methods\"",
     CORS("", ORIGINS("*") "<allowed-methods/>"), 0},
    {"credentials are a boolean", CORS("allow-credentials='1'", ORIGINS("https://a")), 2, 25, "true or false",
     CORS_GOOD, 0},
    {"cors is no choice", INBOUND("<choose><when condition='true'>\n<cors>" ORIGINS("*") "</cors></when></choose>"), 3,
     1, "directly in <inbound>", CORS_GOOD, 0},
    {"cors is given once", INBOUND("<cors>" ORIGINS("*") HEADERS "</cors>\n<cors>" ORIGINS("*") HEADERS "</cors>"), 3,
     1, "a second <cors>", CORS_GOOD, 0},
};

static void cross_origin_rules_are_checked(void **state)
{
    (void)state;
    plan_cases_run(cors_cases, COUNT_OF(cors_cases));
}

/* Laid out as API Management's documentation does it: origins with the slash that browsers never send. */
static const char sample[] =
    INBOUND("<cors allow-credentials=\"true\">\n    <allowed-origins>\n        <!-- for development -->\n"
            "        <origin>http://localhost:8080/</origin>\n        <origin>http://example.com/</origin>\n"
            "    </allowed-origins>\n    <allowed-methods preflight-result-max-age=\"300\">\n"
            "        <method>GET</method>\n        <method>PATCH</method>\n    </allowed-methods>\n"
            "    <allowed-headers>\n        <header>content-type</header>\n        <header>accept</header>\n"
            "    </allowed-headers>\n    <expose-headers>\n        <header>etag</header>\n    </expose-headers>\n"
            "</cors>");

static void a_slash_behind_an_origin_is_dropped(void **state)
{
    (void)state;
    struct plan_loaded loaded;
    plan_load_good(&loaded, sample);
    assert_int_equal(loaded.problems.warnings, 2);
    assert_int_equal(loaded.plan.cors->origin_count, 2);
    assert_span(loaded.plan.cors->origins[0], "http://localhost:8080");
    assert_span(loaded.plan.cors->origins[1], "http://example.com");
    assert_int_equal(loaded.plan.cors->header_count, 2);
    plan_unload(&loaded);
    plan_load_good(&loaded, CORS("", ORIGINS("https://a.example:443/")));
    assert_span(loaded.plan.cors->origins[0], "https://a.example");
    plan_unload(&loaded);
}

static void cross_origin_rules_have_their_meaning(void **state)
{
    (void)state;
    struct plan_loaded loaded;
    plan_load_good(&loaded,
                   INBOUND("<cors id='c' allow-credentials='True' terminate-unmatched-request='false'>"
                           "<allowed-origins><origin>HTTPS://A.example:443</origin><origin>http://b:8080</origin>"
                           "</allowed-origins><allowed-methods preflight-result-max-age='300'><method>*</method>"
                           "<method>PATCH</method></allowed-methods><allowed-headers><header>x-a</header>"
                           "</allowed-headers><expose-headers><header>x-b</header></expose-headers></cors>"));
    const struct plan_cors *cors = loaded.plan.cors;
    assert_ptr_equal(cors, loaded.plan.steps[0].cors);
    assert_span(loaded.plan.steps[0].id, "c");
    assert_int_equal(cors->origin_count, 2);
    assert_span(cors->origins[0], "https://a.example");
    assert_span(cors->origins[1], "http://b:8080");
    assert_false(cors->takes_any_origin);
    assert_int_equal(cors->method_count, 1);
    assert_true(cors->takes_any_method);
    assert_int_equal(cors->header_count, 1);
    assert_span(cors->exposed[0], "x-b");
    assert_true(cors->allows_credentials);
    assert_false(cors->terminates_unmatched);
    assert_int_equal(cors->max_age_s, 300);
    plan_unload(&loaded);
    plan_load_good(&loaded, CORS("", ORIGINS("*")));
    assert_true(loaded.plan.cors->takes_any_origin);
    assert_int_equal(loaded.plan.cors->origin_count, 0);
    assert_true(loaded.plan.cors->terminates_unmatched);
    assert_false(loaded.plan.cors->allows_credentials);
    plan_unload(&loaded);
}

static const struct {
    const char *document;
    bool is_read;
} yaml_cors_cases[] = {
    {"allowed_origins: ['https://a.example']\nallow_credentials: true\nmax_age: 10m", true},
    {"allowed_origins: '*'\nallowed_methods: [GET, DELETE]\nallowed_headers: '*'\nexpose_headers: X-A", true},
    {"allowed_origins: '*'\nterminate_unmatched: false", true},
    {"allowed_origins: '*'\nallow_credentials: true", false},
    {"allowed_origins: ['https://a.example/b']", false},
    {"allowed_origins: ['https://a.example/']", true},
    {"allowed_origins: ['https://a.example//']", false},
    {"allowed_origins: []", false},
    {"allowed_methods: [GET]", false},
    {"allowed_origins: '*'\nmax_age: 10", false},
    {"allowed_origins: '*'\nallowed_origin: 'https://a'", false},
};

static void a_route_in_yaml_is_held_to_the_same(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(yaml_cors_cases); i++) {
        AUTO(arena) arena = {0};
        AUTO(problems) problems;
        problems_init(&problems);
        const struct node *map = node_read_yaml(&arena, "a.yaml", span_str(yaml_cors_cases[i].document), &problems);
        assert_non_null(map);
        const struct plan_cors *cors = plan_read_cors(map, &arena, &problems);
        assert_int_equal(cors != NULL, yaml_cors_cases[i].is_read);
        assert_int_equal(problems.errors == 0, yaml_cors_cases[i].is_read);
        if (i == 0)
            assert_int_equal(cors->max_age_s, 600);
        if (i == 2)
            assert_false(cors->terminates_unmatched);
        if (i == 5)
            assert_span(cors->origins[0], "https://a.example");
        assert_int_equal(problems.warnings, i == 5);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(cross_origin_rules_are_checked),
        cmocka_unit_test(a_slash_behind_an_origin_is_dropped),
        cmocka_unit_test(cross_origin_rules_have_their_meaning),
        cmocka_unit_test(a_route_in_yaml_is_held_to_the_same),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
