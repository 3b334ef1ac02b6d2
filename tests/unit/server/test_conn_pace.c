/* SPDX-License-Identifier: Apache-2.0 */
/* The attack: a client that moves just enough, now and then, to be never idle.  Goal: what it may take grows only with what it moved,
 * and only time in which it is its turn counts.  Method: the clock is moved on by the test, on top of the real one.
 */
#include "../../../src/server/pace.h"
#include "script.h"

#include <event2/event.h>

enum { STEP_MS = 1000, STEPS_MAX = 14 };

static int64_t ahead_ms;

struct now __real_now_read(void);
struct now __wrap_now_read(void);
struct now __wrap_now_read(void)
{
    struct now now = __real_now_read();
    now.mono_ms += ahead_ms;
    now.mono_us += ahead_ms * 1000;
    return now;
}

/* Deadlines are looked at now, not at the next tick of the real clock. */
static void tick(struct loop *loop)
{
    event_active(loop->worker.tick, EV_TIMEOUT, 0);
    loop_turn(loop);
    loop_turn(loop);
}

static void step_on(struct loop *loop)
{
    loop_turn(loop);
    ahead_ms += STEP_MS;
    tick(loop);
}

static const struct pace_case {
    const char *name;
    int64_t body_ms, idle_ms;
    uint64_t rate;
    int bytes;     /* that come with each second */
    int late_from; /* the seconds in which it is late; 0: it never is */
    int late_to;
} bodies[] = {
    {"a byte a second", 5000, 60000, 100, 1, 5, 6},
    {"half of the rate earns half of the time", 5000, 60000, 100, 50, 9, 12},
    {"the rate may go on", 5000, 60000, 100, 100, 0, 0},
    {"silence, within the time", 9000, 3000, 100, 0, 3, 4},
    {"without a rate only silence counts", 2000, 60000, 0, 1, 0, 0},
    {"without a time only silence counts", 0, 60000, 100, 1, 0, 0},
};

static struct service_settings settings_of(const struct pace_case *one)
{
    struct service_settings settings = loop_settings();
    settings.body_ms = one->body_ms;
    settings.body_rate = one->rate;
    settings.idle_ms = one->idle_ms;
    return settings;
}

/* The second in which `is_late` became true; 0: never. */
static int late_second(struct loop *loop, int client, const struct pace_case *one, bool (*go)(int client, int bytes))
{
    for (int second = 1; second <= STEPS_MAX; second++) {
        if (!go(client, one->bytes))
            return second;
        step_on(loop);
        if (script.broken > 0 || script.gone > 0)
            return second;
    }
    return 0;
}

static bool send_bytes(int client, int bytes)
{
    char body[256];
    memset(body, 'a', sizeof body);
    return bytes == 0 || send(client, body, (size_t)bytes, MSG_NOSIGNAL) == bytes;
}

static void assert_late(const struct pace_case *one, int second)
{
    bool is_right = one->late_from == 0 ? second == 0 : second >= one->late_from && second <= one->late_to;
    if (!is_right)
        fail_msg("%s: late in second %d, not %d to %d", one->name, second, one->late_from, one->late_to);
}

static void a_body_has_a_time_that_grows_with_its_bytes(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(bodies); i++) {
        struct loop loop;
        AUTO(buf) got = {0};
        const struct service_settings settings = settings_of(&bodies[i]);
        script_open(&loop, &settings);
        int client = loop_connect(&loop);
        loop_send_str(&loop, client, "POST /echo HTTP/1.1\r\nHost: h\r\nContent-Length: 100000\r\n\r\n");
        assert_late(&bodies[i], late_second(&loop, client, &bodies[i], send_bytes));
        if (bodies[i].late_from != 0) {
            assert_int_equal(script.why, REASON_REQUEST_TIMEOUT);
            assert_int_equal(loop_await(&loop, client, &got, "HTTP/1.1 408 "), HEARD_BYTES);
        }
        close(client);
        script_close(&loop);
    }
}

