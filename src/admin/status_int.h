/* SPDX-License-Identifier: Apache-2.0 */
/* The parts of /status. */
#ifndef ADMIN_STATUS_INT_H
#define ADMIN_STATUS_INT_H

#include "admin/vitals.h"
#include "admin_int.h"
#include "base/log.h"
#include "base/now.h"
#include "proxy/listener_tls.h"
#include "say_int.h"

/* Each issuer that a route needs once, with the keys it has. */
void status_say_issuers(struct buf *out, const struct site *site);

#endif
