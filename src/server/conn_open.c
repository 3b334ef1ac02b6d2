/* SPDX-License-Identifier: Apache-2.0 */
/* What comes before the first byte of a protocol, as a row of steps, all within the time for a head. */
#include "conn_int.h"

#include "base/log.h"
#include "server/bind_address.h"
#include "server/tls_server.h"

enum opening_step { OPENING_PROXY, OPENING_TLS, OPENING_STEPS };

struct opening {
    struct entrance entrance;
    enum opening_step step;
    bool wants_output; /* else input */
};

static enum io read_proxy_header(struct conn *conn)
{
    return conn->opening->entrance.has_proxy_header ? conn_proxy_read(conn) : IO_OK;
}

/* Plain HTTP on a port of TLS is a mistake that a person makes, and should be told of. */
static void tell_plain(struct conn *conn)
{
    static const struct span answer =
        SPAN_INIT("HTTP/1.1 400 Bad Request\r\n"
                  "Content-Type: application/json\r\n"
                  "Content-Length: 70\r\n"
                  "Connection: close\r\n\r\n"
                  "{\"statusCode\":400,\"message\":\"Plain HTTP was sent to a port of HTTPS.\"}");
    struct iovec piece = {(void *)(uintptr_t)answer.at, answer.len};
    if (!conn_send(conn, &piece, 1))
        conn_close(conn, REASON_CLIENT_GONE);
}

/* The gateway's end of the connection: which listener it came through. */
static void local_end(struct conn *conn, char out[BIND_TEXT_BYTES])
{
    struct bind_address end = {.len = sizeof end.at};
    out[0] = '\0';
    if (getsockname(conn->transport.fd, (struct sockaddr *)&end.at, &end.len) == 0)
        bind_address_text(&end, out);
}

static void tell_unshaken(struct conn *conn, const struct err *err)
{
    char address[BIND_TEXT_BYTES];
    if (!service_may_tell(conn->service))
        return;
    local_end(conn, address);
    LOG_EVENT(LOG_INFO, "handshake-failed", LOG_TEXT("client", span_of(conn->peer, conn->peer_len)),
              LOG_STR("address", address), LOG_STR("error", err->text));
}

/* The client is told why by an alert, which a reset must not overtake: the socket goes on without TLS until it ends its side. */
static void handshake_failed(struct conn *conn, const struct err *err)
{
    if (err->reason == REASON_NONE) { /* it came and went without a byte, as probes of ports do */
        conn_close(conn, REASON_CLIENT_GONE);
        return;
    }
    service_count(conn->service, conn->service->metrics.unshaken);
    tell_unshaken(conn, err);
    transport_drop_tls(&conn->transport);
    if (err->reason == REASON_BAD_REQUEST)
        tell_plain(conn);
    if (conn->state != CONN_CLOSED)
        conn_end(conn);
}

static enum io handshake_done(struct conn *conn)
{
    struct err err;
    const struct service_metrics *metrics = &conn->service->metrics;
    service_count(conn->service, tls_server_has_resumed(&conn->transport) ? metrics->resumed : metrics->shaken);
    conn->certificate = tls_server_certificate(&conn->transport, &err);
    return err.reason == REASON_NONE ? IO_OK : IO_FAILED;
}

static enum io shake_hands(struct conn *conn)
{
    struct err err = {0};
    struct tls_server *server = conn->opening->entrance.tls;
    if (server == NULL)
        return IO_OK;
    if (conn->transport.tls == NULL && !tls_server_start(server, &conn->transport, &err))
        return IO_FAILED;
    enum io io = transport_handshake(&conn->transport, &err);
    if (io == IO_OK)
        return handshake_done(conn);
    if (io == IO_FAILED)
        handshake_failed(conn, &err);
    return io;
}

static enum io (*const steps[])(struct conn *conn) = {
    [OPENING_PROXY] = read_proxy_header,
    [OPENING_TLS] = shake_hands,
};
_Static_assert(COUNT_OF(steps) == OPENING_STEPS, "each step has its row");

bool conn_open_wants_input(const struct conn *conn)
{
    return !conn->opening->wants_output;
}

bool conn_open_wants_output(const struct conn *conn)
{
    return conn->opening->wants_output;
}

void conn_open_free(struct conn *conn)
{
    if (conn->opening != NULL)
        tls_server_release(conn->opening->entrance.tls);
    free(conn->opening);
    conn->opening = NULL;
}

/* The protocol has it; bytes may be here already. */
static void start_protocol(struct conn *conn)
{
    bool takes_h2 = conn->opening->entrance.takes_h2;
    conn_open_free(conn);
    conn_start_deadline(conn, &conn->service->head_class);
    if (conn->transport.tls == NULL && takes_h2) {
        conn_preface_start(conn);
    } else if (!span_eq(transport_protocol(&conn->transport), SPAN("h2"))) {
        conn_h1_start(conn);
    } else if (!conn_h2_start(conn)) {
        conn_close(conn, REASON_OUT_OF_MEMORY);
        return;
    }
    conn_watch(conn);
    if (transport_pending(&conn->transport))
        worker_again(conn_worker(conn), &conn->read_event);
}

void conn_open(struct conn *conn)
{
    struct opening *opening = conn->opening;
    enum io io = IO_OK;
    while (opening->step < OPENING_STEPS && (io = steps[opening->step](conn)) == IO_OK)
        opening->step++;
    switch (io) {
    case IO_OK: start_protocol(conn); return;
    case IO_WANT_READ:
    case IO_WANT_WRITE:
        opening->wants_output = io == IO_WANT_WRITE;
        conn_watch(conn);
        return;
    case IO_END:
    case IO_FAILED: break;
    }
    if (conn->state == CONN_OPENING) /* else the step has seen to the end itself */
        conn_close(conn, REASON_CLIENT_GONE);
}

void conn_open_expired(struct conn *conn)
{
    if (conn->opening->step == OPENING_PROXY)
        conn_proxy_refuse(conn, "PROXY header: none came within timeouts.head");
    else
        service_count(conn->service, conn->service->metrics.unshaken);
    conn_close(conn, REASON_CLIENT_TIMEOUT);
}

bool conn_open_begin(struct conn *conn, const struct entrance *entrance)
{
    bool is_plain = entrance == NULL || (entrance->tls == NULL && !entrance->has_proxy_header && !entrance->takes_h2);
    if (is_plain) {
        conn_h1_start(conn);
        return true;
    }
    conn->opening = calloc(1, sizeof *conn->opening);
    if (conn->opening == NULL)
        return false;
    conn->opening->entrance = *entrance;
    if (entrance->tls != NULL)
        tls_server_take(entrance->tls);
    return true;
}
