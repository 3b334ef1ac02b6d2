/* SPDX-License-Identifier: Apache-2.0 */
/* Rules that depend on the request, and validate-azure-ad-token.
 *
 * An expression that came out empty, or of another kind, must refuse the request and never switch a check off; a tenant or an
 * application must be told by the policy, never by who sends the request.
 */
#include "plan_case.h"

#define RULE(attributes, content) "<validate-jwt " attributes ">" content "</validate-jwt>"
#define HEADER "@(context.Request.Headers.GetValueOrDefault(&quot;X&quot;, &quot;&quot;))"
#define QUERY "@(context.Request.Url.Query.GetValueOrDefault(&quot;q&quot;, &quot;&quot;))"
#define AUDIENCE "<audiences><audience>fixed</audience><audience>" HEADER "</audience></audiences>"

/* The rule as it is for a request with the header field X. */
static bool evaluate(const struct plan_loaded *loaded, struct plan_request *request, struct rule *rule, struct err *err)
{
    struct expression_context context = plan_request_context(request);
    return rule_evaluate(&loaded->plan.rules[0], &context, rule, err);
}

static void expressions_are_put_in_for_each_request(void **state)
{
    (void)state;
    struct plan_loaded loaded;
    plan_load_good(
        &loaded,
        RULE("header-name='@(\"X-\" + context.Request.Method)' failed-validation-httpcode='@(context.Request.Method == "
             "\"GET\" ? 403 : 401)' failed-validation-error-message='" QUERY "' require-expiration-time='@("
             "context.Request.Method == \"GET\")' require-signed-tokens='@(context.Request.Method != \"X\")' "
             "clock-skew='@(context.Request.Method == \"GET\" ? 60 : 0)'",
             KEYS_XML AUDIENCE "<issuers><issuer>" HEADER
                               "</issuer><issuer>i</issuer></issuers><required-claims><claim "
                               "name='a'><value>1</value></claim><claim name='b' match='any'><value>" HEADER
                               "</value><value>2</value><value>" QUERY "</value></claim></required-claims>"));
    struct plan_request request = {.method = "GET", .header = "h", .query = "q"};
    struct rule rule;
    struct err err = {.text = ""};
    assert_int_equal(loaded.plan.rules[0].dynamic_count, 10);
    if (!evaluate(&loaded, &request, &rule, &err))
        print_error("%s\n", err.text);
    assert_int_equal(rule.dynamic_count, 0);
    assert_span(rule.source_name, "X-GET");
    assert_int_equal(rule.failed_status, 403);
    assert_span(rule.failed_message, "q");
    assert_true(rule.requires_expiration);
    assert_true(rule.requires_signature);
    assert_int_equal(rule.clock_skew_s, 60);
    assert_span(rule.audiences[0], "fixed");
    assert_span(rule.audiences[1], "h");
    assert_span(rule.issuers[0], "h");
    assert_span(rule.issuers[1], "i");
    assert_span(rule.claims[0].values[0], "1");
    assert_span(rule.claims[1].values[0], "h");
    assert_span(rule.claims[1].values[1], "2");
    assert_span(rule.claims[1].values[2], "q");
    assert_true(span_starts(loaded.plan.rules[0].audiences[1], SPAN("@(")));
    request.method = "PUT";
    assert_true(evaluate(&loaded, &request, &rule, &err));
    assert_span(rule.source_name, "X-PUT");
    assert_int_equal(rule.failed_status, 401);
    assert_false(rule.requires_expiration);
    plan_request_fini(&request);
    plan_unload(&loaded);
}

