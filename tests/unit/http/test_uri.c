/* SPDX-License-Identifier: Apache-2.0 */
/* Goal: targets, authorities, paths and queries that two readers could see in two ways are refused; all others are
 * taken apart and never changed.  Method: tables of cases, refused and accepted side by side.
 */
#include "http/uri.h"
#include "unit.h"

/* RFC 9112 3.2; what is accepted is what was sent, byte for byte. */
static void targets_are_taken_apart_or_refused(void **state)
{
    static const struct {
        const char *method, *target, *host;
        const char *authority, *path, *query; /* path NULL: refused; query NULL: none */
    } cases[] = {
        {"GET", "/", "a", "a", "/", NULL},
        {"GET", "/a/b?x=1", "a:80", "a:80", "/a/b", "?x=1"},
        {"GET", "/a?", "a", "a", "/a", "?"},
        {"GET", "/a?b?c", "a", "a", "/a", "?b?c"},
        {"GET", "//a//b", "a", "a", "//a//b", NULL},
        {"GET", "/O('x')/$value;v=1", "a", "a", "/O('x')/$value;v=1", NULL},
        {"GET", "/%2F%c3%A5", "a", "a", "/%2F%c3%A5", NULL},
        {"GET", "/<>\"{}|^`", "a", "a", "/<>\"{}|^`", NULL},
        {"GET", "/%2", "a", NULL, NULL, NULL},
        {"GET", "/%zz", "a", NULL, NULL, NULL},
        {"GET", "/%2g", "a", NULL, NULL, NULL},
        {"GET", "/a%", "a", NULL, NULL, NULL},
        {"GET", "/abcdefghijklmno%2", "a", NULL, NULL, NULL},
        {"GET", "/abcdefghijklmno%2fq", "a", "a", "/abcdefghijklmno%2fq", NULL},
        {"GET", "/a#f", "a", NULL, NULL, NULL},
        {"GET", "/a\\b", "a", NULL, NULL, NULL},
        {"GET", "/a b", "a", NULL, NULL, NULL},
        {"GET", "/a\tb", "a", NULL, NULL, NULL},
        {"GET", "/a\x7f", "a", NULL, NULL, NULL},
        {"GET", "/\xc3\xa5", "a", NULL, NULL, NULL},
        {"GET", "/abcdefghijklmnopqrstuvwxyz\xe9", "a", NULL, NULL, NULL},
        {"GET", "a", "a", NULL, NULL, NULL},
        {"GET", "?a", "a", NULL, NULL, NULL},
        {"GET", "http://a/b?c", "a", "a", "/b", "?c"},
        {"GET", "HTTPS://A/b", "a", "A", "/b", NULL},
        {"GET", "http://a", "a", "a", "/", NULL},
        {"GET", "http://a?q", "a", "a", "/", "?q"},
        {"GET", "http://a/b", NULL, "a", "/b", NULL},
        {"GET", "http://a:80/b", "a", NULL, NULL, NULL},
        {"GET", "http://b/b", "a", NULL, NULL, NULL},
        {"GET", "http://u@a/b", "a", NULL, NULL, NULL},
        {"GET", "http:///b", "a", NULL, NULL, NULL},
        {"GET", "http:/a/b", "a", NULL, NULL, NULL},
        {"GET", "ftp://a/b", "a", NULL, NULL, NULL},
        {"GET", "a:443", "a:443", NULL, NULL, NULL},
        {"GET", "/a", NULL, "", "/a", NULL},
        {"OPTIONS", "*", "a", "a", "*", NULL},
        {"OPTIONS", "http://a", "a", "a", "*", NULL},
        {"OPTIONS", "http://a/", "a", "a", "/", NULL},
        {"GET", "*", "a", NULL, NULL, NULL},
        {"OPTIONS", "**", "a", NULL, NULL, NULL},
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct head head = {.method = method_of(span_str(cases[i].method)), .target = span_str(cases[i].target)};
        struct err err = {0};
        bool is_right = uri_read_target(&head, span_str(cases[i].host), &err);
        if (is_right != (cases[i].path != NULL))
            fail_msg("%s: %s", cases[i].target, err.text);
        if (!is_right) {
            assert_int_equal(err.reason, REASON_BAD_REQUEST);
            continue;
        }
        assert_span(head.authority, cases[i].authority);
        assert_span(head.path, cases[i].path);
        assert_int_equal(head.query.at == NULL, cases[i].query == NULL);
        assert_span(head.query, cases[i].query == NULL ? "" : cases[i].query);
    }
}

