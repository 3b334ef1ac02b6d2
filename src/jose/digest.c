/* SPDX-License-Identifier: Apache-2.0 */
/* Digests by OpenSSL. */
#include "jose/digest.h"

#include "jose/b64url.h"

#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>

static bool no_memory(struct err *err)
{
    ERR_clear_error();
    return fail(err, REASON_OUT_OF_MEMORY, "no memory for a digest");
}

/* OpenSSL is given no NULL. */
static struct span solid(struct span bytes)
{
    return bytes.len == 0 ? SPAN("") : bytes;
}

bool digest_sha256(struct span bytes, unsigned char out[DIGEST_BYTES], struct err *err)
{
    bytes = solid(bytes);
    return EVP_Q_digest(NULL, "SHA256", NULL, bytes.at, bytes.len, out, NULL) == 1 || no_memory(err);
}

bool digest_sha1(struct span bytes, unsigned char out[DIGEST_SHA1_BYTES], struct err *err)
{
    bytes = solid(bytes);
    return EVP_Q_digest(NULL, "SHA1", NULL, bytes.at, bytes.len, out, NULL) == 1 || no_memory(err);
}

bool digest_text(struct span bytes, char out[DIGEST_TEXT_BYTES], struct err *err)
{
    unsigned char hash[DIGEST_BYTES];
    if (!digest_sha256(bytes, hash, err))
        return false;
    b64url_encode(hash, sizeof hash, out);
    return true;
}

bool digest_mac(struct span key, struct span bytes, unsigned char out[DIGEST_BYTES], struct err *err)
{
    bytes = solid(bytes);
    return EVP_Q_mac(NULL, "HMAC", NULL, "SHA256", NULL, key.at, key.len, (const unsigned char *)bytes.at, bytes.len,
                     out, DIGEST_BYTES, NULL) != NULL ||
           no_memory(err);
}

bool digest_eq(struct span a, struct span b)
{
    return a.len == b.len && (a.len == 0 || CRYPTO_memcmp(a.at, b.at, a.len) == 0);
}
