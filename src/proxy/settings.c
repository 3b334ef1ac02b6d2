/* SPDX-License-Identifier: Apache-2.0 */
/* The tables of the configuration file. */
#include "proxy/settings.h"

#define ROW(struct_, member_, name_, kind_, ...)                                                   \
    {                                                                                              \
        .name = (name_), .kind = (kind_), .offset = offsetof(struct struct_, member_), __VA_ARGS__ \
    }
#define LATER(name_)                                                       \
    {                                                                      \
        .name = (name_), .kind = SCHEMA_LATER, .help = "not supported yet" \
    }
#define NODE_AT(struct_) .node_offset = offsetof(struct struct_, node) + 1

static const struct schema_row listener_rows[] = {
    ROW(listener_settings, bind, "bind", SCHEMA_TEXT, .is_required = true,
        .help = "address and port: IPv4:PORT or [IPv6]:PORT; port 0 takes a free one"),
    LATER("tls"),
};
static const struct schema listener_schema = {"listeners", listener_rows, COUNT_OF(listener_rows),
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

static const struct schema_row admin_rows[] = {
    ROW(admin_settings, bind, "bind", SCHEMA_TEXT, .preset = "127.0.0.1:9180",
        .help = "loopback address and port of /livez, /readyz and /metrics"),
    LATER("token"),
    LATER("health"),
    LATER("console"),
    LATER("tls"),
    LATER("client_ca"),
};
static const struct schema admin_schema = {"admin", admin_rows, COUNT_OF(admin_rows), NODE_AT(admin_settings),
                                           admin_off};

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
        .help = "requests of one worker that may wait at the same time"),
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
    ROW(limits_settings, connections, "connections", SCHEMA_INT, .preset = "10000", .min = 1, .max = 1000000,
        .help = "client connections of the process"),
};
static const struct schema limits_schema = {"limits", limits_rows, COUNT_OF(limits_rows), 0, NULL};

static const struct schema_row timeouts_rows[] = {
    ROW(timeouts_settings, head_ms, "head", SCHEMA_DURATION, .preset = "10s", .min = 100, .max = 3600000,
        .help = "for a whole request head (408)"),
    ROW(timeouts_settings, idle_ms, "idle", SCHEMA_DURATION, .preset = "75s", .min = 100, .max = 86400000,
        .help = "between requests, and without progress in a body"),
    ROW(timeouts_settings, drain_ms, "drain", SCHEMA_DURATION, .preset = "30s", .min = 0, .max = 3600000,
        .help = "for requests under way at the end"),
};
static const struct schema timeouts_schema = {"timeouts", timeouts_rows, COUNT_OF(timeouts_rows), 0, NULL};

static const char *const log_formats[] = {"text", "json", NULL};
static const char *const log_levels[] = {"debug", "info", "warning", "error", NULL};
static const char *const log_sinks[] = {"stderr", NULL};
static const struct schema_row log_rows[] = {
    ROW(log_settings, format, "format", SCHEMA_ENUM, .preset = "text", .words = log_formats, .help = "of each line"),
    ROW(log_settings, level, "level", SCHEMA_ENUM, .preset = "info", .words = log_levels,
        .help = "least level written"),
    ROW(log_settings, access, "access", SCHEMA_BOOL, .preset = "true", .help = "one line for each request"),
    ROW(log_settings, to, "to", SCHEMA_ENUM, .preset = "stderr", .words = log_sinks, .help = "where lines go"),
};
static const struct schema log_schema = {"log", log_rows, COUNT_OF(log_rows), 0, NULL};

static const struct schema_row certificate_rows[] = {
    ROW(certificate_settings, file, "file", SCHEMA_TEXT, .is_required = true,
        .help = "PEM, DER, or PFX without password"),
};
static const struct schema certificate_schema = {"certificates", certificate_rows, COUNT_OF(certificate_rows),
                                                 NODE_AT(certificate_settings), NULL};

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
    LATER("certificate"),
    LATER("key"),
    LATER("client_certificate"),
    LATER("client_key"),
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
static const struct schema backend_schema = {"backends", backend_rows, COUNT_OF(backend_rows),
                                             NODE_AT(backend_settings), NULL};

/* X-User: upn */
static bool claim_header_short(const struct node *node, void *out, struct arena *arena, struct problems *problems)
{
    struct claim_header_settings *header = out;
    bool is_text = node->kind == NODE_TEXT;
    (void)arena;
    header->claim = is_text ? node->text : (struct span){NULL, 0};
    header->node = is_text ? node : NULL; /* without one it is passed over later */
    return is_text ||
           problem_error(problems, node,
                         "a header is made of a claim: its name, or a map such as { claim: groups, join: csv }");
}

static const char *const claim_joins[] = {"csv", NULL};
static const struct schema_row claim_header_rows[] = {
    ROW(claim_header_settings, claim, "claim", SCHEMA_TEXT, .help = "name of the claim"),
    ROW(claim_header_settings, path, "path", SCHEMA_TEXT,
        .help = "in place of claim: a nested one, names separated by /"),
    ROW(claim_header_settings, join, "join", SCHEMA_ENUM, .words = claim_joins,
        .help =
            "write one text like a list of one too, its commas as %2C; lists always have commas between their items"),
};
static const struct schema claim_header_schema = {"claims_to_headers", claim_header_rows, COUNT_OF(claim_header_rows),
                                                  NODE_AT(claim_header_settings), claim_header_short};

