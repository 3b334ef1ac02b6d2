/* SPDX-License-Identifier: Apache-2.0 */
/* What differs between two configurations, in words for whoever reloaded. */
#ifndef PROXY_SITE_CHANGES_H
#define PROXY_SITE_CHANGES_H

#include "base/buf.h"
#include "proxy/site.h"

/* What a process has once and for all, whatever is reloaded. */
struct site_fixed {
    struct span user; /* as the configuration of the start had it; at NULL: none */
    unsigned workers;
};

enum { SITE_FIXED_KEYS = 2 };

/* The keys by which the site wants other than what is fixed; returns how many. */
size_t site_fixed_differs(const struct site_fixed *fixed, const struct site *site, const char *keys[SITE_FIXED_KEYS]);

/* Appends a JSON list of short texts: `route "orders" added`, `backend "orders" changed`, `limits changed`, and `workers: only at a
 * restart` as long as `after` wants other than what is fixed; policies and certificates are compared by what their files held.
 * Names only, never a value.  False: out of memory.
 */
bool site_changes(const struct site *before, const struct site *after, const struct site_fixed *fixed, struct buf *out);

#endif
