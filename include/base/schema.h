/* SPDX-License-Identifier: Apache-2.0 */
/* Tables that read nodes into structs: name, kind, default, range, destination and one line of help for each key.
 *
 * Reading, `check`, nearest names, reference and JSON Schema come from the tables: a new setting is one row.
 */
#ifndef BASE_SCHEMA_H
#define BASE_SCHEMA_H

#include "base/node.h"

enum schema_kind {
    SCHEMA_TEXT,     /* struct span; plain numbers and booleans are taken as written */
    SCHEMA_BOOL,     /* bool */
    SCHEMA_INT,      /* int64_t within min..max; "none" gives 0 where none_is_zero */
    SCHEMA_DURATION, /* int64_t milliseconds: `ms|s|m|h`; a bare number is an error; "none" as for sizes */
    SCHEMA_SIZE,     /* uint64_t bytes: `B|KiB|MiB|GiB`; a bare number is an error; "none" gives 0 where none_is_zero */
    SCHEMA_ENUM,     /* int: index into `words` (NULL at their end) */
    SCHEMA_TEXTS,    /* struct schema_texts: a list of texts, or one text where one_is_list */
    SCHEMA_STRUCT,   /* a struct read by `table` */
    SCHEMA_LIST,     /* struct schema_list: a list of structs of `item_bytes`, each read by `table` */
    SCHEMA_MAP,  /* struct schema_list: a map of name to struct; the name goes into the first member, a struct span */
    SCHEMA_NODE, /* const struct node *: the value itself, for a reader of its own; NULL when absent */
    SCHEMA_LATER /* a key of the contract that is not built yet: "not supported yet" */
};

struct schema_texts {
    const struct span *at;
    const struct node *const *nodes; /* where each stands */
    size_t count;
};

struct schema_list {
    void *at; /* `count` structs, one behind the other */
    const struct node *const *nodes;
    size_t count;
};

struct schema;

struct schema_row {
    const char *name;
    enum schema_kind kind;
    size_t offset;            /* of the destination in the struct */
    const char *preset;       /* default as it would be written in YAML; NULL: zeroed */
    int64_t min, max;         /* INT, and DURATION and SIZE in their units; both 0: no range */
    const char *const *words; /* ENUM */
    const struct schema *table;
    size_t item_bytes; /* LIST, MAP */
    bool is_required;
    bool one_is_list;
    bool none_is_zero;
    const char *help;
};

struct schema {
    const char *name; /* of the section, for the reference */
    const struct schema_row *rows;
    size_t count;
    size_t node_offset; /* where the struct keeps `const struct node *` of its map, plus 1; 0: it does not */
    /* A value that is no map is handed to this (NULL: an error): a URL where a map { url: } is meant.  True when read. */
    bool (*read_short)(const struct node *node, void *out, struct arena *arena, struct problems *problems);
};

/* Reads the map `node` (NULL: an empty map, all defaults) into `out`, zeroed before by the caller.  Every problem is added:
 * unknown keys with the nearest known one, wrong kinds, ranges, missing keys.  True when none was an error.
 *
 * Texts in `out` are those of the nodes: they live as long as the nodes' arena.  A key without a value is an empty list, map
 * or struct.  In an optional struct that is absent nothing is required.  A text out of ${...} is read as if it stood there
 * plain, and no message shows it.
 */
bool schema_read(const struct schema *schema, const struct node *node, void *out, struct arena *arena,
                 struct problems *problems) MUST_CHECK;

/* A duration (`1500ms`, `2s`, `5m`, `1h`) in milliseconds; a size (`64KiB`) in bytes.  False with what would be right. */
bool schema_duration(struct span text, int64_t *ms, struct err *err) MUST_CHECK;
/* A size in bytes; false with what would be right. */
bool schema_size(struct span text, uint64_t *bytes, struct err *err) MUST_CHECK;

/* The known word nearest to `word` by edit distance, or NULL when none is near. */
const char *schema_nearest(struct span word, const char *const *words, size_t count);

#endif
