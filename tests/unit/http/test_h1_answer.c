/* SPDX-License-Identifier: Apache-2.0 */
/* Goal: an answer that cannot be framed in one way is a broken backend's, and the next answer begins where this one
 * ends. Method: tables of answers, read whole, byte for byte and in random portions.
 */
#include "reading.h"
#include "unit.h"

enum { BROKEN = 99 };

struct answer {
    struct span bytes;
    int body; /* enum body_kind, or BROKEN */
    bool wants_close;
};

#define OK(fields) SPAN_INIT("HTTP/1.1 200 OK\r\n" fields "\r\n")

static void check(const struct answer *answer, bool to_head)
{
    for (unsigned seed = 0; seed < 6; seed++) {
        struct h1 h;
        AUTO(reading) r = {0};
        struct portions portions = {seed};
        size_t seen = seed == 0 ? answer->bytes.len : 0;
        h1_init(&h, H1_ANSWERS, &usual_limits);
        enum h1_find found = reading_head(&r, &h, answer->bytes, &seen, &portions, to_head);
        if ((found == H1_WHOLE) != (answer->body != BROKEN) || (found == H1_WHOLE && (int)r.head.body != answer->body))
            fail_msg("%s (seed %u): found %d, body %d, %s", answer->bytes.at, seed, found, r.head.body, r.err.text);
        if (found == H1_WHOLE)
            assert_int_equal(r.head.wants_close, answer->wants_close);
        else
            assert_int_equal(r.err.reason, REASON_BACKEND_BROKEN);
    }
}

/* RFC 9112 6.3 */
static void the_framing_of_an_answer_is_told_by_status_and_fields(void **state)
{
    static const struct answer answers[] = {
        {OK("Content-Length: 3\r\n"), BODY_SIZED, false},
        {OK("Content-Length: 0\r\n"), BODY_SIZED, false},
        {OK("Transfer-Encoding: Chunked\r\n"), BODY_STREAM, false},
        {OK(""), BODY_UNTIL_CLOSE, true},
        {OK("Content-Length: 3\r\nConnection: close\r\n"), BODY_SIZED, true},
        {SPAN_INIT("HTTP/1.0 200 OK\r\nContent-Length: 3\r\n\r\n"), BODY_SIZED, true},
        {SPAN_INIT("HTTP/1.0 200 OK\r\nContent-Length: 3\r\nConnection: keep-alive\r\n\r\n"), BODY_SIZED, false},
        {SPAN_INIT("HTTP/1.1 100 Continue\r\n\r\n"), BODY_NONE, false},
        {SPAN_INIT("HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n"), BODY_NONE, false},
        {SPAN_INIT("HTTP/1.1 204 No Content\r\n\r\n"), BODY_NONE, false},
        {SPAN_INIT("HTTP/1.1 204 No Content\r\nContent-Length: 7\r\n\r\n"), BODY_NONE, false},
        {SPAN_INIT("HTTP/1.1 204 No Content\r\nTransfer-Encoding: chunked\r\n\r\n"), BODY_NONE, true},
        {SPAN_INIT("HTTP/1.1 304 Not Modified\r\nContent-Length: 7\r\n\r\n"), BODY_NONE, false},
        {SPAN_INIT("HTTP/1.1 304 Not Modified\r\nTransfer-Encoding: chunked\r\n\r\n"), BODY_NONE, false},
        {SPAN_INIT("HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n"), BODY_NONE,
         false},
        {SPAN_INIT("HTTP/1.1 101 Switching Protocols\r\n\r\n"), BODY_NONE, false},
        {OK("Content-Length: 3\r\nContent-Length: 3\r\n"), BROKEN, false},
        {OK("Content-Length: 3\r\nContent-Length: 4\r\n"), BROKEN, false},
        {OK("Content-Length: 3, 3\r\n"), BROKEN, false},
        {OK("Content-Length: -1\r\n"), BROKEN, false},
        {OK("Content-Length: 3\r\nTransfer-Encoding: chunked\r\n"), BROKEN, false},
        {OK("Transfer-Encoding: gzip\r\n"), BROKEN, false},
        {OK("Transfer-Encoding: chunked, gzip\r\n"), BROKEN, false},
        {OK("Transfer-Encoding: gzip, chunked\r\n"), BROKEN, false},
        {OK("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n"), BROKEN, false},
        {SPAN_INIT("HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"), BROKEN, false},
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(answers); i++)
        check(&answers[i], false);
}

static void an_answer_to_head_has_no_body_whatever_it_states(void **state)
{
    static const struct answer answers[] = {
        {OK("Content-Length: 3\r\n"), BODY_NONE, false},
        {OK("Transfer-Encoding: chunked\r\n"), BODY_NONE, false},
        {OK(""), BODY_NONE, false},
        {OK("Content-Length: 3\r\nTransfer-Encoding: chunked\r\n"), BROKEN, false},
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(answers); i++)
        check(&answers[i], true);
}

