/* SPDX-License-Identifier: Apache-2.0 */
/* The policies of a section one behind the other; <choose> becomes conditions and jumps that go forward only.
 *
 *     when A otherwise 3 | steps of A | jump 6 | when B otherwise 5 | steps of B | jump 6 | steps of <otherwise> | 6 ...
 *
 * Nesting is followed by a stack of frames, not by recursion.
 */
#include "plan_int.h"

/* A <choose> is two levels of the document: itself and its branch. */
enum { FRAMES_MAX = NODE_DEPTH_MAX };

/* A jump to the end of its <choose>, until that is known. */
struct exit {
    struct draft_step *jump;
    struct exit *next;
};

struct frame {
    enum { FRAME_SECTION, FRAME_CHOOSE, FRAME_BRANCH } kind;
    const struct node *element;
    const struct node *next; /* child to be read */
    const char *path;        /* "" of the section, else "choose[1]/when[2]/" */
    /* Of a <choose>. */
    struct draft_step *when; /* the last one, whose `otherwise` is open; NULL: none */
    struct exit *exits;
    size_t when_count;
    bool has_otherwise, has_branch;
};

struct walk {
    struct plan_reader *r;
    struct frame frames[FRAMES_MAX];
    size_t depth;
};

static struct draft_step *append_step(struct plan_reader *r, const struct node *node)
{
    struct fragment *fragment = r->fragment;
    if (fragment->count == PLAN_STEPS_MAX) {
        problem_error(r->problems, node, "more than %d steps", PLAN_STEPS_MAX);
        return NULL;
    }
    struct draft_step *draft = plan_take(r, node, sizeof *draft);
    if (draft == NULL)
        return NULL;
    *fragment->end = draft;
    fragment->end = &draft->next;
    fragment->count++;
    return draft;
}

/* Which of its siblings of the same name. */
static size_t number_of(const struct node *element)
{
    size_t number = 1;
    if (element->parent == NULL)
        return 1;
    for (const struct node *at = element->parent->children; at != element; at = at->next)
        number += at->kind == NODE_ELEMENT && span_eq(at->key, element->key);
    return number;
}

static const char *path_of(struct plan_reader *r, const struct frame *frame, const struct node *element, size_t number,
                           const char *end)
{
    const char *path = arena_printf(r->arena, "%s%.*s[%zu]%s", frame->path, SPAN_ARG(element->key), number, end);
    if (path == NULL)
        problem_error(r->problems, element, "out of memory");
    return path == NULL ? "" : path;
}

static struct frame *push(struct walk *w, const struct node *element, const char *path)
{
    if (w->depth == FRAMES_MAX) {
        problem_error(w->r->problems, element, "<choose> within <choose> is nested too deeply");
        return NULL;
    }
    struct frame *frame = &w->frames[w->depth++];
    *frame = (struct frame){.kind = FRAME_SECTION, .element = element, .next = element->children, .path = path};
    return frame;
}

/* ---- choose ---- */

static void read_condition(struct plan_reader *r, const struct node *element, struct plan_text *condition)
{
    static const struct plan_attribute attributes[] = {{"condition", true, true}};
    static const struct plan_shape shape = {"when", attributes, COUNT_OF(attributes), false};
    const struct node *found[PLAN_ATTRIBUTES_MAX];
    struct value value;
    bool is_true;
    if (!plan_attributes(r, &shape, element, found)) {
        r->is_incomplete = true;
        return;
    }
    if (!rule_holds_expression(found[0]->text)) {
        if (plan_bool(r, found[0], &is_true))
            condition->literal = is_true ? SPAN("true") : SPAN("false");
        return;
    }
    if (!rule_read_expression(&r->rule, found[0], &condition->expression) ||
        !expression_is_constant(condition->expression, r->arena, &value))
        return;
    if (value.kind != VALUE_BOOL)
        problem_error(r->problems, found[0],
                      "\"condition\": true or false is expected, and the expression always gives something else");
    *condition =
        (struct plan_text){.literal = value.kind == VALUE_BOOL && value.boolean ? SPAN("true") : SPAN("false")};
}

