/* SPDX-License-Identifier: Apache-2.0 */
/* Trees of nodes: growing them for the readers, looking things up, reading the files they come from. */
#include "base/node.h"

#include "node_int.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <unistd.h>

enum { READ_BYTES = 65536 };

struct node *node_member(const struct node *node, const char *name)
{
    struct span wanted = span_str(name);
    struct node *at = node->kind == NODE_ELEMENT ? node->attributes : node->kind == NODE_MAP ? node->children : NULL;
    while (at != NULL && !span_eq(at->key, wanted))
        at = at->next;
    return at;
}

size_t node_count(const struct node *node)
{
    size_t count = 0;
    for (const struct node *child = node->children; child != NULL; child = child->next)
        count++;
    return count;
}

struct node *node_behind(const struct node *node, const struct node *root)
{
    if (node->children != NULL)
        return node->children;
    while (node != root && node->next == NULL)
        node = node->parent;
    return node == root ? NULL : node->next;
}

const char *node_kind_name(enum node_kind kind)
{
    switch (kind) {
    case NODE_NULL: return "nothing";
    case NODE_BOOL: return "a truth value";
    case NODE_NUMBER: return "a number";
    case NODE_TEXT: return "a text";
    case NODE_LIST: return "a list";
    case NODE_MAP: return "a map";
    case NODE_ELEMENT: return "an element";
    }
    return "?";
}

void node_place_pass(struct place *at, char c, char next)
{
    if (c == '\n' || (c == '\r' && next != '\n')) {
        at->line++;
        at->column = 1;
    } else if (((unsigned char)c & 0xc0) != 0x80) {
        at->column++;
    }
}

struct place node_place_of_byte(struct span text, size_t byte)
{
    struct place at = {1, 1};
    size_t mark = span_starts(text, SPAN("\xef\xbb\xbf")) ? 3 : 0;
    for (size_t i = mark; i < byte && i < text.len; i++)
        node_place_pass(&at, text.at[i], i + 1 < text.len ? text.at[i + 1] : '\0');
    return at;
}

bool node_builder_init(struct node_builder *b, struct arena *arena, const char *file, struct problems *problems)
{
    *b = (struct node_builder){.arena = arena, .problems = problems, .limits = {NODE_COUNT_MAX, NODE_BYTES_MAX}};
    b->file = arena_copy(arena, span_str(file)).at;
    return b->file != NULL || node_builder_no_memory(b);
}

void node_builder_fini(struct node_builder *b)
{
    while (b->depth > 0)
        node_builder_close(b);
}

bool node_builder_problem(struct node_builder *b, struct place at, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    char text[ERR_TEXT_BYTES];
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    return problem_at(b->problems, PROBLEM_ERROR, b->file, at.line, at.column, "%s", text);
}

bool node_builder_no_memory(struct node_builder *b)
{
    return problem_at(b->problems, PROBLEM_ERROR, b->file, 0, 0, "out of memory");
}

struct node *node_builder_top(const struct node_builder *b)
{
    return b->depth == 0 ? NULL : b->open[b->depth - 1].node;
}

struct node *node_builder_node(struct node_builder *b, enum node_kind kind, struct place at)
{
    if (b->count >= b->limits.count_max) {
        node_builder_problem(b, at, "the document has more than %zu values", b->limits.count_max);
        return NULL;
    }
    struct node *node = arena_zero(b->arena, sizeof *node);
    if (node == NULL) {
        node_builder_no_memory(b);
        return NULL;
    }
    b->count++;
    node->kind = kind;
    node->file = b->file;
    node->line = at.line;
    node->column = at.column;
    node->parent = node_builder_top(b);
    return node;
}

struct node *node_builder_add(struct node_builder *b, enum node_kind kind, struct place at)
{
    struct node *node = node_builder_node(b, kind, at);
    if (node == NULL)
        return NULL;
    if (b->depth == 0) {
        b->root = node;
        return node;
    }
    struct open_node *top = &b->open[b->depth - 1];
    if (top->last == NULL)
        top->node->children = node;
    else
        top->last->next = node;
    top->last = node;
    return node;
}

bool node_builder_open(struct node_builder *b, struct node *node)
{
    if (b->depth == NODE_DEPTH_MAX)
        return node_builder_problem(b, (struct place){node->line, node->column},
                                    "the document is more than %d levels deep", NODE_DEPTH_MAX);
    b->open[b->depth++] = (struct open_node){.node = node};
    return true;
}

void node_builder_close(struct node_builder *b)
{
    assert(b->depth > 0);
    map_fini(&b->open[--b->depth].keys);
}

/* Reads to the end of `file`; one byte more than may be tells that there is too much. */
static bool file_drain(int file, struct buf *bytes)
{
    for (;;) {
        if (bytes->bytes_max == buf_len(bytes))
            return true;
        size_t room = bytes->bytes_max - buf_len(bytes);
        if (!buf_reserve(bytes, room < READ_BYTES ? room : READ_BYTES)) {
            errno = ENOMEM;
            return false;
        }
        ssize_t got =
            read(file, bytes->at + bytes->end, bytes->size - bytes->end < room ? bytes->size - bytes->end : room);
        if (got == 0)
            return true;
        if (got < 0 && errno != EINTR)
            return false;
        bytes->end += got > 0 ? (size_t)got : 0;
    }
}

bool node_read_file(struct arena *arena, const char *path, size_t bytes_max, struct span *bytes, struct err *err)
{
    AUTO(buf) content = {.bytes_max = bytes_max + 1};
    int file = open(path, O_RDONLY | O_CLOEXEC);
    if (file < 0)
        return fail(err, REASON_CONFIG, "cannot open \"%s\": %s", QUOTED(span_str(path)), strerror(errno));
    bool is_read = file_drain(file, &content);
    int cause = errno;
    close(file);
    if (!is_read)
        return fail(err, REASON_CONFIG, "cannot read \"%s\": %s", QUOTED(span_str(path)), strerror(cause));
    if (buf_len(&content) > bytes_max)
        return fail(err, REASON_CONFIG, "\"%s\" has more than %zu bytes", QUOTED(span_str(path)), bytes_max);
    *bytes = arena_copy(arena, buf_span(&content));
    if (bytes->at == NULL)
        return fail(err, REASON_CONFIG, "no memory for \"%s\"", QUOTED(span_str(path)));
    return true;
}

char *node_resolve_path(struct arena *arena, const char *file, struct span path)
{
    const char *slash = strrchr(file, '/');
    bool is_absolute = path.len > 0 && path.at[0] == '/';
    int folder = is_absolute || slash == NULL ? 0 : (int)(slash - file) + 1;
    return arena_printf(arena, "%.*s%.*s", folder, file, SPAN_ARG(path));
}
