/* SPDX-License-Identifier: Apache-2.0 */
/* An array of counted entities.  A change set copies the array and holds each entity once more; taking back is putting the copy in
 * the array's place.
 */
#include "odata_store_int.h"

#include <openssl/evp.h>

#include <inttypes.h>
#include <stdio.h>

enum { MODIFIED_MAX = 64, TAG_BYTES = 24 };

struct shelf {
    struct odata_entity *at[ODATA_ENTITIES_MAX];
    size_t count;
};

struct odata_store {
    struct shelf now, before; /* before: of the change set under way */
    uint64_t numbers;         /* given so far: ids, revisions, boundaries */
    size_t media_bytes;
    uint64_t modified[MODIFIED_MAX]; /* ids of entities whose clients are to come again; 0: free */
    size_t modified_at;
};

/* --- entities --- */

static void media_release(struct odata_store *store, struct odata_media *media)
{
    if (media == NULL || --media->references > 0)
        return;
    store->media_bytes -= media->bytes.len;
    free(media);
}

static void entity_release(struct odata_store *store, struct odata_entity *entity)
{
    if (entity == NULL || --entity->references > 0)
        return;
    media_release(store, entity->media);
    free(entity);
}

uint64_t odata_store_number(struct odata_store *store)
{
    return ++store->numbers;
}

/* As IFS Cloud has them: weak, base64 inside, `=` at the end. */
static void write_etag(struct odata_store *store, struct odata_entity *entity)
{
    char tag[TAG_BYTES];
    unsigned char text[TAG_BYTES * 2];
    int len = snprintf(tag, sizeof tag, "rowversion:%08" PRIu64, odata_store_number(store) % 100000000);
    EVP_EncodeBlock(text, (const unsigned char *)tag, len);
    snprintf(entity->etag, sizeof entity->etag, "W/\"%.32s\"", (const char *)text);
}

/* The texts stand behind the entity in one allocation. */
static struct odata_entity *entity_new(struct odata_store *store, const struct odata_set *set,
                                       const struct odata_value *values)
{
    size_t bytes = 0;
    for (size_t i = 0; i < set->count; i++)
        bytes += values[i].type == ODATA_TEXT ? values[i].text.len : 0;
    struct odata_entity *entity = calloc(1, sizeof *entity + bytes);
    if (entity == NULL)
        return NULL;
    char *text = (char *)(entity + 1);
    for (size_t i = 0; i < set->count; i++) {
        entity->values[i] = values[i];
        if (values[i].type != ODATA_TEXT || values[i].text.len == 0)
            continue;
        memcpy(text, values[i].text.at, values[i].text.len);
        entity->values[i].text.at = text;
        text += values[i].text.len;
    }
    entity->references = 1;
    entity->set = set;
    entity->id = odata_store_number(store);
    write_etag(store, entity);
    return entity;
}

/* --- the array --- */

struct odata_store *odata_store_new(struct err *err)
{
    AUTO_PTR(odata_store) store = calloc(1, sizeof *store);
    struct odata_failure failure;
    if (store != NULL && odata_store_seed(store, &failure))
        return STEAL(store);
    fail(err, REASON_OUT_OF_MEMORY, "no memory for the entities");
    return NULL;
}

static void shelf_clear(struct odata_store *store, struct shelf *shelf)
{
    for (size_t i = 0; i < shelf->count; i++)
        entity_release(store, shelf->at[i]);
    shelf->count = 0;
}

void odata_store_free(struct odata_store *store)
{
    if (store == NULL)
        return;
    shelf_clear(store, &store->now);
    shelf_clear(store, &store->before);
    free(store);
}

size_t odata_store_count(const struct odata_store *store)
{
    return store->now.count;
}

const struct odata_entity *odata_store_at(const struct odata_store *store, size_t index)
{
    return store->now.at[index];
}

static bool has_key(const struct odata_entity *entity, const struct odata_set *set, const struct odata_value *key)
{
    if (entity->set != set)
        return false;
    for (size_t i = 0; i < set->key_count; i++)
        if (odata_value_compare(&entity->values[i], &key[i]) != 0)
            return false;
    return true;
}

static size_t index_of(const struct odata_store *store, const struct odata_set *set, const struct odata_value *key)
{
    size_t at = 0;
    while (at < store->now.count && !has_key(store->now.at[at], set, key))
        at++;
    return at;
}

