/* SPDX-License-Identifier: Apache-2.0 */
/* TLS as a server on OpenSSL: a context for each certificate, alike in all else; a connection begins with the first one's and is
 * moved to another's when it names a host of that.
 */
#include "server/tls_server.h"

#include "base/now.h"
#include "tls_int.h"

#include <openssl/err.h>
#include <openssl/evp.h>

#include <stdatomic.h>

enum { SESSION_S = 3600, AUTHENTICATION_S = 43200, SCOPE_BYTES = 32 };

/* Ephemeral keys and AEAD: what HTTP/2 demands (RFC 9113 9.2.2), and nothing older clients of TLS 1.2 lack. */
static const char ciphers[] = "ECDHE+AESGCM:ECDHE+CHACHA20";

struct identity {
    SSL_CTX *context;
    int64_t end_s;
};

struct tls_server {
    _Atomic(unsigned) references;
    struct identity *identities;
    size_t count;
    struct tls_names names;
    struct tls_tickets *tickets; /* NULL: none */
    X509_STORE *trust;           /* NULL: clients are not asked */
    STACK_OF(X509_NAME) * authorities;
    bool clients_required, is_tls13_only, offers_h2;
    unsigned char scope[SCOPE_BYTES]; /* of sessions */
};

/* What goes with a session where clients show certificates. */
struct proof {
    int64_t made_s; /* when the client proved to have its key */
    int64_t end_s;  /* when the first certificate of its chain ends */
};

static struct tls_server *server_of(const SSL *tls)
{
    return SSL_get_app_data(tls);
}

/* ---- what a session is bound to ---- */

static bool scope_make(struct tls_server *server, const struct tls_server_options *options)
{
    const unsigned char mode = (unsigned char)((options->client_ca.at != NULL) + 2 * options->clients_required);
    const uint64_t len = options->scope.len;
    EVP_MD_CTX *digest = EVP_MD_CTX_new();
    bool is_ok = digest != NULL && EVP_DigestInit_ex(digest, EVP_sha256(), NULL) == 1 &&
                 EVP_DigestUpdate(digest, &mode, 1) == 1 && EVP_DigestUpdate(digest, &len, sizeof len) == 1 &&
                 EVP_DigestUpdate(digest, options->scope.at, options->scope.len) == 1 &&
                 EVP_DigestUpdate(digest, options->client_ca.at, options->client_ca.len) == 1 &&
                 EVP_DigestFinal_ex(digest, server->scope, NULL) == 1;
    EVP_MD_CTX_free(digest);
    return is_ok;
}

static int on_ticket_key(SSL *tls, unsigned char *name, unsigned char *iv, EVP_CIPHER_CTX *cipher, EVP_MAC_CTX *mac,
                         int is_new)
{
    return tls_tickets_keys(server_of(tls)->tickets, SSL_version(tls) >= TLS1_3_VERSION, name, iv, cipher, mac,
                            is_new == 1);
}

static int64_t chain_end_s(const SSL *tls)
{
    STACK_OF(X509) *chain = SSL_get0_verified_chain(tls);
    int64_t end_s = INT64_MAX;
    for (int i = 0; i < sk_X509_num(chain); i++) {
        int64_t other_s = tls_pem_time_s(X509_get0_notAfter(sk_X509_value(chain, i)));
        end_s = other_s < end_s ? other_s : end_s;
    }
    return end_s;
}

/* A session that resumes another keeps what the first one noted: else resuming on and on would outlive the certificate. */
static int on_ticket_made(SSL *tls, void *unused)
{
    void *noted = NULL;
    size_t len = 0;
    SSL_SESSION *session = SSL_get_session(tls);
    (void)unused;
    if (SSL_SESSION_get0_ticket_appdata(session, &noted, &len) == 1 && len == sizeof(struct proof))
        return 1;
    const struct proof proof = {.made_s = now_read().wall_s, .end_s = chain_end_s(tls)};
    return SSL_SESSION_set1_ticket_appdata(session, &proof, sizeof proof);
}

static SSL_TICKET_RETURN on_ticket_read(SSL *tls, SSL_SESSION *session, const unsigned char *name, size_t name_len,
                                        SSL_TICKET_STATUS status, void *unused)
{
    struct proof proof;
    void *noted = NULL;
    size_t len = 0;
    (void)tls, (void)name, (void)name_len, (void)unused;
    if (status != SSL_TICKET_SUCCESS && status != SSL_TICKET_SUCCESS_RENEW)
        return SSL_TICKET_RETURN_IGNORE_RENEW;
    if (SSL_SESSION_get0_ticket_appdata(session, &noted, &len) != 1 || len != sizeof proof)
        return SSL_TICKET_RETURN_IGNORE_RENEW;
    memcpy(&proof, noted, sizeof proof);
    int64_t now_s = now_read().wall_s;
    if (now_s > proof.end_s || now_s - proof.made_s > AUTHENTICATION_S || now_s < proof.made_s)
        return SSL_TICKET_RETURN_IGNORE_RENEW;
    return status == SSL_TICKET_SUCCESS_RENEW ? SSL_TICKET_RETURN_USE_RENEW : SSL_TICKET_RETURN_USE;
}