static const struct {
    const char *rule;
    const char *good, *bad; /* of the header field */
} evaluate_cases[] = {
    {RULE("header-name='a'", KEYS_XML AUDIENCE), "x", ""},
    {RULE("header-name='a'", KEYS_XML "<issuers><issuer>" HEADER "</issuer></issuers>"), "x", ""},
    {RULE("header-name='a'", KEYS_XML "<issuers><issuer>" HEADER "</issuer></issuers>"), "https://a/tenantid/",
     "https://a/{tenantId}/"},
    {RULE("header-name='a'",
          KEYS_XML "<required-claims><claim name='a'><value>" HEADER "</value></claim></required-claims>"),
     "x", ""},
    {RULE("header-name='" HEADER "'", KEYS_XML), "X-Token", "X Token"},
    {RULE("header-name='" HEADER "'", KEYS_XML), "Authorization", ""},
    {RULE("query-parameter-name='" HEADER "'", KEYS_XML), "a b", ""},
    {RULE("header-name='Authorization' require-scheme='" HEADER "'", KEYS_XML), "DPoP", "D PoP"},
    {RULE("header-name='a' failed-validation-httpcode='" HEADER "'", KEYS_XML), "403", "204"},
    {RULE("header-name='a' failed-validation-httpcode='" HEADER "'", KEYS_XML), "599", "600"},
    {RULE("header-name='a' failed-validation-httpcode='" HEADER "'", KEYS_XML), "200", "199"},
    {RULE("header-name='a' failed-validation-httpcode='" HEADER "'", KEYS_XML), "401", "-401"},
    {RULE("header-name='a' failed-validation-error-message='" HEADER "'", KEYS_XML), "m", ""},
    {RULE("header-name='a' require-expiration-time='" HEADER "'", KEYS_XML), "false", "no"},
    {RULE("header-name='a' require-signed-tokens='" HEADER "'", KEYS_XML), "True", "1"},
    {RULE("header-name='a' clock-skew='" HEADER "'", KEYS_XML), "60", "00:01:00"},
    {RULE("header-name='a' clock-skew='" HEADER "'", KEYS_XML), "2147483647", "2147483648"},
};

static void a_value_that_does_not_fit_refuses_the_request(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(evaluate_cases); i++) {
        struct plan_loaded loaded;
        struct rule rule;
        struct err err;
        plan_load_good(&loaded, evaluate_cases[i].rule);
        assert_int_equal(loaded.plan.rules[0].dynamic_count, 1);
        struct plan_request good = {.method = "GET", .header = evaluate_cases[i].good};
        struct plan_request bad = {.method = "GET", .header = evaluate_cases[i].bad};
        assert_true(evaluate(&loaded, &good, &rule, &err));
        assert_false(evaluate(&loaded, &bad, &rule, &err));
        assert_int_equal(err.reason, REASON_EXPRESSION_FAILED);
        plan_request_fini(&good);
        plan_request_fini(&bad);
        plan_unload(&loaded);
    }
}

static void a_dynamic_header_has_a_scheme_only_as_authorization(void **state)
{
    (void)state;
    struct plan_loaded loaded;
    struct rule rule;
    struct err err;
    plan_load_good(&loaded, RULE("header-name='" HEADER "' require-scheme='DPoP'", KEYS_XML));
    assert_int_equal(loaded.problems.warnings, 0);
    struct plan_request request = {.method = "GET", .header = "authorization"};
    assert_true(evaluate(&loaded, &request, &rule, &err));
    assert_true(rule.is_authorization);
    assert_span(rule.scheme, "DPoP");
    request.header = "X-Token";
    assert_true(evaluate(&loaded, &request, &rule, &err));
    assert_false(rule.is_authorization);
    assert_int_equal(rule.scheme.len, 0);
    plan_request_fini(&request);
    plan_unload(&loaded);
}

static void constant_expressions_are_values(void **state)
{
    (void)state;
    struct plan_loaded loaded;
    plan_load_good(&loaded, RULE("header-name='@(\"X-\" + \"Token\")' clock-skew='@(30 + 30)' "
                                 "require-expiration-time='@(1 == 2)' failed-validation-httpcode='@(\"403\")'",
                                 KEYS_XML "<audiences><audience>@(\"api://\" + \"a\")</audience></audiences>"));
    const struct rule *rule = &loaded.plan.rules[0];
    assert_int_equal(rule->dynamic_count, 0);
    assert_span(rule->source_name, "X-Token");
    assert_int_equal(rule->clock_skew_s, 60);
    assert_false(rule->requires_expiration);
    assert_int_equal(rule->failed_status, 403);
    assert_span(rule->audiences[0], "api://a");
    plan_unload(&loaded);
}

#define PROVIDER(url) RULE("header-name='a'", "\n<openid-config url='" url "'/>")

