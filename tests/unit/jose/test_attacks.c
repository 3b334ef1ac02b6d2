/* SPDX-License-Identifier: Apache-2.0 */
/* Hostile tokens against a set of one RSA, one P-256 and one Ed25519 key.  Every attack is a token that an attacker can make, or
 * one that the issuer signed in error; beside it stands a neighbour that passes, so that it is refused for what it is.
 *
 * The attacker has the public keys, a good token, and keys of his own.  Letters and numbers name the kind of attack: A algorithm,
 * C confusion of keys, H key named by the token, B extensions, S signature, K keys in the set, E encoding, J encryption.
 */
#include "outcome.h"
#include "signing.h"

#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>

#include <stdarg.h>
#include <setjmp.h>
#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#define PAYLOAD SPAN("{\"iss\":\"https://issuer.example\",\"exp\":2000000000}")

static struct signer *rsa, *p256, *ed25519, *foreign_rsa, *foreign_p256;
static struct keyset *set;

static void expect(const char *row, struct keyset *keys, struct span token, enum outcome want)
{
    enum outcome got = outcome_of(keys, token, true);
    if (got != want)
        fail_msg("%s: %s, not %s: %.*s", row, outcome_name(got), outcome_name(want), SPAN_ARG(token));
}

/* Whatever the reason: not accepted. */
static void refuse(const char *row, struct keyset *keys, struct span token)
{
    enum outcome got = outcome_of(keys, token, true);
    if (got == ACCEPTED || got == UNSIGNED)
        fail_msg("%s: %s: %.*s", row, outcome_name(got), SPAN_ARG(token));
}

/* A token with this header, signed by `signer` with `alg`, whatever the header says. */
static void expect_signed(const char *row, const struct signer *signer, enum alg alg, const char *header,
                          enum outcome want)
{
    char *token = signer_token(signer, alg, header, PAYLOAD);
    expect(row, set, span_str(token), want);
    free(token);
}

/* --- header: the signature is sound, so the header alone decides --- */

