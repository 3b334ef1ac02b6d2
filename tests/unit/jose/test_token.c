/* SPDX-License-Identifier: Apache-2.0 */
/* The shape of compact tokens and their header, before anything is trusted (RFC 7515 3.1, 4.1). */
#include "jose/b64url.h"
#include "jose/token.h"

#include <stdarg.h>
#include <setjmp.h>
#include <cmocka.h>
#include <stdio.h>

enum { TOKEN_BYTES_MAX = 4096, DEPTH = 4 };
static const struct token_limits limits = {TOKEN_BYTES_MAX, DEPTH};

static bool reads(struct token *token, struct arena *arena, struct span text, struct err *err)
{
    return token_read(token, arena, text, &limits, err);
}

/* A token with this header, the payload `{}` and `signature` as third part. */
static struct span with_header(struct arena *arena, const char *header, const char *signature)
{
    char *encoded = arena_take(arena, b64url_chars(strlen(header)) + 1);
    assert_non_null(encoded);
    b64url_encode(header, strlen(header), encoded);
    return span_str(arena_printf(arena, "%s.e30.%s", encoded, signature));
}

static void rfc_7515_a_1_is_taken_apart(void **state)
{
    (void)state;
    static const struct span text =
        SPAN_INIT("eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9."
                  "eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ."
                  "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk");
    AUTO(arena) arena = {0};
    struct token token;
    struct err err;
    assert_true(reads(&token, &arena, text, &err));
    assert_int_equal(token.alg, ALG_HS256);
    assert_true(span_eq(token.typ, SPAN("JWT")));
    assert_int_equal(token.kid.len, 0);
    assert_int_equal(token.signature.len, 32);
    assert_int_equal((unsigned char)token.signature.at[0], 116);
    assert_int_equal(token.signing_input.len, text.len - 44);
    assert_true(span_starts(token.payload_text, SPAN("eyJpc3Mi")));
    assert_false(token.is_unsigned || token.is_encrypted);
}

static void rfc_7515_a_5_is_unsigned(void **state)
{
    (void)state;
    AUTO(arena) arena = {0};
    struct token token;
    struct err err;
    assert_true(reads(&token, &arena, SPAN("eyJhbGciOiJub25lIn0.eyJpc3MiOiJqb2UifQ."), &err));
    assert_true(token.is_unsigned);
    assert_int_equal(token.alg, ALG_UNKNOWN);
}

static void header_texts_are_read_unescaped(void **state)
{
    (void)state;
    AUTO(arena) arena = {0};
    struct token token;
    struct err err;
    struct span text = with_header(
        &arena, "{\"\\u0061lg\":\"RS256\",\"kid\":\"a\\u0000b\",\"x5t\":\"t\",\"typ\":\"at+jwt\",\"x\":{}}", "AA");
    assert_true(reads(&token, &arena, text, &err));
    assert_int_equal(token.alg, ALG_RS256);
    assert_true(span_eq(token.kid, SPAN("a\0b")));
    assert_true(span_eq(token.x5t, SPAN("t")));
    assert_true(span_eq(token.typ, SPAN("at+jwt")));
}

