/* SPDX-License-Identifier: Apache-2.0 */
/* What expressions see of an exchange. */
#include "pipeline_int.h"

#include "base/buf.h"
#include "http/uri.h"

#include <string.h>

static struct value text_value(struct span text)
{
    return text.at == NULL ? (struct value){.kind = VALUE_TEXT, .text = SPAN("")}
                           : (struct value){.kind = VALUE_TEXT, .text = text};
}

/* Without a text there is no value: context.LastError while nothing failed. */
static struct value text_or_null(bool is_there, struct span text)
{
    return is_there ? text_value(text) : (struct value){.kind = VALUE_NULL};
}

static struct value int_value(int64_t number)
{
    return (struct value){.kind = VALUE_INT, .integer = number};
}

static struct value lower(struct pipeline *pipeline, struct span text)
{
    struct span copy = arena_lower(&pipeline->x->stream->arena, text);
    pipeline->lacks_memory = pipeline->lacks_memory || copy.at == NULL;
    return text_value(copy);
}

/* Of host[:port], or the scheme's own. */
static int64_t port_of(struct span authority, bool is_https)
{
    uint64_t port = is_https ? 443 : 80;
    struct span rest = span_from(authority, uri_host(authority).len);
    if (rest.len > 1 && !span_u64(span_from(rest, 1), UINT16_MAX, &port))
        port = 0;
    return (int64_t)port;
}

bool pipeline_path(struct pipeline *pipeline, struct span *path)
{
    const struct exchange *x = pipeline->x;
    const struct site_route *route = x->route;
    *path = pipeline->path.at != NULL ? pipeline->path : x->stream->head.path;
    bool is_routed = pipeline->path.at == NULL && route->has_rewrite;
    if (!is_routed && pipeline->prefix.len == 0)
        return true;
    struct span rest = is_routed ? span_from(*path, route->path.len) : *path;
    struct span lead = is_routed ? route->rewrite : (struct span){NULL, 0};
    const char *whole =
        arena_printf(&x->stream->arena, "%.*s%.*s%.*s", SPAN_ARG(pipeline->prefix), SPAN_ARG(lead), SPAN_ARG(rest));
    *path = span_str(whole == NULL ? "" : whole);
    return whole != NULL;
}

struct span pipeline_address(const struct pipeline *pipeline)
{
    const struct exchange *x = pipeline->x;
    return x->is_asked && !x->is_client_told ? SPAN("unknown") : exchange_client(x); /* the peer is no client there */
}

static struct value url_fact(struct pipeline *pipeline, enum fact fact)
{
    const struct uri *server = &pipeline->x->target->servers[0].uri;
    struct span path;
    switch (fact) {
    case FACT_URL_SCHEME: return text_value(span_str(server->is_https ? "https" : "http"));
    case FACT_URL_HOST: return lower(pipeline, server->host);
    case FACT_URL_PORT: return int_value(server->port);
    case FACT_URL_PATH:
        if (pipeline_path(pipeline, &path))
            return text_value(path);
        pipeline->lacks_memory = true;
        return (struct value){.kind = VALUE_NULL};
    default: return text_value(pipeline->query);
    }
}

static struct value original_fact(struct pipeline *pipeline, enum fact fact)
{
    const struct stream *stream = pipeline->x->stream;
    switch (fact) {
    case FACT_ORIGINAL_SCHEME: return text_value(span_str(pipeline->x->is_https ? "https" : "http"));
    case FACT_ORIGINAL_HOST: return lower(pipeline, uri_host(stream->head.authority));
    case FACT_ORIGINAL_PORT: return int_value(port_of(stream->head.authority, pipeline->x->is_https));
    case FACT_ORIGINAL_PATH: return text_value(stream->head.path);
    default: return text_value(stream->head.query);
    }
}

static struct value error_fact(const struct pipeline_error *error, enum fact fact)
{
    switch (fact) {
    case FACT_ERROR_SOURCE: return text_or_null(error->is_set, span_str(error->is_set ? error->source : ""));
    case FACT_ERROR_REASON: return text_or_null(error->is_set, span_str(error->is_set ? error->reason : ""));
    case FACT_ERROR_MESSAGE: return text_or_null(error->is_set, error->message);
    case FACT_ERROR_SCOPE: return text_or_null(error->is_set, SPAN("api"));
    case FACT_ERROR_SECTION: return text_or_null(error->is_set, span_str(error->is_set ? error->section : ""));
    case FACT_ERROR_PATH: return text_or_null(error->is_set, span_str(error->is_set ? error->path : ""));
    default: return text_or_null(error->is_set, error->id);
    }
}

static struct value status_fact(const struct pipeline *pipeline, enum fact fact)
{
    if (pipeline->status == 0)
        return (struct value){.kind = VALUE_NULL};
    if (fact == FACT_STATUS_CODE)
        return int_value(pipeline->status);
    return text_value(pipeline->phrase.len > 0 ? pipeline->phrase : span_str(status_phrase(pipeline->status)));
}

/* Of a question, the connection's certificate is the asking proxy's. */
static struct value certificate_value(struct pipeline *pipeline)
{
    const struct exchange *x = pipeline->x;
    const struct client_certificate *from = x->stream->certificate;
    if (from == NULL || x->is_asked)
        return (struct value){.kind = VALUE_NULL};
    struct value_certificate *certificate = arena_take(&x->stream->arena, sizeof *certificate);
    pipeline->lacks_memory = pipeline->lacks_memory || certificate == NULL;
    if (certificate == NULL)
        return (struct value){.kind = VALUE_NULL};
    *certificate = (struct value_certificate){.thumbprint = from->thumbprint,
                                              .subject = from->subject,
                                              .issuer = from->issuer,
                                              .serial = from->serial,
                                              .not_before_s = from->not_before_s,
                                              .not_after_s = from->not_after_s};
    return (struct value){.kind = VALUE_CERTIFICATE, .certificate = certificate};
}

