/* SPDX-License-Identifier: Apache-2.0 */
/* Policy XML: what API Management's reference allows loads with its meaning; all else is refused with the place of the fault.
 *
 * Method: tables of documents, each beside a neighbour that differs in the tested point alone and loads.
 */
#include "rule_case.h"

#define AUTH "<validate-jwt header-name='Authorization'>"
#define END "</validate-jwt>"
#define KEYED(content) AUTH KEYS_XML content END
#define GOOD KEYED("")

static const struct rule_case attribute_cases[] = {
    {"exactly one source is given: none", "<validate-jwt>" KEYS_XML END, 1, 1, "exactly one of header-name", GOOD, 0},
    {"exactly one source is given: two",
     "<validate-jwt header-name='Authorization' query-parameter-name='t'>" KEYS_XML END, 1, 64,
     "exactly one of header-name, query-parameter-name and token-value says",
     "<validate-jwt query-parameter-name='t'>" KEYS_XML END, 0},
    {"token-value finds the token in the request", "<validate-jwt token-value='@(1)'>" KEYS_XML END, 1, 28,
     "token-value is an expression that finds the token",
     "<validate-jwt token-value='@(context.Request.Method)'>" KEYS_XML END, 0},
    {"token-value as plain text is no better", "<validate-jwt token-value='abc'>" KEYS_XML END, 1, 27, "token-value",
     "<validate-jwt token-value='@(context.Request.Method)'>" KEYS_XML END, 0},
    {"token-value beside another source is told once",
     "<validate-jwt header-name='a' token-value='@(context.Request.Method)'>" KEYS_XML END, 1, 44, "exactly one of",
     GOOD, 0},
    {"an expression that is none is told at its fault",
     "<validate-jwt header-name='a' clock-skew='@(context.Nope)'>" KEYS_XML END, 1, 53, "Nope",
     "<validate-jwt header-name='a' clock-skew='@(60)'>" KEYS_XML END, 0},
    {"a constant expression is held to what a value is",
     "<validate-jwt header-name='a' clock-skew='@(\"a\")'>" KEYS_XML END, 1, 43, "a whole number is expected",
     "<validate-jwt header-name='a' clock-skew='@(\"60\")'>" KEYS_XML END, 0},
    {"a constant status is in its range",
     "<validate-jwt header-name='a' failed-validation-httpcode='@(600)'>" KEYS_XML END, 1, 59, "200 to 599",
     "<validate-jwt header-name='a' failed-validation-httpcode='@(400 + 3)'>" KEYS_XML END, 0},
    {"a statement expression is never passed over",
     KEYED("<audiences>\n<audience>@{ return \"a\"; }</audience></audiences>"), 2, 11, "statements",
     KEYED("<audiences>\n<audience>@(\"a\")</audience></audiences>"), 0},
    {"an expression is the whole of a text", KEYED("<audiences>\n<audience>api://@(1)</audience></audiences>"), 2, 11,
     "the whole of a value", KEYED("<audiences>\n<audience> @(\"api://\" + 1) </audience></audiences>"), 0},
    {"a variable's name takes no expression",
     "<validate-jwt header-name='a' output-token-variable-name='@(context.Request.Method)'>" KEYS_XML END, 1, 59,
     "takes no expression", "<validate-jwt header-name='a' output-token-variable-name='jwt'>" KEYS_XML END, 0},
    {"a key takes no expression",
     AUTH "<issuer-signing-keys>\n<key>@(context.Request.Method)</key></issuer-signing-keys>" END, 2, 6,
     "\"issuer-signing-keys\" takes no expression", GOOD, 0},
    {"a key's id takes no expression",
     AUTH "<issuer-signing-keys>\n<key id='@(\"a\")'>" SECRET "</key></issuer-signing-keys>" END, 2, 10,
     "takes no expression", GOOD, 0},
    {"booleans are true or false",
     "<validate-jwt header-name='Authorization' require-expiration-time='1'>" KEYS_XML END, 1, 67,
     "require-expiration-time",
     "<validate-jwt header-name='Authorization' require-expiration-time='True'>" KEYS_XML END, 0},
    {"booleans have no other spelling",
     "<validate-jwt header-name='Authorization' require-signed-tokens='FALSE'>" KEYS_XML END, 1, 65, "true or false",
     "<validate-jwt header-name='Authorization' require-signed-tokens='False'>" KEYS_XML END, 0},
    {"clock-skew is whole seconds", "<validate-jwt header-name='a' clock-skew='00:05:00'>" KEYS_XML END, 1, 42,
     "whole number of seconds", "<validate-jwt header-name='a' clock-skew='300'>" KEYS_XML END, 0},
    {"clock-skew is not negative", "<validate-jwt header-name='a' clock-skew='-1'>" KEYS_XML END, 1, 42, "clock-skew",
     "<validate-jwt header-name='a' clock-skew='0'>" KEYS_XML END, 0},
    {"a status is within 200 to 599", "<validate-jwt header-name='a' failed-validation-httpcode='600'>" KEYS_XML END, 1,
     58, "failed-validation-httpcode", "<validate-jwt header-name='a' failed-validation-httpcode='599'>" KEYS_XML END,
     0},
    {"a status has a body", "<validate-jwt header-name='a' failed-validation-httpcode='204'>" KEYS_XML END, 1, 58,
     "no body", "<validate-jwt header-name='a' failed-validation-httpcode='203'>" KEYS_XML END, 0},
    {"a status below 400 is warned about",
     "<validate-jwt header-name='a' failed-validation-httpcode='200'>" KEYS_XML END, 1, 58, "does not tell",
     "<validate-jwt header-name='a' failed-validation-httpcode='400'>" KEYS_XML END, PROBLEM_WARNING},
    {"an unknown attribute is refused", "<validate-jwt header-nam='Authorization'\n header-name='a'>" KEYS_XML END, 1,
     15, "did you mean \"header-name\"", GOOD, 0},
    {"names in the YAML spelling are unknown in XML", "<validate-jwt header-name='a' clock_skew='1'>" KEYS_XML END, 1,
     31, "did you mean \"clock-skew\"", GOOD, 0},
    {"a list is no attribute", "<validate-jwt header-name='a' audiences='x'>" KEYS_XML END, 1, 31, "unknown attribute",
     GOOD, 0},
    {"our additions need our namespace", "<validate-jwt header-name='a' max-age='5m'>" KEYS_XML END, 1, 31,
     "unknown attribute", "<validate-jwt header-name='a' xmlns:gw='urn:jwtgate:policy' gw:max-age='5m'>" KEYS_XML END,
     0},
    {"an attribute of a foreign namespace is unknown",
     "<validate-jwt header-name='a' xmlns:x='urn:x' x:typ='at+jwt'>" KEYS_XML END, 1, 47, "unknown attribute",
     "<validate-jwt header-name='a' xmlns:x='urn:jwtgate:policy' x:typ='at+jwt'>" KEYS_XML END, 0},
    {"a standard attribute of a foreign namespace is unknown",
     "<validate-jwt header-name='a' xmlns:x='urn:x' x:clock-skew='1'>" KEYS_XML END, 1, 47, "unknown attribute",
     "<validate-jwt header-name='a' xmlns:x='urn:x' clock-skew='1'>" KEYS_XML END, 0},
    {"max-age has a unit", "<validate-jwt header-name='a' xmlns:gw='urn:jwtgate:policy' gw:max-age='300'>" KEYS_XML END,
     1, 72, "unit", "<validate-jwt header-name='a' xmlns:gw='urn:jwtgate:policy' gw:max-age='300s'>" KEYS_XML END, 0},
    {"a header name is one word", "<validate-jwt header-name='X Token'>" KEYS_XML END, 1, 27, "header-name",
     "<validate-jwt header-name='X-Token'>" KEYS_XML END, 0},
    {"require-scheme has no effect on another header",
     "<validate-jwt header-name='X-Token' require-scheme='Bearer'>" KEYS_XML END, 1, 52, "no effect",
     "<validate-jwt header-name='authorization' require-scheme='Bearer'>" KEYS_XML END, PROBLEM_WARNING},
    {"unsigned tokens are warned about", "<validate-jwt header-name='a' require-signed-tokens='false'>" KEYS_XML END, 1,
     1, "unsigned", "<validate-jwt header-name='a' require-signed-tokens='true'>" KEYS_XML END, PROBLEM_WARNING},
    {"a policy without keys loads with a warning", AUTH END, 1, 1, "can accept no token", GOOD, PROBLEM_WARNING},
};

