/* SPDX-License-Identifier: Apache-2.0 */
/* Advice by the token at hand: the mistakes that most reports of refused tokens come down to. */
#include "report_advice_int.h"

#include <stdarg.h>
#include <stdio.h>

enum { ADVICE_BYTES_MAX = 1024 };

/* ---- what advisors ask ---- */

const char *advising_ask(const struct advising *a, advisor *const *advisors, size_t count)
{
    const char *advice = NULL;
    for (size_t i = 0; i < count && advice == NULL; i++)
        advice = advisors[i](a);
    return advice;
}

const char *advising_say(const struct advising *a, const char *format, ...)
{
    char text[ADVICE_BYTES_MAX];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    return arena_printf(a->in->arena, "%s", text);
}

static const struct tape_item *member(const struct advising *a, struct span name)
{
    return a->claims == NULL ? NULL : tape_member(&a->claims->tape, NULL, name);
}

struct span advising_text(const struct advising *a, struct span name)
{
    return a->claims == NULL ? (struct span){NULL, 0} : tape_text(&a->claims->tape, NULL, name);
}

bool advising_has(const struct advising *a, struct span name)
{
    return member(a, name) != NULL;
}

struct claim_values advising_values(const struct advising *a, struct span name, bool is_path)
{
    struct claim_values values = {.is_present = false};
    struct err err;
    if (a->claims == NULL || !claims_values(a->claims, a->in->arena, name, is_path, &values, &err))
        return (struct claim_values){.is_present = false};
    return values;
}

bool advising_is_keycloak(const struct advising *a)
{
    return span_holds(advising_text(a, SPAN("iss")), SPAN("/realms/")) || advising_has(a, SPAN("realm_access")) ||
           advising_has(a, SPAN("resource_access"));
}

size_t advising_sets(const struct advising *a)
{
    return a->in->trusts == NULL ? 0 : a->rule->provider_count + (a->rule->inline_keys != NULL);
}

const struct keyset *advising_set(const struct advising *a, size_t i)
{
    const struct verifier *verifier = a->in->trusts[i].verifier;
    return verifier == NULL ? NULL : verifier_keys(verifier);
}

struct span advising_issuer(const struct advising *a, size_t i)
{
    for (size_t k = 0; k < advising_sets(a); k++) {
        const struct keyset *set = advising_set(a, k);
        if (set != NULL && set->issuer.len > 0 && i-- == 0)
            return set->issuer;
    }
    return i < a->rule->issuer_count ? a->rule->issuers[i] : (struct span){NULL, 0};
}

/* What stands between `before` and the next slash; `at` NULL where `url` begins otherwise. */
static struct span segment_behind(struct span url, struct span before)
{
    struct span piece = {NULL, 0};
    struct span rest = span_from(url, before.len);
    return span_starts(url, before) && span_split(&rest, '/', &piece) ? piece : (struct span){NULL, 0};
}

bool advising_is_older_entra(struct span a, struct span b)
{
    struct span old = segment_behind(a, SPAN("https://sts.windows.net/"));
    struct span new = segment_behind(b, SPAN("https://login.microsoftonline.com/"));
    bool is_any = span_starts(old, SPAN("{")) || span_starts(new, SPAN("{"));
    return old.at != NULL && new.at != NULL && (is_any || span_eq_nocase(old, new));
}

bool advising_is_slash_apart(struct span a, struct span b)
{
    struct span longer = a.len > b.len ? a : b;
    struct span shorter = a.len > b.len ? b : a;
    return longer.len == shorter.len + 1 && longer.at[longer.len - 1] == '/' && span_starts(longer, shorter);
}

bool advising_is_case_apart(struct span a, struct span b)
{
    return span_eq_nocase(a, b) && !span_eq(a, b);
}

/* ---- the kind of token ---- */

static const char *keycloak_kind_advice(const struct advising *a)
{
    struct span typ = advising_text(a, SPAN("typ"));
    if (span_eq(typ, SPAN("Refresh")) || span_eq(typ, SPAN("Offline")))
        return "this is a refresh token, which only the provider itself takes: send the access_token of the same "
               "answer";
    if (span_eq(typ, SPAN("Logout")))
        return "this is a logout token, meant for a client's logout endpoint: send an access token";
    if (span_eq(typ, SPAN("ID")))
        return "this is an ID token, which tells the client who logged in: send the access_token of the same answer";
    return NULL;
}

