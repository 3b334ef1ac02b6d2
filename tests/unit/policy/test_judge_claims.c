/* SPDX-License-Identifier: Apache-2.0 */
/* What a token says of itself: times, audience, kind, age, required claims (hostile tokens T, U, R; shapes C, O, P).
 *
 * Method: tokens soundly signed by the provider's key, judged at one second; each refusal stands beside a neighbour one second
 * or one character away that passes.
 */
#include "court.h"

#define A "openid_config: [ \"https://a\" ]\n"
#define ISS "\"iss\":\"" ISS_A "\""
#define EXP "\"exp\":1795219800"
#define BASE ISS "," EXP

struct claim_case {
    const char *policy; /* behind the provider */
    const char *claims; /* members of the payload */
    enum reason reason;
    enum check_name check;
};

static void run(struct court *court, const struct claim_case *cases, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        char policy[1024];
        char payload[1024];
        snprintf(policy, sizeof policy, A "%s", cases[i].policy);
        snprintf(payload, sizeof payload, "{%s}", cases[i].claims);
        court_open(court, policy);
        const struct judgement *judgement = court_claims(court, court->rsa, payload);
        assert_reason(judgement, cases[i].reason, payload);
        if (cases[i].reason != REASON_NONE)
            assert_int_equal(judgement->failed->name, cases[i].check);
        court_close(court);
    }
}

#define PASS REASON_NONE, CHECK_TOKEN

/* NOW_S is 1795219200.  On or after exp a token is expired, before nbf it is not taken (RFC 7519 4.1.4, RFC 7519 4.1.5). */
static const struct claim_case time_cases[] = {
    {"", ISS ",\"exp\":1795219201", PASS},
    {"", ISS ",\"exp\":1795219200", REASON_TOKEN_EXPIRED, CHECK_EXP},
    {"", ISS ",\"exp\":1795219199", REASON_TOKEN_EXPIRED, CHECK_EXP},
    {"", ISS ",\"exp\":1795219201.9", PASS},
    {"", ISS ",\"exp\":1795219200.9", REASON_TOKEN_EXPIRED, CHECK_EXP},
    {"", ISS ",\"exp\":1.7952192010e9", PASS},
    {"clock_skew: 60", ISS ",\"exp\":1795219141", PASS},
    {"clock_skew: 60", ISS ",\"exp\":1795219170", PASS},
    {"clock_skew: 60", ISS ",\"exp\":1795219140", REASON_TOKEN_EXPIRED, CHECK_EXP},
    {"", ISS, REASON_JWT_INVALID, CHECK_EXP},
    {"require_expiration_time: false", ISS, PASS},
    {"require_expiration_time: false", ISS ",\"exp\":1795219200", REASON_TOKEN_EXPIRED, CHECK_EXP},
    {"require_expiration_time: false", ISS ",\"exp\":null", REASON_JWT_INVALID, CHECK_EXP},
    {"", ISS ",\"exp\":\"1795219800\"", REASON_JWT_INVALID, CHECK_EXP},
    {"", ISS ",\"exp\":\"2026-12-01T00:00:00Z\"", REASON_JWT_INVALID, CHECK_EXP},
    {"", ISS ",\"exp\":true", REASON_JWT_INVALID, CHECK_EXP},
    {"", ISS ",\"exp\":[1795219800]", REASON_JWT_INVALID, CHECK_EXP},
    {"", ISS ",\"exp\":{\"v\":1795219800}", REASON_JWT_INVALID, CHECK_EXP},
    {"", ISS ",\"exp\":1e400", REASON_JWT_INVALID, CHECK_EXP},
    {"", ISS ",\"exp\":9007199254740993", REASON_JWT_INVALID, CHECK_EXP},
    {"", ISS ",\"exp\":9007199254740991", PASS},
    {"", ISS ",\"exp\":18446744073709551615", REASON_JWT_INVALID, CHECK_EXP},
    {"", ISS ",\"exp\":0", REASON_TOKEN_EXPIRED, CHECK_EXP},
    {"", ISS ",\"exp\":-1", REASON_TOKEN_EXPIRED, CHECK_EXP},
    {"clock_skew: 2147483647", ISS ",\"exp\":-9007199254740991", REASON_TOKEN_EXPIRED, CHECK_EXP},
    {"", BASE ",\"nbf\":1795219200", PASS},
    {"", BASE ",\"nbf\":1795219201", REASON_JWT_INVALID, CHECK_NBF},
    {"clock_skew: 60", BASE ",\"nbf\":1795219230", PASS},
    {"clock_skew: 60", BASE ",\"nbf\":1795219260", PASS},
    {"clock_skew: 60", BASE ",\"nbf\":1795219261", REASON_JWT_INVALID, CHECK_NBF},
    {"clock_skew: 9999", ISS ",\"nbf\":1795219201,\"exp\":1795219200", REASON_JWT_INVALID, CHECK_NBF},
    {"clock_skew: 9999", ISS ",\"nbf\":1795219200,\"exp\":1795219200", PASS},
    {"", BASE ",\"nbf\":\"1\"", REASON_JWT_INVALID, CHECK_NBF},
    {"", BASE ",\"nbf\":[1]", REASON_JWT_INVALID, CHECK_NBF},
    {"", BASE ",\"nbf\":null", REASON_JWT_INVALID, CHECK_NBF},
    {"", BASE ",\"nbf\":1", PASS},
    {"", BASE ",\"nbf\":0", PASS},
    {"", BASE ",\"nbf\":-1", PASS},
    {"", BASE ",\"nbf\":9007199254740993", REASON_JWT_INVALID, CHECK_NBF},
    {"", BASE ",\"iat\":9795219800", PASS},
};

