/* SPDX-License-Identifier: Apache-2.0 */
/* Connections counted by address.  The attack: one client that takes all connections, from one address or from the many that one
 * IPv6 network has.
 */
#include "server/clients.h"
#include "unit.h"

static struct client_key key_of(const char *address)
{
    struct client_key key;
    if (!client_key_read(span_str(address), &key))
        fail_msg("%s is an address", address);
    return key;
}

static void addresses_of_one_ipv6_network_are_one_client(void **state)
{
    static const struct {
        const char *a, *b;
        bool is_same;
    } cases[] = {
        {"192.0.2.1", "192.0.2.1", true},
        {"192.0.2.1", "192.0.2.2", false},
        {"192.0.2.1", "::ffff:192.0.2.1", true},
        {"192.0.2.1", "::192.0.2.1", false},
        {"2001:db8::1", "2001:db8::ffff:0:0:2", true},
        {"2001:db8::1", "2001:db8:0:1::1", false},
        {"2001:db8:0:1::", "2001:db8:0:1:ffff:ffff:ffff:ffff", true},
        {"::1", "::2", true},
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct client_key a = key_of(cases[i].a);
        struct client_key b = key_of(cases[i].b);
        assert_int_equal(memcmp(&a, &b, sizeof a) == 0, cases[i].is_same);
    }
}

static void what_is_no_address_has_no_key(void **state)
{
    static const char *const texts[] = {"",
                                        "unknown",
                                        "192.0.2.1:80",
                                        "[::1]",
                                        "192.0.2",
                                        "::1%lo",
                                        "1111:2222:3333:4444:5555:6666:7777:8888:9999:aaaa:bbbb"};
    struct client_key key;
    (void)state;
    for (size_t i = 0; i < COUNT_OF(texts); i++)
        assert_false(client_key_read(span_str(texts[i]), &key));
    assert_false(client_key_read(SPAN("192.0.2.1\0"), &key));
    assert_true(client_key_read(SPAN("192.0.2.1"), &key));
}

static void an_address_has_so_many_connections_and_others_theirs(void **state)
{
    AUTO_PTR(clients) clients = clients_new();
    struct client_key a = key_of("192.0.2.1");
    struct client_key b = key_of("192.0.2.2");
    (void)state;
    assert_non_null(clients);
    struct client *first = clients_enter(clients, &a, 2);
    struct client *second = clients_enter(clients, &a, 2);
    assert_non_null(first);
    assert_non_null(second);
    assert_null(clients_enter(clients, &a, 2));
    struct client *other = clients_enter(clients, &b, 2);
    assert_non_null(other);
    assert_int_equal(clients_count(clients), 2);
    clients_leave(clients, first);
    struct client *third = clients_enter(clients, &a, 2);
    assert_non_null(third);
    assert_null(clients_enter(clients, &a, 2));
    clients_leave(clients, second);
    clients_leave(clients, third);
    clients_leave(clients, other);
    assert_int_equal(clients_count(clients), 0);
}

/* Many at once share buckets: each is found and taken out again. */
static void thousands_of_addresses_come_and_go(void **state)
{
    enum { MANY = 40000 };
    AUTO_PTR(clients) clients = clients_new();
    struct client **all = calloc(MANY, sizeof(struct client *));
    (void)state;
    assert_non_null(clients);
    assert_non_null(all);
    for (size_t i = 0; i < MANY; i++) {
        struct client_key key = {
            {[0] = 0x20, [1] = (unsigned char)(i >> 16), [2] = (unsigned char)(i >> 8), [3] = (unsigned char)i}};
        all[i] = clients_enter(clients, &key, 1);
        assert_non_null(all[i]);
        assert_null(clients_enter(clients, &key, 1));
    }
    assert_int_equal(clients_count(clients), MANY);
    for (size_t i = 0; i < MANY; i += 2)
        clients_leave(clients, all[i]);
    for (size_t i = 1; i < MANY; i += 2)
        clients_leave(clients, all[i]);
    assert_int_equal(clients_count(clients), 0);
    free(all);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(addresses_of_one_ipv6_network_are_one_client),
        cmocka_unit_test(what_is_no_address_has_no_key),
        cmocka_unit_test(an_address_has_so_many_connections_and_others_theirs),
        cmocka_unit_test(thousands_of_addresses_come_and_go),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
