/* SPDX-License-Identifier: Apache-2.0 */
/* Goal: what was answered arrives whole, however connection and service end; what is not whole never looks so; and a client
 * that does not read costs bounded memory.  Method: a scripted handler behind a real worker, over loopback.
 */
#include "script.h"

enum { SMALL_SOCKET = 8192 };

/* Reads on, slowly, until there is no more for now. */
static void hear_slowly(struct loop *loop, int client, struct buf *got)
{
    while (loop_hear(client, got, 4096) == HEARD_BYTES)
        loop_turn(loop);
}

static void a_source_stops_when_the_client_does_not_read_and_resumes_when_it_does(void **state)
{
    struct loop loop;
    AUTO(buf) got = {0};
    const struct service_settings settings = loop_settings();
    (void)state;
    script_open(&loop, &settings);
    int client = loop_connect_with(&loop, SMALL_SOCKET);
    loop_send_str(&loop, client, "GET /big HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n");
    loop_idle(&loop, 50);
    assert_int_equal(script.full, 1);
    assert_true(script.big_left > BIG_BYTES / 2);
    assert_int_equal(script.drained, 0);
    assert_int_equal(loop_await(&loop, client, &got, NULL), HEARD_END);
    assert_int_equal(buf_len(&got) - (size_t)((char *)memmem(got.at, got.end, "\r\n\r\n", 4) - got.at) - 4, BIG_BYTES);
    assert_int_equal(script.drained, script.full);
    assert_true(script.drained > 1);
    assert_true(script.pending_max <= SERVICE_BUFFER_BYTES / 2 + PIECE_BYTES + 1024);
    close(client);
    script_close(&loop);
}

/* Answers that are handed over whole count too: a client that asks on and on without reading must not fill the memory. */
static void requests_wait_while_earlier_answers_are_not_read(void **state)
{
    enum { REQUESTS = 200 };
    struct loop loop;
    AUTO(buf) got = {0};
    AUTO(buf) sent = {0};
    const struct service_settings settings = loop_settings();
    (void)state;
    script_open(&loop, &settings);
    int client = loop_connect_with(&loop, SMALL_SOCKET);
    for (int i = 0; i < REQUESTS; i++)
        buf_add_str(&sent, "GET /bulk HTTP/1.1\r\nHost: h\r\n\r\n");
    loop_send(&loop, client, buf_span(&sent));
    loop_idle(&loop, 50);
    assert_true(script.begun >= 1);
    assert_true(script.begun < 10);
    int64_t until_ms = now_read().mono_ms + PATIENCE_MS;
    while (loop_count(&got, "HTTP/1.1 200 OK") < REQUESTS && now_read().mono_ms < until_ms) {
        hear_slowly(&loop, client, &got);
        loop_turn(&loop);
    }
    assert_int_equal(loop_count(&got, "HTTP/1.1 200 OK"), REQUESTS);
    assert_int_equal(script.begun, REQUESTS);
    close(client);
    script_close(&loop);
}

/* RFC 9112 8: an answer that is not whole must not look complete. */
static void an_answer_given_up_is_cut_without_its_end(void **state)
{
    struct loop loop;
    AUTO(buf) got = {0};
    const struct service_settings settings = loop_settings();
    (void)state;
    script_open(&loop, &settings);
    int client = loop_connect(&loop);
    loop_send_str(&loop, client, "GET /half HTTP/1.1\r\nHost: h\r\n\r\n");
    assert_int_equal(loop_await(&loop, client, &got, NULL), HEARD_RESET);
    assert_int_equal(loop_count(&got, "0\r\n\r\n"), 0);
    close(client);
    script_close(&loop);
}

/* --- the client ends its side --- */

static void a_whole_request_is_answered_though_the_client_ended_its_side(void **state)
{
    static const char *const paths[] = {"/now", "/bulk", "/big", "/echo"};
    (void)state;
    for (size_t i = 0; i < COUNT_OF(paths); i++) {
        struct loop loop;
        AUTO(buf) got = {0};
        AUTO(buf) head = {0};
        const struct service_settings settings = loop_settings();
        script_open(&loop, &settings);
        int client = loop_connect_with(&loop, SMALL_SOCKET);
        buf_printf(&head, "GET %s HTTP/1.1\r\nHost: h\r\n\r\n", paths[i]);
        loop_send(&loop, client, buf_span(&head));
        shutdown(client, SHUT_WR);
        loop_idle(&loop, 5);
        assert_int_equal(loop_await(&loop, client, &got, NULL), HEARD_END);
        size_t body = buf_len(&got) - (size_t)((char *)memmem(got.at, got.end, "\r\n\r\n", 4) - got.at) - 4;
        static const size_t wanted[] = {3, BULK_BYTES, BIG_BYTES, 6};
        assert_int_equal(body, wanted[i]);
        assert_int_equal(loop.service.count, 0);
        close(client);
        script_close(&loop);
    }
}

