/* SPDX-License-Identifier: Apache-2.0 */
/* Messages of signing in: what goes out is encoded whatever it holds, what comes in is read to the letter. */
#include "admin/sign_in.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

static struct login login_of(const char *client_id)
{
    return (struct login){.state = "S",
                          .nonce = "N",
                          .verifier = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk",
                          .terms = {.client_id = span_str(client_id), .redirect_uri = SPAN("http://h:1/callback")}};
}

static void the_address_keeps_the_endpoints_query_and_encodes_all_else(void **state)
{
    static const struct span scopes[] = {SPAN_INIT("openid"), SPAN_INIT("api://x/.default")};
#define REST                                                                                                        \
    "response_type=code&client_id=a%26b%3D%20%C3%A4&redirect_uri=http%3A%2F%2Fh%3A1%2Fcallback&scope="              \
    "openid%20api%3A%2F%2Fx%2F.default&state=S&nonce=N&code_challenge=E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM&" \
    "code_challenge_method=S256&prompt=select%20account"
    static const struct {
        const char *endpoint, *address;
    } cases[] = {
        {"https://i/a", "https://i/a?" REST},
        {"https://i/a?", "https://i/a?" REST},
        {"https://i/a?p=B2C_1", "https://i/a?p=B2C_1&" REST},
        {"https://i/a?p=B2C_1&", "https://i/a?p=B2C_1&" REST},
    };
    struct node parameter = {.kind = NODE_TEXT, .key = SPAN("prompt"), .text = SPAN("select account")};
    const struct node parameters = {.kind = NODE_MAP, .children = &parameter};
    const struct console_settings settings = {.scopes = {.at = scopes, .count = 2}, .parameters = &parameters};
    const struct login login = login_of("a&b= \xc3\xa4");
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        AUTO(buf) out = {0};
        assert_true(sign_in_put_location(&out, span_str(cases[i].endpoint), &login, &settings, NULL));
        buf_add_char(&out, '\0');
        assert_string_equal(buf_span(&out).at, cases[i].address);
    }
}

static void without_scopes_openid_is_asked_for(void **state)
{
    AUTO(buf) out = {0};
    const struct console_settings settings = {.scopes = {.count = 0}};
    const struct login login = login_of("c");
    (void)state;
    assert_true(sign_in_put_location(&out, SPAN("https://i/a"), &login, &settings, NULL));
    assert_true(span_holds(buf_span(&out), SPAN("&scope=openid&")));
}

static void a_query_has_a_state_and_one_of_code_and_error_each_once(void **state)
{
    static const struct {
        const char *query;
        bool is_read;
    } cases[] = {
        {"?code=c&state=s", true},
        {"?state=s&code=c&session_state=x&session_state=y", true},
        {"?error=e&state=s", true},
        {"?error=e&error_description=a+b%2Bc&state=s&iss=https%3A%2F%2Fi", true},
        {"?code=c&state=s&", true},
        {"?code=c", false},
        {"?state=s", false},
        {"?code=&state=s", false},
        {"?code=c&state=", false},
        {"?code=c&error=e&state=s", false},
        {"?code=c&code=c&state=s", false},
        {"?code=c&state=s&state=s", false},
        {"?c%6Fde=c&code=c&state=s", false},
        {"?code=c&state=s&iss=a&iss=a", false},
        {"?code=%zz&state=s", false},
        {"?code=%4&state=s", false},
        {"?", false},
        {"", false},
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        AUTO(arena) arena = {0};
        struct sign_in_return found;
        struct err err = {0};
        if (sign_in_read_return(&found, &arena, span_str(cases[i].query), &err) != cases[i].is_read)
            fail_msg("%s: %s", cases[i].query, err.text);
        if (!cases[i].is_read)
            assert_int_equal(err.reason, REASON_BAD_REQUEST);
    }
}

static void a_plus_is_a_blank_and_an_encoded_one_is_a_plus(void **state)
{
    AUTO(arena) arena = {0};
    struct sign_in_return found;
    (void)state;
    assert_true(sign_in_read_return(&found, &arena, SPAN("?state=a+b&code=a%2Bb"), NULL));
    assert_true(span_eq(found.state, SPAN("a b")));
    assert_true(span_eq(found.code, SPAN("a+b")));
    assert_null(found.iss.at);
    assert_true(sign_in_read_return(&found, &arena, SPAN("?state=a&code=b&iss="), NULL));
    assert_non_null(found.iss.at); /* there, if empty */
}

