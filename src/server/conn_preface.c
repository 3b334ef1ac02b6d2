/* SPDX-License-Identifier: Apache-2.0 */
/* A plain connection whose first bytes tell what it speaks: the preface of HTTP/2 (RFC 9113 3.3, prior knowledge), or HTTP/1.
 *
 * No request of HTTP/1 begins like the preface to its end; as long as both are possible, bytes wait.  What happens before it is known
 * happens to a connection of HTTP/1.
 */
#include "conn_int.h"

#include "http/h2.h"

static const struct conn_protocol preface_protocol;

static bool wants_input(const struct conn *conn)
{
    (void)conn;
    return true;
}

static size_t read_bytes_max(const struct conn *conn)
{
    (void)conn;
    return SIZE_MAX;
}

static void on_bytes(struct conn *conn, struct span bytes, bool is_scratch)
{
    struct span begin = span_cut(bytes, H2_PREFACE_BYTES);
    bool is_preface = span_starts(span_of(h2_preface, H2_PREFACE_BYTES), begin);
    if (is_preface && begin.len < H2_PREFACE_BYTES) {
        if (!conn_keep(conn, bytes, is_scratch))
            conn_close(conn, REASON_OUT_OF_MEMORY);
        return;
    }
    if (!is_preface)
        conn_h1_start(conn);
    else if (!conn_h2_start(conn)) {
        conn_close(conn, REASON_OUT_OF_MEMORY);
        return;
    }
    conn->protocol->bytes(conn, bytes, is_scratch);
}

/* Whatever came is the begin of an HTTP/1 request.  False: it is over. */
static bool settle_for_h1(struct conn *conn)
{
    conn_h1_start(conn);
    if (buf_len(&conn->in) > 0)
        conn->protocol->bytes(conn, buf_span(&conn->in), false);
    return conn->state < CONN_FLUSH;
}

static void on_ended(struct conn *conn)
{
    if (settle_for_h1(conn))
        conn->protocol->ended(conn);
}

static void on_expired(struct conn *conn)
{
    if (settle_for_h1(conn))
        conn->protocol->expired(conn);
}

static void drain(struct conn *conn)
{
    if (settle_for_h1(conn))
        conn->protocol->drain(conn);
}

static void on_flushed(struct conn *conn)
{
    (void)conn;
}

static void on_gone(struct conn *conn, enum reason why)
{
    (void)conn;
    (void)why;
}

void conn_preface_start(struct conn *conn)
{
    conn->protocol = &preface_protocol;
    conn->state = CONN_IDLE;
}

/* There are no streams yet. */
static const struct conn_protocol preface_protocol = {.wants_input = wants_input,
                                                      .read_bytes_max = read_bytes_max,
                                                      .bytes = on_bytes,
                                                      .ended = on_ended,
                                                      .expired = on_expired,
                                                      .flushed = on_flushed,
                                                      .drain = drain,
                                                      .gone = on_gone};
