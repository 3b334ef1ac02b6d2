/* SPDX-License-Identifier: Apache-2.0 */
/* Plain sockets by read and writev, TLS by OpenSSL directly on the descriptor. */
#include "server/transport.h"

#include <openssl/err.h>
#include <openssl/ssl.h>

#include <errno.h>
#include <limits.h>
#include <sys/socket.h>
#include <unistd.h>

enum { RECORD_BYTES = 16384 };

static enum io plain_result(ssize_t got, size_t *done)
{
    if (got > 0) {
        *done = (size_t)got;
        return IO_OK;
    }
    return IO_FAILED;
}

static enum io tls_result(struct ssl_st *tls, int result)
{
    int why = SSL_get_error(tls, result);
    ERR_clear_error();
    if (why == SSL_ERROR_WANT_READ)
        return IO_WANT_READ;
    if (why == SSL_ERROR_WANT_WRITE)
        return IO_WANT_WRITE;
    return why == SSL_ERROR_ZERO_RETURN ? IO_END : IO_FAILED;
}

enum io transport_read(struct transport *transport, char *at, size_t size, size_t *done)
{
    if (transport->tls != NULL) {
        ERR_clear_error();
        int result = SSL_read_ex(transport->tls, at, size, done);
        return result == 1 ? IO_OK : tls_result(transport->tls, result);
    }
    ssize_t got = recv(transport->fd, at, size, 0);
    if (got == 0)
        return IO_END;
    if (got < 0 && (errno == EAGAIN || errno == EINTR))
        return IO_WANT_READ;
    return plain_result(got, done);
}

/* One record for head and body: small pieces are put together first. */
static enum io tls_write(struct transport *transport, const struct iovec *pieces, int count, size_t *done)
{
    char record[RECORD_BYTES];
    size_t len = 0;
    for (int i = 0; i < count && len < sizeof record; i++) {
        size_t part = pieces[i].iov_len < sizeof record - len ? pieces[i].iov_len : sizeof record - len;
        memcpy(record + len, pieces[i].iov_base, part);
        len += part;
    }
    ERR_clear_error();
    int result = SSL_write_ex(transport->tls, record, len, done);
    return result == 1 ? IO_OK : tls_result(transport->tls, result);
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
    if (verdict != X509_V_OK)
        fail(err, REASON_BACKEND_UNREACHABLE, "TLS: %s", X509_verify_cert_error_string(verdict));
    else if (code != 0)
        fail(err, REASON_BACKEND_UNREACHABLE, "TLS: %s", ERR_reason_error_string(code));
    else
        fail(err, REASON_BACKEND_UNREACHABLE, "TLS: the server ended the handshake");
    ERR_clear_error();
    return false;
}

enum io transport_handshake(struct transport *transport, struct err *err)
{
    if (transport->tls == NULL)
        return IO_OK;
    ERR_clear_error();
    int result = SSL_do_handshake(transport->tls);
    if (result == 1)
        return IO_OK;
    int why = SSL_get_error(transport->tls, result);
    if (why == SSL_ERROR_WANT_READ)
        return IO_WANT_READ;
    if (why == SSL_ERROR_WANT_WRITE)
        return IO_WANT_WRITE;
    handshake_failed(transport, err);
    return IO_FAILED;
}

bool transport_pending(const struct transport *transport)
{
    return transport->tls != NULL && SSL_has_pending(transport->tls) == 1;
}

void transport_end_writing(struct transport *transport)
{
    if (transport->tls != NULL) {
        ERR_clear_error();
        SSL_shutdown(transport->tls);
        ERR_clear_error();
    }
    shutdown(transport->fd, SHUT_WR);
}

void transport_close(struct transport *transport)
{
    if (transport->tls != NULL) {
        ERR_clear_error();
        SSL_shutdown(transport->tls);
        SSL_free(transport->tls);
        ERR_clear_error();
        transport->tls = NULL;
    }
    if (transport->fd >= 0)
        close(transport->fd);
    transport->fd = -1;
}
