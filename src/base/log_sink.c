/* SPDX-License-Identifier: Apache-2.0 */
/* Writing to the destinations, one thread at a time, so that lines do not mix in a pipe that is full, and a file can be exchanged
 * between two writes.
 *
 * The system's log gets a datagram a line, in the form that its daemons read from a local socket (RFC 3164 4.1, which they
 * expect there rather than RFC 5424).  It is sent to the socket's name each time: a daemon that starts again is found again.
 */
#include "base/log_sink.h"

#include "base/now.h"
#include "log_int.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

enum { FILE_MODE = 0640, SYSLOG_FACILITY = 3 /* daemon */, SYSLOG_QUEUE_BYTES = 1 << 20, TELL_EVERY_MS = 60000 };

struct sink {
    enum log_place_kind kind;
    int fd;       /* -1: LOG_PLACE_STANDARD, LOG_PLACE_SHARED */
    bool is_torn; /* the last write ended within a line */
    bool was_told;
    int64_t told_ms; /* when standard error heard last that lines were lost */
    char *path;
};

struct log_sinks {
    struct sink at[LOG_STREAM_COUNT];
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER; /* of all below */
static struct log_sinks *in_use;                         /* NULL: standard error alone */
static struct sink standard = {.kind = LOG_PLACE_STANDARD, .fd = -1};
static int standard_fd = STDERR_FILENO;
static bool is_echoing;
static _Atomic(uint64_t) lost;

uint64_t log_lines_lost(void)
{
    return atomic_load(&lost);
}

void log_write_standard_to(int fd)
{
    pthread_mutex_lock(&lock);
    standard_fd = fd;
    pthread_mutex_unlock(&lock);
}

void log_echo(bool is_on)
{
    pthread_mutex_lock(&lock);
    is_echoing = is_on;
    pthread_mutex_unlock(&lock);
}

/* ---- writing, with the lock held ---- */

static uint64_t lines_in(struct span bytes)
{
    uint64_t count = 0;
    for (size_t i = 0; i < bytes.len; i++)
        count += bytes.at[i] == '\n';
    return count;
}

/* 0, or why not all of it was written; `rest` is what was not. */
static int write_all(int fd, struct span bytes, struct span *rest)
{
    *rest = bytes;
    while (rest->len > 0) {
        ssize_t wrote = write(fd, rest->at, rest->len);
        if (wrote < 0 && errno == EINTR)
            continue;
        if (wrote <= 0)
            return wrote < 0 ? errno : EIO;
        *rest = span_from(*rest, (size_t)wrote);
    }
    return 0;
}

/* A disk that is full takes a part of a line: what follows, once there is room again, begins on a new one. */
static int write_lines(struct sink *sink, struct span lines)
{
    int fd = sink->kind == LOG_PLACE_STANDARD ? standard_fd : sink->fd;
    struct span rest = lines;
    int error = 0;
    if (sink->is_torn)
        error = write_all(fd, SPAN("\n"), &rest);
    if (error == 0) {
        sink->is_torn = false;
        error = write_all(fd, lines, &rest);
        sink->is_torn = rest.len > 0 && rest.len < lines.len && rest.at[-1] != '\n';
    } else {
        rest = lines;
    }
    atomic_fetch_add(&lost, lines_in(rest));
    return error;
}

static int severity_of(enum log_level level)
{
    switch (level) {
    case LOG_DEBUG: return 7;
    case LOG_INFO: return 6;
    case LOG_NOTICE: return 5;
    case LOG_WARNING: return 4;
    case LOG_ERROR: return 3;
    }
    return 3;
}

/* `<PRI>Mmm dd hh:mm:ss jwtgate[PID]: ` */
static size_t spell_header(char *out, size_t size, enum log_level level)
{
    time_t now = time(NULL);
    struct tm local = {0};
    char stamp[32] = "";
    localtime_r(&now, &local);
    strftime(stamp, sizeof stamp, "%b %e %H:%M:%S", &local);
    int len =
        snprintf(out, size, "<%d>%s jwtgate[%ld]: ", SYSLOG_FACILITY << 3 | severity_of(level), stamp, (long)getpid());
    return len < 0 ? 0 : (size_t)len;
}

static void name_socket(struct sockaddr_un *address, const char *path)
{
    *address = (struct sockaddr_un){.sun_family = AF_UNIX};
    memcpy(address->sun_path, path, strnlen(path, sizeof address->sun_path - 1));
}

/* Nobody waits for a daemon that does not read: its queue takes a line at once, or the line is lost. */
static int send_lines(const struct sink *sink, enum log_level level, struct span lines)
{
    char datagram[LOG_LINE_BYTES_MAX + 64];
    struct sockaddr_un address;
    struct span line;
    int error = 0;
    size_t header = spell_header(datagram, 64, level);
    name_socket(&address, sink->path);
    while (span_split(&lines, '\n', &line)) {
        if (line.len == 0 || line.len > LOG_LINE_BYTES_MAX)
            continue;
        memcpy(datagram + header, line.at, line.len);
        if (sendto(sink->fd, datagram, header + line.len, MSG_DONTWAIT | MSG_NOSIGNAL,
                   (const struct sockaddr *)&address, sizeof address) < 0) {
            error = errno;
            atomic_fetch_add(&lost, 1);
        }
    }
    return error;
}

/* Where the log itself cannot be written, standard error is told; nothing can be done where that fails. */
static void tell_lost(struct sink *sink, int error)
{
    char line[LOG_LINE_BYTES_MAX];
    struct span rest;
    int64_t now_ms = now_read().mono_ms;
    if (sink->was_told && now_ms - sink->told_ms < TELL_EVERY_MS)
        return;
    sink->was_told = true;
    sink->told_ms = now_ms;
    const struct log_field fields[] = {LOG_STR("to", sink->path), LOG_STR("error", strerror(error)),
                                       LOG_NUM("lost", atomic_load(&lost))};
    size_t len = log_spell(line, LOG_ERROR, "log-failed", fields, COUNT_OF(fields));
    write_all(standard_fd, span_of(line, len), &rest);
}

static struct sink *sink_of(enum log_stream stream)
{
    if (in_use == NULL)
        return &standard;
    struct sink *sink = &in_use->at[stream];
    return sink->kind == LOG_PLACE_SHARED ? &in_use->at[LOG_STREAM_EVENTS] : sink;
}

void log_write(enum log_stream stream, enum log_level level, struct span lines)
{
    pthread_mutex_lock(&lock);
    struct sink *sink = sink_of(stream);
    int error = sink->kind == LOG_PLACE_SYSLOG ? send_lines(sink, level, lines) : write_lines(sink, lines);
    bool is_elsewhere = sink->kind != LOG_PLACE_STANDARD;
    struct span rest;
    if (error != 0 && is_elsewhere)
        tell_lost(sink, error);
    if (is_echoing && is_elsewhere && stream == LOG_STREAM_EVENTS)
        write_all(standard_fd, lines, &rest);
    pthread_mutex_unlock(&lock);
}

/* ---- opening ---- */

/* O_NONBLOCK is for pipes with a name: neither opening nor writing waits for a reader.  A link is followed: the file is opened with
 * the rights of whom the gateway has become, who could write to its end as well.
 */
static int open_file(const char *path, struct err *err)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOCTTY | O_NONBLOCK, FILE_MODE);
    if (fd < 0)
        fail(err, REASON_SYSTEM, "the log \"%s\" cannot be opened: %s", path, strerror(errno));
    return fd;
}

