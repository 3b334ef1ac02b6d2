/* SPDX-License-Identifier: Apache-2.0 */
/* Targets, authorities and URLs.  Stricter than RFC 3986: what readers are known to take in two ways is refused, and
 * what is accepted is never rewritten.
 */
#include "http/uri.h"

#include "base/ascii.h"

#include <arpa/inet.h>

enum { BLOCK_BYTES = 16, HOST_BYTES_MAX = 255, PORT_DIGITS_MAX = 5 };

/* What may not stand in a target: all but printable ASCII; `#`, which ends a target for some (RFC 9112 3.2); backslash,
 * a slash for others.  `%` has to be looked at.
 */
static bool is_special(unsigned char c)
{
    return c <= ' ' || c >= 0x7f || c == '#' || c == '\\' || c == '%';
}

/* Written so that compilers turn it into a few vector instructions. */
static bool block_has_special(const char *at)
{
    unsigned char found = 0;
    for (int i = 0; i < BLOCK_BYTES; i++) {
        unsigned char c = (unsigned char)at[i];
        found |= (unsigned char)((c <= ' ') | (c >= 0x7f) | (c == '#') | (c == '\\') | (c == '%'));
    }
    return found != 0;
}

static bool is_encoding(struct span s)
{
    return s.len > 2 && s.at[0] == '%' && ascii_is_hex(s.at[1]) && ascii_is_hex(s.at[2]);
}

static bool check_chars(struct span s, struct err *err)
{
    while (s.len > 0) {
        if (s.len >= BLOCK_BYTES && !block_has_special(s.at)) {
            s = span_from(s, BLOCK_BYTES);
            continue;
        }
        size_t end = s.len < BLOCK_BYTES ? s.len : BLOCK_BYTES, i = 0;
        for (; i < end; i++)
            if (is_special((unsigned char)s.at[i]) && !is_encoding(span_from(s, i)))
                return fail(err, REASON_BAD_REQUEST, "byte 0x%02x in a target", (unsigned char)s.at[i]);
        s = span_from(s, i);
    }
    return true;
}

/* Letters, digits and four marks: the sub-delims that RFC 3986 3.2.2 allows too stand in no name that resolves. */
static bool is_name(struct span host)
{
    for (size_t i = 0; i < host.len; i++) {
        char c = host.at[i];
        bool is_right = ascii_is_digit(c) || ascii_is_letter(c) || c == '-' || c == '.' || c == '_' || c == '~';
        if (!is_right)
            return false;
    }
    return host.len > 0 && host.len <= HOST_BYTES_MAX;
}

static bool read_ipv6(struct span bracketed, struct in6_addr *address)
{
    char text[INET6_ADDRSTRLEN];
    if (bracketed.len < 2 || bracketed.at[bracketed.len - 1] != ']' || bracketed.len - 2 >= sizeof text)
        return false;
    memcpy(text, bracketed.at + 1, bracketed.len - 2);
    text[bracketed.len - 2] = '\0';
    return strlen(text) == bracketed.len - 2 && inet_pton(AF_INET6, text, address) == 1;
}

struct span uri_host(struct span authority)
{
    char last = authority.len > 0 && authority.at[0] == '[' ? ']' : ':';
    const char *found = span_chr(authority, last);
    if (found == NULL)
        return authority;
    return span_cut(authority, (size_t)(found - authority.at) + (last == ']'));
}

/* The port behind `host`, or `preset` when there is none; false when it is not `:1` to `:65535`. */
static bool read_port(struct span authority, struct span host, uint16_t preset, uint16_t *port)
{
    struct span rest = span_from(authority, host.len);
    uint64_t number = preset;
    if (rest.len > 0 &&
        (rest.at[0] != ':' || rest.len > PORT_DIGITS_MAX + 1 || !span_u64(span_from(rest, 1), UINT16_MAX, &number)))
        return false;
    *port = (uint16_t)number;
    return number > 0;
}

bool uri_is_authority(struct span authority)
{
    struct span host = uri_host(authority);
    struct in6_addr address;
    uint16_t port;
    bool is_host = host.len > 0 && host.at[0] == '[' ? read_ipv6(host, &address) : is_name(host);
    return is_host && read_port(authority, host, 80, &port);
}

