/* SPDX-License-Identifier: Apache-2.0 */
/* Building a site, for the files of this folder. */
#ifndef PROXY_SITE_INT_H
#define PROXY_SITE_INT_H

#include "proxy/site.h"

struct site_build {
    struct site *site;
    const char *file;
    int64_t now_s;
    struct rule_settings rules;
    uint64_t policy_mark; /* of the documents of the route being built */
    struct problems *problems;
};

/* Everything is looked at also after errors, so values may be missing: the table that misses them has told, and they are passed
 * over here.  A list's item that is no map has no node at all.
 */
static inline bool site_has(struct span text)
{
    return text.at != NULL;
}

/* Whether a list stands at `key`, be it empty: all else the table has told about. */
static inline bool site_has_list(const struct node *map, const char *key)
{
    const struct node *list = node_member(map, key);
    return list != NULL && (list->kind == NODE_LIST || list->kind == NODE_MAP || list->kind == NODE_NULL);
}

/* Whether the route is public on purpose. */
static inline bool site_is_public(const struct route_settings *settings)
{
    const struct node *policy = settings->policy;
    return policy != NULL && policy->kind == NODE_TEXT && span_eq(policy->text, SPAN("none"));
}

/* Where `key` stands, or the map that lacks it. */
const struct node *site_place(const struct node *map, const char *key);

/* Whom `user` names; problems are added. */
bool site_build_user(struct site_build *build) MUST_CHECK;
/* Warns of keys and certificates that this user could not read, where root looks; after all that names files. */
void site_warn_unreadable(struct site_build *build);
/* Where the log goes; problems are added. */
bool site_build_log(struct site_build *build) MUST_CHECK;
/* Backends out of the settings; problems are added. */
bool site_build_backends(struct site_build *build) MUST_CHECK;
/* The address at `bind` of that map; one that is missing has been told of. */
struct bind_address;
bool site_check_bind(struct problems *problems, const struct node *node, struct span text,
                     struct bind_address *address) MUST_CHECK;
/* Two sockets on one port fail at the start; port 0 takes a free one each time. */
bool site_check_apart(struct problems *problems, const struct node *node, struct span bind,
                      struct span other) MUST_CHECK;
/* What listeners, that of admin too, need beside their settings; problems are added. */
bool site_build_listeners(struct site_build *build) MUST_CHECK;
/* Whether the admin surface may be where it is to be, after site_build_listeners; problems are added. */
bool site_build_admin(struct site_build *build) MUST_CHECK;
/* Whether people can be signed in as admin.console says, after site_build_routes; problems are added. */
bool site_build_console(struct site_build *build) MUST_CHECK;
/* TLS towards the servers of a backend that has https ones. */
bool site_build_backend_tls(struct site_build *build, struct backend_settings *settings,
                            struct site_backend *backend) MUST_CHECK;
/* Its servers as all sites know them, and its series; the end of that. */
bool site_start_backends(struct site *site, const struct site_means *means, struct err *err) MUST_CHECK;
void site_release_servers(struct site_backend *backend);
/* A route's identity headers, then those of all routes as one list. */
bool site_build_identity(struct site_build *build, const struct route_settings *settings,
                         struct site_route *route) MUST_CHECK;
bool site_gather_identity(struct site_build *build) MUST_CHECK;
/* A route's resource metadata, into the site's list. */
bool site_build_resource(struct site_build *build, const struct route_settings *settings,
                         struct site_route *route) MUST_CHECK;
/* Whether other proxies may ask about the route, after its policy. */
bool site_build_forward_auth(struct site_build *build, const struct route_settings *settings,
                             struct site_route *route) MUST_CHECK;
/* A route's policy documents as its plan, and its cors. */
bool site_build_policy(struct site_build *build, const struct route_settings *settings,
                       struct site_route *route) MUST_CHECK;
/* The backend of that name, or NULL; with `node` that is told there, with the nearest name. */
struct site_backend *site_find_backend(struct site_build *build, struct span name, const struct node *node);
/* Routes with their rules and the entries for lookup. */
bool site_build_routes(struct site_build *build) MUST_CHECK;

/* Warnings about what has no effect, or another than it seems.  The site is built and without errors. */
void site_lint(const struct site_build *build);

/* Whether what stands at `node` was meant as a text: a number of YAML is written otherwise than it is read, 0660 as 660.  The problem
 * is added.
 */
bool site_is_quoted(struct problems *problems, const struct node *node, const char *key) MUST_CHECK;

/* The list of revoked tokens. */
bool site_build_revocation(struct site_build *build) MUST_CHECK;

/* The entries of `providers` and the store of keys, after the routes that name the providers. */
bool site_build_providers(struct site_build *build) MUST_CHECK;

#endif
