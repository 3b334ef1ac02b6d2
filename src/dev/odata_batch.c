/* SPDX-License-Identifier: Apache-2.0 */
/* Two levels of one reader: the parts of the batch, and within a part that is multipart those of the change set; no third. */
#include "dev/odata_batch.h"

#include "dev/odata_header.h"

enum { BOUNDARY_MAX = 70 };

/* A multipart under reading (RFC 2046 5.1). */
struct multipart {
    struct span boundary, rest; /* rest: behind a line that began a part */
    bool is_closed;
};

/* A line of a head, or what is between two delimiters. */
static struct span take_line(struct span *rest)
{
    struct span line = {NULL, 0};
    span_split(rest, '\n', &line);
    return line.len > 0 && line.at[line.len - 1] == '\r' ? span_cut(line, line.len - 1) : line;
}

static bool is_boundary(struct span text)
{
    for (size_t i = 0; i < text.len; i++)
        if (text.at[i] <= ' ' || text.at[i] > '~' || text.at[i] == '"')
            return false;
    return text.len > 0 && text.len <= BOUNDARY_MAX;
}

/* Whether `line` is `--boundary` or, `*is_last`, `--boundary--`; blanks may follow. */
static bool is_delimiter(struct span line, struct span boundary, bool *is_last)
{
    if (!span_starts(line, SPAN("--")) || !span_starts(span_from(line, 2), boundary))
        return false;
    struct span behind = span_from(line, 2 + boundary.len);
    *is_last = span_starts(behind, SPAN("--"));
    return span_trim(*is_last ? span_from(behind, 2) : behind).len == 0;
}

/* Takes off all up to the next delimiter; `content` is without the end of line before that. */
static bool take_content(struct multipart *m, struct span *content)
{
    const char *begin = m->rest.at;
    while (m->rest.len > 0) {
        const char *at = m->rest.at;
        struct span line = take_line(&m->rest);
        if (!is_delimiter(line, m->boundary, &m->is_closed))
            continue;
        *content = span_of(begin, (size_t)(at - begin));
        if (span_ends(*content, SPAN("\n")))
            content->len--;
        if (span_ends(*content, SPAN("\r")))
            content->len--;
        return true;
    }
    return false;
}

/* Starts behind the first delimiter; what stands before it is for nobody. */
static bool open_multipart(struct multipart *m, struct span content_type, struct span body,
                           struct odata_failure *failure)
{
    struct span preamble;
    *m = (struct multipart){.boundary = odata_header_parameter(content_type, "boundary"), .rest = body};
    if (!odata_header_is_type(content_type, "multipart/mixed") || !is_boundary(m->boundary))
        return odata_fail(failure, ODATA_BAD_REQUEST, "expected multipart/mixed with a boundary");
    return take_content(m, &preamble) || odata_fail(failure, ODATA_BAD_REQUEST, "the boundary never comes");
}

static bool is_printable(struct span text)
{
    for (size_t i = 0; i < text.len; i++)
        if ((text.at[i] < ' ' || text.at[i] > '~') && text.at[i] != '\t')
            return false;
    return true;
}

/* Fields up to the empty line; `rest` then begins behind it. */
static bool read_fields(struct head *head, struct arena *arena, struct span *rest, struct odata_failure *failure)
{
    head->fields = arena_take(arena, ODATA_BATCH_FIELDS_MAX * sizeof *head->fields);
    if (head->fields == NULL)
        return odata_fail_memory(failure);
    while (rest->len > 0) {
        struct span line = take_line(rest);
        if (line.len == 0)
            return true;
        const char *colon = span_chr(line, ':');
        if (colon == NULL || !is_printable(line) || head->count == ODATA_BATCH_FIELDS_MAX)
            return odata_fail(failure, ODATA_BAD_REQUEST, "a field of a part is malformed: \"%s\"", QUOTED(line));
        struct span name = span_cut(line, (size_t)(colon - line.at));
        struct span value = span_trim(span_from(line, name.len + 1));
        head->fields[head->count++] = (struct field){span_trim(name), value, field_id_of(name), false};
    }
    return true;
}

/* `PATCH CustomerOrderSet('1') HTTP/1.1` */
static bool read_request_line(struct head *head, struct span line, struct odata_failure *failure)
{
    struct span rest = line, version;
    bool is_split = span_split(&rest, ' ', &head->method_text) && span_split(&rest, ' ', &head->target);
    version = span_trim(rest);
    if (!is_split || head->target.len == 0 || !is_printable(line) || !span_starts(version, SPAN("HTTP/1.")))
        return odata_fail(failure, ODATA_BAD_REQUEST, "no request line: \"%s\"", QUOTED(line));
    head->method = method_of(head->method_text);
    return true;
}

