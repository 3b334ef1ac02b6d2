/* SPDX-License-Identifier: Apache-2.0 */
/* Fields and queries as policies change them.  The attacks: a value that ends its line, a client's spelling that stays beside the
 * policy's own field, a parameter that hides behind its encoding.
 */
#include "alloc_fail.h"
#include "proxy/edit.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define FIELD(name_, value_)                                 \
    {                                                        \
        .name = SPAN_INIT(name_), .value = SPAN_INIT(value_) \
    }

static const struct field own[] = {FIELD("X-A", "1"), FIELD("x-a", "2"), FIELD("X_A", "3"), FIELD("X-B", "4"),
                                   FIELD("Cookie", "c=1")};

static void print(const struct edit_fields *fields, char out[512])
{
    size_t len = 0;
    out[0] = '\0';
    for (size_t i = 0; i < fields->count; i++)
        len += (size_t)snprintf(out + len, 512 - len, "%.*s=%.*s%s;", SPAN_ARG(fields->at[i].field.name),
                                SPAN_ARG(fields->at[i].field.value), fields->at[i].is_ours ? "!" : "");
}

static const struct {
    const char *name;
    struct span header;
    enum exists_action action;
    size_t count; /* of the values v and w */
    bool is_lax;
    const char *wanted; /* NULL: refused */
} header_cases[] = {
    {"override", SPAN_INIT("X-A"), EXISTS_OVERRIDE, 1, true, "X-B=4;Cookie=c=1;X-A=v!;"},
    {"override, exact spelling only", SPAN_INIT("x-A"), EXISTS_OVERRIDE, 2, false, "X_A=3;X-B=4;Cookie=c=1;x-A=v, w!;"},
    {"skip what is there", SPAN_INIT("X-A"), EXISTS_SKIP, 1, true, "X-A=1;x-a=2;X-B=4;Cookie=c=1;"},
    {"skip what is not there", SPAN_INIT("X-C"), EXISTS_SKIP, 1, true, "X-A=1;x-a=2;X_A=3;X-B=4;Cookie=c=1;X-C=v!;"},
    {"append", SPAN_INIT("X-A"), EXISTS_APPEND, 2, true, "X-A=1;x-a=2;X-B=4;Cookie=c=1;X-A=v, w!;"},
    {"delete", SPAN_INIT("X-A"), EXISTS_DELETE, 0, true, "X-B=4;Cookie=c=1;"},
    {"delete what is not there", SPAN_INIT("X-C"), EXISTS_DELETE, 0, true, "X-A=1;x-a=2;X_A=3;X-B=4;Cookie=c=1;"},
    {"lines of their own", SPAN_INIT("Cookie"), EXISTS_APPEND, 2, true,
     "X-A=1;x-a=2;X_A=3;X-B=4;Cookie=c=1;Cookie=v!;Cookie=w!;"},
    {"no token", SPAN_INIT("X A"), EXISTS_OVERRIDE, 1, true, NULL},
    {"empty", SPAN_INIT(""), EXISTS_DELETE, 0, true, NULL},
    {"framing", SPAN_INIT("content-length"), EXISTS_OVERRIDE, 1, true, NULL},
    {"hop by hop", SPAN_INIT("TE"), EXISTS_DELETE, 0, true, NULL},
    {"the way of a request", SPAN_INIT("Via"), EXISTS_APPEND, 1, true, NULL},
    {"the way of an answer", SPAN_INIT("Via"), EXISTS_APPEND, 1, false, "X-A=1;x-a=2;X_A=3;X-B=4;Cookie=c=1;Via=v!;"},
    {"a neighbour of framing", SPAN_INIT("content-lengths"), EXISTS_DELETE, 0, true,
     "X-A=1;x-a=2;X_A=3;X-B=4;Cookie=c=1;"},
};

