/* SPDX-License-Identifier: Apache-2.0 */
/* Host, Origin, content type and token of requests to the admin surface. */
#include "admin/guard.h"

#include "http/uri.h"
#include "jose/digest.h"

#include <arpa/inet.h>
#include <string.h>

/* ---- host ---- */

/* host[:port], taken apart. */
struct place {
    struct span host; /* without brackets */
    uint64_t port;    /* 0: none is named */
};

static bool read_place(struct span authority, struct place *place)
{
    if (!uri_is_authority(authority))
        return false;
    struct span host = uri_host(authority);
    struct span port = span_from(authority, host.len);
    bool is_bracketed = span_starts(host, SPAN("["));
    *place = (struct place){is_bracketed ? span_of(host.at + 1, host.len - 2) : host, 0};
    return port.len <= 1 || span_u64(span_from(port, 1), UINT16_MAX, &place->port);
}

/* An IP address, one of IPv4 as the IPv6 address that is mapped from it. */
static bool read_address(struct span host, struct in6_addr *address)
{
    char text[INET6_ADDRSTRLEN];
    unsigned char *bytes = address->s6_addr;
    if (host.len == 0 || host.len >= sizeof text)
        return false;
    memcpy(text, host.at, host.len);
    text[host.len] = '\0';
    if (inet_pton(AF_INET6, text, address) == 1)
        return true;
    memset(bytes, 0, 10);
    bytes[10] = bytes[11] = 0xff;
    return inet_pton(AF_INET, text, bytes + 12) == 1;
}

static struct in6_addr bound_address(const struct bind_address *bound)
{
    struct in6_addr address = IN6ADDR_ANY_INIT;
    if (bound->at.ss_family == AF_INET6)
        return ((const struct sockaddr_in6 *)(const void *)&bound->at)->sin6_addr;
    address.s6_addr[10] = address.s6_addr[11] = 0xff;
    memcpy(address.s6_addr + 12, &((const struct sockaddr_in *)(const void *)&bound->at)->sin_addr, 4);
    return address;
}

static uint16_t bound_port(const struct bind_address *bound)
{
    bool is_v6 = bound->at.ss_family == AF_INET6;
    return ntohs(is_v6 ? ((const struct sockaddr_in6 *)(const void *)&bound->at)->sin6_port
                       : ((const struct sockaddr_in *)(const void *)&bound->at)->sin_port);
}

static bool is_any(const struct in6_addr *address)
{
    static const unsigned char any_v4[] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 0, 0, 0, 0};
    return memcmp(address, &in6addr_any, sizeof *address) == 0 || memcmp(address, any_v4, sizeof any_v4) == 0;
}

/* Where all addresses are bound, any address may be the one: no name of anybody else's leads to a page whose Host is an address. */
static bool is_bound(const struct bind_address *bound, struct span host)
{
    struct in6_addr named;
    struct in6_addr own = bound_address(bound);
    if (!read_address(host, &named))
        return false;
    return is_any(&own) || memcmp(&named, &own, sizeof named) == 0;
}

static bool is_listed(const struct schema_texts *hosts, const struct place *place)
{
    for (size_t i = 0; i < hosts->count; i++) {
        struct place listed;
        if (read_place(hosts->at[i], &listed) && span_eq_nocase(listed.host, place->host) &&
            (listed.port == 0 || listed.port == place->port))
            return true;
    }
    return false;
}

bool guard_knows_host(const struct guard *guard, struct span authority)
{
    struct place place;
    if (guard->is_unix || bind_address_path(guard->address) != NULL)
        return true;
    if (!read_place(authority, &place))
        return false;
    bool is_own_port = place.port == 0 || place.port == bound_port(guard->address);
    bool is_own = uri_is_loopback(place.host) || is_bound(guard->address, place.host);
    return (is_own && is_own_port) || is_listed(guard->hosts, &place);
}

/* ---- origin ---- */

static bool is_same_place(struct span a, struct span b, uint64_t default_port)
{
    struct place one;
    struct place other;
    if (!read_place(a, &one) || !read_place(b, &other))
        return false;
    uint64_t port = one.port == 0 ? default_port : one.port;
    return span_eq_nocase(one.host, other.host) && port == (other.port == 0 ? default_port : other.port);
}

/* RFC 6454 4: scheme, host and port. */
static bool is_same_origin(const struct guard *guard, struct span origin, struct span authority)
{
    struct span scheme = guard->is_tls ? SPAN("https://") : SPAN("http://");
    return span_eq_nocase(span_cut(origin, scheme.len), scheme) &&
           is_same_place(span_from(origin, scheme.len), authority, guard->is_tls ? 443 : 80);
}

static bool has_good_origin(const struct guard *guard, const struct head *head)
{
    const struct field *origin = NULL;
    while ((origin = head_find(head, SPAN("Origin"), origin)) != NULL)
        if (!is_same_origin(guard, origin->value, head->authority))
            return false;
    return true;
}

/* What the browser itself says of whoever asks; other clients say nothing. */
static bool has_good_site(const struct head *head)
{
    const struct field *site = NULL;
    while ((site = head_find(head, SPAN("Sec-Fetch-Site"), site)) != NULL)
        if (!span_eq(site->value, SPAN("same-origin")) && !span_eq(site->value, SPAN("none")))
            return false;
    return true;
}

static bool is_json(const struct head *head)
{
    const struct field *type = head_field(head, FIELD_CONTENT_TYPE);
    if (type == NULL || head_field_count(head, FIELD_CONTENT_TYPE) != 1)
        return false;
    struct span rest = type->value;
    struct span name;
    return span_split(&rest, ';', &name) && span_eq_nocase(span_trim(name), SPAN("application/json"));
}

enum guard_verdict guard_judge(const struct guard *guard, const struct head *head)
{
    bool is_post = head->method == METHOD_POST;
    if (!has_good_origin(guard, head) || (is_post && !has_good_site(head)))
        return GUARD_ORIGIN;
    return is_post && !is_json(head) ? GUARD_TYPE : GUARD_PASS;
}

/* ---- token ---- */

/* Of what is hashed first, the time tells neither where two texts differ nor how long the right one is. */
static bool is_same_secret(struct span a, struct span b)
{
    unsigned char one[DIGEST_BYTES];
    unsigned char other[DIGEST_BYTES];
    return digest_sha256(a, one, NULL) && digest_sha256(b, other, NULL) &&
           digest_eq(span_of(one, sizeof one), span_of(other, sizeof other));
}

enum guard_credential guard_credential(const struct guard *guard, const struct head *head)
{
    static const struct span scheme = SPAN_INIT("Bearer ");
    const struct field *field = head_field(head, FIELD_AUTHORIZATION);
    if (field == NULL)
        return GUARD_NONE_SHOWN;
    bool is_bearer =
        head_field_count(head, FIELD_AUTHORIZATION) == 1 && span_eq_nocase(span_cut(field->value, scheme.len), scheme);
    return is_bearer && is_same_secret(span_trim(span_from(field->value, scheme.len)), guard->token) ? GUARD_RIGHT
                                                                                                     : GUARD_WRONG;
}
