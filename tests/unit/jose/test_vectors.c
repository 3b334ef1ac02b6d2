/* SPDX-License-Identifier: Apache-2.0 */
/* Published vectors: Wycheproof, the JOSE cookbook (RFC 7520, RFC 8037, RFC 7797), and the examples of RFC 7515 and RFC 7517.
 *
 * They are read from JWTGATE_VECTORS (environment), else from where the build says.  Without them the program says `skipped`
 * and ends with 77.  Every file's line says how many tests were accepted, refused and skipped, each as it must be; skipped
 * ones with the reason.  exceptions.json goes before what a file says, and a file that is not known here is a failure.
 */
#include "jose/b64url.h"
#include "jose/verify.h"

#include "outcome.h"
#include "vectors.h"

#include <openssl/err.h>

#include <stdarg.h>
#include <setjmp.h>
#include <cmocka.h>
#include <ftw.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { SKIPPED = 77, TOKEN_BYTES_MAX = 1 << 16 };

/* --- signed tokens --- */

static bool names_foreign_alg(struct span token)
{
    AUTO(arena) arena = {0};
    struct token read;
    struct err err;
    struct token_limits limits = {TOKEN_BYTES_MAX, VECTOR_DEPTH};
    return token_read(&read, &arena, token, &limits, &err) && !read.is_encrypted && !read.is_unsigned &&
           read.alg == ALG_UNKNOWN;
}

static enum answer answer_token(struct keyset *set, struct span token)
{
    if (outcome_of(set, token, false) == ACCEPTED)
        return ANSWER_ACCEPT;
    return names_foreign_alg(token) ? ANSWER_NO_ALG : ANSWER_REFUSE;
}

/* --- encrypted tokens --- */

/* The names that RFC 7518 4.1 and RFC 7516 4.1.3 know and that are never decrypted. */
static bool is_foreign_encryption(const struct decrypted *opened)
{
    return span_eq(opened->alg_text, SPAN("RSA1_5")) || span_starts(opened->alg_text, SPAN("PBES2-")) ||
           (opened->header.items != NULL && tape_member(&opened->header, NULL, SPAN("zip")) != NULL);
}

/* Whether the JWK is for another alg; one that names an enc is for it, in whatever way. */
static bool is_bound_elsewhere(struct span jwk_alg, struct span alg)
{
    bool is_enc = span_ends(jwk_alg, SPAN("GCM")) || span_holds(jwk_alg, SPAN("CBC"));
    return jwk_alg.at != NULL && !is_enc && !span_eq(jwk_alg, alg);
}

/* `clear` is what must come out; `at` NULL: anything. */
static enum answer answer_encrypted(const struct tape *tape, const struct tape_item *jwk, struct span token,
                                    struct span clear)
{
    AUTO(arena) arena = {0};
    AUTO_PTR(decrypt_keys) keys = vectors_decrypt_keys(tape, jwk);
    struct decrypted opened;
    struct err err = {0};
    bool is_open = decrypt_token(&opened, &arena, token, keys, VECTOR_DEPTH, &err);
    assert_int_equal(ERR_peek_error(), 0);
    if (!is_open) {
        assert_int_equal(err.reason, REASON_JWT_INVALID);
        return is_foreign_encryption(&opened) ? ANSWER_NO_ALG : ANSWER_REFUSE;
    }
    if (is_bound_elsewhere(vectors_text(tape, jwk, "alg"), opened.alg_text))
        return ANSWER_BOUND_KEY;
    assert_true(clear.at == NULL || span_eq(opened.content, clear));
    return ANSWER_ACCEPT;
}

