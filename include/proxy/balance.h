/* SPDX-License-Identifier: Apache-2.0 */
/* Which of several servers gets the next request, by weights. */
#ifndef PROXY_BALANCE_H
#define PROXY_BALANCE_H

#include "base/base.h"

enum { BALANCE_SERVERS_MAX = 64 }; /* of one backend: sets of them are bits of a word */

/* A server as one worker sees it. */
struct balance_server {
    int64_t turn;    /* how near its turn is */
    unsigned weight; /* from 1 */
    size_t busy;     /* connections in use; for least connections only */
};

/* The set of all of `count` servers. */
uint64_t balance_all(size_t count);

/* The next in turn of the set `among`, which is not empty.  Over a cycle of all weights each server comes exactly as often as its
 * weight says, and the heavy ones not in a row but spread (smooth weighted round robin).
 */
size_t balance_in_turn(struct balance_server *servers, size_t count, uint64_t among);

/* Of `among` the one with the fewest connections for its weight; of equals the next in turn. */
size_t balance_least(struct balance_server *servers, size_t count, uint64_t among);

#endif
