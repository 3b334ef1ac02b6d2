/* SPDX-License-Identifier: Apache-2.0 */
/* One HTTP request of any method, by the fetcher of the documents and as strictly: no redirects, no proxy of the environment, limits by
 * bytes and time, TLS verified.
 *
 * For the two that are no fetch of a document: a code that is exchanged at a provider's token endpoint, and a request that the gateway
 * sends to its own listener.
 */
#ifndef OIDC_CALL_H
#define OIDC_CALL_H

#include "oidc/fetch.h"

/* A header field. */
struct call_field {
    struct span name, value;
};

/* A server that is known by its place: URL and Host name whatever they like. */
struct call_place {
    const char *address; /* IPv4:PORT or [IPv6]:PORT; NULL: `socket` */
    const char *socket;  /* path of a unix socket */
    /* "sha256//BASE64" of public keys, `;` between them: the server shows one of these, and who vouches for it does not count. */
    const char *pins;
    bool wants_proxy_header; /* the server awaits a PROXY header (version 1) first */
};

struct call_options {
    const struct fetch_options
        *to;            /* URL, limits, whom to trust and how to get there; if_none_match and the like do not count */
    const char *method; /* as it goes into the request line */
    const char *target; /* the same; NULL: that of the URL */
    const struct call_field *fields;
    size_t count;
    struct span body; /* at NULL: none */
    bool cuts_body;   /* of an answer past to->bytes_max, or past the time, the rest is left out; else the call fails */
    const struct call_place *place; /* NULL: where the URL's host is */
};

struct call_answer {
    bool is_ok; /* an answer came, of whatever status */
    unsigned status;
    struct span phrase; /* behind the status; may be empty */
    const struct call_field *fields;
    size_t count;
    struct span body;
    bool is_cut;
    int64_t took_us;
    struct err err; /* where !is_ok: FETCH_FAILED with what happened */
};

/* Called once from the loop, never from inside call_start; what it is given is gone when it returns, the fetch too. */
typedef void call_done(void *context, const struct call_answer *answer);

/* Whether the text can be a field's name (RFC 9110 5.6.2), its value (RFC 9110 5.5): call_start takes no others. */
bool call_is_name(struct span text);
bool call_is_value(struct span text);

/* Begins a call; all options are copied, `body` too.  It is a fetch: fetch_cancel() ends it.  NULL with FETCH_FAILED: it could not begin,
 * `done` is not called; also where method, target or a field hold what would be more than one line (RFC 9112 11.1), or a field's name
 * is none.
 */
struct fetch *call_start(struct fetcher *fetcher, const struct call_options *options, call_done *done, void *context,
                         struct err *err) MUST_CHECK;

#endif
