/* SPDX-License-Identifier: Apache-2.0 */
/* A route's policy: documents joined to one plan, or the one rule of `validate_jwt`; what they name is looked up. */
#include "base/siphash.h"
#include "site_int.h"

/* A word that names no file was likely meant to switch the policy off. */
static const char *policy_hint(struct span file)
{
    bool is_word = span_chr(file, '.') == NULL && span_chr(file, '/') == NULL;
    return is_word ? "; for a public route write \"policy: none\"" : "";
}

static bool read_document(struct site_build *build, const struct node *node, struct problems *problems,
                          struct plan_document *document)
{
    struct err err;
    struct span bytes;
    struct arena *arena = &build->site->arena;
    if (node->kind != NODE_TEXT)
        return problem_error(problems, node, "\"policy\" is a file name, or a list of them, outermost first");
    char *path = node_resolve_path(arena, build->file, node->text);
    if (path == NULL || !node_read_file(arena, path, NODE_BYTES_MAX, &bytes, &err))
        return problem_error(problems, node, "%s%s", path == NULL ? "out of memory" : err.text,
                             path == NULL ? "" : policy_hint(node->text));
    build->policy_mark = build->policy_mark * 31 + siphash24(siphash_process_key(), bytes.at, bytes.len);
    document->root = node_read_xml(arena, path, bytes, problems);
    return document->root != NULL;
}

static bool read_list(struct site_build *build, const struct node *list, struct problems *problems, struct plan *plan)
{
    struct plan_document documents[PLAN_DOCUMENTS_MAX];
    size_t count = 0;
    bool is_ok = true;
    if (list->children == NULL)
        return problem_error(problems, list, "\"policy\" names no file; for a public route write \"policy: none\"");
    for (const struct node *node = list->children; node != NULL; node = node->next) {
        if (count == COUNT_OF(documents))
            return problem_error(problems, node, "more than %d documents", PLAN_DOCUMENTS_MAX);
        is_ok = read_document(build, node, problems, &documents[count++]) && is_ok;
    }
    return is_ok && plan_read_xml(plan, documents, count, &build->rules, &build->site->arena, problems);
}

static bool read_one(struct site_build *build, const struct node *node, struct problems *problems, struct plan *plan)
{
    struct plan_document document;
    return read_document(build, node, problems, &document) &&
           plan_read_xml(plan, &document, 1, &build->rules, &build->site->arena, problems);
}

static bool names_same(const struct node *a, const struct node *b)
{
    const struct node *x = a->children;
    const struct node *y = b->children;
    if (a->kind != b->kind || (a->kind == NODE_TEXT && !span_eq(a->text, b->text)))
        return false;
    for (; x != NULL && y != NULL; x = x->next, y = y->next)
        if (x->kind != NODE_TEXT || y->kind != NODE_TEXT || !span_eq(x->text, y->text))
            return false;
    return x == NULL && y == NULL;
}

/* Whether a route before this one has read the same files, and told what is wrong with them. */
static bool is_policy_known(const struct site_build *build, const struct site_route *route, const struct node *policy)
{
    const struct route_settings *settings = build->site->settings.routes.at;
    for (size_t i = 0; i < route->index; i++)
        if (settings[i].policy != NULL && settings[i].validate_jwt == NULL && names_same(settings[i].policy, policy))
            return true;
    return false;
}

static bool read_files(struct site_build *build, struct site_route *route, const struct node *policy)
{
    AUTO(problems) again;
    problems_init(&again);
    struct problems *problems = is_policy_known(build, route, policy) ? &again : build->problems;
    build->policy_mark = 0;
    bool is_ok = policy->kind == NODE_LIST ? read_list(build, policy, problems, &route->plan)
                                           : read_one(build, policy, problems, &route->plan);
    route->policy_mark = build->policy_mark;
    return is_ok;
}

