/* SPDX-License-Identifier: Apache-2.0 */
/* Goal: JSON of tokens arrives as it was given; what is no JSON is refused with what would be right. */
#include "dev/members.h"
#include "unit.h"

static void pairs_are_kept_byte_for_byte_in_the_order_first_set(void **state)
{
    AUTO(arena) arena = {0};
    AUTO(buf) out = {0};
    struct members members = {.arena = &arena};
    (void)state;
    assert_true(members_set_number(&members, "iat", 5, NULL));
    assert_true(members_set_text(&members, "sub", SPAN("a\"b"), NULL));
    assert_true(members_set_pair(&members, "x=1e3", NULL));
    assert_true(members_set_pair(&members, "aud=[\"a\", \"b=c\"]", NULL));
    assert_true(members_set_pair(&members, "iat=1.0", NULL));
    assert_true(members_set_pair(&members, "=null", NULL));
    assert_true(members_write(&members, &out));
    assert_span(buf_span(&out), "{\"iat\":1.0,\"sub\":\"a\\\"b\",\"x\":1e3,\"aud\":[\"a\", \"b=c\"],\"\":null}");
    members_remove(&members, SPAN("sub"));
    members_remove(&members, SPAN("absent"));
    assert_span(members_find(&members, SPAN("x")), "1e3");
    assert_null(members_find(&members, SPAN("sub")).at);
    assert_int_equal(members.count, 4);
}

static void what_is_no_json_is_refused(void **state)
{
    static const char *const pairs[] = {"sub",     "sub=me",  "sub=", "sub=\"me", "sub={\"a\":1,\"a\":2}",
                                        "sub=1 2", "sub='me'"};
    AUTO(arena) arena = {0};
    struct members members = {.arena = &arena};
    (void)state;
    for (size_t i = 0; i < COUNT_OF(pairs); i++) {
        struct err err = {0};
        assert_false(members_set_pair(&members, pairs[i], &err));
        assert_int_equal(err.reason, REASON_USAGE);
    }
    struct err err = {0};
    assert_false(members_set_pair(&members, "sub=me", &err));
    assert_non_null(strstr(err.text, "sub='\"text\"'"));
    assert_true(members_set_pair(&members, "sub=\"me\"", NULL));
    assert_int_equal(members.count, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pairs_are_kept_byte_for_byte_in_the_order_first_set),
        cmocka_unit_test(what_is_no_json_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
