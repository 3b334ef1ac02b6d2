/* SPDX-License-Identifier: Apache-2.0 */
/* Requests from anybody.  Whatever is accepted must mean one thing: the same however its bytes are cut, the same when
 * llhttp sees all of it, and the same once more when it was written afresh for a backend and read by a second reader.
 *
 * The first byte is the seed of the cuts, the rest what arrives on a connection.
 */
#include "../unit/http/reading.h"

#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct h1_limits limits = {.head_bytes_max = 4096,
                                        .field_bytes_max = 2048,
                                        .fields_max = 32,
                                        .target_bytes_max = 1024,
                                        .body_bytes_max = 1 << 20};

static void must(bool is_right)
{
    if (!is_right)
        abort();
}

static void same_heads(const struct head *a, const struct head *b)
{
    must(a->method == b->method && a->count == b->count && a->body == b->body && a->body_bytes == b->body_bytes);
    must(span_eq(a->target, b->target) && span_eq(a->authority, b->authority) && span_eq(a->path, b->path));
    must(a->wants_close == b->wants_close && a->is_upgrade == b->is_upgrade &&
         a->expects_continue == b->expects_continue);
    for (size_t i = 0; i < a->count; i++) {
        must(span_eq(a->fields[i].name, b->fields[i].name) && span_eq(a->fields[i].value, b->fields[i].value));
        must(a->fields[i].id == b->fields[i].id && a->fields[i].is_hop == b->fields[i].is_hop);
    }
}

static void same_however_cut(const struct reading *whole, struct span bytes, unsigned seed)
{
    AUTO(reading) cut = {0};
    reading_run(&cut, H1_REQUESTS, &limits, bytes, seed, 3);
    must(cut.outcome == whole->outcome && cut.messages == whole->messages && cut.err.reason == whole->err.reason);
    if (whole->outcome != ACCEPTED || whole->messages == 0)
        return;
    must(cut.used == whole->used && span_eq(buf_span(&cut.body), buf_span(&whole->body)));
    same_heads(&cut.head, &whole->head);
}

/* The first head read without the short cut around long values. */
static void same_without_short_cut(struct span bytes)
{
    struct h1 h;
    struct head shown = {0}, cut = {0};
    struct err err;
    size_t skip, len;
    AUTO(arena) arena = {0};
    h1_init(&h, H1_REQUESTS, &limits);
    if (h1_find_head(&h, bytes, &skip, &len, &err) != H1_WHOLE || h.has_loose_end)
        return;
    struct h1 plain = h;
    plain.longest_at = plain.longest_bytes = 0;
    bool is_right = h1_read_request(&h, span_cut(span_from(bytes, skip), len), &arena, &cut, &err);
    must(h1_read_request(&plain, span_cut(span_from(bytes, skip), len), &arena, &shown, &err) == is_right);
    if (is_right)
        same_heads(&shown, &cut);
}

static void write_body(struct buf *out, const struct reading *r)
{
    char line[H1_CHUNK_LINE_BYTES];
    if (r->head.body != BODY_STREAM) {
        buf_add_span(out, buf_span(&r->body));
        return;
    }
    bool is_empty = buf_len(&r->body) == 0;
    if (!is_empty) {
        buf_add(out, line, h1_chunk_line(line, buf_len(&r->body), true));
        buf_add_span(out, buf_span(&r->body));
    }
    buf_add_span(out, h1_chunk_end(is_empty));
}

static void same_when_written_afresh(const struct reading *r)
{
    AUTO(buf) out = {0};
    AUTO(reading) again = {0};
    if (r->head.is_http10)
        return; /* it would be written as HTTP/1.1, where other rules hold */
    must(h1_write_request_line(&out, r->head.method_text, SPAN(""), r->head.target));
    for (size_t i = 0; i < r->head.count; i++)
        must(h1_write_field(&out, r->head.fields[i].name, r->head.fields[i].value));
    must(h1_write_end(&out));
    write_body(&out, r);
    struct h1_limits wide = limits;
    wide.head_bytes_max *= 2; /* the blank behind a colon may be new */
    wide.field_bytes_max *= 2;
    reading_run(&again, H1_REQUESTS, &wide, buf_span(&out), 0, 1);
    must(again.outcome == ACCEPTED && again.messages == 1 && again.used == buf_len(&out));
    must(span_eq(buf_span(&again.body), buf_span(&r->body)));
    same_heads(&again.head, &r->head);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0)
        return 0;
    struct span bytes = span_of(data + 1, size - 1);
    AUTO(reading) whole = {0};
    reading_run(&whole, H1_REQUESTS, &limits, bytes, 0, 3);
    same_however_cut(&whole, bytes, data[0]);
    same_without_short_cut(bytes);
    if (whole.outcome == ACCEPTED && whole.messages > 0)
        same_when_written_afresh(&whole);
    return 0;
}
