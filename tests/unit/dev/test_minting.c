/* SPDX-License-Identifier: Apache-2.0 */
/* Goal: what is minted verifies under the published key, by libjwt and by OpenSSL alike; what is broken fails where its name says,
 * and nowhere before.  Method: keys written out and read back, tokens judged by the layer that the gateway uses.
 */
#include "dev/commands.h"
#include "dev/minting.h"
#include "jose/claims.h"
#include "jose/keyset.h"
#include "jose/verify.h"
#include "unit.h"

enum { NOW_S = 1800000000, LIFETIME_S = 600 };

/* How far a token gets. */
enum fate { MALFORMED, UNSIGNED, NO_KEY, BAD_SIGNATURE, BAD_PAYLOAD, VERIFIED };

struct found {
    enum fate fate;
    struct claims claims;
    struct token token;
};

static struct keyset *published(const struct secret_key *key)
{
    AUTO(buf) text = {0};
    struct err err = {0};
    struct keyset *set = keyset_new(SPAN("https://i"), 0);
    if (key->secret != NULL) {
        struct key *shared = key_from_secret(span_of(key->secret, key->secret_len), span_str(key->kid), &err);
        assert_true(shared != NULL && keyset_add(set, shared, &err));
        return set;
    }
    assert_true(secret_key_write_set(&key, 1, false, &text));
    AUTO_PTR(jsondoc) doc = jsondoc_read(buf_span(&text), 8, &err);
    if (doc == NULL || !keyset_add_jwks(set, jsondoc_root(doc), &err))
        fail_msg("%s", err.text);
    return set;
}

static void judge_token(struct found *found, struct arena *arena, const struct secret_key *key, struct span text)
{
    const struct token_limits limits = {.token_bytes_max = 65536, .json_depth_max = 16};
    struct keyset *set = published(key);
    const struct keyset *sets[] = {set};
    struct keyset_candidate candidates[KEYSET_TRIES_MAX];
    enum keyset_match match;
    AUTO_PTR(verifier) verifier = verifier_new(set);
    found->fate = MALFORMED;
    if (token_read(&found->token, arena, text, &limits, NULL))
        found->fate = found->token.is_unsigned ? UNSIGNED : NO_KEY;
    if (found->fate == NO_KEY && keyset_candidates(sets, 1, &found->token, candidates, &match) > 0 &&
        match != KEYSET_UNKNOWN_KID)
        found->fate = BAD_SIGNATURE;
    if (found->fate == BAD_SIGNATURE && verifier_check(verifier, candidates[0].key, found->token.alg,
                                                       found->token.signing_input, found->token.signature, NULL))
        found->fate = claims_read(&found->claims, arena, found->token.payload_text, 16, NULL) ? VERIFIED : BAD_PAYLOAD;
    keyset_release(set);
}

/* The key written out and read back as PEM or as JWK Set. */
static struct secret_key *copy(const struct secret_key *key, bool as_pem)
{
    AUTO(buf) text = {0};
    struct err err = {0};
    assert_true(as_pem ? secret_key_write_pem(key, true, &text) : secret_key_write_set(&key, 1, true, &text));
    struct secret_key *read =
        secret_key_read(buf_span(&text), as_pem ? key->alg : ALG_UNKNOWN, as_pem ? key->kid : NULL, &err);
    if (read == NULL)
        fail_msg("%s", err.text);
    assert_int_equal(read->alg, key->alg);
    assert_string_equal(read->kid, key->kid);
    return read;
}

static void mint(struct buf *out, struct arena *arena, const struct secret_key *key, enum breakage breakage,
                 bool is_exact)
{
    struct minting minting;
    struct err err = {0};
    assert_true(minting_start(&minting, arena, key, NOW_S, LIFETIME_S, &err));
    assert_true(members_set_text(&minting.claims, "sub", SPAN("me"), &err));
    minting.breakage = breakage;
    minting.is_exact = is_exact;
    if (!minting_token(&minting, out, &err))
        fail_msg("%s: %s", alg_info(key->alg)->name, err.text);
}

