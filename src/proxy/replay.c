/* SPDX-License-Identifier: Apache-2.0 */
/* Chains in buckets, each part of the table behind its lock.
 *
 * Names are digests of what clients chose, so they are hashed by the process's key: nobody can aim at one part or one bucket.  Each
 * note also looks at a bucket or two for entries that are over, so that the table cleans itself at the rate at which it is used; a
 * full one is swept whole, once a second at most.
 */
#include "proxy/replay.h"

#include "base/siphash.h"

#include <pthread.h>
#include <stdatomic.h>
#include <string.h>

enum { PARTS = 16, PART_BUCKETS_MIN = 64, CLEANED_EACH = 2 };

struct entry {
    struct entry *next;
    int64_t until_s;
    unsigned char name[REPLAY_NAME_BYTES];
};

struct part {
    pthread_mutex_t lock;
    struct entry **buckets;
    size_t cursor; /* the bucket that is cleaned next */
};

struct replay {
    struct part parts[PARTS];
    size_t part_buckets; /* a power of two */
    _Atomic(size_t) count, entries_max;
    _Atomic(int64_t) swept_s;
};

struct replay *replay_new(size_t entries_max)
{
    struct replay *replay = calloc(1, sizeof *replay);
    if (replay == NULL)
        return NULL;
    replay->part_buckets = PART_BUCKETS_MIN;
    while (replay->part_buckets * PARTS < entries_max)
        replay->part_buckets *= 2;
    replay_limit(replay, entries_max);
    atomic_init(&replay->swept_s, INT64_MIN);
    bool is_ok = true;
    for (size_t i = 0; i < PARTS; i++) {
        pthread_mutex_init(&replay->parts[i].lock, NULL);
        replay->parts[i].buckets = calloc(replay->part_buckets, sizeof(struct entry *));
        is_ok = is_ok && replay->parts[i].buckets != NULL;
    }
    if (is_ok)
        return replay;
    replay_free(replay);
    return NULL;
}

static void free_chain(struct entry *entry)
{
    while (entry != NULL) {
        struct entry *next = entry->next;
        free(entry);
        entry = next;
    }
}

void replay_free(struct replay *replay)
{
    if (replay == NULL)
        return;
    for (size_t i = 0; i < PARTS; i++) {
        for (size_t j = 0; replay->parts[i].buckets != NULL && j < replay->part_buckets; j++)
            free_chain(replay->parts[i].buckets[j]);
        free(replay->parts[i].buckets);
        pthread_mutex_destroy(&replay->parts[i].lock);
    }
    free(replay);
}

void replay_limit(struct replay *replay, size_t entries_max)
{
    atomic_store_explicit(&replay->entries_max, entries_max, memory_order_relaxed);
}

size_t replay_count(const struct replay *replay)
{
    return atomic_load_explicit(&replay->count, memory_order_relaxed);
}

/* The part's lock is held. */
static void clean_bucket(struct replay *replay, struct entry **at, int64_t now_s)
{
    while (*at != NULL) {
        struct entry *entry = *at;
        if (entry->until_s >= now_s) {
            at = &entry->next;
            continue;
        }
        *at = entry->next;
        free(entry);
        atomic_fetch_sub_explicit(&replay->count, 1, memory_order_relaxed);
    }
}

void replay_sweep(struct replay *replay, int64_t now_s)
{
    for (size_t i = 0; i < PARTS; i++) {
        struct part *part = &replay->parts[i];
        pthread_mutex_lock(&part->lock);
        for (size_t j = 0; j < replay->part_buckets; j++)
            clean_bucket(replay, &part->buckets[j], now_s);
        pthread_mutex_unlock(&part->lock);
    }
}

/* A place for one more, counted already; false: there is none. */
static bool take_place(struct replay *replay)
{
    size_t before = atomic_fetch_add_explicit(&replay->count, 1, memory_order_relaxed);
    if (before < atomic_load_explicit(&replay->entries_max, memory_order_relaxed))
        return true;
    atomic_fetch_sub_explicit(&replay->count, 1, memory_order_relaxed);
    return false;
}

/* The lock is held. */
static enum replay_verdict note(struct replay *replay, struct entry **bucket, const unsigned char *name,
                                int64_t until_s)
{
    for (const struct entry *entry = *bucket; entry != NULL; entry = entry->next)
        if (memcmp(entry->name, name, REPLAY_NAME_BYTES) == 0)
            return REPLAY_SEEN;
    if (!take_place(replay))
        return REPLAY_FULL;
    struct entry *fresh = malloc(sizeof *fresh);
    if (fresh == NULL) {
        atomic_fetch_sub_explicit(&replay->count, 1, memory_order_relaxed);
        return REPLAY_FULL;
    }
    fresh->until_s = until_s;
    memcpy(fresh->name, name, REPLAY_NAME_BYTES);
    fresh->next = *bucket;
    *bucket = fresh;
    return REPLAY_FRESH;
}

static enum replay_verdict try_note(struct replay *replay, const unsigned char *name, int64_t until_s, int64_t now_s)
{
    uint64_t hash = siphash13(siphash_process_key(), name, REPLAY_NAME_BYTES);
    struct part *part = &replay->parts[hash % PARTS];
    struct entry **bucket = &part->buckets[hash / PARTS & (replay->part_buckets - 1)];
    pthread_mutex_lock(&part->lock);
    clean_bucket(replay, bucket, now_s);
    for (size_t i = 0; i < CLEANED_EACH; i++, part->cursor++)
        clean_bucket(replay, &part->buckets[part->cursor & (replay->part_buckets - 1)], now_s);
    enum replay_verdict verdict = note(replay, bucket, name, until_s);
    pthread_mutex_unlock(&part->lock);
    return verdict;
}

/* Whether this call is the one that sweeps in this second. */
static bool may_sweep(struct replay *replay, int64_t now_s)
{
    int64_t last_s = atomic_load_explicit(&replay->swept_s, memory_order_relaxed);
    return last_s != now_s && atomic_compare_exchange_strong_explicit(&replay->swept_s, &last_s, now_s,
                                                                      memory_order_relaxed, memory_order_relaxed);
}

enum replay_verdict replay_note(struct replay *replay, const unsigned char name[REPLAY_NAME_BYTES], int64_t until_s,
                                int64_t now_s)
{
    if (replay == NULL)
        return REPLAY_FULL;
    enum replay_verdict verdict = try_note(replay, name, until_s, now_s);
    if (verdict != REPLAY_FULL || !may_sweep(replay, now_s))
        return verdict;
    replay_sweep(replay, now_s);
    return try_note(replay, name, until_s, now_s);
}
