/* SPDX-License-Identifier: Apache-2.0 */
/* Goal: command lines mean what their table says, and each usage error names what is wrong.  Method: command lines as tables,
 * standard error and output caught in a file.
 */
#include "cli/options.h"
#include "unit.h"

#include <unistd.h>

struct things {
    bool is_loud;
    const char *file;
    struct option_texts claims;
    unsigned port;
};

static const struct option_row rows[] = {
    {.name = "loud",
     .kind = OPTION_FLAG,
     .offset = offsetof(struct things, is_loud),
     .letter = 'l',
     .help = "says more"},
    {.name = "config",
     .argument = "FILE",
     .kind = OPTION_TEXT,
     .offset = offsetof(struct things, file),
     .letter = 'c',
     .help = "what to read",
     .is_required = true},
    {.name = "claim",
     .argument = "K=V",
     .kind = OPTION_TEXTS,
     .offset = offsetof(struct things, claims),
     .help = "a claim\nor two"},
    {.name = "port",
     .argument = "N",
     .kind = OPTION_NUMBER,
     .offset = offsetof(struct things, port),
     .max = 65535,
     .help = "where to listen"},
};

static int seen_argc;
static int run_work(const struct command *command, int argc, char **argv)
{
    (void)command;
    (void)argv;
    seen_argc = argc;
    return 7;
}

static const struct command work = {
    .name = "work",
    .summary = "Works",
    .synopsis = "-c FILE [options] [NAME...]",
    .examples = "  tool work -c a.yaml",
    .options = rows,
    .count = COUNT_OF(rows),
    .operands_max = 2,
    .run = run_work,
};
static const struct command *const commands[] = {&work};
static const struct program tool = {.name = "tool", .about = "A tool.", .commands = commands, .count = 1};

/* What the call wrote, on either stream. */
static char caught[8192];
static int saved[2];
static FILE *catcher;

static void catch_begin(void)
{
    catcher = tmpfile();
    assert_non_null(catcher);
    fflush(NULL);
    for (int fd = 1; fd <= 2; fd++) {
        saved[fd - 1] = dup(fd);
        dup2(fileno(catcher), fd);
    }
}

static void catch_end(void)
{
    fflush(NULL);
    for (int fd = 1; fd <= 2; fd++) {
        dup2(saved[fd - 1], fd);
        close(saved[fd - 1]);
    }
    rewind(catcher);
    caught[fread(caught, 1, sizeof caught - 1, catcher)] = '\0';
    fclose(catcher);
}

struct line {
    const char *arguments[8];
    const char *message; /* NULL: it is right */
    int status;
};

static bool read_line(const struct line *line, struct things *things, struct operands *operands, int *status)
{
    char *argv[16] = {(char *)(uintptr_t) "work"};
    static char texts[8][64];
    int argc = 1;
    for (; line->arguments[argc - 1] != NULL; argc++) {
        snprintf(texts[argc - 1], sizeof texts[0], "%s", line->arguments[argc - 1]);
        argv[argc] = texts[argc - 1];
    }
    static char *kept[16];
    memcpy(kept, argv, sizeof argv);
    catch_begin();
    bool is_right = options_read(&tool, &work, argc, kept, things, operands, status);
    catch_end();
    return is_right;
}

