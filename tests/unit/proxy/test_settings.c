/* SPDX-License-Identifier: Apache-2.0 */
/* The configuration file's tables: every key read, every default, every range at both ends, and the keys of the contract that are
 * not built yet, refused where they stand.
 */
#include "nodes.h"
#include "proxy/settings.h"
#include "unit.h"

#define LISTENERS "listeners: [ { bind: \"127.0.0.1:0\" } ]\n"
#define BACKENDS "backends: { b: { servers: [\"http://127.0.0.1:1\"] } }\n"
#define ROUTES "routes: [ { name: r, path: /, backend: b, policy: none } ]\n"
#define REST LISTENERS BACKENDS ROUTES

struct reading {
    struct document document;
    struct settings settings;
    bool is_read;
};

static const char *read_text(struct reading *reading, const char *text)
{
    document_init(&reading->document);
    reading->is_read = settings_read(&reading->settings, "gateway.yaml", span_str(text), &reading->document.arena,
                                     &reading->document.problems);
    assert_int_equal(reading->is_read, reading->document.problems.errors == 0);
    return problems_text(&reading->document);
}

static void every_default_is_the_documented_one(void **state)
{
    struct reading r;
    (void)state;
    assert_string_equal(read_text(&r, REST), "");
    const struct settings *s = &r.settings;
    assert_false(s->admin.is_off);
    assert_span(s->admin.bind, "127.0.0.1:9180");
    assert_null(s->workers);
    const struct keys_settings *k = &s->keys;
    assert_true(k->refresh_ms == 3600000 && k->cooldown_ms == 30000 && k->max_stale_ms == 86400000);
    assert_true(k->timeout_ms == 10000 && k->wait_ms == 2000 && k->parked == 256 && !k->allow_http);
    const struct limits_settings *l = &s->limits;
    assert_true(l->head == 65536 && l->field == 32768 && l->fields == 128 && l->target == 32768 && l->token == 16384);
    assert_true(l->json_depth == 32 && l->document == 1 << 20 && l->body == 0 && l->body_buffer == 262144);
    assert_int_equal(l->connections, 10000);
    assert_true(s->timeouts.head_ms == 10000 && s->timeouts.idle_ms == 75000 && s->timeouts.drain_ms == 30000);
    assert_true(s->log.format == 0 && s->log.level == 1 && s->log.access && span_eq(s->log.to, SPAN("stderr")));
    assert_true(s->log.access_to.at == NULL && s->log.audit == LOG_AUDIT_AUTO && s->log.trace == LOG_TRACE_PASS);
    const struct backend_settings *b = s->backends.at;
    assert_true(b->timeouts.connect_ms == 2000 && b->timeouts.response_ms == 60000 && b->timeouts.idle_ms == 60000);
    assert_true(b->tls.verify && b->tls.ca.len == 0);
    assert_span(b->host_header, "backend");
    const struct route_settings *route = s->routes.at;
    assert_true(!route->expose_reason && route->forward_token && route->rewrite.at == NULL && route->hosts.count == 0);
    document_fini(&r.document);
}

