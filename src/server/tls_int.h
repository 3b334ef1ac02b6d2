/* SPDX-License-Identifier: Apache-2.0 */
/* What both sides of TLS share: PEM files, settings of contexts; and tickets for their server. */
#ifndef SERVER_TLS_INT_H
#define SERVER_TLS_INT_H

#include "server/tls_server.h"

#include <openssl/ssl.h>

/* ---- PEM ---- */

/* Adds every certificate of `pem` to `store`.  False where it holds none or a broken one. */
bool tls_pem_trust(X509_STORE *store, struct span pem, struct err *err) MUST_CHECK;
/* Their names, for telling a client what to choose from; NULL: no memory. */
STACK_OF(X509_NAME) * tls_pem_names(struct span pem);
struct tls_pem_pair {
    struct span certificate, key;
};
/* Gives `context` the first certificate of `certificate`, those behind it as chain, and the key.  False: `part` is what is wrong.
 * `end_s`: when the first of them ends.
 */
bool tls_pem_identity(SSL_CTX *context, const struct tls_pem_pair *pair, enum tls_part *part, int64_t *end_s,
                      struct err *err) MUST_CHECK;
/* Seconds since 1970; INT64_MIN for what is no time. */
int64_t tls_pem_time_s(const ASN1_TIME *time);

/* ---- contexts ---- */

/* What both sides set: TLS 1.2 at least, no renegotiation, no compression, reading ahead, writing on after half of a record; what TLS
 * sends for itself is counted.
 */
void tls_context_ready(SSL_CTX *context);
/* Makes `transport` the one of `tls`, which it owns from now on. */
void tls_context_attach(SSL *tls, struct transport *transport);

/* ---- names ---- */

/* Which identity a name has, sorted for lookup. */
struct tls_name {
    char *text; /* small letters; ".x" for "*.x" */
    size_t len;
    size_t identity;
};
struct tls_names {
    struct tls_name *at;
    size_t count;
    size_t doubled;     /* an identity with a name that one before it has; 0: none has */
    char *doubled_name; /* the first such name */
};
/* Adds the names of `certificate`: DNS names of its alternatives, its common name only where it has no alternatives (RFC 6125
 * 6.4.4).  Names that are there stay.  False: no memory.
 */
bool tls_names_add(struct tls_names *names, const X509 *certificate, size_t identity) MUST_CHECK;
/* The identity of `name`, exact before `*.`; 0 where there is none, and *is_known says which. */
size_t tls_names_find(const struct tls_names *names, struct span name, bool *is_known);
void tls_names_fini(struct tls_names *names);

/* ---- tickets ---- */

/* What OpenSSL asks for the keys of a ticket. */
int tls_tickets_keys(struct tls_tickets *tickets, bool is_tls13, unsigned char name[16], unsigned char *iv,
                     EVP_CIPHER_CTX *cipher, EVP_MAC_CTX *mac, bool is_new);

#endif
