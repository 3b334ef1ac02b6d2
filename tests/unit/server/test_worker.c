/* SPDX-License-Identifier: Apache-2.0 */
/* Goal: the order that objects on a worker rely on: events, then deferred tasks, then graves; deadlines in their order, never
 * early; letters of all threads, each once.  Method: a real worker, its turns driven by the test.
 */
#include "server/worker.h"
#include "unit.h"

#include <event2/event.h>
#include <pthread.h>
#include <time.h>
#include <unistd.h>

static struct worker worker;
static char happened[256];

static void note(const char *what)
{
    strcat(happened, what);
}

static void stop(struct letter *letter, void *context)
{
    (void)letter;
    worker_stop(context);
}

static void turn(void)
{
    struct letter letter = {.run = stop, .context = &worker};
    worker_post(&worker, &letter);
    worker_run(&worker);
    worker.is_stopping = false;
}

static int set_up(void **state)
{
    struct err err = {0};
    (void)state;
    happened[0] = '\0';
    return worker_init(&worker, 3, &err) ? 0 : -1;
}

static int tear_down(void **state)
{
    (void)state;
    worker_fini(&worker);
    return 0;
}

/* --- end of turn --- */

static struct task first_task, second_task;
static struct grave grave;

static void bury(struct grave *which)
{
    (void)which;
    note("grave ");
}

static void run_first(struct task *task)
{
    (void)task;
    note("first ");
    worker_bury(&worker, &grave);
    worker_defer(&worker, &second_task);
}

static void run_second(struct task *task)
{
    (void)task;
    note("second ");
}

static void graves_are_emptied_after_all_deferred_tasks_of_the_turn(void **state)
{
    (void)state;
    first_task = (struct task){.run = run_first};
    second_task = (struct task){.run = run_second};
    grave = (struct grave){.bury = bury};
    worker_defer(&worker, &first_task);
    worker_defer(&worker, &first_task);
    turn();
    assert_string_equal(happened, "first second grave ");
    turn();
    assert_string_equal(happened, "first second grave ");
}

/* --- the next turn --- */

static struct task again_task;
static int again_left;

static void run_again(struct task *task)
{
    note("again ");
    if (--again_left > 0)
        worker_defer_next(&worker, task);
    else
        worker_stop(&worker);
}

static void a_task_for_the_next_turn_runs_once_a_turn_and_does_not_wait_for_events(void **state)
{
    (void)state;
    again_task.run = run_again;
    again_left = 3;
    uint64_t before = worker.turns;
    worker_defer_next(&worker, &again_task);
    worker_defer_next(&worker, &again_task);
    worker_run(&worker); /* nothing happens but these: it would wait for ever */
    worker.is_stopping = false;
    assert_string_equal(happened, "again again again ");
    assert_int_equal(worker.turns - before, 3);
}

/* Never handled, so ready at every look. */
static void on_ready(evutil_socket_t fd, short what, void *context)
{
    (void)fd;
    (void)what;
    assert_true(++*(int *)context < 100);
}

static void a_task_for_the_next_turn_is_not_held_up_by_events_that_keep_coming(void **state)
{
    int fds[2], calls = 0;
    bool is_added = false;
    (void)state;
    assert_int_equal(pipe(fds), 0);
    struct event *event = event_new(worker.base, fds[1], EV_WRITE | EV_PERSIST, on_ready, &calls);
    worker_watch(event, &is_added, true);
    again_task.run = run_again;
    again_left = 3;
    worker_defer_next(&worker, &again_task);
    worker_run(&worker);
    worker.is_stopping = false;
    assert_int_equal(calls, 3); /* once each turn */
    event_free(event);
    close(fds[0]);
    close(fds[1]);
}

/* --- deadlines --- */

struct alarm {
    struct deadline deadline;
    const char *name;
    int64_t rang_ms;
};

static void ring(struct deadline *deadline)
{
    struct alarm *alarm = CONTAINER_OF(deadline, alarm, deadline);
    assert_false(list_is_linked(&deadline->link));
    alarm->rang_ms = now_read().mono_ms;
    note(alarm->name);
}

static void wait_ms(int64_t ms)
{
    int64_t until = now_read().mono_ms + ms;
    while (now_read().mono_ms < until)
        turn();
}

static void deadlines_come_in_order_and_not_before_their_time(void **state)
{
    struct deadline_class soon, late;
    struct alarm a = {{.run = ring}, "a", 0};
    struct alarm b = {{.run = ring}, "b", 0};
    struct alarm c = {{.run = ring}, "c", 0};
    (void)state;
    deadline_class_init(&worker, &soon, 50);
    deadline_class_init(&worker, &late, 250);
    int64_t begun = now_read().mono_ms;
    deadline_start(&worker, &late, &c.deadline);
    deadline_start(&worker, &soon, &a.deadline);
    deadline_start(&worker, &soon, &b.deadline);
    wait_ms(600);
    assert_string_equal(happened, "abc");
    assert_true(a.rang_ms - begun >= 50 && c.rang_ms - begun >= 250);
    deadline_class_fini(&soon);
    deadline_class_fini(&late);
}