static void headers_are_set_added_and_deleted(void **state)
{
    static const struct span values[] = {SPAN_INIT("v"), SPAN_INIT("w")};
    (void)state;
    for (size_t i = 0; i < COUNT_OF(header_cases); i++) {
        AUTO(arena) arena = {0};
        struct edit_fields fields;
        struct err err = {.reason = REASON_NONE};
        char text[512];
        const struct edit edit = {header_cases[i].header, header_cases[i].action, values, header_cases[i].count};
        assert_true(edit_begin(&fields, &arena, own, COUNT_OF(own)));
        bool is_done = edit_header(&fields, &arena, &edit, header_cases[i].is_lax, &err);
        print(&fields, text);
        if (is_done != (header_cases[i].wanted != NULL) || (is_done && strcmp(text, header_cases[i].wanted) != 0))
            fail_msg("%s: %s %s", header_cases[i].name, text, err.text);
        assert_true(is_done || err.reason == REASON_EXPRESSION_FAILED);
    }
}

/* RFC 9110 7.6.1: what the gateway does not pass on is nothing that a policy could put there. */
static void what_does_not_go_on_is_not_set(void **state)
{
    static const struct span names[] = {SPAN_INIT("Connection"),
                                        SPAN_INIT("HTTP2-Settings"),
                                        SPAN_INIT("Keep-Alive"),
                                        SPAN_INIT("Proxy-Connection"),
                                        SPAN_INIT("TE"),
                                        SPAN_INIT("Trailer"),
                                        SPAN_INIT("Transfer-Encoding"),
                                        SPAN_INIT("Upgrade")};
    static const struct span value = SPAN_INIT("v");
    (void)state;
    for (size_t i = 0; i < COUNT_OF(names); i++)
        for (int is_request = 0; is_request < 2; is_request++) {
            AUTO(arena) arena = {0};
            struct edit_fields fields;
            struct err err;
            const struct edit edit = {names[i], EXISTS_SKIP, &value, 1};
            assert_int_not_equal(field_id_of(names[i]), FIELD_OTHER);
            assert_true(edit_begin(&fields, &arena, NULL, 0));
            assert_false(edit_header(&fields, &arena, &edit, is_request != 0, &err));
            assert_true(plan_field_is_fixed(names[i], is_request == 0));
        }
}

static void a_value_never_ends_its_line(void **state)
{
    static const struct {
        struct span value;
        bool is_taken;
    } values[] = {{SPAN_INIT("a\r\nX: y"), false}, {SPAN_INIT("a\nb"), false}, {SPAN_INIT("a\0b"), false},
                  {SPAN_INIT("a\x7f"), false},     {SPAN_INIT("a\tb"), true},  {SPAN_INIT(""), true},
                  {SPAN_INIT("\xc3\xbc"), true}};
    (void)state;
    for (size_t i = 0; i < COUNT_OF(values); i++) {
        AUTO(arena) arena = {0};
        struct edit_fields fields;
        struct err err = {.reason = REASON_NONE};
        const struct edit edit = {SPAN("X-C"), EXISTS_OVERRIDE, &values[i].value, 1};
        assert_true(edit_begin(&fields, &arena, NULL, 0));
        assert_int_equal(edit_header(&fields, &arena, &edit, true, &err), values[i].is_taken);
        assert_null(values[i].is_taken ? NULL : strstr(err.text, "X: y"));
    }
}

static void many_fields_find_room(void **state)
{
    AUTO(arena) arena = {0};
    struct edit_fields fields;
    struct err err;
    static const struct span value = SPAN_INIT("v");
    const struct edit edit = {SPAN("X-C"), EXISTS_APPEND, &value, 1};
    struct span joined;
    (void)state;
    assert_true(edit_begin(&fields, &arena, own, COUNT_OF(own)));
    for (size_t i = 0; i < 100; i++)
        assert_true(edit_header(&fields, &arena, &edit, true, &err));
    assert_int_equal(fields.count, COUNT_OF(own) + 100);
    assert_true(edit_joined(&fields, SPAN("x-c"), &arena, &joined));
    assert_int_equal(joined.len, 298);
    assert_true(edit_joined(&fields, SPAN("x-d"), &arena, &joined) && joined.at == NULL);
}

