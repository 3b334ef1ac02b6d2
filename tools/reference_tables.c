/* SPDX-License-Identifier: Apache-2.0 */
/* The sections of the configuration in the order of reading, and the values of their keys in words. */
#include "reference.h"

#include "policy/plan.h"
#include "proxy/settings.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#define POLICY_FILES                                                                                \
    "\"anyOf\": [{\"type\": \"string\"}, {\"type\": \"array\", \"items\": {\"type\": \"string\"}, " \
    "\"minItems\": 1, \"maxItems\": 8}]"
#define WORKERS                                                                                         \
    "\"anyOf\": [{ \"const\": \"auto\" }, { \"type\": \"integer\", \"minimum\": 1, \"maximum\": 64 }, " \
    "{ \"$ref\": \"#/definitions/placeholder\" }]"
_Static_assert(SETTINGS_WORKERS_MAX == 64, "told in WORKERS and below");

/* A key with a reader of its own that stands neither here nor is hidden here stops the program: see special_need. */
static const struct special specials[] = {
    {"gateway", "workers", "`auto`, or whole number, 1 to 64", WORKERS, NULL},
    {"gateway", "named_values", "map of names to texts",
     "\"type\": [\"object\", \"null\"], \"additionalProperties\": { \"type\": [\"string\", \"number\", \"boolean\"] }",
     NULL},
    {"routes", "policy", "file name, list of file names joined by `<base/>`, or `none`", POLICY_FILES, NULL},
    {"routes", "validate_jwt", "map", "", rule_schema},
    {"routes", "cors", "map", "", plan_cors_schema},
    {"validate_jwt", "token_value", "expression", "\"type\": \"string\"", NULL},
    {"openid_config", "host", NULL, NULL, NULL},
    {"decryption_keys", "id", NULL, NULL, NULL},
    {"decryption_keys", "n", NULL, NULL, NULL},
    {"decryption_keys", "e", NULL, NULL, NULL},
    {"console", "parameters", "map of names to texts",
     "\"type\": [\"object\", \"null\"], \"additionalProperties\": { \"type\": [\"string\", \"number\", \"boolean\"] }",
     NULL},
    {"admin", NULL, "`off`", "\"const\": \"off\"", NULL},
    {"servers", NULL, "a URL", "\"type\": \"string\"", NULL},
    {"claims_to_headers", NULL, "the claim's name", "\"type\": \"string\"", NULL},
    {"websocket", NULL, "`true` or `false`", "\"type\": \"boolean\"", NULL},
    {"openid_config", NULL, "a URL", "\"type\": \"string\"", NULL},
};

static const struct demand demands[] = {
    {"gateway", "algorithms", "\"minItems\": 1"},
    {"routes", NULL, "\"oneOf\": [{ \"required\": [\"policy\"] }, { \"required\": [\"validate_jwt\"] }]"},
    {"routes", "host", "\"minItems\": 1"},
    {"routes", "methods", "\"minItems\": 1"},
    {"admin", "token", "\"anyOf\": [{ \"minLength\": 16 }, { \"$ref\": \"#/definitions/placeholder\" }]"},
};

static bool is_same(const char *a, const char *b)
{
    return a == NULL || b == NULL ? a == b : strcmp(a, b) == 0;
}

const struct special *special_find(const struct schema *schema, const char *key)
{
    for (size_t i = 0; i < COUNT_OF(specials); i++)
        if (is_same(key, specials[i].key) && is_same(schema->name, specials[i].section))
            return &specials[i];
    return NULL;
}

const char *demand_find(const struct schema *schema, const char *key)
{
    for (size_t i = 0; i < COUNT_OF(demands); i++)
        if (is_same(key, demands[i].key) && is_same(schema->name, demands[i].section))
            return demands[i].json;
    return NULL;
}

static const struct special *special_need(const struct schema *schema, const char *key)
{
    const struct special *special = special_find(schema, key);
    if (special == NULL) {
        fprintf(stderr, "%s.%s: a reader of its own; add it to the specials in tools/reference_tables.c\n",
                schema->name, key == NULL ? "" : key);
        exit(1);
    }
    return special;
}

bool row_is_shown(const struct schema *schema, const struct schema_row *row)
{
    if (row->kind == SCHEMA_LATER)
        return false;
    return row->kind != SCHEMA_NODE || special_need(schema, row->name)->value != NULL;
}

/* The table of the maps that a row's value is or holds. */
static const struct schema *table_of(const struct schema *schema, const struct schema_row *row)
{
    if (row->kind != SCHEMA_NODE)
        return row->table;
    const struct special *special = special_need(schema, row->name);
    return special->table == NULL ? NULL : special->table();
}