static void every_algorithm_verifies_under_the_published_key(void **state)
{
    (void)state;
    for (enum alg alg = ALG_HS256; alg < ALG_COUNT; alg++) {
        AUTO_PTR(secret_key) made = secret_key_make(alg, "one", NULL);
        AUTO_PTR(secret_key) from_jwk = copy(made, false);
        AUTO_PTR(secret_key) from_pem = copy(made, made->secret == NULL);
        const struct secret_key *keys[] = {made, from_jwk, from_pem};
        for (size_t i = 0; i < 2 * COUNT_OF(keys); i++) {
            AUTO(arena) arena = {0};
            AUTO(buf) text = {0};
            struct found found = {0};
            mint(&text, &arena, keys[i / 2], BREAK_NONE, i % 2 == 1);
            judge_token(&found, &arena, made, buf_span(&text));
            if (found.fate != VERIFIED)
                fail_msg("%s, key %zu: %.*s", alg_info(alg)->name, i, SPAN_ARG(buf_span(&text)));
            assert_int_equal(found.claims.exp.at_s, NOW_S + LIFETIME_S);
            assert_int_equal(found.claims.iat.at_s, NOW_S);
            assert_span(found.claims.sub.text, "me");
            assert_span(found.token.kid, "one");
            assert_span(found.token.typ, "JWT");
        }
    }
}

static const struct {
    enum breakage breakage;
    enum fate fate;
} broken[] = {
    {BREAK_NONE, VERIFIED},
    {BREAK_SIGNATURE, BAD_SIGNATURE},
    {BREAK_TAMPERED, BAD_SIGNATURE},
    {BREAK_TRUNCATED, BAD_SIGNATURE},
    {BREAK_PADDING, MALFORMED},
    {BREAK_PARTS, MALFORMED},
    {BREAK_WRONG_KEY, BAD_SIGNATURE},
    {BREAK_EMBEDDED_KEY, BAD_SIGNATURE},
    {BREAK_ALG_NONE, UNSIGNED},
    {BREAK_HS_PUBLIC_KEY, NO_KEY},
    {BREAK_KID, NO_KEY},
    {BREAK_CRIT, MALFORMED},
    {BREAK_EXPIRED, VERIFIED},
    {BREAK_NOT_YET, VERIFIED},
    {BREAK_NO_EXP, VERIFIED},
    {BREAK_DUPLICATE_CLAIM, BAD_PAYLOAD},
};

static void check_times(enum breakage breakage, const struct claims *claims)
{
    assert_int_equal(claims->exp.state, breakage == BREAK_NO_EXP ? CLAIM_ABSENT : CLAIM_PRESENT);
    if (breakage != BREAK_NO_EXP)
        assert_int_equal(claims->exp.at_s < NOW_S, breakage == BREAK_EXPIRED);
    assert_int_equal(claims->nbf.state, breakage == BREAK_NOT_YET ? CLAIM_PRESENT : CLAIM_ABSENT);
    if (breakage == BREAK_NOT_YET)
        assert_true(claims->nbf.at_s > NOW_S);
}

static void broken_tokens_fail_where_their_name_says(void **state)
{
    static const enum alg algs[] = {ALG_RS256, ALG_PS256, ALG_ES384, ALG_EDDSA, ALG_ED448};
    (void)state;
    assert_int_equal(COUNT_OF(broken), BREAK_COUNT);
    for (size_t a = 0; a < COUNT_OF(algs); a++) {
        AUTO_PTR(secret_key) key = secret_key_make(algs[a], "one", NULL);
        for (size_t i = 0; i < COUNT_OF(broken); i++) {
            AUTO(arena) arena = {0};
            AUTO(buf) text = {0};
            struct found found = {0};
            mint(&text, &arena, key, broken[i].breakage, false);
            judge_token(&found, &arena, key, buf_span(&text));
            /* Some signatures cannot be cut anywhere: a character with loose bits is left at the end. */
            bool is_cut = broken[i].breakage == BREAK_TRUNCATED && found.fate == MALFORMED;
            if (found.fate != broken[i].fate && !is_cut)
                fail_msg("%s with %s: %d", minting_breakage_name(broken[i].breakage), alg_info(algs[a])->name,
                         (int)found.fate);
            if (found.fate == VERIFIED)
                check_times(broken[i].breakage, &found.claims);
        }
    }
}

