/* SPDX-License-Identifier: Apache-2.0 */
/* Judgements as text, JSON and log fields: every check is told, foreign bytes never act, the token itself is never shown. */
#include "court.h"

#include "jose/jsondoc.h"
#include "policy/report.h"

#define POLICY "openid_config: [ \"https://a\" ]\naudiences: [ \"https://api.example\", \"2222\" ]\n"
#define MEMBERS "\"iss\":\"" ISS_A "\",\"exp\":1795219800"

static struct report_input input_of(struct court *court)
{
    return (struct report_input){
        .judgement = &court->loud, .rule = &court->rule, .route = SPAN("calc"), .at_s = NOW_S, .arena = &court->arena};
}

static bool text_holds(struct court *court, const char *needle)
{
    AUTO(buf) out = {0};
    struct report_input input = input_of(court);
    assert_true(report_text(&input, &out));
    bool is_held = span_holds(buf_span(&out), span_str(needle));
    if (!is_held)
        print_error("no \"%s\" in:\n%.*s\n", needle, SPAN_ARG(buf_span(&out)));
    return is_held;
}

static void text_tells_verdict_checks_and_advice(void **state)
{
    struct court *court = *state;
    court_open(court, POLICY);
    court_claims(court, court->rsa, "{" MEMBERS ",\"aud\":\"2222\"}");
    assert_true(text_holds(court, "pass on route calc: valid for another 10 min\n"));
    assert_true(text_holds(court, "pass  audience: expected one of https://api.example, 2222; found 2222\n"));
    assert_true(text_holds(court, "; found that signature\n"));
    assert_true(text_holds(court, "skip  nbf"));
    court_claims(court, court->rsa, "{" MEMBERS ",\"aud\":\"x\"}");
    assert_true(text_holds(court, "refuse TokenAudienceNotAllowed (401) on route calc: audience\n"));
    assert_true(text_holds(court, "fail  audience: expected one of https://api.example, 2222; found x\n      -> "));
    court_close(court);
}

static void foreign_bytes_do_not_reach_a_terminal(void **state)
{
    struct court *court = *state;
    court_open(court, POLICY);
    court_claims(court, court->rsa, "{" MEMBERS ",\"aud\":\"\\u001b[2J\\nok\"}");
    assert_true(text_holds(court, "found \\x1b[2J\\x0aok\n"));
    court_close(court);
}

/* What can be read is shown as it is; what is not seen, or turns the direction of writing, is not left to look like nothing. */
static void what_can_be_read_is_shown_as_it_is(void **state)
{
    static const struct {
        const char *aud, *shown;
    } cases[] = {
        {"B\u00fccher \\\"quoted\\\" C:\\\\x", "B\u00fccher \"quoted\" C:\\x"},
        {"\u65e5\u672c\U0001f600", "\u65e5\u672c\U0001f600"},
        {"a\u202eb\u2066c\u200fd", "a\\u202eb\\u2066c\\u200fd"},
        {"a\u200bb\ufeffc\u00add", "a\\u200bb\\ufeffc\\u00add"},
        {"a\xc2\x9b"
         "1m\x7f\\u0000",
         "a\\u009b1m\\x7f\\x00"},
        {"\U000e0041x", "\\ue0041x"},
    };
    struct court *court = *state;
    court_open(court, POLICY);
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        court_claims(court, court->rsa, arena_printf(&court->arena, "{" MEMBERS ",\"aud\":\"%s\"}", cases[i].aud));
        assert_true(text_holds(court, arena_printf(&court->arena, "; found %s\n", cases[i].shown)));
    }
    /* 199 bytes, then a character of two: it is not cut in its middle. */
    court_claims(court, court->rsa, arena_printf(&court->arena, "{" MEMBERS ",\"aud\":\"%0199d\u00fc\"}", 0));
    assert_true(text_holds(court, "0000...\n"));
    court_close(court);
}

/* A name of several scripts stands in the column of all names. */
static void names_beyond_ascii_keep_the_column(void **state)
{
    struct court *court = *state;
    court_open(court, POLICY);
    court_claims(court, court->rsa, "{" MEMBERS ",\"gr\u00f6\u00dfe\":\"x\",\"size\":\"x\"}");
    assert_true(text_holds(court, "\n  gr\u00f6\u00dfe                 x\n"));
    assert_true(text_holds(court, "\n  size                  x\n"));
    court_close(court);
}

