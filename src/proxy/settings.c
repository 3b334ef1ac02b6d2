/* SPDX-License-Identifier: Apache-2.0 */
/* The tables of the configuration file: the whole, and what concerns all of it. */
#include "settings_int.h"

static const struct schema_row keys_rows[] = {
    ROW(keys_settings, refresh_ms, "refresh", SCHEMA_DURATION, .preset = "1h", .min = 1000, .max = 86400000,
        .help = "how often key sets are fetched without being asked for"),
    ROW(keys_settings, cooldown_ms, "cooldown", SCHEMA_DURATION, .preset = "30s", .min = 100, .max = 3600000,
        .help = "least time between two fetches of one provider that tokens with unknown keys cause"),
    ROW(keys_settings, max_stale_ms, "max_stale", SCHEMA_DURATION, .preset = "24h", .min = 1000, .max = 2592000000,
        .help = "how long the last good keys serve while the provider fails"),
    ROW(keys_settings, timeout_ms, "timeout", SCHEMA_DURATION, .preset = "10s", .min = 100, .max = 300000,
        .help = "for one fetch"),
    ROW(keys_settings, wait_ms, "wait", SCHEMA_DURATION, .preset = "2s", .min = 0, .max = 60000,
        .help = "how long a request may wait for a fetch under way"),
    ROW(keys_settings, parked, "parked", SCHEMA_INT, .preset = "256", .min = 0, .max = 100000,
        .help = "requests that may wait at the same time, in all; divided among the workers, one for each at least"),
    ROW(keys_settings, allow_http, "allow_http", SCHEMA_BOOL, .preset = "false",
        .help = "fetch by plain http from elsewhere than loopback"),
    ROW(keys_settings, store, "store", SCHEMA_TEXT,
        .help = "directory that keeps the last good key sets across restarts, for max_stale at most"),
};
static const struct schema keys_schema = {"keys", keys_rows, COUNT_OF(keys_rows), 0, NULL};

static const struct schema_row provider_rows[] = {
    ROW(provider_settings, url, "url", SCHEMA_TEXT, .is_required = true,
        .help = "discovery URL or authority, as policies name it"),
    ROW(provider_settings, ca, "ca", SCHEMA_TEXT,
        .help = "PEM file of the only CAs to trust for it; default: the system's"),
    ROW(provider_settings, proxy, "proxy", SCHEMA_TEXT, .help = "http://HOST:PORT to fetch through; default: none"),
    ROW(provider_settings, client_certificate, "client_certificate", SCHEMA_TEXT,
        .help = "PEM file shown to the provider"),
    ROW(provider_settings, client_key, "client_key", SCHEMA_TEXT,
        .help = "PEM file with its key; default: the certificate's file"),
    ROW(provider_settings, is_name_checked, "validate_issuer_name", SCHEMA_BOOL, .preset = "false",
        .help = "the document's issuer is the authority of the URL"),
    ROW(provider_settings, is_host_checked, "validate_endpoints", SCHEMA_BOOL, .preset = "false",
        .help = "the key set is on the scheme, host and port of the URL"),
};
static const struct schema provider_schema = {"providers", provider_rows, COUNT_OF(provider_rows),
                                              NODE_AT(provider_settings), NULL};

static const char *const dpop_schemes[] = {"auto", "http", "https", NULL};
static const struct schema_row dpop_rows[] = {
    ROW(dpop_settings, window_ms, "window", SCHEMA_DURATION, .preset = "60s", .min = 1000, .max = 3600000,
        .help = "how far a proof's iat may be from the gateway's clock, and how long a nonce stands"),
    ROW(dpop_settings, nonce, "nonce", SCHEMA_BOOL, .preset = "false",
        .help = "ask for a nonce of the gateway's in each proof"),
    ROW(dpop_settings, replays, "replays", SCHEMA_INT, .preset = "100000", .min = 1, .max = 100000000,
        .help = "used proofs remembered until their window is over; when it is full, proofs are refused"),
    ROW(dpop_settings, scheme, "scheme", SCHEMA_ENUM, .preset = "auto", .words = dpop_schemes,
        .help = "of the URLs that clients use: auto, as the listener's; https where TLS ends before the gateway"),
};
static const struct schema dpop_schema = {"dpop", dpop_rows, COUNT_OF(dpop_rows), 0, NULL};