static void lifetime_is_judged_to_the_second(void **state)
{
    run(*state, time_cases, COUNT_OF(time_cases));
}

#define AUD(value) BASE ",\"aud\":" value
#define ONE "audiences: [ api ]"
#define NO_AUD REASON_AUDIENCE_NOT_ALLOWED, CHECK_AUDIENCE

static const struct claim_case audience_cases[] = {
    {ONE, AUD("\"api\""), PASS},
    {ONE, AUD("\"\\u0061pi\""), PASS},
    {ONE, AUD("[\"api\"]"), PASS},
    {ONE, AUD("[\"x\",\"api\",\"y\"]"), PASS},
    {"audiences: [ x, api ]", AUD("\"api\""), PASS},
    {"", BASE, PASS},
    {ONE, BASE, NO_AUD},
    {ONE, AUD("\"\""), NO_AUD},
    {ONE, AUD("[]"), NO_AUD},
    {ONE, AUD("\"api/\""), NO_AUD},
    {"audiences: [ api/ ]", AUD("\"api\""), NO_AUD},
    {ONE, AUD("\"Api\""), NO_AUD},
    {ONE, AUD("\"ap\""), NO_AUD},
    {ONE, AUD("\"api2\""), NO_AUD},
    {ONE, AUD("\"api \""), NO_AUD},
    {ONE, AUD("\"api\\u0000x\""), NO_AUD},
    {ONE, AUD("\"x,api\""), NO_AUD},
    {ONE, AUD("\"x api\""), NO_AUD},
    {ONE, AUD("\"*\""), NO_AUD},
    {"audiences: [ \"1\" ]", AUD("1"), NO_AUD},
    {"audiences: [ \"1\" ]", AUD("\"1\""), PASS},
    {"audiences: [ \"true\" ]", AUD("true"), NO_AUD},
    {ONE, AUD("{\"api\":\"api\"}"), NO_AUD},
    {ONE, AUD("[[\"api\"]]"), NO_AUD},
    {ONE, AUD("[null]"), NO_AUD},
    {ONE, AUD("null"), NO_AUD},
    {ONE, AUD("[\"api\",1]"), NO_AUD},
    {ONE, BASE ",\"Aud\":\"api\"", NO_AUD},
};

