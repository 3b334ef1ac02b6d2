/* SPDX-License-Identifier: Apache-2.0 */
/* A site from the settings: what concerns all of it, its start and its end. */
#include "site_int.h"

#include "proxy/figures.h"
#include "proxy/site_providers.h"
#include "server/listener.h"
#include "server/tls_server.h"

#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>

const struct node *site_place(const struct node *map, const char *key)
{
    const struct node *member = node_member(map, key);
    return member == NULL ? map : member;
}

bool site_is_quoted(struct problems *problems, const struct node *node, const char *key)
{
    bool is_text = (node->kind != NODE_NUMBER && node->kind != NODE_BOOL) || node->is_secret;
    return is_text || problem_error(problems, node, "\"%s\": a text is expected, found %s: write \"%s\" in quotes", key,
                                    node_kind_name(node->kind), QUOTED(node->text));
}

bool site_check_bind(struct problems *problems, const struct node *node, struct span text, struct bind_address *address)
{
    struct err err;
    if (node == NULL || !site_has(text))
        return false;
    const struct node *at = site_place(node, "bind");
    return bind_address_read(text, address, &err) || problem_error(problems, at, "%s", err.text);
}

bool site_check_apart(struct problems *problems, const struct node *node, struct span bind, struct span other)
{
    if (bind.len == 0 || !span_eq(bind, other) || span_ends(other, SPAN(":0")))
        return true;
    return problem_error(problems, site_place(node, "bind"),
                         "\"%s\" is bound twice; each listener, admin too, needs its own", QUOTED(other));
}

/* The mode of a file that there is not would be taken for a guard. */
static bool check_mode(struct problems *problems, const struct listener_settings *listener,
                       const struct bind_address *address)
{
    struct err err;
    mode_t mode;
    if (!site_has(listener->mode))
        return true;
    const struct node *at = site_place(listener->node, "mode");
    if (bind_address_path(address) == NULL)
        return problem_error(problems, at, "\"mode\" is for unix sockets; this listener binds a port");
    if (!site_is_quoted(problems, at, "mode"))
        return false;
    return bind_address_mode(listener->mode, &mode, &err) || problem_error(problems, at, "%s", err.text);
}

static bool check_listeners(struct site_build *build)
{
    const struct settings *settings = &build->site->settings;
    const struct listener_settings *listeners = settings->listeners.at;
    struct bind_address address;
    bool is_ok = true;
    if (settings->listeners.count == 0)
        return site_has_list(settings->node, "listeners") &&
               problem_error(build->problems, site_place(settings->node, "listeners"),
                             "at least one listener is needed");
    for (size_t i = 0; i < settings->listeners.count; i++) {
        is_ok = site_check_bind(build->problems, listeners[i].node, listeners[i].bind, &address) &&
                check_mode(build->problems, &listeners[i], &address) && is_ok;
        for (size_t j = 0; j < i; j++)
            is_ok = site_check_apart(build->problems, listeners[i].node, listeners[i].bind, listeners[j].bind) && is_ok;
    }
    return is_ok;
}

static bool check_workers(struct site_build *build)
{
    const struct node *node = build->site->settings.workers;
    uint64_t count;
    if (node == NULL || (node->kind == NODE_TEXT && span_eq(node->text, SPAN("auto"))))
        return true;
    bool is_number = (node->kind == NODE_NUMBER || node->is_secret) &&
                     span_u64(node->text, SETTINGS_WORKERS_MAX, &count) && count > 0;
    return is_number ||
           problem_error(build->problems, node, "\"workers\" is a number from 1 to %d, or auto", SETTINGS_WORKERS_MAX);
}

/* Processors of the cgroup's quota, rounded up; 0: no quota. */
static unsigned quota_processors(void)
{
    long long quota = 0;
    long long period = 0;
    FILE *file = fopen("/sys/fs/cgroup/cpu.max", "re");
    if (file == NULL)
        return 0;
    int got = fscanf(file, "%lld %lld", &quota, &period);
    fclose(file);
    return got == 2 && quota > 0 && period > 0 ? (unsigned)((quota + period - 1) / period) : 0;
}

unsigned site_workers(const struct site *site)
{
    const struct node *node = site->settings.workers;
    uint64_t count = 0;
    if (node != NULL && span_u64(node->text, SETTINGS_WORKERS_MAX, &count))
        return (unsigned)count;
    cpu_set_t set;
    unsigned processors = sched_getaffinity(0, sizeof set, &set) == 0 ? (unsigned)CPU_COUNT(&set) : 1;
    unsigned quota = quota_processors();
    if (quota > 0 && quota < processors)
        processors = quota;
    return processors < SETTINGS_WORKERS_MAX ? processors : SETTINGS_WORKERS_MAX;
}