/* Takes `http://` or `https://` off `rest`, letter case ignored (RFC 3986 3.1). */
static bool take_scheme(struct span *rest, bool *is_https)
{
    struct span plain = SPAN("http://"), secure = SPAN("https://");
    *is_https = span_eq_nocase(span_cut(*rest, secure.len), secure);
    if (!*is_https && !span_eq_nocase(span_cut(*rest, plain.len), plain))
        return false;
    *rest = span_from(*rest, *is_https ? secure.len : plain.len);
    return true;
}

/* Takes off all before the first `/` or `?`. */
static struct span take_authority(struct span *rest)
{
    size_t len = 0;
    while (len < rest->len && rest->at[len] != '/' && rest->at[len] != '?')
        len++;
    struct span authority = span_cut(*rest, len);
    *rest = span_from(*rest, len);
    return authority;
}

static void split_query(struct span text, struct span *path, struct span *query)
{
    const char *mark = span_chr(text, '?');
    *path = mark == NULL ? text : span_cut(text, (size_t)(mark - text.at));
    *query = mark == NULL ? (struct span){NULL, 0} : span_from(text, path->len);
}

/* RFC 9112 3.2.2; the authority of the target goes before Host, but one that differs was made to be read in two ways.
 */
static bool read_absolute(struct head *head, struct span host, struct err *err)
{
    struct span rest = head->target;
    bool is_https;
    if (!take_scheme(&rest, &is_https))
        return fail(err, REASON_BAD_REQUEST, "expected a target that begins with `/`, http:// or https://");
    head->authority = take_authority(&rest);
    if (!uri_is_authority(head->authority))
        return fail(err, REASON_BAD_REQUEST, "authority %s is not host[:port]", QUOTED(head->authority));
    if (host.at != NULL && !span_eq_nocase(host, head->authority))
        return fail(err, REASON_BAD_REQUEST, "authority %s differs from Host", QUOTED(head->authority));
    split_query(rest, &head->path, &head->query);
    if (head->path.len == 0)
        head->path = head->method == METHOD_OPTIONS && head->query.at == NULL ? SPAN("*") : SPAN("/");
    return true;
}

bool uri_read_target(struct head *head, struct span host, struct err *err)
{
    struct span target = head->target;
    if (!check_chars(target, err))
        return false;
    head->authority = host;
    if (target.len > 0 && target.at[0] == '/') {
        split_query(target, &head->path, &head->query);
        return true;
    }
    if (!span_eq(target, SPAN("*")))
        return read_absolute(head, host, err);
    if (head->method != METHOD_OPTIONS)
        return fail(err, REASON_BAD_REQUEST, "target `*` is for OPTIONS only");
    head->path = target;
    head->query = (struct span){NULL, 0};
    return true;
}

bool uri_read(struct span text, struct uri *uri, struct err *err)
{
    struct span rest = text;
    *uri = (struct uri){0};
    if (!take_scheme(&rest, &uri->is_https))
        return fail(err, REASON_BAD_REQUEST, "expected a URL that begins with http:// or https://");
    uri->authority = take_authority(&rest);
    struct span host = uri_host(uri->authority);
    if (!uri_is_authority(uri->authority) || !read_port(uri->authority, host, uri->is_https ? 443 : 80, &uri->port))
        return fail(err, REASON_BAD_REQUEST, "expected host[:port] behind the scheme, found %s",
                    QUOTED(uri->authority));
    uri->host = host.at[0] == '[' ? span_cut(span_from(host, 1), host.len - 2) : host;
    split_query(rest, &uri->path, &uri->query);
    return check_chars(rest, err);
}

bool uri_is_loopback(struct span host)
{
    char text[INET6_ADDRSTRLEN];
    struct in_addr v4;
    struct in6_addr v6;
    if (host.len > 2 && host.at[0] == '[' && host.at[host.len - 1] == ']')
        host = span_cut(span_from(host, 1), host.len - 2);
    if (span_eq_nocase(host, SPAN("localhost")))
        return true;
    if (host.len == 0 || host.len >= sizeof text || memchr(host.at, '\0', host.len) != NULL)
        return false;
    memcpy(text, host.at, host.len);
    text[host.len] = '\0';
    if (inet_pton(AF_INET, text, &v4) == 1)
        return ntohl(v4.s_addr) >> 24 == 127;
    return inet_pton(AF_INET6, text, &v6) == 1 && IN6_IS_ADDR_LOOPBACK(&v6);
}
