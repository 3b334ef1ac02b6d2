/* SPDX-License-Identifier: Apache-2.0 */
/* The policies that check or change a request or an answer, one function each. */
#include "pipeline_int.h"

#include "http/uri.h"
#include "proxy/identity.h"

#include <stdlib.h>

/* An operand's text now. */
static bool text_now(struct pipeline *pipeline, const struct plan_text *text, struct span *value, struct err *err)
{
    const struct expression_context context = pipeline_context(pipeline);
    return plan_text_now(text, &context, value, err);
}

/* Several at once; the array lies in the arena. */
static bool texts_now(struct pipeline *pipeline, const struct plan_text *texts, size_t count,
                      const struct span **values, struct err *err)
{
    struct span *out = arena_zero(&pipeline->x->stream->arena, (count + 1) * sizeof *out);
    if (out == NULL)
        return fail(err, REASON_OUT_OF_MEMORY, "no memory for a policy's values");
    for (size_t i = 0; i < count; i++)
        if (!text_now(pipeline, &texts[i], &out[i], err))
            return false;
    *values = out;
    return true;
}

/* ---- the request's fields ---- */

bool pipeline_sees(const struct exchange *x, const struct field *field)
{
    return !field->is_hop && !identity_is_name(x->site->site, field->name);
}

/* The request's fields as a list that can be changed, as far as policies see them. */
static bool open_fields(struct pipeline *pipeline, struct err *err)
{
    const struct exchange *x = pipeline->x;
    const struct head *head = &x->stream->head;
    struct edit_fields *fields = &pipeline->fields;
    size_t kept = 0;
    if (pipeline->has_fields)
        return true;
    pipeline->has_fields = edit_begin(fields, &x->stream->arena, head->fields, head->count);
    for (size_t i = 0; pipeline->has_fields && i < fields->count; i++)
        if (pipeline_sees(x, &fields->at[i].field))
            fields->at[kept++] = fields->at[i];
    fields->count = kept;
    return pipeline->has_fields || fail(err, REASON_OUT_OF_MEMORY, "no memory for the header");
}

/* ---- checks ---- */

static bool status_now(struct pipeline *pipeline, const struct plan_text *text, unsigned *status, struct err *err)
{
    struct span digits;
    uint64_t number;
    if (!text_now(pipeline, text, &digits, err))
        return false;
    if (!span_u64(digits, 599, &number) || number < 200)
        return fail(err, REASON_EXPRESSION_FAILED, "a status is a number from 200 to 599");
    *status = (unsigned)number;
    return true;
}

/* What the client is told when the check fails; asked only then. */
static bool refuse_header(struct pipeline *pipeline, const struct plan_check_header *check, struct span name,
                          enum reason reason, struct err *err)
{
    struct exchange *x = pipeline->x;
    if (!status_now(pipeline, &check->status, &x->policy_status, err) ||
        !text_now(pipeline, &check->message, &x->policy_message, err)) {
        x->policy_status = 0;
        return false;
    }
    return fail(err, reason, "check-header: %s%s", QUOTED(name),
                reason == REASON_HEADER_NOT_FOUND ? " is not there once" : " has a value that is not listed");
}

static bool ignores_case(struct pipeline *pipeline, const struct plan_check_header *check, bool *ignores,
                         struct err *err)
{
    struct span text;
    *ignores = check->ignores_case;
    if (check->ignores_case_text.expression == NULL)
        return true;
    if (!text_now(pipeline, &check->ignores_case_text, &text, err))
        return false;
    *ignores = span_eq_nocase(text, SPAN("true"));
    return *ignores || span_eq_nocase(text, SPAN("false")) ||
           fail(err, REASON_EXPRESSION_FAILED, "ignore-case is neither true nor false");
}

static bool is_listed(struct span value, const struct span *values, size_t count, bool ignores)
{
    for (size_t i = 0; i < count; i++)
        if (ignores ? span_eq_nocase(value, values[i]) : span_eq(value, values[i]))
            return true;
    return count == 0;
}

