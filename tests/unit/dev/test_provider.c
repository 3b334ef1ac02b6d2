/* SPDX-License-Identifier: Apache-2.0 */
/* Goal: the demo's provider says what real ones say, gives tokens only to clients it knows, and rotates without losing the key
 * before.  Method: requests handed to its answer; a client's way through discovery, token and key set.
 */
#include "asking.h"
#include "dev/provider.h"
#include "jose/claims.h"
#include "jose/keyset.h"
#include "jose/verify.h"

static const char *const BASE = "http://127.0.0.1:9400";

static struct provider *provider_for_test(void)
{
    struct err err = {0};
    struct provider *provider = provider_new(ALG_ES256, 600, &err);
    if (provider == NULL)
        fail_msg("%s", err.text);
    provider_set_base(provider, BASE);
    return provider;
}

struct posting {
    enum method method;
    const char *target, *authorization, *body; /* authorization NULL: none */
    unsigned status;
    const char *holds;
};

/* Basic of demo:demo-secret, demo:wrong */
#define RIGHT "Basic ZGVtbzpkZW1vLXNlY3JldA=="
#define WRONG "Basic ZGVtbzp3cm9uZw=="

static const struct posting postings[] = {
    {METHOD_GET, "/.well-known/openid-configuration", NULL, "", 200,
     "{\"issuer\":\"http://127.0.0.1:9400\",\"jwks_uri\":\"http://127.0.0.1:9400/jwks\""},
    {METHOD_GET, "/any/demo/.well-known/openid-configuration", NULL, "", 200,
     "{\"issuer\":\"http://127.0.0.1:9400/any/demo\",\"jwks_uri\":\"http://127.0.0.1:9400/any/demo/"
     "jwks\",\"token_endpoint\":\"http://127.0.0.1:9400/any/demo/token\""},
    {METHOD_GET, "/auth/realms/demo/.well-known/openid-configuration", NULL, "", 200,
     "{\"issuer\":\"http://127.0.0.1:9400/auth/realms/demo\",\"jwks_uri\":\"http://127.0.0.1:9400/auth/realms/demo/"
     "protocol/"
     "openid-connect/certs\""},
    {METHOD_GET, "/realms/demo/protocol/openid-connect/certs", NULL, "", 200,
     "{\"use\":\"enc\",\"alg\":\"RSA-OAEP\",\"kid\":"},
    {METHOD_GET, "/realms/demo/jwks", NULL, "", 404, ""},
    {METHOD_GET, "/realms/.well-known/openid-configuration", NULL, "", 404, ""},
    {METHOD_GET, "/realms/a/b/.well-known/openid-configuration", NULL, "", 404, ""},
    {METHOD_GET, "/common/v2.0/.well-known/openid-configuration", NULL, "", 200,
     "{\"issuer\":\"http://127.0.0.1:9400/{tenantid}/v2.0\",\"jwks_uri\":\"http://127.0.0.1:9400/common/discovery/v2.0/"
     "keys\""},
    {METHOD_GET, "/" PROVIDER_TENANT "/.well-known/openid-configuration", NULL, "", 200,
     "{\"issuer\":\"http://127.0.0.1:9400/" PROVIDER_TENANT "/\",\"jwks_uri\":\"http://127.0.0.1:9400/" PROVIDER_TENANT
     "/discovery/keys\",\"token_endpoint\":\"http://127.0.0.1:9400/" PROVIDER_TENANT "/oauth2/token\""},
    {METHOD_GET, "/" PROVIDER_TENANT "/discovery/v2.0/keys", NULL, "", 200,
     "\"issuer\":\"http://127.0.0.1:9400/" PROVIDER_TENANT "/v2.0\""},
    {METHOD_GET, "/" PROVIDER_TENANT "0/.well-known/openid-configuration", NULL, "", 200,
     "/" PROVIDER_TENANT "0/jwks\""},
    {METHOD_GET, "/common/jwks", NULL, "", 404, ""},
    {METHOD_POST, "/.well-known/openid-configuration", NULL, "", 405, ""},
    {METHOD_GET, "/jwks", NULL, "", 200, "{\"keys\":[{\"use\":\"sig\",\"alg\":\"ES256\","},
    {METHOD_GET, "/", NULL, "", 404, ""},
    {METHOD_GET, "/token", NULL, "", 405, ""},
    {METHOD_GET, "/rotate", NULL, "", 405, ""},
    {METHOD_POST, "/token", RIGHT, "grant_type=client_credentials", 200,
     "\"token_type\":\"Bearer\",\"expires_in\":600,\"scope\":\"Calculator.Read\"}"},
    {METHOD_POST, "/token", RIGHT, "grant_type=client_credentials&scope=a+b%2Bc", 200, "\"scope\":\"a b+c\"}"},
    {METHOD_POST, "/token", NULL, "grant_type=client_credentials&client_id=demo&client_secret=demo-secret", 200,
     "access_token"},
    {METHOD_POST, "/token", NULL, "grant_type=client_credentials&client_id=demo&client_secret=demo-secre", 401,
     "invalid_client"},
    {METHOD_POST, "/token", WRONG, "grant_type=client_credentials", 401, "invalid_client"},
    {METHOD_POST, "/token", "Basic !", "grant_type=client_credentials", 401, "invalid_client"},
    {METHOD_POST, "/token", NULL, "grant_type=client_credentials", 401, "invalid_client"},
    {METHOD_POST, "/token", RIGHT, "grant_type=password", 400, "unsupported_grant_type"},
    {METHOD_POST, "/token", RIGHT, "", 400, "unsupported_grant_type"},
    {METHOD_POST, "/realms/demo/protocol/openid-connect/token", RIGHT, "grant_type=client_credentials&scope=email", 200,
     "\"scope\":\"email profile\"}"},
    {METHOD_POST, "/realms/demo/protocol/openid-connect/token", RIGHT, "grant_type=client_credentials&scope=other", 400,
     "invalid_scope"},
    {METHOD_POST, "/common/oauth2/v2.0/token", RIGHT, "grant_type=password&username=alice&password=alice-secret", 200,
     "\"scope\":\"Calculator.Read\"}"},
    {METHOD_POST, "/common/oauth2/v2.0/token", RIGHT, "grant_type=password&username=alice&password=alice", 400,
     "invalid_grant"},
    {METHOD_POST, "/token", RIGHT, "grant_type=client_credentials&scope=a&scope=b", 400, "invalid_request"},
    {METHOD_POST, "/token", RIGHT, "grant_type=client_credentials&scope=%zz", 400, "invalid_request"},
};

