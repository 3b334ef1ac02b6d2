/* SPDX-License-Identifier: Apache-2.0 */
/* Keys out of certificates.  A certificate is a container of a key here: no chain, no trust, no validity is looked at; trust
 * comes from where the bytes came from.
 */
#include "key_int.h"

#include "jose/b64url.h"

#include <openssl/bio.h>
#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/pkcs12.h>
#include <openssl/x509.h>

#include <string.h>
#include <time.h>

enum { CERTIFICATE_BYTES_MAX = 1 << 20, SHA1_BYTES = 20 };

/* OpenSSL's names of the curves, each with that of a JWK. */
static const struct {
    const char *group;
    const char *crv;
} groups[] = {{"prime256v1", "P-256"}, {"P-256", "P-256"},     {"secp384r1", "P-384"},
              {"P-384", "P-384"},      {"secp521r1", "P-521"}, {"P-521", "P-521"}};

/* Writes the key's number `name` to `out`: padded to `size` bytes, or as short as it is. */
static bool read_number(const EVP_PKEY *pkey, const char *name, unsigned char *out, size_t size, bool is_padded,
                        struct span *number)
{
    BIGNUM *bn = NULL;
    bool is_read = EVP_PKEY_get_bn_param(pkey, name, &bn) == 1 && (size_t)BN_num_bytes(bn) <= size;
    int len = is_read ? is_padded ? BN_bn2binpad(bn, out, (int)size) : BN_bn2bin(bn, out) : -1;
    BN_free(bn);
    *number = span_of(out, len < 0 ? 0 : (size_t)len);
    return len >= 0;
}

static bool rsa_from_pkey(struct material *m, const EVP_PKEY *pkey, struct err *err)
{
    unsigned char n_bytes[KEY_RSA_BYTES_MAX], e_bytes[KEY_RSA_BYTES_MAX];
    struct span n, e;
    if (!read_number(pkey, OSSL_PKEY_PARAM_RSA_N, n_bytes, sizeof n_bytes, false, &n) ||
        !read_number(pkey, OSSL_PKEY_PARAM_RSA_E, e_bytes, sizeof e_bytes, false, &e))
        return fail(err, REASON_KEY_UNUSABLE, "RSA key of more than %d bits", KEY_RSA_BITS_MAX);
    return key_material_rsa(m, n, e, err);
}

struct span key_x509_curve(const EVP_PKEY *pkey)
{
    char group[64] = "";
    EVP_PKEY_get_utf8_string_param(pkey, OSSL_PKEY_PARAM_GROUP_NAME, group, sizeof group, NULL);
    for (size_t i = 0; i < COUNT_OF(groups); i++)
        if (strcmp(groups[i].group, group) == 0)
            return span_str(groups[i].crv);
    return (struct span){NULL, 0};
}

static bool ec_from_pkey(struct material *m, const EVP_PKEY *pkey, struct err *err)
{
    unsigned char x_bytes[KEY_FIELD_BYTES_MAX], y_bytes[KEY_FIELD_BYTES_MAX];
    struct span x, y, crv = key_x509_curve(pkey);
    size_t bytes = (size_t)(EVP_PKEY_get_bits(pkey) + 7) / 8;
    if (crv.at == NULL || bytes > sizeof x_bytes)
        return fail(err, REASON_KEY_UNUSABLE, "a curve other than P-256, P-384, P-521");
    if (!read_number(pkey, OSSL_PKEY_PARAM_EC_PUB_X, x_bytes, bytes, true, &x) ||
        !read_number(pkey, OSSL_PKEY_PARAM_EC_PUB_Y, y_bytes, bytes, true, &y))
        return fail(err, REASON_KEY_UNUSABLE, "the point at infinity");
    return key_material_ec(m, crv, x, y, err);
}

static bool okp_from_pkey(struct material *m, const EVP_PKEY *pkey, struct span crv, struct err *err)
{
    unsigned char x[64];
    size_t len = sizeof x;
    if (EVP_PKEY_get_raw_public_key(pkey, x, &len) != 1)
        return fail(err, REASON_KEY_UNUSABLE, "%.*s key that cannot be read", SPAN_ARG(crv));
    return key_material_okp(m, crv, span_of(x, len), err);
}

