/* SPDX-License-Identifier: Apache-2.0 */
/* A running gateway, for the files of this folder. */
#ifndef CLI_RUN_INT_H
#define CLI_RUN_INT_H

#include "admin/health.h"
#include "cli/serve.h"
#include "proxy/gateway.h"

#include <pthread.h>

struct event;

enum { RUN_SIGNALS = 3 };

struct run {
    const struct serve_options *options;
    struct gateway gateway;
    struct worker control; /* the main thread: issuers, admin, signals */
    struct worker *workers;
    struct gate *gates;
    pthread_t *threads;
    unsigned worker_count, inited_workers, inited_gates, started, ended;
    struct issuers *issuers;
    struct certificates *certificates;
    struct names *names;
    struct service admin;
    struct responder responder;
    struct health health;
    bool has_control, has_admin, has_snapshot, has_fetch;
    struct event *signals[RUN_SIGNALS];
    struct deadline_class drain_class;
    struct deadline drain;
    bool is_draining, was_cut;
    struct span *addresses; /* IP:PORT of the listeners */
    size_t address_count;
    struct arena arena;
};

/* Opens the listeners of the site and hands a socket of each to every worker; tells their addresses. */
bool run_listen(struct run *run, const struct site *site, struct err *err) MUST_CHECK;

/* Begins to look at the files of the listeners' certificates. */
bool run_certificates_start(struct run *run, struct site *site, struct err *err) MUST_CHECK;
/* How connections of the site's listener at `index` begin, with its newest certificates; borrowed. */
struct entrance run_entrance(const struct run *run, const struct site *site, size_t index);
/* Tells all workers how connections begin that the listener of that number accepts from now on. */
void run_enter(struct run *run, uint64_t number, const struct entrance *entrance);

/* Reads the configuration again: published whole, or nothing changes.  Control thread. */
void run_reload(struct run *run);

/* site_start with what this process has. */
bool run_start_site(struct run *run, struct site *site, struct err *err) MUST_CHECK;

/* Stops accepting; workers end when their last request is answered, at the latest after timeouts.drain. */
void run_drain(struct run *run);

/* Ends the workers at once, whatever is under way. */
void run_cut(struct run *run);

/* Log sink and level as the site says. */
void run_set_log(const struct site *site);

/* Shows the configured limits as metrics. */
void run_show_limits(struct run *run, const struct site *site);

#endif
