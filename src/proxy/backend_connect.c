/* SPDX-License-Identifier: Apache-2.0 */
/* A connection to a backend's server until it can be used: attempts at its addresses, TLS handshake.
 *
 * A name often has addresses that lead nowhere, as ::1 beside 127.0.0.1, or IPv6 on a network without it.  So the next address is
 * tried when one fails, or beside it when it says nothing for a while; whichever connects first is taken (RFC 8305 5).
 */
#include "backend_int.h"

#include <errno.h>
#include <netinet/tcp.h>
#include <string.h>
#include <unistd.h>

/* One address being tried. */
struct attempt {
    struct connecting *connecting;
    const struct address *address;
    int fd; /* -1: not begun, or over */
    struct event event;
};

/* All attempts for one connection. */
struct connecting {
    struct backend *backend;
    struct addresses *addresses;
    uint64_t number;    /* of these addresses */
    size_t count, next; /* attempts in their order; the next to begin */
    size_t open;        /* under way */
    struct deadline stagger;
    struct err err; /* of the one that failed last */
    struct grave grave;
    struct attempt attempts[];
};

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

/* ---- attempts ---- */

static void connecting_bury(struct grave *grave)
{
    free(CONTAINER_OF(grave, connecting, grave));
}

static void end_attempt(struct attempt *attempt)
{
    if (attempt->fd < 0)
        return;
    event_del(&attempt->event);
    close(attempt->fd);
    attempt->fd = -1;
    attempt->connecting->open--;
}

void backend_connect_cancel(struct backend *backend)
{
    struct connecting *connecting = backend->connecting;
    if (connecting == NULL)
        return;
    backend->connecting = NULL;
    deadline_cancel(&connecting->stagger);
    for (size_t i = 0; i < connecting->next; i++)
        end_attempt(&connecting->attempts[i]);
    addresses_release(connecting->addresses);
    worker_bury(backend->pool->worker, &connecting->grave);
}

/* Whether the gateway itself lacks descriptors, ports or memory: no server is to be blamed for that. */
static bool is_own_lack(int why)
{
    return why == EMFILE || why == ENFILE || why == ENOBUFS || why == ENOMEM || why == EADDRNOTAVAIL;
}

static void note_failure(struct connecting *connecting, const struct address *address, int why)
{
    char text[ADDRESS_TEXT_BYTES];
    enum reason reason = is_own_lack(why) ? REASON_OUT_OF_MEMORY : REASON_BACKEND_UNREACHABLE;
    fail(&connecting->err, reason, "connecting to %.*s at %s: %s", SPAN_ARG(connecting->backend->pool->server->url),
         address_text(address, text), strerror(why));
}

