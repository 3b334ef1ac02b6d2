/* SPDX-License-Identifier: Apache-2.0 */
/* Attack: a page of anybody's, open in the operator's browser, asks the admin listener by a name that leads here, by a form, or from its
 * own origin; or somebody guesses the token.  Goal: each such request is told from the one beside it that may pass.
 */
#include "admin/guard.h"
#include "unit.h"

#define TOKEN "0123456789abcdef"

static struct bind_address bound(const char *text)
{
    struct bind_address address;
    struct err err = {0};
    if (!bind_address_read(span_str(text), &address, &err))
        fail_msg("%s", err.text);
    return address;
}

static const struct span hosts[] = {SPAN_INIT("admin.example"), SPAN_INIT("tunnel.example:8443"),
                                    SPAN_INIT("[2001:db8::1]:99")};
static const struct schema_texts listed = {hosts, NULL, COUNT_OF(hosts)};
static const struct schema_texts none = {NULL, NULL, 0};

static const struct {
    const char *bind, *host;
    bool is_known;
} host_cases[] = {
    {"127.0.0.1:9180", "127.0.0.1:9180", true},
    {"127.0.0.1:9180", "127.0.0.1:9181", false},
    {"127.0.0.1:9180", "127.0.0.1", true},
    {"127.0.0.1:9180", "127.0.0.2:9180", true},
    {"127.0.0.1:9180", "localhost:9180", true},
    {"127.0.0.1:9180", "LocalHost:9180", true},
    {"127.0.0.1:9180", "localhost:80", false},
    {"127.0.0.1:9180", "[::1]:9180", true},
    {"127.0.0.1:9180", "localhost.evil.example:9180", false},
    {"127.0.0.1:9180", "evil.example", false},
    {"127.0.0.1:9180", "10.0.0.1:9180", false},
    {"127.0.0.1:9180", "", false},
    {"127.0.0.1:9180", "127.0.0.1:", false},
    {"127.0.0.1:9180", "127.0.0.1:x", false},
    {"127.0.0.1:9180", "user@127.0.0.1:9180", false},
    {"10.0.0.1:9180", "10.0.0.1:9180", true},
    {"10.0.0.1:9180", "10.0.0.2:9180", false},
    {"10.0.0.1:9180", "[::ffff:10.0.0.1]:9180", true},
    {"0.0.0.0:9180", "10.0.0.2:9180", true},
    {"0.0.0.0:9180", "10.0.0.2:9181", false},
    {"0.0.0.0:9180", "ten.example:9180", false},
    {"[::]:9180", "[2001:db8::7]:9180", true},
    {"[::]:9180", "10.0.0.2:9180", true},
    {"[2001:db8::7]:9180", "[2001:DB8:0::7]:9180", true},
    {"[2001:db8::7]:9180", "[2001:db8::8]:9180", false},
    {"127.0.0.1:9180", "admin.example", true},
    {"127.0.0.1:9180", "ADMIN.example:1", true},
    {"127.0.0.1:9180", "not-admin.example", false},
    {"127.0.0.1:9180", "tunnel.example:8443", true},
    {"127.0.0.1:9180", "tunnel.example:9180", false},
    {"127.0.0.1:9180", "tunnel.example", false},
    {"127.0.0.1:9180", "[2001:db8::1]:99", true},
    {"unix:/run/x.sock", "anything at all", true},
};

static void a_host_is_known_or_not(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(host_cases); i++) {
        struct bind_address address = bound(host_cases[i].bind);
        const struct guard guard = {.address = &address, .hosts = &listed};
        if (guard_knows_host(&guard, span_str(host_cases[i].host)) != host_cases[i].is_known)
            fail_msg("%s at %s", host_cases[i].host, host_cases[i].bind);
    }
}

