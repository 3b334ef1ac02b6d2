/* SPDX-License-Identifier: Apache-2.0 */
/* Health checks: asks the servers of backends that want it whether they live, by the very connections that requests take.
 *
 * On the loop of the control thread.  A check is a GET on a connection of its own: with the backend's TLS settings, addresses and
 * timeouts.connect; 2xx is healthy, all else is not, redirects included.
 */
#ifndef PROXY_PROBER_H
#define PROXY_PROBER_H

#include "proxy/site.h"
#include "server/worker.h"

struct prober;

/* Without servers to ask; `control` and `metrics` are borrowed. */
struct prober *prober_new(struct worker *control, struct metrics *metrics, struct err *err) MUST_CHECK;
/* From now on the servers of this site (one reference more); those it has no check for count as healthy.  After site_start.  Without
 * memory for a check its server is not asked, and that is told in the log.
 */
void prober_use(struct prober *prober, struct site *site);
/* Ends all checks.  From the loop, before its last turn ends: then connections still have a turn to go. */
void prober_stop(struct prober *prober);
/* Where the loop ever ran, prober_stop comes first; NULL is let through. */
void prober_free(struct prober *prober);

#endif
