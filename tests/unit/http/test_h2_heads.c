/* SPDX-License-Identifier: Apache-2.0 */
/* Heads of HTTP/2: they mean what heads of HTTP/1 mean; what is malformed resets its stream, what is wrong is refused with the reasons
 * that HTTP/1 has (RFC 9113 8).
 */
#include "alloc_fail.h"
#include "h2_client.h"
#include "unit.h"

#include <nghttp2/nghttp2.h>

enum { PAIRS_MAX = 12 };
#define USUAL                                                    \
    {":method", "GET"}, {":scheme", "https"}, {":path", "/a?b"}, \
    {                                                            \
        ":authority", "api.test"                                 \
    }

static void ask(struct client *c, const struct pair *pairs, unsigned flags)
{
    client_init(c, &h2_limits);
    client_ask(c, 1, pairs, PAIRS_MAX, flags);
    client_read(c, SIZE_MAX);
}

static void a_head_means_what_it_means_in_http1(void **state)
{
    const struct pair pairs[PAIRS_MAX] = {USUAL, {"x-a", "1"}, {"te", "trailers"}};
    AUTO(client) c;
    (void)state;
    ask(&c, pairs, END_STREAM);
    assert_int_equal(c.heads, 1);
    assert_true(c.is_right);
    assert_true(c.head.is_http2);
    assert_int_equal(c.head.method, METHOD_GET);
    assert_true(span_eq(c.head.target, SPAN("/a?b")));
    assert_true(span_eq(c.head.path, SPAN("/a")));
    assert_true(span_eq(c.head.query, SPAN("?b")));
    assert_true(span_eq(c.head.authority, SPAN("api.test")));
    assert_int_equal(c.head.body, BODY_NONE);
    assert_false(c.head.wants_close);
    assert_int_equal(c.head.count, 3);
    assert_true(span_eq(head_field(&c.head, FIELD_HOST)->value, SPAN("api.test")));
    assert_true(head_field(&c.head, FIELD_TE)->is_hop);
}

static void the_body_is_what_length_and_end_say(void **state)
{
    const struct pair plain[PAIRS_MAX] = {USUAL};
    const struct pair sized[PAIRS_MAX] = {USUAL, {"content-length", "3"}};
    const struct pair empty[PAIRS_MAX] = {USUAL, {"content-length", "0"}};
    const struct {
        const struct pair *pairs;
        unsigned flags;
        enum body_kind body;
        uint64_t bytes;
    } cases[] = {{plain, END_STREAM, BODY_NONE, 0},
                 {plain, 0, BODY_STREAM, 0},
                 {sized, 0, BODY_SIZED, 3},
                 {empty, END_STREAM, BODY_SIZED, 0},
                 {empty, 0, BODY_SIZED, 0}};
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        AUTO(client) c;
        ask(&c, cases[i].pairs, cases[i].flags);
        assert_true(c.is_right);
        assert_int_equal(c.head.body, cases[i].body);
        assert_int_equal(c.head.body_bytes, cases[i].bytes);
    }
}

static void malformed_heads_reset_their_stream(void **state)
{
    static const struct pair cases[][PAIRS_MAX] = {
        {USUAL, {"x-a", "a\rb"}},
        {USUAL, {"x-a", "a\nb"}},
        {USUAL, {"x-a", " a"}},
        {USUAL, {"x-a", "a\t"}},
        {USUAL, {"X-a", "a"}},
        {USUAL, {"x a", "a"}},
        {USUAL, {"x:a", "a"}},
        {USUAL, {"", "a"}},
        {USUAL, {"connection", "close"}},
        {USUAL, {"transfer-encoding", "chunked"}},
        {USUAL, {"upgrade", "h2c"}},
        {USUAL, {"keep-alive", "5"}},
        {USUAL, {"proxy-connection", "close"}},
        {USUAL, {"te", "gzip"}},
        {USUAL, {":path", "/b"}},
        {USUAL, {":foo", "/b"}},
        {USUAL, {"x-a", "1"}, {":foo", "/b"}},
        {USUAL, {"content-length", "1"}},
        {USUAL, {"content-length", "x"}},
        {{":method", "GET"}, {":scheme", "http"}, {":authority", "a"}},
        {{":method", "GET"}, {":path", "/"}, {":authority", "a"}},
        {{":scheme", "http"}, {":path", "/"}, {":authority", "a"}},
        {{":method", "GET"}, {":scheme", "http"}, {":path", "/"}},
        {{":method", "GET"}, {":scheme", "http"}, {":path", "*"}, {":authority", "a"}},
        {{":method", "GET"}, {":scheme", "http"}, {":path", "/ b"}, {":authority", "a"}},
        {{":method", "GE T"}, {":scheme", "http"}, {":path", "/"}, {":authority", "a"}},
        {{":method", "GET"}, {":scheme", "ht tp"}, {":path", "/"}, {":authority", "a"}},
        {{":method", "GET"}, {":scheme", "http"}, {":path", "/"}, {":authority", "a b"}},
    };
    const struct pair right[PAIRS_MAX] = {USUAL};
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        AUTO(client) c;
        ask(&c, cases[i], END_STREAM);
        if (c.heads != 0 || c.last != H2_MORE)
            fail_msg("case %zu came through", i);
        client_ask(&c, 3, right, PAIRS_MAX, END_STREAM);
        client_read(&c, SIZE_MAX);
        assert_int_equal(c.heads, 1);
    }
}

