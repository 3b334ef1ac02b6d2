/* SPDX-License-Identifier: Apache-2.0 */
/* Goal: whatever way its bytes come, a client gets one answer for each request, in order; what is slow is ended.  Method: a
 * scripted handler behind a real worker, over loopback.
 */
#include "script.h"

static const char *const GET_NOW = "GET /now HTTP/1.1\r\nHost: h\r\n\r\n";

static void pipelined_requests_are_answered_in_order(void **state)
{
    struct loop loop;
    AUTO(buf) got = {0};
    const struct service_settings settings = loop_settings();
    (void)state;
    script_open(&loop, &settings);
    int client = loop_connect(&loop);
    loop_send_str(
        &loop, client,
        "POST /echo HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n\r\none"
        "GET /now HTTP/1.1\r\nHost: h\r\n\r\n"
        "\r\nPOST /echo HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n2\r\ntw\r\n1\r\no\r\n0\r\n\r\n"
        "GET /echo HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n"
        "GET /now HTTP/1.1\r\nHost: h\r\n\r\n");
    assert_int_equal(loop_await(&loop, client, &got, NULL), HEARD_END);
    buf_add_char(&got, '\0');
    assert_true(strstr(got.at, "[one]") < strstr(got.at, "\r\n\r\nnow"));
    assert_true(strstr(got.at, "\r\n\r\nnow") < strstr(got.at, "[two]"));
    assert_true(strstr(got.at, "[two]") < strstr(got.at, "GET []"));
    assert_int_equal(loop_count(&got, "HTTP/1.1 200 OK"), 4);
    assert_int_equal(script.begun, 4);
    close(client);
    script_close(&loop);
}

static void a_request_may_come_byte_by_byte(void **state)
{
    static const char text[] =
        "POST /echo HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n3;x=y\r\nabc\r\n0\r\nT: v\r\n\r\n";
    struct loop loop;
    AUTO(buf) got = {0};
    const struct service_settings settings = loop_settings();
    (void)state;
    script_open(&loop, &settings);
    int client = loop_connect(&loop);
    for (size_t i = 0; i < sizeof text - 1; i++)
        loop_send(&loop, client, span_of(text + i, 1));
    assert_int_equal(loop_await(&loop, client, &got, "POST [abc]"), HEARD_BYTES);
    assert_int_equal(script.begun, 1);
    close(client);
    script_close(&loop);
}

/* RFC 9110 10.1.1 */
static void a_client_is_told_to_continue_when_its_body_is_wanted(void **state)
{
    static const struct {
        const char *path, *version, *body;
        size_t continues;
    } cases[] = {
        {"/echo", "1.1", "", 1},
        {"/echo", "1.1", "abc", 0}, /* it did not wait */
        {"/echo", "1.0", "", 0},
        {"/now", "1.1", "", 0},
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct loop loop;
        AUTO(buf) got = {0};
        char head[256];
        const struct service_settings settings = loop_settings();
        script_open(&loop, &settings);
        int client = loop_connect(&loop);
        snprintf(head, sizeof head, "POST %s HTTP/%s\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\n%s",
                 cases[i].path, cases[i].version, cases[i].body);
        loop_send_str(&loop, client, head);
        if (cases[i].continues > 0)
            loop_await(&loop, client, &got, "HTTP/1.1 100 Continue\r\n\r\n");
        if (strcmp(cases[i].path, "/echo") == 0) {
            if (cases[i].body[0] == '\0')
                loop_send_str(&loop, client, "abc");
            loop_await(&loop, client, &got, "POST [abc]");
        } else {
            assert_int_equal(loop_await(&loop, client, &got, NULL), HEARD_END);
            assert_int_equal(loop_count(&got, "Connection: close"), 1);
        }
        assert_int_equal(loop_count(&got, "100 Continue"), cases[i].continues);
        close(client);
        script_close(&loop);
    }
}

/* RFC 9112 9.3 */
static void connections_persist_as_version_and_fields_say(void **state)
{
    static const struct {
        const char *version, *fields, *told;
        bool persists;
    } cases[] = {
        {"1.1", "", NULL, true},
        {"1.1", "Connection: close\r\n", "Connection: close\r\n", false},
        {"1.1", "Connection: x, CLOSE\r\n", "Connection: close\r\n", false},
        {"1.0", "", "Connection: close\r\n", false},
        {"1.0", "Connection: keep-alive\r\n", "Connection: keep-alive\r\n", true},
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct loop loop;
        AUTO(buf) got = {0};
        char head[256];
        const struct service_settings settings = loop_settings();
        script_open(&loop, &settings);
        int client = loop_connect(&loop);
        snprintf(head, sizeof head, "GET /now HTTP/%s\r\nHost: h\r\n%s\r\n", cases[i].version, cases[i].fields);
        loop_send_str(&loop, client, head);
        loop_await(&loop, client, &got, "\r\n\r\nnow");
        if (cases[i].told != NULL)
            assert_int_equal(loop_count(&got, cases[i].told), 1);
        if (cases[i].persists) {
            loop_send_str(&loop, client, GET_NOW);
            loop_await(&loop, client, &got, "nowHTTP/1.1 200 OK");
        } else {
            assert_int_equal(loop_await(&loop, client, &got, NULL), HEARD_END);
        }
        close(client);
        script_close(&loop);
    }
}

