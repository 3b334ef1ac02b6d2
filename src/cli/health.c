/* SPDX-License-Identifier: Apache-2.0 */
/* `jwtgate health`.  No HTTP library: the answer comes from our own admin listener, and only its status counts. */
#include "cli/health.h"

#include "base/buf.h"
#include "cli/check.h"
#include "http/uri.h"
#include "server/bind_address.h"

#include <errno.h>
#include <netdb.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { PATIENCE_S = 5, ANSWER_BYTES_MAX = 64 * 1024, READ_BYTES = 4096, SHOWN_BYTES_MAX = 240 };

/* Whom to ask what. */
struct question {
    struct span host, port; /* at NULL: `address` is whom */
    struct bind_address address;
    struct buf request;
};

static void question_fini(struct question *question)
{
    buf_fini(&question->request);
}
AUTO_FINI(question)

/* ---- what to ask ---- */

static bool put_request(struct question *question, struct span path, struct span host, struct span token,
                        struct err *err)
{
    struct buf *out = &question->request;
    buf_printf(out, "GET %.*s HTTP/1.1\r\nHost: %.*s\r\nConnection: close\r\n", SPAN_ARG(path), SPAN_ARG(host));
    if (token.len > 0)
        buf_printf(out, "Authorization: Bearer %.*s\r\n", SPAN_ARG(token));
    buf_add_str(out, "\r\n");
    return !out->is_broken || fail(err, REASON_OUT_OF_MEMORY, "no memory for a request");
}

static struct span page(const struct health_options *options)
{
    return options->is_readiness ? SPAN("/readyz") : SPAN("/livez");
}

/* `port` has room for its digits. */
static bool ask_url(const struct health_options *options, struct question *question, struct buf *port, struct err *err)
{
    struct uri uri;
    if (!uri_read(span_str(options->url), &uri, err))
        return false;
    if (uri.is_https)
        return fail(err, REASON_CONFIG, "only http is asked; admin.health answers probes without TLS");
    if (!buf_add_u64(port, uri.port))
        return fail(err, REASON_OUT_OF_MEMORY, "no memory for a request");
    question->host = uri.host;
    question->port = buf_span(port);
    return put_request(question, uri.path.len > 0 ? uri.path : page(options), uri.authority, SPAN(""), err);
}

/* Whoever listens on every address is asked on loopback.  False: nobody knows the port. */
static bool point_at(struct bind_address *address)
{
    struct sockaddr_in *v4 = (struct sockaddr_in *)&address->at;
    struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)&address->at;
    if (address->at.ss_family == AF_INET) {
        if (v4->sin_addr.s_addr == htonl(INADDR_ANY))
            v4->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        return v4->sin_port != 0;
    }
    if (address->at.ss_family == AF_INET6) {
        if (IN6_IS_ADDR_UNSPECIFIED(&v6->sin6_addr))
            v6->sin6_addr = in6addr_loopback;
        return v6->sin6_port != 0;
    }
    return true;
}

static bool ask_settings(const struct health_options *options, const struct settings *settings,
                         struct question *question, struct err *err)
{
    const struct admin_settings *admin = &settings->admin;
    bool has_health = admin->health.node != NULL;
    struct span bind = has_health ? admin->health.bind : admin->bind;
    char host[BIND_TEXT_BYTES];
    if (admin->is_off)
        return fail(err, REASON_CONFIG, "admin is off: nobody can be asked");
    if (!has_health && admin->tls.node != NULL)
        return fail(err, REASON_CONFIG, "the admin listener speaks TLS; give probes an address by admin.health");
    if (bind.at == NULL)
        return fail(err, REASON_CONFIG, "the address of the admin listener cannot be read");
    if (!bind_address_read(bind, &question->address, err))
        return false;
    if (!point_at(&question->address))
        return fail(err, REASON_CONFIG, "port 0 is another one at each start; give --url");
    bind_address_text(&question->address, host);
    bool is_file = bind_address_path(&question->address) != NULL;
    struct span token = has_health ? SPAN("") : admin->token;
    return put_request(question, page(options), is_file ? SPAN("localhost") : span_str(host), token, err);
}

/* Problems are told only where they leave no address: what else is wrong is nothing to a gateway that runs. */
static bool ask_config(const struct health_options *options, struct question *question, struct err *err)
{
    AUTO(arena) arena = {0};
    AUTO(problems) problems;
    struct span text;
    struct settings settings = {0};
    problems_init(&problems);
    if (!node_read_file(&arena, options->config, SETTINGS_BYTES_MAX, &text, err))
        return false;
    bool is_read = settings_read(&settings, options->config, text, &arena, &problems);
    bool is_ok = ask_settings(options, &settings, question, err);
    if (!is_ok && !is_read)
        check_print(&problems);
    return is_ok;
}

