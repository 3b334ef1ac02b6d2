/* SPDX-License-Identifier: Apache-2.0 */
/* A worker's side of the gateway: the site it uses, verifiers, pools, remembered signatures. */
#include "gate_int.h"

#include "base/log.h"

static void gate_site_free(struct gate_site *at)
{
    for (size_t i = 0; at->known != NULL && i < at->known_count; i++)
        verifier_free(at->known[i].verifier);
    for (size_t i = 0; at->inline_keys != NULL && i < at->site->rule_count; i++)
        verifier_free(at->inline_keys[i]);
    gate_backends_free(at);
    free(at->known);
    free(at->issuers);
    free(at->first_issuer);
    free(at->inline_keys);
    site_release(at->site);
    free(at);
}

static void gate_site_bury(struct grave *grave)
{
    gate_site_free(CONTAINER_OF(grave, gate_site, grave));
}

void gate_site_release(struct gate_site *at)
{
    if (at != NULL && --at->references == 0)
        worker_bury(at->gate->worker, &at->grave);
}

struct gate_site *gate_site_take(struct gate *gate)
{
    gate->current->references++;
    return gate->current;
}

static size_t providers_in_all(const struct site *site)
{
    size_t count = 0;
    for (size_t i = 0; i < site->rule_count; i++)
        count += site->rules[i].rule->provider_count;
    return count;
}

static struct gate_issuer *know(struct gate_site *at, struct issuer *issuer)
{
    for (size_t i = 0; i < at->known_count; i++)
        if (at->known[i].issuer == issuer)
            return &at->known[i];
    at->known[at->known_count].issuer = issuer;
    return &at->known[at->known_count++];
}

static void know_issuers(struct gate_site *at)
{
    size_t next = 0;
    for (size_t i = 0; i < at->site->rule_count; i++) {
        const struct site_rule *rule = &at->site->rules[i];
        at->first_issuer[i] = next;
        for (size_t j = 0; j < rule->rule->provider_count; j++)
            at->issuers[next++] = know(at, rule->issuers[j]);
    }
}

static bool make_inline_keys(struct gate_site *at)
{
    for (size_t i = 0; i < at->site->rule_count; i++) {
        struct keyset *keys = at->site->rules[i].rule->inline_keys;
        if (keys != NULL && (at->inline_keys[i] = verifier_new(keys)) == NULL)
            return false;
    }
    return true;
}

/* Takes over the caller's reference to `site`, also when it fails. */
static struct gate_site *gate_site_make(struct gate *gate, struct site *site)
{
    size_t providers = providers_in_all(site);
    struct gate_site *at = calloc(1, sizeof *at);
    if (at == NULL) {
        site_release(site);
        return NULL;
    }
    at->references = 1;
    at->gate = gate;
    at->grave.bury = gate_site_bury;
    at->site = site;
    at->issuers = calloc(providers + 1, sizeof(struct gate_issuer *));
    at->first_issuer = calloc(site->rule_count + 1, sizeof *at->first_issuer);
    at->known = calloc(providers + 1, sizeof *at->known);
    at->inline_keys = calloc(site->rule_count + 1, sizeof(struct verifier *));
    bool is_ok = at->issuers != NULL && at->first_issuer != NULL && at->known != NULL && at->inline_keys != NULL;
    if (is_ok && gate_backends_make(at) && make_inline_keys(at)) {
        know_issuers(at);
        return at;
    }
    gate_site_free(at);
    return NULL;
}

size_t gateway_connections(const struct gateway *gateway, const struct site *site)
{
    size_t wanted = (size_t)site->settings.limits.connections;
    size_t most = atomic_load(&gateway->connections_max);
    return most != 0 && most < wanted ? most : wanted;
}

size_t gateway_parked(const struct gateway *gateway, const struct site *site)
{
    size_t wanted = (size_t)site->settings.keys.parked;
    return wanted > 0 && wanted < gateway->gate_count ? gateway->gate_count : wanted;
}

/* The settings of a worker's service under `site`. */
static struct service_settings service_settings_of(const struct gateway *gateway, const struct site *site)
{
    const struct settings *settings = &site->settings;
    unsigned workers = gateway->gate_count;
    size_t connections = (gateway_connections(gateway, site) + workers - 1) / workers;
    return (struct service_settings){.limits = site->limits,
                                     .streams_max = (uint32_t)settings->limits.streams,
                                     .connections_max = connections,
                                     .client_connections_max = (size_t)settings->limits.client_connections,
                                     .buffer_bytes_max = settings->limits.body_buffer,
                                     .head_ms = settings->timeouts.head_ms,
                                     .idle_ms = settings->timeouts.idle_ms,
                                     .body_ms = settings->timeouts.body_ms,
                                     .body_rate = settings->limits.body_rate};
}

