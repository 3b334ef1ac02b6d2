/* SPDX-License-Identifier: Apache-2.0 */
/* The request as the backend gets it.  The attacks: fields that make the backend believe what nobody checked, or read the message
 * with other ends than the gateway.  Each case is one request and the lines that must and must not arrive.
 */
#include "house.h"
#include "signing.h"
#include "unit.h"

#include <netinet/in.h>
#include <unistd.h>

#define SECRET_TEXT "0123456789abcdef0123456789abcdef"
#define SECRET_BASE64 "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY="
#define KEYS "issuer_signing_keys: [ { base64: \"" SECRET_BASE64 "\" } ]"

#define CLAIMS                                                                                         \
    "{\"exp\":4102444800,\"sub\":\" caf\\u00e9, 5% a%2Cb\",\"groups\":[\"a,b\",\"c d\",\" \",true,7]," \
    "\"realm\":{\"roles\":[\"r1\",\"r2\"]},\"upn\":null,\"age\":41}"

static const char site_text[] =
    "listeners: [ { bind: \"127.0.0.1:0\" } ]\n"
    "backends:\n"
    "  b: { servers: [\"http://127.0.0.1:%u\"] }\n"
    "  client: { servers: [\"http://127.0.0.1:%u\"], host_header: client }\n"
    "routes:\n"
    "- { name: open, path: /, backend: b, policy: none }\n"
    "- { name: cut, path: /cut/, rewrite: /, backend: b, policy: none }\n"
    "- { name: deeper, path: /deeper, rewrite: /x/y, backend: b, policy: none }\n"
    "- { name: jwt, path: /jwt, backend: b, validate_jwt: { " KEYS " } }\n"
    "- { name: kept, path: /kept, backend: b, forward_token: false, validate_jwt: { " KEYS " } }\n"
    "- { name: own, path: /own, backend: b, validate_jwt: { header_name: X-Token, " KEYS " } }\n"
    "- { name: who, path: /who, backend: b, validate_jwt: { " KEYS
    " }, claims_to_headers: { X-User: sub, X-Nobody: upn,\n"
    "    X-Groups: { claim: groups, join: csv }, X-Roles: { path: realm/roles }, X-Age: age, X-One: { claim: sub, "
    "join: "
    "csv } } }\n"
    "- { name: query, path: /query, backend: b, validate_jwt: { query_parameter_name: t, " KEYS " } }\n"
    "- { name: query-kept, path: /qkept, backend: b, forward_token: false, validate_jwt: { query_parameter_name: "
    "t, " KEYS " } }\n";

enum { LINES_MAX = 8 };

