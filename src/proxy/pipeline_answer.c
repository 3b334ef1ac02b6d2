/* SPDX-License-Identifier: Apache-2.0 */
/* What goes to the client where policies or cors had a hand in it. */
#include "pipeline_int.h"

bool pipeline_has_own(const struct exchange *x)
{
    return x->pipeline != NULL && x->pipeline->own.is_set;
}

/* Fields as an array: those of `list`, or `fields`, but what cors says itself, and what cors adds. */
static bool gather(struct exchange *x, const struct edit_fields *list, const struct field **fields, size_t *count)
{
    size_t from = list != NULL ? list->count : *count;
    bool has_cors = x->route != NULL && x->route->cors != NULL;
    bool is_allowed = x->origin == ORIGIN_ALLOWED;
    struct field *out = arena_take(&x->stream->arena, (from + CORS_FIELDS_MAX) * sizeof *out);
    size_t used = 0;
    if (out == NULL)
        return false;
    for (size_t i = 0; i < from; i++) {
        const struct field *field = list != NULL ? &list->at[i].field : &(*fields)[i];
        if (!is_allowed || !cors_is_own(field->name))
            out[used++] = *field;
    }
    used += has_cors ? cors_fields(x, out + used) : 0;
    *fields = out;
    *count = used;
    return true;
}

bool pipeline_answer_fields(struct exchange *x, const struct field **fields, size_t *count)
{
    const struct pipeline *pipeline = x->pipeline;
    const struct edit_fields *list = pipeline != NULL && pipeline->has_answer_fields ? &pipeline->answer_fields : NULL;
    if (list == NULL && (x->route == NULL || x->route->cors == NULL))
        return true;
    return gather(x, list, fields, count);
}

/* RFC 9110 15.5.2: a 401 says how to ask again, whoever makes it. */
static bool add_challenge(struct exchange *x, struct pipeline_answer *own)
{
    struct err err;
    if (own->status != 401 || edit_find(&own->fields, SPAN("WWW-Authenticate"), NULL) != NULL)
        return true;
    const struct span challenge = refuse_challenge(x);
    const struct edit edit = {SPAN("WWW-Authenticate"), EXISTS_OVERRIDE, &challenge, 1};
    return challenge.len > 0 && edit_header(&own->fields, &x->stream->arena, &edit, false, &err);
}

/* An asking proxy takes every 2xx for a pass, which an answer in place of the backend's is not. */
static bool suit_question(struct exchange *x, struct pipeline_answer *own)
{
    struct err err;
    const struct field field = forward_auth_no_store();
    const struct edit edit = {field.name, EXISTS_OVERRIDE, &field.value, 1};
    own->status = forward_auth_status(own->status);
    return edit_header(&own->fields, &x->stream->arena, &edit, false, &err);
}

enum flow pipeline_send_own(struct exchange *x, bool wants_close)
{
    struct pipeline_answer *own = &x->pipeline->own;
    x->answered_by =
        arena_printf(&x->stream->arena, "%s/%s", plan_section_name(x->pipeline->section), x->pipeline->step->path);
    const struct field *fields = NULL;
    size_t count = 0;
    bool is_whole = !x->is_asked || suit_question(x, own);
    bool has_no_body = own->status == 204 || own->status == 205 || own->status == 304;
    struct span none = {NULL, 0};
    struct span body = has_no_body ? none : own->body;
    struct answer answer = {.status = own->status,
                            .phrase = own->phrase,
                            .body = own->status == 204 || own->status == 304 ? BODY_NONE : BODY_SIZED,
                            .body_bytes = body.len,
                            .wants_close = wants_close};
    if (!is_whole || !add_challenge(x, own) || !gather(x, &own->fields, &fields, &count)) {
        answer = (struct answer){.status = 503, .body = BODY_SIZED, .wants_close = true};
        return stream_answer(x->stream, &answer, none, true);
    }
    answer.fields = fields;
    answer.count = count;
    return stream_answer(x->stream, &answer, x->stream->head.method == METHOD_HEAD ? none : body, true);
}