/* The time is 1795219200. */
static void times_are_told_in_words(void **state)
{
    static const struct {
        const char *times, *words;
    } cases[] = {
        {"\"exp\":1795219200", "1795219200 (2026-11-21T00:00:00Z, expired 0 s ago)"},
        {"\"exp\":1795219008", "exp, expired 3 min 12 s ago\n"},
        {"\"exp\":1795218600", "(2026-11-20T23:50:00Z, expired 10 min ago)"},
        {"\"exp\":1795222440", "  (2026-11-21T00:54:00Z, valid for another 54 min)\n"},
        {"\"exp\":1795226700", "valid for another 2 h 5 min"},
        {"\"exp\":1795132799", "expired 1 d ago"},
        {"\"exp\":1795219800,\"nbf\":1795219320", "nbf, not valid before 2 min from now\n"},
        {"\"exp\":1795219800,\"nbf\":1795219200", "  (2026-11-21T00:00:00Z, valid since 0 s)\n"},
        {"\"exp\":1795219800,\"iat\":1795219140", "  (2026-11-20T23:59:00Z, 1 min ago)\n"},
        {"\"exp\":1795219800,\"iat\":1795219201", "  (2026-11-21T00:00:01Z, 1 s from now)\n"},
        {"\"exp\":-9007199254740992", "expired"},
        {"\"exp\":1795219800,\"nbf\":\"1\"", "found nbf is no number of seconds\n"},
    };
    struct court *court = *state;
    court_open(court, "openid_config: [ \"https://a\" ]");
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        AUTO(buf) claims = {0};
        buf_printf(&claims, "{\"iss\":\"" ISS_A "\",%s}%c", cases[i].times, '\0');
        court_claims(court, court->rsa, claims.at);
        assert_true(text_holds(court, cases[i].words));
    }
    court_close(court);
}

static void key_opinion_and_notes_are_told(void **state)
{
    static const struct {
        enum opinion opinion;
        bool is_signed;
        const char *text, *json;
    } cases[] = {
        {OPINION_GOOD, true, "libjwt agrees: words\n", "agrees"},
        {OPINION_BAD, true, "libjwt disagrees: words\n", "disagrees"},
        {OPINION_NONE, true, "libjwt cannot say: words\n", "cannot say"},
        {OPINION_BAD, false, "libjwt agrees: words\n", "agrees"},
        {OPINION_GOOD, false, "libjwt disagrees: words\n", "disagrees"},
    };
    static const struct span notes[] = {SPAN_INIT("one"), SPAN_INIT("\"two\"")};
    struct court *court = *state;
    court_open(court, POLICY);
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        AUTO(buf) text = {0};
        AUTO(buf) json = {0};
        struct err err;
        const struct second_opinion opinion = {.opinion = cases[i].opinion, .text = "words"};
        court_claims(court, cases[i].is_signed ? court->rsa : court->stranger, "{" MEMBERS ",\"aud\":\"2222\"}");
        struct report_input input = input_of(court);
        input.opinion = &opinion;
        input.notes = notes;
        input.note_count = COUNT_OF(notes);
        assert_true(report_text(&input, &text) && report_json(&input, &json));
        assert_true(span_holds(buf_span(&text), span_str(cases[i].text)));
        assert_true(span_holds(buf_span(&text), SPAN("note: \"two\"\n")));
        assert_int_equal(span_holds(buf_span(&text), SPAN("key: kid r1, RS256 of 2048 bits")), cases[i].is_signed);
        AUTO_PTR(jsondoc) doc = jsondoc_read(buf_span(&json), 40, &err);
        const struct jsonval *root = jsondoc_root(doc);
        assert_span(jsonval_text(jsonval_member(jsonval_member(root, "second_opinion"), "verdict")), cases[i].json);
        assert_int_equal(jsonval_count(jsonval_member(root, "notes")), 2);
        assert_span(jsonval_text(jsonval_member(jsonval_member(root, "key"), "provider")),
                    cases[i].is_signed ? "https://a" : "");
    }
    court_close(court);
}

static void colours_are_for_those_who_want_them(void **state)
{
    struct court *court = *state;
    AUTO(buf) plain = {0};
    AUTO(buf) coloured = {0};
    court_open(court, POLICY);
    court_claims(court, court->rsa, "{" MEMBERS ",\"aud\":\"x\"}");
    struct report_input input = input_of(court);
    assert_true(report_text(&input, &plain));
    assert_null(span_chr(buf_span(&plain), '\033'));
    input.has_colour = true;
    assert_true(report_text(&input, &coloured));
    assert_true(span_starts(buf_span(&coloured), SPAN("\033[1;31mrefuse\033[0m TokenAudienceNotAllowed")));
    court_close(court);
}

static struct jsondoc *json_of(struct court *court)
{
    AUTO(buf) out = {0};
    struct err err;
    struct report_input input = input_of(court);
    assert_true(report_json(&input, &out));
    struct jsondoc *doc = jsondoc_read(buf_span(&out), 40, &err);
    if (doc == NULL)
        print_error("%s\n%.*s\n", err.text, SPAN_ARG(buf_span(&out)));
    assert_non_null(doc);
    return doc;
}

