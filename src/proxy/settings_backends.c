/* SPDX-License-Identifier: Apache-2.0 */
/* The tables of backends: servers, TLS towards them, how they are chosen and watched. */
#include "settings_int.h"

static bool server_url(const struct node *node, void *out, struct arena *arena, struct problems *problems)
{
    struct server_settings *server = out;
    (void)arena;
    server->url = node->kind == NODE_TEXT ? node->text : (struct span){NULL, 0};
    server->node = node;
    return node->kind == NODE_TEXT || problem_error(problems, node, "a server is a URL such as http://127.0.0.1:9001");
}

static const struct schema_row server_rows[] = {
    ROW(server_settings, url, "url", SCHEMA_TEXT, .is_required = true,
        .help = "http:// or https://, host, and port unless 80 or 443"),
    LATER("weight"),
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
};
static const struct schema backend_timeouts_schema = {"timeouts", backend_timeouts_rows,
                                                      COUNT_OF(backend_timeouts_rows), 0, NULL};

static const struct schema_row backend_rows[] = {
    ROW(backend_settings, servers, "servers", SCHEMA_LIST, .is_required = true, .table = &server_schema,
        .item_bytes = sizeof(struct server_settings), .help = "one or more; requests go round in turn"),
    ROW(backend_settings, tls, "tls", SCHEMA_STRUCT, .table = &backend_tls_schema, .help = "for https servers"),
    ROW(backend_settings, timeouts, "timeouts", SCHEMA_STRUCT, .table = &backend_timeouts_schema,
        .help = "towards its servers"),
    ROW(backend_settings, host_header, "host_header", SCHEMA_TEXT, .preset = "backend",
        .help = "Host sent on: backend, client, or a name"),
    LATER("balance"),
    LATER("health"),
    LATER("connections"),
    LATER("pending"),
    LATER("retries"),
};
const struct schema settings_backend_schema = {"backends", backend_rows, COUNT_OF(backend_rows),
                                             NODE_AT(backend_settings), NULL};

