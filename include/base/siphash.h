/* SPDX-License-Identifier: Apache-2.0 */
/* SipHash (Aumasson, Bernstein 2012): a keyed hash, so that nobody who does not know the key can choose names that collide. */
#ifndef BASE_SIPHASH_H
#define BASE_SIPHASH_H

#include "base/base.h"

/* One round for each eight bytes, three at the end: what hash tables need. */
uint64_t siphash13(const uint64_t key[2], const void *bytes, size_t len);

/* Two rounds and four: the form with published vectors, by which the tests prove what both share. */
uint64_t siphash24(const uint64_t key[2], const void *bytes, size_t len);

/* The key of this process: random, drawn once, the same ever after. */
const uint64_t *siphash_process_key(void);

#endif
