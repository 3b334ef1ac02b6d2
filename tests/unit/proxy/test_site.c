/* SPDX-License-Identifier: Apache-2.0 */
/* A site built from configuration: what stands in it, and everything that can be wrong, told with FILE:LINE:COL beside a neighbour
 * that is right.
 */
#include "site_case.h"

#include <unistd.h>

#define ONE_ROUTE(inside) LISTENERS BACKENDS "routes: [ { " inside " } ]\n"
#define ROUTE_REST "backend: b, policy: none"

static void routes_and_backends_stand_as_written(void **state)
{
    (void)state;
    struct site *site = site_case_good(
        LISTENERS "backends:\n"
                  "  a: { servers: [\"http://127.0.0.1:9001\"] }\n"
                  "  b: { servers: [\"http://h.example\", \"http://[::1]:8/\"], host_header: client }\n"
                  "  c: { servers: [\"http://x:1\"], host_header: api.example.com }\n"
                  "routes:\n"
                  "  - { name: one, host: [API.Example.com, \"*.X.example.com\"], path: /a/, methods: [GET, PUT],\n"
                  "      rewrite: /, backend: b, policy: none }\n"
                  "  - { name: two, path: /two, backend: c, realm: here, validate_jwt: { issuer_signing_keys: [\n"
                  "      { base64: \"MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=\" } ] } }\n");
    const struct site_backend *backends = site->backends;
    assert_int_equal(site->backend_count, 3);
    assert_int_equal(backends[0].host_header, HOST_OF_BACKEND);
    assert_int_equal(backends[1].host_header, HOST_OF_CLIENT);
    assert_int_equal(backends[2].host_header, HOST_FIXED);
    assert_span(backends[2].host_fixed, "api.example.com");
    assert_int_equal(backends[1].server_count, 2);
    assert_string_equal(backends[1].servers[0].host, "h.example");
    assert_int_equal(backends[1].servers[0].uri.port, 80);
    assert_string_equal(backends[1].servers[1].host, "::1");
    assert_int_equal(backends[1].servers[1].uri.port, 8);
    const struct site_route *one = &site->routes[0];
    assert_true(one->is_public && one->has_rewrite && one->backend == &backends[1]);
    assert_int_equal(one->methods, 1u << METHOD_GET | 1u << METHOD_PUT);
    assert_span(one->hosts[0], "api.example.com");
    assert_span(one->hosts[1], ".x.example.com");
    assert_span(one->realm, "one");
    const struct site_route *two = &site->routes[1];
    assert_true(!two->is_public && !two->has_rewrite && two->methods == 0 && two->plan.rules[0].inline_keys != NULL);
    assert_span(two->realm, "here");
    assert_int_equal(site->entry_count, 3);
    site_release(site);
}

static void a_site_lives_until_its_last_reference(void **state)
{
    (void)state;
    struct site *site = site_case_good(LISTENERS BACKENDS ROUTES);
    assert_ptr_equal(site_take(site), site);
    site_release(site);
    assert_int_equal(site->route_count, 1);
    site_release(site);
}

static void workers_are_counted(void **state)
{
    (void)state;
    struct site *site = site_case_good("workers: 7\n" LISTENERS BACKENDS ROUTES);
    assert_int_equal(site_workers(site), 7);
    site_release(site);
    site = site_case_good("workers: auto\n" LISTENERS BACKENDS ROUTES);
    assert_true(site_workers(site) >= 1 && site_workers(site) <= SETTINGS_WORKERS_MAX);
    site_release(site);
}

struct wrong {
    const char *name; /* the rule */
    const char *text;
    const char *said; /* somewhere in what is said */
    const char *good; /* one step away, and right */
};

