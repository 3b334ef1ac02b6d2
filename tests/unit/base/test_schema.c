/* SPDX-License-Identifier: Apache-2.0 */
/* Goal: every kind of row reads what it should, refuses what it should not with place and remedy, and one run tells of all
 * problems.  Method: one table with a row of each kind; documents beside what they give.
 */
#include "unit.h"

#include "alloc_fail.h"
#include "base/schema.h"
#include "nodes.h"

#include <inttypes.h>

struct server {
    struct span name;
    struct span url;
    int64_t weight;
    const struct node *node;
};

struct tls {
    bool verify;
    struct span ca;
    const struct node *node;
};

struct gateway {
    struct span text;
    bool flag;
    int64_t pieces, number;
    int64_t wait_ms;
    uint64_t size;
    int format;
    struct schema_texts words;
    struct schema_texts one_or_more;
    struct tls tls;
    struct schema_list servers;
    struct schema_list backends;
    const struct node *raw;
    struct schema_list hosts;
};

static bool server_short(const struct node *node, void *out, struct arena *arena, struct problems *problems)
{
    struct server *server = out;
    (void)arena;
    if (node->kind != NODE_TEXT)
        return false;
    if (node->text.len == 0)
        return problem_error(problems, node, "an empty URL");
    server->url = node->text;
    return true;
}

static const struct schema_row server_rows[] = {
    {.name = "url", .kind = SCHEMA_TEXT, .offset = offsetof(struct server, url), .is_required = true},
    {.name = "weight",
     .kind = SCHEMA_INT,
     .offset = offsetof(struct server, weight),
     .preset = "1",
     .min = 1,
     .max = 100},
};
static const struct schema server_schema = {"server", server_rows, COUNT_OF(server_rows),
                                            offsetof(struct server, node) + 1, server_short};

static const struct schema_row backend_rows[] = {
    {.name = "url", .kind = SCHEMA_TEXT, .offset = offsetof(struct server, url), .is_required = true},
};
static const struct schema backend_schema = {"backend", backend_rows, COUNT_OF(backend_rows), 0, NULL};

static const struct schema_row tls_rows[] = {
    {.name = "verify", .kind = SCHEMA_BOOL, .offset = offsetof(struct tls, verify), .preset = "true"},
    {.name = "ca", .kind = SCHEMA_TEXT, .offset = offsetof(struct tls, ca), .is_required = true},
};
static const struct schema tls_schema = {"tls", tls_rows, COUNT_OF(tls_rows), offsetof(struct tls, node) + 1, NULL};

static const char *const formats[] = {"text", "json", "401", NULL};

#define AT(member) .offset = offsetof(struct gateway, member)
static const struct schema_row gateway_rows[] = {
    {.name = "text", .kind = SCHEMA_TEXT, AT(text)},
    {.name = "flag", .kind = SCHEMA_BOOL, AT(flag), .preset = "true"},
    {.name = "number", .kind = SCHEMA_INT, AT(number), .preset = "7", .min = -5, .max = 100},
    {.name = "piece_count", .kind = SCHEMA_INT, AT(pieces), .preset = "none", .none_is_zero = true, .min = 1, .max = 9},
    {.name = "wait", .kind = SCHEMA_DURATION, AT(wait_ms), .preset = "2s", .min = 500, .max = 3600000},
    {.name = "body_size",
     .kind = SCHEMA_SIZE,
     AT(size),
     .preset = "64KiB",
     .none_is_zero = true,
     .min = 1024,
     .max = 1 << 30},
    {.name = "format", .kind = SCHEMA_ENUM, AT(format), .preset = "json", .words = formats},
    {.name = "words", .kind = SCHEMA_TEXTS, AT(words), .preset = "[RS256, ES256]"},
    {.name = "one_or_more", .kind = SCHEMA_TEXTS, AT(one_or_more), .one_is_list = true},
    {.name = "tls", .kind = SCHEMA_STRUCT, AT(tls), .table = &tls_schema},
    {.name = "servers", .kind = SCHEMA_LIST, AT(servers), .table = &server_schema, .item_bytes = sizeof(struct server)},
    {.name = "backends",
     .kind = SCHEMA_MAP,
     AT(backends),
     .table = &backend_schema,
     .item_bytes = sizeof(struct server)},
    {.name = "raw", .kind = SCHEMA_NODE, AT(raw)},
    {.name = "hosts",
     .kind = SCHEMA_LIST,
     AT(hosts),
     .table = &server_schema,
     .item_bytes = sizeof(struct server),
     .one_is_list = true},
    {.name = "admin", .kind = SCHEMA_LATER},
};
static const struct schema gateway_schema = {"gateway", gateway_rows, COUNT_OF(gateway_rows), 0, NULL};