static void audiences_are_compared_to_the_letter(void **state)
{
    run(*state, audience_cases, COUNT_OF(audience_cases));
}

#define CLAIM(text) "required_claims: [ {" text "} ]"
#define ROLES CLAIM("name: roles, values: [a, b]")
#define ANY CLAIM("name: roles, match: any, values: [a, b]")
#define SCP CLAIM("name: scp, separator: \" \", values: [orders.read]")
#define NOT_FOUND REASON_CLAIM_NOT_FOUND, CHECK_CLAIM
#define NOT_ALLOWED REASON_CLAIM_VALUE_NOT_ALLOWED, CHECK_CLAIM

static const struct claim_case required_cases[] = {
    {ROLES, BASE ",\"roles\":[\"a\",\"b\",\"c\"]", PASS},
    {ROLES, BASE ",\"roles\":[\"a\"]", NOT_ALLOWED},
    {ROLES, BASE ",\"roles\":\"a\"", NOT_ALLOWED},
    {ROLES, BASE ",\"roles\":[]", NOT_ALLOWED},
    {ROLES, BASE, NOT_FOUND},
    {ROLES, BASE ",\"roles\":null", NOT_FOUND},
    {ROLES, BASE ",\"Roles\":[\"a\",\"b\"]", NOT_FOUND},
    {ROLES, BASE ",\"x\":{\"roles\":[\"a\",\"b\"]}", NOT_FOUND},
    {ANY, BASE ",\"roles\":[\"x\",\"b\"]", PASS},
    {ANY, BASE ",\"roles\":\"b\"", PASS},
    {ANY, BASE ",\"roles\":[\"x\",\"c\"]", NOT_ALLOWED},
    {ANY, BASE ",\"roles\":{\"a\":1}", NOT_ALLOWED},
    {ANY, BASE ",\"roles\":[[\"a\"]]", NOT_ALLOWED},
    {ANY, BASE ",\"roles\":\"a b\"", NOT_ALLOWED},
    {SCP, BASE ",\"scp\":\"orders.read\"", PASS},
    {SCP, BASE ",\"scp\":\"x orders.read  y\"", PASS},
    {SCP, BASE ",\"scp\":[\"x orders.read\"]", PASS},
    {SCP, BASE ",\"scp\":\"orders.readonly\"", NOT_ALLOWED},
    {SCP, BASE ",\"scp\":\"x,orders.read\"", NOT_ALLOWED},
    {SCP, BASE ",\"scp\":\"x\\torders.read\"", NOT_ALLOWED},
    {SCP, BASE ",\"scp\":\"\"", NOT_ALLOWED},
    {SCP, BASE ",\"roles\":[\"orders.read\"]", NOT_FOUND},
    {CLAIM("name: s, separator: \", \", match: any, values: [b]"), BASE ",\"s\":\"a, b\"", PASS},
    {CLAIM("name: s, separator: \", \", match: any, values: [b]"), BASE ",\"s\":\"a,b\"", NOT_ALLOWED},
    {CLAIM("name: s, values: [\"\"]"), BASE ",\"s\":\"\"", PASS},
    {CLAIM("name: s, values: [\"\"]"), BASE ",\"s\":\"x\"", NOT_ALLOWED},
    {CLAIM("name: s, separator: \" \", values: [\"\"]"), BASE ",\"s\":\"a  b\"", NOT_ALLOWED},
    {CLAIM("name: s"), BASE ",\"s\":0", PASS},
    {CLAIM("name: s"), BASE ",\"s\":false", PASS},
    {CLAIM("name: s"), BASE ",\"s\":[]", NOT_FOUND},
    {CLAIM("name: s"), BASE ",\"s\":[null]", NOT_FOUND},
    {CLAIM("name: s"), BASE, NOT_FOUND},
    {CLAIM("name: v, values: [\"true\"]"), BASE ",\"v\":true", PASS},
    {CLAIM("name: v, values: [\"true\"]"), BASE ",\"v\":\"true\"", PASS},
    {CLAIM("name: v, values: [\"true\"]"), BASE ",\"v\":\"True\"", NOT_ALLOWED},
    {CLAIM("name: v, values: [\"1\"]"), BASE ",\"v\":1", PASS},
    {CLAIM("name: v, values: [\"1\"]"), BASE ",\"v\":\"1\"", PASS},
    {CLAIM("name: v, values: [\"1\"]"), BASE ",\"v\":1.0", NOT_ALLOWED},
    {CLAIM("name: v, values: [\"1\"]"), BASE ",\"v\":[0,1]", PASS},
    {CLAIM("name: v, values: [\"1\"]"), BASE ",\"v\":\"1 \"", NOT_ALLOWED},
    {CLAIM("name: v, values: [\"1.0\"]"), BASE ",\"v\":1.0", PASS},
    {CLAIM("name: v, values: [\"1.5\"]"), BASE ",\"v\":1.50", PASS},
    {CLAIM("name: v, values: [\"1.50\"]"), BASE ",\"v\":1.50", NOT_ALLOWED},
    {CLAIM("name: v, values: [\"-7\"]"), BASE ",\"v\":-7", PASS},
    {CLAIM("name: v, values: [\"0\"]"), BASE ",\"v\":false", NOT_ALLOWED},
    {CLAIM("name: v, values: [\"false\"]"), BASE ",\"v\":false", PASS},
    {CLAIM("name: v, values: [\"null\"]"), BASE ",\"v\":null", NOT_FOUND},
    {CLAIM("name: v, values: [\"null\"]"), BASE ",\"v\":\"null\"", PASS},
    {CLAIM("name: v, values: [\"12345678901234567890123\"]"), BASE ",\"v\":12345678901234567890123", PASS},
    {CLAIM("name: v, values: [\"12345678901234567890123\"]"), BASE ",\"v\":12345678901234567890124", NOT_ALLOWED},
    {CLAIM("name: v, values: [\"{\\\"a\\\":1}\"]"), BASE ",\"v\":{\"a\":1}", PASS},
    {CLAIM("name: v, values: [\"{\\\"a\\\":1}\"]"), BASE ",\"v\":{\"a\": 1}", NOT_ALLOWED},
    {CLAIM("name: v, values: [\"[1]\"]"), BASE ",\"v\":[[1]]", PASS},
    {CLAIM("name: v, values: [\"[1]\"]"), BASE ",\"v\":[1]", NOT_ALLOWED},
    {CLAIM("name: v, match: any, values: [\"true\", \"2\"]"), BASE ",\"v\":[1,true]", PASS},
    {CLAIM("name: v, values: [\"\u00e5\"]"), BASE ",\"v\":\"\\u00e5\"", PASS},
    {CLAIM("name: v, values: [\"\u00e5\"]"), BASE ",\"v\":\"a\\u030a\"", NOT_ALLOWED},
    /* A list with anything but texts in it is not split, and neither are numbers. */
    {CLAIM("name: v, separator: \" \", values: [a]"), BASE ",\"v\":[\"a b\",\"c\"]", PASS},
    {CLAIM("name: v, separator: \" \", values: [a]"), BASE ",\"v\":[\"a b\",1]", NOT_ALLOWED},
    {CLAIM("name: v, separator: \" \", values: [a]"), BASE ",\"v\":[\"a\",1]", PASS},
    {CLAIM("name: v, separator: \".\", values: [\"5\"]"), BASE ",\"v\":1.5", NOT_ALLOWED},
    {CLAIM("name: v, separator: \".\", values: [\"5\"]"), BASE ",\"v\":\"1.5\"", PASS},
    {CLAIM("name: aud, values: [api]"), AUD("[\"x\",\"api\"]"), PASS},
    {CLAIM("path: realm_access/roles, match: any, values: [a]"), BASE ",\"realm_access\":{\"roles\":[\"b\",\"a\"]}",
     PASS},
    {CLAIM("path: realm_access/roles, match: any, values: [a]"), BASE ",\"realm_access\":{\"roles\":[\"b\"]}",
     NOT_ALLOWED},
    {CLAIM("path: realm_access/roles, match: any, values: [a]"), BASE ",\"realm_access\":[\"a\"]", NOT_FOUND},
    {CLAIM("path: realm_access/roles, match: any, values: [a]"), BASE ",\"realm_access/roles\":[\"a\"]", NOT_FOUND},
    {CLAIM("name: realm_access.roles, values: [a]"), BASE ",\"realm_access\":{\"roles\":[\"a\"]}", NOT_FOUND},
    {CLAIM("name: realm_access.roles, values: [a]"), BASE ",\"realm_access.roles\":\"a\"", PASS},
    {"required_claims: [ { name: a, values: [x] }, { name: b, values: [y] } ]", BASE ",\"a\":\"x\",\"b\":\"y\"", PASS},
    {"required_claims: [ { name: a, values: [x] }, { name: b, values: [y] } ]", BASE ",\"a\":\"x\",\"b\":\"x\"",
     NOT_ALLOWED},
    {"required_claims: [ { name: a, values: [x] }, { name: b, values: [y] } ]", BASE ",\"b\":\"y\"", NOT_FOUND},
};

