/* SPDX-License-Identifier: Apache-2.0 */
/* Bytes in and out of a socket, plain or TLS: the seam between connections and encryption.
 *
 * Non-blocking.  Nothing is buffered here but what TLS must: transport_pending tells whether a read would give bytes though
 * the socket itself has none.
 */
#ifndef SERVER_TRANSPORT_H
#define SERVER_TRANSPORT_H

#include "base/buf.h"
#include "base/err.h"
#include "base/span.h"

#include <sys/uio.h>

struct ssl_st;

enum io {
    IO_OK,         /* `*done` bytes went */
    IO_WANT_READ,  /* nothing went; again when the socket is readable */
    IO_WANT_WRITE, /* nothing went; again when it is writable */
    IO_END,        /* the peer ended its side rightly */
    IO_FAILED      /* the connection is broken */
};

struct transport {
    int fd;             /* owned; -1: none */
    struct ssl_st *tls; /* owned; NULL: plain */
};

/* At most `size` bytes into `at`. */
enum io transport_read(struct transport *transport, char *at, size_t size, size_t *done);

/* As much of the pieces as goes at once; `count` at most 8. */
enum io transport_write(struct transport *transport, const struct iovec *pieces, int count, size_t *done);

/* Writes what was kept, as much as goes at once; when all of it went, its memory goes too.  False: the connection is broken. */
bool transport_flush(struct transport *transport, struct buf *kept) MUST_CHECK;

/* Goes on with the TLS handshake; IO_OK at once for plain.  On IO_FAILED `err` has the cause (no peer's bytes). */
enum io transport_handshake(struct transport *transport, struct err *err);

/* Whether decrypted bytes wait inside. */
bool transport_pending(const struct transport *transport);

/* No more will be written: the peer sees the end, what it sends still comes in. */
void transport_end_writing(struct transport *transport);

/* Closes; harmless twice. */
void transport_close(struct transport *transport);

/* TLS towards servers: trust, verification, kept for all connections to one backend. */
struct tls_client;
struct tls_client_options {
    const char *ca_file; /* PEM; NULL: the system's */
    bool verify;
};
/* NULL: err says why (CONFIG for a file that cannot be read). */
struct tls_client *tls_client_new(const struct tls_client_options *options, struct err *err) MUST_CHECK;
/* Connections under way keep what they need; NULL is let through. */
void tls_client_free(struct tls_client *client);
AUTO_FREE(tls_client)
/* Makes `transport` (plain, connected or connecting) a TLS one to `host`: SNI and the certificate's name (RFC 6125) for names,
 * the certificate's address for IP addresses.
 */
bool tls_client_start(struct tls_client *client, struct transport *transport, const char *host,
                      struct err *err) MUST_CHECK;

#endif