static void each_request_gets_its_answer(void **state)
{
    AUTO_PTR(provider) provider = provider_for_test();
    (void)state;
    for (size_t i = 0; i < COUNT_OF(postings); i++) {
        const struct posting *posting = &postings[i];
        struct asking asking;
        ask_for(&asking, posting->method, posting->target, posting->authorization == NULL ? NULL : "Authorization",
                posting->authorization);
        struct request request = asking_request(&asking, posting->body);
        provider_answer(provider, &request, &asking.reply);
        if (asking.reply.status != posting->status ||
            !span_holds(buf_span(&asking.reply.body), span_str(posting->holds)))
            fail_msg("%s %s: %u %.*s", posting->target, posting->body, asking.reply.status,
                     SPAN_ARG(buf_span(&asking.reply.body)));
        asking_end(&asking);
    }
}

/* What the provider answers, as a text of its own. */
static char *answer_to(struct provider *provider, enum method method, const char *target, const char *body)
{
    struct asking asking;
    ask_for(&asking, method, target, "Authorization", RIGHT);
    struct request request = asking_request(&asking, body);
    provider_answer(provider, &request, &asking.reply);
    assert_int_equal(asking.reply.status, 200);
    char *text = span_dup(buf_span(&asking.reply.body));
    asking_end(&asking);
    return text;
}

