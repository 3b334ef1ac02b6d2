/* SPDX-License-Identifier: Apache-2.0 */
/* Tunnels through the whole gateway: what is held back while a side does not read, half-closes with bytes still on their way, and
 * each allocation failing once.
 */
#include "alloc_fail.h"
#include "house.h"
#include "unit.h"

#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>

static const char site_text[] =
    "listeners: [ { bind: \"127.0.0.1:0\" } ]\n"
    "limits: { body_buffer: 16KiB }\n"
    "backends: { b: { servers: [\"http://127.0.0.1:%u\"], retries: 0 } }\n"
    "routes: [ { name: r, path: /, backend: b, policy: none, websocket: { idle: 400ms } } ]\n";

#define HANDSHAKE                                                                                             \
    "GET / HTTP/1.1\r\nHost: h\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n" \
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
#define AGREES                                                                          \
    "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n" \
    "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n"

/* As TLS does where the socket is just full: what goes before our end has no room for now. */
static int busy_times;

enum io __real_transport_end_writing(struct transport *transport);
enum io __wrap_transport_end_writing(struct transport *transport);
enum io __wrap_transport_end_writing(struct transport *transport)
{
    return busy_times > 0 && busy_times-- > 0 ? IO_WANT_WRITE : __real_transport_end_writing(transport);
}

enum { BULK_BYTES = 24 << 20, HELD_BYTES_MAX = 12 << 20 }; /* kernel buffers of loopback take some MiB themselves */

struct scene {
    struct house house;
    struct buf got;
    int client, server;
};

static void open_tunnel(struct scene *s)
{
    *s = (struct scene){.client = -1, .server = -1};
    house_open(&s->house, site_text);
    s->client = house_client(&s->house);
    house_send(&s->house, s->client, HANDSHAKE);
    s->server = house_accept(&s->house, 0);
    house_hear(&s->house, s->server, &s->got, "\r\n\r\n");
    assert_true(span_holds(buf_span(&s->got), SPAN("\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n")));
    house_send(&s->house, s->server, AGREES);
    house_hear(&s->house, s->client, &s->got, "\r\n\r\n");
    assert_true(span_starts(buf_span(&s->got), SPAN("HTTP/1.1 101 ")));
    assert_int_equal(house_figure(&s->house, FIGURE_TUNNELS, "r"), 1);
}

static void close_tunnel(struct scene *s)
{
    if (s->client >= 0)
        close(s->client);
    if (s->server >= 0)
        close(s->server);
    house_await_figure(&s->house, FIGURE_TUNNELS, "r", 0);
    house_await_figure(&s->house, FIGURE_POOL_BUSY, "b", 0);
    assert_int_equal(house_figure(&s->house, FIGURE_POOL_IDLE, "b"), 0); /* never used for anything else */
    buf_fini(&s->got);
    house_close(&s->house);
}

/* Reads `len` bytes that count up from `from`. */
static void take(struct scene *s, int fd, size_t from, size_t len)
{
    static char bytes[65536];
    while (len > 0) {
        ssize_t count = recv(fd, bytes, len < sizeof bytes ? len : sizeof bytes, 0);
        if (count == 0 || (count < 0 && errno != EAGAIN))
            fail_msg("the end %zu bytes too soon", len);
        for (ssize_t i = 0; i < count; i++)
            if (bytes[i] != (char)((from + (size_t)i) % 251))
                fail_msg("byte %zu is another", from + (size_t)i);
        from += count > 0 ? (size_t)count : 0;
        len -= count > 0 ? (size_t)count : 0;
        house_turn(&s->house);
    }
}

static void a_side_that_does_not_read_holds_the_other_back(void **state)
{
    char *bytes = malloc(BULK_BYTES);
    (void)state;
    assert_non_null(bytes);
    for (size_t i = 0; i < BULK_BYTES; i++)
        bytes[i] = (char)(i % 251);
    for (int way = 0; way < 2; way++) {
        struct scene s;
        open_tunnel(&s);
        int from = way == 0 ? s.client : s.server;
        int to = way == 0 ? s.server : s.client;
        size_t sent = house_push(&s.house, from, bytes, BULK_BYTES);
        assert_true(sent < HELD_BYTES_MAX);
        for (size_t taken = 0; taken < BULK_BYTES;
             taken = sent, sent += house_push(&s.house, from, bytes + sent, BULK_BYTES - sent))
            take(&s, to, taken, sent - taken);
        house_send(&s.house, to, "back");
        assert_true(house_hear(&s.house, from, &s.got, "back"));
        close_tunnel(&s);
    }
    free(bytes);
}

