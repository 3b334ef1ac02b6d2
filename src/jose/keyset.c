/* SPDX-License-Identifier: Apache-2.0 */
/* Sets are small (two to five keys, seldom hundreds): looking through an array beats any index, and the order of the document
 * stays.
 */
#include "jose/keyset.h"

#include <stdatomic.h>
#include <string.h>

enum { KEYS_FIRST = 8 };

static bool text_is_set(struct span text)
{
    return text.len > 0;
}

struct keyset *keyset_new(struct span issuer, int64_t fetched_at_s)
{
    static atomic_uint_fast64_t last_id;
    struct keyset *set = calloc(1, sizeof *set);
    char *copy = span_dup(issuer);
    if (set == NULL || copy == NULL) {
        free(set);
        free(copy);
        return NULL;
    }
    set->id = atomic_fetch_add(&last_id, 1) + 1;
    set->issuer = span_of(copy, issuer.len);
    set->fetched_at_s = fetched_at_s;
    atomic_init(&set->references, 1);
    return set;
}

static void keyset_free(struct keyset *set)
{
    for (size_t i = 0; i < set->count; i++)
        key_free(set->keys[i]);
    for (size_t i = 0; i < set->skipped_count; i++) {
        free((void *)set->skipped[i].kid.at);
        free(set->skipped[i].why);
    }
    free(set->keys);
    free(set->skipped);
    free((void *)set->issuer.at);
    free(set);
}

struct keyset *keyset_take(struct keyset *set)
{
    atomic_fetch_add_explicit(&set->references, 1, memory_order_relaxed);
    return set;
}

void keyset_release(struct keyset *set)
{
    if (set != NULL && atomic_fetch_sub_explicit(&set->references, 1, memory_order_acq_rel) == 1)
        keyset_free(set);
}

/* --- filling --- */

/* Room for one more in an array that is full when its count is a power of two, from KEYS_FIRST on. */
static bool make_room(void **array, size_t count, size_t item_bytes, struct err *err)
{
    bool is_full = count == 0 || (count >= KEYS_FIRST && (count & (count - 1)) == 0);
    if (!is_full)
        return true;
    void *grown = realloc(*array, (count == 0 ? KEYS_FIRST : count * 2) * item_bytes);
    if (grown == NULL)
        return fail(err, REASON_OUT_OF_MEMORY, "no memory for a key set");
    *array = grown;
    return true;
}

bool keyset_add(struct keyset *set, struct key *key, struct err *err)
{
    void *keys = set->keys;
    if (set->count == KEYSET_KEYS_MAX)
        return fail(err, REASON_DOCUMENT_INVALID, "more than %d keys", KEYSET_KEYS_MAX);
    if (!make_room(&keys, set->count, sizeof *set->keys, err))
        return false;
    set->keys = keys;
    set->keys[set->count++] = key;
    return true;
}

/* Notes a key that is not used; past KEYSET_KEYS_MAX of them nothing more is kept. */
static bool skip_key(struct keyset *set, struct span kid, const char *why, struct err *err)
{
    void *skipped = set->skipped;
    if (set->skipped_count == KEYSET_KEYS_MAX)
        return true;
    if (!make_room(&skipped, set->skipped_count, sizeof *set->skipped, err))
        return false;
    set->skipped = skipped;
    struct keyset_skipped made = {{NULL, 0}, span_dup(span_str(why))};
    if (text_is_set(kid))
        made.kid = span_of(span_dup(kid), kid.len);
    if (made.why == NULL || (text_is_set(kid) && made.kid.at == NULL)) {
        free(made.why);
        free((void *)made.kid.at);
        return fail(err, REASON_OUT_OF_MEMORY, "no memory for a key set");
    }
    set->skipped[set->skipped_count++] = made;
    return true;
}