static void every_key_goes_where_it_belongs(void **state)
{
    struct reading r;
    (void)state;
    const char *problems = read_text(
        &r, "listeners: [ { bind: \"0.0.0.0:80\" }, { bind: \"[::]:80\" } ]\n"
            "admin: { bind: \"[::1]:9\" }\nworkers: 3\n"
            "keys: { refresh: 2h, cooldown: 1s, max_stale: 3h, timeout: 1s, wait: 0ms, parked: 7, allow_http: true }\n"
            "algorithms: [RS256, ES256]\nnamed_values: { a: b }\ncertificates: { c: { file: c.pem } }\n"
            "limits: { head: 2KiB, field: 1KiB, fields: 9, target: 300B, token: 4KiB, json_depth: 5, document: 2MiB,\n"
            "          body: 1GiB, body_buffer: 16KiB, connections: 11 }\n"
            "timeouts: { head: 1s, idle: 2m, drain: 0s }\n"
            "log: { format: json, level: error, access: false, to: syslog, audit: on, trace: start,\n"
            "  access_to: access.log, audit_to: /a }\n"
            "backends:\n  b:\n    servers: [\"http://h:1\", { url: \"https://i:2\" }]\n"
            "    tls: { ca: ca.pem, verify: false }\n    timeouts: { connect: 10ms, response: 20ms, idle: 30ms }\n"
            "    host_header: api.example.com\n"
            "routes:\n  - { name: r, host: [a.example.com, \"*.b.example.com\"], path: /x/, methods: [GET, PUT],\n"
            "      rewrite: /y/, backend: b, policy: p.xml, realm: here, expose_reason: true, forward_token: false }\n"
            "  - { name: q, host: one.example.com, path: /q, backend: b, validate_jwt: { audiences: x } }\n");
    assert_string_equal(problems, "");
    const struct settings *s = &r.settings;
    const struct listener_settings *listeners = s->listeners.at;
    assert_int_equal(s->listeners.count, 2);
    assert_span(listeners[1].bind, "[::]:80");
    assert_span(s->admin.bind, "[::1]:9");
    assert_span(s->workers->text, "3");
    assert_true(s->keys.refresh_ms == 7200000 && s->keys.cooldown_ms == 1000 && s->keys.max_stale_ms == 10800000);
    assert_true(s->keys.timeout_ms == 1000 && s->keys.wait_ms == 0 && s->keys.parked == 7 && s->keys.allow_http);
    assert_int_equal(s->algorithms.count, 2);
    assert_span(s->algorithms.at[1], "ES256");
    assert_int_equal(node_count(s->named_values), 1);
    assert_span(((const struct certificate_settings *)s->certificates.at)->file, "c.pem");
    assert_span(((const struct certificate_settings *)s->certificates.at)->name, "c");
    const struct limits_settings *l = &s->limits;
    assert_true(l->head == 2048 && l->field == 1024 && l->fields == 9 && l->target == 300 && l->token == 4096);
    assert_true(l->json_depth == 5 && l->document == 2 << 20 && l->body == 1 << 30 && l->body_buffer == 16384);
    assert_int_equal(l->connections, 11);
    assert_true(s->timeouts.head_ms == 1000 && s->timeouts.idle_ms == 120000 && s->timeouts.drain_ms == 0);
    assert_true(s->log.format == 1 && s->log.level == 3 && !s->log.access);
    assert_true(span_eq(s->log.to, SPAN("syslog")) && s->log.audit == LOG_AUDIT_ON && s->log.trace == LOG_TRACE_START);
    assert_true(span_eq(s->log.access_to, SPAN("access.log")) && span_eq(s->log.audit_to, SPAN("/a")));
    const struct backend_settings *b = s->backends.at;
    const struct server_settings *servers = b->servers.at;
    assert_span(b->name, "b");
    assert_span(servers[0].url, "http://h:1");
    assert_span(servers[1].url, "https://i:2");
    assert_span(b->tls.ca, "ca.pem");
    assert_false(b->tls.verify);
    assert_true(b->timeouts.connect_ms == 10 && b->timeouts.response_ms == 20 && b->timeouts.idle_ms == 30);
    assert_span(b->host_header, "api.example.com");
    const struct route_settings *route = s->routes.at;
    assert_span(route[0].hosts.at[1], "*.b.example.com");
    assert_span(route[1].hosts.at[0], "one.example.com");
    assert_span(route[0].path, "/x/");
    assert_span(route[0].methods.at[1], "PUT");
    assert_span(route[0].rewrite, "/y/");
    assert_span(route[0].policy->text, "p.xml");
    assert_span(route[0].realm, "here");
    assert_true(route[0].expose_reason && !route[0].forward_token);
    assert_int_equal(route[1].validate_jwt->kind, NODE_MAP);
    document_fini(&r.document);
}

