/* SPDX-License-Identifier: Apache-2.0 */
/* Literals, operators and members of texts and lists: what they give, in the order and with the types of C#.
 *
 * The attack: a condition that is read in another way than its author meant, or not at all, opens a route.  So precedence,
 * null and types are proved by tables, and each refusal stands beside a neighbour that is taken.
 */
#include "expression_case.h"

static void literals_are_those_of_csharp(void **state)
{
    (void)state;
    static const struct expression_value_case cases[] = {
        {"@(true)", "bool True"},
        {"@(false)", "bool False"},
        {"@(null)", "null"},
        {"@(0)", "int 0"},
        {"@(2147483647)", "int 2147483647"},
        {"@(007)", "int 7"},
        {"@(\"\")", "text "},
        {"@(\"a'b\")", "text a'b"},
        {"@(@\"a\\b\"\"c\")", "text a\\b\"c"},
        {"@(@\"a\nb\")", "text a\nb"},
        {"@(\"\\\\ \\\" \\' \\t|\\n|\\r|\\a\\b\\f\\v\")", "text \\ \" ' \t|\n|\r|\a\b\f\v"},
        {"@(\"\\u0041\\x42\\x043\\U00000044\")", "text ABCD"},
        {"@(\"\\u00e9\\u20ac\")", "text \xc3\xa9\xe2\x82\xac"},
        {"@(\"\\ud83d\\ude00\")", "text \xf0\x9f\x98\x80"},
        {"@(\"\\x1F600\")", "text \xe1\xbd\xa0"
                            "0"},
        {"@(\"a(b)[c]{d}//e\")", "text a(b)[c]{d}//e"},
        {"  @( \t1\r\n)\n ", "int 1"},
        {"@(1 // one )\n)", "int 1"},
        {"@(/* one ) */1/**/)", "int 1"},
        {"@(string.Empty)", "text "},
    };
    expression_values_run(cases, COUNT_OF(cases));
}

static void operators_bind_as_in_csharp(void **state)
{
    (void)state;
    static const struct expression_value_case cases[] = {
        {"@(1 + 2 - 3 + 4)", "int 4"},
        {"@(1 - 2 - 3)", "int -4"},
        {"@(-1 - -2)", "int 1"},
        {"@(- - 3)", "int 3"},
        {"@(1 + 2 == 3)", "bool True"},
        {"@(1 < 2 == true)", "bool True"},
        {"@(true || false && false)", "bool True"},
        {"@((true || false) && false)", "bool False"},
        {"@(false == false && true)", "bool True"},
        {"@(!true || true)", "bool True"},
        {"@(!(true || true))", "bool False"},
        {"@(!!true)", "bool True"},
        {"@(\"a\" + 1 + 2)", "text a12"},
        {"@(1 + 2 + \"a\")", "text 3a"},
        {"@(\"a\" + (1 + 2))", "text a3"},
        {"@(true ? 1 : 2)", "int 1"},
        {"@(false ? 1 : 2)", "int 2"},
        {"@(true ? false ? 1 : 2 : 3)", "int 2"},
        {"@(false ? 1 : false ? 2 : 3)", "int 3"},
        {"@(true ? 1 : false ? 2 : 3)", "int 1"},
        {"@(false || true ? 1 : 2)", "int 1"},
        {"@(true ? 1 : 2 + 1)", "int 1"},
        {"@((true ? 1 : 2) + 1)", "int 2"},
        {"@(null ?? \"a\" ?? \"b\")", "text a"},
        {"@(\"c\" ?? \"a\")", "text c"},
        {"@(null ?? \"a\" + \"b\")", "text ab"},
        {"@(null == null ? 1 : 2)", "int 1"},
        {"@(-\"ab\".Length)", "int -2"},
        {"@(!\"ab\".Contains(\"c\"))", "bool True"},
        {"@(\"a\"+\"b\"==\"ab\")", "bool True"},
        {"@(1<=1&&2>=2&&1<2&&2>1)", "bool True"},
        {"@(2<=1||1>=2||2<1||1>2)", "bool False"},
    };
    expression_values_run(cases, COUNT_OF(cases));
}

static void equality_is_by_value_and_null_equals_only_null(void **state)
{
    (void)state;
    static const struct expression_value_case cases[] = {
        {"@(\"a\" == \"a\")", "bool True"}, {"@(\"a\" != \"A\")", "bool True"},
        {"@(null == \"\")", "bool False"},  {"@(\"\" != null)", "bool True"},
        {"@(1 == 1)", "bool True"},         {"@(1 != 1)", "bool False"},
        {"@(true == false)", "bool False"}, {"@(null != null)", "bool False"},
        {"@(1 == null)", "bool False"},     {"@(\"a b\".Split(' ') == null)", "bool False"},
    };
    expression_values_run(cases, COUNT_OF(cases));
}

