/* SPDX-License-Identifier: Apache-2.0 */
/* Every way out of memory is a clean one: each allocation of these flows fails once.  The provider runs in a process of its own,
 * since its allocations are not the ones looked at.
 */
#include "alloc_fail.h"
#include "issuer_world.h"
#include "oidc/discovery.h"
#include "oidc/store.h"
#include "oidc/stored.h"
#include "oidc/verified.h"

#include <signal.h>
#include <sys/wait.h>

static bool read_discovery(void *arg)
{
    AUTO(arena) arena = {0};
    struct discovery discovery;
    struct err err = {0};
    (void)arg;
    bool is_read = discovery_read(&discovery, &arena, SPAN("{\"issuer\":\"https://i\",\"jwks_uri\":\"https://i/k\"}"),
                                  false, &err);
    assert_true(is_read || err.text[0] != '\0');
    return is_read && discovery_url(&arena, SPAN("https://i")) != NULL;
}

static void discovery_fails_cleanly_without_memory(void **state)
{
    (void)state;
    assert_true(alloc_fail_each(read_discovery, NULL, false) > 0);
}

static bool make_verified(void *arg)
{
    (void)arg;
    AUTO_PTR(verified) verified = verified_new(64, 65536);
    return verified != NULL;
}

static void the_memory_of_tokens_fails_cleanly_without_memory(void **state)
{
    (void)state;
    assert_true(alloc_fail_each(make_verified, NULL, false) > 0);
}

static bool keep(void *arg)
{
    static const struct stored sample = {
        SPAN_INIT("https://i/u"), {SPAN_INIT("https://i"), SPAN_INIT("https://i/k")}, SPAN_INIT("ca"), 1};
    AUTO(arena) arena = {0};
    AUTO(buf) text = {0};
    struct stored again = {0};
    struct err err = {0};
    (void)arg;
    bool is_kept = stored_write(&text, &sample, SPAN(KEYS_OF("k1")), &err) &&
                   stored_read(&again, &arena, buf_span(&text), false, &err);
    assert_true(is_kept || err.reason == REASON_OUT_OF_MEMORY);
    return is_kept;
}

static void keeping_fails_cleanly_without_memory(void **state)
{
    (void)state;
    assert_true(alloc_fail_each(keep, NULL, false) > 0);
}

static char store[] = "/tmp/jwtgate-memory-XXXXXX";

/* One whole life, where there is a store with the keys of the one before; the cycle that lacked memory failed like any other, and
 * the next brings the keys.
 */
static bool live_once(void *arg)
{
    struct world *world = arg;
    struct err err = {0};
    struct world life = {.base = event_base_new(), .server = world->server, .settings = world->settings};
    life.settings.context = &life;
    life.settings.timing.refresh_ms = 1;
    life.settings.timing.max_stale_ms = 60000;
    life.settings.timing.timeout_ms = 500; /* a socket that found no memory for its watch ends by it */
    life.issuers = issuers_new(life.base, &life.settings, &err);
    struct span url = span_str(tiny_url(world->server, ""));
    if (life.issuers != NULL)
        life.issuer = issuers_take(life.issuers, url, &err);
    bool is_made = life.issuer != NULL;
    assert_true(is_made || err.reason == REASON_OUT_OF_MEMORY);
    if (is_made && !issuer_provide(life.issuer, &(struct issuer_provider){.proxy = ""}, &err))
        assert_int_equal(err.reason, REASON_OUT_OF_MEMORY);
    if (is_made)
        issuer_restore(life.issuer);
    while (is_made && !is_state(&life, true, false))
        run_cycles(&life, 1);
    if (is_made)
        run_cycles(&life, 2); /* one more may lack memory */
    issuers_free(life.issuers);
    issuer_release(life.issuer);
    event_base_free(life.base);
    return is_made;
}

static void an_issuer_outlives_any_lack_of_memory(void **state)
{
    struct world *world = *state;
    assert_non_null(mkdtemp(store));
    pid_t provider = fork();
    assert_true(provider >= 0);
    if (provider == 0) {
        event_reinit(world->base);
        event_base_dispatch(world->base);
        _exit(0);
    }
    assert_true(alloc_fail_each(live_once, world, true) > 20);
    world->settings.store = store;
    assert_true(alloc_fail_each(live_once, world, true) > 20);
    kill(provider, SIGKILL);
    waitpid(provider, NULL, 0);
    assert_true(store_drop(store, span_str(tiny_url(world->server, DISCOVERY)), NULL));
    rmdir(store);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(discovery_fails_cleanly_without_memory),
        cmocka_unit_test(keeping_fails_cleanly_without_memory),
        cmocka_unit_test(the_memory_of_tokens_fails_cleanly_without_memory),
        cmocka_unit_test_setup_teardown(an_issuer_outlives_any_lack_of_memory, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
