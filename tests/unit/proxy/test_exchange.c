/* SPDX-License-Identifier: Apache-2.0 */
/* Requests and answers through the gateway, with servers that fail in every way: what the client is told, which connection is
 * used again, what is sent a second time and what never.
 */
#include "house.h"
#include "unit.h"

#include <sys/socket.h>
#include <unistd.h>

static const char one_server[] =
    "listeners: [ { bind: \"127.0.0.1:0\" } ]\n"
    "backends: { b: { servers: [\"http://127.0.0.1:%u\"], timeouts: { response: 300ms, idle: 400ms } } }\n"
    "routes: [ { name: r, path: /, backend: b, policy: none } ]\n";

static const char two_servers[] =
    "listeners: [ { bind: \"127.0.0.1:0\" } ]\n"
    "backends: { b: { servers: [\"http://127.0.0.1:%u\", \"http://127.0.0.1:%u\"], timeouts: { response: 2s } } }\n"
    "routes: [ { name: r, path: /, backend: b, policy: none } ]\n";

#define GET "GET / HTTP/1.1\r\nHost: h\r\n\r\n"
#define OK_EMPTY "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"

struct scene {
    struct house house;
    struct buf got;
};

static void open_scene(struct scene *s, const char *site_text)
{
    *s = (struct scene){.got = {0}};
    house_open(&s->house, site_text);
}

static void close_scene(struct scene *s)
{
    buf_fini(&s->got);
    house_close(&s->house);
}

/* Sends a request and answers it; returns the server's side, which is idle then. */
static int exchange(struct scene *s, int client)
{
    house_send(&s->house, client, GET);
    int server = house_accept(&s->house, 0);
    house_hear(&s->house, server, &s->got, "\r\n\r\n");
    house_send(&s->house, server, OK_EMPTY);
    house_hear(&s->house, client, &s->got, "200 OK");
    house_await_figure(&s->house, FIGURE_POOL_IDLE, "b", 1);
    return server;
}

/* ---- answers ---- */

static const struct answer_case {
    const char *name, *request, *answer;
    const char *has, *lacks; /* in what the client hears */
    bool is_kept;            /* whether the server's connection is used again */
} answers[] = {
    {"a body with its length", GET, "HTTP/1.1 200 Fine\r\nContent-Length: 3\r\nX: y\r\n\r\nabc",
     "HTTP/1.1 200 Fine\r\nX: y\r\n", "chunked", true},
    {"a body in chunks", GET, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n",
     "\r\n\r\n3\r\nabc\r\n0\r\n\r\n", "Content-Length", true},
    {"chunks for HTTP/1.0 end with the connection", "GET / HTTP/1.0\r\n\r\n",
     "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n", "\r\n\r\nabc", "chunked", true},
    {"204 has no length (RFC 9110 8.6)", GET, "HTTP/1.1 204 No Content\r\nContent-Length: 7\r\n\r\n", "204 No Content",
     "Content-Length", true},
    {"304 may state one", GET, "HTTP/1.1 304 x\r\nContent-Length: 7\r\n\r\n", "Content-Length: 7", "chunked", true},
    {"so may the answer to HEAD", "HEAD / HTTP/1.1\r\nHost: h\r\n\r\n", "HTTP/1.1 200 OK\r\nContent-Length: 7\r\n\r\n",
     "Content-Length: 7", "chunked", true},
    {"fields of one hop stop", GET,
     "HTTP/1.1 200 OK\r\nConnection: X-Hop\r\nX-Hop: 1\r\nKeep-Alive: 1\r\nUpgrade: h2c\r\nContent-Length: 0\r\n\r\n",
     "200 OK", "X-Hop", true},
    {"an interim answer goes before", GET,
     "HTTP/1.1 103 Early\r\nLink: x\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n",
     "HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\nHTTP/1.1 200 OK", "502", true},
    {"but not to HTTP/1.0", "GET / HTTP/1.0\r\n\r\n",
     "HTTP/1.1 103 Early\r\nLink: x\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", "200 OK", "103", true},
    {"a server that wants to close is not used again", GET,
     "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 0\r\n\r\n", "200 OK", "Connection: close", false},
    {"nor one that says more than its answer", GET, "HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nabHTTP/1.1 200 OK\r\n",
     "\r\n\r\na", "ab", false},
    {"nor one that says more behind an answer without body", GET, "HTTP/1.1 204 x\r\n\r\nHTTP/1.1 200 evil\r\n", "204",
     "evil", false},
    {"101 was not asked for", GET, "HTTP/1.1 101 x\r\nUpgrade: h2c\r\n\r\n", "HTTP/1.1 502 ", "101", false},
    {"two lengths are no answer", GET, "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab",
     "HTTP/1.1 502 ", "200", false},
    {"nor is a bare LF", GET, "HTTP/1.1 200 OK\nContent-Length: 1\r\n\r\na", "HTTP/1.1 502 ", "200", false},
    {"nor a chunk that is none, while nothing was sent on", GET,
     "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", "HTTP/1.1 502 ", "200", false},
    {"the client's own close is told", "GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n",
     "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", "Connection: close\r\n", "502", true},
};

