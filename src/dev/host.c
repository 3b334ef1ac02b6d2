/* SPDX-License-Identifier: Apache-2.0 */
/* One worker, one service, one thread.  The address is bound before the thread starts, so that it is known to whoever writes
 * it into a document.
 */
#include "dev/host.h"

#include "server/listener.h"

#include <signal.h>
#include <string.h>

enum { CONNECTIONS_MAX = 1000, HEAD_MS = 10000, IDLE_MS = 75000 };

static const struct service_settings settings = {
    .limits = {.head_bytes_max = 65536, .field_bytes_max = 32768, .fields_max = 128, .target_bytes_max = 32768},
    .connections_max = CONNECTIONS_MAX,
    .head_ms = HEAD_MS,
    .idle_ms = IDLE_MS,
};

struct host {
    struct worker worker;
    struct service service;
    struct bind_address bound;
    char address[BIND_TEXT_BYTES];
    pthread_t thread;
    bool is_running;
    struct letter ending;
};

static void *run(void *context)
{
    struct host *host = context;
    worker_run(&host->worker);
    return NULL;
}

static void end(struct letter *letter, void *context)
{
    struct host *host = context;
    (void)letter;
    service_cut(&host->service);
    worker_stop(&host->worker);
}

static void release(struct host *host)
{
    service_cut(&host->service);
    service_fini(&host->service);
    worker_fini(&host->worker);
    free(host);
}

static bool listen_on(struct host *host, const char *address, struct err *err)
{
    int fd;
    if (!bind_address_read(span_str(address), &host->bound, err) || !listener_open(&host->bound, &fd, 1, err) ||
        !listener_attach(&host->service, fd, 0, &(struct entrance){0}, err))
        return false;
    bind_address_text(&host->bound, host->address);
    return true;
}

struct host *host_open(const char *address, const struct responder *responder, struct err *err)
{
    struct host *host = calloc(1, sizeof *host);
    if (host == NULL || !worker_init(&host->worker, 0, err)) {
        free(host);
        fail(err, REASON_SYSTEM, "no memory for a service");
        return NULL;
    }
    /* The handler takes its context as not const, but never writes it. */
    service_init(&host->service, &host->worker, &responder_handler, (void *)(uintptr_t)responder, &settings);
    host->ending = (struct letter){.run = end, .context = host};
    if (listen_on(host, address, err))
        return host;
    release(host);
    return NULL;
}

const char *host_address(const struct host *host)
{
    return host->address;
}

bool host_run(struct host *host, struct err *err)
{
    sigset_t all, old;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &old);
    int why = pthread_create(&host->thread, NULL, run, host);
    pthread_sigmask(SIG_SETMASK, &old, NULL);
    host->is_running = why == 0;
    return host->is_running || fail(err, REASON_SYSTEM, "no thread: %s", strerror(why));
}

void host_close(struct host *host)
{
    if (host == NULL)
        return;
    if (host->is_running) {
        worker_post(&host->worker, &host->ending);
        pthread_join(host->thread, NULL);
    }
    release(host);
}

static sigset_t ending_signals(void)
{
    sigset_t signals;
    sigemptyset(&signals);
    sigaddset(&signals, SIGTERM);
    sigaddset(&signals, SIGINT);
    return signals;
}

void host_hold_signals(void)
{
    const sigset_t signals = ending_signals();
    pthread_sigmask(SIG_BLOCK, &signals, NULL);
}

void host_await_signal(void)
{
    const sigset_t signals = ending_signals();
    int which;
    while (sigwait(&signals, &which) != 0)
        ;
}
