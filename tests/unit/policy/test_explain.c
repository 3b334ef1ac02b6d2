/* SPDX-License-Identifier: Apache-2.0 */
/* A pasted token judged by every rule of a route: what was pasted is understood, the scheme does not count, the first refusal is the
 * one that is told.
 */
#include "alloc_fail.h"
#include "court.h"

#include "policy/explain.h"

#define A "openid_config: [ \"https://a\" ]\n"
#define SOUND "{\"iss\":\"" ISS_A "\",\"exp\":1795219800,\"aud\":\"api.example\"}"

static void a_token_is_found_in_what_was_pasted(void **state)
{
    static const struct {
        const char *pasted, *token;
        bool had_scheme;
    } cases[] = {
        {"a.b.c", "a.b.c", false},
        {"  a.b.c\r\n", "a.b.c", false},
        {"Bearer a.b.c", "a.b.c", true},
        {"\n bEARER \t a.b.c \n", "a.b.c", true},
        {"DPoP a.b.c", "a.b.c", true},
        {"Bearer", "", true},
        {"Bearera.b.c", "Bearera.b.c", false},
        {"Bearer Bearer a", "Bearer a", true},
        {"Basic abc", "Basic abc", false},
        {" \n", "", false},
        {"", "", false},
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        bool had_scheme;
        assert_span(explain_token(span_str(cases[i].pasted), &had_scheme), cases[i].token);
        assert_int_equal(had_scheme, cases[i].had_scheme);
    }
}

/* One rule of the court's, with what is pasted. */
struct sitting {
    struct court *court;
    struct explain_rule rules[3];
    struct explain_input input;
    struct explanation explanation;
};

static void sit(struct sitting *s, struct court *court, const char *policy, const char *lead, const char *claims)
{
    court_open(court, policy);
    char *token = signer_token(court->rsa, ALG_RS256, NULL, span_str(claims));
    *s = (struct sitting){.court = court, .rules = {{.rule = &court->rule, .trusts = court->trusts}}};
    s->input = (struct explain_input){.pasted = span_str(arena_printf(&court->arena, "%s%s", lead, token)),
                                      .rules = s->rules,
                                      .rule_count = 1,
                                      .route = SPAN("calc"),
                                      .request = {.path = SPAN("/calc/")},
                                      .at_s = NOW_S,
                                      .limits = court->limits,
                                      .arena = &court->arena};
    free(token);
}

static bool hear(struct sitting *s)
{
    struct err err = {.reason = REASON_NONE};
    bool is_judged = explain_judge(&s->input, &s->explanation, &err);
    if (!is_judged)
        print_error("%s\n", err.text);
    return is_judged;
}

static bool text_holds(struct sitting *s, const char *needle)
{
    AUTO(buf) out = {0};
    assert_true(explain_text(&s->explanation, false, &out));
    bool is_held = span_holds(buf_span(&out), span_str(needle));
    if (!is_held)
        print_error("no \"%s\" in:\n%.*s\n", needle, SPAN_ARG(buf_span(&out)));
    return is_held;
}

/* The same token passes by header, custom header and query parameter, whatever stood before it; where a scheme must not stand, that
 * is noted.
 */
static void the_scheme_does_not_count_but_is_noted(void **state)
{
    static const struct {
        const char *policy, *lead, *note;
    } cases[] = {
        {A, "", NULL},
        {A, "Bearer ", NULL},
        {A "require_scheme: SharedAccess", "Bearer ", NULL},
        {A "header_name: X-Token", "", NULL},
        {A "header_name: X-Token", "Bearer ", "in the header X-Token the token must stand alone"},
        {A "query_parameter_name: jwt", "Bearer ", "in the query parameter jwt the token must stand alone"},
        {A "query_parameter_name: jwt", "", NULL},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct sitting s;
        sit(&s, *state, cases[i].policy, cases[i].lead, SOUND);
        assert_true(hear(&s));
        assert_true(s.explanation.decisive->judgement.has_passed);
        assert_int_equal(s.explanation.decisive->report.note_count, cases[i].note != NULL);
        assert_true(cases[i].note == NULL || text_holds(&s, cases[i].note));
        court_close(s.court);
    }
}

