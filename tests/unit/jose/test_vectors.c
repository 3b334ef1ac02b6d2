/* SPDX-License-Identifier: Apache-2.0 */
/* Published vectors: Wycheproof, the JOSE cookbook (RFC 7520, RFC 8037, RFC 7797), and the examples of RFC 7515 and RFC 7517.
 *
 * They are read from JWTGATE_VECTORS (environment), else from where the build says.  Without them the program says `skipped`
 * and ends with 77.  Every file's line says how many tests were accepted, refused and skipped, each as it must be; skipped
 * ones with the reason.  exceptions.json goes before what a file says.
 */
#include "jose/b64url.h"
#include "jose/verify.h"

#include "outcome.h"

#include <stdarg.h>
#include <setjmp.h>
#include <cmocka.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { DEPTH = 32, FILE_BYTES_MAX = 4 << 20, SKIPPED = 77 };

static const char *directory;

/* What the code under test does with one test, and what it should do. */
enum answer { ANSWER_ACCEPT, ANSWER_REFUSE, ANSWER_NO_ALG, ANSWER_NO_KEY, ANSWER_SHORT_SECRET, ANSWER_COUNT };
enum expected { EXPECT_ACCEPT, EXPECT_REFUSE, EXPECT_EITHER };

static const char *const answer_names[ANSWER_COUNT] = {
    "accepted",
    "refused",
    "skipped (algorithm not ours)",
    "skipped (key not as JWK)",
    "skipped (secret shorter than its digest: taken from 16 bytes on, with a warning)",
};

/* --- documents --- */

static struct tape read_document(struct arena *arena, const char *name)
{
    char path[1024];
    snprintf(path, sizeof path, "%s/%s", directory, name);
    FILE *file = fopen(path, "rb");
    if (file == NULL)
        fail_msg("%s: %s", path, strerror(errno));
    char *bytes = malloc(FILE_BYTES_MAX);
    assert_non_null(bytes);
    size_t len = fread(bytes, 1, FILE_BYTES_MAX, file);
    fclose(file);
    while (len > 0 && bytes[len - 1] == '\n')
        len--;
    struct tape tape;
    struct err err;
    if (!tape_read(&tape, arena, span_of(bytes, len), DEPTH, &err)) {
        /* Compact tokens stand in files of their own, bare. */
        tape = (struct tape){.text = arena_take(arena, len), .text_len = len};
        memcpy(tape.text, bytes, len);
    }
    free(bytes);
    return tape;
}

static struct span text_of(const struct tape *tape, const struct tape_item *object, const char *name)
{
    const struct tape_item *item = object == NULL ? NULL : tape_member(tape, object, span_str(name));
    return item == NULL ? (struct span){NULL, 0} : tape_span(tape, item);
}

static int64_t number_of(const struct tape *tape, const struct tape_item *object, const char *name)
{
    int64_t value = -1;
    const struct tape_item *item = tape_member(tape, object, span_str(name));
    assert_true(item != NULL && tape_whole(tape, item, &value));
    return value;
}

static struct span hex_of(struct arena *arena, const struct tape *tape, const struct tape_item *object,
                          const char *name)
{
    struct span hex = text_of(tape, object, name);
    assert_true(hex.at != NULL && hex.len % 2 == 0);
    char *out = arena_take(arena, hex.len / 2 + 1);
    assert_non_null(out);
    for (size_t i = 0; i < hex.len / 2; i++) {
        char pair[3] = {hex.at[2 * i], hex.at[2 * i + 1], '\0'};
        out[i] = (char)strtoul(pair, NULL, 16);
    }
    return span_of(out, hex.len / 2);
}

/* --- expectations --- */

static enum expected expected_of(struct arena *arena, const char *file, int64_t id, struct span result)
{
    struct tape list = read_document(arena, "wycheproof/exceptions.json");
    const char *base = strrchr(file, '/') + 1;
    for (const struct tape_item *at = tape_first(&list, list.items); at != NULL;
         at = tape_next(&list, list.items, at)) {
        if (!span_eq(text_of(&list, at, "file"), span_str(base)) || number_of(&list, at, "tcId") != id)
            continue;
        struct span expect = text_of(&list, at, "expect");
        return span_eq(expect, SPAN("accept"))   ? EXPECT_ACCEPT
               : span_eq(expect, SPAN("reject")) ? EXPECT_REFUSE
                                                 : EXPECT_EITHER;
    }
    return span_eq(result, SPAN("valid")) ? EXPECT_ACCEPT : EXPECT_REFUSE;
}

