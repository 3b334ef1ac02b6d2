/* SPDX-License-Identifier: Apache-2.0 */
/* Signing for tests by plain OpenSSL calls, none of them shared with the code that verifies. */
#include "signing.h"

#include "base/buf.h"
#include "jose/b64url.h"

#include <openssl/bio.h>
#include <openssl/core_names.h>
#include <openssl/ecdsa.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>

#include <stdio.h>
#include <string.h>

static void need(bool is_true, const char *what)
{
    if (is_true)
        return;
    fprintf(stderr, "signing: %s\n", what);
    abort();
}

static EVP_PKEY *generate(enum signer_kind kind)
{
    switch (kind) {
    case SIGNER_RSA2048: return EVP_PKEY_Q_keygen(NULL, NULL, "RSA", (size_t)2048);
    case SIGNER_P256: return EVP_PKEY_Q_keygen(NULL, NULL, "EC", "P-256");
    case SIGNER_P384: return EVP_PKEY_Q_keygen(NULL, NULL, "EC", "P-384");
    case SIGNER_P521: return EVP_PKEY_Q_keygen(NULL, NULL, "EC", "P-521");
    case SIGNER_ED25519: return EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
    case SIGNER_ED448: return EVP_PKEY_Q_keygen(NULL, NULL, "ED448");
    case SIGNER_SECRET: break;
    }
    return NULL;
}

static struct signer *signer_empty(enum signer_kind kind, const char *kid)
{
    struct signer *signer = calloc(1, sizeof *signer);
    need(signer != NULL, "no memory");
    signer->kind = kind;
    signer->pss_salt_bytes = RSA_PSS_SALTLEN_DIGEST;
    snprintf(signer->kid, sizeof signer->kid, "%s", kid == NULL ? "" : kid);
    return signer;
}

struct signer *signer_new(enum signer_kind kind, const char *kid)
{
    if (kind == SIGNER_SECRET) {
        unsigned char secret[SIGNER_SECRET_BYTES];
        need(RAND_bytes(secret, sizeof secret) == 1, "no random bytes");
        return signer_from_secret(span_of(secret, sizeof secret), kid);
    }
    struct signer *signer = signer_empty(kind, kid);
    signer->pkey = generate(kind);
    need(signer->pkey != NULL, "key generation");
    return signer;
}

struct signer *signer_from_secret(struct span secret, const char *kid)
{
    struct signer *signer = signer_empty(SIGNER_SECRET, kid);
    signer->secret = span_of(span_dup(secret), secret.len);
    need(signer->secret.at != NULL, "no memory");
    return signer;
}

void signer_free(struct signer *signer)
{
    if (signer == NULL)
        return;
    EVP_PKEY_free(signer->pkey);
    free((void *)signer->secret.at);
    free(signer);
}

enum alg signer_alg(const struct signer *signer)
{
    static const enum alg algs[] = {
        [SIGNER_RSA2048] = ALG_RS256, [SIGNER_P256] = ALG_ES256,    [SIGNER_P384] = ALG_ES384,
        [SIGNER_P521] = ALG_ES512,    [SIGNER_ED25519] = ALG_EDDSA, [SIGNER_SECRET] = ALG_HS512,
        [SIGNER_ED448] = ALG_ED448,
    };
    return algs[signer->kind];
}

/* --- signatures --- */

static size_t sign_mac(const struct signer *signer, const char *digest, struct span input, unsigned char *out)
{
    unsigned len = 0;
    const EVP_MD *md = EVP_get_digestbyname(digest);
    need(HMAC(md, signer->secret.at, (int)signer->secret.len, (const unsigned char *)input.at, input.len, out, &len) !=
             NULL,
         "HMAC");
    return len;
}

static size_t raw_from_der(const unsigned char *der, size_t len, unsigned char *out, size_t half)
{
    ECDSA_SIG *sig = d2i_ECDSA_SIG(NULL, &der, (long)len);
    need(sig != NULL && BN_bn2binpad(ECDSA_SIG_get0_r(sig), out, (int)half) >= 0 &&
             BN_bn2binpad(ECDSA_SIG_get0_s(sig), out + half, (int)half) >= 0,
         "ECDSA");
    ECDSA_SIG_free(sig);
    return 2 * half;
}

