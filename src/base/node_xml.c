/* SPDX-License-Identifier: Apache-2.0 */
/* XML to nodes: expat's events.  Places come from byte positions, since expat tells those of tags only, and of a text that
 * the raw form may have changed.
 */
#include "base/node.h"

#include "node_raw_int.h"

#include <expat.h>

/* Stands between namespace and name in what expat hands out: no document can hold it (XML 1.0, 2.2). */
#define NAME_SEPARATOR '\x01'

struct xml_reader {
    struct node_builder tree;
    struct raw_text raw;
    struct span xml; /* what expat reads */
    struct raw_cursor cursor;
    XML_Parser parser;
    struct buf text; /* character data since the last tag */
    struct place text_at;
    bool has_text; /* some of it is no white space; text_at is set then */
    bool is_stopped;
};

static void reader_stop(struct xml_reader *r)
{
    r->is_stopped = true;
    XML_StopParser(r->parser, XML_FALSE);
}

static size_t byte_now(const struct xml_reader *r)
{
    XML_Index byte = XML_GetCurrentByteIndex(r->parser);
    return byte < 0 ? 0 : (size_t)byte < r->xml.len ? (size_t)byte : r->xml.len;
}

static struct place place_of(struct xml_reader *r, size_t byte)
{
    return node_raw_place(&r->raw, &r->cursor, byte);
}

static struct span space_trim(struct span s)
{
    while (s.len > 0 && is_xml_space(s.at[0]))
        s = span_from(s, 1);
    while (s.len > 0 && is_xml_space(s.at[s.len - 1]))
        s.len--;
    return s;
}

/* The name at the start of `s`: up to white space or what may follow a name in a tag. */
static struct span name_take(struct span s)
{
    size_t len = 0;
    while (len < s.len && !is_xml_space(s.at[len]) && strchr("=/>", s.at[len]) == NULL)
        len++;
    return span_cut(s, len);
}

/* The text gathered becomes a node. */
static bool text_flush(struct xml_reader *r)
{
    if (!r->has_text && !r->text.is_broken)
        return true;
    struct node *node = node_builder_add(&r->tree, NODE_TEXT, r->text_at);
    if (node == NULL)
        return false;
    node->text = arena_copy(r->tree.arena, space_trim(buf_span(&r->text)));
    if (r->text.is_broken || node->text.at == NULL)
        return node_builder_no_memory(&r->tree);
    buf_clear(&r->text);
    r->has_text = false;
    return true;
}

/* Key and namespace of an element or attribute: `name` as in the document, `expanded` as by expat. */
static bool name_put(struct xml_reader *r, struct node *node, struct span name, const char *expanded)
{
    const char *separator = strchr(expanded, NAME_SEPARATOR);
    node->key = arena_copy(r->tree.arena, name);
    if (separator != NULL)
        node->space = arena_copy(r->tree.arena, span_of(expanded, (size_t)(separator - expanded)));
    if (node->key.at == NULL || (separator != NULL && node->space.at == NULL))
        return node_builder_no_memory(&r->tree);
    return true;
}

/* An attribute of a start tag as it stands in the document. */
struct tag_attribute {
    struct span name;
    size_t value; /* byte of its quote */
};

/* The next attribute that is no declaration of a namespace; `rest` is what is left of the tag. */
static bool attribute_next(struct xml_reader *r, struct span *rest, struct tag_attribute *attribute)
{
    for (;;) {
        while (rest->len > 0 && is_xml_space(rest->at[0]))
            *rest = span_from(*rest, 1);
        attribute->name = name_take(*rest);
        *rest = span_from(*rest, attribute->name.len);
        while (rest->len > 0 && rest->at[0] != '"' && rest->at[0] != '\'')
            *rest = span_from(*rest, 1);
        if (attribute->name.len == 0 || rest->len == 0)
            return false;
        attribute->value = (size_t)(rest->at - r->xml.at);
        const char *end = span_chr(span_from(*rest, 1), rest->at[0]);
        *rest = span_from(*rest, end == NULL ? rest->len : (size_t)(end - rest->at) + 1);
        if (!span_eq(attribute->name, SPAN("xmlns")) && !span_starts(attribute->name, SPAN("xmlns:")))
            return true;
    }
}

