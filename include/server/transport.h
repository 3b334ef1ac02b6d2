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
    IO_FAILED      /* the connection is broken, or flooded */
};

struct transport {
    int fd;             /* owned; -1: none */
    struct ssl_st *tls; /* owned; NULL: plain.  Keeps a pointer to this struct, which stays where it is */
    unsigned overhead;  /* what TLS sent for itself since data came: see transport_is_flooded */
};

/* At most `size` bytes into `at`.  IO_WANT_WRITE: TLS has to answer first (new keys that the peer asked for); again when the socket is
 * writable and not before, for it stays readable meanwhile.
 */
enum io transport_read(struct transport *transport, char *at, size_t size, size_t *done);

/* Whether the peer sent more messages of TLS itself (new keys, sessions, renegotiation) than are let through without data between them:
 * 32, or 1024 records.  Each of them costs us more than it, and OpenSSL reads on through them within one call; reading ends with
 * IO_FAILED then, in the middle of that call.
 */
bool transport_is_flooded(const struct transport *transport);

/* As much of the pieces as goes at once; `count` at most 8.  After less than all went, the next call begins with the bytes that did
 * not go, and has no fewer of them.
 */
enum io transport_write(struct transport *transport, const struct iovec *pieces, int count, size_t *done);

/* Writes what was kept, as much as goes at once; when all of it went, its memory goes too.  False: the connection is broken. */
bool transport_flush(struct transport *transport, struct buf *kept) MUST_CHECK;

/* Goes on with the TLS handshake; IO_OK at once for plain.  On IO_FAILED `err` has the cause (no peer's bytes), with reason BAD_REQUEST
 * where a client spoke plain HTTP to a TLS server, NONE where a client left without a byte.
 */
enum io transport_handshake(struct transport *transport, struct err *err);

/* Whether bytes, or the end, wait inside. */
bool transport_pending(const struct transport *transport);

/* The protocol that ALPN settled on, as "h2"; empty where it did not. */
struct span transport_protocol(const struct transport *transport);

/* No more will be written: the peer sees the end in good order, what it sends still comes in.  IO_WANT_WRITE: not yet, again when
 * the socket is writable; else IO_OK.
 */
enum io transport_end_writing(struct transport *transport);

/* What was written may not look complete: closing will not tell the peer of an end in good order.  Plain: nothing happens. */
void transport_hush(struct transport *transport);
/* The same, and closing resets the connection, plain ones too. */
void transport_reset(struct transport *transport);

/* Ends TLS without a word; what goes on is the plain socket.  For handshakes that failed. */
void transport_drop_tls(struct transport *transport);

/* Closes, TLS in good order unless hushed or broken; harmless twice. */
void transport_close(struct transport *transport);

/* TLS towards servers: trust, verification, kept for all connections to one backend. */
struct tls_client;
struct tls_client_options {
    struct span ca; /* PEM certificates; at NULL: the system's */
    bool verify;
    struct span certificate, key; /* PEM, shown to servers that ask; at NULL: none is */
};
enum tls_client_part { TLS_CLIENT_CA, TLS_CLIENT_CERTIFICATE, TLS_CLIENT_KEY };
/* NULL: err says why (CONFIG for what cannot be used: `part`). */
struct tls_client *tls_client_new(const struct tls_client_options *options, enum tls_client_part *part,
                                  struct err *err) MUST_CHECK;
/* Connections under way keep what they need; NULL is let through. */
void tls_client_free(struct tls_client *client);
AUTO_FREE(tls_client)
/* When the first certificate of the chain shown to servers ends, wall time; INT64_MAX: none is shown. */
int64_t tls_client_end_s(const struct tls_client *client);

/* The newest session with one server, to resume by; zeroed: none.  Belongs to one thread, and to one tls_client and host. */
struct tls_session {
    struct ssl_session_st *newest;
    int64_t proven_s; /* when the server's certificate was verified, wall time */
};
void tls_session_fini(struct tls_session *session);

/* Makes `transport` (plain, connected or connecting) a TLS one to `host`: SNI and the certificate's name (RFC 6125) for names,
 * the certificate's address for IP addresses.  `session` (NULL: none) is resumed and kept up to date; it outlives the transport.
 */
bool tls_client_start(struct tls_client *client, struct transport *transport, const char *host,
                      struct tls_session *session, struct err *err) MUST_CHECK;

#endif
