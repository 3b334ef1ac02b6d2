/* SPDX-License-Identifier: Apache-2.0 */
/* The handshake of RFC 6455 as heads show it, each refusal beside what passes; and where frames begin, however their bytes are cut.
 */
#include "proxy/websocket.h"

#include "base/buf.h"
#include "http/h1.h"
#include "unit.h"

#define KEY "dGhlIHNhbXBsZSBub25jZQ=="
#define ACCEPT "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="
#define ASK "GET /chat HTTP/1.1\r\nHost: h\r\n"
#define UPGRADE "Connection: Upgrade\r\nUpgrade: websocket\r\n"
#define REST "Sec-WebSocket-Key: " KEY "\r\nSec-WebSocket-Version: 13\r\n"
#define AGREE "HTTP/1.1 101 Switching Protocols\r\n" UPGRADE

static const struct h1_limits limits = {
    .head_bytes_max = 4096, .field_bytes_max = 2048, .fields_max = 32, .target_bytes_max = 1024};

struct reader {
    struct arena_pool pool;
    struct arena arena;
    struct buf bytes;
    struct head head;
};

/* `text` and the empty line as a head; the codec takes all of them. */
static void read_head(struct reader *r, enum h1_role role, const char *text)
{
    struct h1 h;
    struct err err = {0};
    size_t skip = 0;
    size_t len = 0;
    *r = (struct reader){.arena = {.pool = &r->pool}};
    buf_printf(&r->bytes, "%s\r\n", text);
    h1_init(&h, role, &limits);
    bool is_read = h1_find_head(&h, buf_span(&r->bytes), &skip, &len, &err) == H1_WHOLE &&
                   (role == H1_REQUESTS ? h1_read_request(&h, buf_span(&r->bytes), &r->arena, &r->head, &err)
                                        : h1_read_answer(&h, buf_span(&r->bytes), false, &r->arena, &r->head, &err));
    if (!is_read)
        fail_msg("%s: %s", text, err.text);
}

static void free_head(struct reader *r)
{
    buf_fini(&r->bytes);
    arena_fini(&r->arena);
    arena_pool_fini(&r->pool);
}

enum request { IS_HANDSHAKE, IS_BAD, IS_ORDINARY };

static const struct {
    const char *name, *text;
    enum request request;
} requests[] = {
    {"the handshake", ASK UPGRADE REST, IS_HANDSHAKE},
    {"letter case says nothing", ASK "connection: UPGRADE\r\nupgrade: WebSocket\r\n" REST, IS_HANDSHAKE},
    {"other options beside", ASK "Connection: keep-alive, Upgrade\r\nUpgrade: websocket\r\n" REST, IS_HANDSHAKE},
    {"an empty body of known length", ASK UPGRADE REST "Content-Length: 0\r\n", IS_HANDSHAKE},
    {"another version is for the backend to refuse",
     ASK UPGRADE "Sec-WebSocket-Key: " KEY "\r\nSec-WebSocket-Version: 8\r\n", IS_HANDSHAKE},
    {"no key", ASK UPGRADE "Sec-WebSocket-Version: 13\r\n", IS_BAD},
    {"a key too short", ASK UPGRADE "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ=\r\n",
     IS_BAD},
    {"a key without padding",
     ASK UPGRADE "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQaa\r\n", IS_BAD},
    {"a key in the other alphabet",
     ASK UPGRADE "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25j-Q==\r\n", IS_BAD},
    {"the key twice", ASK UPGRADE REST "Sec-WebSocket-Key: " KEY "\r\n", IS_BAD},
    {"the key stops here", ASK "Connection: upgrade, sec-websocket-key\r\nUpgrade: websocket\r\n" REST, IS_BAD},
    {"no version", ASK UPGRADE "Sec-WebSocket-Key: " KEY "\r\n", IS_BAD},
    {"the version twice", ASK UPGRADE REST "Sec-WebSocket-Version: 13\r\n", IS_BAD},
    {"the version as a list", ASK UPGRADE "Sec-WebSocket-Key: " KEY "\r\nSec-WebSocket-Version: 13, 8\r\n", IS_BAD},
    {"no Upgrade", ASK "Connection: Upgrade\r\n" REST, IS_ORDINARY},
    {"Connection without upgrade", ASK "Connection: keep-alive\r\nUpgrade: websocket\r\n" REST, IS_ORDINARY},
    {"another protocol", ASK "Connection: Upgrade\r\nUpgrade: h2c\r\n" REST, IS_ORDINARY},
    {"a choice of protocols", ASK "Connection: Upgrade\r\nUpgrade: websocket, h2c\r\n" REST, IS_ORDINARY},
    {"Upgrade twice", ASK UPGRADE "Upgrade: websocket\r\n" REST, IS_ORDINARY},
    {"another version of the protocol", ASK "Connection: Upgrade\r\nUpgrade: websocket/13\r\n" REST, IS_ORDINARY},
    {"another method", "POST / HTTP/1.1\r\nHost: h\r\n" UPGRADE REST, IS_ORDINARY},
    {"HTTP/1.0 (RFC 9110 7.8)", "GET / HTTP/1.0\r\nHost: h\r\n" UPGRADE REST, IS_ORDINARY},
};

/* RFC 6455 4.2.1 */
static void a_request_is_a_handshake_or_bad_or_without_upgrade(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(requests); i++) {
        struct reader r;
        struct err err = {0};
        struct span key = {NULL, 0};
        read_head(&r, H1_REQUESTS, requests[i].text);
        bool is_asked = websocket_is_asked(&r.head);
        bool is_good = is_asked && websocket_check_request(&r.head, &key, &err);
        enum request found = is_good ? IS_HANDSHAKE : is_asked ? IS_BAD : IS_ORDINARY;
        if (found != requests[i].request || (found == IS_BAD && err.reason != REASON_BAD_REQUEST))
            fail_msg("%s: %s", requests[i].name, err.text);
        assert_true(found != IS_HANDSHAKE || span_eq(key, SPAN(KEY)));
        free_head(&r);
    }
}