/* In `request`, `@` stands for a good token. */
static const struct forward_case {
    const char *name;
    const char *request;
    const char *has[LINES_MAX];   /* lines as they arrive */
    const char *lacks[LINES_MAX]; /* nowhere in the head, letter case ignored */
} cases[] = {
    {"what a proxy adds is there, what was sent stays",
     "GET /a?b=%20&c HTTP/1.1\r\nHost: h.example:8\r\nAccept: x/y\r\nCookie: a=b\r\n\r\n",
     {"GET /a?b=%20&c HTTP/1.1", "Accept: x/y", "Cookie: a=b", "X-Forwarded-For: 127.0.0.1", "X-Forwarded-Proto: http",
      "X-Forwarded-Host: h.example:8", "Forwarded: for=127.0.0.1;proto=http;host=\"h.example:8\"", "Via: 1.1 jwtgate"},
     {"content-length", "transfer-encoding", "connection"}},
    {"the client's word on where it comes from is dropped",
     "GET / HTTP/1.1\r\nHost: h\r\nX-Forwarded-For: 6.6.6.6\r\nx-forwarded-proto: evil\r\nForwarded: for=evil\r\n"
     "X-Forwarded-Port: 666\r\nX_Forwarded_For: evil\r\nX-Forwarded_For: evil\r\n\r\n",
     {"X-Forwarded-For: 127.0.0.1"},
     {"6.6.6.6", "evil", "-port"}},
    {"fields named by Connection stop here, but not those that are judged",
     "GET / HTTP/1.1\r\nHost: h\r\nConnection: keep-alive, X-In, Cookie, X-Forwarded-For\r\nX-In: secret\r\n"
     "Cookie: c=1\r\nKeep-Alive: 5\r\nProxy-Connection: z\r\nTE: trailers\r\nProxy-Authorization: Basic pass\r\n\r\n",
     {"Cookie: c=1", "X-Forwarded-For: 127.0.0.1"},
     {"secret", "keep-alive", "proxy-", "trailers", "pass", "connection"}},
    {"an upgrade is not passed on",
     "GET / HTTP/1.1\r\nHost: h\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAM\r\n\r\n",
     {"GET / HTTP/1.1"},
     {"upgrade", "settings", "h2c"}},
    {"framing is written afresh",
     "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 003\r\nConnection: content-length\r\n\r\nabc",
     {"Content-Length: 3"},
     {"length: 003", "transfer-encoding", "connection"}},
    {"chunks are, too; extensions and trailers go",
     "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\nTrailer: X-T\r\n\r\n3;a=b\r\nabc\r\n0\r\nX-T: "
     "u\r\n\r\n",
     {"Transfer-Encoding: chunked"},
     {"content-length", "trailer"}},
    {"aliases of known fields are dropped",
     "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 1\r\nContent_Length: 77\r\nTransfer_Encoding: chunked\r\n\r\nx",
     {"Content-Length: 1"},
     {"_length", "chunked"}},
    {"names with underscores that shadow nothing go on",
     "GET / HTTP/1.1\r\nHost: h\r\nMy_Field: 1\r\n\r\n",
     {"My_Field: 1"},
     {NULL}},
    {"an expectation is met here",
     "POST / HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 1\r\n\r\nx",
     {"Content-Length: 1"},
     {"expect"}},
    {"Via grows",
     "GET / HTTP/1.1\r\nHost: h\r\nVia: 1.0 a\r\nVia: 1.1 b\r\n\r\n",
     {"Via: 1.0 a, 1.1 b, 1.1 jwtgate"},
     {NULL}},
    {"HTTP/1.0 is told by Via and sent as 1.1",
     "GET / HTTP/1.0\r\n\r\n",
     {"GET / HTTP/1.1", "Via: 1.0 jwtgate"},
     {"x-forwarded-host"}},
    {"a plain request id goes on",
     "GET / HTTP/1.1\r\nHost: h\r\nX-Request-Id: a-b_c.9\r\n\r\n",
     {"X-Request-Id: a-b_c.9"},
     {NULL}},
    {"any other is replaced",
     "GET / HTTP/1.1\r\nHost: h\r\nX-Request-Id: a b\r\nX_Request_Id: evil\r\n\r\n",
     {NULL},
     {"a b", "evil"}},
    {"absolute-form becomes origin-form",
     "GET http://h:1/a?b HTTP/1.1\r\nHost: h:1\r\n\r\n",
     {"GET /a?b HTTP/1.1", "X-Forwarded-Host: h:1"},
     {NULL}},
    {"absolute-form without path", "GET http://h?b HTTP/1.1\r\nHost: h\r\n\r\n", {"GET /?b HTTP/1.1"}, {NULL}},
    {"the prefix is replaced, nothing else",
     "GET /cut/a%2fb//c;d?x=/cut/ HTTP/1.1\r\nHost: h\r\n\r\n",
     {"GET /a%2fb//c;d?x=/cut/ HTTP/1.1"},
     {NULL}},
    {"a longer one takes its place", "GET /deeper/z HTTP/1.1\r\nHost: h\r\n\r\n", {"GET /x/y/z HTTP/1.1"}, {NULL}},
    {"also alone", "GET /deeper HTTP/1.1\r\nHost: h\r\n\r\n", {"GET /x/y HTTP/1.1"}, {NULL}},
    {"also before a query", "GET /deeper?q HTTP/1.1\r\nHost: h\r\n\r\n", {"GET /x/y?q HTTP/1.1"}, {NULL}},
    {"a public route has no credentials",
     "GET / HTTP/1.1\r\nHost: h\r\nAuthorization: Bearer x\r\n\r\n",
     {NULL},
     {"bearer"}},
    {"the judged credential goes on",
     "GET /jwt HTTP/1.1\r\nHost: h\r\nAuthorization: Bearer @\r\nConnection: Authorization\r\n\r\n",
     {"Authorization: Bearer @"},
     {NULL}},
    {"unless it is not to",
     "GET /kept HTTP/1.1\r\nHost: h\r\nAuthorization: Bearer @\r\n\r\n",
     {NULL},
     {"@", "authorization"}},
    {"a token in another field leaves none in Authorization",
     "GET /own HTTP/1.1\r\nHost: h\r\nX-Token: @\r\nAuthorization: Basic evil\r\n\r\n",
     {"X-Token: @"},
     {"basic"}},
    {"nor in another spelling of its field",
     "GET /own HTTP/1.1\r\nHost: h\r\nX-Token: @\r\nX_Token: evil\r\n\r\n",
     {"X-Token: @"},
     {"evil"}},
    {"a token in the query goes on",
     "GET /query?a=1&t=@&b HTTP/1.1\r\nHost: h\r\nAuthorization: Basic evil\r\n\r\n",
     {"GET /query?a=1&t=@&b HTTP/1.1"},
     {"basic"}},
    {"or is cut out", "GET /qkept?a=%31&t=@&&b HTTP/1.1\r\nHost: h\r\n\r\n", {"GET /qkept?a=%31&&b HTTP/1.1"}, {"@"}},
    {"claims become headers, and decode to the very claim",
     "GET /who HTTP/1.1\r\nHost: h\r\nAuthorization: Bearer @\r\n\r\n",
     {"X-User: %20caf%C3%A9, 5% a%252Cb", "X-One: %20caf%C3%A9%2C 5% a%252Cb", "X-Groups: a%2Cb,c d,%20,true,7",
      "X-Roles: r1,r2", "X-Age: 41"},
     {"x-nobody"}},
    {"what a client says in their place never arrives",
     "GET /who HTTP/1.1\r\nHost: h\r\nx-user: evil\r\nX_User: evil\r\nX-NOBODY: evil\r\nx_groups: evil\r\nX-Groups: "
     "evil\r\nConnection: X-User\r\nAuthorization: Bearer @\r\n\r\n",
     {"X-User: %20caf%C3%A9, 5% a%252Cb", "X-Age: 41"},
     {"evil", "x-nobody", "x_"}},
    {"nor on a public route",
     "GET / HTTP/1.1\r\nHost: h\r\nX-User: evil\r\nx_user: evil\r\nX_GROUPS: evil\r\nX-Users: fine\r\n\r\n",
     {"X-Users: fine"},
     {"evil"}},
    {"nor on a route whose policy sets none",
     "GET /jwt HTTP/1.1\r\nHost: h\r\nX-Roles: evil\r\nx-ROLES: evil\r\nX-Role: fine\r\nAuthorization: Bearer "
     "@\r\n\r\n",
     {"X-Role: fine"},
     {"evil"}},
    {"in its encoded spelling too", "GET /qkept?%74=@ HTTP/1.1\r\nHost: h\r\n\r\n", {"GET /qkept HTTP/1.1"}, {"@"}},
};

