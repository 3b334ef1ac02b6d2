/* SPDX-License-Identifier: Apache-2.0 */
/* What the admin listener answers: /livez, /readyz, /metrics. */
#ifndef ADMIN_HEALTH_H
#define ADMIN_HEALTH_H

#include "proxy/gateway.h"
#include "server/responder.h"

struct health {
    struct gateway *gateway;
    bool is_draining; /* readiness fails from then on */
};

/* The answer function of a responder whose context is a struct health.  Control thread. */
void health_answer(void *context, const struct request *request, struct reply *reply);

#endif