static void run_encrypted_test(struct tally *tally, const struct tape *tape, const struct tape_item *key,
                               const struct tape_item *test)
{
    AUTO(arena) arena = {0};
    int64_t id = vectors_number(tape, test, "tcId");
    enum expected expected = vectors_expected(&arena, tally->file, id, vectors_text(tape, test, "result"));
    bool has_clear = expected == EXPECT_ACCEPT && vectors_member(tape, test, "pt") != NULL;
    struct span clear = has_clear ? vectors_hex(&arena, tape, test, "pt") : (struct span){NULL, 0};
    enum answer answer = answer_encrypted(tape, key, vectors_text(tape, test, "jwe"), clear);
    /* What must be refused is, whatever the algorithm. */
    if (answer == ANSWER_NO_ALG && expected == EXPECT_REFUSE)
        answer = ANSWER_REFUSE;
    vectors_count(tally, id, answer, expected);
}

/* --- groups of Wycheproof --- */

static void run_encrypted_group(struct tally *tally, const struct tape *tape, const struct tape_item *group)
{
    const struct tape_item *key = vectors_member(tape, group, "private"), *tests = vectors_member(tape, group, "tests");
    for (const struct tape_item *at = tape_first(tape, tests); at != NULL; at = tape_next(tape, tests, at))
        run_encrypted_test(tally, tape, key, at);
}

static void run_token_group(struct tally *tally, const struct tape *tape, const struct tape_item *group)
{
    const struct tape_item *key = vectors_member(tape, group, "public"), *tests = vectors_member(tape, group, "tests");
    bool is_long_enough;
    if (key == NULL)
        key = vectors_member(tape, group, "private");
    struct keyset *set = vectors_key_set(tape, key, &is_long_enough);
    for (const struct tape_item *at = tape_first(tape, tests); at != NULL; at = tape_next(tape, tests, at)) {
        AUTO(arena) arena = {0};
        int64_t id = vectors_number(tape, at, "tcId");
        enum expected expected = vectors_expected(&arena, tally->file, id, vectors_text(tape, at, "result"));
        if (vectors_member(tape, at, "jwe") != NULL) {
            run_encrypted_test(tally, tape, vectors_member(tape, group, "private"), at);
            continue;
        }
        enum answer answer = answer_token(set, vectors_text(tape, at, "jws"));
        if (answer == ANSWER_ACCEPT && !is_long_enough)
            answer = ANSWER_SHORT_SECRET;
        vectors_count(tally, id, answer, expected);
    }
    keyset_release(set);
}

static enum alg alg_of_group(const struct tape *tape, const struct tape_item *group, const struct key *key)
{
    static const struct {
        const char *sha;
        enum alg rs, ps, es;
    } rows[] = {
        {"SHA-256", ALG_RS256, ALG_PS256, ALG_ES256},
        {"SHA-384", ALG_RS384, ALG_PS384, ALG_ES384},
        {"SHA-512", ALG_RS512, ALG_PS512, ALG_ES512},
    };
    struct span sha = vectors_text(tape, group, "sha");
    bool is_pss = span_eq(vectors_text(tape, group, "mgf"), SPAN("MGF1"));
    if (key->family == KEY_OKP)
        return ALG_EDDSA;
    for (size_t i = 0; i < COUNT_OF(rows); i++)
        if (span_eq(sha, span_str(rows[i].sha)))
            return key->family == KEY_EC ? rows[i].es : is_pss ? rows[i].ps : rows[i].rs;
    return ALG_UNKNOWN;
}

static enum answer answer_signature(struct keyset *set, enum alg alg, struct span message, struct span signature)
{
    struct err err;
    AUTO_PTR(verifier) verifier = verifier_new(set);
    assert_non_null(verifier);
    return verifier_check(verifier, set->keys[0], alg, message, signature, &err) ? ANSWER_ACCEPT : ANSWER_REFUSE;
}

static struct keyset *set_of_group(const struct tape *tape, const struct tape_item *group)
{
    AUTO(arena) arena = {0};
    const struct tape_item *jwk = vectors_member(tape, group, "publicKeyJwk");
    if (jwk == NULL)
        jwk = vectors_member(tape, group, "keyJwk");
    if (jwk != NULL)
        return vectors_public_set(tape_span(tape, jwk));
    char *made = vectors_jwk_of_der(vectors_hex(&arena, tape, group, "publicKeyDer"));
    struct keyset *set = vectors_public_set(span_str(made));
    free(made);
    return set;
}

