/* SPDX-License-Identifier: Apache-2.0 */
/* The ID token (OpenID Connect Core 2): for the client, about who signed in.  Issuer and user are called as in the token for the API
 * beside it, whose claims are taken over.
 */
#include "provider_int.h"

/* What stands alike in both tokens, where it is there. */
static const char *const shared[] = {
    "iss", "sub", "oid", "tid", "ver", "sid", "upn", "unique_name", "preferred_username"};

bool provider_grant_has_identity(const struct grant *grant)
{
    return grant->signed_in_at_s != 0 && authorization_holds(grant->scope, "openid");
}

static bool set_shared(const struct members *access, struct members *claims, struct err *err)
{
    for (size_t i = 0; i < COUNT_OF(shared); i++) {
        struct span json = members_find(access, span_str(shared[i]));
        if (json.at != NULL && !members_set(claims, span_str(shared[i]), json, err))
            return false;
    }
    return true;
}

/* A client that has two names is meant by the one that it used. */
static bool set_client(const struct grant *grant, struct members *claims, struct err *err)
{
    return members_set_text(claims, "aud", grant->client_id, err) &&
           (provider_place_is_entra(&grant->place) || members_set_text(claims, "azp", grant->client_id, err));
}

bool provider_identity_fill(const struct grant *grant, const struct members *access, struct minting *minting,
                            struct err *err)
{
    struct members *claims = &minting->claims;
    return set_shared(access, claims, err) && set_client(grant, claims, err) &&
           (grant->place.shape != PROVIDER_KEYCLOAK || members_set_text(claims, "typ", SPAN("ID"), err)) &&
           members_set_number(claims, "auth_time", grant->signed_in_at_s, err) &&
           members_set_text(claims, "name", span_str(grant->user->name), err) &&
           (grant->nonce.at == NULL || members_set_text(claims, "nonce", grant->nonce, err));
}
