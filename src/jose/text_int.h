/* SPDX-License-Identifier: Apache-2.0 */
/* The bytes of JSON strings: what they are, where a run of plain ones ends. */
#ifndef JOSE_TEXT_INT_H
#define JOSE_TEXT_INT_H

#include "base/base.h"

/* What a byte is inside a string. */
enum byte_class { PLAIN, ENDING, ESCAPE, CONTROL, MULTIBYTE };

static inline enum byte_class class_of(unsigned char c)
{
    if (c >= 0x80)
        return MULTIBYTE;
    if (c < 0x20)
        return CONTROL;
    return c == '"' ? ENDING : c == '\\' ? ESCAPE : PLAIN;
}

/* The first byte at or behind `at` that is not plain, or `end`. */
const unsigned char *text_skip_plain(const unsigned char *at, const unsigned char *end);

/* Reads four hexadecimal digits. */
bool text_hex4(const unsigned char *at, const unsigned char *end, uint32_t *value) MUST_CHECK;

#endif
