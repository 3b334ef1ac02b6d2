/* SPDX-License-Identifier: Apache-2.0 */
/* An OData 4.0 service shaped like a projection of IFS Cloud: what a gateway before such a system has to carry.
 *
 * /{main|int|b2b}/ifsapplications/projection/v1/CustomerOrders.svc/...; writes on main and b2b need the CSRF token of a cookie.
 * URLs in answers begin with what the client asked: X-Forwarded-Proto and -Host, else Host.  /healthz answers "ok".
 */
#ifndef DEV_ODATA_H
#define DEV_ODATA_H

#include "dev/odata_store.h"
#include "server/responder.h"

enum { ODATA_BODY_BYTES_MAX = 8 << 20 };

/* An `answer` for struct responder; `context` is a struct odata_store, for one thread. */
void odata_answer(void *context, const struct request *request, struct reply *reply);

#endif
