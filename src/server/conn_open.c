/* SPDX-License-Identifier: Apache-2.0 */
/* What comes before the first byte of a protocol, as a row of steps, all within the time for a head. */
#include "conn_int.h"

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

static enum io shake_hands(struct conn *conn)
{
    struct err err;
    return transport_handshake(&conn->transport, &err);
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
    free(conn->opening);
    conn->opening = NULL;
}

/* The protocol has it; bytes may be here already. */
static void start_protocol(struct conn *conn)
{
    conn_open_free(conn);
    conn_start_deadline(conn, &conn->service->head_class);
    conn_h1_start(conn);
    conn_watch(conn);
    if (transport_pending(&conn->transport))
        event_active(&conn->read_event, EV_READ, 0);
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
    conn_close(conn, REASON_CLIENT_GONE);
}

void conn_open_expired(struct conn *conn)
{
    if (conn->opening->step == OPENING_PROXY)
        conn_proxy_refuse(conn, "PROXY header: none came within timeouts.head");
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
    return true;
}
