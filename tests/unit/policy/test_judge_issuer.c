/* SPDX-License-Identifier: Apache-2.0 */
/* Who may have issued a token (hostile tokens I; shapes B, D, G, H).  The attacks: one provider's key speaking for another's
 * issuer, one tenant's for another tenant, an issuer that is nearly right.
 *
 * Method: tokens soundly signed; only iss and tid differ.
 */
#include "court.h"

#define EXP "\"exp\":1795219800"

enum who { BY_A, BY_B, BY_SECRET, BY_TENANT, BY_CONSUMER };

struct issuer_case {
    const char *policy;
    enum who who;
    const char *claims;
    enum reason reason;
};

static const struct signer *signer_of(const struct court *court, enum who who)
{
    switch (who) {
    case BY_A: return court->rsa;
    case BY_B: return court->ec;
    case BY_SECRET: return court->secret;
    case BY_TENANT: return court->tenant;
    case BY_CONSUMER: return court->consumer;
    }
    return NULL;
}

static void run(struct court *court, const struct issuer_case *cases, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        char payload[1024];
        snprintf(payload, sizeof payload, "{" EXP "%s%s}", cases[i].claims[0] == '\0' ? "" : ",", cases[i].claims);
        court_open(court, cases[i].policy);
        assert_reason(court_claims(court, signer_of(court, cases[i].who), payload), cases[i].reason, payload);
        court_close(court);
    }
}

#define A "openid_config: [ \"https://a\" ]\n"
#define AB "openid_config: [ \"https://a\", \"https://b\" ]\n"
#define INLINE "issuer_signing_keys: [ { id: h1, base64: \"{{SECRET}}\" } ]\n"
#define ISS(text) "\"iss\":\"" text "\""
#define REFUSED REASON_ISSUER_NOT_ALLOWED

static const struct issuer_case exact_cases[] = {
    {A, BY_A, ISS(ISS_A), REASON_NONE},
    {A, BY_A, "\"\\u0069ss\":\"" ISS_A "\"", REASON_NONE},
    {A, BY_A, "", REFUSED},
    {A, BY_A, ISS(""), REFUSED},
    {A, BY_A, ISS("https://a.example"), REFUSED},
    {A, BY_A, ISS("https://a.example//"), REFUSED},
    {A, BY_A, ISS("https://A.example/"), REFUSED},
    {A, BY_A, ISS("https://a.example/ "), REFUSED},
    {A, BY_A, ISS("https://a.example/\\u0000x"), REFUSED},
    {A, BY_A, ISS("https://a.example/x"), REFUSED},
    {A, BY_A, ISS("a.example"), REFUSED},
    {A, BY_A, ISS("x,https://a.example/"), REFUSED},
    {A, BY_A, "\"iss\":[\"" ISS_A "\"]", REASON_JWT_INVALID},
    {A, BY_A, "\"iss\":{\"a\":\"" ISS_A "\"}", REASON_JWT_INVALID},
    {A, BY_A, "\"iss\":1", REASON_JWT_INVALID},
    {A, BY_A, "\"iss\":null", REASON_JWT_INVALID},
    {A, BY_A, "\"ISS\":\"" ISS_A "\"", REFUSED},
    {A, BY_A, "\"x\":{" ISS(ISS_A) "}", REFUSED},
};

static void issuers_are_compared_to_the_letter(void **state)
{
    run(*state, exact_cases, COUNT_OF(exact_cases));
}

static const struct issuer_case source_cases[] = {
    /* Keys only: not checked, but a wrong type is a wrong token. */
    {INLINE, BY_SECRET, "", REASON_NONE},
    {INLINE, BY_SECRET, ISS("anybody"), REASON_NONE},
    {INLINE, BY_SECRET, "\"iss\":1", REASON_JWT_INVALID},
    /* Listed issuers only: shape A, the slash counts. */
    {INLINE "issuers: [ \"https://idp.example/\" ]", BY_SECRET, ISS("https://idp.example/"), REASON_NONE},
    {INLINE "issuers: [ \"https://idp.example/\" ]", BY_SECRET, ISS("https://idp.example"), REFUSED},
    {INLINE "issuers: [ \"https://idp.example/\" ]", BY_SECRET, "", REFUSED},
    /* Both: the union (shapes B, G). */
    {A "issuers: [ \"http://fs.example/adfs/services/trust\" ]", BY_A, ISS("http://fs.example/adfs/services/trust"),
     REASON_NONE},
    {A "issuers: [ \"http://fs.example/adfs/services/trust\" ]", BY_A, ISS(ISS_A), REASON_NONE},
    {A "issuers: [ \"http://fs.example/adfs/services/trust\" ]", BY_A, ISS("http://fs.example/"), REFUSED},
    /* Several providers: each for itself (shape D). */
    {AB, BY_A, ISS(ISS_A), REASON_NONE},
    {AB, BY_B, ISS(ISS_B), REASON_NONE},
    {AB, BY_A, ISS(ISS_B), REFUSED},
    {AB, BY_B, ISS(ISS_A), REFUSED},
    {AB "issuers: [ listed ]", BY_A, ISS("listed"), REASON_NONE},
    /* A key of the policy beside a provider speaks for the policy's issuers. */
    {A INLINE, BY_SECRET, ISS(ISS_A), REASON_NONE},
    {A INLINE, BY_SECRET, ISS("anybody"), REFUSED},
    {A INLINE, BY_SECRET, "", REFUSED},
    /* Where a provider's issuer is not known yet, that is no verdict on a token that only it could allow. */
    {"openid_config: [ \"https://down\" ]\n" INLINE, BY_SECRET, ISS(ISS_A), REASON_OPENID_CONFIG_UNAVAILABLE},
    {"openid_config: [ \"https://down\" ]\n" INLINE "issuers: [ i ]", BY_SECRET, ISS("i"), REASON_NONE},
    {"openid_config: [ \"https://a\", \"https://down\" ]\n", BY_A, ISS(ISS_A), REASON_NONE},
    {"openid_config: [ \"https://a\", \"https://down\" ]\n", BY_A, ISS(ISS_B), REFUSED},
};