static const struct wrong listeners[] = {
    {"an address is IP and port", "listeners: [ { bind: localhost } ]\n" BACKENDS ROUTES,
     "gateway.yaml:1:22: error: \"localhost\" is no address to bind", LISTENERS BACKENDS ROUTES},
    {"a port has at most 65535", "listeners: [ { bind: \"127.0.0.1:65536\" } ]\n" BACKENDS ROUTES,
     "gateway.yaml:1:22: error: ", "listeners: [ { bind: \"127.0.0.1:65535\" } ]\n" BACKENDS ROUTES},
    {"a unix socket has an absolute path", "listeners: [ { bind: \"unix:x.sock\" } ]\n" BACKENDS ROUTES,
     "gateway.yaml:1:22: error: \"unix:x.sock\" is no unix socket",
     "listeners: [ { bind: \"unix:/x.sock\" } ]\n" BACKENDS ROUTES},
    {"a mode is octal digits", "listeners: [ { bind: \"unix:/x\", mode: \"0680\" } ]\n" BACKENDS ROUTES,
     "gateway.yaml:1:39: error: \"0680\" is no mode",
     "listeners: [ { bind: \"unix:/x\", mode: \"0600\" } ]\n" BACKENDS ROUTES},
    {"a mode is for unix sockets", "listeners: [ { bind: \"127.0.0.1:0\", mode: \"0600\" } ]\n" BACKENDS ROUTES,
     "gateway.yaml:1:43: error: \"mode\" is for unix sockets",
     "listeners: [ { bind: \"unix:/x\", mode: \"0600\" } ]\n" BACKENDS ROUTES},
    {"the user exists", "user: nobody-of-this-name\n" LISTENERS BACKENDS ROUTES,
     "gateway.yaml:1:7: error: there is no user \"nobody-of-this-name\"", "user: nobody\n" LISTENERS BACKENDS ROUTES},
    {"the group exists", "user: nobody:group-of-no-name\n" LISTENERS BACKENDS ROUTES,
     "gateway.yaml:1:7: error: there is no group \"group-of-no-name\"", "user: nobody\n" LISTENERS BACKENDS ROUTES},
    {"a group has a name", "user: \"nobody:\"\n" LISTENERS BACKENDS ROUTES,
     "gateway.yaml:1:7: error: \"user\" is NAME or NAME:GROUP", "user: nobody\n" LISTENERS BACKENDS ROUTES},
    {"root is nobody to become", "user: root\n" LISTENERS BACKENDS ROUTES,
     "gateway.yaml:1:7: error: \"user\" names root", "user: nobody\n" LISTENERS BACKENDS ROUTES},
    {"there is a listener", "listeners: []\n" BACKENDS ROUTES,
     "gateway.yaml:1:12: error: at least one listener is needed", LISTENERS BACKENDS ROUTES},
    {"a missing bind is told once", "listeners: [ {} ]\n" BACKENDS ROUTES,
     "gateway.yaml:1:14: error: key \"bind\" is required", LISTENERS BACKENDS ROUTES},
    {"a listener is a map", "listeners: [ 5 ]\n" BACKENDS ROUTES,
     "gateway.yaml:1:14: error: ", LISTENERS BACKENDS ROUTES},
    {"admin binds loopback only", "admin: { bind: \"0.0.0.0:9180\" }\n" LISTENERS BACKENDS ROUTES,
     "gateway.yaml:1:16: error: the admin listener is reached from elsewhere, so it asks for credentials",
     "admin: { bind: \"127.3.2.1:9180\" }\n" LISTENERS BACKENDS ROUTES},
    {"admin's token can't be guessed", "admin: { token: \"0123456789abcde\" }\n" LISTENERS BACKENDS ROUTES,
     "gateway.yaml:1:17: error: \"token\" has 15 bytes; 16 or more are needed",
     "admin: { token: \"0123456789abcdef\" }\n" LISTENERS BACKENDS ROUTES},
    {"admin's token goes into a field", "admin: { token: \"0123456789 abcdef\" }\n" LISTENERS BACKENDS ROUTES,
     "gateway.yaml:1:17: error: \"token\" holds bytes that no header field carries",
     "admin: { token: \"0123456789-abcdef\" }\n" LISTENERS BACKENDS ROUTES},
    {"admin's hosts are hosts", "admin: { hosts: [ \"http://a\" ] }\n" LISTENERS BACKENDS ROUTES,
     "gateway.yaml:1:19: error: \"http://a\" is no host",
     "admin: { hosts: [ a, \"b:1\" ] }\n" LISTENERS BACKENDS ROUTES},
    {"the listener for probes has an address of its own",
     "admin: { bind: \"127.0.0.1:82\", health: { bind: \"127.0.0.1:82\" } }\n" LISTENERS BACKENDS ROUTES,
     "gateway.yaml:1:48: error: \"127.0.0.1:82\" is bound twice",
     "admin: { bind: \"127.0.0.1:82\", health: { bind: \"127.0.0.1:83\" } }\n" LISTENERS BACKENDS ROUTES},
    {"admin binds an address", "admin: { bind: here }\n" LISTENERS BACKENDS ROUTES,
     "gateway.yaml:1:16: error: \"here\" is no address", "admin: off\n" LISTENERS BACKENDS ROUTES},
    {"no address is bound twice",
     "listeners: [ { bind: \"127.0.0.1:81\" }, { bind: \"127.0.0.1:81\" } ]\n" BACKENDS ROUTES,
     "error: \"127.0.0.1:81\" is bound twice",
     "listeners: [ { bind: \"127.0.0.1:0\" }, { bind: \"127.0.0.1:0\" } ]\n" BACKENDS ROUTES},
    {"admin has an address of its own",
     "admin: { bind: \"127.0.0.1:81\" }\nlisteners: [ { bind: \"127.0.0.1:81\" } ]\n" BACKENDS ROUTES,
     "gateway.yaml:2:22: error: \"127.0.0.1:81\" is bound twice",
     "admin: { bind: \"127.0.0.1:82\" }\nlisteners: [ { bind: \"127.0.0.1:81\" } ]\n" BACKENDS ROUTES},
    {"there is a route", LISTENERS BACKENDS "routes: []\n", "error: at least one route is needed",
     LISTENERS BACKENDS ROUTES},
    {"some algorithm is left", "algorithms: []\n" LISTENERS BACKENDS ROUTES,
     "gateway.yaml:1:13: error: \"algorithms\" leaves none", "algorithms: [RS256]\n" LISTENERS BACKENDS ROUTES},
    {"workers are a number or auto", "workers: few\n" LISTENERS BACKENDS ROUTES,
     "gateway.yaml:1:10: error: \"workers\" is a number from 1 to 64, or auto",
     "workers: auto\n" LISTENERS BACKENDS ROUTES},
    {"there is a worker", "workers: 0\n" LISTENERS BACKENDS ROUTES,
     "gateway.yaml:1:10: error: ", "workers: 1\n" LISTENERS BACKENDS ROUTES},
    {"there are at most 64 workers", "workers: 65\n" LISTENERS BACKENDS ROUTES,
     "gateway.yaml:1:10: error: ", "workers: 64\n" LISTENERS BACKENDS ROUTES},
    {"algorithms are known ones", "algorithms: [RS256, XS256]\n" LISTENERS BACKENDS ROUTES,
     "gateway.yaml:1:21: error: \"XS256\" is no algorithm", "algorithms: [RS256, ES256]\n" LISTENERS BACKENDS ROUTES},
    {"named values are a map", "named_values: [a]\n" LISTENERS BACKENDS ROUTES,
     "gateway.yaml:1:15: error: \"named_values\" is a map", "named_values: { a: b }\n" LISTENERS BACKENDS ROUTES},
    {"a named value is a text", "named_values: { a: [b] }\n" LISTENERS BACKENDS ROUTES,
     "gateway.yaml:1:20: error: a named value is a text, this is a list",
     "named_values: { a: 5 }\n" LISTENERS BACKENDS ROUTES},
    {"certificates can be opened", "certificates: { a: { file: /nonexistent/a.pem } }\n" LISTENERS BACKENDS ROUTES,
     "gateway.yaml:1:28: error: cannot open \"/nonexistent/a.pem\"", "certificates: {}\n" LISTENERS BACKENDS ROUTES},
    {"a certificate without file is told once", "certificates: { a: {} }\n" LISTENERS BACKENDS ROUTES,
     "gateway.yaml:1:20: error: key \"file\" is required", "certificates:\n" LISTENERS BACKENDS ROUTES},
};

