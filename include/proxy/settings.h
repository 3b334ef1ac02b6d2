/* SPDX-License-Identifier: Apache-2.0 */
/* The configuration file as structs, before names are looked up and policies read: one table a section.
 *
 * All texts live in the arena given to settings_read.
 */
#ifndef PROXY_SETTINGS_H
#define PROXY_SETTINGS_H

#include "base/schema.h"

/* A certificate chain with its key; which one a client gets is decided by the name that it asks for. */
struct tls_identity_settings {
    struct span certificate, key; /* PEM files */
    const struct node *node;
};

enum tls_clients { TLS_CLIENTS_REQUIRED, TLS_CLIENTS_OPTIONAL };

struct listener_tls_settings {
    struct span certificate, key;    /* PEM files; for names that no other certificate has */
    struct schema_list certificates; /* struct tls_identity_settings: further ones */
    struct span client_ca;           /* at NULL: clients are not asked for certificates */
    int clients;                     /* enum tls_clients */
    int min_version;                 /* 0: TLS 1.2, 1: TLS 1.3 */
    const struct node *node;         /* NULL: plain */
};

/* HTTP/2: by ALPN where there is TLS; on plain listeners only for clients that just begin with it; not at all. */
enum http2_mode { HTTP2_ALPN, HTTP2_PRIOR_KNOWLEDGE, HTTP2_OFF };

struct listener_settings {
    struct span bind;
    struct listener_tls_settings tls;
    int http2;           /* enum http2_mode */
    bool proxy_protocol; /* each connection begins with a PROXY protocol header, version 1 or 2 */
    struct span mode;    /* of a unix socket's file: octal digits */
    const struct node *node;
};

/* Probes and metrics alone, for whom no credentials can be given. */
struct admin_health_settings {
    struct span bind;
    const struct node *node; /* NULL: none */
};

/* Signing in from the token console, as a client of an OpenID provider. */
struct console_settings {
    struct span client_id;
    struct span client_secret; /* at NULL: a public client */
    struct span provider;      /* discovery URL or authority; at NULL: the route's first */
    struct schema_texts scopes;
    const struct node *parameters; /* a map of further parameters of the authorization request; NULL: none */
    const struct node *node;       /* NULL: nobody signs in */
};

struct admin_settings {
    bool is_off;
    struct span bind;
    struct span token;         /* what callers show as bearer token; at NULL: none is asked for */
    struct schema_texts hosts; /* names beside the bound address that callers may use in Host */
    struct listener_tls_settings tls;
    struct admin_health_settings health;
    struct console_settings console;
    const struct node *node; /* NULL: the default */
};

struct keys_settings {
    int64_t refresh_ms, cooldown_ms, max_stale_ms, timeout_ms, wait_ms, parked;
    bool allow_http;
    struct span store; /* a directory; at NULL: none */
};

/* What fetching from one provider needs beside its URL. */
struct provider_settings {
    struct span url;                                       /* discovery URL or authority, as policies name it */
    struct span ca, proxy, client_certificate, client_key; /* at NULL: none */
    bool is_name_checked, is_host_checked;
    const struct node *node;
};

/* Which scheme the URLs have that clients use: as the listener's, or the one of whoever ends TLS before the gateway. */
enum dpop_scheme { DPOP_SCHEME_AUTO, DPOP_SCHEME_HTTP, DPOP_SCHEME_HTTPS };

/* RFC 9449 */
struct dpop_settings {
    int64_t window_ms, replays;
    bool nonce;
    int scheme; /* enum dpop_scheme */
};

struct limits_settings {
    uint64_t head, field, target, token, document, body, body_buffer;
    int64_t fields, json_depth, connections;
    int64_t streams;            /* requests at the same time on one HTTP/2 connection */
    int64_t client_connections; /* of one client address; 0: none */
    int64_t client_refusals;    /* refused tokens of one client address a minute; 0: none */
    uint64_t body_rate;         /* bytes a second, see timeouts.body; 0: none */
};

struct timeouts_settings {
    int64_t head_ms, idle_ms, drain_ms;
    int64_t body_ms;        /* how long a body may be waited for, and a second more for each limits.body_rate of it */
    int64_t drain_delay_ms; /* how long connections are still accepted after readiness failed */
};

/* Refusals as lines of their own: always, never, or where the access log, which tells of them too, is off. */
enum log_audit { LOG_AUDIT_AUTO, LOG_AUDIT_ON, LOG_AUDIT_OFF };

/* What becomes of a request without a trace context: it goes on as it came, or a trace begins with it. */
enum log_trace { LOG_TRACE_PASS, LOG_TRACE_START };

