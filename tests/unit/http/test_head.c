/* SPDX-License-Identifier: Apache-2.0 */
/* Goal: names are known in every letter case and nothing else is taken for them; fields that belong to one hop are
 * marked, and a client cannot use Connection to strip what was judged.  Method: tables, and heads built by hand.
 */
#include "http/head.h"
#include "unit.h"

static void every_known_name_is_found_in_any_letter_case(void **state)
{
    (void)state;
    for (int id = FIELD_OTHER + 1; id < FIELD_COUNT; id++) {
        struct span name = span_str(field_name((enum field_id)id));
        char upper[32], lower[32];
        for (size_t i = 0; i < name.len; i++) {
            upper[i] = (char)(name.at[i] >= 'a' && name.at[i] <= 'z' ? name.at[i] - 32 : name.at[i]);
            lower[i] = (char)(name.at[i] >= 'A' && name.at[i] <= 'Z' ? name.at[i] + 32 : name.at[i]);
        }
        assert_int_equal(field_id_of(name), id);
        assert_int_equal(field_id_of(span_of(upper, name.len)), id);
        assert_int_equal(field_id_of(span_of(lower, name.len)), id);
    }
}

/* One bit off in one byte, for all bytes and bits: only the letter case bit of letters may be off. */
static void a_name_that_differs_in_more_than_letter_case_is_another(void **state)
{
    (void)state;
    for (int id = FIELD_OTHER + 1; id < FIELD_COUNT; id++) {
        struct span name = span_str(field_name((enum field_id)id));
        for (size_t bit = 0; bit < name.len * 8; bit++) {
            char changed[32];
            memcpy(changed, name.at, name.len);
            changed[bit / 8] = (char)(changed[bit / 8] ^ (1 << bit % 8));
            char c = (char)(name.at[bit / 8] | 0x20);
            bool is_same = bit % 8 == 5 && c >= 'a' && c <= 'z';
            assert_int_equal(field_id_of(span_of(changed, name.len)), is_same ? id : FIELD_OTHER);
        }
        assert_int_equal(field_id_of(span_cut(name, name.len - 1)), FIELD_OTHER);
    }
    assert_int_equal(field_id_of(SPAN("")), FIELD_OTHER);
    assert_int_equal(field_id_of(SPAN("X-Something-Longer-Than-All-Others")), FIELD_OTHER);
}

static void methods_are_known_by_their_exact_spelling(void **state)
{
    (void)state;
    for (int method = METHOD_GET; method < METHOD_COUNT; method++)
        assert_int_equal(method_of(span_str(method_name((enum method)method))), method);
    assert_int_equal(method_of(SPAN("get")), METHOD_UNKNOWN);
    assert_int_equal(method_of(SPAN("GETS")), METHOD_UNKNOWN);
    assert_int_equal(method_of(SPAN("PROPFIND")), METHOD_UNKNOWN);
    assert_int_equal(method_of(SPAN("")), METHOD_UNKNOWN);
}

static struct head head_with(struct field *fields, size_t count)
{
    for (size_t i = 0; i < count; i++)
        fields[i].id = field_id_of(fields[i].name);
    return (struct head){.fields = fields, .count = count};
}

#define FIELD(n, v)                                 \
    {                                               \
        .name = SPAN_INIT(n), .value = SPAN_INIT(v) \
    }

static void fields_are_found_by_id_and_by_name(void **state)
{
    struct field fields[] = {FIELD("X-A", "1"), FIELD("Host", "a"), FIELD("x-a", "2"), FIELD("HOST", "b")};
    struct head head = head_with(fields, COUNT_OF(fields));
    (void)state;
    assert_ptr_equal(head_field(&head, FIELD_HOST), &fields[1]);
    assert_null(head_field(&head, FIELD_VIA));
    assert_int_equal(head_field_count(&head, FIELD_HOST), 2);
    assert_ptr_equal(head_find(&head, SPAN("X-a"), NULL), &fields[0]);
    assert_ptr_equal(head_find(&head, SPAN("X-a"), &fields[0]), &fields[2]);
    assert_null(head_find(&head, SPAN("X-a"), &fields[2]));
}

static void fields_of_one_hop_are_marked(void **state)
{
    static const char *const hops[] = {"Connection", "Keep-Alive",          "Proxy-Connection", "Proxy-Authenticate",
                                       "TE",         "Proxy-Authorization", "Trailer",          "Transfer-Encoding",
                                       "Upgrade",    "HTTP2-Settings"};
    static const char *const others[] = {"Host",   "Authorization", "Content-Length", "Content-Type",
                                         "Cookie", "Via",           "Expect"};
    (void)state;
    for (size_t i = 0; i < COUNT_OF(hops) + COUNT_OF(others); i++) {
        bool is_hop = i < COUNT_OF(hops);
        struct field field = {.name = span_str(is_hop ? hops[i] : others[i - COUNT_OF(hops)]), .value = SPAN("x")};
        struct head head = head_with(&field, 1);
        head_mark_hops(&head);
        assert_int_equal(field.is_hop, is_hop);
    }
}