static const struct wrong backends[] = {
    {"a server is a URL", LISTENERS "backends: { b: { servers: [\"ftp://x\"] } }\n" ROUTES,
     "gateway.yaml:2:28: error: ", LISTENERS BACKENDS ROUTES},
    {"a server has no path", LISTENERS "backends: { b: { servers: [\"http://x/y\"] } }\n" ROUTES,
     "gateway.yaml:2:28: error: a server's URL ends behind its port",
     LISTENERS "backends: { b: { servers: [\"http://x/\"] } }\n" ROUTES},
    {"a server has no query", LISTENERS "backends: { b: { servers: [\"http://x/?q\"] } }\n" ROUTES,
     "gateway.yaml:2:28: error: ", LISTENERS "backends: { b: { servers: [{ url: \"http://x\" }] } }\n" ROUTES},
    {"a backend has a server", LISTENERS "backends: { b: { servers: [] } }\n" ROUTES,
     "gateway.yaml:2:16: error: backend \"b\" has no server", LISTENERS BACKENDS ROUTES},
    {"CAs can be read", LISTENERS "backends: { b: { servers: [\"https://x\"], tls: { ca: /nonexistent } } }\n" ROUTES,
     "gateway.yaml:2:53: error: cannot open \"/nonexistent\"",
     LISTENERS "backends: { b: { servers: [\"https://x\"] } }\n" ROUTES},
    {"Host is one word of three",
     LISTENERS "backends: { b: { servers: [\"http://x\"], host_header: \"a b\" } }\n" ROUTES,
     "gateway.yaml:2:54: error: \"host_header\" is backend, client, or a host name",
     LISTENERS "backends: { b: { servers: [\"http://x\"], host_header: \"a:1\" } }\n" ROUTES},
    {"a backend is a map", LISTENERS "backends: { b: 5 }\n" ROUTES,
     "gateway.yaml:2:16: error: ", LISTENERS BACKENDS ROUTES},
    {"tls is a map", LISTENERS "backends: { b: { servers: [\"https://x\"], tls: 5 } }\n" ROUTES,
     "gateway.yaml:2:47: error: \"tls\"", LISTENERS "backends: { b: { servers: [\"https://x\"], tls: {} } }\n" ROUTES},
};