static bool has_grant(const struct advising *a)
{
    return advising_has(a, SPAN("scp")) || advising_has(a, SPAN("scope")) || advising_has(a, SPAN("roles"));
}

/* OpenID Connect Core 2, 3.1.3.6: these claims are of ID tokens; a nonce as well, but access tokens were seen with one. */
static const char *id_token_advice(const struct advising *a)
{
    bool has_hash = advising_has(a, SPAN("at_hash")) || advising_has(a, SPAN("c_hash"));
    bool is_id = has_hash || (advising_has(a, SPAN("nonce")) && !has_grant(a)) ||
                 span_eq(advising_text(a, SPAN("token_use")), SPAN("id"));
    return is_id ? "this looks like an ID token (at_hash, nonce or token_use), whose audience is the client: send the "
                   "access_token of the same answer"
                 : NULL;
}

static advisor *const kinds[] = {keycloak_kind_advice, id_token_advice};

/* Told once, at the failure that decides: the wrong kind of token fails in several places. */
static const char *kind_advice(const struct advising *a)
{
    bool is_about_kind = a->check == a->in->judgement->failed && a->check->name != CHECK_NBF &&
                         a->check->name != CHECK_EXP && a->check->name != CHECK_ISSUER;
    return is_about_kind ? advising_ask(a, kinds, COUNT_OF(kinds)) : NULL;
}

/* ---- all of it ---- */

static const char *advice_of(const struct advising *a)
{
    switch (a->check->name) {
    case CHECK_TOKEN:
    case CHECK_HEADER:
    case CHECK_ALG: return report_advice_token(a);
    case CHECK_KEY: return report_advice_key(a);
    case CHECK_SIGNATURE: return report_advice_signature(a);
    case CHECK_NBF:
    case CHECK_EXP: return report_advice_time(a);
    case CHECK_AUDIENCE: return report_advice_audience(a);
    case CHECK_ISSUER: return report_advice_issuer(a);
    case CHECK_CLAIM: return report_advice_claim(a);
    case CHECK_COUNT: break;
    }
    return NULL;
}

/* No verdict was possible: for the keys' own fault or for that of the way to them, by what was met. */
static const char *no_keys_advice(const struct advising *a)
{
    AUTO(buf) all = {.bytes_max = ADVICE_BYTES_MAX / 2};
    size_t count = a->in->troubles == NULL ? 0 : advising_sets(a);
    bool is_unusable = false;
    for (size_t i = 0; i < count; i++) {
        if (a->in->troubles[i] == NULL || advising_set(a, i) != NULL)
            continue;
        struct span trouble = span_str(a->in->troubles[i]);
        if (buf_len(&all) > 0 && span_eq(buf_span(&all), trouble))
            continue;
        is_unusable = is_unusable || span_holds(trouble, SPAN("keys is usable")) ||
                      span_holds(trouble, SPAN("without keys")) || span_holds(trouble, SPAN("holds no keys"));
        buf_printf(&all, "%s%.*s", buf_len(&all) == 0 ? "" : "; ", SPAN_ARG(trouble));
    }
    if (buf_len(&all) == 0)
        return NULL;
    return advising_say(a, "%.*s; %s", SPAN_ARG(buf_span(&all)),
                        is_unusable ? "a key for signatures is needed: use sig or none, key_ops with verify or none, "
                                      "RSA of 2048 bits or more, EC or OKP"
                                    : "see whether the provider answers, and what stands on the way to it");
}

const char *report_advice(const struct report_input *input, const struct check *check)
{
    const struct advising a = {.in = input,
                               .check = check,
                               .token = input->judgement->token,
                               .claims = input->judgement->unverified,
                               .rule = input->rule};
    if (check->verdict != VERDICT_FAIL)
        return "";
    const char *advice =
        check->reason == REASON_OPENID_CONFIG_UNAVAILABLE ? no_keys_advice(&a) : report_advice_bound(&a);
    if (advice == NULL && check->reason != REASON_OPENID_CONFIG_UNAVAILABLE)
        advice = kind_advice(&a);
    if (advice == NULL && check->reason != REASON_OPENID_CONFIG_UNAVAILABLE)
        advice = advice_of(&a);
    return advice != NULL ? advice : reason_info(check->reason)->advice;
}
