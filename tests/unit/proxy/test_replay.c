/* SPDX-License-Identifier: Apache-2.0 */
/* The attack: one proof sent many times at once, over many connections, in the hope that two workers take it.
 *
 * Goal: a name is fresh once until its time is over, for all threads together, and the table never forgets one to make room.
 * Method: small tables with a time of one's own, then threads that race for the same names.
 */
#include "proxy/replay.h"

#include "unit.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>

struct name {
    unsigned char at[REPLAY_NAME_BYTES];
};

static struct name name_of(unsigned number)
{
    struct name name = {{0}};
    snprintf((char *)name.at, sizeof name.at, "%u", number);
    return name;
}

static enum replay_verdict note(struct replay *replay, unsigned number, int64_t until_s, int64_t now_s)
{
    struct name name = name_of(number);
    return replay_note(replay, name.at, until_s, now_s);
}

static void name_is_fresh_once_until_its_time_is_over(void **state)
{
    AUTO_PTR(replay) replay = replay_new(10);
    (void)state;
    assert_int_equal(note(replay, 1, 160, 100), REPLAY_FRESH);
    assert_int_equal(note(replay, 1, 160, 100), REPLAY_SEEN);
    assert_int_equal(note(replay, 2, 160, 100), REPLAY_FRESH);
    assert_int_equal(note(replay, 1, 160, 160), REPLAY_SEEN);
    assert_int_equal(note(replay, 1, 221, 161), REPLAY_FRESH);
    assert_int_equal(note(replay, 1, 221, 161), REPLAY_SEEN);
}

static void full_table_forgets_nothing(void **state)
{
    enum { MAX = 50 };
    AUTO_PTR(replay) replay = replay_new(MAX);
    (void)state;
    for (unsigned i = 0; i < MAX; i++)
        assert_int_equal(note(replay, i, 160 + i % 2, 100), REPLAY_FRESH);
    assert_int_equal(replay_count(replay), MAX);
    assert_int_equal(note(replay, MAX, 160, 100), REPLAY_FULL);
    assert_int_equal(note(replay, MAX, 160, 160), REPLAY_FULL);
    for (unsigned i = 0; i < MAX; i++)
        assert_int_equal(note(replay, i, 160, 160), REPLAY_SEEN);
    /* The half whose time is over makes room. */
    for (unsigned i = 0; i < MAX / 2; i++)
        assert_int_equal(note(replay, MAX + i, 300, 161), REPLAY_FRESH);
    assert_int_equal(note(replay, 2 * MAX, 300, 161), REPLAY_FULL);
    for (unsigned i = 1; i < MAX; i += 2)
        assert_int_equal(note(replay, i, 161, 161), REPLAY_SEEN);
}

static void table_cleans_itself_while_it_is_used(void **state)
{
    enum { EACH = 100 };
    AUTO_PTR(replay) replay = replay_new(1000000);
    (void)state;
    for (int64_t now_s = 0; now_s < 2000; now_s++)
        for (unsigned i = 0; i < EACH; i++)
            assert_int_equal(note(replay, (unsigned)now_s * EACH + i, now_s, now_s), REPLAY_FRESH);
    assert_true(replay_count(replay) < 2000 * EACH);
    replay_sweep(replay, 2000);
    assert_int_equal(replay_count(replay), 0);
}

static void maximum_can_change_without_a_loss(void **state)
{
    AUTO_PTR(replay) replay = replay_new(2);
    (void)state;
    assert_int_equal(note(replay, 1, 160, 100), REPLAY_FRESH);
    assert_int_equal(note(replay, 2, 160, 100), REPLAY_FRESH);
    assert_int_equal(note(replay, 3, 160, 100), REPLAY_FULL);
    replay_limit(replay, 3);
    assert_int_equal(note(replay, 3, 160, 100), REPLAY_FRESH);
    replay_limit(replay, 1);
    assert_int_equal(note(replay, 4, 160, 100), REPLAY_FULL);
    assert_int_equal(note(replay, 1, 160, 100), REPLAY_SEEN);
    assert_int_equal(replay_note(NULL, name_of(1).at, 160, 100), REPLAY_FULL);
}

/* ---- threads ---- */

enum { RACERS = 4, RACED = 5000 };

struct race {
    struct replay *replay;
    _Atomic(unsigned) fresh, seen, started;
};

static void *run_race(void *context)
{
    struct race *race = context;
    atomic_fetch_add(&race->started, 1);
    while (atomic_load(&race->started) < RACERS)
        ;
    for (unsigned i = 0; i < RACED; i++) {
        enum replay_verdict verdict = note(race->replay, i, 1000, 100 + i % 7);
        atomic_fetch_add(verdict == REPLAY_FRESH ? &race->fresh : &race->seen, 1);
    }
    return NULL;
}

static void one_of_many_threads_finds_a_name_fresh(void **state)
{
    AUTO_PTR(replay) replay = replay_new(RACED);
    struct race race = {.replay = replay};
    pthread_t threads[RACERS];
    (void)state;
    for (int i = 0; i < RACERS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, run_race, &race), 0);
    for (int i = 0; i < RACERS; i++)
        pthread_join(threads[i], NULL);
    assert_int_equal(atomic_load(&race.fresh), RACED);
    assert_int_equal(atomic_load(&race.seen), RACED * (RACERS - 1));
    assert_int_equal(replay_count(replay), RACED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(name_is_fresh_once_until_its_time_is_over),
        cmocka_unit_test(full_table_forgets_nothing),
        cmocka_unit_test(table_cleans_itself_while_it_is_used),
        cmocka_unit_test(maximum_can_change_without_a_loss),
        cmocka_unit_test(one_of_many_threads_finds_a_name_fresh),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