static void required_claims_hold_all_at_once(void **state)
{
    run(*state, required_cases, COUNT_OF(required_cases));
}

/* `application/` may be left out of typ (RFC 7515 4.1.9). */
static const struct claim_case own_cases[] = {
    {"typ: JWT", BASE, PASS},
    {"typ: jwt", BASE, PASS},
    {"typ: application/jwt", BASE, PASS},
    {"typ: at+jwt", BASE, NOT_ALLOWED},
    {"typ: text/jwt", BASE, NOT_ALLOWED},
    {"typ: Bearer", BASE, NOT_ALLOWED},
    {"typ: Bearer", BASE ",\"typ\":\"Bearer\"", PASS},
    {"typ: Bearer", BASE ",\"typ\":\"ID\"", NOT_ALLOWED},
    {"typ: Bearer", BASE ",\"typ\":\"bearer\"", NOT_ALLOWED},
    {"typ: Bearer", BASE ",\"typ\":[\"Bearer\"]", NOT_ALLOWED},
    {"max_age: 60s", BASE ",\"iat\":1795219140", PASS},
    {"max_age: 60s", BASE ",\"iat\":1795219139", NOT_ALLOWED},
    {"max_age: 60s\nclock_skew: 5", BASE ",\"iat\":1795219135", PASS},
    {"max_age: 60s\nclock_skew: 5", BASE ",\"iat\":1795219134", NOT_ALLOWED},
    {"max_age: 60s\nclock_skew: 5", BASE ",\"iat\":1795219205", PASS},
    {"max_age: 60s\nclock_skew: 5", BASE ",\"iat\":1795219206", NOT_ALLOWED},
    {"max_age: 60s", BASE, NOT_FOUND},
    {"max_age: 60s", BASE ",\"iat\":\"1795219140\"", REASON_JWT_INVALID, CHECK_CLAIM},
};

