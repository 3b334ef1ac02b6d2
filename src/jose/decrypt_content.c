/* SPDX-License-Identifier: Apache-2.0 */
/* The two kinds of authenticated encryption of RFC 7518 5.  A clear text leaves this file only when its tag was right. */
#include "decrypt_int.h"

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/params.h>

#include <limits.h>
#include <string.h>

enum { MAC_BYTES_MAX = 64, LENGTH_BYTES = 8 };

/* A context of `cipher` under key and iv. */
static EVP_CIPHER_CTX *context_of(const char *name, const unsigned char *key, struct span iv)
{
    EVP_CIPHER *cipher = EVP_CIPHER_fetch(NULL, name, NULL);
    EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
    if (cipher == NULL || ctx == NULL || EVP_DecryptInit_ex2(ctx, cipher, key, decrypt_bytes(iv), NULL) != 1) {
        EVP_CIPHER_CTX_free(ctx);
        ctx = NULL;
    }
    EVP_CIPHER_free(cipher);
    return ctx;
}

/* GCM gives clear bytes before it can know the tag. */
static bool run_gcm(EVP_CIPHER_CTX *ctx, const struct decrypt_sealed *sealed, unsigned char *out)
{
    unsigned char tag[DECRYPT_GCM_TAG_BYTES], end[EVP_MAX_BLOCK_LENGTH];
    int len = 0;
    memcpy(tag, sealed->tag.at, sizeof tag);
    if (sealed->authenticated.len > 0 &&
        EVP_DecryptUpdate(ctx, NULL, &len, decrypt_bytes(sealed->authenticated), (int)sealed->authenticated.len) != 1)
        return false;
    if (sealed->text.len > 0 &&
        EVP_DecryptUpdate(ctx, out, &len, decrypt_bytes(sealed->text), (int)sealed->text.len) != 1)
        return false;
    return EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_SET_TAG, (int)sizeof tag, tag) == 1 &&
           EVP_DecryptFinal_ex(ctx, end, &len) == 1;
}

bool decrypt_gcm(const char *cipher, const unsigned char *key, const struct decrypt_sealed *sealed, unsigned char *out)
{
    EVP_CIPHER_CTX *ctx = context_of(cipher, key, sealed->iv);
    bool is_open = ctx != NULL && run_gcm(ctx, sealed, out);
    EVP_CIPHER_CTX_free(ctx);
    if (!is_open)
        OPENSSL_cleanse(out, sealed->text.len);
    return is_open;
}

/* RFC 7518 5.2.2.1 4: over header, iv, text and the header's length in bits. */
static bool run_mac(EVP_MAC_CTX *ctx, const struct envelope *e, const unsigned char *key, unsigned char *out,
                    size_t *len)
{
    char digest[16];
    unsigned char bits[LENGTH_BYTES];
    strcpy(digest, e->enc->digest);
    OSSL_PARAM params[] = {OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, digest, 0),
                           OSSL_PARAM_construct_end()};
    for (size_t i = 0; i < sizeof bits; i++)
        bits[i] = (unsigned char)((uint64_t)e->authenticated.len * 8 >> (8 * (sizeof bits - 1 - i)));
    return EVP_MAC_init(ctx, key, e->enc->key_bytes / 2, params) == 1 &&
           EVP_MAC_update(ctx, decrypt_bytes(e->authenticated), e->authenticated.len) == 1 &&
           EVP_MAC_update(ctx, decrypt_bytes(e->iv), e->iv.len) == 1 &&
           EVP_MAC_update(ctx, decrypt_bytes(e->text), e->text.len) == 1 &&
           EVP_MAC_update(ctx, bits, sizeof bits) == 1 && EVP_MAC_final(ctx, out, len, MAC_BYTES_MAX) == 1;
}

static bool is_authentic(const struct envelope *e, const unsigned char *key)
{
    unsigned char mac[MAC_BYTES_MAX];
    size_t len = 0;
    EVP_MAC *hmac = EVP_MAC_fetch(NULL, "HMAC", NULL);
    EVP_MAC_CTX *ctx = hmac == NULL ? NULL : EVP_MAC_CTX_new(hmac);
    bool is_right = ctx != NULL && run_mac(ctx, e, key, mac, &len) && len >= e->tag.len &&
                    CRYPTO_memcmp(mac, e->tag.at, e->tag.len) == 0;
    EVP_MAC_CTX_free(ctx);
    EVP_MAC_free(hmac);
    OPENSSL_cleanse(mac, sizeof mac);
    return is_right;
}

/* The tag before the first block is looked at (RFC 7518 5.2.2.2 2), so that the padding tells nothing. */
static bool open_cbc(const struct envelope *e, const unsigned char *key, unsigned char *out, size_t *len)
{
    int used = 0, rest = 0;
    if (!is_authentic(e, key))
        return false;
    EVP_CIPHER_CTX *ctx = context_of(e->enc->cipher, key + e->enc->key_bytes / 2, e->iv);
    bool is_open = ctx != NULL && EVP_DecryptUpdate(ctx, out, &used, decrypt_bytes(e->text), (int)e->text.len) == 1 &&
                   EVP_DecryptFinal_ex(ctx, out + used, &rest) == 1;
    EVP_CIPHER_CTX_free(ctx);
    if (!is_open)
        OPENSSL_cleanse(out, e->text.len);
    *len = (size_t)used + (size_t)rest;
    return is_open;
}

bool decrypt_content(const struct envelope *e, const unsigned char *content_key, unsigned char *out, size_t *len)
{
    if (e->enc->digest != NULL)
        return open_cbc(e, content_key, out, len);
    *len = e->text.len;
    const struct decrypt_sealed sealed = {e->iv, e->authenticated, e->text, e->tag};
    return decrypt_gcm(e->enc->cipher, content_key, &sealed, out);
}
