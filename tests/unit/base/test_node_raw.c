/* SPDX-License-Identifier: Apache-2.0 */
/* Goal: the end of a C# expression is found by C#'s own rules.  Attack: a bracket or quote inside a string, comment or
 * character that ends the expression too early, so that what follows becomes markup.
 */
#include "unit.h"

#include "../../../src/base/node_raw_int.h"

/* The expression is marked by what stands behind it: a `#`, or nothing when it is not closed. */
static void ends_of_expressions_are_those_of_csharp(void **state)
{
    static const struct {
        const char *source;
        bool is_closed;
    } cases[] = {
        {"@()#", true},
        {"@(#", false},
        {"@{}#", true},
        {"@(a[b{c(d)}])#", true},
        {"@(a(b)#", false},
        {"@(\")\")#", true},
        {"@(\")#", false},
        {"@(\"\\\")\")#", true},
        {"@(\"\\\\\")#", true},
        {"@(@\"\\\")#", true},
        {"@(@\"a\"\")\"\"\")#", true},
        {"@(@\"a\n)\")#", true},
        {"@(\"a\n)\")#", false},
        {"@(')')#", true},
        {"@('\\'')#", true},
        {"@('\\u0029' + ')')#", true},
        {"@(')\n')#", false},
        {"@(1 /* ) */)#", true},
        {"@(1 /* )#", false},
        {"@{ // }\n}#", true},
        {"@{ // }", false},
        {"@(4 / 2 / (1))#", true},
        {"@(\"http://x/)\")#", true},
        {"@($\"{a(\")\")}\")#", true},
        {"@($\"{{)\")#", true},
        {"@($\"{(b ? \"}\" : $\"{c}\")})\")#", true},
        {"@($\"{a\")#", false},
        {"@($@\"{a}\"\")\")#", true},
        {"@(@$\"\\{a}\")#", true},
        {"@(\"{\")#", true},
        {"@(\"{{named}}\" == x && y < 3)#", true},
        {"@", false},
        {"@(\"\\", false},
        {"@('\\", false},
        {"@(/", false},
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct span source = span_str(cases[i].source);
        size_t wanted = cases[i].is_closed ? source.len - 1 : 0;
        size_t found = node_raw_expression_length(source);
        if (found != wanted)
            fail_msg("%s: found %zu, wanted %zu", cases[i].source, found, wanted);
    }
}

static void strings_in_strings_end_at_a_maximum(void **state)
{
    AUTO(buf) source = {0};
    (void)state;
    buf_add_str(&source, "@(");
    for (unsigned i = 0; i < 1000; i++)
        buf_add_str(&source, "$\"{");
    assert_int_equal(node_raw_expression_length(buf_span(&source)), 0);
}

static void places_of_the_xml_are_those_of_the_file(void **state)
{
    static const char file[] = "<a b=\"@(\"x\" < 1\n && y)\" c=\"d\"/>";
    struct raw_text raw;
    struct raw_cursor cursor = {0};
    (void)state;
    assert_true(node_raw_init(&raw, span_str(file)));
    struct span xml = node_raw_xml(&raw);
    assert_span(xml, "<a b=\"@(&quot;x&quot; &lt; 1&#10; &amp;&amp; y)\" c=\"d\"/>");
    size_t in_file = 0;
    for (size_t i = 0; i < xml.len; i++) {
        struct place at = node_raw_place(&raw, &cursor, i);
        struct place wanted = node_place_of_byte(span_str(file), in_file);
        assert_int_equal(at.line, wanted.line);
        assert_int_equal(at.column, wanted.column);
        bool is_in_reference = span_chr(span_of("&quotlamp#10", 12), xml.at[i]) != NULL && xml.at[i] != file[in_file];
        in_file += !is_in_reference && !(xml.at[i] == '&' && file[in_file] == '&');
    }
    assert_int_equal(node_raw_place(&raw, &cursor, 0).column, 1); /* back again */
    node_raw_fini(&raw);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ends_of_expressions_are_those_of_csharp),
        cmocka_unit_test(strings_in_strings_end_at_a_maximum),
        cmocka_unit_test(places_of_the_xml_are_those_of_the_file),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
