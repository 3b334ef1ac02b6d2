/* SPDX-License-Identifier: Apache-2.0 */
/* Goal: whatever a value holds, a line stays one line of its format, for people, terminals and programs.
 * Method: lines are written into a file in memory and compared byte for byte, but for their time.
 */
#include "base/log.h"
#include "unit.h"

#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

static int fd;
static char written[65536];

static int log_make(void **state)
{
    (void)state;
    fd = memfd_create("log", MFD_CLOEXEC);
    return fd < 0;
}

static int log_remove(void **state)
{
    (void)state;
    log_set(STDERR_FILENO, LOG_INFO, LOG_FORMAT_TEXT);
    return close(fd);
}

/* What was written since the last call, up to the time of its first line. */
static const char *take_until(const char *end)
{
    ssize_t len = pread(fd, written, sizeof written - 1, 0);
    assert_true(len >= 0);
    written[len] = '\0';
    assert_int_equal(ftruncate(fd, 0), 0);
    assert_int_equal(lseek(fd, 0, SEEK_SET), 0);
    char *at = strstr(written, end);
    if (at != NULL)
        *at = '\0';
    return written;
}

static const char *spelled(enum log_format format, struct span value)
{
    log_set(fd, LOG_INFO, format);
    LOG_EVENT(LOG_INFO, "e", LOG_TEXT("v", value));
    return take_until(format == LOG_FORMAT_JSON ? ",\"level\"" : " level=");
}

static void a_value_is_spelled_so_that_nothing_of_it_acts(void **state)
{
    static const struct {
        struct span value;
        const char *text, *json;
    } cases[] = {
        {SPAN_INIT("plain"), "event=e v=plain", "{\"event\":\"e\",\"v\":\"plain\""},
        {SPAN_INIT("a b"), "event=e v=\"a b\"", "{\"event\":\"e\",\"v\":\"a b\""},
        {SPAN_INIT("a=b"), "event=e v=\"a=b\"", "{\"event\":\"e\",\"v\":\"a=b\""},
        {SPAN_INIT("\"\\"), "event=e v=\"\\\"\\\\\"", "{\"event\":\"e\",\"v\":\"\\\"\\\\\""},
        {SPAN_INIT("\nevent=x"), "event=e v=\"\\x0aevent=x\"", "{\"event\":\"e\",\"v\":\"\\u000aevent=x\""},
        {SPAN_INIT("\r\x1b[31m"), "event=e v=\"\\x0d\\x1b[31m\"", "{\"event\":\"e\",\"v\":\"\\u000d\\u001b[31m\""},
        {SPAN_INIT("\0"), "event=e v=\"\\x00\"", "{\"event\":\"e\",\"v\":\"\\u0000\""},
        {SPAN_INIT("\x7f"), "event=e v=\"\\x7f\"", "{\"event\":\"e\",\"v\":\"\\u007f\""},
        {SPAN_INIT("\xc3\xa9"), "event=e v=\"\\xc3\\xa9\"", "{\"event\":\"e\",\"v\":\"\\u00e9\""},
        {SPAN_INIT("\xe2\x80\xae"), "event=e v=\"\\xe2\\x80\\xae\"", "{\"event\":\"e\",\"v\":\"\\u202e\""},
        {SPAN_INIT("\xf0\x9f\x98\x80"), "event=e v=\"\\xf0\\x9f\\x98\\x80\"",
         "{\"event\":\"e\",\"v\":\"\\ud83d\\ude00\""},
        {SPAN_INIT("\xc3"), "event=e v=\"\\xc3\"", "{\"event\":\"e\",\"v\":\"\\ufffd\""},
        {SPAN_INIT("\xed\xa0\x80"), "event=e v=\"\\xed\\xa0\\x80\"",
         "{\"event\":\"e\",\"v\":\"\\ufffd\\ufffd\\ufffd\""},
        {SPAN_INIT("\xff z"), "event=e v=\"\\xff z\"", "{\"event\":\"e\",\"v\":\"\\ufffd z\""},
        {SPAN_INIT(""), "event=e", "{\"event\":\"e\""},
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        assert_string_equal(spelled(LOG_FORMAT_TEXT, cases[i].value), cases[i].text);
        assert_string_equal(spelled(LOG_FORMAT_JSON, cases[i].value), cases[i].json);
    }
}

static void a_value_is_cut_at_200_bytes_and_not_within_a_character(void **state)
{
    char value[210];
    char expected[300];
    (void)state;
    memset(value, 'a', sizeof value);
    memcpy(value + 198, "\xe2\x82\xac", 3);
    snprintf(expected, sizeof expected, "{\"event\":\"e\",\"v\":\"%.198s...\"", value);
    assert_string_equal(spelled(LOG_FORMAT_JSON, span_of(value, sizeof value)), expected);
    value[200] = 'a';
    memcpy(value + 197, "\xe2\x82\xac", 3);
    snprintf(expected, sizeof expected, "{\"event\":\"e\",\"v\":\"%.197s\\u20ac...\"", value);
    assert_string_equal(spelled(LOG_FORMAT_JSON, span_of(value, sizeof value)), expected);
    memset(value, 'a', sizeof value);
    snprintf(expected, sizeof expected, "event=e v=%.200s", value);
    assert_string_equal(spelled(LOG_FORMAT_TEXT, span_of(value, 200)), expected);
}

