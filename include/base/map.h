/* SPDX-License-Identifier: Apache-2.0 */
/* Hash map from byte strings to pointers.  Keyed hashing: who chooses the names cannot choose collisions.
 *
 * A zeroed struct is an empty map.  Keys are views: their bytes must live, unchanged, as long as their entry.  Values
 * are pointers that the map never follows; NULL is no value.  Walking knows no order.
 */
#ifndef BASE_MAP_H
#define BASE_MAP_H

#include "base/base.h"
#include "base/span.h"

struct map_slot;

struct map {
    struct map_slot *slots;
    size_t size;  /* slots allocated: 0 or a power of two */
    size_t count; /* entries */
};

/* The value of `key`, or NULL. */
void *map_get(const struct map *m, struct span key);

/* Makes `value` (not NULL) the value of `key`; an older entry is replaced, its key's bytes too.  False when out of memory,
 * with nothing changed.
 */
bool map_put(struct map *m, struct span key, void *value) MUST_CHECK;

/* Takes the entry of `key` out; returns its value, or NULL when there was none. */
void *map_remove(struct map *m, struct span key);

/* Walks all entries: `at` starts at 0; false when there are no more.  `key` may be NULL.  Puts and removals in between
 * end the walk's validity.
 */
bool map_next(const struct map *m, size_t *at, struct span *key, void **value);

/* Gives the memory back; the map is empty and usable again. */
void map_fini(struct map *m);
AUTO_FINI(map)

#endif
