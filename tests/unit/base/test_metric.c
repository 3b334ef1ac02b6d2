/* SPDX-License-Identifier: Apache-2.0 */
/* Goal: what is counted by many threads is shown as one figure, in text that a strict reader of the format takes. */
#include "base/metric.h"
#include "unit.h"

enum { REQUESTS, READY, TIME, DURATION, FAMILIES, SHARDS = 2 };

static const struct metric_family families[] = {[REQUESTS] = {"x_requests_total", METRIC_COUNTER, "route", "Requests."},
                                                [READY] = {"x_ready", METRIC_GAUGE, "", "Ready."},
                                                [TIME] = {"x_seconds_total", METRIC_TIME_COUNTER, "", "Time."},
                                                [DURATION] = {"x_seconds", METRIC_HISTOGRAM, "route", "Durations."}};

static struct metrics *metrics;

static int make(void **state)
{
    (void)state;
    metrics = metrics_new(families, FAMILIES, SHARDS);
    return metrics == NULL;
}

static int end(void **state)
{
    (void)state;
    metrics_free(metrics);
    return 0;
}

static bool shows(const char *line)
{
    AUTO(buf) out = {0};
    assert_true(metrics_text(metrics, &out));
    buf_add_char(&out, '\0');
    const char *at = strstr(buf_span(&out).at, line);
    return at != NULL && at[-1] == '\n' && at[strlen(line)] == '\n';
}

static void threads_count_into_one_figure(void **state)
{
    (void)state;
    const struct span route = SPAN_INIT("a");
    struct metric_series *series = metric_series(metrics, REQUESTS, &route, 1);
    metric_add(series, 0, 2);
    metric_add(series, 1, 3);
    assert_true(shows("x_requests_total{route=\"a\"} 5"));
    assert_ptr_equal(metric_series(metrics, REQUESTS, &route, 1), series);
    assert_int_equal(metrics_series(metrics), 1);
}

static void labels_escape_what_the_format_does_and_nothing_else(void **state)
{
    (void)state;
    static const struct {
        struct span value;
        const char *shown;
    } rows[] = {{SPAN_INIT("a\"b"), "x_requests_total{route=\"a\\\"b\"} 1"},
                {SPAN_INIT("a\\b"), "x_requests_total{route=\"a\\\\b\"} 1"},
                {SPAN_INIT("a\nb"), "x_requests_total{route=\"a\\nb\"} 1"},
                {SPAN_INIT("a\tb\x01/\xc3\xa4"), "x_requests_total{route=\"a\tb\x01/\xc3\xa4\"} 1"},
                {SPAN_INIT(""), "x_requests_total{route=\"\"} 1"}};
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        metric_add(metric_series(metrics, REQUESTS, &rows[i].value, 1), 0, 1);
        assert_true(shows(rows[i].shown));
    }
}

static void what_is_gone_is_left_out_until_it_is_set_again(void **state)
{
    (void)state;
    struct metric_series *series = metric_series(metrics, READY, NULL, 0);
    metric_set(series, 1);
    assert_true(shows("x_ready 1"));
    metric_unset(series);
    assert_false(shows("x_ready 1"));
    metric_set(series, 0);
    assert_true(shows("x_ready 0"));
}

static void a_family_is_left_out_whole_and_others_stay(void **state)
{
    (void)state;
    const struct span routes[] = {SPAN("a"), SPAN("b")};
    metric_set(metric_series(metrics, REQUESTS, &routes[0], 1), 1);
    metric_set(metric_series(metrics, REQUESTS, &routes[1], 1), 1);
    metric_set(metric_series(metrics, READY, NULL, 0), 1);
    metrics_unset(metrics, REQUESTS);
    metric_set(metric_series(metrics, REQUESTS, &routes[1], 1), 2);
    assert_false(shows("x_requests_total{route=\"a\"} 1"));
    assert_true(shows("x_requests_total{route=\"b\"} 2"));
    assert_true(shows("x_ready 1"));
}

static void microseconds_are_shown_in_seconds(void **state)
{
    (void)state;
    static const struct {
        int64_t us;
        const char *shown;
    } rows[] = {{0, "x_seconds_total 0.000000"},
                {1, "x_seconds_total 0.000001"},
                {1500000, "x_seconds_total 1.500000"},
                {-1500000, "x_seconds_total -1.500000"}};
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        metric_set(metric_series(metrics, TIME, NULL, 0), rows[i].us);
        assert_true(shows(rows[i].shown));
    }
}

static void a_duration_stands_in_each_bucket_that_is_as_long_or_longer(void **state)
{
    (void)state;
    const struct span route = SPAN_INIT("a");
    struct metric_series *series = metric_series(metrics, DURATION, &route, 1);
    metric_observe(series, 0, 250);
    metric_observe(series, 1, 20000000);
    assert_true(shows("x_seconds_bucket{route=\"a\",le=\"0.0001\"} 0"));
    assert_true(shows("x_seconds_bucket{route=\"a\",le=\"0.00025\"} 1"));
    assert_true(shows("x_seconds_bucket{route=\"a\",le=\"10\"} 1"));
    assert_true(shows("x_seconds_bucket{route=\"a\",le=\"+Inf\"} 2"));
    assert_true(shows("x_seconds_sum{route=\"a\"} 20.000250"));
    assert_true(shows("x_seconds_count{route=\"a\"} 2"));
}

int main(void)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, make, end)
    const struct CMUnitTest tests[] = {CASE(threads_count_into_one_figure),
                                       CASE(labels_escape_what_the_format_does_and_nothing_else),
                                       CASE(what_is_gone_is_left_out_until_it_is_set_again),
                                       CASE(a_family_is_left_out_whole_and_others_stay),
                                       CASE(microseconds_are_shown_in_seconds),
                                       CASE(a_duration_stands_in_each_bucket_that_is_as_long_or_longer)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
