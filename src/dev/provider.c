/* SPDX-License-Identifier: Apache-2.0 */
/* Keys under a lock, since the demo's own thread mints too.  What issuers write of themselves stands in provider_document.c, what
 * they write into tokens in provider_grant.c and provider_identity.c, the token endpoint in provider_token.c, the authorization
 * endpoint in provider_sign_in.c.
 */
#include "provider_int.h"

#include "base/now.h"

#include <openssl/rand.h>

#include <stdio.h>

enum { KID_RANDOM_BYTES = 4, KID_BYTES = 32 };

/* Fresh in every run: a kid must never name two keys, or who remembers the first refuses the second. */
struct secret_key *provider_make_key(enum alg alg, struct err *err)
{
    unsigned char random[KID_RANDOM_BYTES];
    char kid[KID_BYTES];
    if (RAND_bytes(random, sizeof random) != 1) {
        fail(err, REASON_SYSTEM, "no random bytes");
        return NULL;
    }
    snprintf(kid, sizeof kid, "%s-%02x%02x%02x%02x", alg_info(alg)->name, random[0], random[1], random[2], random[3]);
    return secret_key_make(alg, kid, err);
}

struct provider *provider_new(enum alg alg, int64_t lifetime_s, struct err *err)
{
    struct provider *provider = calloc(1, sizeof *provider);
    struct secret_key *key = provider == NULL ? NULL : provider_make_key(alg, err);
    if (key == NULL) {
        free(provider);
        return NULL;
    }
    pthread_mutex_init(&provider->lock, NULL);
    provider->key = key;
    if (alg_info(alg)->family == KEY_RSA)
        provider->spare = provider_make_key(ALG_RS256, err);
    provider->alg = alg;
    provider->lifetime_s = lifetime_s;
    provider->base = "http://127.0.0.1";
    return provider;
}

void provider_free(struct provider *provider)
{
    if (provider == NULL)
        return;
    secret_key_free(provider->key);
    secret_key_free(provider->previous);
    secret_key_free(provider->spare);
    for (size_t i = 0; i < PROVIDER_CODES_MAX; i++)
        arena_fini(&provider->codes[i].arena);
    pthread_mutex_destroy(&provider->lock);
    free(provider);
}

void provider_set_base(struct provider *provider, const char *base)
{
    provider->base = base;
}

/* --- tokens --- */

/* Under the lock. */
static bool mint(const struct provider *provider, const struct grant *grant, struct minting *minting,
                 struct arena *arena, struct buf *out, struct err *err)
{
    if (!minting_start(minting, arena, provider->key, now_read().wall_s, provider->lifetime_s, err) ||
        !provider_grant_fill(grant, provider->base, minting, err))
        return false;
    minting->breakage = grant->breakage;
    return minting_token(minting, out, err);
}

/* Of a user who signed in on the page; `access` is the minting of the token beside it. */
static bool mint_identity(const struct provider *provider, const struct grant *grant, const struct minting *access,
                          struct buf *out, struct err *err)
{
    struct arena *arena = access->claims.arena;
    struct minting *minting = arena_take(arena, sizeof *minting);
    if (minting == NULL)
        return fail(err, REASON_OUT_OF_MEMORY, "no memory for a token");
    if (!minting_start(minting, arena, provider->key, now_read().wall_s, provider->lifetime_s, err) ||
        !provider_identity_fill(grant, &access->claims, minting, err))
        return false;
    minting->header = access->header;
    return minting_token(minting, out, err);
}

bool provider_grant(struct provider *provider, const struct grant *grant, struct buf *out, struct buf *id_token,
                    struct err *err)
{
    AUTO(arena) arena = {0};
    struct minting *minting = arena_take(&arena, sizeof *minting);
    if (minting == NULL)
        return fail(err, REASON_OUT_OF_MEMORY, "no memory for a token");
    pthread_mutex_lock(&provider->lock);
    bool is_made = mint(provider, grant, minting, &arena, out, err) &&
                   (!provider_grant_has_identity(grant) || mint_identity(provider, grant, minting, id_token, err));
    pthread_mutex_unlock(&provider->lock);
    return is_made;
}

bool provider_mint(struct provider *provider, const struct provider_wish *wish, struct buf *out, struct err *err)
{
    AUTO(arena) arena = {0};
    AUTO(buf) none = {0};
    struct grant grant = {
        .client = provider_client_find(span_str(wish->client)),
        .user = wish->user == NULL ? NULL : provider_user_find(span_str(wish->user)),
        .scope = span_str(wish->scope),
        .breakage = wish->breakage,
    };
    const char *path = arena_printf(&arena, "%s/.well-known/openid-configuration", wish->authority);
    if (path == NULL)
        return fail(err, REASON_OUT_OF_MEMORY, "no memory for a token");
    bool is_known = grant.client != NULL && (wish->user == NULL || grant.user != NULL);
    if (!is_known || !provider_place_read(span_str(path), &grant.place))
        return fail(err, REASON_USAGE, "the provider has no client %s, no such user or no issuer %s", wish->client,
                    wish->authority);
    return provider_grant(provider, &grant, out, &none, err);
}

/* --- answers --- */

static bool wants_post(const struct request *request, struct reply *reply)
{
    if (request->head->method == METHOD_POST)
        return true;
    responder_refuse(reply, REASON_METHOD_NOT_ALLOWED);
    responder_add_field(reply, "Allow", SPAN("POST"));
    return false;
}

static void answer_rotation(struct provider *provider, struct reply *reply)
{
    struct err err = {0};
    struct secret_key *fresh = provider_make_key(provider->alg, &err);
    if (fresh == NULL) {
        responder_refuse(reply, REASON_OUT_OF_MEMORY);
        return;
    }
    reply->content_type = SPAN("application/json");
    buf_printf(&reply->body, "{\"kid\":\"%s\"}", fresh->kid);
    pthread_mutex_lock(&provider->lock);
    secret_key_free(provider->previous);
    provider->previous = provider->key;
    provider->key = fresh;
    pthread_mutex_unlock(&provider->lock);
}

static bool allows_method(enum provider_page page, const struct request *request, struct reply *reply)
{
    switch (page) {
    case PROVIDER_DISCOVERY:
    case PROVIDER_KEYS: return responder_wants_get(request, reply);
    case PROVIDER_TOKENS:
    case PROVIDER_ROTATION: return wants_post(request, reply);
    case PROVIDER_AUTHORIZATION: return request->head->method == METHOD_POST || responder_wants_get(request, reply);
    case PROVIDER_PAGE_COUNT: break;
    }
    return false;
}

void provider_answer(void *context, const struct request *request, struct reply *reply)
{
    struct provider_place place = {.shape = PROVIDER_PLAIN};
    if (!provider_place_read(request->path, &place)) {
        responder_refuse(reply, REASON_NO_ROUTE);
        return;
    }
    if (!allows_method(place.page, request, reply))
        return;
    switch (place.page) {
    case PROVIDER_DISCOVERY: provider_answer_document(context, &place, reply); break;
    case PROVIDER_KEYS: provider_answer_keys(context, &place, reply); break;
    case PROVIDER_TOKENS: provider_answer_token(context, &place, request, reply); break;
    case PROVIDER_ROTATION: answer_rotation(context, reply); break;
    case PROVIDER_AUTHORIZATION: provider_answer_authorization(context, &place, request, reply); break;
    case PROVIDER_PAGE_COUNT: break;
    }
}