static bool gateway_read(struct document *d, const char *yaml, struct gateway *out)
{
    document_init(d);
    *out = (struct gateway){.text = {0}};
    struct node *root = node_read_yaml(&d->arena, "x.yaml", span_str(yaml), &d->problems);
    assert_non_null(root);
    assert_true(node_substitute(root, &d->arena, &d->problems));
    return schema_read(&gateway_schema, root, out, &d->arena, &d->problems);
}

static void missing_keys_get_their_defaults(void **state)
{
    struct document d;
    struct gateway g;
    (void)state;
    assert_true(gateway_read(&d, "{}", &g));
    assert_null(g.text.at);
    assert_true(g.flag);
    assert_int_equal(g.number, 7);
    assert_int_equal(g.wait_ms, 2000);
    assert_int_equal(g.size, 65536);
    assert_int_equal(g.format, 1);
    assert_int_equal(g.words.count, 2);
    assert_span(g.words.at[1], "ES256");
    assert_int_equal(g.one_or_more.count, 0);
    assert_true(g.tls.verify); /* its required key is required only where tls stands */
    assert_null(g.tls.node);
    assert_int_equal(g.servers.count, 0);
    assert_null(g.raw);
    document_fini(&d);
}

static void no_node_is_an_empty_map(void **state)
{
    struct document d;
    struct gateway g = {.number = 0};
    struct server s = {.weight = 0};
    (void)state;
    document_init(&d);
    assert_true(schema_read(&gateway_schema, NULL, &g, &d.arena, &d.problems));
    assert_int_equal(g.number, 7);
    assert_false(schema_read(&server_schema, NULL, &s, &d.arena, &d.problems));
    assert_string_equal(problems_text(&d), "0:0 error: key \"url\" is required");
    document_fini(&d);
}

static void each_kind_is_read(void **state)
{
    struct document d;
    struct gateway g;
    (void)state;
    bool is_good =
        gateway_read(&d,
                     "text: 12\nflag: False\nnumber: -5\nwait: 1h\nbody_size: none\nformat: 401\n"
                     "words: [a, true, 1.5]\none_or_more: x\ntls: {ca: f.pem, verify: false}\nraw: [1, {a: b}]\n"
                     "servers:\n  - http://a\n  - {url: http://b, weight: 100}\n"
                     "backends: {one: {url: c}, two: {url: d}}\nhosts: {url: e}\n",
                     &g);
    if (!is_good)
        fail_msg("%s", problems_text(&d));
    assert_span(g.text, "12");
    assert_false(g.flag);
    assert_int_equal(g.number, -5);
    assert_int_equal(g.wait_ms, 3600000);
    assert_int_equal(g.size, 0);
    assert_int_equal(g.format, 2);
    assert_int_equal(g.words.count, 3);
    assert_span(g.words.at[1], "true");
    assert_int_equal(g.words.nodes[2]->column, 18);
    assert_int_equal(g.one_or_more.count, 1);
    assert_span(g.one_or_more.at[0], "x");
    assert_false(g.tls.verify);
    assert_int_equal(g.tls.node->line, 9);
    assert_int_equal(node_count(g.raw), 2);
    const struct server *servers = g.servers.at;
    assert_int_equal(g.servers.count, 2);
    assert_span(servers[0].url, "http://a");
    assert_int_equal(servers[0].weight, 1); /* the short form has the defaults, too */
    assert_int_equal(servers[0].node->line, 12);
    assert_span(servers[1].url, "http://b");
    assert_int_equal(servers[1].weight, 100);
    const struct server *backends = g.backends.at;
    assert_int_equal(g.backends.count, 2);
    assert_span(backends[1].name, "two");
    assert_span(backends[1].url, "d");
    assert_int_equal(g.hosts.count, 1);
    assert_span(((const struct server *)g.hosts.at)[0].url, "e");
    document_fini(&d);
}

static void keys_without_values_are_empty_containers(void **state)
{
    struct document d;
    struct gateway g;
    (void)state;
    assert_true(gateway_read(&d, "servers:\nbackends:\nhosts:\nraw:\n", &g));
    assert_int_equal(g.servers.count + g.backends.count + g.hosts.count, 0);
    assert_int_equal(g.raw->kind, NODE_NULL);
    document_fini(&d);
}

