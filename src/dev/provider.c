/* SPDX-License-Identifier: Apache-2.0 */
/* Keys under a lock, since the demo's own thread mints too; documents written anew for each request.  The token endpoint stands
 * in provider_token.c.
 */
#include "provider_int.h"

#include "base/now.h"

#include <openssl/rand.h>

#include <pthread.h>
#include <stdio.h>
#include <string.h>

enum { KID_RANDOM_BYTES = 4, KID_BYTES = 32 };

const struct provider_client provider_clients[] = {
    {"demo", "demo-secret", "calculator", "Calculator.Read"},
    {"other", "other-secret", "another-api", "Other.Read"},
    {NULL, NULL, NULL, NULL},
};

struct provider {
    pthread_mutex_t lock; /* of the keys */
    struct secret_key *key, *previous;
    enum alg alg;
    int64_t lifetime_s;
    const char *base;
};

/* Fresh in every run: a kid must never name two keys, or who remembers the first refuses the second. */
static struct secret_key *make_key(enum alg alg, struct err *err)
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
    struct secret_key *key = provider == NULL ? NULL : make_key(alg, err);
    if (key == NULL) {
        free(provider);
        return NULL;
    }
    pthread_mutex_init(&provider->lock, NULL);
    provider->key = key;
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
    pthread_mutex_destroy(&provider->lock);
    free(provider);
}

void provider_set_base(struct provider *provider, const char *base)
{
    provider->base = base;
}

int64_t provider_lifetime_s(const struct provider *provider)
{
    return provider->lifetime_s;
}

static bool fill_claims(struct minting *minting, const struct provider *provider, const struct grant *grant,
                        struct err *err)
{
    AUTO(buf) iss = {0};
    buf_add_str(&iss, provider->base);
    buf_add_span(&iss, grant->prefix);
    struct members *claims = &minting->claims;
    return members_set_text(claims, "iss", buf_span(&iss), err) &&
           members_set_text(claims, "aud", grant->audience, err) &&
           members_set_text(claims, "sub", span_str(grant->client->id), err) &&
           members_set_text(claims, "azp", span_str(grant->client->id), err) &&
           members_set_text(claims, "scope", grant->scope, err);
}

bool provider_grant(struct provider *provider, const struct grant *grant, struct buf *out, struct err *err)
{
    AUTO(arena) arena = {0};
    struct minting *minting = arena_take(&arena, sizeof *minting);
    if (minting == NULL)
        return fail(err, REASON_OUT_OF_MEMORY, "no memory for a token");
    pthread_mutex_lock(&provider->lock);
    bool is_made = minting_start(minting, &arena, provider->key, now_read().wall_s, provider->lifetime_s, err) &&
                   fill_claims(minting, provider, grant, err);
    minting->breakage = grant->breakage;
    is_made = is_made && minting_token(minting, out, err);
    pthread_mutex_unlock(&provider->lock);
    return is_made;
}

bool provider_mint(struct provider *provider, const struct provider_client *client, enum breakage breakage,
                   struct buf *out, struct err *err)
{
    const struct grant grant = {
        .client = client,
        .audience = span_str(client->audience),
        .scope = span_str(client->scope),
        .breakage = breakage,
    };
    return provider_grant(provider, &grant, out, err);
}

/* --- documents --- */

static void put_url(struct buf *out, const char *member, const struct provider *provider, struct span prefix,
                    const char *rest)
{
    buf_printf(out, "\"%s\":\"%s", member, provider->base);
    buf_add_json(out, prefix);
    buf_printf(out, "%s\"", rest);
}

/* OpenID Connect Discovery 1.0 3. */
static void answer_discovery(struct provider *provider, struct span prefix, const struct request *request,
                             struct reply *reply)
{
    struct buf *out = &reply->body;
    if (!responder_wants_get(request, reply))
        return;
    reply->content_type = SPAN("application/json");
    buf_add_char(out, '{');
    put_url(out, "issuer", provider, prefix, "");
    buf_add_char(out, ',');
    put_url(out, "jwks_uri", provider, prefix, "/jwks");
    buf_add_char(out, ',');
    put_url(out, "token_endpoint", provider, prefix, "/token");
    buf_add_str(out, ",\"grant_types_supported\":[\"client_credentials\"],\"response_types_supported\":[\"token\"],"
                     "\"subject_types_supported\":[\"public\"],"
                     "\"token_endpoint_auth_methods_supported\":[\"client_secret_basic\",\"client_secret_post\"],");
    buf_printf(out, "\"id_token_signing_alg_values_supported\":[\"%s\"]}", alg_info(provider->alg)->name);
}

static void answer_keys(struct provider *provider, struct span prefix, const struct request *request,
                        struct reply *reply)
{
    (void)prefix;
    if (!responder_wants_get(request, reply))
        return;
    reply->content_type = SPAN("application/json");
    pthread_mutex_lock(&provider->lock);
    const struct secret_key *keys[] = {provider->key, provider->previous};
    bool is_written = secret_key_write_set(keys, provider->previous == NULL ? 1 : 2, false, &reply->body);
    pthread_mutex_unlock(&provider->lock);
    if (!is_written)
        responder_refuse(reply, REASON_OUT_OF_MEMORY);
}

bool provider_wants_post(const struct request *request, struct reply *reply)
{
    if (request->head->method == METHOD_POST)
        return true;
    responder_refuse(reply, REASON_METHOD_NOT_ALLOWED);
    responder_add_field(reply, "Allow", SPAN("POST"));
    return false;
}

static void answer_rotate(struct provider *provider, struct span prefix, const struct request *request,
                          struct reply *reply)
{
    struct err err = {0};
    (void)prefix;
    if (!provider_wants_post(request, reply))
        return;
    struct secret_key *fresh = make_key(provider->alg, &err);
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

static const struct {
    struct span end; /* of the path */
    void (*answer)(struct provider *provider, struct span prefix, const struct request *request, struct reply *reply);
} pages[] = {
    {SPAN_INIT("/.well-known/openid-configuration"), answer_discovery},
    {SPAN_INIT("/jwks"), answer_keys},
    {SPAN_INIT("/token"), provider_answer_token},
    {SPAN_INIT("/rotate"), answer_rotate},
};

void provider_answer(void *context, const struct request *request, struct reply *reply)
{
    for (size_t i = 0; i < COUNT_OF(pages); i++) {
        if (!span_ends(request->path, pages[i].end))
            continue;
        pages[i].answer(context, span_cut(request->path, request->path.len - pages[i].end.len), request, reply);
        return;
    }
    responder_refuse(reply, REASON_NO_ROUTE);
}
