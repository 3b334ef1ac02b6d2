/* SPDX-License-Identifier: Apache-2.0 */
/* The slot is locked only to publish and to take, both rare; looking for news is a load. */
#include "base/snapshot.h"

void snapshot_init(struct snapshot *slot, void *(*take)(void *), void (*release)(void *))
{
    pthread_mutex_init(&slot->lock, NULL);
    slot->current = NULL;
    slot->take = take;
    slot->release = release;
    atomic_init(&slot->number, 0);
}

void snapshot_fini(struct snapshot *slot)
{
    slot->release(slot->current);
    slot->current = NULL;
    pthread_mutex_destroy(&slot->lock);
}

void snapshot_publish(struct snapshot *slot, void *object)
{
    pthread_mutex_lock(&slot->lock);
    void *old = slot->current;
    slot->current = object;
    atomic_fetch_add_explicit(&slot->number, 1, memory_order_release);
    pthread_mutex_unlock(&slot->lock);
    slot->release(old);
}

void *snapshot_take(struct snapshot *slot)
{
    pthread_mutex_lock(&slot->lock);
    void *object = slot->current == NULL ? NULL : slot->take(slot->current);
    pthread_mutex_unlock(&slot->lock);
    return object;
}
