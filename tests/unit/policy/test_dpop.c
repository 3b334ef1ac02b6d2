/* SPDX-License-Identifier: Apache-2.0 */
/* The attack: a stolen token is sent by somebody who does not hold the key that it is bound to, with a proof of his own, an old one,
 * one made for another request, or none.
 *
 * Goal: exactly what RFC 9449 4.3 asks for passes.  Method: the examples of the standard, then a table of proofs that differ from a
 * good one in one thing; beside each refusal stands what differs from it by a byte or a second and passes.
 */
#include "policy/dpop.h"

#include "base/buf.h"
#include "jose/key.h"
#include "signing.h"
#include "unit.h"

enum { NOW_S = 1795219200, WINDOW_S = 60 };

#define TOKEN "head.payload.signature"

static const struct token_limits limits = {.token_bytes_max = 16384, .json_depth_max = 32};

/* ---- the standard's own examples ---- */

#define RFC_HEADER                                                                                                     \
    "eyJ0eXAiOiJkcG9wK2p3dCIsImFsZyI6IkVTMjU2IiwiandrIjp7Imt0eSI6IkVDIiwieCI6Imw4dEZyaHgtMzR0VjNoUklDUkRZOXpDa0RscEJo" \
    "RjQyVVFVZldWQVdCRnMiLCJ5IjoiOVZFNGpmX09rX282NHpiVFRsY3VOSmFqSG10NnY5VERWclUwQ2R2R1JEQSIsImNydiI6IlAtMjU2In19"
#define RFC_JKT "0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I"

/* RFC 9449 7.1 */
static const char rfc_resource_proof[] = RFC_HEADER
    ".eyJqdGkiOiJlMWozVl9iS2ljOC1MQUVCIiwiaHRtIjoiR0VUIiwiaHR1IjoiaHR0cHM6Ly9yZXNvdXJjZS5leGFtcGxlLm9yZy9wcm90ZWN0ZWRy"
    "ZXNvdXJjZSIsImlhdCI6MTU2MjI2MjYxOCwiYXRoIjoiZlVIeU8ycjJaM0RaNTNFc05yV0JiMHhXWG9hTnk1OUlpS0NBcWtzbVFFbyJ9.2oW9RP35"
    "yRqzhrtNP86L-Ey71EOptxRimPPToA1plemAgR6pxHF8y6-yqyVnmcw6Fy1dqd-jfxSYoMxhAJpLjA";

/* RFC 9449 4.1, for a token endpoint */
static const char rfc_token_proof[] = RFC_HEADER
    ".eyJqdGkiOiItQndDM0VTYzZhY2MybFRjIiwiaHRtIjoiUE9TVCIsImh0dSI6Imh0dHBzOi8vc2VydmVyLmV4YW1wbGUuY29tL3Rva2Vu"
    "IiwiaWF0IjoxNTYyMjYyNjE2fQ.2-GxA6T8lP4vfrg8v-FdWP0A0zdrj8igiMLvqRMUvwnQg4PtFLbdLXiOSsX0x7NVY-FNyJK70nfbV37"
    "xRZT3Lg";

static void example_of_the_standard_passes(void **state)
{
    AUTO(arena) arena = {0};
    struct dpop_proof proof;
    struct dpop_fault fault;
    struct dpop_request request = {.proof = span_str(rfc_resource_proof),
                                   .proof_count = 1,
                                   .method = SPAN("GET"),
                                   .is_https = true,
                                   .authority = SPAN("resource.example.org"),
                                   .path = SPAN("/protectedresource"),
                                   .window_s = WINDOW_S};
    struct dpop_binding binding = {.token = SPAN("Kz~8mXK1EalYznwH-LC-1fBAo.4Ljp~zsPE_NeO.gxU"),
                                   .jkt = SPAN(RFC_JKT),
                                   .algs = alg_set_of(ALG_ES256),
                                   .now_s = 1562262618,
                                   .limits = limits};
    (void)state;
    assert_true(dpop_check(&request, &binding, &arena, &proof, &fault));
    assert_true(proof.iat_s == 1562262618);
    request.is_target_unknown = true; /* it could be for another request then */
    assert_false(dpop_check(&request, &binding, &arena, &proof, &fault));
    assert_int_equal(fault.error, DPOP_INVALID_PROOF);
    request.is_target_unknown = false;

    /* A proof for the token endpoint opens no resource: it has no ath. */
    request.proof = span_str(rfc_token_proof);
    request.method = SPAN("POST");
    request.authority = SPAN("server.example.com");
    request.path = SPAN("/token");
    assert_false(dpop_check(&request, &binding, &arena, &proof, &fault));
    assert_int_equal(fault.error, DPOP_INVALID_PROOF);
    assert_true(span_eq(fault.found, SPAN("no ath")));
}

