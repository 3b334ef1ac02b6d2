/* SPDX-License-Identifier: Apache-2.0 */
/* `jwtgate serve`: makes all parts in the main thread, starts the workers, obeys signals, takes all down in reverse order. */
#include "cli/serve.h"

#include "cli/check.h"
#include "oidc/fetch.h"
#include "proxy/certificates.h"
#include "proxy/site_providers.h"
#include "run_int.h"

#include <event2/event.h>

#include <signal.h>
#include <stdio.h>
#include <unistd.h>

enum { SIGNAL_STATUS = 128 }; /* with its number: the exit status of who was ended by a signal, as shells tell it */

static void on_worker_ended(struct letter *letter, void *context)
{
    struct run *run = context;
    free(letter);
    if (++run->ended < run->started)
        return;
    prober_stop(run->prober);
    worker_stop(&run->control);
}

struct thread_start {
    struct run *run;
    struct worker *worker;
};

static void *thread_main(void *context)
{
    struct thread_start start = *(struct thread_start *)context;
    free(context);
    struct letter *ended = malloc(sizeof *ended);
    worker_run(start.worker);
    if (ended == NULL)
        abort();
    ended->run = on_worker_ended;
    ended->context = start.run;
    worker_post(&start.run->control, ended);
    return NULL;
}

/* The first signal drains; the second is left to do what it does by default. */
static void on_signal(evutil_socket_t number, short what, void *context)
{
    struct run *run = context;
    (void)what;
    if (number == SIGHUP) {
        run_reload(run, NULL);
        return;
    }
    if (number == SIGUSR1) {
        run_reopen_log();
        return;
    }
    if (run->is_draining) {
        signal((int)number, SIG_DFL);
        raise((int)number);
        _exit(SIGNAL_STATUS + (int)number); /* process 1 of a container is not ended by what signals do by default */
    }
    run_drain(run);
}

static bool watch_signals(struct run *run, struct err *err)
{
    static const int numbers[RUN_SIGNALS] = {SIGTERM, SIGINT, SIGHUP, SIGUSR1};
    signal(SIGPIPE, SIG_IGN);
    for (size_t i = 0; i < RUN_SIGNALS; i++) {
        run->signals[i] = evsignal_new(run->control.base, numbers[i], on_signal, run);
        if (run->signals[i] == NULL || event_add(run->signals[i], NULL) != 0)
            return fail(err, REASON_SYSTEM, "cannot watch for signals");
    }
    return true;
}

static bool make_workers(struct run *run, struct err *err)
{
    run->workers = calloc(run->worker_count, sizeof *run->workers);
    run->gates = calloc(run->worker_count, sizeof *run->gates);
    run->threads = calloc(run->worker_count, sizeof *run->threads);
    if (run->workers == NULL || run->gates == NULL || run->threads == NULL)
        return fail(err, REASON_OUT_OF_MEMORY, "no memory for the workers");
    for (; run->inited_workers < run->worker_count; run->inited_workers++)
        if (!worker_init(&run->workers[run->inited_workers], run->inited_workers, err))
            return false;
    run->gateway.gates = run->gates;
    run->gateway.gate_count = run->worker_count;
    for (; run->inited_gates < run->worker_count; run->inited_gates++)
        if (!gate_init(&run->gates[run->inited_gates], &run->gateway, &run->workers[run->inited_gates], err))
            return false;
    return true;
}

static bool make_issuers(struct run *run, const struct site *site, struct err *err)
{
    struct issuers_settings settings = site_issuers_settings(site);
    settings.concluded = gateway_keys_concluded;
    settings.context = &run->gateway;
    settings.metrics = (struct issuer_metrics){.metrics = run->gateway.metrics,
                                               .age_family = FIGURE_KEYS_AGE,
                                               .refresh_family = FIGURE_KEYS_REFRESH,
                                               .clock_family = FIGURE_CLOCK_DIFFERENCE,
                                               .failing_family = FIGURE_KEYS_FAILING,
                                               .shard = run->worker_count};
    run->issuers = issuers_new(run->control.base, &settings, err);
    run->gateway.issuers = run->issuers;
    return run->issuers != NULL;
}

static bool make_binding(struct run *run, const struct site *site, struct err *err)
{
    run->gateway.binding = binding_new(run->control.base, run->gateway.metrics, run->worker_count, site, err);
    return run->gateway.binding != NULL;
}

static bool make_servers(struct run *run, struct err *err)
{
    const struct names_options options = {.metrics = run->gateway.metrics};
    run->names = names_new(&options, err);
    if (run->names != NULL)
        run->gateway.servers = servers_new(run->names, run->gateway.metrics, err);
    if (run->gateway.servers != NULL)
        run->prober = prober_new(&run->control, run->gateway.metrics, err);
    return run->prober != NULL;
}

static void *take_site(void *site)
{
    return site_take(site);
}

static void release_site(void *site)
{
    site_release(site);
}

/* Takes over the caller's reference to `site`. */
static bool make_gateway(struct run *run, struct site *site, struct err *err)
{
    snapshot_init(&run->gateway.site, take_site, release_site);
    run->has_snapshot = true;
    run->gateway.metrics = metrics_new(figures_table(), FIGURE_COUNT, run->worker_count + 1);
    run->gateway.clients = clients_new();
    run->gateway.refusals = refusals_new();
    bool has_tables = run->gateway.metrics != NULL && run->gateway.clients != NULL && run->gateway.refusals != NULL;
    bool is_ok = has_tables || fail(err, REASON_OUT_OF_MEMORY, "no memory for metrics and limits");
    run->has_fetch = is_ok && fetch_global_init(err);
    run->has_control = run->has_fetch && worker_init(&run->control, run->worker_count, err);
    if (run->has_control && make_issuers(run, site, err) && make_binding(run, site, err) && make_servers(run, err) &&
        run_start_site(run, site, err) && run_certificates_start(run, site, err)) {
        snapshot_publish(&run->gateway.site, site);
        prober_use(run->prober, site);
        gateway_warn(&run->gateway);
        if (!make_workers(run, err))
            return false;
        run_show_limits(run, site); /* some are of all workers together */
        return true;
    }
    site_release(site);
    return false;
}

