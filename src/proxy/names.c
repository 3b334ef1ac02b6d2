/* SPDX-License-Identifier: Apache-2.0 */
/* Names under one lock, and a few detached threads that look up whichever is due.
 *
 * getaddrinfo cannot be cancelled, so the end of the process must not wait for it: the threads hold the whole by a count of their
 * own, and the last one out frees it.
 */
#include "proxy/names.h"

#include "base/buf.h"
#include "base/list.h"
#include "base/log.h"
#include "base/now.h"
#include "proxy/figures.h"

#include <errno.h>
#include <netdb.h>
#include <signal.h>
#include <stdio.h>

struct names {
    pthread_mutex_t lock;
    pthread_cond_t stirred; /* something is due earlier, was looked up, or all is to end */
    struct names_options options;
    struct list all;
    size_t lookups_waiting; /* names never looked up so far */
    size_t changing;        /* names that are looked up at all */
    unsigned threads;
    uint64_t generation;
    bool is_ending;
};

struct name {
    struct list link;
    struct names *names;
    unsigned references; /* under the lock */
    char *host;
    uint16_t port;
    bool is_path, is_fixed;
    bool was_tried, is_busy, is_failing;
    int64_t every_ms, due_ms;
    unsigned failures; /* in a row */
    uint64_t generation;
    struct snapshot addresses;
    struct metric_series *count, *failing; /* NULL: no metrics */
};

static void *take_addresses(void *addresses)
{
    return addresses_take(addresses);
}

static void release_addresses(void *addresses)
{
    addresses_release(addresses);
}

static int64_t clock_ms(void)
{
    return now_read().mono_ms;
}

/* ---- looking up ---- */

static const char *ask_system(void *context, const char *host, uint16_t port, struct address *at, size_t *count)
{
    const struct addrinfo hints = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM};
    struct addrinfo *found = NULL;
    char digits[8];
    (void)context;
    snprintf(digits, sizeof digits, "%u", port);
    int why = getaddrinfo(host, digits, &hints, &found);
    *count = 0;
    if (why != 0)
        return gai_strerror(why);
    for (const struct addrinfo *i = found; i != NULL && *count < ADDRESSES_MAX; i = i->ai_next) {
        if (i->ai_addrlen > sizeof at->at)
            continue;
        memcpy(&at[*count].at, i->ai_addr, i->ai_addrlen);
        at[(*count)++].len = i->ai_addrlen;
    }
    freeaddrinfo(found);
    return *count == 0 ? "no address" : NULL;
}

static void log_addresses(const struct name *name, const struct addresses *addresses)
{
    AUTO(buf) text = {0};
    char one[ADDRESS_TEXT_BYTES];
    for (size_t i = 0; i < addresses->count; i++) {
        buf_add_str(&text, i == 0 ? "" : " ");
        buf_add_str(&text, address_text(&addresses->at[i], one));
    }
    LOG_EVENT(LOG_NOTICE, "backend-resolved", LOG_STR("host", name->host), LOG_TEXT("addresses", buf_span(&text)));
}

static void show(struct name *name, const struct addresses *addresses)
{
    if (name->count == NULL)
        return;
    metric_set(name->failing, name->is_failing);
    if (addresses != NULL)
        metric_set(name->count, (int64_t)addresses->count);
}

/* Told once for each row of failures. */
static void note_failure(struct name *name, const char *why)
{
    if (!name->is_failing)
        LOG_EVENT(LOG_ERROR, "backend-unresolved", LOG_STR("host", name->host), LOG_STR("error", why));
    name->is_failing = true;
    name->failures++;
    show(name, NULL);
}

/* Takes over the reference.  Told once it is so: who reads of it finds connections made to the new addresses. */
static void note_answer(struct name *name, struct addresses *addresses)
{
    struct addresses *before = snapshot_take(&name->addresses);
    bool is_news = !addresses_are_same(before, addresses);
    bool is_told = name->is_failing || (before != NULL && is_news);
    addresses_release(before);
    if (is_news)
        snapshot_publish(&name->addresses, addresses_take(addresses));
    name->is_failing = false;
    name->failures = 0;
    show(name, addresses);
    if (is_told)
        log_addresses(name, addresses);
    addresses_release(addresses);
}

static int64_t next_after(const struct name *name)
{
    int64_t wait_ms = name->every_ms;
    if (name->failures > 0 && name->failures < 16 && (NAMES_RETRY_MS << (name->failures - 1)) < wait_ms)
        wait_ms = NAMES_RETRY_MS << (name->failures - 1);
    return wait_ms;
}

