/* SPDX-License-Identifier: Apache-2.0 */
/* Whose word on the client's address is taken, and which word.  The attack: a client writes X-Forwarded-For itself, and passes for
 * an address that filters, limits or logs go by.
 */
#include "proxy/trusted.h"
#include "site_case.h"

#include "base/arena.h"

static struct site_case site;

static const struct trusted *trusted_of(const char *list)
{
    char text[512];
    snprintf(text, sizeof text, "trusted_proxies: %s\n" LISTENERS BACKENDS ROUTES, list);
    const char *said = site_case_read(&site, text);
    if (site.site == NULL)
        fail_msg("%s", said);
    return &site.site->trusted;
}

static const struct {
    const char *list, *address;
    bool is_in;
} members[] = {
    {"[10.0.0.1]", "10.0.0.1", true},
    {"[10.0.0.1]", "10.0.0.2", false},
    {"[10.0.0.1]", "::ffff:10.0.0.1", true},
    {"[\"::ffff:10.0.0.1\"]", "10.0.0.1", true},
    {"[10.0.0.0/8]", "10.255.255.255", true},
    {"[10.0.0.0/8]", "11.0.0.0", false},
    {"[10.0.0.0/8]", "9.255.255.255", false},
    {"[10.1.2.128/25]", "10.1.2.128", true},
    {"[10.1.2.128/25]", "10.1.2.127", false},
    {"[0.0.0.0/0]", "255.255.255.255", true},
    {"[0.0.0.0/0]", "2001:db8::1", false},
    {"[\"2001:db8::/33\"]", "2001:db8:7fff::1", true},
    {"[\"2001:db8::/33\"]", "2001:db8:8000::", false},
    {"[\"::/0\"]", "10.0.0.1", true},
    {"[\"::ffff:10.0.0.0/104\"]", "10.9.9.9", true},
    {"[\"::ffff:10.0.0.0/104\"]", "11.9.9.9", false},
    {"[192.0.2.1, \"2001:db8::7\"]", "2001:db8::7", true},
    {"[192.0.2.1, \"2001:db8::7\"]", "2001:db8::8", false},
    {"[10.0.0.0/8]", "", false},
    {"[10.0.0.0/8, \"unix:\"]", "", false},
    {"[\"unix:\"]", "10.0.0.1", false},
    {"[]", "", false},
    {"[10.0.0.0/8]", "unknown", false},
};

static void a_list_holds_its_networks_and_nothing_beside_them(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(members); i++) {
        if (trusted_has(trusted_of(members[i].list), span_str(members[i].address)) != members[i].is_in)
            fail_msg("%s in %s", members[i].address, members[i].list);
        site_case_end(&site);
    }
}

static void a_peer_is_trusted_as_one_of_unix_only_where_it_is_on_a_unix_socket(void **state)
{
    static const struct {
        const char *list, *address;
        bool is_unix, is_in;
    } peers[] = {
        {"[\"unix:\"]", "", true, true},           {"[\"unix:\"]", "", false, false},
        {"[10.0.0.0/8]", "", true, false},         {"[\"0.0.0.0/0\", \"::/0\"]", "", true, false},
        {"[10.0.0.0/8]", "10.1.2.3", false, true}, {"[10.0.0.0/8]", "11.1.2.3", false, false},
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(peers); i++) {
        const struct trusted *trusted = trusted_of(peers[i].list);
        if (trusted_has_peer(trusted, span_str(peers[i].address), peers[i].is_unix) != peers[i].is_in)
            fail_msg("%zu: %s in %s", i, peers[i].address, peers[i].list);
        site_case_end(&site);
    }
}

static const struct {
    const char *list, *said;
    const char *good;
} wrongs[] = {
    {"[10.0.0]", "gateway.yaml:1:19: error: an address, a network such as 10.0.0.0/8, or unix: is expected",
     "[10.0.0.0]"},
    {"[x, 10.0.0.0/33]", "gateway.yaml:1:22: error: behind the / of a network", "[10.0.0.0/32]"},
    {"[10.0.0.0/]", "error: behind the / of a network", "[10.0.0.0/8]"},
    {"[10.0.0.0/+8]", "error: behind the / of a network", "[10.0.0.0/8]"},
    {"[10.0.0.1/8]", "error: the network \"10.0.0.1/8\" has bits set behind those that count", "[10.0.0.1/32]"},
    {"[\"2001:db8::/129\"]", "error: behind the / of a network comes how many bits of it count, 0 to 128",
     "[\"2001:db8::/128\"]"},
    {"[\"2001:db8::1/64\"]", "has bits set behind", "[\"2001:db8::/64\"]"},
    {"[\"fe80::1%eth0\"]", "error: an address", "[\"fe80::1\"]"},
    {"[proxy.example.com]", "error: an address", "[]"},
    {"[\"unix:/run/x.sock\"]", "error: an address", "[\"unix:\"]"},
    {"10.0.0.0/8", "gateway.yaml:1:18: error: ", "[10.0.0.0/8]"},
};

