/* SPDX-License-Identifier: Apache-2.0 */
/* Reloading: a new site is built beside the running one, then published or dropped. */
#include "cli/check.h"
#include "proxy/certificates.h"
#include "proxy/site_providers.h"
#include "run_int.h"

static void count_reload(struct run *run, const char *result)
{
    struct span label = span_str(result);
    metric_add(metric_series(run->gateway.metrics, FIGURE_RELOADS, &label, 1), run->control.index, 1);
}

static void refresh_gate(struct letter *letter, void *context)
{
    free(letter);
    gate_refresh(context);
}

/* Idle workers too let go of the old site and its connections. */
static void tell_workers(struct run *run)
{
    for (unsigned i = 0; i < run->worker_count; i++) {
        struct letter *letter = malloc(sizeof *letter);
        if (letter == NULL)
            continue; /* the next request takes it up */
        letter->run = refresh_gate;
        letter->context = &run->gates[i];
        worker_post(&run->workers[i], letter);
    }
}

/* What a reload cannot change, and is left as it is. */
static void warn_of_fixed(const struct run *run, const struct site *site)
{
    const char *keys[SITE_FIXED_KEYS];
    size_t count = site_fixed_differs(&run->fixed, site, keys);
    for (size_t i = 0; i < count; i++)
        LOG_EVENT(LOG_WARNING, "reload-partial", LOG_STR("key", keys[i]),
                  LOG_STR("error", "changes only at a restart"));
}

/* Takes over `plan` and the caller's reference to `site`. */
static void publish(struct run *run, struct site *site, struct listen_plan *plan)
{
    warn_of_fixed(run, site);
    run_set_log(site);
    run_cap_connections(run, site);
    run_show_limits(run, site);
    site_take(site); /* once published, the next reload may release it */
    snapshot_publish(&run->gateway.site, site);
    prober_use(run->prober, site);
    gateway_warn(&run->gateway);
    tell_workers(run);
    run_relisten(run, plan, site);
    site_release(site);
}

static void configure_issuers(struct run *run, const struct site *site)
{
    const struct issuers_settings settings = site_issuers_settings(site);
    issuers_configure(run->issuers, &settings);
}

bool run_start_site(struct run *run, struct site *site, struct err *err)
{
    const struct site_means means = {run->issuers, run->gateway.servers, run->gateway.metrics};
    return site_start(site, &means, err);
}

/* The settings of the issuers come first: starting the site begins the first fetch of new ones. */
static bool start_site(struct run *run, struct site *site, struct err *err)
{
    struct err again;
    configure_issuers(run, site);
    if (run_start_site(run, site, err) && binding_use(run->gateway.binding, site, err) &&
        certificates_use(run->certificates, site, err))
        return true;
    struct site *old = snapshot_take(&run->gateway.site);
    configure_issuers(run, old);
    if (!site_provide(old, &again) || !binding_use(run->gateway.binding, old, &again))
        LOG_EVENT(LOG_ERROR, "reload-failed", LOG_STR("error", again.text));
    site_release(old);
    return false;
}

/* Who asked; NULL for a signal. */
static const char *by_whom(const struct admin_reload *reload)
{
    return reload == NULL ? NULL : "admin";
}

static void tell_failed(struct run *run, const struct admin_reload *reload, const char *error, unsigned errors)
{
    if (error != NULL)
        LOG_EVENT(LOG_ERROR, "reload-failed", LOG_STR("error", error), LOG_STR("by", by_whom(reload)));
    else
        LOG_EVENT(LOG_ERROR, "reload-failed", LOG_STR("file", run->options->file), LOG_NUM("errors", errors),
                  LOG_STR("by", by_whom(reload)));
    count_reload(run, "failed");
    metric_set(metric_series(run->gateway.metrics, FIGURE_RELOAD_OK, NULL, 0), 0);
}

static void note_changes(struct run *run, const struct site *site, struct admin_reload *reload)
{
    struct site *old = snapshot_take(&run->gateway.site);
    if (reload != NULL)
        site_changes(old, site, &run->fixed, &reload->changes);
    site_release(old);
}

/* What can fail is done before anything is changed for others: sockets are bound, the site is started. */
static bool take_up(struct run *run, struct site *site, struct admin_reload *reload, struct err *err)
{
    struct listen_plan *plan = run_listen_plan(run, site, err);
    struct log_sinks *sinks = plan == NULL ? NULL : log_sinks_open(site->log_places, err);
    if (sinks == NULL || !start_site(run, site, err)) {
        log_sinks_free(sinks);
        run_listen_abandon(plan);
        site_release(site);
        return false;
    }
    size_t routes = site->route_count;
    note_changes(run, site, reload);
    run_tell_log_move(run, site);
    log_sinks_use(sinks);
    publish(run, site, plan);
    count_reload(run, "ok");
    LOG_EVENT(LOG_NOTICE, "reloaded", LOG_STR("file", run->options->file), LOG_NUM("routes", routes),
              LOG_STR("by", by_whom(reload)));
    return true;
}

/* Reads and takes up; what was wrong stands in `problems` or `err`. */
static bool reload_now(struct run *run, struct admin_reload *reload, struct problems *problems, struct err *err)
{
    struct site *site = check_read(run->options->file, run->options->text, problems);
    check_print(problems);
    if (site == NULL)
        tell_failed(run, reload, NULL, problems->errors);
    else if (take_up(run, site, reload, err))
        return true;
    else
        tell_failed(run, reload, err->text, 0);
    return false;
}

enum admin_reload_end run_reload(struct run *run, struct admin_reload *reload)
{
    AUTO(problems) problems;
    struct err err = {0};
    struct admin_reloads *reloads = &run->admin.reloads;
    problems_init(&problems);
    if (run->is_draining) {
        /* Workers that ended already would get the letter while they are taken down. */
        LOG_EVENT(LOG_WARNING, "reload-ignored", LOG_STR("error", "draining"), LOG_STR("by", by_whom(reload)));
        return ADMIN_RELOAD_DRAINING;
    }
    notify_reloading(&run->notify);
    bool is_ok =
        reload_now(run, reload, reload == NULL ? &problems : &reload->problems, reload == NULL ? &err : &reload->err);
    notify_ready(&run->notify, is_ok ? "serving" : "serving; the last reload failed");
    *(is_ok ? &reloads->ok : &reloads->failed) += 1;
    reloads->last_s = worker_now(&run->control)->wall_s;
    reloads->is_last_ok = is_ok;
    return is_ok ? ADMIN_RELOADED : ADMIN_RELOAD_REFUSED;
}
