/* SPDX-License-Identifier: Apache-2.0 */
/* Views of bytes: comparison, search, splitting. */
#include "base/span.h"

#include "base/ascii.h"

bool span_eq_nocase(struct span a, struct span b)
{
    if (a.len != b.len)
        return false;
    for (size_t i = 0; i < a.len; i++)
        if (ascii_lower(a.at[i]) != ascii_lower(b.at[i]))
            return false;
    return true;
}

bool span_holds(struct span s, struct span needle)
{
    return needle.len == 0 || (s.len >= needle.len && memmem(s.at, s.len, needle.at, needle.len) != NULL);
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t';
}

struct span span_trim(struct span s)
{
    while (s.len > 0 && is_blank(s.at[0]))
        s = span_from(s, 1);
    while (s.len > 0 && is_blank(s.at[s.len - 1]))
        s.len--;
    return s;
}

bool span_split(struct span *rest, char separator, struct span *piece)
{
    if (rest->at == NULL)
        return false;
    const char *found = span_chr(*rest, separator);
    if (found == NULL) {
        *piece = *rest;
        *rest = (struct span){NULL, 0};
        return true;
    }
    *piece = span_of(rest->at, (size_t)(found - rest->at));
    *rest = span_of(found + 1, rest->len - piece->len - 1);
    return true;
}

bool span_u64(struct span s, uint64_t max, uint64_t *value)
{
    uint64_t sum = 0;
    if (s.len == 0)
        return false;
    for (size_t i = 0; i < s.len; i++) {
        if (!ascii_is_digit(s.at[i]))
            return false;
        uint64_t digit = (uint64_t)(s.at[i] - '0');
        if (sum > (max - digit) / 10 || digit > max)
            return false;
        sum = sum * 10 + digit;
    }
    *value = sum;
    return true;
}

bool span_is_printable(struct span s)
{
    for (size_t i = 0; i < s.len; i++)
        if (s.at[i] < ' ' || s.at[i] > '~')
            return false;
    return true;
}

bool span_is_guid(struct span s)
{
    for (size_t i = 0; i < s.len; i++) {
        bool is_dash = i == 8 || i == 13 || i == 18 || i == 23;
        if (is_dash ? s.at[i] != '-' : !ascii_is_hex(s.at[i]))
            return false;
    }
    return s.len == 36;
}

size_t span_plain(struct span s)
{
    size_t len = 0;
    while (len < s.len && s.at[len] >= ' ' && s.at[len] <= '~' && s.at[len] != '"' && s.at[len] != '\\')
        len++;
    return len;
}

size_t span_utf8(struct span s)
{
    const unsigned char *at = (const unsigned char *)s.at;
    size_t len = at[0] < 0x80 ? 1 : at[0] < 0xc2 ? 0 : at[0] < 0xe0 ? 2 : at[0] < 0xf0 ? 3 : at[0] < 0xf5 ? 4 : 0;
    if (len > s.len)
        return 0;
    if (len < 2)
        return len;
    unsigned char low = at[0] == 0xe0 ? 0xa0 : at[0] == 0xf0 ? 0x90 : 0x80;
    unsigned char high = at[0] == 0xed ? 0x9f : at[0] == 0xf4 ? 0x8f : 0xbf;
    if (at[1] < low || at[1] > high)
        return 0;
    for (size_t i = 2; i < len; i++)
        if ((at[i] & 0xc0) != 0x80)
            return 0;
    return len;
}

char *span_utf8_put(char *to, uint32_t c)
{
    if (c < 0x80) {
        *to++ = (char)c;
        return to;
    }
    if (c < 0x800) {
        *to++ = (char)(0xc0 | c >> 6);
    } else {
        if (c < 0x10000) {
            *to++ = (char)(0xe0 | c >> 12);
        } else {
            *to++ = (char)(0xf0 | c >> 18);
            *to++ = (char)(0x80 | (c >> 12 & 0x3f));
        }
        *to++ = (char)(0x80 | (c >> 6 & 0x3f));
    }
    *to++ = (char)(0x80 | (c & 0x3f));
    return to;
}

char *span_dup(struct span s)
{
    char *copy = malloc(s.len + 1);
    if (copy == NULL)
        return NULL;
    if (s.len > 0)
        memcpy(copy, s.at, s.len);
    copy[s.len] = '\0';
    return copy;
}
