/* SPDX-License-Identifier: Apache-2.0 */
/* Goal: whoever looks once a second misses no change of a file, however it was made, and is not called for none. */
#include "base/file_mark.h"
#include "unit.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

static char dir[64], file[96], other[96], link_to[96];

static int dir_make(void **state)
{
    (void)state;
    strcpy(dir, "/tmp/jwtgate-mark-XXXXXX");
    assert_non_null(mkdtemp(dir));
    snprintf(file, sizeof file, "%s/file", dir);
    snprintf(other, sizeof other, "%s/other", dir);
    snprintf(link_to, sizeof link_to, "%s/link", dir);
    return 0;
}

static int dir_remove(void **state)
{
    (void)state;
    unlink(file);
    unlink(other);
    unlink(link_to);
    return rmdir(dir);
}

static void put(const char *path, const char *text)
{
    FILE *to = fopen(path, "w");
    assert_non_null(to);
    fputs(text, to);
    fclose(to);
}

static bool is_changed(const struct file_mark *before, const char *path)
{
    struct file_mark now = file_mark_of(path);
    return !file_mark_is_same(before, &now);
}

static void every_way_to_change_a_file_is_seen(void **state)
{
    (void)state;
    struct file_mark mark = file_mark_of(file);
    assert_false(mark.is_there || is_changed(&mark, file));
    put(file, "a");
    assert_true(is_changed(&mark, file));
    mark = file_mark_of(file);
    assert_true(mark.is_there);
    assert_false(is_changed(&mark, file));
    put(file, "ab");
    assert_true(is_changed(&mark, file));
    mark = file_mark_of(file);
    put(other, "ab");
    assert_int_equal(rename(other, file), 0);
    assert_true(is_changed(&mark, file));
    mark = file_mark_of(file);
    unlink(file);
    assert_true(is_changed(&mark, file));
}

static void a_link_is_what_it_leads_to(void **state)
{
    (void)state;
    put(file, "a");
    put(other, "b");
    assert_int_equal(symlink("file", link_to), 0);
    struct file_mark mark = file_mark_of(link_to);
    assert_true(mark.is_there);
    unlink(link_to);
    assert_int_equal(symlink("other", link_to), 0);
    assert_true(is_changed(&mark, link_to));
}

/* A pipe would keep its reader waiting. */
static void what_is_no_regular_file_is_not_there(void **state)
{
    (void)state;
    assert_false(file_mark_of(dir).is_there);
    assert_int_equal(mkfifo(file, 0600), 0);
    assert_false(file_mark_of(file).is_there);
}

static void a_young_file_may_still_change_unseen(void **state)
{
    (void)state;
    put(file, "a");
    struct file_mark mark = file_mark_of(file);
    int64_t made_s = (int64_t)mark.changed.tv_sec;
    assert_false(file_mark_is_settled(&mark, made_s));
    assert_false(file_mark_is_settled(&mark, made_s + 2));
    assert_true(file_mark_is_settled(&mark, made_s + 3));
    assert_true(file_mark_is_settled(&mark, made_s - 1)); /* a clock that was set back says nothing */
    mark.is_there = false;
    assert_true(file_mark_is_settled(&mark, made_s));
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(every_way_to_change_a_file_is_seen, dir_make, dir_remove),
        cmocka_unit_test_setup_teardown(a_link_is_what_it_leads_to, dir_make, dir_remove),
        cmocka_unit_test_setup_teardown(what_is_no_regular_file_is_not_there, dir_make, dir_remove),
        cmocka_unit_test_setup_teardown(a_young_file_may_still_change_unseen, dir_make, dir_remove),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
