/* SPDX-License-Identifier: Apache-2.0 */
/* No HTTP library: the answers come from our own gateway, with Content-Length, on a connection that closes behind them. */
#include "dev/demo_client.h"

#include "base/buf.h"
#include "server/listener.h"

#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { PATIENCE_S = 20, ANSWER_BYTES_MAX = 1 << 20, READ_BYTES = 16384 };

static int connect_to(const char *gateway)
{
    struct bind_address address;
    const struct timeval patience = {.tv_sec = PATIENCE_S};
    if (!bind_address_read(span_str(gateway), &address, NULL))
        return -1;
    int fd = socket(address.at.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return -1;
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    if (connect(fd, (const struct sockaddr *)&address.at, address.len) == 0)
        return fd;
    close(fd);
    return -1;
}

static bool send_all(int fd, struct span bytes)
{
    while (bytes.len > 0) {
        ssize_t sent = send(fd, bytes.at, bytes.len, MSG_NOSIGNAL);
        if (sent <= 0)
            return false;
        bytes = span_from(bytes, (size_t)sent);
    }
    return true;
}

static bool read_all(int fd, struct buf *answer)
{
    for (;;) {
        if (!buf_reserve(answer, READ_BYTES))
            return false;
        ssize_t got = recv(fd, answer->at + answer->end, READ_BYTES, 0);
        if (got <= 0)
            return got == 0;
        answer->end += (size_t)got;
    }
}

static bool ask(const char *gateway, const char *target, const char *token, struct buf *answer)
{
    AUTO(buf) request = {0};
    int fd = connect_to(gateway);
    if (fd < 0)
        return false;
    buf_printf(&request, "GET %s HTTP/1.1\r\nHost: %s\r\nAuthorization: Bearer %s\r\nConnection: close\r\n\r\n", target,
               gateway, token);
    bool is_whole = !request.is_broken && send_all(fd, buf_span(&request)) && read_all(fd, answer);
    close(fd);
    return is_whole;
}

/* Shows status line and body; true when they are as wanted. */
static bool show(struct span answer, const char *status, const char *part)
{
    const char *line_end = answer.len == 0 ? NULL : memmem(answer.at, answer.len, "\r\n", 2);
    const char *head_end = answer.len == 0 ? NULL : memmem(answer.at, answer.len, "\r\n\r\n", 4);
    if (line_end == NULL || head_end == NULL) {
        puts("no answer");
        return false;
    }
    struct span line = span_cut(answer, (size_t)(line_end - answer.at));
    struct span body = span_from(answer, (size_t)(head_end - answer.at) + 4);
    printf("%.*s\n%.*s\n", SPAN_ARG(line), SPAN_ARG(body));
    return span_starts(line, span_str(status)) && span_holds(body, span_str(part));
}

bool demo_client_run(const char *gateway, const struct demo_request *request, const char *token)
{
    AUTO(buf) answer = {.bytes_max = ANSWER_BYTES_MAX};
    bool is_asked = ask(gateway, request->target, token, &answer);
    printf("\n%s:\n", request->title);
    bool is_right = show(buf_span(&answer), request->status, request->part);
    fflush(stdout);
    return is_asked && is_right;
}
