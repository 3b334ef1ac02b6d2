/* SPDX-License-Identifier: Apache-2.0 */
/* Nearest words: edit distance where two neighbours that changed places count once, as typing slips do; else a word that goes
 * on.
 */
#include "schema_int.h"

#include "base/ascii.h"

enum { WORD_BYTES_MAX = 64 };

static char char_fold(char c)
{
    return c == '_' ? '-' : ascii_lower(c);
}

static size_t least(size_t a, size_t b)
{
    return a < b ? a : b;
}

/* Rows of the table of distances between the beginnings of two words: the one before the last, the last, the new one. */
struct rows {
    size_t oldest[WORD_BYTES_MAX + 1], old[WORD_BYTES_MAX + 1], now[WORD_BYTES_MAX + 1];
};

static void row_fill(struct rows *rows, struct span a, size_t i, struct span b)
{
    rows->now[0] = i + 1;
    for (size_t j = 0; j < b.len; j++) {
        char x = char_fold(a.at[i]);
        char y = char_fold(b.at[j]);
        size_t best = least(least(rows->old[j + 1], rows->now[j]) + 1, rows->old[j] + (x != y));
        if (i > 0 && j > 0 && x == char_fold(b.at[j - 1]) && y == char_fold(a.at[i - 1]))
            best = least(best, rows->oldest[j - 1] + 1);
        rows->now[j + 1] = best;
    }
    memcpy(rows->oldest, rows->old, sizeof rows->old);
    memcpy(rows->old, rows->now, sizeof rows->now);
}

/* `report` for `report-only`: farther than any slip, nearer than nothing. */
static bool is_beginning(struct span word, struct span known)
{
    if (word.len < 3 || word.len >= known.len)
        return false;
    for (size_t i = 0; i < word.len; i++)
        if (char_fold(word.at[i]) != char_fold(known.at[i]))
            return false;
    return true;
}

size_t schema_distance(struct span word, struct span known)
{
    if (word.len > WORD_BYTES_MAX || known.len > WORD_BYTES_MAX)
        return SIZE_MAX;
    struct rows rows = {{0}, {0}, {0}};
    for (size_t j = 0; j <= known.len; j++)
        rows.old[j] = j;
    for (size_t i = 0; i < word.len; i++)
        row_fill(&rows, word, i, known);
    size_t longer = word.len > known.len ? word.len : known.len;
    size_t near = least((longer + 1) / 3, 3);
    if (rows.old[known.len] <= near && rows.old[known.len] < longer)
        return rows.old[known.len];
    return is_beginning(word, known) ? longer : SIZE_MAX;
}

const char *schema_nearest(struct span word, const char *const *words, size_t count)
{
    const char *nearest = NULL;
    size_t best = SIZE_MAX;
    for (size_t i = 0; i < count; i++) {
        size_t distance = schema_distance(word, span_str(words[i]));
        if (distance < best) {
            best = distance;
            nearest = words[i];
        }
    }
    return nearest;
}
