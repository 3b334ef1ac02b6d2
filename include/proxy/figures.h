/* SPDX-License-Identifier: Apache-2.0 */
/* The table of metrics: every figure the gateway shows. */
#ifndef PROXY_FIGURES_H
#define PROXY_FIGURES_H

#include "base/metric.h"

enum figure {
    FIGURE_REQUESTS,
    FIGURE_VERDICTS,
    FIGURE_DURATION,
    FIGURE_BACKEND_DURATION,
    FIGURE_CACHE_HITS,
    FIGURE_CACHE_MISSES,
    FIGURE_CACHE_ENTRIES,
    FIGURE_CACHE_BYTES,
    FIGURE_KEYS_AGE,
    FIGURE_KEYS_REFRESH,
    FIGURE_CONNECTIONS,
    FIGURE_ACCEPTED,
    FIGURE_CONNECTIONS_REFUSED,
    FIGURE_PARKED,
    FIGURE_PARKED_REFUSED,
    FIGURE_POOL_IDLE,
    FIGURE_POOL_BUSY,
    FIGURE_BACKEND_CONNECTS,
    FIGURE_BACKEND_RESENDS,
    FIGURE_LIMIT,
    FIGURE_LIMIT_HITS,
    FIGURE_SENT_BYTES,
    FIGURE_RECEIVED_BYTES,
    FIGURE_RELOADS,
    FIGURE_COUNT
};

/* FIGURE_COUNT rows, in the order of enum figure. */
const struct metric_family *figures_table(void);

#endif
