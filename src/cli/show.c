/* SPDX-License-Identifier: Apache-2.0 */
/* What a run shows of its configuration as metrics: each limit and time by its name, so that what is in use can be seen beside it. */
#include "run_int.h"

struct shown {
    const char *name;
    int64_t value;
};

static void show(struct run *run, enum figure figure, const struct shown *rows, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct span label = span_str(rows[i].name);
        metric_set(metric_series(run->gateway.metrics, figure, &label, 1), rows[i].value);
    }
}

static void show_limits(struct run *run, const struct site *site)
{
    const struct limits_settings *limits = &site->settings.limits;
    const struct shown rows[] = {{"head", (int64_t)limits->head},
                                 {"field", (int64_t)limits->field},
                                 {"fields", limits->fields},
                                 {"target", (int64_t)limits->target},
                                 {"token", (int64_t)limits->token},
                                 {"json_depth", limits->json_depth},
                                 {"document", (int64_t)limits->document},
                                 {"body", (int64_t)limits->body},
                                 {"body_buffer", (int64_t)limits->body_buffer},
                                 {"body_rate", (int64_t)limits->body_rate},
                                 {"streams", limits->streams},
                                 {"connections", (int64_t)gateway_connections(&run->gateway, site)},
                                 {"client_connections", limits->client_connections},
                                 {"client_refusals", limits->client_refusals},
                                 {"parked", (int64_t)gateway_parked(&run->gateway, site)},
                                 {"dpop_replays", site->settings.dpop.replays},
                                 {"token_cache_bytes", (int64_t)VERIFIED_BYTES_MAX * run->gateway.gate_count},
                                 {"token_cache_entries", (int64_t)VERIFIED_SLOTS * run->gateway.gate_count},
                                 {"metric_series", METRIC_SERIES_MAX}};
    show(run, FIGURE_LIMIT, rows, COUNT_OF(rows));
}

enum { MS_US = 1000 };

static void show_times(struct run *run, const struct site *site)
{
    const struct timeouts_settings *timeouts = &site->settings.timeouts;
    const struct keys_settings *keys = &site->settings.keys;
    const struct shown rows[] = {{"head", timeouts->head_ms * MS_US},
                                 {"idle", timeouts->idle_ms * MS_US},
                                 {"body", timeouts->body_ms * MS_US},
                                 {"drain", timeouts->drain_ms * MS_US},
                                 {"drain_delay", timeouts->drain_delay_ms * MS_US},
                                 {"keys_refresh", keys->refresh_ms * MS_US},
                                 {"keys_cooldown", keys->cooldown_ms * MS_US},
                                 {"keys_max_stale", keys->max_stale_ms * MS_US},
                                 {"keys_timeout", keys->timeout_ms * MS_US},
                                 {"keys_wait", keys->wait_ms * MS_US}};
    show(run, FIGURE_TIMEOUT, rows, COUNT_OF(rows));
}

/* What an alert waits for is shown before it happens first: from nothing to 1 there is no increase. */
static void show_results(struct run *run)
{
    static const enum figure figures[] = {FIGURE_RELOADS, FIGURE_LISTENER_CERTIFICATE_READS};
    static const struct span results[] = {SPAN_INIT("ok"), SPAN_INIT("failed")};
    for (size_t i = 0; i < COUNT_OF(figures); i++)
        for (size_t j = 0; j < COUNT_OF(results); j++)
            metric_series(run->gateway.metrics, figures[i], &results[j], 1);
    metric_set(metric_series(run->gateway.metrics, FIGURE_RELOAD_OK, NULL, 0), 1);
}

void run_show_limits(struct run *run, const struct site *site)
{
    show_results(run);
    show_limits(run, site);
    show_times(run, site);
    site_show(site, run->gateway.metrics);
}

void run_count_admin(struct run *run, struct service *service)
{
    const struct span label = SPAN_INIT("admin_connections");
    const struct shown limit = {label.at, (int64_t)service->settings.connections_max};
    service->metrics.connections = metric_series(run->gateway.metrics, FIGURE_ADMIN_CONNECTIONS, NULL, 0);
    service->metrics.refused = metric_series(run->gateway.metrics, FIGURE_LIMIT_HITS, &label, 1);
    show(run, FIGURE_LIMIT, &limit, 1);
}
