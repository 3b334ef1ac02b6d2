/* SPDX-License-Identifier: Apache-2.0 */
/* Tokens, right ones and deliberately broken ones, for demos and tests. */
#ifndef DEV_MINTING_H
#define DEV_MINTING_H

#include "dev/members.h"
#include "dev/secret_key.h"

/* What can be wrong with a token; told to users in the help of `mint`. */
enum breakage {
    BREAK_NONE,
    BREAK_SIGNATURE,
    BREAK_TAMPERED,
    BREAK_TRUNCATED,
    BREAK_PADDING,
    BREAK_PARTS,
    BREAK_WRONG_KEY,
    BREAK_EMBEDDED_KEY,
    BREAK_ALG_NONE,
    BREAK_HS_PUBLIC_KEY,
    BREAK_KID,
    BREAK_CRIT,
    BREAK_EXPIRED,
    BREAK_NOT_YET,
    BREAK_NO_EXP,
    BREAK_DUPLICATE_CLAIM,
    BREAK_COUNT
};

/* Its name, as `mint --break` takes it; NULL for BREAK_NONE. */
const char *minting_breakage_name(enum breakage breakage);

struct minting {
    const struct secret_key *key;
    struct members header; /* alg, kid and typ are set by minting_start; what is set later replaces them */
    struct members claims;
    enum breakage breakage;
    int64_t now_s;
    bool is_exact; /* the JSON must arrive byte for byte: libjwt, which writes it anew, is passed by */
};

/* A minting with the usual header, iat and exp (`lifetime_s` from `now_s` on). */
bool minting_start(struct minting *minting, struct arena *arena, const struct secret_key *key, int64_t now_s,
                   int64_t lifetime_s, struct err *err) MUST_CHECK;

/* The token, broken as told (which changes header and claims).  RS*, ES* and HS* are made by libjwt where that can write them,
 * all else by OpenSSL.  Reasons USAGE for a breakage that the key cannot have, SYSTEM, OUT_OF_MEMORY.
 */
bool minting_token(struct minting *minting, struct buf *out, struct err *err) MUST_CHECK;

#endif
