/* SPDX-License-Identifier: Apache-2.0 */
/* Named values put into a policy's texts, and expressions found in them.
 *
 * The replacement is plain text, whole or partial, and is not looked at again for further names (no nesting).  An expression
 * is the whole of a text: one within other text would have to be taken as text, and a policy that is not understood must not
 * load.
 */
#include "rule_int.h"

#include "base/buf.h"
#include "policy/expression.h"

bool rule_holds_expression(struct span text)
{
    return span_holds(text, SPAN("@(")) || span_holds(text, SPAN("@{"));
}

/* Index of the named value, or the count of all. */
static size_t find_named(const struct rule_settings *settings, struct span name)
{
    size_t i = 0;
    while (i < settings->named_count && !span_eq(settings->named_names[i], name))
        i++;
    return i;
}

/* Keys are secrets: a message must not show what a named value put there. */
static bool stands_in_keys(const struct node *node)
{
    static const char *const words[] = {"issuer_signing_keys", "issuer-signing-keys", "decryption_keys",
                                        "decryption-keys"};
    for (; node != NULL; node = node->parent)
        for (size_t i = 0; i < COUNT_OF(words); i++)
            if (span_eq(node->key, span_str(words[i])))
                return true;
    return false;
}

/* A text that is wholly a plain number or boolean once its name is replaced is one, as if it had been written so. */
static enum node_kind kind_of_plain(struct span text)
{
    uint64_t number;
    if (span_eq(text, SPAN("true")) || span_eq(text, SPAN("false")))
        return NODE_BOOL;
    return span_u64(text, INT64_MAX, &number) ? NODE_NUMBER : NODE_TEXT;
}

static bool put_piece(struct rule_reader *reader, struct node *node, struct span *rest, struct buf *out)
{
    const struct rule_settings *settings = reader->settings;
    const char *open = memmem(rest->at, rest->len, "{{", 2);
    if (open == NULL) {
        buf_add_span(out, *rest);
        *rest = span_of(NULL, 0);
        return true;
    }
    buf_add(out, rest->at, (size_t)(open - rest->at));
    *rest = span_from(*rest, (size_t)(open - rest->at) + 2);
    const char *close = rest->len == 0 ? NULL : memmem(rest->at, rest->len, "}}", 2);
    if (close == NULL)
        return problem_error(reader->problems, node, "`{{` without `}}`");
    struct span name = span_trim(span_of(rest->at, (size_t)(close - rest->at)));
    size_t at = find_named(settings, name);
    if (at == settings->named_count)
        return problem_error(reader->problems, node, "named value \"%s\" is not defined; %s",
                             QUOTED_UNLESS(node->is_secret, name),
                             settings->named_hint != NULL ? settings->named_hint : "add it to named_values");
    if (settings->named_values[at].at == NULL)
        return false;
    buf_add_span(out, settings->named_values[at]);
    node->is_secret = node->is_secret || (settings->named_secrets != NULL && settings->named_secrets[at]);
    *rest = span_from(*rest, (size_t)(close - rest->at) + 2);
    return true;
}

static bool replace_names(struct rule_reader *reader, struct node *node)
{
    AUTO(buf) out = {.bytes_max = NODE_BYTES_MAX};
    for (struct span rest = node->text; rest.len > 0;)
        if (!put_piece(reader, node, &rest, &out))
            return rule_mark_bad(reader, node);
    node->text = arena_copy(reader->arena, buf_span(&out));
    node->is_secret = node->is_secret || stands_in_keys(node);
    if (out.is_broken || node->text.at == NULL)
        return problem_error(reader->problems, node, "out of memory");
    if (!reader->is_xml)
        node->kind = kind_of_plain(node->text);
    return true;
}

static struct span trim_xml(struct span text)
{
    while (text.len > 0 && strchr(" \t\r\n", text.at[0]) != NULL)
        text = span_from(text, 1);
    while (text.len > 0 && strchr(" \t\r\n", text.at[text.len - 1]) != NULL)
        text.len--;
    return text;
}

/* An expression without the blanks around it, its node placed at the `@`, so that its faults can be told at their places.  The
 * place of a text within quotes is that of the quote: of attributes, and in YAML, where `@` begins no plain scalar.
 */
static void settle_expression(struct rule_reader *reader, struct node *node, bool is_quoted)
{
    struct span text = trim_xml(node->text);
    if (!rule_holds_expression(text))
        return;
    if (expression_is(text)) {
        bool is_one_line = span_chr(node->text, '\n') == NULL || reader->is_xml;
        node->column += is_quoted && is_one_line ? 1 + (unsigned)(text.at - node->text.at) : 0;
        node->text = text;
        return;
    }
    problem_error(reader->problems, node,
                  "a policy expression is the whole of a value: put the text around it into it, as in "
                  "@(\"text \" + ...)");
    rule_mark_bad(reader, node);
}

static void resolve_text(struct rule_reader *reader, struct node *node, bool is_quoted)
{
    bool is_text = node->kind == NODE_TEXT;
    if (node->is_lost) {
        rule_mark_bad(reader, node);
        return;
    }
    if (is_text && span_holds(node->text, SPAN("{{")) && !replace_names(reader, node))
        return;
    if (is_text)
        settle_expression(reader, node, is_quoted);
}

static struct node *copy_one(struct rule_reader *reader, const struct node *from, struct node *parent)
{
    struct node *copy = arena_take(reader->arena, sizeof *copy);
    if (copy == NULL)
        return NULL;
    *copy = *from;
    copy->parent = parent;
    copy->children = copy->attributes = copy->next = NULL;
    struct node **end = &copy->attributes;
    for (const struct node *attribute = from->attributes; attribute != NULL; attribute = attribute->next) {
        *end = arena_take(reader->arena, sizeof **end);
        if (*end == NULL)
            return NULL;
        **end = *attribute;
        (*end)->parent = copy;
        (*end)->next = NULL;
        resolve_text(reader, *end, true);
        end = &(*end)->next;
    }
    resolve_text(reader, copy, !reader->is_xml);
    return copy;
}

struct node *rule_resolve(struct rule_reader *reader, const struct node *root)
{
    struct node *top = copy_one(reader, root, NULL);
    const struct node *from = root;
    struct node *to = top;
    while (to != NULL) {
        if (from->children != NULL) {
            from = from->children;
            to = to->children = copy_one(reader, from, to);
            continue;
        }
        while (from != root && from->next == NULL) {
            from = from->parent;
            to = to->parent;
        }
        if (from == root)
            return top;
        from = from->next;
        to = to->next = copy_one(reader, from, to->parent);
    }
    return NULL;
}
