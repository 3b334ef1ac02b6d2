/* SPDX-License-Identifier: Apache-2.0 */
/* Open addressing with linear probing, at most three quarters full.  Removal moves later entries back, so that there are
 * no markers of removed ones and lookups stay short whatever came and went.
 */
#include "base/map.h"

#include "base/siphash.h"

struct map_slot {
    uint64_t hash;
    struct span key;
    void *value; /* NULL: the slot is free */
};

enum { MAP_SLOTS_MIN = 8 };

static uint64_t key_hash(struct span key)
{
    return siphash13(siphash_process_key(), key.at, key.len);
}

/* The slot of `key`, or the free one where it would go.  The map has a free slot. */
static struct map_slot *slot_find(const struct map *m, uint64_t hash, struct span key)
{
    size_t mask = m->size - 1;
    size_t at = (size_t)hash & mask;
    while (m->slots[at].value != NULL && (m->slots[at].hash != hash || !span_eq(m->slots[at].key, key)))
        at = (at + 1) & mask;
    return &m->slots[at];
}

void *map_get(const struct map *m, struct span key)
{
    return m->count == 0 ? NULL : slot_find(m, key_hash(key), key)->value;
}

static bool map_grow(struct map *m)
{
    if (m->size > SIZE_MAX / sizeof(struct map_slot) / 2)
        return false;
    struct map wider = {.size = m->size == 0 ? MAP_SLOTS_MIN : m->size * 2, .count = m->count};
    wider.slots = calloc(wider.size, sizeof *wider.slots);
    if (wider.slots == NULL)
        return false;
    for (size_t i = 0; i < m->size; i++)
        if (m->slots[i].value != NULL)
            *slot_find(&wider, m->slots[i].hash, m->slots[i].key) = m->slots[i];
    free(m->slots);
    *m = wider;
    return true;
}

bool map_put(struct map *m, struct span key, void *value)
{
    assert(value != NULL);
    if (m->count >= m->size - m->size / 4 && !map_grow(m))
        return false;
    uint64_t hash = key_hash(key);
    struct map_slot *slot = slot_find(m, hash, key);
    m->count += slot->value == NULL;
    *slot = (struct map_slot){hash, key, value};
    return true;
}

/* Closes the gap at `gap`: each entry behind it that may stand nearer to its own place moves there. */
static void gap_close(struct map *m, size_t gap)
{
    size_t mask = m->size - 1;
    for (size_t at = (gap + 1) & mask; m->slots[at].value != NULL; at = (at + 1) & mask) {
        size_t home = (size_t)m->slots[at].hash & mask;
        if (((at - home) & mask) < ((at - gap) & mask))
            continue;
        m->slots[gap] = m->slots[at];
        gap = at;
    }
    m->slots[gap] = (struct map_slot){0};
}

void *map_remove(struct map *m, struct span key)
{
    if (m->count == 0)
        return NULL;
    struct map_slot *slot = slot_find(m, key_hash(key), key);
    void *value = slot->value;
    if (value == NULL)
        return NULL;
    gap_close(m, (size_t)(slot - m->slots));
    m->count--;
    return value;
}

bool map_next(const struct map *m, size_t *at, struct span *key, void **value)
{
    while (*at < m->size && m->slots[*at].value == NULL)
        ++*at;
    if (*at >= m->size)
        return false;
    const struct map_slot *slot = &m->slots[(*at)++];
    if (key != NULL)
        *key = slot->key;
    *value = slot->value;
    return true;
}

void map_fini(struct map *m)
{
    free(m->slots);
    *m = (struct map){0};
}
