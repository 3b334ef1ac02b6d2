/* SPDX-License-Identifier: Apache-2.0 */
/* What is no expression of the supported part is refused when it is read, where it begins, with what to write instead; and
 * limits, each beside the last that is within.
 */
#include "expression_case.h"

static void what_is_not_closed_or_not_there_is_refused(void **state)
{
    (void)state;
    static const struct expression_refusal_case cases[] = {
        {"@()", 2, "expected a value, found \")\"", "@(1)"},
        {"@(1", 3, "found the end: `)` is missing", "@(1)"},
        {"@(", 2, "expected a value, found the end", "@(1)"},
        {"@((1)", 5, "`)` is missing", "@((1))"},
        {"@(1))", 4, "expected the end", "@((1))"},
        {"@(1) x", 5, "expected the end behind the closing `)`, found \"x\"", "@(1) "},
        {"@(1)@(2)", 4, "expected the end", "@(1)"},
        {"@(1 2)", 4, "expected an operator or `)`, found \"2\"", "@(1 + 2)"},
        {"@(1 \"a\")", 4, "found a text", "@(1 + \"a\")"},
        {"@(1 +)", 5, "expected a value", "@(1 + 1)"},
        {"@(+ 1)", 2, "expected a value, found \"+\"", "@(- 1)"},
        {"@(1,2)", 3, "found \",\"", "@(string.Concat(1,2))"},
        {"@(string.Concat(1,))", 18, "expected a value", "@(string.Concat(1,2))"},
        {"@(string.Concat(,1))", 16, "expected a value", "@(string.Concat(1))"},
        {"@((1, 2))", 4, "expected an operator or `)`", "@((1))"},
        {"@(true ? 1)", 10, "expected `:`", "@(true ? 1 : 2)"},
        {"@(true ? 1 : )", 13, "expected a value", "@(true ? 1 : 2)"},
        {"@(1 : 2)", 4, "found \":\"", "@(true ? 1 : 2)"},
        {"@(true ? 1 : 2 : 3)", 15, "found \":\"", "@(true ? 1 : false ? 2 : 3)"},
        {"@((true ? 1) : 2)", 11, "expected `:`", "@((true ? 1 : 2))"},
        {"@(\"a\".Split(' ')[0)", 18, "expected `]`", "@(\"a\".Split(' ')[0])"},
        {"@(\"a\".Split(' '][0])", 15, "expected `)`", "@(\"a\".Split(' ')[0])"},
        {"@(\"a\".)", 6, "expected a member's name", "@(\"a\".Length)"},
        {"@(\"a\".1)", 6, "a member's name", "@(\"a\".Length)"},
        {"@(.Length)", 2, "expected a value", "@(\"\".Length)"},
        {"a@(1)", 0, "is written @(...)", "@(1)"},
        {"", 0, "is written @(...)", "@(1)"},
        {"  @{ return 1; }", 2, "statements are not supported; write one expression", "  @(1)"},
        {"@(\"a)", 2, "no end on this line", "@(\"a\")"},
        {"@(\"a\\\")", 2, "no end", "@(\"a\\\"\")"},
        {"@(\"a\nb\")", 2, "no end on this line", "@(@\"a\nb\")"},
        {"@(@\"a)", 2, "it has no end", "@(@\"a\")"},
        {"@(1 /* )", 8, "`)` is missing", "@(1 /* */)"},
    };
    expression_refusals_run(cases, COUNT_OF(cases));
}

