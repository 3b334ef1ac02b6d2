/* SPDX-License-Identifier: Apache-2.0 */
/* A row of logins, oldest first.  Secrets are compared in a time that tells nothing, and wiped when they go. */
#include "admin/logins.h"

#include "jose/digest.h"

struct logins {
    struct login *at[LOGINS_MAX];
    size_t count;
};

struct logins *logins_new(void)
{
    return calloc(1, sizeof(struct logins));
}

void login_free(struct login *login)
{
    if (login == NULL)
        return;
    arena_fini(&login->arena);
    secret_wipe(login, sizeof *login);
    free(login);
}

void logins_free(struct logins *logins)
{
    if (logins == NULL)
        return;
    for (size_t i = 0; i < logins->count; i++)
        login_free(logins->at[i]);
    free(logins);
}

size_t logins_count(const struct logins *logins)
{
    return logins->count;
}

static struct login *take_at(struct logins *logins, size_t index)
{
    struct login *login = logins->at[index];
    logins->count--;
    memmove(&logins->at[index], &logins->at[index + 1], (logins->count - index) * sizeof logins->at[0]);
    return login;
}

static bool is_old(const struct login *login, int64_t mono_ms)
{
    return mono_ms - login->begun_ms > LOGINS_AGE_MS;
}

/* Makes room: what is too old goes, and where that is not enough the oldest. */
static void make_room(struct logins *logins, int64_t mono_ms)
{
    while (logins->count > 0 && (is_old(logins->at[0], mono_ms) || logins->count == LOGINS_MAX))
        login_free(take_at(logins, 0));
}

/* ---- beginning ---- */

static bool copy_text(struct arena *arena, struct span *to, struct span from)
{
    *to = span_str(arena_printf(arena, "%.*s", SPAN_ARG(from)));
    return to->at != NULL;
}

static bool copy_terms(struct login *login, const struct login_terms *from)
{
    struct login_terms *to = &login->terms;
    struct arena *arena = &login->arena;
    *to = *from;
    return copy_text(arena, &to->provider, from->provider) && copy_text(arena, &to->issuer, from->issuer) &&
           copy_text(arena, &to->token_endpoint, from->token_endpoint) &&
           copy_text(arena, &to->client_id, from->client_id) && copy_text(arena, &to->redirect_uri, from->redirect_uri);
}

const struct login *logins_begin(struct logins *logins, const struct login_terms *terms, int64_t mono_ms,
                                 struct err *err)
{
    AUTO_PTR(login) login = calloc(1, sizeof *login);
    if (login == NULL || !copy_terms(login, terms)) {
        fail(err, REASON_OUT_OF_MEMORY, "no memory for a login");
        return NULL;
    }
    login->begun_ms = mono_ms;
    if (!secret_text(login->state, err) || !secret_text(login->browser, err) || !secret_text(login->nonce, err) ||
        !secret_text(login->verifier, err))
        return NULL;
    make_room(logins, mono_ms);
    logins->at[logins->count] = STEAL(login);
    return logins->at[logins->count++];
}

/* ---- taking ---- */

/* All are looked at, whichever fits. */
static size_t find(const struct logins *logins, struct span state)
{
    size_t found = logins->count;
    for (size_t i = 0; i < logins->count; i++)
        if (digest_eq(span_str(logins->at[i]->state), state))
            found = i;
    return found;
}

struct login *logins_take(struct logins *logins, struct span state, struct span browser, int64_t mono_ms,
                          struct err *err)
{
    size_t index = find(logins, state);
    AUTO_PTR(login) login = index < logins->count ? take_at(logins, index) : NULL;
    if (login == NULL || is_old(login, mono_ms)) {
        fail(err, REASON_BAD_REQUEST,
             "this sign-in is not known here: it was used before, is older than %d minutes, or the gateway has been "
             "restarted since",
             LOGINS_AGE_MS / 60000);
        return NULL;
    }
    if (!digest_eq(span_str(login->browser), browser)) {
        fail(err, REASON_BAD_REQUEST,
             "this sign-in was begun in another browser, or another one was begun in this browser since");
        return NULL;
    }
    return STEAL(login);
}

bool login_challenge(const char *verifier, char out[SECRET_TEXT_BYTES], struct err *err)
{
    _Static_assert((int)SECRET_TEXT_BYTES == (int)DIGEST_TEXT_BYTES, "both are 256 bits");
    return digest_text(span_str(verifier), out, err);
}