/* ---- choices of a handshake ---- */

static int on_server_name(SSL *tls, int *alert, void *unused)
{
    const struct tls_server *server = server_of(tls);
    const char *name = SSL_get_servername(tls, TLSEXT_NAMETYPE_host_name);
    bool is_known = false;
    (void)alert, (void)unused;
    size_t index = name == NULL ? 0 : tls_names_find(&server->names, span_str(name), &is_known);
    if (index > 0 && SSL_set_SSL_CTX(tls, server->identities[index].context) == NULL)
        return SSL_TLSEXT_ERR_ALERT_FATAL;
    return is_known ? SSL_TLSEXT_ERR_OK : SSL_TLSEXT_ERR_NOACK;
}

/* A client whose protocols we have none of is told so (RFC 7301 3.2). */
static int on_alpn(SSL *tls, const unsigned char **out, unsigned char *out_len, const unsigned char *in,
                   unsigned in_len, void *unused)
{
    static const unsigned char ours[] = "\x02h2\x08http/1.1\x08http/1.0";
    const unsigned skipped = server_of(tls)->offers_h2 ? 0 : 3;
    unsigned char *chosen = NULL;
    (void)unused;
    if (SSL_select_next_proto(&chosen, out_len, ours + skipped, (unsigned)sizeof ours - 1 - skipped, in, in_len) !=
        OPENSSL_NPN_NEGOTIATED)
        return SSL_TLSEXT_ERR_ALERT_FATAL;
    *out = chosen;
    return SSL_TLSEXT_ERR_OK;
}

/* ---- making one ---- */

struct tls_server *tls_server_new(const struct tls_server_options *options, struct err *err)
{
    struct tls_server *server = calloc(1, sizeof *server);
    if (server == NULL || !scope_make(server, options)) {
        free(server);
        fail(err, REASON_OUT_OF_MEMORY, "no memory for TLS");
        return NULL;
    }
    atomic_init(&server->references, 1);
    server->clients_required = options->clients_required;
    server->is_tls13_only = options->is_tls13_only;
    server->offers_h2 = options->offers_h2;
    if (options->client_ca.at == NULL)
        return server;
    server->trust = X509_STORE_new();
    server->authorities = tls_pem_names(options->client_ca);
    bool is_ok = server->trust != NULL && server->authorities != NULL;
    if (!is_ok)
        fail(err, REASON_OUT_OF_MEMORY, "no memory for TLS");
    if (is_ok && tls_pem_trust(server->trust, options->client_ca, err))
        return server;
    tls_server_release(server);
    return NULL;
}

/* A chain may end at any certificate of client_ca, also at one that another CA signed: the file says what is trusted. */
static bool ask_clients(const struct tls_server *server, SSL_CTX *context)
{
    STACK_OF(X509_NAME) *names = sk_X509_NAME_deep_copy(server->authorities, X509_NAME_dup, X509_NAME_free);
    if (names == NULL)
        return false;
    SSL_CTX_set1_cert_store(context, server->trust);
    SSL_CTX_set_client_CA_list(context, names);
    X509_VERIFY_PARAM_set_flags(SSL_CTX_get0_param(context), X509_V_FLAG_PARTIAL_CHAIN);
    SSL_CTX_set_verify(context, SSL_VERIFY_PEER | (server->clients_required ? SSL_VERIFY_FAIL_IF_NO_PEER_CERT : 0),
                       NULL);
    SSL_CTX_set_session_ticket_cb(context, on_ticket_made, on_ticket_read, NULL);
    return true;
}

