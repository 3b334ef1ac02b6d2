/* SPDX-License-Identifier: Apache-2.0 */
/* Claims judged as if a key had signed them: a verdict on them is the one on a token of these claims, soundly signed.
 *
 * Method: the same claims signed by the key of a provider, and assumed to be signed by that provider; the reasons must be equal.
 */
#include "court.h"

#define EXP "\"exp\":1795219800"

struct assumed_case {
    const char *policy;
    const char *claims;
    enum reason reason;
};

#define A "openid_config: [ \"https://a\" ]\n"
#define API "audiences: [ api ]\n"
#define GOOD "\"iss\":\"" ISS_A "\",\"aud\":\"api\"," EXP

static const struct assumed_case cases[] = {
    {A API, "{" GOOD "}", REASON_NONE},
    {A API, "{\"iss\":\"" ISS_A "\",\"aud\":[\"x\",\"api\"]," EXP "}", REASON_NONE},
    {A API, "{\"iss\":\"" ISS_A "\",\"aud\":\"API\"," EXP "}", REASON_AUDIENCE_NOT_ALLOWED},
    {A API, "{\"iss\":\"" ISS_A "\",\"aud\":\"api\",\"exp\":1795219200}", REASON_TOKEN_EXPIRED},
    {A API, "{\"iss\":\"" ISS_A "\",\"aud\":\"api\"}", REASON_JWT_INVALID},
    {A API, "{" GOOD ",\"nbf\":1795219201}", REASON_JWT_INVALID},
    {A API, "{" GOOD ",\"nbf\":1795219200}", REASON_NONE},
    {A API, "{\"iss\":\"" ISS_B "\",\"aud\":\"api\"," EXP "}", REASON_ISSUER_NOT_ALLOWED},
    {A API, "{\"iss\":1,\"aud\":\"api\"," EXP "}", REASON_JWT_INVALID},
    {A "required_claims: [ { name: roles, values: [ a, b ] } ]\n", "{" GOOD ",\"roles\":[\"a\",\"b\"]}", REASON_NONE},
    {A "required_claims: [ { name: roles, values: [ a, b ] } ]\n", "{" GOOD ",\"roles\":[\"a\"]}",
     REASON_CLAIM_VALUE_NOT_ALLOWED},
    {A "required_claims: [ { name: roles, values: [ a, b ] } ]\n", "{" GOOD "}", REASON_CLAIM_NOT_FOUND},
    {A "typ: Bearer\n", "{" GOOD ",\"typ\":\"Bearer\"}", REASON_NONE},
    {A "max_age: 60s\n", "{" GOOD ",\"iat\":1795219139}", REASON_CLAIM_VALUE_NOT_ALLOWED},
};

static struct judgement assume(struct court *court, const char *text, size_t trust, struct claims *claims, bool is_loud)
{
    struct judgement judgement;
    struct judge_input input = {.rule = &court->rule,
                                .trusts = court->trusts,
                                .now_s = NOW_S,
                                .limits = court->limits,
                                .arena = &court->arena,
                                .wants_every_check = is_loud,
                                .assumed = claims,
                                .assumed_trust = trust};
    assert_true(claims_read_json(claims, &court->arena, span_str(text), 32, NULL));
    judge(&input, &judgement);
    return judgement;
}

static void claims_fare_as_in_a_token_that_was_signed(void **state)
{
    struct court *court = *state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct claims claims;
        court_open(court, cases[i].policy);
        /* A typ in the header is the one thing that claims cannot say. */
        assert_reason(court_claims(court, court->rsa, cases[i].claims), cases[i].reason, cases[i].claims);
        struct judgement quiet = assume(court, cases[i].claims, 0, &claims, false);
        struct judgement loud = assume(court, cases[i].claims, 0, &claims, true);
        assert_reason(&quiet, cases[i].reason, cases[i].claims);
        assert_reason(&loud, cases[i].reason, cases[i].claims);
        assert_int_equal(quiet.status, court->loud.status);
        assert_int_equal(quiet.only_claims_failed, court->loud.only_claims_failed);
        assert_ptr_equal(loud.key, court->loud.key);
        court_close(court);
    }
}

