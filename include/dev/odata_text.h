/* SPDX-License-Identifier: Apache-2.0 */
/* Texts in URLs: percent-encoding both ways, UTF-8, letters without case. */
#ifndef DEV_ODATA_TEXT_H
#define DEV_ODATA_TEXT_H

#include "base/arena.h"
#include "base/buf.h"
#include "dev/odata_failure.h"

/* Whether all of it is UTF-8 (RFC 3629 4) without NUL. */
bool odata_text_is_utf8(struct span text);

/* Decodes percent-encodings once; `+` stays.  Must give UTF-8 without NUL. */
bool odata_text_decode(struct arena *arena, struct span raw, struct span *text,
                       struct odata_failure *failure) MUST_CHECK;

/* Appends percent-encoded, all but the unreserved characters of RFC 3986 2.3. */
void odata_text_encode(struct buf *out, struct span text);

/* In small or large letters: ASCII and Latin-1.  `at` NULL when out of memory, unless `text` is empty. */
struct span odata_text_lower(struct arena *arena, struct span text) MUST_CHECK;
/* In large letters. */
struct span odata_text_upper(struct arena *arena, struct span text) MUST_CHECK;

/* Characters of a UTF-8 text. */
size_t odata_text_length(struct span text);

/* The name (of a property, a set, a function) at the front of `rest`, which is moved behind it; empty when there is none. */
struct span odata_text_take_name(struct span *rest);

#endif
