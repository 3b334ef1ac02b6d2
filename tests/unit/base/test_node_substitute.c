/* SPDX-License-Identifier: Apache-2.0 */
/* Goal: ${NAME} and ${file:PATH} give their values, exactly and once, and nothing missing goes unnoticed.  Attack: a value
 * from outside that names another variable.
 */
#include "unit.h"

#include "nodes.h"

#include <unistd.h>

static char folder[] = "/tmp/jwtgate-substitute-XXXXXX";

static void file_write(const char *name, struct span bytes)
{
    char path[128];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(bytes.at, 1, bytes.len, file), bytes.len);
    assert_int_equal(fclose(file), 0);
}

static int group_begin(void **state)
{
    (void)state;
    assert_non_null(mkdtemp(folder));
    file_write("plain", SPAN("secret"));
    file_write("newline", SPAN("secret\n"));
    file_write("newlines", SPAN("secret\n\n"));
    file_write("windows", SPAN("secret\r\n"));
    file_write("nul", SPAN("sec\0ret"));
    file_write("empty", SPAN(""));
    assert_int_equal(setenv("SUB_A", "alpha", 1), 0);
    assert_int_equal(setenv("SUB_NESTED", "${SUB_A} $${SUB_A}", 1), 0);
    assert_int_equal(setenv("SUB_EMPTY", "", 1), 0);
    assert_int_equal(unsetenv("SUB_UNSET"), 0);
    return 0;
}

static int group_end(void **state)
{
    static const char *const names[] = {"plain", "newline", "newlines", "windows", "nul", "empty"};
    (void)state;
    for (size_t i = 0; i < COUNT_OF(names); i++) {
        char path[128];
        snprintf(path, sizeof path, "%s/%s", folder, names[i]);
        assert_int_equal(unlink(path), 0);
    }
    return rmdir(folder);
}

/* Reads a document of that folder and substitutes in it. */
static struct node *document_substitute(struct document *d, const char *yaml, bool *is_good)
{
    char name[128];
    document_init(d);
    snprintf(name, sizeof name, "%s/x.yaml", folder);
    struct node *root = node_read_yaml(&d->arena, name, span_str(yaml), &d->problems);
    assert_non_null(root);
    *is_good = node_substitute(root, &d->arena, &d->problems);
    return root;
}

static void references_give_their_values(void **state)
{
    static const struct {
        const char *yaml;
        const char *text;
        bool is_secret;
    } cases[] = {
        {"\"${SUB_A}\"", "alpha", true},
        {"${SUB_A}", "alpha", true},
        {"x${SUB_A}y${SUB_A}", "xalphayalpha", true},
        {"\"${SUB_EMPTY}\"", "", true},
        {"${SUB_NESTED}", "${SUB_A} $${SUB_A}", true},
        {"\"$${SUB_A}\"", "${SUB_A}", false},
        {"\"$${SUB_A} ${SUB_A}\"", "${SUB_A} alpha", true},
        {"\"$SUB_A $ $$ {SUB_A} $}\"", "$SUB_A $ $$ {SUB_A} $}", false},
        {"\"${file:plain}\"", "secret", true},
        {"\"${file:newline}\"", "secret", true},
        {"\"${file:newlines}\"", "secret\n", true},
        {"\"${file:windows}\"", "secret", true},
        {"\"${file:empty}\"", "", true},
        {"12", "12", false},
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct document d;
        bool is_good;
        struct node *root = document_substitute(&d, cases[i].yaml, &is_good);
        assert_true(is_good);
        assert_span(root->text, cases[i].text);
        assert_int_equal(root->is_secret, cases[i].is_secret);
        document_fini(&d);
    }
}

static void every_scalar_below_is_looked_at_but_keys_are_not(void **state)
{
    struct document d;
    bool is_good;
    (void)state;
    struct node *root =
        document_substitute(&d, "\"${SUB_A}\": [x, [\"${SUB_A}\"], {b: \"${SUB_A}\"}]\nc: ${SUB_A}\n", &is_good);
    assert_true(is_good);
    assert_string_equal(node_text(&d, root), "{@1:1 ${SUB_A}@1:1=[@1:13 t(x)@1:14 [@1:17 t(alpha)@1:18] {@1:31 b@1:32="
                                             "t(alpha)@1:35}] c@2:1=t(alpha)@2:4}");
    document_fini(&d);
}

