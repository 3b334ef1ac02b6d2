/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of the provider share. */
#ifndef DEV_PROVIDER_INT_H
#define DEV_PROVIDER_INT_H

#include "dev/authorization.h"
#include "dev/provider.h"

#include <pthread.h>

enum provider_shape {
    PROVIDER_PLAIN,
    PROVIDER_KEYCLOAK, /* below /realms/NAME and /auth/realms/NAME */
    PROVIDER_ENTRA_V1, /* below /TENANT */
    PROVIDER_ENTRA_V2, /* below /TENANT/v2.0 */
    PROVIDER_SHAPE_COUNT
};

enum provider_page {
    PROVIDER_DISCOVERY,
    PROVIDER_KEYS,
    PROVIDER_TOKENS,
    PROVIDER_ROTATION,
    PROVIDER_AUTHORIZATION,
    PROVIDER_PAGE_COUNT
};

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
/* Whether the manners are Entra's. */
bool provider_place_is_entra(const struct provider_place *place);
/* Whether the tenant is common or organizations: one document for all tenants. */
bool provider_place_is_shared(const struct provider_place *place);
/* Appends the issuer; `{tenantid}` stands for the tenant of a shared document, unless `of_token`. */
void provider_place_put_issuer(const struct provider_place *place, const char *base, bool of_token, struct buf *out);

/* A code that was given out, with what it stands for (RFC 6749 4.1.2). */
enum { PROVIDER_CODES_MAX = 64, PROVIDER_CODE_CHARS = 43 };
struct provider_code {
    char text[PROVIDER_CODE_CHARS + 1]; /* empty: none */
    int64_t ends_at_ms;
    int64_t signed_in_at_s;
    const struct provider_client *client;
    const struct provider_user *user;
    struct provider_place place;
    struct span client_id;                                  /* by which of its names the client asked */
    struct span redirect_uri, code_challenge, nonce, scope; /* at NULL: not sent */
    struct arena arena;                                     /* what the texts stand in */
};

struct provider {
    pthread_mutex_t lock; /* of keys and codes */
    struct secret_key *key, *previous;
    struct secret_key *spare; /* what realms list for encryption and Entra lists besides; NULL until needed */
    enum alg alg;
    int64_t lifetime_s;
    const char *base;
    struct provider_code codes[PROVIDER_CODES_MAX]; /* the oldest makes room */
    size_t next_code;
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
    struct span client_id;                 /* how the client called itself there, whom the ID token is for */
    struct span nonce;                     /* of the authorization request; at NULL: none was sent */
    int64_t signed_in_at_s;                /* when the user did, on the sign-in page; 0: not there */
    enum breakage breakage;
};

/* The scope that the token will have; empty: none. */
struct span provider_grant_scope(const struct grant *grant, struct arena *arena);
/* Whether the issuer knows all scopes asked for. */
bool provider_grant_knows_scope(const struct grant *grant);
/* Fills in the claims that the shape wants; in `minting` are the usual header, iat and exp. */
bool provider_grant_fill(const struct grant *grant, const char *base, struct minting *minting,
                         struct err *err) MUST_CHECK;

/* The token; and, where the user signed in on the page and openid is in the scope, the ID token (else `id_token` stays empty). */
bool provider_grant(struct provider *provider, const struct grant *grant, struct buf *out, struct buf *id_token,
                    struct err *err) MUST_CHECK;
/* Whether there is an ID token beside the token. */
bool provider_grant_has_identity(const struct grant *grant);
/* Fills in the claims of an ID token (OpenID Connect Core 2); `access` are those of the token beside it. */
bool provider_identity_fill(const struct grant *grant, const struct members *access, struct minting *minting,
                            struct err *err) MUST_CHECK;

/* The base64url of the key's thumbprint: kid and x5t as Entra has them. */
bool provider_key_thumbprint(const struct secret_key *key, struct buf *out);

/* A new code for what was asked for at that issuer, as text into memory of `arena`; at NULL: out of memory. */
struct span provider_code_give(struct provider *provider, const struct provider_place *place,
                               const struct authorization *asked, const struct provider_user *user,
                               struct arena *arena);
/* Takes a code out, whatever then becomes of it: it is good for one try.  False when it was never given, is used up or has
 * ended.  The caller ends code->arena.
 */
bool provider_code_take(struct provider *provider, struct span text, struct provider_code *code) MUST_CHECK;

/* The authorization endpoint (RFC 6749 4.1.1, OpenID Connect Core 3.1.2). */
void provider_answer_authorization(struct provider *provider, const struct provider_place *place,
                                   const struct request *request, struct reply *reply);
/* The page where users sign in; `wrong` NULL: the first time. */
void provider_page_sign_in(const struct authorization *asked, const char *wrong, const struct request *request,
                           struct reply *reply);
/* The page of a request that may not be answered to who sent it. */
void provider_page_fault(const struct authorization_fault *fault, struct reply *reply);

/* The token endpoint (RFC 6749 4.1.3, 4.3, 4.4). */
void provider_answer_token(struct provider *provider, const struct provider_place *place, const struct request *request,
                           struct reply *reply);

#endif
