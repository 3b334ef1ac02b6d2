/* SPDX-License-Identifier: Apache-2.0 */
/* Targets, paths, queries and URLs from anybody.  What is accepted is what was sent: its parts put together give the
 * whole; a path that passed holds no dot segment for a lax reader either.
 */
#include "http/uri.h"

#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool is_right)
{
    if (!is_right)
        abort();
}

static void check_path(struct arena *arena, struct span path)
{
    struct err err;
    struct span lax = uri_lax_path(arena, path), segment;
    bool is_right = uri_check_path(path, &err);
    must(lax.at != NULL || path.len == 0);
    must(lax.len <= path.len);
    while (span_split(&lax, '/', &segment))
        must(!is_right || !(span_eq(segment, SPAN(".")) || span_eq(segment, SPAN(".."))));
}

static void check_target(struct arena *arena, struct span target)
{
    struct err err;
    struct head head = {.method = METHOD_OPTIONS, .target = target};
    if (!uri_read_target(&head, span_of(NULL, 0), &err))
        return;
    must(head.path.len > 0 && (head.path.at[0] == '/' || span_eq(head.path, SPAN("*"))));
    must(head.authority.len == 0 || uri_is_authority(head.authority));
    if (target.at[0] == '/')
        must(head.path.at == target.at && head.path.len + head.query.len == target.len);
    check_path(arena, head.path);
}

static void check_url(struct span text)
{
    struct err err;
    struct uri uri;
    if (!uri_read(text, &uri, &err))
        return;
    size_t scheme = uri.is_https ? 8 : 7;
    must(uri.host.len > 0 && uri.port > 0 && uri_is_authority(uri.authority));
    must(scheme + uri.authority.len + uri.path.len + uri.query.len == text.len);
    uri_is_loopback(uri.host);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct span text = span_of(data, size), value;
    AUTO(arena) arena = {0};
    struct err err;
    size_t count;
    check_target(&arena, text);
    check_path(&arena, text);
    check_url(text);
    if (uri_query(&arena, text, SPAN("access_token"), &value, &count, &err))
        must((count == 0) == (value.at == NULL) && value.len <= size);
    must(uri_host(text).len <= size);
    uri_is_loopback(text);
    return 0;
}