/* RFC 8725 3.8: the keys must belong to the issuer. */
static void issuers_are_bound_to_the_keys_of_their_document(void **state)
{
    run(*state, source_cases, COUNT_OF(source_cases));
}

#define T "openid_config: [ \"https://t\" ]\n"
#define TID(text) "\"tid\":\"" text "\""
#define V1(tenant) "https://sts.example/" tenant "/"
#define UPPER_GUID "AAAAAAAA-2222-3333-4444-555555555555"
#define LOWER_GUID "aaaaaaaa-2222-3333-4444-555555555555"

static const struct issuer_case tenant_cases[] = {
    {T, BY_TENANT, ISS(ISS_T(TENANT_1)) "," TID(TENANT_1), REASON_NONE},
    {T, BY_TENANT, ISS(ISS_T(TENANT_2)) "," TID(TENANT_2), REASON_NONE},
    {T, BY_TENANT, ISS(ISS_T(TENANT_1)) "," TID(TENANT_2), REFUSED},
    {T, BY_TENANT, ISS(ISS_T(TENANT_1)), REFUSED},
    {T, BY_TENANT, ISS(ISS_T(TENANT_1)) ",\"tid\":[\"" TENANT_1 "\"]", REFUSED},
    {T, BY_TENANT, ISS(ISS_T("{tenantid}")) "," TID("{tenantid}"), REFUSED},
    {T, BY_TENANT, ISS(ISS_T("{tenantid}")) "," TID(TENANT_1), REFUSED},
    {T, BY_TENANT, ISS(ISS_T("common")) "," TID("common"), REFUSED},
    {T, BY_TENANT, ISS(ISS_T("11111111-2222-3333-4444-55555555555g")) "," TID("11111111-2222-3333-4444-55555555555g"),
     REFUSED},
    {T, BY_TENANT, ISS(ISS_T(TENANT_1)) ",\"tid\":1", REFUSED},
    {T, BY_TENANT, ISS(ISS_T(UPPER_GUID)) "," TID(UPPER_GUID), REASON_NONE},
    {T, BY_TENANT, ISS(ISS_T(LOWER_GUID)) "," TID(UPPER_GUID), REFUSED},
    {T, BY_TENANT, ISS(ISS_T("{" TENANT_1 "}")) "," TID("{" TENANT_1 "}"), REFUSED},
    {T, BY_TENANT, ISS(ISS_T(TENANT_1 "/v2.0/" TENANT_1)) "," TID(TENANT_1), REFUSED},
    {T, BY_TENANT, ISS(V1(TENANT_1)) "," TID(TENANT_1), REFUSED},
    {T, BY_TENANT, ISS("https://evil.example/" TENANT_1 "/v2.0") "," TID(TENANT_1), REFUSED},
    {T, BY_TENANT, ISS("https://login.example/" TENANT_1 "/v2.0/") "," TID(TENANT_1), REFUSED},
    {T, BY_TENANT, ISS("https://login.example/" TENANT_1) "," TID(TENANT_1), REFUSED},
    /* A key that belongs to one tenant signs for no other, whatever its kid. */
    {T, BY_CONSUMER, ISS(ISS_T(TENANT_2)) "," TID(TENANT_2), REASON_NONE},
    {T, BY_CONSUMER, ISS(ISS_T(TENANT_1)) "," TID(TENANT_1), REFUSED},
    /* Both generations of one tenant (shape B): the v1 issuer listed, the keys from the v2 document. */
    {T "issuers: [ \"" V1("{tenantid}") "\" ]", BY_TENANT, ISS(V1(TENANT_1)) "," TID(TENANT_1), REASON_NONE},
    {T "issuers: [ \"" V1("{tenantid}") "\" ]", BY_TENANT, ISS(V1(TENANT_1)) "," TID(TENANT_2), REFUSED},
    {T "issuers: [ \"" V1(TENANT_1) "\" ]", BY_TENANT, ISS(V1(TENANT_1)) "," TID(TENANT_1), REASON_NONE},
    {T "issuers: [ \"" V1(TENANT_1) "\" ]", BY_TENANT, ISS(V1(TENANT_1)) "," TID(TENANT_2), REFUSED},
    {T "issuers: [ \"" V1(TENANT_1) "\" ]", BY_CONSUMER, ISS(V1(TENANT_1)) "," TID(TENANT_1), REFUSED},
    {T "issuers: [ \"" V1(TENANT_2) "\" ]", BY_CONSUMER, ISS(V1(TENANT_2)) "," TID(TENANT_2), REASON_NONE},
    /* One key in two documents, as Entra publishes it: whichever vouches. */
    {"openid_config: [ \"https://t1\", \"https://t2\" ]\n", BY_TENANT, ISS(ISS_T(TENANT_1)), REASON_NONE},
    {"openid_config: [ \"https://t1\", \"https://t2\" ]\n", BY_TENANT, ISS(ISS_T(TENANT_2)), REASON_NONE},
    {"openid_config: [ \"https://t1\" ]\n", BY_TENANT, ISS(ISS_T(TENANT_2)), REFUSED},
    /* But not by an algorithm that the other document does not give the key, nor against the key's own issuer. */
    {"openid_config: [ \"https://t1\", \"https://t3\" ]\n", BY_TENANT, ISS(ISS_T(TENANT_1)), REASON_NONE},
    {"openid_config: [ \"https://t1\", \"https://t3\" ]\n", BY_TENANT, ISS(ISS_T(TENANT_2)), REFUSED},
    {"openid_config: [ \"https://t3\" ]\n", BY_CONSUMER, ISS(ISS_T(TENANT_2)) "," TID(TENANT_2), REFUSED},
    /* A document without an issuer vouches for none, not for the empty one. */
    {"openid_config: [ \"https://nameless\" ]\n", BY_A, ISS(""), REFUSED},
    {"openid_config: [ \"https://nameless\" ]\nissuers: [ i ]", BY_A, ISS("i"), REASON_NONE},
};

