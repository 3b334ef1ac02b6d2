/* SPDX-License-Identifier: Apache-2.0 */
/* Addresses as text and as a set, and the order in which they are tried (RFC 8305 4). */
#include "proxy/addresses.h"
#include "unit.h"

static struct address literal(const char *host)
{
    struct address address;
    assert_true(address_from_text(host, 80, &address));
    return address;
}

static struct addresses *list_of(const char *hosts)
{
    struct address at[ADDRESSES_MAX];
    size_t count = 0;
    struct span rest = span_str(hosts);
    struct span one;
    char text[64];
    while (span_split(&rest, ' ', &one)) {
        memcpy(text, one.at, one.len);
        text[one.len] = '\0';
        at[count++] = literal(text);
    }
    struct addresses *addresses = addresses_new(at, count);
    assert_non_null(addresses);
    return addresses;
}

static void families_take_turns_beginning_with_the_wanted_one(void **state)
{
    static const struct {
        const char *all;
        size_t turn;
        int family;
        const char *order;
    } cases[] = {
        {"::1 127.0.0.1", 0, AF_UNSPEC, "[::1]:80 127.0.0.1:80 "},
        {"127.0.0.1 ::1", 0, AF_UNSPEC, "127.0.0.1:80 [::1]:80 "},
        {"::1 127.0.0.1", 0, AF_INET, "127.0.0.1:80 [::1]:80 "},
        {"::1 ::2 ::3 10.0.0.1", 0, AF_UNSPEC, "[::1]:80 10.0.0.1:80 [::2]:80 [::3]:80 "},
        {"::1 ::2 ::3 10.0.0.1", 1, AF_UNSPEC, "[::2]:80 10.0.0.1:80 [::3]:80 [::1]:80 "},
        {"10.0.0.1 10.0.0.2 10.0.0.3", 2, AF_INET6, "10.0.0.3:80 10.0.0.1:80 10.0.0.2:80 "},
        {"10.0.0.1 ::1 10.0.0.2 ::2", 3, AF_INET6, "[::2]:80 10.0.0.2:80 [::1]:80 10.0.0.1:80 "},
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        const struct address *order[ADDRESSES_MAX];
        char text[512] = "";
        char one[ADDRESS_TEXT_BYTES];
        struct addresses *all = list_of(cases[i].all);
        size_t count = addresses_order(all, cases[i].turn, cases[i].family, order);
        assert_int_equal(count, all->count);
        for (size_t j = 0; j < count; j++) {
            strcat(text, address_text(order[j], one));
            strcat(text, " ");
        }
        assert_string_equal(text, cases[i].order);
        addresses_release(all);
    }
}

static void what_was_never_resolved_has_no_order(void **state)
{
    const struct address *order[ADDRESSES_MAX];
    (void)state;
    assert_int_equal(addresses_order(NULL, 0, AF_INET, order), 0);
}

static void sets_are_compared_whatever_their_order(void **state)
{
    static const struct {
        const char *a, *b;
        bool are_same;
    } cases[] = {
        {"10.0.0.1 ::1", "::1 10.0.0.1", true},   {"10.0.0.1 10.0.0.1", "10.0.0.1", true},
        {"10.0.0.1", "10.0.0.2", false},          {"10.0.0.1", "10.0.0.1 10.0.0.2", false},
        {"10.0.0.1 10.0.0.2", "10.0.0.1", false}, {"::1", "::2", false},
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct addresses *a = list_of(cases[i].a);
        struct addresses *b = list_of(cases[i].b);
        assert_int_equal(addresses_are_same(a, b), cases[i].are_same);
        addresses_release(a);
        addresses_release(b);
    }
}

static void a_path_is_an_address_as_long_as_a_socket_takes(void **state)
{
    struct address address;
    char text[ADDRESS_TEXT_BYTES];
    char path[sizeof address.at.un.sun_path + 1];
    (void)state;
    memset(path, 'x', sizeof path);
    path[0] = '/';
    path[sizeof address.at.un.sun_path] = '\0';
    assert_false(address_from_path(path, &address));
    path[sizeof address.at.un.sun_path - 1] = '\0';
    assert_true(address_from_path(path, &address));
    assert_true(address_from_path("/run/app.sock", &address));
    assert_string_equal(address_text(&address, text), "unix:/run/app.sock");
    assert_false(address_from_path("", &address));
}

static void a_name_is_no_literal(void **state)
{
    struct address address;
    (void)state;
    assert_false(address_from_text("localhost", 80, &address));
    assert_false(address_from_text("127.0.0.1.", 80, &address));
    assert_true(address_from_text("127.0.0.1", 80, &address));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(families_take_turns_beginning_with_the_wanted_one),
        cmocka_unit_test(what_was_never_resolved_has_no_order),
        cmocka_unit_test(sets_are_compared_whatever_their_order),
        cmocka_unit_test(a_path_is_an_address_as_long_as_a_socket_takes),
        cmocka_unit_test(a_name_is_no_literal),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
