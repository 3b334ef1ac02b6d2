/* SPDX-License-Identifier: Apache-2.0 */
/* Making, reading as PEM, signing.  JWKs, in and out, stand in secret_key_jwk.c. */
#include "dev/secret_key.h"

#include "secret_key_int.h"

#include <openssl/bio.h>
#include <openssl/ec.h>
#include <openssl/ecdsa.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/objects.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/rsa.h>

#include <limits.h>
#include <string.h>

enum { RSA_BITS = 2048 };

void secret_key_free(struct secret_key *key)
{
    if (key == NULL)
        return;
    EVP_PKEY_free(key->pkey);
    if (key->secret != NULL)
        OPENSSL_cleanse(key->secret, key->secret_len);
    free(key->secret);
    free(key);
}

struct secret_key *secret_key_empty(enum alg alg, struct span kid, struct err *err)
{
    struct secret_key *key = calloc(1, sizeof *key);
    if (key == NULL) {
        fail(err, REASON_OUT_OF_MEMORY, "no memory for a key");
        return NULL;
    }
    if (kid.len > SECRET_KEY_KID_BYTES_MAX) {
        free(key);
        fail(err, REASON_USAGE, "the kid has %zu bytes; at most %d are taken", kid.len, SECRET_KEY_KID_BYTES_MAX);
        return NULL;
    }
    key->alg = alg;
    memcpy(key->kid, kid.at == NULL ? "" : kid.at, kid.len);
    return key;
}

static bool make_secret(struct secret_key *key)
{
    key->secret_len = alg_info(key->alg)->signature_bytes;
    key->secret = malloc(key->secret_len);
    return key->secret != NULL && RAND_bytes(key->secret, (int)key->secret_len) == 1;
}

static bool make_material(struct secret_key *key)
{
    const struct alg_info *info = alg_info(key->alg);
    switch (info->family) {
    case KEY_RSA: key->pkey = EVP_PKEY_Q_keygen(NULL, NULL, "RSA", (size_t)RSA_BITS); break;
    case KEY_EC: key->pkey = EVP_PKEY_Q_keygen(NULL, NULL, "EC", info->curve); break;
    case KEY_OKP: key->pkey = EVP_PKEY_Q_keygen(NULL, NULL, key->alg == ALG_ED448 ? "ED448" : "ED25519"); break;
    case KEY_OCT: return make_secret(key);
    }
    return key->pkey != NULL;
}

struct secret_key *secret_key_make(enum alg alg, const char *kid, struct err *err)
{
    AUTO_PTR(secret_key) key = secret_key_empty(alg, span_str(kid), err);
    if (key != NULL && make_material(key))
        return STEAL(key);
    if (key != NULL)
        fail(err, REASON_SYSTEM, "no key could be made: %s", ERR_reason_error_string(ERR_peek_last_error()));
    ERR_clear_error();
    return NULL;
}

/* --- reading --- */

static enum alg alg_of_curve(const EVP_PKEY *pkey)
{
    char group[64] = "";
    size_t len = 0;
    EVP_PKEY_get_group_name(pkey, group, sizeof group, &len);
    int nid = OBJ_txt2nid(group) == NID_undef ? EC_curve_nist2nid(group) : OBJ_txt2nid(group);
    for (enum alg alg = ALG_ES256; alg <= ALG_ES512; alg++)
        if (nid != NID_undef && nid == EC_curve_nist2nid(alg_info(alg)->curve))
            return alg;
    return ALG_UNKNOWN;
}

static enum alg alg_of(const struct secret_key *key)
{
    if (key->secret != NULL)
        return ALG_HS256;
    switch (EVP_PKEY_get_base_id(key->pkey)) {
    case EVP_PKEY_RSA: return ALG_RS256;
    case EVP_PKEY_EC: return alg_of_curve(key->pkey);
    case EVP_PKEY_ED25519: return ALG_EDDSA;
    case EVP_PKEY_ED448: return ALG_ED448;
    default: return ALG_UNKNOWN;
    }
}

/* Whether a key whose first algorithm is `natural` can sign with `asked`. */
static bool can_sign(enum alg natural, enum alg asked)
{
    switch (alg_info(natural)->family) {
    case KEY_EC: return asked == natural;
    case KEY_OKP: return asked == natural || asked == (natural == ALG_ED448 ? ALG_EDDSA : ALG_ED25519);
    case KEY_RSA:
    case KEY_OCT: return alg_info(asked)->family == alg_info(natural)->family;
    }
    return false;
}

bool secret_key_settle_alg(struct secret_key *key, enum alg asked, struct err *err)
{
    enum alg natural = alg_of(key);
    if (natural == ALG_UNKNOWN)
        return fail(err, REASON_KEY_UNUSABLE,
                    "RSA, EC on P-256, P-384 or P-521, Ed25519, Ed448 and oct keys sign; this is another");
    if (asked == ALG_UNKNOWN)
        asked = key->alg == ALG_UNKNOWN ? natural : key->alg;
    key->alg = asked;
    if (!can_sign(natural, asked))
        return fail(err, REASON_KEY_UNUSABLE, "the key cannot sign with %s; %s fits it", alg_info(asked)->name,
                    alg_info(natural)->name);
    return true;
}

