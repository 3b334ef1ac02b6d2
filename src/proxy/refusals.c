/* SPDX-License-Identifier: Apache-2.0 */
/* Sets of a few buckets, found by a keyed hash; a set is looked through as a whole, so that finding is bounded and needs no memory.
 *
 * What is in a bucket is counted in parts of a refusal, so that little leaks in little time: a refusal is as many parts as a minute
 * has milliseconds, and `a_minute` parts leak each millisecond.
 */
#include "proxy/refusals.h"

#include "base/siphash.h"

#include <pthread.h>
#include <stdatomic.h>
#include <string.h>

enum { PARTS = 16, PART_SETS = 512, WAYS = 8, MINUTE_MS = 60000 };

struct bucket {
    struct client_key key;
    int64_t level; /* parts of a refusal, as of seen_ms; 0: free */
    int64_t seen_ms;
};

struct part {
    pthread_mutex_t lock;
    struct bucket sets[PART_SETS][WAYS];
};

struct refusals {
    struct part parts[PARTS];
    _Atomic(size_t) addresses;
};

struct refusals *refusals_new(void)
{
    struct refusals *refusals = calloc(1, sizeof *refusals);
    for (size_t i = 0; refusals != NULL && i < PARTS; i++)
        pthread_mutex_init(&refusals->parts[i].lock, NULL);
    return refusals;
}

void refusals_free(struct refusals *refusals)
{
    for (size_t i = 0; refusals != NULL && i < PARTS; i++)
        pthread_mutex_destroy(&refusals->parts[i].lock);
    free(refusals);
}

static struct part *part_of(struct refusals *refusals, const struct client_key *key, struct bucket **set)
{
    uint64_t hash = siphash13(siphash_process_key(), key->bytes, sizeof key->bytes);
    struct part *part = &refusals->parts[hash % PARTS];
    *set = part->sets[hash / PARTS % PART_SETS];
    return part;
}

/* What is in the bucket now. */
static int64_t level_at(const struct bucket *bucket, int64_t a_minute, int64_t now_ms)
{
    int64_t past_ms = now_ms > bucket->seen_ms ? now_ms - bucket->seen_ms : 0;
    if (past_ms > bucket->level / a_minute)
        return 0;
    return bucket->level - past_ms * a_minute;
}

/* The lock is held. */
static struct bucket *find(struct bucket *set, const struct client_key *key)
{
    for (size_t i = 0; i < WAYS; i++)
        if (set[i].level > 0 && memcmp(set[i].key.bytes, key->bytes, sizeof key->bytes) == 0)
            return &set[i];
    return NULL;
}

/* The lock is held. */
static struct bucket *take_emptiest(struct refusals *refusals, struct bucket *set, int64_t a_minute, int64_t now_ms)
{
    struct bucket *emptiest = &set[0];
    for (size_t i = 1; i < WAYS; i++)
        if (level_at(&set[i], a_minute, now_ms) < level_at(emptiest, a_minute, now_ms))
            emptiest = &set[i];
    if (emptiest->level == 0)
        atomic_fetch_add_explicit(&refusals->addresses, 1, memory_order_relaxed);
    *emptiest = (struct bucket){.seen_ms = now_ms};
    return emptiest;
}

void refusals_count(struct refusals *refusals, const struct client_key *key, int64_t a_minute, int64_t now_ms)
{
    struct bucket *set;
    struct part *part = part_of(refusals, key, &set);
    int64_t most = a_minute * MINUTE_MS;
    pthread_mutex_lock(&part->lock);
    struct bucket *bucket = find(set, key);
    if (bucket == NULL) {
        bucket = take_emptiest(refusals, set, a_minute, now_ms);
        bucket->key = *key;
    }
    int64_t level = level_at(bucket, a_minute, now_ms) + MINUTE_MS;
    bucket->level = level < most ? level : most;
    bucket->seen_ms = now_ms;
    pthread_mutex_unlock(&part->lock);
}

int64_t refusals_wait_ms(struct refusals *refusals, const struct client_key *key, int64_t a_minute, int64_t now_ms)
{
    struct bucket *set;
    if (refusals_addresses(refusals) == 0)
        return 0;
    struct part *part = part_of(refusals, key, &set);
    pthread_mutex_lock(&part->lock);
    const struct bucket *bucket = find(set, key);
    int64_t level = bucket == NULL ? 0 : level_at(bucket, a_minute, now_ms);
    pthread_mutex_unlock(&part->lock);
    int64_t over = level + MINUTE_MS - a_minute * MINUTE_MS;
    return over <= 0 ? 0 : (over + a_minute - 1) / a_minute;
}

size_t refusals_addresses(const struct refusals *refusals)
{
    return atomic_load_explicit(&refusals->addresses, memory_order_relaxed);
}