const struct odata_entity *odata_store_find(const struct odata_store *store, const struct odata_set *set,
                                            const struct odata_value *key)
{
    size_t at = index_of(store, set, key);
    return at == store->now.count ? NULL : store->now.at[at];
}

const struct odata_entity *odata_store_put(struct odata_store *store, const struct odata_set *set,
                                           const struct odata_value *values, struct odata_failure *failure)
{
    size_t at = index_of(store, set, values);
    bool is_fresh = at == store->now.count;
    if (is_fresh && at == ODATA_ENTITIES_MAX) {
        odata_fail(failure, ODATA_FULL, "the service holds %d entities at most", ODATA_ENTITIES_MAX);
        return NULL;
    }
    struct odata_entity *entity = entity_new(store, set, values);
    if (entity == NULL) {
        odata_fail_memory(failure);
        return NULL;
    }
    struct odata_entity *old = is_fresh ? NULL : store->now.at[at];
    if (old != NULL) {
        entity->id = old->id;
        entity->media = old->media;
        if (entity->media != NULL)
            entity->media->references++;
    }
    store->now.at[at] = entity;
    store->now.count += is_fresh;
    entity_release(store, old);
    return entity;
}

static struct odata_media *media_new(struct odata_store *store, struct span type, struct span bytes,
                                     struct odata_failure *failure)
{
    if (bytes.len > ODATA_MEDIA_BYTES_MAX) {
        odata_fail(failure, ODATA_TOO_LARGE, "media have %d bytes at most", ODATA_MEDIA_BYTES_MAX);
        return NULL;
    }
    if (store->media_bytes + bytes.len > ODATA_MEDIA_TOTAL_MAX) {
        odata_fail(failure, ODATA_FULL, "all media together have %d bytes at most", ODATA_MEDIA_TOTAL_MAX);
        return NULL;
    }
    struct odata_media *media = calloc(1, sizeof *media + type.len + bytes.len);
    if (media == NULL) {
        odata_fail_memory(failure);
        return NULL;
    }
    char *at = (char *)(media + 1);
    memcpy(at, type.at, type.len);
    if (bytes.len > 0)
        memcpy(at + type.len, bytes.at, bytes.len);
    *media = (struct odata_media){1, span_of(at, type.len), span_of(at + type.len, bytes.len)};
    store->media_bytes += bytes.len;
    return media;
}

const struct odata_entity *odata_store_put_media(struct odata_store *store, const struct odata_entity *entity,
                                                 struct span type, struct span bytes, struct odata_failure *failure)
{
    struct odata_media *media = bytes.at == NULL ? NULL : media_new(store, type, bytes, failure);
    if (bytes.at != NULL && media == NULL)
        return NULL;
    const struct odata_entity *fresh = odata_store_put(store, entity->set, entity->values, failure);
    if (fresh == NULL) {
        media_release(store, media);
        return NULL;
    }
    struct odata_entity *own = store->now.at[index_of(store, fresh->set, fresh->values)];
    media_release(store, own->media);
    own->media = media;
    return own;
}

void odata_store_remove(struct odata_store *store, const struct odata_entity *entity)
{
    size_t at = index_of(store, entity->set, entity->values);
    if (at == store->now.count)
        return;
    struct odata_entity *old = store->now.at[at];
    store->now.count--;
    memmove(&store->now.at[at], &store->now.at[at + 1], (store->now.count - at) * sizeof store->now.at[0]);
    entity_release(store, old);
}

bool odata_store_is_modified(struct odata_store *store, const struct odata_entity *entity)
{
    for (size_t i = 0; i < MODIFIED_MAX; i++) {
        if (store->modified[i] != entity->id)
            continue;
        store->modified[i] = 0;
        return false;
    }
    store->modified[store->modified_at++ % MODIFIED_MAX] = entity->id;
    return true;
}

void odata_store_begin(struct odata_store *store)
{
    assert(store->before.count == 0);
    store->before = store->now;
    for (size_t i = 0; i < store->now.count; i++)
        store->now.at[i]->references++;
}

void odata_store_end(struct odata_store *store, bool keeps)
{
    struct shelf *dropped = keeps ? &store->before : &store->now;
    shelf_clear(store, dropped);
    if (!keeps)
        store->now = store->before;
    store->before.count = 0;
}
