/* SPDX-License-Identifier: Apache-2.0 */
/* A small OpenID provider for demos and tests: discovery document, key set, tokens, rotation.
 *
 * Any path prefix is an issuer of its own; the prefix decides whose manners it has.  All sign with the same key.
 *
 * plain      /anything                                    GET jwks, POST token, POST rotate
 * Keycloak   /realms/NAME, /auth/realms/NAME              .../protocol/openid-connect/certs and /token
 * Entra v2   /TENANT/v2.0; TENANT a GUID, or common       /TENANT/discovery/v2.0/keys, /TENANT/oauth2/v2.0/token
 * Entra v1   /TENANT                                      /TENANT/discovery/keys, /TENANT/oauth2/token
 *
 * Rotation makes a new key, which signs from then on; the one before stays listed until the next rotation.
 */
#ifndef DEV_PROVIDER_H
#define DEV_PROVIDER_H

#include "base/buf.h"
#include "base/err.h"
#include "dev/minting.h"
#include "jose/alg.h"
#include "server/responder.h"

/* The tenant of tokens that the shared documents (common and the like) stand for, and the consumers' tenant. */
#define PROVIDER_TENANT "3f9a2c41-6d0b-4b8e-9c57-1a2e5d7f8b60"
#define PROVIDER_CONSUMERS "9188040d-6c67-4c5b-b112-36a304b66dad"
/* What Entra calls the calculator: the audience of tokens for it. */
#define PROVIDER_CALCULATOR "c0ffee00-51a4-4949-8a51-0b49add00100"

struct provider;

struct provider_client {
    const char *id, *secret;
    const char *audience;       /* of plain tokens, unless it asks for another */
    const char *scope;          /* of plain tokens likewise; of Entra's for a user */
    const char *realm_audience; /* in a Keycloak realm */
    const char *realm_roles;    /* there, with a blank between: of its service account, and of users by way of it */
    const char *app_id;         /* the client in Entra */
    const char *api;            /* the API that it has Entra's tokens for */
    const char *app_roles;      /* there, with a blank between; empty: none */
};

/* The clients that every provider knows; ended by a row without id. */
extern const struct provider_client provider_clients[];
/* The client of that id, or app_id; NULL when there is none.  Letter case counts. */
const struct provider_client *provider_client_find(struct span id);

struct provider_user {
    const char *name, *password;
};

/* The one user, for the password grant of Keycloak and Entra shapes. */
extern const struct provider_user provider_user;

/* A provider with a fresh key.  Reasons of secret_key_make. */
struct provider *provider_new(enum alg alg, int64_t lifetime_s, struct err *err) MUST_CHECK;
/* NULL is let through; its host must have ended. */
void provider_free(struct provider *provider);
AUTO_FREE(provider)

/* The URL that its documents begin with, "http://127.0.0.1:9400"; to be set before it answers; borrowed. */
void provider_set_base(struct provider *provider, const char *base);

/* An `answer` for struct responder; `context` is the provider. */
void provider_answer(void *context, const struct request *request, struct reply *reply);

/* A token as its token endpoint would give it. */
struct provider_wish {
    const char *authority; /* path of the issuer's discovery document without `/.well-known/openid-configuration` */
    const char *client;    /* one of provider_clients */
    bool for_user;         /* provider_user, who signed in by way of the client */
    const char *scope;     /* NULL: the issuer's default */
    enum breakage breakage;
};

/* Mints it.  From any thread. */
bool provider_mint(struct provider *provider, const struct provider_wish *wish, struct buf *out,
                   struct err *err) MUST_CHECK;

#endif
