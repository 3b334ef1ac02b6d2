/* SPDX-License-Identifier: Apache-2.0 */
/* Opening an encrypted token: everything that anybody may know is checked first, cheaply and with words; from there on there
 * is one answer.
 */
#include "decrypt_int.h"

#include "jose/b64url.h"
#include "token_int.h"

#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/rand.h>

#include <limits.h>

enum { CBC_BLOCK_BYTES = 16, PART_HEADER = 0, PART_KEY, PART_IV, PART_TEXT, PART_TAG };

/* --- the header --- */

static bool read_names(struct envelope *e, struct decrypted *out, struct err *err)
{
    const struct tape *header = &out->header;
    struct span enc = {NULL, 0};
    if (!token_read_text(header, SPAN("alg"), &out->alg_text, err) ||
        !token_read_text(header, SPAN("enc"), &enc, err) || !token_read_text(header, SPAN("typ"), &out->typ, err) ||
        !token_read_text(header, SPAN("cty"), &out->cty, err))
        return false;
    if (!token_refuse_extensions(header, err))
        return false;
    if (tape_member(header, NULL, SPAN("zip")) != NULL)
        return fail(err, REASON_JWT_INVALID, "header: zip; compressed tokens are not read");
    e->alg = decrypt_alg_by_name(out->alg_text);
    e->enc = decrypt_enc_by_name(enc);
    if (e->alg == NULL)
        return fail(err, REASON_JWT_INVALID, "header: alg is %s; that is not decrypted", QUOTED(out->alg_text));
    return e->enc != NULL || fail(err, REASON_JWT_INVALID, "header: enc is %s; that is not decrypted", QUOTED(enc));
}

static bool read_wrap_member(const struct tape *header, struct arena *arena, struct span name, size_t bytes,
                             struct span *out, struct err *err)
{
    struct span text = {NULL, 0};
    if (!token_read_text(header, name, &text, err))
        return false;
    if (text.len != b64url_chars(bytes))
        return fail(err, REASON_JWT_INVALID, "header: %.*s is missing or has not %zu bytes", SPAN_ARG(name), bytes);
    return b64url_decode_arena(arena, text, out, err) || err_prefix(err, "header: %.*s", SPAN_ARG(name));
}

/* --- the parts --- */

static bool read_parts(struct envelope *e, struct arena *arena, const struct span parts[TOKEN_ENCRYPTED_PARTS],
                       struct err *err)
{
    static const char *const names[] = {"header", "encrypted key", "iv", "encrypted text", "tag"};
    struct span *const to[] = {NULL, &e->wrapped, &e->iv, &e->text, &e->tag};
    e->authenticated = parts[PART_HEADER];
    for (size_t i = PART_KEY; i <= PART_TAG; i++)
        if (!b64url_decode_arena(arena, parts[i], to[i], err))
            return err_prefix(err, "%s", names[i]);
    return true;
}

/* The length of the encrypted key, where it does not depend on a private key; RSA's is looked at with the key. */
static bool is_wrapped_length(const struct envelope *e)
{
    switch (e->alg->way) {
    case DECRYPT_DIRECT:
    case DECRYPT_AGREE: return e->wrapped.len == 0;
    case DECRYPT_WRAP:
    case DECRYPT_AGREE_WRAP: return e->wrapped.len == e->enc->key_bytes + DECRYPT_WRAP_EXTRA_BYTES;
    case DECRYPT_GCM_WRAP: return e->wrapped.len == e->enc->key_bytes;
    case DECRYPT_OAEP: return e->wrapped.len > 0;
    }
    return false;
}

static bool check_lengths(const struct envelope *e, struct err *err)
{
    if (!is_wrapped_length(e))
        return fail(err, REASON_JWT_INVALID, "encrypted key of %zu bytes; %s with %s has another length",
                    e->wrapped.len, e->alg->name, e->enc->name);
    if (e->iv.len != e->enc->iv_bytes || e->tag.len != e->enc->tag_bytes)
        return fail(err, REASON_JWT_INVALID, "iv and tag of %zu and %zu bytes; %s has %zu and %zu", e->iv.len,
                    e->tag.len, e->enc->name, e->enc->iv_bytes, e->enc->tag_bytes);
    bool is_cbc = e->enc->digest != NULL;
    if (is_cbc && (e->text.len == 0 || e->text.len % CBC_BLOCK_BYTES != 0))
        return fail(err, REASON_JWT_INVALID, "encrypted text of %zu bytes; %s has whole blocks of %d", e->text.len,
                    e->enc->name, CBC_BLOCK_BYTES);
    return e->text.len <= INT_MAX / 2 || fail(err, REASON_JWT_INVALID, "encrypted text of %zu bytes", e->text.len);
}

