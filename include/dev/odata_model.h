/* SPDX-License-Identifier: Apache-2.0 */
/* What the service offers: entity sets as tables, from which the service document and $metadata are written. */
#ifndef DEV_ODATA_MODEL_H
#define DEV_ODATA_MODEL_H

#include "dev/odata_value.h"

#define ODATA_PROJECTION "CustomerOrders"
#define ODATA_NAMESPACE "IfsApp." ODATA_PROJECTION

enum { ODATA_PROPERTIES_MAX = 6, ODATA_KEYS_MAX = 2, ODATA_NO_PROPERTY = ODATA_PROPERTIES_MAX };

struct odata_property {
    const char *name;
    enum odata_type type;
    bool is_whole;       /* a number of 32 bits */
    bool is_nullable;    /* others are never null: keys, and truths, which begin as false */
    size_t text_len_max; /* characters of a text */
};

struct odata_set {
    const char *name, *type;
    const struct odata_property *properties; /* the keys come first */
    size_t count, key_count;
    const char *media;  /* the one property of type Edm.Stream, or NULL */
    const char *action; /* name of the bound action, or NULL */
    const char *lines;  /* name of the navigation property, or NULL; to those whose first key is ours */
    const struct odata_set *lines_set;
    bool is_upsert; /* PATCH without If-Match updates or creates */
};

enum { ODATA_ORDERS, ODATA_LINES, ODATA_CUSTOMERS, ODATA_SET_COUNT };
extern const struct odata_set odata_sets[ODATA_SET_COUNT];

/* The set of that name, or NULL. */
const struct odata_set *odata_model_set(struct span name);

/* Index of the property of that name; ODATA_NO_PROPERTY when there is none (also for the media property). */
size_t odata_model_property(const struct odata_set *set, struct span name);

/* Whether the value may be that property's; says why not. */
bool odata_model_fits(const struct odata_property *property, const struct odata_value *value,
                      struct odata_failure *failure) MUST_CHECK;

/* Appends CSDL in XML (OData CSDL 4.0). */
void odata_model_put_metadata(struct buf *out);

/* Appends the elements of `value` of the service document. */
void odata_model_put_sets(struct buf *out);

#endif
