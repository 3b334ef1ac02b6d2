/* SPDX-License-Identifier: Apache-2.0 */
/* The requests of a batch one after the other, a change set as one: all of it, or nothing (OData Protocol 4.0 11.7). */
#include "odata_call_int.h"

#include "dev/odata_batch.h"
#include "http/uri.h"

#include <openssl/rand.h>

#include <stdio.h>

enum { ANSWER_BYTES_MAX = 32 << 20, BOUNDARY_BYTES = 48, RANDOM_BYTES = 8 };

/* What `$ID` stands for. */
struct reference {
    struct span id, path, etag; /* path: below the service root */
};

struct batch_run {
    struct odata_call *call; /* of the batch itself */
    struct reference references[ODATA_BATCH_REQUESTS_MAX];
    size_t count;
    struct buf *out;
    char boundary[BOUNDARY_BYTES];
};

/* --- targets --- */

/* The reference whose id is the longest that `text`, behind its `$`, begins with. */
static const struct reference *find_reference(const struct batch_run *run, struct span text)
{
    const struct reference *found = NULL;
    for (size_t i = 0; i < run->count && text.len > 0 && text.at[0] == '$'; i++) {
        const struct reference *each = &run->references[i];
        if (span_starts(span_from(text, 1), each->id) && (found == NULL || each->id.len > found->id.len))
            found = each;
    }
    return found;
}

static bool split_target(struct odata_call *call, struct span target)
{
    const char *mark = span_chr(target, '?');
    struct span path = mark == NULL ? target : span_cut(target, (size_t)(mark - target.at));
    call->raw_query = mark == NULL ? (struct span){NULL, 0} : span_from(target, path.len);
    if (!span_starts(path, call->prefix))
        return odata_fail(call->failure, ODATA_NOT_FOUND, "a request of a batch leaves the service");
    call->raw_path = span_from(path, call->prefix.len);
    return true;
}

/* Absolute, absolute without host, relative to the service root, or `$ID` with something behind it. */
static bool resolve(const struct batch_run *run, struct odata_call *call)
{
    struct span target = call->head->target;
    const struct reference *reference = find_reference(run, target);
    struct uri uri;
    if (target.at[0] == '/')
        return split_target(call, target);
    if (uri_read(target, &uri, NULL))
        return split_target(call, span_of(uri.path.at, uri.path.len + uri.query.len));
    struct span behind = reference == NULL ? target : span_from(target, reference->id.len + 1);
    const char *whole = reference == NULL
                            ? arena_printf(call->arena, "%.*s/%.*s", SPAN_ARG(call->prefix), SPAN_ARG(behind))
                            : arena_printf(call->arena, "%.*s%.*s%.*s", SPAN_ARG(call->prefix),
                                           SPAN_ARG(reference->path), SPAN_ARG(behind));
    return whole == NULL ? odata_fail_memory(call->failure) : split_target(call, span_str(whole));
}

/* `If-Match: $1` means the version that request left behind. */
static void settle_if_match(const struct batch_run *run, struct head *head)
{
    for (size_t i = 0; i < head->count; i++) {
        struct field *field = &head->fields[i];
        const struct reference *reference = find_reference(run, field->value);
        if (span_eq_nocase(field->name, SPAN("If-Match")) && reference != NULL &&
            reference->id.len + 1 == field->value.len)
            field->value = reference->etag;
    }
}

static struct span field_of(const struct reply *reply, const char *name)
{
    for (size_t i = 0; i < reply->count; i++)
        if (span_eq(reply->fields[i].name, span_str(name)))
            return reply->fields[i].value;
    return (struct span){NULL, 0};
}

static void remember(struct batch_run *run, const struct odata_batch_request *request, const struct odata_call *call)
{
    struct span location = field_of(call->reply, "Location");
    if (request->content_id.len == 0)
        return;
    run->references[run->count++] = (struct reference){
        .id = request->content_id,
        .path = location.at == NULL ? call->raw_path : span_from(location, call->base.len - 1),
        .etag = field_of(call->reply, "ETag"),
    };
}

/* --- one request --- */

static void run_request(struct batch_run *run, struct odata_batch_request *request, struct reply *reply)
{
    struct odata_failure failure = {.allow = NULL};
    struct odata_call call = *run->call;
    settle_if_match(run, &request->head);
    call.head = &request->head;
    call.method = request->head.method == METHOD_HEAD ? METHOD_GET : request->head.method;
    call.body = request->body;
    call.reply = reply;
    call.failure = &failure;
    *reply = (struct reply){.status = 200, .body.bytes_max = ANSWER_BYTES_MAX};
    if (!resolve(run, &call) || !odata_call_open(&call) || !odata_call_run(&call))
        odata_failure_write(&failure, reply);
    responder_add_field(reply, "OData-Version", SPAN("4.0"));
    if (reply->status < 300)
        remember(run, request, &call);
}