struct log_settings {
    int format, level;
    struct span to, access_to, audit_to; /* stderr, syslog, syslog:PATH, or a path; the latter two at NULL: as `to` */
    bool access;
    int audit; /* enum log_audit */
    int trace; /* enum log_trace */
};

struct certificate_settings {
    struct span name;
    struct span file;
    const struct node *node;
};

struct server_settings {
    struct span url;
    int64_t weight;
    const struct node *node;
};

struct backend_tls_settings {
    struct span ca;
    bool verify;
    struct span server_name;                    /* for SNI and the certificate; at NULL: the URL's host */
    struct span client_certificate, client_key; /* PEM files; at NULL: none is shown */
    const struct node *node;
};

struct backend_timeouts_settings {
    int64_t connect_ms, response_ms, idle_ms;
    int64_t pending_ms; /* for a connection where backend.connections are in use */
};

/* Asking servers whether they live. */
struct health_settings {
    struct span path; /* at NULL: none is asked */
    int64_t interval_ms, timeout_ms, healthy, unhealthy;
    const struct node *node;
};

/* Leaving servers out that fail requests. */
struct ejection_settings {
    int64_t failures; /* in a row; 0: never */
    int64_t for_ms;   /* the first time; longer each time in a row */
};

enum balance { BALANCE_ROUND_ROBIN, BALANCE_LEAST_CONNECTIONS };

struct backend_settings {
    struct span name;
    struct schema_list servers; /* struct server_settings */
    struct backend_tls_settings tls;
    struct backend_timeouts_settings timeouts;
    struct span host_header; /* backend, client, or a name */
    int balance;             /* enum balance */
    struct health_settings health;
    struct ejection_settings ejection;
    int64_t connections; /* to one server, of the process; 0: none */
    int64_t pending;     /* requests of the process that may wait for one of them */
    int64_t retries;     /* other servers that a request may be sent to after one failed */
    int64_t resolve_ms;  /* how often names are looked up again */
    const struct node *node;
};

/* A header made of a claim. */
struct claim_header_settings {
    struct span name; /* of the header */
    struct span claim;
    struct span path; /* in place of claim: names separated by `/` */
    int join;         /* csv, the only one */
    const struct node *node;
};

/* RFC 9728 2: what is told of the protected resource. */
struct resource_settings {
    struct span resource; /* its identifier, an https URL */
    struct schema_texts authorization_servers;
    struct schema_texts scopes;
    struct span name, documentation;
    const struct node *node; /* NULL: the section is not there */
};

/* Whether WebSocket connections go through, once their handshake was judged. */
struct websocket_settings {
    bool is_on;
    int64_t idle_ms;      /* without a byte in either direction */
    bool ends_with_token; /* closed when the token that opened it expires */
    const struct node *node;
};

struct route_settings {
    struct span name;
    struct schema_texts hosts;
    struct span path;
    struct schema_texts methods;
    struct span rewrite; /* at NULL: none */
    struct span backend;
    const struct node *policy;       /* a file, a list of files, or none */
    const struct node *validate_jwt; /* a map */
    const struct node *cors;         /* a map */
    struct span realm;
    bool expose_reason, forward_token;
    int errors;                           /* enum error_shape */
    int mode;                             /* enum route_mode */
    int insufficient_scope;               /* 0: as every refusal, 1: 403 */
    int cnf;                              /* enum cnf_mode */
    struct schema_list claims_to_headers; /* struct claim_header_settings */
    struct resource_settings resource_metadata;
    struct websocket_settings websocket;
    bool forward_auth;
    const struct node *node;
};

struct settings {
    struct schema_list listeners; /* struct listener_settings */
    struct admin_settings admin;
    const struct node *workers; /* a number or auto; NULL: auto */
    struct keys_settings keys;
    struct schema_list providers; /* struct provider_settings */
    struct schema_texts algorithms;
    const struct node *named_values; /* a map of texts */
    struct schema_list certificates; /* struct certificate_settings */
    struct limits_settings limits;
    struct timeouts_settings timeouts;
    struct log_settings log;
    struct dpop_settings dpop;
    struct span revocation;              /* a file; at NULL: none */
    struct schema_texts trusted_proxies; /* addresses and networks */
    struct span user;                    /* to become when started as root; at NULL: stay */
    struct schema_list backends;         /* struct backend_settings */
    struct schema_list routes;           /* struct route_settings */
    const struct node *node;             /* the document */
};

enum { SETTINGS_BYTES_MAX = 1 << 20, SETTINGS_WORKERS_MAX = 64 };

/* The table of the whole file, for the reference. */
const struct schema *settings_schema(void);

/* Reads `text` (YAML) with substitutions.  False when a problem was an error. */
bool settings_read(struct settings *settings, const char *file, struct span text, struct arena *arena,
                   struct problems *problems) MUST_CHECK;

#endif
