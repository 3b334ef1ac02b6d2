/* SPDX-License-Identifier: Apache-2.0 */
/* Publish, take, release of an object that is never written again.
 *
 * One slot holds the newest object; readers keep a view of their own and look only whether the number changed, which costs a
 * plain load.  The object counts its own references: `take` and `release` are handed in with the slot.
 */
#ifndef BASE_SNAPSHOT_H
#define BASE_SNAPSHOT_H

#include "base/base.h"

#include <pthread.h>
#include <stdatomic.h>

struct snapshot {
    pthread_mutex_t lock;
    void *current;                 /* with one reference; NULL: none */
    _Atomic(uint64_t) number;      /* goes up with every publishing */
    void *(*take)(void *object);   /* one reference more; returns its argument */
    void (*release)(void *object); /* one reference less; NULL is let through */
};

/* An empty slot for objects counted by `take` and `release`. */
void snapshot_init(struct snapshot *slot, void *(*take)(void *), void (*release)(void *));
/* Releases the current object. */
void snapshot_fini(struct snapshot *slot);

/* Takes over the caller's reference to `object` (NULL: nothing from now on); the old one is released. */
void snapshot_publish(struct snapshot *slot, void *object);

/* What is current, with a reference of the caller's own; NULL when nothing is. */
void *snapshot_take(struct snapshot *slot) MUST_CHECK;

/* The number of the newest publishing: differs from one seen before when something was published since. */
static inline uint64_t snapshot_number(struct snapshot *slot)
{
    return atomic_load_explicit(&slot->number, memory_order_acquire);
}

#endif
