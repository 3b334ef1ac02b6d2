/* SPDX-License-Identifier: Apache-2.0 */
/* The registry of providers, their references, and how workers ask for a refetch.  What one provider does over time is in
 * issuer_cycle.c.
 */
#include "issuer_int.h"

#include "base/now.h"
#include "oidc/discovery.h"

#include <event2/event.h>

#include <errno.h>
#include <sys/eventfd.h>
#include <unistd.h>

enum { AGE_TICK_S = 10 };

static void *keys_take_reference(void *keys)
{
    return keyset_take(keys);
}

static void keys_release_reference(void *keys)
{
    if (keys != NULL)
        keyset_release(keys);
}

static void issuer_free(struct issuer *issuer)
{
    issuer_cycle_fini(issuer);
    snapshot_fini(&issuer->keys);
    pthread_mutex_destroy(&issuer->lock);
    free(issuer->ca_file);
    free(issuer->proxy);
    free(issuer->client_certificate);
    free(issuer->client_key);
    free(issuer->url);
    issuer->magic = 0;
    free(issuer);
}

/* Control thread: nobody but the registry holds it, and nobody else can take it up again. */
static void issuer_remove(struct issuer *issuer)
{
    list_remove(&issuer->link);
    if (issuer->series.age != NULL)
        metric_unset(issuer->series.age);
    if (issuer->series.failing != NULL)
        metric_unset(issuer->series.failing);
    if (issuer->series.clock != NULL)
        metric_unset(issuer->series.clock);
    issuer_free(issuer);
}

/* The wake-up says only that something happened: who wants, and who is held no longer, is looked up. */
static void on_wake(evutil_socket_t fd, short what, void *arg)
{
    struct issuers *issuers = CHECKED(arg, issuers, ISSUERS_MAGIC);
    uint64_t count;
    (void)what;
    if (read(fd, &count, sizeof count) < 0)
        return;
    /* A cycle that ends at once calls its owner, who may let go of others, but none is removed before our turn. */
    LIST_EACH(&issuers->all, link)
    {
        struct issuer *issuer = CONTAINER_OF(link, issuer, link);
        if (atomic_load(&issuer->references) == 1)
            issuer_remove(issuer);
        else if (atomic_load(&issuer->is_wanted))
            issuer_cycle_begin(issuer);
    }
}

static void issuers_wake(struct issuers *issuers)
{
    uint64_t one = 1;
    /* It can fail only when the counter is full, and then a wake-up is pending. */
    ssize_t wrote = write(issuers->wake_fd, &one, sizeof one);
    (void)wrote;
}

static void on_tick(evutil_socket_t fd, short what, void *arg)
{
    struct issuers *issuers = CHECKED(arg, issuers, ISSUERS_MAGIC);
    (void)fd;
    (void)what;
    LIST_EACH(&issuers->all, link)
    {
        issuer_count_age(CONTAINER_OF(link, issuer, link));
    }
}

static bool issuers_open(struct issuers *issuers, struct err *err)
{
    struct timeval tick = {AGE_TICK_S, 0};
    issuers->wake_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    if (issuers->wake_fd < 0)
        return fail(err, REASON_SYSTEM, "eventfd: %s", strerror(errno));
    issuers->wake = event_new(issuers->base, issuers->wake_fd, EV_READ | EV_PERSIST, on_wake, issuers);
    issuers->tick = event_new(issuers->base, -1, EV_PERSIST, on_tick, issuers);
    if (issuers->wake == NULL || issuers->tick == NULL || event_add(issuers->wake, NULL) != 0 ||
        event_add(issuers->tick, &tick) != 0)
        return fail(err, REASON_OUT_OF_MEMORY, "no memory for the providers");
    issuers->fetcher = fetcher_new(issuers->base, err);
    return issuers->fetcher != NULL;
}

/* A path too long to be one is none: the configuration was told about it. */
static void store_set(struct issuers *issuers, const char *store)
{
    size_t len = store == NULL ? 0 : strlen(store);
    if (len >= sizeof issuers->store)
        len = 0;
    memcpy(issuers->store, len == 0 ? "" : store, len + 1);
    issuers->settings.store = NULL;
}