void gate_refresh(struct gate *gate)
{
    uint64_t number = snapshot_number(&gate->gateway->site);
    if (number == gate->site_number && gate->current != NULL)
        return;
    struct site *site = snapshot_take(&gate->gateway->site);
    struct gate_site *fresh = site == NULL ? NULL : gate_site_make(gate, site);
    if (fresh == NULL)
        return; /* out of memory: the old site goes on serving, the next request tries again */
    gate_site_release(gate->current);
    gate->current = fresh;
    gate->site_number = number;
    struct service_settings settings = service_settings_of(gate->gateway, fresh->site);
    service_configure(&gate->service, &settings);
    gate->wait_class.after_ms = fresh->site->settings.keys.wait_ms;
}

static void take_http2_figures(struct gate *gate)
{
    static const char *const whys[H2_ENDINGS] = {
        [H2_ENDED_PROTOCOL] = "protocol", [H2_ENDED_FLOOD] = "flood", [H2_ENDED_DRAIN] = "drain",
        [H2_ENDED_IDLE] = "idle",         [H2_ENDED_LATE] = "late",   [H2_ENDED_BY_CLIENT] = "client"};
    struct metrics *metrics = gate->gateway->metrics;
    struct service_metrics *of_service = &gate->service.metrics;
    of_service->h2_connections = metric_series(metrics, FIGURE_HTTP2_CONNECTIONS, NULL, 0);
    of_service->h2_streams = metric_series(metrics, FIGURE_HTTP2_STREAMS, NULL, 0);
    const struct span limit = SPAN_INIT("streams");
    of_service->h2_refused = metric_series(metrics, FIGURE_LIMIT_HITS, &limit, 1);
    for (size_t i = 0; i < H2_ENDINGS; i++) {
        const struct span why = span_str(whys[i]);
        of_service->h2_endings[i] = metric_series(metrics, FIGURE_HTTP2_ENDED, &why, 1);
    }
}

static void take_figures(struct gate *gate)
{
    struct metrics *metrics = gate->gateway->metrics;
    const struct span full = SPAN_INIT("full"), resumed = SPAN_INIT("resumed"), failed = SPAN_INIT("failed");
    const struct span heads = SPAN_INIT("head"), bodies = SPAN_INIT("body"), answers = SPAN_INIT("answer");
    const struct span request = SPAN_INIT("request"), answer = SPAN_INIT("answer");
    gate->figures = (struct gate_figures){.cache_hits = metric_series(metrics, FIGURE_CACHE_HITS, NULL, 0),
                                          .cache_misses = metric_series(metrics, FIGURE_CACHE_MISSES, NULL, 0),
                                          .cache_entries = metric_series(metrics, FIGURE_CACHE_ENTRIES, NULL, 0),
                                          .cache_bytes = metric_series(metrics, FIGURE_CACHE_BYTES, NULL, 0),
                                          .parked = metric_series(metrics, FIGURE_PARKED, NULL, 0),
                                          .parked_refused = metric_series(metrics, FIGURE_PARKED_REFUSED, NULL, 0),
                                          .parked_late = metric_series(metrics, FIGURE_PARKED_LATE, NULL, 0),
                                          .unverified = metric_series(metrics, FIGURE_UNVERIFIED, NULL, 0),
                                          .sent = metric_series(metrics, FIGURE_SENT_BYTES, NULL, 0),
                                          .received = metric_series(metrics, FIGURE_RECEIVED_BYTES, NULL, 0),
                                          .request_pauses = metric_series(metrics, FIGURE_BODY_PAUSES, &request, 1),
                                          .answer_pauses = metric_series(metrics, FIGURE_BODY_PAUSES, &answer, 1)};
    gate->service.metrics =
        (struct service_metrics){.connections = metric_series(metrics, FIGURE_CONNECTIONS, NULL, 0),
                                 .accepted = metric_series(metrics, FIGURE_ACCEPTED, NULL, 0),
                                 .refused = metric_series(metrics, FIGURE_CONNECTIONS_REFUSED, NULL, 0),
                                 .shaken = metric_series(metrics, FIGURE_HANDSHAKES, &full, 1),
                                 .resumed = metric_series(metrics, FIGURE_HANDSHAKES, &resumed, 1),
                                 .unshaken = metric_series(metrics, FIGURE_HANDSHAKES, &failed, 1),
                                 .tls_floods = metric_series(metrics, FIGURE_TLS_FLOODS, NULL, 0),
                                 .late_heads = metric_series(metrics, FIGURE_CLIENTS_LATE, &heads, 1),
                                 .late_bodies = metric_series(metrics, FIGURE_CLIENTS_LATE, &bodies, 1),
                                 .late_answers = metric_series(metrics, FIGURE_CLIENTS_LATE, &answers, 1),
                                 .clients = metric_series(metrics, FIGURE_CLIENTS, NULL, 0),
                                 .crowded = metric_series(metrics, FIGURE_CLIENTS_CROWDED, NULL, 0),
                                 .unproxied = metric_series(metrics, FIGURE_PROXY_HEADERS_REFUSED, NULL, 0),
                                 .pauses = metric_series(metrics, FIGURE_ACCEPT_PAUSES, NULL, 0),
                                 .shed = metric_series(metrics, FIGURE_ACCEPT_SHED, NULL, 0)};
}

