/* SPDX-License-Identifier: Apache-2.0 */
/* sd_notify's protocol without its library: lines of NAME=VALUE in one datagram. */
#include "notify_int.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

enum { TEXT_BYTES = 512, WATCHDOG_MIN_MS = 2 * WORKER_TICK_MS };

/* An absolute path, or `@` for a name in the abstract space. */
static bool read_address(struct notify *notify, const char *text)
{
    struct sockaddr_un *to = (struct sockaddr_un *)&notify->to;
    size_t len = strlen(text);
    bool is_fine = (text[0] == '/' || text[0] == '@') && len > 1 && len < sizeof to->sun_path;
    if (!is_fine)
        return false;
    to->sun_family = AF_UNIX;
    memcpy(to->sun_path, text, len);
    if (text[0] == '@')
        to->sun_path[0] = '\0';
    notify->len = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + len);
    return true;
}

void notify_init(struct notify *notify)
{
    const char *text = getenv("NOTIFY_SOCKET");
    *notify = (struct notify){.fd = -1};
    if (text == NULL || text[0] == '\0')
        return;
    if (!read_address(notify, text)) {
        LOG_EVENT(LOG_WARNING, "notify-ignored",
                  LOG_STR("error", "NOTIFY_SOCKET is neither an absolute path nor @ and a name"));
        return;
    }
    notify->fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
}

/* Nothing depends on it here: what cannot be sent is lost. */
static void send_text(struct notify *notify, const char *text)
{
    if (notify->fd < 0)
        return;
    ssize_t sent =
        sendto(notify->fd, text, strlen(text), MSG_NOSIGNAL, (const struct sockaddr *)&notify->to, notify->len);
    if (sent < 0 && errno != EAGAIN)
        LOG_EVENT(LOG_WARNING, "notify-failed", LOG_STR("error", strerror(errno)));
}

void notify_ready(struct notify *notify, const char *status)
{
    char text[TEXT_BYTES];
    snprintf(text, sizeof text, "READY=1\nSTATUS=%s", status);
    send_text(notify, text);
}

void notify_reloading(struct notify *notify)
{
    char text[TEXT_BYTES];
    struct timespec now = {0};
    clock_gettime(CLOCK_MONOTONIC, &now);
    snprintf(text, sizeof text, "RELOADING=1\nMONOTONIC_USEC=%lld\nSTATUS=reading the configuration",
             (long long)now.tv_sec * 1000000 + now.tv_nsec / 1000);
    send_text(notify, text);
}

void notify_stopping(struct notify *notify, const char *status)
{
    char text[TEXT_BYTES];
    notify->is_ending = true;
    snprintf(text, sizeof text, "STOPPING=1\nSTATUS=%s", status);
    send_text(notify, text);
}

/* ---- the watchdog ---- */

static void answer(struct letter *letter, void *context)
{
    (void)context;
    atomic_store_explicit(&CONTAINER_OF(letter, notify_ping, letter)->is_out, false, memory_order_release);
}

static bool have_all_answered(const struct notify *notify)
{
    for (unsigned i = 0; i < notify->worker_count; i++)
        if (atomic_load_explicit(&notify->pings[i].is_out, memory_order_acquire))
            return false;
    return true;
}

static void ask(struct notify *notify)
{
    for (unsigned i = 0; i < notify->worker_count; i++) {
        atomic_store_explicit(&notify->pings[i].is_out, true, memory_order_relaxed);
        notify->pings[i].letter = (struct letter){NULL, answer, notify};
        worker_post(&notify->workers[i], &notify->pings[i].letter);
    }
}

/* A worker that hangs leaves its question open, and with that the manager unanswered, until it goes on. */
static void on_half(struct deadline *deadline)
{
    struct notify *notify = CONTAINER_OF(deadline, notify, deadline);
    deadline_start(notify->control, &notify->class, deadline);
    if (notify->is_ending) {
        send_text(notify, "WATCHDOG=1");
    } else if (have_all_answered(notify)) {
        send_text(notify, "WATCHDOG=1");
        ask(notify);
    }
}

/* Milliseconds after which the manager must have heard of us; 0: it does not wait, or for another process. */
static int64_t watchdog_ms(void)
{
    const char *usec = getenv("WATCHDOG_USEC");
    const char *pid = getenv("WATCHDOG_PID");
    uint64_t number = 0;
    if (usec == NULL || !span_u64(span_str(usec), INT64_MAX, &number))
        return 0;
    uint64_t whom = (uint64_t)getpid();
    if (pid != NULL && (!span_u64(span_str(pid), INT64_MAX, &whom) || whom != (uint64_t)getpid()))
        return 0;
    return (int64_t)(number / 1000);
}

void notify_watch(struct notify *notify, struct worker *control, struct worker *workers, unsigned count)
{
    int64_t within_ms = watchdog_ms();
    if (notify->fd < 0 || within_ms <= 0)
        return;
    if (within_ms < WATCHDOG_MIN_MS * 2)
        LOG_EVENT(LOG_WARNING, "notify-ignored", LOG_STR("error", "WATCHDOG_USEC is too short to keep"));
    notify->pings = calloc(count, sizeof *notify->pings);
    if (notify->pings == NULL)
        return;
    notify->control = control;
    notify->workers = workers;
    notify->worker_count = count;
    notify->deadline.run = on_half;
    /* Deadlines are looked at each tick: one tick less than half is told in time. */
    int64_t half_ms = within_ms / 2 - WORKER_TICK_MS;
    deadline_class_init(control, &notify->class, half_ms > 0 ? half_ms : 1);
    ask(notify);
    deadline_start(control, &notify->class, &notify->deadline);
}

void notify_fini(struct notify *notify)
{
    if (notify->pings != NULL) {
        deadline_cancel(&notify->deadline);
        deadline_class_fini(&notify->class);
        free(notify->pings);
    }
    if (notify->fd >= 0)
        close(notify->fd);
    *notify = (struct notify){.fd = -1};
}
