/* SPDX-License-Identifier: Apache-2.0 */
/* Goal: lines go where they are to go, a file that was renamed is let go without a line lost, and a destination that takes nothing
 * costs its lines and nothing else.
 * Method: real files, a disk that is full (/dev/full, a limit on the size of files), a daemon's socket.
 */
#include "base/log_sink.h"
#include "unit.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

static char dir[64], file[96], other[96];
static int standard;
static char text[8192];

static int place_make(void **state)
{
    (void)state;
    strcpy(dir, "/tmp/jwtgate-log-XXXXXX");
    assert_non_null(mkdtemp(dir));
    snprintf(file, sizeof file, "%s/file", dir);
    snprintf(other, sizeof other, "%s/other", dir);
    standard = memfd_create("standard", MFD_CLOEXEC);
    log_set(standard, LOG_INFO, LOG_FORMAT_TEXT);
    return standard < 0;
}

static int place_remove(void **state)
{
    (void)state;
    log_sinks_use(NULL);
    log_set(STDERR_FILENO, LOG_INFO, LOG_FORMAT_TEXT);
    close(standard);
    unlink(file);
    unlink(other);
    rmdir(file);
    return rmdir(dir);
}

static const char *read_all(int fd)
{
    ssize_t len = pread(fd, text, sizeof text - 1, 0);
    assert_true(len >= 0);
    text[len] = '\0';
    return text;
}

static const char *read_file(const char *path)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    assert_true(fd >= 0);
    read_all(fd);
    close(fd);
    return text;
}

static void use(struct log_place events, struct log_place access, struct log_place audit)
{
    const struct log_place places[LOG_STREAM_COUNT] = {events, access, audit};
    struct err err;
    struct log_sinks *sinks = log_sinks_open(places, &err);
    assert_non_null(sinks);
    log_sinks_use(sinks);
}

static struct log_place place(enum log_place_kind kind, const char *path)
{
    return (struct log_place){kind, path};
}

static void use_file(void)
{
    use(place(LOG_PLACE_FILE, file), place(LOG_PLACE_SHARED, NULL), place(LOG_PLACE_SHARED, NULL));
}

static void say(const char *event)
{
    LOG_EVENT(LOG_INFO, event, LOG_NUM("n", 1));
}

static void say_in(enum log_stream stream, const char *event)
{
    struct log_batch batch = {.stream = stream};
    log_batch_line(&batch, 0, event, NULL, 0);
    log_batch_fini(&batch);
}

static bool holds(const char *all, const char *event)
{
    char wanted[64];
    snprintf(wanted, sizeof wanted, "event=%s ", event);
    return strstr(all, wanted) != NULL;
}

static void each_stream_goes_to_its_place(void **state)
{
    (void)state;
    use(place(LOG_PLACE_FILE, file), place(LOG_PLACE_FILE, other), place(LOG_PLACE_STANDARD, NULL));
    say("an-event");
    say_in(LOG_STREAM_ACCESS, "an-access");
    say_in(LOG_STREAM_AUDIT, "an-audit");
    assert_true(holds(read_file(file), "an-event") && !holds(text, "an-access") && !holds(text, "an-audit"));
    assert_true(holds(read_file(other), "an-access") && !holds(text, "an-event"));
    assert_true(holds(read_all(standard), "an-audit") && !holds(text, "an-event"));
    use_file();
    say_in(LOG_STREAM_ACCESS, "shared");
    assert_true(holds(read_file(file), "shared") && holds(text, "an-event"));
    log_sinks_use(NULL);
    say("back");
    assert_true(holds(read_all(standard), "back"));
}

static void a_file_is_for_its_owner_and_group(void **state)
{
    struct stat stat_of;
    (void)state;
    mode_t before = umask(0);
    use_file();
    umask(before);
    assert_int_equal(stat(file, &stat_of), 0);
    assert_int_equal(stat_of.st_mode & 0777, 0640);
}

static void until_the_start_is_over_events_are_on_standard_error_too(void **state)
{
    (void)state;
    log_echo(true);
    use_file();
    say("first");
    say_in(LOG_STREAM_ACCESS, "access");
    log_echo(false);
    say("second");
    assert_true(holds(read_all(standard), "first") && !holds(text, "second") && !holds(text, "access"));
    assert_true(holds(read_file(file), "first") && holds(text, "second"));
}

static void a_renamed_file_is_let_go_when_told(void **state)
{
    (void)state;
    use_file();
    say("before");
    assert_int_equal(rename(file, other), 0);
    say("between");
    assert_true(log_sinks_reopen());
    say("after");
    assert_true(holds(read_file(other), "before") && holds(text, "between") && !holds(text, "after"));
    assert_true(holds(read_file(file), "after") && !holds(text, "between"));
}

/* A directory where the file was: root too cannot open that for writing. */
static void a_file_that_cannot_be_opened_again_stays_open(void **state)
{
    struct err err;
    (void)state;
    use_file();
    assert_int_equal(rename(file, other), 0);
    assert_int_equal(mkdir(file, 0700), 0);
    assert_false(log_sinks_reopen());
    say("kept");
    use_file();
    say("kept-by-a-reload");
    assert_true(holds(read_file(other), "log-failed") && holds(text, "kept") && holds(text, "kept-by-a-reload"));
    const struct log_place places[LOG_STREAM_COUNT] = {place(LOG_PLACE_FILE, dir)};
    assert_null(log_sinks_open(places, &err));
    assert_non_null(strstr(err.text, "Is a directory"));
    say("nothing-changed");
    assert_true(holds(read_file(other), "nothing-changed"));
}