/* ---- a table of proofs ---- */

#define HEADER "{\"typ\":\"dpop+jwt\",\"alg\":\"ES256\",\"jwk\":@JWK@}"
#define REQUEST "\"htm\":\"GET\",\"htu\":\"https://api.example.com/a\""
#define CLAIMS "{" REQUEST ",\"iat\":1795219200,\"jti\":\"j1\",\"ath\":\"@ATH@\"}"
#define AT(iat) "{" REQUEST ",\"iat\":" iat ",\"jti\":\"j1\",\"ath\":\"@ATH@\"}"
#define NAMED(jti) "{" REQUEST ",\"iat\":1795219200," jti "\"ath\":\"@ATH@\"}"
#define FOR(htm_htu) "{" htm_htu "\"iat\":1795219200,\"jti\":\"j1\",\"ath\":\"@ATH@\"}"
#define WITH(members) "{" REQUEST ",\"iat\":1795219200,\"jti\":\"j1\"" members "}"
#define EIGHT "jjjjjjjj"
#define LONG_JTI                                                                                                      \
    EIGHT EIGHT EIGHT EIGHT EIGHT EIGHT EIGHT EIGHT EIGHT EIGHT EIGHT EIGHT EIGHT EIGHT EIGHT EIGHT EIGHT EIGHT EIGHT \
        EIGHT EIGHT EIGHT EIGHT EIGHT EIGHT EIGHT EIGHT EIGHT EIGHT EIGHT EIGHT EIGHT

