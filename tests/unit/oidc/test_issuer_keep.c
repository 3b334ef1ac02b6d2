/* SPDX-License-Identifier: Apache-2.0 */
/* A provider's keys across restarts, its settings across reloads, and its clock beside ours.  Each registry here is one life of the
 * process; the store is a directory that both see.
 */
#include "issuer_world.h"
#include "oidc/store.h"
#include "oidc/stored.h"

#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <time.h>

enum { STALE_S = 24 * 3600 };

static char store[64];

static int set_up_store(void **state)
{
    snprintf(store, sizeof store, "/tmp/jwtgate-keep-XXXXXX");
    return set_up(state) == 0 && mkdtemp(store) != NULL ? 0 : -1;
}

static int tear_down_store(void **state)
{
    struct world *world = *state;
    chmod(store, 0700);
    if (world->server != NULL && !store_drop(store, span_str(tiny_url(world->server, DISCOVERY)), NULL))
        return -1;
    rmdir(store);
    return tear_down(state);
}

static void restart(struct world *world)
{
    issuers_free(STEAL(world->issuers));
    issuer_release(STEAL(world->issuer));
    begin(world);
}

/* What the store holds, with `fetched_at_s` in place of the true moment. */
static void store_put(struct world *world, const char *issuer, const char *path, int64_t fetched_at_s)
{
    AUTO(buf) text = {0};
    const struct stored stored = {.url = span_str(tiny_url(world->server, DISCOVERY)),
                                  .discovery = {span_str(issuer), span_str(tiny_url(world->server, path))},
                                  .fetched_at_s = fetched_at_s};
    assert_true(stored_write(&text, &stored, SPAN(KEYS_OF("stored")), NULL));
    assert_true(store_write(store, stored.url, buf_span(&text), NULL));
}

static bool store_get(struct world *world, struct arena *arena, struct stored *stored)
{
    struct span text;
    struct span url = span_str(tiny_url(world->server, DISCOVERY));
    return store_read(store, url, 65536, arena, &text, NULL) && text.at != NULL &&
           stored_read(stored, arena, text, false, NULL);
}

static void keys_of_the_last_life_serve_before_the_first_fetch_ends(void **state)
{
    struct world *world = *state;
    struct issuer_state seen;
    world->settings.store = store;
    begin(world);
    run_cycles(world, 1);
    tiny_server_down(world->server);
    restart(world);
    issuer_restore(world->issuer);
    assert_string_equal(published(world), "k1");
    assert_true(is_state(world, true, false));
    assert_true(issuer_is_fetching(world->issuer)); /* and the first fetch is at once all the same */
    run_cycles(world, 1);
    assert_string_equal(published(world), "k1");
    assert_true(is_state(world, true, true));
    tiny_server_up(world->server);
    keys_set(world, KEYS_OF("k2"));
    want(world, 1, true);
    run_cycles(world, 1);
    assert_string_equal(published(world), "k2");
    issuer_describe(world->issuer, &seen);
    assert_in_range(now_read().wall_s - seen.fetched_at_s, 0, 5);
}

static void without_a_store_nothing_is_kept(void **state)
{
    struct world *world = *state;
    AUTO(arena) arena = {0};
    struct stored stored;
    begin(world);
    run_cycles(world, 1);
    assert_false(store_get(world, &arena, &stored));
    restart(world);
    issuer_restore(world->issuer);
    assert_string_equal(published(world), "");
}

static void stored_keys_are_as_old_as_they_are(void **state)
{
    static const struct {
        int64_t age_s;
        bool is_taken;
    } cases[] = {{0, true}, {STALE_S - 60, true}, {STALE_S, false}, {STALE_S + 1, false}, {-60, false}};
    struct world *world = *state;
    world->settings.store = store;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct issuer_state seen;
        int64_t fetched_at_s = now_read().wall_s - cases[i].age_s;
        store_put(world, "https://idp.example", "/keys", fetched_at_s);
        restart(world);
        issuer_restore(world->issuer);
        issuer_describe(world->issuer, &seen);
        if (seen.has_keys != cases[i].is_taken)
            fail_msg("%lld s", (long long)cases[i].age_s);
        assert_int_equal(seen.fetched_at_s, cases[i].is_taken ? fetched_at_s : 0);
        assert_string_equal(published(world), cases[i].is_taken ? "stored" : "");
    }
}

