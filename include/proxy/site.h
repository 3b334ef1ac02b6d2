/* SPDX-License-Identifier: Apache-2.0 */
/* All a worker needs to know, built whole from the configuration and never written again: routes with their rules, backends,
 * limits.
 *
 * A site is built beside the running one and published or dropped.  Reading (site_read) touches files only; site_start then
 * takes the issuers and the servers, on the control thread.
 */
#ifndef PROXY_SITE_H
#define PROXY_SITE_H

#include "base/log_sink.h"
#include "http/h1.h"
#include "http/refusal.h"
#include "http/uri.h"
#include "oidc/issuer.h"
#include "policy/judge.h"
#include "policy/plan.h"
#include "proxy/balance.h"
#include "proxy/servers.h"
#include "proxy/settings.h"
#include "proxy/trusted.h"
#include "server/transport.h"

#include <sys/socket.h>
#include <sys/types.h>

struct site_server {
    struct span url;
    struct uri uri;   /* of a unix socket that of http://localhost */
    const char *host; /* for SNI and the certificate's name */
    const char *path; /* of a unix socket; NULL: none */
    unsigned weight;
    struct span key;       /* differs where nothing must be shared: backend, URL and TLS settings */
    struct server *shared; /* after site_start */
};

enum host_header { HOST_OF_BACKEND, HOST_OF_CLIENT, HOST_FIXED };

struct site_backend {
    struct span name;
    const struct backend_settings *settings;
    struct site_server *servers;
    size_t server_count;    /* BALANCE_SERVERS_MAX at most */
    struct tls_client *tls; /* for https servers; NULL where there is none */
    const char *tls_name;   /* for SNI and the certificate; NULL: the URL's host */
    struct backend_timeouts_settings timeouts;
    enum host_header host_header;
    struct span host_fixed;
    size_t index;
    struct metric_series *duration, *retries, *panics; /* after site_start */
};

enum { STATUS_SLOTS = 500 }; /* statuses 100-599 */

/* Series of a route, made at first use. */
struct route_figures {
    _Atomic(struct metric_series *) by_status[STATUS_SLOTS];
    _Atomic(struct metric_series *) by_reason[REASON_COUNT];
    struct metric_series *duration;
    struct metric_series *asked_passed, *asked_refused; /* forward auth; NULL where the route has none */
    bool has_warned;                                    /* of a template that takes any tenant; control thread only */
};

enum route_mode { MODE_ENFORCE, MODE_REPORT_ONLY };

/* A header for the backend made of a claim. */
struct identity_header {
    struct span name;
    struct span claim; /* its name, or with is_path names separated by `/` */
    bool is_path;
    bool is_list; /* written as a list also where the claim is one text */
};

/* What is told of a protected resource (RFC 9728), written when the site is built. */
struct site_resource {
    struct span host; /* of its identifier, without port */
    uint16_t port;
    bool is_https;
    struct span path; /* where it is served */
    struct span url;  /* the same as a URL, for challenges */
    struct span body;
    const struct site_route *route;
};

/* One of a plan's rules, with what it needs to run. */
struct site_rule {
    const struct rule *rule; /* of the route's plan */
    const struct site_route *route;
    struct issuer *const *issuers; /* one for each of the rule's providers; after site_start */
    size_t index;                  /* among all rules of the site */
};

/* Where a set-backend-service with fixed texts leads. */
struct site_target {
    struct site_backend *backend; /* NULL: named by an expression */
    struct span prefix;           /* path before the request's, without a slash at its end */
};