/* `text` with the token for each `@`. */
static void fill_in(struct buf *out, const char *text, const char *token)
{
    buf_clear(out);
    for (; *text != '\0'; text++) {
        if (*text == '@')
            buf_add_str(out, token);
        else
            buf_add_char(out, *text);
    }
    buf_add_char(out, '\0');
}

static void lower(struct buf *text)
{
    for (size_t i = text->begin; i < text->end; i++)
        if (text->at[i] >= 'A' && text->at[i] <= 'Z')
            text->at[i] = (char)(text->at[i] | 0x20);
}

static void check_head(const struct forward_case *c, struct buf *got, const char *token)
{
    AUTO(buf) wanted = {0};
    AUTO(buf) line = {0};
    for (int i = 0; i < LINES_MAX && c->has[i] != NULL; i++) {
        fill_in(&wanted, c->has[i], token);
        buf_clear(&line);
        buf_printf(&line, "%s\r\n", buf_span(&wanted).at);
        if (!span_holds(buf_span(got), buf_span(&line)))
            fail_msg("%s: \"%s\" is not there in:\n%.*s", c->name, c->has[i], SPAN_ARG(buf_span(got)));
    }
    lower(got);
    for (int i = 0; i < LINES_MAX && c->lacks[i] != NULL; i++) {
        fill_in(&wanted, c->lacks[i], token);
        wanted.end--;
        lower(&wanted);
        if (span_holds(buf_span(got), buf_span(&wanted)))
            fail_msg("%s: \"%s\" is there in:\n%.*s", c->name, c->lacks[i], SPAN_ARG(buf_span(got)));
    }
}

