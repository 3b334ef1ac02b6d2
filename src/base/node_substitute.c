/* SPDX-License-Identifier: Apache-2.0 */
/* `${NAME}` and `${file:PATH}` in the texts of a tree.  What is put in is not looked through again, so that no value from
 * outside can name another.
 */
#include "base/ascii.h"
#include "base/buf.h"
#include "base/node.h"

enum { VALUE_BYTES_MAX = 1 << 20 };

/* One text on its way. */
struct text_change {
    struct node *node;
    struct arena *arena;
    struct problems *problems;
    struct buf out;
};

static bool is_name(struct span s)
{
    for (size_t i = 0; i < s.len; i++)
        if (!ascii_is_name(s.at[i], i == 0))
            return false;
    return s.len > 0;
}

static bool variable_put(struct text_change *t, struct span name)
{
    if (!is_name(name))
        return problem_error(t->problems, t->node,
                             "\"${%s}\" names no environment variable; write $${ where ${ itself is meant",
                             QUOTED(name));
    char *text = arena_printf(t->arena, "%.*s", SPAN_ARG(name));
    if (text == NULL)
        return problem_error(t->problems, t->node, "out of memory");
    const char *value = getenv(text);
    if (value == NULL)
        return problem_error(t->problems, t->node, "environment variable \"%s\" is not set", text);
    buf_add_str(&t->out, value);
    return true;
}

static bool file_put(struct text_change *t, struct span path)
{
    struct err err;
    struct span bytes;
    char *resolved = path.len == 0 ? NULL : node_resolve_path(t->arena, t->node->file, path);
    if (resolved == NULL)
        return problem_error(t->problems, t->node, path.len == 0 ? "\"${file:}\" names no file" : "out of memory");
    if (!node_read_file(t->arena, resolved, VALUE_BYTES_MAX, &bytes, &err))
        return problem_error(t->problems, t->node, "%s", err.text);
    if (span_chr(bytes, '\0') != NULL)
        return problem_error(t->problems, t->node, "\"%s\" is no text: it holds a NUL byte", QUOTED(path));
    if (span_ends(bytes, SPAN("\n")))
        bytes.len -= span_ends(bytes, SPAN("\r\n")) ? 2 : 1;
    buf_add_span(&t->out, bytes);
    return true;
}

/* Puts in what `${` at the start of `rest` asks for, and moves behind its `}`. */
static bool reference_put(struct text_change *t, struct span *rest)
{
    const char *end = span_chr(*rest, '}');
    if (end == NULL)
        return problem_error(t->problems, t->node, "\"${\" without \"}\"; write $${ where ${ itself is meant");
    struct span inside = span_of(rest->at + 2, (size_t)(end - rest->at) - 2);
    *rest = span_from(*rest, inside.len + 3);
    t->node->is_secret = true;
    if (span_starts(inside, SPAN("file:")))
        return file_put(t, span_from(inside, 5));
    return variable_put(t, inside);
}

static bool text_substitute(struct text_change *t)
{
    bool is_good = true;
    struct span rest = t->node->text;
    if (!span_holds(rest, SPAN("${")))
        return true;
    while (rest.len > 0) {
        if (span_starts(rest, SPAN("$${"))) {
            buf_add_str(&t->out, "${");
            rest = span_from(rest, 3);
        } else if (!span_starts(rest, SPAN("${"))) {
            buf_add_char(&t->out, rest.at[0]);
            rest = span_from(rest, 1);
        } else if (!reference_put(t, &rest)) {
            is_good = false;
            break;
        }
    }
    if (!is_good)
        return false;
    struct span text = t->out.is_broken ? (struct span){0} : arena_copy(t->arena, buf_span(&t->out));
    if (text.at == NULL)
        return problem_error(t->problems, t->node, "out of memory");
    t->node->text = text;
    return true;
}

static bool node_change(struct node *node, struct arena *arena, struct problems *problems)
{
    struct text_change change = {node, arena, problems, {0}};
    bool is_good = node->kind != NODE_TEXT || text_substitute(&change);
    node->is_lost = !is_good;
    buf_fini(&change.out);
    return is_good;
}

bool node_substitute(struct node *node, struct arena *arena, struct problems *problems)
{
    bool is_good = true;
    for (struct node *at = node; at != NULL; at = node_behind(at, node)) {
        is_good = node_change(at, arena, problems) && is_good;
        for (struct node *attribute = at->attributes; attribute != NULL; attribute = attribute->next)
            is_good = node_change(attribute, arena, problems) && is_good;
    }
    return is_good;
}
