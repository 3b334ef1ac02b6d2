/* SPDX-License-Identifier: Apache-2.0 */
/* Goal: chunks come out as the bytes that were put in, and nothing between them can be seen in two ways; what is
 * written here is read back the same.  Method: tables of chunked bodies in all kinds of portions; writers beside
 * readers.
 */
#include "reading.h"
#include "unit.h"

struct chunked {
    struct span bytes;
    const char *body; /* NULL: refused, or unfinished where is_open */
    bool is_open;
};

static void check(const struct chunked *chunked)
{
    AUTO(buf) bytes = {0};
    buf_add_str(&bytes, "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n");
    buf_add_span(&bytes, chunked->bytes);
    for (unsigned seed = 0; seed < 8; seed++) {
        AUTO(reading) r = {0};
        enum outcome wanted = chunked->is_open ? UNFINISHED : chunked->body == NULL ? REFUSED : ACCEPTED;
        reading_run(&r, H1_REQUESTS, &usual_limits, buf_span(&bytes), seed, 1);
        if (r.outcome != wanted)
            fail_msg("%.40s (seed %u): outcome %d, %s", chunked->bytes.at, seed, r.outcome, r.err.text);
        if (wanted == ACCEPTED)
            assert_span(buf_span(&r.body), chunked->body);
        if (wanted == REFUSED)
            assert_true(r.err.reason == REASON_BAD_REQUEST || r.err.reason == REASON_BODY_TOO_LARGE);
    }
}

#define RIGHT(text, body)            \
    {                                \
        SPAN_INIT(text), body, false \
    }
#define WRONG(text)                  \
    {                                \
        SPAN_INIT(text), NULL, false \
    }
#define OPEN(text)                  \
    {                               \
        SPAN_INIT(text), NULL, true \
    }

/* RFC 9112 7.1 */
static void chunk_sizes_are_hex_digits_between_crlf(void **state)
{
    static const struct chunked cases[] = {
        RIGHT("0\r\n\r\n", ""),
        RIGHT("5\r\nhello\r\n0\r\n\r\n", "hello"),
        RIGHT("0005\r\nhello\r\n1\r\n!\r\n000\r\n\r\n", "hello!"),
        RIGHT("A\r\n0123456789\r\na\r\n0123456789\r\n0\r\n\r\n", "01234567890123456789"),
        RIGHT("4\r\n\r\n\r\n\r\n0\r\n\r\n", "\r\n\r\n"),
        OPEN("5\r\nhello\r\n0\r\n"),
        OPEN("5\r\nhell"),
        OPEN("5"),
        WRONG("\r\nhello\r\n0\r\n\r\n"),
        WRONG("0x5\r\nhello\r\n0\r\n\r\n"),
        WRONG("+5\r\nhello\r\n0\r\n\r\n"),
        WRONG("-1\r\nhello\r\n0\r\n\r\n"),
        WRONG(" 5\r\nhello\r\n0\r\n\r\n"),
        WRONG("5 \r\nhello\r\n0\r\n\r\n"),
        WRONG("5g\r\nhello\r\n0\r\n\r\n"),
        WRONG("5\nhello\r\n0\r\n\r\n"),
        WRONG("5\r\rhello\r\n0\r\n\r\n"),
        WRONG("5\r\nhello\n0\r\n\r\n"),
        WRONG("5\r\nhelloXX0\r\n\r\n"),
        WRONG("5\r\nhello\r0\r\n\r\n"),
        WRONG("5\r\nhello\r\n0\n\r\n"),
        WRONG("5\r\nhello\r\n0\r\n\n"),
        OPEN("5\r\nhello\r\n0\r\nXX"),
        WRONG("5\r\nhello\r\n0\r\nXX\r\n"),
        WRONG("10000000000000005\r\nhello\r\n0\r\n\r\n"),
        WRONG("8000000000000000\r\nhello\r\n0\r\n\r\n"),
        WRONG("ffffffffffffffff\r\nhello\r\n0\r\n\r\n"),
        OPEN("7fffffffffffffff\r\nhello\r\n0\r\n\r\n"),
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++)
        check(&cases[i]);
}