static void admin_may_be_off(void **state)
{
    struct reading r;
    (void)state;
    assert_string_equal(read_text(&r, "admin: off\n" REST), "");
    assert_true(r.settings.admin.is_off);
    document_fini(&r.document);
    assert_string_equal(read_text(&r, "admin: false\n" REST),
                        "1:8 error: \"admin\" takes a map such as { bind: 127.0.0.1:9180 }, or off");
    document_fini(&r.document);
}

/* least and greatest are read, what lies one unit beyond is not. */
static const struct range {
    const char *section, *key;
    const char *below, *least, *greatest, *above;
} ranges[] = {
    {"keys", "refresh", "999ms", "1s", "24h", "86400001ms"},
    {"keys", "cooldown", "99ms", "100ms", "1h", "3600001ms"},
    {"keys", "max_stale", "999ms", "1s", "720h", "2592000001ms"},
    {"keys", "timeout", "99ms", "100ms", "5m", "300001ms"},
    {"keys", "wait", NULL, "0s", "1m", "60001ms"},
    {"keys", "parked", "-1", "0", "100000", "100001"},
    {"dpop", "window", "999ms", "1s", "1h", "3600001ms"},
    {"dpop", "replays", "0", "1", "100000000", "100000001"},
    {"limits", "head", "1023B", "1KiB", "1MiB", "1048577B"},
    {"limits", "field", "255B", "256B", "1MiB", "1048577B"},
    {"limits", "fields", "7", "8", "10000", "10001"},
    {"limits", "target", "255B", "256B", "1MiB", "1048577B"},
    {"limits", "token", "255B", "256B", "256000B", "256001B"},
    {"limits", "json_depth", "1", "2", "512", "513"},
    {"limits", "document", "1023B", "1KiB", "64MiB", "67108865B"},
    {"limits", "body", "0B", "1B", "1048576GiB", "1048577GiB"},
    {"limits", "body_buffer", "16383B", "16KiB", "64MiB", "67108865B"},
    {"limits", "connections", "0", "1", "1000000", "1000001"},
    {"limits", "body_rate", "0B", "1B", "1GiB", "1073741825B"},
    {"timeouts", "body", "99ms", "100ms", "24h", "86400001ms"},
    {"timeouts", "head", "99ms", "100ms", "1h", "3600001ms"},
    {"timeouts", "idle", "99ms", "100ms", "24h", "86400001ms"},
    {"timeouts", "drain", NULL, "0s", "1h", "3600001ms"},
};

static void try_value(const struct range *range, const char *value, bool is_good)
{
    struct reading r;
    char text[512];
    if (value == NULL)
        return;
    snprintf(text, sizeof text, "%s: { %s: %s }\n" REST, range->section, range->key, value);
    const char *problems = read_text(&r, text);
    char place[32];
    snprintf(place, sizeof place, "1:%zu error: \"%s\": ", strlen(range->section) + strlen(range->key) + 7, range->key);
    if (is_good ? problems[0] != '\0' : strncmp(problems, place, strlen(place)) != 0)
        fail_msg("%s.%s: %s gives \"%s\"", range->section, range->key, value, problems);
    document_fini(&r.document);
}

static void every_range_is_kept_at_both_ends(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(ranges); i++) {
        try_value(&ranges[i], ranges[i].below, false);
        try_value(&ranges[i], ranges[i].least, true);
        try_value(&ranges[i], ranges[i].greatest, true);
        try_value(&ranges[i], ranges[i].above, false);
    }
}