struct issuers *issuers_new(struct event_base *base, const struct issuers_settings *settings, struct err *err)
{
    struct issuers *issuers = calloc(1, sizeof *issuers);
    if (issuers == NULL) {
        fail(err, REASON_OUT_OF_MEMORY, "no memory for the providers");
        return NULL;
    }
    issuers->magic = ISSUERS_MAGIC;
    issuers->base = base;
    issuers->settings = *settings;
    store_set(issuers, settings->store);
    issuers->wake_fd = -1;
    list_init(&issuers->all);
    atomic_init(&issuers->cooldown_ms, settings->timing.cooldown_ms);
    if (issuers_open(issuers, err))
        return issuers;
    issuers_free(issuers);
    return NULL;
}

void issuers_free(struct issuers *issuers)
{
    if (issuers == NULL)
        return;
    LIST_EACH(&issuers->all, link)
    {
        struct issuer *issuer = CONTAINER_OF(link, issuer, link);
        list_remove(link);
        issuer_cycle_fini(issuer);
        issuer->issuers = NULL;
        issuer_release(issuer);
    }
    fetcher_free(issuers->fetcher);
    if (issuers->wake != NULL)
        event_free(issuers->wake);
    if (issuers->tick != NULL)
        event_free(issuers->tick);
    if (issuers->wake_fd >= 0)
        close(issuers->wake_fd);
    issuers->magic = 0;
    free(issuers);
}

/* Keys that stand go into a store that is new. */
static void issuer_reconfigure(struct issuer *issuer, bool is_store_new)
{
    issuer_cycle_schedule(issuer);
    if (!issuer_keys_stand(issuer))
        issuer_cycle_restart(issuer);
    else if (is_store_new && issuer->has_keys)
        issuer_keys_save(issuer, true);
}

void issuers_configure(struct issuers *issuers, const struct issuers_settings *settings)
{
    bool is_store_new = strcmp(issuers->store, settings->store == NULL ? "" : settings->store) != 0;
    issuers->settings.timing = settings->timing;
    issuers->settings.document_bytes_max = settings->document_bytes_max;
    issuers->settings.allow_http = settings->allow_http;
    store_set(issuers, settings->store);
    atomic_store(&issuers->cooldown_ms, settings->timing.cooldown_ms);
    LIST_EACH(&issuers->all, link)
    {
        issuer_reconfigure(CONTAINER_OF(link, issuer, link), is_store_new);
    }
}

static struct metric_series *refresh_series(const struct issuer_metrics *metrics, struct span url, struct span result)
{
    return metric_series(metrics->metrics, metrics->refresh_family, (struct span[]){url, result}, 2);
}

static void series_make(struct issuer *issuer)
{
    const struct issuer_metrics *metrics = &issuer->issuers->settings.metrics;
    struct span url = span_str(issuer->url);
    if (metrics->metrics == NULL)
        return;
    issuer->series.age = metric_series(metrics->metrics, metrics->age_family, &url, 1);
    issuer->series.failing = metric_series(metrics->metrics, metrics->failing_family, &url, 1);
    metric_set(issuer->series.failing, 0);
    issuer->series.ok = refresh_series(metrics, url, SPAN("ok"));
    issuer->series.error = refresh_series(metrics, url, SPAN("error"));
    issuer->series.unchanged = refresh_series(metrics, url, SPAN("unchanged"));
}

static struct issuer *issuer_find(struct issuers *issuers, const char *url)
{
    LIST_EACH(&issuers->all, link)
    {
        struct issuer *issuer = CONTAINER_OF(link, issuer, link);
        if (strcmp(issuer->url, url) == 0)
            return issuer;
    }
    return NULL;
}

/* With two references: the registry's and the caller's. */
static struct issuer *issuer_new(struct issuers *issuers, const char *url)
{
    struct issuer *issuer = calloc(1, sizeof *issuer);
    if (issuer == NULL)
        return NULL;
    issuer->magic = ISSUER_MAGIC;
    issuer->issuers = issuers;
    issuer->url = span_dup(span_str(url));
    atomic_init(&issuer->references, 2);
    pthread_mutex_init(&issuer->lock, NULL);
    snapshot_init(&issuer->keys, keys_take_reference, keys_release_reference);
    if (issuer->url == NULL || !issuer_cycle_init(issuer)) {
        issuer_free(issuer);
        return NULL;
    }
    series_make(issuer);
    list_append(&issuers->all, &issuer->link);
    return issuer;
}

