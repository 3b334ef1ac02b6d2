/* SPDX-License-Identifier: Apache-2.0 */
/* Smooth weighted round robin: each choice moves every server on by its weight, and takes the whole cycle from the one chosen. */
#include "proxy/balance.h"

uint64_t balance_all(size_t count)
{
    return count >= BALANCE_SERVERS_MAX ? UINT64_MAX : (UINT64_C(1) << count) - 1;
}

static bool is_among(uint64_t among, size_t i)
{
    return (among >> i & 1) != 0;
}

size_t balance_in_turn(struct balance_server *servers, size_t count, uint64_t among)
{
    int64_t total = 0;
    size_t best = count;
    for (size_t i = 0; i < count; i++) {
        if (!is_among(among, i))
            continue;
        servers[i].turn += servers[i].weight;
        total += servers[i].weight;
        if (best == count || servers[i].turn > servers[best].turn)
            best = i;
    }
    assert(best < count);
    servers[best].turn -= total;
    return best;
}

static bool is_less_busy(const struct balance_server *a, const struct balance_server *b)
{
    return a->busy * b->weight < b->busy * a->weight;
}

size_t balance_least(struct balance_server *servers, size_t count, uint64_t among)
{
    uint64_t least = 0;
    size_t best = count;
    for (size_t i = 0; i < count; i++) {
        if (!is_among(among, i))
            continue;
        if (best == count || is_less_busy(&servers[i], &servers[best])) {
            best = i;
            least = 0;
        }
        if (!is_less_busy(&servers[best], &servers[i]))
            least |= UINT64_C(1) << i;
    }
    return balance_in_turn(servers, count, least);
}
