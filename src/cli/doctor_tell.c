/* SPDX-License-Identifier: Apache-2.0 */
/* A provider's answers as a block of lines for people.  Foreign bytes are escaped and cut. */
#include "cli/doctor.h"

#include "base/now.h"

#include <inttypes.h>

enum { ROUTES_SHOWN_MAX = 8, SKIPPED_SHOWN_MAX = 16, KEYS_SHOWN_MAX = 64 };

static void add_label(struct buf *out, const char *label)
{
    buf_printf(out, "  %-10s ", label);
}

static void add_routes(const struct patient *patient, struct buf *out)
{
    const struct site_route *last = NULL;
    size_t shown = 0;
    add_label(out, "routes");
    for (size_t i = 0; i < patient->rule_count; i++) {
        const struct site_route *route = patient->rules[i]->route;
        if (route == last)
            continue;
        last = route;
        if (shown++ < ROUTES_SHOWN_MAX)
            buf_printf(out, "%s%s", shown == 1 ? "" : ", ", QUOTED(route->name));
    }
    if (shown > ROUTES_SHOWN_MAX)
        buf_printf(out, " and %zu more", shown - ROUTES_SHOWN_MAX);
    buf_add_char(out, '\n');
}

static void add_end(const struct doctor *doctor, int64_t end_s, struct buf *out)
{
    char text[NOW_TEXT_BYTES];
    int64_t days = doctor_days(doctor->now_s, end_s);
    now_second_text(end_s, text);
    if (end_s <= doctor->now_s)
        buf_printf(out, "ended %s", text);
    else
        buf_printf(out, "ends %s, %" PRId64 " day%s left", text, days, PLURAL(days));
}

/* ---- documents ---- */

static void add_document(const char *label, const struct probe_document *document, struct buf *out)
{
    if (document->url == NULL)
        return;
    add_label(out, label);
    if (!document->is_ok) {
        buf_printf(out, "failed after %" PRId64 " ms: %s\n", document->took_ms, document->err.text);
        return;
    }
    buf_printf(out, "%zu bytes in %" PRId64 " ms", document->body.len, document->took_ms);
    if (document->max_age_s >= 0)
        buf_printf(out, ", may be kept for %" PRId64 " s", document->max_age_s);
    else
        buf_add_str(out, ", no word on how long it may be kept");
    if (document->age_s >= 0)
        buf_printf(out, ", is %" PRId64 " s old", document->age_s);
    buf_add_char(out, '\n');
}

static void add_refresh(const struct doctor *doctor, const struct probe *probe, struct buf *out)
{
    if (probe->keys == NULL)
        return;
    add_label(out, "refresh");
    buf_printf(out, "every %" PRId64 " s, within 10 %%\n",
               issuer_refresh_ms(&doctor->settings.timing, probe->keys_document.max_age_s) / 1000);
}

static void add_clock(const struct probe *probe, struct buf *out)
{
    const struct probe_document *dated =
        probe->keys_document.date_s > 0 ? &probe->keys_document : &probe->discovery_document;
    if (!dated->is_ok)
        return;
    add_label(out, "clock");
    if (dated->date_s == 0)
        buf_add_str(out, "not known: the answer has no date, or is out of a cache\n");
    else if (dated->ahead_s == 0)
        buf_add_str(out, "agrees with ours\n");
    else
        buf_printf(out, "%" PRId64 " s %s ours\n", dated->ahead_s < 0 ? -dated->ahead_s : dated->ahead_s,
                   dated->ahead_s < 0 ? "behind" : "ahead of");
}

static void add_certificates(const struct doctor *doctor, const struct probe_document *document, struct buf *out)
{
    for (size_t i = 0; i < document->certificate_count; i++) {
        const struct fetch_certificate *certificate = &document->certificates[i];
        add_label(out, i == 0 ? "TLS" : "");
        buf_printf(out, "%s, ", QUOTED(certificate->subject));
        buf_printf(out, "issued by %s", QUOTED(certificate->issuer));
        if (certificate->not_after_s != 0) {
            buf_add_str(out, ", ");
            add_end(doctor, certificate->not_after_s, out);
        }
        buf_add_char(out, '\n');
    }
}

/* ---- keys ---- */

static void add_algs(struct alg_set algs, struct buf *out)
{
    const char *gap = "";
    for (int alg = ALG_UNKNOWN + 1; alg < ALG_COUNT; alg++) {
        if (!alg_set_has(algs, (enum alg)alg))
            continue;
        buf_printf(out, "%s%s", gap, alg_info((enum alg)alg)->name);
        gap = " ";
    }
}

static void add_key(const struct doctor *doctor, const struct key *key, struct buf *out)
{
    buf_printf(out, "%s: %s %u bits, ", key->kid.len > 0 ? QUOTED(key->kid) : "without kid",
               key_family_name(key->family), key->bits);
    add_algs(key->algs, out);
    buf_printf(out, ", thumbprint %s", key->thumbprint);
    if (key->issuer.len > 0)
        buf_printf(out, ", for %s", QUOTED(key->issuer));
    if (key->not_after_s != 0) {
        buf_add_str(out, ", certificate ");
        add_end(doctor, key->not_after_s, out);
    }
    buf_add_char(out, '\n');
}

static void add_keys(const struct doctor *doctor, const struct keyset *set, struct buf *out)
{
    for (size_t i = 0; i < set->count && i < KEYS_SHOWN_MAX; i++) {
        add_label(out, i == 0 ? "keys" : "");
        add_key(doctor, set->keys[i], out);
    }
    if (set->count > KEYS_SHOWN_MAX) {
        add_label(out, "");
        buf_printf(out, "and %zu more\n", set->count - KEYS_SHOWN_MAX);
    }
    for (size_t i = 0; i < set->skipped_count && i < SKIPPED_SHOWN_MAX; i++) {
        const struct keyset_skipped *skipped = &set->skipped[i];
        add_label(out, i == 0 ? "not used" : "");
        buf_printf(out, "%s: ", skipped->kid.len > 0 ? QUOTED(skipped->kid) : "without kid");
        buf_printf(out, "%s\n", QUOTED(span_str(skipped->why)));
    }
    if (set->skipped_count > SKIPPED_SHOWN_MAX) {
        add_label(out, "");
        buf_printf(out, "and %zu more\n", set->skipped_count - SKIPPED_SHOWN_MAX);
    }
}

void doctor_tell(const struct doctor *doctor, const struct patient *patient, struct buf *out)
{
    const struct probe *probe = &patient->probe;
    buf_printf(out, "%s\n", QUOTED(span_str(probe->url)));
    add_routes(patient, out);
    if (probe->discovery.issuer.len > 0) {
        add_label(out, "issuer");
        buf_printf(out, "%s\n", QUOTED(probe->discovery.issuer));
    }
    add_document("document", &probe->discovery_document, out);
    add_certificates(doctor, &probe->discovery_document, out);
    if (probe->keys_document.url != NULL) {
        add_label(out, "key set");
        buf_printf(out, "%s\n", QUOTED(span_str(probe->keys_document.url)));
    }
    add_document("", &probe->keys_document, out);
    if (!doctor_is_same_server(probe))
        add_certificates(doctor, &probe->keys_document, out);
    add_refresh(doctor, probe, out);
    add_clock(probe, out);
    if (probe->keys != NULL)
        add_keys(doctor, probe->keys, out);
    else
        buf_printf(out, "  %-10s none usable\n", "keys");
    buf_add_char(out, '\n');
}