static const struct proof_case {
    const char *name, *header, *claims;
    enum dpop_error error;
    const char *found; /* NULL: not looked at */
} cases[] = {
    {"the good one", HEADER, CLAIMS, DPOP_NO_ERROR, ""},
    {"members that nobody knows", "{\"typ\":\"dpop+jwt\",\"alg\":\"ES256\",\"jwk\":@JWK@,\"kid\":\"x\",\"x\":1}",
     WITH(",\"ath\":\"@ATH@\",\"y\":[]"), DPOP_NO_ERROR, ""},

    {"typ JWT", "{\"typ\":\"JWT\",\"alg\":\"ES256\",\"jwk\":@JWK@}", CLAIMS, DPOP_INVALID_PROOF, "JWT"},
    {"typ in capitals", "{\"typ\":\"DPoP+jwt\",\"alg\":\"ES256\",\"jwk\":@JWK@}", CLAIMS, DPOP_INVALID_PROOF,
     "DPoP+jwt"},
    {"no typ", "{\"alg\":\"ES256\",\"jwk\":@JWK@}", CLAIMS, DPOP_INVALID_PROOF, "no typ"},
    {"crit", "{\"typ\":\"dpop+jwt\",\"alg\":\"ES256\",\"jwk\":@JWK@,\"crit\":[\"x\"],\"x\":1}", CLAIMS,
     DPOP_INVALID_PROOF, NULL},

    {"alg not taken by the policy", "{\"typ\":\"dpop+jwt\",\"alg\":\"ES384\",\"jwk\":@JWK@}", CLAIMS,
     DPOP_INVALID_PROOF, "ES384"},
    {"a shared secret's alg", "{\"typ\":\"dpop+jwt\",\"alg\":\"HS256\",\"jwk\":@JWK@}", CLAIMS, DPOP_INVALID_PROOF,
     "HS256"},
    {"alg none", "{\"typ\":\"dpop+jwt\",\"alg\":\"none\",\"jwk\":@JWK@}", CLAIMS, DPOP_INVALID_PROOF, NULL},
    {"alg of another family", "{\"typ\":\"dpop+jwt\",\"alg\":\"RS256\",\"jwk\":@JWK@}", CLAIMS, DPOP_INVALID_PROOF,
     NULL},

    {"no jwk", "{\"typ\":\"dpop+jwt\",\"alg\":\"ES256\"}", CLAIMS, DPOP_INVALID_PROOF, "no jwk"},
    {"jwk a text", "{\"typ\":\"dpop+jwt\",\"alg\":\"ES256\",\"jwk\":\"x\"}", CLAIMS, DPOP_INVALID_PROOF, "no object"},
    {"jwk empty", "{\"typ\":\"dpop+jwt\",\"alg\":\"ES256\",\"jwk\":{}}", CLAIMS, DPOP_INVALID_PROOF, NULL},
    {"a private jwk", "{\"typ\":\"dpop+jwt\",\"alg\":\"ES256\",\"jwk\":@JWK+\"d\":\"AA\"@}", CLAIMS, DPOP_INVALID_PROOF,
     "a private or secret one"},
    {"a public jwk with use", "{\"typ\":\"dpop+jwt\",\"alg\":\"ES256\",\"jwk\":@JWK+\"use\":\"sig\"@}", CLAIMS,
     DPOP_NO_ERROR, ""},
    {"a shared secret as jwk", "{\"typ\":\"dpop+jwt\",\"alg\":\"ES256\",\"jwk\":{\"kty\":\"oct\",\"k\":\"AA\"}}",
     CLAIMS, DPOP_INVALID_PROOF, "a private or secret one"},
    {"another's jwk", "{\"typ\":\"dpop+jwt\",\"alg\":\"ES256\",\"jwk\":@OTHER@}", CLAIMS, DPOP_INVALID_TOKEN, NULL},

    {"another method", HEADER, FOR("\"htm\":\"POST\",\"htu\":\"https://api.example.com/a\","), DPOP_INVALID_PROOF,
     "POST"},
    {"the method in small letters", HEADER, FOR("\"htm\":\"get\",\"htu\":\"https://api.example.com/a\","),
     DPOP_INVALID_PROOF, "get"},
    {"no method", HEADER, FOR("\"htu\":\"https://api.example.com/a\","), DPOP_INVALID_PROOF, "no htm"},
    {"another path", HEADER, FOR("\"htm\":\"GET\",\"htu\":\"https://api.example.com/b?secret\","), DPOP_INVALID_PROOF,
     "https://api.example.com/b"},
    {"query and fragment of htu are passed over", HEADER,
     FOR("\"htm\":\"GET\",\"htu\":\"https://api.example.com/a?b#c\","), DPOP_NO_ERROR, ""},
    {"no htu", HEADER, FOR("\"htm\":\"GET\","), DPOP_INVALID_PROOF, "no htu"},
    {"htu a number", HEADER, FOR("\"htm\":\"GET\",\"htu\":1,"), DPOP_INVALID_PROOF, "no htu"},

    {"the oldest in the window", HEADER, AT("1795219140"), DPOP_NO_ERROR, ""},
    {"a second older", HEADER, AT("1795219139"), DPOP_INVALID_PROOF, "1795219139"},
    {"the youngest in the window", HEADER, AT("1795219260"), DPOP_NO_ERROR, ""},
    {"a second younger", HEADER, AT("1795219261"), DPOP_INVALID_PROOF, "1795219261"},
    {"iat a text", HEADER, AT("\"1795219200\""), DPOP_INVALID_PROOF, "no number of seconds"},
    {"iat far beyond", HEADER, AT("1e300"), DPOP_INVALID_PROOF, "no number of seconds"},
    {"no iat", HEADER, "{" REQUEST ",\"jti\":\"j1\",\"ath\":\"@ATH@\"}", DPOP_INVALID_PROOF, "no iat"},

    {"no jti", HEADER, NAMED(""), DPOP_INVALID_PROOF, "none"},
    {"an empty jti", HEADER, NAMED("\"jti\":\"\","), DPOP_INVALID_PROOF, "none"},
    {"a jti of one byte", HEADER, NAMED("\"jti\":\"j\","), DPOP_NO_ERROR, ""},
    {"a jti of 256 bytes", HEADER, NAMED("\"jti\":\"" LONG_JTI "\","), DPOP_NO_ERROR, ""},
    {"a jti of 257 bytes", HEADER, NAMED("\"jti\":\"" LONG_JTI "j\","), DPOP_INVALID_PROOF, "a longer one"},
    {"a jti that is a number", HEADER, NAMED("\"jti\":1,"), DPOP_INVALID_PROOF, "none"},

    {"no ath", HEADER, WITH(""), DPOP_INVALID_PROOF, "no ath"},
    {"the hash of another token", HEADER, WITH(",\"ath\":\"@ATX@\""), DPOP_INVALID_PROOF, "another hash"},
    {"ath padded", HEADER, WITH(",\"ath\":\"@ATH@=\""), DPOP_INVALID_PROOF, "another hash"},

    {"payload no object", HEADER, "[]", DPOP_INVALID_PROOF, NULL},
    {"a claim twice", HEADER, "{" REQUEST ",\"iat\":1795219200,\"jti\":\"j1\",\"jti\":\"j2\",\"ath\":\"@ATH@\"}",
     DPOP_INVALID_PROOF, NULL},
};