static void a_name_is_known_only_where_it_is_listed(void **state)
{
    struct bind_address address = bound("127.0.0.1:9180");
    const struct guard guard = {.address = &address, .hosts = &none};
    (void)state;
    assert_false(guard_knows_host(&guard, SPAN("admin.example")));
    assert_true(guard_knows_host(&guard, SPAN("localhost")));
}

enum { FIELDS_MAX = 4 };

static struct head head_with(enum method method, const char *authority, const char *const (*pairs)[2],
                             struct field fields[FIELDS_MAX])
{
    size_t count = 0;
    for (; count < FIELDS_MAX && pairs[count][0] != NULL; count++)
        fields[count] = (struct field){span_str(pairs[count][0]), span_str(pairs[count][1]),
                                       field_id_of(span_str(pairs[count][0])), false};
    return (struct head){.method = method, .authority = span_str(authority), .fields = fields, .count = count};
}

#define JSON "Content-Type", "application/json"

static const struct {
    const char *name;
    enum method method;
    bool is_tls;
    const char *authority;
    const char *fields[FIELDS_MAX][2];
    enum guard_verdict verdict;
} judge_cases[] = {
    {"a GET needs nothing", METHOD_GET, false, "h:1", {{NULL, NULL}}, GUARD_PASS},
    {"JSON passes", METHOD_POST, false, "h:1", {{JSON}}, GUARD_PASS},
    {"no type does not", METHOD_POST, false, "h:1", {{NULL, NULL}}, GUARD_TYPE},
    {"parameters are allowed",
     METHOD_POST,
     false,
     "h:1",
     {{"content-type", "Application/Json ;charset=utf-8"}},
     GUARD_PASS},
    {"a longer name is another", METHOD_POST, false, "h:1", {{"Content-Type", "application/json-seq"}}, GUARD_TYPE},
    {"as a parameter it is none",
     METHOD_POST,
     false,
     "h:1",
     {{"Content-Type", "text/plain;application/json"}},
     GUARD_TYPE},
    {"twice is none", METHOD_POST, false, "h:1", {{JSON}, {"Content-Type", "text/plain"}}, GUARD_TYPE},
    {"its own origin", METHOD_POST, false, "h:1", {{JSON}, {"Origin", "http://h:1"}}, GUARD_PASS},
    {"another port", METHOD_POST, false, "h:1", {{JSON}, {"Origin", "http://h:2"}}, GUARD_ORIGIN},
    {"another name", METHOD_POST, false, "h:1", {{JSON}, {"Origin", "http://i:1"}}, GUARD_ORIGIN},
    {"another scheme", METHOD_POST, false, "h:1", {{JSON}, {"Origin", "https://h:1"}}, GUARD_ORIGIN},
    {"by TLS that very one", METHOD_POST, true, "h:1", {{JSON}, {"Origin", "https://h:1"}}, GUARD_PASS},
    {"by TLS not the plain one", METHOD_POST, true, "h:1", {{JSON}, {"Origin", "http://h:1"}}, GUARD_ORIGIN},
    {"the scheme's port is not spelled", METHOD_POST, true, "h:443", {{JSON}, {"Origin", "https://h"}}, GUARD_PASS},
    {"of plain ones it is 80", METHOD_POST, false, "h", {{JSON}, {"Origin", "http://h:80"}}, GUARD_PASS},
    {"letter case does not count", METHOD_POST, false, "H:1", {{JSON}, {"Origin", "HTTP://h:1"}}, GUARD_PASS},
    {"a path makes it none", METHOD_POST, false, "h:1", {{JSON}, {"Origin", "http://h:1/"}}, GUARD_ORIGIN},
    {"null is another", METHOD_POST, false, "h:1", {{JSON}, {"Origin", "null"}}, GUARD_ORIGIN},
    {"an empty one is another", METHOD_POST, false, "h:1", {{JSON}, {"Origin", ""}}, GUARD_ORIGIN},
    {"every one counts",
     METHOD_POST,
     false,
     "h:1",
     {{JSON}, {"Origin", "http://h:1"}, {"origin", "null"}},
     GUARD_ORIGIN},
    {"on GET too", METHOD_GET, false, "h:1", {{"Origin", "http://i:1"}}, GUARD_ORIGIN},
    {"the origin is told before the type", METHOD_POST, false, "h:1", {{"Origin", "null"}}, GUARD_ORIGIN},
    {"a page of ours", METHOD_POST, false, "h:1", {{JSON}, {"Sec-Fetch-Site", "same-origin"}}, GUARD_PASS},
    {"the user himself", METHOD_POST, false, "h:1", {{JSON}, {"Sec-Fetch-Site", "none"}}, GUARD_PASS},
    {"a page of another port", METHOD_POST, false, "h:1", {{JSON}, {"Sec-Fetch-Site", "same-site"}}, GUARD_ORIGIN},
    {"a page of anybody", METHOD_POST, false, "h:1", {{JSON}, {"Sec-Fetch-Site", "cross-site"}}, GUARD_ORIGIN},
    {"a link of anybody", METHOD_GET, false, "h:1", {{"Sec-Fetch-Site", "cross-site"}}, GUARD_PASS},
};

