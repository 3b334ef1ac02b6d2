/* SPDX-License-Identifier: Apache-2.0 */
/* The directory of stored keys.  Attack: who can put a file there, or change one, would choose whose tokens pass after the next
 * start.  So nothing is read that another could have written, and nothing half written is ever found.
 */
#include "oidc/store.h"
#include "unit.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#define URL SPAN("https://idp.example/.well-known/openid-configuration")

enum { BYTES_MAX = 64, NOBODY = 65534 };

struct place {
    char dir[64];
    char file[200]; /* the one file, once written */
};

static void path_of(struct place *place)
{
    DIR *dir = opendir(place->dir);
    struct dirent *entry;
    assert_non_null(dir);
    place->file[0] = '\0';
    while ((entry = readdir(dir)) != NULL) {
        if (entry->d_name[0] == '.' && (entry->d_name[1] == '\0' || entry->d_name[1] == '.'))
            continue;
        assert_string_equal(place->file, ""); /* nothing but the one file, no leftover of writing */
        snprintf(place->file, sizeof place->file, "%s/%.100s", place->dir, entry->d_name);
    }
    closedir(dir);
}

static int set_up(void **state)
{
    struct place *place = calloc(1, sizeof *place);
    if (place == NULL)
        return -1;
    snprintf(place->dir, sizeof place->dir, "/tmp/jwtgate-store-XXXXXX");
    *state = place;
    return mkdtemp(place->dir) == NULL ? -1 : 0;
}

static int tear_down(void **state)
{
    struct place *place = *state;
    chmod(place->dir, 0700);
    path_of(place);
    if (place->file[0] != '\0' && unlink(place->file) != 0)
        rmdir(place->file);
    rmdir(place->dir);
    free(place);
    return 0;
}

static void put(struct place *place, const char *text)
{
    struct err err = {0};
    if (!store_write(place->dir, URL, span_str(text), &err))
        fail_msg("%s", err.text);
    path_of(place);
}

/* The text that is read, "" for none, NULL where it is refused. */
static const char *got(struct place *place)
{
    static char copy[BYTES_MAX + 1];
    AUTO(arena) arena = {0};
    struct span text;
    struct err err = {0};
    if (!store_read(place->dir, URL, BYTES_MAX, &arena, &text, &err)) {
        assert_true(err.reason == REASON_SYSTEM && err.text[0] != '\0');
        return NULL;
    }
    snprintf(copy, sizeof copy, "%.*s", SPAN_ARG(text));
    return copy;
}

static void what_is_written_is_read_in_place_of_what_was(void **state)
{
    struct place *place = *state;
    assert_string_equal(got(place), "");
    put(place, "one, and longer");
    assert_string_equal(got(place), "one, and longer");
    put(place, "two");
    assert_string_equal(got(place), "two");
    assert_true(store_drop(place->dir, URL, NULL));
    assert_string_equal(got(place), "");
    assert_true(store_drop(place->dir, URL, NULL));
}

static void a_file_is_for_our_eyes_alone_whatever_the_umask(void **state)
{
    struct place *place = *state;
    struct stat seen;
    mode_t before = umask(0);
    put(place, "x");
    umask(before);
    assert_int_equal(stat(place->file, &seen), 0);
    assert_int_equal(seen.st_mode & 07777, 0600);
    assert_non_null(strstr(place->file, ".json"));
    assert_int_equal(strlen(strrchr(place->file, '/')), 1 + 64 + strlen(".json"));
}

static void each_provider_has_a_file_of_its_own(void **state)
{
    struct place *place = *state;
    AUTO(arena) arena = {0};
    struct span text;
    put(place, "x");
    assert_true(store_read(place->dir, SPAN("https://idp.example/other"), BYTES_MAX, &arena, &text, NULL));
    assert_null(text.at);
}

static void a_file_that_others_may_write_is_not_read(void **state)
{
    static const struct {
        mode_t mode;
        bool is_read;
    } cases[] = {{0600, true}, {0644, true}, {0620, false}, {0602, false}, {0666, false}};
    struct place *place = *state;
    put(place, "x");
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        chmod(place->file, cases[i].mode);
        if ((got(place) != NULL) != cases[i].is_read)
            fail_msg("mode %04o", (unsigned)cases[i].mode);
    }
}