/* Under the lock, which is let go of while the lookup lasts. */
static void look_up(struct names *names, struct name *name)
{
    struct address at[ADDRESSES_MAX] = {{.len = 0}};
    size_t count = 0;
    name->is_busy = true;
    pthread_mutex_unlock(&names->lock);
    const char *why = names->options.lookup(names->options.context, name->host, name->port, at, &count);
    struct addresses *addresses = why != NULL ? NULL : addresses_new(at, count);
    pthread_mutex_lock(&names->lock);
    if (addresses == NULL)
        note_failure(name, why == NULL ? "out of memory" : why);
    else
        note_answer(name, addresses);
    name->is_busy = false;
    if (!name->was_tried)
        names->lookups_waiting--;
    name->was_tried = true;
    name->due_ms = clock_ms() + next_after(name);
    pthread_cond_broadcast(&names->stirred);
}

/* ---- threads ---- */

static void name_free(struct name *name)
{
    snapshot_fini(&name->addresses);
    free(name->host);
    free(name);
}

/* Under the lock. */
static void let_go(struct name *name)
{
    struct names *names = name->names;
    if (--name->references > 0)
        return;
    list_remove(&name->link);
    if (!name->is_fixed)
        names->changing--;
    if (!name->was_tried)
        names->lookups_waiting--;
    if (name->count != NULL) {
        metric_unset(name->count);
        metric_unset(name->failing);
    }
    name_free(name);
}

/* The name that is due first and that nobody looks up; NULL: none. */
static struct name *first_due(struct names *names)
{
    struct name *first = NULL;
    LIST_EACH(&names->all, link)
    {
        struct name *name = CONTAINER_OF(link, name, link);
        if (!name->is_fixed && !name->is_busy && (first == NULL || name->due_ms < first->due_ms))
            first = name;
    }
    return first;
}

static void wait_until(struct names *names, int64_t at_ms)
{
    const struct timespec at = {.tv_sec = at_ms / 1000, .tv_nsec = at_ms % 1000 * 1000000};
    pthread_cond_timedwait(&names->stirred, &names->lock, &at);
}

static void free_all(struct names *names)
{
    pthread_cond_destroy(&names->stirred);
    pthread_mutex_destroy(&names->lock);
    free(names);
}

static void *thread_main(void *context)
{
    struct names *names = context;
    pthread_mutex_lock(&names->lock);
    while (!names->is_ending) {
        struct name *name = first_due(names);
        if (name == NULL) {
            pthread_cond_wait(&names->stirred, &names->lock);
        } else if (name->due_ms > clock_ms()) {
            wait_until(names, name->due_ms);
        } else {
            name->references++;
            look_up(names, name);
            let_go(name);
        }
    }
    bool is_last = --names->threads == 0;
    pthread_cond_broadcast(&names->stirred);
    pthread_mutex_unlock(&names->lock);
    if (is_last)
        free_all(names);
    return NULL;
}

/* Under the lock.  Signals are for the main thread alone.  Without a further thread those that run take its work. */
static bool start_thread(struct names *names)
{
    sigset_t all;
    sigset_t before;
    pthread_t thread;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    bool is_started = pthread_create(&thread, NULL, thread_main, names) == 0;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (is_started) {
        pthread_detach(thread);
        names->threads++;
    }
    return is_started;
}

/* ---- all names ---- */

struct names *names_new(const struct names_options *options, struct err *err)
{
    pthread_condattr_t attributes;
    struct names *names = calloc(1, sizeof *names);
    if (names == NULL) {
        fail(err, REASON_OUT_OF_MEMORY, "no memory for the names of servers");
        return NULL;
    }
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_cond_init(&names->stirred, &attributes);
    pthread_condattr_destroy(&attributes);
    pthread_mutex_init(&names->lock, NULL);
    names->options = *options;
    names->generation = 1; /* a new name is of none */
    if (names->options.lookup == NULL)
        names->options.lookup = ask_system;
    list_init(&names->all);
    return names;
}

void names_free(struct names *names)
{
    if (names == NULL)
        return;
    pthread_mutex_lock(&names->lock);
    names->is_ending = true;
    /* Metrics end before a lookup that lasts does. */
    LIST_EACH(&names->all, link)
    CONTAINER_OF(link, name, link)->count = NULL;
    pthread_cond_broadcast(&names->stirred);
    int64_t until_ms = clock_ms() + NAMES_GOODBYE_MS;
    names->threads++; /* so that the last thread leaves the rest to us */
    while (names->threads > 1 && clock_ms() < until_ms)
        wait_until(names, until_ms);
    names->threads--;
    bool is_last = names->threads == 0;
    pthread_mutex_unlock(&names->lock);
    if (is_last)
        free_all(names);
}

