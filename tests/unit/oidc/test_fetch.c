/* SPDX-License-Identifier: Apache-2.0 */
/* Fetching one document from a server that behaves in every way a provider was seen to: the answer is whole and right, or the
 * fetch failed and says why in our words; and it can be let go of at any moment.
 */
#include "oidc/fetch.h"

#include "base/buf.h"
#include "base/now.h"
#include "tiny_server.h"

#include <event2/event.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <cmocka.h>

enum { BYTES_MAX = 4096 };

struct world {
    struct event_base *base;
    struct tiny_server *server;
    struct fetcher *fetcher;
};

/* What a completion left behind. */
struct seen {
    unsigned count;
    bool is_ok, is_unchanged;
    char body[BYTES_MAX + 1], etag[300];
    int64_t max_age_s, date_s, begun_us, head_us;
    struct err err;
};

static void note(void *context, const struct fetch_answer *answer)
{
    struct seen *seen = context;
    seen->count++;
    seen->is_ok = answer->is_ok;
    seen->is_unchanged = answer->is_unchanged;
    snprintf(seen->body, sizeof seen->body, "%.*s", SPAN_ARG(answer->body));
    snprintf(seen->etag, sizeof seen->etag, "%.*s", SPAN_ARG(answer->etag));
    seen->max_age_s = answer->max_age_s;
    seen->date_s = answer->date_s;
    seen->begun_us = answer->begun_us;
    seen->head_us = answer->head_us;
    seen->err = answer->err;
}

static bool is_seen(void *context)
{
    return ((struct seen *)context)->count > 0;
}

static int set_up(void **state)
{
    struct world *world = calloc(1, sizeof *world);
    if (world == NULL || !fetch_global_init(NULL))
        return -1;
    world->base = event_base_new();
    world->server = tiny_server_new(world->base);
    world->fetcher = fetcher_new(world->base, NULL);
    *state = world;
    return world->fetcher == NULL ? -1 : 0;
}

static int tear_down(void **state)
{
    struct world *world = *state;
    fetcher_free(world->fetcher);
    tiny_server_free(world->server);
    event_base_free(world->base);
    fetch_global_fini();
    free(world);
    return 0;
}

static struct fetch_options options_for(struct world *world, const char *path)
{
    return (struct fetch_options){.url = tiny_url(world->server, path), .bytes_max = BYTES_MAX, .timeout_ms = 5000};
}

static struct fetch *start(struct world *world, const struct fetch_options *options, struct seen *seen)
{
    struct err err = {0};
    struct fetch *fetch = fetch_start(world->fetcher, options, note, seen, &err);
    if (fetch == NULL)
        fail_msg("not started: %s", err.text);
    return fetch;
}

static void run(struct world *world, const struct fetch_options *options, struct seen *seen)
{
    *seen = (struct seen){0};
    start(world, options, seen);
    assert_int_equal(seen->count, 0); /* nothing comes from inside fetch_start */
    tiny_run(world->base, is_seen, seen);
    assert_int_equal(seen->count, 1);
}

static void a_document_comes_with_its_fields(void **state)
{
    struct world *world = *state;
    struct fetch_options options = options_for(world, "/d?appid=1");
    struct seen seen;
    tiny_answer(
        world->server, "/d?appid=1",
        (struct tiny_reply){.status = 200,
                            .fields = "Cache-Control: public, max-age=600\r\nDate: Sun, 06 Nov 1994 08:49:37 GMT\r\n",
                            .etag = "\"v1\"",
                            .body = SPAN("{\"a\":1}")});
    run(world, &options, &seen);
    assert_true(seen.is_ok && !seen.is_unchanged);
    assert_string_equal(seen.body, "{\"a\":1}");
    assert_string_equal(seen.etag, "\"v1\"");
    assert_int_equal(seen.max_age_s, 600);
    assert_int_equal(seen.date_s, 784111777);
    const char *request = tiny_request(world->server, "/d?appid=1");
    assert_null(strstr(request, "Accept-Encoding"));
    assert_non_null(strstr(request, "Accept: application/json"));
    assert_null(strstr(request, "If-None-Match"));
}