static const struct {
    const char *name, *text;
    bool agrees;
} answers[] = {
    {"the answer", AGREE "Sec-WebSocket-Accept: " ACCEPT "\r\n", true},
    {"with more fields", AGREE "Server: x\r\nsec-websocket-accept:  " ACCEPT " \r\nSec-WebSocket-Protocol: y\r\n",
     true},
    {"no accept", AGREE, false},
    {"another accept", AGREE "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOp=\r\n", false},
    {"the accept in another letter case", AGREE "Sec-WebSocket-Accept: S3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n", false},
    {"the accept twice", AGREE "Sec-WebSocket-Accept: " ACCEPT "\r\nSec-WebSocket-Accept: " ACCEPT "\r\n", false},
    {"no Upgrade", "HTTP/1.1 101 x\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: " ACCEPT "\r\n", false},
    {"no Connection", "HTTP/1.1 101 x\r\nUpgrade: websocket\r\nSec-WebSocket-Accept: " ACCEPT "\r\n", false},
    {"another protocol",
     "HTTP/1.1 101 x\r\nConnection: Upgrade\r\nUpgrade: h2c\r\nSec-WebSocket-Accept: " ACCEPT "\r\n", false},
    {"protocols in two fields", AGREE "Upgrade: h2c\r\nSec-WebSocket-Accept: " ACCEPT "\r\n", false},
};

/* RFC 6455 4.2.2 */
static void only_an_answer_to_that_key_agrees(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(answers); i++) {
        struct reader r;
        struct err err = {0};
        read_head(&r, H1_ANSWERS, answers[i].text);
        if (websocket_check_answer(&r.head, SPAN(KEY), &err) != answers[i].agrees)
            fail_msg("%s: %s", answers[i].name, err.text);
        assert_true(answers[i].agrees || err.reason == REASON_BACKEND_BROKEN);
        free_head(&r);
    }
}

/* RFC 6455 1.3 */
static void the_accept_is_that_of_the_standard(void **state)
{
    char accept[WEBSOCKET_ACCEPT_BYTES];
    struct err err;
    (void)state;
    assert_true(websocket_accept(SPAN(KEY), accept, &err));
    assert_string_equal(accept, ACCEPT);
}

#define BYTES(text) text, sizeof(text) - 1

/* RFC 6455 5.2 */
static const struct {
    const char *name, *bytes;
    size_t len;
    bool may_close;
} streams[] = {
    {"nothing yet", BYTES(""), true},
    {"half a head", BYTES("\x81"), false},
    {"an empty text", BYTES("\x81\x00"), true},
    {"a text", BYTES("\x81\x03xyz"), true},
    {"a text but for a byte", BYTES("\x81\x03xy"), false},
    {"a text and a byte", BYTES("\x81\x03xyz\x81"), false},
    {"a masked text", BYTES("\x81\x81mask_"), true},
    {"a masked text without its mask's end", BYTES("\x81\x81mas"), false},
    {"126 says that two bytes follow", BYTES("\x82\x7e\x00\x02xy"), true},
    {"126 in one byte less", BYTES("\x82\x7e\x00\x02x"), false},
    {"127 says that eight follow", BYTES("\x82\x7f\0\0\0\0\0\0\0\x01x"), true},
    {"a length of zero in eight bytes", BYTES("\x82\x7f\0\0\0\0\0\0\0\0"), true},
    {"a length that nobody can send", BYTES("\x82\x7f\xff\xff\xff\xff\xff\xff\xff\xffx"), false},
    {"between the parts of a message", BYTES("\x01\x01x"), true},
    {"behind a close", BYTES("\x88\x00"), false},
    {"behind a close and more", BYTES("\x88\x00\x81\x00"), false},
    {"a ping", BYTES("\x89\x00"), true},
    {"the payload of a close is none", BYTES("\x81\x01\x88"), true},
};

static void a_close_may_stand_between_frames_only(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(streams); i++) {
        struct websocket_frames whole = {0};
        struct websocket_frames cut = {0};
        websocket_frames_pass(&whole, span_of(streams[i].bytes, streams[i].len));
        for (size_t j = 0; j < streams[i].len; j++)
            websocket_frames_pass(&cut, span_of(streams[i].bytes + j, 1));
        if (websocket_frames_may_close(&whole) != streams[i].may_close ||
            websocket_frames_may_close(&cut) != streams[i].may_close)
            fail_msg("%s", streams[i].name);
    }
}

static void a_close_frame_is_read_as_one(void **state)
{
    char frame[WEBSOCKET_CLOSE_BYTES];
    struct websocket_frames frames = {0};
    (void)state;
    websocket_close_frame(WEBSOCKET_POLICY_VIOLATION, frame);
    assert_memory_equal(frame, "\x88\x02\x03\xf0", sizeof frame);
    websocket_frames_pass(&frames, span_of(frame, sizeof frame));
    assert_true(frames.has_closed && frames.head_bytes == 0 && frames.payload_left == 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_request_is_a_handshake_or_bad_or_without_upgrade),
        cmocka_unit_test(only_an_answer_to_that_key_agrees),
        cmocka_unit_test(the_accept_is_that_of_the_standard),
        cmocka_unit_test(a_close_may_stand_between_frames_only),
        cmocka_unit_test(a_close_frame_is_read_as_one),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