static void one_value_may_stand_for_a_list_where_the_row_says_so(void **state)
{
    struct document d;
    struct gateway g;
    (void)state;
    assert_true(gateway_read(&d, "hosts: http://x\none_or_more: [a, b]\n", &g));
    assert_int_equal(g.hosts.count, 1);
    assert_span(((const struct server *)g.hosts.at)[0].url, "http://x");
    assert_int_equal(g.one_or_more.count, 2);
    document_fini(&d);
}

static void each_refusal_has_its_place_and_remedy(void **state)
{
    static const struct {
        const char *yaml;
        const char *wanted;
    } cases[] = {
        {"- a\n", "1:1 error: the document: a map (keys with values) is expected, found a list"},
        {"\nnumbr: 1\n", "2:1 error: unknown key \"numbr\"; did you mean \"number\"?"},
        {"body-size: 1KiB\n", "1:1 error: unknown key \"body-size\"; did you mean \"body_size\"?"},
        {"Flag: true\n", "1:1 error: unknown key \"Flag\"; did you mean \"flag\"?"},
        {"serevrs: []\n", "1:1 error: unknown key \"serevrs\"; did you mean \"servers\"?"},
        {"zzz: 1\n", "1:1 error: unknown key \"zzz\""},
        {"admni: 1\n", "1:1 error: unknown key \"admni\""},
        {"admin: {bind: x}\n", "1:1 error: key \"admin\" is not supported yet"},
        {"text: [a]\n", "1:7 error: \"text\": a text is expected, found a list"},
        {"text:\n", "1:6 error: \"text\": a text is expected, found nothing"},
        {"flag: yes\n", "1:7 error: \"flag\": true or false without quotes is expected, found a text \"yes\""},
        {"flag: \"true\"\n", "1:7 error: \"flag\": true or false without quotes is expected, found a text \"true\""},
        {"number: 101\n", "1:9 error: \"number\": -5 to 100 is expected, found a number \"101\""},
        {"number: -6\n", "1:9 error: \"number\": -5 to 100 is expected, found a number \"-6\""},
        {"number: 1.5\n", "1:9 error: \"number\": a whole number without quotes is expected, found a number \"1.5\""},
        {"number: \"5\"\n", "1:9 error: \"number\": a whole number without quotes is expected, found a text \"5\""},
        {"number: 99999999999999999999\n",
         "1:9 error: \"number\": a whole number without quotes is expected, found a number \"99999999999999999999\""},
        {"number: .inf\n", "1:9 error: \"number\": a whole number without quotes is expected, found a number \".inf\""},
        {"piece_count: 0\n", "1:14 error: \"piece_count\": 1 to 9 is expected, found a number \"0\""},
        {"piece_count: nine\n",
         "1:14 error: \"piece_count\": a whole number without quotes, or none is expected, found a text \"nine\""},
        {"wait: 10\n",
         "1:7 error: \"wait\": a unit is missing: write it as in 500ms, 30s or 5m; found a number \"10\""},
        {"wait: 10sec\n",
         "1:7 error: \"wait\": unknown unit; units are ms, s, m, h, as in 500ms, 30s or 5m; found a text \"10sec\""},
        {"wait: 499ms\n", "1:7 error: \"wait\": 500ms to 1h is expected, found a text \"499ms\""},
        {"wait: 61m\n", "1:7 error: \"wait\": 500ms to 1h is expected, found a text \"61m\""},
        {"wait: {a: b}\n", "1:7 error: \"wait\": a duration is expected, found a map"},
        {"body_size: 64kb\n",
         "1:12 error: \"body_size\": unknown unit; units are B, KiB, MiB, GiB, as in 512B, 64KiB or 1MiB, "
         "or none; found a text \"64kb\""},
        {"body_size: 1.5MiB\n",
         "1:12 error: \"body_size\": a whole number with a unit is expected, as in 512B, 64KiB or 1MiB, "
         "or none; found a text \"1.5MiB\""},
        {"body_size: 1023B\n", "1:12 error: \"body_size\": 1KiB to 1GiB is expected, found a text \"1023B\""},
        {"format: jsn\n",
         "1:9 error: \"format\": one of text, json, 401 is expected, found a text \"jsn\"; did you mean \"json\"?"},
        {"format: []\n", "1:9 error: \"format\": one of text, json, 401 is expected, found a list"},
        {"words: a\n", "1:8 error: \"words\": a list of texts is expected, found a text \"a\""},
        {"words: [a, [b]]\n", "1:12 error: \"words\": a text is expected, found a list"},
        {"one_or_more: {a: b}\n", "1:14 error: \"one_or_more\": a text or a list of texts is expected, found a map"},
        {"tls: x\n", "1:6 error: \"tls\": a map (keys with values) is expected, found a text \"x\""},
        {"tls: {verify: true}\n", "1:6 error: key \"ca\" is required"},
        {"tls:\n", "1:5 error: key \"ca\" is required"},
        {"servers: {url: a}\n", "1:10 error: \"servers\": a list is expected, found a map"},
        {"servers:\n  - url: a\n    wieght: 1\n", "3:5 error: unknown key \"wieght\"; did you mean \"weight\"?"},
        {"servers: [\"\"]\n", "1:11 error: an empty URL"},
        {"servers: [[a]]\n", "1:11 error: \"servers\": a map (keys with values) is expected, found a list"},
        {"backends: [a]\n", "1:11 error: \"backends\": a map of names to values is expected, found a list"},
        {"backends: {a: http://x}\n",
         "1:15 error: \"a\": a map (keys with values) is expected, found a text \"http://x\""},
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct document d;
        struct gateway g;
        assert_false(gateway_read(&d, cases[i].yaml, &g));
        assert_string_equal(problems_text(&d), cases[i].wanted);
        document_fini(&d);
    }
}

