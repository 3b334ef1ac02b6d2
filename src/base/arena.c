/* SPDX-License-Identifier: Apache-2.0 */
/* Bump allocation in blocks; blocks of the usual size go back to the pool, larger ones to malloc. */
#include "base/arena.h"

#include "base/ascii.h"

#include <stdarg.h>
#include <stdio.h>

struct arena_block {
    struct arena_block *next;
    size_t size; /* bytes behind this header */
};

enum { ALIGN = 16 };
_Static_assert(sizeof(struct arena_block) % ALIGN == 0, "what follows the header is aligned");

static struct arena_block *block_take(struct arena *a, size_t size)
{
    size_t usual = ARENA_BLOCK_BYTES - sizeof(struct arena_block);
    if (size <= usual && a->pool != NULL && a->pool->spare != NULL) {
        struct arena_block *spare = a->pool->spare;
        a->pool->spare = spare->next;
        a->pool->count--;
        return spare;
    }
    size_t want = size < usual ? usual : size;
    struct arena_block *block = malloc(sizeof *block + want);
    if (block != NULL)
        block->size = want;
    return block;
}

static void block_give(struct arena *a, struct arena_block *block)
{
    bool is_usual = block->size == ARENA_BLOCK_BYTES - sizeof *block;
    if (!is_usual || a->pool == NULL || a->pool->count >= ARENA_POOL_BLOCKS_MAX) {
        free(block);
        return;
    }
    block->next = a->pool->spare;
    a->pool->spare = block;
    a->pool->count++;
}

void *arena_take(struct arena *a, size_t size)
{
    if (size > SIZE_MAX / 2)
        return NULL;
    size = (size + ALIGN - 1) & ~(size_t)(ALIGN - 1);
    if (a->blocks == NULL || a->blocks->size - a->used < size) {
        if (a->bytes_max != 0 && a->bytes + size > a->bytes_max)
            return NULL;
        struct arena_block *block = block_take(a, size);
        if (block == NULL)
            return NULL;
        block->next = a->blocks;
        a->blocks = block;
        a->bytes += block->size;
        a->used = 0;
    }
    void *at = (char *)(a->blocks + 1) + a->used;
    a->used += size;
    return at;
}

void *arena_zero(struct arena *a, size_t size)
{
    void *at = arena_take(a, size);
    return at == NULL ? NULL : memset(at, 0, size);
}

struct span arena_copy(struct arena *a, struct span s)
{
    char *at = arena_take(a, s.len + 1);
    if (at == NULL)
        return (struct span){NULL, 0};
    if (s.len > 0)
        memcpy(at, s.at, s.len);
    at[s.len] = '\0';
    return span_of(at, s.len);
}

struct span arena_lower(struct arena *a, struct span s)
{
    char *at = arena_take(a, s.len + 1);
    if (at == NULL)
        return (struct span){NULL, 0};
    for (size_t i = 0; i < s.len; i++)
        at[i] = ascii_lower(s.at[i]);
    at[s.len] = '\0';
    return span_of(at, s.len);
}

char *arena_printf(struct arena *a, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    va_list again;
    va_copy(again, arguments);
    int need = vsnprintf(NULL, 0, format, arguments);
    va_end(arguments);
    char *at = need < 0 ? NULL : arena_take(a, (size_t)need + 1);
    if (at != NULL)
        vsnprintf(at, (size_t)need + 1, format, again);
    va_end(again);
    return at;
}

void arena_fini(struct arena *a)
{
    while (a->blocks != NULL) {
        struct arena_block *block = a->blocks;
        a->blocks = block->next;
        block_give(a, block);
    }
    a->used = 0;
    a->bytes = 0;
}

void arena_pool_fini(struct arena_pool *pool)
{
    while (pool->spare != NULL) {
        struct arena_block *block = pool->spare;
        pool->spare = block->next;
        free(block);
    }
    pool->count = 0;
}