static void attributes_are_checked(void **state)
{
    (void)state;
    rule_cases_run(attribute_cases, COUNT_OF(attribute_cases), true);
}

static const struct rule_case element_cases[] = {
    {"an unknown element is refused", KEYED("<audience>\n</audience>"), 1, 148, "did you mean \"audiences\"",
     KEYED("<audiences><audience>a</audience></audiences>"), 0},
    {"an unknown element within a container is refused",
     AUTH "<audiences>\n<audiance>a</audiance><audience>a</audience></audiences>" KEYS_XML END, 2, 1,
     "did you mean \"audience\"", KEYED("<audiences>\n<audience>a</audience></audiences>"), 0},
    {"audiences given twice are refused",
     KEYED("<audiences><audience>a</audience></audiences>\n<audiences><audience>b</audience></audiences>"), 2, 1,
     "given twice", KEYED("<audiences><audience>a</audience>\n<audience>b</audience></audiences>"), 0},
    {"keys given twice are refused", AUTH KEYS_XML "\n" KEYS_XML END, 2, 1, "given twice", GOOD, 0},
    {"empty audiences would switch the check off", KEYED("\n<audiences/>"), 2, 1, "audiences is empty", GOOD, 0},
    {"an empty audience is refused", KEYED("<audiences>\n<audience> </audience></audiences>"), 2, 1,
     "<audience> is empty", KEYED("<audiences>\n<audience> a </audience></audiences>"), 0},
    {"empty issuers would switch the check off", KEYED("\n<issuers> <!-- none --> </issuers>"), 2, 1,
     "issuers is empty", KEYED("\n<issuers> <!-- one --> <issuer>i</issuer></issuers>"), 0},
    {"empty keys are refused", AUTH "\n<issuer-signing-keys/>" END, 2, 1, "issuer-signing-keys is empty", GOOD, 0},
    {"empty claims are refused", KEYED("\n<required-claims/>"), 2, 1, "required-claims is empty",
     KEYED("\n<required-claims><claim name='a'/></required-claims>"), 0},
    {"empty decryption keys are refused", KEYED("\n<decryption-keys/>"), 2, 1, "decryption-keys is empty",
     KEYED("\n<decryption-keys><key>" SECRET "</key></decryption-keys>"), 0},
    {"legacy tokens are refused", KEYED("\n<issuer-signing-tokens/>"), 2, 1, "legacy", GOOD, 0},
    {"the legacy master key is refused", KEYED("\n<zumo-master-key/>"), 2, 1, "legacy", GOOD, 0},
    {"the legacy host is refused", AUTH "\n<openid-config url='https://a/' host='b'/>" END, 2, 38, "legacy",
     AUTH "\n<openid-config url='https://a/'/>" END, 0},
    {"the documented order is advised", AUTH "<audiences><audience>a</audience></audiences>\n" KEYS_XML END, 2, 1,
     "documented order", AUTH KEYS_XML "\n<audiences><audience>a</audience></audiences>" END, PROBLEM_WARNING},
    {"text between elements means nothing", KEYED("\n stray"), 2, 2, "no meaning", KEYED("\n <!-- stray -->"),
     PROBLEM_WARNING},
    {"elements within a text are refused", KEYED("<audiences><audience>a\n<b/></audience></audiences>"), 2, 1,
     "unknown element", KEYED("<audiences><audience>a\n</audience></audiences>"), 0},
    {"a container takes no attributes", KEYED("\n<audiences any='1'><audience>a</audience></audiences>"), 2, 12,
     "unknown attribute", KEYED("\n<audiences><audience>a</audience></audiences>"), 0},
    {"an element of a namespace is unknown", KEYED("\n<g:audiences xmlns:g='urn:jwtgate:policy'/>"), 2, 1,
     "unknown element", GOOD, 0},
};

