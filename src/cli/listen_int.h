/* SPDX-License-Identifier: Apache-2.0 */
/* The listening sockets of a run: planned and opened first, handed to the workers when nothing can fail any more. */
#ifndef CLI_LISTEN_INT_H
#define CLI_LISTEN_INT_H

#include "proxy/gateway.h"
#include "server/listener.h"

struct run_listener {
    struct span bind; /* as the configuration has it; owned */
    struct bind_address address;
    uint64_t number; /* by which the services know it; never used twice */
    size_t place;    /* among the listeners of its configuration, as the log tells it */
};

enum listen_act { LISTEN_ATTACH, LISTEN_CONFIGURE, LISTEN_DETACH };

/* What becomes of one listener. */
struct listen_op {
    enum listen_act act;
    uint64_t number;
    struct entrance entrance;
    int fds[SETTINGS_WORKERS_MAX]; /* to attach: by worker; -1 once taken over */
};

/* What becomes of all of them, for every worker to do in its own thread; freed by the last one. */
struct listen_change;
struct listen_letter {
    struct letter letter;
    struct listen_change *change;
};
struct listen_change {
    _Atomic(unsigned) left;
    unsigned workers;
    struct site *site; /* holds what entrances point to; NULL: nothing */
    struct listen_op *ops;
    size_t count;
    struct listen_letter *letters; /* one for each worker */
};

/* Room for `count` ops, all without descriptors.  NULL: out of memory. */
struct listen_change *listen_change_new(unsigned workers, size_t count) MUST_CHECK;
/* Closes what nobody took over; NULL is let through. */
void listen_change_free(struct listen_change *change);
/* Does it for one worker's service.  False with the first failure; the rest is done all the same. */
bool listen_change_apply(struct listen_change *change, struct gate *gate, struct err *err) MUST_CHECK;
/* Has the workers do it; takes `change` over, and a reference of the site. */
struct run;
void listen_change_post(struct listen_change *change, struct run *run, struct site *site);

#endif