/* RFC 9112 7.1.1 */
static void extensions_are_held_to_their_alphabet_and_dropped(void **state)
{
    static const struct chunked cases[] = {
        RIGHT("5;a\r\nhello\r\n0\r\n\r\n", "hello"),
        RIGHT("5;a=b;c\r\nhello\r\n0;last\r\n\r\n", "hello"),
        RIGHT("5; a = \"b;\\\" (c)\" ;d\r\nhello\r\n0\r\n\r\n", "hello"),
        RIGHT("5;\ta\r\nhello\r\n0\r\n\r\n", "hello"),
        WRONG("5 abc\r\nhello\r\n0\r\n\r\n"),
        WRONG("5;@@@\r\nhello\r\n0\r\n\r\n"),
        WRONG("5;a\nb\r\nhello\r\n0\r\n\r\n"),
        WRONG("5;a\rb\r\nhello\r\n0\r\n\r\n"),
        WRONG("5;a\0\r\nhello\r\n0\r\n\r\n"),
        WRONG("5;\nxx\r\n27\r\n0\r\n\r\n"),
        WRONG("5;a=\"b\r\nhello\r\n0\r\n\r\n"),
        WRONG("5;a=\"b\nc\"\r\nhello\r\n0\r\n\r\n"),
        WRONG("5;a=\"b\\\r\"\r\nhello\r\n0\r\n\r\n"),
        WRONG("5;\xc3\xa5\r\nhello\r\n0\r\n\r\n"),
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++)
        check(&cases[i]);
}

/* RFC 9110 6.5, RFC 9112 7.1.2 */
static void trailers_are_held_to_the_form_of_fields_and_dropped(void **state)
{
    static const struct chunked cases[] = {
        RIGHT("0\r\nX-Sum: 1\r\nY:\r\n\r\n", ""),
        RIGHT("0\r\nContent-Length: 50\r\nAuthorization: Bearer x\r\n\r\n", ""),
        RIGHT("0\r\nX: a\t\xc3\xa5\r\n\r\n", ""),
        WRONG("0\r\nX: 1\n\r\n"),
        WRONG("0\r\nX: 1\r\n\n"),
        WRONG("0\r\nX: 1\rY: 2\r\n\r\n"),
        WRONG("0\r\nX: 1\r\n 2\r\n\r\n"),
        WRONG("0\r\n X: 1\r\n\r\n"),
        WRONG("0\r\nX : 1\r\n\r\n"),
        WRONG("0\r\n: 1\r\n\r\n"),
        WRONG("0\r\nX\r\n\r\n"),
        WRONG("0\r\nX: a\0\r\n\r\n"),
        WRONG("0\r\nX: a\x7f\r\n\r\n"),
        WRONG("0\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n"),
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++)
        check(&cases[i]);
}

static void add_run(struct buf *bytes, const char *before, size_t count, char c, const char *after)
{
    buf_add_str(bytes, before);
    for (size_t i = 0; i < count; i++)
        buf_add_char(bytes, c);
    buf_add_str(bytes, after);
}

static void lines_between_chunks_are_bounded(void **state)
{
    static const struct {
        const char *before, *after;
        char filler;
        size_t most; /* that still pass */
    } cases[] = {
        {"", "5\r\nhello\r\n0\r\n\r\n", '0', 1022},
        {"5;", "\r\nhello\r\n0\r\n\r\n", 'a', 1021},
        {"5\r\nhello\r\n0;", "\r\n\r\n", 'a', 1021},
        {"5\r\nhello\r\n0\r\nX:", "\r\n\r\n", 'a', 1021},
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++)
        for (size_t excess = 0; excess < 2; excess++) {
            AUTO(buf) bytes = {0};
            add_run(&bytes, cases[i].before, cases[i].most + excess, cases[i].filler, cases[i].after);
            const char *body = strstr(cases[i].before, "hello") || strstr(cases[i].after, "hello") ? "hello" : "";
            check(&(struct chunked){buf_span(&bytes), excess ? NULL : body, false});
        }
}

static void trailers_in_all_are_bounded_by_the_size_of_heads(void **state)
{
    AUTO(buf) bytes = {0};
    (void)state;
    buf_add_str(&bytes, "0\r\n");
    for (size_t i = 0; i < 66; i++)
        add_run(&bytes, "X: ", 995, 'a', "\r\n");
    check(&(struct chunked){buf_span(&bytes), NULL, false});
    buf_clear(&bytes);
    buf_add_str(&bytes, "0\r\n");
    for (size_t i = 0; i < 65; i++)
        add_run(&bytes, "X: ", 995, 'a', "\r\n");
    buf_add_str(&bytes, "\r\n");
    check(&(struct chunked){buf_span(&bytes), "", false});
}

