/* SPDX-License-Identifier: Apache-2.0 */
/* Listening sockets: one for each worker by SO_REUSEPORT, made in the main thread before workers run. */
#ifndef SERVER_LISTENER_H
#define SERVER_LISTENER_H

#include "base/err.h"
#include "base/span.h"
#include "server/service.h"

#include <netinet/in.h>
#include <sys/socket.h>

/* An address to bind: "0.0.0.0:8080", "[::]:8080", "127.0.0.1:0". */
struct bind_address {
    struct sockaddr_storage at;
    socklen_t len;
};

/* Reads IPv4:PORT or [IPv6]:PORT; reason CONFIG. */
bool bind_address_read(struct span text, struct bind_address *address, struct err *err) MUST_CHECK;
/* Whether it is a loopback address. */
bool bind_address_is_loopback(const struct bind_address *address);
enum { BIND_TEXT_BYTES = 64 };
/* IP:PORT, as bind_address_read takes it. */
void bind_address_text(const struct bind_address *address, char out[BIND_TEXT_BYTES]);

/* Opens `count` sockets on the same address into `fds`; a port of 0 is replaced in `address` by the one taken.  Fails when
 * anybody else listens there, also with SO_REUSEPORT.  Reason SYSTEM.
 */
bool listener_open(struct bind_address *address, int *fds, size_t count, struct err *err) MUST_CHECK;

/* Accepts connections from `fd` (taken over) into `service`, until it is detached.  `number` names the listener within the service,
 * so that it can be spoken of later; `entrance` is copied, its tls taken a reference of.
 */
struct listener;
/* Begins to accept.  On false `fd` is closed. */
bool listener_attach(struct service *service, int fd, uint64_t number, const struct entrance *entrance,
                     struct err *err) MUST_CHECK;
/* Connections accepted from now on by the listener of that number begin so; nothing happens where there is none. */
void listener_configure(struct service *service, uint64_t number, const struct entrance *entrance);
/* Accepts what waits in the queue of the listener of that number, then closes its socket; connections stay. */
void listener_detach(struct service *service, uint64_t number);
/* The same for all of them. */
void listener_detach_all(struct service *service);

#endif
