/* SPDX-License-Identifier: Apache-2.0 */
/* The table of algorithms against RFC 7518 3.1, RFC 8037 3.1 and RFC 9864 2.2. */
#include "jose/alg.h"

#include <stdarg.h>
#include <setjmp.h>
#include <cmocka.h>

static void each_algorithm_is_found_by_its_name_alone(void **state)
{
    (void)state;
    for (unsigned i = ALG_UNKNOWN + 1; i < ALG_COUNT; i++) {
        assert_int_equal(alg_by_name(span_str(alg_info((enum alg)i)->name)), i);
        assert_true(alg_set_has(alg_set_all(), (enum alg)i));
        for (unsigned k = ALG_UNKNOWN; k < ALG_COUNT; k++)
            assert_int_equal(alg_set_has(alg_set_of((enum alg)i), (enum alg)k), i == k);
    }
    assert_false(alg_set_has((struct alg_set){~0u}, ALG_UNKNOWN));
}

/* Attacks A2, A7, A8: what is nearly a name is none. */
static void other_spellings_are_unknown(void **state)
{
    (void)state;
    static const struct span names[] = {
        SPAN_INIT(""),       SPAN_INIT("none"),    SPAN_INIT("None"),  SPAN_INIT("rs256"), SPAN_INIT(" RS256"),
        SPAN_INIT("RS256 "), SPAN_INIT("RS256\0"), SPAN_INIT("RS25"),  SPAN_INIT("RS999"), SPAN_INIT("RS1"),
        SPAN_INIT("HS1"),    SPAN_INIT("ES256K"),  SPAN_INIT("EDDSA"), SPAN_INIT("ES521"), SPAN_INIT("ed25519"),
        SPAN_INIT("Ed448 "), SPAN_INIT("ESP256"),
    };
    for (size_t i = 0; i < COUNT_OF(names); i++)
        assert_int_equal(alg_by_name(names[i]), ALG_UNKNOWN);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_algorithm_is_found_by_its_name_alone),
        cmocka_unit_test(other_spellings_are_unknown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
