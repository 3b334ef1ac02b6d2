/* SPDX-License-Identifier: Apache-2.0 */
/* The order of checks: credential, shape, algorithm, key, signature; when keys are asked for again; what is remembered.
 *
 * Goal: no token passes but one soundly signed by a key of the policy (hostile tokens A, C, H, E, S, X5-X7; shapes A, D, I, L, M,
 * N, R).  Method: each attack beside the sound token that it imitates.
 */
#include "court.h"

#define A "openid_config: [ \"https://a\" ]\n"
#define AB "openid_config: [ \"https://a\", \"https://b\" ]\n"
#define DOWN "openid_config: [ \"https://down\" ]\n"
#define A_DOWN "openid_config: [ \"https://a\", \"https://down\" ]\n"
#define INLINE "issuer_signing_keys: [ { id: h1, base64: \"{{SECRET}}\" } ]\n"
#define GOOD "{\"iss\":\"" ISS_A "\",\"exp\":1795219800,\"aud\":\"api\"}"
#define GOOD_B "{\"iss\":\"" ISS_B "\",\"exp\":1795219800}"
#define EXPIRED "{\"iss\":\"" ISS_A "\",\"exp\":1795219200,\"aud\":\"api\"}"

static char *good_token(const struct court *court, const char *header)
{
    return signer_token(court->rsa, ALG_RS256, header, SPAN(GOOD));
}

/* ---- the credential ---- */

/* Letter case of the scheme is not counted (RFC 9110 11.1); a list is never read as its first member. */
static void a_credential_is_one_token_behind_its_scheme(void **state)
{
    struct court *court = *state;
    static const struct {
        const char *policy, *before, *behind;
        enum reason reason;
    } cases[] = {
        {A, "Bearer ", "", REASON_NONE},
        {A, "bearer ", "", REASON_NONE},
        {A, "BEARER   ", "", REASON_NONE},
        {A, "", "", REASON_TOKEN_NOT_PRESENT},
        {A, "Bearer", "", REASON_TOKEN_NOT_PRESENT},
        {A, "Bearer\t", "", REASON_TOKEN_NOT_PRESENT},
        {A, "Basic ", "", REASON_TOKEN_NOT_PRESENT},
        {A, "Token Bearer ", "", REASON_TOKEN_NOT_PRESENT},
        {A, "Bearer Bearer ", "", REASON_JWT_INVALID},
        {A, "Bearer x ", "", REASON_JWT_INVALID},
        {A, "Bearer ", " x", REASON_JWT_INVALID},
        {A, "Bearer ", ", Bearer x", REASON_JWT_INVALID},
        {A, "Bearer ", ",", REASON_JWT_INVALID},
        {A, "Bearer ", "=", REASON_JWT_INVALID},
        {A, "Bearer ", "\n", REASON_JWT_INVALID},
        {A "require_scheme: SharedAccessSignature", "sharedaccesssignature ", "", REASON_NONE},
        {A "require_scheme: SharedAccessSignature", "Bearer ", "", REASON_TOKEN_NOT_PRESENT},
        {A "header_name: X-Token", "", "", REASON_NONE},
        {A "header_name: X-Token\nrequire_scheme: Bearer", "", "", REASON_NONE},
        {A "header_name: X-Token", "Bearer ", "", REASON_JWT_INVALID},
        {A "header_name: X-Token", "", ",x", REASON_JWT_INVALID},
        {A "query_parameter_name: jwt", "", "", REASON_NONE},
        {A "query_parameter_name: jwt", "Bearer ", "", REASON_JWT_INVALID},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        char credential[4096];
        court_open(court, cases[i].policy);
        char *token = good_token(court, NULL);
        snprintf(credential, sizeof credential, "%s%s%s", cases[i].before, token, cases[i].behind);
        const struct judgement *judgement = court_judge(court, span_str(credential));
        assert_reason(judgement, cases[i].reason, cases[i].before);
        assert_int_equal(judgement->has_token, cases[i].reason != REASON_TOKEN_NOT_PRESENT);
        free(token);
        court_close(court);
    }
}