static const struct {
    const char *row, *header;
    enum outcome want;
} headers[] = {
    {"neighbour", "{\"alg\":\"RS256\",\"kid\":\"rsa\"}", ACCEPTED},
    {"A1", "{\"alg\":\"none\",\"kid\":\"rsa\"}", BAD_FORM},
    {"A2", "{\"alg\":\"None\",\"kid\":\"rsa\"}", NO_KEY},
    {"A2", "{\"alg\":\"nOnE\"}", NO_KEY},
    {"A2", "{\"alg\":\" none\"}", NO_KEY},
    {"A2", "{\"alg\":\"none\\u0000\"}", NO_KEY},
    {"A5", "{\"kid\":\"rsa\"}", BAD_FORM},
    {"A5", "{\"alg\":null,\"kid\":\"rsa\"}", BAD_FORM},
    {"A5", "{\"alg\":\"\",\"kid\":\"rsa\"}", BAD_FORM},
    {"A6", "{\"alg\":256,\"kid\":\"rsa\"}", BAD_FORM},
    {"A6", "{\"alg\":[\"RS256\"],\"kid\":\"rsa\"}", BAD_FORM},
    {"A7", "{\"alg\":\"rs256\",\"kid\":\"rsa\"}", NO_KEY},
    {"A7", "{\"alg\":\" RS256\",\"kid\":\"rsa\"}", NO_KEY},
    {"A7", "{\"alg\":\"RS256\\u0000\",\"kid\":\"rsa\"}", NO_KEY},
    {"A8", "{\"alg\":\"RS1\",\"kid\":\"rsa\"}", NO_KEY},
    {"A8", "{\"alg\":\"RS999\",\"kid\":\"rsa\"}", NO_KEY},
    {"A9", "{\"alg\":\"none\",\"alg\":\"RS256\",\"kid\":\"rsa\"}", BAD_FORM},
    {"A9", "{\"alg\":\"RS256\",\"\\u0061lg\":\"RS256\",\"kid\":\"rsa\"}", BAD_FORM},
    {"C6", "{\"alg\":\"ES256\",\"kid\":\"rsa\"}", NO_KEY},
    {"C6", "{\"alg\":\"EdDSA\",\"kid\":\"rsa\"}", NO_KEY},
    {"C6", "{\"alg\":\"HS256\",\"kid\":\"rsa\"}", NO_KEY},
    {"C6", "{\"alg\":\"RS256\",\"kid\":\"p256\"}", NO_KEY},
    {"C6", "{\"alg\":\"RS256\",\"kid\":\"ed25519\"}", NO_KEY},
    {"C7", "{\"alg\":\"PS256\",\"kid\":\"rsa\"}", BAD_SIGNATURE},
    {"C8", "{\"alg\":\"RS384\",\"kid\":\"rsa\"}", BAD_SIGNATURE},
    {"C9", "{\"alg\":\"ES384\",\"kid\":\"p256\"}", NO_KEY},
    {"C9", "{\"alg\":\"ES256K\",\"kid\":\"p256\"}", NO_KEY},
    {"H10", "{\"alg\":\"RS256\",\"kid\":\"RSA\"}", ACCEPTED},
    {"H10", "{\"alg\":\"RS256\",\"kid\":\"rsa\\u0000x\"}", ACCEPTED},
    {"H11", "{\"alg\":\"RS256\",\"kid\":1}", BAD_FORM},
    {"H11", "{\"alg\":\"RS256\",\"kid\":[\"rsa\"]}", BAD_FORM},
    {"H12", "{\"alg\":\"RS256\",\"kid\":\"\"}", ACCEPTED},
    {"H12", "{\"alg\":\"RS256\",\"kid\":null}", BAD_FORM},
    {"H13", "{\"alg\":\"RS256\",\"kid\":\"a\\r\\nb\\u001b[31m%s%n\"}", ACCEPTED},
    {"H15", "{\"alg\":\"RS256\",\"kid\":\"rsa\",\"kid\":\"x\"}", BAD_FORM},
    {"B1", "{\"alg\":\"RS256\",\"crit\":[\"x\"],\"x\":1}", BAD_FORM},
    {"B1 neighbour", "{\"alg\":\"RS256\",\"x\":1}", ACCEPTED},
    {"B2", "{\"alg\":\"RS256\",\"crit\":[]}", BAD_FORM},
    {"B2", "{\"alg\":\"RS256\",\"crit\":\"alg\"}", BAD_FORM},
    {"B2", "{\"alg\":\"RS256\",\"crit\":[\"alg\"]}", BAD_FORM},
    {"B3", "{\"alg\":\"RS256\",\"crit\":[\"b64\"],\"b64\":false}", BAD_FORM},
    {"B4", "{\"alg\":\"RS256\",\"b64\":false}", BAD_FORM},
    {"E9", "[\"alg\",\"RS256\"]", BAD_FORM},
    {"E9", "\"RS256\"", BAD_FORM},
    {"E10", "{\"alg\":\"RS256\"}x", BAD_FORM},
    {"E10 neighbour", " {\"alg\":\"RS256\"}\n", ACCEPTED},
    {"E11", "\xef\xbb\xbf{\"alg\":\"RS256\"}", BAD_FORM},
    {"E11", "{\"alg\":\"RS256\",\"x\":\"\xc0\xaf\"}", BAD_FORM},
    {"E11 neighbour", "{\"alg\":\"RS256\",\"x\":\"\xc3\xa4\"}", ACCEPTED},
    {"E12", "{\"alg\":\"RS256\",\"x\":\"\\ud800\"}", BAD_FORM},
    {"E12 neighbour", "{\"alg\":\"RS256\",\"x\":\"\\ud83d\\ude00\"}", ACCEPTED},
    {"E13", "{\"alg\":\"RS256\",}", BAD_FORM},
    {"E13", "{'alg':'RS256'}", BAD_FORM},
    {"E15", "{\"\\u0061\\u006cg\":\"RS\\u003256\"}", ACCEPTED},
    {"E16", "{\"alg\":\"RS256\",\"x\":[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]}", BAD_FORM},
    {"E16 neighbour", "{\"alg\":\"RS256\",\"x\":[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]}", ACCEPTED},
};

static void a_sound_signature_does_not_mend_a_bad_header(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(headers); i++)
        expect_signed(headers[i].row, rsa, ALG_RS256, headers[i].header, headers[i].want);
}