/* A request must not choose whose keys it is held to. */
static const struct rule_case provider_cases[] = {
    {"a URL is made of constants only", PROVIDER("@(\"https://\" + context.Request.OriginalUrl.Host)"), 2, 21,
     "choose whom to trust", PROVIDER("@(\"https://\" + \"a/b\".ToLower())"), 0},
    {"a constant URL is held to the same", PROVIDER("@(\"http://\" + \"a\")"), 2, 21, "loopback",
     PROVIDER("@(\"http://\" + \"127.0.0.1\")"), 0},
    {"a constant URL is a text", PROVIDER("@(null)"), 2, 21, "a text is expected", PROVIDER("@(\"https://a\")"), 0},
    {"an expression in a URL is whole", PROVIDER("@(\"https://\" + )"), 2, 36, "expected a value",
     PROVIDER("@(\"https://\" + \"a\")"), 0},
    {"only the URL is an expression",
     RULE("header-name='a'", "\n<openid-config url='https://a' validate-connectivity='@(true)'/>"), 2, 55,
     "takes no expression", RULE("header-name='a'", "<openid-config url='https://a' validate-connectivity='true'/>"),
     0},
};

static void providers_are_not_chosen_by_requests(void **state)
{
    (void)state;
    struct plan_loaded loaded;
    plan_cases_run(provider_cases, COUNT_OF(provider_cases));
    plan_load_good(&loaded, PROVIDER("@(\"https://x\" + \"/...\")"));
    assert_span(loaded.plan.rules[0].providers[0].url, "https://x/...");
    assert_int_equal(loaded.plan.rules[0].dynamic_count, 0);
    plan_unload(&loaded);
}

static void a_token_value_is_an_expression(void **state)
{
    (void)state;
    struct plan_loaded loaded;
    plan_load_good(&loaded, RULE("token-value='" HEADER "'", KEYS_XML));
    assert_int_equal(loaded.plan.rules[0].source, TOKEN_FROM_VALUE);
    assert_non_null(loaded.plan.rules[0].token_value);
    assert_false(loaded.plan.rules[0].is_authorization);
    assert_int_equal(loaded.plan.rules[0].dynamic_count, 0);
    plan_unload(&loaded);
}

/* What could not be read before is told there: that a policy is missing for that is nothing to be told. */
static void a_policy_that_waits_for_a_lost_value_is_not_said_to_be_missing(void **state)
{
    (void)state;
    static const struct {
        const char *document;
        unsigned errors;
    } cases[] = {
        {RULE("header-name='a'", "<issuer-signing-keys><key certificate-id='lost'/></issuer-signing-keys>"), 0},
        {"<policies><inbound>" RULE("header-name='{{lost}}'", KEYS_XML) "</inbound></policies>", 0},
        {"<policies><inbound><choose><when condition='{{lost}}'>" RULE(
             "header-name='a'", KEYS_XML) "</when></choose></inbound></policies>",
         0},
        {"<policies><inbound><set-header name='{{lost}}'><value>v</value></set-header></inbound></policies>", 0},
        {"<policies><inbound><base/></inbound></policies>", 1},
        {RULE("header-name='a'", "<issuer-signing-keys><key certificate-id='none'/></issuer-signing-keys>"), 1},
    };
    const struct rule_certificate lost = {SPAN("lost"), {NULL, 0}};
    const struct span name = SPAN("lost"), value = {NULL, 0};
    const struct rule_settings settings = {
        .named_names = &name, .named_values = &value, .named_count = 1, .certificates = &lost, .certificate_count = 1};
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct plan_loaded loaded = {.is_read = false};
        problems_init(&loaded.problems);
        const struct plan_document document = {
            node_read_xml(&loaded.arena, "1.xml", span_str(cases[i].document), &loaded.problems)};
        assert_false(plan_read_xml(&loaded.plan, &document, 1, &settings, &loaded.arena, &loaded.problems));
        if (loaded.problems.errors != cases[i].errors || loaded.problems.warnings > 0)
            fail_msg("%s: %s", cases[i].document, loaded.problems.first == NULL ? "" : loaded.problems.first->text);
        plan_unload(&loaded);
    }
}

/* ---- validate-azure-ad-token ---- */

#define TENANT "11111111-2222-3333-4444-555555555555"
#define APP "aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee"
#define AZURE(attributes, content) "<validate-azure-ad-token " attributes ">\n" content "</validate-azure-ad-token>"
#define CLIENTS "<client-application-ids><application-id>" APP "</application-id></client-application-ids>"
#define TENANT_GOOD AZURE("tenant-id='" TENANT "'", CLIENTS)