static void nothing_there_is_no_token(void **state)
{
    struct court *court = *state;
    court_open(court, A);
    assert_reason(court_judge(court, (struct span){NULL, 0}), REASON_TOKEN_NOT_PRESENT, "absent");
    assert_reason(court_judge(court, SPAN("")), REASON_TOKEN_NOT_PRESENT, "empty");
    assert_reason(court_judge(court, SPAN("Bearer ")), REASON_TOKEN_NOT_PRESENT, "scheme only");
    court_close(court);
}

/* An empty variable of a script leaves the scheme alone: that is not another scheme. */
static void a_scheme_without_a_token_is_told_from_another(void **state)
{
    struct court *court = *state;
    static const struct {
        const char *credential, *found;
    } cases[] = {
        {"Bearer", "no token behind the scheme"},
        {"bearer ", "no token behind the scheme"},
        {"Basic eA==", "the credential has another scheme or none"},
        {"Bearerx", "the credential has another scheme or none"},
    };
    court_open(court, A);
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        const struct judgement *judgement = court_judge(court, span_str(cases[i].credential));
        assert_reason(judgement, REASON_TOKEN_NOT_PRESENT, cases[i].credential);
        assert_true(span_eq(judgement->failed->found, span_str(cases[i].found)));
    }
    court_close(court);
}

static void a_repeated_source_is_refused_even_with_a_sound_token(void **state)
{
    struct court *court = *state;
    court_open(court, A);
    assert_reason(court_hear(court, good_token(court, NULL)), REASON_NONE, "once");
    struct judgement judgement;
    court->input.is_repeated = true;
    judge(&court->input, &judgement);
    assert_reason(&judgement, REASON_JWT_INVALID, "twice");
    court_close(court);
}

/* ---- shape ---- */

static void malformed_tokens_are_refused_before_any_key_is_looked_at(void **state)
{
    struct court *court = *state;
    court_open(court, A);
    char *token = good_token(court, NULL);
    char changed[4096];
    static const struct {
        const char *format; /* of the token */
        enum check_name check;
    } cases[] = {
        {"%s.", CHECK_TOKEN},
        {".%s", CHECK_TOKEN},
        {"%s.x.y", CHECK_TOKEN},
        {"%s.x", CHECK_TOKEN},
        {"%s=", CHECK_TOKEN},
        {"%s%%2E", CHECK_TOKEN},
        {"{\"payload\":\"%s\"}", CHECK_TOKEN},
        {"W10.%s", CHECK_TOKEN},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        size_t used = (size_t)snprintf(changed, sizeof changed, "Bearer ");
        snprintf(changed + used, sizeof changed - used, cases[i].format, token);
        const struct judgement *judgement = court_judge(court, span_str(changed));
        assert_reason(judgement, REASON_JWT_INVALID, changed);
        assert_int_equal(judgement->failed->name, cases[i].check);
        assert_null(judgement->claims);
    }
    free(token);
    court_close(court);
}