static void elements_are_checked(void **state)
{
    (void)state;
    rule_cases_run(element_cases, COUNT_OF(element_cases), true);
}

#define CONFIG(attributes) AUTH "\n<openid-config " attributes "/>" END
#define URL_GOOD CONFIG("url='https://login.example/{{tid}}/v2.0/.well-known/openid-configuration?appid=1'")

static const struct rule_case config_cases[] = {
    {"a URL is required", AUTH "\n<openid-config/>" END, 2, 1, "url", URL_GOOD, 0},
    {"a URL is absolute", CONFIG("url='/realms/r'"), 2, 20, "absolute", URL_GOOD, 0},
    {"plain http is refused", CONFIG("url='http://idp.example/'"), 2, 20, "loopback",
     CONFIG("url='http://localhost:8080/'"), 0},
    {"a name that begins like loopback is not", CONFIG("url='http://127.0.0.1.evil.example/'"), 2, 20, "loopback",
     CONFIG("url='http://127.0.0.1/'"), 0},
    {"loopback by number has four parts", CONFIG("url='http://127.0.0.1.2/'"), 2, 20, "loopback",
     CONFIG("url='http://127.0.0.2/'"), 0},
    {"a user name is refused", CONFIG("url='http://127.0.0.1@evil.example/'"), 2, 20, "user name",
     CONFIG("url='http://127.8.9.1:80/@'"), 0},
    {"a fragment is refused", CONFIG("url='https://idp.example/#a'"), 2, 20, "fragment", URL_GOOD, 0},
    {"blanks are refused", CONFIG("url='https://idp.example/a b'"), 2, 20, "percent-encoded",
     CONFIG("url='https://idp.example/a%20b'"), 0},
    {"a port is a number", CONFIG("url='https://idp.example:99999/'"), 2, 20, "port",
     CONFIG("url='https://[::1]:9999'"), 0},
    {"a host is there", CONFIG("url='https:///a'"), 2, 20, "host", CONFIG("url='HTTPS://a'"), 0},
    {"validate-connectivity is a boolean", CONFIG("url='https://a' validate-connectivity='no'"), 2, 54,
     "validate-connectivity", CONFIG("url='https://a' validate-connectivity='false'"), 0},
    {"an unknown named value is refused", CONFIG("url='https://a/{{tidd}}'"), 2, 20, "named value \"tidd\"", URL_GOOD,
     0},
    {"a named value in a named value stays as it is", CONFIG("url='https://a/{{nested}}'"), 2, 20, "percent-encoded",
     URL_GOOD, 0},
    {"a provider's URL takes no expression", CONFIG("url='@(context.Request.Method)'"), 2, 21, "choose whom to trust",
     URL_GOOD, 0},
    {"a named value may hold an expression, whole only",
     KEYED("<audiences>\n<audience>a {{expression}}</audience></audiences>"), 2, 11, "the whole of a value",
     KEYED("<audiences>\n<audience>{{expression}}</audience></audiences>"), 0},
    {"an open brace pair is refused", KEYED("<audiences>\n<audience>{{tid</audience></audiences>"), 2, 11, "without",
     KEYED("<audiences>\n<audience>{tid</audience></audiences>"), 0},
    {"a provider without audiences and claims is noted", CONFIG("url='https://a'"), 1, 1, "any token of the provider",
     AUTH "<openid-config url='https://a'/><audiences><audience>a</audience></audiences>" END, PROBLEM_NOTE},
};

