/* SPDX-License-Identifier: Apache-2.0 */
/* Memory that goes all at once: what one request needs, freed with it.
 *
 * Blocks come from an arena_pool (one per thread), which keeps a few for the next request, so that a steady load allocates
 * nothing.  Nothing taken from an arena is freed by itself.
 */
#ifndef BASE_ARENA_H
#define BASE_ARENA_H

#include "base/base.h"
#include "base/span.h"

enum { ARENA_BLOCK_BYTES = 8192, ARENA_POOL_BLOCKS_MAX = 64 };

struct arena_block;

/* Spare blocks of one thread.  A zeroed struct is an empty pool. */
struct arena_pool {
    struct arena_block *spare;
    size_t count;
};

/* A zeroed struct with `pool` set (or NULL) is an empty arena. */
struct arena {
    struct arena_pool *pool;
    struct arena_block *blocks;
    size_t used;      /* bytes taken of the newest block */
    size_t bytes;     /* bytes of all blocks */
    size_t bytes_max; /* 0: no maximum */
};

/* `size` bytes, aligned for any type, not zeroed; NULL when out of memory or past bytes_max.  size 0 gives a pointer that
 * must not be read.
 */
void *arena_take(struct arena *a, size_t size) MUST_CHECK;

/* The same, zeroed. */
void *arena_zero(struct arena *a, size_t size) MUST_CHECK;

/* A copy of `s` in the arena; its `at` is NULL when out of memory, unless `s` is empty. */
struct span arena_copy(struct arena *a, struct span s) MUST_CHECK;

/* The same with ASCII letters small. */
struct span arena_lower(struct arena *a, struct span s) MUST_CHECK;

/* A formatted text with a final NUL; NULL when out of memory. */
char *arena_printf(struct arena *a, const char *format, ...) PRINTF_LIKE(2, 3) MUST_CHECK;

/* Gives everything back; the arena is empty and usable again. */
void arena_fini(struct arena *a);
AUTO_FINI(arena)

/* Frees the spare blocks. */
void arena_pool_fini(struct arena_pool *pool);
AUTO_FINI(arena_pool)

#endif
