/* SPDX-License-Identifier: Apache-2.0 */
/* What the usual providers put into their tokens, and the policies that people write for them.
 *
 * Method: tokens in each provider's layout, soundly signed; each that passes stands beside one that differs in one claim, or
 * beside the policy that differs in one line.
 */
#include "court.h"

#include "base/buf.h"

#define URL "https://provider"
#define EXP ",\"exp\":1795219800"

struct provider_case {
    const char *name;   /* the fact */
    const char *issuer; /* that the document publishes */
    const char *policy; /* behind the provider */
    const char *header; /* NULL: {"alg":"RS256","typ":"JWT","kid":"r1"} */
    const char *claims;
    enum reason reason;
    enum check_name check;
};

static void run(struct court *court, const struct provider_case *cases, size_t count)
{
    char *jwk = signer_jwk(court->rsa, "\"use\":\"sig\"");
    for (size_t i = 0; i < count; i++) {
        const struct provider_case *c = &cases[i];
        const struct court_document document = {URL, c->issuer, jwk};
        char policy[1024], claims[2048];
        snprintf(policy, sizeof policy, "openid_config: [ \"" URL "\" ]\n%s", c->policy);
        snprintf(claims, sizeof claims, "{%s" EXP "}", c->claims);
        court->document = &document;
        court_open(court, policy);
        const struct judgement *judgement =
            court_hear(court, signer_token(court->rsa, ALG_RS256, c->header, span_str(claims)));
        assert_reason(judgement, c->reason, c->name);
        if (c->reason != REASON_NONE)
            assert_int_equal(judgement->failed->name, c->check);
        court_close(court);
        court->document = NULL;
    }
    free(jwk);
}

#define PASS REASON_NONE, CHECK_TOKEN
#define NOT_FOUND REASON_CLAIM_NOT_FOUND, CHECK_CLAIM
#define NOT_ALLOWED REASON_CLAIM_VALUE_NOT_ALLOWED, CHECK_CLAIM
#define NO_AUD REASON_AUDIENCE_NOT_ALLOWED, CHECK_AUDIENCE
#define NO_ISS REASON_ISSUER_NOT_ALLOWED, CHECK_ISSUER

#define CLAIM(text) "required_claims: [ {" text "} ]"

/* ---- Microsoft Entra ID ---- */

#define V1 "https://sts.windows.net/" TENANT_1 "/"
#define V2 "https://login.microsoftonline.com/" TENANT_1 "/v2.0"
#define APP "99999999-8888-7777-6666-555555555555"
#define V2_CLAIMS "\"iss\":\"" V2 "\",\"tid\":\"" TENANT_1 "\",\"ver\":\"2.0\",\"aud\":\"" APP "\""
#define V1_CLAIMS "\"iss\":\"" V1 "\",\"tid\":\"" TENANT_1 "\",\"ver\":\"1.0\",\"aud\":\"api://" APP "\""
#define AUD "audiences: [ \"" APP "\" ]\n"
#define SCP CLAIM("name: scp, match: any, separator: \" \", values: [Orders.Read, Orders.All]")
#define GROUPS(match) CLAIM("name: groups, match: " match ", values: [g1, g2]")

