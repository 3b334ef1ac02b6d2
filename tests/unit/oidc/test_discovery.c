/* SPDX-License-Identifier: Apache-2.0 */
/* Discovery documents and the URLs they may lead to.  Whoever chooses jwks_uri chooses whose tokens pass, so each refused URL
 * stands beside one that differs in the one thing that matters.
 */
#include "oidc/discovery.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

static void urls_are_taken_only_where_every_reader_sees_the_same_host(void **state)
{
    static const struct {
        const char *url;
        bool allow_http, is_taken;
    } cases[] = {
        {"https://idp.example/keys", false, true},
        {"HTTPS://IDP.example:8443/keys?p=B2C_1", false, true},
        {"https://idp.example", false, true},
        {"https://[2001:db8::1]:443/k", false, true},
        {"http://127.0.0.1:9000/k", false, true},
        {"http://127.8.9.10/k", false, true},
        {"http://localhost/k", false, true},
        {"http://[::1]:80/k", false, true},
        {"http://idp.example/k", true, true},
        {"http://idp.example/k", false, false},
        {"http://127.0.0.1.evil.example/k", false, false},
        {"http://127.0.0.1.5/k", false, false},
        {"http://127.0.0/k", false, false},
        {"http://127.1/k", false, false},
        {"http://0127.0.0.1/k", false, false},
        {"http://127.0.0.01/k", false, false},
        {"http://0x7f.0.0.1/k", false, false},
        {"http://128.0.0.1/k", false, false},
        {"http://localhost.evil.example/k", false, false},
        {"http://[::2]/k", false, false},
        {"https://user@idp.example/k", false, false},
        {"http://127.0.0.1@evil.example/k", false, false},
        {"http://127.0.0.1\\@evil.example/k", false, false},
        {"https://idp.example/k#f", false, false},
        {"https://idp.example/a b", false, false},
        {"https://idp.ex\xc3\xa4mple/", false, false},
        {"https://idp.example\r\nHost: x/", false, false},
        {"https://%69dp.example/", false, false},
        {"https://idp.example:0/", false, false},
        {"https://idp.example:65536/", false, false},
        {"https://idp.example:443x/", false, false},
        {"https://[::1/k", false, false},
        {"https://[]/k", false, false},
        {"https://[::1]x/k", false, false},
        {"https:///k", false, false},
        {"https://:443/k", false, false},
        {"https:idp.example", false, false},
        {"//idp.example/k", false, false},
        {"/k", false, false},
        {"", false, false},
        {"file:///etc/passwd", true, false},
        {"ftp://idp.example/k", true, false},
        {"httpsx://idp.example/k", true, false},
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct err err = {0};
        bool is_taken = discovery_url_check(span_str(cases[i].url), cases[i].allow_http, &err);
        if (is_taken != cases[i].is_taken)
            fail_msg("%s: %s", cases[i].url, is_taken ? "taken" : err.text);
        if (!is_taken)
            assert_int_equal(err.reason, REASON_DOCUMENT_INVALID);
    }
}

static void a_url_of_2048_bytes_is_taken_and_one_byte_more_is_not(void **state)
{
    char url[DISCOVERY_URL_BYTES_MAX + 1];
    (void)state;
    memset(url, 'a', sizeof url);
    memcpy(url, "https://a/", 10);
    assert_true(discovery_url_check(span_of(url, sizeof url - 1), false, NULL));
    assert_false(discovery_url_check(span_of(url, sizeof url), false, NULL));
}

static void an_authority_leads_to_its_well_known_place_and_a_document_to_itself(void **state)
{
    static const struct {
        const char *configured, *fetched;
    } cases[] = {
        {"https://idp.example", "https://idp.example/.well-known/openid-configuration"},
        {"https://idp.example/", "https://idp.example/.well-known/openid-configuration"},
        {"https://idp.example/t/.well-known/openid-configuration/",
         "https://idp.example/t/.well-known/openid-configuration"},
        {"https://idp.example/auth/realms/prod",
         "https://idp.example/auth/realms/prod/.well-known/openid-configuration"},
        {"https://idp.example/auth/realms/prod/",
         "https://idp.example/auth/realms/prod/.well-known/openid-configuration"},
        {"https://idp.example/t/v2.0?appid=1", "https://idp.example/t/v2.0/.well-known/openid-configuration?appid=1"},
        {"https://idp.example/t/?p=/.well-known/",
         "https://idp.example/t/.well-known/openid-configuration?p=/.well-known/"},
        {"https://idp.example/t/.well-known/openid-configuration?appid=1",
         "https://idp.example/t/.well-known/openid-configuration?appid=1"},
        {"https://idp.example/.well-known/oauth-authorization-server/t",
         "https://idp.example/.well-known/oauth-authorization-server/t"},
        {"https://idp.example/t/openid-configuration", "https://idp.example/t/openid-configuration"},
        {"https://idp.example/metadata.json", "https://idp.example/metadata.json"},
        {"no url", "no url"},
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        AUTO(arena) arena = {0};
        assert_string_equal(discovery_url(&arena, span_str(cases[i].configured)), cases[i].fetched);
    }
}

