/* SPDX-License-Identifier: Apache-2.0 */
/* Writing of log lines: logfmt or JSON, values escaped and cut. */
#include "base/log.h"

#include "base/now.h"

#include <stdatomic.h>
#include <stdio.h>
#include <unistd.h>

enum { VALUE_BYTES_MAX = 200, LINE_BYTES_MAX = 4096 };

static _Atomic(int) sink_fd = STDERR_FILENO;
static _Atomic(int) sink_level = LOG_INFO;
static _Atomic(int) sink_format = LOG_FORMAT_TEXT;

/* A line being built in memory of fixed size; what does not fit is left out, the line still ends rightly. */
struct line {
    char *at;
    size_t len;
    size_t max; /* bytes that fields may fill; the end of the line has room behind them */
};

void log_set(int fd, enum log_level level, enum log_format format)
{
    atomic_store(&sink_fd, fd);
    atomic_store(&sink_level, (int)level);
    atomic_store(&sink_format, (int)format);
}

enum log_level log_level(void)
{
    return (enum log_level)atomic_load_explicit(&sink_level, memory_order_relaxed);
}

void log_set_level(enum log_level level)
{
    atomic_store(&sink_level, (int)level);
}

static const char *const level_names[] = {"debug", "info", "warning", "error", "notice"};

const char *log_level_name(enum log_level level)
{
    return level_names[level];
}

bool log_level_of(struct span name, enum log_level *level)
{
    for (int i = LOG_DEBUG; i <= LOG_ERROR; i++) {
        if (span_eq(name, span_str(level_names[i]))) {
            *level = (enum log_level)i;
            return true;
        }
    }
    return false;
}

bool log_has(enum log_level level)
{
    return level >= log_level();
}

static void put(struct line *line, const char *bytes, size_t len)
{
    if (line->max - line->len < len)
        return;
    memcpy(line->at + line->len, bytes, len);
    line->len += len;
}

static void put_str(struct line *line, const char *text)
{
    put(line, text, strlen(text));
}

/* Bytes that logfmt may show without quotes. */
static bool is_bare(struct span text)
{
    for (size_t i = 0; i < text.len; i++) {
        char c = text.at[i];
        if (c <= ' ' || c >= 0x7f || c == '"' || c == '=' || c == '\\')
            return false;
    }
    return true;
}

static void put_escaped(struct line *line, struct span text, enum log_format format)
{
    static const char hex[] = "0123456789abcdef";
    for (size_t i = 0; i < text.len; i++) {
        unsigned char c = (unsigned char)text.at[i];
        if (c == '"' || c == '\\') {
            put(line, (char[]){'\\', (char)c}, 2);
        } else if (c >= 0x20 && c < 0x7f) {
            put(line, text.at + i, 1);
        } else if (format == LOG_FORMAT_JSON) {
            put(line, (char[]){'\\', 'u', '0', '0', hex[c >> 4], hex[c & 15]}, 6);
        } else {
            put(line, (char[]){'\\', 'x', hex[c >> 4], hex[c & 15]}, 4);
        }
    }
}

static void put_text(struct line *line, struct span text, enum log_format format)
{
    struct span shown = span_cut(text, VALUE_BYTES_MAX);
    bool is_cut = shown.len < text.len;
    if (format == LOG_FORMAT_TEXT && !is_cut && is_bare(shown)) {
        put(line, shown.at, shown.len);
        return;
    }
    put(line, "\"", 1);
    put_escaped(line, shown, format);
    if (is_cut)
        put(line, "...", 3);
    put(line, "\"", 1);
}

static void put_number(struct line *line, int64_t number)
{
    char digits[24];
    size_t at = sizeof digits;
    uint64_t left = number < 0 ? 0 - (uint64_t)number : (uint64_t)number;
    do {
        digits[--at] = (char)('0' + left % 10);
        left /= 10;
    } while (left > 0);
    if (number < 0)
        digits[--at] = '-';
    put(line, digits + at, sizeof digits - at);
}

static void put_microseconds(struct line *line, int64_t number)
{
    int64_t rest = number % 1000;
    put_number(line, number / 1000);
    put(line, (char[]){'.', (char)('0' + rest / 100), (char)('0' + rest / 10 % 10), (char)('0' + rest % 10)}, 4);
}

