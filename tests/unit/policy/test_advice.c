/* SPDX-License-Identifier: Apache-2.0 */
/* Common mistakes: each is named in the advice, and a neighbour that is refused for another reason, or passes, is not told it. */
#include "court.h"

#include "policy/report.h"

#define A "openid_config: [ \"https://a\" ]\n"
#define SOUND "\"iss\":\"" ISS_A "\",\"exp\":1795219800"
#define API A "audiences: [ \"2222\", \"https://api.example\" ]\n"
#define V1 "https://sts.windows.net/" TENANT_1 "/"
#define V2 "https://login.microsoftonline.com/" TENANT_1 "/v2.0"
#define CLAIM(text) A "required_claims: [ " text " ]\n"
#define KEYCLOAK \
    "\"iss\":\"https://kc.example/realms/prod\",\"exp\":1795219800,\"realm_access\":{\"roles\":[\"a\",\"b\"]}"
#define REALM "issuers: [ \"https://kc.example/realms/prod\" ]\n"

/* What a trap is made of, and how its neighbour differs: NULL is the same. */
struct trap {
    const char *advice; /* a part of it that no other has */
    const char *policy, *header, *claims;
    const char *near_policy, *near_header, *near_claims;
};

static struct report_input input_of(struct court *court)
{
    return (struct report_input){.judgement = &court->loud,
                                 .rule = &court->rule,
                                 .at_s = court->now_s,
                                 .arena = &court->arena,
                                 .trusts = court->trusts};
}

static bool is_told(struct court *court, const struct report_input *input, const char *advice)
{
    for (size_t i = 0; i < court->loud.check_count; i++)
        if (strstr(report_advice(input, &court->loud.checks[i]), advice) != NULL)
            return true;
    return false;
}

static void tell(const struct report_input *input)
{
    AUTO(buf) out = {0};
    if (report_text(input, &out))
        print_error("%.*s\n", SPAN_ARG(buf_span(&out)));
}

static void expect(struct court *court, const char *advice, bool is_wanted)
{
    struct report_input input = input_of(court);
    bool is_right = is_told(court, &input, advice) == is_wanted;
    if (!is_right) {
        print_error("\"%s\" is %stold of\n", advice, is_wanted ? "not " : "");
        tell(&input);
    }
    assert_true(is_right);
}

static void judge_once(struct court *court, const char *policy, const char *header, const char *claims)
{
    court_open(court, policy);
    court_hear(court, signer_token(court->rsa, ALG_RS256, header, span_str(claims)));
}

static void walk_into(struct court *court, const struct trap *trap)
{
    judge_once(court, trap->policy, trap->header, trap->claims);
    assert_false(court->loud.has_passed);
    expect(court, trap->advice, true);
    court_close(court);
    judge_once(court, trap->near_policy == NULL ? trap->policy : trap->near_policy,
               trap->near_header == NULL ? trap->header : trap->near_header,
               trap->near_claims == NULL ? trap->claims : trap->near_claims);
    expect(court, trap->advice, false);
    court_close(court);
}

#define WALK(traps)                              \
    for (size_t i = 0; i < COUNT_OF(traps); i++) \
    walk_into(*state, &(traps)[i])

static void names_of_audience_that_differ_little(void **state)
{
    static const struct trap traps[] = {
        {.advice = "one slash",
         .policy = API,
         .claims = "{" SOUND ",\"aud\":\"https://api.example/\"}",
         .near_claims = "{" SOUND ",\"aud\":\"https://api.example//\"}"},
        {.advice = "one slash",
         .policy = API,
         .claims = "{" SOUND ",\"aud\":[\"x\",\"2222/\"]}",
         .near_claims = "{" SOUND ",\"aud\":[\"x\",\"2222/\",\"2222\"]}"},
        {.advice = "api://GUID",
         .policy = API,
         .claims = "{" SOUND ",\"aud\":\"api://2222\"}",
         .near_claims = "{" SOUND ",\"aud\":\"api://3333\"}"},
        {.advice = "api://GUID",
         .policy = A "audiences: [ \"api://2222\" ]",
         .claims = "{" SOUND ",\"aud\":\"2222\"}",
         .near_claims = "{" SOUND ",\"aud\":\"222\"}"},
        {.advice = "letter case",
         .policy = API,
         .claims = "{" SOUND ",\"aud\":\"https://API.example\"}",
         .near_claims = "{" SOUND ",\"aud\":\"https://APIs.example\"}"},
    };
    WALK(traps);
}