static void kind_and_age_are_judged_where_asked(void **state)
{
    run(*state, own_cases, COUNT_OF(own_cases));
}

static void the_reason_of_several_failures_is_the_first_in_order(void **state)
{
    struct court *court = *state;
    court_open(court, A "audiences: [ api ]\nrequired_claims: [ { name: a } ]");
    static const struct {
        const char *payload;
        enum check_name check;
        bool only_claims;
    } cases[] = {
        {"{\"nbf\":1795219201,\"exp\":1}", CHECK_NBF, false},
        {"{\"exp\":1}", CHECK_EXP, false},
        {"{" EXP "}", CHECK_AUDIENCE, false},
        {"{" EXP ",\"aud\":\"api\"}", CHECK_ISSUER, false},
        {"{" BASE ",\"aud\":\"api\"}", CHECK_CLAIM, true},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        const struct judgement *judgement = court_claims(court, court->rsa, cases[i].payload);
        assert_int_equal(judgement->failed->name, cases[i].check);
        assert_int_equal(judgement->only_claims_failed, cases[i].only_claims);
        assert_non_null(judgement->claims);
    }
    court_close(court);
}

static void a_failed_typ_is_no_lack_of_scope(void **state)
{
    struct court *court = *state;
    court_open(court, A "typ: at+jwt\nrequired_claims: [ { name: typ, values: [x] } ]");
    assert_false(court_claims(court, court->rsa, "{" BASE "}")->only_claims_failed);
    court_close(court);
}