bool gate_init(struct gate *gate, struct gateway *gateway, struct worker *worker, struct err *err)
{
    const struct service_settings none = {0};
    *gate = (struct gate){.gateway = gateway, .worker = worker};
    worker->owner = gate;
    list_init(&gate->parked);
    list_init(&gate->unverified);
    gate->verify_task.run = exchange_verify_next;
    deadline_class_init(worker, &gate->wait_class, 0);
    service_init(&gate->service, worker, exchange_handler(), gate, &none);
    gate->service.clients = gateway->clients;
    gate->verified = verified_new(VERIFIED_SLOTS, VERIFIED_BYTES_MAX);
    take_figures(gate);
    take_http2_figures(gate);
    gate_refresh(gate);
    return gate->current != NULL || fail(err, REASON_OUT_OF_MEMORY, "no memory for a worker");
}

void gate_fini(struct gate *gate)
{
    list_remove(&gate->verify_task.link);
    gate_site_release(gate->current);
    gate->current = NULL;
    verified_free(gate->verified);
    revocations_unsee(&gate->revocations);
    buf_fini(&gate->pen);
    service_fini(&gate->service);
    deadline_class_fini(&gate->wait_class);
}

/* What was remembered goes over to the new keys, or the old ones would stay for as long as one of their tokens is remembered.
 * Every exchange has let go of what is remembered by the time another one is judged.
 */
static void follow_keys(struct gate *gate, const struct gate_issuer *known, struct keyset *keys)
{
    if (gate->verified != NULL && known->verifier != NULL)
        verified_follow(gate->verified, verifier_keys(known->verifier), keys);
}

/* Takes up a key set published since; without memory for it there is none: never a pass by keys that are gone. */
static void refresh_issuer(struct gate *gate, struct gate_issuer *known)
{
    struct snapshot *slot = issuer_keys(known->issuer);
    uint64_t number = snapshot_number(slot);
    if (number == known->number)
        return;
    struct keyset *keys = snapshot_take(slot);
    follow_keys(gate, known, keys);
    verifier_free(known->verifier);
    known->verifier = keys == NULL ? NULL : verifier_new(keys);
    keyset_release(keys);
    known->number = number;
}

size_t gate_trusts(struct gate_site *at, const struct site_rule *rule, struct trust trusts[RULE_PROVIDERS_MAX + 1])
{
    struct gate_issuer **row = at->issuers + at->first_issuer[rule->index];
    size_t count = rule->rule->provider_count;
    for (size_t i = 0; i < count; i++) {
        refresh_issuer(at->gate, row[i]);
        trusts[i].verifier = row[i]->verifier;
    }
    if (rule->rule->inline_keys != NULL)
        trusts[count++].verifier = at->inline_keys[rule->index];
    return count;
}

bool gate_has_newer_keys(const struct gate_site *at, const struct site_rule *rule)
{
    struct gate_issuer *const *row = at->issuers + at->first_issuer[rule->index];
    for (size_t i = 0; i < rule->rule->provider_count; i++)
        if (row[i]->number != snapshot_number(issuer_keys(row[i]->issuer)))
            return true;
    return false;
}

/* A letter to one worker: keys were fetched, or not. */
static void read_letter(struct letter *letter, void *context)
{
    struct gate *gate = context;
    free(letter);
    exchange_wake_parked(gate);
}

static bool is_template(struct issuer *issuer)
{
    struct span before, behind;
    struct keyset *keys = snapshot_take(issuer_keys(issuer));
    bool is = keys != NULL && rule_issuer_is_template(keys->issuer, &before, &behind);
    keyset_release(keys);
    return is;
}

static void warn_any_tenant(const struct site_rule *rule)
{
    size_t i = 0;
    const struct site_route *route = rule->route;
    if (route->figures->has_warned || !rule_takes_any_tenant(rule->rule))
        return;
    while (i < rule->rule->provider_count && !is_template(rule->issuers[i]))
        i++;
    if (i == rule->rule->provider_count)
        return;
    route->figures->has_warned = true;
    LOG_EVENT(LOG_WARNING, "any-tenant", LOG_TEXT("route", route->name), LOG_TEXT("url", issuer_url(rule->issuers[i])));
}

void gateway_warn(struct gateway *gateway)
{
    struct site *site = snapshot_take(&gateway->site);
    for (size_t i = 0; site != NULL && i < site->rule_count; i++)
        warn_any_tenant(&site->rules[i]);
    site_release(site);
}

void gateway_keys_concluded(void *context, struct issuer *issuer)
{
    struct gateway *gateway = context;
    (void)issuer;
    gateway_warn(gateway);
    for (unsigned i = 0; gateway->gates != NULL && i < gateway->gate_count; i++) {
        struct letter *letter = malloc(sizeof *letter);
        if (letter == NULL)
            continue; /* who waits is answered by the deadline */
        letter->run = read_letter;
        letter->context = &gateway->gates[i];
        worker_post(gateway->gates[i].worker, letter);
    }
}