/* A1-A4: no signature at all. */
static void unsigned_tokens_are_never_taken_for_signed_ones(void **state)
{
    (void)state;
    static const char *const spellings[] = {"None", "NONE", "nOnE", "none ", "none\\u0000", "RS256"};
    char *good = signer_token(rsa, ALG_RS256, NULL, PAYLOAD), *none;
    expect("neighbour", set, span_str(good), ACCEPTED);
    none = signer_join(SPAN("{\"alg\":\"none\"}"), PAYLOAD, SPAN(""));
    expect("A1", set, span_str(none), UNSIGNED);
    expect("A4", set, span_cut(span_str(none), strlen(none) - 1), BAD_FORM);
    free(none);
    for (size_t i = 0; i < COUNT_OF(spellings); i++) {
        char header[64];
        snprintf(header, sizeof header, "{\"alg\":\"%s\"}", spellings[i]);
        none = signer_join(span_str(header), PAYLOAD, SPAN(""));
        expect("A2", set, span_str(none), BAD_FORM);
        free(none);
    }
    free(good);
}

/* C1-C4, H8: whatever public bytes the attacker takes as a secret. */
static void no_public_bytes_make_a_secret(void **state)
{
    (void)state;
    const struct signer *signers[] = {rsa, p256, ed25519};
    for (size_t i = 0; i < COUNT_OF(signers); i++) {
        char *pem = signer_public_pem(signers[i]), *jwk = signer_jwk(signers[i], NULL), spaced[2048];
        unsigned char *spki = NULL, *bare = NULL;
        int spki_len = i2d_PUBKEY(signers[i]->pkey, &spki), bare_len = i2d_PublicKey(signers[i]->pkey, &bare);
        const char *x = strstr(jwk, "\"x\":\""), *number = x == NULL ? strstr(jwk, "\"n\":\"") : x;
        snprintf(spaced, sizeof spaced, " %s", pem);
        const struct span secrets[] = {
            span_str(pem),
            span_cut(span_str(pem), strlen(pem) - 1),
            span_str(spaced),
            span_str(jwk),
            span_of(spki, (size_t)spki_len),
            span_of(bare, bare_len < 0 ? 0 : (size_t)bare_len),
            SPAN(""),
            SPAN("\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0"),
            span_str(signers[i]->kid),
            span_of(number + 5, strcspn(number + 5, "\"")),
        };
        for (size_t k = 0; k < COUNT_OF(secrets); k++)
            for (unsigned alg = ALG_HS256; alg <= ALG_HS512; alg++) {
                struct signer *mac = signer_from_secret(secrets[k], k % 2 == 0 ? signers[i]->kid : NULL);
                char *token = signer_token(mac, (enum alg)alg, NULL, PAYLOAD);
                expect("C1-C4", set, span_str(token), NO_KEY);
                free(token);
                signer_free(mac);
            }
        free(pem);
        free(jwk);
        OPENSSL_free(spki);
        OPENSSL_free(bare);
    }
}

/* C5: a secret that everybody can read in the key set. */
static void a_published_secret_is_not_used(void **state)
{
    (void)state;
    struct signer *secret = signer_new(SIGNER_SECRET, "secret");
    const struct signer *both[] = {rsa, secret};
    char *jwks = signer_jwks(both, 2), *token = signer_token(secret, ALG_HS256, NULL, PAYLOAD);
    struct keyset *mixed = keyset_of(jwks);
    char *good = signer_token(rsa, ALG_RS256, NULL, PAYLOAD);
    expect("C5", mixed, span_str(token), NO_KEY);
    expect("neighbour", mixed, span_str(good), ACCEPTED);
    keyset_release(mixed);
    signer_free(secret);
    free(jwks);
    free(token);
    free(good);
}

