/* SPDX-License-Identifier: Apache-2.0 */
/* Certificates made on the spot: an authority, and what it signs. */
#ifndef TESTS_SERVER_CERTS_H
#define TESTS_SERVER_CERTS_H

#include "base/span.h"

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include <time.h>

enum { PEM_BYTES = 8192 };

struct maker {
    X509 *certificate;
    EVP_PKEY *key;
};

struct leaf {
    char certificate[PEM_BYTES], key[PEM_BYTES]; /* PEM */
    struct maker maker;
};

static inline void extension_add(X509 *certificate, int nid, const char *value)
{
    X509_EXTENSION *extension = X509V3_EXT_conf_nid(NULL, NULL, nid, value);
    assert_non_null(extension);
    X509_add_ext(certificate, extension, -1);
    X509_EXTENSION_free(extension);
}

/* Signed by `by` (NULL: by itself); good from a day ago until `end_s` from now.  `names`: as "DNS:a.test,DNS:b.test"; NULL: no
 * alternatives.
 */
static inline struct maker maker_new(const struct maker *by, const char *common_name, const char *names, long end_s)
{
    static int serial = 0x0a00;
    struct maker made = {X509_new(), EVP_EC_gen("P-256")};
    X509_set_version(made.certificate, 2);
    ASN1_INTEGER_set(X509_get_serialNumber(made.certificate), ++serial);
    X509_gmtime_adj(X509_getm_notBefore(made.certificate), -86400);
    X509_gmtime_adj(X509_getm_notAfter(made.certificate), end_s);
    X509_NAME *name = X509_get_subject_name(made.certificate);
    X509_NAME_add_entry_by_txt(name, "O", MBSTRING_ASC, (const unsigned char *)"Org, Inc", -1, -1, 0);
    X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, (const unsigned char *)common_name, -1, -1, 0);
    X509_set_issuer_name(made.certificate, by == NULL ? name : X509_get_subject_name(by->certificate));
    X509_set_pubkey(made.certificate, made.key);
    if (by == NULL)
        extension_add(made.certificate, NID_basic_constraints, "critical,CA:TRUE");
    if (names != NULL)
        extension_add(made.certificate, NID_subject_alt_name, names);
    assert_int_not_equal(X509_sign(made.certificate, by == NULL ? made.key : by->key, EVP_sha256()), 0);
    return made;
}

static inline void maker_free(struct maker *maker)
{
    X509_free(maker->certificate);
    EVP_PKEY_free(maker->key);
}

static inline void bio_take(BIO *bio, char out[PEM_BYTES])
{
    int len = BIO_read(bio, out, PEM_BYTES - 1);
    out[len < 0 ? 0 : len] = '\0';
    BIO_free(bio);
}

static inline void certificate_put(const struct maker *maker, char out[PEM_BYTES])
{
    BIO *bio = BIO_new(BIO_s_mem());
    PEM_write_bio_X509(bio, maker->certificate);
    bio_take(bio, out);
}

static inline void key_put(const struct maker *maker, const char *passphrase, char out[PEM_BYTES])
{
    BIO *bio = BIO_new(BIO_s_mem());
    PEM_write_bio_PrivateKey(bio, maker->key, passphrase == NULL ? NULL : EVP_aes_256_cbc(), NULL, 0, NULL,
                             (void *)(uintptr_t)passphrase);
    bio_take(bio, out);
}

static inline void leaf_init(struct leaf *leaf, const struct maker *by, const char *common_name, const char *names,
                             long end_s)
{
    leaf->maker = maker_new(by, common_name, names, end_s);
    certificate_put(&leaf->maker, leaf->certificate);
    key_put(&leaf->maker, NULL, leaf->key);
}

static inline void leaf_fini(struct leaf *leaf)
{
    maker_free(&leaf->maker);
}

#endif
