/* SPDX-License-Identifier: Apache-2.0 */
/* Figures that nobody counts and that are looked up when somebody asks: the process as the system sees it, readiness. */
#ifndef ADMIN_VITALS_H
#define ADMIN_VITALS_H

#include "proxy/gateway.h"

/* Whether every issuer that a route needs has usable keys.  Control thread. */
bool vitals_has_keys(struct gateway *gateway);

/* Sets the figures of the process, of readiness and of the metrics themselves.  Control thread; reads files of /proc: what these do not
 * tell is left out.
 */
void vitals_show(struct gateway *gateway, bool is_draining);

#endif
