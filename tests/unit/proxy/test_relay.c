/* SPDX-License-Identifier: Apache-2.0 */
/* Both directions under pressure: memory stays bounded however slow a side is, what was held back goes on, and the deadline that
 * runs is that of the side that has something to do.
 */
#include "house.h"
#include "unit.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <unistd.h>

static const char site_text[] = "listeners: [ { bind: \"127.0.0.1:0\" } ]\n"
                                "limits: { body_buffer: 16KiB, body: 64MiB }\n"
                                "timeouts: { head: 2s, idle: 2s }\n"
                                "backends: { b: { servers: [\"http://127.0.0.1:%u\"], timeouts: { connect: 300ms, "
                                "response: 300ms, idle: 300ms } } }\n"
                                "routes: [ { name: r, path: /, backend: b, policy: none } ]\n";

static const char patient_text[] = "listeners: [ { bind: \"127.0.0.1:0\" } ]\n"
                                   "limits: { body_buffer: 16KiB }\n"
                                   "backends: { b: { servers: [\"http://127.0.0.1:%u\"] } }\n"
                                   "routes: [ { name: r, path: /, backend: b, policy: none } ]\n";

enum { BODY_BYTES = 32 << 20, HELD_BYTES_MAX = 12 << 20 }; /* kernel buffers of loopback take some MiB themselves */

#define POST_BIG "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 33554432\r\n\r\n"
#define ANSWER_BIG "HTTP/1.1 200 OK\r\nContent-Length: 33554432\r\n\r\n"
#define GET "GET / HTTP/1.1\r\nHost: h\r\n\r\n"

struct scene {
    struct house house;
    struct buf got;
    char *bytes; /* BODY_BYTES, each telling its place */
};

static void open_scene(struct scene *s, const char *text)
{
    *s = (struct scene){.bytes = malloc(BODY_BYTES)};
    assert_non_null(s->bytes);
    for (size_t i = 0; i < BODY_BYTES; i++)
        s->bytes[i] = (char)(i % 251);
    house_open(&s->house, text);
}

static void close_scene(struct scene *s)
{
    buf_fini(&s->got);
    free(s->bytes);
    house_close(&s->house);
}

/* Reads until `len` bytes more have come, and compares them with those of the scene. */
static void take_body(struct scene *s, int fd, size_t from, size_t len)
{
    static char bytes[65536];
    while (len > 0) {
        ssize_t count = recv(fd, bytes, len < sizeof bytes ? len : sizeof bytes, 0);
        if (count == 0 || (count < 0 && errno != EAGAIN))
            fail_msg("the end %zu bytes before the body's", len);
        if (count > 0) {
            assert_memory_equal(bytes, s->bytes + from, (size_t)count);
            from += (size_t)count;
            len -= (size_t)count;
        }
        house_turn(&s->house);
    }
}

static void a_client_that_does_not_read_holds_the_server_back(void **state)
{
    struct scene s;
    (void)state;
    open_scene(&s, patient_text);
    int client = house_slow_client(&s.house);
    house_send(&s.house, client, GET);
    int server = house_accept(&s.house, 0);
    house_hear(&s.house, server, &s.got, "\r\n\r\n");
    house_send(&s.house, server, ANSWER_BIG);
    size_t sent = house_push(&s.house, server, s.bytes, BODY_BYTES);
    assert_true(sent < HELD_BYTES_MAX);
    house_hear(&s.house, client, &s.got, "\r\n\r\n");
    size_t begin = (size_t)((const char *)memmem(s.got.at, s.got.end, "\r\n\r\n", 4) - s.got.at) + 4;
    size_t heard = s.got.end - begin;
    assert_memory_equal(s.got.at + begin, s.bytes, heard);
    while (heard < BODY_BYTES) {
        size_t more = BODY_BYTES - heard < 1 << 20 ? BODY_BYTES - heard : 1 << 20;
        if (sent < BODY_BYTES)
            sent += house_push(&s.house, server, s.bytes + sent, BODY_BYTES - sent);
        take_body(&s, client, heard, more < sent - heard ? more : sent - heard);
        heard += more < sent - heard ? more : sent - heard;
    }
    house_await_figure(&s.house, FIGURE_POOL_IDLE, "b", 1);
    close(client);
    close(server);
    close_scene(&s);
}