static const struct rule_case azure_cases[] = {
    {"a tenant is named", AZURE("", CLIENTS), 1, 1, "tenant-id is missing", TENANT_GOOD, 0},
    {"common is no tenant", AZURE("tenant-id='Common'", CLIENTS), 1, 36, "many tenants", TENANT_GOOD, 0},
    {"organizations are no tenant", AZURE("tenant-id='organizations'", CLIENTS), 1, 36, "many tenants", TENANT_GOOD, 0},
    {"consumers are no tenant", AZURE("tenant-id='consumers'", CLIENTS), 1, 36, "many tenants",
     AZURE("tenant-id='contoso.onmicrosoft.com'", CLIENTS), 0},
    {"a tenant is a GUID or a domain", AZURE("tenant-id='contoso'", CLIENTS), 1, 36, "a GUID or a domain",
     AZURE("tenant-id='contoso.com'", CLIENTS), 0},
    {"a tenant leads to no other path", AZURE("tenant-id='a.b/..'", CLIENTS), 1, 36, "a GUID or a domain",
     AZURE("tenant-id='a.b'", CLIENTS), 0},
    {"a tenant's URL has one name behind the host", AZURE("tenant-id='https://a.example/a.b/oauth2'", CLIENTS), 1, 36,
     "https://HOST/TENANT", AZURE("tenant-id='https://a.example/a.b/v2.0'", CLIENTS), 0},
    {"a tenant's URL names the tenant", AZURE("tenant-id='https://a.example'", CLIENTS), 1, 36, "https://HOST/TENANT",
     AZURE("tenant-id='https://a.example/a.b/'", CLIENTS), 0},
    {"a tenant's URL has no query", AZURE("tenant-id='https://a.example/?a.b'", CLIENTS), 1, 36, "https://HOST/TENANT",
     AZURE("tenant-id='https://a.example/a.b'", CLIENTS), 0},
    {"a tenant's URL names one tenant", AZURE("tenant-id='https://login.microsoftonline.com/common'", CLIENTS), 1, 36,
     "many tenants", AZURE("tenant-id='https://login.microsoftonline.com/" TENANT "'", CLIENTS), 0},
    {"a tenant's URL is https", AZURE("tenant-id='http://a.example/a.b'", CLIENTS), 1, 36, "loopback",
     AZURE("tenant-id='http://127.0.0.1:80/a.b'", CLIENTS), 0},
    {"a tenant's URL names no user", AZURE("tenant-id='https://u@a.example/a.b'", CLIENTS), 1, 36, "user name",
     AZURE("tenant-id='https://a.example:444/a.b'", CLIENTS), 0},
    {"a tenant's URL agrees with the endpoint",
     AZURE("tenant-id='https://a.example/a.b' authentication-endpoint='b.example'", CLIENTS), 1, 36, "another host",
     AZURE("tenant-id='https://a.example/a.b' authentication-endpoint='https://A.example/'", CLIENTS), 0},
    {"a constant tenant is held to the same", AZURE("tenant-id='@(\"com\" + \"mon\")'", CLIENTS), 1, 37, "many tenants",
     AZURE("tenant-id='@(\"contoso\" + \".com\")'", CLIENTS), 0},
    {"a tenant is no expression", AZURE("tenant-id='" HEADER "'", CLIENTS), 1, 37, "choose whom to trust",
     AZURE("tenant-id='{{tid}}'", CLIENTS), 0},
    {"an endpoint is a host", AZURE("tenant-id='a.b' authentication-endpoint='https://a/b'", CLIENTS), 1, 66,
     "a host is expected", AZURE("tenant-id='a.b' authentication-endpoint='https://a/'", CLIENTS), 0},
    {"an endpoint is no expression", AZURE("tenant-id='a.b' authentication-endpoint='" HEADER "'", CLIENTS), 1, 67,
     "takes no expression", AZURE("tenant-id='a.b' authentication-endpoint='a'", CLIENTS), 0},
    {"an endpoint is reached by https", AZURE("tenant-id='a.b' authentication-endpoint='http://a'", CLIENTS), 1, 66,
     "loopback", AZURE("tenant-id='a.b' authentication-endpoint='http://127.0.0.1:80'", CLIENTS), 0},
    {"something narrows the tenant's tokens", AZURE("tenant-id='a.b'", ""), 1, 1,
     "backend-application-ids or audiences are missing",
     AZURE("tenant-id='a.b'", "<audiences><audience>a</audience></audiences>"), 0},
    {"an application is a GUID",
     AZURE("tenant-id='a.b'", "<client-application-ids><application-id>a</application-id></client-application-ids>"), 2,
     25, "a GUID is expected", TENANT_GOOD, 0},
    {"an application is no expression",
     AZURE("tenant-id='a.b'",
           "<client-application-ids><application-id>" HEADER "</application-id></client-application-ids>"),
     2, 41, "takes no expression",
     AZURE("tenant-id='a.b'", "<client-application-ids><application-id>@(\"" APP
                              "\".ToUpper())</application-id></client-application-ids>"),
     0},
    {"applications are named", AZURE("tenant-id='a.b'", "<client-application-ids/>"), 2, 1, "is empty", TENANT_GOOD, 0},
    {"empty audiences switch nothing off",
     AZURE("tenant-id='a.b'",
           "<backend-application-ids><application-id>" APP "</application-id></backend-application-ids><audiences/>"),
     2, 121, "audiences is empty",
     AZURE("tenant-id='a.b'",
           "<backend-application-ids><application-id>" APP "</application-id></backend-application-ids>"),
     0},
    {"attributes of validate-jwt are not its own", AZURE("tenant-id='a.b' clock-skew='5'", CLIENTS), 1, 42,
     "an attribute of validate-jwt", AZURE("tenant-id='a.b' failed-validation-httpcode='403'", CLIENTS), 0},
    {"a scheme is not its own", AZURE("tenant-id='a.b' require-scheme='Bearer'", CLIENTS), 1, 42,
     "an attribute of validate-jwt", AZURE("tenant-id='a.b' output-token-variable-name='j'", CLIENTS), 0},
    {"providers are not its own", AZURE("tenant-id='a.b'", CLIENTS "\n<openid-config url='https://a'/>"), 3, 1,
     "belongs into validate-jwt", TENANT_GOOD, 0},
    {"an unknown attribute is refused", AZURE("tenant='a.b' tenant-id='a.b'", CLIENTS), 1, 26,
     "did you mean \"tenant-id\"", TENANT_GOOD, 0},
    {"an unknown element is refused", AZURE("tenant-id='a.b'", CLIENTS "\n<client-application-id/>"), 3, 1,
     "did you mean \"client-application-ids\"", TENANT_GOOD, 0},
    {"one source is given", AZURE("tenant-id='a.b' header-name='a' query-parameter-name='b'", CLIENTS), 1, 79,
     "exactly one of", AZURE("tenant-id='a.b' query-parameter-name='b'", CLIENTS), 0},
    {"a domain takes tokens of one version", AZURE("tenant-id='a.b'", CLIENTS), 1, 36, "of version 1",
     AZURE("tenant-id='{{tid}}'", CLIENTS), PROBLEM_NOTE},
};