static void providers_are_checked(void **state)
{
    (void)state;
    rule_cases_run(config_cases, COUNT_OF(config_cases), true);
}

#define CLAIM(content) KEYED("<required-claims>\n" content "</required-claims>")
#define CLAIM_GOOD CLAIM("<claim name='roles'><value>a</value><value>b</value></claim>")

static const struct rule_case claim_cases[] = {
    {"a claim has a name", CLAIM("<claim><value>a</value></claim>"), 2, 1, "name", CLAIM_GOOD, 0},
    {"match is all or any", CLAIM("<claim name='a' match='some'/>"), 2, 23, "match",
     CLAIM("<claim name='a' match='any'/>"), 0},
    {"a separator is not empty", CLAIM("<claim name='a' separator=''/>"), 2, 27, "separator is empty",
     CLAIM("<claim name='a' separator=' '/>"), 0},
    {"a claim holds values only", CLAIM("<claim name='a'><valu>a</valu></claim>"), 2, 17, "did you mean \"value\"",
     CLAIM_GOOD, 0},
    {"all of several values in a single-valued claim never pass",
     CLAIM("<claim name='azp'><value>a</value><value>b</value></claim>"), 2, 1, "never passes",
     CLAIM("<claim name='azp' match='any'><value>a</value><value>b</value></claim>"), PROBLEM_WARNING},
    {"with a separator they may", CLAIM("<claim name='scp'><value>a</value><value>b</value></claim>"), 2, 1,
     "never passes", CLAIM("<claim name='scp' separator=' '><value>a</value><value>b</value></claim>"),
     PROBLEM_WARNING},
    {"any of several scopes needs a separator",
     CLAIM("<claim name='scp' match='any'><value>a</value><value>b</value></claim>"), 2, 1,
     "tokens with more than one scope will fail",
     CLAIM("<claim name='scp' match='any' separator=' '><value>a</value><value>b</value></claim>"), PROBLEM_WARNING},
    {"one scope without a separator is the token's only one", CLAIM("<claim name='scope'><value>a</value></claim>"), 2,
     1, "a token passes with this one scope alone", CLAIM("<claim name='scope' separator=' '><value>a</value></claim>"),
     PROBLEM_NOTE},
    {"a scope claim without values only has to be there",
     CLAIM("<claim name='scp' match='any'><value>a</value></claim>"), 2, 1, "a token passes with this one scope alone",
     CLAIM("<claim name='scp'/>"), PROBLEM_NOTE},
    {"roles come as a list, which needs none",
     CLAIM("<claim name='scope' match='any'><value>a</value><value>b</value></claim>"), 2, 1,
     "tokens with more than one scope will fail",
     CLAIM("<claim name='roles' match='any'><value>a</value><value>b</value></claim>"), PROBLEM_WARNING},
    {"JSON text is compared by its spelling", CLAIM("<claim name='a'><value>{\"a\":1}</value></claim>"), 2, 17,
     "JSON text", CLAIM("<claim name='a'><value>a</value></claim>"), PROBLEM_WARNING},
    {"a dot does not reach into claims", CLAIM("<claim name='realm_access.roles'/>"), 2, 1, "path",
     CLAIM("<claim xmlns:gw='urn:jwtgate:policy' gw:path='realm_access/roles'/>"), PROBLEM_WARNING},
    {"a path has names only", CLAIM("<claim xmlns:gw='urn:jwtgate:policy' gw:path='a//b'/>"), 2, 46, "path",
     CLAIM("<claim xmlns:gw='urn:jwtgate:policy' gw:path='a/b'/>"), 0},
    {"a claim is found by name or by path", CLAIM("<claim name='a' xmlns:gw='urn:jwtgate:policy' gw:path='a/b'/>"), 2,
     55, "not both", CLAIM("<claim name='a'/>"), 0},
};

