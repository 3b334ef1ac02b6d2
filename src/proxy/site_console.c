/* SPDX-License-Identifier: Apache-2.0 */
/* The section `admin.console`: who signs people in, held to what signing in needs before anybody tries. */
#include "oidc/discovery.h"
#include "site_int.h"

/* What the messages of signing in are made of, and what would put others in their place (RFC 6749 4.1.1, RFC 7636 4.3, RFC 9101 5). */
static const char *const reserved[] = {
    "response_type", "response_mode",
    "client_id",     "client_secret",
    "redirect_uri",  "scope",
    "state",         "nonce",
    "request",       "request_uri",
    "code",          "code_challenge",
    "grant_type",    "code_challenge_method",
    "code_verifier", "iss",
};

static bool check_client(struct site_build *build, const struct console_settings *console)
{
    bool is_id = !site_has(console->client_id) || (console->client_id.len > 0 && span_is_printable(console->client_id));
    bool is_secret = !site_has(console->client_secret) || console->client_secret.len > 0;
    if (!is_id)
        problem_error(build->problems, site_place(console->node, "client_id"), "\"client_id\" is printable ASCII");
    if (!is_secret)
        problem_error(build->problems, site_place(console->node, "client_secret"),
                      "\"client_secret\" is empty; a public client has none: leave the key out");
    return is_id && is_secret;
}

/* RFC 6749 3.3 */
static bool is_scope(struct span text)
{
    return text.len > 0 && span_is_printable(text) && span_chr(text, ' ') == NULL && span_chr(text, '"') == NULL &&
           span_chr(text, '\\') == NULL;
}

static bool check_scopes(struct site_build *build, const struct console_settings *console)
{
    bool is_ok = true;
    for (size_t i = 0; i < console->scopes.count; i++)
        if (!is_scope(console->scopes.at[i]))
            is_ok = problem_error(build->problems, console->scopes.nodes[i],
                                  "\"%s\" is no scope: one word each, such as [openid, profile]",
                                  QUOTED(console->scopes.at[i]));
    return is_ok;
}

static bool check_parameter(struct site_build *build, const struct node *node)
{
    if (node->kind != NODE_TEXT && node->kind != NODE_NUMBER && node->kind != NODE_BOOL)
        return problem_error(build->problems, node, "a parameter is a text, not %s", node_kind_name(node->kind));
    if (node->key.len == 0 || !span_is_printable(node->key))
        return problem_key(build->problems, node, "a parameter's name is printable ASCII");
    for (size_t i = 0; i < COUNT_OF(reserved); i++)
        if (span_eq(node->key, span_str(reserved[i])))
            return problem_key(build->problems, node, "\"%s\" is the gateway's to set", reserved[i]);
    return true;
}

static bool check_parameters(struct site_build *build, const struct node *map)
{
    bool is_ok = true;
    if (map == NULL || map->kind == NODE_NULL)
        return true;
    if (map->kind != NODE_MAP)
        return problem_error(build->problems, map, "\"parameters\" is a map of names to texts");
    for (const struct node *node = map->children; node != NULL; node = node->next)
        is_ok = check_parameter(build, node) && is_ok;
    return is_ok;
}

static bool read_provider(struct site_build *build, struct console_settings *console)
{
    struct err err;
    const struct node *at = site_place(console->node, "provider");
    if (!site_has(console->provider))
        return true;
    if (!discovery_url_check(console->provider, build->site->settings.keys.allow_http, &err))
        return problem_error(build->problems, at, "%s", err.text);
    const char *url = discovery_url(&build->site->arena, console->provider);
    console->provider = span_str(url);
    return url != NULL || problem_error(build->problems, at, "out of memory");
}

/* Of the providers that policies name, how many there are: 0, 1, or more, told as 2. */
static size_t count_providers(const struct site *site)
{
    AUTO(arena) scratch = {0};
    const char *first = NULL;
    for (size_t i = 0; i < site->rule_count; i++) {
        const struct rule *rule = site->rules[i].rule;
        for (size_t j = 0; j < rule->provider_count; j++) {
            const char *url = discovery_url(&scratch, rule->providers[j].url);
            if (url != NULL && first != NULL && strcmp(url, first) != 0)
                return 2;
            first = first == NULL ? url : first;
        }
    }
    return first == NULL ? 0 : 1;
}

static bool check_choice(struct site_build *build, const struct console_settings *console)
{
    if (site_has(console->provider) || build->problems->errors > 0)
        return true;
    size_t count = count_providers(build->site);
    if (count == 0)
        return problem_error(build->problems, console->node, "\"provider\" is missing, and no policy names one");
    if (count > 1 && site_has(console->client_secret))
        problem_warning(build->problems, site_place(console->node, "client_secret"),
                        "policies name several providers, and each that somebody signs in at is shown this secret; "
                        "\"provider\" says whose it is");
    return true;
}

bool site_build_console(struct site_build *build)
{
    struct console_settings *console = &build->site->settings.admin.console;
    if (console->node == NULL)
        return true;
    bool is_ok = check_client(build, console);
    is_ok = check_scopes(build, console) && is_ok;
    is_ok = check_parameters(build, console->parameters) && is_ok;
    is_ok = read_provider(build, console) && is_ok;
    return check_choice(build, console) && is_ok;
}