static bool add_jwk(struct keyset *set, const struct jsonval *jwk, struct err *err)
{
    struct err why;
    AUTO_PTR(key) key = key_from_jwk(jwk, &why);
    if (key == NULL && why.reason == REASON_OUT_OF_MEMORY)
        return fail(err, why.reason, "%s", why.text);
    if (key == NULL)
        return skip_key(set, jsonval_text(jsonval_member(jwk, "kid")), why.text, err);
    if (!keyset_add(set, key, err))
        return false;
    (void)STEAL(key);
    return true;
}

bool keyset_add_jwks(struct keyset *set, const struct jsonval *document, struct err *err)
{
    const struct jsonval *keys = jsonval_member(document, "keys");
    if (!jsonval_is_array(keys))
        return fail(err, REASON_DOCUMENT_INVALID, "key set without an array `keys`");
    size_t before = set->count, listed = jsonval_count(keys);
    for (size_t i = 0; i < listed && set->count < KEYSET_KEYS_MAX; i++)
        if (!add_jwk(set, jsonval_element(keys, i), err))
            return false;
    if (set->count > before)
        return true;
    if (set->skipped_count > 0)
        return fail(err, REASON_DOCUMENT_INVALID, "none of %zu keys is usable; the first: %s", listed,
                    set->skipped[0].why);
    return fail(err, REASON_DOCUMENT_INVALID, "key set without keys");
}

/* --- candidates --- */

struct search {
    const struct token *token;
    struct keyset_candidate *out;
    size_t count;
    bool is_named; /* some key has the name looked for, whether it fits or not */
};

typedef bool key_matches(const struct key *key, const struct token *token);

static bool kid_matches(const struct key *key, const struct token *token)
{
    return key->is_x509 ? span_eq_nocase(key->kid, token->kid) : span_eq(key->kid, token->kid);
}

static bool x5t_matches(const struct key *key, const struct token *token)
{
    return span_eq(key->x5t, token->x5t);
}

static bool any_matches(const struct key *key, const struct token *token)
{
    (void)key, (void)token;
    return true;
}

static void search_set(struct search *s, const struct keyset *set, size_t index, key_matches *matches)
{
    for (size_t i = 0; i < set->count && s->count < KEYSET_TRIES_MAX; i++) {
        const struct key *key = set->keys[i];
        if (!matches(key, s->token))
            continue;
        s->is_named = true;
        if (alg_set_has(key->algs, s->token->alg))
            s->out[s->count++] = (struct keyset_candidate){key, index};
    }
}

static void search_sets(struct search *s, const struct keyset *const *sets, size_t count, key_matches *matches)
{
    for (size_t i = 0; i < count; i++)
        if (sets[i] != NULL)
            search_set(s, sets[i], i, matches);
}

size_t keyset_candidates(const struct keyset *const *sets, size_t count, const struct token *token,
                         struct keyset_candidate out[KEYSET_TRIES_MAX], enum keyset_match *match)
{
    struct search s = {.token = token, .out = out};
    bool has_kid = text_is_set(token->kid), has_x5t = text_is_set(token->x5t);
    if (has_kid)
        search_sets(&s, sets, count, kid_matches);
    if (!s.is_named && has_x5t)
        search_sets(&s, sets, count, x5t_matches);
    if (s.is_named) {
        *match = s.count > 0 ? KEYSET_NAMED : KEYSET_UNFIT;
        return s.count;
    }
    search_sets(&s, sets, count, any_matches);
    *match = has_kid || has_x5t ? KEYSET_UNKNOWN_KID : KEYSET_NO_KID;
    return s.count;
}

const struct key *keyset_same(const struct keyset *set, const struct key *key, enum alg alg)
{
    for (size_t i = 0; i < set->count; i++) {
        const struct key *held = set->keys[i];
        if (alg_set_has(held->algs, alg) && memcmp(held->thumbprint, key->thumbprint, sizeof key->thumbprint) == 0 &&
            span_eq(held->kid, key->kid))
            return held;
    }
    return NULL;
}
