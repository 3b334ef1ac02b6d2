/* SPDX-License-Identifier: Apache-2.0 */
/* Where to listen: an IP address with a port, or a unix socket. */
#ifndef SERVER_BIND_ADDRESS_H
#define SERVER_BIND_ADDRESS_H

#include "base/err.h"
#include "base/span.h"

#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/stat.h>

/* An address to bind: "0.0.0.0:8080", "[::]:8080", "127.0.0.1:0", "unix:/run/jwtgate.sock". */
struct bind_address {
    struct sockaddr_storage at;
    socklen_t len;
    /* The file of a unix socket. */
    mode_t mode;  /* BIND_MODE unless another is set */
    uid_t owner;  /* (uid_t)-1: who makes it */
    gid_t group;  /* (gid_t)-1: as it comes */
    dev_t device; /* with `file`: which one it is, once it is bound */
    ino_t file;
};

/* Who may connect to a unix socket where nobody says otherwise: its user and its group. */
enum { BIND_MODE = 0660 };

/* Reads IPv4:PORT, [IPv6]:PORT or unix:PATH with an absolute path; reason CONFIG. */
bool bind_address_read(struct span text, struct bind_address *address, struct err *err) MUST_CHECK;
/* Whether nobody on another machine can reach it: loopback, and unix sockets. */
bool bind_address_is_local(const struct bind_address *address);
/* The path of a unix socket; NULL for the others. */
const char *bind_address_path(const struct bind_address *address);

enum { BIND_TEXT_BYTES = 128 };
/* As bind_address_read takes it. */
void bind_address_text(const struct bind_address *address, char out[BIND_TEXT_BYTES]);

/* Octal digits as chmod takes them, up to 0777: "0660".  Reason CONFIG. */
bool bind_address_mode(struct span text, mode_t *mode, struct err *err) MUST_CHECK;

#endif
