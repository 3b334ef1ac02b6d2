/* SPDX-License-Identifier: Apache-2.0 */
/* A client of struct h2 in memory: frames are built by hand, events and output recorded. */
#ifndef TEST_H2_CLIENT_H
#define TEST_H2_CLIENT_H

#include "base/buf.h"
#include "http/h2.h"

enum { DATA, HEADERS, PRIORITY, RST_STREAM, SETTINGS, PUSH_PROMISE, PING, GOAWAY, WINDOW_UPDATE, CONTINUATION };
enum { END_STREAM = 1, ACK = 1, END_HEADERS = 4, EVENTS_MAX = 4096 };

static const struct h1_limits h2_limits = {
    .head_bytes_max = 4096, .field_bytes_max = 1024, .fields_max = 20, .target_bytes_max = 512};

/* What the hooks noted of a stream. */
struct noted {
    uint32_t closed_code;
    bool is_closed, is_by_client, is_ended;
    struct span answer; /* to be pulled */
};

struct client {
    struct h2 *h;
    struct buf in; /* to be read */
    struct buf body;
    int64_t now_ms;
    struct noted notes[64]; /* by stream number */
    size_t heads, pieces, ends;
    enum h2_step last;
    struct h2_event event; /* of the last head */
    struct err err;
    struct arena arena;
    struct head head; /* the last one */
    bool is_right;
    enum reason reason;
};

static size_t client_pull(void *user, char *at, size_t size, bool *is_last)
{
    struct noted *noted = user;
    struct span piece = span_cut(noted->answer, size);
    if (piece.len > 0)
        memcpy(at, piece.at, piece.len);
    noted->answer = span_from(noted->answer, piece.len);
    *is_last = noted->answer.len == 0;
    return piece.len;
}

static void client_ended(void *user)
{
    ((struct noted *)user)->is_ended = true;
}

static void client_closed(void *user, uint32_t code, bool is_by_client)
{
    struct noted *noted = user;
    noted->is_closed = true;
    noted->closed_code = code;
    noted->is_by_client = is_by_client;
}

static const struct h2_hooks client_hooks = {.pull = client_pull, .ended = client_ended, .closed = client_closed};

static inline void put_frame(struct buf *out, unsigned type, unsigned flags, uint32_t id, struct span payload)
{
    const unsigned char head[9] = {(unsigned char)(payload.len >> 16),
                                   (unsigned char)(payload.len >> 8),
                                   (unsigned char)payload.len,
                                   (unsigned char)type,
                                   (unsigned char)flags,
                                   (unsigned char)(id >> 24),
                                   (unsigned char)(id >> 16),
                                   (unsigned char)(id >> 8),
                                   (unsigned char)id};
    buf_add(out, head, sizeof head);
    buf_add_span(out, payload);
}

static inline void put_text(struct buf *out, struct span text)
{
    if (text.len < 127) {
        buf_add_char(out, (char)text.len);
    } else { /* RFC 7541 5.1 */
        size_t rest = text.len - 127;
        buf_add_char(out, 127);
        for (; rest >= 128; rest >>= 7)
            buf_add_char(out, (char)((rest & 127) | 128));
        buf_add_char(out, (char)rest);
    }
    buf_add_span(out, text);
}

/* RFC 7541 6.2.2 */
static inline void put_literal(struct buf *out, const char *name, const char *value)
{
    buf_add_char(out, 0);
    put_text(out, span_str(name));
    put_text(out, span_str(value));
}

static inline void client_init(struct client *c, const struct h1_limits *limits)
{
    const struct h2_settings settings = {limits, 10, 65535, 131070};
    *c = (struct client){.now_ms = 1000000};
    c->h = h2_new(&settings, &client_hooks);
    buf_add(&c->in, h2_preface, H2_PREFACE_BYTES);
    put_frame(&c->in, SETTINGS, 0, 0, SPAN(""));
}

static inline void client_fini(struct client *c)
{
    h2_free(c->h);
    buf_fini(&c->in);
    buf_fini(&c->body);
    arena_fini(&c->arena);
}
AUTO_FINI(client)

/* Sends what is to be sent; the bytes are given to `out` unless it is NULL. */
static inline void client_flush(struct client *c, struct buf *out)
{
    struct span bytes;
    while ((bytes = h2_write(c->h)).len > 0)
        if (out != NULL)
            buf_add_span(out, bytes);
}

static inline void client_take(struct client *c, const struct h2_event *event)
{
    struct noted *noted = &c->notes[(size_t)event->id % COUNT_OF(c->notes)];
    c->ends += event->is_end;
    if (c->last == H2_HEAD) {
        c->heads++;
        c->event = *event;
        arena_fini(&c->arena);
        c->is_right = h2_take_head(c->h, &c->arena, &c->head, &c->err);
        c->reason = c->is_right ? REASON_NONE : c->err.reason;
        *noted = (struct noted){0};
        h2_attach(c->h, event->id, noted);
    } else {
        c->pieces++;
        buf_add_span(&c->body, event->piece);
        h2_give(c->h, event->id, event->piece.len);
        h2_give_all(c->h, event->piece.len);
    }
}

/* Lets `bytes` be read to their end, or that of the connection. */
static inline void client_read_some(struct client *c, struct span bytes)
{
    struct h2_event event;
    while ((c->last = h2_read(c->h, c->now_ms, &bytes, &event, &c->err)) == H2_HEAD || c->last == H2_PIECE)
        client_take(c, &event);
}

/* The same with what was put into `in`, in portions of `most` bytes; then writes. */
static inline void client_read(struct client *c, size_t most)
{
    struct span rest = buf_span(&c->in);
    while (rest.len > 0) {
        struct span part = span_cut(rest, most);
        client_read_some(c, part);
        rest = span_from(rest, part.len);
    }
    buf_clear(&c->in);
    client_flush(c, NULL);
}

struct pair {
    const char *name, *value;
};

static inline void client_ask(struct client *c, uint32_t id, const struct pair *pairs, size_t count, unsigned flags)
{
    AUTO(buf) block = {0};
    for (size_t i = 0; i < count && pairs[i].name != NULL; i++)
        put_literal(&block, pairs[i].name, pairs[i].value);
    put_frame(&c->in, HEADERS, END_HEADERS | flags, id, buf_span(&block));
}

#endif