static void run_signature_group(struct tally *tally, const struct tape *tape, const struct tape_item *group)
{
    const struct tape_item *tests = vectors_member(tape, group, "tests");
    struct keyset *set = set_of_group(tape, group);
    assert_int_equal(set->count, 1);
    enum alg alg = alg_of_group(tape, group, set->keys[0]);
    for (const struct tape_item *at = tape_first(tape, tests); at != NULL; at = tape_next(tape, tests, at)) {
        AUTO(arena) arena = {0};
        int64_t id = vectors_number(tape, at, "tcId");
        enum answer answer =
            answer_signature(set, alg, vectors_hex(&arena, tape, at, "msg"), vectors_hex(&arena, tape, at, "sig"));
        vectors_count(tally, id, answer, vectors_expected(&arena, tally->file, id, vectors_text(tape, at, "result")));
    }
    keyset_release(set);
}

static void run_mac_group(struct tally *tally, const struct tape *tape, const struct tape_item *group)
{
    const struct tape_item *tests = vectors_member(tape, group, "tests");
    int64_t bits = vectors_number(tape, group, "tagSize");
    enum alg alg = bits == 256 ? ALG_HS256 : bits == 384 ? ALG_HS384 : ALG_HS512;
    for (const struct tape_item *at = tape_first(tape, tests); at != NULL; at = tape_next(tape, tests, at)) {
        AUTO(arena) arena = {0};
        struct err err;
        int64_t id = vectors_number(tape, at, "tcId");
        struct keyset *set = keyset_new(SPAN(""), 0);
        struct key *key = key_from_secret(vectors_hex(&arena, tape, at, "key"), SPAN(""), &err);
        assert_true(key == NULL || keyset_add(set, key, &err));
        enum answer answer = key == NULL ? ANSWER_SHORT_SECRET
                                         : answer_signature(set, alg, vectors_hex(&arena, tape, at, "msg"),
                                                            vectors_hex(&arena, tape, at, "tag"));
        vectors_count(tally, id, answer, vectors_expected(&arena, tally->file, id, vectors_text(tape, at, "result")));
        keyset_release(set);
    }
}

typedef void run_group(struct tally *, const struct tape *, const struct tape_item *);

static void run_groups(struct tally *tally, run_group *run)
{
    AUTO(arena) arena = {0};
    struct tape tape = vectors_read(&arena, tally->file);
    const struct tape_item *groups = vectors_member(&tape, NULL, "testGroups");
    assert_non_null(groups);
    for (const struct tape_item *at = tape_first(&tape, groups); at != NULL; at = tape_next(&tape, groups, at))
        run(tally, &tape, at);
}

static void run_tokens(struct tally *tally, const char *with, bool is_good)
{
    (void)with, (void)is_good;
    run_groups(tally, run_token_group);
}

static void run_encrypted(struct tally *tally, const char *with, bool is_good)
{
    (void)with, (void)is_good;
    run_groups(tally, run_encrypted_group);
}

static void run_signatures(struct tally *tally, const char *with, bool is_good)
{
    (void)with, (void)is_good;
    run_groups(tally, run_signature_group);
}

static void run_macs(struct tally *tally, const char *with, bool is_good)
{
    (void)with, (void)is_good;
    run_groups(tally, run_mac_group);
}

/* Read with every other file; each of its entries names one that there is. */
static void run_exceptions(struct tally *tally, const char *with, bool is_good)
{
    AUTO(arena) arena = {0};
    (void)with, (void)is_good;
    struct tape list = vectors_read(&arena, tally->file);
    for (const struct tape_item *at = tape_first(&list, list.items); at != NULL;
         at = tape_next(&list, list.items, at)) {
        char path[1024];
        snprintf(path, sizeof path, "%s/wycheproof/%.*s", vectors_directory, SPAN_ARG(vectors_text(&list, at, "file")));
        assert_int_equal(access(path, R_OK), 0);
    }
}