static void audiences_that_providers_do_not_write(void **state)
{
    static const struct trap traps[] = {
        {.advice = "Audience mapper",
         .policy = API REALM,
         .claims = "{" KEYCLOAK ",\"aud\":\"account\"}",
         .near_claims = "{" KEYCLOAK ",\"aud\":[\"account\",\"orders\"]}"},
        {.advice = "Audience mapper", .policy = API REALM, .claims = "{" KEYCLOAK "}", .near_claims = "{" SOUND "}"},
        {.advice = "Cognito",
         .policy = API,
         .claims = "{" SOUND ",\"token_use\":\"access\",\"client_id\":\"c\"}",
         .near_claims = "{" SOUND ",\"token_use\":\"access\",\"aud\":\"c\"}"},
        {.advice = "the client itself",
         .policy = API,
         .claims = "{" SOUND ",\"azp\":\"web\",\"aud\":\"web\"}",
         .near_claims = "{" SOUND ",\"azp\":\"web\",\"aud\":\"webs\"}"},
        {.advice = "Microsoft Graph",
         .policy = API,
         .claims = "{" SOUND ",\"aud\":\"00000003-0000-0000-c000-000000000000\"}",
         .near_claims = "{" SOUND ",\"aud\":\"00000002-0000-0000-c000-000000000000\"}"},
    };
    WALK(traps);
}

static void generations_and_spellings_of_issuers(void **state)
{
    static const struct trap traps[] = {
        {.advice = "accessTokenAcceptedVersion",
         .policy = A "issuers: [ \"" V2 "\" ]",
         .claims = "{\"iss\":\"" V1 "\",\"exp\":1795219800}",
         .near_claims = "{\"iss\":\"https://sts.windows.net/" TENANT_2 "/\",\"exp\":1795219800}"},
        {.advice = "document under /v2.0",
         .policy = A "issuers: [ \"" V1 "\" ]",
         .claims = "{\"iss\":\"" V2 "\",\"exp\":1795219800}",
         .near_claims = "{\"iss\":\"https://login.microsoftonline.com/" TENANT_2 "/v2.0\",\"exp\":1795219800}"},
        {.advice = "one slash",
         .policy = A,
         .claims = "{\"iss\":\"https://a.example\",\"exp\":1795219800}",
         .near_claims = "{\"iss\":\"https://a.exampl\",\"exp\":1795219800}"},
        {.advice = "another provider of this policy (https://b), but a key of https://a signed",
         .policy = "openid_config: [ \"https://a\", \"https://b\" ]",
         .claims = "{\"iss\":\"" ISS_B "\",\"exp\":1795219800}",
         .near_claims = "{\"iss\":\"https://c\",\"exp\":1795219800}"},
        {.advice = "letter case",
         .policy = A,
         .claims = "{\"iss\":\"https://A.example/\",\"exp\":1795219800}",
         .near_claims = "{\"iss\":\"https://A.example//\",\"exp\":1795219800}"},
        {.advice = "fixed host name",
         .policy = A REALM,
         .claims = "{\"iss\":\"http://kc:8080/realms/prod\",\"exp\":1795219800}",
         .near_claims = "{\"iss\":\"http://kc:8080/realms/test\",\"exp\":1795219800}"},
        {.advice = "access_token_issuer",
         .policy = A,
         .claims = "{\"iss\":\"http://fs.example/adfs/services/trust\",\"exp\":1795219800}",
         .near_claims = "{\"iss\":\"http://fs.example/adfs\",\"exp\":1795219800}"},
    };
    WALK(traps);
}