/* Two lines would leave to the backend which one counts; so would another spelling that some read as the same name. */
static bool is_spelled_again(const struct edit_fields *fields, const struct edit_field *field)
{
    for (size_t i = 0; i < fields->count; i++)
        if (&fields->at[i] != field && field_is_spelled(fields->at[i].field.name, field->field.name))
            return true;
    return false;
}

static bool check_header(struct pipeline *pipeline, const struct plan_check_header *check, struct err *err)
{
    struct span name;
    const struct span *values;
    bool ignores;
    if (!text_now(pipeline, &check->name, &name, err) || !open_fields(pipeline, err))
        return false;
    const struct edit_field *field = edit_find(&pipeline->fields, name, NULL);
    if (field == NULL || is_spelled_again(&pipeline->fields, field))
        return refuse_header(pipeline, check, name, REASON_HEADER_NOT_FOUND, err);
    if (!texts_now(pipeline, check->values, check->count, &values, err) ||
        !ignores_case(pipeline, check, &ignores, err))
        return false;
    return is_listed(field->field.value, values, check->count, ignores) ||
           refuse_header(pipeline, check, name, REASON_HEADER_VALUE_NOT_ALLOWED, err);
}

static bool filter_address(struct pipeline *pipeline, const struct plan_ip_filter *filter, struct err *err)
{
    bool is_address = false;
    struct span peer = pipeline_address(pipeline);
    bool is_held = plan_holds_address(filter, peer, &is_address);
    if (filter->is_allow && !is_held)
        return fail(err, REASON_CALLER_IP_NOT_ALLOWED, "ip-filter: the caller's address is not allowed");
    if (!filter->is_allow && (is_held || !is_address))
        return fail(err, REASON_CALLER_IP_BLOCKED, "ip-filter: the caller's address is forbidden");
    return true;
}

bool pipeline_check(struct pipeline *pipeline, const struct plan_step *step, struct err *err)
{
    return step->kind == PLAN_IP_FILTER ? filter_address(pipeline, step->ip_filter, err)
                                        : check_header(pipeline, step->check_header, err);
}

/* ---- changes ---- */

static bool action_now(struct pipeline *pipeline, const struct plan_assignment *from, enum exists_action *action,
                       struct err *err)
{
    struct span text;
    *action = from->action;
    if (from->action_text.expression == NULL)
        return true;
    if (!text_now(pipeline, &from->action_text, &text, err))
        return false;
    return plan_action_named(text, action) ||
           fail(err, REASON_EXPRESSION_FAILED, "exists-action is override, skip, append or delete");
}

static bool edit_now(struct pipeline *pipeline, const struct plan_assignment *from, struct edit *edit, struct err *err)
{
    *edit = (struct edit){.count = from->count};
    return text_now(pipeline, &from->name, &edit->name, err) && action_now(pipeline, from, &edit->action, err) &&
           texts_now(pipeline, from->values, from->count, &edit->values, err);
}

/* The request's in inbound and backend, the answer's elsewhere. */
static bool set_header(struct pipeline *pipeline, const struct plan_assignment *from, struct err *err)
{
    struct edit edit;
    struct arena *arena = &pipeline->x->stream->arena;
    if (!edit_now(pipeline, from, &edit, err))
        return false;
    if (pipeline->section == SECTION_OUTBOUND || pipeline->section == SECTION_ON_ERROR)
        return edit_header(&pipeline->answer_fields, arena, &edit, false, err);
    return open_fields(pipeline, err) && edit_header(&pipeline->fields, arena, &edit, true, err);
}

void pipeline_withdraw(struct pipeline *pipeline, const struct plan_assignment *from)
{
    struct err err;
    struct edit edit = {.action = EXISTS_DELETE};
    enum exists_action action;
    bool is_request = pipeline->section == SECTION_INBOUND || pipeline->section == SECTION_BACKEND;
    if (!is_request || !text_now(pipeline, &from->name, &edit.name, &err) ||
        !action_now(pipeline, from, &action, &err) || action != EXISTS_OVERRIDE || !open_fields(pipeline, &err))
        return;
    bool is_out = edit_header(&pipeline->fields, &pipeline->x->stream->arena, &edit, true, &err);
    (void)is_out; /* a name that cannot be a header's stands in no request */
}