static void claims_are_checked(void **state)
{
    (void)state;
    rule_cases_run(claim_cases, COUNT_OF(claim_cases), true);
}

#define INBOUND(content) \
    "<policies>\n<inbound>" content "</inbound><backend><base/></backend><outbound/><on-error/></policies>"

static const struct rule_case document_cases[] = {
    {"a document is validate-jwt or policies", "<policy>\n</policy>", 1, 1, "<validate-jwt> or <policies>", GOOD, 0},
    {"a document without validate-jwt is no open door", INBOUND("<base/>"), 1, 1, "no validate-jwt",
     INBOUND("<base/>" GOOD), 0},
    {"a rule is one validate-jwt", INBOUND(GOOD "\n" GOOD), 3, 1, "only one validate-jwt", INBOUND(GOOD), 0},
    {"a rule has no other policy beside it", INBOUND("\n<set-header name='a'><value>@(1)</value></set-header>" GOOD), 3,
     1, "only one validate-jwt", INBOUND(GOOD), 0},
    {"a policy that is not built is refused by name", INBOUND("\n<rate-limit calls='1' renewal-period='2'/>" GOOD), 3,
     1, "policy \"rate-limit\" is not supported", INBOUND(GOOD), 0},
    {"an unknown policy is refused", INBOUND("\n<set-headr/>" GOOD), 3, 1, "did you mean \"set-header\"", INBOUND(GOOD),
     0},
    {"validate-jwt stands in inbound only",
     "<policies><inbound>" GOOD "</inbound><outbound>\n<validate-jwt/></outbound></policies>", 2, 1,
     "belongs into <inbound>", "<policies><inbound>" GOOD "</inbound><outbound>\n</outbound></policies>", 0},
    {"forward-request takes no attributes here",
     "<policies><inbound>" GOOD "</inbound><backend>\n<forward-request timeout='9'/></backend></policies>", 2, 18,
     "timeout", "<policies><inbound>" GOOD "</inbound><backend>\n<forward-request/></backend></policies>", 0},
    {"forward-request stands in backend only", INBOUND("\n<forward-request/>" GOOD), 3, 1, "belongs into <backend>",
     INBOUND(GOOD), 0},
    {"an unknown section is refused", "<policies><inbound>" GOOD "</inbound>\n<onerror/></policies>", 2, 1,
     "did you mean \"on-error\"", "<policies><inbound>" GOOD "</inbound>\n<on-error/></policies>", 0},
    {"a section given twice is refused", "<policies><inbound>" GOOD "</inbound>\n<inbound/></policies>", 2, 1,
     "given twice", INBOUND(GOOD), 0},
};

