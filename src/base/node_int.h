/* SPDX-License-Identifier: Apache-2.0 */
/* What the readers of documents share: growing a tree within its limits, and places in a text. */
#ifndef BASE_NODE_INT_H
#define BASE_NODE_INT_H

#include "base/buf.h"
#include "base/map.h"
#include "base/node.h"

/* A line and a column, both from 1. */
struct place {
    unsigned line, column;
};

/* Moves `at` over the byte `c`, behind which `next` stands (0 at the end): CR, LF and CR LF end a line, the bytes of one
 * UTF-8 character are one column.
 */
void node_place_pass(struct place *at, char c, char next);

/* The place of a byte of `text`, from its start; a byte order mark takes no column. */
struct place node_place_of_byte(struct span text, size_t byte);

/* A node that still takes children. */
struct open_node {
    struct node *node;
    struct node *last; /* child */
    struct map keys;   /* of a map: those that it has */
};

/* A tree that grows; the innermost open node takes what is added. */
struct node_builder {
    struct arena *arena;
    struct problems *problems;
    const char *file;
    struct node *root;
    struct open_node open[NODE_DEPTH_MAX];
    size_t depth; /* of open nodes */
    size_t count; /* of all nodes */
    struct node_limits limits;
};

/* Starts a tree; false after a problem: no memory.  node_builder_fini() is needed in both cases. */
bool node_builder_init(struct node_builder *b, struct arena *arena, const char *file,
                       struct problems *problems) MUST_CHECK;
/* Gives the builder's stack back. */
void node_builder_fini(struct node_builder *b);

/* A node in no tree yet; NULL after a problem. */
struct node *node_builder_node(struct node_builder *b, enum node_kind kind, struct place at) MUST_CHECK;

/* A node at the end of the innermost open one, or the root; NULL after a problem. */
struct node *node_builder_add(struct node_builder *b, enum node_kind kind, struct place at) MUST_CHECK;

/* Opens the node added last; false after a problem. */
bool node_builder_open(struct node_builder *b, struct node *node) MUST_CHECK;

/* Closes the innermost open node. */
void node_builder_close(struct node_builder *b);

/* The innermost open node, or NULL. */
struct node *node_builder_top(const struct node_builder *b);

/* A problem of the document at a place, or that there is no memory; both return false. */
bool node_builder_problem(struct node_builder *b, struct place at, const char *format, ...) PRINTF_LIKE(3, 4);
/* Notes that memory ran out; returns false. */
bool node_builder_no_memory(struct node_builder *b);

#endif
