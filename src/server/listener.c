/* SPDX-License-Identifier: Apache-2.0 */
/* Binding and accepting.  Accepting is bounded per wake-up, so that a storm of connections does not starve the others. */
#include "server/listener.h"

#include <event2/event.h>
#include <event2/event_struct.h>

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
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

static bool port_read(struct span text, in_port_t *port)
{
    uint64_t number;
    if (!span_u64(text, 65535, &number))
        return false;
    *port = htons((uint16_t)number);
    return true;
}

static bool v6_read(struct span host, struct span port, struct bind_address *address)
{
    struct sockaddr_in6 *at = (struct sockaddr_in6 *)&address->at;
    char text[INET6_ADDRSTRLEN];
    if (host.len >= sizeof text)
        return false;
    memcpy(text, host.at, host.len);
    text[host.len] = '\0';
    at->sin6_family = AF_INET6;
    address->len = sizeof *at;
    return inet_pton(AF_INET6, text, &at->sin6_addr) == 1 && port_read(port, &at->sin6_port);
}

static bool v4_read(struct span host, struct span port, struct bind_address *address)
{
    struct sockaddr_in *at = (struct sockaddr_in *)&address->at;
    char text[INET_ADDRSTRLEN];
    if (host.len >= sizeof text)
        return false;
    memcpy(text, host.at, host.len);
    text[host.len] = '\0';
    at->sin_family = AF_INET;
    address->len = sizeof *at;
    return inet_pton(AF_INET, text, &at->sin_addr) == 1 && port_read(port, &at->sin_port);
}

bool bind_address_read(struct span text, struct bind_address *address, struct err *err)
{
    *address = (struct bind_address){0};
    const char *colon = text.len == 0 ? NULL : memrchr(text.at, ':', text.len);
    if (colon != NULL) {
        struct span host = span_of(text.at, (size_t)(colon - text.at));
        struct span port = span_from(text, host.len + 1);
        bool is_v6 = host.len > 2 && host.at[0] == '[' && host.at[host.len - 1] == ']';
        if (is_v6 ? v6_read(span_of(host.at + 1, host.len - 2), port, address) : v4_read(host, port, address))
            return true;
    }
    return fail(err, REASON_CONFIG,
                "\"%s\" is no address to bind; write IPv4:PORT as 0.0.0.0:8080 or [IPv6]:PORT as [::]:8080",
                QUOTED(text));
}

bool bind_address_is_loopback(const struct bind_address *address)
{
    if (address->at.ss_family == AF_INET6)
        return IN6_IS_ADDR_LOOPBACK(&((const struct sockaddr_in6 *)&address->at)->sin6_addr);
    return ntohl(((const struct sockaddr_in *)&address->at)->sin_addr.s_addr) >> 24 == 127;
}

void bind_address_text(const struct bind_address *address, char out[BIND_TEXT_BYTES])
{
    char host[INET6_ADDRSTRLEN] = "";
    if (address->at.ss_family == AF_INET6) {
        const struct sockaddr_in6 *at = (const struct sockaddr_in6 *)&address->at;
        inet_ntop(AF_INET6, &at->sin6_addr, host, sizeof host);
        snprintf(out, BIND_TEXT_BYTES, "[%s]:%u", host, ntohs(at->sin6_port));
        return;
    }
    const struct sockaddr_in *at = (const struct sockaddr_in *)&address->at;
    inet_ntop(AF_INET, &at->sin_addr, host, sizeof host);
    snprintf(out, BIND_TEXT_BYTES, "%s:%u", host, ntohs(at->sin_port));
}

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

static bool bind_failed(const struct bind_address *address, struct err *err)
{
    int why = errno;
    char text[BIND_TEXT_BYTES];
    bind_address_text(address, text);
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

bool listener_open(struct bind_address *address, int *fds, size_t count, struct err *err)
{
    if (!is_free(address))
        return bind_failed(address, err);
    for (size_t i = 0; i < count; i++) {
        fds[i] = socket_make(address, true);
        if (fds[i] < 0 || listen(fds[i], BACKLOG) != 0) {
            bind_failed(address, err);
            for (size_t j = 0; j <= i; j++)
                if (fds[j] >= 0)
                    close(fds[j]);
            return false;
        }
        address->len = sizeof address->at;
        getsockname(fds[i], (struct sockaddr *)&address->at, &address->len);
    }
    return true;
}

static void resume_accepting(struct deadline *deadline)
{
    struct listener *listener = CONTAINER_OF(deadline, listener, pause);
    event_add(&listener->event, NULL);
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
    if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM) {
        LOG_EVENT(LOG_ERROR, "accept-paused", LOG_STR("error", strerror(errno)));
        event_del(&listener->event);
        deadline_start(listener->service->worker, &listener->service->pause_class, &listener->pause);
        return false;
    }
    return errno == ECONNABORTED || errno == EINTR;
}

static void on_acceptable(evutil_socket_t fd, short what, void *context)
{
    struct listener *listener = context;
    (void)fd;
    (void)what;
    for (int i = 0; i < ACCEPT_MAX && accept_one(listener); i++)
        ;
}

bool listener_attach(struct service *service, int fd, uint64_t number, const struct entrance *entrance, struct err *err)
{
    struct listener *listener = calloc(1, sizeof *listener);
    if (listener == NULL) {
        close(fd);
        return fail(err, REASON_OUT_OF_MEMORY, "no memory for a listener");
    }
    listener->service = service;
    listener->fd = fd;
    listener->number = number;
    listener->entrance = *entrance;
    listener->pause.run = resume_accepting;
    list_append(&service->listeners, &listener->link);
    event_assign(&listener->event, service->worker->base, fd, EV_READ | EV_PERSIST, on_acceptable, listener);
    return event_add(&listener->event, NULL) == 0 || fail(err, REASON_SYSTEM, "cannot watch a listening socket");
}

static void detach(struct listener *listener)
{
    /* What waits in the queue would be reset by closing: take it in. */
    while (accept_one(listener))
        ;
    deadline_cancel(&listener->pause);
    event_del(&listener->event);
    close(listener->fd);
    list_remove(&listener->link);
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
    if (listener != NULL)
        listener->entrance = *entrance;
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