static void what_no_literal_says_is_refused(void **state)
{
    (void)state;
    static const struct expression_refusal_case cases[] = {
        {"@(\"ab\\q\")", 5, "no such escape", "@(\"ab\\t\")"},
        {"@(\"\\u12\")", 3, "digits are missing", "@(\"\\u0012\")"},
        {"@(\"\\xg\")", 3, "digits are missing", "@(\"\\xf\")"},
        {"@(\"\\ud83d\")", 3, "no character has this code", "@(\"\\ud83d\\ude00\")"},
        {"@(\"\\ude00\")", 3, "no character", "@(\"\\ud7ff\")"},
        {"@(\"\\ud83d\\u0041\")", 3, "no character", "@(\"\\ud83d\\ude00\")"},
        {"@(\"\\U00110000\")", 3, "no character", "@(\"\\U0010ffff\")"},
        {"@(\"a\".Split(''))", 12, "holds one character", "@(\"a\".Split(' '))"},
        {"@(\"a\".Split('ab'))", 12, "holds one character", "@(\"a\".Split(\"ab\"))"},
        {"@(\"a\".Split('\\ud83d\\ude00'))", 12, "holds one character", "@(\"a\".Split('\\u20ac'))"},
        {"@(2147483648)", 2, "an int is at most 2147483647", "@(2147483647)"},
        {"@(1.5)", 2, "numbers are whole", "@(15)"},
        {"@(1L)", 2, "without a suffix", "@(1)"},
        {"@(0x1F)", 2, "numbers are whole", "@(31)"},
        {"@(\xc3\xa9)", 2, "begins nothing that is known", "@(\"\xc3\xa9\")"},
        {"@(`a`)", 2, "begins nothing", "@(\"a\")"},
        {"@($\"{1}\")", 2, "join with +", "@(\"\" + 1)"},
        {"@($@\"{1}\")", 2, "join with +", "@(\"\" + 1)"},
    };
    expression_refusals_run(cases, COUNT_OF(cases));
}

static void names_that_are_not_known_are_refused_with_the_nearest(void **state)
{
    (void)state;
    static const struct expression_refusal_case cases[] = {
        {"@(context.Request.Metod)", 18, "context.Request has no member \"Metod\"; did you mean Method?",
         "@(context.Request.Method)"},
        {"@(context.request.Method)", 10, "context has no member \"request\"; did you mean Request?",
         "@(context.Request.Method)"},
        {"@(Context.Request.Method)", 2, "\"Context\" is not known; did you mean context?",
         "@(context.Request.Method)"},
        {"@(contxt.Request.Method)", 2, "did you mean context?", "@(context.Request.Method)"},
        {"@(True)", 2, "did you mean true?", "@(true)"},
        {"@(zzzzzz)", 2, "\"zzzzzz\" is not known", "@(null)"},
        {"@(\"a\".toLower())", 6, "did you mean ToLower?", "@(\"a\".ToLower())"},
        {"@(context.Request.Headers.GetValueOrDefualt(\"a\"))", 26, "did you mean GetValueOrDefault?",
         "@(context.Request.Headers.GetValueOrDefault(\"a\"))"},
        {"@(((Jwt)context.Variables[\"jwt\"]).Subjct)", 34, "a Jwt has no member \"Subjct\"; did you mean Subject?",
         "@(((Jwt)context.Variables[\"jwt\"]).Subject)"},
        {"@(context.Request.Url.Hots)", 22, "did you mean Host?", "@(context.Request.Url.Host)"},
        {"@(string.IsNullOrEmty(\"\"))", 9, "did you mean IsNullOrEmpty?", "@(string.IsNullOrEmpty(\"\"))"},
    };
    expression_refusals_run(cases, COUNT_OF(cases));
}

