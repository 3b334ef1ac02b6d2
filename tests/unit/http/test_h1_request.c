/* SPDX-License-Identifier: Apache-2.0 */
/* Goal: a head that two readers could see in two ways never becomes a request; every limit gives its own reason, at the
 * same byte however the bytes were cut.  Method: tables of whole requests, each read whole, byte for byte and in random
 * portions.
 */
#include "reading.h"
#include "unit.h"

/* A sentence of the table: the bytes, and the reason of the refusal or REASON_NONE. */
struct request {
    struct span bytes;
    enum reason reason;
};

#define ACCEPTED_AS(text)            \
    {                                \
        SPAN_INIT(text), REASON_NONE \
    }
#define REFUSED_AS(reason, text)         \
    {                                    \
        SPAN_INIT(text), REASON_##reason \
    }
/* A request whose line and Host are right, around the fields in question. */
#define WITH(fields) "POST /p HTTP/1.1\r\nHost: a\r\n" fields "\r\n"

static void check(const struct request *request, const struct h1_limits *limits)
{
    for (unsigned seed = 0; seed < 6; seed++) {
        AUTO(reading) r = {0};
        reading_run(&r, H1_REQUESTS, limits, request->bytes, seed, 1);
        enum reason found = r.outcome == REFUSED ? r.err.reason : REASON_NONE;
        if (found != request->reason || (found == REASON_NONE && r.outcome != ACCEPTED))
            fail_msg("%.60s (seed %u): outcome %d, %s: %s", request->bytes.at, seed, r.outcome, reason_name(found),
                     r.err.text);
    }
}

static void check_all(const struct request *requests, size_t count)
{
    for (size_t i = 0; i < count; i++)
        check(&requests[i], &usual_limits);
}

/* RFC 9112 2.2, 5.1, 5.2 */
static void lines_end_in_crlf_and_hold_no_control_characters(void **state)
{
    static const struct request requests[] = {
        ACCEPTED_AS(WITH("X: a\tb \xc3\xa5\r\n")),
        ACCEPTED_AS("\r\n" WITH("")),
        REFUSED_AS(BAD_REQUEST, "\r\n\r\n" WITH("")),
        REFUSED_AS(BAD_REQUEST, "\n" WITH("")),
        REFUSED_AS(BAD_REQUEST, "\r" WITH("")),
        REFUSED_AS(BAD_REQUEST, "GET / HTTP/1.1\nHost: a\r\n\r\n"),
        REFUSED_AS(BAD_REQUEST, "GET / HTTP/1.1\r\nHost: a\n\r\n"),
        REFUSED_AS(BAD_REQUEST, "GET / HTTP/1.1\r\nHost: a\r\n\n"),
        REFUSED_AS(BAD_REQUEST, WITH("X: a\rb\r\n")),
        REFUSED_AS(BAD_REQUEST, WITH("X: a\r\r\n")),
        REFUSED_AS(BAD_REQUEST, WITH("X:\rY: b\r\n")),
        REFUSED_AS(BAD_REQUEST, WITH("X: a\0b\r\n")),
        REFUSED_AS(BAD_REQUEST, WITH("X: a\x01"
                                     "b\r\n")),
        REFUSED_AS(BAD_REQUEST, WITH("X: a\x7f"
                                     "b\r\n")),
        REFUSED_AS(BAD_REQUEST, WITH("X: a\r\n b\r\n")),
        REFUSED_AS(BAD_REQUEST, WITH("X: a\r\n\tb\r\n")),
        REFUSED_AS(BAD_REQUEST, "GET / HTTP/1.1\r\n Host: a\r\n\r\n"),
        REFUSED_AS(BAD_REQUEST, " GET / HTTP/1.1\r\nHost: a\r\n\r\n"),
    };
    (void)state;
    check_all(requests, COUNT_OF(requests));
}