static const struct wrong routes[] = {
    {"a route names a backend that is there", ONE_ROUTE("name: r, path: /, backend: bb, policy: none"),
     "gateway.yaml:3:40: error: there is no backend \"bb\"; did you mean \"b\"?",
     ONE_ROUTE("name: r, path: /, backend: b, policy: none")},
    {"an empty name of a backend is none", ONE_ROUTE("name: r, path: /, backend: \"\", policy: none"),
     "gateway.yaml:3:40: error: there is no backend \"\"", ONE_ROUTE("name: r, path: /, " ROUTE_REST)},
    {"a route says who may pass", ONE_ROUTE("name: r, path: /, backend: b"),
     "gateway.yaml:3:11: error: route \"r\" has no policy", ONE_ROUTE("name: r, path: /, " ROUTE_REST)},
    {"a policy is said once", ONE_ROUTE("name: r, path: /, validate_jwt: {}, " ROUTE_REST),
     "gateway.yaml:3:31: error: a route has \"policy\" or \"validate_jwt\", not both",
     ONE_ROUTE("name: r, path: /, " ROUTE_REST)},
    {"a policy file can be opened", ONE_ROUTE("name: r, path: /, backend: b, policy: /nonexistent.xml"),
     "gateway.yaml:3:51: error: cannot open \"/nonexistent.xml\"", ONE_ROUTE("name: r, path: /, " ROUTE_REST)},
    {"a word that switches the policy off is told", ONE_ROUTE("name: r, path: /, backend: b, policy: off"),
     "gateway.yaml:3:51: error: cannot open \"off\": No such file or directory; for a public route write \"policy: "
     "none\"",
     ONE_ROUTE("name: r, path: /, " ROUTE_REST)},
    {"a boolean is no policy", ONE_ROUTE("name: r, path: /, backend: b, policy: false"),
     "gateway.yaml:3:51: error: \"policy\" is a file name; for a public route write \"policy: none\"",
     ONE_ROUTE("name: r, path: /, " ROUTE_REST)},
    {"each document of a list is opened", ONE_ROUTE("name: r, path: /, backend: b, policy: [a, b]"),
     "gateway.yaml:3:52: error: cannot open \"a\"", ONE_ROUTE("name: r, path: /, " ROUTE_REST)},
    {"a policy left empty is no policy", ONE_ROUTE("name: r, path: /, backend: b, policy: "),
     "error: \"policy\" is a file name; for a public route write \"policy: none\"",
     ONE_ROUTE("name: r, path: /, " ROUTE_REST)},
    {"a route has a name", ONE_ROUTE("name: \"\", path: /, " ROUTE_REST),
     "gateway.yaml:3:19: error: a route's name is not empty", ONE_ROUTE("name: \"-\", path: /, " ROUTE_REST)},
    {"names are used once",
     LISTENERS BACKENDS "routes:\n- { name: r, path: /a, " ROUTE_REST " }\n- { name: r, path: /b, " ROUTE_REST " }\n",
     "gateway.yaml:5:11: error: another route has the name \"r\"",
     LISTENERS BACKENDS "routes:\n- { name: r, path: /a, " ROUTE_REST " }\n- { name: s, path: /b, " ROUTE_REST " }\n"},
    {"no route hides another",
     LISTENERS BACKENDS "routes:\n- { name: r, path: /a, " ROUTE_REST " }\n- { name: s, path: /a, " ROUTE_REST " }\n",
     "gateway.yaml:5:20: error: route \"r\" takes the same host, path and method already",
     LISTENERS BACKENDS "routes:\n- { name: r, path: /a, methods: [GET], " ROUTE_REST
                        " }\n- { name: s, path: /a, methods: [POST], " ROUTE_REST " }\n"},
    {"nor by one of its hosts",
     LISTENERS BACKENDS "routes:\n- { name: r, host: [x, y], path: /, " ROUTE_REST
                        " }\n- { name: s, host: [y, z], path: /, " ROUTE_REST " }\n",
     "gateway.yaml:5:34: error: route \"r\" takes the same",
     LISTENERS BACKENDS "routes:\n- { name: r, host: [x, y], path: /, " ROUTE_REST
                        " }\n- { name: s, host: [z], path: /, " ROUTE_REST " }\n"},
    {"a path begins with a slash", ONE_ROUTE("name: r, path: a, " ROUTE_REST),
     "gateway.yaml:3:28: error: \"path\" begins with /", ONE_ROUTE("name: r, path: /a, " ROUTE_REST)},
    {"a path has no query", ONE_ROUTE("name: r, path: \"/a?b\", " ROUTE_REST),
     "gateway.yaml:3:28: error: \"path\" holds a character", ONE_ROUTE("name: r, path: \"/a%3fb\", " ROUTE_REST)},
    {"a path is ASCII", ONE_ROUTE("name: r, path: \"/\xc3\xa9\", " ROUTE_REST),
     "gateway.yaml:3:28: error: ", ONE_ROUTE("name: r, path: \"/%c3%a9\", " ROUTE_REST)},
    {"a path has no dot segments", ONE_ROUTE("name: r, path: /a/../b, " ROUTE_REST),
     "gateway.yaml:3:28: error: ", ONE_ROUTE("name: r, path: /a/..b/, " ROUTE_REST)},
    {"/_jwtgate is reserved", ONE_ROUTE("name: r, path: /_jwtgate/x, " ROUTE_REST),
     "gateway.yaml:3:28: error: /_jwtgate/ is reserved", ONE_ROUTE("name: r, path: /_jwtgatex, " ROUTE_REST)},
    {"path and rewrite end alike", ONE_ROUTE("name: r, path: /a/, rewrite: /b, " ROUTE_REST),
     "gateway.yaml:3:42: error: \"path\" and \"rewrite\" both end in /",
     ONE_ROUTE("name: r, path: /a/, rewrite: /b/, " ROUTE_REST)},
    {"a rewrite begins with a slash", ONE_ROUTE("name: r, path: /a, rewrite: \"\", " ROUTE_REST),
     "gateway.yaml:3:41: error: \"rewrite\" begins with /", ONE_ROUTE("name: r, path: /a, rewrite: /b, " ROUTE_REST)},
    {"a host has no port", ONE_ROUTE("name: r, host: \"a:1\", path: /, " ROUTE_REST),
     "gateway.yaml:3:28: error: \"a:1\" is no host", ONE_ROUTE("name: r, host: a, path: /, " ROUTE_REST)},
    {"nor has an IPv6 address", ONE_ROUTE("name: r, host: \"[::1]:1\", path: /, " ROUTE_REST),
     "gateway.yaml:3:28: error: ", ONE_ROUTE("name: r, host: \"[::1]\", path: /, " ROUTE_REST)},
    {"a star stands in front alone", ONE_ROUTE("name: r, host: \"a.*.com\", path: /, " ROUTE_REST),
     "gateway.yaml:3:28: error: ", ONE_ROUTE("name: r, host: \"*.com\", path: /, " ROUTE_REST)},
    {"no host is not any host", ONE_ROUTE("name: r, host: [], path: /, " ROUTE_REST),
     "gateway.yaml:3:28: error: \"host\" names no host", ONE_ROUTE("name: r, path: /, " ROUTE_REST)},
    {"no method is not any method", ONE_ROUTE("name: r, methods: [], path: /, " ROUTE_REST),
     "gateway.yaml:3:31: error: \"methods\" names no method", ONE_ROUTE("name: r, path: /, " ROUTE_REST)},
    {"methods are known ones", ONE_ROUTE("name: r, methods: [GET, BREW], path: /, " ROUTE_REST),
     "gateway.yaml:3:37: error: \"BREW\" is no method to route",
     ONE_ROUTE("name: r, methods: [GET, PATCH], path: /, " ROUTE_REST)},
    {"TRACE is never routed", ONE_ROUTE("name: r, methods: [TRACE], path: /, " ROUTE_REST),
     "gateway.yaml:3:32: error: \"TRACE\" is no method to route",
     ONE_ROUTE("name: r, methods: [OPTIONS], path: /, " ROUTE_REST)},
    {"a route is a map", LISTENERS BACKENDS "routes: [ 5 ]\n", "gateway.yaml:3:11: error: ", LISTENERS BACKENDS ROUTES},
    {"all that is missing is told", LISTENERS BACKENDS "routes: [ {} ]\n",
     "gateway.yaml:3:11: error: key \"path\" is required", ONE_ROUTE("name: r, path: /, " ROUTE_REST)},
};

