/* SPDX-License-Identifier: Apache-2.0 */
/* The JSON that a client sends for an entity. */
#ifndef DEV_ODATA_BODY_H
#define DEV_ODATA_BODY_H

#include "dev/odata_model.h"

enum { ODATA_JSON_BYTES_MAX = 256 << 10, ODATA_JSON_DEPTH_MAX = 8 };

/* Reads an object of properties of `set`: `values` of those named, whose `has` becomes true; the others are left as they are.
 * Annotations (names with `@`) are let through unread; texts lie in the arena.  Fails with ODATA_DESERIALIZATION, or ODATA_TOO_LARGE.
 */
bool odata_body_read(struct arena *arena, const struct odata_set *set, struct span json,
                     struct odata_value values[ODATA_PROPERTIES_MAX], bool has[ODATA_PROPERTIES_MAX],
                     struct odata_failure *failure) MUST_CHECK;

#endif
