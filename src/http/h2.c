/* SPDX-License-Identifier: Apache-2.0 */
/* The session: nghttp2 holds the states of streams, windows and both tables of HPACK, and enforces RFC 9113 8 on messages.
 *
 * Its callbacks note what the frame under way was; what follows from it is done after nghttp2's call returned.  An error that this
 * module finds ends the connection by a GOAWAY of its own making, since nghttp2 must not be asked again after a callback failed.
 */
#include "h2_int.h"

const char h2_preface[H2_PREFACE_BYTES + 1] = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

/* The PING behind the first GOAWAY. */
static const uint8_t notice_mark[8] = {'n', 'o', 't', 'i', 'c', 'e', 'd', '?'};

enum {
    CHATTER_MAX = 1000,
    CHATTER_PER_S = 100,
    RESETS_MAX = 100, /* and as many more as streams may be open */
    RESETS_PER_S = 10,
    SETTINGS_NO_RFC7540_PRIORITIES = 9, /* RFC 9218 2.1 */
    ACKS_WAITING_MAX = 1000,
    STREAMS_OVER = 100 /* that are refused one by one; past them nghttp2 ends the connection */
};

bool h2_fail(struct h2 *h, enum h2_code code, const char *why)
{
    if (h->fault == H2_NO_ERROR) {
        h->fault = h->error = code;
        fail(&h->err, REASON_BAD_REQUEST, "HTTP/2 %s: %s", h2_code_name(code), why);
    }
    return false;
}

static void note_user(struct h2 *h, int32_t id)
{
    h->event.id = id;
    h->event.user = nghttp2_session_get_stream_user_data(h->session, id);
}

static int on_begin_headers(nghttp2_session *session, const nghttp2_frame *frame, void *context)
{
    struct h2 *h = context;
    (void)session;
    if (frame->headers.cat == NGHTTP2_HCAT_REQUEST)
        h->open++;
    h2_block_begin(h, frame->hd.stream_id, frame->headers.cat != NGHTTP2_HCAT_REQUEST);
    return 0;
}

static int on_header(nghttp2_session *session, const nghttp2_frame *frame, const uint8_t *name, size_t name_len,
                     const uint8_t *value, size_t value_len, uint8_t flags, void *context)
{
    (void)session;
    (void)frame;
    (void)flags;
    return h2_block_add(context, span_of(name, name_len), span_of(value, value_len)) ? 0 : NGHTTP2_ERR_CALLBACK_FAILURE;
}

/* nghttp2 would pass such a field over; a request that has one is malformed (RFC 9113 8.2.1). */
static int on_invalid_header(nghttp2_session *session, const nghttp2_frame *frame, const uint8_t *name, size_t name_len,
                             const uint8_t *value, size_t value_len, uint8_t flags, void *context)
{
    (void)session;
    (void)frame;
    (void)name;
    (void)name_len;
    (void)value;
    (void)value_len;
    (void)flags;
    (void)context;
    return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
}

static int on_data_chunk(nghttp2_session *session, uint8_t flags, int32_t id, const uint8_t *data, size_t len,
                         void *context)
{
    struct h2 *h = context;
    (void)flags;
    note_user(h, id);
    if (h->event.user == NULL) {
        nghttp2_session_consume_connection(session, len);
        return 0;
    }
    h->step = H2_PIECE;
    h->event.piece = span_of(data, len);
    return 0;
}

static void note_headers(struct h2 *h, const nghttp2_frame *frame)
{
    int32_t id = frame->hd.stream_id;
    note_user(h, id);
    if (frame->headers.cat == NGHTTP2_HCAT_REQUEST) {
        h->last_id = id;
        if (h->open > h->settings.streams_max) { /* RFC 9113 5.1.2 */
            nghttp2_submit_rst_stream(h->session, NGHTTP2_FLAG_NONE, id, NGHTTP2_REFUSED_STREAM);
            h->refused++;
            return;
        }
        h->step = H2_HEAD;
        h->event.is_end = (frame->hd.flags & NGHTTP2_FLAG_END_STREAM) != 0;
        h2_earn(&h->chatter, 10);
        return;
    }
    if (h->event.user == NULL)
        return;
    h->event.is_end = true;
    h->step = h->refusal == REASON_NONE ? H2_PIECE : H2_BAD;
    if (h->step == H2_BAD)
        fail(&h->err, h->refusal, "trailers of more than %zu bytes", h->settings.limits->head_bytes_max);
}