static void of_several_rules_the_first_refusal_is_told(void **state)
{
    static const struct span other = SPAN_INIT("other");
    struct sitting s;
    sit(&s, *state, A "audiences: [ api.example ]", "", SOUND);
    struct rule narrow = s.court->rule;
    narrow.audiences = &other;
    s.rules[1] = s.rules[2] = s.rules[0];
    s.input.rule_count = 3;
    assert_true(hear(&s));
    assert_ptr_equal(s.explanation.decisive, &s.explanation.each[2]);
    assert_true(text_holds(&s, "pass on route calc: valid for another 10 min\n\npolicy 1 of 3: validate-jwt\npass"));
    s.rules[1].rule = &narrow;
    assert_true(hear(&s));
    assert_ptr_equal(s.explanation.decisive, &s.explanation.each[1]);
    assert_true(text_holds(&s, "refuse TokenAudienceNotAllowed (401) on route calc: audience\n\npolicy 1 of 3"));
    assert_true(text_holds(&s, "\npolicy 3 of 3: validate-jwt\npass"));
    AUTO(buf) json = {0};
    assert_true(explain_json(&s.explanation, &json));
    assert_true(span_holds(buf_span(&json), SPAN("\"reason\":\"TokenAudienceNotAllowed\"")));
    court_close(s.court);
}

/* Audience by host, known from the route. */
static void expressions_see_what_the_route_says(void **state)
{
    struct sitting s;
    const char *policy = A "audiences: [ \"@(context.Request.OriginalUrl.Host)\" ]";
    sit(&s, *state, policy, "", SOUND);
    s.input.request.host = SPAN("api.example");
    assert_true(hear(&s));
    assert_true(s.explanation.decisive->judgement.has_passed);
    assert_true(text_holds(&s, "evaluated for GET https://api.example/calc/ without header fields"));
    s.input.request.host = SPAN("other.example");
    assert_true(hear(&s));
    assert_int_equal(s.explanation.decisive->judgement.reason, REASON_AUDIENCE_NOT_ALLOWED);
    court_close(s.court);
}

/* Port, path and query of a URL that is given, parameters joined as requests' are. */
static void expressions_see_the_url_that_is_given(void **state)
{
    static const struct explain_parameter parameters[] = {
        {SPAN_INIT("t"), SPAN_INIT("api")}, {SPAN_INIT("x"), SPAN_INIT("y")}, {SPAN_INIT("t"), SPAN_INIT("example")}};
    static const struct {
        const char *expression, *value;
    } cases[] = {
        {"context.Request.OriginalUrl.Scheme", "http"},
        {"context.Request.OriginalUrl.Host + \\\":\\\" + context.Request.OriginalUrl.Port", "h:8080"},
        {"context.Request.Url.Path + context.Request.OriginalUrl.QueryString", "/p?t=api&x=y&t=example"},
        {"context.Request.Url.Query.GetValueOrDefault(\\\"t\\\", \\\"\\\")", "api,example"},
        {"context.Request.Url.Query.GetValueOrDefault(\\\"u\\\", \\\"none\\\")", "none"},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct sitting s;
        AUTO(buf) policy = {0};
        AUTO(buf) claims = {0};
        buf_printf(&policy, A "audiences: [ \"@(%s)\" ]%c", cases[i].expression, '\0');
        buf_printf(&claims, "{\"iss\":\"" ISS_A "\",\"exp\":1795219800,\"aud\":\"%s\"}%c", cases[i].value, '\0');
        sit(&s, *state, policy.at, "", claims.at);
        s.input.request = (struct explain_request){.is_given = true,
                                                   .is_plain = true,
                                                   .host = SPAN("h"),
                                                   .port = 8080,
                                                   .path = SPAN("/p"),
                                                   .query = SPAN("?t=api&x=y&t=example"),
                                                   .parameters = parameters,
                                                   .parameter_count = COUNT_OF(parameters)};
        assert_true(hear(&s));
        assert_true(text_holds(&s, "GET http://h:8080/p?t=api&x=y&t=example without"));
        assert_true(s.explanation.decisive->judgement.has_passed);
        court_close(s.court);
    }
}

#define UNKNOWN "@((string)context.Variables[\\\"tenant\\\"])"