static void run_answer(struct scene *s, const struct answer_case *c)
{
    int client = house_client(&s->house);
    house_send(&s->house, client, c->request);
    int server = house_accept(&s->house, 0);
    house_hear(&s->house, server, &s->got, "\r\n\r\n");
    house_send(&s->house, server, c->answer);
    house_hear(&s->house, client, &s->got, c->has);
    house_idle(&s->house, 2);
    if (span_holds(buf_span(&s->got), span_str(c->lacks)))
        fail_msg("%s: heard \"%.*s\"", c->name, SPAN_ARG(buf_span(&s->got)));
    if (house_figure(&s->house, FIGURE_POOL_IDLE, "b") != c->is_kept)
        fail_msg("%s: the server's connection is %skept", c->name, c->is_kept ? "not " : "");
    close(client);
    close(server);
    house_await_figure(&s->house, FIGURE_POOL_IDLE, "b", 0);
}

static void answers_reach_the_client_with_right_framing(void **state)
{
    struct scene s;
    (void)state;
    open_scene(&s, one_server);
    for (size_t i = 0; i < COUNT_OF(answers); i++)
        run_answer(&s, &answers[i]);
    close_scene(&s);
}

static void interim_answers_have_a_bound(void **state)
{
    struct scene s;
    (void)state;
    open_scene(&s, one_server);
    int client = house_client(&s.house);
    house_send(&s.house, client, GET);
    int server = house_accept(&s.house, 0);
    for (int i = 0; i < 16; i++)
        house_send(&s.house, server, "HTTP/1.1 103 x\r\n\r\n");
    house_idle(&s.house, 5);
    assert_int_equal(house_figure(&s.house, FIGURE_POOL_BUSY, "b"), 1);
    house_push(&s.house, server, "HTTP/1.1 103 x\r\n\r\n", 18);
    house_hear(&s.house, client, &s.got, "HTTP/1.1 502 ");
    close(client);
    close(server);
    close_scene(&s);
}

