/* SPDX-License-Identifier: Apache-2.0 */
/* The key of the content out of the token's second part (RFC 7518 4).  Lengths were checked before. */
#include "decrypt_int.h"

#include "key_int.h"

#include <openssl/crypto.h>
#include <openssl/rsa.h>

#include <string.h>

/* RFC 7518 4.4: with the initial value of RFC 3394, which OpenSSL presets. */
static bool unwrap_aes(const char *name, const unsigned char *key, const struct envelope *e, unsigned char *out)
{
    unsigned char room[DECRYPT_SECRET_BYTES_MAX + 2 * DECRYPT_WRAP_EXTRA_BYTES];
    int len = 0, rest = 0;
    EVP_CIPHER *cipher = EVP_CIPHER_fetch(NULL, name, NULL);
    EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
    bool is_unwrapped = cipher != NULL && ctx != NULL;
    if (is_unwrapped)
        EVP_CIPHER_CTX_set_flags(ctx, EVP_CIPHER_CTX_FLAG_WRAP_ALLOW);
    is_unwrapped = is_unwrapped && EVP_DecryptInit_ex2(ctx, cipher, key, NULL, NULL) == 1 &&
                   EVP_DecryptUpdate(ctx, room, &len, decrypt_bytes(e->wrapped), (int)e->wrapped.len) == 1 &&
                   EVP_DecryptFinal_ex(ctx, room + len, &rest) == 1 && (size_t)len + (size_t)rest == e->enc->key_bytes;
    if (is_unwrapped)
        memcpy(out, room, e->enc->key_bytes);
    EVP_CIPHER_CTX_free(ctx);
    EVP_CIPHER_free(cipher);
    OPENSSL_cleanse(room, sizeof room);
    return is_unwrapped;
}

static bool prepare_oaep(EVP_PKEY_CTX *ctx, const char *digest)
{
    return EVP_PKEY_decrypt_init(ctx) == 1 && EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_PKCS1_OAEP_PADDING) == 1 &&
           EVP_PKEY_CTX_set_rsa_oaep_md_name(ctx, digest, NULL) == 1 &&
           EVP_PKEY_CTX_set_rsa_mgf1_md_name(ctx, digest, NULL) == 1;
}

/* RFC 7518 4.3: digest and mask by the same hash, no label. */
static bool unwrap_oaep(const struct decrypt_key *key, const struct envelope *e, unsigned char *out)
{
    unsigned char room[KEY_RSA_BYTES_MAX];
    size_t len = sizeof room;
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_pkey(NULL, key->pkey, NULL);
    bool is_unwrapped = ctx != NULL && prepare_oaep(ctx, e->alg->digest) &&
                        EVP_PKEY_decrypt(ctx, room, &len, decrypt_bytes(e->wrapped), e->wrapped.len) == 1 &&
                        len == e->enc->key_bytes;
    if (is_unwrapped)
        memcpy(out, room, len);
    EVP_PKEY_CTX_free(ctx);
    OPENSSL_cleanse(room, sizeof room);
    return is_unwrapped;
}

static bool unwrap_agreed(const struct decrypt_key *key, const struct envelope *e, unsigned char *out)
{
    unsigned char wrapping[DECRYPT_WRAPPING_BYTES_MAX];
    bool is_unwrapped =
        decrypt_agree(key, e, wrapping, e->alg->key_bytes) && unwrap_aes(e->alg->cipher, wrapping, e, out);
    OPENSSL_cleanse(wrapping, sizeof wrapping);
    return is_unwrapped;
}

bool decrypt_unwrap(const struct decrypt_key *key, const struct envelope *e, unsigned char *content_key)
{
    const struct decrypt_sealed sealed = {.iv = e->wrap_iv, .text = e->wrapped, .tag = e->wrap_tag};
    switch (e->alg->way) {
    case DECRYPT_DIRECT: memcpy(content_key, key->secret, key->secret_len); return true;
    case DECRYPT_WRAP: return unwrap_aes(e->alg->cipher, key->secret, e, content_key);
    case DECRYPT_GCM_WRAP: return decrypt_gcm(e->alg->cipher, key->secret, &sealed, content_key);
    case DECRYPT_OAEP: return unwrap_oaep(key, e, content_key);
    case DECRYPT_AGREE: return decrypt_agree(key, e, content_key, e->enc->key_bytes);
    case DECRYPT_AGREE_WRAP: return unwrap_agreed(key, e, content_key);
    }
    return false;
}