struct bench {
    struct signer *own, *other;
    struct arena arena;
};

static int bench_set_up(void **state)
{
    static struct bench bench;
    bench.own = signer_new(SIGNER_P256, NULL);
    bench.other = signer_new(SIGNER_P256, NULL);
    *state = &bench;
    return 0;
}

static int bench_take_down(void **state)
{
    struct bench *b = *state;
    signer_free(b->own);
    signer_free(b->other);
    arena_fini(&b->arena);
    return 0;
}

static void put_jwk(struct buf *out, const struct signer *signer, struct span members)
{
    char *text = span_dup(members);
    char *jwk = signer_jwk(signer, members.len == 0 ? NULL : text);
    buf_add_str(out, jwk);
    free(jwk);
    free(text);
}

static void put_hash(struct buf *out, const char *token)
{
    char hash[DIGEST_TEXT_BYTES];
    struct err err;
    assert_true(digest_text(span_str(token), hash, &err));
    buf_add_str(out, hash);
}

/* A template with its @WORDS@ filled in, for free(). */
static char *filled(const struct bench *b, const char *template)
{
    AUTO(buf) out = {0};
    struct span rest = span_str(template), piece;
    for (bool is_word = false; span_split(&rest, '@', &piece); is_word = !is_word) {
        if (!is_word)
            buf_add_span(&out, piece);
        else if (span_starts(piece, SPAN("JWK")))
            put_jwk(&out, b->own, span_from(piece, 4));
        else if (span_eq(piece, SPAN("OTHER")))
            put_jwk(&out, b->other, SPAN(""));
        else
            put_hash(&out, span_eq(piece, SPAN("ATH")) ? TOKEN : TOKEN "x");
    }
    return span_dup(buf_span(&out));
}

static char *proof_of(const struct bench *b, const char *header, const char *claims)
{
    char *head = filled(b, header);
    char *payload = filled(b, claims);
    char *proof = signer_token(b->own, ALG_ES256, head, span_str(payload));
    free(head);
    free(payload);
    return proof;
}

/* The thumbprint as a token's cnf.jkt has it. */
static struct span jkt_of(struct bench *b, const struct signer *signer)
{
    char *jwk = signer_jwk(signer, NULL);
    struct err err;
    AUTO_PTR(jsondoc) doc = jsondoc_read(span_str(jwk), 4, &err);
    AUTO_PTR(key) key = key_from_jwk(jsondoc_root(doc), &err);
    assert_non_null(key);
    free(jwk);
    return arena_copy(&b->arena, span_str(key->thumbprint));
}

static const struct dpop_request the_request = {.proof_count = 1,
                                                .method = SPAN_INIT("GET"),
                                                .is_https = true,
                                                .authority = SPAN_INIT("api.example.com"),
                                                .path = SPAN_INIT("/a"),
                                                .window_s = WINDOW_S};