static const struct {
    const char *good, *bad, *signature, *text;
} headers[] = {
    {"{\"alg\":\"RS256\"}", "{\"typ\":\"JWT\"}", "AA", "alg is missing"},
    {"{\"alg\":\"RS256\"}", "{\"alg\":\"\"}", "AA", "alg is missing"},
    {"{\"alg\":\"RS256\"}", "{\"alg\":null}", "AA", "alg is no string"},
    {"{\"alg\":\"RS256\"}", "{\"alg\":256}", "AA", "alg is no string"},
    {"{\"alg\":\"RS256\"}", "{\"alg\":[\"RS256\"]}", "AA", "alg is no string"},
    {"{\"alg\":\"RS256\"}", "{\"alg\":{\"RS256\":1}}", "AA", "alg is no string"},
    {"{\"alg\":\"RS256\"}", "{\"alg\":true}", "AA", "alg is no string"},
    {"{\"alg\":\"RS256\"}", "{\"alg\":\"RS256\",\"alg\":\"none\"}", "AA", "stands twice"},
    {"{\"alg\":\"RS256\",\"kid\":\"1\"}", "{\"alg\":\"RS256\",\"kid\":1}", "AA", "kid is no string"},
    {"{\"alg\":\"RS256\",\"kid\":\"\"}", "{\"alg\":\"RS256\",\"kid\":null}", "AA", "kid is no string"},
    {"{\"alg\":\"RS256\",\"kid\":\"1\"}", "{\"alg\":\"RS256\",\"kid\":[\"1\"]}", "AA", "kid is no string"},
    {"{\"alg\":\"RS256\",\"kid\":\"1\"}", "{\"alg\":\"RS256\",\"kid\":\"1\",\"kid\":\"2\"}", "AA", "stands twice"},
    {"{\"alg\":\"RS256\",\"x5t\":\"1\"}", "{\"alg\":\"RS256\",\"x5t\":1}", "AA", "x5t is no string"},
    {"{\"alg\":\"RS256\",\"typ\":\"1\"}", "{\"alg\":\"RS256\",\"typ\":{}}", "AA", "typ is no string"},
    {"{\"alg\":\"RS256\",\"cri\":[\"x\"]}", "{\"alg\":\"RS256\",\"crit\":[\"x\"],\"x\":1}", "AA", "crit asks"},
    {"{\"alg\":\"RS256\"}", "{\"alg\":\"RS256\",\"crit\":[]}", "AA", "crit asks"},
    {"{\"alg\":\"RS256\"}", "{\"alg\":\"RS256\",\"crit\":\"exp\"}", "AA", "crit asks"},
    {"{\"alg\":\"RS256\"}", "{\"alg\":\"RS256\",\"crit\":null}", "AA", "crit asks"},
    {"{\"alg\":\"RS256\"}", "{\"alg\":\"RS256\",\"b64\":false,\"crit\":[\"b64\"]}", "AA", "crit asks"},
    {"{\"alg\":\"RS256\"}", "{\"alg\":\"RS256\",\"b64\":false}", "AA", "b64 asks"},
    {"{\"alg\":\"RS256\"}", "{\"alg\":\"RS256\",\"b64\":true}", "AA", "b64 asks"},
    {"{\"alg\":\"RS256\"}", "[\"alg\"]", "AA", "no JSON object"},
    {"{\"alg\":\"RS256\"}", "\"alg\"", "AA", "no JSON object"},
    {"{\"alg\":\"RS256\"}", "1", "AA", "no JSON object"},
    {"{\"alg\":\"RS256\"}", "", "AA", "ends too early"},
    {"{\"alg\":\"RS256\"}", "{\"alg\":\"RS256\"}x", "AA", "bytes behind"},
    {"{\"alg\":\"RS256\",\"x\":[[[]]]}", "{\"alg\":\"RS256\",\"x\":[[[[]]]]}", "AA", "brackets deep"},
    {"{\"alg\":\"none\"}", "{\"alg\":\"None\"}", "", "there is no signature"},
    {"{\"alg\":\"none\"}", "{\"alg\":\"none \"}", "", "there is no signature"},
    {"{\"alg\":\"none\"}", "{\"alg\":\"none\\u0000\"}", "", "there is no signature"},
    {"{\"alg\":\"none\"}", "{\"alg\":\"RS256\"}", "", "there is no signature"},
    {"{\"alg\":\"RS256\"}", "{\"alg\":\"none\"}", "AA", "there is a signature"},
};

/* RFC 7515 4.1.11, RFC 7518 3.6, RFC 7797 6, and plain types. */
static void a_header_that_could_be_read_in_two_ways_is_refused(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(headers); i++) {
        AUTO(arena) arena = {0};
        struct token token;
        struct err err = {0};
        assert_true(reads(&token, &arena, with_header(&arena, headers[i].good, headers[i].signature), &err));
        if (reads(&token, &arena, with_header(&arena, headers[i].bad, headers[i].signature), &err) ||
            strstr(err.text, headers[i].text) == NULL)
            fail_msg("%s: %s", headers[i].bad, err.text);
        assert_int_equal(err.reason, REASON_JWT_INVALID);
    }
}

