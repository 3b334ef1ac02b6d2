/* SPDX-License-Identifier: Apache-2.0 */
/* The buddy allocator behind the verified tokens.  Its own state lies outside the region, so that what tokens hold can't reach
 * it but for the links of free blocks.
 */
#include "vault_int.h"

#include "base/list.h"

#include <string.h>
#include <sys/mman.h>

enum { ORDERS = 10 }; /* 512 bytes to 256 KiB */
_Static_assert(VAULT_UNIT_BYTES << (ORDERS - 1) == VAULT_BLOCK_BYTES_MAX, "one order for each block size");

/* What begins at a unit: nothing, or a block of that order. */
enum { UNIT_NONE = 0, UNIT_FREE = 0x40, UNIT_USED = 0x80, UNIT_ORDER = 0x3f };

struct vault {
    char *region;
    size_t units;
    size_t used_units;
    unsigned order_max;       /* smaller than ORDERS - 1 where the region is */
    struct list free[ORDERS]; /* links lie in the blocks themselves */
    unsigned char unit[];     /* what begins there */
};

static size_t units_of(unsigned order)
{
    return (size_t)1 << order;
}

static struct list *unit_link(const struct vault *vault, size_t at)
{
    return (struct list *)(void *)(vault->region + at * VAULT_UNIT_BYTES);
}

static void block_release(struct vault *vault, size_t at, unsigned order)
{
    struct list *link = unit_link(vault, at);
    vault->unit[at] = (unsigned char)(UNIT_FREE | order);
    *link = (struct list){NULL, NULL};
    list_prepend(&vault->free[order], link);
}

static void block_claim(struct vault *vault, size_t at)
{
    list_remove(unit_link(vault, at));
    vault->unit[at] = UNIT_NONE;
}

/* The region is a whole number of the largest blocks, which are all free at first. */
static bool region_map(struct vault *vault)
{
    size_t bytes = vault->units * VAULT_UNIT_BYTES;
    void *region = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (region == MAP_FAILED)
        return false;
    vault->region = region;
    if (madvise(region, bytes, MADV_DONTDUMP) != 0)
        return false;
    for (unsigned i = 0; i < ORDERS; i++)
        list_init(&vault->free[i]);
    for (size_t at = vault->units; at > 0; at -= units_of(vault->order_max))
        block_release(vault, at - units_of(vault->order_max), vault->order_max);
    return true;
}

struct vault *vault_new(size_t bytes)
{
    size_t units = bytes / VAULT_UNIT_BYTES;
    unsigned order_max = 0;
    assert(units > 0);
    while (order_max + 1 < ORDERS && units_of(order_max + 1) <= units)
        order_max++;
    units -= units % units_of(order_max);
    assert(units < UINT32_MAX);
    AUTO_PTR(vault) vault = calloc(1, sizeof *vault + units);
    if (vault == NULL)
        return NULL;
    vault->units = units;
    vault->order_max = order_max;
    return region_map(vault) ? STEAL(vault) : NULL;
}

void vault_free(struct vault *vault)
{
    if (vault == NULL)
        return;
    if (vault->region != NULL)
        munmap(vault->region, vault->units * VAULT_UNIT_BYTES);
    free(vault);
}

/* The order of a block for `size` bytes; order_max + 1 when there is none. */
static unsigned order_for(const struct vault *vault, size_t size)
{
    unsigned order = 0;
    while (order <= vault->order_max && units_of(order) * VAULT_UNIT_BYTES < size)
        order++;
    return order;
}

void *vault_take(struct vault *vault, size_t size)
{
    unsigned wanted = order_for(vault, size);
    unsigned order = wanted;
    while (order <= vault->order_max && list_is_empty(&vault->free[order]))
        order++;
    if (order > vault->order_max)
        return NULL;
    size_t at = (size_t)((char *)list_first(&vault->free[order]) - vault->region) / VAULT_UNIT_BYTES;
    block_claim(vault, at);
    while (order > wanted) {
        order--;
        block_release(vault, at + units_of(order), order);
    }
    vault->unit[at] = (unsigned char)(UNIT_USED | order);
    vault->used_units += units_of(order);
    return vault_block(vault, (uint32_t)at);
}

void vault_give(struct vault *vault, void *block)
{
    size_t at = vault_number(vault, block);
    assert((vault->unit[at] & UNIT_USED) != 0);
    unsigned order = vault->unit[at] & UNIT_ORDER;
    explicit_bzero(block, units_of(order) * VAULT_UNIT_BYTES);
    vault->unit[at] = UNIT_NONE;
    vault->used_units -= units_of(order);
    for (; order < vault->order_max; order++) {
        size_t buddy = at ^ units_of(order);
        if (vault->unit[buddy] != (UNIT_FREE | order))
            break;
        block_claim(vault, buddy);
        at &= ~units_of(order);
    }
    block_release(vault, at, order);
}

/* The block that holds unit `at`, if it begins before it or there and is in use; else NULL. */
static void *holder_around(const struct vault *vault, size_t at, unsigned order)
{
    for (; order <= vault->order_max; order++) {
        size_t head = at & ~(units_of(order) - 1);
        unsigned found = vault->unit[head];
        if ((found & UNIT_USED) != 0 && (found & UNIT_ORDER) >= order)
            return vault_block(vault, (uint32_t)head);
    }
    return NULL;
}

void *vault_holder(struct vault *vault, size_t size, uint64_t place)
{
    unsigned order = order_for(vault, size);
    if (order > vault->order_max)
        return NULL;
    size_t begin = (size_t)(place % (vault->units >> order)) << order;
    void *around = holder_around(vault, begin, order);
    if (around != NULL)
        return around;
    for (size_t at = begin; at < begin + units_of(order);) {
        unsigned found = vault->unit[at];
        if ((found & UNIT_USED) != 0)
            return vault_block(vault, (uint32_t)at);
        if (found == UNIT_NONE)
            return NULL; /* inside a larger free block */
        at += units_of(found & UNIT_ORDER);
    }
    return NULL;
}

uint32_t vault_number(const struct vault *vault, const void *block)
{
    size_t at = (size_t)((const char *)block - vault->region) / VAULT_UNIT_BYTES;
    assert(at < vault->units);
    return (uint32_t)at;
}

void *vault_block(const struct vault *vault, uint32_t number)
{
    return vault->region + (size_t)number * VAULT_UNIT_BYTES;
}

size_t vault_used(const struct vault *vault)
{
    return vault->used_units * VAULT_UNIT_BYTES;
}