static void a_304_answers_only_what_was_asked(void **state)
{
    struct world *world = *state;
    struct fetch_options options = options_for(world, "/d");
    struct seen seen;
    tiny_answer(world->server, "/d", (struct tiny_reply){.status = 200, .etag = "\"v1\"", .body = SPAN("{}")});
    options.if_none_match = "\"v1\"";
    run(world, &options, &seen);
    assert_true(seen.is_ok && seen.is_unchanged);
    assert_string_equal(seen.body, "");
    options.if_none_match = "\"v0\"";
    run(world, &options, &seen);
    assert_true(seen.is_ok && !seen.is_unchanged);
    options.if_none_match = NULL;
    tiny_answer(world->server, "/d", (struct tiny_reply){.status = 304});
    run(world, &options, &seen);
    assert_false(seen.is_ok);
    assert_string_equal(seen.err.text, "answered 304");
}

static void an_etag_with_line_breaks_is_never_sent(void **state)
{
    struct world *world = *state;
    struct fetch_options options = options_for(world, "/d");
    struct seen seen;
    tiny_answer(world->server, "/d", (struct tiny_reply){.status = 200, .body = SPAN("{}")});
    options.if_none_match = "\"v\"\r\nX: y";
    run(world, &options, &seen);
    assert_true(seen.is_ok);
    assert_null(strstr(tiny_request(world->server, "/d"), "If-None-Match"));
}

static void the_shortest_stated_age_counts(void **state)
{
    static const struct {
        const char *fields;
        int64_t max_age_s;
    } cases[] = {
        {NULL, -1},
        {"Cache-Control: public\r\n", -1},
        {"Cache-Control: max-age=60\r\n", 60},
        {"Cache-Control: MAX-AGE=\"60\"\r\n", 60},
        {"Cache-Control: s-maxage=5, max-age=60\r\n", 60},
        {"Cache-Control: max-age=60\r\nCache-Control: max-age=30\r\n", 30},
        {"Cache-Control: max-age=60, no-cache\r\n", 0},
        {"Cache-Control: no-store\r\n", 0},
        {"Cache-Control: max-age=\r\n", -1},
        {"Cache-Control: max-age=-1\r\n", -1},
        {"Cache-Control: max-age=1x\r\n", -1},
        {"Cache-Control: max-age=99999999999999999999999\r\n", 10LL * 366 * 86400},
    };
    struct world *world = *state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct fetch_options options = options_for(world, "/d");
        struct seen seen;
        tiny_answer(world->server, "/d",
                    (struct tiny_reply){.status = 200, .fields = cases[i].fields, .body = SPAN("{}")});
        run(world, &options, &seen);
        assert_true(seen.is_ok);
        if (seen.max_age_s != cases[i].max_age_s)
            fail_msg("%s: %lld", cases[i].fields, (long long)seen.max_age_s);
    }
}

static void what_is_no_whole_200_failed_and_says_why_without_bytes_of_the_answer(void **state)
{
    static const struct {
        struct tiny_reply reply;
        const char *text;
    } cases[] = {
        {{.status = 302, .fields = "Location: https://elsewhere.example/\r\n"},
         "answered 302; redirects are not followed"},
        {{.status = 307, .body = SPAN_INIT("secret")}, "answered 307; redirects are not followed"},
        {{.status = 404, .body = SPAN_INIT("secret")}, "answered 404"},
        {{.status = 429}, "answered 429"},
        {{.status = 500, .body = SPAN_INIT("secret")}, "answered 500"},
        {{.status = 204}, "answered 204"},
        {{.status = 200}, "answered 200 without a body"},
        {{.status = 200, .body = SPAN_INIT("secret"), .close_after = 44}, NULL},
        {{.status = 200, .body = SPAN_INIT("secret"), .is_chunked = true, .close_after = 58}, NULL},
        {{.body = SPAN_INIT("secret, and no HTTP")}, NULL},
        {{.body = SPAN_INIT("HTTP/1.1 103 Early Hints\r\n\r\n")}, NULL},
    };
    struct world *world = *state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct fetch_options options = options_for(world, "/d");
        struct seen seen;
        tiny_answer(world->server, "/d", cases[i].reply);
        run(world, &options, &seen);
        if (seen.is_ok || seen.err.text[0] == '\0' || strstr(seen.err.text, "secret") != NULL)
            fail_msg("case %zu: %s", i, seen.is_ok ? "taken" : seen.err.text);
        if (cases[i].text != NULL)
            assert_string_equal(seen.err.text, cases[i].text);
        assert_int_equal(seen.err.reason, REASON_FETCH_FAILED);
        assert_string_equal(seen.body, "");
    }
}

