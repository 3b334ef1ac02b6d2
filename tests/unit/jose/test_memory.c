/* SPDX-License-Identifier: Apache-2.0 */
/* Every allocation of this layer fails once: the answer is OUT_OF_MEMORY, nothing leaks, nothing is taken for a verdict. */
#include "jose/b64url.h"
#include "jose/claims.h"
#include "jose/decrypt.h"
#include "jose/verify.h"

#include "alloc_fail.h"
#include "encrypting.h"
#include "signing.h"

#include <stdarg.h>
#include <setjmp.h>
#include <cmocka.h>
#include <stdio.h>
#include <string.h>

enum { DEPTH = 8 };

static struct signer *signers[6];
static char *jwks, *token_text;
static struct jsondoc *document;
static unsigned char *certificate;
static size_t certificate_len;

/* A result without work done must say that memory was missing. */
static bool done(bool is_done, const struct err *err)
{
    if (!is_done)
        assert_int_equal(err->reason, REASON_OUT_OF_MEMORY);
    return is_done;
}

static bool run_tape(void *arg)
{
    const struct span *json = arg;
    AUTO(arena) arena = {0};
    struct tape tape;
    struct err err = {0};
    return done(tape_read(&tape, &arena, *json, DEPTH, &err), &err);
}

static void tapes_end_cleanly(void **state)
{
    (void)state;
    static char wide[20000];
    char *at = wide + sprintf(wide, "{\"a\\u0062\":[1");
    for (int i = 0; i < 1000; i++)
        at += sprintf(at, ",%d", i);
    at += sprintf(at, "]");
    for (int i = 0; i < 500; i++)
        at += sprintf(at, ",\"n%d\":{}", i);
    *at++ = '}';
    struct span json = span_of(wide, (size_t)(at - wide));
    assert_true(alloc_fail_each(run_tape, &json, false) >= 3);
}

static bool run_lenient(void *arg)
{
    (void)arg;
    struct err err = {0};
    unsigned char *bytes;
    size_t len;
    if (!done(b64_decode_lenient(SPAN("Zm9v"), &bytes, &len, &err), &err))
        return false;
    free(bytes);
    return true;
}

static void lenient_decoding_ends_cleanly(void **state)
{
    (void)state;
    assert_true(alloc_fail_each(run_lenient, NULL, false) >= 2);
}

static bool run_jwks(void *arg)
{
    (void)arg;
    struct err err = {0};
    struct keyset *set = keyset_new(SPAN("https://issuer.example"), 0);
    if (set == NULL)
        return false;
    bool is_done = done(keyset_add_jwks(set, jsondoc_root(document), &err), &err);
    assert_true(!is_done || (set->count == 5 && set->skipped_count == 1));
    keyset_release(set);
    return is_done;
}

static void key_sets_end_cleanly(void **state)
{
    (void)state;
    assert_true(alloc_fail_each(run_jwks, NULL, false) >= 15);
}

static bool run_keys(void *arg)
{
    (void)arg;
    struct err err = {0};
    AUTO_PTR(key) secret = key_from_secret(signers[SIGNER_SECRET]->secret, SPAN("k"), &err);
    if (!done(secret != NULL, &err))
        return false;
    AUTO_PTR(key) named = key_from_certificate(span_of(certificate, certificate_len), SPAN("k"), &err);
    return done(named != NULL, &err);
}

static void keys_end_cleanly(void **state)
{
    (void)state;
    assert_true(alloc_fail_each(run_keys, NULL, false) >= 6);
}

static bool run_document(void *arg)
{
    (void)arg;
    struct err err = {0};
    AUTO_PTR(jsondoc) doc = jsondoc_read(span_str(jwks), DEPTH, &err);
    return done(doc != NULL, &err);
}

static void documents_end_cleanly(void **state)
{
    (void)state;
    assert_true(alloc_fail_each(run_document, NULL, false) >= 1);
}

static bool run_token(void *arg)
{
    struct keyset *set = arg;
    AUTO(arena) arena = {0};
    struct token token;
    struct claims claims;
    struct claim_values values;
    struct err err = {0};
    struct token_limits limits = {4096, DEPTH};
    const struct keyset *sets[] = {set};
    struct keyset_candidate out[KEYSET_TRIES_MAX];
    enum keyset_match match;
    AUTO_PTR(verifier) verifier = verifier_new(set);
    if (verifier == NULL || !done(token_read(&token, &arena, span_str(token_text), &limits, &err), &err))
        return false;
    assert_int_equal(keyset_candidates(sets, 1, &token, out, &match), 1);
    return done(verifier_check(verifier, out[0].key, token.alg, token.signing_input, token.signature, &err) &&
                    claims_read(&claims, &arena, token.payload_text, DEPTH, &err) &&
                    claims_values(&claims, &arena, SPAN("numbers"), false, &values, &err),
                &err);
}

