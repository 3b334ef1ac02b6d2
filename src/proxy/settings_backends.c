/* SPDX-License-Identifier: Apache-2.0 */
/* The tables of backends: servers, TLS towards them, how they are chosen and watched. */
#include "settings_int.h"

static bool server_url(const struct node *node, void *out, struct arena *arena, struct problems *problems)
{
    struct server_settings *server = out;
    (void)arena;
    server->url = node->kind == NODE_TEXT ? node->text : (struct span){NULL, 0};
    server->weight = 1;
    server->node = node;
    return node->kind == NODE_TEXT || problem_error(problems, node, "a server is a URL such as http://127.0.0.1:9001");
}

static const struct schema_row server_rows[] = {
    ROW(server_settings, url, "url", SCHEMA_TEXT, .is_required = true,
        .help = "http:// or https://, host, and port unless 80 or 443; or unix:PATH"),
    ROW(server_settings, weight, "weight", SCHEMA_INT, .preset = "1", .min = 1, .max = 1000,
        .help = "its share of the requests, beside that of the others"),
};
static const struct schema server_schema = {"servers", server_rows, COUNT_OF(server_rows), NODE_AT(server_settings),
                                            server_url};

static const struct schema_row backend_tls_rows[] = {
    ROW(backend_tls_settings, ca, "ca", SCHEMA_TEXT, .help = "PEM file of the CAs to trust; default: the system's"),
    ROW(backend_tls_settings, verify, "verify", SCHEMA_BOOL, .preset = "true",
        .help = "check the server's certificate and name"),
    ROW(backend_tls_settings, server_name, "server_name", SCHEMA_TEXT,
        .help = "name that servers are asked for and their certificates have; default: the URL's host"),
    ROW(backend_tls_settings, client_certificate, "client_certificate", SCHEMA_TEXT,
        .help = "PEM file shown to servers, with the chain behind it"),
    ROW(backend_tls_settings, client_key, "client_key", SCHEMA_TEXT,
        .help = "PEM file with its key; default: the certificate's file"),
};
static const struct schema backend_tls_schema = {"tls", backend_tls_rows, COUNT_OF(backend_tls_rows),
                                                 NODE_AT(backend_tls_settings), NULL};

static const struct schema_row backend_timeouts_rows[] = {
    ROW(backend_timeouts_settings, connect_ms, "connect", SCHEMA_DURATION, .preset = "2s", .min = 10, .max = 600000,
        .help = "for connecting, TLS included"),
    ROW(backend_timeouts_settings, response_ms, "response", SCHEMA_DURATION, .preset = "60s", .min = 10,
        .max = 86400000, .help = "from the whole request sent to the head of the answer (504)"),
    ROW(backend_timeouts_settings, idle_ms, "idle", SCHEMA_DURATION, .preset = "60s", .min = 10, .max = 86400000,
        .help = "without progress in a body, and of a connection without request"),
    ROW(backend_timeouts_settings, pending_ms, "pending", SCHEMA_DURATION, .preset = "5s", .min = 10, .max = 600000,
        .help = "for a free connection, where all that connections allows are in use (503)"),
};
static const struct schema backend_timeouts_schema = {"timeouts", backend_timeouts_rows,
                                                      COUNT_OF(backend_timeouts_rows), 0, NULL};

static const struct schema_row health_rows[] = {
    ROW(health_settings, path, "path", SCHEMA_TEXT, .is_required = true,
        .help = "what each server is asked for, by GET; 2xx is healthy"),
    ROW(health_settings, interval_ms, "interval", SCHEMA_DURATION, .preset = "10s", .min = 100, .max = 3600000,
        .help = "between two checks of a server"),
    ROW(health_settings, timeout_ms, "timeout", SCHEMA_DURATION, .preset = "2s", .min = 10, .max = 600000,
        .help = "for the head of the answer"),
    ROW(health_settings, healthy, "healthy", SCHEMA_INT, .preset = "2", .min = 1, .max = 100,
        .help = "checks in a row that pass, for an unhealthy server to be healthy again"),
    ROW(health_settings, unhealthy, "unhealthy", SCHEMA_INT, .preset = "3", .min = 1, .max = 100,
        .help = "checks in a row that fail, for a server to get no requests"),
};
static const struct schema health_schema = {"health", health_rows, COUNT_OF(health_rows), NODE_AT(health_settings),
                                            NULL};

static const struct schema_row ejection_rows[] = {
    ROW(ejection_settings, failures, "failures", SCHEMA_INT, .preset = "5", .min = 1, .max = 1000000,
        .none_is_zero = true, .help = "requests in a row that fail, for a server to be left out; none: never"),
    ROW(ejection_settings, for_ms, "for", SCHEMA_DURATION, .preset = "10s", .min = 100, .max = 3600000,
        .help = "how long the first time; doubled each time in a row, to 5m"),
};
static const struct schema ejection_schema = {"ejection", ejection_rows, COUNT_OF(ejection_rows), 0, NULL};

static const char *const balances[] = {"round-robin", "least-connections", NULL};
static const struct schema_row backend_rows[] = {
    ROW(backend_settings, servers, "servers", SCHEMA_LIST, .is_required = true, .table = &server_schema,
        .item_bytes = sizeof(struct server_settings), .help = "one or more, 64 at most"),
    ROW(backend_settings, tls, "tls", SCHEMA_STRUCT, .table = &backend_tls_schema, .help = "for https servers"),
    ROW(backend_settings, timeouts, "timeouts", SCHEMA_STRUCT, .table = &backend_timeouts_schema,
        .help = "towards its servers"),
    ROW(backend_settings, host_header, "host_header", SCHEMA_TEXT, .preset = "backend",
        .help = "Host sent on: backend, client, or a name"),
    ROW(backend_settings, balance, "balance", SCHEMA_ENUM, .preset = "round-robin", .words = balances,
        .help = "which server is next: in turn, or the one with the fewest requests; both by weight, each worker by "
                "its own count"),
    ROW(backend_settings, health, "health", SCHEMA_STRUCT, .table = &health_schema,
        .help = "asking servers whether they live; default: they are not asked"),
    ROW(backend_settings, ejection, "ejection", SCHEMA_STRUCT, .table = &ejection_schema,
        .help = "leaving servers out that fail, where there are several"),
    ROW(backend_settings, connections, "connections", SCHEMA_INT, .preset = "none", .min = 1, .max = 1000000,
        .none_is_zero = true, .help = "to one server, in all; divided among the workers, one for each at least"),
    ROW(backend_settings, pending, "pending", SCHEMA_INT, .preset = "256", .min = 0, .max = 1000000,
        .help = "requests that may wait for one of the connections, in all; divided among the workers (503)"),
    ROW(backend_settings, retries, "retries", SCHEMA_INT, .preset = "1", .min = 0, .max = 10,
        .help =
            "other servers that a request may be sent to where the connection broke unanswered and sending it again "
            "is safe"),
    ROW(backend_settings, resolve_ms, "resolve", SCHEMA_DURATION, .preset = "30s", .min = 100, .max = 86400000,
        .help = "how often the names of its servers are looked up again"),
};
const struct schema settings_backend_schema = {"backends", backend_rows, COUNT_OF(backend_rows),
                                               NODE_AT(backend_settings), NULL};
