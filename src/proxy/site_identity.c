/* SPDX-License-Identifier: Apache-2.0 */
/* `claims_to_headers`: its names and claims read, gathered over all routes, and told of where a client could still forge. */
#include "proxy/identity.h"
#include "site_int.h"

/* Headers that frameworks and proxies of the field believe without asking. */
static const struct span believed[] = {
    SPAN_INIT("Remote-User"),
    SPAN_INIT("X-Remote-User"),
    SPAN_INIT("X-User"),
    SPAN_INIT("X-User-Id"),
    SPAN_INIT("X-Forwarded-User"),
    SPAN_INIT("X-Forwarded-Email"),
    SPAN_INIT("X-Forwarded-Groups"),
    SPAN_INIT("X-Forwarded-Preferred-Username"),
    SPAN_INIT("X-Auth-Request-User"),
    SPAN_INIT("X-Auth-Request-Email"),
    SPAN_INIT("X-Auth-Request-Groups"),
    SPAN_INIT("X-Authenticated-User"),
    SPAN_INIT("X-Authenticated-Userid"),
    SPAN_INIT("X-Consumer-Username"),
    SPAN_INIT("X-Credential-Identifier"),
    SPAN_INIT("X-Userinfo"),
    SPAN_INIT("X-Webauth-User"),
    SPAN_INIT("X-Ms-Client-Principal"),
    SPAN_INIT("X-Ms-Client-Principal-Id"),
    SPAN_INIT("X-Ms-Client-Principal-Name"),
    SPAN_INIT("X-Goog-Authenticated-User-Email"),
    SPAN_INIT("X-Amzn-Oidc-Identity"),
    SPAN_INIT("X-Client-Cert"),
    SPAN_INIT("X-Ssl-Client-Cert"),
    SPAN_INIT("Ssl-Client-S-Dn"),
};

/* Fields that say how to read a message, carry credentials, or that the gateway writes itself. */
static const struct span taken[] = {
    SPAN_INIT("Cookie"),           SPAN_INIT("Set-Cookie"),          SPAN_INIT("Content-Encoding"),
    SPAN_INIT("Content-Language"), SPAN_INIT("Content-Location"),    SPAN_INIT("Content-Range"),
    SPAN_INIT("If-Match"),         SPAN_INIT("If-None-Match"),       SPAN_INIT("If-Modified-Since"),
    SPAN_INIT("If-Range"),         SPAN_INIT("If-Unmodified-Since"), SPAN_INIT("Range"),
};

/* In any of its spellings: then it would be marked as a hop's own and never reach the backend. */
static bool is_known_field(struct span name)
{
    for (int id = FIELD_OTHER + 1; id < FIELD_COUNT; id++)
        if (field_is_spelled(name, span_str(field_name((enum field_id)id))))
            return true;
    for (size_t i = 0; i < COUNT_OF(taken); i++)
        if (field_is_spelled(name, taken[i]))
            return true;
    return field_is_method(name);
}

static bool check_name(struct site_build *build, struct span name, const struct node *node)
{
    if (!h1_is_token(name))
        return problem_key(build->problems, node, "\"%s\" is no header name", QUOTED(name));
    return !is_known_field(name) ||
           problem_key(build->problems, node,
                       "\"%s\" has a meaning of its own and is not made of a claim; choose another header",
                       QUOTED(name));
}

static bool check_claim(struct site_build *build, const struct claim_header_settings *settings)
{
    if (site_has(settings->claim) == site_has(settings->path))
        return problem_error(build->problems, settings->node,
                             "header \"%s\" is made of a claim: give \"claim\", or \"path\" for a nested one",
                             QUOTED(settings->name));
    if (site_has(settings->path))
        return rule_is_claim_path(settings->path) || problem_error(build->problems, node_member(settings->node, "path"),
                                                                   "path: names separated by / are expected");
    return settings->claim.len > 0 || problem_error(build->problems, settings->node,
                                                    "the claim of header \"%s\" is empty", QUOTED(settings->name));
}

/* Whether a header of the list before `count` is the same to some reader. */
static bool is_repeated(const struct identity_header *headers, size_t count, struct span name)
{
    for (size_t i = 0; i < count; i++)
        if (field_is_spelled(name, headers[i].name))
            return true;
    return false;
}