#define ASKED(name, policy)                                                                                            \
    ONE_ROUTE("name: \"" name "\", path: /, backend: b, forward_auth: true, validate_jwt: { issuer_signing_keys: [ { " \
              "base64: \"MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=\" } ], " policy " }")

static const struct wrong asked[] = {
    {"nobody asks about a public route", ONE_ROUTE("name: r, path: /, forward_auth: true, " ROUTE_REST),
     "gateway.yaml:3:45: error: \"forward_auth\" on a public route would let everything pass",
     ONE_ROUTE("name: r, path: /, forward_auth: false, " ROUTE_REST)},
    {"a name stands in the path", ASKED("a b", ""),
     "gateway.yaml:3:19: error: with \"forward_auth\" the name stands in a path", ASKED("a-b_c.d~0", "")},
    {"a name with a slash", ASKED("a/b", ""), "the name stands in a path", ASKED("...", "")},
    {"a name that paths have a meaning for", ASKED("..", ""), "the name stands in a path", ASKED("..a", "")},
    {"an encoded name", ASKED("a%62", ""), "the name stands in a path", ASKED("a62", "")},
    {"a policy that reads the method",
     ASKED("r", "require_signed_tokens: \"@(context.Request.Method != \\\"GET\\\")\""),
     "the route's policy reads context.Request.Method, which a proxy that asks does not tell",
     ASKED("r", "audiences: [ \"@(context.Request.Headers[\\\"a\\\"])\" ]")},
    {"a policy that reads the path", ASKED("r", "audiences: [ \"@(context.Request.Url.Path)\" ]"),
     "context.Request.Url.Path", ASKED("r", "audiences: [ \"@(context.Request.IpAddress)\" ]")},
    {"a policy that reads the host", ASKED("r", "audiences: [ \"@(context.Request.OriginalUrl.Host)\" ]"),
     "context.Request.OriginalUrl.Host", ASKED("r", "audiences: [ \"@(context.Request.Url.Host)\" ]")},
    {"a policy that reads a parameter", ASKED("r", "audiences: [ \"@(context.Request.Url.Query[\\\"a\\\"])\" ]"),
     "context.Request.Url.Query", ASKED("r", "audiences: [ \"@(context.RequestId)\" ]")},
    {"a token in the query", ASKED("r", "query_parameter_name: t"), "takes the token from the query",
     ASKED("r", "header_name: X-Token")},
};

