/* SPDX-License-Identifier: Apache-2.0 */
/* The parts put together. */
#include "proxy/binding.h"

#include "proxy/figures.h"

#include <openssl/err.h>
#include <openssl/rand.h>

static void take_figures(struct binding *binding, struct metrics *metrics)
{
    const struct span seen = SPAN("seen");
    const struct span full = SPAN("full");
    binding->entries = metric_series(metrics, FIGURE_REPLAYS_ENTRIES, NULL, 0);
    binding->seen = metric_series(metrics, FIGURE_REPLAYS_REFUSED, &seen, 1);
    binding->full = metric_series(metrics, FIGURE_REPLAYS_REFUSED, &full, 1);
    binding->hits = metric_series(metrics, FIGURE_REVOCATION_HITS, NULL, 0);
}

static bool make(struct binding *binding, struct event_base *base, struct metrics *metrics, unsigned shard,
                 const struct site *site, struct err *err)
{
    take_figures(binding, metrics);
    if (RAND_bytes(binding->nonce_key, sizeof binding->nonce_key) != 1) {
        ERR_clear_error();
        return fail(err, REASON_SYSTEM, "no random numbers");
    }
    binding->replay = replay_new((size_t)site->settings.dpop.replays);
    if (binding->replay == NULL)
        return fail(err, REASON_OUT_OF_MEMORY, "no memory for used proofs");
    binding->revocations = revocations_new(base, metrics, shard, err);
    return binding->revocations != NULL && binding_use(binding, site, err);
}

struct binding *binding_new(struct event_base *base, struct metrics *metrics, unsigned shard, const struct site *site,
                            struct err *err)
{
    struct binding *binding = calloc(1, sizeof *binding);
    if (binding == NULL) {
        fail(err, REASON_OUT_OF_MEMORY, "no memory for used proofs");
        return NULL;
    }
    if (make(binding, base, metrics, shard, site, err))
        return binding;
    binding_free(binding);
    return NULL;
}

void binding_free(struct binding *binding)
{
    if (binding == NULL)
        return;
    revocations_free(binding->revocations);
    replay_free(binding->replay);
    free(binding);
}

bool binding_use(struct binding *binding, const struct site *site, struct err *err)
{
    if (!revocations_use(binding->revocations, site->revocation, err))
        return false;
    replay_limit(binding->replay, (size_t)site->settings.dpop.replays);
    return true;
}