static struct node *attribute_add(struct xml_reader *r, const struct tag_attribute *from, const char **pair)
{
    struct place key_at = place_of(r, (size_t)(from->name.at - r->xml.at));
    struct node *node = node_builder_node(&r->tree, NODE_TEXT, place_of(r, from->value));
    if (node == NULL || !name_put(r, node, from->name, pair[0]))
        return NULL;
    node->key_line = key_at.line;
    node->key_column = key_at.column;
    node->text = arena_copy(r->tree.arena, span_str(pair[1]));
    if (node->text.at == NULL)
        node_builder_no_memory(&r->tree);
    return node->text.at == NULL ? NULL : node;
}

/* Both expat and the tag give the attributes in the order of the document. */
static bool attributes_add(struct xml_reader *r, struct node *element, struct span tag, const char **pairs)
{
    struct node **end = &element->attributes;
    for (; *pairs != NULL; pairs += 2) {
        struct tag_attribute attribute;
        if (!attribute_next(r, &tag, &attribute))
            attribute = (struct tag_attribute){span_str(pairs[0]), (size_t)(tag.at - r->xml.at)};
        *end = attribute_add(r, &attribute, pairs);
        if (*end == NULL)
            return false;
        (*end)->parent = element;
        end = &(*end)->next;
    }
    return true;
}

static bool element_begin(struct xml_reader *r, const char *expanded, const char **pairs)
{
    if (!text_flush(r))
        return false;
    size_t byte = byte_now(r);
    int count = XML_GetCurrentByteCount(r->parser);
    struct span tag = span_cut(span_from(r->xml, byte + 1), count > 0 ? (size_t)count - 1 : 0);
    struct node *node = node_builder_add(&r->tree, NODE_ELEMENT, place_of(r, byte));
    struct span name = name_take(tag);
    if (node == NULL || !name_put(r, node, name, expanded))
        return false;
    node->key_line = node->line;
    node->key_column = node->column + 1;
    return attributes_add(r, node, span_from(tag, name.len), pairs) && node_builder_open(&r->tree, node);
}

static void on_element_begin(void *arg, const XML_Char *name, const XML_Char **attributes)
{
    struct xml_reader *r = arg;
    if (!r->is_stopped && !element_begin(r, name, attributes))
        reader_stop(r);
}

static void on_element_end(void *arg, const XML_Char *name)
{
    struct xml_reader *r = arg;
    (void)name;
    if (r->is_stopped)
        return;
    if (text_flush(r))
        node_builder_close(&r->tree);
    else
        reader_stop(r);
}

/* A piece of character data; the place of the whole is that of its first byte that is no white space. */
static void on_text(void *arg, const XML_Char *bytes, int len)
{
    struct xml_reader *r = arg;
    size_t blank = 0;
    if (r->is_stopped)
        return;
    while (blank < (size_t)len && is_xml_space(bytes[blank]))
        blank++;
    if (!r->has_text && blank < (size_t)len) {
        r->text_at = place_of(r, byte_now(r) + blank);
        r->has_text = true;
    }
    if (!buf_add(&r->text, bytes, (size_t)len)) {
        node_builder_no_memory(&r->tree);
        reader_stop(r);
    }
}

static void on_doctype(void *arg, const XML_Char *name, const XML_Char *system, const XML_Char *public, int has_subset)
{
    static const char word[] = "<!DOCTYPE";
    struct xml_reader *r = arg;
    size_t byte = byte_now(r);
    (void)name;
    (void)system;
    (void)public;
    (void)has_subset;
    while (byte > 0 && !span_starts(span_from(r->xml, byte), span_str(word)))
        byte--;
    node_builder_problem(&r->tree, place_of(r, byte), "document type declarations (<!DOCTYPE) are refused: remove it");
    reader_stop(r);
}