/* RFC 9207 2.4 */
static void an_answer_is_of_the_issuer_that_was_asked(void **state)
{
    static const struct {
        const char *iss;
        bool promises, is_taken;
    } cases[] = {
        {"https://i", true, true}, {"https://i", false, true}, {NULL, false, true},          {NULL, true, false},
        {"", true, false},         {"", false, false},         {"https://i/", false, false}, {"https://j", true, false},
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        const struct login_terms terms = {.issuer = SPAN("https://i"), .promises_iss = cases[i].promises};
        assert_int_equal(sign_in_iss_check(&terms, span_str(cases[i].iss), NULL), cases[i].is_taken);
    }
}

/* RFC 6749 2.3.1: identifier and secret are encoded as in a form before they are put into Basic. */
static void a_client_shows_its_secret_in_one_way(void **state)
{
    AUTO(buf) basic = {0};
    AUTO(buf) public_form = {0};
    AUTO(buf) basic_form = {0};
    AUTO(buf) posting_form = {0};
    struct login login = login_of("c:d");
    (void)state;
    assert_true(sign_in_put_basic(&basic, SPAN("c:d"), SPAN("s+ \xc3\xa4"), NULL));
    assert_true(span_eq(buf_span(&basic), SPAN("Basic YyUzQWQ6cyUyQiUyMCVDMyVBNA==")));
#define FORM                                                                                             \
    "grant_type=authorization_code&code=x%2By&redirect_uri=http%3A%2F%2Fh%3A1%2Fcallback&code_verifier=" \
    "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
    struct span none = {NULL, 0};
    assert_true(sign_in_put_exchange(&public_form, &login, SPAN("x+y"), none, NULL));
    assert_true(sign_in_put_exchange(&basic_form, &login, SPAN("x+y"), SPAN("s"), NULL));
    login.terms.posts_secret = true;
    assert_true(sign_in_put_exchange(&posting_form, &login, SPAN("x+y"), SPAN("s&t"), NULL));
    assert_true(span_ends(buf_span(&public_form), SPAN(FORM "&client_id=c%3Ad")));
    assert_true(span_ends(buf_span(&basic_form), SPAN(FORM)));
    assert_true(span_ends(buf_span(&posting_form), SPAN(FORM "&client_id=c%3Ad&client_secret=s%26t")));
}

static void tokens_are_read_to_the_letter(void **state)
{
    static const struct {
        const char *body;
        unsigned status;
        bool is_read;
        int64_t expires_in_s;
    } cases[] = {
        {"{\"access_token\":\"a\",\"token_type\":\"bearer\",\"expires_in\":60}", 200, true, 60},
        {"{\"access_token\":\"a\",\"token_type\":\"Bearer\",\"expires_in\":\"60\"}", 200, true, 60},
        {"{\"access_token\":\"a\"}", 200, true, -1},
        {"{\"access_token\":\"a\",\"expires_in\":-1}", 200, true, -1},
        {"{\"access_token\":\"a\",\"expires_in\":1e99}", 200, true, -1},
        {"{\"access_token\":\"a\",\"expires_in\":\"soon\"}", 200, true, -1},
        {"{\"access_token\":\"a\",\"token_type\":\"DPoP\"}", 200, false, 0},
        {"{\"access_token\":\"\"}", 200, false, 0},
        {"{\"access_token\":7}", 200, false, 0},
        {"{\"id_token\":\"a\"}", 200, false, 0},
        {"{\"access_token\":\"a\",\"access_token\":\"b\"}", 200, false, 0},
        {"[]", 200, false, 0},
        {"", 200, false, 0},
        {"{\"access_token\":\"a\"}", 201, false, 0},
        {"{\"error\":\"invalid_grant\"}", 400, false, 0},
        {"oops", 500, false, 0},
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        AUTO(arena) arena = {0};
        struct sign_in_tokens tokens;
        struct err err = {0};
        if (sign_in_read_tokens(&tokens, &arena, cases[i].status, span_str(cases[i].body), &err) != cases[i].is_read)
            fail_msg("%s: %s", cases[i].body, err.text);
        if (cases[i].is_read)
            assert_int_equal(tokens.expires_in_s, cases[i].expires_in_s);
        else
            assert_int_equal(err.reason, REASON_FETCH_FAILED);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_address_keeps_the_endpoints_query_and_encodes_all_else),
        cmocka_unit_test(without_scopes_openid_is_asked_for),
        cmocka_unit_test(a_query_has_a_state_and_one_of_code_and_error_each_once),
        cmocka_unit_test(a_plus_is_a_blank_and_an_encoded_one_is_a_plus),
        cmocka_unit_test(an_answer_is_of_the_issuer_that_was_asked),
        cmocka_unit_test(a_client_shows_its_secret_in_one_way),
        cmocka_unit_test(tokens_are_read_to_the_letter),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
