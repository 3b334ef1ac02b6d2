/* SPDX-License-Identifier: Apache-2.0 */
/* Addresses to bind as they are written, and unix sockets as files: whose they are, and which of them may be replaced. */
#include "server/listener.h"
#include "unit.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/un.h>
#include <unistd.h>

static void addresses_are_read_and_written_alike(void **state)
{
    static const char *const good[] = {"127.0.0.1:8080",   "0.0.0.0:0", "[::1]:65535",
                                       "[2001:db8::1]:80", "unix:/x",   "unix:/run/jwtgate/http.sock"};
    static const char *const bad[] = {"",       "localhost:80", "127.0.0.1",   "127.0.0.1:", "127.0.0.1:65536",
                                      "::1:80", "[::1]",        "[::1%lo]:80", "unix:",      "unix:/",
                                      "unix:x", "unix:@x",      ":80"};
    struct bind_address address;
    struct err err;
    (void)state;
    for (size_t i = 0; i < COUNT_OF(good); i++) {
        char text[BIND_TEXT_BYTES];
        if (!bind_address_read(span_str(good[i]), &address, &err))
            fail_msg("%s: %s", good[i], err.text);
        bind_address_text(&address, text);
        assert_string_equal(text, good[i]);
    }
    for (size_t i = 0; i < COUNT_OF(bad); i++) {
        if (bind_address_read(span_str(bad[i]), &address, &err))
            fail_msg("\"%s\" is no address", bad[i]);
        assert_int_equal(err.reason, REASON_CONFIG);
    }
}

static void a_path_has_107_bytes_at_most(void **state)
{
    char text[128] = "unix:/";
    struct bind_address address;
    struct err err;
    (void)state;
    memset(text + 6, 'x', 106);
    assert_true(bind_address_read(span_of(text, 5 + 107), &address, &err));
    text[5 + 107] = 'x';
    assert_false(bind_address_read(span_of(text, 5 + 108), &address, &err));
    assert_false(bind_address_read(span_of("unix:/a\0b", 9), &address, &err));
}

static void modes_are_octal(void **state)
{
    mode_t mode;
    struct err err;
    (void)state;
    assert_true(bind_address_mode(SPAN("0660"), &mode, &err) && mode == 0660);
    assert_true(bind_address_mode(SPAN("777"), &mode, &err) && mode == 0777);
    assert_true(bind_address_mode(SPAN("0000"), &mode, &err) && mode == 0);
    assert_false(bind_address_mode(SPAN("1777"), &mode, &err));
    assert_false(bind_address_mode(SPAN("66"), &mode, &err));
    assert_false(bind_address_mode(SPAN("068"), &mode, &err));
    assert_false(bind_address_mode(SPAN("rw-"), &mode, &err));
    assert_false(bind_address_mode(SPAN(""), &mode, &err));
}

/* ---- files ---- */

struct place {
    char dir[64], path[80];
    struct bind_address address;
};

static void place_init(struct place *place)
{
    struct err err;
    char text[96];
    snprintf(place->dir, sizeof place->dir, "/tmp/jwtgate-test-XXXXXX");
    assert_non_null(mkdtemp(place->dir));
    snprintf(place->path, sizeof place->path, "%s/s", place->dir);
    snprintf(text, sizeof text, "unix:%s", place->path);
    assert_true(bind_address_read(span_str(text), &place->address, &err));
}

static void place_fini(struct place *place)
{
    unlink(place->path);
    assert_int_equal(rmdir(place->dir), 0);
}

static bool open_two(struct place *place, int fds[2])
{
    struct err err = {0};
    bool is_open = listener_open(&place->address, fds, 2, &err);
    assert_true(is_open || err.reason == REASON_SYSTEM);
    return is_open;
}

static void close_two(const int fds[2])
{
    close(fds[0]);
    close(fds[1]);
}

static void a_socket_that_somebody_listens_on_is_not_taken(void **state)
{
    struct place place;
    int fds[2];
    int more[2];
    (void)state;
    place_init(&place);
    assert_true(open_two(&place, fds));
    assert_false(open_two(&place, more));
    close_two(fds); /* as if the process had died: the file stays */
    assert_int_equal(access(place.path, F_OK), 0);
    assert_true(open_two(&place, more));
    close_two(more);
    place_fini(&place);
}

