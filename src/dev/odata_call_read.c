/* SPDX-License-Identifier: Apache-2.0 */
/* Answers to GET. */
#include "odata_call_int.h"

#include <inttypes.h>

enum { PAGE_MAX = 500 };

bool odata_read_service(struct odata_call *call)
{
    struct buf *out = &call->reply->body;
    if (!odata_call_begin_json(call))
        return false;
    buf_add_char(out, '{');
    if (call->metadata != ODATA_METADATA_NONE)
        buf_printf(out, "\"@odata.context\":\"%.*s$metadata\",", SPAN_ARG(call->base));
    buf_add_str(out, "\"value\":[");
    odata_model_put_sets(out);
    buf_add_str(out, "]}");
    return true;
}

bool odata_read_metadata(struct odata_call *call)
{
    struct span parameters;
    if (!odata_header_accepts(call->head, "application/xml", &parameters))
        return odata_fail(call->failure, ODATA_NOT_ACCEPTABLE, "$metadata is application/xml");
    call->reply->content_type = SPAN("application/xml");
    odata_model_put_metadata(&call->reply->body);
    return true;
}

/* --- collections --- */

struct found {
    const struct odata_entity *at[ODATA_ENTITIES_MAX];
    size_t count;
};

/* Whether the path alone admits the entity. */
static bool belongs(const struct odata_call *call, const struct odata_entity *entity)
{
    bool is_lines = call->path.place == ODATA_AT_LINES || call->path.place == ODATA_AT_LINES_COUNT;
    if (!is_lines)
        return entity->set == call->path.set;
    return entity->set == call->path.set->lines_set && odata_value_compare(&entity->values[0], &call->path.key[0]) == 0;
}

static struct found *find_all(struct odata_call *call)
{
    struct found *found = arena_take(call->arena, sizeof *found);
    if (found == NULL) {
        odata_fail_memory(call->failure);
        return NULL;
    }
    found->count = 0;
    for (size_t i = 0; i < odata_store_count(call->store); i++) {
        const struct odata_entity *entity = odata_store_at(call->store, i);
        if (belongs(call, entity) &&
            (call->query.filter == NULL || odata_filter_passes(call->query.filter, entity->values)))
            found->at[found->count++] = entity;
    }
    return found;
}

/* Entities that compare alike stay in their order. */
static int compare(const void *first, const void *second, void *context)
{
    const struct odata_entity *a = *(const struct odata_entity *const *)first;
    const struct odata_entity *b = *(const struct odata_entity *const *)second;
    const struct odata_query *query = context;
    for (size_t i = 0; i < query->order_count; i++) {
        size_t property = query->order[i].property;
        int order = odata_value_compare(&a->values[property], &b->values[property]);
        if (order != 0)
            return query->order[i].is_descending ? -order : order;
    }
    return (a->id > b->id) - (a->id < b->id);
}

/* Entities a page: those of the link that was followed, else what the client prefers, and never more than ours. */
static uint64_t page_size(struct odata_call *call)
{
    struct span text;
    uint64_t size = call->query.page_size;
    bool is_preferred = size == 0 && (odata_header_prefers(call->head, "odata.maxpagesize", &text) ||
                                      odata_header_prefers(call->head, "maxpagesize", &text));
    if (is_preferred && span_u64(text, INT32_MAX, &size) && size > 0) {
        size = size > PAGE_MAX ? PAGE_MAX : size;
        odata_call_add_field(call, "Preference-Applied", arena_printf(call->arena, "odata.maxpagesize=%" PRIu64, size));
    }
    return size == 0 || size > PAGE_MAX ? PAGE_MAX : size;
}

static void put_next(struct odata_call *call, uint64_t page_at, uint64_t size)
{
    AUTO(buf) url = {0};
    buf_add_span(&url, span_from(call->raw_path, 1));
    odata_query_put_next(&url, call->raw_query, page_at, size);
    struct buf *out = &call->reply->body;
    buf_printf(out, ",\"@odata.nextLink\":\"%.*s", SPAN_ARG(call->base));
    buf_add_json(out, buf_span(&url));
    buf_add_char(out, '"');
    out->is_broken = out->is_broken || url.is_broken;
}

