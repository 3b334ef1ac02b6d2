/* SPDX-License-Identifier: Apache-2.0 */
/* Addresses to bind, read and written. */
#include "server/bind_address.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>
#include <sys/un.h>

_Static_assert(BIND_TEXT_BYTES > sizeof(struct sockaddr_un), "each path has its room");

static bool port_read(struct span text, in_port_t *port)
{
    uint64_t number;
    if (!span_u64(text, 65535, &number))
        return false;
    *port = htons((uint16_t)number);
    return true;
}

static bool v6_read(struct span host, struct span port, struct bind_address *address)
{
    struct sockaddr_in6 *at = (struct sockaddr_in6 *)&address->at;
    char text[INET6_ADDRSTRLEN];
    if (host.len >= sizeof text)
        return false;
    memcpy(text, host.at, host.len);
    text[host.len] = '\0';
    at->sin6_family = AF_INET6;
    address->len = sizeof *at;
    return inet_pton(AF_INET6, text, &at->sin6_addr) == 1 && port_read(port, &at->sin6_port);
}

static bool v4_read(struct span host, struct span port, struct bind_address *address)
{
    struct sockaddr_in *at = (struct sockaddr_in *)&address->at;
    char text[INET_ADDRSTRLEN];
    if (host.len >= sizeof text)
        return false;
    memcpy(text, host.at, host.len);
    text[host.len] = '\0';
    at->sin_family = AF_INET;
    address->len = sizeof *at;
    return inet_pton(AF_INET, text, &at->sin_addr) == 1 && port_read(port, &at->sin_port);
}

static bool unix_read(struct span path, struct bind_address *address, struct err *err)
{
    struct sockaddr_un *at = (struct sockaddr_un *)&address->at;
    if (path.len < 2 || path.at[0] != '/' || memchr(path.at, '\0', path.len) != NULL)
        return fail(err, REASON_CONFIG,
                    "\"unix:%s\" is no unix socket; write unix: and an absolute path, as "
                    "unix:/run/jwtgate/http.sock",
                    QUOTED(path));
    if (path.len >= sizeof at->sun_path)
        return fail(err, REASON_CONFIG, "the path of a unix socket has %zu bytes at most, this one %zu",
                    sizeof at->sun_path - 1, path.len);
    at->sun_family = AF_UNIX;
    memcpy(at->sun_path, path.at, path.len);
    address->len = sizeof *at;
    return true;
}

bool bind_address_read(struct span text, struct bind_address *address, struct err *err)
{
    *address = (struct bind_address){.mode = BIND_MODE, .owner = (uid_t)-1, .group = (gid_t)-1};
    if (span_starts(text, SPAN("unix:")))
        return unix_read(span_from(text, 5), address, err);
    const char *colon = text.len == 0 ? NULL : memrchr(text.at, ':', text.len);
    if (colon != NULL) {
        struct span host = span_of(text.at, (size_t)(colon - text.at));
        struct span port = span_from(text, host.len + 1);
        bool is_v6 = host.len > 2 && host.at[0] == '[' && host.at[host.len - 1] == ']';
        if (is_v6 ? v6_read(span_of(host.at + 1, host.len - 2), port, address) : v4_read(host, port, address))
            return true;
    }
    return fail(err, REASON_CONFIG,
                "\"%s\" is no address to bind; write IPv4:PORT as 0.0.0.0:8080, [IPv6]:PORT as [::]:8080, or unix:PATH",
                QUOTED(text));
}

const char *bind_address_path(const struct bind_address *address)
{
    return address->at.ss_family == AF_UNIX ? ((const struct sockaddr_un *)&address->at)->sun_path : NULL;
}

bool bind_address_is_local(const struct bind_address *address)
{
    if (address->at.ss_family == AF_UNIX)
        return true;
    if (address->at.ss_family == AF_INET6)
        return IN6_IS_ADDR_LOOPBACK(&((const struct sockaddr_in6 *)&address->at)->sin6_addr);
    return ntohl(((const struct sockaddr_in *)&address->at)->sin_addr.s_addr) >> 24 == 127;
}

void bind_address_text(const struct bind_address *address, char out[BIND_TEXT_BYTES])
{
    char host[INET6_ADDRSTRLEN] = "";
    if (address->at.ss_family == AF_UNIX) {
        snprintf(out, BIND_TEXT_BYTES, "unix:%s", bind_address_path(address));
        return;
    }
    if (address->at.ss_family == AF_INET6) {
        const struct sockaddr_in6 *at = (const struct sockaddr_in6 *)&address->at;
        inet_ntop(AF_INET6, &at->sin6_addr, host, sizeof host);
        snprintf(out, BIND_TEXT_BYTES, "[%s]:%u", host, ntohs(at->sin6_port));
        return;
    }
    const struct sockaddr_in *at = (const struct sockaddr_in *)&address->at;
    inet_ntop(AF_INET, &at->sin_addr, host, sizeof host);
    snprintf(out, BIND_TEXT_BYTES, "%s:%u", host, ntohs(at->sin_port));
}

bool bind_address_mode(struct span text, mode_t *mode, struct err *err)
{
    unsigned value = 0;
    bool is_octal = text.len == 3 || (text.len == 4 && text.at[0] == '0');
    for (size_t i = 0; i < text.len && is_octal; i++) {
        is_octal = text.at[i] >= '0' && text.at[i] <= '7';
        value = value * 8 + (unsigned)(text.at[i] - '0');
    }
    *mode = (mode_t)(value & 0777);
    return is_octal ||
           fail(err, REASON_CONFIG, "\"%s\" is no mode; write three octal digits, as \"0660\"", QUOTED(text));
}
