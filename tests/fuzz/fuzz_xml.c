/* SPDX-License-Identifier: Apache-2.0 */
/* XML of any bytes, the raw form with it: besides the promises of every tree, an element stands where a `<` is in the file and
 * an attribute where a quote is, whatever the raw form did to the text that expat saw.
 */
#include "fuzz_nodes.h"

/* A walk over the file, as far as places asked for: they come in the order of the document. */
struct file_walk {
    struct span file;
    size_t byte;
    unsigned line, column;
};

static void byte_pass(struct file_walk *w)
{
    char c = w->file.at[w->byte++];
    char next = w->byte < w->file.len ? w->file.at[w->byte] : '\0';
    if (c == '\n' || (c == '\r' && next != '\n')) {
        w->line++;
        w->column = 1;
    } else if (((unsigned char)c & 0xc0) != 0x80) {
        w->column++;
    }
}

static char char_at(struct file_walk *w, const struct node *node)
{
    while (w->byte < w->file.len && (w->line < node->line || (w->line == node->line && w->column < node->column)))
        byte_pass(w);
    while (w->byte < w->file.len && ((unsigned char)w->file.at[w->byte] & 0xc0) == 0x80)
        byte_pass(w);
    if (w->byte >= w->file.len || w->line != node->line || w->column != node->column)
        abort();
    return w->file.at[w->byte];
}

static void places_check(const struct node *root, struct span file)
{
    struct file_walk walk = {file, span_starts(file, SPAN("\xef\xbb\xbf")) ? 3 : 0, 1, 1};
    for (const struct node *at = root; at != NULL; at = node_behind(at, root)) {
        char c = char_at(&walk, at);
        if (at->kind == NODE_ELEMENT ? c != '<' : c == ' ' || c == '\n' || c == '\t' || c == '\r')
            abort();
        for (const struct node *attribute = at->attributes; attribute != NULL; attribute = attribute->next) {
            c = char_at(&walk, attribute);
            if (c != '"' && c != '\'')
                abort();
        }
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    AUTO(arena) arena = {0};
    AUTO(problems) problems;
    problems_init(&problems);
    const struct node *root = node_read_xml(&arena, "fuzz.xml", span_of(data, size), &problems);
    tree_check(root, &problems);
    places_check(root, span_of(data, size));
    return 0;
}
