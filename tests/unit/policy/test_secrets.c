/* SPDX-License-Identifier: Apache-2.0 */
/* What came out of the environment or a file is a secret, wherever a policy puts it: a message about a value that does not fit
 * its place would carry it into logs and terminals of whoever runs `check`.
 *
 * Method: one word in every place that has something to complain of; as a secret it stands in no message, and as a plain named
 * value, the neighbour, it stands in one where values are shown at all.
 */
#include "plan_case.h"

#include <stdlib.h>

#define WORD "hunter2"
#define ATTRIBUTE(text) "<validate-jwt header-name='Authorization' " text ">" KEYS_XML "</validate-jwt>"
#define RULE(content) "<validate-jwt header-name='Authorization'>" content "</validate-jwt>"
#define CLAIM(text) RULE(KEYS_XML "<required-claims>" text "</required-claims>")
#define VALUE(expression) INBOUND("<set-header name='X'><value>" expression "</value></set-header>")
#define APP "aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee"
#define AZURE(attributes, id)                                                                                 \
    "<validate-azure-ad-token " attributes "><client-application-ids><application-id>" id "</application-id>" \
    "</client-application-ids></validate-azure-ad-token>"
#define CORS(content) INBOUND("<cors>" content "</cors>")
#define ORIGINS(origin) "<allowed-origins><origin>" origin "</origin></allowed-origins>"
#define CHECK(name, code, ignores)                                       \
    INBOUND("<check-header name='" name "' failed-check-httpcode='" code \
            "' failed-check-error-message='m' ignore-case='" ignores "'/>")

