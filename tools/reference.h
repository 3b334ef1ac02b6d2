/* SPDX-License-Identifier: Apache-2.0 */
/* The tables of the configuration as a list of sections, for those who print them: as Markdown, as a manual page, as JSON Schema.
 *
 * A key that is not built yet (SCHEMA_LATER) is in none of them.
 */
#ifndef REFERENCE_H
#define REFERENCE_H

#include "base/schema.h"

enum { SECTIONS_MAX = 64, SECTION_PATH_BYTES = 96 };

/* A map of the document: the document itself, or one below it. */
struct section {
    char path[SECTION_PATH_BYTES]; /* "backends.NAME.tls", "routes[]"; empty: the document */
    const struct schema *schema;
};

struct sections {
    struct section at[SECTIONS_MAX];
    size_t count;
};

/* What the tables cannot say of a value: kinds with a reader of their own, and short forms of maps. */
struct special {
    const char *section; /* the schema's name */
    const char *key;     /* NULL: the short form of the whole map */
    const char *value;   /* for people; NULL: the key is not shown */
    const char *json;    /* members of a JSON Schema */
    const struct schema *(*table)(void);
};

/* What is asked beyond the kinds of values. */
struct demand {
    const char *section; /* the schema's name */
    const char *key;     /* NULL: the whole map */
    const char *json;    /* members of a JSON Schema */
};

/* Every section, each followed by those beneath it. */
void sections_collect(struct sections *sections);

/* The section that the row of `section` leads to, or NULL. */
const struct section *sections_beneath(const struct sections *sections, const struct section *section,
                                       const struct schema_row *row);

/* What is special about a key (`key` NULL: about the map), or NULL. */
const struct special *special_find(const struct schema *schema, const char *key);

/* What is asked of a key's value (`key` NULL: of the map) as members of a JSON Schema, or NULL. */
const char *demand_find(const struct schema *schema, const char *key);

/* Whether the row is for readers: built, and not there only to be refused. */
bool row_is_shown(const struct schema *schema, const struct schema_row *row);

/* The value that the row takes, in words: "duration, 100ms to 1h". */
void row_describe(const struct schema *schema, const struct schema_row *row, char *out, size_t size);

/* reference_json.c: the JSON Schema of the configuration, to standard output. */
void json_schema_print(const struct sections *sections);

#endif
