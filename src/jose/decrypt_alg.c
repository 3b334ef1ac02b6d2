/* SPDX-License-Identifier: Apache-2.0 */
/* The algorithms of RFC 7518 4.1 and RFC 7518 5.1 that are opened here, with their sizes. */
#include "decrypt_int.h"

static const struct decrypt_alg algs[] = {
    {"dir", DECRYPT_DIRECT, 0, NULL, NULL},
    {"A128KW", DECRYPT_WRAP, 16, "AES-128-WRAP", NULL},
    {"A192KW", DECRYPT_WRAP, 24, "AES-192-WRAP", NULL},
    {"A256KW", DECRYPT_WRAP, 32, "AES-256-WRAP", NULL},
    {"A128GCMKW", DECRYPT_GCM_WRAP, 16, "AES-128-GCM", NULL},
    {"A192GCMKW", DECRYPT_GCM_WRAP, 24, "AES-192-GCM", NULL},
    {"A256GCMKW", DECRYPT_GCM_WRAP, 32, "AES-256-GCM", NULL},
    {"RSA-OAEP", DECRYPT_OAEP, 0, NULL, "SHA1"},
    {"RSA-OAEP-256", DECRYPT_OAEP, 0, NULL, "SHA256"},
    {"ECDH-ES", DECRYPT_AGREE, 0, NULL, NULL},
    {"ECDH-ES+A128KW", DECRYPT_AGREE_WRAP, 16, "AES-128-WRAP", NULL},
    {"ECDH-ES+A192KW", DECRYPT_AGREE_WRAP, 24, "AES-192-WRAP", NULL},
    {"ECDH-ES+A256KW", DECRYPT_AGREE_WRAP, 32, "AES-256-WRAP", NULL},
};

static const struct decrypt_enc encs[] = {
    {"A128GCM", 16, DECRYPT_GCM_IV_BYTES, DECRYPT_GCM_TAG_BYTES, "AES-128-GCM", NULL},
    {"A192GCM", 24, DECRYPT_GCM_IV_BYTES, DECRYPT_GCM_TAG_BYTES, "AES-192-GCM", NULL},
    {"A256GCM", 32, DECRYPT_GCM_IV_BYTES, DECRYPT_GCM_TAG_BYTES, "AES-256-GCM", NULL},
    {"A128CBC-HS256", 32, 16, 16, "AES-128-CBC", "SHA256"},
    {"A192CBC-HS384", 48, 16, 24, "AES-192-CBC", "SHA384"},
    {"A256CBC-HS512", 64, 16, 32, "AES-256-CBC", "SHA512"},
};

const struct decrypt_alg *decrypt_alg_by_name(struct span name)
{
    for (size_t i = 0; i < COUNT_OF(algs); i++)
        if (span_eq(name, span_str(algs[i].name)))
            return &algs[i];
    return NULL;
}

const struct decrypt_enc *decrypt_enc_by_name(struct span name)
{
    for (size_t i = 0; i < COUNT_OF(encs); i++)
        if (span_eq(name, span_str(encs[i].name)))
            return &encs[i];
    return NULL;
}
