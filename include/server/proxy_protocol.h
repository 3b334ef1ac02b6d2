/* SPDX-License-Identifier: Apache-2.0 */
/* The header of the PROXY protocol, versions 1 and 2, by which a balancer in front tells whose connection it passes on.
 *
 * A pure reader: no socket, no state.  Only listeners that are set so expect it, and there it is demanded: who may connect there may
 * say who the client is.
 */
#ifndef SERVER_PROXY_PROTOCOL_H
#define SERVER_PROXY_PROTOCOL_H

#include "base/err.h"
#include "base/span.h"

#include <sys/socket.h>

/* Bytes of the longest header that is read: version 1 ends within 107, one of version 2 with more attributes is refused. */
enum { PROXY_HEADER_BYTES_MAX = 4096, PROXY_V1_BYTES_MAX = 107 };

enum proxy_source {
    PROXY_SOURCE_CONNECTION, /* LOCAL, the balancer's own: the connection's peer is the client */
    PROXY_SOURCE_UNKNOWN,    /* the balancer can't tell, or it is a unix socket: the client has no address */
    PROXY_SOURCE_ADDRESS     /* `client` */
};

struct proxy_header {
    size_t len; /* bytes of the header; what follows is the connection's own */
    enum proxy_source source;
    struct sockaddr_storage client; /* with PROXY_SOURCE_ADDRESS: IPv4, or IPv6 where it is not one mapped from IPv4 */
    unsigned local_port;            /* with PROXY_SOURCE_ADDRESS: where the client connected to */
};

enum proxy_verdict {
    PROXY_PARTIAL, /* every byte so far belongs to the header; more are needed */
    PROXY_WHOLE,
    PROXY_BAD /* `err` tells why: BAD_REQUEST, none of the peer's bytes in it */
};

/* Reads the header that `bytes` begin with.  Told PROXY_BAD at the first byte that can't be right; PROXY_PARTIAL only for fewer than
 * PROXY_HEADER_BYTES_MAX.
 *
 * Version 1: single spaces, ports without zeros in front, CRLF.  Version 2: TCP over IPv4 and IPv6, unix streams
 * and unspecified ones; attributes are passed over, but must fit, and a CRC32c among them must be right.
 */
enum proxy_verdict proxy_header_read(struct span bytes, struct proxy_header *header, struct err *err) MUST_CHECK;

#endif