static void values_at_the_ends_of_their_range_pass(void **state)
{
    static const char *const cases[] = {"piece_count: 1",   "piece_count: none", "number: 100", "number: 0x64",
                                        "number: 0o144",    "number: +1",        "wait: 500ms", "wait: 60m",
                                        "body_size: 1024B", "body_size: 1GiB",   "flag: TRUE",  "format: \"json\"",
                                        "tls: {ca: x}"};
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct document d;
        struct gateway g;
        if (!gateway_read(&d, cases[i], &g))
            fail_msg("%s: %s", cases[i], problems_text(&d));
        document_fini(&d);
    }
}

static void one_run_tells_of_all_problems_in_the_order_of_the_document(void **state)
{
    struct document d;
    struct gateway g;
    (void)state;
    assert_false(gateway_read(&d,
                              "numbr: 1\ntls:\n  verify: 1\n  cs: x\nwait: 1\nservers:\n  - weight: 0\n"
                              "  - url: a\n    weight: x\nadmin: off\n",
                              &g));
    assert_string_equal(
        problems_text(&d),
        "1:1 error: unknown key \"numbr\"; did you mean \"number\"?\n"
        "5:7 error: \"wait\": a unit is missing: write it as in 500ms, 30s or 5m; found a number \"1\"\n"
        "10:1 error: key \"admin\" is not supported yet\n"
        "3:11 error: \"verify\": true or false without quotes is expected, found a number \"1\"\n"
        "4:3 error: unknown key \"cs\"; did you mean \"ca\"?\n"
        "3:3 error: key \"ca\" is required\n"
        "7:13 error: \"weight\": 1 to 100 is expected, found a number \"0\"\n"
        "7:5 error: key \"url\" is required\n"
        "9:13 error: \"weight\": a whole number without quotes is expected, found a text \"x\"");
    assert_int_equal(d.problems.errors, 9);
    document_fini(&d);
}

static void substituted_texts_are_read_as_plain_and_never_shown(void **state)
{
    struct document d;
    struct gateway g;
    (void)state;
    assert_int_equal(setenv("SCHEMA_NUMBER", "42", 1), 0);
    assert_int_equal(setenv("SCHEMA_TRUTH", "false", 1), 0);
    assert_int_equal(setenv("SCHEMA_WORD", "hush", 1), 0);
    assert_true(
        gateway_read(&d, "{number: \"${SCHEMA_NUMBER}\", flag: \"${SCHEMA_TRUTH}\", wait: \"${SCHEMA_NUMBER}s\"}", &g));
    assert_int_equal(g.number, 42);
    assert_false(g.flag);
    assert_int_equal(g.wait_ms, 42000);
    document_fini(&d);
    assert_false(
        gateway_read(&d,
                     "number: ${SCHEMA_WORD}\nflag: ${SCHEMA_WORD}\nwait: ${SCHEMA_WORD}\nformat: ${SCHEMA_WORD}\n"
                     "body_size: ${SCHEMA_WORD}\ntls: ${SCHEMA_WORD}\nwords: ${SCHEMA_WORD}\n",
                     &g));
    assert_int_equal(d.problems.errors, 7);
    assert_null(strstr(problems_text(&d), "hush"));
    document_fini(&d);
}

