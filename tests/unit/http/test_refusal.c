/* SPDX-License-Identifier: Apache-2.0 */
/* Goal: each error shape is the one promised, valid whatever the policy's message holds; a challenge has what RFC 6750
 * 3 demands and nothing that it forbids.  Method: tables.
 */
#include "http/refusal.h"
#include "unit.h"

static void bodies_have_the_shape_of_the_route(void **state)
{
    static const struct {
        struct refusal refusal;
        const char *type, *body;
    } cases[] = {
        {{.status = 401, .shape = SHAPE_APIM, .message = SPAN_INIT("JWT not present.")},
         "application/json",
         "{\"statusCode\":401,\"message\":\"JWT not present.\"}"},
        {{.status = 404, .shape = SHAPE_PROBLEM, .message = SPAN_INIT("Resource not found.")},
         "application/problem+json",
         "{\"type\":\"about:blank\",\"title\":\"Not Found\",\"status\":404,\"detail\":\"Resource not found.\"}"},
        {{.status = 404, .shape = SHAPE_ODATA, .message = SPAN_INIT("Resource not found.")},
         "application/json",
         "{\"error\":{\"code\":\"NotFound\",\"message\":\"Resource not found.\"}}"},
        {{.status = 401, .shape = SHAPE_ODATA, .message = SPAN_INIT("no"), .description = SPAN_INIT("TokenExpired")},
         "application/json",
         "{\"error\":{\"code\":\"TokenExpired\",\"message\":\"no\"}}"},
        {{.status = 431, .shape = SHAPE_ODATA, .message = SPAN_INIT("")},
         "application/json",
         "{\"error\":{\"code\":\"RequestHeaderFieldsTooLarge\",\"message\":\"\"}}"},
        {{.status = 400, .shape = SHAPE_APIM, .message = SPAN_INIT("a\"b\\c\n\xff")},
         "application/json",
         "{\"statusCode\":400,\"message\":\"a\\\"b\\\\c\\n\xef\xbf\xbd\"}"},
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        AUTO(buf) body = {0};
        assert_true(refusal_body(&cases[i].refusal, &body));
        assert_span(buf_span(&body), cases[i].body);
        assert_span(refusal_type(&cases[i].refusal), cases[i].type);
    }
}

static void a_challenge_names_the_realm_and_the_error_where_a_token_was_sent(void **state)
{
    static const struct {
        struct refusal refusal;
        const char *challenge;
    } cases[] = {
        {{.realm = SPAN_INIT("ifs")}, "Bearer realm=\"ifs\""},
        {{.realm = {NULL, 0}, .error = SPAN_INIT("invalid_token")}, ""},
        {{.realm = SPAN_INIT("ifs"), .error = SPAN_INIT("invalid_token")},
         "Bearer realm=\"ifs\", error=\"invalid_token\""},
        {{.realm = SPAN_INIT("ifs"), .error = SPAN_INIT("invalid_token"), .description = SPAN_INIT("TokenExpired")},
         "Bearer realm=\"ifs\", error=\"invalid_token\", error_description=\"TokenExpired\""},
        {{.realm = SPAN_INIT("a\"b\\c\r\nd\xc3"), .error = SPAN_INIT("x")},
         "Bearer realm=\"a\\\"b\\\\cd\", error=\"x\""},
        {{.realm = SPAN_INIT("r"), .error = SPAN_INIT("x"), .description = SPAN_INIT("a\"b\\c\x7f\x01 d")},
         "Bearer realm=\"r\", error=\"x\", error_description=\"abc d\""},
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        AUTO(buf) out = {0};
        assert_true(refusal_challenge(&cases[i].refusal, &out));
        assert_span(buf_span(&out), cases[i].challenge);
    }
}

/* RFC 9449 7.1, RFC 9449 7.2 */
static void a_challenge_for_dpop_lists_algorithms_and_has_the_error_of_its_own_scheme(void **state)
{
    static const struct {
        struct refusal refusal;
        const char *bearer, *dpop;
    } rows[] = {
        {{.realm = SPAN_INIT("r"), .challenge = CHALLENGE_DPOP, .algs = SPAN_INIT("ES256 PS256")},
         "Bearer realm=\"r\"",
         "DPoP realm=\"r\", algs=\"ES256 PS256\""},
        {{.realm = SPAN_INIT("a\"b"),
          .challenge = CHALLENGE_DPOP,
          .error = SPAN_INIT("use_dpop_nonce"),
          .description = SPAN_INIT("JwtInvalid"),
          .algs = SPAN_INIT("ES256"),
          .metadata = SPAN_INIT("https://m")},
         "Bearer realm=\"a\\\"b\", error=\"use_dpop_nonce\", error_description=\"JwtInvalid\", "
         "resource_metadata=\"https://m\"",
         "DPoP realm=\"a\\\"b\", error=\"use_dpop_nonce\", error_description=\"JwtInvalid\", algs=\"ES256\", "
         "resource_metadata=\"https://m\""},
        {{.realm = SPAN_INIT("r"),
          .challenge = CHALLENGE_BOTH,
          .error = SPAN_INIT("invalid_token"),
          .algs = SPAN_INIT("ES256")},
         "Bearer realm=\"r\", error=\"invalid_token\"",
         "DPoP realm=\"r\", algs=\"ES256\""},
        {{.challenge = CHALLENGE_BOTH, .algs = SPAN_INIT("ES256")}, "", ""},
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        AUTO(buf) bearer = {0};
        AUTO(buf) dpop = {0};
        assert_true(refusal_challenge(&rows[i].refusal, &bearer));
        assert_true(refusal_challenge_dpop(&rows[i].refusal, &dpop));
        assert_span(buf_span(&bearer), rows[i].bearer);
        assert_span(buf_span(&dpop), rows[i].dpop);
    }
}

static void a_buffer_that_is_full_is_told(void **state)
{
    struct refusal refusal = {.status = 401, .shape = SHAPE_PROBLEM, .message = SPAN("m"), .realm = SPAN("r")};
    (void)state;
    AUTO(buf) body = {.bytes_max = 20};
    AUTO(buf) challenge = {.bytes_max = 10};
    assert_false(refusal_body(&refusal, &body));
    assert_false(refusal_challenge(&refusal, &challenge));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bodies_have_the_shape_of_the_route),
        cmocka_unit_test(a_challenge_names_the_realm_and_the_error_where_a_token_was_sent),
        cmocka_unit_test(a_challenge_for_dpop_lists_algorithms_and_has_the_error_of_its_own_scheme),
        cmocka_unit_test(a_buffer_that_is_full_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