/* What the last <when> says ends here: its steps leave the <choose>, its `otherwise` is what comes now. */
static bool close_when(struct walk *w, struct frame *choose, const struct node *node, bool is_last)
{
    if (choose->when == NULL)
        return true;
    if (!is_last) {
        struct draft_step *jump = append_step(w->r, node);
        struct exit *way = plan_take(w->r, node, sizeof *way);
        if (jump == NULL || way == NULL)
            return false;
        jump->step = (struct plan_step){.kind = PLAN_JUMP,
                                        .source = "choose",
                                        .id = choose->when->step.id,
                                        .path = choose->when->step.path,
                                        .node = choose->element};
        *way = (struct exit){jump, choose->exits};
        choose->exits = way;
    }
    choose->when->step.when.otherwise = w->r->fragment->count;
    choose->when = NULL;
    return true;
}

static void open_when(struct walk *w, struct frame *choose, const struct node *element)
{
    const struct node *id = node_member(choose->element, "id");
    if (!close_when(w, choose, element, false))
        return;
    struct draft_step *draft = append_step(w->r, element);
    if (draft == NULL)
        return;
    const char *path = path_of(w->r, choose, element, ++choose->when_count, "");
    draft->step = (struct plan_step){
        .kind = PLAN_WHEN, .source = "choose", .id = id == NULL ? SPAN("") : id->text, .path = path, .node = element};
    read_condition(w->r, element, &draft->step.when.condition);
    choose->when = draft;
    struct frame *branch = push(w, element, path_of(w->r, choose, element, choose->when_count, "/"));
    if (branch != NULL)
        branch->kind = FRAME_BRANCH;
}

static void open_otherwise(struct walk *w, struct frame *choose, const struct node *element)
{
    static const struct plan_shape shape = {"otherwise", NULL, 0, false};
    const struct node *none[PLAN_ATTRIBUTES_MAX];
    if (!plan_attributes(w->r, &shape, element, none) || !close_when(w, choose, element, false))
        return;
    choose->has_otherwise = true;
    struct frame *branch = push(w, element, path_of(w->r, choose, element, 1, "/"));
    if (branch != NULL)
        branch->kind = FRAME_BRANCH;
}

static void read_branch(struct walk *w, struct frame *choose, const struct node *element)
{
    static const char *const known[] = {"when", "otherwise"};
    bool is_when = xml_is(element, "when");
    if (!is_when && !xml_is(element, "otherwise"))
        xml_unknown(&w->r->rule, element, "element in <choose>", known, COUNT_OF(known));
    else if (choose->has_otherwise)
        problem_error(w->r->problems, element, "<%.*s> stands behind <otherwise>, which is the last",
                      SPAN_ARG(element->key));
    else if (is_when)
        open_when(w, choose, element);
    else if (choose->when_count == 0)
        problem_error(w->r->problems, element, "<otherwise> stands behind a <when>, and there is none");
    else
        open_otherwise(w, choose, element);
}

static void open_choose(struct walk *w, const struct frame *around, const struct node *element, size_t number)
{
    static const struct plan_shape shape = {"choose", NULL, 0, true};
    const struct node *none[PLAN_ATTRIBUTES_MAX];
    if (!plan_attributes(w->r, &shape, element, none))
        return;
    struct frame *choose = push(w, element, path_of(w->r, around, element, number, "/"));
    if (choose != NULL)
        choose->kind = FRAME_CHOOSE;
}

static void close_choose(struct walk *w, struct frame *choose)
{
    if (choose->when_count == 0)
        problem_error(w->r->problems, choose->element, "<choose> needs a <when>");
    if (!close_when(w, choose, choose->element, true))
        return;
    for (struct exit *way = choose->exits; way != NULL; way = way->next)
        way->jump->step.jump = w->r->fragment->count;
}

/* ---- policies ---- */

static bool check_idle(struct plan_reader *r, const struct node *element, const char *name)
{
    const struct plan_shape shape = {name, NULL, 0, false};
    const struct node *none[PLAN_ATTRIBUTES_MAX];
    bool is_good = plan_attributes(r, &shape, element, none);
    return plan_is_empty(r, element) && is_good;
}

static void read_base(struct plan_reader *r, const struct node *element)
{
    if (!check_idle(r, element, "base"))
        return;
    if (r->fragment->has_base)
        problem_error(r->problems, element, "a second <base/> in <%s>", plan_section_name(r->section));
    r->fragment->has_base = true;
    r->fragment->base = r->fragment->count;
}

