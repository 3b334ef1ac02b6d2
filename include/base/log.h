/* SPDX-License-Identifier: Apache-2.0 */
/* One line per event: `event=NAME key=value ...` as text, or one JSON object.
 *
 * The sink is the only mutable global of the program: where lines go (base/log_sink.h) and how they look, set at start and at
 * reload.  Event names and keys are fixed words.  Values are foreign: they are quoted, escaped and cut at 200 bytes here.
 * Tokens, secrets and cookies are never handed in.  Lines of threads do not mix.
 */
#ifndef BASE_LOG_H
#define BASE_LOG_H

#include "base/base.h"
#include "base/span.h"

/* LOG_NOTICE is for the lines that other programs wait for (listening, ready): written at every level. */
enum log_level { LOG_DEBUG, LOG_INFO, LOG_WARNING, LOG_ERROR, LOG_NOTICE };
/* What may go to a place of its own. */
enum log_stream {
    LOG_STREAM_EVENTS, /* log_line() */
    LOG_STREAM_ACCESS, /* one line for each request, of level info */
    LOG_STREAM_AUDIT,  /* one line for each refusal of a token, of level notice */
    LOG_STREAM_COUNT
};
enum log_format { LOG_FORMAT_TEXT, LOG_FORMAT_JSON };

enum log_value_kind { LOG_VALUE_TEXT, LOG_VALUE_NUMBER, LOG_VALUE_MICROSECONDS };
struct log_field {
    const char *key;
    enum log_value_kind kind;
    struct span text;
    int64_t number;
};
/* A field in a list of fields.  An empty text or NULL is left out. */
#define LOG_TEXT(key_, span_) ((struct log_field){(key_), LOG_VALUE_TEXT, (span_), 0})
#define LOG_STR(key_, string_) ((struct log_field){(key_), LOG_VALUE_TEXT, span_str(string_), 0})
#define LOG_NUM(key_, number_) ((struct log_field){(key_), LOG_VALUE_NUMBER, {NULL, 0}, (int64_t)(number_)})
/* Microseconds, written as milliseconds with three decimals. */
#define LOG_US(key_, number_) ((struct log_field){(key_), LOG_VALUE_MICROSECONDS, {NULL, 0}, (int64_t)(number_)})

/* Sets what stands for standard error (a file descriptor, not owned), least level and format.  Before any call: 2, info, text. */
void log_set(int fd, enum log_level level, enum log_format format);

/* The least level that is written, and its change while lines are being written: from any thread.  A reload sets it as the
 * configuration says.
 */
enum log_level log_level(void);
void log_set_level(enum log_level level);

/* The level of that name (`debug`, `info`, `warning`, `error`); false: there is none.  And the name of a level. */
bool log_level_of(struct span name, enum log_level *level) MUST_CHECK;
const char *log_level_name(enum log_level level);

/* Whether lines of `level` are written. */
bool log_has(enum log_level level);

/* Writes a line.  Safe from any thread. */
void log_line(enum log_level level, const char *event, const struct log_field *fields, size_t count);

#define LOG_EVENT(level, event, ...)                                \
    do {                                                            \
        if (log_has(level)) {                                       \
            const struct log_field fields_[] = {__VA_ARGS__};       \
            log_line((level), (event), fields_, COUNT_OF(fields_)); \
        }                                                           \
    } while (0)

/* Lines of one thread gathered before they are written: for streams with many of them.  Ready once `stream` is set and all else
 * zeroed.
 */
enum { LOG_BATCH_BYTES = 32768 };
struct log_batch {
    enum log_stream stream;
    char *at; /* allocated at first use */
    size_t len;
    int64_t stamp_s; /* the second that `stamp` spells */
    char stamp[32];
};

/* Whether lines of the stream are written: its level is. */
bool log_stream_has(enum log_stream stream);

/* Adds a line of the stream's level; what does not fit flushes first.  `wall_us` is its time. */
void log_batch_line(struct log_batch *batch, int64_t wall_us, const char *event, const struct log_field *fields,
                    size_t count);
/* Writes what was gathered. */
void log_batch_flush(struct log_batch *batch);
/* Flushes and frees. */
void log_batch_fini(struct log_batch *batch);

#endif