struct tally {
    unsigned counts[ANSWER_COUNT];
    unsigned wrong;
};

static void count(struct tally *tally, const char *file, int64_t id, enum answer answer, enum expected expected)
{
    tally->counts[answer]++;
    bool is_wrong = (answer == ANSWER_ACCEPT && expected == EXPECT_REFUSE) ||
                    (answer == ANSWER_REFUSE && expected == EXPECT_ACCEPT);
    if (!is_wrong)
        return;
    tally->wrong++;
    print_error("%s: test %lld is %s\n", file, (long long)id, answer_names[answer]);
}

static void print_tally(const struct tally *tally, const char *file)
{
    print_message("%s:", file);
    for (size_t i = 0; i < ANSWER_COUNT; i++)
        if (tally->counts[i] > 0)
            print_message(" %u %s", tally->counts[i], answer_names[i]);
    print_message("\n");
    assert_int_equal(tally->wrong, 0);
}

/* --- keys --- */

/* A secret of the configuration made from an `oct` JWK: taken only for what the JWK says it is for. */
static bool add_secret(struct keyset *set, const struct tape *tape, const struct tape_item *jwk)
{
    unsigned char *bytes;
    size_t len;
    struct err err;
    struct span alg_text = text_of(tape, jwk, "alg"), use = text_of(tape, jwk, "use");
    enum alg alg = alg_by_name(alg_text);
    if ((alg_text.at != NULL && alg == ALG_UNKNOWN) || (use.at != NULL && !span_eq(use, SPAN("sig"))))
        return true;
    if (!b64_decode_lenient(text_of(tape, jwk, "k"), &bytes, &len, &err))
        return true;
    struct key *key = key_from_secret(span_of(bytes, len), text_of(tape, jwk, "kid"), &err);
    free(bytes);
    if (key == NULL)
        return true;
    if (alg != ALG_UNKNOWN)
        key->algs.bits &= alg_set_of(alg).bits;
    assert_true(keyset_add(set, key, &err));
    return alg == ALG_UNKNOWN || len >= alg_info(alg)->signature_bytes;
}

static struct keyset *set_of_public(struct span json)
{
    char *text = malloc(json.len + 32);
    assert_non_null(text);
    bool is_set = span_holds(json, SPAN("\"keys\""));
    sprintf(text, is_set ? "%.*s" : "{\"keys\":[%.*s]}", SPAN_ARG(json));
    struct keyset *set = keyset_of(text);
    free(text);
    return set;
}

/* The keys of a group: `oct` keys alone are secrets of the configuration, all else is a published set. */
static struct keyset *set_of_key(const struct tape *tape, const struct tape_item *key, bool *is_long_enough)
{
    const struct tape_item *keys = tape_member(tape, key, SPAN("keys"));
    const struct tape_item *first = keys == NULL ? key : tape_first(tape, keys);
    bool has_public = false;
    *is_long_enough = true;
    for (const struct tape_item *at = first; at != NULL; at = keys == NULL ? NULL : tape_next(tape, keys, at))
        has_public = has_public || !span_eq(text_of(tape, at, "kty"), SPAN("oct"));
    if (has_public)
        return set_of_public(tape_span(tape, key));
    struct keyset *set = keyset_new(SPAN(""), 0);
    assert_non_null(set);
    for (const struct tape_item *at = first; at != NULL; at = keys == NULL ? NULL : tape_next(tape, keys, at))
        *is_long_enough = add_secret(set, tape, at) && *is_long_enough;
    return set;
}

/* --- tokens --- */

static bool names_foreign_alg(struct span token)
{
    AUTO(arena) arena = {0};
    struct token read;
    struct err err;
    struct token_limits limits = {1 << 16, DEPTH};
    return token_read(&read, &arena, token, &limits, &err) && !read.is_encrypted && read.alg == ALG_UNKNOWN;
}

static enum answer answer_token(struct keyset *set, struct span token)
{
    if (outcome_of(set, token, false) == ACCEPTED)
        return ANSWER_ACCEPT;
    return names_foreign_alg(token) ? ANSWER_NO_ALG : ANSWER_REFUSE;
}