static void origin_and_type_decide(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(judge_cases); i++) {
        struct field fields[FIELDS_MAX];
        struct bind_address address = bound("127.0.0.1:1");
        const struct guard guard = {.address = &address, .hosts = &none, .is_tls = judge_cases[i].is_tls};
        struct head head = head_with(judge_cases[i].method, judge_cases[i].authority, judge_cases[i].fields, fields);
        enum guard_verdict verdict = guard_judge(&guard, &head);
        if (verdict != judge_cases[i].verdict)
            fail_msg("%s: %d", judge_cases[i].name, (int)verdict);
    }
}

#define SHOWS(value)           \
    {                          \
        "Authorization", value \
    }

static const struct {
    const char *fields[FIELDS_MAX][2];
    enum guard_credential credential;
} token_cases[] = {
    {{{NULL, NULL}}, GUARD_NONE_SHOWN},
    {{SHOWS("Bearer " TOKEN)}, GUARD_RIGHT},
    {{SHOWS("bearer   " TOKEN)}, GUARD_RIGHT},
    {{SHOWS("Bearer 0123456789abcdeg")}, GUARD_WRONG},
    {{SHOWS("Bearer 0123456789abcde")}, GUARD_WRONG},
    {{SHOWS("Bearer " TOKEN "0")}, GUARD_WRONG},
    {{SHOWS("Bearer 0123456789ABCDEF")}, GUARD_WRONG},
    {{SHOWS("Bearer " TOKEN "," TOKEN)}, GUARD_WRONG},
    {{SHOWS("Bearer")}, GUARD_WRONG},
    {{SHOWS("Bearer ")}, GUARD_WRONG},
    {{SHOWS("")}, GUARD_WRONG},
    {{SHOWS(TOKEN)}, GUARD_WRONG},
    {{SHOWS("Basic " TOKEN)}, GUARD_WRONG},
    {{SHOWS("Bearer " TOKEN), SHOWS("Bearer " TOKEN)}, GUARD_WRONG},
};

static void only_the_token_itself_is_right(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(token_cases); i++) {
        struct field fields[FIELDS_MAX];
        struct bind_address address = bound("127.0.0.1:1");
        const struct guard guard = {.address = &address, .hosts = &none, .token = SPAN(TOKEN)};
        struct head head = head_with(METHOD_GET, "h", token_cases[i].fields, fields);
        if (guard_credential(&guard, &head) != token_cases[i].credential)
            fail_msg("case %zu", i);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_host_is_known_or_not),
        cmocka_unit_test(a_name_is_known_only_where_it_is_listed),
        cmocka_unit_test(origin_and_type_decide),
        cmocka_unit_test(only_the_token_itself_is_right),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
