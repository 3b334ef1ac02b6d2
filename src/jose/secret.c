/* SPDX-License-Identifier: Apache-2.0 */
/* OpenSSL's generator, spelled in base64url. */
#include "jose/secret.h"

#include "jose/b64url.h"

#include <openssl/crypto.h>
#include <openssl/rand.h>

bool secret_text(char out[SECRET_TEXT_BYTES], struct err *err)
{
    unsigned char bytes[32];
    if (RAND_priv_bytes(bytes, sizeof bytes) != 1)
        return fail(err, REASON_SYSTEM, "the system gives no random bytes");
    b64url_encode(bytes, sizeof bytes, out);
    secret_wipe(bytes, sizeof bytes);
    return true;
}

void secret_wipe(void *at, size_t bytes)
{
    if (at != NULL)
        OPENSSL_cleanse(at, bytes);
}
