/* SPDX-License-Identifier: Apache-2.0 */
/* The client of `demo --once`: two requests over a plain blocking socket, their answers shown on standard output. */
#ifndef DEV_DEMO_CLIENT_H
#define DEV_DEMO_CLIENT_H

#include "base/base.h"

#define DEMO_CLIENT_TARGET "/calculator/add?a=51&b=49"

/* Asks the gateway at IPv4:PORT with each token; true when the good one got 200 with the calculator's answer, the bad one 401. */
bool demo_client_run(const char *gateway, const char *good, const char *bad);

#endif