static bool passes(struct bench *b, struct dpop_request request, const char *proof_text, struct dpop_proof *proof,
                   struct dpop_fault *fault)
{
    struct dpop_binding binding = {.token = SPAN(TOKEN),
                                   .jkt = jkt_of(b, b->own),
                                   .algs = alg_set_of(ALG_ES256),
                                   .now_s = NOW_S,
                                   .limits = limits};
    binding.algs.bits |= alg_set_of(ALG_HS256).bits | alg_set_of(ALG_RS256).bits;
    request.proof = arena_copy(&b->arena, span_str(proof_text));
    bool is_good = dpop_check(&request, &binding, &b->arena, proof, fault);
    assert_int_equal(is_good, fault->error == DPOP_NO_ERROR);
    assert_false(fault->is_out_of_memory);
    return is_good;
}

static void proof_passes_only_with_all_that_is_asked_for(void **state)
{
    struct bench *b = *state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct dpop_proof proof;
        struct dpop_fault fault;
        char *text = proof_of(b, cases[i].header, cases[i].claims);
        (void)passes(b, the_request, text, &proof, &fault);
        if (fault.error != cases[i].error ||
            (cases[i].found != NULL && !span_eq(fault.found, span_str(cases[i].found))))
            print_error("%s: %s, found %s\n", cases[i].name, dpop_error_name(fault.error), QUOTED(fault.found));
        assert_int_equal(fault.error, cases[i].error);
        if (cases[i].found != NULL)
            assert_true(span_eq(fault.found, span_str(cases[i].found)));
        free(text);
    }
}

static void proof_changed_after_signing_is_refused(void **state)
{
    struct bench *b = *state;
    struct dpop_proof proof;
    struct dpop_fault fault;
    char *text = proof_of(b, HEADER, CLAIMS);
    size_t last = strlen(text) - 4;
    text[last] = text[last] == 'A' ? 'B' : 'A';
    assert_false(passes(b, the_request, text, &proof, &fault));
    assert_int_equal(fault.error, DPOP_INVALID_PROOF);
    free(text);
}

static void exactly_one_field_holds_the_proof(void **state)
{
    struct bench *b = *state;
    struct dpop_proof proof;
    struct dpop_fault fault;
    char *text = proof_of(b, HEADER, CLAIMS);
    struct dpop_request request = the_request;
    for (request.proof_count = 0; request.proof_count < 3; request.proof_count++)
        assert_int_equal(passes(b, request, text, &proof, &fault), request.proof_count == 1);
    char *list = malloc(2 * strlen(text) + 2);
    sprintf(list, "%s,%s", text, text);
    request.proof_count = 1;
    assert_false(passes(b, request, list, &proof, &fault));
    free(list);
    free(text);
}

/* A token bound to one key is not opened by a sound proof of another. */
static void proof_of_another_key_is_about_the_token(void **state)
{
    struct bench *b = *state;
    struct bench swapped = {.own = b->other, .other = b->own};
    struct dpop_proof proof;
    struct dpop_fault fault;
    char *text = proof_of(&swapped, HEADER, CLAIMS);
    assert_true(passes(&swapped, the_request, text, &proof, &fault));
    assert_false(passes(b, the_request, text, &proof, &fault));
    assert_int_equal(fault.error, DPOP_INVALID_TOKEN);
    free(text);
    arena_fini(&swapped.arena);
}

static void name_of_a_proof_is_that_of_its_key_and_jti(void **state)
{
    struct bench *b = *state;
    struct bench swapped = {.own = b->other, .other = b->own};
    struct dpop_proof proofs[4];
    struct dpop_fault fault;
    const char *const claims[] = {CLAIMS, AT("1795219201"), NAMED("\"jti\":\"j2\",")};
    for (size_t i = 0; i < COUNT_OF(claims); i++) {
        char *text = proof_of(b, HEADER, claims[i]);
        assert_true(passes(b, the_request, text, &proofs[i], &fault));
        free(text);
    }
    char *text = proof_of(&swapped, HEADER, CLAIMS);
    assert_true(passes(&swapped, the_request, text, &proofs[3], &fault));
    free(text);
    assert_memory_equal(proofs[0].name, proofs[1].name, DIGEST_BYTES);
    assert_memory_not_equal(proofs[0].name, proofs[2].name, DIGEST_BYTES);
    assert_memory_not_equal(proofs[0].name, proofs[3].name, DIGEST_BYTES);
    arena_fini(&swapped.arena);
}

