/* SPDX-License-Identifier: Apache-2.0 */
/* POST /login: asks the provider's discovery document where people sign in, and tells the page where to send its window. */
#include "admin/sign_in.h"
#include "console_int.h"
#include "input_int.h"
#include "login_int.h"
#include "oidc/discovery.h"
#include "proxy/site_providers.h"

/* ---- at which provider ---- */

static const struct site_route *find_route(const struct site *site, struct span name)
{
    for (size_t i = 0; i < site->route_count; i++)
        if (span_eq(site->routes[i].name, name))
            return &site->routes[i];
    return NULL;
}

/* Of the route that was named: the one that its first policy with providers names first. */
static struct span provider_of_route(const struct site_route *route)
{
    for (size_t i = 0; i < route->plan.rule_count; i++)
        if (route->rules[i].rule->provider_count > 0)
            return issuer_url(route->rules[i].issuers[0]);
    return (struct span){NULL, 0};
}

bool login_is_provider(const struct site *site, struct arena *arena, struct span url)
{
    size_t count = 0;
    const struct span *all = console_providers(site, arena, &count);
    for (size_t i = 0; all != NULL && i < count; i++)
        if (span_eq(all[i], url))
            return true;
    return false;
}

/* A client's secret goes to whom this gives: to nobody but who is configured, in whatever spelling. */
static struct span choose(const struct admin_call *call, struct span route, struct span provider, struct reply *reply)
{
    const struct span none = {NULL, 0};
    struct arena *arena = call->request->arena;
    const struct site_route *named = route.at == NULL ? NULL : find_route(call->site, route);
    size_t count = 0;
    if (route.at != NULL && named == NULL) {
        admin_refuse(reply, 404, "there is no route \"%s\"", QUOTED(route));
        return none;
    }
    struct span chosen = provider.at == NULL ? none : span_str(discovery_url(arena, provider));
    if (provider.at != NULL && !login_is_provider(call->site, arena, chosen)) {
        admin_refuse(reply, 400, "nobody is signed in at \"%s\" here", QUOTED(provider));
        return none;
    }
    const struct span *all = console_providers(call->site, arena, &count);
    if (chosen.at == NULL && named != NULL && call->site->settings.admin.console.provider.at == NULL)
        chosen = provider_of_route(named);
    if (chosen.at == NULL && all != NULL && count > 0)
        chosen = all[0];
    if (chosen.at == NULL)
        admin_refuse(reply, 400, "no policy names a provider to sign in at");
    return chosen;
}

/* ---- the discovery document ---- */

static bool judge_document(const struct errand *errand, struct span provider, const struct discovery_sign_in *found,
                           struct err *err)
{
    const struct issuer_provider how = site_provider(errand->call.site, provider);
    bool has_secret = errand->call.site->settings.admin.console.client_secret.at != NULL;
    if ((how.is_name_checked && !discovery_sign_in_issuer_check(found, provider, err)) ||
        (how.is_host_checked && !discovery_sign_in_hosts_check(found, provider, err)))
        return false;
    if (found->refuses_challenges)
        return fail(err, REASON_DOCUMENT_INVALID, "it takes no PKCE with S256 (code_challenge_methods_supported)");
    if (has_secret && !found->takes_basic && !found->takes_post)
        return fail(err, REASON_DOCUMENT_INVALID,
                    "it takes a client's secret neither by client_secret_basic nor by client_secret_post");
    return true;
}

static void put_cookie(const struct request *request, const struct login *login, struct reply *reply)
{
    const char *cookie =
        arena_printf(request->arena, LOGIN_COOKIE "=%s; Path=/callback; Max-Age=%d; HttpOnly; SameSite=Lax%s",
                     login->browser, LOGINS_AGE_MS / 1000, request->is_tls ? "; Secure" : "");
    if (cookie == NULL)
        reply->body.is_broken = true;
    else
        responder_add_field(reply, "Set-Cookie", span_str(cookie));
}

