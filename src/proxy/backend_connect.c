/* SPDX-License-Identifier: Apache-2.0 */
/* A connection to a backend's server until it can be used: connecting, TLS handshake. */
#include "backend_int.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>

static void become_ready(struct backend *backend)
{
    backend->state = BACKEND_LEASED;
    deadline_cancel(&backend->deadline);
    backend_watch_write(backend, false);
    backend_watch_read(backend, true);
    pool_count_connect(backend->pool, true);
    backend->vtable->ready(backend->user);
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
    case IO_WANT_WRITE: backend_watch_write(backend, true); return;
    case IO_END:
    case IO_FAILED: break;
    }
    pool_count_connect(backend->pool, false);
    backend_fail(backend, &err);
}

void backend_connected(struct backend *backend)
{
    struct err err;
    int why = 0;
    socklen_t len = sizeof why;
    getsockopt(backend->transport.fd, SOL_SOCKET, SO_ERROR, &why, &len);
    if (why != 0) {
        pool_count_connect(backend->pool, false);
        fail(&err, REASON_BACKEND_UNREACHABLE, "connecting: %s", strerror(why));
        backend_fail(backend, &err);
        return;
    }
    backend->state = BACKEND_SHAKING;
    if (backend->pool->server->uri.is_https &&
        !tls_client_start(backend->pool->backend->tls, &backend->transport, backend->pool->server->host, &err)) {
        backend_fail(backend, &err);
        return;
    }
    backend_shake_hands(backend);
}

/* Begins to connect to the next address in turn; -1 with errno. */
static int begin_connect(struct pool *pool)
{
    const struct site_server *server = pool->server;
    const int on = 1;
    size_t which = pool->next_address++ % server->address_count;
    const struct sockaddr *at = (const struct sockaddr *)&server->addresses[which].at;
    int fd = socket(at->sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return -1;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    if (connect(fd, at, server->addresses[which].len) == 0 || errno == EINPROGRESS)
        return fd;
    int why = errno;
    struct transport transport = {fd, NULL};
    transport_close(&transport);
    errno = why;
    return -1;
}

struct backend *backend_open(struct pool *pool, struct err *err)
{
    if (pool->server->address_count == 0) {
        fail(err, REASON_BACKEND_UNREACHABLE, "the name of %.*s could not be resolved", SPAN_ARG(pool->server->url));
        return NULL;
    }
    int fd = begin_connect(pool);
    if (fd < 0) {
        pool_count_connect(pool, false);
        fail(err, REASON_BACKEND_UNREACHABLE, "connecting to %.*s: %s", SPAN_ARG(pool->server->url), strerror(errno));
        return NULL;
    }
    struct backend *backend = calloc(1, sizeof *backend);
    if (backend == NULL) {
        struct transport transport = {fd, NULL};
        transport_close(&transport);
        fail(err, REASON_OUT_OF_MEMORY, "no memory for a backend connection");
        return NULL;
    }
    backend_init(backend, pool, fd);
    pool_count_busy(pool, 1);
    deadline_start(pool->worker, &pool->connect_class, &backend->deadline);
    backend_watch_write(backend, true);
    return backend;
}