/* `algorithms` names those that may sign; `none` is none of them, whatever the policy says. */
static void narrow_unsigned(struct site_build *build, struct plan *plan, const struct node *node)
{
    if (node_member(build->site->settings.node, "algorithms") == NULL)
        return;
    for (size_t i = 0; i < plan->rule_count; i++) {
        if (!rule_may_take_unsigned(&plan->rules[i]))
            continue;
        plan->rules[i].requires_signature = plan->rules[i].takes_signed_only = true;
        problem_warning(build->problems, node,
                        "unsigned tokens are refused all the same: \"algorithms\" leaves signed ones only");
    }
}

/* What is said about refusals means nothing where there are none. */
static void warn_public(struct site_build *build, const struct route_settings *settings)
{
    static const char *const keys[] = {"mode", "insufficient_scope", "expose_reason", "forward_token", "realm", "cnf"};
    for (size_t i = 0; i < COUNT_OF(keys); i++)
        if (node_member(settings->node, keys[i]) != NULL)
            problem_warning(build->problems, node_member(settings->node, keys[i]),
                            "\"%s\" has no effect: the route is public", keys[i]);
}

/* ---- what the plan names ---- */

/* The server that a base URL names: scheme, host and port; its path goes before the request's. */
static bool is_server(const struct site_backend *backend, const struct uri *uri)
{
    for (size_t i = 0; i < backend->server_count; i++) {
        const struct uri *server = &backend->servers[i].uri;
        if (backend->servers[i].path == NULL && server->is_https == uri->is_https && server->port == uri->port &&
            span_eq_nocase(server->host, uri->host))
            return true;
    }
    return false;
}

static bool find_server(struct site_build *build, const struct plan_step *step, struct site_target *target)
{
    struct err err;
    struct uri uri;
    struct site *site = build->site;
    const struct node *at = site_place(step->node, "base-url");
    if (!uri_read(step->backend->base_url, &uri, &err))
        return problem_error(build->problems, at, "base-url: %s", at->is_secret ? "no URL of a server" : err.text);
    if (uri.query.at != NULL)
        return problem_error(build->problems, at, "base-url: a query has no place there");
    for (size_t i = 0; i < site->backend_count && target->backend == NULL; i++)
        if (is_server(&site->backends[i], &uri))
            target->backend = &site->backends[i];
    if (target->backend == NULL)
        return problem_error(build->problems, at,
                             "base-url: no configured backend has the server %s; add it to \"backends\"",
                             QUOTED_UNLESS(at->is_secret, uri.authority));
    target->prefix = span_ends(uri.path, SPAN("/")) ? span_cut(uri.path, uri.path.len - 1) : uri.path;
    return uri_check_path(target->prefix, &err) || problem_error(build->problems, at, "base-url: %s", err.text);
}

static bool find_target(struct site_build *build, const struct plan_step *step, struct site_target *target)
{
    if (step->backend->base_url.len > 0)
        return find_server(build, step, target);
    if (step->backend->id.expression != NULL)
        return true;
    target->backend = site_find_backend(build, step->backend->id.literal, site_place(step->node, "backend-id"));
    return target->backend != NULL;
}

/* A path that two readers would read as two is found here already where it is written out. */
static bool check_rewrite(struct site_build *build, const struct plan_step *step)
{
    const struct plan_text *target = &step->rewrite->target;
    const char *mark = span_chr(target->literal, '?');
    struct err err;
    struct span path = mark == NULL ? target->literal : span_cut(target->literal, (size_t)(mark - target->literal.at));
    return target->expression != NULL || uri_check_path(path, &err) ||
           problem_error(build->problems, site_place(step->node, "template"), "template: %s", err.text);
}

static bool find_targets(struct site_build *build, struct site_route *route)
{
    const struct plan *plan = &route->plan;
    struct site_target *targets = arena_zero(&build->site->arena, plan->count * sizeof *targets);
    bool is_ok = targets != NULL;
    for (size_t i = 0; targets != NULL && i < plan->count; i++)
        if (plan->steps[i].kind == PLAN_SET_BACKEND)
            is_ok = find_target(build, &plan->steps[i], &targets[i]) && is_ok;
        else if (plan->steps[i].kind == PLAN_REWRITE_URI)
            is_ok = check_rewrite(build, &plan->steps[i]) && is_ok;
    route->targets = targets;
    return is_ok;
}