static bool build_header(struct site_build *build, const struct claim_header_settings *settings,
                         struct identity_header *headers, size_t at)
{
    bool has_path = site_has(settings->path);
    headers[at] = (struct identity_header){.name = settings->name,
                                           .claim = has_path ? settings->path : settings->claim,
                                           .is_path = has_path,
                                           .is_list = node_member(settings->node, "join") != NULL};
    bool is_ok = check_name(build, settings->name, settings->node);
    if (is_ok && is_repeated(headers, at, settings->name))
        is_ok = problem_key(build->problems, settings->node,
                            "\"%s\" stands there twice: letter case is not counted, and _ or . is -",
                            QUOTED(settings->name));
    return check_claim(build, settings) && is_ok;
}

bool site_build_identity(struct site_build *build, const struct route_settings *settings, struct site_route *route)
{
    const struct claim_header_settings *from = settings->claims_to_headers.at;
    size_t count = settings->claims_to_headers.count;
    struct identity_header *headers = arena_zero(&build->site->arena, count * sizeof *headers);
    bool is_ok = headers != NULL;
    if (count > 0 && site_is_public(settings))
        return problem_key(build->problems, site_place(settings->node, "claims_to_headers"),
                           "a public route judges no token, so there are no claims for headers");
    for (size_t i = 0; headers != NULL && i < count; i++)
        is_ok = from[i].node != NULL && build_header(build, &from[i], headers, i) && is_ok;
    route->identity = headers;
    route->identity_count = is_ok ? count : 0;
    return is_ok;
}

/* A header that some route reads its token from would not reach that route's backend: identity headers are taken out everywhere. */
static bool check_source(const struct site_build *build, struct span name, const struct node *node)
{
    const struct site *site = build->site;
    for (size_t i = 0; i < site->rule_count; i++) {
        const struct rule *rule = site->rules[i].rule;
        if (rule->source == TOKEN_FROM_HEADER && field_is_spelled(name, rule->source_name))
            return problem_key(build->problems, node, "\"%s\" is where route \"%s\" reads its token from", QUOTED(name),
                               QUOTED(site->rules[i].route->name));
    }
    return true;
}

static bool check_sources(const struct site_build *build)
{
    const struct site *site = build->site;
    const struct route_settings *settings = site->settings.routes.at;
    bool is_ok = true;
    for (size_t i = 0; i < site->route_count; i++) {
        const struct claim_header_settings *from = settings[i].claims_to_headers.at;
        for (size_t j = 0; j < site->routes[i].identity_count; j++)
            is_ok = check_source(build, from[j].name, from[j].node) && is_ok;
    }
    return is_ok;
}

/* Adds the names of a route that are not there yet. */
static void add_names(struct site *site, const struct site_route *route, struct span *names)
{
    for (size_t i = 0; i < route->identity_count; i++) {
        if (identity_is_name(site, route->identity[i].name))
            continue;
        names[site->identity_count++] = route->identity[i].name;
        site->identity_lengths |= UINT64_C(1) << (route->identity[i].name.len & 63);
    }
}

/* Who makes headers of claims has backends that believe headers. */
static void note_forgeable(const struct site_build *build)
{
    const struct site *site = build->site;
    AUTO(buf) names = {0};
    for (size_t i = 0; i < COUNT_OF(believed); i++) {
        if (identity_is_name(site, believed[i]))
            continue;
        buf_add_str(&names, buf_len(&names) == 0 ? "" : ", ");
        buf_add_span(&names, believed[i]);
    }
    for (size_t i = 0; i < site->route_count && buf_len(&names) > 0 && !names.is_broken; i++) {
        if (site->routes[i].identity_count == 0)
            continue;
        problem_note(build->problems, node_member(site->routes[i].node, "claims_to_headers"),
                     "clients can forge every identity header that no claims_to_headers names; if a backend believes "
                     "one of these, name it: %.*s",
                     SPAN_ARG(buf_span(&names)));
        return;
    }
}

bool site_gather_identity(struct site_build *build)
{
    struct site *site = build->site;
    size_t count = 0;
    for (size_t i = 0; i < site->route_count; i++)
        count += site->routes[i].identity_count;
    struct span *names = arena_zero(&site->arena, count * sizeof *names);
    if (names == NULL)
        return false;
    site->identity_names = names;
    for (size_t i = 0; i < site->route_count; i++)
        add_names(site, &site->routes[i], names);
    note_forgeable(build);
    return check_sources(build);
}