static size_t sign_public(const struct signer *signer, const struct alg_info *info, struct span input,
                          unsigned char *out)
{
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    EVP_PKEY_CTX *pctx = NULL;
    size_t len = SIGNER_BYTES_MAX;
    need(EVP_DigestSignInit_ex(ctx, &pctx, info->digest, NULL, NULL, signer->pkey, NULL) == 1, "sign init");
    if (info->is_pss)
        need(EVP_PKEY_CTX_set_rsa_padding(pctx, RSA_PKCS1_PSS_PADDING) == 1 &&
                 EVP_PKEY_CTX_set_rsa_pss_saltlen(pctx, signer->pss_salt_bytes) == 1,
             "PSS");
    need(EVP_DigestSign(ctx, out, &len, (const unsigned char *)input.at, input.len) == 1, "sign");
    EVP_MD_CTX_free(ctx);
    return len;
}

size_t signer_sign(const struct signer *signer, enum alg alg, struct span input, unsigned char out[SIGNER_BYTES_MAX])
{
    const struct alg_info *info = alg_info(alg);
    if (signer->kind == SIGNER_SECRET)
        return sign_mac(signer, info->digest, input, out);
    if (info->family != KEY_EC)
        return sign_public(signer, info, input, out);
    unsigned char der[SIGNER_BYTES_MAX];
    size_t len = sign_public(signer, info, input, der);
    return raw_from_der(der, len, out, (size_t)(EVP_PKEY_get_bits(signer->pkey) + 7) / 8);
}

/* --- keys as JSON --- */

static char *text_of(struct buf *b)
{
    need(buf_add_char(b, '\0'), "no memory");
    char *text = span_dup(span_of(b->at + b->begin, buf_len(b) - 1));
    need(text != NULL, "no memory");
    buf_fini(b);
    return text;
}

static void add_bytes(struct buf *b, const char *name, const void *bytes, size_t len)
{
    char *text = signer_base64url(span_of(bytes, len));
    buf_printf(b, ",\"%s\":\"%s\"", name, text);
    free(text);
}

static void add_number(struct buf *b, const struct signer *signer, const char *name, const char *param, size_t bytes)
{
    unsigned char out[SIGNER_BYTES_MAX];
    BIGNUM *number = NULL;
    need(EVP_PKEY_get_bn_param(signer->pkey, param, &number) == 1, param);
    int len = bytes == 0 ? BN_bn2bin(number, out) : BN_bn2binpad(number, out, (int)bytes);
    BN_free(number);
    add_bytes(b, name, out, (size_t)len);
}

static void add_ec(struct buf *b, const struct signer *signer, const char *crv)
{
    size_t bytes = (size_t)(EVP_PKEY_get_bits(signer->pkey) + 7) / 8;
    buf_printf(b, "\"kty\":\"EC\",\"crv\":\"%s\"", crv);
    add_number(b, signer, "x", OSSL_PKEY_PARAM_EC_PUB_X, bytes);
    add_number(b, signer, "y", OSSL_PKEY_PARAM_EC_PUB_Y, bytes);
}

static void add_key(struct buf *b, const struct signer *signer)
{
    unsigned char point[64];
    size_t len = sizeof point;
    switch (signer->kind) {
    case SIGNER_RSA2048:
        buf_add_str(b, "\"kty\":\"RSA\"");
        add_number(b, signer, "n", OSSL_PKEY_PARAM_RSA_N, 0);
        add_number(b, signer, "e", OSSL_PKEY_PARAM_RSA_E, 0);
        return;
    case SIGNER_P256: add_ec(b, signer, "P-256"); return;
    case SIGNER_P384: add_ec(b, signer, "P-384"); return;
    case SIGNER_P521: add_ec(b, signer, "P-521"); return;
    case SIGNER_ED25519:
    case SIGNER_ED448:
        need(EVP_PKEY_get_raw_public_key(signer->pkey, point, &len) == 1, "Edwards point");
        buf_printf(b, "\"kty\":\"OKP\",\"crv\":\"%s\"", signer->kind == SIGNER_ED448 ? "Ed448" : "Ed25519");
        add_bytes(b, "x", point, len);
        return;
    case SIGNER_SECRET:
        buf_add_str(b, "\"kty\":\"oct\"");
        add_bytes(b, "k", signer->secret.at, signer->secret.len);
        return;
    }
}

char *signer_jwk(const struct signer *signer, const char *members)
{
    struct buf b = {0};
    buf_add_char(&b, '{');
    add_key(&b, signer);
    if (signer->kid[0] != '\0') {
        buf_add_str(&b, ",\"kid\":\"");
        buf_add_json(&b, span_str(signer->kid));
        buf_add_char(&b, '"');
    }
    if (members != NULL)
        buf_printf(&b, ",%s", members);
    buf_add_char(&b, '}');
    return text_of(&b);
}