static void run_wrongs(const struct wrong *wrongs, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct site_case c;
        const char *said = site_case_read(&c, wrongs[i].text);
        if (c.site != NULL || strstr(said, wrongs[i].said) == NULL)
            fail_msg("%s: wanted \"%s\", said:\n%s", wrongs[i].name, wrongs[i].said, said);
        site_case_end(&c);
        said = site_case_read(&c, wrongs[i].good);
        if (c.site == NULL)
            fail_msg("%s: the neighbour is refused:\n%s", wrongs[i].name, said);
        site_case_end(&c);
    }
}

static void what_is_wrong_about_the_whole_is_told(void **state)
{
    (void)state;
    run_wrongs(listeners, COUNT_OF(listeners));
}

static void what_is_wrong_about_backends_is_told(void **state)
{
    (void)state;
    run_wrongs(backends, COUNT_OF(backends));
}

static void what_is_wrong_about_routes_is_told(void **state)
{
    (void)state;
    run_wrongs(routes, COUNT_OF(routes));
}

static void what_other_proxies_cannot_ask_about_is_told(void **state)
{
    (void)state;
    run_wrongs(asked, COUNT_OF(asked));
}

static void what_has_another_effect_where_other_proxies_ask_is_warned_of(void **state)
{
    (void)state;
    static const struct {
        const char *text, *warned; /* NULL: nothing */
    } rows[] = {
        {ASKED("r", ""), NULL},
        {"limits: { client_refusals: 5 }\n" ASKED("r", ""), "limits.client_refusals counts what is refused"},
        {"limits: { client_refusals: 5 }\ntrusted_proxies: [127.0.0.1]\n" ASKED("r", ""), NULL},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct site_case c;
        const char *said = site_case_read(&c, rows[i].text);
        assert_non_null(c.site);
        assert_int_equal(c.problems.warnings, rows[i].warned == NULL ? 0 : 1);
        assert_true(rows[i].warned == NULL || strstr(said, rows[i].warned) != NULL);
        site_case_end(&c);
    }
}

static void public_routes_are_noted_and_unchecked_tls_warned_of(void **state)
{
    struct site_case c;
    (void)state;
    const char *said =
        site_case_read(&c, LISTENERS "backends: { b: { servers: [\"https://x\"], tls: { verify: false } } }\n" ROUTES);
    assert_non_null(c.site);
    assert_non_null(strstr(said, "gateway.yaml:2:57: warning: the certificates of backend \"b\" are not checked"));
    assert_non_null(strstr(said, "gateway.yaml:3:51: note: route \"r\" is public"));
    site_case_end(&c);
    said = site_case_read(&c, LISTENERS "backends: { b: { servers: [\"http://x\"], tls: {} } }\n" ROUTES);
    assert_non_null(c.site);
    assert_non_null(strstr(said, "gateway.yaml:2:46: warning: \"tls\" has no effect"));
    site_case_end(&c);
}