static int on_frame_recv(nghttp2_session *session, const nghttp2_frame *frame, void *context)
{
    struct h2 *h = context;
    (void)session;
    if (frame->hd.type == NGHTTP2_HEADERS)
        note_headers(h, frame);
    bool is_end = (frame->hd.flags & NGHTTP2_FLAG_END_STREAM) != 0;
    bool is_hollow = frame->hd.type == NGHTTP2_DATA && frame->hd.length > 0 && frame->hd.length == frame->data.padlen;
    if (is_hollow && !is_end && !h2_spend(h, &h->chatter, 1)) {
        h2_fail(h, H2_ENHANCE_YOUR_CALM, "DATA frames of padding only");
        return NGHTTP2_ERR_CALLBACK_FAILURE;
    }
    if (frame->hd.type == NGHTTP2_DATA && is_end) {
        note_user(h, frame->hd.stream_id);
        h->event.is_end = true;
        h->step = h->event.user == NULL ? H2_MORE : H2_PIECE;
    }
    if (frame->hd.type == NGHTTP2_PING && (frame->hd.flags & NGHTTP2_FLAG_ACK) != 0)
        h->is_noticed |= memcmp(frame->ping.opaque_data, notice_mark, sizeof notice_mark) == 0;
    return 0;
}

/* A stream that the client's own faults end costs as much as one that it resets itself (CVE-2025-8671). */
static void note_reset(struct h2 *h, uint32_t code)
{
    if (code != H2_NO_ERROR && code != H2_INTERNAL_ERROR && !h2_spend(h, &h->resets, 1))
        h2_fail(h, H2_ENHANCE_YOUR_CALM, "too many faulty streams");
}

static void note_ended(struct h2 *h, int32_t id)
{
    void *user = nghttp2_session_get_stream_user_data(h->session, id);
    h2_earn(&h->resets, 1);
    if (user != NULL)
        h->hooks->ended(user);
}

static int on_frame_send(nghttp2_session *session, const nghttp2_frame *frame, void *context)
{
    struct h2 *h = context;
    (void)session;
    bool is_message = frame->hd.type == NGHTTP2_DATA || frame->hd.type == NGHTTP2_HEADERS;
    if (frame->hd.type == NGHTTP2_DATA)
        h2_earn(&h->chatter, 2 + (int64_t)frame->hd.length / 1024); /* each may be answered by WINDOW_UPDATEs */
    if (is_message && (frame->hd.flags & NGHTTP2_FLAG_END_STREAM) != 0)
        note_ended(h, frame->hd.stream_id);
    if (frame->hd.type == NGHTTP2_RST_STREAM)
        note_reset(h, frame->rst_stream.error_code);
    if (frame->hd.type == NGHTTP2_GOAWAY && frame->goaway.error_code != NGHTTP2_NO_ERROR)
        h->error = frame->goaway.error_code;
    return 0;
}

static int on_stream_close(nghttp2_session *session, int32_t id, uint32_t code, void *context)
{
    struct h2 *h = context;
    void *user = nghttp2_session_get_stream_user_data(session, id);
    h->open--;
    if (user != NULL) {
        nghttp2_session_set_stream_user_data(session, id, NULL);
        h->hooks->closed(user, code, h->is_reading);
    }
    return 0;
}

/* What nghttp2 finds wrong, in its words: the last of it explains a GOAWAY. */
static int on_error(nghttp2_session *session, int code, const char *text, size_t len, void *context)
{
    struct h2 *h = context;
    (void)session;
    (void)code;
    fail(&h->err, REASON_BAD_REQUEST, "HTTP/2: %s", QUOTED(span_of(text, len)));
    return 0;
}