static void on_declaration(void *arg, const XML_Char *version, const XML_Char *encoding, int standalone)
{
    struct xml_reader *r = arg;
    struct span name = span_str(encoding);
    (void)version;
    (void)standalone;
    if (name.len == 0 || span_eq_nocase(name, SPAN("utf-8")) || span_eq_nocase(name, SPAN("us-ascii")))
        return;
    node_builder_problem(&r->tree, place_of(r, byte_now(r)), "encoding \"%s\" is not read; save the document as UTF-8",
                         QUOTED(name));
    reader_stop(r);
}

/* Whether the byte stands in or right behind what an `&` begins. */
static bool follows_ampersand(struct span xml, size_t byte)
{
    while (byte > 0 && name_take(span_of(xml.at + byte - 1, 1)).len > 0 && xml.at[byte - 1] != '&')
        byte--;
    return (byte > 0 && xml.at[byte - 1] == '&') || (byte < xml.len && xml.at[byte] == '&');
}

/* What to write instead, or nothing. */
static const char *syntax_hint(const struct xml_reader *r, enum XML_Error error)
{
    size_t byte = byte_now(r);
    if (error != XML_ERROR_INVALID_TOKEN && error != XML_ERROR_UNDEFINED_ENTITY)
        return "";
    if (follows_ampersand(r->xml, byte))
        return "; write &amp; for &";
    bool is_angle = (byte < r->xml.len && r->xml.at[byte] == '<') || (byte > 0 && r->xml.at[byte - 1] == '<');
    return is_angle ? "; write &lt; for <" : "";
}

/* What expat stopped at; a raw expression without end before that is the likely cause. */
static void syntax_problem(struct xml_reader *r)
{
    enum XML_Error error = XML_GetErrorCode(r->parser);
    const struct node *top = node_builder_top(&r->tree);
    struct place at = place_of(r, byte_now(r));
    if (r->raw.open.line != 0)
        node_builder_problem(&r->tree, r->raw.open,
                             "the expression that begins here has no end, or more stands behind it");
    if (error == XML_ERROR_NO_MEMORY)
        node_builder_no_memory(&r->tree);
    else if (error == XML_ERROR_TAG_MISMATCH && top != NULL)
        node_builder_problem(&r->tree, at, "not XML: this closes another element than the open <%s> of line %u",
                             QUOTED(top->key), top->line);
    else
        node_builder_problem(&r->tree, at, "not XML: %s%s", XML_ErrorString(error), syntax_hint(r, error));
}

static void parser_run(struct xml_reader *r)
{
    XML_SetUserData(r->parser, r);
    XML_SetElementHandler(r->parser, on_element_begin, on_element_end);
    XML_SetCharacterDataHandler(r->parser, on_text);
    XML_SetStartDoctypeDeclHandler(r->parser, on_doctype);
    XML_SetXmlDeclHandler(r->parser, on_declaration);
    enum XML_Status status = XML_Parse(r->parser, r->xml.at == NULL ? "" : r->xml.at, (int)r->xml.len, XML_TRUE);
    if (status == XML_STATUS_ERROR && !r->is_stopped)
        syntax_problem(r);
}

static void document_read(struct xml_reader *r)
{
    r->parser = XML_ParserCreateNS("UTF-8", NAME_SEPARATOR);
    if (r->parser == NULL) {
        node_builder_no_memory(&r->tree);
        return;
    }
    parser_run(r);
    XML_ParserFree(r->parser);
    r->parser = NULL;
}

static void file_read(struct xml_reader *r, struct span text)
{
    if (text.len > NODE_BYTES_MAX) {
        node_builder_problem(&r->tree, (struct place){0, 0}, "the document has more than %d bytes", NODE_BYTES_MAX);
        return;
    }
    if (node_raw_init(&r->raw, text)) {
        r->xml = node_raw_xml(&r->raw);
        document_read(r);
    } else {
        node_builder_no_memory(&r->tree);
    }
    node_raw_fini(&r->raw);
    buf_fini(&r->text);
}

struct node *node_read_xml(struct arena *arena, const char *file, struct span text, struct problems *problems)
{
    struct xml_reader r = {0};
    unsigned errors = problems->errors;
    if (node_builder_init(&r.tree, arena, file, problems))
        file_read(&r, text);
    node_builder_fini(&r.tree);
    return problems->errors == errors ? r.tree.root : NULL;
}
