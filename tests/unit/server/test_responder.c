/* SPDX-License-Identifier: Apache-2.0 */
/* Goal: a service sees whole requests once, clients see whole answers, and what is malformed or too large never reaches the
 * service.  Method: a service that answers with what it was asked, behind a real worker, over loopback.
 */
#include "server/responder.h"
#include "loop.h"

enum { BODY_MAX = 16 };

static int asked;

/* Answers "METHOD PATH QUERY BODY". */
static void answer(void *context, const struct request *request, struct reply *reply)
{
    assert_ptr_equal(context, &asked);
    asked++;
    if (span_eq(request->path, SPAN("/post-only")) && responder_wants_get(request, reply))
        responder_refuse(reply, REASON_NO_ROUTE);
    if (span_starts(request->path, SPAN("/post-only")))
        return;
    if (span_eq(request->path, SPAN("/empty"))) {
        reply->status = 204;
        return;
    }
    if (span_eq(request->path, SPAN("/broken")))
        reply->body.bytes_max = 4;
    reply->content_type = SPAN("text/plain");
    responder_add_field(reply, "X-Peer", request->peer);
    buf_printf(&reply->body, "%s %.*s %.*s %.*s", method_name(request->head->method), SPAN_ARG(request->path),
               SPAN_ARG(request->query), SPAN_ARG(request->body));
}

static bool admits(void *context, const struct request *request, struct reply *reply)
{
    assert_ptr_equal(context, &asked);
    assert_int_equal(request->body.len, 0);
    if (!span_eq(request->path, SPAN("/closed")))
        return true;
    reply->status = 403;
    return false;
}

static void forbids(void *context, const struct request *request, struct reply *reply)
{
    assert_ptr_equal(context, &asked);
    reply->status = 405;
    responder_add_field(reply, "Allow", request->head->target);
}

static const struct responder responder = {
    .answer = answer, .admits = admits, .forbids = forbids, .context = &asked, .body_bytes_max = BODY_MAX};

struct exchange_case {
    const char *name, *request;
    const char *heard[4];
    int asked;
    bool ends;
};

static const struct exchange_case cases[] = {
    {"path and query come apart",
     "GET /a/b?c=d HTTP/1.1\r\nHost: h\r\n\r\n",
     {"HTTP/1.1 200 OK\r\n", "\r\nContent-Type: text/plain\r\n", "\r\nX-Peer: 127.0.0.1\r\n", "\r\n\r\nGET /a/b ?c=d "},
     1,
     false},
    {"a sized body of the maximum is taken",
     "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 16\r\n\r\n0123456789abcdef",
     {"\r\n\r\nPOST /  0123456789abcdef"},
     1,
     false},
    {"one byte more is refused before it is read",
     "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 17\r\n\r\n",
     {"HTTP/1.1 413 ", "\r\nConnection: close\r\n", "{\"statusCode\":413,\"message\":"},
     0,
     true},
    {"a chunked body of the maximum is taken",
     "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n8\r\n01234567\r\n8\r\n89abcdef\r\n0\r\n\r\n",
     {"\r\n\r\nPOST /  0123456789abcdef"},
     1,
     false},
    {"one byte more in chunks is refused",
     "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n8\r\n01234567\r\n9\r\n89abcdefg\r\n0\r\n\r\n",
     {"HTTP/1.1 413 ", "\r\nConnection: close\r\n", "{\"statusCode\":413,\"message\":"},
     0,
     true},
    {"a body that is not admitted is not waited for",
     "POST /closed HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\n",
     {"HTTP/1.1 403 ", "\r\nConnection: close\r\n"},
     0,
     true},
    {"the same without a body is for the service",
     "POST /closed HTTP/1.1\r\nHost: h\r\nContent-Length: 0\r\n\r\n",
     {"\r\n\r\nPOST /closed "},
     1,
     false},
    {"a malformed body is refused",
     "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
     {"HTTP/1.1 400 ", "{\"statusCode\":400,"},
     0,
     true},
    {"a malformed head is refused",
     "GET / HTTP/1.1\r\n\r\n",
     {"HTTP/1.1 400 ", "\r\nContent-Type: application/json\r\n",
      "{\"statusCode\":400,\"message\":\"The request is malformed.\"}"},
     0,
     true},
    {"HEAD gets the fields of GET and no body",
     "HEAD /a HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n",
     {"HTTP/1.1 200 OK\r\n", "\r\nContent-Length: 9\r\n", "\r\nContent-Type: text/plain\r\n"},
     1,
     true},
    {"204 has neither body nor length",
     "GET /empty HTTP/1.1\r\nHost: h\r\n\r\n",
     {"HTTP/1.1 204 No Content\r\n"},
     1,
     false},
    {"another method is told which are allowed",
     "PUT /post-only HTTP/1.1\r\nHost: h\r\n\r\n",
     {"HTTP/1.1 405 ", "\r\nAllow: GET, HEAD\r\n", "{\"statusCode\":405,"},
     1,
     false},
    {"a method that is for no path is the service's to refuse",
     "TRACE /a?b HTTP/1.1\r\nHost: h\r\n\r\n",
     {"HTTP/1.1 405 ", "\r\nAllow: /a?b\r\n", "\r\nConnection: close\r\n"},
     0,
     true},
    {"one that nobody knows is not",
     "BREW /a HTTP/1.1\r\nHost: h\r\n\r\n",
     {"HTTP/1.1 501 ", "{\"statusCode\":501,"},
     0,
     true},
    {"the allowed method goes on", "GET /post-only HTTP/1.1\r\nHost: h\r\n\r\n", {"HTTP/1.1 404 "}, 1, false},
    {"a reply without memory becomes 503",
     "GET /broken HTTP/1.1\r\nHost: h\r\n\r\n",
     {"HTTP/1.1 503 ", "{\"statusCode\":503,"},
     1,
     false},
};