static void put_field(struct line *line, const struct log_field *field, enum log_format format)
{
    if (field->kind == LOG_VALUE_TEXT && field->text.len == 0)
        return;
    size_t before = line->len;
    if (format == LOG_FORMAT_JSON) {
        put(line, ",\"", 2);
        put_str(line, field->key);
        put(line, "\":", 2);
    } else {
        put(line, " ", 1);
        put_str(line, field->key);
        put(line, "=", 1);
    }
    if (line->max - line->len < VALUE_BYTES_MAX * 6 + 8) {
        line->len = before;
        return;
    }
    switch (field->kind) {
    case LOG_VALUE_TEXT: put_text(line, field->text, format); break;
    case LOG_VALUE_NUMBER: put_number(line, field->number); break;
    case LOG_VALUE_MICROSECONDS: put_microseconds(line, field->number); break;
    }
}

/* `time` stands last in text, so that `event=` begins the line and scripts can wait for it. */
static void put_line(struct line *line, const char *event, const char *level, const char *stamp,
                     const struct log_field *fields, size_t count)
{
    enum log_format format = (enum log_format)atomic_load_explicit(&sink_format, memory_order_relaxed);
    put_str(line, format == LOG_FORMAT_JSON ? "{\"event\":\"" : "event=");
    put_str(line, event);
    if (format == LOG_FORMAT_JSON)
        put(line, "\"", 1);
    for (size_t i = 0; i < count; i++)
        put_field(line, &fields[i], format);
    line->max += 128; /* kept free for the end */
    put_str(line, format == LOG_FORMAT_JSON ? ",\"level\":\"" : " level=");
    put_str(line, level);
    put_str(line, format == LOG_FORMAT_JSON ? "\",\"time\":\"" : " time=");
    put_str(line, stamp);
    put_str(line, format == LOG_FORMAT_JSON ? "\"}\n" : "\n");
}

static void write_all(const char *at, size_t len)
{
    int fd = atomic_load_explicit(&sink_fd, memory_order_relaxed);
    while (len > 0) {
        ssize_t wrote = write(fd, at, len);
        if (wrote <= 0)
            return;
        at += wrote;
        len -= (size_t)wrote;
    }
}

void log_line(enum log_level level, const char *event, const struct log_field *fields, size_t count)
{
    char bytes[LINE_BYTES_MAX];
    char stamp[NOW_TEXT_BYTES];
    if (!log_has(level))
        return;
    now_text(now_read().wall_us, stamp);
    struct line line = {bytes, 0, sizeof bytes - 128};
    put_line(&line, event, log_level_name(level), stamp, fields, count);
    write_all(line.at, line.len);
}

/* The spelling of a second is kept: a busy worker writes thousands of lines in one. */
static void batch_stamp(struct log_batch *batch, int64_t wall_us)
{
    if (batch->stamp_s != wall_us / 1000000) {
        now_text(wall_us, batch->stamp);
        batch->stamp_s = wall_us / 1000000;
    }
    int64_t ms = wall_us / 1000 % 1000;
    batch->stamp[20] = (char)('0' + ms / 100);
    batch->stamp[21] = (char)('0' + ms / 10 % 10);
    batch->stamp[22] = (char)('0' + ms % 10);
}

void log_batch_line(struct log_batch *batch, int64_t wall_us, const char *event, const struct log_field *fields,
                    size_t count)
{
    if (!log_has(LOG_INFO))
        return;
    if (batch->at == NULL && (batch->at = malloc(LOG_BATCH_BYTES)) == NULL) {
        log_line(LOG_INFO, event, fields, count);
        return;
    }
    if (LOG_BATCH_BYTES - batch->len < LINE_BYTES_MAX)
        log_batch_flush(batch);
    batch_stamp(batch, wall_us);
    struct line line = {batch->at + batch->len, 0, LINE_BYTES_MAX - 128};
    put_line(&line, event, log_level_name(LOG_INFO), batch->stamp, fields, count);
    batch->len += line.len;
}

void log_batch_flush(struct log_batch *batch)
{
    if (batch->len > 0)
        write_all(batch->at, batch->len);
    batch->len = 0;
}

void log_batch_fini(struct log_batch *batch)
{
    log_batch_flush(batch);
    free(batch->at);
    *batch = (struct log_batch){0};
}