/* A token of the token endpoint below /any/demo. */
static char *fetch_token(struct provider *provider, const char *form)
{
    char *text = answer_to(provider, METHOD_POST, "/any/demo/token", form);
    AUTO_PTR(jsondoc) doc = jsondoc_read(span_str(text), 4, NULL);
    assert_non_null(doc);
    char *token = span_dup(jsonval_text(jsonval_member(jsondoc_root(doc), "access_token")));
    free(text);
    return token;
}

static struct keyset *fetch_keys(struct provider *provider)
{
    struct keyset *set = keyset_new(SPAN("i"), 0);
    char *text = answer_to(provider, METHOD_GET, "/jwks", "");
    AUTO_PTR(jsondoc) doc = jsondoc_read(span_str(text), 8, NULL);
    assert_true(doc != NULL && keyset_add_jwks(set, jsondoc_root(doc), NULL));
    free(text);
    return set;
}

/* Whether the keys listed now verify the token; its claims when they do. */
static bool verifies(struct provider *provider, const char *text, struct arena *arena, struct claims *claims)
{
    const struct token_limits limits = {.token_bytes_max = 65536, .json_depth_max = 16};
    struct keyset *set = fetch_keys(provider);
    const struct keyset *sets[] = {set};
    struct keyset_candidate candidates[KEYSET_TRIES_MAX];
    enum keyset_match match;
    struct token token;
    AUTO_PTR(verifier) verifier = verifier_new(set);
    assert_true(token_read(&token, arena, span_str(text), &limits, NULL));
    size_t count = keyset_candidates(sets, 1, &token, candidates, &match);
    bool is_right = count > 0 && match == KEYSET_NAMED &&
                    verifier_check(verifier, candidates[0].key, token.alg, token.signing_input, token.signature, NULL);
    assert_true(claims_read(claims, arena, token.payload_text, 16, NULL));
    keyset_release(set);
    return is_right;
}

static void tokens_name_issuer_audience_and_scope(void **state)
{
    AUTO_PTR(provider) provider = provider_for_test();
    AUTO(arena) arena = {0};
    struct claims claims;
    struct claim_values values;
    (void)state;
    char *token = fetch_token(provider, "grant_type=client_credentials&audience=api%3A%2F%2Fcalc&scope=x");
    assert_true(verifies(provider, token, &arena, &claims));
    assert_span(claims.iss.text, "http://127.0.0.1:9400/any/demo");
    assert_span(claims.sub.text, "demo");
    assert_int_equal(claims.exp.at_s - claims.iat.at_s, 600);
    assert_true(claims_values(&claims, &arena, SPAN("aud"), false, &values, NULL));
    assert_span(values.texts[0], "api://calc");
    assert_true(claims_values(&claims, &arena, SPAN("scope"), false, &values, NULL));
    assert_span(values.texts[0], "x");
    free(token);
}

static void a_rotated_key_stays_listed_until_the_next_rotation(void **state)
{
    AUTO_PTR(provider) provider = provider_for_test();
    AUTO(arena) arena = {0};
    struct claims claims;
    (void)state;
    char *token = fetch_token(provider, "grant_type=client_credentials");
    for (int rotations = 0; rotations <= 2; rotations++) {
        char *newest = fetch_token(provider, "grant_type=client_credentials");
        assert_true(verifies(provider, newest, &arena, &claims));
        assert_int_equal(verifies(provider, token, &arena, &claims), rotations < 2);
        free(newest);
        free(answer_to(provider, METHOD_POST, "/rotate", ""));
    }
    free(token);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_request_gets_its_answer),
        cmocka_unit_test(tokens_name_issuer_audience_and_scope),
        cmocka_unit_test(a_rotated_key_stays_listed_until_the_next_rotation),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