/* RFC 9110 7.6.1, but what was judged stays. */
static void connection_names_fields_of_this_hop_but_none_that_was_judged(void **state)
{
    static const struct {
        const char *name;
        bool is_hop;
    } cases[] = {
        {"X-Internal", true},       {"x-internal", true},
        {"Accept", true},           {"Date", true},
        {"Authorization", false},   {"Host", false},
        {"Content-Length", false},  {"Content-Type", false},
        {"Cookie", false},          {"cOOKIE", false},
        {"Forwarded", false},       {"Via", false},
        {"X-Forwarded-For", false}, {"X-Forwarded-Whatever", false},
        {"X-Request-Id", false},    {"X-Forwarder", true},
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        char options[64];
        snprintf(options, sizeof options, "close ,\t%s, ,te", cases[i].name);
        struct field fields[] = {{.name = span_str(cases[i].name), .value = SPAN("v")},
                                 {.name = SPAN("Connection"), .value = span_str(options)}};
        struct head head = head_with(fields, COUNT_OF(fields));
        head_mark_hops(&head);
        assert_int_equal(fields[0].is_hop, cases[i].is_hop);
        assert_true(head.wants_close);
    }
}

/* lighttpd makes HTTP_X_FORWARDED_FOR of X.Forwarded.For as well. */
static void other_marks_do_not_smuggle_a_known_name_past_the_gateway(void **state)
{
    static const struct {
        const char *name;
        unsigned status;
        bool is_hop;
    } cases[] = {
        {"Transfer_Encoding", 0, true}, {"content_length", 0, true},
        {"X_Forwarded-For", 0, true},   {"Transfer_Encodin", 0, false},
        {"X_Custom", 0, false},         {"Transfer_Encoding", 200, false},
        {"X-Custom", 0, false},         {"X_A_Very_Long_Name_Of_A_Field", 0, false},
        {"X.Forwarded~For", 0, true},   {"X0Forwarded-For", 0, false},
        {"Content!Length", 0, true},    {"Content.Length", 200, false},
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct field field = {.name = span_str(cases[i].name), .value = SPAN("v")};
        struct head head = head_with(&field, 1);
        head.status = cases[i].status;
        head_mark_hops(&head);
        assert_int_equal(field.is_hop, cases[i].is_hop);
    }
}

static void connection_and_version_say_whether_the_connection_lives_on(void **state)
{
    static const struct {
        const char *connection;
        bool is_http10, wants_close;
    } cases[] = {
        {"", false, false},
        {"close", false, true},
        {"CLOSE", false, true},
        {"x, close", false, true},
        {"closed", false, false},
        {"keep-alive", false, false},
        {"", true, true},
        {"keep-alive", true, false},
        {"Keep-Alive", true, false},
        {"keep-alive, close", true, true},
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct field field = {.name = SPAN("Connection"), .value = span_str(cases[i].connection)};
        struct head head = head_with(&field, 1);
        head.is_http10 = cases[i].is_http10;
        head_mark_hops(&head);
        assert_int_equal(head.wants_close, cases[i].wants_close);
    }
}

static void an_upgrade_needs_both_fields(void **state)
{
    struct field both[] = {FIELD("Connection", "Upgrade"), FIELD("Upgrade", "websocket")};
    struct head head = head_with(both, 2);
    (void)state;
    head_mark_hops(&head);
    assert_true(head.is_upgrade);
    head = head_with(both, 1);
    head_mark_hops(&head);
    assert_false(head.is_upgrade);
    head = head_with(both + 1, 1);
    head_mark_hops(&head);
    assert_false(head.is_upgrade);
}

static void more_options_than_anybody_sends_stop_all_fields_that_may_be_stopped(void **state)
{
    char options[200] = "";
    (void)state;
    for (size_t count = 64; count <= 65; count++) {
        memset(options, ',', count - 1);
        options[count - 1] = '\0';
        struct field fields[] = {{.name = SPAN("Connection"), .value = span_str(options)},
                                 FIELD("X-A", "1"),
                                 FIELD("Authorization", "Bearer x")};
        struct head head = head_with(fields, COUNT_OF(fields));
        head_mark_hops(&head);
        assert_int_equal(fields[1].is_hop, count > 64);
        assert_false(fields[2].is_hop);
    }
}

static void every_status_we_answer_with_has_its_phrase(void **state)
{
    (void)state;
    for (int reason = 0; reason < REASON_COUNT; reason++) {
        unsigned status = reason_info((enum reason)reason)->status;
        if (status != 0)
            assert_string_not_equal(status_phrase(status), "Unknown");
    }
    assert_string_equal(status_phrase(404), "Not Found");
    assert_string_equal(status_phrase(100), "Continue");
    assert_string_equal(status_phrase(511), "Network Authentication Required");
    assert_string_equal(status_phrase(299), "Unknown");
    assert_string_equal(status_phrase(0), "Unknown");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_known_name_is_found_in_any_letter_case),
        cmocka_unit_test(a_name_that_differs_in_more_than_letter_case_is_another),
        cmocka_unit_test(methods_are_known_by_their_exact_spelling),
        cmocka_unit_test(fields_are_found_by_id_and_by_name),
        cmocka_unit_test(fields_of_one_hop_are_marked),
        cmocka_unit_test(connection_names_fields_of_this_hop_but_none_that_was_judged),
        cmocka_unit_test(other_marks_do_not_smuggle_a_known_name_past_the_gateway),
        cmocka_unit_test(connection_and_version_say_whether_the_connection_lives_on),
        cmocka_unit_test(an_upgrade_needs_both_fields),
        cmocka_unit_test(more_options_than_anybody_sends_stop_all_fields_that_may_be_stopped),
        cmocka_unit_test(every_status_we_answer_with_has_its_phrase),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
