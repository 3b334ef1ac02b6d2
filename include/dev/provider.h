/* SPDX-License-Identifier: Apache-2.0 */
/* A small OpenID provider for demos and tests: discovery document, key set, tokens for client credentials, rotation.
 *
 * Any path prefix is an issuer of its own with the same keys, as realms are: /realms/demo/.well-known/openid-configuration.
 * Below each: GET jwks, POST token, POST rotate.  Rotation makes a new key, which signs from then on; the one before stays
 * listed until the next rotation.
 */
#ifndef DEV_PROVIDER_H
#define DEV_PROVIDER_H

#include "base/buf.h"
#include "base/err.h"
#include "dev/minting.h"
#include "jose/alg.h"
#include "server/responder.h"

struct provider;

struct provider_client {
    const char *id, *secret;
    const char *audience; /* of its tokens, unless it asks for another */
    const char *scope;
};

/* The clients that every provider knows; ended by a row without id. */
extern const struct provider_client provider_clients[];

/* A provider with a fresh key.  Reasons of secret_key_make. */
struct provider *provider_new(enum alg alg, int64_t lifetime_s, struct err *err) MUST_CHECK;
/* NULL is let through; its host must have ended. */
void provider_free(struct provider *provider);
AUTO_FREE(provider)

/* The URL that its documents begin with, "http://127.0.0.1:9400"; to be set before it answers; borrowed. */
void provider_set_base(struct provider *provider, const char *base);

/* An `answer` for struct responder; `context` is the provider. */
void provider_answer(void *context, const struct request *request, struct reply *reply);

/* A token for `client`, broken as told.  From any thread. */
bool provider_mint(struct provider *provider, const struct provider_client *client, enum breakage breakage,
                   struct buf *out, struct err *err) MUST_CHECK;

#endif