static void tenants_are_checked(void **state)
{
    (void)state;
    plan_cases_run(azure_cases, COUNT_OF(azure_cases));
}

static void a_tenant_is_a_provider_with_both_issuers(void **state)
{
    (void)state;
    struct plan_loaded loaded;
    plan_load_good(
        &loaded, AZURE("tenant-id='AAAAAAAA-2222-3333-4444-555555555555' gw:typ='JWT' "
                       "xmlns:gw='urn:jwtgate:policy'",
                       "<required-claims><claim name='roles' match='any'><value>r</value></claim></required-claims>"
                       "<audiences><audience>own</audience></audiences>" CLIENTS
                       "<backend-application-ids><application-id>" APP "</application-id></backend-application-ids>"));
    const struct rule *rule = &loaded.plan.rules[0];
    assert_int_equal(loaded.problems.warnings + loaded.problems.notes, 0);
    assert_int_equal(rule->source, TOKEN_FROM_HEADER);
    assert_true(rule->is_authorization);
    assert_int_equal(rule->provider_count, 1);
    assert_span(rule->providers[0].url, "https://login.microsoftonline.com/aaaaaaaa-2222-3333-4444-555555555555/v2.0/"
                                        ".well-known/openid-configuration");
    assert_int_equal(rule->issuer_count, 2);
    assert_span(rule->issuers[0], "https://sts.windows.net/aaaaaaaa-2222-3333-4444-555555555555/");
    assert_span(rule->issuers[1], "https://login.microsoftonline.com/aaaaaaaa-2222-3333-4444-555555555555/v2.0");
    assert_int_equal(rule->audience_count, 3);
    assert_span(rule->audiences[0], "own");
    assert_span(rule->audiences[1], APP);
    assert_span(rule->audiences[2], "api://" APP);
    assert_int_equal(rule->claim_count, 2);
    assert_span(rule->claims[0].name, "roles");
    assert_span(rule->claims[1].name, "appid");
    assert_span(rule->claims[1].other_name, "azp");
    assert_int_equal(rule->claims[1].match, MATCH_ANY);
    assert_span(rule->claims[1].values[0], APP);
    assert_span(rule->typ, "JWT");
    assert_int_equal(rule->clock_skew_s, 0);
    plan_unload(&loaded);
}

