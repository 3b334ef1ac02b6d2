/* SPDX-License-Identifier: Apache-2.0 */
/* The gateway in a test: one worker on the thread of the test, everything on loopback, and nothing that goes on by itself. */
#include "house.h"

#include "oidc/fetch.h"
#include "site_case.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

enum { PATIENCE_MS = 20000, SMALL_BYTES = 8192 };

static int listen_on(unsigned *port)
{
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof at;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    assert_true(fd >= 0 && bind(fd, (struct sockaddr *)&at, sizeof at) == 0 && listen(fd, 64) == 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&at, &len), 0);
    if (port != NULL)
        *port = ntohs(at.sin_port);
    return fd;
}

static void *take_site(void *site)
{
    return site_take(site);
}

static void release_site(void *site)
{
    site_release(site);
}

static struct site *make_site(struct house *house, const char *site_text)
{
    char text[4096];
    struct err err = {.reason = REASON_NONE};
    assert_true((size_t)snprintf(text, sizeof text, site_text, house->ports[0], house->ports[1]) < sizeof text);
    struct site *site = site_case_good(text);
    const struct site_means means = {house->gateway.issuers, house->gateway.servers, house->gateway.metrics};
    if (!site_start(site, &means, &err))
        fail_msg("%s", err.text);
    return site;
}

void house_publish(struct house *house, const char *site_text)
{
    snapshot_publish(&house->gateway.site, make_site(house, site_text));
    gate_refresh(&house->gate);
}

static void make_issuers(struct house *house)
{
    struct err err = {.reason = REASON_NONE};
    const struct issuers_settings settings = {
        .timing = {3600000, 60000, 86400000, 20000},
        .document_bytes_max = 65536,
        .concluded = gateway_keys_concluded,
        .context = &house->gateway,
        .metrics = {house->gateway.metrics, FIGURE_KEYS_AGE, FIGURE_KEYS_REFRESH, FIGURE_CLOCK_DIFFERENCE, 1}};
    if (!fetch_global_init(&err) || (house->gateway.issuers = issuers_new(house->worker.base, &settings, &err)) == NULL)
        fail_msg("%s", err.text);
}

static void make_servers(struct house *house)
{
    struct err err = {.reason = REASON_NONE};
    const struct names_options options = {.metrics = house->gateway.metrics};
    house->names = names_new(&options, &err);
    if (house->names == NULL ||
        (house->gateway.servers = servers_new(house->names, house->gateway.metrics, &err)) == NULL)
        fail_msg("%s", err.text);
}

void house_open(struct house *house, const char *site_text)
{
    struct err err = {.reason = REASON_NONE};
    signal(SIGPIPE, SIG_IGN);
    log_set(STDERR_FILENO, LOG_NOTICE, LOG_FORMAT_TEXT);
    *house = (struct house){.listening = listen_on(NULL)};
    for (int i = 0; i < HOUSE_SERVERS; i++)
        house->servers[i] = listen_on(&house->ports[i]);
    if (!worker_init(&house->worker, 0, &err))
        fail_msg("%s", err.text);
    snapshot_init(&house->gateway.site, take_site, release_site);
    house->gateway.metrics = metrics_new(figures_table(), FIGURE_COUNT, 2);
    make_issuers(house);
    make_servers(house);
    snapshot_publish(&house->gateway.site, make_site(house, site_text));
    house->gateway.gates = &house->gate;
    house->gateway.gate_count = 1;
    if (!gate_init(&house->gate, &house->gateway, &house->worker, &err))
        fail_msg("%s", err.text);
}

void house_close(struct house *house)
{
    service_cut(&house->gate.service);
    house_turn(house);
    gate_fini(&house->gate);
    house->gateway.gate_count = 0;
    house_turn(house);
    snapshot_fini(&house->gateway.site);
    issuers_free(house->gateway.issuers);
    servers_free(house->gateway.servers);
    names_free(house->names);
    worker_fini(&house->worker);
    fetch_global_fini();
    metrics_free(house->gateway.metrics);
    close(house->listening);
    for (int i = 0; i < HOUSE_SERVERS; i++)
        close(house->servers[i]);
}

static void stop_turn(struct letter *letter, void *context)
{
    (void)letter;
    worker_stop(context);
}

void house_turn(struct house *house)
{
    struct letter letter = {.run = stop_turn, .context = &house->worker};
    worker_post(&house->worker, &letter);
    worker_run(&house->worker);
    house->worker.is_stopping = false;
}