static void tokens_of_another_kind(void **state)
{
    static const struct trap traps[] = {
        {.advice = "refresh token",
         .policy = API,
         .claims = "{" SOUND ",\"typ\":\"Refresh\",\"aud\":\"x\"}",
         .near_claims = "{" SOUND ",\"typ\":\"Bearer\",\"aud\":\"x\"}"},
        {.advice = "refresh token",
         .policy = A "typ: Bearer",
         .claims = "{" SOUND ",\"typ\":\"Offline\"}",
         .near_claims = "{" SOUND ",\"typ\":\"Online\"}"},
        {.advice = "an ID token",
         .policy = API,
         .claims = "{" SOUND ",\"typ\":\"ID\",\"aud\":\"web\"}",
         .near_claims = "{" SOUND ",\"typ\":\"ID\",\"aud\":\"2222\"}"},
        {.advice = "looks like an ID token",
         .policy = API,
         .claims = "{" SOUND ",\"at_hash\":\"x\",\"aud\":\"web\"}",
         .near_claims = "{" SOUND ",\"hash\":\"x\",\"aud\":\"web\"}"},
        {.advice = "looks like an ID token",
         .policy = CLAIM("{ name: scp }"),
         .claims = "{" SOUND ",\"nonce\":\"x\",\"aud\":\"web\"}",
         .near_claims = "{" SOUND ",\"nonce\":\"x\",\"aud\":\"web\",\"roles\":[\"a\"]}"},
        {.advice = "looks like an ID token",
         .policy = API,
         .claims = "{" SOUND ",\"token_use\":\"id\",\"aud\":\"web\"}",
         .near_claims = "{" SOUND ",\"token_use\":\"access\",\"aud\":\"web\"}"},
        {.advice = "logout token",
         .policy = A "typ: Bearer",
         .claims = "{" SOUND ",\"typ\":\"Logout\"}",
         .near_claims = "{" SOUND ",\"typ\":\"Login\"}"},
    };
    WALK(traps);
}

static void scopes_and_roles(void **state)
{
    static const struct trap traps[] = {
        {.advice = "token of an application itself",
         .policy = CLAIM("{ name: scp, values: [ Read ] }"),
         .claims = "{" SOUND ",\"roles\":[\"Read\"]}",
         .near_claims = "{" SOUND ",\"scp\":\"Write\",\"roles\":[\"Read\"]}"},
        {.advice = "token of a signed-in user",
         .policy = CLAIM("{ name: roles, values: [ Read ] }"),
         .claims = "{" SOUND ",\"scp\":\"Read\"}",
         .near_claims = "{" SOUND ",\"roles\":[\"Write\"],\"scp\":\"Read\"}"},
        {.advice = "into the claim scope,",
         .policy = CLAIM("{ name: scp, values: [ Read ] }"),
         .claims = "{" SOUND ",\"scope\":\"Read\"}",
         .near_claims = "{" SOUND ",\"scopes\":\"Read\"}"},
        {.advice = "into the claim scp:",
         .policy = CLAIM("{ name: scope, values: [ Read ] }"),
         .claims = "{" SOUND ",\"scp\":\"Read\"}",
         .near_claims = "{" SOUND ",\"scopes\":\"Read\"}"},
        {.advice = "separator=\" \"",
         .policy = CLAIM("{ name: scp, values: [ Read ] }"),
         .claims = "{" SOUND ",\"scp\":\"Read Write\"}",
         .near_policy = CLAIM("{ name: scp, separator: \" \", values: [ Reed ] }")},
        {.advice = "it wants separator=\",\"",
         .policy = CLAIM("{ name: scp, separator: \" \", values: [ Read ] }"),
         .claims = "{" SOUND ",\"scp\":\"Read,Write\"}",
         .near_claims = "{" SOUND ",\"scp\":\"Reads,Write\"}"},
        {.advice = "have the client ask for the scope",
         .policy = CLAIM("{ name: scope, separator: \" \", values: [ Read ] }"),
         .claims = "{" SOUND ",\"scope\":\"openid Write\"}",
         .near_policy = CLAIM("{ name: azp, values: [ web ] }"),
         .near_claims = "{" SOUND ",\"azp\":\"app\"}"},
        {.advice = "match=\"any\"",
         .policy = CLAIM("{ name: azp, values: [ web, app ] }"),
         .claims = "{" SOUND ",\"azp\":\"web\"}",
         .near_claims = "{" SOUND ",\"azp\":\"other\"}"},
        {.advice = "match=\"any\"",
         .policy = CLAIM("{ name: azp, values: [ web, app ] }"),
         .claims = "{" SOUND ",\"azp\":\"web\"}",
         .near_policy = CLAIM("{ name: azp, match: any, values: [ app, api ] }")},
    };
    WALK(traps);
}

