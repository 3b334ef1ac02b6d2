/* SPDX-License-Identifier: Apache-2.0 */
/* Routes that other proxies ask about: what of a policy can be answered to who shows the token, but not the request. */
#include "base/ascii.h"
#include "site_int.h"

/* What a question does not hold, as expressions name it. */
static const struct {
    unsigned reads;
    const char *name;
} untold[] = {
    {1u << FACT_METHOD, "Method"},
    {1u << FACT_URL_PATH, "Url.Path"},
    {1u << FACT_URL_QUERY, "Url.QueryString"},
    {1u << FACT_ORIGINAL_SCHEME, "OriginalUrl.Scheme"},
    {1u << FACT_ORIGINAL_HOST, "OriginalUrl.Host"},
    {1u << FACT_ORIGINAL_PORT, "OriginalUrl.Port"},
    {1u << FACT_ORIGINAL_PATH, "OriginalUrl.Path"},
    {1u << FACT_ORIGINAL_QUERY, "OriginalUrl.QueryString"},
    {EXPRESSION_READS_QUERY, "Url.Query"},
};

/* The name is a segment of the path that asks: none that could be written in two ways. */
static bool check_name(struct site_build *build, const struct route_settings *settings)
{
    struct span name = settings->name;
    bool is_plain = !span_eq(name, SPAN(".")) && !span_eq(name, SPAN(".."));
    for (size_t i = 0; i < name.len; i++) {
        char c = name.at[i];
        is_plain =
            is_plain && (ascii_is_letter(c) || ascii_is_digit(c) || c == '-' || c == '_' || c == '.' || c == '~');
    }
    return is_plain || problem_error(build->problems, site_place(settings->node, "name"),
                                     "with \"forward_auth\" the name stands in a path: letters, digits, - . _ ~");
}

static bool check_reads(struct site_build *build, const struct site_route *route, const struct node *node)
{
    bool is_ok = true;
    for (size_t i = 0; is_ok && i < COUNT_OF(untold); i++)
        if ((route->plan.reads & untold[i].reads) != 0)
            is_ok = problem_error(build->problems, node,
                                  "the route's policy reads context.Request.%s, which a proxy that asks does not tell",
                                  untold[i].name);
    for (size_t i = 0; is_ok && i < route->plan.rule_count; i++)
        if (route->plan.rules[i].source == TOKEN_FROM_QUERY)
            is_ok = problem_error(build->problems, node,
                                  "the route's policy takes the token from the query, which a proxy that asks does not "
                                  "tell");
    return is_ok;
}

static bool is_for_backend(enum plan_kind kind)
{
    return kind == PLAN_SET_HEADER || kind == PLAN_SET_QUERY || kind == PLAN_REWRITE_URI || kind == PLAN_SET_BACKEND;
}

/* What a policy does to the request, the asking proxy does not hear of; and it has the backend's answer alone. */
static void warn_without_effect(struct site_build *build, const struct site_route *route, const struct node *node)
{
    const struct plan *plan = &route->plan;
    for (size_t i = 0; i < plan->count; i++) {
        bool is_outbound = i >= plan->first[SECTION_OUTBOUND] && i < plan->end[SECTION_OUTBOUND];
        bool is_on_error = i >= plan->first[SECTION_ON_ERROR] && i < plan->end[SECTION_ON_ERROR];
        if (!is_outbound && (is_on_error || !is_for_backend(plan->steps[i].kind)))
            continue;
        problem_warning(build->problems, node,
                        "what the route's policy does to requests for the backend and to its answers (%s) does not "
                        "happen where another proxy asks",
                        plan->steps[i].source);
        return;
    }
}

/* The refusals of all clients would count for one address. */
static void warn_limit(struct site_build *build, const struct node *node)
{
    const struct settings *settings = &build->site->settings;
    if (settings->limits.client_refusals > 0 && settings->trusted_proxies.count == 0)
        problem_warning(build->problems, node,
                        "limits.client_refusals counts what is refused to the proxy that asks as its own: name it in "
                        "trusted_proxies, and have it tell the client by X-Forwarded-For");
}

bool site_build_forward_auth(struct site_build *build, const struct route_settings *settings, struct site_route *route)
{
    const struct node *node = site_place(settings->node, "forward_auth");
    if (!settings->forward_auth)
        return true;
    if (route->is_public)
        return problem_error(build->problems, node, "\"forward_auth\" on a public route would let everything pass");
    if (!check_name(build, settings) || !check_reads(build, route, node))
        return false;
    warn_without_effect(build, route, node);
    warn_limit(build, node);
    route->has_forward_auth = true;
    build->site->has_forward_auth = true;
    return true;
}