static void headers_and_payloads_are_strict_json_objects(void **state)
{
    struct court *court = *state;
    static const struct {
        const char *header, *payload;
        enum reason reason;
        enum check_name check;
    } cases[] = {
        {"{\"alg\":\"RS256\",\"kid\":\"r1\"}", GOOD, REASON_NONE, CHECK_TOKEN},
        {"[\"alg\"]", GOOD, REASON_JWT_INVALID, CHECK_HEADER},
        {"{\"alg\":\"RS256\"}x", GOOD, REASON_JWT_INVALID, CHECK_HEADER},
        {"{\"alg\":\"RS256\",\"alg\":\"none\"}", GOOD, REASON_JWT_INVALID, CHECK_HEADER},
        {"{\"alg\":\"RS256\",\"crit\":[\"x\"],\"x\":1}", GOOD, REASON_JWT_INVALID, CHECK_HEADER},
        {"{\"alg\":\"RS256\",\"b64\":false}", GOOD, REASON_JWT_INVALID, CHECK_HEADER},
        {"{\"alg\":\"RS256\",\"kid\":1}", GOOD, REASON_JWT_INVALID, CHECK_HEADER},
        {"{\"typ\":\"JWT\"}", GOOD, REASON_JWT_INVALID, CHECK_HEADER},
        {"{\"alg\":\"RS256\"}", "[]", REASON_JWT_INVALID, CHECK_TOKEN},
        {"{\"alg\":\"RS256\"}", "", REASON_JWT_INVALID, CHECK_TOKEN},
        {"{\"alg\":\"RS256\"}", GOOD "x", REASON_JWT_INVALID, CHECK_TOKEN},
        {"{\"alg\":\"RS256\"}", "{\"exp\":1795219800,\"\\u0065xp\":1}", REASON_JWT_INVALID, CHECK_TOKEN},
    };
    court_open(court, A);
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        const struct judgement *judgement =
            court_hear(court, signer_token(court->rsa, ALG_RS256, cases[i].header, span_str(cases[i].payload)));
        assert_reason(judgement, cases[i].reason, cases[i].header);
        if (judgement->failed != NULL)
            assert_int_equal(judgement->failed->name, cases[i].check);
    }
    court_close(court);
}

static void size_and_depth_are_limited(void **state)
{
    struct court *court = *state;
    court_open(court, A);
    char *token = good_token(court, NULL);
    court->limits.token_bytes_max = strlen(token);
    assert_reason(court_hear(court, strdup(token)), REASON_NONE, "at the limit");
    court->limits.token_bytes_max = strlen(token) - 1;
    assert_reason(court_hear(court, token), REASON_JWT_INVALID, "one byte more");
    court->limits = (struct token_limits){.token_bytes_max = 16384, .json_depth_max = 3};
    assert_reason(court_claims(court, court->rsa, "{\"iss\":\"" ISS_A "\",\"exp\":1795219800,\"a\":[[]]}"), REASON_NONE,
                  "depth 3");
    assert_reason(court_claims(court, court->rsa, "{\"iss\":\"" ISS_A "\",\"exp\":1795219800,\"a\":[[[]]]}"),
                  REASON_JWT_INVALID, "depth 4");
    court_close(court);
}

static void an_encrypted_token_is_refused(void **state)
{
    struct court *court = *state;
    court_open(court, A);
    const struct judgement *judgement = court_hear(court, strdup("eyJhbGciOiJkaXIifQ..AAAA.AAAA.AAAA"));
    assert_reason(judgement, REASON_JWT_INVALID, "five parts");
    assert_non_null(memmem(judgement->failed->found.at, judgement->failed->found.len, "encrypted", 9));
    court_close(court);
}

/* ---- algorithm ---- */

static char *unsigned_token(const char *alg, const char *signature)
{
    char header[64];
    snprintf(header, sizeof header, "{\"alg\":\"%s\"}", alg);
    return signer_join(span_str(header), SPAN(GOOD), span_str(signature));
}

static void unsigned_tokens_pass_only_where_they_are_admitted(void **state)
{
    struct court *court = *state;
    static const struct {
        const char *policy, *alg, *signature;
        enum reason reason;
    } cases[] = {
        {A, "none", "", REASON_JWT_INVALID},
        {A "require_signed_tokens: false", "none", "", REASON_NONE},
        {A "require_signed_tokens: false", "none", "x", REASON_JWT_INVALID},
        {A "require_signed_tokens: false", "None", "", REASON_JWT_INVALID},
        {A "require_signed_tokens: false", "NONE", "", REASON_JWT_INVALID},
        {A "require_signed_tokens: false", "none ", "", REASON_JWT_INVALID},
        {A "require_signed_tokens: false", "none\\u0000", "", REASON_JWT_INVALID},
        {A "require_signed_tokens: false", "", "", REASON_JWT_INVALID},
        {A "require_signed_tokens: false", "RS256", "", REASON_JWT_INVALID},
        {A "require_signed_tokens: false", "RS256", "x", REASON_KEY_NOT_FOUND},
        {A "require_signed_tokens: false\naudiences: [ api ]", "none", "", REASON_NONE},
        {A "require_signed_tokens: false\naudiences: [ other ]", "none", "", REASON_AUDIENCE_NOT_ALLOWED},
        {"require_signed_tokens: false\nissuers: [ \"" ISS_A "\" ]", "none", "", REASON_NONE},
        {"require_signed_tokens: false\nissuers: [ \"" ISS_B "\" ]", "none", "", REASON_ISSUER_NOT_ALLOWED},
        {"require_signed_tokens: false\nopenid_config: [ \"https://b\" ]", "none", "", REASON_ISSUER_NOT_ALLOWED},
        {"require_signed_tokens: false\n" DOWN, "none", "", REASON_OPENID_CONFIG_UNAVAILABLE},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        court_open(court, cases[i].policy);
        assert_reason(court_hear(court, unsigned_token(cases[i].alg, cases[i].signature)), cases[i].reason,
                      cases[i].alg);
        court_close(court);
    }
}