static void a_sound_token_is_never_called_false_for_want_of_memory(void **state)
{
    (void)state;
    struct err err;
    struct keyset *set = keyset_new(SPAN(""), 0);
    assert_true(keyset_add_jwks(set, jsondoc_root(document), &err));
    assert_true(alloc_fail_each(run_token, set, false) >= 3);
    keyset_release(set);
}

static bool run_decryption(void *arg)
{
    const char *const *token = arg;
    AUTO(arena) arena = {0};
    struct decrypted opened;
    struct err err = {0};
    unsigned char secret[ENCRYPTING_SECRET_BYTES_MAX];
    AUTO_PTR(decrypt_keys) keys = decrypt_keys_new();
    if (keys == NULL)
        return false;
    if (!done(decrypt_keys_add_secret(keys, encrypting_secret(secret, 16), &err) &&
                  decrypt_keys_add_private(keys, encrypting_pem(ENCRYPTING_P256), &err),
              &err))
        return false;
    return done(decrypt_token(&opened, &arena, span_str(*token), keys, DEPTH, &err), &err);
}

/* Encrypted directly, and by agreement, which takes memory of its own. */
static void encrypted_tokens_end_cleanly(void **state)
{
    (void)state;
    static const char *const agreed =
        "eyJhbGciOiJFQ0RILUVTIiwiZW5jIjoiQTEyOEdDTSIsImN0eSI6IkpXVCIsImVwayI6eyJ4IjoibUpHT1ZaU3pxN1c0NDBGUnVq"
        "MTkya3RncVBsSEVTemNsbTRaY29iRThhRSIsImNydiI6IlAtMjU2Iiwia3R5IjoiRUMiLCJ5IjoiWnlKZmJ2RERRMllHZWp3RUZu"
        "NkJLcnJza2p4R0tkSWV5NkZmR3h0SjdNOCJ9fQ..fdFW2jfYhdatZPlw.28RRIVowDQeNLm16XVPKptBsouhBVg.Kh0huzOAkV4p"
        "_hjvdho3lg";
    char *direct = encrypting_token_16("{\"alg\":\"dir\",\"enc\":\"A128GCM\"}", SPAN("{}"));
    assert_true(alloc_fail_each(run_decryption, &direct, false) >= 2);
    assert_true(alloc_fail_each(run_decryption, (void *)(uintptr_t)&agreed, false) >= 3);
    free(direct);
}

static int make_all(void **state)
{
    (void)state;
    struct err err;
    for (unsigned i = 0; i < COUNT_OF(signers); i++) {
        char kid[8];
        snprintf(kid, sizeof kid, "%u", i);
        signers[i] = signer_new((enum signer_kind)i, kid);
    }
    jwks = signer_jwks((const struct signer *const *)signers, COUNT_OF(signers));
    document = jsondoc_read(span_str(jwks), DEPTH, &err);
    certificate = signer_certificate(signers[SIGNER_RSA2048], &certificate_len);
    token_text = signer_token(signers[SIGNER_RSA2048], ALG_RS256, NULL, SPAN("{\"numbers\":[1.5,2.5,\"\\u0041\"]}"));
    return document == NULL ? -1 : 0;
}

static int free_all(void **state)
{
    (void)state;
    for (unsigned i = 0; i < COUNT_OF(signers); i++)
        signer_free(signers[i]);
    jsondoc_free(document);
    free(jwks);
    free(certificate);
    free(token_text);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tapes_end_cleanly),
        cmocka_unit_test(lenient_decoding_ends_cleanly),
        cmocka_unit_test(key_sets_end_cleanly),
        cmocka_unit_test(keys_end_cleanly),
        cmocka_unit_test(documents_end_cleanly),
        cmocka_unit_test(encrypted_tokens_end_cleanly),
        cmocka_unit_test(a_sound_token_is_never_called_false_for_want_of_memory),
    };
    return cmocka_run_group_tests(tests, make_all, free_all);
}