static void an_answer_cut_short_does_not_look_whole(void **state)
{
    struct scene s;
    (void)state;
    open_scene(&s, one_server);
    int client = house_client(&s.house);
    house_send(&s.house, client, GET);
    int server = house_accept(&s.house, 0);
    house_send(&s.house, server, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n");
    house_hear(&s.house, client, &s.got, "abc");
    close(server);
    assert_false(house_hear(&s.house, client, &s.got, NULL));
    assert_false(span_holds(buf_span(&s.got), SPAN("0\r\n\r\n")));
    close(client);
    close_scene(&s);
}

/* ---- connections used again ---- */

static void a_connection_is_used_again(void **state)
{
    struct scene s;
    (void)state;
    open_scene(&s, one_server);
    int client = house_client(&s.house);
    int server = exchange(&s, client);
    house_send(&s.house, client, GET GET);
    house_hear(&s.house, server, &s.got, "\r\n\r\n");
    house_send(&s.house, server, OK_EMPTY);
    house_hear(&s.house, server, &s.got, "\r\n\r\n");
    house_send(&s.house, server, OK_EMPTY);
    house_hear(&s.house, client, &s.got, "200 OK");
    assert_false(house_has_connection(&s.house, 0));
    close(client);
    close(server);
    close_scene(&s);
}

/* Response-queue poisoning: bytes on an idle connection would answer the next request. */
static void bytes_nobody_asked_for_end_an_idle_connection(void **state)
{
    struct scene s;
    (void)state;
    open_scene(&s, one_server);
    int client = house_client(&s.house);
    int server = exchange(&s, client);
    house_send(&s.house, server, "HTTP/1.1 200 evil\r\nContent-Length: 0\r\n\r\n");
    house_await_figure(&s.house, FIGURE_POOL_IDLE, "b", 0);
    house_send(&s.house, client, GET);
    int fresh = house_accept(&s.house, 0);
    house_send(&s.house, fresh, OK_EMPTY);
    house_hear(&s.house, client, &s.got, "200 OK");
    close(client);
    close(server);
    close(fresh);
    close_scene(&s);
}

static void a_request_that_met_a_dead_connection_is_sent_again_once(void **state)
{
    struct scene s;
    (void)state;
    open_scene(&s, one_server);
    int client = house_client(&s.house);
    int server = exchange(&s, client);
    house_send(&s.house, client,
               "PUT / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n");
    house_hear(&s.house, server, &s.got, "0\r\n\r\n");
    close(server);
    int fresh = house_accept(&s.house, 0);
    house_hear(&s.house, fresh, &s.got, "\r\n\r\n3\r\nabc\r\n0\r\n\r\n");
    assert_int_equal(house_figure(&s.house, FIGURE_BACKEND_RESENDS, "b"), 1);
    close(fresh);
    house_hear(&s.house, client, &s.got, "HTTP/1.1 502 ");
    assert_false(house_has_connection(&s.house, 0));
    close(client);
    close_scene(&s);
}

static void a_post_is_never_sent_again(void **state)
{
    struct scene s;
    (void)state;
    open_scene(&s, one_server);
    int client = house_client(&s.house);
    int server = exchange(&s, client);
    house_send(&s.house, client, "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n\r\nabc");
    house_hear(&s.house, server, &s.got, "abc");
    close(server);
    house_hear(&s.house, client, &s.got, "HTTP/1.1 502 ");
    assert_false(house_has_connection(&s.house, 0));
    close(client);
    close_scene(&s);
}

static void what_an_answer_began_for_is_never_sent_again(void **state)
{
    struct scene s;
    (void)state;
    open_scene(&s, one_server);
    int client = house_client(&s.house);
    int server = exchange(&s, client);
    house_send(&s.house, client, GET);
    house_hear(&s.house, server, &s.got, "\r\n\r\n");
    house_send(&s.house, server, "HTTP/1.1 2");
    close(server);
    house_hear(&s.house, client, &s.got, "HTTP/1.1 502 ");
    assert_false(house_has_connection(&s.house, 0));
    close(client);
    close_scene(&s);
}

/* Slow is not dead: the server may be working on it. */
static void a_request_that_timed_out_is_never_sent_again(void **state)
{
    struct scene s;
    (void)state;
    open_scene(&s, one_server);
    int client = house_client(&s.house);
    int server = exchange(&s, client);
    house_send(&s.house, client, GET);
    house_hear(&s.house, client, &s.got, "HTTP/1.1 504 ");
    assert_false(house_has_connection(&s.house, 0));
    close(client);
    close(server);
    close_scene(&s);
}

/* ---- several servers ---- */

static void a_server_that_refuses_is_passed_over_and_host_names_the_other(void **state)
{
    struct scene s;
    char host[64];
    (void)state;
    open_scene(&s, two_servers);
    close(s.house.servers[0]);
    s.house.servers[0] = -1;
    snprintf(host, sizeof host, "\r\nHost: 127.0.0.1:%u\r\n", s.house.ports[1]);
    for (int i = 0; i < 2; i++) {
        int client = house_client(&s.house);
        house_send(&s.house, client, "POST / HTTP/1.1\r\nHost: h\r\nConnection: close\r\nContent-Length: 3\r\n\r\nabc");
        int server = house_accept(&s.house, 1);
        house_hear(&s.house, server, &s.got, "\r\n\r\nabc");
        assert_true(span_holds(buf_span(&s.got), span_str(host)));
        house_send(&s.house, server, "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 0\r\n\r\n");
        house_hear(&s.house, client, &s.got, "200 OK");
        close(client);
        close(server);
    }
    close_scene(&s);
}

static void none_left_is_502(void **state)
{
    struct scene s;
    (void)state;
    open_scene(&s, two_servers);
    for (int i = 0; i < 2; i++) {
        close(s.house.servers[i]);
        s.house.servers[i] = -1;
    }
    int client = house_client(&s.house);
    house_send(&s.house, client, GET);
    house_hear(&s.house, client, &s.got, "HTTP/1.1 502 ");
    close(client);
    close_scene(&s);
}

static void a_server_that_saw_a_post_is_not_passed_over(void **state)
{
    struct scene s;
    (void)state;
    open_scene(&s, two_servers);
    int client = house_client(&s.house);
    house_send(&s.house, client, "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 0\r\n\r\n");
    int server = house_accept(&s.house, 0);
    house_hear(&s.house, server, &s.got, "\r\n\r\n");
    close(server);
    house_hear(&s.house, client, &s.got, "HTTP/1.1 502 ");
    assert_false(house_has_connection(&s.house, 1));
    close(client);
    close_scene(&s);
}

/* What a server of the two does to a GET, and whether the other is asked. */
static void break_off(struct scene *s, const char *answer, bool goes_on)
{
    open_scene(s, two_servers);
    int client = house_client(&s->house);
    house_send(&s->house, client, GET);
    int server = house_accept(&s->house, 0);
    house_hear(&s->house, server, &s->got, "\r\n\r\n");
    house_send(&s->house, server, answer);
    close(server);
    if (goes_on) {
        int other = house_accept(&s->house, 1);
        house_hear(&s->house, other, &s->got, "\r\n\r\n");
        house_send(&s->house, other, OK_EMPTY);
        house_hear(&s->house, client, &s->got, "200 OK");
        close(other);
    } else {
        house_hear(&s->house, client, &s->got, "HTTP/1.1 502 ");
        assert_false(house_has_connection(&s->house, 1));
    }
    close(client);
    close_scene(s);
}

static void a_get_that_was_not_answered_goes_to_another_server(void **state)
{
    struct scene s;
    (void)state;
    break_off(&s, "", true);
}

static void one_byte_of_an_answer_is_an_answer(void **state)
{
    struct scene s;
    (void)state;
    break_off(&s, "H", false);
}

static void a_get_goes_to_one_other_server_and_no_further(void **state)
{
    struct scene s;
    (void)state;
    open_scene(&s, two_servers);
    int client = house_client(&s.house);
    house_send(&s.house, client, GET);
    for (int i = 0; i < 2; i++) {
        int server = house_accept(&s.house, i);
        house_hear(&s.house, server, &s.got, "\r\n\r\n");
        close(server);
    }
    house_hear(&s.house, client, &s.got, "HTTP/1.1 502 ");
    assert_false(house_has_connection(&s.house, 0));
    close(client);
    close_scene(&s);
}

static void servers_take_turns(void **state)
{
    struct scene s;
    (void)state;
    open_scene(&s, two_servers);
    int client = house_client(&s.house);
    for (int i = 0; i < 2; i++) {
        house_send(&s.house, client, GET);
        int server = house_accept(&s.house, i);
        house_send(&s.house, server, OK_EMPTY);
        house_hear(&s.house, client, &s.got, "200 OK");
        close(server);
    }
    close(client);
    close_scene(&s);
}

/* ---- clients that go, sites that change ---- */

static void a_client_that_resets_takes_its_server_connection_along(void **state)
{
    struct scene s;
    const struct linger now = {.l_onoff = 1, .l_linger = 0};
    (void)state;
    open_scene(&s, one_server);
    int client = house_client(&s.house);
    house_send(&s.house, client, GET);
    int server = house_accept(&s.house, 0);
    house_hear(&s.house, server, &s.got, "\r\n\r\n");
    setsockopt(client, SOL_SOCKET, SO_LINGER, &now, sizeof now);
    close(client);
    house_hear(&s.house, server, &s.got, NULL);
    house_await_figure(&s.house, FIGURE_POOL_BUSY, "b", 0);
    house_await_figure(&s.house, FIGURE_CONNECTIONS, NULL, 0);
    close(server);
    close_scene(&s);
}

static void a_client_that_ended_its_side_still_gets_its_answer(void **state)
{
    struct scene s;
    (void)state;
    open_scene(&s, one_server);
    int client = house_client(&s.house);
    house_send(&s.house, client, GET);
    shutdown(client, SHUT_WR);
    int server = house_accept(&s.house, 0);
    house_hear(&s.house, server, &s.got, "\r\n\r\n");
    house_send(&s.house, server, OK_EMPTY);
    assert_true(house_hear(&s.house, client, &s.got, NULL));
    assert_true(span_starts(buf_span(&s.got), SPAN("HTTP/1.1 200 OK")));
    close(client);
    close(server);
    close_scene(&s);
}

static void a_reload_leaves_what_is_under_way_and_closes_what_is_idle(void **state)
{
    struct scene s;
    (void)state;
    open_scene(&s, one_server);
    int client = house_client(&s.house);
    int other = house_client(&s.house);
    int idle = exchange(&s, other);
    house_send(&s.house, client, GET);
    house_hear(&s.house, idle, &s.got, "\r\n\r\n"); /* now in use */
    house_publish(&s.house, "listeners: [ { bind: \"127.0.0.1:0\" } ]\n"
                            "backends: { c: { servers: [\"http://127.0.0.1:%u\"] } }\n"
                            "routes: [ { name: n, path: /new, backend: c, policy: none } ]\n");
    house_idle(&s.house, 5);
    house_send(&s.house, idle, OK_EMPTY);
    house_hear(&s.house, client, &s.got, "200 OK");
    house_hear(&s.house, idle, &s.got, NULL); /* its pool is retired */
    house_await_figure(&s.house, FIGURE_POOL_BUSY, "b", 0);
    assert_int_equal(house_figure(&s.house, FIGURE_POOL_IDLE, "b"), 0);
    house_send(&s.house, client, GET);
    house_hear(&s.house, client, &s.got, "HTTP/1.1 404 ");
    close(client);
    close(other);
    close(idle);
    close_scene(&s);
}

static void note_emptied(void *context)
{
    (void)context;
}

static void a_drain_lets_the_answer_end_and_says_close(void **state)
{
    struct scene s;
    (void)state;
    open_scene(&s, one_server);
    int client = house_client(&s.house);
    house_send(&s.house, client, "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n\r\na");
    int server = house_accept(&s.house, 0);
    house_hear(&s.house, server, &s.got, "\r\n\r\na");
    service_drain(&s.house.gate.service, note_emptied);
    house_send(&s.house, client, "bc");
    house_hear(&s.house, server, &s.got, "bc");
    house_send(&s.house, server, OK_EMPTY);
    assert_true(house_hear(&s.house, client, &s.got, NULL));
    assert_true(span_holds(buf_span(&s.got), SPAN("Connection: close\r\n")));
    close(client);
    close(server);
    close_scene(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(answers_reach_the_client_with_right_framing),
        cmocka_unit_test(interim_answers_have_a_bound),
        cmocka_unit_test(an_answer_cut_short_does_not_look_whole),
        cmocka_unit_test(a_connection_is_used_again),
        cmocka_unit_test(bytes_nobody_asked_for_end_an_idle_connection),
        cmocka_unit_test(a_request_that_met_a_dead_connection_is_sent_again_once),
        cmocka_unit_test(a_post_is_never_sent_again),
        cmocka_unit_test(what_an_answer_began_for_is_never_sent_again),
        cmocka_unit_test(a_request_that_timed_out_is_never_sent_again),
        cmocka_unit_test(a_server_that_refuses_is_passed_over_and_host_names_the_other),
        cmocka_unit_test(none_left_is_502),
        cmocka_unit_test(a_server_that_saw_a_post_is_not_passed_over),
        cmocka_unit_test(a_get_that_was_not_answered_goes_to_another_server),
        cmocka_unit_test(one_byte_of_an_answer_is_an_answer),
        cmocka_unit_test(a_get_goes_to_one_other_server_and_no_further),
        cmocka_unit_test(servers_take_turns),
        cmocka_unit_test(a_client_that_resets_takes_its_server_connection_along),
        cmocka_unit_test(a_client_that_ended_its_side_still_gets_its_answer),
        cmocka_unit_test(a_reload_leaves_what_is_under_way_and_closes_what_is_idle),
        cmocka_unit_test(a_drain_lets_the_answer_end_and_says_close),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
