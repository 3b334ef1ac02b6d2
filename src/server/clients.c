/* SPDX-License-Identifier: Apache-2.0 */
/* Chains in buckets, each part of the table behind its lock; keyed hashing, so that nobody can aim at one bucket. */
#include "server/clients.h"

#include "base/siphash.h"

#include <arpa/inet.h>
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>

enum { PARTS = 16, PART_BUCKETS = 1024, NETWORK_BYTES = 8 };

struct client {
    struct client *next;
    struct client_key key;
    size_t count;
};

struct part {
    pthread_mutex_t lock;
    struct client *buckets[PART_BUCKETS];
};

struct clients {
    struct part parts[PARTS];
    _Atomic(size_t) count;
};

bool client_key_read(struct span address, struct client_key *key)
{
    static const unsigned char mapped[12] = {[10] = 0xff, [11] = 0xff};
    char text[INET6_ADDRSTRLEN];
    if (address.len == 0 || address.len >= sizeof text || memchr(address.at, '\0', address.len) != NULL)
        return false;
    memcpy(text, address.at, address.len);
    text[address.len] = '\0';
    memcpy(key->bytes, mapped, sizeof mapped);
    if (inet_pton(AF_INET, text, key->bytes + sizeof mapped) == 1)
        return true;
    if (inet_pton(AF_INET6, text, key->bytes) != 1)
        return false;
    if (memcmp(key->bytes, mapped, sizeof mapped) != 0)
        memset(key->bytes + NETWORK_BYTES, 0, CLIENT_KEY_BYTES - NETWORK_BYTES);
    return true;
}

struct clients *clients_new(void)
{
    struct clients *clients = calloc(1, sizeof *clients);
    for (size_t i = 0; clients != NULL && i < PARTS; i++)
        pthread_mutex_init(&clients->parts[i].lock, NULL);
    return clients;
}

void clients_free(struct clients *clients)
{
    if (clients == NULL)
        return;
    assert(clients_count(clients) == 0);
    for (size_t i = 0; i < PARTS; i++)
        pthread_mutex_destroy(&clients->parts[i].lock);
    free(clients);
}

static struct part *part_of(struct clients *clients, const struct client_key *key, struct client ***bucket)
{
    uint64_t hash = siphash13(siphash_process_key(), key->bytes, sizeof key->bytes);
    struct part *part = &clients->parts[hash % PARTS];
    *bucket = &part->buckets[hash / PARTS % PART_BUCKETS];
    return part;
}

/* The lock is held. */
static struct client *find(struct client *client, const struct client_key *key)
{
    while (client != NULL && memcmp(client->key.bytes, key->bytes, sizeof key->bytes) != 0)
        client = client->next;
    return client;
}

/* The lock is held. */
static struct client *add(struct clients *clients, struct client **bucket, const struct client_key *key)
{
    struct client *client = calloc(1, sizeof *client);
    if (client == NULL)
        return NULL;
    client->key = *key;
    client->next = *bucket;
    *bucket = client;
    atomic_fetch_add_explicit(&clients->count, 1, memory_order_relaxed);
    return client;
}

struct client *clients_enter(struct clients *clients, const struct client_key *key, size_t max)
{
    struct client **bucket;
    struct part *part = part_of(clients, key, &bucket);
    pthread_mutex_lock(&part->lock);
    struct client *client = find(*bucket, key);
    if (client == NULL)
        client = add(clients, bucket, key);
    else if (client->count >= max)
        client = NULL;
    if (client != NULL)
        client->count++;
    pthread_mutex_unlock(&part->lock);
    return client;
}

void clients_leave(struct clients *clients, struct client *client)
{
    struct client **at;
    struct part *part = part_of(clients, &client->key, &at);
    pthread_mutex_lock(&part->lock);
    bool is_last = --client->count == 0;
    while (is_last && *at != client)
        at = &(*at)->next;
    if (is_last) {
        *at = client->next;
        atomic_fetch_sub_explicit(&clients->count, 1, memory_order_relaxed);
    }
    pthread_mutex_unlock(&part->lock);
    if (is_last)
        free(client);
}

size_t clients_count(const struct clients *clients)
{
    return atomic_load_explicit(&clients->count, memory_order_relaxed);
}