static void path_make(const struct section *above, const struct schema_row *row, char path[SECTION_PATH_BYTES])
{
    const char *tail = row->kind == SCHEMA_LIST ? "[]" : row->kind == SCHEMA_MAP ? ".NAME" : "";
    int len =
        snprintf(path, SECTION_PATH_BYTES, "%s%s%s%s", above->path, above->path[0] == '\0' ? "" : ".", row->name, tail);
    assert(len >= 0 && len < SECTION_PATH_BYTES);
}

static void section_insert(struct sections *sections, size_t at, struct section section)
{
    assert(sections->count < SECTIONS_MAX);
    if (section.schema->read_short != NULL)
        special_need(section.schema, NULL);
    memmove(&sections->at[at + 1], &sections->at[at], (sections->count - at) * sizeof section);
    sections->at[at] = section;
    sections->count++;
}

void sections_collect(struct sections *sections)
{
    *sections = (struct sections){.at = {{"", settings_schema()}}, .count = 1};
    for (size_t i = 0; i < sections->count; i++) {
        const struct section above = sections->at[i];
        size_t next = i + 1;
        for (size_t j = 0; j < above.schema->count; j++) {
            const struct schema_row *row = &above.schema->rows[j];
            struct section beneath = {"", row_is_shown(above.schema, row) ? table_of(above.schema, row) : NULL};
            if (beneath.schema == NULL)
                continue;
            path_make(&above, row, beneath.path);
            section_insert(sections, next++, beneath);
        }
    }
}

const struct section *sections_beneath(const struct sections *sections, const struct section *section,
                                       const struct schema_row *row)
{
    char path[SECTION_PATH_BYTES];
    path_make(section, row, path);
    for (size_t i = 0; i < sections->count; i++)
        if (strcmp(sections->at[i].path, path) == 0)
            return &sections->at[i];
    return NULL;
}

/* ---- values in words ---- */

struct unit {
    const char *name;
    int64_t factor;
};

static const struct unit durations[] = {{"h", 3600000}, {"m", 60000}, {"s", 1000}, {"ms", 1}};
static const struct unit sizes[] = {{"GiB", 1 << 30}, {"MiB", 1 << 20}, {"KiB", 1 << 10}, {"B", 1}};

/* In the largest unit that leaves it whole; without one for counts.  Nothing is written as people do: 0s, and 0 bytes. */
static void amount_print(char *out, size_t size, enum schema_kind kind, int64_t amount)
{
    const struct unit *unit = kind == SCHEMA_DURATION ? durations : sizes;
    while (amount % unit->factor != 0)
        unit++;
    if (kind == SCHEMA_DURATION && amount == 0)
        snprintf(out, size, "0s");
    else if (kind == SCHEMA_INT || amount == 0)
        snprintf(out, size, "%" PRId64, amount);
    else
        snprintf(out, size, "%" PRId64 "%s", amount / unit->factor, unit->name);
}

static void range_add(const struct schema_row *row, const char *what, char *out, size_t size)
{
    char low[32];
    char high[32];
    const char *none = row->none_is_zero ? ", or `none`" : "";
    amount_print(low, sizeof low, row->kind, row->min);
    amount_print(high, sizeof high, row->kind, row->max);
    if (row->min == 0 && row->max == 0)
        snprintf(out, size, "%s%s", what, none);
    else
        snprintf(out, size, "%s, %s to %s%s", what, low, high, none);
}

static void words_add(const char *const *words, char *out, size_t size)
{
    size_t used = 0;
    for (size_t i = 0; words[i] != NULL && used < size; i++)
        used += (size_t)snprintf(out + used, size - used, "%s`%s`", i == 0 ? "" : ", ", words[i]);
}

void row_describe(const struct schema *schema, const struct schema_row *row, char *out, size_t size)
{
    const struct special *brief = row->table == NULL ? NULL : special_find(row->table, NULL);
    switch (row->kind) {
    case SCHEMA_TEXT: snprintf(out, size, "text"); return;
    case SCHEMA_BOOL: snprintf(out, size, "`true` or `false`"); return;
    case SCHEMA_INT: range_add(row, "whole number", out, size); return;
    case SCHEMA_DURATION: range_add(row, "duration", out, size); return;
    case SCHEMA_SIZE: range_add(row, "size", out, size); return;
    case SCHEMA_ENUM: words_add(row->words, out, size); return;
    case SCHEMA_TEXTS: snprintf(out, size, "list of texts%s", row->one_is_list ? ", or one text" : ""); return;
    case SCHEMA_STRUCT:
        snprintf(out, size, "map%s%s", brief == NULL ? "" : ", or ", brief == NULL ? "" : brief->value);
        return;
    case SCHEMA_LIST:
        snprintf(out, size, "list of maps%s%s", brief == NULL ? "" : ", each also ", brief == NULL ? "" : brief->value);
        return;
    case SCHEMA_MAP: snprintf(out, size, "map of names to maps"); return;
    case SCHEMA_NODE: snprintf(out, size, "%s", special_need(schema, row->name)->value); return;
    case SCHEMA_LATER: snprintf(out, size, "not built"); return;
    }
}
