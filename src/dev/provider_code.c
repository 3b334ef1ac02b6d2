/* SPDX-License-Identifier: Apache-2.0 */
/* Codes that were given out and not yet taken: a ring, so that who asks for many pushes out old ones and fills no memory. */
#include "provider_int.h"

#include "base/now.h"
#include "jose/b64url.h"

#include <openssl/rand.h>

enum { CODE_BYTES = 32, CODE_LIFE_MS = 60000 };

static bool make_text(char text[PROVIDER_CODE_CHARS + 1])
{
    unsigned char random[CODE_BYTES];
    _Static_assert((CODE_BYTES * 4 + 2) / 3 == PROVIDER_CODE_CHARS, "what the base64url of a code takes");
    return RAND_bytes(random, sizeof random) == 1 && b64url_encode(random, sizeof random, text) > 0;
}

/* A copy into the code's own memory; what was not sent stays so. */
static bool keep(struct provider_code *code, struct span text, struct span *kept)
{
    if (text.at == NULL)
        return true;
    *kept = arena_copy(&code->arena, text);
    return kept->at != NULL;
}

static bool fill(struct provider_code *code, const struct provider_place *place, const struct authorization *asked,
                 const struct provider_user *user)
{
    const struct now now = now_read();
    *code = (struct provider_code){
        .ends_at_ms = now.mono_ms + CODE_LIFE_MS,
        .signed_in_at_s = now.wall_s,
        .client = asked->client,
        .user = user,
        .place = *place,
    };
    return make_text(code->text) && keep(code, place->prefix, &code->place.prefix) &&
           keep(code, place->name, &code->place.name) && keep(code, asked->client_id, &code->client_id) &&
           keep(code, asked->redirect_uri, &code->redirect_uri) &&
           keep(code, asked->code_challenge, &code->code_challenge) && keep(code, asked->nonce, &code->nonce) &&
           keep(code, asked->scope, &code->scope);
}

struct span provider_code_give(struct provider *provider, const struct provider_place *place,
                               const struct authorization *asked, const struct provider_user *user, struct arena *arena)
{
    struct provider_code code;
    if (!fill(&code, place, asked, user)) {
        arena_fini(&code.arena);
        return (struct span){NULL, 0};
    }
    pthread_mutex_lock(&provider->lock);
    struct provider_code *slot = &provider->codes[provider->next_code];
    provider->next_code = (provider->next_code + 1) % PROVIDER_CODES_MAX;
    arena_fini(&slot->arena);
    *slot = code;
    pthread_mutex_unlock(&provider->lock);
    return arena_copy(arena, span_str(code.text));
}

static bool take(struct provider *provider, struct span text, struct provider_code *code)
{
    for (size_t i = 0; i < PROVIDER_CODES_MAX; i++) {
        struct provider_code *slot = &provider->codes[i];
        if (slot->text[0] == '\0' || !span_eq(text, span_str(slot->text)))
            continue;
        *code = *slot;
        *slot = (struct provider_code){.ends_at_ms = 0};
        return true;
    }
    return false;
}

bool provider_code_take(struct provider *provider, struct span text, struct provider_code *code)
{
    pthread_mutex_lock(&provider->lock);
    bool is_there = take(provider, text, code);
    pthread_mutex_unlock(&provider->lock);
    if (!is_there || now_read().mono_ms <= code->ends_at_ms)
        return is_there;
    arena_fini(&code->arena);
    return false;
}