/* Shape N: require-signed-tokens=false does not free a signed token of its signature. */
static void a_signed_token_is_checked_even_where_unsigned_ones_pass(void **state)
{
    struct court *court = *state;
    court_open(court, INLINE "require_signed_tokens: false");
    assert_reason(court_claims(court, court->secret, GOOD), REASON_NONE, "right key");
    struct signer *other = signer_new(SIGNER_SECRET, "h1");
    assert_reason(court_claims(court, other, GOOD), REASON_SIGNATURE_INVALID, "wrong key");
    signer_free(other);
    court_close(court);
}

static void the_header_only_picks_from_the_configured_algorithms(void **state)
{
    struct court *court = *state;
    static const enum alg algs[] = {ALG_RS256, ALG_RS384, ALG_RS512, ALG_PS256, ALG_PS512};
    court_open(court, A);
    for (size_t i = 0; i < COUNT_OF(algs); i++)
        assert_reason(court_hear(court, signer_token(court->rsa, algs[i], NULL, SPAN(GOOD))), REASON_NONE,
                      alg_info(algs[i])->name);
    court->rule.algs = alg_set_of(ALG_RS256);
    for (size_t i = 0; i < COUNT_OF(algs); i++)
        assert_reason(court_hear(court, signer_token(court->rsa, algs[i], NULL, SPAN(GOOD))),
                      algs[i] == ALG_RS256 ? REASON_NONE : REASON_JWT_INVALID, alg_info(algs[i])->name);
    static const char *const names[] = {"rs256", " RS256", "RS256 ", "RS1", "MD5", "ES256K", "RS999"};
    for (size_t i = 0; i < COUNT_OF(names); i++) {
        char header[64];
        snprintf(header, sizeof header, "{\"alg\":\"%s\",\"kid\":\"r1\"}", names[i]);
        const struct judgement *judgement = court_hear(court, good_token(court, header));
        assert_reason(judgement, REASON_JWT_INVALID, names[i]);
        assert_int_equal(judgement->failed->name, CHECK_ALG);
    }
    court_close(court);
}

/* ---- keys ---- */

/* CVE-2015-9235 and its like: the provider's public key used as a shared secret, in the encodings that fixes forgot. */
static void a_public_key_is_never_a_shared_secret(void **state)
{
    struct court *court = *state;
    court_open(court, A INLINE);
    char *pem = signer_public_pem(court->rsa);
    char *jwk = signer_jwk(court->rsa, NULL);
    const struct span secrets[] = {span_str(pem), span_cut(span_str(pem), strlen(pem) - 1), span_str(jwk)};
    static const char *const headers[] = {"{\"alg\":\"HS256\",\"kid\":\"r1\"}", "{\"alg\":\"HS256\"}",
                                          "{\"alg\":\"HS256\",\"kid\":\"x\"}"};
    for (size_t i = 0; i < COUNT_OF(secrets); i++)
        for (size_t k = 0; k < COUNT_OF(headers); k++) {
            struct signer *forger = signer_from_secret(secrets[i], "r1");
            const struct judgement *judgement =
                court_hear(court, signer_token(forger, ALG_HS256, headers[k], SPAN(GOOD)));
            assert_reason(judgement, k == 0 ? REASON_SIGNATURE_INVALID : REASON_KEY_NOT_FOUND, headers[k]);
            assert_int_equal(judgement->refetch, 0);
            signer_free(forger);
        }
    assert_reason(court_claims(court, court->secret, GOOD), REASON_NONE, "the policy's own secret");
    free(pem);
    free(jwk);
    court_close(court);
}

