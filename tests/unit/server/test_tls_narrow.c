/* SPDX-License-Identifier: Apache-2.0 */
/* Goal: all bytes pass in their order however little the sockets take, with writes that are gone on with later, reading that pauses, and
 * new keys in the middle.  Method: both ends are ours, small socket buffers between them, sizes and turns by dice.
 */
#include "ends.h"

enum { PIECES = 4, PIECE_BYTES_MAX = 40000, TOTAL_BYTES = 3000000, TURNS_MAX = 2000000, READ_BYTES_MAX = 65536 };

/* One end: sends what a connection would, keeps what did not go. */
struct side {
    struct transport transport;
    struct buf kept;
    size_t sent, heard; /* bytes of the stream */
    size_t waits;       /* writes that did not go whole */
    bool is_shaken, has_asked;
};

static uint64_t dice_state;

static size_t dice(size_t sides)
{
    dice_state ^= dice_state << 13;
    dice_state ^= dice_state >> 7;
    dice_state ^= dice_state << 17;
    return (size_t)(dice_state % sides);
}

static char byte_at(size_t place)
{
    return (char)((place * 31 + (place >> 8) * 7 + (place >> 16)) & 0xff);
}

/* Small sizes and large ones alike often. */
static size_t size_by_dice(void)
{
    static const size_t most[] = {2, 100, 2000, 17000, PIECE_BYTES_MAX};
    return dice(most[dice(COUNT_OF(most))]);
}

static void fill(char *at, size_t len, size_t place)
{
    for (size_t i = 0; i < len; i++)
        at[i] = byte_at(place + i);
}

/* As conn_send and backend_send do: at once where nothing is kept, what does not go is kept in the order it came. */
static void say(struct side *side)
{
    static char bytes[PIECES * PIECE_BYTES_MAX];
    struct iovec pieces[PIECES];
    size_t total = 0;
    size_t done = 0;
    for (size_t i = 0; i < PIECES; i++) {
        size_t len = size_by_dice();
        pieces[i] = (struct iovec){bytes + total, len};
        total += len;
    }
    fill(bytes, total, side->sent);
    side->sent += total;
    if (total > 0 && buf_len(&side->kept) == 0) {
        enum io io = transport_write(&side->transport, pieces, PIECES, &done);
        if (io == IO_FAILED || io == IO_END)
            fail_msg("a write failed after %zu bytes", side->sent);
    }
    side->waits += done < total;
    memset(pieces, 0, sizeof pieces);
    assert_true(done == total || buf_add(&side->kept, bytes + done, total - done));
    memset(bytes, 0, total); /* nobody may come back to them */
}

static void hear(struct side *side)
{
    static char heard[READ_BYTES_MAX];
    size_t done = 0;
    enum io io = transport_read(&side->transport, heard, 1 + dice(READ_BYTES_MAX), &done);
    if (io == IO_END || io == IO_FAILED)
        fail_msg("a read ended with %d after %zu bytes", (int)io, side->heard);
    for (size_t i = 0; io == IO_OK && i < done; i++)
        if (heard[i] != byte_at(side->heard + i))
            fail_msg("byte %zu differs", side->heard + i);
    side->heard += done;
}

/* New keys now and then, and once asked for; sent at once or with what is written next.  Who goes on with keys before the answer could
 * go out breaks the connection: OpenSSL would answer in the middle of a record.
 */
static void change_keys(struct side *side)
{
    bool asks = side->sent > TOTAL_BYTES / 2;
    if (buf_len(&side->kept) > 0 || side->has_asked)
        return;
    side->has_asked = asks;
    if (SSL_key_update(side->transport.tls, asks ? SSL_KEY_UPDATE_REQUESTED : SSL_KEY_UPDATE_NOT_REQUESTED) == 1)
        SSL_do_handshake(side->transport.tls);
    ERR_clear_error();
}

static void take_turn(struct side *side)
{
    if (dice(2) == 0 && !transport_flush(&side->transport, &side->kept))
        fail_msg("what was kept did not go after %zu bytes", side->sent);
    if (dice(3) != 0 && side->sent < TOTAL_BYTES && buf_len(&side->kept) < PIECE_BYTES_MAX * PIECES)
        say(side);
    if (dice(3) == 0)
        hear(side);
    if (dice(50) == 0)
        change_keys(side);
}

static bool has_all(const struct side *a, const struct side *b)
{
    return a->sent >= TOTAL_BYTES && buf_len(&a->kept) == 0 && b->heard == a->sent;
}

static void narrow(int fd)
{
    const int bytes = 4608;
    setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &bytes, sizeof bytes);
    setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &bytes, sizeof bytes);
}

static void shake_both(struct side sides[2])
{
    struct err err = {0};
    for (int i = 0; i < ROUNDS && !(sides[0].is_shaken && sides[1].is_shaken); i++)
        for (size_t j = 0; j < 2; j++) {
            enum io io = sides[j].is_shaken ? IO_OK : transport_handshake(&sides[j].transport, &err);
            if (io == IO_FAILED)
                fail_msg("%s", err.text);
            sides[j].is_shaken = io == IO_OK;
        }
    assert_true(sides[0].is_shaken && sides[1].is_shaken);
}

static void pass_all(struct tls_server *server, struct tls_client *context)
{
    int fds[2];
    struct err err = {0};
    struct side sides[2] = {0};
    struct tls_session session = {0};
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fds), 0);
    for (size_t i = 0; i < 2; i++) {
        narrow(fds[i]);
        sides[i].transport.fd = fds[i];
    }
    assert_true(tls_server_start(server, &sides[0].transport, &err));
    assert_true(tls_client_start(context, &sides[1].transport, "first.test", &session, &err));
    shake_both(sides);
    int turns = 0;
    while (!has_all(&sides[0], &sides[1]) || !has_all(&sides[1], &sides[0])) {
        if (turns++ == TURNS_MAX)
            fail_msg("%zu of %zu and %zu of %zu bytes passed", sides[1].heard, sides[0].sent, sides[0].heard,
                     sides[1].sent);
        take_turn(&sides[dice(2)]);
    }
    assert_true(sides[0].waits > 5 && sides[1].waits > 5); /* else nothing was tried */
    for (size_t i = 0; i < 2; i++) {
        transport_close(&sides[i].transport);
        buf_fini(&sides[i].kept);
    }
    tls_session_fini(&session);
}

static void all_bytes_pass(const struct tls_server_options *options, uint64_t seed)
{
    struct err err = {0};
    enum tls_client_part part;
    struct tls_server *server = server_make(options, NULL);
    struct tls_client *context = tls_client_new(&(struct tls_client_options){.verify = false}, &part, &err);
    assert_non_null(context);
    dice_state = seed;
    pass_all(server, context);
    tls_client_free(context);
    tls_server_release(server);
}

static void all_bytes_pass_in_their_order(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 8; seed++)
        all_bytes_pass(&(struct tls_server_options){0}, seed * 0x9e3779b97f4a7c15U);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_bytes_pass_in_their_order),
    };
    return cmocka_run_group_tests(tests, make_all, free_all);
}
