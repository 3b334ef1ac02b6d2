/* SPDX-License-Identifier: Apache-2.0 */
/* Requests under a policy of many steps, with each allocation failing once: the backend hears of a request only where every step
 * was taken, and the next request is served as ever.
 */
#include "alloc_fail.h"
#include "house.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

static const char policy[] =
    "<policies><inbound><cors><allowed-origins><origin>https://o.example</origin></allowed-origins>"
    "<allowed-methods><method>*</method></allowed-methods><allowed-headers><header>*</header></allowed-headers></cors>"
    "<ip-filter action=\"forbid\"><address>10.0.0.1</address></ip-filter>"
    "<check-header name=\"X-Key\" failed-check-httpcode=\"400\" failed-check-error-message=\"key\" "
    "ignore-case=\"true\">"
    "<value>one</value></check-header>"
    "<validate-jwt header-name=\"Authorization\" require-signed-tokens=\"false\" output-token-variable-name=\"jwt\">"
    "<audiences><audience>@(context.Request.OriginalUrl.Host)</audience></audiences></validate-jwt>"
    "<choose><when condition=\"@(((Jwt)context.Variables[\"jwt\"]).Claims[\"g\"].Contains(\"b\"))\">"
    "<set-header name=\"X-User\"><value>@(((Jwt)context.Variables[\"jwt\"]).Subject)</value></set-header></when>"
    "<otherwise><return-response><set-status code=\"403\" "
    "/><set-body>}</set-body></return-response></otherwise></choose>"
    "<choose><when condition=\"@(context.Request.Headers.GetValueOrDefault(&quot;X-Bar&quot;,&quot;&quot;) == &quot;a, "
    "b&quot; || context.Request.Url.Query.GetValueOrDefault(&quot;bar&quot;,&quot;&quot;) == &quot;a,b&quot;)\">"
    "<return-response><set-status code=\"403\" /><set-body>}</set-body></return-response></when></choose>"
    "<set-query-parameter name=\"q\"><value>@(context.Request.Method)</value></set-query-parameter>"
    "<rewrite-uri template=\"@(&quot;/new&quot; + context.Request.Url.Path)\" /></inbound>"
    "<outbound><set-header "
    "name=\"X-Out\"><value>@(context.Response.StatusCode.ToString())</value></set-header></outbound>"
    "<on-error><set-header "
    "name=\"X-Error\"><value>@(context.LastError.Reason)</value></set-header></on-error></policies>";

static const char site_form[] = "listeners: [ { bind: \"127.0.0.1:0\" } ]\n"
                                "backends: { b: { servers: [\"http://127.0.0.1:%%u\"] } }\n"
                                "routes: [ { name: r, path: /, backend: b, policy: \"%s\" } ]\n";

/* {"alg":"none"} . {"exp":4102444800,"sub":"s","aud":"h","g":["a","b"]} and the same with g ["a"] */
#define HEADER "eyJhbGciOiJub25lIn0."
#define GOOD HEADER "eyJleHAiOjQxMDI0NDQ4MDAsInN1YiI6InMiLCJhdWQiOiJoIiwiZyI6WyJhIiwiYiJdfQ."
#define POOR HEADER "eyJleHAiOjQxMDI0NDQ4MDAsInN1YiI6InMiLCJhdWQiOiJoIiwiZyI6WyJhIl19."
#define HEAD_OF(path_) \
    "GET " path_ " HTTP/1.1\r\nHost: h\r\nOrigin: https://o.example\r\nX-Key: one\r\nAuthorization: Bearer "

static const char passes[] = HEAD_OF("/p?z=1") GOOD "\r\n\r\n";
static const char barred_by_field[] = HEAD_OF("/p") GOOD "\r\nX-Bar: a\r\nX-Bar: b\r\n\r\n";
static const char barred_by_query[] = HEAD_OF("/p?bar=a&bar=b") GOOD "\r\n\r\n";
static const char answered[] = HEAD_OF("/p") POOR "\r\n\r\n";
static const char refused[] = HEAD_OF("/p") "a.b.c\r\n\r\n";
static const char reply[] = "HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n}";

static char site_text[512];

/* What the server heard first, and its answer. */
struct scripted {
    int fd;
    char heard[2048];
    size_t len;
};

