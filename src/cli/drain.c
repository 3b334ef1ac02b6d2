/* SPDX-License-Identifier: Apache-2.0 */
/* The end of a run: no new connections, requests under way answered within timeouts.drain, then all threads gone. */
#include "run_int.h"

static void on_emptied(void *context)
{
    struct gate *gate = context;
    worker_stop(gate->worker);
}

static void drain_gate(struct letter *letter, void *context)
{
    struct gate *gate = context;
    free(letter);
    service_drain(&gate->service, on_emptied);
}

static void cut_gate(struct letter *letter, void *context)
{
    struct gate *gate = context;
    free(letter);
    service_cut(&gate->service);
    worker_stop(gate->worker);
}

static void post_all(struct run *run, void (*what)(struct letter *letter, void *context))
{
    for (unsigned i = 0; i < run->worker_count; i++) {
        struct letter *letter = malloc(sizeof *letter);
        if (letter == NULL)
            abort(); /* nothing else can end the workers */
        letter->run = what;
        letter->context = &run->gates[i];
        worker_post(&run->workers[i], letter);
    }
}

static void on_drain_over(struct deadline *deadline)
{
    struct run *run = CONTAINER_OF(deadline, run, drain);
    LOG_EVENT(LOG_WARNING, "drain-cut", LOG_STR("error", "requests under way were cut: timeouts.drain is over"));
    run_cut(run);
}

void run_cut(struct run *run)
{
    post_all(run, cut_gate);
}

static void drain_now(struct run *run)
{
    LOG_EVENT(LOG_NOTICE, "draining", LOG_STR("file", run->options->file));
    notify_stopping(&run->notify, "answering the last requests");
    run->drain.run = on_drain_over;
    deadline_start(&run->control, &run->drain_class, &run->drain);
    run_unlisten(run);
    post_all(run, drain_gate);
}

static void on_delay_over(struct deadline *deadline)
{
    drain_now(CONTAINER_OF(deadline, run, delay));
}

void run_drain(struct run *run)
{
    if (run->is_draining)
        return;
    struct site *site = snapshot_take(&run->gateway.site);
    int64_t delay_ms = site->settings.timeouts.drain_delay_ms;
    run->is_draining = true;
    run->admin.is_draining = true;
    deadline_class_init(&run->control, &run->drain_class, site->settings.timeouts.drain_ms);
    deadline_class_init(&run->control, &run->delay_class, delay_ms);
    site_release(site);
    if (delay_ms == 0) {
        drain_now(run);
        return;
    }
    LOG_EVENT(LOG_NOTICE, "drain-delayed", LOG_NUM("ms", delay_ms));
    notify_stopping(&run->notify, "no longer ready, still accepting");
    run->delay.run = on_delay_over;
    deadline_start(&run->control, &run->delay_class, &run->delay);
}