static void a_document_of_the_maximum_is_taken_and_a_byte_more_is_not(void **state)
{
    struct world *world = *state;
    char *large = malloc(10 << 20);
    memset(large, ' ', 10 << 20);
    for (unsigned is_chunked = 0; is_chunked < 2; is_chunked++) {
        static const size_t sizes[] = {BYTES_MAX, BYTES_MAX + 1, 10 << 20};
        for (size_t i = 0; i < COUNT_OF(sizes); i++) {
            struct fetch_options options = options_for(world, "/d");
            struct seen seen;
            tiny_answer(
                world->server, "/d",
                (struct tiny_reply){.status = 200, .body = span_of(large, sizes[i]), .is_chunked = is_chunked == 1});
            run(world, &options, &seen);
            assert_int_equal(seen.is_ok, sizes[i] == BYTES_MAX);
            if (!seen.is_ok)
                assert_string_equal(seen.err.text, "the document has more than 4096 bytes");
        }
    }
    free(large);
}

static void a_head_of_megabytes_is_cut_off(void **state)
{
    struct world *world = *state;
    struct fetch_options options = options_for(world, "/d");
    struct seen seen;
    AUTO(buf) answer = {0};
    buf_add_str(&answer, "HTTP/1.1 200 OK\r\n");
    for (unsigned i = 0; i < 4000; i++)
        buf_printf(&answer, "X-%u: xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx\r\n", i);
    buf_add_str(&answer, "Content-Length: 2\r\n\r\n{}");
    tiny_answer(world->server, "/d", (struct tiny_reply){.body = buf_span(&answer)});
    run(world, &options, &seen);
    assert_false(seen.is_ok);
    assert_string_equal(seen.err.text, "the answer's head has more than 65536 bytes");
}

static void bytes_that_drip_in_time_are_taken_and_silence_ends_with_the_timeout(void **state)
{
    struct world *world = *state;
    struct fetch_options options = options_for(world, "/d");
    struct seen seen;
    tiny_answer(world->server, "/d", (struct tiny_reply){.status = 200, .body = SPAN("{\"a\":1}"), .drip_bytes = 1});
    run(world, &options, &seen);
    assert_true(seen.is_ok);
    assert_string_equal(seen.body, "{\"a\":1}");

    options.timeout_ms = 50;
    tiny_answer(world->server, "/d", (struct tiny_reply){.is_hanging = true});
    run(world, &options, &seen);
    assert_false(seen.is_ok);
    assert_string_equal(seen.err.text, "no whole answer in time (the whole fetch has 50 ms)");

    /* a body announced that never comes */
    tiny_answer(world->server, "/half", (struct tiny_reply){.status = 200, .fields = "Transfer-Encoding: chunked\r\n"});
    options = options_for(world, "/half");
    options.timeout_ms = 50;
    run(world, &options, &seen);
    assert_false(seen.is_ok);
}

static void where_nobody_listens_the_fetch_fails(void **state)
{
    struct world *world = *state;
    struct fetch_options options = options_for(world, "/d");
    struct seen seen;
    tiny_server_down(world->server);
    run(world, &options, &seen);
    assert_false(seen.is_ok);
    assert_true(seen.err.text[0] != '\0');
    tiny_server_up(world->server);
    tiny_answer(world->server, "/d", (struct tiny_reply){.status = 200, .body = SPAN("{}")});
    run(world, &options, &seen);
    assert_true(seen.is_ok);
}

static void https_to_a_server_without_tls_fails(void **state)
{
    struct world *world = *state;
    char url[128];
    struct fetch_options options = options_for(world, "/d");
    struct seen seen;
    snprintf(url, sizeof url, "https%s", options.url + strlen("http"));
    options.url = url;
    options.timeout_ms = 100; /* the server waits for a request, the client for a handshake */
    run(world, &options, &seen);
    assert_false(seen.is_ok);
    assert_int_equal(tiny_count(world->server, "/d"), 0);
}

