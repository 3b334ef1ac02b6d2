/* SPDX-License-Identifier: Apache-2.0 */
/* Tokens near the right one: each is a sound token of a key with one thing changed, before it was signed or after.
 *
 * The same seed gives the same changes; keys and ECDSA's signatures are new in every run.
 */
#ifndef UNIT_POLICY_MUTANT_H
#define UNIT_POLICY_MUTANT_H

#include "base/arena.h"
#include "base/buf.h"
#include "signing.h"

/* What an unchanged token says, at this time. */
enum { MUTANT_NOW_S = 1795219200 };
#define MUTANT_ISSUER "https://i.example/"

/* Numbers that look random and are the same in every run; the state is not zero. */
struct dice {
    uint64_t state;
};
/* From 0 to sides - 1. */
size_t dice_roll(struct dice *dice, size_t sides);

struct mutant_maker {
    struct dice dice;
    const struct signer *signer;
    enum alg alg; /* that the judges are told to expect */
    struct arena arena;
};

/* The next token into `token`, emptied before, without a NUL in it; returns the name of what was changed. */
const char *mutant_make(struct mutant_maker *maker, struct buf *token);

#endif