static void usage_errors_name_what_is_wrong_and_their_neighbours_pass(void **state)
{
    static const struct line lines[] = {
        {{"-c", "f"}, NULL, 0},
        {{"-cf"}, NULL, 0},
        {{"--config=f"}, NULL, 0},
        {{"--config", "f", "--claim", "a", "--claim=b"}, NULL, 0},
        {{"--config", "f", "--port", "65535"}, NULL, 0},
        {{"x", "-c", "f", "y"}, NULL, 0},
        {{"-c", "f", "--", "--loud"}, NULL, 0},
        {{"-c", "f", "-"}, NULL, 0},
        {{NULL}, "tool work: --config FILE is missing\nTry: tool work --help\n", 2},
        {{"-c"}, "--config needs a value: --config FILE", 2},
        {{"--confg", "f"}, "unknown option --confg; did you mean --config?", 2},
        {{"--zzz"}, "unknown option --zzz\n", 2},
        {{"-x"}, "unknown option -x", 2},
        {{"-c", "f", "-c", "g"}, "--config is given twice", 2},
        {{"-c", "f", "--loud=yes"}, "--loud takes no value", 2},
        {{"-c", "f", "--port", "65536"}, "--port takes a whole number up to 65535, found \"65536\"", 2},
        {{"-c", "f", "--port", "-1"}, "--port takes a whole number", 2},
        {{"-c", "f", "--port="}, "--port takes a whole number", 2},
        {{"x", "-c", "f", "y", "z"}, "unexpected argument \"z\"", 2},
        {{"--help"}, "Usage: tool work -c FILE [options] [NAME...]", 0},
        {{"-h", "--loud"}, "Examples:\n  tool work -c a.yaml", 0},
        {{"--version"}, "tool " JWTGATE_VERSION "\n", 0},
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(lines); i++) {
        struct things things = {0};
        struct operands operands = {0};
        int status = 0;
        bool is_right = read_line(&lines[i], &things, &operands, &status);
        if (is_right != (lines[i].message == NULL))
            fail_msg("line %zu: %s", i, caught);
        if (!is_right && (strstr(caught, lines[i].message) == NULL || status != lines[i].status))
            fail_msg("line %zu: status %d, \"%s\"", i, status, caught);
        if (is_right)
            assert_string_equal(things.file, "f");
    }
}

static void values_and_operands_come_in_the_order_given(void **state)
{
    static const struct line line = {
        {"one", "--claim", "a=1", "-l", "--claim=b=2", "--port=80", "-c=x", "--"}, NULL, 0};
    struct line with = line;
    struct things things = {0};
    struct operands operands = {0};
    int status = 0;
    (void)state;
    with.arguments[7] = NULL;
    assert_true(read_line(&with, &things, &operands, &status));
    assert_true(things.is_loud);
    assert_int_equal(things.port, 80);
    assert_int_equal(things.claims.count, 2);
    assert_string_equal(things.claims.at[0], "a=1");
    assert_string_equal(things.claims.at[1], "b=2");
    assert_string_equal(things.file, "=x");
    assert_int_equal(operands.count, 1);
    assert_string_equal(operands.at[0], "one");
}

static void help_shows_every_option_with_all_its_lines(void **state)
{
    AUTO(buf) out = {0};
    (void)state;
    assert_true(options_help(&tool, &work, &out));
    assert_true(span_holds(buf_span(&out), SPAN("\n  -c, --config FILE       what to read\n")));
    assert_true(
        span_holds(buf_span(&out), SPAN("\n      --claim K=V         a claim\n                          or two\n")));
    assert_true(span_holds(buf_span(&out), SPAN("\n      --version           the program's version\n")));
}

static int dispatch(const char *first, const char *second)
{
    char texts[2][32];
    char *argv[] = {(char *)(uintptr_t) "tool", texts[0], texts[1], NULL};
    snprintf(texts[0], sizeof texts[0], "%s", first == NULL ? "" : first);
    snprintf(texts[1], sizeof texts[1], "%s", second == NULL ? "" : second);
    catch_begin();
    int status = options_dispatch(&tool, first == NULL ? 1 : second == NULL ? 2 : 3, argv);
    catch_end();
    return status;
}

static void the_first_argument_names_the_command(void **state)
{
    (void)state;
    assert_int_equal(dispatch("work", "x"), 7);
    assert_int_equal(seen_argc, 2);
    assert_int_equal(dispatch("wrok", NULL), 2);
    assert_non_null(strstr(caught, "unknown command \"wrok\"; did you mean work?\nTry: tool --help"));
    assert_int_equal(dispatch(NULL, NULL), 2);
    assert_int_equal(dispatch("--help", NULL), 0);
    assert_non_null(strstr(caught, "  work         Works\n"));
    assert_int_equal(dispatch("help", "work"), 0);
    assert_non_null(strstr(caught, "Usage: tool work"));
    assert_int_equal(dispatch("help", "play"), 2);
    assert_int_equal(dispatch("--version", NULL), 0);
    assert_string_equal(caught, "tool " JWTGATE_VERSION "\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(usage_errors_name_what_is_wrong_and_their_neighbours_pass),
        cmocka_unit_test(values_and_operands_come_in_the_order_given),
        cmocka_unit_test(help_shows_every_option_with_all_its_lines),
        cmocka_unit_test(the_first_argument_names_the_command),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