/* ---- asking ---- */

static int connect_to(const struct sockaddr *at, socklen_t len)
{
    const struct timeval patience = {.tv_sec = PATIENCE_S};
    int fd = socket(at->sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return -1;
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience); /* of connect as well */
    if (connect(fd, at, len) == 0)
        return fd;
    int error = errno;
    close(fd);
    errno = error;
    return -1;
}

/* The first address of the name that takes a connection. */
static int connect_by_name(const struct question *question, struct err *err)
{
    const struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_NUMERICSERV};
    struct addrinfo *all = NULL;
    char *host = span_dup(question->host);
    char *port = span_dup(question->port);
    int error = host == NULL || port == NULL ? EAI_MEMORY : getaddrinfo(host, port, &hints, &all);
    free(host);
    free(port);
    if (error != 0) {
        (void)fail(err, REASON_SYSTEM, "%s: %s", QUOTED(question->host), gai_strerror(error));
        return -1;
    }
    int fd = -1;
    for (const struct addrinfo *at = all; at != NULL && fd < 0; at = at->ai_next)
        fd = connect_to(at->ai_addr, at->ai_addrlen);
    error = errno;
    freeaddrinfo(all);
    if (fd < 0)
        (void)fail(err, REASON_SYSTEM, "no connection: %s", strerror(error));
    return fd;
}

static int connect_question(const struct question *question, struct err *err)
{
    if (question->host.at != NULL)
        return connect_by_name(question, err);
    int fd = connect_to((const struct sockaddr *)&question->address.at, question->address.len);
    if (fd < 0)
        (void)fail(err, REASON_SYSTEM, "no connection: %s", strerror(errno));
    return fd;
}

static bool exchange(int fd, struct span request, struct buf *answer)
{
    answer->bytes_max = ANSWER_BYTES_MAX;
    if (send(fd, request.at, request.len, MSG_NOSIGNAL) != (ssize_t)request.len)
        return false;
    while (buf_reserve(answer, READ_BYTES)) {
        ssize_t got = recv(fd, answer->at + answer->end, READ_BYTES, 0);
        if (got <= 0)
            return got == 0;
        answer->end += (size_t)got;
    }
    return true; /* more than any page of ours has; its head is there */
}

/* For a terminal: JSON stays as it can be read, what steers terminals does not. */
static void put_shown(struct buf *out, struct span text)
{
    for (size_t i = 0; i < text.len; i++) {
        unsigned char c = (unsigned char)text.at[i];
        if (buf_span(out).len >= SHOWN_BYTES_MAX) {
            buf_add_str(out, "...");
            return;
        }
        if (c >= 0x20 && c < 0x7f)
            buf_add_char(out, (char)c);
        else
            buf_printf(out, "\\x%02x", c);
    }
}

static bool judge_answer(struct span answer, struct err *err)
{
    if (span_starts(answer, SPAN("HTTP/1.1 200 ")))
        return true;
    const char *line_end = answer.len == 0 ? NULL : memmem(answer.at, answer.len, "\r\n", 2);
    const char *head_end = answer.len == 0 ? NULL : memmem(answer.at, answer.len, "\r\n\r\n", 4);
    if (head_end == NULL || !span_starts(answer, SPAN("HTTP/1.1 ")))
        return fail(err, REASON_SYSTEM, "the answer is no HTTP");
    struct span line = span_from(span_cut(answer, (size_t)(line_end - answer.at)), 9);
    struct span body = span_from(answer, (size_t)(head_end - answer.at) + 4);
    AUTO(buf) shown = {0};
    put_shown(&shown, line);
    buf_add_char(&shown, ' ');
    while (body.len > 0 && body.at[body.len - 1] == '\n')
        body.len--;
    put_shown(&shown, span_trim(body));
    return fail(err, REASON_SYSTEM, "%.*s", SPAN_ARG(buf_span(&shown)));
}

static bool ask(const struct question *question, struct err *err)
{
    AUTO(buf) answer = {0};
    int fd = connect_question(question, err);
    if (fd < 0)
        return false;
    bool is_whole = exchange(fd, buf_span(&question->request), &answer);
    int error = errno;
    close(fd);
    if (!is_whole)
        return fail(err, REASON_SYSTEM, "no answer: %s", strerror(error));
    return judge_answer(buf_span(&answer), err);
}

int health_run(const struct health_options *options)
{
    AUTO(question) question = {.request = {0}};
    AUTO(buf) port = {0};
    struct err err;
    bool is_asked =
        options->url != NULL ? ask_url(options, &question, &port, &err) : ask_config(options, &question, &err);
    if (is_asked && ask(&question, &err))
        return 0;
    fprintf(stderr, "jwtgate health: %s\n", err.text);
    return 1;
}