static void names_and_values_of_claims(void **state)
{
    static const struct trap traps[] = {
        {.advice = "a claim Groups",
         .policy = CLAIM("{ name: groups, values: [ a ] }"),
         .claims = "{" SOUND ",\"x\":{\"y\":[1]},\"Groups\":[\"a\"]}",
         .near_claims = "{" SOUND ",\"x\":\"Groups\"}"},
        {.advice = "client ids too",
         .policy = CLAIM("{ name: azp, values: [ NC_FlowClient ] }"),
         .claims = "{" SOUND ",\"azp\":\"NC_FLOWCLIENT\"}",
         .near_claims = "{" SOUND ",\"azp\":\"NC_FLOWCLIENTS\"}"},
        {.advice = "client ids too",
         .policy = CLAIM("{ name: scp, separator: \" \", values: [ Read ] }"),
         .claims = "{" SOUND ",\"scp\":\"x read\"}",
         .near_claims = "{" SOUND ",\"scp\":\"x reads\"}"},
        {.advice = "write path realm_access/roles",
         .policy = CLAIM("{ name: realm_access.roles, values: [ a ] }") REALM,
         .claims = "{" KEYCLOAK "}",
         .near_claims = "{" SOUND "}"},
        {.advice = "keeps roles in realm_access",
         .policy = CLAIM("{ name: roles, values: [ a ] }") REALM,
         .claims = "{" KEYCLOAK "}",
         .near_claims = "{" SOUND "}"},
        {.advice = "in resource_access/orders/roles: demand that path",
         .policy = CLAIM("{ name: roles, values: [ c ] }") REALM,
         .claims = "{" KEYCLOAK
                   ",\"resource_access\":{\"x\":1,\"account\":{\"roles\":[\"v\"]},\"orders\":{\"roles\":[\"c\"]}}}",
         .near_claims = "{" KEYCLOAK ",\"resource_access\":{\"orders\":{\"roles\":[\"d\"]}}}"},
        {.advice = "client a name without a slash",
         .policy = CLAIM("{ name: roles }"),
         .claims = "{" SOUND ",\"resource_access\":{\"https://orders\":{\"roles\":[\"c\"]}}}",
         .near_claims = "{" SOUND ",\"resource_access\":{\"orders\":{\"roles\":[\"c\"]}}}"},
        {.advice = "microprofile-jwt",
         .policy = CLAIM("{ name: upn }") REALM,
         .claims = "{" KEYCLOAK "}",
         .near_claims = "{" SOUND "}"},
        {.advice = "too many groups",
         .policy = CLAIM("{ name: groups, values: [ a ] }"),
         .claims = "{" SOUND ",\"_claim_names\":{\"groups\":\"src1\"}}",
         .near_claims = "{" SOUND ",\"_claim_names\":{\"roles\":\"src1\"}}"},
        {.advice = "is an object",
         .policy = CLAIM("{ name: realm_access, values: [ a ] }") REALM,
         .claims = "{" KEYCLOAK "}",
         .near_claims = "{" SOUND ",\"realm_access\":\"b\"}"},
        {.advice = "names the client in appid",
         .policy = CLAIM("{ name: azp, values: [ web ] }"),
         .claims = "{" SOUND ",\"appid\":\"web\"}",
         .near_claims = "{" SOUND ",\"app\":\"web\"}"},
        {.advice = "names the client in azp;",
         .policy = CLAIM("{ name: appid, values: [ web ] }"),
         .claims = "{" SOUND ",\"azp\":\"web\"}",
         .near_claims = "{" SOUND ",\"client_id\":\"web\"}"},
    };
    WALK(traps);
}