static void serve(struct house *house, struct scripted *server)
{
    if (server->fd < 0 && house_has_connection(house, 0))
        server->fd = accept4(house->servers[0], NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
    ssize_t got =
        server->fd < 0 ? -1 : recv(server->fd, server->heard + server->len, sizeof server->heard - 1 - server->len, 0);
    server->len += got > 0 ? (size_t)got : 0;
    if (got > 0 && span_ends(span_of(server->heard, server->len), SPAN("\r\n\r\n")))
        send(server->fd, reply, sizeof reply - 1, MSG_NOSIGNAL);
}

/* The answer, as far as it came. */
static struct span ask(struct house *house, const char *request, struct scripted *server, char bytes[4096])
{
    size_t len = 0;
    int client = house_client(house);
    *server = (struct scripted){.fd = -1};
    send(client, request, strlen(request), MSG_NOSIGNAL);
    for (int turn = 0; turn < 20000; turn++) {
        serve(house, server);
        house_turn(house);
        ssize_t got = recv(client, bytes + len, 4096 - len, 0);
        len += got > 0 ? (size_t)got : 0;
        bool is_over = got == 0 || (got < 0 && errno != EAGAIN);
        if (is_over || span_ends(span_of(bytes, len), SPAN("}")))
            break;
        if (turn > 100)
            usleep(50);
        assert_true(turn < 19999);
    }
    close(client);
    if (server->fd >= 0)
        close(server->fd);
    return span_of(bytes, len);
}

static bool holds(struct span text, const char *part)
{
    return span_holds(text, span_str(part));
}

static bool is_passed(struct house *house)
{
    struct scripted server;
    char bytes[4096];
    struct span answer = ask(house, passes, &server, bytes);
    struct span heard = span_of(server.heard, server.len);
    if (heard.len > 0) {
        assert_true(span_starts(heard, SPAN("GET /new/p?z=1&q=GET HTTP/1.1\r\n")));
        assert_true(holds(heard, "X-User: s\r\n"));
    }
    return span_starts(answer, SPAN("HTTP/1.1 200 OK")) && holds(answer, "X-Out: 200\r\n") &&
           holds(answer, "Access-Control-Allow-Origin: https://o.example\r\n");
}

static bool is_forbidden(struct house *house, const char *request)
{
    struct scripted server;
    char bytes[4096];
    struct span answer = ask(house, request, &server, bytes);
    assert_int_equal(server.len, 0);
    return span_starts(answer, SPAN("HTTP/1.1 403 "));
}

static bool is_answered(struct house *house)
{
    return is_forbidden(house, answered);
}

static bool is_barred_by_field(struct house *house)
{
    return is_forbidden(house, barred_by_field);
}

static bool is_barred_by_query(struct house *house)
{
    return is_forbidden(house, barred_by_query);
}

static bool is_refused(struct house *house)
{
    struct scripted server;
    char bytes[4096];
    struct span answer = ask(house, refused, &server, bytes);
    assert_int_equal(server.len, 0);
    assert_false(span_starts(answer, SPAN("HTTP/1.1 2")));
    return span_starts(answer, SPAN("HTTP/1.1 401 ")) && holds(answer, "X-Error: JwtInvalid\r\n");
}

static void fail_each(bool (*request)(struct house *house))
{
    size_t failures = 0;
    for (bool came = true; came; failures++) {
        struct house house;
        house_open(&house, site_text);
        alloc_fail_at(failures + 1);
        bool is_right = request(&house);
        came = alloc_fail_came();
        alloc_fail_at(0);
        assert_true(came || is_right);
        assert_true(request(&house));
        house_close(&house);
    }
    assert_true(failures > 3);
}

static void a_request_passes_whole_or_not_at_all(void **state)
{
    (void)state;
    fail_each(is_passed);
}

static void an_answer_of_a_policy_needs_no_backend(void **state)
{
    (void)state;
    fail_each(is_answered);
}

/* What could not be read for lack of memory must not look as if it were not there. */
static void a_condition_on_the_request_is_decided_or_the_request_refused(void **state)
{
    (void)state;
    fail_each(is_barred_by_field);
    fail_each(is_barred_by_query);
}

static void a_refusal_stays_one(void **state)
{
    (void)state;
    fail_each(is_refused);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_request_passes_whole_or_not_at_all),
        cmocka_unit_test(an_answer_of_a_policy_needs_no_backend),
        cmocka_unit_test(a_condition_on_the_request_is_decided_or_the_request_refused),
        cmocka_unit_test(a_refusal_stays_one),
    };
    char file[] = "/tmp/jwtgate-policy-XXXXXX";
    int fd = mkstemp(file);
    if (fd < 0 || write(fd, policy, sizeof policy - 1) != (ssize_t)(sizeof policy - 1))
        return 1;
    snprintf(site_text, sizeof site_text, site_form, file);
    /* house_open puts the ports in; the one %u is the first server's. */
    int status = cmocka_run_group_tests(tests, NULL, NULL);
    close(fd);
    unlink(file);
    return status;
}
