/* SPDX-License-Identifier: Apache-2.0 */
/* A view of bytes owned by somebody else: start and length, no final NUL.  Compared as whole byte strings. */
#ifndef BASE_SPAN_H
#define BASE_SPAN_H

#include "base/base.h"

#include <string.h>

struct span {
    const char *at; /* may be NULL when len is 0 */
    size_t len;     /* bytes */
};

/* "text" as a span; for initialisers of constants use SPAN_INIT. */
#define SPAN(literal) ((struct span){"" literal, sizeof(literal) - 1})
#define SPAN_INIT(literal)              \
    {                                   \
        "" literal, sizeof(literal) - 1 \
    }
/* For printf's "%.*s". */
#define SPAN_ARG(s) (int)(s).len, (s).at

static inline struct span span_of(const void *at, size_t len)
{
    return (struct span){at, len};
}

/* The bytes of a C string; empty for NULL. */
static inline struct span span_str(const char *text)
{
    return (struct span){text, text == NULL ? 0 : strlen(text)};
}

static inline bool span_eq(struct span a, struct span b)
{
    return a.len == b.len && (a.len == 0 || memcmp(a.at, b.at, a.len) == 0);
}

/* Equal but for the case of ASCII letters. */
bool span_eq_nocase(struct span a, struct span b);

static inline bool span_starts(struct span s, struct span prefix)
{
    return s.len >= prefix.len && (prefix.len == 0 || memcmp(s.at, prefix.at, prefix.len) == 0);
}

static inline bool span_ends(struct span s, struct span suffix)
{
    return s.len >= suffix.len && (suffix.len == 0 || memcmp(s.at + s.len - suffix.len, suffix.at, suffix.len) == 0);
}

/* All but the first `count` bytes; empty when there are fewer. */
static inline struct span span_from(struct span s, size_t count)
{
    return count >= s.len ? (struct span){s.at == NULL ? NULL : s.at + s.len, 0}
                          : (struct span){s.at + count, s.len - count};
}

/* The first `count` bytes, or all. */
static inline struct span span_cut(struct span s, size_t count)
{
    return (struct span){s.at, count < s.len ? count : s.len};
}

/* The first byte `c` in `s`, or NULL. */
static inline const char *span_chr(struct span s, char c)
{
    return s.len == 0 ? NULL : memchr(s.at, c, s.len);
}

/* Whether `needle` stands in `s`. */
bool span_holds(struct span s, struct span needle);

/* Without blanks and tabs at both ends (OWS of RFC 9110 5.6.3). */
struct span span_trim(struct span s);

/* Takes the bytes before the first `separator` off `rest`, the separator too; all that is left when there is none.
 * False when `rest` was empty from the start (its `at` is NULL): "a,," gives "a", "", "".
 */
bool span_split(struct span *rest, char separator, struct span *piece);

/* A number of digits only; false on none, on other bytes, and above `max`. */
bool span_u64(struct span s, uint64_t max, uint64_t *value) MUST_CHECK;

/* Whether all bytes are printable ASCII, blanks included. */
bool span_is_printable(struct span s);

/* Whether `s` is a GUID: 8-4-4-4-12 hexadecimal digits of either case. */
bool span_is_guid(struct span s);

/* How many bytes at the front are printable ASCII other than quotes and backslashes: what stands between quotes as it is. */
size_t span_plain(struct span s);

/* Bytes of the UTF-8 sequence that `s`, not empty, begins with; 0 when it is none: overlong forms, surrogates and more than
 * U+10FFFF are not (RFC 3629 4).
 */
size_t span_utf8(struct span s);

/* Writes the character, at most U+10FFFF, as UTF-8: at most 4 bytes; returns the place behind it. */
char *span_utf8_put(char *to, uint32_t c);

/* A copy with a final NUL, to be freed by free(); NULL when out of memory. */
char *span_dup(struct span s) MUST_CHECK;

#endif
