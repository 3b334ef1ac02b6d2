/* SPDX-License-Identifier: Apache-2.0 */
/* Attack: frames that are cheap to send and cost us work.  What a client may do too often is counted; time and useful work give it
 * back; past it the connection ends by GOAWAY, and nothing more is read.
 */
#include "h2_client.h"
#include "unit.h"

enum { PAIRS_MAX = 5 };
static const struct pair get[PAIRS_MAX] = {
    {":method", "GET"}, {":scheme", "http"}, {":path", "/"}, {":authority", "a"}};

static void put_many(struct client *c, size_t count, unsigned type, uint32_t id, struct span payload)
{
    for (size_t i = 0; i < count; i++)
        put_frame(&c->in, type, 0, id, payload);
}

static void frames_that_carry_nothing_are_allowed_for_a_while(void **state)
{
    const struct {
        unsigned type;
        uint32_t id;
        struct span payload;
        size_t allowed;
    } cases[] = {{PING, 0, SPAN_INIT("12345678"), 900},
                 {SETTINGS, 0, SPAN_INIT(""), 190},
                 {PRIORITY, 5, SPAN_INIT("\0\0\0\0a"), 900},
                 {WINDOW_UPDATE, 0, SPAN_INIT("\0\0\0\x01"), 900},
                 {DATA, 1, SPAN_INIT(""), 900},
                 {0x42, 0, SPAN_INIT("x"), 900}};
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        AUTO(client) c;
        client_init(&c, &h2_limits);
        client_ask(&c, 1, get, PAIRS_MAX, 0);
        put_many(&c, cases[i].allowed, cases[i].type, cases[i].id, cases[i].payload);
        client_read(&c, 4096);
        assert_int_equal(c.last, H2_MORE);
        c.now_ms += 11000; /* time gives all of it back */
        put_many(&c, cases[i].allowed, cases[i].type, cases[i].id, cases[i].payload);
        client_read(&c, 4096);
        assert_int_equal(c.last, H2_MORE);
        put_many(&c, cases[i].allowed, cases[i].type, cases[i].id, cases[i].payload);
        client_read(&c, 4096);
        assert_int_equal(c.last, H2_OVER);
        assert_int_equal(h2_error(c.h), H2_ENHANCE_YOUR_CALM);
    }
}

static void useful_work_gives_back_what_it_costs(void **state)
{
    AUTO(client) c;
    (void)state;
    client_init(&c, &h2_limits);
    for (uint32_t i = 0; i < 1000; i++) {
        const struct h2_answer answer = {.status = 204};
        client_ask(&c, 2 * i + 1, get, PAIRS_MAX, END_STREAM);
        put_many(&c, 5, PING, 0, SPAN("12345678"));
        client_read(&c, SIZE_MAX);
        assert_true(h2_answer(c.h, (int32_t)(2 * i + 1), &answer));
        client_flush(&c, NULL);
    }
    assert_int_equal(c.last, H2_MORE);
    assert_int_equal(c.heads, 1000);
}

/* Reads `count` requests, each followed by `frame`; returns how the last read ended. */
static enum h2_step resets(size_t count, unsigned type, struct span payload, unsigned flags)
{
    AUTO(client) c;
    client_init(&c, &h2_limits);
    for (uint32_t i = 0; i < count; i++) {
        client_ask(&c, 2 * i + 1, get, PAIRS_MAX, flags);
        put_frame(&c.in, type, 0, 2 * i + 1, payload);
        client_read(&c, SIZE_MAX);
        if (c.last == H2_OVER || h2_error(c.h) != H2_NO_ERROR)
            return h2_error(c.h) == H2_ENHANCE_YOUR_CALM ? H2_OVER : H2_BAD;
    }
    return c.last;
}

static void streams_that_end_before_their_answer_are_counted(void **state)
{
    struct span cancel = SPAN("\0\0\0\x08"), overflow = SPAN("\x7f\xff\xff\xff");
    (void)state;
    assert_int_equal(resets(100, RST_STREAM, cancel, END_STREAM), H2_MORE);
    assert_int_equal(resets(200, RST_STREAM, cancel, END_STREAM), H2_OVER);
    assert_int_equal(resets(100, WINDOW_UPDATE, overflow, 0), H2_MORE);
    assert_int_equal(resets(200, WINDOW_UPDATE, overflow, 0), H2_OVER);
}

