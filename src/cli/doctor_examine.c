/* SPDX-License-Identifier: Apache-2.0 */
/* What is wrong with a provider, told at the place where a policy names it. */
#include "cli/doctor.h"

#include <inttypes.h>

enum {
    SERVER_DAYS_MIN = 14,  /* renewed by machines: what is nearer to its end than this was not renewed */
    KEY_DAYS_MIN = 30,     /* made anew by people */
    CLOCK_AHEAD_S_MAX = 10 /* as the gateway tells it */
};

/* ---- who it is ---- */

static bool is_template(struct span issuer)
{
    struct span before, behind;
    return rule_issuer_is_template(issuer, &before, &behind);
}

static bool is_near(struct span a, struct span b)
{
    if (span_ends(a, SPAN("/")))
        a.len--;
    if (span_ends(b, SPAN("/")))
        b.len--;
    return span_eq_nocase(a, b);
}

/* What no token will ever say is likely a slip of the pen: a slash at the end, a letter's case. */
static void examine_listed(const struct doctor *doctor, const struct patient *patient, const struct rule *rule)
{
    struct span issuer = patient->probe.discovery.issuer;
    for (size_t i = 0; i < rule->issuer_count; i++)
        if (!span_eq(rule->issuers[i], issuer) && is_near(rule->issuers[i], issuer))
            problem_warning(
                doctor->problems, patient->node,
                "the policy lists the issuer \"%s\", the document says \"%s\": tokens are held to the letter",
                QUOTED(rule->issuers[i]), QUOTED(issuer));
}

static void examine_tenant(const struct doctor *doctor, const struct patient *patient, const struct site_rule *rule)
{
    if (is_template(patient->probe.discovery.issuer) && rule_takes_any_tenant(rule->rule))
        problem_warning(
            doctor->problems, patient->node,
            "the issuer \"%s\" stands for every tenant there is, and nothing on route \"%s\" tells them apart: "
            "list audiences, or require the claim tid",
            QUOTED(patient->probe.discovery.issuer), QUOTED(rule->route->name));
}

static void examine_issuer(const struct doctor *doctor, const struct patient *patient)
{
    const struct probe *probe = &patient->probe;
    struct err err = {0};
    if (probe->discovery.issuer.len == 0)
        return;
    if (!is_template(probe->discovery.issuer) &&
        !discovery_issuer_check(&probe->discovery, span_str(probe->url), &err) && !probe->provider.is_name_checked)
        problem_warning(doctor->problems, patient->node, "%s; tokens must name that issuer", err.text);
    for (size_t i = 0; i < patient->rule_count; i++) {
        examine_listed(doctor, patient, patient->rules[i]->rule);
        examine_tenant(doctor, patient, patient->rules[i]);
    }
}

/* ---- how it is reached ---- */

/* Fetching it was allowed; on the way anybody can put in keys of his own all the same. */
static void examine_url(const struct doctor *doctor, const struct patient *patient, const char *url, const char *what)
{
    struct err err = {0};
    if (url != NULL && !discovery_url_check(span_str(url), false, &err))
        problem_warning(doctor->problems, patient->node,
                        "%s comes by plain http: whoever stands in between chooses the keys, and with them who passes",
                        what);
}

static void examine_server(const struct doctor *doctor, const struct patient *patient,
                           const struct probe_document *document)
{
    for (size_t i = 0; i < document->certificate_count; i++) {
        int64_t end_s = document->certificates[i].not_after_s;
        int64_t days = doctor_days(doctor->now_s, end_s);
        if (end_s != 0 && days < SERVER_DAYS_MIN)
            problem_warning(doctor->problems, patient->node,
                            "the certificate \"%s\" of the server has %" PRId64
                            " day%s left; without it no keys are fetched",
                            QUOTED(document->certificates[i].subject), days, PLURAL(days));
    }
}

static void examine_clock(const struct doctor *doctor, const struct patient *patient)
{
    const struct probe *probe = &patient->probe;
    int64_t ahead_s =
        probe->keys_document.ahead_s != 0 ? probe->keys_document.ahead_s : probe->discovery_document.ahead_s;
    if (ahead_s > CLOCK_AHEAD_S_MAX || ahead_s < -CLOCK_AHEAD_S_MAX)
        problem_warning(doctor->problems, patient->node,
                        "the provider's clock is %" PRId64 " s %s ours: %s, beyond the policy's clock-skew",
                        ahead_s < 0 ? -ahead_s : ahead_s, ahead_s < 0 ? "behind" : "ahead of",
                        ahead_s < 0 ? "fresh tokens may count as expired" : "fresh tokens may come from the future");
}

/* ---- its keys ---- */

static bool was_told(const struct keyset *set, size_t index)
{
    for (size_t i = 0; i < index; i++)
        if (span_eq(set->keys[i]->kid, set->keys[index]->kid))
            return true;
    return false;
}

static size_t count_same(const struct keyset *set, size_t index)
{
    size_t count = 0;
    for (size_t i = 0; i < set->count; i++)
        count += span_eq(set->keys[i]->kid, set->keys[index]->kid);
    return count;
}

static void examine_kids(const struct doctor *doctor, const struct patient *patient)
{
    const struct keyset *set = patient->probe.keys;
    for (size_t i = 0; i < set->count; i++) {
        size_t count = set->keys[i]->kid.len == 0 || was_told(set, i) ? 0 : count_same(set, i);
        if (count > 1)
            problem_warning(doctor->problems, patient->node, "%zu keys have the kid \"%s\": each is tried", count,
                            QUOTED(set->keys[i]->kid));
    }
}

/* Nothing is refused for it (RFC 7517 4.7 says nothing of the time); a provider that is looked after has replaced it. */
static void examine_ends(const struct doctor *doctor, const struct patient *patient)
{
    const struct keyset *set = patient->probe.keys;
    for (size_t i = 0; i < set->count; i++) {
        int64_t end_s = set->keys[i]->not_after_s;
        int64_t days = doctor_days(doctor->now_s, end_s);
        if (end_s == 0 || days >= KEY_DAYS_MIN)
            continue;
        if (end_s <= doctor->now_s)
            problem_warning(doctor->problems, patient->node, "the certificate of key \"%s\" has ended; the key is used",
                            QUOTED(set->keys[i]->kid));
        else
            problem_warning(doctor->problems, patient->node, "the certificate of key \"%s\" has %" PRId64 " day%s left",
                            QUOTED(set->keys[i]->kid), days, PLURAL(days));
    }
}

void doctor_examine(const struct doctor *doctor, const struct patient *patient)
{
    const struct probe *probe = &patient->probe;
    if (probe->keys == NULL)
        problem_error(doctor->problems, patient->node, "no usable keys: %s", probe->err.text);
    examine_url(doctor, patient, probe->discovery_document.url, "the discovery document");
    examine_url(doctor, patient, probe->keys_document.url, "the key set");
    examine_issuer(doctor, patient);
    examine_server(doctor, patient, &probe->discovery_document);
    if (!doctor_is_same_server(probe))
        examine_server(doctor, patient, &probe->keys_document);
    examine_clock(doctor, patient);
    if (probe->keys == NULL)
        return;
    examine_kids(doctor, patient);
    examine_ends(doctor, patient);
}