static bool set_query(struct pipeline *pipeline, const struct plan_assignment *from, struct err *err)
{
    struct edit edit;
    return edit_now(pipeline, from, &edit, err) &&
           edit_query(&pipeline->x->stream->arena, pipeline->query, &edit, &pipeline->query, err);
}

static bool set_variable(struct pipeline *pipeline, const struct plan_variable *variable, struct err *err)
{
    struct value value = {.kind = VALUE_TEXT, .text = variable->value.literal};
    const struct expression_context context = pipeline_context(pipeline);
    if (variable->value.expression != NULL && !expression_evaluate(variable->value.expression, &context, &value, err))
        return false;
    return variables_set(&pipeline->variables, context.arena, variable->name, value) ||
           fail(err, REASON_OUT_OF_MEMORY, "no memory for a variable");
}

/* As targets of requests have it: visible ASCII, no fragment, nothing that two readers would read as two paths. */
static bool check_target(struct arena *arena, struct span path, struct span query, struct err *err)
{
    struct err why;
    struct span decoded;
    bool is_plain = path.len > 0 && path.at[0] == '/' && span_is_printable(path) && span_is_printable(query) &&
                    span_chr(path, ' ') == NULL && span_chr(query, ' ') == NULL && span_chr(path, '#') == NULL &&
                    span_chr(query, '#') == NULL && span_chr(path, '\\') == NULL;
    bool is_encoded = uri_decode(arena, path, &decoded, &why) && uri_decode(arena, query, &decoded, &why);
    return (is_plain && is_encoded && uri_check_path(path, &why)) ||
           fail(err, REASON_EXPRESSION_FAILED, "rewrite-uri: what it gives is no path");
}

static int compare_names(const void *a, const void *b)
{
    const struct span *x = a;
    const struct span *y = b;
    size_t len = x->len < y->len ? x->len : y->len;
    int order = len == 0 ? 0 : memcmp(x->at, y->at, len);
    return order != 0 ? order : (x->len > y->len) - (x->len < y->len);
}

/* The name of a pair, decoded.  False: no memory, or badly encoded. */
static bool name_of(struct arena *arena, struct span pair, struct span *name)
{
    struct err err;
    const char *equals = span_chr(pair, '=');
    return uri_decode(arena, equals == NULL ? pair : span_cut(pair, (size_t)(equals - pair.at)), name, &err);
}

/* The names of a query, sorted: both queries may have as many pairs as a target holds.  False: no memory. */
static bool names_of(struct arena *arena, struct span query, struct span **names, size_t *count)
{
    struct span pair;
    size_t pairs = 1;
    *count = 0;
    for (size_t i = 0; i < query.len; i++)
        pairs += query.at[i] == '&';
    *names = arena_take(arena, pairs * sizeof **names);
    query = span_from(query, 1);
    while (*names != NULL && query.len > 0 && span_split(&query, '&', &pair))
        *count += pair.len > 0 && name_of(arena, pair, &(*names)[*count]);
    if (*count > 0)
        qsort(*names, *count, sizeof **names, compare_names);
    return *names != NULL;
}

/* The parameters of the client whose names the template does not have, behind the template's own. */
static bool copy_unmatched(struct pipeline *pipeline, struct span template, struct span *query, struct err *err)
{
    struct arena *arena = &pipeline->x->stream->arena;
    AUTO(buf) out = {0};
    struct span rest = span_from(pipeline->query, 1);
    struct span pair, name;
    struct span *names;
    size_t count;
    if (!names_of(arena, template, &names, &count))
        return fail(err, REASON_OUT_OF_MEMORY, "no memory for the query");
    buf_add_span(&out, template);
    while (rest.len > 0 && span_split(&rest, '&', &pair)) {
        if (count > 0 && name_of(arena, pair, &name) &&
            bsearch(&name, names, count, sizeof name, compare_names) != NULL)
            continue;
        buf_add_char(&out, buf_len(&out) == 0 ? '?' : '&');
        buf_add_span(&out, pair);
    }
    *query = buf_len(&out) == 0 ? (struct span){NULL, 0} : arena_copy(arena, buf_span(&out));
    return (!out.is_broken && (buf_len(&out) == 0 || query->at != NULL)) ||
           fail(err, REASON_OUT_OF_MEMORY, "no memory for the query");
}

