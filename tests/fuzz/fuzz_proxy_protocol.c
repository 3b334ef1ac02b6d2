/* SPDX-License-Identifier: Apache-2.0 */
/* PROXY headers from anybody.  What is found whole lies within what came, and each part of it was waited for; more bytes behind it
 * change nothing.
 */
#include "server/proxy_protocol.h"

#include <stdint.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool is_right)
{
    if (!is_right)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct span bytes = span_of(data, size);
    struct proxy_header header;
    struct proxy_header again;
    struct err err;
    enum proxy_verdict verdict = proxy_header_read(bytes, &header, &err);
    must(verdict != PROXY_PARTIAL || size < PROXY_HEADER_BYTES_MAX);
    if (verdict != PROXY_WHOLE)
        return 0;
    must(header.len > 0 && header.len <= size && header.len <= PROXY_HEADER_BYTES_MAX);
    must(header.source != PROXY_SOURCE_ADDRESS || header.client.ss_family == AF_INET ||
         header.client.ss_family == AF_INET6);
    for (size_t len = 0; len < header.len; len++)
        must(proxy_header_read(span_cut(bytes, len), &again, &err) == PROXY_PARTIAL);
    must(proxy_header_read(span_cut(bytes, header.len), &again, &err) == PROXY_WHOLE && again.source == header.source);
    return 0;
}
