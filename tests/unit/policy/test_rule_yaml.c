/* SPDX-License-Identifier: Apache-2.0 */
/* Policies in YAML: the keys of the configuration's `validate_jwt`, read by the same table as XML.
 *
 * Method: tables of documents, each beside a neighbour that differs in the tested point alone and loads.
 */
#include "rule_case.h"

#define KEYS "issuer_signing_keys: [ { id: k, base64: " SECRET " } ]\n"

static const struct rule_case cases[] = {
    {"a policy is a map", "- a", 1, 1, "a map is expected", KEYS, 0},
    {"an unknown key is refused with the nearest", KEYS "audience: [a]", 2, 1, "did you mean \"audiences\"",
     KEYS "audiences: [a]", 0},
    {"XML's spelling is unknown in YAML", KEYS "clock-skew: 1", 2, 1, "did you mean \"clock_skew\"",
     KEYS "clock_skew: 1", 0},
    {"two sources are refused", KEYS "header_name: a\nquery_parameter_name: b", 3, 23, "exactly one of header_name",
     KEYS "query_parameter_name: b", 0},
    {"token_value is not built", KEYS "token_value: a", 2, 14, "token_value", KEYS, 0},
    {"an expression that is none is told at its fault", KEYS "audiences: [\"@(context.Nope)\"]", 2, 24, "Nope",
     KEYS "audiences: [\"@(context.Request.OriginalUrl.Host)\"]", 0},
    {"a claim's name takes no expression", KEYS "required_claims: [ { name: \"@(context.Request.Method)\" } ]", 2, 29,
     "\"name\" takes no expression", KEYS "required_claims: [ { name: a, values: \"@(context.Request.Method)\" } ]", 0},
    {"a provider's URL is not made of a request", "openid_config: [\"@(context.Request.Method)\"]", 1, 18,
     "choose whom to trust", "openid_config: [\"@(\\\"https:/\\\" + \\\"/a\\\")\"]", 0},
    {"a provider's URL in a map is not either", "openid_config: [ { url: \"@(context.Request.Method)\" } ]", 1, 26,
     "choose whom to trust", "openid_config: [ { url: \"@(\\\"https:/\\\" + \\\"/a\\\")\" } ]", 0},
    {"one source is given, if any", KEYS "header_name: a\ntoken_value: \"@(context.Request.Method)\"", 3, 15,
     "exactly one of header_name", KEYS "token_value: \"@(context.Request.Method)\"", 0},
    {"booleans carry no quotes", KEYS "require_expiration_time: \"true\"", 2, 26, "require_expiration_time",
     KEYS "require_expiration_time: true", 0},
    {"clock_skew is whole seconds", KEYS "clock_skew: 00:05:00", 2, 13, "clock_skew", KEYS "clock_skew: 300", 0},
    {"clock_skew is not negative", KEYS "clock_skew: -1", 2, 13, "clock_skew", KEYS "clock_skew: 0", 0},
    {"a status is within its range", KEYS "failed_validation_httpcode: 199", 2, 29, "failed_validation_httpcode",
     KEYS "failed_validation_httpcode: 400", 0},
    {"max_age has a unit", KEYS "max_age: 300", 2, 10, "unit", KEYS "max_age: 300s", 0},
    {"max_age is not zero", KEYS "max_age: 0s", 2, 10, "max_age", KEYS "max_age: 1s", 0},
    {"typ is not empty", KEYS "typ: \"\"", 2, 6, "typ is empty", KEYS "typ: at+jwt", 0},
    {"empty decryption keys are refused", KEYS "decryption_keys: []", 2, 18, "decryption_keys is empty",
     KEYS "decryption_keys: [ { base64: " SECRET " } ]", 0},
    {"a decryption key has no id", KEYS "decryption_keys: [ { base64: " SECRET ", id: k } ]", 2, 80,
     "id is for signing keys only", KEYS "decryption_keys: [ { base64: " SECRET " } ]", 0},
    {"empty audiences would switch the check off", KEYS "audiences: []", 2, 12, "audiences is empty",
     KEYS "audiences: [a]", 0},
    {"null audiences would too", KEYS "audiences:", 2, 11, "audiences", KEYS "audiences: a", 0},
    {"an empty audience is refused", KEYS "audiences: [\"\"]", 2, 13, "empty text", KEYS "audiences: [\" \"]", 0},
    {"empty issuers would switch the check off", KEYS "issuers: []", 2, 10, "issuers is empty", KEYS "issuers: [a]", 0},
    {"empty claims would switch the check off", KEYS "required_claims: []", 2, 18, "required_claims is empty",
     KEYS "required_claims: [ { name: a } ]", 0},
    {"null claims would too", KEYS "required_claims:", 2, 17, "required_claims is empty",
     KEYS "required_claims: [ { name: a } ]", 0},
    {"empty providers are refused", KEYS "openid_config: []", 2, 16, "openid_config is empty", KEYS, 0},
    {"empty values would ask for presence only", KEYS "required_claims: [ { name: a, values: [] } ]", 2, 39,
     "values is empty", KEYS "required_claims: [ { name: a, values: [b] } ]", 0},
    {"a claim has a name or a path", KEYS "required_claims: [ { values: [b] } ]", 2, 20, "name",
     KEYS "required_claims: [ { path: a/b, values: [b] } ]", 0},
    {"a URL is checked", "openid_config: [ { url: \"http://idp.example\" } ]", 1, 25, "loopback",
     "openid_config: [ { url: \"https://idp.example\" } ]", 0},
    {"a URL may stand alone, and is checked", "openid_config: [ \"http://idp.example\" ]", 1, 18, "loopback",
     "openid_config: [ \"https://idp.example\" ]", 0},
    {"the legacy host is refused", "openid_config: [ { url: \"https://a\", host: b } ]", 1, 44, "legacy",
     "openid_config: [ { url: \"https://a\" } ]", 0},
    {"an unknown named value is refused", KEYS "audiences: [\"{{tidd}}\"]", 2, 13, "named value \"tidd\"",
     KEYS "audiences: [\"{{tid}}\"]", 0},
    {"a policy without keys loads with a warning", "audiences: [a]", 1, 1, "can accept no token", KEYS,
     PROBLEM_WARNING},
    {"match=all with a single-valued claim never passes", KEYS "required_claims: [ { name: azp, values: [a, b] } ]", 2,
     20, "never passes", KEYS "required_claims: [ { name: azp, match: any, values: [a, b] } ]", PROBLEM_WARNING},
};