void names_renew(struct names *names)
{
    pthread_mutex_lock(&names->lock);
    names->generation++;
    pthread_mutex_unlock(&names->lock);
}

static struct name *find(struct names *names, const struct name_options *options)
{
    LIST_EACH(&names->all, link)
    {
        struct name *name = CONTAINER_OF(link, name, link);
        if (name->port == options->port && name->is_path == options->is_path && strcmp(name->host, options->host) == 0)
            return name;
    }
    return NULL;
}

static void make_series(struct name *name)
{
    AUTO(buf) text = {0};
    if (name->names->options.metrics == NULL)
        return;
    buf_printf(&text, "%s:%u", name->host, name->port);
    struct span label = buf_span(&text);
    name->count = metric_series(name->names->options.metrics, FIGURE_BACKEND_ADDRESSES, &label, 1);
    name->failing = metric_series(name->names->options.metrics, FIGURE_BACKEND_UNRESOLVED, &label, 1);
}

static struct name *make(struct names *names, const struct name_options *options)
{
    struct address address;
    struct name *name = calloc(1, sizeof *name);
    if (name == NULL)
        return NULL;
    snapshot_init(&name->addresses, take_addresses, release_addresses);
    name->names = names;
    name->host = span_dup(span_str(options->host));
    name->port = options->port;
    name->is_path = options->is_path;
    name->is_fixed = options->is_path ? address_from_path(options->host, &address)
                                      : address_from_text(options->host, options->port, &address);
    name->was_tried = name->is_fixed;
    struct addresses *addresses = name->is_fixed ? addresses_new(&address, 1) : NULL;
    if (name->host == NULL || (name->is_fixed && addresses == NULL)) {
        addresses_release(addresses);
        name_free(name);
        return NULL;
    }
    if (name->is_fixed)
        snapshot_publish(&name->addresses, addresses);
    else
        make_series(name);
    return name;
}

/* Under the lock: it is one of those that are looked up. */
static bool enlist(struct names *names, struct name *name)
{
    list_append(&names->all, &name->link);
    if (name->is_fixed)
        return true;
    names->lookups_waiting++;
    names->changing++;
    if (names->threads < NAMES_THREADS_MAX && names->threads < names->changing)
        start_thread(names);
    pthread_cond_broadcast(&names->stirred);
    return names->threads > 0;
}

static void use_interval(struct names *names, struct name *name, int64_t every_ms)
{
    if (name->generation != names->generation || every_ms < name->every_ms)
        name->every_ms = every_ms;
    name->generation = names->generation;
    int64_t latest_ms = clock_ms() + name->every_ms;
    if (name->due_ms > latest_ms) {
        name->due_ms = latest_ms;
        pthread_cond_broadcast(&names->stirred);
    }
}

struct name *names_take(struct names *names, const struct name_options *options, struct err *err)
{
    pthread_mutex_lock(&names->lock);
    struct name *name = find(names, options);
    bool is_ok = name != NULL;
    if (name == NULL && (name = make(names, options)) != NULL)
        is_ok = enlist(names, name);
    if (name != NULL) {
        name->references++;
        use_interval(names, name, options->every_ms);
        if (!is_ok)
            let_go(name);
    }
    pthread_mutex_unlock(&names->lock);
    if (is_ok)
        return name;
    fail(err, REASON_SYSTEM, "no memory, or no thread, to look up %s", options->host);
    return NULL;
}

void name_release(struct name *name)
{
    if (name == NULL)
        return;
    struct names *names = name->names;
    pthread_mutex_lock(&names->lock);
    let_go(name);
    pthread_mutex_unlock(&names->lock);
}

void names_await(struct names *names, int64_t wait_ms)
{
    int64_t until_ms = clock_ms() + wait_ms;
    pthread_mutex_lock(&names->lock);
    while (names->lookups_waiting > 0 && clock_ms() < until_ms)
        wait_until(names, until_ms);
    LIST_EACH(&names->all, link)
    {
        struct name *name = CONTAINER_OF(link, name, link);
        if (!name->was_tried)
            note_failure(name, "no answer yet");
    }
    pthread_mutex_unlock(&names->lock);
}

struct snapshot *name_addresses(struct name *name)
{
    return &name->addresses;
}