static void joining_prints_as_csharp(void **state)
{
    (void)state;
    static const struct expression_value_case cases[] = {
        {"@(\"a\" + true)", "text aTrue"},
        {"@(false + \"a\")", "text Falsea"},
        {"@(null + \"a\")", "text a"},
        {"@(\"a\" + null + \"b\")", "text ab"},
        {"@(\"\" + -5)", "text -5"},
        {"@(string.Concat(\"a\", 1, null, true))", "text a1True"},
        {"@(String.Concat(\"a\"))", "text a"},
        {"@(string.Join(\"-\", \"a b c\".Split(' ')))", "text a-b-c"},
        {"@(string.Join(',', \"a b\".Split(' ')))", "text a,b"},
        {"@(string.Join(null, \"a b\".Split(\" \")))", "text ab"},
        {"@(1.ToString() + true.ToString())", "text 1True"},
    };
    expression_values_run(cases, COUNT_OF(cases));
}

/* What is not evaluated may fail. */
static void the_side_that_does_not_count_is_not_evaluated(void **state)
{
    (void)state;
    static const struct expression_value_case cases[] = {
        {"@(false && context.Variables[\"no\"] == null)", "bool False"},
        {"@(true || context.Variables[\"no\"] == null)", "bool True"},
        {"@(\"a\" ?? (string)context.Variables[\"no\"])", "text a"},
        {"@(true ? 1 : (int)context.Variables[\"no\"])", "int 1"},
        {"@(false ? (int)context.Variables[\"no\"] : 2)", "int 2"},
        {"@(false && (bool)context.Variables[\"no\"] || true)", "bool True"},
    };
    expression_values_run(cases, COUNT_OF(cases));
}

static void texts_have_members(void **state)
{
    (void)state;
    static const struct expression_value_case cases[] = {
        {"@(\"aB\\u00c9\".ToLower())", "text ab\xc3\x89"},
        {"@(\"aB\\u00e9\".ToUpper())", "text AB\xc3\xa9"},
        {"@(\"AB\".ToLowerInvariant())", "text ab"},
        {"@(\"ab\".ToUpperInvariant())", "text AB"},
        {"@(\" a b\\t\\n\".Trim())", "text a b"},
        {"@(\"  \".Trim())", "text "},
        {"@(\"abc\".StartsWith(\"ab\"))", "bool True"},
        {"@(\"abc\".StartsWith(\"AB\"))", "bool False"},
        {"@(\"abc\".EndsWith('c'))", "bool True"},
        {"@(\"abc\".EndsWith(\"ab\"))", "bool False"},
        {"@(\"abc\".Contains(\"bc\"))", "bool True"},
        {"@(\"abc\".Contains('d'))", "bool False"},
        {"@(\"\".Contains(\"\"))", "bool True"},
        {"@(\"a\".Equals(\"a\"))", "bool True"},
        {"@(\"a\".Equals(null))", "bool False"},
        {"@(\"a\".ToString())", "text a"},
        {"@(\"a b  c\".Split(' '))", "list a|b||c"},
        {"@(\"\".Split(','))", "list "},
        {"@(\",\".Split(','))", "list |"},
        {"@(\"a, b\".Split(\", \"))", "list a|b"},
        {"@(\"ab\".Split(\"\"))", "list ab"},
        {"@(\"Bearer x\".Split(' ')[1])", "text x"},
        {"@(\"aXbXc\".Replace(\"X\", \"--\"))", "text a--b--c"},
        {"@(\"aXb\".Replace('X', 'y'))", "text ayb"},
        {"@(\"aXb\".Replace(\"X\", null))", "text ab"},
        {"@(\"aaa\".Replace(\"aa\", \"b\"))", "text ba"},
        {"@(\"abc\".Substring(1))", "text bc"},
        {"@(\"abc\".Substring(3))", "text "},
        {"@(\"abc\".Substring(1, 1))", "text b"},
        {"@(\"abc\".Substring(0, 0))", "text "},
        {"@(\"abc\".Length)", "int 3"},
        {"@(\"\\u00e9\\ud83d\\ude00\".Length)", "int 3"},
        {"@(\"\\u00e9a\".Substring(1))", "text a"},
        {"@(\"\\ud83d\\ude00a\".Substring(2, 1))", "text a"},
        {"@(string.IsNullOrEmpty(null))", "bool True"},
        {"@(string.IsNullOrEmpty(\" \"))", "bool False"},
        {"@(string.IsNullOrEmpty(\"\"))", "bool True"},
        {"@(string.IsNullOrWhiteSpace(\" \\t\"))", "bool True"},
        {"@(string.IsNullOrWhiteSpace(\"a\"))", "bool False"},
        {"@(string.IsNullOrWhiteSpace(null))", "bool True"},
        {"@(int.Parse(\" -12 \"))", "int -12"},
        {"@(int.Parse(\"+2147483647\"))", "int 2147483647"},
        {"@(int.Parse(\"-2147483648\"))", "int -2147483648"},
        {"@(bool.Parse(\" TRUE\"))", "bool True"},
        {"@(bool.Parse(\"False\"))", "bool False"},
    };
    expression_values_run(cases, COUNT_OF(cases));
}

