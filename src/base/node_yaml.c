/* SPDX-License-Identifier: Apache-2.0 */
/* YAML to nodes: libyaml's events, and what plain scalars mean by the core schema of YAML 1.2.2 (10.3.2). */
#include "base/node.h"

#include "node_int.h"

#include <yaml.h>

struct yaml_reader {
    struct node_builder tree;
    struct span text; /* of the document, without a byte order mark */
    size_t byte;      /* of the character ... */
    size_t character; /* ... with this number: how far marks were followed */
    struct node key;  /* the key whose value comes next; its `kind` counts not */
    bool has_key;
    unsigned documents;
};

static bool is_one_of(struct span s, const char *const *words)
{
    for (; *words != NULL; words++)
        if (span_eq(s, span_str(*words)))
            return true;
    return false;
}

static size_t digits_count(struct span s, const char *digits)
{
    size_t count = 0;
    while (count < s.len && strchr(digits, s.at[count]) != NULL && s.at[count] != '\0')
        count++;
    return count;
}

static bool is_based_integer(struct span s)
{
    struct span digits = span_from(s, 2);
    const char *known = span_starts(s, SPAN("0o"))   ? "01234567"
                        : span_starts(s, SPAN("0x")) ? "0123456789abcdefABCDEF"
                                                     : NULL;
    return known != NULL && digits.len > 0 && digits_count(digits, known) == digits.len;
}

/* Digits, a fraction, an exponent: `12`, `1.`, `.5`, `1.5e-3`; so `010` is ten. */
static bool is_decimal(struct span s)
{
    static const char digits[] = "0123456789";
    size_t whole = digits_count(s, digits);
    s = span_from(s, whole);
    size_t fraction = 0;
    if (span_starts(s, SPAN("."))) {
        fraction = digits_count(span_from(s, 1), digits);
        s = span_from(s, 1 + fraction);
    }
    if (whole + fraction == 0)
        return false;
    if (s.len == 0)
        return true;
    if (s.at[0] != 'e' && s.at[0] != 'E')
        return false;
    s = span_from(s, 1);
    if (s.len > 0 && (s.at[0] == '+' || s.at[0] == '-'))
        s = span_from(s, 1);
    return s.len > 0 && digits_count(s, digits) == s.len;
}

static bool is_number(struct span s)
{
    static const char *const infinite[] = {".inf", ".Inf", ".INF", NULL};
    static const char *const none[] = {".nan", ".NaN", ".NAN", NULL};
    if (is_based_integer(s) || is_one_of(s, none))
        return true;
    if (s.len > 0 && (s.at[0] == '+' || s.at[0] == '-'))
        s = span_from(s, 1);
    return is_decimal(s) || is_one_of(s, infinite);
}

static enum node_kind plain_kind(struct span s)
{
    static const char *const nulls[] = {"", "null", "Null", "NULL", "~", NULL};
    static const char *const truths[] = {"true", "True", "TRUE", "false", "False", "FALSE", NULL};
    if (is_one_of(s, nulls))
        return NODE_NULL;
    return is_one_of(s, truths) ? NODE_BOOL : is_number(s) ? NODE_NUMBER : NODE_TEXT;
}

static struct place place_of(yaml_mark_t mark)
{
    return (struct place){(unsigned)mark.line + 1, (unsigned)mark.column + 1};
}

/* The byte at a mark, which counts characters; marks come in the order of the text. */
static char char_at(struct yaml_reader *r, yaml_mark_t mark)
{
    while (r->character < mark.index && r->byte < r->text.len) {
        r->byte++;
        while (r->byte < r->text.len && ((unsigned char)r->text.at[r->byte] & 0xc0) == 0x80)
            r->byte++;
        r->character++;
    }
    return r->byte < r->text.len ? r->text.at[r->byte] : '\0';
}

/* Whether the innermost open node is a map that waits for a key. */
static bool wants_key(const struct yaml_reader *r)
{
    const struct node *top = node_builder_top(&r->tree);
    return top != NULL && top->kind == NODE_MAP && !r->has_key;
}

