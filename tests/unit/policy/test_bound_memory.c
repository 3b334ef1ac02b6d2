/* SPDX-License-Identifier: Apache-2.0 */
/* A proof that can't be looked at whole is not taken, and a list of revoked tokens is read whole or not at all: a missing entry would
 * let a stolen token pass.
 *
 * Method: the same proof and the same list with the first, second ... allocation failing.
 */
#include "alloc_fail.h"
#include "policy/dpop.h"
#include "policy/revocation.h"
#include "unit.h"

/* RFC 9449 7.1: the example. */
static const char proof_text[] =
    "eyJ0eXAiOiJkcG9wK2p3dCIsImFsZyI6IkVTMjU2IiwiandrIjp7Imt0eSI6IkVDIiwieCI6Imw4dEZyaHgtMzR0VjNoUklDUkRZOXpDa0RscEJo"
    "RjQyVVFVZldWQVdCRnMiLCJ5IjoiOVZFNGpmX09rX282NHpiVFRsY3VOSmFqSG10NnY5VERWclUwQ2R2R1JEQSIsImNydiI6IlAtMjU2In19."
    "eyJqdGkiOiJlMWozVl9iS2ljOC1MQUVCIiwiaHRtIjoiR0VUIiwiaHR1IjoiaHR0cHM6Ly9yZXNvdXJjZS5leGFtcGxlLm9yZy9wcm90ZWN0ZWRy"
    "ZXNvdXJjZSIsImlhdCI6MTU2MjI2MjYxOCwiYXRoIjoiZlVIeU8ycjJaM0RaNTNFc05yV0JiMHhXWG9hTnk1OUlpS0NBcWtzbVFFbyJ9.2oW9RP35"
    "yRqzhrtNP86L-Ey71EOptxRimPPToA1plemAgR6pxHF8y6-yqyVnmcw6Fy1dqd-jfxSYoMxhAJpLjA";

static bool check_proof(void *arg)
{
    AUTO(arena) arena = {0};
    const struct dpop_request request = {.proof = span_str(proof_text),
                                         .proof_count = 1,
                                         .method = SPAN("GET"),
                                         .is_https = true,
                                         .authority = SPAN("resource.example.org"),
                                         .path = SPAN("/protectedresource"),
                                         .window_s = 60};
    const struct dpop_binding binding = {.token = SPAN("Kz~8mXK1EalYznwH-LC-1fBAo.4Ljp~zsPE_NeO.gxU"),
                                         .jkt = SPAN("0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I"),
                                         .algs = alg_set_of(ALG_ES256),
                                         .now_s = 1562262618,
                                         .limits = {.token_bytes_max = 16384, .json_depth_max = 32}};
    struct dpop_proof proof;
    struct dpop_fault fault;
    (void)arg;
    bool is_good = dpop_check(&request, &binding, &arena, &proof, &fault);
    assert_int_equal(is_good, fault.error == DPOP_NO_ERROR);
    return is_good;
}

static void proof_is_not_taken_half_looked_at(void **state)
{
    (void)state;
    assert_true(alloc_fail_each(check_proof, NULL, false) > 0);
}

static bool read_list(void *arg)
{
    AUTO(problems) problems;
    problems_init(&problems);
    (void)arg;
    struct revocation *list = revocation_read(
        "r.yaml", SPAN("revoked: [{jti: a, iss: i}, {sub: s, issued_before: 100}, {kid: k}]"), &problems);
    assert_int_equal(list == NULL, problems.errors > 0);
    bool is_read = list != NULL;
    assert_true(!is_read || revocation_count(list) == 3);
    revocation_release(list);
    return is_read;
}

static void list_is_read_whole_or_not_at_all(void **state)
{
    (void)state;
    assert_true(alloc_fail_each(read_list, NULL, false) > 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(proof_is_not_taken_half_looked_at),
        cmocka_unit_test(list_is_read_whole_or_not_at_all),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
