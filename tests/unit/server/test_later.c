/* SPDX-License-Identifier: Apache-2.0 */
/* Goal: an answer that is given later reaches its client once, in its place, and whoever owes it is told when nobody waits any more:
 * exactly one of the two.  Method: a service that keeps what it owes, behind a real worker, over loopback; the test answers by hand.
 */
#include "server/responder.h"
#include "loop.h"

enum { OWED_MAX = 4 };

struct debt {
    struct later *later;
    struct request request; /* a copy: the struct itself does not outlive `answer` */
    int gone;
};

static struct debt debts[OWED_MAX];
static int asked;

static void on_gone(void *context)
{
    struct debt *debt = context;
    debt->gone++;
}

static void fill(struct reply *reply, const struct request *request)
{
    reply->content_type = SPAN("text/plain");
    buf_printf(&reply->body, "late %.*s %.*s", SPAN_ARG(request->path), SPAN_ARG(request->body));
}

static void pay(int number)
{
    struct debt *debt = &debts[number];
    struct reply reply = {.status = 200};
    fill(&reply, &debt->request);
    later_answer(debt->later, &reply);
}

static void answer(void *context, const struct request *request, struct reply *reply)
{
    (void)context;
    struct debt *debt = &debts[asked];
    assert_true(asked < OWED_MAX);
    if (span_eq(request->path, SPAN("/now"))) {
        fill(reply, request);
        return;
    }
    *debt = (struct debt){responder_postpone(request, on_gone, debt), *request, 0};
    assert_non_null(debt->later);
    assert_null(responder_postpone(request, on_gone, debt));
    asked++;
    if (span_eq(request->path, SPAN("/within")))
        pay(asked - 1);
}

static const struct responder responder = {.answer = answer, .body_bytes_max = 64};

static void open_loop(struct loop *loop)
{
    const struct service_settings settings = loop_settings();
    asked = 0;
    memset(debts, 0, sizeof debts);
    loop_open(loop, &responder_handler, (void *)(uintptr_t)&responder, &settings);
}

static void await_asked(struct loop *loop, int count)
{
    int64_t until_ms = now_read().mono_ms + PATIENCE_MS;
    while (asked < count && now_read().mono_ms < until_ms)
        loop_turn(loop);
    assert_int_equal(asked, count);
}

static void await_gone(struct loop *loop, int number)
{
    int64_t until_ms = now_read().mono_ms + PATIENCE_MS;
    while (debts[number].gone == 0 && now_read().mono_ms < until_ms)
        loop_turn(loop);
    assert_int_equal(debts[number].gone, 1);
}

static void an_answer_comes_when_it_is_given(void **state)
{
    struct loop loop;
    AUTO(buf) got = {0};
    (void)state;
    open_loop(&loop);
    int client = loop_connect(&loop);
    loop_send_str(&loop, client, "POST /a HTTP/1.1\r\nHost: h\r\nContent-Length: 4\r\n\r\nbody");
    await_asked(&loop, 1);
    loop_idle(&loop, 20);
    assert_int_equal(loop_hear(client, &got, 1), HEARD_NOTHING);
    pay(0);
    loop_await(&loop, client, &got, "late /a body");
    assert_int_equal(debts[0].gone, 0);
    loop_send_str(&loop, client, "GET /now HTTP/1.1\r\nHost: h\r\n\r\n");
    loop_await(&loop, client, &got, "late /now");
    close(client);
    loop_close(&loop);
    assert_int_equal(debts[0].gone, 0);
}

static void one_given_before_the_question_ended_is_sent(void **state)
{
    struct loop loop;
    AUTO(buf) got = {0};
    (void)state;
    open_loop(&loop);
    int client = loop_connect(&loop);
    loop_send_str(&loop, client, "GET /within HTTP/1.1\r\nHost: h\r\n\r\n");
    loop_await(&loop, client, &got, "late /within");
    close(client);
    loop_close(&loop);
    assert_int_equal(debts[0].gone, 0);
}