static void a_directory_that_others_may_write_is_not_used(void **state)
{
    static const struct {
        mode_t mode;
        bool is_used;
    } cases[] = {{0700, true}, {0755, true}, {0770, false}, {0707, false}, {01777, false}};
    struct place *place = *state;
    put(place, "x");
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        chmod(place->dir, cases[i].mode);
        if ((got(place) != NULL) != cases[i].is_used || store_check(place->dir, NULL) != cases[i].is_used ||
            store_write(place->dir, URL, SPAN("y"), NULL) != cases[i].is_used)
            fail_msg("mode %04o", (unsigned)cases[i].mode);
    }
}

/* Only root can give a file away. */
static void what_belongs_to_another_user_is_not_read(void **state)
{
    struct place *place = *state;
    put(place, "x");
    if (geteuid() != 0)
        skip();
    assert_int_equal(chown(place->file, NOBODY, NOBODY), 0);
    assert_null(got(place));
    assert_int_equal(chown(place->file, 0, NOBODY), 0);
    assert_string_equal(got(place), "x");
    assert_int_equal(chown(place->dir, NOBODY, NOBODY), 0);
    assert_null(got(place));
    assert_false(store_write(place->dir, URL, SPAN("y"), NULL));
    assert_true(store_check(place->dir, NULL)); /* root may check for the user that runs */
}

static void only_a_regular_file_is_read(void **state)
{
    struct place *place = *state;
    char target[100];
    put(place, "x");
    snprintf(target, sizeof target, "%s-target", place->dir);
    assert_int_equal(rename(place->file, target), 0);
    assert_int_equal(symlink(target, place->file), 0);
    assert_null(got(place));
    assert_int_equal(unlink(place->file), 0);
    assert_int_equal(link(target, place->file), 0); /* the same file, its own name */
    assert_string_equal(got(place), "x");
    assert_int_equal(unlink(place->file), 0);
    assert_int_equal(unlink(target), 0);
    assert_int_equal(mkfifo(place->file, 0600), 0);
    assert_null(got(place)); /* and at once */
    assert_int_equal(unlink(place->file), 0);
    assert_int_equal(mkdir(place->file, 0700), 0);
    assert_null(got(place));
    assert_false(store_write(place->dir, URL, SPAN("y"), NULL));
}

static void a_link_at_the_files_place_is_replaced_not_followed(void **state)
{
    struct place *place = *state;
    char target[100];
    struct stat seen;
    put(place, "x");
    snprintf(target, sizeof target, "%s-target", place->dir);
    assert_int_equal(unlink(place->file), 0);
    assert_int_equal(symlink(target, place->file), 0);
    put(place, "y");
    assert_string_equal(got(place), "y");
    assert_int_not_equal(stat(target, &seen), 0);
}

static void a_file_past_the_limit_is_not_read(void **state)
{
    struct place *place = *state;
    char text[BYTES_MAX + 2];
    memset(text, 'x', sizeof text);
    text[BYTES_MAX] = '\0';
    put(place, text);
    assert_string_equal(got(place), text);
    text[BYTES_MAX] = 'x';
    text[BYTES_MAX + 1] = '\0';
    put(place, text);
    assert_null(got(place));
}

static void a_store_is_a_directory_that_is_there(void **state)
{
    struct place *place = *state;
    struct err err = {0};
    char nowhere[100];
    assert_true(store_check(place->dir, &err));
    snprintf(nowhere, sizeof nowhere, "%s/nowhere", place->dir);
    assert_false(store_check(nowhere, &err));
    assert_int_equal(err.reason, REASON_CONFIG);
    put(place, "x");
    assert_false(store_check(place->file, &err));
    assert_false(store_write(nowhere, URL, SPAN("y"), NULL));
    assert_false(store_drop(nowhere, URL, NULL));
    if (geteuid() != 0) {
        chmod(place->dir, 0500);
        assert_false(store_check(place->dir, &err));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(what_is_written_is_read_in_place_of_what_was, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_file_is_for_our_eyes_alone_whatever_the_umask, set_up, tear_down),
        cmocka_unit_test_setup_teardown(each_provider_has_a_file_of_its_own, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_file_that_others_may_write_is_not_read, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_directory_that_others_may_write_is_not_used, set_up, tear_down),
        cmocka_unit_test_setup_teardown(what_belongs_to_another_user_is_not_read, set_up, tear_down),
        cmocka_unit_test_setup_teardown(only_a_regular_file_is_read, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_link_at_the_files_place_is_replaced_not_followed, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_file_past_the_limit_is_not_read, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_store_is_a_directory_that_is_there, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