static void names_are_tokens_with_the_colon_at_their_end(void **state)
{
    static const struct request requests[] = {
        ACCEPTED_AS(WITH("X-a_1!#$%&'*+.^`|~: b\r\n")),
        ACCEPTED_AS(WITH("X:\r\n")),
        ACCEPTED_AS(WITH("X: \t \r\n")),
        ACCEPTED_AS(WITH("X: a: b\r\n")),
        REFUSED_AS(BAD_REQUEST, WITH("X : b\r\n")),
        REFUSED_AS(BAD_REQUEST, WITH("X\t: b\r\n")),
        REFUSED_AS(BAD_REQUEST, WITH("X Y: b\r\n")),
        REFUSED_AS(BAD_REQUEST, WITH(": b\r\n")),
        REFUSED_AS(BAD_REQUEST, WITH("X\r\n")),
        REFUSED_AS(BAD_REQUEST, WITH("X\xc3: b\r\n")),
        REFUSED_AS(BAD_REQUEST, WITH("X(: b\r\n")),
        REFUSED_AS(BAD_REQUEST, WITH("Content-Length : 3\r\n")),
    };
    (void)state;
    check_all(requests, COUNT_OF(requests));
}

/* RFC 9112 3 */
static void a_request_line_is_method_target_and_version_with_one_blank_each(void **state)
{
    static const struct request requests[] = {
        ACCEPTED_AS("GET / HTTP/1.1\r\nHost: a\r\n\r\n"),
        ACCEPTED_AS("GET / HTTP/1.0\r\n\r\n"),
        ACCEPTED_AS("OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n"),
        REFUSED_AS(BAD_REQUEST, "GET /\r\nHost: a\r\n\r\n"),
        REFUSED_AS(BAD_REQUEST, "GET\r\nHost: a\r\n\r\n"),
        REFUSED_AS(BAD_REQUEST, "GET  / HTTP/1.1\r\nHost: a\r\n\r\n"),
        REFUSED_AS(BAD_REQUEST, "GET /  HTTP/1.1\r\nHost: a\r\n\r\n"),
        REFUSED_AS(BAD_REQUEST, "GET / HTTP/1.1 \r\nHost: a\r\n\r\n"),
        REFUSED_AS(BAD_REQUEST, "GET\t/ HTTP/1.1\r\nHost: a\r\n\r\n"),
        REFUSED_AS(BAD_REQUEST, "GET /a b HTTP/1.1\r\nHost: a\r\n\r\n"),
        REFUSED_AS(BAD_REQUEST, "GE(T / HTTP/1.1\r\nHost: a\r\n\r\n"),
        REFUSED_AS(BAD_REQUEST, "GET / http/1.1\r\nHost: a\r\n\r\n"),
        REFUSED_AS(BAD_REQUEST, "GET / HTTP/1.1x\r\nHost: a\r\n\r\n"),
        REFUSED_AS(BAD_REQUEST, "GET / HTTP/11\r\nHost: a\r\n\r\n"),
        REFUSED_AS(BAD_REQUEST, "GET / RTSP/1.0\r\nHost: a\r\n\r\n"),
        REFUSED_AS(BAD_REQUEST, "GET /a#b HTTP/1.1\r\nHost: a\r\n\r\n"),
        REFUSED_AS(VERSION_UNSUPPORTED, "GET / HTTP/1.2\r\nHost: a\r\n\r\n"),
        REFUSED_AS(VERSION_UNSUPPORTED, "GET / HTTP/2.0\r\nHost: a\r\n\r\n"),
        REFUSED_AS(VERSION_UNSUPPORTED, "GET / HTTP/0.9\r\nHost: a\r\n\r\n"),
        REFUSED_AS(VERSION_UNSUPPORTED, "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"),
        REFUSED_AS(METHOD_UNKNOWN, "PROPFIND / HTTP/1.1\r\nHost: a\r\n\r\n"),
        REFUSED_AS(METHOD_UNKNOWN, "get / HTTP/1.1\r\nHost: a\r\n\r\n"),
        REFUSED_AS(METHOD_UNKNOWN, "SOURCE / HTTP/1.0\r\n\r\n"),
        REFUSED_AS(METHOD_NOT_ALLOWED, "TRACE / HTTP/1.1\r\nHost: a\r\n\r\n"),
        REFUSED_AS(METHOD_NOT_ALLOWED, "CONNECT a:443 HTTP/1.1\r\nHost: a:443\r\n\r\n"),
    };
    (void)state;
    check_all(requests, COUNT_OF(requests));
}

