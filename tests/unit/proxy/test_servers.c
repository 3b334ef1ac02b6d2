/* SPDX-License-Identifier: Apache-2.0 */
/* Servers that fail are left out, longer each time, and return; health checks leave them out too; all by a clock of the test's. */
#include "proxy/servers.h"

#include "base/log.h"
#include "proxy/figures.h"
#include "unit.h"

static const struct ejection_settings three = {.failures = 3, .for_ms = 1000};

struct scene {
    struct metrics *metrics;
    struct names *names;
    struct servers *servers;
    struct server *server;
    struct server_moment now;
};

static struct server *take(struct scene *s, const char *key)
{
    struct err err;
    const struct server_options options = {.key = span_str(key),
                                           .backend = SPAN("b"),
                                           .url = SPAN("http://127.0.0.1:1"),
                                           .name = {"127.0.0.1", 1, false, 30000}};
    struct server *server = servers_take(s->servers, &options, &err);
    assert_non_null(server);
    return server;
}

static void open_scene(struct scene *s)
{
    struct err err;
    const struct names_options none = {.metrics = NULL};
    log_set(2, LOG_ERROR, LOG_FORMAT_TEXT);
    *s = (struct scene){.metrics = metrics_new(figures_table(), FIGURE_COUNT, 1), .now = {.now_ms = 1000000}};
    s->names = names_new(&none, &err);
    assert_non_null(s->names);
    s->servers = servers_new(s->names, s->metrics, &err);
    assert_non_null(s->servers);
    s->server = take(s, "one");
}

static void close_scene(struct scene *s)
{
    server_release(s->server);
    servers_free(s->servers);
    names_free(s->names);
    metrics_free(s->metrics);
}

static void fail_times(struct scene *s, int times)
{
    while (times-- > 0)
        server_failed(s->server, &three, s->now, "it failed");
}

static bool is_in(struct scene *s)
{
    return server_is_available(s->server, s->now.now_ms);
}

static void so_many_failures_in_a_row_eject(void **state)
{
    struct scene s;
    (void)state;
    open_scene(&s);
    fail_times(&s, 2);
    assert_true(is_in(&s));
    fail_times(&s, 1);
    assert_false(is_in(&s));
    close_scene(&s);
}

static void an_answer_between_them_begins_the_row_again(void **state)
{
    struct scene s;
    (void)state;
    open_scene(&s);
    fail_times(&s, 2);
    assert_true(server_has_failed(s.server));
    server_worked(s.server);
    assert_false(server_has_failed(s.server));
    fail_times(&s, 2);
    assert_true(is_in(&s));
    close_scene(&s);
}

static void zero_never_ejects(void **state)
{
    struct scene s;
    const struct ejection_settings never = {.failures = 0, .for_ms = 1000};
    (void)state;
    open_scene(&s);
    for (int i = 0; i < 100; i++)
        server_failed(s.server, &never, s.now, "it failed");
    assert_true(is_in(&s));
    close_scene(&s);
}

/* The row of times: doubled each time, at the first failure after the return, up to the most. */
static void each_ejection_without_success_is_twice_as_long(void **state)
{
    struct scene s;
    int64_t for_ms = 1000;
    (void)state;
    open_scene(&s);
    fail_times(&s, 3);
    for (int i = 0; i < 12; i++) {
        s.now.now_ms += for_ms - 1;
        assert_false(is_in(&s));
        s.now.now_ms += 1;
        assert_true(is_in(&s));
        fail_times(&s, 1);
        for_ms = for_ms * 2 < EJECTION_MS_MAX ? for_ms * 2 : EJECTION_MS_MAX;
        assert_false(is_in(&s));
    }
    close_scene(&s);
}

static void a_success_makes_the_next_ejection_short_again(void **state)
{
    struct scene s;
    (void)state;
    open_scene(&s);
    fail_times(&s, 3);
    s.now.now_ms += 1000;
    assert_true(is_in(&s));
    server_worked(s.server);
    fail_times(&s, 2);
    assert_true(is_in(&s));
    fail_times(&s, 1);
    s.now.now_ms += 1000;
    assert_true(is_in(&s));
    close_scene(&s);
}

/* As when all are ejected and all are tried. */
static void an_ejected_server_that_answers_returns_at_once(void **state)
{
    struct scene s;
    (void)state;
    open_scene(&s);
    fail_times(&s, 5);
    assert_false(is_in(&s));
    server_worked(s.server);
    assert_true(is_in(&s));
    close_scene(&s);
}

static void an_unhealthy_server_is_out_until_it_is_healthy(void **state)
{
    struct scene s;
    (void)state;
    open_scene(&s);
    assert_true(is_in(&s));
    server_set_health(s.server, false, "answered 500");
    assert_false(is_in(&s));
    server_worked(s.server);
    s.now.now_ms += 1000000;
    assert_false(is_in(&s));
    server_set_health(s.server, true, NULL);
    assert_true(is_in(&s));
    close_scene(&s);
}

static void what_is_known_outlives_a_reload_with_the_same_key(void **state)
{
    struct scene s;
    (void)state;
    open_scene(&s);
    fail_times(&s, 3);
    struct server *again = take(&s, "one");
    struct server *other = take(&s, "two");
    assert_ptr_equal(again, s.server);
    server_release(s.server);
    s.server = again;
    assert_false(is_in(&s));
    assert_true(server_is_available(other, s.now.now_ms));
    server_release(other);
    server_release(again);
    s.server = take(&s, "one");
    assert_true(is_in(&s));
    close_scene(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(so_many_failures_in_a_row_eject),
        cmocka_unit_test(an_answer_between_them_begins_the_row_again),
        cmocka_unit_test(zero_never_ejects),
        cmocka_unit_test(each_ejection_without_success_is_twice_as_long),
        cmocka_unit_test(a_success_makes_the_next_ejection_short_again),
        cmocka_unit_test(an_ejected_server_that_answers_returns_at_once),
        cmocka_unit_test(an_unhealthy_server_is_out_until_it_is_healthy),
        cmocka_unit_test(what_is_known_outlives_a_reload_with_the_same_key),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
