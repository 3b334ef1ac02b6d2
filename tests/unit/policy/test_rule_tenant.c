/* SPDX-License-Identifier: Apache-2.0 */
/* Policies that take tokens of every tenant there is are warned of where they are read.  The attack: anybody makes a tenant of
 * their own, and its tokens pass, since the provider's keys sign for all tenants.
 *
 * Method: each policy beside one that differs in the one place that narrows it.
 */
#include "rule_case.h"

#define KEYS "issuer_signing_keys: [ { id: k, base64: " SECRET " } ]\n"
#define ENTRA(tenant) "openid_config: [ \"https://login.microsoftonline.com/" tenant "/v2.0\" ]\n"
#define CLAIM(text) "required_claims: [ { " text " } ]"
#define URL_AT 1, 18, "every tenant"
#define OK_TENANT ENTRA("{{tid}}")

static const struct rule_case yaml_cases[] = {
    {"common", ENTRA("common"), URL_AT, ENTRA("common") "audiences: [api]", PROBLEM_WARNING},
    {"organizations", ENTRA("organizations"), URL_AT, OK_TENANT, PROBLEM_WARNING},
    {"consumers has one issuer", ENTRA("Organizations"), URL_AT, ENTRA("consumers"), PROBLEM_WARNING},
    {"a tenant by its domain", ENTRA("common"), URL_AT, ENTRA("contoso.onmicrosoft.com"), PROBLEM_WARNING},
    {"the v1 document",
     "openid_config: [ \"https://login.microsoftonline.com/common/.well-known/openid-configuration\" ]", URL_AT,
     "openid_config: [ \"https://common/.well-known/openid-configuration\" ]", PROBLEM_WARNING},
    {"a national cloud", "openid_config: [ \"https://login.partner.microsoftonline.cn/common/v2.0\" ]", URL_AT,
     "openid_config: [ \"https://login.partner.microsoftonline.cn/uncommon/v2.0\" ]", PROBLEM_WARNING},
    {"a mirror below a path", "openid_config: [ \"http://127.0.0.1:9/entra/common\" ]", URL_AT,
     "openid_config: [ \"http://127.0.0.1:9/entra/x?p=/common/\" ]", PROBLEM_WARNING},
    {"of several providers the one", "openid_config: [ \"https://a\",\n \"https://b/common?appid=x\" ]", 2, 2,
     "common stands", "openid_config: [ \"https://a\",\n \"https://b/?appid=common\" ]", PROBLEM_WARNING},
    {"a map is told of at its URL", "openid_config: [ { url: \"https://b/common\" } ]", 1, 25, "common stands",
     "openid_config: [ { url: \"https://b/commons\" } ]", PROBLEM_WARNING},
    {"issuers add to the template, they do not narrow it",
     ENTRA("common") "issuers: [ \"https://sts.windows.net/{{tid}}/\" ]", URL_AT,
     ENTRA("common") CLAIM("name: iss, values: [ \"https://sts.windows.net/{{tid}}/\" ]"), PROBLEM_WARNING},
    {"a claim that any tenant can have", ENTRA("common") CLAIM("name: roles, values: [admin]"), URL_AT,
     ENTRA("common") CLAIM("name: tid, values: [\"{{tid}}\"]"), PROBLEM_WARNING},
    {"a tid that need only be there", ENTRA("common") CLAIM("name: tid"), URL_AT,
     ENTRA("common") CLAIM("path: tid, values: [\"{{tid}}\"]"), PROBLEM_WARNING},
    {"a nested tid is another claim", ENTRA("common") CLAIM("path: x/tid, values: [a]"), URL_AT,
     ENTRA("common") CLAIM("name: aud, values: [api]"), PROBLEM_WARNING},
    {"a listed template", KEYS "issuers: [ a,\n \"https://sts.windows.net/{tenantid}/\" ]", 3, 2, "{tenantid} stands",
     KEYS "issuers: [ a,\n \"https://sts.windows.net/{tenant}/\" ]", PROBLEM_WARNING},
    {"a listed template beside a single tenant's document",
     OK_TENANT "issuers: [ \"https://sts.windows.net/{TenantId}/\" ]", 2, 12, "{tenantid} stands",
     OK_TENANT "issuers: [ \"https://sts.windows.net/{{tid}}/\" ]", PROBLEM_WARNING},
    {"what to add is told", ENTRA("common"), 1, 18, "add audiences, or a required claim tid, aud or iss",
     ENTRA("common") "audiences: [api]", PROBLEM_WARNING},
    {"a note on all tokens of a provider is left out beside the warning", ENTRA("{{tid}}"), 1, 1,
     "neither audiences nor claims", ENTRA("common"), PROBLEM_NOTE},
};