/* RFC 9112 3.2 */
static void a_request_has_one_valid_host(void **state)
{
    static const struct request requests[] = {
        ACCEPTED_AS("GET / HTTP/1.1\r\nHost: a:80\r\n\r\n"),
        ACCEPTED_AS("GET http://a:80/ HTTP/1.1\r\nHost: A:80\r\n\r\n"),
        ACCEPTED_AS("GET / HTTP/1.0\r\nHost: a\r\n\r\n"),
        REFUSED_AS(BAD_REQUEST, "GET / HTTP/1.1\r\n\r\n"),
        REFUSED_AS(BAD_REQUEST, "GET http://a/ HTTP/1.1\r\n\r\n"),
        REFUSED_AS(BAD_REQUEST, "GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n"),
        REFUSED_AS(BAD_REQUEST, "GET / HTTP/1.0\r\nHost: a\r\nhost: b\r\n\r\n"),
        REFUSED_AS(BAD_REQUEST, "GET / HTTP/1.1\r\nHost:\r\n\r\n"),
        REFUSED_AS(BAD_REQUEST, "GET / HTTP/1.1\r\nHost: a, b\r\n\r\n"),
        REFUSED_AS(BAD_REQUEST, "GET / HTTP/1.1\r\nHost: u@a\r\n\r\n"),
        REFUSED_AS(BAD_REQUEST, "GET http://b/ HTTP/1.1\r\nHost: a\r\n\r\n"),
    };
    (void)state;
    check_all(requests, COUNT_OF(requests));
}

