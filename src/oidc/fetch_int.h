/* SPDX-License-Identifier: Apache-2.0 */
/* What fetch.c (loop, start, end), fetch_options.c (what libcurl is told), fetch_answer.c (what came of it) and call.c (requests of any
 * method) share.
 */
#ifndef OIDC_FETCH_INT_H
#define OIDC_FETCH_INT_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/list.h"
#include "oidc/call.h"

#include <curl/curl.h>

enum {
    FETCH_MAGIC = 0x66657463,
    FETCH_HEAD_BYTES_MAX = 64 << 10,
    FETCH_ETAG_BYTES_MAX = 256,
    FETCH_PHRASE_BYTES = 128,
};

struct fetch {
    uint32_t magic;
    struct list link;
    struct fetcher *fetcher;
    CURL *easy;
    struct curl_slist *fields, *places;
    fetch_done *done;
    call_done *called; /* in place of `done`: it is a call */
    void *context;
    int64_t timeout_ms;
    struct buf body;
    size_t head_bytes;
    int64_t begun_mono_us;
    int64_t begun_us, head_us; /* wall clock, see fetch_answer */
    bool is_conditional;       /* If-None-Match was sent */
    bool is_too_large;
    bool cuts_body, is_cut; /* of calls */
    char phrase[FETCH_PHRASE_BYTES];
    CURLcode result;
};

/* One that libcurl knows nothing of yet; NULL where the options' URL or proxy may not be used, or there is no memory. */
struct fetch *fetch_new(struct fetcher *fetcher, const struct fetch_options *options, struct err *err) MUST_CHECK;
/* Frees a fetch that libcurl does not know any more. */
void fetch_free(struct fetch *fetch);
/* Hands the fetch to libcurl where `is_prepared`; NULL, and the fetch is gone, where it is not or libcurl does not take it. */
struct fetch *fetch_run(struct fetch *fetch, bool is_prepared, struct err *err) MUST_CHECK;

/* Adds a line "Name: value" to those of the request. */
bool fetch_add_field(struct fetch *fetch, const char *line) MUST_CHECK;

/* Makes the easy handle and tells it all: options, callbacks, fields.  False: no memory, or an option it cannot take. */
bool fetch_prepare(struct fetch *fetch, const struct fetch_options *options) MUST_CHECK;
/* The same but for the fields, which the caller has added. */
bool fetch_set_options(struct fetch *fetch, const struct fetch_options *options) MUST_CHECK;

/* One that we would not send back is none. */
bool fetch_is_etag(struct span etag);

/* Whether head and body stayed within their limits. */
bool fetch_fits(const struct fetch *fetch, struct err *err) MUST_CHECK;
/* How the transfer ended, whatever was answered: false where it broke off. */
bool fetch_arrived(const struct fetch *fetch, struct err *err) MUST_CHECK;

/* Tells the owner of an ended call. */
void call_conclude(struct fetch *fetch);

/* What an ended fetch answered; texts live as long as the fetch and `arena`. */
void fetch_answer_read(struct fetch *fetch, struct arena *arena, struct fetch_answer *answer);

#endif
