/* SPDX-License-Identifier: Apache-2.0 */
/* Issuers of /status: what is known of each, and its public keys by name and thumbprint. */
#include "status_int.h"

#include "jose/keyset.h"
#include "proxy/site_providers.h"

/* Most keys name no algorithm: what they may verify is told then. */
static void say_algs(struct buf *out, struct alg_set algs)
{
    struct span only = {NULL, 0};
    size_t count = 0;
    say_open(out, "algs", '[');
    for (enum alg alg = ALG_UNKNOWN + 1; alg < ALG_COUNT; alg++) {
        if (!alg_set_has(algs, alg))
            continue;
        only = span_str(alg_info(alg)->name);
        say_text(out, NULL, only);
        count++;
    }
    say_close(out, ']');
    say_text(out, "alg", count == 1 ? only : (struct span){NULL, 0});
}

static void say_key_of(struct buf *out, const struct key *key)
{
    say_open(out, NULL, '{');
    say_text(out, "kid", key->kid.len > 0 ? key->kid : (struct span){NULL, 0});
    say_text(out, "kty", span_str(key_family_name(key->family)));
    say_algs(out, key->algs);
    say_text(out, "use", SPAN("sig"));
    say_number(out, "bits", key->bits);
    say_text(out, "thumbprint", span_str(key->thumbprint));
    say_close(out, '}');
}

static void say_keys(struct buf *out, const struct keyset *set)
{
    say_open(out, "keys", '[');
    for (size_t i = 0; set != NULL && i < set->count; i++)
        say_key_of(out, set->keys[i]);
    say_close(out, ']');
    say_open(out, "skipped_keys", '[');
    for (size_t i = 0; set != NULL && i < set->skipped_count; i++) {
        struct span kid = set->skipped[i].kid;
        say_open(out, NULL, '{');
        say_text(out, "kid", kid.len > 0 ? kid : (struct span){NULL, 0});
        say_text(out, "why", span_str(set->skipped[i].why));
        say_close(out, '}');
    }
    say_close(out, ']');
}

static void say_issuer(struct buf *out, struct issuer *issuer)
{
    struct issuer_state state;
    issuer_describe(issuer, &state);
    struct keyset *set = snapshot_take(issuer_keys(issuer));
    say_open(out, NULL, '{');
    say_text(out, "url", issuer_url(issuer));
    say_text(out, "issuer", set != NULL && set->issuer.len > 0 ? set->issuer : (struct span){NULL, 0});
    say_keys(out, set);
    say_moment(out, "fetched_at", state.fetched_at_s);
    say_moment(out, "next_refresh", state.refresh_at_s);
    say_bool(out, "failing", state.is_failing);
    say_text(out, "last_error", state.last_error[0] == '\0' ? (struct span){NULL, 0} : span_str(state.last_error));
    if (state.is_clock_known)
        say_number(out, "clock_difference_s", state.clock_ahead_s);
    else
        say_null(out, "clock_difference_s");
    say_close(out, '}');
    keyset_release(set);
}

void status_say_issuers(struct buf *out, const struct site *site)
{
    say_open(out, "issuers", '[');
    for (size_t i = 0; i < site->rule_count; i++)
        for (size_t j = 0; j < site->rules[i].rule->provider_count; j++)
            if (site_names_first(site, i, j))
                say_issuer(out, site->rules[i].issuers[j]);
    say_close(out, ']');
}
