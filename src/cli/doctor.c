/* SPDX-License-Identifier: Apache-2.0 */
/* Every provider that the policies of a site name, asked once and at the same time. */
#include "cli/doctor.h"

#include "base/now.h"
#include "proxy/site_providers.h"

#include <stdio.h>

int64_t doctor_days(int64_t now_s, int64_t end_s)
{
    enum { DAY_S = 86400 };
    int64_t left_s = end_s - now_s;
    return left_s < 0 ? -((-left_s + DAY_S - 1) / DAY_S) : left_s / DAY_S;
}

bool doctor_is_same_server(const struct probe *probe)
{
    const struct probe_document *a = &probe->discovery_document;
    const struct probe_document *b = &probe->keys_document;
    return a->certificate_count > 0 && b->certificate_count > 0 &&
           span_eq(a->certificates[0].subject, b->certificates[0].subject) &&
           span_eq(a->certificates[0].issuer, b->certificates[0].issuer) &&
           a->certificates[0].not_after_s == b->certificates[0].not_after_s;
}

static struct patient *find(struct patient *all, size_t count, const char *url)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(all[i].probe.url, url) == 0)
            return &all[i];
    return NULL;
}

/* Notes that `rule` names the provider; each rule once. */
static void note_rule(struct patient *patient, const struct site_rule *rule, struct site_rule const **place)
{
    if (patient->rule_count > 0 && patient->rules[patient->rule_count - 1] == rule)
        return;
    place[patient->rule_count++] = rule;
}

/* Adds the providers of one rule; false without memory. */
static bool gather_rule(const struct site *site, const struct site_rule *rule, struct arena *arena, struct patient *all,
                        size_t *count)
{
    for (size_t i = 0; i < rule->rule->provider_count; i++) {
        const struct rule_provider *provider = &rule->rule->providers[i];
        const char *url = discovery_url(arena, provider->url);
        struct patient *patient = url == NULL ? NULL : find(all, *count, url);
        if (url == NULL)
            return false;
        if (patient == NULL) {
            patient = &all[(*count)++];
            patient->probe.url = url;
            patient->probe.provider = site_provider(site, span_str(url));
            const struct node *place = node_member(provider->node, "url");
            patient->node = place == NULL ? provider->node : place;
            patient->rules = arena_zero(arena, site->rule_count * sizeof(struct site_rule *));
        }
        if (patient->rules == NULL)
            return false;
        note_rule(patient, rule, (struct site_rule const **)(uintptr_t)patient->rules);
    }
    return true;
}

static bool gather(const struct site *site, struct arena *arena, struct patient **all, size_t *count)
{
    size_t most = 0;
    for (size_t i = 0; i < site->rule_count; i++)
        most += site->rules[i].rule->provider_count;
    *all = arena_zero(arena, most * sizeof **all);
    *count = 0;
    for (size_t i = 0; *all != NULL && i < site->rule_count; i++)
        if (!gather_rule(site, &site->rules[i], arena, *all, count))
            return false;
    return *all != NULL;
}

/* Probes stand alone while they are asked. */
static bool ask(const struct doctor *doctor, struct patient *all, size_t count, struct arena *arena, struct err *err)
{
    struct probe *probes = arena_zero(arena, count * sizeof *probes);
    if (probes == NULL)
        return fail(err, REASON_OUT_OF_MEMORY, "no memory for the fetches");
    for (size_t i = 0; i < count; i++)
        probes[i] = all[i].probe;
    if (!probes_run(probes, count, &doctor->settings, arena, err))
        return false;
    for (size_t i = 0; i < count; i++)
        all[i].probe = probes[i];
    return true;
}

static void show(const struct doctor *doctor, struct patient *all, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        AUTO(buf) block = {0};
        doctor_tell(doctor, &all[i], &block);
        fwrite(buf_span(&block).at, 1, buf_len(&block), stdout);
        doctor_examine(doctor, &all[i]);
        probes_fini(&all[i].probe, 1);
    }
}

bool doctor_run(const struct site *site, struct problems *problems)
{
    AUTO(arena) arena = {0};
    struct err err = {0};
    struct patient *all;
    size_t count;
    const struct doctor doctor = {
        .site = site, .settings = site_issuers_settings(site), .now_s = now_read().wall_s, .problems = problems};
    if (!gather(site, &arena, &all, &count))
        return problem_at(problems, PROBLEM_ERROR, NULL, 0, 0, "no memory for the providers");
    if (count == 0)
        return true;
    if (!fetch_global_init(&err))
        return problem_at(problems, PROBLEM_ERROR, NULL, 0, 0, "%s", err.text);
    bool is_ok =
        ask(&doctor, all, count, &arena, &err) || problem_at(problems, PROBLEM_ERROR, NULL, 0, 0, "%s", err.text);
    if (is_ok)
        show(&doctor, all, count);
    fetch_global_fini();
    return is_ok;
}