/* Attacks E1-E8, next to the token they are made from. */
#define HEAD "eyJhbGciOiJSUzI1NiJ9"
static const struct {
    struct span text;
    const char *why;
} shapes[] = {
    {SPAN_INIT(""), "1 part;"},
    {SPAN_INIT(HEAD), "1 part;"},
    {SPAN_INIT(HEAD ".e30"), "2 parts"},
    {SPAN_INIT(HEAD ".e30.AA.AA"), "4 parts"},
    {SPAN_INIT(HEAD ".e30.AA.AA.AA.AA"), "more than 5 parts"},
    {SPAN_INIT("." HEAD ".e30.AA"), "4 parts"},
    {SPAN_INIT(HEAD ".e30.AA."), "4 parts"},
    {SPAN_INIT(HEAD "..e30.AA"), "4 parts"},
    {SPAN_INIT(".e30.AA"), "header"},
    {SPAN_INIT(HEAD ".e30.AA="), "signature"},
    {SPAN_INIT(HEAD ".e30=.AA"), "payload"},
    {SPAN_INIT(HEAD "=.e30.AA"), "header"},
    {SPAN_INIT(HEAD ".e30.AB"), "signature"},
    {SPAN_INIT(HEAD ".e31.AA"), "payload"},
    {SPAN_INIT(HEAD ".e30.AAAAA"), "signature"},
    {SPAN_INIT(HEAD ".e30.A+"), "signature"},
    {SPAN_INIT(HEAD ".e3 0.AA"), "payload"},
    {SPAN_INIT(" " HEAD ".e30.AA"), "header"},
    {SPAN_INIT(HEAD ".e30.AA\n"), "signature"},
    {SPAN_INIT(HEAD "%2Ee30%2EAA"), "1 part;"},
    {SPAN_INIT("{\"payload\":\"e30\",\"signatures\":[{\"protected\":\"" HEAD "\",\"signature\":\"AA\"}]}"), "1 part;"},
    {SPAN_INIT("{\"a\":\"" HEAD ".e30.AA\"}"), "header"},
};

static void other_shapes_are_refused(void **state)
{
    (void)state;
    AUTO(arena) arena = {0};
    struct token token;
    struct err err = {0};
    assert_true(reads(&token, &arena, SPAN(HEAD ".e30.AA"), &err));
    assert_true(reads(&token, &arena, SPAN(HEAD "..AA"), &err));
    for (size_t i = 0; i < COUNT_OF(shapes); i++) {
        if (reads(&token, &arena, shapes[i].text, &err) || strstr(err.text, shapes[i].why) == NULL)
            fail_msg("%.*s: %s", SPAN_ARG(shapes[i].text), err.text);
        assert_int_equal(err.reason, REASON_JWT_INVALID);
    }
}

static void five_parts_are_an_encrypted_token_not_looked_into(void **state)
{
    (void)state;
    AUTO(arena) arena = {0};
    struct token token;
    struct err err;
    assert_true(reads(&token, &arena, SPAN("a.b.c.d.e"), &err));
    assert_true(token.is_encrypted);
    assert_true(reads(&token, &arena, SPAN("...."), &err));
    assert_int_equal(arena.bytes, 0);
}

static void thousands_of_dots_cost_no_memory(void **state)
{
    (void)state;
    static char dots[TOKEN_BYTES_MAX];
    memset(dots, '.', sizeof dots);
    AUTO(arena) arena = {0};
    struct token token;
    struct err err;
    assert_false(reads(&token, &arena, span_of(dots, sizeof dots), &err));
    assert_int_equal(arena.bytes, 0);
}

static void a_token_of_the_limit_is_read_and_one_byte_more_is_not(void **state)
{
    (void)state;
    char text[] = HEAD ".e30.AAAA";
    struct span whole = span_str(text);
    struct token_limits tight = {whole.len, DEPTH};
    AUTO(arena) arena = {0};
    struct token token;
    struct err err;
    assert_true(token_read(&token, &arena, whole, &tight, &err));
    tight.token_bytes_max--;
    assert_false(token_read(&token, &arena, whole, &tight, &err));
    assert_int_equal(err.reason, REASON_JWT_INVALID);
}

static void the_short_hash_is_the_beginning_of_the_sha_256(void **state)
{
    (void)state;
    char out[13];
    token_short_hash(SPAN("abc"), out);
    assert_string_equal(out, "ungWv48Bz-pB");
    token_short_hash((struct span){NULL, 0}, out);
    assert_string_equal(out, "47DEQpj8HBSa");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rfc_7515_a_1_is_taken_apart),
        cmocka_unit_test(rfc_7515_a_5_is_unsigned),
        cmocka_unit_test(header_texts_are_read_unescaped),
        cmocka_unit_test(a_header_that_could_be_read_in_two_ways_is_refused),
        cmocka_unit_test(other_shapes_are_refused),
        cmocka_unit_test(five_parts_are_an_encrypted_token_not_looked_into),
        cmocka_unit_test(thousands_of_dots_cost_no_memory),
        cmocka_unit_test(a_token_of_the_limit_is_read_and_one_byte_more_is_not),
        cmocka_unit_test(the_short_hash_is_the_beginning_of_the_sha_256),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
