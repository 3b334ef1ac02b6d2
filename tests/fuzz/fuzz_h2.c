/* SPDX-License-Identifier: Apache-2.0 */
/* Frames from anybody.  Whatever comes, the session stays in its bounds: a head that is taken holds nothing that would be two lines or
 * two messages in HTTP/1, events name streams that are there, and the same bytes give the same events however they are cut.
 *
 * The first byte says how the bytes are cut and what is answered; the preface and the client's SETTINGS are put before the rest.
 */
#include "../unit/http/h2_client.h"

#include "http/uri.h"

/* Of all that happened, for comparing runs. */
struct outcome {
    size_t heads, ends;
    enum h2_step last;
    uint32_t sum;
};

static void check_span(struct span s)
{
    for (size_t i = 0; i < s.len; i++)
        if (s.at[i] == '\r' || s.at[i] == '\n' || s.at[i] == '\0')
            abort();
}

static void check_head(const struct head *head)
{
    size_t lengths = 0, hosts = 0;
    check_span(head->method_text);
    check_span(head->target);
    check_span(head->authority);
    if (head->method == METHOD_UNKNOWN || !uri_is_authority(head->authority) || head->path.len == 0)
        abort();
    for (size_t i = 0; i < head->count; i++) {
        const struct field *field = &head->fields[i];
        check_span(field->value);
        if (!h1_is_token(field->name) || field->name.at[0] == ':')
            abort();
        if (field->id == FIELD_TRANSFER_ENCODING || field->id == FIELD_CONNECTION || field->id == FIELD_UPGRADE)
            abort();
        lengths += field->id == FIELD_CONTENT_LENGTH;
        hosts += field->id == FIELD_HOST;
    }
    if (lengths > 1 || hosts != 1 || head->is_upgrade || head->wants_close)
        abort();
}

static void answer(struct client *c, int32_t id, unsigned char how)
{
    const struct h2_answer answers[] = {
        {.status = 204}, {.status = 200, .has_body = true}, {.status = 103, .is_interim = true}};
    c->notes[(size_t)id % COUNT_OF(c->notes)].answer = SPAN("an answer");
    if (how % 5 == 4)
        h2_reset(c->h, id, H2_INTERNAL_ERROR);
    else if (how % 5 < 3 && !h2_answer(c->h, id, &answers[how % 5]))
        return;
}

static struct outcome run(const uint8_t *data, size_t size, size_t most, unsigned char how)
{
    AUTO(client) c;
    struct outcome outcome = {0};
    size_t body_bytes[64] = {0};
    client_init(&c, &h2_limits);
    if (c.h == NULL)
        abort();
    buf_add(&c.in, data, size);
    struct span rest = buf_span(&c.in);
    while (rest.len > 0) {
        struct span part = span_cut(rest, most);
        struct h2_event event;
        rest = span_from(rest, part.len);
        while ((c.last = h2_read(c.h, c.now_ms, &part, &event, &c.err)) == H2_HEAD || c.last == H2_PIECE) {
            size_t before = c.heads;
            if (c.last == H2_PIECE && event.user == NULL)
                abort();
            client_take(&c, &event);
            if (c.heads > before && c.is_right)
                check_head(&c.head);
            /* A body that proves malformed may have been given out in part. */
            size_t *bytes = &body_bytes[(size_t)event.id % COUNT_OF(body_bytes)];
            *bytes = c.heads > before ? 0 : *bytes + event.piece.len;
            if (c.heads > before || event.is_end)
                outcome.sum = outcome.sum * 31 + (uint32_t)event.id + (uint32_t)*bytes;
            if (c.heads > before)
                answer(&c, event.id, how);
        }
        if (how & 0x80)
            client_flush(&c, NULL);
    }
    client_flush(&c, NULL);
    outcome.heads = c.heads;
    outcome.ends = c.ends;
    outcome.last = c.last == H2_OVER ? H2_OVER : H2_MORE;
    return outcome;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 1)
        return 0;
    unsigned char how = data[0] & 0x7f;
    struct outcome whole = run(data + 1, size - 1, SIZE_MAX, how);
    struct outcome cut = run(data + 1, size - 1, 1 + how % 40, how);
    if (whole.heads != cut.heads || whole.ends != cut.ends || whole.sum != cut.sum || whole.last != cut.last)
        abort();
    run(data + 1, size - 1, 1 + how % 40, how | 0x80); /* with output in between, windows open at other times */
    return 0;
}