static const struct {
    const char *claims;
    enum reason reason;
    const char *check; /* of a failure */
} other_cases[] = {
    {",\"appid\":\"x\"", REASON_NONE, NULL},
    {",\"azp\":\"y\"", REASON_NONE, NULL},
    {",\"appid\":\"x\",\"azp\":\"y\"", REASON_NONE, NULL},
    {"", REASON_CLAIM_NOT_FOUND, "claim:appid"},
    {",\"appid\":\"z\"", REASON_CLAIM_VALUE_NOT_ALLOWED, "claim:appid"},
    {",\"azp\":\"z\"", REASON_CLAIM_VALUE_NOT_ALLOWED, "claim:azp"},
    {",\"appid\":\"z\",\"azp\":\"x\"", REASON_CLAIM_VALUE_NOT_ALLOWED, "claim:appid"},
    {",\"appid\":\"x\",\"azp\":\"z\"", REASON_CLAIM_VALUE_NOT_ALLOWED, "claim:azp"},
    {",\"appid\":null,\"azp\":\"x\"", REASON_NONE, NULL},
    {",\"appid\":[],\"azp\":\"x\"", REASON_CLAIM_VALUE_NOT_ALLOWED, "claim:appid"},
};

/* The caller of Entra's tokens is `appid` in version 1 and `azp` in version 2: a token that says both must not have its choice. */
static void a_claim_of_two_names_holds_under_each_that_is_there(void **state)
{
    struct court *court = *state;
    for (size_t i = 0; i < COUNT_OF(other_cases); i++) {
        char payload[256];
        snprintf(payload, sizeof payload, "{" BASE "%s}", other_cases[i].claims);
        court_open(court, A "required_claims: [ { name: appid, match: any, values: [x, y] } ]");
        struct rule_claim claim = court->rule.claims[0];
        claim.other_name = SPAN("azp");
        court->rule.claims = &claim;
        const struct judgement *judgement = court_claims(court, court->rsa, payload);
        assert_reason(judgement, other_cases[i].reason, payload);
        if (other_cases[i].check != NULL)
            assert_string_equal(check_name_text(judgement->failed, &court->arena), other_cases[i].check);
        court_close(court);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_claim_of_two_names_holds_under_each_that_is_there),
        cmocka_unit_test(lifetime_is_judged_to_the_second),
        cmocka_unit_test(audiences_are_compared_to_the_letter),
        cmocka_unit_test(required_claims_hold_all_at_once),
        cmocka_unit_test(kind_and_age_are_judged_where_asked),
        cmocka_unit_test(the_reason_of_several_failures_is_the_first_in_order),
        cmocka_unit_test(a_failed_typ_is_no_lack_of_scope),
    };
    return cmocka_run_group_tests(tests, court_set_up, court_take_down);
}
