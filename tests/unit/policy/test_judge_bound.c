/* SPDX-License-Identifier: Apache-2.0 */
/* The attacks: a token that is bound to its owner's key is sent by somebody else, as a bearer token or with a proof of his own; a
 * revoked token is sent while its signature is still remembered.
 *
 * Goal: the judge asks for what a token's cnf names, and for the list of revoked tokens, wherever the token came from.  Method:
 * tables of tokens; each is judged quietly, with every check, and remembered.
 */
#include "court.h"

#include "base/buf.h"
#include "policy/report.h"

#define NOW "1795219200"
#define RULE "{openid_config: [{url: 'https://a'}], required_claims: [{name: scp, values: [read]}]}"
#define CLAIMS(more) "{\"iss\":\"" ISS_A "\",\"exp\":1795222800,\"iat\":1795219000,\"scp\":\"read\"" more "}"

static const struct dpop_request the_request = {.proof_count = 0,
                                                .method = SPAN_INIT("GET"),
                                                .is_https = true,
                                                .authority = SPAN_INIT("api.example.com"),
                                                .path = SPAN_INIT("/a"),
                                                .window_s = 60};

static struct span thumbprint(struct court *court, const struct signer *signer)
{
    char *jwk = signer_jwk(signer, NULL);
    struct err err;
    AUTO_PTR(jsondoc) doc = jsondoc_read(span_str(jwk), 4, &err);
    AUTO_PTR(key) key = key_from_jwk(jsondoc_root(doc), &err);
    assert_non_null(key);
    free(jwk);
    return arena_copy(&court->arena, span_str(key->thumbprint));
}

static char *proof_by(const struct signer *signer, const char *token, const char *jti)
{
    AUTO(buf) header = {0};
    AUTO(buf) claims = {0};
    char hash[DIGEST_TEXT_BYTES];
    struct err err;
    char *jwk = signer_jwk(signer, NULL);
    assert_true(digest_text(span_str(token), hash, &err));
    buf_printf(&header, "{\"typ\":\"dpop+jwt\",\"alg\":\"ES256\",\"jwk\":%s}", jwk);
    buf_add_char(&header, '\0');
    buf_printf(&claims,
               "{\"htm\":\"GET\",\"htu\":\"https://api.example.com/a\",\"iat\":" NOW ",\"jti\":\"%s\",\"ath\":\"%s\"}",
               jti, hash);
    free(jwk);
    return signer_token(signer, ALG_ES256, buf_span(&header).at, buf_span(&claims));
}

/* The owner's certificate has a SHA-256 of zero bytes, for which this is the text. */
#define THUMBPRINT "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
#define CERTIFICATE(rest) "{\"x5t#S256\":\"" THUMBPRINT "\"" rest
enum certificate { NO_CERTIFICATE, OWN_CERTIFICATE, FOREIGN_CERTIFICATE };

enum proof { NO_PROOF, OWN_PROOF, FOREIGN_PROOF, PROOF_FOR_ANOTHER };

