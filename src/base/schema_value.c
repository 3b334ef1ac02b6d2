/* SPDX-License-Identifier: Apache-2.0 */
/* Single values of configuration: numbers, durations, sizes, words; and what is said about those that do not fit.
 *
 * A text that came out of ${...} is read as if it stood there plain: `${...}` needs its quotes within braces, so they say
 * nothing of its kind.
 */
#include "schema_int.h"

#include "base/ascii.h"

#include <inttypes.h>
#include <stdio.h>

struct unit {
    struct span name;
    uint64_t factor;
};

static const struct unit durations[] = {
    {SPAN_INIT("ms"), 1}, {SPAN_INIT("s"), 1000}, {SPAN_INIT("m"), 60000}, {SPAN_INIT("h"), 3600000}};
static const struct unit sizes[] = {
    {SPAN_INIT("B"), 1}, {SPAN_INIT("KiB"), 1024}, {SPAN_INIT("MiB"), 1 << 20}, {SPAN_INIT("GiB"), 1 << 30}};

/* A kind of value with units. */
struct measure {
    const struct unit *units;
    size_t count;
    uint64_t max;
    const char *names; /* of the units, for messages */
    const char *example;
};

static const struct measure duration_measure = {durations, COUNT_OF(durations), INT64_MAX, "ms, s, m, h",
                                                "500ms, 30s or 5m"};
static const struct measure size_measure = {sizes, COUNT_OF(sizes), UINT64_MAX, "B, KiB, MiB, GiB",
                                            "512B, 64KiB or 1MiB"};

struct span node_label(const struct node *node)
{
    while (node->key.len == 0 && node->parent != NULL)
        node = node->parent;
    return node->key;
}

const char *node_found(char *out, size_t size, const struct node *node)
{
    if (node_is_scalar(node) && !node->is_secret)
        snprintf(out, size, "%s \"%s\"", node_kind_name(node->kind), QUOTED(node->text));
    else
        snprintf(out, size, "%s", node_kind_name(node->kind));
    return out;
}

/* "NAME: WHAT is expected, found ...". */
static bool misfit(struct problems *problems, const struct node *node, const char *expected)
{
    return problem_error(problems, node, "\"%s\": %s is expected, found %s", QUOTED(node_label(node)), expected,
                         FOUND(node));
}

static size_t digits_count(struct span s)
{
    size_t count = 0;
    while (count < s.len && ascii_is_digit(s.at[count]))
        count++;
    return count;
}

static bool measure_read(const struct measure *measure, struct span text, uint64_t *value, struct err *err)
{
    size_t digits = digits_count(text);
    struct span name = span_from(text, digits);
    uint64_t number;
    if (digits == 0 || span_starts(name, SPAN(".")))
        return fail(err, REASON_CONFIG, "a whole number with a unit is expected, as in %s", measure->example);
    if (name.len == 0)
        return fail(err, REASON_CONFIG, "a unit is missing: write it as in %s", measure->example);
    for (size_t i = 0; i < measure->count; i++) {
        if (!span_eq(name, measure->units[i].name))
            continue;
        if (!span_u64(span_cut(text, digits), measure->max / measure->units[i].factor, &number))
            return fail(err, REASON_CONFIG, "the number is too large");
        *value = number * measure->units[i].factor;
        return true;
    }
    return fail(err, REASON_CONFIG, "unknown unit; units are %s, as in %s", measure->names, measure->example);
}

bool schema_duration(struct span text, int64_t *ms, struct err *err)
{
    uint64_t value = 0;
    if (!measure_read(&duration_measure, text, &value, err))
        return false;
    *ms = (int64_t)value;
    return true;
}

bool schema_size(struct span text, uint64_t *bytes, struct err *err)
{
    return measure_read(&size_measure, text, bytes, err);
}

/* `value` in the largest unit that leaves it whole. */
static void measure_print(char *out, size_t size, const struct measure *measure, uint64_t value)
{
    size_t i = measure->count - 1;
    while (i > 0 && (value < measure->units[i].factor || value % measure->units[i].factor != 0))
        i--;
    snprintf(out, size, "%" PRIu64 "%s", value / measure->units[i].factor, measure->units[i].name.at);
}

static bool measure_value(const struct measure *measure, const struct schema_row *row, const struct node *node,
                          uint64_t *out, struct problems *problems)
{
    struct err err = {0};
    uint64_t value = 0;
    if (!node_is_scalar(node))
        return misfit(problems, node, measure == &size_measure ? "a size" : "a duration");
    if (row->none_is_zero && span_eq(node->text, SPAN("none"))) {
        *out = 0;
        return true;
    }
    if (!measure_read(measure, node->text, &value, &err))
        return problem_error(problems, node, "\"%s\": %s%s; found %s", QUOTED(node_label(node)), err.text,
                             row->none_is_zero ? ", or none" : "", FOUND(node));
    bool has_range = row->min != 0 || row->max != 0;
    if (has_range && (value < (uint64_t)row->min || value > (uint64_t)row->max)) {
        char low[32];
        char high[32];
        measure_print(low, sizeof low, measure, (uint64_t)row->min);
        measure_print(high, sizeof high, measure, (uint64_t)row->max);
        return problem_error(problems, node, "\"%s\": %s to %s is expected, found %s", QUOTED(node_label(node)), low,
                             high, FOUND(node));
    }
    *out = value;
    return true;
}