static void a_document_needs_issuer_and_jwks_uri_as_texts_and_nothing_else(void **state)
{
    static const struct {
        const char *text;
        bool is_taken;
    } cases[] = {
        {"{\"issuer\":\"https://i\",\"jwks_uri\":\"https://i/k\"}", true},
        {"{\"issuer\":\"https://i/{tenantid}/v2.0\",\"jwks_uri\":\"https://other/k\",\"x\":[1,{}]}", true},
        {"{\"issuer\":\"any text\",\"jwks_uri\":\"http://127.0.0.1:1/k\"}", true},
        {"{\"issuer\":\"https:\\/\\/i\",\"jwks_uri\":\"https:\\/\\/i\\/k\"}", true},
        {"{\"issuer\":\"https://i\"}", false},
        {"{\"jwks_uri\":\"https://i/k\"}", false},
        {"{\"issuer\":\"\",\"jwks_uri\":\"https://i/k\"}", false},
        {"{\"issuer\":[\"https://i\"],\"jwks_uri\":\"https://i/k\"}", false},
        {"{\"issuer\":\"https://i\",\"jwks_uri\":7}", false},
        {"{\"issuer\":\"https://i\",\"jwks_uri\":\"http://i/k\"}", false},
        {"{\"issuer\":\"https://i\",\"jwks_uri\":\"/k\"}", false},
        {"{\"issuer\":\"https://i\\u0000x\",\"jwks_uri\":\"https://i/k\"}", false},
        {"{\"issuer\":\"https://i\",\"issuer\":\"https://j\",\"jwks_uri\":\"https://i/k\"}", false},
        {"[{\"issuer\":\"https://i\",\"jwks_uri\":\"https://i/k\"}]", false},
        {"{\"issuer\":\"https://i\",\"jwks_uri\":\"https://i/k\"", false},
        {"<html></html>", false},
        {"", false},
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        AUTO(arena) arena = {0};
        struct discovery discovery;
        struct err err = {0};
        bool is_taken = discovery_read(&discovery, &arena, span_str(cases[i].text), false, &err);
        if (is_taken != cases[i].is_taken)
            fail_msg("%s: %s", cases[i].text, is_taken ? "taken" : err.text);
        if (is_taken)
            assert_int_equal(discovery.jwks_uri.at[discovery.jwks_uri.len], '\0');
        else
            assert_int_equal(err.reason, REASON_DOCUMENT_INVALID);
    }
}

static void escapes_in_a_document_are_decoded(void **state)
{
    AUTO(arena) arena = {0};
    struct discovery discovery;
    (void)state;
    assert_true(discovery_read(&discovery, &arena,
                               SPAN("{\"issuer\":\"https:\\/\\/i\",\"jwks_uri\":\"https:\\/\\/i\\/k\"}"), false, NULL));
    assert_true(span_eq(discovery.issuer, SPAN("https://i")));
    assert_true(span_eq(discovery.jwks_uri, SPAN("https://i/k")));
}

static void a_checked_issuer_is_the_authority_of_the_url_to_the_letter(void **state)
{
    static const struct {
        const char *issuer, *url;
        bool is_same;
    } cases[] = {
        {"https://i/a", "https://i/a/.well-known/openid-configuration", true},
        {"https://i/a/", "https://i/a/.well-known/openid-configuration", true},
        {"https://i", "https://i/.well-known/openid-configuration?x=1", true},
        {"https://i/b", "https://i/a/.well-known/openid-configuration", false},
        {"https://I/a", "https://i/a/.well-known/openid-configuration", false},
        {"https://i/a//", "https://i/a/.well-known/openid-configuration", false},
        {"", "https://i/a/.well-known/openid-configuration", false},
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct discovery discovery = {.issuer = span_str(cases[i].issuer)};
        if (discovery_issuer_check(&discovery, span_str(cases[i].url), NULL) != cases[i].is_same)
            fail_msg("%s for %s", cases[i].issuer, cases[i].url);
    }
}

