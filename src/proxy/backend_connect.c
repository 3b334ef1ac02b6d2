/* SPDX-License-Identifier: Apache-2.0 */
/* A connection to a backend's server until it can be used: connecting, TLS handshake. */
#include "backend_int.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <unistd.h>

static void become_ready(struct backend *backend)
{
    backend->state = BACKEND_LEASED;
    deadline_cancel(&backend->deadline);
    backend_watch_write(backend, false);
    backend_watch_read(backend, true);
    pool_count_connect(backend->pool, true);
    backend->vtable->ready(backend->user);
}

static void give_up(struct backend *backend, const struct err *err)
{
    pool_count_connect(backend->pool, false);
    backend_fail(backend, err);
}

void backend_shake_hands(struct backend *backend)
{
    struct err err;
    switch (transport_handshake(&backend->transport, &err)) {
    case IO_OK: become_ready(backend); return;
    case IO_WANT_READ:
        backend_watch_write(backend, false);
        backend_watch_read(backend, true);
        return;
    case IO_WANT_WRITE:
        backend_watch_read(backend, false);
        backend_watch_write(backend, true);
        return;
    case IO_END:
    case IO_FAILED: break;
    }
    give_up(backend, &err);
}

/* Begins to connect to one address; -1 with errno. */
static int connect_to(const struct sockaddr *at, socklen_t len)
{
    const int on = 1;
    int fd = socket(at->sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return -1;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    if (connect(fd, at, len) == 0 || errno == EINPROGRESS)
        return fd;
    int why = errno;
    close(fd);
    errno = why;
    return -1;
}

/* A name often has addresses that lead nowhere, as ::1 beside 127.0.0.1: each is tried once before the server counts as
 * unreachable.  -1 with errno.
 */
static int connect_next(struct pool *pool, size_t *tried)
{
    const struct site_server *server = pool->server;
    int fd = -1;
    while (fd < 0 && *tried < server->address_count) {
        size_t which = pool->next_address++ % server->address_count;
        fd = connect_to((const struct sockaddr *)&server->addresses[which].at, server->addresses[which].len);
        ++*tried;
    }
    return fd;
}

static void await_connection(struct backend *backend, int fd)
{
    backend_set_socket(backend, fd);
    backend->state = BACKEND_CONNECTING;
    deadline_start(backend->pool->worker, &backend->pool->connect_class, &backend->deadline);
    backend_watch_write(backend, true);
}

/* This address does not answer: on to the next, if there is one. */
static void try_next(struct backend *backend, const struct err *err)
{
    backend_watch_write(backend, false);
    transport_close(&backend->transport);
    int fd = connect_next(backend->pool, &backend->addresses_tried);
    if (fd < 0)
        give_up(backend, err);
    else
        await_connection(backend, fd);
}

void backend_connect_over(struct backend *backend)
{
    struct err err;
    fail(&err, REASON_BACKEND_TIMEOUT, "no connection within timeouts.connect");
    if (backend->state == BACKEND_CONNECTING)
        try_next(backend, &err);
    else
        give_up(backend, &err);
}

void backend_connected(struct backend *backend)
{
    struct err err;
    int why = 0;
    socklen_t len = sizeof why;
    const struct pool *pool = backend->pool;
    getsockopt(backend->transport.fd, SOL_SOCKET, SO_ERROR, &why, &len);
    if (why != 0) {
        fail(&err, REASON_BACKEND_UNREACHABLE, "connecting to %.*s: %s", SPAN_ARG(pool->server->url), strerror(why));
        try_next(backend, &err);
        return;
    }
    const char *name = pool->backend->tls_name == NULL ? pool->server->host : pool->backend->tls_name;
    backend->state = BACKEND_SHAKING;
    if (pool->server->uri.is_https &&
        !tls_client_start(pool->backend->tls, &backend->transport, name, &backend->pool->session, &err)) {
        give_up(backend, &err);
        return;
    }
    backend_shake_hands(backend);
}

struct backend *backend_open(struct pool *pool, struct err *err)
{
    size_t tried = 0;
    if (pool->server->address_count == 0) {
        fail(err, REASON_BACKEND_UNREACHABLE, "the name of %.*s could not be resolved", SPAN_ARG(pool->server->url));
        return NULL;
    }
    struct backend *backend = calloc(1, sizeof *backend);
    if (backend == NULL) {
        fail(err, REASON_OUT_OF_MEMORY, "no memory for a backend connection");
        return NULL;
    }
    int fd = connect_next(pool, &tried);
    if (fd < 0) {
        pool_count_connect(pool, false);
        fail(err, REASON_BACKEND_UNREACHABLE, "connecting to %.*s: %s", SPAN_ARG(pool->server->url), strerror(errno));
        free(backend);
        return NULL;
    }
    backend_init(backend, pool);
    backend->addresses_tried = tried;
    pool_count_busy(pool, 1);
    await_connection(backend, fd);
    return backend;
}
