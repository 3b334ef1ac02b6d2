/* SPDX-License-Identifier: Apache-2.0 */
/* Sharded counting.  A shard is written by one thread with plain loads and stores (relaxed atomics), read by any. */
#include "base/metric.h"

#include <pthread.h>
#include <stdio.h>

enum { SHARD_ALIGN = 64 };

static const int64_t bucket_us[METRIC_BUCKETS] = {100,   250,   500,    1000,   2500,    5000,    10000,
                                                  25000, 50000, 100000, 500000, 1000000, 5000000, 10000000};

struct shard {
    _Alignas(SHARD_ALIGN) _Atomic(int64_t) value; /* histograms: count of observations */
    _Atomic(int64_t) sum_us;
};

struct metric_series {
    struct metric_series *next; /* of the same family, in the order made */
    char *labels;               /* as shown between braces; "" for none */
    unsigned shards;
    atomic_bool is_unset; /* not shown */
    _Atomic(int64_t) set;
    _Atomic(uint64_t) *buckets; /* histograms: shards rows of METRIC_BUCKETS + 1 */
    struct shard *shard;
};

struct metrics {
    pthread_mutex_t lock;
    const struct metric_family *families;
    size_t count;
    unsigned shards;
    size_t series_count;
    struct metric_series **first; /* per family */
    struct metric_series **spare; /* per family: counts what found no series of its own */
};

static void series_free(struct metric_series *series)
{
    if (series == NULL)
        return;
    free(series->labels);
    free(series->buckets);
    free(series->shard);
    free(series);
}

static struct metric_series *series_new(unsigned shards, bool is_histogram, char *labels)
{
    struct metric_series *series = calloc(1, sizeof *series);
    if (series == NULL) {
        free(labels);
        return NULL;
    }
    series->labels = labels;
    series->shards = shards;
    series->shard = aligned_alloc(SHARD_ALIGN, shards * sizeof *series->shard);
    if (is_histogram)
        series->buckets = calloc((size_t)shards * (METRIC_BUCKETS + 1), sizeof *series->buckets);
    if (labels == NULL || series->shard == NULL || (is_histogram && series->buckets == NULL)) {
        series_free(series);
        return NULL;
    }
    memset(series->shard, 0, shards * sizeof *series->shard);
    return series;
}

static bool spares_make(struct metrics *metrics)
{
    for (size_t i = 0; i < metrics->count; i++) {
        bool is_histogram = metrics->families[i].kind == METRIC_HISTOGRAM;
        metrics->spare[i] = series_new(metrics->shards, is_histogram, span_dup(SPAN("overflow=\"true\"")));
        if (metrics->spare[i] == NULL)
            return false;
    }
    return true;
}

struct metrics *metrics_new(const struct metric_family *families, size_t count, unsigned shards)
{
    assert(shards > 0 && shards <= METRIC_SHARDS_MAX);
    AUTO_PTR(metrics) metrics = calloc(1, sizeof *metrics);
    if (metrics == NULL)
        return NULL;
    pthread_mutex_init(&metrics->lock, NULL);
    metrics->families = families;
    metrics->count = count;
    metrics->shards = shards;
    metrics->first = calloc(count, sizeof *metrics->first);
    metrics->spare = calloc(count, sizeof *metrics->spare);
    if (metrics->first == NULL || metrics->spare == NULL || !spares_make(metrics))
        return NULL;
    return STEAL(metrics);
}

void metrics_free(struct metrics *metrics)
{
    if (metrics == NULL)
        return;
    for (size_t i = 0; i < metrics->count && metrics->spare != NULL; i++) {
        series_free(metrics->spare[i]);
        for (struct metric_series *series = metrics->first[i]; series != NULL;) {
            struct metric_series *next = series->next;
            series_free(series);
            series = next;
        }
    }
    free(metrics->first);
    free(metrics->spare);
    pthread_mutex_destroy(&metrics->lock);
    free(metrics);
}

