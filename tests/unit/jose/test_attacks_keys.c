/* SPDX-License-Identifier: Apache-2.0 */
/* Confusion of keys and algorithms tried out whole: each kind of key, each `alg` it can be listed with, each `alg` a token can
 * name; and a variant of Ed25519 that is another algorithm under the same key (hostile tokens A1, A2, C1, C3, C5-C7, C9-C12, S10).
 */
#include "outcome.h"
#include "signing.h"

#include "jose/verify.h"

#include <stdarg.h>
#include <setjmp.h>
#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#define PAYLOAD SPAN("{\"iss\":\"https://issuer.example\",\"exp\":2000000000}")

/* ---- every pair ---- */

enum { NAMES_MAX = ALG_COUNT + 2, HEADER_BYTES = 64 };

/* Whether keys of the kind may make signatures of the algorithm, by RFC 7518 3.1, RFC 8037 3.1 and RFC 9864 2.2: written apart from
 * the table of the product.
 */
static bool fits(enum signer_kind kind, const char *alg)
{
    static const char *const served[] = {[SIGNER_RSA2048] = "RS256 RS384 RS512 PS256 PS384 PS512",
                                         [SIGNER_P256] = "ES256",
                                         [SIGNER_P384] = "ES384",
                                         [SIGNER_P521] = "ES512",
                                         [SIGNER_ED25519] = "EdDSA Ed25519",
                                         [SIGNER_SECRET] = "", /* a published secret is none */
                                         [SIGNER_ED448] = "EdDSA Ed448"};
    struct span rest = span_str(served[kind]), name;
    while (span_split(&rest, ' ', &name))
        if (name.len > 0 && span_eq(name, span_str(alg)))
            return true;
    return false;
}

/* The best that an attacker or a confused issuer can make for this header. */
static char *make_token(const struct signer *signer, const char *name)
{
    char header[HEADER_BYTES];
    enum alg alg = alg_by_name(span_str(name));
    snprintf(header, sizeof header, "{\"alg\":\"%s\",\"kid\":\"k\"}", name);
    if (alg == ALG_UNKNOWN || alg_info(alg)->family != KEY_OCT || signer->kind == SIGNER_SECRET)
        return signer_token(signer, fits(signer->kind, name) ? alg : signer_alg(signer), header, PAYLOAD);
    char *pem = signer_public_pem(signer);
    struct signer *mac = signer_from_secret(span_str(pem), "k");
    char *token = signer_token(mac, alg, header, PAYLOAD);
    signer_free(mac);
    free(pem);
    return token;
}

/* The key listed as it is made, with this `alg` or, by NULL, none. */
static struct keyset *list_key(const struct signer *signer, const char *alg)
{
    char member[HEADER_BYTES];
    snprintf(member, sizeof member, "\"alg\":\"%s\"", alg == NULL ? "" : alg);
    char *jwk = signer_jwk(signer, alg == NULL ? NULL : member);
    char *jwks = malloc(strlen(jwk) + HEADER_BYTES);
    assert_non_null(jwks);
    sprintf(jwks, "{\"keys\":[%s]}", jwk);
    struct keyset *set = keyset_of(jwks);
    free(jwks);
    free(jwk);
    return set;
}

/* Tries the tokens, one of each name, with the key listed by `listed`; returns how many are taken. */
static size_t try_listed(const struct signer *signer, const char *listed, const char *const *names, char *const *tokens)
{
    size_t taken = 0;
    struct keyset *set = list_key(signer, listed);
    for (size_t i = 0; i < NAMES_MAX; i++) {
        bool is_right = fits(signer->kind, names[i]) && (listed == NULL || strcmp(listed, names[i]) == 0);
        enum outcome got = outcome_of(set, span_str(tokens[i]), true);
        if (got == UNSIGNED || (got == ACCEPTED) != is_right)
            fail_msg("kind %d listed as %s, token by %s: %s", (int)signer->kind, listed == NULL ? "nothing" : listed,
                     names[i], outcome_name(got));
        taken += got == ACCEPTED;
    }
    keyset_release(set);
    return taken;
}

static size_t try_kind(enum signer_kind kind)
{
    const char *names[NAMES_MAX] = {"none", "NONE", "ES256K"};
    char *tokens[NAMES_MAX];
    struct signer *signer = signer_new(kind, "k");
    for (unsigned alg = ALG_UNKNOWN + 1; alg < ALG_COUNT; alg++)
        names[alg + 2] = alg_info((enum alg)alg)->name;
    for (size_t i = 0; i < NAMES_MAX; i++)
        tokens[i] = make_token(signer, names[i]);
    size_t taken = try_listed(signer, NULL, names, tokens);
    for (size_t i = 0; i < NAMES_MAX; i++)
        taken += try_listed(signer, names[i], names, tokens);
    for (size_t i = 0; i < NAMES_MAX; i++)
        free(tokens[i]);
    signer_free(signer);
    return taken;
}

