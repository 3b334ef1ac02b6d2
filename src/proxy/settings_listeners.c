/* SPDX-License-Identifier: Apache-2.0 */
/* The tables of listeners and of the admin listener. */
#include "settings_int.h"

static const struct schema_row identity_rows[] = {
    ROW(tls_identity_settings, certificate, "certificate", SCHEMA_TEXT, .is_required = true,
        .help = "PEM file with the certificate and the chain behind it"),
    ROW(tls_identity_settings, key, "key", SCHEMA_TEXT,
        .help = "PEM file with its key; default: the certificate's file"),
};
static const struct schema identity_schema = {"certificates", identity_rows, COUNT_OF(identity_rows),
                                              NODE_AT(tls_identity_settings), NULL};

static const char *const tls_clients[] = {"required", "optional", NULL};
static const char *const tls_versions[] = {"1.2", "1.3", NULL};
static const struct schema_row listener_tls_rows[] = {
    ROW(listener_tls_settings, certificate, "certificate", SCHEMA_TEXT, .is_required = true,
        .help = "PEM file with the certificate and the chain behind it"),
    ROW(listener_tls_settings, key, "key", SCHEMA_TEXT,
        .help = "PEM file with its key; default: the certificate's file"),
    ROW(listener_tls_settings, certificates, "certificates", SCHEMA_LIST, .table = &identity_schema,
        .item_bytes = sizeof(struct tls_identity_settings),
        .help = "further ones, for clients that ask for a name in them"),
    ROW(listener_tls_settings, client_ca, "client_ca", SCHEMA_TEXT,
        .help = "PEM file of the CAs that clients' certificates must end at; default: clients are asked for none"),
    ROW(listener_tls_settings, clients, "clients", SCHEMA_ENUM, .preset = "required", .words = tls_clients,
        .help = "with client_ca: whether a client may come without a certificate"),
    ROW(listener_tls_settings, min_version, "min_version", SCHEMA_ENUM, .preset = "1.2", .words = tls_versions,
        .help = "least version of TLS"),
};
static const struct schema listener_tls_schema = {"tls", listener_tls_rows, COUNT_OF(listener_tls_rows),
                                                  NODE_AT(listener_tls_settings), NULL};

static const char *const http2_modes[] = {"alpn", "prior-knowledge", "off", NULL};
static const struct schema_row listener_rows[] = {
    ROW(listener_settings, bind, "bind", SCHEMA_TEXT, .is_required = true,
        .help = "IPv4:PORT, [IPv6]:PORT, port 0 taking a free one, or unix: and an absolute path"),
    ROW(listener_settings, tls, "tls", SCHEMA_STRUCT, .table = &listener_tls_schema,
        .help = "TLS on this listener; default: plain"),
    ROW(listener_settings, http2, "http2", SCHEMA_ENUM, .preset = "alpn", .words = http2_modes,
        .help =
            "HTTP/2: where TLS settles on it; prior-knowledge: also for clients of a plain listener that begin with "
            "it; or off"),
    ROW(listener_settings, mode, "mode", SCHEMA_TEXT,
        .help = "of a unix socket's file, octal digits in quotes; default \"0660\""),
    ROW(listener_settings, proxy_protocol, "proxy_protocol", SCHEMA_BOOL, .preset = "false",
        .help = "each connection begins with a PROXY protocol header, version 1 or 2, that names the client"),
};
const struct schema settings_listener_schema = {"listeners", listener_rows, COUNT_OF(listener_rows),
                                                NODE_AT(listener_settings), NULL};

static bool admin_off(const struct node *node, void *out, struct arena *arena, struct problems *problems)
{
    struct admin_settings *admin = out;
    (void)arena;
    admin->node = node;
    admin->is_off = node->kind == NODE_TEXT && span_eq(node->text, SPAN("off"));
    return admin->is_off ||
           problem_error(problems, node, "\"admin\" takes a map such as { bind: 127.0.0.1:9180 }, or off");
}

static const struct schema_row admin_health_rows[] = {
    ROW(admin_health_settings, bind, "bind", SCHEMA_TEXT, .is_required = true,
        .help = "address and port, or unix socket; any address, since nothing there is secret"),
};
static const struct schema admin_health_schema = {"health", admin_health_rows, COUNT_OF(admin_health_rows),
                                                  NODE_AT(admin_health_settings), NULL};

static const struct schema_row admin_rows[] = {
    ROW(admin_settings, bind, "bind", SCHEMA_TEXT, .preset = "127.0.0.1:9180",
        .help = "address and port, or unix socket; elsewhere than on loopback only with token or tls.client_ca"),
    ROW(admin_settings, token, "token", SCHEMA_TEXT,
        .help = "what callers show as `Authorization: Bearer`, 16 bytes or more, best \"${...}\"; default: none is "
                "asked for"),
    ROW(admin_settings, hosts, "hosts", SCHEMA_TEXTS, .one_is_list = true,
        .help = "names by which callers reach it, each with a port or for any; loopback names and the bound address "
                "are known"),
    ROW(admin_settings, tls, "tls", SCHEMA_STRUCT, .table = &listener_tls_schema,
        .help = "TLS on this listener; default: plain"),
    ROW(admin_settings, health, "health", SCHEMA_STRUCT, .table = &admin_health_schema,
        .help = "a listener more, for probes: /livez, /readyz and /metrics without credentials"),
    ROW(admin_settings, console, "console", SCHEMA_STRUCT, .table = &settings_console_schema,
        .help = "signing in from the token console"),
};
const struct schema settings_admin_schema = {"admin", admin_rows, COUNT_OF(admin_rows), NODE_AT(admin_settings),
                                             admin_off};
