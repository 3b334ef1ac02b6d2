/* SPDX-License-Identifier: Apache-2.0 */
/* Health and metrics for probes and scrapers. */
#include "admin_int.h"

#include "admin/vitals.h"
#include "proxy/site_providers.h"

static void put_issuer(struct buf *out, struct issuer *issuer, const struct issuer_state *state, bool is_first)
{
    buf_add_str(out, is_first ? "{\"url\":" : ",{\"url\":");
    buf_add_json_text(out, issuer_url(issuer));
    buf_add_str(out, ",\"error\":");
    if (!state->is_failing && state->has_keys) {
        buf_add_str(out, "null}");
        return;
    }
    const char *error = state->last_error[0] != '\0' ? state->last_error : "no keys were fetched yet";
    buf_add_json_text(out, span_str(error));
    buf_add_char(out, '}');
}

/* The list of issuers; false when one that a route needs has no usable keys. */
static bool put_issuers(struct buf *out, const struct site *site)
{
    bool is_ready = true;
    bool is_first = true;
    for (size_t i = 0; i < site->rule_count; i++) {
        const struct site_rule *rule = &site->rules[i];
        for (size_t j = 0; j < rule->rule->provider_count; j++) {
            struct issuer_state state;
            if (!site_names_first(site, i, j))
                continue;
            issuer_describe(rule->issuers[j], &state);
            is_ready = is_ready && state.has_keys;
            put_issuer(out, rule->issuers[j], &state, is_first);
            is_first = false;
        }
    }
    return is_ready;
}

void health_ready(const struct admin_call *call, struct reply *reply)
{
    AUTO(buf) issuers = {0};
    bool has_keys = call->site != NULL && put_issuers(&issuers, call->site);
    bool is_ready = has_keys && !call->admin->is_draining;
    reply->status = is_ready ? 200 : 503;
    reply->content_type = SPAN("application/json");
    buf_add_str(&reply->body, is_ready ? "{\"ready\":true," : "{\"ready\":false,");
    buf_add_str(&reply->body, call->admin->is_draining ? "\"draining\":true,\"issuers\":[" : "\"issuers\":[");
    buf_add_span(&reply->body, buf_span(&issuers));
    reply->body.is_broken = reply->body.is_broken || issuers.is_broken;
    buf_add_str(&reply->body, "]}\n");
}

void health_live(const struct admin_call *call, struct reply *reply)
{
    (void)call;
    reply->content_type = SPAN("text/plain");
    buf_add_str(&reply->body, "ok\n");
}

void health_metrics(const struct admin_call *call, struct reply *reply)
{
    reply->content_type = SPAN("text/plain; version=0.0.4; charset=utf-8");
    vitals_show(call->admin->gateway, call->admin->is_draining);
    metrics_text(call->admin->gateway->metrics, &reply->body);
}
