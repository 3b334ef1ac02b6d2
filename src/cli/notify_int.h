/* SPDX-License-Identifier: Apache-2.0 */
/* Telling the service manager how the run fares, by datagrams to the socket that NOTIFY_SOCKET names (sd_notify(3)).
 *
 * Without that variable nothing is sent.  With WATCHDOG_USEC the manager hears every half of that time that the process is well: that
 * the control thread runs and that every worker answered since the last time.
 */
#ifndef CLI_NOTIFY_INT_H
#define CLI_NOTIFY_INT_H

#include "server/worker.h"

#include <stdatomic.h>
#include <sys/socket.h>

/* A question to one worker; its memory is reused once it was answered. */
struct notify_ping {
    struct letter letter;
    _Atomic(bool) is_out;
};

struct notify {
    int fd; /* -1: nobody is told */
    struct sockaddr_storage to;
    socklen_t len;
    struct worker *control;
    struct worker *workers;
    unsigned worker_count;
    struct notify_ping *pings; /* NULL: no watchdog */
    struct deadline_class class;
    struct deadline deadline;
    bool is_ending; /* workers end: they are not asked any more */
};

/* Reads the environment; what cannot be used there is told and left alone.  `pid` is the process's. */
void notify_init(struct notify *notify);
/* Ends all; harmless where nothing began.  After the workers, which may hold questions, and before the control thread's. */
void notify_fini(struct notify *notify);

/* Begins to answer for the workers, if the manager asks for that.  Control thread. */
void notify_watch(struct notify *notify, struct worker *control, struct worker *workers, unsigned count);

/* Ready to serve; also after a reload, whatever became of it.  `status` is for people. */
void notify_ready(struct notify *notify, const char *status);
/* A reload begins. */
void notify_reloading(struct notify *notify);
/* The end begins. */
void notify_stopping(struct notify *notify, const char *status);

#endif