static void a_header_block_has_a_size_and_a_number_of_frames(void **state)
{
    static char zeros[16384];
    const struct {
        size_t frames;
        struct span payload;
        enum h2_step last;
    } cases[] = {{8, {zeros, 0}, H2_MORE}, {9, {zeros, 0}, H2_OVER}, {2, {zeros, sizeof zeros}, H2_OVER}};
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        AUTO(client) c;
        client_init(&c, &h2_limits);
        put_frame(&c.in, HEADERS, END_STREAM, 1, SPAN("\x82\x86\x84"));
        assert_false(h2_is_done(c.h));
        put_many(&c, cases[i].frames, CONTINUATION, 1, cases[i].payload);
        client_read(&c, 4096);
        assert_int_equal(c.last, cases[i].last);
        assert_true(c.last == H2_OVER || h2_awaits_head(c.h));
    }
}

static void after_the_end_nothing_is_read_and_one_goaway_is_written(void **state)
{
    AUTO(client) c;
    AUTO(buf) out = {0};
    (void)state;
    client_init(&c, &h2_limits);
    client_ask(&c, 7, get, PAIRS_MAX, END_STREAM);
    client_read(&c, SIZE_MAX);
    h2_goaway(c.h, H2_ENHANCE_YOUR_CALM);
    client_flush(&c, &out);
    assert_int_equal(buf_len(&out), 17);
    assert_memory_equal(out.at, "\0\0\x08\x07\0\0\0\0\0\0\0\0\x07\0\0\0\x0b", 17);
    client_ask(&c, 9, get, PAIRS_MAX, END_STREAM);
    client_read(&c, SIZE_MAX);
    assert_int_equal(c.last, H2_OVER);
    assert_int_equal(c.heads, 1);
    buf_clear(&out);
    client_flush(&c, &out);
    assert_int_equal(buf_len(&out), 0);
}

static void an_orderly_end_has_two_steps(void **state)
{
    AUTO(client) c;
    AUTO(buf) out = {0};
    (void)state;
    client_init(&c, &h2_limits);
    client_ask(&c, 1, get, PAIRS_MAX, 0);
    client_read(&c, SIZE_MAX);
    h2_notice(c.h);
    client_flush(&c, &out);
    assert_true(span_holds(buf_span(&out), SPAN("\x07\0\0\0\0\0\x7f\xff\xff\xff\0\0\0\0")));
    assert_false(h2_is_noticed(c.h));
    put_frame(&c.in, PING, ACK, 0, SPAN("noticed?"));
    client_read(&c, SIZE_MAX);
    assert_true(h2_is_noticed(c.h));
    buf_clear(&out);
    h2_goaway(c.h, H2_NO_ERROR);
    client_flush(&c, &out);
    assert_true(span_holds(buf_span(&out), SPAN("\x07\0\0\0\0\0\0\0\0\x01\0\0\0\0")));
    client_ask(&c, 3, get, PAIRS_MAX, END_STREAM);
    client_read(&c, SIZE_MAX);
    assert_int_equal(c.heads, 1);
}

static void windows_are_given_back_when_bytes_are_taken(void **state)
{
    static char half[16384];
    AUTO(client) c;
    AUTO(buf) out = {0};
    (void)state;
    client_init(&c, &h2_limits);
    client_ask(&c, 1, get, PAIRS_MAX, 0);
    for (int i = 0; i < 3; i++)
        put_frame(&c.in, DATA, 0, 1, span_of(half, sizeof half));
    client_flush(&c, NULL);
    client_read_some(&c, buf_span(&c.in)); /* gives back what it takes */
    buf_clear(&c.in);
    client_flush(&c, &out);
    assert_true(span_holds(buf_span(&out), SPAN("\0\0\x04\x08\0\0\0\0\x01")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(frames_that_carry_nothing_are_allowed_for_a_while),
        cmocka_unit_test(useful_work_gives_back_what_it_costs),
        cmocka_unit_test(streams_that_end_before_their_answer_are_counted),
        cmocka_unit_test(a_header_block_has_a_size_and_a_number_of_frames),
        cmocka_unit_test(after_the_end_nothing_is_read_and_one_goaway_is_written),
        cmocka_unit_test(an_orderly_end_has_two_steps),
        cmocka_unit_test(windows_are_given_back_when_bytes_are_taken),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