static void documents_are_checked(void **state)
{
    (void)state;
    rule_cases_run(document_cases, COUNT_OF(document_cases), true);
}

static void an_expression_is_reported_once_and_with_the_other_problems(void **state)
{
    (void)state;
    struct rule_settings settings = rule_case_settings();
    struct rule_loaded loaded;
    rule_load(
        &loaded,
        "<validate-jwt header-name='Authorization' clock-skew='@(x)' failed-validation-httpcode='{{nope}}' "
        "require-expiration-time='maybe'>\n<openid-config url='@(1)'/>\n<openid-config url='ftp://a'/></validate-jwt>",
        true, &settings);
    assert_int_equal(loaded.problems.errors, 5);
    rule_unload(&loaded);
}

static void nothing_is_warned_of_that_follows_from_an_error(void **state)
{
    (void)state;
    static const char *const documents[] = {
        "<validate-jwt header-name='a' failed-validation-httpcode='999'>" KEYS_XML END,
        "<validate-jwt header-name='a' failed-validation-httpcode='Unauthorized'>" KEYS_XML END,
        "<validate-jwt header-name='a' failed-validation-httpcode='@(x)'>" KEYS_XML END,
        "<validate-jwt header-name='a' failed-validation-httpcode='{{nope}}'>" KEYS_XML END,
        "<validate-jwt header-name='a' require-signed-tokens='yes'>" KEYS_XML END,
        AUTH "<OpenId-Config url='https://a'/>" END,
        AUTH "<openid-config url='{{nope}}'/>" END,
        KEYED("<required-claims><claim name='azp' "
              "match='one'><value>a</value><value>b</value></claim></required-claims>"),
    };
    for (size_t i = 0; i < COUNT_OF(documents); i++) {
        struct rule_settings settings = rule_case_settings();
        struct rule_loaded loaded;
        rule_load(&loaded, documents[i], true, &settings);
        assert_int_equal(loaded.problems.errors, 1);
        assert_int_equal(loaded.problems.warnings + loaded.problems.notes, 0);
        rule_unload(&loaded);
    }
}

static void every_fault_of_a_document_is_told_at_its_line(void **state)
{
    (void)state;
    static const unsigned lines[] = {1, 2, 2, 3, 5, 6, 7, 9, 10, 11};
    struct rule_settings settings = rule_case_settings();
    struct rule_loaded loaded;
    rule_load(&loaded,
              "<validate-jwt header-name='Authorization' query-parameter-name='jwt'>\n"
              "<openid-config adress='https://idp.example'/>\n"
              "<audiences><audience> </audience></audiences>\n"
              "<issuer-signing-keys>\n"
              "<key id='k'>c2hvcnQ=</key>\n"
              "<key n='AQAB'/>\n"
              "<key certificate-id='nowhere'/></issuer-signing-keys>\n"
              "<required-claims>\n"
              "<claim match='any'><value>x</value></claim>\n"
              "<claim name='a' match='one'/></required-claims>\n"
              "<unknown/></validate-jwt>",
              true, &settings);
    assert_int_equal(loaded.problems.errors, COUNT_OF(lines));
    for (size_t i = 0; i < COUNT_OF(lines); i++) {
        bool is_told = false;
        for (const struct problem *p = loaded.problems.first; p != NULL; p = p->next)
            is_told = is_told || (p->kind == PROBLEM_ERROR && p->line == lines[i]);
        assert_true(is_told);
    }
    rule_unload(&loaded);
}

