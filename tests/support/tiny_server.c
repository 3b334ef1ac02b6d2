/* SPDX-License-Identifier: Apache-2.0 */
/* One connection is one struct: bytes come in until the empty line and the body behind it, the answer of the path goes out, and again. */
#include "tiny_server.h"

#include "base/buf.h"
#include "base/list.h"

#include <event2/event.h>

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

enum { PATHS_MAX = 8, URLS = 8, WAIT_S = 10 };

struct tiny_path {
    const char *path;
    struct tiny_reply reply;
    unsigned count;
    char *request;
};

struct tiny_server {
    struct event_base *base;
    int fd;
    unsigned short port;
    struct event *event;
    struct list conns;
    struct tiny_path paths[PATHS_MAX];
    char url[URLS][128];
    size_t urls;
};

struct tiny_conn {
    struct list link;
    struct tiny_server *server;
    int fd;
    struct event *reads, *writes;
    struct buf in, out;
    size_t drip_bytes;
    bool ends_after;
};

static void must(bool is_so, const char *what)
{
    if (is_so)
        return;
    fprintf(stderr, "tiny server: %s: %s\n", what, strerror(errno));
    abort();
}

static void conn_free(struct tiny_conn *conn)
{
    list_remove(&conn->link);
    event_free(conn->reads);
    event_free(conn->writes);
    buf_fini(&conn->in);
    buf_fini(&conn->out);
    close(conn->fd);
    free(conn);
}

static void on_writable(evutil_socket_t fd, short what, void *arg)
{
    struct tiny_conn *conn = arg;
    struct span out = buf_span(&conn->out);
    size_t len = conn->drip_bytes > 0 && conn->drip_bytes < out.len ? conn->drip_bytes : out.len;
    ssize_t wrote = send(fd, out.at, len, MSG_NOSIGNAL | MSG_DONTWAIT);
    (void)what;
    if (wrote < 0 && errno != EAGAIN) {
        conn_free(conn);
        return;
    }
    buf_take(&conn->out, wrote < 0 ? 0 : (size_t)wrote);
    if (buf_len(&conn->out) > 0)
        return;
    event_del(conn->writes);
    if (conn->ends_after)
        conn_free(conn);
}

static void reply_write(struct buf *out, const struct tiny_reply *reply, bool is_known)
{
    const char *fields = reply->fields == NULL ? "" : reply->fields;
    unsigned status = is_known ? 304 : reply->status;
    struct span body = is_known ? SPAN("") : reply->body;
    if (reply->status == 0) {
        buf_add_span(out, reply->body);
        return;
    }
    buf_printf(out, "HTTP/1.1 %u Scripted\r\n%s", status, fields);
    if (reply->etag != NULL)
        buf_printf(out, "ETag: %s\r\n", reply->etag);
    if (!reply->is_chunked)
        buf_printf(out, "Content-Length: %zu\r\n\r\n", body.len);
    else
        buf_printf(out, "Transfer-Encoding: chunked\r\n\r\n%zx\r\n", body.len);
    buf_add_span(out, body);
    if (reply->is_chunked)
        buf_add_str(out, body.len > 0 ? "\r\n0\r\n\r\n" : "\r\n");
}

static void conn_answer(struct tiny_conn *conn, struct tiny_path *path, struct span head)
{
    static const struct tiny_reply not_found = {.status = 404};
    const struct tiny_reply *reply = path == NULL ? &not_found : &path->reply;
    bool is_known =
        reply->etag != NULL && span_holds(head, SPAN("If-None-Match: ")) && span_holds(head, span_str(reply->etag));
    if (reply->is_hanging)
        return;
    reply_write(&conn->out, reply, is_known);
    must(!conn->out.is_broken, "memory");
    conn->drip_bytes = reply->drip_bytes;
    conn->ends_after = reply->close_after > 0 || reply->status == 0;
    if (reply->close_after > 0 && reply->close_after < buf_len(&conn->out))
        conn->out.end = conn->out.begin + reply->close_after;
    event_add(conn->writes, NULL);
}

static struct tiny_path *path_of(struct tiny_server *server, struct span target)
{
    for (size_t i = 0; i < PATHS_MAX; i++) {
        if (server->paths[i].path != NULL && span_eq(span_str(server->paths[i].path), target))
            return &server->paths[i];
    }
    return NULL;
}

/* Bytes of the body that the head states. */
static size_t body_bytes(struct span head)
{
    static const char name[] = "\r\nContent-Length: ";
    const char *at = memmem(head.at, head.len, name, sizeof name - 1);
    return at == NULL ? 0 : strtoul(at + sizeof name - 1, NULL, 10);
}

