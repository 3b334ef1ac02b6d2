/* SPDX-License-Identifier: Apache-2.0 */
/* Jansson behind a narrow door.  Its reader calls itself once a bracket, so the depth is counted before it sees the text. */
#include "jose/jsondoc.h"

#include <jansson.h>

#include <stdlib.h>
#include <string.h>

struct jsondoc {
    json_t *root;
};

static const json_t *inner(const struct jsonval *value)
{
    return (const json_t *)value;
}

static const struct jsonval *outer(const json_t *value)
{
    return (const struct jsonval *)value;
}

/* Whether brackets outside of strings nest at most `depth_max` deep.  What is no JSON may pass: jansson refuses it. */
static bool depth_is_bounded(struct span text, unsigned depth_max)
{
    unsigned depth = 0;
    bool is_string = false;
    for (size_t i = 0; i < text.len; i++) {
        char c = text.at[i];
        if (is_string) {
            if (c == '\\')
                i++;
            else if (c == '"')
                is_string = false;
        } else if (c == '"') {
            is_string = true;
        } else if (c == '{' || c == '[') {
            if (++depth > depth_max)
                return false;
        } else if ((c == '}' || c == ']') && depth > 0) {
            depth--;
        }
    }
    return true;
}

static bool refuse(struct err *err, const json_error_t *error)
{
    if (json_error_code(error) == json_error_out_of_memory)
        return fail(err, REASON_OUT_OF_MEMORY, "no memory for a JSON document");
    return fail(err, REASON_DOCUMENT_INVALID, "JSON at line %d, column %d: %s", error->line, error->column,
                QUOTED(span_str(error->text)));
}

static json_t *load(struct span text, unsigned depth_max, struct err *err)
{
    json_error_t error;
    if (!depth_is_bounded(text, depth_max)) {
        fail(err, REASON_DOCUMENT_INVALID, "JSON is more than %u brackets deep", depth_max);
        return NULL;
    }
    /* Integers as reals: a huge one in a member that nobody reads must not spoil the document. */
    size_t flags = JSON_REJECT_DUPLICATES | JSON_ALLOW_NUL | JSON_DECODE_INT_AS_REAL;
    json_t *root = json_loadb(text.len == 0 ? "" : text.at, text.len, flags, &error);
    if (root == NULL) {
        refuse(err, &error);
    } else if (!json_is_object(root)) {
        json_decref(root);
        root = NULL;
        fail(err, REASON_DOCUMENT_INVALID, "JSON is no object");
    }
    return root;
}

struct jsondoc *jsondoc_read(struct span text, unsigned depth_max, struct err *err)
{
    json_t *root = load(text, depth_max, err);
    if (root == NULL)
        return NULL;
    struct jsondoc *doc = malloc(sizeof *doc);
    if (doc == NULL) {
        json_decref(root);
        fail(err, REASON_OUT_OF_MEMORY, "no memory for a JSON document");
        return NULL;
    }
    doc->root = root;
    return doc;
}

void jsondoc_free(struct jsondoc *doc)
{
    if (doc == NULL)
        return;
    json_decref(doc->root);
    free(doc);
}

const struct jsonval *jsondoc_root(const struct jsondoc *doc)
{
    return outer(doc->root);
}

const struct jsonval *jsonval_member(const struct jsonval *object, const char *name)
{
    return outer(json_object_get(inner(object), name));
}

bool jsonval_is_object(const struct jsonval *value)
{
    return json_is_object(inner(value));
}

bool jsonval_is_array(const struct jsonval *value)
{
    return json_is_array(inner(value));
}

bool jsonval_is_string(const struct jsonval *value)
{
    return json_is_string(inner(value));
}

bool jsonval_is_bool(const struct jsonval *value)
{
    return json_is_boolean(inner(value));
}

bool jsonval_is_true(const struct jsonval *value)
{
    return json_is_true(inner(value));
}

size_t jsonval_count(const struct jsonval *array)
{
    return json_array_size(inner(array));
}

const struct jsonval *jsonval_element(const struct jsonval *array, size_t index)
{
    return outer(json_array_get(inner(array), index));
}

struct span jsonval_text(const struct jsonval *value)
{
    if (!jsonval_is_string(value))
        return (struct span){NULL, 0};
    return span_of(json_string_value(inner(value)), json_string_length(inner(value)));
}