/* C10-C12: what the key says of itself, with and without its name in the token. */
static void a_key_serves_only_what_it_says(void **state)
{
    (void)state;
    static const struct {
        const char *members;
        bool is_taken;
    } cases[] = {
        {"\"alg\":\"RS256\",\"use\":\"sig\",\"key_ops\":[\"verify\"]", true},
        {"\"alg\":\"RS512\"", false},
        {"\"use\":\"enc\"", false},
        {"\"alg\":\"RSA-OAEP\"", false},
        {"\"key_ops\":[\"encrypt\",\"wrapKey\"]", false},
    };
    char *named = signer_token(rsa, ALG_RS256, NULL, PAYLOAD);
    char *nameless = signer_token(rsa, ALG_RS256, "{\"alg\":\"RS256\"}", PAYLOAD);
    char *other = signer_jwk(p256, NULL);
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        char *jwk = signer_jwk(rsa, cases[i].members), jwks[2048];
        snprintf(jwks, sizeof jwks, "{\"keys\":[%s,%s]}", jwk, other);
        struct keyset *keys = keyset_of(jwks);
        expect("C10, C11", keys, span_str(named), cases[i].is_taken ? ACCEPTED : NO_KEY);
        expect("C12", keys, span_str(nameless), cases[i].is_taken ? ACCEPTED : NO_KEY);
        keyset_release(keys);
        free(jwk);
    }
    free(named);
    free(nameless);
    free(other);
}

/* H1-H6: keys, addresses and certificates inside the token. */
static void keys_inside_the_token_are_not_used(void **state)
{
    (void)state;
    char *jwk = signer_jwk(foreign_rsa, NULL), header[4096];
    static const char *const forms[] = {
        "{\"alg\":\"RS256\",\"jwk\":%s}",
        "{\"alg\":\"RS256\",\"kid\":\"rsa\",\"jwk\":%s}",
        "{\"alg\":\"RS256\",\"kid\":\"unknown\",\"jwk\":%s}",
        "{\"alg\":\"RS256\",\"jku\":\"https://attacker.example/jwks\",\"x\":%s}",
        "{\"alg\":\"RS256\",\"x5u\":\"file:///etc/passwd\",\"x\":%s}",
        "{\"alg\":\"RS256\",\"x5c\":[\"MAA=\"],\"x\":%s}",
    };
    for (size_t i = 0; i < COUNT_OF(forms); i++) {
        snprintf(header, sizeof header, forms[i], jwk);
        expect_signed("H1-H6", foreign_rsa, ALG_RS256, header, BAD_SIGNATURE);
        expect_signed("neighbour", rsa, ALG_RS256, header, ACCEPTED);
    }
    free(jwk);
}

/* H8-H12: names that some programs take for files, queries or patterns. */
static void odd_names_never_lead_to_a_foreign_key(void **state)
{
    (void)state;
    static const char *const kids[] = {"../../../dev/null",
                                       "/proc/sys/kernel/randomize_va_space",
                                       "' UNION SELECT 'x",
                                       "|id",
                                       "`id`",
                                       "*",
                                       "%",
                                       "rsa*",
                                       "rsa ",
                                       "",
                                       "RSA"};
    for (size_t i = 0; i < COUNT_OF(kids); i++) {
        char header[128];
        snprintf(header, sizeof header, "{\"alg\":\"RS256\",\"kid\":\"%s\"}", kids[i]);
        expect_signed("H9", foreign_rsa, ALG_RS256, header, BAD_SIGNATURE);
        expect_signed("neighbour", rsa, ALG_RS256, header, ACCEPTED);
        snprintf(header, sizeof header, "{\"alg\":\"HS256\",\"kid\":\"%s\"}", kids[i]);
        struct signer *nothing = signer_from_secret(SPAN(""), NULL);
        expect_signed("H8", nothing, ALG_HS256, header, NO_KEY);
        signer_free(nothing);
    }
}

/* S1, S2, E3-E7: good tokens bent a little. */
static void a_bent_token_is_refused(void **state)
{
    (void)state;
    const struct signer *signers[] = {rsa, p256, ed25519};
    for (size_t i = 0; i < COUNT_OF(signers); i++) {
        char *good = signer_token(signers[i], signer_alg(signers[i]), NULL, PAYLOAD), bent[4096];
        char *other = signer_token(signers[i], signer_alg(signers[i]), NULL, SPAN("{\"admin\":true}"));
        expect("neighbour", set, span_str(good), ACCEPTED);
        static const char *const tails[] = {"A", "=", "==", ".", " ", "\n", "%3D", ",", "AA", "AAA", "AAAA"};
        for (size_t k = 0; k < COUNT_OF(tails); k++) {
            snprintf(bent, sizeof bent, "%s%s", good, tails[k]);
            refuse("S1, E3, E6", set, span_str(bent));
        }
        for (size_t cut = 1; cut < 6; cut++)
            refuse("S1", set, span_cut(span_str(good), strlen(good) - cut));
        size_t last = strlen(good) - 1;
        for (const char *c = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"; *c != '\0'; c++) {
            strcpy(bent, good);
            bent[last] = *c;
            if (*c != good[last])
                refuse("S1, E5", set, span_str(bent));
        }
        snprintf(bent, sizeof bent, "%.*s%s", (int)(strrchr(other, '.') - other), other, strrchr(good, '.'));
        expect("S2", set, span_str(bent), BAD_SIGNATURE);
        free(good);
        free(other);
    }
}