static void each_request_arrives_as_it_should(void **state)
{
    struct house house;
    AUTO(buf) got = {0};
    AUTO(buf) request = {0};
    (void)state;
    struct signer *signer = signer_from_secret(SPAN(SECRET_TEXT), NULL);
    char *token = signer_token(signer, ALG_HS256, NULL, SPAN(CLAIMS));
    house_open(&house, site_text);
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        int client = house_client(&house);
        fill_in(&request, cases[i].request, token);
        house_send(&house, client, buf_span(&request).at);
        int server = house_accept(&house, 0);
        house_hear(&house, server, &got, "\r\n\r\n");
        assert_true(span_holds(buf_span(&got), SPAN("\r\nX-Request-Id: ")));
        check_head(&cases[i], &got, token);
        house_send(&house, server, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
        house_hear(&house, client, &got, "200 OK");
        close(client);
        close(server);
    }
    free(token);
    signer_free(signer);
    house_close(&house);
}

static void bodies_arrive_with_one_framing(void **state)
{
    struct house house;
    AUTO(buf) got = {0};
    (void)state;
    house_open(&house, site_text);
    int client = house_client(&house);
    house_send(&house, client,
               "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n"
               "003;x=\"y\"\r\nabc\r\n1\r\nd\r\n0\r\nContent-Length: 5\r\n\r\n");
    int server = house_accept(&house, 0);
    house_hear(&house, server, &got, "0\r\n\r\n");
    assert_true(span_ends(buf_span(&got), SPAN("\r\n\r\n3\r\nabc\r\n1\r\nd\r\n0\r\n\r\n")));
    house_send(&house, server, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
    house_hear(&house, client, &got, "200 OK");
    house_send(&house, client, "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n");
    house_hear(&house, server, &got, "0\r\n\r\n");
    assert_true(span_ends(buf_span(&got), SPAN("\r\n\r\n0\r\n\r\n")));
    close(client);
    close(server);
    house_close(&house);
}

/* Requests of a peer that is trusted, as a proxy passes them on: each request, then lines that arrive and texts that must not. */
static const struct forward_case trusted_cases[] = {
    {"what the proxy tells stays, and grows by the proxy",
     "GET / HTTP/1.1\r\nHost: inner\r\nX-Forwarded-For: 6.6.6.6, 192.0.2.1\r\nX-Forwarded-For: 192.0.2.2\r\n"
     "X-Forwarded-Proto: https\r\nX-Forwarded-Host: api.example.com\r\nX-Forwarded-Port: 8443\r\n"
     "Forwarded: for=192.0.2.1;host=\"a;b\"\r\nConnection: X-Forwarded-For\r\n\r\n",
     {"X-Forwarded-For: 6.6.6.6, 192.0.2.1, 192.0.2.2, 127.0.0.1", "X-Forwarded-Proto: https",
      "X-Forwarded-Host: api.example.com", "X-Forwarded-Port: 8443",
      "Forwarded: for=192.0.2.1;host=\"a;b\", for=127.0.0.1;proto=http;host=\"inner\""},
     {NULL}},
    {"where it tells nothing, it is the client",
     "GET / HTTP/1.1\r\nHost: h\r\n\r\n",
     {"X-Forwarded-For: 127.0.0.1", "X-Forwarded-Proto: http", "X-Forwarded-Host: h",
      "Forwarded: for=127.0.0.1;proto=http;host=\"h\""},
     {"-port"}},
    {"what is malformed is written afresh",
     "GET / HTTP/1.1\r\nHost: h\r\nX-Forwarded-Proto: https, http\r\nX-Forwarded-Host: a b\r\n"
     "X-Forwarded-Port: x\r\nForwarded: for=\"evil\r\n\r\n",
     {"X-Forwarded-Proto: http", "X-Forwarded-Host: h", "Forwarded: for=127.0.0.1;proto=http;host=\"h\""},
     {"evil", "-port"}},
    {"other spellings are dropped all the same",
     "GET / HTTP/1.1\r\nHost: h\r\nX_Forwarded_For: evil\r\nX-Forwarded_Proto: evil\r\n\r\n",
     {"X-Forwarded-For: 127.0.0.1"},
     {"evil"}},
};

static void a_trusted_proxy_is_believed(void **state)
{
    struct house house;
    AUTO(buf) got = {0};
    (void)state;
    house_open(&house, "trusted_proxies: [127.0.0.1]\n"
                       "listeners: [ { bind: \"127.0.0.1:0\" } ]\n"
                       "backends: { b: { servers: [\"http://127.0.0.1:%u\"] } }\n"
                       "routes: [ { name: open, path: /, backend: b, policy: none } ]\n");
    for (size_t i = 0; i < COUNT_OF(trusted_cases); i++) {
        int client = house_client(&house);
        house_send(&house, client, trusted_cases[i].request);
        int server = house_accept(&house, 0);
        house_hear(&house, server, &got, "\r\n\r\n");
        check_head(&trusted_cases[i], &got, "");
        close(client);
        close(server);
    }
    house_close(&house);
}

/* RFC 7239 6 */
static void an_ipv6_client_stands_in_brackets_and_quotes(void **state)
{
    (void)state;
    struct house house;
    AUTO(buf) got = {0};
    const struct sockaddr_in6 peer = {.sin6_family = AF_INET6, .sin6_addr = IN6ADDR_LOOPBACK_INIT};
    house_open(&house, site_text);
    int client = house_client_from(&house, (const struct sockaddr *)&peer);
    house_send(&house, client, "GET / HTTP/1.1\r\nHost: [::1]:8080\r\n\r\n");
    int server = house_accept(&house, 0);
    house_hear(&house, server, &got, "\r\n\r\n");
    assert_true(span_holds(buf_span(&got), SPAN("X-Forwarded-For: ::1\r\n")));
    assert_true(span_holds(buf_span(&got), SPAN("Forwarded: for=\"[::1]\";proto=http;host=\"[::1]:8080\"\r\n")));
    close(client);
    close(server);
    house_close(&house);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_request_arrives_as_it_should),
        cmocka_unit_test(bodies_arrive_with_one_framing),
        cmocka_unit_test(a_trusted_proxy_is_believed),
        cmocka_unit_test(an_ipv6_client_stands_in_brackets_and_quotes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