/* --- the cookbook --- */

static const struct tape_item *key_of_input(const struct tape *tape, const struct tape_item *input)
{
    const struct tape_item *key = vectors_member(tape, input, "key");
    return tape_kind_of(key) == TAPE_ARRAY ? tape_first(tape, key) : key;
}

static enum answer answer_form(const struct tape *tape, const struct tape_item *input, struct span token)
{
    const struct tape_item *key = key_of_input(tape, input);
    bool is_long_enough, is_encryption = vectors_member(tape, input, "enc") != NULL;
    if (is_encryption)
        return answer_encrypted(tape, key, token, vectors_text(tape, input, "plaintext"));
    struct keyset *set = vectors_key_set(tape, key, &is_long_enough);
    assert_int_equal(set->count, 1);
    enum answer answer = answer_token(set, token);
    keyset_release(set);
    return answer;
}

/* The compact form, accepted with `is_good`; the JSON forms are always refused. */
static void run_example(struct tally *tally, const struct tape *tape, const struct tape_item *example, bool is_good)
{
    static const char *const forms[] = {"compact", "json", "json_flat"};
    const struct tape_item *input = vectors_member(tape, example, "input"),
                           *output = vectors_member(tape, example, "output");
    for (size_t i = 0; i < COUNT_OF(forms); i++) {
        struct span token = vectors_text(tape, output, forms[i]);
        if (token.at != NULL)
            vectors_count(tally, (int64_t)i, answer_form(tape, input, token),
                          i == 0 && is_good ? EXPECT_ACCEPT : EXPECT_REFUSE);
    }
}

static void run_cookbook(struct tally *tally, const char *with, bool is_good)
{
    AUTO(arena) arena = {0};
    (void)with;
    struct tape tape = vectors_read(&arena, tally->file);
    run_example(tally, &tape, tape.items, is_good);
}

/* RFC 7520 6: a signed token, encrypted. */
static void run_nested(struct tally *tally, const char *with, bool is_good)
{
    AUTO(arena) arena = {0};
    (void)with;
    struct tape tape = vectors_read(&arena, tally->file);
    const struct tape_item *sign = vectors_member(&tape, NULL, "sign"),
                           *encrypt = vectors_member(&tape, NULL, "encrypt");
    run_example(tally, &tape, sign, is_good);
    run_example(tally, &tape, encrypt, is_good);
    assert_true(span_eq(vectors_text(&tape, vectors_member(&tape, encrypt, "input"), "plaintext"),
                        vectors_text(&tape, vectors_member(&tape, sign, "output"), "compact")));
}

/* --- keys and tokens in files of their own --- */

/* Each key of a published set or JWK. */
static void run_keys(struct tally *tally, const char *with, bool is_good)
{
    AUTO(arena) arena = {0};
    (void)with;
    struct tape tape = vectors_read(&arena, tally->file);
    struct keyset *set = vectors_public_set(tape_span(&tape, tape.items));
    for (size_t i = 0; i < set->count; i++)
        vectors_count(tally, (int64_t)i, ANSWER_ACCEPT, is_good ? EXPECT_ACCEPT : EXPECT_REFUSE);
    for (size_t i = 0; i < set->skipped_count; i++)
        vectors_count(tally, (int64_t)i, ANSWER_REFUSE, EXPECT_REFUSE);
    if (set->count + set->skipped_count == 0)
        vectors_count(tally, 0, ANSWER_REFUSE, is_good ? EXPECT_ACCEPT : EXPECT_REFUSE);
    keyset_release(set);
}

/* A bare token under the key in the file `with`. */
static void run_bare(struct tally *tally, const char *with, bool is_good)
{
    AUTO(arena) arena = {0};
    bool is_long_enough;
    struct tape key = vectors_read(&arena, with), token = vectors_read(&arena, tally->file);
    struct keyset *set = vectors_key_set(&key, key.items, &is_long_enough);
    vectors_count(tally, 0, answer_token(set, span_of(token.text, token.text_len)),
                  is_good ? EXPECT_ACCEPT : EXPECT_REFUSE);
    keyset_release(set);
}

