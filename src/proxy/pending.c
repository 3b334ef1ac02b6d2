/* SPDX-License-Identifier: Apache-2.0 */
/* The queue before a backend whose connections are all in use. */
#include "proxy/pending.h"

static void count_waiting(struct pending *pending, int amount)
{
    pending->count = (size_t)((int64_t)pending->count + amount);
    metric_move(pending->options.waiting, pending->worker->index, amount);
}

void pending_leave(struct waiter *waiter)
{
    struct pending *pending = waiter->pending;
    if (pending == NULL)
        return;
    waiter->pending = NULL;
    list_remove(&waiter->link);
    deadline_cancel(&waiter->deadline);
    count_waiting(pending, -1);
}

/* The first of those who can go: one may wait for a server that others do not need. */
static struct waiter *next_to_go(const struct pending *pending)
{
    LIST_EACH(&pending->waiting, link)
    {
        struct waiter *waiter = CONTAINER_OF(link, waiter, link);
        if (waiter->has_room(waiter))
            return waiter;
    }
    return NULL;
}

/* One who waits again after his turn, whatever for, gets the next one later: each has one turn at most, so this ends. */
static void grant(struct task *task)
{
    struct pending *pending = CONTAINER_OF(task, pending, task);
    struct waiter *waiter;
    pending->is_granting = true;
    for (size_t turns = pending->count; turns > 0 && (waiter = next_to_go(pending)) != NULL; turns--) {
        pending_leave(waiter);
        waiter->granted(waiter);
    }
    pending->is_granting = false;
}

static void on_late(struct deadline *deadline)
{
    struct waiter *waiter = CONTAINER_OF(deadline, waiter, deadline);
    struct pending *pending = waiter->pending;
    metric_add(pending->options.late, pending->worker->index, 1);
    pending_leave(waiter);
    waiter->expired(waiter);
}

void pending_init(struct pending *pending, struct worker *worker, const struct pending_options *options)
{
    *pending = (struct pending){.worker = worker, .options = *options, .task = {.run = grant}};
    list_init(&pending->waiting);
    deadline_class_init(worker, &pending->class, options->wait_ms);
}

void pending_fini(struct pending *pending)
{
    assert(list_is_empty(&pending->waiting));
    list_remove(&pending->task.link);
    deadline_class_fini(&pending->class);
}

bool pending_join(struct pending *pending, struct waiter *waiter)
{
    if (pending->count >= pending->options.waiters_max) {
        metric_add(pending->options.full, pending->worker->index, 1);
        return false;
    }
    waiter->pending = pending;
    waiter->deadline.run = on_late;
    list_append(&pending->waiting, &waiter->link);
    deadline_start(pending->worker, &pending->class, &waiter->deadline);
    count_waiting(pending, 1);
    if (!pending->is_granting)
        pending_stir(pending); /* a server may have come back since the queue was looked at */
    return true;
}

void pending_stir(struct pending *pending)
{
    if (pending->count > 0)
        worker_defer(pending->worker, &pending->task);
}