static void what_is_no_network_is_refused_where_it_stands(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(wrongs); i++) {
        char text[512];
        snprintf(text, sizeof text, "trusted_proxies: %s\n" LISTENERS BACKENDS ROUTES, wrongs[i].list);
        const char *said = site_case_read(&site, text);
        if (site.site != NULL || strstr(said, wrongs[i].said) == NULL)
            fail_msg("%s: \"%s\"", wrongs[i].list, said);
        site_case_end(&site);
        trusted_of(wrongs[i].good);
        site_case_end(&site);
    }
}

#define TRUSTING "[10.0.0.0/8, \"fd00::/8\", \"unix:\"]"

static const struct {
    const char *lines[3]; /* of X-Forwarded-For */
    const char *client;
    bool is_told;
} chains[] = {
    {{NULL}, "10.0.0.1", false},
    {{""}, "10.0.0.1", false},
    {{" , ,"}, "10.0.0.1", false},
    {{"192.0.2.1"}, "192.0.2.1", true},
    {{"6.6.6.6, 192.0.2.1"}, "192.0.2.1", true},
    {{"6.6.6.6,192.0.2.1 , 10.0.0.2"}, "192.0.2.1", true},
    {{"6.6.6.6, 192.0.2.1", "10.0.0.3,, 10.0.0.2,"}, "192.0.2.1", true},
    {{"6.6.6.6", "192.0.2.1", "10.0.0.2"}, "192.0.2.1", true},
    {{"10.0.0.4, 10.0.0.3"}, "10.0.0.4", true},
    {{"x, 192.0.2.1, 10.0.0.3"}, "192.0.2.1", true},
    {{"192.0.2.1, x, 10.0.0.3"}, "unknown", true},
    {{"192.0.2.1, unknown"}, "unknown", true},
    {{"192.0.2.1, _hidden"}, "unknown", true},
    {{"192.0.2.1:4711"}, "192.0.2.1", true},
    {{"192.0.2.1:"}, "unknown", true},
    {{"192.0.2.1:x"}, "unknown", true},
    {{"[2001:db8::1]:4711, 10.0.0.2:80"}, "2001:db8::1", true},
    {{"[2001:db8::1]"}, "2001:db8::1", true},
    {{"[2001:db8::1"}, "unknown", true},
    {{"2001:db8::1, fd00::1"}, "2001:db8::1", true},
    {{"::ffff:192.0.2.1, ::ffff:10.0.0.1"}, "::ffff:192.0.2.1", true},
    {{"\"192.0.2.1\""}, "unknown", true},
    {{"192.0.2.1\t;10.0.0.1"}, "unknown", true},
};

static struct head head_of(const char *const *lines, struct field *fields)
{
    struct head head = {.fields = fields};
    for (size_t i = 0; i < 3 && lines[i] != NULL; i++) {
        fields[head.count++] = (struct field){.name = SPAN("X"), .value = SPAN("1.1.1.1")};
        fields[head.count++] =
            (struct field){.name = SPAN("x-forwarded-for"), .value = span_str(lines[i]), .id = FIELD_X_FORWARDED_FOR};
    }
    return head;
}

static void the_client_is_the_rightmost_address_that_is_not_trusted(void **state)
{
    (void)state;
    const struct trusted *trusted = trusted_of(TRUSTING);
    for (size_t i = 0; i < COUNT_OF(chains); i++) {
        struct field fields[6];
        bool is_told;
        const struct head head = head_of(chains[i].lines, fields);
        assert_span(trusted_client(trusted, &head, SPAN("10.0.0.1"), &is_told), chains[i].client);
        assert_int_equal(is_told, chains[i].is_told);
    }
    site_case_end(&site);
}

