/* SPDX-License-Identifier: Apache-2.0 */
/* One provider over time: whatever its server does, good keys serve until they are too old, garbage never takes their place, and
 * tokens cannot make it fetch more than once in a cooldown.  The times are those of the configuration, made short.
 */
#include "issuer_world.h"

static void keys_come_at_start_with_the_documents_issuer(void **state)
{
    struct world *world = *state;
    struct issuer_state seen;
    begin(world);
    run_cycles(world, 1);
    struct keyset *keys = keys_take(world);
    assert_non_null(keys);
    assert_true(span_eq(keys->issuer, SPAN("https://idp.example")));
    assert_true(keys->fetched_at_s > 0);
    keyset_release(keys);
    issuer_describe(world->issuer, &seen);
    assert_true(seen.has_keys && !seen.is_failing);
    assert_int_equal(seen.keys, 1);
    assert_in_range(seen.refresh_at_s - seen.fetched_at_s, LONG_MS / 1000 * 9 / 10 - 2, LONG_MS / 1000 * 11 / 10 + 2);
    assert_int_equal(refreshes(world, "ok"), 1);
    assert_int_equal(refreshes(world, "error"), 0);
}

static void urls_that_lead_to_one_document_are_one_issuer(void **state)
{
    struct world *world = *state;
    begin(world);
    struct issuer *same = issuers_take(world->issuers, span_str(tiny_url(world->server, "/")), NULL);
    struct issuer *third = issuers_take(world->issuers, span_str(tiny_url(world->server, DISCOVERY)), NULL);
    struct issuer *other = issuers_take(world->issuers, span_str(tiny_url(world->server, "/other")), NULL);
    assert_ptr_equal(same, world->issuer);
    assert_ptr_equal(third, world->issuer);
    assert_ptr_not_equal(other, world->issuer);
    issuer_release(same);
    issuer_release(third);
    issuer_release(other);
    run_cycles(world, 1);
    assert_int_equal(tiny_count(world->server, DISCOVERY), 1);
}

static void a_provider_down_at_start_is_asked_again_until_it_answers(void **state)
{
    struct world *world = *state;
    world->settings.timing.refresh_ms = 10;
    tiny_server_down(world->server);
    begin(world);
    run_cycles(world, 3);
    assert_string_equal(published(world), "");
    assert_true(is_state(world, false, true));
    assert_true(refreshes(world, "error") >= 3);
    tiny_server_up(world->server);
    do {
        run_cycles(world, 1);
    } while (is_state(world, false, true));
    assert_string_equal(published(world), "k1");
    assert_true(is_state(world, true, false));
}

static void garbage_never_takes_the_place_of_good_keys(void **state)
{
    static char blanks[70000];
    static const struct {
        const char *path;
        struct tiny_reply reply;
    } cases[] = {
        {"/keys", {.status = 200, .body = SPAN_INIT("<html>login</html>")}},
        {"/keys", {.status = 200, .body = SPAN_INIT("{\"keys\":[]}")}},
        {"/keys", {.status = 200, .body = SPAN_INIT("{}")}},
        {"/keys",
         {.status = 200, .body = SPAN_INIT("{\"keys\":[{\"kty\":\"oct\",\"k\":\"AAAAAAAAAAAAAAAAAAAAAA\"}]}")}},
        {"/keys", {.status = 200, .body = {blanks, sizeof blanks}}},
        {"/keys", {.status = 200, .body = SPAN_INIT(KEYS_OF("k2")), .close_after = 90}},
        {"/keys", {.status = 302, .fields = "Location: /elsewhere\r\n"}},
        {"/keys", {.status = 304}},
        {"/keys", {.status = 429}},
        {"/keys", {.status = 500, .body = SPAN_INIT(KEYS_OF("k2"))}},
        {DISCOVERY, {.status = 200, .body = SPAN_INIT("<html>login</html>")}},
        {DISCOVERY, {.status = 200, .body = SPAN_INIT("{\"issuer\":\"https://idp.example\"}")}},
        {DISCOVERY, {.status = 200, .body = SPAN_INIT("{\"issuer\":\"i\",\"jwks_uri\":\"http://idp.example/k\"}")}},
        {DISCOVERY, {.status = 404}},
        {DISCOVERY, {.status = 200, .body = SPAN_INIT("{"), .close_after = 10}},
    };
    struct world *world = *state;
    world->settings.timing.cooldown_ms = 0;
    memset(blanks, ' ', sizeof blanks);
    begin(world);
    run_cycles(world, 1);
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        uint64_t number = snapshot_number(issuer_keys(world->issuer));
        tiny_answer(world->server, cases[i].path, cases[i].reply);
        want(world, 1, true);
        run_cycles(world, 1);
        if (!is_state(world, true, true) || snapshot_number(issuer_keys(world->issuer)) != number)
            fail_msg("case %zu", i);
        assert_string_equal(published(world), "k1");
        document_set(world, "https://idp.example", "/keys");
        keys_set(world, KEYS_OF("k1"));
        want(world, 1, true);
        run_cycles(world, 1);
        assert_true(is_state(world, true, false));
    }
}