/* One part of the answer; frees the reply's body. */
static void put_reply(struct batch_run *run, const struct odata_batch_request *request, const char *boundary,
                      struct reply *reply)
{
    struct buf *out = run->out;
    bool has_body = reply->status != 204 && request->head.method != METHOD_HEAD;
    buf_printf(out, "--%s\r\nContent-Type: application/http\r\nContent-Transfer-Encoding: binary\r\n", boundary);
    if (request->content_id.len > 0)
        buf_printf(out, "Content-ID: %.*s\r\n", SPAN_ARG(request->content_id));
    buf_printf(out, "\r\nHTTP/1.1 %u %s\r\n", reply->status, status_phrase(reply->status));
    for (size_t i = 0; i < reply->count; i++)
        buf_printf(out, "%.*s: %.*s\r\n", SPAN_ARG(reply->fields[i].name), SPAN_ARG(reply->fields[i].value));
    if (reply->content_type.len > 0)
        buf_printf(out, "Content-Type: %.*s\r\n", SPAN_ARG(reply->content_type));
    buf_printf(out, "Content-Length: %zu\r\n\r\n", has_body ? buf_len(&reply->body) : 0);
    if (has_body)
        buf_add_span(out, buf_span(&reply->body));
    buf_add_str(out, "\r\n");
    out->is_broken = out->is_broken || reply->body.is_broken;
    buf_fini(&reply->body);
}

/* --- a change set --- */

static void write_boundary(struct odata_store *store, const char *kind, char boundary[BOUNDARY_BYTES])
{
    unsigned char random[RANDOM_BYTES] = {0};
    char digits[RANDOM_BYTES * 2 + 1];
    if (RAND_bytes(random, sizeof random) != 1)
        random[0] = 1;
    for (size_t i = 0; i < RANDOM_BYTES; i++)
        snprintf(digits + 2 * i, 3, "%02x", random[i]);
    snprintf(boundary, BOUNDARY_BYTES, "%s_%s%llu", kind, digits,
             (unsigned long long)odata_store_number(store) % 1000000);
}

/* Runs all of the set into `out`, or up to the first that fails, whose reply is then all that is said.  How many requests the set
 * has is `count`.
 */
static bool run_change_set(struct batch_run *run, struct odata_batch_request *requests, size_t count)
{
    struct buf *whole = run->out;
    AUTO(buf) parts = {.bytes_max = ANSWER_BYTES_MAX};
    char boundary[BOUNDARY_BYTES];
    struct reply reply = {.status = 200};
    size_t done = 0;
    write_boundary(run->call->store, "changeset", boundary);
    run->count = 0;
    run->out = &parts;
    odata_store_begin(run->call->store);
    for (; done < count && reply.status < 300; done++) {
        run_request(run, &requests[done], &reply);
        if (reply.status < 300)
            put_reply(run, &requests[done], boundary, &reply);
    }
    run->out = whole;
    run->count = 0;
    bool is_done = reply.status < 300 && !parts.is_broken;
    odata_store_end(run->call->store, is_done);
    if (!is_done && reply.status >= 300) {
        put_reply(run, &requests[done - 1], run->boundary, &reply);
        return false;
    }
    buf_printf(whole, "--%s\r\nContent-Type: multipart/mixed; boundary=%s\r\n\r\n", run->boundary, boundary);
    buf_add_span(whole, buf_span(&parts));
    buf_printf(whole, "--%s--\r\n\r\n", boundary);
    whole->is_broken = whole->is_broken || parts.is_broken;
    return is_done;
}

static bool run_alone(struct batch_run *run, struct odata_batch_request *request)
{
    struct reply reply;
    run_request(run, request, &reply);
    run->count = 0;
    put_reply(run, request, run->boundary, &reply);
    return reply.status < 400;
}

static size_t set_size(const struct odata_batch *batch, size_t at)
{
    size_t end = at + 1;
    while (end < batch->count && batch->requests[at].change_set != 0 &&
           batch->requests[end].change_set == batch->requests[at].change_set)
        end++;
    return end - at;
}

/* 11.7.2: what comes behind a failure is not done, unless the client prefers that. */
static void run_all(struct batch_run *run, const struct odata_batch *batch, bool goes_on)
{
    bool is_done = true;
    for (size_t at = 0; at < batch->count && (is_done || goes_on);) {
        size_t count = set_size(batch, at);
        is_done = batch->requests[at].change_set == 0 ? run_alone(run, &batch->requests[at])
                                                      : run_change_set(run, &batch->requests[at], count);
        at += count;
    }
    buf_printf(run->out, "--%s--\r\n", run->boundary);
}

bool odata_call_run_batch(struct odata_call *call)
{
    struct odata_batch batch;
    struct span value;
    struct batch_run *run = arena_zero(call->arena, sizeof *run);
    if (run == NULL)
        return odata_fail_memory(call->failure);
    if (!odata_batch_read(&batch, call->arena, odata_header(call->head, "Content-Type"), call->body, call->failure))
        return false;
    bool goes_on = odata_header_prefers(call->head, "odata.continue-on-error", &value) ||
                   odata_header_prefers(call->head, "continue-on-error", &value);
    goes_on = goes_on && !span_eq_nocase(value, SPAN("false"));
    run->call = call;
    run->out = &call->reply->body;
    run->out->bytes_max = ANSWER_BYTES_MAX;
    write_boundary(call->store, "batch", run->boundary);
    run_all(run, &batch, goes_on);
    if (goes_on)
        responder_add_field(call->reply, "Preference-Applied", SPAN("odata.continue-on-error"));
    const char *type = arena_printf(call->arena, "multipart/mixed; boundary=%s", run->boundary);
    call->reply->content_type = span_str(type);
    return type != NULL || odata_fail_memory(call->failure);
}