static void checked_hosts_are_equal_in_scheme_name_and_port(void **state)
{
    static const struct {
        const char *jwks_uri, *url;
        bool is_same;
    } cases[] = {
        {"https://i/k", "https://i/a", true},           {"https://I/k", "https://i/a", true},
        {"https://i:8443/k", "https://i:8443/a", true}, {"https://i:8443/k", "https://i/a", false},
        {"https://j/k", "https://i/a", false},          {"http://i/k", "https://i/a", false},
        {"https://i:443/k", "https://i/a", true},       {"https://i/k", "https://i:443/a", true},
        {"http://i:80/k", "http://i/a", true},          {"http://i:443/k", "http://i/a", false},
        {"https://i:80/k", "https://i/a", false},
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct discovery discovery = {.jwks_uri = span_str(cases[i].jwks_uri)};
        if (discovery_hosts_check(&discovery, span_str(cases[i].url), NULL) != cases[i].is_same)
            fail_msg("%s for %s", cases[i].jwks_uri, cases[i].url);
    }
}

static void a_proxy_is_host_and_port_and_no_way_off_the_machine_for_plain_http(void **state)
{
    static const struct {
        const char *url, *proxy;
        bool allow_http, is_taken;
    } cases[] = {
        {"https://i/a", "http://proxy.example:3128", false, true},
        {"https://i/a", "http://[2001:db8::1]:3128", false, true},
        {"https://i/a", "http://proxy.example", false, false}, /* libcurl would take 1080 */
        {"https://i/a", "http://proxy.example:0", false, false},
        {"https://i/a", "http://proxy.example:3128/", false, true},
        {"https://i/a", "http://proxy.example:3128/x", false, false},
        {"https://i/a", "http://proxy.example:3128/?", false, false},
        {"https://i/a", "http://proxy.example:3128?a", false, false},
        {"https://i/a", "http://user:pass@proxy.example:3128", false, false},
        {"https://i/a", "https://proxy.example:3128", false, false},
        {"https://i/a", "socks5://proxy.example:3128", false, false},
        {"https://i/a", "proxy.example:3128", false, false},
        {"https://i/a", "http://proxy example:3128", false, false},
        {"https://i/a", "", false, false},
        {"http://127.0.0.1/a", "http://proxy.example:3128", false, false},
        {"http://127.0.0.1/a", "http://proxy.example:3128", true, true},
        {"http://127.0.0.1/a", "http://127.0.0.1:3128", false, true},
        {"http://127.0.0.1/a", "http://127.0.0.1.example:3128", false, false},
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct err err = {0};
        bool is_taken =
            discovery_proxy_check(span_str(cases[i].url), span_str(cases[i].proxy), cases[i].allow_http, &err);
        if (is_taken != cases[i].is_taken)
            fail_msg("%s by %s: %s", cases[i].url, cases[i].proxy, is_taken ? "taken" : err.text);
        assert_null(strstr(err.text, "pass@"));
    }
}

#define SIGN_IN \
    "{\"issuer\":\"https://i\",\"authorization_endpoint\":\"https://i/a?p=1\",\"token_endpoint\":\"https://i/t\""

static void a_document_for_signing_in_names_endpoints_that_may_be_used(void **state)
{
    static const struct {
        const char *text;
        bool is_taken;
    } cases[] = {
        {SIGN_IN "}", true},
        {"{\"issuer\":\"https://i\",\"authorization_endpoint\":\"https://i/a\"}", false},
        {"{\"issuer\":\"https://i\",\"token_endpoint\":\"https://i/t\"}", false},
        {"{\"authorization_endpoint\":\"https://i/a\",\"token_endpoint\":\"https://i/t\"}", false},
        {"{\"issuer\":\"i\",\"authorization_endpoint\":\"http://127.0.0.1/a\",\"token_endpoint\":\"https://i/t\"}",
         true},
        {"{\"issuer\":\"i\",\"authorization_endpoint\":\"http://i/a\",\"token_endpoint\":\"https://i/t\"}", false},
        {"{\"issuer\":\"i\",\"authorization_endpoint\":\"https://i/a\",\"token_endpoint\":\"http://i/t\"}", false},
        {"{\"issuer\":\"i\",\"authorization_endpoint\":\"javascript:alert(1)\",\"token_endpoint\":\"https://i/t\"}",
         false},
        {"{\"issuer\":\"i\",\"authorization_endpoint\":\"https://i/a#f\",\"token_endpoint\":\"https://i/t\"}", false},
        {"{\"issuer\":\"i\",\"authorization_endpoint\":1,\"token_endpoint\":\"https://i/t\"}", false},
        {SIGN_IN ",\"authorization_response_iss_parameter_supported\":false}", true},
        {SIGN_IN ",\"authorization_response_iss_parameter_supported\":\"true\"}", false},
        {SIGN_IN ",\"token_endpoint_auth_methods_supported\":[]}", true},
        {SIGN_IN ",\"token_endpoint_auth_methods_supported\":\"none\"}", false},
        {SIGN_IN ",\"code_challenge_methods_supported\":{}}", false},
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        AUTO(arena) arena = {0};
        struct discovery_sign_in found = {0};
        struct err err = {0};
        if (discovery_read_sign_in(&found, &arena, span_str(cases[i].text), false, &err) != cases[i].is_taken)
            fail_msg("%s: %s", cases[i].text, err.text);
        if (!cases[i].is_taken)
            assert_int_equal(err.reason, REASON_DOCUMENT_INVALID);
    }
}