/* The attack itself: verified as HS256 under the PEM, such a token passes (RFC 8725 2.1). */
static void the_public_key_as_secret_is_a_right_hs256_signature(void **state)
{
    AUTO_PTR(secret_key) key = secret_key_make(ALG_RS256, "one", NULL);
    AUTO(arena) arena = {0};
    AUTO(buf) text = {0};
    AUTO(buf) pem = {0};
    struct token token;
    unsigned char mac[SECRET_KEY_SIGNATURE_BYTES_MAX];
    size_t len;
    const struct token_limits limits = {.token_bytes_max = 65536, .json_depth_max = 16};
    (void)state;
    mint(&text, &arena, key, BREAK_HS_PUBLIC_KEY, false);
    assert_true(token_read(&token, &arena, buf_span(&text), &limits, NULL));
    assert_true(secret_key_write_pem(key, false, &pem));
    struct secret_key shared = {.alg = ALG_HS256, .secret = (unsigned char *)pem.at, .secret_len = buf_len(&pem)};
    assert_true(secret_key_sign(&shared, token.signing_input, mac, &len, NULL));
    assert_true(span_eq(token.signature, span_of(mac, len)));
}

static void keys_that_cannot_sign_so_are_refused(void **state)
{
    AUTO_PTR(secret_key) rsa = secret_key_make(ALG_RS256, "one", NULL);
    AUTO(buf) pem = {0};
    AUTO(buf) public_pem = {0};
    AUTO(buf) public_set = {0};
    AUTO(buf) set = {0};
    struct err err = {0};
    const struct secret_key *key = rsa;
    (void)state;
    assert_true(secret_key_write_pem(rsa, true, &pem) && secret_key_write_pem(rsa, false, &public_pem));
    assert_true(secret_key_write_set(&key, 1, false, &public_set) && secret_key_write_set(&key, 1, true, &set));
    const struct {
        struct span bytes;
        enum alg alg;
        const char *kid;
        bool is_right;
    } cases[] = {
        {buf_span(&pem), ALG_UNKNOWN, NULL, true},
        {buf_span(&pem), ALG_PS512, NULL, true},
        {buf_span(&pem), ALG_ES256, NULL, false},
        {buf_span(&pem), ALG_HS256, NULL, false},
        {buf_span(&public_pem), ALG_RS256, NULL, false},
        {buf_span(&set), ALG_UNKNOWN, "one", true},
        {buf_span(&set), ALG_UNKNOWN, "two", false},
        {buf_span(&public_set), ALG_UNKNOWN, NULL, false},
        {SPAN("{\"kty\":\"oct\",\"k\":\"c2VjcmV0LXNlY3JldC0xMg\"}"), ALG_UNKNOWN, NULL, true},
        {SPAN("{\"kty\":\"oct\",\"k\":\"=\"}"), ALG_UNKNOWN, NULL, false},
        {SPAN("{\"kty\":\"oct\"}"), ALG_UNKNOWN, NULL, false},
        {SPAN("{\"keys\":[]}"), ALG_UNKNOWN, NULL, false},
        {SPAN("secret"), ALG_UNKNOWN, NULL, false},
        {SPAN(""), ALG_UNKNOWN, NULL, false},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        AUTO_PTR(secret_key) read = secret_key_read(cases[i].bytes, cases[i].alg, cases[i].kid, &err);
        if ((read != NULL) != cases[i].is_right)
            fail_msg("key %zu: %s", i, err.text);
    }
}

static void every_breakage_stands_in_the_help(void **state)
{
    AUTO(buf) help = {0};
    (void)state;
    assert_true(options_help(&commands_program, &commands_mint, &help));
    for (enum breakage breakage = BREAK_NONE + 1; breakage < BREAK_COUNT; breakage++) {
        char line[64];
        snprintf(line, sizeof line, "                          %s ", minting_breakage_name(breakage));
        if (!span_holds(buf_span(&help), span_str(line)))
            fail_msg("%s is missing", minting_breakage_name(breakage));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_algorithm_verifies_under_the_published_key),
        cmocka_unit_test(broken_tokens_fail_where_their_name_says),
        cmocka_unit_test(the_public_key_as_secret_is_a_right_hs256_signature),
        cmocka_unit_test(keys_that_cannot_sign_so_are_refused),
        cmocka_unit_test(every_breakage_stands_in_the_help),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
