/* SPDX-License-Identifier: Apache-2.0 */
/* The look-over: what the first nine bytes of a frame tell, before nghttp2 spends work on it.
 *
 * Frames that carry nothing of a request are cheap to send and cost us an answer or a look: a client may send some at once, and as
 * many more as time and useful work allow.  So it is with streams that are ended before their answers were (CVE-2023-44487,
 * CVE-2025-8671), and a header block has a size and a number of frames (VU#421644).
 */
#include "h2_int.h"

enum { CONTINUATIONS_MAX = 8, SETTINGS_COST = 5 };

void h2_earn(struct h2_allowance *allowance, int64_t pieces)
{
    allowance->left += pieces * 1000;
    if (allowance->left > allowance->max)
        allowance->left = allowance->max;
}

bool h2_spend(struct h2 *h, struct h2_allowance *allowance, int64_t pieces)
{
    int64_t gone_ms = h->now_ms - allowance->at_ms;
    if (allowance->at_ms != 0 && gone_ms > 0) {
        int64_t enough_ms = allowance->max / allowance->per_s + 1;
        allowance->left += (gone_ms < enough_ms ? gone_ms : enough_ms) * allowance->per_s;
        h2_earn(allowance, 0);
    }
    allowance->at_ms = h->now_ms;
    allowance->left -= pieces * 1000;
    return allowance->left >= 0;
}

static bool chatter(struct h2 *h, int64_t pieces, const char *why)
{
    return h2_spend(h, &h->chatter, pieces) || h2_fail(h, H2_ENHANCE_YOUR_CALM, why);
}

/* Bytes of a block, still compressed: no head that is taken needs so many. */
static bool block_fits(struct h2 *h, size_t bytes, bool is_end)
{
    struct h2_frame *frame = &h->frame;
    size_t most = 2 * h->settings.limits->head_bytes_max + 16384;
    frame->block += bytes;
    bool is_right = frame->block <= most && frame->continuations <= CONTINUATIONS_MAX;
    if (is_end)
        frame->block = 0;
    return is_right || h2_fail(h, H2_ENHANCE_YOUR_CALM, "a header block without end");
}

/* nghttp2 passes over heads of streams that are closed, since trailers may cross our RST_STREAM.  A client that left numbers out may
 * not come back to them (RFC 9113 5.1.1); none that behaves does so.
 */
static bool check_id(struct h2 *h, int32_t id)
{
    bool is_back = id < h->last_id && h->has_gaps && nghttp2_session_get_stream_user_data(h->session, id) == NULL;
    h->has_gaps |= id > h->last_id + 2;
    return !is_back || h2_fail(h, H2_PROTOCOL_ERROR, "a lower stream number than before");
}

static bool begin_block(struct h2 *h, bool is_end)
{
    h->frame.continuations = 0;
    h->frame.blocks++;
    h->frame.block = 0;
    return block_fits(h, h->frame.left + H2_FRAME_HEAD_BYTES, is_end);
}

static bool continue_block(struct h2 *h, bool is_end)
{
    h->frame.continuations++;
    return block_fits(h, h->frame.left + H2_FRAME_HEAD_BYTES, is_end);
}

bool h2_look_over(struct h2 *h)
{
    const unsigned char *at = h->frame.head;
    unsigned type = at[3], flags = at[4];
    int32_t id = (int32_t)((uint32_t)(at[5] & 0x7f) << 24 | (uint32_t)at[6] << 16 | (uint32_t)at[7] << 8 | at[8]);
    h->frame.left = (size_t)at[0] << 16 | (size_t)at[1] << 8 | at[2];
    switch (type) {
    case NGHTTP2_DATA:
        return h->frame.left > 0 || (flags & NGHTTP2_FLAG_END_STREAM) != 0 || chatter(h, 1, "empty DATA frames");
    case NGHTTP2_HEADERS: return check_id(h, id) && begin_block(h, (flags & NGHTTP2_FLAG_END_HEADERS) != 0);
    case NGHTTP2_CONTINUATION: return continue_block(h, (flags & NGHTTP2_FLAG_END_HEADERS) != 0);
    case NGHTTP2_RST_STREAM:
        return h2_spend(h, &h->resets, 1) || h2_fail(h, H2_ENHANCE_YOUR_CALM, "too many streams were reset");
    case NGHTTP2_SETTINGS: return chatter(h, SETTINGS_COST, "too many SETTINGS frames");
    case NGHTTP2_PING: return chatter(h, 1, "too many PING frames");
    case NGHTTP2_PRIORITY:
        return id == 0 ? h2_fail(h, H2_PROTOCOL_ERROR, "PRIORITY on stream 0")
                       : chatter(h, 1, "too many PRIORITY frames");
    case NGHTTP2_WINDOW_UPDATE: return chatter(h, 1, "too many WINDOW_UPDATE frames");
    default: return chatter(h, 1, "too many frames of other types");
    }
}