struct site_route {
    struct span name;
    const struct span *hosts; /* lower case; "*.x" as ".x" */
    size_t host_count;        /* 0: any */
    struct span path;
    struct span lax_path; /* as a lax reader decodes it: compared with requests decoded the same way */
    unsigned methods;     /* bit 1 << enum method; 0: all */
    struct span rewrite;
    bool has_rewrite;
    struct site_backend *backend;
    bool is_public;
    bool has_pipeline;                 /* the plan is more than one plain rule */
    struct plan plan;                  /* without a step where public */
    uint64_t policy_mark;              /* of what its policy's files held; another where it was other */
    const struct site_rule *rules;     /* one for each of the plan's rules, in their order */
    const struct site_target *targets; /* by the plan's steps */
    const struct plan_cors *cors;      /* NULL: none; it answers preflights */
    struct span realm;
    bool expose_reason, forward_token;
    enum error_shape shape;
    enum route_mode mode;
    enum cnf_mode cnf;
    bool has_forward_auth; /* other proxies may ask about it */
    bool tells_scope;      /* 403 where only required claims failed */
    struct websocket_settings websocket;
    const struct identity_header *identity;
    size_t identity_count;
    const struct site_resource *resource; /* NULL: none */
    struct route_figures *figures;        /* after site_start */
    const struct node *node;
    size_t index;
};

/* A host of a route: what lookup walks, most specific host first, then longest path, then order of the file. */
struct site_entry {
    struct span host; /* lower case; "*.x" as ".x"; empty: any */
    const struct site_route *route;
};

/* What a listener needs beside its settings. */
struct site_listener {
    struct tls_server *tls;   /* NULL: plain */
    unsigned char digest[32]; /* of the files that it was made from, see listener_tls_digest */
};

/* Whom the settings ask to become. */
struct site_user {
    const char *name; /* NULL: nobody */
    uid_t user;
    gid_t group;
};

struct site {
    _Atomic(unsigned) references;
    struct arena arena;
    struct settings settings;
    struct listener_settings admin_listener; /* that of settings.admin, as far as TLS concerns it */
    struct site_listener *listeners;         /* one for each of settings.listeners, and one more for that of admin */
    size_t listener_count;                   /* of settings.listeners */
    struct site_route *routes;
    size_t route_count;
    struct site_entry *entries;
    size_t entry_count;
    struct site_rule *rules; /* of all routes */
    size_t rule_count;
    struct site_backend *backends;
    size_t backend_count;
    const struct span *identity_names; /* names of all routes' identity headers: no client may send them */
    size_t identity_count;
    uint64_t identity_lengths; /* bit n % 64: some name has n bytes */
    struct site_resource *resources;
    size_t resource_count;
    struct trusted trusted; /* proxies before the gateway */
    bool has_forward_auth;  /* some route has */
    struct h1_limits limits;
    struct token_limits token_limits;
    struct site_user user;
    struct log_place log_places[LOG_STREAM_COUNT];
    struct revocation *revocation; /* of the file that the settings name, as it was when they were read; NULL: none */
};

/* Reads and checks everything; NULL after errors.  `now_s` is for warnings about certificates.  One reference. */
struct site *site_read(const char *file, struct span text, int64_t now_s, struct problems *problems) MUST_CHECK;

/* What sites that run have in common. */
struct site_means {
    struct issuers *issuers;
    struct servers *servers;
    struct metrics *metrics;
};

/* Makes the site fit to run: issuers, servers and series taken.  Control thread; waits for names that were never looked up, up to
 * NAMES_START_MS.
 */
bool site_start(struct site *site, const struct site_means *means, struct err *err) MUST_CHECK;
/* Shows what its configuration tells, limits of backends and ends of certificates, in place of what another site showed.  Control
 * thread, when the site is published.
 */
void site_show(const struct site *site, struct metrics *metrics);

/* One reference more, less; any thread.  The last one must be released before the registries of issuers and servers go. */
struct site *site_take(struct site *site);
/* One reference less; NULL is let through. */
void site_release(struct site *site);

/* The timing for issuers_configure. */
struct issuer_timing site_timing(const struct site *site);

/* How many of site->listeners there are, and the settings of each: those of settings.listeners, then that of admin. */
static inline size_t site_tls_count(const struct site *site)
{
    return site->listeners == NULL ? 0 : site->listener_count + 1;
}
static inline const struct listener_settings *site_tls_settings(const struct site *site, size_t index)
{
    const struct listener_settings *settings = site->settings.listeners.at;
    return index < site->listener_count ? &settings[index] : &site->admin_listener;
}

/* How many workers the settings ask for, from 1. */
unsigned site_workers(const struct site *site);

#endif
