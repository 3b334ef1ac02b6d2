/* SPDX-License-Identifier: Apache-2.0 */
/* `jwtgate explain`: policy and keys got, the token read, judged and shown. */
#include "cli/explain.h"

#include "base/now.h"
#include "cli/check.h"
#include "cli/keys.h"
#include "cli/request.h"
#include "oidc/discovery.h"
#include "policy/explain.h"
#include "proxy/route.h"
#include "proxy/site.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <unistd.h>

enum { INPUT_BYTES_MAX = 1 << 20, TOKEN_BYTES_DEFAULT = 16384, DEPTH_DEFAULT = 32, READ_BYTES = 16384 };

struct session {
    const struct explain_options *options;
    struct arena arena;
    struct site *site; /* NULL: by a policy file */
    struct plan plan;  /* of that file */
    bool has_plan;
    const struct plan *judged; /* whose rules judge */
    struct keys *keys;
    struct explain_input input;
};

PRINTF_LIKE(1, 2)
static bool complain(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    fputs("jwtgate explain: ", stderr);
    vfprintf(stderr, format, arguments);
    fputc('\n', stderr);
    va_end(arguments);
    return false;
}

const char *explain_wrong(const struct explain_options *options, const char *token)
{
    if (options->policy != NULL && (options->config != NULL || options->route != NULL))
        return "--policy stands for a policy alone: leave --config and --route out, or --policy";
    if (options->issuer != NULL && options->jwks == NULL)
        return "--issuer says whose the keys of --jwks are: give that too";
    if (options->token_file != NULL && token != NULL)
        return "a token and --token-file: one of them";
    return NULL;
}

/* ---- the token ---- */

static bool read_input(struct session *s)
{
    AUTO(buf) text = {.bytes_max = INPUT_BYTES_MAX};
    ssize_t got = 0;
    if (isatty(STDIN_FILENO) == 1)
        complain("reading the token from standard input; end it with Ctrl-D");
    do {
        if (!buf_reserve(&text, READ_BYTES))
            return complain("more than %d bytes on standard input: that is no token", INPUT_BYTES_MAX - READ_BYTES);
        got = read(STDIN_FILENO, text.at + text.end, READ_BYTES);
        text.end += got > 0 ? (size_t)got : 0;
    } while (got > 0 || (got < 0 && errno == EINTR));
    s->input.pasted = arena_copy(&s->arena, buf_span(&text));
    return got == 0 || complain("standard input cannot be read: %s", strerror(errno));
}

static bool read_token(struct session *s, const char *operand)
{
    struct err err;
    bool had_scheme;
    bool is_input = s->options->token_file == NULL && (operand == NULL || strcmp(operand, "-") == 0);
    if (is_input && !read_input(s))
        return false;
    if (!is_input && operand != NULL)
        s->input.pasted = span_str(operand);
    else if (!is_input && !node_read_file(&s->arena, s->options->token_file, INPUT_BYTES_MAX, &s->input.pasted, &err))
        return complain("%s", err.text);
    return explain_token(s->input.pasted, &had_scheme).len > 0 ||
           complain("there is no token%s", is_input ? " on standard input" : "");
}

/* ---- the policy ---- */

static bool read_time(struct session *s)
{
    struct err err;
    s->input.at_s = now_read().wall_s;
    return s->options->at == NULL || now_from_text(span_str(s->options->at), &s->input.at_s, &err) ||
           complain("--at: %s", err.text);
}

static bool read_policy(struct session *s)
{
    const char *file = s->options->policy;
    const struct rule_settings settings = {.algs = alg_set_all(),
                                           .now_s = now_read().wall_s,
                                           .named_hint = "a configuration defines it: judge by its route, with -c FILE "
                                                         "--route NAME in place of --policy"};
    struct span text;
    struct err err;
    AUTO(problems) problems;
    problems_init(&problems);
    if (!node_read_file(&s->arena, file, SETTINGS_BYTES_MAX, &text, &err))
        return complain("%s", err.text);
    const struct plan_document document = {.root = node_read_xml(&s->arena, file, text, &problems)};
    s->has_plan = document.root != NULL && plan_read_xml(&s->plan, &document, 1, &settings, &s->arena, &problems);
    if (!s->has_plan)
        check_print(&problems);
    s->input.limits = (struct token_limits){.token_bytes_max = TOKEN_BYTES_DEFAULT, .json_depth_max = DEPTH_DEFAULT};
    s->input.request.path = SPAN("/");
    return s->has_plan;
}

