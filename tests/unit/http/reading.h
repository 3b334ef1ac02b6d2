/* SPDX-License-Identifier: Apache-2.0 */
/* Reads messages through a struct h1 as a connection would: bytes arrive in portions, and what was consumed is gone. */
#ifndef TEST_READING_H
#define TEST_READING_H

#include "http/h1.h"

enum outcome { ACCEPTED, REFUSED, UNFINISHED };

struct reading {
    enum outcome outcome;
    struct err err;   /* of REFUSED */
    struct head head; /* of the last message read; points into the bytes given */
    struct buf body;  /* of the last message */
    size_t messages;  /* read whole */
    size_t used;      /* bytes of the input that were consumed */
    struct arena arena;
};

/* Portions of `bytes` by a rule: 0 gives all at once, 1 byte for byte, others random sizes from that seed. */
struct portions {
    unsigned seed;
};

static const struct h1_limits usual_limits = {.head_bytes_max = 65536,
                                              .field_bytes_max = 32768,
                                              .fields_max = 128,
                                              .target_bytes_max = 32768,
                                              .body_bytes_max = 0};

static inline size_t portion_next(struct portions *portions, size_t left)
{
    if (portions->seed <= 1)
        return portions->seed == 1 && left > 0 ? 1 : left;
    portions->seed = portions->seed * 1103515245u + 12345u;
    size_t size = (portions->seed >> 16) % 40 + 1;
    return size < left ? size : left;
}

static inline void reading_fini(struct reading *r)
{
    buf_fini(&r->body);
    arena_fini(&r->arena);
}
AUTO_FINI(reading)

/* Reads a head at the start of `bytes`, of which only `*seen` have arrived yet. */
static inline enum h1_find reading_head(struct reading *r, struct h1 *h, struct span bytes, size_t *seen,
                                        struct portions *portions, bool to_head)
{
    for (;;) {
        size_t skip, len;
        enum h1_find found = h1_find_head(h, span_cut(bytes, *seen), &skip, &len, &r->err);
        if (found == H1_WHOLE) {
            struct span head = span_cut(span_from(bytes, skip), len);
            bool is_right = h->role == H1_REQUESTS ? h1_read_request(h, head, &r->arena, &r->head, &r->err)
                                                   : h1_read_answer(h, head, to_head, &r->arena, &r->head, &r->err);
            r->used += skip + len;
            *seen -= skip + len;
            return is_right ? H1_WHOLE : H1_BAD;
        }
        if (found == H1_BAD || *seen == bytes.len)
            return found;
        *seen += portion_next(portions, bytes.len - *seen);
    }
}

static inline enum h1_step reading_body(struct reading *r, struct h1 *h, struct span bytes, size_t *seen,
                                        struct portions *portions)
{
    buf_clear(&r->body);
    for (;;) {
        struct span in = span_cut(bytes, *seen), piece;
        enum h1_step step = h1_read_body(h, &in, &piece, &r->err);
        size_t used = *seen - in.len;
        bytes = span_from(bytes, used);
        r->used += used;
        *seen = in.len;
        if (step == H1_PIECE)
            buf_add_span(&r->body, piece);
        else if (step != H1_MORE || *seen == bytes.len)
            return step;
        else
            *seen += portion_next(portions, bytes.len - *seen);
    }
}

/* Reads messages until `bytes` end, one is refused, or `messages_max` were read. */
static inline void reading_run(struct reading *r, enum h1_role role, const struct h1_limits *limits, struct span bytes,
                               unsigned seed, size_t messages_max)
{
    struct h1 h;
    struct portions portions = {seed};
    size_t seen = seed == 0 ? bytes.len : 0;
    *r = (struct reading){.outcome = UNFINISHED};
    h1_init(&h, role, limits);
    while (r->messages < messages_max && r->used < bytes.len) {
        enum h1_find found = reading_head(r, &h, span_from(bytes, r->used), &seen, &portions, false);
        enum h1_step step = H1_MORE;
        if (found == H1_WHOLE)
            step = reading_body(r, &h, span_from(bytes, r->used), &seen, &portions);
        bool is_eof = found == H1_WHOLE && step == H1_MORE && h1_read_eof(&h);
        r->outcome = found == H1_BAD || step == H1_BROKEN ? REFUSED : step == H1_END || is_eof ? ACCEPTED : UNFINISHED;
        if (r->outcome != ACCEPTED)
            return;
        r->messages++;
        if (r->head.wants_close)
            return;
        h1_next(&h);
    }
}

#endif
