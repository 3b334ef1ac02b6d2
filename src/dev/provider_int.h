/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of the provider share. */
#ifndef DEV_PROVIDER_INT_H
#define DEV_PROVIDER_INT_H

#include "dev/provider.h"

/* What a token is made for. */
struct grant {
    const struct provider_client *client;
    struct span prefix; /* of the path: the issuer */
    struct span audience, scope;
    enum breakage breakage;
};

/* The token. */
bool provider_grant(struct provider *provider, const struct grant *grant, struct buf *out, struct err *err) MUST_CHECK;

/* Seconds that its tokens live. */
int64_t provider_lifetime_s(const struct provider *provider);

/* Whether the method is POST; else the reply is 405. */
bool provider_wants_post(const struct request *request, struct reply *reply);

/* The token endpoint (RFC 6749 4.4). */
void provider_answer_token(struct provider *provider, struct span prefix, const struct request *request,
                           struct reply *reply);

#endif