static const struct {
    const char *endpoint, *url, *first_issuer; /* NULL: none */
} cloud_cases[] = {
    {"https://login.microsoftonline.us",
     "https://login.microsoftonline.us/" TENANT "/v2.0/.well-known/openid-configuration",
     "https://sts.windows.net/" TENANT "/"},
    {"login.partner.microsoftonline.cn/",
     "https://login.partner.microsoftonline.cn/" TENANT "/v2.0/.well-known/openid-configuration",
     "https://sts.chinacloudapi.cn/" TENANT "/"},
    {"http://127.0.0.1:8080", "http://127.0.0.1:8080/" TENANT "/v2.0/.well-known/openid-configuration", NULL},
    {"idp.example:444", "https://idp.example:444/" TENANT "/v2.0/.well-known/openid-configuration", NULL},
};

static void a_tenants_url_names_the_cloud(void **state)
{
    (void)state;
    static const char *const texts[] = {"https://login.microsoftonline.us/" TENANT,
                                        "HTTPS://login.microsoftonline.us/" TENANT "/",
                                        "https://login.microsoftonline.us/" TENANT "/v2.0",
                                        "@(&quot;https://login.microsoftonline.us/&quot; + &quot;" TENANT "&quot;)"};
    for (size_t i = 0; i < COUNT_OF(texts); i++) {
        char document[1024];
        struct plan_loaded loaded;
        snprintf(document, sizeof document, AZURE("tenant-id='%s'", CLIENTS), texts[i]);
        plan_load_good(&loaded, document);
        const struct rule *rule = &loaded.plan.rules[0];
        assert_span(rule->providers[0].url,
                    "https://login.microsoftonline.us/" TENANT "/v2.0/.well-known/openid-configuration");
        assert_span(rule->issuers[0], "https://sts.windows.net/" TENANT "/");
        assert_span(rule->issuers[1], "https://login.microsoftonline.us/" TENANT "/v2.0");
        plan_unload(&loaded);
    }
}

static void an_endpoint_takes_the_place_of_the_public_cloud(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cloud_cases); i++) {
        char document[1024];
        struct plan_loaded loaded;
        snprintf(document, sizeof document, AZURE("tenant-id='" TENANT "' authentication-endpoint='%s'", CLIENTS),
                 cloud_cases[i].endpoint);
        plan_load_good(&loaded, document);
        const struct rule *rule = &loaded.plan.rules[0];
        assert_span(rule->providers[0].url, cloud_cases[i].url);
        assert_int_equal(rule->issuer_count, cloud_cases[i].first_issuer == NULL ? 0 : 2);
        if (cloud_cases[i].first_issuer != NULL)
            assert_span(rule->issuers[0], cloud_cases[i].first_issuer);
        plan_unload(&loaded);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(expressions_are_put_in_for_each_request),
        cmocka_unit_test(a_value_that_does_not_fit_refuses_the_request),
        cmocka_unit_test(a_dynamic_header_has_a_scheme_only_as_authorization),
        cmocka_unit_test(constant_expressions_are_values),
        cmocka_unit_test(providers_are_not_chosen_by_requests),
        cmocka_unit_test(a_token_value_is_an_expression),
        cmocka_unit_test(a_policy_that_waits_for_a_lost_value_is_not_said_to_be_missing),
        cmocka_unit_test(tenants_are_checked),
        cmocka_unit_test(a_tenant_is_a_provider_with_both_issuers),
        cmocka_unit_test(a_tenants_url_names_the_cloud),
        cmocka_unit_test(an_endpoint_takes_the_place_of_the_public_cloud),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