/* The format knows three escapes and takes all other bytes as they are; JSON's would be refused. */
static void add_label(struct buf *out, struct span name, struct span value)
{
    buf_add_span(out, name);
    buf_add_str(out, "=\"");
    for (size_t i = 0; i < value.len; i++) {
        if (value.at[i] == '\n') {
            buf_add_str(out, "\\n");
            continue;
        }
        if (value.at[i] == '"' || value.at[i] == '\\')
            buf_add_char(out, '\\');
        buf_add_char(out, value.at[i]);
    }
    buf_add_char(out, '"');
}

/* `name="value",...`; NULL when out of memory. */
static char *labels_text(const struct metric_family *family, const struct span *labels, size_t count)
{
    AUTO(buf) text = {0};
    struct span names = span_str(family->labels);
    struct span name;
    for (size_t i = 0; i < count && span_split(&names, ',', &name); i++) {
        if (i > 0)
            buf_add_char(&text, ',');
        add_label(&text, name, labels[i]);
    }
    return text.is_broken ? NULL : span_dup(buf_span(&text));
}

static struct metric_series *series_make(struct metrics *metrics, size_t family, char *labels)
{
    if (metrics->series_count >= METRIC_SERIES_MAX) {
        free(labels);
        return NULL;
    }
    bool is_histogram = metrics->families[family].kind == METRIC_HISTOGRAM;
    struct metric_series *series = series_new(metrics->shards, is_histogram, labels);
    if (series == NULL)
        return NULL;
    metrics->series_count++;
    struct metric_series **end = &metrics->first[family];
    while (*end != NULL)
        end = &(*end)->next;
    *end = series;
    return series;
}

struct metric_series *metric_series(struct metrics *metrics, size_t family, const struct span *labels, size_t count)
{
    assert(family < metrics->count);
    char *text = labels_text(&metrics->families[family], labels, count);
    if (text == NULL)
        return metrics->spare[family];
    pthread_mutex_lock(&metrics->lock);
    struct metric_series *series = metrics->first[family];
    while (series != NULL && strcmp(series->labels, text) != 0)
        series = series->next;
    if (series != NULL)
        free(text);
    else
        series = series_make(metrics, family, text);
    pthread_mutex_unlock(&metrics->lock);
    return series != NULL ? series : metrics->spare[family];
}

static void bump(_Atomic(int64_t) *value, int64_t amount)
{
    atomic_store_explicit(value, atomic_load_explicit(value, memory_order_relaxed) + amount, memory_order_relaxed);
}

void metric_add(struct metric_series *series, unsigned shard, uint64_t amount)
{
    assert(shard < series->shards);
    bump(&series->shard[shard].value, (int64_t)amount);
}

void metric_set(struct metric_series *series, int64_t value)
{
    atomic_store_explicit(&series->set, value, memory_order_relaxed);
    if (atomic_load_explicit(&series->is_unset, memory_order_relaxed))
        atomic_store_explicit(&series->is_unset, false, memory_order_relaxed);
}

void metric_unset(struct metric_series *series)
{
    atomic_store_explicit(&series->is_unset, true, memory_order_relaxed);
}

void metrics_unset(struct metrics *metrics, size_t family)
{
    assert(family < metrics->count);
    pthread_mutex_lock(&metrics->lock);
    for (struct metric_series *series = metrics->first[family]; series != NULL; series = series->next)
        metric_unset(series);
    pthread_mutex_unlock(&metrics->lock);
}

size_t metrics_series(struct metrics *metrics)
{
    pthread_mutex_lock(&metrics->lock);
    size_t count = metrics->series_count;
    pthread_mutex_unlock(&metrics->lock);
    return count;
}

void metric_move(struct metric_series *series, unsigned shard, int64_t amount)
{
    assert(shard < series->shards);
    bump(&series->shard[shard].value, amount);
}

void metric_observe(struct metric_series *series, unsigned shard, int64_t microseconds)
{
    assert(shard < series->shards && series->buckets != NULL);
    size_t bucket = 0;
    while (bucket < METRIC_BUCKETS && microseconds > bucket_us[bucket])
        bucket++;
    _Atomic(uint64_t) *row = &series->buckets[(size_t)shard * (METRIC_BUCKETS + 1)];
    atomic_store_explicit(&row[bucket], atomic_load_explicit(&row[bucket], memory_order_relaxed) + 1,
                          memory_order_relaxed);
    bump(&series->shard[shard].value, 1);
    bump(&series->shard[shard].sum_us, microseconds);
}

