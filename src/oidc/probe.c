/* SPDX-License-Identifier: Apache-2.0 */
/* Providers asked once: discovery document, then key set, all providers at the same time on a loop of their own. */
#include "oidc/probe.h"

#include "base/now.h"
#include "issuer_int.h"

#include <event2/event.h>

/* All that one run shares. */
struct probing {
    const struct issuers_settings *settings;
    struct arena *arena;
    struct event_base *base;
    struct fetcher *fetcher;
    size_t left; /* probes that have not ended */
};

/* One probe under way. */
struct asking {
    struct probing *all;
    struct probe *probe;
    int64_t begun_ms; /* monotonic, of the fetch under way */
};

static bool begin(struct asking *asking, struct probe_document *document, const char *url, fetch_done *done)
{
    const struct issuers_settings *settings = asking->all->settings;
    const struct issuer_provider *provider = &asking->probe->provider;
    const struct fetch_options options = {.url = url,
                                          .allow_http = settings->allow_http,
                                          .bytes_max = settings->document_bytes_max,
                                          .timeout_ms = settings->timing.timeout_ms,
                                          .ca_file = provider->ca_file,
                                          .proxy = provider->proxy,
                                          .client_certificate = provider->client_certificate,
                                          .client_key = provider->client_key,
                                          .wants_certificates = true};
    document->url = url;
    asking->begun_ms = now_read().mono_ms;
    return fetch_start(asking->all->fetcher, &options, done, asking, &document->err) != NULL;
}

static void copy_certificates(struct arena *arena, struct probe_document *document, const struct fetch_answer *answer)
{
    struct fetch_certificate *all = arena_zero(arena, answer->certificate_count * sizeof *all);
    for (size_t i = 0; all != NULL && i < answer->certificate_count; i++)
        all[i] = (struct fetch_certificate){.subject = arena_copy(arena, answer->certificates[i].subject),
                                            .issuer = arena_copy(arena, answer->certificates[i].issuer),
                                            .not_after_s = answer->certificates[i].not_after_s};
    document->certificates = all;
    document->certificate_count = all == NULL ? 0 : answer->certificate_count;
}

/* Notes what came; false where nothing did. */
static bool note(struct asking *asking, struct probe_document *document, const struct fetch_answer *answer)
{
    document->is_ok = answer->is_ok;
    document->err = answer->err;
    document->took_ms = now_read().mono_ms - asking->begun_ms;
    document->max_age_s = answer->max_age_s;
    document->age_s = answer->age_s;
    document->date_s = answer->date_s;
    document->ahead_s = issuer_clock_ahead(answer);
    copy_certificates(asking->all->arena, document, answer);
    if (!answer->is_ok)
        return false;
    document->body = arena_copy(asking->all->arena, answer->body);
    document->is_ok =
        document->body.at != NULL || fail(&document->err, REASON_OUT_OF_MEMORY, "no memory for the document");
    return document->is_ok;
}

static bool judge_discovery(const struct probe *probe, struct err *err)
{
    struct span url = span_str(probe->url);
    return (!probe->provider.is_name_checked || discovery_issuer_check(&probe->discovery, url, err)) &&
           (!probe->provider.is_host_checked || discovery_hosts_check(&probe->discovery, url, err));
}

/* The last one ends the loop: libcurl may still have a timer of its own there. */
static void end(struct asking *asking)
{
    if (--asking->all->left == 0)
        event_base_loopbreak(asking->all->base);
}

static void end_keys(struct asking *asking)
{
    struct probe *probe = asking->probe;
    if (probe->keys == NULL)
        err_prefix(&probe->err, "key set %s", QUOTED(probe->discovery.jwks_uri));
    end(asking);
}

static void end_discovery(struct asking *asking)
{
    err_prefix(&asking->probe->err, "discovery document");
    end(asking);
}

static void on_keys(void *context, const struct fetch_answer *answer)
{
    struct asking *asking = context;
    struct probe *probe = asking->probe;
    if (!note(asking, &probe->keys_document, answer))
        probe->err = probe->keys_document.err;
    else
        probe->keys =
            issuer_keys_build(probe->discovery.issuer, probe->keys_document.body, now_read().wall_s, &probe->err);
    end_keys(asking);
}

static void on_discovery(void *context, const struct fetch_answer *answer)
{
    struct asking *asking = context;
    struct probe *probe = asking->probe;
    struct probe_document *document = &probe->discovery_document;
    bool is_read = false;
    if (!note(asking, document, answer))
        probe->err = document->err;
    else
        is_read = discovery_read(&probe->discovery, asking->all->arena, document->body,
                                 asking->all->settings->allow_http, &probe->err) &&
                  judge_discovery(probe, &probe->err);
    if (!is_read) {
        end_discovery(asking);
        return;
    }
    if (!begin(asking, &probe->keys_document, probe->discovery.jwks_uri.at, on_keys)) {
        probe->err = probe->keys_document.err;
        end_keys(asking);
    }
}

static bool open_loop(struct probing *all, struct err *err)
{
    all->base = event_base_new();
    all->fetcher = all->base == NULL ? NULL : fetcher_new(all->base, err);
    return all->fetcher != NULL || fail(err, REASON_OUT_OF_MEMORY, "no memory for a loop");
}

static void close_loop(struct probing *all)
{
    fetcher_free(all->fetcher);
    if (all->base != NULL)
        event_base_free(all->base);
}

static void ask(struct asking *asking)
{
    struct probe *probe = asking->probe;
    probe->discovery_document.max_age_s = probe->keys_document.max_age_s = -1;
    probe->discovery_document.age_s = probe->keys_document.age_s = -1;
    if (begin(asking, &probe->discovery_document, probe->url, on_discovery))
        return;
    probe->err = probe->discovery_document.err;
    end_discovery(asking);
}

bool probes_run(struct probe *probes, size_t count, const struct issuers_settings *settings, struct arena *arena,
                struct err *err)
{
    struct probing all = {.settings = settings, .arena = arena, .left = count};
    struct asking *askings = arena_zero(arena, count * sizeof *askings);
    if (askings == NULL)
        return fail(err, REASON_OUT_OF_MEMORY, "no memory for the fetches");
    bool is_open = open_loop(&all, err);
    for (size_t i = 0; is_open && i < count; i++) {
        askings[i] = (struct asking){.all = &all, .probe = &probes[i]};
        ask(&askings[i]);
    }
    if (is_open && all.left > 0)
        event_base_dispatch(all.base);
    close_loop(&all);
    return is_open;
}

void probes_fini(struct probe *probes, size_t count)
{
    for (size_t i = 0; i < count; i++)
        keyset_release(STEAL(probes[i].keys));
}
