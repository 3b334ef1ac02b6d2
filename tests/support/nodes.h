/* SPDX-License-Identifier: Apache-2.0 */
/* Documents in tests: a tree and problems as one text each, so that a case is a line of a table. */
#ifndef SUPPORT_NODES_H
#define SUPPORT_NODES_H

#include "base/buf.h"
#include "base/node.h"

/* A document being tested: `struct document d; document_init(&d);` ... document_fini(&d). */
struct document {
    struct arena arena;
    struct problems problems;
    struct buf text;
};

static inline void document_init(struct document *d)
{
    *d = (struct document){.arena = {0}};
    problems_init(&d->problems);
}

static inline void document_fini(struct document *d)
{
    problems_fini(&d->problems);
    arena_fini(&d->arena);
    buf_fini(&d->text);
}

static inline char node_letter(enum node_kind kind)
{
    return "~bnt"[kind & 3];
}

/* "LINE:COLUMN error: TEXT" for each problem, "\n" between. */
static inline const char *problems_text(struct document *d)
{
    static const char *const kinds[] = {"error", "warning", "note"};
    buf_clear(&d->text);
    for (const struct problem *p = d->problems.first; p != NULL; p = p->next)
        buf_printf(&d->text, "%s%u:%u %s: %s", p == d->problems.first ? "" : "\n", p->line, p->column, kinds[p->kind],
                   p->text);
    buf_add_char(&d->text, '\0');
    return buf_span(&d->text).at;
}

static inline void node_text_begin(struct buf *out, const struct node *n)
{
    if (n->kind != NODE_ELEMENT && n->key.len > 0)
        buf_printf(out, "%.*s@%u:%u=", SPAN_ARG(n->key), n->key_line, n->key_column);
    switch (n->kind) {
    case NODE_NULL:
    case NODE_BOOL:
    case NODE_NUMBER:
    case NODE_TEXT: buf_printf(out, "%c(%.*s)", node_letter(n->kind), SPAN_ARG(n->text)); break;
    case NODE_LIST: buf_add_char(out, '['); break;
    case NODE_MAP: buf_add_char(out, '{'); break;
    case NODE_ELEMENT: buf_printf(out, "<%.*s", SPAN_ARG(n->key)); break;
    }
    buf_printf(out, "@%u:%u", n->line, n->column);
    for (const struct node *a = n->attributes; a != NULL; a = a->next)
        buf_printf(out, " %.*s@%u:%u=(%.*s)@%u:%u", SPAN_ARG(a->key), a->key_line, a->key_column, SPAN_ARG(a->text),
                   a->line, a->column);
    if (n->kind == NODE_ELEMENT)
        buf_add_char(out, '>');
}

static inline void node_text_end(struct buf *out, const struct node *n)
{
    if (n->kind == NODE_LIST || n->kind == NODE_MAP)
        buf_add_char(out, n->kind == NODE_LIST ? ']' : '}');
    if (n->kind == NODE_ELEMENT)
        buf_add_str(out, "</>");
}

/* The tree below `root`, places and all: `{@1:1 a@1:1=n(1)@1:4}`. */
static inline const char *node_text(struct document *d, const struct node *root)
{
    const struct node *n = root;
    buf_clear(&d->text);
    while (n != NULL) {
        node_text_begin(&d->text, n);
        if (n->children != NULL) {
            buf_add_char(&d->text, ' ');
            n = n->children;
            continue;
        }
        node_text_end(&d->text, n);
        while (n != root && n->next == NULL) {
            n = n->parent;
            node_text_end(&d->text, n);
        }
        if (n == root)
            break;
        buf_add_char(&d->text, ' ');
        n = n->next;
    }
    buf_add_char(&d->text, '\0');
    return buf_span(&d->text).at;
}

#endif