/* The time is 1795219200. */
static void clocks_that_differ(void **state)
{
    static const struct trap traps[] = {
        {.advice = "clock is ahead",
         .policy = A,
         .claims = "{\"iss\":\"" ISS_A "\",\"nbf\":1795219500,\"exp\":1795219800}",
         .near_claims = "{\"iss\":\"" ISS_A "\",\"nbf\":1795219501,\"exp\":1795219800}"},
        {.advice = "clock-skew to 5 or more",
         .policy = A,
         .claims = "{\"iss\":\"" ISS_A "\",\"nbf\":1795219205,\"exp\":1795219800}",
         .near_policy = A "clock_skew: 5"},
        {.advice = "expired only 5 min ago",
         .policy = A,
         .claims = "{\"iss\":\"" ISS_A "\",\"exp\":1795218900}",
         .near_claims = "{\"iss\":\"" ISS_A "\",\"exp\":1795218899}"},
        {.advice = "fetch a fresh token",
         .policy = A "max_age: 60s",
         .claims = "{" SOUND ",\"iat\":1795215600}",
         .near_policy = CLAIM("{ name: azp, values: [ web ] }"),
         .near_claims = "{" SOUND ",\"azp\":\"app\"}"},
        {.advice = "milliseconds",
         .policy = A,
         .claims = "{\"iss\":\"" ISS_A "\",\"nbf\":1795219200000,\"exp\":1795219800000}",
         .near_claims = "{\"iss\":\"" ISS_A "\",\"nbf\":17952192000,\"exp\":1795219800000}"},
        {.advice = "exp is a text; it has to be a number",
         .policy = A,
         .claims = "{\"iss\":\"" ISS_A "\",\"exp\":\"1795219800\"}",
         .near_claims = "{\"iss\":\"" ISS_A "\",\"exp\":true}"},
        {.advice = "nbf is no number",
         .policy = A,
         .claims = "{" SOUND ",\"nbf\":[1795219100]}",
         .near_claims = "{" SOUND ",\"nbf\":\"1795219100\"}"},
        {.advice = "iat is a text",
         .policy = A "max_age: 60s",
         .claims = "{" SOUND ",\"iat\":\"1795219200\"}",
         .near_claims = "{" SOUND ",\"iat\":1795219100}"},
        {.advice = "ends before it begins",
         .policy = A,
         .claims = "{\"iss\":\"" ISS_A "\",\"nbf\":1795219100,\"exp\":1795219099}",
         .near_claims = "{\"iss\":\"" ISS_A "\",\"nbf\":1795219100,\"exp\":1795219100}"},
        {.advice = "not valid yet",
         .policy = A,
         .claims = "{\"iss\":\"" ISS_A "\",\"nbf\":1795222800,\"exp\":1795229800}",
         .near_claims = "{\"iss\":\"" ISS_A "\",\"nbf\":1795219200,\"exp\":1795219800}"},
        {.advice = "has no exp",
         .policy = A,
         .claims = "{\"iss\":\"" ISS_A "\"}",
         .near_policy = A "require_expiration_time: false"},
        {.advice = "clock is ahead",
         .policy = A "max_age: 60s",
         .claims = "{\"iss\":\"" ISS_A "\",\"iat\":1795219230,\"exp\":1795219800}",
         .near_claims = "{\"iss\":\"" ISS_A "\",\"iat\":1795219130,\"exp\":1795219800}"},
    };
    WALK(traps);
}

/* Where the provider's clock was looked at, it is told for what it is, unless it is wrong the other way. */
static void a_clock_that_is_known_is_named(void **state)
{
    struct court *court = *state;
    judge_once(court, A, NULL, "{\"iss\":\"" ISS_A "\",\"nbf\":1795219210,\"exp\":1795219800}");
    struct report_input input = input_of(court);
    input.clock_ahead_s = 12;
    assert_true(is_told(court, &input, "the provider's clock is 12 s ahead of this one"));
    input.clock_ahead_s = -12;
    assert_false(is_told(court, &input, "12 s"));
    court_close(court);
    judge_once(court, A, NULL, "{\"iss\":\"" ISS_A "\",\"exp\":1795219190}");
    input = input_of(court);
    input.clock_ahead_s = -12;
    assert_true(is_told(court, &input, "the provider's clock is 12 s behind this one"));
    court_close(court);
}

static void tokens_nobody_here_can_verify(void **state)
{
    struct court *court = *state;
    court_open(court, API);
    court_hear(court, signer_token(court->stranger, ALG_RS256, "{\"alg\":\"RS256\",\"kid\":\"r1\",\"nonce\":\"x\"}",
                                   SPAN("{" SOUND "}")));
    expect(court, "Microsoft Graph", true);
    court_claims(court, court->stranger, "{" SOUND "}");
    expect(court, "Microsoft Graph", false);
    court_claims(court, court->secret, "{" SOUND "}");
    expect(court, "shared secret", true);
    court_claims(court, court->consumer, "{" SOUND "}");
    expect(court, "shared secret", false);
    expect(court, "whose keys this policy does not look at", false);
    court_claims(court, court->consumer, "{\"iss\":\"https://c.example\",\"exp\":1795219800}");
    expect(court, "https://c.example, whose keys this policy does not look at", true);
    court_close(court);
}

