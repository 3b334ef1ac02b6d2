/* SPDX-License-Identifier: Apache-2.0 */
/* Binding and accepting.  Accepting is bounded per wake-up, so that a storm of connections does not starve the others. */
#include "server/listener.h"

#include "server/tls_server.h"

#include <event2/event.h>
#include <event2/event_struct.h>

#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { ACCEPT_MAX = 32, BACKLOG = 1024 };

struct listener {
    struct list link; /* in the service's listeners */
    struct service *service;
    struct event event;
    struct deadline pause; /* after the process ran out of descriptors */
    uint64_t number;
    struct entrance entrance;
    int fd;
};

static int socket_make(const struct bind_address *address, bool reuses_port)
{
    const int on = 1;
    int fd = socket(address->at.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return -1;
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (address->at.ss_family == AF_INET6)
        setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof on);
    if (reuses_port)
        setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &on, sizeof on);
    if (bind(fd, (const struct sockaddr *)&address->at, address->len) == 0)
        return fd;
    int why = errno;
    close(fd);
    errno = why;
    return -1;
}

/* What is no socket, in words; NULL: a socket, or nothing. */
static const char *what_stands(const char *path)
{
    struct stat seen;
    if (lstat(path, &seen) != 0 || S_ISSOCK(seen.st_mode))
        return NULL;
    if (S_ISLNK(seen.st_mode))
        return "a link";
    return S_ISDIR(seen.st_mode) ? "a directory" : "a file";
}

static bool bind_failed(const struct bind_address *address, struct err *err)
{
    int why = errno;
    char text[BIND_TEXT_BYTES];
    bind_address_text(address, text);
    if (why == EACCES && bind_address_path(address) == NULL && geteuid() != 0)
        return fail(err, REASON_SYSTEM,
                    "cannot bind %s: %s: user %u needs CAP_NET_BIND_SERVICE for that port, or root binds it "
                    "at the start",
                    text, strerror(why), (unsigned)geteuid());
    const char *other = bind_address_path(address) == NULL ? NULL : what_stands(bind_address_path(address));
    if (why == EADDRINUSE && other != NULL)
        return fail(err, REASON_SYSTEM, "cannot bind %s: %s stands there; nothing but a socket is replaced", text,
                    other);
    return fail(err, REASON_SYSTEM, "cannot bind %s: %s", text, strerror(why));
}

/* Another process of this user could hold the port with SO_REUSEPORT and would silently share it: a first bind without the
 * option finds out.
 */
static bool is_free(const struct bind_address *address)
{
    int fd = socket_make(address, false);
    if (fd < 0)
        return false;
    bool is_ok = listen(fd, 1) == 0;
    close(fd);
    return is_ok;
}

static void close_all(const int *fds, size_t count)
{
    for (size_t i = 0; i < count; i++)
        close(fds[i]);
}

static bool open_tcp(struct bind_address *address, int *fds, size_t count, struct err *err)
{
    if (!is_free(address))
        return bind_failed(address, err);
    for (size_t i = 0; i < count; i++) {
        fds[i] = socket_make(address, true);
        if (fds[i] < 0 || listen(fds[i], BACKLOG) != 0) {
            bind_failed(address, err);
            close_all(fds, fds[i] < 0 ? i : i + 1);
            return false;
        }
        address->len = sizeof address->at;
        getsockname(fds[i], (struct sockaddr *)&address->at, &address->len);
    }
    return true;
}

/* Whether somebody listens there; a full queue is somebody's too. */
static bool is_alive(const struct bind_address *address)
{
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    bool is_refused =
        fd >= 0 && connect(fd, (const struct sockaddr *)&address->at, address->len) != 0 && errno == ECONNREFUSED;
    if (fd >= 0)
        close(fd);
    return !is_refused;
}

/* The file of a process that is no more would stand in the way for ever; nothing but a socket is ever removed. */
static bool remove_stale(const struct bind_address *address)
{
    struct stat seen;
    const char *path = bind_address_path(address);
    if (lstat(path, &seen) != 0 || !S_ISSOCK(seen.st_mode) || is_alive(address)) {
        errno = EADDRINUSE;
        return false;
    }
    return unlink(path) == 0;
}

/* Holds the file itself: who may write to the directory can put a link, or another file, in its place at any time, and what root does
 * to it then must not be done to that one.  Nor is it ours where it has a second name: then it was there before.
 */