static void a_malformed_head_is_answered_and_ends_the_connection(void **state)
{
    struct loop loop;
    AUTO(buf) got = {0};
    const struct service_settings settings = loop_settings();
    (void)state;
    script_open(&loop, &settings);
    int client = loop_connect(&loop);
    loop_send_str(
        &loop, client,
        "GET /now HTTP/1.1\r\nHost: h\r\n\r\nGET /now HTTP/1.1\nHost: h\r\n\r\nGET /now HTTP/1.1\r\nHost: h\r\n\r\n");
    assert_int_equal(loop_await(&loop, client, &got, NULL), HEARD_END);
    assert_int_equal(loop_count(&got, "HTTP/1.1 200 OK"), 1);
    assert_int_equal(loop_count(&got, "HTTP/1.1 400 Bad Request"), 1);
    assert_int_equal(loop_count(&got, "Connection: close"), 1);
    assert_int_equal(script.begun, 2);
    close(client);
    script_close(&loop);
}

static struct service_settings impatient(int64_t head_ms, int64_t idle_ms)
{
    struct service_settings settings = loop_settings();
    settings.head_ms = head_ms;
    settings.idle_ms = idle_ms;
    return settings;
}

static void what_is_slow_is_ended(void **state)
{
    static const struct {
        const char *sent, *heard; /* NULL: nothing is answered */
        int64_t head_ms, idle_ms;
        enum reason why;
    } cases[] = {
        {"", NULL, 50, 60000, REASON_NONE},
        {"GET /now HT", "HTTP/1.1 408 ", 50, 60000, REASON_REQUEST_TIMEOUT},
        {"GET /now HTTP/1.1\r\nHost: h\r\n\r\n", "now", 60000, 50, REASON_NONE},
        {"GET /now HTTP/1.1\r\nHost: h\r\n\r\nGET", "HTTP/1.1 408 ", 50, 60000, REASON_REQUEST_TIMEOUT},
        {"POST /echo HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n\r\nab", "HTTP/1.1 408 ", 60000, 50,
         REASON_REQUEST_TIMEOUT},
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct loop loop;
        AUTO(buf) got = {0};
        const struct service_settings settings = impatient(cases[i].head_ms, cases[i].idle_ms);
        script_open(&loop, &settings);
        int client = loop_connect(&loop);
        loop_send_str(&loop, client, cases[i].sent);
        assert_int_equal(loop_await(&loop, client, &got, NULL), HEARD_END);
        if (cases[i].heard == NULL)
            assert_int_equal(buf_len(&got), 0);
        else
            assert_true(loop_count(&got, cases[i].heard) == 1);
        assert_int_equal(script.why, cases[i].why);
        close(client);
        script_close(&loop);
    }
}

/* A head must be whole in time, however steadily its bytes come (slowloris). */
static void the_time_for_a_head_is_not_lengthened_by_its_bytes(void **state)
{
    struct loop loop;
    AUTO(buf) got = {0};
    const struct service_settings settings = impatient(200, 60000);
    (void)state;
    script_open(&loop, &settings);
    int client = loop_connect(&loop);
    int64_t begun = now_read().mono_ms;
    loop_send_str(&loop, client, "GET /now HTTP/1.1\r\nHost: h\r\nX: ");
    while (loop_hear(client, &got, SIZE_MAX) == HEARD_NOTHING && now_read().mono_ms < begun + 5000) {
        send(client, "x", 1, MSG_NOSIGNAL);
        loop_turn(&loop);
        usleep(20000);
    }
    assert_int_equal(loop_count(&got, "HTTP/1.1 408 "), 1);
    close(client);
    script_close(&loop);
}

/* The same while an earlier answer is still being taken: progress there is none in the head. */
static void the_time_for_a_head_is_not_lengthened_by_an_answer_under_way(void **state)
{
    struct loop loop;
    AUTO(buf) got = {0};
    const struct service_settings settings = impatient(300, 60000);
    (void)state;
    script_open(&loop, &settings);
    int client = loop_connect_with(&loop, 8192);
    loop_send_str(&loop, client, "GET /bulk HTTP/1.1\r\nHost: h\r\n\r\nGET /now HT");
    int64_t begun = now_read().mono_ms;
    loop_await(&loop, client, &got, "bbbbbbbb");
    assert_int_equal(loop_await(&loop, client, &got, NULL), HEARD_END);
    assert_int_equal(loop_count(&got, "HTTP/1.1 408 "), 1);
    assert_true(now_read().mono_ms - begun < 5000);
    close(client);
    script_close(&loop);
}

static void connections_past_the_maximum_are_closed_at_once(void **state)
{
    struct loop loop;
    AUTO(buf) got = {0};
    struct service_settings settings = loop_settings();
    (void)state;
    settings.connections_max = 1;
    script_open(&loop, &settings);
    int first = loop_connect(&loop);
    int second = loop_connect(&loop);
    assert_int_equal(loop_await(&loop, second, &got, NULL), HEARD_END);
    loop_send_str(&loop, first, GET_NOW);
    assert_int_equal(loop_await(&loop, first, &got, "now"), HEARD_BYTES);
    close(first);
    close(second);
    script_close(&loop);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pipelined_requests_are_answered_in_order),
        cmocka_unit_test(a_request_may_come_byte_by_byte),
        cmocka_unit_test(a_client_is_told_to_continue_when_its_body_is_wanted),
        cmocka_unit_test(connections_persist_as_version_and_fields_say),
        cmocka_unit_test(a_malformed_head_is_answered_and_ends_the_connection),
        cmocka_unit_test(what_is_slow_is_ended),
        cmocka_unit_test(the_time_for_a_head_is_not_lengthened_by_its_bytes),
        cmocka_unit_test(the_time_for_a_head_is_not_lengthened_by_an_answer_under_way),
        cmocka_unit_test(connections_past_the_maximum_are_closed_at_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
