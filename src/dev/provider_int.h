/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of the provider share. */
#ifndef DEV_PROVIDER_INT_H
#define DEV_PROVIDER_INT_H

#include "dev/provider.h"

#include <pthread.h>

enum provider_shape {
    PROVIDER_PLAIN,
    PROVIDER_KEYCLOAK, /* below /realms/NAME and /auth/realms/NAME */
    PROVIDER_ENTRA_V1, /* below /TENANT */
    PROVIDER_ENTRA_V2, /* below /TENANT/v2.0 */
    PROVIDER_SHAPE_COUNT
};

enum provider_page { PROVIDER_DISCOVERY, PROVIDER_KEYS, PROVIDER_TOKENS, PROVIDER_ROTATION, PROVIDER_PAGE_COUNT };

/* What a path addresses. */
struct provider_place {
    enum provider_shape shape;
    enum provider_page page;
    struct span prefix; /* of the path, in front of the page */
    struct span name;   /* of realm or tenant */
};

/* Reads a path; false: it is no page of ours. */
bool provider_place_read(struct span path, struct provider_place *place);
/* What stands behind the prefix. */
const char *provider_place_path(enum provider_shape shape, enum provider_page page);
/* The tenant of its tokens: the name, the one behind consumers, or ours for common and organizations. */
struct span provider_place_tenant(const struct provider_place *place);
/* Whether the tenant is common or organizations: one document for all tenants. */
bool provider_place_is_shared(const struct provider_place *place);
/* Appends the issuer; `{tenantid}` stands for the tenant of a shared document, unless `of_token`. */
void provider_place_put_issuer(const struct provider_place *place, const char *base, bool of_token, struct buf *out);

struct provider {
    pthread_mutex_t lock; /* of the keys */
    struct secret_key *key, *previous;
    struct secret_key *spare; /* what realms list for encryption and Entra lists besides; NULL until needed */
    enum alg alg;
    int64_t lifetime_s;
    const char *base;
};

/* A key with a kid of its own. */
struct secret_key *provider_make_key(enum alg alg, struct err *err) MUST_CHECK;

/* The discovery document (OpenID Connect Discovery 1.0 3) and the key set of an issuer. */
void provider_answer_document(struct provider *provider, const struct provider_place *place, struct reply *reply);
/* The key set. */
void provider_answer_keys(struct provider *provider, const struct provider_place *place, struct reply *reply);

/* What a token is made for. */
struct grant {
    const struct provider_client *client;
    const struct provider_user *user; /* NULL: for the client itself */
    struct provider_place place;
    struct span audience, resource, scope; /* empty: not asked for */
    enum breakage breakage;
};

/* The scope that the token will have; empty: none. */
struct span provider_grant_scope(const struct grant *grant, struct arena *arena);
/* Whether the issuer knows all scopes asked for. */
bool provider_grant_knows_scope(const struct grant *grant);
/* Fills in the claims that the shape wants; in `minting` are the usual header, iat and exp. */
bool provider_grant_fill(const struct grant *grant, const char *base, struct minting *minting,
                         struct err *err) MUST_CHECK;

/* The token. */
bool provider_grant(struct provider *provider, const struct grant *grant, struct buf *out, struct err *err) MUST_CHECK;

/* The base64url of the key's thumbprint: kid and x5t as Entra has them. */
bool provider_key_thumbprint(const struct secret_key *key, struct buf *out);

/* The token endpoint (RFC 6749 4.4, 4.3). */
void provider_answer_token(struct provider *provider, const struct provider_place *place, const struct request *request,
                           struct reply *reply);

#endif
