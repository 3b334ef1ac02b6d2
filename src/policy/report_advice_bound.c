/* SPDX-License-Identifier: Apache-2.0 */
/* Advice on tokens that are bound to a key of their sender, and on those that were revoked. */
#include "report_advice_int.h"

static const char *revoked_advice(const struct advising *a)
{
    const struct judgement *judgement = a->in->judgement;
    if (judgement->revoked == NULL || a->check != judgement->failed)
        return NULL;
    return advising_say(a,
                        "the token is on the list of revoked ones, line %u: have the client fetch a new one, or take "
                        "the entry off the list",
                        judgement->revoked->line);
}

static const char *proof_advice(const struct advising *a)
{
    switch (a->in->judgement->dpop) {
    case DPOP_NO_ERROR:
        return "the token is bound to a certificate: its owner has to connect with that one, to a listener that asks "
               "for it (tls.client_ca); where TLS ends before the gateway, nobody here sees it";
    case DPOP_USE_NONCE: return "the client has to put the nonce of the answer's DPoP-Nonce into its next proof";
    case DPOP_INVALID_PROOF:
        return "the client has to send one fresh DPoP proof with each request: for this method, URL and token, by a "
               "clock that is right; where TLS ends before the gateway, dpop.scheme is https";
    case DPOP_INVALID_TOKEN:
        return "the token is bound to a key: its owner sends it as `DPoP TOKEN` with a proof by that key; "
               "a route with `cnf: ignore` passes over what can't be checked";
    }
    return NULL;
}

const char *report_advice_bound(const struct advising *a)
{
    const char *advice = revoked_advice(a);
    bool is_about_cnf = a->check->name == CHECK_CLAIM && a->check->reason == REASON_JWT_INVALID &&
                        span_eq(a->check->claim, SPAN("cnf"));
    return advice != NULL || !is_about_cnf ? advice : proof_advice(a);
}
