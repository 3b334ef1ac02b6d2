/* SPDX-License-Identifier: Apache-2.0 */
/* What is had of a provider: its two documents and the key set made of them; judged, published, dropped, and kept in the store
 * from one life of the process to the next.
 */
#include "issuer_int.h"

#include "base/log.h"
#include "base/now.h"
#include "jose/jsondoc.h"
#include "oidc/store.h"
#include "oidc/stored.h"

#include <event2/event.h>

enum {
    SKIPPED_LINES_MAX = 8,
    /* A stored set counts as stale from its last confirmation that was written: at most so much of max_stale is lost by not
     * writing each one. */
    SAVE_MS = 60 * 1000,
    SAVE_SHARE = 10
};

void issuer_documents_fini(struct issuer_documents *documents)
{
    free(documents->issuer);
    free(documents->jwks_uri);
    free(documents->discovery_etag);
    free(documents->keys_etag);
    free((char *)documents->keys.at);
    *documents = (struct issuer_documents){.max_age_s = -1};
}

bool issuer_documents_set(char **to, struct span text, struct err *err)
{
    free(*to);
    *to = text.len == 0 ? NULL : span_dup(text);
    return *to != NULL || text.len == 0 || fail(err, REASON_OUT_OF_MEMORY, "no memory for the documents");
}

bool issuer_judge(const struct issuer *issuer, const struct discovery *discovery, struct err *err)
{
    struct span url = span_str(issuer->url);
    return (!issuer->is_name_checked || discovery_issuer_check(discovery, url, err)) &&
           (!issuer->is_host_checked || discovery_hosts_check(discovery, url, err));
}

/* Key sets. */

struct keyset *issuer_keys_build(struct span name, struct span text, int64_t fetched_at_s, struct err *err)
{
    AUTO_PTR(jsondoc) document = jsondoc_read(text, DISCOVERY_DEPTH_MAX, err);
    if (document == NULL)
        return NULL;
    struct keyset *set = keyset_new(name, fetched_at_s);
    if (set == NULL) {
        fail(err, REASON_OUT_OF_MEMORY, "no memory for the key set");
        return NULL;
    }
    if (keyset_add_jwks(set, jsondoc_root(document), err))
        return set;
    keyset_release(set);
    return NULL;
}

static void skipped_log(const struct issuer *issuer, const struct keyset *set)
{
    for (size_t i = 0; i < set->skipped_count && i < SKIPPED_LINES_MAX; i++)
        LOG_EVENT(LOG_INFO, "key-skipped", LOG_STR("url", issuer->url), LOG_TEXT("kid", set->skipped[i].kid),
                  LOG_STR("why", set->skipped[i].why));
}

static void set_publish(struct issuer *issuer, struct keyset *set)
{
    pthread_mutex_lock(&issuer->lock);
    issuer->state.keys = set->count;
    pthread_mutex_unlock(&issuer->lock);
    snapshot_publish(&issuer->keys, set);
}

void issuer_keys_publish(struct issuer *issuer, struct keyset *set)
{
    issuer_documents_fini(&issuer->current);
    issuer->current = issuer->next;
    issuer->next = (struct issuer_documents){.max_age_s = -1};
    set_publish(issuer, set); /* first, and then told: nobody but this thread replaces it */
    LOG_EVENT(LOG_INFO, "keys-fetched", LOG_STR("url", issuer->url), LOG_TEXT("issuer", set->issuer),
              LOG_NUM("keys", set->count), LOG_NUM("skipped", set->skipped_count));
    skipped_log(issuer, set);
}

void issuer_keys_had(struct issuer *issuer, int64_t fetched_at_s, int64_t fetched_ms)
{
    issuer->has_keys = true;
    issuer->fetched_ms = fetched_ms;
    pthread_mutex_lock(&issuer->lock);
    issuer->state.has_keys = true;
    issuer->state.fetched_at_s = fetched_at_s;
    pthread_mutex_unlock(&issuer->lock);
}

void issuer_keys_drop(struct issuer *issuer)
{
    issuer->has_keys = false;
    event_del(issuer->stale);
    issuer_documents_fini(&issuer->current);
    pthread_mutex_lock(&issuer->lock);
    issuer->state.has_keys = false;
    issuer->state.fetched_at_s = 0;
    issuer->state.keys = 0;
    pthread_mutex_unlock(&issuer->lock);
    snapshot_publish(&issuer->keys, NULL);
    issuer_count_age(issuer);
}

void issuer_keys_refuse(struct issuer *issuer, const struct err *err)
{
    LOG_EVENT(LOG_ERROR, "keys-dropped", LOG_STR("url", issuer->url), LOG_STR("error", err->text));
    issuer_keys_drop(issuer);
    issuer_fail(issuer, err);
}

void issuer_fail(struct issuer *issuer, const struct err *err)
{
    pthread_mutex_lock(&issuer->lock);
    issuer->state.is_failing = true;
    memcpy(issuer->state.last_error, err->text, sizeof issuer->state.last_error);
    pthread_mutex_unlock(&issuer->lock);
}

