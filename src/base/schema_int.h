/* SPDX-License-Identifier: Apache-2.0 */
/* What the reading of tables and that of single values share. */
#ifndef BASE_SCHEMA_INT_H
#define BASE_SCHEMA_INT_H

#include "base/schema.h"

/* What a user calls the place of a value: its key, or that of the list it stands in. */
struct span node_label(const struct node *node);

/* What was found, for messages: `a text "abc"`; only the kind when the text is secret. */
enum { FOUND_BYTES = QUOTED_BYTES + 32 };
/* How a value was found, for messages: "a list", "the number 5". */
const char *node_found(char *out, size_t size, const struct node *node);
#define FOUND(node) node_found((char[FOUND_BYTES]){0}, FOUND_BYTES, (node))

/* Whether the node is a scalar with a value. */
static inline bool node_is_scalar(const struct node *node)
{
    return node->kind == NODE_TEXT || node->kind == NODE_NUMBER || node->kind == NODE_BOOL;
}

/* Read one scalar into `out`, as their kinds say; false after a problem. */
bool schema_value_text(const struct schema_row *row, const struct node *node, struct span *out,
                       struct problems *problems);
/* Reads true or false. */
bool schema_value_bool(const struct schema_row *row, const struct node *node, bool *out, struct problems *problems);
/* Reads a whole number within the row's range. */
bool schema_value_int(const struct schema_row *row, const struct node *node, int64_t *out, struct problems *problems);
/* Reads a duration within the row's range. */
bool schema_value_duration(const struct schema_row *row, const struct node *node, int64_t *out,
                           struct problems *problems);
/* Reads a size within the row's range. */
bool schema_value_size(const struct schema_row *row, const struct node *node, uint64_t *out, struct problems *problems);
/* Reads one of the row's words. */
bool schema_value_enum(const struct schema_row *row, const struct node *node, int *out, struct problems *problems);

/* How far `word` is from `known` (letter case, `-` and `_` count not), or SIZE_MAX when it is not near. */
size_t schema_distance(struct span word, struct span known);

#endif