static void pipelined_requests_before_the_end_are_answered(void **state)
{
    struct loop loop;
    AUTO(buf) got = {0};
    const struct service_settings settings = loop_settings();
    (void)state;
    script_open(&loop, &settings);
    int client = loop_connect(&loop);
    loop_send_str(&loop, client, "GET /wait HTTP/1.1\r\nHost: h\r\n\r\n");
    loop_send_str(&loop, client, "GET /now HTTP/1.1\r\nHost: h\r\n\r\nGET /echo HTTP/1.1\r\nHost: h\r\n\r\nGET /no");
    shutdown(client, SHUT_WR);
    loop_idle(&loop, 5);
    assert_non_null(script.waiting);
    script_release();
    assert_int_equal(loop_await(&loop, client, &got, NULL), HEARD_END);
    assert_int_equal(loop_count(&got, "HTTP/1.1 200 OK"), 3);
    close(client);
    script_close(&loop);
}

static void half_a_request_is_not_answered(void **state)
{
    static const struct {
        const char *sent;
        int gone;
    } cases[] = {
        {"", 0},
        {"GET /no", 0},
        {"POST /echo HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n\r\nab", 1},
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct loop loop;
        AUTO(buf) got = {0};
        const struct service_settings settings = loop_settings();
        script_open(&loop, &settings);
        int client = loop_connect(&loop);
        loop_send_str(&loop, client, cases[i].sent);
        shutdown(client, SHUT_WR);
        loop_await(&loop, client, &got, NULL);
        assert_int_equal(buf_len(&got), 0);
        assert_int_equal(script.gone, cases[i].gone);
        close(client);
        script_close(&loop);
    }
}

