/* SPDX-License-Identifier: Apache-2.0 */
/* Growing bytes with a maximum: appended at the end, taken from the front.
 *
 * A zeroed struct is an empty buf without a maximum.  An append that would pass the maximum, or finds no memory, changes
 * nothing but sets `is_broken`; so a run of appends is checked once, at its end.
 */
#ifndef BASE_BUF_H
#define BASE_BUF_H

#include "base/base.h"
#include "base/span.h"

struct buf {
    char *at;         /* allocation; NULL while nothing was ever put in */
    size_t begin;     /* first byte not taken yet */
    size_t end;       /* one past the last byte */
    size_t size;      /* bytes allocated */
    size_t bytes_max; /* 0: no maximum */
    bool is_broken;   /* an append failed */
};

static inline struct span buf_span(const struct buf *b)
{
    return span_of(b->at == NULL ? NULL : b->at + b->begin, b->end - b->begin);
}

static inline size_t buf_len(const struct buf *b)
{
    return b->end - b->begin;
}

/* Makes room for `bytes` more at the end; false as told above. */
bool buf_reserve(struct buf *b, size_t bytes);

/* Appends; false as told above. */
bool buf_add(struct buf *b, const void *bytes, size_t len);
/* Appends the bytes of a span. */
bool buf_add_span(struct buf *b, struct span s);
/* Appends a C string. */
bool buf_add_str(struct buf *b, const char *text);
/* Appends one byte. */
bool buf_add_char(struct buf *b, char c);
/* Appends a number in decimal digits. */
bool buf_add_u64(struct buf *b, uint64_t value);
/* Appends a formatted text. */
bool buf_printf(struct buf *b, const char *format, ...) PRINTF_LIKE(2, 3);

/* Appends `s` as the inside of a JSON string: quotes, backslashes and control bytes escaped, bytes that are not UTF-8
 * as U+FFFD, so that the result is always valid JSON.
 */
bool buf_add_json(struct buf *b, struct span s);

/* The same with the quotes: a whole JSON string. */
bool buf_add_json_text(struct buf *b, struct span s);

/* Appends text for a place in HTML, between tags or in a quoted attribute. */
bool buf_add_html(struct buf *b, struct span s);

/* Drops `len` bytes at the front; all when there are fewer. */
void buf_take(struct buf *b, size_t len);

/* Empties, but keeps the memory. */
void buf_clear(struct buf *b);

/* Gives the memory back; the buf is empty and usable again, its maximum kept. */
void buf_fini(struct buf *b);
AUTO_FINI(buf)

#endif
