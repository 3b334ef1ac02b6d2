/* SPDX-License-Identifier: Apache-2.0 */
/* A document as a tree of nodes that know their place: what YAML (JSON, being YAML, too) and XML have in common.
 *
 * The tree and all its texts live in the arena given; nothing of it is freed by itself.
 */
#ifndef BASE_NODE_H
#define BASE_NODE_H

#include "base/arena.h"
#include "base/err.h"
#include "base/span.h"

enum node_kind {
    NODE_NULL,   /* YAML null, or a key without a value */
    NODE_BOOL,   /* plain true or false (YAML 1.2 core schema: no yes, on, off) */
    NODE_NUMBER, /* plain scalar that is a number of YAML 1.2; text as written */
    NODE_TEXT,   /* any other scalar, and every quoted one; text of an XML attribute or of character data */
    NODE_LIST,   /* children are the items */
    NODE_MAP,    /* children are the values, each with its key */
    NODE_ELEMENT /* XML: `key` is the element's name, `attributes` its attributes, children elements and NODE_TEXT */
};

struct node {
    enum node_kind kind;
    const char *file; /* name as given by the user, for messages */
    unsigned line,
        column;      /* of the value (XML: of `<`; of an attribute: its quote), from 1; columns count characters */
    struct span key; /* in a map: the key; of an element or attribute: its name with prefix; else empty */
    unsigned key_line, key_column;
    struct span text;  /* scalars: the value after unescaping and substitution */
    struct span space; /* XML: namespace URI of element or attribute; empty: none */
    bool is_secret;    /* text came from ${...}: never print it */
    bool is_lost;      /* its ${...} could not be put in, which was told: nothing more is told about its value */
    struct node *parent;
    struct node *children;   /* first child */
    struct node *attributes; /* first attribute (elements only): NODE_TEXT nodes linked by next */
    struct node *next;       /* next sibling */
};

enum { NODE_DEPTH_MAX = 64, NODE_COUNT_MAX = 200000, NODE_BYTES_MAX = 4 << 20 };

/* Problems found in documents, all in one run, in the order found. */
enum problem_kind { PROBLEM_ERROR, PROBLEM_WARNING, PROBLEM_NOTE };
struct problem {
    enum problem_kind kind;
    const char *file;
    unsigned line, column; /* 0: not about a place */
    char *text;
    struct problem *next;
};
struct problems {
    struct arena arena;
    struct problem *first, *last;
    struct problem spare; /* stands in, once, for problems that found no memory: they are counted all the same */
    unsigned errors, warnings, notes;
};
/* An empty list of problems. */
void problems_init(struct problems *problems);
/* Frees all problems. */
void problems_fini(struct problems *problems);
AUTO_FINI(problems)

/* Adds one about the place of `node`; problem_key about the place of its key.  error returns false, for use in `return`.
 * About the value of a node that is_lost nothing is added.
 */
bool problem_error(struct problems *problems, const struct node *node, const char *format, ...) PRINTF_LIKE(3, 4);
/* An error about the place of the node's key; returns false. */
bool problem_key(struct problems *problems, const struct node *node, const char *format, ...) PRINTF_LIKE(3, 4);
/* A warning about the place of `node`. */
void problem_warning(struct problems *problems, const struct node *node, const char *format, ...) PRINTF_LIKE(3, 4);
/* A note about the place of `node`. */
void problem_note(struct problems *problems, const struct node *node, const char *format, ...) PRINTF_LIKE(3, 4);
/* The same about a place that is no node. */
bool problem_at(struct problems *problems, enum problem_kind kind, const char *file, unsigned line, unsigned column,
                const char *format, ...) PRINTF_LIKE(6, 7);

/* Reads one YAML document (YAML 1.2 core schema by libyaml).  NULL after syntax errors, duplicate keys, anchors, aliases,
 * tags, second documents, keys that are no scalars, NUL characters, bytes, depth or count past the limits: each a problem
 * with its place.
 */
struct node *node_read_yaml(struct arena *arena, const char *file, struct span text,
                            struct problems *problems) MUST_CHECK;

/* How much of a document is read. */
struct node_limits {
    size_t count_max, bytes_max;
};

/* The same for a document whose size is the matter of whoever made it: a list of many things. */
struct node *node_read_yaml_within(struct arena *arena, const char *file, struct span text,
                                   const struct node_limits *limits, struct problems *problems) MUST_CHECK;

/* Reads one XML document (expat, namespaces on).  API Management's raw form, with unescaped quotes and `<` inside `@(`...`)`
 * and `@{`...`}` of attributes and text, is taken too: they are found by C# string rules before parsing; places stay those of
 * the file.  NULL after syntax errors, any DOCTYPE, depth or count past the limits.  Character data that is only white space
 * is left out; other data is trimmed of XML white space at both ends; comments and processing instructions are passed over.
 */
struct node *node_read_xml(struct arena *arena, const char *file, struct span text,
                           struct problems *problems) MUST_CHECK;

/* Replaces `${NAME}` by the environment's value and `${file:PATH}` by a file's bytes (one final newline dropped; relative to
 * the directory of the node's file) in every scalar below `node` that was quoted or plain text, keys excepted; `$${` becomes
 * `${`.  Unset names and unreadable files are problems, their nodes is_lost.  Nodes so changed are is_secret.
 */
bool node_substitute(struct node *node, struct arena *arena, struct problems *problems) MUST_CHECK;

/* The value of the key `name` in a map, or the attribute `name` of an element; NULL when absent. */
struct node *node_member(const struct node *node, const char *name);

/* Number of children. */
size_t node_count(const struct node *node);

/* The node behind `node` in the order of the document, within the tree below `root`; NULL behind the last.  Attributes are not
 * among them.
 */
struct node *node_behind(const struct node *node, const struct node *root);

/* What a user would call the kind: "a list", "a text". */
const char *node_kind_name(enum node_kind kind);

/* Reads a whole file of at most `bytes_max` bytes into the arena (a NUL behind it).  Reason CONFIG with the cause. */
bool node_read_file(struct arena *arena, const char *path, size_t bytes_max, struct span *bytes,
                    struct err *err) MUST_CHECK;

/* `path` as seen from the directory of `file`: absolute paths as they are. */
char *node_resolve_path(struct arena *arena, const char *file, struct span path) MUST_CHECK;

#endif
