/* SPDX-License-Identifier: Apache-2.0 */
/* What both sides of TLS set alike, and a bound that OpenSSL has not: on handshake messages behind the handshake.
 *
 * Of empty records and of warnings OpenSSL lets few pass in a row; KeyUpdate, NewSessionTicket (RFC 8446 4.6), HelloRequest and refused
 * renegotiation it takes for ever, within one read, for as long as they come.
 */
#include "tls_int.h"

enum { MESSAGE_COST = 32, RECORD_COST = 1, OVERHEAD_MAX = 1024 };

/* What a part of the input costs; `part` as OpenSSL names it: a record's head, the type inside an encrypted one, a message. */
static unsigned cost_of(int part, const unsigned char *bytes, size_t len)
{
    bool is_record = part == SSL3_RT_HEADER || part == SSL3_RT_INNER_CONTENT_TYPE;
    if (is_record && len > 0)
        return bytes[0] == SSL3_RT_APPLICATION_DATA ? 0 : RECORD_COST;
    return part == SSL3_RT_HANDSHAKE ? MESSAGE_COST : 0;
}

/* Past the bound the connection looks ended to OpenSSL, which reads no further; transport.c tells this from a right end. */
static void on_part(int is_output, int version, int part, const void *bytes, size_t len, SSL *tls, void *context)
{
    struct transport *transport = context;
    (void)version;
    if (is_output != 0 || transport == NULL)
        return;
    transport->overhead += cost_of(part, bytes, len);
    if (transport_is_flooded(transport))
        SSL_set_shutdown(tls, SSL_get_shutdown(tls) | SSL_RECEIVED_SHUTDOWN);
}

bool transport_is_flooded(const struct transport *transport)
{
    return transport->overhead > OVERHEAD_MAX;
}

void tls_context_ready(SSL_CTX *context)
{
    SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION);
    SSL_CTX_set_max_proto_version(context, 0); /* whatever the machine's openssl.cnf says */
    SSL_CTX_set_options(context, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION);
    SSL_CTX_set_mode(context,
                     SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER | SSL_MODE_RELEASE_BUFFERS);
    SSL_CTX_set_read_ahead(context, 1);
    SSL_CTX_set_msg_callback(context, on_part);
}

void tls_context_attach(SSL *tls, struct transport *transport)
{
    SSL_set_msg_callback_arg(tls, transport);
    transport->overhead = 0;
    transport->tls = tls;
}