static void one_bad_key_does_not_spoil_the_good_one(void **state)
{
    struct world *world = *state;
    keys_set(world, "{\"keys\":[{\"kty\":\"RSA\"},7,{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":\"" ED25519_X
                    "\",\"kid\":\"good\"}]}");
    begin(world);
    run_cycles(world, 1);
    assert_string_equal(published(world), "good");
}

static void a_thousand_wants_within_the_cooldown_are_one_fetch(void **state)
{
    struct world *world = *state;
    world->settings.timing.cooldown_ms = 30000;
    begin(world);
    want(world, 1000, true); /* the first fetch is under way: worth waiting for, and no slot is taken */
    run_cycles(world, 1);
    keys_set(world, KEYS_OF("k2"));
    want(world, 1000, true);
    for (int64_t i = 0; i < 1000; i++)
        want(world, 1000 + i, true); /* claimed: it will come */
    run_cycles(world, 1);
    assert_string_equal(published(world), "k2");
    for (int64_t i = 0; i < 1000; i++)
        want(world, 1000 + i, false);
    want(world, 30999, false);
    assert_false(issuer_is_fetching(world->issuer));
    assert_int_equal(tiny_count(world->server, DISCOVERY), 2);
    want(world, 31000, true);
    run_cycles(world, 1);
    assert_int_equal(tiny_count(world->server, DISCOVERY), 3);
}

static void a_failed_fetch_takes_the_slot_like_any_other(void **state)
{
    struct world *world = *state;
    begin(world);
    run_cycles(world, 1);
    tiny_answer(world->server, "/keys", (struct tiny_reply){.status = 500});
    want(world, 1000, true);
    run_cycles(world, 1);
    want(world, 1001, false);
    want(world, 1000 + LONG_MS, true);
    run_cycles(world, 1);
}

static void without_keys_a_want_is_heard_within_the_same_cooldown(void **state)
{
    struct world *world = *state;
    tiny_answer(world->server, "/keys", (struct tiny_reply){.status = 500});
    begin(world);
    run_cycles(world, 1); /* the next by itself is a second away */
    keys_set(world, KEYS_OF("k1"));
    want(world, 1000, true);
    run_cycles(world, 1);
    assert_string_equal(published(world), "k1");
    want(world, 1001, false);
}

static void periodic_fetches_follow_rotation_and_leave_the_slot_free(void **state)
{
    struct world *world = *state;
    world->settings.timing.refresh_ms = 10;
    begin(world);
    run_cycles(world, 3);
    keys_set(world, KEYS_OF("k2"));
    run_cycles(world, 2);
    assert_string_equal(published(world), "k2"); /* and k1 is gone with it */
    want(world, 0, true);
}

static bool is_bare(void *context)
{
    return is_state(context, false, true);
}

static void keys_serve_until_max_stale_and_not_longer(void **state)
{
    struct world *world = *state;
    world->settings.timing.refresh_ms = 20;
    world->settings.timing.max_stale_ms = 200;
    begin(world);
    run_cycles(world, 1);
    tiny_answer(world->server, "/keys", (struct tiny_reply){.status = 500});
    run_cycles(world, 2);
    assert_string_equal(published(world), "k1"); /* stale, and used */
    int64_t begun_ms = now_read().mono_ms;
    tiny_run(world->base, is_bare, world);
    assert_in_range(now_read().mono_ms - begun_ms, 50, 2000);
    assert_string_equal(published(world), "");
    struct issuer_state seen;
    issuer_describe(world->issuer, &seen);
    assert_int_equal(seen.fetched_at_s, 0);
    assert_int_equal(seen.keys, 0);
    keys_set(world, KEYS_OF("k1"));
    run_cycles(world, 2);
    assert_string_equal(published(world), "k1");
}