static void the_environments_proxy_is_not_used_and_a_configured_one_is(void **state)
{
    struct world *world = *state;
    struct fetch_options options = options_for(world, "/d");
    struct seen seen;
    tiny_answer(world->server, "/d", (struct tiny_reply){.status = 200, .body = SPAN("{}")});
    setenv("http_proxy", "http://127.0.0.1:1", 1);
    setenv("all_proxy", "http://127.0.0.1:1", 1);
    run(world, &options, &seen);
    assert_true(seen.is_ok);

    setenv("no_proxy", "*", 1);
    options.url = "http://provider.invalid/d";
    options.allow_http = true;
    options.proxy = tiny_url(world->server, "");
    tiny_answer(world->server, "http://provider.invalid/d", (struct tiny_reply){.status = 200, .body = SPAN("{}")});
    run(world, &options, &seen);
    assert_true(seen.is_ok);
    unsetenv("http_proxy");
    unsetenv("all_proxy");
    unsetenv("no_proxy");
}

static void a_date_out_of_a_cache_is_none(void **state)
{
    static const struct {
        const char *fields;
        int64_t date_s;
    } cases[] = {
        {"Date: Sun, 06 Nov 1994 08:49:37 GMT\r\n", 784111777},
        {"Date: Sun, 06 Nov 1994 08:49:37 GMT\r\nAge: 0\r\n", 784111777},
        {"Date: Sun, 06 Nov 1994 08:49:37 GMT\r\nAge: 1\r\n", 0},
        {"Date: Sun, 06 Nov 1994 08:49:37 GMT\r\nAge: old\r\n", 0},
        {"Date: never\r\n", 0},
        {NULL, 0},
    };
    struct world *world = *state;
    struct fetch_options options = options_for(world, "/d");
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct seen seen;
        int64_t begun_us = now_read().wall_us;
        tiny_answer(world->server, "/d",
                    (struct tiny_reply){.status = 200, .fields = cases[i].fields, .body = SPAN("{}")});
        run(world, &options, &seen);
        if (seen.date_s != cases[i].date_s)
            fail_msg("case %zu: %lld", i, (long long)seen.date_s);
        assert_true(seen.begun_us >= begun_us - 1000 && seen.head_us >= seen.begun_us);
        assert_true(seen.head_us <= now_read().wall_us);
    }
}

static void a_url_that_may_not_be_fetched_does_not_start(void **state)
{
    static const struct {
        const char *url;
        bool allow_http;
    } cases[] = {
        {"http://idp.example/", false}, {"file:///etc/passwd", true}, {"https://u@h/", true}, {"nothing", true}};
    struct world *world = *state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct fetch_options options = {
            cases[i].url, cases[i].allow_http, BYTES_MAX, 1000, NULL, NULL, NULL, NULL, NULL, false};
        struct err err = {0};
        struct seen seen = {0};
        assert_null(fetch_start(world->fetcher, &options, note, &seen, &err));
        assert_int_equal(err.reason, REASON_FETCH_FAILED);
    }
}

/* Cancelling. */

static void count_turn(evutil_socket_t fd, short what, void *arg)
{
    (void)fd;
    (void)what;
    ++*(unsigned *)arg;
}

/* Turns the loop `turns` times, blocking in none. */
static void turn(struct event_base *base, unsigned turns)
{
    unsigned count = 0;
    struct event *event = evtimer_new(base, count_turn, &count);
    while (count < turns) {
        event_active(event, EV_TIMEOUT, 0);
        event_base_loop(base, EVLOOP_ONCE | EVLOOP_NONBLOCK);
    }
    event_free(event);
}

static void after_a_cancel_at_any_turn_no_completion_comes(void **state)
{
    struct world *world = *state;
    unsigned cancelled = 0;
    tiny_answer(world->server, "/d", (struct tiny_reply){.status = 200, .body = SPAN("{\"a\":1}"), .drip_bytes = 7});
    for (unsigned turns = 0; turns < 60; turns++) {
        struct fetch_options options = options_for(world, "/d");
        struct seen seen = {0};
        struct fetch *fetch = start(world, &options, &seen);
        turn(world->base, turns);
        if (seen.count == 0) {
            fetch_cancel(fetch);
            cancelled++;
            turn(world->base, 30);
            assert_int_equal(seen.count, 0);
        }
    }
    assert_true(cancelled > 3 && cancelled < 60); /* both ends were reached */
    fetch_cancel(NULL);
}