/* What an expression would have said is left open; what holds without it, or fails in any case, is told. */
static void what_an_expression_would_say_is_left_open(void **state)
{
    static const struct {
        const char *policy, *claims;
        const char *skipped; /* NULL: nothing is */
        enum reason reason;
        const char *verdict;
    } cases[] = {
        {A "audiences: [ \"" UNKNOWN "\" ]", SOUND, "skip  audience: expected @(", REASON_EXPRESSION_FAILED, "unknown"},
        {A "audiences: [ \"" UNKNOWN "\", api.example ]", SOUND, NULL, REASON_EXPRESSION_FAILED, "unknown"},
        {A "issuers: [ \"" UNKNOWN "\" ]", "{\"iss\":\"x\",\"exp\":1795219800}", "skip  issuer",
         REASON_EXPRESSION_FAILED, "unknown"},
        {A "audiences: [ \"" UNKNOWN "\" ]", "{\"iss\":\"" ISS_A "\",\"exp\":1795219100}", "skip  audience",
         REASON_TOKEN_EXPIRED, "refuse"},
        {A "clock_skew: \"" UNKNOWN "\"", "{\"iss\":\"" ISS_A "\",\"exp\":1795219100}", "skip  exp",
         REASON_EXPRESSION_FAILED, "unknown"},
        {A "require_expiration_time: \"" UNKNOWN "\"", "{\"iss\":\"" ISS_A "\"}", "skip  exp", REASON_EXPRESSION_FAILED,
         "unknown"},
        {A "require_expiration_time: \"" UNKNOWN "\"", "{\"iss\":\"" ISS_A "\",\"exp\":1795219100}", NULL,
         REASON_TOKEN_EXPIRED, "refuse"},
        {A "required_claims: [ { name: aud, values: [ \"" UNKNOWN "\" ] }, { name: iss, values: [ x ] } ]", SOUND,
         "skip  claim:aud", REASON_CLAIM_VALUE_NOT_ALLOWED, "refuse"},
        {A "required_claims: [ { name: scp, values: [ \"" UNKNOWN "\" ] } ]", SOUND, NULL, REASON_CLAIM_NOT_FOUND,
         "refuse"},
        {A "failed_validation_httpcode: \"" UNKNOWN "\"", SOUND, NULL, REASON_EXPRESSION_FAILED, "unknown"},
        {A "header_name: \"" UNKNOWN "\"", SOUND, NULL, REASON_EXPRESSION_FAILED, "unknown"},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct sitting s;
        sit(&s, *state, cases[i].policy, "", cases[i].claims);
        assert_true(hear(&s));
        const struct judgement *judgement = &s.explanation.decisive->judgement;
        assert_int_equal(judgement->reason, cases[i].reason);
        assert_false(judgement->has_passed);
        assert_string_equal(report_verdict(judgement), cases[i].verdict);
        assert_true(cases[i].skipped == NULL || text_holds(&s, cases[i].skipped));
        assert_true(text_holds(&s, "note: an expression could not be evaluated: "));
        assert_true(text_holds(&s, "; --url gives"));
        assert_true((judgement->failed == NULL) == (cases[i].reason == REASON_EXPRESSION_FAILED));
        court_close(s.court);
    }
}

/* Of rules in branches nobody knows which judges: they count for what one of them makes of the token. */
static void rules_in_branches_are_alternatives(void **state)
{
#define U(passes)            \
    {                        \
        false, passes, false \
    }
#define B(passes)           \
    {                       \
        true, passes, false \
    }
#define B_OPEN            \
    {                     \
        true, false, true \
    }
    static const struct {
        struct explain_vote votes[3];
        size_t count, decisive;
    } cases[] = {
        {{U(true), U(true)}, 2, 1},
        {{U(true), U(false), U(false)}, 3, 1},
        {{B(false), B(true), B(true)}, 3, 1},
        {{B(false), B(false)}, 2, 1},
        {{B(false), B_OPEN, B(false)}, 3, 1},
        {{B_OPEN, B(false), B(true)}, 3, 2},
        {{U(true), B(false), B(false)}, 3, 0},
        {{U(true), B(false), B(true)}, 3, 2},
        {{B(true), U(false), B(true)}, 3, 1},
        {{B(false), U(true)}, 2, 1},
        {{B(false)}, 1, 0},
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++)
        assert_int_equal(explain_decide(cases[i].votes, cases[i].count), cases[i].decisive);
}