static const struct schema_row limits_rows[] = {
    ROW(limits_settings, head, "head", SCHEMA_SIZE, .preset = "64KiB", .min = 1024, .max = 1048576,
        .help = "request line and fields (431)"),
    ROW(limits_settings, field, "field", SCHEMA_SIZE, .preset = "32KiB", .min = 256, .max = 1048576,
        .help = "one field line (431)"),
    ROW(limits_settings, fields, "fields", SCHEMA_INT, .preset = "128", .min = 8, .max = 10000,
        .help = "number of fields (431)"),
    ROW(limits_settings, target, "target", SCHEMA_SIZE, .preset = "32KiB", .min = 256, .max = 1048576,
        .help = "request target (414)"),
    ROW(limits_settings, token, "token", SCHEMA_SIZE, .preset = "16KiB", .min = 256, .max = 256000,
        .help = "a token (401, JwtInvalid)"),
    ROW(limits_settings, json_depth, "json_depth", SCHEMA_INT, .preset = "32", .min = 2, .max = 512,
        .help = "nesting in token and documents"),
    ROW(limits_settings, document, "document", SCHEMA_SIZE, .preset = "1MiB", .min = 1024, .max = 67108864,
        .help = "a fetched document"),
    ROW(limits_settings, body, "body", SCHEMA_SIZE, .preset = "none", .min = 1, .max = INT64_C(1) << 50,
        .none_is_zero = true, .help = "a request body (413), or none"),
    ROW(limits_settings, body_buffer, "body_buffer", SCHEMA_SIZE, .preset = "256KiB", .min = 16384, .max = 67108864,
        .help = "bytes of one body held on each side"),
    ROW(limits_settings, body_rate, "body_rate", SCHEMA_SIZE, .preset = "256B", .min = 1, .max = INT64_C(1) << 30,
        .none_is_zero = true, .help = "bytes that earn a client a second beyond timeouts.body; or none"),
    ROW(limits_settings, connections, "connections", SCHEMA_INT, .preset = "10000", .min = 1, .max = 1000000,
        .help = "client connections of the process"),
    ROW(limits_settings, streams, "streams", SCHEMA_INT, .preset = "100", .min = 1, .max = 10000,
        .help = "requests at the same time on one HTTP/2 connection"),
    ROW(limits_settings, client_connections, "client_connections", SCHEMA_INT, .preset = "none", .min = 1,
        .max = 1000000, .none_is_zero = true, .help = "of one client address, IPv6 by networks of 64 bits; or none"),
    ROW(limits_settings, client_refusals, "client_refusals", SCHEMA_INT, .preset = "none", .min = 1, .max = 1000000,
        .none_is_zero = true,
        .help = "tokens a minute that may be malformed, or have no key or no right signature, of one client address "
                "(429); or none"),
};
static const struct schema limits_schema = {"limits", limits_rows, COUNT_OF(limits_rows), 0, NULL};

static const struct schema_row timeouts_rows[] = {
    ROW(timeouts_settings, head_ms, "head", SCHEMA_DURATION, .preset = "10s", .min = 100, .max = 3600000,
        .help = "for a whole request head (408)"),
    ROW(timeouts_settings, idle_ms, "idle", SCHEMA_DURATION, .preset = "75s", .min = 100, .max = 86400000,
        .help = "between requests, and without progress in a body"),
    ROW(timeouts_settings, body_ms, "body", SCHEMA_DURATION, .preset = "30s", .min = 100, .max = 86400000,
        .help = "for a body to come (408), or pending output to be taken, and a second more for each limits.body_rate"),
    ROW(timeouts_settings, drain_ms, "drain", SCHEMA_DURATION, .preset = "30s", .min = 0, .max = 3600000,
        .help = "for requests under way at the end"),
    ROW(timeouts_settings, drain_delay_ms, "drain_delay", SCHEMA_DURATION, .preset = "0s", .min = 0, .max = 3600000,
        .help = "how long connections are still accepted at the end, while /readyz fails already"),
};
static const struct schema timeouts_schema = {"timeouts", timeouts_rows, COUNT_OF(timeouts_rows), 0, NULL};

static const char *const log_formats[] = {"text", "json", NULL};
static const char *const log_levels[] = {"debug", "info", "warning", "error", NULL};
static const char *const log_audits[] = {"auto", "on", "off", NULL};
static const char *const log_traces[] = {"pass", "start", NULL};
static const struct schema_row log_rows[] = {
    ROW(log_settings, format, "format", SCHEMA_ENUM, .preset = "text", .words = log_formats, .help = "of each line"),
    ROW(log_settings, level, "level", SCHEMA_ENUM, .preset = "info", .words = log_levels,
        .help = "least level written"),
    ROW(log_settings, access, "access", SCHEMA_BOOL, .preset = "true", .help = "one line for each request"),
    ROW(log_settings, audit, "audit", SCHEMA_ENUM, .preset = "auto", .words = log_audits,
        .help = "one line for each refused token; auto: where no access lines tell of it"),
    ROW(log_settings, to, "to", SCHEMA_TEXT, .preset = "stderr",
        .help = "where lines go: stderr, syslog, or a path with a \"/\""),
    ROW(log_settings, access_to, "access_to", SCHEMA_TEXT, .help = "where access lines go, as to; default: as to"),
    ROW(log_settings, audit_to, "audit_to", SCHEMA_TEXT,
        .help = "where the lines of refused tokens go, as to; default: as to"),
    ROW(log_settings, trace, "trace", SCHEMA_ENUM, .preset = "pass", .words = log_traces,
        .help = "requests without traceparent: pass, as they are; start, with one of the gateway's"),
};
static const struct schema log_schema = {"log", log_rows, COUNT_OF(log_rows), 0, NULL};