/* --- keys --- */

/* Whether the key is of the kind and length that the header asks for: known to everybody who knows the key's kind. */
static bool may_serve(const struct decrypt_key *key, const struct envelope *e)
{
    switch (e->alg->way) {
    case DECRYPT_DIRECT: return key->kind == DECRYPT_SECRET && key->secret_len == e->enc->key_bytes;
    case DECRYPT_WRAP:
    case DECRYPT_GCM_WRAP: return key->kind == DECRYPT_SECRET && key->secret_len == e->alg->key_bytes;
    case DECRYPT_OAEP: return key->kind == DECRYPT_RSA && (int)e->wrapped.len == EVP_PKEY_get_size(key->pkey);
    case DECRYPT_AGREE:
    case DECRYPT_AGREE_WRAP: return key->kind == DECRYPT_EC && (e->epk == NULL || span_eq(key->crv, e->crv));
    }
    return false;
}

static bool has_key(const struct decrypt_keys *keys, const struct envelope *e, struct err *err)
{
    for (size_t i = 0; i < keys->count; i++)
        if (may_serve(&keys->keys[i], e))
            return true;
    return fail(err, REASON_JWT_INVALID, "none of the decryption keys fits %s with %s", e->alg->name, e->enc->name);
}

/* RFC 7516 11.5: whether unwrapping failed or gave another key is not to be seen, in time neither; the tag fails then. */
static bool try_key(const struct decrypt_key *key, const struct envelope *e, unsigned char *text, size_t *len)
{
    unsigned char found[DECRYPT_SECRET_BYTES_MAX] = {0}, used[DECRYPT_SECRET_BYTES_MAX];
    bool is_open = RAND_bytes(used, sizeof used) == 1;
    if (is_open) {
        unsigned char mask = (unsigned char)(0 - (unsigned)decrypt_unwrap(key, e, found));
        for (size_t i = 0; i < sizeof used; i++)
            used[i] = (unsigned char)((found[i] & mask) | (used[i] & ~mask));
        is_open = decrypt_content(e, used, text, len);
    }
    OPENSSL_cleanse(found, sizeof found);
    OPENSSL_cleanse(used, sizeof used);
    ERR_clear_error();
    return is_open;
}

static bool try_keys(const struct decrypt_keys *keys, const struct envelope *e, struct arena *arena,
                     struct span *content, struct err *err)
{
    size_t len = 0;
    unsigned char *text = arena_take(arena, e->text.len + CBC_BLOCK_BYTES);
    if (text == NULL)
        return fail(err, REASON_OUT_OF_MEMORY, "no memory for a decrypted token");
    for (size_t i = 0; i < keys->count; i++)
        if (may_serve(&keys->keys[i], e) && try_key(&keys->keys[i], e, text, &len)) {
            *content = span_of(text, len);
            return true;
        }
    return fail(err, REASON_JWT_INVALID, "none of the decryption keys opens the token");
}

/* --- all of it --- */

static bool read_way(struct envelope *e, struct arena *arena, const struct tape *header, struct err *err)
{
    switch (e->alg->way) {
    case DECRYPT_DIRECT:
    case DECRYPT_WRAP:
    case DECRYPT_OAEP: return true;
    case DECRYPT_GCM_WRAP:
        return read_wrap_member(header, arena, SPAN("iv"), DECRYPT_GCM_IV_BYTES, &e->wrap_iv, err) &&
               read_wrap_member(header, arena, SPAN("tag"), DECRYPT_GCM_TAG_BYTES, &e->wrap_tag, err);
    case DECRYPT_AGREE:
    case DECRYPT_AGREE_WRAP: return decrypt_read_agreement(e, arena, header, err);
    }
    return false;
}

bool decrypt_token(struct decrypted *out, struct arena *arena, struct span text, const struct decrypt_keys *keys,
                   unsigned depth_max, struct err *err)
{
    struct span parts[TOKEN_ENCRYPTED_PARTS];
    struct envelope e = {0};
    *out = (struct decrypted){0};
    size_t count = token_split(text, parts);
    if (count != TOKEN_ENCRYPTED_PARTS)
        return fail(err, REASON_JWT_INVALID, "an encrypted token has %d parts", TOKEN_ENCRYPTED_PARTS);
    if (!token_read_object(&out->header, arena, parts[PART_HEADER], depth_max, err) || !read_names(&e, out, err) ||
        !read_parts(&e, arena, parts, err) || !check_lengths(&e, err) || !has_key(keys, &e, err))
        return false;
    bool is_open = read_way(&e, arena, &out->header, err) && has_key(keys, &e, err) &&
                   try_keys(keys, &e, arena, &out->content, err);
    EVP_PKEY_free(e.epk);
    return is_open;
}