static bool start_thread(struct run *run, unsigned index, struct err *err)
{
    struct thread_start *start = malloc(sizeof *start);
    if (start == NULL)
        return fail(err, REASON_OUT_OF_MEMORY, "no memory for a thread");
    *start = (struct thread_start){run, &run->workers[index]};
    if (pthread_create(&run->threads[index], NULL, thread_main, start) == 0)
        return true;
    free(start);
    return fail(err, REASON_SYSTEM, "cannot start a thread");
}

/* Signals are for the main thread alone, but those that a thread's own fault raises: blocked, they would end it without a word. */
static bool start_threads(struct run *run, struct err *err)
{
    static const int faults[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT};
    sigset_t all;
    sigset_t before;
    bool is_ok = true;
    sigfillset(&all);
    for (size_t i = 0; i < COUNT_OF(faults); i++)
        sigdelset(&all, faults[i]);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    while (is_ok && run->started < run->worker_count) {
        is_ok = start_thread(run, run->started, err);
        run->started += is_ok ? 1 : 0;
    }
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return is_ok;
}

static bool start(struct run *run, struct err *err)
{
    run_admin_start(run);
    return watch_signals(run, err) && run_listen(run, err) && start_threads(run, err);
}

/* What root is needed for comes first; all the rest, as looking into keys.store, is done by whom it is for. */
static bool open_sockets(struct run *run, const struct site *site, struct err *err)
{
    run->worker_count = site_workers(site);
    run->fixed = (struct site_fixed){arena_copy(&run->arena, site->settings.user), run->worker_count};
    run_cap_connections(run, site);
    run->plan = run_listen_plan(run, site, err);
    return run->plan != NULL && run_become(site, err) && run_open_log(site, err);
}

/* Takes over the caller's reference to `site`. */
static bool open_and_make(struct run *run, struct site *site, struct err *err)
{
    if (open_sockets(run, site, err))
        return make_gateway(run, site, err);
    site_release(site);
    return false;
}

static void be_ready(struct run *run)
{
    notify_watch(&run->notify, &run->control, run->workers, run->worker_count);
    notify_ready(&run->notify, "serving");
    const struct serve_options *options = run->options;
    if (!options->is_ready_told)
        LOG_EVENT(LOG_NOTICE, "ready", LOG_NUM("workers", run->worker_count), LOG_STR("version", JWTGATE_VERSION));
    log_echo(false);
    if (options->ready != NULL && !options->ready(options->context, run->addresses, run->address_count))
        run_drain(run);
}

static void end_gateway(struct run *run)
{
    for (unsigned i = 0; i < run->inited_gates; i++) {
        service_cut(&run->gates[i].service);
        gate_fini(&run->gates[i]);
    }
    run->gateway.gate_count = 0;
    for (unsigned i = 0; i < run->inited_workers; i++)
        worker_fini(&run->workers[i]);
    run_admin_end(run);
    binding_free(run->gateway.binding);
    prober_free(run->prober);
    certificates_free(run->certificates);
    if (run->has_snapshot)
        snapshot_fini(&run->gateway.site);
    issuers_free(run->issuers);
    servers_free(run->gateway.servers);
    names_free(run->names);
}

static void end(struct run *run)
{
    if (run->started > 0 && run->ended < run->started)
        run_cut(run); /* a thread could not be started: those that run are to end */
    for (unsigned i = 0; i < run->started; i++)
        pthread_join(run->threads[i], NULL);
    end_gateway(run);
    for (size_t i = 0; i < RUN_SIGNALS; i++)
        if (run->signals[i] != NULL)
            event_free(run->signals[i]);
    deadline_cancel(&run->drain);
    deadline_cancel(&run->delay);
    run_listen_abandon(run->plan);
    run_listen_end(run);
    notify_fini(&run->notify);
    if (run->has_control)
        worker_fini(&run->control);
    if (run->has_fetch)
        fetch_global_fini();
    clients_free(run->gateway.clients);
    refusals_free(run->gateway.refusals);
    metrics_free(run->gateway.metrics);
    arena_fini(&run->arena);
    free(run->workers);
    free(run->gates);
    free(run->threads);
}

int serve_run(const struct serve_options *options)
{
    struct err err = {0};
    struct run run = {.options = options};
    AUTO(problems) problems;
    problems_init(&problems);
    struct site *site = check_read(options->file, options->text, &problems);
    check_print(&problems);
    if (site == NULL)
        return 1;
    signal(SIGUSR1, SIG_IGN); /* who rotates logs may be early, or late */
    signal(SIGHUP, SIG_IGN);  /* whoever asks for a reload too: it must not cut the end short */
    run_set_log(site);
    log_echo(true);
    notify_init(&run.notify);
    run_harden();
    bool is_ok = open_and_make(&run, site, &err) && start(&run, &err);
    if (is_ok) {
        be_ready(&run);
        worker_run(&run.control);
        LOG_EVENT(LOG_NOTICE, "ended", LOG_STR("file", options->file));
    } else {
        fprintf(stderr, "%s: error: %s\n", options->file, err.text);
    }
    end(&run);
    log_sinks_use(NULL);
    return is_ok ? 0 : 1;
}