static void a_templated_issuer_stands_for_the_tokens_own_tenant(void **state)
{
    run(*state, tenant_cases, COUNT_OF(tenant_cases));
}

/* The v1 document for all tenants: its issuer has a slash behind the placeholder, its keys no issuer of their own. */
static void keys_without_an_issuer_sign_for_every_tenant_of_their_template(void **state)
{
    struct court *court = *state;
    char *jwk = signer_jwk(court->tenant, NULL);
    const struct court_document document = {"https://v1", V1("{TENANTID}"), jwk};
    static const struct issuer_case cases[] = {
        {"openid_config: [ \"https://v1\" ]", BY_TENANT, ISS(V1(TENANT_1)) "," TID(TENANT_1), REASON_NONE},
        {"openid_config: [ \"https://v1\" ]", BY_TENANT, ISS(V1(TENANT_2)) "," TID(TENANT_2), REASON_NONE},
        {"openid_config: [ \"https://v1\" ]", BY_TENANT, ISS(V1(TENANT_1)) "," TID(TENANT_2), REFUSED},
        {"openid_config: [ \"https://v1\" ]", BY_TENANT, ISS("https://sts.example/" TENANT_1) "," TID(TENANT_1),
         REFUSED},
        /* The list of tenants that may come is a required claim (any of them). */
        {"openid_config: [ \"https://v1\" ]\nrequired_claims: [ { name: tid, match: any, values: [x, " TENANT_1 "] } ]",
         BY_TENANT, ISS(V1(TENANT_1)) "," TID(TENANT_1), REASON_NONE},
        {"openid_config: [ \"https://v1\" ]\nrequired_claims: [ { name: tid, match: any, values: [x, " TENANT_1 "] } ]",
         BY_TENANT, ISS(V1(TENANT_2)) "," TID(TENANT_2), REASON_CLAIM_VALUE_NOT_ALLOWED},
    };
    court->document = &document;
    run(court, cases, COUNT_OF(cases));
    court->document = NULL;
    free(jwk);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(issuers_are_compared_to_the_letter),
        cmocka_unit_test(issuers_are_bound_to_the_keys_of_their_document),
        cmocka_unit_test(a_templated_issuer_stands_for_the_tokens_own_tenant),
        cmocka_unit_test(keys_without_an_issuer_sign_for_every_tenant_of_their_template),
    };
    return cmocka_run_group_tests(tests, court_set_up, court_take_down);
}