static void absolute_paths_are_taken_as_they_are(void **state)
{
    struct document d;
    bool is_good;
    char yaml[128];
    (void)state;
    snprintf(yaml, sizeof yaml, "\"${file:%s/plain}\"", folder);
    assert_span(document_substitute(&d, yaml, &is_good)->text, "secret");
    assert_true(is_good);
    assert_string_equal(node_resolve_path(&d.arena, "a/b.yaml", SPAN("c/d")), "a/c/d");
    assert_string_equal(node_resolve_path(&d.arena, "b.yaml", SPAN("c")), "c");
    assert_string_equal(node_resolve_path(&d.arena, "/b.yaml", SPAN("c")), "/c");
    assert_string_equal(node_resolve_path(&d.arena, "a/b.yaml", SPAN("/c")), "/c");
    document_fini(&d);
}

static void all_that_is_missing_is_told_with_its_place(void **state)
{
    struct document d;
    bool is_good;
    char wanted[1200];
    (void)state;
    document_substitute(
        &d,
        "- \"${SUB_UNSET}\"\n- \"${file:none}\"\n- \"${SUB_A}\"\n- \"${}\"\n- \"${SUB-A}\"\n- \"${1A}\"\n"
        "- \"${SUB_A\"\n- \"${file:}\"\n- \"${file:nul}\"\n- \"${file:.}\"\n",
        &is_good);
    assert_false(is_good);
    snprintf(wanted, sizeof wanted,
             "1:3 error: environment variable \"SUB_UNSET\" is not set\n"
             "2:3 error: cannot open \"%s/none\": No such file or directory\n"
             "4:3 error: \"${}\" names no environment variable; write $${ where ${ itself is meant\n"
             "5:3 error: \"${SUB-A}\" names no environment variable; write $${ where ${ itself is meant\n"
             "6:3 error: \"${1A}\" names no environment variable; write $${ where ${ itself is meant\n"
             "7:3 error: \"${\" without \"}\"; write $${ where ${ itself is meant\n"
             "8:3 error: \"${file:}\" names no file\n"
             "9:3 error: \"nul\" is no text: it holds a NUL byte\n"
             "10:3 error: cannot read \"%s/.\": Is a directory",
             folder, folder);
    assert_string_equal(problems_text(&d), wanted);
    document_fini(&d);
}

static void what_was_lost_is_told_about_once(void **state)
{
    struct document d;
    bool is_good;
    (void)state;
    struct node *root = document_substitute(&d, "[\"x${SUB_UNSET}\", \"x${SUB_A}\"]", &is_good);
    const struct node *lost = root->children;
    const struct node *good = lost->next;
    assert_true(lost->is_lost);
    assert_false(good->is_lost);
    assert_false(problem_error(&d.problems, lost, "follows from it"));
    problem_warning(&d.problems, lost, "follows from it");
    problem_note(&d.problems, lost, "follows from it");
    assert_false(problem_error(&d.problems, good, "wrong by itself"));
    assert_string_equal(problems_text(&d), "1:2 error: environment variable \"SUB_UNSET\" is not set\n"
                                           "1:19 error: wrong by itself");
    assert_int_equal(d.problems.errors, 2);
    document_fini(&d);
}

static void file_of_the_maximum_is_read_and_one_byte_more_is_not(void **state)
{
    struct err err;
    struct span bytes;
    char path[128];
    AUTO(arena) arena = {0};
    (void)state;
    snprintf(path, sizeof path, "%s/plain", folder);
    assert_true(node_read_file(&arena, path, 6, &bytes, &err));
    assert_span(bytes, "secret");
    assert_int_equal(bytes.at[6], '\0');
    assert_false(node_read_file(&arena, path, 5, &bytes, &err));
    assert_int_equal(err.reason, REASON_CONFIG);
    assert_non_null(strstr(err.text, "more than 5 bytes"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(references_give_their_values),
        cmocka_unit_test(every_scalar_below_is_looked_at_but_keys_are_not),
        cmocka_unit_test(absolute_paths_are_taken_as_they_are),
        cmocka_unit_test(all_that_is_missing_is_told_with_its_place),
        cmocka_unit_test(what_was_lost_is_told_about_once),
        cmocka_unit_test(file_of_the_maximum_is_read_and_one_byte_more_is_not),
    };
    return cmocka_run_group_tests(tests, group_begin, group_end);
}
