/* SPDX-License-Identifier: Apache-2.0 */
/* Certificates and keys out of PEM, for both sides of TLS. */
#include "tls_int.h"

#include <openssl/err.h>
#include <openssl/pem.h>

#include <limits.h>
#include <time.h>

/* Nobody is there to be asked for a passphrase. */
static int no_passphrase(char *out, int size, int is_writing, void *context)
{
    (void)out, (void)size, (void)is_writing, (void)context;
    return -1;
}

static BIO *bio_of(struct span pem)
{
    return pem.at == NULL || pem.len > INT_MAX ? NULL : BIO_new_mem_buf(pem.at, (int)pem.len);
}

int64_t tls_pem_time_s(const ASN1_TIME *time)
{
    struct tm parts;
    return ASN1_TIME_to_tm(time, &parts) == 1 ? (int64_t)timegm(&parts) : INT64_MIN;
}

/* All certificates, in their order; NULL where one is broken or there is none. */
static STACK_OF(X509) * certificates_of(struct span pem)
{
    BIO *bio = bio_of(pem);
    STACK_OF(X509) *all = sk_X509_new_null();
    X509 *one;
    while (bio != NULL && all != NULL && (one = PEM_read_bio_X509_AUX(bio, NULL, no_passphrase, NULL)) != NULL)
        if (sk_X509_push(all, one) == 0)
            X509_free(one);
    /* The end is told as a missing first line; anything else is a certificate that cannot be read. */
    bool is_whole = ERR_GET_REASON(ERR_peek_last_error()) == PEM_R_NO_START_LINE && sk_X509_num(all) > 0;
    BIO_free(bio);
    ERR_clear_error();
    if (is_whole)
        return all;
    sk_X509_pop_free(all, X509_free);
    return NULL;
}

bool tls_pem_trust(X509_STORE *store, struct span pem, struct err *err)
{
    STACK_OF(X509) *all = certificates_of(pem);
    bool is_ok = all != NULL;
    for (int i = 0; is_ok && i < sk_X509_num(all); i++)
        is_ok = X509_STORE_add_cert(store, sk_X509_value(all, i)) == 1;
    sk_X509_pop_free(all, X509_free);
    ERR_clear_error();
    return is_ok || fail(err, REASON_CONFIG, "holds no PEM certificate, or one that cannot be read");
}

STACK_OF(X509_NAME) * tls_pem_names(struct span pem)
{
    STACK_OF(X509) *all = certificates_of(pem);
    STACK_OF(X509_NAME) *names = sk_X509_NAME_new_null();
    for (int i = 0; names != NULL && i < sk_X509_num(all); i++) {
        X509_NAME *name = X509_NAME_dup(X509_get_subject_name(sk_X509_value(all, i)));
        if (name != NULL && sk_X509_NAME_push(names, name) == 0)
            X509_NAME_free(name);
    }
    sk_X509_pop_free(all, X509_free);
    ERR_clear_error();
    return names;
}

static EVP_PKEY *key_of(struct span pem)
{
    BIO *bio = bio_of(pem);
    EVP_PKEY *key = bio == NULL ? NULL : PEM_read_bio_PrivateKey(bio, NULL, no_passphrase, NULL);
    BIO_free(bio);
    ERR_clear_error();
    return key;
}

static bool use_chain(SSL_CTX *context, STACK_OF(X509) * chain, int64_t *end_s)
{
    bool is_ok = SSL_CTX_use_certificate(context, sk_X509_value(chain, 0)) == 1;
    *end_s = tls_pem_time_s(X509_get0_notAfter(sk_X509_value(chain, 0)));
    for (int i = 1; is_ok && i < sk_X509_num(chain); i++) {
        int64_t other_s = tls_pem_time_s(X509_get0_notAfter(sk_X509_value(chain, i)));
        is_ok = SSL_CTX_add1_chain_cert(context, sk_X509_value(chain, i)) == 1;
        *end_s = other_s < *end_s ? other_s : *end_s;
    }
    return is_ok;
}

/* What OpenSSL refuses is said in its words: keys too small for its security level, above all. */
static bool refuse(enum tls_part *part, enum tls_part which, const char *what, struct err *err)
{
    const char *why = ERR_reason_error_string(ERR_peek_last_error());
    *part = which;
    fail(err, REASON_CONFIG, "%s%s%s", what, why == NULL ? "" : ": ", why == NULL ? "" : why);
    ERR_clear_error();
    return false;
}

static bool use_key(SSL_CTX *context, const X509 *certificate, EVP_PKEY *key, enum tls_part *part, struct err *err)
{
    if (key == NULL)
        return refuse(part, TLS_PART_KEY, "holds no PEM private key that needs no passphrase", err);
    if (X509_check_private_key(certificate, key) != 1) {
        ERR_clear_error();
        return refuse(part, TLS_PART_KEY, "holds a key that is not that of the certificate", err);
    }
    return SSL_CTX_use_PrivateKey(context, key) == 1 || refuse(part, TLS_PART_KEY, "holds a key not to be used", err);
}

bool tls_pem_identity(SSL_CTX *context, const struct tls_pem_pair *pair, enum tls_part *part, int64_t *end_s,
                      struct err *err)
{
    STACK_OF(X509) *chain = certificates_of(pair->certificate);
    EVP_PKEY *key = key_of(pair->key);
    bool is_ok = false;
    ERR_clear_error();
    if (chain == NULL)
        refuse(part, TLS_PART_CERTIFICATE, "holds no PEM certificate, or one that cannot be read", err);
    else if (!use_chain(context, chain, end_s))
        refuse(part, TLS_PART_CERTIFICATE, "holds a certificate not to be used", err);
    else
        is_ok = use_key(context, sk_X509_value(chain, 0), key, part, err);
    sk_X509_pop_free(chain, X509_free);
    EVP_PKEY_free(key);
    ERR_clear_error();
    return is_ok;
}