/* RFC 9112 6.1, 6.2, 6.3 */
static void a_body_is_framed_in_one_way(void **state)
{
    static const struct request requests[] = {
        ACCEPTED_AS(WITH("Content-Length: 3\r\n") "abc"),
        ACCEPTED_AS(WITH("Content-Length:\t 003 \t\r\n") "abc"),
        ACCEPTED_AS(WITH("Content-Length: 0\r\n")),
        ACCEPTED_AS(WITH("transfer-encoding: \t cHUNKED\t \r\n") "0\r\n\r\n"),
        REFUSED_AS(BAD_REQUEST, WITH("Content-Length:\r\n")),
        REFUSED_AS(BAD_REQUEST, WITH("Content-Length: +3\r\n") "abc"),
        REFUSED_AS(BAD_REQUEST, WITH("Content-Length: 3, 3\r\n") "abc"),
        REFUSED_AS(BAD_REQUEST, WITH("Content-Length: 3 3\r\n") "abc"),
        REFUSED_AS(BAD_REQUEST, WITH("Content-Length: 3\r\nContent-Length: 3\r\n") "abc"),
        REFUSED_AS(BAD_REQUEST, WITH("Content-Length: 9223372036854775808\r\n") "abc"),
        REFUSED_AS(BAD_REQUEST, WITH("Content-Length: 18446744073709551617\r\n") "abc"),
        REFUSED_AS(BAD_REQUEST, WITH("Content-Length: 3\r\nTransfer-Encoding: chunked\r\n") "0\r\n\r\n"),
        REFUSED_AS(BAD_REQUEST, WITH("Transfer-Encoding: chunked\r\nContent-Length: 3\r\n") "0\r\n\r\n"),
        REFUSED_AS(BAD_REQUEST, WITH("Transfer-Encoding:\r\n") "0\r\n\r\n"),
        REFUSED_AS(BAD_REQUEST, WITH("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n") "0\r\n\r\n"),
        REFUSED_AS(BAD_REQUEST, WITH("Transfer-Encoding: chunked, chunked\r\n") "0\r\n\r\n"),
        REFUSED_AS(BAD_REQUEST, WITH("Transfer-Encoding: ,chunked\r\n") "0\r\n\r\n"),
        REFUSED_AS(BAD_REQUEST, WITH("Transfer-Encoding: chunked,\r\n") "0\r\n\r\n"),
        REFUSED_AS(BAD_REQUEST, WITH("Transfer-Encoding: \"chunked\"\r\n") "0\r\n\r\n"),
        REFUSED_AS(BAD_REQUEST, WITH("Transfer-Encoding: chunked;q=1\r\n") "0\r\n\r\n"),
        REFUSED_AS(BAD_REQUEST, WITH("Transfer-Encoding: identity\r\n") "0\r\n\r\n"),
        REFUSED_AS(BAD_REQUEST, WITH("Transfer-Encoding: \xff"
                                     "chunked\r\n") "0\r\n\r\n"),
        REFUSED_AS(BAD_REQUEST, "POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
        REFUSED_AS(CODING_UNKNOWN, WITH("Transfer-Encoding: gzip\r\n") "0\r\n\r\n"),
        REFUSED_AS(CODING_UNKNOWN, WITH("Transfer-Encoding: gzip, chunked\r\n") "0\r\n\r\n"),
        REFUSED_AS(CODING_UNKNOWN, WITH("Transfer-Encoding: xchunked\r\n") "0\r\n\r\n"),
    };
    (void)state;
    check_all(requests, COUNT_OF(requests));
}

static void expectations_and_upgrades_are_known_ones(void **state)
{
    static const struct request requests[] = {
        ACCEPTED_AS(WITH("Expect: 100-Continue\r\nContent-Length: 1\r\n") "a"),
        ACCEPTED_AS("POST / HTTP/1.0\r\nExpect: foo\r\n\r\n"),
        REFUSED_AS(EXPECTATION_FAILED, WITH("Expect: foo\r\n")),
        REFUSED_AS(EXPECTATION_FAILED, WITH("Expect: 100-continue\r\nExpect: foo\r\n")),
        REFUSED_AS(EXPECTATION_FAILED, WITH("Expect:\r\n")),
        ACCEPTED_AS(WITH("Connection: upgrade\r\nUpgrade: websocket\r\n")),
        ACCEPTED_AS(WITH("Connection: upgrade\r\nUpgrade: websocket\r\nContent-Length: 0\r\n")),
        ACCEPTED_AS(WITH("Upgrade: websocket\r\nContent-Length: 1\r\n") "a"),
        REFUSED_AS(BAD_REQUEST, WITH("Connection: upgrade\r\nUpgrade: websocket\r\nContent-Length: 1\r\n") "a"),
        REFUSED_AS(BAD_REQUEST,
                   WITH("Connection: upgrade\r\nUpgrade: h2c\r\nTransfer-Encoding: chunked\r\n") "0\r\n\r\n"),
    };
    (void)state;
    check_all(requests, COUNT_OF(requests));
}

static void each_limit_passes_its_last_byte_and_refuses_the_next(void **state)
{
    static const struct {
        struct h1_limits limits;
        struct request request;
    } cases[] = {
        {{.head_bytes_max = 35}, ACCEPTED_AS("GET /123456 HTTP/1.1\r\nHost: a\r\n\r\n")},
        {{.head_bytes_max = 32}, REFUSED_AS(HEAD_TOO_LARGE, "GET /123456 HTTP/1.1\r\nHost: a\r\n\r\n")},
        {{.head_bytes_max = 20}, REFUSED_AS(HEAD_TOO_LARGE, "GET /123456 HTTP/1.1\r\nHost: a\r\n\r\n")},
        {{.target_bytes_max = 7}, ACCEPTED_AS("GET /123456 HTTP/1.1\r\nHost: a\r\n\r\n")},
        {{.target_bytes_max = 6}, REFUSED_AS(TARGET_TOO_LONG, "GET /123456 HTTP/1.1\r\nHost: a\r\n\r\n")},
        {{.target_bytes_max = 6, .head_bytes_max = 8},
         REFUSED_AS(TARGET_TOO_LONG, "GET /123456 HTTP/1.1\r\nHost: a\r\n\r\n")},
        {{.target_bytes_max = 6}, REFUSED_AS(TARGET_TOO_LONG, "GET /123456 \r\n\r\n")},
        {{.target_bytes_max = 6}, REFUSED_AS(TARGET_TOO_LONG, "GET /123456\x01")},
        {{.target_bytes_max = 6}, REFUSED_AS(BAD_REQUEST, "GET /12345\x01")},
        {{.target_bytes_max = 6}, REFUSED_AS(BAD_REQUEST, "GET /1 HTTP/1.1 and much more text behind it")},
        {{.field_bytes_max = 7}, ACCEPTED_AS("GET / HTTP/1.1\r\nHost: a\r\n\r\n")},
        {{.field_bytes_max = 6}, REFUSED_AS(HEAD_TOO_LARGE, "GET / HTTP/1.1\r\nHost: a\r\n\r\n")},
        {{.field_bytes_max = 7}, REFUSED_AS(HEAD_TOO_LARGE, "GET / HTTP/1.1\r\nHost: abcdefgh")},
        {{.fields_max = 2}, ACCEPTED_AS("GET / HTTP/1.1\r\nHost: a\r\nX: b\r\n\r\n")},
        {{.fields_max = 1}, REFUSED_AS(HEAD_TOO_LARGE, "GET / HTTP/1.1\r\nHost: a\r\nX: b\r\n\r\n")},
        {{.body_bytes_max = 3}, ACCEPTED_AS(WITH("Content-Length: 3\r\n") "abc")},
        {{.body_bytes_max = 2}, REFUSED_AS(BODY_TOO_LARGE, WITH("Content-Length: 3\r\n") "abc")},
        {{.body_bytes_max = 3}, ACCEPTED_AS(WITH("Transfer-Encoding: chunked\r\n") "2\r\nab\r\n1\r\nc\r\n0\r\n\r\n")},
        {{.body_bytes_max = 2},
         REFUSED_AS(BODY_TOO_LARGE, WITH("Transfer-Encoding: chunked\r\n") "2\r\nab\r\n1\r\nc\r\n0\r\n\r\n")},
        {{0},
         REFUSED_AS(BAD_REQUEST,
                    "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA")},
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct h1_limits limits = cases[i].limits;
        limits.head_bytes_max = limits.head_bytes_max == 0 ? 1000 : limits.head_bytes_max;
        limits.field_bytes_max = limits.field_bytes_max == 0 ? 1000 : limits.field_bytes_max;
        limits.fields_max = limits.fields_max == 0 ? 100 : limits.fields_max;
        limits.target_bytes_max = limits.target_bytes_max == 0 ? 1000 : limits.target_bytes_max;
        check(&cases[i].request, &limits);
    }
}

static void a_head_holds_what_was_sent(void **state)
{
    struct span bytes =
        SPAN("POST /a/b?c=%20 HTTP/1.1\r\nhOST:  a:8080 \t\r\nX-Empty:\r\nX-Blank:  \r\nConnection: x-empty, close\r\n"
             "Expect: 100-continue\r\nContent-Length: 5\r\n\r\nhello");
    (void)state;
    for (unsigned seed = 0; seed < 6; seed++) {
        AUTO(reading) r = {0};
        reading_run(&r, H1_REQUESTS, &usual_limits, bytes, seed, 1);
        assert_int_equal(r.outcome, ACCEPTED);
        assert_int_equal(r.head.method, METHOD_POST);
        assert_span(r.head.method_text, "POST");
        assert_span(r.head.target, "/a/b?c=%20");
        assert_span(r.head.path, "/a/b");
        assert_span(r.head.query, "?c=%20");
        assert_span(r.head.authority, "a:8080");
        assert_int_equal(r.head.count, 6);
        assert_span(r.head.fields[0].name, "hOST");
        assert_int_equal(r.head.fields[0].id, FIELD_HOST);
        assert_span(r.head.fields[0].value, "a:8080");
        assert_span(r.head.fields[1].value, "");
        assert_true(r.head.fields[1].is_hop);
        assert_span(r.head.fields[2].value, "");
        assert_false(r.head.fields[2].is_hop);
        assert_int_equal(r.head.body, BODY_SIZED);
        assert_int_equal(r.head.body_bytes, 5);
        assert_true(r.head.has_stated_bytes && r.head.expects_continue && r.head.wants_close);
        assert_false(r.head.is_upgrade || r.head.is_http10 || r.head.has_other_expect);
        assert_span(buf_span(&r.body), "hello");
    }
}

/* Long values take a short cut around llhttp: nothing of them may be lost, whatever stands at their ends. */
static void long_values_come_out_whole(void **state)
{
    static const struct {
        const char *before, *after;
    } cases[] = {
        {"Authorization:", ""}, {"Authorization: Bearer ", ""},
        {"X:\t\t  ", ""},       {"X:                     ", ""},
        {"X: a", " \t"},        {"Cookie: a=", "; b = c;"},
        {"Connection: ", "x"},  {"X: ", "                        z"},
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases) * 400; i++) {
        AUTO(buf) bytes = {0};
        AUTO(reading) r = {0};
        const char *before = cases[i / 400].before, *after = cases[i / 400].after;
        buf_printf(&bytes, "GET / HTTP/1.1\r\nHost: a\r\n%s", before);
        size_t at = buf_len(&bytes), len = i % 400;
        for (size_t n = 0; n < len; n++)
            buf_add_char(&bytes, (char)('a' + n % 26));
        buf_add_str(&bytes, after);
        struct span value = span_from(buf_span(&bytes), at - strlen(strchr(before, ':') + 1));
        buf_add_str(&bytes, "\r\nX-Next: 1\r\n\r\n");
        value.at = buf_span(&bytes).at + (at - strlen(strchr(before, ':') + 1));
        reading_run(&r, H1_REQUESTS, &usual_limits, buf_span(&bytes), 0, 1);
        assert_int_equal(r.outcome, ACCEPTED);
        assert_int_equal(r.head.count, 3);
        assert_true(span_eq(r.head.fields[1].value, span_trim(value)));
        assert_span(r.head.fields[2].value, "1");
    }
}