static void an_authority_is_host_and_perhaps_port(void **state)
{
    static const struct {
        const char *text, *host; /* host NULL: refused */
    } cases[] = {
        {"a", "a"},
        {"a.example", "a.example"},
        {"A-1_b~.example.", "A-1_b~.example."},
        {"127.0.0.1:8080", "127.0.0.1"},
        {"a:1", "a"},
        {"a:65535", "a"},
        {"a:65536", NULL},
        {"a:0", NULL},
        {"a:", NULL},
        {"a:000080", NULL},
        {"a:+1", NULL},
        {"a:1x", NULL},
        {"a:1:2", NULL},
        {"", NULL},
        {":80", NULL},
        {"[::1]", "[::1]"},
        {"[2001:db8::a]:443", "[2001:db8::a]"},
        {"[::1]80", NULL},
        {"[::1", NULL},
        {"[]", NULL},
        {"[1.2.3.4]", NULL},
        {"[fe80::1%25eth0]", NULL},
        {"[v1.x]", NULL},
        {"::1", NULL},
        {"u@a", NULL},
        {"a b", NULL},
        {"a,b", NULL},
        {"a/b", NULL},
        {"a%41", NULL},
        {"\xc3\xa5", NULL},
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        bool is_right = uri_is_authority(span_str(cases[i].text));
        if (is_right != (cases[i].host != NULL))
            fail_msg("%s", cases[i].text);
        if (is_right)
            assert_span(uri_host(span_str(cases[i].text)), cases[i].host);
    }
    char longest[257];
    memset(longest, 'a', sizeof longest);
    assert_true(uri_is_authority(span_of(longest, 255)));
    assert_false(uri_is_authority(span_of(longest, 256)));
    assert_false(uri_is_authority(SPAN("[::1\0]")));
}

/* Product: 400 where a segment is `.` or `..` for any reader. */
static void dot_segments_are_refused_however_they_are_written(void **state)
{
    static const struct {
        const char *path;
        bool is_right;
    } cases[] = {
        {"/", true},
        {"/a/b", true},
        {"/a.b/..c/...", true},
        {"/.well-known", true},
        {"/a/.hidden", true},
        {"/.", false},
        {"/..", false},
        {"/a/../b", false},
        {"/a/./b", false},
        {"/a/..", false},
        {"/%2e", false},
        {"/%2E%2e/a", false},
        {"/.%2e", false},
        {"/%2e.x", true},
        {"/a%2f..%2fb", false},
        {"/a%5c..", false},
        {"/a%5C.%5cb", false},
        {"/a%2f.b", true},
        {"/..;x/a", false},
        {"/..;", false},
        {"/.;a=1/b", false},
        {"/a;..", true},
        {"/a;b/c", true},
        {"/;/a", true},
        {"/a;x=%2f..", false},
        {"/..%3bx", false},
        {"/x..%3bx", true},
        {"/%252e%252e/", true},
        {"/a%00", false},
        {"/a%01", true},
        {"*", true},
        {"/a\\..", false},
        {"/%2f%2f", true},
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct err err = {0};
        if (uri_check_path(span_str(cases[i].path), &err) != cases[i].is_right)
            fail_msg("%s", cases[i].path);
        assert_int_equal(err.reason, cases[i].is_right ? REASON_NONE : REASON_BAD_REQUEST);
    }
}

static void a_lax_path_is_what_a_lax_backend_makes_of_it(void **state)
{
    static const struct {
        const char *path, *lax;
    } cases[] = {
        {"/a/b", "/a/b"},      {"/a%2Fb", "/a/b"}, {"/a\\b", "/a/b"},  {"/a%5cb", "/a/b"},   {"/a;x=1/b;y", "/a/b"},
        {"/a//b///", "/a/b/"}, {"/%41%6a", "/Aj"}, {"/%2541", "/%41"}, {"/a/;x//b", "/a/b"}, {"/a%3bx/b", "/a/b"},
        {"/%", "/%"},          {"/a%2", "/a%2"},   {"//", "/"},        {"*", "*"},
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        AUTO(arena) arena = {0};
        assert_span(uri_lax_path(&arena, span_str(cases[i].path)), cases[i].lax);
    }
    struct arena none = {.bytes_max = 1};
    struct span plain = SPAN("/a/b");
    assert_ptr_equal(uri_lax_path(&none, plain).at, plain.at);
    assert_null(uri_lax_path(&none, SPAN("/a;b")).at);
}

