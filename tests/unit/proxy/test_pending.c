/* SPDX-License-Identifier: Apache-2.0 */
/* Waiting for a free connection: in order, no more than may, no longer than they may. */
#include "proxy/pending.h"

#include "proxy/figures.h"
#include "unit.h"

#include <unistd.h>

enum { WAITERS = 4, PATIENCE_MS = 20000 };

struct one {
    struct waiter waiter;
    struct scene *scene;
    int number;
    bool is_bound; /* what has room is not for it */
    bool comes_back;
};

struct scene {
    struct worker worker;
    struct metrics *metrics;
    struct pending pending;
    size_t room;
    struct one ones[WAITERS];
    int granted[WAITERS], expired[WAITERS];
    size_t granted_count, expired_count;
};

static bool has_room(struct waiter *waiter)
{
    const struct one *one = CONTAINER_OF(waiter, one, waiter);
    return one->scene->room > 0 && !one->is_bound;
}

static void on_granted(struct waiter *waiter)
{
    struct one *one = CONTAINER_OF(waiter, one, waiter);
    one->scene->granted[one->scene->granted_count++] = one->number;
    if (one->comes_back)
        assert_true(pending_join(&one->scene->pending, waiter));
    else
        one->scene->room--;
}

static void on_expired(struct waiter *waiter)
{
    struct one *one = CONTAINER_OF(waiter, one, waiter);
    one->scene->expired[one->scene->expired_count++] = one->number;
}

static void open_scene(struct scene *s, int64_t wait_ms)
{
    struct err err;
    *s = (struct scene){.metrics = metrics_new(figures_table(), FIGURE_COUNT, 1)};
    assert_true(worker_init(&s->worker, 0, &err));
    const struct pending_options options = {.waiters_max = 3,
                                            .wait_ms = wait_ms,
                                            .waiting = metric_series(s->metrics, FIGURE_BACKEND_PENDING, NULL, 0),
                                            .full = metric_series(s->metrics, FIGURE_BACKEND_PENDING_REFUSED, NULL, 0),
                                            .late = metric_series(s->metrics, FIGURE_BACKEND_PANICS, NULL, 0)};
    pending_init(&s->pending, &s->worker, &options);
    for (int i = 0; i < WAITERS; i++)
        s->ones[i] = (struct one){
            .waiter = {.has_room = has_room, .granted = on_granted, .expired = on_expired}, .scene = s, .number = i};
}

static void close_scene(struct scene *s)
{
    pending_fini(&s->pending);
    worker_fini(&s->worker);
    metrics_free(s->metrics);
}

static void stop_turn(struct letter *letter, void *context)
{
    (void)letter;
    worker_stop(context);
}

static void turn(struct scene *s)
{
    struct letter letter = {.run = stop_turn, .context = &s->worker};
    worker_post(&s->worker, &letter);
    worker_run(&s->worker);
    s->worker.is_stopping = false;
}

static void first_come_first_served(void **state)
{
    struct scene s;
    (void)state;
    open_scene(&s, 60000);
    for (int i = 0; i < 3; i++)
        assert_true(pending_join(&s.pending, &s.ones[i].waiter));
    pending_stir(&s.pending);
    turn(&s);
    assert_int_equal(s.granted_count, 0);
    s.room = 2;
    pending_stir(&s.pending);
    assert_int_equal(s.granted_count, 0); /* never from inside */
    turn(&s);
    assert_int_equal(s.granted_count, 2);
    assert_int_equal(s.granted[0], 0);
    assert_int_equal(s.granted[1], 1);
    assert_int_equal(s.pending.count, 1);
    pending_leave(&s.ones[2].waiter);
    pending_leave(&s.ones[2].waiter);
    assert_int_equal(s.pending.count, 0);
    assert_int_equal(metric_value(s.pending.options.waiting), 0);
    close_scene(&s);
}

static void one_who_cannot_go_holds_nobody_up(void **state)
{
    struct scene s;
    (void)state;
    open_scene(&s, 60000);
    for (int i = 0; i < 3; i++)
        assert_true(pending_join(&s.pending, &s.ones[i].waiter));
    s.ones[0].is_bound = true;
    s.room = 3;
    pending_stir(&s.pending);
    turn(&s);
    assert_int_equal(s.granted_count, 2);
    assert_int_equal(s.granted[0], 1);
    assert_int_equal(s.pending.count, 1);
    s.ones[0].is_bound = false; /* and has kept its place */
    pending_stir(&s.pending);
    turn(&s);
    assert_int_equal(s.granted[2], 0);
    close_scene(&s);
}

static void one_who_waits_again_does_so_until_the_next_time(void **state)
{
    struct scene s;
    (void)state;
    open_scene(&s, 60000);
    for (int i = 0; i < 2; i++)
        assert_true(pending_join(&s.pending, &s.ones[i].waiter));
    s.ones[0].comes_back = true;
    s.room = 1;
    pending_stir(&s.pending);
    turn(&s);
    assert_int_equal(s.granted_count, 2);
    assert_int_equal(s.granted[1], 1);
    assert_int_equal(s.pending.count, 1);
    pending_leave(&s.ones[0].waiter);
    close_scene(&s);
}

static void no_more_wait_than_may(void **state)
{
    struct scene s;
    (void)state;
    open_scene(&s, 60000);
    for (int i = 0; i < 3; i++)
        assert_true(pending_join(&s.pending, &s.ones[i].waiter));
    assert_false(pending_join(&s.pending, &s.ones[3].waiter));
    assert_int_equal(metric_value(s.pending.options.full), 1);
    assert_int_equal(metric_value(s.pending.options.waiting), 3);
    pending_leave(&s.ones[0].waiter);
    assert_true(pending_join(&s.pending, &s.ones[3].waiter));
    s.room = 3;
    pending_stir(&s.pending);
    turn(&s);
    assert_int_equal(s.granted[0], 1);
    assert_int_equal(s.granted[2], 3);
    close_scene(&s);
}

static void nobody_waits_longer_than_he_may(void **state)
{
    struct scene s;
    (void)state;
    open_scene(&s, 1);
    assert_true(pending_join(&s.pending, &s.ones[0].waiter));
    for (int i = 0; s.expired_count == 0 && i < PATIENCE_MS; i++) {
        turn(&s);
        usleep(1000);
    }
    assert_int_equal(s.expired_count, 1);
    assert_int_equal(s.pending.count, 0);
    assert_int_equal(metric_value(s.pending.options.late), 1);
    s.room = 1;
    pending_stir(&s.pending);
    turn(&s);
    assert_int_equal(s.granted_count, 0);
    close_scene(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(first_come_first_served),
        cmocka_unit_test(one_who_cannot_go_holds_nobody_up),
        cmocka_unit_test(one_who_waits_again_does_so_until_the_next_time),
        cmocka_unit_test(no_more_wait_than_may),
        cmocka_unit_test(nobody_waits_longer_than_he_may),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