static void status_lines_and_lines_are_read_strictly(void **state)
{
    static const struct answer answers[] = {
        {SPAN_INIT("HTTP/1.1 200\r\nContent-Length: 0\r\n\r\n"), BODY_SIZED, false},
        {SPAN_INIT("HTTP/1.1 200 \r\nContent-Length: 0\r\n\r\n"), BODY_SIZED, false},
        {SPAN_INIT("HTTP/1.1 599 \xc3\xa5 odd\tone\r\nContent-Length: 0\r\n\r\n"), BODY_SIZED, false},
        {SPAN_INIT("HTTP/1.1 099 X\r\n\r\n"), BROKEN, false},
        {SPAN_INIT("HTTP/1.1 000 X\r\n\r\n"), BROKEN, false},
        {SPAN_INIT("HTTP/1.1 600 X\r\n\r\n"), BROKEN, false},
        {SPAN_INIT("HTTP/1.1 1000 X\r\n\r\n"), BROKEN, false},
        {SPAN_INIT("HTTP/1.1 20 X\r\n\r\n"), BROKEN, false},
        {SPAN_INIT("HTTP/1.1 2x0 X\r\n\r\n"), BROKEN, false},
        {SPAN_INIT("HTTP/1.1  200 OK\r\n\r\n"), BROKEN, false},
        {SPAN_INIT("HTTP/2.0 200 OK\r\n\r\n"), BROKEN, false},
        {SPAN_INIT("http/1.1 200 OK\r\n\r\n"), BROKEN, false},
        {SPAN_INIT("ICY 200 OK\r\n\r\n"), BROKEN, false},
        {SPAN_INIT("\r\nHTTP/1.1 200 OK\r\n\r\n"), BROKEN, false},
        {SPAN_INIT("HTTP/1.1 200 O\0K\r\n\r\n"), BROKEN, false},
        {SPAN_INIT("HTTP/1.1 200 O\x01K\r\n\r\n"), BROKEN, false},
        {SPAN_INIT("HTTP/1.1 200 OK\nContent-Length: 0\n\n"), BROKEN, false},
        {OK("X: a\r\n b\r\n"), BROKEN, false},
        {OK("X: a\rb\r\n"), BROKEN, false},
        {OK("X : a\r\n"), BROKEN, false},
        {OK(": a\r\n"), BROKEN, false},
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(answers); i++)
        check(&answers[i], false);
}

static void the_stated_length_is_kept_where_there_is_no_body(void **state)
{
    struct span bytes = SPAN("HTTP/1.1 304 Not Modified\r\nContent-Length: 7\r\nETag: \"a\"\r\n\r\nHTTP/1.1");
    (void)state;
    AUTO(reading) r = {0};
    reading_run(&r, H1_ANSWERS, &usual_limits, bytes, 0, 1);
    assert_int_equal(r.outcome, ACCEPTED);
    assert_int_equal(r.head.status, 304);
    assert_span(r.head.status_text, "304");
    assert_true(r.head.has_stated_bytes);
    assert_int_equal(r.head.body_bytes, 7);
    assert_int_equal(bytes.len - r.used, strlen("HTTP/1.1"));
}

static void an_answer_without_framing_ends_with_the_connection_and_no_other_does(void **state)
{
    static const struct {
        struct span bytes;
        bool is_right;
        const char *body;
    } cases[] = {
        {SPAN_INIT("HTTP/1.1 200 OK\r\n\r\nhello"), true, "hello"},
        {SPAN_INIT("HTTP/1.1 200 OK\r\n\r\n"), true, ""},
        {SPAN_INIT("HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nhello"), false, "hello"},
        {SPAN_INIT("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n"), false, "hello"},
        {SPAN_INIT("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"), true, "hello"},
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++)
        for (unsigned seed = 0; seed < 6; seed++) {
            AUTO(reading) r = {0};
            reading_run(&r, H1_ANSWERS, &usual_limits, cases[i].bytes, seed, 1);
            assert_int_equal(r.outcome, cases[i].is_right ? ACCEPTED : UNFINISHED);
            assert_span(buf_span(&r.body), cases[i].body);
        }
}

static void an_answer_over_its_limits_is_a_broken_backends(void **state)
{
    static const struct {
        struct h1_limits limits;
        struct span bytes;
    } cases[] = {
        {{20, 1000, 10, 10, 0}, OK("Content-Length: 0\r\n")},
        {{1000, 14, 10, 10, 0}, OK("Content-Length: 0\r\n")},
        {{1000, 1000, 0, 10, 0}, OK("Content-Length: 0\r\n")},
        {{1000, 1000, 10, 10, 2}, OK("Content-Length: 3\r\n")},
        {{1000, 1000, 10, 10, 2}, SPAN_INIT("HTTP/1.1 200 OK\r\n\r\nabc")},
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++)
        for (unsigned seed = 0; seed < 6; seed++) {
            AUTO(reading) r = {0};
            reading_run(&r, H1_ANSWERS, &cases[i].limits, cases[i].bytes, seed, 1);
            assert_int_equal(r.outcome, REFUSED);
            assert_int_equal(r.err.reason, REASON_BACKEND_BROKEN);
        }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_framing_of_an_answer_is_told_by_status_and_fields),
        cmocka_unit_test(an_answer_to_head_has_no_body_whatever_it_states),
        cmocka_unit_test(status_lines_and_lines_are_read_strictly),
        cmocka_unit_test(the_stated_length_is_kept_where_there_is_no_body),
        cmocka_unit_test(an_answer_without_framing_ends_with_the_connection_and_no_other_does),
        cmocka_unit_test(an_answer_over_its_limits_is_a_broken_backends),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