static int hold_file(const struct bind_address *address)
{
    struct stat seen;
    int held = open(bind_address_path(address), O_PATH | O_NOFOLLOW | O_CLOEXEC);
    if (held < 0)
        return -1;
    bool is_ours = fstat(held, &seen) == 0 && S_ISSOCK(seen.st_mode) && seen.st_nlink == 1 &&
                   seen.st_dev == address->device && seen.st_ino == address->file;
    if (is_ours)
        return held;
    close(held);
    errno = ESTALE;
    return -1;
}

/* fchmod does not take a descriptor that only holds a file. */
static bool set_mode(int held, mode_t mode)
{
    char name[32];
    snprintf(name, sizeof name, "/proc/self/fd/%d", held);
    return chmod(name, mode) == 0;
}

static bool set_owner(int held, const struct bind_address *address)
{
    bool has_owner = address->owner != (uid_t)-1 || address->group != (gid_t)-1;
    return !has_owner || fchownat(held, "", address->owner, address->group, AT_EMPTY_PATH) == 0;
}

bool listener_set_file(const struct bind_address *address, struct err *err)
{
    const char *path = bind_address_path(address);
    if (path == NULL)
        return true;
    int held = hold_file(address);
    if (held < 0)
        return fail(err, REASON_SYSTEM, "cannot set the mode of %s: %s", path,
                    errno == ESTALE ? "another file has taken its place" : strerror(errno));
    bool is_ok = set_mode(held, address->mode) ||
                 fail(err, REASON_SYSTEM, "cannot set the mode of %s: %s", path, strerror(errno));
    is_ok = is_ok && (set_owner(held, address) ||
                      fail(err, REASON_SYSTEM, "cannot set the owner of %s: %s", path, strerror(errno)));
    close(held);
    return is_ok;
}

void listener_remove_file(struct bind_address *address)
{
    struct stat seen;
    const char *path = bind_address_path(address);
    if (path == NULL || lstat(path, &seen) != 0 || seen.st_dev != address->device || seen.st_ino != address->file)
        return;
    if (unlink(path) != 0)
        LOG_EVENT(LOG_WARNING, "socket-left", LOG_STR("path", path), LOG_STR("error", strerror(errno)));
    address->file = 0; /* nobody's */
}

/* Nobody can connect between bind and listen, so nobody gets in before the file has its mode. */
static bool listen_unix(struct bind_address *address, int fd, struct err *err)
{
    struct stat seen;
    if (lstat(bind_address_path(address), &seen) != 0)
        return bind_failed(address, err);
    address->device = seen.st_dev;
    address->file = seen.st_ino;
    if (listener_set_file(address, err) && (listen(fd, BACKLOG) == 0 || bind_failed(address, err)))
        return true;
    listener_remove_file(address);
    return false;
}

/* SO_REUSEPORT is not for unix sockets: the workers share one, and who comes too late finds nothing to accept. */
static bool open_unix(struct bind_address *address, int *fds, size_t count, struct err *err)
{
    int fd = socket_make(address, false);
    if (fd < 0 && errno == EADDRINUSE && remove_stale(address))
        fd = socket_make(address, false);
    if (fd < 0)
        return bind_failed(address, err);
    fds[0] = fd;
    if (!listen_unix(address, fd, err)) {
        close(fd);
        return false;
    }
    for (size_t i = 1; i < count; i++) {
        fds[i] = fcntl(fd, F_DUPFD_CLOEXEC, 0);
        if (fds[i] < 0) {
            bind_failed(address, err);
            close_all(fds, i);
            listener_remove_file(address);
            return false;
        }
    }
    return true;
}

bool listener_open(struct bind_address *address, int *fds, size_t count, struct err *err)
{
    return bind_address_path(address) != NULL ? open_unix(address, fds, count, err)
                                              : open_tcp(address, fds, count, err);
}

static void hold_spare(struct service *service)
{
    if (service->spare_fd < 0)
        service->spare_fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
}

static void resume_accepting(struct deadline *deadline)
{
    struct listener *listener = CONTAINER_OF(deadline, listener, pause);
    hold_spare(listener->service);
    event_add(&listener->event, NULL);
}

