/* SPDX-License-Identifier: Apache-2.0 */
/* The client of `demo --once`: requests over plain blocking sockets, their answers shown on standard output. */
#ifndef DEV_DEMO_CLIENT_H
#define DEV_DEMO_CLIENT_H

#include "base/base.h"

struct demo_request {
    const char *title; /* what is shown above the answer */
    const char *target;
    const char *status; /* what its first line must begin with: "HTTP/1.1 200 " */
    const char *part;   /* what its body must hold */
};

/* Asks the gateway at IPv4:PORT and shows the answer; true when it is as the request says it must be. */
bool demo_client_run(const char *gateway, const struct demo_request *request, const char *token);

#endif
