/* SPDX-License-Identifier: Apache-2.0 */
/* What a path below the service root addresses.
 *
 * The raw path is split at `/` first and decoded then (OData URL Conventions 2): `%2F` within a key is part of the key.  Runs of
 * slashes and a slash at the end address nothing.
 */
#ifndef DEV_ODATA_PATH_H
#define DEV_ODATA_PATH_H

#include "dev/odata_model.h"

enum odata_place {
    ODATA_AT_SERVICE,
    ODATA_AT_METADATA,
    ODATA_AT_BATCH,
    ODATA_AT_SET,
    ODATA_AT_SET_COUNT,
    ODATA_AT_ENTITY,
    ODATA_AT_PROPERTY,
    ODATA_AT_VALUE, /* Set('x')/Property/$value */
    ODATA_AT_MEDIA,
    ODATA_AT_LINES,
    ODATA_AT_LINES_COUNT,
    ODATA_AT_ACTION,
    ODATA_PLACE_COUNT
};

struct odata_path {
    enum odata_place place;
    const struct odata_set *set;
    struct odata_value key[ODATA_KEYS_MAX]; /* in the order of the set's properties */
    size_t property;
};

/* `raw` is what stands behind `.svc`: "", "/", "/CustomerOrderSet('A%2FB')".  Keys named and not: Set('x'), Set(Key='x'). */
bool odata_path_read(struct odata_path *path, struct arena *arena, struct span raw,
                     struct odata_failure *failure) MUST_CHECK;

#endif