static void run_case(const struct exchange_case *c)
{
    struct loop loop;
    AUTO(buf) got = {0};
    const struct service_settings settings = loop_settings();
    asked = 0;
    loop_open(&loop, &responder_handler, (void *)(uintptr_t)&responder, &settings);
    int client = loop_connect(&loop);
    loop_send_str(&loop, client, c->request);
    for (size_t i = 0; i < COUNT_OF(c->heard) && c->heard[i] != NULL; i++)
        if (loop_await(&loop, client, &got, c->heard[i]) != HEARD_BYTES)
            fail_msg("%s: no \"%s\" in \"%.*s\"", c->name, c->heard[i], SPAN_ARG(buf_span(&got)));
    if (asked != c->asked)
        fail_msg("%s: the service was asked %d times", c->name, asked);
    if (c->ends)
        assert_int_equal(loop_await(&loop, client, &got, NULL), HEARD_END);
    else
        assert_int_equal(loop_hear(client, &got, 1), HEARD_NOTHING);
    if (strncmp(c->request, "HEAD", 4) == 0)
        assert_true(span_ends(buf_span(&got), SPAN("\r\n\r\n")));
    if (strstr(c->request, "/empty") != NULL)
        assert_false(span_holds(buf_span(&got), SPAN("Content-Length")));
    close(client);
    loop_close(&loop);
}

static void each_request_gets_its_answer(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++)
        run_case(&cases[i]);
}

static void a_client_that_goes_within_its_body_leaves_nothing_behind(void **state)
{
    struct loop loop;
    const struct service_settings settings = loop_settings();
    (void)state;
    asked = 0;
    loop_open(&loop, &responder_handler, (void *)(uintptr_t)&responder, &settings);
    int client = loop_connect(&loop);
    loop_send_str(&loop, client, "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 8\r\n\r\n1234");
    close(client);
    for (int i = 0; i < 2000 && loop.service.count > 0; i++)
        loop_turn(&loop);
    assert_int_equal(loop.service.count, 0);
    assert_int_equal(asked, 0);
    loop_close(&loop);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_request_gets_its_answer),
        cmocka_unit_test(a_client_that_goes_within_its_body_leaves_nothing_behind),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
