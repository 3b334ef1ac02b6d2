/* SPDX-License-Identifier: Apache-2.0 */
/* API Management's raw form of a policy document, made XML, with the way back to the places of the file.
 *
 * In the raw form an attribute or text that is one expression, `@(`...`)` or `@{`...`}`, stands there as C# source: with
 * quotes, `<` and `&` as they are.  Where such an expression ends is decided by the rules of C# strings and brackets.  An
 * expression that is complete when read as XML is XML and stays as it is.
 */
#ifndef BASE_NODE_RAW_INT_H
#define BASE_NODE_RAW_INT_H

#include "node_int.h"

/* Bytes of the file that are raw; `quote` delimits the attribute, 0 in text. */
struct raw_range {
    size_t begin, end;
    char quote;
};

struct raw_text {
    struct span file;  /* as given */
    struct buf ranges; /* of struct raw_range, in order */
    struct buf xml;    /* the file with these ranges escaped */
    struct place open; /* where the expression begins whose end was not found; line 0: there is none */
};

/* How far the XML was followed in the file. Zeroed: not at all. */
struct raw_cursor {
    size_t file, xml; /* bytes */
    size_t range;
    struct place at;
};

/* Looks for raw expressions in `file`, which must outlive `raw`.  False when out of memory.  Give back by node_raw_fini(). */
bool node_raw_init(struct raw_text *raw, struct span file) MUST_CHECK;
/* Gives the copy and its map back. */
void node_raw_fini(struct raw_text *raw);

/* The XML; the file itself where nothing was raw. */
struct span node_raw_xml(const struct raw_text *raw);

/* The place in the file of a byte of the XML.  Fast as long as the bytes asked for grow. */
struct place node_raw_place(const struct raw_text *raw, struct raw_cursor *cursor, size_t xml_byte);

/* White space of XML 1.0, 2.3. */
static inline bool is_xml_space(char c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

/* The length of the expression at the start of `source`, from `@` to the bracket that closes it; 0 when it is not closed. */
size_t node_raw_expression_length(struct span source);

#endif