char *signer_jwks(const struct signer *const *signers, size_t count)
{
    struct buf b = {0};
    buf_add_str(&b, "{\"keys\":[");
    for (size_t i = 0; i < count; i++) {
        char *jwk = signer_jwk(signers[i], NULL);
        buf_printf(&b, "%s%s", i == 0 ? "" : ",", jwk);
        free(jwk);
    }
    buf_add_str(&b, "]}");
    return text_of(&b);
}

/* --- tokens --- */

char *signer_base64url(struct span bytes)
{
    char *out = malloc(b64url_chars(bytes.len) + 1);
    need(out != NULL, "no memory");
    b64url_encode(bytes.at, bytes.len, out);
    return out;
}

char *signer_join(struct span header, struct span payload, struct span signature)
{
    struct buf b = {0};
    char *parts[] = {signer_base64url(header), signer_base64url(payload), signer_base64url(signature)};
    buf_printf(&b, "%s.%s.%s", parts[0], parts[1], parts[2]);
    for (size_t i = 0; i < COUNT_OF(parts); i++)
        free(parts[i]);
    return text_of(&b);
}

char *signer_token_over(const struct signer *signer, enum alg alg, struct span signing_input)
{
    struct buf b = {0};
    unsigned char signature[SIGNER_BYTES_MAX];
    char *text = signer_base64url(span_of(signature, signer_sign(signer, alg, signing_input, signature)));
    buf_add_span(&b, signing_input);
    buf_printf(&b, ".%s", text);
    free(text);
    return text_of(&b);
}

static char *default_header(const struct signer *signer, enum alg alg)
{
    struct buf b = {0};
    buf_printf(&b, "{\"alg\":\"%s\",\"typ\":\"JWT\"", alg_info(alg)->name);
    if (signer->kid[0] != '\0') {
        buf_add_str(&b, ",\"kid\":\"");
        buf_add_json(&b, span_str(signer->kid));
        buf_add_char(&b, '"');
    }
    buf_add_char(&b, '}');
    return text_of(&b);
}

char *signer_token(const struct signer *signer, enum alg alg, const char *header, struct span payload)
{
    struct buf b = {0};
    char *made = header == NULL ? default_header(signer, alg) : NULL;
    char *first = signer_base64url(span_str(made == NULL ? header : made)), *second = signer_base64url(payload);
    buf_printf(&b, "%s.%s", first, second);
    char *token = signer_token_over(signer, alg, buf_span(&b));
    free(made);
    free(first);
    free(second);
    buf_fini(&b);
    return token;
}

/* --- certificates --- */

unsigned char *signer_certificate(const struct signer *signer, size_t *len)
{
    X509 *certificate = X509_new();
    X509_NAME *name = X509_get_subject_name(certificate);
    const EVP_MD *md = signer->kind == SIGNER_ED25519 || signer->kind == SIGNER_ED448 ? NULL : EVP_sha256();
    need(X509_set_version(certificate, X509_VERSION_3) == 1 &&
             ASN1_INTEGER_set(X509_get_serialNumber(certificate), 1) == 1 &&
             ASN1_TIME_set_string_X509(X509_getm_notBefore(certificate), "20000101000000Z") == 1 &&
             ASN1_TIME_set_string_X509(X509_getm_notAfter(certificate), "20491231235959Z") == 1 &&
             X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, (const unsigned char *)"test", -1, -1, 0) == 1 &&
             X509_set_issuer_name(certificate, name) == 1 && X509_set_pubkey(certificate, signer->pkey) == 1 &&
             X509_sign(certificate, signer->pkey, md) > 0,
         "certificate");
    unsigned char *der = NULL;
    int bytes = i2d_X509(certificate, &der);
    need(bytes > 0, "certificate");
    unsigned char *copy = malloc((size_t)bytes);
    need(copy != NULL, "no memory");
    memcpy(copy, der, (size_t)bytes);
    OPENSSL_free(der);
    X509_free(certificate);
    *len = (size_t)bytes;
    return copy;
}

char *signer_public_pem(const struct signer *signer)
{
    BIO *bio = BIO_new(BIO_s_mem());
    char *at = NULL;
    need(bio != NULL && PEM_write_bio_PUBKEY(bio, signer->pkey) == 1, "PEM");
    long len = BIO_get_mem_data(bio, &at);
    char *text = span_dup(span_of(at, (size_t)len));
    BIO_free(bio);
    return text;
}
