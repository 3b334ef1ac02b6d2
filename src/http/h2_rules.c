/* SPDX-License-Identifier: Apache-2.0 */
/* Header blocks: gathered while nghttp2 takes them apart, then judged by the rules that HTTP/1 heads have.
 *
 * What is malformed in the sense of RFC 9113 8.1.1 is nghttp2's to find, which resets the stream: pseudo fields missing, unknown,
 * twice or behind others; fields of a connection; names and values with bytes that they may not have.  What is left is refused by an
 * answer.
 */
#include "h1_int.h"
#include "h2_int.h"

#include "http/uri.h"

enum {
    FIELD_COST_BYTES = 32, /* RFC 9113 6.5.2 */
    BOMB_FACTOR = 8,       /* a block that grows to so many times the limit ends the connection */
    KEPT_BYTES = 4096
};

void h2_block_begin(struct h2 *h, int32_t id, bool is_trailers)
{
    h->block_id = id;
    h->is_trailers = is_trailers;
    h->block_bytes = 0;
    h->refusal = REASON_NONE;
    buf_clear(&h->block);
    buf_clear(&h->spots);
}

void h2_block_end(struct h2 *h)
{
    if (h->block.size > KEPT_BYTES)
        buf_fini(&h->block);
    if (h->spots.size > KEPT_BYTES)
        buf_fini(&h->spots);
}

/* The limit that the block passes with this field; the target's goes before all others. */
static enum reason limit_passed(const struct h2 *h, struct span name, struct span value)
{
    const struct h1_limits *limits = h->settings.limits;
    if (span_eq(name, SPAN(":path")) && value.len > limits->target_bytes_max)
        return REASON_TARGET_TOO_LONG;
    bool is_field = name.len > 0 && name.at[0] != ':';
    bool is_over = h->block_bytes > limits->head_bytes_max ||
                   (is_field && name.len + value.len + 4 > limits->field_bytes_max) ||
                   buf_len(&h->spots) / sizeof(struct h2_spot) >= limits->fields_max + 4;
    return is_over ? REASON_HEAD_TOO_LARGE : REASON_NONE;
}

bool h2_block_add(struct h2 *h, struct span name, struct span value)
{
    const struct h2_spot spot = {buf_len(&h->block), name.len, buf_len(&h->block) + name.len, value.len};
    h->block_bytes += name.len + value.len + FIELD_COST_BYTES;
    if (h->block_bytes / BOMB_FACTOR > h->settings.limits->head_bytes_max)
        return h2_fail(h, H2_ENHANCE_YOUR_CALM, "a header block that unfolds without end");
    if (h->refusal == REASON_NONE)
        h->refusal = limit_passed(h, name, value);
    if (h->refusal != REASON_NONE || h->is_trailers)
        return true;
    if (buf_add_span(&h->block, name) && buf_add_span(&h->block, value) && buf_add(&h->spots, &spot, sizeof spot))
        return true;
    h->refusal = REASON_OUT_OF_MEMORY;
    return true;
}

/* What stands in the pseudo fields, and the fields for whom several cookies and no Host are to be mended. */
struct parts {
    struct span scheme, path, authority;
    size_t cookies, cookie_bytes;
    struct field *cookie;
};

static void note_pseudo(struct head *head, struct parts *parts, struct span name, struct span value)
{
    if (span_eq(name, SPAN(":method")))
        head->method_text = value;
    else if (span_eq(name, SPAN(":path")))
        parts->path = value;
    else if (span_eq(name, SPAN(":scheme")))
        parts->scheme = value;
    else if (span_eq(name, SPAN(":authority")))
        parts->authority = value;
}

static void note_field(struct head *head, struct parts *parts, struct span name, struct span value)
{
    bool is_cookie = span_eq(name, SPAN("cookie"));
    struct field *field = &head->fields[head->count];
    if (is_cookie) {
        parts->cookies++;
        parts->cookie_bytes += value.len + 2;
        if (parts->cookie != NULL)
            return;
        parts->cookie = field;
    }
    *field = (struct field){.name = name, .value = value, .id = field_id_of(name)};
    head->count++;
}

/* RFC 9113 8.2.3: a backend of HTTP/1 is to see one field. */
static bool join_cookies(const struct h2 *h, struct span bytes, struct arena *arena, struct parts *parts)
{
    const struct h2_spot *spots = (const void *)buf_span(&h->spots).at;
    if (parts->cookies < 2)
        return true;
    char *joined = arena_take(arena, parts->cookie_bytes);
    size_t len = 0;
    for (size_t i = 0; joined != NULL && i < buf_len(&h->spots) / sizeof *spots; i++) {
        if (!span_eq(span_of(bytes.at + spots[i].name_at, spots[i].name_len), SPAN("cookie")))
            continue;
        if (len > 0)
            memcpy(joined + len, "; ", 2);
        len += len > 0 ? 2 : 0;
        memcpy(joined + len, bytes.at + spots[i].value_at, spots[i].value_len);
        len += spots[i].value_len;
    }
    parts->cookie->value = span_of(joined, len);
    return joined != NULL;
}