bool schema_value_duration(const struct schema_row *row, const struct node *node, int64_t *out,
                           struct problems *problems)
{
    uint64_t value = 0;
    if (!measure_value(&duration_measure, row, node, &value, problems))
        return false;
    *out = (int64_t)value;
    return true;
}

bool schema_value_size(const struct schema_row *row, const struct node *node, uint64_t *out, struct problems *problems)
{
    return measure_value(&size_measure, row, node, out, problems);
}

bool schema_value_text(const struct schema_row *row, const struct node *node, struct span *out,
                       struct problems *problems)
{
    (void)row;
    if (!node_is_scalar(node))
        return misfit(problems, node, "a text");
    *out = node->text;
    return true;
}

bool schema_value_bool(const struct schema_row *row, const struct node *node, bool *out, struct problems *problems)
{
    bool is_plain = node->kind == NODE_BOOL || (node->kind == NODE_TEXT && node->is_secret);
    bool is_true = span_eq_nocase(node->text, SPAN("true"));
    (void)row;
    if (!is_plain || (!is_true && !span_eq_nocase(node->text, SPAN("false"))))
        return misfit(problems, node, "true or false without quotes");
    *out = is_true;
    return true;
}

/* A whole number of the core schema (YAML 1.2.2, 10.3.2): `-12`, `0x1F`, `0o17`. */
static bool whole_number(struct span s, int64_t *out)
{
    unsigned base = span_starts(s, SPAN("0x")) ? 16 : span_starts(s, SPAN("0o")) ? 8 : 10;
    bool is_signed = base == 10 && s.len > 0 && (s.at[0] == '-' || s.at[0] == '+');
    bool is_negative = is_signed && s.at[0] == '-';
    int64_t value = 0;
    s = span_from(s, base != 10 ? 2 : is_signed ? 1 : 0);
    for (size_t i = 0; i < s.len; i++) {
        unsigned digit = ascii_is_hex(s.at[i]) ? ascii_hex(s.at[i]) : 99;
        int64_t step = is_negative ? -(int64_t)digit : (int64_t)digit;
        if (digit >= base || __builtin_mul_overflow(value, (int64_t)base, &value) ||
            __builtin_add_overflow(value, step, &value))
            return false;
    }
    *out = value;
    return s.len > 0;
}

bool schema_value_int(const struct schema_row *row, const struct node *node, int64_t *out, struct problems *problems)
{
    int64_t value = 0;
    bool is_plain = node->kind == NODE_NUMBER || (node->kind == NODE_TEXT && node->is_secret);
    if (row->none_is_zero && node_is_scalar(node) && span_eq(node->text, SPAN("none"))) {
        *out = 0;
        return true;
    }
    if (!is_plain || !whole_number(node->text, &value))
        return misfit(problems, node,
                      row->none_is_zero ? "a whole number without quotes, or none" : "a whole number without quotes");
    if ((row->min != 0 || row->max != 0) && (value < row->min || value > row->max))
        return problem_error(problems, node, "\"%s\": %" PRId64 " to %" PRId64 " is expected, found %s",
                             QUOTED(node_label(node)), row->min, row->max, FOUND(node));
    *out = value;
    return true;
}

/* "a, b, c", cut where the buffer ends. */
static void words_print(char *out, size_t size, const char *const *words)
{
    size_t used = 0;
    out[0] = '\0';
    for (size_t i = 0; words[i] != NULL && used < size; i++) {
        int count = snprintf(out + used, size - used, "%s%s", i == 0 ? "" : ", ", words[i]);
        used += count > 0 ? (size_t)count : 0;
    }
}

bool schema_value_enum(const struct schema_row *row, const struct node *node, int *out, struct problems *problems)
{
    int count = 0;
    for (; row->words[count] != NULL; count++) {
        if (!node_is_scalar(node) || !span_eq(node->text, span_str(row->words[count])))
            continue;
        *out = count;
        return true;
    }
    char words[200];
    words_print(words, sizeof words, row->words);
    const char *near =
        node_is_scalar(node) && !node->is_secret ? schema_nearest(node->text, row->words, (size_t)count) : NULL;
    return problem_error(problems, node, "\"%s\": one of %s is expected, found %s%s%s%s", QUOTED(node_label(node)),
                         words, FOUND(node), near == NULL ? "" : "; did you mean \"", near == NULL ? "" : near,
                         near == NULL ? "" : "\"?");
}
