/* SPDX-License-Identifier: Apache-2.0 */
/* limits.client_refusals: an address whose tokens were refused too often is told to wait before another signature is checked.
 *
 * Tokens that are remembered as good go on passing: they cost nothing, and those who share the address of a guesser keep working.
 * What counts is what costs: tokens that are malformed, or have no key or no right signature.  Being expired or for another
 * audience does not, nor does a missing token.  Report-only routes neither count nor refuse.
 */
#include "exchange_int.h"

/* The address that counts, where there is a limit to keep. */
static bool has_limit(const struct exchange *x, struct client_key *key)
{
    return x->site->site->settings.limits.client_refusals > 0 && x->gate->gateway->refusals != NULL &&
           x->route->mode != MODE_REPORT_ONLY && client_key_read(exchange_client(x), key);
}

bool exchange_is_barred(struct exchange *x)
{
    struct client_key key;
    int64_t a_minute = x->site->site->settings.limits.client_refusals;
    if (!has_limit(x, &key))
        return false;
    int64_t wait_ms =
        refusals_wait_ms(x->gate->gateway->refusals, &key, a_minute, worker_now(x->gate->worker)->mono_ms);
    if (wait_ms == 0)
        return false;
    x->retry_after_s = (unsigned)((wait_ms + 999) / 1000);
    fail(&x->err, REASON_TOO_MANY_REFUSALS, "%lld tokens of this address were refused within a minute or so",
         (long long)a_minute);
    return true;
}

static bool does_count(const struct judgement *judgement)
{
    bool is_kind = judgement->reason == REASON_JWT_INVALID || judgement->reason == REASON_SIGNATURE_INVALID ||
                   judgement->reason == REASON_KEY_NOT_FOUND;
    return is_kind && judgement->failed != NULL && judgement->failed->name <= CHECK_SIGNATURE;
}

void exchange_count_refusal(struct exchange *x)
{
    struct refusals *refusals = x->gate->gateway->refusals;
    struct client_key key;
    if (!does_count(&x->judgement) || !has_limit(x, &key))
        return;
    refusals_count(refusals, &key, x->site->site->settings.limits.client_refusals,
                   worker_now(x->gate->worker)->mono_ms);
    metric_set(metric_series(x->gate->gateway->metrics, FIGURE_CLIENTS_REFUSING, NULL, 0),
               (int64_t)refusals_addresses(refusals));
}
