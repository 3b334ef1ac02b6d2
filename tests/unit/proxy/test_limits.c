/* SPDX-License-Identifier: Apache-2.0 */
/* A backend that takes so many connections and no more: who waits, who goes first, and who is told that it is busy. */
#include "house.h"
#include "unit.h"

#include <sys/socket.h>
#include <unistd.h>

static const char site_text[] = "listeners: [ { bind: \"127.0.0.1:0\" } ]\n"
                                "backends: { b: { servers: [\"http://127.0.0.1:%u\"], connections: 1, pending: 2, "
                                "timeouts: { pending: 20s } } }\n"
                                "routes: [ { name: r, path: /, backend: b, policy: none } ]\n";
static const char hasty_text[] = "listeners: [ { bind: \"127.0.0.1:0\" } ]\n"
                                 "backends: { b: { servers: [\"http://127.0.0.1:%u\"], connections: 1, pending: 2, "
                                 "timeouts: { pending: 50ms } } }\n"
                                 "routes: [ { name: r, path: /, backend: b, policy: none, errors: problem+json } ]\n";
static const char two_text[] =
    "listeners: [ { bind: \"127.0.0.1:0\" } ]\n"
    "backends: { b: { servers: [\"http://127.0.0.1:%u\", \"http://127.0.0.1:%u\"], connections: 1 } }\n"
    "routes: [ { name: r, path: /, backend: b, policy: none } ]\n";

#define OK_EMPTY "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"
#define OK_CLOSE "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"

struct scene {
    struct house house;
    struct buf got;
    int clients[4];
};

static void ask(struct scene *s, int client)
{
    char request[64];
    snprintf(request, sizeof request, "GET /%d HTTP/1.1\r\nHost: h\r\n\r\n", client);
    house_send(&s->house, s->clients[client], request);
}

static void open_scene(struct scene *s, const char *text)
{
    *s = (struct scene){.got = {0}};
    house_open(&s->house, text);
    for (int i = 0; i < 4; i++)
        s->clients[i] = house_client(&s->house);
}

static void close_scene(struct scene *s)
{
    for (int i = 0; i < 4; i++)
        close(s->clients[i]);
    buf_fini(&s->got);
    house_close(&s->house);
}

static int64_t waiting(struct scene *s)
{
    return house_figure(&s->house, FIGURE_BACKEND_PENDING, "b");
}

static void who_waits_goes_in_order_on_the_one_connection(void **state)
{
    struct scene s;
    (void)state;
    open_scene(&s, site_text);
    ask(&s, 0);
    int server = house_accept(&s.house, 0);
    house_hear(&s.house, server, &s.got, "GET /0");
    for (int i = 1; i < 3; i++) {
        ask(&s, i);
        house_await_figure(&s.house, FIGURE_BACKEND_PENDING, "b", i);
    }
    assert_false(house_has_connection(&s.house, 0));
    for (int i = 0; i < 3; i++) {
        char wanted[16];
        snprintf(wanted, sizeof wanted, "GET /%d", i);
        if (i > 0)
            house_hear(&s.house, server, &s.got, wanted);
        house_send(&s.house, server, OK_EMPTY);
        house_hear(&s.house, s.clients[i], &s.got, "200 OK");
    }
    assert_int_equal(waiting(&s), 0);
    assert_false(house_has_connection(&s.house, 0));
    close(server);
    close_scene(&s);
}

/* The queue does not depend on connections that are kept: one that ends makes room as well. */
static void a_connection_that_ends_makes_room_for_a_new_one(void **state)
{
    struct scene s;
    (void)state;
    open_scene(&s, site_text);
    ask(&s, 0);
    int server = house_accept(&s.house, 0);
    house_hear(&s.house, server, &s.got, "GET /0");
    ask(&s, 1);
    house_await_figure(&s.house, FIGURE_BACKEND_PENDING, "b", 1);
    house_send(&s.house, server, OK_CLOSE);
    close(server);
    house_hear(&s.house, s.clients[0], &s.got, "200 OK");
    server = house_accept(&s.house, 0);
    house_hear(&s.house, server, &s.got, "GET /1");
    house_send(&s.house, server, OK_EMPTY);
    house_hear(&s.house, s.clients[1], &s.got, "200 OK");
    close(server);
    close_scene(&s);
}