static void keys_are_checked(void **state)
{
    (void)state;
    rule_cases_run(cases, COUNT_OF(cases), false);
}

static void authorization_with_bearer_is_the_default(void **state)
{
    (void)state;
    struct rule_loaded loaded;
    rule_load_good(&loaded, KEYS, false);
    assert_int_equal(loaded.rule.source, TOKEN_FROM_HEADER);
    assert_true(loaded.rule.is_authorization);
    assert_span(loaded.rule.source_name, "Authorization");
    assert_int_equal(loaded.rule.failed_status, 401);
    assert_true(loaded.rule.requires_expiration);
    rule_unload(&loaded);
}

static void a_whole_policy_is_read(void **state)
{
    (void)state;
    struct rule_loaded loaded;
    rule_load_good(
        &loaded,
        "header_name: X-Token\nfailed_validation_httpcode: \"{{status}}\"\nclock_skew: 60\nmax_age: 1h\ntyp: at+jwt\n"
        "openid_config: [ { url: \"https://a\", validate_connectivity: false }, \"https://b\" ]\n"
        "issuer_signing_keys: [ { id: k, base64: \"{{key}}\" } ]\naudiences: one\nissuers: [i, j]\n"
        "required_claims:\n  - { name: groups, match: any, separator: \" \", values: [1, true, \"{{tid}}\"] }\n"
        "  - path: realm_access/roles\n",
        false);
    const struct rule *rule = &loaded.rule;
    assert_false(rule->is_authorization);
    assert_span(rule->source_name, "X-Token");
    assert_int_equal(rule->failed_status, 403);
    assert_int_equal(rule->clock_skew_s, 60);
    assert_int_equal(rule->max_age_s, 3600);
    assert_int_equal(rule->provider_count, 2);
    assert_false(rule->providers[0].validates_connectivity);
    assert_true(rule->providers[1].validates_connectivity);
    assert_span(rule->providers[1].url, "https://b");
    assert_int_equal(rule->inline_keys->count, 1);
    assert_int_equal(rule->audience_count, 1);
    assert_int_equal(rule->issuer_count, 2);
    assert_span(rule->claims[0].values[0], "1");
    assert_span(rule->claims[0].values[1], "true");
    assert_span(rule->claims[0].values[2], "11111111-2222-3333-4444-555555555555");
    assert_true(rule->claims[1].is_path);
    rule_unload(&loaded);
}

static void all_problems_are_told_in_one_run(void **state)
{
    (void)state;
    struct rule_settings settings = rule_case_settings();
    struct rule_loaded loaded;
    rule_load(
        &loaded,
        "clock_skew: x\nopenid_config: [ ftp ]\naudiences: [\"{{a}}\", \"\"]\nissuer_signing_keys: [ {} ]\nnope: 1\n",
        false, &settings);
    assert_int_equal(loaded.problems.errors, 6);
    rule_unload(&loaded);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(keys_are_checked),
        cmocka_unit_test(authorization_with_bearer_is_the_default),
        cmocka_unit_test(a_whole_policy_is_read),
        cmocka_unit_test(all_problems_are_told_in_one_run),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