static void lists_have_members(void **state)
{
    (void)state;
    static const struct expression_value_case cases[] = {
        {"@(\"a b\".Split(' ').Contains(\"a\"))", "bool True"},
        {"@(\"ab\".Split(' ').Contains(\"a\"))", "bool False"},
        {"@(\"a b\".Split(' ').Contains(null))", "bool False"},
        {"@(\"a b\".Split(' ').FirstOrDefault())", "text a"},
        {"@(\"a b\".Split(' ').Length)", "int 2"},
        {"@(\"a b\".Split(' ').Count())", "int 2"},
        {"@(\"a b\".Split(' ').Any())", "bool True"},
        {"@(\"a b\".Split(' ')[0] + \"a b\".Split(' ')[1 - 0])", "text ab"},
        {"@(\"a b\".Split(' ')[\"a b\".Split(' ').Length - 1])", "text b"},
    };
    expression_values_run(cases, COUNT_OF(cases));
}

/* A certain error of types is found when the text is read. */
static void types_that_do_not_fit_are_refused(void **state)
{
    (void)state;
    static const struct expression_refusal_case cases[] = {
        {"@(1 + true)", 4, "+ does not take an int and a bool", "@(1 + 2)"},
        {"@(\"a\" && true)", 2, "&& takes a bool, not a text", "@(\"a\" == \"a\" && true)"},
        {"@(true || 1)", 10, "|| takes a bool, not an int", "@(true || true)"},
        {"@(1 == \"1\")", 4, "== does not take an int and a text", "@(\"\" + 1 == \"1\")"},
        {"@(\"a\" < \"b\")", 6, "< does not take", "@(1 < 2)"},
        {"@(\"a\" - \"b\")", 6, "- does not take", "@(2 - 1)"},
        {"@(!1)", 2, "! does not take an int", "@(!true)"},
        {"@(-\"a\")", 2, "- does not take a text", "@(-1)"},
        {"@(1 ? 2 : 3)", 2, "?: takes a bool", "@(true ? 2 : 3)"},
        {"@(true ? 1 : \"a\")", 7, "?: gives either an int or a text", "@(true ? \"1\" : \"a\")"},
        {"@(true ? null : 1)", 7, "?: gives either null or an int", "@(true ? null : \"1\")"},
        {"@(null ?? \"a\" == \"a\")", 7, "?? gives either null or a bool", "@((null ?? \"a\") == \"a\")"},
        {"@(1 ?? 2)", 4, "never null", "@(null ?? 2 + \"\")"},
        {"@((int)\"1\")", 2, "use int.Parse", "@(int.Parse(\"1\"))"},
        {"@((string)1)", 2, "use .ToString()", "@(1.ToString())"},
        {"@((bool)\"true\")", 2, "use bool.Parse", "@((bool)true)"},
        {"@((Jwt)\"a\")", 2, "a cast does not make a Jwt of a text", "@((Jwt)null)"},
        {"@((bool)null)", 2, "a bool of null", "@((string)null)"},
        {"@(\"a\" + \"b\".Split(' '))", 6, "+ does not take a text and a list", "@(\"a\" + \"b\".Split(' ')[0])"},
        {"@(\"a\".Split(' ') == \"b\".Split(' '))", 17, "== does not take",
         "@(\"a\".Split(' ')[0] == \"b\".Split(' ')[0])"},
        {"@(\"a\".Substring(\"1\"))", 16, "takes an int here, not a text", "@(\"a\".Substring(1))"},
        {"@(\"a\".Contains(1))", 15, "takes a text here, not an int", "@(\"a\".Contains(\"1\"))"},
        {"@(string.Join(\",\", \"a\"))", 19, "takes a list of texts here", "@(string.Join(\",\", \"a\".Split(' ')))"},
        {"@(string.Concat(\"a\".Split(' ')))", 16, "takes a single value here", "@(string.Concat(\"a\"))"},
        {"@(\"a b\".Split(' ')[\"0\"])", 19, "takes an int here", "@(\"a b\".Split(' ')[0])"},
        {"@('a' + \"b\")", 2, "only understood as the argument", "@(\"a\" + \"b\")"},
        {"@(\"a\"[0])", 5, "a text has no elements; use .Substring", "@(\"a\".Substring(0, 1))"},
        {"@(\"a\".Equals('a'))", 13, "takes a text here, not a character", "@(\"a\".Equals(\"a\"))"},
        {"@(null + null)", 7, "+ does not take null and null", "@(null + \"\")"},
        {"@(null.ToString())", 7, "null has no member \"ToString\"", "@(\"null\".ToString())"},
    };
    expression_refusals_run(cases, COUNT_OF(cases));
}

