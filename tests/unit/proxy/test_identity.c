/* SPDX-License-Identifier: Apache-2.0 */
/* Claims as header values.  The attacks: a claim that ends the line and begins another; an item that reads as two; a text that
 * decodes to another than it was; a spelling of the header that the backend takes for it and the gateway does not.
 */
#include "alloc_fail.h"
#include "proxy/identity.h"
#include "site_case.h"

static const char site_text[] = LISTENERS BACKENDS
    "routes:\n- { name: r, path: /, backend: b, validate_jwt: { audiences: x, issuer_signing_keys: [\n"
    "    { base64: \"MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=\" } ] },\n"
    "    claims_to_headers: { X-Plain: p, X-List: { claim: l, join: csv }, X-Deep: { path: a/b } } }\n"
    "- { name: s, path: /s, backend: b, policy: none }\n";

static const struct {
    const char *name, *json;
    const char *values[3]; /* NULL: none */
    bool is_bad;
} cases[] = {
    {"absent, null and empty lists set none", "{\"p\":null,\"l\":[],\"a\":{}}", {NULL, NULL, NULL}, false},
    {"an empty text is a value", "{\"p\":\"\",\"l\":\"\",\"a\":{\"b\":\"\"}}", {"", "", ""}, false},
    {"numbers and booleans are their text",
     "{\"p\":1.5,\"l\":[1,true],\"a\":{\"b\":-7}}",
     {"1.5", "1,true", "-7"},
     false},
    {"an object is its JSON text", "{\"p\":{\"x\":1}}", {"{\"x\":1}", NULL, NULL}, false},
    {"a comma separates nowhere but between items",
     "{\"p\":\"a,b\",\"l\":\"a,b\",\"a\":{\"b\":[\"a,b\",\"c\"]}}",
     {"a,b", "a%2Cb", "a%2Cb,c"},
     false},
    {"bytes beyond printable ASCII",
     "{\"p\":\"\\u00e9~ !\\\"\",\"l\":[\"\\u20ac\"]}",
     {"%C3%A9~ !\"", "%E2%82%AC", NULL},
     false},
    {"percent only where it would decode",
     "{\"p\":\"100% %zz %4\",\"l\":[\"%41\",\"%4\",\"%\"],\"a\":{\"b\":\"%%41%aF%\"}}",
     {"100% %zz %4", "%2541,%4,%", "%%2541%25aF%"},
     false},
    {"blanks at the ends of each item",
     "{\"p\":\" a b \",\"l\":[\" \",\"x \",\"y\"]}",
     {"%20a b%20", "%20,x%20,y", NULL},
     false},
    {"a line's end", "{\"p\":\"a\\r\\nX: y\"}", {NULL}, true},
    {"a tab", "{\"l\":[\"a\",\"b\\tc\"]}", {NULL}, true},
    {"NUL", "{\"a\":{\"b\":\"\\u0000\"}}", {NULL}, true},
    {"DEL", "{\"p\":\"\\u007f\"}", {NULL}, true},
    {"a C1 control is no ASCII control: encoded", "{\"p\":\"\\u0085\"}", {"%C2%85", NULL, NULL}, false},
};

static void check_values(const char *name, const struct span *values, const char *const *wanted)
{
    for (size_t i = 0; i < 3; i++) {
        bool is_right =
            wanted[i] == NULL ? values[i].at == NULL : values[i].at != NULL && span_eq(values[i], span_str(wanted[i]));
        if (!is_right)
            fail_msg("%s, header %zu: \"%.*s\"", name, i, SPAN_ARG(values[i]));
    }
}

static void each_claim_is_written_so_that_it_reads_back(void **state)
{
    (void)state;
    struct site *site = site_case_good(site_text);
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        AUTO(arena) arena = {0};
        struct claims claims;
        struct err err;
        const struct identity_header *bad;
        assert_true(claims_read_json(&claims, &arena, span_str(cases[i].json), 8, &err));
        const struct span *values = identity_values(&site->routes[0], &claims, &arena, &bad);
        if ((values == NULL) != cases[i].is_bad || (bad != NULL) != cases[i].is_bad)
            fail_msg("%s", cases[i].name);
        if (values != NULL)
            check_values(cases[i].name, values, cases[i].values);
    }
    site_release(site);
}

static void a_name_is_known_in_every_spelling(void **state)
{
    (void)state;
    struct site *site = site_case_good(site_text);
    static const char *const known[] = {"X-Plain", "x-plain", "X_Plain", "x_PLAIN",
                                        "X-List",  "X_DEEP",  "X.Plain", "x~list"};
    static const char *const others[] = {"X-Plai", "X-Plain2", "XPlain", "X--Plain", "Plain", "", "X0Plain", "X-Lisu"};
    for (size_t i = 0; i < COUNT_OF(known); i++)
        assert_true(identity_is_name(site, span_str(known[i])));
    for (size_t i = 0; i < COUNT_OF(others); i++)
        assert_false(identity_is_name(site, span_str(others[i])));
    site_release(site);
}

static bool read_values(void *arg)
{
    const struct site *site = arg;
    AUTO(arena) arena = {0};
    struct claims claims;
    struct err err;
    const struct identity_header *bad;
    if (!claims_read_json(&claims, &arena, SPAN("{\"p\":\"\\u00e9\",\"l\":[\"a\",\"b\"],\"a\":{\"b\":1}}"), 8, &err))
        return false;
    const struct span *values = identity_values(&site->routes[0], &claims, &arena, &bad);
    assert_null(bad);
    return values != NULL && values[0].len > 0 && values[1].len == 3 && values[2].len == 1;
}

static void without_memory_there_are_none_at_all(void **state)
{
    (void)state;
    struct site *site = site_case_good(site_text);
    assert_true(alloc_fail_each(read_values, site, false) > 1);
    site_release(site);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_claim_is_written_so_that_it_reads_back),
        cmocka_unit_test(a_name_is_known_in_every_spelling),
        cmocka_unit_test(without_memory_there_are_none_at_all),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
