/* SPDX-License-Identifier: Apache-2.0 */
/* OpenSSL's generator, spelled in base64url. */
#include "jose/random.h"

#include "jose/b64url.h"

#include <openssl/crypto.h>
#include <openssl/rand.h>

bool random_text(char out[RANDOM_TEXT_BYTES], struct err *err)
{
    unsigned char bytes[32];
    if (RAND_priv_bytes(bytes, sizeof bytes) != 1)
        return fail(err, REASON_SYSTEM, "the system gives no random bytes");
    b64url_encode(bytes, sizeof bytes, out);
    OPENSSL_cleanse(bytes, sizeof bytes);
    return true;
}
