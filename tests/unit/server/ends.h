/* SPDX-License-Identifier: Apache-2.0 */
/* Both ends of a TLS connection on one thread: a server of ours with two certificates, OpenSSL as the client, a pair of sockets
 * between them.
 */
#ifndef TESTS_SERVER_ENDS_H
#define TESTS_SERVER_ENDS_H

#include "server/tls_server.h"
#include "unit.h"

#include "certs.h"

#include <openssl/err.h>
#include <openssl/ssl.h>

#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

enum { DAY_S = 86400, ROUNDS = 64 };

static struct maker authority, stranger;
static struct leaf first, second, client, old_client, strange_client;

static inline int make_all(void **state)
{
    (void)state;
    signal(SIGPIPE, SIG_IGN);
    authority = maker_new(NULL, "Test CA", NULL, 9 * DAY_S);
    stranger = maker_new(NULL, "Other CA", NULL, 9 * DAY_S);
    leaf_init(&first, &authority, "common.test", "DNS:first.test,DNS:*.first.test,IP:127.0.0.1", 5 * DAY_S);
    leaf_init(&second, &authority, "second.test", NULL, 4 * DAY_S);
    leaf_init(&client, &authority, "client", NULL, DAY_S);
    leaf_init(&old_client, &authority, "client", NULL, -10);
    leaf_init(&strange_client, &stranger, "client", NULL, DAY_S);
    return 0;
}

static inline int free_all(void **state)
{
    (void)state;
    struct leaf *const all[] = {&first, &second, &client, &old_client, &strange_client};
    for (size_t i = 0; i < COUNT_OF(all); i++)
        leaf_fini(all[i]);
    maker_free(&authority);
    maker_free(&stranger);
    return 0;
}

static inline struct tls_server *server_make(const struct tls_server_options *options, struct tls_tickets *tickets)
{
    struct err err = {0};
    enum tls_part part;
    struct tls_server *server = tls_server_new(options, &err);
    if (server == NULL || !tls_server_add(server, span_str(first.certificate), span_str(first.key), &part, &err) ||
        !tls_server_add(server, span_str(second.certificate), span_str(second.key), &part, &err))
        fail_msg("%s", err.text);
    if (tickets != NULL)
        tls_server_use_tickets(server, tickets);
    return server;
}

struct client_options {
    const char *name, *alpn;  /* alpn as it goes on the wire */
    const struct leaf *shows; /* NULL: no certificate */
    int version;              /* 0: any */
    const char *ciphers;      /* of TLS 1.2; NULL: all */
    SSL_SESSION *session;
};

struct ends {
    struct transport server;
    SSL *client;
    SSL_CTX *context;
    int fd;
    bool is_shaken;
    struct err err;      /* of the server */
    SSL_SESSION *ticket; /* the newest that the client got */
};

static inline int on_session(SSL *tls, SSL_SESSION *session)
{
    struct ends *ends = SSL_get_app_data(tls);
    SSL_SESSION_free(ends->ticket);
    ends->ticket = session;
    return 1;
}

static inline void client_make(struct ends *ends, const struct client_options *options)
{
    ends->context = SSL_CTX_new(TLS_client_method());
    SSL_CTX_set_security_level(ends->context, options->version != 0 && options->version < TLS1_2_VERSION ? 0 : 1);
    SSL_CTX_set_min_proto_version(ends->context, options->version);
    SSL_CTX_set_max_proto_version(ends->context, options->version);
    if (options->ciphers != NULL)
        assert_int_equal(SSL_CTX_set_cipher_list(ends->context, options->ciphers), 1);
    if (options->shows != NULL) {
        SSL_CTX_use_certificate(ends->context, options->shows->maker.certificate);
        SSL_CTX_use_PrivateKey(ends->context, options->shows->maker.key);
    }
    SSL_CTX_set_session_cache_mode(ends->context, SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
    SSL_CTX_sess_set_new_cb(ends->context, on_session);
    ends->client = SSL_new(ends->context);
    SSL_set_fd(ends->client, ends->fd);
    SSL_set_app_data(ends->client, ends);
    SSL_set_connect_state(ends->client);
    if (options->name != NULL)
        SSL_set_tlsext_host_name(ends->client, options->name);
    if (options->alpn != NULL)
        SSL_set_alpn_protos(ends->client, (const unsigned char *)options->alpn, (unsigned)strlen(options->alpn));
    if (options->session != NULL)
        SSL_set_session(ends->client, options->session);
}

/* Both ends by turns until neither gets on.  What a client hears of a certificate that is refused comes with its first read. */
static inline void shake(struct ends *ends)
{
    bool is_server_done = false;
    char byte;
    for (int i = 0; i < ROUNDS; i++) {
        ERR_clear_error();
        int result = SSL_is_init_finished(ends->client) ? SSL_read(ends->client, &byte, 1) : SSL_connect(ends->client);
        (void)result;
        enum io io = is_server_done ? IO_OK : transport_handshake(&ends->server, &ends->err);
        if (io == IO_FAILED)
            break;
        is_server_done = io == IO_OK;
    }
    ends->is_shaken = is_server_done && SSL_is_init_finished(ends->client) == 1;
}

static inline void ends_open(struct ends *ends, struct tls_server *server, const struct client_options *options)
{
    int fds[2];
    struct err err = {0};
    *ends = (struct ends){.fd = -1};
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fds), 0);
    ends->fd = fds[0];
    ends->server.fd = fds[1];
    if (!tls_server_start(server, &ends->server, &err))
        fail_msg("%s", err.text);
    client_make(ends, options);
    shake(ends);
    assert_int_equal(ERR_peek_error() == 0 || !ends->is_shaken, 1);
}

static inline void ends_close(struct ends *ends)
{
    transport_close(&ends->server);
    SSL_shutdown(ends->client); /* else its session counts as broken */
    SSL_free(ends->client);
    SSL_CTX_free(ends->context);
    SSL_SESSION_free(ends->ticket);
    close(ends->fd);
    ERR_clear_error();
}

static inline void assert_text(struct span found, const char *wanted)
{
    if (!span_eq(found, span_str(wanted)))
        fail_msg("\"%.*s\", wanted \"%s\"", SPAN_ARG(found), wanted);
}

#endif
