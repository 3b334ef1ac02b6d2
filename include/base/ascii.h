/* SPDX-License-Identifier: Apache-2.0 */
/* Kinds of ASCII characters, whatever the locale says. */
#ifndef BASE_ASCII_H
#define BASE_ASCII_H

#include "base/base.h"

static inline bool ascii_is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static inline bool ascii_is_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static inline bool ascii_is_hex(char c)
{
    return ascii_is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

/* Of a character that ascii_is_hex() takes. */
static inline unsigned ascii_hex(char c)
{
    return (unsigned)(c <= '9' ? c - '0' : (c | 0x20) - 'a' + 10);
}

/* Of a name as programs have them: a letter or `_`, behind the first also a digit. */
static inline bool ascii_is_name(char c, bool is_first)
{
    return ascii_is_letter(c) || c == '_' || (!is_first && ascii_is_digit(c));
}

/* Letters small, all else as it is. */
static inline char ascii_lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c | 0x20) : c;
}

#endif