static bool read_cors(struct site_build *build, const struct route_settings *settings, struct site_route *route)
{
    route->cors = route->plan.cors;
    if (settings->cors == NULL)
        return true;
    if (route->plan.cors != NULL)
        return problem_key(build->problems, settings->cors, "the route's policy has a cors already");
    route->cors = plan_read_cors(settings->cors, &build->site->arena, build->problems);
    return route->cors != NULL;
}

/* One rule that asks for nothing but the token: what most routes have, and what costs least. */
static bool is_plain(const struct plan *plan)
{
    return plan->count == 1 && plan->steps[0].kind == PLAN_VALIDATE && plan->rules[0].dynamic_count == 0 &&
           plan->rules[0].output_variable.len == 0 && plan->rules[0].source != TOKEN_FROM_VALUE;
}

/* An audience or issuer made of what the request itself says is one that its sender chose. */
static void warn_parties(struct site_build *build, const struct site_route *route, const struct node *node)
{
    unsigned reads = 0;
    for (size_t i = 0; i < route->plan.rule_count; i++)
        reads |= rule_reads(&route->plan.rules[i], true);
    if ((reads & (EXPRESSION_READS_FIELDS | EXPRESSION_READS_QUERY)) != 0)
        problem_warning(build->problems, node,
                        "an audience or issuer is made of a header field or query parameter: whoever sends the request "
                        "chooses which tokens pass");
    if ((reads >> FACT_ORIGINAL_HOST & 1u) != 0 && route->host_count == 0)
        problem_warning(build->problems, node,
                        "an audience or issuer is made of the host that the request names, and route \"%s\" takes any "
                        "host: whoever sends the request chooses it; give the route its \"host\"",
                        QUOTED(route->name));
}

static bool read_plan(struct site_build *build, const struct route_settings *settings, struct site_route *route)
{
    const struct node *policy = settings->policy;
    const struct node *yaml = settings->validate_jwt;
    bool is_ok = policy != NULL
                     ? read_files(build, route, policy)
                     : plan_read_yaml(&route->plan, yaml, &build->rules, &build->site->arena, build->problems);
    if (!is_ok) {
        route->plan = (struct plan){.steps = NULL};
        return false;
    }
    narrow_unsigned(build, &route->plan, policy != NULL ? policy : yaml);
    if (settings->mode == MODE_REPORT_ONLY)
        problem_note(build->problems, node_member(settings->node, "mode"),
                     "route \"%s\" is report-only: what its policy refuses passes all the same",
                     QUOTED(settings->name));
    warn_parties(build, route, policy != NULL ? policy : yaml);
    route->has_pipeline = !is_plain(&route->plan);
    return find_targets(build, route);
}

bool site_build_policy(struct site_build *build, const struct route_settings *settings, struct site_route *route)
{
    const struct node *policy = settings->policy;
    const struct node *yaml = settings->validate_jwt;
    if (policy != NULL && yaml != NULL)
        return problem_key(build->problems, yaml, "a route has \"policy\" or \"validate_jwt\", not both");
    if (policy == NULL && yaml == NULL)
        return problem_error(build->problems, settings->node,
                             "route \"%s\" has no policy: give \"policy\" or \"validate_jwt\"; \"policy: none\" makes "
                             "it public on purpose",
                             QUOTED(settings->name));
    if (policy != NULL && policy->kind != NODE_TEXT && policy->kind != NODE_LIST)
        return problem_error(build->problems, policy,
                             "\"policy\" is a file name; for a public route write \"policy: none\"");
    route->is_public = site_is_public(settings);
    if (route->is_public) {
        problem_note(build->problems, policy, "route \"%s\" is public: no token is asked for", QUOTED(settings->name));
        warn_public(build, settings);
    } else if (!read_plan(build, settings, route)) {
        return false;
    }
    return read_cors(build, settings, route);
}
