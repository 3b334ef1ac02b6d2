/* SPDX-License-Identifier: Apache-2.0 */
/* Goal: XML is read with the exact place of every element, attribute and text; the raw form gives the same tree and places
 * as the escaped one would; a DOCTYPE, and with it every entity bomb and external file, is refused.  Method: trees and
 * problems as texts (tests/support/nodes.h).
 */
#include "unit.h"

#include "alloc_fail.h"
#include "document_cases.h"

static const struct document_kind xml = {"x.xml", node_read_xml};

static void elements_attributes_and_texts_have_their_places(void **state)
{
    static const struct document_case cases[] = {
        {"<a/>", "<a@1:1></>"},
        {"<a b=\"c\" d = 'e'/>", "<a@1:1 b@1:4=(c)@1:6 d@1:10=(e)@1:14></>"},
        {"<a>\n  <b\n    c=\"d\"\n    e=\"f\">g</b>\n</a>",
         "<a@1:1> <b@2:3 c@3:5=(d)@3:7 e@4:5=(f)@4:7> t(g)@4:11</></>"},
        {"<?xml version=\"1.0\" encoding=\"utf-8\"?>\n<!-- note -->\n<a><?pi?>x<!-- y -->z</a>\n",
         "<a@3:1> t(xz)@3:10</>"},
        {"\xef\xbb\xbf<a b=\"c\"/>", "<a@1:1 b@1:4=(c)@1:6></>"},
        {"<\xc3\xa4 \xc3\xb6=\"\xe2\x82\xac\" b=\"c\"/>",
         "<\xc3\xa4@1:1 \xc3\xb6@1:4=(\xe2\x82\xac)@1:6 b@1:10=(c)@1:12></>"},
        {"<a\r\n b=\"c\">\r\n\r\n x</a>", "<a@1:1 b@2:2=(c)@2:4> t(x)@4:2</>"},
        {"<a b='\"' c=\"'>\" d=\"/\"/>", "<a@1:1 b@1:4=(\")@1:6 c@1:10=('>)@1:12 d@1:17=(/)@1:19></>"},
        {"<a>x<b/>y</a>", "<a@1:1> t(x)@1:4 <b@1:5></> t(y)@1:9</>"},
    };
    (void)state;
    trees_expect(&xml, cases, COUNT_OF(cases));
}

static void texts_are_resolved_and_trimmed(void **state)
{
    static const struct document_case cases[] = {
        {"<a>&lt;&gt;&amp;&quot;&apos;&#65;&#x42;</a>", "<a@1:1> t(<>&\"'AB)@1:4</>"},
        {"<a b=\"&quot;&#x41;&lt;\"/>", "<a@1:1 b@1:4=(\"A<)@1:6></>"},
        {"<a> \n <![CDATA[ <x> & ]]> </a>", "<a@1:1> t(<x> &)@2:12</>"},
        {"<a>\t one  two \r\n</a>", "<a@1:1> t(one  two)@1:6</>"},
        {"<a> <!-- x --> \n </a>", "<a@1:1></>"},
        {"<a>\xc2\xa0</a>", "<a@1:1> t(\xc2\xa0)@1:4</>"}, /* no white space of XML */
    };
    (void)state;
    trees_expect(&xml, cases, COUNT_OF(cases));
}

static void namespaces_are_kept_beside_the_names(void **state)
{
    struct document d;
    (void)state;
    document_init(&d);
    struct node *root = node_read_xml(
        &d.arena, "x.xml", SPAN("<p:a xmlns:p=\"urn:p\" xmlns=\"urn:d\" p:x=\"1\" y=\"2\" xml:space=\"3\"><b/></p:a>"),
        &d.problems);
    assert_non_null(root);
    assert_string_equal(node_text(&d, root),
                        "<p:a@1:1 p:x@1:36=(1)@1:40 y@1:44=(2)@1:46 xml:space@1:50=(3)@1:60> <b@1:64></></>");
    assert_span(root->space, "urn:p");
    assert_span(root->attributes->space, "urn:p");
    assert_span(root->attributes->next->space, "");
    assert_span(root->attributes->next->next->space, "http://www.w3.org/XML/1998/namespace");
    assert_span(root->children->space, "urn:d");
    assert_span(node_member(root, "y")->text, "2");
    assert_null(node_member(root, "x"));
    assert_ptr_equal(root->attributes->parent, root);
    document_fini(&d);
}

