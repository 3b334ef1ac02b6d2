/* SPDX-License-Identifier: Apache-2.0 */
/* Goal: a map holds what was put and not what was removed, whatever the order.  Method: small cases, then many random puts
 * and removals beside a plain array; then each allocation failing.
 */
#include "unit.h"

#include "alloc_fail.h"
#include "base/map.h"

enum { NAMES = 500, STEPS = 20000 };

static char names[NAMES][8];

static int names_make(void **state)
{
    (void)state;
    for (unsigned i = 0; i < NAMES; i++)
        snprintf(names[i], sizeof names[i], "k%u", i);
    return 0;
}

static void empty_map_holds_nothing(void **state)
{
    struct map m = {0};
    size_t at = 0;
    void *value;
    (void)state;
    assert_null(map_get(&m, SPAN("a")));
    assert_null(map_remove(&m, SPAN("a")));
    assert_false(map_next(&m, &at, NULL, &value));
    map_fini(&m);
}

static void key_is_compared_as_whole_byte_string(void **state)
{
    AUTO(map) m = {0};
    (void)state;
    assert_true(map_put(&m, span_of("a\0b", 3), names[0]));
    assert_ptr_equal(map_get(&m, span_of("a\0b", 3)), names[0]);
    assert_null(map_get(&m, span_of("a\0c", 3)));
    assert_null(map_get(&m, SPAN("a")));
    assert_null(map_get(&m, SPAN("")));
    assert_true(map_put(&m, SPAN(""), names[1]));
    assert_ptr_equal(map_get(&m, span_of(NULL, 0)), names[1]);
}

static void second_put_replaces_value_and_key(void **state)
{
    AUTO(map) m = {0};
    char first[] = "name";
    char second[] = "name";
    struct span key;
    void *value;
    size_t at = 0;
    (void)state;
    assert_true(map_put(&m, span_str(first), names[0]));
    assert_true(map_put(&m, span_str(second), names[1]));
    assert_int_equal(m.count, 1);
    assert_true(map_next(&m, &at, &key, &value));
    assert_ptr_equal(key.at, second);
    assert_ptr_equal(value, names[1]);
    assert_false(map_next(&m, &at, &key, &value));
}

static size_t walk_count(const struct map *m)
{
    size_t at = 0;
    size_t count = 0;
    struct span key;
    void *value;
    while (map_next(m, &at, &key, &value)) {
        assert_true(span_eq(key, span_str(value)));
        count++;
    }
    return count;
}

static void many_puts_and_removals_lose_and_keep_nothing(void **state)
{
    AUTO(map) m = {0};
    bool is_in[NAMES] = {false};
    size_t count = 0;
    uint32_t random = 1;
    (void)state;
    for (unsigned step = 0; step < STEPS; step++) {
        random = random * 1664525u + 1013904223u;
        unsigned i = (random >> 8) % NAMES;
        if (random >> 31 != 0) {
            assert_true(map_put(&m, span_str(names[i]), names[i]));
            count += !is_in[i];
            is_in[i] = true;
        } else {
            assert_ptr_equal(map_remove(&m, span_str(names[i])), is_in[i] ? names[i] : NULL);
            count -= is_in[i];
            is_in[i] = false;
        }
        assert_int_equal(m.count, count);
    }
    for (unsigned i = 0; i < NAMES; i++)
        assert_ptr_equal(map_get(&m, span_str(names[i])), is_in[i] ? names[i] : NULL);
    assert_int_equal(walk_count(&m), count);
}

static bool put_all(void *arg)
{
    AUTO(map) m = {0};
    (void)arg;
    for (unsigned i = 0; i < 100; i++) {
        if (map_put(&m, span_str(names[i]), names[i]))
            continue;
        assert_int_equal(m.count, i);
        assert_null(map_get(&m, span_str(names[i])));
        assert_int_equal(walk_count(&m), i);
        return false;
    }
    return true;
}

static void put_without_memory_changes_nothing(void **state)
{
    (void)state;
    assert_true(alloc_fail_each(put_all, NULL, false) >= 5);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(empty_map_holds_nothing),
        cmocka_unit_test(key_is_compared_as_whole_byte_string),
        cmocka_unit_test(second_put_replaces_value_and_key),
        cmocka_unit_test(many_puts_and_removals_lose_and_keep_nothing),
        cmocka_unit_test(put_without_memory_changes_nothing),
    };
    return cmocka_run_group_tests(tests, names_make, NULL);
}
