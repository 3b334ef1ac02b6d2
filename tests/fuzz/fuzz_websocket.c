/* SPDX-License-Identifier: Apache-2.0 */
/* Frames of any bytes: however they are cut, the same is known of where they end; and that is what a reader of whole frames finds.
 *
 * The first byte is the size of the cuts, the rest what passes.
 */
#include "proxy/websocket.h"

#include <stdint.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Bytes of the whole frame at the front; 0: it is not whole. */
static size_t frame_bytes(const uint8_t *at, size_t len)
{
    if (len < 2)
        return 0;
    size_t head = 2 + ((at[1] & 0x80u) != 0 ? 4 : 0);
    uint64_t payload = at[1] & 0x7fu;
    size_t extra = payload == 126 ? 2 : payload == 127 ? 8 : 0;
    if (len < head + extra)
        return 0;
    if (extra > 0)
        payload = 0;
    for (size_t i = 0; i < extra; i++)
        payload = payload << 8 | at[2 + i];
    return payload <= len - head - extra ? head + extra + (size_t)payload : 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct websocket_frames whole = {0};
    struct websocket_frames cut = {0};
    bool has_closed = false;
    if (size == 0)
        return 0;
    size_t step = (size_t)data[0] + 1;
    struct span bytes = span_of((const char *)data + 1, size - 1);
    websocket_frames_pass(&whole, bytes);
    for (struct span rest = bytes; rest.len > 0; rest = span_from(rest, step < rest.len ? step : rest.len))
        websocket_frames_pass(&cut, span_cut(rest, step));
    if (whole.payload_left != cut.payload_left || whole.head_bytes != cut.head_bytes ||
        whole.has_closed != cut.has_closed)
        abort();
    const uint8_t *at = data + 1;
    size_t left = size - 1;
    for (size_t frame = frame_bytes(at, left); frame > 0; frame = frame_bytes(at, left)) {
        has_closed = has_closed || (at[0] & 0x0fu) == 8;
        at += frame;
        left -= frame;
    }
    if (websocket_frames_may_close(&whole) != (left == 0 && !has_closed))
        abort();
    return 0;
}
