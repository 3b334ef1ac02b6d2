/* SPDX-License-Identifier: Apache-2.0 */
/* POST /explain and /explain/all: a token judged by the routes and keys that the gateway has now, as `jwtgate explain` tells it.
 *
 * The token lives in the request's arena and goes with it: it is neither logged nor kept.
 */
#include "admin_int.h"

#include "base/now.h"
#include "input_int.h"
#include "oidc/issuer.h"
#include "policy/explain.h"
#include "proxy/binding.h"
#include "proxy/route.h"

/* What verifies by a set of keys, for all routes that trust it. */
struct holder {
    struct holder *next;
    const struct keyset *set;
    struct verifier *verifier;
};

/* All that one request asks. */
struct asking {
    const struct admin_call *call;
    struct arena *arena;
    struct tape body;
    struct span token, route;
    int64_t at_s;
    bool is_brief;
    struct holder *holders;
    struct revocations_view revocations;
};

/* ---- what is asked ---- */

static bool read_time(struct asking *asking, const struct input_member *at, struct err *err)
{
    asking->at_s = now_read().wall_s;
    if (at->item == NULL || now_from_text(tape_span(&asking->body, at->item), &asking->at_s, err))
        return true;
    return err_prefix(err, "\"at\"");
}

/* The members of the body; `route` is one where `has_route`. */
static bool read_asking(struct asking *asking, bool has_route, struct err *err)
{
    struct input_member members[] = {
        {.name = "token", .kinds = INPUT_TEXT, .is_required = true},
        {.name = "at", .kinds = INPUT_TEXT | INPUT_NUMBER},
        {.name = "route", .kinds = INPUT_TEXT, .is_required = true},
    };
    bool had_scheme;
    size_t count = has_route ? 3 : 2;
    if (!input_read(&asking->body, asking->arena, asking->call->request->body, members, count, err) ||
        !read_time(asking, &members[1], err))
        return false;
    asking->token = input_text(&asking->body, &members[0]);
    asking->route = input_text(&asking->body, &members[2]);
    return explain_token(asking->token, &had_scheme).len > 0 || fail(err, REASON_BAD_REQUEST, "there is no token");
}

static void end_asking(struct asking *asking)
{
    for (struct holder *holder = asking->holders; holder != NULL; holder = holder->next)
        verifier_free(holder->verifier);
    revocations_unsee(&asking->revocations);
}

/* ---- keys ---- */

/* Of that set, made at its first use; NULL: out of memory. */
static struct verifier *verifier_of(struct asking *asking, struct keyset *set)
{
    for (struct holder *holder = asking->holders; holder != NULL; holder = holder->next)
        if (holder->set == set)
            return holder->verifier;
    struct holder *holder = arena_zero(asking->arena, sizeof *holder);
    struct verifier *verifier = holder == NULL ? NULL : verifier_new(set);
    if (verifier == NULL)
        return NULL;
    *holder = (struct holder){.next = asking->holders, .set = set, .verifier = verifier};
    asking->holders = holder;
    return verifier;
}

/* The keys that a provider has published, how far its clock is ahead, or why there are none. */
static bool trust_issuer(struct asking *asking, struct issuer *issuer, struct trust *trust, int64_t *ahead_s,
                         const char **trouble)
{
    struct issuer_state state;
    struct keyset *set = snapshot_take(issuer_keys(issuer));
    trust->verifier = set == NULL ? NULL : verifier_of(asking, set);
    bool is_ok = set == NULL || trust->verifier != NULL;
    keyset_release(set);
    issuer_describe(issuer, &state);
    *ahead_s = state.clock_ahead_s;
    if (set == NULL && state.last_error[0] != '\0')
        *trouble = arena_printf(asking->arena, "%.*s: %s", SPAN_ARG(issuer_url(issuer)), state.last_error);
    return is_ok;
}

static bool trust_rule(struct asking *asking, const struct site_rule *from, struct explain_rule *rule)
{
    size_t count = from->rule->provider_count;
    struct trust *trusts = arena_zero(asking->arena, (count + 1) * sizeof *trusts);
    struct span *urls = arena_zero(asking->arena, (count + 1) * sizeof *urls);
    int64_t *clocks_ahead_s = arena_zero(asking->arena, (count + 1) * sizeof *clocks_ahead_s);
    const char **troubles = arena_zero(asking->arena, (count + 1) * sizeof *troubles);
    if (trusts == NULL || urls == NULL || clocks_ahead_s == NULL || troubles == NULL)
        return false;
    for (size_t i = 0; i < count; i++) {
        urls[i] = issuer_url(from->issuers[i]);
        if (!trust_issuer(asking, from->issuers[i], &trusts[i], &clocks_ahead_s[i], &troubles[i]))
            return false;
    }
    if (from->rule->inline_keys != NULL &&
        (trusts[count].verifier = verifier_of(asking, from->rule->inline_keys)) == NULL)
        return false;
    rule->trusts = trusts;
    rule->urls = urls;
    rule->clocks_ahead_s = clocks_ahead_s;
    rule->troubles = troubles;
    return true;
}

/* ---- judging ---- */