static void a_cancelled_deadline_never_comes_and_its_neighbour_does(void **state)
{
    struct deadline_class soon;
    struct alarm a = {{.run = ring}, "a", 0};
    struct alarm b = {{.run = ring}, "b", 0};
    (void)state;
    deadline_class_init(&worker, &soon, 30);
    deadline_start(&worker, &soon, &a.deadline);
    deadline_start(&worker, &soon, &b.deadline);
    deadline_cancel(&a.deadline);
    deadline_cancel(&a.deadline);
    wait_ms(300);
    assert_string_equal(happened, "b");
    deadline_class_fini(&soon);
}

static void starting_again_counts_from_now_on(void **state)
{
    struct deadline_class class;
    struct alarm a = {{.run = ring}, "a", 0};
    (void)state;
    deadline_class_init(&worker, &class, 300);
    deadline_start(&worker, &class, &a.deadline);
    wait_ms(200);
    int64_t again = now_read().mono_ms;
    deadline_start(&worker, &class, &a.deadline);
    wait_ms(600);
    assert_string_equal(happened, "a");
    assert_true(a.rang_ms - again >= 299);
    deadline_class_fini(&class);
}

static void a_shortened_class_keeps_its_order(void **state)
{
    struct deadline_class class;
    struct alarm a = {{.run = ring}, "a", 0};
    struct alarm b = {{.run = ring}, "b", 0};
    (void)state;
    deadline_class_init(&worker, &class, 100000);
    deadline_start(&worker, &class, &a.deadline);
    class.after_ms = 20;
    deadline_start(&worker, &class, &b.deadline);
    wait_ms(300);
    assert_string_equal(happened, "b");
    deadline_cancel(&a.deadline);
    deadline_class_fini(&class);
}

/* --- letters --- */

enum { SENDERS = 3, LETTERS = 2000 };

struct numbered {
    struct letter letter;
    unsigned sender, number;
};

static unsigned next_of[SENDERS];

static void receive(struct letter *letter, void *context)
{
    struct numbered *numbered = CONTAINER_OF(letter, numbered, letter);
    (void)context;
    assert_int_equal(numbered->number, next_of[numbered->sender]);
    next_of[numbered->sender]++;
    free(numbered);
}

static void *post_many(void *context)
{
    for (unsigned i = 0; i < LETTERS; i++) {
        struct numbered *numbered = calloc(1, sizeof *numbered);
        *numbered = (struct numbered){{.run = receive}, *(unsigned *)context, i};
        worker_post(&worker, &numbered->letter);
    }
    return NULL;
}

static void letters_of_each_thread_come_once_and_in_order(void **state)
{
    pthread_t threads[SENDERS];
    unsigned senders[SENDERS];
    (void)state;
    memset(next_of, 0, sizeof next_of);
    for (unsigned i = 0; i < SENDERS; i++) {
        senders[i] = i;
        assert_int_equal(pthread_create(&threads[i], NULL, post_many, &senders[i]), 0);
    }
    for (int i = 0; i < 50; i++)
        turn();
    for (unsigned i = 0; i < SENDERS; i++)
        pthread_join(threads[i], NULL);
    turn();
    for (unsigned i = 0; i < SENDERS; i++)
        assert_int_equal(next_of[i], LETTERS);
}

static void letters_that_nobody_fetched_are_run_at_the_end(void **state)
{
    struct numbered *numbered = calloc(1, sizeof *numbered);
    *state = NULL;
    memset(next_of, 0, sizeof next_of);
    *numbered = (struct numbered){{.run = receive}, 0, 0};
    worker_post(&worker, &numbered->letter);
    tear_down(state);
    assert_int_equal(next_of[0], 1);
    set_up(state);
}

static void the_time_stands_still_within_a_turn(void **state)
{
    const struct timespec pause = {0, 2000000};
    (void)state;
    int64_t first = worker_now(&worker)->mono_us;
    nanosleep(&pause, NULL);
    assert_int_equal(worker_now(&worker)->mono_us, first);
    turn();
    assert_true(worker_now(&worker)->mono_us >= first + 2000);
}

#define WORKER_TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WORKER_TEST(graves_are_emptied_after_all_deferred_tasks_of_the_turn),
        WORKER_TEST(a_task_for_the_next_turn_runs_once_a_turn_and_does_not_wait_for_events),
        WORKER_TEST(a_task_for_the_next_turn_is_not_held_up_by_events_that_keep_coming),
        WORKER_TEST(deadlines_come_in_order_and_not_before_their_time),
        WORKER_TEST(a_cancelled_deadline_never_comes_and_its_neighbour_does),
        WORKER_TEST(starting_again_counts_from_now_on),
        WORKER_TEST(a_shortened_class_keeps_its_order),
        WORKER_TEST(letters_of_each_thread_come_once_and_in_order),
        WORKER_TEST(letters_that_nobody_fetched_are_run_at_the_end),
        WORKER_TEST(the_time_stands_still_within_a_turn),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
