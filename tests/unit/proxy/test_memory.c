/* SPDX-License-Identifier: Apache-2.0 */
/* Each allocation of reading a site, and of one request through the gateway, fails once: a site comes whole or with an error told,
 * a request is answered or its connection ends, and the next one passes.
 */
#include "alloc_fail.h"
#include "house.h"
#include "site_case.h"

#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>

static const char rich_text[] = LISTENERS
    "named_values: { a: b }\nalgorithms: [RS256, HS256]\n"
    "backends: { b: { servers: [\"http://127.0.0.1:1\"], host_header: x }, c: { servers: [\"https://x\"] } }\n"
    "routes:\n- { name: r, host: [a.b, \"*.c\"], path: /, methods: [GET, PUT], backend: b, policy: none }\n"
    "- { name: s, path: /s/, rewrite: /, backend: c, validate_jwt: { audiences: x, issuer_signing_keys: [\n"
    "    { base64: \"MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=\" } ] },\n"
    "    claims_to_headers: { X-User: sub, X-Groups: { claim: g, join: csv } }, errors: odata, mode: report-only,\n"
    "    resource_metadata: { resource: \"https://a.b/s\", scopes_supported: [x, y], resource_name: z } }\n";

static bool read_site(void *arg)
{
    struct problems problems;
    (void)arg;
    problems_init(&problems);
    struct site *site = site_read("gateway.yaml", span_str(rich_text), SITE_NOW_S, &problems);
    bool is_read = site != NULL;
    assert_int_equal(is_read, problems.errors == 0);
    assert_true(is_read || problems.first != NULL);
    if (is_read)
        assert_true(site->route_count == 2 && site->entry_count == 3 && site->backend_count == 2);
    site_release(site);
    problems_fini(&problems);
    return is_read;
}

static void a_site_comes_whole_or_with_an_error(void **state)
{
    (void)state;
    assert_true(alloc_fail_each(read_site, NULL, true) > 20); /* it may be a note that is lost */
}

static const char site_text[] = "listeners: [ { bind: \"127.0.0.1:0\" } ]\n"
                                "backends: { b: { servers: [\"http://127.0.0.1:%u\", \"http://127.0.0.1:%u\"] } }\n"
                                "routes: [ { name: r, path: /a/, rewrite: /, backend: b, policy: none } ]\n";

static const char request[] = "POST http://h/a/b?c HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n"
                              "3\r\nabc\r\n0\r\n\r\n";
static const char reply[] = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n";

/* What the server does without memory of its own: takes what comes, answers once the request is whole. */
static void serve(struct house *house, int *server)
{
    char bytes[4096];
    if (*server < 0 && house_has_connection(house, 1))
        *server = accept4(house->servers[1], NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
    ssize_t got = *server < 0 ? -1 : recv(*server, bytes, sizeof bytes, 0);
    if (got > 0 && span_ends(span_of(bytes, (size_t)got), SPAN("\r\n0\r\n\r\n")))
        send(*server, reply, sizeof reply - 1, MSG_NOSIGNAL);
}

/* Whether the answer came whole; else the connection ended or the answer is a refusal. */
static bool pass_through(struct house *house, int client)
{
    char bytes[4096];
    size_t len = 0;
    int server = -1;
    send(client, request, sizeof request - 1, MSG_NOSIGNAL);
    for (int turn = 0; turn < 20000; turn++) {
        serve(house, &server);
        house_turn(house);
        ssize_t got = recv(client, bytes + len, sizeof bytes - len, 0);
        len += got > 0 ? (size_t)got : 0;
        bool is_over = got == 0 || (got < 0 && errno != EAGAIN);
        if (is_over || span_ends(span_of(bytes, len), SPAN("\r\n0\r\n\r\n")) ||
            span_ends(span_of(bytes, len), SPAN("}")))
            break;
        if (turn > 100)
            usleep(50);
        assert_true(turn < 19999);
    }
    if (server >= 0)
        close(server);
    return span_starts(span_of(bytes, len), SPAN("HTTP/1.1 200 OK")) &&
           span_ends(span_of(bytes, len), SPAN("\r\n0\r\n\r\n"));
}

static void a_request_is_answered_or_its_connection_ends(void **state)
{
    size_t failures = 0;
    (void)state;
    for (bool came = true; came; failures++) {
        struct house house;
        house_open(&house, site_text);
        close(house.servers[0]); /* so that the second is tried, too */
        house.servers[0] = -1;
        alloc_fail_at(failures + 1);
        int client = house_client(&house);
        bool is_answered = pass_through(&house, client);
        came = alloc_fail_came();
        alloc_fail_at(0);
        assert_true(came || is_answered);
        int next = house_client(&house);
        assert_true(pass_through(&house, next));
        close(client);
        close(next);
        house_close(&house);
    }
    assert_true(failures > 8);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_site_comes_whole_or_with_an_error),
        cmocka_unit_test(a_request_is_answered_or_its_connection_ends),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