/* RFC 9449 9 */
static void nonce_is_one_that_was_given(void **state)
{
    static const struct {
        const char *claims;
        enum dpop_error error;
        bool is_old;
    } rows[] = {
        {WITH(",\"ath\":\"@ATH@\",\"nonce\":\"new\""), DPOP_NO_ERROR, false},
        {WITH(",\"ath\":\"@ATH@\",\"nonce\":\"old\""), DPOP_NO_ERROR, true},
        {WITH(",\"ath\":\"@ATH@\",\"nonce\":\"odd\""), DPOP_USE_NONCE, false},
        {WITH(",\"ath\":\"@ATH@\",\"nonce\":\"\""), DPOP_USE_NONCE, false},
        {WITH(",\"ath\":\"@ATH@\",\"nonce\":1"), DPOP_USE_NONCE, false},
        {WITH(",\"ath\":\"@ATH@\""), DPOP_USE_NONCE, false},
        {WITH(",\"nonce\":\"odd\""), DPOP_INVALID_PROOF, false}, /* a nonce would not make it good */
    };
    struct bench *b = *state;
    struct dpop_request request = the_request;
    request.wants_nonce = true;
    request.nonces[0] = SPAN("new");
    request.nonces[1] = SPAN("old");
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct dpop_proof proof;
        struct dpop_fault fault;
        char *text = proof_of(b, HEADER, rows[i].claims);
        (void)passes(b, request, text, &proof, &fault);
        assert_int_equal(fault.error, rows[i].error);
        assert_int_equal(proof.is_nonce_old, rows[i].is_old);
        /* Where none is asked for, a nonce that another server gave is nobody's matter here. */
        assert_int_equal(passes(b, the_request, text, &proof, &fault), rows[i].error != DPOP_INVALID_PROOF);
        free(text);
    }
}

static void nonce_lives_for_its_time_and_the_next(void **state)
{
    char now[DPOP_NONCE_BYTES], again[DPOP_NONCE_BYTES];
    struct err err;
    (void)state;
    assert_true(dpop_nonce(SPAN("key"), 600, 60, 0, now, &err));
    assert_int_equal(strlen(now), DPOP_NONCE_BYTES - 1);
    assert_true(dpop_nonce(SPAN("key"), 659, 60, 0, again, &err));
    assert_string_equal(now, again);
    assert_true(dpop_nonce(SPAN("key"), 660, 60, 0, again, &err));
    assert_string_not_equal(now, again);
    assert_true(dpop_nonce(SPAN("key"), 660, 60, 1, again, &err));
    assert_string_equal(now, again);
    assert_true(dpop_nonce(SPAN("kez"), 600, 60, 0, again, &err));
    assert_string_not_equal(now, again);
}

/* ---- targets ---- */