static void a_full_disk_costs_lines_which_are_counted_and_told_once(void **state)
{
    uint64_t before = log_lines_lost();
    (void)state;
    use(place(LOG_PLACE_FILE, "/dev/full"), place(LOG_PLACE_SHARED, NULL), place(LOG_PLACE_SHARED, NULL));
    say("lost");
    say("lost");
    assert_int_equal(log_lines_lost() - before, 2);
    const char *told = strstr(read_all(standard), "event=log-failed to=/dev/full error=\"No space left on device\"");
    assert_non_null(told);
    assert_null(strstr(told + 20, "log-failed"));
    assert_false(holds(text, "lost"));
}

/* What a full disk took of a line stays a line of its own. */
static void after_half_a_line_the_next_begins_anew(void **state)
{
    struct rlimit limit;
    struct rlimit small;
    (void)state;
    use_file();
    say("whole");
    uint64_t lost = log_lines_lost();
    signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &limit), 0);
    small = limit;
    small.rlim_cur = strlen(read_file(file)) + 10;
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
    say("torn");
    say("gone");
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
    signal(SIGXFSZ, SIG_DFL);
    say("next");
    assert_int_equal(log_lines_lost() - lost, 2);
    assert_non_null(strstr(read_file(file), "\nevent=torn\nevent=next "));
    assert_false(holds(text, "gone"));
}

/* A pipe with a name that nobody reads neither holds up the start nor a write. */
static void nothing_waits_for_the_reader_of_a_pipe(void **state)
{
    const struct log_place places[LOG_STREAM_COUNT] = {place(LOG_PLACE_FILE, file)};
    struct err err;
    (void)state;
    assert_int_equal(mkfifo(file, 0600), 0);
    assert_null(log_sinks_open(places, &err));
    int reader = open(file, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    assert_true(reader >= 0);
    use_file();
    uint64_t lost = log_lines_lost();
    for (size_t i = 0; i < 10000; i++)
        say("many");
    assert_true(log_lines_lost() > lost);
    close(reader);
}

static int listen_as_daemon(void)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    snprintf(address.sun_path, sizeof address.sun_path, "%s", file);
    assert_true(fd >= 0);
    assert_int_equal(bind(fd, (const struct sockaddr *)&address, sizeof address), 0);
    return fd;
}

/* A datagram, without the time that its header gives: "<PRI>|jwtgate[PID]: TEXT". */
static const char *receive(int fd)
{
    ssize_t len = recv(fd, text, sizeof text - 1, 0);
    assert_true(len > 0);
    text[len] = '\0';
    char *behind = strchr(text, '>');
    assert_non_null(behind);
    assert_true(strlen(behind) > 17 && behind[16] == ' ');
    memmove(behind + 1, behind + 17, strlen(behind + 17) + 1);
    return text;
}

static void the_system_log_gets_a_datagram_a_line(void **state)
{
    struct log_batch batch = {.stream = LOG_STREAM_ACCESS};
    char header[128];
    (void)state;
    int daemon = listen_as_daemon();
    use(place(LOG_PLACE_SYSLOG, file), place(LOG_PLACE_SHARED, NULL), place(LOG_PLACE_SHARED, NULL));
    LOG_EVENT(LOG_ERROR, "an-error", LOG_STR("v", "a\nb"));
    log_batch_line(&batch, 0, "one", NULL, 0);
    log_batch_line(&batch, 0, "two", NULL, 0);
    log_batch_fini(&batch);
    say_in(LOG_STREAM_AUDIT, "three");
    snprintf(header, sizeof header, "<27>jwtgate[%ld]: event=an-error v=\"a\\x0ab\" level=error time=", (long)getpid());
    assert_int_equal(strncmp(receive(daemon), header, strlen(header)), 0);
    assert_null(strchr(text, '\n'));
    assert_non_null(strstr(receive(daemon), ": event=one "));
    assert_int_equal(strncmp(text, "<30>", 4), 0);
    assert_non_null(strstr(receive(daemon), ": event=two "));
    assert_non_null(strstr(receive(daemon), ": event=three "));
    assert_int_equal(strncmp(text, "<29>", 4), 0);
    close(daemon);
}

static void a_daemon_that_is_away_or_full_is_not_waited_for(void **state)
{
    (void)state;
    use(place(LOG_PLACE_SYSLOG, file), place(LOG_PLACE_SHARED, NULL), place(LOG_PLACE_SHARED, NULL));
    uint64_t lost = log_lines_lost();
    say("away");
    assert_int_equal(log_lines_lost() - lost, 1);
    assert_true(holds(read_all(standard), "log-failed"));
    int daemon = listen_as_daemon();
    say("back");
    assert_non_null(strstr(receive(daemon), ": event=back "));
    lost = log_lines_lost();
    for (size_t i = 0; i < 10000; i++)
        say("many");
    assert_true(log_lines_lost() > lost);
    close(daemon);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, place_make, place_remove)

int main(void)
{
    static const struct CMUnitTest tests[] = {
        CASE(each_stream_goes_to_its_place),
        CASE(a_file_is_for_its_owner_and_group),
        CASE(until_the_start_is_over_events_are_on_standard_error_too),
        CASE(a_renamed_file_is_let_go_when_told),
        CASE(a_file_that_cannot_be_opened_again_stays_open),
        CASE(a_full_disk_costs_lines_which_are_counted_and_told_once),
        CASE(after_half_a_line_the_next_begins_anew),
        CASE(nothing_waits_for_the_reader_of_a_pipe),
        CASE(the_system_log_gets_a_datagram_a_line),
        CASE(a_daemon_that_is_away_or_full_is_not_waited_for),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
