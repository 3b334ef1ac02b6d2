/* SPDX-License-Identifier: Apache-2.0 */
/* Claims: a wrong type is a failed claim, not an absent one; any claim as the texts that policies compare. */
#include "jose/claims.h"

#include <stdarg.h>
#include <setjmp.h>
#include <cmocka.h>
#include <stdio.h>

enum { DEPTH = 16 };

static const struct {
    const char *json;
    enum claim_state state;
    int64_t at_s;
} times[] = {
    {"{}", CLAIM_ABSENT, 0},
    {"{\"EXP\":1}", CLAIM_ABSENT, 0},
    {"{\"x\":{\"exp\":1}}", CLAIM_ABSENT, 0},
    {"{\"exp\":1700000000}", CLAIM_PRESENT, 1700000000},
    {"{\"e\\u0078p\":1700000000}", CLAIM_PRESENT, 1700000000},
    {"{\"exp\":1700000000.5}", CLAIM_PRESENT, 1700000000},
    {"{\"exp\":-1}", CLAIM_PRESENT, -1},
    {"{\"exp\":\"1700000000\"}", CLAIM_MALFORMED, 0},
    {"{\"exp\":null}", CLAIM_MALFORMED, 0},
    {"{\"exp\":true}", CLAIM_MALFORMED, 0},
    {"{\"exp\":[1700000000]}", CLAIM_MALFORMED, 0},
    {"{\"exp\":{}}", CLAIM_MALFORMED, 0},
    {"{\"exp\":1e400}", CLAIM_MALFORMED, 0},
    {"{\"exp\":18446744073709551616}", CLAIM_MALFORMED, 0},
};

static void times_are_numbers_in_range_or_malformed(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(times); i++) {
        AUTO(arena) arena = {0};
        struct claims claims;
        struct err err;
        assert_true(claims_read_json(&claims, &arena, span_str(times[i].json), DEPTH, &err));
        assert_int_equal(claims.exp.state, times[i].state);
        if (times[i].state == CLAIM_PRESENT)
            assert_int_equal(claims.exp.at_s, times[i].at_s);
        assert_int_equal(claims.nbf.state, CLAIM_ABSENT);
    }
}

static void texts_are_strings_or_malformed(void **state)
{
    (void)state;
    AUTO(arena) arena = {0};
    struct claims claims;
    struct err err;
    struct span json = SPAN("{\"iss\":\"i\\u0000\",\"sub\":[\"s\"],\"tid\":null,\"nbf\":1,\"iat\":2}");
    assert_true(claims_read_json(&claims, &arena, json, DEPTH, &err));
    assert_int_equal(claims.iss.state, CLAIM_PRESENT);
    assert_true(span_eq(claims.iss.text, SPAN("i\0")));
    assert_int_equal(claims.sub.state, CLAIM_MALFORMED);
    assert_int_equal(claims.tid.state, CLAIM_MALFORMED);
    assert_int_equal(claims.jti.state, CLAIM_ABSENT);
    assert_int_equal(claims.nbf.at_s, 1);
    assert_int_equal(claims.iat.at_s, 2);
}

static void a_payload_is_base64url_of_an_object(void **state)
{
    (void)state;
    static const char *const bad[] = {"", "W10", "bnVsbA", "MQ", "ImEi", "e30=", "e30K!", "e30ge30"};
    AUTO(arena) arena = {0};
    struct claims claims;
    struct err err;
    assert_true(claims_read(&claims, &arena, SPAN("e30"), DEPTH, &err));
    for (size_t i = 0; i < COUNT_OF(bad); i++) {
        assert_false(claims_read(&claims, &arena, span_str(bad[i]), DEPTH, &err));
        assert_int_equal(err.reason, REASON_JWT_INVALID);
        assert_true(span_starts(span_str(err.text), SPAN("payload")));
    }
}

static void a_copy_stands_without_its_original(void **state)
{
    (void)state;
    struct claims copy;
    void *memory;
    {
        AUTO(arena) arena = {0};
        struct claims claims;
        struct err err;
        assert_true(
            claims_read_json(&claims, &arena, SPAN("{\"exp\":5,\"iss\":\"i\\u0041\",\"sub\":\"s\"}"), DEPTH, &err));
        memory = malloc(claims_bytes(&claims));
        assert_non_null(memory);
        claims_copy(&claims, memory, &copy);
        memset(claims.tape.text, 0, claims.tape.text_len);
    }
    assert_int_equal(copy.exp.at_s, 5);
    assert_true(span_eq(copy.iss.text, SPAN("iA")));
    assert_true(span_eq(copy.sub.text, SPAN("s")));
    assert_int_equal(copy.tid.state, CLAIM_ABSENT);
    free(memory);
}

