/* SPDX-License-Identifier: Apache-2.0 */
/* Goal: bytes pass whole however they are cut, none waits where no event would tell of it, and an end looks like one only where it is.
 * Method: OpenSSL as the client over a pair of sockets.
 */
#include "ends.h"

/* What the client has read so far. */
static size_t client_take(struct ends *ends, char *at, size_t size)
{
    size_t all = 0;
    size_t got = 0;
    while (all < size && SSL_read_ex(ends->client, at + all, size - all, &got) == 1)
        all += got;
    return all;
}

static void pieces_arrive_whole_however_they_are_cut(void **state)
{
    enum { BODY = 300000 };
    static char body[BODY], heard[BODY + 16];
    struct ends ends;
    struct buf kept = {0};
    struct tls_server *server = server_make(&(struct tls_server_options){0}, NULL);
    (void)state;
    for (size_t i = 0; i < BODY; i++)
        body[i] = (char)(i * 7 + i / 251);
    ends_open(&ends, server, &(struct client_options){0});
    const struct iovec pieces[] = {
        {"head", 4}, {NULL, 0}, {body, 20000}, {body + 20000, 5}, {body + 20005, BODY - 20005}};
    size_t done = 0;
    assert_int_equal(transport_write(&ends.server, pieces, 5, &done), IO_OK);
    assert_in_range(done, 4 + 20000, 4 + BODY - 1); /* the socket takes less than all */
    buf_add(&kept, body + done - 4, BODY + 4 - done);
    size_t got = client_take(&ends, heard, sizeof heard);
    while (buf_len(&kept) > 0) {
        assert_true(transport_flush(&ends.server, &kept));
        got += client_take(&ends, heard + got, sizeof heard - got);
    }
    got += client_take(&ends, heard + got, sizeof heard - got);
    assert_int_equal(got, BODY + 4);
    assert_memory_equal(heard, "head", 4);
    assert_memory_equal(heard + 4, body, BODY);
    ends_close(&ends);
    tls_server_release(server);
}

/* Head and body are one record: two would be two packets, and the receiver wakes twice. */
static void small_pieces_leave_as_one_record(void **state)
{
    char heard[64];
    struct ends ends;
    size_t done = 0;
    struct tls_server *server = server_make(&(struct tls_server_options){0}, NULL);
    (void)state;
    ends_open(&ends, server, &(struct client_options){0});
    const struct iovec pieces[] = {{"head ", 5}, {"body", 4}};
    assert_int_equal(transport_write(&ends.server, pieces, 2, &done), IO_OK);
    assert_int_equal(done, 9);
    assert_int_equal(SSL_read(ends.client, heard, sizeof heard), 9);
    ends_close(&ends);
    tls_server_release(server);
}

/* What is read ahead is taken at once, or said to wait: no event tells of it. */
static void records_that_wait_are_read_or_told(void **state)
{
    char heard[64];
    struct ends ends;
    size_t done = 0;
    struct tls_server *server = server_make(&(struct tls_server_options){0}, NULL);
    (void)state;
    ends_open(&ends, server, &(struct client_options){0});
    assert_false(transport_pending(&ends.server));
    for (int i = 0; i < 3; i++)
        assert_int_equal(SSL_write(ends.client, "12345678", 8), 8);
    assert_int_equal(transport_read(&ends.server, heard, 10, &done), IO_OK);
    assert_int_equal(done, 10);
    assert_true(transport_pending(&ends.server));
    assert_int_equal(transport_read(&ends.server, heard, sizeof heard, &done), IO_OK);
    assert_int_equal(done, 14);
    assert_false(transport_pending(&ends.server));
    assert_int_equal(transport_read(&ends.server, heard, sizeof heard, &done), IO_WANT_READ);
    SSL_write(ends.client, "last", 4);
    SSL_shutdown(ends.client);
    assert_int_equal(transport_read(&ends.server, heard, sizeof heard, &done), IO_OK);
    assert_int_equal(done, 4);
    assert_true(transport_pending(&ends.server));
    assert_int_equal(transport_read(&ends.server, heard, sizeof heard, &done), IO_END);
    ends_close(&ends);
    tls_server_release(server);
}

static void only_an_end_in_good_order_looks_like_one(void **state)
{
    static const struct {
        const char *name;
        bool is_hushed, ends_writing;
        int error; /* of the client's read */
    } cases[] = {{"closed", false, false, SSL_ERROR_ZERO_RETURN},
                 {"ended", false, true, SSL_ERROR_ZERO_RETURN},
                 {"hushed", true, false, SSL_ERROR_SSL}};
    struct tls_server *server = server_make(&(struct tls_server_options){0}, NULL);
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct ends ends;
        char byte;
        ends_open(&ends, server, &(struct client_options){0});
        if (cases[i].is_hushed)
            transport_hush(&ends.server);
        if (cases[i].ends_writing)
            assert_int_equal(transport_end_writing(&ends.server), IO_OK);
        else
            transport_close(&ends.server);
        int result = SSL_read(ends.client, &byte, 1);
        if (result > 0 || SSL_get_error(ends.client, result) != cases[i].error)
            fail_msg("%s", cases[i].name);
        ends_close(&ends);
    }
    tls_server_release(server);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(pieces_arrive_whole_however_they_are_cut),
        cmocka_unit_test(small_pieces_leave_as_one_record),
        cmocka_unit_test(records_that_wait_are_read_or_told),
        cmocka_unit_test(only_an_end_in_good_order_looks_like_one),
    };
    return cmocka_run_group_tests(tests, make_all, free_all);
}
