/* SPDX-License-Identifier: Apache-2.0 */
/* Listeners come, change and go in each worker's own thread, since nobody else may touch its loop. */
#include "run_int.h"

#include <unistd.h>

struct listen_change *listen_change_new(unsigned workers, size_t count)
{
    struct listen_change *change = calloc(1, sizeof *change);
    if (change == NULL)
        return NULL;
    change->workers = workers;
    change->ops = calloc(count + 1, sizeof *change->ops);
    change->letters = calloc(workers, sizeof *change->letters);
    if (change->ops == NULL || change->letters == NULL) {
        listen_change_free(change);
        return NULL;
    }
    change->count = count;
    for (size_t i = 0; i < count; i++)
        for (unsigned j = 0; j < SETTINGS_WORKERS_MAX; j++)
            change->ops[i].fds[j] = -1;
    return change;
}

void listen_change_free(struct listen_change *change)
{
    if (change == NULL)
        return;
    for (size_t i = 0; i < change->count; i++)
        for (unsigned j = 0; j < change->workers; j++)
            if (change->ops[i].fds[j] >= 0)
                close(change->ops[i].fds[j]);
    site_release(change->site);
    free(change->ops);
    free(change->letters);
    free(change);
}

static bool apply(struct listen_op *op, struct gate *gate, struct err *err)
{
    int *fd = &op->fds[gate->worker->index];
    int taken = *fd;
    switch (op->act) {
    case LISTEN_CONFIGURE: listener_configure(&gate->service, op->number, &op->entrance); return true;
    case LISTEN_DETACH: listener_detach(&gate->service, op->number); return true;
    case LISTEN_ATTACH: break;
    }
    *fd = -1;
    return listener_attach(&gate->service, taken, op->number, &op->entrance, err);
}

bool listen_change_apply(struct listen_change *change, struct gate *gate, struct err *err)
{
    struct err again;
    bool is_ok = true;
    for (size_t i = 0; i < change->count; i++)
        is_ok = apply(&change->ops[i], gate, is_ok ? err : &again) && is_ok;
    return is_ok;
}

static void run_letter(struct letter *letter, void *context)
{
    struct listen_change *change = CONTAINER_OF(letter, listen_letter, letter)->change;
    struct err err;
    if (!listen_change_apply(change, context, &err))
        LOG_EVENT(LOG_ERROR, "listen-failed", LOG_STR("error", err.text));
    if (atomic_fetch_sub_explicit(&change->left, 1, memory_order_acq_rel) == 1)
        listen_change_free(change);
}

void listen_change_post(struct listen_change *change, struct run *run, struct site *site)
{
    change->site = site_take(site);
    atomic_init(&change->left, change->workers);
    for (unsigned i = 0; i < run->worker_count; i++) {
        struct listen_letter *letter = &change->letters[i];
        *letter = (struct listen_letter){{NULL, run_letter, &run->gates[i]}, change};
        worker_post(&run->workers[i], &letter->letter);
    }
}