/* cnf: `@` is the thumbprint of the owner's key. */
static const struct bound {
    const char *name, *cnf, *scheme;
    enum proof proof;
    enum cnf_mode mode;
    bool has_request, passes;
    enum dpop_error error;
    enum certificate certificate;
} bound[] = {
    {"plain", "", "Bearer", NO_PROOF, CNF_REFUSE, true, true, DPOP_NO_ERROR, NO_CERTIFICATE},
    {"plain, with a proof nobody asked for", "", "Bearer", OWN_PROOF, CNF_REFUSE, true, true, DPOP_NO_ERROR,
     NO_CERTIFICATE},
    {"plain as DPoP", "", "DPoP", OWN_PROOF, CNF_REFUSE, true, false, DPOP_INVALID_TOKEN, NO_CERTIFICATE},
    {"plain as DPoP, cnf ignored", "", "DPoP", OWN_PROOF, CNF_IGNORE, true, false, DPOP_INVALID_TOKEN, NO_CERTIFICATE},
    {"plain as DPoP without request", "", "DPoP", NO_PROOF, CNF_REFUSE, false, false, DPOP_INVALID_TOKEN,
     NO_CERTIFICATE},

    {"bound", "{\"jkt\":\"@\"}", "DPoP", OWN_PROOF, CNF_REFUSE, true, true, DPOP_NO_ERROR, NO_CERTIFICATE},
    {"bound, scheme in capitals", "{\"jkt\":\"@\"}", "DPOP", OWN_PROOF, CNF_REFUSE, true, true, DPOP_NO_ERROR,
     NO_CERTIFICATE},
    {"bound, no proof", "{\"jkt\":\"@\"}", "DPoP", NO_PROOF, CNF_REFUSE, true, false, DPOP_INVALID_PROOF,
     NO_CERTIFICATE},
    {"bound, a thief's proof", "{\"jkt\":\"@\"}", "DPoP", FOREIGN_PROOF, CNF_REFUSE, true, false, DPOP_INVALID_TOKEN,
     NO_CERTIFICATE},
    {"bound, a proof for another token", "{\"jkt\":\"@\"}", "DPoP", PROOF_FOR_ANOTHER, CNF_REFUSE, true, false,
     DPOP_INVALID_PROOF, NO_CERTIFICATE},
    {"bound, as Bearer", "{\"jkt\":\"@\"}", "Bearer", NO_PROOF, CNF_REFUSE, true, false, DPOP_INVALID_TOKEN,
     NO_CERTIFICATE},
    {"bound, as Bearer with its proof", "{\"jkt\":\"@\"}", "Bearer", OWN_PROOF, CNF_REFUSE, true, false,
     DPOP_INVALID_TOKEN, NO_CERTIFICATE},
    {"bound, as Bearer, cnf ignored", "{\"jkt\":\"@\"}", "Bearer", NO_PROOF, CNF_IGNORE, true, false,
     DPOP_INVALID_TOKEN, NO_CERTIFICATE},
    {"bound, without request", "{\"jkt\":\"@\"}", "Bearer", NO_PROOF, CNF_REFUSE, false, true, DPOP_NO_ERROR,
     NO_CERTIFICATE},
    {"bound to no text", "{\"jkt\":1}", "DPoP", OWN_PROOF, CNF_REFUSE, true, false, DPOP_INVALID_TOKEN, NO_CERTIFICATE},
    {"bound to an empty text", "{\"jkt\":\"\"}", "DPoP", OWN_PROOF, CNF_REFUSE, true, false, DPOP_INVALID_TOKEN,
     NO_CERTIFICATE},
    {"bound to null", "{\"jkt\":null}", "Bearer", NO_PROOF, CNF_REFUSE, true, false, DPOP_INVALID_TOKEN,
     NO_CERTIFICATE},

    {"bound to what nobody checks", "{\"jku\":\"x\"}", "Bearer", NO_PROOF, CNF_REFUSE, true, false, DPOP_INVALID_TOKEN,
     NO_CERTIFICATE},
    {"the same, cnf ignored", "{\"jku\":\"x\"}", "Bearer", NO_PROOF, CNF_IGNORE, true, true, DPOP_NO_ERROR,
     NO_CERTIFICATE},
    {"the same, without request", "{\"jku\":\"x\"}", "Bearer", NO_PROOF, CNF_REFUSE, false, false, DPOP_INVALID_TOKEN,
     NO_CERTIFICATE},

    {"bound to a certificate that nobody shows", CERTIFICATE("}"), "Bearer", NO_PROOF, CNF_REFUSE, true, false,
     DPOP_NO_ERROR, NO_CERTIFICATE},
    {"bound to the certificate that is shown", CERTIFICATE("}"), "Bearer", NO_PROOF, CNF_REFUSE, true, true,
     DPOP_NO_ERROR, OWN_CERTIFICATE},
    {"bound to another one", CERTIFICATE("}"), "Bearer", NO_PROOF, CNF_REFUSE, true, false, DPOP_NO_ERROR,
     FOREIGN_CERTIFICATE},
    {"to another one, cnf ignored", CERTIFICATE("}"), "Bearer", NO_PROOF, CNF_IGNORE, true, false, DPOP_NO_ERROR,
     FOREIGN_CERTIFICATE},
    {"none shown, cnf ignored", CERTIFICATE("}"), "Bearer", NO_PROOF, CNF_IGNORE, true, true, DPOP_NO_ERROR,
     NO_CERTIFICATE},
    {"bound to a certificate, without request", CERTIFICATE("}"), "Bearer", NO_PROOF, CNF_REFUSE, false, true,
     DPOP_NO_ERROR, NO_CERTIFICATE},
    {"bound to half a thumbprint", "{\"x5t#S256\":\"AAAA\"}", "Bearer", NO_PROOF, CNF_REFUSE, true, false,
     DPOP_NO_ERROR, OWN_CERTIFICATE},
    {"bound to an empty thumbprint", "{\"x5t#S256\":\"\"}", "Bearer", NO_PROOF, CNF_REFUSE, true, false, DPOP_NO_ERROR,
     OWN_CERTIFICATE},
    {"bound to a thumbprint in another spelling", "{\"x5t#S256\":\"" THUMBPRINT "=\"}", "Bearer", NO_PROOF, CNF_REFUSE,
     true, false, DPOP_NO_ERROR, OWN_CERTIFICATE},
    {"bound to a thumbprint that is no text", "{\"x5t#S256\":0}", "Bearer", NO_PROOF, CNF_REFUSE, true, false,
     DPOP_NO_ERROR, OWN_CERTIFICATE},
    {"the same, cnf ignored", "{\"x5t#S256\":null}", "Bearer", NO_PROOF, CNF_IGNORE, true, false, DPOP_NO_ERROR,
     OWN_CERTIFICATE},
    {"bound to a certificate and what nobody checks", CERTIFICATE(",\"kid\":\"k\"}"), "Bearer", NO_PROOF, CNF_REFUSE,
     true, false, DPOP_INVALID_TOKEN, OWN_CERTIFICATE},
    {"the same, cnf ignored", CERTIFICATE(",\"kid\":\"k\"}"), "Bearer", NO_PROOF, CNF_IGNORE, true, true, DPOP_NO_ERROR,
     OWN_CERTIFICATE},
    {"bound to a certificate, as DPoP", CERTIFICATE("}"), "DPoP", OWN_PROOF, CNF_REFUSE, true, false,
     DPOP_INVALID_TOKEN, OWN_CERTIFICATE},
    {"no cnf, a certificate all the same", "", "Bearer", NO_PROOF, CNF_REFUSE, true, true, DPOP_NO_ERROR,
     OWN_CERTIFICATE},

    {"bound to both, both shown", CERTIFICATE(",\"jkt\":\"@\"}"), "DPoP", OWN_PROOF, CNF_REFUSE, true, true,
     DPOP_NO_ERROR, OWN_CERTIFICATE},
    {"bound to both, no certificate", CERTIFICATE(",\"jkt\":\"@\"}"), "DPoP", OWN_PROOF, CNF_REFUSE, true, false,
     DPOP_NO_ERROR, NO_CERTIFICATE},
    {"bound to both, no proof", CERTIFICATE(",\"jkt\":\"@\"}"), "DPoP", NO_PROOF, CNF_REFUSE, true, false,
     DPOP_INVALID_PROOF, OWN_CERTIFICATE},
    {"bound to both, as Bearer", CERTIFICATE(",\"jkt\":\"@\"}"), "Bearer", NO_PROOF, CNF_REFUSE, true, false,
     DPOP_INVALID_TOKEN, OWN_CERTIFICATE},
    {"bound to both, cnf ignored", CERTIFICATE(",\"jkt\":\"@\"}"), "DPoP", OWN_PROOF, CNF_IGNORE, true, true,
     DPOP_NO_ERROR, NO_CERTIFICATE},
    {"bound to both, cnf ignored, as Bearer", CERTIFICATE(",\"jkt\":\"@\"}"), "Bearer", NO_PROOF, CNF_IGNORE, true,
     false, DPOP_INVALID_TOKEN, NO_CERTIFICATE},
    {"bound to nothing", "{}", "Bearer", NO_PROOF, CNF_REFUSE, true, false, DPOP_INVALID_TOKEN, NO_CERTIFICATE},
    {"bound to nothing, cnf ignored", "{}", "Bearer", NO_PROOF, CNF_IGNORE, true, true, DPOP_NO_ERROR, NO_CERTIFICATE},
    {"cnf a text", "\"x\"", "Bearer", NO_PROOF, CNF_REFUSE, true, false, DPOP_INVALID_TOKEN, NO_CERTIFICATE},
    {"cnf a text, ignored", "\"x\"", "Bearer", NO_PROOF, CNF_IGNORE, true, true, DPOP_NO_ERROR, NO_CERTIFICATE},
    {"cnf false", "false", "Bearer", NO_PROOF, CNF_REFUSE, true, false, DPOP_INVALID_TOKEN, NO_CERTIFICATE},
    {"cnf null is none", "null", "Bearer", NO_PROOF, CNF_REFUSE, true, true, DPOP_NO_ERROR, NO_CERTIFICATE},
    {"cnf null is none, ignored", "null", "Bearer", NO_PROOF, CNF_IGNORE, true, true, DPOP_NO_ERROR, NO_CERTIFICATE},
    {"cnf null is none, so no DPoP", "null", "DPoP", OWN_PROOF, CNF_REFUSE, true, false, DPOP_INVALID_TOKEN,
     NO_CERTIFICATE},
};

