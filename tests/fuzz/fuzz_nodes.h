/* SPDX-License-Identifier: Apache-2.0 */
/* What the fuzzers of documents share: a walk over a tree, and what holds for each. */
#ifndef FUZZ_NODES_H
#define FUZZ_NODES_H

#include "base/node.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static inline void node_check(const struct node *node)
{
    if (node->line == 0 || node->column == 0 || span_chr(node->text, '\0') != NULL || span_chr(node->key, '\0') != NULL)
        abort();
    for (const struct node *child = node->children; child != NULL; child = child->next)
        if (child->parent != node)
            abort();
}

/* A tree comes exactly without errors; its depth, its count and its nodes are as promised. */
static inline void tree_check(const struct node *root, const struct problems *problems)
{
    size_t count = 0;
    if ((root == NULL) != (problems->errors > 0) || (problems->errors > 0 && problems->first == NULL))
        abort();
    for (const struct node *at = root; at != NULL; at = node_behind(at, root)) {
        size_t depth = 0;
        node_check(at);
        for (const struct node *up = at; up != NULL; up = up->parent)
            depth++;
        if (depth > NODE_DEPTH_MAX + 1 || ++count > NODE_COUNT_MAX)
            abort();
    }
}

#endif
