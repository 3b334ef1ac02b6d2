/* SPDX-License-Identifier: Apache-2.0 */
/* A policy read without enough memory is refused, never read in part: a claim or audience left out would open a door.
 *
 * Method: the same document with the first, second ... allocation failing.
 */
#include "alloc_fail.h"
#include "rule_case.h"

static const char xml[] =
    "<policies><inbound><base/><validate-jwt header-name='Authorization' xmlns:gw='urn:jwtgate:policy' gw:max-age='5m'>"
    "<openid-config url='https://a/{{tid}}'/>" KEYS_XML "<audiences><audience>a</audience></audiences>"
    "<required-claims><claim name='scp' separator=' ' match='any'><value>x</value></claim>"
    "<claim gw:path='a/b'/></required-claims></validate-jwt></inbound></policies>";

static const char yaml[] =
    "openid_config: [ \"https://a/{{tid}}\" ]\nissuer_signing_keys: [ { id: k, base64: " SECRET " } ]\n"
    "decryption_keys: [ { base64: " SECRET
    " } ]\naudiences: [ a ]\nrequired_claims: [ { name: scp, match: any, separator: \" \", values: [ x ] } ]\n";

static bool is_whole(const struct rule *rule, bool is_xml)
{
    return rule->provider_count == 1 && rule->inline_keys->count == 1 && rule->audience_count == 1 &&
           rule->claim_count == (is_xml ? 2 : 1) && rule->claims[0].count == 1 && rule->claims[0].separator.len == 1 &&
           rule->claims[0].match == MATCH_ANY && (is_xml || decrypt_keys_count(rule->decryption_keys) == 1) &&
           (!is_xml || (rule->claims[1].is_path && rule->max_age_s == 300));
}

static bool load(void *arg)
{
    bool is_xml = arg != NULL;
    struct rule_settings settings = rule_case_settings();
    struct rule_loaded loaded;
    rule_load(&loaded, is_xml ? xml : yaml, is_xml, &settings);
    bool is_read = loaded.is_read;
    assert_true(!is_read || is_whole(&loaded.rule, is_xml));
    rule_unload(&loaded);
    return is_read;
}

static void a_policy_is_read_whole_or_not_at_all(void **state)
{
    (void)state;
    static char is_xml;
    assert_true(alloc_fail_each(load, &is_xml, true) > 0);
    assert_true(alloc_fail_each(load, NULL, true) > 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(a_policy_is_read_whole_or_not_at_all)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