static char *token_bound_by(struct court *court, const char *cnf, const struct signer *owner)
{
    AUTO(buf) claims = {0};
    struct span rest = span_str(cnf), piece;
    buf_add_str(&claims, "{\"iss\":\"" ISS_A "\",\"exp\":1795222800,\"iat\":1795219000,\"scp\":\"read\"");
    if (rest.len > 0)
        buf_add_str(&claims, ",\"cnf\":");
    for (bool is_first = true; rest.len > 0 && span_split(&rest, '@', &piece); is_first = false) {
        if (!is_first)
            buf_add_span(&claims, thumbprint(court, owner));
        buf_add_span(&claims, piece);
    }
    buf_add_char(&claims, '}');
    return signer_token(court->rsa, ALG_RS256, NULL, buf_span(&claims));
}

static const struct judgement *judge_bound(struct court *court, const struct bound *row, struct dpop_request *request)
{
    char *token = token_bound_by(court, row->cnf, court->ec);
    struct signer *thief = signer_new(SIGNER_P256, NULL);
    char *proof = proof_by(row->proof == FOREIGN_PROOF ? thief : court->ec,
                           row->proof == PROOF_FOR_ANOTHER ? "another" : token, "j1");
    AUTO(buf) credential = {0};
    *request = the_request;
    if (row->proof != NO_PROOF) {
        request->proof = arena_copy(&court->arena, span_str(proof));
        request->proof_count = 1;
    }
    static const unsigned char own[DIGEST_BYTES] = {0};
    static const unsigned char foreign[DIGEST_BYTES] = {1};
    court->asked.certificate = row->certificate == NO_CERTIFICATE
                                   ? (struct span){NULL, 0}
                                   : span_of(row->certificate == OWN_CERTIFICATE ? own : foreign, DIGEST_BYTES);
    court->asked.cnf = row->mode;
    court->asked.request = row->has_request ? request : NULL;
    buf_printf(&credential, "%s %s", row->scheme, token);
    const struct judgement *judgement = court_judge(court, buf_span(&credential));
    free(token);
    free(proof);
    signer_free(thief);
    return judgement;
}