int64_t metric_value(const struct metric_series *series)
{
    int64_t sum = atomic_load_explicit(&series->set, memory_order_relaxed);
    for (unsigned i = 0; i < series->shards; i++)
        sum += atomic_load_explicit(&series->shard[i].value, memory_order_relaxed);
    return sum;
}

static void histogram_text(const char *name, const struct metric_series *series, struct buf *out)
{
    uint64_t below = 0;
    int64_t sum_us = 0;
    const char *comma = series->labels[0] == '\0' ? "" : ",";
    for (size_t bucket = 0; bucket <= METRIC_BUCKETS; bucket++) {
        for (unsigned i = 0; i < series->shards; i++)
            below +=
                atomic_load_explicit(&series->buckets[(size_t)i * (METRIC_BUCKETS + 1) + bucket], memory_order_relaxed);
        if (bucket < METRIC_BUCKETS)
            buf_printf(out, "%s_bucket{%s%sle=\"%g\"} %llu\n", name, series->labels, comma,
                       (double)bucket_us[bucket] / 1e6, (unsigned long long)below);
        else
            buf_printf(out, "%s_bucket{%s%sle=\"+Inf\"} %llu\n", name, series->labels, comma,
                       (unsigned long long)below);
    }
    for (unsigned i = 0; i < series->shards; i++)
        sum_us += atomic_load_explicit(&series->shard[i].sum_us, memory_order_relaxed);
    const char *open = series->labels[0] == '\0' ? "" : "{";
    const char *close = series->labels[0] == '\0' ? "" : "}";
    buf_printf(out, "%s_sum%s%s%s %lld.%06lld\n", name, open, series->labels, close, (long long)(sum_us / 1000000),
               (long long)(sum_us % 1000000));
    buf_printf(out, "%s_count%s%s%s %llu\n", name, open, series->labels, close, (unsigned long long)below);
}

static void value_text(const struct metric_family *family, int64_t value, struct buf *out)
{
    if (family->kind == METRIC_TIME_COUNTER || family->kind == METRIC_TIME_GAUGE)
        buf_printf(out, " %s%lld.%06lld\n", value < 0 ? "-" : "", llabs(value / 1000000), llabs(value % 1000000));
    else
        buf_printf(out, " %lld\n", (long long)value);
}

static void series_text(const struct metric_family *family, const struct metric_series *series, struct buf *out)
{
    if (atomic_load_explicit(&series->is_unset, memory_order_relaxed))
        return;
    if (family->kind == METRIC_HISTOGRAM) {
        histogram_text(family->name, series, out);
        return;
    }
    const char *open = series->labels[0] == '\0' ? "" : "{";
    const char *close = series->labels[0] == '\0' ? "" : "}";
    buf_printf(out, "%s%s%s%s", family->name, open, series->labels, close);
    value_text(family, metric_value(series), out);
}

const char *metric_kind_name(enum metric_kind kind)
{
    switch (kind) {
    case METRIC_COUNTER:
    case METRIC_TIME_COUNTER: return "counter";
    case METRIC_GAUGE:
    case METRIC_TIME_GAUGE: return "gauge";
    case METRIC_HISTOGRAM: return "histogram";
    }
    return "untyped";
}

bool metrics_text(struct metrics *metrics, struct buf *out)
{
    pthread_mutex_lock(&metrics->lock);
    for (size_t i = 0; i < metrics->count; i++) {
        const struct metric_family *family = &metrics->families[i];
        buf_printf(out, "# HELP %s %s\n# TYPE %s %s\n", family->name, family->help, family->name,
                   metric_kind_name(family->kind));
        for (const struct metric_series *series = metrics->first[i]; series != NULL; series = series->next)
            series_text(family, series, out);
        if (metric_value(metrics->spare[i]) != 0)
            series_text(family, metrics->spare[i], out);
    }
    pthread_mutex_unlock(&metrics->lock);
    return !out->is_broken;
}