static void the_named_key_alone_answers(void **state)
{
    struct court *court = *state;
    static const struct {
        const char *header;
        bool is_stranger;
        enum reason reason;
        enum check_name check;
    } cases[] = {
        {"{\"alg\":\"RS256\",\"kid\":\"r1\"}", false, REASON_NONE, CHECK_TOKEN},
        {"{\"alg\":\"RS256\",\"kid\":\"r1\"}", true, REASON_SIGNATURE_INVALID, CHECK_SIGNATURE},
        {"{\"alg\":\"RS256\"}", false, REASON_NONE, CHECK_TOKEN},
        {"{\"alg\":\"RS256\"}", true, REASON_KEY_NOT_FOUND, CHECK_KEY},
        {"{\"alg\":\"RS256\",\"kid\":\"\"}", false, REASON_NONE, CHECK_TOKEN},
        {"{\"alg\":\"RS256\",\"kid\":\"R1\"}", false, REASON_NONE, CHECK_TOKEN},
        {"{\"alg\":\"RS256\",\"kid\":\"../../dev/null\"}", false, REASON_NONE, CHECK_TOKEN},
        {"{\"alg\":\"RS256\",\"kid\":\"../../dev/null\"}", true, REASON_KEY_NOT_FOUND, CHECK_KEY},
        {"{\"alg\":\"RS256\",\"kid\":\"r1\\u0000\"}", true, REASON_KEY_NOT_FOUND, CHECK_KEY},
        {"{\"alg\":\"RS256\",\"kid\":\"e1\"}", false, REASON_SIGNATURE_INVALID, CHECK_KEY},
        {"{\"alg\":\"ES256\",\"kid\":\"r1\"}", false, REASON_SIGNATURE_INVALID, CHECK_KEY},
        {"{\"alg\":\"EdDSA\",\"kid\":\"r1\"}", false, REASON_SIGNATURE_INVALID, CHECK_KEY},
        {"{\"alg\":\"PS256\",\"kid\":\"r1\"}", false, REASON_SIGNATURE_INVALID, CHECK_SIGNATURE},
        {"{\"alg\":\"RS256\",\"kid\":\"r1\",\"jku\":\"https://evil.example\",\"jwk\":{},\"x5c\":[],\"x5u\":\"x\"}",
         false, REASON_NONE, CHECK_TOKEN},
        {"{\"alg\":\"RS256\",\"kid\":\"r1\",\"jku\":\"https://evil.example\"}", true, REASON_SIGNATURE_INVALID,
         CHECK_SIGNATURE},
    };
    court_open(court, AB);
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        const struct signer *signer = cases[i].is_stranger ? court->stranger : court->rsa;
        const struct judgement *judgement =
            court_hear(court, signer_token(signer, ALG_RS256, cases[i].header, SPAN(GOOD)));
        assert_reason(judgement, cases[i].reason, cases[i].header);
        if (judgement->failed != NULL)
            assert_int_equal(judgement->failed->name, cases[i].check);
    }
    court_close(court);
}

static void a_changed_token_is_refused(void **state)
{
    struct court *court = *state;
    court_open(court, A);
    char *other =
        signer_token(court->rsa, ALG_RS256, NULL, SPAN("{\"iss\":\"" ISS_A "\",\"exp\":1795219801,\"aud\":\"api\"}"));
    char *token = good_token(court, NULL);
    char *swapped = strdup(token);
    strcpy(strrchr(swapped, '.'), strrchr(other, '.'));
    assert_reason(court_hear(court, swapped), REASON_SIGNATURE_INVALID, "another token's signature");
    assert_null(court->quiet.claims);
    assert_non_null(court->quiet.unverified);
    assert_reason(court_hear(court, token), REASON_NONE, "its own signature");
    assert_ptr_equal(court->quiet.claims, court->quiet.unverified);
    free(other);
    court_close(court);
}