/* Off, on, or on with settings of its own. */
static void websocket_is_a_word_or_a_map(void **state)
{
    static const struct {
        const char *value;
        bool is_good, is_on, ends_with_token;
        int64_t idle_ms;
    } cases[] = {
        {"false", true, false, false, 3600000},
        {"true", true, true, false, 3600000},
        {"{ idle: 5m }", true, false, false, 300000}, /* on, since there is a map */
        {"{ idle: 100ms, ends_with_token: true }", true, false, true, 100},
        {"{ idle: 99ms }", false, false, false, 0},
        {"{ idle: 10 }", false, false, false, 0},
        {"{ on: true }", false, false, false, 0},
        {"yes", false, false, false, 0},
        {"\"true\"", false, false, false, 0},
        {"[]", false, false, false, 0},
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct reading r;
        char text[512];
        snprintf(text, sizeof text,
                 LISTENERS BACKENDS "routes: [ { name: r, path: /, backend: b, policy: none, websocket: %s } ]\n",
                 cases[i].value);
        const char *problems = read_text(&r, text);
        if ((problems[0] == '\0') != cases[i].is_good)
            fail_msg("%s: \"%s\"", cases[i].value, problems);
        const struct route_settings *route = r.settings.routes.at;
        if (cases[i].is_good) {
            assert_int_equal(route->websocket.is_on, cases[i].is_on);
            assert_int_equal(route->websocket.node != NULL, cases[i].value[0] == '{');
            assert_int_equal(route->websocket.ends_with_token, cases[i].ends_with_token);
            assert_int_equal(route->websocket.idle_ms, cases[i].idle_ms);
        }
        document_fini(&r.document);
    }
}

static const struct wrong {
    const char *text, *problem;
} wrongs[] = {
    {"listners: []\n" BACKENDS ROUTES, "1:1 error: unknown key \"listners\"; did you mean \"listeners\"?"},
    {"- 1\n", "1:1 error: the configuration is a map of listeners, backends, routes and more"},
    {"limits: { head: 64 }\n" REST, "1:17 error: \"head\": "},
    {"timeouts: { idle: 75 }\n" REST, "1:19 error: \"idle\": "},
    {"log: { level: verbose }\n" REST, "1:15 error: \"level\": "},
    {"log: { audit: true }\n" REST, "1:15 error: \"audit\": "},
    {"log: { access: yes }\n" REST, "1:16 error: \"access\": "},
    {"keys: { parked: many }\n" REST, "1:17 error: \"parked\": "},
    {BACKENDS ROUTES, "1:1 error: key \"listeners\" is required"},
    {LISTENERS "backends: { b: { servers: [5] } }\n" ROUTES, "2:28 error: a server is a URL such as"},
};

static void wrong_values_are_told_with_their_place(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(wrongs); i++) {
        struct reading r;
        const char *problems = read_text(&r, wrongs[i].text);
        if (strncmp(problems, wrongs[i].problem, strlen(wrongs[i].problem)) != 0)
            fail_msg("wanted \"%s\", found \"%s\"", wrongs[i].problem, problems);
        document_fini(&r.document);
    }
}

static void all_problems_come_in_one_run(void **state)
{
    struct reading r;
    (void)state;
    read_text(&r, "limits: { head: 1, nope: 2 }\ntimeouts: { idle: x }\nroutes: 5\n");
    assert_int_equal(r.document.problems.errors, 6); /* three values, two required keys, an unknown one */
    document_fini(&r.document);
}

static void environment_and_files_are_put_in_before_reading(void **state)
{
    struct reading r;
    (void)state;
    setenv("JWTGATE_TEST_IDLE", "3s", 1);
    assert_string_equal(read_text(&r, "timeouts: { idle: \"${JWTGATE_TEST_IDLE}\" }\n" REST), "");
    assert_int_equal(r.settings.timeouts.idle_ms, 3000);
    document_fini(&r.document);
    unsetenv("JWTGATE_TEST_IDLE");
    const char *problems = read_text(&r, "timeouts: { idle: \"${JWTGATE_TEST_IDLE}\" }\n" REST);
    assert_int_equal(strncmp(problems, "1:19 error: ", 12), 0);
    document_fini(&r.document);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_default_is_the_documented_one),
        cmocka_unit_test(every_key_goes_where_it_belongs),
        cmocka_unit_test(admin_may_be_off),
        cmocka_unit_test(every_range_is_kept_at_both_ends),
        cmocka_unit_test(websocket_is_a_word_or_a_map),
        cmocka_unit_test(wrong_values_are_told_with_their_place),
        cmocka_unit_test(all_problems_come_in_one_run),
        cmocka_unit_test(environment_and_files_are_put_in_before_reading),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