/* Adds a node; in a map under the key read before. */
static struct node *value_add(struct yaml_reader *r, enum node_kind kind, struct place at)
{
    struct node *node = node_builder_add(&r->tree, kind, at);
    if (node == NULL || !r->has_key)
        return node;
    node->key = r->key.text;
    node->key_line = r->key.line;
    node->key_column = r->key.column;
    r->has_key = false;
    return node;
}

/* Takes a scalar as key.  A second one of the same name is a problem, but reading goes on: there may be more. */
static bool key_take(struct yaml_reader *r, struct span text, struct place at)
{
    struct open_node *top = &r->tree.open[r->tree.depth - 1];
    r->key = (struct node){.text = text, .line = at.line, .column = at.column};
    r->has_key = true;
    if (map_get(&top->keys, text) != NULL)
        node_builder_problem(&r->tree, at, "key \"%s\" stands twice in this map", QUOTED(text));
    else if (!map_put(&top->keys, text, r))
        return node_builder_no_memory(&r->tree);
    return true;
}

/* Anchors and tags: refused, since nothing here would follow what they ask for. */
static void properties_refuse(struct yaml_reader *r, struct place at, const yaml_char_t *anchor, bool has_tag)
{
    if (anchor != NULL)
        node_builder_problem(&r->tree, at, "anchors (&%s) are not read; write the value out where it is needed",
                             QUOTED(span_str((const char *)anchor)));
    else if (has_tag)
        node_builder_problem(&r->tree, at, "tags (!) are not read; quote what is a text");
}

static bool scalar_take(struct yaml_reader *r, const yaml_event_t *event)
{
    struct place at = place_of(event->start_mark);
    bool is_plain = event->data.scalar.style == YAML_PLAIN_SCALAR_STYLE;
    struct span text = span_of(event->data.scalar.value, event->data.scalar.length);
    /* libyaml does not tell of a lone `!`: then the scalar begins with it. */
    bool has_tag = event->data.scalar.tag != NULL || char_at(r, event->start_mark) == '!';
    properties_refuse(r, at, event->data.scalar.anchor, has_tag);
    if (span_chr(text, '\0') != NULL)
        node_builder_problem(&r->tree, at, "a text must not hold the character NUL");
    text = arena_copy(r->tree.arena, text);
    if (text.at == NULL)
        return node_builder_no_memory(&r->tree);
    if (wants_key(r)) {
        if (is_plain && text.len == 0)
            node_builder_problem(&r->tree, at, "a key is missing before \":\"");
        return key_take(r, text, at);
    }
    struct node *node = value_add(r, is_plain ? plain_kind(text) : NODE_TEXT, at);
    if (node != NULL)
        node->text = text;
    return node != NULL;
}

static bool collection_take(struct yaml_reader *r, const yaml_event_t *event, enum node_kind kind)
{
    struct place at = place_of(event->start_mark);
    if (kind == NODE_MAP)
        properties_refuse(r, at, event->data.mapping_start.anchor, event->data.mapping_start.tag != NULL);
    else
        properties_refuse(r, at, event->data.sequence_start.anchor, event->data.sequence_start.tag != NULL);
    if (wants_key(r))
        return node_builder_problem(&r->tree, at, "a key must be a plain word or a text, found %s",
                                    node_kind_name(kind));
    struct node *node = value_add(r, kind, at);
    return node != NULL && node_builder_open(&r->tree, node);
}

static bool alias_take(struct yaml_reader *r, const yaml_event_t *event)
{
    struct place at = place_of(event->start_mark);
    struct span name = span_str((const char *)event->data.alias.anchor);
    node_builder_problem(&r->tree, at, "aliases (*%s) are not read; write the value out where it is needed",
                         QUOTED(name));
    return wants_key(r) ? key_take(r, arena_copy(r->tree.arena, name), at) : value_add(r, NODE_NULL, at) != NULL;
}

static bool document_take(struct yaml_reader *r, const yaml_event_t *event)
{
    const yaml_version_directive_t *version = event->data.document_start.version_directive;
    struct place at = place_of(event->start_mark);
    if (++r->documents > 1)
        return node_builder_problem(&r->tree, at, "a second document begins; one is read");
    if (version != NULL && (version->major != 1 || version->minor != 2))
        return node_builder_problem(&r->tree, at, "the document is said to be YAML %d.%d; 1.2 is read", version->major,
                                    version->minor);
    return true;
}

