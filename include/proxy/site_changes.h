/* SPDX-License-Identifier: Apache-2.0 */
/* What differs between two configurations, in words for whoever reloaded. */
#ifndef PROXY_SITE_CHANGES_H
#define PROXY_SITE_CHANGES_H

#include "base/buf.h"
#include "proxy/site.h"

/* Appends a JSON list of short texts: `route "orders" added`, `backend "orders" changed`, `limits changed`; policies and certificates
 * are compared by what their files held.  Names only, never a value.  False: out of memory.
 */
bool site_changes(const struct site *before, const struct site *after, struct buf *out);

#endif
