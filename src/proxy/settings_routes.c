/* SPDX-License-Identifier: Apache-2.0 */
/* The tables of routes. */
#include "settings_int.h"

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

/* websocket: true */
static bool websocket_short(const struct node *node, void *out, struct arena *arena, struct problems *problems)
{
    struct websocket_settings *websocket = out;
    (void)arena;
    websocket->is_on = node->kind == NODE_BOOL && span_eq(node->text, SPAN("true"));
    websocket->node = NULL;
    return node->kind == NODE_BOOL ||
           problem_error(problems, node, "\"websocket\" takes true, false, or a map such as { idle: 1h }");
}

static const struct schema_row websocket_rows[] = {
    ROW(websocket_settings, idle_ms, "idle", SCHEMA_DURATION, .preset = "1h", .min = 100, .max = 86400000,
        .help = "without a byte in either direction, then the connection is closed"),
    ROW(websocket_settings, ends_with_token, "ends_with_token", SCHEMA_BOOL, .preset = "false",
        .help = "close the connection when the token that opened it expires"),
};
static const struct schema websocket_schema = {"websocket", websocket_rows, COUNT_OF(websocket_rows),
                                               NODE_AT(websocket_settings), websocket_short};

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
    ROW(route_settings, websocket, "websocket", SCHEMA_STRUCT, .table = &websocket_schema,
        .help = "let WebSocket connections through, once their handshake was judged; default: false"),
    ROW(route_settings, forward_auth, "forward_auth", SCHEMA_BOOL, .preset = "false",
        .help = "let other proxies ask at /_jwtgate/auth/NAME whether a token passes"),
};
const struct schema settings_route_schema = {"routes", route_rows, COUNT_OF(route_rows), NODE_AT(route_settings), NULL};
