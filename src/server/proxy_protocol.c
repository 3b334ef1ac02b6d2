/* SPDX-License-Identifier: Apache-2.0 */
/* Reading PROXY protocol headers: one line of text in version 1, a counted block in version 2.
 *
 * Both begin with bytes that no HTTP request and no TLS handshake begins with, so a client that comes past the balancer is noticed
 * by its first byte or two.
 */
#include "server/proxy_protocol.h"

#include <arpa/inet.h>
#include <netinet/in.h>

enum {
    SIGNATURE_BYTES = 12,
    FIXED_BYTES = 16, /* signature, version and command, family, length */
    ADDRESSES_V4_BYTES = 12,
    ADDRESSES_V6_BYTES = 36,
    ADDRESSES_UNIX_BYTES = 216,
    ATTRIBUTE_HEAD_BYTES = 3,
    ATTRIBUTE_CRC32C = 3
};

static const char signature[SIGNATURE_BYTES] = {'\r', '\n', '\r', '\n', '\0', '\r', '\n', 'Q', 'U', 'I', 'T', '\n'};

static enum proxy_verdict bad(struct err *err, const char *why)
{
    fail(err, REASON_BAD_REQUEST, "PROXY header: %s", why);
    return PROXY_BAD;
}

static void take_v4(struct proxy_header *header, const void *address)
{
    struct sockaddr_in *client = (struct sockaddr_in *)&header->client;
    client->sin_family = AF_INET;
    memcpy(&client->sin_addr, address, sizeof client->sin_addr);
    header->source = PROXY_SOURCE_ADDRESS;
}

/* One mapped from IPv4 is the IPv4 address that it is: limits and logs know each client by one name. */
static void take_v6(struct proxy_header *header, const void *address)
{
    struct sockaddr_in6 *client = (struct sockaddr_in6 *)&header->client;
    struct in6_addr v6;
    memcpy(&v6, address, sizeof v6);
    if (IN6_IS_ADDR_V4MAPPED(&v6)) {
        take_v4(header, v6.s6_addr + 12);
        return;
    }
    client->sin6_family = AF_INET6;
    client->sin6_addr = v6;
    header->source = PROXY_SOURCE_ADDRESS;
}

/* ---- version 1 ---- */

/* The word before the next space; false when none follows. */
static bool take_word(struct span *rest, struct span *word)
{
    const char *space = span_chr(*rest, ' ');
    if (space == NULL)
        return false;
    *word = span_of(rest->at, (size_t)(space - rest->at));
    *rest = span_from(*rest, word->len + 1);
    return true;
}

static bool address_read(int family, struct span word, unsigned char address[16])
{
    char text[INET6_ADDRSTRLEN];
    if (word.len == 0 || word.len >= sizeof text || memchr(word.at, '\0', word.len) != NULL)
        return false;
    memcpy(text, word.at, word.len);
    text[word.len] = '\0';
    return inet_pton(family, text, address) == 1;
}

static bool port_read(struct span word, unsigned *port)
{
    uint64_t number;
    bool is_plain = word.len == 1 || (word.len > 1 && word.at[0] != '0');
    if (!is_plain || !span_u64(word, 65535, &number))
        return false;
    *port = (unsigned)number;
    return true;
}

static enum proxy_verdict read_addresses_v1(struct span rest, int family, struct proxy_header *header, struct err *err)
{
    unsigned char from[16];
    unsigned char to[16];
    unsigned port;
    struct span words[3];
    for (size_t i = 0; i < COUNT_OF(words); i++)
        if (!take_word(&rest, &words[i]))
            return bad(err, "a version 1 line with too few words");
    if (!address_read(family, words[0], from) || !address_read(family, words[1], to))
        return bad(err, "a version 1 line without two addresses of its family");
    if (!port_read(words[2], &port) || !port_read(rest, &header->local_port))
        return bad(err, "a version 1 line without two ports");
    if (family == AF_INET6)
        take_v6(header, from);
    else
        take_v4(header, from);
    return PROXY_WHOLE;
}

/* `line` is without its CRLF. */
static enum proxy_verdict read_line(struct span line, struct proxy_header *header, struct err *err)
{
    struct span rest = span_from(line, sizeof "PROXY " - 1);
    header->source = PROXY_SOURCE_UNKNOWN;
    if (span_starts(rest, SPAN("TCP4 ")))
        return read_addresses_v1(span_from(rest, 5), AF_INET, header, err);
    if (span_starts(rest, SPAN("TCP6 ")))
        return read_addresses_v1(span_from(rest, 5), AF_INET6, header, err);
    if (span_eq(rest, SPAN("UNKNOWN")) || span_starts(rest, SPAN("UNKNOWN ")))
        return PROXY_WHOLE;
    return bad(err, "a version 1 line of none of TCP4, TCP6, UNKNOWN");
}