/* RFC 7800 3.1, RFC 8705 3, RFC 9449 7.1, RFC 9449 7.2 */
static void bound_token_passes_with_its_key_or_certificate_only(void **state)
{
    struct court *court = *state;
    for (size_t i = 0; i < COUNT_OF(bound); i++) {
        struct dpop_request request;
        court_open(court, RULE);
        const struct judgement *judgement = judge_bound(court, &bound[i], &request);
        assert_reason(judgement, bound[i].passes ? REASON_NONE : REASON_JWT_INVALID, bound[i].name);
        assert_int_equal(judgement->dpop, bound[i].error);
        bool is_proven = bound[i].proof == OWN_PROOF && bound[i].scheme[0] == 'D' && bound[i].error == DPOP_NO_ERROR;
        assert_int_equal(judgement->has_proof, is_proven);
        if (!bound[i].passes) {
            assert_int_equal(judgement->failed->name, CHECK_CLAIM);
            assert_true(span_eq(judgement->failed->claim, SPAN("cnf")));
            assert_int_equal(judgement->status, 401);
            assert_false(judgement->only_claims_failed);
        }
        court_close(court);
    }
}

/* Where the rule takes another scheme, or no scheme at all, there is no proof that could be asked for. */
static void scheme_is_the_rules_own(void **state)
{
    static const struct {
        const char *rule, *credential, *cnf;
        enum cnf_mode mode;
        enum reason reason;
    } rows[] = {
        {"{require_scheme: DPoP, openid_config: [{url: 'https://a'}]}", "Bearer ", "", CNF_REFUSE,
         REASON_TOKEN_NOT_PRESENT},
        {"{require_scheme: DPoP, openid_config: [{url: 'https://a'}]}", "DPoP ", "", CNF_REFUSE, REASON_JWT_INVALID},
        {"{require_scheme: Token, openid_config: [{url: 'https://a'}]}", "DPoP ", "", CNF_REFUSE,
         REASON_TOKEN_NOT_PRESENT},
        {"{require_scheme: Token, openid_config: [{url: 'https://a'}]}", "Token ", "", CNF_REFUSE, REASON_NONE},
        {"{require_scheme: Token, openid_config: [{url: 'https://a'}]}", "Token ", "{\"jkt\":\"@\"}", CNF_REFUSE,
         REASON_JWT_INVALID},
        {"{require_scheme: Token, openid_config: [{url: 'https://a'}]}", "Token ", "{\"jkt\":\"@\"}", CNF_IGNORE,
         REASON_NONE},
        {"{header_name: X-Token, openid_config: [{url: 'https://a'}]}", "", "", CNF_REFUSE, REASON_NONE},
        {"{header_name: X-Token, openid_config: [{url: 'https://a'}]}", "", "{\"jkt\":\"@\"}", CNF_REFUSE,
         REASON_JWT_INVALID},
        {"{header_name: X-Token, openid_config: [{url: 'https://a'}]}", "", "{\"jkt\":\"@\"}", CNF_IGNORE, REASON_NONE},
        {"{header_name: X-Token, openid_config: [{url: 'https://a'}]}", "", CERTIFICATE("}"), CNF_REFUSE, REASON_NONE},
        {"{header_name: X-Token, openid_config: [{url: 'https://a'}]}", "", "{\"x5t#S256\":\"x\"}", CNF_REFUSE,
         REASON_JWT_INVALID},
    };
    static const unsigned char sha256[DIGEST_BYTES] = {0};
    struct court *court = *state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        AUTO(buf) credential = {0};
        court_open(court, rows[i].rule);
        char *token = token_bound_by(court, rows[i].cnf, court->ec);
        court->asked = (struct judge_input){
            .cnf = rows[i].mode, .request = &the_request, .certificate = span_of(sha256, sizeof sha256)};
        buf_printf(&credential, "%s%s", rows[i].credential, token);
        assert_reason(court_judge(court, buf_span(&credential)), rows[i].reason, rows[i].rule);
        free(token);
        court_close(court);
    }
}

