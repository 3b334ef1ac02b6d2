/* SPDX-License-Identifier: Apache-2.0 */
/* Goal: a code is given only to a client that asks for it rightly, and only a loopback host hears of it.  Method: tables of requests,
 * each different by one thing from one that is right.
 */
#include "dev/authorization.h"
#include "unit.h"

/* RFC 7636, appendix B */
#define VERIFIER "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
#define CHALLENGE "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"

#define WHO "client_id=console&redirect_uri=http%3A%2F%2F127.0.0.1%3A5555%2Fcallback"
#define PKCE "&code_challenge=" CHALLENGE "&code_challenge_method=S256"
#define RIGHT WHO "&response_type=code" PKCE

static const struct {
    const char *form, *error; /* error NULL: nothing is wrong */
    bool is_for_client;
} requests[] = {
    {RIGHT, NULL, false},
    {"?" RIGHT "&scope=openid+profile&state=%26%3D&nonce=n&prompt=login+consent&response_mode=query", NULL, false},
    {RIGHT "&client_id=console", "invalid_request", false},
    {RIGHT "&state=a&state=b", "invalid_request", false},
    {RIGHT "&state=%zz", "invalid_request", false},
    {RIGHT "&state=%0a", "invalid_request", false},
    {"client_id=Console&redirect_uri=http://127.0.0.1/callback&response_type=code" PKCE, "invalid_request", false},
    {"client_id=console&redirect_uri=http://a.test/callback&response_type=code" PKCE, "invalid_request", false},
    {"client_id=console&response_type=code" PKCE, "invalid_request", false},
    {WHO PKCE, "invalid_request", true},
    {WHO "&response_type=code+id_token" PKCE, "unsupported_response_type", true},
    {WHO "&response_type=code", "invalid_request", true},
    {WHO "&response_type=code&code_challenge=" CHALLENGE, "invalid_request", true},
    {WHO "&response_type=code&code_challenge=" CHALLENGE "&code_challenge_method=plain", "invalid_request", true},
    {WHO "&response_type=code&code_challenge=" CHALLENGE "a&code_challenge_method=S256", "invalid_request", true},
    {RIGHT "&prompt=none", "login_required", true},
    {RIGHT "&prompt=login+none", "invalid_request", true},
    {RIGHT "&response_mode=form_post", "invalid_request", true},
    {RIGHT "&request=a", "request_not_supported", true},
};

static void each_request_is_judged(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(requests); i++) {
        AUTO(arena) arena = {0};
        struct authorization asked;
        struct authorization_fault fault = authorization_read(&asked, &arena, span_str(requests[i].form));
        bool is_same = requests[i].error == NULL ? fault.error == NULL
                                                 : fault.error != NULL && strcmp(fault.error, requests[i].error) == 0 &&
                                                       fault.is_for_client == requests[i].is_for_client;
        if (!is_same)
            fail_msg("%s: %s (%s)", requests[i].form, fault.error, fault.description);
    }
}

static void parameters_are_decoded_once(void **state)
{
    AUTO(arena) arena = {0};
    struct authorization asked;
    (void)state;
    struct authorization_fault fault =
        authorization_read(&asked, &arena, SPAN(RIGHT "&scope=openid+profile&state=%2525%2B"));
    assert_null(fault.error);
    assert_span(asked.scope, "openid profile");
    assert_span(asked.state, "%25+");
    assert_string_equal(asked.client->id, "console");
    assert_null(asked.nonce.at);
}

/* RFC 8252 7.3 */
static void codes_go_to_loopback_hosts_only(void **state)
{
    static const char *const right[] = {"http://127.0.0.1:1/callback", "http://127.8.9.10/callback",
                                        "http://localhost:65535/callback", "http://[::1]:80/callback"};
    static const char *const wrong[] = {
        "",
        "/callback",
        "https://127.0.0.1/callback",
        "http://127.0.0.1/callback/",
        "http://127.0.0.1/Callback",
        "http://127.0.0.1/callback?",
        "http://127.0.0.1/callback#a",
        "http://127.0.0.1.test/callback",
        "http://localhost.test/callback",
        "http://a@127.0.0.1/callback",
        "http://127.0.0.1:65536/callback",
        "http://[::2]/callback",
        "http://127.0.0.1;http://a.test/callback",
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(right); i++)
        if (!authorization_is_redirect(span_str(right[i])))
            fail_msg("%s", right[i]);
    for (size_t i = 0; i < COUNT_OF(wrong); i++)
        if (authorization_is_redirect(span_str(wrong[i])))
            fail_msg("%s", wrong[i]);
    assert_span(authorization_origin(SPAN("http://[::1]:80/callback")), "http://[::1]:80");
}

/* RFC 7636 4.6 */
static void a_verifier_is_the_one_of_its_challenge(void **state)
{
    (void)state;
    assert_true(authorization_is_verifier(SPAN(VERIFIER), SPAN(CHALLENGE)));
    assert_false(authorization_is_verifier(SPAN(VERIFIER "a"), SPAN(CHALLENGE)));
    assert_false(authorization_is_verifier(SPAN(CHALLENGE), SPAN(CHALLENGE)));
    assert_false(authorization_is_verifier(SPAN(""), SPAN("47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_request_is_judged),
        cmocka_unit_test(parameters_are_decoded_once),
        cmocka_unit_test(codes_go_to_loopback_hosts_only),
        cmocka_unit_test(a_verifier_is_the_one_of_its_challenge),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
