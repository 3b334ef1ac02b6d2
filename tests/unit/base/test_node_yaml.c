/* SPDX-License-Identifier: Apache-2.0 */
/* Goal: YAML is read as its 1.2 core schema says, with exact places, and what could mean two things is refused.  Method:
 * trees and problems as texts (tests/support/nodes.h): ~ null, b truth value, n number, t text, each with @LINE:COLUMN.
 */
#include "unit.h"

#include "alloc_fail.h"
#include "document_cases.h"

static const struct document_kind yaml = {"x.yaml", node_read_yaml};

static void plain_scalars_are_those_of_the_core_schema(void **state)
{
    /* YAML 1.2.2 10.3.2 */
    static const struct {
        const char *kind;
        const char *words[26];
    } groups[] = {
        {"~", {"null", "Null", "NULL", "~"}},
        {"b", {"true", "True", "TRUE", "false", "False", "FALSE"}},
        {"n",
         {"0", "-1", "+12", "010", "0o17", "0x1F", "1.5", "1.", ".5", "-1.5e-3", "1e3", "12E+4", ".inf", "-.Inf",
          "+.INF", ".nan", ".NaN", ".NAN"}},
        {"t", {"yes", "no",  "on", "off", "y",     "nUll",  "tRue", "0o8", "0x",    "0xG", "-0x1", "1_000",
               "1e",  "1e+", ".",  "+",   "-.nan", "1.2.3", "10s",  "::1", "12:30", "inf", "1 2",  "+-1"}},
    };
    (void)state;
    for (size_t g = 0; g < COUNT_OF(groups); g++) {
        for (size_t i = 0; groups[g].words[i] != NULL; i++) {
            char wanted[64];
            snprintf(wanted, sizeof wanted, "%s(%s)@1:1", groups[g].kind, groups[g].words[i]);
            trees_expect(&yaml, &(struct document_case){groups[g].words[i], wanted}, 1);
        }
    }
}

static void quoted_scalars_are_texts(void **state)
{
    static const struct document_case cases[] = {
        {"\"true\"", "t(true)@1:1"},
        {"'null'", "t(null)@1:1"},
        {"\"12\"", "t(12)@1:1"},
        {"''", "t()@1:1"},
        {"\"a\\tb\\u00e4\"", "t(a\tb\xc3\xa4)@1:1"},
        {"|\n  12\n", "t(12\n)@1:1"},
        {">-\n  a\n  b\n", "t(a b)@1:1"},
    };
    (void)state;
    trees_expect(&yaml, cases, COUNT_OF(cases));
}

static void places_are_exact(void **state)
{
    static const struct document_case cases[] = {
        {"a: 1\nb:\n  - x\n  - {c: \"d\", e: [f]}\n",
         "{@1:1 a@1:1=n(1)@1:4 b@2:1=[@3:3 t(x)@3:5 {@4:5 c@4:6=t(d)@4:9 e@4:14=[@4:17 t(f)@4:18]}]}"},
        {"a:\nb: 1\n", "{@1:1 a@1:1=~()@1:3 b@2:1=n(1)@2:4}"},
        {"\xef\xbb\xbf"
         "a: 1",
         "{@1:1 a@1:1=n(1)@1:4}"},
        {"\xc3\xa4: {b: 1}", "{@1:1 \xc3\xa4@1:1={@1:4 b@1:5=n(1)@1:8}}"},
        {"a: 1\r\nb: 2\r\n", "{@1:1 a@1:1=n(1)@1:4 b@2:1=n(2)@2:4}"},
        {"# note\n---\na: 1\n...\n", "{@3:1 a@3:1=n(1)@3:4}"},
        {"%YAML 1.2\n---\na: 1\n", "{@3:1 a@3:1=n(1)@3:4}"},
        {"{\"a\":1,\"b\":[true,null]}", "{@1:1 a@1:2=n(1)@1:6 b@1:8=[@1:12 b(true)@1:13 ~(null)@1:18]}"},
        {"{}", "{@1:1}"},
        {"[]", "[@1:1]"},
        {"{a, b: }", "{@1:1 a@1:2=~()@1:3 b@1:5=~()@1:8}"},
        {"1: a\ntrue: b\n", "{@1:1 1@1:1=t(a)@1:4 true@2:1=t(b)@2:7}"},
        {"<<: {a: 1}\n", "{@1:1 <<@1:1={@1:5 a@1:6=n(1)@1:9}}"}, /* 1.2 knows no merging */
    };
    (void)state;
    trees_expect(&yaml, cases, COUNT_OF(cases));
}

