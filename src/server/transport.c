/* SPDX-License-Identifier: Apache-2.0 */
/* Plain sockets by read and writev, TLS by OpenSSL directly on the descriptor. */
#include "server/transport.h"

#include "server/tls_server.h"

#include <openssl/err.h>
#include <openssl/ssl.h>

#include <errno.h>
#include <limits.h>
#include <sys/socket.h>
#include <unistd.h>

enum { RECORD_BYTES = 16384, READS_MAX = 64 };

static enum io plain_result(ssize_t got, size_t *done)
{
    if (got > 0) {
        *done = (size_t)got;
        return IO_OK;
    }
    return IO_FAILED;
}

/* A connection that broke is not ended in good order any more.  One that is flooded looks ended to OpenSSL. */
static enum io tls_result(const struct transport *transport, int result)
{
    struct ssl_st *tls = transport->tls;
    int why = transport_is_flooded(transport) ? SSL_ERROR_SSL : SSL_get_error(tls, result);
    ERR_clear_error();
    if (why == SSL_ERROR_WANT_READ)
        return IO_WANT_READ;
    if (why == SSL_ERROR_WANT_WRITE)
        return IO_WANT_WRITE;
    if (why == SSL_ERROR_ZERO_RETURN)
        return IO_END;
    SSL_set_quiet_shutdown(tls, 1);
    return IO_FAILED;
}

/* Records that OpenSSL has read ahead are taken with the first: no event would tell of them.  Not too many: they may hold a byte each,
 * and empty ones stand between them.
 */
static enum io tls_read(struct transport *transport, char *at, size_t size, size_t *done)
{
    size_t got = 0;
    ERR_clear_error();
    int result = SSL_read_ex(transport->tls, at, size, &got);
    if (result != 1)
        return tls_result(transport, result);
    *done = got;
    for (int i = 1; i < READS_MAX && *done < size && SSL_has_pending(transport->tls) == 1 &&
                    SSL_read_ex(transport->tls, at + *done, size - *done, &got) == 1;
         i++)
        *done += got;
    if (!transport_is_flooded(transport))
        transport->overhead = 0;
    ERR_clear_error();
    return IO_OK;
}

enum io transport_read(struct transport *transport, char *at, size_t size, size_t *done)
{
    if (transport->tls != NULL)
        return tls_read(transport, at, size, done);
    ssize_t got = recv(transport->fd, at, size, 0);
    if (got == 0)
        return IO_END;
    if (got < 0 && (errno == EAGAIN || errno == EINTR))
        return IO_WANT_READ;
    return plain_result(got, done);
}

/* Where a row of pieces was left. */
struct place {
    const struct iovec *piece, *end;
    size_t used; /* of *piece */
};

static void place_move(struct place *at, size_t bytes)
{
    at->used += bytes;
    while (at->piece < at->end && at->used >= at->piece->iov_len) {
        at->used -= at->piece->iov_len;
        at->piece++;
    }
}

/* What the next record is made of: a piece that fills it, or is the last, as it lies; small ones are put together first, so that
 * head and body leave as one.
 */
static struct span next_record(const struct place *at, char record[RECORD_BYTES])
{
    struct place from = *at;
    size_t rest = from.piece->iov_len - from.used;
    size_t len = 0;
    if (rest >= RECORD_BYTES || from.piece + 1 == from.end)
        return span_of((const char *)from.piece->iov_base + from.used, rest);
    while (len < RECORD_BYTES && from.piece < from.end) {
        rest = from.piece->iov_len - from.used;
        size_t part = rest < RECORD_BYTES - len ? rest : RECORD_BYTES - len;
        if (part > 0)
            memcpy(record + len, (const char *)from.piece->iov_base + from.used, part);
        len += part;
        place_move(&from, part);
    }
    return span_of(record, len);
}

/* A record that did not go whole is gone on with by the next call: it must begin with the same bytes, and have no fewer. */
static enum io tls_write(struct transport *transport, const struct iovec *pieces, int count, size_t *done)
{
    char record[RECORD_BYTES];
    struct place at = {pieces, pieces + count, 0};
    *done = 0;
    for (place_move(&at, 0); at.piece < at.end;) {
        struct span next = next_record(&at, record);
        size_t went = 0;
        ERR_clear_error();
        int result = SSL_write_ex(transport->tls, next.at, next.len, &went);
        if (result != 1) {
            enum io io = tls_result(transport, result);
            return *done > 0 && (io == IO_WANT_READ || io == IO_WANT_WRITE) ? IO_OK : io;
        }
        *done += went;
        place_move(&at, went);
    }
    return IO_OK;
}

enum io transport_write(struct transport *transport, const struct iovec *pieces, int count, size_t *done)
{
    if (transport->tls != NULL)
        return tls_write(transport, pieces, count, done);
    struct msghdr message = {.msg_iov = (struct iovec *)(uintptr_t)pieces, .msg_iovlen = (size_t)count};
    ssize_t sent = sendmsg(transport->fd, &message, MSG_NOSIGNAL);
    if (sent < 0 && (errno == EAGAIN || errno == EINTR))
        return IO_WANT_WRITE;
    return plain_result(sent, done);
}

