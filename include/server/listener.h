/* SPDX-License-Identifier: Apache-2.0 */
/* Listening sockets, made in the main thread: for TCP one for each worker by SO_REUSEPORT, for a unix socket one that all share. */
#ifndef SERVER_LISTENER_H
#define SERVER_LISTENER_H

#include "base/err.h"
#include "server/bind_address.h"
#include "server/service.h"

/* Opens `count` descriptors that listen on the address into `fds`; a port of 0 is replaced in `address` by the one taken.  Fails
 * when anybody else listens there, also with SO_REUSEPORT.  The file that a dead process left of its unix socket is replaced.
 * Reason SYSTEM.
 */
bool listener_open(struct bind_address *address, int *fds, size_t count, struct err *err) MUST_CHECK;
/* Gives the file of a unix socket that listener_open made its mode, owner and group: never those of a file that has
 * taken its place, or of what a link there leads to.  Reason SYSTEM.
 */
bool listener_set_file(const struct bind_address *address, struct err *err) MUST_CHECK;
/* Removes the file of a unix socket, once, unless another has taken its place; nothing happens for other addresses. */
void listener_remove_file(struct bind_address *address);

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