static void wrong_heads_are_refused_as_in_http1(void **state)
{
    static char long_path[600], long_value[1100], some[900];
    memset(long_path, '/', sizeof long_path - 1);
    memset(long_value, 'a', sizeof long_value - 1);
    memset(some, 'a', sizeof some - 1);
    const struct {
        enum reason reason;
        struct pair pairs[PAIRS_MAX];
    } cases[] = {
        {REASON_NONE, {USUAL}},
        {REASON_NONE, {{":method", "OPTIONS"}, {":scheme", "http"}, {":path", "*"}, {":authority", "a"}}},
        {REASON_NONE, {{":method", "GET"}, {":scheme", "http"}, {":path", "/"}, {"host", "a"}}},
        {REASON_NONE, {USUAL, {"host", "API.test"}}},
        {REASON_NONE, {USUAL, {"expect", "100-continue"}}},
        {REASON_BAD_REQUEST, {USUAL, {"host", "other.test"}}},
        {REASON_BAD_REQUEST, {{":method", "GET"}, {":scheme", "ftp"}, {":path", "/"}, {":authority", "a"}}},
        {REASON_BAD_REQUEST, {{":method", "GET"}, {":scheme", "http"}, {":path", "/#a"}, {":authority", "a"}}},
        {REASON_BAD_REQUEST, {{":method", "GET"}, {":scheme", "http"}, {":path", "/%zz"}, {":authority", "a"}}},
        {REASON_METHOD_UNKNOWN, {{":method", "get"}, {":scheme", "http"}, {":path", "/"}, {":authority", "a"}}},
        {REASON_METHOD_NOT_ALLOWED, {{":method", "TRACE"}, {":scheme", "http"}, {":path", "/"}, {":authority", "a"}}},
        {REASON_METHOD_NOT_ALLOWED, {{":method", "CONNECT"}, {":authority", "a:443"}}},
        {REASON_EXPECTATION_FAILED, {USUAL, {"expect", "tea"}}},
        {REASON_TARGET_TOO_LONG, {{":method", "GET"}, {":scheme", "http"}, {":path", long_path}, {":authority", "a"}}},
        {REASON_HEAD_TOO_LARGE, {USUAL, {"x-a", long_value}}},
        {REASON_NONE, {USUAL, {"x-a", some}, {"x-b", some}, {"x-c", some}, {"x-d", some}}},
        {REASON_HEAD_TOO_LARGE, {USUAL, {"x-a", some}, {"x-b", some}, {"x-c", some}, {"x-d", some}, {"x-e", some}}},
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        AUTO(client) c;
        ask(&c, cases[i].pairs, END_STREAM);
        assert_int_equal(c.heads, 1);
        if (c.reason != cases[i].reason)
            fail_msg("case %zu: %s (%s)", i, reason_info(c.reason)->name, c.err.text);
    }
}