static bool read_algorithms(struct site_build *build)
{
    const struct schema_texts *names = &build->site->settings.algorithms;
    bool is_ok = true;
    build->rules.algs = alg_set_all();
    const struct node *node = node_member(build->site->settings.node, "algorithms");
    if (node == NULL)
        return true;
    if (names->count == 0)
        return problem_error(build->problems, node,
                             "\"algorithms\" leaves none; name those that may sign, such as RS256");
    build->rules.algs.bits = 0;
    for (size_t i = 0; i < names->count; i++) {
        enum alg alg = alg_by_name(names->at[i]);
        if (alg == ALG_UNKNOWN)
            is_ok = problem_error(build->problems, names->nodes[i],
                                  "\"%s\" is no algorithm known here; such as RS256, PS256, ES256, EdDSA, HS256",
                                  QUOTED(names->at[i]));
        else
            build->rules.algs.bits |= alg_set_of(alg).bits;
    }
    if (!is_ok)
        build->rules.algs = alg_set_all(); /* so that no policy is said to have none left */
    return is_ok;
}

/* The value's text, or none where it is no text or was lost. */
static bool read_named_value(struct site_build *build, const struct node *node, struct span *value)
{
    if (node->kind != NODE_TEXT && node->kind != NODE_NUMBER && node->kind != NODE_BOOL)
        return problem_error(build->problems, node, "a named value is a text, this is %s", node_kind_name(node->kind));
    if (span_holds(node->text, SPAN("{{")))
        problem_warning(build->problems, node,
                        "named value \"%s\" holds \"{{\", which stays as it is: named values are not searched for "
                        "further names",
                        QUOTED(node->key));
    *value = node->is_lost ? (struct span){NULL, 0} : node->text;
    return true;
}

static bool read_named_values(struct site_build *build)
{
    const struct node *map = build->site->settings.named_values;
    if (map == NULL)
        return true;
    if (map->kind != NODE_MAP)
        return problem_error(build->problems, map, "\"named_values\" is a map of names to texts");
    size_t count = node_count(map);
    struct span *names = arena_zero(&build->site->arena, count * sizeof *names);
    struct span *values = arena_zero(&build->site->arena, count * sizeof *values);
    bool *secrets = arena_zero(&build->site->arena, count * sizeof *secrets);
    bool is_ok = names != NULL && values != NULL && secrets != NULL;
    bool is_good = is_ok;
    size_t at = 0;
    for (const struct node *child = map->children; is_ok && child != NULL; child = child->next) {
        names[at] = child->key;
        secrets[at] = child->is_secret;
        is_good = read_named_value(build, child, &values[at++]) && is_good;
    }
    build->rules.named_names = names;
    build->rules.named_values = values;
    build->rules.named_secrets = secrets;
    build->rules.named_count = at;
    return is_good;
}

static bool read_certificates(struct site_build *build)
{
    const struct schema_list *list = &build->site->settings.certificates;
    const struct certificate_settings *settings = list->at;
    struct arena *arena = &build->site->arena;
    struct rule_certificate *certificates = arena_zero(arena, list->count * sizeof *certificates);
    struct err err;
    bool is_ok = certificates != NULL;
    for (size_t i = 0; certificates != NULL && i < list->count; i++) {
        certificates[i].id = settings[i].name;
        if (!site_has(settings[i].file))
            continue;
        char *path = node_resolve_path(arena, build->file, settings[i].file);
        if (path == NULL || !node_read_file(arena, path, SETTINGS_BYTES_MAX, &certificates[i].bytes, &err))
            is_ok = problem_error(build->problems, site_place(settings[i].node, "file"), "%s",
                                  path == NULL ? "out of memory" : err.text);
    }
    build->rules.certificates = certificates;
    build->rules.certificate_count = list->count;
    return is_ok;
}

static void note_idle_backends(const struct site_build *build)
{
    const struct site *site = build->site;
    const struct backend_settings *settings = site->settings.backends.at;
    for (size_t i = 0; i < site->backend_count; i++) {
        size_t used = 0;
        for (size_t j = 0; j < site->route_count; j++)
            used += site->routes[j].backend == &site->backends[i];
        if (used == 0)
            problem_note(build->problems, settings[i].node, "no route uses backend \"%s\"", QUOTED(settings[i].name));
    }
}

static void fill_limits(struct site *site)
{
    const struct limits_settings *limits = &site->settings.limits;
    site->limits = (struct h1_limits){.head_bytes_max = limits->head,
                                      .field_bytes_max = limits->field,
                                      .fields_max = (size_t)limits->fields,
                                      .target_bytes_max = limits->target,
                                      .body_bytes_max = limits->body};
    site->token_limits =
        (struct token_limits){.token_bytes_max = limits->token, .json_depth_max = (unsigned)limits->json_depth};
}