static void raw_and_escaped_expressions_read_the_same(void **state)
{
    static const struct document_case cases[] = {
        {"<when condition=\"@(x == \"a\" && y < 3)\">z</when>",
         "<when@1:1 condition@1:7=(@(x == \"a\" && y < 3))@1:17> t(z)@1:40</>"},
        {"<when condition=\"@(x == &quot;a&quot; &amp;&amp; y &lt; 3)\">z</when>",
         "<when@1:1 condition@1:7=(@(x == \"a\" && y < 3))@1:17> t(z)@1:61</>"},
        {"<when condition='@(x == 'a' && s == \"b\")' c=\"d\"/>",
         "<when@1:1 condition@1:7=(@(x == 'a' && s == \"b\"))@1:17 c@1:43=(d)@1:45></>"},
        {"<v>@(a<string>(\"x\", \"</v>\"))</v>", "<v@1:1> t(@(a<string>(\"x\", \"</v>\")))@1:4</>"},
        {"<v>\n @{ if (a < b) { return \"}\"; } /* } */ // }\n return '}'; }\n</v>",
         "<v@1:1> t(@{ if (a < b) { return \"}\"; } /* } */ // }\n return '}'; })@2:2</>"},
        {"<a b=\" @(c[\"d\"]) \" e=\"f\"/>", "<a@1:1 b@1:4=( @(c[\"d\"]) )@1:6 e@1:20=(f)@1:22></>"},
        {"<a b=\"@(x // \"y\"\n + 1)\"><c/></a>", "<a@1:1 b@1:4=(@(x // \"y\"\n + 1))@1:6> <c@2:8></></>"},
        {"<a>@(x[y[0]]>3 && z)</a>", "<a@1:1> t(@(x[y[0]]>3 && z))@1:4</>"},
        {"<a>@(\"&quot;\" < b)</a>", "<a@1:1> t(@(\"&quot;\" < b))@1:4</>"},
        {"<a>@(\"&amp;\" + b)</a>", "<a@1:1> t(@(\"&\" + b))@1:4</>"}, /* complete as XML: read as XML */
        {"<a><b/> @(x < 1)<!-- c --></a>", "<a@1:1> <b@1:4></> t(@(x < 1))@1:9</>"},
        {"<!-- @( --><a><!-- \"@( -->@(x < 1)</a>", "<a@1:12> t(@(x < 1))@1:27</>"},
        {"<a><![CDATA[@(x < 1)]]></a>", "<a@1:1> t(@(x < 1))@1:13</>"},
    };
    (void)state;
    trees_expect(&xml, cases, COUNT_OF(cases));
}

static void well_formed_documents_are_not_touched(void **state)
{
    static const struct document_case cases[] = {
        {"<a b=\"me@(home\" c=\"d)\"/>", "<a@1:1 b@1:4=(me@(home)@1:6 c@1:17=(d))@1:19></>"},
        {"<a b=\"@(x) and more\"/>", "<a@1:1 b@1:4=(@(x) and more)@1:6></>"},
        {"<a>@(open</a>", "<a@1:1> t(@(open)@1:4</>"},
        {"<a>@x</a>", "<a@1:1> t(@x)@1:4</>"},
    };
    (void)state;
    trees_expect(&xml, cases, COUNT_OF(cases));
}

static void syntax_errors_have_the_place_of_the_file(void **state)
{
    static const struct document_case cases[] = {
        {"<a>\n  <b></c>\n</a>", "2:8 error: not XML: this closes another element than the open <b> of line 2"},
        {"<a b=\"@(\"x\" < \"y\")\">\n<b></c></a>",
         "2:6 error: not XML: this closes another element than the open <b> of line 2"},
        {"<a b=\"@(\"x\" < \"y\")\"><b c=\"<\"/></a>",
         "1:27 error: not XML: not well-formed (invalid token); write &lt; for <"},
        {"<a b=\"1\" b=\"2\"/>", "1:10 error: not XML: duplicate attribute"},
        {"<a>&nbsp;</a>", "1:4 error: not XML: undefined entity; write &amp; for &"},
        {"<a>b & c</a>", "1:7 error: not XML: not well-formed (invalid token); write &amp; for &"},
        {"<a b=\"?c=1&d=2\"/>", "1:13 error: not XML: not well-formed (invalid token); write &amp; for &"},
        {"<a b=\"?c=1&amp;d=2\" c=d/>", "1:23 error: not XML: not well-formed (invalid token)"},
        {"<p:a/>", "1:1 error: not XML: unbound prefix"},
        {"<a/><b/>", "1:5 error: not XML: junk after document element"},
        {"<a>\xff</a>", "1:4 error: not XML: not well-formed (invalid token)"},
        {"<a>", "1:4 error: not XML: no element found"},
        {"", "1:1 error: not XML: no element found"},
        {"<a>x < y</a>", "1:7 error: not XML: not well-formed (invalid token); write &lt; for <"},
        {"<a>\n<b c=\"@(\"x\" + (1)\"/></a>",
         "2:7 error: the expression that begins here has no end, or more stands behind it\n"
         "2:10 error: not XML: not well-formed (invalid token)"},
        {"<?xml version=\"1.0\" encoding=\"iso-8859-1\"?><a/>",
         "1:1 error: encoding \"iso-8859-1\" is not read; save the document as UTF-8"},
    };
    (void)state;
    problems_expect(&xml, cases, COUNT_OF(cases));
}