static bool make_session(struct h2 *h)
{
    nghttp2_session_callbacks *calls = NULL;
    nghttp2_option *option = NULL;
    bool is_ok = nghttp2_session_callbacks_new(&calls) == 0 && nghttp2_option_new(&option) == 0;
    if (is_ok) {
        nghttp2_session_callbacks_set_on_begin_headers_callback(calls, on_begin_headers);
        nghttp2_session_callbacks_set_on_header_callback(calls, on_header);
        nghttp2_session_callbacks_set_on_invalid_header_callback(calls, on_invalid_header);
        nghttp2_session_callbacks_set_on_data_chunk_recv_callback(calls, on_data_chunk);
        nghttp2_session_callbacks_set_on_frame_recv_callback(calls, on_frame_recv);
        nghttp2_session_callbacks_set_on_frame_send_callback(calls, on_frame_send);
        nghttp2_session_callbacks_set_on_stream_close_callback(calls, on_stream_close);
        nghttp2_session_callbacks_set_error_callback2(calls, on_error);
        nghttp2_option_set_no_auto_window_update(option, 1);
        nghttp2_option_set_max_outbound_ack(option, ACKS_WAITING_MAX);
        is_ok = nghttp2_session_server_new2(&h->session, calls, h, option) == 0;
    }
    nghttp2_session_callbacks_del(calls);
    nghttp2_option_del(option);
    return is_ok;
}

static bool begin(struct h2 *h)
{
    const struct h2_settings *settings = &h->settings;
    size_t head_bytes = settings->limits->head_bytes_max;
    const nghttp2_settings_entry entries[H2_SETTINGS] = {
        {NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS,
         settings->streams_max + STREAMS_OVER}, /* the client is told less: h2_write */
        {NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, settings->window_bytes},
        {NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE, head_bytes < UINT32_MAX ? (uint32_t)head_bytes : UINT32_MAX},
        {SETTINGS_NO_RFC7540_PRIORITIES, 1}, /* all streams get the same share, whatever the client asks for */
    };
    return nghttp2_submit_settings(h->session, NGHTTP2_FLAG_NONE, entries, COUNT_OF(entries)) == 0 &&
           nghttp2_session_set_local_window_size(h->session, NGHTTP2_FLAG_NONE, 0,
                                                 (int32_t)settings->connection_bytes) == 0;
}

static struct h2_allowance allow(int64_t max, int64_t per_s)
{
    return (struct h2_allowance){.left = max * 1000, .max = max * 1000, .per_s = per_s};
}

struct h2 *h2_new(const struct h2_settings *settings, const struct h2_hooks *hooks)
{
    AUTO_PTR(h2) h = calloc(1, sizeof *h);
    if (h == NULL)
        return NULL;
    h->settings = *settings;
    h->hooks = hooks;
    h->preface_left = H2_PREFACE_BYTES;
    h->chatter = allow(CHATTER_MAX, CHATTER_PER_S);
    h->resets = allow(RESETS_MAX + settings->streams_max, RESETS_PER_S);
    if (!make_session(h) || !begin(h))
        return NULL;
    return STEAL(h);
}

void h2_free(struct h2 *h)
{
    if (h == NULL)
        return;
    nghttp2_session_del(h->session);
    buf_fini(&h->block);
    buf_fini(&h->spots);
    free(h);
}

/* Takes bytes off `in` for nghttp2: not beyond the end of a frame, and the head of a frame only when it is whole (nghttp2 counts a
 * CONTINUATION for each call that brings a part of its head).  False: they are not to be looked at.
 */
static bool take_slice(struct h2 *h, struct span *in, struct span *slice)
{
    struct h2_frame *frame = &h->frame;
    const char *at = in->at;
    size_t before = in->len;
    if (h->preface_left > 0) {
        *slice = span_cut(*in, h->preface_left);
        *in = span_from(*in, slice->len);
        h->preface_left -= slice->len;
        return true;
    }
    bool is_begin = frame->have == 0, is_head = frame->have < H2_FRAME_HEAD_BYTES;
    while (frame->have < H2_FRAME_HEAD_BYTES && in->len > 0) {
        frame->head[frame->have++] = (unsigned char)in->at[0];
        *in = span_from(*in, 1);
    }
    *slice = span_of(at, 0);
    if (frame->have < H2_FRAME_HEAD_BYTES)
        return true;
    if (is_head && !h2_look_over(h))
        return false;
    *slice = span_of(frame->head, sizeof frame->head); /* its begin came earlier: it goes by itself */
    if (!is_head || is_begin) {
        size_t payload = in->len < frame->left ? in->len : frame->left;
        *in = span_from(*in, payload);
        frame->left -= payload;
        *slice = span_of(at, before - in->len);
    }
    if (frame->left == 0)
        frame->have = 0;
    return true;
}