static const struct provider_case entra_cases[] = {
    {"a v2 token has the GUID for its audience", V2, AUD, NULL, V2_CLAIMS, PASS},
    {"a v1 token often has the URI", V1, AUD, NULL, V1_CLAIMS, NO_AUD},
    {"which is listed as it is", V1, "audiences: [ \"api://" APP "\" ]", NULL, V1_CLAIMS, PASS},
    {"a slash behind it is another audience", V1, "audiences: [ \"api://" APP "/\" ]", NULL, V1_CLAIMS, NO_AUD},
    {"a v1 token against a v2 document", V2, "", NULL, V1_CLAIMS, NO_ISS},
    {"a v1 token whose issuer is listed", V2, "issuers: [ \"" V1 "\" ]", NULL, V1_CLAIMS, PASS},
    {"a v2 token against a v1 document", V1, "", NULL, V2_CLAIMS, NO_ISS},
    {"a v1 header names its key twice", V1, "", "{\"typ\":\"JWT\",\"alg\":\"RS256\",\"x5t\":\"r1\",\"kid\":\"r1\"}",
     V1_CLAIMS, PASS},
    {"ver is a text", V2, CLAIM("name: ver, values: [\"2.0\"]"), NULL, V2_CLAIMS, PASS},
    {"ver of the other generation", V1, CLAIM("name: ver, values: [\"2.0\"]"), NULL, V1_CLAIMS, NOT_ALLOWED},
    {"scp holds all scopes in one text", V2, AUD SCP, NULL, V2_CLAIMS ",\"scp\":\"User.Read Orders.Read\"", PASS},
    {"a scope is a whole word", V2, AUD SCP, NULL, V2_CLAIMS ",\"scp\":\"Orders.ReadWrite\"", NOT_ALLOWED},
    {"an app-only token has no scp", V2, AUD SCP, NULL, V2_CLAIMS ",\"roles\":[\"Orders.Read\"]", NOT_FOUND},
    {"but roles, if any were granted", V2, AUD CLAIM("name: roles, values: [Orders.Read]"), NULL,
     V2_CLAIMS ",\"roles\":[\"Orders.Read\"]", PASS},
    {"and none if none were", V2, AUD CLAIM("name: roles, values: [Orders.Read]"), NULL,
     V2_CLAIMS ",\"sub\":\"s\",\"oid\":\"s\"", NOT_FOUND},
    {"which the audience alone does not keep out", V2, AUD, NULL, V2_CLAIMS ",\"sub\":\"s\",\"oid\":\"s\"", PASS},
    {"idtyp tells apps where it is switched on", V2, CLAIM("name: idtyp, values: [app]"), NULL,
     V2_CLAIMS ",\"idtyp\":\"app\"", PASS},
    {"and is absent elsewhere", V2, CLAIM("name: idtyp, values: [app]"), NULL, V2_CLAIMS, NOT_FOUND},
    {"groups, any", V2, GROUPS("any"), NULL, V2_CLAIMS ",\"groups\":[\"g0\",\"g2\"]", PASS},
    {"groups, all", V2, GROUPS("all"), NULL, V2_CLAIMS ",\"groups\":[\"g0\",\"g2\"]", NOT_ALLOWED},
    {"groups, all there", V2, GROUPS("all"), NULL, V2_CLAIMS ",\"groups\":[\"g2\",\"g0\",\"g1\"]", PASS},
    {"one group is a list of one", V2, GROUPS("any"), NULL, V2_CLAIMS ",\"groups\":[\"g1\"]", PASS},
    {"past 200 groups a token only says where they are", V2, GROUPS("any"), NULL,
     V2_CLAIMS ",\"_claim_names\":{\"groups\":\"src1\"},\"_claim_sources\":{\"src1\":{\"endpoint\":\"https://g\"}}",
     NOT_FOUND},
    {"a client by azp in v2", V2, CLAIM("name: azp, values: [c]"), NULL, V2_CLAIMS ",\"azp\":\"c\",\"azpacr\":\"1\"",
     PASS},
    {"a client by appid in v1", V1, CLAIM("name: azp, values: [c]"), NULL, V1_CLAIMS ",\"appid\":\"c\"", NOT_FOUND},
    {"how it proved itself is a digit as a text", V2, CLAIM("name: azpacr, values: [\"2\"]"), NULL,
     V2_CLAIMS ",\"azpacr\":\"2\"", PASS},
    {"another proof", V2, CLAIM("name: azpacr, values: [\"2\"]"), NULL, V2_CLAIMS ",\"azpacr\":\"0\"", NOT_ALLOWED},
    {"a token with a further claim of another shape", V2, AUD, NULL,
     V2_CLAIMS ",\"xms_cc\":[\"CP1\"],\"aio\":\"a\",\"rh\":\"0.\"", PASS},
};

static void tokens_of_entra_are_judged_as_they_are(void **state)
{
    run(*state, entra_cases, COUNT_OF(entra_cases));
}

/* 200 groups of a GUID each are legitimate and fit below the default of limits.token. */
static void a_token_with_200_groups_passes(void **state)
{
    struct court *court = *state;
    AUTO(buf) claims = {0};
    court_open(court, "openid_config: [ \"https://a\" ]\n" CLAIM("name: groups, values: [" TENANT_2 "]"));
    buf_add_str(&claims, "{\"iss\":\"" ISS_A "\"" EXP ",\"groups\":[");
    for (int i = 0; i < 199; i++)
        buf_add_str(&claims, "\"" TENANT_1 "\",");
    buf_add_str(&claims, "\"" TENANT_2 "\"]}");
    char *token = signer_token(court->rsa, ALG_RS256, NULL, buf_span(&claims));
    assert_in_range(strlen(token), 10000, 16384);
    char *credential = malloc(strlen(token) + sizeof "Bearer ");
    sprintf(credential, "Bearer %s", token);
    assert_reason(court_judge(court, span_str(credential)), REASON_NONE, "200 groups");
    free(credential);
    free(token);
    court_close(court);
}