static bool is_bare(void *context)
{
    return *published(context) == '\0';
}

static void stored_keys_end_with_max_stale_counted_from_their_fetch(void **state)
{
    struct world *world = *state;
    tiny_server_down(world->server);
    world->settings.store = store;
    world->settings.timing.max_stale_ms = 60 * 1000;
    store_put(world, "https://idp.example", "/keys", now_read().wall_s - 59);
    begin(world);
    issuer_restore(world->issuer);
    assert_string_equal(published(world), "stored");
    tiny_run(world->base, is_bare, world); /* within a second, not a minute */
    assert_true(is_state(world, false, true));
}

static void stored_documents_are_judged_as_if_just_fetched(void **state)
{
    static const struct {
        const char *issuer, *path; /* path NULL: the issuer is the server's authority, and so is the path */
        struct issuer_provider provider;
        bool is_taken;
    } cases[] = {
        {"https://idp.example", "/keys", {0}, true},
        {"https://idp.example", "/keys", {.is_name_checked = true}, false},
        {"https://idp.example", "/keys", {.is_host_checked = true}, true},
        {NULL, "/keys", {.is_name_checked = true, .is_host_checked = true}, true},
    };
    struct world *world = *state;
    world->settings.store = store;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        const char *issuer = cases[i].issuer == NULL ? tiny_url(world->server, "") : cases[i].issuer;
        store_put(world, issuer, cases[i].path, now_read().wall_s);
        restart(world);
        assert_true(issuer_provide(world->issuer, &cases[i].provider, NULL));
        issuer_restore(world->issuer);
        if ((*published(world) != '\0') != cases[i].is_taken)
            fail_msg("case %zu", i);
    }
}

static void what_cannot_be_taken_is_ignored_and_replaced(void **state)
{
    static const char *const texts[] = {
        "", "garbage", "{\"format\":\"jwtgate-keys-1\"}",
        ("{\"format\":\"jwtgate-keys-1\",\"url\":\"https://other\",\"issuer\":\"i\",\"jwks_uri\":\"https://i/k\","
         "\"fetched_at\":\"1\",\"keys\":[]}")};
    struct world *world = *state;
    world->settings.store = store;
    for (size_t i = 0; i < COUNT_OF(texts); i++) {
        AUTO(arena) arena = {0};
        struct stored stored;
        assert_true(store_write(store, span_str(tiny_url(world->server, DISCOVERY)), span_str(texts[i]), NULL));
        restart(world);
        issuer_restore(world->issuer);
        assert_string_equal(published(world), "");
        run_cycles(world, 1);
        assert_string_equal(published(world), "k1");
        assert_true(store_get(world, &arena, &stored));
    }
}

static void a_key_that_is_gone_is_gone_from_the_store_too(void **state)
{
    struct world *world = *state;
    world->settings.store = store;
    world->settings.timing.cooldown_ms = 0;
    begin(world);
    run_cycles(world, 1);
    keys_set(world, KEYS_OF("k2"));
    want(world, 1, true);
    run_cycles(world, 1);
    restart(world);
    issuer_restore(world->issuer);
    assert_string_equal(published(world), "k2");
}

/* Attack: the disk is full when a stolen key is revoked; the next start must not bring it back. */
static void keys_that_could_not_be_replaced_in_the_store_are_removed_from_it(void **state)
{
    struct world *world = *state;
    AUTO(arena) arena = {0};
    struct stored stored;
    struct rlimit before;
    world->settings.store = store;
    world->settings.timing.cooldown_ms = 0;
    begin(world);
    run_cycles(world, 1);
    assert_true(store_get(world, &arena, &stored));
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
    const struct rlimit full = {10, before.rlim_max};
    signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &full), 0);
    keys_set(world, KEYS_OF("k2"));
    want(world, 1, true);
    run_cycles(world, 1);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
    assert_string_equal(published(world), "k2");
    assert_false(store_get(world, &arena, &stored));
}

