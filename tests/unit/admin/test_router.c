/* SPDX-License-Identifier: Apache-2.0 */
/* Goal: a request finds the one row that is for its path and method; what is near finds none, and is told why.  Method: a table of the
 * test's own, since the product's grows.
 */
#include "admin/admin.h"
#include "unit.h"

enum { GET = 1U << METHOD_GET, POST = 1U << METHOD_POST, READ = GET | 1U << METHOD_HEAD };

static const struct admin_row table[] = {
    {"/", READ, ADMIN_OPEN, NULL},
    {"/log", READ, ADMIN_PROTECTED, NULL},
    {"/log", POST, ADMIN_PROTECTED, NULL},
    {"/once", GET, ADMIN_OPEN, NULL},
    {"/pages/act", POST, ADMIN_PROTECTED, NULL},
    {"/pages/", READ, ADMIN_OPEN, NULL},
    {"/explain", POST, ADMIN_PROTECTED, NULL},
    {"/explain/all", POST, ADMIN_PROTECTED, NULL},
};

static const struct {
    const char *path;
    enum method method;
    int row; /* -1: none */
    unsigned methods;
} cases[] = {
    {"/", METHOD_GET, 0, 0},
    {"/", METHOD_HEAD, 0, 0},
    {"/", METHOD_POST, -1, READ},
    {"/log", METHOD_GET, 1, 0},
    {"/log", METHOD_POST, 2, 0},
    {"/log", METHOD_HEAD, 1, 0},
    {"/log", METHOD_DELETE, -1, READ | POST},
    {"/log", METHOD_UNKNOWN, -1, READ | POST},
    {"/log/", METHOD_GET, -1, 0},
    {"/Log", METHOD_GET, -1, 0},
    {"/lo", METHOD_GET, -1, 0},
    {"/pages/", METHOD_GET, 5, 0},
    {"/pages/a/b.js", METHOD_GET, 5, 0},
    {"/pages", METHOD_GET, -1, 0},
    {"/pages/a", METHOD_PUT, -1, READ},
    {"/pages/act", METHOD_POST, 4, 0},
    {"/pages/act", METHOD_GET, -1, POST},
    {"/pages/act", METHOD_PUT, -1, POST},
    {"/pages/act/", METHOD_GET, 5, 0},
    {"/once", METHOD_GET, 3, 0},
    {"/once", METHOD_HEAD, -1, GET},
    {"/once", METHOD_TRACE, -1, GET},
    {"/explain", METHOD_POST, 6, 0},
    {"/explain/all", METHOD_POST, 7, 0},
    {"/explain/all", METHOD_HEAD, -1, POST},
    {"*", METHOD_OPTIONS, -1, 0},
};

static void a_path_and_a_method_find_their_row(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        unsigned methods;
        const struct admin_row *row =
            admin_find(table, COUNT_OF(table), span_str(cases[i].path), cases[i].method, &methods);
        const struct admin_row *wanted = cases[i].row < 0 ? NULL : &table[cases[i].row];
        if (row != wanted || (row == NULL && methods != cases[i].methods))
            fail_msg("%s %s: row %td, methods %x", method_name(cases[i].method), cases[i].path,
                     row == NULL ? -1 : row - table, methods);
    }
}

static void a_refusal_is_json_whatever_its_text(void **state)
{
    struct reply reply = {.status = 200};
    (void)state;
    buf_add_str(&reply.body, "half an answer");
    admin_refuse(&reply, 409, "%s", "not \"now\"");
    assert_int_equal(reply.status, 409);
    assert_span(buf_span(&reply.body), "{\"error\":\"not \\\"now\\\"\"}");
    assert_span(reply.content_type, "application/json");
    buf_fini(&reply.body);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_path_and_a_method_find_their_row),
        cmocka_unit_test(a_refusal_is_json_whatever_its_text),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