static int open_socket(struct err *err)
{
    int bytes = SYSLOG_QUEUE_BYTES;
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0)
        fail(err, REASON_SYSTEM, "no socket for the system's log: %s", strerror(errno));
    else
        setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &bytes, sizeof bytes); /* as much of it as is allowed */
    return fd;
}

static struct sink *find_file(struct log_sinks *sinks, const char *path)
{
    for (size_t i = 0; sinks != NULL && i < LOG_STREAM_COUNT; i++)
        if (sinks->at[i].kind == LOG_PLACE_FILE && strcmp(sinks->at[i].path, path) == 0)
            return &sinks->at[i];
    return NULL;
}

static void tell_kept(const char *path, const struct err *err)
{
    LOG_EVENT(LOG_ERROR, "log-failed", LOG_STR("to", path), LOG_STR("error", err->text),
              LOG_STR("kept", "the file that is open"));
}

/* A log that cannot be opened again is no reason to go without new keys and routes, one that is new is a mistake. */
static int open_or_keep(const char *path, struct err *err)
{
    int fd = open_file(path, err);
    const struct sink *old = fd < 0 ? find_file(in_use, path) : NULL;
    if (old == NULL)
        return fd;
    tell_kept(path, err);
    fd = fcntl(old->fd, F_DUPFD_CLOEXEC, 0);
    if (fd < 0)
        fail(err, REASON_SYSTEM, "the log \"%s\" cannot be kept: %s", path, strerror(errno));
    return fd;
}

