/* SPDX-License-Identifier: Apache-2.0 */
/* Who is let in to the admin surface, by the guard's rules and the site's settings: refused, counted, slowed and told. */
#include "admin/guard.h"
#include "admin_int.h"
#include "base/log.h"

enum { WRONG_A_MINUTE = 10, TOLD_MS = 1000 };

enum refused { REFUSED_HOST, REFUSED_ORIGIN, REFUSED_TYPE, REFUSED_CREDENTIALS, REFUSED_LIMITED };

static const struct {
    unsigned status;
    const char *name, *text;
} refusals[] = {
    [REFUSED_HOST] = {421, "host", "the name in Host is not known here: list it in admin.hosts"},
    [REFUSED_ORIGIN] = {403, "origin", "sent by a page of another origin"},
    [REFUSED_TYPE] = {415, "content_type", "the Content-Type of a POST is application/json"},
    [REFUSED_CREDENTIALS] = {401, "credentials", "the token of admin.token is needed, as `Authorization: Bearer`"},
    [REFUSED_LIMITED] = {429, "limited", "too many wrong tokens from this address; later again"},
};

/* Anybody can cause such lines as often as he likes. */
static void tell(struct admin *admin, const struct request *request, enum refused why)
{
    int64_t now_ms = worker_now(request->worker)->mono_ms;
    if (admin->told_ms != 0 && now_ms - admin->told_ms < TOLD_MS)
        return;
    admin->told_ms = now_ms;
    LOG_EVENT(LOG_WARNING, "admin-refused", LOG_STR("reason", refusals[why].name), LOG_TEXT("client", request->peer),
              LOG_TEXT("path", request->path), LOG_NUM("status", refusals[why].status));
}

static bool refuse(const struct admin_call *call, enum refused why, struct reply *reply)
{
    struct admin *admin = call->admin;
    struct span label = span_str(refusals[why].name);
    metric_add(metric_series(admin->gateway->metrics, FIGURE_ADMIN_REFUSED, &label, 1), call->request->worker->index,
               1);
    tell(admin, call->request, why);
    admin_refuse(reply, refusals[why].status, "%s", refusals[why].text);
    if (why == REFUSED_CREDENTIALS) /* RFC 9110 11.6.1 */
        responder_add_field(reply, "WWW-Authenticate", SPAN("Bearer realm=\"jwtgate admin\""));
    return false;
}

/* Guessing is slowed for whoever guesses: right or wrong is no longer told. */
static bool is_limited(const struct admin_call *call, struct client_key *key, bool has_key, struct reply *reply)
{
    struct refusals *wrong = call->admin->wrong;
    int64_t now_ms = worker_now(call->request->worker)->mono_ms;
    int64_t wait_ms = has_key && wrong != NULL ? refusals_wait_ms(wrong, key, WRONG_A_MINUTE, now_ms) : 0;
    if (wait_ms <= 0)
        return false;
    char *seconds = arena_printf(call->request->arena, "%lld", (long long)((wait_ms + 999) / 1000));
    refuse(call, REFUSED_LIMITED, reply);
    if (seconds != NULL)
        responder_add_field(reply, "Retry-After", span_str(seconds));
    return true;
}

/* A token that is shown is right, or the request is refused whatever it asks for. */
static bool judge_token(struct admin_call *call, const struct guard *guard, struct reply *reply)
{
    struct client_key key;
    struct refusals *wrong = call->admin->wrong;
    bool has_key = client_key_read(call->request->peer, &key);
    enum guard_credential shown = guard_credential(guard, call->request->head);
    call->is_trusted = false;
    if (shown == GUARD_NONE_SHOWN)
        return true;
    if (is_limited(call, &key, has_key, reply))
        return false;
    if (shown == GUARD_WRONG) {
        if (has_key && wrong != NULL)
            refusals_count(wrong, &key, WRONG_A_MINUTE, worker_now(call->request->worker)->mono_ms);
        return refuse(call, REFUSED_CREDENTIALS, reply);
    }
    call->is_trusted = true;
    return true;
}

/* Connections from before a reload may have come without what is demanded now. */
static bool lacks_certificate(const struct admin_settings *settings, const struct request *request)
{
    return settings->tls.client_ca.at != NULL && settings->tls.clients == TLS_CLIENTS_REQUIRED &&
           !request->has_certificate;
}

/* A certificate stands in for the token where both may be shown. */
static bool may_show_either(const struct admin_settings *settings, const struct request *request)
{
    return settings->tls.client_ca.at != NULL && settings->tls.clients == TLS_CLIENTS_OPTIONAL &&
           request->has_certificate;
}

static bool judge_credentials(struct admin_call *call, const struct guard *guard, enum admin_access access,
                              struct reply *reply)
{
    const struct admin_settings *settings = &call->site->settings.admin;
    call->is_trusted = true;
    if (lacks_certificate(settings, call->request))
        return refuse(call, REFUSED_CREDENTIALS, reply);
    if (guard->token.at == NULL || may_show_either(settings, call->request))
        return true;
    if (!judge_token(call, guard, reply))
        return false;
    return call->is_trusted || access == ADMIN_OPEN || refuse(call, REFUSED_CREDENTIALS, reply);
}

static struct guard guard_of(const struct admin_door *door, const struct admin_call *call)
{
    const struct admin_settings *settings = &call->site->settings.admin;
    return (struct guard){.address = &door->address,
                          .hosts = &settings->hosts,
                          .token = settings->token,
                          .is_unix = call->request->is_unix,
                          .is_tls = call->request->is_tls};
}

bool admission_knows_host(const struct admin_door *door, const struct admin_call *call, struct reply *reply)
{
    const struct guard guard = guard_of(door, call);
    return door->is_for_probes || guard_knows_host(&guard, call->request->head->authority) ||
           refuse(call, REFUSED_HOST, reply);
}

bool admission_judge(const struct admin_door *door, struct admin_call *call, enum admin_access access,
                     struct reply *reply)
{
    const struct guard guard = guard_of(door, call);
    call->is_trusted = false;
    if (door->is_for_probes)
        return true;
    switch (guard_judge(&guard, call->request->head)) {
    case GUARD_PASS: break;
    case GUARD_ORIGIN: return refuse(call, REFUSED_ORIGIN, reply);
    case GUARD_TYPE: return refuse(call, REFUSED_TYPE, reply);
    }
    return judge_credentials(call, &guard, access, reply);
}