static void sender_is_looked_at_before_what_the_token_allows(void **state)
{
    struct court *court = *state;
    struct dpop_request request;
    court_open(court, "{openid_config: [{url: 'https://a'}], required_claims: [{name: scp, values: [write]}]}");
    const struct judgement *judgement = judge_bound(court, &bound[7], &request);
    assert_reason(judgement, REASON_JWT_INVALID, "no proof and the wrong scope");
    assert_false(judgement->only_claims_failed);
    judgement = judge_bound(court, &bound[5], &request);
    assert_reason(judgement, REASON_CLAIM_VALUE_NOT_ALLOWED, "the wrong scope");
    assert_true(judgement->only_claims_failed);
    court_close(court);
}

/* What to do is told by what was wrong, not by the reason alone. */
static void advice_names_the_proof_the_nonce_or_the_binding(void **state)
{
    static const struct {
        size_t row;
        const char *advice;
    } rows[] = {{7, "fresh DPoP proof"},
                {8, "bound to a key"},
                {10, "`DPoP TOKEN`"},
                {17, "cnf: ignore"},
                {20, "tls.client_ca"}};
    struct court *court = *state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct dpop_request request;
        court_open(court, RULE);
        judge_bound(court, &bound[rows[i].row], &request);
        const struct report_input input = {
            .judgement = &court->loud, .rule = &court->rule, .at_s = NOW_S, .arena = &court->arena};
        const char *advice = report_advice(&input, court->loud.failed);
        if (strstr(advice, rows[i].advice) == NULL)
            print_error("%s: %s\n", bound[rows[i].row].name, advice);
        assert_non_null(strstr(advice, rows[i].advice));
        court_close(court);
    }
}

