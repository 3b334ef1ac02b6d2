/* SPDX-License-Identifier: Apache-2.0 */
/* What a configuration says without effect is warned of, at its place; beside each row stands one that is not. */
#include "site_case.h"

#define BACKEND(inside) LISTENERS "backends: { b: { " inside " } }\n" ROUTES
#define ROUTE(inside) LISTENERS BACKENDS "routes: [ { name: r, path: /, backend: b, " inside " } ]\n"
#define KEY "validate_jwt: { issuer_signing_keys: [ { base64: \"MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=\" } ] }"
#define EJECTS "ejection: { failures: 3 }"
#define SERVER "\"http://127.0.0.1:1\""

static const struct {
    const char *text, *said; /* NULL: no warning and no error */
} rows[] = {
    {ROUTE("policy: none, methods: [POST], websocket: true"),
     ":3:85: warning: \"websocket\" has no effect: a handshake is"},
    {ROUTE("policy: none, methods: [POST], websocket: false"), NULL},
    {ROUTE("policy: none, methods: [POST, GET], websocket: true"), NULL},
    {ROUTE("policy: none, websocket: true"), NULL},
    {ROUTE("policy: none, websocket: { ends_with_token: true }"),
     "warning: \"ends_with_token\" has no effect: the route"},
    {ROUTE("policy: none, websocket: { ends_with_token: false }"), NULL},
    {ROUTE(KEY ", websocket: { ends_with_token: true }"), NULL},
    {BACKEND("servers: [" SERVER "], " EJECTS), ":2:61: warning: \"ejection\" has no effect"},
    {BACKEND("servers: [" SERVER "], ejection: { failures: none }"), NULL},
    {BACKEND("servers: [" SERVER ", \"http://127.0.0.1:2\"], " EJECTS), NULL},
    {BACKEND("servers: [" SERVER ", \"http://127.0.0.1:1/\"]"), ":2:50: warning: \"http://127.0.0.1:1/\" is the same"},
    {BACKEND("servers: [\"http://a.example\", \"http://A.example:80\"]"), "is the same server as \"http://a.example\""},
    {BACKEND("servers: [\"http://a.example\", \"https://a.example:80\"]"), NULL},
    {BACKEND("servers: [\"unix:/run/a\", \"unix:/run/a\"]"), "is the same server"},
    {BACKEND("servers: [\"unix:/run/a\", \"unix:/run/b\"]"), NULL},
    {BACKEND("servers: [\"http://localhost\", \"unix:/run/b\"]"), NULL},
    {"trusted_proxies: [10.0.0.0/8, 0.0.0.0/0]\n" BACKEND("servers: [" SERVER "]"),
     ":1:31: warning: \"0.0.0.0/0\" trusts everybody"},
    {"trusted_proxies: [\"::/0\"]\n" BACKEND("servers: [" SERVER "]"), "warning: \"::/0\" trusts everybody"},
    {"trusted_proxies: [\"::1/128\", 10.0.0.0/10]\n" BACKEND("servers: [" SERVER "]"), NULL},
    {"listeners: [ { bind: \"127.0.0.1:0\", http2: alpn } ]\n" BACKENDS ROUTES,
     ":1:44: warning: \"http2\" has no effect"},
    {"listeners: [ { bind: \"127.0.0.1:0\", http2: off } ]\n" BACKENDS ROUTES, NULL},
    {"listeners: [ { bind: \"127.0.0.1:0\", http2: prior-knowledge } ]\n" BACKENDS ROUTES, NULL},
    {"workers: 4\nlimits: { connections: 3 }\n" LISTENERS BACKENDS ROUTES,
     ":2:24: warning: \"connections\" is less than the 4 workers"},
    {"workers: 4\nlimits: { connections: 4 }\n" LISTENERS BACKENDS ROUTES, NULL},
    {ROUTE("policy: none, host: 5"), "error: \"host\": a text is expected, found a number: write \"5\" in quotes"},
    {ROUTE("policy: none, host: [a.example, true]"), "error: \"host\": a text is expected"},
    {ROUTE("policy: none, host: \"5\""), NULL},
    {"listeners: [ { bind: \"unix:/tmp/x\", mode: 0660 } ]\n" BACKENDS ROUTES, "write \"0660\" in quotes"},
    {"listeners: [ { bind: \"unix:/tmp/x\", mode: \"0660\" } ]\n" BACKENDS ROUTES, NULL},
    {BACKEND("servers: [" SERVER "], tls: { ca: /none/there.pem }"), "error: cannot open \"/none/there.pem\""},
    {BACKEND("servers: [\"https://127.0.0.1:1\"], tls: { verify: false }"), "warning: the certificates of backend"},
    {BACKEND("servers: [\"https://127.0.0.1:1\"], tls: { verify: true }"), NULL},
};

static void what_has_no_effect_is_told_and_its_neighbour_is_not(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct site_case c;
        const char *said = site_case_read(&c, rows[i].text);
        unsigned found = c.problems.warnings + c.problems.errors;
        if (found != (rows[i].said != NULL) || (rows[i].said != NULL && strstr(said, rows[i].said) == NULL))
            fail_msg("row %zu: expected %s, found %s", i, rows[i].said == NULL ? "nothing" : rows[i].said, said);
        site_case_end(&c);
    }
}

/* A value that is neither true nor false is told as that, not as certificates that are not checked. */
static void a_wrong_word_has_no_second_warning(void **state)
{
    struct site_case c;
    (void)state;
    const char *said = site_case_read(&c, BACKEND("servers: [\"https://127.0.0.1:1\"], tls: { verify: no }"));
    assert_int_equal(c.problems.errors, 1);
    assert_int_equal(c.problems.warnings, 0);
    assert_non_null(strstr(said, "true or false without quotes is expected"));
    site_case_end(&c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(what_has_no_effect_is_told_and_its_neighbour_is_not),
                                       cmocka_unit_test(a_wrong_word_has_no_second_warning)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