/* Begins to connect to one address; -1 with errno. */
static int connect_to(const struct address *address)
{
    const int on = 1;
    int fd = socket(address->at.any.sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return -1;
    if (address->at.any.sa_family != AF_UNIX)
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    if (connect(fd, &address->at.any, address->len) == 0 || errno == EINPROGRESS)
        return fd;
    int why = errno;
    close(fd);
    errno = why;
    return -1;
}

/* The attempt succeeded: its socket is the connection's, the others end. */
static void take_winner(struct attempt *attempt)
{
    struct err err;
    struct connecting *connecting = attempt->connecting;
    struct backend *backend = connecting->backend;
    struct pool *pool = backend->pool;
    const struct site_server *server = pool->server;
    int fd = attempt->fd;
    event_del(&attempt->event);
    attempt->fd = -1;
    connecting->open--;
    backend->address = *attempt->address;
    backend->addresses_number = connecting->number;
    pool->family = attempt->address->at.any.sa_family;
    backend_connect_cancel(backend);
    backend_set_socket(backend, fd);
    backend->state = BACKEND_SHAKING;
    const char *name = pool->backend->tls_name == NULL ? server->host : pool->backend->tls_name;
    if (server->uri.is_https &&
        !tls_client_start(pool->backend->tls, &backend->transport, name, &pool->session, &err)) {
        give_up(backend, &err);
        return;
    }
    backend_shake_hands(backend);
}

static void on_attempt(evutil_socket_t fd, short what, void *context);

static bool begin(struct attempt *attempt)
{
    struct connecting *connecting = attempt->connecting;
    attempt->fd = connect_to(attempt->address);
    if (attempt->fd < 0) {
        note_failure(connecting, attempt->address, errno);
        return false;
    }
    event_assign(&attempt->event, connecting->backend->pool->worker->base, attempt->fd, EV_WRITE | EV_PERSIST,
                 on_attempt, attempt);
    event_add(&attempt->event, NULL);
    connecting->open++;
    return true;
}

/* Begins with the next address that can be begun with; false: there is none. */
static bool begin_next(struct connecting *connecting)
{
    struct pool *pool = connecting->backend->pool;
    while (connecting->next < connecting->count) {
        if (!begin(&connecting->attempts[connecting->next++]))
            continue;
        if (connecting->next < connecting->count)
            deadline_start(pool->worker, &pool->stagger_class, &connecting->stagger);
        else
            deadline_cancel(&connecting->stagger);
        return true;
    }
    return false;
}

static void on_attempt(evutil_socket_t fd, short what, void *context)
{
    struct attempt *attempt = context;
    struct connecting *connecting = attempt->connecting;
    int why = 0;
    socklen_t len = sizeof why;
    (void)what;
    getsockopt(fd, SOL_SOCKET, SO_ERROR, &why, &len);
    if (why == 0) {
        take_winner(attempt);
        return;
    }
    note_failure(connecting, attempt->address, why);
    end_attempt(attempt);
    if (!begin_next(connecting) && connecting->open == 0)
        give_up(connecting->backend, &connecting->err);
}

/* The attempts so far say nothing: another one beside them. */
static void on_stagger(struct deadline *deadline)
{
    struct connecting *connecting = CONTAINER_OF(deadline, connecting, stagger);
    (void)begin_next(connecting);
}

static struct connecting *connecting_new(struct backend *backend)
{
    struct pool *pool = backend->pool;
    const struct address *order[ADDRESSES_MAX];
    size_t count = addresses_order(pool->addresses, pool->turn++, pool->family, order);
    struct connecting *connecting = calloc(1, sizeof *connecting + count * sizeof *connecting->attempts);
    if (connecting == NULL)
        return NULL;
    connecting->backend = backend;
    connecting->addresses = addresses_take(pool->addresses);
    connecting->number = pool->addresses_number;
    connecting->count = count;
    connecting->stagger.run = on_stagger;
    connecting->grave.bury = connecting_bury;
    for (size_t i = 0; i < count; i++)
        connecting->attempts[i] = (struct attempt){.connecting = connecting, .address = order[i], .fd = -1};
    return connecting;
}

/* ---- the connection ---- */

void backend_connect_over(struct backend *backend)
{
    struct err err;
    pool_count(backend->pool, backend->pool->options.late_connects);
    fail(&err, REASON_BACKEND_TIMEOUT, "no connection within timeouts.connect");
    give_up(backend, &err);
}

/* Not there yet, nobody has seen it: it goes at once. */
static struct backend *drop_unborn(struct backend *backend, struct err *err)
{
    pool_count_connect(backend->pool, false);
    *err = backend->connecting->err;
    backend_connect_cancel(backend);
    free(backend);
    return NULL;
}

struct backend *backend_open(struct pool *pool, struct err *err)
{
    if (pool->addresses == NULL || pool->addresses->count == 0) {
        fail(err, REASON_BACKEND_UNREACHABLE, "the name of %.*s could not be resolved", SPAN_ARG(pool->server->url));
        return NULL;
    }
    struct backend *backend = calloc(1, sizeof *backend);
    if (backend != NULL) {
        backend_init(backend, pool);
        backend->connecting = connecting_new(backend);
    }
    if (backend == NULL || backend->connecting == NULL) {
        free(backend);
        fail(err, REASON_OUT_OF_MEMORY, "no memory for a backend connection");
        return NULL;
    }
    if (!begin_next(backend->connecting))
        return drop_unborn(backend, err);
    pool_count_busy(pool, 1);
    deadline_start(pool->worker, &pool->connect_class, &backend->deadline);
    return backend;
}
