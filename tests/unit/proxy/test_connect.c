/* SPDX-License-Identifier: Apache-2.0 */
/* Which address a connection goes to: families raced, silent ones not waited for, those that left the name not used again. */
#include "house.h"
#include "unit.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <unistd.h>

static const char site_text[] =
    "listeners: [ { bind: \"127.0.0.1:0\" } ]\n"
    "backends: { b: { servers: [\"http://127.0.0.1:%u\"], timeouts: { connect: 1500ms } } }\n"
    "routes: [ { name: r, path: /, backend: b, policy: none } ]\n";

#define GET "GET / HTTP/1.1\r\nHost: h\r\n\r\n"
#define OK_EMPTY "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"

enum { FILLERS = 3 };

/* A port that says nothing to who connects: its queue is full. */
struct silence {
    int listening;
    int fillers[FILLERS];
    struct address address;
};

static void be_silent(struct silence *s)
{
    socklen_t len = sizeof s->address.at.in;
    assert_true(address_from_text("127.0.0.1", 0, &s->address));
    s->listening = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(s->listening, &s->address.at.any, s->address.len), 0);
    assert_int_equal(listen(s->listening, 0), 0);
    assert_int_equal(getsockname(s->listening, &s->address.at.any, &len), 0);
    for (int i = 0; i < FILLERS; i++) {
        s->fillers[i] = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
        (void)connect(s->fillers[i], &s->address.at.any, s->address.len);
    }
}

static void end_silence(struct silence *s)
{
    for (int i = 0; i < FILLERS; i++)
        close(s->fillers[i]);
    close(s->listening);
}

static struct address port_of(const struct house *house, int server)
{
    struct address address;
    assert_true(address_from_text("127.0.0.1", (uint16_t)house->ports[server], &address));
    return address;
}

/* The name of the server has these addresses from now on. */
static void publish(struct house *house, const struct address *at, size_t count)
{
    struct server *server = house->gate.current->site->backends[0].servers[0].shared;
    snapshot_publish(name_addresses(server->name), addresses_new(at, count));
}

static void a_silent_address_is_not_waited_for(void **state)
{
    struct house house;
    struct silence silence;
    struct buf got = {0};
    (void)state;
    house_open(&house, site_text);
    be_silent(&silence);
    const struct address at[] = {silence.address, port_of(&house, 0)};
    publish(&house, at, 2);
    int64_t before_ms = now_read().mono_ms;
    int client = house_client(&house);
    house_send(&house, client, GET);
    int server = house_accept(&house, 0);
    assert_true(now_read().mono_ms - before_ms >= 200); /* the first one had its time */
    house_hear(&house, server, &got, "\r\n\r\n");
    house_send(&house, server, OK_EMPTY);
    house_hear(&house, client, &got, "200 OK");
    close(server);
    close(client);
    end_silence(&silence);
    buf_fini(&got);
    house_close(&house);
}

/* All attempts together have timeouts.connect. */
static void silence_everywhere_is_504_in_time(void **state)
{
    struct house house;
    struct silence one, two;
    struct buf got = {0};
    (void)state;
    house_open(&house, site_text);
    be_silent(&one);
    be_silent(&two);
    const struct address at[] = {one.address, two.address};
    publish(&house, at, 2);
    int64_t before_ms = now_read().mono_ms;
    int client = house_client(&house);
    house_send(&house, client, GET);
    house_hear(&house, client, &got, "HTTP/1.1 504 ");
    int64_t took_ms = now_read().mono_ms - before_ms;
    assert_true(took_ms >= 1400 && took_ms < 2900);
    close(client);
    end_silence(&one);
    end_silence(&two);
    buf_fini(&got);
    house_close(&house);
}

static int answer_one(struct house *house, int client, int place, struct buf *got)
{
    house_send(house, client, GET);
    int server = house_accept(house, place);
    house_hear(house, server, got, "\r\n\r\n");
    house_send(house, server, OK_EMPTY);
    house_hear(house, client, got, "200 OK");
    house_await_figure(house, FIGURE_POOL_IDLE, "b", 1);
    return server;
}

static void an_idle_connection_to_an_address_that_left_is_closed(void **state)
{
    struct house house;
    struct buf got = {0};
    (void)state;
    house_open(&house, site_text);
    int client = house_client(&house);
    int first = answer_one(&house, client, 0, &got);
    struct address other = port_of(&house, 1);
    publish(&house, &other, 1);
    int second = answer_one(&house, client, 1, &got);
    house_hear(&house, first, &got, NULL);
    close(first);
    close(second);
    close(client);
    buf_fini(&got);
    house_close(&house);
}

/* The neighbour: another address comes, its own stays. */
static void an_idle_connection_whose_address_stays_is_used_again(void **state)
{
    struct house house;
    struct buf got = {0};
    (void)state;
    house_open(&house, site_text);
    int client = house_client(&house);
    int server = answer_one(&house, client, 0, &got);
    const struct address both[] = {port_of(&house, 1), port_of(&house, 0)};
    publish(&house, both, 2);
    house_send(&house, client, GET);
    house_hear(&house, server, &got, "\r\n\r\n");
    house_send(&house, server, OK_EMPTY);
    house_hear(&house, client, &got, "200 OK");
    assert_false(house_has_connection(&house, 1));
    close(server);
    close(client);
    buf_fini(&got);
    house_close(&house);
}

static void a_name_that_was_never_resolved_is_502_until_it_is(void **state)
{
    struct house house;
    struct buf got = {0};
    (void)state;
    house_open(&house, site_text);
    struct address address = port_of(&house, 0);
    publish(&house, NULL, 0);
    int client = house_client(&house);
    house_send(&house, client, GET);
    house_hear(&house, client, &got, "HTTP/1.1 502 ");
    publish(&house, &address, 1);
    int server = answer_one(&house, client, 0, &got);
    close(server);
    close(client);
    buf_fini(&got);
    house_close(&house);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_silent_address_is_not_waited_for),
        cmocka_unit_test(silence_everywhere_is_504_in_time),
        cmocka_unit_test(an_idle_connection_to_an_address_that_left_is_closed),
        cmocka_unit_test(an_idle_connection_whose_address_stays_is_used_again),
        cmocka_unit_test(a_name_that_was_never_resolved_is_502_until_it_is),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