static void requests_on_one_connection_are_read_one_after_the_other(void **state)
{
    struct span bytes =
        SPAN("GET /1 HTTP/1.1\r\nHost: a\r\n\r\n"
             "POST /2 HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0\r\n\r\n"
             "\r\nPOST /3 HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nConnection: close\r\n\r\nyGET /4");
    (void)state;
    for (unsigned seed = 0; seed < 6; seed++) {
        AUTO(reading) r = {0};
        reading_run(&r, H1_REQUESTS, &usual_limits, bytes, seed, 9);
        assert_int_equal(r.messages, 3);
        assert_span(r.head.target, "/3");
        assert_span(buf_span(&r.body), "y");
        assert_int_equal(bytes.len - r.used, strlen("GET /4"));
    }
}

static void a_head_without_memory_is_refused_as_such(void **state)
{
    struct span bytes = SPAN("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    struct arena none = {.bytes_max = 1};
    struct head head;
    struct err err;
    struct h1 h;
    size_t skip, len;
    (void)state;
    h1_init(&h, H1_REQUESTS, &usual_limits);
    assert_false(h1_read_request(&h, bytes, &none, &head, &err));
    assert_int_equal(err.reason, REASON_BAD_REQUEST);
    assert_int_equal(h1_find_head(&h, bytes, &skip, &len, &err), H1_WHOLE);
    assert_int_equal(h1_find_head(&h, bytes, &skip, &len, &err), H1_WHOLE);
    assert_false(h1_read_request(&h, bytes, &none, &head, &err));
    assert_int_equal(err.reason, REASON_OUT_OF_MEMORY);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lines_end_in_crlf_and_hold_no_control_characters),
        cmocka_unit_test(names_are_tokens_with_the_colon_at_their_end),
        cmocka_unit_test(a_request_line_is_method_target_and_version_with_one_blank_each),
        cmocka_unit_test(a_request_has_one_valid_host),
        cmocka_unit_test(a_body_is_framed_in_one_way),
        cmocka_unit_test(expectations_and_upgrades_are_known_ones),
        cmocka_unit_test(each_limit_passes_its_last_byte_and_refuses_the_next),
        cmocka_unit_test(a_head_holds_what_was_sent),
        cmocka_unit_test(long_values_come_out_whole),
        cmocka_unit_test(requests_on_one_connection_are_read_one_after_the_other),
        cmocka_unit_test(a_head_without_memory_is_refused_as_such),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
