/* SPDX-License-Identifier: Apache-2.0 */
/* What the readers of policy documents share: a document's sections as drafts of steps, and the reading of elements. */
#ifndef POLICY_PLAN_INT_H
#define POLICY_PLAN_INT_H

#include "policy/plan.h"
#include "rule_xml.h"

/* A step on its way into a plan.  `otherwise` and `jump` count from the start of its fragment. */
struct draft_step {
    struct plan_step step;
    struct draft_rule *rule; /* PLAN_VALIDATE */
    struct draft_step *next;
};

struct draft_rule {
    struct rule rule;
    struct draft_rule *next;
};

/* One section of one document. */
struct fragment {
    const struct node *node; /* NULL: the document does not have it */
    struct draft_step *first, **end;
    size_t count;
    size_t base; /* steps before <base/> */
    bool has_base;
    bool has_forward; /* <forward-request> */
    bool forwards_before_base;
    size_t forward; /* steps before it */
};

struct draft_document {
    const struct node *root;
    struct fragment sections[SECTION_COUNT];
};

struct plan_reader {
    const struct rule_settings *settings;
    struct arena *arena;
    struct problems *problems;
    struct rule_reader rule; /* of the policy being read: its texts are resolved */
    enum plan_section section;
    struct fragment *fragment;
    struct draft_rule *rules; /* of all documents: those that no plan takes are released */
    bool is_incomplete;       /* a policy could not be read, which was told, perhaps before */
};

/* ---- plan_element.c: elements and attributes ---- */

struct plan_attribute {
    const char *name;
    bool is_required;
    bool takes_expression;
};

/* Of an element and, in step, its attributes. */
struct plan_shape {
    const char *name;
    const struct plan_attribute *attributes;
    size_t count;
    bool is_policy; /* may have an id */
};

enum { PLAN_ATTRIBUTES_MAX = 8 };

/* The attributes of the element, in the order of the shape, NULL for absent ones.  False with problems: unknown and missing
 * ones, expressions where none is taken.
 */
bool plan_attributes(struct plan_reader *r, const struct plan_shape *shape, const struct node *element,
                     const struct node *found[PLAN_ATTRIBUTES_MAX]) MUST_CHECK;

/* The first of `child` and its siblings that is an element; text on the way is warned of. */
const struct node *plan_element(struct plan_reader *r, const struct node *child);

/* "unknown element in <...>"; returns false. */
bool plan_unknown(struct plan_reader *r, const struct node *element, const char *known);

/* Whether the element holds nothing; else a problem. */
bool plan_is_empty(struct plan_reader *r, const struct node *element);

/* The node's text or expression; constant expressions become texts.  NULL: an empty literal.  False with a problem. */
bool plan_text(struct plan_reader *r, const struct node *node, struct plan_text *text) MUST_CHECK;

/* The node that holds the element's character data, NULL where there is none.  False with a problem: elements within. */
bool plan_content(struct plan_reader *r, const struct node *element, const struct node **content) MUST_CHECK;

/* The content of all children, which must be called `name`, as texts.  False with problems. */
bool plan_values(struct plan_reader *r, const struct node *element, const char *name, const struct plan_text **values,
                 size_t *count) MUST_CHECK;

/* true or false of a literal; `node` NULL: stays as it is. */
bool plan_bool(struct plan_reader *r, const struct node *node, bool *is_true) MUST_CHECK;

/* A literal text that goes into a field's value: no line ends, no control characters. */
bool plan_check_field(struct plan_reader *r, const struct node *node, struct span value) MUST_CHECK;

/* A status given as a literal is one that an answer may have. */
bool plan_check_status(struct plan_reader *r, const struct node *node, const struct plan_text *status) MUST_CHECK;

/* Memory for a step's operand; NULL with a problem. */
void *plan_take(struct plan_reader *r, const struct node *node, size_t size) MUST_CHECK;

/* ---- the policies: each reads its element into the step ---- */

bool plan_read_validate(struct plan_reader *r, const struct node *element, struct draft_step *draft); /* plan_rule.c */
bool plan_read_set_header(struct plan_reader *r, const struct node *element, struct draft_step *draft);
bool plan_read_set_query(struct plan_reader *r, const struct node *element, struct draft_step *draft);
bool plan_read_check_header(struct plan_reader *r, const struct node *element, struct draft_step *draft);
bool plan_read_set_variable(struct plan_reader *r, const struct node *element, struct draft_step *draft);
bool plan_read_set_backend(struct plan_reader *r, const struct node *element, struct draft_step *draft);
bool plan_read_rewrite(struct plan_reader *r, const struct node *element, struct draft_step *draft);
bool plan_read_return(struct plan_reader *r, const struct node *element, struct draft_step *draft);
bool plan_read_cors_xml(struct plan_reader *r, const struct node *element, struct draft_step *draft);
bool plan_read_ip_filter(struct plan_reader *r, const struct node *element, struct draft_step *draft);

/* One set-header into `assignment`. */
bool plan_read_assignment(struct plan_reader *r, const struct node *element, struct plan_assignment *assignment,
                          bool is_answer) MUST_CHECK;

/* ---- sections ---- */

/* plan_policy.c: whether the element is a policy that may stand in r->section, directly or within <choose>; else a problem. */
bool plan_may_stand(struct plan_reader *r, const struct node *element, bool is_top);

/* Reads a policy that may stand there, but base, forward-request and choose, into a step; false with problems. */
bool plan_read_policy(struct plan_reader *r, const struct node *element, struct draft_step *draft);

/* plan_choose.c: reads a section's policies into r->fragment. */
void plan_read_section(struct plan_reader *r, const struct node *section);
/* The same of a policy that is a document by itself. */
void plan_read_bare(struct plan_reader *r, const struct node *policy);

/* plan_join.c: the documents' sections as one plan, and what can be said only of the whole. */
bool plan_join(struct plan_reader *r, const struct draft_document *documents, size_t count,
               struct plan *plan) MUST_CHECK;

/* plan_lint.c: warnings about a plan that was read without errors. */
void plan_lint(struct plan_reader *r, struct plan *plan);
/* plan_lint_header.c: a note on the first header made of a token that is set in a branch and taken out nowhere else. */
void plan_lint_headers(struct plan_reader *r, const struct plan *plan);

#endif
