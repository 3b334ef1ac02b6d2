/* SPDX-License-Identifier: Apache-2.0 */
/* A small HTTP service on one address, on a thread of its own: how the parts of the demo run. */
#ifndef DEV_HOST_H
#define DEV_HOST_H

#include "base/err.h"
#include "server/responder.h"

struct host;

/* Binds `address` ("127.0.0.1:0": any free port); nobody is answered yet.  `responder` must outlive the host.  Reasons CONFIG,
 * SYSTEM.
 */
struct host *host_open(const char *address, const struct responder *responder, struct err *err) MUST_CHECK;

/* IP:PORT; lives as long as the host. */
const char *host_address(const struct host *host);

/* Starts answering.  Signals never come to the host's thread. */
bool host_run(struct host *host, struct err *err) MUST_CHECK;

/* Cuts its connections, ends its thread, frees it; NULL is let through. */
void host_close(struct host *host);

/* Holds SIGTERM and SIGINT back from now on, for this thread and those it starts; and waits for one of them. */
void host_hold_signals(void);
/* Waits for SIGTERM or SIGINT. */
void host_await_signal(void);

#endif
