/* SPDX-License-Identifier: Apache-2.0 */
/* Keys that open tokens: secrets of the policy, private keys of certificate files. */
#include "decrypt_int.h"

#include "key_int.h"

#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/pkcs12.h>

#include <string.h>

enum { FILE_BYTES_MAX = 1 << 20 };

struct decrypt_keys *decrypt_keys_new(void)
{
    return calloc(1, sizeof(struct decrypt_keys));
}

void decrypt_keys_free(struct decrypt_keys *keys)
{
    if (keys == NULL)
        return;
    for (size_t i = 0; i < keys->count; i++)
        EVP_PKEY_free(keys->keys[i].pkey);
    OPENSSL_cleanse(keys, sizeof *keys);
    free(keys);
}

size_t decrypt_keys_count(const struct decrypt_keys *keys)
{
    return keys->count;
}

static bool has_room(const struct decrypt_keys *keys, struct err *err)
{
    return keys->count < DECRYPT_KEYS_MAX ||
           fail(err, REASON_KEY_UNUSABLE, "more than %d decryption keys", DECRYPT_KEYS_MAX);
}

bool decrypt_keys_add_secret(struct decrypt_keys *keys, struct span bytes, struct err *err)
{
    static const size_t lengths[] = {16, 24, 32, 48, DECRYPT_SECRET_BYTES_MAX};
    bool is_known = false;
    for (size_t i = 0; i < COUNT_OF(lengths); i++)
        is_known = is_known || bytes.len == lengths[i];
    if (!is_known)
        return fail(err, REASON_KEY_UNUSABLE,
                    "secret of %zu bytes; 16, 24, 32, 48 or 64 are the lengths that encryption knows", bytes.len);
    if (!has_room(keys, err))
        return false;
    struct decrypt_key *key = &keys->keys[keys->count++];
    *key = (struct decrypt_key){.kind = DECRYPT_SECRET, .secret_len = bytes.len};
    memcpy(key->secret, bytes.at, bytes.len);
    return true;
}

/* --- private keys --- */

static EVP_PKEY *private_from_pem(struct span file)
{
    BIO *bio = BIO_new_mem_buf(file.at, (int)file.len);
    EVP_PKEY *pkey = bio == NULL ? NULL : PEM_read_bio_PrivateKey(bio, NULL, key_no_password, NULL);
    BIO_free(bio);
    return pkey;
}

static EVP_PKEY *private_from_pfx(struct span file)
{
    const unsigned char *at = (const unsigned char *)file.at;
    PKCS12 *pfx = d2i_PKCS12(NULL, &at, (long)file.len);
    EVP_PKEY *pkey = NULL;
    X509 *certificate = NULL;
    if (pfx == NULL || PKCS12_parse(pfx, "", &pkey, &certificate, NULL) != 1)
        pkey = NULL;
    X509_free(certificate);
    PKCS12_free(pfx);
    return pkey;
}

static EVP_PKEY *private_from_file(struct span file)
{
    EVP_PKEY *pkey = NULL;
    if (file.len > 0 && file.len <= FILE_BYTES_MAX)
        pkey = span_holds(file, SPAN("-----BEGIN ")) ? private_from_pem(file) : private_from_pfx(file);
    ERR_clear_error();
    return pkey;
}

/* A certificate with the key of another one beside it is a file put together wrongly: it would open no token. */
static bool agrees_with_certificate(EVP_PKEY *pkey, struct span file)
{
    AUTO_PTR(key) named = key_from_certificate(file, SPAN(""), NULL);
    bool agrees = named == NULL || EVP_PKEY_eq(named->pkey, pkey) == 1;
    ERR_clear_error();
    return agrees;
}

static bool settle_rsa(struct decrypt_key *key, struct err *err)
{
    int bits = EVP_PKEY_get_bits(key->pkey);
    key->kind = DECRYPT_RSA;
    return (bits >= KEY_RSA_BITS_MIN && bits <= KEY_RSA_BITS_MAX) ||
           fail(err, REASON_KEY_UNUSABLE, "RSA key of %d bits; %d to %d are taken", bits, KEY_RSA_BITS_MIN,
                KEY_RSA_BITS_MAX);
}

/* What the key is and may serve. */
static bool settle(struct decrypt_key *key, struct err *err)
{
    if (EVP_PKEY_is_a(key->pkey, "RSA") == 1)
        return settle_rsa(key, err);
    key->kind = DECRYPT_EC;
    if (EVP_PKEY_is_a(key->pkey, "EC") == 1)
        key->crv = key_x509_curve(key->pkey);
    else if (EVP_PKEY_is_a(key->pkey, "X25519") == 1)
        key->crv = SPAN("X25519");
    else if (EVP_PKEY_is_a(key->pkey, "X448") == 1)
        key->crv = SPAN("X448");
    return key->crv.at != NULL ||
           fail(err, REASON_KEY_UNUSABLE, "this key cannot decrypt; RSA, P-256, P-384, P-521, X25519 and X448 can");
}

bool decrypt_keys_add_private(struct decrypt_keys *keys, struct span file, struct err *err)
{
    struct decrypt_key key = {.pkey = private_from_file(file)};
    if (key.pkey == NULL)
        return fail(err, REASON_KEY_UNUSABLE,
                    "no private key found, and decryption needs it: PEM or PFX, without a password, is expected");
    bool is_good = settle(&key, err) && has_room(keys, err);
    if (is_good && !agrees_with_certificate(key.pkey, file))
        is_good = fail(err, REASON_KEY_UNUSABLE, "the private key is not that of the certificate beside it");
    if (is_good)
        keys->keys[keys->count++] = key;
    else
        EVP_PKEY_free(key.pkey);
    return is_good;
}
