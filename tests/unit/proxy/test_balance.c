/* SPDX-License-Identifier: Apache-2.0 */
/* Who gets the next request: exact over a cycle, spread within it, and only those that may be chosen. */
#include "proxy/balance.h"
#include "unit.h"

enum { SERVERS = 4 };

static void take_turns(const unsigned weights[SERVERS], uint64_t among, size_t rounds, size_t counts[SERVERS])
{
    struct balance_server servers[SERVERS] = {{0}};
    memset(counts, 0, SERVERS * sizeof *counts);
    for (size_t i = 0; i < SERVERS; i++)
        servers[i].weight = weights[i];
    for (size_t i = 0; i < rounds; i++)
        counts[balance_in_turn(servers, SERVERS, among)]++;
}

static void a_cycle_gives_each_server_its_weight(void **state)
{
    static const struct {
        unsigned weights[SERVERS];
        uint64_t among;
        size_t cycle;
        size_t counts[SERVERS];
    } cases[] = {
        {{1, 1, 1, 1}, 15, 4, {1, 1, 1, 1}},       {{5, 1, 1, 3}, 15, 10, {5, 1, 1, 3}},
        {{100, 1, 1, 1}, 15, 103, {100, 1, 1, 1}}, {{5, 1, 1, 3}, 5, 6, {5, 0, 1, 0}},
        {{5, 1, 1, 3}, 8, 7, {0, 0, 0, 7}},
    };
    size_t counts[SERVERS];
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        take_turns(cases[i].weights, cases[i].among, cases[i].cycle, counts);
        assert_memory_equal(counts, cases[i].counts, sizeof counts);
    }
}

static void a_heavy_server_is_not_chosen_in_a_row(void **state)
{
    struct balance_server servers[3] = {{.weight = 4}, {.weight = 2}, {.weight = 1}};
    static const size_t order[] = {0, 1, 0, 2, 0, 1, 0};
    (void)state;
    for (size_t cycle = 0; cycle < 3; cycle++)
        for (size_t i = 0; i < COUNT_OF(order); i++)
            assert_int_equal(balance_in_turn(servers, 3, balance_all(3)), order[i]);
}

static void the_least_busy_for_its_weight_is_chosen(void **state)
{
    static const struct {
        struct balance_server servers[3];
        uint64_t among;
        size_t chosen;
    } cases[] = {
        {{{0, 1, 3}, {0, 1, 2}, {0, 1, 4}}, 7, 1},
        {{{0, 1, 3}, {0, 1, 2}, {0, 1, 4}}, 5, 0},
        {{{0, 4, 3}, {0, 1, 1}, {0, 1, 2}}, 7, 0},
        {{{0, 2, 4}, {0, 1, 1}, {0, 1, 2}}, 7, 1},
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct balance_server servers[3];
        memcpy(servers, cases[i].servers, sizeof servers);
        assert_int_equal(balance_least(servers, 3, cases[i].among), cases[i].chosen);
    }
}

static void equally_busy_servers_take_turns_by_weight(void **state)
{
    struct balance_server servers[3] = {{.weight = 2}, {.weight = 1}, {.weight = 1, .busy = 1}};
    size_t counts[3] = {0};
    (void)state;
    for (size_t i = 0; i < 6; i++)
        counts[balance_least(servers, 3, balance_all(3))]++;
    assert_int_equal(counts[0], 4);
    assert_int_equal(counts[1], 2);
    assert_int_equal(counts[2], 0);
}

static void a_set_of_all_has_a_bit_for_each(void **state)
{
    (void)state;
    assert_true(balance_all(1) == 1);
    assert_true(balance_all(5) == 31);
    assert_true(balance_all(63) == UINT64_MAX >> 1);
    assert_true(balance_all(BALANCE_SERVERS_MAX) == UINT64_MAX);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_cycle_gives_each_server_its_weight),
        cmocka_unit_test(a_heavy_server_is_not_chosen_in_a_row),
        cmocka_unit_test(the_least_busy_for_its_weight_is_chosen),
        cmocka_unit_test(equally_busy_servers_take_turns_by_weight),
        cmocka_unit_test(a_set_of_all_has_a_bit_for_each),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