static void every_family_of_keys_signs(void **state)
{
    struct court *court = *state;
    court_open(court, AB INLINE);
    assert_reason(court_claims(court, court->rsa, GOOD), REASON_NONE, "RS256");
    assert_int_equal(court->quiet.trust, 0);
    assert_reason(court_claims(court, court->ec, GOOD_B), REASON_NONE, "ES256");
    assert_int_equal(court->quiet.trust, 1);
    assert_reason(court_claims(court, court->ed, GOOD_B), REASON_NONE, "EdDSA");
    assert_reason(court_claims(court, court->secret, GOOD), REASON_NONE, "HS512");
    assert_int_equal(court->quiet.trust, 2);
    court_close(court);
}

/* ---- no keys, new keys ---- */

static void without_keys_there_is_no_verdict(void **state)
{
    struct court *court = *state;
    static const struct {
        const char *policy;
        bool is_secret;
        enum reason reason;
        unsigned status;
        uint64_t refetch;
    } cases[] = {
        {A, false, REASON_NONE, 200, 0},
        {DOWN, false, REASON_OPENID_CONFIG_UNAVAILABLE, 503, 1},
        {DOWN "failed_validation_httpcode: 418", false, REASON_OPENID_CONFIG_UNAVAILABLE, 503, 1},
        {A_DOWN, false, REASON_NONE, 200, 0},
        {DOWN INLINE "issuers: [ \"" ISS_A "\" ]", true, REASON_NONE, 200, 0},
        {DOWN, true, REASON_KEY_NOT_FOUND, 401, 0},
        {"audiences: [ api ]", false, REASON_KEY_NOT_FOUND, 401, 0},
        {"failed_validation_httpcode: 418", false, REASON_KEY_NOT_FOUND, 418, 0},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        court_open(court, cases[i].policy);
        const struct judgement *judgement = court_claims(court, cases[i].is_secret ? court->secret : court->rsa, GOOD);
        assert_reason(judgement, cases[i].reason, cases[i].policy);
        assert_int_equal(judgement->status, cases[i].status);
        assert_int_equal(judgement->refetch, cases[i].refetch);
        court_close(court);
    }
}

/* HS* never: a shared secret is not published (RFC 7518 3.2). */
static void keys_are_asked_for_again_only_for_plausible_tokens(void **state)
{
    struct court *court = *state;
    static const struct {
        const char *policy, *header, *payload;
        uint64_t refetch;
    } cases[] = {
        {AB, "{\"alg\":\"RS256\",\"kid\":\"new\"}", GOOD, 1},
        {AB, "{\"alg\":\"RS256\",\"kid\":\"new\"}", GOOD_B, 2},
        {AB, "{\"alg\":\"RS256\"}", GOOD, 1},
        {AB, "{\"alg\":\"RS256\",\"kid\":\"r1\"}", GOOD, 0},
        {AB, "{\"alg\":\"RS256\",\"kid\":\"e1\"}", GOOD, 0},
        {AB, "{\"alg\":\"HS256\",\"kid\":\"new\"}", GOOD, 0},
        {AB, "{\"alg\":\"XX\",\"kid\":\"new\"}", GOOD, 0},
        {AB, "{\"alg\":\"RS256\",\"kid\":\"new\"}", EXPIRED, 0},
        {AB, "{\"alg\":\"RS256\",\"kid\":\"new\"}", "{\"iss\":\"https://evil.example\",\"exp\":1795219800}", 0},
        {AB, "{\"alg\":\"RS256\",\"kid\":\"new\"}", "{\"exp\":1795219800}", 0},
        {AB, "{\"alg\":\"RS256\",\"kid\":\"new\"}", "{\"iss\":\"" ISS_A "\"}", 0},
        {AB "audiences: [ api ]", "{\"alg\":\"RS256\",\"kid\":\"new\"}", GOOD, 1},
        {AB "audiences: [ other ]", "{\"alg\":\"RS256\",\"kid\":\"new\"}", GOOD, 0},
        {AB "issuers: [ \"https://evil.example\" ]", "{\"alg\":\"RS256\",\"kid\":\"new\"}",
         "{\"iss\":\"https://evil.example\",\"exp\":1795219800}", 3},
        {A_DOWN, "{\"alg\":\"RS256\",\"kid\":\"new\"}", GOOD, 3},
        {A_DOWN, "{\"alg\":\"RS256\",\"kid\":\"new\"}", GOOD_B, 2},
        {A_DOWN, "{\"alg\":\"RS256\",\"kid\":\"new\"}", EXPIRED, 0},
        {"openid_config: [ \"https://t\" ]", "{\"alg\":\"RS256\",\"kid\":\"new\"}",
         "{\"iss\":\"" ISS_T(TENANT_1) "\",\"tid\":\"" TENANT_1 "\",\"exp\":1795219800}", 1},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        court_open(court, cases[i].policy);
        const struct judgement *judgement =
            court_hear(court, signer_token(court->stranger, ALG_RS256, cases[i].header, span_str(cases[i].payload)));
        assert_false(judgement->has_passed);
        if (judgement->refetch != cases[i].refetch)
            print_error("%zu: %s %s: %s\n", i, cases[i].policy, cases[i].header, reason_name(judgement->reason));
        assert_int_equal(judgement->refetch, cases[i].refetch);
        court_close(court);
    }
}

