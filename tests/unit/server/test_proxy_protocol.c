/* SPDX-License-Identifier: Apache-2.0 */
/* Reading PROXY protocol headers.  The attack: a client that comes past the balancer, or a sloppy header, and is taken for somebody
 * else; so each way to be wrong has a neighbour that is right.
 */
#include "server/proxy_protocol.h"
#include "unit.h"

#include <arpa/inet.h>
#include <netinet/in.h>

/* Signature, command, family, length; then the addresses. */
#define SIGNATURE "\r\n\r\n\0\r\nQUIT\n"
#define V2(command, family, len_high, len_low) SIGNATURE command family len_high len_low
#define FROM_V4 "\xc0\x00\x02\x01"
#define TO_V4 "\xc0\x00\x02\x02"
#define PORTS "\x30\x39\x01\xbb"
#define ADDRESSES_V4 FROM_V4 TO_V4 PORTS
#define FROM_V6 "\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\x01"
#define MAPPED_V6 "\0\0\0\0\0\0\0\0\0\0\xff\xff" FROM_V4
#define X18 "xxxxxxxxxxxxxxxxxx"
#define X54 X18 X18 X18
#define X108 X54 X54

/* A literal with its length, NULs and all. */
#define BYTES(literal)               \
    {                                \
        literal, sizeof(literal) - 1 \
    }

struct header_case {
    struct span bytes;
    enum proxy_verdict verdict;
    enum proxy_source source;
    const char *client; /* with PROXY_SOURCE_ADDRESS */
    size_t left;        /* bytes behind the header */
};

