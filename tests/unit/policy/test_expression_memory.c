/* SPDX-License-Identifier: Apache-2.0 */
/* Without memory an expression is not read and not evaluated, and says so: it never gives another value.
 *
 * Method: reading and evaluating with the first, second ... allocation failing.
 */
#include "alloc_fail.h"
#include "expression_case.h"

static const char text[] =
    "@(string.Join(\"-\", ((string)context.Variables[\"text\"] + context.Request.Headers[\"X-Role\"].FirstOrDefault() "
    "+ "
    "((Jwt)context.Variables[\"jwt\"]).Claims[\"group\"][0] + DateTime.UtcNow + 5 + \"a\".ToUpper()).Replace(\"i\", "
    "\"I\").Split(',')))";
static const char outcome[] = "t1admIn- userfInance11/21/2026 16:59:275A";

struct scarce {
    struct expression_world world;
    struct arena arena;
};

static bool read_and_evaluate(struct scarce *scarce)
{
    const struct expression *expression;
    struct expression_context context = expression_world_context(&scarce->world);
    size_t offset;
    struct err err;
    struct value value;
    context.arena = &scarce->arena;
    if (!expression_read(&(struct expression_source){span_str(text), false}, &scarce->arena, &expression, &offset,
                         &err) ||
        !expression_evaluate(expression, &context, &value, &err)) {
        assert_int_equal(err.reason, REASON_OUT_OF_MEMORY);
        return false;
    }
    assert_int_equal(value.kind, VALUE_TEXT);
    assert_span(value.text, outcome);
    return true;
}

static bool run(void *arg)
{
    struct scarce *scarce = arg;
    bool is_done = read_and_evaluate(scarce);
    arena_fini(&scarce->arena);
    return is_done;
}

static void an_expression_is_read_and_evaluated_whole_or_not_at_all(void **state)
{
    (void)state;
    struct scarce scarce = {.arena = {0}};
    expression_world_init(&scarce.world);
    assert_true(alloc_fail_each(run, &scarce, false) >= 3);
    expression_world_fini(&scarce.world);
}

/* The arena's own maximum stands for each of its allocations. */
static void an_arena_without_room_is_told(void **state)
{
    (void)state;
    struct scarce scarce = {.arena = {0}};
    size_t refused = 0;
    expression_world_init(&scarce.world);
    for (size_t taken = 0; taken < 200; taken++) {
        scarce.arena.bytes_max = ARENA_BLOCK_BYTES;
        if (arena_take(&scarce.arena, taken * 40) == NULL || !read_and_evaluate(&scarce))
            refused++;
        arena_fini(&scarce.arena);
    }
    assert_in_range(refused, 20, 180);
    expression_world_fini(&scarce.world);
}

static void a_variable_that_cannot_be_kept_is_told(void **state)
{
    (void)state;
    AUTO(arena) arena = {.bytes_max = 1};
    struct variables variables = {NULL};
    assert_false(variables_set(&variables, &arena, SPAN("a"), (struct value){.kind = VALUE_NULL}));
    assert_null(variables_find(&variables, SPAN("a")));
    arena.bytes_max = 0;
    assert_true(variables_set(&variables, &arena, SPAN("a"), (struct value){.kind = VALUE_NULL}));
    assert_non_null(variables_find(&variables, SPAN("a")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_expression_is_read_and_evaluated_whole_or_not_at_all),
        cmocka_unit_test(an_arena_without_room_is_told),
        cmocka_unit_test(a_variable_that_cannot_be_kept_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
