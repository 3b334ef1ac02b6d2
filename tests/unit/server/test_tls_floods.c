/* SPDX-License-Identifier: Apache-2.0 */
/* Attack: a peer sends messages of TLS itself without end, each of which costs more to read than to make; OpenSSL reads on through them
 * within one call, so the loop would stand still for all others.  Method: OpenSSL as the peer over a pair of sockets.
 */
#include "ends.h"

enum { FEW = 20, MANY = 100 };

/* One message more from `peer`; false: it says no. */
typedef bool (*send_one)(SSL *peer);

static bool asks_for_keys(SSL *peer)
{
    return SSL_key_update(peer, SSL_KEY_UPDATE_REQUESTED) == 1 && SSL_do_handshake(peer) == 1;
}

static bool has_new_keys(SSL *peer)
{
    return SSL_key_update(peer, SSL_KEY_UPDATE_NOT_REQUESTED) == 1 && SSL_do_handshake(peer) == 1;
}

static bool gives_session(SSL *peer)
{
    return SSL_new_session_ticket(peer) == 1 && SSL_do_handshake(peer) == 1;
}

static bool asks_for_handshake(SSL *peer)
{
    return SSL_renegotiate(peer) == 1 && SSL_do_handshake(peer) == 1;
}

/* ---- our client, towards a server that floods ---- */

struct far {
    struct transport client;
    struct tls_client *context;
    struct tls_session session;
    SSL_CTX *server_context;
    SSL *server;
    int fd;
};

static SSL *far_server(struct far *far, int version)
{
    far->server_context = SSL_CTX_new(TLS_server_method());
    SSL_CTX_set_max_proto_version(far->server_context, version);
    SSL_CTX_use_certificate(far->server_context, first.maker.certificate);
    SSL_CTX_use_PrivateKey(far->server_context, first.maker.key);
    SSL *server = SSL_new(far->server_context);
    SSL_set_fd(server, far->fd);
    SSL_set_accept_state(server);
    return server;
}

static void far_open(struct far *far, int version)
{
    int fds[2];
    struct err err = {0};
    enum tls_client_part part;
    *far = (struct far){0};
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fds), 0);
    far->fd = fds[0];
    far->client.fd = fds[1];
    far->context = tls_client_new(&(struct tls_client_options){.verify = false}, &part, &err);
    assert_non_null(far->context);
    assert_true(tls_client_start(far->context, &far->client, "first.test", &far->session, &err));
    far->server = far_server(far, version);
    for (int i = 0; i < ROUNDS; i++) {
        if (transport_handshake(&far->client, &err) == IO_FAILED)
            fail_msg("%s", err.text);
        SSL_do_handshake(far->server);
    }
}

static void far_close(struct far *far)
{
    transport_close(&far->client);
    tls_session_fini(&far->session);
    tls_client_free(far->context);
    SSL_free(far->server);
    SSL_CTX_free(far->server_context);
    close(far->fd);
    ERR_clear_error();
}

/* ---- the rules ---- */

static enum io read_all(struct transport *transport, size_t *got)
{
    char heard[64];
    size_t done = 0;
    enum io io;
    *got = 0;
    while ((io = transport_read(transport, heard, sizeof heard, &done)) == IO_OK)
        *got += done;
    return io;
}

/* Few of them in a row, then data, again and again: as long as data comes, nothing ends. */
static void assert_few_pass(struct transport *transport, SSL *peer, send_one send)
{
    for (int round = 0; round < 5; round++) {
        size_t got = 0;
        for (int i = 0; i < FEW; i++)
            assert_true(send(peer));
        assert_int_equal(SSL_write(peer, "data", 4), 4);
        assert_int_equal(read_all(transport, &got), IO_WANT_READ);
        assert_int_equal(got, 4);
    }
    assert_false(transport_is_flooded(transport));
}

/* Many end the connection, in the middle: what comes behind is not looked at, nor an end in good order. */
static void assert_many_end(struct transport *transport, SSL *peer, send_one send)
{
    size_t got = 0;
    for (int i = 0; i < MANY; i++)
        if (!send(peer))
            fail_msg("%d were sent", i);
    assert_int_equal(SSL_write(peer, "data", 4), 4);
    SSL_shutdown(peer);
    assert_int_equal(read_all(transport, &got), IO_FAILED);
    assert_int_equal(got, 0);
    assert_true(transport_is_flooded(transport));
    assert_int_equal(read_all(transport, &got), IO_FAILED);
    assert_int_equal(transport_write(transport, &(const struct iovec){"x", 1}, 1, &got) == IO_WANT_READ, 0);
}

static void clients_have_few_messages_between_data(void **state)
{
    static const send_one sends[] = {asks_for_keys, has_new_keys};
    struct tls_server *server = server_make(&(struct tls_server_options){0}, NULL);
    (void)state;
    for (size_t i = 0; i < COUNT_OF(sends); i++) {
        struct ends ends;
        ends_open(&ends, server, &(struct client_options){.version = TLS1_3_VERSION});
        assert_few_pass(&ends.server, ends.client, sends[i]);
        assert_many_end(&ends.server, ends.client, sends[i]);
        ends_close(&ends);
    }
    tls_server_release(server);
}

static void servers_have_few_messages_between_data(void **state)
{
    static const send_one sends[] = {asks_for_keys, has_new_keys, gives_session};
    (void)state;
    for (size_t i = 0; i < COUNT_OF(sends); i++) {
        struct far far;
        far_open(&far, TLS1_3_VERSION);
        assert_few_pass(&far.client, far.server, sends[i]);
        assert_many_end(&far.client, far.server, sends[i]);
        far_close(&far);
    }
}

/* RFC 5246 7.4.1.1: a server may ask for a handshake; it is told no, and asking on and on ends. */
static void servers_that_ask_for_a_handshake_again_end(void **state)
{
    struct far far;
    size_t got = 0;
    (void)state;
    far_open(&far, TLS1_2_VERSION);
    for (int i = 0; i < MANY && asks_for_handshake(far.server); i++)
        ;
    ERR_clear_error();
    assert_int_equal(read_all(&far.client, &got), IO_FAILED);
    assert_true(transport_is_flooded(&far.client));
    far_close(&far);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(clients_have_few_messages_between_data),
        cmocka_unit_test(servers_have_few_messages_between_data),
        cmocka_unit_test(servers_that_ask_for_a_handshake_again_end),
    };
    return cmocka_run_group_tests(tests, make_all, free_all);
}