static void time_in_which_a_body_is_not_wanted_does_not_count(void **state)
{
    struct loop loop;
    const struct service_settings settings = settings_of(&bodies[0]);
    (void)state;
    script_open(&loop, &settings);
    int client = loop_connect(&loop);
    loop_send_str(&loop, client, "POST /wait HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\nab");
    ahead_ms += 100000;
    tick(&loop);
    assert_int_equal(script.broken + script.gone, 0);
    stream_want_body(script.waiting, true);
    step_on(&loop);
    assert_int_equal(script.broken + script.gone, 0);
    script.waiting = NULL;
    ahead_ms += 100000;
    tick(&loop);
    assert_int_equal(script.broken, 1);
    close(client);
    script_close(&loop);
}

static const struct pace_case answers[] = {
    {"nothing is taken", 5000, 60000, 100000, 0, 5, 6},
    {"a little is taken, again and again", 5000, 60000, 100000, 20000, 5, 8},
    {"as much as the rate", 5000, 60000, 1000, 60000, 0, 0},
    {"nothing, and no rate", 5000, 3000, 0, 0, 3, 4},
};

static bool take_bytes(int client, int bytes)
{
    char at[65536];
    if (bytes > 0)
        recv(client, at, (size_t)bytes, 0);
    return true;
}

static void an_answer_has_a_time_that_grows_with_what_was_taken(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(answers); i++) {
        struct loop loop;
        const struct service_settings settings = settings_of(&answers[i]);
        script_open(&loop, &settings);
        int client = loop_connect_with(&loop, 4096);
        loop_send_str(&loop, client, "GET /big HTTP/1.1\r\nHost: h\r\n\r\n");
        assert_late(&answers[i], late_second(&loop, client, &answers[i], take_bytes));
        assert_int_equal(script.why, answers[i].late_from != 0 ? REASON_CLIENT_TIMEOUT : REASON_NONE);
        close(client);
        script_close(&loop);
    }
}

/* The last answer is handed over already: nobody but the connection itself can notice. */
static void what_is_left_of_the_last_answer_is_held_to_it_too(void **state)
{
    struct loop loop;
    const struct service_settings settings = settings_of(&answers[0]);
    (void)state;
    script_open(&loop, &settings);
    int client = loop_connect_with(&loop, 4096);
    loop_send_str(&loop, client, "GET /bulk HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n");
    assert_int_equal(loop.service.count, 1);
    for (int second = 0; second < 4; second++)
        step_on(&loop);
    assert_int_equal(loop.service.count, 1);
    for (int second = 0; second < 3; second++)
        step_on(&loop);
    assert_int_equal(loop.service.count, 0);
    close(client);
    script_close(&loop);
}

/* The time for a head is one for all of it, also for one behind another request. */
static void heads_that_drip_are_late(void **state)
{
    static const char *const before[] = {"", "GET /now HTTP/1.1\r\nHost: h\r\n\r\n", "\r\n"};
    (void)state;
    for (size_t i = 0; i < COUNT_OF(before); i++) {
        struct loop loop;
        AUTO(buf) got = {0};
        struct service_settings settings = loop_settings();
        settings.head_ms = 4000;
        script_open(&loop, &settings);
        int client = loop_connect(&loop);
        loop_send_str(&loop, client, before[i]);
        loop_send_str(&loop, client, "GET / HTTP/1.1\r\nX: ");
        int seconds = 0;
        while (script.refused == 0 && seconds < STEPS_MAX) {
            send_bytes(client, 1);
            step_on(&loop);
            seconds++;
        }
        assert_in_range(seconds, 4, 6);
        assert_int_equal(script.why, REASON_REQUEST_TIMEOUT);
        assert_int_equal(loop_await(&loop, client, &got, "HTTP/1.1 408 "), HEARD_BYTES);
        close(client);
        script_close(&loop);
    }
}

/* ---- HTTP/2 ---- */

