/* SPDX-License-Identifier: Apache-2.0 */
/* TLS as a client: TLS 1.2 at least, certificates verified against name or address. */
#include "server/transport.h"

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include <arpa/inet.h>

struct tls_client {
    SSL_CTX *context;
    bool verify;
};

static bool trust_load(struct tls_client *client, const char *ca_file, struct err *err)
{
    int is_ok = ca_file == NULL ? SSL_CTX_set_default_verify_paths(client->context)
                                : SSL_CTX_load_verify_file(client->context, ca_file);
    ERR_clear_error();
    return is_ok == 1 || fail(err, REASON_CONFIG, "cannot read CA certificates from \"%s\"",
                              ca_file == NULL ? "the system" : ca_file);
}

struct tls_client *tls_client_new(const struct tls_client_options *options, struct err *err)
{
    AUTO_PTR(tls_client) client = calloc(1, sizeof *client);
    if (client == NULL || (client->context = SSL_CTX_new(TLS_client_method())) == NULL) {
        ERR_clear_error();
        fail(err, REASON_OUT_OF_MEMORY, "no memory for TLS");
        return NULL;
    }
    client->verify = options->verify;
    SSL_CTX_set_min_proto_version(client->context, TLS1_2_VERSION);
    SSL_CTX_set_options(client->context, SSL_OP_NO_RENEGOTIATION);
    SSL_CTX_set_mode(client->context,
                     SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER | SSL_MODE_RELEASE_BUFFERS);
    SSL_CTX_set_read_ahead(client->context, 1);
    SSL_CTX_set_verify(client->context, options->verify ? SSL_VERIFY_PEER : SSL_VERIFY_NONE, NULL);
    if (options->verify && !trust_load(client, options->ca_file, err))
        return NULL;
    return STEAL(client);
}

void tls_client_free(struct tls_client *client)
{
    if (client == NULL)
        return;
    SSL_CTX_free(client->context);
    free(client);
}

static bool is_address(const char *host)
{
    unsigned char bytes[16];
    return inet_pton(AF_INET, host, bytes) == 1 || inet_pton(AF_INET6, host, bytes) == 1;
}

bool tls_client_start(struct tls_client *client, struct transport *transport, const char *host, struct err *err)
{
    SSL *tls = SSL_new(client->context);
    bool is_ok = tls != NULL && SSL_set_fd(tls, transport->fd) == 1;
    if (is_ok && is_address(host))
        is_ok = X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(tls), host) == 1;
    else if (is_ok)
        is_ok = SSL_set_tlsext_host_name(tls, host) == 1 && SSL_set1_host(tls, host) == 1;
    ERR_clear_error();
    if (!is_ok) {
        SSL_free(tls);
        return fail(err, REASON_OUT_OF_MEMORY, "no memory for TLS");
    }
    SSL_set_connect_state(tls);
    transport->tls = tls;
    return true;
}