static void a_chain_is_followed_so_far_and_no_further(void **state)
{
    char line[512] = "192.0.2.1";
    struct field fields[6];
    bool is_told;
    (void)state;
    const struct trusted *trusted = trusted_of(TRUSTING);
    const char *const lines[3] = {line};
    for (int i = 0; i < TRUSTED_HOPS_MAX; i++)
        strcat(line, ",10.0.0.9");
    struct head head = head_of(lines, fields);
    assert_span(trusted_client(trusted, &head, SPAN("10.0.0.1"), &is_told), "192.0.2.1");
    strcat(line, ",10.0.0.9");
    head = head_of(lines, fields);
    assert_span(trusted_client(trusted, &head, SPAN("10.0.0.1"), &is_told), "unknown");
    site_case_end(&site);
}

static const struct {
    enum field_id id;
    const char *values[2];
    const char *taken; /* NULL: nothing */
} singles[] = {
    {FIELD_X_FORWARDED_PROTO, {"https"}, "https"},
    {FIELD_X_FORWARDED_PROTO, {"HTTP"}, "http"},
    {FIELD_X_FORWARDED_PROTO, {"https, http"}, NULL},
    {FIELD_X_FORWARDED_PROTO, {"wss"}, NULL},
    {FIELD_X_FORWARDED_PROTO, {"https", "http"}, NULL},
    {FIELD_X_FORWARDED_PROTO, {"https", "https"}, NULL},
    {FIELD_X_FORWARDED_PROTO, {NULL}, NULL},
    {FIELD_X_FORWARDED_HOST, {"api.example.com:8443"}, "api.example.com:8443"},
    {FIELD_X_FORWARDED_HOST, {"[::1]:80"}, "[::1]:80"},
    {FIELD_X_FORWARDED_HOST, {"a, b"}, NULL},
    {FIELD_X_FORWARDED_HOST, {"a\"b"}, NULL},
    {FIELD_X_FORWARDED_HOST, {"u@h"}, NULL},
    {FIELD_X_FORWARDED_HOST, {""}, NULL},
    {FIELD_X_FORWARDED_HOST, {"a", "b"}, NULL},
    {FIELD_X_FORWARDED_PORT, {"443"}, "443"},
    {FIELD_X_FORWARDED_PORT, {"0"}, NULL},
    {FIELD_X_FORWARDED_PORT, {"65536"}, NULL},
    {FIELD_X_FORWARDED_PORT, {"80x"}, NULL},
};

static void other_fields_are_taken_where_they_are_sound_and_alone(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(singles); i++) {
        struct field fields[2];
        struct head head = {.fields = fields};
        bool is_https = false;
        for (; head.count < 2 && singles[i].values[head.count] != NULL; head.count++)
            fields[head.count] = (struct field){.value = span_str(singles[i].values[head.count]), .id = singles[i].id};
        struct span taken = {NULL, 0};
        if (singles[i].id != FIELD_X_FORWARDED_PROTO)
            taken = trusted_value(&head, singles[i].id);
        else if (trusted_scheme(&head, &is_https))
            taken = is_https ? SPAN("https") : SPAN("http");
        if (singles[i].taken == NULL)
            assert_null(taken.at);
        else
            assert_span(taken, singles[i].taken);
    }
}

static void a_forwarded_field_with_an_open_text_would_swallow_what_is_put_behind_it(void **state)
{
    (void)state;
    assert_true(trusted_is_forwarded(SPAN("for=192.0.2.1;host=\"a\\\"b\", for=\"[2001:db8::1]\"")));
    assert_false(trusted_is_forwarded(SPAN("for=192.0.2.1;host=\"a")));
    assert_false(trusted_is_forwarded(SPAN("for=\"a\\\"")));
    assert_false(trusted_is_forwarded(SPAN("for=\"a\\")));
    assert_false(trusted_is_forwarded(SPAN("for=\xff")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_list_holds_its_networks_and_nothing_beside_them),
        cmocka_unit_test(a_peer_is_trusted_as_one_of_unix_only_where_it_is_on_a_unix_socket),
        cmocka_unit_test(what_is_no_network_is_refused_where_it_stands),
        cmocka_unit_test(the_client_is_the_rightmost_address_that_is_not_trusted),
        cmocka_unit_test(a_chain_is_followed_so_far_and_no_further),
        cmocka_unit_test(other_fields_are_taken_where_they_are_sound_and_alone),
        cmocka_unit_test(a_forwarded_field_with_an_open_text_would_swallow_what_is_put_behind_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