static enum proxy_verdict read_v1(struct span bytes, struct proxy_header *header, struct err *err)
{
    struct span window = span_cut(bytes, PROXY_V1_BYTES_MAX);
    const char *end = span_chr(window, '\r');
    if (end == NULL || (size_t)(end - window.at) + 1 == window.len) {
        if (window.len == PROXY_V1_BYTES_MAX)
            return bad(err, "a version 1 line longer than 107 bytes");
        return PROXY_PARTIAL;
    }
    if (end[1] != '\n')
        return bad(err, "a version 1 line that does not end in CRLF");
    struct span line = span_of(window.at, (size_t)(end - window.at));
    header->len = line.len + 2;
    return read_line(line, header, err);
}

/* ---- version 2 ---- */

static unsigned two_bytes(const char *at)
{
    return (unsigned)(unsigned char)at[0] << 8 | (unsigned char)at[1];
}

/* Castagnoli's polynomial, reflected; bit by bit, since it comes once for a connection at most. */
static uint32_t crc32c(uint32_t crc, struct span bytes)
{
    for (size_t i = 0; i < bytes.len; i++) {
        crc ^= (unsigned char)bytes.at[i];
        for (int bit = 0; bit < 8; bit++)
            crc = crc >> 1 ^ (0x82f63b78u & (0u - (crc & 1u)));
    }
    return crc;
}

/* The sum is of the whole header with zeros in place of `stated`. */
static bool is_sum_right(struct span whole, struct span stated)
{
    size_t before = (size_t)(stated.at - whole.at);
    uint32_t crc = crc32c(UINT32_MAX, span_cut(whole, before));
    crc = crc32c(crc, span_of("\0\0\0\0", 4));
    crc = ~crc32c(crc, span_from(whole, before + 4));
    uint32_t told = (uint32_t)two_bytes(stated.at) << 16 | two_bytes(stated.at + 2);
    return crc == told;
}

/* The attributes behind the addresses: type, length, value. */
static enum proxy_verdict pass_attributes(struct span whole, struct span rest, struct err *err)
{
    while (rest.len > 0) {
        if (rest.len < ATTRIBUTE_HEAD_BYTES || rest.len - ATTRIBUTE_HEAD_BYTES < two_bytes(rest.at + 1))
            return bad(err, "an attribute that ends past the header");
        struct span value = span_of(rest.at + ATTRIBUTE_HEAD_BYTES, two_bytes(rest.at + 1));
        if (rest.at[0] == ATTRIBUTE_CRC32C && (value.len != 4 || !is_sum_right(whole, value)))
            return bad(err, "its checksum is wrong");
        rest = span_from(rest, ATTRIBUTE_HEAD_BYTES + value.len);
    }
    return PROXY_WHOLE;
}

static enum proxy_verdict read_proxied(struct span whole, struct proxy_header *header, struct err *err)
{
    struct span rest = span_from(whole, FIXED_BYTES);
    size_t used = 0;
    header->source = PROXY_SOURCE_UNKNOWN;
    switch (whole.at[13]) {
    case 0x00: return PROXY_WHOLE; /* unspecified: what the block holds is nobody's business */
    case 0x11: used = ADDRESSES_V4_BYTES; break;
    case 0x21: used = ADDRESSES_V6_BYTES; break;
    case 0x31: used = ADDRESSES_UNIX_BYTES; break;
    default: return bad(err, "none of TCP over IPv4, TCP over IPv6, unix stream");
    }
    if (rest.len < used)
        return bad(err, "too short for its addresses");
    if (used == ADDRESSES_V4_BYTES)
        take_v4(header, rest.at);
    else if (used == ADDRESSES_V6_BYTES)
        take_v6(header, rest.at);
    if (header->source == PROXY_SOURCE_ADDRESS)
        header->local_port = two_bytes(rest.at + used - 2);
    return pass_attributes(whole, span_from(rest, used), err);
}

static enum proxy_verdict read_v2(struct span bytes, struct proxy_header *header, struct err *err)
{
    if (bytes.len > SIGNATURE_BYTES && bytes.at[12] != 0x20 && bytes.at[12] != 0x21)
        return bad(err, "a version that is not 2, or a command that is neither LOCAL nor PROXY");
    if (bytes.len < FIXED_BYTES)
        return PROXY_PARTIAL;
    header->len = FIXED_BYTES + two_bytes(bytes.at + 14);
    if (header->len > PROXY_HEADER_BYTES_MAX)
        return bad(err, "longer than 4096 bytes");
    if (bytes.len < header->len)
        return PROXY_PARTIAL;
    header->source = PROXY_SOURCE_CONNECTION;
    return bytes.at[12] == 0x20 ? PROXY_WHOLE : read_proxied(span_cut(bytes, header->len), header, err);
}

static bool begins_like(struct span bytes, struct span start)
{
    return span_eq(span_cut(bytes, start.len), span_cut(start, bytes.len));
}

enum proxy_verdict proxy_header_read(struct span bytes, struct proxy_header *header, struct err *err)
{
    *header = (struct proxy_header){.source = PROXY_SOURCE_CONNECTION};
    if (begins_like(bytes, SPAN("PROXY ")))
        return bytes.len < 6 ? PROXY_PARTIAL : read_v1(bytes, header, err);
    if (begins_like(bytes, span_of(signature, sizeof signature)))
        return read_v2(bytes, header, err);
    return bad(err, "the connection does not begin with one");
}