static void a_body_above_the_limit_is_refused_by_its_length(void **state)
{
    struct h1_limits limits = h2_limits;
    const struct pair pairs[PAIRS_MAX] = {USUAL, {"content-length", "11"}};
    const struct pair below[PAIRS_MAX] = {USUAL, {"content-length", "10"}};
    (void)state;
    limits.body_bytes_max = 10;
    AUTO(client) c;
    client_init(&c, &limits);
    client_ask(&c, 1, pairs, PAIRS_MAX, 0);
    client_read(&c, SIZE_MAX);
    assert_int_equal(c.reason, REASON_BODY_TOO_LARGE);
    client_ask(&c, 3, below, PAIRS_MAX, 0);
    client_read(&c, SIZE_MAX);
    assert_int_equal(c.reason, REASON_NONE);
}

static void several_cookies_are_one_field(void **state)
{
    const struct pair pairs[PAIRS_MAX] = {USUAL, {"cookie", "a=1"}, {"x-a", "1"}, {"cookie", "b=2"}, {"cookie", "c=3"}};
    AUTO(client) c;
    (void)state;
    ask(&c, pairs, END_STREAM);
    assert_int_equal(c.head.count, 3);
    const struct field *cookie = head_find(&c.head, SPAN("cookie"), NULL);
    assert_true(span_eq(cookie->value, SPAN("a=1; b=2; c=3")));
    assert_null(head_find(&c.head, SPAN("cookie"), cookie));
}

static void bytes_may_be_cut_anywhere(void **state)
{
    const struct pair pairs[PAIRS_MAX] = {USUAL};
    (void)state;
    for (size_t most = 1; most < 40; most++) {
        AUTO(client) c;
        client_init(&c, &h2_limits);
        client_ask(&c, 1, pairs, PAIRS_MAX, 0);
        put_frame(&c.in, DATA, 0, 1, SPAN("hello "));
        put_frame(&c.in, DATA, END_STREAM, 1, SPAN("world"));
        client_ask(&c, 3, pairs, PAIRS_MAX, END_STREAM);
        client_read(&c, most);
        assert_int_equal(c.heads, 2);
        assert_int_equal(c.ends, 2);
        assert_true(span_eq(buf_span(&c.body), SPAN("hello world")));
    }
}

/* What an answer's head says, taken apart by nghttp2's own reader. */
static void read_answer(struct buf *bytes, struct buf *text)
{
    nghttp2_hd_inflater *inflater;
    struct span rest = buf_span(bytes);
    assert_int_equal(nghttp2_hd_inflate_new(&inflater), 0);
    while (rest.len >= 9) {
        const unsigned char *at = (const unsigned char *)rest.at;
        size_t len = (size_t)at[0] << 16 | (size_t)at[1] << 8 | at[2];
        struct span payload = span_cut(span_from(rest, 9), len);
        while (at[3] == HEADERS && payload.len > 0) {
            nghttp2_nv nv;
            int flags = 0;
            ssize_t used = nghttp2_hd_inflate_hd2(inflater, &nv, &flags, (const uint8_t *)payload.at, payload.len, 1);
            assert_true(used >= 0);
            payload = span_from(payload, (size_t)used);
            if ((flags & NGHTTP2_HD_INFLATE_EMIT) != 0)
                buf_printf(text, "%.*s=%.*s\n", (int)nv.namelen, (const char *)nv.name, (int)nv.valuelen,
                           (const char *)nv.value);
        }
        nghttp2_hd_inflate_end_headers(inflater);
        rest = span_from(rest, 9 + len);
    }
    nghttp2_hd_inflate_del(inflater);
}

static void answers_have_small_names_and_no_fields_of_a_connection(void **state)
{
    const struct pair pairs[PAIRS_MAX] = {USUAL};
    const struct field fields[] = {{SPAN_INIT("X-Upper"), SPAN_INIT("Yes"), FIELD_OTHER, false},
                                   {SPAN_INIT("Connection"), SPAN_INIT("close"), FIELD_CONNECTION, true},
                                   {SPAN_INIT("Content-Length"), SPAN_INIT("99"), FIELD_CONTENT_LENGTH, false}};
    const uint64_t length = 5;
    const struct h2_answer answer = {.status = 203,
                                     .fields = fields,
                                     .count = COUNT_OF(fields),
                                     .date = SPAN_INIT("now"),
                                     .length = &length,
                                     .has_body = true};
    AUTO(client) c;
    AUTO(buf) bytes = {0};
    AUTO(buf) text = {0};
    (void)state;
    ask(&c, pairs, END_STREAM);
    c.notes[1].answer = SPAN("hello");
    assert_true(h2_answer(c.h, 1, &answer));
    client_flush(&c, &bytes);
    read_answer(&bytes, &text);
    buf_add_char(&text, '\0');
    assert_string_equal(text.at, ":status=203\nx-upper=Yes\ndate=now\ncontent-length=5\n");
    assert_true(span_holds(buf_span(&bytes), SPAN("hello")));
    assert_true(c.notes[1].is_ended);
    assert_true(c.notes[1].is_closed);
    assert_int_equal(c.notes[1].closed_code, H2_NO_ERROR);
}