static bool build_all(struct site_build *build)
{
    bool is_ok = check_listeners(build);
    is_ok = site_build_listeners(build) && is_ok;
    is_ok = site_build_admin(build) && is_ok;
    is_ok = check_workers(build) && is_ok;
    is_ok = site_build_user(build) && is_ok;
    is_ok = site_build_log(build) && is_ok;
    is_ok = read_algorithms(build) && is_ok;
    is_ok = read_named_values(build) && is_ok;
    is_ok = read_certificates(build) && is_ok;
    is_ok = site_build_backends(build) && is_ok;
    is_ok = site_build_routes(build) && is_ok;
    is_ok = site_build_console(build) && is_ok;
    is_ok = site_build_providers(build) && is_ok;
    is_ok = site_build_revocation(build) && is_ok;
    is_ok = trusted_read(&build->site->trusted, &build->site->settings.trusted_proxies, &build->site->arena,
                         build->problems) &&
            is_ok;
    fill_limits(build->site);
    if (is_ok && build->problems->errors == 0)
        site_warn_unreadable(build);
    if (is_ok && build->problems->errors == 0)
        note_idle_backends(build);
    if (is_ok && build->problems->errors == 0)
        site_lint(build);
    return is_ok;
}

struct site *site_read(const char *file, struct span text, int64_t now_s, struct problems *problems)
{
    struct site *site = calloc(1, sizeof *site);
    if (site == NULL) {
        problem_at(problems, PROBLEM_ERROR, file, 0, 0, "out of memory");
        return NULL;
    }
    atomic_init(&site->references, 1);
    struct site_build build = {.site = site, .file = file, .now_s = now_s, .problems = problems};
    bool is_ok = settings_read(&site->settings, file, text, &site->arena, problems);
    build.rules.now_s = now_s;
    build.rules.allow_http = site->settings.keys.allow_http;
    /* What can be looked at is, even after errors: all problems in one run. */
    if (site->settings.node != NULL)
        is_ok = build_all(&build) && is_ok;
    if (is_ok && problems->errors == 0)
        return site;
    if (problems->errors == 0)
        problem_at(problems, PROBLEM_ERROR, file, 0, 0, "out of memory");
    site_release(site);
    return NULL;
}

static bool take_issuers(struct site *site, struct site_rule *rule, struct issuers *issuers, struct err *err)
{
    size_t count = rule->rule->provider_count;
    struct issuer **taken = arena_zero(&site->arena, count * sizeof *taken);
    if (taken == NULL)
        return fail(err, REASON_OUT_OF_MEMORY, "no memory for the issuers");
    rule->issuers = taken;
    for (size_t i = 0; i < count; i++)
        if ((taken[i] = issuers_take(issuers, rule->rule->providers[i].url, err)) == NULL)
            return false;
    return true;
}

static bool start_route(struct site *site, struct site_route *route, struct metrics *metrics, struct err *err)
{
    route->figures = arena_zero(&site->arena, sizeof *route->figures);
    if (route->figures == NULL)
        return fail(err, REASON_OUT_OF_MEMORY, "no memory for the metrics");
    route->figures->duration = metric_series(metrics, FIGURE_DURATION, &route->name, 1);
    if (route->has_forward_auth) {
        const struct span passed[] = {route->name, SPAN("passed")};
        const struct span refused[] = {route->name, SPAN("refused")};
        route->figures->asked_passed = metric_series(metrics, FIGURE_FORWARD_AUTH, passed, 2);
        route->figures->asked_refused = metric_series(metrics, FIGURE_FORWARD_AUTH, refused, 2);
    }
    return true;
}

bool site_start(struct site *site, const struct site_means *means, struct err *err)
{
    if (!site_start_backends(site, means, err))
        return false;
    for (size_t i = 0; i < site->route_count; i++) {
        if (!start_route(site, &site->routes[i], means->metrics, err))
            return false;
    }
    for (size_t i = 0; i < site->rule_count; i++)
        if (!take_issuers(site, &site->rules[i], means->issuers, err))
            return false;
    return site_provide(site, err);
}

struct site *site_take(struct site *site)
{
    atomic_fetch_add_explicit(&site->references, 1, memory_order_relaxed);
    return site;
}

static void rule_release(struct site_rule *rule)
{
    for (size_t i = 0; rule->issuers != NULL && i < rule->rule->provider_count; i++)
        if (rule->issuers[i] != NULL)
            issuer_release(rule->issuers[i]);
}

void site_release(struct site *site)
{
    if (site == NULL || atomic_fetch_sub_explicit(&site->references, 1, memory_order_acq_rel) != 1)
        return;
    for (size_t i = 0; i < site->rule_count; i++)
        rule_release(&site->rules[i]);
    for (size_t i = 0; i < site->route_count; i++)
        plan_fini(&site->routes[i].plan);
    for (size_t i = 0; i < site->backend_count; i++) {
        site_release_servers(&site->backends[i]);
        tls_client_free(site->backends[i].tls);
    }
    for (size_t i = 0; i < site_tls_count(site); i++)
        tls_server_release(site->listeners[i].tls);
    revocation_release(site->revocation);
    arena_fini(&site->arena);
    free(site);
}

struct issuer_timing site_timing(const struct site *site)
{
    const struct keys_settings *keys = &site->settings.keys;
    return (struct issuer_timing){keys->refresh_ms, keys->cooldown_ms, keys->max_stale_ms, keys->timeout_ms};
}