static void put_page(struct odata_call *call, const struct found *found)
{
    const struct odata_query *query = &call->query;
    struct buf *out = &call->reply->body;
    uint64_t size = page_size(call);
    uint64_t end = query->has_top && query->top < found->count ? query->skip + query->top : found->count;
    end = end < found->count ? end : found->count;
    uint64_t begin = query->skip + query->page_at;
    uint64_t stop = begin + size < end ? begin + size : end;
    buf_add_str(out, "\"value\":[");
    for (uint64_t i = begin; i < stop; i++) {
        buf_add_str(out, i == begin ? "{" : ",{");
        odata_call_put_members(call, found->at[i]);
        buf_add_char(out, '}');
    }
    buf_add_char(out, ']');
    if (stop < end)
        put_next(call, query->page_at + size, size);
}

/* The lines of an entity that is not there are no empty collection. */
static bool has_parent(struct odata_call *call)
{
    bool is_lines = call->path.place == ODATA_AT_LINES || call->path.place == ODATA_AT_LINES_COUNT;
    return !is_lines || odata_call_find(call) != NULL;
}

bool odata_read_set(struct odata_call *call)
{
    bool is_lines = call->path.place == ODATA_AT_LINES;
    if (!has_parent(call) || !odata_call_begin_json(call))
        return false;
    struct found *found = find_all(call);
    if (found == NULL)
        return false;
    if (call->query.order_count > 0)
        qsort_r(found->at, found->count, sizeof found->at[0], compare, &call->query);
    buf_add_char(&call->reply->body, '{');
    odata_call_put_context(call, is_lines ? call->path.set->lines_set : call->path.set, "");
    if (call->query.has_count)
        buf_printf(&call->reply->body, "\"@odata.count\":%zu,", found->count);
    put_page(call, found);
    buf_add_char(&call->reply->body, '}');
    return true;
}

bool odata_read_count(struct odata_call *call)
{
    struct found *found = has_parent(call) ? find_all(call) : NULL;
    if (found == NULL)
        return false;
    call->reply->content_type = SPAN("text/plain");
    return buf_add_u64(&call->reply->body, found->count);
}

/* --- one entity --- */

bool odata_read_entity(struct odata_call *call)
{
    const struct odata_entity *entity = odata_call_find(call);
    return entity != NULL && odata_call_answer_entity(call, entity);
}

/* The entity whose property is wanted; its value is null: 204 without a body (OData Protocol 11.2.3). */
static const struct odata_value *find_value(struct odata_call *call, const struct odata_entity **entity)
{
    *entity = odata_call_find(call);
    if (*entity == NULL)
        return NULL;
    odata_call_add_field(call, "ETag", arena_printf(call->arena, "%s", (*entity)->etag));
    const struct odata_value *value = &(*entity)->values[call->path.property];
    call->reply->status = value->type == ODATA_NULL ? 204 : 200;
    return value;
}

bool odata_read_property(struct odata_call *call)
{
    const struct odata_entity *entity;
    const struct odata_value *value = find_value(call, &entity);
    struct buf *out = &call->reply->body;
    if (value == NULL || value->type == ODATA_NULL)
        return value != NULL;
    if (!odata_call_begin_json(call))
        return false;
    buf_add_char(out, '{');
    if (call->metadata != ODATA_METADATA_NONE) {
        buf_printf(out, "\"@odata.context\":\"%.*s$metadata#", SPAN_ARG(call->base));
        odata_call_put_key(out, entity);
        buf_printf(out, "/%s\",", entity->set->properties[call->path.property].name);
    }
    buf_add_str(out, "\"value\":");
    odata_value_put_json(out, value);
    buf_add_char(out, '}');
    return true;
}

bool odata_read_value(struct odata_call *call)
{
    const struct odata_entity *entity;
    const struct odata_value *value = find_value(call, &entity);
    if (value == NULL || value->type == ODATA_NULL)
        return value != NULL;
    call->reply->content_type = SPAN("text/plain;charset=utf-8");
    odata_value_put_bare(&call->reply->body, value);
    return true;
}

bool odata_read_media(struct odata_call *call)
{
    const struct odata_entity *entity = odata_call_find(call);
    if (entity == NULL)
        return false;
    odata_call_add_field(call, "ETag", arena_printf(call->arena, "%s", entity->etag));
    if (entity->media == NULL) {
        call->reply->status = 204;
        return true;
    }
    call->reply->content_type = arena_copy(call->arena, entity->media->type);
    buf_add_span(&call->reply->body, entity->media->bytes);
    return call->reply->content_type.at != NULL || odata_fail_memory(call->failure);
}
