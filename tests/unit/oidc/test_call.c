/* SPDX-License-Identifier: Apache-2.0 */
/* Calls: a server gets exactly the request that was asked for, never a second line out of somebody's text; every answer is an answer,
 * bounded, and a redirect is none to follow.
 */
#include "oidc/call.h"

#include "tiny_server.h"

#include <event2/event.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <cmocka.h>

enum { BYTES_MAX = 64 };

struct world {
    struct event_base *base;
    struct tiny_server *server;
    struct fetcher *fetcher;
    struct fetch_options to;
};

struct seen {
    unsigned count;
    bool is_ok, is_cut;
    unsigned status;
    char phrase[64], body[BYTES_MAX + 1], fields[512];
    struct err err;
};

static void note(void *context, const struct call_answer *answer)
{
    struct seen *seen = context;
    seen->count++;
    seen->is_ok = answer->is_ok;
    seen->is_cut = answer->is_cut;
    seen->status = answer->status;
    seen->err = answer->err;
    snprintf(seen->phrase, sizeof seen->phrase, "%.*s", SPAN_ARG(answer->phrase));
    snprintf(seen->body, sizeof seen->body, "%.*s", SPAN_ARG(answer->body));
    for (size_t i = 0; i < answer->count; i++)
        snprintf(seen->fields + strlen(seen->fields), sizeof seen->fields - strlen(seen->fields), "%.*s=%.*s;",
                 SPAN_ARG(answer->fields[i].name), SPAN_ARG(answer->fields[i].value));
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
    world->to =
        (struct fetch_options){.url = tiny_url(world->server, "/t"), .bytes_max = BYTES_MAX, .timeout_ms = 5000};
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

static void run(struct world *world, const struct call_options *options, struct seen *seen)
{
    struct err err = {0};
    *seen = (struct seen){0};
    if (call_start(world->fetcher, options, note, seen, &err) == NULL)
        fail_msg("not started: %s", err.text);
    assert_int_equal(seen->count, 0); /* nothing comes from inside call_start */
    tiny_run(world->base, is_seen, seen);
    assert_int_equal(seen->count, 1);
}

static void a_form_is_posted_as_it_stands_and_any_status_is_an_answer(void **state)
{
    static const struct call_field fields[] = {
        {SPAN_INIT("Content-Type"), SPAN_INIT("application/x-www-form-urlencoded")},
        {SPAN_INIT("X-Empty"), SPAN_INIT("")},
    };
    struct world *world = *state;
    const struct call_options options = {
        .to = &world->to, .method = "POST", .fields = fields, .count = 2, .body = SPAN("a=1&b=%20")};
    struct seen seen;
    tiny_answer(world->server, "/t",
                (struct tiny_reply){.status = 400, .fields = "X-One: 1\r\n", .body = SPAN("{\"error\":\"no\"}")});
    run(world, &options, &seen);
    assert_true(seen.is_ok && !seen.is_cut);
    assert_int_equal(seen.status, 400);
    assert_string_equal(seen.phrase, "Scripted");
    assert_string_equal(seen.body, "{\"error\":\"no\"}");
    assert_string_equal(seen.fields, "X-One=1;Content-Length=14;");
    const char *request = tiny_request(world->server, "/t");
    assert_non_null(strstr(request, "POST /t HTTP/1.1\r\n"));
    assert_non_null(strstr(request, "\r\nContent-Type: application/x-www-form-urlencoded\r\n"));
    assert_non_null(strstr(request, "\r\nX-Empty:\r\n"));
    assert_non_null(strstr(request, "\r\n\r\na=1&b=%20"));
    assert_null(strstr(request, "Expect"));
    assert_null(strstr(request, "Accept"));
}

static void a_target_goes_out_unchanged_and_a_method_without_content_says_so(void **state)
{
    static const struct {
        const char *method, *line;
        bool states_none;
    } cases[] = {
        {"GET", "GET /a/../b?c=%zz HTTP/1.1\r\n", false},
        {"DELETE", "DELETE /a/../b?c=%zz HTTP/1.1\r\n", false},
        {"PUT", "PUT /a/../b?c=%zz HTTP/1.1\r\n", true},
        {"HEAD", "HEAD /a/../b?c=%zz HTTP/1.1\r\n", false},
    };
    struct world *world = *state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        const struct call_options options = {.to = &world->to, .method = cases[i].method, .target = "/a/../b?c=%zz"};
        struct seen seen;
        tiny_answer(world->server, "/a/../b?c=%zz", (struct tiny_reply){.status = 204});
        run(world, &options, &seen);
        const char *request = tiny_request(world->server, "/a/../b?c=%zz");
        assert_int_equal(seen.status, 204);
        assert_non_null(strstr(request, cases[i].line));
        assert_int_equal(strstr(request, "Content-Length: 0\r\n") != NULL, cases[i].states_none);
        assert_null(strstr(request, "Content-Type"));
    }
}

