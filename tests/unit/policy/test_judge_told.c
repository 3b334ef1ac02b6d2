/* SPDX-License-Identifier: Apache-2.0 */
/* What a judgement says of its checks: only what was looked at, each issuer once, and the key that verified although it was not named. */
#include "court.h"

#define A "openid_config: [ \"https://a\" ]\n"
#define EXP ",\"exp\":1795219800}"

static const struct check *check_of(const struct court *court, enum check_name name)
{
    for (size_t i = 0; i < court->loud.check_count; i++)
        if (court->loud.checks[i].name == name)
            return &court->loud.checks[i];
    fail_msg("no such check");
    return NULL;
}

/* Neither the issuer nor the signature was looked at: the key check alone says that keys are missing. */
static void where_no_keys_are_known_issuer_and_signature_are_skipped(void **state)
{
    struct court *court = *state;
    court_open(court, "openid_config: [ \"https://down\" ]");
    court_claims(court, court->rsa, "{\"iss\":\"https://down\"" EXP);
    assert_reason(&court->loud, REASON_OPENID_CONFIG_UNAVAILABLE, "no keys");
    assert_int_equal(check_of(court, CHECK_KEY)->verdict, VERDICT_FAIL);
    assert_int_equal(check_of(court, CHECK_ISSUER)->verdict, VERDICT_SKIP);
    assert_null(check_of(court, CHECK_ISSUER)->expected.at);
    assert_int_equal(check_of(court, CHECK_SIGNATURE)->verdict, VERDICT_SKIP);
    assert_int_equal(check_of(court, CHECK_SIGNATURE)->found.len, 0);
    court_close(court);
    court_open(court, A);
    court_claims(court, court->rsa, "{\"iss\":\"https://down\"" EXP);
    assert_int_equal(check_of(court, CHECK_ISSUER)->verdict, VERDICT_FAIL);
    assert_span(check_of(court, CHECK_ISSUER)->expected, ISS_A);
    court_close(court);
}

/* A key of the policy itself verifies, and the only provider that could name the issuer is away: the issuer check decides. */
static void an_issuer_that_cannot_be_compared_decides_where_nothing_came_before(void **state)
{
    struct court *court = *state;
    court_open(court, "openid_config: [ \"https://down\" ]\n"
                      "issuer_signing_keys: [ { id: h1, base64: \"{{SECRET}}\" } ]");
    court_claims(court, court->secret, "{\"iss\":\"https://down\"" EXP);
    assert_reason(&court->loud, REASON_OPENID_CONFIG_UNAVAILABLE, "no issuer");
    assert_int_equal(check_of(court, CHECK_ISSUER)->verdict, VERDICT_FAIL);
    assert_ptr_equal(court->loud.failed, check_of(court, CHECK_ISSUER));
    court_close(court);
}

static void a_key_that_verified_without_being_named_is_told(void **state)
{
    struct court *court = *state;
    court_open(court, A);
    court_hear(court, signer_token(court->rsa, ALG_RS256, "{\"alg\":\"RS256\",\"kid\":\"k9\"}",
                                   SPAN("{\"iss\":\"" ISS_A "\"" EXP)));
    assert_true(court->loud.has_passed);
    assert_span(check_of(court, CHECK_KEY)->found,
                "k9, which is no key's kid; every fitting key was tried, r1 verified");
    court_claims(court, court->rsa, "{\"iss\":\"" ISS_A "\"" EXP);
    assert_span(check_of(court, CHECK_KEY)->found, "r1");
    court_close(court);
}

static void an_issuer_that_is_published_and_listed_is_told_once(void **state)
{
    struct court *court = *state;
    court_open(court, A "issuers: [ \"" ISS_A "\", \"" ISS_B "\" ]");
    court_claims(court, court->rsa, "{\"iss\":\"x\"" EXP);
    assert_span(check_of(court, CHECK_ISSUER)->expected, "one of " ISS_A ", " ISS_B);
    court_close(court);
}

/* What validate-azure-ad-token makes of client-application-ids: appid in version 1, azp in version 2. */
static void the_claim_that_is_missing_is_the_one_of_the_tokens_version(void **state)
{
    static const struct {
        const char *claims, *name;
    } cases[] = {
        {"{\"iss\":\"https://x/v2.0\"" EXP, "azp"},
        {"{\"iss\":\"https://x/\"" EXP, "appid"},
        {"{\"iss\":\"https://x/\",\"ver\":\"2.0\"" EXP, "azp"},
        {"{\"iss\":\"https://x/v2.0\",\"ver\":\"1.0\"" EXP, "appid"},
        {"{\"iss\":1" EXP, "appid"},
        {"{\"iss\":\"https://x/v2.0\",\"appid\":\"b\"" EXP, "appid"},
    };
    struct court *court = *state;
    static const struct span caller = SPAN_INIT("a");
    static const struct rule_claim claim = {
        .name = SPAN_INIT("appid"), .other_name = SPAN_INIT("azp"), .match = MATCH_ANY, .values = &caller, .count = 1};
    court_open(court, A);
    court->rule.claims = &claim;
    court->rule.claim_count = 1;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        court_claims(court, court->rsa, cases[i].claims);
        assert_span(check_of(court, CHECK_CLAIM)->claim, cases[i].name);
    }
    court_close(court);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(where_no_keys_are_known_issuer_and_signature_are_skipped),
        cmocka_unit_test(an_issuer_that_cannot_be_compared_decides_where_nothing_came_before),
        cmocka_unit_test(a_key_that_verified_without_being_named_is_told),
        cmocka_unit_test(an_issuer_that_is_published_and_listed_is_told_once),
        cmocka_unit_test(the_claim_that_is_missing_is_the_one_of_the_tokens_version),
    };
    return cmocka_run_group_tests(tests, court_set_up, court_take_down);
}