static void trailers_are_dropped_and_limited(void **state)
{
    static char some[900];
    memset(some, 'a', sizeof some - 1);
    const struct pair pairs[PAIRS_MAX] = {USUAL};
    const struct pair few[PAIRS_MAX] = {{"x-sum", "1"}};
    const struct pair many[PAIRS_MAX] = {{"a", some}, {"b", some}, {"c", some}, {"d", some}, {"e", some}};
    AUTO(client) c;
    (void)state;
    client_init(&c, &h2_limits);
    client_ask(&c, 1, pairs, PAIRS_MAX, 0);
    client_ask(&c, 1, few, PAIRS_MAX, END_STREAM);
    client_ask(&c, 3, pairs, PAIRS_MAX, 0);
    client_read(&c, SIZE_MAX);
    assert_int_equal(c.heads, 2);
    assert_int_equal(c.ends, 1);
    client_ask(&c, 3, many, PAIRS_MAX, END_STREAM);
    client_read(&c, SIZE_MAX);
    assert_int_equal(c.last, H2_BAD);
    assert_int_equal(c.err.reason, REASON_HEAD_TOO_LARGE);
}

/* A request with cookies to be joined and an answer; no memory for any of it is a refusal with that reason, or no session at all. */
static bool run_once(void *arg)
{
    static const struct pair pairs[PAIRS_MAX] = {USUAL, {"cookie", "a=1"}, {"cookie", "b=2"}};
    static const struct field fields[] = {{SPAN_INIT("x-a"), SPAN_INIT("1"), FIELD_OTHER, false}};
    const struct h2_answer answer = {.status = 200, .fields = fields, .count = COUNT_OF(fields)};
    const struct h2_settings settings = {&h2_limits, 10, 65535, 131070};
    AUTO(buf) in = {0};
    AUTO(client) c = {.now_ms = 1};
    (void)arg;
    c.h = h2_new(&settings, &client_hooks);
    if (c.h == NULL)
        return false;
    client_ask(&c, 1, pairs, PAIRS_MAX, END_STREAM);
    buf_add(&in, h2_preface, H2_PREFACE_BYTES);
    put_frame(&in, SETTINGS, 0, 0, SPAN(""));
    buf_add_span(&in, buf_span(&c.in));
    if (c.in.is_broken || in.is_broken)
        return false; /* the test's own */
    client_read_some(&c, buf_span(&in));
    if (c.heads == 0)
        return false;
    assert_true(c.is_right || c.reason == REASON_OUT_OF_MEMORY);
    bool is_answered = c.is_right && h2_answer(c.h, 1, &answer);
    client_flush(&c, NULL);
    return is_answered;
}

static void out_of_memory_refuses_one_request(void **state)
{
    (void)state;
    assert_true(alloc_fail_each(run_once, NULL, true) >= 5);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_head_means_what_it_means_in_http1),
        cmocka_unit_test(the_body_is_what_length_and_end_say),
        cmocka_unit_test(malformed_heads_reset_their_stream),
        cmocka_unit_test(wrong_heads_are_refused_as_in_http1),
        cmocka_unit_test(a_body_above_the_limit_is_refused_by_its_length),
        cmocka_unit_test(several_cookies_are_one_field),
        cmocka_unit_test(bytes_may_be_cut_anywhere),
        cmocka_unit_test(answers_have_small_names_and_no_fields_of_a_connection),
        cmocka_unit_test(trailers_are_dropped_and_limited),
        cmocka_unit_test(out_of_memory_refuses_one_request),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