bool transport_flush(struct transport *transport, struct buf *kept)
{
    while (buf_len(kept) > 0) {
        struct span rest = buf_span(kept);
        const struct iovec piece = {(void *)(uintptr_t)rest.at, rest.len};
        size_t done = 0;
        enum io io = transport_write(transport, &piece, 1, &done);
        if (io == IO_WANT_READ || io == IO_WANT_WRITE)
            return true;
        if (io != IO_OK)
            return false;
        buf_take(kept, done);
    }
    buf_fini(kept);
    return true;
}

static bool handshake_failed(const struct transport *transport, struct err *err)
{
    long verdict = SSL_get_verify_result(transport->tls);
    unsigned long code = ERR_peek_last_error();
    enum reason reason = SSL_is_server(transport->tls) ? REASON_CLIENT_GONE : REASON_BACKEND_UNREACHABLE;
    if (SSL_is_server(transport->tls) && BIO_number_read(SSL_get_rbio(transport->tls)) == 0)
        fail(err, REASON_NONE, "TLS: the other side left without a byte");
    else if (transport_is_flooded(transport))
        fail(err, reason, "TLS: messages without end");
    else if (verdict != X509_V_OK)
        fail(err, reason, "TLS: %s", X509_verify_cert_error_string(verdict));
    else if (code != 0 && ERR_reason_error_string(code) != NULL)
        fail(err, reason, "TLS: %s", ERR_reason_error_string(code));
    else
        fail(err, reason, "TLS: the other side ended the handshake");
    SSL_set_quiet_shutdown(transport->tls, 1);
    return false;
}

static enum io handshake_result(const struct transport *transport, int result, struct err *err)
{
    int why = transport_is_flooded(transport) ? SSL_ERROR_SSL : SSL_get_error(transport->tls, result);
    if (why == SSL_ERROR_WANT_READ)
        return IO_WANT_READ;
    if (why == SSL_ERROR_WANT_WRITE)
        return IO_WANT_WRITE;
    bool is_http = ERR_GET_REASON(ERR_peek_last_error()) == SSL_R_HTTP_REQUEST;
    handshake_failed(transport, err);
    if (is_http)
        err->reason = REASON_BAD_REQUEST;
    return IO_FAILED;
}

enum io transport_handshake(struct transport *transport, struct err *err)
{
    if (transport->tls == NULL)
        return IO_OK;
    ERR_clear_error();
    int result = SSL_do_handshake(transport->tls);
    if (result == 1)
        return IO_OK;
    enum io io = handshake_result(transport, result, err);
    ERR_clear_error();
    return io;
}

bool transport_pending(const struct transport *transport)
{
    return transport->tls != NULL &&
           (SSL_has_pending(transport->tls) == 1 || SSL_get_shutdown(transport->tls) == SSL_RECEIVED_SHUTDOWN);
}

struct span transport_protocol(const struct transport *transport)
{
    const unsigned char *name = NULL;
    unsigned len = 0;
    if (transport->tls != NULL)
        SSL_get0_alpn_selected(transport->tls, &name, &len);
    return span_of(name, len);
}

enum io transport_end_writing(struct transport *transport)
{
    if (transport->tls != NULL && !SSL_in_init(transport->tls)) {
        ERR_clear_error();
        int result = SSL_shutdown(transport->tls);
        int why = result < 0 ? SSL_get_error(transport->tls, result) : SSL_ERROR_NONE;
        ERR_clear_error();
        if (why == SSL_ERROR_WANT_WRITE)
            return IO_WANT_WRITE;
    }
    shutdown(transport->fd, SHUT_WR);
    return IO_OK;
}

void transport_hush(struct transport *transport)
{
    if (transport->tls != NULL)
        SSL_set_quiet_shutdown(transport->tls, 1);
}

void transport_reset(struct transport *transport)
{
    const struct linger now = {.l_onoff = 1, .l_linger = 0};
    setsockopt(transport->fd, SOL_SOCKET, SO_LINGER, &now, sizeof now);
    transport_hush(transport);
}

void transport_drop_tls(struct transport *transport)
{
    if (transport->tls == NULL)
        return;
    struct tls_server *server = SSL_is_server(transport->tls) ? SSL_get_app_data(transport->tls) : NULL;
    SSL_free(transport->tls);
    tls_server_release(server);
    ERR_clear_error();
    transport->tls = NULL;
}

void transport_close(struct transport *transport)
{
    if (transport->tls != NULL) {
        ERR_clear_error();
        if (!SSL_in_init(transport->tls))
            SSL_shutdown(transport->tls);
        transport_drop_tls(transport);
    }
    if (transport->fd >= 0)
        close(transport->fd);
    transport->fd = -1;
}