/* Shape B of the reference: everything that an attribute or element may say, read with its meaning. */
static void a_whole_policy_is_read(void **state)
{
    (void)state;
    struct rule_loaded loaded;
    rule_load_good(
        &loaded,
        "<!-- c --><validate-jwt id='v' header-name='authorization' require-scheme='SharedAccessSignature'"
        " failed-validation-httpcode='{{status}}' failed-validation-error-message='Sign &quot;in&quot; first'"
        " require-expiration-time='false' require-signed-tokens='true' clock-skew='60'"
        " output-token-variable-name='jwt' xmlns:gw='urn:jwtgate:policy' gw:typ='at+jwt' gw:max-age='5m'>"
        "<openid-config url='https://login.example/{{tid}}/v2.0'/>"
        "<openid-config url='https://other.example' validate-connectivity='false'/>"
        "<issuer-signing-keys><key id='a'>{{key}}</key><key>" SECRET "</key></issuer-signing-keys>"
        "<audiences><audience> <![CDATA[a&b]]> </audience><audience>api://{{tid}}</audience></audiences>"
        "<issuers><issuer>https://sts.example/{{ tid }}/</issuer></issuers>"
        "<required-claims><claim name='scp' match='any' separator=' '><value>r</value><value/></claim>"
        "<claim gw:path='realm_access/roles'/></required-claims></validate-jwt>",
        true);
    const struct rule *rule = &loaded.rule;
    assert_int_equal(rule->source, TOKEN_FROM_HEADER);
    assert_true(rule->is_authorization);
    assert_span(rule->scheme, "SharedAccessSignature");
    assert_int_equal(rule->failed_status, 403);
    assert_span(rule->failed_message, "Sign \"in\" first");
    assert_false(rule->requires_expiration);
    assert_true(rule->requires_signature);
    assert_int_equal(rule->clock_skew_s, 60);
    assert_int_equal(rule->max_age_s, 300);
    assert_span(rule->typ, "at+jwt");
    assert_span(rule->output_variable, "jwt");
    assert_int_equal(rule->provider_count, 2);
    assert_span(rule->providers[0].url, "https://login.example/11111111-2222-3333-4444-555555555555/v2.0");
    assert_true(rule->providers[0].validates_connectivity);
    assert_false(rule->providers[1].validates_connectivity);
    assert_int_equal(rule->inline_keys->count, 2);
    assert_span(rule->inline_keys->keys[0]->kid, "a");
    assert_int_equal(rule->inline_keys->keys[0]->secret_len, 32);
    assert_int_equal(rule->audience_count, 2);
    assert_span(rule->audiences[0], "a&b");
    assert_span(rule->issuers[0], "https://sts.example/11111111-2222-3333-4444-555555555555/");
    assert_int_equal(rule->claim_count, 2);
    assert_int_equal(rule->claims[0].match, MATCH_ANY);
    assert_span(rule->claims[0].separator, " ");
    assert_int_equal(rule->claims[0].count, 2);
    assert_span(rule->claims[0].values[1], "");
    assert_true(rule->claims[1].is_path);
    assert_span(rule->claims[1].name, "realm_access/roles");
    assert_int_equal(rule->claims[1].count, 0);
    assert_int_equal(rule->algs.bits, alg_set_all().bits);
    rule_unload(&loaded);
}

static void defaults_are_those_of_the_reference(void **state)
{
    (void)state;
    struct rule_loaded loaded;
    rule_load_good(&loaded, GOOD, true);
    assert_int_equal(loaded.rule.failed_status, 401);
    assert_true(loaded.rule.requires_expiration);
    assert_true(loaded.rule.requires_signature);
    assert_int_equal(loaded.rule.clock_skew_s, 0);
    assert_int_equal(loaded.rule.scheme.len, 0);
    assert_int_equal(loaded.rule.audience_count, 0);
    rule_unload(&loaded);
}