static void pieces_point_into_the_bytes_given(void **state)
{
    struct span head = SPAN("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\n"), piece, in = SPAN("helloGET");
    struct h1 h;
    AUTO(reading) r = {0};
    size_t seen = head.len;
    (void)state;
    h1_init(&h, H1_REQUESTS, &usual_limits);
    assert_int_equal(reading_head(&r, &h, head, &seen, &(struct portions){0}, false), H1_WHOLE);
    const char *at = in.at;
    assert_int_equal(h1_read_body(&h, &in, &piece, &r.err), H1_PIECE);
    assert_ptr_equal(piece.at, at);
    assert_span(piece, "hello");
    assert_int_equal(h1_read_body(&h, &in, &piece, &r.err), H1_END);
    assert_span(in, "GET");
    assert_int_equal(h1_read_body(&h, &in, &piece, &r.err), H1_END);
}

static void what_is_written_is_read_back(void **state)
{
    AUTO(buf) out = {0};
    AUTO(reading) r = {0};
    char line[H1_CHUNK_LINE_BYTES];
    (void)state;
    assert_true(h1_write_request_line(&out, SPAN("PATCH"), SPAN("/api"), SPAN("/x?y")));
    assert_true(h1_write_field(&out, SPAN("Host"), SPAN("a:1")));
    assert_true(h1_write_field(&out, SPAN("X"), SPAN("")));
    assert_true(h1_write_field(&out, SPAN("Transfer-Encoding"), SPAN("chunked")));
    assert_true(h1_write_end(&out));
    assert_span(buf_span(&out), "PATCH /api/x?y HTTP/1.1\r\nHost: a:1\r\nX: \r\nTransfer-Encoding: chunked\r\n\r\n");
    buf_add(&out, line, h1_chunk_line(line, 3, true));
    buf_add_str(&out, "abc");
    buf_add(&out, line, h1_chunk_line(line, 17, false));
    buf_add_str(&out, "0123456789abcdefg");
    buf_add_span(&out, h1_chunk_end(false));
    reading_run(&r, H1_REQUESTS, &usual_limits, buf_span(&out), 0, 1);
    assert_int_equal(r.outcome, ACCEPTED);
    assert_int_equal(r.used, buf_len(&out));
    assert_span(buf_span(&r.body), "abc0123456789abcdefg");
}

static void chunk_lines_and_status_lines_are_written_exactly(void **state)
{
    static const struct {
        uint64_t bytes;
        bool is_first;
        const char *line;
    } cases[] = {
        {1, true, "1\r\n"},        {15, true, "f\r\n"},        {16, true, "10\r\n"},
        {16, false, "\r\n10\r\n"}, {65536, true, "10000\r\n"}, {UINT64_MAX, false, "\r\nffffffffffffffff\r\n"},
    };
    char line[H1_CHUNK_LINE_BYTES];
    AUTO(buf) out = {0};
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++)
        assert_span(span_of(line, h1_chunk_line(line, cases[i].bytes, cases[i].is_first)), cases[i].line);
    assert_span(h1_chunk_end(true), "0\r\n\r\n");
    assert_span(h1_chunk_end(false), "\r\n0\r\n\r\n");
    assert_true(h1_write_status_line(&out, 200, (struct span){NULL, 0}));
    assert_true(h1_write_status_line(&out, 499, (struct span){NULL, 0}));
    assert_span(buf_span(&out), "HTTP/1.1 200 OK\r\nHTTP/1.1 499 Unknown\r\n");
}

static void writers_tell_that_a_buffer_is_full(void **state)
{
    AUTO(buf) out = {.bytes_max = 10};
    (void)state;
    assert_false(h1_write_request_line(&out, SPAN("GET"), SPAN(""), SPAN("/")));
    assert_int_equal(buf_len(&out), 0);
    buf_clear(&out);
    assert_false(h1_write_status_line(&out, 200, (struct span){NULL, 0}));
    buf_clear(&out);
    assert_false(h1_write_field(&out, SPAN("Host"), SPAN("abcdef")));
    buf_clear(&out);
    assert_true(h1_write_field(&out, SPAN("Host"), SPAN("ab")));
    assert_false(h1_write_end(&out));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(chunk_sizes_are_hex_digits_between_crlf),
        cmocka_unit_test(extensions_are_held_to_their_alphabet_and_dropped),
        cmocka_unit_test(trailers_are_held_to_the_form_of_fields_and_dropped),
        cmocka_unit_test(lines_between_chunks_are_bounded),
        cmocka_unit_test(trailers_in_all_are_bounded_by_the_size_of_heads),
        cmocka_unit_test(pieces_point_into_the_bytes_given),
        cmocka_unit_test(what_is_written_is_read_back),
        cmocka_unit_test(chunk_lines_and_status_lines_are_written_exactly),
        cmocka_unit_test(writers_tell_that_a_buffer_is_full),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