/* Texts of the claim joined by `|`; what stands before is: - absent, a array, s only strings. */
static const struct {
    const char *json, *name;
    bool is_path;
    const char *want;
} values[] = {
    {"{\"c\":\"a b\"}", "c", false, "s:a b"},
    {"{\"c\":\"\"}", "c", false, "s:"},
    {"{}", "c", false, "-s"},
    {"{\"c\":null}", "c", false, "-s"},
    {"{\"C\":\"x\"}", "c", false, "-s"},
    {"{\"c\":true}", "c", false, ":true"},
    {"{\"c\":false}", "c", false, ":false"},
    {"{\"c\":1}", "c", false, ":1"},
    {"{\"c\":-0}", "c", false, ":-0"},
    {"{\"c\":123456789012345678901234567890}", "c", false, ":123456789012345678901234567890"},
    {"{\"c\":1.0}", "c", false, ":1.0"},
    {"{\"c\":1.50}", "c", false, ":1.5"},
    {"{\"c\":0.1}", "c", false, ":0.1"},
    {"{\"c\":0.30000000000000004}", "c", false, ":0.30000000000000004"},
    {"{\"c\":1e2}", "c", false, ":100.0"},
    {"{\"c\":-120.00}", "c", false, ":-120.0"},
    {"{\"c\":1e16}", "c", false, ":10000000000000000.0"},
    {"{\"c\":0.0}", "c", false, ":0.0"},
    {"{\"c\":-0.0}", "c", false, ":-0.0"},
    {"{\"c\":1E22}", "c", false, ":1e+22"},
    {"{\"c\":-2.5e-7}", "c", false, ":-2.5e-07"},
    {"{\"c\":1e400}", "c", false, ":1e400"},
    {"{\"c\":{\"a\": 1}}", "c", false, ":{\"a\": 1}"},
    {"{\"c\":[]}", "c", false, "as"},
    {"{\"c\":[\"a\",\"b\"]}", "c", false, "as:a|b"},
    {"{\"c\":[\"a\",1,true,null,[\"x\"],{}]}", "c", false, "a:a|1|true|[\"x\"]|{}"},
    {"{\"c\":[null,null]}", "c", false, "a"},
    {"{\"a/b\":\"flat\",\"a\":{\"b\":\"nested\"}}", "a/b", false, "s:flat"},
    {"{\"a/b\":\"flat\",\"a\":{\"b\":\"nested\"}}", "a/b", true, "s:nested"},
    {"{\"realm_access\":{\"roles\":[\"x\",\"y\"]}}", "realm_access/roles", true, "as:x|y"},
    {"{\"a\":{\"b\":{\"c\":7}}}", "a/b/c", true, ":7"},
    {"{\"a\":{\"b\":{\"c\":7}}}", "a/x/c", true, "-s"},
    {"{\"a\":[\"b\"]}", "a/b", true, "-s"},
    {"{\"a\":\"b\"}", "a/b", true, "-s"},
    {"{\"a\":{\"b\":null}}", "a/b", true, "-s"},
    {"{\"a\":1}", "a", true, ":1"},
    {"{\"a\":{\"\":1}}", "a/", true, ":1"},
};

static void a_claim_is_a_list_of_texts(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(values); i++) {
        AUTO(arena) arena = {0};
        struct claims claims;
        struct claim_values got;
        struct err err;
        char text[200] = "";
        assert_true(claims_read_json(&claims, &arena, span_str(values[i].json), DEPTH, &err));
        assert_true(claims_values(&claims, &arena, span_str(values[i].name), values[i].is_path, &got, &err));
        strcat(text, got.is_present ? got.is_array ? "a" : "" : "-");
        strcat(text, got.has_only_strings ? "s" : "");
        for (size_t k = 0; k < got.count; k++) {
            strcat(text, k == 0 ? ":" : "|");
            strncat(text, got.texts[k].at, got.texts[k].len);
        }
        if (strcmp(text, values[i].want) != 0)
            fail_msg("%s: %s, not %s", values[i].json, text, values[i].want);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(times_are_numbers_in_range_or_malformed),
        cmocka_unit_test(texts_are_strings_or_malformed),
        cmocka_unit_test(a_payload_is_base64url_of_an_object),
        cmocka_unit_test(a_copy_stands_without_its_original),
        cmocka_unit_test(a_claim_is_a_list_of_texts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