static void branches_are_named_and_the_choice_is_noted(void **state)
{
    static const struct span other = SPAN_INIT("other");
    struct sitting s;
    sit(&s, *state, A "audiences: [ api.example ]", "", SOUND);
    struct rule narrow = s.court->rule;
    narrow.audiences = &other;
    s.rules[1] = s.rules[0];
    s.rules[0].rule = &narrow;
    s.rules[0].place = "choose[1]/when[1]/validate-jwt[1]";
    s.rules[1].place = "choose[1]/otherwise[1]/validate-jwt[1]";
    s.rules[0].is_alternative = s.rules[1].is_alternative = true;
    s.input.rule_count = 2;
    assert_true(hear(&s));
    assert_ptr_equal(s.explanation.decisive, &s.explanation.each[1]);
    assert_true(text_holds(&s, "pass on route calc: valid for another 10 min\n\npolicy 1 of 2, at "
                               "choose[1]/when[1]/validate-jwt[1]\nrefuse"));
    assert_true(text_holds(&s, "of 2, 1 takes this token; this is told of policy 2, at choose[1]/otherwise[1]/"));
    s.rules[1].is_alternative = false;
    s.rules[1].rule = &narrow;
    s.rules[0].rule = &s.court->rule;
    assert_true(hear(&s));
    assert_ptr_equal(s.explanation.decisive, &s.explanation.each[1]);
    assert_false(s.explanation.decisive->judgement.has_passed);
    s.input.rule_count = 1;
    assert_true(hear(&s));
    assert_true(text_holds(&s, "note: the policy stands in a branch, at choose[1]/when[1]/validate-jwt[1]"));
    court_close(s.court);
}

/* Five parts, none of which can be opened here: the outer header is all there is. */
static void an_encrypted_token_is_told_as_one(void **state)
{
    struct sitting s;
    sit(&s, *state, A, "", SOUND);
    /* {"alg":"RSA-OAEP","enc":"A256GCM","kid":"e1"} */
    s.input.pasted = SPAN("eyJhbGciOiJSU0EtT0FFUCIsImVuYyI6IkEyNTZHQ00iLCJraWQiOiJlMSJ9.AA.AA.AA.AA");
    assert_true(hear(&s));
    assert_true(
        text_holds(&s, "note: the token came encrypted (JWE: alg RSA-OAEP, enc A256GCM, kid e1) and was not opened"));
    AUTO(buf) json = {0};
    assert_true(explain_json(&s.explanation, &json));
    assert_true(
        span_holds(buf_span(&json), SPAN("\"token\":{\"header\":null,\"claims\":null,\"encrypted\":true,\"outer\":{"
                                         "\"alg\":\"RSA-OAEP\",\"enc\":\"A256GCM\",\"kid\":\"e1\"}}")));
    s.input.pasted = SPAN("e30.AA.AA.AA");
    assert_true(hear(&s));
    assert_int_equal(s.explanation.decisive->report.note_count, 0);
    s.input.pasted = SPAN("!.AA.AA.AA.AA");
    assert_true(hear(&s));
    assert_true(text_holds(&s, "note: the token came encrypted (JWE) and was not opened"));
    court_close(s.court);
}

static void a_token_bound_to_a_key_is_no_bearer_token(void **state)
{
    struct sitting s;
    const char *claims = "{\"iss\":\"" ISS_A "\",\"exp\":1795219800,\"cnf\":{\"jkt\":\"x\"}}";
    sit(&s, *state, A, "", claims);
    assert_true(hear(&s));
    assert_true(
        text_holds(&s, "note: the token is bound to a key of its client (cnf.jkt): sent as Bearer it is refused"));
    court_close(s.court);
    sit(&s, *state, A "header_name: X-Token", "", claims);
    assert_true(hear(&s));
    assert_int_equal(s.explanation.decisive->report.note_count, 0);
    court_close(s.court);
}

