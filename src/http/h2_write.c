/* SPDX-License-Identifier: Apache-2.0 */
/* Answers out: heads by nghttp2, bodies pulled from whoever holds them when a window is open and the stream's turn has come. */
#include "h2_int.h"

#include <stdio.h>

/* One share for each stream, by turns: RFC 9218 calls that incremental. */
static const nghttp2_extpri fair = {.urgency = NGHTTP2_EXTPRI_DEFAULT_URGENCY, .inc = 1};

static nghttp2_nv pair(struct span name, struct span value)
{
    return (nghttp2_nv){(uint8_t *)(uintptr_t)name.at, (uint8_t *)(uintptr_t)value.at, name.len, value.len,
                        NGHTTP2_NV_FLAG_NONE};
}

static bool put(struct buf *pairs, struct span name, struct span value)
{
    const nghttp2_nv nv = pair(name, value);
    return buf_add(pairs, &nv, sizeof nv);
}

/* Names become small letters in nghttp2's copy.  RFC 9110 6.6.1: Date is added where there is none. */
static bool put_fields(struct buf *pairs, const struct h2_answer *answer)
{
    bool has_date = answer->date.len == 0;
    for (size_t i = 0; i < answer->count; i++) {
        const struct field *field = &answer->fields[i];
        if (field->is_hop || field->id == FIELD_CONTENT_LENGTH)
            continue;
        has_date |= field->id == FIELD_DATE;
        if (!put(pairs, field->name, field->value))
            return false;
    }
    return has_date || put(pairs, SPAN("date"), answer->date);
}

static ssize_t on_pull(nghttp2_session *session, int32_t id, uint8_t *at, size_t size, uint32_t *flags,
                       nghttp2_data_source *source, void *context)
{
    const struct h2 *h = context;
    void *user = nghttp2_session_get_stream_user_data(session, id);
    bool is_last = false;
    (void)source;
    size_t len = user == NULL ? 0 : h->hooks->pull(user, (char *)at, size, &is_last);
    if (is_last)
        *flags |= NGHTTP2_DATA_FLAG_EOF;
    return len == 0 && !is_last ? NGHTTP2_ERR_DEFERRED : (ssize_t)len;
}

static bool submit(struct h2 *h, int32_t id, const struct h2_answer *answer, const struct buf *pairs)
{
    static const nghttp2_data_provider puller = {.read_callback = on_pull};
    const nghttp2_nv *nv = (const void *)buf_span(pairs).at;
    size_t count = buf_len(pairs) / sizeof *nv;
    if (answer->is_interim)
        return nghttp2_submit_headers(h->session, NGHTTP2_FLAG_NONE, id, NULL, nv, count, NULL) == 0;
    nghttp2_session_change_extpri_stream_priority(h->session, id, &fair, 1);
    return nghttp2_submit_response(h->session, id, nv, count, answer->has_body ? &puller : NULL) == 0;
}

bool h2_answer(struct h2 *h, int32_t id, const struct h2_answer *answer)
{
    AUTO(buf) pairs = {0};
    char status[4], length[24];
    int status_len = snprintf(status, sizeof status, "%03u", answer->status % 1000);
    if (h->fault != H2_NO_ERROR)
        return false;
    bool is_put = buf_reserve(&pairs, (answer->count + 3) * sizeof(nghttp2_nv)) &&
                  put(&pairs, SPAN(":status"), span_of(status, (size_t)status_len)) && put_fields(&pairs, answer);
    if (is_put && answer->length != NULL) {
        int len = snprintf(length, sizeof length, "%llu", (unsigned long long)*answer->length);
        is_put = put(&pairs, SPAN("content-length"), span_of(length, (size_t)len));
    }
    return is_put && submit(h, id, answer, &pairs);
}

void h2_resume(struct h2 *h, int32_t id)
{
    if (h->fault == H2_NO_ERROR)
        nghttp2_session_resume_data(h->session, id); /* fails where nothing waits: then it is not needed */
}

void h2_reset(struct h2 *h, int32_t id, enum h2_code code)
{
    if (h->fault == H2_NO_ERROR && nghttp2_submit_rst_stream(h->session, NGHTTP2_FLAG_NONE, id, (uint32_t)code) != 0)
        h2_fail(h, H2_INTERNAL_ERROR, "no memory");
}

static void put_number(unsigned char *at, uint32_t number)
{
    for (int i = 0; i < 4; i++)
        at[i] = (unsigned char)(number >> (24 - 8 * i));
}

/* GOAWAY (RFC 9113 6.8) on stream 0. */
static struct span say_last_words(struct h2 *h)
{
    h->has_last_words = true;
    memset(h->last_words, 0, sizeof h->last_words);
    h->last_words[2] = H2_GOAWAY_BYTES - H2_FRAME_HEAD_BYTES;
    h->last_words[3] = NGHTTP2_GOAWAY;
    put_number(h->last_words + H2_FRAME_HEAD_BYTES, (uint32_t)h->last_id);
    put_number(h->last_words + H2_FRAME_HEAD_BYTES + 4, (uint32_t)h->fault);
    return span_of(h->last_words, sizeof h->last_words);
}

/* nghttp2 would end the connection of a client that opens one stream too many; RFC 9113 5.1.2 refuses the stream.  So nghttp2 has a
 * higher limit than the one that its first frame tells.
 */
static struct span say_hello(struct h2 *h, struct span settings)
{
    h->has_greeted = true;
    assert(settings.len == sizeof h->greeting && settings.at[3] == NGHTTP2_SETTINGS &&
           settings.at[H2_FRAME_HEAD_BYTES + 1] == NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS);
    memcpy(h->greeting, settings.at, settings.len);
    put_number(h->greeting + H2_FRAME_HEAD_BYTES + 2, h->settings.streams_max);
    return span_of(h->greeting, sizeof h->greeting);
}

struct span h2_write(struct h2 *h)
{
    const uint8_t *at = NULL;
    ssize_t len = h->fault == H2_NO_ERROR ? nghttp2_session_mem_send(h->session, &at) : 0;
    if (len > 0 && !h->has_greeted)
        return say_hello(h, span_of(at, (size_t)len));
    if (len > 0)
        return span_of(at, (size_t)len);
    if (len < 0)
        h2_fail(h, H2_INTERNAL_ERROR, nghttp2_strerror((int)len));
    if (h->fault != H2_NO_ERROR && !h->has_last_words)
        return say_last_words(h);
    return span_of(NULL, 0);
}
