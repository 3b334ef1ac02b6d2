/* SPDX-License-Identifier: Apache-2.0 */
/* A token that is taken apart joins to itself again, and what is said of it fits its header. */
#include "jose/b64url.h"
#include "jose/token.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void need(bool is_true)
{
    if (!is_true)
        abort();
}

static void check_parts(const struct token *token)
{
    char *signature = malloc(b64url_chars(token->signature.len) + 1);
    need(signature != NULL);
    size_t len = b64url_encode(token->signature.at, token->signature.len, signature);
    need(token->signing_input.len + 1 + len == token->raw.len);
    need(span_ends(token->raw, span_of(signature, len)) && span_starts(token->raw, token->signing_input));
    need(span_ends(token->signing_input, token->payload_text));
    free(signature);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    AUTO(arena) arena = {0};
    struct token token;
    struct token_limits limits = {16384, 8};
    struct err err;
    char hash[13];
    if (!token_read(&token, &arena, span_of(data, size), &limits, &err)) {
        need(err.reason == REASON_JWT_INVALID);
        return 0;
    }
    token_short_hash(token.raw, hash);
    need(strlen(hash) == 12);
    if (token.is_encrypted)
        return 0;
    check_parts(&token);
    need(token.is_unsigned == (token.signature.len == 0));
    need(!token.is_unsigned || token.alg == ALG_UNKNOWN);
    need(token.alg == ALG_UNKNOWN || span_eq(span_str(alg_info(token.alg)->name), token.alg_text));
    need(tape_member(&token.header, NULL, SPAN("crit")) == NULL);
    return 0;
}
