/* SPDX-License-Identifier: Apache-2.0 */
/* Encrypted tokens: what is inside is judged like any token, and nothing passes for having come encrypted (attacks J1-J6).
 *
 * Method: tokens that differ in one thing inside or outside of the encryption.
 */
#include "court.h"
#include "encrypting.h"

#define A "openid_config: [ \"https://a\" ]\n"
/* The 16 bytes of encrypting_secret(). */
#define KEY "decryption_keys: [ { base64: GawgguFyGrWKav7AX4VKUg== } ]\n"
#define GOOD "{\"iss\":\"" ISS_A "\",\"exp\":1795219800,\"aud\":\"api\"}"
#define EXPIRED "{\"iss\":\"" ISS_A "\",\"exp\":1795219200,\"aud\":\"api\"}"
#define DIRECT "{\"alg\":\"dir\",\"enc\":\"A128GCM\"}"
#define WITH(member) "{\"alg\":\"dir\",\"enc\":\"A128GCM\"," member "}"

/* Hears `inner` encrypted under the header; frees it. */
static const struct judgement *hear(struct court *court, const char *header, char *inner)
{
    char *token = encrypting_token_16(header, span_str(inner));
    free(inner);
    return court_hear(court, token);
}

static char *signed_token(const struct court *court, const char *claims)
{
    return signer_token(court->rsa, ALG_RS256, NULL, span_str(claims));
}

static char *unsigned_token(const char *claims)
{
    return signer_join(SPAN("{\"alg\":\"none\"}"), span_str(claims), SPAN(""));
}

static bool is_found(const struct judgement *judgement, const char *text)
{
    struct span found = judgement->failed == NULL ? SPAN("") : judgement->failed->found;
    return span_holds(found, span_str(text));
}

static void what_is_inside_is_judged(void **state)
{
    struct court *court = *state;
    court_open(court, A KEY "audiences: [ api ]\n");
    const struct judgement *judgement = hear(court, DIRECT, signed_token(court, GOOD));
    assert_reason(judgement, REASON_NONE, "signed and encrypted");
    assert_true(judgement->was_encrypted);
    assert_span(judgement->token->kid, "r1");
    assert_span(judgement->token->alg_text, "RS256");
    assert_ptr_equal(judgement->claims->tape.items, judgement->unverified->tape.items);
    assert_reason(hear(court, DIRECT, signed_token(court, EXPIRED)), REASON_TOKEN_EXPIRED, "expired inside");
    assert_reason(hear(court, DIRECT, signer_token(court->stranger, ALG_RS256, NULL, SPAN(GOOD))),
                  REASON_SIGNATURE_INVALID, "another's signature inside");
    assert_reason(hear(court, DIRECT, signed_token(court, "{\"iss\":\"" ISS_A "\",\"exp\":1795219800,\"aud\":\"x\"}")),
                  REASON_AUDIENCE_NOT_ALLOWED, "another audience inside");
    judgement = court_hear(court, signed_token(court, GOOD));
    assert_reason(judgement, REASON_NONE, "signed alone");
    assert_false(judgement->was_encrypted);
    court_close(court);
}

/* Attack J1. */
static void without_keys_no_work_is_done(void **state)
{
    struct court *court = *state;
    court_open(court, A);
    const struct judgement *judgement = hear(court, DIRECT, signed_token(court, GOOD));
    assert_reason(judgement, REASON_JWT_INVALID, "no keys");
    assert_true(is_found(judgement, "no decryption keys are set"));
    assert_reason(court_hear(court, strdup("!.!.!.!.!")), REASON_JWT_INVALID, "no keys, no base64");
    assert_false(judgement->was_encrypted);
    court_close(court);
}

/* Attack J6: whoever has a public key can encrypt; a signature is asked for all the same. */
static void encryption_is_no_signature(void **state)
{
    struct court *court = *state;
    static const char *const headers[] = {DIRECT, WITH("\"cty\":\"JWT\""), WITH("\"cty\":\"jwt\"")};
    for (size_t i = 0; i < COUNT_OF(headers); i++) {
        court_open(court, A KEY);
        assert_reason(hear(court, headers[i], signed_token(court, GOOD)), REASON_NONE, headers[i]);
        assert_reason(hear(court, headers[i], unsigned_token(GOOD)), REASON_JWT_INVALID, "alg none inside");
        assert_reason(hear(court, headers[i], strdup(GOOD)), REASON_JWT_INVALID, "claims inside");
        court_close(court);
        court_open(court, A KEY "require_signed_tokens: false");
        assert_reason(hear(court, headers[i], unsigned_token(GOOD)), REASON_NONE, "alg none, admitted");
        assert_reason(hear(court, headers[i], unsigned_token(EXPIRED)), REASON_TOKEN_EXPIRED, "alg none, expired");
        assert_reason(hear(court, headers[i], signed_token(court, GOOD)), REASON_NONE, "signed, not asked for");
        assert_reason(hear(court, headers[i], signer_token(court->stranger, ALG_RS256, NULL, SPAN(GOOD))),
                      REASON_SIGNATURE_INVALID, "signed by another, not asked for");
        court_close(court);
    }
}

