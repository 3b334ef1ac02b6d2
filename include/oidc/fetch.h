/* SPDX-License-Identifier: Apache-2.0 */
/* GET one document over HTTP(S) with limits, by libcurl's multi interface on the event loop of the control thread.
 *
 * Never on a worker.  TLS is verified, redirects are not followed, the environment's proxy is not used, no encoding is asked
 * for (no bombs), the size is counted as bytes come in.
 */
#ifndef OIDC_FETCH_H
#define OIDC_FETCH_H

#include "base/err.h"
#include "base/span.h"

struct event_base;
struct fetcher; /* what all fetches of a loop share */
struct fetch;   /* one under way */

/* A certificate that a server showed, as it says of itself. */
struct fetch_certificate {
    struct span subject, issuer; /* distinguished names in one line; may be empty */
    int64_t not_after_s;         /* wall clock; 0: not known */
};

struct fetch_options {
    const char *url;     /* absolute; https, or http where allow_http */
    bool allow_http;     /* plain http to any host; to loopback it is always allowed */
    size_t bytes_max;    /* of the body */
    int64_t timeout_ms;  /* of the whole fetch; connecting gets at most 3 s of it */
    const char *ca_file; /* PEM; read for each fetch; NULL: the system's */
    const char *proxy;   /* http://HOST:PORT; NULL, empty: none */
    const char *client_certificate,
        *client_key;           /* PEM, the key without passphrase; NULL: none, or the certificate's file */
    const char *if_none_match; /* ETag of what we have, NULL: none */
    bool wants_certificates;   /* of the server, for who looks at them */
};

struct fetch_answer {
    bool is_ok;        /* 200 with a body, or 304 to if_none_match */
    bool is_unchanged; /* 304 */
    struct span body;  /* borrowed until the callback returns */
    struct span etag;  /* empty: none */
    int64_t max_age_s; /* of Cache-Control; -1: not stated; 0: no-store, no-cache */
    int64_t age_s;     /* of Age; -1: not stated */
    int64_t date_s;    /* of Date; 0: none, or the answer is out of a cache */
    int64_t begun_us;  /* wall clock: somewhere between these two moments the answer was dated */
    int64_t head_us;
    /* The server's own certificate and those it sent with it, in their order; borrowed until the callback returns.  None where they
     * were not wanted, by http, where the handshake failed, and where a connection was used that was had before.
     */
    const struct fetch_certificate *certificates;
    size_t certificate_count;
    bool is_untrusted; /* where !is_ok: the peer's certificate did not stand */
    struct err err;    /* where !is_ok: FETCH_FAILED with what happened, never bytes of the answer */
};

/* Called once from the loop, never from inside fetch_start; `fetch` is gone when it returns and must not be cancelled. */
typedef void fetch_done(void *context, const struct fetch_answer *answer);

/* curl_global_init() must have run in main before threads: fetch_global_init does. */
bool fetch_global_init(struct err *err) MUST_CHECK;
/* Undoes fetch_global_init, after the last fetcher is gone. */
void fetch_global_fini(void);

/* A fetcher on `base`, which must outlive it.  NULL: err says why. */
struct fetcher *fetcher_new(struct event_base *base, struct err *err) MUST_CHECK;
/* All fetches must have ended or been cancelled. */
void fetcher_free(struct fetcher *fetcher);

/* Begins a fetch; the options' texts are copied.  NULL: it could not begin, and `done` will not be called. */
struct fetch *fetch_start(struct fetcher *fetcher, const struct fetch_options *options, fetch_done *done, void *context,
                          struct err *err) MUST_CHECK;
/* No callback comes after this.  NULL is let through. */
void fetch_cancel(struct fetch *fetch);

#endif
