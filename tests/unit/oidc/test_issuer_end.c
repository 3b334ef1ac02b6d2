/* SPDX-License-Identifier: Apache-2.0 */
/* Issuers that end while something of theirs is under way, and threads that ask and let go at the same time. */
#include "issuer_world.h"

#include <pthread.h>

static void threads_that_want_at_once_claim_once(void **state)
{
    struct world *world = *state;
    pthread_t threads[4];
    struct wanting wanting[4];
    _Atomic(unsigned) yes = 0;
    begin(world);
    run_cycles(world, 1);
    for (size_t i = 0; i < COUNT_OF(threads); i++) {
        wanting[i] = (struct wanting){issuer_take(world->issuer), &yes};
        assert_int_equal(pthread_create(&threads[i], NULL, want_often, &wanting[i]), 0);
    }
    run_cycles(world, 1);
    for (size_t i = 0; i < COUNT_OF(threads); i++)
        pthread_join(threads[i], NULL);
    assert_true(yes >= 1);
    assert_int_equal(tiny_count(world->server, DISCOVERY), 2);
}

static void an_issuer_nobody_holds_is_removed_with_its_fetch(void **state)
{
    struct world *world = *state;
    tiny_answer(world->server, DISCOVERY, (struct tiny_reply){.is_hanging = true});
    begin(world);
    struct issuer *second = issuers_take(world->issuers, span_str(tiny_url(world->server, "/second")), NULL);
    while (tiny_count(world->server, DISCOVERY) == 0)
        event_base_loop(world->base, EVLOOP_ONCE);
    issuer_release(STEAL(world->issuer));
    run_cycles(world, 1); /* of the second, which answers 404 */
    for (unsigned i = 0; i < 5; i++)
        event_base_loop(world->base, EVLOOP_ONCE | EVLOOP_NONBLOCK);
    world->issuer = issuers_take(world->issuers, span_str(tiny_url(world->server, "")), NULL);
    document_set(world, "https://idp.example", "/keys");
    run_cycles(world, 1);
    assert_int_equal(tiny_count(world->server, DISCOVERY), 2); /* made anew, fetched anew */
    assert_string_equal(published(world), "k1");
    issuer_release(second);
}

/* The registry ends in every phase of a cycle, with a claim open, with and without a holder left behind. */
static void the_registry_may_end_at_any_turn(void **state)
{
    struct world *world = *state;
    world->settings.timing.refresh_ms = 1;
    world->settings.timing.cooldown_ms = 0;
    tiny_answer(world->server, DISCOVERY,
                (struct tiny_reply){.status = 200, .body = span_str(world->document), .drip_bytes = 40});
    tiny_answer(world->server, "/keys",
                (struct tiny_reply){.status = 200, .body = SPAN(KEYS_OF("k1")), .drip_bytes = 40});
    for (unsigned turns = 0; turns < 60; turns++) {
        begin(world);
        for (unsigned i = 0; i < turns; i++)
            event_base_loop(world->base, EVLOOP_ONCE);
        issuer_want(world->issuer, 1);
        if (turns % 2 == 0)
            issuer_release(STEAL(world->issuer));
        unsigned concluded = world->concluded;
        issuers_free(STEAL(world->issuers));
        assert_int_equal(world->concluded, concluded);
        if (world->issuer != NULL)
            assert_false(issuer_want(world->issuer, 2)); /* harmless, and nothing to wait for */
        issuer_release(STEAL(world->issuer));
        for (unsigned i = 0; i < 5; i++)
            event_base_loop(world->base, EVLOOP_ONCE | EVLOOP_NONBLOCK);
    }
    assert_true(world->concluded > 0);
}

static void references_of_all_threads_are_counted(void **state)
{
    struct world *world = *state;
    pthread_t threads[4];
    struct wanting wanting[4];
    _Atomic(unsigned) yes = 0;
    begin(world);
    for (size_t i = 0; i < COUNT_OF(threads); i++) {
        wanting[i] = (struct wanting){issuer_take(world->issuer), &yes};
        assert_int_equal(pthread_create(&threads[i], NULL, want_often, &wanting[i]), 0);
    }
    issuer_release(STEAL(world->issuer)); /* the last of the threads lets go of it */
    for (size_t i = 0; i < COUNT_OF(threads); i++)
        pthread_join(threads[i], NULL);
    for (unsigned i = 0; i < 5; i++)
        event_base_loop(world->base, EVLOOP_ONCE | EVLOOP_NONBLOCK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(threads_that_want_at_once_claim_once, set_up, tear_down),
        cmocka_unit_test_setup_teardown(an_issuer_nobody_holds_is_removed_with_its_fetch, set_up, tear_down),
        cmocka_unit_test_setup_teardown(the_registry_may_end_at_any_turn, set_up, tear_down),
        cmocka_unit_test_setup_teardown(references_of_all_threads_are_counted, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