/* ---- revocation ---- */

static const struct {
    const char *entry, *check;
    bool is_meant;
} entries[] = {
    {"{jti: t1}", "claim:jti", true},
    {"{jti: t2}", "", false},
    {"{sub: ann}", "claim:sub", true},
    {"{sub: ann, issued_before: 1795219001}", "claim:sub", true},
    {"{sub: ann, issued_before: 1795219000}", "", false},
    {"{kid: r1}", "key", true},
    {"{kid: r2}", "", false},
    {"{iss: 'https://a.example/'}", "issuer", true},
    {"{iss: 'https://a.example'}", "", false},
    {"{issued_before: 1795219001}", "claim:iat", true},
    {"{issued_before: 1795219000}", "", false},
};

static void revoked_token_is_refused_although_it_is_remembered(void **state)
{
    struct court *court = *state;
    for (size_t i = 0; i < COUNT_OF(entries); i++) {
        AUTO(problems) problems;
        AUTO(buf) text = {0};
        problems_init(&problems);
        court_open(court, RULE);
        buf_printf(&text, "revoked: [%s]", entries[i].entry);
        struct revocation *list = revocation_read("revoked.yaml", buf_span(&text), &problems);
        assert_non_null(list);
        court->asked.revocation = list;
        const struct judgement *judgement = court_claims(court, court->rsa, CLAIMS(",\"sub\":\"ann\",\"jti\":\"t1\""));
        assert_reason(judgement, entries[i].is_meant ? REASON_JWT_INVALID : REASON_NONE, entries[i].entry);
        assert_int_equal(judgement->revoked != NULL, entries[i].is_meant);
        if (entries[i].is_meant) {
            const struct report_input input = {
                .judgement = judgement, .rule = &court->rule, .at_s = NOW_S, .arena = &court->arena};
            assert_string_equal(check_name_text(judgement->failed, &court->arena), entries[i].check);
            assert_non_null(strstr(report_advice(&input, judgement->failed), "revoked ones, line 1"));
        }
        revocation_release(list);
        court_close(court);
    }
}

/* The header need not name the key that signed. */
static void revoked_key_is_refused_although_no_kid_names_it(void **state)
{
    struct court *court = *state;
    AUTO(problems) problems;
    problems_init(&problems);
    court_open(court, RULE);
    struct revocation *list = revocation_read("revoked.yaml", SPAN("revoked: [{kid: r1}]"), &problems);
    court->asked.revocation = list;
    char *token = signer_token(court->rsa, ALG_RS256, "{\"alg\":\"RS256\"}", SPAN(CLAIMS("")));
    assert_reason(court_hear(court, token), REASON_JWT_INVALID, "no kid in the header");
    revocation_release(list);
    court_close(court);
}

/* What nobody signed is told what is wrong with it, not what the list says of it. */
static void list_says_nothing_of_tokens_that_nobody_signed(void **state)
{
    struct court *court = *state;
    AUTO(problems) problems;
    problems_init(&problems);
    court_open(court, RULE);
    struct revocation *list = revocation_read("revoked.yaml", SPAN("revoked: [{jti: t1}]"), &problems);
    court->asked.revocation = list;
    const struct judgement *judgement = court_claims(court, court->stranger, CLAIMS(",\"jti\":\"t1\""));
    assert_reason(judgement, REASON_SIGNATURE_INVALID, "another key");
    assert_null(judgement->revoked);
    revocation_release(list);
    court_close(court);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bound_token_passes_with_its_key_or_certificate_only),
        cmocka_unit_test(scheme_is_the_rules_own),
        cmocka_unit_test(sender_is_looked_at_before_what_the_token_allows),
        cmocka_unit_test(advice_names_the_proof_the_nonce_or_the_binding),
        cmocka_unit_test(revoked_token_is_refused_although_it_is_remembered),
        cmocka_unit_test(revoked_key_is_refused_although_no_kid_names_it),
        cmocka_unit_test(list_says_nothing_of_tokens_that_nobody_signed),
    };
    return cmocka_run_group_tests(tests, court_set_up, court_take_down);
}