bool issuer_keys_stand(struct issuer *issuer)
{
    struct err err = {0};
    const struct discovery had = {span_str(issuer->current.issuer), span_str(issuer->current.jwks_uri)};
    if (!issuer->has_keys || (discovery_url_check(had.jwks_uri, issuer->issuers->settings.allow_http, &err) &&
                              issuer_judge(issuer, &had, &err)))
        return true;
    err_prefix(&err, "the settings of now refuse the keys of before");
    issuer_keys_refuse(issuer, &err);
    return false;
}

/* The store. */

static void store_complain(const struct issuer *issuer, const char *event, const struct err *err)
{
    LOG_EVENT(LOG_WARNING, event, LOG_STR("url", issuer->url), LOG_STR("error", err->text));
}

static bool is_save_due(const struct issuer *issuer, int64_t mono_ms)
{
    int64_t share_ms = issuer->issuers->settings.timing.max_stale_ms / SAVE_SHARE;
    return mono_ms - issuer->saved_ms >= (share_ms < SAVE_MS ? share_ms : SAVE_MS);
}

void issuer_keys_save(struct issuer *issuer, bool is_replaced)
{
    const struct issuers *issuers = issuer->issuers;
    int64_t mono_ms = now_read().mono_ms;
    struct err err = {0};
    if (issuers->store[0] == '\0' || issuer->current.keys.len == 0 || issuer->is_trust_unproven ||
        (!is_replaced && !is_save_due(issuer, mono_ms)))
        return;
    const struct stored stored = {.url = span_str(issuer->url),
                                  .discovery = {span_str(issuer->current.issuer), span_str(issuer->current.jwks_uri)},
                                  .ca = span_str(issuer->ca_file),
                                  .fetched_at_s = issuer->state.fetched_at_s};
    AUTO(buf) text = {.bytes_max = issuers->settings.document_bytes_max + STORED_HEAD_BYTES_MAX};
    issuer->saved_ms = mono_ms;
    if (stored_write(&text, &stored, issuer->current.keys, &err) &&
        store_write(issuers->store, stored.url, buf_span(&text), &err))
        return;
    store_complain(issuer, "store-failed", &err);
    /* A key that the provider has taken back must not come again with the next start. */
    if (is_replaced && !store_drop(issuers->store, stored.url, &err))
        store_complain(issuer, "store-failed", &err);
}

/* The age in milliseconds, where it lets the keys serve. */
static bool age_judge(const struct issuer *issuer, int64_t fetched_at_s, int64_t *age_ms, struct err *err)
{
    *age_ms = now_read().wall_us / 1000 - fetched_at_s * 1000;
    if (*age_ms < 0)
        return fail(err, REASON_DOCUMENT_INVALID, "fetched_at is in the future");
    return *age_ms < issuer->issuers->settings.timing.max_stale_ms ||
           fail(err, REASON_DOCUMENT_INVALID, "the keys are %lld s old, which is past keys.max_stale",
                (long long)(*age_ms / 1000));
}

static bool stored_judge(const struct issuer *issuer, const struct stored *stored, struct err *err)
{
    if (!span_eq(stored->url, span_str(issuer->url)))
        return fail(err, REASON_DOCUMENT_INVALID, "it is of another provider, \"%s\"", QUOTED(stored->url));
    return issuer_judge(issuer, &stored->discovery, err);
}

/* The stored documents in place of fetched ones; without the key set's bytes, so that the first fetch always makes a new set. */
static bool stored_take(struct issuer *issuer, const struct stored *stored, struct span text, struct err *err)
{
    int64_t age_ms = 0;
    if (!stored_judge(issuer, stored, err) || !age_judge(issuer, stored->fetched_at_s, &age_ms, err) ||
        !issuer_documents_set(&issuer->current.issuer, stored->discovery.issuer, err) ||
        !issuer_documents_set(&issuer->current.jwks_uri, stored->discovery.jwks_uri, err))
        return false;
    struct keyset *set = issuer_keys_build(stored->discovery.issuer, text, stored->fetched_at_s, err);
    if (set == NULL)
        return false;
    LOG_EVENT(LOG_INFO, "keys-restored", LOG_STR("url", issuer->url), LOG_TEXT("issuer", set->issuer),
              LOG_NUM("keys", set->count), LOG_NUM("age_s", age_ms / 1000));
    set_publish(issuer, set);
    issuer_keys_had(issuer, stored->fetched_at_s, now_read().mono_ms - age_ms);
    issuer->is_trust_unproven = !span_eq(stored->ca, span_str(issuer->ca_file));
    return true;
}

void issuer_restore(struct issuer *issuer)
{
    AUTO(arena) arena = {0};
    const struct issuers *issuers = issuer->issuers;
    struct stored stored = {0};
    struct span text;
    struct err err = {0};
    if (issuers->store[0] == '\0' || issuer->has_keys)
        return;
    size_t bytes_max = issuers->settings.document_bytes_max + STORED_HEAD_BYTES_MAX;
    bool is_read = store_read(issuers->store, span_str(issuer->url), bytes_max, &arena, &text, &err);
    if (is_read && text.at == NULL)
        return;
    if (is_read && stored_read(&stored, &arena, text, issuers->settings.allow_http, &err) &&
        stored_take(issuer, &stored, text, &err)) {
        issuer_cycle_schedule(issuer);
        issuer_count_age(issuer);
        return;
    }
    if (!issuer->has_keys)
        issuer_documents_fini(&issuer->current);
    store_complain(issuer, "store-ignored", &err);
}
