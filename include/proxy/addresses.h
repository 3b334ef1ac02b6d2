/* SPDX-License-Identifier: Apache-2.0 */
/* Where a server can be reached: a list of socket addresses that is never written again, and the order in which to try them.
 */
#ifndef PROXY_ADDRESSES_H
#define PROXY_ADDRESSES_H

#include "base/span.h"

#include <netinet/in.h>
#include <stdatomic.h>
#include <sys/un.h>

enum { ADDRESSES_MAX = 16, ADDRESS_TEXT_BYTES = 128 };

struct address {
    union {
        struct sockaddr any;
        struct sockaddr_in in;
        struct sockaddr_in6 in6;
        struct sockaddr_un un;
    } at;
    socklen_t len;
};

struct addresses {
    _Atomic(unsigned) references;
    size_t count;
    struct address at[]; /* in the order of the resolver (RFC 6724) */
};

/* A literal IPv4 or IPv6 address with a port; false: it is a name. */
bool address_from_text(const char *host, uint16_t port, struct address *out) MUST_CHECK;
/* A unix socket; false: the path is empty or too long for one. */
bool address_from_path(const char *path, struct address *out) MUST_CHECK;
/* ADDRESS:PORT, [ADDRESS]:PORT or unix:PATH in `out`. */
const char *address_text(const struct address *address, char out[ADDRESS_TEXT_BYTES]);

/* A copy of at most ADDRESSES_MAX, with one reference.  NULL: out of memory. */
struct addresses *addresses_new(const struct address *at, size_t count) MUST_CHECK;
/* One reference more; any thread. */
struct addresses *addresses_take(struct addresses *addresses);
/* One reference less; NULL is let through. */
void addresses_release(struct addresses *addresses);

/* Whether `address` is one of them; NULL holds none. */
bool addresses_hold(const struct addresses *addresses, const struct address *address);
/* Whether both hold the same ones, in whatever order. */
bool addresses_are_same(const struct addresses *a, const struct addresses *b);

/* The order in which connections are tried (RFC 8305 4): families take turns, beginning with `family` if it is there, else with
 * that of the first address; within a family it begins `turn` places on, so that each has its share.  Returns how many.
 */
size_t addresses_order(const struct addresses *addresses, size_t turn, int family,
                       const struct address *out[ADDRESSES_MAX]);

#endif