static void limits_of_waiting_without_limited_connections_are_warned_of(void **state)
{
    static const struct {
        const char *members;
        bool is_warned;
    } cases[] = {
        {"pending: 5", true},
        {"timeouts: { pending: 5s }", true},
        {"timeouts: { connect: 5s }", false},
        {"pending: 5, connections: 1", false},
        {"pending: 5, connections: none", true},
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct site_case c;
        char text[512];
        snprintf(text, sizeof text, LISTENERS "backends: { b: { servers: [\"http://127.0.0.1:1\"], %s } }\n" ROUTES,
                 cases[i].members);
        const char *said = site_case_read(&c, text);
        assert_non_null(c.site);
        if ((strstr(said, "warning: \"pending\" has no effect") != NULL) != cases[i].is_warned)
            fail_msg("%s: %s", cases[i].members, said);
        site_case_end(&c);
    }
}

static void a_backend_has_sixty_four_servers_at_most(void **state)
{
    (void)state;
    for (int count = 64; count <= 65; count++) {
        struct site_case c;
        struct buf text = {0};
        buf_add_str(&text, LISTENERS "backends: { b: { servers: [");
        for (int i = 0; i < count; i++)
            buf_printf(&text, "%s\"http://10.0.0.%d\"", i == 0 ? "" : ", ", i);
        buf_add_str(&text, "] } }\n" ROUTES);
        buf_add_char(&text, '\0');
        const char *said = site_case_read(&c, buf_span(&text).at);
        assert_int_equal(c.site == NULL, count > 64);
        assert_int_equal(strstr(said, "backend \"b\" has more than 64 servers") != NULL, count > 64);
        site_case_end(&c);
        buf_fini(&text);
    }
}

/* What is said of a route whose policy has these members. */
static void check_warned(const char *host, const char *members, const char *warned)
{
    struct site_case c;
    char text[1024];
    snprintf(text, sizeof text,
             LISTENERS BACKENDS "routes: [ { name: r, path: /, backend: b, %s validate_jwt: { issuer_signing_keys: [ { "
                                "base64: \"MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=\" } ], %s } } ]\n",
             host, members);
    const char *said = site_case_read(&c, text);
    assert_non_null(c.site);
    assert_int_equal(c.problems.warnings, warned == NULL ? 0 : 1);
    if (warned != NULL)
        assert_non_null(strstr(said, warned));
    site_case_end(&c);
}

static void audiences_that_the_sender_chooses_are_warned_of(void **state)
{
    static const char host[] = "audiences: [ \"@(context.Request.OriginalUrl.Host)\" ]";
    (void)state;
    check_warned("", host, "route \"r\" takes any host");
    check_warned("host: a.example,", host, NULL);
    check_warned("", "audiences: [ \"@(context.Request.Method)\" ]", NULL);
    check_warned("host: a.example,", "issuers: [ \"@(context.Request.Headers[\\\"a\\\"])\" ]",
                 "is made of a header field or query parameter");
    check_warned("", "required_claims: [ { name: t, values: [ \"@(context.Request.Headers[\\\"t\\\"])\" ] } ]", NULL);
}

static void unsigned_tokens_by_an_expression_are_warned_of(void **state)
{
    (void)state;
    check_warned("", "require_signed_tokens: \"@(context.Request.Method == \\\"POST\\\")\"",
                 "an expression may accept unsigned tokens");
    check_warned("", "require_expiration_time: \"@(context.Request.Method == \\\"POST\\\")\"", NULL);
}

static void what_stands_there_without_effect_is_told(void **state)
{
    struct site_case c;
    (void)state;
    const char *said =
        site_case_read(&c, "named_values: { a: \"x {{b}}\", b: \"{y}\" }\n" LISTENERS
                           "backends: { b: { servers: [\"http://x\"] }, c: { servers: [\"http://y\"] } }\n" ROUTES);
    assert_non_null(c.site);
    assert_int_equal(c.problems.warnings, 1);
    assert_non_null(strstr(said, "gateway.yaml:1:20: warning: named value \"a\" holds \"{{\", which stays as it is"));
    assert_int_equal(c.problems.notes, 2);
    assert_non_null(strstr(said, "gateway.yaml:3:46: note: no route uses backend \"c\""));
    site_case_end(&c);
}

#define GUARDED(inside) ONE_ROUTE("name: r, path: /, backend: b, validate_jwt: { " inside " }")

