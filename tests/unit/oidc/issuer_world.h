/* SPDX-License-Identifier: Apache-2.0 */
/* What the tests of issuers share: a loop with a scripted provider on it, and the registry under test. */
#ifndef UNIT_ISSUER_WORLD_H
#define UNIT_ISSUER_WORLD_H

#include "base/log.h"
#include "base/now.h"
#include "oidc/fetch.h"
#include "oidc/issuer.h"
#include "tiny_server.h"
#include "unit.h"

#include <event2/event.h>

#include <unistd.h>

#define DISCOVERY "/.well-known/openid-configuration"
#define ED25519_X "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwAaaPcHURo"
#define KEYS_OF(kid) "{\"keys\":[{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":\"" ED25519_X "\",\"kid\":\"" kid "\"}]}"

enum { LONG_MS = 3600 * 1000, FAMILY_AGE = 0, FAMILY_REFRESH = 1, FAMILY_CLOCK = 2, FAMILY_FAILING = 3 };

static const struct metric_family families[] = {
    {"keys_age_seconds", METRIC_GAUGE, "issuer", ""},
    {"keys_refresh_total", METRIC_COUNTER, "issuer,result", ""},
    {"clock_difference_seconds", METRIC_GAUGE, "issuer", ""},
    {"keys_failing", METRIC_GAUGE, "issuer", ""},
};

struct world {
    struct event_base *base;
    struct tiny_server *server;
    struct metrics *metrics;
    struct issuers *issuers;
    struct issuer *issuer;
    struct issuers_settings settings;
    char document[256];
    unsigned concluded;
};

static inline void count_conclusion(void *context, struct issuer *issuer)
{
    struct world *world = context;
    assert_false(issuer_is_fetching(issuer));
    world->concluded++;
}

static inline void document_set(struct world *world, const char *issuer, const char *path)
{
    snprintf(world->document, sizeof world->document, "{\"issuer\":\"%s\",\"jwks_uri\":\"%s\"}", issuer,
             tiny_url(world->server, path));
    tiny_answer(world->server, DISCOVERY, (struct tiny_reply){.status = 200, .body = span_str(world->document)});
}

static inline void keys_set(struct world *world, const char *text)
{
    tiny_answer(world->server, "/keys", (struct tiny_reply){.status = 200, .body = span_str(text)});
}

static inline int set_up(void **state)
{
    struct world *world = calloc(1, sizeof *world);
    if (world == NULL || !fetch_global_init(NULL))
        return -1;
    log_set(STDERR_FILENO, LOG_NOTICE, LOG_FORMAT_TEXT);
    world->base = event_base_new();
    world->server = tiny_server_new(world->base);
    world->metrics = metrics_new(families, COUNT_OF(families), 1);
    world->settings = (struct issuers_settings){
        .timing = {LONG_MS, LONG_MS, 24 * LONG_MS, 5000},
        .document_bytes_max = 65536,
        .concluded = count_conclusion,
        .context = world,
        .metrics = {world->metrics, FAMILY_AGE, FAMILY_REFRESH, FAMILY_CLOCK, FAMILY_FAILING, 0}};
    document_set(world, "https://idp.example", "/keys");
    keys_set(world, KEYS_OF("k1"));
    *state = world;
    return 0;
}

static inline int tear_down(void **state)
{
    struct world *world = *state;
    issuers_free(world->issuers);
    issuer_release(world->issuer); /* in this order too: it then frees itself */
    metrics_free(world->metrics);
    tiny_server_free(world->server);
    event_base_free(world->base);
    fetch_global_fini();
    free(world);
    return 0;
}

static inline void begin(struct world *world)
{
    world->issuers = issuers_new(world->base, &world->settings, NULL);
    assert_non_null(world->issuers);
    world->issuer = issuers_take(world->issuers, span_str(tiny_url(world->server, "")), NULL);
    assert_non_null(world->issuer);
    assert_true(issuer_is_fetching(world->issuer)); /* the first fetch is at once */
}

struct more {
    struct world *world;
    unsigned least;
};

static inline bool has_concluded(void *context)
{
    struct more *more = context;
    return more->world->concluded >= more->least;
}

/* Until `cycles` more have ended. */
static inline void run_cycles(struct world *world, unsigned cycles)
{
    struct more more = {world, world->concluded + cycles};
    tiny_run(world->base, has_concluded, &more);
}

static inline bool is_state(struct world *world, bool has_keys, bool is_failing)
{
    struct issuer_state seen;
    issuer_describe(world->issuer, &seen);
    return seen.has_keys == has_keys && seen.is_failing == is_failing && (seen.last_error[0] != '\0') == is_failing;
}

static inline struct keyset *keys_take(struct world *world)
{
    return snapshot_take(issuer_keys(world->issuer));
}

/* The kid of the one published key, "" for nothing published. */
static inline const char *published(struct world *world)
{
    static char kid[64];
    struct keyset *keys = keys_take(world);
    if (keys == NULL)
        return "";
    assert_int_equal(keys->count, 1);
    snprintf(kid, sizeof kid, "%.*s", SPAN_ARG(keys->keys[0]->kid));
    keyset_release(keys);
    return kid;
}

static inline int64_t refreshes(struct world *world, const char *result)
{
    struct span labels[] = {issuer_url(world->issuer), span_str(result)};
    return metric_value(metric_series(world->metrics, FAMILY_REFRESH, labels, 2));
}

static inline void want(struct world *world, int64_t mono_ms, bool is_expected)
{
    assert_int_equal(issuer_want(world->issuer, mono_ms), is_expected);
}

struct wanting {
    struct issuer *issuer;
    _Atomic(unsigned) *yes;
};

static inline void *want_often(void *arg)
{
    struct wanting *wanting = arg;
    for (unsigned i = 0; i < 10000; i++)
        *wanting->yes += issuer_want(wanting->issuer, 1000) ? 1 : 0;
    issuer_release(wanting->issuer);
    return NULL;
}

#endif