static const struct header_case cases[] = {
    /* version 1 */
    {BYTES("PROXY TCP4 192.0.2.1 192.0.2.2 12345 443\r\n"), PROXY_WHOLE, PROXY_SOURCE_ADDRESS, "192.0.2.1", 0},
    {BYTES("PROXY TCP4 192.0.2.1 192.0.2.2 12345 443\r\nGET"), PROXY_WHOLE, PROXY_SOURCE_ADDRESS, "192.0.2.1", 3},
    {BYTES("PROXY TCP6 2001:db8::1 2001:db8::2 12345 443\r\n"), PROXY_WHOLE, PROXY_SOURCE_ADDRESS, "2001:db8::1", 0},
    {BYTES("PROXY TCP6 ::ffff:192.0.2.1 ::1 1 2\r\n"), PROXY_WHOLE, PROXY_SOURCE_ADDRESS, "192.0.2.1", 0},
    {BYTES("PROXY UNKNOWN\r\n"), PROXY_WHOLE, PROXY_SOURCE_UNKNOWN, NULL, 0},
    {BYTES("PROXY UNKNOWN 192.0.2.1 anything at all\r\n"), PROXY_WHOLE, PROXY_SOURCE_UNKNOWN, NULL, 0},
    {BYTES("PROXY UNKNOWNS\r\n"), PROXY_BAD, 0, NULL, 0},
    {BYTES("PROXY UDP4 192.0.2.1 192.0.2.2 12345 443\r\n"), PROXY_BAD, 0, NULL, 0},
    {BYTES("PROXY \r\n"), PROXY_BAD, 0, NULL, 0},
    {BYTES("proxy TCP4 192.0.2.1 192.0.2.2 12345 443\r\n"), PROXY_BAD, 0, NULL, 0},
    {BYTES("PROXY TCP4 192.0.2.1 192.0.2.2 12345\r\n"), PROXY_BAD, 0, NULL, 0},
    {BYTES("PROXY TCP4 192.0.2.1 192.0.2.2 12345 443 \r\n"), PROXY_BAD, 0, NULL, 0},
    {BYTES("PROXY TCP4 192.0.2.1  192.0.2.2 12345 443\r\n"), PROXY_BAD, 0, NULL, 0},
    {BYTES("PROXY TCP4 192.0.2.1\0 192.0.2.2 12345 443\r\n"), PROXY_BAD, 0, NULL, 0},
    {BYTES("PROXY TCP4 192.0.2.256 192.0.2.2 12345 443\r\n"), PROXY_BAD, 0, NULL, 0},
    {BYTES("PROXY TCP4 192.0.2.1 nobody 12345 443\r\n"), PROXY_BAD, 0, NULL, 0},
    {BYTES("PROXY TCP4 2001:db8::1 2001:db8::2 12345 443\r\n"), PROXY_BAD, 0, NULL, 0},
    {BYTES("PROXY TCP6 192.0.2.1 192.0.2.2 12345 443\r\n"), PROXY_BAD, 0, NULL, 0},
    {BYTES("PROXY TCP4 192.0.2.1 192.0.2.2 65535 0\r\n"), PROXY_WHOLE, PROXY_SOURCE_ADDRESS, "192.0.2.1", 0},
    {BYTES("PROXY TCP4 192.0.2.1 192.0.2.2 65536 0\r\n"), PROXY_BAD, 0, NULL, 0},
    {BYTES("PROXY TCP4 192.0.2.1 192.0.2.2 012 443\r\n"), PROXY_BAD, 0, NULL, 0},
    {BYTES("PROXY TCP4 192.0.2.1 192.0.2.2 +12 443\r\n"), PROXY_BAD, 0, NULL, 0},
    {BYTES("PROXY TCP4 192.0.2.1 192.0.2.2 12345 443\n"), PROXY_PARTIAL, 0, NULL, 0},
    {BYTES("PROXY TCP4 192.0.2.1 192.0.2.2 12345 443\rG"), PROXY_BAD, 0, NULL, 0},
    {BYTES("PROXY TCP4 192.0.2.1 192.0.2.2 12345 443\r"), PROXY_PARTIAL, 0, NULL, 0},
    /* 107 bytes are the longest line */
    {BYTES("PROXY UNKNOWN " X54 X18 X18 "x\r\n"), PROXY_WHOLE, PROXY_SOURCE_UNKNOWN, NULL, 0},
    {BYTES("PROXY UNKNOWN " X54 X18 X18 "xx\r\n"), PROXY_BAD, 0, NULL, 0},
    {BYTES("PROXY UNKNOWN " X54 X18 X18 "xx"), PROXY_PARTIAL, 0, NULL, 0},
    {BYTES("PROXY UNKNOWN " X54 X18 X18 "xxx"), PROXY_BAD, 0, NULL, 0},
    /* version 2 */
    {BYTES(V2("\x21", "\x11", "\0", "\x0c") ADDRESSES_V4), PROXY_WHOLE, PROXY_SOURCE_ADDRESS, "192.0.2.1", 0},
    {BYTES(V2("\x21", "\x11", "\0", "\x0c") ADDRESSES_V4 "\x16\x03"), PROXY_WHOLE, PROXY_SOURCE_ADDRESS, "192.0.2.1",
     2},
    {BYTES(V2("\x21", "\x21", "\0", "\x24") FROM_V6 FROM_V6 PORTS), PROXY_WHOLE, PROXY_SOURCE_ADDRESS, "2001:db8::1",
     0},
    {BYTES(V2("\x21", "\x21", "\0", "\x24") MAPPED_V6 FROM_V6 PORTS), PROXY_WHOLE, PROXY_SOURCE_ADDRESS, "192.0.2.1",
     0},
    {BYTES(V2("\x21", "\x31", "\0", "\xd8") X108 X108), PROXY_WHOLE, PROXY_SOURCE_UNKNOWN, NULL, 0},
    {BYTES(V2("\x21", "\x31", "\0", "\x6c") X108), PROXY_BAD, 0, NULL, 0},
    {BYTES(V2("\x21", "\x00", "\0", "\x01") "x"), PROXY_WHOLE, PROXY_SOURCE_UNKNOWN, NULL, 0},
    {BYTES(V2("\x20", "\x00", "\0", "\0")), PROXY_WHOLE, PROXY_SOURCE_CONNECTION, NULL, 0},
    {BYTES(V2("\x20", "\x11", "\0", "\x0c") ADDRESSES_V4), PROXY_WHOLE, PROXY_SOURCE_CONNECTION, NULL, 0},
    {BYTES(V2("\x22", "\x11", "\0", "\x0c") ADDRESSES_V4), PROXY_BAD, 0, NULL, 0},
    {BYTES(V2("\x11", "\x11", "\0", "\x0c") ADDRESSES_V4), PROXY_BAD, 0, NULL, 0},
    {BYTES(V2("\x21", "\x12", "\0", "\x0c") ADDRESSES_V4), PROXY_BAD, 0, NULL, 0},
    {BYTES(V2("\x21", "\x41", "\0", "\x0c") ADDRESSES_V4), PROXY_BAD, 0, NULL, 0},
    {BYTES(V2("\x21", "\x11", "\0", "\x0b") ADDRESSES_V4), PROXY_BAD, 0, NULL, 0},
    {BYTES(V2("\x21", "\x21", "\0", "\x0c") ADDRESSES_V4), PROXY_BAD, 0, NULL, 0},
    {BYTES(V2("\x21", "\x11", "\0", "\x0d") ADDRESSES_V4), PROXY_PARTIAL, 0, NULL, 0},
    {BYTES(V2("\x21", "\x11", "\x0f", "\xf1")), PROXY_BAD, 0, NULL, 0},
    {BYTES(V2("\x21", "\x11", "\x0f", "\xf0")), PROXY_PARTIAL, 0, NULL, 0},
    /* attributes: passed over, but within the header */
    {BYTES(V2("\x21", "\x11", "\0", "\x12") ADDRESSES_V4 "\x02\0\x03xyz"), PROXY_WHOLE, PROXY_SOURCE_ADDRESS,
     "192.0.2.1", 0},
    {BYTES(V2("\x21", "\x11", "\0", "\x12") ADDRESSES_V4 "\x02\0\x04xyz"), PROXY_BAD, 0, NULL, 0},
    {BYTES(V2("\x21", "\x11", "\0", "\x0e") ADDRESSES_V4 "\x02\0"), PROXY_BAD, 0, NULL, 0},
    {BYTES(V2("\x21", "\x11", "\0", "\x13") ADDRESSES_V4 "\x03\0\x04\x3e\xe8\x86\xa1"), PROXY_WHOLE,
     PROXY_SOURCE_ADDRESS, "192.0.2.1", 0},
    {BYTES(V2("\x21", "\x11", "\0", "\x13") ADDRESSES_V4 "\x03\0\x04\x3e\xe8\x86\xa0"), PROXY_BAD, 0, NULL, 0},
    {BYTES(V2("\x21", "\x11", "\0", "\x12") ADDRESSES_V4 "\x03\0\x03xyz"), PROXY_BAD, 0, NULL, 0},
    /* neither */
    {BYTES("GET / HTTP/1.1\r\n"), PROXY_BAD, 0, NULL, 0},
    {BYTES("\x16\x03\x01\x02"), PROXY_BAD, 0, NULL, 0},
    {BYTES("PRI * HTTP/2.0\r\n"), PROXY_BAD, 0, NULL, 0},
    {BYTES("\r\n\r\nGET"), PROXY_BAD, 0, NULL, 0},
    {BYTES(""), PROXY_PARTIAL, 0, NULL, 0},
};

