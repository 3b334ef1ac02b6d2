/* SPDX-License-Identifier: Apache-2.0 */
/* What a site's configuration tells by itself, as metrics: limits of backends, when certificates end.
 *
 * Series of what the site before it had and it has not are left out from then on: an alert must not wait for the end of a certificate
 * that nobody uses any more.
 */
#include "site_int.h"

#include "proxy/figures.h"
#include "server/transport.h"

/* So that an alert can come before the day: a certificate goes on verifying past its end. */
static void show_policy_certificates(const struct site_rule *rule, struct metrics *metrics)
{
    const struct keyset *keys = rule->rule->inline_keys;
    for (size_t i = 0; keys != NULL && i < keys->count; i++) {
        const struct span labels[] = {rule->route->name, keys->keys[i]->kid};
        if (keys->keys[i]->not_after_s != 0)
            metric_set(metric_series(metrics, FIGURE_CERTIFICATE_END, labels, 2), keys->keys[i]->not_after_s);
    }
}

static void show_limit(const struct site_backend *backend, struct metrics *metrics, struct span limit, int64_t value)
{
    const struct span labels[] = {backend->name, limit};
    metric_set(metric_series(metrics, FIGURE_BACKEND_LIMIT, labels, 2), value);
}

static void show_backend_certificate(const struct site_backend *backend, struct metrics *metrics)
{
    const struct span labels[] = {backend->name, backend->settings->tls.client_certificate};
    if (backend->tls != NULL && site_has(labels[1]))
        metric_set(metric_series(metrics, FIGURE_BACKEND_CERTIFICATE_END, labels, 2), tls_client_end_s(backend->tls));
}

void site_show(const struct site *site, struct metrics *metrics)
{
    metrics_unset(metrics, FIGURE_CERTIFICATE_END);
    metrics_unset(metrics, FIGURE_BACKEND_LIMIT);
    metrics_unset(metrics, FIGURE_BACKEND_CERTIFICATE_END);
    for (size_t i = 0; i < site->rule_count; i++)
        show_policy_certificates(&site->rules[i], metrics);
    for (size_t i = 0; i < site->backend_count; i++) {
        const struct site_backend *backend = &site->backends[i];
        show_limit(backend, metrics, SPAN("connections"), backend->settings->connections);
        show_limit(backend, metrics, SPAN("pending"), backend->settings->pending);
        show_backend_certificate(backend, metrics);
    }
}