/* Tells which routes there are; the nearest first where a name was given. */
static bool no_route(struct session *s, const char *name)
{
    enum { NAMES_MAX = 64 };
    const char *names[NAMES_MAX];
    AUTO(buf) all = {.bytes_max = 4096};
    size_t count = 0;
    for (size_t i = 0; i < s->site->route_count && count < NAMES_MAX; i++) {
        if (s->site->routes[i].is_public)
            continue;
        names[count] = arena_printf(&s->arena, "%.*s", SPAN_ARG(s->site->routes[i].name));
        if (names[count] == NULL)
            continue;
        buf_printf(&all, "%s%s", count == 0 ? "" : ", ", QUOTED(span_str(names[count])));
        count++;
    }
    const char *near = name == NULL ? NULL : schema_nearest(span_str(name), names, count);
    if (name == NULL)
        return complain("--route NAME says by which route: %.*s", SPAN_ARG(buf_span(&all)));
    if (near != NULL)
        return complain("there is no route \"%s\"; did you mean \"%s\"?", QUOTED(span_str(name)), near);
    return complain("there is no route \"%s\"; there are %.*s", QUOTED(span_str(name)), SPAN_ARG(buf_span(&all)));
}

/* The route of that name; without a name the only one that asks for a token. */
static const struct site_route *find_route(const struct site *site, const char *name)
{
    const struct site_route *found = NULL;
    for (size_t i = 0; i < site->route_count; i++) {
        const struct site_route *route = &site->routes[i];
        if (name != NULL && span_eq(route->name, span_str(name)))
            return route;
        if (name == NULL && !route->is_public && found != NULL)
            return NULL;
        if (name == NULL && !route->is_public)
            found = route;
    }
    return found;
}

static bool read_route(struct session *s)
{
    const char *file = s->options->config == NULL ? CHECK_FILE_DEFAULT : s->options->config;
    AUTO(problems) problems;
    problems_init(&problems);
    s->site = check_read(file, (struct span){NULL, 0}, &problems);
    if (s->site == NULL) {
        check_print(&problems);
        return false;
    }
    const struct site_route *route = find_route(s->site, s->options->route);
    if (route == NULL)
        return no_route(s, s->options->route);
    if (route->is_public)
        return complain("route \"%s\" is public: it asks for no token", QUOTED(route->name));
    s->input.route = route->name;
    s->input.request = route_explain_request(route);
    s->input.limits = s->site->token_limits;
    s->input.cnf = route->cnf;
    s->input.tells_scope = route->tells_scope;
    s->input.revocation = s->site->revocation;
    s->judged = &route->plan;
    s->input.rule_count = route->plan.rule_count;
    return s->input.rule_count > 0 || complain("the policy of route \"%s\" asks for no token", QUOTED(route->name));
}

static bool read_request(struct session *s)
{
    struct err err;
    return s->options->url == NULL || request_of_url(&s->arena, span_str(s->options->url), &s->input.request, &err) ||
           complain("--url: %s", err.text);
}

static bool read_rules(struct session *s)
{
    if (s->options->policy == NULL)
        return read_route(s) && read_request(s);
    if (!read_policy(s) || !read_request(s))
        return false;
    s->judged = &s->plan;
    s->input.rule_count = s->plan.rule_count;
    return s->input.rule_count > 0 || complain("%s asks for no token", s->options->policy);
}

/* ---- the keys ---- */

static void tell_failure(void *of, const char *url, const struct err *why)
{
    (void)of;
    complain("no keys of %s: %s", url, why->text);
}

static bool fetch_keys(struct session *s, struct err *err)
{
    for (size_t i = 0; i < s->input.rule_count; i++)
        if (!keys_want(s->keys, &s->judged->rules[i], err))
            return false;
    return keys_fetch(s->keys, tell_failure, NULL, err);
}

static bool read_given(struct session *s, struct keys_given *given, struct err *err)
{
    const char *file = s->options->jwks;
    given->issuer = span_str(s->options->issuer);
    given->takes_unusable = true;
    return file == NULL || node_read_file(&s->arena, file, SETTINGS_BYTES_MAX, &given->jwks, err);
}

/* As the gateway knows the rule's providers; NULL: out of memory. */
static const struct span *provider_urls(struct session *s, const struct rule *rule)
{
    struct span *urls = arena_zero(&s->arena, RULE_PROVIDERS_MAX * sizeof *urls);
    for (size_t i = 0; urls != NULL && i < rule->provider_count; i++) {
        urls[i] = span_str(discovery_url(&s->arena, rule->providers[i].url));
        if (urls[i].at == NULL)
            return NULL;
    }
    return urls;
}

