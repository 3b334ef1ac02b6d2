/* SPDX-License-Identifier: Apache-2.0 */
/* How many connections each client address has, over all threads.
 *
 * One table in parts with a lock each.  It holds an entry for each address that has a connection, so limits.connections bounds it.
 */
#ifndef SERVER_CLIENTS_H
#define SERVER_CLIENTS_H

#include "base/base.h"
#include "base/span.h"

enum { CLIENT_KEY_BYTES = 16 };

/* An address as limits see it: IPv4 whole, of IPv6 the network of 64 bits, since whoever has one address there has them all. */
struct client_key {
    unsigned char bytes[CLIENT_KEY_BYTES];
};

/* Reads an address without port; false where it is none, as that of a unix socket's peer. */
bool client_key_read(struct span address, struct client_key *key) MUST_CHECK;

struct clients;
struct client;

/* An empty table.  NULL: out of memory. */
struct clients *clients_new(void) MUST_CHECK;
/* All must have left; NULL is let through. */
void clients_free(struct clients *clients);
AUTO_FREE(clients)

/* Counts one more connection of that address, unless it has `max` already, or there is no memory: NULL then.  What is returned is
 * for clients_leave, once.
 */
struct client *clients_enter(struct clients *clients, const struct client_key *key, size_t max) MUST_CHECK;
/* One connection less. */
void clients_leave(struct clients *clients, struct client *client);

/* How many addresses have connections. */
size_t clients_count(const struct clients *clients);

#endif