static void confirmed_keys_are_written_again_but_not_each_time(void **state)
{
    struct world *world = *state;
    AUTO(arena) arena = {0};
    struct stored stored;
    world->settings.store = store;
    world->settings.timing.cooldown_ms = 0;
    world->settings.timing.max_stale_ms = 5000; /* written at most each half second */
    world->settings.timing.refresh_ms = 20;
    begin(world);
    run_cycles(world, 1);
    assert_true(store_drop(store, span_str(tiny_url(world->server, DISCOVERY)), NULL));
    run_cycles(world, 2);
    assert_false(store_get(world, &arena, &stored));
    int64_t begun_ms = now_read().mono_ms;
    while (!store_get(world, &arena, &stored))
        run_cycles(world, 1);
    assert_in_range(now_read().mono_ms - begun_ms, 200, 5000);
}

static void a_store_that_comes_with_a_reload_gets_the_keys_there_are(void **state)
{
    struct world *world = *state;
    AUTO(arena) arena = {0};
    struct stored stored;
    begin(world);
    run_cycles(world, 1);
    struct issuers_settings settings = world->settings;
    settings.store = store;
    issuers_configure(world->issuers, &settings);
    assert_true(store_get(world, &arena, &stored));
    assert_true(span_eq(stored.discovery.issuer, SPAN("https://idp.example")));
    assert_in_range(now_read().wall_s - stored.fetched_at_s, 0, 5);
}

static void the_same_settings_again_cause_no_fetch(void **state)
{
    struct world *world = *state;
    const struct issuer_provider provider = {.ca_file = "/a", .client_certificate = "/b", .is_name_checked = false};
    const struct issuer_provider same = {.ca_file = (char[]){"/a"}, .client_certificate = (char[]){"/b"}};
    begin(world);
    assert_true(issuer_provide(world->issuer, &provider, NULL));
    run_cycles(world, 1);
    assert_true(issuer_provide(world->issuer, &same, NULL));
    assert_false(issuer_is_fetching(world->issuer));
    assert_true(issuer_provide(world->issuer, &(struct issuer_provider){.ca_file = "/a"}, NULL));
    assert_true(issuer_is_fetching(world->issuer)); /* another certificate: none */
    run_cycles(world, 1);
    assert_int_equal(tiny_count(world->server, DISCOVERY), 2);
    assert_string_equal(published(world), "k1");
}

static void new_settings_replace_a_cycle_under_way(void **state)
{
    struct world *world = *state;
    tiny_answer(world->server, DISCOVERY, (struct tiny_reply){.is_hanging = true});
    begin(world);
    while (tiny_count(world->server, DISCOVERY) == 0)
        event_base_loop(world->base, EVLOOP_ONCE);
    document_set(world, "https://idp.example", "/keys");
    assert_true(issuer_provide(world->issuer, &(struct issuer_provider){.is_host_checked = true}, NULL));
    assert_true(issuer_is_fetching(world->issuer));
    run_cycles(world, 1);
    assert_string_equal(published(world), "k1");
    assert_int_equal(world->concluded, 1);
}

static void keys_that_a_tightened_check_refuses_go_at_once(void **state)
{
    struct world *world = *state;
    begin(world);
    run_cycles(world, 1);
    assert_true(issuer_provide(world->issuer, &(struct issuer_provider){.is_host_checked = true}, NULL));
    assert_string_equal(published(world), "k1"); /* they stand that check */
    run_cycles(world, 1);
    assert_true(issuer_provide(world->issuer, &(struct issuer_provider){.is_name_checked = true}, NULL));
    assert_string_equal(published(world), "");
    assert_true(is_state(world, false, true));
    assert_true(issuer_is_fetching(world->issuer));
    run_cycles(world, 1);
    assert_true(is_state(world, false, true));
    assert_true(issuer_provide(world->issuer, &(struct issuer_provider){0}, NULL));
    run_cycles(world, 1);
    assert_string_equal(published(world), "k1");
}