/* --- RSA padding by hand (S7, S8, C8; Bleichenbacher 2006) --- */

#define SHA256_PREFIX "\x30\x31\x30\x0d\x06\x09\x60\x86\x48\x01\x65\x03\x04\x02\x01\x05\x00\x04\x20"
#define SHA256_PREFIX_WITHOUT_NULL "\x30\x2f\x30\x0b\x06\x09\x60\x86\x48\x01\x65\x03\x04\x02\x01\x04\x20"
#define SHA256_PREFIX_LONG_LENGTH "\x30\x81\x31\x30\x0d\x06\x09\x60\x86\x48\x01\x65\x03\x04\x02\x01\x05\x00\x04\x20"
#define SHA1_PREFIX "\x30\x21\x30\x09\x06\x05\x2b\x0e\x03\x02\x1a\x05\x00\x04\x14"

enum { MODULUS_BYTES = 256, HASH_BYTES = 32 };

/* What stands under the signature: 0, type, `padding` bytes of ff, 0, prefix, hash, and zeros behind it to the end. */
struct padding {
    unsigned char type;
    size_t ff_bytes;
    struct span prefix;
    bool is_accepted;
};

static size_t raw_signature(struct span input, const struct padding *p, unsigned char out[MODULUS_BYTES])
{
    unsigned char block[MODULUS_BYTES] = {0}, hash[HASH_BYTES], *at = block + 1;
    size_t len = MODULUS_BYTES;
    *at++ = p->type;
    memset(at, 0xff, p->ff_bytes);
    at += p->ff_bytes + 1;
    memcpy(at, p->prefix.at, p->prefix.len);
    assert_true(EVP_Q_digest(NULL, "SHA256", NULL, input.at, input.len, hash, NULL) == 1);
    memcpy(at + p->prefix.len, hash, sizeof hash);
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_pkey(NULL, rsa->pkey, NULL);
    assert_true(EVP_PKEY_sign_init(ctx) == 1 && EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_NO_PADDING) == 1);
    assert_true(EVP_PKEY_sign(ctx, out, &len, block, sizeof block) == 1);
    EVP_PKEY_CTX_free(ctx);
    return len;
}

static void rsa_padding_is_exact(void **state)
{
    (void)state;
    const size_t full = MODULUS_BYTES - 3 - HASH_BYTES;
    const struct padding cases[] = {
        {1, full - 19, SPAN(SHA256_PREFIX), true},
        {2, full - 19, SPAN(SHA256_PREFIX), false},
        {0, full - 19, SPAN(SHA256_PREFIX), false},
        {1, 8, SPAN(SHA256_PREFIX), false},
        {1, 0, SPAN(SHA256_PREFIX), false},
        {1, full - 20, SPAN(SHA256_PREFIX), false},
        {1, full - 17, SPAN(SHA256_PREFIX_WITHOUT_NULL), false},
        {1, full - 20, SPAN(SHA256_PREFIX_LONG_LENGTH), false},
        {1, full - 15, SPAN(SHA1_PREFIX), false},
        {1, full, SPAN(""), false},
    };
    char *good = signer_token(rsa, ALG_RS256, NULL, PAYLOAD), token[4096];
    struct span input = span_of(good, (size_t)(strrchr(good, '.') - good));
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        unsigned char signature[MODULUS_BYTES];
        size_t len = raw_signature(input, &cases[i], signature);
        char *text = signer_base64url(span_of(signature, len));
        snprintf(token, sizeof token, "%.*s.%s", SPAN_ARG(input), text);
        char row[16];
        snprintf(row, sizeof row, "S8 case %zu", i);
        expect(row, set, span_str(token), cases[i].is_accepted ? ACCEPTED : BAD_SIGNATURE);
        free(text);
    }
    free(good);
}

