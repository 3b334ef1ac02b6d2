/* SPDX-License-Identifier: Apache-2.0 */
/* The WebSocket handshake as heads show it (RFC 6455 4), and where the frames behind it begin.  No sockets, nothing of payloads. */
#ifndef PROXY_WEBSOCKET_H
#define PROXY_WEBSOCKET_H

#include "base/err.h"
#include "http/head.h"

enum {
    WEBSOCKET_ACCEPT_BYTES = 29,      /* with its final NUL */
    WEBSOCKET_CLOSE_BYTES = 4,        /* of a close frame that holds a status and nothing else */
    WEBSOCKET_GOING_AWAY = 1001,      /* RFC 6455 7.4.1: the endpoint goes down */
    WEBSOCKET_POLICY_VIOLATION = 1008 /* RFC 6455 7.4.1 */
};

/* Whether the request asks to become a WebSocket connection: GET in HTTP/1.1 without a body, `Upgrade: websocket` and no other
 * protocol, Connection with upgrade.  Other requests are answered as if they had no Upgrade (RFC 9110 7.8).
 */
bool websocket_is_asked(const struct head *head);

/* Whether what asks is a handshake: one Sec-WebSocket-Key of 16 bytes in base64, one Sec-WebSocket-Version of digits, neither named
 * by Connection (RFC 6455 4.2.1).  `*key` is borrowed from the head.  Reason BAD_REQUEST.
 */
bool websocket_check_request(const struct head *head, struct span *key, struct err *err) MUST_CHECK;

/* What Sec-WebSocket-Accept must be for that key (RFC 6455 4.2.2).  Reason OUT_OF_MEMORY. */
bool websocket_accept(struct span key, char out[WEBSOCKET_ACCEPT_BYTES], struct err *err) MUST_CHECK;

/* Whether a 101 agrees to the handshake with that key: Upgrade to websocket alone, Connection with upgrade, the right accept, once.
 * Reasons BACKEND_BROKEN, OUT_OF_MEMORY.
 */
bool websocket_check_answer(const struct head *head, struct span key, struct err *err) MUST_CHECK;

/* The frames that pass in one direction; zeroed to begin.  Frames that nobody could send do no harm: they have no end. */
struct websocket_frames {
    uint64_t payload_left;
    unsigned head_bytes;  /* of the head that is being read; 0: none */
    unsigned char second; /* mask bit and short length */
    bool has_closed;      /* a close frame began */
};

/* Takes notice of what passes. */
void websocket_frames_pass(struct websocket_frames *frames, struct span bytes);

/* Whether a close frame of ours may be put in here: between two frames, and none went before. */
bool websocket_frames_may_close(const struct websocket_frames *frames);

/* A close frame as a server sends it, unmasked. */
void websocket_close_frame(unsigned status, char out[WEBSOCKET_CLOSE_BYTES]);

#endif