static void what_csharp_has_besides_is_refused_with_what_to_write(void **state)
{
    (void)state;
    static const struct expression_refusal_case cases[] = {
        {"@(context.Request.Headers.GetValueOrDefault(\"Authorization\").AsJwt())", 61,
         "without verifying it; use validate-jwt's output-token-variable-name",
         "@(((Jwt)context.Variables[\"jwt\"]).Subject)"},
        {"@(\"x\".TryParseJwt(out Jwt jwt))", 6, "without verifying it", "@(\"x\")"},
        {"@(context.Request.Headers[\"X-Role\"].Any(h => h == \"a\"))", 42, "functions over lists are not supported",
         "@(context.Request.Headers[\"X-Role\"].Any())"},
        {"@(context.Request.Headers[\"X-Role\"].Select(h => h))", 36, "functions over lists",
         "@(context.Request.Headers[\"X-Role\"].Length)"},
        {"@(context.Request.Headers[\"X-Role\"].First())", 36, "use .FirstOrDefault() or [0]",
         "@(context.Request.Headers[\"X-Role\"].FirstOrDefault())"},
        {"@(x => x)", 4, "functions over lists", "@(1)"},
        {"@(() => 1)", 3, "expected a value, found \")\"", "@((1))"},
        {"@(new Guid())", 2, "\"new\" is not known; objects are not made", "@(Guid.NewGuid())"},
        {"@(var x = 1)", 2, "statements are not supported", "@(1)"},
        {"@(return 1)", 2, "statements are not supported", "@(1)"},
        {"@(1; )", 3, "statements are not supported", "@(1 )"},
        {"@(1 = 1)", 4, "== compares", "@(1 == 1)"},
        {"@(1 ++)", 4, "nothing is assigned", "@(1 + 1)"},
        {"@(null \?\?= \"a\")", 7, "nothing is assigned", "@(null \?\? \"a\")"},
        {"@(Regex.IsMatch(\"a\", \"b\"))", 2, "patterns are not supported; use .StartsWith",
         "@(\"a\".StartsWith(\"b\"))"},
        {"@(JObject.Parse(\"{}\"))", 2, "JSON is not read", "@(int.Parse(\"1\"))"},
        {"@(Convert.ToBase64String(\"a\"))", 2, "nothing is encoded", "@(\"a\")"},
        {"@(System.Guid.NewGuid())", 2, "without its namespace", "@(Guid.NewGuid())"},
        {"@(context.Request.Body.As<string>())", 18, "bodies are passed on unread", "@(context.Request.Method)"},
        {"@(context.Request.MatchedParameters[\"a\"])", 18, "use .Url.Path", "@(context.Request.Url.Path)"},
        {"@(context.User.Id)", 10, "do not exist here", "@(context.RequestId)"},
        {"@(context.Timestamp)", 10, "use DateTime.UtcNow", "@(DateTime.UtcNow)"},
        {"@(DateTime.Now)", 11, "use DateTime.UtcNow", "@(DateTime.UtcNow)"},
        {"@(string.Format(\"{0}\", 1))", 9, "join with +", "@(string.Concat(\"\", 1))"},
        {"@(\"a\".Equals(\"A\", StringComparison.OrdinalIgnoreCase))", 18, "use .ToLower() on both sides",
         "@(\"a\".ToLower().Equals(\"A\".ToLower()))"},
        {"@(context.Variables[\"text\"] as string)", 28, "types are only told by casts",
         "@((string)context.Variables[\"text\"])"},
        {"@(context.Variables[\"text\"] is string)", 28, "types are only told by casts",
         "@((string)context.Variables[\"text\"])"},
        {"@((object)1)", 3, "\"object\" is not known", "@((int)1)"},
        {"@((JObject)null)", 3, "JSON is not read", "@((string)null)"},
        {"@(context.LastError?.Reason)", 19, "write context.LastError.Reason; context.LastError is never null",
         "@(context.LastError.Reason)"},
        {"@(context.Response?.Headers.ContainsKey(\"a\"))", 18, "write context.Response.Headers",
         "@(context.Response.Headers.ContainsKey(\"a\"))"},
        {"@(((Jwt)context.Variables[\"jwt\"])?.Subject)", 33, "write x.Member; where x may be null, x == null ? null",
         "@(((Jwt)context.Variables[\"jwt\"]).Subject)"},
        {"@(2 * 3)", 4, "only added, subtracted and compared", "@(2 + 3)"},
        {"@(true & true)", 7, "&& is the operator", "@(true && true)"},
        {"@(true | true)", 7, "|| is the operator", "@(true || true)"},
        {"@(1 { })", 4, "statements and objects", "@(1)"},
        {"@(Jwt.Subject)", 2, "only written in a cast", "@(((Jwt)context.Variables[\"jwt\"]).Subject)"},
        {"@((Jwt)context.Variables[\"jwt\"].Subject)", 32, "cast it first: ((Jwt)x).Subject",
         "@(((Jwt)context.Variables[\"jwt\"]).Subject)"},
        {"@(context.Variables[\"text\"].Length)", 28, "cast it first: ((string)x).Length",
         "@(((string)context.Variables[\"text\"]).Length)"},
        {"@(((Jwt)context.Variables[\"jwt\"]).ExpirationTime.HasValue)", 49, "compare with null",
         "@(((Jwt)context.Variables[\"jwt\"]).ExpirationTime != null)"},
    };
    expression_refusals_run(cases, COUNT_OF(cases));
}

