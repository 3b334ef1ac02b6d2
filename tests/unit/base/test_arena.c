/* SPDX-License-Identifier: Apache-2.0 */
/* Goal: memory of an arena is aligned, its own, bounded, and comes again from the pool.  Method: small cases; then each
 * allocation failing.
 */
#include "unit.h"

#include "alloc_fail.h"
#include "base/arena.h"

static void pieces_are_aligned_and_do_not_overlap(void **state)
{
    AUTO(arena) a = {0};
    unsigned char *at[200];
    (void)state;
    for (unsigned i = 0; i < COUNT_OF(at); i++) {
        at[i] = arena_zero(&a, i * 7);
        assert_non_null(at[i]);
        assert_int_equal((uintptr_t)at[i] % 16, 0);
        memset(at[i], (int)i, i * 7);
    }
    for (unsigned i = 0; i < COUNT_OF(at); i++)
        for (unsigned j = 0; j < i * 7; j++)
            assert_int_equal(at[i][j], i);
}

static void copy_and_printf_end_with_nul(void **state)
{
    AUTO(arena) a = {0};
    struct span copy = arena_copy(&a, SPAN("abc"));
    (void)state;
    assert_span(copy, "abc");
    assert_int_equal(copy.at[3], '\0');
    assert_span(arena_copy(&a, span_of(NULL, 0)), "");
    assert_span(arena_lower(&a, SPAN("A[z]\xc3\x84@Z")), "a[z]\xc3\x84@z");
    assert_span(arena_lower(&a, span_of(NULL, 0)), "");
    assert_string_equal(arena_printf(&a, "%s-%d", "x", 5), "x-5");
}

static void arena_stops_at_its_maximum(void **state)
{
    AUTO(arena) a = {.bytes_max = (size_t)4 * ARENA_BLOCK_BYTES};
    size_t count = 0;
    (void)state;
    while (arena_take(&a, 1000) != NULL)
        count++;
    assert_in_range(count, 16, 32);
    assert_null(arena_take(&a, ARENA_BLOCK_BYTES));
    arena_fini(&a);
    assert_non_null(arena_take(&a, 1000));
}

static void huge_sizes_are_refused(void **state)
{
    AUTO(arena) a = {0};
    (void)state;
    assert_null(arena_take(&a, SIZE_MAX));
    assert_null(arena_take(&a, SIZE_MAX - 15));
    assert_non_null(arena_take(&a, 3 * ARENA_BLOCK_BYTES));
}

static void blocks_come_again_from_the_pool(void **state)
{
    AUTO(arena_pool) pool = {0};
    struct arena a = {.pool = &pool};
    (void)state;
    assert_non_null(arena_take(&a, 100));
    assert_non_null(arena_take(&a, 2 * ARENA_BLOCK_BYTES)); /* of no usual size: goes back to malloc */
    arena_fini(&a);
    assert_int_equal(pool.count, 1);
    alloc_fail_at(1);
    assert_non_null(arena_take(&a, 100));
    assert_int_equal(pool.count, 0);
    assert_null(arena_take(&a, 2 * ARENA_BLOCK_BYTES));
    alloc_fail_at(0);
    arena_fini(&a);
}

static bool take_much(void *arg)
{
    AUTO(arena) a = {0};
    (void)arg;
    for (unsigned i = 0; i < 100; i++)
        if (arena_zero(&a, 500) == NULL)
            return false;
    return arena_copy(&a, SPAN("abc")).at != NULL && arena_printf(&a, "%d", 1) != NULL;
}

static void taking_without_memory_gives_null(void **state)
{
    (void)state;
    assert_true(alloc_fail_each(take_much, NULL, false) >= 6);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pieces_are_aligned_and_do_not_overlap),
        cmocka_unit_test(copy_and_printf_end_with_nul),
        cmocka_unit_test(arena_stops_at_its_maximum),
        cmocka_unit_test(huge_sizes_are_refused),
        cmocka_unit_test(blocks_come_again_from_the_pool),
        cmocka_unit_test(taking_without_memory_gives_null),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
