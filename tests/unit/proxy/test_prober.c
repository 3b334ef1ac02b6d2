/* SPDX-License-Identifier: Apache-2.0 */
/* Health checks: what is asked, what counts as healthy, and how many in a row it takes to leave and to return. */
#include "house.h"
#include "proxy/prober.h"
#include "unit.h"

#include <unistd.h>

static const char site_text[] =
    "listeners: [ { bind: \"127.0.0.1:0\" } ]\n"
    "backends: { b: { servers: [\"http://127.0.0.1:%u\"], host_header: app.example.com, health: { path: /live?deep=1, "
    "interval: 100ms, timeout: 100ms, healthy: 2, unhealthy: 2 } } }\n"
    "routes: [ { name: r, path: /, backend: b, policy: none } ]\n";
static const char unchecked_text[] =
    "listeners: [ { bind: \"127.0.0.1:0\" } ]\n"
    "backends: { b: { servers: [\"http://127.0.0.1:%u\"], host_header: app.example.com } }\n"
    "routes: [ { name: r, path: /, backend: b, policy: none } ]\n";

struct scene {
    struct house house;
    struct prober *prober;
    struct buf got;
};

static void open_scene(struct scene *s)
{
    struct err err;
    *s = (struct scene){.got = {0}};
    house_open(&s->house, site_text);
    s->prober = prober_new(&s->house.worker, s->house.gateway.metrics, &err);
    assert_non_null(s->prober);
    prober_use(s->prober, s->house.gate.current->site);
}

static void close_scene(struct scene *s)
{
    prober_stop(s->prober);
    house_turn(&s->house);
    prober_free(s->prober);
    buf_fini(&s->got);
    house_close(&s->house);
}

static struct server *server_of(struct scene *s)
{
    return s->house.gate.current->site->backends[0].servers[0].shared;
}

static bool is_healthy(struct scene *s)
{
    return !atomic_load(&server_of(s)->is_unhealthy);
}

/* One check, answered so; NULL: not at all. */
static void check(struct scene *s, const char *answer)
{
    int server = house_accept(&s->house, 0);
    house_hear(&s->house, server, &s->got, "\r\n\r\n");
    if (answer != NULL)
        house_send(&s->house, server, answer);
    house_hear(&s->house, server, &s->got, NULL);
    close(server);
}

static void a_check_is_a_get_with_the_configured_host(void **state)
{
    struct scene s;
    (void)state;
    open_scene(&s);
    int server = house_accept(&s.house, 0);
    house_hear(&s.house, server, &s.got, "\r\n\r\n");
    assert_true(span_starts(buf_span(&s.got), SPAN("GET /live?deep=1 HTTP/1.1\r\nHost: app.example.com\r\n")));
    close(server);
    close_scene(&s);
}

static void so_many_in_a_row_leave_and_so_many_return(void **state)
{
    static const struct {
        const char *answer;
        bool is_healthy;
    } steps[] = {
        {"HTTP/1.1 500 No\r\nContent-Length: 0\r\n\r\n", true},
        {"HTTP/1.1 204 Fine\r\n\r\n", true},
        {"HTTP/1.1 500 No\r\nContent-Length: 0\r\n\r\n", true},
        {"HTTP/1.1 302 There\r\nLocation: /\r\nContent-Length: 0\r\n\r\n", false},
        {"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhel", false},
        {NULL, false},
        {"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", false},
        {"HTTP/1.1 299 OK\r\nTransfer-Encoding: chunked\r\n\r\n", true},
        {"nonsense\r\n\r\n", true},
        {"", false},
    };
    struct scene s;
    (void)state;
    open_scene(&s);
    assert_true(is_healthy(&s));
    for (size_t i = 0; i < COUNT_OF(steps); i++) {
        check(&s, steps[i].answer);
        house_turn(&s.house);
        if (is_healthy(&s) != steps[i].is_healthy)
            fail_msg("step %zu", i);
    }
    close_scene(&s);
}

static void a_server_that_is_not_asked_any_more_is_healthy(void **state)
{
    struct scene s;
    (void)state;
    open_scene(&s);
    for (int i = 0; i < 2; i++)
        check(&s, "HTTP/1.1 503 No\r\nContent-Length: 0\r\n\r\n");
    house_turn(&s.house);
    assert_false(is_healthy(&s));
    house_publish(&s.house, unchecked_text);
    assert_false(is_healthy(&s)); /* the same server: nothing is forgotten */
    prober_use(s.prober, s.house.gate.current->site);
    assert_true(is_healthy(&s));
    close_scene(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_check_is_a_get_with_the_configured_host),
        cmocka_unit_test(so_many_in_a_row_leave_and_so_many_return),
        cmocka_unit_test(a_server_that_is_not_asked_any_more_is_healthy),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