static const struct {
    const char *document;
    const char *secret; /* what {{s}} stands for */
    bool is_shown;      /* when it is no secret */
} cases[] = {
    {ATTRIBUTE("clock-skew='{{s}}'"), WORD, true},
    {ATTRIBUTE("clock-skew='-{{s}}'"), WORD, true},
    {ATTRIBUTE("require-expiration-time='{{s}}'"), WORD, true},
    {ATTRIBUTE("failed-validation-httpcode='{{s}}'"), WORD, true},
    {ATTRIBUTE("failed-validation-httpcode='{{s}}'"), "204", true},
    {ATTRIBUTE("failed-validation-httpcode='{{s}}'"), "777", true},
    {ATTRIBUTE("failed-validation-httpcode='{{s}}'"), "333", true},
    {ATTRIBUTE("failed-validation-httpcode='@(\"{{s}}\")'"), WORD, true},
    {ATTRIBUTE("require-scheme='{{s}} x'"), WORD, false},
    {ATTRIBUTE("require-signed-tokens='@({{s}})'"), WORD, true},
    {ATTRIBUTE("output-token-variable-name='{{s}}'"), "@(1 + hunter2)", false},
    {ATTRIBUTE("typ='{{s}}' xmlns:g='urn:jwtgate:policy' g:max-age='{{s}}'"), WORD, true},
    {"<validate-jwt header-name='{{s}} x'>" KEYS_XML "</validate-jwt>", WORD, false},
    {"<validate-jwt token-value='{{s}}'>" KEYS_XML "</validate-jwt>", WORD, false},
    {RULE("<openid-config url='{{s}}'/>"), WORD, true},
    {RULE("<openid-config url='https://{{s}}@a'/>"), WORD, true},
    {RULE("<openid-config url='https://a' validate-connectivity='{{s}}'/>"), WORD, true},
    {RULE("<issuer-signing-keys><key>{{s}}</key></issuer-signing-keys>"), WORD "!", false},
    {RULE("<issuer-signing-keys><key>{{s}}</key></issuer-signing-keys>"), "aHVudGVyMg==", false},
    {RULE("<issuer-signing-keys><key n='{{s}}' e='AQAB'/></issuer-signing-keys>"), WORD "!", false},
    {RULE("<issuer-signing-keys><key n='AQAB' e='{{s}}'/></issuer-signing-keys>"), WORD "!", false},
    {RULE("<issuer-signing-keys><key certificate-id='{{s}}'/></issuer-signing-keys>"), WORD, false},
    {RULE(KEYS_XML "<decryption-keys><key>{{s}}</key></decryption-keys>"), WORD, false},
    {RULE(KEYS_XML "<decryption-keys><key certificate-id='{{s}}'/></decryption-keys>"), WORD, false},
    {RULE(KEYS_XML "<audiences><audience>@(\"{{s}}\" + nope)</audience></audiences>"), WORD, false},
    {RULE(KEYS_XML "<issuers><issuer>x@({{s}})</issuer></issuers>"), WORD, false},
    {CLAIM("<claim name='{{s}}.a'/>"), "realm_access." WORD, false},
    {CLAIM("<claim name='a' match='{{s}}'/>"), WORD, true},
    {CLAIM("<claim name='{{s}}'><value>a</value><value>b</value></claim>"), "preferred_username", true},
    {CLAIM("<claim name='{{s}}' match='any'><value>a</value><value>b</value></claim>"), "scp", true},
    {CLAIM("<claim name='{{s}}' xmlns:g='urn:jwtgate:policy' g:path='a//{{s}}'/>"), WORD, false},
    {AZURE("tenant-id='{{s}}'", APP), WORD, true},
    {AZURE("tenant-id='{{s}}'", APP), "organizations", true},
    {AZURE("tenant-id='a.b' authentication-endpoint='{{s}}'", APP), WORD "/x", false},
    {AZURE("tenant-id='{{s}}' authentication-endpoint='http://a.example'", APP), WORD ".b", true},
    {AZURE("tenant-id='a.b' authentication-endpoint='{{s}}'", APP), "http://" WORD, true},
    {AZURE("tenant-id='a.b'", "{{s}}"), WORD, true},
    {INBOUND("<set-header name='{{s}} x'><value>v</value></set-header>"), WORD, true},
    {INBOUND("<set-header name='{{s}}'><value>v</value></set-header>"), "Keep-Alive", true},
    {INBOUND("<set-header name='X' exists-action='{{s}}'><value>v</value></set-header>"), WORD, true},
    {INBOUND("<set-header name='X'><value>a{{s}}</value></set-header>"), "\n" WORD, false},
    {INBOUND("<set-query-parameter name='a' exists-action='@(\"{{s}}\")'><value>v</value></set-query-parameter>"), WORD,
     true},
    {CHECK("{{s}} x", "400", "true"), WORD, true},
    {CHECK("X", "{{s}}", "true"), WORD, true},
    {CHECK("X", "{{s}}", "true"), "304", true},
    {CHECK("X", "400", "{{s}}"), WORD, true},
    {INBOUND("<ip-filter action='{{s}}'><address>::1</address></ip-filter>"), WORD, true},
    {INBOUND("<ip-filter action='allow'><address>{{s}}</address></ip-filter>"), WORD, true},
    {INBOUND("<ip-filter action='allow'><address>{{s}}/8</address></ip-filter>"), WORD, true},
    {INBOUND("<rewrite-uri template='{{s}}'/>"), WORD, true},
    {INBOUND("<rewrite-uri template='/%{{s}}'/>"), WORD, false},
    {INBOUND("<rewrite-uri template='/' copy-unmatched-params='{{s}}'/>"), WORD, true},
    {INBOUND("<set-backend-service base-url='{{s}}'/>"), WORD, false},
    {INBOUND("<return-response><set-status code='{{s}}'/></return-response>"), WORD, true},
    {INBOUND("<return-response><set-status code='{{s}}'/><set-body>b</set-body></return-response>"), "205", true},
    {INBOUND("<choose><when condition='{{s}}'/></choose>"), WORD, true},
    {CORS(ORIGINS("{{s}}") "<allowed-headers/>"), WORD, true},
    {CORS(ORIGINS("{{s}}/") "<allowed-headers/>"), "https://" WORD, false},
    {CORS(ORIGINS("*") "<allowed-headers><header>{{s}} x</header></allowed-headers>"), WORD, true},
    {CORS(ORIGINS("*") "<allowed-headers/><allowed-methods preflight-result-max-age='{{s}}'/>"), WORD, true},
    {VALUE("@({{s}})"), WORD, true},
    {VALUE("@(context.{{s}})"), WORD, true},
    {VALUE("@(context.Variables[\"a\"].{{s}})"), "Subject", true},
    {VALUE("@(context.Variables[\"a\"].{{s}})"), "ToLower", true},
    {VALUE("@(\"a\" {{s}})"), WORD, true},
    {VALUE("@(\"a\" + {{s}})"), "$\"" WORD, false},
    {VALUE("@(context.RequestI{{s}})"), "d2", true},
    {VALUE("@({{s}} => 1)"), WORD, false},
    {VALUE("@(int.Parse(\"{{s}}\"))"), WORD, false},
    {VALUE("{{s}}"), "@(context." WORD ")", true},
    {VALUE("{{s}}"), "@(\"" WORD "\"", false},
    {VALUE("{{s}}"), "@{ " WORD " }", false},
};

/* Whether a message holds the word, or what the secret is; their number is that of all problems. */
static bool is_told(const struct problems *problems, const char *secret)
{
    for (const struct problem *p = problems->first; p != NULL; p = p->next)
        if (strstr(p->text, WORD) != NULL || strstr(p->text, secret) != NULL)
            return true;
    return false;
}

static void load(struct plan_loaded *loaded, size_t i, bool is_secret)
{
    const struct span name = SPAN("s");
    const struct span value = span_str(cases[i].secret);
    const struct rule_settings settings = {.named_names = &name,
                                           .named_values = &value,
                                           .named_secrets = &is_secret,
                                           .named_count = 1,
                                           .now_s = 1795219200};
    *loaded = (struct plan_loaded){.is_read = false};
    problems_init(&loaded->problems);
    const struct node *root = node_read_xml(&loaded->arena, "1.xml", span_str(cases[i].document), &loaded->problems);
    assert_non_null(root);
    const struct plan_document document = {root};
    loaded->is_read = plan_read_xml(&loaded->plan, &document, 1, &settings, &loaded->arena, &loaded->problems);
}

