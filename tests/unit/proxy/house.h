/* SPDX-License-Identifier: Apache-2.0 */
/* A worker with the whole gateway on it, run by the test turn by turn; clients and servers are sockets that the test drives by
 * hand.  `server` 0 and 1 listen on loopback ports that the site's text names as %u, in this order.
 */
#ifndef UNIT_PROXY_HOUSE_H
#define UNIT_PROXY_HOUSE_H

#include "base/buf.h"
#include "proxy/gateway.h"

enum { HOUSE_SERVERS = 2 };

struct house {
    struct worker worker;
    struct gateway gateway;
    struct gate gate;
    struct names *names;
    int listening; /* where clients connect */
    int servers[HOUSE_SERVERS];
    unsigned ports[HOUSE_SERVERS];
};

/* Opens it with a site whose text has at most two %u; what is wrong ends the test. */
void house_open(struct house *house, const char *site_text);
void house_close(struct house *house);
/* Publishes another site, as a reload does. */
void house_publish(struct house *house, const char *site_text);

/* One turn, without waiting. */
void house_turn(struct house *house);
/* Turns for so long in which nothing is awaited: for what must not happen. */
void house_idle(struct house *house, int ms);

int house_client(struct house *house);
/* That the gateway takes for one of this address. */
struct sockaddr;
int house_client_from(struct house *house, const struct sockaddr *peer);
/* With small buffers of the kernel, so that pressure is soon felt. */
int house_slow_client(struct house *house);
/* The next connection to a server. */
int house_accept(struct house *house, int server);
/* Whether a connection waits to be accepted. */
bool house_has_connection(struct house *house, int server);

void house_send(struct house *house, int fd, const char *text);
/* Sends as much of `len` bytes as goes while the gateway turns; returns how much. */
size_t house_push(struct house *house, int fd, const char *bytes, size_t len);

/* Turns until `fd` has heard `wanted` (NULL: its end), all of it in `got`.  True: heard; with NULL: ended rightly, not by reset. */
bool house_await(struct house *house, int fd, struct buf *got, const char *wanted);
/* The same, from empty. */
bool house_hear(struct house *house, int fd, struct buf *got, const char *wanted);

/* Turns until the figure has that value. */
void house_await_figure(struct house *house, enum figure figure, const char *label, int64_t value);
int64_t house_figure(struct house *house, enum figure figure, const char *label);

#endif