static void on_readable(evutil_socket_t fd, short what, void *arg)
{
    struct tiny_conn *conn = arg;
    char bytes[4096];
    ssize_t got = recv(fd, bytes, sizeof bytes, MSG_DONTWAIT);
    (void)what;
    if (got < 0 && errno == EAGAIN)
        return;
    if (got <= 0) {
        conn_free(conn);
        return;
    }
    must(buf_add(&conn->in, bytes, (size_t)got), "memory");
    struct span in = buf_span(&conn->in);
    const char *end = memmem(in.at, in.len, "\r\n\r\n", 4);
    if (end == NULL)
        return;
    struct span head = span_cut(in, (size_t)(end - in.at) + 4);
    if (in.len < head.len + body_bytes(head))
        return;
    head.len += body_bytes(head);
    struct span rest = head;
    struct span target = {NULL, 0};
    must(span_split(&rest, ' ', &target) && span_split(&rest, ' ', &target), "no request line");
    struct tiny_path *path = path_of(conn->server, target);
    if (path != NULL) {
        path->count++;
        free(path->request);
        path->request = span_dup(head);
    }
    conn_answer(conn, path, head);
    buf_take(&conn->in, head.len);
}

static void on_connection(evutil_socket_t fd, short what, void *arg)
{
    struct tiny_server *server = arg;
    struct tiny_conn *conn = calloc(1, sizeof *conn);
    int one = 1;
    (void)what;
    must(conn != NULL, "memory");
    conn->server = server;
    conn->fd = accept4(fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
    must(conn->fd >= 0, "accept");
    setsockopt(conn->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one); /* dripping must not wait for acknowledgements */
    conn->reads = event_new(server->base, conn->fd, EV_READ | EV_PERSIST, on_readable, conn);
    conn->writes = event_new(server->base, conn->fd, EV_WRITE | EV_PERSIST, on_writable, conn);
    event_add(conn->reads, NULL);
    list_append(&server->conns, &conn->link);
}

void tiny_server_up(struct tiny_server *server)
{
    struct sockaddr_in at = {
        .sin_family = AF_INET, .sin_port = htons(server->port), .sin_addr = {htonl(INADDR_LOOPBACK)}};
    socklen_t len = sizeof at;
    int one = 1;
    server->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    setsockopt(server->fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    must(bind(server->fd, (struct sockaddr *)&at, sizeof at) == 0, "bind");
    must(listen(server->fd, 64) == 0, "listen");
    must(getsockname(server->fd, (struct sockaddr *)&at, &len) == 0, "getsockname");
    server->port = ntohs(at.sin_port);
    server->event = event_new(server->base, server->fd, EV_READ | EV_PERSIST, on_connection, server);
    event_add(server->event, NULL);
}

struct tiny_server *tiny_server_new(struct event_base *base)
{
    struct tiny_server *server = calloc(1, sizeof *server);
    must(server != NULL, "memory");
    server->base = base;
    list_init(&server->conns);
    tiny_server_up(server);
    return server;
}

void tiny_server_down(struct tiny_server *server)
{
    if (server->event == NULL)
        return;
    event_free(server->event);
    server->event = NULL;
    close(server->fd);
    LIST_EACH(&server->conns, link)
    {
        conn_free(CONTAINER_OF(link, tiny_conn, link));
    }
}

void tiny_server_free(struct tiny_server *server)
{
    tiny_server_down(server);
    for (size_t i = 0; i < PATHS_MAX; i++)
        free(server->paths[i].request);
    free(server);
}

const char *tiny_url(struct tiny_server *server, const char *path)
{
    char *url = server->url[server->urls++ % URLS];
    snprintf(url, sizeof server->url[0], "http://127.0.0.1:%u%s", server->port, path);
    return url;
}

void tiny_answer(struct tiny_server *server, const char *path, struct tiny_reply reply)
{
    struct tiny_path *known = path_of(server, span_str(path));
    for (size_t i = 0; i < PATHS_MAX && known == NULL; i++) {
        if (server->paths[i].path == NULL)
            known = &server->paths[i];
    }
    must(known != NULL, "too many paths");
    known->path = path;
    known->reply = reply;
}

unsigned tiny_count(struct tiny_server *server, const char *path)
{
    struct tiny_path *known = path_of(server, span_str(path));
    return known == NULL ? 0 : known->count;
}

const char *tiny_request(struct tiny_server *server, const char *path)
{
    struct tiny_path *known = path_of(server, span_str(path));
    return known == NULL ? NULL : known->request;
}

static void on_late(evutil_socket_t fd, short what, void *arg)
{
    (void)fd;
    (void)what;
    (void)arg;
    fprintf(stderr, "tiny server: what was waited for did not come\n");
    abort();
}

void tiny_run(struct event_base *base, bool (*is_done)(void *context), void *context)
{
    struct timeval wait = {WAIT_S, 0};
    struct event *late = evtimer_new(base, on_late, NULL);
    must(late != NULL && event_add(late, &wait) == 0, "memory");
    while (!is_done(context))
        event_base_loop(base, EVLOOP_ONCE);
    event_free(late);
}
