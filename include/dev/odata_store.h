/* SPDX-License-Identifier: Apache-2.0 */
/* The entities, in memory, in the order they were made.
 *
 * An entity is never written: a change puts a new one in its place.  So what a change set changed can be taken back by putting the
 * old ones there again.  One thread only.
 */
#ifndef DEV_ODATA_STORE_H
#define DEV_ODATA_STORE_H

#include "dev/odata_model.h"

enum {
    ODATA_ENTITIES_MAX = 2000,
    ODATA_MEDIA_BYTES_MAX = 4 << 20,
    ODATA_MEDIA_TOTAL_MAX = 64 << 20,
    ODATA_MEDIA_TYPE_MAX = 128,
    ODATA_ETAG_BYTES = 40
};

/* Bytes of a media property. */
struct odata_media {
    unsigned references;
    struct span type, bytes; /* in the same allocation */
};

struct odata_entity {
    unsigned references;
    const struct odata_set *set;
    struct odata_value values[ODATA_PROPERTIES_MAX];
    struct odata_media *media;   /* NULL: none */
    char etag[ODATA_ETAG_BYTES]; /* W/"..." */
    uint64_t id;                 /* the same for all that took each other's place */
};

struct odata_store;

/* A store with the entities of the demo.  Reason OUT_OF_MEMORY. */
struct odata_store *odata_store_new(struct err *err) MUST_CHECK;
/* NULL is let through. */
void odata_store_free(struct odata_store *store);
AUTO_FREE(odata_store)

/* Entities of all sets, in order; borrowed until the next change. */
size_t odata_store_count(const struct odata_store *store);
/* The entity at `index`. */
const struct odata_entity *odata_store_at(const struct odata_store *store, size_t index);
/* The entity with that key, or NULL. */
const struct odata_entity *odata_store_find(const struct odata_store *store, const struct odata_set *set,
                                            const struct odata_value *key);

/* Puts a new entity in the place of the one with the same key, whose media it keeps, or behind all others; texts are copied.
 * Fails with ODATA_FULL and ODATA_NO_MEMORY.
 */
const struct odata_entity *odata_store_put(struct odata_store *store, const struct odata_set *set,
                                           const struct odata_value *values, struct odata_failure *failure) MUST_CHECK;

/* Gives an entity of the store other media, `bytes.at` NULL: none.  Returns the new entity. */
const struct odata_entity *odata_store_put_media(struct odata_store *store, const struct odata_entity *entity,
                                                 struct span type, struct span bytes,
                                                 struct odata_failure *failure) MUST_CHECK;

/* Whether the client is to be told that the entity was modified just now, and to try again: true once, false when it comes again.
 * No change set takes that back.
 */
bool odata_store_is_modified(struct odata_store *store, const struct odata_entity *entity);

/* Takes the entity out. */
void odata_store_remove(struct odata_store *store, const struct odata_entity *entity);

/* Remembers all as it is; then either keeps what came since, or takes it back.  Not nested. */
void odata_store_begin(struct odata_store *store);
/* The end of what odata_store_begin began. */
void odata_store_end(struct odata_store *store, bool keeps);

/* A number that was never given before, for boundaries and sessions. */
uint64_t odata_store_number(struct odata_store *store);

#endif
