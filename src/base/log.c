/* SPDX-License-Identifier: Apache-2.0 */
/* Writing of log lines: logfmt or JSON, values escaped and cut. */
#include "base/log.h"

#include "base/now.h"
#include "log_int.h"

#include <stdatomic.h>

/* A value of `VALUE_BYTES_MAX` bytes, escaped, and what stands around it; and the end of a line. */
enum { VALUE_BYTES_MAX = 200, VALUE_ROOM = VALUE_BYTES_MAX * 6 + 8, END_ROOM = 128 };

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
    log_write_standard_to(fd);
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

static void put_unicode(struct line *line, unsigned unit)
{
    static const char hex[] = "0123456789abcdef";
    put(line, (char[]){'\\', 'u', hex[unit >> 12 & 15], hex[unit >> 8 & 15], hex[unit >> 4 & 15], hex[unit & 15]}, 6);
}

/* The character of `len` bytes as JSON escapes it (RFC 8259 7); bytes that are none become U+FFFD.  Returns how many are done. */
static size_t put_character(struct line *line, struct span text)
{
    size_t len = span_utf8(text);
    const unsigned char *at = (const unsigned char *)text.at;
    if (len == 0) {
        put_unicode(line, 0xfffd);
        return 1;
    }
    unsigned c = len == 1 ? at[0] : at[0] & (0x7fu >> len);
    for (size_t i = 1; i < len; i++)
        c = c << 6 | (at[i] & 0x3f);
    if (c < 0x10000) {
        put_unicode(line, c);
    } else {
        put_unicode(line, 0xd800 + ((c - 0x10000) >> 10));
        put_unicode(line, 0xdc00 + ((c - 0x10000) & 0x3ff));
    }
    return len;
}

/* All that is not printable ASCII, in either format: a terminal obeys some of it. */
static size_t put_strange(struct line *line, struct span text, enum log_format format)
{
    static const char hex[] = "0123456789abcdef";
    unsigned char c = (unsigned char)text.at[0];
    if (format == LOG_FORMAT_JSON)
        return put_character(line, text);
    put(line, (char[]){'\\', 'x', hex[c >> 4], hex[c & 15]}, 4);
    return 1;
}

static void put_escaped(struct line *line, struct span text, enum log_format format)
{
    while (text.len > 0) {
        char c = text.at[0];
        size_t done = 1;
        if (c == '"' || c == '\\')
            put(line, (char[]){'\\', c}, 2);
        else if (c >= 0x20 && c < 0x7f)
            put(line, &c, 1);
        else
            done = put_strange(line, text, format);
        text = span_from(text, done);
    }
}

/* At most VALUE_BYTES_MAX bytes, and no part of a character. */
static struct span cut_value(struct span text)
{
    struct span shown = span_cut(text, VALUE_BYTES_MAX);
    while (shown.len < text.len && shown.len > VALUE_BYTES_MAX - 4 && (text.at[shown.len] & 0xc0) == 0x80)
        shown.len--;
    return shown;
}

static void put_text(struct line *line, struct span text, enum log_format format)
{
    struct span shown = cut_value(text);
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
    if (number < 0) { /* a clock that was set back */
        put(line, "-", 1);
        number = -number;
    }
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
    if (line->max - line->len < VALUE_ROOM) {
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
    line->max += END_ROOM;
    put_str(line, format == LOG_FORMAT_JSON ? ",\"level\":\"" : " level=");
    put_str(line, level);
    put_str(line, format == LOG_FORMAT_JSON ? "\",\"time\":\"" : " time=");
    put_str(line, stamp);
    put_str(line, format == LOG_FORMAT_JSON ? "\"}\n" : "\n");
}

size_t log_spell(char out[LOG_LINE_BYTES_MAX], enum log_level level, const char *event, const struct log_field *fields,
                 size_t count)
{
    char stamp[NOW_TEXT_BYTES];
    now_text(now_read().wall_us, stamp);
    struct line line = {out, 0, LOG_LINE_BYTES_MAX - END_ROOM};
    put_line(&line, event, log_level_name(level), stamp, fields, count);
    return line.len;
}

void log_line(enum log_level level, const char *event, const struct log_field *fields, size_t count)
{
    char bytes[LOG_LINE_BYTES_MAX];
    if (log_has(level))
        log_write(LOG_STREAM_EVENTS, level, span_of(bytes, log_spell(bytes, level, event, fields, count)));
}

static enum log_level stream_level(enum log_stream stream)
{
    return stream == LOG_STREAM_ACCESS ? LOG_INFO : LOG_NOTICE;
}

bool log_stream_has(enum log_stream stream)
{
    return log_has(stream_level(stream));
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
    enum log_level level = stream_level(batch->stream);
    if (!log_has(level))
        return;
    if (batch->at == NULL && (batch->at = malloc(LOG_BATCH_BYTES)) == NULL) {
        log_line(level, event, fields, count);
        return;
    }
    if (LOG_BATCH_BYTES - batch->len < LOG_LINE_BYTES_MAX)
        log_batch_flush(batch);
    batch_stamp(batch, wall_us);
    struct line line = {batch->at + batch->len, 0, LOG_LINE_BYTES_MAX - END_ROOM};
    put_line(&line, event, log_level_name(level), batch->stamp, fields, count);
    batch->len += line.len;
}

void log_batch_flush(struct log_batch *batch)
{
    if (batch->len > 0)
        log_write(batch->stream, stream_level(batch->stream), span_of(batch->at, batch->len));
    batch->len = 0;
}

void log_batch_fini(struct log_batch *batch)
{
    log_batch_flush(batch);
    free(batch->at);
    *batch = (struct log_batch){.stream = batch->stream};
}