/* RFC 8725 3.1: the header only picks among what fits the key and what the key says of itself. */
static void each_key_serves_its_own_algorithms_and_no_header_changes_that(void **state)
{
    (void)state;
    static const struct {
        enum signer_kind kind;
        size_t taken; /* each fitting algorithm twice: the key listed without `alg`, and with that one */
    } kinds[] = {
        {SIGNER_RSA2048, 12}, {SIGNER_P256, 2},   {SIGNER_P384, 2},  {SIGNER_P521, 2},
        {SIGNER_ED25519, 4},  {SIGNER_SECRET, 0}, {SIGNER_ED448, 4},
    };
    for (size_t i = 0; i < COUNT_OF(kinds); i++)
        assert_int_equal(try_kind(kinds[i].kind), kinds[i].taken);
}

/* ---- Ed25519ph ---- */

/* The key of RFC 8032 7.3.  The first signature is Ed25519 of "abc", made with it. */
#define PH_KEY \
    "{\"keys\":[{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":\"7Bcrk61eVjv0kyxw4SRQNMNUZ-8u_U1k6_gZaDRn4r8\"}]}"
#define PLAIN                                                                                                      \
    "\xc9\x44\x6c\x82\xf4\x23\x50\x87\x61\x33\x64\xb1\xe2\xc3\x1a\xed\x0a\xe9\xf1\x1a\x69\x82\x85\x99\x14\xbd\xd8" \
    "\x56\x5e\x11\x9d\x26\xcd\x47\x42\x3c\x26\xc2\xa4\x9d\x5f\x60\xd8\x47\xf7\x51\x20\xf4\xba\xda\x1a\x01\x06\x3a" \
    "\xaf\xef\x8f\xec\xb9\xa0\x7e\x32\xe7\x07"
#define PREHASHED                                                                                                  \
    "\x98\xa7\x02\x22\xf0\xb8\x12\x1a\xa9\xd3\x0f\x81\x3d\x68\x3f\x80\x9e\x46\x2b\x46\x9c\x7f\xf8\x76\x39\x49\x9b" \
    "\xb9\x4e\x6d\xae\x41\x31\xf8\x50\x42\x46\x3c\x2a\x35\x5a\x20\x03\xd0\x62\xad\xf5\xaa\xa1\x0b\x8c\x61\xe6\x36" \
    "\x06\x2a\xaa\xd1\x1c\x2a\x26\x08\x34\x06"
#define OF_THE_DIGEST                                                                                              \
    "\xdc\x2a\x44\x59\xe7\x36\x96\x33\xa5\x2b\x1b\xf2\x77\x83\x9a\x00\x20\x10\x09\xa3\xef\xbf\x3e\xcb\x69\xbe\xa2" \
    "\x18\x6c\x26\xb5\x89\x09\x35\x1f\xc9\xac\x90\xb3\xec\xfd\xfb\xc7\xc6\x64\x31\xe0\x30\x3d\xca\x17\x9c\x13\x8a" \
    "\xc1\x7a\xd9\xbe\xf1\x17\x73\x31\xa7\x04"

static void the_prehashed_variant_of_ed25519_is_another_signature(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        struct span signature;
        bool is_good;
    } cases[] = {
        {"Ed25519", SPAN_INIT(PLAIN), true},
        {"Ed25519ph", SPAN_INIT(PREHASHED), false},
        {"Ed25519 of the digest", SPAN_INIT(OF_THE_DIGEST), false},
    };
    struct keyset *set = keyset_of(PH_KEY);
    assert_int_equal(set->count, 1);
    AUTO_PTR(verifier) verifier = verifier_new(set);
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct err err;
        bool is_good = verifier_check(verifier, set->keys[0], ALG_EDDSA, SPAN("abc"), cases[i].signature, &err);
        if (is_good != cases[i].is_good)
            fail_msg("%s: %s", cases[i].name, is_good ? "taken" : "refused");
    }
    keyset_release(set);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_key_serves_its_own_algorithms_and_no_header_changes_that),
        cmocka_unit_test(the_prehashed_variant_of_ed25519_is_another_signature),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
