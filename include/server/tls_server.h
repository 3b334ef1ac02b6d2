/* SPDX-License-Identifier: Apache-2.0 */
/* TLS as a server: certificates chosen by the name that a client asks for, trust in clients' own, session tickets.
 *
 * One for each listener, shared by all workers: counted, and not changed once a connection may begin with it, but for the keys of
 * tickets.  New certificates make a new one; connections under way keep theirs.  TLS 1.2 with ephemeral keys and AEAD only, or
 * TLS 1.3; no renegotiation, no compression, no early data.
 */
#ifndef SERVER_TLS_SERVER_H
#define SERVER_TLS_SERVER_H

#include "server/certificate.h"
#include "server/transport.h"

/* The keys that session tickets are encrypted with (RFC 5077 4): new ones each hour, the ones before for an hour more.  Shared by all
 * listeners and kept across reloads, so that clients resume whichever worker they reach.
 */
struct tls_tickets;
/* One reference; NULL: no memory. */
struct tls_tickets *tls_tickets_new(struct err *err) MUST_CHECK;
/* One reference more, less; any thread. */
struct tls_tickets *tls_tickets_take(struct tls_tickets *tickets);
/* One reference less; NULL is let through. */
void tls_tickets_release(struct tls_tickets *tickets);
/* Turns to new keys at once, as if an hour were over. */
void tls_tickets_rotate(struct tls_tickets *tickets);

struct tls_server_options {
    struct span scope;     /* sessions are resumed within the same scope only: what names the listener */
    struct span client_ca; /* PEM certificates that clients' must end at; at NULL: clients are not asked for any */
    bool clients_required; /* else a client may come without; what it shows must be right either way */
    bool is_tls13_only;
    bool offers_h2; /* by ALPN, before HTTP/1 */
};

struct tls_server;

/* One without certificates; NULL with CONFIG where client_ca holds none.  A session is resumed only under the same client_ca,
 * clients_required and scope as it was made under.
 */
struct tls_server *tls_server_new(const struct tls_server_options *options, struct err *err) MUST_CHECK;

enum tls_part { TLS_PART_CERTIFICATE, TLS_PART_KEY };

/* Adds a certificate with the chain behind it and its key, both PEM; before the server is shared.  The first one is for clients
 * that name no host or one that no certificate has; of two with the same name the first wins.  False: `part` is what is wrong.
 */
bool tls_server_add(struct tls_server *server, struct span certificate, struct span key, enum tls_part *part,
                    struct err *err) MUST_CHECK;
/* How many were added. */
size_t tls_server_count(const struct tls_server *server);
/* When the first certificate of that one's chain ends, wall time. */
int64_t tls_server_end_s(const struct tls_server *server, size_t index);
/* The first identity with a name that one before it has, and is not shown for; *name is that name, with a dot in front where it stands
 * for all of a domain.  0: none.
 */
size_t tls_server_doubled(const struct tls_server *server, const char **name);
/* SHA-256 of the public key in the first certificate of that one's chain (SubjectPublicKeyInfo, as RFC 7469 2.4 has it).  False: no memory. */
bool tls_server_key_digest(const struct tls_server *server, size_t index, unsigned char out[32]) MUST_CHECK;
/* Which of them a client gets that asks for `name`; 0 also where none has it. */
size_t tls_server_find(const struct tls_server *server, struct span name);

/* Resumption by tickets of these keys; before the server is shared.  Without: none. */
void tls_server_use_tickets(struct tls_server *server, struct tls_tickets *tickets);

/* One reference more, less; any thread. */
struct tls_server *tls_server_take(struct tls_server *server);
/* One reference less; NULL is let through. */
void tls_server_release(struct tls_server *server);

/* Makes `transport`, plain and connected, one that awaits the client's handshake; the transport keeps a reference. */
bool tls_server_start(struct tls_server *server, struct transport *transport, struct err *err) MUST_CHECK;

/* After the handshake: whether it resumed a session. */
bool tls_server_has_resumed(const struct transport *transport);

/* After the handshake: the client's certificate, in memory that free() gives back; also where a session was resumed.  NULL with reason
 * NONE: it showed none; else no memory.
 */
struct client_certificate *tls_server_certificate(const struct transport *transport, struct err *err) MUST_CHECK;

#endif