static const struct schema_row certificate_rows[] = {
    ROW(certificate_settings, file, "file", SCHEMA_TEXT, .is_required = true,
        .help = "PEM, DER, or PFX without password"),
};
static const struct schema certificate_schema = {"certificates", certificate_rows, COUNT_OF(certificate_rows),
                                                 NODE_AT(certificate_settings), NULL};

static const struct schema_row settings_rows[] = {
    ROW(settings, listeners, "listeners", SCHEMA_LIST, .is_required = true, .table = &settings_listener_schema,
        .item_bytes = sizeof(struct listener_settings), .help = "where clients connect"),
    ROW(settings, admin, "admin", SCHEMA_STRUCT, .table = &settings_admin_schema,
        .help = "health and metrics; off for none"),
    ROW(settings, workers, "workers", SCHEMA_NODE, .help = "threads; auto: the processors this process may use"),
    ROW(settings, keys, "keys", SCHEMA_STRUCT, .table = &keys_schema, .help = "how key sets are fetched and kept"),
    ROW(settings, providers, "providers", SCHEMA_LIST, .table = &provider_schema,
        .item_bytes = sizeof(struct provider_settings), .help = "how to reach providers that policies name"),
    ROW(settings, algorithms, "algorithms", SCHEMA_TEXTS,
        .help = "narrows the signature algorithms that policies accept, each as a token's alg names it"),
    ROW(settings, named_values, "named_values", SCHEMA_NODE, .help = "texts for {{name}} in policies"),
    ROW(settings, certificates, "certificates", SCHEMA_MAP, .table = &certificate_schema,
        .item_bytes = sizeof(struct certificate_settings), .help = "certificate-id in policies"),
    ROW(settings, limits, "limits", SCHEMA_STRUCT, .table = &limits_schema, .help = "sizes and counts"),
    ROW(settings, timeouts, "timeouts", SCHEMA_STRUCT, .table = &timeouts_schema, .help = "towards clients"),
    ROW(settings, log, "log", SCHEMA_STRUCT, .table = &log_schema, .help = "what is written where"),
    ROW(settings, trusted_proxies, "trusted_proxies", SCHEMA_TEXTS,
        .help = "addresses, networks such as 10.0.0.0/8, or unix:, of proxies whose X-Forwarded-* fields are believed"),
    ROW(settings, user, "user", SCHEMA_TEXT,
        .help = "NAME or NAME:GROUP that a gateway started as root becomes once its sockets are open"),
    ROW(settings, dpop, "dpop", SCHEMA_STRUCT, .table = &dpop_schema,
        .help = "proofs of possession (RFC 9449) for tokens with cnf.jkt"),
    ROW(settings, revocation, "revocation", SCHEMA_TEXT,
        .help = "YAML file of revoked tokens, read again when it changes"),
    ROW(settings, backends, "backends", SCHEMA_MAP, .is_required = true, .table = &settings_backend_schema,
        .item_bytes = sizeof(struct backend_settings), .help = "where requests go"),
    ROW(settings, routes, "routes", SCHEMA_LIST, .is_required = true, .table = &settings_route_schema,
        .item_bytes = sizeof(struct route_settings), .help = "what goes where under which policy"),
};
static const struct schema settings_table = {"gateway", settings_rows, COUNT_OF(settings_rows), NODE_AT(settings),
                                             NULL};

const struct schema *settings_schema(void)
{
    return &settings_table;
}

bool settings_read(struct settings *settings, const char *file, struct span text, struct arena *arena,
                   struct problems *problems)
{
    *settings = (struct settings){0};
    struct node *root = node_read_yaml(arena, file, text, problems);
    if (root == NULL)
        return false;
    if (root->kind != NODE_MAP)
        return problem_error(problems, root, "the configuration is a map of listeners, backends, routes and more");
    bool is_ok = node_substitute(root, arena, problems);
    return schema_read(&settings_table, root, settings, arena, problems) && is_ok;
}