static void refuse_input(struct h2 *h, ssize_t error)
{
    if (error == NGHTTP2_ERR_BAD_CLIENT_MAGIC)
        h2_fail(h, H2_PROTOCOL_ERROR, "another preface");
    else if (error == NGHTTP2_ERR_FLOODED)
        h2_fail(h, H2_ENHANCE_YOUR_CALM, "too many frames to answer");
    else
        h2_fail(h, H2_INTERNAL_ERROR, nghttp2_strerror((int)error));
}

enum h2_step h2_read(struct h2 *h, int64_t now_ms, struct span *in, struct h2_event *event, struct err *err)
{
    struct span slice;
    h->now_ms = now_ms;
    h->step = H2_MORE;
    h->event = (struct h2_event){0};
    h->is_reading = true;
    while (in->len > 0 && h->step == H2_MORE && h->fault == H2_NO_ERROR && take_slice(h, in, &slice)) {
        ssize_t taken = slice.len == 0 ? 0 : nghttp2_session_mem_recv(h->session, (const uint8_t *)slice.at, slice.len);
        if (taken < 0)
            refuse_input(h, taken);
    }
    h->is_reading = false;
    *event = h->event;
    if (h->fault != H2_NO_ERROR)
        h->step = H2_OVER;
    if (h->step == H2_OVER || h->step == H2_BAD)
        *err = h->err;
    return h->step;
}

void h2_attach(struct h2 *h, int32_t id, void *user)
{
    if (h->fault == H2_NO_ERROR)
        nghttp2_session_set_stream_user_data(h->session, id, user);
}

void h2_give(struct h2 *h, int32_t id, size_t bytes)
{
    if (h->fault == H2_NO_ERROR && bytes > 0 && nghttp2_session_consume_stream(h->session, id, bytes) != 0)
        h2_fail(h, H2_INTERNAL_ERROR, "no memory");
}

void h2_give_all(struct h2 *h, size_t bytes)
{
    if (h->fault == H2_NO_ERROR && bytes > 0 && nghttp2_session_consume_connection(h->session, bytes) != 0)
        h2_fail(h, H2_INTERNAL_ERROR, "no memory");
}

void h2_notice(struct h2 *h)
{
    if (h->fault == H2_NO_ERROR && (nghttp2_submit_shutdown_notice(h->session) != 0 ||
                                    nghttp2_submit_ping(h->session, NGHTTP2_FLAG_NONE, notice_mark) != 0))
        h2_fail(h, H2_INTERNAL_ERROR, "no memory");
}

bool h2_is_noticed(const struct h2 *h)
{
    return h->is_noticed;
}

void h2_goaway(struct h2 *h, enum h2_code code)
{
    if (code != H2_NO_ERROR) {
        h2_fail(h, code, "ended by the gateway");
        return;
    }
    int32_t last = nghttp2_session_get_last_proc_stream_id(h->session);
    if (h->fault == H2_NO_ERROR &&
        nghttp2_submit_goaway(h->session, NGHTTP2_FLAG_NONE, last, NGHTTP2_NO_ERROR, NULL, 0) != 0)
        h2_fail(h, H2_INTERNAL_ERROR, "no memory");
}

enum h2_code h2_error(const struct h2 *h)
{
    return h->error;
}

const char *h2_error_text(const struct h2 *h)
{
    return h->err.text;
}

const char *h2_code_name(uint32_t code)
{
    return nghttp2_http2_strerror(code);
}

bool h2_awaits_head(const struct h2 *h)
{
    unsigned type = h->frame.head[3];
    bool is_in_block = h->frame.left > 0 && (type == NGHTTP2_HEADERS || type == NGHTTP2_CONTINUATION);
    return h->preface_left > 0 || h->frame.block > 0 || is_in_block;
}

unsigned h2_blocks(const struct h2 *h)
{
    return h->frame.blocks;
}

uint64_t h2_refused(const struct h2 *h)
{
    return h->refused;
}

bool h2_is_done(const struct h2 *h)
{
    return h->fault == H2_NO_ERROR && nghttp2_session_want_read(h->session) == 0 &&
           nghttp2_session_want_write(h->session) == 0;
}