static void members_are_used_as_what_they_are(void **state)
{
    (void)state;
    static const struct expression_refusal_case cases[] = {
        {"@(context)", 2, "context is no value; name one of its members", "@(context.RequestId)"},
        {"@(context.Request + \"\")", 2, "context.Request is no value", "@(context.RequestId + \"\")"},
        {"@(context.Request.Url)", 2, "context.Request.Url is no value", "@(context.Request.Url.Path)"},
        {"@(context.Request.Url.Query)", 2, "Query is no value", "@(context.Request.Url.QueryString)"},
        {"@(string)", 2, "string is no value", "@(string.Empty)"},
        {"@(string.IsNullOrEmpty(context))", 23, "context is no value", "@(string.IsNullOrEmpty(context.RequestId))"},
        {"@(((Jwt)context.Variables[\"jwt\"]).Claims)", 8, "Claims is no value",
         "@(((Jwt)context.Variables[\"jwt\"]).Audiences)"},
        {"@(true ? context : context)", 9, "context is no value", "@(true ? 1 : 2)"},
        {"@(\"a\".Length())", 6, "Length is no method; write it without ()", "@(\"a\".Length)"},
        {"@(\"a\".ToLower)", 6, "ToLower is a method; write ToLower()", "@(\"a\".ToLower())"},
        {"@(\"a\".Contains)", 6, "Contains is a method; write Contains(...)", "@(\"a\".Contains(\"a\"))"},
        {"@(\"a\".Split(' ').Count)", 17, "Count is a method", "@(\"a\".Split(' ').Count())"},
        {"@(\"a\".Contains())", 6, "Contains takes 1 argument", "@(\"a\".Contains(\"a\"))"},
        {"@(\"a\".Contains(\"a\", \"b\"))", 20, "Contains takes at most 1 argument", "@(\"a\".Contains(\"a\"))"},
        {"@(\"a\".Replace(\"a\"))", 6, "Replace takes 2 arguments", "@(\"a\".Replace(\"a\", \"b\"))"},
        {"@(context.Variables.GetValueOrDefault())", 20, "takes at least 1 argument",
         "@(context.Variables.GetValueOrDefault(\"text\"))"},
        {"@(\"a\".ToString(\"x\"))", 15, "at most 0 arguments", "@(\"a\".ToString())"},
        {"@(\"a\".Split(' ', 'b'))", 17, "at most 1 argument", "@(\"a\".Split(' '))"},
        {"@(DateTime.UtcNow.ToString(\"d\"))", 27, "times are formatted by", "@(DateTime.UtcNow.ToString(\"s\"))"},
        {"@(DateTime.UtcNow.ToString(\"\" + \"s\"))", 27, "written as a literal", "@(DateTime.UtcNow.ToString(\"s\"))"},
        {"@(context.Request.Headers.GetValueOrDefault<string>(\"a\"))", 43, "takes no type in <>",
         "@(context.Variables.GetValueOrDefault<string>(\"a\"))"},
        {"@(context.Variables.GetValueOrDefault<object>(\"a\"))", 38, "expected string, int, bool or Jwt",
         "@(context.Variables.GetValueOrDefault<Jwt>(\"a\"))"},
        {"@(context.Variables.GetValueOrDefault<string(\"a\"))", 44, "expected `>`",
         "@(context.Variables.GetValueOrDefault<string>(\"a\"))"},
        {"@(context.Variables.GetValueOrDefault<int>(\"a\", \"1\"))", 48, "the default is a text, not an int",
         "@(context.Variables.GetValueOrDefault<int>(\"a\", 1))"},
        {"@(context.Variables.GetValueOrDefault<int>(\"a\", null))", 48, "the default is null, not an int",
         "@(context.Variables.GetValueOrDefault<string>(\"a\", null))"},
        {"@(context[\"a\"])", 9, "context has no elements", "@(context.Variables[\"text\"])"},
        {"@(context.Variables[\"text\"][0])", 27, "has no elements",
         "@(((string)context.Variables[\"text\"]).Split(' ')[0])"},
        {"@(context.Variables[1])", 20, "takes a text here, not an int", "@(context.Variables[\"text\"])"},
        {"@(context.Variables['t'])", 20, "takes a text here, not a character", "@(context.Variables[\"text\"])"},
        {"@(context.Variables[])", 20, "expected a value, found \"]\"", "@(context.Variables[\"text\"])"},
    };
    expression_refusals_run(cases, COUNT_OF(cases));
}

