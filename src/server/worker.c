/* SPDX-License-Identifier: Apache-2.0 */
/* The loop of a worker.  Bases are made without locks: only their own thread touches them, others write to wake_fd. */
#include "server/worker.h"

#include <event2/event.h>

#include <errno.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/random.h>
#include <unistd.h>

enum { LOG_FLUSH_MS = 50 };

/* The letters come out in the order they were posted. */
static void on_wake(evutil_socket_t fd, short what, void *context)
{
    struct worker *worker = context;
    uint64_t count;
    (void)what;
    ssize_t got = read(fd, &count, sizeof count);
    (void)got;
    pthread_mutex_lock(&worker->mail_lock);
    struct letter *letter = worker->mail;
    worker->mail = worker->mail_last = NULL;
    pthread_mutex_unlock(&worker->mail_lock);
    while (letter != NULL) {
        struct letter *next = letter->next;
        letter->run(letter, letter->context);
        letter = next;
    }
}

static void class_expire(struct deadline_class *class, int64_t now_ms)
{
    for (;;) {
        struct list *first = list_first(&class->waiting);
        struct deadline *deadline = first == NULL ? NULL : CONTAINER_OF(first, deadline, link);
        if (deadline == NULL || deadline->at_ms > now_ms)
            return;
        list_remove(&deadline->link);
        deadline->run(deadline);
    }
}

static void on_tick(evutil_socket_t fd, short what, void *context)
{
    struct worker *worker = context;
    (void)fd;
    (void)what;
    int64_t now_ms = worker_now(worker)->mono_ms;
    LIST_EACH(&worker->classes, link)
    class_expire(CONTAINER_OF(link, deadline_class, link), now_ms);
}

static bool base_make(struct worker *worker)
{
    struct event_config *config = event_config_new();
    if (config == NULL)
        return false;
    event_config_set_flag(config, EVENT_BASE_FLAG_NOLOCK);
    worker->base = event_base_new_with_config(config);
    event_config_free(config);
    return worker->base != NULL;
}

static bool events_make(struct worker *worker)
{
    const struct timeval every = {WORKER_TICK_MS / 1000, WORKER_TICK_MS % 1000 * 1000};
    worker->tick = event_new(worker->base, -1, EV_PERSIST, on_tick, worker);
    worker->wake = event_new(worker->base, worker->wake_fd, EV_READ | EV_PERSIST, on_wake, worker);
    return worker->tick != NULL && worker->wake != NULL && event_add(worker->tick, &every) == 0 &&
           event_add(worker->wake, NULL) == 0;
}

bool worker_init(struct worker *worker, unsigned index, struct err *err)
{
    *worker = (struct worker){.index = index, .wake_fd = -1};
    worker->access.stream = LOG_STREAM_ACCESS;
    worker->audit.stream = LOG_STREAM_AUDIT;
    list_init(&worker->deferred);
    list_init(&worker->next);
    list_init(&worker->graves);
    list_init(&worker->classes);
    pthread_mutex_init(&worker->mail_lock, NULL);
    worker->wake_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    worker->scratch = malloc(WORKER_SCRATCH_BYTES);
    bool has_random = getrandom(worker->random, sizeof worker->random, 0) == sizeof worker->random;
    if (worker->wake_fd >= 0 && worker->scratch != NULL && has_random && base_make(worker) && events_make(worker))
        return true;
    fail(err, REASON_SYSTEM, "worker %u: %s", index, strerror(errno));
    worker_fini(worker);
    return false;
}

static void mail_drop(struct worker *worker)
{
    while (worker->mail != NULL) {
        struct letter *letter = worker->mail;
        worker->mail = letter->next;
        letter->run(letter, letter->context);
    }
}

static void run_deferred(struct worker *worker)
{
    struct list *first;
    while ((first = list_first(&worker->deferred)) != NULL) {
        struct task *task = CONTAINER_OF(first, task, link);
        list_remove(first);
        task->run(task);
    }
}

static void empty_graves(struct worker *worker)
{
    struct list *first;
    while ((first = list_first(&worker->graves)) != NULL) {
        struct grave *grave = CONTAINER_OF(first, grave, link);
        list_remove(first);
        grave->bury(grave);
    }
}

/* Lines are gathered while many requests come in, and written at once when few do. */
static void flush_logs(struct worker *worker)
{
    size_t len = worker->access.len > worker->audit.len ? worker->access.len : worker->audit.len;
    if (len == 0)
        return;
    int64_t now_ms = worker_now(worker)->mono_ms;
    if (len < LOG_BATCH_BYTES / 2 && now_ms - worker->flushed_ms < LOG_FLUSH_MS)
        return;
    log_batch_flush(&worker->access);
    log_batch_flush(&worker->audit);
    worker->flushed_ms = now_ms;
}

