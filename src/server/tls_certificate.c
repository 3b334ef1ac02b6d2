/* SPDX-License-Identifier: Apache-2.0 */
/* What a client's certificate says, as server/certificate.h has it: in one piece of memory, the texts behind the struct. */
#include "tls_int.h"

#include <openssl/bn.h>
#include <openssl/err.h>
#include <openssl/evp.h>

/* RFC 4514 with a blank behind each comma; letters beyond ASCII stay as they are, control bytes do not. */
enum {
    NAME_FLAGS = (XN_FLAG_RFC2253 & ~XN_FLAG_SEP_MASK & ~ASN1_STRFLGS_ESC_MSB) | XN_FLAG_SEP_CPLUS_SPC,
    THUMBPRINT_BYTES = 20,
    SERIAL_BYTES_MAX = 64
};

struct parts {
    BIO *subject, *issuer;
    char serial[2 * SERIAL_BYTES_MAX + 1], thumbprint[2 * THUMBPRINT_BYTES + 1];
};

static void hex_put(char *out, const unsigned char *bytes, size_t count)
{
    static const char digits[] = "0123456789ABCDEF";
    for (size_t i = 0; i < count; i++) {
        out[2 * i] = digits[bytes[i] >> 4];
        out[2 * i + 1] = digits[bytes[i] & 15];
    }
    out[2 * count] = '\0';
}

static BIO *name_text(const X509_NAME *name)
{
    BIO *bio = BIO_new(BIO_s_mem());
    if (bio != NULL && X509_NAME_print_ex(bio, name, 0, NAME_FLAGS) >= 0)
        return bio;
    BIO_free(bio);
    return NULL;
}

static struct span bio_text(BIO *bio)
{
    char *at = NULL;
    long len = BIO_get_mem_data(bio, &at);
    return span_of(at, (size_t)len);
}

/* RFC 5280 4.1.2.2 has 20 bytes at most; what has more than there is room for is left out. */
static bool serial_put(char *out, const X509 *certificate)
{
    unsigned char bytes[SERIAL_BYTES_MAX];
    BIGNUM *number = ASN1_INTEGER_to_BN(X509_get0_serialNumber(certificate), NULL);
    bool is_ok = number != NULL;
    size_t len = is_ok ? (size_t)BN_num_bytes(number) : 0;
    if (is_ok && len <= sizeof bytes) {
        BN_bn2bin(number, bytes);
        bytes[0] = len == 0 ? 0 : bytes[0];
        hex_put(out, bytes, len == 0 ? 1 : len);
    }
    BN_free(number);
    return is_ok;
}

static struct span put(char **at, struct span text)
{
    memcpy(*at, text.at, text.len);
    struct span copy = span_of(*at, text.len);
    *at += text.len;
    return copy;
}

static struct client_certificate *assemble(const struct parts *parts)
{
    struct span subject = bio_text(parts->subject);
    struct span issuer = bio_text(parts->issuer);
    struct client_certificate *made =
        calloc(1, sizeof *made + subject.len + issuer.len + sizeof parts->serial + sizeof parts->thumbprint);
    if (made == NULL)
        return NULL;
    char *at = (char *)(made + 1);
    made->subject = put(&at, subject);
    made->issuer = put(&at, issuer);
    made->serial = put(&at, span_str(parts->serial));
    made->thumbprint = put(&at, span_str(parts->thumbprint));
    return made;
}

static struct client_certificate *read_parts(const X509 *certificate, struct parts *parts)
{
    unsigned char digest[EVP_MAX_MD_SIZE];
    parts->subject = name_text(X509_get_subject_name(certificate));
    parts->issuer = name_text(X509_get_issuer_name(certificate));
    if (parts->subject == NULL || parts->issuer == NULL || !serial_put(parts->serial, certificate) ||
        X509_digest(certificate, EVP_sha1(), digest, NULL) != 1)
        return NULL;
    hex_put(parts->thumbprint, digest, THUMBPRINT_BYTES);
    struct client_certificate *made = assemble(parts);
    if (made == NULL || X509_digest(certificate, EVP_sha256(), made->sha256, NULL) != 1) {
        free(made);
        return NULL;
    }
    made->not_before_s = tls_pem_time_s(X509_get0_notBefore(certificate));
    made->not_after_s = tls_pem_time_s(X509_get0_notAfter(certificate));
    return made;
}

struct client_certificate *tls_server_certificate(const struct transport *transport, struct err *err)
{
    struct parts parts = {NULL, NULL, "", ""};
    const X509 *certificate = transport->tls == NULL ? NULL : SSL_get0_peer_certificate(transport->tls);
    *err = (struct err){0};
    /* Where none was asked for, none was verified. */
    if (certificate == NULL || (SSL_get_verify_mode(transport->tls) & SSL_VERIFY_PEER) == 0)
        return NULL;
    struct client_certificate *made = read_parts(certificate, &parts);
    BIO_free(parts.subject);
    BIO_free(parts.issuer);
    ERR_clear_error();
    if (made == NULL)
        fail(err, REASON_OUT_OF_MEMORY, "no memory for the client's certificate");
    return made;
}
