/* SPDX-License-Identifier: Apache-2.0 */
/* Agreement with the sender's one-time key (RFC 7518 4.6, RFC 8037 3.2).
 *
 * A point that is not on the curve makes the receiver compute on another, weaker one, and what comes out tells of the private
 * key (attack J5): such a point is refused by the rules of any public key, before a private key is touched.
 */
#include "decrypt_int.h"

#include "base/buf.h"
#include "jose/b64url.h"
#include "key_int.h"

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/kdf.h>
#include <openssl/params.h>

#include <string.h>

/* --- the header's members --- */

/* A member of `object` in base64url; `*bytes` is empty when it is missing. */
static bool read_bytes(const struct tape *header, const struct tape_item *object, struct span name, struct arena *arena,
                       struct span *bytes, struct err *err)
{
    const struct tape_item *item = tape_member(header, object, name);
    *bytes = (struct span){NULL, 0};
    if (item == NULL)
        return true;
    if (tape_kind_of(item) != TAPE_STRING)
        return fail(err, REASON_JWT_INVALID, "header: %.*s is no string", SPAN_ARG(name));
    if (b64url_decode_arena(arena, tape_span(header, item), bytes, err))
        return true;
    return err_prefix(err, "header: %.*s", SPAN_ARG(name));
}

/* RFC 8037 2: Montgomery curves have one coordinate, and every one of the right length is a point. */
static EVP_PKEY *montgomery_key(struct span crv, struct span x, struct err *err)
{
    bool is_known = span_eq(crv, SPAN("X25519")) || span_eq(crv, SPAN("X448"));
    EVP_PKEY *pkey = !is_known ? NULL
                               : EVP_PKEY_new_raw_public_key_ex(NULL, span_eq(crv, SPAN("X448")) ? "X448" : "X25519",
                                                                NULL, decrypt_bytes(x), x.len);
    if (pkey == NULL)
        fail(err, REASON_JWT_INVALID, "header: epk is no key on X25519 or X448");
    return pkey;
}

static EVP_PKEY *weierstrass_key(struct span crv, struct span x, struct span y, struct err *err)
{
    struct material m;
    EVP_PKEY *pkey = key_material_ec(&m, crv, x, y, err) ? key_material_pkey(&m, err) : NULL;
    if (pkey == NULL && err != NULL && err->reason == REASON_KEY_UNUSABLE) {
        err->reason = REASON_JWT_INVALID;
        err_prefix(err, "header: epk");
    }
    return pkey;
}

static bool read_epk(struct envelope *e, struct arena *arena, const struct tape *header, struct err *err)
{
    const struct tape_item *epk = tape_member(header, NULL, SPAN("epk"));
    struct span x, y;
    if (epk == NULL || tape_kind_of(epk) != TAPE_OBJECT)
        return fail(err, REASON_JWT_INVALID, "header: epk is missing or no object");
    if (!read_bytes(header, epk, SPAN("x"), arena, &x, err) || !read_bytes(header, epk, SPAN("y"), arena, &y, err))
        return false;
    struct span kty = tape_text(header, epk, SPAN("kty"));
    e->crv = tape_text(header, epk, SPAN("crv"));
    if (span_eq(kty, SPAN("EC")))
        e->epk = weierstrass_key(e->crv, x, y, err);
    else if (span_eq(kty, SPAN("OKP")))
        e->epk = montgomery_key(e->crv, x, err);
    else
        return fail(err, REASON_JWT_INVALID, "header: epk is no key of kty EC or OKP");
    ERR_clear_error();
    return e->epk != NULL;
}

/* --- what the key is for --- */

static void add_number(struct buf *info, size_t number)
{
    for (unsigned shift = 32; shift > 0; shift -= 8)
        buf_add_char(info, (char)(number >> (shift - 8) & 0xff));
}

static void add_data(struct buf *info, struct span data)
{
    add_number(info, data.len);
    buf_add_span(info, data);
}

/* RFC 7518 4.6.2: AlgorithmID, PartyUInfo, PartyVInfo, SuppPubInfo. */
static bool make_info(struct envelope *e, struct arena *arena, struct span apu, struct span apv, struct err *err)
{
    AUTO(buf) info = {0};
    bool is_direct = e->alg->way == DECRYPT_AGREE;
    add_data(&info, span_str(is_direct ? e->enc->name : e->alg->name));
    add_data(&info, apu);
    add_data(&info, apv);
    add_number(&info, (is_direct ? e->enc->key_bytes : e->alg->key_bytes) * 8);
    e->info = info.is_broken ? (struct span){NULL, 0} : arena_copy(arena, buf_span(&info));
    return e->info.at != NULL || fail(err, REASON_OUT_OF_MEMORY, "no memory for an agreement");
}

bool decrypt_read_agreement(struct envelope *e, struct arena *arena, const struct tape *header, struct err *err)
{
    struct span apu, apv;
    return read_bytes(header, NULL, SPAN("apu"), arena, &apu, err) &&
           read_bytes(header, NULL, SPAN("apv"), arena, &apv, err) && make_info(e, arena, apu, apv, err) &&
           read_epk(e, arena, header, err);
}

/* --- agreeing --- */

/* The x of the common point, as long as the curve's field; X25519 and X448 refuse the one that is all zeros. */
static bool derive_point(const struct decrypt_key *key, EVP_PKEY *epk, unsigned char *z, size_t *len)
{
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_pkey(NULL, key->pkey, NULL);
    bool is_derived = ctx != NULL && EVP_PKEY_derive_init(ctx) == 1 && EVP_PKEY_derive_set_peer(ctx, epk) == 1 &&
                      EVP_PKEY_derive(ctx, z, len) == 1;
    EVP_PKEY_CTX_free(ctx);
    return is_derived;
}

/* The Concat KDF, which is OpenSSL's SSKDF with a hash. */
static bool derive_key(struct span z, struct span info, unsigned char *out, size_t len)
{
    char digest[] = "SHA256";
    OSSL_PARAM params[] = {
        OSSL_PARAM_construct_utf8_string(OSSL_KDF_PARAM_DIGEST, digest, 0),
        OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_KEY, (void *)(uintptr_t)z.at, z.len),
        OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_INFO, (void *)(uintptr_t)info.at, info.len),
        OSSL_PARAM_construct_end(),
    };
    EVP_KDF *kdf = EVP_KDF_fetch(NULL, "SSKDF", NULL);
    EVP_KDF_CTX *ctx = kdf == NULL ? NULL : EVP_KDF_CTX_new(kdf);
    bool is_derived = ctx != NULL && EVP_KDF_derive(ctx, out, len, params) == 1;
    EVP_KDF_CTX_free(ctx);
    EVP_KDF_free(kdf);
    return is_derived;
}

bool decrypt_agree(const struct decrypt_key *key, const struct envelope *e, unsigned char *out, size_t len)
{
    unsigned char z[KEY_FIELD_BYTES_MAX];
    size_t z_len = sizeof z;
    bool is_agreed = derive_point(key, e->epk, z, &z_len) && derive_key(span_of(z, z_len), e->info, out, len);
    OPENSSL_cleanse(z, sizeof z);
    return is_agreed;
}