static void run_token_group(struct tally *tally, const char *file, const struct tape *tape,
                            const struct tape_item *group)
{
    const struct tape_item *key = tape_member(tape, group, SPAN("public")),
                           *tests = tape_member(tape, group, SPAN("tests"));
    bool is_long_enough;
    struct keyset *set =
        set_of_key(tape, key != NULL ? key : tape_member(tape, group, SPAN("private")), &is_long_enough);
    for (const struct tape_item *at = tape_first(tape, tests); at != NULL; at = tape_next(tape, tests, at)) {
        AUTO(arena) arena = {0};
        int64_t id = number_of(tape, at, "tcId");
        bool is_signed = tape_member(tape, at, SPAN("jws")) != NULL;
        enum answer answer = answer_token(set, text_of(tape, at, is_signed ? "jws" : "jwe"));
        if (answer == ANSWER_ACCEPT && !is_long_enough)
            answer = ANSWER_SHORT_SECRET;
        enum expected expected = expected_of(&arena, file, id, text_of(tape, at, "result"));
        count(tally, file, id, answer, is_signed ? expected : EXPECT_REFUSE);
    }
    keyset_release(set);
}

/* --- bare signatures --- */

static enum alg alg_of_group(const struct tape *tape, const struct tape_item *group, const struct tape_item *jwk)
{
    static const struct {
        const char *sha;
        enum alg rs, ps, es;
    } rows[] = {
        {"SHA-256", ALG_RS256, ALG_PS256, ALG_ES256},
        {"SHA-384", ALG_RS384, ALG_PS384, ALG_ES384},
        {"SHA-512", ALG_RS512, ALG_PS512, ALG_ES512},
    };
    struct span sha = text_of(tape, group, "sha"), kty = text_of(tape, jwk, "kty");
    if (span_eq(kty, SPAN("OKP")))
        return ALG_EDDSA;
    for (size_t i = 0; i < COUNT_OF(rows); i++)
        if (span_eq(sha, span_str(rows[i].sha)))
            return span_eq(kty, SPAN("EC"))                             ? rows[i].es
                   : span_eq(text_of(tape, group, "mgf"), SPAN("MGF1")) ? rows[i].ps
                                                                        : rows[i].rs;
    return ALG_UNKNOWN;
}

static enum answer answer_signature(struct keyset *set, enum alg alg, struct span message, struct span signature)
{
    struct err err;
    AUTO_PTR(verifier) verifier = verifier_new(set);
    assert_non_null(verifier);
    if (set->count == 0)
        return ANSWER_REFUSE;
    return verifier_check(verifier, set->keys[0], alg, message, signature, &err) ? ANSWER_ACCEPT : ANSWER_REFUSE;
}

static void run_signature_group(struct tally *tally, const char *file, const struct tape *tape,
                                const struct tape_item *group)
{
    const struct tape_item *jwk = tape_member(tape, group, SPAN("publicKeyJwk")),
                           *tests = tape_member(tape, group, SPAN("tests"));
    if (jwk == NULL)
        jwk = tape_member(tape, group, SPAN("keyJwk"));
    struct keyset *set = jwk == NULL ? NULL : set_of_public(tape_span(tape, jwk));
    bool is_foreign = jwk != NULL && span_eq(text_of(tape, jwk, "crv"), SPAN("Ed448"));
    enum alg alg = jwk == NULL ? ALG_UNKNOWN : alg_of_group(tape, group, jwk);
    for (const struct tape_item *at = tape_first(tape, tests); at != NULL; at = tape_next(tape, tests, at)) {
        AUTO(arena) arena = {0};
        int64_t id = number_of(tape, at, "tcId");
        enum answer answer =
            set == NULL  ? ANSWER_NO_KEY
            : is_foreign ? ANSWER_NO_ALG
                         : answer_signature(set, alg, hex_of(&arena, tape, at, "msg"), hex_of(&arena, tape, at, "sig"));
        count(tally, file, id, answer, expected_of(&arena, file, id, text_of(tape, at, "result")));
    }
    assert_true(!is_foreign || set->count == 0);
    keyset_release(set);
}

