/* SPDX-License-Identifier: Apache-2.0 */
/* Which function answers which method where, and how an entity is written. */
#include "odata_call_int.h"

#include <stdio.h>

static bool refuse_batch(struct odata_call *call)
{
    return odata_fail(call->failure, ODATA_BAD_REQUEST, "a batch cannot stand in a batch");
}

static const struct {
    enum odata_place place;
    enum method method;
    bool (*run)(struct odata_call *call);
} rows[] = {
    {ODATA_AT_SERVICE, METHOD_GET, odata_read_service},    {ODATA_AT_METADATA, METHOD_GET, odata_read_metadata},
    {ODATA_AT_BATCH, METHOD_POST, refuse_batch},           {ODATA_AT_SET, METHOD_GET, odata_read_set},
    {ODATA_AT_SET, METHOD_POST, odata_write_create},       {ODATA_AT_SET_COUNT, METHOD_GET, odata_read_count},
    {ODATA_AT_ENTITY, METHOD_GET, odata_read_entity},      {ODATA_AT_ENTITY, METHOD_PATCH, odata_write_update},
    {ODATA_AT_ENTITY, METHOD_DELETE, odata_write_delete},  {ODATA_AT_PROPERTY, METHOD_GET, odata_read_property},
    {ODATA_AT_VALUE, METHOD_GET, odata_read_value},        {ODATA_AT_MEDIA, METHOD_GET, odata_read_media},
    {ODATA_AT_MEDIA, METHOD_PUT, odata_write_media},       {ODATA_AT_MEDIA, METHOD_PATCH, odata_write_media},
    {ODATA_AT_MEDIA, METHOD_DELETE, odata_write_no_media}, {ODATA_AT_LINES, METHOD_GET, odata_read_set},
    {ODATA_AT_LINES_COUNT, METHOD_GET, odata_read_count},  {ODATA_AT_ACTION, METHOD_POST, odata_write_action},
};

static void read_metadata(struct odata_call *call)
{
    struct span parameters;
    odata_header_accepts(call->head, "application/json", &parameters);
    struct span level =
        odata_header_parameter(call->query.format.at == NULL ? parameters : call->query.format, "odata.metadata");
    call->metadata = ODATA_METADATA_MINIMAL;
    if (span_eq_nocase(level, SPAN("none")))
        call->metadata = ODATA_METADATA_NONE;
    if (span_eq_nocase(level, SPAN("full")))
        call->metadata = ODATA_METADATA_FULL;
}

bool odata_call_open(struct odata_call *call)
{
    if (!odata_path_read(&call->path, call->arena, call->raw_path, call->failure) ||
        !odata_query_read(&call->query, call->arena, &call->path, call->raw_query, call->failure))
        return false;
    read_metadata(call);
    return true;
}

static const char *allowed(const struct odata_call *call)
{
    AUTO(buf) list = {0};
    for (size_t i = 0; i < COUNT_OF(rows); i++)
        if (rows[i].place == call->path.place)
            buf_printf(&list, "%s%s", buf_len(&list) == 0 ? "" : ", ",
                       rows[i].method == METHOD_GET ? "GET, HEAD" : method_name(rows[i].method));
    return arena_printf(call->arena, "%.*s", SPAN_ARG(buf_span(&list)));
}

bool odata_call_run(struct odata_call *call)
{
    for (size_t i = 0; i < COUNT_OF(rows); i++)
        if (rows[i].place == call->path.place && rows[i].method == call->method)
            return rows[i].run(call);
    const char *allow = allowed(call);
    if (call->method == METHOD_OPTIONS) {
        call->reply->status = 204;
        odata_call_add_field(call, "Allow", allow);
        return true;
    }
    odata_fail(call->failure, ODATA_METHOD, "%s is not allowed here", QUOTED(call->head->method_text));
    call->failure->allow = allow;
    return false;
}

const struct odata_entity *odata_call_find(struct odata_call *call)
{
    const struct odata_entity *entity = odata_store_find(call->store, call->path.set, call->path.key);
    if (entity == NULL)
        odata_fail(call->failure, ODATA_NOT_FOUND, "%s has no entity with this key", call->path.set->name);
    return entity;
}

void odata_call_add_field(struct odata_call *call, const char *name, const char *text)
{
    if (text == NULL)
        call->reply->body.is_broken = true;
    else
        responder_add_field(call->reply, name, span_str(text));
}

/* --- entities --- */

static const char *const metadata_names[] = {"minimal", "none", "full"};

bool odata_call_begin_json(struct odata_call *call)
{
    struct span parameters;
    if (call->query.format.at == NULL && !odata_header_accepts(call->head, "application/json", &parameters))
        return odata_fail(call->failure, ODATA_NOT_ACCEPTABLE, "answers are application/json");
    const char *type = arena_printf(call->arena, "application/json;odata.metadata=%s", metadata_names[call->metadata]);
    call->reply->content_type = span_str(type);
    return type != NULL || odata_fail_memory(call->failure);
}