static bool take_fields(const struct h2 *h, struct arena *arena, struct head *head, struct parts *parts)
{
    const struct h2_spot *spots = (const void *)buf_span(&h->spots).at;
    size_t count = buf_len(&h->spots) / sizeof *spots;
    struct span bytes = arena_copy(arena, buf_span(&h->block));
    head->fields = arena_take(arena, (count + 1) * sizeof *head->fields);
    if (head->fields == NULL || (bytes.at == NULL && buf_len(&h->block) > 0))
        return false;
    for (size_t i = 0; i < count; i++) {
        struct span name = span_of(bytes.at + spots[i].name_at, spots[i].name_len);
        struct span value = span_of(bytes.at + spots[i].value_at, spots[i].value_len);
        if (name.len > 0 && name.at[0] == ':')
            note_pseudo(head, parts, name, value);
        else
            note_field(head, parts, name, value);
    }
    return join_cookies(h, bytes, arena, parts);
}

static bool refuse_limit(const struct h2 *h, struct err *err)
{
    const struct h1_limits *limits = h->settings.limits;
    if (h->refusal == REASON_TARGET_TOO_LONG)
        return fail(err, h->refusal, "a target of more than %zu bytes", limits->target_bytes_max);
    if (h->refusal == REASON_HEAD_TOO_LARGE)
        return fail(err, h->refusal, "a head of more than %zu bytes or %zu fields, or a field of more than %zu bytes",
                    limits->head_bytes_max, limits->fields_max, limits->field_bytes_max);
    return fail(err, REASON_OUT_OF_MEMORY, "no memory for a head");
}

/* RFC 9113 8.3.1: `host` may repeat :authority, or stand alone.  One that differs was made to be read in two ways. */
static bool read_authority(struct head *head, const struct parts *parts, struct span *host, struct err *err)
{
    const struct field *field = head_field(head, FIELD_HOST);
    if (head_field_count(head, FIELD_HOST) > 1 || (field == NULL && parts->authority.at == NULL))
        return fail(err, REASON_BAD_REQUEST, "expected :authority, or host once");
    *host = parts->authority.at != NULL ? parts->authority : field->value;
    if (!uri_is_authority(*host))
        return fail(err, REASON_BAD_REQUEST, ":authority %s is not host[:port]", QUOTED(*host));
    if (field != NULL && !span_eq_nocase(field->value, *host))
        return fail(err, REASON_BAD_REQUEST, ":authority %s differs from host", QUOTED(*host));
    if (field == NULL)
        head->fields[head->count++] = (struct field){SPAN("host"), *host, FIELD_HOST, false};
    return true;
}

/* Only origin-form and `*` (RFC 9113 8.3.1), which uri_read_target would not mind. */
static bool read_target(struct head *head, struct span host, struct err *err)
{
    bool is_path = head->target.len > 0 && (head->target.at[0] == '/' || span_eq(head->target, SPAN("*")));
    return (is_path || fail(err, REASON_BAD_REQUEST, ":path begins with no slash")) && uri_read_target(head, host, err);
}

static bool read_scheme(struct span scheme, struct err *err)
{
    return span_eq_nocase(scheme, SPAN("https")) || span_eq_nocase(scheme, SPAN("http")) ||
           fail(err, REASON_BAD_REQUEST, ":scheme %s", QUOTED(scheme));
}

/* With END_STREAM there is no body; nghttp2 saw to it that no length speaks of one. */
static bool read_body(struct head *head, bool is_end, struct err *err)
{
    head->body = is_end ? BODY_NONE : BODY_STREAM;
    return h1_rule_length(head, err);
}

bool h2_take_head(struct h2 *h, struct arena *arena, struct head *head, struct err *err)
{
    struct parts parts = {0};
    struct span host;
    *head = (struct head){.is_http2 = true};
    bool is_taken = take_fields(h, arena, head, &parts);
    h2_block_end(h);
    if (!is_taken)
        return fail(err, REASON_OUT_OF_MEMORY, "no memory for a head");
    head->target = parts.path;
    if (h->refusal != REASON_NONE)
        return refuse_limit(h, err);
    if (!h1_rule_method(head, err) || !read_scheme(parts.scheme, err) || !read_authority(head, &parts, &host, err) ||
        !read_target(head, host, err) || !read_body(head, h->event.is_end, err) || !h1_rule_expectations(head, err))
        return false;
    head_mark_hops(head);
    return h1_rule_body_size(head, h->settings.limits, err);
}