/* --- limits --- */

/* `count` times `piece`, put between `begin` and `end`. */
static char *repeat(struct arena *arena, const char *begin, const char *piece, size_t count, const char *end)
{
    size_t len = strlen(piece);
    char *text = arena_take(arena, strlen(begin) + len * count + strlen(end) + 1);
    assert_non_null(text);
    char *to = stpcpy(text, begin);
    for (size_t i = 0; i < count; i++)
        to = stpcpy(to, piece);
    stpcpy(to, end);
    return text;
}

static bool is_read(struct arena *arena, const char *text, struct err *err)
{
    const struct expression *expression;
    size_t offset;
    return expression_read(&(struct expression_source){span_str(text), false}, arena, &expression, &offset, err);
}

static void nesting_has_a_limit(void **state)
{
    (void)state;
    /* The parenthesis of @(...) is the first level. */
    static const struct {
        const char *begin, *piece, *end_piece;
    } cases[] = {
        {"1", "(", ")"},
        {"true", "!", ""},
        {"1", "- ", ""},
        {"null", "(string)", ""},
        {"2", "true ? 1 : ", ""},
        {"\"a\"", "null \?\? ", ""},
        {"\"a\"", "string.Concat(", ")"},
        {"true", "true && (", ")"},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        size_t levels = i == COUNT_OF(cases) - 1 ? 2 : 1;
        size_t most = (EXPRESSION_DEPTH_MAX - 1) / levels;
        for (size_t count = most; count <= most + 1; count++) {
            AUTO(arena) arena = {0};
            struct err err;
            char *open = repeat(&arena, "@(", cases[i].piece, count, cases[i].begin);
            char *text = repeat(&arena, open, cases[i].end_piece, count, ")");
            if (is_read(&arena, text, &err) != (count == most))
                fail_msg("%s, %zu times", cases[i].piece, count);
            if (count > most)
                assert_string_equal(err.text, "nested deeper than 64");
        }
    }
}

static void chains_do_not_nest(void **state)
{
    (void)state;
    struct expression_world world;
    expression_world_init(&world);
    static const char *const pieces[][2] = {
        {"1", " + 0"}, {"true", " && true"}, {"\"a\"", ".ToLower()"}, {"1", " - 0"}, {"false", " || false"}};
    for (size_t i = 0; i < COUNT_OF(pieces); i++) {
        const char *begin = arena_printf(&world.arena, "@(%s", pieces[i][0]);
        const char *outcome = expression_outcome(&world, repeat(&world.arena, begin, pieces[i][1], 500, ")"));
        assert_int_not_equal(strncmp(outcome, "read", 4), 0);
        assert_int_not_equal(strncmp(outcome, "run", 3), 0);
    }
    expression_world_fini(&world);
}

static void an_expression_has_a_longest_text(void **state)
{
    (void)state;
    for (size_t len = EXPRESSION_BYTES_MAX; len <= EXPRESSION_BYTES_MAX + 1; len++) {
        AUTO(arena) arena = {0};
        const struct expression *expression;
        size_t offset;
        struct err err;
        char *text = repeat(&arena, "@(\"", "a", len - 5, "\")");
        assert_int_equal(strlen(text), len);
        assert_int_equal(
            expression_read(&(struct expression_source){span_str(text), false}, &arena, &expression, &offset, &err),
            len == EXPRESSION_BYTES_MAX);
        if (len > EXPRESSION_BYTES_MAX)
            assert_int_equal(offset, EXPRESSION_BYTES_MAX);
    }
}

static void a_call_has_a_most_of_arguments(void **state)
{
    (void)state;
    for (size_t count = 15; count <= 16; count++) {
        AUTO(arena) arena = {0};
        struct err err;
        assert_int_equal(is_read(&arena, repeat(&arena, "@(string.Concat(1", ",1", count, "))"), &err), count == 15);
    }
}