/* The server ends its side, then the client, whose last bytes the server has not taken yet. */
static void bytes_on_their_way_survive_both_ends(void **state)
{
    enum { LAST_BYTES = 16 << 20 };
    struct scene s;
    char *bytes = malloc(LAST_BYTES);
    (void)state;
    assert_non_null(bytes);
    for (size_t i = 0; i < LAST_BYTES; i++)
        bytes[i] = (char)(i % 251);
    open_tunnel(&s);
    shutdown(s.server, SHUT_WR);
    assert_true(house_hear(&s.house, s.client, &s.got, NULL));
    size_t sent = house_push(&s.house, s.client, bytes, LAST_BYTES);
    shutdown(s.client, SHUT_WR);
    house_idle(&s.house, 20);
    take(&s, s.server, 0, sent);
    assert_true(house_hear(&s.house, s.server, &s.got, NULL));
    free(bytes);
    close_tunnel(&s);
}

/* Either side's end goes on to the other, which answers it yet. */
static void an_end_that_a_full_socket_does_not_take_goes_when_it_does(void **state)
{
    (void)state;
    for (int way = 0; way < 2; way++) {
        for (int times = 0; times < 3; times++) {
            struct scene s;
            open_tunnel(&s);
            int from = way == 0 ? s.client : s.server;
            int to = way == 0 ? s.server : s.client;
            busy_times = times;
            shutdown(from, SHUT_WR);
            assert_true(house_hear(&s.house, to, &s.got, NULL));
            assert_int_equal(busy_times, 0);
            house_send(&s.house, to, "back");
            assert_true(house_hear(&s.house, from, &s.got, "back"));
            close_tunnel(&s);
        }
    }
}

static void silence_ends_it_with_a_frame_where_one_may_stand(void **state)
{
    static const struct {
        const char *sent;
        bool is_told;
    } cases[] = {{"", true}, {"\x81\x02hi", true}, {"\x81\x03hi", false}, {"\x88\x02\x03\xe8", false}};
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct scene s;
        open_tunnel(&s);
        house_send(&s.house, s.server, cases[i].sent);
        bool is_clean = house_hear(&s.house, s.client, &s.got, NULL);
        assert_int_equal(is_clean, cases[i].is_told);
        assert_int_equal(span_ends(buf_span(&s.got), SPAN("\x88\x02\x03\xe9")), cases[i].is_told);
        house_hear(&s.house, s.server, &s.got, NULL);
        close_tunnel(&s);
    }
}

/* What the server does without memory of its own. */
static void serve(struct house *house, int *server)
{
    char bytes[4096];
    if (*server < 0 && house_has_connection(house, 0))
        *server = accept4(house->servers[0], NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
    ssize_t got = *server < 0 ? -1 : recv(*server, bytes, sizeof bytes, 0);
    if (got > 0 && span_ends(span_of(bytes, (size_t)got), SPAN("\r\n\r\n")))
        send(*server, AGREES "first", sizeof AGREES + 4, MSG_NOSIGNAL);
    else if (got > 0)
        send(*server, bytes, (size_t)got, MSG_NOSIGNAL);
}

/* Whether the tunnel echoed; else it was refused or the connection ended. */
static bool pass_through(struct house *house, int client)
{
    char bytes[4096];
    size_t len = 0;
    int server = -1;
    bool has_asked = false;
    send(client, HANDSHAKE, sizeof HANDSHAKE - 1, MSG_NOSIGNAL);
    for (int turn = 0; turn < 20000; turn++) {
        serve(house, &server);
        house_turn(house);
        ssize_t got = recv(client, bytes + len, sizeof bytes - len, 0);
        len += got > 0 ? (size_t)got : 0;
        struct span heard = span_of(bytes, len);
        if (!has_asked && span_ends(heard, SPAN("first")))
            has_asked = send(client, "second", 6, MSG_NOSIGNAL) == 6;
        bool is_over = got == 0 || (got < 0 && errno != EAGAIN);
        if (is_over || span_ends(heard, SPAN("firstsecond")) || span_ends(heard, SPAN("}")))
            break;
        if (turn > 100)
            usleep(50);
        assert_true(turn < 19999);
    }
    if (server >= 0)
        close(server);
    return span_ends(span_of(bytes, len), SPAN("firstsecond"));
}

static void a_handshake_opens_or_is_refused_whatever_fails(void **state)
{
    size_t failures = 0;
    (void)state;
    for (bool came = true; came; failures++) {
        struct house house;
        house_open(&house, site_text);
        alloc_fail_at(failures + 1);
        int client = house_client(&house);
        bool is_open = pass_through(&house, client);
        came = alloc_fail_came();
        alloc_fail_at(0);
        assert_true(came || is_open);
        int next = house_client(&house);
        assert_true(pass_through(&house, next));
        close(client);
        close(next);
        house_await_figure(&house, FIGURE_TUNNELS, "r", 0);
        house_close(&house);
    }
    assert_true(failures > 8);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_side_that_does_not_read_holds_the_other_back),
        cmocka_unit_test(bytes_on_their_way_survive_both_ends),
        cmocka_unit_test(an_end_that_a_full_socket_does_not_take_goes_when_it_does),
        cmocka_unit_test(silence_ends_it_with_a_frame_where_one_may_stand),
        cmocka_unit_test(a_handshake_opens_or_is_refused_whatever_fails),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
