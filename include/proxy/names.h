/* SPDX-License-Identifier: Apache-2.0 */
/* Names of servers and the addresses they have now: looked up by threads of their own, again and again, never on a loop.
 *
 * A name is counted and kept by host and port, so that it outlives reloads with what is known of it.  When a lookup fails, the last
 * good answer stays; it is tried again soon.  Literal addresses and unix sockets are names too, that never change.
 */
#ifndef PROXY_NAMES_H
#define PROXY_NAMES_H

#include "base/err.h"
#include "base/metric.h"
#include "base/snapshot.h"
#include "proxy/addresses.h"

struct names; /* all of a process */
struct name;

enum {
    NAMES_THREADS_MAX = 4,  /* lookups at the same time: one dead name does not hold up the others */
    NAMES_RETRY_MS = 1000,  /* after the first failure in a row; doubled with each, up to the name's own interval */
    NAMES_START_MS = 3000,  /* how long the start waits for first answers */
    NAMES_GOODBYE_MS = 100, /* how long the end waits for lookups under way */
};

/* Looks `host` up: up to ADDRESSES_MAX addresses into `at`, their number into `*count`.  NULL, or what went wrong (constant).
 * May block; called on several threads at once.
 */
typedef const char *names_lookup(void *context, const char *host, uint16_t port, struct address *at, size_t *count);

struct names_options {
    struct metrics *metrics; /* NULL: none */
    names_lookup *lookup;    /* NULL: getaddrinfo */
    void *context;
};

/* NULL: out of memory. */
struct names *names_new(const struct names_options *options, struct err *err) MUST_CHECK;
/* No name may be held any more.  Lookups under way are left to themselves; NULL is let through. */
void names_free(struct names *names);

struct name_options {
    const char *host; /* a name or a literal address; or with is_path a unix socket's path */
    uint16_t port;
    bool is_path;
    int64_t every_ms; /* how often it is looked up again; the shortest of all who took it since names_renew() */
};

/* From now on names are taken by a new configuration: their intervals count, not those of the old one. */
void names_renew(struct names *names);
/* The name, with a reference of the caller's own; looked up soon if it never was.  NULL: err says why. */
struct name *names_take(struct names *names, const struct name_options *options, struct err *err) MUST_CHECK;
/* Gives it back, on any thread; NULL is let through. */
void name_release(struct name *name);

/* Waits until every name was looked up once, or until `wait_ms` is over: then what is missing is told in the log. */
void names_await(struct names *names, int64_t wait_ms);

/* Its addresses (struct addresses) as they are known; nothing published: not resolved yet. */
struct snapshot *name_addresses(struct name *name);

#endif
