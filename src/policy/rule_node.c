/* SPDX-License-Identifier: Apache-2.0 */
/* Nodes of our own in the map of a policy, and notes about those that were found bad. */
#include "rule_int.h"

struct node *rule_node_like(struct rule_reader *reader, const struct node *from, enum node_kind kind, struct span key)
{
    struct node *node = arena_take(reader->arena, sizeof *node);
    if (node == NULL) {
        problem_error(reader->problems, from, "out of memory");
        return NULL;
    }
    *node = *from;
    node->kind = kind;
    node->key = key;
    node->children = node->attributes = node->next = node->parent = NULL;
    return node;
}

void rule_node_append(struct node *parent, struct node *child)
{
    struct node **end = &parent->children;
    while (*end != NULL)
        end = &(*end)->next;
    *end = child;
    child->parent = parent;
}

void rule_node_remove(struct node *child)
{
    struct node **at = &child->parent->children;
    while (*at != child)
        at = &(*at)->next;
    *at = child->next;
    child->next = child->parent = NULL;
}

bool rule_mark_bad(struct rule_reader *reader, const struct node *node)
{
    struct bad_node *bad = arena_take(reader->arena, sizeof *bad);
    if (bad == NULL)
        return false;
    *bad = (struct bad_node){.node = node, .next = reader->bad};
    reader->bad = bad;
    return false;
}

bool rule_is_bad(const struct rule_reader *reader, const struct node *node)
{
    for (const struct bad_node *bad = reader->bad; bad != NULL; bad = bad->next)
        if (bad->node == node)
            return true;
    return false;
}
