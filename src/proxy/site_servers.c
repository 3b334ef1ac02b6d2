/* SPDX-License-Identifier: Apache-2.0 */
/* The servers of a site's backends as all sites and workers know them. */
#include "site_int.h"

#include "proxy/figures.h"

static bool take_server(const struct site_backend *backend, struct site_server *server, struct servers *servers,
                        struct err *err)
{
    const struct server_options options = {.key = server->key,
                                           .backend = backend->name,
                                           .url = server->url,
                                           .name = {.host = server->path == NULL ? server->host : server->path,
                                                    .port = server->uri.port,
                                                    .is_path = server->path != NULL,
                                                    .every_ms = backend->settings->resolve_ms}};
    server->shared = servers_take(servers, &options, err);
    return server->shared != NULL;
}

static void take_series(struct site_backend *backend, struct metrics *metrics)
{
    backend->duration = metric_series(metrics, FIGURE_BACKEND_DURATION, &backend->name, 1);
    backend->retries = metric_series(metrics, FIGURE_BACKEND_RETRIES, &backend->name, 1);
    backend->panics = metric_series(metrics, FIGURE_BACKEND_PANICS, &backend->name, 1);
}

bool site_start_backends(struct site *site, const struct site_means *means, struct err *err)
{
    names_renew(servers_names(means->servers));
    for (size_t i = 0; i < site->backend_count; i++) {
        struct site_backend *backend = &site->backends[i];
        take_series(backend, means->metrics);
        for (size_t j = 0; j < backend->server_count; j++)
            if (!take_server(backend, &backend->servers[j], means->servers, err))
                return false;
    }
    names_await(servers_names(means->servers), NAMES_START_MS);
    return true;
}

void site_release_servers(struct site_backend *backend)
{
    for (size_t i = 0; i < backend->server_count; i++)
        server_release(backend->servers[i].shared);
}