static bool open_sink(struct sink *sink, const struct log_place *place, struct err *err)
{
    sink->kind = place->kind;
    if (place->kind == LOG_PLACE_SHARED || place->kind == LOG_PLACE_STANDARD)
        return true;
    sink->path = strdup(place->path);
    if (sink->path == NULL)
        return fail(err, REASON_OUT_OF_MEMORY, "no memory for the log");
    sink->fd = place->kind == LOG_PLACE_FILE ? open_or_keep(sink->path, err) : open_socket(err);
    return sink->fd >= 0;
}

struct log_sinks *log_sinks_open(const struct log_place places[LOG_STREAM_COUNT], struct err *err)
{
    struct log_sinks *sinks = calloc(1, sizeof *sinks);
    bool is_ok = sinks != NULL || fail(err, REASON_OUT_OF_MEMORY, "no memory for the log");
    for (size_t i = 0; sinks != NULL && i < LOG_STREAM_COUNT; i++)
        sinks->at[i].fd = -1;
    for (size_t i = 0; is_ok && i < LOG_STREAM_COUNT; i++)
        is_ok = open_sink(&sinks->at[i], &places[i], err);
    if (is_ok)
        return sinks;
    log_sinks_free(sinks);
    return NULL;
}

void log_sinks_free(struct log_sinks *sinks)
{
    for (size_t i = 0; sinks != NULL && i < LOG_STREAM_COUNT; i++) {
        if (sinks->at[i].fd >= 0)
            close(sinks->at[i].fd);
        free(sinks->at[i].path);
    }
    free(sinks);
}

void log_sinks_use(struct log_sinks *sinks)
{
    pthread_mutex_lock(&lock);
    struct log_sinks *old = in_use;
    in_use = sinks;
    pthread_mutex_unlock(&lock);
    log_sinks_free(old);
}

static bool reopen(struct sink *sink)
{
    struct err err;
    int fd = open_file(sink->path, &err);
    if (fd < 0) {
        tell_kept(sink->path, &err);
        return false;
    }
    pthread_mutex_lock(&lock);
    int old = sink->fd;
    sink->fd = fd;
    sink->is_torn = false;
    pthread_mutex_unlock(&lock);
    close(old);
    return true;
}

bool log_sinks_reopen(void)
{
    bool is_ok = true;
    for (size_t i = 0; in_use != NULL && i < LOG_STREAM_COUNT; i++)
        if (in_use->at[i].kind == LOG_PLACE_FILE)
            is_ok = reopen(&in_use->at[i]) && is_ok;
    return is_ok;
}