static int64_t now_ms(void)
{
    return now_read().mono_ms;
}

void house_idle(struct house *house, int ms)
{
    int64_t until_ms = now_ms() + ms;
    do {
        house_turn(house);
        usleep(200);
    } while (now_ms() < until_ms);
}

static int connect_client(struct house *house, int bytes, const struct sockaddr *peer)
{
    struct sockaddr_in at;
    socklen_t len = sizeof at;
    int client = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (bytes > 0)
        setsockopt(client, SOL_SOCKET, SO_RCVBUF, &bytes, sizeof bytes);
    assert_int_equal(getsockname(house->listening, (struct sockaddr *)&at, &len), 0);
    assert_int_equal(connect(client, (struct sockaddr *)&at, len), 0);
    fcntl(client, F_SETFL, O_NONBLOCK);
    int fd = accept4(house->listening, (struct sockaddr *)&at, &len, SOCK_NONBLOCK | SOCK_CLOEXEC);
    assert_true(fd >= 0);
    if (bytes > 0)
        setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &bytes, sizeof bytes);
    service_accept(&house->gate.service, fd, peer == NULL ? (struct sockaddr *)&at : peer, NULL);
    return client;
}

int house_client(struct house *house)
{
    return connect_client(house, 0, NULL);
}

int house_client_from(struct house *house, const struct sockaddr *peer)
{
    return connect_client(house, 0, peer);
}

int house_slow_client(struct house *house)
{
    return connect_client(house, SMALL_BYTES, NULL);
}

bool house_has_connection(struct house *house, int server)
{
    struct pollfd poller = {.fd = house->servers[server], .events = POLLIN};
    return poll(&poller, 1, 0) == 1;
}

int house_accept(struct house *house, int server)
{
    int64_t until_ms = now_ms() + PATIENCE_MS;
    while (!house_has_connection(house, server) && now_ms() < until_ms) {
        house_turn(house);
        usleep(200);
    }
    int fd = accept4(house->servers[server], NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd < 0)
        fail_msg("no connection to server %d", server);
    return fd;
}

size_t house_push(struct house *house, int fd, const char *bytes, size_t len)
{
    size_t sent = 0;
    int refused = 0;
    while (sent < len && refused < 50) {
        ssize_t went = send(fd, bytes + sent, len - sent, MSG_NOSIGNAL);
        refused = went > 0 ? 0 : refused + 1;
        if (went < 0 && errno != EAGAIN)
            return sent;
        sent += went > 0 ? (size_t)went : 0;
        house_turn(house);
        if (refused > 0)
            usleep(200);
    }
    return sent;
}

void house_send(struct house *house, int fd, const char *text)
{
    if (house_push(house, fd, text, strlen(text)) != strlen(text))
        fail_msg("could not send %.60s", text);
}

bool house_await(struct house *house, int fd, struct buf *got, const char *wanted)
{
    static char bytes[65536];
    int64_t until_ms = now_ms() + PATIENCE_MS;
    while (now_ms() < until_ms) {
        if (wanted != NULL && span_holds(buf_span(got), span_str(wanted)))
            return true;
        house_turn(house);
        ssize_t count = recv(fd, bytes, sizeof bytes, 0);
        if (count > 0)
            buf_add(got, bytes, (size_t)count);
        else if (count == 0 || errno != EAGAIN)
            return wanted == NULL && count == 0;
        else
            usleep(200);
    }
    fail_msg("waited in vain for %s; heard \"%.*s\"", wanted == NULL ? "the end" : wanted,
             SPAN_ARG(span_cut(buf_span(got), 2000)));
    return false;
}

bool house_hear(struct house *house, int fd, struct buf *got, const char *wanted)
{
    buf_clear(got);
    return house_await(house, fd, got, wanted);
}

int64_t house_figure(struct house *house, enum figure figure, const char *label)
{
    struct span text = span_str(label);
    return metric_value(metric_series(house->gateway.metrics, figure, &text, label == NULL ? 0 : 1));
}

void house_await_figure(struct house *house, enum figure figure, const char *label, int64_t value)
{
    int64_t until_ms = now_ms() + PATIENCE_MS;
    while (house_figure(house, figure, label) != value) {
        if (now_ms() > until_ms)
            fail_msg("%s stays %lld, not %lld", figures_table()[figure].name,
                     (long long)house_figure(house, figure, label), (long long)value);
        house_turn(house);
        usleep(200);
    }
}