/* --- files --- */

#define LATCHSET(name) "rfc-latchset/rfc7515_" name

static const struct {
    const char *file;
    void (*run)(struct tally *, const char *with, bool is_good);
    bool is_good; /* where the file does not say so itself */
    const char *with;
} files[] = {
    {"wycheproof/exceptions.json", run_exceptions, true, NULL},
    {"wycheproof/json_web_signature_test.json", run_tokens, true, NULL},
    {"wycheproof/json_web_key_test.json", run_tokens, true, NULL},
    {"wycheproof/json_web_crypto_test.json", run_tokens, true, NULL},
    {"wycheproof/json_web_encryption_test.json", run_encrypted, true, NULL},
    {"wycheproof/ecdsa_secp256r1_sha256_p1363_test.json", run_signatures, true, NULL},
    {"wycheproof/ecdsa_secp384r1_sha384_p1363_test.json", run_signatures, true, NULL},
    {"wycheproof/ecdsa_secp521r1_sha512_p1363_test.json", run_signatures, true, NULL},
    {"wycheproof/ed25519_test.json", run_signatures, true, NULL},
    {"wycheproof/ed448_test.json", run_signatures, true, NULL},
    {"wycheproof/rsa_signature_2048_sha256_test.json", run_signatures, true, NULL},
    {"wycheproof/rsa_signature_2048_sha384_test.json", run_signatures, true, NULL},
    {"wycheproof/rsa_signature_2048_sha512_test.json", run_signatures, true, NULL},
    {"wycheproof/rsa_signature_3072_sha256_test.json", run_signatures, true, NULL},
    {"wycheproof/rsa_signature_4096_sha512_test.json", run_signatures, true, NULL},
    {"wycheproof/rsa_pss_2048_sha256_mgf1_32_test.json", run_signatures, true, NULL},
    {"wycheproof/rsa_pss_2048_sha384_mgf1_48_test.json", run_signatures, true, NULL},
    {"wycheproof/rsa_pss_4096_sha512_mgf1_64_test.json", run_signatures, true, NULL},
    {"wycheproof/hmac_sha256_test.json", run_macs, true, NULL},
    {"wycheproof/hmac_sha384_test.json", run_macs, true, NULL},
    {"wycheproof/hmac_sha512_test.json", run_macs, true, NULL},
    {"rfc-cookbook/6.nesting_signatures_and_encryption.json", run_nested, true, NULL},
    {"rfc-cookbook/jws/4_1.rsa_v15_signature.json", run_cookbook, true, NULL},
    {"rfc-cookbook/jws/4_3.ecdsa_signature.json", run_cookbook, true, NULL},
    {"rfc-cookbook/jws/4_5.signature_with_detached_content.json", run_cookbook, false, NULL},
    {"rfc-cookbook/jws/4_7.protecting_content_only.json", run_cookbook, false, NULL},
    {"rfc-cookbook/jws/4_8.multiple_signatures.json", run_cookbook, false, NULL},
    {"rfc-cookbook/curve25519/jws.json", run_cookbook, true, NULL},
    {"rfc-cookbook/rfc7797/hmac-sha2_b64_false.json", run_cookbook, false, NULL},
    {"rfc-cookbook/jwe/5_1.key_encryption_using_rsa_v15_and_aes-hmac-sha2.json", run_cookbook, true, NULL},
    {"rfc-cookbook/jwe/5_2.key_encryption_using_rsa-oaep_with_aes-gcm.json", run_cookbook, true, NULL},
    {"rfc-cookbook/jwe/5_5.key_agreement_using_ecdh-es_with_aes-cbc-hmac-sha2.json", run_cookbook, true, NULL},
    {"rfc-cookbook/jwe/5_6.direct_encryption_using_aes-gcm.json", run_cookbook, true, NULL},
    {"rfc-cookbook/jwe/5_7.key_wrap_using_aes-gcm_keywrap_with_aes-cbc-hmac-sha2.json", run_cookbook, true, NULL},
    {"rfc-cookbook/jwe/5_9.compressed_content.json", run_cookbook, true, NULL},
    {"rfc-cookbook/jwe/5_10.including_additional_authentication_data.json", run_cookbook, false, NULL},
    {"rfc-cookbook/jwe/5_11.protecting_specific_header_fields.json", run_cookbook, false, NULL},
    {"rfc-cookbook/jwe/5_13.encrypting_to_multiple_recipients.json", run_cookbook, false, NULL},
    {"rfc-cookbook/jwk/3_1.ec_public_key.json", run_keys, true, NULL},
    {"rfc-cookbook/jwk/3_4.rsa_private_key.json", run_keys, true, NULL},
    {"rfc-cookbook/jwk/3_5.symmetric_key_mac_computation.json", run_keys, false, NULL},
    {"rfc-cookbook/jwk/3_6.symmetric_key_encryption.json", run_keys, false, NULL},
    {LATCHSET("A.1.jwk"), run_keys, false, NULL},
    {LATCHSET("A.2.jwk"), run_keys, true, NULL},
    {LATCHSET("A.4.jwk"), run_keys, true, NULL},
    {LATCHSET("A.7.jwk"), run_keys, true, NULL},
    {LATCHSET("A.1.jwsc"), run_bare, true, LATCHSET("A.1.jwk")},
    {LATCHSET("A.2.jwsc"), run_bare, true, LATCHSET("A.2.jwk")},
    {LATCHSET("A.4.jwsc"), run_bare, true, LATCHSET("A.4.jwk")},
    {LATCHSET("A.5.jwsc"), run_bare, false, LATCHSET("A.2.jwk")},
    {LATCHSET("A.7.jwsf"), run_bare, false, LATCHSET("A.7.jwk")},
    {"rfc-latchset/rfc7517_A.1.jwkset", run_keys, true, NULL},
    {"rfc-latchset/rfc7517_A.3.jwkset", run_keys, false, NULL},
    {"rfc-latchset/rfc7517_B.jwk", run_keys, true, NULL},
};