/* RFC 7519 3: without a signature the encrypted content may be the claims themselves, unless cty says otherwise. */
static void bare_claims_are_an_unsigned_token(void **state)
{
    struct court *court = *state;
    court_open(court, A KEY "require_signed_tokens: false\ntyp: at+jwt");
    const struct judgement *judgement = hear(court, WITH("\"typ\":\"at+jwt\""), strdup(GOOD));
    assert_reason(judgement, REASON_NONE, "claims");
    assert_true(judgement->token->is_unsigned);
    assert_reason(hear(court, WITH("\"typ\":\"JWT\""), strdup(GOOD)), REASON_CLAIM_VALUE_NOT_ALLOWED, "another typ");
    assert_reason(hear(court, WITH("\"typ\":\"at+jwt\""), strdup(EXPIRED)), REASON_TOKEN_EXPIRED, "expired claims");
    assert_reason(hear(court, WITH("\"typ\":\"at+jwt\",\"cty\":\"JWT\""), strdup(GOOD)), REASON_JWT_INVALID,
                  "claims where a token is announced");
    assert_reason(hear(court, WITH("\"typ\":\"at+jwt\""), strdup(GOOD "x")), REASON_JWT_INVALID, "claims and more");
    assert_reason(hear(court, WITH("\"typ\":\"at+jwt\""), strdup("[" GOOD "]")), REASON_JWT_INVALID,
                  "a list of claims");
    court_close(court);
}

static void the_content_is_one_signed_token(void **state)
{
    struct court *court = *state;
    court_open(court, A KEY);
    static const char *const contents[] = {"", "x", "a.b", "a.b.c", "....", " ", "\"\""};
    for (size_t i = 0; i < COUNT_OF(contents); i++) {
        const struct judgement *judgement = hear(court, DIRECT, strdup(contents[i]));
        assert_reason(judgement, REASON_JWT_INVALID, contents[i]);
        assert_true(is_found(judgement, "inside of the encrypted token"));
    }
    char *once = encrypting_token_16(DIRECT, SPAN("x"));
    const struct judgement *judgement = hear(court, DIRECT, once);
    assert_reason(judgement, REASON_JWT_INVALID, "encrypted twice");
    assert_true(is_found(judgement, "encrypted once more"));
    assert_reason(hear(court, WITH("\"cty\":\"text/plain\""), signed_token(court, GOOD)), REASON_JWT_INVALID, "cty");
    assert_reason(hear(court, WITH("\"cty\":\"\""), signed_token(court, GOOD)), REASON_NONE, "empty cty");
    court_close(court);
}

/* Attacks J2, J3, J4 and a wrong key: refused, and the log says which of the two it was. */
static void what_cannot_be_opened_is_refused(void **state)
{
    struct court *court = *state;
    static const struct {
        const char *header, *found;
    } cases[] = {
        {WITH("\"zip\":\"DEF\""), "zip"},
        {WITH("\"crit\":[\"exp\"]"), "crit"},
        {"{\"alg\":\"RSA1_5\",\"enc\":\"A128GCM\"}", "alg is RSA1_5"},
        {"{\"alg\":\"PBES2-HS256+A128KW\",\"enc\":\"A128GCM\",\"p2c\":2147483647}", "that is not decrypted"},
        {"{\"alg\":\"dir\",\"enc\":\"A256GCM\"}", "none of the decryption keys fits"},
    };
    court_open(court, A KEY);
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        const struct judgement *judgement = hear(court, cases[i].header, signed_token(court, GOOD));
        assert_reason(judgement, REASON_JWT_INVALID, cases[i].header);
        assert_true(is_found(judgement, cases[i].found));
        assert_false(judgement->was_encrypted);
    }
    char *inner = signed_token(court, GOOD);
    const struct judgement *judgement =
        court_hear(court, encrypting_token(DIRECT, span_str(inner), SPAN("another key, 16b")));
    free(inner);
    assert_reason(judgement, REASON_JWT_INVALID, "another key");
    assert_true(is_found(judgement, "none of the decryption keys opens the token"));
    court_close(court);
}

static void limits_hold_inside_too(void **state)
{
    struct court *court = *state;
    court_open(court, A KEY);
    court->limits.json_depth_max = 3;
    assert_reason(hear(court, DIRECT, signed_token(court, "{\"iss\":\"" ISS_A "\",\"exp\":1795219800,\"a\":[[]]}")),
                  REASON_NONE, "depth 3");
    assert_reason(hear(court, DIRECT, signed_token(court, "{\"iss\":\"" ISS_A "\",\"exp\":1795219800,\"a\":[[[]]]}")),
                  REASON_JWT_INVALID, "depth 4");
    assert_reason(hear(court, WITH("\"a\":[[]]"), signed_token(court, GOOD)), REASON_NONE, "depth 3 outside");
    assert_reason(hear(court, WITH("\"a\":[[[]]]"), signed_token(court, GOOD)), REASON_JWT_INVALID, "depth 4 outside");
    char *inner = signed_token(court, GOOD), *token = encrypting_token_16(DIRECT, span_str(inner));
    free(inner);
    court->limits.token_bytes_max = strlen(token);
    assert_reason(court_hear(court, strdup(token)), REASON_NONE, "at the limit");
    court->limits.token_bytes_max--;
    assert_reason(court_hear(court, token), REASON_JWT_INVALID, "one byte more");
    court_close(court);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_inside_is_judged),        cmocka_unit_test(without_keys_no_work_is_done),
        cmocka_unit_test(encryption_is_no_signature),      cmocka_unit_test(bare_claims_are_an_unsigned_token),
        cmocka_unit_test(the_content_is_one_signed_token), cmocka_unit_test(what_cannot_be_opened_is_refused),
        cmocka_unit_test(limits_hold_inside_too),
    };
    return cmocka_run_group_tests(tests, court_set_up, court_take_down);
}