static void set_date(struct world *world, const char *path, int64_t ahead_s, const char *more)
{
    static char fields[2][128];
    char date[64];
    struct tm parts;
    time_t when = (time_t)(now_read().wall_s + ahead_s);
    bool is_keys = strcmp(path, "/keys") == 0;
    strftime(date, sizeof date, "%a, %d %b %Y %H:%M:%S GMT", gmtime_r(&when, &parts));
    snprintf(fields[is_keys], sizeof fields[is_keys], "Date: %s\r\n%s", date, more);
    struct span body = is_keys ? SPAN(KEYS_OF("k1")) : span_str(world->document);
    tiny_answer(world->server, is_keys ? "/keys" : DISCOVERY,
                (struct tiny_reply){.status = 200, .fields = fields[is_keys], .body = body});
}

static int64_t clock_ahead(struct world *world)
{
    struct issuer_state seen;
    struct span url = issuer_url(world->issuer);
    issuer_describe(world->issuer, &seen);
    int64_t shown = metric_value(metric_series(world->metrics, FAMILY_CLOCK, &url, 1));
    assert_int_equal(shown, seen.clock_ahead_s);
    return seen.clock_ahead_s;
}

/* Between the second that Date names and the moments around it at least one is lost. */
static void the_clocks_difference_is_what_is_sure(void **state)
{
    static const struct {
        int64_t date_s, keys_s; /* ahead; 1 day: no date */
        const char *more;
        int64_t least_s, most_s;
    } cases[] = {
        {0, 0, "", 0, 0},
        {-1, 3600, "", 0, 0}, /* the first of a cycle that has a date counts */
        {100, 0, "", 97, 100},
        {-100, 0, "", -100, -96},
        {86400, -50, "", -50, -46},
        {-3000, 0, "Age: 3000\r\n", 0, 0},
        {-3000, 0, "Age: yes\r\n", 0, 0},
        {-3000, 0, "Age: 0\r\n", -3000, -2996},
    };
    struct world *world = *state;
    world->settings.timing.cooldown_ms = 0;
    begin(world);
    run_cycles(world, 1);
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        document_set(world, "https://idp.example", "/keys");
        if (cases[i].date_s != 86400)
            set_date(world, DISCOVERY, cases[i].date_s, cases[i].more);
        set_date(world, "/keys", cases[i].keys_s, "");
        want(world, 1, true);
        run_cycles(world, 1);
        int64_t ahead_s = clock_ahead(world);
        if (ahead_s < cases[i].least_s || ahead_s > cases[i].most_s)
            fail_msg("case %zu: %lld s", i, (long long)ahead_s);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define KEPT(test) cmocka_unit_test_setup_teardown(test, set_up_store, tear_down_store)
        KEPT(keys_of_the_last_life_serve_before_the_first_fetch_ends),
        KEPT(without_a_store_nothing_is_kept),
        KEPT(stored_keys_are_as_old_as_they_are),
        KEPT(stored_keys_end_with_max_stale_counted_from_their_fetch),
        KEPT(stored_documents_are_judged_as_if_just_fetched),
        KEPT(what_cannot_be_taken_is_ignored_and_replaced),
        KEPT(a_key_that_is_gone_is_gone_from_the_store_too),
        KEPT(keys_that_could_not_be_replaced_in_the_store_are_removed_from_it),
        KEPT(confirmed_keys_are_written_again_but_not_each_time),
        KEPT(a_store_that_comes_with_a_reload_gets_the_keys_there_are),
        KEPT(the_same_settings_again_cause_no_fetch),
        KEPT(new_settings_replace_a_cycle_under_way),
        KEPT(keys_that_a_tightened_check_refuses_go_at_once),
        KEPT(the_clocks_difference_is_what_is_sure),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
