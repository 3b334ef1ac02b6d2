/* SPDX-License-Identifier: Apache-2.0 */
/* Refused tokens counted by address.  The attacks: guessing without end from one address; filling the table from many, so that others
 * are locked out or one's own refusals forgotten.
 */
#include "proxy/refusals.h"
#include "unit.h"

static struct client_key key_of(size_t number)
{
    struct client_key key = {{[0] = 0x20}};
    for (size_t i = 0; i < 4; i++)
        key.bytes[1 + i] = (unsigned char)(number >> 8 * i);
    return key;
}

static void so_many_a_minute_and_then_one_waits(void **state)
{
    AUTO_PTR(refusals) refusals = refusals_new();
    const struct client_key key = key_of(1);
    const struct client_key other = key_of(2);
    (void)state;
    for (int i = 0; i < 6; i++) {
        assert_int_equal(refusals_wait_ms(refusals, &key, 6, 1000), 0);
        refusals_count(refusals, &key, 6, 1000);
    }
    /* six a minute: one leaks in ten seconds */
    assert_int_equal(refusals_wait_ms(refusals, &key, 6, 1000), 10000);
    assert_int_equal(refusals_wait_ms(refusals, &key, 6, 10999), 1);
    assert_int_equal(refusals_wait_ms(refusals, &key, 6, 11000), 0);
    assert_int_equal(refusals_wait_ms(refusals, &other, 6, 1000), 0);
    refusals_count(refusals, &key, 6, 11000);
    assert_int_equal(refusals_wait_ms(refusals, &key, 6, 11000), 10000);
    assert_int_equal(refusals_wait_ms(refusals, &key, 6, 71000), 0);
}

static void what_comes_beyond_the_limit_does_not_make_the_wait_longer(void **state)
{
    AUTO_PTR(refusals) refusals = refusals_new();
    const struct client_key key = key_of(1);
    (void)state;
    for (int i = 0; i < 1000; i++)
        refusals_count(refusals, &key, 1, 5000);
    assert_int_equal(refusals_wait_ms(refusals, &key, 1, 5000), 60000);
    assert_int_equal(refusals_wait_ms(refusals, &key, 1, 65000), 0);
}

static void a_clock_that_stands_and_a_limit_that_changes_do_no_harm(void **state)
{
    AUTO_PTR(refusals) refusals = refusals_new();
    const struct client_key key = key_of(1);
    (void)state;
    for (int i = 0; i < 10; i++)
        refusals_count(refusals, &key, 10, 5000);
    assert_true(refusals_wait_ms(refusals, &key, 10, 4000) > 0);
    assert_true(refusals_wait_ms(refusals, &key, 1, 5000) > 0);
    assert_int_equal(refusals_wait_ms(refusals, &key, 1000000, 5000), 0);
}

/* Who filled his bucket stays in, whoever comes after; nobody else is made to wait. */
static void a_full_table_forgets_the_emptiest(void **state)
{
    enum { MANY = 400000, LIMIT = 3 };
    AUTO_PTR(refusals) refusals = refusals_new();
    const struct client_key guesser = key_of(MANY + 1);
    (void)state;
    for (int i = 0; i < LIMIT; i++)
        refusals_count(refusals, &guesser, LIMIT, 1000);
    for (size_t i = 0; i < MANY; i++) {
        const struct client_key key = key_of(i);
        refusals_count(refusals, &key, LIMIT, 1000);
    }
    assert_true(refusals_wait_ms(refusals, &guesser, LIMIT, 1000) > 0);
    for (size_t i = 0; i < MANY; i++) {
        const struct client_key key = key_of(i);
        assert_int_equal(refusals_wait_ms(refusals, &key, LIMIT, 1000), 0);
    }
    assert_true(refusals_addresses(refusals) <= 65536);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(so_many_a_minute_and_then_one_waits),
        cmocka_unit_test(what_comes_beyond_the_limit_does_not_make_the_wait_longer),
        cmocka_unit_test(a_clock_that_stands_and_a_limit_that_changes_do_no_harm),
        cmocka_unit_test(a_full_table_forgets_the_emptiest),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