/* Attributes that API Management knows: where that is said here. */
static const struct {
    const char *name;
    const char *hint;
} forward_hints[] = {
    {"timeout", "the time for an answer is backends.NAME.timeouts.response in the configuration"},
    {"timeout-ms", "the time for an answer is backends.NAME.timeouts.response in the configuration"},
    {"follow-redirects", "leave it out: redirects are passed on to the client, never followed"},
    {"buffer-request-body", "leave it out: bodies are streamed"},
};

static bool refuse_forward_attribute(struct plan_reader *r, const struct node *attribute)
{
    for (size_t i = 0; i < COUNT_OF(forward_hints); i++)
        if (attribute->space.len == 0 && span_eq(attribute->key, span_str(forward_hints[i].name)))
            return problem_key(r->problems, attribute, "<forward-request> takes no \"%s\"; %s", forward_hints[i].name,
                               forward_hints[i].hint);
    return xml_unknown(&r->rule, attribute, "attribute of <forward-request>", NULL, 0);
}

static bool check_forward(struct plan_reader *r, const struct node *element)
{
    bool is_good = true;
    for (const struct node *attribute = element->attributes; attribute != NULL; attribute = attribute->next)
        is_good = refuse_forward_attribute(r, attribute);
    return plan_is_empty(r, element) && is_good;
}

static void read_forward(struct plan_reader *r, const struct node *element)
{
    if (!check_forward(r, element))
        return;
    if (r->fragment->has_forward)
        problem_error(r->problems, element, "a second <forward-request> in <backend>");
    r->fragment->has_forward = true;
    r->fragment->forward = r->fragment->count;
    r->fragment->forwards_before_base = !r->fragment->has_base;
}

static void read_step(struct walk *w, const struct frame *frame, const struct node *element, size_t number)
{
    struct draft_step read = {.rule = NULL};
    if (!plan_read_policy(w->r, element, &read)) {
        w->r->is_incomplete = true;
        return;
    }
    struct draft_step *draft = append_step(w->r, element);
    if (draft == NULL)
        return;
    draft->step = read.step;
    draft->rule = read.rule;
    draft->step.path = path_of(w->r, frame, element, number, "");
}

/* A policy that stands directly in the section, its named values put in; NULL with a problem. */
static const struct node *resolve(struct plan_reader *r, const struct node *element)
{
    r->rule = (struct rule_reader){.settings = r->settings,
                                   .arena = r->arena,
                                   .problems = r->problems,
                                   .is_xml = true,
                                   .errors = r->problems->errors};
    const struct node *resolved = rule_resolve(&r->rule, element);
    if (resolved == NULL)
        problem_error(r->problems, element, "out of memory");
    return resolved;
}

static void read_element(struct walk *w, const struct frame *frame, const struct node *element)
{
    bool is_top = frame->kind == FRAME_SECTION;
    size_t number = number_of(element);
    if (!plan_may_stand(w->r, element, is_top) || (is_top && (element = resolve(w->r, element)) == NULL))
        return;
    if (xml_is(element, "base"))
        read_base(w->r, element);
    else if (xml_is(element, "forward-request"))
        read_forward(w->r, element);
    else if (xml_is(element, "choose"))
        open_choose(w, frame, element, number);
    else
        read_step(w, frame, element, number);
}

static void pop(struct walk *w)
{
    struct frame *frame = &w->frames[--w->depth];
    if (frame->kind == FRAME_CHOOSE)
        close_choose(w, frame);
}

void plan_read_section(struct plan_reader *r, const struct node *section)
{
    struct walk w = {.r = r};
    push(&w, section, "");
    while (w.depth > 0) {
        struct frame *frame = &w.frames[w.depth - 1];
        const struct node *element = plan_element(r, frame->next);
        frame->next = element == NULL ? NULL : element->next;
        if (element == NULL)
            pop(&w);
        else if (frame->kind == FRAME_CHOOSE)
            read_branch(&w, frame, element);
        else
            read_element(&w, frame, element);
    }
}

void plan_read_bare(struct plan_reader *r, const struct node *policy)
{
    struct walk w = {.r = r};
    const struct frame section = {.kind = FRAME_SECTION, .path = ""};
    read_element(&w, &section, policy);
}
