/* SPDX-License-Identifier: Apache-2.0 */
/* Whose connection it is: the peer of the socket, or whom a PROXY header names; and how many of his there may be. */
#include "conn_int.h"
#include "server/clients.h"
#include "server/proxy_protocol.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>

_Static_assert((int)PROXY_HEADER_BYTES_MAX <= (int)WORKER_SCRATCH_BYTES, "a header fits into scratch");

void conn_set_peer(struct conn *conn, const struct sockaddr *peer)
{
    const void *at = NULL;
    conn->peer_len = 0;
    conn->is_unix = peer->sa_family == AF_UNIX;
    if (peer->sa_family == AF_INET6)
        at = &((const struct sockaddr_in6 *)(const void *)peer)->sin6_addr;
    else if (peer->sa_family == AF_INET)
        at = &((const struct sockaddr_in *)(const void *)peer)->sin_addr;
    if (at != NULL && inet_ntop(peer->sa_family, at, conn->peer, sizeof conn->peer) != NULL)
        conn->peer_len = (unsigned char)strlen(conn->peer);
}

static void show_clients(const struct service *service)
{
    if (service->metrics.clients != NULL)
        metric_set(service->metrics.clients, (int64_t)clients_count(service->clients));
}

bool conn_admit(struct conn *conn)
{
    struct service *service = conn->service;
    struct client_key key;
    size_t most = service->settings.client_connections_max;
    if (most == 0 || service->clients == NULL || !client_key_read(span_of(conn->peer, conn->peer_len), &key))
        return true;
    conn->client = clients_enter(service->clients, &key, most);
    if (conn->client == NULL)
        service_count(service, service->metrics.crowded);
    show_clients(service);
    return conn->client != NULL;
}

void conn_leave(struct conn *conn)
{
    if (conn->client == NULL)
        return;
    clients_leave(conn->service->clients, conn->client);
    conn->client = NULL;
    show_clients(conn->service);
}

void conn_proxy_refuse(struct conn *conn, const char *why)
{
    struct service *service = conn->service;
    service_count(service, service->metrics.unproxied);
    if (service_may_tell(service))
        LOG_EVENT(LOG_WARNING, "proxy-header-refused", LOG_TEXT("peer", span_of(conn->peer, conn->peer_len)),
                  LOG_STR("error", why));
}

/* Of whom nothing is known is not who is on a unix socket: the socket's file lets nobody in there whom it should not. */
static void forget_peer(struct conn *conn)
{
    conn->peer_len = 0;
    conn->is_unix = false;
}

static enum io take_client(struct conn *conn, const struct proxy_header *header)
{
    buf_fini(&conn->in);
    switch (header->source) {
    case PROXY_SOURCE_CONNECTION: break;
    case PROXY_SOURCE_UNKNOWN: forget_peer(conn); break;
    case PROXY_SOURCE_ADDRESS: conn_set_peer(conn, (const struct sockaddr *)&header->client); break;
    }
    return conn_admit(conn) ? IO_OK : IO_FAILED;
}

static enum io received(ssize_t got)
{
    if (got > 0)
        return IO_OK;
    if (got == 0)
        return IO_END;
    return errno == EAGAIN || errno == EINTR ? IO_WANT_READ : IO_FAILED;
}

/* What came is looked at first, and then only what belongs to the header is taken out of the socket.  What is taken before the
 * header is whole waits in conn->in.
 */
enum io conn_proxy_read(struct conn *conn)
{
    struct proxy_header header;
    struct err err;
    char *bytes = conn_worker(conn)->scratch;
    size_t had = buf_len(&conn->in);
    memcpy(bytes, buf_span(&conn->in).at == NULL ? "" : buf_span(&conn->in).at, had);
    ssize_t got = recv(conn->transport.fd, bytes + had, PROXY_HEADER_BYTES_MAX - had, MSG_PEEK);
    if (got <= 0)
        return received(got);
    enum proxy_verdict verdict = proxy_header_read(span_of(bytes, had + (size_t)got), &header, &err);
    if (verdict == PROXY_BAD) {
        conn_proxy_refuse(conn, err.text);
        return IO_FAILED;
    }
    size_t take = verdict == PROXY_WHOLE ? header.len - had : (size_t)got;
    got = recv(conn->transport.fd, bytes + had, take, 0);
    if (got != (ssize_t)take)
        return got < 0 ? received(got) : IO_FAILED;
    if (verdict == PROXY_WHOLE)
        return take_client(conn, &header);
    return buf_add(&conn->in, bytes + had, take) ? IO_WANT_READ : IO_FAILED;
}