static bool rewrite(struct pipeline *pipeline, const struct plan_rewrite *from, struct err *err)
{
    struct span target;
    if (!text_now(pipeline, &from->target, &target, err))
        return false;
    const char *mark = span_chr(target, '?');
    struct span path = mark == NULL ? target : span_cut(target, (size_t)(mark - target.at));
    struct span query = mark == NULL ? (struct span){NULL, 0} : span_from(target, path.len);
    if (!check_target(&pipeline->x->stream->arena, path, query, err))
        return false;
    pipeline->path = path;
    if (from->copies_unmatched)
        return copy_unmatched(pipeline, query, &pipeline->query, err);
    pipeline->query = query;
    return true;
}

static bool set_backend(struct pipeline *pipeline, const struct plan_step *step, struct err *err)
{
    struct exchange *x = pipeline->x;
    const struct site *site = x->site->site;
    const struct site_target *target = &x->route->targets[step - pipeline->plan->steps];
    struct span id;
    if (target->backend != NULL) {
        x->target = target->backend;
        pipeline->prefix = target->prefix;
        return true;
    }
    if (!text_now(pipeline, &step->backend->id, &id, err))
        return false;
    for (size_t i = 0; i < site->backend_count; i++)
        if (span_eq(site->backends[i].name, id)) {
            x->target = &site->backends[i];
            pipeline->prefix = (struct span){NULL, 0};
            return true;
        }
    return fail(err, REASON_EXPRESSION_FAILED,
                "set-backend-service: there is no backend of the name that backend-id gives");
}

bool pipeline_apply(struct pipeline *pipeline, const struct plan_step *step, struct err *err)
{
    switch (step->kind) {
    case PLAN_SET_HEADER: return set_header(pipeline, step->assignment, err);
    case PLAN_SET_QUERY: return set_query(pipeline, step->assignment, err);
    case PLAN_SET_VARIABLE: return set_variable(pipeline, step->variable, err);
    case PLAN_REWRITE_URI: return rewrite(pipeline, step->rewrite, err);
    case PLAN_SET_BACKEND: return set_backend(pipeline, step, err);
    case PLAN_VALIDATE:
    case PLAN_CHECK_HEADER:
    case PLAN_IP_FILTER:
    case PLAN_CORS:
    case PLAN_RETURN:
    case PLAN_WHEN:
    case PLAN_JUMP:
    case PLAN_KIND_COUNT: break;
    }
    return false;
}

/* ---- an answer of a policy's own ---- */

static bool add_headers(struct pipeline *pipeline, const struct plan_answer *from, struct err *err)
{
    for (size_t i = 0; i < from->header_count; i++) {
        struct edit edit;
        if (!edit_now(pipeline, &from->headers[i], &edit, err) ||
            !edit_header(&pipeline->own.fields, &pipeline->x->stream->arena, &edit, false, err))
            return false;
    }
    return true;
}

/* A phrase stands in the status line. */
static bool phrase_now(struct pipeline *pipeline, const struct plan_text *from, struct err *err)
{
    struct span *phrase = &pipeline->own.phrase;
    return text_now(pipeline, from, phrase, err) &&
           (phrase->len == 0 || span_is_printable(*phrase) ||
            fail(err, REASON_EXPRESSION_FAILED, "a status phrase holds characters that have no place there"));
}

bool pipeline_make_answer(struct pipeline *pipeline, const struct plan_answer *from, struct err *err)
{
    struct pipeline_answer *own = &pipeline->own;
    bool has_status = from->status.expression != NULL || from->status.literal.len > 0;
    *own = (struct pipeline_answer){.status = 200};
    if ((has_status && !status_now(pipeline, &from->status, &own->status, err)) ||
        !phrase_now(pipeline, &from->phrase, err))
        return false;
    if (!edit_begin(&own->fields, &pipeline->x->stream->arena, NULL, 0))
        return fail(err, REASON_OUT_OF_MEMORY, "no memory for the answer");
    if (!add_headers(pipeline, from, err) || (from->has_body && !text_now(pipeline, &from->body, &own->body, err)))
        return false;
    own->is_set = true;
    return true;
}