/* Out of descriptors: one connection is taken with the spare one and closed, so that somebody is told at once; the queue waits. */
static void shed_one(struct listener *listener)
{
    struct service *service = listener->service;
    if (service->spare_fd < 0)
        return;
    close(service->spare_fd);
    service->spare_fd = -1;
    int fd = accept4(listener->fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd >= 0) {
        close(fd);
        service_count(service, service->metrics.shed);
    }
    hold_spare(service);
}

/* Level-triggered, the queue would wake us again and again: nothing is accepted for a moment. */
static void pause_accepting(struct listener *listener, int why)
{
    struct service *service = listener->service;
    service_count(service, service->metrics.pauses);
    if (service_may_tell(service))
        LOG_EVENT(LOG_ERROR, "accept-paused", LOG_STR("error", strerror(why)));
    if (why == EMFILE || why == ENFILE)
        shed_one(listener);
    event_del(&listener->event);
    deadline_start(service->worker, &service->pause_class, &listener->pause);
}

/* One connection, if there is any.  Out of descriptors or memory: the queue waits until some are free again. */
static bool accept_one(struct listener *listener)
{
    struct sockaddr_storage peer = {0};
    socklen_t len = sizeof peer;
    int fd = accept4(listener->fd, (struct sockaddr *)&peer, &len, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd >= 0) {
        service_accept(listener->service, fd, (const struct sockaddr *)&peer, &listener->entrance);
        return true;
    }
    int why = errno;
    if (why == EMFILE || why == ENFILE || why == ENOBUFS || why == ENOMEM) {
        pause_accepting(listener, why);
        return false;
    }
    return why == ECONNABORTED || why == EINTR;
}

static void on_acceptable(evutil_socket_t fd, short what, void *context)
{
    struct listener *listener = context;
    (void)fd;
    (void)what;
    for (int i = 0; i < ACCEPT_MAX && accept_one(listener); i++)
        ;
}

static struct entrance entrance_take(const struct entrance *entrance)
{
    if (entrance->tls != NULL)
        tls_server_take(entrance->tls);
    return *entrance;
}

bool listener_attach(struct service *service, int fd, uint64_t number, const struct entrance *entrance, struct err *err)
{
    struct listener *listener = calloc(1, sizeof *listener);
    if (listener == NULL) {
        close(fd);
        return fail(err, REASON_OUT_OF_MEMORY, "no memory for a listener");
    }
    hold_spare(service);
    listener->service = service;
    listener->fd = fd;
    listener->number = number;
    listener->entrance = entrance_take(entrance);
    listener->pause.run = resume_accepting;
    list_append(&service->listeners, &listener->link);
    event_assign(&listener->event, service->worker->base, fd, EV_READ | EV_PERSIST, on_acceptable, listener);
    return event_add(&listener->event, NULL) == 0 || fail(err, REASON_SYSTEM, "cannot watch a listening socket");
}

/* Nothing more gets into the queue: what comes is dropped unanswered, so that a connection is not begun which closing would reset a
 * moment later.  The client asks again and finds the port closed.
 */
static void refuse_new(const struct listener *listener)
{
    struct sock_filter none = BPF_STMT(BPF_RET | BPF_K, 0);
    const struct sock_fprog program = {1, &none};
    setsockopt(listener->fd, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof program);
}

static void detach(struct listener *listener)
{
    refuse_new(listener);
    /* What waits in the queue would be reset by closing: take it in. */
    while (accept_one(listener))
        ;
    deadline_cancel(&listener->pause);
    event_del(&listener->event);
    close(listener->fd);
    list_remove(&listener->link);
    tls_server_release(listener->entrance.tls);
    free(listener);
}

static struct listener *find(struct service *service, uint64_t number)
{
    LIST_EACH(&service->listeners, link)
    if (CONTAINER_OF(link, listener, link)->number == number)
        return CONTAINER_OF(link, listener, link);
    return NULL;
}

void listener_configure(struct service *service, uint64_t number, const struct entrance *entrance)
{
    struct listener *listener = find(service, number);
    if (listener == NULL)
        return;
    const struct entrance before = listener->entrance;
    listener->entrance = entrance_take(entrance);
    tls_server_release(before.tls);
}

void listener_detach(struct service *service, uint64_t number)
{
    struct listener *listener = find(service, number);
    if (listener != NULL)
        detach(listener);
}

void listener_detach_all(struct service *service)
{
    struct list *first;
    while ((first = list_first(&service->listeners)) != NULL)
        detach(CONTAINER_OF(first, listener, link));
}
