/* SPDX-License-Identifier: Apache-2.0 */
/* The handshake is held to its rules here though both ends look at it too: a proxy that believes in a tunnel which the backend never
 * opened lets the client speak to the backend past every later judgement.
 */
#include "proxy/websocket.h"

#include "base/ascii.h"
#include "jose/b64url.h"
#include "jose/digest.h"

#include <stdio.h>

enum { KEY_CHARS = 24, KEY_DIGITS = 22 };

/* The one field of that name; NULL where there is none, or more than one, or where it stops at this hop. */
static const struct field *only_field(const struct head *head, struct span name)
{
    const struct field *field = head_find(head, name, NULL);
    bool is_only = field != NULL && head_find(head, name, field) == NULL;
    return is_only && !field->is_hop ? field : NULL;
}

/* Upgrade with that word alone: where others stand beside it, nobody knows which one was chosen. */
static bool is_upgrade_to_websocket(const struct head *head)
{
    return head->is_upgrade && head_field_count(head, FIELD_UPGRADE) == 1 &&
           span_eq_nocase(head_field(head, FIELD_UPGRADE)->value, SPAN("websocket"));
}

bool websocket_is_asked(const struct head *head)
{
    bool has_body = head->body != BODY_NONE && !(head->body == BODY_SIZED && head->body_bytes == 0);
    return head->method == METHOD_GET && !head->is_http10 && !has_body && is_upgrade_to_websocket(head);
}

static bool is_key(struct span text)
{
    if (text.len != KEY_CHARS || !span_ends(text, SPAN("==")))
        return false;
    for (size_t i = 0; i < KEY_DIGITS; i++) {
        char c = text.at[i];
        if (!ascii_is_letter(c) && !ascii_is_digit(c) && c != '+' && c != '/')
            return false;
    }
    return true;
}

bool websocket_check_request(const struct head *head, struct span *key, struct err *err)
{
    uint64_t number;
    const struct field *version = only_field(head, SPAN("Sec-WebSocket-Version"));
    const struct field *field = only_field(head, SPAN("Sec-WebSocket-Key"));
    if (field == NULL || !is_key(field->value))
        return fail(err, REASON_BAD_REQUEST, "Upgrade: websocket without one Sec-WebSocket-Key of 16 bytes");
    if (version == NULL || !span_u64(version->value, 255, &number))
        return fail(err, REASON_BAD_REQUEST, "Upgrade: websocket without one Sec-WebSocket-Version");
    *key = field->value;
    return true;
}

/* The alphabet of RFC 4648 4 with its padding, where the digest's text has that of RFC 4648 5 without. */
static void to_base64(char text[WEBSOCKET_ACCEPT_BYTES], size_t len)
{
    for (size_t i = 0; i < len; i++)
        text[i] = text[i] == '-' ? '+' : text[i] == '_' ? '/' : text[i];
    memcpy(text + len, "=", 2);
}

bool websocket_accept(struct span key, char out[WEBSOCKET_ACCEPT_BYTES], struct err *err)
{
    static const char suffix[] = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
    char both[KEY_CHARS + sizeof suffix];
    unsigned char hash[DIGEST_SHA1_BYTES];
    assert(key.len == KEY_CHARS);
    int len = snprintf(both, sizeof both, "%.*s%s", SPAN_ARG(key), suffix);
    if (!digest_sha1(span_of(both, (size_t)len), hash, err))
        return false;
    to_base64(out, b64url_encode(hash, sizeof hash, out));
    return true;
}

bool websocket_check_answer(const struct head *head, struct span key, struct err *err)
{
    char wanted[WEBSOCKET_ACCEPT_BYTES];
    const struct field *accept = only_field(head, SPAN("Sec-WebSocket-Accept"));
    if (!is_upgrade_to_websocket(head))
        return fail(err, REASON_BACKEND_BROKEN, "the backend switched to another protocol than websocket");
    if (!websocket_accept(key, wanted, err))
        return false;
    if (accept == NULL || !span_eq(accept->value, span_str(wanted)))
        return fail(err, REASON_BACKEND_BROKEN, "the backend's Sec-WebSocket-Accept does not fit the key");
    return true;
}

/* RFC 6455 5.2: bytes of the length behind the second byte. */
static unsigned length_bytes(const struct websocket_frames *frames)
{
    unsigned length = frames->second & 0x7fu;
    return length == 126 ? 2 : length == 127 ? 8 : 0;
}

static void pass_head_byte(struct websocket_frames *frames, unsigned char byte)
{
    unsigned at = frames->head_bytes++;
    if (at == 0) {
        frames->has_closed = frames->has_closed || (byte & 0x0fu) == 0x8;
        return;
    }
    if (at == 1) {
        frames->second = byte;
        frames->payload_left = (byte & 0x7fu) < 126 ? byte & 0x7fu : 0;
    } else if (at < 2 + length_bytes(frames)) {
        frames->payload_left = frames->payload_left << 8 | byte;
    }
    unsigned mask_bytes = (frames->second & 0x80u) != 0 ? 4 : 0;
    if (frames->head_bytes == 2 + length_bytes(frames) + mask_bytes)
        frames->head_bytes = 0;
}

/* Payload is passed over only while no head is being read: payload_left grows there. */
void websocket_frames_pass(struct websocket_frames *frames, struct span bytes)
{
    while (bytes.len > 0) {
        if (frames->head_bytes == 0 && frames->payload_left > 0) {
            size_t part = frames->payload_left < bytes.len ? (size_t)frames->payload_left : bytes.len;
            frames->payload_left -= part;
            bytes = span_from(bytes, part);
        } else {
            pass_head_byte(frames, (unsigned char)bytes.at[0]);
            bytes = span_from(bytes, 1);
        }
    }
}

bool websocket_frames_may_close(const struct websocket_frames *frames)
{
    return frames->head_bytes == 0 && frames->payload_left == 0 && !frames->has_closed;
}

void websocket_close_frame(unsigned status, char out[WEBSOCKET_CLOSE_BYTES])
{
    const unsigned char frame[WEBSOCKET_CLOSE_BYTES] = {0x88, 0x02, (unsigned char)(status >> 8),
                                                        (unsigned char)status};
    memcpy(out, frame, sizeof frame);
}
