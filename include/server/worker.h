/* SPDX-License-Identifier: Apache-2.0 */
/* A thread with its event loop, and what all objects on it share: the time of this turn, scratch memory, deadlines, a mailbox,
 * the graveyard.
 *
 * A loop turn is: wait for events, run them, run deferred tasks, empty the graveyard, flush the logs.  All functions but
 * worker_post belong to the worker's own thread.
 */
#ifndef SERVER_WORKER_H
#define SERVER_WORKER_H

#include "base/arena.h"
#include "base/err.h"
#include "base/list.h"
#include "base/log.h"
#include "base/now.h"

#include <pthread.h>

struct event;
struct event_base;

enum {
    WORKER_SCRATCH_BYTES = 131072, /* one read at most: fairness between connections; less costs more wake-ups */
    WORKER_TICK_MS = 100           /* how often deadlines are looked at */
};

/* Something to run at the end of this turn, once. */
struct task {
    struct list link;
    void (*run)(struct task *task);
};

/* Something whose memory may go at the end of this turn, when no stack frame can hold it. */
struct grave {
    struct list link;
    void (*bury)(struct grave *grave);
};

/* A message from another thread; the receiver's `run` owns it. */
struct letter {
    struct letter *next;
    void (*run)(struct letter *letter, void *context);
    void *context;
};

/* Deadlines of one kind have one length, so the oldest stands in front. */
struct deadline_class {
    struct list waiting;
    struct list link; /* in the worker's classes */
    int64_t after_ms;
};
struct deadline {
    struct list link;
    int64_t at_ms;
    void (*run)(struct deadline *deadline); /* called once, not linked any more */
};

struct worker {
    unsigned index; /* also its metric shard */
    struct event_base *base;
    struct arena_pool blocks;
    struct log_batch access, audit;
    char *scratch; /* WORKER_SCRATCH_BYTES, for what is read; valid until the next read */
    struct list deferred, next, graves, classes;
    uint64_t turns; /* that ended */
    struct now now; /* of this turn, see worker_now */
    bool has_now;
    bool is_stopping;
    struct event *tick, *wake;
    int wake_fd;
    pthread_mutex_t mail_lock;
    struct letter *mail, *mail_last;
    uint64_t random[2]; /* state of worker_random */
    int64_t flushed_ms; /* when the logs were flushed last */
    void *owner;        /* of whom stands above: proxy's own state of this worker */
};

/* Makes the loop; called in the main thread for all workers before any thread starts. */
bool worker_init(struct worker *worker, unsigned index, struct err *err) MUST_CHECK;
/* All connections must be gone. */
void worker_fini(struct worker *worker);

/* Runs turns until worker_stop. */
void worker_run(struct worker *worker);
/* Ends worker_run after this turn. */
void worker_stop(struct worker *worker);

/* The time, read at most once a turn. */
static inline const struct now *worker_now(struct worker *worker)
{
    if (!worker->has_now) {
        worker->now = now_read();
        worker->has_now = true;
    }
    return &worker->now;
}

/* Runs `task` at the end of this turn; harmless when it waits already. */
void worker_defer(struct worker *worker, struct task *task);

/* Runs `task` at the end of the next turn, which does not wait for events; harmless when it waits already. */
void worker_defer_next(struct worker *worker, struct task *task);

/* Buries at the end of this turn; at most once. */
void worker_bury(struct worker *worker, struct grave *grave);

/* Hands `letter` to the worker, from any thread. */
void worker_post(struct worker *worker, struct letter *letter);

/* Adds or removes an event of this worker's base, where it is not so already: no call is made for what stands. */
void worker_watch(struct event *event, bool *is_added, bool wants);

/* Runs the callback of an event that waits for input once more, in the next turn: for bytes that no socket tells of.  This turn ends
 * with the callback that says so, or a stream of such bytes would keep it going for ever.
 */
void worker_again(struct worker *worker, struct event *event);

/* A number that differs from all others, not a secret (request ids, jitter). */
uint64_t worker_random(struct worker *worker);

/* A kind of deadline; its memory is the caller's and must outlive its deadlines. */
void deadline_class_init(struct worker *worker, struct deadline_class *class, int64_t after_ms);
/* No deadline of it may be running. */
void deadline_class_fini(struct deadline_class *class);
/* Starts, or starts again from now on. */
void deadline_start(struct worker *worker, struct deadline_class *class, struct deadline *deadline);
/* Harmless when it does not run. */
void deadline_cancel(struct deadline *deadline);

#endif