static bool is_as_it_should(size_t i, bool is_secret)
{
    struct plan_loaded loaded;
    load(&loaded, i, is_secret);
    bool is_right = loaded.problems.first != NULL &&
                    is_told(&loaded.problems, cases[i].secret) == (!is_secret && cases[i].is_shown);
    if (!is_right)
        print_error("%s, %s\n", cases[i].document, is_secret ? "secret" : "plain");
    for (const struct problem *p = loaded.problems.first; p != NULL && !is_right; p = p->next)
        print_error("  %s\n", p->text);
    plan_unload(&loaded);
    return is_right;
}

static void a_secret_stands_in_no_message(void **state)
{
    size_t bad = 0;
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++)
        bad += !is_as_it_should(i, true) || !is_as_it_should(i, false);
    assert_int_equal(bad, 0);
}

static const char *const yaml_texts[] = {
    "clock_skew: '${SECRET_WORD}'",
    "failed_validation_httpcode: '${SECRET_WORD}'",
    "audiences: ['@(${SECRET_WORD})']",
    "audiences: ['{{${SECRET_WORD}}}']",
    "openid_config: ['${SECRET_WORD}']",
    "openid_config: [{ url: 'https://${SECRET_WORD}@a' }]",
    "required_claims: [{ name: a, match: '${SECRET_WORD}' }]",
    "required_claims: [{ name: '${SECRET_WORD}.', path: '${SECRET_WORD}//' }]",
    "issuer_signing_keys: [{ certificate_id: '${SECRET_WORD}' }]",
    "decryption_keys: [{ certificate_id: '${SECRET_WORD}' }]",
    "max_age: '${SECRET_WORD}'",
    "require_scheme: '${SECRET_WORD} x'",
};

static void what_yaml_takes_from_the_environment_is_one_too(void **state)
{
    (void)state;
    assert_int_equal(setenv("SECRET_WORD", WORD, 1), 0);
    for (size_t i = 0; i < COUNT_OF(yaml_texts); i++) {
        struct rule_loaded loaded = {.is_read = false};
        struct rule_settings settings = rule_case_settings();
        problems_init(&loaded.problems);
        struct node *map = node_read_yaml(&loaded.arena, "a.yaml", span_str(yaml_texts[i]), &loaded.problems);
        assert_true(map != NULL && node_substitute(map, &loaded.arena, &loaded.problems));
        assert_false(rule_read_yaml(&loaded.rule, map, &settings, &loaded.arena, &loaded.problems));
        for (const struct problem *p = loaded.problems.first; p != NULL; p = p->next)
            if (strstr(p->text, WORD) != NULL)
                fail_msg("%s: %s", yaml_texts[i], p->text);
        assert_int_not_equal(loaded.problems.errors, 0);
        rule_unload(&loaded);
    }
}

/* The trouble is still told where it is, and of what kind. */
static void the_kind_of_trouble_is_told(void **state)
{
    static const struct {
        const char *text, *told;
        size_t offset;
    } expressions[] = {
        {"@(hunter2)", "\"(not shown)\" is not known", 2},
        {"@(1 hunter2)", "expected an operator or `)`, found \"(not shown)\"", 4},
        {"@(context.hunter2)", "context has no member \"(not shown)\"", 10},
        {"@(\"hunter2", "\"(not shown)\": it has no end on this line", 2},
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(expressions); i++) {
        AUTO(arena) arena = {0};
        const struct expression_source source = {span_str(expressions[i].text), true};
        const struct expression *expression;
        size_t offset;
        struct err err;
        assert_false(expression_read(&source, &arena, &expression, &offset, &err));
        assert_string_equal(err.text, expressions[i].told);
        assert_int_equal(offset, expressions[i].offset);
    }
}

/* The log names the part of an expression that failed. */
static void a_secret_name_is_not_told_when_it_fails_either(void **state)
{
    (void)state;
    for (int is_secret = 0; is_secret < 2; is_secret++) {
        const struct expression_source source = {SPAN("@((string)context.Variables[\"hunter2\"])"), is_secret != 0};
        struct plan_request request = {.method = "GET"};
        struct expression_context context = plan_request_context(&request);
        const struct expression *expression;
        struct value value;
        size_t offset;
        struct err err;
        assert_true(expression_read(&source, &request.arena, &expression, &offset, &err));
        assert_false(expression_evaluate(expression, &context, &value, &err));
        assert_int_equal(strstr(err.text, WORD) == NULL, is_secret);
        assert_non_null(strstr(err.text, "there is no such variable"));
        plan_request_fini(&request);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_secret_stands_in_no_message),
        cmocka_unit_test(what_yaml_takes_from_the_environment_is_one_too),
        cmocka_unit_test(the_kind_of_trouble_is_told),
        cmocka_unit_test(a_secret_name_is_not_told_when_it_fails_either),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