static void run_mac_group(struct tally *tally, const char *file, const struct tape *tape, const struct tape_item *group)
{
    const struct tape_item *tests = tape_member(tape, group, SPAN("tests"));
    int64_t bits = number_of(tape, group, "tagSize");
    enum alg alg = bits == 256 ? ALG_HS256 : bits == 384 ? ALG_HS384 : ALG_HS512;
    for (const struct tape_item *at = tape_first(tape, tests); at != NULL; at = tape_next(tape, tests, at)) {
        AUTO(arena) arena = {0};
        struct err err;
        int64_t id = number_of(tape, at, "tcId");
        struct keyset *set = keyset_new(SPAN(""), 0);
        struct key *key = key_from_secret(hex_of(&arena, tape, at, "key"), SPAN(""), &err);
        assert_true(key == NULL || keyset_add(set, key, &err));
        enum answer answer =
            key == NULL ? ANSWER_SHORT_SECRET
                        : answer_signature(set, alg, hex_of(&arena, tape, at, "msg"), hex_of(&arena, tape, at, "tag"));
        count(tally, file, id, answer, expected_of(&arena, file, id, text_of(tape, at, "result")));
        keyset_release(set);
    }
}

/* --- files --- */

static const struct wycheproof {
    const char *file;
    void (*run)(struct tally *, const char *, const struct tape *, const struct tape_item *);
} wycheproof[] = {
    {"wycheproof/json_web_signature_test.json", run_token_group},
    {"wycheproof/json_web_key_test.json", run_token_group},
    {"wycheproof/json_web_crypto_test.json", run_token_group},
    {"wycheproof/json_web_encryption_test.json", run_token_group},
    {"wycheproof/ecdsa_secp256r1_sha256_p1363_test.json", run_signature_group},
    {"wycheproof/ecdsa_secp384r1_sha384_p1363_test.json", run_signature_group},
    {"wycheproof/ecdsa_secp521r1_sha512_p1363_test.json", run_signature_group},
    {"wycheproof/ed25519_test.json", run_signature_group},
    {"wycheproof/ed448_test.json", run_signature_group},
    {"wycheproof/rsa_signature_2048_sha256_test.json", run_signature_group},
    {"wycheproof/rsa_signature_2048_sha384_test.json", run_signature_group},
    {"wycheproof/rsa_signature_2048_sha512_test.json", run_signature_group},
    {"wycheproof/rsa_signature_3072_sha256_test.json", run_signature_group},
    {"wycheproof/rsa_signature_4096_sha512_test.json", run_signature_group},
    {"wycheproof/rsa_pss_2048_sha256_mgf1_32_test.json", run_signature_group},
    {"wycheproof/rsa_pss_2048_sha384_mgf1_48_test.json", run_signature_group},
    {"wycheproof/rsa_pss_4096_sha512_mgf1_64_test.json", run_signature_group},
    {"wycheproof/hmac_sha256_test.json", run_mac_group},
    {"wycheproof/hmac_sha384_test.json", run_mac_group},
    {"wycheproof/hmac_sha512_test.json", run_mac_group},
};

static void wycheproof_is_answered_as_it_says(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(wycheproof); i++) {
        AUTO(arena) arena = {0};
        struct tally tally = {0};
        struct tape tape = read_document(&arena, wycheproof[i].file);
        const struct tape_item *groups = tape_member(&tape, NULL, SPAN("testGroups"));
        assert_non_null(groups);
        for (const struct tape_item *at = tape_first(&tape, groups); at != NULL; at = tape_next(&tape, groups, at))
            wycheproof[i].run(&tally, wycheproof[i].file, &tape, at);
        print_tally(&tally, wycheproof[i].file);
    }
}

static const struct {
    const char *file;
    bool is_accepted; /* as a compact token; the JSON forms are always refused */
} cookbook[] = {
    {"rfc-cookbook/jws/4_1.rsa_v15_signature.json", true},
    {"rfc-cookbook/jws/4_3.ecdsa_signature.json", true},
    {"rfc-cookbook/jws/4_5.signature_with_detached_content.json", false},
    {"rfc-cookbook/jws/4_7.protecting_content_only.json", false},
    {"rfc-cookbook/jws/4_8.multiple_signatures.json", false},
    {"rfc-cookbook/curve25519/jws.json", true},
    {"rfc-cookbook/rfc7797/hmac-sha2_b64_false.json", false},
};