/* Shape S: any order of children loads. */
static void children_load_in_any_order(void **state)
{
    (void)state;
    static const char *const documents[] = {
        AUTH "<required-claims><claim name='a'/></required-claims><openid-config url='https://a'/>" END,
        AUTH "<issuers><issuer>i</issuer></issuers><audiences><audience>a</audience></audiences>" KEYS_XML END,
    };
    for (size_t i = 0; i < COUNT_OF(documents); i++) {
        struct rule_loaded loaded;
        rule_load_good(&loaded, documents[i], true);
        assert_true(loaded.problems.warnings > 0);
        rule_unload(&loaded);
    }
}

static void the_configured_algorithms_narrow_the_rule(void **state)
{
    (void)state;
    struct rule_settings settings = rule_case_settings();
    settings.algs = alg_set_of(ALG_RS256);
    struct rule_loaded loaded;
    rule_load(&loaded, GOOD, true, &settings);
    assert_int_equal(loaded.rule.algs.bits, alg_set_of(ALG_RS256).bits);
    rule_unload(&loaded);
}

/* Providers publish no shared secrets, and a secret serves HS* alone. */
static void algorithms_that_no_key_could_have_are_warned_of(void **state)
{
    (void)state;
    static const struct {
        const char *document;
        enum alg alg;
        unsigned warnings;
    } cases[] = {
        {CONFIG("url='https://a'"), ALG_HS256, 1},
        {CONFIG("url='https://a'"), ALG_EDDSA, 0},
        {GOOD, ALG_RS256, 1},
        {GOOD, ALG_HS512, 0},
        {AUTH "<openid-config url='https://a'/>" KEYS_XML END, ALG_HS256, 0},
        {AUTH "<openid-config url='https://a'/>" KEYS_XML END, ALG_ES256, 0},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct rule_settings settings = rule_case_settings();
        settings.algs = alg_set_of(cases[i].alg);
        struct rule_loaded loaded;
        rule_load(&loaded, cases[i].document, true, &settings);
        assert_true(loaded.is_read);
        assert_int_equal(loaded.problems.warnings, cases[i].warnings);
        for (const struct problem *p = loaded.problems.first; p != NULL; p = p->next)
            assert_true(p->kind != PROBLEM_WARNING || strstr(p->text, "can accept no token: \"algorithms\"") != NULL);
        rule_unload(&loaded);
    }
}

static void plain_http_is_taken_where_it_is_allowed(void **state)
{
    (void)state;
    struct rule_settings settings = rule_case_settings();
    settings.allow_http = true;
    struct rule_loaded loaded;
    rule_load(&loaded, CONFIG("url='http://idp.example/'"), true, &settings);
    assert_true(loaded.is_read);
    rule_unload(&loaded);
}

static void more_than_32_providers_are_refused(void **state)
{
    (void)state;
    for (size_t count = RULE_PROVIDERS_MAX; count <= RULE_PROVIDERS_MAX + 1; count++) {
        char document[4096] = AUTH;
        for (size_t i = 0; i < count; i++)
            strcat(document, "<openid-config url='https://a'/>");
        strcat(document, END);
        struct rule_settings settings = rule_case_settings();
        struct rule_loaded loaded;
        rule_load(&loaded, document, true, &settings);
        assert_int_equal(loaded.is_read, count == RULE_PROVIDERS_MAX);
        rule_unload(&loaded);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(attributes_are_checked),
        cmocka_unit_test(elements_are_checked),
        cmocka_unit_test(providers_are_checked),
        cmocka_unit_test(claims_are_checked),
        cmocka_unit_test(documents_are_checked),
        cmocka_unit_test(an_expression_is_reported_once_and_with_the_other_problems),
        cmocka_unit_test(nothing_is_warned_of_that_follows_from_an_error),
        cmocka_unit_test(every_fault_of_a_document_is_told_at_its_line),
        cmocka_unit_test(a_whole_policy_is_read),
        cmocka_unit_test(defaults_are_those_of_the_reference),
        cmocka_unit_test(children_load_in_any_order),
        cmocka_unit_test(the_configured_algorithms_narrow_the_rule),
        cmocka_unit_test(algorithms_that_no_key_could_have_are_warned_of),
        cmocka_unit_test(plain_http_is_taken_where_it_is_allowed),
        cmocka_unit_test(more_than_32_providers_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
