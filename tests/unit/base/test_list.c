/* SPDX-License-Identifier: Apache-2.0 */
/* Goal: a list keeps its order through every way in and out.  Method: numbered objects, read back as a text. */
#include "unit.h"

#include "base/list.h"

struct item {
    char letter;
    struct list link;
};

static void list_expect(const struct list *l, const char *wanted)
{
    char found[16];
    size_t count = 0;
    LIST_EACH(l, link)
    found[count++] = CONTAINER_OF(link, item, link)->letter;
    found[count] = '\0';
    assert_string_equal(found, wanted);
    assert_int_equal(list_is_empty(l), count == 0);
}

static void items_stand_in_the_order_of_putting(void **state)
{
    struct list l;
    struct item a = {.letter = 'a'}, b = {.letter = 'b'}, c = {.letter = 'c'};
    (void)state;
    list_init(&l);
    list_expect(&l, "");
    assert_null(list_first(&l));
    assert_null(list_last(&l));
    list_append(&l, &b.link);
    list_append(&l, &c.link);
    list_prepend(&l, &a.link);
    list_expect(&l, "abc");
    assert_ptr_equal(list_first(&l), &a.link);
    assert_ptr_equal(list_last(&l), &c.link);
}

static void removed_items_can_go_in_again(void **state)
{
    struct list l;
    struct item a = {.letter = 'a'}, b = {.letter = 'b'};
    (void)state;
    list_init(&l);
    assert_false(list_is_linked(&a.link));
    list_append(&l, &a.link);
    list_append(&l, &b.link);
    assert_true(list_is_linked(&a.link));
    list_remove(&a.link);
    list_remove(&a.link);
    assert_false(list_is_linked(&a.link));
    list_expect(&l, "b");
    list_append(&l, &a.link);
    list_expect(&l, "ba");
}

static void walk_may_remove_the_item_it_stands_on(void **state)
{
    struct list l;
    struct item items[3] = {{.letter = 'a'}, {.letter = 'b'}, {.letter = 'c'}};
    (void)state;
    list_init(&l);
    for (size_t i = 0; i < COUNT_OF(items); i++)
        list_append(&l, &items[i].link);
    LIST_EACH(&l, link)
    list_remove(link);
    list_expect(&l, "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(items_stand_in_the_order_of_putting),
        cmocka_unit_test(removed_items_can_go_in_again),
        cmocka_unit_test(walk_may_remove_the_item_it_stands_on),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
