/* SPDX-License-Identifier: Apache-2.0 */
/* Plain bytes are passed over eight at a time: most of a token's JSON is inside of strings. */
#include "text_int.h"

#include <string.h>

/* A word whose top bit of each byte is set when that byte may end a run of plain bytes: `"`, `\`, below 0x20, above 0x7f.
 * A borrow may set it too for bytes above one that is meant, never leave it out: the byte loop looks again.
 */
static inline uint64_t special_bytes(uint64_t word)
{
    const uint64_t ones = UINT64_C(0x0101010101010101);
    uint64_t quote = word ^ ones * '"', escape = word ^ ones * '\\';
    return (word | (word - ones * 0x20) | (quote - ones) | (escape - ones)) & ones * 0x80;
}

const unsigned char *text_skip_plain(const unsigned char *at, const unsigned char *end)
{
    for (; end - at >= 8; at += 8) {
        uint64_t word;
        memcpy(&word, at, sizeof word);
        if (special_bytes(word) != 0)
            break;
    }
    while (at < end && class_of(*at) == PLAIN)
        at++;
    return at;
}

bool text_hex4(const unsigned char *at, const unsigned char *end, uint32_t *value)
{
    if (end - at < 4)
        return false;
    uint32_t v = 0;
    for (int i = 0; i < 4; i++) {
        unsigned char c = at[i], low = c | 0x20;
        if (c >= '0' && c <= '9')
            v = v << 4 | (uint32_t)(c - '0');
        else if (low >= 'a' && low <= 'f')
            v = v << 4 | (uint32_t)(low - 'a' + 10);
        else
            return false;
    }
    *value = v;
    return true;
}
