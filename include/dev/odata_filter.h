/* SPDX-License-Identifier: Apache-2.0 */
/* $filter: read into a program for a stack of values, run for each entity.
 *
 * eq ne gt ge lt le and or not, parentheses, literals, properties; contains startswith endswith tolower toupper length.  Types
 * are checked while reading; null counts as unknown (OData URL Conventions 5.1.1.1).  What OData has besides is 501.
 */
#ifndef DEV_ODATA_FILTER_H
#define DEV_ODATA_FILTER_H

#include "dev/odata_model.h"

enum { ODATA_FILTER_ITEMS_MAX = 4096, ODATA_FILTER_DEPTH_MAX = 64 };

struct odata_filter;

/* Reads the decoded text for entities of `set`; lives in the arena, borrows texts.  NULL with the failure. */
const struct odata_filter *odata_filter_read(struct arena *arena, const struct odata_set *set, struct span text,
                                             struct odata_failure *failure) MUST_CHECK;

/* Whether an entity with these values passes; false also when its value is unknown, and when out of memory. */
bool odata_filter_passes(const struct odata_filter *filter, const struct odata_value *values);

#endif