/* Arguments wait for their call: many calls in the last arguments of others fill the stack of values before that of frames. */
static void values_that_wait_have_a_limit(void **state)
{
    (void)state;
    for (size_t count = 8; count <= 9; count++) {
        AUTO(arena) arena = {0};
        struct err err;
        char *open = repeat(&arena, "@(", "string.Concat(1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,", count, "1");
        bool read = is_read(&arena, repeat(&arena, open, ")", count, ")"), &err);
        assert_int_equal(read, count * 16 < EXPRESSION_DEPTH_MAX * 2);
        if (!read)
            assert_string_equal(err.text, "more than 128 values at once");
    }
}

static void expect(struct expression_world *world, const char *text, const char *wanted)
{
    assert_string_equal(expression_outcome(world, text), wanted);
}

static void a_text_that_is_made_has_a_most_of_bytes(void **state)
{
    (void)state;
    struct expression_world world;
    expression_world_init(&world);
    expect(&world, "@(context.Request.Headers[\"X-Long\"].Any())", "bool True");
    expect(&world, "@((context.Request.Headers[\"X-Long\"] + \"\").Length)", "int 65536");
    expect(&world, "@((context.Request.Headers[\"X-Long\"] + \"a\").Length)", "run: +: its text is too long");
    expect(&world, "@(context.Request.Headers.GetValueOrDefault(\"X-Long\",\"\").Replace(\",,,,\", \"\").Length)",
           "int 0");
    expect(&world, "@(context.Request.Headers.GetValueOrDefault(\"X-Long\",\"\").Replace(\",,,,\", \"abcde\").Length)",
           "run: Replace(): its text is too long");
    world.long_bytes++;
    expect(&world, "@(context.Request.Headers[\"X-Long\"].Any())",
           "run: context.Request.Headers[\"X-Long\"]: its text is too long");
    expression_world_fini(&world);
}

static void an_evaluation_makes_no_more_than_its_share(void **state)
{
    (void)state;
    struct expression_world world;
    expression_world_init(&world);
    const char *lower = "context.Request.Headers.GetValueOrDefault(\"X-Long\",\"\")";
    const char *begin = arena_printf(&world.arena, "@((%s", lower);
    expect(&world, repeat(&world.arena, begin, ".ToLower()", 16, ").Length)"), "int 65536");
    expect(&world, repeat(&world.arena, begin, ".ToLower()", 17, ").Length)"),
           "run: ToLower(): the evaluation makes too many bytes");
    expression_world_fini(&world);
}

static void what_begins_as_an_expression_is_meant_as_one(void **state)
{
    (void)state;
    static const char *const meant[] = {"@(1)", " \n@(1)", "@{return 1;}", "@(", "@(1) and more"};
    static const char *const plain[] = {"", "@", "a@(1)", "@ (1)", "(1)", "{{x}}", "@[1]"};
    for (size_t i = 0; i < COUNT_OF(meant); i++)
        assert_true(expression_is(span_str(meant[i])));
    for (size_t i = 0; i < COUNT_OF(plain); i++)
        assert_false(expression_is(span_str(plain[i])));
    assert_false(expression_is(span_of(NULL, 0)));
    assert_false(expression_is(span_of("\0@(1)", 5)));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_not_closed_or_not_there_is_refused),
        cmocka_unit_test(what_no_literal_says_is_refused),
        cmocka_unit_test(names_that_are_not_known_are_refused_with_the_nearest),
        cmocka_unit_test(what_csharp_has_besides_is_refused_with_what_to_write),
        cmocka_unit_test(members_are_used_as_what_they_are),
        cmocka_unit_test(nesting_has_a_limit),
        cmocka_unit_test(chains_do_not_nest),
        cmocka_unit_test(an_expression_has_a_longest_text),
        cmocka_unit_test(a_call_has_a_most_of_arguments),
        cmocka_unit_test(values_that_wait_have_a_limit),
        cmocka_unit_test(a_text_that_is_made_has_a_most_of_bytes),
        cmocka_unit_test(an_evaluation_makes_no_more_than_its_share),
        cmocka_unit_test(what_begins_as_an_expression_is_meant_as_one),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
