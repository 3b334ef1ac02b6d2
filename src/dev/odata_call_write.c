/* SPDX-License-Identifier: Apache-2.0 */
/* Answers to POST, PATCH, PUT and DELETE. */
#include "odata_call_int.h"

#include "dev/odata_body.h"

/* --- preconditions --- */

/* If-Match, where it stands, must name the entity's version; where it must stand and does not: 428. */
static bool check_version(struct odata_call *call, const struct odata_entity *entity, bool is_required)
{
    struct span if_match = odata_header(call->head, "If-Match");
    if (if_match.at == NULL)
        return !is_required || odata_fail(call->failure, ODATA_NO_PRECONDITION, "the request needs If-Match");
    return odata_header_matches(if_match, span_str(entity->etag)) ||
           odata_fail(call->failure, ODATA_MISMATCH, "the entity has another version than If-Match names");
}

static bool read_body(struct odata_call *call, struct odata_value *values, bool *has)
{
    if (!odata_header_is_type(odata_header(call->head, "Content-Type"), "application/json"))
        return odata_fail(call->failure, ODATA_DESERIALIZATION, "the Content-Type is not application/json");
    return odata_body_read(call->arena, call->path.set, call->body, values, has, call->failure);
}

/* --- answers --- */

/* The entity, or with `Prefer: return=minimal` only where it is. */
static bool answer_change(struct odata_call *call, const struct odata_entity *entity, bool is_created)
{
    struct span wish;
    bool has_wish = odata_header_prefers(call->head, "return", &wish);
    bool is_minimal = has_wish && span_eq(wish, SPAN("minimal"));
    if (is_created) {
        call->reply->status = 201;
        odata_call_add_field(call, "Location", odata_call_url(call, entity));
    }
    if (is_created || is_minimal)
        odata_call_add_field(call, "OData-EntityId", odata_call_url(call, entity));
    if (is_minimal || (has_wish && span_eq(wish, SPAN("representation"))))
        responder_add_field(call->reply, "Preference-Applied",
                            is_minimal ? SPAN("return=minimal") : SPAN("return=representation"));
    if (!is_minimal)
        return odata_call_answer_entity(call, entity);
    call->reply->status = 204;
    odata_call_add_field(call, "ETag", arena_printf(call->arena, "%s", entity->etag));
    return true;
}

/* --- entities --- */

/* What an entity has that nobody spoke of: null, and false. */
static void preset(const struct odata_set *set, struct odata_value *values)
{
    for (size_t i = 0; i < set->count; i++)
        values[i] = (struct odata_value){.type = set->properties[i].type == ODATA_TRUTH ? ODATA_TRUTH : ODATA_NULL};
}

static bool create(struct odata_call *call, const struct odata_value *values)
{
    const struct odata_entity *entity = odata_store_put(call->store, call->path.set, values, call->failure);
    return entity != NULL && answer_change(call, entity, true);
}

bool odata_write_create(struct odata_call *call)
{
    const struct odata_set *set = call->path.set;
    struct odata_value values[ODATA_PROPERTIES_MAX];
    bool has[ODATA_PROPERTIES_MAX] = {false};
    preset(set, values);
    if (!read_body(call, values, has))
        return false;
    for (size_t i = 0; i < set->key_count; i++)
        if (!has[i])
            return odata_fail(call->failure, ODATA_DESERIALIZATION, "the key %s is missing", set->properties[i].name);
    if (odata_store_find(call->store, set, values) != NULL)
        return odata_fail(call->failure, ODATA_DUPLICATE, "%s has an entity with this key already", set->name);
    return create(call, values);
}

/* OData Protocol 11.4.3, 11.4.4: keys in the body count for nothing; without If-Match an upsert where the set has these. */
bool odata_write_update(struct odata_call *call)
{
    const struct odata_set *set = call->path.set;
    bool is_upsert = set->is_upsert && odata_header(call->head, "If-Match").at == NULL;
    struct odata_value values[ODATA_PROPERTIES_MAX];
    bool has[ODATA_PROPERTIES_MAX] = {false};
    const struct odata_entity *entity =
        is_upsert ? odata_store_find(call->store, set, call->path.key) : odata_call_find(call);
    if (entity == NULL && !is_upsert)
        return false;
    preset(set, values);
    if (entity != NULL)
        memcpy(values, entity->values, sizeof values);
    if ((!is_upsert && !check_version(call, entity, true)) || !read_body(call, values, has))
        return false;
    memcpy(values, call->path.key, set->key_count * sizeof values[0]);
    if (entity == NULL)
        return create(call, values);
    entity = odata_store_put(call->store, set, values, call->failure);
    return entity != NULL && answer_change(call, entity, false);
}

bool odata_write_delete(struct odata_call *call)
{
    const struct odata_entity *entity = odata_call_find(call);
    if (entity == NULL || !check_version(call, entity, true))
        return false;
    odata_store_remove(call->store, entity);
    call->reply->status = 204;
    return true;
}

/* --- media --- */

static bool put_media(struct odata_call *call, const struct odata_entity *entity, struct span type, struct span bytes)
{
    entity = odata_store_put_media(call->store, entity, type, bytes, call->failure);
    if (entity == NULL)
        return false;
    call->reply->status = 204;
    odata_call_add_field(call, "ETag", arena_printf(call->arena, "%s", entity->etag));
    return true;
}

bool odata_write_media(struct odata_call *call)
{
    const struct odata_entity *entity = odata_call_find(call);
    struct span type = odata_header(call->head, "Content-Type");
    if (entity == NULL || !check_version(call, entity, call->method == METHOD_PATCH))
        return false;
    if (type.len > ODATA_MEDIA_TYPE_MAX)
        return odata_fail(call->failure, ODATA_BAD_REQUEST, "the Content-Type is too long to be kept");
    return put_media(call, entity, type.len == 0 ? SPAN("application/octet-stream") : type,
                     call->body.at == NULL ? SPAN("") : call->body);
}

bool odata_write_no_media(struct odata_call *call)
{
    const struct odata_entity *entity = odata_call_find(call);
    return entity != NULL && check_version(call, entity, true) &&
           put_media(call, entity, SPAN(""), (struct span){NULL, 0});
}

/* --- the action --- */

/* As IFS Cloud answers where another session changed the entity meanwhile: 500, and the client is to send its request again. */
bool odata_write_action(struct odata_call *call)
{
    const struct odata_entity *entity = odata_call_find(call);
    struct odata_value values[ODATA_PROPERTIES_MAX];
    if (entity == NULL || !check_version(call, entity, false))
        return false;
    if (odata_store_is_modified(call->store, entity))
        return odata_fail(call->failure, ODATA_MODIFIED,
                          "the entity was modified by another user; send the request again");
    memcpy(values, entity->values, sizeof values);
    values[odata_model_property(entity->set, SPAN("Confirmed"))].truth = true;
    entity = odata_store_put(call->store, entity->set, values, call->failure);
    return entity != NULL && answer_change(call, entity, false);
}