static const struct {
    const char *htu, *authority, *path;
    bool is_https, is_same;
} targets[] = {
    {"https://api.example.com/a", "api.example.com", "/a", true, true},
    {"http://api.example.com/a", "api.example.com", "/a", true, false},
    {"https://api.example.com/a", "api.example.com", "/a", false, false},
    {"http://api.example.com/a", "api.example.com", "/a", false, true},
    /* RFC 3986 6.2.2.1 */
    {"HTTPS://API.example.com/a", "api.EXAMPLE.com", "/a", true, true},
    {"https://api.example.com/A", "api.example.com", "/a", true, false},
    {"https://api.example.com/%c3%a4", "api.example.com", "/%C3%A4", true, true},
    {"https://api.example.com/%c3%a4", "api.example.com", "/%C3%A5", true, false},
    /* RFC 3986 6.2.2.2 */
    {"https://api.example.com/%61%2Db", "api.example.com", "/a-b", true, true},
    {"https://api.example.com/a%2Fb", "api.example.com", "/a/b", true, false},
    {"https://api.example.com/a%2fb", "api.example.com", "/a%2Fb", true, true},
    {"https://api.example.com/a%252Fb", "api.example.com", "/a%2Fb", true, false},
    {"https://api.example.com/a%2", "api.example.com", "/a%2", true, true},
    {"https://api.example.com/a%2", "api.example.com", "/a%20", true, false},
    {"https://api.example.com/a%20b", "api.example.com", "/a b", true, false},
    /* RFC 3986 6.2.3 */
    {"https://api.example.com", "api.example.com", "/", true, true},
    {"https://api.example.com/", "api.example.com", "/", true, true},
    {"https://api.example.com:443/a", "api.example.com", "/a", true, true},
    {"https://api.example.com/a", "api.example.com:443", "/a", true, true},
    {"https://api.example.com:/a", "api.example.com", "/a", true, true},
    {"https://api.example.com:80/a", "api.example.com", "/a", true, false},
    {"http://api.example.com:80/a", "api.example.com", "/a", false, true},
    {"https://api.example.com:8443/a", "api.example.com:8443", "/a", true, true},
    {"https://api.example.com:8443/a", "api.example.com:8444", "/a", true, false},
    {"https://api.example.com:8443/a", "api.example.com", "/a", true, false},
    {"http://[::1]:80/a", "[::1]", "/a", false, true},
    {"http://[::1]:81/a", "[::1]", "/a", false, false},
    /* what is compared is the whole */
    {"https://api.example.com/a/", "api.example.com", "/a", true, false},
    {"https://api.example.com/ab", "api.example.com", "/a", true, false},
    {"https://api.example.com/", "api.example.com", "/a", true, false},
    {"https://api.example.co/a", "api.example.com", "/a", true, false},
    {"https://api.example.com.evil/a", "api.example.com", "/a", true, false},
    {"https://user@api.example.com/a", "api.example.com", "/a", true, false},
    {"https://api.example.com@evil/a", "api.example.com", "/a", true, false},
    {"https://api.example.com/a?q=1", "api.example.com", "/a", true, true},
    {"https://api.example.com/a#f", "api.example.com", "/a", true, true},
    {"https://api.example.com?/a", "api.example.com", "/", true, true},
    {"https://api.example.com#/a", "api.example.com", "/a", true, false},
    {"https://api.example.com/x/../a", "api.example.com", "/a", true, false},
    {"/a", "api.example.com", "/a", true, false},
    {"//api.example.com/a", "api.example.com", "/a", true, false},
    {"https:///a", "", "/a", true, false},
    {"https://", "", "/", true, false},
    {"", "", "", true, false},
    {"ftp://api.example.com/a", "api.example.com", "/a", true, false},
};

/* RFC 9449 4.3 */
static void target_is_compared_in_its_normal_form(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(targets); i++) {
        struct dpop_request request = {.is_https = targets[i].is_https,
                                       .authority = span_str(targets[i].authority),
                                       .path = span_str(targets[i].path)};
        if (dpop_is_target(span_str(targets[i].htu), &request) != targets[i].is_same)
            print_error("target %zu\n", i);
        assert_int_equal(dpop_is_target(span_str(targets[i].htu), &request), targets[i].is_same);
    }
    struct dpop_request request = {.is_https = true, .authority = SPAN("a"), .path = SPAN("/b")};
    assert_false(dpop_is_target(SPAN("https://a\0/b"), &request));
    assert_false(dpop_is_target(SPAN("https://a/b\0"), &request));
}

static void challenge_lists_asymmetric_algorithms(void **state)
{
    AUTO(buf) out = {0};
    struct alg_set algs = {alg_set_of(ALG_HS256).bits | alg_set_of(ALG_RS256).bits | alg_set_of(ALG_ES256).bits};
    (void)state;
    dpop_add_algs(algs, &out);
    assert_true(span_eq(buf_span(&out), SPAN("RS256 ES256")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(example_of_the_standard_passes),
        cmocka_unit_test(proof_passes_only_with_all_that_is_asked_for),
        cmocka_unit_test(proof_changed_after_signing_is_refused),
        cmocka_unit_test(exactly_one_field_holds_the_proof),
        cmocka_unit_test(proof_of_another_key_is_about_the_token),
        cmocka_unit_test(name_of_a_proof_is_that_of_its_key_and_jti),
        cmocka_unit_test(nonce_is_one_that_was_given),
        cmocka_unit_test(nonce_lives_for_its_time_and_the_next),
        cmocka_unit_test(target_is_compared_in_its_normal_form),
        cmocka_unit_test(challenge_lists_asymmetric_algorithms),
    };
    return cmocka_run_group_tests(tests, bench_set_up, bench_take_down);
}