static void what_a_provider_can_do_is_what_its_document_says(void **state)
{
    static const struct {
        const char *text;
        bool promises_iss, takes_basic, takes_post, refuses_challenges;
    } cases[] = {
        {SIGN_IN "}", false, true, false, false},
        {SIGN_IN ",\"authorization_response_iss_parameter_supported\":true}", true, true, false, false},
        {SIGN_IN ",\"token_endpoint_auth_methods_supported\":[\"client_secret_post\",1]}", false, false, true, false},
        {SIGN_IN ",\"token_endpoint_auth_methods_supported\":[\"client_secret_post\",\"client_secret_basic\"]}", false,
         true, true, false},
        {SIGN_IN ",\"token_endpoint_auth_methods_supported\":[\"private_key_jwt\"]}", false, false, false, false},
        {SIGN_IN ",\"code_challenge_methods_supported\":[\"plain\",\"S256\"]}", false, true, false, false},
        {SIGN_IN ",\"code_challenge_methods_supported\":[\"plain\"]}", false, true, false, true},
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        AUTO(arena) arena = {0};
        struct discovery_sign_in found = {0};
        struct err err = {0};
        if (!discovery_read_sign_in(&found, &arena, span_str(cases[i].text), false, &err))
            fail_msg("%s: %s", cases[i].text, err.text);
        assert_string_equal(found.authorization_endpoint.at, "https://i/a?p=1");
        assert_string_equal(found.token_endpoint.at, "https://i/t");
        assert_int_equal(found.promises_iss, cases[i].promises_iss);
        assert_int_equal(found.takes_basic, cases[i].takes_basic);
        assert_int_equal(found.takes_post, cases[i].takes_post);
        assert_int_equal(found.refuses_challenges, cases[i].refuses_challenges);
    }
}

static void checks_of_a_provider_hold_its_endpoints_too(void **state)
{
    static const struct {
        const char *authorization, *token;
        bool is_held;
    } cases[] = {
        {"https://i/a", "https://i:443/t", true},
        {"https://j/a", "https://i/t", false},
        {"https://i/a", "https://j/t", false},
        {"https://i/a", "https://i:444/t", false},
    };
    struct discovery_sign_in found = {.issuer = SPAN("https://i/r")};
    struct span url = SPAN("https://i/r/.well-known/openid-configuration");
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        found.authorization_endpoint = span_str(cases[i].authorization);
        found.token_endpoint = span_str(cases[i].token);
        assert_int_equal(discovery_sign_in_hosts_check(&found, url, NULL), cases[i].is_held);
    }
    assert_true(discovery_sign_in_issuer_check(&found, url, NULL));
    found.issuer = SPAN("https://i/s");
    assert_false(discovery_sign_in_issuer_check(&found, url, NULL));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(urls_are_taken_only_where_every_reader_sees_the_same_host),
        cmocka_unit_test(a_url_of_2048_bytes_is_taken_and_one_byte_more_is_not),
        cmocka_unit_test(an_authority_leads_to_its_well_known_place_and_a_document_to_itself),
        cmocka_unit_test(a_document_needs_issuer_and_jwks_uri_as_texts_and_nothing_else),
        cmocka_unit_test(escapes_in_a_document_are_decoded),
        cmocka_unit_test(a_checked_issuer_is_the_authority_of_the_url_to_the_letter),
        cmocka_unit_test(checked_hosts_are_equal_in_scheme_name_and_port),
        cmocka_unit_test(a_document_for_signing_in_names_endpoints_that_may_be_used),
        cmocka_unit_test(what_a_provider_can_do_is_what_its_document_says),
        cmocka_unit_test(checks_of_a_provider_hold_its_endpoints_too),
        cmocka_unit_test(a_proxy_is_host_and_port_and_no_way_off_the_machine_for_plain_http),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