/* The key error is told although the claims would fail as well: unverified claims prove nothing. */
static void an_expired_token_by_an_unknown_key_is_a_key_error(void **state)
{
    struct court *court = *state;
    court_open(court, A);
    assert_reason(court_claims(court, court->rsa, EXPIRED), REASON_TOKEN_EXPIRED, "known key");
    char *token = signer_token(court->stranger, ALG_RS256, "{\"alg\":\"RS256\",\"kid\":\"x\"}", SPAN(EXPIRED));
    assert_reason(court_hear(court, token), REASON_KEY_NOT_FOUND, "unknown key");
    court_close(court);
}

/* ---- remembered signatures ---- */

static void judge_remembered(struct court *court, const struct judgement *past, const char *raw, struct judgement *now)
{
    struct remembered remembered = {past->token, past->claims, past->key};
    char credential[4096];
    snprintf(credential, sizeof credential, "Bearer %s", raw);
    struct judge_input input = court->input;
    input.now_s = court->now_s;
    input.credential = arena_copy(&court->arena, span_str(credential));
    input.remembered = &remembered;
    judge(&input, now);
}

static void what_is_remembered_is_the_signature_not_the_verdict(void **state)
{
    struct court *court = *state;
    struct judgement now;
    court_open(court, A);
    char *token = good_token(court, NULL);
    char *other = signer_token(court->stranger, ALG_RS256, NULL, SPAN(GOOD));
    const struct judgement *past = court_hear(court, strdup(token));
    assert_reason(past, REASON_NONE, "first");
    judge_remembered(court, past, token, &now);
    assert_reason(&now, REASON_NONE, "again");
    assert_true(now.was_remembered);
    judge_remembered(court, past, other, &now);
    assert_reason(&now, REASON_SIGNATURE_INVALID, "another token under the same memory");
    assert_false(now.was_remembered);
    court->now_s = NOW_S + 600;
    judge_remembered(court, past, token, &now);
    assert_reason(&now, REASON_TOKEN_EXPIRED, "expired since");
    court->now_s = NOW_S;
    court->rule.algs = alg_set_of(ALG_ES256);
    judge_remembered(court, past, token, &now);
    assert_reason(&now, REASON_JWT_INVALID, "algorithm no longer allowed");
    court->rule.algs = alg_set_all();
    struct trust kept = court->trusts[0];
    struct keyset *empty = keyset_new(SPAN(ISS_A), NOW_S);
    AUTO_PTR(verifier) verifier = verifier_new(empty);
    keyset_release(empty);
    court->trusts[0].verifier = verifier;
    judge_remembered(court, past, token, &now);
    assert_reason(&now, REASON_KEY_NOT_FOUND, "key withdrawn");
    court->trusts[0] = kept;
    free(token);
    free(other);
    court_close(court);
}