static void head_gets_the_fields_of_a_late_answer(void **state)
{
    struct loop loop;
    AUTO(buf) got = {0};
    (void)state;
    open_loop(&loop);
    int client = loop_connect(&loop);
    loop_send_str(&loop, client, "HEAD /a HTTP/1.1\r\nHost: h\r\n\r\n");
    await_asked(&loop, 1);
    pay(0);
    loop_await(&loop, client, &got, "\r\nContent-Length: 8\r\n");
    assert_true(span_ends(buf_span(&got), SPAN("\r\n\r\n")));
    close(client);
    loop_close(&loop);
}

static void a_client_whose_connection_breaks_is_told_of(void **state)
{
    struct loop loop;
    const struct linger reset = {.l_onoff = 1};
    (void)state;
    open_loop(&loop);
    int client = loop_connect(&loop);
    loop_send_str(&loop, client, "GET /a HTTP/1.1\r\nHost: h\r\n\r\n");
    await_asked(&loop, 1);
    setsockopt(client, SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
    close(client);
    await_gone(&loop, 0);
    assert_int_equal(loop.service.count, 0);
    loop_close(&loop);
    assert_int_equal(debts[0].gone, 1);
}

static void a_client_that_ended_its_side_is_answered(void **state)
{
    struct loop loop;
    AUTO(buf) got = {0};
    (void)state;
    open_loop(&loop);
    int client = loop_connect(&loop);
    loop_send_str(&loop, client, "GET /a HTTP/1.1\r\nHost: h\r\n\r\n");
    shutdown(client, SHUT_WR);
    await_asked(&loop, 1);
    loop_idle(&loop, 20);
    assert_int_equal(debts[0].gone, 0);
    pay(0);
    loop_await(&loop, client, &got, "late /a");
    assert_int_equal(loop_await(&loop, client, &got, NULL), HEARD_END);
    close(client);
    loop_close(&loop);
}

static void a_request_behind_it_waits_for_its_turn(void **state)
{
    struct loop loop;
    AUTO(buf) got = {0};
    (void)state;
    open_loop(&loop);
    int client = loop_connect(&loop);
    loop_send_str(&loop, client, "GET /a HTTP/1.1\r\nHost: h\r\n\r\nGET /b HTTP/1.1\r\nHost: h\r\n\r\n");
    await_asked(&loop, 1);
    loop_idle(&loop, 20);
    assert_int_equal(asked, 1);
    pay(0);
    await_asked(&loop, 2);
    pay(1);
    loop_await(&loop, client, &got, "late /b");
    assert_true(memmem(got.at, got.end, "late /a", 7) < memmem(got.at, got.end, "late /b", 7));
    close(client);
    loop_close(&loop);
}

static int emptied;
static void on_emptied(void *context)
{
    (void)context;
    emptied++;
}

static void a_drain_waits_for_it(void **state)
{
    struct loop loop;
    AUTO(buf) got = {0};
    (void)state;
    open_loop(&loop);
    emptied = 0;
    int client = loop_connect(&loop);
    loop_send_str(&loop, client, "GET /a HTTP/1.1\r\nHost: h\r\n\r\n");
    await_asked(&loop, 1);
    service_drain(&loop.service, on_emptied);
    loop_idle(&loop, 20);
    assert_int_equal(emptied, 0);
    pay(0);
    loop_await(&loop, client, &got, "late /a");
    assert_int_equal(loop_count(&got, "\r\nConnection: close\r\n"), 1);
    close(client);
    for (int i = 0; i < 100000 && emptied == 0; i++)
        loop_turn(&loop);
    assert_int_equal(emptied, 1);
    loop_close(&loop);
    assert_int_equal(debts[0].gone, 0);
}

static void a_cut_tells_whoever_owes(void **state)
{
    struct loop loop;
    (void)state;
    open_loop(&loop);
    int client = loop_connect(&loop);
    loop_send_str(&loop, client, "GET /a HTTP/1.1\r\nHost: h\r\n\r\n");
    await_asked(&loop, 1);
    loop_close(&loop);
    assert_int_equal(debts[0].gone, 1);
    close(client);
}

/* ---- HTTP/2 ---- */

static int connect_h2(struct loop *loop)
{
    struct sockaddr_in at;
    socklen_t len = sizeof at;
    const struct entrance entrance = {.takes_h2 = true};
    int client = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(getsockname(loop->listening, (struct sockaddr *)&at, &len), 0);
    assert_int_equal(connect(client, (struct sockaddr *)&at, len), 0);
    fcntl(client, F_SETFL, O_NONBLOCK);
    int fd = accept4(loop->listening, (struct sockaddr *)&at, &len, SOCK_NONBLOCK | SOCK_CLOEXEC);
    assert_true(fd >= 0);
    service_accept(&loop->service, fd, (struct sockaddr *)&at, &entrance);
    loop_send_str(loop, client, "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");
    loop_send(loop, client, SPAN("\0\0\0\4\0\0\0\0\0"));
    return client;
}

/* GET of a path of two bytes: END_STREAM and END_HEADERS (RFC 9113 6.2), indexed :method and :scheme, literals (RFC 7541 6). */
static void send_get(struct loop *loop, int client, char id, const char *path)
{
    char frame[] = "\0\0\x09\1\5\0\0\0\0\x82\x86\x44\2/x\x41\1h";
    frame[8] = id;
    memcpy(frame + 13, path, 2);
    loop_send(loop, client, span_of(frame, sizeof frame - 1));
}

static void streams_are_answered_in_any_order(void **state)
{
    struct loop loop;
    AUTO(buf) got = {0};
    (void)state;
    open_loop(&loop);
    int client = connect_h2(&loop);
    send_get(&loop, client, 1, "/a");
    send_get(&loop, client, 3, "/b");
    await_asked(&loop, 2);
    pay(1);
    loop_await(&loop, client, &got, "late /b");
    assert_int_equal(loop_count(&got, "late /a"), 0);
    pay(0);
    loop_await(&loop, client, &got, "late /a");
    close(client);
    loop_close(&loop);
    assert_int_equal(debts[0].gone + debts[1].gone, 0);
}

static void a_stream_that_is_reset_is_told_of_alone(void **state)
{
    struct loop loop;
    AUTO(buf) got = {0};
    (void)state;
    open_loop(&loop);
    int client = connect_h2(&loop);
    send_get(&loop, client, 1, "/a");
    send_get(&loop, client, 3, "/b");
    await_asked(&loop, 2);
    loop_send(&loop, client, SPAN("\0\0\4\3\0\0\0\0\1\0\0\0\x08")); /* RST_STREAM, CANCEL */
    await_gone(&loop, 0);
    assert_int_equal(debts[1].gone, 0);
    pay(1);
    loop_await(&loop, client, &got, "late /b");
    close(client);
    loop_close(&loop);
    assert_int_equal(debts[0].gone, 1);
    assert_int_equal(debts[1].gone, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_answer_comes_when_it_is_given),
        cmocka_unit_test(one_given_before_the_question_ended_is_sent),
        cmocka_unit_test(head_gets_the_fields_of_a_late_answer),
        cmocka_unit_test(a_client_whose_connection_breaks_is_told_of),
        cmocka_unit_test(a_client_that_ended_its_side_is_answered),
        cmocka_unit_test(a_request_behind_it_waits_for_its_turn),
        cmocka_unit_test(a_drain_waits_for_it),
        cmocka_unit_test(a_cut_tells_whoever_owes),
        cmocka_unit_test(streams_are_answered_in_any_order),
        cmocka_unit_test(a_stream_that_is_reset_is_told_of_alone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