static void every_doctype_is_refused(void **state)
{
    static const char wanted[] = "2:1 error: document type declarations (<!DOCTYPE) are refused: remove it";
    static const struct document_case cases[] = {
        {"<!-- <!DOCTYPE -->\n<!DOCTYPE a><a/>", wanted},
        {"<!-- x -->\n<!DOCTYPE a SYSTEM \"file:///etc/passwd\"><a/>", wanted},
        {"<!-- x -->\n<!DOCTYPE a [<!ENTITY b \"bbbb\"><!ENTITY c \"&b;&b;&b;&b;\">]><a>&c;</a>", wanted},
        {"<!-- x -->\n<!DOCTYPE a [<!ENTITY b SYSTEM \"file:///etc/passwd\">]><a>&b;</a>", wanted},
        {"<!-- x -->\n<!DOCTYPE a [<!ENTITY % b SYSTEM \"http://127.0.0.1/\"> %b;]><a/>", wanted},
    };
    (void)state;
    problems_expect(&xml, cases, COUNT_OF(cases));
}

static struct node *nested_read(struct document *d, size_t depth)
{
    AUTO(buf) text = {0};
    document_init(d);
    for (size_t i = 0; i < depth; i++)
        buf_add_str(&text, "<a>");
    for (size_t i = 0; i < depth; i++)
        buf_add_str(&text, "</a>");
    return node_read_xml(&d->arena, "x.xml", buf_span(&text), &d->problems);
}

static struct node *wide_read(struct document *d, size_t count)
{
    AUTO(buf) text = {0};
    document_init(d);
    buf_add_str(&text, "<a>");
    for (size_t i = 0; i < count / 2; i++)
        buf_add_str(&text, "<b c=\"\"/>"); /* attributes count, too */
    buf_add_str(&text, "</a>");
    return node_read_xml(&d->arena, "x.xml", buf_span(&text), &d->problems);
}

static void limits_hold_and_what_is_one_below_passes(void **state)
{
    struct document d;
    (void)state;
    assert_non_null(nested_read(&d, NODE_DEPTH_MAX));
    document_fini(&d);
    assert_null(nested_read(&d, NODE_DEPTH_MAX + 1));
    assert_string_equal(problems_text(&d), "1:193 error: the document is more than 64 levels deep");
    document_fini(&d);
    assert_non_null(wide_read(&d, NODE_COUNT_MAX - 2));
    document_fini(&d);
    assert_null(wide_read(&d, NODE_COUNT_MAX));
    assert_string_equal(d.problems.first->text, "the document has more than 200000 values");
    document_fini(&d);
}

static bool read_once(void *arg)
{
    struct document d;
    (void)arg;
    document_init(&d);
    bool is_read =
        node_read_xml(&d.arena, "x.xml", SPAN("<a b=\"@(\"x\" < 3)\" xmlns:p=\"urn:p\"><p:c>@(d && e)</p:c>f</a>"),
                      &d.problems) != NULL;
    assert_int_equal(is_read, d.problems.errors == 0);
    assert_true(is_read || d.problems.first != NULL);
    document_fini(&d);
    return is_read;
}

static void reading_without_memory_is_a_problem(void **state)
{
    (void)state;
    assert_true(alloc_fail_each(read_once, NULL, false) >= 4);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(elements_attributes_and_texts_have_their_places),
        cmocka_unit_test(texts_are_resolved_and_trimmed),
        cmocka_unit_test(namespaces_are_kept_beside_the_names),
        cmocka_unit_test(raw_and_escaped_expressions_read_the_same),
        cmocka_unit_test(well_formed_documents_are_not_touched),
        cmocka_unit_test(syntax_errors_have_the_place_of_the_file),
        cmocka_unit_test(every_doctype_is_refused),
        cmocka_unit_test(limits_hold_and_what_is_one_below_passes),
        cmocka_unit_test(reading_without_memory_is_a_problem),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
