/* SPDX-License-Identifier: Apache-2.0 */
/* Who waits for a free connection to a backend: a bounded queue of one worker, first come first served, each for a bounded time.
 */
#ifndef PROXY_PENDING_H
#define PROXY_PENDING_H

#include "base/metric.h"
#include "server/worker.h"

struct pending;

/* One who waits; its memory is the caller's. */
struct waiter {
    struct list link;
    struct deadline deadline;
    struct pending *pending;
    /* Whether a connection could be had at once by this one; it may be asked at any time, and changes nothing. */
    bool (*has_room)(struct waiter *waiter);
    /* Exactly one of them is called, unless pending_leave comes first; `waiter` is not waiting any more then. */
    void (*granted)(struct waiter *waiter); /* it is its turn: there is room now */
    void (*expired)(struct waiter *waiter);
};

struct pending_options {
    size_t waiters_max;
    int64_t wait_ms;
    struct metric_series *waiting, *full, *late; /* a gauge, and counts of those turned away */
};

struct pending {
    struct worker *worker;
    struct pending_options options;
    struct list waiting;
    size_t count;
    struct deadline_class class;
    struct task task;
    bool is_granting;
};

/* An empty queue. */
void pending_init(struct pending *pending, struct worker *worker, const struct pending_options *options);
/* Nobody may wait any more. */
void pending_fini(struct pending *pending);

/* Puts `waiter`, with its functions set, at the end of the queue, which is looked at when this turn ends.  False: the queue is full,
 * and it does not wait.
 */
bool pending_join(struct pending *pending, struct waiter *waiter) MUST_CHECK;
/* Takes it out; harmless when it does not wait. */
void pending_leave(struct waiter *waiter);
/* Some connection became free, or was closed: who is first gets his turn at the end of this turn of the loop. */
void pending_stir(struct pending *pending);

#endif
