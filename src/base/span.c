/* SPDX-License-Identifier: Apache-2.0 */
/* Views of bytes: comparison, search, splitting. */
#include "base/span.h"

static unsigned char lower(char c)
{
    return (unsigned char)(c >= 'A' && c <= 'Z' ? c + ('a' - 'A') : c);
}

bool span_eq_nocase(struct span a, struct span b)
{
    if (a.len != b.len)
        return false;
    for (size_t i = 0; i < a.len; i++)
        if (lower(a.at[i]) != lower(b.at[i]))
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
        if (s.at[i] < '0' || s.at[i] > '9')
            return false;
        uint64_t digit = (uint64_t)(s.at[i] - '0');
        if (sum > (max - digit) / 10 || digit > max)
            return false;
        sum = sum * 10 + digit;
    }
    *value = sum;
    return true;
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