static void every_file_is_answered_as_it_must_be(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(files); i++) {
        struct tally tally = {.file = files[i].file};
        files[i].run(&tally, files[i].with, files[i].is_good);
        vectors_finish(&tally);
    }
    vectors_print_total();
}

static unsigned unknown_files;

static int look_at(const char *path, const struct stat *info, int kind, struct FTW *walk)
{
    (void)info, (void)walk;
    bool is_known = kind != FTW_F;
    for (size_t i = 0; i < COUNT_OF(files); i++)
        is_known = is_known || span_ends(span_str(path), span_str(files[i].file));
    if (!is_known)
        print_error("%s: no runner knows this file\n", path);
    unknown_files += is_known ? 0 : 1;
    return 0;
}

static void no_file_is_left_out(void **state)
{
    static const char *const folders[] = {"wycheproof", "rfc-cookbook", "rfc-latchset"};
    (void)state;
    for (size_t i = 0; i < COUNT_OF(folders); i++) {
        char path[1024];
        snprintf(path, sizeof path, "%s/%s", vectors_directory, folders[i]);
        assert_int_equal(nftw(path, look_at, 8, FTW_PHYS), 0);
    }
    assert_int_equal(unknown_files, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_file_is_answered_as_it_must_be),
        cmocka_unit_test(no_file_is_left_out),
    };
    const char *set = getenv("JWTGATE_VECTORS");
    char path[1024];
    vectors_directory = set != NULL && set[0] != '\0' ? set : JWTGATE_VECTORS_DEFAULT;
    snprintf(path, sizeof path, "%s/wycheproof/exceptions.json", vectors_directory);
    if (access(path, R_OK) != 0) {
        printf("skipped: no vectors in %s\n", vectors_directory);
        return SKIPPED;
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}