/* --- keys in the set --- */

/* K1: with exponent 1 the padded message is its own signature. */
static void exponent_1_signs_nothing(void **state)
{
    (void)state;
    char *jwk = signer_jwk(rsa, NULL), *other = signer_jwk(p256, NULL), jwks[2048], token[4096];
    char *e = strstr(jwk, "\"e\":\"AQAB\"");
    memcpy(e, "\"e\":\"AQ\"  ", 10);
    snprintf(jwks, sizeof jwks, "{\"keys\":[%s,%s]}", jwk, other);
    struct keyset *keys = keyset_of(jwks);
    assert_int_equal(keys->count, 1);
    char *good = signer_token(rsa, ALG_RS256, NULL, PAYLOAD);
    unsigned char block[MODULUS_BYTES] = {0, 1};
    memset(block + 2, 0xff, sizeof block - 2);
    char *signature = signer_base64url(span_of(block, sizeof block));
    snprintf(token, sizeof token, "%.*s.%s", (int)(strrchr(good, '.') - good), good, signature);
    expect("K1", keys, span_str(token), NO_KEY);
    char *neighbour = signer_token(p256, ALG_ES256, NULL, PAYLOAD);
    expect("neighbour", keys, span_str(neighbour), ACCEPTED);
    keyset_release(keys);
    free(jwk);
    free(other);
    free(good);
    free(signature);
    free(neighbour);
}

/* K7: under the neutral point R = neutral, S = 0 fits every message. */
static void the_neutral_point_signs_nothing(void **state)
{
    (void)state;
    char *other = signer_jwk(ed25519, NULL), jwks[1024];
    unsigned char neutral[64] = {1};
    char *x = signer_base64url(span_of(neutral, 32));
    snprintf(jwks, sizeof jwks, "{\"keys\":[{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"kid\":\"n\",\"x\":\"%s\"},%s]}", x,
             other);
    struct keyset *keys = keyset_of(jwks);
    char *forged = signer_join(SPAN("{\"alg\":\"EdDSA\",\"kid\":\"n\"}"), PAYLOAD, span_of(neutral, sizeof neutral));
    expect("K7", keys, span_str(forged), BAD_SIGNATURE);
    char *good = signer_token(ed25519, ALG_EDDSA, NULL, PAYLOAD);
    expect("neighbour", keys, span_str(good), ACCEPTED);
    keyset_release(keys);
    free(other);
    free(x);
    free(forged);
    free(good);
}

/* --- payload: signed truly by the issuer --- */

static const struct {
    const char *row;
    struct span payload;
    enum outcome want;
} payloads[] = {
    {"neighbour", SPAN_INIT("{\"exp\":1}"), ACCEPTED},
    {"E10", SPAN_INIT("{\"exp\":1}x"), BAD_PAYLOAD},
    {"E10", SPAN_INIT("{\"exp\":1}{\"exp\":2}"), BAD_PAYLOAD},
    {"E10", SPAN_INIT("{\"exp\":1}\0"), BAD_PAYLOAD},
    {"E11", SPAN_INIT("{\"sub\":\"\xff\"}"), BAD_PAYLOAD},
    {"E12", SPAN_INIT("{\"sub\":\"\\udc00\"}"), BAD_PAYLOAD},
    {"E13", SPAN_INIT("{\"exp\":010}"), BAD_PAYLOAD},
    {"E13", SPAN_INIT("{\"exp\":NaN}"), BAD_PAYLOAD},
    {"E13", SPAN_INIT("{\"exp\":1,}"), BAD_PAYLOAD},
    {"E13", SPAN_INIT("{\"sub\":\"a\nb\"}"), BAD_PAYLOAD},
    {"E14", SPAN_INIT("{\"exp\":1,\"exp\":9000000000}"), BAD_PAYLOAD},
    {"E14", SPAN_INIT("{\"aud\":\"a\",\"\\u0061ud\":\"b\"}"), BAD_PAYLOAD},
    {"E15", SPAN_INIT("{\"\\u0065xp\":1}"), ACCEPTED},
    {"E16", SPAN_INIT("{\"a\":[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]}"), BAD_PAYLOAD},
    {"E19", SPAN_INIT("[]"), BAD_PAYLOAD},
    {"E19", SPAN_INIT("\"text\""), BAD_PAYLOAD},
    {"E19", SPAN_INIT("null"), BAD_PAYLOAD},
    {"E19", SPAN_INIT("1"), BAD_PAYLOAD},
    {"E19", SPAN_INIT(""), BAD_PAYLOAD},
};