static void one_too_many_is_503_at_once(void **state)
{
    struct scene s;
    (void)state;
    open_scene(&s, site_text);
    ask(&s, 0);
    int server = house_accept(&s.house, 0);
    for (int i = 1; i < 3; i++) {
        ask(&s, i);
        house_await_figure(&s.house, FIGURE_BACKEND_PENDING, "b", i);
    }
    ask(&s, 3);
    house_hear(&s.house, s.clients[3], &s.got, "\r\n\r\n");
    assert_true(span_starts(buf_span(&s.got), SPAN("HTTP/1.1 503 ")));
    assert_true(span_holds(buf_span(&s.got), SPAN("Retry-After: ")));
    assert_int_equal(waiting(&s), 2);
    close(server);
    close_scene(&s);
}

static void waiting_too_long_is_503_in_the_routes_shape(void **state)
{
    struct scene s;
    (void)state;
    open_scene(&s, hasty_text);
    ask(&s, 0);
    int server = house_accept(&s.house, 0);
    house_hear(&s.house, server, &s.got, "GET /0");
    ask(&s, 1);
    house_hear(&s.house, s.clients[1], &s.got, "The backend is busy.");
    assert_true(span_starts(buf_span(&s.got), SPAN("HTTP/1.1 503 ")));
    assert_true(span_holds(buf_span(&s.got), SPAN("application/problem+json")));
    house_send(&s.house, server, OK_EMPTY);
    house_hear(&s.house, s.clients[0], &s.got, "200 OK");
    close(server);
    close_scene(&s);
}

static void a_client_that_left_does_not_take_a_turn(void **state)
{
    struct scene s;
    (void)state;
    open_scene(&s, site_text);
    ask(&s, 0);
    int server = house_accept(&s.house, 0);
    house_hear(&s.house, server, &s.got, "GET /0");
    for (int i = 1; i < 3; i++) {
        ask(&s, i);
        house_await_figure(&s.house, FIGURE_BACKEND_PENDING, "b", i);
    }
    struct linger reset = {.l_onoff = 1};
    setsockopt(s.clients[1], SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
    close(s.clients[1]);
    house_await_figure(&s.house, FIGURE_BACKEND_PENDING, "b", 1);
    house_send(&s.house, server, OK_EMPTY);
    house_hear(&s.house, server, &s.got, "GET /2");
    s.clients[1] = house_client(&s.house);
    close(server);
    close_scene(&s);
}

/* A body that comes while its request waits is kept, and goes out behind the head. */
static void a_body_waits_with_its_request(void **state)
{
    struct scene s;
    (void)state;
    open_scene(&s, site_text);
    ask(&s, 0);
    int server = house_accept(&s.house, 0);
    house_hear(&s.house, server, &s.got, "GET /0");
    house_send(&s.house, s.clients[1], "POST /1 HTTP/1.1\r\nHost: h\r\nContent-Length: 6\r\n\r\nabc");
    house_await_figure(&s.house, FIGURE_BACKEND_PENDING, "b", 1);
    house_send(&s.house, s.clients[1], "def");
    house_idle(&s.house, 20);
    house_send(&s.house, server, OK_EMPTY);
    house_hear(&s.house, server, &s.got, "\r\n\r\nabcdef");
    house_send(&s.house, server, OK_EMPTY);
    house_hear(&s.house, s.clients[1], &s.got, "200 OK");
    close(server);
    close_scene(&s);
}

static void a_server_with_room_is_taken_before_anybody_waits(void **state)
{
    struct scene s;
    int servers[2];
    (void)state;
    open_scene(&s, two_text);
    for (int i = 0; i < 2; i++) {
        ask(&s, i);
        servers[i] = house_accept(&s.house, i);
        house_hear(&s.house, servers[i], &s.got, i == 0 ? "GET /0" : "GET /1");
    }
    ask(&s, 2);
    house_await_figure(&s.house, FIGURE_BACKEND_PENDING, "b", 1);
    house_send(&s.house, servers[1], OK_EMPTY);
    house_hear(&s.house, servers[1], &s.got, "GET /2");
    close(servers[0]);
    close(servers[1]);
    close_scene(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(who_waits_goes_in_order_on_the_one_connection),
        cmocka_unit_test(a_connection_that_ends_makes_room_for_a_new_one),
        cmocka_unit_test(one_too_many_is_503_at_once),
        cmocka_unit_test(waiting_too_long_is_503_in_the_routes_shape),
        cmocka_unit_test(a_client_that_left_does_not_take_a_turn),
        cmocka_unit_test(a_body_waits_with_its_request),
        cmocka_unit_test(a_server_with_room_is_taken_before_anybody_waits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