/* ---- Keycloak, and IFS Cloud, which is one ---- */

#define KC "https://kc.example/auth/realms/demo"
#define KC_CLAIMS \
    "\"iss\":\"" KC "\",\"typ\":\"Bearer\",\"azp\":\"NC_FlowClientCred\",\"scope\":\"openid microprofile-jwt\""
#define KC_KIND(text) "\"iss\":\"" KC "\",\"typ\":\"" text "\""
#define BEARER "typ: Bearer\n"
#define AZP CLAIM("name: azp, values: [NC_FlowClientCred]")

static const struct provider_case keycloak_cases[] = {
    {"an access token says Bearer in its payload", KC, BEARER, NULL, KC_CLAIMS, PASS},
    {"an ID token of the same keys and issuer", KC, BEARER, NULL, KC_KIND("ID"), NOT_ALLOWED},
    {"a refresh token", KC, BEARER, NULL, KC_KIND("Refresh"), NOT_ALLOWED},
    {"an offline token", KC, BEARER, NULL, KC_KIND("Offline"), NOT_ALLOWED},
    {"a logout token", KC, BEARER, "{\"alg\":\"RS256\",\"typ\":\"logout+jwt\",\"kid\":\"r1\"}", KC_KIND("Logout"),
     NOT_ALLOWED},
    {"the header's JWT tells none of them apart", KC, "typ: JWT\n", NULL, KC_KIND("ID"), PASS},
    {"a token without typ", KC, BEARER, "{\"alg\":\"RS256\",\"kid\":\"r1\"}", "\"iss\":\"" KC "\"", NOT_FOUND},
    {"newer versions can be told to say at+jwt", KC, "typ: at+jwt\n",
     "{\"alg\":\"RS256\",\"typ\":\"at+jwt\",\"kid\":\"r1\"}", KC_CLAIMS, PASS},
    {"a token without roles has no aud", KC, "audiences: [account]", NULL, KC_CLAIMS, NO_AUD},
    {"and passes where none is asked for", KC, AZP, NULL, KC_CLAIMS, PASS},
    {"one client with roles: a text", KC, "audiences: [account]", NULL, KC_CLAIMS ",\"aud\":\"account\"", PASS},
    {"several: a list", KC, "audiences: [account]", NULL, KC_CLAIMS ",\"aud\":[\"realm-management\",\"account\"]",
     PASS},
    {"the client that asked is not among them", KC, "audiences: [NC_FlowClientCred]", NULL,
     KC_CLAIMS ",\"aud\":\"account\"", NO_AUD},
    {"it is azp", KC, AZP, NULL, KC_CLAIMS ",\"aud\":\"account\"", PASS},
    {"letter case of a client id counts", KC, CLAIM("name: azp, values: [NC_FLOWCLIENTCRED]"), NULL, KC_CLAIMS,
     NOT_ALLOWED},
    {"the user of a service account", KC,
     CLAIM("name: preferred_username, values: [service-account-nc_flowclientcred]"), NULL,
     KC_CLAIMS ",\"preferred_username\":\"service-account-nc_flowclientcred\",\"client_id\":\"NC_FlowClientCred\"",
     PASS},
    {"a slash behind the realm is another issuer", KC "/", "", NULL, KC_CLAIMS, NO_ISS},
    {"a realm known by an inner name too", KC, "issuers: [ \"http://keycloak:8080/auth/realms/demo\" ]", NULL,
     "\"iss\":\"http://keycloak:8080/auth/realms/demo\"", PASS},
    {"which is refused until it is listed", KC, "", NULL, "\"iss\":\"http://keycloak:8080/auth/realms/demo\"", NO_ISS},
    {"nbf and auth_time of 0 mean nothing", KC, "", NULL, KC_CLAIMS ",\"nbf\":0,\"auth_time\":0", PASS},
    {"an nbf ahead does", KC, "", NULL, KC_CLAIMS ",\"nbf\":1795219201", REASON_JWT_INVALID, CHECK_NBF},
    {"realm roles by path", KC, CLAIM("path: realm_access/roles, match: any, values: [reader]"), NULL,
     KC_CLAIMS ",\"realm_access\":{\"roles\":[\"offline_access\",\"reader\"]}", PASS},
    {"are no claim of the top", KC, CLAIM("name: roles, match: any, values: [reader]"), NULL,
     KC_CLAIMS ",\"realm_access\":{\"roles\":[\"reader\"]}", NOT_FOUND},
    {"a client's roles by path, whatever its name", KC, CLAIM("path: resource_access/my.app-1/roles, values: [admin]"),
     NULL, KC_CLAIMS ",\"resource_access\":{\"account\":{\"roles\":[\"view\"]},\"my.app-1\":{\"roles\":[\"admin\"]}}",
     PASS},
    {"another client's roles are others", KC, CLAIM("path: resource_access/my.app-1/roles, values: [admin]"), NULL,
     KC_CLAIMS ",\"resource_access\":{\"other\":{\"roles\":[\"admin\"]}}", NOT_FOUND},
    {"a lightweight token has no roles", KC, CLAIM("path: realm_access/roles, values: [reader]"), NULL, KC_CLAIMS,
     NOT_FOUND},
    {"microprofile-jwt gives realm roles as groups", KC, GROUPS("any"), NULL,
     KC_CLAIMS ",\"upn\":\"alain\",\"groups\":[\"g2\"]", PASS},
    {"plain openid does not", KC, GROUPS("any"), NULL, KC_CLAIMS, NOT_FOUND},
    {"one text is no list of groups by parts", KC, GROUPS("any"), NULL, KC_CLAIMS ",\"groups\":\"g1 g2\"", NOT_ALLOWED},
    {"scope in one text", KC, CLAIM("name: scope, separator: \" \", values: [openid]"), NULL, KC_CLAIMS, PASS},
    {"a scope that is not there", KC, CLAIM("name: scope, separator: \" \", values: [openid, profile]"), NULL,
     KC_CLAIMS, NOT_ALLOWED},
    {"a boolean", KC, CLAIM("name: email_verified, values: [\"true\"]"), NULL, KC_CLAIMS ",\"email_verified\":true",
     PASS},
    {"the other", KC, CLAIM("name: email_verified, values: [\"true\"]"), NULL, KC_CLAIMS ",\"email_verified\":false",
     NOT_ALLOWED},
    {"no sub is needed", KC, BEARER, NULL, KC_CLAIMS ",\"jti\":\"onrtac:1-2\",\"sid\":\"s\"", PASS},
    {"but can be asked for", KC, CLAIM("name: sub"), NULL, KC_CLAIMS, NOT_FOUND},
};