static void nothing_that_would_be_a_second_line_is_sent(void **state)
{
    static const struct {
        const char *method, *target, *name, *value;
        bool is_sent;
    } cases[] = {
        {"GET", "/t", "X-A", "b c\td", true},
        {"GET", "/t", "X-A", "b\r\nX-B: 1", false},
        {"GET", "/t", "X-A", "b\nX-B: 1", false},
        {"GET", "/t", "X-A", "b\001", false},
        {"GET", "/t", "X-A\r\nX-B", "1", false},
        {"GET", "/t", "X A", "1", false},
        {"GET", "/t", "X-A:", "1", false},
        {"GET", "/t", "", "1", false},
        {"GET /x HTTP/1.1\r\n", "/t", "X-A", "1", false},
        {"GET ", "/t", "X-A", "1", false},
        {"", "/t", "X-A", "1", false},
        {"GET", "/t HTTP/1.1", "X-A", "1", false},
        {"GET", "/t\r\n", "X-A", "1", false},
        {"GET", "/\xc3\xa4", "X-A", "1", false},
        {"GET", "", "X-A", "1", false},
    };
    struct world *world = *state;
    tiny_answer(world->server, "/t", (struct tiny_reply){.status = 200});
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        const struct call_field field = {span_str(cases[i].name), span_str(cases[i].value)};
        const struct call_options options = {
            .to = &world->to, .method = cases[i].method, .target = cases[i].target, .fields = &field, .count = 1};
        struct seen seen = {0};
        struct err err = {0};
        struct fetch *fetch = call_start(world->fetcher, &options, note, &seen, &err);
        if ((fetch != NULL) != cases[i].is_sent)
            fail_msg("case %zu: %s", i, err.text);
        if (fetch != NULL)
            tiny_run(world->base, is_seen, &seen);
        else
            assert_int_equal(err.reason, REASON_FETCH_FAILED);
    }
    assert_int_equal(tiny_count(world->server, "/t"), 1);
}

static void an_answer_past_the_limit_fails_or_is_cut_as_was_asked_for(void **state)
{
    static char body[BYTES_MAX + 1];
    struct world *world = *state;
    memset(body, 'x', sizeof body);
    for (size_t i = 0; i < 8; i++) {
        bool is_over = (i & 1) != 0;
        bool is_chunked = (i & 2) != 0;
        const struct call_options options = {.to = &world->to, .method = "GET", .cuts_body = (i & 4) != 0};
        struct seen seen;
        tiny_answer(world->server, "/t",
                    (struct tiny_reply){
                        .status = 200, .is_chunked = is_chunked, .body = span_of(body, BYTES_MAX + (is_over ? 1 : 0))});
        run(world, &options, &seen);
        assert_int_equal(seen.is_ok, !is_over || options.cuts_body);
        assert_int_equal(seen.is_cut, is_over && options.cuts_body);
        if (seen.is_ok)
            assert_int_equal(strlen(seen.body), BYTES_MAX);
    }
}

static void a_redirect_is_told_not_followed(void **state)
{
    struct world *world = *state;
    const struct call_options options = {.to = &world->to, .method = "GET"};
    struct seen seen;
    tiny_answer(world->server, "/t", (struct tiny_reply){.status = 302, .fields = "Location: /other\r\n"});
    tiny_answer(world->server, "/other", (struct tiny_reply){.status = 200});
    run(world, &options, &seen);
    assert_true(seen.is_ok);
    assert_int_equal(seen.status, 302);
    assert_int_equal(tiny_count(world->server, "/other"), 0);
}

static void a_place_is_connected_to_whatever_the_url_names(void **state)
{
    struct world *world = *state;
    const struct call_place place = {.address = tiny_url(world->server, "") + strlen("http://")};
    const struct call_options options = {.to = &world->to, .method = "GET", .target = "/t", .place = &place};
    struct seen seen;
    world->to.url = "http://api.example.com/";
    world->to.allow_http = true;
    tiny_answer(world->server, "/t", (struct tiny_reply){.status = 200});
    run(world, &options, &seen);
    assert_int_equal(seen.status, 200);
    assert_non_null(strstr(tiny_request(world->server, "/t"), "\r\nHost: api.example.com\r\n"));
    world->to.allow_http = false; /* its neighbour: a name elsewhere is not called in the clear */
    assert_null(call_start(world->fetcher, &options, note, &seen, NULL));
}

static void a_server_that_is_silent_or_breaks_off_is_no_answer(void **state)
{
    static const struct tiny_reply cases[] = {
        {.status = 200, .body = SPAN_INIT("whole"), .close_after = 10},
        {.status = 200, .body = SPAN_INIT("whole"), .close_after = 46},
        {.is_hanging = true},
    };
    struct world *world = *state;
    world->to.timeout_ms = 300;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        const struct call_options options = {.to = &world->to, .method = "GET", .cuts_body = true};
        struct seen seen;
        tiny_answer(world->server, "/t", cases[i]);
        run(world, &options, &seen);
        assert_false(seen.is_ok);
        assert_int_equal(seen.err.reason, REASON_FETCH_FAILED);
    }
}

static void after_a_cancel_no_call_is_told_of(void **state)
{
    struct world *world = *state;
    const struct call_options options = {.to = &world->to, .method = "GET"};
    struct seen cancelled = {0};
    struct seen seen;
    tiny_answer(world->server, "/t", (struct tiny_reply){.status = 200, .body = SPAN("x")});
    fetch_cancel(call_start(world->fetcher, &options, note, &cancelled, NULL));
    run(world, &options, &seen);
    assert_int_equal(cancelled.count, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_form_is_posted_as_it_stands_and_any_status_is_an_answer, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_target_goes_out_unchanged_and_a_method_without_content_says_so, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(nothing_that_would_be_a_second_line_is_sent, set_up, tear_down),
        cmocka_unit_test_setup_teardown(an_answer_past_the_limit_fails_or_is_cut_as_was_asked_for, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_redirect_is_told_not_followed, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_place_is_connected_to_whatever_the_url_names, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_server_that_is_silent_or_breaks_off_is_no_answer, set_up, tear_down),
        cmocka_unit_test_setup_teardown(after_a_cancel_no_call_is_told_of, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