static void ambiguous_documents_are_refused_with_their_places(void **state)
{
    static const struct document_case cases[] = {
        {"a: 1\nb: 2\na: 3\n", "3:1 error: key \"a\" stands twice in this map"},
        {"a: {b: 1, b: 2}\nc: 1\nc: 2\n", "1:11 error: key \"b\" stands twice in this map\n"
                                          "3:1 error: key \"c\" stands twice in this map"},
        {"a: 1\n\"a\": 2\n", "2:1 error: key \"a\" stands twice in this map"},
        {"a: &x 1\n", "1:4 error: anchors (&x) are not read; write the value out where it is needed"},
        {"a: &x {b: 1}\nc: *x\n", "1:4 error: anchors (&x) are not read; write the value out where it is needed\n"
                                  "2:4 error: aliases (*x) are not read; write the value out where it is needed"},
        {"a: !!str 1\n", "1:4 error: tags (!) are not read; quote what is a text"},
        {"a: ! 1\n", "1:4 error: tags (!) are not read; quote what is a text"},
        {"\xc3\xa4: !!seq [1]\n", "1:4 error: tags (!) are not read; quote what is a text"},
        {"a: ! [1]\n", "1:4 error: tags (!) are not read; quote what is a text"},
        {"!x a: 1\n", "1:1 error: tags (!) are not read; quote what is a text"},
        {"a: 1\n---\nb: 2\n", "2:1 error: a second document begins; one is read"},
        {"%YAML 1.1\n---\na: 1\n", "1:1 error: the document is said to be YAML 1.1; 1.2 is read"},
        {"? [a]\n: 1\n", "1:3 error: a key must be a plain word or a text, found a list"},
        {"{{a: 1}: 2}\n", "1:2 error: a key must be a plain word or a text, found a map"},
        {"?\n: 1\n", "1:2 error: a key is missing before \":\""},
        {"a: \"x\\0y\"\n", "1:4 error: a text must not hold the character NUL"},
        {"", "1:1 error: the document is empty"},
        {"# only a note\n", "1:1 error: the document is empty"},
    };
    (void)state;
    problems_expect(&yaml, cases, COUNT_OF(cases));
}

static void syntax_errors_have_their_place(void **state)
{
    static const struct {
        const char *yaml;
        unsigned line, column;
    } cases[] = {
        {"a: [1, 2\nb: 1\n", 2, 2},
        {"a: 1\n  b: 2\n", 2, 4},
        {"a: \"x\n", 2, 1},
        {"\ta: 1\n", 1, 1},
        {"a: 1\nb: \xff\n", 2, 4},
        {"a: 1\nb: \x01\n", 2, 4},
        {"a: b: c\n", 1, 5},
        {"\xef\xbb\xbf"
         "a: \xff\n",
         1, 4},
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct document d;
        document_init(&d);
        assert_null(node_read_yaml(&d.arena, "x.yaml", span_str(cases[i].yaml), &d.problems));
        assert_int_equal(d.problems.errors, 1);
        if (d.problems.first->line != cases[i].line || d.problems.first->column != cases[i].column)
            fail_msg("case %zu: %s", i, problems_text(&d));
        assert_memory_equal(d.problems.first->text, "not YAML: ", 10);
        document_fini(&d);
    }
}

static bool repeated_read(const char *piece, size_t count, const char *wanted)
{
    struct document d;
    AUTO(buf) text = {0};
    document_init(&d);
    for (size_t i = 0; i < count; i++)
        buf_add_str(&text, piece);
    bool is_read = node_read_yaml(&d.arena, "x.yaml", buf_span(&text), &d.problems) != NULL;
    if (!is_read && strcmp(d.problems.first->text, wanted) != 0)
        fail_msg("found: %s", d.problems.first->text);
    document_fini(&d);
    return is_read;
}