/* Two fetches that end in one turn: each completion cancels the other. */
struct pair {
    struct fetch *fetch[2];
    unsigned completions;
};
struct half {
    struct pair *pair;
    size_t index;
};

static void cancel_other(void *context, const struct fetch_answer *answer)
{
    struct half *half = context;
    struct pair *pair = half->pair;
    (void)answer;
    pair->completions++;
    pair->fetch[half->index] = NULL;
    fetch_cancel(pair->fetch[1 - half->index]);
    pair->fetch[1 - half->index] = NULL;
}

static bool is_completed(void *context)
{
    return ((struct pair *)context)->completions > 0;
}

static void a_completion_may_cancel_another_fetch(void **state)
{
    struct world *world = *state;
    struct pair pair = {0};
    struct half half[2] = {{&pair, 0}, {&pair, 1}};
    tiny_answer(world->server, "/d", (struct tiny_reply){.status = 200, .body = SPAN("{}")});
    for (size_t i = 0; i < 2; i++) {
        struct fetch_options options = options_for(world, "/d");
        pair.fetch[i] = fetch_start(world->fetcher, &options, cancel_other, &half[i], NULL);
        assert_non_null(pair.fetch[i]);
    }
    tiny_run(world->base, is_completed, &pair);
    turn(world->base, 30);
    assert_int_equal(pair.completions, 1);
}

/* A completion that starts the next fetch (the re-entry of CVE-2025-64527). */
struct chain {
    struct world *world;
    unsigned left;
};

static void start_next(void *context, const struct fetch_answer *answer)
{
    struct chain *chain = context;
    struct fetch_options options = options_for(chain->world, "/d");
    assert_true(answer->is_ok);
    if (--chain->left > 0)
        assert_non_null(fetch_start(chain->world->fetcher, &options, start_next, chain, NULL));
}

static bool is_chain_done(void *context)
{
    return ((struct chain *)context)->left == 0;
}

static void a_completion_may_start_another_fetch(void **state)
{
    struct world *world = *state;
    struct chain chain = {world, 20};
    struct fetch_options options = options_for(world, "/d");
    tiny_answer(world->server, "/d", (struct tiny_reply){.status = 200, .body = SPAN("{}")});
    assert_non_null(fetch_start(world->fetcher, &options, start_next, &chain, NULL));
    tiny_run(world->base, is_chain_done, &chain);
    assert_int_equal(tiny_count(world->server, "/d"), 20);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_document_comes_with_its_fields, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_304_answers_only_what_was_asked, set_up, tear_down),
        cmocka_unit_test_setup_teardown(an_etag_with_line_breaks_is_never_sent, set_up, tear_down),
        cmocka_unit_test_setup_teardown(the_shortest_stated_age_counts, set_up, tear_down),
        cmocka_unit_test_setup_teardown(what_is_no_whole_200_failed_and_says_why_without_bytes_of_the_answer, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(a_document_of_the_maximum_is_taken_and_a_byte_more_is_not, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_head_of_megabytes_is_cut_off, set_up, tear_down),
        cmocka_unit_test_setup_teardown(bytes_that_drip_in_time_are_taken_and_silence_ends_with_the_timeout, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(where_nobody_listens_the_fetch_fails, set_up, tear_down),
        cmocka_unit_test_setup_teardown(https_to_a_server_without_tls_fails, set_up, tear_down),
        cmocka_unit_test_setup_teardown(the_environments_proxy_is_not_used_and_a_configured_one_is, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_date_out_of_a_cache_is_none, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_url_that_may_not_be_fetched_does_not_start, set_up, tear_down),
        cmocka_unit_test_setup_teardown(after_a_cancel_at_any_turn_no_completion_comes, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_completion_may_cancel_another_fetch, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_completion_may_start_another_fetch, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