static void json_holds_token_and_checks(void **state)
{
    struct court *court = *state;
    court_open(court, POLICY "required_claims: [ { name: \"a\\\"b\", values: [ \"\\x01\" ] } ]");
    court_claims(court, court->rsa, "{" MEMBERS ",\"aud\":\"2222\",\"a\\\"b\":[1.50,\"\\u0000\\ud83d\\ude00\"]}");
    AUTO_PTR(jsondoc) doc = json_of(court);
    const struct jsonval *root = jsondoc_root(doc);
    assert_span(jsonval_text(jsonval_member(root, "route")), "calc");
    assert_span(jsonval_text(jsonval_member(root, "verdict")), "refuse");
    assert_span(jsonval_text(jsonval_member(root, "reason")), "TokenClaimValueNotAllowed");
    const struct jsonval *token = jsonval_member(root, "token");
    assert_span(jsonval_text(jsonval_member(jsonval_member(token, "header"), "kid")), "r1");
    assert_int_equal(jsonval_count(jsonval_member(jsonval_member(token, "claims"), "a\"b")), 2);
    const struct jsonval *checks = jsonval_member(root, "checks");
    assert_int_equal(jsonval_count(checks), 10);
    const struct jsonval *last = jsonval_element(checks, 9);
    assert_span(jsonval_text(jsonval_member(last, "name")), "claim:a\"b");
    assert_span(jsonval_text(jsonval_member(last, "verdict")), "fail");
    assert_true(jsonval_text(jsonval_member(last, "advice")).len > 0);
    court_close(court);
}

static void json_of_no_token_is_json_all_the_same(void **state)
{
    struct court *court = *state;
    court_open(court, POLICY);
    static const struct span credentials[] = {{NULL, 0}, SPAN_INIT("Bearer \xff\xfe"), SPAN_INIT("Bearer a.b.c")};
    for (size_t i = 0; i < COUNT_OF(credentials); i++) {
        court_judge(court, credentials[i]);
        AUTO_PTR(jsondoc) doc = json_of(court);
        assert_span(jsonval_text(jsonval_member(jsondoc_root(doc), "verdict")), "refuse");
    }
    court_close(court);
}

static void a_missing_provider_is_no_verdict(void **state)
{
    struct court *court = *state;
    court_open(court, "openid_config: [ \"https://down\" ]");
    court_claims(court, court->rsa, "{" MEMBERS "}");
    assert_string_equal(report_verdict(&court->loud), "unknown");
    assert_true(text_holds(court, "unknown OpenIdConfigUnavailable (503)"));
    court_close(court);
}

static void log_fields_name_the_first_failure(void **state)
{
    struct court *court = *state;
    struct log_field fields[REPORT_FIELDS_MAX];
    court_open(court, POLICY "required_claims: [ { name: groups, values: [ a ] } ]");
    court_claims(court, court->rsa, "{" MEMBERS ",\"aud\":\"2222\",\"groups\":\"b\"}");
    assert_int_equal(report_fields(&court->quiet, &court->arena, fields), 4);
    assert_span(fields[0].text, "TokenClaimValueNotAllowed");
    assert_span(fields[1].text, "claim:groups");
    assert_span(fields[2].text, "a");
    assert_span(fields[3].text, "b");
    court_claims(court, court->rsa, "{" MEMBERS ",\"aud\":\"2222\",\"groups\":\"a\"}");
    assert_int_equal(report_fields(&court->quiet, &court->arena, fields), 0);
    court_close(court);
}

/* Nothing that is reported of a malformed or forged token holds its signature. */
static void the_token_itself_is_never_shown(void **state)
{
    struct court *court = *state;
    court_open(court, POLICY);
    static const char *const headers[] = {NULL, "{\"alg\":\"RS256\",\"crit\":[]}", "{\"alg\":\"XX\"}"};
    for (size_t i = 0; i < COUNT_OF(headers); i++) {
        AUTO(buf) out = {0};
        char *token = signer_token(court->stranger, ALG_RS256, headers[i], SPAN("{" MEMBERS "}"));
        struct span signature = span_str(strrchr(token, '.') + 1);
        char *kept = span_dup(signature);
        court_hear(court, token);
        struct report_input input = input_of(court);
        assert_true(report_text(&input, &out) && report_json(&input, &out));
        assert_false(span_holds(buf_span(&out), span_cut(span_str(kept), 20)));
        free(kept);
    }
    court_close(court);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(text_tells_verdict_checks_and_advice),
        cmocka_unit_test(foreign_bytes_do_not_reach_a_terminal),
        cmocka_unit_test(what_can_be_read_is_shown_as_it_is),
        cmocka_unit_test(names_beyond_ascii_keep_the_column),
        cmocka_unit_test(times_are_told_in_words),
        cmocka_unit_test(key_opinion_and_notes_are_told),
        cmocka_unit_test(colours_are_for_those_who_want_them),
        cmocka_unit_test(json_holds_token_and_checks),
        cmocka_unit_test(json_of_no_token_is_json_all_the_same),
        cmocka_unit_test(a_missing_provider_is_no_verdict),
        cmocka_unit_test(log_fields_name_the_first_failure),
        cmocka_unit_test(the_token_itself_is_never_shown),
    };
    return cmocka_run_group_tests(tests, court_set_up, court_take_down);
}