static struct value read_fact(void *of, enum fact fact)
{
    struct pipeline *pipeline = CHECKED(of, pipeline, PIPELINE_MAGIC);
    switch (fact) {
    case FACT_METHOD: return text_value(pipeline->x->stream->head.method_text);
    case FACT_IP_ADDRESS: return text_value(pipeline_address(pipeline));
    case FACT_URL_SCHEME:
    case FACT_URL_HOST:
    case FACT_URL_PORT:
    case FACT_URL_PATH:
    case FACT_URL_QUERY: return url_fact(pipeline, fact);
    case FACT_ORIGINAL_SCHEME:
    case FACT_ORIGINAL_HOST:
    case FACT_ORIGINAL_PORT:
    case FACT_ORIGINAL_PATH:
    case FACT_ORIGINAL_QUERY: return original_fact(pipeline, fact);
    case FACT_CERTIFICATE: return certificate_value(pipeline);
    case FACT_REQUEST_ID: return text_value(forward_request_id(pipeline->x));
    case FACT_STATUS_CODE:
    case FACT_STATUS_REASON: return status_fact(pipeline, fact);
    case FACT_ERROR_SOURCE:
    case FACT_ERROR_REASON:
    case FACT_ERROR_MESSAGE:
    case FACT_ERROR_SCOPE:
    case FACT_ERROR_SECTION:
    case FACT_ERROR_PATH:
    case FACT_ERROR_POLICY_ID: return error_fact(&pipeline->error, fact);
    case FACT_COUNT: break;
    }
    return (struct value){.kind = VALUE_NULL};
}

/* Texts joined as they are found. */
struct joining {
    struct buf text;
    size_t count;
};

static void join(struct joining *joining, const char *separator, struct span text)
{
    buf_add_str(&joining->text, joining->count++ == 0 ? "" : separator);
    buf_add_span(&joining->text, text);
}

/* False: nothing was found, or no memory for it. */
static bool joined_text(struct pipeline *pipeline, struct joining *joining, struct span *joined)
{
    bool is_whole = !joining->text.is_broken;
    *joined = (struct span){NULL, 0};
    if (joining->count > 0 && is_whole)
        *joined = arena_copy(&pipeline->x->stream->arena, buf_span(&joining->text));
    pipeline->lacks_memory = pipeline->lacks_memory || (joining->count > 0 && joined->at == NULL);
    buf_fini(&joining->text);
    return joined->at != NULL;
}

/* All lines of a field as one text, from the head's own array. */
static bool joined_in_head(struct pipeline *pipeline, struct span name, struct span *joined)
{
    const struct exchange *x = pipeline->x;
    struct joining joining = {.count = 0};
    const struct field *field = NULL;
    while ((field = head_find(&x->stream->head, name, field)) != NULL)
        if (pipeline_sees(x, field))
            join(&joining, ", ", field->value);
    return joined_text(pipeline, &joining, joined);
}

static bool joined_in_list(struct pipeline *pipeline, const struct edit_fields *fields, struct span name,
                           struct span *joined)
{
    if (edit_joined(fields, name, &pipeline->x->stream->arena, joined))
        return joined->at != NULL;
    pipeline->lacks_memory = true;
    return false;
}

static bool read_header(void *of, enum message message, struct span name, struct span *joined)
{
    struct pipeline *pipeline = CHECKED(of, pipeline, PIPELINE_MAGIC);
    if (message == MESSAGE_RESPONSE)
        return pipeline->has_answer_fields && joined_in_list(pipeline, &pipeline->answer_fields, name, joined);
    return pipeline->has_fields ? joined_in_list(pipeline, &pipeline->fields, name, joined)
                                : joined_in_head(pipeline, name, joined);
}

/* All values of the name, joined by commas as API Management's lists print. */
static bool read_query(void *of, bool is_original, struct span name, struct span *joined)
{
    struct pipeline *pipeline = CHECKED(of, pipeline, PIPELINE_MAGIC);
    struct arena *arena = &pipeline->x->stream->arena;
    struct span rest = span_from(is_original ? pipeline->x->stream->head.query : pipeline->query, 1);
    struct joining joining = {.count = 0};
    struct span pair;
    while (rest.len > 0 && span_split(&rest, '&', &pair)) {
        struct span value;
        size_t count = 0;
        struct err err;
        bool is_read = uri_query(arena, pair, name, &value, &count, &err);
        if (is_read && count > 0)
            join(&joining, ",", value);
        pipeline->lacks_memory = pipeline->lacks_memory || (!is_read && err.reason == REASON_OUT_OF_MEMORY);
    }
    return joined_text(pipeline, &joining, joined);
}

static void read_random(void *of, unsigned char out[16])
{
    struct pipeline *pipeline = CHECKED(of, pipeline, PIPELINE_MAGIC);
    for (size_t i = 0; i < 16; i += 8) {
        uint64_t number = worker_random(pipeline->x->gate->worker);
        memcpy(out + i, &number, sizeof number);
    }
}

struct expression_context pipeline_context(struct pipeline *pipeline)
{
    static const struct expression_host host = {
        .fact = read_fact, .header = read_header, .query = read_query, .random = read_random};
    return (struct expression_context){.host = &host,
                                       .of = pipeline,
                                       .variables = &pipeline->variables,
                                       .now_ms = worker_now(pipeline->x->gate->worker)->wall_us / 1000,
                                       .arena = &pipeline->x->stream->arena};
}