static void numbers_are_numbers(void **state)
{
    (void)state;
    log_set(fd, LOG_INFO, LOG_FORMAT_JSON);
    LOG_EVENT(LOG_INFO, "e", LOG_NUM("a", 0), LOG_NUM("b", -7), LOG_NUM("c", INT64_MIN), LOG_US("d", 1234567),
              LOG_US("e", 5), LOG_US("f", -1500), LOG_STR("g", NULL));
    assert_string_equal(
        take_until(",\"level\""),
        "{\"event\":\"e\",\"a\":0,\"b\":-7,\"c\":-9223372036854775808,\"d\":1234.567,\"e\":0.005,\"f\":-1.500");
}

/* Each line is whole: what has no room is left out, and the end is there. */
static void a_line_with_too_much_ends_as_every_line(void **state)
{
    struct log_field fields[64];
    char value[200];
    (void)state;
    memset(value, '\x01', sizeof value);
    for (size_t i = 0; i < COUNT_OF(fields); i++)
        fields[i] = LOG_TEXT("v", span_of(value, sizeof value));
    for (int format = LOG_FORMAT_TEXT; format <= LOG_FORMAT_JSON; format++) {
        log_set(fd, LOG_INFO, (enum log_format)format);
        log_line(LOG_ERROR, "e", fields, COUNT_OF(fields));
        const char *line = take_until("\n");
        struct span at = span_str(line);
        assert_true(at.len < 8192);
        assert_true(format == LOG_FORMAT_JSON ? span_ends(at, SPAN("Z\"}")) : span_ends(at, SPAN("Z")));
        assert_non_null(strstr(line, format == LOG_FORMAT_JSON ? ",\"level\":\"error\"" : " level=error time="));
    }
}

static void a_batch_holds_lines_back_until_it_is_flushed(void **state)
{
    struct log_batch batch = {.stream = LOG_STREAM_ACCESS};
    const struct log_field field = LOG_STR("v", "x");
    (void)state;
    log_set(fd, LOG_INFO, LOG_FORMAT_TEXT);
    log_batch_line(&batch, INT64_C(1000000000123456), "access", &field, 1);
    log_batch_line(&batch, INT64_C(1000000000987654), "access", &field, 1);
    assert_string_equal(take_until("no end"), "");
    log_batch_flush(&batch);
    assert_string_equal(take_until("no end"), "event=access v=x level=info time=2001-09-09T01:46:40.123Z\n"
                                              "event=access v=x level=info time=2001-09-09T01:46:40.987Z\n");
    for (size_t i = 0; i < 1000; i++)
        log_batch_line(&batch, 0, "access", &field, 1);
    assert_true(strlen(take_until("no end")) > 0);
    log_batch_fini(&batch);
    assert_true(batch.stream == LOG_STREAM_ACCESS && batch.at == NULL);
}

static void what_is_below_the_level_is_not_written(void **state)
{
    struct log_batch access = {.stream = LOG_STREAM_ACCESS};
    struct log_batch audit = {.stream = LOG_STREAM_AUDIT};
    enum log_level level;
    (void)state;
    log_set(fd, LOG_INFO, LOG_FORMAT_TEXT);
    assert_true(log_level_of(SPAN("error"), &level));
    log_set_level(level);
    assert_true(log_level() == LOG_ERROR && !log_has(LOG_WARNING) && log_has(LOG_NOTICE));
    assert_true(!log_stream_has(LOG_STREAM_ACCESS) && log_stream_has(LOG_STREAM_AUDIT));
    LOG_EVENT(LOG_WARNING, "no", LOG_NUM("n", 1));
    log_batch_line(&access, 0, "no", NULL, 0);
    log_batch_line(&audit, 0, "audit", NULL, 0);
    log_batch_fini(&access);
    log_batch_fini(&audit);
    assert_string_equal(take_until(" time"), "event=audit level=notice");
    LOG_EVENT(LOG_ERROR, "yes", LOG_NUM("n", 1));
    assert_string_equal(take_until(" time"), "event=yes n=1 level=error");
}

static void levels_have_names(void **state)
{
    enum log_level level = LOG_INFO;
    (void)state;
    for (int i = LOG_DEBUG; i <= LOG_ERROR; i++) {
        assert_true(log_level_of(span_str(log_level_name((enum log_level)i)), &level));
        assert_int_equal(level, i);
    }
    assert_false(log_level_of(SPAN("notice"), &level)); /* written whatever the level: none to choose */
    assert_false(log_level_of(SPAN("Info"), &level));
    assert_false(log_level_of(SPAN(""), &level));
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, log_make, log_remove)

int main(void)
{
    static const struct CMUnitTest tests[] = {
        CASE(a_value_is_spelled_so_that_nothing_of_it_acts),
        CASE(a_value_is_cut_at_200_bytes_and_not_within_a_character),
        CASE(numbers_are_numbers),
        CASE(a_line_with_too_much_ends_as_every_line),
        CASE(a_batch_holds_lines_back_until_it_is_flushed),
        CASE(what_is_below_the_level_is_not_written),
        cmocka_unit_test(levels_have_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
