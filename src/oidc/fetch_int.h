/* SPDX-License-Identifier: Apache-2.0 */
/* What fetch.c (loop, start, end), fetch_options.c (what libcurl is told) and fetch_answer.c (what came of it) share. */
#ifndef OIDC_FETCH_INT_H
#define OIDC_FETCH_INT_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/list.h"
#include "oidc/fetch.h"

#include <curl/curl.h>

enum {
    FETCH_MAGIC = 0x66657463,
    FETCH_HEAD_BYTES_MAX = 64 << 10,
    FETCH_ETAG_BYTES_MAX = 256,
};

struct fetch {
    uint32_t magic;
    struct list link;
    struct fetcher *fetcher;
    CURL *easy;
    struct curl_slist *fields;
    fetch_done *done;
    void *context;
    int64_t timeout_ms;
    struct buf body;
    size_t head_bytes;
    int64_t begun_mono_us;
    int64_t begun_us, head_us; /* wall clock, see fetch_answer */
    bool is_conditional;       /* If-None-Match was sent */
    bool is_too_large;
    CURLcode result;
};

/* Makes the easy handle and tells it all: options, callbacks, fields.  False: no memory, or an option it cannot take. */
bool fetch_prepare(struct fetch *fetch, const struct fetch_options *options) MUST_CHECK;

/* One that we would not send back is none. */
bool fetch_is_etag(struct span etag);

/* What an ended fetch answered; texts live as long as the fetch and `arena`. */
void fetch_answer_read(struct fetch *fetch, struct arena *arena, struct fetch_answer *answer);

#endif