static void keys_that_are_there_but_do_not_serve(void **state)
{
    struct court *court = *state;
    char *enc = signer_jwk(court->rsa, "\"use\":\"enc\"");
    char *other = signer_jwk(court->tenant, "\"alg\":\"RS512\"");
    AUTO(buf) keys = {0};
    buf_printf(&keys, "%s,%s%c", enc, other, '\0');
    const struct court_document document = {"https://d", ISS_A, keys.at};
    court->document = &document;
    court_open(court, "openid_config: [ \"https://d\" ]");
    court_claims(court, court->rsa, "{" SOUND "}");
    expect(court, "may not be used here: use is enc", true);
    court_hear(court, signer_token(court->tenant, ALG_RS256, NULL, SPAN("{" SOUND "}")));
    expect(court, "serves RS512, the token says RS256", true);
    expect(court, "may not be used here", false);
    court_hear(court, signer_token(court->tenant, ALG_RS512, NULL, SPAN("{" SOUND "}")));
    assert_true(court->loud.has_passed);
    court_claims(court, court->consumer, "{" SOUND "}");
    expect(court, "may not be used here", false);
    expect(court, "the token says", false);
    court_close(court);
    court->document = NULL;
    free(enc);
    free(other);
}

/* A certificate's key verifies past its end, but a signature by another key then has a likely cause. */
static void certificates_that_ended(void **state)
{
    struct court *court = *state;
    court_open(court, "issuer_signing_keys: [ { id: h1, base64: \"{{SECRET}}\" } ]");
    struct key *key = court->rule.inline_keys->keys[0];
    court_hear(court, signer_token(court->stranger, ALG_RS256, NULL, SPAN("{" SOUND "}")));
    expect(court, "certificate of the policy's key", false);
    key->not_after_s = NOW_S;
    expect(court, "certificate of the policy's key h1 ended on 2026-11-21T00:00:00Z", true);
    key->not_after_s = NOW_S + 1;
    expect(court, "certificate of the policy's key", false);
    key->not_after_s = 0;
    court_close(court);
}

static void tokens_that_cannot_be_read(void **state)
{
    static const struct {
        const char *policy, *credential, *advice;
        const char *near;
    } cases[] = {
        {A "header_name: X-Token", "Bearer a.b.c", "without `Bearer `", "a.b.c"},
        {A, "Bearer a.b.c.d.e", "under decryption-keys", "Bearer a.b.c.d.e.f"},
        {A, "Bearer 4xIDdzJsn7pTdTzpEzNBcT", "opaque token", "Bearer a.b"},
    };
    struct court *court = *state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        court_open(court, cases[i].policy);
        court_judge(court, span_str(cases[i].credential));
        expect(court, cases[i].advice, true);
        court_judge(court, span_str(cases[i].near));
        expect(court, cases[i].advice, false);
        court_close(court);
    }
}

static void algorithms_that_are_left_out(void **state)
{
    struct court *court = *state;
    court_open(court, A);
    court_hear(court, signer_join(SPAN("{\"alg\":\"none\"}"), SPAN("{" SOUND "}"), SPAN("")));
    expect(court, "alg none", true);
    court->rule.algs = alg_set_of(ALG_ES256);
    court_claims(court, court->rsa, "{" SOUND "}");
    expect(court, "alg none", false);
    expect(court, "leave this one out", true);
    court->rule.algs = alg_set_of(ALG_RS256);
    court_claims(court, court->rsa, "{" SOUND "}");
    expect(court, "leave this one out", false);
    court_close(court);
}

static void an_issuer_that_was_assumed_is_owned_up_to(void **state)
{
    struct court *court = *state;
    judge_once(court, A, NULL, "{\"iss\":\"https://c.example\",\"exp\":1795219800}");
    struct report_input input = input_of(court);
    assert_false(is_told(court, &input, "--issuer"));
    input.is_issuer_assumed = true;
    assert_true(is_told(court, &input, "--issuer"));
    court_close(court);
}

