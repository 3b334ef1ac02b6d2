/* SPDX-License-Identifier: Apache-2.0 */
/* Tables of documents with the trees or problems that they give, whatever they are written in. */
#ifndef UNIT_BASE_DOCUMENT_CASES_H
#define UNIT_BASE_DOCUMENT_CASES_H

#include "nodes.h"
#include "unit.h"

/* A document, and the text that its tree or its problems have to give. */
struct document_case {
    const char *text;
    const char *wanted;
};

/* How a kind of document is read: node_read_xml, node_read_yaml. */
struct document_kind {
    const char *file;
    struct node *(*read)(struct arena *arena, const char *file, struct span text, struct problems *problems);
};

/* Each case gives its tree and no error. */
static inline void trees_expect(const struct document_kind *kind, const struct document_case *cases, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct document d;
        document_init(&d);
        struct node *root = kind->read(&d.arena, kind->file, span_str(cases[i].text), &d.problems);
        if (root == NULL)
            print_error("%s: %s\n", cases[i].text, problems_text(&d));
        assert_non_null(root);
        assert_string_equal(node_text(&d, root), cases[i].wanted);
        assert_int_equal(d.problems.errors, 0);
        document_fini(&d);
    }
}

/* Each case gives no tree, but its problems. */
static inline void problems_expect(const struct document_kind *kind, const struct document_case *cases, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct document d;
        document_init(&d);
        assert_null(kind->read(&d.arena, kind->file, span_str(cases[i].text), &d.problems));
        assert_string_equal(problems_text(&d), cases[i].wanted);
        assert_string_equal(d.problems.first->file, kind->file);
        document_fini(&d);
    }
}

#endif
