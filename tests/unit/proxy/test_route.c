/* SPDX-License-Identifier: Apache-2.0 */
/* Which route a request takes.  The attack: a path or host that the gateway reads as an open route and the backend as a guarded
 * one; so where two readings choose differently the request is refused.
 */
#include "proxy/route.h"
#include "site_case.h"

#define ROUTE(name, rest) "- { name: " name ", " rest ", backend: b, policy: none }\n"

static const char site_text[] = LISTENERS BACKENDS "routes:\n" ROUTE("any", "path: /") ROUTE("a", "path: /a")
    ROUTE("a-below", "path: /a/") ROUTE("a-deep", "path: /a/deep/") ROUTE("get", "path: /m, methods: [GET, HEAD]")
        ROUTE("post", "path: /m, methods: [POST]") ROUTE("get-only", "path: /g, methods: [GET]")
            ROUTE("exact", "host: api.example.com, path: /") ROUTE("exact-a", "host: api.example.com, path: /a/")
                ROUTE("star", "host: \"*.example.com\", path: /")
                    ROUTE("star-long", "host: \"*.x.example.com\", path: /") ROUTE("six", "host: \"[::1]\", path: /")
                        ROUTE("only", "host: only.test, path: /only/") ROUTE("secret", "path: /secret/")
                            ROUTE("encoded", "path: /caf%C3%A9/");

static const struct route_case {
    const char *host, *path, *route; /* route NULL: refused with `reason` */
    enum reason reason;
} cases[] = {
    /* paths */
    {"h", "/", "any", 0},
    {"h", "/b", "any", 0},
    {"h", "/a", "a", 0},
    {"h", "/ab", "any", 0},
    {"h", "/A", "any", 0},
    {"h", "/a/", "a-below", 0},
    {"h", "/a/x", "a-below", 0},
    {"h", "/a/deep", "a-below", 0},
    {"h", "/a/deep/", "a-deep", 0},
    {"h", "/a/deep/x", "a-deep", 0},
    /* hosts: exact before star, the longer star before the shorter, any host last; then the path */
    {"api.example.com", "/x", "exact", 0},
    {"API.Example.COM:8443", "/x", "exact", 0},
    {"api.example.com.", "/x", "exact", 0},
    {"api.example.com.:80", "/x", "exact", 0},
    {"api.example.com", "/a/x", "exact-a", 0},
    {"api.example.com", "/a", "exact", 0},
    {"b.example.com", "/a/x", "star", 0},
    {"b.c.example.com", "/", "star", 0},
    {"b.x.example.com", "/", "star-long", 0},
    {"x.example.com", "/", "star", 0},
    {"example.com", "/", "any", 0},
    {"badexample.com", "/", "any", 0},
    {"[::1]:80", "/", "six", 0},
    {"[::2]", "/", "any", 0},
    {"", "/a", "a", 0},
    /* a host's routes that do not match leave the others in play */
    {"only.test", "/only/x", "only", 0},
    {"only.test", "/a", "a", 0},
    /* a route's own path may be encoded: both readings of a request are held against both of the route */
    {"h", "/caf%C3%A9/x", "encoded", 0},
    {"h", "/caf%c3%a9/x", NULL, REASON_BAD_REQUEST},
    /* dot segments, in every spelling */
    {"h", "/a/.", NULL, REASON_BAD_REQUEST},
    {"h", "/a/..", NULL, REASON_BAD_REQUEST},
    {"h", "/a/../secret/", NULL, REASON_BAD_REQUEST},
    {"h", "/a/%2e%2E/secret/", NULL, REASON_BAD_REQUEST},
    {"h", "/a/..;x/secret/", NULL, REASON_BAD_REQUEST},
    {"h", "/a/..%2fsecret/", NULL, REASON_BAD_REQUEST},
    {"h", "/a/..%5csecret/", NULL, REASON_BAD_REQUEST},
    {"h", "/a/...", "a-below", 0},
    {"h", "/a/.x", "a-below", 0},
    {"h", "/a/x..", "a-below", 0},
    /* what a lax backend would take for another route */
    {"h", "/%61", NULL, REASON_BAD_REQUEST},
    {"h", "/%62", "any", 0},
    {"h", "//secret/x", NULL, REASON_BAD_REQUEST},
    {"h", "/secret//x", "secret", 0},
    {"h", "/secret%2fx", NULL, REASON_BAD_REQUEST},
    {"h", "/secre%74/x", NULL, REASON_BAD_REQUEST},
    {"h", "/secret;v=1/x", NULL, REASON_BAD_REQUEST},
    {"h", "/secret/x;v=1", "secret", 0},
    {"h", "/secret/%41", "secret", 0},
    {"h", "/a%2fx", NULL, REASON_BAD_REQUEST},
    {"h", "/a/b%2fx", "a-below", 0},
    /* reserved */
    {"h", "/_jwtgate", NULL, REASON_NO_ROUTE},
    {"h", "/_jwtgate/", NULL, REASON_NO_ROUTE},
    {"h", "/_jwtgate/auth/x", NULL, REASON_NO_ROUTE},
    {"h", "/%5fjwtgate/auth/x", NULL, REASON_BAD_REQUEST},
    {"h", "//_jwtgate/auth/x", NULL, REASON_BAD_REQUEST},
    {"h", "/_jwtgatex", "any", 0},
};