static void a_parameter_of_the_query_is_decoded_once_and_counted(void **state)
{
    static const struct {
        const char *query, *name, *value; /* value NULL: refused; count 0: not there */
        size_t count;
    } cases[] = {
        {"?a=1&b=2", "a", "1", 1}, {"?a=1&b=2", "b", "2", 1},
        {"a=1", "a", "1", 1},      {"?a=1&a=2", "a", "1", 2},
        {"?a", "a", "", 1},        {"?a=", "a", "", 1},
        {"?a=b=c", "a", "b=c", 1}, {"?a=%2541+%20", "a", "%41+ ", 1},
        {"?%61=1", "a", "1", 1},   {"?A=1", "a", "", 0},
        {"?ab=1&=2", "a", "", 0},  {"?", "a", "", 0},
        {"", "a", "", 0},          {"?x=a&&a=1", "a", "1", 1},
        {"?b=1;a=2", "a", "", 0},  {"?a=%4", "a", NULL, 0},
        {"?%4=1", "a", NULL, 0},   {"?b=%4&a=1", "a", "1", 1},
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        AUTO(arena) arena = {0};
        struct span value;
        size_t count;
        struct err err = {0};
        bool is_right = uri_query(&arena, span_str(cases[i].query), span_str(cases[i].name), &value, &count, &err);
        if (is_right != (cases[i].value != NULL))
            fail_msg("%s: %s", cases[i].query, err.text);
        if (!is_right)
            continue;
        assert_int_equal(count, cases[i].count);
        assert_int_equal(value.at == NULL, count == 0);
        assert_span(value, cases[i].value);
    }
    struct arena none = {.bytes_max = 1};
    struct span value;
    size_t count;
    struct err err;
    assert_false(uri_query(&none, SPAN("?a=1"), SPAN("a"), &value, &count, &err));
    assert_int_equal(err.reason, REASON_OUT_OF_MEMORY);
}

static void an_absolute_url_is_taken_apart(void **state)
{
    static const struct {
        const char *text, *host;
        unsigned port;
        const char *path, *query;
        bool is_https;
    } cases[] = {
        {"http://a", "a", 80, "", "", false},
        {"https://a/b?c", "a", 443, "/b", "?c", true},
        {"HTTP://A:8080/", "A", 8080, "/", "", false},
        {"https://[::1]:9/x", "::1", 9, "/x", "", true},
        {"http://a?", "a", 80, "", "?", false},
        {"a", NULL, 0, "", "", false},
        {"http:a", NULL, 0, "", "", false},
        {"ftp://a", NULL, 0, "", "", false},
        {"http://", NULL, 0, "", "", false},
        {"http://u:p@a/", NULL, 0, "", "", false},
        {"http://a/#f", NULL, 0, "", "", false},
        {"http://a#f", NULL, 0, "", "", false},
        {"http://a/ b", NULL, 0, "", "", false},
        {"http://a:99999/", NULL, 0, "", "", false},
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct uri uri;
        struct err err = {0};
        bool is_right = uri_read(span_str(cases[i].text), &uri, &err);
        if (is_right != (cases[i].host != NULL))
            fail_msg("%s: %s", cases[i].text, err.text);
        if (!is_right)
            continue;
        assert_span(uri.host, cases[i].host);
        assert_int_equal(uri.port, cases[i].port);
        assert_span(uri.path, cases[i].path);
        assert_span(uri.query, cases[i].query);
        assert_int_equal(uri.is_https, cases[i].is_https);
    }
}

static void loopback_is_told_by_the_text_of_the_host(void **state)
{
    static const struct {
        const char *host;
        bool is_loopback;
    } cases[] = {
        {"localhost", true},    {"LocalHost", true},    {"127.0.0.1", true},  {"127.9.9.9", true}, {"::1", true},
        {"[::1]", true},        {"0:0::0:1", true},     {"128.0.0.1", false}, {"127.1", false},    {"::2", false},
        {"localhost.a", false}, {"127.0.0.1.a", false}, {"", false},          {"[]", false},       {"10.0.0.1", false},
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++)
        if (uri_is_loopback(span_str(cases[i].host)) != cases[i].is_loopback)
            fail_msg("%s", cases[i].host);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(targets_are_taken_apart_or_refused),
        cmocka_unit_test(an_authority_is_host_and_perhaps_port),
        cmocka_unit_test(dot_segments_are_refused_however_they_are_written),
        cmocka_unit_test(a_lax_path_is_what_a_lax_backend_makes_of_it),
        cmocka_unit_test(a_parameter_of_the_query_is_decoded_once_and_counted),
        cmocka_unit_test(an_absolute_url_is_taken_apart),
        cmocka_unit_test(loopback_is_told_by_the_text_of_the_host),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