static void a_304_renews_without_a_new_set(void **state)
{
    struct world *world = *state;
    world->settings.timing.refresh_ms = 20;
    world->settings.timing.max_stale_ms = 300;
    tiny_answer(world->server, DISCOVERY,
                (struct tiny_reply){.status = 200, .body = span_str(world->document), .etag = "\"d1\""});
    tiny_answer(world->server, "/keys",
                (struct tiny_reply){.status = 200, .body = SPAN(KEYS_OF("k1")), .etag = "\"k1\""});
    begin(world);
    run_cycles(world, 1);
    uint64_t number = snapshot_number(issuer_keys(world->issuer));
    int64_t begun_ms = now_read().mono_ms;
    while (now_read().mono_ms - begun_ms < 400) /* longer than unrenewed keys would serve */
        run_cycles(world, 1);
    assert_int_equal(snapshot_number(issuer_keys(world->issuer)), number);
    assert_string_equal(published(world), "k1");
    assert_non_null(strstr(tiny_request(world->server, DISCOVERY), "If-None-Match: \"d1\"\r\n"));
    assert_non_null(strstr(tiny_request(world->server, "/keys"), "If-None-Match: \"k1\"\r\n"));
    assert_true(refreshes(world, "unchanged") >= 2);
    assert_int_equal(refreshes(world, "ok"), 1);

    tiny_answer(world->server, "/keys",
                (struct tiny_reply){.status = 200, .body = SPAN(KEYS_OF("k2")), .etag = "\"k2\""});
    run_cycles(world, 2);
    assert_string_equal(published(world), "k2");
}

static void the_same_bytes_again_are_no_new_set_but_another_issuer_is(void **state)
{
    struct world *world = *state;
    world->settings.timing.cooldown_ms = 0;
    begin(world);
    run_cycles(world, 1);
    uint64_t number = snapshot_number(issuer_keys(world->issuer));
    want(world, 1, true);
    run_cycles(world, 1);
    assert_int_equal(snapshot_number(issuer_keys(world->issuer)), number);
    document_set(world, "https://idp.example/renamed", "/keys");
    want(world, 1, true);
    run_cycles(world, 1);
    assert_int_equal(snapshot_number(issuer_keys(world->issuer)), number + 1);
    struct keyset *keys = keys_take(world);
    assert_true(span_eq(keys->issuer, SPAN("https://idp.example/renamed")));
    keyset_release(keys);
}

static void max_age_shortens_the_refresh_down_to_five_minutes(void **state)
{
    static const struct {
        const char *fields;
        int64_t refresh_ms, delay_s;
    } cases[] = {
        {NULL, LONG_MS, 3600},
        {"Cache-Control: max-age=86400\r\n", LONG_MS, 3600},
        {"Cache-Control: max-age=1200\r\n", LONG_MS, 1200},
        {"Cache-Control: max-age=300\r\n", LONG_MS, 300},
        {"Cache-Control: max-age=299\r\n", LONG_MS, 300},
        {"Cache-Control: no-store\r\n", LONG_MS, 300},
        {"Cache-Control: max-age=1\r\n", 60000, 60},
    };
    struct world *world = *state;
    world->settings.timing.cooldown_ms = 0;
    begin(world);
    run_cycles(world, 1);
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct issuers_settings settings = world->settings;
        struct issuer_state seen;
        settings.timing.refresh_ms = cases[i].refresh_ms;
        issuers_configure(world->issuers, &settings);
        tiny_answer(world->server, "/keys",
                    (struct tiny_reply){.status = 200, .fields = cases[i].fields, .body = SPAN(KEYS_OF("k1"))});
        want(world, 1, true);
        run_cycles(world, 1);
        issuer_describe(world->issuer, &seen);
        int64_t delay_s = seen.refresh_at_s - seen.fetched_at_s;
        if (delay_s < cases[i].delay_s * 9 / 10 - 2 || delay_s > cases[i].delay_s * 11 / 10 + 2)
            fail_msg("case %zu: %lld s", i, (long long)delay_s);
    }
}

