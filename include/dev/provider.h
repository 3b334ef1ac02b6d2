/* SPDX-License-Identifier: Apache-2.0 */
/* A small OpenID provider for demos and tests: discovery document, key set, tokens, rotation.
 *
 * Any path prefix is an issuer of its own; the prefix decides whose manners it has.  All sign with the same key.
 *
 * plain      /anything                                    GET jwks, authorize, POST token, POST rotate
 * Keycloak   /realms/NAME, /auth/realms/NAME              .../protocol/openid-connect/certs, /auth and /token
 * Entra v2   /TENANT/v2.0; TENANT a GUID, or common       /TENANT/discovery/v2.0/keys, /TENANT/oauth2/v2.0/authorize and /token
 * Entra v1   /TENANT                                      /TENANT/discovery/keys, /TENANT/oauth2/authorize and /token
 *
 * Users sign in on a page of the authorization endpoint, for a code (RFC 6749 4.1) with PKCE; nobody stays signed in.
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
    const char *id;
    const char *secret;         /* NULL: a public client, for the code flow alone */
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
    bool has_rights; /* those of the client by way of which the user signs in; else none */
};

/* The users that every provider knows; ended by a row without name. */
extern const struct provider_user provider_users[];
/* The user of that name; NULL when there is none.  Letter case counts. */
const struct provider_user *provider_user_find(struct span name);

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
    const char *user;      /* one of provider_users, who signed in by way of the client; NULL: for the client itself */
    const char *scope;     /* NULL: the issuer's default */
    enum breakage breakage;
};

/* Mints it.  From any thread. */
bool provider_mint(struct provider *provider, const struct provider_wish *wish, struct buf *out,
                   struct err *err) MUST_CHECK;

#endif