/* What the policy lists was not assumed: there the letters count as they stand. */
static void a_slash_that_was_assumed_away_is_owned_up_to(void **state)
{
    struct court *court = *state;
    const char *advice = "with the slash at its end: --issuer 'https://b.example/' settles it";
    const char *claims = "{\"iss\":\"https://b.example/\",\"exp\":1795219800}";
    court_open(court, "openid_config: [ \"https://b\" ]");
    court_claims(court, court->ec, claims);
    struct report_input input = input_of(court);
    assert_false(is_told(court, &input, "--issuer"));
    input.is_issuer_assumed = true;
    assert_true(is_told(court, &input, advice));
    court_close(court);
    court_open(court, "openid_config: [ \"https://b\" ]\nissuers: [ \"https://b.example\" ]");
    court_claims(court, court->ec, claims);
    input = input_of(court);
    input.is_issuer_assumed = true;
    assert_false(is_told(court, &input, advice));
    assert_true(is_told(court, &input, "one slash"));
    court_close(court);
}

/* What was copied with the token, or in its place, is told of by what was pasted. */
static void what_came_along_with_a_token_is_told(void **state)
{
    static const struct {
        const char *pasted, *advice;
    } cases[] = {
        {"eyJh.eyJi.Zm\nZm", "wrapped over several lines: remove the line breaks"},
        {"eyJh.eyJi\r\n.ZmZm", "remove the line breaks"},
        {"\"eyJh.eyJi.ZmZm\"", "quotes stand around"},
        {"'eyJh.eyJi.ZmZm'", "quotes stand around"},
        {"eyJh.eyJi.ZmZm\neyJh.eyJi.ZmZm", "several tokens"},
        {"eyJh.eyJi.ZmZm eyJh.eyJi.ZmZm", "several tokens"},
        {"{\"access_token\":\"eyJh.eyJi.ZmZm\"}", "access_token alone"},
        {"\xef\xbb\xbf"
         "eyJh.eyJi.ZmZm",
         "byte order mark"},
        {"eyJh.eyJi.ZmZm", NULL},
    };
    struct court *court = *state;
    court_open(court, A);
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        court_judge(court, span_str(arena_printf(&court->arena, "Bearer %s", cases[i].pasted)));
        struct report_input input = input_of(court);
        input.pasted = span_str(cases[i].pasted);
        for (size_t k = 0; k < COUNT_OF(cases); k++)
            if (cases[k].advice != NULL && is_told(court, &input, cases[k].advice))
                assert_true(cases[i].advice != NULL &&
                            strstr(report_advice(&input, court->loud.failed), cases[i].advice));
        assert_true(cases[i].advice == NULL || is_told(court, &input, cases[i].advice));
    }
    court_close(court);
}

/* Without the trusts less is known, and less is said; a check that passed has no advice. */
static void what_is_not_known_is_not_said(void **state)
{
    struct court *court = *state;
    judge_once(court, A, NULL, "{\"iss\":\"https://a.example\",\"exp\":1795219800}");
    struct report_input input = input_of(court);
    input.trusts = NULL;
    assert_false(is_told(court, &input, "one slash"));
    assert_string_equal(report_advice(&input, court->loud.failed), reason_info(REASON_ISSUER_NOT_ALLOWED)->advice);
    assert_string_equal(report_advice(&input, &court->loud.checks[0]), "");
    court_close(court);
    court_open(court, "openid_config: [ \"https://down\" ]");
    court_claims(court, court->rsa, "{" SOUND ",\"typ\":\"Refresh\"}");
    expect(court, "refresh token", false);
    court_close(court);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_of_audience_that_differ_little),
        cmocka_unit_test(audiences_that_providers_do_not_write),
        cmocka_unit_test(generations_and_spellings_of_issuers),
        cmocka_unit_test(tokens_of_another_kind),
        cmocka_unit_test(scopes_and_roles),
        cmocka_unit_test(names_and_values_of_claims),
        cmocka_unit_test(clocks_that_differ),
        cmocka_unit_test(a_clock_that_is_known_is_named),
        cmocka_unit_test(tokens_nobody_here_can_verify),
        cmocka_unit_test(keys_that_are_there_but_do_not_serve),
        cmocka_unit_test(certificates_that_ended),
        cmocka_unit_test(tokens_that_cannot_be_read),
        cmocka_unit_test(algorithms_that_are_left_out),
        cmocka_unit_test(an_issuer_that_was_assumed_is_owned_up_to),
        cmocka_unit_test(a_slash_that_was_assumed_away_is_owned_up_to),
        cmocka_unit_test(what_came_along_with_a_token_is_told),
        cmocka_unit_test(what_is_not_known_is_not_said),
    };
    return cmocka_run_group_tests(tests, court_set_up, court_take_down);
}