struct issuer *issuers_take(struct issuers *issuers, struct span url, struct err *err)
{
    AUTO(arena) arena = {0};
    char *discovery = discovery_url(&arena, url);
    struct issuer *issuer = discovery == NULL ? NULL : issuer_find(issuers, discovery);
    if (issuer != NULL)
        return issuer_take(issuer);
    issuer = discovery == NULL ? NULL : issuer_new(issuers, discovery);
    if (issuer == NULL)
        fail(err, REASON_OUT_OF_MEMORY, "no memory for a provider");
    return issuer;
}

static bool is_provided(const struct issuer *issuer, const struct issuer_provider *provider)
{
    return issuer_is_same(issuer->ca_file, provider->ca_file) && issuer_is_same(issuer->proxy, provider->proxy) &&
           issuer_is_same(issuer->client_certificate, provider->client_certificate) &&
           issuer_is_same(issuer->client_key, provider->client_key) &&
           issuer->is_name_checked == provider->is_name_checked && issuer->is_host_checked == provider->is_host_checked;
}

/* A copy into `*to`, remembering failure in `*is_whole`. */
static void text_copy(char **to, const char *from, bool *is_whole)
{
    *to = from == NULL ? NULL : span_dup(span_str(from));
    *is_whole = *is_whole && (from == NULL || *to != NULL);
}

static void text_swap(char **to, char **from)
{
    char *old = *to;
    *to = *from;
    *from = old;
}

/* All of them or none. */
static bool texts_provide(struct issuer *issuer, const struct issuer_provider *provider)
{
    bool is_whole = true;
    const char *from[] = {provider->ca_file, provider->proxy, provider->client_certificate, provider->client_key};
    char **to[] = {&issuer->ca_file, &issuer->proxy, &issuer->client_certificate, &issuer->client_key};
    char *copy[COUNT_OF(from)];
    for (size_t i = 0; i < COUNT_OF(from); i++)
        text_copy(&copy[i], from[i], &is_whole);
    for (size_t i = 0; i < COUNT_OF(from); i++) {
        if (is_whole)
            text_swap(to[i], &copy[i]);
        free(copy[i]);
    }
    return is_whole;
}

bool issuer_provide(struct issuer *issuer, const struct issuer_provider *provider, struct err *err)
{
    bool is_trusting_others = !issuer_is_same(issuer->ca_file, provider->ca_file);
    if (is_provided(issuer, provider))
        return true;
    if (!texts_provide(issuer, provider))
        return fail(err, REASON_OUT_OF_MEMORY, "no memory for a provider");
    issuer->is_name_checked = provider->is_name_checked;
    issuer->is_host_checked = provider->is_host_checked;
    if (issuer_keys_stand(issuer) && is_trusting_others)
        issuer->is_trust_unproven = true;
    issuer_cycle_restart(issuer);
    return true;
}

struct issuer *issuer_take(struct issuer *issuer)
{
    atomic_fetch_add(&issuer->references, 1);
    return issuer;
}

void issuer_release(struct issuer *issuer)
{
    if (issuer == NULL)
        return;
    struct issuers *issuers = issuer->issuers; /* read before: afterwards the control thread may have freed it */
    unsigned before = atomic_fetch_sub(&issuer->references, 1);
    if (before == 1)
        issuer_free(issuer);
    else if (before == 2 && issuers != NULL)
        issuers_wake(issuers);
}

struct span issuer_url(const struct issuer *issuer)
{
    return span_str(issuer->url);
}

struct snapshot *issuer_keys(struct issuer *issuer)
{
    return &issuer->keys;
}

bool issuer_want(struct issuer *issuer, int64_t mono_ms)
{
    struct issuers *issuers = issuer->issuers;
    int64_t seen = atomic_load(&issuer->slot);
    if (issuers == NULL)
        return false;
    int64_t claimed = (mono_ms + atomic_load(&issuers->cooldown_ms)) * 2 + 1;
    do {
        if ((seen & 1) != 0)
            return true;
        if (mono_ms < seen / 2)
            return false;
    } while (!atomic_compare_exchange_weak(&issuer->slot, &seen, claimed));
    atomic_store(&issuer->is_wanted, true);
    issuers_wake(issuers);
    return true;
}

bool issuer_is_fetching(const struct issuer *issuer)
{
    return (atomic_load(&issuer->slot) & 1) != 0;
}

void issuer_describe(struct issuer *issuer, struct issuer_state *state)
{
    pthread_mutex_lock(&issuer->lock);
    *state = issuer->state;
    pthread_mutex_unlock(&issuer->lock);
}