/* What was not read is told where it stands, and not again where it is used. */
static void a_value_that_is_lost_is_told_once(void **state)
{
    static const char *const texts[] = {
        GUARDED("openid_config: [\"${SITE_UNSET}/x\"]"),
        GUARDED("issuer_signing_keys: [ { base64: \"${SITE_UNSET}\" } ]"),
        GUARDED("failed_validation_httpcode: \"${SITE_UNSET}\""),
        "named_values: { idp: \"${SITE_UNSET}\" }\n" GUARDED("openid_config: [\"{{idp}}/x\"]"),
        "named_values: { idp: [a] }\n" GUARDED("openid_config: [\"{{idp}}/x\"]"),
        "certificates: { c: { file: \"${SITE_UNSET}\" } }\n" GUARDED("issuer_signing_keys: [ { certificate_id: c } ]"),
        "certificates: { c: {} }\n" GUARDED("issuer_signing_keys: [ { certificate_id: c } ]"),
        "algorithms: [HS256, RS255]\n" GUARDED("openid_config: [\"https://a\"], audiences: a"),
        LISTENERS "backends: { b: { servers: [ { url: \"${SITE_UNSET}\" } ] } }\n" ROUTES,
        ONE_ROUTE("name: r, path: /, backend: \"${SITE_UNSET}\", policy: none"),
        ONE_ROUTE("name: r, path: /, backend: b, policy: \"${SITE_UNSET}\""),
        "keys: { wait: \"${SITE_UNSET}\" }\n" LISTENERS BACKENDS ROUTES,
    };
    (void)state;
    assert_int_equal(unsetenv("SITE_UNSET"), 0);
    for (size_t i = 0; i < COUNT_OF(texts); i++) {
        struct site_case c;
        const char *said = site_case_read(&c, texts[i]);
        if (c.problems.errors != 1 || c.problems.warnings != 0)
            fail_msg("%s\nsaid:\n%s", texts[i], said);
        site_case_end(&c);
    }
}

/* What came out of the environment is a secret in the policies it is put into too. */
static void a_secret_named_value_is_not_shown(void **state)
{
    struct site_case c;
    (void)state;
    assert_int_equal(setenv("SITE_WORD", "hunter2", 1), 0);
    const char *said = site_case_read(&c, "named_values: { s: \"${SITE_WORD}\" }\n" GUARDED("clock_skew: \"{{s}}\""));
    assert_int_equal(c.problems.errors, 1);
    assert_null(strstr(said, "hunter2"));
    site_case_end(&c);
    said = site_case_read(&c, "named_values: { s: hunter2 }\n" GUARDED("clock_skew: \"{{s}}\""));
    assert_int_equal(c.problems.errors, 1);
    assert_non_null(strstr(said, "hunter2"));
    site_case_end(&c);
}

static void a_policy_of_two_routes_is_told_about_once(void **state)
{
    char file[] = "/tmp/jwtgate-site-XXXXXX";
    struct site_case c;
    char text[512];
    (void)state;
    int fd = mkstemp(file);
    assert_true(fd >= 0);
    assert_true(dprintf(fd, "<validate-jwt header-name='a' clock-skew='x'/>") > 0);
    assert_int_equal(close(fd), 0);
    snprintf(text, sizeof text,
             LISTENERS BACKENDS "routes:\n- { name: r, path: /r, backend: b, policy: %s }\n"
                                "- { name: s, path: /s, backend: b, policy: %s }\n",
             file, file);
    const char *said = site_case_read(&c, text);
    assert_non_null(strstr(said, "clock-skew"));
    assert_int_equal(c.problems.errors, 1);
    site_case_end(&c);
    assert_int_equal(unlink(file), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(routes_and_backends_stand_as_written),
        cmocka_unit_test(a_site_lives_until_its_last_reference),
        cmocka_unit_test(workers_are_counted),
        cmocka_unit_test(what_is_wrong_about_the_whole_is_told),
        cmocka_unit_test(what_is_wrong_about_backends_is_told),
        cmocka_unit_test(what_is_wrong_about_routes_is_told),
        cmocka_unit_test(what_other_proxies_cannot_ask_about_is_told),
        cmocka_unit_test(what_has_another_effect_where_other_proxies_ask_is_warned_of),
        cmocka_unit_test(what_stands_there_without_effect_is_told),
        cmocka_unit_test(a_value_that_is_lost_is_told_once),
        cmocka_unit_test(a_secret_named_value_is_not_shown),
        cmocka_unit_test(a_policy_of_two_routes_is_told_about_once),
        cmocka_unit_test(public_routes_are_noted_and_unchecked_tls_warned_of),
        cmocka_unit_test(limits_of_waiting_without_limited_connections_are_warned_of),
        cmocka_unit_test(a_backend_has_sixty_four_servers_at_most),
        cmocka_unit_test(audiences_that_the_sender_chooses_are_warned_of),
        cmocka_unit_test(unsigned_tokens_by_an_expression_are_warned_of),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