static void a_policy_that_takes_any_tenant_is_warned_of(void **state)
{
    (void)state;
    rule_cases_run(yaml_cases, COUNT_OF(yaml_cases), false);
}

#define AUTH "<validate-jwt header-name='Authorization'>"
#define END "</validate-jwt>"
#define COMMON AUTH "\n<openid-config url='https://login.microsoftonline.com/common/v2.0'/>"

static const struct rule_case xml_cases[] = {
    {"the URL's place is told", COMMON END, 2, 20, "common stands",
     COMMON "<audiences><audience>a</audience></audiences>" END, PROBLEM_WARNING},
    {"the issuer's place is told",
     AUTH KEYS_XML "<issuers>\n<issuer>https://sts.windows.net/{tenantid}/</issuer></issuers>" END, 2, 1,
     "{tenantid} stands", AUTH KEYS_XML "<issuers>\n<issuer>https://sts.windows.net/{{tid}}/</issuer></issuers>" END,
     PROBLEM_WARNING},
    {"a required claim narrows", COMMON "<required-claims><claim name='tid'/></required-claims>" END, 2, 20,
     "common stands", COMMON "<required-claims><claim name='tid'><value>a</value></claim></required-claims>" END,
     PROBLEM_WARNING},
};

static void the_place_is_that_of_the_xml(void **state)
{
    (void)state;
    rule_cases_run(xml_cases, COUNT_OF(xml_cases), true);
}

/* The same question as whoever fetched a document with a template asks. */
static void a_rule_without_tenant_or_audience_takes_any(void **state)
{
    (void)state;
    static const struct {
        const char *policy;
        bool is_any;
    } cases[] = {
        {"openid_config: [ \"https://mirror.example/entra\" ]\n", true},
        {"openid_config: [ \"https://mirror.example/entra\" ]\nissuers: [ i ]", true},
        {"openid_config: [ \"https://mirror.example/entra\" ]\naudiences: [ api ]", false},
        {"openid_config: [ \"https://mirror.example/entra\" ]\nrequired_claims: [ { name: tid, values: [a] } ]", false},
        {"openid_config: [ \"https://mirror.example/entra\" ]\nrequired_claims: [ { name: azp }, { name: aud, values: "
         "[a] } ]",
         false},
        {"openid_config: [ \"https://mirror.example/entra\" ]\nrequired_claims: [ { name: Tid, values: [a] } ]", true},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct rule_loaded loaded;
        rule_load_good(&loaded, cases[i].policy, false);
        assert_int_equal(rule_takes_any_tenant(&loaded.rule), cases[i].is_any);
        rule_unload(&loaded);
    }
}

static void a_template_is_cut_at_its_placeholder(void **state)
{
    (void)state;
    struct span before = SPAN(""), behind = SPAN("");
    assert_true(rule_issuer_is_template(SPAN("https://a/{x}/{TENANTID}/v2.0"), &before, &behind));
    assert_span(before, "https://a/{x}/");
    assert_span(behind, "/v2.0");
    assert_true(rule_issuer_is_template(SPAN("{tenantid}"), &before, &behind));
    assert_span(before, "");
    assert_span(behind, "");
    assert_false(rule_issuer_is_template(SPAN("https://a/{tenantid"), &before, &behind));
    assert_false(rule_issuer_is_template(SPAN("https://a/{tenant}/"), &before, &behind));
    assert_false(rule_issuer_is_template(SPAN(""), &before, &behind));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_policy_that_takes_any_tenant_is_warned_of),
        cmocka_unit_test(the_place_is_that_of_the_xml),
        cmocka_unit_test(a_rule_without_tenant_or_audience_takes_any),
        cmocka_unit_test(a_template_is_cut_at_its_placeholder),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