static void a_client_that_breaks_off_ends_its_stream(void **state)
{
    const struct linger at_once = {1, 0};
    struct loop loop;
    const struct service_settings settings = loop_settings();
    (void)state;
    script_open(&loop, &settings);
    int client = loop_connect(&loop);
    loop_send_str(&loop, client, "GET /wait HTTP/1.1\r\nHost: h\r\n\r\n");
    loop_idle(&loop, 5);
    assert_non_null(script.waiting);
    setsockopt(client, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
    close(client);
    for (int i = 0; i < 2000 && script.gone == 0; i++)
        loop_turn(&loop);
    assert_int_equal(script.gone, 1);
    assert_int_equal(script.why, REASON_CLIENT_GONE);
    assert_int_equal(loop.service.count, 0);
    script_close(&loop);
}

/* --- the service ends --- */

static void drain_closes_idle_connections_and_lets_the_others_answer(void **state)
{
    struct loop loop;
    AUTO(buf) got = {0};
    AUTO(buf) nothing = {0};
    const struct service_settings settings = loop_settings();
    (void)state;
    script_open(&loop, &settings);
    int busy = loop_connect(&loop);
    int idle = loop_connect(&loop);
    loop_send_str(&loop, busy, "GET /wait HTTP/1.1\r\nHost: h\r\n\r\n");
    loop_idle(&loop, 5);
    service_drain(&loop.service, script_emptied);
    assert_int_equal(loop_await(&loop, idle, &nothing, NULL), HEARD_END);
    assert_int_equal(buf_len(&nothing), 0);
    assert_int_equal(script.emptied, 0);
    script_release();
    assert_int_equal(loop_await(&loop, busy, &got, NULL), HEARD_END);
    assert_int_equal(loop_count(&got, "Connection: close"), 1);
    assert_int_equal(loop_count(&got, "waited"), 1);
    close(busy);
    close(idle);
    loop_idle(&loop, 5);
    assert_int_equal(script.emptied, 1);
    script_close(&loop);
}

static void an_empty_service_is_drained_at_once(void **state)
{
    struct loop loop;
    const struct service_settings settings = loop_settings();
    (void)state;
    script_open(&loop, &settings);
    service_drain(&loop.service, script_emptied);
    assert_int_equal(script.emptied, 1);
    script_close(&loop);
}

/* The handler is done, the client is not: it still gets all of its answer. */
static void drain_loses_no_answer_that_is_still_being_sent(void **state)
{
    struct loop loop;
    AUTO(buf) got = {0};
    const struct service_settings settings = loop_settings();
    (void)state;
    script_open(&loop, &settings);
    int client = loop_connect_with(&loop, SMALL_SOCKET);
    loop_send_str(&loop, client, "GET /bulk HTTP/1.1\r\nHost: h\r\n\r\n");
    loop_idle(&loop, 5);
    assert_int_equal(script.begun, 1);
    service_drain(&loop.service, script_emptied);
    assert_int_equal(loop_await(&loop, client, &got, NULL), HEARD_END);
    assert_true(buf_len(&got) > BULK_BYTES);
    close(client);
    loop_idle(&loop, 5);
    assert_int_equal(script.emptied, 1);
    script_close(&loop);
}

/* A request that lies in the socket when the drain begins was sent to an open connection. */
static void drain_answers_requests_that_have_come_already(void **state)
{
    struct loop loop;
    AUTO(buf) got = {0};
    const struct service_settings settings = loop_settings();
    (void)state;
    script_open(&loop, &settings);
    int client = loop_connect(&loop);
    loop_idle(&loop, 5);
    assert_true(send(client, "GET /now HTTP/1.1\r\nHost: h\r\n\r\n", 30, MSG_NOSIGNAL) == 30);
    service_drain(&loop.service, script_emptied);
    assert_int_equal(loop_await(&loop, client, &got, NULL), HEARD_END);
    assert_int_equal(loop_count(&got, "\r\n\r\nnow"), 1);
    assert_int_equal(loop_count(&got, "Connection: close"), 1);
    close(client);
    script_close(&loop);
}

static void cutting_ends_streams_under_way(void **state)
{
    struct loop loop;
    const struct service_settings settings = loop_settings();
    (void)state;
    script_open(&loop, &settings);
    int client = loop_connect(&loop);
    loop_send_str(&loop, client, "GET /wait HTTP/1.1\r\nHost: h\r\n\r\n");
    loop_idle(&loop, 5);
    service_cut(&loop.service);
    assert_int_equal(script.gone, 1);
    assert_int_equal(script.why, REASON_DRAIN);
    assert_int_equal(loop.service.count, 0);
    close(client);
    script_close(&loop);
}

/* In HTTP/1.0 an answer of no stated length ends where the connection does: one that is cut must not end so. */
static void what_is_cut_of_an_answer_that_the_end_delimits_is_reset(void **state)
{
    static const struct {
        const char *path, *heard;
        enum heard end;
    } cases[] = {
        {"/open", "\r\n\r\nbegin", HEARD_RESET}, /* half of it was there */
        {"/all", "\r\n\r\nbbb", HEARD_RESET},    /* the client has not taken it */
        {"/half", "\r\n\r\nhalf", HEARD_RESET},  /* the handler gave up */
        {"/now", "\r\n\r\nnow", HEARD_END},
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct loop loop;
        AUTO(buf) got = {0};
        AUTO(buf) head = {0};
        const struct service_settings settings = loop_settings();
        script_open(&loop, &settings);
        int client = loop_connect_with(&loop, SMALL_SOCKET);
        buf_printf(&head, "GET %s HTTP/1.0\r\n\r\n", cases[i].path);
        loop_send(&loop, client, buf_span(&head));
        loop_idle(&loop, 5);
        loop_await(&loop, client, &got, cases[i].heard);
        service_cut(&loop.service);
        if (loop_await(&loop, client, &got, NULL) != cases[i].end)
            fail_msg("%s ended otherwise", cases[i].path);
        assert_true(loop_count(&got, "\r\n\r\n") == 1 && buf_len(&got) < BULK_BYTES);
        close(client);
        script_close(&loop);
    }
}

static void a_slow_client_loses_the_rest_by_a_reset(void **state)
{
    struct loop loop;
    AUTO(buf) got = {0};
    struct service_settings settings = loop_settings();
    (void)state;
    settings.idle_ms = 300;
    script_open(&loop, &settings);
    int client = loop_connect_with(&loop, SMALL_SOCKET);
    loop_send_str(&loop, client, "GET /all HTTP/1.0\r\n\r\n");
    int64_t until_ms = now_read().mono_ms + PATIENCE_MS;
    while (loop.service.count > 0 && now_read().mono_ms < until_ms) {
        loop_turn(&loop);
        usleep(1000);
    }
    assert_int_equal(loop.service.count, 0);
    assert_int_equal(loop_await(&loop, client, &got, NULL), HEARD_RESET);
    assert_true(buf_len(&got) < BULK_BYTES);
    close(client);
    script_close(&loop);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_source_stops_when_the_client_does_not_read_and_resumes_when_it_does),
        cmocka_unit_test(requests_wait_while_earlier_answers_are_not_read),
        cmocka_unit_test(an_answer_given_up_is_cut_without_its_end),
        cmocka_unit_test(a_whole_request_is_answered_though_the_client_ended_its_side),
        cmocka_unit_test(pipelined_requests_before_the_end_are_answered),
        cmocka_unit_test(half_a_request_is_not_answered),
        cmocka_unit_test(a_client_that_breaks_off_ends_its_stream),
        cmocka_unit_test(drain_closes_idle_connections_and_lets_the_others_answer),
        cmocka_unit_test(an_empty_service_is_drained_at_once),
        cmocka_unit_test(drain_loses_no_answer_that_is_still_being_sent),
        cmocka_unit_test(drain_answers_requests_that_have_come_already),
        cmocka_unit_test(cutting_ends_streams_under_way),
        cmocka_unit_test(what_is_cut_of_an_answer_that_the_end_delimits_is_reset),
        cmocka_unit_test(a_slow_client_loses_the_rest_by_a_reset),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