/* `(OrderNo,Note)` */
static void put_selected(struct odata_call *call, const struct odata_set *set)
{
    struct buf *out = &call->reply->body;
    char before = '(';
    for (size_t i = 0; i < set->count; i++) {
        if (!call->query.selects[i])
            continue;
        buf_add_char(out, before);
        buf_add_str(out, set->properties[i].name);
        before = ',';
    }
    if (call->query.selects_media && set->media != NULL)
        buf_printf(out, "%c%s", before, set->media);
    if (before == ',' || (call->query.selects_media && set->media != NULL))
        buf_add_char(out, ')');
}

void odata_call_put_context(struct odata_call *call, const struct odata_set *set, const char *tail)
{
    struct buf *out = &call->reply->body;
    if (call->metadata == ODATA_METADATA_NONE)
        return;
    buf_printf(out, "\"@odata.context\":\"%.*s$metadata#%s", SPAN_ARG(call->base), set->name);
    if (call->query.has_select)
        put_selected(call, set);
    buf_printf(out, "%s\",", tail);
}

void odata_call_put_key(struct buf *out, const struct odata_entity *entity)
{
    buf_add_str(out, entity->set->name);
    for (size_t i = 0; i < entity->set->key_count; i++) {
        buf_printf(out, "%c%s=", i == 0 ? '(' : ',', entity->set->properties[i].name);
        odata_value_put_literal(out, &entity->values[i]);
    }
    buf_add_char(out, ')');
}

/* A member whose value is the entity's URL with something behind it. */
static void put_link(struct odata_call *call, const struct odata_entity *entity, const char *name, const char *behind)
{
    struct buf *out = &call->reply->body;
    buf_printf(out, "\"%s\":\"%.*s", name, SPAN_ARG(call->base));
    odata_call_put_key(out, entity);
    buf_printf(out, "%s%s\",", behind[0] == '\0' ? "" : "/", behind);
}

static void put_media(struct odata_call *call, const struct odata_entity *entity)
{
    struct buf *out = &call->reply->body;
    const char *media = entity->set->media;
    char name[64];
    snprintf(name, sizeof name, "%s@odata.mediaReadLink", media);
    put_link(call, entity, name, media);
    buf_printf(out, "\"%s@odata.mediaContentType\":", media);
    buf_add_json_text(out, entity->media->type);
    buf_add_char(out, ',');
}

static void put_annotations(struct odata_call *call, const struct odata_entity *entity)
{
    struct buf *out = &call->reply->body;
    if (call->metadata == ODATA_METADATA_FULL) {
        buf_printf(out, "\"@odata.type\":\"#" ODATA_NAMESPACE ".%s\",", entity->set->type);
        put_link(call, entity, "@odata.id", "");
        put_link(call, entity, "@odata.editLink", "");
    }
    buf_add_str(out, "\"@odata.etag\":");
    buf_add_json_text(out, span_str(entity->etag));
    buf_add_char(out, ',');
    if (entity->media != NULL && (!call->query.has_select || call->query.selects_media))
        put_media(call, entity);
}

/* Each member is written with a comma behind it; the last one's is taken off. */
void odata_call_put_members(struct odata_call *call, const struct odata_entity *entity)
{
    struct buf *out = &call->reply->body;
    if (call->metadata != ODATA_METADATA_NONE)
        put_annotations(call, entity);
    for (size_t i = 0; i < entity->set->count; i++) {
        if (call->query.has_select && !call->query.selects[i])
            continue;
        buf_printf(out, "\"%s\":", entity->set->properties[i].name);
        odata_value_put_json(out, &entity->values[i]);
        buf_add_char(out, ',');
    }
    if (span_ends(buf_span(out), SPAN(",")))
        out->end--;
}

char *odata_call_url(struct odata_call *call, const struct odata_entity *entity)
{
    AUTO(buf) url = {0};
    buf_add_span(&url, call->base);
    odata_call_put_key(&url, entity);
    return url.is_broken ? NULL : arena_printf(call->arena, "%.*s", SPAN_ARG(buf_span(&url)));
}

bool odata_call_answer_entity(struct odata_call *call, const struct odata_entity *entity)
{
    if (!odata_call_begin_json(call))
        return false;
    odata_call_add_field(call, "ETag", arena_printf(call->arena, "%s", entity->etag));
    buf_add_char(&call->reply->body, '{');
    odata_call_put_context(call, entity->set, "/$entity");
    odata_call_put_members(call, entity);
    buf_add_char(&call->reply->body, '}');
    return true;
}