/* ---- memory ---- */

static void out_of_memory_refuses_with_503(void **state)
{
    struct court *court = *state;
    court_open(court, A "required_claims: [ { name: aud, values: [api] } ]");
    assert_reason(court_hear(court, good_token(court, NULL)), REASON_NONE, "enough memory");
    size_t refused = 0;
    for (size_t bytes = 1; bytes < 20000; bytes += 997) {
        AUTO(arena) small = {.bytes_max = bytes};
        struct judge_input input = court->input;
        struct judgement judgement;
        input.arena = &small;
        judge(&input, &judgement);
        assert_true(judgement.has_passed || (judgement.reason == REASON_OUT_OF_MEMORY && judgement.status == 503));
        refused += !judgement.has_passed;
    }
    assert_true(refused > 0);
    court_close(court);
}

static void every_check_is_named_in_order(void **state)
{
    struct court *court = *state;
    static const char *const names[] = {"token",    "header", "alg",       "key",       "signature", "nbf",      "exp",
                                        "audience", "issuer", "claim:typ", "claim:iat", "claim:a",   "claim:b/c"};
    court_open(court, A "typ: JWT\nmax_age: 1h\nrequired_claims: [ { name: a }, { path: b/c } ]");
    court_claims(court, court->rsa, "{}");
    assert_int_equal(court->loud.check_count, COUNT_OF(names));
    for (size_t i = 0; i < COUNT_OF(names); i++)
        assert_string_equal(check_name_text(&court->loud.checks[i], &court->arena), names[i]);
    assert_int_equal(court->loud.checks[4].verdict, VERDICT_PASS);
    assert_int_equal(court->loud.checks[5].verdict, VERDICT_SKIP);
    assert_int_equal(court->loud.checks[6].verdict, VERDICT_FAIL);
    court_judge(court, SPAN("Bearer x"));
    assert_int_equal(court->loud.check_count, 11);
    assert_int_equal(court->loud.checks[0].verdict, VERDICT_FAIL);
    assert_int_equal(court->loud.checks[10].verdict, VERDICT_SKIP);
    court_close(court);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_credential_is_one_token_behind_its_scheme),
        cmocka_unit_test(nothing_there_is_no_token),
        cmocka_unit_test(a_scheme_without_a_token_is_told_from_another),
        cmocka_unit_test(a_repeated_source_is_refused_even_with_a_sound_token),
        cmocka_unit_test(malformed_tokens_are_refused_before_any_key_is_looked_at),
        cmocka_unit_test(headers_and_payloads_are_strict_json_objects),
        cmocka_unit_test(size_and_depth_are_limited),
        cmocka_unit_test(an_encrypted_token_is_refused),
        cmocka_unit_test(unsigned_tokens_pass_only_where_they_are_admitted),
        cmocka_unit_test(a_signed_token_is_checked_even_where_unsigned_ones_pass),
        cmocka_unit_test(the_header_only_picks_from_the_configured_algorithms),
        cmocka_unit_test(a_public_key_is_never_a_shared_secret),
        cmocka_unit_test(the_named_key_alone_answers),
        cmocka_unit_test(a_changed_token_is_refused),
        cmocka_unit_test(every_family_of_keys_signs),
        cmocka_unit_test(without_keys_there_is_no_verdict),
        cmocka_unit_test(keys_are_asked_for_again_only_for_plausible_tokens),
        cmocka_unit_test(an_expired_token_by_an_unknown_key_is_a_key_error),
        cmocka_unit_test(what_is_remembered_is_the_signature_not_the_verdict),
        cmocka_unit_test(out_of_memory_refuses_with_503),
        cmocka_unit_test(every_check_is_named_in_order),
    };
    return cmocka_run_group_tests(tests, court_set_up, court_take_down);
}
