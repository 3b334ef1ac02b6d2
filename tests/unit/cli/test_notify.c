/* SPDX-License-Identifier: Apache-2.0 */
/* What the service manager hears, over a real datagram socket.  The failure that matters: a gateway whose worker hangs must not look
 * well.
 */
#include "../../../src/cli/notify_int.h"
#include "unit.h"

#include <errno.h>
#include <stdio.h>
#include <sys/un.h>
#include <unistd.h>

struct manager {
    char name[64];
    int fd;
    struct worker control, other;
    struct notify notify;
};

static void manager_open(struct manager *manager, const char *watchdog_us)
{
    struct sockaddr_un at = {.sun_family = AF_UNIX};
    struct err err = {0};
    int len = snprintf(manager->name, sizeof manager->name, "@jwtgate-unit-%ld", (long)getpid());
    memcpy(at.sun_path + 1, manager->name + 1, (size_t)len - 1);
    manager->fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    assert_int_equal(
        bind(manager->fd, (struct sockaddr *)&at, (socklen_t)(offsetof(struct sockaddr_un, sun_path) + (size_t)len)),
        0);
    assert_int_equal(setenv("NOTIFY_SOCKET", manager->name, 1), 0);
    if (watchdog_us != NULL)
        assert_int_equal(setenv("WATCHDOG_USEC", watchdog_us, 1), 0);
    assert_true(worker_init(&manager->control, 0, &err) && worker_init(&manager->other, 1, &err));
    notify_init(&manager->notify);
}

static void manager_close(struct manager *manager)
{
    worker_fini(&manager->other);
    notify_fini(&manager->notify);
    worker_fini(&manager->control);
    close(manager->fd);
    unsetenv("NOTIFY_SOCKET");
    unsetenv("WATCHDOG_USEC");
    unsetenv("WATCHDOG_PID");
}

static void stop(struct letter *letter, void *context)
{
    (void)letter;
    worker_stop(context);
}

static void turn(struct worker *worker)
{
    struct letter letter = {.run = stop, .context = worker};
    worker_post(worker, &letter);
    worker_run(worker);
    worker->is_stopping = false;
}

/* Turns of the control thread for that long, or until something is heard. */
static bool hear(struct manager *manager, int64_t for_ms, char text[256])
{
    int64_t until_ms = now_read().mono_ms + for_ms;
    while (now_read().mono_ms < until_ms) {
        turn(&manager->control);
        ssize_t got = recv(manager->fd, text, 255, 0);
        if (got >= 0) {
            text[got] = '\0';
            return true;
        }
        usleep(1000);
    }
    return false;
}

static void a_worker_that_hangs_keeps_the_watchdog_unanswered(void **state)
{
    struct manager manager;
    char text[256];
    (void)state;
    manager_open(&manager, "400000");
    notify_watch(&manager.notify, &manager.control, &manager.other, 1);
    assert_false(hear(&manager, 600, text)); /* the other worker runs no turn */
    turn(&manager.other);
    assert_true(hear(&manager, 5000, text));
    assert_string_equal(text, "WATCHDOG=1");
    assert_false(hear(&manager, 600, text)); /* and again it does not */
    turn(&manager.other);
    assert_true(hear(&manager, 5000, text));
    manager_close(&manager);
}

static void workers_that_end_are_not_asked_any_more(void **state)
{
    struct manager manager;
    char text[256];
    (void)state;
    manager_open(&manager, "400000");
    notify_watch(&manager.notify, &manager.control, &manager.other, 1);
    notify_stopping(&manager.notify, "last requests");
    assert_true(hear(&manager, 5000, text));
    assert_string_equal(text, "STOPPING=1\nSTATUS=last requests");
    assert_true(hear(&manager, 5000, text));
    assert_string_equal(text, "WATCHDOG=1");
    manager_close(&manager);
}

static void the_watchdog_of_another_process_is_not_ours(void **state)
{
    static const struct {
        const char *usec, *pid;
    } cases[] = {{"400000", "1"}, {"0", NULL}, {"soon", NULL}, {"400000", "me"}};
    char text[256];
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct manager manager;
        manager_open(&manager, cases[i].usec);
        if (cases[i].pid != NULL)
            assert_int_equal(setenv("WATCHDOG_PID", cases[i].pid, 1), 0);
        notify_watch(&manager.notify, &manager.control, &manager.other, 1);
        turn(&manager.other);
        assert_false(hear(&manager, 300, text));
        notify_ready(&manager.notify, "serving");
        assert_true(hear(&manager, 5000, text));
        assert_string_equal(text, "READY=1\nSTATUS=serving");
        manager_close(&manager);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_worker_that_hangs_keeps_the_watchdog_unanswered),
        cmocka_unit_test(workers_that_end_are_not_asked_any_more),
        cmocka_unit_test(the_watchdog_of_another_process_is_not_ours),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