static SSL_CTX *context_make(const struct tls_server *server)
{
    SSL_CTX *context = SSL_CTX_new(TLS_server_method());
    bool is_ok = context != NULL && SSL_CTX_set_cipher_list(context, ciphers) == 1 &&
                 SSL_CTX_set_session_id_context(context, server->scope, sizeof server->scope) == 1 &&
                 (server->trust == NULL || ask_clients(server, context));
    if (!is_ok) {
        SSL_CTX_free(context);
        return NULL;
    }
    tls_context_ready(context);
    if (server->is_tls13_only)
        SSL_CTX_set_min_proto_version(context, TLS1_3_VERSION);
    SSL_CTX_set_options(context, SSL_OP_CIPHER_SERVER_PREFERENCE | SSL_OP_PRIORITIZE_CHACHA | SSL_OP_NO_TICKET);
    SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
    SSL_CTX_set_timeout(context, SESSION_S);
    SSL_CTX_set_tlsext_servername_callback(context, on_server_name);
    SSL_CTX_set_alpn_select_cb(context, on_alpn, NULL);
    return context;
}

static bool no_memory(struct err *err)
{
    ERR_clear_error();
    return fail(err, REASON_OUT_OF_MEMORY, "no memory for TLS");
}

bool tls_server_add(struct tls_server *server, struct span certificate, struct span key, enum tls_part *part,
                    struct err *err)
{
    struct identity one = {.context = context_make(server)};
    *part = TLS_PART_CERTIFICATE;
    if (one.context == NULL)
        return no_memory(err);
    if (!tls_pem_identity(one.context, &(struct tls_pem_pair){certificate, key}, part, &one.end_s, err)) {
        SSL_CTX_free(one.context);
        return false;
    }
    struct identity *grown = realloc(server->identities, (server->count + 1) * sizeof *grown);
    if (grown != NULL)
        server->identities = grown;
    if (grown == NULL || !tls_names_add(&server->names, SSL_CTX_get0_certificate(one.context), server->count)) {
        SSL_CTX_free(one.context);
        return no_memory(err);
    }
    server->identities[server->count++] = one;
    ERR_clear_error();
    return true;
}

size_t tls_server_count(const struct tls_server *server)
{
    return server->count;
}

int64_t tls_server_end_s(const struct tls_server *server, size_t index)
{
    return server->identities[index].end_s;
}

bool tls_server_key_digest(const struct tls_server *server, size_t index, unsigned char out[32])
{
    const X509 *certificate = SSL_CTX_get0_certificate(server->identities[index].context);
    unsigned char *bytes = NULL;
    int len = certificate == NULL ? -1 : i2d_X509_PUBKEY(X509_get_X509_PUBKEY(certificate), &bytes);
    bool is_ok = len > 0 && EVP_Digest(bytes, (size_t)len, out, NULL, EVP_sha256(), NULL) == 1;
    OPENSSL_free(bytes);
    ERR_clear_error();
    return is_ok;
}

size_t tls_server_doubled(const struct tls_server *server, const char **name)
{
    *name = server->names.doubled_name;
    return server->names.doubled;
}

size_t tls_server_find(const struct tls_server *server, struct span name)
{
    bool is_known;
    return tls_names_find(&server->names, name, &is_known);
}

void tls_server_use_tickets(struct tls_server *server, struct tls_tickets *tickets)
{
    tls_tickets_release(server->tickets);
    server->tickets = tls_tickets_take(tickets);
    for (size_t i = 0; i < server->count; i++) {
        SSL_CTX_clear_options(server->identities[i].context, SSL_OP_NO_TICKET);
        SSL_CTX_set_tlsext_ticket_key_evp_cb(server->identities[i].context, on_ticket_key);
    }
}

struct tls_server *tls_server_take(struct tls_server *server)
{
    atomic_fetch_add_explicit(&server->references, 1, memory_order_relaxed);
    return server;
}

void tls_server_release(struct tls_server *server)
{
    if (server == NULL || atomic_fetch_sub_explicit(&server->references, 1, memory_order_acq_rel) != 1)
        return;
    for (size_t i = 0; i < server->count; i++)
        SSL_CTX_free(server->identities[i].context);
    free(server->identities);
    tls_names_fini(&server->names);
    X509_STORE_free(server->trust);
    sk_X509_NAME_pop_free(server->authorities, X509_NAME_free);
    tls_tickets_release(server->tickets);
    free(server);
}

/* ---- a connection ---- */

bool tls_server_start(struct tls_server *server, struct transport *transport, struct err *err)
{
    ERR_clear_error();
    SSL *tls = SSL_new(server->identities[0].context);
    if (tls == NULL || SSL_set_fd(tls, transport->fd) != 1) {
        SSL_free(tls);
        return no_memory(err);
    }
    SSL_set_accept_state(tls);
    SSL_set_app_data(tls, tls_server_take(server)); /* given back by transport_close */
    tls_context_attach(tls, transport);
    return true;
}

bool tls_server_has_resumed(const struct transport *transport)
{
    return transport->tls != NULL && SSL_session_reused(transport->tls) == 1;
}