static void run_cookbook(struct tally *tally, const char *file, bool is_accepted)
{
    static const char *const forms[] = {"compact", "json", "json_flat"};
    AUTO(arena) arena = {0};
    struct tape tape = read_document(&arena, file);
    const struct tape_item *input = tape_member(&tape, NULL, SPAN("input")),
                           *output = tape_member(&tape, NULL, SPAN("output"));
    const struct tape_item *key = tape_member(&tape, input, SPAN("key"));
    bool is_long_enough;
    if (tape_kind_of(key) == TAPE_ARRAY)
        key = tape_first(&tape, key);
    struct keyset *set = set_of_key(&tape, key, &is_long_enough);
    assert_true(set->count == 1);
    for (size_t i = 0; i < COUNT_OF(forms); i++) {
        struct span token = text_of(&tape, output, forms[i]);
        bool is_good = i == 0 && is_accepted;
        if (token.at != NULL)
            count(tally, file, (int64_t)i, answer_token(set, token), is_good ? EXPECT_ACCEPT : EXPECT_REFUSE);
    }
    keyset_release(set);
}

static void cookbook_examples_are_answered_as_they_must_be(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cookbook); i++) {
        struct tally tally = {0};
        run_cookbook(&tally, cookbook[i].file, cookbook[i].is_accepted);
        print_tally(&tally, cookbook[i].file);
    }
}

/* RFC 7515 A.1, A.2, A.4 pass; A.5 is unsigned, A.7 is JSON. */
static const struct {
    const char *key, *token;
    enum outcome want;
} examples[] = {
    {"rfc-latchset/rfc7515_A.1.jwk", "rfc-latchset/rfc7515_A.1.jwsc", ACCEPTED},
    {"rfc-latchset/rfc7515_A.2.jwk", "rfc-latchset/rfc7515_A.2.jwsc", ACCEPTED},
    {"rfc-latchset/rfc7515_A.4.jwk", "rfc-latchset/rfc7515_A.4.jwsc", ACCEPTED},
    {"rfc-latchset/rfc7515_A.2.jwk", "rfc-latchset/rfc7515_A.5.jwsc", UNSIGNED},
    {"rfc-latchset/rfc7515_A.7.jwk", "rfc-latchset/rfc7515_A.7.jwsf", BAD_FORM},
    {"rfc-latchset/rfc7515_A.2.jwk", "rfc-latchset/rfc7515_A.4.jwsc", NO_KEY},
};

static void examples_of_rfc_7515_are_answered_as_they_must_be(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(examples); i++) {
        AUTO(arena) arena = {0};
        bool is_long_enough;
        struct tape key = read_document(&arena, examples[i].key), token = read_document(&arena, examples[i].token);
        struct keyset *set = set_of_key(&key, key.items, &is_long_enough);
        enum outcome got = outcome_of(set, span_of(token.text, token.text_len), false);
        if (got != examples[i].want)
            fail_msg("%s: %s", examples[i].token, outcome_name(got));
        keyset_release(set);
    }
    print_message("rfc-latchset: 3 accepted 3 refused\n");
}

/* RFC 7517 A.1: an encryption key and a signature key; A.3: secrets only. */
static void key_sets_of_rfc_7517_give_their_usable_keys(void **state)
{
    (void)state;
    AUTO(arena) arena = {0};
    struct tape public_keys = read_document(&arena, "rfc-latchset/rfc7517_A.1.jwkset");
    struct tape secrets = read_document(&arena, "rfc-latchset/rfc7517_A.3.jwkset");
    struct keyset *set = set_of_public(tape_span(&public_keys, public_keys.items));
    struct keyset *empty = set_of_public(tape_span(&secrets, secrets.items));
    assert_int_equal(set->count, 1);
    assert_int_equal(set->skipped_count, 1);
    assert_true(span_eq(set->keys[0]->kid, SPAN("2011-04-29")));
    assert_int_equal(empty->count, 0);
    keyset_release(set);
    keyset_release(empty);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(wycheproof_is_answered_as_it_says),
        cmocka_unit_test(cookbook_examples_are_answered_as_they_must_be),
        cmocka_unit_test(examples_of_rfc_7515_are_answered_as_they_must_be),
        cmocka_unit_test(key_sets_of_rfc_7517_give_their_usable_keys),
    };
    const char *set = getenv("JWTGATE_VECTORS");
    char path[1024];
    directory = set != NULL && set[0] != '\0' ? set : JWTGATE_VECTORS_DEFAULT;
    snprintf(path, sizeof path, "%s/wycheproof/exceptions.json", directory);
    if (access(path, R_OK) != 0) {
        printf("skipped: no vectors in %s\n", directory);
        return SKIPPED;
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}
