/* SPDX-License-Identifier: Apache-2.0 */
/* A running gateway, for the files of this folder. */
#ifndef CLI_RUN_INT_H
#define CLI_RUN_INT_H

#include "admin/admin.h"
#include "cli/serve.h"
#include "listen_int.h"
#include "notify_int.h"
#include "proxy/gateway.h"
#include "proxy/prober.h"
#include "proxy/site_changes.h"

#include <pthread.h>

struct event;

enum run_admin { RUN_ADMIN_MAIN, RUN_ADMIN_HEALTH, RUN_ADMIN_LISTENERS };

enum { RUN_SIGNALS = 4 };

struct run {
    const struct serve_options *options;
    struct gateway gateway;
    struct worker control; /* the main thread: issuers, admin, signals */
    struct worker *workers;
    struct gate *gates;
    pthread_t *threads;
    struct site_fixed fixed; /* from the start on */
    unsigned worker_count, inited_workers, inited_gates, started, ended;
    struct issuers *issuers;
    struct certificates *certificates;
    struct names *names;
    struct prober *prober;
    struct admin admin;
    struct service admin_services[RUN_ADMIN_LISTENERS];
    bool has_control, has_admin, has_snapshot, has_fetch;
    struct event *signals[RUN_SIGNALS];
    struct deadline_class drain_class;
    struct deadline drain;
    struct deadline_class delay_class;
    struct deadline delay; /* before the drain */
    bool is_draining, was_cut;
    struct span *addresses; /* of the listeners, as the start opened them */
    size_t address_count;
    struct listen_plan *plan;       /* sockets opened at the start, until workers have them; NULL: none */
    struct run_listener *listeners; /* open now */
    size_t listener_count;
    struct run_listener admin_listeners[RUN_ADMIN_LISTENERS]; /* number 0: off */
    uint64_t listener_numbers;                                /* given so far */
    struct notify notify;
    uint64_t files_max; /* descriptors that the process may have */
    struct arena arena;
};

/* Hands the sockets that run->plan opened to the workers, before these run; tells their addresses. */
bool run_listen(struct run *run, struct err *err) MUST_CHECK;

/* Begins to look at the files of the listeners' certificates. */
bool run_certificates_start(struct run *run, struct site *site, struct err *err) MUST_CHECK;
/* How connections of the site's listener at `index` begin, with the certificates that the site was read with; borrowed. */
struct entrance run_entrance(const struct site *site, size_t index);
/* Tells all workers how connections begin that the listener of that number accepts from now on. */
void run_enter(struct run *run, uint64_t number, const struct entrance *entrance);
/* Opens what `site` has and the run has not.  NULL, with all as it was: an address cannot be bound. */
struct listen_plan;
struct listen_plan *run_listen_plan(struct run *run, const struct site *site, struct err *err) MUST_CHECK;
/* Closes what the plan opened; NULL is let through. */
void run_listen_abandon(struct listen_plan *plan);
/* The plan's listeners become those of the run: what is new is told and accepted from, what is gone accepts what waits and is
 * closed.  Takes the plan over.  Cannot fail.
 */
void run_relisten(struct run *run, struct listen_plan *plan, struct site *site);
/* Takes the files of unix sockets away, so that nobody new finds them. */
void run_unlisten(struct run *run);
/* Frees what is known of listeners. */
void run_listen_end(struct run *run);

/* The admin surface: its services, without listeners; and the end of them. */
void run_admin_start(struct run *run);
void run_admin_end(struct run *run);
/* As the log names its listeners. */
const char *run_admin_name(enum run_admin which);
/* What the admin surface knows of the listener. */
struct admin_door *run_admin_door(struct run *run, enum run_admin which);

/* Drops what root has and nobody else: becomes the user that the site names.  Sockets are open, no other thread
 * runs yet.
 */
bool run_become(const struct site *site, struct err *err) MUST_CHECK;
/* No core dumps, nobody looks into the memory, no rights by programs run. */
void run_harden(void);

/* How many connections the descriptors suffice for; told where limits.connections is more. */
void run_cap_connections(struct run *run, const struct site *site);

/* Reads the configuration again: published whole, or nothing changes.  Control thread.  `reload` is told what became of it; NULL: a signal
 * asked for it.
 */
enum admin_reload_end run_reload(struct run *run, struct admin_reload *reload);

/* site_start with what this process has. */
bool run_start_site(struct run *run, struct site *site, struct err *err) MUST_CHECK;

/* Stops accepting; workers end when their last request is answered, at the latest after timeouts.drain. */
void run_drain(struct run *run);

/* Ends the workers at once, whatever is under way. */
void run_cut(struct run *run);

/* Level and format as the site says. */
void run_set_log(const struct site *site);
/* The log goes where the site says, from now on; by whom the process has become, so that it can open the files again. */
bool run_open_log(const struct site *site, struct err *err) MUST_CHECK;
/* Where a reload moves the log of events: whoever reads the place so far learns of it there. */
void run_tell_log_move(struct run *run, const struct site *site);
/* Opens the log's files again under their names. */
void run_reopen_log(void);

/* Shows the configured limits and times as metrics, and what site_show() does. */
void run_show_limits(struct run *run, const struct site *site);

/* Counts the connections of an admin listener, and shows how many it takes. */
void run_count_admin(struct run *run, struct service *service);

#endif