static void an_assumed_issuer_is_marked(void **state)
{
    struct sitting s;
    sit(&s, *state, A, "", SOUND);
    s.rules[0].is_issuer_assumed = true;
    assert_true(hear(&s));
    assert_true(text_holds(&s, "note: the issuer " ISS_A " is assumed from the configured URL"));
    court_close(s.court);
}

static void a_certificate_that_ended_is_noted(void **state)
{
    struct sitting s;
    sit(&s, *state, A, "", SOUND);
    struct key *key = verifier_keys(s.court->verifiers[0])->keys[0];
    key->not_after_s = NOW_S;
    assert_true(hear(&s));
    assert_true(s.explanation.decisive->judgement.has_passed);
    assert_true(text_holds(&s, "note: the certificate of the key r1 ended on 2026-11-21T00:00:00Z"));
    key->not_after_s = NOW_S + 1;
    assert_true(hear(&s));
    assert_int_equal(s.explanation.decisive->report.note_count, 0);
    court_close(s.court);
}

static void libjwt_is_asked_about_the_key_that_was_tried(void **state)
{
    struct sitting s;
    sit(&s, *state, A, "", SOUND);
    assert_true(hear(&s));
    assert_int_equal(s.explanation.decisive->opinion.opinion, OPINION_GOOD);
    char *forged = signer_token(s.court->stranger, ALG_RS256, NULL, SPAN(SOUND));
    s.input.pasted = span_str(forged);
    assert_true(hear(&s));
    assert_true(text_holds(&s, "libjwt agrees: the signature is not that of this key"));
    free(forged);
    char *foreign = signer_token(s.court->ec, ALG_ES256, NULL, SPAN(SOUND));
    s.input.pasted = span_str(foreign);
    assert_true(hear(&s));
    assert_null(s.explanation.decisive->report.opinion);
    free(foreign);
    s.input.pasted = SPAN("no token");
    assert_true(hear(&s));
    assert_null(s.explanation.decisive->report.opinion);
    court_close(s.court);
}

static bool hear_with_little_memory(void *arg)
{
    struct sitting *s = arg;
    AUTO(arena) arena = {0};
    AUTO(buf) text = {0};
    AUTO(buf) json = {0};
    struct err err = {.reason = REASON_NONE};
    s->input.arena = &arena;
    if (!explain_judge(&s->input, &s->explanation, &err)) {
        assert_int_equal(err.reason, REASON_OUT_OF_MEMORY);
        return false;
    }
    const struct judgement *judgement = &s->explanation.decisive->judgement;
    assert_true(judgement->has_passed || judgement->reason == REASON_OUT_OF_MEMORY);
    bool is_told = explain_text(&s->explanation, true, &text);
    return explain_json(&s->explanation, &json) && is_told && judgement->has_passed;
}

static void without_memory_nothing_passes_that_should_not(void **state)
{
    struct sitting s;
    sit(&s, *state, A "audiences: [ api.example ]\nheader_name: X-Token", "Bearer ", SOUND);
    assert_true(alloc_fail_each(hear_with_little_memory, &s, true) > 3);
    court_close(s.court);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_token_is_found_in_what_was_pasted),
        cmocka_unit_test(the_scheme_does_not_count_but_is_noted),
        cmocka_unit_test(of_several_rules_the_first_refusal_is_told),
        cmocka_unit_test(expressions_see_what_the_route_says),
        cmocka_unit_test(expressions_see_the_url_that_is_given),
        cmocka_unit_test(what_an_expression_would_say_is_left_open),
        cmocka_unit_test(rules_in_branches_are_alternatives),
        cmocka_unit_test(branches_are_named_and_the_choice_is_noted),
        cmocka_unit_test(an_encrypted_token_is_told_as_one),
        cmocka_unit_test(a_token_bound_to_a_key_is_no_bearer_token),
        cmocka_unit_test(an_assumed_issuer_is_marked),
        cmocka_unit_test(a_certificate_that_ended_is_noted),
        cmocka_unit_test(libjwt_is_asked_about_the_key_that_was_tried),
        cmocka_unit_test(without_memory_nothing_passes_that_should_not),
    };
    return cmocka_run_group_tests(tests, court_set_up, court_take_down);
}