static void a_file_that_is_no_socket_is_never_removed(void **state)
{
    struct place place;
    int fds[2];
    (void)state;
    place_init(&place);
    int file = open(place.path, O_CREAT | O_WRONLY, 0600);
    assert_true(file >= 0);
    close(file);
    assert_false(open_two(&place, fds));
    assert_int_equal(unlink(place.path), 0);
    assert_int_equal(symlink("/nowhere", place.path), 0);
    assert_false(open_two(&place, fds));
    assert_int_equal(unlink(place.path), 0);
    assert_true(open_two(&place, fds));
    close_two(fds);
    place_fini(&place);
}

static void the_file_has_the_mode_that_was_asked_for(void **state)
{
    struct place place;
    struct stat seen;
    int fds[2];
    (void)state;
    place_init(&place);
    place.address.mode = 0604;
    assert_true(open_two(&place, fds));
    assert_int_equal(lstat(place.path, &seen), 0);
    assert_int_equal(seen.st_mode & 0777, 0604);
    close_two(fds);
    place_fini(&place);
}

static void only_ones_own_file_is_removed(void **state)
{
    struct place place;
    int fds[2];
    int more[2];
    (void)state;
    place_init(&place);
    assert_true(open_two(&place, fds));
    struct bind_address first = place.address;
    char moved[96];
    snprintf(moved, sizeof moved, "%s/moved", place.dir);
    close_two(fds);
    assert_int_equal(rename(place.path, moved), 0); /* so that its number is not given again */
    assert_true(open_two(&place, more));
    listener_remove_file(&first);
    assert_int_equal(access(place.path, F_OK), 0);
    listener_remove_file(&place.address);
    assert_int_equal(access(place.path, F_OK), -1);
    close_two(more);
    unlink(moved);
    place_fini(&place);
}

static mode_t mode_of(const char *path)
{
    struct stat seen;
    assert_int_equal(stat(path, &seen), 0);
    return seen.st_mode & 0777;
}

/* Who may write to the directory of the socket would else have root open up any file. */
static void a_file_that_took_the_sockets_place_keeps_its_mode(void **state)
{
    struct place place;
    struct err err;
    char other[96];
    int fds[2];
    (void)state;
    place_init(&place);
    snprintf(other, sizeof other, "%s/other", place.dir);
    int file = open(other, O_CREAT | O_WRONLY, 0600);
    assert_true(file >= 0);
    assert_int_equal(fchmod(file, 0600), 0);
    assert_true(open_two(&place, fds));
    place.address.mode = 0666;
    assert_true(listener_set_file(&place.address, &err));
    assert_int_equal(mode_of(place.path), 0666);
    assert_int_equal(unlink(place.path), 0);
    assert_int_equal(symlink(other, place.path), 0);
    assert_false(listener_set_file(&place.address, &err));
    assert_int_equal(err.reason, REASON_SYSTEM);
    assert_int_equal(mode_of(other), 0600);
    assert_int_equal(unlink(place.path), 0);
    assert_int_equal(link(other, place.path), 0);
    assert_false(listener_set_file(&place.address, &err));
    assert_int_equal(mode_of(other), 0600);
    assert_int_equal(unlink(other), 0);
    close(file);
    close_two(fds);
    place_fini(&place);
}

/* A second name means that it was there before. */
static void a_socket_with_a_second_name_keeps_its_mode(void **state)
{
    struct place place;
    struct err err;
    char other[96];
    int fds[2];
    (void)state;
    place_init(&place);
    snprintf(other, sizeof other, "%s/other", place.dir);
    assert_true(open_two(&place, fds));
    assert_int_equal(link(place.path, other), 0);
    place.address.mode = 0666;
    assert_false(listener_set_file(&place.address, &err));
    assert_int_equal(mode_of(place.path), BIND_MODE);
    assert_int_equal(unlink(other), 0);
    assert_true(listener_set_file(&place.address, &err));
    assert_int_equal(mode_of(place.path), 0666);
    close_two(fds);
    place_fini(&place);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(addresses_are_read_and_written_alike),
        cmocka_unit_test(a_path_has_107_bytes_at_most),
        cmocka_unit_test(modes_are_octal),
        cmocka_unit_test(a_socket_that_somebody_listens_on_is_not_taken),
        cmocka_unit_test(a_file_that_is_no_socket_is_never_removed),
        cmocka_unit_test(the_file_has_the_mode_that_was_asked_for),
        cmocka_unit_test(only_ones_own_file_is_removed),
        cmocka_unit_test(a_file_that_took_the_sockets_place_keeps_its_mode),
        cmocka_unit_test(a_socket_with_a_second_name_keeps_its_mode),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