static int connect_h2(struct loop *loop)
{
    const struct entrance entrance = {.takes_h2 = true};
    struct sockaddr_in at;
    socklen_t len = sizeof at;
    int client = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(getsockname(loop->listening, (struct sockaddr *)&at, &len), 0);
    assert_int_equal(connect(client, (struct sockaddr *)&at, len), 0);
    fcntl(client, F_SETFL, O_NONBLOCK);
    int fd = accept4(loop->listening, (struct sockaddr *)&at, &len, SOCK_NONBLOCK | SOCK_CLOEXEC);
    service_accept(&loop->service, fd, (struct sockaddr *)&at, &entrance);
    loop_send(loop, client, span_of("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\4\0\0\0\0\0", 33));
    return client;
}

enum { H2_REQUEST_BYTES = 15, H2_SPLIT = 12 };

/* A whole GET / in one HEADERS frame. */
static void h2_request(char out[H2_REQUEST_BYTES], int number)
{
    memcpy(out, "\0\0\6\1\5\0\0\0\0\x82\x86\x84\x41\1h", H2_REQUEST_BYTES);
    out[8] = (char)(2 * number + 1);
}

/* Each second brings the rest of one head with the begin of the next. */
static void each_head_of_a_busy_client_has_its_own_time(void **state)
{
    struct loop loop;
    AUTO(buf) got = {0};
    struct service_settings settings = loop_settings();
    char first[H2_REQUEST_BYTES], next[H2_REQUEST_BYTES], bytes[H2_REQUEST_BYTES];
    (void)state;
    settings.head_ms = 3000;
    script_open(&loop, &settings);
    int client = connect_h2(&loop);
    h2_request(first, 0);
    loop_send(&loop, client, span_of(first, H2_SPLIT));
    for (int second = 1; second <= STEPS_MAX; second++) {
        h2_request(next, second);
        memcpy(bytes, first + H2_SPLIT, H2_REQUEST_BYTES - H2_SPLIT);
        memcpy(bytes + H2_REQUEST_BYTES - H2_SPLIT, next, H2_SPLIT);
        step_on(&loop);
        if (send(client, bytes, sizeof bytes, MSG_NOSIGNAL) != sizeof bytes || loop.service.count == 0)
            fail_msg("ended in second %d", second);
        loop_idle(&loop, 3);
        assert_int_equal(script.begun, second);
    }
    for (int second = 1; second <= 4; second++) /* the last one does not go on */
        step_on(&loop);
    assert_int_equal(script.begun, STEPS_MAX);
    assert_int_equal(loop_await(&loop, client, &got, NULL), HEARD_END);
    close(client);
    script_close(&loop);
}

static void waiting_is_added_up_over_interruptions(void **state)
{
    const struct pace_limits limits = {.first_ms = 1000, .rate = 10, .still_ms = 5000};
    struct pace pace = {0};
    (void)state;
    assert_false(pace_is_over(&pace, &limits, 100000));
    pace_start(&pace, 1000);
    pace_stop(&pace, 1600);
    assert_false(pace_is_over(&pace, &limits, 100000));
    pace_start(&pace, 100000);
    pace_start(&pace, 100300); /* it was its turn already */
    assert_int_equal(pace_waited_ms(&pace, 100399), 999);
    assert_false(pace_is_over(&pace, &limits, 100399));
    assert_true(pace_is_over(&pace, &limits, 100400));
    pace_move(&pace, 100400, 9);
    assert_true(pace_is_over(&pace, &limits, 100400));
    pace_move(&pace, 100400, 1);
    assert_false(pace_is_over(&pace, &limits, 101399));
    assert_true(pace_is_over(&pace, &limits, 101400));
    pace_move(&pace, 101400, UINT64_MAX / 2); /* more than there is time for */
    assert_false(pace_is_over(&pace, &limits, 106399));
    assert_true(pace_is_over(&pace, &limits, 106400));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_body_has_a_time_that_grows_with_its_bytes),
        cmocka_unit_test(time_in_which_a_body_is_not_wanted_does_not_count),
        cmocka_unit_test(an_answer_has_a_time_that_grows_with_what_was_taken),
        cmocka_unit_test(what_is_left_of_the_last_answer_is_held_to_it_too),
        cmocka_unit_test(heads_that_drip_are_late),
        cmocka_unit_test(each_head_of_a_busy_client_has_its_own_time),
        cmocka_unit_test(waiting_is_added_up_over_interruptions),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