static const struct schema_row resource_rows[] = {
    ROW(resource_settings, resource, "resource", SCHEMA_TEXT, .is_required = true,
        .help = "identifier of the protected resource: its URL as clients know it, https or http on loopback"),
    ROW(resource_settings, authorization_servers, "authorization_servers", SCHEMA_TEXTS,
        .help = "issuers whose tokens are taken"),
    ROW(resource_settings, scopes, "scopes_supported", SCHEMA_TEXTS, .help = "scopes to ask for"),
    ROW(resource_settings, name, "resource_name", SCHEMA_TEXT, .help = "for people"),
    ROW(resource_settings, documentation, "resource_documentation", SCHEMA_TEXT,
        .help = "URL of a page for developers"),
};
static const struct schema resource_schema = {"resource_metadata", resource_rows, COUNT_OF(resource_rows),
                                              NODE_AT(resource_settings), NULL};

static const char *const error_shapes[] = {"apim", "problem+json", "odata", NULL};
static const char *const route_modes[] = {"enforce", "report-only", NULL};
static const char *const cnf_modes[] = {"refuse", "ignore", NULL};
static const char *const scope_statuses[] = {"401", "403", NULL};
static const struct schema_row route_rows[] = {
    ROW(route_settings, name, "name", SCHEMA_TEXT, .is_required = true, .help = "for logs, metrics and the realm"),
    ROW(route_settings, hosts, "host", SCHEMA_TEXTS, .one_is_list = true,
        .help = "exact or *.example.com; default: any"),
    ROW(route_settings, path, "path", SCHEMA_TEXT, .is_required = true,
        .help = "/a matches /a and /a/...; /a/ only what is below"),
    ROW(route_settings, methods, "methods", SCHEMA_TEXTS, .help = "default: all"),
    ROW(route_settings, rewrite, "rewrite", SCHEMA_TEXT, .help = "replaces the matched prefix"),
    ROW(route_settings, backend, "backend", SCHEMA_TEXT, .is_required = true, .help = "name of a backend"),
    ROW(route_settings, policy, "policy", SCHEMA_NODE,
        .help = "file with a policy document, a list of them joined by <base/>, or none for a public route"),
    ROW(route_settings, validate_jwt, "validate_jwt", SCHEMA_NODE, .help = "the same policy in YAML"),
    ROW(route_settings, realm, "realm", SCHEMA_TEXT, .help = "in WWW-Authenticate; default: the name"),
    ROW(route_settings, expose_reason, "expose_reason", SCHEMA_BOOL, .preset = "false",
        .help = "tell clients the reason as error_description"),
    ROW(route_settings, forward_token, "forward_token", SCHEMA_BOOL, .preset = "true",
        .help = "send the judged token on to the backend"),
    ROW(route_settings, errors, "errors", SCHEMA_ENUM, .preset = "apim", .words = error_shapes,
        .help = "body of refusals"),
    ROW(route_settings, mode, "mode", SCHEMA_ENUM, .preset = "enforce", .words = route_modes,
        .help = "report-only lets pass what the policy refuses, but logs and counts it"),
    ROW(route_settings, insufficient_scope, "insufficient_scope", SCHEMA_ENUM, .preset = "401", .words = scope_statuses,
        .help = "403: status where only required claims failed; 401: the policy's"),
    ROW(route_settings, claims_to_headers, "claims_to_headers", SCHEMA_MAP, .table = &claim_header_schema,
        .item_bytes = sizeof(struct claim_header_settings), .help = "headers for the backend made of claims"),
    ROW(route_settings, resource_metadata, "resource_metadata", SCHEMA_STRUCT, .table = &resource_schema,
        .help = "protected resource metadata (RFC 9728), served and named in challenges"),
    ROW(route_settings, cnf, "cnf", SCHEMA_ENUM, .preset = "refuse", .words = cnf_modes,
        .help = "tokens bound to a key that can't be checked: refuse, or ignore the binding"),
    ROW(route_settings, cors, "cors", SCHEMA_NODE, .help = "answers to browsers of other origins"),
    LATER("forward_auth"),
};
static const struct schema route_schema = {"routes", route_rows, COUNT_OF(route_rows), NODE_AT(route_settings), NULL};

static const struct schema_row settings_rows[] = {
    ROW(settings, listeners, "listeners", SCHEMA_LIST, .is_required = true, .table = &listener_schema,
        .item_bytes = sizeof(struct listener_settings), .help = "where clients connect"),
    ROW(settings, admin, "admin", SCHEMA_STRUCT, .table = &admin_schema, .help = "health and metrics; off for none"),
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
    LATER("trusted_proxies"),
    ROW(settings, dpop, "dpop", SCHEMA_STRUCT, .table = &dpop_schema,
        .help = "proofs of possession (RFC 9449) for tokens with cnf.jkt"),
    ROW(settings, revocation, "revocation", SCHEMA_TEXT,
        .help = "YAML file of revoked tokens, read again when it changes"),
    ROW(settings, backends, "backends", SCHEMA_MAP, .is_required = true, .table = &backend_schema,
        .item_bytes = sizeof(struct backend_settings), .help = "where requests go"),
    ROW(settings, routes, "routes", SCHEMA_LIST, .is_required = true, .table = &route_schema,
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