static struct secret_key *read_pem(struct span bytes, enum alg alg, const char *kid, struct err *err)
{
    AUTO_PTR(secret_key) key = secret_key_empty(ALG_UNKNOWN, span_str(kid), err);
    BIO *bio = BIO_new_mem_buf(bytes.at, (int)bytes.len);
    if (key != NULL && bio != NULL)
        key->pkey = PEM_read_bio_PrivateKey(bio, NULL, NULL, (void *)(uintptr_t) "");
    BIO_free(bio);
    ERR_clear_error();
    if (key != NULL && key->pkey == NULL)
        fail(err, REASON_KEY_UNUSABLE, "no private key without password in the PEM");
    return key != NULL && key->pkey != NULL && secret_key_settle_alg(key, alg, err) ? STEAL(key) : NULL;
}

struct secret_key *secret_key_read(struct span bytes, enum alg alg, const char *kid, struct err *err)
{
    if (bytes.len > INT_MAX) {
        fail(err, REASON_KEY_UNUSABLE, "too large for a key");
        return NULL;
    }
    if (span_holds(bytes, SPAN("-----BEGIN ")))
        return read_pem(bytes, alg, kid, err);
    return secret_key_read_jwk(bytes, alg, kid, err);
}

bool secret_key_write_pem(const struct secret_key *key, bool is_private, struct buf *out)
{
    BIO *bio = key->pkey == NULL ? NULL : BIO_new(BIO_s_mem());
    bool is_written =
        bio != NULL && (is_private ? PEM_write_bio_PKCS8PrivateKey(bio, key->pkey, NULL, NULL, 0, NULL, NULL)
                                   : PEM_write_bio_PUBKEY(bio, key->pkey)) == 1;
    char *text = NULL;
    long len = is_written ? BIO_get_mem_data(bio, &text) : 0;
    is_written = is_written && buf_add(out, text, (size_t)len);
    BIO_free(bio);
    return is_written;
}

/* --- signing --- */

static bool sign_mac(const struct secret_key *key, const EVP_MD *digest, struct span input, unsigned char *out,
                     size_t *len)
{
    unsigned written = 0;
    bool is_signed = HMAC(digest, key->secret, (int)key->secret_len, (const unsigned char *)input.at, input.len, out,
                          &written) != NULL;
    *len = written;
    return is_signed;
}

static bool sign_with(const struct secret_key *key, struct span input, unsigned char *out, size_t *len)
{
    const struct alg_info *info = alg_info(key->alg);
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    EVP_PKEY_CTX *pctx = NULL;
    *len = SECRET_KEY_SIGNATURE_BYTES_MAX;
    bool is_signed = ctx != NULL && EVP_DigestSignInit_ex(ctx, &pctx, info->digest, NULL, NULL, key->pkey, NULL) == 1;
    if (info->is_pss)
        is_signed = is_signed && EVP_PKEY_CTX_set_rsa_padding(pctx, RSA_PKCS1_PSS_PADDING) == 1 &&
                    EVP_PKEY_CTX_set_rsa_pss_saltlen(pctx, RSA_PSS_SALTLEN_DIGEST) == 1;
    is_signed = is_signed && EVP_DigestSign(ctx, out, len, (const unsigned char *)input.at, input.len) == 1;
    EVP_MD_CTX_free(ctx);
    return is_signed;
}

/* RFC 7518 3.4: r then s, each as long as the curve's order. */
static bool sign_ec(const struct secret_key *key, struct span input, unsigned char *out, size_t *len)
{
    unsigned char der[SECRET_KEY_SIGNATURE_BYTES_MAX];
    const unsigned char *at = der;
    size_t der_len;
    *len = alg_info(key->alg)->signature_bytes;
    ECDSA_SIG *parts = sign_with(key, input, der, &der_len) ? d2i_ECDSA_SIG(NULL, &at, (long)der_len) : NULL;
    int half = (int)(*len / 2);
    bool is_signed = parts != NULL && BN_bn2binpad(ECDSA_SIG_get0_r(parts), out, half) == half &&
                     BN_bn2binpad(ECDSA_SIG_get0_s(parts), out + half, half) == half;
    ECDSA_SIG_free(parts);
    return is_signed;
}

bool secret_key_sign(const struct secret_key *key, struct span input, unsigned char out[SECRET_KEY_SIGNATURE_BYTES_MAX],
                     size_t *len, struct err *err)
{
    const struct alg_info *info = alg_info(key->alg);
    bool is_signed = false;
    switch (info->family) {
    case KEY_OCT: is_signed = sign_mac(key, EVP_get_digestbyname(info->digest), input, out, len); break;
    case KEY_EC: is_signed = sign_ec(key, input, out, len); break;
    case KEY_RSA:
    case KEY_OKP: is_signed = sign_with(key, input, out, len); break;
    }
    ERR_clear_error();
    return is_signed || fail(err, REASON_SYSTEM, "OpenSSL did not sign with %s", info->name);
}