static bool judge_route(struct asking *asking, const struct site_route *route, struct explanation *explanation,
                        struct err *err)
{
    size_t count = route->plan.rule_count;
    struct explain_rule *rules = arena_zero(asking->arena, count * sizeof *rules);
    const struct binding *binding = asking->call->admin->gateway->binding;
    for (size_t i = 0; rules != NULL && i < count; i++) {
        rules[i].rule = &route->plan.rules[i];
        rules[i].place = explain_place(&route->plan, i, &rules[i].is_alternative);
        if (!trust_rule(asking, &route->rules[i], &rules[i]))
            rules = NULL;
    }
    if (rules == NULL)
        return fail(err, REASON_OUT_OF_MEMORY, "no memory for the keys");
    const struct explain_input input = {
        .pasted = asking->token,
        .rules = rules,
        .rule_count = count,
        .route = route->name,
        .tells_scope = route->tells_scope,
        .request = route_explain_request(route),
        .at_s = asking->at_s,
        .limits = asking->call->site->token_limits,
        .cnf = route->cnf,
        .revocation = binding == NULL ? NULL : revocations_see(binding->revocations, &asking->revocations),
        .is_brief = asking->is_brief,
        .arena = asking->arena};
    return explain_judge(&input, explanation, err);
}

static bool asks_for_token(const struct site_route *route)
{
    return !route->is_public && route->plan.rule_count > 0;
}

static const struct site_route *find_route(const struct site *site, struct span name)
{
    for (size_t i = 0; i < site->route_count; i++)
        if (span_eq(site->routes[i].name, name))
            return &site->routes[i];
    return NULL;
}

static void refuse(struct reply *reply, const struct err *err)
{
    admin_refuse(reply, err->reason == REASON_OUT_OF_MEMORY ? 503 : 400, "%s", err->text);
}

static void explain_one(struct asking *asking, struct reply *reply)
{
    struct explanation explanation;
    struct err err;
    const struct site_route *route = find_route(asking->call->site, asking->route);
    if (route == NULL) {
        admin_refuse(reply, 404, "there is no route \"%s\"", QUOTED(asking->route));
    } else if (!asks_for_token(route)) {
        admin_refuse(reply, 400, "route \"%s\" is public: it asks for no token", QUOTED(route->name));
    } else if (!judge_route(asking, route, &explanation, &err)) {
        refuse(reply, &err);
    } else {
        admin_say_json(reply);
        explain_json(&explanation, &reply->body);
    }
}

void explain_answer(const struct admin_call *call, struct reply *reply)
{
    struct asking asking = {.call = call, .arena = call->request->arena};
    struct err err;
    if (read_asking(&asking, true, &err))
        explain_one(&asking, reply);
    else
        refuse(reply, &err);
    end_asking(&asking);
}

/* ---- by all routes ---- */

/* `report` is NULL for a public route. */
static void put_row(struct buf *out, const struct site_route *route, const struct report_input *report,
                    struct arena *arena)
{
    buf_add_str(out, "{\"route\":");
    buf_add_json_text(out, route->name);
    if (report == NULL) {
        buf_add_str(out, ",\"verdict\":\"public\",\"reason\":null,\"status\":200,\"check\":null}");
        return;
    }
    const struct judgement *judgement = report->judgement;
    buf_printf(out, ",\"verdict\":\"%s\",\"reason\":", report_verdict(judgement));
    if (judgement->has_passed)
        buf_add_str(out, "null");
    else
        buf_add_json_text(out, span_str(reason_name(judgement->reason)));
    buf_printf(out, ",\"status\":%u,\"check\":", report_status(report));
    if (judgement->failed == NULL)
        buf_add_str(out, "null");
    else
        buf_add_json_text(out, span_str(check_name_text(judgement->failed, arena)));
    buf_add_char(out, '}');
}

/* Each route's scratch goes before the next is judged: a site may have very many. */
static bool explain_route(const struct asking *shared, const struct site_route *route, struct buf *out, struct err *err)
{
    AUTO(arena) arena = {0};
    struct asking asking = *shared;
    struct explanation explanation;
    bool is_judged = asks_for_token(route);
    asking.arena = &arena;
    asking.holders = NULL;
    asking.revocations = (struct revocations_view){0};
    bool is_ok = !is_judged || judge_route(&asking, route, &explanation, err);
    if (is_ok)
        put_row(out, route, is_judged ? &explanation.decisive->report : NULL, &arena);
    end_asking(&asking);
    return is_ok;
}

static bool explain_all(const struct asking *asking, struct buf *out, struct err *err)
{
    const struct site *site = asking->call->site;
    buf_add_str(out, "{\"schema\":1,\"results\":[");
    for (size_t i = 0; i < site->route_count; i++) {
        if (i > 0)
            buf_add_char(out, ',');
        if (!explain_route(asking, &site->routes[i], out, err))
            return false;
    }
    return buf_add_str(out, "]}") || fail(err, REASON_OUT_OF_MEMORY, "no memory for the results");
}

void explain_all_answer(const struct admin_call *call, struct reply *reply)
{
    struct asking asking = {.call = call, .arena = call->request->arena, .is_brief = true};
    struct err err;
    if (read_asking(&asking, false, &err) && explain_all(&asking, &reply->body, &err))
        admin_say_json(reply);
    else
        refuse(reply, &err);
}
