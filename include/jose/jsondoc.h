/* SPDX-License-Identifier: Apache-2.0 */
/* JSON documents of providers (discovery, JWK Set) and key files: read by jansson with limits, duplicates refused.
 *
 * Documents, not tokens: tokens are read by jose/tape.  The types of jansson stay inside.
 */
#ifndef JOSE_JSONDOC_H
#define JOSE_JSONDOC_H

#include "base/err.h"
#include "base/span.h"

struct jsondoc; /* a whole document */
struct jsonval; /* a value in one, borrowed from it */

/* Reads a document whose value is an object.  Reason DOCUMENT_INVALID with line and column.  depth_max counts brackets.
 * The caller frees it.
 */
struct jsondoc *jsondoc_read(struct span text, unsigned depth_max, struct err *err) MUST_CHECK;
/* NULL is let through. */
void jsondoc_free(struct jsondoc *doc);
AUTO_FREE(jsondoc)

/* The document's object. */
const struct jsonval *jsondoc_root(const struct jsondoc *doc);

/* A member's value; NULL when `object` is none or lacks it. */
const struct jsonval *jsonval_member(const struct jsonval *object, const char *name);

/* Whether the value is an object, an array, a string. */
bool jsonval_is_object(const struct jsonval *value);
/* Whether the value is an array. */
bool jsonval_is_array(const struct jsonval *value);
/* Whether the value is a string. */
bool jsonval_is_string(const struct jsonval *value);

/* Whether the value is true or false. */
bool jsonval_is_bool(const struct jsonval *value);
/* Whether the value is true. */
bool jsonval_is_true(const struct jsonval *value);

/* Elements of an array; 0 for anything else. */
size_t jsonval_count(const struct jsonval *array);
/* The element at `index`; NULL beyond the end. */
const struct jsonval *jsonval_element(const struct jsonval *array, size_t index);

/* The bytes of a string (may hold NUL), with `at` NULL when `value` is NULL or no string. */
struct span jsonval_text(const struct jsonval *value);

#endif
