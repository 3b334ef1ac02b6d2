/* SPDX-License-Identifier: Apache-2.0 */
/* Advice on lifetimes: clocks that differ look like tokens that are too old or too young. */
#include "report_advice_int.h"

#include "report_time.h"

#include <inttypes.h>

enum {
    CLOCK_NEAR_S = 300, /* a difference that clocks can account for */
};

#define MILLISECONDS_MIN INT64_C(100000000000) /* in seconds the year 5138; in milliseconds 1973 */

/* Where the provider's clock was looked at, and accounts for it. */
static const char *known_clock_advice(const struct advising *a, int64_t late_s)
{
    char length[REPORT_LENGTH_BYTES];
    int64_t ahead_s = a->in->clock_ahead_s;
    bool is_why = late_s > 0 ? ahead_s > 0 : ahead_s < 0;
    if (!is_why)
        return NULL;
    report_time_length(ahead_s, length);
    return advising_say(
        a, "the provider's clock is %s %s this one: set the clocks right (NTP), or allow for it with clock-skew",
        length, ahead_s > 0 ? "ahead of" : "behind");
}

static const char *young_advice(const struct advising *a, int64_t at_s)
{
    char length[REPORT_LENGTH_BYTES];
    int64_t early_s = at_s - a->in->at_s;
    if (early_s <= 0 || early_s > CLOCK_NEAR_S)
        return NULL;
    const char *known = known_clock_advice(a, early_s);
    if (known != NULL)
        return known;
    report_time_length(early_s, length);
    return advising_say(
        a,
        "the token is from %s in the future: the provider's clock is ahead of this one; set both right (NTP), "
        "or set clock-skew to %" PRId64 " or more",
        length, early_s);
}

static const char *milliseconds_advice(int64_t at_s)
{
    return at_s < MILLISECONDS_MIN
               ? NULL
               : "the time is written in milliseconds; it has to be in seconds since 1970 (RFC 7519 2)";
}

/* RFC 7519 2: a NumericDate is a number. */
static const char *kind_of_time_advice(const struct advising *a, struct span name)
{
    const struct tape_item *item = tape_member(&a->claims->tape, NULL, name);
    bool is_text = item != NULL && tape_kind_of(item) == TAPE_STRING;
    return advising_say(a,
                        "%.*s is %s; it has to be a number of seconds since 1970 (RFC 7519 2): the provider's settings "
                        "are wrong",
                        SPAN_ARG(name), is_text ? "a text" : "no number, or out of all range");
}

static const char *nbf_advice(const struct advising *a)
{
    const struct claim_time *nbf = &a->claims->nbf;
    const struct claim_time *exp = &a->claims->exp;
    if (nbf->state == CLAIM_MALFORMED)
        return kind_of_time_advice(a, SPAN("nbf"));
    if (nbf->state != CLAIM_PRESENT)
        return NULL;
    const char *advice = milliseconds_advice(nbf->at_s);
    if (advice == NULL)
        advice = young_advice(a, nbf->at_s);
    if (advice == NULL && exp->state == CLAIM_PRESENT && nbf->at_s > exp->at_s)
        advice = "the token ends before it begins (nbf after exp): the provider's settings are wrong";
    if (advice == NULL)
        advice = "the token is not valid yet: wait until its nbf, or fetch one that is valid now";
    return advice;
}

static const char *exp_advice(const struct advising *a)
{
    char length[REPORT_LENGTH_BYTES];
    const struct claim_time *exp = &a->claims->exp;
    int64_t late_s = a->in->at_s - exp->at_s;
    if (exp->state == CLAIM_ABSENT)
        return "the token has no exp: have the provider set one; require-expiration-time=\"false\" would do without";
    if (exp->state == CLAIM_MALFORMED)
        return kind_of_time_advice(a, SPAN("exp"));
    if (exp->state != CLAIM_PRESENT || late_s > CLOCK_NEAR_S)
        return NULL;
    const char *known = known_clock_advice(a, -1);
    if (known != NULL)
        return known;
    report_time_length(late_s, length);
    return advising_say(
        a,
        "expired only %s ago: fetch a fresh token; if it is fresh, the clocks differ: set both right (NTP), or "
        "set clock-skew above %" PRId64,
        length, late_s);
}

static const char *iat_advice(const struct advising *a)
{
    const struct claim_time *iat = &a->claims->iat;
    if (iat->state == CLAIM_MALFORMED)
        return kind_of_time_advice(a, SPAN("iat"));
    if (iat->state != CLAIM_PRESENT)
        return NULL;
    const char *advice = milliseconds_advice(iat->at_s);
    return advice != NULL ? advice : young_advice(a, iat->at_s);
}

const char *report_advice_time(const struct advising *a)
{
    if (a->claims == NULL)
        return NULL;
    if (a->check->name == CHECK_NBF)
        return nbf_advice(a);
    return a->check->name == CHECK_EXP ? exp_advice(a) : iat_advice(a);
}