struct found {
    const struct site_route *route, *near;
    struct err err;
};

static struct found find(const struct site *site, const char *host, const char *path, enum method method)
{
    AUTO(arena) arena = {0};
    struct found found = {.err = {.reason = REASON_NONE}};
    const struct head head = {.method = method, .authority = span_str(host), .path = span_str(path)};
    found.route = route_find(site, &head, &arena, &found.near, &found.err);
    return found;
}

static void host_then_path_choose_and_two_readings_refuse(void **state)
{
    (void)state;
    struct site *site = site_case_good(site_text);
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        const struct route_case *c = &cases[i];
        struct found found = find(site, c->host, c->path, METHOD_GET);
        bool is_right = c->route == NULL ? found.route == NULL && found.err.reason == c->reason
                                         : found.route != NULL && span_eq(found.route->name, span_str(c->route));
        if (!is_right)
            fail_msg("%s %s: found \"%.*s\", %s", c->host, c->path,
                     SPAN_ARG(found.route == NULL ? SPAN("") : found.route->name), reason_name(found.err.reason));
    }
    site_release(site);
}

static void of_equal_places_the_method_chooses(void **state)
{
    (void)state;
    struct site *site = site_case_good(site_text);
    assert_span(find(site, "h", "/m", METHOD_GET).route->name, "get");
    assert_span(find(site, "h", "/m", METHOD_HEAD).route->name, "get");
    assert_span(find(site, "h", "/m/x", METHOD_POST).route->name, "post");
    site_release(site);
}

static void another_method_is_refused_though_a_shorter_path_would_take_it(void **state)
{
    (void)state;
    struct site *site = site_case_good(site_text);
    struct found found = find(site, "h", "/g/x", METHOD_POST);
    assert_null(found.route);
    assert_int_equal(found.err.reason, REASON_METHOD_NOT_ALLOWED);
    assert_span(found.near->name, "get-only");
    assert_span(find(site, "h", "/gx", METHOD_POST).route->name, "any");
    site_release(site);
}

static void allowed_methods_are_those_of_all_routes_of_the_place(void **state)
{
    (void)state;
    struct site *site = site_case_good(site_text);
    const struct head both = {.method = METHOD_DELETE, .authority = SPAN("h"), .path = SPAN("/m/x")};
    assert_int_equal(route_methods(site, &both), 1u << METHOD_GET | 1u << METHOD_HEAD | 1u << METHOD_POST);
    const struct head one = {.method = METHOD_DELETE, .authority = SPAN("h"), .path = SPAN("/g")};
    assert_int_equal(route_methods(site, &one), 1u << METHOD_GET);
    site_release(site);
}

static void nothing_matches_is_no_route(void **state)
{
    (void)state;
    struct site *site =
        site_case_good(LISTENERS BACKENDS "routes: [ { name: r, host: x, path: /a, backend: b, policy: none } ]\n");
    assert_int_equal(find(site, "y", "/a", METHOD_GET).err.reason, REASON_NO_ROUTE);
    assert_int_equal(find(site, "x", "/b", METHOD_GET).err.reason, REASON_NO_ROUTE);
    assert_int_equal(find(site, "x", "*", METHOD_OPTIONS).err.reason, REASON_NO_ROUTE);
    assert_span(find(site, "x", "/a", METHOD_GET).route->name, "r");
    site_release(site);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(host_then_path_choose_and_two_readings_refuse),
        cmocka_unit_test(of_equal_places_the_method_chooses),
        cmocka_unit_test(another_method_is_refused_though_a_shorter_path_would_take_it),
        cmocka_unit_test(allowed_methods_are_those_of_all_routes_of_the_place),
        cmocka_unit_test(nothing_matches_is_no_route),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