static void failures_back_off_from_one_second_to_thirty_without_keys_and_to_five_minutes_with(void **state)
{
    static const int64_t bare_s[] = {1, 2, 4, 8, 16, 30, 30};
    static const int64_t keyed_s[] = {1, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300};
    struct world *world = *state;
    struct issuer_state seen;
    world->settings.timing.cooldown_ms = 0;
    tiny_answer(world->server, "/keys", (struct tiny_reply){.status = 500});
    begin(world);
    for (size_t i = 0; i < COUNT_OF(bare_s); i++) {
        run_cycles(world, 1);
        issuer_describe(world->issuer, &seen);
        assert_in_range(seen.refresh_at_s + 2 - now_read().wall_s, bare_s[i] * 9 / 10, bare_s[i] * 11 / 10 + 3);
        want(world, 1, true);
    }
    keys_set(world, KEYS_OF("k1"));
    run_cycles(world, 1);
    tiny_answer(world->server, "/keys", (struct tiny_reply){.status = 500});
    for (size_t i = 0; i < COUNT_OF(keyed_s); i++) {
        want(world, 1, true);
        run_cycles(world, 1);
        issuer_describe(world->issuer, &seen);
        assert_in_range(seen.refresh_at_s + 2 - now_read().wall_s, keyed_s[i] * 9 / 10, keyed_s[i] * 11 / 10 + 3);
    }
}

static void a_provider_with_checks_is_refused_for_another_issuer_or_host(void **state)
{
    struct world *world = *state;
    world->settings.timing.cooldown_ms = 0;
    begin(world);
    assert_true(issuer_provide(world->issuer, &(struct issuer_provider){.is_name_checked = true}, NULL));
    run_cycles(world, 1);
    assert_true(is_state(world, false, true));
    document_set(world, tiny_url(world->server, ""), "/keys");
    want(world, 1, true);
    run_cycles(world, 1);
    assert_true(is_state(world, true, false));

    assert_true(issuer_provide(world->issuer, &(struct issuer_provider){.is_host_checked = true}, NULL));
    want(world, 1, true);
    run_cycles(world, 1);
    assert_true(is_state(world, true, false));
    snprintf(world->document, sizeof world->document, "{\"issuer\":\"i\",\"jwks_uri\":\"http://127.0.0.2/k\"}");
    tiny_answer(world->server, DISCOVERY, (struct tiny_reply){.status = 200, .body = span_str(world->document)});
    want(world, 1, true);
    run_cycles(world, 1);
    assert_true(is_state(world, true, true));
}

static void a_ca_that_cannot_be_read_fails_the_fetch_only(void **state)
{
    struct world *world = *state;
    begin(world);
    struct issuer_provider provider = {.ca_file = "/nowhere/ca.pem", .proxy = tiny_url(world->server, "/none")};
    assert_true(issuer_provide(world->issuer, &provider, NULL));
    run_cycles(world, 1);
    assert_true(is_state(world, false, true));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(keys_come_at_start_with_the_documents_issuer, set_up, tear_down),
        cmocka_unit_test_setup_teardown(urls_that_lead_to_one_document_are_one_issuer, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_provider_down_at_start_is_asked_again_until_it_answers, set_up, tear_down),
        cmocka_unit_test_setup_teardown(garbage_never_takes_the_place_of_good_keys, set_up, tear_down),
        cmocka_unit_test_setup_teardown(one_bad_key_does_not_spoil_the_good_one, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_thousand_wants_within_the_cooldown_are_one_fetch, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_failed_fetch_takes_the_slot_like_any_other, set_up, tear_down),
        cmocka_unit_test_setup_teardown(without_keys_a_want_is_heard_within_the_same_cooldown, set_up, tear_down),
        cmocka_unit_test_setup_teardown(periodic_fetches_follow_rotation_and_leave_the_slot_free, set_up, tear_down),
        cmocka_unit_test_setup_teardown(keys_serve_until_max_stale_and_not_longer, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_304_renews_without_a_new_set, set_up, tear_down),
        cmocka_unit_test_setup_teardown(the_same_bytes_again_are_no_new_set_but_another_issuer_is, set_up, tear_down),
        cmocka_unit_test_setup_teardown(max_age_shortens_the_refresh_down_to_five_minutes, set_up, tear_down),
        cmocka_unit_test_setup_teardown(
            failures_back_off_from_one_second_to_thirty_without_keys_and_to_five_minutes_with, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_provider_with_checks_is_refused_for_another_issuer_or_host, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(a_ca_that_cannot_be_read_fails_the_fetch_only, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
