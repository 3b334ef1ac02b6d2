/* SPDX-License-Identifier: Apache-2.0 */
/* TLS as a client: TLS 1.2 at least, certificates verified against name or address, sessions resumed. */
#include "base/now.h"
#include "tls_int.h"

#include <openssl/err.h>
#include <openssl/x509v3.h>

#include <arpa/inet.h>

/* How long a server may be resumed without proving anew who it is. */
enum { PROVEN_S = 3600 };

struct tls_client {
    SSL_CTX *context;
    int64_t end_s;
};

static bool trust(struct tls_client *client, struct span ca, struct err *err)
{
    if (ca.at != NULL)
        return tls_pem_trust(SSL_CTX_get_cert_store(client->context), ca, err);
    int is_ok = SSL_CTX_set_default_verify_paths(client->context);
    ERR_clear_error();
    return is_ok == 1 || fail(err, REASON_CONFIG, "the CA certificates of the system cannot be read");
}

static bool show(struct tls_client *client, const struct tls_client_options *options, enum tls_client_part *part,
                 struct err *err)
{
    enum tls_part which = TLS_PART_CERTIFICATE;
    const struct tls_pem_pair pair = {options->certificate, options->key};
    if (pair.certificate.at == NULL || tls_pem_identity(client->context, &pair, &which, &client->end_s, err))
        return true;
    *part = which == TLS_PART_KEY ? TLS_CLIENT_KEY : TLS_CLIENT_CERTIFICATE;
    return false;
}

/* TLS 1.3 gives sessions out after the handshake, more than one: the newest is kept. */
static int on_session(SSL *tls, SSL_SESSION *session)
{
    struct tls_session *kept = SSL_get_app_data(tls);
    if (kept == NULL)
        return 0;
    SSL_SESSION_free(kept->newest);
    kept->newest = session;
    if (SSL_session_reused(tls) != 1)
        kept->proven_s = now_read().wall_s;
    return 1;
}

struct tls_client *tls_client_new(const struct tls_client_options *options, enum tls_client_part *part, struct err *err)
{
    AUTO_PTR(tls_client) client = calloc(1, sizeof *client);
    *part = TLS_CLIENT_CA;
    if (client == NULL || (client->context = SSL_CTX_new(TLS_client_method())) == NULL) {
        ERR_clear_error();
        fail(err, REASON_OUT_OF_MEMORY, "no memory for TLS");
        return NULL;
    }
    client->end_s = INT64_MAX;
    tls_context_ready(client->context);
    SSL_CTX_set_verify(client->context, options->verify ? SSL_VERIFY_PEER : SSL_VERIFY_NONE, NULL);
    SSL_CTX_set_session_cache_mode(client->context, SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
    SSL_CTX_sess_set_new_cb(client->context, on_session);
    if ((options->verify || options->ca.at != NULL) && !trust(client, options->ca, err))
        return NULL;
    return show(client, options, part, err) ? STEAL(client) : NULL;
}

void tls_client_free(struct tls_client *client)
{
    if (client == NULL)
        return;
    SSL_CTX_free(client->context);
    free(client);
}

int64_t tls_client_end_s(const struct tls_client *client)
{
    return client->end_s;
}

void tls_session_fini(struct tls_session *session)
{
    SSL_SESSION_free(session->newest);
    *session = (struct tls_session){NULL, 0};
}

static bool is_address(const char *host)
{
    unsigned char bytes[16];
    return inet_pton(AF_INET, host, bytes) == 1 || inet_pton(AF_INET6, host, bytes) == 1;
}

static bool name_server(SSL *tls, const char *host)
{
    if (is_address(host))
        return X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(tls), host) == 1;
    return SSL_set_tlsext_host_name(tls, host) == 1 && SSL_set1_host(tls, host) == 1;
}

/* Resuming skips the certificate: not for ever, and never past what could not be proven again.  OpenSSL uses a session of TLS 1.3 once,
 * but servers do not always give a new one: a copy goes, so that the next connection can offer it too.
 */
static void resume(SSL *tls, struct tls_session *session)
{
    SSL_set_app_data(tls, session);
    if (session == NULL || session->newest == NULL)
        return;
    int64_t age_s = now_read().wall_s - session->proven_s;
    SSL_SESSION *copy = age_s >= 0 && age_s < PROVEN_S ? SSL_SESSION_dup(session->newest) : NULL;
    if (copy == NULL || SSL_SESSION_is_resumable(copy) != 1 || SSL_set_session(tls, copy) != 1)
        tls_session_fini(session);
    SSL_SESSION_free(copy);
}

bool tls_client_start(struct tls_client *client, struct transport *transport, const char *host,
                      struct tls_session *session, struct err *err)
{
    ERR_clear_error();
    SSL *tls = SSL_new(client->context);
    bool is_ok = tls != NULL && SSL_set_fd(tls, transport->fd) == 1 && name_server(tls, host);
    if (!is_ok) {
        ERR_clear_error();
        SSL_free(tls);
        return fail(err, REASON_OUT_OF_MEMORY, "no memory for TLS");
    }
    resume(tls, session);
    SSL_set_connect_state(tls);
    ERR_clear_error();
    tls_context_attach(tls, transport);
    return true;
}
