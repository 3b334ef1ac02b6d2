/* SPDX-License-Identifier: Apache-2.0 */
/* libjwt's view of a signature: right for right ones, wrong for wrong ones, and "cannot say" where it knows less than we do. */
#include "jose/second_opinion.h"

#include "signing.h"
#include "unit.h"

#define PAYLOAD SPAN("{\"iss\":\"a\",\"exp\":4102444800}")

static struct key *key_of(const struct signer *signer)
{
    struct err err;
    if (signer->kind == SIGNER_SECRET)
        return key_from_secret(signer->secret, span_str(signer->kid), &err);
    char *jwk = signer_jwk(signer, NULL);
    AUTO_PTR(jsondoc) doc = jsondoc_read(span_str(jwk), 16, &err);
    assert_non_null(doc);
    free(jwk);
    return key_from_jwk(jsondoc_root(doc), &err);
}

/* Asks about the token under the key; frees the token. */
static struct second_opinion ask(char *text, const struct signer *signer)
{
    const struct token_limits limits = {.token_bytes_max = 16384, .json_depth_max = 16};
    AUTO(arena) arena = {0};
    AUTO_PTR(key) key = key_of(signer);
    struct second_opinion opinion = {.opinion = OPINION_NONE};
    struct token token;
    struct err err;
    assert_non_null(key);
    assert_true(token_read(&token, &arena, span_str(text), &limits, &err));
    second_opinion_ask(&token, key, &opinion);
    assert_null(strstr(opinion.text, "eyJ"));
    assert_true(opinion.text[0] != '\0');
    free(text);
    return opinion;
}

static void a_signature_is_good_under_its_key_and_bad_under_another(void **state)
{
    static const struct {
        enum signer_kind kind;
        enum alg alg;
    } cases[] = {
        {SIGNER_RSA2048, ALG_RS256}, {SIGNER_RSA2048, ALG_RS512}, {SIGNER_P256, ALG_ES256},   {SIGNER_P384, ALG_ES384},
        {SIGNER_P521, ALG_ES512},    {SIGNER_SECRET, ALG_HS256},  {SIGNER_SECRET, ALG_HS512},
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct signer *right = signer_new(cases[i].kind, "k");
        struct signer *other = signer_new(cases[i].kind, "k");
        assert_int_equal(ask(signer_token(right, cases[i].alg, NULL, PAYLOAD), right).opinion, OPINION_GOOD);
        assert_int_equal(ask(signer_token(right, cases[i].alg, NULL, PAYLOAD), other).opinion, OPINION_BAD);
        signer_free(right);
        signer_free(other);
    }
}

/* The classic confusion: HS256 with the public key's PEM as the secret, which libjwt would find right. */
static void a_public_key_is_no_secret(void **state)
{
    struct signer *rsa = signer_new(SIGNER_RSA2048, "k");
    char *pem = signer_public_pem(rsa);
    struct signer *confused = signer_from_secret(span_str(pem), "k");
    (void)state;
    assert_int_equal(ask(signer_token(confused, ALG_HS256, NULL, PAYLOAD), rsa).opinion, OPINION_NONE);
    free(pem);
    signer_free(confused);
    signer_free(rsa);
}

static void what_libjwt_does_not_know_is_no_verdict(void **state)
{
    struct signer *ed = signer_new(SIGNER_ED25519, "k");
    struct signer *rsa = signer_new(SIGNER_RSA2048, "k");
    (void)state;
    assert_int_not_equal(ask(signer_token(ed, ALG_EDDSA, NULL, PAYLOAD), ed).opinion, OPINION_BAD);
    assert_int_not_equal(ask(signer_token(rsa, ALG_PS256, NULL, PAYLOAD), rsa).opinion, OPINION_BAD);
    /* A text with \u0000 is JSON, but not for jansson, which reads for libjwt. */
    struct span odd = SPAN("{\"a\":\"\\u0000\"}");
    assert_int_equal(ask(signer_token(rsa, ALG_RS256, NULL, odd), rsa).opinion, OPINION_NONE);
    assert_int_not_equal(
        ask(signer_token(rsa, ALG_RS256, "{\"alg\":\"RS256\",\"typ\":\"at+jwt\"}", PAYLOAD), rsa).opinion, OPINION_BAD);
    signer_free(ed);
    signer_free(rsa);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_signature_is_good_under_its_key_and_bad_under_another),
        cmocka_unit_test(a_public_key_is_no_secret),
        cmocka_unit_test(what_libjwt_does_not_know_is_no_verdict),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