/* The answer for the page; what is in it comes back from the provider. */
static bool begin_login(const struct errand *errand, struct span provider, const struct discovery_sign_in *found,
                        struct reply *reply, struct err *err)
{
    const struct request *request = &errand->request;
    const struct console_settings *settings = &errand->call.site->settings.admin.console;
    AUTO(buf) location = {0};
    const char *redirect_uri = arena_printf(request->arena, "%s://%.*s/callback", request->is_tls ? "https" : "http",
                                            SPAN_ARG(request->head->authority));
    const struct login_terms terms = {.provider = provider,
                                      .issuer = found->issuer,
                                      .token_endpoint = found->token_endpoint,
                                      .client_id = settings->client_id,
                                      .redirect_uri = span_str(redirect_uri),
                                      .promises_iss = found->promises_iss,
                                      .posts_secret = found->takes_post && !found->takes_basic};
    if (redirect_uri == NULL)
        return fail(err, REASON_OUT_OF_MEMORY, "no memory for a login");
    int64_t mono_ms = worker_now(errand->console->worker)->mono_ms;
    const struct login *login = logins_begin(errand->console->logins, &terms, mono_ms, err);
    if (login == NULL || !sign_in_put_location(&location, found->authorization_endpoint, login, settings, err))
        return false;
    admin_say_json(reply);
    buf_add_str(&reply->body, "{\"location\":");
    buf_add_json_text(&reply->body, buf_span(&location));
    buf_add_char(&reply->body, '}');
    put_cookie(request, login, reply);
    return true;
}

static void on_document(void *context, const struct fetch_answer *answer)
{
    struct errand *errand = CHECKED(context, errand, ERRAND_MAGIC);
    struct span provider = *(const struct span *)errand->context;
    struct discovery_sign_in found;
    struct reply reply = {.status = 200};
    struct err err = answer->err;
    errand->fetch = NULL;
    bool allows_http = errand->call.site->settings.keys.allow_http;
    bool is_usable = answer->is_ok &&
                     discovery_read_sign_in(&found, errand->request.arena, answer->body, allows_http, &err) &&
                     judge_document(errand, provider, &found, &err);
    if (!is_usable)
        errand_refuse(errand, 502, "the provider's discovery document %s: %s", QUOTED(provider), err.text);
    else if (!begin_login(errand, provider, &found, &reply, &err))
        errand_refuse(errand, 503, "%s", err.text);
    else
        errand_answer(errand, &reply);
}

/* ---- the request ---- */

static void ask_provider(const struct admin_call *call, struct span provider, struct reply *reply)
{
    struct err err;
    struct span *kept = arena_take(call->request->arena, sizeof *kept);
    const char *url = arena_printf(call->request->arena, "%.*s", SPAN_ARG(provider));
    struct errand *errand = errand_begin(call, reply);
    if (errand == NULL)
        return;
    if (kept == NULL || url == NULL) {
        errand_refuse(errand, 503, "no memory for a login");
        return;
    }
    *kept = span_str(url);
    errand->context = kept;
    const struct fetch_options options = errand_fetch_options(errand, *kept, url);
    errand->fetch = fetch_start(errand->console->fetcher, &options, on_document, errand, &err);
    if (errand->fetch == NULL)
        errand_refuse(errand, 502, "the provider's discovery document %s: %s", QUOTED(provider), err.text);
}

void login_answer(const struct admin_call *call, struct reply *reply)
{
    struct input_member members[] = {
        {.name = "route", .kinds = INPUT_TEXT},
        {.name = "provider", .kinds = INPUT_TEXT},
    };
    struct tape body;
    struct err err;
    if (call->site->settings.admin.console.node == NULL) {
        admin_refuse(reply, 404, "nobody signs in here: admin.console is not configured");
        return;
    }
    if (!input_read(&body, call->request->arena, call->request->body, members, COUNT_OF(members), &err)) {
        admin_refuse(reply, err.reason == REASON_OUT_OF_MEMORY ? 503 : 400, "%s", err.text);
        return;
    }
    struct span provider = choose(call, input_text(&body, &members[0]), input_text(&body, &members[1]), reply);
    if (provider.at != NULL)
        ask_provider(call, provider, reply);
}
