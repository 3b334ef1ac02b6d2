/* SPDX-License-Identifier: Apache-2.0 */
/* Targets, paths, hosts and queries, read strictly and never rewritten (RFC 9112 3.2, RFC 3986). */
#ifndef HTTP_URI_H
#define HTTP_URI_H

#include "base/arena.h"
#include "base/err.h"
#include "http/head.h"

/* Takes head->target apart: origin-form, absolute-form (http, https; its authority then stands in head->authority and
 * must equal Host where both are there, RFC 9112 3.2.2: a difference is 400), `*` with OPTIONS only.  `host` is the
 * Host field's value, at NULL when absent (only HTTP/1.0).  Refused with BAD_REQUEST: userinfo, other schemes, a
 * fragment, bytes outside printable ASCII, backslash, bad percent-encodings, an invalid host.
 */
bool uri_read_target(struct head *head, struct span host, struct err *err) MUST_CHECK;

/* Whether `authority` is host[:port]: reg-name, IPv4 or [IPv6]; not empty; port up to 65535. */
bool uri_is_authority(struct span authority);

/* The host without port, as sent. */
struct span uri_host(struct span authority);

/* Refused with BAD_REQUEST when a segment of `path` is `.` or `..` after decoding (%2e, %2f, %5c and %3b matter) and
 * cutting `;...`: two readers would see two paths.  Also with %00, where some reader stops.
 */
bool uri_check_path(struct span path, struct err *err) MUST_CHECK;

/* `path` with every percent-encoding decoded, `\` as `/`, `;...` of each segment cut, runs of `/` as one: what a lax
 * backend may make of it.  Only for asking whether another route would have been chosen.  `at` NULL when out of memory.
 * Returns `path` itself when nothing changes.
 */
struct span uri_lax_path(struct arena *arena, struct span path);

/* `text` percent-decoded once, `+` kept.  False with OUT_OF_MEMORY, or BAD_REQUEST for a `%` without two hex digits. */
bool uri_decode(struct arena *arena, struct span text, struct span *value, struct err *err) MUST_CHECK;

/* The value of the parameter `name` of `query` (with or without `?`), percent-decoded once, `+` kept; `*count` is how
 * often the name stands there.  Names are compared after decoding, letter case counted.  False when out of memory or
 * badly encoded.
 */
bool uri_query(struct arena *arena, struct span query, struct span name, struct span *value, size_t *count,
               struct err *err) MUST_CHECK;

/* An absolute http(s) URL taken apart, for backends and providers: BAD_REQUEST otherwise.  `path` may be empty. */
struct uri {
    bool is_https;
    struct span host;      /* without brackets */
    uint16_t port;         /* 80 or 443 when not given */
    struct span authority; /* host[:port] as written */
    struct span path;
    struct span query; /* with `?`; at NULL: none */
};
/* Takes `text` apart; spans point into it. */
bool uri_read(struct span text, struct uri *uri, struct err *err) MUST_CHECK;

/* Whether the host is loopback by its text: localhost, 127.0.0.0/8, ::1. */
bool uri_is_loopback(struct span host);

#endif