static void durations_and_sizes_are_whole_numbers_with_units(void **state)
{
    static const struct {
        const char *text;
        bool is_duration, is_size;
        uint64_t value;
    } cases[] = {
        {"0s", true, false, 0},
        {"1500ms", true, false, 1500},
        {"2s", true, false, 2000},
        {"5m", true, false, 300000},
        {"1h", true, false, 3600000},
        {"0B", false, true, 0},
        {"12B", false, true, 12},
        {"64KiB", false, true, 65536},
        {"4MiB", false, true, 4194304},
        {"2GiB", false, true, 2147483648},
        {"9223372036854775807ms", true, false, INT64_MAX},
        {"9223372036854775808ms", false, false, 0},
        {"2562047788015h", true, false, 9223372036854000000},
        {"2562047788016h", false, false, 0},
        {"18446744073709551615B", false, true, UINT64_MAX},
        {"17179869184GiB", false, false, 0},
        {"", false, false, 0},
        {"10", false, false, 0},
        {"s", false, false, 0},
        {"-1s", false, false, 0},
        {"1.5s", false, false, 0},
        {"1 s", false, false, 0},
        {"1S", false, false, 0},
        {"1KB", false, false, 0},
        {"1kib", false, false, 0},
        {"1ss", false, false, 0},
        {"none", false, false, 0},
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct err err = {0};
        int64_t ms = 0;
        uint64_t bytes = 0;
        assert_int_equal(schema_duration(span_str(cases[i].text), &ms, &err), cases[i].is_duration);
        assert_int_equal(schema_size(span_str(cases[i].text), &bytes, &err), cases[i].is_size);
        assert_true((cases[i].is_duration ? (uint64_t)ms : bytes) == cases[i].value);
        assert_true(cases[i].is_duration || err.reason == REASON_CONFIG);
    }
}

static void nearest_word_is_one_slip_away(void **state)
{
    static const char *const words[] = {"listeners", "providers", "max_stale", "bind", "url"};
    static const struct {
        const char *word;
        const char *nearest;
    } cases[] = {
        {"lisetners", "listeners"},
        {"listener", "listeners"},
        {"LISTENERS", "listeners"},
        {"max-stale", "max_stale"},
        {"maxstale", "max_stale"},
        {"uri", "url"},
        {"bnid", "bind"},
        {"bond", "bind"},
        {"prov", "providers"},
        {"max", "max_stale"},
        {"pro", "providers"},
        {"pr", NULL},
        {"band_aid", NULL},
        {"x", NULL},
        {"", NULL},
        {"abc", NULL},
        {"0123456789012345678901234567890123456789012345678901234567890123456789", NULL},
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        const char *found = schema_nearest(span_str(cases[i].word), words, COUNT_OF(words));
        if (cases[i].nearest == NULL)
            assert_null(found);
        else
            assert_string_equal(found, cases[i].nearest);
    }
    assert_null(schema_nearest(SPAN("a"), NULL, 0));
}

static bool read_once(void *arg)
{
    struct document d;
    struct gateway g = {.number = 0};
    struct node *root = arg;
    document_init(&d);
    bool is_read = schema_read(&gateway_schema, root, &g, &d.arena, &d.problems);
    assert_int_equal(is_read, d.problems.errors == 0);
    assert_true(is_read || d.problems.first != NULL);
    document_fini(&d);
    return is_read;
}

static void reading_without_memory_is_a_problem(void **state)
{
    struct document d;
    (void)state;
    document_init(&d);
    AUTO(buf) yaml = {0};
    buf_add_str(&yaml, "backends:\n");
    for (unsigned i = 0; i < 300; i++)
        buf_printf(&yaml, "  b%u: {url: u}\n", i);
    buf_add_str(&yaml, "words: [a, b]\nservers: [{url: a}, b]\n");
    struct node *root = node_read_yaml(&d.arena, "x.yaml", buf_span(&yaml), &d.problems);
    assert_non_null(root);
    assert_true(alloc_fail_each(read_once, root, false) >= 3);
    document_fini(&d);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(missing_keys_get_their_defaults),
        cmocka_unit_test(no_node_is_an_empty_map),
        cmocka_unit_test(each_kind_is_read),
        cmocka_unit_test(keys_without_values_are_empty_containers),
        cmocka_unit_test(one_value_may_stand_for_a_list_where_the_row_says_so),
        cmocka_unit_test(each_refusal_has_its_place_and_remedy),
        cmocka_unit_test(values_at_the_ends_of_their_range_pass),
        cmocka_unit_test(one_run_tells_of_all_problems_in_the_order_of_the_document),
        cmocka_unit_test(substituted_texts_are_read_as_plain_and_never_shown),
        cmocka_unit_test(durations_and_sizes_are_whole_numbers_with_units),
        cmocka_unit_test(nearest_word_is_one_slip_away),
        cmocka_unit_test(reading_without_memory_is_a_problem),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
