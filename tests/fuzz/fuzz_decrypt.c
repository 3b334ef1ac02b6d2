/* SPDX-License-Identifier: Apache-2.0 */
/* Encrypted tokens under known keys of every kind.  Bytes with a dot are a token; others are a header, put before parts of every
 * length that its alg and enc could ask for.
 *
 * Whatever comes: a reason, no clear text without a right tag, nothing left in OpenSSL's queue of errors.
 */
#include "jose/b64url.h"

#include "encrypting.h"

#include <openssl/err.h>

#include <stdio.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { DEPTH = 8, HEADER_BYTES_MAX = 4096 };

static void need(bool is_true)
{
    if (!is_true)
        abort();
}

static void open_token(const struct decrypt_keys *keys, struct span text)
{
    AUTO(arena) arena = {0};
    struct decrypted opened;
    struct err err = {.reason = REASON_NONE};
    bool is_open = decrypt_token(&opened, &arena, text, keys, DEPTH, &err);
    need(ERR_peek_error() == 0);
    need(is_open || (err.reason == REASON_JWT_INVALID && opened.content.at == NULL));
    if (!is_open)
        return;
    need(opened.content.len < text.len && opened.alg_text.len > 0);
    need(tape_member(&opened.header, NULL, SPAN("zip")) == NULL);
    need(tape_member(&opened.header, NULL, SPAN("crit")) == NULL);
}

static void open_header(const struct decrypt_keys *keys, struct span header)
{
    static const unsigned key_bytes[] = {0, 16, 24, 32, 40, 256}, iv_bytes[] = {12, 16}, tag_bytes[] = {16, 24, 32};
    char text[2 * HEADER_BYTES_MAX], filler[400];
    if (header.len > HEADER_BYTES_MAX)
        return;
    size_t len = b64url_encode(header.at, header.len, text);
    memset(filler, 'A', sizeof filler);
    for (size_t i = 0; i < COUNT_OF(key_bytes) * 2 * 3; i++) {
        int written = snprintf(text + len, sizeof text - len, ".%.*s.%.*s.%.*s.%.*s",
                               (int)b64url_chars(key_bytes[i / 6]), filler, (int)b64url_chars(iv_bytes[i % 2]), filler,
                               (int)b64url_chars(16), filler, (int)b64url_chars(tag_bytes[i / 2 % 3]), filler);
        open_token(keys, span_of(text, len + (size_t)written));
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct decrypt_keys *keys;
    if (keys == NULL)
        keys = encrypting_keys();
    struct span bytes = span_of(data, size);
    if (span_chr(bytes, '.') != NULL)
        open_token(keys, bytes);
    else
        open_header(keys, bytes);
    return 0;
}
