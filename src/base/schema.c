/* SPDX-License-Identifier: Apache-2.0 */
/* Reading nodes by tables: keys, containers, defaults.
 *
 * What nests is put on a list of jobs instead of being descended into, so that depth costs no stack.  A job's own jobs come
 * right behind it: problems come in the order of the document, but for a map's own keys, which come before what they hold.
 */
#include "schema_int.h"

/* A struct to be read. */
struct job {
    struct job *next;
    enum { JOB_MAP, JOB_DEFAULTS, JOB_SHORT } kind;
    const struct schema *schema;
    const struct node *node; /* may be NULL */
    void *out;
};

struct schema_run {
    struct arena *arena;
    struct problems *problems;
    struct job *jobs;
    struct job **insert; /* where the next job goes */
};

static void no_memory(struct schema_run *run, const struct node *node)
{
    problem_at(run->problems, PROBLEM_ERROR, node == NULL ? NULL : node->file, 0, 0, "out of memory");
}

static void job_add(struct schema_run *run, struct job what)
{
    struct job *job = arena_take(run->arena, sizeof *job);
    if (job == NULL) {
        no_memory(run, what.node);
        return;
    }
    *job = what;
    job->next = *run->insert;
    *run->insert = job;
    run->insert = &job->next;
}

/* Plans the reading of one struct.  A short form comes after the defaults, over which it writes. */
static void struct_plan(struct schema_run *run, const struct schema *schema, const struct node *node, void *out)
{
    if (node == NULL) {
        job_add(run, (struct job){NULL, JOB_DEFAULTS, schema, NULL, out});
    } else if (node->kind == NODE_MAP || (node->kind == NODE_NULL && schema->read_short == NULL)) {
        job_add(run, (struct job){NULL, JOB_MAP, schema, node, out});
    } else if (schema->read_short != NULL) {
        job_add(run, (struct job){NULL, JOB_DEFAULTS, schema, node, out});
        job_add(run, (struct job){NULL, JOB_SHORT, schema, node, out});
    } else {
        struct span label = node_label(node);
        problem_error(run->problems, node, "%s%s%s: a map (keys with values) is expected, found %s",
                      label.len == 0 ? "" : "\"", label.len == 0 ? "the document" : QUOTED(label),
                      label.len == 0 ? "" : "\"", FOUND(node));
    }
}

static bool kind_expect(struct schema_run *run, const struct node *node, const char *expected)
{
    return problem_error(run->problems, node, "\"%s\": %s is expected, found %s", QUOTED(node_label(node)), expected,
                         FOUND(node));
}

/* The nodes that are the items: the children, or the node itself where one may stand for a list. */
static bool items_take(struct schema_run *run, const struct node *node, bool is_one, struct schema_list *items)
{
    items->count = is_one ? 1 : node_count(node);
    const struct node **nodes = arena_take(run->arena, items->count * sizeof(struct node *));
    if (nodes == NULL) {
        no_memory(run, node);
        return false;
    }
    const struct node *item = is_one ? node : node->children;
    for (size_t i = 0; i < items->count; i++, item = item->next)
        nodes[i] = item;
    items->nodes = nodes;
    return true;
}

static void texts_read(struct schema_run *run, const struct schema_row *row, const struct node *node,
                       struct schema_texts *out)
{
    struct schema_list items = {0};
    bool is_one = row->one_is_list && node_is_scalar(node);
    if (node->kind != NODE_LIST && !is_one) {
        kind_expect(run, node, row->one_is_list ? "a text or a list of texts" : "a list of texts");
        return;
    }
    if (!items_take(run, node, is_one, &items))
        return;
    struct span *texts = arena_zero(run->arena, items.count * sizeof *texts);
    if (texts == NULL) {
        no_memory(run, node);
        return;
    }
    for (size_t i = 0; i < items.count; i++)
        schema_value_text(row, items.nodes[i], &texts[i], run->problems);
    *out = (struct schema_texts){texts, items.nodes, items.count};
}

/* Makes room for the structs of a list or map and plans the reading of each. */
static void items_plan(struct schema_run *run, const struct schema_row *row, struct schema_list items,
                       struct schema_list *out)
{
    char *at = arena_zero(run->arena, items.count * row->item_bytes);
    if (at == NULL) {
        no_memory(run, NULL);
        return;
    }
    items.at = at;
    *out = items;
    for (size_t i = 0; i < items.count; i++, at += row->item_bytes) {
        if (row->kind == SCHEMA_MAP)
            *(struct span *)(void *)at = items.nodes[i]->key;
        struct_plan(run, row->table, items.nodes[i], at);
    }
}

/* A list or a map of structs; an empty one where nothing stands behind the key. */
static void list_read(struct schema_run *run, const struct schema_row *row, const struct node *node,
                      struct schema_list *out)
{
    struct schema_list items = {0};
    enum node_kind wanted = row->kind == SCHEMA_MAP ? NODE_MAP : NODE_LIST;
    bool is_whole = node->kind == wanted || node->kind == NODE_NULL;
    if (!is_whole && !row->one_is_list)
        kind_expect(run, node, wanted == NODE_MAP ? "a map of names to values" : "a list");
    else if (items_take(run, node, !is_whole, &items))
        items_plan(run, row, items, out);
}