static void tokens_of_keycloak_are_judged_as_they_are(void **state)
{
    run(*state, keycloak_cases, COUNT_OF(keycloak_cases));
}

/* ---- others ---- */

#define I(text) "\"iss\":\"" text "\""
#define ADFS "https://fs.example/adfs"
#define ADFS_TOKEN \
    I("http://fs.example/adfs/services/trust") ",\"aud\":\"microsoft:identityserver:api\",\"scp\":\"openid\""
#define AUTH0 "https://t.eu.auth0.com/"
#define OKTA "https://t.okta.com/oauth2/default"
#define COGNITO "https://cognito-idp.eu-west-1.amazonaws.com/eu-west-1_abc"
#define K8S "https://kubernetes.default.svc"
#define K8S_TOKEN \
    I(K8S) ",\"kubernetes.io\":{\"namespace\":\"jobs\",\"serviceaccount\":{\"name\":\"build\"}},\"aud\":[\"api\"]"

static const struct provider_case other_cases[] = {
    {"AD FS: access tokens have an issuer of their own", ADFS, "issuers: [ \"http://fs.example/adfs/services/trust\" ]",
     "{\"alg\":\"RS256\",\"typ\":\"JWT\",\"x5t\":\"abc\"}", ADFS_TOKEN, PASS},
    {"AD FS: which is not that of the document", ADFS, "", NULL, ADFS_TOKEN, NO_ISS},
    {"AD FS: an audience with colons", ADFS,
     "issuers: [ \"http://fs.example/adfs/services/trust\" ]\naudiences: [ \"microsoft:identityserver:api\" ]", NULL,
     ADFS_TOKEN, PASS},
    {"Auth0: the issuer ends in a slash", AUTH0, "audiences: [ \"https://api\" ]", NULL,
     I(AUTH0) ",\"aud\":[\"https://api\",\"https://t.eu.auth0.com/userinfo\"]", PASS},
    {"Auth0: without it is another", AUTH0, "", NULL, I("https://t.eu.auth0.com"), NO_ISS},
    {"Auth0: permissions", AUTH0, CLAIM("name: permissions, values: [\"read:orders\"]"), NULL,
     I(AUTH0) ",\"permissions\":[\"read:orders\",\"x\"]", PASS},
    {"Auth0: a name that is a URL is a name", AUTH0, CLAIM("name: \"https://a.example/roles\", values: [admin]"), NULL,
     I(AUTH0) ",\"https://a.example/roles\":[\"admin\"]", PASS},
    {"Auth0: and no path", AUTH0, CLAIM("path: \"a.example/roles\", values: [admin]"), NULL,
     I(AUTH0) ",\"a.example/roles\":[\"admin\"]", NOT_FOUND},
    {"Okta: scp is a list", OKTA, SCP, NULL, I(OKTA) ",\"scp\":[\"openid\",\"Orders.All\"]", PASS},
    {"Okta: for which no separator is needed", OKTA, CLAIM("name: scp, match: any, values: [Orders.All]"), NULL,
     I(OKTA) ",\"scp\":[\"openid\",\"Orders.All\"]", PASS},
    {"Okta: without the scope", OKTA, SCP, NULL, I(OKTA) ",\"scp\":[\"openid\"]", NOT_ALLOWED},
    {"Okta: the client is cid", OKTA, CLAIM("name: cid, values: [c1]"), NULL, I(OKTA) ",\"cid\":\"c1\"", PASS},
    {"Okta: ver is a number", OKTA, CLAIM("name: ver, values: [\"1\"]"), NULL, I(OKTA) ",\"ver\":1", PASS},
    {"Okta: and not 1.0", OKTA, CLAIM("name: ver, values: [\"1.0\"]"), NULL, I(OKTA) ",\"ver\":1", NOT_ALLOWED},
    {"Google: the issuer without its scheme", "https://accounts.google.com", "issuers: [ accounts.google.com ]", NULL,
     I("accounts.google.com"), PASS},
    {"Google: is listed to pass", "https://accounts.google.com", "", NULL, I("accounts.google.com"), NO_ISS},
    {"Cognito: access tokens have no aud", COGNITO, "audiences: [ c1 ]", NULL, I(COGNITO) ",\"client_id\":\"c1\"",
     NO_AUD},
    {"Cognito: but client_id", COGNITO, CLAIM("name: client_id, values: [c1]"), NULL,
     I(COGNITO) ",\"client_id\":\"c1\"", PASS},
    {"Cognito: token_use tells the kind", COGNITO, CLAIM("name: token_use, values: [access]"), NULL,
     I(COGNITO) ",\"token_use\":\"access\"", PASS},
    {"Cognito: an ID token", COGNITO, CLAIM("name: token_use, values: [access]"), NULL,
     I(COGNITO) ",\"token_use\":\"id\"", NOT_ALLOWED},
    {"Cognito: a colon in a name", COGNITO, CLAIM("name: \"cognito:groups\", match: any, values: [admin]"), NULL,
     I(COGNITO) ",\"cognito:groups\":[\"admin\"]", PASS},
    {"Cognito: is part of it", COGNITO, CLAIM("name: groups, match: any, values: [admin]"), NULL,
     I(COGNITO) ",\"cognito:groups\":[\"admin\"]", NOT_FOUND},
    {"PingFederate: a header without kid, with its own parameter", "https://ping", "",
     "{\"alg\":\"RS256\",\"pi.atm\":\"9\"}", I("https://ping"), PASS},
    {"PingFederate: scope as a text", "https://ping", CLAIM("name: scope, separator: \" \", values: [a]"), NULL,
     I("https://ping") ",\"scope\":\"b a\"", PASS},
    {"PingFederate: scope as a list", "https://ping", CLAIM("name: scope, separator: \" \", values: [a]"), NULL,
     I("https://ping") ",\"scope\":[\"b\",\"a\"]", PASS},
    {"PingFederate: scope of others", "https://ping", CLAIM("name: scope, separator: \" \", values: [a]"), NULL,
     I("https://ping") ",\"scope\":[\"b\",\"ab\"]", NOT_ALLOWED},
    {"Kubernetes: a dot within a step of a path", K8S, CLAIM("path: kubernetes.io/namespace, values: [jobs]"), NULL,
     K8S_TOKEN, PASS},
    {"Kubernetes: two steps deep", K8S, CLAIM("path: kubernetes.io/serviceaccount/name, values: [build]"), NULL,
     K8S_TOKEN, PASS},
    {"Kubernetes: dots do not lead into objects", K8S, CLAIM("path: kubernetes/io/namespace, values: [jobs]"), NULL,
     K8S_TOKEN, NOT_FOUND},
    {"Kubernetes: another namespace", K8S, CLAIM("path: kubernetes.io/namespace, values: [job]"), NULL, K8S_TOKEN,
     NOT_ALLOWED},
    {"Kubernetes: aud is a list", K8S, "audiences: [ api ]", NULL, K8S_TOKEN, PASS},
    {"GitHub: colons and slashes in sub", "https://token.actions.githubusercontent.com",
     CLAIM("name: sub, values: [\"repo:octo/app:ref:refs/heads/main\"]"),
     "{\"typ\":\"JWT\",\"alg\":\"RS256\",\"x5t\":\"abc\",\"kid\":\"r1\"}",
     I("https://token.actions.githubusercontent.com") ",\"sub\":\"repo:octo/app:ref:refs/heads/main\"", PASS},
    {"GitHub: another branch", "https://token.actions.githubusercontent.com",
     CLAIM("name: sub, values: [\"repo:octo/app:ref:refs/heads/main\"]"), NULL,
     I("https://token.actions.githubusercontent.com") ",\"sub\":\"repo:octo/app:ref:refs/heads/main2\"", NOT_ALLOWED},
    {"B2C: the issuer ends in a slash", "https://t.b2clogin.com/" TENANT_1 "/v2.0/",
     CLAIM("name: tfp, values: [B2C_1_signin]"), NULL,
     I("https://t.b2clogin.com/" TENANT_1 "/v2.0/") ",\"tfp\":\"B2C_1_signin\"", PASS},
    {"B2C: without it is another", "https://t.b2clogin.com/" TENANT_1 "/v2.0/", "", NULL,
     I("https://t.b2clogin.com/" TENANT_1 "/v2.0"), NO_ISS},
    {"RFC 9068: at+jwt", "https://as", "typ: at+jwt", "{\"alg\":\"RS256\",\"typ\":\"at+jwt\"}", I("https://as"), PASS},
    {"RFC 9068: with its whole media type", "https://as", "typ: at+jwt",
     "{\"alg\":\"RS256\",\"typ\":\"application/at+jwt\"}", I("https://as"), PASS},
    {"RFC 9068: asked for by it", "https://as", "typ: application/at+jwt", "{\"alg\":\"RS256\",\"typ\":\"AT+JWT\"}",
     I("https://as"), PASS},
    {"RFC 9068: another media type", "https://as", "typ: at+jwt", "{\"alg\":\"RS256\",\"typ\":\"text/at+jwt\"}",
     I("https://as"), NOT_ALLOWED},
    {"RFC 9068: an ID token of the same provider", "https://as", "typ: at+jwt", NULL, I("https://as"), NOT_ALLOWED},
    {"MicroProfile: groups are a list of roles", "https://mp", GROUPS("all"), NULL,
     I("https://mp") ",\"upn\":\"u\",\"groups\":[\"g1\",\"g2\"]", PASS},
    {"MicroProfile: without groups a token only says who", "https://mp", CLAIM("name: upn"), NULL,
     I("https://mp") ",\"upn\":\"u\"", PASS},
    {"MicroProfile: the age of a token", "https://mp", "max_age: 60s", NULL, I("https://mp") ",\"iat\":1795219139",
     NOT_ALLOWED},
    {"MicroProfile: young enough", "https://mp", "max_age: 60s", NULL, I("https://mp") ",\"iat\":1795219140", PASS},
};

static void tokens_of_other_providers_are_judged_as_they_are(void **state)
{
    run(*state, other_cases, COUNT_OF(other_cases));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tokens_of_entra_are_judged_as_they_are),
        cmocka_unit_test(a_token_with_200_groups_passes),
        cmocka_unit_test(tokens_of_keycloak_are_judged_as_they_are),
        cmocka_unit_test(tokens_of_other_providers_are_judged_as_they_are),
    };
    return cmocka_run_group_tests(tests, court_set_up, court_take_down);
}
