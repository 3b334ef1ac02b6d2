/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of the HTTP/2 codec share. */
#ifndef HTTP_H2_INT_H
#define HTTP_H2_INT_H

#include "base/buf.h"
#include "http/h2.h"

#include <nghttp2/nghttp2.h>

enum {
    H2_FRAME_HEAD_BYTES = 9,
    H2_GOAWAY_BYTES = H2_FRAME_HEAD_BYTES + 8,
    H2_SETTINGS = 4, /* that a client is told; the first is MAX_CONCURRENT_STREAMS */
    H2_GREETING_BYTES = H2_FRAME_HEAD_BYTES + 6 * H2_SETTINGS
};

/* A field of a header block: offsets, since the bytes may move while they gather. */
struct h2_spot {
    size_t name_at, name_len, value_at, value_len;
};

/* A right to do something so often: it grows with time and by useful work, up to its maximum. */
struct h2_allowance {
    int64_t left, max; /* thousandths */
    int64_t per_s;
    int64_t at_ms; /* when it grew last */
};

/* The frame under way, as its first bytes told. */
struct h2_frame {
    unsigned char head[H2_FRAME_HEAD_BYTES];
    size_t have;  /* bytes of that */
    size_t left;  /* bytes of payload to come */
    size_t block; /* encoded bytes of the header block under way */
    unsigned continuations;
    unsigned blocks; /* that began */
};

struct h2 {
    nghttp2_session *session;
    struct h2_settings settings;
    const struct h2_hooks *hooks;
    size_t preface_left; /* bytes of the preface to come */
    struct h2_frame frame;
    struct h2_allowance chatter; /* frames that carry nothing */
    struct h2_allowance resets;  /* streams ended before their answer was */
    int64_t now_ms;              /* of the call under way */
    int32_t last_id;             /* the highest that a request began with */
    size_t open;                 /* streams */
    uint64_t refused;            /* streams past streams_max */
    /* the header block under way, or the last one */
    int32_t block_id;
    bool is_trailers;
    struct buf block, spots;
    size_t block_bytes;  /* decoded, as SETTINGS_MAX_HEADER_LIST_SIZE counts */
    enum reason refusal; /* a limit that it passed; REASON_NONE: none */
    /* what callbacks noted of the frame under way */
    enum h2_step step;
    struct h2_event event;
    struct err err;
    enum h2_code fault; /* why we end the connection; nghttp2 is not asked again */
    enum h2_code error; /* of the GOAWAY that went out, or is about to */
    bool is_reading;    /* inside nghttp2_session_mem_recv */
    bool has_gaps;      /* the client left stream numbers out */
    bool has_greeted, has_last_words, is_noticed;
    unsigned char greeting[H2_GREETING_BYTES], last_words[H2_GOAWAY_BYTES];
};

/* Notes that the connection ends with this code; false. */
bool h2_fail(struct h2 *h, enum h2_code code, const char *why);

/* Looks at the frame head that lies whole in h->frame; false: h2_fail was called. */
bool h2_look_over(struct h2 *h) MUST_CHECK;
/* Something useful was done. */
void h2_earn(struct h2_allowance *allowance, int64_t pieces);
/* Takes one piece; false: there was none. */
bool h2_spend(struct h2 *h, struct h2_allowance *allowance, int64_t pieces) MUST_CHECK;

/* Begins a header block; takes a field of it: false when it grew so far that the connection must end. */
void h2_block_begin(struct h2 *h, int32_t id, bool is_trailers);
bool h2_block_add(struct h2 *h, struct span name, struct span value) MUST_CHECK;
/* Frees what it holds, unless that is little. */
void h2_block_end(struct h2 *h);

#endif
