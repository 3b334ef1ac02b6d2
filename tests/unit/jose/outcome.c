/* SPDX-License-Identifier: Apache-2.0 */
#include "outcome.h"

#include "jose/claims.h"
#include "jose/verify.h"

#include <openssl/err.h>

#include <stdio.h>

enum { DEPTH = 16, TOKEN_BYTES_MAX = 64 * 1024 };

/* Every answer leaves OpenSSL's queue empty: this is checked with every signature of the tests. */
static bool verifies(struct keyset *set, const struct token *token, struct keyset_candidate candidate)
{
    struct err err = {0};
    AUTO_PTR(verifier) verifier = verifier_new(set);
    if (verifier == NULL)
        abort();
    bool is_good = verifier_check(verifier, candidate.key, token->alg, token->signing_input, token->signature, &err);
    if (ERR_peek_error() != 0 || (!is_good && err.reason != REASON_SIGNATURE_INVALID)) {
        fprintf(stderr, "reason %s: %s\n", reason_name(err.reason), err.text);
        abort();
    }
    return is_good;
}

enum outcome outcome_of(struct keyset *set, struct span text, bool is_payload_read)
{
    AUTO(arena) arena = {0};
    struct token token;
    struct err err;
    struct keyset_candidate candidates[KEYSET_TRIES_MAX];
    enum keyset_match match;
    struct token_limits limits = {TOKEN_BYTES_MAX, DEPTH};
    if (!token_read(&token, &arena, text, &limits, &err) || token.is_encrypted)
        return BAD_FORM;
    if (token.is_unsigned)
        return UNSIGNED;
    const struct keyset *sets[] = {NULL, set};
    size_t count = keyset_candidates(sets, COUNT_OF(sets), &token, candidates, &match), i = 0;
    while (i < count && !verifies(set, &token, candidates[i]))
        i++;
    if (i == count)
        return count == 0 ? NO_KEY : BAD_SIGNATURE;
    struct claims claims;
    if (is_payload_read && !claims_read(&claims, &arena, token.payload_text, DEPTH, &err))
        return BAD_PAYLOAD;
    return ACCEPTED;
}

const char *outcome_name(enum outcome outcome)
{
    static const char *const names[] = {"accepted", "bad form", "unsigned", "no key", "bad signature", "bad payload"};
    return names[outcome];
}

struct keyset *keyset_of(const char *jwks)
{
    struct err err;
    AUTO_PTR(jsondoc) doc = jsondoc_read(span_str(jwks), DEPTH, &err);
    struct keyset *set = keyset_new(SPAN("https://issuer.example"), 0);
    if (doc == NULL || set == NULL)
        abort();
    bool has_keys = keyset_add_jwks(set, jsondoc_root(doc), &err);
    if (has_keys != (set->count > 0))
        abort();
    return set;
}

struct key *key_of(const char *jwk, struct err *err)
{
    AUTO_PTR(jsondoc) doc = jsondoc_read(span_str(jwk), DEPTH, err);
    if (doc == NULL)
        abort();
    return key_from_jwk(jsondoc_root(doc), err);
}