/* All that is left, or what a Content-Length says of it. */
static bool read_body(struct odata_batch_request *request, struct span rest, struct odata_failure *failure)
{
    const struct field *length = head_field(&request->head, FIELD_CONTENT_LENGTH);
    uint64_t bytes = rest.len;
    if (length != NULL && !span_u64(length->value, rest.len, &bytes))
        return odata_fail(failure, ODATA_BAD_REQUEST, "a part ends before its Content-Length");
    request->body = span_cut(rest, (size_t)bytes);
    return true;
}

/* --- parts --- */

struct reading {
    struct odata_batch *batch;
    struct arena *arena;
    struct odata_failure *failure;
};

static bool read_content_id(struct odata_batch_request *request, const struct head *part, struct odata_failure *failure)
{
    request->content_id = odata_header(part, "Content-ID");
    if (request->content_id.at == NULL)
        request->content_id = odata_header(&request->head, "Content-ID");
    if (request->content_id.len > ODATA_CONTENT_ID_MAX)
        return odata_fail(failure, ODATA_BAD_REQUEST, "a Content-ID has %d characters at most", ODATA_CONTENT_ID_MAX);
    return true;
}

/* The request in an application/http part. */
static bool read_request(struct reading *r, const struct head *part, struct span rest, unsigned change_set)
{
    struct odata_batch *batch = r->batch;
    if (batch->count == ODATA_BATCH_REQUESTS_MAX)
        return odata_fail(r->failure, ODATA_BAD_REQUEST, "a batch has %d requests at most", ODATA_BATCH_REQUESTS_MAX);
    struct odata_batch_request *request = &batch->requests[batch->count++];
    *request = (struct odata_batch_request){.change_set = change_set};
    while (span_starts(rest, SPAN("\r\n")) || span_starts(rest, SPAN("\n")))
        take_line(&rest);
    if (!read_request_line(&request->head, take_line(&rest), r->failure) ||
        !read_fields(&request->head, r->arena, &rest, r->failure) || !read_content_id(request, part, r->failure) ||
        !read_body(request, rest, r->failure))
        return false;
    bool is_read = request->head.method == METHOD_GET || request->head.method == METHOD_HEAD;
    return change_set == 0 || !is_read || odata_fail(r->failure, ODATA_BAD_REQUEST, "a change set holds no GET");
}

static bool is_request(const struct head *part)
{
    return odata_header_is_type(odata_header(part, "Content-Type"), "application/http");
}

static bool read_change_set(struct reading *r, struct span content_type, struct span body)
{
    struct multipart m;
    struct span content;
    if (!open_multipart(&m, content_type, body, r->failure))
        return false;
    unsigned number = ++r->batch->change_sets;
    while (!m.is_closed) {
        struct head part = {.count = 0};
        if (!take_content(&m, &content))
            return odata_fail(r->failure, ODATA_BAD_REQUEST, "a change set lacks its end");
        if (!read_fields(&part, r->arena, &content, r->failure))
            return false;
        if (!is_request(&part))
            return odata_fail(r->failure, ODATA_BAD_REQUEST, "a part of a change set is not application/http");
        if (!read_request(r, &part, content, number))
            return false;
    }
    return true;
}

static bool read_part(struct reading *r, struct span content)
{
    struct head part = {.count = 0};
    if (!read_fields(&part, r->arena, &content, r->failure))
        return false;
    return is_request(&part) ? read_request(r, &part, content, 0)
                             : read_change_set(r, odata_header(&part, "Content-Type"), content);
}

bool odata_batch_read(struct odata_batch *batch, struct arena *arena, struct span content_type, struct span body,
                      struct odata_failure *failure)
{
    struct reading r = {batch, arena, failure};
    struct multipart m;
    struct span content;
    *batch = (struct odata_batch){.requests = arena_take(arena, ODATA_BATCH_REQUESTS_MAX * sizeof *batch->requests)};
    if (batch->requests == NULL)
        return odata_fail_memory(failure);
    if (!open_multipart(&m, content_type, body, failure))
        return false;
    while (!m.is_closed) {
        if (!take_content(&m, &content))
            return odata_fail(failure, ODATA_BAD_REQUEST, "the batch lacks its end");
        if (!read_part(&r, content))
            return false;
    }
    return true;
}
