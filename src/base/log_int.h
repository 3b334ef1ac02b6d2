/* SPDX-License-Identifier: Apache-2.0 */
/* Between the spelling of log lines and their writing. */
#ifndef BASE_LOG_INT_H
#define BASE_LOG_INT_H

#include "base/log.h"

enum { LOG_LINE_BYTES_MAX = 8192 };

/* Spells a line with the time of now; returns its length. */
size_t log_spell(char out[LOG_LINE_BYTES_MAX], enum log_level level, const char *event, const struct log_field *fields,
                 size_t count);

/* Writes whole lines of one level to where the stream goes. */
void log_write(enum log_stream stream, enum log_level level, struct span lines);

/* Standard error, or what was given in its place. */
void log_write_standard_to(int fd);

#endif