static void a_sound_signature_does_not_mend_a_bad_payload(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(payloads); i++) {
        char *token = signer_token(p256, ALG_ES256, NULL, payloads[i].payload);
        expect(payloads[i].row, set, span_str(token), payloads[i].want);
        free(token);
    }
}

/* E8, J1. */
static void other_serialisations_are_refused(void **state)
{
    (void)state;
    char *good = signer_token(p256, ALG_ES256, NULL, PAYLOAD), text[4096];
    char *dot = strchr(good, '.'), *last = strrchr(good, '.');
    snprintf(text, sizeof text, "{\"protected\":\"%.*s\",\"payload\":\"%.*s\",\"signature\":\"%s\"}", (int)(dot - good),
             good, (int)(last - dot - 1), dot + 1, last + 1);
    expect("E8", set, span_str(text), BAD_FORM);
    snprintf(text, sizeof text, "{\"x\":\"%s\"}", good);
    expect("E8", set, span_str(text), BAD_FORM);
    snprintf(text, sizeof text, "%.*s..%s", (int)(dot - good), good, last + 1);
    expect("detached", set, span_str(text), BAD_SIGNATURE);
    snprintf(text, sizeof text, "%s.%s", good, dot + 1);
    expect("J1", set, span_str(text), BAD_FORM);
    free(good);
}

static int make_keys(void **state)
{
    (void)state;
    rsa = signer_new(SIGNER_RSA2048, "rsa");
    p256 = signer_new(SIGNER_P256, "p256");
    ed25519 = signer_new(SIGNER_ED25519, "ed25519");
    foreign_rsa = signer_new(SIGNER_RSA2048, "rsa");
    foreign_p256 = signer_new(SIGNER_P256, "p256");
    const struct signer *signers[] = {rsa, p256, ed25519};
    char *jwks = signer_jwks(signers, COUNT_OF(signers));
    set = keyset_of(jwks);
    free(jwks);
    return 0;
}

static int free_keys(void **state)
{
    (void)state;
    signer_free(rsa);
    signer_free(p256);
    signer_free(ed25519);
    signer_free(foreign_rsa);
    signer_free(foreign_p256);
    keyset_release(set);
    return 0;
}

/* H6: the name of a good key under a foreign signature. */
static void a_good_name_does_not_help_a_foreign_key(void **state)
{
    (void)state;
    expect_signed("H6", foreign_p256, ALG_ES256, "{\"alg\":\"ES256\",\"kid\":\"p256\"}", BAD_SIGNATURE);
    expect_signed("neighbour", p256, ALG_ES256, "{\"alg\":\"ES256\",\"kid\":\"p256\"}", ACCEPTED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_sound_signature_does_not_mend_a_bad_header),
        cmocka_unit_test(unsigned_tokens_are_never_taken_for_signed_ones),
        cmocka_unit_test(no_public_bytes_make_a_secret),
        cmocka_unit_test(a_published_secret_is_not_used),
        cmocka_unit_test(a_key_serves_only_what_it_says),
        cmocka_unit_test(keys_inside_the_token_are_not_used),
        cmocka_unit_test(odd_names_never_lead_to_a_foreign_key),
        cmocka_unit_test(a_good_name_does_not_help_a_foreign_key),
        cmocka_unit_test(a_bent_token_is_refused),
        cmocka_unit_test(rsa_padding_is_exact),
        cmocka_unit_test(exponent_1_signs_nothing),
        cmocka_unit_test(the_neutral_point_signs_nothing),
        cmocka_unit_test(a_sound_signature_does_not_mend_a_bad_payload),
        cmocka_unit_test(other_serialisations_are_refused),
    };
    return cmocka_run_group_tests(tests, make_keys, free_keys);
}