static void turn_end(struct worker *worker)
{
    run_deferred(worker);
    empty_graves(worker);
    flush_logs(worker);
    worker->has_now = false;
    worker->turns++;
}

void worker_fini(struct worker *worker)
{
    mail_drop(worker);
    turn_end(worker);
    log_batch_fini(&worker->access);
    log_batch_fini(&worker->audit);
    if (worker->tick != NULL)
        event_free(worker->tick);
    if (worker->wake != NULL)
        event_free(worker->wake);
    if (worker->base != NULL)
        event_base_free(worker->base);
    if (worker->wake_fd >= 0)
        close(worker->wake_fd);
    arena_pool_fini(&worker->blocks);
    free(worker->scratch);
    pthread_mutex_destroy(&worker->mail_lock);
    *worker = (struct worker){.wake_fd = -1};
}

/* What was left for this turn is due; whether there is any. */
static bool take_next(struct worker *worker)
{
    struct list *first = list_first(&worker->next);
    if (first == NULL)
        return false;
    for (; first != NULL; first = list_first(&worker->next)) {
        list_remove(first);
        list_append(&worker->deferred, first);
    }
    return true;
}

void worker_run(struct worker *worker)
{
    while (!worker->is_stopping) {
        int how = take_next(worker) ? EVLOOP_ONCE | EVLOOP_NONBLOCK : EVLOOP_ONCE;
        if (event_base_loop(worker->base, how) < 0)
            break;
        turn_end(worker);
    }
    log_batch_flush(&worker->access);
    log_batch_flush(&worker->audit);
}

void worker_stop(struct worker *worker)
{
    worker->is_stopping = true;
}

void worker_defer(struct worker *worker, struct task *task)
{
    if (!list_is_linked(&task->link))
        list_append(&worker->deferred, &task->link);
}

void worker_defer_next(struct worker *worker, struct task *task)
{
    if (!list_is_linked(&task->link))
        list_append(&worker->next, &task->link);
}

void worker_bury(struct worker *worker, struct grave *grave)
{
    list_append(&worker->graves, &grave->link);
}

void worker_post(struct worker *worker, struct letter *letter)
{
    letter->next = NULL;
    pthread_mutex_lock(&worker->mail_lock);
    bool was_empty = worker->mail == NULL;
    if (was_empty)
        worker->mail = letter;
    else
        worker->mail_last->next = letter;
    worker->mail_last = letter;
    pthread_mutex_unlock(&worker->mail_lock);
    if (was_empty) {
        const uint64_t one = 1;
        ssize_t wrote = write(worker->wake_fd, &one, sizeof one);
        (void)wrote; /* EAGAIN: the counter is full, so the worker is awake already */
    }
}

void worker_watch(struct event *event, bool *is_added, bool wants)
{
    if (*is_added == wants)
        return;
    *is_added = wants;
    if (wants)
        event_add(event, NULL);
    else
        event_del(event);
}

void worker_again(struct worker *worker, struct event *event)
{
    event_active(event, EV_READ, 0);
    event_base_loopbreak(worker->base);
}

/* xorshift128+: unique enough for names of requests, worthless as a secret. */
uint64_t worker_random(struct worker *worker)
{
    uint64_t a = worker->random[0];
    const uint64_t b = worker->random[1];
    worker->random[0] = b;
    a ^= a << 23;
    worker->random[1] = a ^ b ^ (a >> 17) ^ (b >> 26);
    return worker->random[1] + b;
}

void deadline_class_init(struct worker *worker, struct deadline_class *class, int64_t after_ms)
{
    *class = (struct deadline_class){.after_ms = after_ms};
    list_init(&class->waiting);
    list_append(&worker->classes, &class->link);
}

void deadline_class_fini(struct deadline_class *class)
{
    assert(list_is_empty(&class->waiting));
    list_remove(&class->link);
}

void deadline_start(struct worker *worker, struct deadline_class *class, struct deadline *deadline)
{
    list_remove(&deadline->link);
    deadline->at_ms = worker_now(worker)->mono_ms + class->after_ms;
    /* In order even right after a reload shortened the class: walk back past the few that end later. */
    struct list *before = class->waiting.prev;
    while (before != &class->waiting && CONTAINER_OF(before, deadline, link)->at_ms > deadline->at_ms)
        before = before->prev;
    list_append(before->next, &deadline->link);
}

void deadline_cancel(struct deadline *deadline)
{
    list_remove(&deadline->link);
}
