/* SPDX-License-Identifier: Apache-2.0 */
/* What the demo shows: requests, each with a token of its own, and what becomes of them.  The first ones are those that --once makes;
 * the others fail, each in its own way.
 */
#ifndef DEV_DEMO_SHOTS_H
#define DEV_DEMO_SHOTS_H

#include "dev/demo_client.h"
#include "dev/provider.h"

/* Paths of the demo's two issuers. */
#define DEMO_TENANT "/" PROVIDER_TENANT "/v2.0"
#define DEMO_REALM "/auth/realms/demo"

enum { DEMO_SHOTS_ONCE = 4, DEMO_SHOTS = 17 };

struct demo_shot {
    const char *comment;
    struct provider_wish wish; /* authority NULL: no token */
    struct demo_request request;
    enum reason reason; /* of the refusal, as the gateway logs it; NONE: it passes */
    const char *check;  /* the check that fails, likewise */
};

extern const struct demo_shot demo_shots[DEMO_SHOTS];

/* Writes the shot as a comment and a command for a shell; `token` may be empty. */
void demo_shot_print(const struct demo_shot *shot, const char *gateway, const char *token);

#endif