static void what_always_fails_is_refused(void **state)
{
    (void)state;
    static const struct expression_refusal_case cases[] = {
        {"@(2147483647 + 1)", 0, "always fails: +: more than an int", "@(2147483646 + 1)"},
        {"@(-2147483647 - 2)", 0, "more than an int holds", "@(-2147483647 - 1)"},
        {"@(int.Parse(\"x\"))", 0, "int.Parse(): the text is no int", "@(int.Parse(\"1\"))"},
        {"@(int.Parse(\"2147483648\"))", 0, "more than an int", "@(int.Parse(\"2147483647\"))"},
        {"@(int.Parse(\"\"))", 0, "no int", "@(int.Parse(\"0\"))"},
        {"@(bool.Parse(\"1\"))", 0, "no bool", "@(bool.Parse(\"true\"))"},
        {"@(\"a\".Split(' ')[1])", 0, "no such element", "@(\"a\".Split(' ')[0])"},
        {"@(\"a\".Split(' ')[-1])", 0, "no such element", "@(\"a\".Split(' ')[1-1])"},
        {"@(\"a\".Substring(2))", 0, "shorter", "@(\"a\".Substring(1))"},
        {"@(\"a\".Substring(0, 2))", 0, "shorter", "@(\"a\".Substring(0, 1))"},
        {"@(\"a\".Substring(-1))", 0, "shorter", "@(\"a\".Substring(0))"},
        {"@(\"\\ud83d\\ude00\".Substring(1))", 0, "shorter", "@(\"\\ud83d\\ude00\".Substring(2))"},
        {"@(\"a\".Replace(\"\", \"b\"))", 0, "empty text", "@(\"a\".Replace(\"b\", \"\"))"},
        {"@(\"a\".Contains(null))", 0, "null, where a text is needed", "@(\"a\".Contains(\"\"))"},
        {"@(((string)null).Length)", 0, "Length: null, where", "@(((string)\"\").Length)"},
        {"@((true ? (string)null : \"\").ToString())", 0, "ToString(): null",
         "@((false ? (string)null : \"\").ToString())"},
    };
    expression_refusals_run(cases, COUNT_OF(cases));
}

/* Literals other than names may be secrets. */
static void messages_show_no_texts(void **state)
{
    static const char *const texts[] = {
        "@(int.Parse(\"s3cret\"))",
        "@(((string)null).StartsWith(\"s3cret\"))",
        "@(\"s3cret\" \"s3cret\")",
        "@(\"s3cret\" && true)",
        "@(context.Request.Headers.GetValueOrDefault(\"none\").Contains(\"s3cret\"))",
        "@(context.Variables.GetValueOrDefault<bool>(\"text\", \"s3cret\"))",
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(texts); i++) {
        struct expression_world world;
        expression_world_init(&world);
        const char *outcome = expression_outcome(&world, texts[i]);
        assert_true(strncmp(outcome, "read ", 5) == 0 || strncmp(outcome, "run: ", 5) == 0);
        assert_null(strstr(outcome, "s3cret"));
        expression_world_fini(&world);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(literals_are_those_of_csharp),
        cmocka_unit_test(operators_bind_as_in_csharp),
        cmocka_unit_test(equality_is_by_value_and_null_equals_only_null),
        cmocka_unit_test(joining_prints_as_csharp),
        cmocka_unit_test(the_side_that_does_not_count_is_not_evaluated),
        cmocka_unit_test(texts_have_members),
        cmocka_unit_test(lists_have_members),
        cmocka_unit_test(types_that_do_not_fit_are_refused),
        cmocka_unit_test(what_always_fails_is_refused),
        cmocka_unit_test(messages_show_no_texts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
