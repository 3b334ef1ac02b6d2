/* SPDX-License-Identifier: Apache-2.0 */
/* ID tokens are judged by the judge of all tokens, as a policy would that names the provider and this client. */
#include "base/now.h"
#include "jose/digest.h"
#include "login_int.h"
#include "oidc/issuer.h"
#include "policy/judge.h"

enum { SKEW_S = 60 };

/* The site's issuer of that discovery URL; NULL: no route trusts it. */
static struct issuer *find_issuer(const struct site *site, struct span url)
{
    for (size_t i = 0; i < site->rule_count; i++)
        for (size_t j = 0; j < site->rules[i].rule->provider_count; j++)
            if (span_eq(issuer_url(site->rules[i].issuers[j]), url))
                return site->rules[i].issuers[j];
    return NULL;
}

static bool nonce_check(const struct judgement *judgement, const char *nonce, struct err *err)
{
    struct span found = judgement->unverified == NULL ? (struct span){NULL, 0}
                                                      : tape_text(&judgement->unverified->tape, NULL, SPAN("nonce"));
    if (judgement->unverified == NULL)
        return fail(err, REASON_JWT_INVALID, "the ID token cannot be read");
    return (found.at != NULL && digest_eq(found, span_str(nonce))) ||
           fail(err, REASON_JWT_INVALID, "the ID token is of another sign-in: its nonce is not the one that was sent");
}

/* Whether nothing but a missing key speaks against it: what can be judged without one holds. */
static bool lacks_key_only(const struct judgement *judgement)
{
    for (size_t i = 0; i < judgement->check_count; i++) {
        const struct check *check = &judgement->checks[i];
        bool is_own = check->name == CHECK_EXP || check->name == CHECK_NBF || check->name == CHECK_AUDIENCE ||
                      check->name == CHECK_ISSUER;
        if (is_own && check->verdict == VERDICT_FAIL)
            return false;
    }
    return judgement->reason == REASON_KEY_NOT_FOUND || judgement->reason == REASON_OPENID_CONFIG_UNAVAILABLE;
}

static bool conclude(const struct judgement *judgement, struct id_token_found *found, struct arena *arena,
                     struct err *err)
{
    const struct claims *claims = judgement->unverified;
    found->sub = claims->sub.state == CLAIM_PRESENT ? claims->sub.text : (struct span){NULL, 0};
    found->note = NULL;
    if (judgement->has_passed)
        return true;
    if (lacks_key_only(judgement)) {
        found->note = "the ID token's signature was not checked: the gateway has no key of this provider that fits";
        return true;
    }
    return fail(err, judgement->reason, "the ID token is refused: %s%s%s", reason_name(judgement->reason),
                judgement->failed == NULL ? "" : ", ",
                judgement->failed == NULL ? "" : check_name_text(judgement->failed, arena));
}

bool id_token_judge(const struct site *site, const struct login *login, struct span id_token, struct arena *arena,
                    struct id_token_found *found, struct err *err)
{
    struct issuer *issuer = find_issuer(site, login->terms.provider);
    struct keyset *keys = issuer == NULL ? NULL : snapshot_take(issuer_keys(issuer));
    if (keys == NULL) /* none, of the issuer that the provider named */
        keys = keyset_new(login->terms.issuer, 0);
    AUTO_PTR(verifier) verifier = keys == NULL ? NULL : verifier_new(keys);
    keyset_release(keys);
    if (verifier == NULL)
        return fail(err, REASON_OUT_OF_MEMORY, "no memory for keys");
    const struct rule_provider provider = {.url = login->terms.provider};
    const struct rule rule = {.source = TOKEN_FROM_VALUE,
                              .failed_status = 401,
                              .requires_expiration = true,
                              .requires_signature = true,
                              .takes_signed_only = true,
                              .clock_skew_s = SKEW_S,
                              .providers = &provider,
                              .provider_count = 1,
                              .audiences = &login->terms.client_id,
                              .audience_count = 1,
                              .algs = alg_set_all()};
    const struct trust trusts[] = {{.verifier = verifier}, {.verifier = NULL}};
    const struct judge_input input = {.rule = &rule,
                                      .trusts = trusts,
                                      .now_s = now_read().wall_s,
                                      .limits = site->token_limits,
                                      .arena = arena,
                                      .credential = id_token,
                                      .wants_every_check = true,
                                      .cnf = CNF_IGNORE};
    struct judgement judgement;
    judge(&input, &judgement);
    return nonce_check(&judgement, login->nonce, err) && conclude(&judgement, found, arena, err);
}