/* False when reading ends: at the end, or after a problem. */
static bool yaml_take(struct yaml_reader *r, const yaml_event_t *event)
{
    switch (event->type) {
    case YAML_NO_EVENT:
    case YAML_STREAM_END_EVENT: return false;
    case YAML_STREAM_START_EVENT:
    case YAML_DOCUMENT_END_EVENT: return true;
    case YAML_DOCUMENT_START_EVENT: return document_take(r, event);
    case YAML_ALIAS_EVENT: return alias_take(r, event);
    case YAML_SCALAR_EVENT: return scalar_take(r, event);
    case YAML_SEQUENCE_START_EVENT: return collection_take(r, event, NODE_LIST);
    case YAML_MAPPING_START_EVENT: return collection_take(r, event, NODE_MAP);
    case YAML_SEQUENCE_END_EVENT:
    case YAML_MAPPING_END_EVENT: node_builder_close(&r->tree); return true;
    }
    return false;
}

/* What libyaml stopped at, in its words. */
static bool syntax_problem(struct yaml_reader *r, const yaml_parser_t *parser)
{
    const char *problem = parser->problem == NULL ? "cannot be read" : parser->problem;
    if (parser->error == YAML_MEMORY_ERROR)
        return node_builder_no_memory(&r->tree);
    if (parser->error == YAML_READER_ERROR)
        return node_builder_problem(&r->tree, node_place_of_byte(r->text, parser->problem_offset), "not YAML: %s",
                                    problem);
    struct place at = place_of(parser->problem_mark);
    if (parser->context == NULL || parser->context_mark.line == parser->problem_mark.line)
        return node_builder_problem(&r->tree, at, "not YAML: %s%s%s", problem, parser->context == NULL ? "" : " ",
                                    parser->context == NULL ? "" : parser->context);
    return node_builder_problem(&r->tree, at, "not YAML: %s %s that began in line %u", problem, parser->context,
                                place_of(parser->context_mark).line);
}

static void yaml_run(struct yaml_reader *r, yaml_parser_t *parser)
{
    bool is_going = true;
    while (is_going) {
        yaml_event_t event;
        if (!yaml_parser_parse(parser, &event)) {
            syntax_problem(r, parser);
            return;
        }
        is_going = yaml_take(r, &event);
        yaml_event_delete(&event);
    }
}

static void document_read(struct yaml_reader *r)
{
    yaml_parser_t parser;
    if (r->text.len > r->tree.limits.bytes_max) {
        node_builder_problem(&r->tree, (struct place){0, 0}, "the document has more than %zu bytes",
                             r->tree.limits.bytes_max);
        return;
    }
    if (!yaml_parser_initialize(&parser)) {
        node_builder_no_memory(&r->tree);
        return;
    }
    yaml_parser_set_input_string(&parser, (const unsigned char *)(r->text.at == NULL ? "" : r->text.at), r->text.len);
    yaml_parser_set_encoding(&parser, YAML_UTF8_ENCODING);
    yaml_run(r, &parser);
    yaml_parser_delete(&parser);
}

struct node *node_read_yaml_within(struct arena *arena, const char *file, struct span text,
                                   const struct node_limits *limits, struct problems *problems)
{
    struct yaml_reader r = {.text = text};
    unsigned errors = problems->errors;
    if (span_starts(text, SPAN("\xef\xbb\xbf")))
        r.text = span_from(text, 3);
    if (node_builder_init(&r.tree, arena, file, problems)) {
        r.tree.limits = *limits;
        document_read(&r);
    }
    node_builder_fini(&r.tree);
    if (problems->errors == errors && r.tree.root == NULL)
        problem_at(problems, PROBLEM_ERROR, file, 1, 1, "the document is empty");
    return problems->errors == errors ? r.tree.root : NULL;
}

struct node *node_read_yaml(struct arena *arena, const char *file, struct span text, struct problems *problems)
{
    static const struct node_limits limits = {NODE_COUNT_MAX, NODE_BYTES_MAX};
    return node_read_yaml_within(arena, file, text, &limits, problems);
}