/* Reads the value of one key. */
static void row_read(struct schema_run *run, const struct schema_row *row, const struct node *node, char *base)
{
    void *out = base + row->offset;
    switch (row->kind) {
    case SCHEMA_TEXT: schema_value_text(row, node, out, run->problems); break;
    case SCHEMA_BOOL: schema_value_bool(row, node, out, run->problems); break;
    case SCHEMA_INT: schema_value_int(row, node, out, run->problems); break;
    case SCHEMA_DURATION: schema_value_duration(row, node, out, run->problems); break;
    case SCHEMA_SIZE: schema_value_size(row, node, out, run->problems); break;
    case SCHEMA_ENUM: schema_value_enum(row, node, out, run->problems); break;
    case SCHEMA_TEXTS: texts_read(run, row, node, out); break;
    case SCHEMA_STRUCT: struct_plan(run, row->table, node, out); break;
    case SCHEMA_LIST:
    case SCHEMA_MAP: list_read(run, row, node, out); break;
    case SCHEMA_NODE: *(const struct node **)out = node; break;
    case SCHEMA_LATER: problem_key(run->problems, node, "key \"%s\" is not supported yet", row->name); break;
    }
}

/* A key that is not there gets its default, read as if it stood in the document. */
static void default_read(struct schema_run *run, const struct schema_row *row, char *base)
{
    if (row->preset != NULL) {
        const struct node *node = node_read_yaml(run->arena, "default", span_str(row->preset), run->problems);
        if (node != NULL)
            row_read(run, row, node, base);
    } else if (row->kind == SCHEMA_STRUCT) {
        struct_plan(run, row->table, NULL, base + row->offset);
    }
}

static const struct schema_row *row_find(const struct schema *schema, struct span key)
{
    for (size_t i = 0; i < schema->count; i++)
        if (span_eq(key, span_str(schema->rows[i].name)))
            return &schema->rows[i];
    return NULL;
}

static void key_refuse(struct schema_run *run, const struct schema *schema, const struct node *node)
{
    const char *nearest = NULL;
    size_t best = SIZE_MAX;
    for (size_t i = 0; i < schema->count; i++) {
        size_t distance = schema_distance(node->key, span_str(schema->rows[i].name));
        if (distance >= best || schema->rows[i].kind == SCHEMA_LATER)
            continue;
        best = distance;
        nearest = schema->rows[i].name;
    }
    problem_key(run->problems, node, "unknown key \"%s\"%s%s%s", QUOTED(node->key),
                nearest == NULL ? "" : "; did you mean \"", nearest == NULL ? "" : nearest,
                nearest == NULL ? "" : "\"?");
}

static void key_missing(struct schema_run *run, const struct schema_row *row, const struct node *node)
{
    problem_at(run->problems, PROBLEM_ERROR, node == NULL ? NULL : node->file, node == NULL ? 0 : node->line,
               node == NULL ? 0 : node->column, "key \"%s\" is required", row->name);
}

static void node_keep(const struct job *job)
{
    if (job->schema->node_offset != 0)
        *(const struct node **)(void *)((char *)job->out + job->schema->node_offset - 1) = job->node;
}

/* Reads the keys that stand there, then sees to those that do not. */
static void map_job(struct schema_run *run, const struct job *job)
{
    const struct schema *schema = job->schema;
    const struct node *children = job->node == NULL ? NULL : job->node->children;
    for (const struct node *child = children; child != NULL; child = child->next) {
        const struct schema_row *row = row_find(schema, child->key);
        if (row == NULL)
            key_refuse(run, schema, child);
        else
            row_read(run, row, child, job->out);
    }
    for (size_t i = 0; i < schema->count; i++) {
        const struct schema_row *row = &schema->rows[i];
        if (job->node != NULL && node_member(job->node, row->name) != NULL)
            continue;
        if (row->is_required && job->kind == JOB_MAP)
            key_missing(run, row, job->node);
        else
            default_read(run, row, job->out);
    }
}

static void job_run(struct schema_run *run, const struct job *job)
{
    switch (job->kind) {
    case JOB_MAP:
        node_keep(job);
        map_job(run, job);
        break;
    case JOB_DEFAULTS:
        node_keep(job);
        map_job(run, &(struct job){NULL, JOB_DEFAULTS, job->schema, NULL, job->out});
        break;
    case JOB_SHORT: {
        unsigned errors = run->problems->errors;
        if (!job->schema->read_short(job->node, job->out, run->arena, run->problems) && run->problems->errors == errors)
            kind_expect(run, job->node, "a map (keys with values)");
        break;
    }
    }
}

bool schema_read(const struct schema *schema, const struct node *node, void *out, struct arena *arena,
                 struct problems *problems)
{
    struct schema_run run = {.arena = arena, .problems = problems};
    unsigned errors = problems->errors;
    run.insert = &run.jobs;
    if (node == NULL)
        job_add(&run, (struct job){NULL, JOB_MAP, schema, NULL, out});
    else
        struct_plan(&run, schema, node, out);
    while (run.jobs != NULL) {
        struct job *job = run.jobs;
        run.jobs = job->next;
        run.insert = &run.jobs;
        job_run(&run, job);
    }
    return problems->errors == errors;
}