static void a_server_that_does_not_read_holds_the_client_back(void **state)
{
    struct scene s;
    (void)state;
    open_scene(&s, patient_text);
    int client = house_client(&s.house);
    house_send(&s.house, client, POST_BIG);
    int server = house_accept(&s.house, 0);
    house_hear(&s.house, server, &s.got, "\r\n\r\n");
    size_t sent = house_push(&s.house, client, s.bytes, BODY_BYTES);
    assert_true(sent < HELD_BYTES_MAX);
    for (size_t taken = 0; taken < BODY_BYTES;) {
        take_body(&s, server, taken, sent - taken);
        taken = sent;
        sent += house_push(&s.house, client, s.bytes + sent, BODY_BYTES - sent);
    }
    house_send(&s.house, server, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
    house_hear(&s.house, client, &s.got, "200 OK");
    house_await_figure(&s.house, FIGURE_POOL_IDLE, "b", 1);
    close(client);
    close(server);
    close_scene(&s);
}

/* The upload waits for the connection in a buffer of its own. */
static void a_body_that_comes_before_the_connection_is_bounded(void **state)
{
    struct scene s;
    (void)state;
    open_scene(&s, patient_text);
    int client = house_client(&s.house);
    house_push(&s.house, client, POST_BIG, strlen(POST_BIG));
    size_t sent = house_push(&s.house, client, s.bytes, BODY_BYTES);
    assert_true(sent < HELD_BYTES_MAX);
    int server = house_accept(&s.house, 0);
    house_hear(&s.house, server, &s.got, "\r\n\r\n");
    size_t begin = (size_t)((const char *)memmem(s.got.at, s.got.end, "\r\n\r\n", 4) - s.got.at) + 4;
    assert_memory_equal(s.got.at + begin, s.bytes, s.got.end - begin);
    take_body(&s, server, s.got.end - begin, sent - (s.got.end - begin));
    close(client);
    house_hear(&s.house, server, &s.got, NULL);
    close(server);
    close_scene(&s);
}

static void an_early_answer_reaches_a_client_that_still_sends(void **state)
{
    struct scene s;
    (void)state;
    open_scene(&s, patient_text);
    int client = house_client(&s.house);
    house_send(&s.house, client, POST_BIG);
    int server = house_accept(&s.house, 0);
    house_hear(&s.house, server, &s.got, "\r\n\r\n");
    house_send(&s.house, server, "HTTP/1.1 413 x\r\nContent-Length: 5\r\n\r\nlarge");
    house_hear(&s.house, client, &s.got, "\r\n\r\nlarge");
    assert_true(span_starts(buf_span(&s.got), SPAN("HTTP/1.1 413 ")));
    assert_true(span_holds(buf_span(&s.got), SPAN("Connection: close\r\n")));
    house_hear(&s.house, server, &s.got, NULL); /* the request was not whole: not used again */
    assert_int_equal(house_figure(&s.house, FIGURE_POOL_IDLE, "b"), 0);
    house_push(&s.house, client, s.bytes, 1 << 20);
    close(client);
    close(server);
    close_scene(&s);
}

/* The server says 413 and closes with the body unread: our next write fails, yet the answer is there to be read. */
static void an_early_answer_survives_the_reset_behind_it(void **state)
{
    struct scene s;
    (void)state;
    open_scene(&s, patient_text);
    int client = house_client(&s.house);
    house_send(&s.house, client, POST_BIG);
    int server = house_accept(&s.house, 0);
    house_push(&s.house, client, s.bytes, 65536);
    static const char answer[] = "HTTP/1.1 413 x\r\nConnection: close\r\nContent-Length: 5\r\n\r\nlarge";
    /* No turn between, and the client's bytes first: they are sent on before the answer is read.  Bytes that the server did not
     * read make its close a reset.
     */
    send(client, s.bytes, 65536, MSG_NOSIGNAL);
    send(server, answer, strlen(answer), MSG_NOSIGNAL);
    close(server);
    house_hear(&s.house, client, &s.got, "\r\n\r\nlarge");
    assert_true(span_starts(buf_span(&s.got), SPAN("HTTP/1.1 413 ")));
    close(client);
    close_scene(&s);
}

static void an_answer_may_go_on_while_the_request_does(void **state)
{
    struct scene s;
    (void)state;
    open_scene(&s, patient_text);
    int client = house_client(&s.house);
    house_send(&s.house, client, "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n");
    int server = house_accept(&s.house, 0);
    house_hear(&s.house, server, &s.got, "1\r\na");
    house_send(&s.house, server, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nA\r\n");
    house_hear(&s.house, client, &s.got, "1\r\nA");
    house_send(&s.house, client, "1\r\nb\r\n0\r\n\r\n");
    house_hear(&s.house, server, &s.got, "1\r\nb\r\n0\r\n\r\n");
    house_send(&s.house, server, "1\r\nB\r\n0\r\n\r\n");
    house_hear(&s.house, client, &s.got, "1\r\nB\r\n0\r\n\r\n");
    close(client);
    close(server);
    close_scene(&s);
}

static void a_malformed_body_stays_unfinished_at_the_server(void **state)
{
    struct scene s;
    (void)state;
    open_scene(&s, patient_text);
    int client = house_client(&s.house);
    house_send(&s.house, client, "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n");
    int server = house_accept(&s.house, 0);
    house_hear(&s.house, server, &s.got, "1\r\na");
    house_send(&s.house, client, "zz\r\n");
    house_await(&s.house, server, &s.got, NULL);
    assert_true(span_ends(buf_span(&s.got), SPAN("1\r\na")));
    house_hear(&s.house, client, &s.got, "HTTP/1.1 400 ");
    close(client);
    close(server);
    close_scene(&s);
}

/* ---- whose time runs ---- */

static void a_server_that_does_not_answer_is_504(void **state)
{
    struct scene s;
    (void)state;
    open_scene(&s, site_text);
    int client = house_client(&s.house);
    house_send(&s.house, client, GET);
    int server = house_accept(&s.house, 0);
    house_hear(&s.house, client, &s.got, "HTTP/1.1 504 ");
    house_hear(&s.house, server, &s.got, NULL);
    close(client);
    close(server);
    close_scene(&s);
}

static void a_slow_body_is_not_the_servers_fault(void **state)
{
    struct scene s;
    (void)state;
    open_scene(&s, site_text);
    int client = house_client(&s.house);
    house_send(&s.house, client, "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n\r\n");
    int server = house_accept(&s.house, 0);
    static const char *const rest[] = {"a", "b", "c"};
    for (size_t i = 0; i < COUNT_OF(rest); i++) {
        house_idle(&s.house, 500); /* longer than timeouts.idle and timeouts.response of the backend */
        house_send(&s.house, client, rest[i]);
    }
    house_hear(&s.house, server, &s.got, "\r\n\r\nabc");
    house_send(&s.house, server, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
    house_hear(&s.house, client, &s.got, "200 OK");
    close(client);
    close(server);
    close_scene(&s);
}

static void a_body_that_does_not_come_is_408(void **state)
{
    struct scene s;
    (void)state;
    open_scene(&s, site_text);
    int client = house_client(&s.house);
    house_send(&s.house, client, "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n\r\na");
    int server = house_accept(&s.house, 0);
    house_hear(&s.house, client, &s.got, "HTTP/1.1 408 ");
    house_hear(&s.house, server, &s.got, NULL);
    close(client);
    close(server);
    close_scene(&s);
}

static void a_server_that_takes_no_more_is_504(void **state)
{
    struct scene s;
    (void)state;
    open_scene(&s, site_text);
    int client = house_client(&s.house);
    house_send(&s.house, client, POST_BIG);
    int server = house_accept(&s.house, 0);
    assert_true(house_push(&s.house, client, s.bytes, BODY_BYTES) < BODY_BYTES);
    house_hear(&s.house, client, &s.got, "HTTP/1.1 504 ");
    close(client);
    close(server);
    close_scene(&s);
}

static void a_client_that_takes_no_more_is_given_up(void **state)
{
    struct scene s;
    (void)state;
    open_scene(&s, site_text);
    int client = house_slow_client(&s.house);
    house_send(&s.house, client, GET);
    int server = house_accept(&s.house, 0);
    house_send(&s.house, server, ANSWER_BIG);
    house_push(&s.house, server, s.bytes, BODY_BYTES);
    house_await_figure(&s.house, FIGURE_CONNECTIONS, NULL,
                       0); /* after the time of the client, not the shorter one of the server */
    house_await_figure(&s.house, FIGURE_POOL_BUSY, "b", 0);
    close(client);
    close(server);
    close_scene(&s);
}

/* An early answer fills the client's side, then the request ends: the time for the client must still run. */
static void a_client_that_takes_nothing_of_an_early_answer_is_given_up(void **state)
{
    struct scene s;
    (void)state;
    open_scene(&s, site_text);
    int client = house_slow_client(&s.house);
    house_send(&s.house, client, "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n\r\na");
    int server = house_accept(&s.house, 0);
    house_hear(&s.house, server, &s.got, "\r\n\r\na");
    house_send(&s.house, server, ANSWER_BIG);
    house_push(&s.house, server, s.bytes, BODY_BYTES);
    house_send(&s.house, client, "bc");
    house_await_figure(&s.house, FIGURE_CONNECTIONS, NULL, 0);
    close(client);
    close(server);
    close_scene(&s);
}

/* ---- addresses ---- */

/* Puts an address where nobody listens before the server's own, as a name with ::1 and 127.0.0.1 would have it. */
static void add_dead_address(struct house *house)
{
    struct address both[2];
    assert_true(address_from_text("127.0.0.1", 1, &both[0]));
    assert_true(address_from_text("127.0.0.1", (uint16_t)house->ports[0], &both[1]));
    struct server *server = house->gate.current->site->backends[0].servers[0].shared;
    snapshot_publish(name_addresses(server->name), addresses_new(both, 2));
}

static void an_address_that_refuses_is_passed_over(void **state)
{
    struct scene s;
    (void)state;
    open_scene(&s, patient_text);
    add_dead_address(&s.house);
    for (int i = 0; i < 3; i++) {
        int client = house_client(&s.house);
        house_send(&s.house, client, "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n\r\nabc");
        int server = house_accept(&s.house, 0);
        house_hear(&s.house, server, &s.got, "\r\n\r\nabc");
        house_send(&s.house, server, "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 0\r\n\r\n");
        house_hear(&s.house, client, &s.got, "200 OK");
        close(client);
        close(server);
    }
    close_scene(&s);
}

static void a_server_without_living_address_is_502(void **state)
{
    struct scene s;
    (void)state;
    open_scene(&s, patient_text);
    add_dead_address(&s.house);
    close(s.house.servers[0]);
    s.house.servers[0] = -1;
    int client = house_client(&s.house);
    house_send(&s.house, client, GET);
    house_hear(&s.house, client, &s.got, "HTTP/1.1 502 ");
    close(client);
    close_scene(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_client_that_does_not_read_holds_the_server_back),
        cmocka_unit_test(a_server_that_does_not_read_holds_the_client_back),
        cmocka_unit_test(a_body_that_comes_before_the_connection_is_bounded),
        cmocka_unit_test(an_early_answer_reaches_a_client_that_still_sends),
        cmocka_unit_test(an_early_answer_survives_the_reset_behind_it),
        cmocka_unit_test(an_answer_may_go_on_while_the_request_does),
        cmocka_unit_test(a_malformed_body_stays_unfinished_at_the_server),
        cmocka_unit_test(a_server_that_does_not_answer_is_504),
        cmocka_unit_test(a_slow_body_is_not_the_servers_fault),
        cmocka_unit_test(a_body_that_does_not_come_is_408),
        cmocka_unit_test(a_server_that_takes_no_more_is_504),
        cmocka_unit_test(a_client_that_takes_no_more_is_given_up),
        cmocka_unit_test(a_client_that_takes_nothing_of_an_early_answer_is_given_up),
        cmocka_unit_test(an_address_that_refuses_is_passed_over),
        cmocka_unit_test(a_server_without_living_address_is_502),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