static void check_client(const struct proxy_header *header, const char *expected)
{
    char text[INET6_ADDRSTRLEN];
    bool is_v6 = header->client.ss_family == AF_INET6;
    const void *at = is_v6 ? (const void *)&((const struct sockaddr_in6 *)&header->client)->sin6_addr
                           : (const void *)&((const struct sockaddr_in *)&header->client)->sin_addr;
    assert_non_null(inet_ntop(header->client.ss_family, at, text, sizeof text));
    assert_string_equal(text, expected);
}

static void check_case(const struct header_case *at, size_t number)
{
    struct err err = {0};
    struct proxy_header header;
    enum proxy_verdict verdict = proxy_header_read(at->bytes, &header, &err);
    if (verdict != at->verdict)
        fail_msg("case %zu: verdict %d, expected %d (%s)", number, (int)verdict, (int)at->verdict, err.text);
    if (verdict == PROXY_BAD)
        assert_int_equal(err.reason, REASON_BAD_REQUEST);
    if (verdict != PROXY_WHOLE)
        return;
    assert_int_equal(header.source, at->source);
    assert_int_equal(at->bytes.len - header.len, at->left);
    if (at->client != NULL)
        check_client(&header, at->client);
}

static void headers_are_read_as_the_protocol_says(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++)
        check_case(&cases[i], i);
}

/* However it is cut, a header that is right is never refused, nor found whole too early. */
static void every_part_of_a_header_waits_for_more(void **state)
{
    struct err err;
    struct proxy_header header;
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        if (cases[i].verdict != PROXY_WHOLE)
            continue;
        for (size_t len = 0; len < cases[i].bytes.len - cases[i].left; len++)
            assert_int_equal(proxy_header_read(span_cut(cases[i].bytes, len), &header, &err), PROXY_PARTIAL);
    }
}

static void the_port_that_the_client_connected_to_is_told(void **state)
{
    struct err err;
    struct proxy_header header;
    (void)state;
    assert_int_equal(proxy_header_read(SPAN("PROXY TCP4 192.0.2.1 192.0.2.2 12345 8443\r\n"), &header, &err),
                     PROXY_WHOLE);
    assert_int_equal(header.local_port, 8443);
    struct span v2 = SPAN(V2("\x21", "\x11", "\0", "\x0c") ADDRESSES_V4);
    assert_int_equal(proxy_header_read(v2, &header, &err), PROXY_WHOLE);
    assert_int_equal(header.local_port, 443);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(headers_are_read_as_the_protocol_says),
        cmocka_unit_test(every_part_of_a_header_waits_for_more),
        cmocka_unit_test(the_port_that_the_client_connected_to_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