/* Trusts of one rule, with how far its providers' clocks are ahead and why some have no keys. */
static bool trust_rule(struct session *s, const struct keys_given *given, struct explain_rule *rule, struct err *err)
{
    struct trust *trusts = arena_zero(&s->arena, (RULE_PROVIDERS_MAX + 1) * sizeof *trusts);
    int64_t *clocks_ahead_s = arena_zero(&s->arena, RULE_PROVIDERS_MAX * sizeof *clocks_ahead_s);
    const char **troubles = arena_zero(&s->arena, (RULE_PROVIDERS_MAX + 1) * sizeof *troubles);
    bool is_given = given->jwks.at != NULL;
    rule->urls = provider_urls(s, rule->rule);
    if (trusts == NULL || rule->urls == NULL || clocks_ahead_s == NULL || troubles == NULL)
        return fail(err, REASON_OUT_OF_MEMORY, "out of memory");
    if (!keys_trusts(s->keys, rule->rule, is_given ? given : NULL, trusts, err))
        return is_given ? err_prefix(err, "%s", s->options->jwks) : false;
    keys_clocks(s->keys, rule->rule, clocks_ahead_s);
    keys_troubles(s->keys, rule->rule, is_given ? given : NULL, troubles);
    rule->troubles = troubles;
    rule->trusts = trusts;
    rule->clocks_ahead_s = is_given ? NULL : clocks_ahead_s;
    rule->is_issuer_assumed = is_given && given->issuer.at == NULL;
    return true;
}

static bool read_keys(struct session *s)
{
    struct keys_given given = {.jwks = {NULL, 0}};
    struct err err = {.text = "out of memory"};
    struct explain_rule *rules = arena_zero(&s->arena, s->input.rule_count * sizeof *rules);
    s->keys = keys_new(s->site);
    bool is_ok = rules != NULL && s->keys != NULL && read_given(s, &given, &err);
    is_ok = is_ok && (given.jwks.at != NULL || fetch_keys(s, &err));
    for (size_t i = 0; is_ok && i < s->input.rule_count; i++) {
        rules[i].rule = &s->judged->rules[i];
        rules[i].place = explain_place(s->judged, i, &rules[i].is_alternative);
        is_ok = trust_rule(s, &given, &rules[i], &err);
    }
    s->input.rules = rules;
    return is_ok || complain("%s", err.text);
}

/* ---- all of it ---- */

/* https://no-color.org: any value but an empty one. */
static bool wants_colour(void)
{
    const char *no_color = getenv("NO_COLOR");
    const char *term = getenv("TERM");
    return isatty(STDOUT_FILENO) == 1 && (no_color == NULL || no_color[0] == '\0') &&
           (term == NULL || strcmp(term, "dumb") != 0);
}

static int show(struct session *s, const struct explanation *explanation)
{
    AUTO(buf) out = {0};
    const struct judgement *judgement = &explanation->decisive->judgement;
    bool is_made = s->options->is_json ? explain_json(explanation, &out) && buf_add_char(&out, '\n')
                                       : explain_text(explanation, wants_colour(), &out);
    if (!is_made || fwrite(out.at + out.begin, 1, buf_len(&out), stdout) != buf_len(&out) || fflush(stdout) != 0) {
        complain("the output could not be written");
        return EXPLAIN_TROUBLE_STATUS;
    }
    if (judgement->has_passed)
        return EXPLAIN_VALID_STATUS;
    return strcmp(report_verdict(judgement), "refuse") == 0 ? EXPLAIN_REFUSED_STATUS : EXPLAIN_TROUBLE_STATUS;
}

static int judge_all(struct session *s)
{
    struct explanation explanation;
    struct err err;
    s->input.arena = &s->arena;
    if (explain_judge(&s->input, &explanation, &err))
        return show(s, &explanation);
    complain("%s", err.text);
    return EXPLAIN_TROUBLE_STATUS;
}

int explain_run(const struct explain_options *options, const char *token)
{
    struct session s = {.options = options};
    int status = EXPLAIN_TROUBLE_STATUS;
    /* What fetches meet on their way is told by us. */
    log_set(-1, LOG_NOTICE, LOG_FORMAT_TEXT);
    if (read_time(&s) && read_rules(&s) && read_token(&s, token) && read_keys(&s))
        status = judge_all(&s);
    keys_free(s.keys);
    if (s.has_plan)
        plan_fini(&s.plan);
    site_release(s.site);
    arena_fini(&s.arena);
    return status;
}