static const struct {
    const char *name, *query;
    struct span parameter;
    enum exists_action action;
    size_t count;
    const char *wanted;
} query_cases[] = {
    {"into none", NULL, SPAN_INIT("a"), EXISTS_OVERRIDE, 1, "?a=v%20%26"},
    {"into an empty one", "?", SPAN_INIT("a"), EXISTS_OVERRIDE, 1, "?a=v%20%26"},
    {"override", "?a=1&b=%2f&%61=2", SPAN_INIT("a"), EXISTS_OVERRIDE, 2, "?b=%2f&a=v%20%26&a=w"},
    {"skip", "?%61=1", SPAN_INIT("a"), EXISTS_SKIP, 1, "?%61=1"},
    {"skip nothing", "?A=1", SPAN_INIT("a"), EXISTS_SKIP, 1, "?A=1&a=v%20%26"},
    {"append, behind an empty pair", "?a=1&", SPAN_INIT("a"), EXISTS_APPEND, 1, "?a=1&a=v%20%26"},
    {"delete all there is", "?a=1&a", SPAN_INIT("a"), EXISTS_DELETE, 0, NULL},
    {"delete, and leave what cannot be decoded", "?a=1&%zz=1", SPAN_INIT("a"), EXISTS_DELETE, 0, "?%zz=1"},
    {"a name with marks", "?x=1", SPAN_INIT("a=&"), EXISTS_OVERRIDE, 1, "?x=1&a%3D%26=v%20%26"},
};

static void parameters_are_set_added_and_deleted(void **state)
{
    static const struct span values[] = {SPAN_INIT("v &"), SPAN_INIT("w")};
    (void)state;
    for (size_t i = 0; i < COUNT_OF(query_cases); i++) {
        AUTO(arena) arena = {0};
        struct err err;
        struct span out;
        struct span query = query_cases[i].query == NULL ? (struct span){NULL, 0} : span_str(query_cases[i].query);
        const struct edit edit = {query_cases[i].parameter, query_cases[i].action, values, query_cases[i].count};
        assert_true(edit_query(&arena, query, &edit, &out, &err));
        bool is_right = query_cases[i].wanted == NULL ? out.at == NULL : span_eq(out, span_str(query_cases[i].wanted));
        if (!is_right)
            fail_msg("%s: %.*s", query_cases[i].name, SPAN_ARG(out));
    }
}

static bool edit_all(void *arg)
{
    AUTO(arena) arena = {0};
    struct edit_fields fields;
    struct err err = {.reason = REASON_NONE};
    struct span out;
    static const struct span values[] = {SPAN_INIT("v"), SPAN_INIT("w")};
    const struct edit edit = {SPAN("X-C"), EXISTS_APPEND, values, 2};
    (void)arg;
    if (!edit_begin(&fields, &arena, own, COUNT_OF(own)))
        return false;
    if (!edit_header(&fields, &arena, &edit, true, &err) || !edit_query(&arena, SPAN("?a=1"), &edit, &out, &err)) {
        assert_int_equal(err.reason, REASON_OUT_OF_MEMORY);
        return false;
    }
    return edit_joined(&fields, SPAN("x-a"), &arena, &out);
}

static void without_memory_nothing_is_half_done(void **state)
{
    (void)state;
    assert_true(alloc_fail_each(edit_all, NULL, false) > 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(headers_are_set_added_and_deleted),    cmocka_unit_test(what_does_not_go_on_is_not_set),
        cmocka_unit_test(a_value_never_ends_its_line),          cmocka_unit_test(many_fields_find_room),
        cmocka_unit_test(parameters_are_set_added_and_deleted), cmocka_unit_test(without_memory_nothing_is_half_done),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