static void limits_hold_and_what_is_one_below_passes(void **state)
{
    struct document d;
    char deep[2 * NODE_DEPTH_MAX + 3];
    (void)state;
    for (size_t depth = NODE_DEPTH_MAX; depth <= NODE_DEPTH_MAX + 1; depth++) {
        memset(deep, '[', depth);
        memset(deep + depth, ']', depth);
        document_init(&d);
        struct node *root = node_read_yaml(&d.arena, "x.yaml", span_of(deep, 2 * depth), &d.problems);
        assert_int_equal(root != NULL, depth == NODE_DEPTH_MAX);
        if (root == NULL)
            assert_string_equal(problems_text(&d), "1:65 error: the document is more than 64 levels deep");
        document_fini(&d);
    }
    assert_true(repeated_read("- 1\n", NODE_COUNT_MAX - 1, ""));
    assert_false(repeated_read("- 1\n", NODE_COUNT_MAX, "the document has more than 200000 values"));
    assert_true(repeated_read("# 89012345678901\n- 234567890123\n", NODE_BYTES_MAX / 32, ""));
    assert_false(repeated_read("# 89012345678901\n- 234567890123\n", NODE_BYTES_MAX / 32 + 1,
                               "the document has more than 4194304 bytes"));
}

static void list_may_be_longer_where_its_reader_says_so(void **state)
{
    static const struct node_limits limits[] = {{5, 16}, {4, 16}, {5, 15}};
    static const char *const told[] = {"", "4:3 error: the document has more than 4 values",
                                       "0:0 error: the document has more than 15 bytes"};
    (void)state;
    for (size_t i = 0; i < COUNT_OF(limits); i++) {
        struct document d;
        document_init(&d);
        struct node *root =
            node_read_yaml_within(&d.arena, "x.yaml", SPAN("- 1\n- 2\n- 3\n- 4\n"), &limits[i], &d.problems);
        assert_int_equal(root != NULL, i == 0);
        assert_string_equal(problems_text(&d), told[i]);
        document_fini(&d);
    }
}

static void members_are_found_by_name(void **state)
{
    struct document d;
    (void)state;
    document_init(&d);
    struct node *root = node_read_yaml(&d.arena, "x.yaml", SPAN("a: 1\nb: [x, y]\n"), &d.problems);
    assert_span(node_member(root, "a")->text, "1");
    assert_int_equal(node_count(node_member(root, "b")), 2);
    assert_null(node_member(root, "c"));
    assert_null(node_member(node_member(root, "b"), "a"));
    assert_ptr_equal(node_member(root, "b")->children->parent, node_member(root, "b"));
    assert_null(root->parent);
    document_fini(&d);
}

static bool read_once(void *arg)
{
    struct document d;
    (void)arg;
    document_init(&d);
    bool is_read = node_read_yaml(&d.arena, "x.yaml", SPAN("a: 1\nb: [x, {c: \"d\"}]\n"), &d.problems) != NULL;
    assert_int_equal(is_read, d.problems.errors == 0);
    assert_true(is_read || d.problems.first != NULL);
    document_fini(&d);
    return is_read;
}

static void reading_without_memory_is_a_problem(void **state)
{
    (void)state;
    assert_true(alloc_fail_each(read_once, NULL, false) >= 3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(plain_scalars_are_those_of_the_core_schema),
        cmocka_unit_test(quoted_scalars_are_texts),
        cmocka_unit_test(places_are_exact),
        cmocka_unit_test(ambiguous_documents_are_refused_with_their_places),
        cmocka_unit_test(syntax_errors_have_their_place),
        cmocka_unit_test(limits_hold_and_what_is_one_below_passes),
        cmocka_unit_test(list_may_be_longer_where_its_reader_says_so),
        cmocka_unit_test(members_are_found_by_name),
        cmocka_unit_test(reading_without_memory_is_a_problem),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
