/* SPDX-License-Identifier: Apache-2.0 */
/* A TLS 1.3 client that sends new keys again and again, which Node cannot: `tls_updates PORT COUNT` sends that many KeyUpdates that ask for
 * an answer (RFC 8446 4.6.3), one request behind them, and prints the status of its answer, or "ended".
 */
#include <openssl/ssl.h>

#include <arpa/inet.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char request[] = "GET /updated HTTP/1.1\r\nHost: gateway.test\r\nConnection: close\r\n\r\n";

static int connect_to(int port)
{
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (fd < 0 || connect(fd, (const struct sockaddr *)&at, sizeof at) != 0) {
        perror("connect");
        exit(1);
    }
    return fd;
}

static void tell_answer(SSL *tls)
{
    char text[13] = "";
    int got = SSL_write(tls, request, (int)strlen(request)) > 0 ? SSL_read(tls, text, sizeof text - 1) : 0;
    puts(got == sizeof text - 1 ? text + 9 : "ended");
}

int main(int count, char **words)
{
    if (count != 3)
        return 1;
    signal(SIGPIPE, SIG_IGN);
    SSL_CTX *context = SSL_CTX_new(TLS_client_method());
    SSL *tls = SSL_new(context);
    SSL_set_min_proto_version(tls, TLS1_3_VERSION);
    SSL_set_fd(tls, connect_to(atoi(words[1])));
    if (SSL_connect(tls) != 1)
        return 1;
    for (long left = atol(words[2]); left > 0; left--)
        if (SSL_key_update(tls, SSL_KEY_UPDATE_REQUESTED) != 1 || SSL_do_handshake(tls) != 1)
            break;
    tell_answer(tls);
    close(SSL_get_fd(tls));
    SSL_free(tls);
    SSL_CTX_free(context);
    return 0;
}