static bool read_pkey(struct material *m, const EVP_PKEY *pkey, struct err *err)
{
    if (pkey != NULL && EVP_PKEY_is_a(pkey, "RSA") == 1)
        return rsa_from_pkey(m, pkey, err);
    if (pkey != NULL && EVP_PKEY_is_a(pkey, "EC") == 1)
        return ec_from_pkey(m, pkey, err);
    if (pkey != NULL && EVP_PKEY_is_a(pkey, "ED25519") == 1)
        return okp_from_pkey(m, pkey, SPAN("Ed25519"), err);
    if (pkey != NULL && EVP_PKEY_is_a(pkey, "ED448") == 1)
        return okp_from_pkey(m, pkey, SPAN("Ed448"), err);
    return fail(err, REASON_KEY_UNUSABLE, "the certificate's key is of a kind that is not known");
}

bool key_material_x509(struct material *m, X509 *certificate, struct err *err)
{
    bool is_read = read_pkey(m, X509_get0_pubkey(certificate), err);
    ERR_clear_error();
    return is_read;
}

X509 *key_x509_from_der(struct span der)
{
    const unsigned char *at = (const unsigned char *)der.at, *end = at + der.len;
    X509 *certificate = der.len > CERTIFICATE_BYTES_MAX ? NULL : d2i_X509(NULL, &at, (long)der.len);
    if (certificate != NULL && at != end) {
        X509_free(certificate);
        certificate = NULL;
    }
    ERR_clear_error();
    return certificate;
}

bool key_set_certificate(struct key *key, X509 *certificate, struct err *err)
{
    struct tm end;
    if (ASN1_TIME_to_tm(X509_get0_notAfter(certificate), &end) == 1)
        key->not_after_s = timegm(&end);
    unsigned char hash[EVP_MAX_MD_SIZE];
    char text[(SHA1_BYTES * 4 + 2) / 3 + 1];
    unsigned len = 0;
    if (key->x5t.len == 0 && X509_digest(certificate, EVP_sha1(), hash, &len) == 1 && len == SHA1_BYTES)
        return key_set_text(&key->x5t, span_of(text, b64url_encode(hash, len, text)), err);
    ERR_clear_error();
    return true;
}

int key_no_password(char *out, int size, int is_writing, void *context)
{
    (void)out, (void)size, (void)is_writing, (void)context;
    return -1;
}

static X509 *x509_from_pem(struct span bytes)
{
    BIO *bio = BIO_new_mem_buf(bytes.at, (int)bytes.len);
    X509 *certificate = bio == NULL ? NULL : PEM_read_bio_X509(bio, NULL, key_no_password, NULL);
    BIO_free(bio);
    return certificate;
}

/* The certificate of the private key in a PFX, else the only certificate it has. */
static X509 *x509_from_pfx(struct span bytes)
{
    const unsigned char *at = (const unsigned char *)bytes.at;
    PKCS12 *pfx = d2i_PKCS12(NULL, &at, (long)bytes.len);
    EVP_PKEY *private_key = NULL;
    X509 *certificate = NULL;
    STACK_OF(X509) *others = NULL;
    if (pfx != NULL && PKCS12_parse(pfx, "", &private_key, &certificate, &others) == 1 && certificate == NULL &&
        sk_X509_num(others) == 1)
        certificate = sk_X509_pop(others);
    sk_X509_pop_free(others, X509_free);
    EVP_PKEY_free(private_key);
    PKCS12_free(pfx);
    return certificate;
}

static X509 *x509_from_file(struct span bytes, struct err *err)
{
    X509 *certificate = NULL;
    if (bytes.len <= CERTIFICATE_BYTES_MAX && bytes.len > 0) {
        certificate = span_holds(bytes, SPAN("-----BEGIN ")) ? x509_from_pem(bytes) : key_x509_from_der(bytes);
        if (certificate == NULL)
            certificate = x509_from_pfx(bytes);
    }
    ERR_clear_error();
    if (certificate == NULL)
        fail(err, REASON_KEY_UNUSABLE, "no certificate found: PEM, DER or PFX without a password is expected");
    return certificate;
}

static struct key *key_from_x509(X509 *certificate, struct span kid, struct err *err)
{
    struct material m;
    if (!key_material_x509(&m, certificate, err))
        return NULL;
    AUTO_PTR(key) key = key_from_material(&m, err);
    if (key == NULL || !key_set_text(&key->kid, kid, err) || !key_set_certificate(key, certificate, err))
        return NULL;
    key->is_x509 = true;
    return STEAL(key);
}

struct key *key_from_certificate(struct span bytes, struct span kid, struct err *err)
{
    X509 *certificate = x509_from_file(bytes, err);
    struct key *key = certificate == NULL ? NULL : key_from_x509(certificate, kid, err);
    X509_free(certificate);
    return key;
}