static void what_comes_before_the_claims_is_skipped_and_nothing_else(void **state)
{
    static const enum check_verdict expected[] = {
        [CHECK_TOKEN] = VERDICT_SKIP, [CHECK_HEADER] = VERDICT_SKIP,    [CHECK_ALG] = VERDICT_SKIP,
        [CHECK_KEY] = VERDICT_PASS,   [CHECK_SIGNATURE] = VERDICT_SKIP, [CHECK_NBF] = VERDICT_SKIP,
        [CHECK_EXP] = VERDICT_PASS,   [CHECK_AUDIENCE] = VERDICT_PASS,  [CHECK_ISSUER] = VERDICT_PASS,
    };
    struct court *court = *state;
    struct claims claims;
    court_open(court, A API);
    struct judgement judgement = assume(court, "{" GOOD "}", 0, &claims, true);
    assert_true(judgement.has_passed);
    assert_int_equal(judgement.check_count, COUNT_OF(expected));
    for (size_t i = 0; i < COUNT_OF(expected); i++) {
        assert_int_equal(judgement.checks[i].name, i);
        assert_int_equal(judgement.checks[i].verdict, expected[i]);
    }
    court_close(court);
}

static void a_key_of_the_set_named_is_the_signer(void **state)
{
    struct court *court = *state;
    struct claims claims;
    court_open(court, "openid_config: [ \"https://a\", \"https://b\" ]\n");
    struct judgement own = assume(court, "{\"iss\":\"" ISS_B "\"," EXP "}", 1, &claims, true);
    assert_reason(&own, REASON_NONE, "the key of b for the issuer b");
    struct judgement other = assume(court, "{\"iss\":\"" ISS_B "\"," EXP "}", 0, &claims, true);
    assert_reason(&other, REASON_ISSUER_NOT_ALLOWED, "the key of a for the issuer b");
    court_close(court);
}

static void without_a_key_set_there_is_no_verdict(void **state)
{
    struct court *court = *state;
    struct claims claims;
    court_open(court, "openid_config: [ \"https://down\" ]\n");
    struct judgement judgement = assume(court, "{" GOOD "}", 0, &claims, true);
    assert_reason(&judgement, REASON_OPENID_CONFIG_UNAVAILABLE, "no keys");
    assert_int_equal(judgement.status, 503);
    court_close(court);
}

static void a_set_whose_keys_the_policy_leaves_nothing_has_no_signer(void **state)
{
    struct court *court = *state;
    struct claims claims;
    court_open(court, A);
    court->rule.algs = alg_set_of(ALG_ES256);
    struct judgement judgement = assume(court, "{" GOOD "}", 0, &claims, true);
    assert_reason(&judgement, REASON_KEY_NOT_FOUND, "an RSA key where ES256 is demanded");
    court->rule.algs = alg_set_of(ALG_RS256);
    judgement = assume(court, "{" GOOD "}", 0, &claims, true);
    assert_reason(&judgement, REASON_NONE, "its neighbour");
    court_close(court);
}

static void a_set_without_keys_stands_for_its_issuer(void **state)
{
    static const char *const claims_of[] = {"{" GOOD "}", "{\"iss\":\"" ISS_B "\"," EXP "}"};
    static const enum reason reasons[] = {REASON_NONE, REASON_ISSUER_NOT_ALLOWED};
    struct court *court = *state;
    for (size_t i = 0; i < COUNT_OF(claims_of); i++) {
        struct claims claims;
        court_open(court, A);
        struct verifier *had = court->trusts[0].verifier;
        struct keyset *set = keyset_new(SPAN(ISS_A), 0);
        struct verifier *bare = verifier_new(set);
        court->trusts[0].verifier = bare;
        struct judgement judgement = assume(court, claims_of[i], 0, &claims, true);
        assert_reason(&judgement, reasons[i], claims_of[i]);
        assert_null(judgement.key);
        court->trusts[0].verifier = had;
        verifier_free(bare);
        keyset_release(set);
        court_close(court);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(claims_fare_as_in_a_token_that_was_signed),
        cmocka_unit_test(what_comes_before_the_claims_is_skipped_and_nothing_else),
        cmocka_unit_test(a_key_of_the_set_named_is_the_signer),
        cmocka_unit_test(without_a_key_set_there_is_no_verdict),
        cmocka_unit_test(a_set_whose_keys_the_policy_leaves_nothing_has_no_signer),
        cmocka_unit_test(a_set_without_keys_stands_for_its_issuer),
    };
    return cmocka_run_group_tests(tests, court_set_up, court_take_down);
}
