/* SPDX-License-Identifier: Apache-2.0 */
/* Counters, gauges and histograms, counted by each thread in its own cache line and summed when read.
 *
 * A family is a row of the metrics table (name, kind, help); a series is a family with label values.  Series are made at load
 * or at first use and live as long as the registry, so that a reload keeps its counts.  Adding costs one unlocked add.
 */
#ifndef BASE_METRIC_H
#define BASE_METRIC_H

#include "base/base.h"
#include "base/buf.h"
#include "base/span.h"

#include <stdatomic.h>

/* Of the two kinds of TIME microseconds are added or set, and seconds shown. */
enum metric_kind { METRIC_COUNTER, METRIC_GAUGE, METRIC_HISTOGRAM, METRIC_TIME_COUNTER, METRIC_TIME_GAUGE };

struct metric_family {
    const char *name;
    enum metric_kind kind;
    const char *labels; /* names separated by `,`; "" for none */
    const char *help;
};

enum {
    METRIC_SHARDS_MAX = 65,    /* one for each worker and one for the control thread */
    METRIC_SERIES_MAX = 20000, /* beyond it a family counts into one series labelled overflow="true" */
    METRIC_BUCKETS = 14
};

/* The word that Prometheus has for it. */
const char *metric_kind_name(enum metric_kind kind);

struct metrics;       /* the registry */
struct metric_series; /* one series */

/* A registry for `shards` counting threads over `count` families; families are borrowed, constant.  NULL: out of memory. */
struct metrics *metrics_new(const struct metric_family *families, size_t count, unsigned shards) MUST_CHECK;
/* Frees the registry and all its series; NULL is let through. */
void metrics_free(struct metrics *metrics);
AUTO_FREE(metrics)

/* The series of family number `family` with these label values, in the order of the family's names; made when missing.
 * Never NULL: out of memory or past the maximum gives the family's spare series, labelled overflow="true".
 * Takes a lock: keep the result.
 */
struct metric_series *metric_series(struct metrics *metrics, size_t family, const struct span *labels, size_t count);

/* Counts on the shard of the calling thread (a shard has one writer). */
void metric_add(struct metric_series *series, unsigned shard, uint64_t amount);

/* Sets a gauge, from any thread. */
void metric_set(struct metric_series *series, int64_t value);

/* Leaves the series out of the text until it is set again: what it told of is gone.  From any thread. */
void metric_unset(struct metric_series *series);
/* The same for each series of family number `family`. */
void metrics_unset(struct metrics *metrics, size_t family);

/* Moves a gauge by `amount` on the shard of the calling thread; shown is the sum of all shards and the set value. */
void metric_move(struct metric_series *series, unsigned shard, int64_t amount);

/* Puts a duration into a histogram (buckets from 100 us to 10 s). */
void metric_observe(struct metric_series *series, unsigned shard, int64_t microseconds);

/* The sum of a counter or gauge over all shards. */
int64_t metric_value(const struct metric_series *series);

/* How many series there are; METRIC_SERIES_MAX at most. */
size_t metrics_series(struct metrics *metrics);

/* All families as Prometheus text (exposition format 0.0.4). */
bool metrics_text(struct metrics *metrics, struct buf *out);

#endif
