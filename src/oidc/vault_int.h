/* SPDX-License-Identifier: Apache-2.0 */
/* A region of memory for secrets: of fixed size, left out of core dumps, overwritten when given back.
 *
 * A buddy allocator: blocks of powers of two, so that a place for a large piece can always be made by giving back what lies in
 * one aligned stretch.  Belongs to one thread.
 */
#ifndef OIDC_VAULT_INT_H
#define OIDC_VAULT_INT_H

#include "base/base.h"

enum {
    VAULT_UNIT_BYTES = 512, /* the smallest block, and the alignment of all */
    VAULT_BLOCK_BYTES_MAX = 256 << 10
};

struct vault;

/* A region of at most `bytes` (at least VAULT_UNIT_BYTES); NULL when there is no memory, or it can't be kept out of dumps. */
struct vault *vault_new(size_t bytes) MUST_CHECK;
/* Gives the whole region back; NULL is let through. */
void vault_free(struct vault *vault);
AUTO_FREE(vault)

/* `size` bytes aligned for any type; NULL when no block is free or size is beyond the largest. */
void *vault_take(struct vault *vault, size_t size) MUST_CHECK;

/* Overwrites and gives back. */
void vault_give(struct vault *vault, void *block);

/* A block in use that lies in the stretch which `place`, any number, picks for `size` bytes; NULL when all of it is free, and
 * vault_take(size) then succeeds; also when size is beyond the largest.
 */
void *vault_holder(struct vault *vault, size_t size, uint64_t place);

/* The number of a block, less than 2^32 - 1, and the block of a number. */
uint32_t vault_number(const struct vault *vault, const void *block);
/* The memory of a block taken before, by its number. */
void *vault_block(const struct vault *vault, uint32_t number);

/* Bytes in use, rounded up to blocks. */
size_t vault_used(const struct vault *vault);

#endif
